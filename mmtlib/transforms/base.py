"""What every transform of a clip has in common: draw once, apply to all modalities, write it down.

A transform first draws its parameters for a clip, then applies them to every modality alike, so
that the modalities stay aligned in space and time. `apply` uses nothing but the parameters drawn,
and these are kept in the new clip's history: that is all it takes to apply them again (`replay`).
The old clip is never written to; the new one may share memory with it.
"""

from __future__ import annotations

import dataclasses
import inspect
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, replace
from functools import cache, partial
from typing import Any, ClassVar, dataclass_transform

import torch
from torch import Tensor

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import ConfigError, unknown_name
from mmtlib.core.modalities import Modality, get_modality

Params = Mapping[str, Any]
"""Parameters drawn for one clip: names to what JSON can hold (numbers, true or false, lists)."""

TRANSFORMS: dict[str, type[Transform]] = {}
"""Every transform class by its name, which is also its name in a clip's history."""


def both_ways(name: str, pairs: Iterable[Sequence[int]]) -> dict[int, int]:
    """Return label -> partner, both ways, from pairs of labels that change places.

    Raises:
        ConfigError: if a label has two partners.
    """
    partners: dict[int, int] = {}
    for a, b in pairs:
        for label, partner in ((a, b), (b, a)):
            if partners.setdefault(label, partner) != partner:
                raise ConfigError(
                    f"{name}: label {label} has two partners, {partners[label]} and {partner}; "
                    "name one."
                )
    return partners


def argument(check: Callable[[str, Any], Any], *, default: Any = MISSING) -> Any:
    """Declare an argument of a transform.

    Args:
        check: from what it is called in messages and the value given to the value kept; raises a
            `ConfigError` for one that will not do.
        default: the value where none is given.
    """
    return dataclasses.field(default=default, metadata={"check": check})


def whole(*, at_least: int) -> Any:
    """Declare a whole number."""

    def check(name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
            wanted = f"a whole number of at least {at_least}"
            raise ConfigError(f"{name}: expected {wanted}, got {value!r}.")
        return value

    return argument(check)


def amount(*, low: float = 0, high: float = math.inf, default: Any = MISSING) -> Any:
    """Declare a number from `low` to `high`, both included."""
    return argument(partial(_check_number, low, high), default=default)


def span(*, high: float = math.inf, default: Any = MISSING) -> Any:
    """Declare a pair (lowest, highest), both above 0 and at most `high`."""

    def check(name: str, value: Any) -> tuple[float, float]:
        pair = tuple(value) if isinstance(value, list | tuple) else ()
        ends = [_check_number(0, high, name, end) for end in pair]
        if len(ends) != 2 or not 0 < ends[0] <= ends[1]:
            raise ConfigError(f"{name}: expected (lowest, highest), both above 0, got {value!r}.")
        return ends[0], ends[1]

    return argument(check, default=default)


def pairs() -> Any:
    """Declare label -> label: labels that change places, each pair named once."""

    def check(name: str, value: Any) -> dict[int, int]:
        both_ways(name, value.items())  # or is refused
        return dict(value)

    return argument(check)


def _check_number(low: float, high: float, name: str, value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (number and low <= value <= high and value < math.inf):
        wanted = f"in [{low}, {high}]" if high < math.inf else f"of at least {low}"
        raise ConfigError(f"{name}: expected a number {wanted}, got {value!r}.")
    return value


@dataclass_transform(
    kw_only_default=True, eq_default=False, field_specifiers=(argument, whole, amount, span, pairs)
)
class Transform(ABC):
    """A change made to a whole clip.

    A subclass declares its arguments, which are given by keyword, as it would the fields of a data
    class (``pixels: int = whole(at_least=0)``), or takes them in a constructor of its own and keeps
    each under its own name. It implements `apply` and, if that needs other parameters than the
    arguments, `draw`.

    Attributes:
        random: whether `draw` needs a generator.
        needs_units: whether `apply` needs values in their physical unit, and so must come before
            `Standardize`.
    """

    random: ClassVar[bool] = False
    needs_units: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        if any(isinstance(value, dataclasses.Field) for value in vars(cls).values()):
            dataclasses.dataclass(kw_only=True, repr=False, eq=False)(cls)
        if not cls.__name__.startswith("_"):  # those are only there to be derived from
            TRANSFORMS[cls.__name__] = cls

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):  # type: ignore[arg-type]  # of a subclass with fields
            check = field.metadata["check"]
            value = check(f"{type(self).__name__} {field.name}", getattr(self, field.name))
            setattr(self, field.name, value)

    @property
    def arguments(self) -> dict[str, Any]:
        """What the transform was made with, by name."""
        return {name: getattr(self, name) for name in _argument_names(type(self))}

    def draw(self, clip: GestureClip, generator: torch.Generator | None) -> dict[str, Any]:
        """Return the parameters for one clip: all that `apply` needs, in a form JSON can hold.

        Args:
            clip: the clip, of which only shape and label matter.
            generator: where random numbers come from; not used unless `random` is true.
        """
        return self.arguments

    @staticmethod
    @abstractmethod
    def apply(clip: GestureClip, params: Params) -> GestureClip:
        """Return the clip changed as the parameters say; its history is left to the caller."""

    def __call__(self, clip: GestureClip, generator: torch.Generator | None = None) -> GestureClip:
        """Draw parameters, apply them, and note both in the history of the new clip.

        Args:
            clip: the clip, left as it is.
            generator: where random numbers come from; deterministic transforms need none.

        Raises:
            ConfigError: if a random transform is given no generator, or the clip does not suit it.
        """
        if self.random and generator is None:
            raise ConfigError(
                f"{type(self).__name__} draws random numbers: call it as transform(clip, generator)"
                " with a torch.Generator, e.g. mmtlib.core.seeding.torch_generator(seed, clip_id)."
            )
        return _apply_and_note(type(self), clip, self.draw(clip, generator))

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{type(self).__name__}({arguments})"


@cache
def _argument_names(kind: type[Transform]) -> tuple[str, ...]:
    # Looking at a signature takes longer than many a transform.
    return tuple(inspect.signature(kind).parameters)


def replay(history: Iterable[tuple[str, Params]], clip: GestureClip) -> GestureClip:
    """Apply recorded parameters to a clip, e.g. to give it the same crop as another one.

    Args:
        history: pairs of name and parameters, as in `GestureClip.history` (or read from JSON).
        clip: the clip to change.

    Returns:
        The new clip, with the entries added to its history.

    Raises:
        ConfigError: if a transform is unknown or a parameter is missing.
    """
    for name, params in history:
        if name not in TRANSFORMS:
            raise unknown_name("transform", name, TRANSFORMS)
        try:
            clip = _apply_and_note(TRANSFORMS[name], clip, params)
        except KeyError as error:
            raise ConfigError(
                f"The recorded parameters of {name} lack {error}; got {dict(params)}."
            ) from None
    return clip


def _apply_and_note(kind: type[Transform], clip: GestureClip, params: Params) -> GestureClip:
    name = kind.__name__
    if kind.needs_units and any(done == "Standardize" for done, _ in clip.history):
        raise ConfigError(
            f"{name} needs values in their physical unit, but clip {clip.clip_id} has been "
            "standardised; put Standardize after it."
        )
    return replace(kind.apply(clip, params), history=(*clip.history, (name, params)))


def map_pictures(clip: GestureClip, function: Callable[[Tensor], Tensor]) -> GestureClip:
    """Return the clip with a function of ``(..., T, H, W)`` applied to all frames and the mask.

    For functions that move pixels without changing values, the same in every modality.
    """
    return clip.with_frames(
        {name: function(x) for name, x in clip.frames.items()},
        mask=None if clip.mask is None else function(clip.mask),
    )


def by_kind(
    clip: GestureClip, **functions: Callable[[Tensor, Modality], Tensor]
) -> dict[str, Tensor]:
    """Return the clip's frames, each changed by the function of its modality's kind.

    Args:
        clip: the clip, left as it is.
        functions: kind (`mmtlib.core.modalities.Kind`) -> from frames ``(C, T, H, W)`` and their
            modality to new ones; frames of other kinds stay.
    """
    frames = dict(clip.frames)
    for name, x in clip.frames.items():
        modality = get_modality(name)
        if modality.kind in functions:
            frames[name] = functions[modality.kind](x, modality)
    return frames


def draw_whole(low: int, high: int, generator: torch.Generator | None) -> int:
    """Return a whole number from `low` to `high`, both included, each equally likely."""
    return int(torch.randint(low, high + 1, (), generator=generator))


def draw_number(low: float, high: float, generator: torch.Generator | None) -> float:
    """Return a number from `low` to `high`, each equally likely."""
    return low + (high - low) * float(torch.rand((), dtype=torch.float64, generator=generator))


def draw_factor(low: float, high: float, generator: torch.Generator | None) -> float:
    """Return a factor from `low` to `high`: twice is as likely as half."""
    return math.exp(draw_number(math.log(low), math.log(high), generator))


def draw_seed(generator: torch.Generator | None) -> int:
    """Return a seed for draws too many to be kept as parameters, such as noise."""
    return draw_whole(0, 2**31 - 1, generator)
