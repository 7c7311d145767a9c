"""The settings of an experiment, declared once: what they may be, and which make another run."""

from mmtlib.config.all_settings import SETTINGS
from mmtlib.config.data_sets import DATA_SETS, DataSet, register_dataset
from mmtlib.config.declare import Setting
from mmtlib.config.experiment_config import ExperimentConfig, hash_settings
from mmtlib.config.methods import (
    CONTROLS,
    METHODS,
    Control,
    Method,
    method_titles,
    register_control,
    register_method,
)
from mmtlib.config.networks import NETWORKS, Network, register_network
from mmtlib.config.presets import PRESETS, default_preset
from mmtlib.config.recipes import RECIPES, Recipe
from mmtlib.config.transfer import Transfer
from mmtlib.config.transfer_settings import TransferSettings

__all__ = [
    "CONTROLS",
    "DATA_SETS",
    "METHODS",
    "NETWORKS",
    "PRESETS",
    "RECIPES",
    "SETTINGS",
    "Control",
    "DataSet",
    "ExperimentConfig",
    "Method",
    "Network",
    "Recipe",
    "Setting",
    "Transfer",
    "TransferSettings",
    "default_preset",
    "hash_settings",
    "method_titles",
    "register_control",
    "register_dataset",
    "register_method",
    "register_network",
]
