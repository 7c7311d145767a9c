"""The four kinds of picture a hand-gesture clip can have, and what may be done to each.

A modality is always named by a short string (``"rgb"``, ``"depth"``, ``"flow"``, ``"ir"``), never
by its position in a tuple. Its `kind` decides which transforms touch it and how.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from mmtlib.core.declared import Registry, calling_module
from mmtlib.core.errors import ConfigError

Kind = Literal["image", "level", "vector"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Modality:
    """What is fixed about one modality.

    Attributes:
        name: the short name used as a key everywhere.
        title: the name to print in figures.
        channels: C of a clip ``(C, T, H, W)``.
        kind: ``"image"`` (brightness in [0, 1]), ``"level"`` (one value a pixel, 0 = missing) or
            ``"vector"`` (flow: u to the right, v downwards, in pixels per frame).
        unit: the unit of the values in `GestureClip.frames`.
        center, spread: constants that bring measurements (depth, flow) near zero mean and unit
            spread before they enter a network; pictures are standardised clip by clip instead
            (`mmtlib.transforms.Standardize`).
        color: the colour of this modality in every figure.
        light_color: the same hue for pages that are dark; "" = the same colour.
        raw_range: of recordings that store more than 8 bits, the raw values that become dark and
            bright, e.g. ``(4000, 500)`` for depth in millimetres, near bright; None = such
            recordings are refused.
    """

    name: str
    title: str
    channels: int
    kind: Kind
    unit: str
    center: float
    spread: float
    color: str
    light_color: str = field(default="", compare=False)
    raw_range: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.raw_range is not None and self.raw_range[0] == self.raw_range[1]:
            raise ConfigError(
                f"Modality {self.name!r}: expected raw_range = (dark, bright), two different raw "
                f"values, got {self.raw_range}."
            )

    @property
    def dark_color(self) -> str:
        """The colour where the page is dark."""
        return self.light_color or self.color


KINDS = {"image": "rgb", "level": "depth"}
"""Kind that a video can show -> the modality that one of this kind is like."""
_COLUMNS = (
    "path", "label", "subject", "split", "fold", "start", "end", "start_frame", "end_frame",
    "class", "clip", "list", "frames", "seconds", "state", "problem", "files", "bytes", "checked",
    "fused", "identity", "run_id", "modalities", "seed", "generator_seed", "origin", "target",
)  # fmt: skip
"""What stands beside the names of modalities in lists and tables."""
_OWN_COLORS = ("#E69F00", "#56B4E9", "#F0E442")
_NAME = re.compile("[a-z][a-z0-9_]{0,31}")


def described_modality(text: str) -> Modality | None:
    """Return the modality that a text ``"name:kind"`` describes; None if it is no such text.

    Args:
        text: a name, and the kind (`KINDS`) or a known modality that it is like:
            ``"thermal:level"``, ``"view2:rgb"``.

    Raises:
        ConfigError: if a video cannot show the kind, the name is none, or is that of another one.
    """
    name, colon, kind = (part.strip() for part in text.lower().partition(":"))
    if not colon or (kind not in KINDS and kind not in MODALITIES):
        return None
    like = MODALITIES[KINDS.get(kind, kind)]
    if name in _COLUMNS:
        raise ConfigError(f"{text!r}: {name!r} is the name of a column; take another name.")
    if like.kind == "vector" or not _NAME.fullmatch(name):
        raise ConfigError(
            f"{text!r} describes no modality: expected a name of letters and digits, a colon, and "
            f"{', '.join(KINDS)} or a known modality that a video can show."
        )
    known = MODALITIES.get(name)
    if known is not None:
        if (known.kind, known.channels) == (like.kind, like.channels):
            return known
        raise ConfigError(f"{text!r}: {name!r} is another modality already; take another name.")
    # It counts in the identity of a run: the name alone decides.
    color = _OWN_COLORS[sum(name.encode()) % len(_OWN_COLORS)]
    title = name.replace("_", " ").capitalize()
    return replace(like, name=name, title=title, color=color, light_color="")


MODALITIES: Registry[Modality] = Registry(
    "modality", "modalities", Modality, describe=described_modality
)
"""All modalities by name. Colours are from the Okabe-Ito palette, safe for colour-blind readers."""
for _modality in (
    Modality(name="rgb", title="RGB", channels=3, kind="image", unit="brightness, 0 to 1",
             center=0.45, spread=0.25, color="#0072B2", light_color="#56B4E9"),
    Modality(name="depth", title="Depth", channels=1, kind="level",
             unit="8-bit level / 255, 0 = no reading",
             center=0.45, spread=0.25, color="#D55E00", light_color="#E69F00"),
    Modality(name="flow", title="Optical flow", channels=2, kind="vector",
             unit="pixels per frame", center=0.0, spread=1.5,
             color="#009E73", light_color="#2DC79C"),
    Modality(name="ir", title="Infrared", channels=1, kind="image", unit="brightness, 0 to 1",
             center=0.25, spread=0.2, color="#CC79A7", light_color="#E3A5C7"),
):  # fmt: skip
    MODALITIES.register(_modality)

_SECOND = "-2"


def get_modality(name: str) -> Modality:
    """Return the `Modality` of that name.

    Raises:
        ConfigError: if there is none.
    """
    return MODALITIES[name]


def register_modality(modality: Modality) -> Modality:
    """Make a modality of your own known by its name, and return it.

    Raises:
        ConfigError: if the package has a modality of that name.
    """
    return MODALITIES.register(modality, calling_module())


def second_network(modality: str) -> str:
    """Return the name of a second network of a modality, e.g. ``"rgb-2"``; the first is ``"rgb"``.

    Its name is what its initial weights and its dropout are drawn from.
    """
    return f"{get_modality(modality).name}{_SECOND}"


def first_network(network: str) -> str:
    """Return the name of the first network of the modality that a network sees."""
    return str(network).removesuffix(_SECOND)


def modality_of(network: str) -> str:
    """Return the modality that a network of this name sees: ``"rgb"`` for ``"rgb-2"`` too.

    Raises:
        ConfigError: if there is no such modality.
    """
    return get_modality(first_network(network)).name


def network_title(network: str) -> str:
    """Return what a network is called in figures: its modality's title, or e.g. ``"RGB (second)"``.

    Raises:
        ConfigError: if there is no such modality.
    """
    title = get_modality(modality_of(network)).title
    return title if network in MODALITIES else f"{title} (second)"


def check_modalities(names: str | Iterable[str]) -> tuple[str, ...]:
    """Return the names as a tuple, in the order given, each known and none twice.

    Args:
        names: names of modalities, or one string with commas (``"rgb,depth"``).

    Raises:
        ConfigError: if one is unknown or repeated, or none is given.
    """
    if isinstance(names, str):
        names = [part.strip() for part in names.split(",") if part.strip()]
    result = tuple(get_modality(name).name for name in names)
    if not result:
        raise ConfigError(f"At least one modality is needed; known: {', '.join(MODALITIES)}.")
    if len(set(result)) != len(result):
        raise ConfigError(f"A modality is named twice in {', '.join(result)}; name each once.")
    return result
