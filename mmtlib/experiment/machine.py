"""From the names in a config to a device, a precision and networks.

Lightning Fabric is imported where it is used: it takes a second or two, which whoever only looks at
results need not wait for.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import joblib
import torch

from mmtlib.config import PRESETS, ExperimentConfig
from mmtlib.core.compute import visible_gpus
from mmtlib.core.errors import ConfigError
from mmtlib.core.worker import end_with
from mmtlib.models import build_model

if TYPE_CHECKING:
    from lightning_fabric import Fabric

SMALL_WORK = 3e7
"""Values of clips (see `training_work`) that a core trains on while a process starts."""


FIRST = "MMTLIB_FIRST_PROCESS"
"""Environment variable with the number of the process that has started those of other devices."""


def build_network(config: ExperimentConfig, modality: str, classes: int) -> torch.nn.Module:
    """Return a new network.

    Args:
        config: for the network's name, its settings and the seed.
        modality: what it will see.
        classes: K, the number of classes.

    Raises:
        ConfigError: if the network or a stage is unknown.
    """
    return build_model(
        config.network,
        modality,
        num_classes=classes,
        feature_stage=config.feature_stage,
        feature_time_pool=config.feature_time_pool,
        dropout=config.dropout,
        seed=config.seed,
    )


def resolve_device(config: ExperimentConfig) -> tuple[str, str]:
    """Return the device kind and the precision that ``"auto"`` stands for on this machine.

    On a GPU: bf16 where it has it. On a CPU: float32, as bf16 pays only on large networks and
    processors with matrix units (choose it with ``precision="bf16"``). Where a CPU only imitates
    bf16 it is refused: oneDNN then gives wrong gradients of 3x3x3 convolutions on small grids.

    Raises:
        ConfigError: if a GPU, or bf16 on a CPU, is asked for and there is none.
    """
    device = config.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise ConfigError("device='cuda', but torch sees no GPU here; use device='cpu' or 'auto'.")
    precision = config.precision
    if precision == "auto":
        precision = "bf16" if device == "cuda" and torch.cuda.is_bf16_supported() else "float32"
    if config.sync_batchnorm and device == "cpu":
        raise ConfigError("sync_batchnorm works between GPUs only; leave it out on a CPU.")
    if precision == "bf16" and device == "cpu" and not torch.cpu._is_avx512_bf16_supported():
        raise ConfigError(
            "precision='bf16', but this processor has no bf16 arithmetic; use 'float32' or 'auto'."
        )
    return device, precision


def processes_for(
    configs: Sequence[ExperimentConfig], workers: int | None = None
) -> tuple[int, tuple[str, ...]]:
    """Return how many processes run these configs side by side here, and the GPUs they share.

    Args:
        configs: what will be run; the GPUs are left alone if all want the CPU.
        workers: processes; default one per GPU, else one per core, but one alone for trainings
            that are over before a process has started; never more than configs.

    Raises:
        ConfigError: if `workers` is below 1.
    """
    if workers is not None and workers < 1:
        raise ConfigError(f"workers must be at least 1, got {workers}.")
    gpus = visible_gpus() if any(config.device != "cpu" for config in configs) else ()
    known = all(config.dataset == "synthetic" for config in configs)
    if workers is None and not gpus and known and sum(map(training_work, configs)) < SMALL_WORK:
        workers = 1
    return min(workers or len(gpus) or joblib.cpu_count(), len(configs)), gpus


def training_work(config: ExperimentConfig) -> float:
    """Return how many values of clips a training reads in all, to compare how long it takes.

    Of data sets whose size is not known without looking, one clip an epoch.
    """
    preset = PRESETS.get(config.preset)
    values = preset.frames * preset.size**2 if preset else 1
    clips = preset.clips["train"] if preset and config.dataset == "synthetic" else 1
    return float(values * clips * config.epochs * len(config.modalities))


def make_fabric(device: str, precision: str, *, devices: int = 1, nodes: int = 1) -> Fabric:
    """Return a Fabric of this kind of device and precision.

    With more than one device `launch` then starts the other processes, each of which runs the same
    command again; under ``torchrun`` or Slurm they have been started already.

    Args:
        device: ``"cpu"`` or ``"cuda"``.
        precision: ``"float32"`` or ``"bf16"``.
        devices: GPUs, or on a CPU processes, of each computer.
        nodes: computers.

    Raises:
        ConfigError: if there are fewer GPUs, or several are asked for in a notebook.
    """
    from lightning_fabric import Fabric

    # They would tell precision and processes on standard error: only progress and errors belong
    # there.
    for name in ("rank_zero", "distributed"):
        logging.getLogger(f"lightning_fabric.utilities.{name}").setLevel(logging.WARNING)
    kinds: dict[str, Literal["32-true", "bf16-mixed"]]
    kinds = {"float32": "32-true", "bf16": "bf16-mixed"}
    if devices * nodes == 1:
        return Fabric(accelerator=device, devices=1, precision=kinds[precision])
    if hasattr(sys, "ps1") or sys.argv[0] in ("", "-", "-c"):
        raise ConfigError(
            "Several devices need one process each, which a notebook cannot start, nor "
            "`python -c`: use `mmt train --devices N` (or a script); the stored run can then be "
            "loaded here."
        )
    if device == "cuda" and torch.cuda.device_count() < devices:
        raise ConfigError(f"devices={devices}, but torch sees {torch.cuda.device_count()} GPUs.")
    # Of 1x1x1 kernels, whose strides have no meaning; the gradients are right.
    warnings.filterwarnings("ignore", message="Grad strides do not match bucket view strides")
    return Fabric(
        accelerator=device,
        devices=devices,
        num_nodes=nodes,
        strategy="ddp",
        precision=kinds[precision],
    )


def launch(fabric: Fabric) -> None:
    """Start the other processes of a Fabric, if it has any; see to it that they end in order."""
    if int(os.environ.get("LOCAL_RANK", 0)):
        end_with(int(os.environ.get(FIRST, os.getppid())))
    else:
        os.environ[FIRST] = str(os.getpid())
    fabric.launch()
    if fabric.world_size > 1:
        atexit.register(_leave)


def _leave() -> None:
    """End the talk between processes: its threads must not be alive when Python ends."""
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def is_first_process() -> bool:
    """Return whether this is the one of several training processes that reports and writes."""
    from lightning_fabric.utilities.rank_zero import rank_zero_only

    return rank_zero_only.rank == 0  # type: ignore[attr-defined]  # set on the function
