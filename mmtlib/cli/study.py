"""``mmt study``: the study of docs/study_plan.md, from its first trial to its last question."""

from __future__ import annotations

from typing import Annotated

import typer

from mmtlib.cli import show


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command()(study)


def study(
    part: Annotated[
        list[str] | None,
        typer.Option(help="tuning, primary or secondary; may be repeated; default: all in order."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes; default one per GPU (each sees its own), else per core."),
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(help="A Dask cluster to use instead: tcp://HOST:PORT.")
    ] = None,
    memory: Annotated[
        str | None,
        typer.Option(help="Most memory of a process, e.g. 4GiB; 0 = no limit; default: a share."),
    ] = None,
) -> None:
    """Run the study, or what is missing of it: about ten hours of one core.

    Trials are measured on validation clips; test clips are read once per question, when all its
    runs are there. Stopped at any moment, the same command goes on.
    """
    from mmtlib.study import PARTS, conduct

    with show.bars("clips", "runs") as (clips, runs):
        reports = conduct(
            part or PARTS, workers=workers, scheduler=scheduler, memory=memory,
            progress=runs, data_progress=clips,
        )  # fmt: skip
        for report in reports:
            show.console.print(
                f"{report.study}, {report.split}: {report.stored} runs were there, "
                f"{report.done} made now",
                soft_wrap=True,
            )
