"""The settings of one experiment: flat, frozen, checked, and the same as JSON.

A run is determined by its config, the data and the version of the training code; nothing else is
set anywhere. Two named recipes fill in what belongs together:

* ``compact``: for `CompactI3D` on small clips and a CPU (mean of the squared map differences,
  weight 10, rho per batch, one-cycle AdamW);
* ``paper``: as published for I3D (sum, weight 0.05, rho per clip, step schedule, 60 epochs with the
  classification loss and 15 with the whole objective).
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from mmtlib.config.checks import check_choices, check_factors, check_ranges, check_types
from mmtlib.config.identity import identity_settings
from mmtlib.config.recipes import PAPER_PRESETS, PRESET_SETTINGS, RECIPES
from mmtlib.config.transfer import check_transfer
from mmtlib.core.errors import ConfigError, unknown_name
from mmtlib.core.modalities import MODALITIES, check_modalities


def default_preset() -> str:
    """Return ``"tutorial"``, or ``"tiny"`` in fast mode (environment variable ``MMTLIB_FAST=1``).

    Fast mode is for checking that everything runs, in seconds; its accuracies mean nothing.
    """
    return "tiny" if os.environ.get("MMTLIB_FAST", "0") not in ("", "0") else "tutorial"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentConfig:
    """Everything that determines a run, apart from the data itself.

    Make one with `ExperimentConfig.make`, which starts from a recipe.

    Attributes:
        recipe: the recipe it was made from (a label; the settings below are what counts).
        dataset: ``"synthetic"``, ``"nvgesture"``, ``"egogesture"``, ``"viva"`` or ``"videos"``.
        preset: size of the clips: ``"tiny"``, ``"tutorial"``, ``"benchmark"``, ``"paper-lite"``,
            ``"paper"`` or ``"car"`` (synthetic clips that look like NVGesture).
        root: folder of a real data set.
        colour: NVGesture's colour stream, ``"registered"`` or ``"raw"``.
        fold: VIVA's part that is left out for testing, 0 to 7.
        skip_broken: leave out clips whose files are missing or broken.
        complete_for: with `skip_broken`, leave out the clips that these modalities would leave out
            too; `alone` sets it, so that a comparison is about the same clips.
        flow_method: how the optical flow of a real data set was computed, ``"dis"`` or
            ``"farneback"``.
        flow_folder: where its files are; None = a folder of the cache.
        classes: of a real data set, the names of the classes to use; none = all.
        clips_per_class: of a real data set, how many clips of each class to train with: the first
            ones of the training list. All the others of that list are then for validation, people
            who are trained with included. 0 = the data set's own parts.
        generator_seed: seed of the synthetic people and clips.
        modalities: the networks that are trained together.
        network: ``"compact_i3d"`` or ``"inception_i3d"``.
        feature_stage: the stage whose features are compared; None = the network's own choice.
        feature_time_pool: how many steps in time are averaged before comparing; None = likewise.
        dropout: before the classifier; None = likewise.
        pretrained: a checkpoint of Kinetics that every network starts from, fitted to its channels
            and classes (``"inception_i3d"`` only); its content counts, not its path.
        start_from: a stored run, by its id or folder, whose networks training starts from; classes
            of the same name keep their part of the classifier.
        freeze_to: the last stage that is not trained, nor those before it; None = all are trained.
        ssa_weight: lambda of SSA; 0 trains every network alone.
        ssa_reduction: ``"mean"`` over the d * d entries of the maps, or their ``"sum"``.
        normalize: ``"position"`` (paper) or ``"centred"``.
        focal: with the focal regularization parameter rho; otherwise rho is `rho_constant`.
        beta: steepness of rho.
        rho_per: rho of each ``"clip"`` or of the ``"batch"``.
        rho_constant: rho where `focal` is off.
        method: what a network learns from another one: ``"mtut"`` (SSA, every network from every
            other one), ``"one_way"`` (SSA, from `teacher` only), ``"kd"`` (distillation: the
            teacher is trained alone first, and frozen), ``"dml"`` (mutual learning),
            ``"attention"`` or ``"similarity"``; see `mmtlib.losses.transfer_objective`.
        teacher: the modality that the others learn from; ``"one_way"`` and ``"kd"`` need one,
            ``"attention"`` and ``"similarity"`` may have one.
        transfer_weight: the weight of the methods other than SSA; None = the method's own in
            `mmtlib.config.recipes.TRANSFER_WEIGHTS`.
        temperature: of ``"kd"``.
        control: a training that tells transfer from mere regularisation: ``"none"``;
            ``"other_clip_same_class"`` or ``"other_clip_other_class"`` (teachers have seen another
            clip of the batch; where there is none, the clip's term is left out);
            ``"frozen_random"`` (teachers keep their first random weights; with `focal` rho is then
            about 0) or ``"same_modality"`` (every network learns from a second one of its own
            modality, and conversely). `Run.mean_rho` gives a `rho_constant` to match.
        corrupt: a modality that is spoilt, in training and in every measurement, as if it had been
            recorded so: always the same for a clip. Videos that are classified stay as they are.
        corruption, corruption_strength: how, and how much, see `mmtlib.transforms.Corrupt`.
        train_clips: train on so many clips only, the classes alike; of synthetic sets the first
            ones, of real sets drawn from `seed`. More of them contain the fewer.
        clutter: of the synthetic scenes, 0 to 2; None = the preset's.
        ssa_start_epoch: the first epoch (from 0) with the whole objective, of every method.
        epochs, batch_size: how long, and clips per step.
        accumulate: parts that each process works through its share of a batch in, to save memory;
            only batch normalisation sees the difference. Needs rho per clip.
        optimizer: ``"adamw"`` or ``"sgd"``.
        schedule: ``"one_cycle"``, or ``"step"`` (rate / 10 at `step_epochs`).
        step_epochs: epochs at which the step schedule divides the rate by ten.
        learning_rate: the highest rate.
        momentum: of SGD.
        weight_decay: of either.
        gradient_clip: largest gradient norm of each network; 0 = no clipping.
        sampling: ``"plain"`` (every clip once an epoch) or ``"balanced"`` (every class as often).
        augment: ``"shift"`` (whole pixels, up to 1/32 of the size), ``"crop"`` (random crops and
            flips, as in the paper), ``"strong"`` (turn, zoom, shift, flip, speed, light and depth
            noise: for few clips) or ``"none"``.
        validate_every: epochs between measurements on validation clips; 0 = at the end only.
        seed: of the initial weights, the order of the clips and the augmentation.
        precision: ``"auto"``, ``"float32"`` or ``"bf16"``.
        device: ``"auto"``, ``"cpu"`` or ``"cuda"``.
        compile: translate the networks with ``torch.compile`` first, which takes up to minutes.
        recompute: save memory by working activations out twice; no influence on the result.
        threads: processor threads of the training; fixed, as another number gives other bits.
        workers: processes that load clips; 0 = none. No influence on the result.
        devices: GPUs (on a CPU: processes) of each computer that share every batch.
        nodes: computers.
        sync_batchnorm: batch normalisation over the whole batch instead of each process's part of
            it; on GPUs only, and of no meaning with one process.
    """

    recipe: str
    dataset: str = "synthetic"
    preset: str = "tutorial"
    root: str | None = None
    colour: str = "registered"
    fold: int = 0
    skip_broken: bool = False
    complete_for: tuple[str, ...] = ()
    flow_method: str = "dis"
    flow_folder: str | None = None
    classes: tuple[str, ...] = ()
    clips_per_class: int = 0
    generator_seed: int = 0
    modalities: tuple[str, ...] = ("rgb",)
    network: str = "compact_i3d"
    feature_stage: str | None = None
    feature_time_pool: int | None = None
    dropout: float | None = 0.0
    pretrained: str | None = None
    start_from: str | None = None
    freeze_to: str | None = None
    ssa_weight: float = 10.0
    ssa_reduction: str = "mean"
    normalize: str = "position"
    focal: bool = True
    beta: float = 2.0
    rho_per: str = "batch"
    rho_constant: float = 1.0
    method: str = "mtut"
    teacher: str | None = None
    transfer_weight: float | None = None
    temperature: float = 4.0
    control: str = "none"
    corrupt: str | None = None
    corruption: str = "noise"
    corruption_strength: float = 0.5
    train_clips: int | None = None
    clutter: float | None = None
    ssa_start_epoch: int = 5
    epochs: int = 40
    batch_size: int = 16
    accumulate: int = 1
    optimizer: str = "adamw"
    schedule: str = "one_cycle"
    step_epochs: tuple[int, ...] = ()
    learning_rate: float = 0.004
    momentum: float = 0.9
    weight_decay: float = 0.05
    gradient_clip: float = 5.0
    sampling: str = "plain"
    augment: str = "shift"
    validate_every: int = 0
    seed: int = 0
    precision: str = "auto"
    device: str = "auto"
    compile: bool = False
    recompute: bool = False
    threads: int = 1
    workers: int = 0
    devices: int = 1
    nodes: int = 1
    sync_batchnorm: bool = False

    def __post_init__(self) -> None:
        check_types(self)
        for name in ("modalities", "complete_for"):
            given = getattr(self, name)
            present = check_modalities(given) if given or name == "modalities" else ()
            object.__setattr__(self, name, tuple(m for m in MODALITIES if m in present))
        object.__setattr__(self, "step_epochs", tuple(self.step_epochs))
        object.__setattr__(self, "classes", tuple(sorted(set(self.classes))))
        check_choices(self)
        check_ranges(self)
        check_factors(self)
        check_transfer(self)

    @classmethod
    def make(cls, recipe: str | None = None, **settings: Any) -> Self:
        """Return a config from a recipe, with some settings changed.

        Args:
            recipe: ``"compact"`` or ``"paper"``; None = the preset's own (``paper`` for the presets
                ``"paper"`` and ``"paper-lite"``, else ``compact``).
            settings: any attributes of the config; `preset` is by default `default_preset()`.

        Raises:
            ConfigError: if a name is unknown or a value out of range.
        """
        preset = settings.setdefault("preset", default_preset())
        recipe = recipe or ("paper" if preset in PAPER_PRESETS else "compact")
        if not isinstance(recipe, str) or recipe not in RECIPES:
            raise unknown_name("recipe", recipe, RECIPES)
        known = {field.name for field in dataclasses.fields(cls)}
        for name in settings:
            if name not in known:
                raise unknown_name("setting", name, known)
        base = {**RECIPES[recipe], **PRESET_SETTINGS.get(str(preset), {})}
        return cls(recipe=recipe, **{**base, **settings})

    def replace(self, **changes: Any) -> Self:
        """Return the config with some settings changed.

        Raises:
            ConfigError: if a name is unknown or a value out of range.
        """
        for name in changes:
            if name not in self.__slots__:
                raise unknown_name("setting", name, self.__slots__)
        return dataclasses.replace(self, **changes)

    def alone(self, modality: str) -> Self:
        """Return the same training of one network without any other: its baseline.

        Where broken clips are left out, it is trained on the clips of this training: one whose
        depth is broken is left out for RGB alone too.
        """
        changes: dict[str, Any] = {"modalities": (modality,)}
        if self.dataset != "synthetic" and self.skip_broken:
            changes["complete_for"] = tuple(dict.fromkeys((*self.modalities, *self.complete_for)))
        changes |= {"method": "mtut", "teacher": None, "transfer_weight": None, "control": "none"}
        if self.corrupt != modality:
            changes["corrupt"] = None
        return self.replace(**changes)

    def canonical(self) -> dict[str, Any]:
        """Return the settings that influence the result, as JSON-able values.

        Settings of other data sets and of other methods are left out. Without a second network or
        with weight 0 there is no transfer, so its settings are left out too: the baseline of every
        comparison is then one and the same run.
        """
        return identity_settings(self)

    def to_json(self) -> str:
        """Return the config as JSON (`from_json` is the way back)."""
        return json.dumps(dataclasses.asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Return the config written by `to_json`.

        Raises:
            ConfigError: if the text is no such config.
        """
        try:
            values = json.loads(text)
            known = {field.name for field in dataclasses.fields(cls)}
            for name in values:
                if name not in known:
                    raise unknown_name("setting", name, known)
            return cls(**values)
        except (ValueError, TypeError, AttributeError) as error:
            raise ConfigError(f"This is no config of an experiment: {error}.") from None

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return the config in a JSON file.

        Raises:
            ConfigError: if the file is missing or holds no config; names the file.
        """
        try:
            return cls.from_json(Path(path).read_text())
        except OSError as error:
            raise ConfigError(f"Cannot read the config {path}: {error.strerror}.") from None
        except (ConfigError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: {error}") from None


def hash_settings(values: dict[str, Any]) -> str:
    """Return the SHA-256 of JSON-able values, independent of the order of their keys."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
