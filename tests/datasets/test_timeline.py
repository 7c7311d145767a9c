"""Seconds and frames: what a span holds, by the times at which a player shows the frames."""

import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from support.recorded_files import FRAMES, counted, numbers, slowing, write_recording

from mmtlib.core.errors import DataError
from mmtlib.datasets import Recording, read_video, video_windows
from mmtlib.datasets.timeline import Timeline, timeline

GAPS = st.lists(st.integers(1, 400), min_size=2, max_size=40)
"""Milliseconds from each frame to the next."""


def line_of(gaps, start=0.0):
    times = start + np.cumsum([0, *gaps[:-1]]) / 1000
    spacing = float(np.median(gaps[:-1])) / 1000
    end = float(times[-1]) + gaps[-1] / 1000
    return Timeline(times=times, end=end, frame_rate=1 / spacing, varies=True)


@given(GAPS, st.floats(0, 1), st.floats(0, 1))
def test_a_span_is_right_to_one_frame(gaps, a, b):
    line = line_of(gaps)
    start, stop = (float(x) * line.end for x in sorted((a, b)))
    assume(start < stop and start < line.end)
    first, last = line.between(start, stop)
    appear = np.flatnonzero((line.times >= start) & (line.times < stop))
    assert 0 <= first < last <= len(line)
    if len(appear):
        assert abs(first - appear[0]) <= 1
        assert abs(last - 1 - appear[-1]) <= 1
    else:  # nothing new appears: what is seen, or the frame that is about to appear
        assert last - first == 1
        assert first - np.flatnonzero(line.times <= start)[-1] in (0, 1)


@given(GAPS, st.lists(st.floats(0.01, 1), min_size=1, max_size=5))
def test_neighbouring_spans_share_the_frames_out(gaps, cuts):
    line = line_of(gaps)
    edges = [None, *sorted(cut * line.end * 0.999 for cut in cuts), None]
    spans = [line.between(a, b) for a, b in itertools.pairwise(edges)]
    firsts = [first for first, _ in spans]
    assert firsts == sorted(firsts)
    for first, last in spans:
        assert first < last
    shown = {i for first, last in spans for i in range(first, last)}
    assert shown == set(range(len(line))), "no frame is left out"


@given(st.integers(2, 90), st.floats(5, 240), st.floats(0, 1), st.floats(0, 1))
def test_at_a_constant_rate_seconds_are_rounded_to_the_nearest_frame(n, rate, a, b):
    line = Timeline(times=np.arange(n) / rate, end=n / rate, frame_rate=rate, varies=False)
    start, stop = (float(x) * n / rate for x in sorted((a, b)))
    assume(all(abs(x * rate % 1 - 0.5) > 1e-6 for x in (start, stop)))
    assume(round(start * rate) < round(stop * rate))
    assert line.between(start, stop) == (round(start * rate), round(stop * rate))


def test_spans_that_are_not_there():
    line = line_of([100] * 10, start=0.5)  # sound goes before the pictures
    with pytest.raises(ValueError, match=r"ends at 1.500 s"):
        line.between(1.6, None)
    with pytest.raises(ValueError, match=r"ends at 1.500 s"):
        line.between(0.5, 1.7)
    with pytest.raises(ValueError, match=r"first frame is shown at 0.500 s"):
        line.between(0.1, 0.4)
    assert line.between(0.1, 0.75) == (0, 3)
    assert line.between(1.2, 1.55) == (7, 10), "a list rounds its seconds"
    assert line.seconds(0, 10) == (0.5, 1.5)


def test_a_file_is_looked_through_once(tmp_path, monkeypatch):
    path = write_recording(tmp_path / "v.avi", counted())
    first = timeline(path)
    monkeypatch.setattr("mmtlib.datasets.timeline.opened_video", None)
    assert timeline(str(path)) is first
    assert not first.times.flags.writeable


def test_where_a_recording_begins_is_second_0(tmp_path):
    late = [5.5 + i / 30 for i in range(FRAMES)]
    for form in (".mkv", ".mp4", ".mov", ".webm"):
        path = write_recording(tmp_path / f"v{form}", counted(), times=late)
        assert timeline(path).times[[0, 30]] == pytest.approx([0, 1], abs=2e-3)
        assert not timeline(path).varies


def test_hidden_frames_of_vp8_are_not_counted(tmp_path):
    import av

    path, hidden = tmp_path / "v.webm", {10, 11, 25}
    whole = write_recording(tmp_path / "whole.webm", counted())
    with av.open(str(whole)) as source, av.open(str(path), "w") as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        for number, packet in enumerate(p for p in source.demux(video=0) if p.size):
            data = bytearray(bytes(packet))
            data[0] &= 0xEF if number in hidden else 0xFF  # VP8's bit for a frame that is shown
            copy = av.Packet(bytes(data))
            copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
            copy.stream, copy.is_keyframe = stream, packet.is_keyframe
            container.mux(copy)
    shown = [i for i in range(FRAMES) if i not in hidden]
    assert timeline(path).times == pytest.approx([i / 30 for i in shown], abs=1e-3)
    assert numbers(read_video(path)) == shown
    assert numbers(read_video(path, 20, 30)) == shown[20:30]


def test_frames_in_another_order_in_an_uneven_avi_have_no_seconds(tmp_path):
    path = write_recording(tmp_path / "v.avi", counted(), times=slowing(), codec="libx264")
    with pytest.raises(DataError, match=r"v\.avi: an AVI file does not tell .* convert it to MP4"):
        timeline(path)
    assert numbers(Recording(path, 3, 9).read()) == list(range(3, 9))


def test_windows_in_seconds_are_those_of_a_player(tmp_path):
    times = slowing()
    path = write_recording(tmp_path / "v.mp4", counted(), times=times)
    windows = list(video_windows(path, "rgb", window="0.5s", stride="0.25s"))
    for number, w in enumerate(windows):
        start = 0.25 * number
        appear = [i for i, t in enumerate(times) if start <= t < start + 0.5]
        assert abs(w.first - appear[0]) <= 1
        assert abs(w.last - 1 - appear[-1]) <= 1
        assert w.start_s == pytest.approx(times[w.first], abs=1e-3)
        pictures = (255 * w.clip.frames["rgb"]).permute(1, 2, 3, 0).byte().numpy()
        assert numbers(pictures) == list(range(w.first, w.last))
    assert len(windows) == int((timeline(path).end + 0.017 - 0.5) / 0.25) + 1
    assert [round(w.clip.frame_rate) for w in windows][::6] == [30, 10]
