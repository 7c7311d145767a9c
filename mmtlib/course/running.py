"""Running the notebooks: in fresh kernels, with their results as pages, figures and an index."""

from __future__ import annotations

import copy
import hashlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert.filters import strip_ansi
from nbconvert.preprocessors import ExtractOutputPreprocessor

from mmtlib.config import ExperimentConfig
from mmtlib.core.errors import DataError, MmtlibError
from mmtlib.core.executor import Workers
from mmtlib.core.files import write_whole, writing
from mmtlib.core.locks import locked
from mmtlib.core.sealed import read_json, write_json
from mmtlib.course.page import notebook_page
from mmtlib.course.pairing import check_notebook, read_source, write_notebooks
from mmtlib.course.project import notebook_sources

CELL_TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class Executed:
    """One notebook of a tutorial that was run.

    Attributes:
        name: its name, without ending.
        title: its heading.
        seconds: how long it took.
        skipped: an up-to-date result was there already.
    """

    name: str
    title: str
    seconds: float
    skipped: bool


def run_tutorial(
    out: Path,
    *,
    only: str | None = None,
    workers: int = 1,
    report: Callable[[str], None] = print,
) -> list[Executed]:
    """Run the notebooks in order and write them, their figures and an index below `out`.

    A notebook whose source, library and cache folder are those of its last good run is skipped.

    Args:
        out: folder for ``NN_name.ipynb``, ``NN_name.html``, ``figures/`` and ``index.html``.
        only: run only notebooks whose name contains this.
        workers: how many are run side by side, begun in order; each keeps one core busy for most of
            its time.
        report: called with one line per notebook, in order.

    Raises:
        MmtlibError: if a notebook fails; names the notebook, the cell's first line and the error.
    """
    sources = notebook_sources(only)
    _check_folder(out)
    with writing(out):
        (out / "figures").mkdir(parents=True, exist_ok=True)
    done = []
    run_one = partial(_run_one, out=out)
    with Workers(workers) as pool:  # which starts nothing before it is used
        for number, result in enumerate((map if workers == 1 else pool.map)(run_one, sources), 1):
            done.append(result)
            what = "up to date" if result.skipped else f"{result.seconds:.0f} s"
            report(f"[{number}/{len(sources)}] {result.name}: {what}")
    _write_index(out)
    return done


def _check_folder(out: Path) -> None:
    """Refuse a folder with pages that no tutorial has written."""
    there = [name for name in ("index.html", "table.csv") if (out / name).exists()]
    if there and not any(out.glob(".[0-9][0-9]_*.json")):
        raise DataError(
            f"{out} holds {' and '.join(there)} of something else than a tutorial; choose another "
            "folder."
        )


def library_hash(*sources: Path) -> str:
    """Return a hash of notebooks, the library's code, and where its cache and mode point."""
    digest = hashlib.sha256()
    for file in (*sources, *sorted(Path(__file__).resolve().parent.parent.rglob("*.py"))):
        digest.update(file.read_bytes())
    for name in ("MMTLIB_CACHE", "MMTLIB_FAST", "MMTLIB_NVGESTURE_ROOT"):
        digest.update(f"{name}={os.environ.get(name)}".encode())
    return digest.hexdigest()


def _run_one(source: Path, out: Path) -> Executed:
    """Run a notebook, or wait for another process that does and take what it makes."""
    stamp = out / f".{source.stem}.json"  # written last, so it tells of a good run
    with locked(out / f".{source.stem}"):
        notebook, key = read_source(source), library_hash(source)
        title, known = heading(notebook), _read_stamp(stamp)
        if known.get("key") == key and (out / f"{source.stem}.html").exists():
            return Executed(source.stem, title, known["seconds"], skipped=True)
        check_notebook(out / f"{source.stem}.ipynb", notebook)
        start = time.monotonic()
        execute(notebook, source.stem, folder=out)
        seconds = time.monotonic() - start
        write_notebooks({out / f"{source.stem}.ipynb": notebook})
        write_whole(out / f"{source.stem}.html", notebook_page(notebook, title))
        _write_figures(notebook, out / "figures", source.stem)
        write_json(stamp, {"key": key, "title": title, "seconds": seconds})
        return Executed(source.stem, title, seconds, skipped=False)


def _read_stamp(stamp: Path) -> dict[str, Any]:
    """Return what is known of the last good run of a notebook; nothing if there is none."""
    if not stamp.exists():
        return {}
    remedy = "delete it and run the same command again: the notebook is then run anew"
    return read_json(stamp, {"key": str, "title": str, "seconds": float}, remedy=remedy)


def execute(notebook: nbformat.NotebookNode, name: str, *, folder: Path) -> None:
    """Run a notebook in place, in a fresh kernel whose working folder is `folder`.

    Args:
        notebook: gets its outputs.
        name: for the error.
        folder: must be there.

    Raises:
        MmtlibError: if a cell fails or takes longer than ten minutes.
    """
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT_S,
        kernel_name="python3",
        # It warns of unencrypted talk, which here never leaves this computer.
        extra_arguments=["--IPKernelApp.log_level=40"],
        store_widget_state=False,  # plotly's own bundle, 5 MB a notebook, useless without a kernel
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        text = strip_ansi(str(error))
        lines = [line for line in text.splitlines() if line.strip()]
        raise MmtlibError(f"Notebook {name} failed: {lines[-1]}\n{text}") from None


def heading(notebook: nbformat.NotebookNode) -> str:
    """Return the heading that a notebook begins with."""
    return notebook.cells[0].source.splitlines()[0].lstrip("# ").strip()


def complaints(notebook: nbformat.NotebookNode) -> list[str]:
    """Return what an executed notebook shows and should not, one line each.

    That is: errors, anything on the error stream (warnings, logs), and checks that did not pass.
    """
    found = []
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            kind, data = output.output_type, output.get("data", {})
            if kind == "error":
                found.append(f"cell {number}: {output.ename}: {output.evalue}")
            elif kind == "stream" and output.name == "stderr":
                found.append(f"cell {number}: {output.text.strip()}")
            elif "passed=False" in data.get("text/plain", ""):
                found.append(f"cell {number}: {data['text/plain']}")
    return found


def _write_figures(notebook: nbformat.NotebookNode, folder: Path, name: str) -> None:
    for old in folder.glob(f"{name}-*.png"):
        old.unlink()
    extract = ExtractOutputPreprocessor(extract_output_types={"image/png"})
    _, found = extract.preprocess(copy.deepcopy(notebook), {"outputs": {}})
    for number, picture in enumerate(found["outputs"].values(), 1):
        write_whole(folder / f"{name}-{number}.png", picture)


def _write_index(out: Path) -> None:
    """Write the page that leads to all notebooks that were ever executed into `out`."""
    lines = ["# mmtlib tutorial", "Executed on this machine."]
    for source in notebook_sources():
        stamp = out / f".{source.stem}.json"
        if known := _read_stamp(stamp):
            lines.append(f"[{known['title']}]({source.stem}.html) {known['seconds']:.0f} s")
    cell = nbformat.v4.new_markdown_cell("\n\n".join(lines))
    page = notebook_page(nbformat.v4.new_notebook(cells=[cell]), "mmtlib tutorial")
    write_whole(out / "index.html", page)


def joint_runs(config: ExperimentConfig, seeds: Sequence[int]) -> list[ExperimentConfig]:
    """Return the trainings of two networks that the notebooks and the closing table need.

    They are begun before those of one network; the last is that of notebooks 03 and 04.
    """
    return [*(config.replace(seed=seed) for seed in seeds), config.replace(focal=False)]
