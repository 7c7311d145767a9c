import pytest
import torch

from mmtlib.losses import MtutLoss
from mmtlib.training import History
from mmtlib.training.history import EpochSums, step_sums


def step(rgb, depth, rho=None, ssa=2.0):
    pairs = {} if rho is None else {("rgb", "depth"): torch.tensor(ssa)}
    return MtutLoss(
        total=torch.tensor(rgb + depth),
        classification={"rgb": torch.tensor(rgb), "depth": torch.tensor(depth)},
        ssa=pairs,
        rho={} if rho is None else {("rgb", "depth"): torch.tensor(rho)},
        transfer=pairs,
    )


def test_means_are_over_clips_not_steps():
    history, sums = History(), EpochSums()
    sums.add(step_sums(step(1.0, 4.0), {"rgb": 1, "depth": 3}, 4))
    sums.add(step_sums(step(4.0, 1.0), {"rgb": 2, "depth": 0}, 2))
    sums.close(history, epoch=7)
    rgb, depth = history.streams
    assert rgb == {
        "epoch": 7, "modality": "rgb", "split": "train", "loss": pytest.approx((4 + 8) / 6),
        "accuracy": pytest.approx(3 / 6),
    }  # fmt: skip
    assert depth["loss"] == pytest.approx((16 + 2) / 6)
    assert depth["accuracy"] == pytest.approx(3 / 6)
    assert history.pairs == []


def test_rho_per_clip_is_averaged():
    history, sums = History(), EpochSums()
    sums.add(step_sums(step(1.0, 1.0, rho=[0.0, 3.0], ssa=2.0), {"rgb": 0, "depth": 0}, 2))
    sums.add(step_sums(step(1.0, 1.0, rho=[6.0, 6.0], ssa=4.0), {"rgb": 0, "depth": 0}, 2))
    sums.close(history, epoch=0)
    assert history.pairs == [
        {"epoch": 0, "learner": "rgb", "teacher": "depth", "rho": 3.75, "ssa": 3.0}
    ]


def test_sums_go_on_from_stored_ones():
    whole, first = EpochSums(), EpochSums()
    for sums in (whole, first):
        sums.add(step_sums(step(1.0, 2.0, rho=1.5), {"rgb": 1, "depth": 1}, 3))
    second = EpochSums(dict(first.sums))
    for sums in (whole, second):
        sums.add(step_sums(step(0.1, 0.7, rho=0.3), {"rgb": 2, "depth": 1}, 3))
    assert dict(whole.sums) == dict(second.sums)


def test_tables_have_their_columns_even_when_empty():
    history = History()
    assert list(history.stream_table()) == ["epoch", "modality", "split", "loss", "accuracy"]
    assert list(history.pair_table()) == ["epoch", "learner", "teacher", "rho", "ssa"]
    history.streams.append(
        {"epoch": 0, "modality": "rgb", "split": "train", "loss": 1.0, "accuracy": 0.5}
    )
    assert len(history.stream_table()) == 1
