import numpy as np
import pytest
from support.nvgesture_tree import write_nvgesture_tree
from support.tiny_runs import tiny

from mmtlib.core.errors import ConfigError
from mmtlib.evaluation import accuracy, paired_difference
from mmtlib.experiment import open_data, run
from mmtlib.results import compare


@pytest.fixture(scope="module")
def found(own_cache):
    return compare(tiny(epochs=1, ssa_start_epoch=0), [0, 1], workers=1)


def test_pairs_have_the_same_seed_and_settings(found):
    assert [r.config.seed for r in found.together] == [0, 1]
    for m in ("rgb", "depth"):
        for alone, joint in zip(found.alone[m], found.together, strict=True):
            assert alone.config.canonical() == joint.config.alone(m).canonical()


def test_table(found):
    assert found.split == "validation"
    assert list(found.table.modality) == ["rgb", "rgb", "depth", "depth"]
    assert list(found.table.seed) == [0, 1, 0, 1]
    for row in found.table.itertuples():
        alone = found.alone[row.modality][row.seed].predictions()[row.modality]
        joint = found.together[row.seed].predictions()[row.modality]
        assert row.alone == accuracy(alone)
        assert row.together == accuracy(joint)
        assert row.difference == row.together - row.alone


def test_differences(found):
    for m, difference in found.differences.items():
        by_hand = paired_difference(
            [r.predictions()[m] for r in found.alone[m]],
            [r.predictions()[m] for r in found.together],
        )
        assert difference == by_hand
        rows = found.table[found.table.modality == m]
        assert difference.mean == pytest.approx(rows.difference.mean())


def test_summary(found):
    table = found.summary()
    assert list(table.modality) == ["rgb", "depth"]
    row, rows = table.iloc[0], found.table[found.table.modality == "rgb"]
    assert row["alone (%)"] == pytest.approx(100 * rows.alone.mean(), abs=0.05)
    assert row["with the others (%)"] == pytest.approx(100 * rows.together.mean(), abs=0.05)
    assert row["difference (points)"] == f"{100 * rows.difference.mean():+.1f}"
    assert " to " in row["95 % interval"]
    assert row["per seed"].count(",") == 1


def test_one_seed_is_no_interval_over_seeds(own_cache):
    found = compare(tiny(epochs=1, ssa_start_epoch=0), [0], workers=1)
    assert len(found.table) == 2
    assert len(found.summary()) == 2


def test_stored_runs_are_used_and_progress_told(found):
    done = []
    again = compare(
        tiny(epochs=1, ssa_start_epoch=0), [1, 0], workers=1, progress=lambda *n: done.append(n)
    )
    assert done == [(i, 6) for i in range(1, 7)]
    assert again.together == found.together[::-1]


def test_test_split_is_measured_and_recorded_once(found):
    first = compare(tiny(epochs=1, ssa_start_epoch=0), [0, 1], split="test", workers=1)
    logs = [r.path / "evaluations.jsonl" for r in first.together]
    lines = [log.read_text().count('"split": "test"') for log in logs]
    assert lines == [1, 1]
    again = compare(tiny(epochs=1, ssa_start_epoch=0), [0, 1], split="test", workers=1)
    assert again.table.equals(first.table)
    assert [log.read_text().count('"split": "test"') for log in logs] == lines
    assert np.array_equal(first.table.seed, [0, 1, 0, 1])


@pytest.mark.parametrize(
    ("config", "seeds"), [(tiny(modalities="rgb"), [0, 1]), (tiny(), [])], ids=["alone", "no seed"]
)
def test_nothing_to_compare(config, seeds):
    with pytest.raises(ConfigError, match="at least two modalities and one seed"):
        compare(config, seeds)


def damage_inside(path):
    """Destroy a video's middle: its header stays good, decoding fails."""
    data = path.read_bytes()
    middle = len(data) // 2
    path.write_bytes(data[:middle] + bytes(4000) + data[middle + 4000 :])


def test_baselines_see_the_clips_of_the_joint_run(fresh_cache, tmp_path):
    clips = write_nvgesture_tree(tmp_path, classes=(1, 2), train_subjects=(1, 2, 3, 7))
    train = [c for c in clips if c.subject in (1, 2)]
    held_out = [c for c in clips if c.subject in (3, 7)]
    (tmp_path / train[0].folder / "sk_depth.avi").unlink()
    damage_inside(tmp_path / train[1].folder / "sk_wrapped.avi")
    damage_inside(tmp_path / held_out[0].folder / "sk_depth.avi")
    config = tiny(dataset="nvgesture", root=str(tmp_path), skip_broken=True, epochs=1)
    found = compare(config, [0], workers=1)
    joint = found.together[0].config
    used = {}
    for split in ("train", "validation"):
        expected = open_data(joint, split).clips.clip_ids
        for m in ("rgb", "depth"):
            used[split, m] = open_data(joint.alone(m), split).clips.clip_ids
            assert used[split, m] == expected
    assert {key: len(ids) for key, ids in used.items()} == {
        ("train", "rgb"): 2, ("train", "depth"): 2,
        ("validation", "rgb"): 3, ("validation", "depth"): 3,
    }  # fmt: skip
    # Depth for itself has a clip more, RGB for itself has others: these are other runs.
    for m, length in (("rgb", 3), ("depth", 3)):
        by_itself = joint.replace(modalities=(m,))
        assert len(open_data(by_itself, "train").clips) == length
        assert run(by_itself).identity != found.alone[m][0].identity
    assert found.table["alone"].between(0, 1).all()
