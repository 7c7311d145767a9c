"""500 random changes to lists, labels, names, videos and pictures of the three real data sets.

Each must end in good clips, of the right length and with a label in its range, or in a `DataError`
that names the file (and the line, where there are lines). Anything else fails, as does a hang.
"""

import random
import re
from collections import Counter

import pytest
from support.egogesture_tree import LABELS, write_egogesture_tree
from support.nvgesture_tree import SPLIT_LIST, write_nvgesture_tree
from support.viva_tree import IDS, write_viva_tree

from mmtlib.core.errors import DataError
from mmtlib.datasets import VIVA, EgoGesture, NVGesture
from mmtlib.datasets.viva import read_names

MUTATIONS = 100
"""Of each of the five kinds."""


def mutated_text(text: bytes, rng: random.Random) -> bytes:
    """Change, take away, put in or double one to three bytes, most of them digits and signs."""
    changed = bytearray(text)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(changed)) if changed else 0
        byte = rng.choice([rng.choice(b"0123456789,:/._ -\n\r"), rng.randrange(256)])
        what = rng.choice(["change", "change", "remove", "insert", "double", "cut"])
        if what == "change":
            changed[at : at + 1] = [byte]
        elif what == "remove":
            del changed[at : at + rng.randint(1, 3)]
        elif what == "insert":
            changed.insert(at, byte)
        elif what == "double":
            changed[at:at] = changed[at : at + 4]
        elif rng.random() < 0.2:
            del changed[at:]
    return bytes(changed)


def mutated_file(data: bytes, rng: random.Random) -> bytes:
    """Cut a file off, flip bits in it, or write over, put in or take away a part."""
    changed, at = bytearray(data), rng.randrange(len(data))
    kind = rng.choice(["cut", "bit", "bits", "header", "zeros", "insert", "delete"])
    if kind == "cut":
        return data[:at]
    if kind == "zeros":
        changed[at : at + 200] = bytes(len(changed[at : at + 200]))
    elif kind == "insert":
        changed[at:at] = rng.randbytes(40)
    elif kind == "delete":
        del changed[at : at + 40]
    else:
        size = min(len(data), 400 if kind == "header" else len(data))
        for _ in range(20 if kind == "bits" else 1):
            changed[rng.randrange(size)] ^= 1 << rng.randrange(8)
    return bytes(changed)


def read_all(dataset) -> list[tuple[str, int, int]]:
    """Read every clip; return id, label and length of each."""
    found = []
    for record, clip in zip(dataset.records, dataset, strict=True):
        assert (clip.clip_id, clip.label) == (record.clip_id, record.label)
        assert 0 <= clip.label < len(dataset.classes)
        assert all(0 <= float(x.min()) <= float(x.max()) <= 1 for x in clip.frames.values())
        found.append((clip.clip_id, clip.label, clip.shape[0]))
    return found


def outcome(open_set, *named: str) -> list[tuple[str, int, int]] | None:
    """Return the clips of a data set, or None if it ended in an error that names these."""
    try:
        return read_all(open_set())
    except DataError as error:
        message = str(error)
    assert "\n" not in message
    for name in named:
        assert re.search(name, message), message
    return None


def test_lines_of_nvgestures_list(tmp_path):
    write_nvgesture_tree(tmp_path, classes=(1, 9), train_subjects=(2, 3), test_subjects=())
    path, rng, seen = tmp_path / SPLIT_LIST.format("train"), random.Random(1), Counter()
    lines = path.read_bytes().splitlines()
    for _ in range(MUTATIONS):
        at = rng.randrange(len(lines))
        changed = [*lines[:at], mutated_text(lines[at], rng), *lines[at + 1 :]]
        path.write_bytes(b"\n".join(changed))
        clips = outcome(lambda: NVGesture(tmp_path, "train+validation"), rf"{path.name}:\d+")
        seen["error" if clips is None else "clips"] += 1
        assert all(length == 80 for _, _, length in clips or ())
    assert min(seen["error"], seen["clips"]) > 5, seen


def test_rows_of_egogestures_labels(tmp_path):
    write_egogesture_tree(tmp_path, subjects=(3,), groups=((1, 1),))
    path, rng, seen = tmp_path / LABELS / "subject03/Scene1/Group1.csv", random.Random(2), Counter()
    text = path.read_bytes()
    for _ in range(MUTATIONS):
        changed = mutated_text(text, rng)
        path.write_bytes(changed)
        clips = outcome(lambda: EgoGesture(tmp_path), "Group1.csv:[0-9]|none of the 0 clips")
        seen["error" if clips is None else "clips"] += 1
        if clips is not None:
            rows = [row.split(b",") for row in changed.splitlines() if row.strip(b" ,;\t\v\f")]
            rows = [tuple(map(int, row)) for row in rows]
            expected = [(label - 1, end - start + 1) for label, start, end in rows]
            assert [(label, length) for _, label, length in clips] == expected
    assert min(seen["error"], seen["clips"]) > 5, seen


def other_name(clip, rng: random.Random) -> str:
    """Return the name with another number in it, or with other characters."""
    numbers = [f"{n:02d}" for n in (clip.session, clip.gesture, clip.repetition)]
    place = rng.choice([0, 1, 1, 2, None])
    if place is not None:
        numbers[place] = f"{rng.choice([rng.randrange(20), rng.randrange(100)]):02d}"
        return "_".join(numbers)
    name, at = clip.name, rng.randrange(8)
    return name[:at] + rng.choice("0123456789_- xZé") + name[at + rng.choice([0, 1]) :]


def test_names_of_viva(tmp_path):
    clips = write_viva_tree(tmp_path, sessions=(3, 6, 10), gestures=(1, 70))
    rng, seen = random.Random(3), Counter()
    while seen.total() < MUTATIONS:
        clip = rng.choice(clips)
        name = other_name(clip, rng)
        if name in {other.name for other in clips}:
            continue
        folders = (tmp_path, tmp_path / "depth")
        for folder in folders:
            (folder / f"{clip.name}.avi").rename(folder / f"{name}.avi")
        seen[_names_are_right(tmp_path, clip, name)] += 1
        for folder in folders:
            (folder / f"{name}.avi").rename(folder / f"{clip.name}.avi")
    assert seen.keys() == {"error", "clip", "passed over"}
    assert min(seen.values()) > 5, seen


def _names_are_right(root, clip, name) -> str:
    match = re.fullmatch("([0-9]{2})_([0-9]{2})_([0-9]{2})", name)
    session, gesture = (int(match[1]), int(match[2])) if match else (0, 0)
    gesture = {70: 7, 80: 8}.get(gesture, gesture)
    fold = 7 if session < 15 else 0
    found = outcome(lambda: VIVA(root, "train+validation", fold=fold), re.escape(name))
    if gesture in IDS and not 1 <= session <= 16:
        assert found is None
        return "error"
    assert found is not None
    mine = [(label, length) for clip_id, label, length in found if clip_id == name]
    if gesture not in IDS:
        assert mine == []
        assert "Passed over: 1 " in VIVA(root, "train+validation", fold=fold).skipped_summary()
        return "passed over"
    assert mine == [(IDS.index(gesture), clip.frames)]
    assert len(read_names(root)) == 6
    return "clip"


@pytest.mark.parametrize("form", ["NVGesture", "VIVA"])
def test_videos(tmp_path, form):
    rng, seen = random.Random(form), Counter()
    if form == "NVGesture":
        (clip, *_) = write_nvgesture_tree(
            tmp_path, classes=(1,), train_subjects=(2,), test_subjects=()
        )
        path, length, source = tmp_path / clip.folder / "sk_depth.avi", 80, r"\.lst:1\)"
    else:
        (clip,) = write_viva_tree(tmp_path, sessions=(5,), gestures=(1,), form=".mp4")
        path, length, source = tmp_path / f"{clip.name}.mp4", clip.frames, r"05_01_02\.mp4"
    data = path.read_bytes()
    for _ in range(MUTATIONS // 2):
        path.write_bytes(mutated_file(data, rng))
        clips = outcome(
            lambda: {"NVGesture": NVGesture, "VIVA": VIVA}[form](tmp_path), path.name, source
        )
        seen["error" if clips is None else "clips"] += 1
        assert clips is None or [n for _, _, n in clips] == [length]
    assert min(seen["error"], seen["clips"]) > 2, seen


@pytest.mark.parametrize("form", ["EgoGesture", "VIVA"])
def test_pictures(tmp_path, form):
    rng, seen = random.Random(form), Counter()
    if form == "EgoGesture":
        (clip,) = write_egogesture_tree(tmp_path, subjects=(3,), labels=(2,), groups=((1, 1),))
        path, length = tmp_path / clip.folder / "Depth/depth1/000004.jpg", len(clip.pictures)
        source, kind = r"\(Group1\.csv:\d\)", EgoGesture
    else:
        (clip,) = write_viva_tree(tmp_path, sessions=(5,), gestures=(1,), form="/")
        path, length = tmp_path / clip.name / "004.png", clip.frames
        source, kind = r"\(05_01_02\)", VIVA
    data = path.read_bytes()
    for _ in range(MUTATIONS // 2):
        path.write_bytes(mutated_file(data, rng))
        clips = outcome(lambda: kind(tmp_path), path.name, source)
        seen["error" if clips is None else "clips"] += 1
        assert clips is None or [n for _, _, n in clips] == [length]
    assert seen["error"] > 2, seen
