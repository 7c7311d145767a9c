"""The list of a user's own videos: what is read, and what is refused with its line."""

import csv
import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.own_modalities import known, like

from mmtlib.config import ExperimentConfig
from mmtlib.core.errors import DataError
from mmtlib.core.modalities import MODALITIES
from mmtlib.core.words import word_key
from mmtlib.datasets.people import leave_out, people_numbers, split_people
from mmtlib.datasets.records import PARTS
from mmtlib.datasets.video_list import (
    VideoRow,
    read_video_list,
    scan_video_list,
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
        ("path,lable,subject\na,b,c\n", r":1: there is no column 'label' \(is it 'lable'\?\)"),
        ("path,label\na,b\n", r":1: there is no column 'subject' \(who is in every clip\)"),
        ("path,label,subject,quality\na,b,c,d\n", r":1: unknown columns: 'quality'; rename them"),
        ("34870;Drumming Fingers\n", r":1: the first row names no column, e\.g\. path,label,"),
        ("id;label\n1;Swiping Left\n", r"no column 'path' \(is it 'id'\?\) and no .* 'subject'"),
        (
            "video,label,id,t_start,t_end,frames\na.mp4,D0X,1,1,10,10\n",
            r":1: there is no column 'path' .* and no column 'subject' .* 't_start' \('start' or "
            "'start_frame'",
        ),
        ("path,label,subject,,\na,b,c,,d\n", r":1: column 5 has no name"),
        (",path,label,subject\nx,a,b,c\n", r":1: column 1 has no name"),
        ("path,label,subject,split,fold\n", r":1: 'split' and 'fold' are both there"),
        ("path,x:lvl,label,subject\n", r":1: 'x:lvl' is no modality's name and kind"),
        ("path,depth:image,label,subject\n", r":1: .*'depth' is another modality already"),
        ("path,x:flow,label,subject\n", r":1: 'x:flow' describes no modality"),
        ("path,label:level,label,subject\n", r":1: 'label:level': 'label' is the name of a column"),
        ("path;label;subject;start;end\na;b;c;0.5;1,5\n", r":2: .* e\.g\. 1\.5, found '1,5'"),
        ("path,subject\na,b\n", r":1: there is no column 'label'"),
        ("label,subject\na,b\n", r":1: there is no column 'path'"),
        ("path,path,label,subject\n", r":1: the column 'path' is there 2 times"),
        ("path,rgb,label,subject\n", r":1: 'path' and 'rgb' are both there"),
        ("path,label,subject,start,end_frame\n", r":1: 'start' and 'end_frame' are both there"),
        (HEAD + "a.avi,x\n", r":2: expected 3 cells \(path, label, subject\), found 2"),
        (HEAD + "a.avi,x,1,2\n", r":2: expected 3 cells .* found 4"),
        (HEAD + "a.avi,,1\n", r":2: the cell 'label' is empty"),
        (HEAD + "\na.avi,x,\n", r":3: the cell 'subject' is empty"),
        (HEAD + ",x,1\n", r":2: no recording is named"),
        (HEAD + "/etc/a.avi,x,1\n", r":2: expected in 'path' a path below the folder"),
        (HEAD + "../a.avi,x,1\n", r":2: expected in 'path' a path below the folder"),
        (HEAD + "..\\b.avi,x,1\n", r":2: expected in 'path' a path below the folder"),
        (HEAD + "\\\\pc\\b.avi,x,1\n", r":2: expected in 'path' a path below the folder"),
        (HEAD + "a/" + "\u00e4" * 128 + ",x,1\n", r":2: the path in 'path' is longer than any"),
        (HEAD + "a/" * 2000 + "b,x,1\n", r":2: the path in 'path' is longer than any file's"),
        (HEAD + "C:/b.avi,x,1\n", r":2: expected in 'path' a path below the folder"),
        (HEAD + ".,x,1\n", r":2: expected in 'path' a path below the folder"),
        (HEAD + "a.avi,x,1\na.avi,y,2\n", r":3: this clip is in line 2 already"),
        (HEAD + '"a.avi,x,1\n', r":2: from here on this is no CSV"),
        ("path,label,subject,split\na,x,1,trian\n", r":2: expected a split of train, .* 'trian'"),
        ("path,label,subject,split\na,x,1,\n", r":2: the cell 'split' is empty"),
        ("path,label,subject,start\na,x,1,-2\n", r":2: expected in 'start' seconds, .* '-2'"),
        ("path,label,subject,start\na,x,1,1:30\n", r":2: expected in 'start' seconds"),
        ("path,label,subject,start\na,x,1,99999\n", r":2: start = 99999 seconds is longer than"),
        ("path,label,subject,end_frame\na,x,1,2.5\n", r":2: expected in 'end_frame' a frame"),
        ("path,label,subject,start,end\na,x,1,3,3\n", r":2: the gesture ends \(3\) before it"),
        ("path,label,subject,end\na,x,1,0\n", r":2: the gesture ends \(0\) before it starts \(0\)"),
        (b"path,label,subject\na,\x81,1\n", r"videos\.csv:2: .*not UTF-8, byte 21\)"),
        ((HEAD + "a,gr\u00fcn,1\n").encode("mac_roman"), r":2: the letters cannot be told"),
        ((HEAD + "a,\u0440\u0443\u043a\u0430,1\n").encode("cp1251"), r":2: the letters cannot be"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(read, text, said):
    with pytest.raises(DataError, match=said):
        read(text)


def test_all_faults_are_said_at_once(read):
    with pytest.raises(DataError) as caught:
        read(HEAD.replace("subject", "subject,split") + "../a,x,1,train\nb,,1,foo\nc\nd,x,1,val\n")
    first, *named = str(caught.value).splitlines()
    assert first.endswith("videos.csv has 4 faults:")
    assert [re.search(r"videos\.csv:(\d+): ", line)[1] for line in named] == list("2334")
    with pytest.raises(DataError, match=r"has 30 faults:(?s:.*):21: .*\nand 10 more\.$"):
        read(HEAD + "a,,1\n" * 30)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Wave", "wave"), ("show  one", "show one"), ("show\u00a0one", "show one"),
        ("caf\u00e9", "cafe\u0301"), ("STRASSE", "stra\u00dfe"), ("wa\u200bve", "wave"),
        ("\uff17", "7"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("column", ["label", "subject"])
def test_a_word_has_one_spelling(read, a, b, column):
    def listed(*words):
        row = "{},{},1\n" if column == "label" else "{},x,{}\n"
        return HEAD + "".join(row.format(f"{i}.avi", word) for i, word in enumerate(words))

    with pytest.raises(DataError) as caught:
        read(listed("other", a, b, a))
    kind = "class" if column == "label" else "person"
    assert f"videos.csv:4: the {kind} {b!r} is {a!r} in line 3, written otherwise" in str(
        caught.value
    )
    for one, two in (("show one", "show two"), ("a", "\u00e4"), ("o-k", "ok"), ("1", "2")):
        assert len(read(listed(one, two))) == 2


DIALECTS = {
    "semicolons": ("path;label;subject;split\n", "{};{};{};{}\n", "semicolons between cells"),
    "tabs": ("path\tlabel\tsubject\tsplit\n", "{}\t{}\t{}\t{}\n", "tabs between cells"),
    "excel": ("sep=;\r\npath;label;subject;split\r\n", "{};{};{};{}\r\n", "semicolons"),
    "trailing": ("path,label,subject,split,,\n", "{},{},{},{},,\n", "without name and content"),
    "index": (",path,label,subject,split\n", "0,{},{},{},{}\n", "numbers of rows, left out"),
    "unnamed": ("Unnamed: 0,path,label,subject,split\n", "7,{},{},{},{}\n", "numbers of rows"),
    "capitals": ("Path, LABEL ,Subject,Split\n", "{},{},{},{}\n", ""),
}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_dialects_are_read_and_said(tmp_path, dialect):
    head, row, said = DIALECTS[dialect]
    path = tmp_path / "videos.csv"
    splits = ("train", "VAL", "Test", "valid")
    rows = [row.format(f"sub\\{i}.avi", "wave", i, split) for i, split in enumerate(splits)]
    path.write_text(head + "".join(rows), newline="")
    found = scan_video_list(path).sound()
    assert [r.split for r in found.rows] == ["train", "validation", "test", "validation"]
    assert [r.files for r in found.rows] == [{"rgb": f"sub/{i}.avi"} for i in range(4)]
    first = 3 if dialect == "excel" else 2
    assert [r.line for r in found.rows] == list(range(first, first + 4))
    assert said in found.as_read()
    assert f"\\ in paths as /, 4 times (line {first})" in found.as_read()
    assert f"'VAL' as the split validation (line {first + 1})" in found.as_read()


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8", ""), ("utf-8-sig", ""), ("utf-16", "UTF-16"), ("cp1252", "Windows-1252")],
)
def test_letters_and_decimal_commas(tmp_path, encoding, said):
    path = tmp_path / "videos.csv"
    text = "path;label;subject;start;end\na.avi;gr\u00fc\u00dfen;1;0,5;1\nb.avi;x;1;;12,25\n"
    path.write_bytes(text.encode(encoding))
    found = scan_video_list(path).sound()
    assert [row.span for row in found.rows] == [(0.5, 1.0), (None, 12.25)]
    assert found.rows[0].label == "gr\u00fc\u00dfen"
    assert said in found.as_read()
    assert "commas in seconds as decimal ones, 2 times (line 2)" in found.as_read()


def test_frames_as_pandas_writes_them(read):
    (row,) = read("path,label,subject,start_frame,end_frame\na.avi,x,1,10.0,20.0\n")
    assert (row.span, row.clip_id) == ((10, 20), "a.avi/10-20")


def test_modalities_are_declared_by_name_and_kind(read):
    with known(like("ir", "spare")):
        (row,) = read("path,thermal:level,View2:image,heat:ir,label,subject\na,b,c,d,x,1\n")
        assert row.files == {"rgb": "a", "thermal": "b", "view2": "c", "heat": "d"}
        kinds = {m: (MODALITIES[m].kind, MODALITIES[m].channels) for m in list(row.files)[1:]}
        assert kinds == {"thermal": ("level", 1), "view2": ("image", 3), "heat": ("image", 1)}
        (again,) = read("path,thermal,label,subject\na,b,x,1\n")
        assert again.files == {"rgb": "a", "thermal": "b"}
        config = ExperimentConfig.make(preset="tiny", modalities=("rgb", "thermal:level"))
        assert config.modalities == ("rgb", "thermal")
    with known(like("ir", "spare")):  # as in another process
        assert "thermal" not in MODALITIES
        assert ExperimentConfig.from_json(config.to_json()) == config
        assert MODALITIES["thermal"].kind == "level"


def test_one_fold_or_person_is_left_out():
    people = ["10", "9", "2"]
    assert leave_out(people, "9") == {"2": "train", "9": "test", "10": "validation"}
    assert leave_out(people, "10") == {"2": "validation", "9": "train", "10": "test"}
    assert leave_out(["b", "a", "c"], None) == {"a": "test", "b": "validation", "c": "train"}
    assert leave_out(["Anna", "b", "c"], "ANNA")["Anna"] == "test"
    with pytest.raises(DataError, match="leave_out='d' is none of a, b, c"):
        leave_out("abc", "d")
    with pytest.raises(DataError, match=r"found a, b; .* takes at least three"):
        leave_out("ab", "a")


def test_no_list(tmp_path):
    with pytest.raises(DataError, match="Cannot read the list"):
        read_video_list(tmp_path / "videos.csv")


letters = st.characters(codec="utf-8", exclude_categories=("C", "Z"))
names = st.text(letters, min_size=1, max_size=8).map(word_key).filter(bool)
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


@settings(max_examples=60)
@given(
    rows=rows, separator=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8-sig", "utf-16"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), index=st.booleans(),
    trailing=st.integers(0, 2), slash=st.sampled_from("/\\"),
    ending=st.sampled_from(["\n", "\r\n"]),
    case=st.sampled_from([str.upper, str.title, str.lower]), hint=st.booleans(),
)  # fmt: skip
def test_a_list_is_the_same_in_every_dialect(
    tmp_path_factory, rows, separator, encoding, quoting, index, trailing, slash, ending, case, hint
):
    file, mark = io.StringIO(), "." if separator == "," else ","
    file.write(f"sep={separator}{ending}" * hint)
    writer = csv.writer(file, delimiter=separator, lineterminator=ending, quoting=quoting)
    head = ("path", "label", "subject", "split", "start", "end")
    writer.writerow([*[""] * index, *map(case, head), *[""] * trailing])
    for number, (path, label, subject, split, span) in enumerate(rows):
        seconds = [f"{value}{mark}5" for value in span]
        cells = [f"sub{slash}{path}", label, subject, case(split), *seconds]
        writer.writerow([*[number] * index, *cells, *[""] * trailing])
    path = tmp_path_factory.mktemp("list") / "videos.csv"
    path.write_bytes(file.getvalue().encode(encoding))
    found = [
        (row.files["rgb"].removeprefix("sub/"), row.label, row.subject, row.split, row.span)
        for row in read_video_list(path)
    ]
    assert found == [(*row[:4], (row[4][0] + 0.5, row[4][1] + 0.5)) for row in rows]


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
