"""The settings of all groups together, by name, and the transfer that they come to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from mmtlib.config.data_settings import DataSettings
from mmtlib.config.declare import Setting, declared_settings
from mmtlib.config.machine_settings import MachineSettings
from mmtlib.config.model_settings import ModelSettings
from mmtlib.config.training_settings import TrainingSettings
from mmtlib.config.transfer import Transfer
from mmtlib.config.transfer_settings import TransferSettings


@dataclass(frozen=True, kw_only=True)
class AllSettings(MachineSettings, TrainingSettings, ModelSettings, DataSettings):
    """Everything that can be set, each value checked by itself."""

    @cached_property
    def transfer(self) -> Transfer:
        """Who learns from whom, what and how strongly."""
        return Transfer.of(self, self.modalities)


SETTINGS: dict[str, Setting] = declared_settings(AllSettings)
"""All settings by name, group by group."""
PLAIN_METHOD = {
    name: each.default
    for name, each in declared_settings(TransferSettings).items()
    if each.unless_default or each.default is None
}
"""MTUT as it is: no other method, teacher or control, nor what belongs to these."""
