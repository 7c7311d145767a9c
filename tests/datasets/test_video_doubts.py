"""What is odd in a user's folder: each finding with its line in the list."""

import pickle
import re

import numpy as np
import pytest
from support.own_modalities import known, like
from support.recorded_files import counted, slowing, write_numbered, write_recording

from mmtlib.core.errors import DataError
from mmtlib.core.modalities import MODALITIES
from mmtlib.datasets import VideoFolder

HEAD = "path,label,subject,split\n"


def folder_of(root, text, **files):
    root.mkdir(exist_ok=True)
    (root / "videos.csv").write_text(text)
    for name, how in files.items():
        write_recording(root / f"{name}.mkv", how.pop("pictures", counted(12)), **how)
    return root


def findings(root, **how):
    """Return line -> what is said of it."""
    found = {}
    for note in VideoFolder.verify(root, quick=True, **how).notes:
        place, text = re.fullmatch(r"videos\.csv(?::(\d+))?: (.*)\.", note).groups()
        found.setdefault(int(place or 0), []).append(text)
    return found


def test_twelve_oddities_are_twelve_findings(tmp_path):
    rows = [
        "path;tof:level;label;subject;split",
        "even.mkv;;wave;anna;train",
        "turned.mp4;;wave;anna;train",
        "uneven.mkv;;wave;anna;train",
        "even.mkv;deep.mkv;wave;anna;train",
        "short.mkv;;wave;anna;train",
        "EVEN  copy.mkv;;wave;ben;test",
        "fast.mkv;;wave;ben;test",
        "even.mkv;;Wave;ben;test",
        "other.mkv;;wave;Ben;test",
        "gone.mkv;;wave;ben;VAL",
        "other.mkv;;wave;ben;trial",
        "other.mkv;;nod;ben;test",
    ]
    rows[4] = rows[4].replace("even", "even2")
    rows[8] = rows[8].replace("even", "even3")
    for number, name in enumerate(("even", "even2", "even3", "other", "long")):
        write_recording(tmp_path / f"{name}.mkv", counted(12 + number))
    (tmp_path / "even copy.mkv").write_bytes((tmp_path / "even.mkv").read_bytes())
    write_recording(tmp_path / "turned.mp4", counted(9), rotation=90)
    write_recording(tmp_path / "uneven.mkv", counted(18), times=slowing(18))
    write_recording(tmp_path / "fast.mkv", counted(9), rate=60)
    deep = np.full((12, 32, 48), 3000, np.uint16)
    write_recording(tmp_path / "deep.mkv", deep, codec="ffv1", pix_fmt="gray16le")
    data = (tmp_path / "long.mkv").read_bytes()
    (tmp_path / "short.mkv").write_bytes(data[: len(data) * 2 // 3])
    with known(like("ir", "spare")):
        (tmp_path / "videos.csv").write_text("\n".join([*rows, ""]))
        report = VideoFolder.verify(tmp_path)
        text = report.text()
    assert not report.complete
    for finding in (
        r"videos\.csv: semicolons between cells",
        r":3: turned\.mp4 is stored turned, and shown upright by 90 degrees",
        r":4: uneven\.mkv has a variable rate",
        r":5: deep\.mkv stores 16 bits a value",
        r":6: .*short\.mkv was cut short",
        r":7: even copy\.mkv for 'EVEN  copy\.mkv'",
        r":7: even copy\.mkv \(test: line 7\) has the same bytes as even\.mkv \(train: line 2\)",
        r":8: fast\.mkv has 60 frames a second, most have 30",
        r":9: the class 'Wave' is 'wave' in line 2, written otherwise",
        r":10: the person 'Ben' is 'ben' in line 7, written otherwise",
        r":11: 'VAL' as the split validation",
        r"missing: gone\.mkv \(videos\.csv:11\): gone\.mkv is missing",
        r":12: expected a split of train, validation, test, found 'trial'",
        r":13: this clip is in line 10 already",
        r":11: ben is in more than one split \(test: line 7, validation: line 11\)",
    ):
        assert re.search(finding, text), finding


def test_a_sound_folder_has_no_findings(tmp_path):
    rows = "a.mkv,wave,1,train\nb.mkv,wave,2,validation\nc.mkv,wave,3,test\n"
    root = folder_of(tmp_path, HEAD + rows)
    for number, name in enumerate("abc"):
        write_recording(root / f"{name}.mkv", counted(12 + number))
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
        write_numbered(root / name, counted(first + 3)[first:])
    said = "b (test: line 3) has the same bytes as a (train: line 2)"
    assert findings(root) == {3: [said]}


def test_all_that_is_wrong_with_the_files_is_said_at_once(tmp_path):
    head = HEAD.replace("\n", ",end\n")
    root = folder_of(tmp_path, head + "a,x,1,train,1\nB.mkv,x,1,train,\nc.mkv,x,2,train,\n", c={})
    write_numbered(root / "a", counted(3))
    for name in ("b.mkv", "b.MKV"):
        (root / name).write_bytes(b"")
    with pytest.raises(DataError, match=r"(?s)has 2 faults:.*:2: .* no seconds.*:3: .* both fit"):
        VideoFolder(root)
    assert list(findings(root)) == [2, 3]


def test_people_who_cannot_be_shared_out_are_looked_at_all_the_same(tmp_path):
    root = folder_of(tmp_path, "path,label,subject\na.mkv,x,1\n", a={})
    report = VideoFolder.verify(root)
    assert report.notes[0].startswith("videos.csv: found 1 people; to train, validate and test ")
    assert (len(report.clips), report.complete) == (1, False)


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
        assert pickle.loads(stored)[0].shape == (12, 32, 48)
