"""Where a number comes from: code version, libraries, machine, date and command."""

from __future__ import annotations

import datetime
import os
import platform
import shlex
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import torch

COMMAND_VARIABLE = "MMTLIB_COMMAND"
"""Environment variable with the command of a process that works for another one."""


def code_version() -> str:
    """Return the package's version, with the commit (and ``-dirty``) where it runs from a clone."""
    folder = Path(__file__).resolve().parents[2]
    if not (folder / ".git").exists():
        return version("mmtlib")
    try:
        found = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        # Without git (or without a commit) the version alone is what can be said.
        return version("mmtlib")
    return f"{version('mmtlib')}+{found.stdout.strip()}"


def processor_name() -> str:
    """Return the processor's model name, or the architecture where the system does not tell."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def command_line() -> str:
    """Return the command that the user gave, in a process that works for another one too."""
    given = os.environ.get(COMMAND_VARIABLE)
    program, *arguments = sys.argv
    ours = Path(program) == Path(__file__).resolve().parents[1] / "__main__.py"  # python -m mmtlib
    name = "mmt" if ours else Path(program).name
    return given or " ".join([name, *map(shlex.quote, arguments)])


def provenance(device: str = "cpu") -> dict[str, str]:
    """Return what to store beside every number.

    Args:
        device: ``"cpu"`` or ``"cuda"``; the GPU's name is added for the latter.
    """
    name = processor_name()
    if device == "cuda":
        name = f"{torch.cuda.get_device_name()}, {name}"
    return {
        "code": code_version(),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "machine": name,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": command_line(),
    }
