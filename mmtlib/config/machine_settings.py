"""Settings of the machine: where and how fast, not what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mmtlib.config.declare import SettingsGroup, setting


def _shared(config: MachineSettings) -> bool:
    return config.devices * config.nodes > 1


@dataclass(frozen=True, kw_only=True)
class MachineSettings(SettingsGroup):
    """On which device, in how many processes. Device kind and precision count as resolved."""

    GROUP: ClassVar[str] = "machine"

    precision: str = setting(
        "auto", title="precision", choices=("auto", "float32", "bf16"), counts=False,
        help="Precision of the arithmetic.",
    )  # fmt: skip
    device: str = setting(
        "auto", title="device", choices=("auto", "cpu", "cuda"), counts=False, help="Device."
    )
    compile: bool = setting(
        False, title="compiled", help="Translate networks with torch.compile first (minutes)."
    )
    recompute: bool = setting(
        False, title="recompute", counts=False,
        help="Save memory by working activations out twice.",
    )  # fmt: skip
    threads: int = setting(
        1, title="threads", low=0, high=1024,
        help="Processor threads of the training; fixed, as another number gives other bits; 0 = "
        "all.",
    )  # fmt: skip
    workers: int = setting(
        0,
        title="workers",
        low=0,
        high=1024,
        counts=False,
        help="Processes that load clips; 0 = none.",
    )
    devices: int = setting(
        1, title="devices", low=1, high=1024, counts=_shared,
        help="GPUs (on a CPU: processes) of each computer that share every batch.",
    )  # fmt: skip
    nodes: int = setting(
        1,
        title="computers",
        low=1,
        high=100_000,
        counts=_shared,
        help="Computers, under torchrun or Slurm.",
    )
    sync_batchnorm: bool = setting(
        False, title="synchronised batch normalisation", counts=_shared,
        help="Batch normalisation over the whole batch instead of each process's part (GPUs).",
    )  # fmt: skip
    log: str | None = setting(
        None, title="log", choices=("csv", "tensorboard"), counts=False,
        help="Write what each epoch measured into the run's folder, besides its history.",
    )  # fmt: skip
    # The code of what they register counts by its fingerprint.
    plugins: tuple[str, ...] = setting(
        (), title="plugins", counts=False,
        help="Modules imported first, which register networks, modalities, ... of your own.",
    )  # fmt: skip
