"""``mmt finetune``: train on with a run's networks, on real clips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

import mmtlib
from mmtlib.cli import show
from mmtlib.cli.options import with_settings
from mmtlib.cli.runs import parse_classes, show_result
from mmtlib.config.checks import check_taken


@with_settings("root", "dataset", "classes", "start_from")
def finetune(
    run: Annotated[str, typer.Argument(help="A run to start from: its id or its beginning.")],
    root: Annotated[Path, typer.Option(help="Folder of the real data set.")],
    data: Annotated[str, typer.Option(help="nvgesture, egogesture, viva or videos.")] = "nvgesture",
    classes: Annotated[
        str | None, typer.Option(help="Only these: numbers (1-12,20) or names, with commas.")
    ] = None,
    given: dict[str, Any] = {},  # noqa: B006
) -> None:
    """Train a run's networks on, on real clips; the result is a run like any other."""
    for name in given:
        check_taken(data, name)
    if classes is not None:
        given = {**given, "classes": parse_classes(classes, data, root)}
    start = mmtlib.load_run(run)
    config = mmtlib.experiment.finetune_config(start, dataset=data, root=str(root), **given)
    with show.bars("clips", "epochs") as (clips, epochs_done):
        result = mmtlib.run(config, progress=epochs_done, data_progress=clips)
    show_result(result, *(f"{m}: {result.facts[f'start_{m}']}" for m in config.modalities))
