from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny_runs import tiny

from mmtlib.training import learning_rate


def rates(config, steps):
    return [learning_rate(config, i, steps) for i in range(config.epochs * steps)]


@pytest.mark.parametrize(
    ("step", "part"),
    [
        (0, 1 / 25),  # the start
        (3, (1 / 25 + 1) / 2),  # half-way up: the mean of both ends
        (6, 1.0),  # the peak: 15 % of the last step, 40
        (23, (1 + 1e-5) / 2),  # half-way down
        (40, 1e-5),
    ],
)
def test_one_cycle_by_hand(step, part):
    config = tiny(epochs=1, learning_rate=0.06)
    assert learning_rate(config, step, 41) == pytest.approx(0.06 * part, rel=1e-12)


@settings(max_examples=60)
@given(epochs=st.integers(1, 50), steps=st.integers(1, 40), highest=st.floats(1e-6, 10))
def test_one_cycle_rises_then_falls(epochs, steps, highest):
    found = rates(tiny(epochs=epochs, learning_rate=highest), steps)
    top = found.index(max(found))
    assert all(a <= b for a, b in pairwise(found[: top + 1]))
    assert all(a >= b for a, b in pairwise(found[top:]))
    assert min(found) > 0
    assert max(found) <= highest
    if len(found) > 7:  # long enough for a step near the peak
        assert max(found) > 0.9 * highest


def test_step_schedule_by_hand():
    config = tiny(schedule="step", step_epochs=(1, 3), epochs=4, learning_rate=0.1)
    expected = [0.1] * 2 + [0.01] * 4 + [0.001] * 2
    assert rates(config, 2) == pytest.approx(expected)


def test_step_schedule_without_steps_is_constant():
    assert set(rates(tiny(schedule="step", learning_rate=0.1), 5)) == {0.1}


def test_the_papers_epochs():
    config = tiny(recipe="paper", preset="paper", device="cpu")
    found = [learning_rate(config, epoch * 7, 7) for epoch in (0, 39, 40, 54, 55, 69, 70)]
    assert found == pytest.approx([1e-2, 1e-2, 1e-3, 1e-3, 1e-4, 1e-4, 1e-5])
