"""How sure one can be of a gain: paired differences over seeds, clustered by subject.

Clips of one person are alike, and all runs are tested on the same people. Treating every clip of
every run as an independent trial would make intervals far too narrow. Differences are fractions of
clips throughout (0.073 = 7.3 points).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.core.seeding import numpy_generator
from mmtlib.core.tables import interval_text, points
from mmtlib.evaluation.predictions import Predictions, check_same_clips


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedInterval:
    """A mean over seeds and its Student t interval.

    Attributes:
        mean: the mean of the values.
        low, high: the ends of the interval, or None for a single value.
        n_seeds: the number of values.
        confidence: the share of such intervals meant to hold the true mean, e.g. 0.95.
    """

    mean: float
    low: float | None
    high: float | None
    n_seeds: int
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifference:
    """A mean over clips of one network minus that of another, e.g. of accuracy, as a fraction.

    Attributes:
        mean: the mean over seeds.
        low, high: percentile bootstrap interval over subjects and seeds; None for one subject.
        per_seed: the difference of each seed.
        t_low, t_high: Student t interval over seeds, for this very test set; None for one seed.
        n_seeds, n_subjects: how many there are.
        confidence: the level of both intervals.
    """

    mean: float
    low: float | None
    high: float | None
    per_seed: tuple[float, ...]
    t_low: float | None
    t_high: float | None
    n_seeds: int
    n_subjects: int
    confidence: float

    def __str__(self) -> str:
        sample = f"{_count(self.n_seeds, 'seed')}, {_count(self.n_subjects, 'subject')}"
        if self.low is None or self.high is None:
            return f"{format_points(self.mean)} (no interval: {sample})"
        ends = interval_text(self.low, self.high, points)
        return f"{format_points(self.mean)} ({self.confidence:.0%} interval {ends}; {sample})"


@dataclass(frozen=True, slots=True, kw_only=True)
class McNemar:
    """McNemar's test of two networks on the same clips.

    Attributes:
        only_a: clips that only the first network recognised.
        only_b: clips that only the second recognised.
        p_value: how likely a split at least this uneven is if both are as good (two-sided).
    """

    only_a: int
    only_b: int
    p_value: float


def paired_difference(
    alone: Sequence[Predictions],
    together: Sequence[Predictions],
    *,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> PairedDifference:
    """Return the gain of training together, with an interval that respects subjects and seeds.

    Every resample draws subjects and, independently, seeds, both with replacement, and averages the
    differences of the drawn crossings. This crossed ("pigeonhole") bootstrap tends to be too wide
    rather than too narrow when noise of single clips rules, and too narrow with very few seeds or
    subjects: with one seed it says nothing about other seeds, with three little.

    Args:
        alone: predictions of the network trained alone, one per seed.
        together: predictions of the one trained with the others; element i is the same seed as
            ``alone[i]``. All predictions are about the same clips in the same order.
        confidence: level of the intervals, between 0 and 1.
        resamples: number of bootstrap draws.
        seed: of the draws; the same seed gives the same interval.

    Raises:
        DataError: if the lists differ in length or are empty, or clips or their order differ.
        ConfigError: if `confidence` or `resamples` is out of range.

    Source: Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1(2), 2007.
    """
    check_paired(alone, together)
    first, second = (np.stack([p.correct for p in networks]) for networks in (alone, together))
    return paired_means(
        first,
        second,
        alone[0].subjects,
        confidence=confidence,
        resamples=resamples,
        seed=seed,
    )


def paired_means(
    first: np.ndarray,
    second: np.ndarray,
    subjects: np.ndarray,
    *,
    confidence: float = 0.95,
    resamples: int = 10_000,
    seed: int = 0,
) -> PairedDifference:
    """Return the mean of `second` minus that of `first`, with the interval of `paired_difference`.

    For any number that a network has on every clip, such as the share of its saliency on the hand.

    Args:
        first, second: ``(S, N)``, a number for each of S seeds (row i of both is the same seed) and
            N clips; true and false count as 1 and 0.
        subjects: ``(N,)``, the person in each clip.
        confidence, resamples, seed: as `paired_difference`.

    Raises:
        DataError: if the shapes do not fit together, are empty, or a number is not finite.
        ConfigError: if `confidence` or `resamples` is out of range.
    """
    _check_confidence(confidence)
    if resamples < 1:
        raise ConfigError(f"Expected at least 1 resample, got {resamples}.")
    sums, clips = _sums_by_subject(*_numbers(first, second, subjects))
    per_seed = sums.sum(axis=1) / clips.sum()
    interval = mean_interval(per_seed, confidence)
    low, high = None, None
    if len(clips) > 1:
        draws = _pigeonhole(sums, clips, resamples, seed)
        tail = (1 - confidence) / 2
        low, high = (float(x) for x in np.quantile(draws, [tail, 1 - tail]))
    return PairedDifference(
        mean=interval.mean,
        low=low,
        high=high,
        per_seed=tuple(per_seed.tolist()),
        t_low=interval.low,
        t_high=interval.high,
        n_seeds=len(per_seed),
        n_subjects=len(clips),
        confidence=confidence,
    )


def check_paired(alone: Sequence[Predictions], together: Sequence[Predictions]) -> None:
    """Make sure that there is one pair of predictions per seed, all about the same clips.

    Raises:
        DataError: if that is not so.
    """
    if not alone or len(alone) != len(together):
        raise DataError(
            f"Expected one pair of predictions per seed, got {len(alone)} trained alone and "
            f"{len(together)} trained together."
        )
    for other in (*alone[1:], *together):
        check_same_clips(alone[0], other)


def _numbers(
    first: np.ndarray, second: np.ndarray, subjects: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the differences ``(S, N)`` and the subjects ``(N,)``, checked."""
    first, second = np.asarray(first, dtype=float), np.asarray(second, dtype=float)
    subjects = np.asarray(subjects)
    if first.ndim != 2 or not first.size or first.shape != second.shape:
        raise DataError(
            f"Expected two tables of numbers (seeds, clips) of one shape, got {first.shape} and "
            f"{second.shape}."
        )
    if subjects.shape != first.shape[1:]:
        raise DataError(f"Expected {first.shape[1]} subjects, got an array {subjects.shape}.")
    difference = second - first
    if not np.isfinite(difference).all():
        raise DataError("The numbers hold NaN or infinity; leave those clips out of both first.")
    return difference, subjects


def _sums_by_subject(difference: np.ndarray, subjects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the summed differences ``(seeds, subjects)`` and the clips ``(subjects,)``."""
    _, subject = np.unique(subjects, return_inverse=True)
    member = np.eye(subject.max() + 1)[subject]
    return difference @ member, member.sum(axis=0)


@lru_cache(maxsize=4)
def _draws(
    n_seeds: int, n_subjects: int, resamples: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return how often each resample draws each seed and each subject: multinomial weights.

    Kept, as many comparisons of a study have equally many of both, and drawing takes the time.
    """
    generator = numpy_generator("paired_difference", seed)
    drawn = [generator.multinomial(n, np.full(n, 1 / n), resamples) for n in (n_seeds, n_subjects)]
    for each in drawn:
        each.flags.writeable = False
    return drawn[0], drawn[1]


def _pigeonhole(sums: np.ndarray, clips: np.ndarray, resamples: int, seed: int) -> np.ndarray:
    """Return the mean difference of every resample."""
    n_seeds, n_subjects = sums.shape
    of_seeds, of_subjects = _draws(n_seeds, n_subjects, resamples, seed)
    total = ((of_seeds @ sums) * of_subjects).sum(axis=1)
    return total / (n_seeds * (of_subjects @ clips))


def mean_interval(values: Sequence[float] | np.ndarray, confidence: float = 0.95) -> SeedInterval:
    """Return the mean of one value per seed and its Student t interval.

    Args:
        values: one number per seed.
        confidence: level of the interval, between 0 and 1.

    Raises:
        DataError: if there is no value or one is not finite.
        ConfigError: if `confidence` is out of range.
    """
    _check_confidence(confidence)
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or not len(values) or not np.isfinite(values).all():
        raise DataError(f"Expected finite numbers, one per seed, got {values.tolist()}.")
    n, mean = len(values), float(values.mean())
    if n == 1:
        return SeedInterval(mean=mean, low=None, high=None, n_seeds=1, confidence=confidence)
    half = float(special.stdtrit(n - 1, (1 + confidence) / 2) * values.std(ddof=1) / np.sqrt(n))
    return SeedInterval(
        mean=mean, low=mean - half, high=mean + half, n_seeds=n, confidence=confidence
    )


def mcnemar(a: Predictions, b: Predictions) -> McNemar:
    """Compare two networks on the same clips by the clips that only one of them recognised.

    Exact two-sided binomial test; p = 1 where both recognise the same clips. It takes clips as
    independent, so it holds for these test subjects, not for new ones.

    Raises:
        DataError: if the predictions are not about the same clips in the same order.

    Source: McNemar, Psychometrika 12, 1947 (here in its exact form).
    """
    check_same_clips(a, b)
    only_a = int((a.correct & ~b.correct).sum())
    only_b = int((b.correct & ~a.correct).sum())
    n = only_a + only_b
    # Both tails of a fair coin are alike; with equal counts they overlap.
    p_value = min(1.0, 2 * float(special.bdtr(min(only_a, only_b), n, 0.5)))
    return McNemar(only_a=only_a, only_b=only_b, p_value=p_value)


def holm(p_values: Sequence[float] | np.ndarray) -> np.ndarray:
    """Adjust p values for having made several tests, by Holm's step-down method.

    Args:
        p_values: n values in [0, 1].

    Returns:
        float64 ``(n,)``, adjusted, in the order given; compare each with the level of the family.

    Raises:
        DataError: if a value is not in [0, 1].

    Source: Holm, Scandinavian Journal of Statistics 6, 1979.
    """
    p = np.asarray(p_values, dtype=float)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise DataError(f"Expected p values between 0 and 1, got {p.tolist()}.")
    order = np.argsort(p, kind="stable")
    stepped = p[order] * np.arange(len(p), 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), 1.0)
    return adjusted


def format_points(difference: float) -> str:
    """Return a difference of accuracies as text: 0.073 -> ``"+7.3 points"``."""
    return f"{points(difference)} points"


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ConfigError(f"Expected a confidence between 0 and 1, e.g. 0.95, got {confidence}.")
