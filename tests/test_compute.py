import pytest
import torch

from mmtlib.compute import threads


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
