"""Tables: what one that is handed over must hold, and how one is written for people."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mmtlib.core.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

Columns = Mapping[str, Callable[[Any], str]]
"""Heading -> how the cell of a row (a named tuple) is written."""
_NUMBER = frozenset("0123456789+-<")
"""What a number, an interval or a p value begins with."""
_SPECIAL = {"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "<": "$<$", ">": "$>$"}
"""What LaTeX would not print as it stands."""
OF_CLASS = "score of "
"""What the name of a column of a class's scores begins with: any word may be a class."""


def need_columns(
    table: pd.DataFrame, columns: Iterable[str], what: str, *, once: Sequence[str] = ()
) -> None:
    """Make sure that a table has rows and these columns.

    Args:
        table: the table given by the caller.
        columns: the names that are needed.
        what: what the table is, for the message.
        once: columns whose values together may occur in one row only.

    Raises:
        DataError: if the table is empty, lacks a column, holds a row twice, or infinity.
    """
    columns = list(columns)
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise DataError(
            f"The {what} lacks the columns {', '.join(missing)}; expected {', '.join(columns)}, "
            f"got {', '.join(map(str, table.columns))}."
        )
    if table.empty:
        raise DataError(f"The {what} has no rows; there is nothing to show.")
    for name in columns:
        if table[name].isin([math.inf, -math.inf]).any():
            raise DataError(f"The {what} holds infinity in {name}; leave those rows out.")
    if once and table.duplicated(list(once)).any():
        raise DataError(f"The {what} has a {' and '.join(once)} twice; give one row each.")


@dataclass(frozen=True, slots=True, eq=False)
class TextTable:
    """A table as people read it, made from one with numbers.

    Attributes:
        rows: the numbers.
        columns: how each cell is written. Where all cells of a column are numbers, they stand to
            the right.
    """

    rows: pd.DataFrame
    columns: Columns

    @property
    def cells(self) -> pd.DataFrame:
        """The text of every cell, under the headings."""
        import pandas as pd  # only here: what needs numbers as text alone does without

        cells = [[show(row) for show in self.columns.values()] for row in self.rows.itertuples()]
        return pd.DataFrame(cells, columns=list(self.columns), dtype=object)

    def _parts(
        self, separator: str, escaped: Callable[[str], str] = str
    ) -> tuple[list[bool], str, list[str]]:
        """Return which columns are of numbers, then the headings and every row, cells joined."""
        cells = self.cells
        numbers = [all(text[:1] in _NUMBER for text in cells[name]) for name in cells]
        lines = [separator.join(map(escaped, row)) for row in [list(cells), *cells.to_numpy()]]
        return numbers, lines[0], lines[1:]

    def text(self) -> str:
        """Return the table in columns of equal width."""
        return self.cells.to_string(index=False)

    def html(self) -> str:
        """Return the table as HTML."""
        return self.cells.to_html(index=False, border=0)

    def csv(self) -> str:
        """Return the numbers as they are, unrounded."""
        return self.rows.to_csv(index=False, lineterminator="\n")

    def markdown(self, *, align: bool = True) -> list[str]:
        """Return the lines of the table in Markdown.

        Args:
            align: whether numbers stand to the right.
        """
        numbers, heading, body = self._parts(" | ")
        rules = "|".join("---:" if align and number else "---" for number in numbers)
        return [f"| {heading} |", f"|{rules}|", *(f"| {line} |" for line in body)]

    def latex(self, *, caption: str, label: str) -> str:
        """Return the table as LaTeX; it needs the package booktabs."""
        numbers, heading, body = self._parts(" & ", _escaped)
        kinds = "".join("r" if number else "l" for number in numbers)
        lines = [
            r"\begin{table}", r"\centering", rf"\caption{{{_escaped(caption)}}}",
            rf"\label{{tab:{label}}}", rf"\begin{{tabular}}{{{kinds}}}", r"\toprule",
            rf"{heading} \\", r"\midrule", *(rf"{line} \\" for line in body), r"\bottomrule",
            r"\end{tabular}", r"\end{table}", "",
        ]  # fmt: skip
        return "\n".join(lines)


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(sign, sign) for sign in text)


def percent(share: float) -> str:
    """Return a share of 1 in per cent, with one decimal: 0.6774 -> ``"67.7"``."""
    return f"{100 * share:.1f}"


def points(difference: float) -> str:
    """Return a difference of two shares in points: 0.0734 -> ``"+7.3"``."""
    # Adding 0.0 turns the -0.0 of a small negative number into +0.0.
    return f"{round(100 * difference, 1) + 0.0:+.1f}"


def p_value(value: float) -> str:
    """Return a p value with three decimals; ``"-"`` where there is none."""
    return "-" if math.isnan(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def interval_text(low: float | None, high: float | None, show: Callable[[float], str]) -> str:
    """Return an interval as text; ``"-"`` where there is none."""
    if low is None or high is None or math.isnan(low):
        return "-"
    return f"{show(low)} to {show(high)}"
