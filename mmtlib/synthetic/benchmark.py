"""What the embedded benchmark is frozen to, besides its presets (`mmtlib.config.PRESETS`)."""

GENERATOR_VERSION = 1
"""Raised whenever the same seed gives other pictures; part of every store's fingerprint."""

SPLITS: dict[str, range] = {
    "train": range(0, 24),
    "validation": range(100, 112),
    "test": range(200, 224),
}
"""Subject numbers of each split; no subject is in two."""
