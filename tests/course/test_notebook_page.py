import copy
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mmtlib.course.page import equations_to_mathml, notebook_page

WIDGET = {"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/plain": "Slider()"}


@pytest.mark.parametrize(
    ("markdown", "has", "has_not"),
    [
        ("a $x^2$ b", ["<math", "<msup>", "a ", " b"], ["$"]),
        ("$$\n\\frac{1}{2}\n$$", ["<mfrac>", 'display="block"'], ["$"]),
        ("`$x$` and\n```\n$$y$$\n```", ["`$x$`", "$$y$$"], ["<math"]),
        ("5 $ and 6 $ more", ["5 $ and 6 $ more"], ["<math"]),
        (r"costs \$5, gains $x$", [r"\$5", "<mi>x</mi>"], []),
    ],
)
def test_equations(markdown, has, has_not):
    found = equations_to_mathml(markdown)
    assert all(part in found for part in has)
    assert not any(part in found for part in has_not)


@pytest.fixture
def notebook():
    picture = new_output("display_data", {"image/png": "AA\nAA", "text/plain": "<Figure>"})
    described = copy.deepcopy(picture)
    described.metadata["image/png"] = {"alt": 'a "curve"', "width": 320}
    outputs = [new_output("display_data", WIDGET), picture, described]
    cells = [new_markdown_cell("# Title $x$\n\nText $y$"), new_code_cell("1 + 1", outputs=outputs)]
    return new_notebook(cells=cells)


def test_page_stands_alone(notebook):
    before = nbformat.writes(notebook)
    page = notebook_page(notebook, "A title")
    assert nbformat.writes(notebook) == before
    assert "<title>A title</title>" in page
    assert re.search(r"<h1[^>]*>Title <math", page)
    assert page.count("<math") == page.count("</math>") == 2
    for outside in ('src="http', "src='http", 'src="//', "cdnjs", "MathJax.js", "mermaid.esm"):
        assert outside not in page, outside


def test_pictures_and_widgets_become_static(notebook):
    page = notebook_page(notebook, "A title")
    assert "open the notebook in JupyterLab" in page
    assert "Slider()" not in page
    assert re.search(r"""<img alt=(['"])a ("|&quot;)curve\2\1 [^>]*width="320"/?>""", page)
    assert page.count("base64,AA") == 2
