"""Any data set as a clip store: each video is decoded and resized once, not once per epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial

import numpy as np

from mmtlib.config import hash_settings
from mmtlib.core.clip_store import (
    FRAME_RATE,
    ClipStore,
    StoreInfo,
    StoreRow,
    encode_frames,
    store_folder,
)
from mmtlib.core.clip_writer import write_clip_store
from mmtlib.core.clips import GestureClip, check_finite
from mmtlib.datasets import GestureDataset
from mmtlib.transforms import ClipTransform

FLOW_STEP = 1 / 6
"""Pixels per frame of one step of real flow: up to 21 pixels per frame are kept, about what I3D was
trained on (20). The hands of NVGesture move faster than the synthetic ones."""
PARALLEL_CLIPS = 64
"""Fewer clips are decoded in the calling process: other ones take seconds to start."""


def stored_clips(
    source: GestureDataset,
    transform: ClipTransform,
    *,
    name: str,
    progress: Callable[[int, int], None] | None = None,
    processes: int | None = None,
) -> ClipStore:
    """Return the transformed clips of a data set, from the cache or made now.

    Killed while they are made, and called again, it goes on where it was.

    Args:
        source: the data set.
        transform: a transform without random draws; its text is part of the store's identity.
        name: begins the folder's name in the cache.
        progress: called with (done, all) while clips are made.
        processes: how many decode side by side; default one per core where there is enough to do.

    Raises:
        DataError: if a video cannot be read (and broken ones are not to be skipped).
    """
    made_from = {
        "source": source.fingerprint, "transform": repr(transform), "frame rate": "of each clip",
    }  # fmt: skip
    if "flow" in source.modalities:
        made_from["flow step"] = str(FLOW_STEP)
    info = StoreInfo(
        name=name,
        class_names=source.classes,
        fingerprint=hash_settings(made_from),
        frame_rate=source.frame_rate,
        flow_scale=FLOW_STEP,
        made_from=made_from,
    )
    rows = [
        StoreRow(label=record.label, subject=record.subject, clip_id=record.clip_id)
        for record in source.records
    ]

    def make(indices: list[int]) -> Iterator[tuple[int, Mapping[str, np.ndarray]]]:
        used = processes or (1 if len(indices) < PARALLEL_CLIPS else None)
        encode = partial(_encode, transform)
        for index, fields in source.readable(indices, use=encode, processes=used):
            yield index, fields
            if progress is not None:
                progress(index + 1, len(source))

    folder = store_folder("stores", name, info.fingerprint)
    write_clip_store(folder, info, rows, make, allow_missing=bool(source.skip_broken))
    store = ClipStore(folder)
    there = set(store.clip_ids)
    for record in source.records:
        if record.clip_id not in there:  # found to be broken when the store was made
            source.skip(record, "it cannot be decoded")
    return store


def _encode(transform: ClipTransform, clip: GestureClip) -> dict[str, np.ndarray]:
    check_finite(clip.clip_id, clip.frames)  # NaN would become some whole number
    made = transform(clip)
    frame_rate = np.array([made.frame_rate], np.float32)
    return {**encode_frames(made.frames, FLOW_STEP), FRAME_RATE: frame_rate}
