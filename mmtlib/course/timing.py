"""How long each notebook takes, in order and alone, against the limit that its header states."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd

from mmtlib.core.cache import temporary_cache, whole_file
from mmtlib.core.errors import DataError, MmtlibError
from mmtlib.course.pairing import notebook_text, read_source, write_if_changed
from mmtlib.course.project import notebook_sources
from mmtlib.course.running import complaints, execute, library_hash

_LIMIT = re.compile(r"\bat most (\d+) (second|minute)s? to run\b")
_COLUMNS = ("limit_s", "in_order_s", "in_order_cpu_s", "alone_s", "alone_cpu_s")
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
    sources = [source for source in notebook_sources() if only is None or only in source.stem]
    if not sources:
        raise DataError(f"No notebook's name contains {only!r}.")
    out.mkdir(parents=True, exist_ok=True)
    limits = {source: time_limit_s(read_source(source)) for source in sources}
    kept = _Kept(out / "unfinished.json", sources, report)
    if not kept.has_all("in order"):
        with temporary_cache():
            for source in sources:
                kept.add("in order", source, _timed(source, out, "in order", report))
    for source in sources:
        if not kept.has("alone", source):
            with temporary_cache():
                kept.add("alone", source, _timed(source, out, "alone", report))
    rows = [(s.stem, limits[s], *kept.times("in order", s), *kept.times("alone", s))
            for s in sources]  # fmt: skip
    table = pd.DataFrame(rows, columns=["notebook", *_COLUMNS])
    table["within"] = table[["in_order_s", "alone_s"]].max(axis=1) <= table.limit_s
    with whole_file(out / "times.csv") as temporary:
        table.round(1).to_csv(temporary, index=False)
    complained = kept.complaints()
    kept.path.unlink()
    return Timed(table, complained)


class _Kept:
    """Measurements of a `time_notebooks` that is not finished, in a file.

    Args:
        path: the file; what it holds of other notebooks or another library is dropped.
        sources: the notebooks.
        report: told what is there already.
    """

    def __init__(self, path: Path, sources: list[Path], report: Callable[[str], None]) -> None:
        self.path, self.sources = path, sources
        digest = hashlib.sha256(library_hash().encode())
        for source in sources:
            digest.update(source.read_bytes())
        self.key, self.done = digest.hexdigest(), {}
        if path.exists():
            known = self._read()
            if known["key"] == self.key:
                self.done = known["done"]
                count = len(self.done)
                report(f"going on: {count} of {2 * len(sources)} measurements are in {path}")

    def _read(self) -> dict[str, Any]:
        try:
            known = json.loads(self.path.read_text())
            return {name: known[name] for name in ("key", "done")}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{self.path} is damaged ({error}); delete it and run the same command again: "
                "all notebooks are then timed anew."
            ) from None

    def has(self, how: str, source: Path) -> bool:
        return f"{source.stem}, {how}" in self.done

    def has_all(self, how: str) -> bool:
        return all(self.has(how, source) for source in self.sources)

    def add(self, how: str, source: Path, measured: _Measured) -> None:
        self.done[f"{source.stem}, {how}"] = list(measured)
        with whole_file(self.path) as temporary:
            temporary.write_text(json.dumps({"key": self.key, "done": self.done}, indent=1))

    def times(self, how: str, source: Path) -> tuple[float, float]:
        seconds, processor_s, _ = self.done[f"{source.stem}, {how}"]
        return seconds, processor_s

    def complaints(self) -> list[str]:
        both = [f"{source.stem}, {how}" for how in ("in order", "alone") for source in self.sources]
        return [f"{name}{line}" for name in both for line in self.done[name][2]]


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
        write_if_changed(out / f"{source.stem}.ipynb", notebook_text(notebook))
    report(f"{source.stem} {how}: {seconds:.0f} s, {processor_s:.0f} s of the processor")
    return seconds, processor_s, complained


def _processor_s() -> float:
    """Return the processor time of all processes that this one has started and seen the end of."""
    spent = os.times()
    return spent.children_user + spent.children_system
