"""Run the study in the order of its plan: what is chosen comes before any test clip is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from mmtlib.core.errors import DataError, unknown_name
from mmtlib.results import Grid, SweepReport, load_history, load_results, sweep
from mmtlib.study import plan

PARTS = ("tuning", "primary", "secondary")
"""In the order in which they must be run."""
QUESTIONS = ("tuning", "H1", *(f"S{number}" for number in range(1, 9)))
"""The grids of all parts, in the order of the plan."""


def conduct(
    parts: Iterable[str] = PARTS,
    *,
    questions: Iterable[str] | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    memory: str | None = None,
    anew: bool = False,
    progress: Callable[[int, int], None] | None = None,
    data_progress: Callable[[int, int], None] | None = None,
) -> Iterator[SweepReport]:
    """Run parts of the study, grid by grid, and yield what came of each.

    Every grid is complete on validation clips before its test clips are read, once; the test clips
    of the tuning are never read. What is there already is not run again.

    Args:
        parts: of `PARTS`.
        questions: of `QUESTIONS`, of these parts only those; default (or none) all of them.
        workers, scheduler, memory: as `mmtlib.sweep`.
        anew: make the runs, too, whose results come with the package.
        progress, data_progress: as `mmtlib.sweep`, for one grid at a time.

    Raises:
        ConfigError: if there is no such part or question.
        DataError: if what a part builds on is not there, or a run failed.
    """
    chosen = _known("part of the study", parts, PARTS)
    asked = _known("question of the study", questions or QUESTIONS, QUESTIONS)
    for part in sorted(chosen, key=PARTS.index):
        for grid in (g for name, g in grids_of(part).items() if name in asked):
            for split in splits_of(part):
                report = sweep(
                    grid, split=split, workers=workers, scheduler=scheduler, memory=memory,
                    stored=not anew, progress=progress, data_progress=data_progress,
                )  # fmt: skip
                _check_complete(report)
                yield report


def splits_of(part: str) -> tuple[str, ...]:
    """Return what a part is measured on, in this order."""
    return ("validation",) if part == "tuning" else ("validation", "test")


def grids_of(part: str, folder: str | Path | None = None) -> dict[str, Grid]:
    """Return the grids of a part by the number of their question, as the results so far make them.

    Args:
        part: of `PARTS`.
        folder: the results store; None = the cache's, beside the package's.

    Raises:
        ConfigError: if there is no such part.
        DataError: if the results of the parts before it are not there.
    """
    if part not in PARTS:
        raise unknown_name("part of the study", part, PARTS)
    if part == "tuning":
        return {"tuning": plan.tuning()}
    chosen = plan.choose(load_results(plan.TUNING, folder=folder))
    if part == "primary":
        return {"H1": plan.primary(chosen)}
    return plan.secondary(chosen, matched_rho(folder))


def matched_rho(folder: str | Path | None = None) -> float:
    """Return the mean of rho for RGB as learner of depth over the runs and epochs of H1.

    Args:
        folder: the results store; None = the cache's, beside the package's.

    Raises:
        ConfigError: if H1 has not been run.
        DataError: if its histories are not there.
    """
    pairs = load_history(plan.PRIMARY, "pairs", folder=folder, method="mtut")
    mine = pairs[pairs["learner"] == plan.TARGET]
    if mine.empty:
        raise DataError(
            f"The runs of {plan.PRIMARY!r} have no rho: their networks did not learn from each "
            "other; look at what the tuning chose."
        )
    return round(float(mine["rho"].mean()), 4)


def _known(what: str, names: Iterable[str], known: tuple[str, ...]) -> list[str]:
    found = list(names)
    for name in found:
        if name not in known:
            raise unknown_name(what, name, known)
    return found


def _check_complete(report: SweepReport) -> None:
    if report.failures:
        first = report.failures[0]
        raise DataError(
            f"{len(report.failures)} runs of {report.study!r} failed, e.g. {first.task.arm!r}, "
            f"seed {first.task.config.seed}: {first.error} Start the study again when that is "
            "mended; it goes on where it was."
        )
