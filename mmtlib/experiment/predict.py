"""Use one trained network on videos: a single modality is all it needs."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import ConfigError
from mmtlib.core.tables import OF_CLASS
from mmtlib.datasets import clip_from_video, video_windows
from mmtlib.experiment.preprocessing import Preprocessing
from mmtlib.experiment.runs import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier:
    """A network with all that it needs to name the gesture of a video.

    Attributes:
        source: where it is from, for messages.
        classes: one name per label.
        preprocessing: from a clip to a batch of one.
        forward: from a batch ``(1, C, T, H, W)`` to logits ``(1, K)``.
    """

    source: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    forward: Callable[[Tensor], Tensor]

    @property
    def modality(self) -> str:
        """What the video must show."""
        return self.preprocessing.modality

    def scores(self, clip: GestureClip) -> list[float]:
        """Return the probability of every class, 0 to 1."""
        return self.forward(self.preprocessing(clip))[0].softmax(0).tolist()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedPrediction:
    """What a video shows and how long it took.

    Attributes:
        scores: as `predict_video` returns them.
        pass_s: median time of one pass through the network, in seconds.
        whole_s: time from the file to the scores: decoding, preparation, one pass.
    """

    scores: pd.DataFrame
    pass_s: float
    whole_s: float


def run_classifier(run: Run, modality: str | None = None) -> Classifier:
    """Return the classifier of one modality of a run.

    Raises:
        ConfigError: if the run has several modalities and none is named, or lacks the one named.
        CheckpointError: if its weights are missing or damaged.
    """
    if modality is None:
        if len(run.config.modalities) > 1:
            raise ConfigError(
                f"Run {run.run_id} has networks for {', '.join(run.config.modalities)}: "
                "say which one the video is for (--modality)."
            )
        modality = run.config.modalities[0]
    network = run.network(modality)

    @torch.no_grad()
    def forward(batch: Tensor) -> Tensor:
        return network(batch).logits

    return Classifier(
        source=f"Run {run.run_id}",
        classes=run.classes,
        preprocessing=Preprocessing.of(run.config, modality),
        forward=forward,
    )


def _classifier(model: Run | Classifier, modality: str | None) -> Classifier:
    if isinstance(model, Run):
        return run_classifier(model, modality)
    if modality not in (None, model.modality):
        raise ConfigError(f"{model.source} is a network for {model.modality}, not for {modality}.")
    return model


def predict_video(
    model: Run | Classifier,
    path: str | Path,
    modality: str | None = None,
    *,
    first: int | None = None,
    last: int | None = None,
) -> pd.DataFrame:
    """Return the classes of a video with their scores, best first.

    The video is brought to the network's length and size as its training clips were, the whole
    frame and the whole span; a video that shows more than the gesture should be cut with `first`
    and `last`, or read by `predict_windows`.

    Args:
        model: a finished run, or a classifier (`run_classifier`, `load_exported`).
        path: the video.
        modality: which network to use, and what the video shows; default the only one.
        first, last: the span of frames that shows the gesture, `last` excluded.

    Returns:
        Columns ``class`` and ``score`` (probability, 0 to 1).

    Raises:
        ConfigError: if there are several modalities and none is named, or not the one named.
        DataError: if the video cannot be read or is shorter than the span.
    """
    return time_prediction(model, path, modality, first=first, last=last, passes=0).scores


def time_prediction(
    model: Run | Classifier,
    path: str | Path,
    modality: str | None = None,
    *,
    first: int | None = None,
    last: int | None = None,
    passes: int = 5,
) -> TimedPrediction:
    """Return what `predict_video` returns, and how long it took.

    Args:
        model, path, modality, first, last: as for `predict_video`.
        passes: how many passes through the network are timed, after the one that gives the scores.
    """
    model = _classifier(model, modality)
    start = time.perf_counter()
    clip = clip_from_video(path, model.modality, first=first, last=last)
    table = pd.DataFrame({"class": model.classes, "score": model.scores(clip)})
    whole = time.perf_counter() - start
    batch, times = model.preprocessing(clip), []
    for _ in range(passes):
        start = time.perf_counter()
        model.forward(batch)
        times.append(time.perf_counter() - start)
    return TimedPrediction(
        scores=table.sort_values("score", ascending=False, ignore_index=True),
        pass_s=statistics.median(times) if times else float("nan"),
        whole_s=whole,
    )


def predict_windows(
    model: Run | Classifier,
    path: str | Path,
    modality: str | None = None,
    *,
    window: int | str,
    stride: int | str | None = None,
) -> pd.DataFrame:
    """Return the scores of every class over time: of windows that slide over a long video.

    Args:
        model, path, modality: as for `predict_video`.
        window: length of the windows, in frames (``80``) or seconds of a player (``"2.5s"``);
            about that of the gestures in training.
        stride: from one window to the next, likewise; default half a window. What is left at the
            end of the video, less than a stride, is in no window.

    Returns:
        One row per window: ``first``, ``last`` (frames, `last` excluded), ``start_s``, ``end_s``
        (seconds), ``class`` and ``score`` of the best class, then one column per class, ``score of
        NAME``.

    Raises:
        ConfigError: as `predict_video`, or if a length is none.
        DataError: if the video cannot be read or is shorter than one window.
    """
    model = _classifier(model, modality)
    rows = []
    for seen in video_windows(path, model.modality, window=window, stride=stride):
        scores = model.scores(seen.clip)
        best = max(range(len(scores)), key=scores.__getitem__)
        span = (seen.first, seen.last, seen.start_s, seen.end_s)
        rows.append((*span, model.classes[best], scores[best], *scores))
    head = ["first", "last", "start_s", "end_s", "class", "score"]
    return pd.DataFrame(rows, columns=[*head, *(OF_CLASS + name for name in model.classes)])


def segments(windows: pd.DataFrame) -> pd.DataFrame:
    """Join neighbouring windows with the same best class.

    Args:
        windows: of `predict_windows`.

    Returns:
        Columns ``start_s``, ``end_s``, ``class`` and ``score``, the highest of the windows joined.
    """
    run = (windows["class"] != windows["class"].shift()).cumsum().rename("run")
    parts = {"start_s": "first", "end_s": "last", "class": "first", "score": "max"}
    return windows.groupby(run).agg(parts).reset_index(drop=True)
