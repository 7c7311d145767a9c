"""The root of ``mmt`` and how it ends."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mmtlib import __version__
from mmtlib.cli import course, data, deploy, explore, figures, finetune, runs, study, sweep
from mmtlib.core.errors import MmtlibError

INTERRUPTED = 130
"""Exit code of a command that the user stopped, as shells have it."""

app = typer.Typer(
    name="mmt",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Multimodal training, unimodal testing of hand-gesture networks.\n\n"
    "Start with `mmt tutorial`, or `mmt train --modalities rgb,depth` and `mmt runs`.",
)
app.add_typer(data.app, name="data")
runs.register(app)
finetune.register(app)
sweep.register(app)
app.add_typer(study.app, name="study")
figures.register(app)
deploy.register(app)
course.register(app)
explore.register(app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mmtlib {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and stop."
        ),
    ] = False,
) -> None:
    """Hold the options of `mmt` itself; eager ones work without a command."""


def main() -> None:
    """Run the command line; the entry point of ``mmt``."""
    try:
        app(prog_name="mmt")
    except MmtlibError as error:
        typer.echo(f"mmt: {error}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, SystemExit) as end:
        # Typer makes an exit with code 130, without a word, of the interrupt.
        if isinstance(end, SystemExit) and end.code != INTERRUPTED:
            raise
        typer.echo("mmt: stopped; the same command goes on where it was.", err=True)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
