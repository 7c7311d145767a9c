"""A list as people's programs write it (CSV in its dialects): from bytes to rows of cells.

What is unambiguous is read, and said: commas, semicolons or tabs between cells; UTF-8, UTF-16 with
its mark or Windows-1252; columns without name and content, as spreadsheets leave them behind; the
numbers of the rows, as pandas writes them.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from mmtlib.core.errors import DataError
from mmtlib.datasets.records import Remark

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_HINT = re.compile(r'"?sep=([,;\t])"?\r?\n', re.IGNORECASE)
_NUMBER_OF_ROW = re.compile(r"[0-9]{1,9}", re.ASCII)
_WESTERN = re.compile(rb"[\x00-\x7f\xa0\xc0-\xd6\xd8-\xf6\xf8-\xff]*")
"""Letters of western Europe alone: other bytes mean one thing on Windows and another on a Mac."""
_FOREIGN = re.compile(rb"[\xc0-\xff]{3}")
"""Three of them in a row: rather Greek or Russian."""


@dataclass(slots=True)
class Cells:
    """The cells of a list.

    Attributes:
        names: the first row's: the names of the columns.
        first_line: where they are.
        rows: (line, cells) of each other row that is not empty, without unnamed columns.
        separator: what is between cells.
        said: how it was read.
        faults: what cannot be read.
    """

    names: list[str] = field(default_factory=list)
    first_line: int = 1
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    separator: str = ","
    said: list[Remark] = field(default_factory=list)
    faults: list[Remark] = field(default_factory=list)


def read_cells(path: Path, known: Callable[[str], bool]) -> Cells:
    """Return the cells of a list.

    Args:
        path: the file.
        known: whether the name of a column is a known one: it tells the separator.

    Raises:
        DataError: if the file cannot be read, or is in no encoding that is told with certainty.
    """
    found = Cells()
    text = _decoded(path, found.said)
    skipped, hint = 0, _HINT.match(text)
    if hint:  # Excel's
        text, skipped = text[hint.end() :], 1
    found.separator = hint[1] if hint else _separator(text, known)
    if found.separator != ",":
        found.said.append(Remark(0, f"{SEPARATORS[found.separator]} between cells"))
    rows = list(_rows(text, skipped, found))
    if rows:
        (found.first_line, found.names), *found.rows = rows
        _drop_unnamed(found)
    return found


def _decoded(path: Path, said: list[Remark]) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"Cannot read the list {path} ({error.strerror}).") from None
    encoding = next((name for mark, name in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        if encoding != "utf-8" or not _WESTERN.fullmatch(data) or _FOREIGN.search(data):
            raise DataError(
                f"{path}:{line}: the letters cannot be told (it is not UTF-8, byte {error.start}): "
                "save it as UTF-8."
            ) from None
        said.append(Remark(line, "the letters of Windows-1252, as it is not UTF-8"))
        return data.decode("cp1252")
    if encoding == "utf-16":
        said.append(Remark(0, "the letters of UTF-16"))
    return text


def _separator(text: str, known: Callable[[str], bool]) -> str:
    """Return the separator by which the first row names most columns."""
    first = next((line for line in text.splitlines() if line.strip(",;\t ")), "")

    def named(separator: str) -> tuple[int, int]:
        names = [name.strip(' "') for name in first.split(separator)]
        return sum(map(known, names)), len(names)

    return max(SEPARATORS, key=named)


def _rows(text: str, skipped: int, found: Cells) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=found.separator, strict=True)
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if any(cells):
                yield reader.line_num + skipped, cells
    except csv.Error as error:
        why = f"from here on this is no CSV ({error})"
        found.faults.append(Remark(reader.line_num + skipped, why))


def _drop_unnamed(found: Cells) -> None:
    """Leave out columns without a name: empty ones, and the numbers of the rows in front."""
    names, rows = found.names, [cells for _, cells in found.rows]
    wide = max(map(len, [names, *rows]))
    columns = [[cells[i] for cells in rows if i < len(cells)] for i in range(wide)]
    unnamed = [i for i in range(wide) if not names[i : i + 1] or not names[i]]
    empty = [i for i in unnamed if not any(columns[i])]
    dropped = set(empty)
    if any(i < len(names) for i in empty):
        found.said.append(Remark(found.first_line, "columns without name and content left out"))
    index = names[0] in ("", "Unnamed: 0") and all(map(_NUMBER_OF_ROW.fullmatch, columns[0]))
    if index and 0 not in dropped:
        dropped.add(0)
        found.said.append(Remark(found.first_line, "the first column, numbers of rows, left out"))
    for i in unnamed:
        if i < len(names) and i not in dropped:
            found.faults.append(Remark(found.first_line, f"column {i + 1} has no name"))
    found.names = [name for i, name in enumerate(names) if i not in dropped]
    found.rows = [
        (line, [c for i, c in enumerate(cells) if i not in dropped and (c or i < len(names))])
        for line, cells in found.rows
    ]
