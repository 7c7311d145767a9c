"""Scripts without a main guard: what they ask for is done once, in however many processes."""

import os
import subprocess
import sys

from mmtlib.experiment import load_run

SCRIPT = """
import mmtlib

print("once", flush=True)
config = mmtlib.ExperimentConfig.make(
    modalities=("rgb",), preset="tiny", epochs=1, workers=1, device="cpu"
)
found = mmtlib.run(config)
print(found.path, flush=True)
"""


def test_a_training_with_loading_processes(fresh_cache, tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, "script.py"], cwd=tmp_path, text=True, capture_output=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    assert done.stderr == ""
    once, path = done.stdout.splitlines()
    assert once == "once"
    assert load_run(path).path.parent == fresh_cache / "runs"
