"""Who learns from whom: what a config's method, teacher and control come to."""

from __future__ import annotations

from itertools import permutations
from typing import Any

from mmtlib.config.recipes import TRANSFER_WEIGHTS
from mmtlib.core.errors import ConfigError, unknown_name
from mmtlib.core.modalities import second_network

METHODS = ("mtut", "one_way", "kd", "dml", "attention", "similarity")
"""What a network learns from another one, see `mmtlib.losses.transfer_objective`."""
CONTROLS = (
    "none", "other_clip_same_class", "other_clip_other_class", "frozen_random", "same_modality",
)  # fmt: skip
"""What tells transfer from mere regularisation, see `ExperimentConfig`."""
ALIGNING = ("mtut", "one_way")
"""Methods whose transfer term is SSA; the settings of SSA are theirs alone."""
COMPARING_FEATURES = (*ALIGNING, "attention", "similarity")
TAUGHT = ("one_way", "kd")
"""Methods that need a teacher."""
MUTUAL = ("mtut", "dml")
"""Methods that take none."""


def transfer_weight(config: Any) -> float:
    """Return the weight of the transfer term: `ssa_weight`, or that of the method."""
    if config.method in ALIGNING:
        return config.ssa_weight
    given = config.transfer_weight
    return TRANSFER_WEIGHTS[config.method] if given is None else given


def transfer_pairs(config: Any) -> tuple[tuple[str, str], ...]:
    """Return (learner, teacher) by the names of their networks; nothing where there is no transfer.

    With the control ``same_modality`` they are the two networks of each modality, both ways.
    """
    if transfer_weight(config) == 0:
        return ()
    if config.control == "same_modality":
        both = [(m, second_network(m)) for m in config.modalities]
        return tuple(pair for m, n in both for pair in ((m, n), (n, m)))
    everyone = permutations(config.modalities, 2)
    return tuple(pair for pair in everyone if config.teacher in (None, pair[1]))


def method_name(config: Any, *, fused: bool = False) -> str:
    """Return the name of the method that a result belongs to.

    * ``"unimodal"``: networks that do not learn from each other (one of them, or weight 0);
    * ``"late_fusion"``: the mean of the scores of several such networks;
    * ``"mtut"``: alignment with the focal regularization parameter, fused or not;
    * ``"ssa"``: alignment with a constant instead of it;
    * the other `METHODS` by their own names.

    Args:
        config: the settings.
        fused: whether it is the result of all networks together.
    """
    if not transfer_pairs(config):
        return "late_fusion" if fused else "unimodal"
    return "ssa" if config.method == "mtut" and not config.focal else config.method


def trained_networks(config: Any) -> tuple[str, ...]:
    """Return the names of the networks that are trained, those of the modalities first."""
    pairs = transfer_pairs(config)
    if config.method == "kd" and pairs:
        return tuple(m for m in config.modalities if m != config.teacher)
    return tuple(dict.fromkeys((*config.modalities, *(learner for learner, _ in pairs))))


def frozen_networks(config: Any) -> tuple[str, ...]:
    """Return the modalities whose teachers are other, frozen networks."""
    if config.method != "kd" and config.control != "frozen_random":
        return ()
    return tuple(dict.fromkeys(teacher for _, teacher in transfer_pairs(config)))


def check_transfer(config: Any) -> None:
    """Raise a `ConfigError` where method, teacher and control do not fit together."""
    method, teacher, control = config.method, config.teacher, config.control
    names = ", ".join(config.modalities)
    if method in TAUGHT and teacher is None:
        raise ConfigError(
            f"method={method!r} needs a teacher: set teacher to the modality that the others learn "
            f"from, one of {names}."
        )
    if method in MUTUAL and teacher is not None:
        raise ConfigError(
            f"method={method!r} takes no teacher, as every network learns from every other one; "
            "leave teacher out, or take method='one_way'."
        )
    if teacher is not None and teacher not in config.modalities:
        raise unknown_name("teacher", teacher, config.modalities)
    if control == "same_modality":
        if teacher is not None:
            raise ConfigError(
                "control='same_modality' gives every network a second one of its own modality to "
                "learn from; leave teacher out, with a method that needs none."
            )
    elif len(config.modalities) < 2 and (method, control) != ("mtut", "none"):
        raise ConfigError(
            f"method={method!r} with control={control!r} needs two modalities or more, got {names}."
        )
    if method in ALIGNING and config.transfer_weight is not None:
        raise ConfigError(
            f"method={method!r} is weighted with ssa_weight; transfer_weight is a setting of "
            f"{', '.join(TRANSFER_WEIGHTS)}."
        )
