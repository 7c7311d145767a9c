import shlex

import pytest
from support.tiny_runs import tiny
from typer.testing import CliRunner

from mmtlib.cli import app
from mmtlib.core.errors import DataError
from mmtlib.explorer.configs import as_command, as_python
from mmtlib.results.baselines import run_key
from mmtlib.results.schema import config_of, method_of, settings_row

CONFIGS = [
    tiny(),
    tiny(modalities=("rgb",), seed=4),
    tiny(focal=False, rho_constant=0.5, ssa_weight=3.0),
    tiny(method="kd", teacher="depth", transfer_weight=2.5),
    tiny(corrupt="depth", corruption="blur", corruption_strength=1.0, clutter=0.5),
    tiny(control="same_modality", beta=0.25, train_clips=12, generator_seed=7),
    tiny(epochs=5, schedule="step", step_epochs=(2, 3), feature_stage="mixed_2"),
]


def stored(config):
    return {**settings_row(config), "method": method_of(config, config.modalities[0])}


@pytest.mark.parametrize("config", CONFIGS)
def test_a_row_leads_back_to_the_same_run(config):
    assert run_key(config_of(stored(config))) == run_key(config.replace(device="auto"))


@pytest.mark.parametrize("config", CONFIGS)
def test_python_makes_the_same_run(config, monkeypatch):
    asked = []
    monkeypatch.setattr("mmtlib.experiment.run", asked.append)
    exec(as_python(config_of(stored(config))), {})
    assert run_key(asked[0]) == run_key(config.replace(device="auto"))


@pytest.mark.parametrize("config", CONFIGS)
def test_the_command_makes_the_same_run(config, monkeypatch):
    asked = []

    def note(config, **_):
        asked.append(config)
        raise KeyboardInterrupt

    monkeypatch.setattr("mmtlib.experiment.run", note)
    _, *arguments = shlex.split(as_command(config_of(stored(config))))
    CliRunner().invoke(app, arguments)
    assert run_key(asked[0]) == run_key(config.replace(device="auto"))


def test_a_row_that_is_no_config():
    with pytest.raises(DataError, match="is no config: Unknown optimizer 'nope'"):
        config_of({**stored(tiny()), "optimizer": "nope"})
