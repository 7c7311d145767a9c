"""Things of a user's own, each declared once: what tests/test_declared_once.py looks for.

As the module of an installed package would be, whose entry points name them.
"""

from torch import nn

from mmtlib.config import Control, DataSet, Method
from mmtlib.core.modalities import Modality
from mmtlib.datasets import VideoFolder
from mmtlib.training.other_clips import of_same_class


class DummyNet(nn.Module):
    """A network that knows nothing of mmtlib but returns ``(logits, features)``."""

    def __init__(self, in_channels, num_classes, dropout=0.0):
        super().__init__()
        self.body = nn.Conv3d(in_channels, 4, 3, stride=2)
        self.head = nn.Linear(4, num_classes)

    def forward(self, clips):
        features = self.body(clips).relu() * 1.0
        return self.head(features.mean((2, 3, 4))), features


def distance(learner, teacher, settings):
    """Return how far the mean features of a clip are apart, ``(N,)``."""
    apart = learner.features.mean((2, 3, 4)) - teacher.features.mean((2, 3, 4))
    return apart.square().sum(1)


dummy_method = Method(name="dummy_method", title="dummy hints", distance=distance, weight=2.0)
dummy_control = Control(name="dummy_control", title="dummy control", teacher_clips=of_same_class)
dummy_modality = Modality(
    name="thermal", title="Thermal", channels=1, kind="image", unit="brightness, 0 to 1",
    center=0.3, spread=0.2, color="#56B4E9",
)  # fmt: skip


class DummySet(VideoFolder):
    """A folder of videos by another name."""

    name = "dummy_set"


dummy_set = DataSet(name="dummy_set", title="Dummy set", reader=DummySet)
