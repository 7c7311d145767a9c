"""``mmt export`` and ``predict``: one network as a file, and what it says of a video."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import mmtlib
from mmtlib.cli import show
from mmtlib.cli.options import Overwrite, RunName
from mmtlib.core.errors import ConfigError
from mmtlib.core.kept import check_replaceable, write_kept

if TYPE_CHECKING:
    from mmtlib.experiment import Classifier, Run

RunOption = Annotated[str | None, typer.Option(help="A run: its id or the beginning of it.")]
Modality = Annotated[str | None, typer.Option(help="Which network; what the video shows.")]
PLOTS = (".png", ".pdf", ".svg")


def export(
    run: RunName,
    modality: Modality = None,
    out: Annotated[Path | None, typer.Option(help="Default: RUN-MODALITY.onnx here.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write one network of a run as an ONNX file that any computer can use by itself."""
    path = mmtlib.experiment.export_run(mmtlib.load_run(run), modality, out)
    show.say(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    show.say(f"next: mmt predict VIDEO --model {path}")


def predict_command(
    video: Annotated[Path, typer.Argument(help="A video of one gesture, or of many (--window).")],
    run: RunOption = None,
    model: Annotated[Path | None, typer.Option(help="A file of `mmt export`.")] = None,
    modality: Modality = None,
    first: Annotated[int | None, typer.Option(help="First frame of the gesture.")] = None,
    last: Annotated[int | None, typer.Option(help="Frame after its last one.")] = None,
    top: Annotated[int, typer.Option(help="How many classes to print.")] = 5,
    window: Annotated[
        str | None, typer.Option(help="Slide a window: frames (80) or seconds (2.5s).")
    ] = None,
    stride: Annotated[
        str | None, typer.Option(help="From window to window; default half a window.")
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Scores over time, as a table.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Scores over time, as a .png.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Print the most likely classes of a video and how long it took, or its classes over time."""
    if (run is None) == (model is None):
        raise ConfigError("Say which network to use: --run RUN or --model FILE, one of them.")
    if window is None and not (stride is csv is plot is None):
        raise ConfigError("--stride, --csv and --plot are for a sliding window: give --window.")
    if window is not None and not (first is last is None):
        raise ConfigError("--first and --last cut out one gesture; leave them out with --window.")
    if plot is not None and plot.suffix not in PLOTS:
        raise ConfigError(f"--plot {plot}: expected a name that ends in {', '.join(PLOTS)}.")
    exported = mmtlib.experiment.load_exported
    network = mmtlib.load_run(run) if run is not None else exported(model or "")
    if window is not None:
        _over_time(network, video, modality, window, stride, csv, plot)
        return
    found = mmtlib.experiment.time_prediction(network, video, modality, first=first, last=last)
    shown = found.scores.head(top)
    show.table(shown.assign(score=[show.as_percent(s) for s in shown["score"]]))
    show.say(
        f"one pass through the network {1000 * found.pass_s:.1f} ms (median of 5); "
        f"{1000 * found.whole_s:.0f} ms in all, with decoding and preparation"
    )


def _over_time(
    network: Run | Classifier,
    video: Path,
    modality: str | None,
    window: str,
    stride: str | None,
    csv: Path | None,
    plot: Path | None,
) -> None:
    """Print the classes of a sliding window, and write table and plot."""
    for place in filter(None, (csv, plot)):
        check_replaceable(place)
    windows = mmtlib.experiment.predict_windows(
        network, video, modality, window=window, stride=stride
    )
    if csv is not None:
        write_kept(csv, windows.to_csv(index=False, float_format="%.6g"))
    if plot is not None:
        kind, figure = plot.suffix[1:], mmtlib.figures.score_timeline(windows)
        write_kept(plot, lambda file: figure.savefig(file, format=kind))
    parts = mmtlib.experiment.segments(windows)
    shown = parts.assign(score=[show.as_percent(s) for s in parts["score"]])
    for name in ("start_s", "end_s"):
        shown[name] = [f"{seconds:.2f}" for seconds in parts[name]]
    show.table(shown.rename(columns={"start_s": "from (s)", "end_s": "to (s)"}))
    show.say(f"{len(windows)} windows")
    for path in (csv, plot):
        if path is not None:
            show.say(f"written: {path}")
