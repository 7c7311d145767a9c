"""Settings of the data: which clips, how many, how hard, and what is corrupted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mmtlib.config.data_sets import DATA_SETS
from mmtlib.config.declare import SettingsGroup, setting
from mmtlib.config.presets import PRESETS
from mmtlib.core.modalities import MODALITIES


def _corrupted(config: DataSettings) -> bool:
    return config.corrupt is not None


def _real_flow(config: DataSettings) -> bool:
    return not config.clips_are_made and "flow" in config.modalities


@dataclass(frozen=True, kw_only=True)
class DataSettings(SettingsGroup):
    """Which clips are used, and what is done to them for good."""

    GROUP: ClassVar[str] = "data"

    dataset: str = setting(
        "synthetic", title="data set", choices=DATA_SETS, flag="--data",
        help="Data set, by name or package.module:Class.",
    )  # fmt: skip
    preset: str = setting(
        "tutorial", title="preset", choices=PRESETS, offered=("tiny", "tutorial"),
        help="Frames and size of the clips; with synthetic ones also number and difficulty.",
    )  # fmt: skip
    modalities: tuple[str, ...] = setting(
        ("rgb",), title="trained together", choices=MODALITIES,
        offered=("rgb+depth", "rgb", "depth", "flow", "ir", "rgb+flow", "rgb+ir", "rgb+depth+flow",
                 "rgb+depth+flow+ir"),
        help="Modalities whose networks are trained together.",
    )  # fmt: skip
    root: str | None = setting(
        None, title="folder", counts=False, help="Folder of a real data set."
    )
    colour: str = setting(
        "registered", title="colour stream", choices=("registered", "raw"),
        help="NVGesture: colour registered to the depth camera, or the raw colour camera.",
    )  # fmt: skip
    fold: int = setting(0, title="fold", low=0, help="VIVA: the part left out for testing, 0 to 7.")
    leave_out: str | None = setting(
        None, title="left out", unless_default=True,
        help="Your own videos: the person, or fold of the list's column fold, that tests.",
    )  # fmt: skip
    skip_broken: bool = setting(
        False, title="skip broken clips", help="Leave out clips whose files are missing or broken."
    )
    # What it leaves out shows in the fingerprint of the data.
    complete_for: tuple[str, ...] = setting(
        (), title="complete for", choices=MODALITIES, counts=False,
        help="With skip_broken, leave out what these modalities would leave out too.",
    )  # fmt: skip
    flow_method: str = setting(
        "dis", title="optical flow by", choices=("dis", "farneback"), counts=_real_flow,
        help="How the optical flow of a real data set was computed.",
    )  # fmt: skip
    flow_folder: str | None = setting(
        None, title="flow folder", counts=False,
        help="Where files of optical flow are, if not in the cache.",
    )  # fmt: skip
    classes: tuple[str, ...] = setting(
        (), title="classes", unless_default=True,
        help="Names of the classes of a real data set to use; none = all.",
    )  # fmt: skip
    clips_per_class: int = setting(
        0, title="clips per class", low=0, unless_default=True,
        help="Train on the first clips of each class of a real set's training list, validate on "
        "its others (also of the same people); 0 = the set's own parts.",
    )  # fmt: skip
    train_clips: int | None = setting(
        None, title="training clips", low=2, unless_default=True, offered=("", "24", "120", "240"),
        help="Train on so many clips only, the classes alike.",
    )  # fmt: skip
    clutter: float | None = setting(
        None, title="clutter", low=0, high=2, unless_default=True,
        offered=("", "0.1", "0.2", "0.35", "0.5", "0.7"),
        help="Clutter of synthetic scenes; None = the preset's.",
    )  # fmt: skip
    corrupt: str | None = setting(
        None, title="corrupted modality", choices=MODALITIES, counts=_corrupted,
        offered=True,
        help="A modality that is corrupted in training and in every measurement, always the same "
        "for a clip.",
    )  # fmt: skip
    corruption: str = setting(
        "noise", title="corruption", counts=_corrupted,
        choices=("noise", "blur", "freeze", "drop", "misalign", "delay"),
        offered=True,
        help="How it is corrupted, see mmtlib.transforms.Corrupt.",
    )  # fmt: skip
    corruption_strength: float = setting(
        0.5, title="corruption strength", low=0, high=1, counts=_corrupted,
        offered=("0.25", "0.5", "1"), help="How much it is corrupted.",
    )  # fmt: skip
    sampling: str = setting(
        "plain", title="sampling", choices=("plain", "balanced"), unless_default=True,
        help="Every clip once an epoch, or every class equally often.",
    )  # fmt: skip
    augment: str = setting(
        "shift", title="augmentation", choices=("shift", "crop", "strong", "none"),
        help="Random changes in training: whole-pixel shifts; the paper's crops and flips; strong "
        "ones for few clips; none.",
    )  # fmt: skip
    generator_seed: int = setting(
        0, title="data seed", low=0, help="Seed of the synthetic people and clips."
    )

    @property
    def clips_are_made(self) -> bool:
        """Whether the clips are made, not read from files."""
        return DATA_SETS[self.dataset].made
