import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.nvgesture_tree import VIDEO_FRAMES, frame_numbers, picture_frames, write_video

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.datasets import clip_from_video, read_video, video_windows
from mmtlib.datasets.video_io import iterate_video


@pytest.fixture(scope="session")
def videos(nvgesture_tree, tmp_path_factory):
    """The same 96 numbered frames in motion JPEG and in H.264."""
    _, clips = nvgesture_tree
    frames = picture_frames("sk_depth", clips[0], VIDEO_FRAMES)
    folder = tmp_path_factory.mktemp("windows")
    return {c: write_video(folder / f"{c}.avi", frames, codec=c) for c in ("mjpeg", "libx264")}


@pytest.mark.parametrize("codec", ["mjpeg", "libx264"])
@pytest.mark.parametrize("gray", [False, True])
def test_frames_one_by_one_are_those_of_the_whole(videos, codec, gray):
    whole = read_video(videos[codec], gray=gray)
    frames = [picture.copy() for picture in iterate_video(videos[codec], gray=gray)]
    assert np.array_equal(np.stack(frames), whole)


@settings(max_examples=15)
@given(window=st.integers(1, VIDEO_FRAMES), stride=st.none() | st.integers(1, 120))
def test_windows_are_spans_of_the_video(videos, window, stride):
    windows = list(video_windows(videos["mjpeg"], "depth", window=window, stride=stride))
    step = max(window // 2, 1) if stride is None else stride
    assert [w.first for w in windows] == list(range(0, VIDEO_FRAMES - window + 1, step))
    for w in windows:
        first = w.first
        assert (w.start_s, w.end_s) == pytest.approx((first / 30, (first + window) / 30))
        numbers = frame_numbers((255 * w.clip.frames["depth"][0]).round().to(torch.uint8).numpy())
        assert list(numbers) == list(range(first, first + window))


@pytest.mark.parametrize("modality", ["rgb", "depth"])
def test_a_window_is_what_the_span_would_be(videos, modality):
    for w in video_windows(videos["libx264"], modality, window=20, stride=38):
        first, clip = w.first, w.clip
        span = clip_from_video(videos["libx264"], modality, first=first, last=first + 20)
        assert torch.equal(clip.frames[modality], span.frames[modality])
        assert (clip.frame_rate, clip.label, clip.subject) == (30.0, -1, -1)
        assert clip.clip_id == f"libx264:{first}"


def starts(video, window, stride):
    return [w.first for w in video_windows(video, "depth", window=window, stride=stride)]


def test_seconds_are_frames_of_the_videos_rate(videos):
    video = videos["mjpeg"]  # 30 frames a second
    assert starts(video, "2s", "0.5s") == starts(video, 60, 15) == [0, 15, 30]
    assert starts(video, "1.99 s", ".5s") == [0, 15, 30]
    assert starts(video, "80", None) == starts(video, 80, None) == [0]


@pytest.mark.parametrize(
    "length",
    [0, "0", "-3", "0.01s", "2.5", "s", "1e9s", "9" * 5000, "9" * 500 + "s", "nans", "", "2 m"],
    ids=lambda length: str(length)[:9],
)
def test_lengths_that_are_none(videos, length):
    with pytest.raises(ConfigError, match=r"window: expected at least one frame, as frames \(80\)"):
        starts(videos["mjpeg"], length, None)
    with pytest.raises(ConfigError, match="stride: expected at least one frame"):
        starts(videos["mjpeg"], 10, length)


def test_a_video_that_is_too_short(videos):
    with pytest.raises(DataError, match=r"than one window: it has 96 frames .*the window 97"):
        starts(videos["mjpeg"], 97, None)


def test_windows_that_do_not_fit_in_memory(videos, monkeypatch):
    monkeypatch.setattr("mmtlib.datasets.video_clips.MAX_WHOLE_VIDEO_BYTES", 1000)
    with pytest.raises(DataError, match="are too many for one gesture"):
        starts(videos["mjpeg"], 20, None)
    with pytest.raises(DataError, match="Optical flow cannot be read from a video"):
        next(video_windows(videos["mjpeg"], "flow", window=5))
    with pytest.raises(ConfigError, match="Unknown modality 'thermal'"):
        next(video_windows(videos["mjpeg"], "thermal", window=5))


def test_damage_on_the_way_is_reported(tmp_path):
    shapes = {"a": (10, 32, 32, 3), "b": (10, 48, 64, 3)}
    parts = [
        write_video(tmp_path / f"{name}.mpg", np.zeros(shape, np.uint8), codec="mpeg1video")
        for name, shape in shapes.items()
    ]
    (tmp_path / "ab.mpg").write_bytes(b"".join(part.read_bytes() for part in parts))
    windows = video_windows(tmp_path / "ab.mpg", "depth", window=5, stride=5)
    with pytest.raises(DataError, match=r"ab\.mpg"):
        list(windows)
    with pytest.raises(DataError, match=r"There is no video .*none\.avi"):
        starts(tmp_path / "none.avi", 10, 10)
