import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.core.errors import ConfigError
from mmtlib.core.modalities import MODALITIES
from mmtlib.core.seeding import torch_generator
from mmtlib.transforms import DepthNoise, PhotometricJitter, Standardize, replay
from mmtlib.transforms.photometric import spread_and_mean

examples = settings(max_examples=30)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", ["depth", "flow"])
def test_measurements_are_scaled_by_the_constants_of_the_modality(name, make_clip):
    clip = make_clip()
    new = Standardize()(clip)
    m = MODALITIES[name]
    torch.testing.assert_close(new.frames[name], (clip.frames[name] - m.center) / m.spread)
    assert new.history == (("Standardize", {}),)


@pytest.mark.parametrize("name", ["rgb", "ir"])
def test_exposure_and_colour_cast_are_taken_off_pictures(name, make_clip):
    clip = make_clip()
    x = clip.frames[name]
    cast = torch.linspace(0.5, 1.5, x.shape[0])[:, None, None, None]
    plain = Standardize()(clip).frames[name]
    for channel, (raw, new) in enumerate(zip(x, plain, strict=True)):
        wanted = (raw - raw.mean()) / (raw.std(correction=0) + 0.05)
        torch.testing.assert_close(new, wanted, msg=f"channel {channel}")
    other = Standardize()(clip.with_frames({**clip.frames, name: cast * x + 0.1})).frames[name]
    same = torch.nn.functional.cosine_similarity(plain.flatten(1), other.flatten(1))
    torch.testing.assert_close(same, torch.ones_like(same))


def test_a_clip_without_contrast_stays_finite(make_clip):
    clip = make_clip()
    flat = clip.with_frames({m: torch.full_like(x, 0.3) for m, x in clip.frames.items()})
    assert Standardize()(flat).frames["rgb"].abs().max() < 1e-4


def test_mask_joints_and_label_stay(make_clip):
    clip = make_clip(label=3)
    new = Standardize()(clip)
    assert torch.equal(new.mask, clip.mask)
    assert torch.equal(new.joints, clip.joints)
    assert new.label == 3


# Light


def relight(clip, **changes):
    same = {"gamma": 1, "contrast": 1, "brightness": 1, "saturation": 1, "cast": [1, 1, 1]}
    params = {**same, "noise": 0, "seed": 0, **changes}
    return replay([("PhotometricJitter", params)], clip)


def test_no_change_of_light_changes_nothing(make_clip, same_clip):
    clip = make_clip()
    assert same_clip(relight(clip), clip)
    assert same_clip(PhotometricJitter()(clip, generator()), clip)


def test_each_change_by_hand(make_clip):
    clip = make_clip()
    rgb, ir = clip.frames["rgb"], clip.frames["ir"]
    cases = [
        ({"gamma": 2.0}, rgb**2, ir**2),
        ({"brightness": 1.5}, (1.5 * rgb).clamp(0, 1), (1.5 * ir).clamp(0, 1)),
        ({"contrast": 0.5}, (rgb + rgb.mean()) / 2, (ir + ir.mean()) / 2),
        ({"saturation": 0.0}, rgb.mean(0, keepdim=True).expand_as(rgb), ir),
        ({"cast": [1.0, 0.5, 0.0]}, rgb * torch.tensor([1, 0.5, 0]).view(3, 1, 1, 1), ir),
    ]
    for change, wanted_rgb, wanted_ir in cases:
        new = relight(clip, **change)
        torch.testing.assert_close(new.frames["rgb"], wanted_rgb, msg=str(change))
        torch.testing.assert_close(new.frames["ir"], wanted_ir, msg=str(change))


def test_light_is_the_same_in_every_frame(make_clip):
    """A still picture stays still; noise alone is new in each frame and modality."""
    clip = make_clip()
    still = clip.with_frames({m: x[:, :1].expand_as(x) for m, x in clip.frames.items()})
    change = {"gamma": 0.3, "contrast": 0.3, "brightness": 0.3, "cast": 0.2, "saturation": 0.3}
    new = PhotometricJitter(**change)(still, generator())
    for name in ("rgb", "ir"):
        assert torch.equal(new.frames[name], new.frames[name][:, :1].expand_as(new.frames[name]))
        assert not torch.equal(new.frames[name], still.frames[name])
    half = still.with_frames({m: torch.full_like(x, 0.5) for m, x in still.frames.items()})
    noisy = relight(half, noise=0.1, seed=3)
    off = {m: noisy.frames[m] - 0.5 for m in ("rgb", "ir")}
    assert off["rgb"].std() == pytest.approx(0.1, rel=0.1)
    assert not torch.equal(off["rgb"][:, 0], off["rgb"][:, 1])
    assert not torch.equal(off["rgb"][:1], off["ir"])
    other = relight(half, noise=0.1, seed=4)
    assert not torch.equal(other.frames["rgb"], noisy.frames["rgb"])


@examples
@given(change=st.floats(0, 2), seed=st.integers(0, 99))
def test_factors_stay_within_what_was_asked(make_clip, change, seed):
    names = ("gamma", "contrast", "brightness", "cast", "saturation", "noise")
    drawn = PhotometricJitter(**dict.fromkeys(names, change)).draw(make_clip(), generator(seed))
    factors = [*(drawn[n] for n in names[:3]), *drawn["cast"], drawn["saturation"]]
    assert all(1 / (1 + change) - 1e-9 <= f <= 1 + change + 1e-9 for f in factors)
    assert 0 <= drawn["noise"] <= change
    assert change < 1e-3 or len(set(factors)) == 7


@pytest.mark.parametrize("name", ["gamma", "contrast", "brightness", "cast", "saturation", "noise"])
def test_wrong_light_is_refused(name):
    for wrong in (-0.1, float("nan"), float("inf"), "0.1", None):
        with pytest.raises(ConfigError, match=f"PhotometricJitter {name}: expected a number of at"):
            PhotometricJitter(**{name: wrong})


# Depth


def worsen(clip, **changes):
    params = {"noise": 0, "growth": 0, "holes": 0, "seed": 0, **changes}
    return replay([("DepthNoise", params)], clip)


def flat(make_clip, value, frames=8, size=24):
    clip = make_clip(frames, size, size)
    return clip.with_frames({"depth": torch.full((1, frames, size, size), value)})


def test_no_noise_and_no_holes_change_nothing(make_clip, same_clip):
    clip = make_clip()
    assert same_clip(worsen(clip), clip)
    assert same_clip(DepthNoise()(clip, generator()), clip)
    no_depth = clip.select(["rgb"])
    assert same_clip(worsen(no_depth, noise=0.1, holes=0.1), no_depth)


@pytest.mark.parametrize(("value", "growth", "spread"), [(0.5, 0, 0.02), (0.5, 2, 0.005)])
def test_noise_is_constant_or_grows_with_distance(make_clip, value, growth, spread):
    new = worsen(flat(make_clip, value), noise=0.02, growth=growth).frames["depth"]
    assert new.std() == pytest.approx(spread, rel=0.1)
    assert new.mean() == pytest.approx(value, abs=0.1 * spread)


def test_noise_in_metres_may_pass_one(make_clip):
    clip = flat(make_clip, 1.0)
    clip.frames["depth"][..., :4] = 3.0
    new = worsen(clip, noise=0.01, growth=2).frames["depth"]
    assert new[..., :4].std() == pytest.approx(0.09 * (0.5 - 0.5 / torch.pi) ** 0.5, rel=0.15)
    assert new[..., 4:].max() > 1.02
    assert new.max() == 3.0  # the farthest reading is the sensor's range


def test_missing_readings_stay_missing_and_readings_stay_readings(make_clip):
    clip = make_clip()
    depth = clip.frames["depth"]
    new = worsen(clip, noise=2.0).frames["depth"]
    assert torch.equal(new > 0, depth > 0)
    assert new[new > 0].min() == pytest.approx(1 / 255)
    assert new.max() == 1


def test_holes_are_as_many_as_asked_and_more_at_edges(make_clip):
    clip = flat(make_clip, 0.4, frames=32)
    depth = clip.frames["depth"]
    depth[..., 12:] = 0.6
    new = worsen(clip, holes=0.04).frames["depth"]
    assert torch.equal(new[new > 0], depth[new > 0])
    lost = (new == 0).float()
    away = torch.cat([lost[..., :11], lost[..., 13:]], -1)
    assert away.mean() == pytest.approx(0.04, rel=0.15)
    assert lost[..., 11:13].mean() == pytest.approx(0.4, rel=0.1)
    assert not torch.equal(lost[:, 0], lost[:, 1])
    # Edges along the other axis count as well.
    across = clip.with_frames({"depth": depth.transpose(-1, -2).contiguous()})
    lost = (worsen(across, holes=0.04).frames["depth"] == 0).float()
    assert lost[..., 11:13, :].mean() == pytest.approx(0.4, rel=0.1)


@examples
@given(noise=st.floats(0, 1), growth=st.floats(0, 3), holes=st.floats(0, 1), seed=st.integers(0, 9))
def test_worse_depth_is_still_depth(make_clip, noise, growth, holes, seed):
    clip = make_clip()
    change = DepthNoise(noise=noise, growth=growth, holes=holes)
    new = change(clip, generator(seed))
    drawn = new.history[0][1]
    assert 0 <= drawn["noise"] <= noise
    assert 0 <= drawn["holes"] <= holes
    depth = new.frames["depth"]
    assert depth.max() <= 1
    assert ((depth == 0) | (depth >= 1 / 255)).all()
    assert not depth[clip.frames["depth"] == 0].any()


def test_wrong_noise_is_refused():
    for name, wrong in (("noise", -1), ("growth", "2"), ("holes", 1.1)):
        with pytest.raises(ConfigError, match=f"DepthNoise {name}: expected a number"):
            DepthNoise(**{name: wrong})


@examples
@given(
    seed=st.integers(0, 10**6),
    shape=st.tuples(*[st.integers(1, n) for n in (3, 9, 16, 16)]),
    contrast=st.sampled_from([0.0, 1e-3, 0.1, 1.0, 300.0]),
    offset=st.sampled_from([0.0, 0.4, -0.5, 100.0]),
)
def test_spread_and_mean_are_torchs(seed, shape, contrast, offset):
    x = torch.rand(shape, generator=torch_generator(seed)) * contrast + offset
    wanted = torch.std_mean(x.double(), dim=(1, 2, 3), keepdim=True, correction=0)
    for found, right in zip(spread_and_mean(x), wanted, strict=True):
        assert found.dtype == torch.float32
        torch.testing.assert_close(found.double(), right, rtol=1e-5, atol=1e-5)


def test_a_value_that_is_no_number_is_seen():
    x = torch.full((2, 3, 4, 5), 0.3)
    x[0, 0, 0, 0] = float("nan")
    spread, mean = spread_and_mean(x)
    assert spread.isnan().flatten().tolist() == [True, False]
    assert mean.isnan().flatten().tolist() == [True, False]
