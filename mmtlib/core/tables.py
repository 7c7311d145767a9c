"""Tables that a caller hands over: what they must hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from mmtlib.core.errors import DataError


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
        DataError: if the table is empty, lacks a column or holds a row twice.
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
    if once and table.duplicated(list(once)).any():
        raise DataError(f"The {what} has a {' and '.join(once)} twice; give one row each.")
