import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba

from mmtlib.core.errors import DataError
from mmtlib.figures import TWO_COLUMN, embedding_scatter, figure_style, probe_matrices
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
    rgb = figure.axes[0].collections[1]
    expected = tables["alone"][tables["alone"]["modality"] == "rgb"]
    np.testing.assert_allclose(rgb.get_offsets(), expected[["x", "y"]])
    with figure_style():
        colors = [to_rgba(f"C{label}") for label in expected["label"]]
    np.testing.assert_allclose(rgb.get_facecolors(), colors)


def test_classes_that_are_not_named_are_grey(check_figure):
    figure = embedding_scatter({"alone": plane()}, NAMES, named=["click"])
    check_figure(figure)
    assert legend_of(figure) == ["RGB", "Depth", "click", "other classes"]
    others, known = figure.axes[0].collections[:2]
    assert {tuple(color) for color in others.get_facecolors()} == {to_rgba(OTHERS)}
    assert len(known.get_offsets()) == 4
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


def matrix(names=("rgb", "depth"), within=0.8, across=0.2):
    values = np.full((len(names), len(names)), across)
    np.fill_diagonal(values, within)
    return pd.DataFrame(values, index=list(names), columns=list(names))


def test_accuracies_are_written_into_their_cells(check_figure):
    table = matrix()
    table.loc["rgb", "depth"] = 0.123
    figure = probe_matrices({"alone": table, "together": matrix(across=0.6)}, chance=1 / 12)
    check_figure(figure)
    alone, together, bar = figure.axes
    cells = {text.get_position(): text.get_text() for text in alone.texts}
    assert cells == {(0, 0): "80.0", (1, 0): "12.3", (0, 1): "20.0", (1, 1): "80.0"}
    assert [label.get_text() for label in alone.get_yticklabels()] == ["RGB", "Depth"]
    assert alone.images[0].get_clim() == together.images[0].get_clim() == (0, 100)
    assert bar.get_ylabel() == "Accuracy (%),\nguessing 8.3"
    assert "together: 80% within a modality, 60% across" in figure.alt_text


def test_matrices_of_one_and_of_four_modalities(check_figure):
    check_figure(probe_matrices({"alone": matrix(("ir",))}))
    four = matrix(("rgb", "depth", "flow", "ir"))
    check_figure(probe_matrices(dict.fromkeys(("alone", "together", "control"), four)))


def test_four_matrices_are_two_pairs(check_figure):
    figure = probe_matrices(dict.fromkeys(("a", "b", "a, turned", "b, turned"), matrix()))
    check_figure(figure)
    places = [axes.get_subplotspec().get_geometry() for axes in figure.axes[:4]]
    assert [place[:2] for place in places] == [(2, 2)] * 4
    assert [axes.get_ylabel() for axes in figure.axes[:4]] == ["Trained on", ""] * 2


def test_matrices_that_are_none_are_refused():
    with pytest.raises(DataError, match="No matrices"):
        probe_matrices({})
    with pytest.raises(DataError, match="'a': expected accuracies from 0 to 1"):
        probe_matrices({"a": matrix(within=80.0)})
    with pytest.raises(DataError, match="a row and a column per modality"):
        probe_matrices({"a": matrix().rename(columns={"rgb": "ir"})})
