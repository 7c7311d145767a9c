import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.nvgesture_tree import SPLIT_LIST, TreeClip, write_list

from mmtlib.core.errors import DataError
from mmtlib.datasets.nvgesture import VALIDATION_SUBJECTS, read_list

LINE = (
    "path:./Video_data/class_01/subject3_r50 depth:sk_depth:146:226 color:sk_color:146:226 "
    "duo_left:duo_left:170:263 label:1 "
)


def test_a_row(tmp_path):
    path = write_list(tmp_path, "train", ["", LINE, "   "])
    (record,) = read_list(path)
    assert record.folder == "Video_data/class_01/subject3_r50"
    assert (record.label, record.subject, record.clip_id) == (0, 3, "class_01/subject3_r50")
    assert record.source == f"{path.name}:2"
    spans = {s: (span.file, span.first, span.last) for s, span in record.spans.items()}
    assert spans == {
        "depth": ("sk_depth", 146, 226),
        "color": ("sk_color", 146, 226),
        "duo_left": ("duo_left", 170, 263),
    }


def test_windows_line_ends(tmp_path):
    path = write_list(tmp_path, "train", [])
    path.write_bytes(f"{LINE}\r\n\r\n".encode())
    assert len(read_list(path)) == 1


def test_the_label_rules_not_the_folder(tmp_path):
    path = write_list(tmp_path, "train", [LINE.replace("label:1", "label:25")])
    assert read_list(path)[0].label == 24


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("label:1 ", "", "expected 'path:..."),
        ("label:1", "label:1 label:1", "expected 'path:..."),
        ("label:1", "label:1 extra:3", "extra"),
        ("label:1", "label:0", "label from 1 to 25, got '0'"),
        ("label:1", "label:26", "label from 1 to 25"),
        ("label:1", "label:one", "label from 1 to 25"),
        ("label:1", "label:-1", "label from 1 to 25"),
        ("label:1", "label:1+1", "label from 1 to 25"),
        ("depth:sk_depth:146:226", "depth:sk_depth:146", "depth:FILE:FIRST:LAST"),
        ("depth:sk_depth:146:226", "depth:sk_depth:146:2x6", "depth:FILE:FIRST:LAST"),
        ("depth:sk_depth:146:226", "depth:sk_depth:226:146", "depth:FILE:FIRST:LAST"),
        ("depth:sk_depth:146:226", "depth:sk_depth:146:226:9", "depth:FILE:FIRST:LAST"),
        ("depth:sk_depth:146:226", "depth:../sk_depth:146:226", "depth:FILE:FIRST:LAST"),
        ("depth:sk_depth:146:226", "depth:sk_depth:146:227", "80 frames of depth, got 81"),
        ("color:sk_color:146:226", "color:sk_color:46:226", "80 frames of color, got 180"),
        ("duo_left:170:263", "duo_left:170:250", "93 frames of duo_left, got 80"),
        ("./Video_data", "../Video_data", "below the root"),
        ("./Video_data", "/Video_data", "below the root"),
        ("./Video_data/", "./Video_data/../../", "below the root"),
        ("subject3_r50", "somebody", "below the root"),
        ("./Video_data", "C:\\Video_data", "below the root"),
        ("146", "1४6", "ASCII"),
    ],
)
def test_malformed_rows(tmp_path, old, new, message):
    path = write_list(tmp_path, "train", [])
    path.write_text(f"{LINE.replace('r50', 'r51')}\n\n{LINE.replace(old, new, 1)}\n", "utf-8")
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        read_list(path)
    assert f"{path}:3: " in str(caught.value)


def test_a_clip_twice(tmp_path):
    path = write_list(tmp_path, "train", [LINE, "", LINE])
    with pytest.raises(DataError, match=r":3: clip .*subject3_r50 is in line 1 already"):
        read_list(path)


def test_missing_list(tmp_path):
    with pytest.raises(DataError, match=r"gone\.lst"):
        read_list(tmp_path / "gone.lst")


@given(
    st.lists(
        st.tuples(st.integers(1, 25), st.integers(1, 20), st.integers(0, 500), st.integers(0, 600)),
        max_size=5,
    )
)
@settings(max_examples=60)
def test_what_was_written_is_read(tmp_path_factory, rows):
    clips = [
        TreeClip(f"Video_data/class_01/subject{subject}_r{i}", "train", label, subject, first, ir)
        for i, (label, subject, first, ir) in enumerate(rows)
    ]
    folder = tmp_path_factory.getbasetemp() / "written"
    records = read_list(write_list(folder, "train", [x for c in clips for x in ("", c.line)]))
    spans = [{s: (x.first, x.last) for s, x in r.spans.items()} for r in records]
    assert [(r.folder, r.label + 1, r.subject) for r in records] == [
        (c.folder, c.label, c.subject) for c in clips
    ]
    assert spans == [
        {
            "depth": (c.first, c.first + 80),
            "color": (c.first, c.first + 80),
            "duo_left": (c.infrared_first, c.infrared_first + 93),
        }
        for c in clips
    ]
    assert [r.list_line for r in records] == list(range(2, 2 * len(rows) + 1, 2))


@given(st.integers(0, len(LINE) - 1), st.integers(0, 3), st.binary(max_size=3))
@settings(max_examples=300)
def test_changed_rows_parse_or_name_file_and_line(tmp_path_factory, at, cut, inserted):
    path = tmp_path_factory.getbasetemp() / "changed.lst"
    data = LINE.encode()
    path.write_bytes(data[:at] + inserted + data[at + cut :])
    try:
        records, message = read_list(path), None
    except DataError as error:
        records, message = [], str(error)
    assert message is None or re.search(r"changed\.lst:\d+: ", message)
    for record in records:
        assert 0 <= record.label < 25
        assert ".." not in record.folder
        assert not Path(record.folder).is_absolute()
        assert [len(record.spans[s]) for s in ("depth", "color")] == [80, 80]
        assert len(record.spans["duo_left"]) in (93, 94)


def test_the_official_lists(real_root):
    rows = {s: read_list(real_root / SPLIT_LIST.format(s)) for s in ("train", "test")}
    assert {s: len(r) for s, r in rows.items()} == {"train": 1050, "test": 482}
    differing = [
        record
        for record in rows["train"] + rows["test"]
        if int(re.search(r"class_(\d+)", record.folder)[1]) != record.label + 1
    ]
    assert len(differing) == 23
    subjects = {s: {r.subject for r in part} for s, part in rows.items()}
    assert [len(subjects[s]) for s in ("train", "test")] == [12, 6]
    assert not subjects["train"] & subjects["test"]
    held_out = [r for r in rows["train"] if r.subject in VALIDATION_SUBJECTS]
    assert len(held_out) == 193
    for subject in VALIDATION_SUBJECTS:
        assert len({r.label for r in held_out if r.subject == subject}) == 25
