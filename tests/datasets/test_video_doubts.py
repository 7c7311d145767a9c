"""What is odd in a user's folder: each finding with its line in the list."""

import pickle
import re

import pytest
from support.egogesture_tree import write_pictures
from support.moving_discs import disc_pictures
from support.nvgesture_tree import write_video
from support.own_modalities import known, like

from mmtlib.core.errors import DataError
from mmtlib.core.modalities import MODALITIES
from mmtlib.datasets import VideoFolder

HEAD = "path,label,subject,split\n"


def folder_of(root, text, **files):
    root.mkdir(exist_ok=True)
    (root / "videos.csv").write_text(text)
    for name, how in files.items():
        write_video(root / f"{name}.mkv", how.pop("pictures", disc_pictures(12, label=1)), **how)
    return root


def findings(root, **how):
    """Return line -> what is said of it."""
    found = {}
    for note in VideoFolder.verify(root, quick=True, **how).notes:
        place, text = re.fullmatch(r"videos\.csv(?::(\d+))?: (.*)\.", note).groups()
        found.setdefault(int(place or 0), []).append(text)
    return found


def test_a_sound_folder_has_no_findings(tmp_path):
    rows = "a.mkv,wave,1,train\nb.mkv,wave,2,validation\nc.mkv,wave,3,test\n"
    root = folder_of(tmp_path, HEAD + rows)
    for number, name in enumerate("abc"):
        write_video(root / f"{name}.mkv", disc_pictures(12, label=1 + number))
    report = VideoFolder.verify(root)
    assert (report.notes, report.complete) == ((), True)


def test_the_same_recording_in_two_splits(tmp_path):
    head = HEAD.replace("\n", ",start_frame,end_frame\n")
    rows = "a.mkv,wave,1,train,0,5\na.mkv,wave,2,test,5,9\na.mkv,wave,1,train,9,12\n"
    root = folder_of(tmp_path, head + rows, a={})
    assert findings(root) == {3: ["a.mkv is in more than one split (train: line 2, test: line 3)"]}


def test_copies_of_pictures_are_found(tmp_path):
    root = folder_of(tmp_path, HEAD + "a,wave,1,train\nb,wave,2,test\nc,wave,2,test\n")
    for name, first in (("a", 4), ("b", 4), ("c", 5)):
        write_pictures(root / name, disc_pictures(3, label=first), first=1)
    said = "b (test: line 3) has the same bytes as a (train: line 2)"
    assert findings(root) == {3: [said]}


def test_all_that_is_wrong_with_the_files_is_said_at_once(tmp_path):
    head = HEAD.replace("\n", ",end\n")
    root = folder_of(tmp_path, head + "a,x,1,train,1\nB.mkv,x,1,train,\nc.mkv,x,2,train,\n", c={})
    write_pictures(root / "a", disc_pictures(3, label=1), first=1)
    for name in ("b.mkv", "b.MKV"):
        (root / name).write_bytes(b"")
    with pytest.raises(DataError, match=r"(?s)has 2 faults:.*:2: .* no seconds.*:3: .* both fit"):
        VideoFolder(root)
    assert list(findings(root)) == [2, 3]


def test_a_list_without_a_sound_row_is_refused_with_all_its_faults(tmp_path):
    root = folder_of(tmp_path, HEAD + "a.mkv,,1,train\nb.mkv,x,2,foo\n")
    with pytest.raises(DataError, match=r"(?s)has 2 faults:.*:2: .*:3: "):
        VideoFolder.verify(root)


def test_other_processes_know_what_the_list_declares(tmp_path):
    root = folder_of(tmp_path, "a:level,label,subject,split\na.mkv,x,1,train\n", a={})
    with known(like("ir", "spare")):
        stored = pickle.dumps(VideoFolder(root))
    with known(like("ir", "spare")):
        assert "a" not in MODALITIES
        assert pickle.loads(stored)[0].shape == (12, 24, 32)
