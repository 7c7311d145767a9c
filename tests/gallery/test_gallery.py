"""Every figure of the gallery, drawn from the package's own results at its print sizes."""

import inspect
import re

import numpy as np
import pytest
from support.layout import check_layout

import mmtlib
from mmtlib import figures
from mmtlib.core.errors import ConfigError
from mmtlib.figures import StyledFigure
from mmtlib.gallery import GALLERY, Material, NotStored, draw
from mmtlib.gallery.registry import draw_entry

LEAST_PRINTED = 7
"""Points; what journals ask for."""
SIZES = [(name, width) for name, entry in GALLERY.items() for width in entry.widths]


@pytest.mark.parametrize(("name", "width"), SIZES)
def test_every_figure_can_be_read_at_print_size(material, name, width):
    try:
        drawn = draw_entry(GALLERY[name], material, width)
    except NotStored as error:  # tests with a made-up study draw it
        drawn, missing = None, str(error)
    if drawn is None:
        assert re.search(r"does not hold .* yet; `mmt study`", missing)
        return
    assert isinstance(drawn.figure, StyledFigure)
    assert drawn.figure.get_figwidth() <= width + 1e-9
    assert len(drawn.figure.alt_text) > 20
    assert re.match(r"(Stored, made by: mmt|Rendered by Synth|Drawn from the)", drawn.provenance)
    check_layout(drawn.figure, LEAST_PRINTED)


@pytest.mark.parametrize("entry", GALLERY.values(), ids=list(GALLERY))
def test_entries_explain_themselves(entry):
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.name)
    assert entry.see.endswith(".")
    assert len(entry.see) > 60
    function = getattr(figures, entry.function)
    assert inspect.signature(function).parameters["width"].kind is inspect.Parameter.KEYWORD_ONLY
    assert list(entry.widths) == sorted(entry.widths)


def test_a_figure_by_its_name():
    assert GALLERY["focal-curve"].call == 'mmtlib.gallery.draw("focal-curve")'
    assert mmtlib.gallery.draw("focal-curve").get_figwidth() == 3.5
    assert draw("focal-curve", width=5).get_figwidth() == 5


def test_requests_that_make_no_sense_are_refused():
    with pytest.raises(ConfigError, match=r"Unknown figure 'focal'.*Did you mean 'focal-curve'"):
        draw("focal")
    with pytest.raises(ConfigError, match=r"'gestures' needs at least 3.5 inches .*got 2"):
        draw("gestures", width=2)
    with pytest.raises(ConfigError, match="not about one training; leave out the run"):
        draw("gestures", run=object())


@pytest.mark.parametrize("name", ["rho-over-time", "saliency", "paired-seeds"])
def test_without_results_a_figure_says_so(name):
    with pytest.raises(NotStored, match=r"^The package does not hold .* yet; `mmt study` makes"):
        draw_entry(GALLERY[name], Material())


def test_what_is_asked_for_again_has_its_origin_again(material):
    first = draw_entry(GALLERY["rho-over-time"], material)
    again = draw_entry(GALLERY["rho-over-time"], material)
    assert first.provenance == again.provenance
    assert "mmt study" in first.provenance
    assert "code 0.1.0" in first.provenance


def test_the_maps_come_closer_by_training_together(material):
    """The number in the text is that of the maps that are drawn."""
    figure = draw_entry(GALLERY["correlation-maps"], material).figure
    values = [axes.images[0].get_array() for axes in figure.axes[:6]]
    alone, together = (np.mean((values[i] - values[i + 1]) ** 2) for i in (0, 3))
    assert together < alone
    assert f"alone {alone:.3g}, together {together:.3g}" in figure.alt_text
