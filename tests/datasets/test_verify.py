import pandas as pd
import pytest
from support.egogesture_tree import write_egogesture_tree
from support.nvgesture_tree import SPLIT_LIST, picture_frames, write_video
from support.viva_tree import write_viva_tree

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.datasets import VIVA, EgoGesture, NVGesture
from mmtlib.datasets import verify as module
from mmtlib.datasets.clip_flow import make_flow
from mmtlib.datasets.verify import load_clips, save_clips, verify


@pytest.fixture
def small_set(small_tree, monkeypatch):
    """The small tree (train 2 clips, validation 2), as if no more were published."""
    monkeypatch.setattr(NVGesture, "published", {"train": 2, "validation": 2})
    return small_tree


def states(report):
    return dict(zip(report.clips["clip"], report.clips["state"], strict=True))


def test_a_complete_set(small_set):
    root, clips = small_set
    done = []
    report = NVGesture.verify(root, progress=lambda *n: done.append(n))
    assert report.complete
    assert done == [(i, 4) for i in range(1, 5)]
    assert report.counts().to_dict("records") == [
        {"split": s, "published": 2, "listed": 2, "complete": 2, "partly": 0, "missing": 0,
         "broken": 0}
        for s in ("train", "validation")
    ]  # fmt: skip
    table = report.clips
    by_clip = {c.folder.removeprefix("Video_data/"): c for c in clips}
    for row in table.itertuples():
        written = by_clip[row.clip]
        assert (row.label, row.subject) == (written.label - 1, written.subject)
        assert (row.frames, row.checked) == (80, "decoded")
        assert row.seconds == pytest.approx(80 / 30)
        paths = [root / name for name in row.files.split("; ")]
        assert [p.name for p in paths] == ["sk_wrapped.avi", "sk_depth.avi"]
        assert row.bytes == sum(p.stat().st_size for p in paths)
        assert row.list.startswith(SPLIT_LIST.format("train"))
        assert 0 <= row.registered <= 1
    assert table["rgb"].eq("ok").all()
    text = report.text()
    assert text.startswith("4 of 4 clips decoded (rgb, depth).\nrgb: 4 ok\ndepth: 4 ok\n")
    assert "classes with a clip: 2 of 25" in text
    assert "frames: 80 to 80" in text
    assert "registered: " in text


def test_what_is_no_number_is_reported_with_the_clip(small_set, monkeypatch):
    pixels = NVGesture.pixels

    def with_nan(self, record, modality):
        found = pixels(self, record, modality).astype("float32")
        found[5] = float("nan")
        return found

    monkeypatch.setattr(NVGesture, "pixels", with_nan)
    report = NVGesture.verify(small_set[0], modalities="depth")
    assert report.clips["state"].eq("broken").all()
    assert "frame 5 of depth holds NaN" in report.clips["problem"][0]


def test_fewer_rows_than_published_are_not_complete(small_tree):
    root, _ = small_tree
    report = NVGesture.verify(root, quick=True)
    assert not report.complete
    assert report.clips["state"].eq("complete").all()
    assert report.counts()["published"].tolist() == [857, 193, 482]


def test_missing_and_broken_clips_are_listed_with_their_line(small_set):
    root, clips = small_set
    for name in ("sk_wrapped.avi", "sk_depth.avi"):
        (root / clips[0].folder / name).unlink()
    (root / clips[1].folder / "sk_depth.avi").unlink()
    data = (root / clips[2].folder / "sk_depth.avi").read_bytes()
    middle = len(data) // 2
    (root / clips[2].folder / "sk_depth.avi").write_bytes(
        data[:middle] + bytes(4000) + data[middle + 4000 :]
    )
    report = NVGesture.verify(root)
    ids = [c.folder.removeprefix("Video_data/") for c in clips]
    assert states(report) == dict(
        zip(ids, ["missing", "partly", "broken", "complete"], strict=True)
    )
    assert not report.complete
    list_name = SPLIT_LIST.format("train")
    for number, state in ((1, "missing"), (2, "partly"), (3, "broken")):
        (line,) = [x for x in report.text().splitlines() if f"({list_name}:{number})" in x]
        assert line.startswith(f"{state}: {ids[number - 1]} ")
    assert "3 of 4 clips" not in report.text()
    quick = NVGesture.verify(root, quick=True)
    assert states(quick)[ids[2]] == "complete"  # damage inside shows on decoding only
    assert quick.clips["checked"].eq("opened").all()
    assert "2 of 4" not in quick.text()


def test_sensors_that_differ_in_size_are_broken(small_set):
    root, clips = small_set
    path = root / clips[0].folder / "sk_depth.avi"
    write_video(path, picture_frames("sk_depth", clips[0], 96)[:, ::2, ::2])
    report = NVGesture.verify(root)
    assert list(states(report).values()).count("broken") == 1
    assert "lengths or sizes differ: {'rgb': (80, 24, 32), 'depth': (80, 12, 16)}" in report.text()


def test_many_missing_clips_are_counted(small_set, monkeypatch):
    root, clips = small_set
    monkeypatch.setattr(module, "SHOWN", 1)
    for clip in clips:
        for path in (root / clip.folder).iterdir():
            path.unlink()
    text = NVGesture.verify(root).text()
    assert "missing: and 3 more" in text
    assert text.count("is missing") == 2  # of one clip
    assert text.startswith("0 of 4 clips decoded")


def test_flow_is_looked_at_too(small_set, tmp_path):
    root, _ = small_set
    splits = NVGesture.every_split(root, "rgb,flow", flow_folder=tmp_path / "flow")
    make_flow(splits["train"], processes=1)
    report = verify(splits)
    assert report.clips["flow"].tolist() == ["ok", "ok", "missing", "missing"]
    path = next((tmp_path / "flow").rglob("*.npz"))
    path.write_bytes(path.read_bytes()[:-150])
    for quick in (False, True):
        assert sorted(verify(splits, quick=quick).clips["flow"])[0] == "broken"


def test_raw_colour_is_not_measured(nvgesture_tree):
    report = NVGesture.verify(nvgesture_tree[0], "rgb,depth", colour="raw")
    assert "registered" not in report.clips
    assert set(report.clips["state"]) == {"complete"}


def test_several_processes_find_the_same(small_set):
    root, _ = small_set
    one, two = (NVGesture.verify(root, processes=n).clips for n in (1, 2))
    pd.testing.assert_frame_equal(one, two)


def test_what_was_complete_is_not_looked_at_again(small_set, tmp_path, monkeypatch):
    root, clips = small_set
    (root / clips[3].folder / "sk_depth.avi").unlink()
    first = NVGesture.verify(root)
    first.save(tmp_path / "clips.csv")
    known = load_clips(tmp_path / "clips.csv")
    looked = []
    read = NVGesture.pixels
    monkeypatch.setattr(NVGesture, "pixels", lambda *a: looked.append(a[1].clip_id) or read(*a))
    again = NVGesture.verify(root, known=known)
    assert set(looked) == {clips[3].folder.removeprefix("Video_data/")}
    pd.testing.assert_frame_equal(first.clips, again.clips, check_dtype=False)
    # A file of another size, other modalities, or a report of headers alone: all is looked at.
    path = root / clips[0].folder / "sk_depth.avi"
    path.write_bytes(path.read_bytes() + b"\0")
    looked.clear()
    NVGesture.verify(root, known=known)
    assert len(set(looked)) == 2
    looked.clear()
    NVGesture.verify(root, "depth", known=known)
    assert len(set(looked)) == 3
    looked.clear()
    NVGesture.verify(root, known=NVGesture.verify(root, quick=True).clips)
    assert len(set(looked)) == 4


def test_a_stopped_look_can_be_continued(small_set, tmp_path, monkeypatch):
    root, _ = small_set
    monkeypatch.setattr(module, "SAVE_EVERY", 1)
    table = tmp_path / "clips.csv"

    def stop(done, total):
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        NVGesture.verify(root, save=lambda clips: save_clips(clips, table), progress=stop)
    known = load_clips(table)
    assert len(known) == 2
    assert NVGesture.verify(root, known=known).complete
    for content in ("", "a,b\n1,2\n", "\0" * 50):
        table.write_text(content)
        with pytest.raises(DataError, match=r"clips\.csv is no table of clips"):
            load_clips(table)


def test_every_set_can_be_looked_at(tmp_path, monkeypatch):
    write_egogesture_tree(tmp_path / "ego", labels=(1, 2))
    gestures = {"train": 8, "validation": 4, "test": 4}
    monkeypatch.setattr(EgoGesture, "published", gestures)
    report = EgoGesture.verify(tmp_path / "ego")
    assert report.complete
    assert report.clips["split"].value_counts().to_dict() == gestures
    (tmp_path / "ego" / "labels-final-revised1" / "subject03" / "Scene1" / "Group1.csv").unlink()
    report = EgoGesture.verify(tmp_path / "ego", quick=True)
    assert not report.complete
    assert report.text().startswith("1 label files or folders are missing (e.g. ")
    clips = write_viva_tree(tmp_path / "viva")
    monkeypatch.setattr(VIVA, "published", {"all": 24})
    report = VIVA.verify(tmp_path / "viva")
    assert report.complete
    assert report.text().startswith("Passed over: 8 clips of other gestures")
    lengths = {clip.name: clip.frames for clip in clips}
    assert all(lengths[row.clip] == row.frames for row in report.clips.itertuples())


def test_a_changed_picture_is_looked_at_again(tmp_path, monkeypatch):
    write_egogesture_tree(tmp_path, subjects=(3,), labels=(1, 2), groups=((1, 1),))
    monkeypatch.setattr(EgoGesture, "published", {"train": 2, "validation": 0, "test": 0})
    known = EgoGesture.verify(tmp_path).clips
    assert known["state"].tolist() == ["complete", "complete"]
    picture = tmp_path / "Subject03/Scene1/Depth/depth1/000003.jpg"
    picture.write_bytes(picture.read_bytes()[:200])
    again = EgoGesture.verify(tmp_path, known=known).clips
    assert again["state"].tolist() == ["broken", "complete"]
    assert "000003.jpg" in again["problem"][0]


def test_lists_without_clips(small_tree):
    root, _ = small_tree
    for split in ("train", "test"):
        (root / SPLIT_LIST.format(split)).write_text("")
    with pytest.raises(DataError, match=r"lists in .* name no clip of nvgesture"):
        NVGesture.verify(root)


def test_wrong_root_and_names(tmp_path, small_set):
    with pytest.raises(DataError, match="is not NVGesture's folder"):
        NVGesture.verify(tmp_path / "none")
    root, _ = small_set
    with pytest.raises(ConfigError, match="colour of NVGesture 'gray'"):
        NVGesture.verify(root, colour="gray")
    with pytest.raises(ConfigError, match="colour of VIVA 'raw'; known: none, as there is one"):
        VIVA.verify(root, colour="raw")
    with pytest.raises(ConfigError, match="modality 'deph'"):
        NVGesture.verify(root, "deph")


def test_published_numbers():
    assert sum(NVGesture.published.values()) == 1050 + 482
    assert sum(EgoGesture.published.values()) == 24161
    assert VIVA.published == {"all": 885}
    for kind in (NVGesture, EgoGesture, VIVA):
        assert set(kind.published) <= set(kind.splits)


def test_a_table_that_cannot_be_written(small_set, tmp_path):
    root, _ = small_set
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"Cannot write .*x\.csv"):
        NVGesture.verify(root, quick=True).save(tmp_path / "file" / "x.csv")
