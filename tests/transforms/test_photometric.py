import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.modalities import MODALITIES
from mmtlib.seeding import torch_generator
from mmtlib.transforms import Standardize
from mmtlib.transforms.photometric import spread_and_mean


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


def torchs_own(x):
    return torch.std_mean(x, dim=(1, 2, 3), keepdim=True, correction=0)


@settings(deadline=None, max_examples=300)
@given(
    seed=st.integers(0, 10**6),
    shape=st.tuples(*[st.integers(1, n) for n in (3, 9, 16, 16)]),
    levels=st.sampled_from([1, 2, 7, 255, 2**24]),
    contrast=st.sampled_from([0.0, 1e-7, 1e-3, 0.1, 1.0, 300.0]),
    offset=st.sampled_from([0.0, 0.4, -0.5, 1000.0]),
)
def test_spread_and_mean_are_torchs_bit_for_bit(seed, shape, levels, contrast, offset):
    x = torch.rand(shape, generator=torch_generator(seed))
    x = (x * levels).round() / levels * contrast + offset
    for found, wanted in zip(spread_and_mean(x), torchs_own(x), strict=True):
        assert found.dtype == wanted.dtype
        assert torch.equal(found, wanted)


@pytest.mark.parametrize("value", [0.0, 0.3, float("nan"), float("inf")])
def test_spread_and_mean_of_what_has_none(value):
    x = torch.full((2, 3, 4, 5), value)
    x[0, 0, 0, 0] = 0.7
    for found, wanted in zip(spread_and_mean(x), torchs_own(x), strict=True):
        torch.testing.assert_close(found, wanted, rtol=0, atol=0, equal_nan=True)


def test_torch_is_asked_only_where_rounding_is_in_doubt(monkeypatch):
    asked, own = [], torch.std_mean
    monkeypatch.setattr(torch, "std_mean", lambda x, **k: asked.append(x) or own(x, **k))
    for number in range(100):
        spread_and_mean(torch.rand(3, 16, 32, 32, generator=torch_generator(number)))
    assert len(asked) < 10
    del asked[:]
    spread_and_mean(torch.full((3, 4, 5, 6), 0.25))
    assert len(asked) == 1
