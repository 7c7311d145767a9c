"""Time the alignment terms of `mtut_objective` against plain forms of the same thing.

    python tests/bench/bench_losses.py [--quick]

One thread, forward and backward of sum_(m, n) rho * ||corr(F_m) - corr(F_n)||^2, all ordered pairs
of 3 modalities, the teacher detached. Compared are the "direct per-pair form" (for every ordered
pair both maps anew, from normalised rows), the "shared maps" form (every map once, the rest left to
autograd) and our form, with the direct and the Gram form also forced. The forms take turns, so
that a busy machine slows all alike; medians in milliseconds.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import permutations

import torch
import torch.nn.functional as F
from torch import Tensor

from mmtlib.losses.pair_distances import GRAM_RATIO, correlation_distances

SHAPES = (  # clips, channels, (T, H, W)
    (2, 64, (4, 32, 32)),
    (2, 1024, (8, 7, 7)),
    (16, 48, (2, 8, 8)),
    (4, 16, (1, 4, 4)),
)
AROUND_RATIO = ((2, 64, (1, 16, factor * 4)) for factor in (1, 2, 3, 4, 6, 8))
Form = Callable[[Sequence[Tensor], Tensor], Tensor]


def direct_per_pair(features: Sequence[Tensor], rho: Tensor) -> Tensor:
    total = torch.zeros(())
    for weight, (m, n) in zip(rho, permutations(range(len(features)), 2), strict=True):
        maps = []
        for map_ in (features[m], features[n].detach()):
            rows = F.normalize(map_.flatten(2).transpose(1, 2), dim=2)
            maps.append(torch.bmm(rows, rows.transpose(1, 2)))
        distance = torch.linalg.matrix_norm(maps[0] - maps[1]).square()
        total = total + (weight * distance).mean()
    return total


def shared_maps(features: Sequence[Tensor], rho: Tensor) -> Tensor:
    maps = []
    for map_ in features:
        columns = F.normalize(map_.flatten(2), dim=1)
        maps.append(torch.bmm(columns.transpose(1, 2), columns))
    total = torch.zeros(())
    for weight, (m, n) in zip(rho, permutations(range(len(features)), 2), strict=True):
        distance = (maps[m] - maps[n].detach()).square().sum((1, 2))
        total = total + (weight * distance).mean()
    return total


def ours(form: str) -> Form:
    def term(features: Sequence[Tensor], rho: Tensor) -> Tensor:
        count = len(features)
        distances = correlation_distances(
            features,
            pairs=list(permutations(range(count), 2)),
            names=[str(m) for m in range(count)],
            form=form,
        )
        return (rho * distances).mean(1).sum()

    return term


FORMS: dict[str, Form] = {
    "per pair": direct_per_pair,
    "shared": shared_maps,
    "ours": ours("auto"),
    "direct": ours("direct"),
    "gram": ours("gram"),
}


def medians(
    forms: dict[str, Form], features: Sequence[Tensor], rho: Tensor, rounds: int
) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in forms}
    for round_ in range(rounds + 1):
        for name, form in forms.items():
            for map_ in features:
                map_.grad = None
            start = time.perf_counter()
            form(features, rho).backward()
            if round_:  # the first round warms up
                times[name].append((time.perf_counter() - start) * 1e3)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="3 rounds instead of 15")
    parser.add_argument("--modalities", type=int, default=3)
    args = parser.parse_args()
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    print(f"torch {torch.__version__}, 1 thread, {args.modalities} modalities, "
          f"Gram form from d >= {GRAM_RATIO} C; milliseconds, forward + backward")  # fmt: skip
    columns = (*FORMS, "per pair/ours", "shared/ours")
    print(f"{'N':>3} {'C':>5} {'d':>5} | " + " ".join(f"{name:>13}" for name in columns))
    for clips, channels, grid in (*SHAPES, *AROUND_RATIO):
        features = [
            torch.randn(clips, channels, *grid, generator=generator).relu_().requires_grad_()
            for _ in range(args.modalities)
        ]
        rho = torch.rand(args.modalities * (args.modalities - 1), clips, generator=generator)
        found = medians(FORMS, features, rho, 3 if args.quick else 15)
        ratios = [found[name] / found["ours"] for name in ("per pair", "shared")]
        d = grid[0] * grid[1] * grid[2]
        cells = [f"{value:13.2f}" for value in (*found.values(), *ratios)]
        print(f"{clips:3} {channels:5} {d:5} | " + " ".join(cells), flush=True)


if __name__ == "__main__":
    main()
