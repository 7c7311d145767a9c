"""The study's tables: numbers as CSV, the same rounded as LaTeX and Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from mmtlib.core.cache import whole_file
from mmtlib.evaluation import mean_interval
from mmtlib.gallery.material import Material, NotStored
from mmtlib.gallery.registry import provenance_line
from mmtlib.study import plan
from mmtlib.study.wording import NAMES, arm_name

FOLDER = "tables"
SPECIAL = {"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "<": "$<$", ">": "$>$"}
"""What LaTeX would not print as it stands."""

Columns = dict[str, Callable[[Any], str]]
"""Heading -> how a row's cell is written; a heading that ends in ``)`` or ``seeds`` is a number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEntry:
    """One table of the gallery.

    Attributes:
        name: what ``mmt figures --only`` calls it.
        title: one line.
        note: what the numbers and intervals are.
        make: returns the rows, numbers as they are.
        columns: how they are shown.
    """

    name: str
    title: str
    note: str
    make: Callable[[Material], pd.DataFrame]
    columns: Columns


@dataclass(frozen=True, slots=True)
class MadeTable:
    """A table and where its numbers come from."""

    entry: TableEntry
    rows: pd.DataFrame
    provenance: str

    def markdown(self) -> str:
        """Return the table as Markdown, with its caption."""
        entry = self.entry
        lines = [f"## {entry.name}: {entry.title}", ""]
        lines += ["| " + " | ".join(entry.columns) + " |"]
        lines += [
            "|" + "|".join("---:" if _number(name) else "---" for name in entry.columns) + "|"
        ]
        lines += ["| " + " | ".join(cells) + " |" for cells in self._cells()]
        return "\n".join([*lines, "", entry.note, "", f"*{self.provenance}*", ""])

    def latex(self) -> str:
        """Return the table as LaTeX; it needs the package booktabs."""
        entry = self.entry
        kinds = "".join("r" if _number(name) else "l" for name in entry.columns)
        rows = [" & ".join(map(_escaped, cells)) + r" \\" for cells in self._cells()]
        heading = " & ".join(map(_escaped, entry.columns)) + r" \\"
        lines = [
            f"% {self.provenance}",
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{_escaped(entry.title)}. {_escaped(entry.note)}}}",
            rf"\label{{tab:{entry.name}}}",
            rf"\begin{{tabular}}{{{kinds}}}",
            r"\toprule", heading, r"\midrule", *rows, r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]  # fmt: skip
        return "\n".join([*lines, ""])

    def csv(self) -> str:
        """Return the numbers as they are, unrounded."""
        return self.rows.to_csv(index=False, lineterminator="\n")

    def _cells(self) -> Iterator[list[str]]:
        for row in self.rows.itertuples():
            yield [show(row) for show in self.entry.columns.values()]


def make_table(entry: TableEntry, material: Material) -> MadeTable:
    """Return a table of what is stored.

    Raises:
        NotStored: if its numbers are not stored.
    """
    with material.noting() as origins:
        rows = entry.make(material)
    return MadeTable(entry, rows, provenance_line(sorted(origins)))


def write_tables(
    folder: Path, material: Material, *, only: str | None = None
) -> Iterator[MadeTable | NotStored]:
    """Write tables as ``NAME.tex``, ``NAME.md`` and ``NAME.csv``; yield each, or why it cannot be.

    Args:
        folder: where; made if it is not there.
        material: what they are made from.
        only: the name of the one table to write; default all.

    Raises:
        NotStored: if the one table wanted cannot be made from what is stored.
        DataError: if a file cannot be written.
    """
    for entry in TABLES.values() if only is None else [TABLES[only]]:
        try:
            made = make_table(entry, material)
        except NotStored as missing:
            if only is not None:
                raise
            yield missing
            continue
        texts = {"tex": made.latex(), "md": made.markdown(), "csv": made.csv()}
        for kind, text in texts.items():
            with whole_file(folder / f"{entry.name}.{kind}") as temporary:
                temporary.write_text(text, encoding="utf-8")
        yield made


def _accuracies(material: Material) -> pd.DataFrame:
    """Return mean accuracy over seeds of every arm and network on test clips."""
    rows = []
    for question in dict.fromkeys(material.answers()["question"]):
        results = material.results(material.grid(question).name)
        results = results[results["split"] == "test"]
        for (arm, target), group in results.groupby(["arm", "target"], sort=False):
            found = mean_interval(group.groupby("seed")["accuracy"].mean().to_numpy())
            rows.append(
                {"question": question, "arm": arm, "target": target, "accuracy": found.mean,
                 "low": found.low, "high": found.high, "seeds": found.n_seeds}
            )  # fmt: skip
    return pd.DataFrame(rows)


def _differences(material: Material) -> pd.DataFrame:
    table = material.answers()
    return table.drop(columns=["study", "per_seed"])


def _tuning(material: Material) -> pd.DataFrame:
    """Return the mean validation accuracy of RGB of every trial, and which was chosen."""
    results = material.results(plan.TUNING)
    means = results[results["target"] == plan.TARGET].groupby("arm")["accuracy"].mean()
    chosen, rows = plan.choose(results), []
    for method, trials in plan.TRIALS.items():
        for trial, settings in trials.items():
            best = {**plan.METHODS.get(method, {}), **settings} == chosen[method]
            accuracy = means[f"{method} {trial}"]
            rows.append({"method": method, "trial": trial, "accuracy": accuracy, "chosen": best})
    return pd.DataFrame(rows)


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"


def _points(value: float) -> str:
    return f"{round(100 * value, 1) + 0.0:+.1f}"


def _between(low: float, high: float, show: Callable[[float], str]) -> str:
    return "-" if pd.isna(low) else f"{show(low)} to {show(high)}"


def _p(value: float) -> str:
    return "-" if pd.isna(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _number(heading: str) -> bool:
    return heading.endswith((")", "seeds", "p"))


def _escaped(text: str) -> str:
    return "".join(SPECIAL.get(sign, sign) for sign in text)


_INTERVALS = "95 % bootstrap intervals over people and seeds"
_NAMED: Columns = {
    "question": lambda r: r.question,
    "what": lambda r: arm_name(r.arm),
    "tested": lambda r: NAMES[r.target],
}
_DIFFERENCE: Columns = {
    "difference (points)": lambda r: _points(r.difference),
    "95 % interval (points)": lambda r: _between(r.low, r.high, _points),
    "seeds": lambda r: str(r.seeds),
}

TABLES: dict[str, TableEntry] = {
    entry.name: entry
    for entry in (
        TableEntry(
            name="accuracy",
            title="Accuracy of every network on test clips",
            note="Means over seeds with their 95 % t intervals; the networks of one question are "
            "measured on the same clips.",
            make=_accuracies,
            columns={
                **_NAMED,
                "accuracy (%)": lambda r: _percent(r.accuracy),
                "95 % interval (%)": lambda r: _between(r.low, r.high, _percent),
                "seeds": lambda r: str(r.seeds),
            },
        ),
        TableEntry(
            name="differences",
            title="Paired differences from the same network alone",
            note=f"Same seeds and test clips; {_INTERVALS}. p: paired t test over seeds, adjusted "
            "by Holm's method over all secondary comparisons, each counted once (-: the primary "
            "one, or a reference).",
            make=_differences,
            columns={
                **_NAMED,
                "alone (%)": lambda r: _percent(r.before),
                "this way (%)": lambda r: _percent(r.after),
                **_DIFFERENCE,
                "adjusted p": lambda r: _p(r.p_holm),
            },
        ),
        TableEntry(
            name="focal",
            title="With focal regularization against without it, when depth is bad",
            note=f"RGB, accuracy on test clips; {_INTERVALS}.",
            make=lambda material: material.focal_contrasts().drop(columns=["study", "per_seed"]),
            columns={
                "SSA weight": lambda r: f"{r.ssa_weight:g}",
                "noise in depth": lambda r: f"{r.corruption_strength:g}",
                "without (%)": lambda r: _percent(r.before),
                "with (%)": lambda r: _percent(r.after),
                **_DIFFERENCE,
            },
        ),
        TableEntry(
            name="calibration",
            title="Calibration, and what a training costs",
            note="Expected calibration error with 15 bins, mean over the runs of H1, and its "
            "difference from the network alone with the 95 % t interval over seeds; seconds are "
            "the median of a whole training (of several networks together).",
            make=lambda material: material.calibration(),
            columns={
                "what": lambda r: arm_name(r.arm),
                "tested": lambda r: NAMES[r.target],
                "accuracy (%)": lambda r: _percent(r.accuracy),
                "calibration error (%)": lambda r: _percent(r.ece),
                "against alone (points)": lambda r: (
                    "-" if pd.isna(r.ece_difference) else _points(r.ece_difference)
                ),
                "95 % interval (points)": lambda r: _between(r.low, r.high, _points),
                "training (s)": lambda r: f"{r.seconds:.0f}",
            },
        ),
        TableEntry(
            name="tuning",
            title="What was tried on validation people, and what was chosen",
            note="Mean accuracy of RGB over two seeds; every method had the same number of trials. "
            "No test clip was read.",
            make=_tuning,
            columns={
                "method": lambda r: arm_name(r.method),
                "trial": lambda r: r.trial,
                "accuracy (%)": lambda r: _percent(r.accuracy),
                "chosen": lambda r: "yes" if r.chosen else "",
            },
        ),
    )
}
"""Name -> table, in the order in which the gallery shows them."""
