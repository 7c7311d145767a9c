import json
import random
import zipfile

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mmtlib.config import PRESETS
from mmtlib.config.presets import SyntheticPreset
from mmtlib.core.errors import ConfigError, DataError
from mmtlib.datasets.optical_flow import (
    CUT_SHARE,
    METHODS,
    SMALLEST_STEP,
    FlowFiles,
    compute_flow,
    quantise,
)
from mmtlib.synthetic import SyntheticGestures

MADE_FROM = {"recording": "a.avi", "frames": [3, 83]}


def texture(size=64, seed=0):
    """A smooth random picture, larger than what is cut out of it."""
    noise = torch.rand(1, 1, size // 4, size // 4, generator=torch.Generator().manual_seed(seed))
    smooth = torch.nn.functional.interpolate(noise, size=(size, size), mode="bicubic")
    return (smooth[0, 0].clamp(0, 1) * 255).round().to(torch.uint8).numpy()


def moving(right, down, frames=4):
    """Pictures of a texture that moves by so many pixels per frame."""
    whole = texture()
    return np.stack([whole[16 - t * down :, 16 - t * right :][:40, :44] for t in range(frames)])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("right", "down"), [(2, 0), (0, 2), (-1, -2)])
def test_frame_t_is_the_motion_to_the_next_picture(method, right, down):
    flow = compute_flow(moving(right, down), method)
    assert flow.shape == (2, 4, 40, 44)
    assert flow.dtype == np.float32
    inner = flow[:, :3, 8:-8, 8:-8].reshape(2, -1)
    np.testing.assert_allclose(np.median(inner, axis=1), [right, down], atol=0.1)
    assert not flow[:, 3].any()


@pytest.mark.parametrize("method", METHODS)
def test_flow_of_the_synthetic_hand_points_where_its_true_flow_does(method, own_cache):
    few = SyntheticPreset(name="few", clips={"validation": 4}, frames=16, size=32)
    with PRESETS.holding(few):
        clip = SyntheticGestures("few", "validation", ("rgb", "flow"), extras=True)[3]
    pictures = (clip.frames["rgb"] * 255).round().to(torch.uint8).permute(1, 2, 3, 0).numpy()
    found = torch.from_numpy(compute_flow(pictures, method))
    moves = clip.frames["flow"].norm(dim=0) > 1.0
    agreement = torch.nn.functional.cosine_similarity(found, clip.frames["flow"], dim=0)[moves]
    assert moves.sum() > 200
    assert float(agreement.median()) > 0.7


def test_grey_and_colour_pictures_agree():
    gray = moving(1, 1)
    colour = np.repeat(gray[..., None], 3, axis=-1)
    np.testing.assert_array_equal(compute_flow(gray), compute_flow(colour))


def test_one_picture_does_not_move():
    assert not compute_flow(moving(1, 1)[:1]).any()


@pytest.mark.parametrize(
    "pictures",
    [
        np.zeros((3, 24, 24), np.float32),
        np.zeros((3, 24, 24, 4), np.uint8),
        np.zeros((24, 24), np.uint8),
        np.zeros((0, 24, 24), np.uint8),
    ],
)
def test_pictures_of_another_form(pictures):
    with pytest.raises(DataError, match="Expected pictures as uint8"):
        compute_flow(pictures)


def test_too_small_pictures_and_unknown_methods():
    with pytest.raises(DataError, match="Pictures of 6 x 5 pixels are too small"):
        compute_flow(np.zeros((3, 5, 6), np.uint8))
    with pytest.raises(ConfigError, match=r"method of optical flow 'disk'.*Did you mean 'dis'"):
        compute_flow(moving(1, 1), "disk")


flows = hnp.arrays(
    np.float32,
    st.tuples(st.just(2), st.integers(1, 4), st.integers(1, 9), st.integers(1, 9)),
    elements=st.floats(-200, 200, width=32),
)


@given(flows)
@settings(max_examples=100)
def test_steps_are_as_fine_as_the_cut_allows(flow):
    steps, scale, cut = quantise(flow)
    assert steps.dtype == np.int8
    assert np.abs(steps.astype(int)).max() <= 127
    assert cut <= CUT_SHARE
    assert scale >= SMALLEST_STEP
    back = steps * np.float32(scale)
    kept = np.abs(flow) <= 127.5 * scale
    assert (~kept).mean() <= CUT_SHARE
    assert np.abs(back - flow)[kept].max(initial=0) <= scale * 0.501
    finer = max(scale / 1.01, SMALLEST_STEP)
    assert finer == SMALLEST_STEP or (np.abs(flow) > 127 * finer).mean() > CUT_SHARE


def test_a_few_wild_values_are_cut_instead_of_coarsening_all():
    flow = np.random.default_rng(0).uniform(-5, 5, (2, 10, 50, 50)).astype(np.float32)
    flow[0, 0, 0, :3] = 1000
    steps, scale, cut = quantise(flow)
    assert scale < 5.1 / 127
    assert cut == 3 / flow.size
    assert (steps[0, 0, 0, :3] == 127).all()


@pytest.fixture
def files(tmp_path):
    return FlowFiles(tmp_path / "flow", "dis", "python make.py")


@pytest.fixture
def written(files):
    flow = np.random.default_rng(1).normal(0, 3, (2, 4, 12, 14)).astype(np.float32)
    files.write("class_01/a", flow, MADE_FROM)
    return flow


def test_written_and_read_back(files, written):
    header = files.header("class_01/a", MADE_FROM)
    assert header["made_from"] == MADE_FROM
    assert header["cut"] <= CUT_SHARE
    back = files.read("class_01/a", MADE_FROM)
    assert back.dtype == torch.float32
    np.testing.assert_allclose(back.numpy(), written, atol=0.501 * header["scale"])
    assert [p.name for p in (files.folder / "class_01").iterdir()] == ["a.npz"]
    fields = np.load(files.path("class_01/a"), allow_pickle=False)
    assert fields["flow"].dtype == np.int8


@pytest.mark.parametrize(
    ("origin", "parts"),
    [
        ({**MADE_FROM, "frames": [4, 84]}, ["made from frames [3, 83]", "expected [4, 84]"]),
        ({**MADE_FROM, "hash": "ab"}, ["made from hash None", "expected 'ab'"]),
    ],
)
def test_made_from_something_else(files, written, origin, parts):
    for ask in (files.header, files.read):
        with pytest.raises(DataError) as caught:
            ask("class_01/a", origin)
        for part in (*parts, "a.npz", "make it again with `python make.py`"):
            assert part in str(caught.value)


def rewrite(path, **changes):
    with np.load(path, allow_pickle=False) as fields:
        content = {**fields, **changes}
    np.savez_compressed(path, **{k: v for k, v in content.items() if v is not None})


@pytest.mark.parametrize(
    "changes",
    [
        {"flow": np.zeros((2, 4, 12, 14), np.int8)},
        {"flow": np.zeros((2, 4, 12), np.int8)},
        {"flow": np.zeros((2, 4, 12, 14), np.float32)},
        {"flow": None},
        {"header": None},
        {"header": np.array("no JSON")},
        {"header": np.array("[]")},
        {"header": np.array(json.dumps({"made_from": MADE_FROM}))},
        {"header": np.array(json.dumps({"made_from": [1]}))},
        {"header": np.array([{}], dtype=object)},
    ],
)
def test_foreign_content_is_damage(files, written, changes):
    path = files.path("class_01/a")
    rewrite(path, **changes)
    with pytest.raises(
        DataError, match=r"a\.npz is damaged .*make it again with `python make\.py`"
    ):
        files.read("class_01/a", MADE_FROM)


def test_damage_anywhere_is_seen_or_harmless(files, written):
    path, good = files.path("class_01/a"), files.read("class_01/a", MADE_FROM)
    data, rng, outcomes = path.read_bytes(), random.Random(4), set()
    for _ in range(150):
        changed = bytearray(data)
        if rng.random() < 0.3:
            changed = changed[: rng.randrange(len(changed))]
        else:
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        try:
            same = torch.equal(files.read("class_01/a", MADE_FROM), good)
            outcomes.add("same" if same else "other")
        except DataError as error:
            outcomes.add("named" if "a.npz" in str(error) else str(error))
    assert outcomes <= {"same", "named"}


def test_no_archive_at_all(files):
    with pytest.raises(DataError, match=r"There is no flow .*b\.npz; make it with"):
        files.header("b")
    files.folder.mkdir()
    with zipfile.ZipFile(files.path("c"), "w") as archive:
        archive.writestr("x.txt", "hello")
    with pytest.raises(DataError, match=r"c\.npz is damaged"):
        files.header("c")
