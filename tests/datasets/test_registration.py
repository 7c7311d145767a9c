import numpy as np
import pytest

from mmtlib.datasets import NVGesture
from mmtlib.datasets.registration import registered_share


def scene(frames=3):
    """A hand of 8 x 10 pixels in the middle, colour everywhere."""
    depth = np.zeros((frames, 24, 32), np.uint8)
    depth[:, 8:16, 10:20] = 150
    return depth, np.full((frames, 24, 32, 3), 90, np.uint8)


def test_colour_everywhere_and_nowhere():
    depth, colour = scene()
    assert registered_share(depth, colour) == 1
    assert registered_share(depth, colour * 0) == 0


def test_the_part_outside_the_field_of_view():
    depth, colour = scene()
    colour[:, :, :13] = 0  # 3 of the hand's 10 columns
    assert registered_share(depth, colour) == pytest.approx(0.7)
    colour[2] = 0
    assert registered_share(depth, colour) == pytest.approx(0.7 * 2 / 3)


def test_one_bright_channel_is_colour_and_noise_is_none():
    depth, colour = scene()
    colour[:] = 0
    colour[..., 2] = 90
    assert registered_share(depth, colour) == 1
    colour[:] = 12  # what coding leaves of black
    assert registered_share(depth, colour) == 0


def test_specks_and_faint_levels_are_no_hand():
    depth, colour = scene()
    depth[:, 2:5, 25:30] = 200  # apart from the hand
    depth[:, 18:, :] = 9  # faint
    colour[:, 2:5, 25:30] = 0
    colour[:, 18:, :] = 0
    assert registered_share(depth, colour) == 1


def test_frames_without_a_hand():
    depth, colour = scene()
    depth[0] = 0
    colour[0] = 0
    assert registered_share(depth, colour) == 1
    assert np.isnan(registered_share(depth * 0, colour))


def test_a_few_real_clips_are_covered(few_real):
    report = NVGesture.verify(few_real)
    found = report.clips["registered"].dropna()
    assert len(found) == 6
    assert found.between(0.6, 1).all()
    assert report.text().startswith("6 of 489 clips decoded (rgb, depth).")
    assert report.clips["state"].value_counts().to_dict() == {"missing": 483, "complete": 6}
    assert not report.complete


@pytest.mark.full
def test_real_clips_run_from_two_thirds_to_one(real_root):
    report = NVGesture.verify(real_root)
    found = report.clips["registered"].dropna()
    if len(found) == 36:
        assert found.min() == pytest.approx(0.642, abs=0.002)
        assert found.median() == pytest.approx(0.842, abs=0.002)
        assert found.max() == pytest.approx(1.0, abs=0.001)
        assert report.text().startswith("37 of 1,532 clips decoded (rgb, depth).")
        states = report.clips["state"].value_counts().to_dict()
        assert states == {"missing": 1495, "complete": 36, "partly": 1}
    assert not report.complete
    assert found.between(0, 1).all()
