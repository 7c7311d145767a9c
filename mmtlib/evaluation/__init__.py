"""What trained networks are worth: accuracy, fusion, confusion, and how sure one can be of a gain.

Everything starts from `Predictions`, the class probabilities of one network for a list of test
clips; no function here needs the network itself.
"""

from mmtlib.evaluation.accuracy import accuracy, accuracy_by_subject, per_class_accuracy
from mmtlib.evaluation.calibration import expected_calibration_error, reliability
from mmtlib.evaluation.confusion import confusion
from mmtlib.evaluation.fusion import fuse
from mmtlib.evaluation.predictions import Predictions, pooled
from mmtlib.evaluation.significance import (
    McNemar,
    PairedDifference,
    SeedInterval,
    format_points,
    holm,
    mcnemar,
    mean_interval,
    paired_difference,
    paired_means,
)

__all__ = [
    "McNemar",
    "PairedDifference",
    "Predictions",
    "SeedInterval",
    "accuracy",
    "accuracy_by_subject",
    "confusion",
    "expected_calibration_error",
    "format_points",
    "fuse",
    "holm",
    "mcnemar",
    "mean_interval",
    "paired_difference",
    "paired_means",
    "per_class_accuracy",
    "pooled",
    "reliability",
]
