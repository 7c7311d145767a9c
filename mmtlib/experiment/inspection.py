"""Networks of several runs and the clips to look at them with, in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mmtlib.config import ExperimentConfig
from mmtlib.core.clips import ClipBatch, GestureClip
from mmtlib.core.errors import ConfigError
from mmtlib.datasets import NVGesture
from mmtlib.evaluation import Predictions
from mmtlib.experiment.data import make_transform, stored_form
from mmtlib.experiment.runs import Run
from mmtlib.models import StagedNetwork
from mmtlib.models.blocks import staged
from mmtlib.synthetic import SyntheticGestures

CLIPS_FROM = ("dataset", "preset", "generator_seed", "clutter", "corrupt", "augment")
"""Settings that all runs must share, for their networks to be shown the same clips."""

Key = tuple[str, str]
"""(arm, modality), e.g. ``("together", "rgb")``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What `inspect_runs` and `inspect_nvgesture` return.

    Attributes:
        networks: (arm, modality) -> the trained network, in evaluation mode.
        predictions: the same keys -> what each run had stored about these very clips; empty if
            they are of another set.
        clips: as they are drawn; synthetic ones with the mask of the hand.
        batch: the same clips as the networks take them.
        classes: one name per label.
    """

    networks: dict[Key, StagedNetwork]
    predictions: dict[Key, Predictions]
    clips: list[GestureClip]
    batch: ClipBatch
    classes: tuple[str, ...]


def staged_network(run: Run, modality: str) -> StagedNetwork:
    """Return a network of a run, whose stages can be looked into.

    Raises:
        ConfigError: if it has no stages, as one of a user's own may have none.
    """
    return staged(run.network(modality), f"Looking into run {run.run_id}")


def inspect_runs(arms: Mapping[str, Sequence[Run]], *, clips: int | None = None) -> Inspection:
    """Return the networks of some runs beside the first validation clips of their data.

    Args:
        arms: title (e.g. ``"alone"``, ``"together"``) -> runs, each modality once in an arm. All
            runs are about the same synthetic clips.
        clips: how many clips; None = all of the validation split. Test clips are not read here.

    Raises:
        ConfigError: if there is no run, an arm has a modality twice, the runs are about different
            clips or about a real or spoilt set, or `clips` is out of range.
        CheckpointError, DataError: if files of a run are missing or damaged.
    """
    chosen = _networks_of(arms)
    config = _common([run.config for run in chosen.values()])
    modalities = tuple(dict.fromkeys(m for _, m in chosen))
    shown = list(
        SyntheticGestures(
            config.preset,
            "validation",
            modalities,
            config.generator_seed,
            clutter=config.clutter,
            extras=True,
            clips=clips,
        )
    )
    prepare = make_transform(config, training=False)
    return Inspection(
        networks={key: staged_network(run, key[1]) for key, run in chosen.items()},
        predictions={
            key: _first(run.predictions()[key[1]], len(shown)) for key, run in chosen.items()
        },
        clips=shown,
        batch=ClipBatch.from_clips(prepare(clip) for clip in shown),
        classes=next(iter(chosen.values())).classes,
    )


def inspect_nvgesture(arms: Mapping[str, Sequence[Run]], root: str | Path) -> Inspection:
    """Return the RGB networks of runs about synthetic clips beside real ones, never seen by them.

    The clips are those of NVGesture's training list that are at hand (test clips stay closed), in
    the frames and the size that the networks take. They have no mask, but depth comes with them,
    which shows nothing but hand and forearm: `mmtlib.analysis.hand_masks(clips, "silhouette")`.
    Networks of depth are left out, as levels are not the metres that they have learnt.

    Args:
        arms: as `inspect_runs`; at least one run has a network of RGB.
        root: the folder with ``Video_data`` and the official lists.

    Returns:
        The networks, clips and batch; `classes` are NVGesture's, which are not those that the
        networks tell apart.

    Raises:
        ConfigError: as `inspect_runs`, or if no run has a network of RGB.
        DataError: if the lists are missing, or no clip is at hand.
    """
    chosen = {key: run for key, run in _networks_of(arms).items() if key[1] == "rgb"}
    if not chosen:
        raise ConfigError("Expected a run with a network of RGB, got none.")
    config = _common([run.config for run in chosen.values()])
    source = NVGesture(root, "train", ("rgb", "depth"), skip_broken=True)
    # Read from the videos: a store of clips does not keep that fewer frames are further apart.
    clips = [clip for _, clip in source.readable(use=stored_form(config))]
    prepare = make_transform(config, training=False)
    return Inspection(
        networks={key: staged_network(run, "rgb") for key, run in chosen.items()},
        predictions={},
        clips=clips,
        batch=ClipBatch.from_clips(prepare(clip) for clip in clips),
        classes=source.classes,
    )


def _networks_of(arms: Mapping[str, Sequence[Run]]) -> dict[Key, Run]:
    """Return the run of every network, by arm and modality."""
    pairs = [((arm, m), run) for arm, runs in arms.items() for run in runs
             for m in run.config.modalities]  # fmt: skip
    chosen = dict(pairs)
    if not pairs or len(chosen) < len(pairs):
        raise ConfigError(
            "Expected runs whose modalities occur once in each arm, got "
            f"{', '.join(f'{arm} {m}' for (arm, m), _ in pairs) or 'none'}."
        )
    return chosen


def _common(configs: Sequence[ExperimentConfig]) -> ExperimentConfig:
    """Return one of the configs, as far as clips are concerned."""
    first = configs[0]
    for name in CLIPS_FROM:
        values = {getattr(config, name) for config in configs}
        if len(values) > 1:
            raise ConfigError(f"The runs differ in {name} ({sorted(map(str, values))}).")
    if first.dataset != "synthetic" or first.corrupt is not None:
        raise ConfigError(
            "Expected runs about synthetic clips that are not spoilt, got dataset="
            f"{first.dataset}, corrupt={first.corrupt}."
        )
    return first


def _first(found: Predictions, clips: int) -> Predictions:
    return Predictions(
        scores=found.scores[:clips],
        labels=found.labels[:clips],
        subjects=found.subjects[:clips],
        clip_ids=found.clip_ids[:clips],
    )
