"""The one family of errors that mmtlib raises for things a user can mend.

Every message is one or two sentences: it names the file (and line) or the argument, says what was
expected and what was found, and what to do. The command line prints the message alone and exits
with code 2; anything else that escapes is a bug of ours and keeps its traceback.
"""

from __future__ import annotations

import difflib
import reprlib
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


class _Short(reprlib.Repr):
    """Values as in Python, but short, however long, large or deep they are."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = self.maxlong = 80
        self.maxlist = self.maxtuple = self.maxset = self.maxdict = 12

    def repr_int(self, value: int, level: int) -> str:
        """Python refuses to write whole numbers of more than 4,300 digits."""
        digits = value.bit_length() // 3
        return f"about 10^{digits}" if digits > 1000 else super().repr_int(value, level)


shown_value = _Short().repr
"""Return a value as a message shows it: what was given, cut short."""


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
    near = difflib.get_close_matches(name, known, n=1) if isinstance(name, str) else []
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return ConfigError(f"Unknown {kind} {shown_value(name)}; known: {', '.join(known)}.{hint}")
