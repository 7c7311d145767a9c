"""Time the explorer with ten thousand runs in the store: first view, redraws, memory.

    python tests/bench/bench_explorer.py [RUNS] [--no-browser]

In Python: from the store, or a change of a control, to the figure that is sent to the page; the
processor time beside it tells what an idle machine would need. In the browser: the page of
`mmt explore`, from the change of a control to the figure that plotly has drawn. Nothing is trained;
runs and accuracies are made up.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from support.browser import CHROMIUM, browser_page
from support.many_runs import write_many
from support.served import served_explorer

from mmtlib.explorer import ExplorerState, explore

FIRST_VIEW_S, REDRAW_MS, MEMORY_MIB = 3.0, 150.0, 1024.0
"""The aims."""
CHANGES = (
    ("view", "gain"), ("x", "ssa_weight"), ("target", "rgb"), ("view", "accuracy"), ("x", "arm"),
    ("view", "heat map"), ("x", "clutter"), ("y", "ssa_weight"), ("target", ""), ("y", "beta"),
    ("view", "gain"), ("view", "accuracy"), ("x", "corruption_strength"), ("target", "depth"),
)  # fmt: skip
ROUNDS = 5
CHANGE_AND_WAIT = """([label, index]) => new Promise((done, fail) => {
  const named = [...document.querySelectorAll("label")].filter((l) => l.textContent === label);
  const box = document.getElementById(named.find((l) => l.offsetWidth).htmlFor);
  const [figure] = [...document.querySelectorAll(".js-plotly-plot")].filter((g) => g.offsetWidth);
  const began = performance.now();
  const end = () => { figure.removeListener("plotly_afterplot", end);
                      done(performance.now() - began); };
  figure.on("plotly_afterplot", end);
  setTimeout(() => fail(new Error(`${label}: nothing was drawn`)), 60000);
  box.selectedIndex = index;
  box.dispatchEvent(new Event("change", { bubbles: true }));
})"""


def memory_mib() -> float:
    """Return the most memory this process has used, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def told(what: str, value: float, aim: float, unit: str, more: str = "") -> None:
    """Print one line of the table."""
    sign = "kept" if value <= aim else "NOT KEPT"
    print(f"{what:38} {value:8.{1 if unit == 's' else 0}f} {unit:4} aim {aim:6g}  {sign}  {more}")


def make_store(folder: Path, runs: int) -> None:
    """Write the store in another process, so that its memory is not taken for the explorer's."""
    writer = get_context("spawn").Process(target=write_many, args=(folder, runs))
    writer.start()
    writer.join()
    assert writer.exitcode == 0


def in_python(folder: Path) -> list[tuple[str, int]]:
    """Measure without a browser; return the changes as the labels and places of lists."""
    base, wall, cpu = memory_mib(), time.perf_counter(), time.process_time()
    page = explore(folder=folder)
    first = time.perf_counter() - wall, time.process_time() - cpu
    controls, times, places = page.tabs["runs"].controls, [], []
    for turn in range(ROUNDS):
        for name, value in CHANGES:
            control = controls[name]
            if control.value == value:
                continue
            wall, cpu = time.perf_counter(), time.process_time()
            control.value = value
            times.append((time.perf_counter() - wall, time.process_time() - cpu))
            if turn == ROUNDS - 1:  # from here on every round is alike
                places.append((control.description, control.index))
    redraw = 1000 * np.percentile(np.array(times), 95, axis=0)
    told("first view, Python", first[0], FIRST_VIEW_S, "s", f"processor {first[1]:.1f} s")
    told(f"redraw, Python, 95 % of {len(times)}", redraw[0], REDRAW_MS, "ms",
         f"processor {redraw[1]:.0f} ms")  # fmt: skip
    told("memory, Python", memory_mib(), MEMORY_MIB, "MiB", f"{base:.0f} before the first view")
    return places


@contextmanager
def own_cache(folder: Path) -> Iterator[None]:
    """Let the server of the page find the store."""
    before = os.environ.get("MMTLIB_CACHE")
    os.environ["MMTLIB_CACHE"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("MMTLIB_CACHE") if before is None else os.environ.update(MMTLIB_CACHE=before)


def kernel_mib(server: int) -> float:
    """Return the most memory that the kernel behind the page has used, in MiB."""
    most = 0.0
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            facts = dict(line.split(":", 1) for line in status.read_text().splitlines())
        except OSError:  # it has just ended
            continue
        if int(facts["PPid"]) == server and "VmHWM" in facts:
            most = max(most, int(facts["VmHWM"].split()[0]) / 1024)
    return most


def in_browser(folder: Path, places: list[tuple[str, int]]) -> None:
    """Measure from the change of a list to what plotly has drawn, on the page of `mmt explore`."""
    first = ExplorerState()
    with (
        own_cache(folder), served_explorer(folder / "page", first) as served, browser_page() as page
    ):  # fmt: skip
        began = time.perf_counter()
        page.goto(served.address, timeout=600_000, wait_until="commit")
        page.wait_for_selector(".mmtlib-explorer .main-svg", timeout=600_000)
        opened = time.perf_counter() - began
        times = [page.evaluate(CHANGE_AND_WAIT, place) for place in places * ROUNDS]
        told(f"redraw, browser, 95 % of {len(times)}", float(np.percentile(times, 95)),
             REDRAW_MS, "ms", f"median {np.median(times):.0f} ms")  # fmt: skip
        told("memory, the page's kernel", kernel_mib(served.process.pid), MEMORY_MIB, "MiB")
        print(f"{'page opened, with a new kernel':38} {opened:8.1f} s")
        print("the browser's errors:", page.errors or "none")


def main(runs: int, browser: bool) -> None:
    """Print what was measured, each with its aim."""
    with tempfile.TemporaryDirectory() as folder:
        make_store(Path(folder) / "results", runs)
        print(f"{runs} runs; {os.cpu_count()} cores")
        places = in_python(Path(folder) / "results")
        if browser:
            in_browser(Path(folder), places)


if __name__ == "__main__":
    given = [argument for argument in sys.argv[1:] if argument != "--no-browser"]
    wanted = CHROMIUM is not None and "--no-browser" not in sys.argv
    main(int(given[0]) if given else 10_000, wanted)
