"""What runs differ in, and each run's partner trained alone: worked out once for a whole store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pandas as pd

from mmtlib.config import SETTINGS, method_titles
from mmtlib.core.errors import unknown_name
from mmtlib.core.modalities import MODALITIES
from mmtlib.figures.looks import title_of
from mmtlib.results.baselines import Counterparts, Pairing, find_baselines
from mmtlib.results.schema import FUSED

EMPTY = "-"
"""The level of a factor that has no influence on a run."""
_FIRST = {"study": "study", "method": "method", "modalities": "trained together"}
TITLES: dict[str, str] = {
    **_FIRST,
    "target": "tested network",
    **{name: each.title for name, each in SETTINGS.items() if each.offered},
    **{name: each.title for name, each in SETTINGS.items() if each.counts is not False},
}
"""Factor -> what it is called, in this order."""
_ALWAYS = ("study", "target")
_OR_NONE = {name for name, each in SETTINGS.items() if each.optional and each.type is str}
"""Settings whose absence is a level too."""
_HIDDEN = ("group", "split")


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """A results table made ready: texts as numbers.

    Attributes:
        table: the rows of `mmtlib.load_results`, with `group` (``"STUDY / ARM"``).
        levels: factor -> its levels as text, in order: the factors that these runs differ in.
        coded: every factor, `group` and `split` as ordered categories of text.
        baselines: what each row is compared with if no group is named: the same network trained
            alone with the same seed and clips.
        counterparts: what pairs each row with a named group.
    """

    table: pd.DataFrame
    levels: Mapping[str, tuple[str, ...]]
    coded: pd.DataFrame = field(repr=False)
    baselines: Pairing = field(repr=False)
    counterparts: Counterparts = field(repr=False)

    @classmethod
    def of(cls, results: pd.DataFrame) -> Self:
        """Return a results table ready for quick selection.

        Args:
            results: of `mmtlib.load_results`.
        """
        table = results.reset_index(drop=True)
        baselines, counterparts = find_baselines(table), Counterparts(table)
        for name in ("corruption", "corruption_strength"):  # of no meaning without a corruption
            table[name] = table[name].where(table["corrupt"].notna())
        table["group"] = table["study"].astype(object) + " / " + table["arm"].astype(object)
        factors = [name for name in TITLES if name in table.columns]
        coded = pd.DataFrame({name: _encode(table[name]) for name in (*factors, *_HIDDEN)})
        texts = {name: tuple(coded[name].cat.categories) for name in factors}
        levels = {name: each for name, each in texts.items() if _matters(name, each)}
        return cls(table, levels, coded, baselines, counterparts)

    @property
    def accuracy(self) -> np.ndarray:
        """The accuracy of every row, 0 to 1."""
        return self.table["accuracy"].to_numpy(dtype=float)

    def titles(self) -> dict[str, str]:
        """Return the factors there are, with what they are called."""
        return {name: TITLES[name] for name in self.levels}

    def factor(self, name: str) -> pd.Series:
        """Return the level of each row.

        Raises:
            ConfigError: if there is no such factor.
        """
        if name not in self.coded:
            raise unknown_name("factor", name, self.levels)
        return self.coded[name]

    def titled(self, name: str) -> pd.Series:
        """Return what the level of each row is called, see `level_title`.

        Raises:
            ConfigError: if there is no such factor.
        """
        levels = self.factor(name).cat
        titles = {level: level_title(name, level) for level in levels.categories}
        alike = len(set(titles.values())) < len(titles)
        return self.factor(name) if alike else levels.rename_categories(titles)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the levels of a factor, or of ``"group"`` or ``"split"``, as text, in order.

        Raises:
            ConfigError: if there is no such factor.
        """
        return tuple(self.factor(name).cat.categories)

    def is_level(self, name: str, level: str, *, strict: bool = False) -> np.ndarray:
        """Return for each row whether it has this level of a factor.

        Raises:
            ConfigError: if there is no such factor, or if `strict`, no such level.
        """
        texts = self.texts(name)
        if strict and level not in texts:
            raise unknown_name("arm" if name == "group" else f"level of {name}", level, texts)
        return (self.factor(name) == level).to_numpy()


def _matters(name: str, texts: tuple[str, ...]) -> bool:
    different = len(texts) if name in _OR_NONE else len(set(texts) - {EMPTY})
    return different > 1 or name in _ALWAYS


def level_title(factor: str, level: str) -> str:
    """Return what a level of a factor is called: its title where it is declared, else itself."""
    if factor == "method":
        return method_titles().get(level, level)
    if factor == "target":
        return title_of(level)
    known = SETTINGS[factor].choices if factor in SETTINGS else ()
    if not isinstance(known, Mapping):
        return level
    names = level.split("+")
    return " + ".join(getattr(known[n], "title", n) if n in known else n for n in names)


def ordered_targets(there: Iterable[str]) -> list[str]:
    """Return tested networks in the order in which they are shown: as declared, then others."""
    found = set(there)
    return [t for t in dict.fromkeys((*MODALITIES, FUSED, *sorted(found))) if t in found]


def level_text(value: object) -> str:
    """Return a value as it is shown: ``"-"`` for none, 3.0 as ``"3"``, True as ``"true"``."""
    if value is None or value is pd.NA or value == "" or value != value:
        return EMPTY
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _encode(column: pd.Series) -> pd.Categorical:
    """Return the levels as text: "none" first, numbers by size, tested networks as in figures."""
    codes, values = pd.factorize(column, use_na_sentinel=False)
    texts = [level_text(value) for value in values]
    targets = ordered_targets(texts) if column.name == "target" else []

    def place(index: int) -> tuple[bool, bool, float, str]:
        value, text = values[index], texts[index]
        number = isinstance(value, int | float | np.number) and text != EMPTY
        size = float(value) if number else 0.0
        if text in targets:
            size = float(targets.index(text))
        return text != EMPTY, not number, size, text

    ordered = dict.fromkeys(texts[i] for i in sorted(range(len(texts)), key=place))
    known = {text: i for i, text in enumerate(ordered)}
    numbers = np.array([known[text] for text in texts], dtype=np.int64)[codes]
    return pd.Categorical.from_codes(numbers, categories=list(ordered), ordered=True)
