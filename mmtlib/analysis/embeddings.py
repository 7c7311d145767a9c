"""Do networks of different modalities mean the same: their features in one picture, and probes.

A probe is a linear classifier on the features of one network. Trained on those of one modality and
tested on those of another, it works only if the same channel means the same in both. The alignment
loss does not ask for that: it does not change when the channels of a network are mixed by a
rotation. So a low accuracy across modalities is no failure of the alignment, while a high one says
that the networks share more than the loss asks for; `mmtlib.analysis.linear_cka`, which does not
see rotations, belongs beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.linalg import orthogonal_procrustes
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.manifold import TSNE
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from mmtlib.core.errors import ConfigError, DataError, unknown_name
from mmtlib.core.seeding import derive_seed
from mmtlib.evaluation import Predictions, accuracy

EMBEDDINGS = ("pca", "tsne")
"""The methods that `embed` knows."""
MAX_ITERATIONS = 2000

Probes = dict[tuple[str, str], Predictions]
"""(trained on, tested on) -> what the probe said of every clip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonSemantics:
    """How much of what networks of different modalities know has the same form in both.

    Attributes:
        across: mean accuracy of the probes tested on another modality than they were trained on.
        within: mean accuracy of those tested on their own.
        chance: the share of the most frequent class.
    """

    across: float
    within: float
    chance: float


def embed(
    features: Mapping[str, ArrayLike | Tensor],
    labels: ArrayLike,
    *,
    method: str = "pca",
    seed: int = 0,
    perplexity: float = 30.0,
) -> pd.DataFrame:
    """Return the features of all modalities in one plane.

    Each channel of each modality is standardised first, so that what parts the modalities in the
    picture is not their scale or offset.

    Args:
        features: modality -> ``(N, C)`` of the same clips (`mmtlib.analysis.pooled_features`).
        labels: N class indices.
        method: ``"pca"``, the two directions of the largest variance, or ``"tsne"``, which keeps
            neighbours together; distances between its groups mean nothing.
        seed: of t-SNE; the same one gives the same picture on the same machine.
        perplexity: of t-SNE: about how many neighbours count, below the number of points.

    Returns:
        One row per modality and clip: ``modality``, ``clip`` (0 to N - 1), ``label``, ``x``, ``y``.

    Raises:
        ConfigError: if the method is unknown or the perplexity out of its range.
        DataError: if the modalities differ in clips or channels, a number is not finite, or all
            points of a modality are equal, as those of a network that has collapsed.

    Sources: van der Maaten and Hinton, JMLR 9, 2008 (t-SNE); scikit-learn.
    """
    if method not in EMBEDDINGS:
        raise unknown_name("method of embedding", method, EMBEDDINGS)
    arrays = _same_channels(features)
    labels = _aligned("labels", labels, arrays)
    number, channels = next(iter(arrays.values())).shape
    if min(number := number * len(arrays), channels) < 2:
        raise DataError(f"Expected two points and channels or more, got {(number, channels)}.")
    points = _spread(arrays)
    if method == "tsne" and not 0 < perplexity < len(points):
        raise ConfigError(f"perplexity: expected 0 to {len(points)} (points), got {perplexity}.")
    state = derive_seed("embedding", seed) % 2**32
    maker = (
        PCA(2, svd_solver="full")
        if method == "pca"
        else TSNE(2, perplexity=perplexity, init="pca", random_state=state)
    )
    plane = maker.fit_transform(points)
    table = pd.DataFrame({"modality": np.repeat(list(arrays), len(labels))})
    table["clip"] = np.tile(np.arange(len(labels)), len(arrays))
    table["label"] = np.tile(labels, len(arrays))
    return table.assign(x=plane[:, 0], y=plane[:, 1])


def cross_modal_probes(
    features: Mapping[str, ArrayLike | Tensor],
    labels: ArrayLike,
    subjects: ArrayLike,
    *,
    classes: int,
    clip_ids: Sequence[str] | None = None,
    folds: int = 5,
    penalty: float = 1.0,
    rotate: bool = False,
) -> Probes:
    """Train a linear probe on every modality's features and test it on every modality's.

    Multinomial logistic regression, cross-validated by subject: a clip is tested by a probe that
    has seen no clip of its person, in any modality. Each modality's channels are standardised with
    mean and spread of its own training clips, so an offset between modalities does not count.

    Args:
        features: modality -> ``(N, C)`` of the same clips (`mmtlib.analysis.pooled_features`); take
            clips that the networks were not trained with.
        labels: N class indices.
        subjects: the person in each clip.
        classes: K, the number of classes.
        clip_ids: N names; default their numbers.
        folds: parts of the subjects, at most as many as there are.
        penalty: strength of the squared penalty on the weights, above 0.
        rotate: turn the tested modality's features to those of the trained one first, by the
            rotation (or reflection) that brings clips nearest together, pair by pair and without
            labels. Then a probe works across modalities if they mean the same up to a rotation,
            which is all that the alignment loss can ask for. Half of the people train all probes,
            the rotations take the other half: on the same clips a probe of noise would pass on
            by heart what the rotation then finds again.

    Returns:
        (trained on, tested on) -> `Predictions` of all clips, in their order; the functions of
        `mmtlib.evaluation` take them (`paired_difference` for probes before and after a training).

    Raises:
        ConfigError: if `folds` or `penalty` is out of its range.
        DataError: if the modalities differ in clips or channels, all points of one are equal, a
            label is out of its range, or there is one subject or class only (with `rotate` two
            subjects are too few), also among the clips that a probe is trained on.

    Sources: Alain and Bengio, "Understanding Intermediate Layers Using Linear Classifier Probes",
    2016 (arXiv 1610.01644); Schoenemann, Psychometrika 31, 1966 (the rotation).
    """
    if folds < 2 or not penalty > 0:
        raise ConfigError(
            f"Expected 2 folds or more and a penalty above 0, got {folds}, {penalty}."
        )
    arrays = _same_channels(features)
    labels, subjects = _aligned("labels", labels, arrays), _aligned("subjects", subjects, arrays)
    people = len(np.unique(subjects))
    if people < 2 or len(np.unique(labels)) < 2:
        raise DataError("Probes need clips of two subjects and two classes or more.")
    if not 0 <= labels.min() <= labels.max() < classes:
        raise DataError(
            f"Expected labels 0 to {classes - 1}, got {labels.min()} to {labels.max()}."
        )
    _spread(arrays)
    scores = {(a, b): np.zeros((len(labels), classes)) for a in arrays for b in arrays}
    for train, test in GroupKFold(min(folds, people)).split(labels, groups=subjects):
        train, pairs = _halves(train, subjects) if rotate else (train, train)
        if len(np.unique(labels[train])) < 2:
            raise DataError(
                "The clips of other people than the tested ones are all of one class: probes need "
                "two classes or more from several people."
            )
        scalers = {name: StandardScaler().fit(x[train]) for name, x in arrays.items()}
        for a, x in arrays.items():
            probe = LogisticRegression(C=1 / penalty, max_iter=MAX_ITERATIONS)
            probe.fit(scalers[a].transform(x[train]), labels[train])
            for b, y in arrays.items():
                shown = scalers[b].transform(y[test])
                if rotate and a != b:
                    here, there = scalers[b].transform(y[pairs]), scalers[a].transform(x[pairs])
                    shown = shown @ orthogonal_procrustes(here, there)[0]
                scores[a, b][np.ix_(test, probe.classes_)] = probe.predict_proba(shown)
    names = tuple(map(str, range(len(labels)))) if clip_ids is None else tuple(clip_ids)
    return {
        pair: Predictions(scores=found, labels=labels, subjects=subjects, clip_ids=names)
        for pair, found in scores.items()
    }


def _halves(chosen: np.ndarray, subjects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return clips of half of the people among the chosen clips, and those of the other half."""
    people = np.unique(subjects[chosen])
    if len(people) < 2:
        raise DataError("A rotation needs clips of three subjects or more.")
    first = np.isin(subjects[chosen], people[::2])
    return chosen[first], chosen[~first]


def probe_matrix(probes: Probes) -> pd.DataFrame:
    """Return the accuracies of `cross_modal_probes`: rows trained on, columns tested on."""
    names = list(dict.fromkeys(a for a, _ in probes))
    rows = [[accuracy(probes[a, b]) for b in names] for a in names]
    index = pd.Index(names, name="trained_on")
    return pd.DataFrame(rows, index=index, columns=pd.Index(names, name="tested_on"))


def common_semantics(probes: Probes) -> CommonSemantics:
    """Return one number for what modalities share, beside what a probe reaches within one.

    Raises:
        DataError: if there is one modality only.
    """
    across = [accuracy(p) for (a, b), p in probes.items() if a != b]
    within = [accuracy(p) for (a, b), p in probes.items() if a == b]
    if not across:
        raise DataError("Common semantics need the probes of two modalities or more.")
    labels = next(iter(probes.values())).labels
    return CommonSemantics(
        across=float(np.mean(across)),
        within=float(np.mean(within)),
        chance=float(np.bincount(labels).max() / len(labels)),
    )


def _same_channels(features: Mapping[str, ArrayLike | Tensor]) -> dict[str, np.ndarray]:
    """Return the features as float64 ``(N, C)``, all of one shape."""
    arrays = {
        name: np.asarray(x.cpu() if isinstance(x, Tensor) else x, dtype=np.float64)
        for name, x in features.items()
    }
    if not arrays:
        raise DataError("No features were given; expected one array (N, C) per modality.")
    for name, x in arrays.items():
        if x.ndim != 2 or 0 in x.shape or not np.isfinite(x).all():
            raise DataError(f"{name}: expected finite features (N, C), got shape {x.shape}.")
    shapes = {name: x.shape for name, x in arrays.items()}
    if len(set(shapes.values())) > 1:
        seen = ", ".join(f"{name} {n} x {c}" for name, (n, c) in shapes.items())
        raise DataError(
            f"The modalities differ in clips or channels (N x C): {seen}. Take the same clips, and "
            "stages with the same number of channels: only then can one probe or plane serve all."
        )
    return arrays


def _spread(arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return the standardised points of all modalities, one below the other.

    Points that cannot be told apart are refused: t-SNE of them would end Python, without a word.
    """
    scaled = []
    for name, x in arrays.items():
        with np.errstate(over="ignore", invalid="ignore"):
            scaled.append(StandardScaler().fit_transform(x))
        # One value of a channel that varies is at least its spread, which is 1 now.
        if len(x) > 1 and not 0.5 < np.abs(scaled[-1]).max() < np.inf:
            why = "all points are equal" if (x == x[0]).all() else "the points have no spread"
            raise DataError(
                f"{name}: {why}, so there is nothing to see: the network has collapsed. Look at "
                "its loss and accuracy, take another stage, or leave the modality out."
            )
    return np.concatenate(scaled)


def _aligned(name: str, values: ArrayLike, arrays: Mapping[str, np.ndarray]) -> np.ndarray:
    values = np.asarray(values)
    clips = len(next(iter(arrays.values())))
    if values.shape != (clips,) or values.dtype.kind not in "iu":
        raise DataError(
            f"{name}: expected {clips} whole numbers, one per clip, got {values.dtype} of shape "
            f"{values.shape}."
        )
    return values.astype(np.int64)
