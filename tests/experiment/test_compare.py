import numpy as np
import pytest
from support.tiny_runs import tiny

from mmtlib.errors import ConfigError
from mmtlib.evaluation import accuracy, paired_difference
from mmtlib.experiment import compare


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
