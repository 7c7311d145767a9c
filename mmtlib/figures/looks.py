"""How networks, lines and marks look in every figure, and what a legend shows for them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mmtlib.core.modalities import (
    MODALITIES,
    get_modality,
    modality_of,
    network_title,
    second_network,
)

Look = dict[str, Any]
"""How something is drawn: names and values of what matplotlib calls properties."""
GREY = "#777777"
"""For marks that belong to no modality."""
TITLES = {"fused": "Late fusion"}
"""What is no network is called."""
DASHES: tuple[Any, ...] = ("", (4, 1.5), (1.2, 1.2), (6, 1.5, 1.2, 1.5), (8, 3), (8, 3, 1, 3))
"""Kinds of line, so that a curve is not told by its colour alone."""
BAND_ALPHA = 0.2
MARKS = ("o", "^", "s", "D", "v", "P", "X", "*")


def title_of(network: str) -> str:
    """Return what a network is called in figures; other names as they are."""
    name = str(network)
    return network_title(name) if _is_network(name) else TITLES.get(name, name.capitalize())


def color_of(network: str) -> str:
    """Return the colour of a network's modality; grey for any other name."""
    name = str(network)
    return get_modality(modality_of(name)).color if _is_network(name) else GREY


def as_written(name: str) -> str:
    """Return a user's word for matplotlib: no formula between dollars, not hidden by a ``_``."""
    shown = f" {name}" if name.startswith("_") else name
    return shown.replace("$", r"\$")


def unlike(name: str, words: Collection[str]) -> str:
    """Return a name of ours that is none of the user's words: any word may be a class."""
    while name in words:
        name = f"({name})"
    return name


def _is_network(name: str) -> bool:
    return name in MODALITIES or name in map(second_network, MODALITIES)


def key(label: str, look: Look, dashes: Any = "") -> Line2D:
    """Return what a legend shows for a line or a mark of that look."""
    line: Look = {"linestyle": (0, dashes)} if dashes else {}
    return Line2D([], [], label=label, **line, **look)


def interval_key(text: str, *, band: bool = False) -> Line2D | Patch:
    """Return what a legend shows for intervals."""
    if band:
        return Patch(color=GREY, alpha=BAND_ALPHA + 0.1, linewidth=0, label=text)
    return Line2D([], [], color="black", linewidth=1, marker="|", label=text)
