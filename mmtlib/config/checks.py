"""Settings that must fit together; what each may be by itself is declared with it."""

from __future__ import annotations

from mmtlib.config.all_settings import SETTINGS, AllSettings
from mmtlib.config.data_sets import DATA_SETS
from mmtlib.core.errors import ConfigError, unknown_name


def check_together(config: AllSettings) -> None:
    """Raise a `ConfigError` for the first settings that do not fit together."""
    for name, each in SETTINGS.items():
        if getattr(config, name) != each.default:
            check_taken(config.dataset, name)
    if config.corrupt is not None and config.corrupt not in config.modalities:
        raise unknown_name("modality to corrupt", config.corrupt, config.modalities)
    if config.accumulate > 1 and config.transfer.per_batch:
        raise ConfigError("accumulate works with rho_per='clip' only: a part is not the batch.")


def check_taken(dataset: str, name: str) -> None:
    """Raise a `ConfigError` for a setting of other data sets: it would have no effect."""
    if DATA_SETS[dataset].takes(name):
        return
    takers = [each.name for each in DATA_SETS.values() if name in (each.settings or ())]
    raise ConfigError(
        f"{name} is a setting of {', '.join(takers)}; the data set {dataset} takes "
        f"{', '.join(DATA_SETS[dataset].settings or ())}."
    )
