"""Answer the paper's question: does training with others help a network that is used alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd

from mmtlib.config import ExperimentConfig
from mmtlib.core.errors import ConfigError
from mmtlib.evaluation import PairedDifference, accuracy, paired_difference
from mmtlib.experiment.evaluate import evaluate
from mmtlib.experiment.runs import Run
from mmtlib.experiment.train import run_all


@dataclass(frozen=True, slots=True)
class Comparison:
    """Networks trained alone against the same networks trained with others, seed by seed.

    Attributes:
        split: the clips that were measured.
        table: one row per modality and seed: alone, together, difference (0 to 1).
        differences: modality -> the paired difference with its interval.
        alone: modality -> one run per seed.
        together: one run per seed.
    """

    split: str
    table: pd.DataFrame
    differences: dict[str, PairedDifference]
    alone: dict[str, list[Run]]
    together: list[Run]

    def summary(self) -> pd.DataFrame:
        """Return one row per modality, in percent and points, ready to print."""
        rows = []
        for m, group in self.table.groupby("modality", sort=False):
            d = self.differences[m]
            interval = "-" if d.low is None else f"{100 * d.low:+.1f} to {100 * d.high:+.1f}"
            rows.append(
                {
                    "modality": m,
                    "alone (%)": round(100 * group["alone"].mean(), 1),
                    "with the others (%)": round(100 * group["together"].mean(), 1),
                    "difference (points)": f"{100 * d.mean:+.1f}",
                    "95 % interval": interval,
                    "per seed": ", ".join(f"{100 * x:+.1f}" for x in d.per_seed),
                }
            )
        return pd.DataFrame(rows)


def compare(
    config: ExperimentConfig,
    seeds: Sequence[int],
    *,
    split: str = "validation",
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Train each network alone and all together, with equal seeds, and compare them.

    A pair of runs starts from the same weights and sees the same clips in the same order with the
    same random changes for the same number of steps; only the alignment term differs.

    Args:
        config: the joint training, with at least two modalities; its seed is replaced.
        seeds: the seeds; stored runs are not trained again.
        split: the clips to measure. ``"test"`` only when nothing is chosen from the result.
        workers: processes; default one per core.
        progress: called with (runs done, runs in all).

    Raises:
        ConfigError: if there is one modality only, or no seed.
        DataError: if clips are missing, or the pairs were not measured on the same clips.
    """
    if len(config.modalities) < 2 or not seeds:
        raise ConfigError(
            "A comparison needs at least two modalities and one seed; "
            f"got {', '.join(config.modalities)} and {len(seeds)} seeds."
        )
    seeded = [config.replace(seed=seed) for seed in seeds]
    configs = seeded + [c.alone(m) for m in config.modalities for c in seeded]
    runs = run_all(configs, workers=workers, progress=progress)
    together, rest = runs[: len(seeds)], runs[len(seeds) :]
    alone = {
        m: rest[i * len(seeds) : (i + 1) * len(seeds)] for i, m in enumerate(config.modalities)
    }
    joint = [_predictions(r, split) for r in together]
    rows, differences = [], {}
    for m in config.modalities:
        single = [_predictions(r, split)[m] for r in alone[m]]
        differences[m] = paired_difference(single, [p[m] for p in joint])
        for seed, a, b in zip(seeds, single, joint, strict=True):
            row = {"modality": m, "seed": seed, "alone": accuracy(a), "together": accuracy(b[m])}
            rows.append({**row, "difference": row["together"] - row["alone"]})
    return Comparison(split, pd.DataFrame(rows), differences, alone, together)


def _predictions(run: Run, split: str) -> dict:
    """Return the run's predictions of a split: stored ones, else measured (and recorded) now."""
    if not run.has_predictions(split):
        evaluate(run, split)
    return run.predictions(split)
