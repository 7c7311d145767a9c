"""Who is compared with whom: for every row of the results its baseline, or why it has none.

The baseline of a network is the same network trained alone, with the same seed on the same clips.
What "the same" means is known to `baseline_key` alone, which asks the config.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from mmtlib.config import SETTINGS, ExperimentConfig, hash_settings
from mmtlib.config.methods import UNIMODAL
from mmtlib.core.errors import DataError
from mmtlib.results.schema import FUSED, SETTINGS_SCHEMA, config_of

REPEATS = ("seed", "generator_seed", "fold", "leave_out", "dataset", "preset")
"""What a run and its counterpart in another group of runs have in common."""
PAIRED, IS_REFERENCE, ABSENT, AMBIGUOUS, OF_ALL, UNREADABLE = range(6)
REASONS = (
    "",
    "This is what the others are compared with.",
    "What it would be compared with, from the same seed and clips, is not among these results.",
    "Several runs with the same seed and clips could be its baseline; name one.",
    "The mean of all networks has no network alone to be compared with.",
    "Its settings are not known here, so its baseline is not either.",
)
"""Number of a reason -> why a row has no pair; `PAIRED` = it has one."""
_FILES = tuple(
    name for name, each in SETTINGS.items() if not each.counts and each.group in ("data", "model")
)
_HARDWARE = ("precision", "device")
"""Settings that `canonical` leaves out although they can lead to another run."""
_DRAWS = ("seed", "generator_seed")
"""Settings that repeat a run with other draws, and mean nothing to any other setting."""
_WITHOUT = {*_DRAWS, *(name for name, each in SETTINGS.items() if each.group == "transfer")}
"""Settings that say nothing about which network alone a network is compared with."""


def run_key(config: ExperimentConfig, *, hardware: bool = True) -> str:
    """Return what is equal for configs that ask for one and the same run.

    Args:
        config: the settings.
        hardware: whether those that are to run on other hardware are other runs.
    """
    names = (*_FILES, *_HARDWARE) if hardware else _FILES
    outside = {name: getattr(config, name) for name in names}
    return hash_settings({"settings": config.canonical(), **outside})


def baseline_key(config: ExperimentConfig, target: str) -> str:
    """Return the `run_key` of a network's baseline, the same training of it alone, anywhere."""
    return run_key(config.alone(target), hardware=False)


class Pairing(NamedTuple):
    """What each row of a table of results is compared with.

    Attributes:
        place: int64 ``(rows,)``, the place of its counterpart; -1 where there is none.
        reason: int64 ``(rows,)``, why there is none: an index of `REASONS`.
    """

    place: np.ndarray
    reason: np.ndarray


def find_baselines(results: pd.DataFrame) -> Pairing:
    """Return for every row the same network trained alone with the same seed and clips.

    Baselines are looked for in the row's own study first, then in all others; of several the one
    recorded last counts. A network that was itself trained alone, with other settings than the
    baselines of its study (longer, regularized), is compared with these.

    Args:
        results: rows of `mmtlib.load_results`.
    """
    target, key = results["target"], _baseline_keys(results)
    alone = ((results["method"] == UNIMODAL) & (results["modalities"] == target)).to_numpy(bool)
    own = _numbered(pd.DataFrame({"key": key, "study": results["study"]}))
    taught, known = (key >= 0) & ~alone, (key >= 0) & alone
    place = np.where(taught, _nearest(known, key, own), -1)
    reason = np.select(
        [place >= 0, target == FUSED, key < 0, alone],
        [PAIRED, OF_ALL, UNREADABLE, IS_REFERENCE],
        ABSENT,
    )
    # Trained alone, but nothing that was trained together has it as its baseline.
    unusual = known & ~np.isin(own, own[taught])
    beside = _numbered(results[["study", "target", "split", *REPEATS]])
    others = pd.DataFrame({"beside": beside, "key": key, "place": place})[place >= 0]
    others = others.drop_duplicates(["beside", "key"], keep="last").groupby("beside")["place"]
    count, last = (each.reindex(beside, fill_value=0).to_numpy() for each in
                   (others.size(), others.last()))  # fmt: skip
    place = np.where(unusual & (count == 1), last, place)
    reason[unusual & (count == 1)], reason[unusual & (count > 1)] = PAIRED, AMBIGUOUS
    return Pairing(place, reason)


class Counterparts:
    """The rows of a table of results by network, seed and clips, to pair them with any group.

    Args:
        results: rows of `mmtlib.load_results`.
    """

    def __init__(self, results: pd.DataFrame) -> None:
        self._key = _numbered(results[["target", "split", *REPEATS]])
        self._own = _numbered(pd.DataFrame({"key": self._key, "study": results["study"]}))
        self._runs = pd.DataFrame({"own": self._own, "run": results["identity"]})

    def of(self, reference: np.ndarray) -> Pairing:
        """Return for every row the one of a reference with the same network, seed and clips.

        Args:
            reference: bool ``(rows,)``, which of them are it; those of a row's own study come
                first.
        """
        place = np.where(reference, -1, _nearest(reference, self._key, self._own))
        runs = self._runs[reference].drop_duplicates()
        several = runs.loc[runs["own"].duplicated(), "own"]
        doubtful = (place >= 0) & np.isin(self._own[place], several)
        place = np.where(doubtful, -1, place)
        states = [reference, doubtful, place >= 0]
        return Pairing(place, np.select(states, [IS_REFERENCE, AMBIGUOUS, PAIRED], ABSENT))


def _baseline_keys(results: pd.DataFrame) -> np.ndarray:
    """Return a number for each row, equal where the baseline is; -1 where it is unknown."""
    # Many runs differ in draws and transfer alone, which their baselines do not know.
    names = [name for name in SETTINGS_SCHEMA.names if name in results and name not in _WITHOUT]
    group = _numbered(results[[*names, "target"]])
    first = results.loc[~pd.Series(group).duplicated().to_numpy(), [*names, "target"]]
    key = pd.Series([_key(row) for row in first.to_dict("records")], dtype=object)[group]
    repeated = _numbered(results[["split", *_DRAWS]].assign(key=key.to_numpy()))
    return np.where(key.isna(), -1, repeated)


def _key(row: Mapping[Any, Any]) -> str | None:
    if row["target"] == FUSED:
        return None
    try:
        return baseline_key(config_of({**row, "method": UNIMODAL}), row["target"])
    except DataError:
        return None


def _nearest(chosen: np.ndarray, *keys: np.ndarray) -> np.ndarray:
    """Return the place of the last chosen row with each row's key; later keys come first."""
    nearest = np.full(len(chosen), -1)
    for key in keys:
        place = np.full(key.max(initial=-1) + 2, -1)
        place[key[chosen]] = np.flatnonzero(chosen)
        nearest = np.where(place[key] >= 0, place[key], nearest)
    return nearest


def _numbered(rows: pd.DataFrame) -> np.ndarray:
    """Return a number for each row, equal for rows that are alike, in the order met."""
    return rows.groupby(list(rows), sort=False, dropna=False).ngroup().to_numpy()
