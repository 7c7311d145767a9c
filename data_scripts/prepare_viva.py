#!/usr/bin/env python
"""Prepare VIVA: unpack, look at every clip, and keep every split of a fold as a clip store.

    python data_scripts/prepare_viva.py DIR [--into DIR] [--set fold=0] [--preset paper]

DIR is the folder with the recordings (see `mmtlib.datasets.VIVA`), or one with an archive of them.
The data set belongs to the VIVA challenge of the Laboratory for Intelligent and Safe Automobiles,
University of California San Diego, which is to be asked for it. Nothing is downloaded. Stores and
the manifest go to ``MMTLIB_CACHE``; a killed run goes on where it was.
"""

from mmtlib.cli.scripts import prepare_data_set, run_script
from mmtlib.datasets import VIVA

if __name__ == "__main__":
    run_script(lambda: prepare_data_set(VIVA, __doc__.splitlines()[0]))
