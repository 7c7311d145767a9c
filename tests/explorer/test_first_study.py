"""Numbers of the first study as the study, the gallery and the explorer have always shown them.

They were typed in from the shipped results before comparisons were rewritten; no redesign may move
one. Of p values adjusted over all rows that the explorer shows none is here: they depend on how
many rows there are.
"""

from pathlib import Path

import numpy as np
import pytest

import mmtlib
from mmtlib.core import cache
from mmtlib.explorer import ExplorerState, Source
from mmtlib.explorer.tables import accuracy_table, gain_table, heat_table
from mmtlib.gallery import TABLES, Material, make_table
from mmtlib.results import paired

EXACT = 1e-9
DIFFERENCES = {
    ("H1", "mtut", "rgb", "before"): 0.6450376157407407,
    ("H1", "mtut", "rgb", "after"): 0.7352430555555556,
    ("H1", "mtut", "rgb", "difference"): 0.09020543981481483,
    ("H1", "mtut", "rgb", "low"): 0.0757740162037037,
    ("H1", "mtut", "rgb", "high"): 0.10503472222222222,
    ("H1", "mtut", "rgb", "p"): 6.367919650438168e-09,
    ("S1", "rgb+ir", "rgb", "p_holm"): 0.0677331494140868,
    ("S2", "kd", "rgb", "difference"): 0.0591724537037037,
    ("S2", "kd", "rgb", "p_holm"): 0.0016248902540836082,
    ("S2", "late fusion of RGB and depth, each alone", "fused", "after"): 0.90625,
    ("S3", "alone, twice the epochs", "rgb", "difference"): 0.0075231481481481495,
    ("S3", "alone, regularized", "rgb", "difference"): 0.024450231481481483,
    ("S3", "alone, regularized", "rgb", "low"): 0.005497685185185185,
    ("S3", "other_clip_other_class", "rgb", "high"): -0.003761574074074074,
    ("S5", "clutter=0.7", "rgb", "difference"): 0.20225694444444445,
    ("S8", "paper", "rgb", "low"): -0.4092936197916666,
}
GAINS = {
    ("study-primary / mtut", "rgb", "mean"): 0.09020543981481483,
    ("study-primary / mtut", "rgb", "low"): 0.07767979738342298,
    ("study-primary / mtut", "rgb", "high"): 0.10273108224620664,
    ("study-primary / mtut", "rgb", "p"): 6.367919650438168e-09,
    ("study-primary / mtut", "depth", "mean"): 0.0019169560185185186,
    ("study-clutter / clutter=0.7", "rgb", "low"): 0.14208047359768436,
    ("study-recipe / paper", "depth", "mean"): -0.7280815972222223,
}
ACCURACIES = {
    ("study-primary / alone", "rgb", "mean"): 0.6450376157407407,
    ("study-primary / alone", "rgb", "low"): 0.6313141276019132,
    ("study-primary / mtut", "fused", "mean"): 0.9165581597222223,
    ("study-controls / alone, regularized", "rgb", "high"): 0.6691451867428988,
}


@pytest.fixture(scope="module")
def shipped():
    """Let the package's own results be seen."""
    folder = Path(mmtlib.__file__).parent / "stored"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "SHIPPED", folder)
        yield folder


@pytest.fixture(scope="module")
def runs(shipped):
    return Source(shipped).runs()


def check(table, index, numbers):
    table = table.set_index(index)
    found = {key: float(table.loc[key[:-1], key[-1]]) for key in numbers}
    assert found == pytest.approx(numbers, rel=EXACT)


def test_differences_and_focal_of_the_gallery(shipped):
    material = Material()
    made = make_table(TABLES["differences"], material)
    check(made.rows, ["question", "arm", "target"], DIFFERENCES)
    line = "| H1 | SSA + focal | RGB | 64.5 | 73.5 | +9.0 | +7.6 to +10.5 | 12 | - |"
    assert line in made.markdown().splitlines()
    focal = make_table(TABLES["focal"], material).rows
    check(focal, ["ssa_weight", "corruption_strength"], {(100.0, 1.0, "high"): 0.04774305555555555})


def test_gains_of_the_explorer(runs):
    check(gain_table(runs, ExplorerState(split="test")), ["group", "target"], GAINS)
    rivals = ExplorerState(split="test", target="rgb", where={"study": ["study-rivals"]})
    adjusted = {("study-rivals / kd", "rgb", "p_holm"): 0.00016925940146704334}
    check(gain_table(runs, rivals), ["group", "target"], adjusted)
    against = ExplorerState(split="test", target="rgb", reference="study-rivals / mtut")
    controls = {("study-controls / alone", "rgb", "mean"): -0.11255787037037036}
    check(gain_table(runs, against), ["group", "target"], controls)


def test_accuracies_and_heat_map_of_the_explorer(runs):
    check(accuracy_table(runs, ExplorerState(split="test")), ["group", "target"], ACCURACIES)
    state = ExplorerState(
        split="test", target="rgb", where={"study": ["study-corruption"]},
        x="ssa_weight", y="corruption_strength",
    )  # fmt: skip
    table = heat_table(runs, state, gain=True)
    check(table, ["x", "y"], {("100", "0", "mean"): 0.08962673611111112})


def test_study_gallery_and_explorer_agree(runs):
    """On every comparison that they share, in all of the shipped results, also where none is."""
    answers = Material().answers()
    answers = answers[answers["target"] != "fused"]
    gains = gain_table(runs, ExplorerState(split="test"))
    gains = gains.assign(arm=gains["group"].str.split(" / ").str[1], study=gains["group"])
    gains["study"] = gains["study"].str.split(" / ").str[0]
    both = answers.merge(gains, on=["study", "arm", "target"], how="left", suffixes=("", "_there"))
    assert len(both) == len(answers) == 52
    for mine, other in (("difference", "mean"), ("p", "p_there"), ("seeds", "seeds_there")):
        np.testing.assert_allclose(both[mine], both[other], rtol=1e-9, atol=1e-12)
    rows = runs.table[runs.table["split"] == "test"]
    table = paired(rows).assign(group=lambda t: t["study"] + " / " + t["arm"])
    there = table[table["runs"] > 0].set_index(["group", "target"]).sort_index()
    shown = gains.set_index(["group", "target"]).sort_index()
    assert there.index.equals(shown.index)
    for mine, other in (("difference", "mean"), ("t_low", "low"), ("t_high", "high"), ("p", "p")):
        np.testing.assert_allclose(there[mine], shown[other], rtol=1e-9, atol=1e-12)
    absent = table[table["runs"] == 0]
    assert (absent["missing"] != "").all()
    assert set(absent["target"]) == {"rgb", "depth", "flow", "ir", "fused"}
    assert absent[absent["target"] != "fused"]["arm"].str.startswith("alone").all()
