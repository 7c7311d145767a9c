"""Train what a config asks for, once: `run` one of them, `run_all` several side by side."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from mmtlib.config import ExperimentConfig, hash_settings
from mmtlib.core.cache import cache_dir
from mmtlib.core.compute import threads
from mmtlib.core.executor import Workers, shared_out
from mmtlib.core.files import write_whole
from mmtlib.core.locks import locked
from mmtlib.core.provenance import provenance
from mmtlib.core.sealed import write_json
from mmtlib.evaluation import Predictions, accuracy
from mmtlib.experiment.data import GestureData, make_transform, open_data
from mmtlib.experiment.machine import (
    build_network,
    launch,
    make_fabric,
    processes_for,
    resolve_device,
)
from mmtlib.experiment.plan import plan_training
from mmtlib.experiment.runs import Run, load_run
from mmtlib.experiment.starting_point import check_starting_point, load_starting_point
from mmtlib.experiment.teachers import frozen_teachers, networks_to_keep, teacher_config
from mmtlib.models import StreamSet, channels_last, save_weights, staged
from mmtlib.training import (
    Callback,
    EpochBatches,
    EpochProgress,
    History,
    Progress,
    fit,
    make_loader,
    make_logger,
    predict,
    predict_loader,
)

if TYPE_CHECKING:
    from lightning_fabric import Fabric

RECIPE_VERSION = 3
"""Raised whenever the same config gives other results; part of every run's identity."""
STARTS = ("pretrained", "start_from", "teacher")
"""What training may start from besides new weights; part of a run's identity where it does."""


def run(
    config: ExperimentConfig,
    *,
    progress: Progress | None = None,
    data_progress: Callable[[int, int], None] | None = None,
    callbacks: Sequence[Callback] = (),
    wait: bool = True,
) -> Run:
    """Train, or load the stored run of the same identity.

    Trains on the training clips and measures the validation clips; never reads test clips. Killed
    at any moment and called again, it goes on to the same result.

    Args:
        config: the settings.
        progress: called after each epoch with (epochs done, epochs in all, history).
        data_progress: called with (done, all) while clips are made for the first time.
        callbacks: see every step and epoch of a training; nothing where the run is stored already.
        wait: for another process that trains the same, to take what it makes.

    Distillation (`method` ``"kd"``) needs its teacher first: the run of the teacher alone is
    trained, or loaded, and its identity is part of this run's.

    With `config.devices` above 1 the other processes are started here and run the same command
    again; all of them return the run (`is_first_process` tells which one should speak). Processes
    on several computers need one `MMTLIB_CACHE` that all of them see.

    Returns:
        The finished run.

    Raises:
        BusyError: if another process trains the same, and is not to be waited for.
        ConfigError: if a name in the config is unknown or does not fit.
        DataError: if the data are missing or broken, or the disk is full.
        CheckpointError: if a saved state is damaged.
    """
    device, precision = resolve_device(config)
    start = check_starting_point(config)
    if teacher := teacher_config(config):  # it is part of what this run is made from
        taught_by = run(teacher, progress=progress, data_progress=data_progress, wait=wait)
        start["teacher"] = taught_by.identity
    train = open_data(config, "train", progress=data_progress)
    validation = open_data(config, "validation", progress=data_progress)
    identity = _identity(config, train, validation, start)
    folder = cache_dir("runs", identity[:12])
    if (folder / "run.json").exists():
        return load_run(folder)
    fabric = make_fabric(device, precision, devices=config.devices, nodes=config.nodes)
    launch(fabric)
    first = fabric.is_global_zero
    with locked(folder, timeout_s=None if wait else 0) if first else nullcontext():
        if not fabric.broadcast((folder / "run.json").exists()):
            if first:
                for left_behind in folder.glob(".*.tmp"):  # by a killed process
                    left_behind.unlink()
                _write_readme(folder, config, identity)
            with threads(config.threads):
                watching = [*callbacks, *_watching(config, folder, progress)] if first else []
                _train(fabric, folder, config, identity, train, validation, start, watching)
        fabric.barrier()
    return load_run(folder)


def identity_of(config: ExperimentConfig, facts: Mapping[str, Any]) -> str:
    """Return the identity of a run: a hash of everything that determines it.

    Args:
        config: the settings.
        facts: as in `run.json`: `data` (fingerprints), `device`, `precision`, and what the training
            starts from, if not from new weights.
    """
    return hash_settings(
        {
            "config": config.canonical(),
            "recipe_version": RECIPE_VERSION,
            "data": [facts["data"]["train"], facts["data"]["validation"]],
            "device": facts["device"],
            "precision": facts["precision"],
            **{name: facts[name] for name in STARTS if name in facts},
        }
    )


def _identity(
    config: ExperimentConfig, train: GestureData, validation: GestureData, start: dict[str, str]
) -> str:
    device, precision = resolve_device(config)
    data = {"train": train.fingerprint, "validation": validation.fingerprint}
    return identity_of(config, {"data": data, "device": device, "precision": precision, **start})


def _stored(config: ExperimentConfig) -> Run | None:
    """Return the finished run of a config, or None; makes its clips, but trains nothing."""
    train, validation = open_data(config, "train"), open_data(config, "validation")
    start = check_starting_point(config)
    if teacher := teacher_config(config):
        taught_by = _stored(teacher)
        if taught_by is None:
            return None
        start["teacher"] = taught_by.identity
    folder = cache_dir() / "runs" / _identity(config, train, validation, start)[:12]
    return load_run(folder) if (folder / "run.json").exists() else None


def _train(
    fabric: Fabric,
    folder: Path,
    config: ExperimentConfig,
    identity: str,
    train: GestureData,
    validation: GestureData,
    start: dict[str, str],
    callbacks: Sequence[Callback],
) -> None:
    """Train, and in the first process write the run's folder."""
    classes = len(train.classes)
    teachers = frozen_teachers(config, classes, start.get("teacher"))
    networks = {m: build_network(config, m, classes) for m in config.transfer.trained}
    start = {**start, **load_starting_point(config, networks, train.classes)}
    streams = channels_last(StreamSet(networks))
    if config.sync_batchnorm and fabric.world_size > 1:
        streams = torch.nn.SyncBatchNorm.convert_sync_batchnorm(streams)
    for network in streams.networks.values():
        if config.recompute:
            staged(network, "recompute").recompute = True
        if config.freeze_to is not None:
            staged(network, "freeze_to").freeze_to(config.freeze_to)
        if config.compile:
            network.compile(dynamic=False)
    order = EpochBatches(
        len(train.clips),
        config.batch_size,
        config.seed,
        balance=train.clips.labels.tolist() if config.sampling == "balanced" else None,
        rank=fabric.global_rank,
        world=fabric.world_size,
    )
    loading: dict[str, Any] = {
        "workers": config.workers,
        "pin_memory": fabric.device.type == "cuda",
    }
    augment = make_transform(config, training=True, label_swaps=train.label_swaps)
    loader = make_loader(train.clips, augment, order, **loading)
    measuring = predict_loader(validation.clips, make_transform(config, training=False), **loading)
    state_file = folder / "state.pt"
    resumed, began = state_file.exists(), time.perf_counter()
    history = fit(
        streams,
        loader,
        validation_loader=measuring,
        settings=config,
        transfer=config.transfer,
        teachers=teachers,
        callbacks=callbacks,
        state_file=state_file,
        identity=identity,
        fabric=fabric,
        measure_last=False,  # done below, where the predictions are kept
    )
    if fabric.is_global_zero:
        streams = networks_to_keep(config, streams, teachers)
        # Of a training in several parts the time of the earlier ones is not known.
        seconds = None if resumed else round(time.perf_counter() - began, 3)
        predictions = predict(fabric, streams, measuring)
        _write_run(
            fabric,
            folder,
            config,
            identity,
            (train, validation),
            streams.cpu(),
            history,
            predictions,
            {**start, "seconds": seconds},
        )
        state_file.unlink(missing_ok=True)


def _watching(config: ExperimentConfig, folder: Path, progress: Progress | None) -> list[Callback]:
    """Return what a config and a caller want to see of a training."""
    found: list[Callback] = [] if progress is None else [EpochProgress(progress)]
    return found if config.log is None else [*found, make_logger(config.log, folder)]


def _write_run(
    fabric: Fabric,
    folder: Path,
    config: ExperimentConfig,
    identity: str,
    data: tuple[GestureData, GestureData],
    streams: StreamSet,
    history: History,
    predictions: dict[str, Predictions],
    more: dict[str, Any],
) -> None:
    """Write the run's folder; ``run.json`` comes last and means that it is whole."""
    train, validation = data
    device = fabric.device.type
    for m, network in streams.networks.items():
        metadata = {"run": identity, "modality": m, "config": config.to_json()}
        save_weights(network, folder / f"{m}.safetensors", metadata=metadata)
        predictions[m].save(folder / f"validation-{m}.npz")
    write_json(folder / "history.json", {"streams": history.streams, "pairs": history.pairs})
    write_json(
        folder / "run.json",
        {
            "identity": identity,
            "recipe_version": RECIPE_VERSION,
            "config": dataclasses.asdict(config),
            "classes": train.classes,
            "data": {"train": train.fingerprint, "validation": validation.fingerprint},
            "note": _note(train, validation),
            "alignment": plan_training(config).weight_line,
            "device": device,
            "precision": resolve_device(config)[1],
            **more,
            "validation_accuracy": {m: accuracy(p) for m, p in predictions.items()},
            **provenance(device),
        },
    )


def _note(train: GestureData, validation: GestureData) -> str | None:
    if train.note == validation.note:
        return train.note
    notes = {"Training": train.note, "Validation": validation.note}
    return " ".join(f"{part}: {note}" for part, note in notes.items() if note)


def _write_readme(folder: Path, config: ExperimentConfig, identity: str) -> None:
    write_whole(
        folder / "README.txt",
        f"A run of mmtlib: {', '.join(config.modalities)} on {config.dataset} "
        f"({config.preset}), seed {config.seed}.\n{plan_training(config).weight_line}.\n"
        f"Identity {identity}.\n\n"
        "run.json      settings, class names, validation accuracy, where it was made (written "
        "last: present = finished)\nhistory.json  losses, rho and map distances by epoch\n"
        "NAME.safetensors      weights of the network of one modality\n"
        "SPLIT-NAME.npz        its class probabilities for every clip of a split\n"
        "evaluations.jsonl     every reading of a split by evaluate(), written before it is read\n"
        "state.pt              state of an unfinished training; the same command goes on\n\n"
        "The folder may be deleted; the same config makes it again.\n\n" + config.to_json(),
    )


def run_all(
    configs: Sequence[ExperimentConfig],
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Run]:
    """Run several configs side by side, one process each at a time; stored ones are only loaded.

    Two such calls at once share the runs out.

    Args:
        configs: the settings, in the order of the result.
        workers: processes; default one per GPU (each sees its own), else one per core. One, the
            calling process, by default where all is over before another has started, and always
            where a run itself has several devices.
        progress: called with (runs done, runs in all).

    Raises:
        ConfigError: if `workers` is below 1.
        MmtlibError: as `run`, or if a process was killed again and again.
    """
    workers, gpus = processes_for(configs, workers)
    found = [_stored(config) for config in configs]
    results: dict[int, Run] = {}

    def done(number: int, made: Run) -> None:
        results[number] = made
        if progress is not None:
            progress(len(results), len(configs))

    for number, stored in enumerate(found):
        if stored is not None:
            done(number, stored)
    todo = [number for number, stored in enumerate(found) if stored is None]
    workers = min(workers, len(todo))
    if workers <= 1 or any(config.devices * config.nodes > 1 for config in configs):
        for number in todo:
            done(number, run(configs[number]))
        return [results[number] for number in range(len(configs))]
    # Longest first, so that the processes end at about the same time.
    todo.sort(key=lambda i: -len(configs[i].transfer.trained))
    with Workers(workers, gpus=gpus) as pool:
        calls = {number: partial(run, configs[number]) for number in todo}
        for number, future in shared_out(pool, calls):
            done(number, future.result())
    return [results[number] for number in range(len(configs))]
