"""How long each notebook takes, in order and alone, against the limit that its header states."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd

from mmtlib.core.cache import temporary_cache
from mmtlib.core.errors import DataError, MmtlibError
from mmtlib.core.files import write_whole, writing
from mmtlib.core.sealed import read_json, write_json
from mmtlib.course.pairing import check_notebook, read_source, write_notebooks
from mmtlib.course.project import notebook_sources
from mmtlib.course.running import complaints, execute, library_hash

_LIMIT = re.compile(r"\bat most (\d+) (second|minute)s? to run\b")
_COLUMNS = ["notebook", "limit_s", "in_order_s", "in_order_cpu_s", "alone_s", "alone_cpu_s"]
_Measured = tuple[float, float, list[str]]


@dataclass(frozen=True, slots=True)
class Timed:
    """What `time_notebooks` found.

    Attributes:
        table: a row per notebook: ``notebook``, ``limit_s`` (its header's), ``in_order_s`` (all
            with one cache that was empty before the first), ``alone_s`` (each with an empty one),
            the processor time of both (``in_order_cpu_s``, ``alone_cpu_s``), all in seconds, and
            ``within`` (both times are within the limit).
        complaints: what a notebook showed and should not, one line each.
    """

    table: pd.DataFrame
    complaints: list[str]

    @property
    def good(self) -> bool:
        """Whether every notebook was within its limit and nothing was complained of."""
        return bool(self.table.within.all()) and not self.complaints


def time_limit_s(notebook: nbformat.NotebookNode) -> float:
    """Return the limit in the header, ``at most N minutes to run`` (or seconds), in seconds.

    Raises:
        DataError: if the first cell does not state exactly one limit.
    """
    header = " ".join(notebook.cells[0].source.split())
    found = _LIMIT.findall(header)
    if len(found) != 1:
        raise DataError(
            f"The header of {header[:40]!r}... should say once 'at most N minutes to run' (or "
            f"seconds), and says it {len(found)} times."
        )
    number, unit = found[0]
    return float(number) * (60 if unit == "minute" else 1)


def time_notebooks(
    out: Path, *, only: str | None = None, report: Callable[[str], None] = print
) -> Timed:
    """Run every notebook twice from empty caches, in order and alone, and take the time.

    The user's own cache is neither read nor written. A notebook that fails is complained of, and
    the others are run all the same. What was measured is kept in ``out/unfinished.json`` until all
    is: started again after it was stopped, with the same notebooks and library, this goes on with
    the next notebook that is run alone. Those in order share a cache, so they begin anew unless all
    of them were done.

    Args:
        out: gets the copies executed in order, and ``times.csv``.
        only: run only notebooks whose name contains this.
        report: called with a line per notebook and pass.

    Raises:
        DataError: if no name contains `only`, a header states no limit, or what was kept is
            damaged.
    """
    sources = notebook_sources(only)
    limits = [time_limit_s(read_source(source)) for source in sources]
    for source in sources:
        check_notebook(out / f"{source.stem}.ipynb", read_source(source))
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    unfinished = out / "unfinished.json"
    done = _time_all(sources, out, unfinished, report)
    both = [[done[f"{source.stem}, {how}"] for source in sources] for how in ("in order", "alone")]
    rows = [(s.stem, limit, *order[:2], *alone[:2])
            for s, limit, order, alone in zip(sources, limits, *both, strict=True)]  # fmt: skip
    table = pd.DataFrame(rows, columns=_COLUMNS)
    table["within"] = table[["in_order_s", "alone_s"]].max(axis=1) <= table.limit_s
    write_whole(out / "times.csv", table.round(1).to_csv(index=False))
    unfinished.unlink()
    complained = [f"{name}{line}" for name, (_, _, lines) in done.items() for line in lines]
    return Timed(table, complained)


def _time_all(
    sources: list[Path], out: Path, unfinished: Path, report: Callable[[str], None]
) -> dict[str, _Measured]:
    """Return ``"NAME, in order"`` and ``"NAME, alone"`` -> what was measured."""
    key = library_hash(*sources)
    done = _read_unfinished(unfinished, key)
    if done:
        report(f"going on: {len(done)} of {2 * len(sources)} measurements are in {unfinished}")
    for how, together in (("in order", sources), *(("alone", [source]) for source in sources)):
        if all(f"{source.stem}, {how}" in done for source in together):
            continue
        with temporary_cache():
            for source in together:
                done[f"{source.stem}, {how}"] = _timed(source, out, how, report)
                write_json(unfinished, {"key": key, "done": done})
    return done


def _read_unfinished(path: Path, key: str) -> dict[str, _Measured]:
    """Return what was measured of the same notebooks and library before it was stopped."""
    if not path.exists():
        return {}
    remedy = "delete it and run the same command again: all notebooks are then timed anew"
    known = read_json(path, {"key": str, "done": dict[str, list[Any]]}, remedy=remedy)
    return known["done"] if known["key"] == key else {}


def _timed(source: Path, out: Path, how: str, report: Callable[[str], None]) -> _Measured:
    """Run one notebook; return seconds by the clock and of the processor, and complaints."""
    notebook = read_source(source)
    start, busy = time.monotonic(), _processor_s()
    complained = []
    try:
        execute(notebook, source.stem, folder=out)
    except MmtlibError as error:
        complained.append(f": {str(error).splitlines()[0]}")
    seconds, processor_s = time.monotonic() - start, _processor_s() - busy
    complained += [f", {line}" for line in complaints(notebook)]
    if how == "in order":
        write_notebooks({out / f"{source.stem}.ipynb": notebook})
    report(f"{source.stem} {how}: {seconds:.0f} s, {processor_s:.0f} s of the processor")
    return seconds, processor_s, complained


def _processor_s() -> float:
    """Return the processor time of all processes that this one has started and seen the end of."""
    spent = os.times()
    return spent.children_user + spent.children_system
