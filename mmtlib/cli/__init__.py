"""The command line, ``mmt``: thin commands over the library; no logic of its own.

Bad input ends with one sentence on standard error and exit code 2, never with a traceback.
"""

from mmtlib.cli.main import app as app
from mmtlib.cli.main import main as main
