"""Notebook 10: right answers pass, each known mistake is named."""

import numpy as np
from scipy.linalg import orthogonal_procrustes
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from support.exercise_tests import ExerciseTests


def distances(train, labels, test):
    means = np.stack([train[labels == k].mean(axis=0) for k in np.unique(labels)])
    return np.linalg.norm(test[:, None] - means, axis=2)


def svd(source, target):
    return np.linalg.svd(source.T @ target)


RIGHT = {
    "centroid_probe": [
        lambda x, y, z: np.unique(y)[distances(x, y, z).argmin(1)],
        lambda x, y, z: NearestCentroid().fit(x, y).predict(z),
    ],
    "rotation_onto": [
        lambda a, b: svd(a, b)[0] @ svd(a, b)[2],
        lambda a, b: orthogonal_procrustes(a, b)[0],
    ],
}

WRONG = [
    ("centroid_probe", lambda x, y, z: distances(x, y, z).argmin(1), "there may be gaps"),
    ("centroid_probe", lambda x, y, z: np.unique(y)[distances(x, y, z).argmax(1)], "farthest"),
    (
        "centroid_probe",
        lambda x, y, z: KNeighborsClassifier(1).fit(x, y).predict(z),
        "nearest clip",
    ),
    (
        "centroid_probe",
        lambda x, y, z: np.unique(y)[
            (z @ np.stack([x[y == k].mean(0) for k in np.unique(y)]).T).argmax(1)
        ],
        "lie far out",
    ),
    ("centroid_probe", lambda x, y, z: np.zeros(len(z), int), "training mean is nearest"),
    ("centroid_probe", lambda x, y, z: distances(x, y, z), "of shape"),
    ("centroid_probe", lambda x, y, z: None, "return missing"),
    ("rotation_onto", lambda a, b: (svd(a, b)[0] @ svd(a, b)[2]).T, "the other way"),
    ("rotation_onto", lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0], "stretch as well"),
    ("rotation_onto", lambda a, b: a.T @ b, "keeps lengths and angles"),
    ("rotation_onto", lambda a, b: np.eye(4), "another one brings"),
    ("rotation_onto", lambda a, b: a @ svd(a, b)[0], "of shape"),
]


class TestNotebook10(ExerciseTests):
    notebook, right, wrong = "10", RIGHT, WRONG
