"""Things that are declared once and found by name: networks, methods, modalities, data sets.

A `Registry` holds all things of one kind. A user's own are added with `Registry.register`, by an
entry point of an installed package (group ``mmtlib.networks`` and so on), or are named by import
path (``"package.module:Name"``) wherever a name is asked for.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import inspect
import sys
import sysconfig
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any, Generic, Protocol, TypeVar

from mmtlib.core.errors import ConfigError, unknown_name

PACKAGE = __name__.partition(".")[0]
HERE = "__main__"
"""The module of a script or notebook: other processes cannot import it."""


class Declared(Protocol):
    """What can be registered: it has a name and a title for people."""

    @property
    def name(self) -> str:
        """What it is called in configs and files."""
        ...

    @property
    def title(self) -> str:
        """What people call it."""
        ...


T = TypeVar("T", bound=Declared)


class Registry(Mapping[str, T], Generic[T]):
    """All things of one kind by name, in the order in which they were declared.

    Args:
        kind: what one is called in errors, e.g. ``"network"``.
        group: the last part of the entry point group, e.g. ``"networks"``.
        of: the class of the things.
        wrap: makes a thing of what an import path leads to, if that is none itself (a network's
            class): called with the path and the object; raises `ConfigError` if it does not fit.
        describe: makes a thing of a name that says it all (``"thermal:level"``); None for others.
    """

    def __init__(
        self,
        kind: str,
        group: str,
        of: type[T],
        wrap: Callable[[str, Any], T] | None = None,
        describe: Callable[[str], T | None] = lambda _: None,
    ) -> None:
        self.kind = kind
        self.of, self._wrap, self._group = of, wrap, f"{PACKAGE}.{group}"
        self._describe = describe
        self._things: dict[str, T] = {}
        self._origins: dict[str, str] = {}
        self._entry_points_read = False

    def register(self, thing: T, origin: str = "") -> T:
        """Add a thing and return it; one of a user's own may be registered again, changed.

        Args:
            thing: what to add.
            origin: what another process imports to know it too (see `plugins` of a config); "" =
                the module that calls.

        Raises:
            ConfigError: if it is of another class, or its name is one of the package's own.
        """
        origin = origin or calling_module()
        if not isinstance(thing, self.of):
            raise ConfigError(f"Expected a {self.of.__name__} to register, got {thing!r:.80}.")
        if self._origins.get(thing.name, "").startswith(f"{PACKAGE}."):
            raise ConfigError(f"There is a {self.kind} {thing.name!r} already; take another name.")
        self._things[thing.name], self._origins[thing.name] = thing, origin
        return thing

    @contextmanager
    def holding(self, thing: T) -> Iterator[T]:
        """Register a thing, the package's own replaced if need be, until the block ends."""
        before = dict(self._things), dict(self._origins)
        self._origins.pop(thing.name, None)
        try:
            yield self.register(thing, HERE)
        finally:
            self._things, self._origins = before

    def __getitem__(self, name: str) -> T:
        """Return the thing of this name or import path.

        Raises:
            ConfigError: if there is none.
        """
        if not isinstance(name, str):
            raise unknown_name(self.kind, name, self)
        if name not in self._things:
            if ":" in name:
                return self._import(name)
            self._read_entry_points()
        if name not in self._things:
            raise unknown_name(self.kind, name, self._things)
        return self._things[name]

    def __contains__(self, name: object) -> bool:
        """Return whether there is a thing of this name; an import path is not followed."""
        self._read_entry_points()
        return name in self._things

    def get(self, name: str, default: Any = None) -> Any:
        """Return the thing of this name, else the default."""
        return self._things[name] if name in self else default

    def __iter__(self) -> Iterator[str]:
        self._read_entry_points()
        return iter(self._things)

    def __len__(self) -> int:
        return len(list(iter(self)))

    def origin(self, name: str) -> str:
        """Return the module that declared a thing."""
        return self._origins[self[name].name]

    def is_own(self, name: str) -> bool:
        """Return whether a thing is the package's own."""
        return self.origin(name).startswith(f"{PACKAGE}.")

    def described(self, text: str) -> T | None:
        """Return the thing that a text describes, known from now on; None if it describes none."""
        found = self._describe(text)
        if found is not None and self._things.get(found.name) != found:
            self.register(found, text)
        return found

    def _import(self, path: str) -> T:
        if (described := self.described(path)) is not None:
            return described
        found = import_path(path, self.kind)
        if not isinstance(found, self.of):
            if self._wrap is None:
                raise ConfigError(f"{path} is no {self.of.__name__}, got {found!r:.80}.")
            found = self._wrap(path, found)
        if self._things.get(found.name) is not found:
            self.register(found, path)
        return found

    def _read_entry_points(self) -> None:
        if self._entry_points_read:
            return
        self._entry_points_read = True
        for point in entry_points(group=self._group):
            self._import(point.value)


def calling_module(depth: int = 2) -> str:
    """Return the name of the module that called the caller (or its caller's caller, ...)."""
    return sys._getframe(depth).f_globals.get("__name__", HERE)


def import_path(path: str, kind: str) -> Any:
    """Return the object of an import path ``"package.module:Name"``, or a whole module.

    Raises:
        ConfigError: if there is no such module or name; names both.
    """
    module, _, name = path.partition(":")
    try:
        found = import_module(module)
        return functools.reduce(getattr, name.split("."), found) if name else found
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"The {kind} {path!r} cannot be imported ({error}); expected package.module:Name of a "
            "module that Python finds from here."
        ) from None


def code_fingerprint(thing: object) -> str:
    """Return a hash of the code behind a class, function or declared thing of a user's own.

    The sources of its module, and of the modules of the user's own that it uses, count; for what
    was typed into a notebook, the compiled code of its functions.
    """
    parts = hashlib.sha256()
    for text in _sources(thing):
        parts.update(hashlib.sha256(text.encode()).digest())
    return parts.hexdigest()[:16]


def _sources(thing: object) -> list[str]:
    """Return the texts that define a thing."""
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        # What is not compared makes no other run.
        counting = [each.name for each in dataclasses.fields(thing) if each.compare]
        values = [getattr(thing, name) for name in counting]
        plain = [value for value in values if not callable(value)]
        return [
            repr(plain),
            *(text for value in values if callable(value) for text in _sources(value)),
        ]
    if isinstance(thing, functools.partial):
        return [repr((thing.args, thing.keywords)), *_sources(thing.func)]
    if isinstance(thing, type | FunctionType):
        module = sys.modules.get(thing.__module__)
        if module is None or getattr(module, "__file__", None) is None or thing.__module__ == HERE:
            return _compiled(thing)
        return [text for _, text in sorted(_modules(module).items())]
    return _sources(type(thing))


def _modules(first: ModuleType) -> dict[str, str]:
    """Return the sources of a module and of those of the user's own that its names come from."""
    found: dict[str, str] = {}
    waiting = [first]
    while waiting:
        module = waiting.pop()
        if module.__name__ in found or not _is_users(module):
            continue
        found[module.__name__] = inspect.getsource(module)
        for value in vars(module).values():
            name = value.__name__ if isinstance(value, ModuleType) else _home(value)
            if name in sys.modules:
                waiting.append(sys.modules[name])
    return found


def _home(value: object) -> str:
    return getattr(value, "__module__", "") or "" if isinstance(value, type | FunctionType) else ""


def _is_users(module: ModuleType) -> bool:
    """Return whether a module is neither Python's, nor installed, nor of this package."""
    file = getattr(module, "__file__", None)
    if file is None or not file.endswith(".py") or module.__name__.split(".")[0] == PACKAGE:
        return False
    installed = {
        sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")
    }
    return not any(Path(file).is_relative_to(folder) for folder in installed if folder)


def _compiled(thing: type | FunctionType) -> list[str]:
    """Return the compiled code of a function, or of a class and its bases of the user's own."""
    if isinstance(thing, FunctionType):
        return [_code(thing.__code__)]
    kinds = [kind for kind in thing.__mro__ if kind.__module__ == thing.__module__]
    members = [(name, value) for kind in kinds for name, value in sorted(vars(kind).items())]
    return [
        f"{name} {_code(value.__code__) if isinstance(value, FunctionType) else repr(value)}"
        for name, value in members
        if isinstance(value, FunctionType | int | float | str | tuple)
        and name not in ("__module__", "__doc__", "__qualname__", "__firstlineno__")
    ]


def _code(code: CodeType) -> str:
    inner = [_code(c) if isinstance(c, CodeType) else repr(c) for c in code.co_consts]
    return repr((code.co_code, code.co_names, code.co_varnames, inner))
