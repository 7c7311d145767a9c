"""Use one trained network on one video: a single modality is all it needs."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import torch

from mmtlib.clips import ClipBatch
from mmtlib.datasets import clip_from_video
from mmtlib.errors import ConfigError
from mmtlib.experiment.data import make_transform, stored_form
from mmtlib.experiment.runs import Run
from mmtlib.transforms import Compose


def predict_video(
    run: Run,
    path: str | Path,
    modality: str | None = None,
    *,
    first: int | None = None,
    last: int | None = None,
) -> pd.DataFrame:
    """Return the classes of a video with their scores, best first.

    The video is brought to the run's length and size as its training clips were, the whole frame
    and the whole span; a video that shows more than the gesture should be cut with `first`, `last`.

    Args:
        run: a finished run.
        path: the video.
        modality: which network to use, and what the video shows; default the only one.
        first, last: the span of frames that shows the gesture, `last` excluded.

    Returns:
        Columns ``class`` and ``score`` (probability, 0 to 1).

    Raises:
        ConfigError: if the run has several modalities and none is named.
        DataError: if the video cannot be read or is shorter than the span.
    """
    if modality is None:
        if len(run.config.modalities) > 1:
            raise ConfigError(
                f"Run {run.run_id} has networks for {', '.join(run.config.modalities)}: "
                "say which one the video is for (--modality)."
            )
        modality = run.config.modalities[0]
    network = run.network(modality)
    clip = clip_from_video(path, modality, first=first, last=last)
    prepare = Compose([stored_form(run.config), make_transform(run.config, training=False)])
    batch = ClipBatch.from_clips([prepare(clip)])
    with torch.no_grad():
        scores = network(batch.frames[modality]).logits[0].softmax(0)
    table = pd.DataFrame({"class": run.classes, "score": scores.tolist()})
    return table.sort_values("score", ascending=False, ignore_index=True)
