"""Optical flow of real clips: computed once from the colour pictures, kept as one file per clip.

No data set of real clips holds optical flow. ``data_scripts/compute_optical_flow.py`` computes it,
and the data sets read it where ``flow`` is among their modalities; nothing is computed in silence.

Flow is in pixels per frame, u to the right and v downwards: frame t says where each point seen in
picture t will be in picture t + 1, as in the synthetic clips. The last frame of a clip looks at the
picture after the gesture's span; where the recording ends with the span, it is zero.

The values belong to the pictures they were computed from. `mmtlib.transforms` keeps them true:
`Resize` multiplies u and v by the change in width and height, `SampleFrames` multiplies by the
stride in time, as there are fewer frames per second afterwards, a flip changes the sign of u.

A file is an ``.npz`` with ``flow`` (int8 ``(2, T, H, W)``, in steps of ``scale`` pixels per frame,
a step chosen for each clip) and ``header`` (JSON: what it was made from, the scale, the share of
values that were cut at 127 steps, a hash of the values). Reading it runs no code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from mmtlib.core.arrays import read_arrays, write_arrays
from mmtlib.core.errors import DataError, unknown_name
from mmtlib.core.files import reading
from mmtlib.core.sealed import check_types

FLOW_VERSION = 1
"""To be raised when the same pictures come to give another flow."""
CUT_SHARE = 1e-4
"""A clip's scale is such that at most this share of its values is cut."""
SMALLEST_STEP = 1 / 64
"""Pixels per frame; a finer step than this would store noise."""


def _dis() -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    # A field given in place of None would be where the search begins; the stub knows no None.
    return lambda now, then: estimator.calc(now, then, None)  # type: ignore[call-overload]


def _farneback() -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    # Smoothed over 15 pixels at 4 sizes, 3 rounds each; polynomials of 5 pixels.
    settings = 0.5, 4, 15, 3, 5, 1.2, 0
    return lambda now, then: cv2.calcOpticalFlowFarneback(
        now, then, np.empty((*now.shape, 2), np.float32), *settings
    )


METHODS: dict[str, Callable[[], Callable[[np.ndarray, np.ndarray], np.ndarray]]] = {
    "dis": _dis,
    "farneback": _farneback,
}
"""Methods by name: ``dis`` (Kroeger et al., ECCV 2016, OpenCV's preset "medium": sharper at the
edges of a hand, and faster) and ``farneback`` (Farneback, SCIA 2003)."""


def compute_flow(pictures: np.ndarray, method: str = "dis") -> np.ndarray:
    """Return the motion from each picture to the next; the last one, which has no next, gets zero.

    To have the motion of the last picture too, give the one after it as well and drop the last
    frame of the result.

    Args:
        pictures: uint8 ``(T, H, W, 3)`` (red, green, blue) or ``(T, H, W)``.
        method: ``"dis"`` or ``"farneback"``.

    Returns:
        float32 ``(2, T, H, W)``, pixels per frame, u to the right and v downwards.

    Raises:
        ConfigError: if the method is unknown.
        DataError: if the pictures are of another form, or too small for the method.
    """
    if method not in METHODS:
        raise unknown_name("method of optical flow", method, METHODS)
    colour = pictures.ndim == 4 and pictures.shape[-1] == 3
    if pictures.dtype != np.uint8 or not (colour or pictures.ndim == 3) or not pictures.size:
        raise DataError(
            "Expected pictures as uint8 (T, H, W) or (T, H, W, 3), got "
            f"{pictures.dtype} {pictures.shape}."
        )
    gray = [cv2.cvtColor(x, cv2.COLOR_RGB2GRAY) for x in pictures] if colour else list(pictures)
    flow, estimate = np.zeros((2, *pictures.shape[:3]), np.float32), METHODS[method]()
    try:
        for t, (now, then) in enumerate(pairwise(gray)):
            flow[:, t] = estimate(now, then).transpose(2, 0, 1)
    except cv2.error:
        height, width = pictures.shape[1:3]
        raise DataError(
            f"Pictures of {width} x {height} pixels are too small for the optical flow {method!r}."
        ) from None
    return flow


@dataclass(frozen=True, slots=True)
class FlowFiles:
    """Where the flow of a data set lies.

    Attributes:
        folder: the folder; the file of a clip is named by its id.
        method: how it is computed.
        command: the command that makes it, for messages.
    """

    folder: Path
    method: str
    command: str

    def path(self, clip_id: str) -> Path:
        """Return the file of a clip."""
        return self.folder / f"{clip_id}.npz"

    def header(self, clip_id: str, origin: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return a file's header, after checking that it was made from what it should be.

        Args:
            clip_id: the clip.
            origin: what the flow should be made from; every entry must be in the header's
                ``made_from``. None: whatever it was made from.

        Raises:
            DataError: if the file is damaged, or was made from something else.
        """
        path = self.path(clip_id)
        with self._reading(path):
            header = json.loads(str(*read_arrays(path, "header")))
            check_types(header, {"made_from": dict[str, Any], "scale": float, "content": str})
            made_from = header["made_from"]
            differ = [(k, v) for k, v in (origin or {}).items() if made_from.get(k) != v]
        for name, expected in differ:
            raise DataError(
                f"{path} is not the flow of this clip as it is now: it was made from {name} "
                f"{made_from.get(name)!r}, expected {expected!r}; make it again with "
                f"`{self.command}`."
            )
        return header

    def read(self, clip_id: str, origin: Mapping[str, Any]) -> Tensor:
        """Return the flow of a clip, float32 ``(2, T, H, W)`` in pixels per frame.

        Raises:
            DataError: if the file is damaged, or was made from something else than `origin`.
        """
        header, path = self.header(clip_id, origin), self.path(clip_id)
        with self._reading(path):
            (steps,) = read_arrays(path, "flow")
            if _content(steps, header["scale"]) != header["content"]:
                raise ValueError("its check sum differs")
        return torch.from_numpy(steps.astype(np.float32)).mul_(header["scale"])

    def write(self, clip_id: str, flow: np.ndarray, made_from: Mapping[str, Any]) -> None:
        """Write the flow of a clip, float32 ``(2, T, H, W)``, whole or not at all.

        Raises:
            DataError: if the file cannot be written.
        """
        steps, scale, cut = quantise(flow)
        content = _content(steps, scale)
        header = {"made_from": dict(made_from), "scale": scale, "cut": cut, "content": content}
        write_arrays(self.path(clip_id), flow=steps, header=np.array(json.dumps(header)))

    def _reading(self, path: Path) -> AbstractContextManager[None]:
        missing = f"There is no flow {path}; make it with `{self.command}`."
        return reading(path, f"make it again with `{self.command}`", missing=missing)


def quantise(flow: np.ndarray) -> tuple[np.ndarray, float, float]:
    """Return flow as int8 steps, the size of one step, and the share of values that were cut.

    The step is the smallest one that cuts at most `CUT_SHARE` of the values at 127 steps, but not
    below `SMALLEST_STEP`.

    Args:
        flow: float32, pixels per frame.
    """
    size = np.abs(flow).ravel()
    place = size.size - 1 - int(CUT_SHARE * size.size)
    scale = max(float(np.partition(size, place)[place]) / 127, SMALLEST_STEP)
    steps = np.rint(flow / scale)
    cut = float((np.abs(steps) > 127).mean())
    return np.clip(steps, -127, 127).astype(np.int8), scale, cut


def _content(steps: np.ndarray, scale: float) -> str:
    """Return a hash of the values and the scale."""
    if steps.dtype != np.int8 or steps.ndim != 4 or steps.shape[0] != 2:
        raise ValueError(f"it holds {steps.dtype} {steps.shape} for int8 (2, T, H, W)")
    digest = hashlib.blake2b(repr((steps.shape, scale)).encode(), digest_size=16)
    digest.update(np.ascontiguousarray(steps).data)
    return digest.hexdigest()
