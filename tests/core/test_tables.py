import pandas as pd
import pytest

from mmtlib.core.errors import DataError
from mmtlib.core.tables import need_columns


def test_a_table_with_rows_and_columns_will_do():
    need_columns(pd.DataFrame({"a": [1], "b": [2]}), ("a",), "table")
    need_columns(pd.DataFrame({"a": [1]}), (), "table")


def test_what_is_missing_is_named():
    with pytest.raises(DataError, match=r"table lacks the columns c; expected a, c, got a, b"):
        need_columns(pd.DataFrame({"a": [1], "b": [2]}), ("a", "c"), "table")
    with pytest.raises(DataError, match="The table has no rows"):
        need_columns(pd.DataFrame({"a": []}), ("a",), "table")


def test_rows_that_may_occur_once_are_not_taken_twice():
    table = pd.DataFrame({"seed": [1, 1, 2], "target": ["rgb", "depth", "rgb"]})
    need_columns(table, ["seed"], "table", once=("seed", "target"))
    with pytest.raises(DataError, match=r"table has a seed twice; give one row each"):
        need_columns(table, ["seed"], "table", once=["seed"])
