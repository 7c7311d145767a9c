"""A few figures against pictures of them that somebody has looked at.

Set MMTLIB_WRITE_BASELINES=1 to write the pictures again after a change that is wanted; then look.
"""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.testing.compare import compare_images

from mmtlib import figures

FOLDER = Path(__file__).with_name("baseline")
TOLERANCE = 12.0
"""Root mean square of the difference in 8-bit levels: fonts differ a little between machines."""
DOTS_PER_INCH = 80


def _differences():
    rows = [("Methods", f"arm {i}", 0.02 * i - 0.03, 0.02 * i - 0.05, 0.02 * i) for i in range(4)]
    table = pd.DataFrame(rows, columns=["group", "name", "difference", "low", "high"])
    return figures.difference_bars(table)


def _curves():
    rows = [
        (measure, method, x, 1.0 / (x + k))
        for measure in ("Loss", "Distance")
        for k, method in enumerate(("alone", "with", "without"), 1)
        for x in range(10)
    ]
    table = pd.DataFrame(rows, columns=["measure", "method", "x", "value"])
    return figures.compared_curves(
        table.assign(low=0.9 * table["value"], high=1.1 * table["value"])
    )


def _confusion():
    first = np.full((6, 6), 0.05) + 0.7 * np.eye(6)
    second = np.full((6, 6), 0.02) + 0.88 * np.eye(6)
    return figures.confusion_change(first, second, [f"gesture {i}" for i in range(6)])


def _correlation():
    x = np.cos(np.arange(16)[:, None] * np.arange(1, 5) / 3) ** 2
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    pairs = {how: {"RGB": x @ x.T, "Depth": power * np.eye(16) + (1 - power) * (x @ x.T)}
             for how, power in (("alone", 0.9), ("together", 0.2))}  # fmt: skip
    return figures.correlation_pairs(pairs, grid=(4, 2, 2))


FIGURES = {
    "focal_curve": figures.focal_curve,
    "training_schemes": figures.training_schemes,
    "difference_bars": _differences,
    "compared_curves": _curves,
    "confusion_change": _confusion,
    "correlation_pairs": _correlation,
}


@pytest.mark.parametrize("name", FIGURES)
def test_it_looks_as_it_did_when_somebody_looked(name, tmp_path):
    baseline, now = FOLDER / f"{name}.png", tmp_path / f"{name}.png"
    FIGURES[name]().savefig(now, dpi=DOTS_PER_INCH)
    if os.environ.get("MMTLIB_WRITE_BASELINES"):
        FOLDER.mkdir(exist_ok=True)
        baseline.write_bytes(now.read_bytes())
    assert compare_images(str(baseline), str(now), TOLERANCE) is None


def test_a_figure_that_changed_is_noticed(tmp_path):
    figure = figures.focal_curve((1.0, 2.0, 3.0), loss_gap=(-0.5, 0.5))
    figure.savefig(tmp_path / "now.png", dpi=DOTS_PER_INCH)
    baseline = str(FOLDER / "focal_curve.png")
    assert "Error: Image files did not match" in compare_images(
        baseline, str(tmp_path / "now.png"), TOLERANCE
    )


def test_every_baseline_is_compared():
    assert {file.stem for file in FOLDER.glob("*.png")} == set(FIGURES)
