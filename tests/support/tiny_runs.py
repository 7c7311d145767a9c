"""Small configs, runs and caches for the tests of training, experiments and the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from mmtlib.config import ExperimentConfig
from mmtlib.core.clips import GestureClip
from mmtlib.core.modalities import get_modality
from mmtlib.core.seeding import torch_generator
from mmtlib.synthetic import SyntheticGestures


def tiny(**settings: Any) -> ExperimentConfig:
    """Return a config of the preset tiny: RGB and depth on the CPU, if not said otherwise."""
    named = {"preset": "tiny", "modalities": ("rgb", "depth"), "device": "cpu"}
    return ExperimentConfig.make(**{**named, **settings})


def use_fresh_cache(own_cache: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Point mmtlib to an empty cache that shares only the synthetic clips of the session."""
    for split in ("train", "validation", "test"):
        SyntheticGestures("tiny", split)
    cache = folder / "cache"
    cache.mkdir()
    (cache / "synthetic").symlink_to(own_cache / "synthetic")
    monkeypatch.setenv("MMTLIB_CACHE", str(cache))
    return cache


def weights(folder: Path, modality: str) -> dict[str, torch.Tensor]:
    """Return the stored weights of a run's network."""
    return load_file(folder / f"{modality}.safetensors")


def same_tensors(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    """Return whether two sets of weights are the same bits."""
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


class RandomClips:
    """Clips of noise, one brightness per class, as a source for loaders."""

    def __init__(
        self, clips: int, modalities: tuple[str, ...] = ("rgb", "depth"), classes: int = 3
    ) -> None:
        self.clips, self.modalities, self.classes = clips, modalities, classes
        self.read: list[int] = []

    def __len__(self) -> int:
        return self.clips

    def __getitem__(self, index: int) -> GestureClip:
        if index >= self.clips:
            raise IndexError(index)  # iteration ends here
        self.read.append(index)
        label = index % self.classes
        frames = {}
        for m in self.modalities:
            shape = (get_modality(m).channels, 8, 16, 16)
            noise = torch.rand(shape, generator=torch_generator("noise", m, index))
            frames[m] = 0.3 * noise + 0.7 * label / self.classes
        return GestureClip(frames=frames, label=label, subject=index % 5, clip_id=f"clip-{index}")
