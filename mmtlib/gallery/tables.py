"""The study's tables: numbers as CSV, the same rounded as LaTeX and Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mmtlib.core.kept import write_kept
from mmtlib.core.tables import Columns, TextTable, interval_text, percent
from mmtlib.gallery.material import Material, NotStored
from mmtlib.gallery.registry import provenance_line
from mmtlib.results import means_over_seeds
from mmtlib.study import Findings, columns, plan
from mmtlib.study.wording import arm_name

FOLDER = "tables"


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

    @property
    def table(self) -> TextTable:
        """The table, ready to be written in any form."""
        return TextTable(self.rows, self.entry.columns)

    def markdown(self) -> str:
        """Return the table as Markdown, with its caption."""
        entry = self.entry
        parts = [f"## {entry.name}: {entry.title}", "\n".join(self.table.markdown())]
        return "\n\n".join([*parts, entry.note, f"*{self.provenance}*\n"])

    def latex(self) -> str:
        """Return the table as LaTeX; it needs the package booktabs."""
        entry = self.entry
        caption = f"{entry.title}. {entry.note}"
        return f"% {self.provenance}\n{self.table.latex(caption=caption, label=entry.name)}"


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
        texts = {"tex": made.latex(), "md": made.markdown(), "csv": made.table.csv()}
        for kind, text in texts.items():
            write_kept(folder / f"{entry.name}.{kind}", text)
        yield made


def _accuracies(material: Material) -> pd.DataFrame:
    """Return mean accuracy over seeds of every arm and network on test clips."""
    tables = []
    for question in dict.fromkeys(material.answers()["question"]):
        results = material.results(material.grid(question).name)
        found = means_over_seeds(results[results["split"] == "test"], ["arm", "target"])
        tables.append(found.assign(question=question).rename(columns={"mean": "accuracy"}))
    names = ["question", "arm", "target", "accuracy", "low", "high", "seeds"]
    return pd.concat(tables, ignore_index=True)[names]


def _focal(material: Material) -> pd.DataFrame:
    return material.found("S4", Findings.focal_contrasts).drop(columns=["study", "per_seed"])


_INTERVALS = "95 % bootstrap intervals over people and seeds"
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
                "question": lambda r: r.question,
                **columns.NETWORK,
                "accuracy (%)": lambda r: percent(r.accuracy),
                "95 % interval (%)": lambda r: interval_text(r.low, r.high, percent),
                **columns.SEEDS,
            },
        ),
        TableEntry(
            name="differences",
            title="Paired differences from the same network alone",
            note=f"Same seeds and test clips; {_INTERVALS}. p: paired t test over seeds, adjusted "
            "by Holm's method over all secondary comparisons, each counted once (-: the primary "
            "one, or a reference).",
            make=lambda material: material.answers().drop(columns=["study", "per_seed"]),
            columns={"question": lambda r: r.question, **columns.DIFFERENCES},
        ),
        TableEntry(
            name="focal",
            title="With focal regularization against without it, when depth is bad",
            note="RGB, accuracy on test clips, with that weight of SSA and noise in depth; "
            f"{_INTERVALS}.",
            make=_focal,
            columns={**columns.FOCAL, **columns.SEEDS},
        ),
        TableEntry(
            name="calibration",
            title="Calibration, and what a training costs",
            note="Expected calibration error with 15 bins, mean over the runs of H1, and its "
            "difference from the network alone with the 95 % t interval over seeds; seconds are "
            "the median of a whole training (of several networks together).",
            make=lambda material: material.found("H1", Findings.calibration_and_cost),
            columns=columns.CALIBRATION,
        ),
        TableEntry(
            name="tuning",
            title="What was tried on validation people, and what was chosen",
            note="Mean accuracy of RGB over two seeds; every method had the same number of trials. "
            "No test clip was read.",
            make=lambda material: plan.trial_table(material.results(plan.TUNING)),
            columns={
                "method": lambda r: arm_name(r.method),
                "trial": lambda r: r.trial,
                "accuracy (%)": lambda r: percent(r.accuracy),
                "chosen": lambda r: "yes" if r.chosen else "",
            },
        ),
    )
}
"""Name -> table, in the order in which the gallery shows them."""
