"""Figures of the clips themselves."""

from __future__ import annotations

from mmtlib import figures
from mmtlib.core.modalities import MODALITIES
from mmtlib.figures import ONE_COLUMN, TWO_COLUMN, StyledFigure
from mmtlib.figures.style import STACKED_BELOW
from mmtlib.gallery.entry import entry
from mmtlib.gallery.material import Material
from mmtlib.synthetic import SyntheticGestures, get_preset
from mmtlib.synthetic.benchmark import GENERATOR_VERSION

SHOWN = "beckon"


def _validation(material: Material, preset: str, modalities: tuple[str, ...]) -> SyntheticGestures:
    material.note(
        f"rendered by SyntheticGestures({preset!r}, 'validation'), generator seed 0, generator "
        f"version {GENERATOR_VERSION}"
    )
    return SyntheticGestures(preset, "validation", modalities, extras=True, stored=False)


@entry(
    name="clip-modalities",
    title="One synthetic clip in four modalities",
    see="The same hand at the same moments and the same pixels, in RGB, depth, optical flow "
    "and infrared. Clutter hides it in RGB, while depth shows it plainly. Yellow: the hand's "
    "true outline.",
    function="clip_strip",
)
def _clip_modalities(material: Material, width: float) -> StyledFigure:
    clips = _validation(material, "tutorial", tuple(MODALITIES))
    frames = 3 if width < STACKED_BELOW else 6
    return figures.clip_strip(clips[clips.classes.index(SHOWN)], frames=frames, width=width)


@entry(
    name="gestures",
    title=f"The {len(get_preset('tutorial').classes)} gestures of the embedded benchmark",
    see="Beginning, middle and end of one clip of each gesture, in RGB. Several differ only in "
    "the direction or in the number of fingers.",
    function="class_sheet",
    widths=(ONE_COLUMN, TWO_COLUMN),
)
def _gestures(material: Material, width: float) -> StyledFigure:
    clips = _validation(material, "tutorial", ("rgb", "depth"))
    first = [clips[label] for label in range(len(clips.classes))]
    columns = 2 if width < STACKED_BELOW else 4
    return figures.class_sheet(first, clips.classes, frames=3, columns=columns, width=width)


@entry(
    name="car-scenery",
    title="A synthetic clip that imitates the camera of NVGesture",
    see="A driver's hand before a wide, short-range camera: depth ends behind the hand "
    "(orange: no reading).",
    function="clip_strip",
)
def _car_scenery(material: Material, width: float) -> StyledFigure:
    clips = _validation(material, "car", ("rgb", "depth"))
    clip = clips[clips.classes.index(SHOWN)]
    return figures.clip_strip(clip, frames=3 if width < STACKED_BELOW else 8, width=width)
