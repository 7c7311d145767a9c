import dataclasses

import pytest

from mmtlib.core.errors import ConfigError
from mmtlib.core.modalities import (
    MODALITIES,
    check_modalities,
    get_modality,
    modality_of,
    network_title,
    second_network,
)


def test_the_four_modalities_and_their_channels():
    assert {name: m.channels for name, m in MODALITIES.items()} == {
        "rgb": 3,
        "depth": 1,
        "flow": 2,
        "ir": 1,
    }
    assert {m.kind for m in MODALITIES.values()} == {"image", "level", "vector"}
    assert MODALITIES["flow"].kind == "vector"
    assert MODALITIES["depth"].kind == "level"
    assert all(m.name == key and m.spread > 0 for key, m in MODALITIES.items())


def test_figures_can_tell_the_modalities_apart():
    assert len({m.color for m in MODALITIES.values()}) == len(MODALITIES)
    assert len({m.title for m in MODALITIES.values()}) == len(MODALITIES)


def test_a_modality_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        get_modality("rgb").channels = 4


@pytest.mark.parametrize("name", ["RGB", "dept", "", None, ["rgb"]])
def test_unknown_modality(name):
    with pytest.raises(ConfigError, match="Unknown modality"):
        get_modality(name)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("rgb", ("rgb",)),
        ("ir, rgb,", ("ir", "rgb")),
        (["flow", "depth", "rgb"], ("flow", "depth", "rgb")),
        ((name for name in ("depth",)), ("depth",)),
        (MODALITIES, ("rgb", "depth", "flow", "ir")),
    ],
)
def test_names_keep_their_order(given, expected):
    assert check_modalities(given) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("", "At least one"),
        (" , ", "At least one"),
        ([], "At least one"),
        ("rgb,rgb", "twice in rgb, rgb"),
        (["rgb", "deph"], "'deph'.*Did you mean 'depth'"),
    ],
)
def test_wrong_lists_of_modalities(given, message):
    with pytest.raises(ConfigError, match=message):
        check_modalities(given)


def test_second_networks():
    assert second_network("rgb") == "rgb-2"
    assert modality_of("rgb-2") == modality_of("rgb") == "rgb"
    assert (network_title("rgb"), network_title("rgb-2")) == ("RGB", "RGB (second)")
    for name in ("rbg-2", "rgb-3", "rgb-2-2"):
        with pytest.raises(ConfigError, match="Unknown modality"):
            modality_of(name)
