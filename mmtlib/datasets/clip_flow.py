"""Making the optical flow of a data set's clips."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import cv2
import numpy as np

from mmtlib.core.errors import DataError
from mmtlib.core.executor import in_order
from mmtlib.core.locks import locked
from mmtlib.datasets.optical_flow import FlowFiles, compute_flow
from mmtlib.datasets.reader import ClipReader
from mmtlib.datasets.records import ClipRecord


def colour_pictures(dataset: ClipReader, record: ClipRecord) -> np.ndarray:
    """Return the colour pictures of the span and, where it can be read, the one after it.

    Returns:
        uint8 ``(T, H, W, 3)`` or ``(T + 1, H, W, 3)``.

    Raises:
        DataError: if the pictures of the span cannot be read.
    """
    recorded, span = dataset.recorded(record, "rgb"), dataset.span(record, "rgb")
    try:
        return replace(recorded, last=span.first + len(span) + 1).read()
    except DataError:  # the recording ends with the span, or is broken
        return recorded.read()


@dataclass(frozen=True, slots=True)
class FlowMade:
    """What `make_flow` did.

    Attributes:
        made: clips whose flow was computed now.
        kept: clips whose flow was there and valid.
        missing: why clips without a colour recording have none.
        broken: why others have none.
    """

    made: int
    kept: int
    missing: tuple[str, ...]
    broken: tuple[str, ...]


def make_flow(
    dataset: ClipReader,
    *,
    processes: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FlowMade:
    """Compute the flow of every clip of a data set whose file is not there or not valid.

    Killed at any moment and called again, it goes on where it was; of two at once one waits.

    Args:
        dataset: opened with ``skip_broken=None``, so that it has the clips of all rows.
        processes: how many work side by side; default one per core.
        progress: called with (done, all).

    Raises:
        DataError: if the folder cannot be written.
    """
    folder = dataset.flow.folder
    found: dict[str, list[str]] = {"made": [], "kept": [], "missing": [], "broken": []}
    with locked(folder):
        for left_behind in folder.rglob(".*.npz.*.tmp"):  # by a killed process
            left_behind.unlink(missing_ok=True)
        make = partial(_make, dataset.without_records())
        states = in_order(make, dataset.records, processes=processes)
        for done, (state, why) in enumerate(states, 1):
            found[state].append(why)
            if progress is not None:
                progress(done, len(dataset.records))
    return FlowMade(
        len(found["made"]), len(found["kept"]), tuple(found["missing"]), tuple(found["broken"])
    )


def _make(dataset: ClipReader, record: ClipRecord) -> tuple[str, str]:
    """Make the flow of one clip; return what was done (a field of `FlowMade`) and why."""
    path, threads = dataset.file(record, "rgb"), cv2.getNumThreads()
    if not path.exists():
        return "missing", f"{path} is missing ({record.source})"
    try:
        origin = dataset.flow_origin(record, content=True)
        if _is_valid(dataset.flow, record.clip_id, origin):
            return "kept", ""
        cv2.setNumThreads(1)
        pictures = colour_pictures(dataset, record)
        flow = compute_flow(pictures, dataset.flow.method)[:, : len(dataset.span(record, "rgb"))]
    except DataError as error:
        return "broken", f"{error} ({record.source})"
    finally:
        cv2.setNumThreads(threads)
    dataset.flow.write(record.clip_id, flow, {**origin, "opencv": cv2.__version__})
    return "made", ""


def _is_valid(files: FlowFiles, clip_id: str, origin: dict[str, Any]) -> bool:
    try:
        files.read(clip_id, origin)
    except DataError:
        return False
    return True
