"""Many runs: a grid says which, a sweep makes them, a store keeps what came of them.

A `Grid` (from a TOML file) expands to tasks, each a config with the names of its arm and levels.
`sweep` trains and measures those that are missing, on the processes of this computer or on a Dask
cluster, and appends to a store of Parquet files; `load_results` reads it as one tidy table.
"""

from mmtlib.results.baselines import baseline_key
from mmtlib.results.compare import Comparison, compare
from mmtlib.results.comparison import means_over_seeds, paired
from mmtlib.results.grid import Grid
from mmtlib.results.records import make_record
from mmtlib.results.runner import Failure, SweepReport, sweep
from mmtlib.results.schema import method_of
from mmtlib.results.store import ResultsStore, load_history, load_predictions, load_results
from mmtlib.results.tasks import Task

__all__ = [
    "Comparison",
    "Failure",
    "Grid",
    "ResultsStore",
    "SweepReport",
    "Task",
    "baseline_key",
    "compare",
    "load_history",
    "load_predictions",
    "load_results",
    "make_record",
    "means_over_seeds",
    "method_of",
    "paired",
    "sweep",
]
