"""Optimizers, and learning rates as pure functions of the step: nothing to save or restore."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import nn

from mmtlib.config.optimiser_settings import OptimiserSettings

WARM_UP = 0.15
"""Part of the steps in which the one-cycle rate rises."""
START_FACTOR, END_FACTOR = 1 / 25, 1e-5
"""The one-cycle rate at the first and the last step, as a part of the highest."""


def learning_rate(settings: OptimiserSettings, step: int, steps_per_epoch: int) -> float:
    """Return the learning rate of a step.

    ``one_cycle``: from 1/25 of the highest rate up to it over the first 15 % of the steps and down
    to almost nothing over the rest, along half cosines (Smith and Topin 2018). ``step``: the rate
    divided by ten at each of `step_epochs`.

    Args:
        settings: for `schedule`, `learning_rate`, `step_epochs` and `epochs`.
        step: from 0, over all epochs.
        steps_per_epoch: how many steps an epoch has.
    """
    if settings.schedule == "step":
        passed = sum(step >= epoch * steps_per_epoch for epoch in settings.step_epochs)
        return settings.learning_rate * 0.1**passed
    last = max(settings.epochs * steps_per_epoch - 1, 1)
    peak = WARM_UP * last
    if step < peak:
        start, end, part = START_FACTOR, 1.0, step / peak
    else:
        start, end, part = 1.0, END_FACTOR, (step - peak) / max(last - peak, 1e-9)
    return settings.learning_rate * (end + (start - end) * (1 + math.cos(math.pi * part)) / 2)


def make_optimizers(
    settings: OptimiserSettings, networks: Mapping[str, nn.Module]
) -> dict[str, torch.optim.Optimizer]:
    """Return one optimizer per network: each is stepped and clipped as if it were trained alone."""
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimizer == "adamw":
        return {
            m: torch.optim.AdamW(n.parameters(), lr=rate, weight_decay=decay)
            for m, n in networks.items()
        }
    return {
        m: torch.optim.SGD(n.parameters(), lr=rate, weight_decay=decay, momentum=settings.momentum)
        for m, n in networks.items()
    }
