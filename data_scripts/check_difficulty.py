#!/usr/bin/env python
"""Measure how hard the synthetic benchmark is for each modality alone, and whether that converged.

    python data_scripts/check_difficulty.py [--preset tutorial] [--seeds 0,1,2]

Trains every modality alone with the preset's recipe and with twice the epochs, measures validation
clips (never test clips), and prints Markdown: the table of docs/benchmark.md. This is what the
difficulty was frozen by, before any training with SSA.
"""

from __future__ import annotations

import argparse

import pandas as pd

from mmtlib import ExperimentConfig, run_all
from mmtlib.cli.show import bar
from mmtlib.core.provenance import provenance
from mmtlib.evaluation import mean_interval


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="tutorial")
    parser.add_argument("--modalities", default="rgb,depth,flow,ir")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--generator-seed", type=int, default=0)
    given = parser.parse_args()
    seeds = [int(part) for part in given.seeds.split(",")]
    base = ExperimentConfig.make(preset=given.preset, generator_seed=given.generator_seed)
    cases = [
        (
            modality,
            seed,
            base.replace(modalities=(modality,), seed=seed, epochs=factor * base.epochs),
        )
        for modality in given.modalities.split(",")
        for seed in seeds
        for factor in (1, 2)
    ]
    with bar("runs") as progress:
        runs = run_all([config for _, _, config in cases], progress=progress)
    found = pd.DataFrame(
        [
            {
                "modality": m,
                "seed": s,
                "epochs": r.config.epochs,
                "accuracy": r.validation_accuracy[m],
            }
            for (m, s, _), r in zip(cases, runs, strict=True)
        ]
    )
    e = base.epochs
    print(f"| modality | {e} epochs (%) | {2 * e} epochs (%) | difference (points) |")
    print("|---|---|---|---|")
    for modality, rows in found.groupby("modality", sort=False):
        once, twice = (
            rows[rows["epochs"] == factor * base.epochs].set_index("seed")["accuracy"]
            for factor in (1, 2)
        )
        change = mean_interval((twice - once).tolist())
        each = ", ".join(f"{100 * x:.1f}" for x in once)
        margin = "" if change.high is None else f" +- {100 * (change.high - change.mean):.1f}"
        print(
            f"| {modality} | {100 * once.mean():.1f} ({each}) | {100 * twice.mean():.1f} | "
            f"{100 * change.mean:+.1f}{margin} |"
        )
    print("\n" + "; ".join(f"{name}: {value}" for name, value in provenance().items()))


if __name__ == "__main__":
    main()
