"""An executed notebook as an HTML page that needs no network: MathML, pictures inline."""

from __future__ import annotations

import copy
import html
import re

import nbformat
from latex2mathml.converter import convert
from nbconvert import HTMLExporter

_CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_MATH = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$(?!\s)([^$\n]+?)(?<!\s)\$", re.DOTALL)
_OUTSIDE = re.compile(
    r"<!-- Load mathjax -->.*?<!-- End of mathjax configuration -->"
    r'|<script type="module">.*?mermaid.*?</script>'
    r'|<script[^>]*\bsrc="(https?:)?//[^"]*"[^>]*>\s*</script>',
    re.DOTALL,
)
"""What would be fetched from elsewhere."""
_PREFIX = re.compile(r"(</?)ns\d+:(?=m)")
"""nbconvert gives equations in headings a namespace that browsers do not read."""
_WIDGET = "application/vnd.jupyter.widget-view+json"
_NO_WIDGET = "<p><em>A control: open the notebook in JupyterLab to move it.</em></p>"


def notebook_page(notebook: nbformat.NotebookNode, title: str) -> str:
    """Return an executed notebook as a self-contained page.

    Args:
        notebook: the notebook with its outputs; not changed.
        title: the page's title.
    """
    shown = copy.deepcopy(notebook)
    for cell in shown.cells:
        if cell.cell_type == "markdown":
            cell.source = equations_to_mathml(cell.source)
        for output in cell.get("outputs", []):
            make_static(output)
    shown.metadata["title"] = title
    exporter = HTMLExporter(require_js_url="", jquery_url="", mathjax_url="")
    page, _ = exporter.from_notebook_node(shown)
    return _PREFIX.sub(r"\1", _OUTSIDE.sub("", page))


def equations_to_mathml(markdown: str) -> str:
    """Return Markdown with ``$...$`` and ``$$...$$`` as MathML; code is left as it is."""

    def replace(found: re.Match[str]) -> str:
        block, inline = found.groups()
        if block is not None:
            return convert(" ".join(block.split()), display="block")
        return convert(inline)

    parts = _CODE.split(markdown)
    return "".join(p if i % 2 else _MATH.sub(replace, p) for i, p in enumerate(parts))


def make_static(output: nbformat.NotebookNode) -> None:
    """Replace a live widget by a note, and a picture that has an alternative text by both."""
    data = output.get("data", {})
    if _WIDGET in data:
        output["data"] = {"text/html": _NO_WIDGET}
    alt = output.get("metadata", {}).get("image/png", {}).get("alt")
    if alt and "image/png" in data:
        size = output["metadata"]["image/png"]
        width = f' width="{size["width"]}"' if "width" in size else ""
        source = "".join(data["image/png"].split())
        picture = f'<img src="data:image/png;base64,{source}" alt="{html.escape(alt)}"{width}>'
        output["data"] = {"text/html": picture}
