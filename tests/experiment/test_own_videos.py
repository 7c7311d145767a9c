"""The raw recordings of notebook 12."""

import numpy as np
import pandas as pd
import pytest

from mmtlib.datasets import VideoFolder, read_video, video_info
from mmtlib.experiment.own_videos import GESTURES, PAUSE, PEOPLE, own_videos
from mmtlib.synthetic import SyntheticGestures


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMTLIB_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("MMTLIB_FAST", "1")
        yield own_videos()


def marks_of(person):
    columns = ["start", "end", "label"]
    return pd.read_csv(person / "marks.txt", sep="\t", names=columns)


def test_everybody_has_two_videos_of_one_length_and_marks(folder):
    people = sorted(path for path in folder.iterdir() if path.is_dir())
    assert [p.name for p in people] == list(PEOPLE[:12])
    for person in people:
        info = {m: video_info(person / f"{m}.avi") for m in ("rgb", "depth")}
        assert info["rgb"] == info["depth"]
        marks = marks_of(person)
        assert (marks["end"] - marks["start"]).round(2).eq(round(8 / 15, 2)).all()
        assert round(marks["end"].iloc[-1] * 15) + PAUSE == info["rgb"].frames


def test_one_mark_is_spelt_otherwise(folder):
    labels = pd.concat([marks_of(p) for p in folder.iterdir() if p.is_dir()])["label"]
    counts = labels.value_counts()
    assert len(counts) == len(GESTURES) + 1
    assert counts.iloc[-1] == 1
    assert sorted(labels.str.lower().unique()) == sorted(GESTURES)


def test_a_marked_gesture_is_a_clip_of_the_synthetic_hand(folder):
    clips = SyntheticGestures("tiny", "train", "depth")
    first = marks_of(folder / PEOPLE[0]).iloc[0]
    start, end = round(first["start"] * 15), round(first["end"] * 15)
    seen = read_video(folder / PEOPLE[0] / "depth.avi", start, end, gray=True) / 255
    right = next(c for c in clips if c.subject == min(clips.subjects.tolist()))
    assert clips.classes[right.label] == first["label"]
    assert np.abs(seen - right.frames["depth"][0].numpy()).mean() < 0.03


def test_with_a_list_it_is_a_data_set(folder, tmp_path):
    rows = []
    for person in folder.iterdir():
        if person.is_dir():
            (tmp_path / person.name).symlink_to(person)
            marks = marks_of(person)
            rows.append(marks.assign(path=f"{person.name}/rgb.avi", subject=person.name))
    table = pd.concat(rows)
    table.to_csv(tmp_path / "videos.csv", index=False)
    (note,) = [text for text in VideoFolder.verify(tmp_path, quick=True).notes if "class" in text]
    assert "written otherwise" in note  # the slip of the pen
    table["label"] = table["label"].str.lower()
    table.to_csv(tmp_path / "videos.csv", index=False)
    assert VideoFolder.verify(tmp_path).complete


def test_it_is_made_once(folder, monkeypatch):
    monkeypatch.setenv("MMTLIB_CACHE", str(folder.parent.parent))
    monkeypatch.setenv("MMTLIB_FAST", "1")
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    assert own_videos() == folder
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before
