"""What the guard's limit rests on: the transfer terms of the shipped results."""

from pathlib import Path

import pytest

import mmtlib
from mmtlib.results import ResultsStore
from mmtlib.training.guard import TIMES


@pytest.fixture(scope="module")
def times():
    """How many times its classification loss a learner's transfer term was, epoch by epoch."""
    store = ResultsStore(Path(mmtlib.__file__).parent / "stored")
    streams, pairs, runs = (store.rows(kind) for kind in ("streams", "pairs", "results"))
    runs = runs.drop_duplicates("identity").set_index("identity")
    losses = streams[streams["split"] == "train"].rename(columns={"modality": "learner"})
    keys = ["identity", "epoch", "learner"]
    rows = pairs.merge(losses[[*keys, "loss"]], on=keys)
    rows = rows.join(runs[["ssa_weight", "ssa_reduction"]], on="identity").dropna()
    rows["term"] = rows["ssa_weight"] * rows["rho"] * rows["ssa"]
    each = rows.groupby([*keys, "ssa_reduction"]).agg(term=("term", "sum"), loss=("loss", "first"))
    return (each["term"] / each["loss"]).groupby("ssa_reduction").max()


def test_no_sound_training_comes_near_the_limit_and_the_ruined_one_is_far_beyond(times):
    assert times["mean"] < TIMES / 9
    assert times["sum"] > 1000 * TIMES
