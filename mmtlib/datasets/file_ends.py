"""Whether a file ends before its container says: read from sizes and headers, not decoded.

Copies break off, cards run full, and a player shows what is there without a word. AVI, MP4 and MOV
(fragmented too), MKV and WebM consist of parts that begin with their size: a part that reaches
behind the end of the file was cut. MPEG, TS and OGG say nothing of their length.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

Parts = Iterator[int]
"""Where each part of a file ends, by its own word."""


def cut_short(path: str | Path, index_end: int = 0) -> str:
    """Return one sentence if a file ends before its container says, or an empty string.

    A file that cannot be read, or is of another kind, is not judged here.

    Args:
        path: the file.
        index_end: where the last frame ends by the container's index, in bytes.
    """
    if not Path(path).is_file():  # to open a pipe would wait for its other end
        return ""
    try:
        with open(path, "rb") as file:
            there = os.fstat(file.fileno()).st_size
            walk = _walk(file.read(12))
            end = max(index_end, *([] if walk is None else walk(file, there)), 0)
    except OSError:
        return ""
    if end <= there:
        return ""
    return (
        f"{path} was cut short: it has {there:,} bytes, by its own word at least {end:,}; "
        "copy or record it again."
    )


def _walk(head: bytes) -> Callable[[BinaryIO, int], Parts] | None:
    """Return how to go through a file that begins with these 12 bytes."""
    if head[:4] == b"RIFF":
        return _riff
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return _ebml
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return _boxes
    return None


def _riff(file: BinaryIO, there: int) -> Parts:
    """An AVI of more than 1 GB consists of several RIFF chunks."""
    at = 0
    while at + 8 <= there:
        file.seek(at)
        head = file.read(8)
        size = int.from_bytes(head[4:], "little")
        if head[:4] != b"RIFF" or size == 0xFFFFFFFF:
            return
        at += 8 + size + size % 2 * (at + 8 + size < there)
        yield at


def _boxes(file: BinaryIO, there: int) -> Parts:
    at = 0
    while at + 8 <= there:
        file.seek(at)
        head = file.read(16)
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:], "big")
        if size < 8 or not head[4:8].isalnum():  # 0: to the end of the file; else no box
            return
        at += size
        yield at


_UNKNOWN_LENGTH = (b"\x18\x53\x80\x67", b"\x1f\x43\xb6\x75")  # Segment, Cluster: walked into


def _ebml(file: BinaryIO, there: int) -> Parts:
    """Walk over elements; into those that were written before their length was known (webcams)."""
    at = 0
    while at < there:
        file.seek(at)
        head = file.read(12)
        name, length = _vint_bytes(head, 4), b""
        if name:
            length = _vint_bytes(head[len(name) :], 8)
        if not length:
            return
        bits = 7 * len(length)
        size = int.from_bytes(length, "big") & ((1 << bits) - 1)
        at += len(name) + len(length)
        if size != (1 << bits) - 1:
            at += size
        elif name not in _UNKNOWN_LENGTH:
            return
        yield at


def _vint_bytes(data: bytes, longest: int) -> bytes:
    """Return the bytes of the number at the beginning, whose leading zeros tell how many."""
    count = 9 - data[0].bit_length() if data and data[0] else longest + 1
    return data[:count] if count <= min(longest, len(data)) else b""
