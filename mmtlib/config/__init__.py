"""The settings of an experiment, what they may be, and which of them make another run."""

from mmtlib.config.experiment_config import ExperimentConfig, default_preset, hash_settings

__all__ = ["ExperimentConfig", "default_preset", "hash_settings"]
