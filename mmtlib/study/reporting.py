"""The study's results as a page of Markdown, made from the store alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from mmtlib.core.cache import whole_file
from mmtlib.core.errors import DataError
from mmtlib.results import load_results
from mmtlib.study import plan
from mmtlib.study.answers import (
    LATE_FUSION,
    PARTNERS_TOLD,
    answers,
    calibration_and_cost,
    control_contrasts,
    focal_contrasts,
    partner_changes,
)
from mmtlib.study.wording import NAMES, QUESTIONS, arm_name, p_value, percent, points

BEGIN = "<!-- written by `mmt study report`: change nothing between here and the end mark -->"
END = "<!-- end of what `mmt study report` wrote -->"


def report(folder: str | Path | None = None) -> str:
    """Return what the study found as Markdown: tables with intervals, and what they show.

    The same results give the same text.

    Args:
        folder: the results store; None = the cache's, beside the package's.

    Raises:
        DataError: if there are no test results of the study.
    """
    table = answers(folder)
    if table.empty:
        raise DataError("There are no test results of the study here; `mmt study` makes them.")
    lines = [*_head(folder), *_primary(table), *_tuning(folder)]
    for question, text in QUESTIONS.items():
        rows = table[table["question"] == question]
        lines += [f"### {question}. {text}", ""]
        if rows.empty:
            lines += ["Not run yet.", ""]
            continue
        lines += [*_table(rows, _COLUMNS), "", _said(rows), ""]
        if question == "S1":
            lines += _depth(table)
        if question == "S3":
            lines += _controls(folder)
        if question == "S4":
            lines += _contrasts(folder)
        if question in PARTNERS_TOLD:
            lines += _partners(question, folder)
    lines += _calibration(folder)
    return "\n".join(lines).rstrip() + "\n"


def write_report(page: Path, folder: str | Path | None = None) -> None:
    """Put the report between the two marks of a page.

    Args:
        page: a Markdown file with the lines `BEGIN` and `END`.
        folder: as `report`.

    Raises:
        DataError: if the page is missing or lacks the marks, or as `report`.
    """
    if not page.exists():
        raise DataError(f"There is no page {page} to write the report into.")
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise DataError(f"{page} needs the lines {BEGIN!r} and {END!r}, once each, in this order.")
    before, after = text[: text.index(BEGIN)], text[text.index(END) :]
    with whole_file(page) as temporary:
        temporary.write_text(f"{before}{BEGIN}\n\n{report(folder)}\n{after}", encoding="utf-8")


def _head(folder: str | Path | None) -> list[str]:
    rows = load_results(folder=folder)
    rows = rows[rows["study"].str.startswith("study-")]
    runs = rows.drop_duplicates("identity")
    hours = runs["seconds"].sum() / 3600
    days = sorted({date[:10] for date in runs["date"]})
    codes = sorted(set(runs["code"]))
    machines = ", ".join(sorted(set(runs["machine"])))
    return [
        f"{len(runs)} trainings, {hours:.1f} hours of one core. Made by "
        f"`{'`, `'.join(sorted(set(runs['command'])))}`, {' to '.join(_ends(days))}, "
        f"code {', '.join(codes)}, on {machines}, torch {', '.join(sorted(set(runs['torch'])))}.",
        "",
        "Differences are in points, against the same network alone with the same seeds, on test "
        "clips; intervals are 95 % bootstraps over people and seeds. p is that of a paired t test "
        "over seeds, adjusted by Holm's method over all secondary comparisons of this page; one "
        "that two tables show (the same runs) counts once.",
        "",
    ]


def _ends(days: list[str]) -> list[str]:
    return list(dict.fromkeys([days[0], days[-1]]))


def _primary(table: pd.DataFrame) -> list[str]:
    row = table[(table["question"] == "H1") & (table["target"] == plan.TARGET)].iloc[0]
    verdict = "H1 holds" if row["low"] > 0 else "H1 was **not shown**: the interval holds zero"
    if row["high"] < 0:
        verdict = "H1 is **refuted**: RGB lost"
    seeds = ", ".join(f"{points(step)}" for step in row["per_seed"])
    return [
        "### H1. Does RGB gain from depth?",
        "",
        f"RGB alone {percent(row['before'])} %, trained with depth by SSA and focal "
        f"regularization {percent(row['after'])} %: **{points(row['difference'])} points** "
        f"({points(row['low'])} to {points(row['high'])}; {row['seeds']} seeds x "
        f"{len(plan.GENERATORS)} generator seeds, {row['people']} people; p {p_value(row['p'])}). "
        f"**{verdict}.**",
        "",
        f"Per seed: {seeds}.",
        "",
    ]


def _tuning(folder: str | Path | None) -> list[str]:
    rows = load_results(plan.TUNING, folder=folder)
    rows = rows[(rows["target"] == plan.TARGET) & (rows["split"] == "validation")]
    means = rows.groupby("arm")["accuracy"].mean()
    chosen = plan.choose(rows)
    lines = ["### What was chosen, on validation people", ""]
    lines += ["| method | trials: RGB (%) |", "|---|---|"]
    for method, trials in plan.TRIALS.items():
        shown = []
        for trial, settings in trials.items():
            text = f"{trial}: {percent(means[f'{method} {trial}'])}"
            best = {**plan.METHODS.get(method, {}), **settings} == chosen[method]
            shown.append(f"**{text}**" if best else text)
        lines.append(f"| {arm_name(method)} | {', '.join(shown)} |")
    seeds = " and ".join(map(str, plan.TUNING_SEEDS))
    return [*lines, "", f"Seeds {seeds}, generator seed 0; no test clip was read.", ""]


def _depth(table: pd.DataFrame) -> list[str]:
    rows = table[(table["question"] == "H1") & (table["target"] == "depth")]
    row = rows.iloc[0]
    return [
        f"Depth beside RGB in the runs of H1: {percent(row['before'])} % alone, "
        f"{points(row['difference'])} points ({points(row['low'])} to {points(row['high'])}; "
        f"{row['seeds']} seeds; adjusted p {p_value(row['p_holm'])}).",
        "",
    ]


def _controls(folder: str | Path | None) -> list[str]:
    rows = control_contrasts(folder)
    columns: dict[str, Callable[[Any], str]] = {
        "control": lambda r: arm_name(r.arm),
        "control (%)": lambda r: percent(r.before),
        "SSA + focal (%)": lambda r: percent(r.after),
        **_STEP,
    }
    return ["SSA + focal against each control, same seeds:", "", *_table(rows, columns), ""]


def _contrasts(folder: str | Path | None) -> list[str]:
    rows = focal_contrasts(folder)
    columns: dict[str, Callable[[Any], str]] = {
        "weight": lambda r: f"{r.ssa_weight:g}",
        "noise": lambda r: f"{r.corruption_strength:g}",
        "without focal (%)": lambda r: percent(r.before),
        "with focal (%)": lambda r: percent(r.after),
        **_STEP,
    }
    return ["With focal regularization against without it:", "", *_table(rows, columns), ""]


def _partners(question: str, folder: str | Path | None) -> list[str]:
    said = [
        f"{NAMES[row.target]} {percent(row.before)} % alone, {percent(row.after)} % this way: "
        f"{points(row.difference)} points ({points(row.low)} to {points(row.high)})"
        for row in partner_changes(question, folder).itertuples()
    ]
    return [f"The partner in the same runs: {'; '.join(said)}.", ""]


def _calibration(folder: str | Path | None) -> list[str]:
    rows = calibration_and_cost(folder)
    columns: dict[str, Callable[[Any], str]] = {
        "what": lambda r: arm_name(r.arm),
        "tested": lambda r: NAMES[r.target],
        "accuracy (%)": lambda r: percent(r.accuracy),
        "calibration error (%)": lambda r: percent(r.ece),
        "against alone (points, 95 % t interval)": lambda r: (
            "-" if pd.isna(r.ece_difference)
            else f"{points(r.ece_difference)} ({points(r.low)} to {points(r.high)})"
        ),
        "training (s)": lambda r: f"{r.seconds:.0f}",
    }  # fmt: skip
    return [
        "### S9. Calibration, and what it costs",
        "",
        *_table(rows, columns),
        "",
        "Expected calibration error with 15 bins, mean over the runs of H1; seconds are the median "
        "of a whole training (of several networks together), with other runs beside it.",
        "",
    ]


_STEP: dict[str, Callable[[Any], str]] = {
    "difference": lambda r: points(r.difference),
    "95 % interval": lambda r: f"{points(r.low)} to {points(r.high)}",
}
_COLUMNS: dict[str, Callable[[Any], str]] = {
    "what": lambda r: arm_name(r.arm),
    "tested": lambda r: NAMES[r.target],
    "alone (%)": lambda r: percent(r.before),
    "this way (%)": lambda r: percent(r.after),
    **_STEP,
    "seeds": lambda r: str(r.seeds),
    "adjusted p": lambda r: "reference" if pd.isna(r.p_holm) else p_value(r.p_holm),
}


def _said(rows: pd.DataFrame) -> str:
    """Return which comparisons of a question hold, by their intervals."""
    tested = rows[rows["arm"] != LATE_FUSION]
    groups = {
        "Gained": tested[tested["low"] > 0],
        "Lost": tested[tested["high"] < 0],
        "Not shown": tested[(tested["low"] <= 0) & (tested["high"] >= 0)],
    }
    several = tested["target"].nunique() > 1
    said = [
        f"{verdict}: {'; '.join(_name(row, several) for row in found.itertuples())}."
        for verdict, found in groups.items()
        if len(found)
    ]
    return " ".join(said)


def _name(row: Any, several: bool) -> str:
    arm = arm_name(row.arm)
    return f"{NAMES[row.target]} of {arm}" if several else arm


def _table(rows: pd.DataFrame, columns: dict[str, Callable[[Any], str]]) -> Iterable[str]:
    yield "| " + " | ".join(columns) + " |"
    yield "|" + "---|" * len(columns)
    for row in rows.itertuples():
        yield "| " + " | ".join(show(row) for show in columns.values()) + " |"
