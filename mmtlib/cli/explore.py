"""``mmt explore``: the results of all studies, to move through in a browser."""

from __future__ import annotations

import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Annotated

import typer

from mmtlib.cli import show


def explore_command(
    view: Annotated[
        str | None, typer.Argument(help="A view to start with: the text of a link.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; default this computer only.")
    ] = None,
    port: Annotated[int, typer.Option(help="Where to listen.")] = 8866,
    public: Annotated[
        bool, typer.Option("--public", help="Without a token; only together with --host.")
    ] = False,
    dark: Annotated[bool, typer.Option("--dark", help="Light on dark.")] = False,
    browser: Annotated[bool, typer.Option(help="Open it in a browser too.")] = True,
) -> None:
    """Open the explorer as a page (this computer only, with a token)."""
    from mmtlib.explorer.serving import serve_explorer

    with tempfile.TemporaryDirectory(prefix="mmtlib-explorer-") as folder:
        served = serve_explorer(
            Path(folder), view=view, host=host, port=port, public=public,
            theme="dark" if dark else "light",
        )  # fmt: skip
        show.say(f"{served.address}  (Ctrl+C ends it)")
        if browser:
            threading.Thread(target=served.open_browser, daemon=True).start()
        done = subprocess.run(served.command, env=served.environment, check=False)
    if done.returncode:
        raise typer.Exit(done.returncode)
