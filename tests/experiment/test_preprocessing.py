import json

import pytest
import torch
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from support.tiny_runs import tiny

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.core.modalities import MODALITIES
from mmtlib.core.seeding import torch_generator
from mmtlib.experiment import Preprocessing, make_transform
from mmtlib.experiment.data import stored_form
from mmtlib.transforms import Compose, Resize, Standardize


def clip_of(*modalities, shape=(11, 24, 30)):
    frames = {
        m: torch.rand(MODALITIES[m].channels, *shape, generator=torch_generator(m))
        for m in modalities
    }
    return GestureClip(frames=frames, label=0, subject=0, clip_id="noise")


@pytest.mark.parametrize("augment", ["shift", "crop", "none"])
@pytest.mark.parametrize("modality", MODALITIES)
def test_it_is_what_training_and_evaluation_do(modality, augment):
    config = tiny(augment=augment)
    prepare = Preprocessing.of(config, modality)
    batch = prepare(clip_of(*MODALITIES))
    assert batch.shape == (1, MODALITIES[modality].channels, 8, 16, 16)
    stored = Compose([stored_form(config), make_transform(config, training=False)])
    assert torch.equal(batch[0], stored(clip_of(modality)).frames[modality])
    assert all(not step.random for step in prepare.steps)


def test_what_is_no_number_is_refused_with_the_clips_name():
    clip = clip_of("depth")
    clip.frames["depth"][0, 4, 1, 1] = float("nan")
    with pytest.raises(DataError, match="Clip noise: frame 4 of depth holds NaN"):
        Preprocessing.of(tiny(), "depth")(clip)


@limits(max_examples=30)
@given(
    modality=st.sampled_from(list(MODALITIES)),
    preset=st.sampled_from(["tiny", "tutorial", "benchmark", "paper"]),
    augment=st.sampled_from(["shift", "crop", "none"]),
)
def test_description_round_trip(modality, preset, augment):
    prepare = Preprocessing.of(tiny(preset=preset, augment=augment), modality)
    text = json.dumps({**prepare.describe(), "more": "is passed over"})
    again = Preprocessing.from_description(json.loads(text))
    assert again.describe() == prepare.describe()
    assert (again.modality, again.shape) == (prepare.modality, prepare.shape)
    if preset != "paper":
        assert torch.equal(again(clip_of(modality)), prepare(clip_of(modality)))


def test_readers_without_mmtlib_are_told_everything():
    crop = Preprocessing.of(tiny(preset="paper"), "depth").describe()
    assert [crop[name] for name in ("modality", "channels", "frames", "height", "width")] == [
        "depth", 1, 64, 224, 224,
    ]  # fmt: skip
    steps = [(s["name"], s["arguments"]) for s in crop["steps"]]
    assert steps == [
        ("SampleFrames", {"frames": 64}),
        ("Resize", {"height": 256, "width": 256}),
        ("CenterCrop", {"height": 224, "width": 224}),
        ("Standardize", {}),
    ]
    assert all(len(s["does"]) > 20 for s in crop["steps"])
    assert crop["standardize"] == {"rule": "(x - center) / spread", "center": 0.45, "spread": 0.25}
    rgb = Preprocessing.of(tiny(), "rgb").describe()["standardize"]
    assert rgb["floor"] == 0.05
    assert "each channel over the whole clip" in rgb["rule"]


def described(**changes):
    values = json.loads(json.dumps(Preprocessing.of(tiny(), "depth").describe()))
    return {k: v for k, v in {**values, **changes}.items() if v is not None}


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": [{"name": "Sharpen", "arguments": {}}]},
        {"steps": [{"name": "Resize", "arguments": {"height": 16}}]},
        {"steps": [{"name": "Resize", "arguments": {"height": -1, "width": 16}}]},
        {"steps": [{"name": "RandomShift", "arguments": {"pixels": 1}}]},
        {"steps": [5]},
        {"steps": None},
        {"modality": "thermal"},
        {"modality": []},
        {"frames": None},
        {"standardize": {"rule": "(x - center) / spread", "center": 0.5, "spread": 0.25}},
        {"standardize": None},
    ],
)
def test_what_this_version_would_not_do(changes):
    with pytest.raises(ConfigError, match="does not prepare clips in the way described"):
        Preprocessing.from_description(described(**changes))


def test_wrong_clips():
    prepare = Preprocessing.of(tiny(), "rgb")
    with pytest.raises(DataError, match="has depth, not rgb"):
        prepare(clip_of("depth"))
    short = Preprocessing(
        modality="rgb", shape=(8, 16, 16), steps=(Resize(height=16, width=16), Standardize())
    )
    with pytest.raises(DataError, match=r"became \(11, 16, 16\); the network takes \(8, 16, 16\)"):
        short(clip_of("rgb"))
