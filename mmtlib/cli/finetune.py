"""``mmt finetune``: train on with a run's networks, on real clips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mmtlib.cli import show
from mmtlib.cli.options import with_settings
from mmtlib.cli.runs import parse_classes, show_accuracies
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
    from mmtlib.experiment import finetune_config, load_run
    from mmtlib.experiment import run as train

    for name in given:
        check_taken(data, name)
    if classes is not None:
        given = {**given, "classes": parse_classes(classes, data, root)}
    config = finetune_config(load_run(run), dataset=data, root=str(root), **given)
    with show.bars("clips", "epochs") as (clips, epochs_done):
        result = train(config, progress=epochs_done, data_progress=clips)
    if result.facts["note"]:
        show.console.print(f"Note: {result.facts['note']}", soft_wrap=True)
    for m in config.modalities:
        show.console.print(f"{m}: {result.facts[f'start_{m}']}", soft_wrap=True)
    show_accuracies(result.validation_accuracy, "validation")
    show.console.print(f"run {result.run_id} in {result.path}", soft_wrap=True)
