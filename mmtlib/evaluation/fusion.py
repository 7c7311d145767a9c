"""One prediction out of several modalities."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from mmtlib.core.errors import DataError
from mmtlib.evaluation.predictions import Predictions, check_same_clips


def fuse(predictions: Iterable[Predictions]) -> Predictions:
    """Return the mean of the class scores of several networks, as the paper fuses modalities.

    Args:
        predictions: one per network, all about the same clips in the same order.

    Raises:
        DataError: if there is none, or they differ in clips, order, labels or classes.

    Source: MTUT, arXiv 1812.06145, section on the results with several modalities at test time.
    """
    predictions = list(predictions)
    if not predictions:
        raise DataError("Nothing to fuse: expected the predictions of at least one network.")
    first = predictions[0]
    for other in predictions[1:]:
        check_same_clips(first, other)
    scores = np.stack([p.scores for p in predictions])
    return replace(first, scores=scores.mean(axis=0, dtype=np.float64))
