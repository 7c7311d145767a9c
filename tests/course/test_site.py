import base64
import shutil
from pathlib import Path

import pytest
from support.browser import browser_page, needs_browser
from support.small_course import DOT, EXERCISE, SOURCE
from support.web_pages import broken, outside, pages_of

import mmtlib
import mmtlib.course.project
from mmtlib.core.errors import ConfigError, MmtlibError
from mmtlib.course import build_site, project_folder, reference_modules

CONTROL = """

# %% [markdown]
# $$\\rho = \\max(0, e^{\\beta \\Delta\\ell} - 1)$$
#
# [What was measured](../docs/benchmark.md#ten-clips)

# %%
import ipywidgets

ipywidgets.IntSlider(description="moves")
"""
README = """\
# A small project

![One dot](docs/images/dot.png) Begin with [00](notebooks/00_first.ipynb), then
[results](docs/benchmark.md).
"""


def small_project(folder):
    """Write a clone with one notebook and one page of results."""
    (folder / "notebooks" / "src").mkdir(parents=True)
    (folder / "notebooks" / "src" / "00_first.py").write_text(SOURCE + EXERCISE + CONTROL)
    (folder / "docs" / "images").mkdir(parents=True)
    (folder / "docs" / "images" / "dot.png").write_bytes(base64.b64decode(DOT))
    for name in ("study_plan", "architecture", "teaching"):
        (folder / "docs" / f"{name}.md").write_text(f"# About {name}\n")
    (folder / "docs" / "benchmark.md").write_text("# Results\n\n## Ten clips\n\nNone.\n")
    (folder / "docs" / "gallery.md").write_text("# Gallery\n\n![One dot](images/dot.png)\n")
    (folder / "README.md").write_text(README)
    shutil.copytree(project_folder() / "docs" / "site", folder / "docs" / "site")
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A small site, and the folder it was built in."""
    folder = tmp_path_factory.mktemp("site")
    small_project(folder / "project")
    said = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mmtlib.course.project, "project_folder", lambda: folder / "project")
        patch.setattr("mmtlib.course.site.project_folder", lambda: folder / "project")
        patch.setenv("MMTLIB_FAST", "1")
        page = build_site(
            folder / "build" / "site",
            executed=folder / "build" / "tutorial",
            modules=["mmtlib.core.errors"],
            report=said.append,
        )
        assert said[0].startswith("[1/1] 00_first: ")
        yield page


def page(built, name):
    return (built.parent / name).read_text(encoding="utf-8")


def test_nothing_comes_from_outside(built):
    assert outside(built.parent) == []
    for name in ("mathjax.js", "tex-mml", "require.min.js", "html-manager"):
        assert name not in page(built, "notebooks/00_first.html").lower()


def test_every_link_leads_somewhere(built):
    assert broken(built.parent) == []


def test_the_pages(built):
    names = {str(path.relative_to(built.parent)) for path in pages_of(built.parent)}
    assert {
        "index.html", "notebooks/00_first.html", "docs/benchmark.html", "docs/gallery.html",
        "api/index.html", "api/mmtlib.core.errors.html",
    } <= names  # fmt: skip
    first = pages_of(built.parent)[built]
    assert {"course.html", "results.html", "library.html"} <= set(first.links)
    chapters = pages_of(built.parent)
    assert "notebooks/00_first.html" in chapters[built.parent / "course.html"].links
    for linked in ("docs/benchmark.html", "docs/gallery.html"):
        assert linked in chapters[built.parent / "results.html"].links
    assert "class MmtlibError" not in page(built, "api/mmtlib.core.errors.html")  # it is marked up
    assert 'id="mmtlib.core.errors.MmtlibError"' in page(built, "api/mmtlib.core.errors.html")


def test_a_notebook_with_its_results(built):
    text = page(built, "notebooks/00_first.html")
    assert "<pre>2\n</pre>" in text.replace("<span></span>", "")
    assert text.count("<math") == text.count("</math>") == 2
    assert "<msup>" in text
    assert 'display="block"' in text
    assert "A control: open the notebook in JupyterLab to move it." in text
    solution = text[text.index('<details class="admonition hide above-input">') :]
    solution = solution[: solution.index("</details>")]
    assert "Show the source" in solution
    assert '<span class="k">return</span>' in solution
    assert text.count("NotImplementedError") == 1


def test_every_picture_has_a_text(built):
    for path, found in pages_of(built.parent).items():
        if path.name in ("index.html", "benchmark.html", "gallery.html"):
            assert all(text for _, text in found.pictures), path


@needs_browser
def test_every_page_opens_in_a_browser_without_a_network(built):
    with browser_page() as browser:
        for path in pages_of(built.parent):
            browser.goto(path.as_uri())
            wide = "document.documentElement.scrollWidth - window.innerWidth"
            assert browser.evaluate(wide) <= 0, path
        assert browser.outside == []
        assert browser.errors == []


def test_what_is_up_to_date_is_not_executed_again(built, monkeypatch, tmp_path):
    folder = built.parent.parent
    project = folder.parent / "project"
    monkeypatch.setattr(mmtlib.course.project, "project_folder", lambda: project)
    monkeypatch.setattr("mmtlib.course.site.project_folder", lambda: project)
    monkeypatch.setenv("MMTLIB_FAST", "1")
    monkeypatch.setattr("mmtlib.course.running.execute", lambda *_, **__: pytest.fail("again"))
    before = built.read_text()
    readme = project / "README.md"
    readme.write_text(README.replace("docs/benchmark.md", "docs/gone.md"))
    try:
        with pytest.raises(MmtlibError, match=r"Sphinx could not build(.|\n)*gone\.md"):
            build_site(
                folder / "site", executed=folder / "tutorial", modules=[], report=lambda _: None
            )
    finally:
        readme.write_text(README)
    assert built.read_text() == before


def test_only_a_site_is_replaced(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ConfigError, match="holds something else than a site"):
        build_site(tmp_path, executed=tmp_path / "tutorial")
    assert (tmp_path / "thesis.tex").exists()


def test_the_reference_shows_every_room():
    shown = set(reference_modules())
    package = Path(mmtlib.__file__).parent
    rooms = {f"mmtlib.{path.parent.name}" for path in package.glob("*/__init__.py")}
    assert rooms - shown == {"mmtlib.cli", "mmtlib.course"}
    assert {"mmtlib", "mmtlib.core.clips", "mmtlib.config"} <= shown
