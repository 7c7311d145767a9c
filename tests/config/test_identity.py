import pytest
from support.tiny_runs import tiny

from mmtlib.config import ExperimentConfig, hash_settings

NEW = (
    "method", "teacher", "transfer_weight", "temperature", "control", "corrupt", "corruption",
    "corruption_strength", "train_clips", "clutter",
)  # fmt: skip


def identity(**settings):
    return hash_settings(tiny(**settings).canonical())


@pytest.mark.parametrize(
    ("config", "before"),
    [
        (tiny(), "93a7059591a12a5c"),
        (tiny().alone("rgb"), "b251efa4332ba322"),
        (tiny(focal=False, rho_constant=0.3), "81c16eeaa3abbed9"),
        (
            ExperimentConfig.make(
                "paper-literal", preset="paper", dataset="nvgesture", modalities="rgb,depth,flow"
            ),
            "0f3f4f0811d9da21",
        ),
    ],
)
def test_older_runs_keep_their_identity(config, before):
    """As the hashes were before there were methods and controls."""
    assert not set(NEW) & config.canonical().keys()
    assert hash_settings(config.canonical()).startswith(before)


KD = {"method": "kd", "teacher": "depth"}
ONE_WAY = {"method": "one_way", "teacher": "depth"}
DML, ATTENTION = {"method": "dml"}, {"method": "attention"}


@pytest.mark.parametrize(
    ("base", "change"),
    [
        ({}, DML),
        ({}, ONE_WAY),
        ({}, {"control": "other_clip_same_class"}),
        ({}, {"train_clips": 12}),
        ({}, {"clutter": 0.5}),
        ({}, {"corrupt": "rgb"}),
        ({"corrupt": "rgb"}, {"corrupt": "depth"}),
        ({"corrupt": "rgb"}, {"corruption": "blur"}),
        ({"corrupt": "rgb"}, {"corruption_strength": 0.1}),
        (ONE_WAY, {"teacher": "rgb"}),
        (ONE_WAY, {"focal": False}),
        (ONE_WAY, {"ssa_weight": 1.0}),
        (KD, {"temperature": 2.0}),
        (KD, {"transfer_weight": 2.0}),
        (KD, {"ssa_start_epoch": 0}),
        (ATTENTION, {"teacher": "depth"}),
        (ATTENTION, {"feature_stage": "stage3"}),
        ({"control": "same_modality", "modalities": "rgb"}, {"ssa_weight": 1.0}),
        ({"modalities": "rgb"}, {"control": "same_modality"}),
    ],
    ids=str,
)
def test_what_makes_another_run(base, change):
    assert identity(**base) != identity(**{**base, **change})


@pytest.mark.parametrize(
    ("base", "change"),
    [
        ({}, {"temperature": 2.0}),
        ({}, {"corruption": "blur", "corruption_strength": 0.1}),
        (DML, {"transfer_weight": 1.0}),  # the method's own
        (DML, {"temperature": 2.0}),
        (DML, {"ssa_weight": 1.0, "focal": False, "rho_constant": 0.2, "normalize": "centred"}),
        (DML, {"feature_stage": "stage3", "feature_time_pool": 1}),
        (ATTENTION, {"ssa_reduction": "sum", "beta": 1.0, "rho_per": "clip"}),
        (ONE_WAY, {"rho_constant": 0.5}),
    ],
    ids=str,
)
def test_what_makes_no_other_run(base, change):
    assert identity(**base) == identity(**{**base, **change})


@pytest.mark.parametrize(
    "settings",
    [KD, ONE_WAY, DML, ATTENTION, {"control": "frozen_random"}, {"control": "same_modality"}],
    ids=str,
)
def test_all_methods_have_one_baseline(settings):
    joint = tiny(seed=3, **settings)
    for m in ("rgb", "depth"):
        assert joint.alone(m) == tiny(seed=3, modalities=m)


def test_a_spoilt_modality_is_spoilt_alone_too():
    joint = tiny(corrupt="depth", corruption="blur")
    assert joint.alone("depth").corrupt == "depth"
    assert joint.alone("rgb").canonical() == tiny(modalities="rgb").canonical()
