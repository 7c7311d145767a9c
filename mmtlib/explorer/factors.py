"""What runs differ in, and each run's partner trained alone: worked out once for a whole store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mmtlib.config import SETTINGS
from mmtlib.core.errors import unknown_name
from mmtlib.core.modalities import MODALITIES
from mmtlib.results.schema import FUSED, SETTINGS_SCHEMA

UNIMODAL = "unimodal"
EMPTY = "-"
"""The level of a factor that has no influence on a run."""
TARGETS = (*MODALITIES, FUSED)
"""Tested networks, in the order in which they are shown."""
_FIRST = {"study": "study", "method": "method", "modalities": "trained together"}
TITLES: dict[str, str] = {
    **_FIRST,
    "target": "tested network",
    **{name: each.title for name, each in SETTINGS.items() if each.offered},
    **{name: each.title for name, each in SETTINGS.items() if each.counts is not False},
}
"""Factor -> what it is called, in this order."""
REPEATS = ("seed", "generator_seed", "fold", "dataset", "preset")
"""What a run and its counterpart in another arm have in common."""
_TRANSFER = {"modalities", "feature_stage", "feature_time_pool"} | {
    name for name, each in SETTINGS.items() if each.group == "transfer"
}
_SPOILT = ("corrupt", "corruption", "corruption_strength")
_ALWAYS = ("study", "target")
_OR_NONE = ("teacher", "corrupt", "feature_stage", "freeze_to")
"""Settings whose absence is a level too."""
_HIDDEN = ("group", "split")


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """A results table made ready: texts as numbers.

    Attributes:
        table: the rows of `mmtlib.load_results`, with `group` (``"STUDY / ARM"``).
        levels: factor -> its levels as text, in order: the factors that these runs differ in.
        accuracy: of every row, 0 to 1.
        coded: factor, `"group"` or `"split"` -> its levels, and the number of each row's level.
        partner: the place of the row of the same network trained alone with the same seed and
            clips, from any study; -1 where there is none.
    """

    table: pd.DataFrame
    levels: Mapping[str, tuple[str, ...]]
    accuracy: np.ndarray
    partner: np.ndarray
    coded: dict[str, tuple[tuple[str, ...], np.ndarray]] = field(repr=False)

    def titles(self) -> dict[str, str]:
        """Return the factors there are, with what they are called."""
        return {name: TITLES.get(name, name.replace("_", " ")) for name in self.levels}

    def code(self, name: str) -> np.ndarray:
        """Return the number of each row's level.

        Raises:
            ConfigError: if there is no such factor.
        """
        return self._of(name)[1]

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the levels of a factor, or of ``"group"`` or ``"split"``, as text, in order.

        Raises:
            ConfigError: if there is no such factor.
        """
        return self._of(name)[0]

    def _of(self, name: str) -> tuple[tuple[str, ...], np.ndarray]:
        if name not in self.coded:
            raise unknown_name("factor", name, self.levels)
        return self.coded[name]

    def is_level(self, name: str, level: str, *, strict: bool = False) -> np.ndarray:
        """Return for each row whether it has this level of a factor.

        Raises:
            ConfigError: if there is no such factor, or if `strict`, no such level.
        """
        texts, codes = self._of(name)
        if level in texts:
            return codes == texts.index(level)
        if strict:
            raise unknown_name("arm" if name == "group" else f"level of {name}", level, texts)
        return np.zeros(len(codes), dtype=bool)

    def combine(self, *names: str) -> np.ndarray:
        """Return one number per row, sorted by the first factor, then by the second, and so on."""
        key = np.zeros(len(self.table), dtype=np.int64)
        for name in names:
            texts, codes = self._of(name)
            key = np.unique(key * len(texts) + codes, return_inverse=True)[1]
        return key


def prepare(results: pd.DataFrame) -> Runs:
    """Return a results table ready for quick selection.

    Args:
        results: of `mmtlib.load_results`.
    """
    table = results.reset_index(drop=True)
    for name in ("corruption", "corruption_strength"):  # of no meaning where nothing is spoilt
        table[name] = table[name].where(table["corrupt"].notna())
    table["group"] = table["study"].astype(object) + " / " + table["arm"].astype(object)
    coded = {name: _encode(table[name]) for name in (*_factors(table), *_HIDDEN)}
    coded["target"] = _in_order(*coded["target"])
    levels = {name: texts for name, (texts, _) in coded.items() if _matters(name, texts)}
    accuracy = table["accuracy"].to_numpy(dtype=float)
    return Runs(table, levels, accuracy, _partners(table, coded), coded)


def _matters(name: str, texts: tuple[str, ...]) -> bool:
    if name in _HIDDEN:
        return False
    different = len(texts) if name in _OR_NONE else len(set(texts) - {EMPTY})
    return different > 1 or name in _ALWAYS


def _factors(table: pd.DataFrame) -> list[str]:
    return [name for name in TITLES if name in table.columns]


def level_text(value: object) -> str:
    """Return a value as it is shown: ``"-"`` for none, 3.0 as ``"3"``, True as ``"true"``."""
    if value is None or value is pd.NA or value == "" or value != value:
        return EMPTY
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _encode(column: pd.Series) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the levels as text ("none" first, numbers in their order), and each row's."""
    codes, values = pd.factorize(column, use_na_sentinel=False)
    found = [level_text(value) for value in values]

    def place(index: int) -> tuple[bool, bool, float, str]:
        value, text = values[index], found[index]
        number = isinstance(value, int | float | np.number) and text != EMPTY
        return text != EMPTY, not number, float(value) if number else 0.0, text

    texts = tuple(dict.fromkeys(found[i] for i in sorted(range(len(found)), key=place)))
    known = {text: i for i, text in enumerate(texts)}
    return texts, np.array([known[text] for text in found], dtype=np.int64)[codes]


def _in_order(texts: tuple[str, ...], codes: np.ndarray) -> tuple[tuple[str, ...], np.ndarray]:
    known = {name: i for i, name in enumerate(TARGETS)}
    ordered = tuple(sorted(texts, key=lambda text: known.get(text, len(known))))
    return ordered, np.array([ordered.index(t) for t in texts], dtype=np.int64)[codes]


def _partners(
    table: pd.DataFrame, coded: Mapping[str, tuple[tuple[str, ...], np.ndarray]]
) -> np.ndarray:
    """Return the place of each row's partner: the same network, trained alone on the same clips."""
    if table.empty:
        return np.empty(0, dtype=np.int64)
    target, spoilt = coded["target"], coded["corrupt"]
    own = (
        np.array(spoilt[0], dtype=object)[spoilt[1]] == np.array(target[0], dtype=object)[target[1]]
    )
    key = np.zeros(len(table), dtype=np.int64)
    names = [n for n in SETTINGS_SCHEMA.names if n in coded and n not in _TRANSFER]
    for name in ("target", "split", *names):
        codes = coded[name][1]
        # What spoils another modality does not reach a network that is trained alone.
        codes = np.where(own, codes + 1, 0) if name in _SPOILT else codes
        if codes.min() != codes.max():
            key = np.unique(key * (codes.max() + 1) + codes, return_inverse=True)[1]
    single = (table["method"] == UNIMODAL) & (table["modalities"] == table["target"])
    single = single.to_numpy(dtype=bool)
    place = np.full(key.max() + 1, -1)
    place[key[single]] = np.flatnonzero(single)  # of several the one recorded last
    fused = (table["target"] == FUSED).to_numpy(dtype=bool)
    return np.where(single | fused, -1, place[key])
