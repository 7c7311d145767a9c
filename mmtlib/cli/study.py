"""``mmt study``: the study of docs/study_plan.md: run it, check it, report it, ship it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import mmtlib
from mmtlib.cli import show
from mmtlib.cli.options import Memory, Scheduler, Workers
from mmtlib.core.cache import SHIPPED

app = typer.Typer(
    invoke_without_command=True,
    no_args_is_help=False,
    help="Run the study of docs/study_plan.md, or what is missing of it: ten hours of one core.\n\n"
    "Trials are measured on validation clips; test clips are read once per question, when all its "
    "runs are there. Stopped at any moment, the same command goes on; what comes with "
    "mmtlib is not made again.",
)


@app.callback()
def study(
    context: typer.Context,
    part: Annotated[
        list[str] | None,
        typer.Option(help="tuning, primary or secondary; may be repeated; default: all in order."),
    ] = None,
    question: Annotated[
        list[str] | None,
        typer.Option(help="Of these parts only this one: H1, S1 ... S8; may be repeated."),
    ] = None,
    workers: Workers = None,
    scheduler: Scheduler = None,
    memory: Memory = None,
    anew: Annotated[
        bool, typer.Option("--anew", help="Make runs again whose results come with mmtlib.")
    ] = False,
) -> None:
    """Run the study, or what is missing of it."""
    if context.invoked_subcommand is not None:
        return

    with show.bars("clips", "runs") as (clips, runs):
        reports = mmtlib.study.conduct(
            part or mmtlib.study.PARTS, questions=question, workers=workers, scheduler=scheduler,
            memory=memory, anew=anew, progress=runs, data_progress=clips,
        )  # fmt: skip
        for found in reports:
            show.say(
                f"{found.study}, {found.split}: {found.stored} runs were there, "
                f"{found.done} made now"
            )


@app.command("check")
def check_command(workers: Workers = None) -> None:
    """Make some of the stored runs again, in an empty cache, and compare: about ten minutes."""
    with show.bars("runs") as (runs,):
        found = mmtlib.study.check_stored(workers=workers, progress=runs)
    table = found.assign(
        stored=[show.as_percent(share) for share in found["stored"]],
        here=[show.as_percent(share) for share in found["here"]],
        spread=[show.as_percent(share) for share in found["spread"]],
    )
    names = ["study", "arm", "seed", "generator_seed", "target", "split"]
    verdicts = ["stored", "here", "spread", "same_bits", "holds"]
    show.table(table[[*names, *verdicts]], "stored and made again")
    alike = found[found["alike"]]
    show.say(
        f"{found['holds'].sum()} of {len(found)} hold; {len(alike)} were stored on this kind of "
        f"processor with this PyTorch, {alike['same_bits'].sum()} of these the same bit for bit"
    )
    if not found["holds"].all():
        raise typer.Exit(2)


@app.command("report")
def report_command(
    page: Annotated[
        Path, typer.Option(help="A page with the two marks; what is between them is replaced.")
    ] = Path("docs/benchmark.md"),
    stored: Annotated[bool, typer.Option(help="Of the package's results alone.")] = False,
) -> None:
    """Write what the study found into a page."""
    mmtlib.study.write_report(page, SHIPPED if stored else None)
    show.say(f"written into {page}")


@app.command("ship")
def ship_command() -> None:
    """Put the study's results and a few of its networks into the package."""
    sizes = mmtlib.study.ship_study()
    for name, size in sizes.items():
        show.say(f"{name}: {show.size(size)}")
