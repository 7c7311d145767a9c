from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.core.seeding import numpy_generator
from mmtlib.evaluation import (
    Predictions,
    format_points,
    holm,
    mcnemar,
    mean_interval,
    paired_difference,
    paired_means,
)
from mmtlib.evaluation.significance import _pigeonhole


def from_correct(correct, subjects):
    """Two-class predictions that are right exactly where `correct` is true."""
    n = len(correct)
    scores = np.where(np.asarray(correct)[:, None], [1.0, 0.0], [0.0, 1.0])
    return Predictions(
        scores=scores,
        labels=np.zeros(n, int),
        subjects=subjects,
        clip_ids=tuple(f"clip{i}" for i in range(n)),
    )


def random_pairs(n_seeds=4, n_clips=60, n_subjects=6, seed=0):
    rng = np.random.default_rng(seed)
    subjects = rng.permutation(np.arange(n_clips) % n_subjects)
    alone = [from_correct(rng.random(n_clips) < 0.6, subjects) for _ in range(n_seeds)]
    together = [from_correct(rng.random(n_clips) < 0.7, subjects) for _ in range(n_seeds)]
    return alone, together


def test_difference_by_hand():
    subjects = [1, 1, 1, 2]
    alone = [from_correct([1, 0, 0, 0], subjects), from_correct([1, 1, 0, 0], subjects)]
    together = [from_correct([1, 1, 0, 1], subjects), from_correct([0, 1, 0, 1], subjects)]
    result = paired_difference(alone, together)
    assert result.per_seed == (0.5, 0.0)
    assert result.mean == 0.25
    assert (result.n_seeds, result.n_subjects, result.confidence) == (2, 2, 0.95)
    # Drawing subject 2 and seed 1 or 2 twice gives 1; subject 1 and seed 2 twice gives -1/3.
    assert result.high == 1.0
    assert result.low == pytest.approx(-1 / 3)


def test_t_interval_agrees_with_scipy():
    alone, together = random_pairs(n_seeds=5)
    result = paired_difference(alone, together, confidence=0.9)
    reference = stats.ttest_rel(
        [p.correct.mean() for p in together], [p.correct.mean() for p in alone]
    ).confidence_interval(0.9)
    assert result.t_low == pytest.approx(reference.low)
    assert result.t_high == pytest.approx(reference.high)


def test_vectorised_bootstrap_equals_the_loop():
    """The weighted sums are those of a loop that lays the drawn subjects side by side."""
    rng = np.random.default_rng(3)
    sums, clips = rng.integers(-5, 9, (3, 4)).astype(float), np.array([9.0, 12.0, 10.0, 15.0])
    draws = _pigeonhole(sums, clips, 50, 8)
    again = numpy_generator("paired_difference", 8)
    of_seeds = again.multinomial(3, np.full(3, 1 / 3), 50)
    of_subjects = again.multinomial(4, np.full(4, 1 / 4), 50)
    for r in range(50):
        seeds = np.repeat(np.arange(3), of_seeds[r])
        subjects = np.repeat(np.arange(4), of_subjects[r])
        per_seed = [sums[s, subjects].sum() / clips[subjects].sum() for s in seeds]
        assert draws[r] == pytest.approx(np.mean(per_seed))


def test_same_seed_same_interval_and_swapping_negates():
    alone, together = random_pairs()
    one, two = paired_difference(alone, together), paired_difference(alone, together)
    assert one == two
    assert paired_difference(alone, together, seed=1) != one
    back = paired_difference(together, alone)
    assert back.mean == -one.mean
    assert (back.low, back.high) == pytest.approx((-one.high, -one.low))


def test_order_of_clips_does_not_matter():
    alone, together = random_pairs()
    order = np.random.default_rng(1).permutation(len(alone[0]))

    def shuffled(p):
        return Predictions(
            scores=p.scores[order],
            labels=p.labels[order],
            subjects=p.subjects[order],
            clip_ids=tuple(p.clip_ids[i] for i in order),
        )

    again = paired_difference([shuffled(p) for p in alone], [shuffled(p) for p in together])
    assert again == paired_difference(alone, together)


def test_clustering_widens_the_interval_where_subjects_differ():
    """Ten clips each of six people who gain or lose as a whole: six trials, not sixty."""
    subjects = np.repeat(np.arange(6), 10)
    gains = np.isin(subjects, [0, 1, 2, 3])
    alone, together = [from_correct(~gains, subjects)], [from_correct(gains, subjects)]
    clustered = paired_difference(alone, together)
    own = np.arange(60)
    naive = paired_difference(
        [from_correct(~gains, own)],
        [from_correct(gains, own)],
    )
    assert clustered.mean == naive.mean
    assert clustered.high - clustered.low > 2 * (naive.high - naive.low)


def test_one_seed_has_no_t_interval_and_one_subject_no_bootstrap():
    alone, together = random_pairs(n_seeds=1)
    result = paired_difference(alone, together)
    assert (result.t_low, result.t_high) == (None, None)
    assert result.low < result.mean < result.high
    alone, together = random_pairs(n_seeds=3, n_subjects=1)
    result = paired_difference(alone, together)
    assert (result.low, result.high) == (None, None)
    assert result.t_low < result.mean < result.t_high
    assert str(result).endswith("points (no interval: 3 seeds, 1 subject)")


def test_text_of_a_difference():
    alone, together = random_pairs()
    result = replace(paired_difference(alone, together), mean=0.073, low=-0.0004, high=0.112)
    assert str(result) == "+7.3 points (95% interval +0.0 to +11.2; 4 seeds, 6 subjects)"


def test_interval_holds_the_truth_about_as_often_as_it_says():
    """Simulated gains: 5 points, varying by subject (sd 6), seed (sd 3) and clip."""
    rng = np.random.default_rng(0)
    n_seeds, n_subjects, per_subject, trials = 8, 24, 20, 150
    subjects = np.repeat(np.arange(n_subjects), per_subject)
    held = 0
    for _ in range(trials):
        gain = (
            0.05
            + 0.06 * rng.standard_normal(n_subjects)[subjects]
            + 0.03 * rng.standard_normal((n_seeds, 1))
        )
        alone = [from_correct(rng.random(len(subjects)) < 0.6, subjects) for _ in range(n_seeds)]
        together = [from_correct(rng.random(len(subjects)) < 0.6 + g, subjects) for g in gain]
        result = paired_difference(alone, together, resamples=400)
        held += result.low <= 0.05 <= result.high
    assert 0.88 <= held / trials <= 0.995


def test_pairs_that_do_not_fit_are_refused():
    alone, together = random_pairs()
    with pytest.raises(DataError, match="0 trained alone"):
        paired_difference([], [])
    with pytest.raises(DataError, match="4 trained alone and 3"):
        paired_difference(alone, together[:3])
    other = random_pairs(seed=1)[1]
    with pytest.raises(DataError, match="subjects differ"):
        paired_difference(alone, other)
    for confidence in (0.0, 1.0, 95):
        with pytest.raises(ConfigError, match="confidence"):
            paired_difference(alone, together, confidence=confidence)
    with pytest.raises(ConfigError, match="resample"):
        paired_difference(alone, together, resamples=0)


def test_any_number_per_clip_is_compared_as_right_and_wrong_are():
    alone, together = random_pairs()
    first, second = (np.stack([p.correct for p in side]) for side in (alone, together))
    subjects = alone[0].subjects
    assert paired_means(first, second, subjects) == paired_difference(alone, together)
    scaled = paired_means(0.5 * first + 3, 0.5 * second + 3, subjects)
    whole = paired_difference(alone, together)
    assert scaled.mean == pytest.approx(whole.mean / 2)
    assert (scaled.low, scaled.high) == pytest.approx((whole.low / 2, whole.high / 2))


def test_means_by_hand():
    found = paired_means([[0.1, 0.2, 0.3]], [[0.2, 0.4, 0.9]], [5, 5, 6])
    assert found.mean == pytest.approx(0.3)
    # Both people twice: (0.1 + 0.2) / 2 and 0.6; each once: 0.9 / 3.
    assert (found.low, found.high) == pytest.approx((0.15, 0.6))


def test_numbers_that_are_no_pairs_are_refused():
    with pytest.raises(DataError, match=r"of one shape, got \(1, 2\) and \(1, 3\)"):
        paired_means([[1, 2]], [[1, 2, 3]], [0, 1])
    with pytest.raises(DataError, match=r"got \(2,\) and \(2,\)"):
        paired_means([1, 2], [1, 2], [0, 1])
    with pytest.raises(DataError, match=r"got \(1, 0\) and \(1, 0\)"):
        paired_means(np.zeros((1, 0)), np.zeros((1, 0)), [])
    with pytest.raises(DataError, match="Expected 2 subjects"):
        paired_means([[1, 2]], [[1, 2]], [0])
    with pytest.raises(DataError, match="NaN or infinity"):
        paired_means([[1, np.nan]], [[1, 2]], [0, 1])


def test_mean_interval():
    values = [4.9, 14.7, -1.6, 6.2, 4.9, 10.4, 10.2, 9.0]
    result = mean_interval(values)
    reference = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert result.mean == pytest.approx(np.mean(values))
    assert (result.low, result.high) == pytest.approx((reference.low, reference.high))
    assert (result.n_seeds, result.confidence) == (8, 0.95)
    alone = mean_interval([0.7])
    assert (alone.mean, alone.low, alone.high) == (0.7, None, None)
    for bad in ([], [np.nan, 1.0], [[1.0, 2.0]]):
        with pytest.raises(DataError, match="finite"):
            mean_interval(bad)


def test_mcnemar_by_hand():
    subjects = np.zeros(8, int)
    a = from_correct([1, 1, 1, 1, 1, 0, 0, 1], subjects)
    b = from_correct([0, 0, 0, 0, 0, 1, 0, 1], subjects)
    result = mcnemar(a, b)
    assert (result.only_a, result.only_b) == (5, 1)
    assert result.p_value == pytest.approx(2 * (1 + 6) / 2**6)
    assert mcnemar(b, a).p_value == result.p_value
    assert mcnemar(a, a) == replace(result, only_a=0, only_b=0, p_value=1.0)
    with pytest.raises(DataError, match="subjects differ"):
        mcnemar(a, replace(b, subjects=subjects + 1))


def test_holm_by_hand():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.5, 0.9]), [1.0, 1.0])
    assert holm([]).shape == (0,)
    for bad in ([1.1], [-0.1], [np.nan]):
        with pytest.raises(DataError, match="between 0 and 1"):
            holm(bad)


@settings(max_examples=50)
@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_between_raw_and_bonferroni_and_keeps_the_order(p):
    p = np.array(p)
    adjusted = holm(p)
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(len(p) * p, 1) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()


@pytest.mark.parametrize(
    ("difference", "text"),
    [
        (0.073, "+7.3 points"),
        (-0.0571, "-5.7 points"),
        (0.0, "+0.0 points"),
        (-0.0001, "+0.0 points"),
        (1.0, "+100.0 points"),
    ],
)
def test_format_points(difference, text):
    assert format_points(difference) == text
