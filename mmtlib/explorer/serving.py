"""The explorer as a page of its own: what Voila needs to serve it, to whom, and without a CDN."""

from __future__ import annotations

import html
import json
import os
import secrets
import shutil
import socket
import time
import webbrowser
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import nbformat
from jupyter_core.paths import jupyter_path

from mmtlib.core.errors import ConfigError, MmtlibError
from mmtlib.core.files import writing
from mmtlib.core.worker import program
from mmtlib.explorer.state import ExplorerState

LOOPBACK = "127.0.0.1"
PORT = 8866
PAGE = "mmtlib explorer.ipynb"
TEMPLATE = "mmtlib"
CDN = "https://cdn."
OUR_OWN = "jupyterlab-jupytext"
"""A part of JupyterLab that fails in a page without JupyterLab's file browser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """How to serve the page.

    Attributes:
        command: the program and its arguments; without secrets, as other users can read it.
        environment: the process's environment; holds the token.
        address: what to open in a browser; holds the token.
        redirect: a file that leads there and that only this user can read: the arguments of the
            program that opens a browser are for all to see.
    """

    command: tuple[str, ...]
    environment: dict[str, str]
    address: str
    redirect: Path

    def open_browser(self) -> None:
        """Open the page in a browser as soon as it is served."""
        where = urlsplit(self.address)
        while True:
            try:
                socket.create_connection((where.hostname, where.port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.2)
        webbrowser.open(self.redirect.as_uri())


def serve_explorer(
    folder: Path,
    *,
    view: str | None = None,
    host: str | None = None,
    port: int = PORT,
    public: bool = False,
    theme: str = "light",
) -> Served:
    """Write the page into a folder and return how to serve it.

    Whoever sees the page runs Python as you: it is served on this computer only, and only with a
    token, unless both are asked for otherwise.

    Args:
        folder: an empty one; holds the page while it is served.
        view: the text of a link to start with.
        host: the address to listen on; default this computer only.
        port: where.
        public: serve without a token; only together with `host`.
        theme: ``"light"`` or ``"dark"``.

    Raises:
        ConfigError: if `view` is no view, the port is out of range, or `public` comes without
            `host`.
        MmtlibError: if Voila is not installed.
    """
    if public and host is None:
        raise ConfigError(
            "--public serves the page without a token, to anyone who reaches it: say on which "
            "address with --host, or leave --public out."
        )
    if not 1 <= port <= 65535:
        raise ConfigError(f"--port must be 1 to 65535, got {port}.")
    state = ExplorerState.from_link(view) if view else ExplorerState()
    link = state.replace(theme=theme).to_link()
    with writing(folder):
        _write_page(folder)
        _write_template(folder)
    token = "" if public else secrets.token_urlsafe(24)
    command = [
        *program("voila"), str(folder / PAGE),
        f"--Voila.ip={host or LOOPBACK}", f"--port={port}", f"--template={TEMPLATE}",
        f"--theme={theme}", f"--VoilaConfiguration.extension_denylist={OUR_OWN}",
        "--Voila.port_retries=0", "--Voila.log_level=ERROR", "--no-browser",
    ]  # fmt: skip
    if not public:
        command.append("--token")  # it takes JUPYTER_TOKEN: arguments are for all to see
    paths = [str(folder), *filter(None, [os.environ.get("JUPYTER_PATH")])]
    environment = {**os.environ, "JUPYTER_PATH": os.pathsep.join(paths), "JUPYTER_TOKEN": token}
    query = f"?view={link}" + (f"&token={token}" if token else "")
    address = f"http://{host or LOOPBACK}:{port}/{query}"
    return Served(
        command=tuple(command),
        environment=environment,
        address=address,
        redirect=_write_redirect(folder, address),
    )


def _write_redirect(folder: Path, address: str) -> Path:
    path, shown = folder / "open.html", html.escape(address)
    page = (
        f'<!DOCTYPE html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={shown}">'
        f'<title>mmtlib</title><a href="{shown}">The explorer</a>'
    )
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with writing(path), open(opened, "w") as file:
        file.write(page)
    return path


def _write_page(folder: Path) -> None:
    cell = nbformat.v4.new_code_cell("import mmtlib\n\nmmtlib.explore()", id="explorer")
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    nbformat.write(nbformat.v4.new_notebook(cells=[cell], metadata=kernel), folder / PAGE)


def _write_template(folder: Path) -> None:
    """Write Voila's own template without the lines that ask a CDN for fonts of icons."""
    found = [Path(p) / "templates" / "lab" for p in jupyter_path("voila")]
    source = next((path for path in found if (path / "index.html.j2").exists()), None)
    if source is None:
        raise MmtlibError(
            'Voila is not installed: `pip install -e ".[notebooks]"`; or use mmtlib.explore() in '
            "JupyterLab."
        )
    target = folder / "voila" / "templates" / TEMPLATE
    shutil.copytree(source, target)
    for file in target.rglob("*.*"):
        if file.suffix in (".j2", ".html"):
            lines = file.read_text().splitlines(keepends=True)
            file.write_text("".join(line for line in lines if CDN not in line))
    (target / "conf.json").write_text(json.dumps({"base_template": "lab"}))
