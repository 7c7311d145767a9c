import pytest
from support.tiny_runs import tiny

from mmtlib.config import CONTROLS, METHODS, SETTINGS
from mmtlib.core.errors import ConfigError
from mmtlib.datasets import NVGesture
from mmtlib.datasets.optical_flow import METHODS as FLOW_METHODS
from mmtlib.transforms.corruption import _KINDS

THREE = ("rgb", "depth", "flow")
TO_DEPTH = (("rgb", "depth"), ("flow", "depth"))


def test_names_agree_between_rooms():
    assert SETTINGS["corruption"].choices == tuple(_KINDS)
    assert SETTINGS["flow_method"].choices == tuple(FLOW_METHODS)
    assert SETTINGS["colour"].choices == NVGesture.colours


@pytest.mark.parametrize("method", ["mtut", "dml", "attention", "similarity"])
def test_everyone_learns_from_everyone(method):
    config = tiny(modalities=THREE, method=method)
    assert config.transfer.pairs == (
        ("rgb", "depth"), ("rgb", "flow"), ("depth", "rgb"),
        ("depth", "flow"), ("flow", "rgb"), ("flow", "depth"),
    )  # fmt: skip
    assert config.transfer.trained == THREE
    assert config.transfer.frozen == ()


@pytest.mark.parametrize("method", ["one_way", "attention", "similarity"])
def test_everyone_learns_from_the_teacher_who_learns_by_itself(method):
    config = tiny(modalities=THREE, method=method, teacher="depth")
    assert config.transfer.pairs == TO_DEPTH
    assert config.transfer.trained == THREE
    assert config.transfer.frozen == ()


def test_a_distilled_teacher_is_frozen():
    config = tiny(modalities=THREE, method="kd", teacher="depth")
    assert config.transfer.pairs == TO_DEPTH
    assert config.transfer.trained == ("rgb", "flow")
    assert config.transfer.frozen == ("depth",)


def test_random_teachers_are_frozen_while_all_learn():
    config = tiny(control="frozen_random")
    assert config.transfer.trained == ("rgb", "depth")
    assert config.transfer.frozen == ("depth", "rgb")
    one_way = tiny(control="frozen_random", method="one_way", teacher="depth")
    assert one_way.transfer.trained == ("rgb", "depth")
    assert one_way.transfer.frozen == ("depth",)


@pytest.mark.parametrize("modalities", ["rgb", "rgb,depth"])
def test_second_networks(modalities):
    config = tiny(control="same_modality", modalities=modalities)
    assert config.transfer.pairs[:2] == (("rgb", "rgb-2"), ("rgb-2", "rgb"))
    seconds = tuple(f"{m}-2" for m in config.modalities)
    assert config.transfer.trained == (*config.modalities, *seconds)
    assert len(config.transfer.pairs) == 2 * len(config.modalities)


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("method", METHODS)
def test_without_weight_nobody_learns_from_anybody(method, control):
    teacher = "depth" if method in ("one_way", "kd") else None
    if teacher and control == "same_modality":
        return
    weight = {"ssa_weight": 0.0} if METHODS[method].aligning else {"transfer_weight": 0.0}
    config = tiny(method=method, teacher=teacher, control=control, **weight)
    assert config.transfer.pairs == config.transfer.frozen == ()
    assert config.transfer.trained == ("rgb", "depth")
    assert config.canonical() == tiny(ssa_weight=0.0).canonical()


def test_weights():
    assert tiny(ssa_weight=3.0).transfer.weight == 3.0
    assert tiny(method="one_way", teacher="rgb", ssa_weight=3.0).transfer.weight == 3.0
    assert tiny(method="dml", ssa_weight=3.0).transfer.weight == METHODS["dml"].weight == 1.0
    assert tiny(method="dml", transfer_weight=0.25).transfer.weight == 0.25


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


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "weight 10, focal"),
        ({"focal": False}, "weight 10"),
        ({"ssa_weight": 0.0}, ""),
        ({"method": "dml"}, "mutual learning, weight 1"),
        ({"method": "kd", "teacher": "depth"}, "distillation from depth, weight 1"),
        ({"control": "frozen_random"}, "weight 10, focal, frozen random teacher"),
    ],
)
def test_a_list_of_runs_says_briefly_what_networks_learn(settings, said):
    assert tiny(**settings).transfer.brief() == said
