"""What one network said about every clip of a test set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mmtlib.core.arrays import read_arrays, write_arrays
from mmtlib.core.errors import DataError
from mmtlib.core.files import DAMAGE, reading

PEOPLE_PER_SET = 1_000_000
"""Sets apart the people of several sets of clips, who are numbered alike."""
SUM_TOLERANCE = 1e-2
"""How far the scores of a clip may add up from 1; wide enough for half-precision softmax."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictions:
    """Class probabilities of one network (or of several, fused) for N clips and K classes.

    Attributes:
        scores: float32 ``(N, K)``, softmax probabilities; every row adds up to 1.
        labels: int64 ``(N,)``, the true classes, 0-based.
        subjects: int64 ``(N,)``, the person in each clip.
        clip_ids: N different names.

    Raises:
        DataError: if the shapes do not fit together or the values are no probabilities or labels.
    """

    scores: np.ndarray
    labels: np.ndarray
    subjects: np.ndarray
    clip_ids: tuple[str, ...]

    def __post_init__(self) -> None:
        # object.__setattr__ is the way to convert a field of a frozen dataclass.
        object.__setattr__(self, "scores", np.asarray(self.scores, dtype=np.float32))
        object.__setattr__(self, "labels", _integers(self.labels, "labels"))
        object.__setattr__(self, "subjects", _integers(self.subjects, "subjects"))
        object.__setattr__(self, "clip_ids", tuple(str(name) for name in self.clip_ids))
        self._check_shapes()
        self._check_values()

    def _check_shapes(self) -> None:
        if self.scores.ndim != 2 or 0 in self.scores.shape:
            raise DataError(
                f"Expected scores of shape (N, K) with N, K > 0, got {self.scores.shape}."
            )
        n = len(self.scores)
        for name in ("labels", "subjects"):
            shape = getattr(self, name).shape
            if shape != (n,):
                raise DataError(f"Expected {name} of shape ({n},) like the scores, got {shape}.")
        if len(self.clip_ids) != n:
            raise DataError(f"Expected {n} clip ids, one per row, got {len(self.clip_ids)}.")
        if len(set(self.clip_ids)) != n:
            raise DataError("Two rows have the same clip id; give every clip one row.")

    def _check_values(self) -> None:
        n, k = self.scores.shape
        if not np.isfinite(self.scores).all():
            raise DataError("The scores hold NaN or infinity; expected softmax probabilities.")
        sums = self.scores.sum(axis=1)
        if self.scores.min() < 0 or np.abs(sums - 1).max() > SUM_TOLERANCE:
            raise DataError(
                "The scores are no probabilities (each >= 0, each row adding up to 1); "
                "apply softmax to logits first."
            )
        if self.labels.min() < 0 or self.labels.max() >= k:
            raise DataError(
                f"Expected labels 0 to {k - 1} for {k} classes, got {self.labels.min()} to "
                f"{self.labels.max()} in {n} clips."
            )

    def __len__(self) -> int:
        return len(self.clip_ids)

    @property
    def classes(self) -> int:
        """The number of classes K."""
        return self.scores.shape[1]

    @property
    def predicted(self) -> np.ndarray:
        """The class with the highest score, int64 ``(N,)``; the first one of several equal."""
        return self.scores.argmax(axis=1)

    @property
    def correct(self) -> np.ndarray:
        """Whether each clip was recognised, bool ``(N,)``."""
        return self.predicted == self.labels

    def save(self, path: str | Path) -> None:
        """Write the predictions as a compressed ``.npz`` file, whole or not at all.

        Raises:
            DataError: if the file cannot be written.
        """
        names = np.array(self.clip_ids)
        write_arrays(
            path, scores=self.scores, labels=self.labels, subjects=self.subjects, clip_ids=names
        )

    @classmethod
    def load(cls, path: str | Path) -> Predictions:
        """Read predictions that `save` wrote.

        Raises:
            DataError: if there is no such file, or it is damaged or holds something else.
        """
        missing = f"There are no predictions at {path}; evaluate the run first."
        remedy = "move it away and evaluate again"
        with reading(path, remedy, damage=(*DAMAGE, DataError), missing=missing):
            *fields, names = read_arrays(path, "scores", "labels", "subjects", "clip_ids")
            scores, labels, subjects = fields
            ids = tuple(map(str, names))
            return cls(scores=scores, labels=labels, subjects=subjects, clip_ids=ids)


def _integers(values: object, name: str) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind not in "iu":
        raise DataError(f"Expected whole numbers as {name}, got values of type {array.dtype}.")
    return array.astype(np.int64)


def pooled(sets: Sequence[Predictions]) -> Predictions:
    """Return what a network predicted on several sets of clips as one set.

    Clips and people of different sets, who may be named alike, are told apart.

    Args:
        sets: at least one, each of its own people.
    """
    if len(sets) == 1:
        return sets[0]
    return Predictions(
        scores=np.concatenate([p.scores for p in sets]),
        labels=np.concatenate([p.labels for p in sets]),
        subjects=np.concatenate([p.subjects + PEOPLE_PER_SET * i for i, p in enumerate(sets)]),
        clip_ids=tuple(f"{i}:{name}" for i, p in enumerate(sets) for name in p.clip_ids),
    )


def check_same_clips(first: Predictions, second: Predictions) -> None:
    """Make sure that both predictions are about the same clips, in the same order.

    Raises:
        DataError: if clips, labels, subjects or the number of classes differ.
    """
    if first.scores.shape != second.scores.shape:
        raise DataError(
            f"The predictions differ in clips or classes: {first.scores.shape} and "
            f"{second.scores.shape}; compare runs on the same test clips."
        )
    for row, (a, b) in enumerate(zip(first.clip_ids, second.clip_ids, strict=True)):
        if a != b:
            raise DataError(
                f"Row {row} is clip {a} in one and {b} in the other; "
                "bring both predictions to the same clips in the same order."
            )
    for name in ("labels", "subjects"):
        differ = np.flatnonzero(getattr(first, name) != getattr(second, name))
        if len(differ):
            raise DataError(
                f"The {name} differ at clip {first.clip_ids[differ[0]]}; "
                "compare runs on the same version of the data."
            )
