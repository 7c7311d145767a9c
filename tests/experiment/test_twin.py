"""The synthetic twin of NVGesture: what reads the real folder reads it, and finds what was made."""

import json
import re

import numpy as np
import pytest
import torch
from support.child_runs import write_twin_and_die

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.datasets import NVGesture, read_video, video_info
from mmtlib.datasets.nvgesture import LISTS, VALIDATION_SUBJECTS, read_list
from mmtlib.experiment import twin
from mmtlib.experiment.twin import nvgesture_or_twin, write_nvgesture_twin
from mmtlib.synthetic import GESTURES, get_preset

SETTINGS = {"preset": "tiny", "size": 32}
ROW = re.compile(
    r"path:\./Video_data/class_(\d\d)/(subject(\d+)_r\d+) depth:sk_depth:(\d+):(\d+) "
    r"color:sk_color:(\d+):(\d+) duo_left:duo_left:(\d+):(\d+) label:(\d+) ?"
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A twin with six clips of each of four classes, shared: do not change its files."""
    return write_nvgesture_twin(tmp_path_factory.mktemp("twin") / "nvgesture", **SETTINGS)


@pytest.fixture
def small(tmp_path):
    """A twin of four clips in 24 x 24 pixels, and how to write it (again)."""
    settings = {"preset": "tiny", "size": 24, "clips_per_class": 1}
    return tmp_path / "nvgesture", lambda **more: write_nvgesture_twin(
        tmp_path / "nvgesture", **{**settings, **more}
    )


def all_files(folder):
    return {p.relative_to(folder): p for p in sorted(folder.rglob("*")) if p.is_file()}


def silhouette(depth):
    """Pixels of the hand in depth (T, H, W): above what coding leaves round an edge."""
    return depth > 16 / 255


def centre(mask, axis):
    """The mean row (axis 1) or column (axis 2) of a mask or weight (T, H, W), for every frame."""
    weight = mask.double().sum(dim=3 - axis)
    return (weight * torch.arange(weight.shape[1])).sum(dim=1) / weight.sum(dim=1)


def test_classes_are_those_of_the_real_set():
    assert tuple(GESTURES) == NVGesture.classes


def test_splits_are_by_subject(root):
    parts = {s: NVGesture(root, s, "depth") for s in ("train", "validation", "test")}
    people = {s: set(part.subjects.tolist()) for s, part in parts.items()}
    assert people == {"train": {1, 2, 4}, "validation": set(VALIDATION_SUBJECTS), "test": {5}}
    labels = sorted(NVGesture.classes.index(c) for c in get_preset("tiny").classes)
    for part in parts.values():
        found = {s: sorted(part.labels[part.subjects == s]) for s in part.subjects}
        assert all(performed == labels for performed in found.values())


def test_lists_are_in_the_official_form(root):
    rows = [row for name in LISTS.values() for row in (root / name).read_text().splitlines()]
    found = [ROW.fullmatch(row).groups() for row in rows]
    assert len(found) == len({f[:2] for f in found}) == 24
    for _, _, _, *spans, _ in found:
        first, last, first_too, last_too, infrared, infrared_last = map(int, spans)
        assert (first, last) == (first_too, last_too)
        assert (last - first, infrared_last - infrared) == (80, 93)
        assert abs(infrared / 35 - first / 30) < 1 / 35  # one moment in both recordings
    assert sum(int(f[0]) != int(f[-1]) for f in found) == 1  # filed under another class
    for name in LISTS.values():
        assert all(r.label + 1 in {1, 2, 11, 18} for r in read_list(root / name))


def test_recordings_are_longer_than_the_gesture(root):
    for record in read_list(root / LISTS["train"]):
        for sensor, file in (("depth", "sk_depth"), ("color", "sk_wrapped"), ("duo_left",) * 2):
            info = video_info(root / record.folder / f"{file}.avi")
            span = record.spans[sensor]
            assert info.frame_rate == (35 if sensor == "duo_left" else 30)
            assert (info.height, info.width) == (32, 32)
            assert span.first > info.frame_rate
            assert info.frames > span.last + 20


def test_reading_gives_the_pictures_that_were_made(root):
    made_from = json.loads((root / "twin.json").read_text())
    made = {clip.folder: clip for clip in twin._clips(made_from)}
    dataset = NVGesture(root, "train+validation", "rgb,depth,ir")
    assert len(dataset) == 20
    for index in (0, 11, 19):
        record, clip = dataset.records[index], dataset[index]
        assert isinstance(clip, GestureClip)
        assert clip.shape == (80, 32, 32)
        written = made[record.folder]
        assert (clip.label, clip.subject) == (written.label, written.subject)
        whole = twin._recordings(made_from, written)
        span = record.spans["depth"]
        depth = whole["sk_depth"][:, span.first : span.last]
        colour = whole["sk_wrapped"][:, span.first : span.last]
        # Nearest moments of an infrared camera that takes 93 pictures in the time of 80.
        nearest = record.spans["duo_left"].first + (np.arange(80) + 0.5) * 93 / 80
        infrared = whole["duo_left"][:, nearest.astype(int)]
        assert (clip.frames["depth"] - depth).abs().max() < 3 / 255
        hand, found = silhouette(depth[0]), silhouette(clip.frames["depth"][0])
        assert torch.equal(hand, found)
        assert (clip.frames["ir"] - infrared).abs().mean() < 0.03
        assert (clip.frames["rgb"] - colour).abs().mean() < 0.02
        later = silhouette(whole["sk_depth"][0, span.first + 5 : span.last + 5])
        assert (later != found).float().mean() > 0.02


def test_depth_is_blind_beyond_the_close_range(root):
    depth = NVGesture(root, "train", "depth")[0].frames["depth"][0]
    hand = silhouette(depth)
    assert 0.03 < hand.float().mean() < 0.6
    nearest_without_reading = (1.6 - 0.7) / 1.3  # level of 0.7 m, where 1.6 m is 0 and 0.3 m is 1
    assert (depth[hand] > nearest_without_reading - 0.03).float().mean() > 0.97


def test_the_hand_rests_outside_the_annotated_span(root):
    for record in read_list(root / LISTS["test"]):
        pixels = read_video(root / record.folder / "sk_depth.avi", gray=True)
        hand = silhouette(torch.from_numpy(pixels).float() / 255)
        span = record.spans["depth"]
        rows, sizes = centre(hand, 1), hand.sum(dim=(1, 2))
        assert rows[:20].min() > rows[span.first : span.last].mean() + 2
        assert rows[-8:].min() > rows[span.first : span.last].mean() + 2
        assert sizes[:20].max() < sizes[span.first : span.last].float().mean()
        steps = rows[:20].diff().abs()
        assert steps.max() < 1  # at rest, but for the sensor's noise


def test_infrared_shows_the_same_motion_from_another_place(root):
    dataset = NVGesture(root, "train", "depth,ir")
    seen = [i for i, label in enumerate(dataset.labels) if label in (0, 1)]
    apart = []
    for clip in (dataset[i] for i in seen):
        columns = {
            m: centre(silhouette(x[0]) if m == "depth" else x[0] > 0.45, 2)
            for m, x in clip.frames.items()
        }
        assert np.corrcoef(columns["depth"], columns["ir"])[0, 1] > 0.8
        apart.append(float((columns["depth"] - columns["ir"]).mean()))
    assert np.median(apart) > 1.5  # the camera is to the right, so the hand is to the left


def test_registered_colour_is_black_at_borders_that_belong_to_the_subject(root):
    dataset = NVGesture(root, "train", "rgb")
    borders = {}
    for clip in dataset:
        dark = (clip.frames["rgb"].mean(dim=(0, 1)) < 0.05).numpy()
        found = (dark.all(axis=0).sum(), dark.all(axis=1).sum())
        borders.setdefault(clip.subject, []).append(found)
    for found in borders.values():
        assert np.ptp(found, axis=0).max() <= 1  # coding blurs them by a pixel
    widest = [max(columns for columns, _ in found) for found in borders.values()]
    assert max(widest) > min(widest) + 3


def test_the_same_settings_give_the_same_bytes_and_are_written_once(small):
    root, write = small
    calls = []
    assert write(progress=lambda *x: calls.append(x)) == root
    assert calls == [(i, 4) for i in range(1, 5)]
    written = {name: (p.read_bytes(), p.stat().st_mtime_ns) for name, p in all_files(root).items()}
    assert write(progress=lambda *x: calls.append(x)) == root
    assert len(calls) == 4
    again = {name: (p.read_bytes(), p.stat().st_mtime_ns) for name, p in all_files(root).items()}
    assert again == written
    other = write_nvgesture_twin(root.with_name("other"), preset="tiny", size=24, clips_per_class=1)
    assert {name: p.read_bytes() for name, p in all_files(other).items()} == {
        name: content for name, (content, _) in written.items()
    }
    different = write_nvgesture_twin(
        root.with_name("different"), preset="tiny", size=24, clips_per_class=1, generator_seed=1
    )
    video = next(name for name in written if name.name == "sk_depth.avi")
    assert (different / video).read_bytes() != written[video][0]


def test_an_empty_folder_is_filled_and_any_other_one_is_refused(small):
    root, write = small
    root.mkdir()
    write()
    with pytest.raises(DataError, match="a twin with other settings; give a folder"):
        write(generator_seed=3)
    (root / "twin.json").unlink()
    before = all_files(root)
    with pytest.raises(DataError, match=f"{root.name} holds something else; give a folder"):
        write()
    assert all_files(root) == before


def test_a_file_in_the_way(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(DataError, match=r"Cannot write a twin to .*file"):
        write_nvgesture_twin(tmp_path / "file", preset="tiny")
    (tmp_path / "twin.json").write_text("{")
    with pytest.raises(DataError, match=r"twin\.json is damaged .*give a folder that is empty"):
        write_nvgesture_twin(tmp_path, preset="tiny")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"preset": "tinny"}, "preset 'tinny'.*Did you mean 'tiny'"),
        ({"clips_per_class": 0}, "clips_per_class must be at least 1, got 0"),
        ({"size": 16}, "size must be from 24 to 240 pixels, got 16"),
    ],
)
def test_settings_out_of_range(tmp_path, settings, message):
    with pytest.raises(ConfigError, match=message):
        write_nvgesture_twin(tmp_path / "twin", **settings)
    assert not list(tmp_path.iterdir())


def test_killed_it_leaves_nothing_and_a_second_call_makes_it_whole(processes, small):
    root, write = small
    child = processes.Process(target=write_twin_and_die, args=(str(root),))
    child.start()
    child.join()
    assert child.exitcode == 9
    assert not root.exists()
    assert any(".partial-" in path.name for path in root.parent.iterdir())
    write()
    assert len(NVGesture(root, "train+validation", "rgb,depth,ir")) == 4
    assert not any(".partial-" in path.name for path in root.parent.iterdir())


def test_real_clips_come_first_then_a_twin_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MMTLIB_FAST", "1")
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MMTLIB_NVGESTURE_ROOT", str(tmp_path / "real"))
    assert nvgesture_or_twin() == tmp_path / "real"
    monkeypatch.delenv("MMTLIB_NVGESTURE_ROOT")
    found = nvgesture_or_twin()
    assert found.parent == tmp_path / "cache" / "twins"
    assert len(NVGesture(found, "train", "rgb,depth,ir")) == 12
    assert nvgesture_or_twin(progress=None) == found
