"""Many runs: a grid says which, a sweep makes them, a store keeps what came of them.

A `Grid` (from a TOML file) expands to tasks, each a config with the names of its arm and levels.
`sweep` trains and measures those that are missing, on the processes of this computer or on a Dask
cluster, and appends to a store of Parquet files; `load_results` reads it as one tidy table.
"""

from mmtlib.results.baselines import baseline_key as baseline_key
from mmtlib.results.compare import Comparison as Comparison
from mmtlib.results.compare import compare as compare
from mmtlib.results.comparison import means_over_seeds as means_over_seeds
from mmtlib.results.comparison import paired as paired
from mmtlib.results.grid import Grid as Grid
from mmtlib.results.records import make_record as make_record
from mmtlib.results.runner import Failure as Failure
from mmtlib.results.runner import SweepReport as SweepReport
from mmtlib.results.runner import sweep as sweep
from mmtlib.results.schema import method_of as method_of
from mmtlib.results.store import ResultsStore as ResultsStore
from mmtlib.results.store import load_history as load_history
from mmtlib.results.store import load_predictions as load_predictions
from mmtlib.results.store import load_results as load_results
from mmtlib.results.tasks import Task as Task
