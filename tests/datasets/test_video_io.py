import random

import numpy as np
import pytest
import torch
from support.nvgesture_tree import TreeClip, frame_numbers, picture_frames, write_video

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.datasets.recordings import Recording, video_info
from mmtlib.datasets.video_clips import clip_from_video, to_frames
from mmtlib.datasets.video_io import _plan, read_video

CLIP = TreeClip(folder="", split="train", label=3, subject=1, first=8, infrared_first=8)
CODINGS = {
    "mjpeg": {},
    "libx264": {},
    "libx264 short groups": {"gop": 25},
    "mpeg4": {"gop": 12},
}


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    frames = picture_frames("sk_wrapped", CLIP, 110)
    return {
        name: write_video(
            folder / f"{name.replace(' ', '_')}.avi", frames, codec=name.split()[0], **settings
        )
        for name, settings in CODINGS.items()
    }


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("span", [(0, 1), (0, 110), (40, 60), (49, 52), (75, 76), (99, 110)])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_span_is_the_same_as_in_the_whole_video(videos, coding, span, threads):
    whole = read_video(videos[coding], threads=1)
    assert whole.shape == (110, 24, 32, 3)
    assert whole.dtype == np.uint8
    part = read_video(videos[coding], *span, threads=threads)
    np.testing.assert_array_equal(part, whole[slice(*span)])
    np.testing.assert_array_equal(frame_numbers(part), np.arange(*span))


@pytest.mark.parametrize("coding", CODINGS)
def test_gray_is_brightness(videos, coding):
    colour = read_video(videos[coding], 10, 40).astype(float)
    gray = read_video(videos[coding], 10, 40, gray=True)
    assert gray.shape == (30, 24, 32)
    # Red, green and blue are cut off at 0 and 255, brightness is not: the edges of the disc differ.
    difference = np.abs(gray - colour @ [0.299, 0.587, 0.114])
    assert difference.mean() < 1
    assert difference[:, :8, :16].max() <= 3
    np.testing.assert_array_equal(frame_numbers(gray), np.arange(10, 40))


def test_gray_of_a_coding_without_a_brightness_plane(tmp_path):
    import av

    path = tmp_path / "png.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("png", rate=30)
        stream.height, stream.width, stream.pix_fmt = 24, 32, "rgb24"
        for picture in picture_frames("sk_depth", CLIP, 12):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    np.testing.assert_array_equal(frame_numbers(read_video(path, 3, 9, gray=True)), np.arange(3, 9))


def test_decoding_starts_as_late_as_the_coding_allows(videos):
    import av

    def plan(coding, first):
        with av.open(str(videos[coding])) as container:
            stream = container.streams.video[0]
            packets = [p for p in container.demux(stream) if p.size]
            return _plan(stream.codec_context.codec, packets, first)

    assert plan("mjpeg", 60) == (60, 60)
    assert plan("mpeg4", 60) == (0, 0)
    assert plan("libx264", 60) == (0, 28)
    assert plan("libx264 short groups", 60) == (25, 28)
    assert plan("libx264 short groups", 20) == (0, 0)


def test_info(videos):
    info = video_info(videos["libx264"])
    assert (info.frames, info.height, info.width, info.frame_rate) == (110, 24, 32, 30.0)


def test_info_counts_frames_where_the_header_does_not(tmp_path):
    path = write_video(tmp_path / "clip.mkv", picture_frames("sk_depth", CLIP, 20))
    assert video_info(path).frames == 20


def test_missing(tmp_path):
    for read in (read_video, video_info, lambda path: Recording(path, 0, 1).check()):
        with pytest.raises(DataError, match=r"There is no video .*gone\.avi"):
            read(tmp_path / "gone.avi")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no video at all\n" * 50,
        b"RIFF\xff\xff\xff\xffAVI LIST",
        b"#EXTM3U\n#EXTINF:9,\nhttp://127.0.0.1:9/a.ts\n",
        random.Random(1).randbytes(5000),
    ],
)
def test_garbage(tmp_path, content):
    path = tmp_path / "garbage.avi"
    path.write_bytes(content)
    for read in (read_video, video_info, lambda path: Recording(path, 0, 1).check()):
        with pytest.raises(DataError, match=r"garbage\.avi"):
            read(path)


def test_sound_alone_is_no_video(tmp_path):
    import av

    path = tmp_path / "sound.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        samples.sample_rate = 8000
        container.mux(stream.encode(samples))
    with pytest.raises(DataError, match=r"sound\.avi holds no video"):
        read_video(path)


def test_too_few_frames(videos):
    with pytest.raises(DataError, match=r"mjpeg\.avi is too short.*111 frames are needed, 110"):
        read_video(videos["mjpeg"], 31, 111)
    with pytest.raises(DataError, match="121 frames are needed"):
        read_video(videos["mjpeg"], 120)
    Recording(videos["mjpeg"], 0, 110).check()
    with pytest.raises(DataError, match="too short"):
        Recording(videos["mjpeg"], 0, 111).check()


@pytest.mark.parametrize("span", [(-1, 4), (5, 5), (9, 3)])
def test_impossible_span(videos, span):
    with pytest.raises(DataError, match="Expected 0 <= first < last"):
        read_video(videos["mjpeg"], *span)


@pytest.mark.parametrize("coding", ["mjpeg", "libx264"])
def test_cut_short(videos, coding, tmp_path):
    data = videos[coding].read_bytes()
    path = tmp_path / "cut.avi"
    path.write_bytes(data[: len(data) // 2])
    for read in (lambda: read_video(path, 20, 100), Recording(path, 0, 100).check):
        with pytest.raises(DataError, match=r"cut\.avi"):
            read()
    Recording(path, 0, 2).check()  # frames before the cut are there


def _mutated(data: bytes, rng: random.Random) -> bytes:
    kind = rng.choice(["cut", "one bit", "bits", "header", "zeros", "insert", "delete"])
    changed, at = bytearray(data), rng.randrange(len(data))
    if kind == "cut":
        return data[:at]
    if kind == "header":
        changed[rng.randrange(400)] = rng.randrange(256)
    elif kind == "zeros":
        changed[at : at + 300] = bytes(len(changed[at : at + 300]))
    elif kind == "insert":
        changed[at:at] = rng.randbytes(40)
    elif kind == "delete":
        del changed[at : at + 40]
    else:
        for _ in range(1 if kind == "one bit" else 30):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


@pytest.mark.parametrize("coding", ["mjpeg", "libx264"])
def test_damaged_videos_give_a_whole_clip_or_a_clear_error(videos, coding, tmp_path):
    data, rng = videos[coding].read_bytes(), random.Random(7)
    path, outcomes = tmp_path / "damaged.avi", []
    for _ in range(60):
        path.write_bytes(_mutated(data, rng))
        try:
            outcomes.append(len(read_video(path, 12, 92)))
        except DataError as error:
            outcomes.append("error" if "damaged.avi" in str(error) else str(error))
    assert set(outcomes) == {80, "error"}


def test_pictures_that_change_size(tmp_path):
    a = write_video(tmp_path / "a.mpg", np.zeros((10, 32, 32, 3), np.uint8), codec="mpeg1video")
    b = write_video(tmp_path / "b.mpg", np.zeros((10, 48, 64, 3), np.uint8), codec="mpeg1video")
    path = tmp_path / "ab.mpg"
    path.write_bytes(a.read_bytes() + b.read_bytes())
    with pytest.raises(DataError, match=r"ab\.mpg"):
        read_video(path)


def test_to_frames():
    colour = to_frames(np.full((5, 4, 3, 3), 51, np.uint8))
    assert colour.shape == (3, 5, 4, 3)
    assert colour.dtype == torch.float32
    assert colour.is_contiguous()
    torch.testing.assert_close(colour, torch.full_like(colour, 0.2))
    assert to_frames(np.zeros((5, 4, 3), np.uint8)).shape == (1, 5, 4, 3)


@pytest.mark.parametrize(("modality", "channels"), [("rgb", 3), ("depth", 1), ("ir", 1)])
def test_clip_from_video(videos, modality, channels):
    clip = clip_from_video(videos["mjpeg"], modality)
    assert clip.frames[modality].shape == (channels, 110, 24, 32)
    assert (clip.label, clip.clip_id, clip.frame_rate) == (-1, "mjpeg", 30.0)
    assert clip_from_video(videos["mjpeg"], modality, label=4).label == 4


def test_clip_from_video_refuses(videos, monkeypatch):
    with pytest.raises(DataError, match="flow"):
        clip_from_video(videos["mjpeg"], "flow")
    with pytest.raises(ConfigError, match="modality 'deph'"):
        clip_from_video(videos["mjpeg"], "deph")
    monkeypatch.setattr("mmtlib.datasets.video_clips.MAX_WHOLE_VIDEO_BYTES", 1000)
    with pytest.raises(DataError, match="give the first and the last frame"):
        clip_from_video(videos["mjpeg"], "rgb")
