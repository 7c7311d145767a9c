"""The settings of a training by itself, whatever is trained on what."""

from __future__ import annotations

from dataclasses import dataclass

from mmtlib.config.optimiser_settings import OptimiserSettings
from mmtlib.config.transfer_settings import TransferSettings


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(OptimiserSettings, TransferSettings):
    """How long and in what steps, and what networks learn from each other."""
