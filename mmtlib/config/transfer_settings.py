"""Settings of transfer: what networks learn from each other, how strongly, and from when on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mmtlib.config.declare import SettingsGroup, setting
from mmtlib.config.methods import CONTROLS, METHODS, HasTransfer
from mmtlib.core.modalities import MODALITIES


def _transfers(config: HasTransfer) -> bool:
    return bool(config.transfer.pairs)


def _aligns(config: HasTransfer) -> bool:
    return _transfers(config) and config.transfer.method.aligning


def _uses_rho(config: HasTransfer) -> bool:
    return _transfers(config) and config.transfer.method.rho


def _focal(config: HasTransfer) -> bool:
    return _uses_rho(config) and config.transfer.focal


def _constant(config: HasTransfer) -> bool:
    return _uses_rho(config) and not config.transfer.focal


def _rival(config: HasTransfer) -> bool:
    return _transfers(config) and not config.transfer.by_ssa_weight


def _by_ssa_weight(config: HasTransfer) -> bool:
    return _transfers(config) and config.transfer.by_ssa_weight


def _reads_temperature(config: HasTransfer) -> bool:
    return _transfers(config) and config.transfer.reads("temperature")


@dataclass(frozen=True, kw_only=True)
class TransferSettings(SettingsGroup):
    """What a network learns from another one; of no influence where there is no transfer."""

    GROUP: ClassVar[str] = "transfer"

    method: str = setting(
        "mtut", title="method", choices=METHODS, counts=_transfers, unless_default=True,
        offered=True,
        help="What networks learn from each other: SSA, one-way SSA from the teacher, "
        "distillation of a teacher trained first, ..., or package.module:name.",
    )  # fmt: skip
    teacher: str | None = setting(
        None, title="teacher", choices=MODALITIES, open_ended=True, counts=_transfers,
        unless_default=True,
        offered=True, help="The modality that the others learn from.",
    )  # fmt: skip
    ssa_weight: float = setting(
        10.0, title="SSA weight", low=0, counts=_by_ssa_weight,
        offered=("0", "1", "3", "10", "30", "100"),
        help="lambda, the weight of SSA; 0 trains every network alone.",
    )  # fmt: skip
    ssa_reduction: str = setting(
        "mean", title="reduction", choices=("mean", "sum"), counts=_aligns,
        help="Mean over the d x d entries of the maps, or their sum (the paper).",
    )  # fmt: skip
    normalize: str = setting(
        "position", title="normalisation", choices=("position", "centred"), counts=_aligns,
        help="How features are normalised before they are correlated.",
    )  # fmt: skip
    focal: bool = setting(
        True, title="focal regularization", counts=_uses_rho, offered=True,
        help="Weight by the focal regularization parameter rho, or by rho_constant.",
    )  # fmt: skip
    beta: float = setting(
        2.0, title="beta", low=0, counts=_focal, offered=("0.5", "1", "2", "4"),
        help="Steepness of rho.",
    )  # fmt: skip
    rho_per: str = setting(
        "batch", title="rho per", choices=("clip", "batch"), counts=_focal,
        help="rho from the losses of each clip, or from their means over the batch.",
    )  # fmt: skip
    rho_constant: float = setting(
        1.0, title="constant rho", low=0, counts=_constant, help="rho where focal is off."
    )
    rho_ceiling: float = setting(
        1e6, title="ceiling of rho", above=0, counts=_focal, unless_default=True,
        offered=("2", "6.4", "20", "1000"),
        help="Largest rho: without a low one a single clip's rho can run away.",
    )  # fmt: skip
    transfer_weight: float | None = setting(
        None, title="weight of a rival", low=0, counts=_rival,
        offered=("", "0.3", "1", "3", "10", "100", "1000"),
        help="Weight of the methods other than SSA; None = the method's own.",
    )  # fmt: skip
    temperature: float = setting(
        4.0, title="temperature", above=0, counts=_reads_temperature,
        help="Temperature of distillation.",
    )  # fmt: skip
    control: str = setting(
        "none", title="control", choices=CONTROLS, counts=_transfers, unless_default=True,
        offered=True,
        help="A training that tells transfer from mere regularisation.",
    )  # fmt: skip
    guard: str = setting(
        "stop", title="guard", choices=("stop", "warn", "off"), counts=False,
        help="What to do where the transfer outgrows the classification loss by far: stop the "
        "training, warn and go on, or nothing.",
    )  # fmt: skip
    ssa_start_epoch: int = setting(
        5, title="transfer starts at epoch", low=0, counts=_transfers,
        help="First epoch (from 0) with the whole objective, of every method.",
    )  # fmt: skip
