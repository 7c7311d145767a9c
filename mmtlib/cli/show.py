"""How the commands print tables and progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from mmtlib.core.tables import percent

if TYPE_CHECKING:
    import pandas as pd

    from mmtlib.datasets.verify import VerifyReport

# Paths and messages are printed as they are: a folder "[old]" is no markup.
console = Console(highlight=False, markup=False, emoji=False)
err_console = Console(stderr=True, highlight=False, markup=False, emoji=False)


def say(text: str) -> None:
    """Print a line as it is, however long: a terminal wraps it, a file keeps it whole."""
    console.print(text, soft_wrap=True)


def be_silent() -> None:
    """Print nothing more: of several training processes one speaks."""
    console.quiet = err_console.quiet = True


def table(frame: pd.DataFrame, title: str | None = None) -> None:
    """Print a data frame; numbers are printed as they are."""
    out = Table(title=title, title_justify="left", title_style="bold")
    for name in frame.columns:
        numeric = frame[name].dtype.kind in "if"
        justify: Literal["left", "right"] = "right" if numeric else "left"
        out.add_column(str(name), justify=justify, overflow="fold", no_wrap=name in ("run", "made"))
    for row in frame.itertuples(index=False):
        out.add_row(*("" if value != value else str(value) for value in row))
    console.print(out)


def verify_report(found: VerifyReport) -> None:
    """Print what looking at a data set found."""
    table(found.counts(), f"{found.name} in {found.root}")
    say(found.text())


def as_percent(fraction: float) -> str:
    """Return a fraction as a percentage with one decimal."""
    return f"{percent(fraction)} %"


def size(number: float) -> str:
    """Return bytes in MiB or GiB."""
    mebibytes = number / 2**20
    return f"{mebibytes:,.0f} MiB" if mebibytes < 1024 else f"{mebibytes / 1024:,.1f} GiB"


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it."""
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} seconds"


@contextmanager
def bars(*names: str) -> Iterator[list[Callable[..., None]]]:
    """Give for each name a function ``(done, all)`` that draws a progress bar on standard error.

    Nothing is drawn where standard error is no terminal.
    """
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err_console,
        transient=True,
        disable=not err_console.is_terminal,
    ) as progress:
        tasks = [progress.add_task(name, total=None, visible=False) for name in names]
        yield [partial(_advance, progress, task) for task in tasks]


@contextmanager
def bar(name: str) -> Iterator[Callable[..., None]]:
    """Give one function of `bars`."""
    with bars(name) as (advance,):
        yield advance


def _advance(progress: Progress, task: TaskID, done: int, total: int, *_: object) -> None:
    progress.update(task, completed=done, total=total, visible=True)
