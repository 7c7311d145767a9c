"""``mmt train``, ``evaluate``, ``compare`` and ``runs``."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import pandas as pd
import typer

import mmtlib
from mmtlib.cli import options, show
from mmtlib.config import RECIPES
from mmtlib.core.errors import ConfigError
from mmtlib.core.kept import write_kept

if TYPE_CHECKING:
    from mmtlib.config import ExperimentConfig
    from mmtlib.experiment import Run


def parse_classes(text: str, dataset: str, root: str | Path | None = None) -> tuple[str, ...]:
    """Return class names from numbers as the data set's lists count them, or from names.

    >>> parse_classes("1-2,12", "nvgesture")
    ('move hand left', 'move hand right', 'shake hand')

    A name that is written like a number is the class of that name.

    Raises:
        ConfigError: if a number is out of range or the data set is unknown.
    """
    every, chosen = mmtlib.datasets.DATASETS[dataset].classes_in(root), []
    for part in filter(None, (p.strip() for p in text.split(","))):
        numbers = re.fullmatch(r"(\d{1,4})(?:-(\d{1,4}))?", part)
        if numbers is None or part in every:
            chosen.append(part)
            continue
        first, last = int(numbers[1]), int(numbers[2] or numbers[1])
        if not 1 <= first <= last <= len(every):
            raise ConfigError(
                f"--classes {part}: {dataset} has the classes 1 to {len(every)}, by number or name."
            )
        chosen += every[first - 1 : last]
    return tuple(chosen)


@options.with_settings()
def train(
    recipe: Annotated[
        str | None, typer.Option(help=f"{', '.join(RECIPES)}; default: the preset's own.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print sizes, memory and time; train nothing.")
    ] = False,
    given: dict[str, Any] = {},  # noqa: B006
) -> None:
    """Train networks, or load the stored run of the same settings.

    Measures validation clips only; then see `mmt evaluate`.
    """
    config = options.make_config(recipe, given)
    if dry_run:
        _print_cost(config)
        return
    if config.devices * config.nodes > 1 and not mmtlib.experiment.is_first_process():
        show.be_silent()
    with show.bars("clips", "epochs") as (clips, epochs_done):
        result = mmtlib.run(config, progress=epochs_done, data_progress=clips)
    show_result(result, mmtlib.experiment.plan_training(config).weight_line)


def show_result(result: Run, *about: str) -> None:
    """Print what came of a training, with lines about it before its accuracies."""
    if result.facts["note"]:
        show.say(f"Note: {result.facts['note']}")
    for line in about:
        show.say(line)
    show_accuracies(result.validation_accuracy, "validation")
    show.say(f"run {result.run_id} in {result.path}")
    show.say(f"next: mmt evaluate {result.run_id} --split test")


def _print_cost(config: ExperimentConfig) -> None:
    """Print what a training comes to."""
    clips = mmtlib.experiment.count_clips(config, "train")
    plan = mmtlib.experiment.plan_training(config)
    cost = mmtlib.experiment.estimate_cost(config, clips)
    share = config.batch_size // (config.devices * config.nodes * config.accumulate)
    facts = {
        "training clips": f"{clips:,} of T x H x W = {' x '.join(map(str, plan.clip))}",
        "parameters": ", ".join(f"{m} {n:,}" for m, n in plan.parameters.items()),
        "operations": f"{cost.flops / 1e9:,.1f} GFLOP a clip, forward and backward, all networks",
        "memory": f"{show.size(cost.state_bytes)} for weights and optimizer, "
        f"{show.size(cost.batch_bytes)} for {share} clips at a time",
        "speed here": f"{cost.flops_per_second / 1e9:,.0f} GFLOP/s in a trial step on one device",
        "time": f"about {show.duration(cost.seconds)} for {config.epochs} epochs",
    }
    frame = pd.DataFrame({"what": facts.keys(), "estimate": facts.values()})
    show.table(frame, f"Dry run: {config.network}, recipe {config.recipe}; nothing was trained")
    show.say(plan.weight_line)


def show_accuracies(accuracy: dict[str, float], split: str) -> None:
    """Print one row per modality."""
    rows = [{"modality": m, f"{split} accuracy": show.as_percent(a)} for m, a in accuracy.items()]
    show.table(pd.DataFrame(rows))


def evaluate_command(
    run: options.RunName,
    split: options.Split = "validation",
    root: options.Root = None,
    data: Annotated[
        str | None, typer.Option(help="With --root: what lies there, if not the run's data set.")
    ] = None,
    classes: Annotated[
        str | None, typer.Option(help="With --root: only these, numbers (1-12) or names.")
    ] = None,
    clips_per_class: Annotated[
        int | None, typer.Option(help="With --root: see `mmt finetune`.")
    ] = None,
    skip_broken: Annotated[
        bool, typer.Option(help="With --root: leave out missing and broken clips.")
    ] = False,
    per_class: Annotated[bool, typer.Option(help="Also the accuracy of every class.")] = False,
) -> None:
    """Measure a run on a split; each reading is recorded in the run's folder."""
    stored = mmtlib.load_run(run)
    other = options.read_settings(
        [], dataset=data, clips_per_class=clips_per_class, skip_broken=skip_broken or None
    )
    if classes is not None:
        other["classes"] = parse_classes(
            classes, data or stored.config.dataset, root or stored.config.root
        )
    result = mmtlib.evaluate(stored, split, root=None if root is None else str(root), **other)
    if result.note:
        show.say(f"Note: {result.note}")
    show_accuracies(result.accuracy, split)
    if (times := len(stored.readings(split))) > 1:
        show.say(f"The {split} clips have been read {times} times for this run.")
    if per_class:
        frame = pd.DataFrame({"class": result.classes})
        for m, found in result.predictions.items():
            shares = mmtlib.evaluation.per_class_accuracy(found)
            frame[m] = [show.as_percent(a) if a == a else "-" for a in shares]
        show.table(frame)


@options.with_settings("seed", "workers")
def compare_command(
    seeds: Annotated[str, typer.Option(help="Seeds, with commas.")] = "0,1,2",
    recipe: Annotated[str | None, typer.Option(help=f"{', '.join(RECIPES)}.")] = None,
    split: options.Split = "validation",
    workers: options.Workers = None,
    given: dict[str, Any] = {},  # noqa: B006
) -> None:
    """Train each network alone and all together, over several seeds, and print the differences."""
    try:
        numbers = [int(part) for part in seeds.split(",") if part.strip()]
    except ValueError:
        raise ConfigError(f"--seeds expects whole numbers with commas, got {seeds!r}.") from None
    config = options.make_config(recipe, given)
    with show.bar("runs") as progress:
        found = mmtlib.compare(config, numbers, split=split, workers=workers, progress=progress)
    show.table(found.summary(), f"{split} accuracy, {len(numbers)} seeds")


def show_settings(
    out: Annotated[Path | None, typer.Option(help="Write the page here instead.")] = None,
    overwrite: options.Overwrite = False,
) -> None:
    """Show all settings, and all names that they take, as Markdown."""
    from mmtlib.config.page import declared_page

    if out is None:
        show.say(declared_page())
    else:
        write_kept(out, declared_page())
        show.say(f"written: {out}")


runs = typer.Typer(help="List the stored runs; take those of another cache over.")


@runs.callback(invoke_without_command=True)
def runs_command(context: typer.Context) -> None:
    """List the stored runs."""
    if context.invoked_subcommand is not None:
        return
    found = mmtlib.list_runs()
    if not len(found):
        show.say("No runs yet: `mmt train` makes one.")
        return
    scores = [name for name in found.columns if name.startswith("validation ")]
    rows = [
        {
            "run": row["run"],
            "made": row["date"][:16].replace("T", " "),
            "clips": f"{row['dataset']} {row['preset']}"
            + (f", {row['changed']}" if row["changed"] else ""),
            "networks": ", ".join(filter(None, (row["modalities"], row["transfer"]))),
            "seed": row["seed"],
            "validation": ", ".join(
                f"{name.split()[1]} {show.as_percent(row[name])}"
                for name in scores
                if row[name] == row[name]
            ),
        }
        for row in found.to_dict("records")
    ]
    show.table(pd.DataFrame(rows))


@runs.command()
def migrate(
    folder: Annotated[Path, typer.Argument(help="The other cache, e.g. of version 0.1.")],
) -> None:
    """Copy the runs of another cache into this one; the original stays as it is.

    Of the cache in use, runs of earlier versions get their check sums.
    """
    found = mmtlib.experiment.migrate_runs(folder)
    show.table(found.convert_dtypes(), f"Runs of {folder}")
