import numpy as np
import pandas as pd
import pytest

from mmtlib.core.errors import DataError
from mmtlib.figures import difference_bars


def effects():
    rows = [
        ("Methods", "first", 0.05, 0.02, 0.08),
        ("Methods", "second", -0.03, -0.05, -0.01),
        ("Controls", "first", 0.01, -0.01, 0.03),
    ]
    return pd.DataFrame(rows, columns=["group", "name", "difference", "low", "high"])


def bars(figure):
    """Return the bars, each under its place."""
    return {round(bar.get_y() + bar.get_height() / 2): bar for bar in figure.axes[0].patches}


@pytest.mark.parametrize("width", [3.5, 7.16])
def test_each_row_is_a_bar_with_its_interval(check_figure, width):
    figure = difference_bars(effects(), width=width)
    check_figure(figure)
    (axes,) = figure.axes
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["Methods", "first", "second", "Controls", "first"]
    weights = [text.get_fontweight() for text in axes.get_yticklabels()]
    assert weights == ["bold", "normal", "normal", "bold", "normal"]
    assert {y: round(bar.get_width()) for y, bar in bars(figure).items()} == {1: 5, 2: -3, 4: 1}
    ends = [
        c.lines[2][0].get_segments()[0][:, 0] for c in axes.containers if hasattr(c, "has_xerr")
    ]
    np.testing.assert_allclose(ends, [[2, 8], [-5, -1], [-1, 3]])
    assert [text.get_text() for text in axes.texts] == ["+5.0", "-3.0", "+1.0"]
    assert figure.get_figwidth() == width


def test_colour_and_hatch_say_what_was_shown():
    figure = difference_bars(effects(), interval="90% interval")
    found = bars(figure)
    assert [found[y].get_hatch() for y in (1, 2, 4)] == [None, "xxxx", "////"]
    assert len({found[y].get_facecolor() for y in (1, 2, 4)}) == 3
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == [
        "gains: interval above 0", "loses: interval below 0", "interval holds 0", "90% interval",
    ]  # fmt: skip
    assert "1 gains, 1 loses, 1 not shown. Largest: first, +5.0 points" in figure.alt_text


def test_forty_bars_can_be_read(check_figure):
    table = pd.concat(
        [effects().assign(group=f"Question {i}", name=["one", "two", "three"]) for i in range(13)]
    )
    check_figure(difference_bars(table))


def test_bars_without_an_interval(check_figure):
    table = effects()[:1].assign(low=np.nan, high=np.nan)
    figure = difference_bars(table)
    check_figure(figure)
    assert bars(figure)[1].get_hatch() == "////"


def test_differences_that_cannot_be_drawn_are_refused():
    with pytest.raises(DataError, match="lacks the columns high"):
        difference_bars(effects().drop(columns="high"))
    with pytest.raises(DataError, match="twice in a group"):
        difference_bars(pd.concat([effects(), effects()]))
    with pytest.raises(DataError, match="no rows"):
        difference_bars(effects()[:0])
