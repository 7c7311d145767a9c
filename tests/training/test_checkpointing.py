import errno
import pickle
import random

import pytest
import torch

from mmtlib.core.errors import CheckpointError, DataError
from mmtlib.training import load_state, save_state


def state(value=1.0):
    return {"identity": "run a", "weights": {"w": torch.full((50,), value)}, "epoch": 2}


def test_round_trip(tmp_path):
    save_state(tmp_path / "state.pt", state())
    found = load_state(tmp_path / "state.pt", "run a")
    assert found["epoch"] == 2
    assert torch.equal(found["weights"]["w"], torch.ones(50))
    assert list(tmp_path.iterdir()) == [tmp_path / "state.pt"]


def test_no_file_is_no_state(tmp_path):
    assert load_state(tmp_path / "state.pt", "run a") is None


def test_state_of_another_run(tmp_path):
    save_state(tmp_path / "state.pt", state())
    with pytest.raises(CheckpointError, match=r"state\.pt was saved by another run \(run a"):
        load_state(tmp_path / "state.pt", "run b")


@pytest.mark.parametrize("where", ["torch.save", "os.replace", "os.fsync"])
def test_full_disk_leaves_the_old_state(tmp_path, monkeypatch, where):
    path = tmp_path / "state.pt"
    save_state(path, state(1.0))

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(where, full)
    with pytest.raises(DataError, match=r"Cannot write .*state\.pt \(No space left on device\)"):
        save_state(path, state(2.0))
    monkeypatch.undo()
    assert torch.equal(load_state(path, "run a")["weights"]["w"], torch.ones(50))
    assert list(tmp_path.iterdir()) == [tmp_path / "state.pt"]


@pytest.mark.parametrize(
    "content", [b"", b"garbage", b"PK\x03\x04 cut off", pickle.dumps({"identity": "run a"})]
)
def test_garbage(tmp_path, content):
    (tmp_path / "state.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"state\.pt is damaged.*move it away"):
        load_state(tmp_path / "state.pt", "run a")


@pytest.mark.parametrize("content", [torch.ones(3), [1, 2], {"no": "identity"}])
def test_something_else(tmp_path, content):
    torch.save(content, tmp_path / "state.pt")
    with pytest.raises(CheckpointError, match="is damaged"):
        load_state(tmp_path / "state.pt", "run a")


def test_damage_anywhere_is_an_error_or_without_effect(tmp_path):
    path = tmp_path / "state.pt"
    save_state(path, state())
    whole, rng = path.read_bytes(), random.Random(0)
    noticed = 0
    for _ in range(150):
        broken = bytearray(whole)
        broken[rng.randrange(len(broken))] ^= 1 << rng.randrange(8)
        path.write_bytes(broken if rng.random() < 0.8 else broken[: rng.randrange(len(broken))])
        try:
            found = load_state(path, "run a")
        except CheckpointError:
            noticed += 1
        else:
            assert torch.equal(found["weights"]["w"], torch.ones(50))
    assert noticed > 50


class Harmful:
    """A pickle of this writes a file when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_no_code_is_run(tmp_path):
    torch.save({"identity": "run a", "x": Harmful(str(tmp_path / "harm"))}, tmp_path / "state.pt")
    with pytest.raises(CheckpointError, match="is damaged"):
        load_state(tmp_path / "state.pt", "run a")
    assert not (tmp_path / "harm").exists()
