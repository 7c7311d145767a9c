"""JSON files with a seal and types: what was changed since it was written is not believed.

The seal stands in the file, ``{..., "seal": {"version": 1, "crc32": 123}}``: a check sum of all
else, against damage, not against malice. Of several objects, one a line, the last carries the seal
of all.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

from mmtlib.core.errors import DataError, MmtlibError
from mmtlib.core.files import reading, write_whole

VERSION = 1
"""Of files whose layout has no version of its own."""


def check_sum_of(content: Any) -> int:
    """Return the CRC-32 of a JSON-able value: against damage, not against malice."""
    return zlib.crc32(json.dumps(content).encode())


def sealed(content: Mapping[str, Any], version: int = VERSION) -> str:
    """Return a JSON object with its seal, as text."""
    seal = {"version": version, "crc32": check_sum_of(content)}
    return json.dumps({**content, "seal": seal}, indent=2)


def write_json(path: str | Path, content: Mapping[str, Any], version: int = VERSION) -> None:
    """Write a JSON object with its seal, whole or not at all.

    Raises:
        DataError: if the file cannot be written.
    """
    write_whole(path, sealed(content, version))


def read_json(
    path: str | Path,
    types: Mapping[str, Any],
    *,
    remedy: str,
    error: type[MmtlibError] = DataError,
    version: int = VERSION,
    unsealed: str | None = None,
) -> dict[str, Any]:
    """Return a JSON object after checking its seal, its version and its types.

    Args:
        path: the file.
        types: the names that it must have, and their types (see `check_types`).
        remedy: what to do about a damaged one.
        error: what is raised.
        version: the only one that is read.
        unsealed: what to do about one that has no seal as an earlier version wrote it; "" = read
            it all the same; None = it is damaged.

    Raises:
        FileNotFoundError: if it is missing.
        MmtlibError: as `error`, if it is damaged, or of another version.
    """
    with reading(path, remedy, error):
        content = _object(Path(path).read_bytes())
        if content.keys() == {"version", "crc32", "content"}:  # clip stores until November 2026
            old = {name: content[name] for name in ("version", "crc32")}
            content = {**content["content"], "seal": old}
        seal = content.pop("seal", None)
        found = version if seal is None else seal["version"]
        if found == version and not (seal is None and unsealed):
            _check_seal(seal, content, unsealed is not None)
            check_types(content, types)
    if found != version:
        raise error(f"{path} is of version {found}, this mmtlib reads version {version}; {remedy}.")
    if seal is None and unsealed:
        raise error(_older(path, unsealed))
    return content


def _check_seal(seal: Any, content: Any, may_lack: bool) -> None:
    if seal is None and not may_lack:
        raise ValueError("it has no check sum")
    if seal is not None and seal["crc32"] != check_sum_of(content):
        raise ValueError("its check sum differs")


def _older(path: str | Path, remedy: str) -> str:
    return f"{path} was written by an earlier version, without a check sum; {remedy}."


def _object(text: bytes | str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError(f"expected a JSON object, got {type(found).__name__}")
    return found


def write_lines(path: str | Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Write JSON objects, one a line, whole or not at all; the last one carries the seal of all.

    Raises:
        DataError: if the file cannot be written.
    """
    *first, last = records
    seal = {"version": VERSION, "crc32": check_sum_of(records)}
    lines = [json.dumps(record) for record in (*first, {**last, "seal": seal})]
    write_whole(path, "\n".join([*lines, ""]))


def read_lines(
    path: str | Path, types: Mapping[str, Any], *, remedy: str, unsealed: str | None = None
) -> list[dict[str, Any]]:
    """Return what `write_lines` wrote; nothing if there is no such file.

    Args:
        path: the file.
        types: the names that each line must have, and their types.
        remedy: what to do about a damaged file.
        unsealed: as in `read_json`.

    Raises:
        DataError: if it is damaged.
    """
    if not Path(path).exists():
        return []
    with reading(path, remedy):
        records = [_object(line) for line in Path(path).read_bytes().splitlines()]
        seal = records[-1].pop("seal", None)
        if not (seal is None and unsealed):
            _check_seal(seal, records, unsealed is not None)
            for record in records:
                check_types(record, types)
    if seal is None and unsealed:
        raise DataError(_older(path, unsealed))
    return records


def check_types(content: Mapping[str, Any], types: Mapping[str, Any]) -> None:
    """Make sure that an object has these names with values of these types.

    Args:
        content: what was read from JSON.
        types: name -> `str`, `int`, `float` (a whole number will do), `bool`, ``list[T]``,
            ``dict[str, T]``, `Any`, or a union of such types.

    Raises:
        ValueError: if one is missing or of another type.
    """
    for name, wanted in types.items():
        if name not in content:
            raise ValueError(f"it lacks {name}")
        if not _is(content[name], wanted):
            shown = getattr(wanted, "__name__", str(wanted)) if not get_args(wanted) else wanted
            raise ValueError(f"{name} should be {shown}, got {content[name]!r}")


def _is(value: Any, wanted: Any) -> bool:
    inner = get_args(wanted)
    if isinstance(wanted, UnionType):
        return any(_is(value, each) for each in inner)
    if get_origin(wanted) is list:
        return isinstance(value, list) and all(_is(each, inner[0]) for each in value)
    if get_origin(wanted) is dict:
        return isinstance(value, dict) and all(_is(each, inner[1]) for each in value.values())
    if wanted is Any:
        return True
    if wanted in (int, float) and isinstance(value, bool):
        return False
    return isinstance(value, (int, float) if wanted is float else wanted)
