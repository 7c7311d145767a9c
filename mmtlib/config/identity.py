"""What makes another run: the settings that count, and the code that a user brings.

Which settings count is declared with them; here nothing is named.
"""

from __future__ import annotations

from typing import Any

from mmtlib.config.all_settings import SETTINGS, AllSettings
from mmtlib.config.data_sets import DATA_SETS
from mmtlib.config.methods import CONTROLS, METHODS
from mmtlib.config.networks import NETWORKS
from mmtlib.core.declared import HERE, Registry, code_fingerprint, import_path
from mmtlib.core.errors import ConfigError
from mmtlib.core.modalities import MODALITIES

REGISTRIES: dict[str, Registry[Any]] = {
    each.kind: each for each in (NETWORKS, METHODS, CONTROLS, DATA_SETS, MODALITIES)
}
"""Kind -> all things of that kind that a config can name."""
Brought = tuple[str, Any]
"""(kind, thing) of a user's own."""


def identity_settings(config: AllSettings) -> dict[str, Any]:
    """Return what influences the result, see `ExperimentConfig.canonical`."""
    data_set = DATA_SETS[config.dataset]
    values = {
        name: getattr(config, name)
        for name, each in SETTINGS.items()
        if data_set.takes(name) and each.is_own(config)
    }
    if (weight := config.transfer.weight_setting) in values:
        values[weight] = config.transfer.weight  # the method's own where none is given
    idle = () if config.transfer.pairs else (METHODS.kind, CONTROLS.kind)
    code = {
        f"{kind} {thing.name}": code_fingerprint(thing)
        for kind, thing in _used(config)
        if kind not in idle
    }
    return {**values, "code": code} if code else values


def _used(config: AllSettings) -> list[Brought]:
    """Return the things of a user's own that a config names."""
    named: list[tuple[Registry[Any], tuple[str, ...]]] = [
        (NETWORKS, (config.network,)),
        (METHODS, (config.method,)),
        (CONTROLS, (config.control,)),
        (DATA_SETS, (config.dataset,)),
        (MODALITIES, config.modalities),
    ]
    return [
        (registry.kind, registry[name])
        for registry, names in named
        for name in names
        if not registry.is_own(name)
    ]


def brought_by(config: AllSettings) -> list[Brought]:
    """Return the things a config names that only this process knows: those of a notebook."""
    return [
        (kind, thing)
        for kind, thing in _used(config)
        if REGISTRIES[kind].origin(thing.name) == HERE
    ]


def plugins_of(config: AllSettings) -> tuple[str, ...]:
    """Return what another process must import to know all that a config names."""
    used = [(REGISTRIES[kind], thing.name) for kind, thing in _used(config)]
    origins = [registry.origin(name) for registry, name in used if ":" not in name]
    return tuple(dict.fromkeys((*config.plugins, *(each for each in origins if each != HERE))))


def import_plugin(plugin: str) -> None:
    """Import a module that registers things, or (``"module:name"``) register what is there.

    A text that describes a thing (``"thermal:level"``) makes it known as well.

    Raises:
        ConfigError: if there is no such module, or nothing to register.
    """
    if any(registry.described(plugin) is not None for registry in REGISTRIES.values()):
        return
    found = import_path(plugin, "plugin")
    if ":" in plugin:
        for registry in REGISTRIES.values():
            if isinstance(found, registry.of):
                registry.register(found, origin=plugin)
                return
        raise ConfigError(
            f"The plugin {plugin} is {found!r:.80}; expected {' or '.join(REGISTRIES)}."
        )


def register_brought(brought: list[Brought]) -> None:
    """Register what another process brought along, where it is not known."""
    for kind, thing in brought:
        if thing.name not in REGISTRIES[kind]:
            REGISTRIES[kind].register(thing, origin=HERE)
