"""Figures of questions that are still being computed, drawn from a made-up study."""

import re

import pytest
from support.layout import check_layout
from support.made_up_study import write_study

from mmtlib.core import cache
from mmtlib.gallery import GALLERY, Material
from mmtlib.gallery.registry import draw_entry

LOST, GAINED = "similarity", "one_way"
STUDY_FIGURES = (
    "training-curves", "rho-over-time", "paired-seeds", "ablation", "corruption", "clutter",
    "training-clips",
)  # fmt: skip


def wanted(task, target, split):
    """RGB alone 60 %; together 70 %, but for a method that harms, and for noise without focal."""
    if target != "rgb":
        return 0.9
    if len(task.config.modalities) == 1 or task.arm == LOST:
        return 0.6 - 0.2 * (task.arm == LOST)
    noise = task.config.corruption_strength if task.config.corrupt else 0.0
    return 0.7 - 0.3 * noise * (not task.config.focal)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "stored"
    write_study(folder, wanted, epochs=9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "SHIPPED", folder)
        yield Material()


@pytest.mark.parametrize("name", STUDY_FIGURES)
def test_every_question_can_be_read_at_print_size(whole, name):
    for width in GALLERY[name].widths:
        drawn = draw_entry(GALLERY[name], whole, width)
        check_layout(drawn.figure, 7)
        assert drawn.provenance == "Stored, made by: made up on 2026-01-02, code 0.1."


def test_bars_say_who_gained_and_who_lost(whole):
    (axes,) = draw_entry(GALLERY["ablation"], whole).figure.axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert [text for text in labels if re.match(r"[HS]\d\. ", text)] == [
        "H1. RGB with depth", "S1. Other partners", "S2. Rivals", "S3. Controls", "S7. Stage",
        "S8. Recipe",
    ]  # fmt: skip
    bars = {labels[round(bar.get_y() + bar.get_height() / 2)]: bar for bar in axes.patches}
    lost, gained = bars["RGB: similarity preserving, from depth"], bars["RGB: mutual learning"]
    assert (round(lost.get_width()), round(gained.get_width())) == (-20, 10)
    assert (lost.get_hatch(), gained.get_hatch()) == ("xxxx", None)
    second = bars["RGB: a second RGB network"]
    assert second.get_width() == pytest.approx(0)
    assert second.get_hatch() == "////"


def test_noise_harms_without_focal_only(whole):
    (axes,) = draw_entry(GALLERY["corruption"], whole).figure.axes
    ends = {c.lines[0].get_ydata(orig=False)[-1].round(3) for c in axes.containers}
    assert ends == {0.7, 0.4}
    legend = [text.get_text() for text in axes.figure.legends[0].get_texts()]
    assert legend == [
        "SSA weight 10", "SSA weight 100", "with rho", "without rho", "trained alone"
    ]  # fmt: skip


def test_curves_come_from_the_study_with_most_seeds(whole):
    figure = draw_entry(GALLERY["training-curves"], whole).figure
    titles = [axes.get_ylabel() for axes in figure.axes]
    assert titles[0] == "Loss of RGB, training clips"
    assert [len(axes.lines) for axes in figure.axes] == [3, 3, 2]
    assert all(axes.collections for axes in figure.axes)  # six seeds: there are intervals


def test_levels_are_on_the_axis(whole):
    figure = draw_entry(GALLERY["training-clips"], whole).figure
    (axes,) = figure.axes
    assert "Gain by level: 120: +10.0 points (95 % interval over seeds +10.0" in figure.alt_text
    assert [text.get_text() for text in axes.get_xticklabels()] == ["120", "240", "480"]
    values = [container.lines[0].get_ydata(orig=False) for container in axes.containers]
    assert [list(line.round(3)) for line in values] == [[0.6] * 3, [0.7] * 3]
