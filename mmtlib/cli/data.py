"""``mmt data``: see, make and check data sets."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

import mmtlib
from mmtlib.cli import show
from mmtlib.cli.options import Overwrite
from mmtlib.core.cache import cache_dir
from mmtlib.core.errors import unknown_name
from mmtlib.core.kept import check_replaceable, write_kept

app = typer.Typer(no_args_is_help=True, help="See, make and check data sets.")


@app.command("list")
def list_() -> None:
    """List the data sets, and the sizes of the synthetic one."""
    rows = [
        {
            "preset": p.name,
            "classes": len(p.classes),
            "clips (train / validation / test)": " / ".join(str(n) for n in p.clips.values()),
            "T x H x W": f"{p.frames} x {p.size} x {p.size}",
        }
        for p in mmtlib.synthetic.PRESETS.values()
    ]
    show.table(pd.DataFrame(rows), "synthetic (embedded, made on first use)")
    real = [
        {"data set": name, "classes": len(kind.classes) or "yours", "terms": kind.licence}
        for name, kind in mmtlib.datasets.DATASETS.items()
    ]
    show.table(pd.DataFrame(real), "real (read from your disk with --root DIR)")


@app.command("make")
def make_command(
    preset: Annotated[str, typer.Argument(help="tiny, tutorial or benchmark.")] = "tutorial",
    generator_seed: Annotated[int, typer.Option(help="Another seed: other people.")] = 0,
) -> None:
    """Make all splits of a synthetic preset now, and say where they are kept."""
    for split in mmtlib.synthetic.SPLITS:
        with show.bar(f"{preset} {split}") as progress:
            clips = mmtlib.SyntheticGestures(
                preset, split, generator_seed=generator_seed, progress=progress
            )
        show.say(f"{split}: {len(clips):,} clips")
    show.say(f"kept in {cache_dir('synthetic')}")


@app.command()
def twin(
    root: Annotated[Path, typer.Argument(help="The folder to write: new or empty.")],
    clips: Annotated[int, typer.Option(help="Clips of each class.")] = 6,
    preset: Annotated[str, typer.Option(help="Whose classes to take.")] = "benchmark",
    size: Annotated[int, typer.Option(help="Height and width, pixels.")] = 48,
    generator_seed: Annotated[int, typer.Option(help="Another seed: other people.")] = 0,
) -> None:
    """Write synthetic clips in the layout of NVGesture, to try what reads real ones."""
    from mmtlib.experiment.twin import write_nvgesture_twin

    with show.bar(f"twin of {preset}") as progress:
        write_nvgesture_twin(
            root,
            preset=preset,
            clips_per_class=clips,
            size=size,
            generator_seed=generator_seed,
            progress=progress,
        )
    show.say(f"{root}: use it with --data nvgesture --root {root}")


@app.command("verify")
def verify_command(
    name: Annotated[str, typer.Argument(help="The data set, e.g. nvgesture.")],
    root: Annotated[Path, typer.Argument(help="Its folder.")],
    quick: Annotated[bool, typer.Option(help="Read the headers only, decode nothing.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write one row per clip to this file.")] = None,
    modalities: Annotated[
        str | None, typer.Option(help="What to look at; default rgb,depth, or what is listed.")
    ] = None,
    colour: Annotated[str | None, typer.Option(help="NVGesture: registered or raw.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Open every file of a real data set, decode every clip, and report.

    Exit code 1 if clips are missing or broken.
    """
    if name not in mmtlib.datasets.DATASETS:
        raise unknown_name("data set", name, mmtlib.datasets.DATASETS)
    kind = mmtlib.datasets.DATASETS[name]
    if csv is not None:
        check_replaceable(csv)
    with show.bar("clips") as progress:
        report = kind.verify(root, modalities, colour=colour, quick=quick, progress=progress)
    show.verify_report(report)
    if csv is not None:
        write_kept(csv, report.clips.to_csv(index=False))
        show.say(f"one row per clip in {csv}")
    if not report.complete:
        raise typer.Exit(1)
