"""What becomes of the processes that load clips is said in one sentence."""

import errno
import gc
import os
import pickle
import signal
import threading

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from mmtlib.core.clips import ClipBatch, GestureClip
from mmtlib.core.errors import DataError
from mmtlib.core.spawned import SPAWN
from mmtlib.training import loading as loading_module
from mmtlib.training.loading import loading, share


@pytest.fixture(autouse=True, scope="module")
def what_hangs_is_not_waited_for():
    """torch gives processes that hang five seconds to end."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.utils.data._utils, "MP_STATUS_CHECK_INTERVAL", 0.1)
        yield
        gc.collect()


class Doing(Dataset):
    """Clips whose loading does something."""

    def __init__(self, what):
        self.what = what

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return self.what(index)


def die(_):
    os.kill(os.getpid(), signal.SIGKILL)


def lose_the_connection(_):
    raise ConnectionResetError("as the one that sent a batch is gone")


def find_no_file(_):
    try:
        raise FileNotFoundError("a.mp4")
    except FileNotFoundError as error:
        raise DataError("list.csv:3: a.mp4 is missing: the reason.") from error


def wait_for_ever(_):
    threading.Event().wait()


def have_no_room(_):
    raise RuntimeError("unable to allocate shared memory(shm) for file </torch_1>: No space left")


def have_no_room_for_a_semaphore(_):
    raise OSError(errno.ENOSPC, "No space left on device")


def have_a_bug(_):
    raise RuntimeError("of a user's own")


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        (
            die,
            r"A process that loads clips was killed.*start the same again.*workers=0",
        ),
        (lose_the_connection, r"A process that loads clips was killed"),
        (wait_for_ever, r"No clips came for .* from the processes that load them.*start the same"),
        (have_no_room_for_a_semaphore, r".* short of shared memory \(/dev/shm\)"),
        (have_no_room, r".* short of shared memory \(/dev/shm\).*fewer workers"),
        (find_no_file, r"list\.csv:3: a\.mp4 is missing: the reason\."),
    ],
)
def test_one_sentence(what, sentence, monkeypatch):
    monkeypatch.setattr(loading_module, "LOAD_S", 0.1 if what is wait_for_ever else 600.0)
    loader = DataLoader(Doing(what), num_workers=1, multiprocessing_context="fork")
    with pytest.raises(DataError, match=f"^{sentence}") as found, loading(loader):
        list(loader)
    assert "\n" not in str(found.value)


def test_bugs_keep_their_traceback():
    loader = DataLoader(Doing(have_a_bug), num_workers=1, multiprocessing_context="fork")
    with pytest.raises(RuntimeError, match=r"(?s)in have_a_bug.*of a user's own"), loading(loader):
        list(loader)


@pytest.mark.parametrize(("context", "used"), [("spawn", SPAWN), ("fork", None)])
def test_processes_of_a_users_own_loader_start_as_ours(context, used):
    loader = DataLoader([0], num_workers=1, multiprocessing_context=context, timeout=3)
    before, none = loader.multiprocessing_context, DataLoader([0])
    with loading(loader, none):
        assert loader.multiprocessing_context is (used or before)
        assert (loader.timeout, none.timeout) == (3, 0)
    assert loader.multiprocessing_context is before


def test_without_shared_memory_a_batch_arrives_all_the_same(monkeypatch):
    frames = {"rgb": torch.rand(3, 2, 4, 4), "depth": torch.rand(1, 2, 4, 4)}
    clips = [GestureClip(frames=frames, label=i, subject=i, clip_id=str(i)) for i in range(2)]
    shared = share(clips)
    assert isinstance(shared, ClipBatch)
    assert all(x.is_shared() for x in (*shared.frames.values(), shared.labels, shared.subjects))
    monkeypatch.setattr(torch.Tensor, "share_memory_", lambda self: have_no_room(self))
    arrived = pickle.loads(pickle.dumps(share(clips)))
    assert arrived.clip_ids == shared.clip_ids
    for m in frames:
        assert torch.equal(arrived.frames[m], shared.frames[m])
    assert torch.equal(arrived.labels, shared.labels)
    assert torch.equal(arrived.subjects, shared.subjects)
