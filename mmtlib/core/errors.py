"""The one family of errors that mmtlib raises for things a user can mend.

Every message is one or two sentences: it names the file (and line) or the argument, says what was
expected and what was found, and what to do. The command line prints the message alone and exits
with code 2; anything else that escapes is a bug of ours and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class MmtlibError(Exception):
    """Base of all errors that come from input, settings or files rather than from a bug."""


class DataError(MmtlibError):
    """A data set, video, list or clip store is missing, broken or not what was asked for."""


class BusyError(DataError):
    """Another process is writing what was to be written."""


class ConfigError(MmtlibError):
    """A setting has an unknown name or a value out of its range."""


class CheckpointError(MmtlibError):
    """A file of weights or of training state is missing, broken or made for something else."""


def unknown_name(kind: str, name: object, known: Iterable[str]) -> ConfigError:
    """Return the error for a name that is not known, with the nearest known name if one is near.

    Args:
        kind: what the name stands for, e.g. ``"modality"``.
        name: what was given.
        known: the names that would have been accepted.

    Returns:
        A `ConfigError`, to be raised by the caller.
    """
    known = sorted(known)
    near = difflib.get_close_matches(str(name), known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return ConfigError(f"Unknown {kind} {name!r}; known: {', '.join(known)}.{hint}")
