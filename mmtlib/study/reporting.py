"""The study's results as a page of Markdown, made from the store alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from mmtlib.core.errors import DataError
from mmtlib.core.files import write_whole
from mmtlib.core.tables import Columns, TextTable, interval_text, p_value, percent, points
from mmtlib.results import load_results
from mmtlib.study import columns, plan
from mmtlib.study.answers import LATE_FUSION, PARTNERS_TOLD, Findings
from mmtlib.study.wording import NAMES, QUESTIONS, arm_name

BEGIN = "<!-- written by `mmt study report`: change nothing between here and the end mark -->"
END = "<!-- end of what `mmt study report` wrote -->"


def report_text(folder: str | Path | None = None) -> str:
    """Return what the study found as Markdown: tables with intervals, and what they show.

    The same results give the same text.

    Args:
        folder: the results store; None = the cache's, beside the package's.

    Raises:
        DataError: if there are no test results of the study.
    """
    findings = Findings(folder)
    table = findings.answers()
    if table.empty:
        raise DataError("There are no test results of the study here; `mmt study` makes them.")
    lines = [*_head(folder), *_primary(table), *_tuning(folder)]
    for question, text in QUESTIONS.items():
        rows = table[table["question"] == question]
        lines += [f"### {question}. {text}", ""]
        if rows.empty:
            lines += ["Not run yet.", ""]
            continue
        lines += [*_lines(rows, _COLUMNS), "", _said(rows), ""]
        if question == "S1":
            lines += _depth(table)
        if question == "S3":
            table_of = _lines(findings.control_contrasts(), columns.CONTROLS)
            lines += ["SSA + focal against each control, same seeds:", "", *table_of, ""]
        if question == "S4":
            table_of = _lines(findings.focal_contrasts(), columns.FOCAL)
            lines += ["With focal regularization against without it:", "", *table_of, ""]
        if question in PARTNERS_TOLD:
            lines += _partners(findings.partner_changes(question))
    lines += _calibration(findings.calibration_and_cost())
    return "\n".join(lines).rstrip() + "\n"


def write_report(page: Path, folder: str | Path | None = None) -> None:
    """Put the report between the two marks of a page.

    Args:
        page: a Markdown file with the lines `BEGIN` and `END`.
        folder: as `report_text`.

    Raises:
        DataError: if the page is missing or lacks the marks, or as `report_text`.
    """
    if not page.exists():
        raise DataError(f"There is no page {page} to write the report into.")
    text = page.read_text(encoding="utf-8")
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise DataError(f"{page} needs the lines {BEGIN!r} and {END!r}, once each, in this order.")
    before, after = text[: text.index(BEGIN)], text[text.index(END) :]
    write_whole(page, f"{before}{BEGIN}\n\n{report_text(folder)}\n{after}")


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
        f"({interval_text(row['low'], row['high'], points)}; {row['seeds']} seeds x "
        f"{len(plan.GENERATORS)} generator seeds, {row['people']} people; "
        f"p {p_value(row['p'])}). **{verdict}.**",
        "",
        f"Per seed: {seeds}.",
        "",
    ]


def _tuning(folder: str | Path | None) -> list[str]:
    rows = load_results(plan.TUNING, folder=folder)
    lines = ["### What was chosen, on validation people", ""]
    lines += ["| method | trials: RGB (%) |", "|---|---|"]
    for method, trials in plan.trial_table(rows).groupby("method", sort=False):
        shown = [
            f"{'**' * row.chosen}{row.trial}: {percent(row.accuracy)}{'**' * row.chosen}"
            for row in trials.itertuples()
        ]
        lines.append(f"| {arm_name(str(method))} | {', '.join(shown)} |")
    seeds = " and ".join(map(str, plan.TUNING_SEEDS))
    return [*lines, "", f"Seeds {seeds}, generator seed 0; no test clip was read.", ""]


def _depth(table: pd.DataFrame) -> list[str]:
    rows = table[(table["question"] == "H1") & (table["target"] == "depth")]
    row = rows.iloc[0]
    return [
        f"Depth beside RGB in the runs of H1: {percent(row['before'])} % alone, "
        f"{points(row['difference'])} points "
        f"({interval_text(row['low'], row['high'], points)}; {row['seeds']} seeds; adjusted p "
        f"{p_value(row['p_holm'])}).",
        "",
    ]


def _partners(rows: pd.DataFrame) -> list[str]:
    said = [
        f"{NAMES[row.target]} {percent(row.before)} % alone, {percent(row.after)} % this "
        f"way: {points(row.difference)} points ({interval_text(row.low, row.high, points)})"
        for row in rows.itertuples()
    ]
    return [f"The partner in the same runs: {'; '.join(said)}.", ""]


def _calibration(rows: pd.DataFrame) -> list[str]:
    return [
        "### S9. Calibration, and what it costs",
        "",
        *_lines(rows, columns.CALIBRATION),
        "",
        "Expected calibration error with 15 bins, mean over the runs of H1; seconds are the median "
        "of a whole training (of several networks together), with other runs beside it.",
        "",
    ]


_COLUMNS: Columns = {
    **columns.DIFFERENCES,
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


def _lines(rows: pd.DataFrame, shown: Columns) -> list[str]:
    return TextTable(rows, shown).markdown(align=False)
