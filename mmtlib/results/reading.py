"""Read the results of studies: the cache's own, and those that come with the package."""

from __future__ import annotations

import functools
import json
import operator
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mmtlib.core import cache
from mmtlib.core.errors import ConfigError, DataError, unknown_name
from mmtlib.results import store as store
from mmtlib.results.schema import (
    KEYS,
    PREDICTIONS_SCHEMA,
    RESULTS_SCHEMA,
    setting_value,
)

LABELS = ("study", "arm", "method", "seed", "generator_seed", "modalities")
"""What rows of predictions and of histories are told apart by, besides their own columns."""
HISTORIES = ("streams", "pairs")


def load_results(study: str | None = None, *, folder: str | Path | None = None) -> pd.DataFrame:
    """Return the results of a study, one row per run and target modality (and ``"fused"``).

    Columns: `study`, `arm`, `method` (`method_of`), `dataset`, `preset`, `generator_seed`, `seed`,
    `modalities` (trained together), `target` (tested), `split`, `accuracy` (0 to 1), `n_clips`,
    `seconds` (of training; empty where a training was interrupted), every other setting of the
    config (empty where it has no influence on the run), where the number comes from (`run_id`,
    `identity`, `code`, `torch`, `python`, `device`, `machine`, `date`, `command`), `stored` and
    `origin`. For one study each factor that is no setting has a column too.

    Args:
        study: its name; None = all studies.
        folder: where the store is; default ``MMTLIB_CACHE/results``.

    Returns:
        The table; without any result it has the columns and no row. Rows that came with the package
        have ``stored=True``; where a run was made here too, the row of here is the one.

    Raises:
        ConfigError: if there is no such study.
        DataError: if a file of the store is damaged.
    """
    found = everywhere("results", folder)
    if study is not None:
        names = found["study"].unique()
        if study not in names:
            raise _no_study(study, names)
        found = _with_bundles(found[found["study"] == study].reset_index(drop=True))
    made = "made by: " + found["command"] + " on " + found["date"].str[:10]
    found["origin"] = made.where(~found["stored"], "stored, " + made)
    return found


def load_rows(
    kind: str, *, folder: str | Path | None = None, **where: Sequence[str]
) -> pd.DataFrame:
    """Return the rows of one table of the store as they are, whatever study they belong to.

    Unlike `load_predictions` and `load_history` it does not mind if some are missing.

    Args:
        kind: ``"predictions"``, ``"streams"`` or ``"pairs"``.
        folder: where the store is; default ``MMTLIB_CACHE/results``.
        where: column -> the values that are wanted, e.g. ``identity=[...]``.

    Raises:
        ConfigError: if there is no such table.
        DataError: if a file of the store is damaged.
    """
    if kind not in ("predictions", *HISTORIES):
        raise unknown_name("table", kind, ("predictions", *HISTORIES))
    chosen = [pc.field(name).isin(pa.array(list(v), pa.string())) for name, v in where.items()]
    return everywhere(kind, folder, functools.reduce(operator.and_, chosen) if chosen else None)


def _no_study(study: str, names: Any) -> ConfigError:
    if not len(names):
        return ConfigError(f"There are no results yet of {study!r}; `mmt sweep` makes them.")
    return unknown_name("study", study, names)


def everywhere(
    kind: str, folder: str | Path | None, where: pc.Expression | None = None
) -> pd.DataFrame:
    """Return the rows of the store and of the package; of equal keys those of the store.

    Args:
        kind: a table of `schema.KEYS`.
        folder: where the store is; default ``MMTLIB_CACHE/results``.
        where: read these rows only.

    Returns:
        The rows as they are kept, and `stored`: whether they came with the package.

    Raises:
        DataError: if a file is damaged.
    """
    own = Path(folder) if folder is not None else store.results_dir()
    places = {cache.SHIPPED: True} if own == cache.SHIPPED else {cache.SHIPPED: True, own: False}
    parts = [
        store.read_table(kind, each, where=where).assign(stored=stored)
        for each, stored in places.items()
    ]
    full = [part for part in parts if len(part)]
    if not full:
        schema = {"results": RESULTS_SCHEMA, "predictions": PREDICTIONS_SCHEMA}.get(kind)
        columns = schema.empty_table().to_pandas() if schema else pd.DataFrame(columns=KEYS[kind])
        return columns.assign(stored=pd.Series(dtype=bool))
    found = pd.concat(full, ignore_index=True) if len(full) > 1 else full[0]
    return found.drop_duplicates(list(KEYS[kind]), keep="last", ignore_index=True)


def _with_bundles(rows: pd.DataFrame) -> pd.DataFrame:
    """Add a column for each factor that is no setting."""
    levels = pd.DataFrame([json.loads(text) for text in rows["levels"]], dtype="str")
    new = [name for name in levels.columns if name not in rows.columns]
    return pd.concat([rows, levels[new]], axis=1)


def load_predictions(study: str, *, folder: str | Path | None = None, **where: Any) -> pd.DataFrame:
    """Return what the networks of a study said about every clip.

    Args:
        study: its name.
        folder: where the store is; default ``MMTLIB_CACHE/results``.
        where: values of columns of `load_results`, e.g. ``target="rgb", split="validation"``.

    Returns:
        One row per run, target and clip: `study`, `arm`, `method`, `seed`, `generator_seed` (which
        clips: their ids are the same for all), `modalities`, `target`,
        `split`, `run_id`, `clip_id`, `label` and `subject` (whole numbers), `scores` (float32
        array of K probabilities), `stored`.

    Raises:
        ConfigError: if there is no such study or column.
        DataError: if a file of the store is damaged or missing.
    """
    rows = _chosen(study, folder, where)
    labels = rows[[*LABELS, "identity", "target", "split"]]
    return _merge("predictions", labels, folder, ["identity", "target", "split"])


def load_history(
    study: str, kind: str = "streams", *, folder: str | Path | None = None, **where: Any
) -> pd.DataFrame:
    """Return what was measured while the runs of a study were trained, epoch by epoch.

    Args:
        study: its name.
        kind: ``"streams"`` (loss and accuracy of each modality on a split) or ``"pairs"`` (mean rho
            and distance of the maps of each learner and teacher).
        folder: where the store is; default ``MMTLIB_CACHE/results``.
        where: values of columns of `load_results`, e.g. ``method="mtut"``.

    Returns:
        One row per run and row of its `mmtlib.training.History`.

    Raises:
        ConfigError: if there is no such study, column or kind.
        DataError: if a file of the store is damaged or missing.
    """
    if kind not in HISTORIES:
        raise unknown_name("kind of history", kind, HISTORIES)
    rows = _chosen(study, folder, where)
    # A run has one row per target and split here, but one history.
    labels = rows[[*LABELS, "identity"]].drop_duplicates("identity")
    return _merge(kind, labels, folder, ["identity"])


def load_failures(study: str, *, folder: str | Path | None = None) -> pd.DataFrame:
    """Return the tasks of a study that ended in an error at their last attempt, with the error.

    A task that was done later is still here; its results are in `load_results`.

    Args:
        study: its name.
        folder: where the store is; default ``MMTLIB_CACHE/results``.

    Returns:
        One row per task and split: `arm`, `seed`, `modalities`, `split`, `error`, `recorded` (UTC).

    Raises:
        DataError: if a file of the store is damaged.
    """
    own = Path(folder) if folder is not None else store.results_dir()
    rows = store.read_table("failures", own, where=pc.field("study") == study)
    return rows.reindex(columns=["arm", "seed", "modalities", "split", "error", "recorded"])


def _chosen(study: str, folder: str | Path | None, where: dict[str, Any]) -> pd.DataFrame:
    rows = load_results(study, folder=folder)
    for name, value in where.items():
        if name not in rows.columns:
            raise unknown_name("column", name, rows.columns)
        rows = rows[rows[name] == setting_value(value)]
    return rows


def _check_all_there(kind: str, wanted: pd.DataFrame, found: pd.DataFrame) -> None:
    """Refuse to return a part for the whole."""
    lost = set(wanted.itertuples(index=False, name=None)).difference(
        found.drop_duplicates().itertuples(index=False, name=None)
    )
    if lost:
        identity, *rest = min(lost)
        names = ", ".join([identity[:12], *rest])
        raise DataError(
            f"The {kind} of {len(lost)} results are not in the store, e.g. of {names}; start the "
            "same sweep again, which adds them from the stored runs, or ask for fewer (of the "
            "package's results only some have them)."
        )


def _merge(
    kind: str, labels: pd.DataFrame, folder: str | Path | None, on: list[str]
) -> pd.DataFrame:
    """Return the rows of a table that belong to these runs, with their labels before them."""
    names = ["identity", "target"] if "target" in on else ["identity"]
    chosen = [pc.field(name).isin(pa.array(labels[name].unique(), pa.string())) for name in names]
    where = functools.reduce(operator.and_, chosen)
    found = everywhere(kind, folder, where)
    if kind != "pairs":  # of networks that do not listen there are none
        _check_all_there(kind, labels[on], found[on])
    return labels.merge(found, on=on, validate="one_to_many")
