"""Files of the gallery: the same bytes again, fonts inside, captions beside."""

import re

import pytest

from mmtlib.core import cache
from mmtlib.core.errors import ConfigError
from mmtlib.gallery import GALLERY, NotStored, write_gallery

NAMES = ("focal-curve", "clip-modalities", "rho-over-time", "correlation-maps")
"""Curves, pictures, bands and maps: what a file can hold."""


def written(folder):
    for name in NAMES:
        assert len(list(write_gallery(folder, only=name))) == 1
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.fixture(scope="module")
def files(shipped_folder, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "SHIPPED", shipped_folder)
        return written(tmp_path_factory.mktemp("gallery"))


def test_the_same_bytes_each_time(shipped, files, tmp_path):
    again = written(tmp_path / "second")
    assert files.keys() == again.keys()
    assert len(files) == 4 * len(NAMES) + 1
    assert [name for name in files if files[name] != again[name]] == []


def test_nothing_in_a_file_tells_the_day_or_needs_a_font(files):
    for name, content in files.items():
        if name.endswith(".pdf"):
            assert b"/FontFile2" in content, name  # TrueType, embedded
            assert b"/Type3" not in content
            assert b"CreationDate" not in content
        if name.endswith(".svg"):
            assert b"<text" not in content, name  # outlines
            assert b"dc:date" not in content
        if name.endswith(".png"):
            assert b"tEXtSoftware" not in content


def test_captions_are_put_together(files):
    text = files["captions.md"].decode()
    assert re.findall(r"^## ([a-z-]+):", text, re.MULTILINE) == [n for n in GALLERY if n in NAMES]
    for name in NAMES:
        own = files[f"{name}.md"].decode()
        assert own in text
        assert GALLERY[name].see in own
        assert re.search(r"\n\*(Stored|Rendered|Drawn).*\.\*\n$", own)


def test_formats_and_width_can_be_chosen(tmp_path):
    (found,) = write_gallery(tmp_path, formats=["png"], only="focal-curve", width=4)
    assert found.width == found.figure.get_figwidth() == 4
    assert {file.name for file in tmp_path.iterdir()} == {
        "focal-curve.png", "focal-curve.md", "captions.md",
    }  # fmt: skip
    assert int.from_bytes((tmp_path / "focal-curve.png").read_bytes()[16:20]) == 1200


def test_what_is_not_stored_is_left_out_or_refused(tmp_path):
    found = list(write_gallery(tmp_path, formats=[]))
    assert {type(each).__name__ for each in found} == {"Drawn", "NotStored"}
    assert not (tmp_path / "tables").exists()
    with pytest.raises(NotStored, match="does not hold the networks 'mtut' yet"):
        list(write_gallery(tmp_path, only="saliency"))


def test_wrong_requests_write_nothing(tmp_path):
    for request, message in (
        ({"formats": ["gif"]}, "Unknown format 'gif'; known: pdf, png, svg"),
        ({"only": "rho"}, "Unknown figure or table 'rho'"),
        ({"only": "gestures", "width": 3.0}, "needs at least 3.5 inches"),
        ({"only": "gestures", "run": object()}, "is not about one training"),
    ):
        with pytest.raises(ConfigError, match=message):
            list(write_gallery(tmp_path / "out", **request))
    assert not (tmp_path / "out").exists()
