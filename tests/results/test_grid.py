"""Grids as files: what is read, what is refused, and the way to JSON and back."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.grids import EXAMPLE, tiny_grid

from mmtlib.core.errors import ConfigError
from mmtlib.results import Grid, grid_checks
from mmtlib.results import grid as grid_module

GOOD = """
name = "s"
seeds = [0]
[base]
preset = "tiny"
modalities = ["rgb", "depth"]
"""


def test_the_example_that_comes_with_the_package():
    grid = Grid.load(EXAMPLE)
    assert (grid.name, grid.seeds, grid.baselines) == ("ssa-weight-by-focal", (0, 1), True)
    assert grid.factors == {"ssa_weight": [1.0, 10.0], "focal": [True, False]}
    assert grid.arms == {"no-alignment": {"ssa_weight": 0.0}}
    arms = [task.arm for task in grid.tasks]
    assert len(arms) == 2 * (4 + 1 + 2)
    assert set(arms) == {
        "ssa_weight=1.0, focal=true", "ssa_weight=1.0, focal=false",
        "ssa_weight=10.0, focal=true", "ssa_weight=10.0, focal=false", "no-alignment", "alone",
    }  # fmt: skip


def test_the_readme_shows_the_example():
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    (shown,) = re.findall(r"```toml\n(.*?)```", readme, re.DOTALL)
    assert tomllib.loads(shown) == tomllib.loads(EXAMPLE.read_text())
    assert EXAMPLE.relative_to(Path(__file__).parents[2]).as_posix() in shown


def test_settings_of_the_base_can_be_replaced(tmp_path):
    path = tmp_path / "grid.toml"
    path.write_text(GOOD)
    grid = Grid.load(path, root="/clips", epochs=2)
    assert grid.base == {
        "preset": "tiny", "modalities": ["rgb", "depth"], "root": "/clips", "epochs": 2,
    }  # fmt: skip
    (task,) = grid.tasks
    assert (task.config.root, task.config.epochs, task.arm) == ("/clips", 2, "base")


BAD = {
    "no TOML": ("name = ", "is no TOML: Invalid value"),
    "no name": ("seeds = [0]", "The key name is missing"),
    "name": ('name = "a b"', "name must be made of letters, digits"),
    "name of a wrong kind": ("name = 3", "name must be made of letters, digits"),
    "key": ('name = "s"\nfactor = 1', "Unknown key 'factor'; known: .*Did you mean 'factors'"),
    "no seed": ('name = "s"\nseeds = []', r"seeds must be a list of different.*got \[\]"),
    "a seed twice": ('name = "s"\nseeds = [1, 1]', "seeds must be a list of different"),
    "seed below 0": ('name = "s"\nseeds = [-1]', "seeds must be a list of different"),
    "seed as text": ('name = "s"\nseeds = ["0"]', "seeds must be a list of different"),
    "seed as a truth": ('name = "s"\nseeds = [true]', "seeds must be a list of different"),
    "seeds as a number": ('name = "s"\nseeds = 3', "seeds must be a list of different"),
    "baselines": ('name = "s"\nbaselines = 1', "baselines must be true or false, got 1"),
    "base": ('name = "s"\nbase = 1', "base must be a table of names, got 1"),
    "setting of the base": (GOOD + "ssa_weigt = 1", "base: Unknown setting 'ssa_weigt'.*ssa_weigh"),
    "seed in the base": (GOOD + "seed = 1", r"base\.seed: give the seeds of the study as seeds ="),
    "date": (GOOD + "root = 2026-01-01", "base holds what is no setting: .*date"),
    "value of the base": (GOOD + "epochs = 0", r"arm 'base': epochs must be in"),
    "kind of value": (GOOD + "focal = 1", "arm 'base': focal must be true or false, got 1"),
    "factors": ('name = "s"\nfactors = [1]', r"factors must be a table of names, got \[1\]"),
    "factor": (GOOD + "[factors]\nbetta = [1]", r"factors\.betta: Unknown.*Did you mean 'beta'"),
    "one value": (GOOD + "[factors]\nbeta = 1", r"factors\.beta must be a list of values.*got 1"),
    "no value": (GOOD + "[factors]\nbeta = []", r"factors\.beta must be a list of values"),
    "value twice": (GOOD + "[factors]\nbeta = [1, 1.0]", r"factors\.beta names a value twice"),
    "factor seed": (GOOD + "[factors]\nseed = [1]", r"factors\.seed: give the seeds of the"),
    "value of a factor": (
        GOOD + "[factors]\nbeta = [1.0, -2.0]", "arm 'beta=-2.0': beta must be at least 0, got -2"
    ),
    "bundle": (GOOD + "[factors]\nkind = {}", r"factors\.kind: Unknown setting.*named levels"),
    "level": (GOOD + "[factors.kind]\na = 1", r"factors\.kind\.a must be a table of names, got 1"),
    "setting of a level": (GOOD + "[factors.kind.a]\nx = 1", r"factors\.kind\.a: Unknown setting"),
    "bundle called like a column": (
        GOOD + "[factors.accuracy.a]\nbeta = 1", r"factors\.accuracy: the results have a column of"
    ),
    "two factors of one setting": (
        GOOD + "[factors]\nbeta = [1.0, 2.0]\n[factors.kind.a]\nbeta = 3.0",
        r"factors\.beta and factors\.kind both set beta",
    ),
    "arm": (GOOD + "[arms]\na = 1", r"arms\.a must be a table of names, got 1"),
    "setting of an arm": (GOOD + "[arms.a]\nx = 1", r"arms\.a: Unknown setting 'x'"),
    "value of an arm": (GOOD + "[arms.a]\nbeta = -1", "arm 'a': beta must be at least 0"),
    "the same arm twice": (
        GOOD + "[arms.a]\n[arms.b]\nrecipe = 'compact'", r"arms\.a and arms\.b are the same run"
    ),
    "fold of an arm and for all": (
        GOOD + "[factors]\nfold = [0, 1]\n[arms.a]\nfold = 3",
        r"arms\.a\.fold: factors\.fold sets it for all arms",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_bad_files_are_refused_with_file_and_key(tmp_path, text, message):
    path = tmp_path / "grid.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message) as error:
        Grid.load(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


HUGE = """
name = "s"
seeds = [{seeds}]
[factors]
epochs = [{levels}]
batch_size = [{levels}]
generator_seed = [{levels}]
"""


@pytest.mark.parametrize(("levels", "runs"), [(1000, "10,000,000,000"), (47, "1,038,230")])
def test_runs_are_counted_before_they_are_listed(tmp_path, monkeypatch, levels, runs):
    monkeypatch.setattr(grid_module, "expand", None)
    path = tmp_path / "grid.toml"
    numbers = ", ".join(str(n) for n in range(2, 2 + levels))
    path.write_text(HUGE.format(seeds=", ".join(map(str, range(10))), levels=numbers))
    with pytest.raises(ConfigError, match=rf"grid\.toml: the grid asks for {runs} runs, 100,000"):
        Grid.load(path)


@given(
    seeds=st.integers(1, 4), folds=st.integers(0, 3), arms=st.integers(0, 3),
    levels=st.lists(st.integers(1, 4), max_size=2),
)  # fmt: skip
def test_the_count_is_that_of_the_runs(seeds, folds, arms, levels):
    factors = dict(
        zip(("epochs", "batch_size"), (list(range(2, 2 + n)) for n in levels), strict=False)
    )
    if folds:
        factors["generator_seed"] = list(range(folds))
    given = {"seeds": list(range(seeds)), "factors": factors}
    given["arms"] = {f"a{n}": {"epochs": 50 + n} for n in range(arms)}
    count = len(Grid(name="s", **given).tasks)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grid_checks, "MOST_RUNS", count)
        Grid(name="s", **given)
        patch.setattr(grid_checks, "MOST_RUNS", count - 1)
        with pytest.raises(ConfigError, match=f"asks for {count} runs"):
            Grid(name="s", **given)


@pytest.mark.parametrize("text", ["x = " + "[" * 10**5, "x = " + "9" * 10**4])
def test_toml_that_is_nested_without_end_or_too_long_a_number(tmp_path, text):
    (tmp_path / "grid.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"grid\.toml is no TOML"):
        Grid.load(tmp_path / "grid.toml")
    with pytest.raises(ConfigError, match="no grid of a study"):
        Grid.from_json("[" * 10**5)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError, match=r"Cannot read the grid .*none\.toml: No such file"):
        Grid.load(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"bytes\.toml is no TOML"):
        Grid.load(tmp_path / "bytes.toml")


@pytest.mark.parametrize("text", ["", "[1]", "3", '{"name": "s", "sweeds": [0]}'])
def test_json_that_is_no_grid(text):
    with pytest.raises(ConfigError, match=r"no grid of a study|Unknown key 'sweeds'"):
        Grid.from_json(text)


numbers = st.lists(st.integers(1, 9).map(float), min_size=1, max_size=3, unique=True)
bundles = st.dictionaries(
    st.sampled_from(["a", "b"]),
    st.fixed_dictionaries({}, optional={"augment": st.sampled_from(["shift", "none"])}),
    min_size=1,
)
grids = st.builds(
    tiny_grid,
    seeds=st.lists(st.integers(0, 99), min_size=1, max_size=2, unique=True),
    baselines=st.booleans(),
    factors=st.fixed_dictionaries(
        {},
        optional={
            "beta": numbers,
            "ssa_weight": st.sampled_from([[0.0], [0.0, 1.0], [2.0]]),
            "focal": st.sampled_from([[True], [True, False]]),
            "kind": bundles,
            "generator_seed": st.sampled_from([[0], [3, 4]]),
        },
    ),
)


@given(grids)
def test_any_grid_comes_back_from_json(grid):
    again = Grid.from_json(grid.to_json())
    assert again == grid
    assert again.hash == grid.hash
    assert again.tasks == grid.tasks
    names = {task.key: (task.arm, task.config) for task in grid.tasks}
    assert len(names) == len(grid.tasks)


@given(grids)
def test_every_joint_training_has_its_baselines(grid):
    canonical = [task.config.canonical() for task in grid.tasks]
    joint = [task.config for task in grid.tasks if len(task.config.modalities) > 1]
    assert joint
    for config in joint:
        for m in config.modalities:
            assert canonical.count(config.alone(m).canonical()) == int(grid.baselines)
    # A name stands for one training of given networks, repeated.
    groups = {}
    for task in grid.tasks:
        config = task.config.replace(seed=0, generator_seed=0)
        groups.setdefault((task.arm, config.modalities), set()).add(
            json.dumps(config.canonical(), sort_keys=True)
        )
    assert all(len(group) == 1 for group in groups.values())


def test_the_hash_is_that_of_the_content():
    grid = tiny_grid(factors={"beta": [1.0, 2.0], "focal": [True]})
    other_order = json.loads(grid.to_json())
    other_order["factors"] = dict(reversed(other_order["factors"].items()))
    assert Grid(**other_order).hash == grid.hash
    assert tiny_grid(factors={"beta": [2.0, 1.0], "focal": [True]}).hash != grid.hash
    assert len(grid.hash) == 64


def test_a_grid_keeps_its_own_copy():
    base = {"preset": "tiny", "modalities": ["rgb"]}
    grid = Grid(name="s", base=base)
    base["modalities"].append("depth")
    assert grid.base["modalities"] == ["rgb"]
