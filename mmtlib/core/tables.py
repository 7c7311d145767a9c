"""Tables that a caller hands over: what they must hold."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from mmtlib.core.errors import DataError


def need_columns(table: pd.DataFrame, columns: Iterable[str], what: str) -> None:
    """Make sure that a table has rows and these columns.

    Args:
        table: the table given by the caller.
        columns: the names that are needed.
        what: what the table is, for the message.

    Raises:
        DataError: if the table is empty or lacks a column.
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
