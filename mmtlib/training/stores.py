"""Any data set as a clip store: each video is decoded and resized once, not once per epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from mmtlib.cache import cache_dir
from mmtlib.clip_store import (
    ClipStore,
    StoreInfo,
    StoreRow,
    encode_frames,
    write_clip_store,
)
from mmtlib.config import hash_settings
from mmtlib.datasets import GestureDataset
from mmtlib.transforms import Transform

FLOW_STEP = 1 / 6
"""Pixels per frame of one step of real flow: up to 21 pixels per frame are kept, about what I3D was
trained on (20). The hands of NVGesture move faster than the synthetic ones."""


def stored_clips(
    source: GestureDataset,
    transform: Transform,
    *,
    name: str,
    progress: Callable[[int, int], None] | None = None,
) -> ClipStore:
    """Return the transformed clips of a data set, from the cache or made now.

    Args:
        source: the data set.
        transform: a transform without random draws; its text is part of the store's identity.
        name: begins the folder's name in the cache.
        progress: called with (done, all) while clips are made.

    Raises:
        DataError: if a video cannot be read (and broken ones are not to be skipped).
    """
    made_from = {"source": source.fingerprint, "transform": repr(transform)}
    if "flow" in source.modalities:
        made_from["flow step"] = str(FLOW_STEP)
    fingerprint = hash_settings(made_from)
    folder = cache_dir("stores") / f"{name}-{fingerprint[:12]}"
    if not (folder / "index.json").exists():
        info = StoreInfo(
            name=name,
            class_names=source.classes,
            fingerprint=fingerprint,
            frame_rate=source.frame_rate,
            flow_scale=FLOW_STEP,
            made_from=made_from,
        )
        rows = [
            StoreRow(label=record.label, subject=record.subject, clip_id=record.clip_id)
            for record in source.records
        ]
        clips = _make(source, transform, progress)
        write_clip_store(folder, info, rows, clips, allow_missing=source.skip_broken)
    return ClipStore(folder)


def _make(
    source: GestureDataset, transform: Transform, progress: Callable[[int, int], None] | None
) -> Iterator[tuple[int, Mapping[str, np.ndarray]]]:
    for index, clip in source.readable():
        yield index, encode_frames(transform(clip).frames, FLOW_STEP)
        if progress is not None:
            progress(index + 1, len(source))
