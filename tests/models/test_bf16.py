"""Gradients in bf16 on a CPU: those of float32, but for rounding, on short clips too."""

import pytest
import torch
from torch.nn import functional as F

from mmtlib.models import build_model
from mmtlib.models.blocks import conv3d

pytestmark = pytest.mark.skipif(
    not torch.cpu._is_avx512_bf16_supported(),
    reason="this processor has no bf16 arithmetic, and mmtlib refuses to imitate it",
)
CLIPS = {"compact_i3d": (8, 16, 16), "inception_i3d": (16, 32, 32)}


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def gradients(x, weight, stride, padding, *, bf16):
    x, weight = (
        t.clone(memory_format=torch.channels_last_3d).requires_grad_() for t in (x, weight)
    )
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        y = conv3d(x, weight, None, stride, padding)
    return [y.detach(), *torch.autograd.grad(y, (x, weight), draw(*y.shape, seed=2).to(y.dtype))]


def off(found, expected):
    return float((found.float() - expected).norm() / expected.norm())


@pytest.mark.parametrize("length", [1, 2, 3, 4, 8])
@pytest.mark.parametrize(("kernel", "stride"), [(3, (1, 1, 1)), (3, (2, 2, 2)), (5, (1, 1, 1))])
@pytest.mark.parametrize(("channels", "out"), [(1, 16), (16, 24), (32, 48)])
def test_a_convolution_of_a_short_clip(length, kernel, stride, channels, out):
    """With torch's own padding the weights' gradient was wrong wherever length < kernel."""
    x = draw(2, channels, length, 8, 8)
    weight = draw(out, channels, kernel, kernel, kernel, seed=1) * 0.1
    padding = (kernel // 2,) * 3
    expected = gradients(x, weight, stride, padding, bf16=False)
    found = gradients(x, weight, stride, padding, bf16=True)
    for name, a, b in zip(("output", "input", "weight"), expected, found, strict=True):
        assert off(b, a) < 0.02, name


def test_in_float32_nothing_is_changed():
    x, weight = draw(2, 3, 2, 6, 6), draw(4, 3, 3, 3, 3, seed=1)
    assert torch.equal(conv3d(x, weight, None, (1,) * 3, (1,) * 3), F.conv3d(x, weight, padding=1))


@pytest.mark.parametrize("network", CLIPS)
def test_a_whole_network(network):
    """The gradient points the same way as in float32, whatever the rounding.

    In evaluation mode: batch normalisation over a handful of values blows rounding up.
    """
    found = {}
    for bf16 in (False, True):
        net = build_model(network, "depth", num_classes=4, seed=0, dropout=0.0)
        net.to(memory_format=torch.channels_last_3d).eval()
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            logits = net(draw(6, 1, *CLIPS[network])).logits
        F.cross_entropy(logits.float(), torch.arange(6) % 4).backward()
        found[bf16] = torch.cat([p.grad.flatten() for p in net.parameters()])
    assert torch.isfinite(found[True]).all()
    assert float(F.cosine_similarity(found[True], found[False], dim=0)) > 0.9
