"""Calibration: whether a network that is 80 % sure of some clips is right on 80 % of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmtlib.core.errors import ConfigError
from mmtlib.evaluation.predictions import Predictions


def reliability(predictions: Predictions, *, bins: int = 15) -> pd.DataFrame:
    """Return, for ranges of confidence, how sure the network was and how often it was right.

    The confidence of a clip is its highest score.

    Args:
        predictions: one network's.
        bins: number of equally wide ranges of [0, 1]; a bin holds its upper end.

    Returns:
        One row per range that has clips: ``low`` and ``high`` (its ends), ``clips``,
        ``confidence`` (mean) and ``accuracy``.

    Raises:
        ConfigError: if there is no bin.
    """
    if bins < 1:
        raise ConfigError(f"Expected at least 1 bin, got {bins}.")
    confidence = predictions.scores.max(axis=1).astype(float)
    number = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    rows = pd.DataFrame(
        {"bin": number, "confidence": confidence, "accuracy": predictions.correct.astype(float)}
    )
    table = rows.groupby("bin").agg(
        clips=("confidence", "size"),
        confidence=("confidence", "mean"),
        accuracy=("accuracy", "mean"),
    )
    table.insert(0, "low", table.index / bins)
    table.insert(1, "high", (table.index + 1) / bins)
    return table.reset_index(drop=True)


def expected_calibration_error(predictions: Predictions, *, bins: int = 15) -> float:
    """Return the mean distance of confidence and accuracy, in [0, 1]; 0 = perfectly calibrated.

    Ranges of confidence count by their clips. The number depends on `bins`, and is too high on few
    clips, so compare networks on the same clips and bins only.

    Raises:
        ConfigError: if there is no bin.

    Source: Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.
    """
    table = reliability(predictions, bins=bins)
    gap = (table["confidence"] - table["accuracy"]).abs()
    return float((gap * table["clips"]).sum() / len(predictions))
