"""What a config comes to, without training: sizes, and what networks learn from each other."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from mmtlib.config import ExperimentConfig
from mmtlib.core.modalities import get_modality, modality_of
from mmtlib.experiment.data import class_names
from mmtlib.experiment.machine import build_network
from mmtlib.losses import equivalent_weight
from mmtlib.synthetic import get_preset


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """The sizes that follow from a config.

    Attributes:
        clip: T, H, W of the clips that enter the networks.
        grid: T, H, W of the features that are compared; d is their product.
        parameters: name of a trained network (modality) -> number of its parameters.
        weights: the weight of SSA for the "sum" and for the "mean" over the d x d entries; None
            where there is no alignment (one network, weight 0, or another method).
        transfer: what else there is to say about method, teacher and control, or None.
    """

    clip: tuple[int, int, int]
    grid: tuple[int, int, int]
    parameters: dict[str, int]
    weights: tuple[float, float] | None
    transfer: str | None

    @property
    def positions(self) -> int:
        """d, the number of positions of a feature map."""
        return self.grid[0] * self.grid[1] * self.grid[2]

    @property
    def weight_line(self) -> str:
        """One line on the transfer; a weight of SSA means nothing without its reduction and d."""
        if self.weights is None:
            return self.transfer or "no alignment: every network is trained by itself"
        total, mean = self.weights
        grid = " x ".join(map(str, self.grid))
        line = (
            f"SSA weight {mean:.4g} on the mean = {total:.4g} on the sum of the squared map "
            f"differences, d = {self.positions} ({grid})"
        )
        return f"{line}, {self.transfer}" if self.transfer else line


def plan_training(config: ExperimentConfig) -> TrainingPlan:
    """Return what a config comes to; nothing is allocated, read or trained.

    Raises:
        ConfigError: if a network, stage or preset is unknown, or the clips are too short for it.
    """
    preset = get_preset(config.preset)
    classes = len(class_names(config))
    clip = (preset.frames, preset.size, preset.size)
    parameters, grid = {}, clip
    with torch.device("meta"), torch.no_grad():
        for name in config.transfer.trained:
            network = build_network(config, name, classes).eval()
            parameters[name] = sum(p.numel() for p in network.parameters())
            channels = get_modality(modality_of(name)).channels
            grid = tuple(network(torch.empty(1, channels, *clip)).features.shape[2:])
    d = grid[0] * grid[1] * grid[2]
    transfer = config.transfer
    weights = None
    if transfer.aligns:
        weights = equivalent_weight(transfer.weight, transfer.settings.ssa_reduction, d)
    return TrainingPlan(
        clip=clip,
        grid=grid,
        parameters=parameters,
        weights=weights,
        transfer=transfer.describe() or None,
    )
