"""The parser of EgoGesture's label files."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.egogesture_tree import BLANK_ROWS, write_rows

from mmtlib.core.errors import DataError
from mmtlib.datasets import EgoGesture
from mmtlib.datasets.egogesture import LONGEST_GESTURE, SUBJECTS, read_group


def group_file(root: Path, *rows: str) -> Path:
    return write_rows(root, 7, 2, 3, rows)


def test_rows(tmp_path):
    first, second = read_group(group_file(tmp_path, "1,1,9", *BLANK_ROWS, " 83 , 604,637"))
    assert (first.folder, first.subject, first.label) == ("Subject07/Scene2", 7, 0)
    assert first.clip_id == "Subject07/Scene2/Group3/000001-000009"
    spans = {s: (span.file, span.first, span.last) for s, span in first.spans.items()}
    assert spans == {"color": ("Color/rgb3", 0, 9), "depth": ("Depth/depth3", 0, 9)}
    assert (second.label, second.source) == (82, "Group3.csv:6")
    assert len(second.spans["depth"]) == 34  # both ends belong to the gesture


@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"])
def test_files_as_other_programs_write_them(tmp_path, ending):
    path = group_file(tmp_path)
    path.write_bytes(b"\xef\xbb\xbf" + f"1,5,9{ending},,{ending}2,20,30".encode())
    assert [(r.label, r.list_line) for r in read_group(path)] == [(0, 1), (1, 3)]


@pytest.mark.parametrize("rows", [(), BLANK_ROWS])
def test_no_rows(tmp_path, rows):
    assert read_group(group_file(tmp_path, *rows)) == []


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("0,5,9", "label from 1 to 83, got 0"),
        ("84,5,9", "label from 1 to 83, got 84"),
        ("-1,5,9", "expected a row 'label,start,end', got '-1,5,9'"),
        ("1,5", "expected a row"),
        ("1,5,", "expected a row"),
        ("1,,", "expected a row"),
        ("1,5,9,", "expected a row"),
        ("1,5,9.0", "expected a row"),
        ("1;5;9", "expected a row"),
        ("label,start,end", "expected a row"),
        ("__import__('os'),5,9", "expected a row"),
        ("1,५,9", "plain ASCII"),
        ("1,0,9", "pictures counted from 1, got those from 0 to 9"),
        ("1,9,8", "got those from 9 to 8"),
        ("1,1,301", "expected 1 to 300 pictures"),
        ("1,5,99999999", "expected a row"),
        ("2,20,30", "000020-000030 is in line 1 already"),
    ],
)
def test_malformed_rows(tmp_path, row, message):
    path = group_file(tmp_path, "1,20,30", ",,", row)
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        read_group(path)
    assert f"{path}:3: " in str(caught.value)


@pytest.mark.parametrize("name", ["Groupg.csv", "group1.txt", "../Group1.csv"])
def test_wrong_places(tmp_path, name):
    path = group_file(tmp_path).parent / name
    path.write_text("1,5,9\n")
    with pytest.raises(DataError, match=r"expected a label file at \.\.\./subjectNN/SceneN/Group"):
        read_group(path)


def test_missing_file(tmp_path):
    path = group_file(tmp_path)
    path.unlink()
    with pytest.raises(DataError, match=r"Cannot read the list .*Group3\.csv \(No such file"):
        read_group(path)


ROWS = st.lists(
    st.tuples(st.integers(1, 83), st.integers(1, 5000), st.integers(1, LONGEST_GESTURE)),
    max_size=8,
    unique_by=lambda row: row[1:],
)


@given(rows=ROWS, blank=st.sampled_from(BLANK_ROWS))
@settings(max_examples=60)
def test_what_was_written_is_read(tmp_path_factory, rows, blank):
    lines = [f"{label},{start},{start + n - 1}" for label, start, n in rows]
    path = group_file(
        tmp_path_factory.getbasetemp() / "rows", *(x for y in lines for x in (blank, y))
    )
    records = read_group(path)
    assert [
        (r.label + 1, r.spans["color"].first + 1, len(r.spans["depth"])) for r in records
    ] == rows
    assert [r.list_line for r in records] == list(range(2, 2 * len(rows) + 1, 2))
    assert len({r.clip_id for r in records}) == len(rows)


@given(at=st.integers(0, 14), cut=st.integers(0, 3), inserted=st.binary(max_size=3))
@settings(max_examples=300)
def test_changed_rows_parse_or_name_file_and_line(tmp_path_factory, at, cut, inserted):
    data = b"12,324,359\n7,40,52"
    path = group_file(tmp_path_factory.getbasetemp() / "changed")
    path.write_bytes(data[:at] + inserted + data[at + cut :])
    try:
        records, message = read_group(path), None
    except DataError as error:
        records, message = [], str(error)
    assert message is None or re.search(r"Group3\.csv:\d+: ", message)
    for record in records:
        assert 0 <= record.label < 83
        for span in record.spans.values():
            assert span.first >= 0
            assert 1 <= len(span) <= LONGEST_GESTURE


@pytest.fixture(scope="session")
def official_list() -> Path:
    named = os.environ.get("MMTLIB_EGOGESTURE_LIST")
    shared = Path(__file__).parents[3] / "shared" / "egogesture" / "testlist_all_but_none.txt"
    path = Path(named or shared)
    if not named and not path.is_file():
        pytest.skip("no official list here: set MMTLIB_EGOGESTURE_LIST to EgoGesture's test rows")
    return path


@pytest.fixture(scope="session")
def official_rows(official_list) -> list[tuple[str, str]]:
    """The official test rows: recording, and the row of a label file."""
    lines = [line.split() for line in official_list.read_text().splitlines()]
    return [(place, f"{label},{start},{end}") for place, label, start, end in lines]


def test_the_official_test_rows(official_rows, tmp_path):
    groups: dict[str, list[str]] = {}
    for place, row in official_rows:
        groups.setdefault(place, []).append(row)
    for place, rows in groups.items():
        subject, scene, group = map(int, re.findall("[0-9]+", place))
        write_rows(tmp_path, subject, scene, group, rows)
        (tmp_path / place).mkdir(parents=True)
    test = EgoGesture(tmp_path, "test", "rgb")
    assert len(test) == EgoGesture.published["test"] == len(official_rows) == 4977
    assert len({record.clip_id for record in test.records}) == 4977
    assert set(test.subjects.tolist()) == set(SUBJECTS["test"])
    assert set(test.labels.tolist()) == set(range(83))
    assert 30 < sum(len(r.spans["color"]) for r in test.records) / 4977 < 45
    expected = sorted((place, *map(int, row.split(","))) for place, row in official_rows)
    found = [(r.folder, r.label + 1, r.spans["color"]) for r in test.records]
    assert expected == sorted((f"{f}/{s.file}", n, s.first + 1, s.last) for f, n, s in found)


def test_the_official_class_names(official_list):
    path = official_list.with_name("class_names.txt")
    if not path.is_file():
        pytest.skip("no official class names beside the list")
    lines = [line.split(maxsplit=1) for line in path.read_text().splitlines()]
    official = {int(number) - 1: name for number, name in lines}
    plain = {i: re.sub("[^a-z0-9]", "", name.lower()) for i, name in official.items()}
    ours = {i: re.sub("[^a-z0-9]", "", c.lower()) for i, c in enumerate(EgoGesture.classes)}
    assert plain == ours
