"""``mmt finetune``: train on with a run's networks, on real clips."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mmtlib.cli import show
from mmtlib.cli.runs import check_data_settings, parse_classes, settings_of, show_accuracies


def register(app: typer.Typer) -> None:
    """Add the command to the root."""
    app.command()(finetune)


def finetune(
    run: Annotated[str, typer.Argument(help="A run to start from: its id or its beginning.")],
    root: Annotated[Path, typer.Option(help="Folder of the real data set.")],
    data: Annotated[str, typer.Option(help="nvgesture, egogesture, viva or videos.")] = "nvgesture",
    modalities: Annotated[
        str | None, typer.Option(help="Which of the run's networks; default all.")
    ] = None,
    classes: Annotated[
        str | None, typer.Option(help="Only these: numbers (1-12,20) or names, with commas.")
    ] = None,
    clips_per_class: Annotated[
        int | None, typer.Option(help="Train with the first N of each class, validate with others.")
    ] = None,
    freeze_to: Annotated[
        str | None, typer.Option(help="Leave this stage and those before it as they are.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training clips.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of order and augmentation.")] = None,
    skip_broken: Annotated[bool, typer.Option(help="Leave out missing and broken clips.")] = False,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Any other setting, NAME=VALUE; repeatable.")
    ] = None,
) -> None:
    """Train a run's networks on, on real clips; the result is a run like any other."""
    from mmtlib.core.modalities import check_modalities
    from mmtlib.experiment import finetune_config, load_run
    from mmtlib.experiment import run as train

    chosen = settings_of(
        settings or [], clips_per_class=clips_per_class, freeze_to=freeze_to, epochs=epochs,
        seed=seed, skip_broken=skip_broken or None, device=device,
    )  # fmt: skip
    if modalities is not None:
        chosen["modalities"] = check_modalities(modalities)
    if classes is not None:
        chosen["classes"] = parse_classes(classes, data, root)
    check_data_settings(data, chosen)
    config = finetune_config(load_run(run), dataset=data, root=str(root), **chosen)
    with show.bars("clips", "epochs") as (clips, epochs_done):
        result = train(config, progress=epochs_done, data_progress=clips)
    if result.facts["note"]:
        show.console.print(f"Note: {result.facts['note']}", soft_wrap=True)
    for m in config.modalities:
        show.console.print(f"{m}: {result.facts[f'start_{m}']}", soft_wrap=True)
    show_accuracies(result.validation_accuracy, "validation")
    show.console.print(f"run {result.run_id} in {result.path}", soft_wrap=True)
