"""Exercises of notebook 10: whether two networks mean the same."""

from __future__ import annotations

import numpy as np

from mmtlib.exercises.exercise import Answer, Claims, Rng, exercise
from mmtlib.exercises.properties import array, close, mistaken


@exercise(
    "Two steps: the mean feature of every class of the training clips, then the nearest mean "
    "for every row of `test`.",
    "names = np.unique(labels); means = np.stack([train[labels == k].mean(axis=0) for k in "
    "names]). The distances are np.linalg.norm(test[:, None] - means, axis=2), (tests, classes).",
    "return names[np.linalg.norm(test[:, None] - means, axis=2).argmin(axis=1)]",
    praise="one mean for each class, learnt from training clips alone.",
)
def centroid_probe(answer: Answer, rng: Rng) -> Claims:
    """From training features, their labels and other features to the nearest class's label."""
    middles = rng.normal(0, 1.5, (4, 3))
    # Classes are of unequal size, and their numbers have a gap: no class 2.
    labels = rng.permutation(np.repeat([0, 1, 3], [12, 30, 6]))
    names = np.unique(labels)
    train = middles[labels] + rng.normal(0, 1.0, (len(labels), 3))
    test = rng.normal(0, 2.0, (40, 3))
    found = array(answer(train.copy(), labels.copy(), test.copy()), "labels", (40,))
    means = np.stack([train[labels == k].mean(axis=0) for k in names])
    apart = np.linalg.norm(test[:, None] - means, axis=2)
    nearest_clip = np.linalg.norm(test[:, None] - train, axis=2).argmin(axis=1)
    known = {
        "these are numbers of rows of the table of means; look up which label each has "
        "(there may be gaps).": apart.argmin(axis=1),
        "that is the farthest class; take the nearest.": names[apart.argmax(axis=1)],
        "that is the label of the nearest clip; a class is its mean here, one point each.": (
            labels[nearest_clip]
        ),
        "a product prefers classes that lie far out; take the distance.": (
            names[(test @ means.T).argmax(axis=1)]
        ),
        "expected, for every row of `test`, the label whose training mean is nearest "
        "(Euclidean distance).": names[apart.argmin(axis=1)],
    }
    yield mistaken(found, known)


@exercise(
    "It is in the equation: the singular value decomposition of source^T target.",
    "u, s, vt = np.linalg.svd(source.T @ target). The singular values s say how much would be "
    "stretched: leave them out.",
    "return u @ vt",
    praise="it turns, and neither stretches nor looks at labels.",
)
def rotation_onto(answer: Answer, rng: Rng) -> Claims:
    """The rotation R ``(C, C)`` that brings ``source @ R`` nearest to ``target``."""
    source = rng.normal(0, 1, (30, 4)) * [1.0, 2.0, 0.5, 1.5]
    turn = np.linalg.qr(rng.normal(0, 1, (4, 4)))[0]
    target = 1.7 * source @ turn + rng.normal(0, 0.3, (30, 4))
    found = array(answer(source.copy(), target.copy()), "R", (4, 4))
    yield {
        "that is the best linear map, which may stretch as well. Then features "
        "without anything in common could be bent to fit; a rotation keeps all "
        "distances.": not close(found, np.linalg.lstsq(source, target, rcond=None)[0]),
        "R R^T should be the identity: a rotation (or reflection) keeps lengths and angles. "
        "Leave the singular values out.": close(found @ found.T, np.eye(4)),
    }
    u, _, vt = np.linalg.svd(source.T @ target)
    known = {
        "that turns the other way: it brings the target to the source. Take U V^T of the "
        "decomposition of source^T target, in this order.": (u @ vt).T,
        "that is a rotation, but another one brings source @ R nearer to target.": u @ vt,
    }
    yield mistaken(found, known)
