import pytest
from support.tiny_runs import tiny

from mmtlib.config.checks import CHOICES
from mmtlib.config.recipes import TRANSFER_WEIGHTS
from mmtlib.config.transfer import (
    ALIGNING,
    CONTROLS,
    METHODS,
    frozen_networks,
    trained_networks,
    transfer_pairs,
    transfer_weight,
)
from mmtlib.core.errors import ConfigError
from mmtlib.transforms.corruption import _KINDS

THREE = ("rgb", "depth", "flow")
TO_DEPTH = (("rgb", "depth"), ("flow", "depth"))


def test_names_agree_between_rooms():
    assert CHOICES["method"] == METHODS
    assert CHOICES["control"] == CONTROLS
    assert set(TRANSFER_WEIGHTS) == set(METHODS) - set(ALIGNING)
    assert CHOICES["corruption"] == tuple(_KINDS)


@pytest.mark.parametrize("method", ["mtut", "dml", "attention", "similarity"])
def test_everyone_learns_from_everyone(method):
    config = tiny(modalities=THREE, method=method)
    assert transfer_pairs(config) == (
        ("rgb", "depth"), ("rgb", "flow"), ("depth", "rgb"),
        ("depth", "flow"), ("flow", "rgb"), ("flow", "depth"),
    )  # fmt: skip
    assert trained_networks(config) == THREE
    assert frozen_networks(config) == ()


@pytest.mark.parametrize("method", ["one_way", "attention", "similarity"])
def test_everyone_learns_from_the_teacher_who_learns_by_itself(method):
    config = tiny(modalities=THREE, method=method, teacher="depth")
    assert transfer_pairs(config) == TO_DEPTH
    assert trained_networks(config) == THREE
    assert frozen_networks(config) == ()


def test_a_distilled_teacher_is_frozen():
    config = tiny(modalities=THREE, method="kd", teacher="depth")
    assert transfer_pairs(config) == TO_DEPTH
    assert trained_networks(config) == ("rgb", "flow")
    assert frozen_networks(config) == ("depth",)


def test_random_teachers_are_frozen_while_all_learn():
    config = tiny(control="frozen_random")
    assert trained_networks(config) == ("rgb", "depth")
    assert frozen_networks(config) == ("depth", "rgb")
    one_way = tiny(control="frozen_random", method="one_way", teacher="depth")
    assert trained_networks(one_way) == ("rgb", "depth")
    assert frozen_networks(one_way) == ("depth",)


@pytest.mark.parametrize("modalities", ["rgb", "rgb,depth"])
def test_second_networks(modalities):
    config = tiny(control="same_modality", modalities=modalities)
    assert transfer_pairs(config)[:2] == (("rgb", "rgb-2"), ("rgb-2", "rgb"))
    seconds = tuple(f"{m}-2" for m in config.modalities)
    assert trained_networks(config) == (*config.modalities, *seconds)
    assert len(transfer_pairs(config)) == 2 * len(config.modalities)


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("method", METHODS)
def test_without_weight_nobody_learns_from_anybody(method, control):
    teacher = "depth" if method in ("one_way", "kd") else None
    if teacher and control == "same_modality":
        return
    weight = {"ssa_weight": 0.0} if method in ALIGNING else {"transfer_weight": 0.0}
    config = tiny(method=method, teacher=teacher, control=control, **weight)
    assert transfer_pairs(config) == frozen_networks(config) == ()
    assert trained_networks(config) == ("rgb", "depth")
    assert config.canonical() == tiny(ssa_weight=0.0).canonical()


def test_weights():
    assert transfer_weight(tiny(ssa_weight=3.0)) == 3.0
    assert transfer_weight(tiny(method="one_way", teacher="rgb", ssa_weight=3.0)) == 3.0
    assert transfer_weight(tiny(method="dml", ssa_weight=3.0)) == TRANSFER_WEIGHTS["dml"] == 1.0
    assert transfer_weight(tiny(method="dml", transfer_weight=0.25)) == 0.25


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"method": "mtuts"}, "Unknown method 'mtuts'.*Did you mean 'mtut'"),
        ({"control": "frozen"}, "Unknown control 'frozen'"),
        ({"method": "kd"}, "method='kd' needs a teacher: set teacher to .*one of rgb, depth"),
        ({"method": "one_way"}, "method='one_way' needs a teacher"),
        ({"method": "kd", "teacher": "ir"}, "Unknown teacher 'ir'; known: depth, rgb"),
        ({"method": "kd", "teacher": "dept"}, "Unknown teacher 'dept'.*Did you mean 'depth'"),
        ({"teacher": "depth"}, "method='mtut' takes no teacher.*take method='one_way'"),
        ({"method": "dml", "teacher": "depth"}, "method='dml' takes no teacher"),
        ({"method": "dml", "modalities": "rgb"}, "method='dml'.*needs two modalities.*got rgb"),
        (
            {"method": "kd", "modalities": "rgb", "teacher": "rgb"},
            "method='kd'.*needs two modalities",
        ),
        (
            {"control": "frozen_random", "modalities": "rgb"},
            "control='frozen_random' needs two modalities",
        ),
        (
            {"control": "same_modality", "method": "kd", "teacher": "depth"},
            "control='same_modality' gives every network a second one.*leave teacher out",
        ),
        ({"transfer_weight": 1.0}, "method='mtut' is weighted with ssa_weight; transfer_weight"),
        ({"method": "dml", "transfer_weight": -1}, "transfer_weight must be at least 0, got -1"),
        ({"method": "dml", "transfer_weight": "a"}, "transfer_weight must be a number, got 'a'"),
        ({"temperature": 0}, "temperature must be above 0, got 0"),
        ({"teacher": 3}, "teacher must be text"),
    ],
)
def test_what_does_not_fit_together(settings, message):
    with pytest.raises(ConfigError, match=message):
        tiny(**settings)
