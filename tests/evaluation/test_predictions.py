import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.core.errors import DataError
from mmtlib.evaluation import Predictions
from mmtlib.evaluation.predictions import check_same_clips


def make(**changes):
    fields = {
        "scores": [[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.2, 0.5, 0.3], [0.4, 0.4, 0.2]],
        "labels": [0, 1, 1, 0],
        "subjects": [3, 3, 9, 9],
        "clip_ids": ("a", "b", "c", "d"),
    }
    return Predictions(**(fields | changes))


def test_fields_are_converted_and_predictions_derived():
    p = make()
    assert p.scores.dtype == np.float32
    assert p.labels.dtype == p.subjects.dtype == np.int64
    assert (len(p), p.classes) == (4, 3)
    assert p.predicted.tolist() == [0, 2, 1, 0]  # a tie goes to the first class
    assert p.correct.tolist() == [True, False, True, True]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"scores": [0.5, 0.5]}, "shape"),
        ({"scores": np.zeros((0, 3))}, "shape"),
        ({"labels": [0, 1]}, "labels of shape"),
        ({"subjects": [[3, 3, 9, 9]]}, "subjects of shape"),
        ({"clip_ids": ("a", "b")}, "4 clip ids"),
        ({"clip_ids": ("a", "b", "b", "c")}, "same clip id"),
        ({"scores": np.full((4, 3), np.nan)}, "NaN"),
        ({"scores": [[5.0, -4.0, 0.0]] * 4}, "softmax"),
        ({"scores": [[0.5, 0.1, 0.1]] * 4}, "softmax"),
        ({"labels": [0, 1, 1, 3]}, "labels 0 to 2"),
        ({"labels": [0, 1, 1, -1]}, "labels 0 to 2"),
        ({"labels": [0.0, 1.0, 1.0, 0.5]}, "whole numbers"),
    ],
)
def test_what_cannot_be_is_refused(changes, words):
    with pytest.raises(DataError, match=words):
        make(**changes)


@settings(max_examples=25)
@given(
    ids=st.lists(st.text("abcé _-/0", min_size=1), min_size=1, max_size=8, unique=True),
    k=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_save_and_load_is_the_identity(tmp_path_factory, ids, k, seed):
    rng = np.random.default_rng(seed)
    p = Predictions(
        scores=rng.dirichlet(np.ones(k), len(ids)),
        labels=rng.integers(0, k, len(ids)),
        subjects=rng.integers(0, 50, len(ids)),
        clip_ids=tuple(ids),
    )
    path = tmp_path_factory.mktemp("p") / "test.npz"
    p.save(path)
    back = Predictions.load(path)
    check_same_clips(p, back)
    np.testing.assert_array_equal(back.scores, p.scores)
    assert [file.name for file in path.parent.iterdir()] == ["test.npz"]


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "test.npz"
    make().save(path)
    before = path.read_bytes()

    def disk_full(*args, **fields):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", disk_full)
    with pytest.raises(DataError, match="No space left"):
        make().save(path)
    assert path.read_bytes() == before


def test_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"no predictions at .*gone"):
        Predictions.load(tmp_path / "gone.npz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 something else", b"plain text\n" * 50])
def test_a_file_that_is_something_else(tmp_path, content):
    path = tmp_path / "test.npz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"test\.npz is damaged"):
        Predictions.load(path)


def test_an_archive_of_other_arrays_or_of_pickles(tmp_path):
    path = tmp_path / "test.npz"
    np.savez(path, weights=np.zeros(3))
    with pytest.raises(DataError, match="is damaged"):
        Predictions.load(path)
    np.savez(path, scores=np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="is damaged"):
        Predictions.load(path)


def test_any_damaged_byte_is_noticed_or_harmless(tmp_path):
    path = tmp_path / "test.npz"
    p = make()
    p.save(path)
    good = path.read_bytes()
    noticed = 0
    for position in range(0, len(good), 3):
        path.write_bytes(good[:position] + bytes([good[position] ^ 0x5A]) + good[position + 1 :])
        try:
            back = Predictions.load(path)
        except DataError:
            noticed += 1
        else:
            check_same_clips(p, back)
            np.testing.assert_array_equal(back.scores, p.scores)
    assert noticed > len(good) / 3 / 2
    for end in (10, len(good) // 2, len(good) - 1):
        path.write_bytes(good[:end])
        with pytest.raises(DataError):
            Predictions.load(path)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"clip_ids": ("a", "c", "b", "d")}, "Row 1 is clip b in one and c"),
        ({"labels": [0, 1, 2, 0]}, "labels differ at clip c"),
        ({"subjects": [4, 3, 9, 9]}, "subjects differ at clip a"),
        ({"scores": np.full((4, 2), 0.5)}, r"\(4, 3\) and \(4, 2\)"),
    ],
)
def test_different_clips_are_told_apart(changes, words):
    check_same_clips(make(), make())
    with pytest.raises(DataError, match=words):
        check_same_clips(make(), make(**changes))
