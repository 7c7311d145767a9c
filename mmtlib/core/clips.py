"""The two containers that every clip travels in: one clip, and a batch of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from mmtlib.core.errors import DataError
from mmtlib.core.modalities import get_modality


@dataclass(frozen=True, slots=True, kw_only=True)
class GestureClip:
    """One clip of one gesture, in one or more modalities of the same length and size.

    Attributes:
        frames: modality -> float32 ``(C, T, H, W)`` in the modality's unit.
        label: class index, 0-based.
        subject: the person's number in the data set.
        clip_id: a name that is unique in the data set.
        frame_rate: frames per second.
        mask: bool ``(T, H, W)``, true where the hand is (synthetic clips), or None.
        joints: float32 ``(T, J, 3)`` in metres, camera axes (synthetic clips), or None.
        history: the transforms applied so far, each with the parameters it drew.
    """

    frames: Mapping[str, Tensor]
    label: int
    subject: int
    clip_id: str
    frame_rate: float = 30.0
    mask: Tensor | None = None
    joints: Tensor | None = None
    history: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    def __post_init__(self) -> None:
        if not self.frames:
            raise DataError(f"Clip {self.clip_id} has no modality; expected at least one.")
        shapes = {name: tuple(x.shape) for name, x in self.frames.items()}
        for name, shape in shapes.items():
            channels = get_modality(name).channels
            if len(shape) != 4 or shape[0] != channels:
                raise DataError(
                    f"Clip {self.clip_id}: expected {name} of shape ({channels}, T, H, W), "
                    f"got {shape}."
                )
        if len({shape[1:] for shape in shapes.values()}) != 1:
            raise DataError(f"Clip {self.clip_id}: modalities differ in length or size: {shapes}.")

    @property
    def modalities(self) -> tuple[str, ...]:
        """The names of the modalities, in order."""
        return tuple(self.frames)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Length, height and width ``(T, H, W)``, in frames and pixels."""
        t, h, w = next(iter(self.frames.values())).shape[1:]
        return int(t), int(h), int(w)

    def with_frames(self, frames: Mapping[str, Tensor], **changes: Any) -> GestureClip:
        """Return a new clip with these frames (and other changed attributes)."""
        return replace(self, frames=dict(frames), **changes)

    def select(self, modalities: Iterable[str]) -> GestureClip:
        """Return the clip with these modalities only.

        Raises:
            DataError: if the clip lacks one.
        """
        names = tuple(modalities)
        missing = [name for name in names if name not in self.frames]
        if missing:
            raise DataError(
                f"Clip {self.clip_id} has {', '.join(self.frames)}, not {', '.join(missing)}."
            )
        return self.with_frames({name: self.frames[name] for name in names})


def check_finite(clip_id: str, frames: Mapping[str, Tensor]) -> None:
    """Make sure that the frames of a clip are numbers.

    Args:
        clip_id: the clip's name, for the message.
        frames: modality -> ``(C, T, H, W)`` of any type.

    Raises:
        DataError: if one holds NaN or infinity; names clip, modality and frame.
    """
    for name, x in frames.items():
        if not _is_finite(x):
            bad = (~x.isfinite()).flatten(2).any(2).any(0).nonzero()[0].item()
            raise DataError(
                f"Clip {clip_id}: frame {bad} of {name} holds NaN or infinity; mend what makes the "
                "clip, or leave it out."
            )


def _is_finite(x: Tensor) -> bool:
    # The sum is not finite if a value is not, and much faster than a look at each; it may also be
    # infinite by itself.
    return not x.is_floating_point() or bool(x.sum().isfinite()) or bool(x.isfinite().all())


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipBatch:
    """A batch of clips, ready for the networks.

    Attributes:
        frames: modality -> float32 ``(N, C, T, H, W)``.
        labels: int64 ``(N,)``, class indices.
        subjects: int64 ``(N,)``.
        clip_ids: N names.
    """

    frames: Mapping[str, Tensor]
    labels: Tensor
    subjects: Tensor
    clip_ids: tuple[str, ...]

    @classmethod
    def from_clips(cls, clips: Iterable[GestureClip]) -> ClipBatch:
        """Stack clips of equal shape and modalities.

        Raises:
            DataError: if there is no clip, they differ in modalities or shape, or one holds what
                is no number.
        """
        clips = list(clips)
        if not clips:
            raise DataError("Cannot make a batch of no clips.")
        first = clips[0]
        for clip in clips:
            check_finite(clip.clip_id, clip.frames)
            if clip.modalities != first.modalities or clip.shape != first.shape:
                raise DataError(
                    f"Cannot batch clip {first.clip_id} {first.modalities} {first.shape} with clip "
                    f"{clip.clip_id} {clip.modalities} {clip.shape}; bring them to one size first."
                )
        return cls(
            frames={m: torch.stack([clip.frames[m] for clip in clips]) for m in first.modalities},
            labels=torch.tensor([clip.label for clip in clips]),
            subjects=torch.tensor([clip.subject for clip in clips]),
            clip_ids=tuple(clip.clip_id for clip in clips),
        )

    @classmethod
    def of(cls, found: object, first: int = 0) -> ClipBatch:
        """Return what a loader of a user's own gives as a batch.

        Args:
            found: a `ClipBatch`, ``(frames, labels)``, or a mapping with ``"frames"`` and
                ``"labels"`` (and ``"subjects"`` and ``"clip_ids"``, if they are known); frames are
                a mapping of name -> ``(N, C, T, H, W)``, labels ``(N,)`` class numbers from 0.
            first: the number that clips without a name are counted from.

        Raises:
            DataError: if it is anything else.
        """
        if isinstance(found, ClipBatch):
            return found
        if isinstance(found, tuple | list) and len(found) == 2:
            found = dict(zip(("frames", "labels"), found, strict=True))
        if not isinstance(found, Mapping) or not isinstance(found.get("frames"), Mapping):
            raise DataError(
                f"The loader gave a {type(found).__name__}; expected ClipBatch, (frames, labels) "
                "or a dict of both, with frames a dict of name -> tensor (N, C, T, H, W)."
            )
        labels = torch.as_tensor(found["labels"])
        clip_ids = tuple(map(str, found.get("clip_ids", range(first, first + len(labels)))))
        for name, clips in found["frames"].items():
            if not _is_finite(clips):
                for clip_id, frames in zip(clip_ids, clips, strict=True):
                    check_finite(clip_id, {name: frames})
        return cls(
            frames=found["frames"],
            labels=labels,
            subjects=torch.as_tensor(found.get("subjects", torch.zeros_like(labels))),
            clip_ids=clip_ids,
        )

    def __len__(self) -> int:
        return len(self.clip_ids)

    def split(self, parts: int) -> list[ClipBatch]:
        """Return the batch in equal parts, in order.

        Raises:
            DataError: if the clips cannot be shared out equally.
        """
        if parts == 1:
            return [self]
        size, rest = divmod(len(self), parts)
        if rest or not size:
            raise DataError(
                f"A batch of {len(self)} clips cannot be split into {parts} equal parts."
            )
        return [
            replace(
                self,
                frames={m: x[at : at + size] for m, x in self.frames.items()},
                labels=self.labels[at : at + size],
                subjects=self.subjects[at : at + size],
                clip_ids=self.clip_ids[at : at + size],
            )
            for at in range(0, len(self), size)
        ]

    def pin_memory(self) -> ClipBatch:
        """Return the batch in page-locked memory, as a `DataLoader` asks for it."""
        frames = {m: x.pin_memory() for m, x in self.frames.items()}
        return replace(self, frames=frames, labels=self.labels.pin_memory())

    def to(self, device: torch.device | str) -> ClipBatch:
        """Return the batch with its frames (channels-last-3d) and labels on that device."""
        form = torch.channels_last_3d
        return replace(
            self,
            frames={
                m: x.to(device, non_blocking=True, memory_format=form)
                for m, x in self.frames.items()
            },
            labels=self.labels.to(device, non_blocking=True),
        )
