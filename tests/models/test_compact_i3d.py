import pytest
import torch

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.models import CompactI3D
from mmtlib.models.compact_i3d import CompactInception


@pytest.mark.parametrize(
    ("size", "positions"),
    [
        ((8, 16, 16), (1, 4, 4)),
        ((16, 32, 32), (2, 8, 8)),
        ((16, 64, 64), (2, 16, 16)),
        ((32, 112, 112), (4, 28, 28)),
        ((80, 32, 32), (10, 8, 8)),
        ((17, 33, 45), (2, 8, 11)),
    ],
)
def test_shapes_at_many_sizes(size, positions):
    net = CompactI3D(3, 25).eval()
    with torch.no_grad():
        out = net(torch.randn(1, 3, *size))
    assert out.logits.shape == (1, 25)
    assert out.features.shape == (1, 64, *positions)


def test_the_stages_of_a_tutorial_clip_have_the_documented_positions():
    expected = {
        "stem": (16, 8, 8, 8),
        "mixed_1": (32, 8, 8, 8),
        "mixed_2": (64, 4, 8, 8),
        "mixed_3": (64, 4, 4, 4),
    }
    for stage, shape in expected.items():
        net = CompactI3D(1, 12, feature_stage=stage, feature_time_pool=1).eval()
        assert net(torch.zeros(1, 1, 16, 32, 32)).features.shape[1:] == shape


def test_size_of_the_network():
    assert 100_000 < sum(p.numel() for p in CompactI3D(3, 12).parameters()) < 500_000


def test_block_equals_its_branches_one_by_one():
    block = CompactInception(5, plain=2, wide=6, pooled=3).eval()
    x = torch.randn(2, 5, 4, 6, 6)
    pointwise = block.pointwise(x)
    pooled = torch.nn.functional.max_pool3d(pointwise[:, 2:], 3, stride=1, padding=1)
    expected = block.bn(torch.cat((pointwise[:, :2], block.wide(x), pooled), 1)).relu()
    torch.testing.assert_close(block(x), expected)


def test_most_channels_come_from_the_wide_branch():
    for stage in ("mixed_1", "mixed_2", "mixed_3"):
        module = CompactI3D(3, 12).stage_module(stage)
        block = next(m for m in module.modules() if isinstance(m, CompactInception))
        assert block.wide.out_channels >= 0.75 * block.bn.num_features


def test_clips_too_small_and_odd_widths_are_refused():
    with pytest.raises(DataError, match=r"at least T x H x W = \(4, 8, 8\), got \(2, 8, 8\)"):
        CompactI3D(3, 12)(torch.zeros(1, 3, 2, 8, 8))
    with pytest.raises(ConfigError, match="width: expected a multiple of 4, got 6"):
        CompactI3D(3, 12, width=6)


def test_the_smallest_clip_works():
    net = CompactI3D(3, 12, feature_time_pool=1).eval()
    assert net(torch.zeros(1, 3, 4, 8, 8)).features.shape == (1, 64, 1, 2, 2)
