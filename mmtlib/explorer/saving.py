"""A view as a file: numbers as CSV, the figure as a page of its own, PNG or SVG."""

from __future__ import annotations

import base64
import html
from pathlib import Path

import plotly.graph_objects as go

from mmtlib.core.errors import MmtlibError, unknown_name
from mmtlib.core.kept import write_kept
from mmtlib.explorer.views import View

FORMATS = {
    "csv": "text/csv",
    "html": "text/html",
    "png": "image/png",
    "svg": "image/svg+xml",
}
"""Ending -> kind of file."""
SCALE = 2
"""Pixels of a PNG for each pixel of the page."""
NO_PICTURES = (
    "PNG and SVG are drawn by kaleido with Chrome or Chromium, which {why}: install both "
    "(`pip install kaleido`; on Debian `apt-get install chromium`), or save HTML, which has all."
)


def exported(drawn: View, kind: str) -> bytes:
    """Return a view as the content of a file.

    HTML is a page that needs no network; PNG and SVG need kaleido and Chrome or Chromium.

    Args:
        drawn: the view.
        kind: one of `FORMATS`.

    Raises:
        ConfigError: if the kind is unknown.
        MmtlibError: if pictures cannot be drawn here; says what is missing.
    """
    if kind not in FORMATS:
        raise unknown_name("format", kind, FORMATS)
    if kind == "csv":
        return drawn.table.to_csv(index=False).encode()
    if kind == "html":
        page = drawn.figure.to_html(include_plotlyjs=True, full_html=True)
        said = f"<body><p>{html.escape(drawn.sentence)}</p>"
        return page.replace("<body>", said, 1).encode()
    return _picture(drawn.figure, kind)


def _picture(figure: go.Figure, kind: str) -> bytes:
    try:
        import kaleido
        from choreographer import errors
    except ImportError:
        raise MmtlibError(NO_PICTURES.format(why="is not installed")) from None
    failures = (
        errors.ChromeNotFoundError, errors.BrowserFailedError, errors.BrowserClosedError,
        errors.BrowserDepsError, RuntimeError, OSError,
    )  # fmt: skip
    size = {"width": figure.layout.width, "height": figure.layout.height}
    scale = SCALE if kind == "png" else 1
    try:
        return kaleido.calc_fig_sync(figure, opts={"format": kind, "scale": scale, **size})
    except failures as error:
        why = f"did not start ({type(error).__name__})"
        raise MmtlibError(NO_PICTURES.format(why=why)) from None


def save_view(drawn: View, path: str | Path) -> Path:
    """Write a view into a file whose ending says what it is to be, and return its path.

    Args:
        drawn: the view.
        path: ends with ``.csv``, ``.html``, ``.png`` or ``.svg``.

    Raises:
        ConfigError: if the ending is another.
        MmtlibError: if pictures cannot be drawn here, or the file cannot be written.
    """
    path = Path(path)
    content = exported(drawn, path.suffix.removeprefix(".").lower())
    write_kept(path, content)
    return path


def download_link(drawn: View, kind: str, name: str) -> str:
    """Return a link, as HTML, that saves a view from the page, without any server's help.

    Args:
        drawn: the view.
        kind: one of `FORMATS`.
        name: the file's name, without ending.

    Raises:
        ConfigError, MmtlibError: as `exported`.
    """
    content = base64.b64encode(exported(drawn, kind)).decode()
    file = html.escape(f"{name}.{kind}", quote=True)
    return f'<a download="{file}" href="data:{FORMATS[kind]};base64,{content}">save {file}</a>'
