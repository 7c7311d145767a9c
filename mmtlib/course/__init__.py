"""The notebooks as a course: run them, pair them with their sources, make copies for a class.

The percent script ``notebooks/src/NN_name.py`` is the source of ``notebooks/NN_name.ipynb``, the
paired notebook that people open; it is committed without outputs. Executed copies, and those for
students and teachers, are written to ``build/`` only.
"""

from mmtlib.course.builds import AUDIENCES, build_notebooks, for_audience
from mmtlib.course.bundle import build_bundle, pinned_requirements
from mmtlib.course.pairing import paired_notebook, read_source, sync_notebooks
from mmtlib.course.project import notebook_sources, project_folder
from mmtlib.course.running import Executed, complaints, execute, joint_runs, run_tutorial
from mmtlib.course.site import build_site, reference_modules
from mmtlib.course.timing import Timed, time_limit_s, time_notebooks

__all__ = [
    "AUDIENCES",
    "Executed",
    "Timed",
    "build_bundle",
    "build_notebooks",
    "build_site",
    "complaints",
    "execute",
    "for_audience",
    "joint_runs",
    "notebook_sources",
    "paired_notebook",
    "pinned_requirements",
    "project_folder",
    "read_source",
    "reference_modules",
    "run_tutorial",
    "sync_notebooks",
    "time_limit_s",
    "time_notebooks",
]
