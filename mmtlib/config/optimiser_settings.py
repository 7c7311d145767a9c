"""Settings of the optimisation: how long, in what steps, from which seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mmtlib.config.declare import SettingsGroup, setting


@dataclass(frozen=True, kw_only=True)
class OptimiserSettings(SettingsGroup):
    """How networks are trained, whatever they learn."""

    GROUP: ClassVar[str] = "optimiser"

    epochs: int = setting(
        40, title="epochs", low=1, high=1_000_000, offered=("", "3", "20", "40", "80"),
        help="Passes over the training clips.",
    )  # fmt: skip
    batch_size: int = setting(16, title="batch size", low=2, high=1_000_000, help="Clips per step.")
    accumulate: int = setting(
        1, title="parts of a batch", low=1, high=1_000_000,
        help="Parts that each process works through its share of a batch in, to save memory.",
    )  # fmt: skip
    optimizer: str = setting(
        "adamw", title="optimizer", choices=("adamw", "sgd"), help="Optimizer."
    )
    schedule: str = setting(
        "one_cycle", title="schedule", choices=("one_cycle", "step"),
        help="Learning rate: one cycle, or divided by ten at step_epochs.",
    )  # fmt: skip
    step_epochs: tuple[int, ...] = setting(
        (),
        title="steps at",
        low=0,
        high=1_000_000,
        help="Epochs at which the step schedule divides the rate by ten.",
    )
    learning_rate: float = setting(0.004, title="learning rate", low=0, help="The highest rate.")
    momentum: float = setting(0.9, title="momentum", low=0, below=1, help="Momentum of SGD.")
    weight_decay: float = setting(0.05, title="weight decay", low=0, help="Weight decay.")
    gradient_clip: float = setting(
        5.0, title="gradient clipping", low=0,
        help="Largest gradient norm of each network; 0 = no clipping.",
    )  # fmt: skip
    validate_every: int = setting(
        0, title="validate every", low=0, high=1_000_000,
        help="Epochs between measurements on validation clips; 0 = at the end only.",
    )  # fmt: skip
    seed: int = setting(
        0, title="seed", low=0, offered=("0", "1", "2", "3"),
        help="Seed of the initial weights, the order of the clips and the augmentation.",
    )  # fmt: skip
