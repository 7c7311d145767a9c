"""Exercises of notebook 08: what networks see as alike."""

from __future__ import annotations

import torch
from torch import Tensor

from mmtlib.exercises.exercise import Answer, Claims, Rng, exercise
from mmtlib.exercises.properties import close, mistaken, normal, number, per_clip, tensor
from mmtlib.losses import correlation_map


@exercise(
    "Which row of the map belongs to the position (t, y, x)? Count from 0.",
    "A time step has H * W positions, a row W: the number is (t * H + y) * W + x.",
    "t, y, x = position; return maps[(t * grid[1] + y) * grid[2] + x].reshape(grid)",
    praise="one row of the map, laid out in time and space again.",
    cases=[((2, 3, 4),), ((3, 2, 5),), ((4, 4, 1),)],
)
def like_this(answer: Answer, rng: Rng, grid: tuple[int, int, int]) -> Claims:
    """From a map ``(d, d)``, a grid and a position (t, y, x) to its row, ``(T, H, W)``."""
    features = normal(rng, 6, *grid)
    maps = correlation_map(features[None])[0]
    shape = (
        f"expected the shape of the grid {grid}, got {{}}: reshape the row of the chosen position."
    )
    for t, y, x in ((0, 0, 0), (1, 1, 0), tuple(n - 1 for n in grid), (1, 0, grid[2] - 1)):
        found = tensor(answer(maps.clone(), grid, (t, y, x)), "the similarities", grid, shape)
        said = f"position {(t, y, x)} on the grid {grid}"
        one, all_of_them = (v / v.norm(dim=0) for v in (features[:, t, y, x], features))
        yield {
            f"{said} should be alike to itself by 1, yours is {float(found[t, y, x]):.2f}. "
            "Positions are counted time step by time step, row by row: its number is "
            "(t * H + y) * W + x.": close(found[t, y, x], 1.0),
            f"{said} is right, other places are not: keep their order.": (
                close(found, torch.einsum("c,cthw->thw", one, all_of_them))
            ),
        }


@exercise(
    "correlation_map from the library gives (N, d, d) for each of the two.",
    "Subtract, square, and take the mean over the last two axes: one number for each clip.",
    "return (correlation_map(first) - correlation_map(second)).square().mean((1, 2))",
    praise="how far apart two maps are, whatever the numbers of channels.",
)
def map_distance(answer: Answer, rng: Rng) -> Claims:
    """The mean squared difference of two networks' maps ``(N,)``; C may differ."""
    first, second = normal(rng, 3, 5, 2, 3, 2), normal(rng, 3, 4, 2, 3, 2)
    found = per_clip(answer(first.clone(), second.clone()), 3, "distance")
    difference = correlation_map(first) - correlation_map(second)
    products = [f.flatten(2).mT @ f.flatten(2) for f in (first, second)]
    squares = difference.square()
    known = {
        "this is the sum over the d * d entries; the mean can be compared between grids.": (
            squares.sum(dim=(1, 2))
        ),
        "this is the root; take the mean of the squares.": squares.mean(dim=(1, 2)).sqrt(),
        "take squares: positive and negative differences cancel.": difference.mean(dim=(1, 2)),
        "these are absolute differences; square them.": difference.abs().mean(dim=(1, 2)),
        "the features were not brought to length 1, so the network with the larger features "
        "decides.": (products[0] - products[1]).square().mean(dim=(1, 2)),
        "expected the mean, over the d * d entries, of the squared difference of both maps.": (
            squares.mean(dim=(1, 2))
        ),
    }
    yield mistaken(found, known)


@exercise(
    "Two steps: centre every channel over the examples, then compare the Gram matrices.",
    "x = x - x.mean(0), the same for y. K = x @ x.T and L = y @ y.T are both (n, n). The "
    "cosine of two matrices is the sum of their product over the product of their norms.",
    "return (K * L).sum() / (K.norm() * L.norm())",
    praise="the cosine of two centred Gram matrices: turning, scaling and shifting do not matter.",
)
def cka(answer: Answer, rng: Rng) -> Claims:
    """The plain linear CKA of features ``(n, p)`` and ``(n, q)``, one number."""
    x = normal(rng, 12, 5) + 1.0
    y = x @ normal(rng, 5, 4) + normal(rng, 12, 4) + 2.0
    found = number(answer(x.clone(), y.clone()), "CKA")
    (k, centred_k), (m, centred_m) = _grams(x), _grams(y)
    right = _cosine(centred_k, centred_m)
    known = {
        "the features were not centred: take the mean over the n examples off every channel, or "
        "a common offset counts as likeness.": _cosine(k, m),
        "only one of the two was centred.": _cosine(centred_k, m),
        "only the second was centred.": _cosine(k, centred_m),
        "this is not divided by both norms, so it grows with the features.": (
            (centred_k * centred_m).sum()
        ),
        "this is the square; CKA divides by the product of the norms, not of their squares.": (
            right**2
        ),
        "centre both, form K = X X^T and L = Y Y^T, and take the cosine of the two: the sum of "
        "K * L over the product of their norms.": right,
    }
    yield mistaken(found, known)
    turned = number(answer(x, 3 * x @ torch.linalg.qr(normal(rng, 5, 5))[0] + 1), "CKA")
    yield {"features turned, enlarged and shifted should give 1.": abs(turned - 1) < 1e-4}


def _grams(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return X X^T, as it is and with centred X."""
    x = x.double()
    centred = x - x.mean(dim=0)
    return x @ x.T, centred @ centred.T


def _cosine(k: Tensor, m: Tensor) -> Tensor:
    return (k * m).sum() / (k.norm() * m.norm())
