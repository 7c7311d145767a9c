import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from support.tiny_runs import tiny

from mmtlib.config import DATA_SETS, SETTINGS, ExperimentConfig, default_preset, hash_settings
from mmtlib.core.errors import ConfigError


def test_recipes():
    compact = ExperimentConfig.make(preset="tutorial")
    assert (compact.recipe, compact.network) == ("compact", "compact_i3d")
    assert (compact.ssa_weight, compact.ssa_reduction, compact.rho_per) == (10.0, "mean", "batch")
    assert 0 < compact.ssa_start_epoch < compact.epochs
    paper = ExperimentConfig.make(preset="paper")
    lite = ExperimentConfig.make(preset="paper-lite")
    assert lite.replace(preset="paper") == paper
    assert (paper.recipe, paper.network) == ("paper", "inception_i3d")
    assert (paper.ssa_weight, paper.ssa_reduction, paper.rho_per) == (0.05, "sum", "clip")
    assert (paper.epochs, paper.ssa_start_epoch, paper.schedule) == (75, 60, "step")
    assert ExperimentConfig.make("paper", preset="tutorial").ssa_reduction == "sum"
    assert ExperimentConfig.make("paper", preset="tiny").epochs == 3


@pytest.mark.parametrize(
    ("value", "preset"), [(None, "tutorial"), ("", "tutorial"), ("0", "tutorial"), ("1", "tiny")]
)
def test_fast_mode(monkeypatch, value, preset):
    monkeypatch.delenv("MMTLIB_FAST", raising=False)
    if value is not None:
        monkeypatch.setenv("MMTLIB_FAST", value)
    assert default_preset() == ExperimentConfig.make().preset == preset


def test_modalities_have_one_order():
    assert tiny(modalities="depth, rgb") == tiny(modalities=("rgb", "depth"))
    assert tiny(modalities=["flow", "ir", "depth"]).modalities == ("depth", "flow", "ir")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"recipe": "papr"}, "Unknown recipe 'papr'.*Did you mean 'paper'"),
        ({"recipe": ["paper"]}, "Unknown recipe"),
        ({"epoch": 3}, "Unknown setting 'epoch'.*Did you mean 'epochs'"),
        ({"modalities": "rgb,deph"}, "Unknown modality 'deph'.*Did you mean 'depth'"),
        ({"modalities": "rgb,rgb"}, "named twice"),
        ({"modalities": ()}, "At least one modality"),
        ({"modalities": 5}, "modalities must be a list of names, got 5"),
        ({"schedule": "cosine"}, "Unknown schedule 'cosine'; known: one_cycle, step"),
        ({"rho_per": "video"}, "Unknown rho_per"),
        ({"ssa_reduction": "max"}, "Unknown ssa_reduction"),
        ({"device": "gpu"}, "Unknown device 'gpu'"),
        ({"colour": 3}, "colour must be text, got 3"),
        ({"preset": "zzz"}, "Unknown preset 'zzz'"),
        ({"dataset": "zzz"}, "Unknown data set 'zzz'"),
        ({"network": "zzz"}, "Unknown network 'zzz'"),
        ({"dataset": "nvgesture", "fold": 3}, "fold is a setting of viva; the data set nvgesture"),
        ({"clutter": 0.1, "dataset": "viva"}, "clutter is a setting of synthetic"),
        ({"root": 3}, "root must be text, got 3"),
        ({"focal": "maybe"}, "focal must be true or false, got 'maybe'"),
        ({"focal": 1}, "focal must be true or false, got 1"),
        ({"skip_broken": "no"}, "skip_broken must be true or false"),
        ({"epochs": 0}, r"epochs must be in \[1, 1,000,000\], got 0"),
        ({"epochs": 2.5}, "epochs must be a whole number, got 2.5"),
        ({"epochs": "ten"}, "epochs must be a whole number, got 'ten'"),
        ({"epochs": True}, "epochs must be a whole number, got True"),
        ({"batch_size": 1}, r"batch_size must be in \[2, "),
        ({"seed": -1}, "seed must be at least 0"),
        ({"fold": -1}, "fold must be at least 0"),
        ({"fold": "1"}, "fold must be a whole number"),
        ({"seed": None}, "seed must be a whole number, got None"),
        ({"learning_rate": float("nan")}, "learning_rate must be a number, got nan"),
        ({"learning_rate": float("inf")}, "learning_rate must be a number, got inf"),
        ({"learning_rate": 10**400}, "learning_rate must be a number"),
        ({"ssa_weight": -0.1}, "ssa_weight must be at least 0, got -0.1"),
        ({"ssa_weight": "ten"}, "ssa_weight must be a number, got 'ten'"),
        ({"momentum": 1.0}, r"momentum must be in \[0, 1\)"),
        ({"dropout": 1.0}, r"dropout must be in \[0, 1\)"),
        ({"dropout": "half"}, "dropout must be a number"),
        ({"feature_time_pool": 0}, "feature_time_pool must be at least 1"),
        ({"feature_time_pool": 1.5}, "feature_time_pool must be a whole number"),
        ({"corrupt": "ir"}, "Unknown modality to corrupt 'ir'; known: depth, rgb"),
        ({"corruption": "blurr"}, "Unknown corruption 'blurr'.*Did you mean 'blur'"),
        ({"corruption_strength": 1.5}, r"corruption_strength must be in \[0, 1\], got 1.5"),
        ({"train_clips": 1}, "train_clips must be at least 2, got 1"),
        ({"train_clips": 2.5}, "train_clips must be a whole number"),
        ({"clutter": -0.1}, r"clutter must be in \[0, 2\], got -0.1"),
        ({"threads": 1_000_000}, r"threads must be in \[0, 1,024\], got 1000000"),
        ({"workers": 10**6}, "workers must be in"),
        ({"devices": 10**9}, "devices must be in"),
        ({"nodes": 10**12}, "nodes must be in"),
        ({"epochs": 10**12}, r"epochs must be in \[1, 1,000,000\], got 1000000000000"),
        ({"batch_size": -4}, "batch_size must be in"),
        ({"batch_size": 10**9}, "batch_size must be in"),
        ({"classes": [[[]] * 99]}, "classes must be a list"),
        ({"step_epochs": [-1]}, "step_epochs must be in"),
        ({"step_epochs": 5}, "step_epochs must be a list of whole numbers, got 5"),
        ({"step_epochs": [1, "x"]}, "step_epochs must be a list of whole numbers"),
    ],
)
def test_wrong_settings(settings, message):
    with pytest.raises(ConfigError, match=message):
        tiny(**settings)
    if "recipe" not in settings and "preset" not in settings:
        with pytest.raises(ConfigError, match=message):
            tiny().replace(**settings)


def test_config_is_frozen_and_hashable():
    config = tiny()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.seed = 3
    assert len({config, tiny(), tiny(seed=1)}) == 2


CONFIGS = st.builds(
    tiny,
    modalities=st.lists(
        st.sampled_from(["rgb", "depth", "flow", "ir"]), min_size=1, max_size=4, unique=True
    ),
    ssa_weight=st.floats(0, 100) | st.integers(0, 100),
    focal=st.booleans(),
    dropout=st.none() | st.floats(0, 0.9),
    feature_time_pool=st.none() | st.integers(1, 4),
    step_epochs=st.lists(st.integers(0, 50), max_size=3),
    root=st.none() | st.text(max_size=20),
    seed=st.integers(0, 2**40),
    precision=st.sampled_from(["auto", "float32", "bf16"]),
)


@limits(max_examples=60)
@given(CONFIGS)
def test_json_round_trip(config):
    again = ExperimentConfig.from_json(config.to_json())
    assert again == config
    assert again.canonical() == config.canonical()


@limits(max_examples=30)
@given(st.text(max_size=30) | st.dictionaries(st.text(max_size=5), st.none()).map(json.dumps))
def test_any_other_text_is_a_config_error(text):
    with pytest.raises(ConfigError):
        ExperimentConfig.from_json(text)


def test_json_that_is_nested_without_end():
    text = "[" * 10**5
    with pytest.raises(ConfigError, match=r"no config of an experiment.*recursion"):
        ExperimentConfig.from_json(text)
    with pytest.raises(ConfigError, match=r"dropout must be a number, got \[\[\["):
        tiny(dropout=json.loads("[" * 500 + "]" * 500))


def test_every_number_has_an_end():
    """What no machine could do is refused at once, whatever the setting."""
    for name, each in SETTINGS.items():
        if each.type in (int, float):
            for absurd in (10**18, -(10**18)):
                with pytest.raises(ConfigError, match=name):
                    each.check([absurd] if each.many else absurd)


def test_load(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(tiny(seed=3).to_json())
    assert ExperimentConfig.load(path) == tiny(seed=3)
    path.write_text(tiny().to_json().replace("epochs", "epocks"))
    with pytest.raises(ConfigError, match=r"config\.json: Unknown setting 'epocks'"):
        ExperimentConfig.load(path)
    path.write_text("[1]")
    with pytest.raises(ConfigError, match=r"config\.json: "):
        ExperimentConfig.load(path)
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(ConfigError, match=r"config\.json: "):
        ExperimentConfig.load(path)
    with pytest.raises(ConfigError, match=r"missing\.json: No such file"):
        ExperimentConfig.load(tmp_path / "missing.json")


def identity(**settings):
    return hash_settings(tiny(**settings).canonical())


SSA_SETTINGS = [
    {"ssa_weight": 3.0},
    {"ssa_reduction": "sum"},
    {"normalize": "centred"},
    {"focal": False},
    {"beta": 1.0},
    {"rho_per": "clip"},
    {"ssa_start_epoch": 2},
    {"feature_stage": "stage3"},
    {"feature_time_pool": 2},
]
OTHER_SETTINGS = [
    {"seed": 1},
    {"generator_seed": 1},
    {"learning_rate": 0.01},
    {"epochs": 4},
    {"batch_size": 8},
    {"dropout": 0.1},
    {"momentum": 0.5},
    {"weight_decay": 0.0},
    {"gradient_clip": 0.0},
    {"augment": "none"},
    {"augment": "strong"},
    {"sampling": "balanced"},
    {"schedule": "step"},
    {"network": "inception_i3d"},
    {"threads": 2},
    {"preset": "tutorial", "epochs": 3},
]


@pytest.mark.parametrize("change", SSA_SETTINGS, ids=str)
def test_alignment_settings_count_only_where_networks_are_aligned(change):
    assert identity(**change) != identity()
    assert identity(modalities="rgb", **change) == identity(modalities="rgb")
    if "ssa_weight" not in change:
        assert identity(**{"ssa_weight": 0, **change}) == identity(ssa_weight=0.0)


@pytest.mark.parametrize("change", OTHER_SETTINGS, ids=str)
def test_what_makes_another_run(change):
    assert identity(**change) != identity()
    assert identity(modalities="rgb", **change) != identity(modalities="rgb")


@pytest.mark.parametrize(
    "change",
    [
        {"root": "/elsewhere"},
        {"pretrained": "a path; what counts is the file"},
        {"workers": 2},
        {"ssa_weight": 10},  # 10 and 10.0 are one number
        {"rho_constant": 0.5},  # only without focal
    ],
    ids=str,
)
def test_what_makes_no_other_run(change):
    assert identity(**change) == identity()


def test_plain_sampling_is_no_setting_of_older_runs():
    assert "sampling" not in tiny().canonical()


def test_constant_rho_counts_instead_of_focal_settings():
    assert identity(focal=False, rho_constant=0.5) != identity(focal=False)
    assert identity(focal=False, beta=1.0, rho_per="clip") == identity(focal=False)


SETTING_OF_DATA = {
    "generator_seed": 1, "colour": "raw", "fold": 1, "leave_out": "anna", "skip_broken": True,
    "clutter": 0.5, "classes": ("a",), "clips_per_class": 2, "flow_method": "farneback",
}  # fmt: skip


@pytest.mark.parametrize("dataset", DATA_SETS)
@pytest.mark.parametrize("name", SETTING_OF_DATA)
def test_settings_count_for_the_data_sets_that_take_them(dataset, name):
    data = {"dataset": dataset, "modalities": ("rgb", "flow")}
    changed = {**data, name: SETTING_OF_DATA[name]}
    if name in DATA_SETS[dataset].settings:
        assert identity(**changed) != identity(**data)
    else:
        with pytest.raises(ConfigError, match=f"{name} is a setting of"):
            tiny(**changed)
        assert name not in tiny(**data).canonical()


def test_every_setting_of_a_data_set_is_tried_above():
    assert {name for each in DATA_SETS.values() for name in each.settings} == set(SETTING_OF_DATA)


def test_a_config_moves_to_another_data_set():
    moved = tiny(clutter=0.5, generator_seed=3).on("viva", fold=2)
    assert (moved.dataset, moved.fold, moved.clutter, moved.generator_seed) == ("viva", 2, None, 0)


def test_the_recipes_name_alone_makes_no_other_run():
    config = tiny()
    assert config.replace(recipe="paper").canonical() == config.canonical()


def test_alone_is_the_same_training_without_the_others():
    alone = tiny(seed=3).alone("depth")
    assert alone == tiny(seed=3, modalities="depth")


def test_hash_is_of_values_not_of_their_order():
    assert hash_settings({"a": 1, "b": 2}) == hash_settings({"b": 2, "a": 1})
    assert len(hash_settings({})) == 64


def test_the_method_of_flow_counts_only_where_flow_is_computed():
    def counted(modalities, method):
        return tiny(
            dataset="viva", modalities=modalities, flow_method=method, flow_folder=f"/{method}"
        ).canonical()

    assert counted("rgb,depth", "dis") == counted("rgb,depth", "farneback")
    assert not {"flow_method", "flow_folder"} & counted("rgb,depth", "dis").keys()
    assert counted("rgb,flow", "dis") != counted("rgb,flow", "farneback")
    assert counted("rgb,flow", "dis")["flow_method"] == "dis"
    with pytest.raises(ConfigError, match="flow_method 'disk'"):
        tiny(flow_method="disk")


def test_alone_keeps_the_clips_of_the_joint_training():
    joint = ExperimentConfig.make(
        dataset="nvgesture", modalities="ir,rgb,depth", skip_broken=True, root="/x"
    )
    alone = joint.alone("depth")
    assert alone.modalities == ("depth",)
    assert alone.complete_for == ("rgb", "depth", "ir")
    assert alone.alone("depth") == alone
    assert ExperimentConfig.from_json(alone.to_json()) == alone
    assert joint.replace(skip_broken=False).alone("depth").complete_for == ()
    assert ExperimentConfig.make(modalities="rgb,depth").alone("rgb").complete_for == ()
    with pytest.raises(ConfigError, match="modality 'deph'"):
        joint.replace(complete_for=("deph",))
    with pytest.raises(ConfigError, match="complete_for must be a list of names, got 5"):
        joint.replace(complete_for=5)
