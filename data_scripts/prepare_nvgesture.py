#!/usr/bin/env python
"""Prepare NVGesture: look at every clip, and keep every split as a clip store.

    python data_scripts/prepare_nvgesture.py DIR [--preset paper] [--modalities rgb,depth,flow]

DIR is the folder with ``Video_data/`` and the two official lists. NVIDIA Research gives the data
set on the page of the paper, as a 7z archive in several parts: unpack it by hand. Nothing is
downloaded. Stores and the manifest go to ``MMTLIB_CACHE``; a killed run goes on where it was.
"""

from mmtlib.cli.scripts import prepare_data_set, run_script
from mmtlib.datasets import NVGesture

if __name__ == "__main__":
    run_script(lambda: prepare_data_set(NVGesture, __doc__.splitlines()[0]))
