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
from mmtlib.results import Grid, load_history, load_results
from mmtlib.study import answers, calibration_and_cost, complete_grids, focal_contrasts
from mmtlib.study.measured import Measured

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
        self._kept: dict[Any, tuple[Any, frozenset[str]]] = {}
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
            self._kept[key] = value, frozenset(origins)
        value, origins = self._kept[key]
        self._noted |= origins
        return value

    def results(self, study: str) -> pd.DataFrame:
        """Return the package's results of a study (`mmtlib.load_results`).

        Raises:
            NotStored: if it has none.
        """
        return self.keep(("results", study), lambda: self._results(study))

    def _results(self, study: str) -> pd.DataFrame:
        every = self.keep("every result", lambda: load_results(folder=cache.SHIPPED))
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
        found = self.keep("grids", lambda: dict(complete_grids(cache.SHIPPED)))
        if question not in found:
            raise _not_stored(f"results of question {question} of the study")
        self.results(found[question].name)
        return found[question]

    def history(self, study: str, kind: str = "streams", **where: Any) -> pd.DataFrame:
        """Return how the runs of a study learnt (`mmtlib.load_history`).

        Raises:
            NotStored: if the package has no results of it.
        """
        self.results(study)
        key = ("history", study, kind, *sorted(where.items()))
        return self.keep(key, lambda: load_history(study, kind, folder=cache.SHIPPED, **where))

    def predictions(self, question: str, arm: str, target: str) -> list[list[Predictions]]:
        """Return what an arm said about the test clips: for each seed, one per generator seed.

        Raises:
            NotStored: if the question's results are not stored.
        """
        grid = self.grid(question)
        measured = self.keep(("measured", question), lambda: Measured(grid, folder=cache.SHIPPED))
        return measured.of_arm(arm, target)

    def answers(self) -> pd.DataFrame:
        """Return every comparison of the study that is stored (`mmtlib.study.answers`).

        Raises:
            NotStored: if there is none.
        """
        return self._of_study("answers", answers)

    def focal_contrasts(self) -> pd.DataFrame:
        """Return `mmtlib.study.focal_contrasts`.

        Raises:
            NotStored: if the results of S4 are not stored.
        """
        self.grid("S4")
        return self.keep("contrasts", lambda: focal_contrasts(cache.SHIPPED))

    def calibration(self) -> pd.DataFrame:
        """Return `mmtlib.study.calibration_and_cost`.

        Raises:
            NotStored: if the results of H1 are not stored.
        """
        self.grid("H1")
        return self.keep("calibration", lambda: calibration_and_cost(cache.SHIPPED))

    def _of_study(self, name: str, read: Callable[..., pd.DataFrame]) -> pd.DataFrame:
        found = self.keep(name, lambda: read(cache.SHIPPED))
        if found.empty:
            raise _not_stored("test results of the study")
        for study in found["study"].unique():
            self.results(study)
        return found

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
        wanted = together.config.alone(modality).canonical()
        for found in self.keep("runs", _every_run):
            if found.config.canonical() == wanted and found.run_id != together.run_id:
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
