"""Figures about one training show any run, with its networks alone."""

import pytest
from support.layout import check_layout
from support.tiny_runs import tiny

from mmtlib.core.errors import ConfigError
from mmtlib.experiment import run
from mmtlib.gallery import GALLERY, Material, NotStored, write_gallery
from mmtlib.gallery.registry import draw_entry

OF_RUN = [name for name, entry in GALLERY.items() if entry.of_run]


@pytest.fixture(scope="module")
def together(own_cache):
    config = tiny(epochs=1, seed=7)
    for modality in config.modalities:
        run(config.alone(modality))
    return run(config)


@pytest.fixture(scope="module")
def material(together):
    return Material(together)


@pytest.mark.parametrize("name", OF_RUN)
def test_each_can_be_read_at_print_size(material, name):
    for width in GALLERY[name].widths:
        drawn = draw_entry(GALLERY[name], material, width)
        check_layout(drawn.figure, 7)
        assert drawn.provenance.startswith("Made by: ")


def test_all_figures_of_a_run_are_written(together, tmp_path):
    found = list(write_gallery(tmp_path, formats=["png"], run=together, width=3.5))
    assert [drawn.entry.name for drawn in found] == OF_RUN
    assert {drawn.width for drawn in found} == {3.5, 7.16}  # the overview cannot be read in 3.5
    assert not (tmp_path / "tables").exists()


def test_a_run_of_one_network_has_nothing_to_compare(together):
    alone = run(together.config.alone("rgb"))
    with pytest.raises(ConfigError, match=r"one network \(rgb\); this figure compares two"):
        draw_entry(GALLERY["saliency"], Material(alone))


def test_a_network_alone_that_is_missing_is_named(own_cache):
    other = run(tiny(epochs=1, seed=8))
    message = f"The network of rgb that was trained alone beside run {other.run_id} is not stored"
    with pytest.raises(NotStored, match=message):
        draw_entry(GALLERY["saliency"], Material(other))
