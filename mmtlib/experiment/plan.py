"""What a config comes to, without training: sizes, and the alignment weight in both forms."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from mmtlib.config import ExperimentConfig
from mmtlib.experiment.data import class_names
from mmtlib.experiment.machine import build_network
from mmtlib.losses import equivalent_weight
from mmtlib.modalities import get_modality
from mmtlib.synthetic import get_preset


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """The sizes that follow from a config.

    Attributes:
        clip: T, H, W of the clips that enter the networks.
        grid: T, H, W of the features that are compared; d is their product.
        parameters: modality -> number of trained parameters.
        weights: the alignment weight for the "sum" and for the "mean" over the d x d entries;
            None where there is no alignment (one network, or weight 0).
    """

    clip: tuple[int, int, int]
    grid: tuple[int, int, int]
    parameters: dict[str, int]
    weights: tuple[float, float] | None

    @property
    def positions(self) -> int:
        """d, the number of positions of a feature map."""
        return self.grid[0] * self.grid[1] * self.grid[2]

    @property
    def weight_line(self) -> str:
        """One line on the alignment weight, which means nothing without its reduction and d."""
        if self.weights is None:
            return "no alignment: every network is trained by itself"
        total, mean = self.weights
        grid = " x ".join(map(str, self.grid))
        return (
            f"SSA weight {mean:.4g} on the mean = {total:.4g} on the sum of the squared map "
            f"differences, d = {self.positions} ({grid})"
        )


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
        for m in config.modalities:
            network = build_network(config, m, classes).eval()
            parameters[m] = sum(p.numel() for p in network.parameters())
            features = network(torch.empty(1, get_modality(m).channels, *clip)).features
            grid = tuple(features.shape[2:])
    aligned = len(config.modalities) > 1 and config.ssa_weight > 0
    d = grid[0] * grid[1] * grid[2]
    weights = equivalent_weight(config.ssa_weight, config.ssa_reduction, d) if aligned else None
    return TrainingPlan(clip=clip, grid=grid, parameters=parameters, weights=weights)
