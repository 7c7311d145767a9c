"""A modality of a user's own, from the list of videos to a trained network."""

import numpy as np
import pytest
import torch
from support.own_modalities import known, like
from support.tiny_runs import tiny
from support.videos_tree import SPAN, write_list, write_videos_tree

from mmtlib.core.errors import DataError
from mmtlib.datasets import VideoFolder
from mmtlib.experiment import make_transform, open_data, run
from mmtlib.synthetic import SyntheticGestures


@pytest.fixture
def thermal_tree(tmp_path):
    """Five people seen by a colour and a thermal camera, whose column is ``Thermal``."""
    rows = write_videos_tree(tmp_path / "videos", labels=("wave", "point"))
    rows = [{("Thermal" if k == "depth" else k): v for k, v in row.items()} for row in rows]
    write_list(tmp_path / "videos", rows)
    with known(like("ir", "thermal")):
        yield tmp_path / "videos"


def test_a_column_of_its_name_is_read_by_its_kind(thermal_tree):
    clips = VideoFolder(thermal_tree, "all")
    assert clips.modalities == VideoFolder.modalities_in(thermal_tree) == ("rgb", "thermal")
    frames = clips[0].frames["thermal"]
    assert frames.shape == (1, SPAN, 24, 32)
    assert 0 <= float(frames.min()) < float(frames.max()) <= 1
    with known(like("depth", "thermal")):
        torch.testing.assert_close(VideoFolder(thermal_tree, "all")[0].frames["thermal"], frames)
    with known(like("rgb", "thermal")):
        assert VideoFolder(thermal_tree, "all")[0].frames["thermal"].shape[0] == 3
    report = VideoFolder.verify(thermal_tree)
    assert report.complete
    assert set(report.clips["thermal"]) == {"ok"}


def test_it_is_trained_and_tested(thermal_tree, fresh_cache):
    config = tiny(
        dataset="videos", root=str(thermal_tree), modalities=("thermal", "rgb"), epochs=1,
        batch_size=2, augment="strong",
    )  # fmt: skip
    assert config.modalities == ("rgb", "thermal")
    data = open_data(config, "train")
    change = make_transform(config, training=True, label_swaps=data.label_swaps)
    clip = change(data.clips[0], torch.Generator().manual_seed(0))
    assert {m: x.shape for m, x in clip.frames.items()} == {
        "rgb": (3, 8, 16, 16), "thermal": (1, 8, 16, 16),
    }  # fmt: skip
    found = run(config)
    assert set(found.validation_accuracy) == {"rgb", "thermal"}
    assert np.isfinite(found.predictions("validation")["thermal"].scores).all()


def test_without_its_declaration_the_column_is_unknown(thermal_tree):
    write_list(
        thermal_tree,
        [{"path": "anna/rgb.avi", "warmth": "anna/depth.avi", "label": 1, "subject": 1}],
    )
    with pytest.raises(
        DataError, match=r"videos\.csv:1: unknown columns: 'warmth'; .* a modality with its kind"
    ):
        VideoFolder(thermal_tree)


def test_what_the_renderer_does_not_make_is_refused(own_cache):
    with known(like("ir", "thermal")), pytest.raises(DataError, match="show rgb, depth, flow, ir"):
        SyntheticGestures("tiny", "train", "rgb,thermal")
