"""The results of many runs: a folder that sweeps add to, read beside those of the package."""

from __future__ import annotations

import functools
import operator
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mmtlib.core import cache
from mmtlib.core.errors import ConfigError, DataError, unknown_name
from mmtlib.evaluation import Predictions
from mmtlib.results.parts import join_parts, last_of_each_key, merge_parts, read_parts, write_part
from mmtlib.results.schema import (
    KEYS,
    PREDICTIONS_SCHEMA,
    RESULTS_SCHEMA,
    setting_value,
    with_bundles,
)

LABELS = ("study", "arm", "method", "seed", "generator_seed", "modalities")
"""What rows of predictions and of histories are told apart by, besides their own columns."""
HISTORIES = ("streams", "pairs")
RunKey = tuple[str, str, str]
"""(identity, target, split): one network of one run on some clips."""
RUN_KEY = ["identity", "target", "split"]
"""The columns of a `RunKey`."""
_OWN = "own"


class ResultsStore:
    """The results of many runs as tidy tables that several processes may add to.

    What comes with the package is read too; where a run was made here as well, its rows of here
    are the ones.

    Args:
        folder: where the store is; default ``MMTLIB_CACHE/results``.
        shipped: whether the package's results are read too.

    Attributes:
        folder: where the store is.
    """

    def __init__(self, folder: str | Path | None = None, *, shipped: bool = True) -> None:
        self.folder = cache.cache_dir("results") if folder is None else Path(folder)
        self._shipped = shipped

    @property
    def _places(self) -> tuple[Path, ...]:
        """The folders that are read; of rows with the same key the last one's count."""
        apart = self._shipped and self.folder != cache.SHIPPED
        return (cache.SHIPPED, self.folder) if apart else (self.folder,)

    def append(self, tables: Mapping[str, pa.Table]) -> None:
        """Add rows to tables, each table's in one new part file.

        Appending the same rows again changes nothing that a reader sees, apart from `recorded`.

        Args:
            tables: names of `KEYS` -> rows, written in this order; empty tables are passed over.

        Raises:
            DataError: if the disk is full; parts that are already there stay as they were.
        """
        for kind, table in tables.items():
            if table.num_rows:
                write_part(self.folder / kind, table)

    def compact(self) -> int:
        """Merge the small parts of every table into one each; return how many were merged.

        Killed at any moment it loses nothing, and other processes may append and read.

        Raises:
            DataError: if a part is damaged or the disk is full.
        """
        there = [self.folder / kind for kind in KEYS if (self.folder / kind).is_dir()]
        return sum(map(merge_parts, there))

    def results(self, study: str | None = None) -> pd.DataFrame:
        """Return one row per run and target; see `load_results`."""
        found = self.rows("results", **({} if study is None else {"study": [study]}))
        if study is not None:
            if found.empty:
                raise self._no_study(study)
            found = with_bundles(found)
        made = "made by: " + found["command"] + " on " + found["date"].str[:10]
        found["origin"] = made.where(~found["stored"], "stored, " + made)
        return found

    def _no_study(self, study: str) -> ConfigError:
        names = sorted(name for (name,) in self.distinct("results", ["study"]))
        if not names:
            return ConfigError(f"There are no results yet of {study!r}; `mmt sweep` makes them.")
        return unknown_name("study", study, names)

    def predictions(self, study: str, **where: Any) -> pd.DataFrame:
        """Return what the networks of a study predicted; see `load_predictions`."""
        return self._of_runs("predictions", RUN_KEY, study, where)

    def history(self, study: str, kind: str = "streams", **where: Any) -> pd.DataFrame:
        """Return what was measured epoch by epoch; see `load_history`."""
        if kind not in HISTORIES:
            raise unknown_name("kind of history", kind, HISTORIES)
        return self._of_runs(kind, ["identity"], study, where)

    def _of_runs(
        self, kind: str, key: list[str], study: str, where: Mapping[str, Any]
    ) -> pd.DataFrame:
        """Return the rows of a table that belong to some results, with labels before them."""
        rows = self.results(study)
        for name, value in where.items():
            if name not in rows.columns:
                raise unknown_name("column", name, rows.columns)
            rows = rows[rows[name] == setting_value(value)]
        # A run has one row per target and split here, but one history.
        labels = rows[[*LABELS, *key]].drop_duplicates(key)
        found = self.rows(kind, **{name: labels[name] for name in key})
        if kind != "pairs":  # of networks that do not learn from others there are none
            _check_all_there(kind, labels[key], found[key])
        return labels.merge(found, on=key, validate="one_to_many")

    def failures(self, study: str) -> pd.DataFrame:
        """Return the tasks of a study that ended in an error at their last attempt, with the error.

        A task that was done later is still here; its results are in `results`.

        Returns:
            One row per task and split: `arm`, `seed`, `modalities`, `split`, `error`, `recorded`
            (UTC).

        Raises:
            DataError: if a file of the store is damaged.
        """
        columns = ["arm", "seed", "modalities", "split", "error", "recorded"]
        return self.rows("failures", study=[study]).reindex(columns=columns)

    def rows(self, kind: str, **where: Iterable[str]) -> pd.DataFrame:
        """Return the rows of one table as they are, whatever study they belong to.

        Unlike `predictions` and `history` it does not mind if some are missing.

        Args:
            kind: a name of `KEYS`.
            where: column -> the values that are wanted, e.g. ``identity=[...]``.

        Returns:
            The rows as they are kept, and `stored`: whether they came with the package.

        Raises:
            ConfigError: if there is no such table.
            DataError: if a file of the store is damaged; names the file.
        """
        bools = {pa.bool_(): pd.BooleanDtype()}.get
        found = self.table(kind, where).to_pandas(types_mapper=bools)
        return found.astype({"stored": bool})

    def table(
        self,
        kind: str,
        where: Mapping[str, Iterable[str]] | None = None,
        *,
        encode: Sequence[str] = (),
    ) -> pa.Table:
        """Return the rows of one table as they lie in memory, for quick selection.

        Args:
            kind: as `rows`.
            where: column -> the values that are wanted.
            encode: columns of text to keep as numbers of their different values.

        Returns:
            One table in one piece, each key once, with the column `stored`.

        Raises:
            ConfigError, DataError: as `rows`.
        """
        if kind not in KEYS:
            raise unknown_name("table", kind, KEYS)
        wanted = [
            pc.field(name).isin(pa.array(dict.fromkeys(values), pa.string()))
            for name, values in (where or {}).items()
        ]
        chosen = functools.reduce(operator.and_, wanted) if wanted else None
        parts = [
            part.append_column(_OWN, pa.repeat(place != cache.SHIPPED, part.num_rows))
            for place in self._places
            for part in read_parts(place / kind, where=chosen, encode=encode)
        ]
        if not parts:
            schema = {"results": RESULTS_SCHEMA, "predictions": PREDICTIONS_SCHEMA}.get(kind)
            none = schema or pa.schema([(name, pa.string()) for name in KEYS[kind]])
            return none.append(pa.field("stored", pa.bool_())).empty_table()
        table = last_of_each_key(join_parts(parts), kind, _OWN)
        stored = pc.invert(table[_OWN])
        return table.drop_columns([_OWN]).append_column("stored", stored)

    def predictions_of(self, rows: pd.DataFrame) -> dict[RunKey, Predictions]:
        """Return what networks predicted, clips in the order of their names.

        Args:
            rows: `identity`, `target` and `split` of each, as in `results`.

        Returns:
            Key of the network -> its predictions; those that are not stored are not there.

        Raises:
            DataError: if a file of the store is damaged; names the file.
        """
        if rows.empty:
            return {}
        table = self.table("predictions", {name: rows[name] for name in RUN_KEY})
        table = table.sort_by([(name, "ascending") for name in (*RUN_KEY, "clip_id")])
        keys = table.select(RUN_KEY).to_pandas()
        wanted = set(rows[RUN_KEY].itertuples(index=False, name=None))
        found = {}
        for key, places in keys.groupby(RUN_KEY, sort=False).indices.items():
            if key in wanted:
                found[key] = _as_predictions(table.slice(places[0], len(places)))
        return found

    def distinct(self, kind: str, columns: Sequence[str]) -> set[tuple[Any, ...]]:
        """Return the different values that some columns of a table have together.

        Raises:
            DataError: if a part is damaged; names the file.
        """
        found: set[tuple[Any, ...]] = set()
        for place in self._places:
            for part in read_parts(place / kind, columns=list(columns)):
                values = part.group_by(list(columns)).aggregate([])
                found.update(zip(*(values[name].to_pylist() for name in columns), strict=True))
        return found

    def stamp(self, kind: str) -> tuple[tuple[str, int, int], ...]:
        """Return what tells one state of a table from another.

        Files are named by their content and never changed, so names and sizes are enough.
        """
        files: list[tuple[str, int, int]] = []
        for place in self._places:
            try:
                with os.scandir(place / kind) as found:
                    parts = [each for each in found if each.name.endswith(".parquet")]
                    about = [(each.name, each.stat()) for each in parts]
            except FileNotFoundError:  # not there, or merged into another part just now
                continue
            files += [(name, stat.st_size, stat.st_mtime_ns) for name, stat in about]
        return tuple(sorted(files))


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
    return ResultsStore(folder).results(study)


def load_predictions(study: str, *, folder: str | Path | None = None, **where: Any) -> pd.DataFrame:
    """Return what the networks of a study predicted for every clip.

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
    return ResultsStore(folder).predictions(study, **where)


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
    return ResultsStore(folder).history(study, kind, **where)


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


def _as_predictions(clips: pa.Table) -> Predictions:
    scores = clips["scores"].combine_chunks().flatten().to_numpy()
    return Predictions(
        scores=scores.reshape(clips.num_rows, -1),
        labels=clips["label"].to_numpy(),
        subjects=clips["subject"].to_numpy(),
        clip_ids=tuple(clips["clip_id"].to_pylist()),
    )
