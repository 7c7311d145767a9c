"""What phones, webcams and depth cameras write, in every container that can hold it."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from support.own_modalities import known, like
from support.recorded_files import (
    FRAMES,
    counted,
    numbers,
    slowing,
    trim,
    webcam,
    write_numbered,
    write_recording,
)
from support.videos_tree import write_list

from mmtlib.core.errors import DataError
from mmtlib.datasets import Recording, VideoFolder, clip_from_video, read_video
from mmtlib.datasets.pixels import RawScale
from mmtlib.datasets.video_clips import picture_form

VIDEOS = (".mp4", ".mov", ".mkv", ".webm", ".avi")
EVERY = (*VIDEOS, "pictures")
EVEN = [i / 30 for i in range(FRAMES)]
START, LASTING = 0.5, 0.8
"""Seconds that an edit list shows."""
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov"}
AS_RECORDED = {".mp4": FRAGMENTS, ".mov": FRAGMENTS, ".mkv": {"live": "1"}, ".webm": {"live": "1"}}
"""Options with which a browser writes: on and on, without going back to the header."""
DEEP = {
    (10, ".mp4"): ("libx264", "gray10le"),
    (10, ".mov"): ("libx264", "gray10le"),
    (10, ".mkv"): ("libx264", "gray10le"),
    (10, ".avi"): ("ffv1", "gray10le"),
    (16, ".mp4"): ("png", "gray16be"),
    (16, ".mov"): ("png", "gray16be"),
    (16, ".mkv"): ("ffv1", "gray16le"),
    (16, ".avi"): ("ffv1", "gray16le"),
}
CANNOT_HOLD = {
    **{(what, "pictures"): "numbered pictures have no times" for what in ("times", "edit list")},
    **{
        ("edit list", form): "only MP4 and MOV have edit lists"
        for form in (".mkv", ".webm", ".avi")
    },
    ("rotation", ".avi"): "AVI has no place for it",
    ("bits", 10, ".webm"): "no coder of VP9 or AV1 for more than 8 bits is at hand",
    ("bits", 16, ".webm"): "VP9 and AV1 have 12 bits at most",
    ("bits", 10, "pictures"): "PNG has 8 or 16 bits, JPEG and BMP 8",
    ("cut short", "pictures"): "a folder does not say how many pictures it should hold",
}
"""Combinations that no file can be made of, and why."""


def held(what, forms=EVERY):
    return [form for form in forms if (what, form) not in CANNOT_HOLD]


def spans(times, end, full):
    """Return spans in seconds: at frames, between them, of a millisecond, open, at random."""
    rng = np.random.default_rng(len(times))
    pairs = np.sort(rng.uniform(0, end, (200 if full else 3, 2)), axis=1).tolist()
    fixed = [(times[3], times[9]), (times[5] + 0.012, times[-2] - 0.004), (0.3, 0.301)]
    return [*fixed, (None, 0.4), (0.4, None), (None, None), *pairs]


def check_spans(path, times, end, full, first_number=0):
    """Compare with the frames that a player shows: those that appear in a span, or are seen."""
    recording, times = Recording(path), np.array(times)
    for start, stop in spans(times, end, full):
        a, b = start or 0, end if stop is None else stop
        appear = np.flatnonzero((times >= a - 1e-9) & (times < b - 1e-9))
        seen = np.flatnonzero(times <= a + 1e-9)[-1:]
        expected = appear if len(appear) else seen
        found = recording.between(start, stop)
        pictures = numbers(found.read())
        assert pictures == list(range(found.first + first_number, found.last + first_number))
        assert abs(found.first - expected[0]) <= 1, (start, stop)
        assert abs(found.last - 1 - expected[-1]) <= 1, (start, stop)


@pytest.mark.parametrize("form", held("times"))
@pytest.mark.parametrize("pace", ["constant", "variable", "webcam"])
def test_seconds_are_those_of_a_player(tmp_path, form, pace, full):
    times = {"constant": None, "variable": slowing(), "webcam": webcam()}[pace]
    how = {"rate": 1000, "options": AS_RECORDED.get(form)} if pace == "webcam" else {}
    path = write_recording(tmp_path / f"v{form}", counted(), times=times, **how)
    facts = Recording(path).facts()
    shown = EVEN if times is None else times
    assert (facts.frames, facts.varies) == (FRAMES, pace != "constant")
    assert times is not None or facts.frame_rate == 30
    assert 1 / facts.frame_rate == pytest.approx(np.median(np.diff(shown)), abs=1e-3)
    assert np.abs(Recording(path).timeline().times - shown).max() < 1e-3
    check_spans(path, shown, facts.seconds, full)


@pytest.mark.parametrize("form", held("edit list"))
@pytest.mark.parametrize("times", [None, slowing()], ids=["constant", "variable"])
def test_an_edit_list_is_followed(tmp_path, form, times, full):
    path = write_recording(tmp_path / f"v{form}", counted(), times=times)
    trim(path, START, LASTING)
    all_times = np.array(EVEN if times is None else times)
    shown = np.flatnonzero((all_times >= START - 1e-3) & (all_times < START + LASTING - 1e-3))
    facts = Recording(path).facts()
    assert facts.frames == len(shown)
    assert numbers(read_video(path)) == shown.tolist()
    assert numbers(read_video(path, 3, 7)) == shown[3:7].tolist()
    check_spans(path, all_times[shown] - START, LASTING, full, first_number=int(shown[0]))


@pytest.mark.parametrize("form", held("rotation"))
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_pictures_are_upright(tmp_path, form, degrees):
    pictures = counted(6)
    pictures[:, :8, :8] = (255, 0, 0)  # top left, as stored
    if form == "pictures":
        path = write_numbered(tmp_path / "p", pictures, rotation=degrees)
    else:
        path = write_recording(tmp_path / f"v{form}", pictures, rotation=degrees)
    facts, shown = Recording(path).facts(), Recording(path).read().astype(int)
    expected = np.rot90(np.arange(pictures[0, ..., 0].size).reshape(32, 48), -degrees // 90).shape
    assert facts.rotation == degrees
    assert (facts.height, facts.width) == shown.shape[1:3] == expected
    corner = np.argwhere(shown[0, ..., 0] - shown[0, ..., 1] > 80).mean(axis=0) / expected
    wanted = {0: (0, 0), 90: (0, 1), 180: (1, 1), 270: (1, 0)}[degrees]
    assert corner.round().tolist() == list(wanted)
    gray = Recording(path).read(gray=True)
    assert gray.shape == shown.shape[:3]


def deep_file(folder, bits, form):
    """Write depth in millimetres: 450, 460, ... in front of 900, and a hole of 0."""
    pictures = np.full((8, 32, 48), 900, np.uint16)
    for number, picture in enumerate(pictures):
        picture[8:24, 8:24] = 450 + 10 * number
        picture[:4] = 0
    if bits == 10:
        pictures <<= 6  # the writer keeps the upper bits of 16
    if form == "pictures":
        return write_numbered(folder / "d", pictures)
    codec, pix_fmt = DEEP[bits, form]
    return write_recording(folder / f"d{form}", pictures, codec=codec, pix_fmt=pix_fmt)


@pytest.mark.parametrize(
    ("bits", "form"),
    [(b, f) for b in (10, 16) for f in EVERY if ("bits", b, f) not in CANNOT_HOLD],
)
def test_deep_measurements_are_scaled_or_refused(tmp_path, bits, form):
    path = deep_file(tmp_path, bits, form)
    assert Recording(path).facts().bits == bits
    with pytest.raises(DataError, match=f"{bits}-bit values need a scale.*raw_range") as caught:
        Recording(path).read(gray=True)
    assert str(path) in str(caught.value)
    with pytest.raises(DataError, match="raw_range"):
        clip_from_video(path, "depth")
    with known(replace(like("depth", "mm"), raw_range=(1000, 400))):
        assert picture_form("mm") == (True, RawScale(1000, 400, missing=True))
        levels = clip_from_video(path, "mm").frames["mm"][0].mul(255).round().numpy()
    near = [round(1 + 254 * (1000 - 450 - 10 * i) / 600) for i in range(8)]
    coder = DEEP.get((bits, form), ("",))[0]
    off = 3 if coder == "libx264" else 1 if bits == 10 else 0  # the writer dithers to 10 bits
    assert np.abs(levels[:, 10:22, 10:22].mean(axis=(1, 2)) - near).max() <= off
    assert np.abs(levels[:, 10:22, 30:40] - round(1 + 254 * 100 / 600)).max() <= off
    if not off:
        assert not levels[:, :4].any()


@pytest.mark.parametrize("form", [".mp4", ".mov", ".mkv"])
def test_deep_colour_is_rounded(tmp_path, form):
    path = write_recording(tmp_path / f"c{form}", counted(), pix_fmt="yuv420p10le")
    assert Recording(path).facts().bits == 10
    assert numbers(read_video(path)) == list(range(FRAMES))
    with pytest.raises(DataError, match="10-bit values need a scale"):
        read_video(path, gray=True)


def test_a_clip_is_not_what_is_left_of_its_recording(tmp_path):
    path = write_recording(tmp_path / "v.mkv", counted())
    path.write_bytes(path.read_bytes()[:-500])
    row = {"path": "v.mkv", "label": "wave", "subject": 1, "split": "train"}
    for rows in ([row], [{**row, "start": "0.1", "end": ""}], [{**row, "start_frame": "3"}]):
        write_list(tmp_path, rows)
        with pytest.raises(DataError, match=r"v\.mkv was cut short: it has .* bytes.*csv:2"):
            VideoFolder(tmp_path, "train")[0]
        report = VideoFolder.verify(tmp_path, processes=1)
        assert "broken" in set(report.clips["state"])
        assert "v.mkv was cut short" in report.text()


def test_hdr_video_is_refused(tmp_path):
    path = write_recording(tmp_path / "h.mp4", counted(5), pix_fmt="yuv420p10le", transfer=18)
    with pytest.raises(DataError, match=r"h\.mp4 cannot be read as it is: it is HDR video \(HLG\)"):
        read_video(path)


def test_seconds_begin_where_sound_begins(tmp_path):
    """As in a player: pictures that begin half a second after the sound are shown then."""
    import av

    path = tmp_path / "v.mkv"
    with av.open(str(path), "w") as container:
        stream, sound = container.add_stream("mpeg4", rate=30), container.add_stream("pcm_s16le")
        stream.height, stream.width, stream.pix_fmt = 32, 48, "yuv420p"
        stream.codec_context.bit_rate = 4_000_000
        noise = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), "s16", "mono")
        noise.sample_rate, noise.pts = 8000, 0
        container.mux(sound.encode(noise))
        for number, picture in enumerate(counted(), 15):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert Recording(path).timeline().times[0] == pytest.approx(0.5, abs=1e-3)
    assert numbers(Recording(path).between(0.7, 0.8).read()) == [6, 7, 8]


@pytest.mark.parametrize("options", [None, "before the pictures", "as recorded"])
@pytest.mark.parametrize("form", held("cut short", VIDEOS))
def test_a_file_that_ends_too_early_is_found(tmp_path, form, options):
    how = {"before the pictures": {"movflags": "faststart"}, "as recorded": AS_RECORDED.get(form)}
    if form not in (".mp4", ".mov") and options == "before the pictures":
        options = None
    noise = np.random.default_rng(0).integers(0, 255, (FRAMES, 32, 48, 3), np.uint8)
    path = write_recording(tmp_path / f"v{form}", noise, options=how.get(options))
    Recording(path).check()
    assert Recording(path).facts().cut_short == ""
    data = path.read_bytes()
    for share in (0.6, 0.97):
        path.write_bytes(data[: int(share * len(data))])
        for ask in (Recording(path).check, Recording(path).read, Recording(path).count):
            with pytest.raises(DataError, match=str(path)):
                ask()
    if form in (".mkv", ".webm") or options == "before the pictures":
        assert "was cut short" in Recording(path).facts().cut_short
        Recording(path, 0, 5).check()
        assert len(Recording(path, 0, 5).read()) == 5


def test_a_list_of_seconds_is_right_at_any_pace(tmp_path):
    for name, times in (("slow", slowing()), ("even", None)):
        write_recording(tmp_path / f"{name}.mp4", counted(), times=times)
    rows = [
        {
            "path": f"{name}.mp4",
            "label": "wave",
            "subject": 1,
            "split": "train",
            "start": a,
            "end": b,
        }
        for name, a, b in (("slow", "1.0667", "2.0667"), ("slow", "0", "0.5"), ("even", "0.5", "1"))
    ]
    write_list(tmp_path, rows)
    clips = VideoFolder(tmp_path, "train")
    inside = [i for i, t in enumerate(slowing()) if 1.066 <= t < 2.066]
    shown = [(255 * clip.frames["rgb"]).permute(1, 2, 3, 0).byte().numpy() for clip in clips]
    assert [numbers(x) for x in shown] == [inside, list(range(15)), list(range(15, 30))]
    assert [clip.frame_rate for clip in clips] == pytest.approx([10, 30, 30], rel=0.02)
    seconds = VideoFolder.verify(tmp_path, processes=1).clips["seconds"]
    assert seconds.tolist() == pytest.approx([1, 0.5, 0.5], abs=2e-3)
    write_list(tmp_path, [{**rows[0], "end": "9"}])
    with pytest.raises(DataError, match=r"slow\.mp4 is too short for 1.0667 s to 9 s.*csv:2"):
        VideoFolder(tmp_path, "train")[0]


def test_the_edits_of_the_writer_are_real(tmp_path):
    """The maker of edit lists changes what FFmpeg itself reads back: packets are marked."""
    import av

    path = write_recording(tmp_path / "v.mp4", counted())
    trim(path, START, LASTING)
    with av.open(str(path)) as container:
        hidden = sum(packet.is_discard for packet in container.demux(video=0))
    assert 0 < hidden < FRAMES
    assert struct.unpack(">I", path.read_bytes()[:4])[0] > 0
