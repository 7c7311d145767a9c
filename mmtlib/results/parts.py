"""The files of a results store: tables in parts that nobody changes once they are written.

A table is a folder of part files. An append writes one part whole, under a name that is the hash of
its content. Readers put the parts together and, of rows with the same key (`schema.KEYS`), take the
one recorded last: what was appended twice is there once. Merging replaces many small parts by one.
At no moment could a killed process leave a table that is wrong.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mmtlib.core.errors import DataError
from mmtlib.core.files import reading, write_whole
from mmtlib.core.locks import locked
from mmtlib.results.schema import KEYS, RECORDED, check_columns, with_all_settings

SMALL_BYTES = 64 * 2**20
"""Parts below this size are merged; larger ones stay as they are."""
ROWS_PER_GROUP = 50_000
ATTEMPTS = 20
ABANDONED_S = 3600.0
"""Age at which a temporary file can only be that of a killed process."""


def write_part(folder: Path, table: pa.Table) -> Path:
    """Write rows as one part, under the hash of its content, and return it.

    Args:
        folder: of the table.
        table: the rows; where they lack the column `RECORDED`, they are recorded now.

    Raises:
        DataError: if the disk is full.
    """
    if RECORDED not in table.column_names:
        table = table.append_column(RECORDED, pa.repeat(_after_all(folder), table.num_rows))
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=ROWS_PER_GROUP)
    content = sink.getvalue()
    part = folder / f"{_hash(content)}.parquet"
    write_whole(part, memoryview(content))
    return part


def _after_all(folder: Path) -> str:
    """Return the time (UTC), moved on past that of every row of a table.

    Clocks are set back, and differ between computers: what is written later counts as later.
    """
    now = datetime.datetime.now(datetime.UTC)
    latest = max(map(_latest, list_parts(folder)), default="")
    if latest >= now.isoformat(timespec="microseconds"):
        now = datetime.datetime.fromisoformat(latest) + datetime.timedelta(microseconds=1)
    return now.isoformat(timespec="microseconds")


@functools.cache
def _latest(part: Path) -> str:
    """Return when the last row of a part was written; a part never changes."""
    try:
        return pc.max(_read_part(part, columns=[RECORDED])[RECORDED]).as_py() or ""
    except FileNotFoundError:  # merged into another part just now, whose rows say so too
        return ""


def _hash(content: pa.Buffer | bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def read_parts(
    folder: Path,
    *,
    where: pc.Expression | None = None,
    columns: Sequence[str] | None = None,
    encode: Sequence[str] = (),
) -> list[pa.Table]:
    """Return the rows of every part of a table, of one moment.

    Args:
        folder: of the table; its name is the table's.
        where: read these rows only.
        columns: read these columns only.
        encode: columns of text to keep as numbers of their different values.

    Raises:
        DataError: if a part is damaged; names the file.
    """
    for _ in range(ATTEMPTS):
        try:
            return [_read_part(part, where, columns, encode) for part in list_parts(folder)]
        except FileNotFoundError:
            time.sleep(0.05)  # merged into another part just now
    raise DataError(f"{folder} changed {ATTEMPTS} times while it was read; try again.")


def list_parts(folder: Path) -> list[Path]:
    """Return the parts of a table; none if it is not there."""
    with reading(folder, "give a folder of results"):
        return sorted(folder.glob("*.parquet"))


def _read_part(
    part: Path,
    where: pc.Expression | None = None,
    columns: Sequence[str] | None = None,
    encode: Sequence[str] = (),
) -> pa.Table:
    remedy = (
        "delete it and start the same sweep again, which writes its rows anew from the stored runs"
    )
    with reading(part, remedy):
        content = part.read_bytes()
        if _hash(content) != part.stem:
            raise ValueError("its content has changed since it was written")
        source = pa.BufferReader(content)
        check_columns(pq.read_schema(source), part.parent.name)
        rows = pq.read_table(source, columns=columns, filters=where, read_dictionary=list(encode))
    return with_all_settings(rows) if part.parent.name == "results" and columns is None else rows


def join_parts(parts: Sequence[pa.Table]) -> pa.Table:
    """Return one table of several; what a part lacks is empty there."""
    table = pa.concat_tables(parts, promote_options="permissive")
    return table.unify_dictionaries().combine_chunks()


def last_of_each_key(table: pa.Table, kind: str, *first: str) -> pa.Table:
    """Return the rows in the order in which they were recorded, the last one of each key.

    Args:
        table: rows of one or more parts, in one piece.
        kind: a name of `KEYS`.
        first: columns that come before the time in that order.
    """
    # Numbers for the texts: to tell a million rows apart as text would take seconds.
    ranks = [_ranks(table[name])[0] for name in (*first, RECORDED)]
    order = np.lexsort(ranks[::-1])
    key = np.zeros(table.num_rows, dtype=np.int64)
    for name in KEYS[kind]:
        codes, size = _ranks(table[name])
        key = pd.factorize(key * size + codes)[0].astype(np.int64)
    order = order[~pd.Series(key[order]).duplicated(keep="last").to_numpy()]
    unchanged = np.array_equal(order, np.arange(table.num_rows))
    return table if unchanged else table.take(order).combine_chunks()


def _ranks(column: pa.ChunkedArray) -> tuple[np.ndarray, int]:
    """Return the rank of each value among the different ones, and how many there are."""
    array = column.combine_chunks()
    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    different = array.dictionary.to_numpy(zero_copy_only=False)
    rank = np.empty(len(different), dtype=np.int64)
    rank[np.argsort(different, kind="stable")] = np.arange(len(different))
    return rank[array.indices.to_numpy(zero_copy_only=False)], len(different)


def merge_parts(folder: Path) -> int:
    """Merge the small parts of a table into one, and return how many they were.

    Killed at any moment it loses nothing: the merged part is there, whole, before the others are
    deleted, and rows that are in both are read once. Other processes may append and read.

    Raises:
        DataError: if a part is damaged or the disk is full.
    """
    with locked(folder):
        _remove_abandoned(folder)
        small = [part for part in list_parts(folder) if part.stat().st_size < SMALL_BYTES]
        if len(small) < 2:
            return 0
        merged = join_parts([_read_part(part) for part in small])
        # Rows of a run side by side: readers of few runs pass over the other groups of rows.
        owner = "identity" if "identity" in KEYS[folder.name] else "study"
        written = write_part(folder, last_of_each_key(merged, folder.name, owner))
        # Where one part had the last row of every key, the merged one is that very part.
        for part in set(small) - {written}:
            part.unlink()
        return len(small)


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed writers left behind."""
    for temporary in folder.glob(".*.tmp"):
        with suppress(FileNotFoundError):  # its writer has just renamed it
            if time.time() - temporary.stat().st_mtime > ABANDONED_S:
                temporary.unlink()
