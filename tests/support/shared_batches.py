"""Train two small networks with every batch shared by N processes; run as a script by the tests.

    python tests/support/shared_batches.py N OUT

writes a folder for each of `CASES` into OUT. Without batch normalisation, so that N must not change
anything but rounding.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from lightning_fabric import Fabric
from safetensors.torch import save_file
from torch import Tensor, nn

from mmtlib.config import ExperimentConfig
from mmtlib.core.outputs import StreamOutput
from mmtlib.core.seeding import scoped_seed
from mmtlib.experiment import launch, make_fabric
from mmtlib.models import StreamSet
from mmtlib.training import EpochBatches, fit, make_loader
from mmtlib.transforms import RandomShift

sys.path.insert(0, str(Path(__file__).parents[1]))
from support.tiny_runs import RandomClips

CASES = (("clip", "mtut"), ("batch", "mtut"), ("batch", "dml"))
"""(rho of each clip or of the batch, method)."""


class PlainNetwork(nn.Module):
    """Two convolutions and a linear layer."""

    def __init__(self, in_channels: int, width: int) -> None:
        super().__init__()
        self.first = nn.Conv3d(in_channels, width, 3, stride=2, padding=1)
        self.second = nn.Conv3d(width, width, 3, stride=2, padding=1)
        self.linear = nn.Linear(width, 3)

    def forward(self, x: Tensor) -> StreamOutput:
        features = self.second(torch.relu(self.first(x)))
        return StreamOutput(self.linear(features.relu().mean((2, 3, 4))), features)


def train(fabric: Fabric, rho_per: str, method: str, out: Path) -> None:
    """Train, and write weights and history into the folder `out`."""
    config = ExperimentConfig.make(
        modalities=("rgb", "depth"), preset="tiny", rho_per=rho_per, batch_size=8, epochs=3,
        ssa_start_epoch=1, learning_rate=0.01, gradient_clip=1.0, method=method,
    )  # fmt: skip
    with scoped_seed("weights"):
        networks = {"rgb": PlainNetwork(3, 8), "depth": PlainNetwork(1, 6)}
    order = EpochBatches(24, 8, 0, rank=fabric.global_rank, world=fabric.world_size)
    loader = make_loader(RandomClips(24), RandomShift(pixels=1), order)
    streams = StreamSet(networks)
    history = fit(streams, loader, settings=config, transfer=config.transfer, fabric=fabric)
    if fabric.is_global_zero:
        out.mkdir()
        save_file(streams.state_dict(), out / "weights.safetensors")
        rows = {"streams": history.streams, "pairs": history.pairs}
        (out / "history.json").write_text(json.dumps(rows))


def train_all(processes: int, out: Path) -> None:
    """Train every case with batches shared by so many processes."""
    torch.set_num_threads(1)
    fabric = make_fabric("cpu", "float32", devices=processes)
    launch(fabric)
    for rho_per, method in CASES:
        train(fabric, rho_per, method, out / f"{rho_per}-{method}")


if __name__ == "__main__":
    train_all(int(sys.argv[1]), Path(sys.argv[2]))
