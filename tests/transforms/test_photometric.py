import pytest
import torch

from mmtlib.modalities import MODALITIES
from mmtlib.transforms import Standardize


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
