"""What a setting is: declared once, as a field of its group; all that uses settings reads this."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, ClassVar, get_args, get_origin, get_type_hints

from mmtlib.core.errors import ConfigError, shown_value, unknown_name

Counts = bool | Callable[[Any], bool]
"""Whether a setting counts: always, never, or a condition on the config."""
LARGEST = {float: 1e9, int: 10**15}
"""What no number can reach, whatever its setting."""
_WANTED: dict[type, str] = {
    str: "text", bool: "true or false", int: "a whole number", float: "a number",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One setting of an experiment.

    Attributes:
        name: its name in configs, files, results and on the command line.
        type: `str`, `bool`, `int` or `float`; of a list, that of its items.
        many: whether it is a list.
        optional: whether it may be None.
        default: its value where a recipe says nothing.
        group: ``"data"``, ``"model"``, ``"transfer"``, ``"optimiser"`` or ``"machine"``.
        title: what it is called in figures and in the explorer.
        help: what it is for, a line or two.
        choices: the names that it takes.
        open_ended: whether others are taken too, as they are checked where they are used.
        low, high, above, below: what a number must be at least, at most, above or below.
        counts: whether it makes another run: always, never (it cannot change the result), or where
            a condition on the config holds.
        unless_default: whether it is left out of the identity at its default; so is every setting
            that is newer than version 0.1, so that older runs keep theirs.
        offered: values that the explorer suggests, as text ("" = None); any other can be typed.
            True = all its choices; None = it is not offered there.
        flag: its option on the command line, if not ``--NAME``.
    """

    name: str
    type: type
    many: bool
    optional: bool
    default: Any
    group: str
    title: str
    help: str
    choices: Mapping[str, Any] | tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    above: float | None = None
    below: float | None = None
    counts: Counts = True
    unless_default: bool = False
    open_ended: bool = False
    offered: tuple[str, ...] | bool | None = None
    flag: str | None = None

    @property
    def wanted(self) -> str:
        """What a value must be, in words."""
        if self.many:
            return "names" if self.type is str else "whole numbers"
        return _WANTED[self.type]

    @property
    def names(self) -> tuple[str, ...]:
        """The values that it can have, as text, where they are few; "" = None."""
        every = ("true", "false") if self.type is bool else tuple(self.choices)
        return ("", *every) if self.optional else every

    @property
    def suggestions(self) -> tuple[str, ...]:
        """The values that are offered, as text; empty where the setting is not offered."""
        return self.names if self.offered is True else tuple(self.offered or ())

    @property
    def option(self) -> str:
        """Its option on the command line."""
        return self.flag or f"--{self.name.replace('_', '-')}"

    def check(self, value: Any) -> Any:
        """Return a value as it is kept: a list as a tuple, a whole number for a fraction as one.

        Raises:
            ConfigError: if it is of another type, unknown, or out of range.
        """
        if value is None and self.optional:
            return None
        if not self.many:
            return self._item(value)
        if isinstance(value, str) and self.choices:
            value = [part.strip() for part in value.split(",") if part.strip()]
        if not isinstance(value, list | tuple) or not all(type(v) is self.type for v in value):
            raise ConfigError(
                f"{self.name} must be a list of {self.wanted}, got {shown_value(value)}."
            )
        return tuple(map(self._item, value))

    def _item(self, value: Any) -> Any:
        right = isinstance(value, (int, float) if self.type is float else self.type)
        right = right and isinstance(value, bool) == (self.type is bool)
        if right and self.type in LARGEST:
            right = abs(value) < LARGEST[self.type]
            value = self.type(value) if right else value
        if not right:
            raise ConfigError(
                f"{self.name} must be {_WANTED[self.type]}, got {shown_value(value)}."
            )
        if self.type in (int, float):
            self._range(value)
        if not self.choices or (self.open_ended and value not in self.choices):
            return value
        if value not in self.choices and ":" not in value:
            kind = self._kind_of_choice()
            raise unknown_name(kind, value, self.choices)
        return self.choices[value].name if isinstance(self.choices, Mapping) else value

    def _kind_of_choice(self) -> str:
        """Return what an unknown name is called in the error: one of a kind, or the setting's."""
        if not isinstance(self.choices, Mapping):
            return self.name
        return str(getattr(self.choices, "kind", self.name)) if self.many else self.title

    def _range(self, value: float) -> None:
        low, high, above, below = self.low, self.high, self.above, self.below
        if low is not None and (high is not None or below is not None):
            right = low <= value and (high is None or value <= high)
            right = right and (below is None or value < below)
            wanted = f"in [{low:,}, {high:,}]" if below is None else f"in [{low:,}, {below:,})"
        else:
            right = (low is None or value >= low) and (above is None or value > above)
            wanted = f"at least {low}" if above is None else f"above {above:g}"
        if not right:
            raise ConfigError(f"{self.name} must be {wanted}, got {shown_value(value)}.")

    def parse(self, text: str) -> Any:
        """Return the value that a text stands for, as on the command line; "" = None.

        Raises:
            ConfigError: as `check`.
        """
        text = text.strip()
        if self.many:
            if self.choices or self.type is int:
                text = text.replace(",", "+")  # elsewhere a comma may be part of a name
            parts = [part.strip() for part in text.split("+") if part.strip()]
            return self.check([_number(part, self.type) for part in parts])
        if text in ("", "null", "none") and self.optional:
            return None
        if self.type is bool:
            return self.check({"true": True, "false": False}.get(text.lower(), text))
        return self.check(_number(text, self.type))

    def text(self, value: Any) -> str:
        """Return a value as text, the way back from `parse`."""
        if value is None:
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, tuple | list):
            return "+".join(map(str, value))
        return f"{value:.12g}" if isinstance(value, float) else str(value)

    def is_own(self, config: SettingsGroup) -> bool:
        """Return whether the setting counts in the identity of a config's run."""
        if self.unless_default and getattr(config, self.name) == self.default:
            return False
        return self.counts(config) if callable(self.counts) else self.counts


def _number(text: str, wanted: type) -> Any:
    """Return the number that a text is, or the text where it is none."""
    if wanted not in (int, float):
        return text
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, int | float) else text


def setting(default: Any, *, title: str, help: str, **more: Any) -> Any:
    """Declare a setting: the default value of a field of a group, see `Setting`."""
    return dataclasses.field(
        default=default, metadata={"setting": {"title": title, "help": help, **more}}
    )


@dataclass(frozen=True, kw_only=True)
class SettingsGroup:
    """A group of settings: each value is checked when an object is made."""

    GROUP: ClassVar[str] = ""

    @classmethod
    def choices(cls, name: str) -> tuple[str, ...]:
        """Return the names that a setting takes."""
        return tuple(declared_settings(cls)[name].choices)

    def __post_init__(self) -> None:
        for name, each in declared_settings(type(self)).items():
            object.__setattr__(self, name, each.check(getattr(self, name)))


_DECLARED: dict[type[SettingsGroup], dict[str, Setting]] = {}


def declared_settings(kind: type[SettingsGroup]) -> dict[str, Setting]:
    """Return the settings of a class by name, group by group; types come from annotations."""
    if kind in _DECLARED:
        return _DECLARED[kind]
    hints = get_type_hints(kind)
    fields = {each.name: each for each in dataclasses.fields(kind)}
    found = {}
    for group in reversed(kind.__mro__):
        for name in vars(group).get("__annotations__", {}):
            if name not in fields or "setting" not in fields[name].metadata:
                continue
            type_, many, optional = _kind(hints[name])
            found[name] = Setting(
                name=name, type=type_, many=many, optional=optional, default=fields[name].default,
                group=vars(group)["GROUP"], **fields[name].metadata["setting"],
            )  # fmt: skip
    return _DECLARED.setdefault(kind, found)


def _kind(hint: Any) -> tuple[type, bool, bool]:
    """Return type, whether there are many, and whether None is allowed."""
    optional = isinstance(hint, UnionType)
    if optional:
        (hint,) = [part for part in get_args(hint) if part is not type(None)]
    if get_origin(hint) is tuple:
        return get_args(hint)[0], True, optional
    return hint, False, optional
