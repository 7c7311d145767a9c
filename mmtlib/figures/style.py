"""The look of all figures, and the figure object that keeps it and shows itself in a notebook.

No function of this package touches matplotlib's global state: figures are made without ``pyplot``,
under a style that holds inside a block only. A plain `matplotlib.figure.Figure` made so would not
show itself in a notebook; `StyledFigure` does, with a text for readers who cannot see it.
"""

from __future__ import annotations

import base64
import functools
import html
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib.style
from matplotlib.figure import Figure

ONE_COLUMN = 3.5
"""Width of a one-column figure, in inches."""
TWO_COLUMN = 7.16
"""Width of a two-column figure, in inches."""
STACKED_BELOW = 5.0
"""Width in inches below which panels stand above each other instead of side by side."""
STYLE_FILE = Path(__file__).with_name("mmtlib.mplstyle")
SCREEN_PIXELS_PER_INCH = 120
"""Size on a web page: a little larger than print, so that 7-point text is read with ease."""

P = ParamSpec("P")
R = TypeVar("R")


def figure_style() -> AbstractContextManager[None]:
    """Return a context in which matplotlib has this package's look, whatever the user has set."""
    return matplotlib.style.context(STYLE_FILE, after_reset=True)


def styled(function: Callable[P, R]) -> Callable[P, R]:
    """Decorate a function so that it draws under `figure_style`."""

    @functools.wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with figure_style():
            return function(*args, **kwargs)

    return wrapper


class StyledFigure(Figure):
    """A matplotlib figure that is drawn in this package's look wherever it is drawn.

    The last line of a notebook cell shows it; ``savefig`` writes it (fonts embedded in a PDF).

    Attributes:
        alt_text: one or two sentences that say what can be seen.
    """

    alt_text: str = ""

    def savefig(self, *args: Any, **kwargs: Any) -> None:
        """Save the figure as `matplotlib.figure.Figure.savefig` does, in this package's look."""
        # Ticks and fonts are looked up when a figure is drawn, not when it is made.
        with figure_style():
            super().savefig(*args, **kwargs)

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, dict[str, object]]]:
        """Return the picture, its size and its text for Jupyter.

        JupyterLab shows a PNG without the text in its metadata, so the picture is also given as
        HTML, which it prefers; a front end without pictures shows the text alone.
        """
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        width, height = (round(x * SCREEN_PIXELS_PER_INCH) for x in self.get_size_inches())
        shown = {"width": width, "height": height, "alt": self.alt_text}
        png = base64.b64encode(buffer.getvalue()).decode()
        picture = (
            f'<img src="data:image/png;base64,{png}" alt="{html.escape(self.alt_text)}" '
            f'width="{width}" style="max-width:100%;height:auto">'
        )
        data = {"image/png": png, "text/html": picture, "text/plain": self.alt_text or repr(self)}
        return data, {"image/png": shown}


def new_figure(width: float, height: float, alt_text: str) -> StyledFigure:
    """Return an empty figure of that size in inches."""
    figure = StyledFigure(figsize=(width, height))
    figure.alt_text = alt_text
    return figure
