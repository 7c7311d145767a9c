"""How the commands print tables and progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    import pandas as pd

console = Console(highlight=False)
err_console = Console(stderr=True, highlight=False)


def table(frame: pd.DataFrame, title: str | None = None) -> None:
    """Print a data frame; numbers are printed as they are."""
    out = Table(title=title, title_justify="left", title_style="bold")
    for name in frame.columns:
        numeric = frame[name].dtype.kind in "if"
        out.add_column(str(name), justify="right" if numeric else "left", overflow="fold")
    for row in frame.itertuples(index=False):
        out.add_row(*("" if value != value else str(value) for value in row))
    console.print(out)


def percent(fraction: float) -> str:
    """Return a fraction as a percentage with one decimal."""
    return f"{100 * fraction:.1f} %"


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """Give a function ``(done, all)`` that draws a progress bar on standard error."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err_console,
        transient=True,
    ) as progress:
        task = progress.add_task(what, total=None, visible=False)
        yield lambda done, total, *_: progress.update(
            task, completed=done, total=total, visible=True
        )
