"""`mmtlib.fit`: a user's own networks and loaders, callbacks, loggers."""

import csv

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

import mmtlib
from mmtlib.core.clips import ClipBatch
from mmtlib.core.errors import CheckpointError, ConfigError, DataError
from mmtlib.core.outputs import StreamOutput
from mmtlib.losses import mtut_objective
from mmtlib.models import StreamSet, WithFeatures
from mmtlib.training import Callback, EpochProgress, make_logger


class Plain(nn.Module):
    """A network that knows nothing of mmtlib: logits alone."""

    def __init__(self, channels, classes=3):
        super().__init__()
        self.body = nn.Conv3d(channels, 4, 3, padding=1)
        self.head = nn.Linear(4, classes)

    def forward(self, x):
        return self.head(self.body(x).relu().mean((2, 3, 4)))


class Tokens(Plain):
    """As a transformer: features ``(N, positions, C)`` beside the logits."""

    def forward(self, x):
        found = self.body(x).relu().flatten(2).mT
        return {"logits": self.head(found.mean(1)), "features": found}


def clips(number=12, classes=3):
    generator = torch.Generator().manual_seed(0)
    return [
        ({"rgb": torch.randn(3, 4, 8, 8, generator=generator) + i % classes,
          "depth": torch.randn(1, 4, 8, 8, generator=generator) + i % classes}, i % classes)
        for i in range(number)
    ]  # fmt: skip


def loader(**options):
    return DataLoader(clips(), batch_size=4, **options)


def networks(kind=Plain, seed=0):
    torch.manual_seed(seed)
    made = {"rgb": kind(3), "depth": kind(1)}
    if kind is Plain:
        return {m: WithFeatures(net, "body") for m, net in made.items()}
    return {m: WithFeatures(net, positions_first=True) for m, net in made.items()}


OPTIONS = {"epochs": 3, "ssa_start_epoch": 1, "learning_rate": 0.01, "rho_per": "clip"}


@pytest.mark.parametrize("kind", [Plain, Tokens])
def test_own_networks_and_loaders_learn_from_each_other(kind):
    nets = networks(kind)
    history = mmtlib.fit(nets, loader(shuffle=True), ssa_weight=10.0, **OPTIONS)
    pairs = history.pair_table()
    assert set(pairs["epoch"]) == {1, 2}
    assert (pairs["ssa"] > 0).all()
    losses = history.stream_table().groupby("modality")["loss"]
    assert (losses.last() < losses.first()).all()


def test_every_kind_of_output_is_the_same_training():
    class Tuple(Tokens):
        def forward(self, x):
            logits, features = super().forward(x).values()
            return logits, features.mT

    class Stream(Tuple):
        def forward(self, x):
            return StreamOutput(*super().forward(x))

    found = []
    for kind, wrap in ((Tokens, True), (Tuple, False), (Stream, False)):
        torch.manual_seed(0)
        nets = {"rgb": kind(3), "depth": kind(1)}
        if wrap:
            nets = {m: WithFeatures(n, positions_first=True) for m, n in nets.items()}
        found.append(mmtlib.fit(nets, loader(), ssa_weight=10.0, **OPTIONS).pairs)
    assert found[0] == found[1] == found[2]


def test_a_hooked_layer_is_what_is_compared():
    net = Plain(1)
    x = torch.randn(2, 1, 4, 8, 8)
    output = WithFeatures(net, "body")(x)
    torch.testing.assert_close(output.features, net.body(x))
    torch.testing.assert_close(output.logits, net(x))
    with pytest.raises(ConfigError, match="no layer 'bodi'; it begins with: body, head"):
        WithFeatures(net, "bodi")


def test_a_plain_loop_with_hooked_features():
    nets = networks()
    frames, labels = next(iter(loader()))
    outputs = {m: net(frames[m]) for m, net in nets.items()}
    mtut_objective(outputs, labels, ssa_weight=10.0, ssa_reduction="mean").total.backward()
    assert all(p.grad is not None for net in nets.values() for p in net.parameters())


def test_the_same_seed_is_the_same_training_and_a_killed_one_goes_on(tmp_path):
    class Killed(Callback):
        def on_epoch(self, training):
            if training.epoch == 2:
                raise KeyboardInterrupt

    whole = mmtlib.fit(nets := networks(), loader(shuffle=True), **OPTIONS)
    state = {"state_file": tmp_path / "state.pt"}
    with pytest.raises(KeyboardInterrupt):
        mmtlib.fit(networks(), loader(shuffle=True), callbacks=[Killed()], **state, **OPTIONS)
    again = networks(seed=5)
    rest = mmtlib.fit(again, loader(shuffle=True), **state, **OPTIONS)
    assert rest == whole
    for name, net in nets.items():
        for a, b in zip(net.parameters(), again[name].parameters(), strict=True):
            assert torch.equal(a, b)
    with pytest.raises(CheckpointError, match="another run"):
        mmtlib.fit(networks(), loader(), identity="b", **state, **OPTIONS)


def test_callbacks_see_steps_epochs_and_the_end_and_may_stop():
    seen = []

    class Watcher(Callback):
        def on_step(self, training):
            assert training.loss.total.isfinite()
            assert training.outputs["rgb"].logits.shape == (4, 3)
            seen.append(("step", training.epoch, training.step))

        def on_epoch(self, training):
            seen.append(("epoch", training.epoch))
            training.stop = training.epoch == 2

        def on_end(self, training):
            seen.append(("end", training.epoch))

    told = []
    progress = EpochProgress(lambda done, epochs, _: told.append((done, epochs)))
    mmtlib.fit(networks(), loader(), callbacks=[Watcher(), progress], **OPTIONS)
    steps = [("step", e, s) for e in (0, 1) for s in (1, 2, 3)]
    assert seen == [*steps[:3], ("epoch", 1), *steps[3:], ("epoch", 2), ("end", 2)]
    assert told == [(1, 3), (2, 3)]


def test_csv_log(tmp_path):
    mmtlib.fit(networks(), loader(), callbacks=[make_logger("csv", tmp_path)], **OPTIONS)
    with open(tmp_path / "log" / "metrics.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["1", "2", "3"]
    assert float(rows[-1]["train/rgb accuracy"]) >= 0
    assert rows[-1]["rho/rgb from depth"] != ""


def test_distillation_needs_its_teacher():
    kd = {"method": "kd", "teacher": "depth"}
    with pytest.raises(ConfigError, match="learn from frozen ones here: give them"):
        mmtlib.fit(networks(), loader(), **kd, **OPTIONS)
    nets = networks()
    teacher = StreamSet({"depth": nets.pop("depth")})
    before = [p.clone() for p in teacher.parameters()]
    history = mmtlib.fit(nets, loader(), teachers=teacher, **kd, **OPTIONS)
    assert set(history.pair_table()["teacher"]) == {"depth"}
    assert all(torch.equal(a, b) for a, b in zip(before, teacher.parameters(), strict=True))


def test_what_does_not_fit_is_said():
    with pytest.raises(ConfigError, match=r"Unknown setting 'epoch'.*Did you mean 'epochs'"):
        mmtlib.fit(networks(), loader(), epoch=3)
    with pytest.raises(ConfigError, match="epochs must be in"):
        mmtlib.fit(networks(), loader(), epochs=0)
    with pytest.raises(DataError, match="'rgb' returned a Tensor; expected StreamOutput"):
        mmtlib.fit({"rgb": Plain(3)}, loader(), **OPTIONS)
    with pytest.raises(DataError, match="The loader gave a Tensor; expected ClipBatch"):
        ClipBatch.of(torch.zeros(3))
    rgb_only = DataLoader([({"rgb": f["rgb"]}, y) for f, y in clips()], batch_size=4)
    with pytest.raises(DataError, match="The networks need rgb, depth; the batch lacks depth"):
        mmtlib.fit(networks(), rgb_only, **OPTIONS)


def test_a_transfer_that_outgrows_the_classification_loss_is_stopped():
    options = {"epochs": 8, "focal": False, "ssa_start_epoch": 0, "ssa_weight": 1e8}
    with pytest.raises(ConfigError, match="it ruins the network; lower ssa_weight"):
        mmtlib.fit(networks(), loader(), **options)
    history = mmtlib.fit(networks(), loader(), guard="off", **options)
    assert history.stream_table()["epoch"].max() == 7
