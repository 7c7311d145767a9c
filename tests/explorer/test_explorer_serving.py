import html
import socket
import stat
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from unittest.mock import Mock

import nbformat
import pytest

pytest.importorskip("voila")
from support.served import free_port, served_explorer

from mmtlib.core.errors import ConfigError, MmtlibError
from mmtlib.explorer import ExplorerState, serving
from mmtlib.explorer.serving import PAGE, serve_explorer

KERNEL = "12345678-1234-1234-1234-123456789abc"


def ask(address):
    """Return status, where it ended and what came; without proxies."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=60) as answer:
            return answer.status, answer.url, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.url, error.read().decode(errors="replace")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Serve the page without opening it: no kernel is started."""
    with served_explorer(tmp_path_factory.mktemp("served"), ExplorerState()) as served:
        yield served


@pytest.mark.parametrize(
    "path",
    ["", "?view=x", "voila/render/x.ipynb", f"voila/files/{PAGE}", "api/kernels", "api/contents",
     f"api/kernels/{KERNEL}", f"api/kernels/{KERNEL}/channels", "?token=wrong"],
)  # fmt: skip
def test_without_the_token_there_is_no_page_and_no_kernel(server, path):
    base = server.address.partition("?")[0]
    status, where, text = ask(base + path.replace(" ", "%20"))
    assert status in (401, 403, 404) or where.startswith(f"{base}login")
    assert "mmtlib.explore" not in text
    assert "rendered_cells" not in text


def test_it_listens_on_this_computer_only(server):
    assert "--Voila.ip=127.0.0.1" in server.process.args
    assert server.address.startswith("http://127.0.0.1:")


def test_the_token_is_in_the_address_and_in_no_argument(tmp_path):
    served = serve_explorer(tmp_path)
    token = served.environment["JUPYTER_TOKEN"]
    assert len(token) >= 30
    assert served.address.endswith(f"&token={token}")
    assert token not in " ".join(served.command)
    assert "--token" in served.command


def test_a_browser_is_given_a_file_that_only_this_user_can_read(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(serving.webbrowser, "open", opened.append)
    served = serve_explorer(tmp_path, port=free_port())
    opening = threading.Thread(target=served.open_browser)
    opening.start()
    with socket.create_server(("127.0.0.1", urllib.parse.urlsplit(served.address).port)):
        opening.join(60)
    path = tmp_path / "open.html"
    assert opened == [path.as_uri()]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert html.escape(served.address) in path.read_text()


def test_another_address_alone_keeps_the_token(tmp_path):
    served = serve_explorer(tmp_path, host="0.0.0.0")
    assert "--Voila.ip=0.0.0.0" in served.command
    assert "token=" in served.address


def test_public_needs_an_address(tmp_path):
    with pytest.raises(ConfigError, match=r"--public .* --host"):
        serve_explorer(tmp_path, public=True)
    served = serve_explorer(tmp_path, public=True, host="0.0.0.0")
    assert "token" not in served.address
    assert "--token" not in served.command
    assert served.environment["JUPYTER_TOKEN"] == ""


def test_the_page_asks_no_other_server(tmp_path):
    serve_explorer(tmp_path)
    files = list((tmp_path / "voila" / "templates" / "mmtlib").rglob("*.j2"))
    assert files
    assert not [file for file in files if "https://cdn." in file.read_text()]


def test_the_page_and_its_first_view(tmp_path):
    link = ExplorerState(view="gain").to_link()
    served = serve_explorer(tmp_path, view=link, theme="dark")
    shown = ExplorerState(view="gain", theme="dark").to_link()
    assert f"?view={shown}&" in served.address
    notebook = nbformat.read(tmp_path / PAGE, as_version=4)
    assert notebook.cells[0].source.endswith("mmtlib.explore()")
    with pytest.raises(ConfigError, match="no link"):
        serve_explorer(tmp_path / "x", view="nope")
    with pytest.raises(ConfigError, match="--port must be"):
        serve_explorer(tmp_path / "x", port=0)


def test_without_voila_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(serving, "jupyter_path", lambda *_: [str(tmp_path / "nothing")])
    with pytest.raises(MmtlibError, match="Voila is not installed"):
        serve_explorer(tmp_path)


def test_as_a_command(monkeypatch):
    from typer.testing import CliRunner

    from mmtlib.cli import app, explore

    asked = []

    def run(command, env, check):
        asked.append((command, Path(command[4]).exists()))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(explore.subprocess, "run", run)
    said = CliRunner().invoke(app, ["explore", "--no-browser", "--port", "9000"])
    assert said.exit_code == 0, said.output
    assert "http://127.0.0.1:9000/?view=" in said.output
    assert asked[0][1]
    assert isinstance(CliRunner().invoke(app, ["explore", "--public"]).exception, ConfigError)


def test_no_program_that_the_command_starts_is_told_the_token(monkeypatch):
    """Whatever opens a browser: its arguments are for all users to see."""
    from typer.testing import CliRunner

    from mmtlib.cli import app, explore

    started = []
    monkeypatch.setattr(serving.socket, "create_connection", lambda *_, **__: socket.socket())
    monkeypatch.setattr(serving.webbrowser, "open", started.append)
    monkeypatch.setattr(explore.threading, "Thread", lambda target, daemon: Mock(start=target))
    done = subprocess.CompletedProcess((), 0)
    monkeypatch.setattr(explore.subprocess, "run", lambda c, **_: started.extend(c) or done)
    said = CliRunner().invoke(app, ["explore"])
    assert said.exit_code == 0, said.output
    token = said.output.partition("token=")[2].split()[0]
    assert len(token) >= 30
    assert started[0].startswith("file://")
    assert not [word for word in started if token in word]
