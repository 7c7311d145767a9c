import numpy as np
import pytest

from mmtlib.core.errors import ConfigError
from mmtlib.evaluation import Predictions, expected_calibration_error, reliability


def predictions(confidence, correct, classes=2):
    """Clips of class 0, answered with a given confidence, rightly or wrongly."""
    confidence, correct = np.asarray(confidence, float), np.asarray(correct, bool)
    scores = np.repeat(((1 - confidence) / (classes - 1))[:, None], classes, axis=1)
    scores[np.arange(len(scores)), np.where(correct, 0, 1)] = confidence
    n = len(scores)
    return Predictions(
        scores=scores,
        labels=np.zeros(n, int),
        subjects=np.ones(n, int),
        clip_ids=map(str, range(n)),
    )


def test_by_hand():
    """Two clips at 0.85, one right; two at 0.55, both right: (2 * 0.35 + 2 * 0.45) / 4."""
    p = predictions([0.85, 0.85, 0.55, 0.55], [1, 0, 1, 1])
    table = reliability(p, bins=10)
    assert table["clips"].tolist() == [2, 2]
    np.testing.assert_allclose(table["low"], [0.5, 0.8], atol=1e-12)
    np.testing.assert_allclose(table["high"], [0.6, 0.9], atol=1e-12)
    np.testing.assert_allclose(table["confidence"], [0.55, 0.85], atol=1e-6)
    assert table["accuracy"].tolist() == [1.0, 0.5]
    assert expected_calibration_error(p, bins=10) == pytest.approx(0.4, abs=1e-6)


def test_the_ends():
    assert expected_calibration_error(predictions([1.0, 1.0], [1, 1])) == 0
    assert expected_calibration_error(predictions([1.0, 1.0], [0, 0])) == 1
    assert expected_calibration_error(predictions([0.75] * 4, [1, 1, 1, 0]), bins=1) == 0


def test_well_calibrated_networks_score_low_and_confident_ones_high():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.5, 1, 20_000)
    honest = predictions(confidence, rng.uniform(size=20_000) < confidence)
    boastful = predictions(confidence, rng.uniform(size=20_000) < confidence - 0.3)
    assert expected_calibration_error(honest) < 0.02
    assert expected_calibration_error(boastful) == pytest.approx(0.3, abs=0.02)
    assert reliability(honest)["clips"].sum() == 20_000


@pytest.mark.parametrize("bins", [0, -1])
def test_no_bins(bins):
    with pytest.raises(ConfigError, match="at least 1 bin"):
        reliability(predictions([0.9], [1]), bins=bins)
