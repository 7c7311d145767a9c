import random

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.egogesture_tree import write_pictures
from support.moving_discs import disc_pictures
from support.nvgesture_tree import frame_numbers, write_video

from mmtlib.core.errors import DataError
from mmtlib.datasets import NVGesture, clip_from_video
from mmtlib.datasets.recordings import Recording, read_recording


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """30 pictures, 1 to 30, that show their number; shared: do not change its files."""
    path = tmp_path_factory.mktemp("recordings") / "rgb1"
    write_pictures(path, disc_pictures(30, label=3, number=1))
    (path / "Thumbs.db").write_text("no picture")
    return path


@pytest.fixture
def own_folder(tmp_path):
    """12 lossless pictures, 1 to 12, to be damaged."""
    write_pictures(tmp_path / "rgb1", disc_pictures(12, label=3, number=1), name="{:04d}.png")
    return tmp_path / "rgb1"


@pytest.mark.parametrize("threads", [1, 3, None])
@pytest.mark.parametrize("span", [(0, 1), (0, 30), (7, 20), (29, 30), (4, None)])
def test_a_span_of_pictures(folder, span, threads):
    first, last = span
    numbers = np.arange(first, last or 30) + 1
    colour = read_recording(folder, first, last, threads=threads)
    assert colour.dtype == np.uint8
    assert colour.shape == (len(numbers), 24, 32, 3)
    np.testing.assert_array_equal(frame_numbers(colour), numbers)
    gray = read_recording(folder, first, last, gray=True, threads=threads)
    assert gray.shape == (len(numbers), 24, 32)
    np.testing.assert_array_equal(frame_numbers(gray), numbers)
    recording = Recording(folder, first, last)
    recording.check()
    assert len(recording.sizes()) == len(numbers)


def test_colours_are_red_green_blue(own_folder):
    pictures = disc_pictures(12, label=3, number=1)
    np.testing.assert_array_equal(read_recording(own_folder), pictures)
    difference = read_recording(own_folder, gray=True) - pictures @ [0.299, 0.587, 0.114]
    assert np.abs(difference).max() <= 1


def test_a_video_answers_the_same_questions(tmp_path):
    path = write_video(tmp_path / "a.mkv", disc_pictures(20, label=3))
    assert Recording(path).count() == 20
    Recording(path, 0, 20).check()
    np.testing.assert_array_equal(frame_numbers(read_recording(path, 5, 9)), [5, 6, 7, 8])
    assert read_recording(path, gray=True).shape == (20, 24, 32)
    assert Recording(path).sizes() == [path.stat().st_size]
    with pytest.raises(DataError, match=r"a\.mkv is too short"):
        Recording(path, 0, 21).check()


@pytest.mark.parametrize(
    ("first", "name"), [(0, "{:03d}.png"), (1, "{}.jpeg"), (1, "{:06d}.JPG"), (0, "{:02d}.bmp")]
)
def test_frame_0_is_picture_0_or_1(tmp_path, first, name):
    write_pictures(tmp_path, disc_pictures(12, label=3), first=first, name=name)
    assert Recording(tmp_path).count() == 12
    np.testing.assert_array_equal(frame_numbers(read_recording(tmp_path, 3, 6)), [3, 4, 5])


def test_frame_0_is_the_picture_that_the_data_set_says(tmp_path):
    write_pictures(tmp_path, disc_pictures(12, label=3), first=0)
    clip = read_recording(tmp_path, 3, 6, first_picture=1)
    np.testing.assert_array_equal(frame_numbers(clip), [4, 5, 6])
    assert Recording(tmp_path, first_picture=1).count() == 11


def refused(path, *span):
    """Return the message with which both the check and the reading end."""
    messages = []
    recording = Recording(path, *span)
    for ask in (recording.check, recording.read, recording.sizes):
        with pytest.raises(DataError) as caught:
            ask()
        messages.append(str(caught.value))
    assert len(set(messages)) == 1
    return messages[0]


def test_pictures_that_are_not_there(own_folder):
    assert "picture 000013 is needed, the last one is 0012.png" in refused(own_folder, 4, 13)
    (own_folder / "0007.png").unlink()
    assert "picture 000007 is missing, later ones are there" in refused(own_folder)
    assert len(read_recording(own_folder, 0, 6)) == 6
    (own_folder / "0001.png").unlink()
    assert "picture 000001 is missing" in refused(own_folder, 0, 3)
    for path in own_folder.iterdir():
        path.unlink()
    assert "holds no numbered pictures" in refused(own_folder, 0, 3)
    with pytest.raises(DataError, match="holds no numbered"):
        Recording(own_folder).count()


def test_a_span_that_begins_behind_the_end(own_folder):
    assert "picture 000020 is needed" in refused(own_folder, 19, None)
    assert "Expected 0 <= first < last" in refused(own_folder, 5, 5)
    assert "Expected 0 <= first < last" in refused(own_folder, -1, 5)


def test_nothing_there(tmp_path):
    with pytest.raises(DataError, match="gone"):
        Recording(tmp_path / "gone", 0, 3).check()
    with pytest.raises(DataError, match="gone"):
        Recording(tmp_path / "gone", 0, 3).sizes()


def test_a_picture_twice(own_folder):
    (own_folder / "000004.jpg").write_bytes(b"")
    assert "has picture 4 twice: 000004.jpg and 0004.png" in refused(own_folder)


def test_a_folder_in_place_of_a_picture(own_folder):
    (own_folder / "0012.png").unlink()
    (own_folder / "0012.png").mkdir()
    assert "picture 000012 is needed" in refused(own_folder, 0, 12)


@pytest.mark.parametrize("content", [b"", b"garbage" * 100, "cut", "16-bit", "small"])
def test_a_picture_that_is_none(own_folder, content):
    path = own_folder / "0005.png"
    if content == "cut":
        path.write_bytes(path.read_bytes()[:-60])
    elif content == "16-bit":
        assert cv2.imwrite(str(path), np.full((24, 32), 3000, np.uint16))
    elif content == "small":
        assert cv2.imwrite(str(path), np.zeros((12, 16, 3), np.uint8))
    else:
        path.write_bytes(content)
    message = {
        "16-bit": "its 16-bit values need a scale",
        "small": "has 16 x 12 pixels, 0001.png 32 x 24",
    }
    for threads in (1, 2):
        with pytest.raises(DataError, match=message.get(content, "damaged or cut off")) as caught:
            read_recording(own_folder, gray=True, threads=threads)
        assert str(path) in str(caught.value)
    assert len(read_recording(own_folder, 0, 4)) == 4


def test_a_grey_picture_in_colour(tmp_path):
    assert cv2.imwrite(str(tmp_path / "1.png"), np.full((24, 32), 77, np.uint8))
    np.testing.assert_array_equal(read_recording(tmp_path), np.full((1, 24, 32, 3), 77))


def test_a_picture_that_vanishes(own_folder, monkeypatch):
    names = {number: f"{number:04d}.png" for number in range(1, 13)}
    monkeypatch.setattr("mmtlib.datasets.recordings.numbered_pictures", lambda *_: names)
    (own_folder / "0005.png").unlink()
    with pytest.raises(DataError, match=r"Cannot read .*0005\.png \(No such file"):
        read_recording(own_folder, 0, 12)
    with pytest.raises(DataError, match=r"Cannot read .*0005\.png \(No such file"):
        Recording(own_folder, 0, 12).sizes()


@given(
    there=st.sets(st.integers(0, 14), min_size=1),
    first=st.integers(0, 12),
    frames=st.integers(1, 8),
)
@settings(max_examples=60)
def test_a_span_is_whole_or_refused(tmp_path_factory, there, first, frames):
    path = tmp_path_factory.mktemp("some")
    encoded = cv2.imencode(".png", np.zeros((4, 6), np.uint8))[1].tobytes()
    for number in there:
        (path / f"{number}.png").write_bytes(encoded)
    start = 0 if 0 in there else 1
    whole = set(range(start + first, start + first + frames)) <= there
    if whole:
        assert len(read_recording(path, first, first + frames)) == frames
    else:
        assert str(path) in refused(path, first, first + frames)


@pytest.mark.parametrize("name", ["{:04d}.jpg", "{:04d}.png"])
def test_damaged_pictures_give_a_whole_clip_or_a_clear_error(tmp_path, name):
    write_pictures(tmp_path, disc_pictures(6, label=3, number=1), name=name)
    rng, path, outcomes = random.Random(5), tmp_path / name.format(3), set()
    data = path.read_bytes()
    for _ in range(60):
        changed = bytearray(data)
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(changed[: rng.choice([len(data), rng.randrange(len(data))])])
        try:
            outcomes.add(read_recording(tmp_path, threads=1).shape)
        except DataError as error:
            outcomes.add("error" if str(path) in str(error) else str(error))
    assert outcomes <= {(6, 24, 32, 3), "error"}
    assert "error" in outcomes


@pytest.mark.parametrize("name", ["n" * 300 + ".avi", "a\0b.avi"])
def test_a_name_that_no_recording_can_have(name):
    for act in (lambda: clip_from_video(name, "rgb"), lambda: NVGesture(name, "train")):
        with pytest.raises(DataError, match="No file can be called"):
            act()
