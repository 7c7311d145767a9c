"""One declaration is enough: whatever is declared is found by every consumer."""

import ast
import dataclasses
import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import of_a_user
from support.videos_tree import write_list, write_videos_tree

import mmtlib
from mmtlib.config import CONTROLS, METHODS, SETTINGS, ExperimentConfig, method_titles
from mmtlib.config.page import declared_page
from mmtlib.config.transfer_settings import TransferSettings
from mmtlib.core.declared import code_fingerprint
from mmtlib.core.errors import ConfigError

PACKAGE = Path(mmtlib.__file__).parent
PROJECT = PACKAGE.parent
DUMMY_SETTING = """    dummy_setting: int = setting(
        1, title="dummy title", low=1, unless_default=True, offered=("1", "2"), help="Dummy help.",
    )  # fmt: skip
"""
LOOK = """
from mmtlib.config import ExperimentConfig
from mmtlib.config.page import declared_page
from mmtlib.config.transfer_settings import TransferSettings
from mmtlib.core.errors import ConfigError
from mmtlib.explorer.factors import TITLES
from mmtlib.explorer.settings import OFFERED, settings_config
from mmtlib.results.schema import RESULTS_SCHEMA

plain = ExperimentConfig.make(preset="tiny")
try:
    plain.replace(dummy_setting=0)
except ConfigError as error:
    assert "dummy_setting must be at least 1, got 0" in str(error)
else:
    raise AssertionError("it was not refused")
assert "dummy_setting" not in plain.canonical()
assert plain.replace(dummy_setting=2).canonical()["dummy_setting"] == 2
assert str(RESULTS_SCHEMA.field("dummy_setting").type) == "int64"
assert "dummy_setting" in OFFERED and TITLES["dummy_setting"] == "dummy title"
assert settings_config({"dummy_setting": "2"}).dummy_setting == 2
assert "| `dummy_setting` | dummy title | 1 |" in declared_page()
"""

COMMANDS = """
import sys
from mmtlib.cli import main

for words in {!r}:
    sys.argv = ["mmt", *words]
    try:
        main()
    except SystemExit as end:
        assert not end.code, words
    print({!r})
"""
"""Makes several commands in one process: each takes seconds to import."""
NEXT = "---- the next command ----"


def call(*command, path, cache, cwd=None):
    """Run a command with these folders on Python's path; return what it printed."""
    variables = {"PYTHONPATH": os.pathsep.join(map(str, path)), "MMTLIB_CACHE": str(cache)}
    environment = {**os.environ, **variables, "COLUMNS": "200", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True, text=True, env=environment, cwd=cwd or cache,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_setting_is_one_line(tmp_path):
    copy = tmp_path / "copy" / "mmtlib"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("stored", "__pycache__"))
    group = copy / "config" / "optimiser_settings.py"
    group.write_text(group.read_text() + DUMMY_SETTING)
    shared = {"path": [copy.parent], "cache": tmp_path}
    shown = call("-c", LOOK + COMMANDS.format([("train", "--help")], NEXT), **shared)
    assert re.search(r"--dummy-setting +<int> +Dummy help\.", shown)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Install a package of a user's own: a module and its entry points."""
    folder = tmp_path_factory.mktemp("site")
    source = Path(of_a_user.__file__).read_text()
    (folder / "of_a_user.py").write_text(source)
    facts = folder / "of_a_user-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: of-a-user\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text(
        "[mmtlib.networks]\ndummy_net = of_a_user:DummyNet\n"
        "[mmtlib.methods]\ndummy_method = of_a_user:dummy_method\n"
        "[mmtlib.controls]\ndummy_control = of_a_user:dummy_control\n"
        "[mmtlib.modalities]\nthermal = of_a_user:dummy_modality\n"
        "[mmtlib.datasets]\ndummy_set = of_a_user:dummy_set\n"
    )
    return folder


@pytest.fixture(scope="module")
def thermal_videos(tmp_path_factory):
    """A folder of videos whose list has a column of the user's own modality."""
    root = tmp_path_factory.mktemp("thermal")
    rows = write_videos_tree(root, labels=("wave", "point"))
    write_list(root, [{("thermal" if k == "depth" else k): v for k, v in r.items()} for r in rows])
    return root


OPTIONS = (
    "--data", "dummy_set", "--modalities", "rgb,thermal", "--network", "of_a_user:DummyNet",
    "--method", "dummy_method", "--control", "dummy_control", "--preset", "tiny", "--epochs", "2",
)  # fmt: skip


def test_everything_of_a_users_own_is_found_everywhere(installed, thermal_videos, tmp_path):
    shared = {"path": [PROJECT, installed], "cache": tmp_path}

    def mmt(*command):
        return call("-m", "mmtlib", *command, **shared)

    def several(*commands):
        words = [tuple(map(str, command)) for command in commands]
        return call("-c", COMMANDS.format(words, NEXT), **shared).split(NEXT)[:-1]

    shown, listed = several(("train", "--help"), ("settings",))
    shown = " ".join(shown.split())
    for name in ("dummy_method", "dummy_control", "thermal", "dummy_set"):
        assert name in shown.replace("│ ", "").replace(" │", ""), name
    assert "Dummy set" in listed
    assert {"dummy hints", "dummy control", "Thermal"} <= set(re.findall(r"\| ([^|`]+) \|", listed))

    train = ("train", "--root", thermal_videos, *OPTIONS)
    first = mmt(*train, "--workers", "2")
    assert "dummy hints, weight 2, control dummy control" in first
    run = re.search(r"run (\w{12}) in", first)[1]
    evaluated, again = several(("evaluate", run), train)
    assert "thermal" in evaluated
    assert again.count(run) == first.count(run)  # stored: loaders change nothing
    exported = tmp_path / "thermal.onnx"
    mmt("export", run, "--modality", "thermal", "--out", exported)
    assert exported.stat().st_size > 0
    video = thermal_videos / "anna" / "depth.avi"
    assert "wave" in mmt("predict", video, "--model", exported)

    module = installed / "of_a_user.py"
    before = module.read_text()
    try:
        module.write_text(before.replace("relu() * 1.0", "relu() * 2.0"))
        edited = re.search(r"run (\w{12}) in", mmt(*train))[1]
    finally:
        module.write_text(before)
    assert edited != run


def test_what_is_registered_at_run_time_is_found_and_refused_when_wrong():
    with METHODS.holding(of_a_user.dummy_method), CONTROLS.holding(of_a_user.dummy_control):
        config = ExperimentConfig.make(
            preset="tiny", modalities=("rgb", "depth"), method="dummy_method", feature_stage="stem"
        )
        assert config.transfer.weight == 2.0
        assert config.canonical()["feature_stage"] == "stem"  # what it compares is not declared
        assert config.canonical()["code"].keys() == {"method dummy_method"}
        assert method_titles()["dummy_method"] == "dummy hints"
        assert "dummy_method" in SETTINGS["method"].suggestions
        assert "| `dummy_method` | dummy hints |" in declared_page()
        with pytest.raises(ConfigError, match=r"Unknown method 'dumy_method'.*'dummy_method'"):
            config.replace(method="dumy_method")
    with pytest.raises(ConfigError, match="Unknown method 'dummy_method'"):
        ExperimentConfig.make(preset="tiny", modalities=("rgb", "depth"), method="dummy_method")
    with pytest.raises(ConfigError, match="There is a network 'compact_i3d' already"):
        mmtlib.register_network("compact_i3d", of_a_user.DummyNet)
    with pytest.raises(ConfigError, match=r"'support\.of_a_user:Nothing' cannot be imported"):
        ExperimentConfig.make(network="support.of_a_user:Nothing")


def test_edited_code_has_another_fingerprint(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "helper_of_net.py").write_text("WIDTH = 4\n")
    (tmp_path / "net_module.py").write_text("import helper_of_net\n\n\nclass Net:\n    pass\n")
    import net_module

    first = code_fingerprint(net_module.Net)
    assert code_fingerprint(net_module.Net) == first
    (tmp_path / "helper_of_net.py").write_text("WIDTH = 8\n")
    inspect.linecache.clearcache()
    assert code_fingerprint(net_module.Net) != first  # what it uses counts too


def test_what_is_not_compared_makes_no_other_run():
    first = code_fingerprint(of_a_user.dummy_modality)
    lighter = dataclasses.replace(of_a_user.dummy_modality, light_color="#FFFFFF")
    assert code_fingerprint(lighter) == first
    assert code_fingerprint(dataclasses.replace(lighter, unit="metres")) != first


def test_the_page_of_settings_is_in_step():
    shown = (PROJECT / "docs" / "settings.md").read_text()
    assert shown == declared_page(), "run: mmt settings --out docs/settings.md"


TRANSFER = {name for name in SETTINGS if name in TransferSettings.__dataclass_fields__}
DERIVING = ("cli", "results", "explorer", "gallery")
COLUMNS = {"method", "teacher", "control"}
"""Also columns of results and histories, which rooms that read these may name."""
PLAYGROUND = "explorer/focal_tab.py"
"""Shows how rho is worked out, and names what it is worked out from."""


def named_settings(file):
    """Return the settings of transfer that a file names as an attribute, argument or text."""
    found = set()
    tree = ast.parse(file.read_text())
    called = {
        k.value for n in ast.walk(tree) if isinstance(n, ast.Call) for k in n.keywords
        if k.arg == "name"
    }  # fmt: skip  # what a table or a figure is called
    for node in ast.walk(tree):
        if node in called:
            continue
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.keyword):
            found.add(node.arg)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found & TRANSFER


@pytest.mark.parametrize("room", [*DERIVING, "config/identity.py"])
def test_consumers_name_no_setting_of_transfer(room):
    place = PACKAGE / room
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place]
    named = {str(file.relative_to(PACKAGE)): named_settings(file) - COLUMNS for file in files}
    assert {file: names for file, names in named.items() if names and file != PLAYGROUND} == {}


def test_no_two_public_names_are_alike():
    homes = {}
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.parse(file.read_text()).body:
            public = isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_"
            if public:
                homes.setdefault(node.name, []).append(str(file.relative_to(PACKAGE)))
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


def test_no_setting_is_any():
    for file in PACKAGE.rglob("*.py"):
        assert "config: Any" not in file.read_text(), file
