"""A user's own folder of videos, from the list to clips."""

import numpy as np
import pytest
from support.egogesture_tree import write_pictures
from support.moving_discs import disc_pictures
from support.nvgesture_tree import frame_numbers, write_video
from support.videos_tree import LABELS, REST, SPAN, write_list, write_videos_tree

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.datasets import DATASETS, VideoFolder
from mmtlib.datasets.clip_flow import make_flow
from mmtlib.datasets.records import PARTS

PEOPLE = ("anna", "ben", "chen", "dora", "emil")


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Five people with three gestures each, shared: do not change its files."""
    root = tmp_path_factory.mktemp("videos")
    return root, write_videos_tree(root)


@pytest.fixture
def small(tmp_path):
    """Three people, one gesture each, to be damaged."""
    return tmp_path, write_videos_tree(tmp_path, people=PEOPLE[:3], labels=("wave",))


def numbers_of(clip, modality="rgb"):
    return frame_numbers((clip.frames[modality][0] * 255).round().numpy().astype(np.uint8)).tolist()


def test_a_clip_is_the_span_of_its_row(tree):
    root, rows = tree
    clips = VideoFolder(root, "all")
    assert DATASETS["videos"] is VideoFolder
    assert clips.modalities == ("rgb", "depth")
    assert clips.classes == tuple(sorted(LABELS))
    assert clips.frame_rate == 30
    assert len(clips) == len(rows)
    for i, (clip, row) in enumerate(zip(clips, rows, strict=True)):
        first = REST + (i % 3) * (REST + SPAN)
        assert numbers_of(clip) == numbers_of(clip, "depth") == list(range(first, first + SPAN))
        assert clips.classes[clip.label] == row["label"]
        assert clips.people[clip.subject] == row["subject"]
        assert clip.frames["rgb"].shape == (3, SPAN, 24, 32)
        assert clip.frames["depth"].shape == (1, SPAN, 24, 32)


def test_people_are_shared_out(tree):
    root, _ = tree
    people = {s: set(VideoFolder(root, s).subjects.tolist()) for s in VideoFolder.splits}
    assert [len(people[s]) for s in VideoFolder.splits] == [3, 1, 1, 4, 5]
    assert people["train"] | people["validation"] | people["test"] == people["all"]
    assert VideoFolder(root).published == {"train": 9, "validation": 3, "test": 3}
    assert VideoFolder(root).skipped_summary() == ""


def test_the_lists_own_split_counts(small):
    root, rows = small
    write_list(
        root, [{**row, "split": s} for row, s in zip(rows, ("test", "train", "train"), strict=True)]
    )
    assert [r.clip_id for r in VideoFolder(root, "test").records] == ["anna/rgb.avi/0.1667-0.5s"]
    assert VideoFolder(root).published == {"train": 2, "test": 1}
    with pytest.raises(DataError, match="none of the 0 clips of this part"):
        VideoFolder(root, "validation")


def test_doubtful_splits_are_said(tree, tmp_path):
    root, rows = tree
    (tmp_path / "anna").symlink_to(root / "anna")
    parts = ("train", "train", "test")
    write_list(tmp_path, [{**row, "split": s} for row, s in zip(rows, parts, strict=False)])
    said = VideoFolder(tmp_path).skipped_summary()
    assert said.startswith("anna is in more than one split (train: line 2, test: line 4)")
    assert f"there is no training clip of {LABELS[2]} (line 4)." in said


@pytest.mark.parametrize("rate", [25, 30])
def test_seconds_are_those_of_the_video(tmp_path, rate):
    write_videos_tree(tmp_path, rate=rate)
    clips = VideoFolder(tmp_path, "all")
    assert clips[0].frame_rate == clips.frame_rate == rate
    assert numbers_of(clips[0]) == list(range(REST, REST + SPAN))


def test_whole_videos_frames_and_pictures(tmp_path):
    write_video(tmp_path / "a.mkv", disc_pictures(9, label=1))
    write_pictures(tmp_path / "b", disc_pictures(12, label=2), first=1, name="{:06d}.png")
    rows = [
        {"path": path, "label": "x", "subject": i, "start_frame": first, "end_frame": last}
        for i, (path, first, last) in enumerate(
            (("a.mkv", "", ""), ("a.mkv", "4", ""), ("b", "", "5"), ("b", "3", "7"))
        )
    ]
    write_list(tmp_path, rows)
    clips = VideoFolder(tmp_path, "all")
    expected = [range(9), range(4, 9), range(5), range(3, 7)]
    assert [numbers_of(clip) for clip in clips] == [list(numbers) for numbers in expected]


def spelt(tmp_path, *names, rows):
    """Write a video of 30 frames under each name, and a list of (path, start, end)."""
    for name in names:
        write_video(tmp_path / name, disc_pictures(30, label=1))
    cells = ({"path": p, "label": "x", "subject": 1, "split": "train", "start": a, "end": b}
             for p, a, b in rows)  # fmt: skip
    write_list(tmp_path, list(cells))


@pytest.mark.parametrize(
    ("on_disk", "listed"),
    [
        ("IMG_1.MOV", "img_1.mov"), ("Sub/a  b.mkv", "sub/A b.mkv"),
        ("caf\u00e9.mkv", "cafe\u0301.mkv"), ("a.mkv", "A.MKV"),
    ],
)  # fmt: skip
def test_another_spelling_finds_the_same_span(tmp_path, on_disk, listed):
    spelt(tmp_path, on_disk, rows=[(listed, 0.2, 0.6)])
    clips = VideoFolder(tmp_path)
    assert numbers_of(clips[0]) == list(range(6, 18))
    assert clips.passed_over == f"videos.csv was read with {on_disk} for {listed!r} (line 2)."


def test_the_exact_name_comes_first_and_no_guess_is_made(tmp_path):
    spelt(tmp_path, "a.mkv", "A.mkv", rows=[("a.mkv", 0.2, 0.6), ("A.mkv", 0.2, 0.6)])
    assert VideoFolder(tmp_path).passed_over == ""
    spelt(tmp_path, rows=[("a.mkv", 0.2, 0.6), ("a.MKV", "", "")])
    with pytest.raises(DataError, match=r"videos\.csv:3: .*A\.mkv and a\.mkv both fit"):
        VideoFolder(tmp_path)


def test_two_spellings_of_one_file_are_one_clip(tmp_path):
    spelt(tmp_path, "a.mkv", rows=[("a.mkv", 0.2, 0.6), ("A.mkv", 0.2, 0.6)])
    with pytest.raises(DataError, match=r"videos\.csv:3: this clip is in line 2 already"):
        VideoFolder(tmp_path)


def test_one_person_is_left_out(tree):
    root, _ = tree
    for person, following in zip(PEOPLE, PEOPLE[1:] + PEOPLE[:1], strict=True):
        parts = {s: VideoFolder(root, s, leave_out=person) for s in PARTS}
        names = {s: {found.people[n] for n in found.subjects} for s, found in parts.items()}
        assert (names["test"], names["validation"]) == ({person}, {following})
        assert names["train"] == set(PEOPLE) - {person, following}
    with pytest.raises(DataError, match=r"videos\.csv: leave_out='eve' is none of anna, ben, "):
        VideoFolder(root, leave_out="eve")


def test_folds_of_the_list(small):
    root, rows = small
    folds = [{**row, "fold": f} for row, f in zip(rows, ("B", "A", "C"), strict=True)]
    write_list(root, folds)
    assert {s: [r.list_line for r in VideoFolder(root, s).records] for s in PARTS} == {
        "test": [3], "validation": [2], "train": [4],
    }  # fmt: skip
    assert [r.list_line for r in VideoFolder(root, "test", leave_out="c").records] == [4]
    write_list(root, [{**row, "split": s} for row, s in zip(rows, PARTS, strict=True)])
    with pytest.raises(DataError, match="the column split says who tests"):
        VideoFolder(root, leave_out="anna")


def test_pictures_have_no_seconds(tmp_path):
    write_pictures(tmp_path / "b", disc_pictures(5, label=2), first=1, name="{:06d}.png")
    write_list(tmp_path, [{"path": "b", "label": "x", "subject": 1, "split": "train", "end": 1}])
    with pytest.raises(DataError, match=r"videos\.csv:2: a folder of pictures has no seconds"):
        VideoFolder(tmp_path)


def test_missing_and_broken_files(small):
    root, _ = small
    (root / "anna" / "depth.avi").unlink()
    video = root / "ben" / "rgb.avi"
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 3])
    with pytest.raises(DataError, match=r"anna/depth\.avi is missing \(videos\.csv:2\); 1 of 3"):
        VideoFolder(root, "all")
    clips = VideoFolder(root, "all", skip_broken=True)
    assert [r.list_line for r in clips.records] == [4]
    assert "2 of 3 clips skipped: 1 with missing files, 1 broken" in clips.skipped_summary()
    assert len(VideoFolder(root, "all", "depth", skip_broken=True)) == 2


def test_an_empty_cell_is_a_missing_recording(small):
    root, rows = small
    write_list(
        root, [{**row, "depth": "" if i == 1 else row["depth"]} for i, row in enumerate(rows)]
    )
    assert len(VideoFolder(root, "all", "rgb")) == 3
    with pytest.raises(DataError, match=r"\(depth is not named\) is missing \(videos\.csv:3\)"):
        VideoFolder(root, "all")
    report = VideoFolder.verify(root)
    assert sorted(report.clips["state"]) == ["complete", "complete", "partly"]
    assert not report.complete


def test_verify_knows_what_is_listed(tree):
    root, _ = tree
    report = VideoFolder.verify(root)
    assert report.complete
    assert report.modalities == ("rgb", "depth")
    assert report.published == {"train": 9, "validation": 3, "test": 3}
    assert report.classes == tuple(sorted(LABELS))
    assert report.clips["frames"].eq(SPAN).all()


def test_optical_flow_is_made_of_it(small, tmp_path, monkeypatch):
    monkeypatch.setenv("MMTLIB_CACHE", str(tmp_path / "cache"))
    root, _ = small
    made = make_flow(VideoFolder(root, "all", "rgb", skip_broken=None), processes=1)
    assert (made.made, made.missing, made.broken) == (3, (), ())
    assert VideoFolder(root, "all", "rgb,flow")[0].frames["flow"].shape == (2, SPAN, 24, 32)


def test_the_fingerprint_follows_list_and_files(small):
    root, rows = small
    before = VideoFolder(root, "all").fingerprint
    assert VideoFolder(root, "all").fingerprint == before
    write_list(root, [{**row, "end": "0.4"} for row in rows])
    assert VideoFolder(root, "all").fingerprint != before


def test_a_class_that_is_renamed_makes_other_clips(small):
    root, rows = small
    before = VideoFolder(root, "all").fingerprint
    write_list(root, [{**row, "label": "wink"} for row in rows])
    assert VideoFolder(root, "all").fingerprint != before


def test_a_reminder_where_views_are_compared(tree):
    root, _ = tree
    assert "make sure that your recordings share one view" in VideoFolder(root).alignment_note
    assert VideoFolder(root, modalities="rgb").alignment_note is None


def test_errors(tree, tmp_path):
    root, _ = tree
    with pytest.raises(DataError, match=r"is not VideoFolder's folder: expected the list videos"):
        VideoFolder(tmp_path)
    with pytest.raises(ConfigError, match="split of VideoFolder 'trian'"):
        VideoFolder(root, "trian")
    with pytest.raises(
        DataError, match=r"VideoFolder holds no infrared\. Choose from rgb, depth, flow"
    ):
        VideoFolder(root, modalities="rgb,ir")
    with pytest.raises(ConfigError, match="modality 'dept'"):
        VideoFolder(root, modalities="dept")


def test_too_few_people_are_said_with_the_list(tmp_path):
    write_videos_tree(tmp_path, people=("anna", "ben"), labels=("wave",))
    with pytest.raises(DataError, match=r"videos\.csv: found 2 people; .* add a column 'split'"):
        VideoFolder(tmp_path)
