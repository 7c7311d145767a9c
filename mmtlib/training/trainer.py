"""The training loop: M networks side by side, one objective, exact resume."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmtlib.config import Transfer
from mmtlib.config.declare import declared_settings
from mmtlib.config.training_settings import TrainingSettings
from mmtlib.core.clips import ClipBatch
from mmtlib.core.errors import CheckpointError, ConfigError, unknown_name
from mmtlib.core.files import reading
from mmtlib.core.outputs import StreamOutput
from mmtlib.core.sealed import check_types
from mmtlib.core.seeding import scoped_seed
from mmtlib.core.spawned import check_main_guard
from mmtlib.losses import MtutLoss, transfer_objective
from mmtlib.models import StreamSet
from mmtlib.training.callbacks import Callback, Training
from mmtlib.training.checkpointing import load_state, save_state
from mmtlib.training.guard import Guard
from mmtlib.training.history import ROWS, EpochSums, History, step_sums
from mmtlib.training.loaders import EpochBatches
from mmtlib.training.loading import loading
from mmtlib.training.predicting import measure
from mmtlib.training.schedules import learning_rate, make_optimizers

if TYPE_CHECKING:
    from lightning_fabric import Fabric

CHECKPOINT_SECONDS = 30.0
"""Longest time between two saved states, besides the one after every epoch."""
STATE = {
    "streams": dict[str, Tensor], "optimizers": dict[str, dict[str, Any]],
    "streams_history": ROWS, "pairs_history": ROWS, "sums": dict[str, float],
    "epoch": int, "step": int, "guard": dict[str, int],
}  # fmt: skip
"""What a saved state holds."""


def fit(
    networks: Mapping[str, nn.Module] | StreamSet,
    train_loader: DataLoader,
    *,
    validation_loader: DataLoader | None = None,
    settings: TrainingSettings | None = None,
    transfer: Transfer | None = None,
    teachers: StreamSet | None = None,
    callbacks: Sequence[Callback] = (),
    state_file: str | Path | None = None,
    identity: str = "",
    fabric: Fabric | None = None,
    measure_last: bool = True,
    **options: Any,
) -> History:
    """Train networks side by side in place, and return what was measured on the way.

    Two phases in one loop: up to `ssa_start_epoch` the weight of the transfer is 0, so each network
    minimises its own classification loss; from then on the whole objective. The last state is the
    result. All random draws depend on (seed, epoch, step, clip), so a training that was killed goes
    on from its saved state to the same bits; with a loader of your own from the last whole epoch.

    Of several processes each takes its part of every batch. Gradients are averaged; rho per batch
    and the history are those of the whole batch. The statistics of batch normalisation are each
    process's own (see `sync_batchnorm`), and so are the clips that are compared with each other
    (the method similarity-preserving) or that another clip is chosen from (a control).

    Args:
        networks: name of a modality -> its network: any module that returns `StreamOutput`,
            ``(logits, features)`` or a dict of both (`mmtlib.models.WithFeatures` makes one).
        train_loader: batches that `mmtlib.core.clips.ClipBatch.of` takes, e.g. ``(frames,
            labels)`` with frames a dict of modality -> ``(N, C, T, H, W)``.
        validation_loader: clips to measure every `validate_every` epochs and at the end.
        settings: how to train; None = the defaults with `options`.
        transfer: who learns from whom; None = as the settings have it among these networks.
        teachers: frozen networks that teach, by modality; None = the networks teach each other.
        callbacks: look at every step, epoch and the end.
        state_file: where the state is saved, to go on from if the training is killed.
        identity: what the saved state belongs to.
        fabric: device, precision and processes, launched; None = one GPU where there is one, else
            the CPU, in float32.
        measure_last: measure the validation clips after the last epoch too.
        options: single settings instead of `settings`, e.g. ``epochs=10, ssa_weight=100.0``.

    Returns:
        Losses, accuracies, rho and distances, epoch by epoch.

    Raises:
        CheckpointError: if the saved state is damaged or of another run.
        ConfigError: if a setting is wrong, or the training diverges.
        DataError: if a loader or a network gives what is not expected, or a loading process ends.
    """
    check_main_guard()
    streams = networks if isinstance(networks, StreamSet) else StreamSet(dict(networks))
    settings = _settings(settings, options)
    names = dict.fromkeys((*streams.modalities, *(teachers.modalities if teachers else ())))
    transfer = transfer or Transfer.of(settings, tuple(names))
    if transfer.frozen and teachers is None:
        raise ConfigError(
            f"Networks learn from frozen ones here: give them, e.g. teachers="
            f"StreamSet({{{transfer.frozen[0]!r}: network}}), and train the others."
        )
    fabric = fabric or _default_fabric()
    trainer = _Trainer(fabric, settings, transfer, streams, teachers)
    with loading(train_loader, *([] if validation_loader is None else [validation_loader])):
        trainer.run(
            train_loader,
            validation_loader,
            callbacks,
            None if state_file is None else Path(state_file),
            identity or "-".join(streams.networks),
        )
        history = trainer.training.history
        if validation_loader is not None and measure_last:
            measure(fabric, streams, validation_loader, history, trainer.training.epoch - 1)
    return history


def _settings(settings: TrainingSettings | None, options: dict[str, Any]) -> TrainingSettings:
    known = declared_settings(TrainingSettings)
    for name in options:
        if name not in known:
            raise unknown_name("setting", name, known)
    if settings is None:
        return TrainingSettings(**options)
    return dataclasses.replace(settings, **options) if options else settings


def _default_fabric() -> Fabric:
    from lightning_fabric import Fabric

    kind = "cuda" if torch.cuda.is_available() else "cpu"
    return Fabric(accelerator=kind, devices=1, precision="32-true")


class _Trainer:
    """One training: what it works with, and where it stands."""

    def __init__(
        self,
        fabric: Fabric,
        settings: TrainingSettings,
        transfer: Transfer,
        streams: StreamSet,
        teachers: StreamSet | None,
    ) -> None:
        self.fabric, self.settings, self.transfer = fabric, settings, transfer
        self.streams = streams
        if teachers is not None:
            teachers.eval().to(fabric.device)
        self.teachers = teachers
        self.training = Training(settings, dict(streams.networks.items()))
        self.sums, self.guard = EpochSums(), Guard(transfer)
        # Every process draws its own dropout, the first one as if it were alone.
        self.rank = (fabric.global_rank,) if fabric.global_rank else ()

    def run(
        self,
        loader: DataLoader,
        validation: DataLoader | None,
        callbacks: Sequence[Callback],
        state_file: Path | None,
        identity: str,
    ) -> None:
        """Train from where the saved state is to the end."""
        training, order = self.training, loader.batch_sampler
        self.optimizers = make_optimizers(self.settings, self.training.networks)
        if state_file is not None and (state := load_state(state_file, identity)):
            remedy = "move it away and the training starts anew"
            with reading(state_file, remedy, CheckpointError):
                check_types(state, STATE)
                self._take(state)
        self.model, *wrapped = self.fabric.setup(self.streams, *self.optimizers.values())
        self.optimizers = dict(zip(self.optimizers, wrapped, strict=True))
        exact = isinstance(order, EpochBatches)
        if exact or self.fabric.world_size > 1:
            loader = self.fabric.setup_dataloaders(  # type: ignore[assignment]
                loader, use_distributed_sampler=not exact, move_to_device=False
            )
        saved_at = time.monotonic()
        while training.epoch < self.settings.epochs and not training.stop:
            self.model.train()
            if isinstance(order, EpochBatches):
                order.epoch, order.first_step = training.epoch, training.step
            for batch in _drawn(loader, () if exact else (self.settings.seed, training.epoch)):
                self._step(ClipBatch.of(batch), len(loader))
                for callback in callbacks:
                    callback.on_step(training)
                if exact and time.monotonic() - saved_at > CHECKPOINT_SECONDS:
                    self._save(state_file, identity)
                    saved_at = time.monotonic()
            self._end_epoch(validation)
            self._save(state_file, identity)
            saved_at = time.monotonic()
            for callback in callbacks:
                callback.on_epoch(training)
        for callback in callbacks:
            callback.on_end(training)

    def _step(self, batch: ClipBatch, steps: int) -> None:
        """Make one step of every network on a batch."""
        training, settings, fabric = self.training, self.settings, self.fabric
        epoch, step = training.epoch, training.step
        training.rate = learning_rate(settings, epoch * steps + step, steps)
        for optimizer in self.optimizers.values():
            optimizer.zero_grad()
        whole = EpochSums()
        for number, part in enumerate(batch.split(settings.accumulate), 1):
            more = number < settings.accumulate
            draws = (settings.seed, epoch, step, *self.rank, *([number] if more else []))
            with fabric.no_backward_sync(self.model, enabled=more and fabric.world_size > 1):
                part = part.to(fabric.device)
                outputs = self.model(part.frames, seed_parts=("dropout", *draws))
                loss = self._objective(outputs, part, draws)
                self._check_finite(_over_processes(fabric, loss.total), "loss")
                fabric.backward(loss.total / settings.accumulate)
            found = step_sums(loss, _count_correct(outputs, part.labels), len(part))
            whole.add(_sum_over_processes(fabric, found))
        self.sums.add(whole.sums)
        self.guard.look(epoch, whole.sums)
        training.loss, training.outputs, training.labels = loss, outputs, part.labels
        for m, optimizer in self.optimizers.items():
            if settings.gradient_clip:
                norm = fabric.clip_gradients(
                    self.streams.networks[m],
                    optimizer,
                    max_norm=settings.gradient_clip,
                    error_if_nonfinite=False,
                )
                assert norm is not None  # a largest norm was given
                self._check_finite(norm, f"gradient of {m}")
            for group in optimizer.param_groups:
                group["lr"] = training.rate
            optimizer.step()
        training.step += 1

    def _objective(
        self, outputs: Mapping[str, StreamOutput], batch: ClipBatch, draws: tuple[int, ...]
    ) -> MtutLoss:
        taught = swapped = None
        weight = self.transfer.weight_in(self.training.epoch)
        if weight > 0 and self.teachers is not None:
            with torch.no_grad(), self.fabric.autocast():
                taught = self.teachers(batch.frames)
        if weight > 0 and (choose := self.transfer.control.load()) is not None:
            swapped = choose(batch, draws)
        return transfer_objective(
            outputs,
            batch.labels,
            self.transfer,
            weight=weight,
            teachers=taught,
            teacher_clips=swapped,
            over_processes=cast("Callable[[Tensor], Tensor]", self.fabric.all_reduce),
        )

    def _end_epoch(self, validation: DataLoader | None) -> None:
        training, every = self.training, self.settings.validate_every
        self.sums.close(training.history, training.epoch)
        self.sums, training.step = EpochSums(), 0
        training.epoch += 1
        due = every and training.epoch % every == 0
        if validation is not None and due and training.epoch < self.settings.epochs:
            measure(self.fabric, self.streams, validation, training.history, training.epoch - 1)

    def _check_finite(self, value: Tensor, what: str) -> None:
        if not torch.isfinite(value):
            raise ConfigError(
                f"The training diverged: in epoch {self.training.epoch} the {what} is "
                f"{float(value)}; lower learning_rate (it is {self.settings.learning_rate:g}) or "
                f"the weight of the transfer term (it is {self.transfer.weight:g})."
            )

    def _take(self, state: dict[str, Any]) -> None:
        """Go back to where a saved state is."""
        self.streams.load_state_dict(state["streams"])
        for m, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][m])
        training = self.training
        training.history = History(state["streams_history"], state["pairs_history"])
        self.sums = EpochSums(state["sums"])
        self.guard = Guard(self.transfer, state["guard"])
        training.epoch, training.step = state["epoch"], state["step"]

    def _save(self, file: Path | None, identity: str) -> None:
        if file is None or not self.fabric.is_global_zero:
            return
        training = self.training
        save_state(
            file,
            {
                "identity": identity,
                "streams": self.streams.state_dict(),
                "optimizers": {m: o.state_dict() for m, o in self.optimizers.items()},
                "streams_history": training.history.streams,
                "pairs_history": training.history.pairs,
                "sums": dict(self.sums.sums),
                "guard": self.guard.in_a_row,
                "epoch": training.epoch,
                "step": training.step,
            },
        )


def _drawn(loader: DataLoader, seed_parts: tuple[int, ...]) -> Iterator[Any]:
    """Yield the batches; the shuffling of a loader of a user's own is drawn from the parts."""
    if not seed_parts:
        yield from loader
        return
    with scoped_seed("order", *seed_parts):
        yield from loader


def _over_processes(fabric: Fabric, value: Tensor) -> Tensor:
    """Return the mean of a value over all processes, so that they go on, or stop, together."""
    if fabric.world_size == 1:
        return value.detach()
    return cast("Tensor", fabric.all_reduce(value.detach().clone()))


def _sum_over_processes(fabric: Fabric, sums: dict[str, float]) -> dict[str, float]:
    if fabric.world_size == 1:
        return sums
    values = torch.tensor(list(sums.values()), dtype=torch.float64, device=fabric.device)
    total = cast("Tensor", fabric.all_reduce(values, reduce_op="sum")).tolist()
    return dict(zip(sums, total, strict=True))


def _count_correct(outputs: Mapping, labels: Tensor) -> dict[str, int]:
    return {m: int((o.logits.detach().argmax(1) == labels).sum()) for m, o in outputs.items()}
