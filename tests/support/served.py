"""The page of `mmt explore`, served for a test."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mmtlib.explorer import ExplorerState
from mmtlib.explorer.serving import serve_explorer


@dataclass
class ServedPage:
    """A page that is being served: where, and by which process."""

    address: str
    process: subprocess.Popen


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def served_explorer(folder: Path, state: ExplorerState) -> Iterator[ServedPage]:
    """Serve the explorer, with the cache of this process, from a folder that is made for it."""
    folder.mkdir(parents=True, exist_ok=True)
    port, log = free_port(), folder / "log"
    served = serve_explorer(folder, port=port, view=state.to_link())
    with log.open("w") as out:
        voila = subprocess.Popen(served.command, env=served.environment, stdout=out, stderr=out)
    try:
        for _ in range(1200):
            with socket.socket() as there:
                if there.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert voila.poll() is None, log.read_text()
            time.sleep(0.2)
        yield ServedPage(served.address, voila)
    finally:
        voila.terminate()
        voila.wait(30)
