#!/usr/bin/env python
"""Prepare EgoGesture: unpack, look at every clip, and keep every split as a clip store.

    python data_scripts/prepare_egogesture.py DIR [--into DIR] [--preset paper]

DIR is the folder with ``SubjectNN/`` and ``labels-final-revised1/``, or one with the archives of
both. Its authors give the data set to those who sign their agreement
(http://www.nlpr.ia.ac.cn/iva/yfzhang/datasets/egogesture.html). Nothing is downloaded. Stores and
the manifest go to ``MMTLIB_CACHE``; a killed run goes on where it was.
"""

from mmtlib.cli.scripts import prepare_data_set, run_script
from mmtlib.datasets import EgoGesture

if __name__ == "__main__":
    run_script(lambda: prepare_data_set(EgoGesture, __doc__.splitlines()[0]))
