"""Sphinx settings of the site that ``make site`` builds; `mmtlib.course.site` lays out its sources.

The pages load nothing from the network: equations are MathML, the theme brings its own fonts.
"""

from __future__ import annotations

from importlib.metadata import version as installed

from docutils import nodes
from latex2mathml.converter import convert

project = "mmtlib"
author = "mmtlib contributors"
copyright = "mmtlib contributors, MIT licence"
version = release = installed("mmtlib")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["README.md", "**/.ipynb_checkpoints"]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}

nb_execution_mode = "off"  # they are executed already
nb_ipywidgets_js = {}  # it would come from a CDN
nb_merge_streams = True
nb_code_prompt_show = "Show the {type}"
nb_code_prompt_hide = "Hide the {type}"
myst_enable_extensions = ["dollarmath", "html_image"]
myst_heading_anchors = 4

suppress_warnings = ["ref.python"]  # some names live in two rooms
default_role = "py:obj"
autodoc_default_options = {"members": True, "exclude-members": "set", "show-inheritance": False}
autodoc_member_order = "groupwise"
autodoc_typehints = "signature"
autodoc_inherit_docstrings = False
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True
toc_object_entries_show_parents = "hide"

html_theme = "pydata_sphinx_theme"
html_title = "mmtlib"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_math_renderer = "mathml"
html_context = {"default_mode": "auto"}  # light or dark as the reader's system is
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def _visit_inline(translator, node: nodes.math) -> None:
    translator.body.append(convert(node.astext()))
    raise nodes.SkipNode


def _visit_block(translator, node: nodes.math_block) -> None:
    equation = convert(" ".join(node.astext().split()), display="block")
    translator.body.append(f'<div class="equation">{equation}</div>\n')
    raise nodes.SkipNode


def _tables(_app, _what, _name, _object, _options, lines: list[str]) -> None:
    """Make tables of the Markdown tables in a docstring."""
    at = 0
    while at < len(lines):
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        end = at
        while end < len(lines) and lines[end].lstrip().startswith("|"):
            end += 1
        if end - at < 3:
            at = end + 1
            continue
        cells = [[c.strip() for c in line.strip().strip("|").split("|")] for line in lines[at:end]]
        table = [".. list-table::", "   :header-rows: 1", ""]
        for row in [cells[0], *cells[2:]]:
            table += [
                f"   {'- ' if i else '* - '}".replace("   - ", "     - ") + c
                for i, c in enumerate(row)
            ]
        lines[at:end] = ["", *(indent + line for line in table), ""]
        at += len(table) + 2


def setup(app) -> dict[str, bool]:
    """Let Sphinx write equations as MathML, which browsers show without a script."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
    app.connect("autodoc-process-docstring", _tables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
