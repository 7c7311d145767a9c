import pytest
from support.nvgesture_tree import write_nvgesture_tree

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.datasets import NVGesture, select_clips

LEFT, RIGHT, CLICK = "move hand left", "move hand right", "click"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Classes 1, 2 and 9; subjects 1, 2, 3; two clips each."""
    root = tmp_path_factory.mktemp("few")
    write_nvgesture_tree(root, repetitions=2)
    return NVGesture(root, "train+validation", "depth")


def folders(data):
    return [record.folder for record in data.records]


def test_all_clips_if_nothing_is_chosen(dataset):
    same = select_clips(dataset)
    assert folders(same) == folders(dataset)
    assert same.classes == dataset.classes
    assert same.fingerprint == dataset.fingerprint


def test_classes_are_kept_in_the_order_of_the_set_and_counted_anew(dataset):
    some = select_clips(dataset, classes=(CLICK, LEFT))
    assert some.classes == (LEFT, CLICK)
    assert sorted(set(some.labels)) == [0, 1]
    for record in some.records:
        assert ("class_01" in record.folder) == (record.label == 0)
    assert len(some) == 12
    assert some.fingerprint != dataset.fingerprint
    assert len(dataset.classes) == 25, "the set itself is as it was"
    assert len(dataset) == 18
    assert some[0].label == some.records[0].label


def test_mirrored_labels_follow_or_clips_are_not_mirrored(dataset):
    assert select_clips(dataset, classes=(LEFT, RIGHT)).label_swaps == {0: 1, 1: 0}
    assert select_clips(dataset, classes=(CLICK,)).label_swaps == {}
    assert select_clips(dataset, classes=(LEFT, CLICK)).label_swaps is None
    reverse = select_clips(dataset, classes=(LEFT, RIGHT, CLICK)).reversed_labels
    assert reverse == {0: 1, 1: 0}


@pytest.mark.parametrize("n", [1, 2, 5])
def test_the_first_of_every_class_for_training_the_others_for_validation(dataset, n):
    three = {"classes": (LEFT, RIGHT, CLICK), "clips_per_class": n}
    train = select_clips(dataset, **three, part="train")
    rest = select_clips(dataset, **three, part="validation")
    assert sorted(folders(train) + folders(rest)) == sorted(folders(dataset))
    everything = select_clips(dataset, classes=three["classes"])
    for label in range(3):
        of_class = [r.folder for r in everything.records if r.label == label]
        assert [r.folder for r in train.records if r.label == label] == of_class[:n]
        assert [r.folder for r in rest.records if r.label == label] == of_class[n:]


def test_what_cannot_be_chosen(dataset):
    with pytest.raises(ConfigError, match=r"class of NVGesture 'clik'.*Did you mean 'click'"):
        select_clips(dataset, classes=("clik",))
    with pytest.raises(DataError, match="but there are 0 clips of 'move hand up'"):
        select_clips(dataset, clips_per_class=1)
    with pytest.raises(DataError, match="no clip is left"):
        select_clips(dataset, classes=(LEFT,), clips_per_class=6, part="validation")
    with pytest.raises(DataError, match="clips_per_class=7, but there are 6 clips of 'move hand l"):
        select_clips(dataset, classes=(LEFT,), clips_per_class=7)


def test_only_the_skipped_of_the_classes_kept_are_reported(tmp_path):
    write_nvgesture_tree(tmp_path, repetitions=2)
    for label in ("01", "09"):
        next((tmp_path / f"Video_data/class_{label}").rglob("sk_depth.avi")).unlink()
    data = NVGesture(tmp_path, "train+validation", "depth", skip_broken=True)
    assert len(data.skipped) == 2
    assert len(select_clips(data, classes=(LEFT,)).skipped) == 1
    assert len(data.skipped) == 2
