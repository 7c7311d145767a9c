"""What a training will cost, before it is begun: operations, memory, and time on this device."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch.utils.flop_counter import FlopCounterMode

from mmtlib.config import ExperimentConfig
from mmtlib.core.compute import threads
from mmtlib.core.modalities import get_modality, modality_of
from mmtlib.experiment.machine import build_network, make_fabric, resolve_device
from mmtlib.experiment.plan import plan_training
from mmtlib.models import channels_last, staged

BYTES_PER_PARAMETER = {"sgd": 12, "adamw": 16}
"""float32 weight and gradient, and one (momentum) or two (moments) values of the optimizer."""
PROBE_FLOPS = {"cpu": 2e10, "cuda": 5e12}
"""Operations wanted in the trial step that the speed of the device is measured with."""
PROBE_SHAPES = ((16, 32, 32), (16, 64, 64), (16, 112, 112))
"""T, H, W of the trial's clips where the real ones are larger."""
Shape = tuple[int, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingCost:
    """An estimate; memory and time of the data and of the alignment loss are not in it.

    Attributes:
        flops: floating-point operations of one clip, forward and backward, all networks together
            (a multiplication and an addition count as two); frozen teachers forward only.
        state_bytes: weights, gradients and the optimizer's state.
        activation_bytes: what one clip leaves for the backward pass, all networks together.
        batch_bytes: the same for the clips that a device works on at a time.
        flops_per_second: measured on this device with a trial step of a smaller clip.
        seconds: the whole training, classification and alignment phase.
    """

    flops: float
    state_bytes: float
    activation_bytes: float
    batch_bytes: float
    flops_per_second: float
    seconds: float


def estimate_cost(config: ExperimentConfig, clips: int) -> TrainingCost:
    """Return what training on so many clips is going to take on this computer.

    The operations are counted on tensors without data. The speed is measured with a trial step of
    the same network on the largest clip that takes a second or so; real steps differ from it by
    tens of percent.

    Args:
        config: the settings.
        clips: training clips of an epoch.

    The training of a teacher (distillation) is a run of its own and not in it.

    Raises:
        ConfigError: if a name is unknown or the clips are too short for the network.
    """
    plan = plan_training(config)
    device, precision = resolve_device(config)
    trained = config.transfer.trained
    flops = sum(_count(config, name, plan.clip) for name in trained)
    # Backwards is twice the work of forwards.
    flops += sum(_count(config, name, plan.clip) / 3 for name in config.transfer.frozen)
    activations = sum(_saved_bytes(config, name, plan.clip) for name in trained)
    if precision == "bf16":
        activations /= 2
    share = config.batch_size / (config.devices * config.nodes * config.accumulate)
    speed = _measure_speed(config, plan.clip, device, precision)
    # Recomputing runs the forward pass, a third of the work, once more.
    work = flops * clips * config.epochs * (4 / 3 if config.recompute else 1)
    return TrainingCost(
        flops=flops,
        state_bytes=sum(plan.parameters.values()) * BYTES_PER_PARAMETER[config.optimizer],
        activation_bytes=activations,
        batch_bytes=activations * share,
        flops_per_second=speed,
        seconds=work / speed / (config.devices * config.nodes),
    )


def _step(network: torch.nn.Module, clips: torch.Tensor) -> None:
    network(clips).logits.sum().backward()


def _clips(number: int, network: str, shape: Shape) -> torch.Tensor:
    return torch.zeros(number, get_modality(modality_of(network)).channels, *shape)


def _count(config: ExperimentConfig, name: str, shape: Shape) -> float:
    """Return the operations of one clip, forward and backward."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        _step(build_network(config, name, 2), _clips(2, name, shape))
    return counter.get_total_flops() / 2


def _saved_bytes(config: ExperimentConfig, name: str, shape: Shape) -> float:
    """Return the bytes that the forward pass of one clip keeps for the backward pass."""
    kept: dict[int, int] = {}

    def keep(x: torch.Tensor) -> torch.Tensor:
        storage = x.untyped_storage()
        kept[storage._cdata] = storage.nbytes()
        return x

    with torch.device("meta"):
        network = build_network(config, name, 2)
        if config.recompute:
            staged(network, "recompute").recompute = True
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
            outputs = network(_clips(2, name, shape))
    weights = sum(kept.get(p.untyped_storage()._cdata, 0) for p in network.parameters())
    del outputs  # kept until here: a freed storage's number would be given to another one
    return (sum(kept.values()) - weights) / 2


def _measure_speed(config: ExperimentConfig, clip: Shape, device: str, precision: str) -> float:
    """Return operations per second of forward and backward passes on one device."""
    modality, wanted = config.modalities[0], PROBE_FLOPS[device]
    config = config.replace(feature_stage=None, feature_time_pool=1)
    smaller = [s for s in PROBE_SHAPES if all(a < b for a, b in zip(s, clip, strict=True))]
    for shape in (*smaller, clip):
        flops = _count(config, modality, shape)
        if flops * 2 >= wanted:
            break
    number = min(max(2, round(wanted / flops)), max(2, config.batch_size))
    fabric = make_fabric(device, precision)
    network = fabric.to_device(channels_last(build_network(config, modality, 2)))
    clips = fabric.to_device(_clips(number, modality, shape))
    clips = clips.contiguous(memory_format=torch.channels_last_3d)
    with threads(config.threads):
        for _ in range(2):  # the first one also plans and allocates
            start = time.perf_counter()
            with fabric.autocast():
                _step(network, clips)
            if device == "cuda":
                torch.cuda.synchronize()
            seconds = time.perf_counter() - start
    return number * flops / seconds
