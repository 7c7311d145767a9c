import pytest
import torch

from mmtlib.core.compute import threads, visible_gpus


def test_threads_are_restored():
    before = torch.get_num_threads()
    with threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
    with threads(0):
        assert torch.get_num_threads() == before
    with pytest.raises(ValueError, match="x"), threads(before + 2):
        raise ValueError("x")
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("count", "named", "expected"),
    [
        (0, None, ()),
        (2, None, ("0", "1")),
        (2, "2, 5", ("2", "5")),
        (1, "GPU-1,-1,3", ("GPU-1",)),  # what stands behind an unknown name is not seen
        (0, "", ()),
        (0, "-1", ()),
    ],
)
def test_gpus_of_this_computer(monkeypatch, count, named, expected):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    if named is None:
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    else:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert visible_gpus() == expected
