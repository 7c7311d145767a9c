"""``mmt tutorial``, ``lab``, ``notebooks``, ``test``, ``lint`` and ``mmt course``."""

from __future__ import annotations

import os
import subprocess
import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

import mmtlib
from mmtlib.cli import options, show
from mmtlib.cli.options import Only
from mmtlib.core.errors import ConfigError
from mmtlib.core.files import write_whole

TUTORIAL_SEEDS = (0, 1, 2)

app = typer.Typer(no_args_is_help=True, help="The notebooks for a class.")


class Audience(StrEnum):
    """For whom notebooks are made; the names of `mmtlib.course.AUDIENCES`."""

    STUDENTS = "students"
    TEACHERS = "teachers"


def tutorial(
    out: Annotated[Path, typer.Option(help="Where results are written.")] = Path("build/tutorial"),
    only: Only = None,
) -> None:
    """Run the notebooks in order; end with the table of what training together changed."""
    config = mmtlib.ExperimentConfig.make(modalities=("rgb", "depth"))
    if only is None:
        # First, as here all cores are busy all the time; the notebooks share the runs of seed 0.
        joint = mmtlib.course.joint_runs(config, TUTORIAL_SEEDS)
        count = len(joint) + len(config.modalities) * len(TUTORIAL_SEEDS)
        show.say(f"data and {count} runs for the notebooks and the closing table ...")
        start = time.monotonic()
        with show.bar("runs of two networks") as progress:
            mmtlib.run_all(joint, progress=progress)
        with show.bar("with those of one") as progress:
            mmtlib.compare(config, TUTORIAL_SEEDS, split="validation", progress=progress)
        show.say(f"... {time.monotonic() - start:.0f} s")
    workers = min(2, os.cpu_count() or 1)
    mmtlib.course.run_tutorial(out, only=only, workers=workers, report=show.say)
    show.say(f"notebooks and figures: {out / 'index.html'}")
    if only is not None:
        return
    found = mmtlib.compare(config, TUTORIAL_SEEDS, split="test")
    title = (
        f"Test accuracy on the {config.preset} clips, alone and trained with the others, from the "
        f"runs just made: {len(TUTORIAL_SEEDS)} seeds, a small sample"
    )
    show.table(found.summary(), title)
    write_whole(out / "table.csv", found.table.to_csv(index=False))


def _call(module: str, *arguments: str, **environment: str) -> None:
    """Run a module as a program in the project's folder; end with its exit code if it fails."""
    from mmtlib.core.worker import program

    done = subprocess.run(
        [*program(module), *arguments],
        cwd=mmtlib.course.project_folder(),
        env={**os.environ, **environment},
        check=False,
    )
    if done.returncode:
        raise typer.Exit(done.returncode)


def lab(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(help="Folder of notebooks; default: those of the course.")
    ] = None,
) -> None:
    """Open JupyterLab on the notebooks (loopback only, with a token).

    Further arguments go to JupyterLab, e.g. --no-browser.
    """
    root = "notebooks" if folder is None else folder.resolve()
    _call(
        "jupyterlab",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={root}", *context.args,
    )  # fmt: skip


def notebooks(overwrite: options.Overwrite = False) -> None:
    """Write the paired notebooks from their sources in notebooks/src; keep cells of your own."""
    written = mmtlib.course.sync_notebooks()
    show.say("\n".join(path.name for path in written) or "all notebooks are up to date")


def test(context: typer.Context) -> None:
    """Check style and types, then run the test suite, notebooks in fast mode included.

    Further arguments go to pytest, e.g. -k NAME; --full runs every case of what is sampled else.
    """
    lint()
    _call(
        "pytest", "-n", "2", *context.args,
        MMTLIB_FAST="1", OMP_NUM_THREADS="1",
    )  # fmt: skip


def lint() -> None:
    """Check style and formatting with ruff, and types with mypy."""
    _call("ruff", "check", ".")
    _call("ruff", "format", "--check", ".")
    _call("mypy")


@app.command("time")
def time_all(
    out: Annotated[
        Path, typer.Option(help="Where the executed notebooks and times.csv are written.")
    ] = Path("build/times"),
    only: Only = None,
) -> None:
    """Run every notebook in order and alone from empty caches; compare with their headers."""
    from mmtlib.core.provenance import provenance

    found = mmtlib.course.time_notebooks(out, only=only, report=show.say)
    made = provenance()
    mode = (
        "fast mode, which tells nothing of the limits"
        if mmtlib.config.default_preset() == "tiny"
        else "full mode"
    )
    show.table(
        found.table.round(0).convert_dtypes(),
        f"Seconds in {mode}, by the clock and of the processor (cpu); {os.cpu_count()} cores, "
        f"{made['machine']}, {made['date'][:10]}",
    )
    for line in found.complaints:
        show.say(line)
    if not found.good:
        show.say("too slow, or shows what it should not: see above")
        raise typer.Exit(1)


@app.command()
def site(
    out: Annotated[Path, typer.Option(help="The folder of the site; replaced.")] = Path(
        "build/site"
    ),
    executed: Annotated[
        Path, typer.Option(help="Executed notebooks; what is missing there is executed.")
    ] = Path("build/tutorial"),
) -> None:
    """Build the pages for a browser: executed notebooks, gallery, results, reference."""
    page = mmtlib.course.build_site(out, executed=executed, report=show.say)
    show.say(f"open {page}")


@app.command()
def build(
    audience: Annotated[
        Audience | None,
        typer.Option("--for", help="Students get no solutions, teachers all of them."),
    ] = None,
    bundle: Annotated[
        bool, typer.Option("--bundle", help="One archive for a class without a network.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="The folder or archive; default: in build/course/."),
    ] = None,
    overwrite: options.Overwrite = False,
) -> None:
    """Write the notebooks for students or teachers, without outputs; or an archive for a class."""
    if bundle == (audience is not None):
        raise ConfigError("Give one of --for students, --for teachers and --bundle.")
    if audience is None:
        path = mmtlib.course.build_bundle(out or Path("build/course/mmtlib-course.zip"))
        show.say(f"{path}: {show.size(path.stat().st_size)}")
        return
    folder = out or Path("build/course") / audience
    written = mmtlib.course.build_notebooks(audience, folder)
    show.say(f"{len(written)} notebooks for {audience}: {folder}")
