import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmtlib.core.errors import ConfigError
from mmtlib.transforms import Corrupt, Standardize, replay

KINDS = ("noise", "blur", "freeze", "drop", "misalign", "delay")
MODALITIES = ("rgb", "depth", "flow", "ir")
examples = settings(max_examples=30)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def corrupt(clip, modality, kind, strength, seed=0):
    """Return the modality of the clip, spoilt."""
    spoil = Corrupt(modality=modality, kind=kind, strength=strength)
    return spoil(clip, generator(seed)).frames[modality]


@pytest.mark.parametrize("modality", MODALITIES)
@pytest.mark.parametrize("kind", KINDS)
def test_strength_0_changes_nothing_and_more_does(make_clip, same_clip, kind, modality):
    clip = make_clip(12, 16, 16)
    none = Corrupt(modality=modality, kind=kind, strength=0)(clip, generator())
    assert same_clip(none, clip)
    old = clip.frames[modality]
    off = [(corrupt(clip, modality, kind, s) != old).float().mean() for s in (0.25, 0.5, 1.0)]
    assert all(share > 0 for share in off)
    if kind in ("noise", "freeze", "drop"):
        assert off[0] < off[1] < off[2], "these are shares"


@pytest.mark.parametrize("kind", KINDS)
def test_a_clip_without_the_modality_is_left_as_it_is(make_clip, same_clip, kind):
    clip = make_clip(modalities=("rgb",))
    assert same_clip(Corrupt(modality="depth", kind=kind, strength=1)(clip, generator()), clip)


@examples
@given(
    kind=st.sampled_from(KINDS),
    modality=st.sampled_from(MODALITIES),
    strength=st.floats(0, 1),
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)),
    seed=st.integers(0, 99),
)
def test_any_clip_and_strength(make_clip, kind, modality, strength, shape, seed):
    clip = make_clip(*shape, seed=seed)
    old, new = clip.frames[modality], corrupt(clip, modality, kind, strength, seed)
    assert (new.shape, new.dtype) == (old.shape, old.dtype)
    assert new.isfinite().all()
    assert new.min() >= min(float(old.min()), 0) - 1e-6
    assert new.max() <= max(float(old.max()), 0) + 1e-6
    if modality == "depth":
        assert (new[new > 0] >= 0.2 - 1e-6).all()


@examples
@given(strength=st.floats(0.1, 1), seed=st.integers(0, 99))
def test_noise_replaces_a_share_of_pixels_by_others_of_the_clip(make_clip, strength, seed):
    clip = make_clip(10, 20, 20)
    for modality in ("rgb", "depth"):
        old, new = clip.frames[modality], corrupt(clip, modality, "noise", strength, seed)
        replaced = (new != old).any(0).float().mean()
        # A fifth of the depths is 0: some holes are replaced by holes.
        kept = 0.04 if modality == "depth" else 0.0
        assert replaced == pytest.approx(strength * (1 - kept), abs=0.04)
        torch.testing.assert_close(new.mean(), old.mean(), atol=0.03, rtol=0)
        torch.testing.assert_close(new.std(), old.std(), atol=0.03, rtol=0)
    pixels = {tuple(p) for p in clip.frames["rgb"].flatten(1).T.tolist()}
    assert {tuple(p) for p in corrupt(clip, "rgb", "noise", 1).flatten(1).T.tolist()} <= pixels


def test_blur_by_hand(make_clip):
    """A point becomes a bell whose width is the share asked for of a quarter of the side."""
    clip = make_clip(2, 64, 80)
    point = torch.zeros(1, 2, 64, 80)
    point[..., 32, 40] = 1
    bell = corrupt(clip.with_frames({"ir": point}), "ir", "blur", 0.25)[0, 0]
    assert bell.sum() == pytest.approx(1, abs=1e-4)
    for axis, middle in ((0, 40), (1, 32)):
        line = bell.sum(axis)
        width = ((torch.arange(len(line)) - middle) ** 2 * line).sum().sqrt()
        assert width == pytest.approx(0.25 * 64 / 4, rel=0.02)
    even = clip.with_frames({"flow": torch.full((2, 2, 64, 80), -1.5)})
    torch.testing.assert_close(corrupt(even, "flow", "blur", 1), even.frames["flow"])


def test_blurred_depth_has_no_part_of_its_holes(make_clip):
    """A square of readings amid nothing keeps its depth while its corners and then all of it go."""
    clip = make_clip(2, 32, 32)
    depth = torch.zeros(1, 2, 32, 32)
    depth[..., 10:22, 10:22] = 0.3
    left = []
    for strength in (0.25, 0.5, 1.0):
        new = corrupt(clip.with_frames({"depth": depth}), "depth", "blur", strength)
        torch.testing.assert_close(new[new > 0], torch.full_like(new[new > 0], 0.3))
        assert not new[depth == 0].any()
        left.append(int((new > 0).sum()))
    assert 2 * 144 > left[0] > left[1] > left[2] == 0
    assert (corrupt(clip, "depth", "blur", 1) > 0).all(), "single missing readings are filled"


@examples
@given(frames=st.integers(1, 12), strength=st.floats(0, 1), seed=st.integers(0, 99))
def test_frozen_frames_repeat_one_and_have_no_flow(make_clip, frames, strength, seed):
    clip = make_clip(frames)
    old, new = clip.frames["rgb"], corrupt(clip, "rgb", "freeze", strength, seed)
    same = [bool(torch.equal(new[:, i], old[:, i])) for i in range(frames)]
    frozen = round(strength * (frames - 1))
    assert same.count(False) == frozen
    flow = corrupt(clip, "flow", "freeze", strength, seed)
    if frozen:
        first = same.index(False)
        assert not any(same[first : first + frozen]), "in a row"
        for i in range(first, first + frozen):
            assert torch.equal(new[:, i], old[:, first - 1])
            assert not flow[:, i].any()
    assert [bool(torch.equal(flow[:, i], clip.frames["flow"][:, i])) for i in range(frames)] == same


@examples
@given(frames=st.integers(1, 12), strength=st.floats(0, 1), seed=st.integers(0, 99))
def test_dropped_frames_are_empty_and_the_others_whole(make_clip, frames, strength, seed):
    clip = make_clip(frames)
    for modality in MODALITIES:
        old, new = clip.frames[modality], corrupt(clip, modality, "drop", strength, seed)
        empty = [not new[:, i].any() for i in range(frames)]
        assert sum(empty) == round(strength * frames)
        assert all(empty[i] or torch.equal(new[:, i], old[:, i]) for i in range(frames))


@examples
@given(strength=st.floats(0, 1), seed=st.integers(0, 99))
def test_misaligned_pictures_are_shifted_by_the_same_everywhere(make_clip, strength, seed):
    clip = make_clip(3, 20, 30)
    new = corrupt(clip, "ir", "misalign", strength, seed)
    far_enough = [
        {"right": right, "down": down}
        for right in range(-20, 21)
        for down in range(-20, 21)
        if (right**2 + down**2) ** 0.5 == pytest.approx(20 * strength, abs=0.75)
    ]
    # Shifts by about the whole height show the same border: any of those will do.
    assert any(
        torch.equal(replay([("RandomShift", shift)], clip).frames["ir"], new)
        for shift in far_enough
    )


def test_directions_differ_from_clip_to_clip(make_clip):
    clip = make_clip(9, 16, 16)
    for kind in ("misalign", "delay"):
        new = [corrupt(clip, "ir", kind, 0.4, seed) for seed in range(12)]
        assert any(not torch.equal(new[0], x) for x in new)


@examples
@given(frames=st.integers(1, 12), strength=st.floats(0, 1), seed=st.integers(0, 99))
def test_delayed_frames_are_late_or_early(make_clip, frames, strength, seed):
    clip = make_clip(frames)
    old, new = clip.frames["rgb"], corrupt(clip, "rgb", "delay", strength, seed)
    k = round(strength * (frames - 1))
    late = [max(i - k, 0) for i in range(frames)]
    early = [min(i + k, frames - 1) for i in range(frames)]
    assert torch.equal(new, old[:, late]) or torch.equal(new, old[:, early])
    flow = corrupt(clip, "flow", "delay", strength, seed)
    held = [not flow[:, i].any() for i in range(frames)]
    assert sum(held) == k
    assert held in ([i < k for i in range(frames)], [i >= frames - k for i in range(frames)])


def test_the_same_draw_strikes_the_same_places_in_any_modality(coordinate_clip):
    clip = coordinate_clip()
    for kind in KINDS:
        one = corrupt(clip, "ir", kind, 0.5)
        torch.testing.assert_close(corrupt(clip, "depth", kind, 0.5), one)
        torch.testing.assert_close(corrupt(clip, "rgb", kind, 0.5), one.expand(3, -1, -1, -1))


def test_wrong_corruptions_are_refused(make_clip):
    with pytest.raises(ConfigError, match=r"kind of corruption 'blurr'.*Did you mean 'blur'"):
        Corrupt(modality="rgb", kind="blurr", strength=1)
    with pytest.raises(ConfigError, match=r"modality 'dept'.*Did you mean 'depth'"):
        Corrupt(modality="dept", kind="blur", strength=1)
    for wrong in (-0.1, 1.01, "1", True):
        with pytest.raises(ConfigError, match="Corrupt strength: expected a number in"):
            Corrupt(modality="rgb", kind="blur", strength=wrong)
    spoil = Corrupt(modality="rgb", kind="drop", strength=1)
    with pytest.raises(ConfigError, match="physical unit"):
        spoil(Standardize()(make_clip()), generator())
    params = {**spoil(make_clip(), generator()).history[0][1], "kind": "melt"}
    with pytest.raises(ConfigError, match="kind of corruption 'melt'"):
        replay([("Corrupt", params)], make_clip())
