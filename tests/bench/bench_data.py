"""How fast clips come from videos, from a clip store and from the generator.

    python tests/bench/bench_data.py [--clips 12] [--rounds 3]

Real clips of NVGesture where MMTLIB_NVGESTURE_ROOT names the folder, else videos of the same size
and length made here (MJPEG and H.264). Contestants take turns clip by clip, so that a busy machine
slows all alike. Printed are medians in milliseconds and the median of the ratios to the first
contestant of the same turn: OpenCV's frame loop from the start of the file, as most loaders do it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch

from mmtlib.config import ExperimentConfig
from mmtlib.core.clip_store import ClipStore
from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import DataError
from mmtlib.datasets import NVGesture, read_video, video_info
from mmtlib.experiment.data import make_transform, open_data, stored_form
from mmtlib.synthetic import get_preset
from mmtlib.synthetic.dataset import ClipMaker
from mmtlib.training import EpochBatches, make_loader, stored_clips

sys.path.append(str(Path(__file__).parents[1]))
from support.nvgesture_tree import write_list, write_video

SPAN = (146, 226)
"""Frames of a gesture in a made video of 260 frames, as in the real ones."""
Span = tuple[Path, int, int]
Contestants = dict[str, Callable[[], object]]


def race(turns: list[Contestants], rounds: int) -> None:
    """Let contestants take turns; print medians, and ratios to the first."""
    names = list(turns[0])
    times: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds + 1):
        for contestants in turns:
            for name, run in contestants.items():
                start = time.perf_counter()
                run()
                if number:  # the first round warms up
                    times[name].append(time.perf_counter() - start)
    for name in names:
        median = statistics.median(times[name])
        pairs = zip(times[names[0]], times[name], strict=True)
        ratio = statistics.median(first / other for first, other in pairs)
        print(f"  {name:44} {1e3 * median:9.3f} ms {1 / median:10.1f} clips/s {ratio:9.2f} x")


def opencv(span: Span, *, gray: bool, threads: int, seek: bool) -> np.ndarray:
    """Return the span's frames: read from the first frame on, or after seeking to the span."""
    path, first, last = span
    settings = [cv2.CAP_PROP_N_THREADS, threads] if threads else []
    video, frames = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, settings), []
    if seek:
        video.set(cv2.CAP_PROP_POS_FRAMES, first)
    for number in range(first if seek else 0, last):
        there, frame = video.read()
        if not there:
            raise DataError(f"OpenCV cannot read frame {number} of {path}.")
        if number >= first:
            frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY if gray else cv2.COLOR_BGR2RGB))
    video.release()
    return np.stack(frames)


def decoders(span: Span, *, gray: bool, threads: int) -> Contestants:
    loop = partial(opencv, span, gray=gray, threads=threads)
    return {
        "OpenCV, frames from the start": partial(loop, seek=False),
        "OpenCV, seeking to the span": partial(loop, seek=True),
        "read_video": partial(read_video, *span, gray=gray, threads=threads or None),
    }


def race_decoders(spans: dict[str, list[Span]], rounds: int) -> None:
    for threads in (1, 0):
        torch.set_num_threads(threads or os.cpu_count() or 1)
        cv2.setNumThreads(threads or -1)
        for what, some in spans.items():
            path, first, last = some[0]
            info = video_info(path)
            print(f"\n{what}, {len(some)} videos of {info.width} x {info.height}, frames {first} "
                  f"to {last} of {info.frames}, {threads or 'default'} threads")  # fmt: skip
            gray = "colour" not in what
            race([decoders(span, gray=gray, threads=threads) for span in some], rounds)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)


def by_opencv(spans: list[Span], frames: int, size: int) -> dict[str, torch.Tensor]:
    """Return colour and depth in a store's form, by OpenCV alone, as a loader without one does."""
    clip = {}
    for m, span in zip(("rgb", "depth"), spans, strict=True):
        pixels = opencv(span, gray=m == "depth", threads=1, seek=False)
        chosen = pixels[(2 * np.arange(frames) + 1) * len(pixels) // (2 * frames)]
        small = [cv2.resize(x, (size, size), interpolation=cv2.INTER_AREA) for x in chosen]
        clip[m] = torch.from_numpy(np.stack(small).astype(np.float32) / 255)
    return clip


def opened(folder: Path, index: int) -> GestureClip:
    return ClipStore(folder)[index]


def views(store: ClipStore, index: int) -> list[np.ndarray]:
    return [store.stored(name, index) for name in store.fields]


def race_stores(dataset: NVGesture, spans: list[list[Span]], rounds: int) -> None:
    for preset in ("tutorial", "benchmark", "paper"):
        config = ExperimentConfig.make(preset=preset)
        frames, size = min(get_preset(preset).frames, 80), get_preset(preset).size
        store = stored_clips(dataset, stored_form(config), name="bench", processes=1)
        shape = store.stored("rgb", 0).shape
        mb = sum(store.stored(m, 0).nbytes for m in store.fields) / 2**20
        print(f"\ncolour and depth, {shape[1]} frames of {shape[2]} x {shape[3]} ({mb:.1f} MB)")
        turns = [
            {
                "OpenCV, frames from the start": partial(by_opencv, some, frames, size),
                "store, opened, first clip as float32": partial(opened, store.folder, i),
                "store, clip as float32": partial(store.__getitem__, i),
                "store, view of the bytes": partial(views, store, i),
            }
            for i, some in enumerate(spans)
        ]
        race(turns, rounds)


def race_generator(clips: int) -> None:
    preset = get_preset("tutorial")
    maker = ClipMaker(preset, "train", generator_seed=0, clutter=preset.clutter)
    times = []
    for index in range(clips):
        start = time.perf_counter()
        maker.render(index)
        times.append(time.perf_counter() - start)
    median = statistics.median(times)
    print(f"\nsynthetic, 16 frames of 32 x 32, four modalities, one thread\n  {'rendered':44} "
          f"{1e3 * median:9.3f} ms {1 / median:10.1f} clips/s")  # fmt: skip


def time_batches() -> None:
    """Print what a batch costs the process that trains: colour and depth, recipe `compact`."""
    config = ExperimentConfig.make(preset="tutorial", modalities=("rgb", "depth"))
    clips, times = open_data(config, "train").clips, []
    order = EpochBatches(len(clips), config.batch_size, config.seed)
    loader = make_loader(clips, make_transform(config, training=True), order)
    for order.epoch in range(4):
        start = time.thread_time()
        for batch in loader:
            batch.to("cpu")
            times.append(time.thread_time() - start)
            start = time.thread_time()
    what = f"batch of {config.batch_size} with its changes, processor time"
    print(f"  {what:44} {1e3 * statistics.median(times):9.3f} ms")


@contextmanager
def clips_to_read(count: int) -> Iterator[tuple[NVGesture, dict[str, list[Span]]]]:
    """Give a data set of `count` clips and the videos to decode, by kind."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MMTLIB_CACHE"] = folder
        root = os.environ.get("MMTLIB_NVGESTURE_ROOT")
        made = {} if root else make_videos(Path(folder) / "nvgesture", count)
        dataset = NVGesture(root or Path(folder) / "nvgesture", "train", skip_broken=True)
        dataset.records = dataset.records[:count]
        yield (
            dataset,
            made
            or {
                f"real {kind}": [spans_of(dataset, i)[place] for i in range(len(dataset))]
                for place, kind in enumerate(("colour", "depth"))
            },
        )


def spans_of(dataset: NVGesture, index: int) -> list[Span]:
    record = dataset.records[index]
    sensors = {"rgb": "color", "depth": "depth"}
    return [
        (path, record.spans[sensors[m]].first, record.spans[sensors[m]].last)
        for m, path in dataset.files(record).items()
    ]


def make_videos(root: Path, count: int) -> dict[str, list[Span]]:
    """Write a data set of H.264 clips, and MJPEG ones of the same pictures to decode."""
    first, last = SPAN
    made: dict[str, list[Span]] = {}
    lines = []
    for number in range(count):
        clip = f"Video_data/class_01/subject1_r{number}"
        lines.append(f"path:./{clip} depth:sk_depth:{first}:{last} color:sk_color:{first}:{last} "
                     f"duo_left:duo_left:170:263 label:1")  # fmt: skip
        for kind, file in (("colour", "sk_wrapped"), ("depth", "sk_depth")):
            frames = moving_pictures(number, gray=kind == "depth")
            for codec in ("mjpeg", "libx264"):
                where = root if codec == "libx264" else root.parent / "mjpeg"
                path = write_video(where / clip / f"{file}.avi", frames, codec=codec)
                made.setdefault(f"{codec} {kind}", []).append((path, first, last))
    for part in ("train", "test"):
        write_list(root, part, lines)
    return made


def moving_pictures(seed: int, *, gray: bool, frames: int = 260) -> np.ndarray:
    """Return uint8 ``(frames, 240, 320, 3)``: a disc moving over a scene with a camera's noise."""
    rng = np.random.default_rng(seed)
    scene = cv2.GaussianBlur(rng.integers(0, 256, (240, 320, 3), np.uint8), (0, 0), 2)
    noise = rng.integers(0, 12, (240, 320, 3), np.uint8)
    pictures = np.empty((frames, 240, 320, 3), np.uint8)
    for i in range(frames):
        picture = np.zeros_like(scene) if gray else scene + np.roll(noise, 977 * i)
        centre = (160 + int(80 * np.sin(i / 20)), 120 + int(60 * np.cos(i / 30)))
        cv2.circle(picture, centre, 40, (180, 180, 180) if gray else (90, 140, 210), -1)
        pictures[i] = picture
    return pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with clips_to_read(args.clips) as (dataset, videos):
        race_decoders(videos, args.rounds)
        race_stores(dataset, [spans_of(dataset, i) for i in range(len(dataset))], args.rounds)
        race_generator(4 * args.clips)
        time_batches()


if __name__ == "__main__":
    main()
