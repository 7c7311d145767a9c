"""What every test gets: a cache of its own, and one thread so that workers share the cores.

And how the tests are run: the slow ones first, and what is left to whoever is idle.
"""

import multiprocessing
import os
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings
from support.nvgesture_tree import few_rows

from mmtlib.core import cache

SLOW_FIRST = (
    "notebooks/",
    "study/",
    "explorer/",
    "cli/",
    "experiment/",
    "results/",
    "training/",
    "course/",
)
"""Beginnings of paths, slowest first: a slow test at the end would keep one process busy alone."""

PRELOADED = [
    "support.child_runs",
    "support.result_rows",
    "mmtlib.experiment",
    "mmtlib.results",
    "lightning_fabric",
]
"""What the processes of `processes` have imported before they start."""

# No test may depend on how fast the machine is; one run of the suite is like the next, and the
# full one draws other examples each time.
_PATIENT = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
}
settings.register_profile("sample", derandomize=True, **_PATIENT)
settings.register_profile("full", print_blob=True, **_PATIENT)


def pytest_addoption(parser):
    parser.addoption(
        "--full", action="store_true", help="run what is marked `full` too, not a sample of it"
    )


def pytest_configure(config):
    settings.load_profile("full" if config.getoption("full") else "sample")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Who has nothing left to do takes tests from another: `--dist worksteal` as the default."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


def pytest_collection_modifyitems(config, items):
    if not config.getoption("full"):
        left_out = [item for item in items if item.get_closest_marker("full")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("full")]

    def place(item):
        path = item.nodeid.removeprefix("tests/")
        found = (n for n, begin in enumerate(SLOW_FIRST) if path.startswith(begin))
        return next(found, len(SLOW_FIRST))

    items.sort(key=place)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """Send everything that mmtlib keeps to a temporary folder (one per xdist worker).

    Synthetic clips are made once for all workers.
    """
    folder, base = tmp_path_factory.mktemp("mmtlib_cache"), tmp_path_factory.getbasetemp()
    clips = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "clips"
    clips.mkdir(exist_ok=True)
    (folder / "synthetic").symlink_to(clips)
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MMTLIB_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def nothing_shipped(tmp_path_factory):
    """Tests see the results they make, not those of the package; who tests these sets it back.

    For the session, so that fixtures of whole modules do not see them either.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "SHIPPED", tmp_path_factory.getbasetemp() / "no results shipped")
        yield


@pytest.fixture(scope="session")
def processes():
    """Processes forked from one that has imported all that takes time: each starts at once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


@pytest.fixture
def start_child(processes):
    """Return a function that starts ``function(talk, *arguments)`` in a process of its own.

    It returns the process and the other end of the pipe `talk`; what still runs at the end of the
    test is ended.
    """
    started = []

    def start(function, *arguments):
        ours, theirs = processes.Pipe()
        child = processes.Process(target=function, args=(theirs, *arguments))
        child.start()
        theirs.close()
        started.append((child, ours))
        return child, ours

    yield start
    for child, ours in started:
        child.kill()
        child.join()
        ours.close()


@pytest.fixture(scope="session")
def full(pytestconfig) -> bool:
    """Whether all cases are wanted, not a sample of them."""
    return pytestconfig.getoption("full")


@pytest.fixture(scope="session")
def real_root() -> Path:
    """The folder of real NVGesture clips, where there is one."""
    named = os.environ.get("MMTLIB_NVGESTURE_ROOT")
    root = Path(named or Path(__file__).parents[2] / "shared" / "nvgesture_mini")
    if not named and not root.is_dir():
        pytest.skip("no real NVGesture clips here: set MMTLIB_NVGESTURE_ROOT to their folder")
    return root


@pytest.fixture(scope="session")
def few_real(real_root, tmp_path_factory) -> Path:
    """A folder of six real clips, and one row without its files, shared: do not change it."""
    return few_rows(real_root, tmp_path_factory.mktemp("real") / "few")
