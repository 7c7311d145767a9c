import pytest
import torch

from mmtlib.modalities import MODALITIES
from mmtlib.transforms import Standardize


@pytest.mark.parametrize("name", MODALITIES)
def test_standardize_uses_the_constants_of_the_modality(name, make_clip):
    clip = make_clip()
    new = Standardize()(clip)
    m = MODALITIES[name]
    torch.testing.assert_close(new.frames[name], (clip.frames[name] - m.center) / m.spread)
    assert new.history == (("Standardize", {}),)


def test_mask_joints_and_label_stay(make_clip):
    clip = make_clip(label=3)
    new = Standardize()(clip)
    assert torch.equal(new.mask, clip.mask)
    assert torch.equal(new.joints, clip.joints)
    assert new.label == 3
