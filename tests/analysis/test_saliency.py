import pytest
import torch
from torch.nn import functional as F

from mmtlib.analysis import SALIENCY_METHODS, pointing_energy, saliency
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.models import build_model


@pytest.mark.parametrize("method", SALIENCY_METHODS)
def test_clips_and_networks_with_nan_are_refused(method):
    network = build_model("compact_i3d", "depth", num_classes=3, seed=0)
    clips = torch.randn(2, 1, 8, 16, 16)
    clips[1, 0, 3] = float("nan")
    with pytest.raises(DataError, match="Clip 1 of those given holds NaN"):
        saliency(network, clips, 0, method=method)
    torch.nn.init.constant_(network.linear.weight, float("nan"))
    with pytest.raises(DataError, match="training has diverged"):
        saliency(network, clips[:1], 0, method=method)


SIZES = {"compact_i3d": (8, 16, 16), "inception_i3d": (9, 32, 32)}
FEW = {
    "grad_cam": {},
    "integrated_gradients": {"steps": 3},
    "occlusion": {"window": (8, 16, 8), "stride": (8, 16, 8)},
}
"""Settings that take few passes."""


@pytest.fixture(params=SALIENCY_METHODS)
def method(request):
    return request.param


@pytest.fixture(params=SIZES)
def network(request):
    return build_model(request.param, "rgb", num_classes=3, seed=0)


def clips_for(network, n=2):
    size = SIZES["compact_i3d" if hasattr(network, "stem") else "inception_i3d"]
    return torch.randn(n, 3, *size, generator=torch.Generator().manual_seed(0))


def test_all_methods_agree_with_the_hand_where_every_pixel_speaks_for_itself(glass, method):
    clips = torch.tensor([[4.0, -2.0, 1.0, 0.0], [-3.0, -1.0, 1.5, 0.0]]).view(2, 1, 1, 2, 2)
    settings = {"window": (1, 1, 1)} if method == "occlusion" else {}
    bright = saliency(glass, clips, 0, method=method, **settings)
    dark = saliency(glass, clips, 1, method=method, **settings)
    expected = torch.tensor([[1, 0, 0.25, 0], [0, 0, 1, 0]]).view(2, 1, 2, 2)
    torch.testing.assert_close(bright, expected)
    torch.testing.assert_close(dark, torch.tensor([[0, 1.0, 0, 0], [1, 1 / 3, 0, 0]]).view_as(dark))


def test_a_clip_where_nothing_speaks_for_the_class_is_all_0(glass, method):
    assert (saliency(glass, -torch.ones(1, 1, 4, 4, 4), 0, method=method) == 0).all()


def test_grad_cam_is_the_published_one(network):
    """Mean gradient of each channel times the channel, summed, positive, then enlarged."""
    clips, stage = clips_for(network), network.STAGES[-3]
    network.eval()
    seen = []
    handle = network.stage_module(stage).register_forward_hook(lambda *a: seen.append(a[2]))
    logits = network(clips.requires_grad_()).logits
    handle.remove()
    chosen = torch.tensor([2, 0])
    (gradient,) = torch.autograd.grad(logits[range(2), chosen].sum(), seen[0])
    cam = (gradient.mean((2, 3, 4), keepdim=True) * seen[0]).sum(1, keepdim=True).relu()
    cam = F.interpolate(cam, clips.shape[2:], mode="trilinear", align_corners=False)[:, 0]
    assert (cam.amax((1, 2, 3)) > 0).any()
    expected = (cam / cam.amax((1, 2, 3), keepdim=True).clamp_min(1e-30)).detach()
    found = saliency(network, clips.detach(), chosen, stage=stage)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_grad_cam_takes_the_stage_of_the_alignment_by_default(network):
    clips = clips_for(network)
    found = saliency(network, clips, 1)
    torch.testing.assert_close(found, saliency(network, clips, 1, stage=network.feature_stage))


def test_integrated_gradients_are_complete_without_the_positive_part(glass):
    """From the baseline to the clip they add up to the change of the score (here all positive)."""
    clips = torch.rand(1, 1, 2, 3, 3, generator=torch.Generator().manual_seed(0)) + 0.1
    for baseline in (0.0, -1.0):
        settings = {"method": "integrated_gradients", "baseline": baseline, "steps": 500}
        found = saliency(glass, clips, 0, **settings)
        torch.testing.assert_close(found, clips[:, 0] / clips.max(), rtol=5e-3, atol=5e-3)
    covered = saliency(
        glass, clips, 0, method="occlusion", baseline=0.1, window=(1, 1, 1), stride=(1, 1, 1)
    )
    expected = clips[:, 0] - 0.1
    torch.testing.assert_close(covered, expected / expected.max())


def test_occlusion_is_the_mean_over_the_windows_that_cover_a_place(glass):
    clips = torch.tensor([6.0, 0.0, 3.0]).view(1, 1, 1, 1, 3)
    found = saliency(glass, clips, 0, method="occlusion", window=(1, 1, 2), stride=(1, 1, 1))
    # Windows of 6 + 0 and 0 + 3: the first place has 6, the second their mean, the third 3.
    torch.testing.assert_close(found.view(3), torch.tensor([1, 0.75, 0.5]))


def test_saliency_lies_on_what_the_network_learnt(square_network, square_clips, method):
    clips, labels, masks = square_clips
    settings = {"window": (4, 4, 4)} if method == "occlusion" else {}
    maps = saliency(square_network, clips, labels, method=method, **settings)
    energy = pointing_energy(maps, masks)
    chance = masks.float().mean((1, 2, 3)).numpy()
    assert (energy > chance).mean() > 0.9
    assert energy.mean() > 1.5 * chance.mean()


def test_maps_are_between_0_and_1_at_the_size_of_the_clip(network, method):
    clips = clips_for(network)
    maps = saliency(network, clips, [0, 2], method=method, **FEW[method])
    assert maps.shape == (2, *clips.shape[2:])
    assert maps.dtype == torch.float32
    assert maps.min() >= 0
    assert set(maps.amax((1, 2, 3)).tolist()) <= {0.0, 1.0}
    assert not maps.requires_grad


def test_the_network_and_the_clips_are_left_as_they_were(network, method):
    network.train()
    network.freeze_to(network.STAGES[0])
    clips = clips_for(network)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    modes = [module.training for module in network.modules()]
    random = torch.random.get_rng_state()
    saliency(network, clips, 1, method=method, **FEW[method])
    assert all(torch.equal(before[name], x) for name, x in network.state_dict().items())
    assert [module.training for module in network.modules()] == modes
    assert all(p.grad is None for p in network.parameters())
    assert not any(m._forward_hooks or m._backward_hooks for m in network.modules())
    assert not clips.requires_grad
    assert clips.grad is None
    assert torch.equal(torch.random.get_rng_state(), random)


def test_it_works_where_gradients_are_switched_off(network, method):
    clips = clips_for(network)
    expected = saliency(network, clips, 1, method=method, **FEW[method])
    network.requires_grad_(False)
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            found = saliency(network, clips * 1.0, 1, method=method, **FEW[method])
        torch.testing.assert_close(found, expected)


def test_layout_and_batches_make_no_difference(network, method):
    clips = clips_for(network, 3)
    expected = saliency(network, clips, [0, 1, 2], method=method, **FEW[method])
    last = clips.to(memory_format=torch.channels_last_3d)
    network.to(memory_format=torch.channels_last_3d)
    found = saliency(network, last, [0, 1, 2], method=method, batch_size=2, **FEW[method])
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_half_precision_gives_float32(square_network, square_clips):
    clips, labels, _ = square_clips
    with torch.autocast("cpu", torch.bfloat16):
        maps = saliency(square_network, clips, labels)
    assert maps.dtype == torch.float32
    assert (maps - saliency(square_network, clips, labels)).abs().mean() < 0.02


def test_what_cannot_be_is_refused(network):
    clips = clips_for(network)
    with pytest.raises(ConfigError, match=r"Unknown method of saliency 'grad-cam'.*'grad_cam'"):
        saliency(network, clips, 0, method="grad-cam")
    with pytest.raises(ConfigError, match="Unknown setting of occlusion 'stage'"):
        saliency(network, clips, 0, method="occlusion", stage="stem")
    with pytest.raises(ConfigError, match="Unknown stage"):
        saliency(network, clips, 0, stage="head")
    with pytest.raises(ConfigError, match="steps: expected at least 1, got 0"):
        saliency(network, clips, 0, method="integrated_gradients", steps=0)
    with pytest.raises(ConfigError, match="window: expected T, H, W from 1 to"):
        saliency(network, clips, 0, method="occlusion", window=(8, 99, 8))
    with pytest.raises(ConfigError, match=r"stride: .* from 1 to \(2, 2, 2\), got \(3, 1, 1\)"):
        saliency(network, clips, 0, method="occlusion", window=(2, 2, 2), stride=(3, 1, 1))
    for wrong in ([0], [0.0, 1.0], [[0, 1]]):
        with pytest.raises(DataError, match="one for each of 2 clips"):
            saliency(network, clips, wrong)
    for wrong in (3, -1, [0, 3]):
        with pytest.raises(DataError, match="expected classes 0 to 2"):
            saliency(network, clips, wrong)
    with pytest.raises(DataError, match="No clips"):
        saliency(network, clips[:0], 0)
