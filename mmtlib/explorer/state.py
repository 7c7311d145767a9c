"""What the explorer shows, as one small object that fits into a link."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from mmtlib.core.errors import ConfigError, shown_value, unknown_name

TABS = ("runs", "run it", "corr", "rho", "saliency")
VIEWS = ("accuracy", "gain", "heat map", "learning curves", "rho", "confusion", "classes")
"""What the tab "runs" can draw."""
SPLITS = ("validation", "test")
THEMES = ("light", "dark")
ARM = "arm"
"""Stands for "one place per arm" where a factor is asked for."""
LONGEST_LINK = 20_000
LONGEST_JSON = 200_000
CHOICES = {"tab": TABS, "view": VIEWS, "split": SPLITS, "theme": THEMES}
_TYPES = {"str": str, "int": int, "float": (int, float)}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplorerState:
    """Everything that decides what the explorer shows, apart from the results themselves.

    Attributes:
        tab: one of `TABS`.
        view: one of `VIEWS`, of the tab "runs".
        split: the clips that accuracies are of: ``"validation"``, or ``"test"`` where a study has
            stored such figures. Nothing is ever measured on test clips here.
        target: the tested network (a modality, or ``"fused"``); "" = all of them.
        where: factor -> levels, as text: only these runs. As pairs, sorted by factor.
        x: the factor along the axis, or ``"arm"``.
        y: the second factor of the heat map, or ``"arm"``.
        reference: the arm that gains are against, ``"STUDY / ARM"``; "" = the same network trained
            alone with the same seed and clips.
        chosen: the arm whose runs are listed, ``"STUDY / ARM"``; "" = none.
        theme: ``"light"`` or ``"dark"``.
        loss_m, loss_n, focal_beta: of the tab "rho".
        settings: of the tab "run it": setting -> value, as text. As pairs.
        first, second: the two runs that "corr" and "saliency" compare; "" = chosen by the tab.
        clip: the number of the clip there, among the validation clips.
        stage: the stage of the networks there; "" = the one they were aligned at.
        position: the position of the feature grid in "corr", in row-major order of (T, H, W).
        frame: the frame of the clip in "saliency".

    Raises:
        ConfigError: if a value is unknown, out of range or of a wrong kind.
    """

    tab: str = "runs"
    view: str = "accuracy"
    split: str = "validation"
    target: str = ""
    where: tuple[tuple[str, tuple[str, ...]], ...] = ()
    x: str = ARM
    y: str = "target"
    reference: str = ""
    chosen: str = ""
    theme: str = "light"
    loss_m: float = 1.0
    loss_n: float = 0.5
    focal_beta: float = 2.0
    settings: tuple[tuple[str, str], ...] = ()
    first: str = ""
    second: str = ""
    clip: int = 0
    stage: str = ""
    position: int = 0
    frame: int = 0

    def __post_init__(self) -> None:
        for each in dataclasses.fields(self):
            kind = _TYPES.get(str(each.type))
            value = getattr(self, each.name)
            if isinstance(kind, type) and (isinstance(value, bool) or not isinstance(value, kind)):
                raise ConfigError(
                    f"{each.name} must be of the kind {each.type}, got {shown_value(value)}."
                )
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise unknown_name(name, getattr(self, name), known)
        for name in ("loss_m", "loss_n", "focal_beta", "clip", "position", "frame"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ConfigError(
                    f"{name} must be at least 0, got {shown_value(getattr(self, name))}."
                )
        object.__setattr__(self, "where", _levels(self.where))
        object.__setattr__(self, "settings", _pairs(self.settings))

    @property
    def filters(self) -> dict[str, tuple[str, ...]]:
        """Factor -> the levels that are shown."""
        return dict(self.where)

    def replace(self, **changes: Any) -> Self:
        """Return the state with some of it changed.

        Raises:
            ConfigError: if a name is unknown or a value out of range.
        """
        for name in changes:
            if name not in self.__slots__:
                raise unknown_name("part of the view", name, self.__slots__)
        return dataclasses.replace(self, **changes)

    def to_json(self) -> str:
        """Return what differs from the first view, as JSON (`from_json` is the way back)."""
        changed = {
            each.name: getattr(self, each.name)
            for each in dataclasses.fields(self)
            if getattr(self, each.name) != each.default
        }
        for name in ("where", "settings"):
            if name in changed:
                changed[name] = dict(changed[name])
        return json.dumps(changed, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the state that `to_json` wrote.

        Raises:
            ConfigError: if the text is no such state.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            raise ConfigError(f"This is no view of the explorer: {text!r:.80}.") from None
        if not isinstance(values, dict):
            raise ConfigError(f"Expected a view of the explorer, got {text!r:.80}.")
        known = {each.name for each in dataclasses.fields(cls)}
        for name in values:
            if name not in known:
                raise unknown_name("part of the view", name, known)
        return cls(**values)

    def to_link(self) -> str:
        """Return the state as letters, digits, ``-`` and ``_``, to be put into an address."""
        packed = zlib.compress(self.to_json().encode(), 9)
        return base64.urlsafe_b64encode(packed).decode().rstrip("=")

    @classmethod
    def from_link(cls, text: str) -> Self:
        """Return the state that `to_link` wrote; links come from anywhere, so all is checked.

        Raises:
            ConfigError: if the text is no such link.
        """
        try:
            if len(text) > LONGEST_LINK:
                raise ValueError
            packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            unpack = zlib.decompressobj()
            content = unpack.decompress(packed, LONGEST_JSON).decode()
            if not unpack.eof:
                raise ValueError
        except (ValueError, binascii.Error, zlib.error):
            raise ConfigError(
                f"This is no link of the explorer: {text!r:.80}; copy it whole, or leave it out."
            ) from None
        return cls.from_json(content)


def _items(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, Mapping):
        return list(value.items())
    try:
        return [(name, chosen) for name, chosen in value]
    except (TypeError, ValueError):
        raise ConfigError(f"Expected names with values, got {shown_value(value)}.") from None


def _levels(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found = {}
    for name, levels in _items(value):
        levels = [levels] if isinstance(levels, str) else levels
        texts = isinstance(levels, list | tuple) and all(isinstance(x, str) for x in levels)
        if not isinstance(name, str) or not texts:
            raise ConfigError(
                f"where: expected levels of a factor as text, got {shown_value(levels)}."
            )
        if levels:
            found[name] = tuple(levels)
    return tuple(sorted(found.items()))


def _pairs(value: Any) -> tuple[tuple[str, str], ...]:
    pairs = _items(value)
    if not all(isinstance(part, str) for pair in pairs for part in pair):
        raise ConfigError(f"settings: expected names and values as text, got {shown_value(value)}.")
    return tuple(sorted(pairs))
