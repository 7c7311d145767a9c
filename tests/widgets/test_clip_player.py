import base64
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from mmtlib.core.clips import GestureClip
from mmtlib.core.errors import ConfigError, DataError

pytest.importorskip("IPython")
from mmtlib.widgets.clip_player import clip_player, saliency_player


def make_clip(t=5, h=16, w=20, names=("rgb", "depth")):
    generator = torch.Generator().manual_seed(0)
    channels = {"rgb": 3, "depth": 1, "flow": 2, "ir": 1}
    return GestureClip(
        frames={n: torch.rand(channels[n], t, h, w, generator=generator) for n in names},
        label=0,
        subject=1,
        clip_id="a<b>",
        frame_rate=10.0,
    )


def pictures_of(player):
    """The still and the moving picture, in the order of the page."""
    coded = re.findall(r'"data:image/webp;base64,([^"]+)"', player.data)
    return [Image.open(io.BytesIO(base64.b64decode(text))) for text in coded]


def test_the_animation_has_every_frame_and_modality():
    clip = make_clip()
    still, moving = pictures_of(clip_player(clip, height_px=64, title="wave"))
    assert (moving.n_frames, moving.info["loop"], still.n_frames) == (5, 0, 1)
    assert moving.size == (20 + 1 + 20, 16)
    moving.seek(3)
    expected = (255 * clip.frames["rgb"][:, 3].permute(1, 2, 0)).round().numpy()
    shown = np.asarray(moving.convert("RGB"))
    np.testing.assert_array_equal(shown[:, :20], expected)  # lossless where pixels are seen
    assert (shown[:, 20] == 255).all()


def test_the_page_needs_nothing_from_elsewhere_and_describes_itself():
    page = clip_player(make_clip(), title="push & <pull>").data
    assert "http" not in page
    assert "<script" not in page
    alt = re.search(r'alt="([^"]+)"', page)[1]
    assert alt == (
        "push &amp; &lt;pull&gt;, clip a&lt;b&gt;: 5 frames at 10 frames per second; "
        "side by side: RGB, Depth."
    )
    assert "prefers-reduced-motion" in page
    assert 'height="128"' in page


def test_large_clips_are_scaled_down():
    _, moving = pictures_of(clip_player(make_clip(t=2, h=96, w=120), height_px=48))
    assert moving.height == 48
    assert moving.width == pytest.approx(48 * (120 + 3 + 120) / 96, abs=1)


@pytest.mark.parametrize("name", ["rgb", "depth", "flow", "ir"])
def test_one_frame_of_one_modality(name):
    still, moving = pictures_of(clip_player(make_clip(t=1, names=(name,))))
    assert still.size == moving.size == (20, 16)


def test_too_small_a_height_is_refused():
    with pytest.raises(ConfigError, match="16 pixels"):
        clip_player(make_clip(), height_px=4)


def test_saliency_plays_beside_its_clip():
    clip = make_clip()
    maps = {"RGB alone": torch.zeros(clip.shape), "RGB together": torch.ones(clip.shape)}
    player = saliency_player(clip, maps, height_px=64, title="wave")
    still, moving = pictures_of(player)
    assert (moving.n_frames, still.n_frames) == (5, 1)
    shown = np.asarray(moving.convert("RGB")).astype(int)
    plain, nothing, full = shown[:, :20], shown[:, 21:41], shown[:, 42:62]
    expected = (255 * clip.frames["rgb"][:, 0].permute(1, 2, 0)).round().numpy()
    np.testing.assert_array_equal(plain, expected)
    assert (nothing == nothing[..., :1]).all()  # grey where there is no saliency
    assert np.abs(full - nothing).max(axis=-1).min() > 0
    assert "RGB, RGB alone, RGB together." in player.data


def test_a_map_of_another_clip_is_refused():
    clip = make_clip()
    with pytest.raises(DataError, match="RGB"):
        saliency_player(clip, {"RGB": torch.ones(5, 8, 8)})
    with pytest.raises(DataError, match="No maps"):
        saliency_player(clip, {})
