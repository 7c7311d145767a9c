import pandas as pd
import pytest

from mmtlib.core.errors import DataError
from mmtlib.core.tables import (
    TextTable,
    interval_text,
    need_columns,
    p_value,
    percent,
    points,
)

TABLE = TextTable(
    pd.DataFrame({"name": ["a_b", "c"], "share": [0.5, 0.25]}),
    {"what": lambda r: r.name, "share (%)": lambda r: percent(r.share)},
)


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


def test_numbers_as_people_read_them():
    assert (percent(0.6774), percent(1)) == ("67.7", "100.0")
    assert (points(0.0734), points(-0.02), points(-0.0001)) == ("+7.3", "-2.0", "+0.0")
    assert [p_value(p) for p in (0.0004, 0.001, 0.25)] == ["< 0.001", "0.001", "0.250"]
    assert p_value(float("nan")) == "-"
    assert interval_text(0.1, 0.2, percent) == "10.0 to 20.0"
    assert interval_text(None, None, percent) == interval_text(float("nan"), 0, percent) == "-"


def test_one_table_in_every_form():
    assert TABLE.csv() == "name,share\na_b,0.5\nc,0.25\n"
    assert TABLE.markdown() == [
        "| what | share (%) |", "|---|---:|", "| a_b | 50.0 |", "| c | 25.0 |",
    ]  # fmt: skip
    assert TABLE.markdown(align=False)[1] == "|---|---|"
    assert TABLE.text().split() == ["what", "share", "(%)", "a_b", "50.0", "c", "25.0"]
    assert "<td>25.0</td>" in TABLE.html()
    latex = TABLE.latex(caption="100 %", label="t")
    assert r"\caption{100 \%}" in latex
    assert r"a\_b & 50.0 \\" in latex.splitlines()
    assert r"\begin{tabular}{lr}" in latex


def test_infinity_is_refused_with_its_column():
    table = pd.DataFrame({"seed": [0, 1], "accuracy": [0.5, float("-inf")]})
    with pytest.raises(DataError, match="paired seeds holds infinity in accuracy"):
        need_columns(table, ["seed", "accuracy"], "table of paired seeds")
