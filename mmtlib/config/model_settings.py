"""Settings of the networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mmtlib.config.declare import SettingsGroup, setting
from mmtlib.config.methods import HasTransfer
from mmtlib.config.networks import NETWORKS


def _compared(config: HasTransfer) -> bool:
    """Return whether features of the networks are compared."""
    transfer = config.transfer
    return bool(transfer.pairs) and transfer.method.compares != "logits"


@dataclass(frozen=True, kw_only=True)
class ModelSettings(SettingsGroup):
    """Which network, and what it starts from."""

    GROUP: ClassVar[str] = "model"

    network: str = setting(
        "compact_i3d", title="network", choices=NETWORKS,
        help="Network of every modality, by name or package.module:Class.",
    )  # fmt: skip
    feature_stage: str | None = setting(
        None, title="aligned layer", counts=_compared,
        offered=("", "mixed_1", "mixed_2", "mixed_3"),
        help="Stage whose features are compared; None = the network's own choice.",
    )  # fmt: skip
    feature_time_pool: int | None = setting(
        None, title="steps in time averaged", low=1, counts=_compared,
        help="Steps in time averaged before features are compared; None = the network's choice.",
    )  # fmt: skip
    dropout: float | None = setting(
        0.0, title="dropout", low=0, below=1,
        help="Dropout before the classifier; None = the network's own.",
    )  # fmt: skip
    pretrained: str | None = setting(
        None, title="Kinetics checkpoint", counts=False,
        help="Kinetics checkpoint that every I3D starts from; its content counts, not its path.",
    )  # fmt: skip
    start_from: str | None = setting(
        None, title="starting run", counts=False,
        help="Stored run, by id or folder, whose networks training starts from.",
    )  # fmt: skip
    freeze_to: str | None = setting(
        None, title="frozen to", unless_default=True,
        help="Last stage that is not trained, nor those before it.",
    )  # fmt: skip
