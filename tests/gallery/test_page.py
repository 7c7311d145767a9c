"""The gallery page shows what the gallery has, no more and no less."""

import re
from pathlib import Path

import pytest

from mmtlib.core.errors import DataError
from mmtlib.gallery import GALLERY, TABLES, write_page
from mmtlib.gallery.page import PICTURES

DOCS = Path(__file__).resolve().parents[2] / "docs"


def sections():
    text = (DOCS / "gallery.md").read_text()
    return {part.split("\n", 1)[0]: part for part in text.split("\n## ")[1:]}


def test_the_page_lists_exactly_the_registry():
    assert [*sections()] == [*GALLERY, "Tables"]
    assert re.findall(r"^\| `([a-z-]+)` \|", sections()["Tables"], re.MULTILINE) == [*TABLES]


@pytest.mark.parametrize("entry", GALLERY.values(), ids=list(GALLERY))
def test_each_has_its_call_and_what_to_see(entry):
    part = sections()[entry.name]
    assert entry.title in part
    assert entry.see in part
    assert f"`{entry.call}`" in part
    assert f"`mmtlib.figures.{entry.function}`" in part


def test_pictures_are_those_of_the_page():
    shown = set()
    for name, part in sections().items():
        pictures = re.findall(r"!\[([^\]]{10,})\]\((images/gallery/[a-z-]+\.png)\)", part)
        if name == "Tables" or "*Not drawn yet. The package does not hold" in part:
            assert pictures == []
        else:
            ((_, path),) = pictures
            assert re.search(r"\.png\)\n\n\S.{20,}\.\n", part), f"{name} lacks what it says"
            assert path == f"{PICTURES}/{name}.png"
            assert re.search(r"\*(Stored,|Rendered|Drawn) .*\.\*", part)
            shown.add(DOCS / path)
    assert shown == set((DOCS / PICTURES).iterdir())
    assert sum(file.stat().st_size for file in shown) < 3_000_000


def test_a_page_without_results_says_what_is_missing(tmp_path):
    (tmp_path / PICTURES).mkdir(parents=True)
    stale = tmp_path / PICTURES / "saliency.png"
    stale.write_bytes(b"old")
    found = list(write_page(tmp_path))
    assert len(found) == len(GALLERY)
    text = (tmp_path / "gallery.md").read_text()
    assert text.count("*Not drawn yet. The package does not hold") > 10
    assert not stale.exists()
    drawn = {file.stem for file in (tmp_path / PICTURES).iterdir()}
    assert {"focal-curve", "training-schemes", "clip-modalities"} <= drawn


def test_the_page_belongs_to_the_project(tmp_path):
    with pytest.raises(DataError, match="in the project's folder"):
        list(write_page(tmp_path / "docs"))
