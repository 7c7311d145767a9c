"""Answer the paper's question: does training with others help a network that is used alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from mmtlib.config import ExperimentConfig
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.core.tables import interval_text, points
from mmtlib.evaluation import PairedDifference, Predictions, accuracy
from mmtlib.experiment import Run, run_all
from mmtlib.experiment.evaluate import predictions_of
from mmtlib.results.comparison import paired
from mmtlib.results.records import measured_row

ALONE, TOGETHER = "alone", "together"


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
        for m, found in self.differences.items():
            group = self.table[self.table["modality"] == m]
            rows.append(
                {
                    "modality": m,
                    "alone (%)": round(100 * group[ALONE].mean(), 1),
                    "with the others (%)": round(100 * group[TOGETHER].mean(), 1),
                    "difference (points)": points(found.mean),
                    "95 % interval": interval_text(found.low, found.high, points),
                    "per seed": ", ".join(map(points, found.per_seed)),
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
        workers: processes; default as `run_all`.
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
    said = {run.identity: predictions_of(run, split) for run in runs}
    steps = []
    for m in config.modalities:
        for seed, one, joint in zip(seeds, alone[m], together, strict=True):
            before, after = accuracy(said[one.identity][m]), accuracy(said[joint.identity][m])
            row = {"modality": m, "seed": seed, ALONE: before, TOGETHER: after}
            steps.append({**row, "difference": after - before})
    differences = _differences({run.identity: run for run in runs}, said, split)
    return Comparison(split, pd.DataFrame(steps), differences, alone, together)


def _differences(
    runs: Mapping[str, Run], said: Mapping[str, Mapping[str, Predictions]], split: str
) -> dict[str, PairedDifference]:
    """Return the paired difference of every network of the joint trainings."""
    rows = [
        {
            **measured_row(run.config, m, said[identity][m]), "identity": identity, "study": "",
            "split": split, "arm": ALONE if len(said[identity]) == 1 else TOGETHER,
        }
        for identity, run in runs.items() for m in run.config.modalities
    ]  # fmt: skip
    predictions = {(i, m, split): each for i, of in said.items() for m, each in of.items()}
    table = paired(pd.DataFrame(rows), predictions=predictions)
    table = table[table["arm"] == TOGETHER]
    if table["missing"].any():
        raise DataError(table["missing"].max())
    return dict(zip(table["target"], table["over_people"], strict=True))
