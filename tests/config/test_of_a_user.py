"""What a user declares in a script or notebook reaches other processes."""

import subprocess
import sys

IN_A_NOTEBOOK = """
import sys
import cloudpickle
import mmtlib
from mmtlib.config import ExperimentConfig, Method

class Net:
    def __init__(self, in_channels, num_classes):
        pass

mmtlib.register_network("mine", Net)
mmtlib.register_modality(mmtlib.Modality(
    name="second", title="Second view", channels=3, kind="image", unit="brightness", center=0.4,
    spread=0.2, color="#000000"))
mmtlib.register_method(Method(name="hint", title="hints", distance=lambda m, n, s: m.logits))
config = ExperimentConfig.make(
    preset="tiny", network="mine", modalities=("rgb", "second"), method="hint")
assert config.plugins == ()
with open(sys.argv[1], "wb") as file:
    file.write(cloudpickle.dumps(config))
print(sorted(config.canonical()["code"].items()))
"""
IN_A_WORKER = """
import sys
import cloudpickle
with open(sys.argv[1], "rb") as file:
    config = cloudpickle.loads(file.read())
assert config.transfer.method.title == "hints"
print(sorted(config.canonical()["code"].items()))
"""


def test_things_of_a_notebook_reach_a_worker(tmp_path):
    def call(code):
        command = [sys.executable, "-c", code, str(tmp_path / "config")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    said = call(IN_A_NOTEBOOK)
    assert "network mine" in said
    assert "modality second" in said
    assert call(IN_A_WORKER) == said
