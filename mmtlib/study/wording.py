"""How the study's pages and tables call its questions, arms and networks."""

from __future__ import annotations

QUESTIONS = {
    "S1": "Which partners? Do depth, flow and infrared gain or lose?",
    "S2": "Is the gain SSA's, or would a rival do?",
    "S3": "How much is transfer, how much regularization?",
    "S4": "What does focal regularization do, at which weight, when depth is bad?",
    "S5": "From easy to hard: where is there something to gain?",
    "S6": "Does it matter more with fewer clips?",
    "S7": "Which stage?",
    "S8": "Does the recipe matter?",
}
"""Secondary question -> its text."""
ARMS = {
    "mtut": "SSA + focal",
    "ssa": "SSA without focal",
    "one_way": "one-way SSA from depth",
    "kd": "distillation from depth",
    "dml": "mutual learning",
    "attention": "attention transfer from depth",
    "similarity": "similarity preserving, from depth",
    "other_clip_same_class": "map of another clip, same class",
    "other_clip_other_class": "map of another clip, other class",
    "frozen random teacher": "frozen random teacher",
    "second rgb": "a second RGB network",
    "constant rho": "rho constant, matched",
    "alone": "alone",
    "paper": 'recipe "paper"',
}
"""Arm of a grid -> how a table calls it."""
FACTORS = {
    "ssa_weight": "weight {:g}",
    "corruption_strength": "noise {:g}",
    "clutter": "clutter {:g}",
    "train_clips": "{:g} training clips",
}
"""Factor of a grid -> how a table calls its level."""
NAMES = {"rgb": "RGB", "depth": "depth", "flow": "flow", "ir": "infrared", "fused": "both"}
"""Modality, or what is tested -> how a table calls it."""


def arm_name(arm: str) -> str:
    """Return an arm of the study's grids as a table calls it.

    >>> arm_name("ssa_weight=10.0, focal=true, corruption_strength=0.5")
    'weight 10, focal, noise 0.5'
    >>> arm_name("rgb+ir")
    'RGB + infrared'
    """
    if arm in ARMS:
        return ARMS[arm]
    names = arm.split("+")
    if all(name in NAMES for name in names):
        return " + ".join(NAMES[name] for name in names)
    return ", ".join(_level(part) for part in arm.split(", "))


def _level(part: str) -> str:
    factor, _, level = part.partition("=")
    if factor == "focal":
        return "focal" if level == "true" else "no focal"
    if factor in FACTORS:
        return FACTORS[factor].format(float(level))
    return level if factor == "feature_stage" else part
