import re

import numpy as np
import pytest
from support.explorer_store import write_small
from support.many_runs import write_many

from mmtlib.core import cache
from mmtlib.evaluation import mean_interval
from mmtlib.explorer import ExplorerState, Source, draw_view, static_view
from mmtlib.explorer.appearance import TEST_TITLE
from mmtlib.explorer.details import curve_table, predicted_by
from mmtlib.explorer.state import VIEWS
from mmtlib.explorer.views import NO_MATCH, NOTHING
from mmtlib.results.baselines import IS_REFERENCE, REASONS

SHIPPED = cache.SHIPPED
JOINT = "small / ssa_weight=10.0"
each_view = pytest.mark.parametrize("view", VIEWS)


@pytest.fixture
def shipped(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "SHIPPED", SHIPPED)
    return Source(tmp_path)


def trace(figure, name):
    (found,) = [each for each in figure.data if each.name == name]
    return found


def test_points_are_the_means_with_their_intervals(source):
    drawn = draw_view(source, ExplorerState())
    rgb = trace(drawn.figure, "RGB")
    np.testing.assert_allclose(rgb.y, [50, 50, 70])
    half = 100 * (0.7 - mean_interval([0.6, 0.7, 0.8]).low)
    assert rgb.error_y.array[2] == pytest.approx(half)
    assert rgb.customdata[2][0] == JOINT
    assert "Highest: Depth of small / alone with 90.0 %" in drawn.sentence


def test_gains_say_what_they_are_against_and_how_sure(source):
    drawn = draw_view(source, ExplorerState(view="gain"))
    np.testing.assert_allclose(trace(drawn.figure, "RGB").y, [0, 20], atol=1e-9)
    assert "Paired differences from the same network alone" in drawn.sentence
    assert "RGB of small / ssa_weight=10.0 +20.0 points" in drawn.sentence
    assert re.search(r"95 % interval over 3 seeds -4\.8 to \+44\.8.*Holm over 4", drawn.sentence)


def test_test_clips_are_marked_and_validation_clips_are_not(source):
    assert draw_view(source, ExplorerState(split="test")).figure.layout.title.text == TEST_TITLE
    assert draw_view(source, ExplorerState()).figure.layout.title.text is None


def test_heat_map_cells_are_the_means(source):
    drawn = draw_view(source, ExplorerState(view="heat map", x="ssa_weight", y="target"))
    (cells,) = drawn.figure.data
    assert list(drawn.figure.layout.xaxis.ticktext) == ["-", "1", "10"]
    np.testing.assert_allclose(cells.z, [[50, 50, 70], [90, 90, 90]])
    gains = draw_view(
        source,
        ExplorerState(view="heat map", x="ssa_weight", reference="small / alone", target="rgb"),
    )
    np.testing.assert_allclose(gains.figure.data[0].z, [[0, 20]], atol=1e-9)
    # What has no pair is told, with the reason.
    assert f"Not in it: {REASONS[IS_REFERENCE]} (3 results)" in gains.sentence


def test_a_heat_map_without_any_pair_says_why(source):
    state = ExplorerState(view="heat map", x="ssa_weight", reference=JOINT, target="depth")
    state = state.replace(where={"ssa_weight": ["10"]})
    drawn = draw_view(source, state)
    assert drawn.table.empty
    assert REASONS[IS_REFERENCE] in drawn.sentence


def test_curves_and_rho_are_means_over_the_runs(source):
    state = ExplorerState(chosen=JOINT)
    table = curve_table(source, state)
    rgb = table[table["modality"] == "rgb"]
    assert rgb["loss"].tolist() == [1.0, 0.5]
    assert rgb["runs"].tolist() == [3, 3]
    figure = draw_view(source, state.replace(view="learning curves")).figure
    assert list(figure.data[0].y) == [1.0, 0.5]
    assert list(figure.data[1].y) == [50.0, 50.0]
    rho = draw_view(source, state.replace(view="rho"))
    assert list(rho.figure.data[0].y) == [1.25, 1.25]
    assert "RGB from Depth of small / ssa_weight=10.0: 1.25" in rho.sentence


def test_confusion_is_the_share_of_each_true_class(source):
    said = predicted_by(source, ExplorerState(chosen=JOINT, target="rgb"))
    shares = said.confusion(said.after)
    np.testing.assert_allclose(shares[:3].sum(axis=1), 1)  # the made-up clips are of 3 classes
    assert np.trace(shares[:3]) / 3 == pytest.approx(0.7)
    before = said.confusion(said.before)
    assert np.trace(before[:3]) / 3 == pytest.approx(0.5)
    drawn = draw_view(source, ExplorerState(view="confusion", chosen=JOINT, target="rgb"))
    np.testing.assert_allclose(drawn.figure.data[0].z, 100 * shares)
    np.testing.assert_allclose(drawn.figure.data[1].z, 100 * (shares - before))


def test_class_gains_are_paired_and_average_to_the_gain(source):
    said = predicted_by(source, ExplorerState(chosen=JOINT, target="rgb"))
    table = said.class_gains()
    known = table[table["clips"] > 0]
    assert known["clips"].tolist() == [20, 20, 20]
    assert known["difference"].mean() == pytest.approx(0.2)
    assert table["difference"].isna().sum() == len(table) - 3
    people = said.difference
    assert people.mean == pytest.approx(0.2)
    assert (people.n_seeds, people.n_subjects) == (3, 6)


@each_view
def test_every_view_draws_the_shipped_results(shipped, view):
    split = "test" if view in ("confusion", "classes") else "validation"
    drawn = draw_view(shipped, ExplorerState(view=view, split=split))
    assert drawn.figure.data, drawn.sentence
    assert len(drawn.table)


def test_the_studys_answer_is_the_one_of_the_page(shipped):
    state = ExplorerState(view="classes", split="test", target="rgb", chosen="study-primary / mtut")
    page = (SHIPPED.parent.parent / "docs" / "benchmark.md").read_text()
    mean, low, high = re.search(
        r"focal regularization [\d.]+ %: \*\*(\S+) points\*\* \((\S+) to (\S+);", page
    ).groups()
    said = draw_view(shipped, state).sentence
    assert (
        f"All clips: {mean} points (95 % bootstrap over 48 people and 12 seeds {low} to {high})"
        in said
    )


@each_view
def test_an_empty_store_is_a_sentence(tmp_path, view):
    drawn = draw_view(Source(tmp_path), ExplorerState(view=view))
    assert drawn.sentence == NOTHING
    assert drawn.figure.layout.annotations[0].text.replace("<br>", " ") == NOTHING
    assert not drawn.figure.data


@each_view
def test_one_seed_has_no_interval_and_is_drawn(tmp_path, view):
    drawn = draw_view(Source(write_small(tmp_path, seeds=(1,))), ExplorerState(view=view))
    assert drawn.figure.data
    if view == "accuracy":
        assert "6 of 6 have one seed and no interval" in drawn.sentence
    if view == "gain":
        assert "one seed: no interval" in drawn.sentence
        assert "p <" not in drawn.sentence


@each_view
def test_a_damaged_file_is_a_sentence_with_its_name(tmp_path, view):
    write_small(tmp_path, seeds=(1,))
    (part,) = (tmp_path / "results").glob("*.parquet")
    part.write_bytes(part.read_bytes()[:-7])
    drawn = draw_view(Source(tmp_path), ExplorerState(view=view))
    assert f"{part} is damaged" in drawn.sentence


def test_clips_that_are_known_are_named_where_the_asked_ones_are_not(shipped):
    drawn = draw_view(shipped, ExplorerState(view="confusion", split="validation"))
    assert drawn.sentence.endswith("every validation clip; choose test clips, or train it here.")
    assert draw_view(shipped, ExplorerState(view="confusion", split="test")).figure.data


def test_names_along_the_axis_have_room(tmp_path):
    write_many(tmp_path, 1000)
    layout = draw_view(Source(tmp_path), ExplorerState()).figure.layout
    assert len(layout.xaxis.ticktext) == 60
    assert layout.width == 150 + 22 * 60  # as wide as a large window; a small one makes it narrower
    assert layout.margin.l > 100  # the first name leans to the left of the axis


@each_view
def test_a_thousand_runs(tmp_path, view):
    write_many(tmp_path, 1000)
    source = Source(tmp_path)
    drawn = draw_view(source, ExplorerState(view=view))
    if view in ("confusion", "classes"):  # no predictions were written
        assert "not what the networks predicted for every validation clip" in drawn.sentence
        return
    assert drawn.figure.data
    if view == "accuracy":
        assert "Of 100 arms the 60 with the highest accuracy are drawn" in drawn.sentence
        boxes = draw_view(source, ExplorerState(x="ssa_weight", target="rgb")).figure.data
        assert [each.type for each in boxes] == ["box"]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (ExplorerState(where={"seed": ["0"], "method": ["unimodal"]}, target="fused"), NO_MATCH),
        (ExplorerState(where={"nope": ["0"]}), "Unknown factor 'nope'"),
        (ExplorerState(chosen="other / arm"), "Unknown arm 'other / arm'"),
        (ExplorerState(view="gain", where={"method": ["unimodal"]}), "None of these arms"),
        (ExplorerState(view="rho", chosen="small / alone"), "No rho here"),
    ],
)
def test_what_cannot_be_drawn_is_a_sentence(source, state, said):
    drawn = draw_view(source, state)
    assert said in drawn.sentence
    assert not drawn.figure.data


def test_new_results_show_without_starting_again(tmp_path):
    write_small(tmp_path, seeds=(1,))
    source = Source(tmp_path)
    first = source.runs()
    assert source.runs() is first  # nothing is new: nothing is read
    write_small(tmp_path, seeds=(2,))
    assert set(source.runs().table["seed"]) == {1, 2}


@each_view
def test_the_same_as_a_picture_without_a_kernel(shipped, tmp_path, view):
    split = "test" if view in ("confusion", "classes") else "validation"
    state = ExplorerState(view=view, split=split)
    static = static_view(state, folder=tmp_path)
    assert static.alt_text == draw_view(shipped, state).sentence
    assert static.axes[0].has_data()


def test_a_picture_of_nothing_says_why(tmp_path):
    static = static_view(folder=tmp_path)
    assert static.texts[0].get_text() == static.alt_text == NOTHING
