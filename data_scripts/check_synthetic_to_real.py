#!/usr/bin/env python
"""Measure what pre-training on synthetic clips does for a few real ones (NVGesture).

    python data_scripts/check_synthetic_to_real.py ROOT [--classes 1-12] [--seeds 30,31,32,33,34]

Trains with the first real clip of every class and measures the others of the training list: from
scratch (also with twice the epochs), after pre-training on the synthetic preset "car" alone,
and after pre-training with the other modality (MTUT). Prints Markdown: the table of
docs/benchmark.md. The official test list is never read.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from mmtlib import ExperimentConfig, Run, evaluate, run_all
from mmtlib.cli.runs import parse_classes
from mmtlib.cli.show import bar
from mmtlib.config.recipes import FINETUNE_SETTINGS
from mmtlib.core.provenance import provenance
from mmtlib.evaluation import Predictions, accuracy, paired_difference
from mmtlib.experiment import finetune_config

MODALITIES = ("rgb", "depth")
LONGER = 2
"""Times the epochs of the second training from scratch: had the first one converged?"""


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", help="folder with NVGesture's lists and Video_data")
    parser.add_argument("--classes", default="1-12")
    parser.add_argument("--clips-per-class", type=int, default=1)
    parser.add_argument("--seeds", default="30,31,32,33,34")
    parser.add_argument("--preset", default="car")
    given = parser.parse_args()
    seeds = [int(part) for part in given.seeds.split(",")]
    real = {
        "dataset": "nvgesture",
        "root": given.root,
        "classes": parse_classes(given.classes, "nvgesture"),
        "clips_per_class": given.clips_per_class,
        "skip_broken": True,
        "complete_for": MODALITIES,
    }
    base = ExperimentConfig.make(preset=given.preset, modalities=MODALITIES)
    print(table(measure(base, real, seeds)))
    print("\n" + "; ".join(f"{name}: {value}" for name, value in provenance().items()))


def measure(
    base: ExperimentConfig, real: dict[str, Any], seeds: Sequence[int]
) -> dict[str, dict[str, list[Predictions]]]:
    """Return arm -> modality -> predictions of the real clips held out, one per seed."""
    with bar("pre-training runs") as progress:
        seeded = [base.replace(seed=seed) for seed in seeds]
        configs = [c.alone(m) for m in MODALITIES for c in seeded] + seeded
        made = run_all(configs, progress=progress)
    alone = {m: made[i * len(seeds) : (i + 1) * len(seeds)] for i, m in enumerate(MODALITIES)}
    joint = made[len(MODALITIES) * len(seeds) :]
    scratch = [c.replace(**FINETUNE_SETTINGS, **real) for c in seeded]
    longer = [c.replace(epochs=LONGER * c.epochs) for c in scratch]
    arms: dict[str, dict[str, list[ExperimentConfig]]] = {
        "from scratch": {m: [c.replace(modalities=(m,)) for c in scratch] for m in MODALITIES},
        f"from scratch, {LONGER} times the epochs": {
            m: [c.replace(modalities=(m,)) for c in longer] for m in MODALITIES
        },
        "pre-trained alone": {m: [tuned(r, m, real) for r in alone[m]] for m in MODALITIES},
        "pre-trained with MTUT": {m: [tuned(r, m, real) for r in joint] for m in MODALITIES},
    }
    flat = [c for arm in arms.values() for m in MODALITIES for c in arm[m]]
    with bar("trainings on real clips") as progress:
        runs = iter(run_all(flat, progress=progress))
    found = {
        name: {m: [next(runs).predictions()[m] for _ in arm[m]] for m in MODALITIES}
        for name, arm in arms.items()
    }
    found["pre-trained alone, no real clip"] = {
        m: [unseen(r, m, real) for r in alone[m]] for m in MODALITIES
    }
    found["pre-trained with MTUT, no real clip"] = {
        m: [unseen(r, m, real) for r in joint] for m in MODALITIES
    }
    return found


def tuned(stored: Run, modality: str, real: dict[str, Any]) -> ExperimentConfig:
    """Return the config that trains a network of a run on, on the real clips."""
    return finetune_config(stored, **{**real, "modalities": (modality,)})


def unseen(stored: Run, modality: str, real: dict[str, Any]) -> Predictions:
    """Return what a network that has seen no real clip says of those held out."""
    other = {name: value for name, value in real.items() if name not in ("root", "complete_for")}
    return evaluate(stored, root=real["root"], **other).predictions[modality]


def table(found: dict[str, dict[str, list[Predictions]]]) -> str:
    """Return the results as Markdown: accuracies, and paired differences from scratch."""
    lines = []
    for m in MODALITIES:
        baseline = found["from scratch"][m]
        clips, people = len(baseline[0].labels), len(set(baseline[0].subjects))
        lines += [
            f"\n**{m}**, {clips} clips of {people} people, {len(baseline)} seeds\n",
            "| training | accuracy (%) | against scratch (points) | 95 % interval | per seed |",
            "|---|---|---|---|---|",
        ]
        for name, arm in found.items():
            mean = sum(accuracy(p) for p in arm[m]) / len(arm[m])
            d = paired_difference(baseline, arm[m])
            ends = "-" if d.low is None else f"{100 * d.low:+.1f} to {100 * d.high:+.1f}"
            each = ", ".join(f"{100 * x:+.0f}" for x in d.per_seed)
            gain = f"{100 * d.mean:+.1f} | {ends} | {each}"
            gain = "- | - | -" if arm[m] is baseline else gain
            lines.append(f"| {name} | {100 * mean:.1f} | {gain} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
