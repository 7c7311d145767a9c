#!/usr/bin/env python
"""Compute the optical flow of every clip of a data set from its colour pictures.

    python data_scripts/compute_optical_flow.py nvgesture DIR [--method dis]

One file per clip, in ``MMTLIB_CACHE/flow`` unless said otherwise; the data set finds them there
when ``flow`` is among its modalities. Clips whose flow is there and valid are passed over, so a
killed run goes on where it was. Exit code 1 if a clip has no flow in the end.
"""

from __future__ import annotations

import argparse
import sys

from mmtlib.cli.scripts import run_script
from mmtlib.cli.show import bar
from mmtlib.core.errors import unknown_name
from mmtlib.datasets import DATASETS
from mmtlib.datasets.clip_flow import make_flow


def main() -> int:
    """Compute what is missing; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", help=f"the data set: {', '.join(DATASETS)}")
    parser.add_argument("root", help="its folder")
    parser.add_argument("--method", default="dis", help="dis or farneback")
    parser.add_argument("--colour", default=None, help="NVGesture: registered or raw")
    parser.add_argument("--flow-folder", default=None, help="where to keep the files")
    parser.add_argument("--processes", type=int, default=None, help="default: one per core")
    given = parser.parse_args()
    if given.name not in DATASETS:
        raise unknown_name("data set", given.name, DATASETS)
    splits = DATASETS[given.name].every_split(
        given.root,
        "rgb",
        given.colour,
        flow=given.method,
        flow_folder=given.flow_folder,
    )
    made = kept = missing = 0
    broken: list[str] = []
    for split, dataset in splits.items():
        with bar(split) as progress:
            found = make_flow(dataset, processes=given.processes, progress=progress)
        made, kept, missing = made + found.made, kept + found.kept, missing + len(found.missing)
        broken += found.broken
    for reason in broken:
        print(f"broken: {reason}", file=sys.stderr)
    print(
        f"{made:,} clips computed, {kept:,} were there, {missing:,} have no colour recording, "
        f"{len(broken):,} are broken; in {dataset.flow.folder}"
    )
    return 1 if missing or broken else 0


if __name__ == "__main__":
    run_script(main)
