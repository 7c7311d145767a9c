import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from mmtlib.core.errors import DataError
from mmtlib.figures import TWO_COLUMN, embedding_scatter, figure_style
from mmtlib.figures.embeddings import OTHERS

NAMES = ("move hand left", "click", "rotate two fingers counter-clockwise")


def plane(modalities=("rgb", "depth"), classes=3, n=12, seed=0):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"modality": np.repeat(list(modalities), n)})
    table["label"] = np.tile(np.arange(n) % classes, len(modalities))
    return table.assign(x=rng.standard_normal(len(table)), y=rng.standard_normal(len(table)))


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


def drawn(axes):
    return sum(len(points.get_offsets()) for points in axes.collections)


def test_every_clip_is_a_point_of_its_class_and_modality(check_figure):
    tables = {"alone": plane(), "together": plane(seed=1)}
    figure = embedding_scatter(tables, NAMES)
    check_figure(figure)
    assert [axes.get_title() for axes in figure.axes] == ["alone", "together"]
    assert [drawn(axes) for axes in figure.axes] == [24, 24]
    assert legend_of(figure) == [
        "RGB",
        "Depth",
        *NAMES[:2],
        "rotate two fingers\ncounter-clockwise",
    ]
    (points,) = figure.axes[0].collections
    expected = tables["alone"]
    np.testing.assert_allclose(points.get_offsets(), expected[["x", "y"]])
    with figure_style():
        colors = [to_rgba(f"C{label}") for label in expected["label"]]
    np.testing.assert_allclose(points.get_facecolors(), colors)
    assert len({path.vertices.tobytes() for path in points.get_paths()}) == 2  # a mark for each


def test_classes_that_are_not_named_are_grey(check_figure):
    figure = embedding_scatter({"alone": plane()}, NAMES, named=["click"])
    check_figure(figure)
    assert legend_of(figure) == ["RGB", "Depth", "click", "other classes"]
    colors = [tuple(color) for color in figure.axes[0].collections[0].get_facecolors()]
    assert colors[:16] == [to_rgba(OTHERS)] * 16  # below the others
    assert len(colors) == 24
    assert to_rgba(OTHERS) not in colors[16:]
    many = [f"class {i}" for i in range(25)]
    figure = embedding_scatter({str(i): plane(classes=25, n=50) for i in range(4)}, many)
    check_figure(figure)
    assert legend_of(figure)[2:] == [*many[:7], "other classes"]
    assert figure.get_figwidth() <= TWO_COLUMN + 1e-9


def test_planes_that_cannot_be_drawn_are_refused():
    with pytest.raises(DataError, match="No embeddings"):
        embedding_scatter({}, NAMES)
    with pytest.raises(DataError, match="embedding 'alone' lacks the columns x"):
        embedding_scatter({"alone": plane().drop(columns="x")}, NAMES)
    with pytest.raises(DataError, match="Label 2 of 'alone' has no name"):
        embedding_scatter({"alone": plane()}, NAMES[:2])
    for named in (["wave"], [*"abcdefgh"]):
        with pytest.raises(DataError, match="at most 7 of the classes"):
            embedding_scatter({"alone": plane()}, [*NAMES, *"abcdefgh"], named=named)
