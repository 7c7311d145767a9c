import base64
import io

import matplotlib as mpl
import pytest

from mmtlib.figures import ONE_COLUMN, figure_style
from mmtlib.figures.style import (
    SCREEN_PIXELS_PER_INCH,
    STYLE_FILE,
    new_figure,
    styled,
)


@styled
def small_figure():
    figure = new_figure(ONE_COLUMN, 2.0, "A line from 1 to 2.")
    figure.subplots().plot([1, 2])
    return figure


def test_style_holds_inside_only_and_ignores_the_users_settings():
    with mpl.rc_context({"font.size": 30, "lines.linewidth": 9}):
        with figure_style():
            assert mpl.rcParams["font.size"] == 8
            assert mpl.rcParams["pdf.fonttype"] == 42
        figure = small_figure()
        assert mpl.rcParams["font.size"] == 30
    assert figure.axes[0].lines[0].get_linewidth() == 1.3


def test_a_pdf_has_its_fonts_embedded_wherever_it_is_saved():
    buffer = io.BytesIO()
    small_figure().savefig(buffer, format="pdf")
    assert b"/FontFile2" in buffer.getvalue()
    assert b"/Type3" not in buffer.getvalue()


def test_ticks_made_late_have_the_style():
    with mpl.rc_context({"xtick.labelsize": 30}):
        figure = small_figure()
        figure.axes[0].set_xticks(range(9))
        figure.savefig(io.BytesIO(), format="png")
    assert {label.get_fontsize() for label in figure.axes[0].get_xticklabels()} == {7}


def test_a_notebook_gets_picture_size_and_text():
    pytest.importorskip("IPython")
    from IPython.core.formatters import DisplayFormatter

    figure = small_figure()
    figure.alt_text = 'A line from "1" to 2.'
    data, metadata = DisplayFormatter().format(figure)
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert f'src="data:image/png;base64,{data["image/png"]}"' in data["text/html"]
    assert ' alt="A line from &quot;1&quot; to 2." ' in data["text/html"]  # what JupyterLab shows
    assert data["text/plain"] == figure.alt_text
    assert metadata["image/png"] == {
        "width": round(ONE_COLUMN * SCREEN_PIXELS_PER_INCH),
        "height": round(2.0 * SCREEN_PIXELS_PER_INCH),
        "alt": figure.alt_text,
    }


def test_no_figure_uses_pyplot():
    for file in STYLE_FILE.parent.glob("*.py"):
        assert "import matplotlib.pyplot" not in file.read_text()
        assert "import pyplot" not in file.read_text()
