import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file
from support.shared_batches import CASES, train_all

SCRIPT = Path(__file__).parents[1] / "support" / "shared_batches.py"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return the folders that one process, and two that share every batch, have written."""
    one, two = (tmp_path_factory.mktemp(name) for name in ("one", "two"))
    train_all(1, one)
    command = [sys.executable, str(SCRIPT), "2", str(two)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return one, two


def read(folder):
    history = json.loads((folder / "history.json").read_text())
    return load_file(folder / "weights.safetensors"), history


@pytest.mark.parametrize("case", CASES, ids="-".join)
def test_sharing_batches_changes_nothing_but_rounding(trained, case):
    one, two = (folder / "-".join(case) for folder in trained)
    (weights, history), (shared_weights, shared_history) = read(one), read(two)
    assert weights.keys() == shared_weights.keys()
    for name, values in weights.items():
        torch.testing.assert_close(shared_weights[name], values, rtol=1e-4, atol=1e-5)
    for part in ("streams", "pairs"):
        rows, shared = pd.DataFrame(history[part]), pd.DataFrame(shared_history[part])
        assert len(rows) > 0
        pd.testing.assert_frame_equal(rows, shared, rtol=1e-3, atol=1e-6)
    # Rho acted, or the two would agree whatever it was computed from.
    assert pd.DataFrame(history["pairs"])["rho"].max() > 0.01
