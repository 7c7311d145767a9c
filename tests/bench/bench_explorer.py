"""Time the explorer with ten thousand runs in the store: first view, redraws, memory.

    python tests/bench/bench_explorer.py [RUNS]

Measured in Python, from the results store to the figure that is sent to the page; the processor
time beside it tells what an idle machine would need. Nothing is trained; runs and accuracies are
made up.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from support.many_runs import write_many

from mmtlib.interactive.explorer import explore

FIRST_VIEW_S, REDRAW_MS, MEMORY_MIB = 3.0, 150.0, 1024.0
"""The aims."""
CHANGES = (
    ("view", "gain"), ("x", "ssa_weight"), ("target", "rgb"), ("view", "accuracy"), ("x", "arm"),
    ("view", "heat map"), ("x", "clutter"), ("y", "ssa_weight"), ("target", ""), ("y", "beta"),
    ("view", "gain"), ("view", "accuracy"), ("x", "corruption_strength"), ("target", "depth"),
)  # fmt: skip
ROUNDS = 5


def memory_mib() -> float:
    """Return the most memory this process has used, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(runs: int) -> None:
    """Print what was measured, each with its aim."""
    with tempfile.TemporaryDirectory() as folder:
        write_many(Path(folder), runs)
        base, wall, cpu = memory_mib(), time.perf_counter(), time.process_time()
        page = explore(folder=folder)
        first = time.perf_counter() - wall, time.process_time() - cpu
        controls = page.tabs["runs"].controls
        times = []
        for _ in range(ROUNDS):
            for name, value in CHANGES:
                if controls[name].value == value:
                    continue
                wall, cpu = time.perf_counter(), time.process_time()
                controls[name].value = value
                times.append((time.perf_counter() - wall, time.process_time() - cpu))
    redraw = 1000 * np.percentile(np.array(times), 95, axis=0)
    print(f"{runs} runs, {len(times)} changes of a control")
    print(f"first view       {first[0]:.2f} s (processor {first[1]:.2f} s), aim {FIRST_VIEW_S} s")
    print(f"redraw, 95th pc. {redraw[0]:.0f} ms (processor {redraw[1]:.0f} ms), aim {REDRAW_MS} ms")
    print(f"memory           {memory_mib():.0f} MiB, {base:.0f} before, aim {MEMORY_MIB} MiB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
