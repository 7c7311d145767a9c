"""Many runs: a grid says which, a sweep makes them, a store keeps what came of them.

A `Grid` (from a TOML file) expands to tasks, each a config with the names of its arm and levels.
`sweep` trains and measures those that are missing, on the processes of this computer or on a Dask
cluster, and appends to a store of Parquet files; `load_results` reads it as one tidy table.
"""

from mmtlib.results.grid import Grid
from mmtlib.results.reading import (
    load_failures,
    load_history,
    load_predictions,
    load_results,
    load_rows,
)
from mmtlib.results.records import make_record, method_of
from mmtlib.results.runner import Failure, SweepReport, sweep
from mmtlib.results.store import append, compact_results, results_dir
from mmtlib.results.tasks import Task

__all__ = [
    "Failure",
    "Grid",
    "SweepReport",
    "Task",
    "append",
    "compact_results",
    "load_failures",
    "load_history",
    "load_predictions",
    "load_results",
    "load_rows",
    "make_record",
    "method_of",
    "results_dir",
    "sweep",
]
