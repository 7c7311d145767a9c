"""``mmt sweep``: every run of a grid, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import mmtlib
from mmtlib.cli import show
from mmtlib.cli.options import Memory, Root, Scheduler, Split, Workers

if TYPE_CHECKING:
    import pandas as pd

    from mmtlib.results import Failure

HEADINGS = {"arm": "configuration", "modalities": "trained together", "target": "tested network"}


def sweep_command(
    grid: Annotated[Path, typer.Argument(help="A TOML file: base, factors, arms, seeds.")],
    workers: Workers = None,
    scheduler: Scheduler = None,
    split: Split = "validation",
    memory: Memory = None,
    root: Root = None,
) -> None:
    """Train and measure every run of a study that is missing; runs that are there are kept.

    Test clips are read with `--split test` only.
    """
    study = mmtlib.Grid.load(grid, **({} if root is None else {"root": str(root)}))
    with show.bars("clips", "runs") as (clips, runs):
        found = mmtlib.sweep(
            study, split=split, workers=workers, scheduler=scheduler, memory=memory,
            progress=runs, data_progress=clips,
        )  # fmt: skip
    show.say(f"{found.stored} runs were there, {found.done} made now")
    if found.stored + found.done:
        arms = list(dict.fromkeys(task.arm for task in study.tasks))
        results = mmtlib.load_results(study.name)
        results = results[(results["split"] == split) & results["arm"].isin(arms)]
        show.table(_means(results, arms), f"{split} accuracy: {study.name}")
        show.say(f"next: mmtlib.load_results({study.name!r})")
    if found.failures:
        _tell(found.failures)
        raise typer.Exit(2)


def _means(results: pd.DataFrame, arms: list[str]) -> pd.DataFrame:
    """Return one row per arm, in this order, and target: its runs and their mean accuracy."""
    from mmtlib.explorer.factors import level_title

    ordered = results.sort_values("arm", key=lambda names: names.map(arms.index), kind="stable")
    groups = ordered.groupby(["arm", "method", "modalities", "target"], sort=False)
    means = groups["accuracy"].agg(runs="size", mean="mean").reset_index()
    for name in ("method", "modalities", "target"):
        means[name] = [level_title(name, level) for level in means[name]]
    means["mean"] = [show.as_percent(a) for a in means["mean"]]
    return means.rename(columns=HEADINGS)


def _tell(failures: tuple[Failure, ...]) -> None:
    """Print each reason once, with the runs that failed for it."""
    reasons: dict[str, list[str]] = {}
    for failure in failures:
        config = failure.task.config
        name = f"{failure.task.arm}, {'+'.join(config.modalities)}, seed {config.seed}"
        reasons.setdefault(failure.error, []).append(name)
    for error, names in reasons.items():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        typer.echo(f"mmt: {names[0]}{others} failed: {error}", err=True)
