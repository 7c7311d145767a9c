"""Raw recordings of people who were asked for gestures, as somebody with two cameras brings them.

For the notebook on one's own data, which has to work without anybody's own data: clips of the
synthetic hand, one after the other, in one video per person and camera, and beside them a text
file in which somebody has marked the gestures. As in real life one of the marks is spelt otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import torch

from mmtlib.config import default_preset, hash_settings
from mmtlib.core.cache import cache_dir
from mmtlib.core.clips import GestureClip
from mmtlib.core.files import whole_folder, write_part_of
from mmtlib.core.locks import locked
from mmtlib.experiment.video_writer import write_video
from mmtlib.synthetic import SyntheticGestures

VERSION = 2
"""Raised whenever other files are written."""
MARKS = "marks.txt"
"""Per person: start and end in seconds and the gesture, separated by tabs."""
GESTURES = ("move hand left", "move hand right", "push hand out", "open hand")
"""What people were asked for: few, so that the notebook trains in seconds."""
PAUSE = 5
"""Frames in which the hand waits before and after each gesture."""
PEOPLE = (
    "aino", "bela", "chen", "dora", "emil", "fumi", "gita", "hugo", "ines", "jomo", "kaja", "liam",
    "mara", "nils", "olga", "paul", "qiu", "rosa", "samu", "tara", "umar", "vera", "wim", "yara",
)  # fmt: skip


def own_videos(progress: Callable[[int, int], None] | None = None) -> Path:
    """Return a folder of raw recordings, ``NAME/{rgb.avi,depth.avi,marks.txt}``; made once.

    Gestures and size are those of `mmtlib.config.default_preset()`. There is no list yet: to write
    it is what notebook 12 is about.

    Args:
        progress: called with (done, all) while the clips are made for the first time.
    """
    clips = SyntheticGestures(default_preset(), "train", ("rgb", "depth"), progress=progress)
    made_from = {
        "version": VERSION,
        "clips": clips.fingerprint,
        "gestures": GESTURES,
        "pause": PAUSE,
    }
    folder = cache_dir("twins") / f"own-videos-{hash_settings(made_from)[:12]}"
    if folder.exists():
        return folder
    with locked(folder):
        if not folder.exists():
            with whole_folder(folder) as part:
                _write(part, clips)
                what = "Recordings of the synthetic hand, made by mmtlib for notebook 12.\n"
                write_part_of(part / "README.txt", what + json.dumps(made_from))
    return folder


def _write(folder: Path, clips: SyntheticGestures) -> None:
    numbers = sorted(set(clips.subjects.tolist()))
    for name, subject in zip(PEOPLE, numbers, strict=False):
        chosen = [i for i in range(len(clips)) if clips.subjects[i] == subject]
        own = [clips[i] for i in chosen if clips.classes[clips.labels[i]] in GESTURES]
        (folder / name).mkdir()
        rate = round(clips.preset.frame_rate)
        for modality, quality in (("rgb", 95), ("depth", 100)):
            frames = torch.cat([_with_pauses(clip, modality) for clip in own], dim=1)
            write_video(folder / name / f"{modality}.avi", frames, rate=rate, quality=quality)
        rows, at = [], 0
        for clip in own:
            first, last = at + PAUSE, at + PAUSE + clip.shape[0]
            label = clips.classes[clip.label]
            # The third person's first mark begins with a capital.
            shown = label.capitalize() if (name, at) == (PEOPLE[2], 0) else label
            rows.append(f"{first / rate:.3f}\t{last / rate:.3f}\t{shown}\n")
            at = last + PAUSE
        write_part_of(folder / name / MARKS, "".join(rows))


def _with_pauses(clip: GestureClip, modality: str) -> torch.Tensor:
    """Return a clip's frames, the first and the last of them held."""
    frames = clip.frames[modality]
    before, after = frames[:, :1], frames[:, -1:]
    return torch.cat([before.repeat(1, PAUSE, 1, 1), frames, after.repeat(1, PAUSE, 1, 1)], dim=1)
