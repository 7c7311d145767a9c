"""What the gallery is drawn from: stored results, stored networks, clips; each with its origin.

Only the package's own results are read, not those of the cache, so that everybody draws the same
figures. Whatever is asked for is remembered with where it came from: the provenance of a figure is
the origin of all that was asked for while it was drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pandas as pd

from mmtlib.core import cache
from mmtlib.core.errors import DataError
from mmtlib.evaluation import Predictions
from mmtlib.experiment import Run, list_runs, load_run, stored_run, stored_runs
from mmtlib.results import Grid, ResultsStore, baseline_key
from mmtlib.results.baselines import run_key
from mmtlib.study import Findings

T = TypeVar("T")
DRAWN_FROM_FORMULAS = "drawn from the definitions; no result is shown"
TOGETHER = "mtut"
"""The stored run that is looked at if none is named."""


class NotStored(DataError):
    """A figure needs results or a network that are not stored (yet)."""


class Material:
    """Stored results and networks, read once, each with its origin.

    Args:
        run: the run that figures about one training show; None = the package's `TOGETHER`.
    """

    def __init__(self, run: Run | None = None) -> None:
        self._run = run
        self._kept: dict[Any, tuple[Any, set[str]]] = {}
        self._noted: set[str] = set()

    @contextmanager
    def noting(self) -> Iterator[set[str]]:
        """Give the set of origins of everything that is asked for inside the block."""
        before, self._noted = self._noted, set()
        try:
            yield self._noted
        finally:
            before |= self._noted
            self._noted = before

    def note(self, origin: str) -> None:
        """Add an origin to those of the figure that is being drawn."""
        self._noted.add(origin)

    def keep(self, key: Any, make: Callable[[], T]) -> T:
        """Return what `make` returns, made once; its origins count each time it is asked for."""
        if key not in self._kept:
            with self.noting() as origins:
                value = make()
            self._kept[key] = value, set(origins)
        value, origins = self._kept[key]
        self._noted |= origins
        return value

    @property
    def _findings(self) -> Findings:
        return self.keep("findings", lambda: Findings(cache.SHIPPED))

    def results(self, study: str) -> pd.DataFrame:
        """Return the package's results of a study (`mmtlib.load_results`).

        Raises:
            NotStored: if it has none.
        """
        return self.keep(("results", study), lambda: self._results(study))

    def _results(self, study: str) -> pd.DataFrame:
        every = self.keep("every result", lambda: ResultsStore(cache.SHIPPED).results())
        rows = every[every["study"] == study]
        if rows.empty:
            raise _not_stored(f"results of {study!r}")
        self._noted |= origins_of(rows)
        return rows

    def grid(self, question: str) -> Grid:
        """Return the grid of a question of the study, e.g. ``"S4"``.

        Raises:
            NotStored: if its results are not stored.
        """
        grids = self._findings.grids
        if question not in grids:
            raise _not_stored(f"results of question {question} of the study")
        self.results(grids[question].name)
        return grids[question]

    def history(self, study: str, kind: str = "streams", **where: Any) -> pd.DataFrame:
        """Return how the runs of a study learnt (`mmtlib.load_history`).

        Raises:
            NotStored: if the package has no results of it.
        """
        self.results(study)
        key = ("history", study, kind, *sorted(where.items()))
        store = ResultsStore(cache.SHIPPED)
        return self.keep(key, lambda: store.history(study, kind, **where))

    def predictions(self, question: str, arm: str, target: str) -> list[Predictions]:
        """Return what an arm predicted for the test clips of all generator seeds, seed by seed.

        Raises:
            NotStored: if the question's results are not stored.
        """
        self.grid(question)
        return self._findings.measured(question).pooled(arm, target)

    def answers(self) -> pd.DataFrame:
        """Return every comparison of the study that is stored (`mmtlib.study.answers`).

        Raises:
            NotStored: if there is none.
        """
        found = self.keep("answers", self._findings.answers)
        if found.empty:
            raise _not_stored("test results of the study")
        for study in found["study"].unique():
            self.results(study)
        return found

    def found(self, question: str, what: Callable[[Findings], pd.DataFrame]) -> pd.DataFrame:
        """Return a table of `mmtlib.study.Findings` about a question of the study.

        Raises:
            NotStored: if the results of the question are not stored.
        """
        self.grid(question)
        return self.keep((question, what), lambda: what(self._findings))

    def run(self) -> Run:
        """Return the run that figures about one training show.

        Raises:
            NotStored: if none is named and the package has none.
        """
        return self._noting(self._run) if self._run is not None else self.stored(TOGETHER)

    def stored(self, name: str) -> Run:
        """Return a run of the package.

        Raises:
            NotStored: if there is none of that name.
        """
        if name not in set(stored_runs()["name"]):
            raise _not_stored(f"the networks {name!r}")
        return self._noting(self.keep(("run", name), lambda: stored_run(name)))

    def alone(self, modality: str) -> Run:
        """Return the run of one network of `run` trained alone, from the package or the cache.

        Raises:
            NotStored: if there is none.
        """
        together = self.run()
        wanted = baseline_key(together.config, modality)
        for found in self.keep("runs", _every_run):
            same = run_key(found.config, hardware=False) == wanted
            if same and found.run_id != together.run_id:
                return self._noting(found)
        raise NotStored(
            f"The network of {modality} that was trained alone beside run {together.run_id} is not "
            "stored; train it with mmtlib.run(run.config.alone(...)), then draw again."
        )

    def _noting(self, found: Run) -> Run:
        self._noted.add(f"{found.origin}, code {found.facts.get('code', 'unknown')}")
        return found


def origins_of(rows: pd.DataFrame) -> set[str]:
    """Return where rows of `mmtlib.load_results` come from, in as few sentences as there are."""
    made = rows.assign(day=rows["date"].str[:10])
    found = set()
    for (command, stored), group in made.groupby(["command", "stored"]):
        days = sorted({group["day"].min(), group["day"].max()})
        codes = ", ".join(sorted(set(group["code"])))
        kind = "stored, " if stored else ""
        found.add(f"{kind}made by: {command} on {' to '.join(days)}, code {codes}")
    return found


def _not_stored(what: str) -> NotStored:
    return NotStored(
        f"The package does not hold {what} yet; `mmt study` makes them and `mmt study ship` puts "
        "them there."
    )


def _every_run() -> list[Run]:
    """Return the runs of the package, then those of the cache."""
    runs = [stored_run(name) for name in stored_runs()["name"]]
    table = list_runs()
    return runs + [load_run(name) for name in (table["run"] if len(table) else [])]
