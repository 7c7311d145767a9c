"""Accuracy as a whole, per class and per subject."""

from __future__ import annotations

import numpy as np
import pandas as pd

from mmtlib.evaluation.predictions import Predictions


def accuracy(predictions: Predictions) -> float:
    """Return the share of clips whose highest score is the true class, in [0, 1]."""
    return float(predictions.correct.mean())


def per_class_accuracy(predictions: Predictions) -> np.ndarray:
    """Return the share of each class's clips that were recognised.

    Returns:
        float64 ``(K,)`` in [0, 1]; NaN for a class without a test clip, of which nothing is known
        (use `numpy.nanmean` for the mean over classes).
    """
    clips = np.bincount(predictions.labels, minlength=predictions.classes)
    correct = np.bincount(predictions.labels[predictions.correct], minlength=predictions.classes)
    return np.divide(correct, clips, out=np.full(len(clips), np.nan), where=clips > 0)


def accuracy_by_subject(predictions: Predictions) -> pd.DataFrame:
    """Return one row per subject, in order of their numbers.

    Returns:
        Columns ``subject``, ``clips``, ``correct`` (both counts) and ``accuracy`` in [0, 1].
    """
    rows = pd.DataFrame({"subject": predictions.subjects, "correct": predictions.correct})
    table = rows.groupby("subject")["correct"].agg(clips="size", correct="sum").reset_index()
    table["accuracy"] = table["correct"] / table["clips"]
    return table
