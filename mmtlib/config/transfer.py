"""Who learns from whom, what, and how strongly: made once from the settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

from mmtlib.config.methods import CONTROLS, LATE_FUSION, METHODS, UNIMODAL, Control, Method
from mmtlib.config.transfer_settings import TransferSettings
from mmtlib.core.errors import ConfigError, unknown_name
from mmtlib.core.modalities import second_network

Pair = tuple[str, str]
"""(learner m, teacher n), by the names of their networks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RhoRule:
    """How much a learner listens to a teacher.

    Attributes:
        scope: whose losses are compared: each ``"clip"``'s, or their means over the ``"batch"``.
        beta: steepness of the focal regularization parameter.
        ceiling: its largest value.
        constant: what is taken instead; None = the focal regularization parameter.
    """

    scope: str
    beta: float
    ceiling: float
    constant: float | None


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """The transfer between networks, for whoever trains, plans, identifies or describes a run.

    Attributes:
        names: the networks that a run is about, by modality.
        settings: what it was made from.
        method: what a learner takes from its teacher.
        control: what is done to find out whether it is transfer.
        weight: lambda of the method.
        pairs: who learns from whom; empty where there is no transfer.
    """

    names: tuple[str, ...]
    settings: TransferSettings
    method: Method
    control: Control
    weight: float
    pairs: tuple[Pair, ...]

    @classmethod
    def of(cls, settings: TransferSettings, names: Sequence[str]) -> Transfer:
        """Return the transfer of some settings between networks of these names.

        Raises:
            ConfigError: where method, teacher and control do not fit together.
        """
        method, control = METHODS[settings.method], CONTROLS[settings.control]
        _check(settings, method, control, names)
        weight = _weight(settings, method)
        pairs: list[Pair] = []
        if weight and control.second_network:
            both = [(m, second_network(m)) for m in names]
            pairs = [pair for m, n in both for pair in ((m, n), (n, m))]
        elif weight:
            pairs = [p for p in permutations(names, 2) if settings.teacher in (None, p[1])]
        return cls(
            names=tuple(names), settings=settings, method=method, control=control, weight=weight,
            pairs=tuple(pairs),
        )  # fmt: skip

    @classmethod
    def between(cls, pairs: Sequence[Pair], settings: TransferSettings) -> Transfer:
        """Return the transfer of some settings between given pairs of learner and teacher."""
        names = tuple(dict.fromkeys(learner for learner, _ in pairs))
        method = METHODS[settings.method]
        return cls(
            names=names, settings=settings, method=method, control=CONTROLS[settings.control],
            weight=_weight(settings, method), pairs=tuple(pairs),
        )  # fmt: skip

    @property
    def aligns(self) -> bool:
        """Whether networks are aligned by SSA."""
        return bool(self.pairs) and self.method.aligning

    @property
    def by_ssa_weight(self) -> bool:
        """Whether the weight is that of SSA, not of a rival."""
        return self.method.weight is None

    @property
    def weight_setting(self) -> str:
        """The name of the setting that the weight comes from."""
        return "ssa_weight" if self.by_ssa_weight else "transfer_weight"

    @property
    def rho(self) -> RhoRule:
        """How much a learner listens to a teacher, where the method is weighted with rho."""
        its = self.settings
        constant = None if its.focal else its.rho_constant
        return RhoRule(scope=its.rho_per, beta=its.beta, ceiling=its.rho_ceiling, constant=constant)

    @property
    def per_batch(self) -> bool:
        """Whether rho is that of the whole batch."""
        return self.method.rho and self.rho.constant is None and self.rho.scope == "batch"

    @property
    def focal(self) -> bool:
        """Whether the focal regularization parameter weights the transfer."""
        return bool(self.pairs) and self.method.rho and self.settings.focal

    @property
    def trained(self) -> tuple[str, ...]:
        """The names of the networks that are trained, those of the modalities first."""
        if self.method.frozen and self.pairs:
            return tuple(m for m in self.names if m != self.settings.teacher)
        return tuple(dict.fromkeys((*self.names, *(learner for learner, _ in self.pairs))))

    @property
    def frozen(self) -> tuple[str, ...]:
        """The modalities whose teachers are other, frozen networks."""
        if not self.method.frozen and not self.control.frozen_random:
            return ()
        return tuple(dict.fromkeys(teacher for _, teacher in self.pairs))

    @property
    def taught_first(self) -> tuple[str, ...]:
        """The modalities whose teachers are trained alone before."""
        return self.frozen if self.method.frozen and not self.control.frozen_random else ()

    def weight_in(self, epoch: int) -> float:
        """Return the weight in an epoch (from 0): nothing before the transfer starts."""
        return self.weight if epoch >= self.settings.ssa_start_epoch else 0.0

    def reads(self, setting: str) -> bool:
        """Return whether the method reads a setting that only some methods read."""
        return self.method.reads is None or setting in self.method.reads

    def code(self, *, fused: bool = False) -> str:
        """Return the method that a result belongs to, a key of `method_titles`.

        * ``"unimodal"``: networks that do not learn from each other (one of them, or weight 0);
        * ``"late_fusion"``: the mean of the probabilities of several such networks;
        * a method that counts as another one with a constant rho (``"ssa"``), by that name;
        * else the method's name.

        Args:
            fused: whether it is the result of all networks together.
        """
        if not self.pairs:
            return LATE_FUSION if fused else UNIMODAL
        if self.method.without_focal is not None and not self.settings.focal:
            return self.method.without_focal[0]
        return self.method.name

    def brief(self) -> str:
        """Return method, teacher, weight and control as a list of runs has room for; "" = none."""
        if not self.pairs:
            return ""
        teacher = () if self.settings.teacher is None else (f"from {self.settings.teacher}",)
        plain = self.method.without_focal is not None
        named = () if plain and not teacher else (" ".join((self.method.title, *teacher)),)
        focal = ("focal",) if self.focal else ()
        control = () if self.control.name == "none" else (self.control.title,)
        return ", ".join((*named, f"weight {self.weight:g}", *focal, *control))

    def describe(self) -> str:
        """Return what distinguishes the transfer from plain MTUT, in a few words; "" = nothing."""
        if not self.pairs:
            return ""
        said = []
        if not self.by_ssa_weight:
            said.append(f"{self.method.title}, weight {self.weight:.4g}")
        for name in self.method.reads or ():
            said.append(f"{name} {getattr(self.settings, name):g}")
        if self.settings.teacher is not None:
            said.append(f"from {self.settings.teacher} only")
        if self.control.name != "none":
            said.append(f"control {self.control.title}")
        return ", ".join(said)


def method_of_code(code: str) -> dict[str, str]:
    """Return the settings behind a result's method (`Transfer.code`) that tell it from others."""
    for method in METHODS.values():
        if method.without_focal is not None and code == method.without_focal[0]:
            return {"method": method.name}
    return {"method": code if code in METHODS else "mtut"}


def _weight(settings: TransferSettings, method: Method) -> float:
    if method.weight is None:
        return settings.ssa_weight
    return method.weight if settings.transfer_weight is None else settings.transfer_weight


def _check(
    settings: TransferSettings, method: Method, control: Control, names: Sequence[str]
) -> None:
    """Raise a `ConfigError` where method, teacher and control do not fit together."""
    teacher, listed = settings.teacher, ", ".join(names)
    if method.teacher == "needed" and teacher is None:
        raise ConfigError(
            f"method={method.name!r} needs a teacher: set teacher to the modality that the others "
            f"learn from, one of {listed}."
        )
    if method.teacher == "none" and teacher is not None:
        raise ConfigError(
            f"method={method.name!r} takes no teacher, as every network learns from every other "
            "one; leave teacher out, or take method='one_way'."
        )
    if teacher is not None and teacher not in names:
        raise unknown_name("teacher", teacher, names)
    if control.second_network and teacher is not None:
        raise ConfigError(
            f"control={control.name!r} gives every network a second one of its own modality to "
            "learn from; leave teacher out, with a method that needs none."
        )
    plain = (method.name, control.name) == ("mtut", "none")
    if len(names) < 2 and not plain and not control.second_network:
        raise ConfigError(
            f"method={method.name!r} with control={control.name!r} needs two modalities or more, "
            f"got {listed}."
        )
    if method.weight is None and settings.transfer_weight is not None:
        rivals = ", ".join(m.name for m in METHODS.values() if m.weight is not None)
        raise ConfigError(
            f"method={method.name!r} is weighted with ssa_weight; transfer_weight is a setting of "
            f"{rivals}."
        )
