"""The networks that a config can name."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mmtlib.core.declared import Registry, calling_module, import_path
from mmtlib.core.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network, declared once.

    Attributes:
        name: the name in configs; of a network named by import path, the path.
        title: what it is called in figures.
        make: its class, or the class's import path; called as ``make(in_channels, num_classes,
            **settings)``, where the settings are those of `ModelSettings` that are not None.
    """

    name: str
    title: str
    make: str | Callable[..., Any]

    def load(self) -> Callable[..., Any]:
        """Return the class, imported now if need be."""
        return import_path(self.make, "network") if isinstance(self.make, str) else self.make

    def __call__(self, in_channels: int, num_classes: int, **settings: Any) -> Any:
        """Return a new network.

        Raises:
            ConfigError: if a setting is unknown to it or out of range.
        """
        make = self.load()
        named = inspect.signature(make).parameters.values()
        if not any(p.kind is p.VAR_KEYWORD for p in named):
            taken = {p.name for p in named}
            # What does nothing (dropout 0) needs no parameter.
            settings = {name: v for name, v in settings.items() if v or name in taken}
        try:
            return make(in_channels, num_classes, **settings)
        except TypeError as error:
            raise ConfigError(
                f"The network {self.name} was called with in_channels, num_classes"
                f"{''.join(f', {name}={value!r}' for name, value in settings.items())}: {error}."
            ) from None


def _by_path(path: str, found: object) -> Network:
    if not callable(found):
        raise ConfigError(f"{path} is no network; expected a class, got {found!r:.80}.")
    return Network(name=path, title=path.rpartition(":")[2], make=found)


NETWORKS: Registry[Network] = Registry("network", "networks", Network, _by_path)
"""All networks by the name that configs use."""
NETWORKS.register(
    Network(name="compact_i3d", title="compact I3D", make="mmtlib.models.compact_i3d:CompactI3D")
)
NETWORKS.register(
    Network(name="inception_i3d", title="I3D", make="mmtlib.models.inception_i3d:InceptionI3D")
)


def register_network(name: str, make: Callable[..., Any], title: str = "") -> Network:
    """Make a network of your own known by a name, and return its declaration.

    Args:
        name: the name for ``network=...``.
        make: its class, called as ``make(in_channels, num_classes, **settings)``; it returns
            `mmtlib.core.outputs.StreamOutput`, ``(logits, features)`` or a dict of both. Other
            processes find it by the module that it is in.
        title: for figures; None = the name.

    Raises:
        ConfigError: if the package has a network of that name.
    """
    return NETWORKS.register(Network(name=name, title=title or name, make=make), calling_module())
