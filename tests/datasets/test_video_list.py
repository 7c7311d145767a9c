"""The list of a user's own videos: what is read, and what is refused with its line."""

import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.core.errors import DataError
from mmtlib.datasets.video_list import (
    PARTS,
    VideoRow,
    people_numbers,
    read_video_list,
    split_people,
)

HEAD = "path,label,subject\n"


@pytest.fixture
def read(tmp_path):
    def read(text):
        path = tmp_path / "videos.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_video_list(path)

    return read


def test_the_shortest_list(read):
    (row,) = read(HEAD + "a.mp4,wave,7\n")
    assert row == VideoRow(
        files={"rgb": "a.mp4"}, label="wave", subject="7", split=None, span=(None, None),
        seconds=False, line=2,
    )  # fmt: skip
    assert row.clip_id == "a.mp4"


def test_all_columns_in_any_order_with_marks_of_spreadsheets(read):
    text = "\ufeffSplit, Subject ,label,depth,rgb,start,end,_camera\r\n\r\n"
    text += 'test,Anna,"up, then down",d/1.avi,./c/1.avi,1.5,3,left\r\n,,,,,,,\r\n'
    text += "train,Ben,wave,,c/2.avi,,2.25,\r\n"
    first, second = read(text)
    assert first.files == {"depth": "d/1.avi", "rgb": "c/1.avi"}
    assert (first.label, first.split, first.line) == ("up, then down", "test", 3)
    assert (first.span, first.seconds, first.clip_id) == ((1.5, 3.0), True, "c/1.avi/1.5-3s")
    assert second.files == {"rgb": "c/2.avi"}
    assert (second.span, second.line, second.clip_id) == ((None, 2.25), 5, "c/2.avi/-2.25s")


def test_spans_in_frames(read):
    text = "path,label,subject,start_frame,end_frame\na.avi,x,1,10,20\na.avi,y,1,20,\n"
    a, b = read(text)
    assert (a.span, a.seconds, a.clip_id) == ((10, 20), False, "a.avi/10-20")
    assert (b.span, b.clip_id) == ((20, None), "a.avi/20-")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"videos\.csv: expected a row of column names and a row for every clip"),
        (HEAD, r"videos\.csv: expected a row of column names"),
        ("path;label;subject\na;b;c\n", r"videos\.csv:1: Unknown column 'path;label;subject'"),
        ("path,lable,subject\na,b,c\n", r":1: Unknown column 'lable'.*Did you mean 'label'\?"),
        ("path,label\na,b\n", r":1: there is no column 'subject': who is in every clip"),
        ("path,subject\na,b\n", r":1: there is no column 'label'"),
        ("label,subject\na,b\n", r":1: there is no column 'path'"),
        ("path,path,label,subject\n", r":1: the column 'path' is there 2 times"),
        ("path,rgb,label,subject\n", r":1: 'path' and 'rgb' are both there"),
        ("path,label,subject,start,end_frame\n", r":1: 'start' and 'end_frame' are both there"),
        (HEAD + "a.avi,x\n", r":2: expected 3 cells \(path, label, subject\), found 2"),
        (HEAD + "a.avi,x,1,\n", r":2: expected 3 cells .* found 4"),
        (HEAD + "a.avi,,1\n", r":2: the cell 'label' is empty"),
        (HEAD + "\na.avi,x,\n", r":3: the cell 'subject' is empty"),
        (HEAD + ",x,1\n", r":2: no recording is named"),
        (HEAD + "/etc/a.avi,x,1\n", r":2: expected in 'path' a path below the folder"),
        (HEAD + "../a.avi,x,1\n", r":2: expected in 'path' a path below the folder"),
        (HEAD + "a\\b.avi,x,1\n", r":2: expected in 'path' .* forward slashes, found"),
        (HEAD + "C:/b.avi,x,1\n", r":2: expected in 'path' a path below the folder"),
        (HEAD + ".,x,1\n", r":2: expected in 'path' a path below the folder"),
        (HEAD + "a.avi,x,1\na.avi,y,2\n", r":3: this clip is in line 2 already"),
        (HEAD + '"a.avi,x,1\n', r":2: this is no CSV"),
        ("path,label,subject,split\na,x,1,trian\n", r":2: expected a split of train, .* 'trian'"),
        ("path,label,subject,split\na,x,1,\n", r":2: the cell 'split' is empty"),
        ("path,label,subject,start\na,x,1,-2\n", r":2: expected in 'start' seconds, .* '-2'"),
        ("path,label,subject,start\na,x,1,1:30\n", r":2: expected in 'start' seconds"),
        ("path,label,subject,start\na,x,1,99999\n", r":2: start = 99999 seconds is longer than"),
        ("path,label,subject,end_frame\na,x,1,2.5\n", r":2: expected in 'end_frame' a frame"),
        ("path,label,subject,start,end\na,x,1,3,3\n", r":2: the gesture ends \(3\) before it"),
        ("path,label,subject,end\na,x,1,0\n", r":2: the gesture ends \(0\) before it starts \(0\)"),
        (b"path,label,subject\na,\xff,1\n", r"videos\.csv is not UTF-8 \(byte 21\)"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(read, text, said):
    with pytest.raises(DataError, match=said):
        read(text)


def test_no_list(tmp_path):
    with pytest.raises(DataError, match="Cannot read the list"):
        read_video_list(tmp_path / "videos.csv")


names = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
files = names.map(lambda name: re.sub(r"[\\/:.]", "_", name) + ".avi")
spans = st.tuples(st.integers(0, 500), st.integers(1, 90)).map(lambda s: (s[0], s[0] + s[1]))
rows = st.lists(
    st.tuples(files, names, names, st.sampled_from(PARTS), spans),
    min_size=1,
    max_size=9,
    unique_by=lambda row: (row[0], row[4]),
)


@settings(max_examples=60)
@given(rows=rows, order=st.permutations(range(6)), ending=st.sampled_from(["\n", "\r\n"]))
def test_what_a_spreadsheet_writes_is_read_back(tmp_path_factory, rows, order, ending):
    columns = ("path", "label", "subject", "split", "start_frame", "end_frame")
    file = io.StringIO()
    writer = csv.writer(file, lineterminator=ending)
    writer.writerow([columns[i] for i in order])
    for path, label, subject, split, (first, last) in rows:
        cells = (path, label, subject, split, first, last)
        writer.writerow([cells[i] for i in order])
    path = tmp_path_factory.mktemp("list") / "videos.csv"
    path.write_bytes(file.getvalue().encode())
    found = [
        (row.files["rgb"], row.label, row.subject, row.split, row.span)
        for row in read_video_list(path)
    ]
    assert found == rows


lines = st.lists(
    st.lists(
        st.sampled_from(
            ["path", "label", "subject", "split", "start", "end", "a.avi", "wave", "1", "0.5", "",
             "train", '"', "../b", "x;y", "\x00", "é"]
        ),
        max_size=7,
    ).map(",".join),
    max_size=6,
)  # fmt: skip


@settings(max_examples=150)
@given(text=st.one_of(lines.map("\n".join), st.text(max_size=80)))
def test_anything_else_is_refused_in_one_sentence_that_names_the_file(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("list") / "videos.csv"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        found = read_video_list(path)
    except DataError as error:
        assert "videos.csv" in str(error)  # noqa: PT017
    else:
        assert found
        for row in found:
            assert row.label
            assert row.subject
            assert row.files


@given(st.sets(st.text(max_size=6), min_size=3, max_size=40))
def test_people_are_shared_out_whole_and_by_their_names_alone(people):
    of = split_people(people)
    assert of.keys() == people
    counts = [list(of.values()).count(part) for part in PARTS]
    assert counts[1] == counts[2] == max(1, int(0.2 * len(people) + 0.5))
    assert counts[0] >= 1
    assert split_people(sorted(people, reverse=True)) == of


def test_too_few_people():
    with pytest.raises(DataError, match=r"found 2 people; .* takes at least three"):
        split_people(["a", "b", "a"])


def test_numbers_of_people():
    assert people_numbers(["7", "3", "7"]) == {"3": 3, "7": 7}
    assert people_numbers(["ben", "7", "anna"]) == {"7": 1, "anna": 2, "ben": 3}
    assert people_numbers(["7", "07"]) == {"07": 1, "7": 2}
