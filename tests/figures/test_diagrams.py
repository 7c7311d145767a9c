import numpy as np
import pytest
from matplotlib.text import Annotation

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.figures import method_overview, training_schemes


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


@pytest.mark.parametrize("width", [3.5, 7.16])
def test_three_schemes(check_figure, width):
    figure = training_schemes(width=width)
    check_figure(figure)
    said = texts(figure)
    assert said.count("Training") == said.count("Testing") == 3
    # Trained: 1, 2 and 2 networks; tested: 1, 2 and 1.
    assert said.count("3D-CNN") == 9
    assert said.count("Depth") == 3
    assert said.count("SSA") == 1
    assert figure.get_figwidth() == width


def test_schemes_of_other_modalities(check_figure):
    figure = training_schemes("ir", "flow")
    check_figure(figure)
    assert "The" not in texts(figure)
    assert "one of Infrared is tested alone" in figure.alt_text
    with pytest.raises(ConfigError, match="modality 'deph'"):
        training_schemes("rgb", "deph")


def test_the_overview_shows_the_pictures_and_maps_given(check_figure):
    pictures = {"rgb": np.zeros((4, 4, 3)), "flow": np.ones((4, 4, 3))}
    maps = {"rgb": np.eye(8), "flow": np.full((8, 8), 0.5)}
    figure = method_overview(pictures, maps)
    check_figure(figure)
    shown = [np.asarray(axes.images[0].get_array()) for axes in figure.axes[1:]]
    for found, given in zip(
        shown, (pictures["rgb"], maps["rgb"], pictures["flow"], maps["flow"]), strict=True
    ):
        np.testing.assert_array_equal(found, given)
    said = " ".join(texts(figure))
    for part in (r"\rho", r"\Delta l", r"\lambda", "(RGB)", "(Optical flow)", "training only"):
        assert part in said
    arrows = [text for text in figure.axes[0].texts if isinstance(text, Annotation)]
    assert len(arrows) > 10


def test_an_overview_needs_two_of_each():
    picture, square = np.zeros((4, 4, 3)), np.eye(4)
    with pytest.raises(DataError, match="two pictures and their maps"):
        method_overview({"rgb": picture}, {"rgb": square})
    with pytest.raises(DataError, match="two pictures and their maps"):
        method_overview({"rgb": picture, "ir": picture}, {"rgb": square, "depth": square})
