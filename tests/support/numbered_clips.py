"""Clips whose content follows from their number, and a maker of them for the clip writer."""

from __future__ import annotations

import math

import numpy as np

from mmtlib.core.clip_store import ClipStore, StoreInfo, StoreRow

INFO = StoreInfo(
    name="clips", class_names=("wave", "nod"), fingerprint="f00d", frame_rate=30.0, made_from={}
)
FORMS = {"rgb": (np.uint8, (3, 2, 4, 4)), "joints": (np.float32, (2, 5, 3))}


def rows_of(n):
    return [StoreRow(label=i % 2, subject=i % 7, clip_id=f"c{i}") for i in range(n)]


def fields_of(index, forms=FORMS):
    rng = np.random.default_rng(index)
    return {
        name: rng.integers(0, 256, (math.prod(shape) * np.dtype(kind).itemsize), np.uint8)
        .view(kind)
        .reshape(shape)
        for name, (kind, shape) in forms.items()
    }


class Maker:
    """Makes clips, notes which, and fails at one of them if told to."""

    def __init__(self, forms=FORMS, *, fails_at=None, leaves_out=()):
        self.forms, self.fails_at, self.leaves_out, self.made = forms, fails_at, leaves_out, []

    def __call__(self, indices):
        for index in indices:
            if index == self.fails_at:
                raise ZeroDivisionError
            if index not in self.leaves_out:
                self.made.append(index)
                yield index, fields_of(index, self.forms)


def sum_of(store: ClipStore) -> int:
    """Return the sum of all RGB values, read from the files."""
    return sum(int(store.stored("rgb", i).sum()) for i in range(len(store)))
