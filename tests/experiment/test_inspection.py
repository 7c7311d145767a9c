"""Networks beside the clips that they have not seen, and what may not be mixed."""

import numpy as np
import pytest
import torch
from support.nvgesture_tree import write_nvgesture_tree
from support.tiny_runs import tiny

from mmtlib.analysis import hand_masks
from mmtlib.core.errors import ConfigError
from mmtlib.experiment import inspect_nvgesture, inspect_runs, run


@pytest.fixture(scope="module")
def runs():
    config = tiny(epochs=1, ssa_start_epoch=0)
    return {"together": run(config), **{m: run(config.alone(m)) for m in config.modalities}}


def test_every_network_sees_the_first_validation_clips(runs):
    arms = {"alone": [runs["rgb"], runs["depth"]], "together": [runs["together"]]}
    seen = inspect_runs(arms, clips=6)
    assert list(seen.networks) == list(seen.predictions)
    assert set(seen.networks) == {(a, m) for a in arms for m in ("rgb", "depth")}
    assert [clip.clip_id for clip in seen.clips] == [f"validation-{i:05d}" for i in range(6)]
    assert all(clip.mask is not None for clip in seen.clips)
    assert tuple(seen.batch.frames) == ("rgb", "depth")
    assert seen.classes == runs["rgb"].classes
    for (arm, m), network in seen.networks.items():
        stored = seen.predictions[arm, m]
        assert stored.clip_ids == seen.batch.clip_ids
        with torch.no_grad():
            scores = network(seen.batch.frames[m]).logits.softmax(dim=1)
        np.testing.assert_allclose(scores, stored.scores, atol=1e-5)


def test_all_clips_if_no_number_is_given(runs):
    seen = inspect_runs({"alone": [runs["depth"]]})
    assert len(seen.clips) == len(seen.batch) == 24
    assert seen.clips[0].modalities == ("depth",)


def test_real_clips_come_in_the_form_that_the_networks_take(runs, tmp_path):
    write_nvgesture_tree(tmp_path / "real")
    arms = {"alone": [runs["rgb"], runs["depth"]], "together": [runs["together"]]}
    seen = inspect_nvgesture(arms, tmp_path / "real")
    assert list(seen.networks) == [("alone", "rgb"), ("together", "rgb")]
    assert seen.predictions == {}
    assert len(seen.clips) == 6  # three classes by subjects 1 and 2: 3 validates, 5 tests
    assert set(seen.batch.subjects.tolist()) == {1, 2}
    assert seen.clips[0].shape == (8, 16, 16)  # of the preset tiny
    assert seen.clips[0].frame_rate == 3  # 80 frames at 30 a second, as 8
    assert hand_masks(seen.clips, "silhouette").any(dim=(2, 3)).all()
    assert len(seen.classes) == 25
    for network in seen.networks.values():
        assert network(seen.batch.frames["rgb"]).logits.shape == (6, len(runs["rgb"].classes))
    with pytest.raises(ConfigError, match="network of RGB, got none"):
        inspect_nvgesture({"alone": [runs["depth"]]}, tmp_path / "real")


def test_runs_that_do_not_fit_are_named(runs):
    with pytest.raises(ConfigError, match="got none"):
        inspect_runs({"alone": []})
    with pytest.raises(ConfigError, match="alone rgb, alone depth, alone rgb"):
        inspect_runs({"alone": [runs["together"], runs["rgb"]]})
    with pytest.raises(ConfigError, match="1 to 24"):
        inspect_runs({"alone": [runs["rgb"]]}, clips=25)
    other = run(tiny(modalities="rgb", epochs=1, generator_seed=1))
    with pytest.raises(ConfigError, match="differ in generator_seed"):
        inspect_runs({"one": [runs["rgb"]], "two": [other]})
    spoilt = run(tiny(modalities="depth", epochs=1, corrupt="depth"))
    with pytest.raises(ConfigError, match=r"not spoilt.*corrupt=depth"):
        inspect_runs({"one": [spoilt]})
