import numpy as np
from sklearn.metrics import accuracy_score, recall_score

from mmtlib.evaluation import Predictions, accuracy, accuracy_by_subject, per_class_accuracy


def random_predictions(n=200, k=5, seed=0):
    rng = np.random.default_rng(seed)
    return Predictions(
        scores=rng.dirichlet(np.ones(k), n),
        labels=rng.integers(0, k, n),
        subjects=rng.integers(1, 8, n),
        clip_ids=tuple(f"clip{i}" for i in range(n)),
    )


def test_by_hand():
    p = Predictions(
        scores=np.eye(4)[[0, 0, 1, 1, 1]],
        labels=[0, 1, 1, 1, 3],
        subjects=[7, 7, 2, 2, 2],
        clip_ids=("a", "b", "c", "d", "e"),
    )
    assert accuracy(p) == 3 / 5
    np.testing.assert_allclose(per_class_accuracy(p), [1, 2 / 3, np.nan, 0])
    table = accuracy_by_subject(p)
    assert table.columns.tolist() == ["subject", "clips", "correct", "accuracy"]
    assert table["subject"].tolist() == [2, 7]
    assert table["clips"].tolist() == [3, 2]
    assert table["correct"].tolist() == [2, 1]
    np.testing.assert_allclose(table["accuracy"], [2 / 3, 1 / 2])


def test_agrees_with_scikit_learn():
    p = random_predictions()
    assert accuracy(p) == accuracy_score(p.labels, p.predicted)
    np.testing.assert_allclose(
        per_class_accuracy(p), recall_score(p.labels, p.predicted, average=None)
    )


def test_subjects_add_up_to_the_whole():
    p = random_predictions(seed=1)
    table = accuracy_by_subject(p)
    assert table["clips"].sum() == len(p)
    assert table["correct"].sum() / len(p) == accuracy(p)
