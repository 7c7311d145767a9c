"""Results of many runs as tidy Parquet tables that several processes add to.

A table is a folder of part files. An append writes one part whole, under a name that is the hash of
its content; nobody ever changes a part. Readers put the parts together and, of rows with the same
key (`schema.KEYS`), take the one recorded last: what was appended twice is there once.
`compact_results` replaces many small parts by one. At no moment could a killed process leave a
table that is wrong.
"""

from __future__ import annotations

import datetime
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mmtlib.core.cache import cache_dir, locked, whole_file
from mmtlib.core.errors import DataError
from mmtlib.results.schema import KEYS, RECORDED, with_all_settings

SMALL_BYTES = 64 * 2**20
"""Parts below this size are merged; larger ones stay as they are."""
ROWS_PER_GROUP = 50_000
ATTEMPTS = 20
_STORE = "store"
Result = TypeVar("Result")
ABANDONED_S = 3600.0
"""Age at which a temporary file can only be that of a killed process."""


def results_dir() -> Path:
    """Return the folder that results are kept in, ``MMTLIB_CACHE/results``."""
    return cache_dir("results")


def append(tables: Mapping[str, pa.Table], folder: Path | None = None) -> None:
    """Add rows to tables, each table's in one new part file.

    Appending the same rows again changes nothing that a reader sees, apart from `recorded`.

    Args:
        tables: names of `KEYS` -> rows, written in this order; empty tables are passed over.
        folder: the store; default `results_dir()`.

    Raises:
        DataError: if the disk is full; parts that are already there stay as they were.
    """
    folder = folder or results_dir()
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")
    for kind, table in tables.items():
        if table.num_rows:
            times = pa.array([now] * table.num_rows, pa.string())
            write_part(folder / kind, table.append_column(RECORDED, times))


def write_part(folder: Path, table: pa.Table) -> Path:
    """Write rows as one part, under the hash of its content, and return it.

    Raises:
        DataError: if the disk is full.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", row_group_size=ROWS_PER_GROUP)
    content = sink.getvalue()
    part = folder / f"{_hash(content)}.parquet"
    with whole_file(part) as temporary:
        temporary.write_bytes(content)
    return part


def _hash(content: pa.Buffer | bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def read_table(
    kind: str,
    folder: Path,
    *,
    where: pc.Expression | None = None,
) -> pd.DataFrame:
    """Return the rows of a table, each key once, in the order in which they were recorded.

    Args:
        kind: a name of `KEYS`.
        folder: the store.
        where: read these rows only.

    Returns:
        The rows; without any row a frame without columns.

    Raises:
        DataError: if a part is damaged; names the file.
    """
    parts = _read_parts(folder / kind, lambda part: _read_part(part, kind, where))
    if not parts:
        return pd.DataFrame()
    frame = pa.concat_tables(parts, promote_options="permissive").to_pandas(
        types_mapper={pa.bool_(): pd.BooleanDtype()}.get
    )
    frame = frame.sort_values(RECORDED, kind="stable", ignore_index=True)
    return frame.drop_duplicates(list(KEYS[kind]), keep="last", ignore_index=True)


def read_encoded(kind: str, folders: Sequence[Path], encode: Sequence[str]) -> pa.Table:
    """Return the rows of large tables as they lie in memory, for quick selection.

    Args:
        kind: a name of `KEYS`.
        folders: stores; of rows with the same key the last of the last store counts.
        encode: columns of text to keep as numbers of their different values.

    Returns:
        One table in one piece, each key once; without any row a table without columns.

    Raises:
        DataError: if a part is damaged; names the file.
    """
    parts = []
    for number, folder in enumerate(folders):
        found = _read_parts(folder / kind, lambda part: _read_part(part, kind, encode=encode))
        parts += [part.append_column(_STORE, pa.repeat(number, part.num_rows)) for part in found]
    if not parts:
        return pa.table({})
    table = pa.concat_tables(parts, promote_options="permissive").unify_dictionaries()
    table = table.combine_chunks()
    # Numbers for the texts: to tell rows apart as text would take seconds.
    key = np.zeros(table.num_rows, dtype=np.int64)
    for name in KEYS[kind]:
        codes, size = _codes(table[name].chunk(0))
        key = pd.factorize(key * size + codes)[0].astype(np.int64)
    times, size = _codes(table[RECORDED].chunk(0))
    order = np.argsort(table[_STORE].to_numpy() * size + times, kind="stable")
    again = pd.Series(key[order]).duplicated(keep="last").to_numpy()
    return table.take(np.sort(order[~again])).combine_chunks() if again.any() else table


def _codes(column: pa.Array) -> tuple[np.ndarray, int]:
    """Return the rank of each value among the different ones, and how many there are."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    different = column.dictionary.to_numpy(zero_copy_only=False)
    rank = np.empty(len(different), dtype=np.int64)
    rank[np.argsort(different, kind="stable")] = np.arange(len(different))
    return rank[column.indices.to_numpy(zero_copy_only=False)], len(different)


def distinct(kind: str, columns: Sequence[str], folder: Path) -> set[tuple]:
    """Return the different values that some columns of a table have together.

    Raises:
        DataError: if a part is damaged; names the file.
    """

    def values(part: Path) -> set[tuple]:
        table = _read_part(part, kind, columns=list(columns)).group_by(list(columns)).aggregate([])
        return set(zip(*(table[name].to_pylist() for name in columns), strict=True))

    return set().union(*_read_parts(folder / kind, values))


def _read_parts(folder: Path, read: Callable[[Path], Result]) -> list[Result]:
    """Return what every part is read as, of one moment."""
    for _ in range(ATTEMPTS):
        try:
            return [read(part) for part in _parts(folder)]
        except FileNotFoundError:
            time.sleep(0.05)  # merged into another part just now
    raise DataError(f"{folder} changed {ATTEMPTS} times while it was read; try again.")


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


def _read_part(
    part: Path,
    kind: str,
    where: pc.Expression | None = None,
    columns: Sequence[str] | None = None,
    encode: Sequence[str] = (),
) -> pa.Table:
    try:
        content = part.read_bytes()
        sound = _hash(content) == part.stem
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DataError(f"Cannot read {part} ({error.strerror}).") from None
    if not sound:
        raise DataError(
            f"{part} is damaged (its content has changed since it was written); delete it and "
            "start the same sweep again, which writes its rows anew from the stored runs."
        )
    rows = pq.read_table(
        pa.BufferReader(content), columns=columns, filters=where, read_dictionary=list(encode)
    )
    return with_all_settings(rows) if kind == "results" and columns is None else rows


def compact_results(folder: Path | None = None) -> int:
    """Merge the small parts of every table into one part each, and return how many were merged.

    Killed at any moment it loses nothing: the merged part is there, whole, before the others are
    deleted, and rows that are in both are read once. Other processes may append and read.

    Args:
        folder: the store; default `results_dir()`.

    Raises:
        DataError: if a part is damaged or the disk is full.
    """
    folder = folder or results_dir()
    return sum(_compact(folder / kind, kind) for kind in KEYS if (folder / kind).is_dir())


def _compact(folder: Path, kind: str) -> int:
    with locked(folder):
        _remove_abandoned(folder)
        small = [part for part in _parts(folder) if part.stat().st_size < SMALL_BYTES]
        if len(small) < 2:
            return 0
        tables = [_read_part(part, kind) for part in small]
        merged = pa.concat_tables(tables, promote_options="permissive")
        # Rows of a run side by side: readers of few runs pass over the other groups of rows.
        owner = "identity" if "identity" in KEYS[kind] else "study"
        merged = merged.sort_by([(owner, "ascending"), (RECORDED, "ascending")])
        merged = _last_of_each_key(merged, kind)
        written = write_part(folder, merged)
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


def _last_of_each_key(table: pa.Table, kind: str) -> pa.Table:
    """Return the last row of each key."""
    keys = table.select(list(KEYS[kind])).to_pandas()
    return table.filter(pa.array(~keys.duplicated(keep="last").to_numpy()))
