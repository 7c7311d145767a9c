"""Processes that load clips: what they are sent, without running the caller's script again."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, signal
import torch
from torch.utils.data import DataLoader, Dataset
from mmtlib.core.spawned import SPAWN

print("run as", __name__, flush=True)

class Mine(Dataset):  # of a script without a main guard
    def __init__(self):
        self.big = torch.zeros(2)

    def __len__(self):
        return 2

    def __getitem__(self, index):
        self.big[index] = 1 + index  # in memory that processes share
        deaf = signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])
        return torch.tensor([os.getpid(), index, deaf])

data = Mine()
data.big.share_memory_()
for found in DataLoader(data, batch_size=None, num_workers=2, multiprocessing_context=SPAWN):
    assert found[0] != os.getpid()
    print(found[1:].tolist(), flush=True)
print(data.big.tolist(), signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))
"""


@pytest.mark.parametrize(
    "how", ["file", "-m", *(pytest.param(each, marks=pytest.mark.full) for each in ("-c", "-"))]
)
def test_the_script_is_run_once_and_its_things_arrive(tmp_path, how):
    (tmp_path / "script.py").write_text(SCRIPT)
    command = {"file": ["script.py"], "-c": ["-c", SCRIPT], "-": ["-"], "-m": ["-m", "script"]}[how]
    done = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, text=True, capture_output=True, check=False,
        input=SCRIPT if how == "-" else None,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    assert done.stderr == ""
    assert done.stdout == "run as __main__\n[0, 1]\n[1, 1]\n[1.0, 2.0] False\n"
