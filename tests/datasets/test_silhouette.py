import numpy as np
import pytest

from mmtlib.core.errors import DataError
from mmtlib.datasets import NVGesture, hand_silhouette
from mmtlib.datasets.silhouette import HAND_LEVEL


@pytest.mark.parametrize("shape", [(0, 4, 4), (2, 0, 4), (4, 4)])
def test_pictures_without_pixels_are_refused(shape):
    with pytest.raises(DataError, match="Expected depth as uint8"):
        hand_silhouette(np.zeros(shape, np.uint8))


def test_the_largest_part_with_a_reading_frame_by_frame():
    depth = np.zeros((3, 12, 12), np.uint8)
    depth[0, 2:8, 3:7] = 150
    depth[0, 10:, 10:] = 200  # smaller, though nearer
    depth[1, 0, 0] = HAND_LEVEL + 1
    depth[1, 5:, 5:] = HAND_LEVEL  # left by the coding
    expected = np.zeros(depth.shape, bool)
    expected[0, 2:8, 3:7] = True
    expected[1, 0, 0] = True
    np.testing.assert_array_equal(hand_silhouette(depth), expected)


def test_pixels_that_touch_at_a_corner_are_one_part():
    depth = np.zeros((1, 6, 6), np.uint8)
    depth[0, [0, 1, 2], [0, 1, 2]] = 90
    depth[0, 5, 4:] = 90
    assert hand_silhouette(depth)[0].nonzero()[0].tolist() == [0, 1, 2]


def test_silhouettes_of_real_clips_are_no_whole_pictures(real_root):
    clips = NVGesture(real_root, "train+validation", "depth", skip_broken=True)
    depth = (clips[0].frames["depth"][0] * 255).round().byte().numpy()
    area = hand_silhouette(depth).mean(axis=(1, 2))
    assert area.shape == (80,)
    assert area.min() > 0.005
    assert area.max() < 0.5
