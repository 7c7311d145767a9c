from dataclasses import replace

import numpy as np
import pytest

from mmtlib.core.errors import DataError
from mmtlib.evaluation import Predictions, accuracy, fuse

RGB = Predictions(
    scores=[[0.6, 0.4], [0.9, 0.1]], labels=[1, 0], subjects=[1, 2], clip_ids=("a", "b")
)
DEPTH = replace(RGB, scores=[[0.1, 0.9], [0.4, 0.6]])


def test_mean_of_the_scores():
    fused = fuse([RGB, DEPTH])
    np.testing.assert_allclose(fused.scores, [[0.35, 0.65], [0.65, 0.35]], rtol=1e-6)
    assert fused.scores.dtype == np.float32
    assert accuracy(RGB) == accuracy(DEPTH) == 0.5
    assert accuracy(fused) == 1.0  # each one is right where the other errs


def test_order_does_not_matter_and_one_is_itself():
    np.testing.assert_array_equal(fuse([RGB, DEPTH]).scores, fuse([DEPTH, RGB]).scores)
    np.testing.assert_array_equal(fuse([RGB]).scores, RGB.scores)
    np.testing.assert_allclose(fuse([RGB, RGB, RGB]).scores, RGB.scores, rtol=1e-6)


def test_accepts_the_values_of_a_mapping():
    assert fuse({"rgb": RGB, "depth": DEPTH}.values()).clip_ids == ("a", "b")


def test_what_does_not_fit_is_refused():
    with pytest.raises(DataError, match="at least one"):
        fuse([])
    with pytest.raises(DataError, match="Row 0"):
        fuse([RGB, replace(DEPTH, clip_ids=("b", "a"))])
