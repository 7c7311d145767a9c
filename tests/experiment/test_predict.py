import numpy as np
import pytest
from support.nvgesture_tree import VIDEO_FRAMES, picture_frames, write_video
from support.tiny_runs import tiny

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.datasets import NVGesture, read_video
from mmtlib.experiment import evaluate, predict_video, run


@pytest.fixture(scope="module")
def trained(own_cache, nvgesture_tree):
    root, _ = nvgesture_tree
    return run(tiny(epochs=2, dataset="nvgesture", root=str(root)))


@pytest.fixture(scope="module")
def clip(nvgesture_tree):
    """The first test clip of the miniature data set."""
    _, clips = nvgesture_tree
    return next(c for c in clips if c.split == "test")


@pytest.mark.parametrize(("modality", "sensor"), [("rgb", "sk_wrapped"), ("depth", "sk_depth")])
def test_same_scores_as_the_data_set_gives(trained, nvgesture_tree, clip, modality, sensor):
    root, _ = nvgesture_tree
    video = root / clip.folder / f"{sensor}.avi"
    table = predict_video(trained, video, modality, first=clip.first, last=clip.first + 80)
    scores = table.set_index("class").score
    found = evaluate(trained, "test").predictions[modality]
    row = found.clip_ids.index(clip.folder.removeprefix("Video_data/"))
    # The store of the data set rounds to 8 bits, a single video is not stored.
    assert scores[list(NVGesture.classes)].to_numpy() == pytest.approx(found.scores[row], abs=0.02)
    assert list(table) == ["class", "score"]
    assert table.score.is_monotonic_decreasing
    assert table.score.sum() == pytest.approx(1, abs=1e-5)


def test_a_span_is_the_video_cut_to_it(trained, nvgesture_tree, clip, tmp_path):
    root, _ = nvgesture_tree
    video = root / clip.folder / "sk_depth.avi"
    frames = read_video(video)
    assert len(frames) == VIDEO_FRAMES
    span = predict_video(trained, video, "depth", first=10, last=30)
    whole = predict_video(trained, video, "depth")
    assert not np.allclose(span.set_index("class").score[whole["class"]], whole.score, atol=1e-4)
    ends = predict_video(trained, video, "depth", first=0, last=VIDEO_FRAMES)
    assert ends.equals(whole)
    assert predict_video(trained, video, "depth", first=0).equals(whole)
    short = predict_video(trained, video, "depth", first=VIDEO_FRAMES - 3)
    assert short.score.notna().all()


def test_any_picture_size_will_do(trained, nvgesture_tree, clip, tmp_path):
    frames = picture_frames("sk_depth", clip, 20).repeat(2, axis=1).repeat(3, axis=2)
    assert len(predict_video(trained, write_video(tmp_path / "big.avi", frames), "depth")) == 25


def test_the_only_network_needs_no_name(own_cache, nvgesture_tree, clip):
    root, _ = nvgesture_tree
    stored = run(tiny(epochs=1, dataset="nvgesture", root=str(root), modalities="depth"))
    video = root / clip.folder / "sk_depth.avi"
    assert predict_video(stored, video).equals(predict_video(stored, str(video), "depth"))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"modality": None}, ConfigError, r"has networks for rgb, depth: say which.*--modality"),
        ({"modality": "flow"}, ConfigError, "Unknown modality of this run 'flow'"),
        ({"first": 50, "last": 50}, DataError, "Expected 0 <= first < last"),
        ({"first": -3}, DataError, "Expected 0 <= first"),
        ({"first": 96}, DataError, "is too short or cut off: 97 frames are needed, 96"),
        ({"last": 97}, DataError, "is too short or cut off: 97 frames are needed, 96"),
    ],
)
def test_wrong_arguments(trained, nvgesture_tree, clip, arguments, error, message):
    root, _ = nvgesture_tree
    video = root / clip.folder / "sk_wrapped.avi"
    with pytest.raises(error, match=message):
        predict_video(trained, video, **{"modality": "rgb", **arguments})


def test_wrong_videos(trained, tmp_path):
    with pytest.raises(DataError, match=r"There is no video .*none\.avi"):
        predict_video(trained, tmp_path / "none.avi", "rgb")
    (tmp_path / "garbage.avi").write_bytes(b"garbage" * 100)
    with pytest.raises(DataError, match=r"garbage\.avi is no video, or is damaged"):
        predict_video(trained, tmp_path / "garbage.avi", "rgb")
