"""Checks and hints of notebook 10: do two networks mean the same, and how is that shown on paper.

Every check tries the answer on several random inputs, and compares it with known mistakes first.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mmtlib.core.seeding import numpy_generator
from mmtlib.exercises.feedback import check
from mmtlib.exercises.properties import need

SEEDS = range(4)


@check
def centroid_probe(answer: Callable[..., np.ndarray]) -> str:
    """10: from training features, their labels and other features to the nearest class's label."""
    for seed in SEEDS:
        rng = numpy_generator("centroid_probe", seed)
        middles = rng.normal(0, 1.5, (4, 3))
        # Classes are of unequal size, and their numbers have a gap: no class 2.
        labels = rng.permutation(np.repeat([0, 1, 3], [12, 30, 6]))
        names = np.unique(labels)
        train = middles[labels] + rng.normal(0, 1.0, (len(labels), 3))
        test = rng.normal(0, 2.0, (40, 3))
        found = _array(answer(train.copy(), labels.copy(), test.copy()), (40,), "labels")
        means = np.stack([train[labels == k].mean(axis=0) for k in names])
        apart = np.linalg.norm(test[:, None] - means, axis=2)
        right = names[apart.argmin(axis=1)]
        neighbours = labels[np.linalg.norm(test[:, None] - train, axis=2).argmin(axis=1)]
        for value, why in (
            (
                apart.argmin(axis=1),
                "these are numbers of rows of the table of means; look up which label each has "
                "(there may be gaps).",
            ),
            (names[apart.argmax(axis=1)], "that is the farthest class; take the nearest."),
            (
                neighbours,
                "that is the label of the nearest clip; a class is its mean here, one point each.",
            ),
            (
                names[(test @ means.T).argmax(axis=1)],
                "a product prefers classes that lie far out; take the distance.",
            ),
        ):
            if not np.array_equal(value, right):
                need(not np.array_equal(found, value), why)
        need(
            np.array_equal(found, right),
            "expected, for every row of `test`, the label whose training mean is nearest "
            "(Euclidean distance).",
        )
    return "one mean for each class, learnt from training clips alone."


@check
def rotation_onto(answer: Callable[..., np.ndarray]) -> str:
    """10: the rotation R ``(C, C)`` that brings ``source @ R`` nearest to ``target``."""
    for seed in SEEDS:
        rng = numpy_generator("rotation_onto", seed)
        source = rng.normal(0, 1, (30, 4)) * [1.0, 2.0, 0.5, 1.5]
        turn = np.linalg.qr(rng.normal(0, 1, (4, 4)))[0]
        target = 1.7 * source @ turn + rng.normal(0, 0.3, (30, 4))
        found = _array(answer(source.copy(), target.copy()), (4, 4), "R")
        u, _, vt = np.linalg.svd(source.T @ target)
        right = u @ vt
        fit = np.linalg.lstsq(source, target, rcond=None)[0]
        for value, why in (
            (
                right.T,
                "that turns the other way: it brings the target to the source. Take U V^T of the "
                "decomposition of source^T target, in this order.",
            ),
            (
                fit,
                "that is the best linear map, which may stretch as well. Then features without "
                "anything in common could be bent to fit; a rotation keeps all distances.",
            ),
        ):
            need(not np.allclose(found, value, atol=1e-6), why)
        need(
            np.allclose(found @ found.T, np.eye(4), atol=1e-6),
            "R R^T should be the identity: a rotation (or reflection) keeps lengths and angles. "
            "Leave the singular values out.",
        )
        need(
            np.allclose(found, right, atol=1e-6),
            "that is a rotation, but another one brings source @ R nearer to target.",
        )
    return "it turns, and neither stretches nor looks at labels."


HINTS: dict[str, tuple[str, str, str]] = {
    "centroid_probe": (
        "Two steps: the mean feature of every class of the training clips, then the nearest mean "
        "for every row of `test`.",
        "names = np.unique(labels); means = np.stack([train[labels == k].mean(axis=0) for k in "
        "names]). The distances are np.linalg.norm(test[:, None] - means, axis=2), (tests, "
        "classes).",
        "return names[np.linalg.norm(test[:, None] - means, axis=2).argmin(axis=1)]",
    ),
    "rotation_onto": (
        "It is in the equation: the singular value decomposition of source^T target.",
        "u, s, vt = np.linalg.svd(source.T @ target). The singular values s say how much would be "
        "stretched: leave them out.",
        "return u @ vt",
    ),
}
"""Exercise -> three hints, from a nudge to nearly the answer."""


def _array(found: object, shape: tuple[int, ...], what: str) -> np.ndarray:
    need(found is not None, f"expected {what}, got None. Is the return missing?")
    array = np.asarray(found)
    need(
        array.shape == shape,
        f"expected {what} of shape {shape}, got {array.shape}.",
    )
    return array
