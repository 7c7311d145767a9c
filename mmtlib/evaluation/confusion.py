"""Which classes are taken for which."""

from __future__ import annotations

from typing import Literal

import numpy as np

from mmtlib.core.errors import ConfigError
from mmtlib.evaluation.predictions import Predictions


def confusion(predictions: Predictions, normalize: Literal["true"] | None = None) -> np.ndarray:
    """Return the confusion matrix, rows = true class, columns = predicted class.

    Args:
        predictions: of N clips and K classes.
        normalize: None for counts of clips, ``"true"`` for the share of each true class.

    Returns:
        ``(K, K)``: int64 counts that add up to N, or float64 rows that add up to 1 (a class without
        clips has a row of zeros).

    Raises:
        ConfigError: if `normalize` is anything else.
    """
    if normalize not in (None, "true"):
        raise ConfigError(f'Expected normalize=None or "true", got {normalize!r}.')
    from sklearn.metrics import confusion_matrix  # a second, which most commands need not spend

    return confusion_matrix(
        predictions.labels,
        predictions.predicted,
        labels=np.arange(predictions.classes),
        normalize=normalize,
    )
