"""What a network may learn from another one: methods, and the controls that test them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from mmtlib.core.declared import Registry, calling_module, import_path

UNIMODAL, LATE_FUSION = "unimodal", "late_fusion"
"""Results of networks that learn from no other: of one of them, and of several together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A method of transfer, declared once.

    Attributes:
        name: the name in configs and results.
        title: what it is called wherever people read it.
        distance: what a learner is compared with in its teacher, or its import path: called with
            the `StreamOutput` of learner and teacher and the `TransferSettings`, it returns one
            value a clip ``(N,)``; with `all_pairs`, see `mmtlib.losses.objective`.
        all_pairs: whether `distance` takes all pairs of networks at once.
        weight: its `transfer_weight` where none is given, to start tuning from; None = it is
            weighted with `ssa_weight`.
        compares: ``"maps"`` (correlation maps of features), ``"features"`` or ``"logits"``; None =
            unknown, so every setting of features counts.
        reads: settings of its own that it reads, e.g. ``("temperature",)``; None = unknown, so all
            of them count.
        teacher: whether a teacher is ``"needed"``, ``"optional"`` or ``"none"`` is taken.
        rho: whether rho weights it; otherwise a learner's teachers count equally.
        frozen: whether the teacher is trained alone first, and frozen.
        without_focal: name and title of its results with a constant instead of focal's rho, where
            they count as another method.
    """

    name: str
    title: str
    distance: str | Callable[..., Any]
    all_pairs: bool = False
    weight: float | None = 1.0
    compares: Literal["maps", "features", "logits"] | None = None
    reads: tuple[str, ...] | None = None
    teacher: Literal["needed", "optional", "none"] = "optional"
    rho: bool = False
    frozen: bool = False
    without_focal: tuple[str, str] | None = None

    @property
    def aligning(self) -> bool:
        """Whether it compares correlation maps: the settings of SSA are its own."""
        return self.compares == "maps"

    def load(self) -> Callable[..., Any]:
        """Return the distance, imported now if need be."""
        return (
            import_path(self.distance, "distance")
            if isinstance(self.distance, str)
            else self.distance
        )


METHODS: Registry[Method] = Registry("method", "methods", Method)
"""All methods by name."""
_SSA = "mmtlib.losses.pair_distances:ssa_distances"
for _method in (
    Method(
        name="mtut", title="SSA + focal (MTUT)", distance=_SSA, all_pairs=True, weight=None,
        compares="maps", reads=(), teacher="none", rho=True,
        without_focal=("ssa", "SSA without focal"),
    ),
    Method(
        name="one_way", title="one-way SSA", distance=_SSA, all_pairs=True, weight=None,
        compares="maps", reads=(), teacher="needed", rho=True,
    ),
    Method(
        name="kd", title="distillation",
        distance="mmtlib.losses.distillation:distillation_distance",
        compares="logits", reads=("temperature",), teacher="needed", frozen=True,
    ),
    # Its weight is as published; those of the other rivals are ours.
    Method(
        name="dml", title="mutual learning",
        distance="mmtlib.losses.mutual_learning:mutual_learning_distance",
        compares="logits", reads=(), teacher="none",
    ),
    Method(
        name="attention", title="attention transfer",
        distance="mmtlib.losses.attention_transfer:attention_transfer_distance",
        compares="features", reads=(),
    ),
    # The 3000 of Tian, Krishnan and Isola 2020 (arXiv 1910.10699) outweighs the classification of
    # our clips.
    Method(
        name="similarity", title="similarity-preserving", weight=100.0,
        distance="mmtlib.losses.similarity_preserving:similarity_preserving_distance",
        compares="features", reads=(),
    ),
):  # fmt: skip
    METHODS.register(_method)


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A training that tells transfer from mere regularisation, declared once.

    Attributes:
        name: the name in configs and results.
        title: what it is called wherever people read it.
        teacher_clips: which clip of the batch a teacher has seen instead of the learner's, or its
            import path: called as ``(batch, seed_parts)``, see `mmtlib.training.other_clips`;
            None = the same.
        frozen_random: whether teachers keep their first random weights.
        second_network: whether every network learns from a second one of its own modality, and
            conversely.
    """

    name: str
    title: str
    teacher_clips: str | Callable[..., Any] | None = None
    frozen_random: bool = False
    second_network: bool = False

    def load(self) -> Callable[..., Any] | None:
        """Return `teacher_clips`, imported now if need be."""
        if isinstance(self.teacher_clips, str):
            return import_path(self.teacher_clips, "control")
        return self.teacher_clips


CONTROLS: Registry[Control] = Registry("control", "controls", Control)
"""All controls by name."""
_OTHER = "mmtlib.training.other_clips"
for _control in (
    Control(name="none", title="no control"),
    Control(
        name="other_clip_same_class",
        title="another clip, same class",
        teacher_clips=f"{_OTHER}:of_same_class",
    ),
    Control(
        name="other_clip_other_class",
        title="another clip, other class",
        teacher_clips=f"{_OTHER}:of_other_class",
    ),
    Control(name="frozen_random", title="frozen random teacher", frozen_random=True),
    Control(name="same_modality", title="second network of the same modality", second_network=True),
):
    CONTROLS.register(_control)


def register_method(method: Method) -> Method:
    """Make a method of your own known by its name, and return it.

    Raises:
        ConfigError: if the package has a method of that name.
    """
    return METHODS.register(method, calling_module())


def register_control(control: Control) -> Control:
    """Make a control of your own known by its name, and return it.

    Raises:
        ConfigError: if the package has a control of that name.
    """
    return CONTROLS.register(control, calling_module())


def method_titles() -> dict[str, str]:
    """Return code of a result's method -> title, those of networks trained alone included."""
    titles = {UNIMODAL: "trained alone", LATE_FUSION: "late fusion"}
    for method in METHODS.values():
        titles[method.name] = method.title
        if method.without_focal is not None:
            titles |= dict([method.without_focal])
    return titles


class TransferFacts(Protocol):
    """What decides which settings of transfer count (`mmtlib.config.Transfer`)."""

    pairs: tuple[tuple[str, str], ...]
    method: Method

    @property
    def focal(self) -> bool:
        """Whether focal regularization weights it."""
        ...

    @property
    def by_ssa_weight(self) -> bool:
        """Whether the weight is that of SSA."""
        ...

    def reads(self, setting: str) -> bool:
        """Return whether the method reads a setting."""
        ...


class HasTransfer(Protocol):
    """A config, for the conditions on which its settings count."""

    @property
    def transfer(self) -> TransferFacts:
        """Who learns from whom."""
        ...
