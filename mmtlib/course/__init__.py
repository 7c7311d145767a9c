"""The notebooks as a course: run them, pair them with their sources, make copies for a class.

The percent script ``notebooks/src/NN_name.py`` is the source of ``notebooks/NN_name.ipynb``, the
paired notebook that people open; it is committed without outputs. Executed copies, and those for
students and teachers, are written to ``build/`` only.
"""

from mmtlib.course.builds import AUDIENCES as AUDIENCES
from mmtlib.course.builds import build_notebooks as build_notebooks
from mmtlib.course.builds import for_audience as for_audience
from mmtlib.course.bundle import build_bundle as build_bundle
from mmtlib.course.bundle import pinned_requirements as pinned_requirements
from mmtlib.course.pairing import paired_notebook as paired_notebook
from mmtlib.course.pairing import read_source as read_source
from mmtlib.course.pairing import sync_notebooks as sync_notebooks
from mmtlib.course.project import notebook_sources as notebook_sources
from mmtlib.course.project import project_folder as project_folder
from mmtlib.course.running import Executed as Executed
from mmtlib.course.running import complaints as complaints
from mmtlib.course.running import execute as execute
from mmtlib.course.running import joint_runs as joint_runs
from mmtlib.course.running import run_tutorial as run_tutorial
from mmtlib.course.site import build_site as build_site
from mmtlib.course.site import reference_modules as reference_modules
from mmtlib.course.timing import Timed as Timed
from mmtlib.course.timing import time_limit_s as time_limit_s
from mmtlib.course.timing import time_notebooks as time_notebooks
