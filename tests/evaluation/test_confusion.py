import numpy as np
import pytest

from mmtlib.core.errors import ConfigError
from mmtlib.evaluation import Predictions, confusion, per_class_accuracy

PREDICTIONS = Predictions(
    scores=np.eye(4)[[0, 1, 1, 2, 1]],
    labels=[0, 0, 1, 1, 1],
    subjects=[1, 1, 1, 2, 2],
    clip_ids=tuple("abcde"),
)


def test_rows_are_true_columns_predicted():
    expected = [[1, 1, 0, 0], [0, 2, 1, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert confusion(PREDICTIONS).tolist() == expected


def test_normalised_rows():
    matrix = confusion(PREDICTIONS, normalize="true")
    np.testing.assert_allclose(matrix.sum(axis=1), [1, 1, 0, 0])
    np.testing.assert_allclose(np.diag(matrix)[:2], per_class_accuracy(PREDICTIONS)[:2])


def test_other_ways_to_normalise_are_refused():
    with pytest.raises(ConfigError, match="normalize"):
        confusion(PREDICTIONS, normalize="pred")
