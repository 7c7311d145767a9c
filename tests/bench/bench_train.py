"""How long a training step takes: M networks in one step, layouts and precisions, peak memory.

    python tests/bench/bench_train.py [--only NAME] [--rounds 7] [--threads 2] [--compile]

For each case the contestants take turns, so that a noisy machine is noisy for all of them; medians
and their ratios are printed:

* the joint step of 2, 3 and 4 modalities (alignment loss included) against the sum of the steps of
  its networks alone;
* ours (channels last, bf16 where the device has it) against a plain loop of the same networks
  (default layout, float32), and each measure by itself;
* the peak memory of a process that makes a few steps, with and without recomputing activations.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from mmtlib.config import ExperimentConfig
from mmtlib.core.modalities import MODALITIES, get_modality
from mmtlib.experiment import build_network, make_fabric, resolve_device
from mmtlib.losses import mtut_objective
from mmtlib.models import StreamSet

CLASSES = 25


@dataclass(frozen=True)
class Case:
    """A network and a batch: N clips of T x S x S."""

    network: str
    clips: int
    frames: int
    size: int

    @property
    def name(self) -> str:
        return f"{self.network} {self.clips} x {self.frames} x {self.size} x {self.size}"


CASES = (
    Case("compact_i3d", 16, 16, 32),
    Case("compact_i3d", 8, 16, 64),
    Case("inception_i3d", 1, 16, 112),
    Case("inception_i3d", 1, 16, 224),
)


class Stepper:
    """Networks, an optimizer each, and one batch to step on again and again."""

    def __init__(
        self,
        case: Case,
        modalities: tuple[str, ...],
        *,
        precision: str,
        channels_last: bool = True,
        recompute: bool = False,
        compiled: bool = False,
    ) -> None:
        device, _ = resolve_device(ExperimentConfig.make(preset="tutorial"))
        self.fabric = make_fabric(device, precision)
        config = ExperimentConfig.make(
            preset="tutorial", network=case.network, modalities=modalities, dropout=0.0
        )
        self.streams = StreamSet({m: build_network(config, m, CLASSES) for m in modalities})
        generator = torch.Generator().manual_seed(0)
        self.frames = {
            m: torch.randn(
                case.clips, get_modality(m).channels, case.frames, case.size, case.size,
                generator=generator,
            ).to(self.fabric.device)
            for m in modalities
        }  # fmt: skip
        if channels_last:
            self.streams.to(memory_format=torch.channels_last_3d)
            self.frames = {
                m: x.contiguous(memory_format=torch.channels_last_3d)
                for m, x in self.frames.items()
            }
        for network in self.streams.networks.values():
            network.recompute = recompute
            if compiled:
                network.compile(dynamic=False)
        optimizer = torch.optim.SGD(self.streams.parameters(), lr=1e-3, momentum=0.9)
        self.model, self.optimizer = self.fabric.setup(self.streams, optimizer)
        self.labels = torch.arange(case.clips, device=self.fabric.device) % CLASSES

    def step(self) -> float:
        """Make one step; return the seconds it took."""
        self.model.train()
        start = time.perf_counter()
        self.optimizer.zero_grad()
        loss = mtut_objective(
            self.model(self.frames), self.labels, ssa_weight=0.05, ssa_reduction="sum"
        )
        self.fabric.backward(loss.total)
        self.optimizer.step()
        if self.fabric.device.type == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start


def medians(steppers: dict[str, Stepper], rounds: int) -> dict[str, float]:
    """Return the median seconds of each, taking turns; the first two steps are not counted."""
    times: dict[str, list[float]] = {name: [] for name in steppers}
    for stepper in steppers.values():
        for _ in range(2):
            stepper.step()
    for _ in range(rounds):
        for name, stepper in steppers.items():
            times[name].append(stepper.step())
    return {name: statistics.median(values) for name, values in times.items()}


def has_bf16() -> bool:
    """Return whether the device computes in bf16 rather than imitating it."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    return torch.cpu._is_avx512_bf16_supported()


def bench_joint(case: Case, rounds: int, precision: str) -> None:
    names = tuple(MODALITIES)
    steppers = {m: Stepper(case, (m,), precision=precision) for m in names}
    for count in (2, 3, 4):
        steppers[f"joint {count}"] = Stepper(case, names[:count], precision=precision)
    found = medians(steppers, rounds)
    for count in (2, 3, 4):
        alone = sum(found[m] for m in names[:count])
        joint = found[f"joint {count}"]
        print(
            f"  {count} modalities, {precision}: joint step {1e3 * joint:.0f} ms, "
            f"{joint / alone:.3f} times the sum of the steps alone"
        )


def bench_layouts(case: Case, rounds: int, compiled: bool) -> None:
    kinds = {
        "plain": {"precision": "float32", "channels_last": False},
        "channels last": {"precision": "float32"},
    }
    if has_bf16():
        kinds["bf16"] = {"precision": "bf16", "channels_last": False}
        kinds["channels last + bf16"] = {"precision": "bf16"}
    if compiled:
        kinds["channels last + compiled"] = {"precision": "float32", "compiled": True}
        if has_bf16():
            kinds["channels last + bf16 + compiled"] = {"precision": "bf16", "compiled": True}
    found = medians({name: Stepper(case, ("rgb",), **kind) for name, kind in kinds.items()}, rounds)
    for name, seconds in found.items():
        print(
            f"  {name}: {1e3 * seconds:.0f} ms a step, {found['plain'] / seconds:.2f} times as fast"
        )


def bench_memory(case: Case) -> None:
    """Print the peak memory of fresh processes, less that of one that builds the networks only."""
    sizes = {}
    for name, steps, recompute in (("built", 0, 0), ("plain", 3, 0), ("recomputed", 3, 1)):
        command = [
            sys.executable, __file__, "--memory-of", str(CASES.index(case)), str(steps),
            str(recompute),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        sizes[name] = float(done.stdout)
    plain, recomputed = (sizes[name] - sizes["built"] for name in ("plain", "recomputed"))
    if plain < 16:
        print("  2 modalities: the memory of a step is lost in what loading torch takes")
        return
    print(
        f"  2 modalities: {plain:.0f} MiB more than the networks alone at the peak, "
        f"{recomputed:.0f} MiB with recomputing"
    )


def print_memory(case: Case, steps: int, recompute: bool) -> None:
    precision = "bf16" if has_bf16() else "float32"
    stepper = Stepper(case, ("rgb", "depth"), precision=precision, recompute=recompute)
    for _ in range(steps):
        stepper.step()
    if stepper.fabric.device.type == "cuda":
        print(torch.cuda.max_memory_allocated() / 2**20)
    else:
        print(_peak_of_this_process())


def _peak_of_this_process() -> float:
    """Return MiB. Not from getrusage, which counts the process that this one was started by."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 2**10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="cases with this in their name")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--compile", action="store_true", help="also compiled (takes minutes)")
    parser.add_argument("--memory-of", nargs=3, type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.memory_of:
        case, steps, recompute = given.memory_of
        print_memory(CASES[case], steps, bool(recompute))
        return
    torch.set_num_threads(given.threads)
    for case in CASES:
        if given.only in case.name:
            print(f"{case.name}, {given.threads} threads")
            for precision in ["float32", *(["bf16"] if has_bf16() else [])]:
                bench_joint(case, given.rounds, precision)
            bench_layouts(case, given.rounds, given.compile)
            bench_memory(case)


if __name__ == "__main__":
    main()
