"""Networks whose right answers are known: one worked out by hand, one that learnt a square."""

from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmtlib.core.clips import ClipBatch
from mmtlib.evaluation import Predictions
from mmtlib.models import CompactI3D, StagedNetwork


class Glass(StagedNetwork):
    """Class 0 is how much is bright, class 1 how much is dark: every pixel speaks for itself."""

    STAGES: ClassVar[tuple[str, ...]] = ("glass",)
    CLASSIFIER: ClassVar[str] = "linear"

    def __init__(self) -> None:
        super().__init__(1, 2, feature_stage="glass", feature_time_pool=1, dropout=0.0)
        self.glass = nn.Sequential(nn.Conv3d(1, 2, 1, bias=False), nn.ReLU())
        self.linear = nn.Linear(2, 2, bias=False)
        with torch.no_grad():
            self.glass[0].weight.copy_(torch.tensor([1.0, -1.0]).view(2, 1, 1, 1, 1))
            self.linear.weight.copy_(torch.eye(2))

    def classify(self, x: Tensor) -> Tensor:
        return self.linear(x.mean(dim=(2, 3, 4)))


@pytest.fixture
def glass():
    return Glass().eval()


def squares(clips: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Return noise with one bright (class 0) or dark (class 1) square, the classes, the squares."""
    rng = np.random.default_rng(seed)
    masks = np.zeros((clips, 8, 16, 16), bool)
    for mask in masks:
        y, x = rng.integers(0, 11, 2)
        mask[:, y : y + 5, x : x + 5] = True
    labels = np.arange(clips) % 2
    noise = rng.standard_normal(masks.shape)
    frames = 0.5 * noise + 2.5 * masks * (1 - 2 * labels)[:, None, None, None]
    return (
        torch.tensor(frames[:, None], dtype=torch.float32),
        torch.tensor(labels),
        torch.tensor(masks),
    )


@pytest.fixture(scope="session")
def square_network():
    """A network that has learnt to tell bright squares from dark ones."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = CompactI3D(1, 2, width=8, feature_time_pool=1, dropout=0.0)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    frames, labels, _ = squares(64)
    for _ in range(30):
        optimizer.zero_grad()
        F.cross_entropy(network(frames).logits, labels).backward()
        optimizer.step()
    optimizer.zero_grad()
    network.eval()
    test, truth, _ = squares(32, seed=1)
    with torch.no_grad():
        assert (network(test).logits.argmax(1) == truth).float().mean() > 0.95
    return network


@pytest.fixture
def square_clips():
    return squares(16, seed=1)


def from_correct(correct, labels, subjects, classes=3):
    """Predictions that are right exactly where `correct` is true."""
    labels, correct = np.asarray(labels), np.asarray(correct, bool)
    predicted = np.where(correct, labels, (labels + 1) % classes)
    return Predictions(
        scores=np.eye(classes)[predicted],
        labels=labels,
        subjects=np.asarray(subjects),
        clip_ids=tuple(f"clip{i}" for i in range(len(labels))),
    )


@pytest.fixture
def predictions():
    return from_correct


@pytest.fixture
def make_batch():
    def make(n, subjects=None):
        return ClipBatch(
            frames={},
            labels=torch.arange(n) % 2,
            subjects=torch.as_tensor(subjects if subjects is not None else range(n)),
            clip_ids=tuple(f"clip{i}" for i in range(n)),
        )

    return make
