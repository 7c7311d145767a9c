"""``mmt sweep``: every run of a grid, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mmtlib.cli import show

if TYPE_CHECKING:
    import pandas as pd

    from mmtlib.results import Failure


def sweep_command(
    grid: Annotated[Path, typer.Argument(help="A TOML file: base, factors, arms, seeds.")],
    workers: Annotated[
        int | None,
        typer.Option(help="Processes; default one per GPU (each sees its own), else per core."),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask cluster to use instead: tcp://HOST:PORT.")
    ] = None,
    split: Annotated[str, typer.Option(help="validation or test.")] = "validation",
    memory: Annotated[
        str | None,
        typer.Option(help="Most memory of a process, e.g. 4GiB; 0 = no limit; default: a share."),
    ] = None,
    root: Annotated[Path | None, typer.Option(help="Folder of a real data set.")] = None,
) -> None:
    """Train and measure every run of a study that is missing; runs that are there are kept.

    Test clips are read with `--split test` only.
    """
    from mmtlib.results import Grid, load_results
    from mmtlib.results import sweep as make

    study = Grid.load(grid, **({} if root is None else {"root": str(root)}))
    with show.bars("clips", "runs") as (clips, runs):
        found = make(
            study, split=split, workers=workers, scheduler=scheduler, memory=memory,
            progress=runs, data_progress=clips,
        )  # fmt: skip
    show.console.print(f"{found.stored} runs were there, {found.done} made now", soft_wrap=True)
    if found.stored + found.done:
        arms = list(dict.fromkeys(task.arm for task in study.tasks))
        results = load_results(study.name)
        results = results[(results["split"] == split) & results["arm"].isin(arms)]
        show.table(_means(results, arms), f"{split} accuracy: {study.name}")
        show.console.print(f"next: mmtlib.load_results({study.name!r})", soft_wrap=True)
    if found.failures:
        _tell(found.failures)
        raise typer.Exit(2)


def _means(results: pd.DataFrame, arms: list[str]) -> pd.DataFrame:
    """Return one row per arm, in this order, and target: its runs and their mean accuracy."""
    ordered = results.sort_values("arm", key=lambda names: names.map(arms.index), kind="stable")
    groups = ordered.groupby(["arm", "method", "modalities", "target"], sort=False)
    means = groups["accuracy"].agg(runs="size", mean="mean").reset_index()
    return means.assign(mean=[show.as_percent(a) for a in means["mean"]])


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
