"""The root of ``mmt`` and how it ends."""

from __future__ import annotations

import sys
from collections.abc import Callable
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
for _name, _group in (
    ("data", data.app), ("runs", runs.runs), ("study", study.app), ("course", course.app),
):  # fmt: skip
    app.add_typer(_group, name=_name)
_COMMANDS: dict[str, Callable[..., None]] = {
    "train": runs.train,
    "evaluate": runs.evaluate_command,
    "compare": runs.compare_command,
    "settings": runs.show_settings,
    "finetune": finetune.finetune,
    "sweep": sweep.sweep_command,
    "figures": figures.figures,
    "export": deploy.export,
    "predict": deploy.predict_command,
    "explore": explore.explore_command,
    "tutorial": course.tutorial,
    "notebooks": course.notebooks,
    "lint": course.lint,
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)
for _name, _passing_on in {"lab": course.lab, "test": course.test}.items():
    app.command(_name, context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(
        _passing_on
    )


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
