import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

SCRIPT = Path(__file__).parents[1] / "support" / "shared_batches.py"


def train(folder, processes, rho_per, *method):
    folder.mkdir()
    command = [sys.executable, str(SCRIPT), str(processes), rho_per, str(folder), *method]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    history = json.loads((folder / "history.json").read_text())
    return load_file(folder / "weights.safetensors"), history


@pytest.mark.parametrize("how", [("clip",), ("batch",), ("batch", "dml")])
def test_sharing_batches_changes_nothing_but_rounding(tmp_path, how):
    weights, history = train(tmp_path / "one", 1, *how)
    shared_weights, shared_history = train(tmp_path / "two", 2, *how)
    assert weights.keys() == shared_weights.keys()
    for name, values in weights.items():
        torch.testing.assert_close(shared_weights[name], values, rtol=1e-4, atol=1e-5)
    for part in ("streams", "pairs"):
        rows, shared = pd.DataFrame(history[part]), pd.DataFrame(shared_history[part])
        assert len(rows) > 0
        pd.testing.assert_frame_equal(rows, shared, rtol=1e-3, atol=1e-6)
    # Rho acted, or the two would agree whatever it was computed from.
    assert pd.DataFrame(history["pairs"])["rho"].max() > 0.01
