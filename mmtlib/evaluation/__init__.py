"""What trained networks are worth: accuracy, fusion, confusion, and how sure one can be of a gain.

Everything starts from `Predictions`, the class probabilities of one network for a list of test
clips; no function here needs the network itself.
"""

from mmtlib.evaluation.accuracy import accuracy as accuracy
from mmtlib.evaluation.accuracy import accuracy_by_subject as accuracy_by_subject
from mmtlib.evaluation.accuracy import per_class_accuracy as per_class_accuracy
from mmtlib.evaluation.calibration import expected_calibration_error as expected_calibration_error
from mmtlib.evaluation.calibration import reliability as reliability
from mmtlib.evaluation.confusion import confusion as confusion
from mmtlib.evaluation.fusion import fuse as fuse
from mmtlib.evaluation.predictions import Predictions as Predictions
from mmtlib.evaluation.predictions import pooled as pooled
from mmtlib.evaluation.significance import McNemar as McNemar
from mmtlib.evaluation.significance import PairedDifference as PairedDifference
from mmtlib.evaluation.significance import SeedInterval as SeedInterval
from mmtlib.evaluation.significance import format_points as format_points
from mmtlib.evaluation.significance import holm as holm
from mmtlib.evaluation.significance import mcnemar as mcnemar
from mmtlib.evaluation.significance import mean_interval as mean_interval
from mmtlib.evaluation.significance import paired_difference as paired_difference
from mmtlib.evaluation.significance import paired_means as paired_means
