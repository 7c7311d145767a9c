"""How fast synthetic clips are made, and against working out every (ray, bone) pair.

    python tests/bench/bench_synthetic.py [--clips 64]

Prints the median over clips on one thread, the ratio to the dense form (no near-pair test), and
the rate of the whole data set builder with all cores.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time

import torch

from mmtlib.synthetic import SyntheticGestures, raycast


def dense_pairs(rays, bones):
    """Return every (ray, bone at its moment) pair: what a plain ray caster works out."""
    _, frames, n_rays = rays.shape
    at = torch.arange(frames * bones.count).repeat_interleave(n_rays)
    pixel = torch.arange(n_rays).repeat(frames * bones.count)
    return (at // bones.count) * n_rays + pixel, at


def median_ms(clips: SyntheticGestures, indices: range) -> float:
    times = []
    for index in indices:
        start = time.perf_counter()
        clips._maker.render(index)
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=64)
    count = parser.parse_args().clips
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MMTLIB_CACHE"] = folder
        made, start = 0, time.perf_counter()
        for split in ("train", "validation", "test"):
            clips = SyntheticGestures("tutorial", split)
            made += len(clips)
            seconds = time.perf_counter() - start
            print(
                f"data set builder, {os.cpu_count()} cores: {made:,} clips in {seconds:.1f} s, "
                f"{made / seconds:.0f} clips/s, start of the processes and writing included"
            )
    torch.set_num_threads(1)
    near = raycast._near_pairs
    median_ms(clips, range(4))
    fast = median_ms(clips, range(count))
    raycast._near_pairs = dense_pairs
    dense = median_ms(clips, range(count))
    raycast._near_pairs = near
    print(f"one thread, 16 x 32 x 32, four modalities: {fast:.1f} ms a clip")
    ratio = dense / fast
    print(f"one thread, every (ray, bone) pair: {dense:.1f} ms a clip, {ratio:.1f} times as long")


if __name__ == "__main__":
    main()
