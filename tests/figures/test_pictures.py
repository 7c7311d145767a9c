import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import rgb_to_hsv, to_rgb

from mmtlib.core.errors import DataError
from mmtlib.figures.pictures import NO_READING, depth_range, flow_to_rgb, modality_to_rgb


def one_pixel(u, v, **options):
    return flow_to_rgb(np.array([u, v], dtype=float).reshape(2, 1, 1), **options)[0, 0]


@pytest.mark.parametrize(
    ("u", "v", "hue"),
    [(3, 0, 0.0), (0, 3, 0.25), (-3, 0, 0.5), (0, -3, 0.75), (2, 2, 0.125)],
)
def test_known_directions_have_known_hues(u, v, hue):
    np.testing.assert_allclose(rgb_to_hsv(one_pixel(u, v)), [hue, 1, 1], atol=1e-9)


def test_right_is_red_and_rest_is_white():
    np.testing.assert_allclose(one_pixel(5, 0), [1, 0, 0])
    np.testing.assert_allclose(one_pixel(0, 0), [1, 1, 1])
    np.testing.assert_allclose(one_pixel(0, 0, max_speed=2.0), [1, 1, 1])


def test_speed_is_saturation():
    assert rgb_to_hsv(one_pixel(1, 0, max_speed=4.0))[1] == pytest.approx(0.25)
    assert rgb_to_hsv(one_pixel(9, 0, max_speed=4.0))[1] == 1


@settings(max_examples=30)
@given(turn=st.floats(0, 6.28), speed=st.floats(0.1, 50), scale=st.floats(0.1, 10))
def test_colour_does_not_depend_on_the_scale(turn, speed, scale):
    flow = speed * np.array([[np.cos(turn), 0.3], [np.sin(turn), -0.1]]).reshape(2, 1, 2)
    colours = flow_to_rgb(flow)
    assert ((colours >= 0) & (colours <= 1)).all()
    np.testing.assert_allclose(flow_to_rgb(scale * flow), colours, atol=1e-6)


def test_flow_takes_tensors_of_any_depth_and_nothing_else():
    assert flow_to_rgb(torch.zeros(2, 3, 4, 5)).shape == (3, 4, 5, 3)
    with pytest.raises(DataError, match=r"\(2, \.\.\., H, W\)"):
        flow_to_rgb(np.zeros((3, 4, 4)))


def test_depth_is_grey_between_its_readings_and_marked_where_there_is_none():
    depth = torch.tensor([[[[0.0, 0.4], [0.6, 0.8]]]])
    assert depth_range(depth.numpy()) == pytest.approx((0.4, 0.8))
    picture = modality_to_rgb("depth", depth)[0]
    np.testing.assert_allclose(picture[0, 0], to_rgb(NO_READING))
    for value, grey in ((picture[0, 1], 0.0), (picture[1, 0], 0.5), (picture[1, 1], 1.0)):
        np.testing.assert_allclose(value, [grey] * 3, atol=1e-6)


def test_depth_without_any_reading_or_of_one_value():
    none = modality_to_rgb("depth", torch.zeros(1, 1, 2, 2))
    np.testing.assert_allclose(none, np.broadcast_to(to_rgb(NO_READING), (1, 2, 2, 3)))
    assert (modality_to_rgb("depth", torch.full((1, 1, 2, 2), 0.5)) == 0).all()


def test_brightness_is_shown_as_it_is():
    rgb = torch.rand(3, 2, 4, 5, generator=torch.Generator().manual_seed(0))
    np.testing.assert_array_equal(modality_to_rgb("rgb", rgb), rgb.permute(1, 2, 3, 0).numpy())
    ir = modality_to_rgb("ir", torch.tensor([[[[-0.1, 0.3, 1.2]]]]))
    np.testing.assert_allclose(ir[0, 0], [[0] * 3, [0.3] * 3, [1] * 3], atol=1e-6)
