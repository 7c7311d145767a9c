"""JSON with a seal: nothing that was changed is believed, and nothing of another type."""

import json
from typing import Any

import pytest

from mmtlib.core.errors import CheckpointError, DataError
from mmtlib.core.sealed import (
    check_sum_of,
    check_types,
    read_json,
    read_lines,
    write_json,
    write_lines,
)

CONTENT = {"name": "a", "values": [1, 2.5], "more": {"x": None, "y": True}}
TYPES = {"name": str, "values": list[float], "more": dict[str, Any]}


@pytest.fixture
def file(tmp_path):
    write_json(tmp_path / "a.json", CONTENT)
    return tmp_path / "a.json"


def read(path, **more):
    return read_json(path, TYPES, remedy="make it again", **more)


def test_the_way_back_and_the_seal_in_the_file(file):
    assert read(file) == CONTENT
    stored = json.loads(file.read_text())
    assert stored == {**CONTENT, "seal": {"version": 1, "crc32": check_sum_of(CONTENT)}}


def test_every_changed_bit_is_found_or_without_meaning(file):
    whole = file.read_bytes()
    for place in range(len(whole)):
        for bit in range(8):
            content = bytearray(whole)
            content[place] ^= 1 << bit
            file.write_bytes(content)
            try:
                found = read(file)
            except DataError as error:
                found = str(error)
            assert found == CONTENT or (str(file) in found and "make it again" in found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        ("[]", "expected a JSON object, got list"),
        (json.dumps(CONTENT), "it has no check sum"),
        ("[" * 100_000, "RecursionError|recursion"),
        (json.dumps({**CONTENT, "seal": 5}), "not subscriptable"),
        (json.dumps({**CONTENT, "seal": {"version": 1, "crc32": 5}}), "its check sum differs"),
        (b"\xff\xfe\x00", "codec"),
    ],
)
def test_damaged(file, text, message):
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(CheckpointError, match=rf"a\.json is damaged \(.*{message}"):
        read(file, error=CheckpointError)


def test_another_version_is_named(file):
    with pytest.raises(DataError, match=r"is of version 1, this mmtlib reads version 2; make it"):
        read(file, version=2)


def test_without_a_seal_as_earlier_versions_wrote_it(file):
    file.write_text(json.dumps(CONTENT))
    assert read(file, unsealed="") == CONTENT
    with pytest.raises(DataError, match=r"earlier version, without a check sum; take it over\."):
        read(file, unsealed="take it over")


def test_stores_of_before_are_read(file):
    old = {"version": 3, "crc32": check_sum_of(CONTENT), "content": CONTENT}
    file.write_text(json.dumps(old))
    assert read(file, version=3) == CONTENT
    file.write_text(json.dumps({**old, "crc32": 1}))
    with pytest.raises(DataError, match="its check sum differs"):
        read(file, version=3)


def test_lines(tmp_path):
    path, lines = tmp_path / "a.jsonl", [{"n": 1}, {"n": 2}, {"n": 3}]

    def read_again(**more):
        return read_lines(path, {"n": int}, remedy="restore it", **more)

    assert read_again() == []
    write_lines(path, lines)
    assert read_again() == lines
    text = path.read_text().splitlines(keepends=True)
    assert [json.loads(line)["n"] for line in text] == [1, 2, 3]
    for kept in ([], text[:1], text[:2], text[1:], [text[0], text[2]], [text[1], text[0], text[2]]):
        path.write_text("".join(kept))
        with pytest.raises(DataError, match=r"a\.jsonl is damaged .*restore it"):
            read_again()
    path.write_text('{"n": 1}\n')
    assert read_again(unsealed="") == [{"n": 1}]
    with pytest.raises(DataError, match=r"earlier version.*take it over"):
        read_again(unsealed="take it over")


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1, str), (True, int), (True, float), (1.5, int), ([1, "a"], list[int]), ((1,), list[int]),
        ({"a": "b"}, dict[str, int]), ([], dict[str, int]), (None, str), (1, str | None),
    ],
)  # fmt: skip
def test_wrong_types_are_said(value, wanted):
    with pytest.raises(ValueError, match="x should be"):
        check_types({"x": value}, {"x": wanted})


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (1, float), (1, int), ([1, 2.5], list[float]), ({"a": [1]}, dict[str, list[int]]),
        (None, str | None), ("a", str | None), (object(), Any), (True, bool),
    ],
)  # fmt: skip
def test_right_types(value, wanted):
    check_types({"x": value}, {"x": wanted})


def test_a_missing_name_is_said():
    with pytest.raises(ValueError, match="it lacks x"):
        check_types({}, {"x": int})
