#!/usr/bin/env python
"""Decode NVGesture once: check the lists and videos, and keep every split as a clip store.

    python data_scripts/prepare_nvgesture.py DIR [--preset paper] [--modalities rgb,depth]

DIR is the folder with ``Video_data/`` and the two official lists; ask NVIDIA for the data set, it
may not be downloaded automatically. Stores go to ``MMTLIB_CACHE``; what is there is not made again.
"""

from __future__ import annotations

import argparse
import sys

from mmtlib.cli.show import bar
from mmtlib.config import ExperimentConfig
from mmtlib.datasets import NVGesture
from mmtlib.errors import MmtlibError
from mmtlib.experiment import open_data
from mmtlib.modalities import check_modalities


def main() -> int:
    """Prepare all splits; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", help="folder of the data set")
    parser.add_argument("--preset", default="benchmark", help="frames and size of the clips")
    parser.add_argument("--modalities", default="rgb,depth")
    parser.add_argument("--colour", default="registered", help="registered or raw")
    parser.add_argument("--skip-broken", action="store_true")
    parser.add_argument("--splits", default="train,validation,test")
    given = parser.parse_args()
    try:
        config = ExperimentConfig.make(
            dataset=NVGesture.name,
            root=given.root,
            preset=given.preset,
            modalities=check_modalities(given.modalities),
            colour=given.colour,
            skip_broken=given.skip_broken,
        )
        for split in given.splits.split(","):
            with bar(split) as progress:
                data = open_data(config, split, progress=progress)
            print(f"{split}: {len(data.clips):,} clips in {data.clips.folder}")
            if data.note:
                print(f"  {data.note}")
    except MmtlibError as error:
        print(f"prepare_nvgesture: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
