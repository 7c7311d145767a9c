"""From a scene to the four pixel-aligned pictures of a clip, with the flaws of real sensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from mmtlib.synthetic.camera import Camera
from mmtlib.synthetic.hand_model import N_HAND_BONES
from mmtlib.synthetic.raycast import BoneTensors, Hits, camera_rays, cast, dot
from mmtlib.synthetic.scene import Scene

Shape = tuple[int, int, int]
Noise = Callable[..., Tensor]

MAX_RAYS = 2**16
"""Rays worked on at once: keeps the working set in the processor's cache."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedClip:
    """The pictures of one clip and what only a synthetic clip knows.

    Attributes:
        rgb: ``(3, T, S, S)``, brightness 0..1.
        depth: ``(1, T, S, S)``, metres, 0 = no reading.
        flow: ``(2, T, S, S)``, pixels per frame (u right, v down), as a flow method would give it.
        ir: ``(1, T, S, S)``, brightness 0..1.
        mask: bool ``(T, S, S)``, the hand without the forearm.
        true_flow: ``(2, T, S, S)``, the exact motion of the surface points, without noise.
    """

    rgb: Tensor
    depth: Tensor
    flow: Tensor
    ir: Tensor
    mask: Tensor
    true_flow: Tensor


@torch.no_grad()
def render(scene: Scene, *, size: int, generator: torch.Generator) -> RenderedClip:
    """Render a scene.

    Args:
        scene: what to show, over T + 1 moments.
        size: height and width S, pixels.
        generator: for the sensors' noise.
    """
    frames = len(scene.gain)
    block = max(1, MAX_RAYS // size**2)
    parts = [
        _render_block(scene, size, slice(start, min(start + block, frames)), generator)
        for start in range(0, frames, block)
    ]
    if len(parts) == 1:
        return parts[0]
    joined = {
        name: torch.cat([getattr(part, name) for part in parts], dim=0 if name == "mask" else 1)
        for name in RenderedClip.__slots__
    }
    return RenderedClip(**joined)


def _tensor(array: object) -> Tensor:
    return torch.as_tensor(array, dtype=torch.float32)


def _bones(scene: Scene, moments: slice) -> BoneTensors:
    origin, axes = _tensor(scene.bones.origin[moments]), _tensor(scene.bones.axes[moments])
    steps, count, _ = origin.shape
    return BoneTensors(
        origin=origin.reshape(-1, 3).T.contiguous(),
        axes=axes.reshape(-1, 3, 3).permute(1, 2, 0).contiguous(),
        length=_tensor(scene.bones.length).repeat(steps),
        radius=_tensor(scene.bones.radius).repeat(steps),
        count=count,
    )


def _render_block(
    scene: Scene, size: int, frames: slice, generator: torch.Generator
) -> RenderedClip:
    """Render some frames; F of them, N = size * size rays each."""
    pan = _tensor(scene.pan[frames.start : frames.stop + 1])
    plane, rays = camera_rays(size, pan[:-1], scene.camera.field)
    now = _bones(scene, frames)
    then = _bones(scene, slice(frames.start + 1, frames.stop + 1))
    hits = cast(rays, now)
    bone = hits.at % now.count
    shape = (frames.stop - frames.start, size, size)

    wall, wall_depth = _look_at_wall(scene, plane, size)
    z = wall_depth.flatten().index_copy_(0, hits.ray, hits.point[2]).reshape(shape)
    mask = torch.zeros(z.numel(), dtype=torch.bool)
    mask[hits.ray] = bone < N_HAND_BONES
    true_flow = _exact_flow(hits, now, then, pan, scene.camera, shape)

    def noise(*dims: int) -> Tensor:
        return torch.randn(dims, generator=generator)

    return RenderedClip(
        rgb=_rgb(scene, hits, bone, wall, frames, shape, noise),
        depth=_depth_sensor(z, scene.camera, noise, generator)[None],
        flow=_flow_method(true_flow, noise),
        ir=_infrared(scene, hits, rays, wall, wall_depth, shape, noise)[None],
        mask=mask.reshape(shape),
        true_flow=true_flow,
    )


def _look_at_wall(scene: Scene, plane: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Return the panned camera's view of the wall: ``(3, F, N)`` colours, ``(F, N)`` metres."""
    n = plane.shape[1]
    share = torch.tensor([0.92 / tangent for tangent in scene.camera.field])[:, None, None]
    grid = (plane * share).clamp_(-1, 1).permute(1, 2, 0).reshape(1, n * size, size, 2)
    picture = torch.cat([_tensor(scene.background), _tensor(scene.background_depth)[None]])
    seen = F.grid_sample(picture[None], grid, align_corners=False, padding_mode="border")[0]
    seen = seen.reshape(4, n, size * size)
    return seen[:3], seen[3]


def _rgb(
    scene: Scene, hits: Hits, bone: Tensor, wall: Tensor, frames: slice, shape: Shape, noise: Noise
) -> Tensor:
    """Return ``(3, F, S, S)``: Lambert shading, exposure, colour cast, gradient, noise."""
    light = _tensor(scene.light)
    toward_light = dot(hits.normal, light[:, None]).clamp_(min=0)
    shade = scene.ambient + (1 - scene.ambient) * toward_light
    picture = wall.reshape(3, -1).clone()
    picture.index_copy_(1, hits.ray, _tensor(scene.colours).T[:, bone] * shade)
    picture = picture.reshape(3, *shape)
    line = torch.linspace(-1, 1, shape[-1])
    gradient = 1 + line[None, :] * float(scene.shading[0]) + line[:, None] * float(scene.shading[1])
    brightness = _tensor(scene.gain[frames])[:, None, None] * gradient.clamp_(min=0.2)
    picture = picture * brightness * _tensor(scene.cast)[:, None, None, None]
    picture = picture.add_(noise(3, *shape), alpha=scene.noise).clamp_(0, 1)
    return picture if scene.recorded is None else picture.mul_(_recorded(scene, hits, wall, shape))


def _recorded(scene: Scene, hits: Hits, wall: Tensor, shape: Shape) -> Tensor:
    """Return 1 where colour was recorded, 0 where it was not: ``(F, S, S)``.

    It is where there is something to see, a hand or a wall that is not black, inside the part of
    the picture that the colour camera covers.
    """
    there = (wall.sum(0) > 0.05).flatten()
    there[hits.ray] = True
    return there.reshape(shape) * _tensor(scene.recorded)


def _depth_sensor(z: Tensor, camera: Camera, noise: Noise, generator: torch.Generator) -> Tensor:
    """Return depth ``(F, S, S)`` as measured: noise growing with distance, steps, holes."""
    measured = z + camera.depth_noise * z * z * noise(*z.shape)
    measured = (measured * (1 / camera.depth_step)).round_() / (1 / camera.depth_step)
    at_edge = torch.zeros(z.shape, dtype=torch.bool)
    for axis in (1, 2):
        jump = z.diff(dim=axis).abs() > 0.12
        at_edge.narrow(axis, 0, jump.shape[axis]).logical_or_(jump)
        at_edge.narrow(axis, 1, jump.shape[axis]).logical_or_(jump)
    chance = torch.rand(z.shape, generator=generator)
    hole = (chance < camera.holes) | (at_edge & (chance < camera.edge_holes))
    return measured.masked_fill_(hole, 0.0)


def _exact_flow(
    hits: Hits, now: BoneTensors, then: BoneTensors, pan: Tensor, camera: Camera, shape: Shape
) -> Tensor:
    """Return ``(2, F, S, S)``, pixels per frame: where each seen surface point will be next."""
    frames, size, _ = shape
    at = hits.at
    offset = hits.point - now.origin[:, at]
    # The point is fixed to its bone: camera axes -> the bone's own axes now -> camera axes later.
    local = torch.stack([dot(now.axes[:, i].index_select(1, at), offset) for i in range(3)])
    moved = [dot(then.axes[i].index_select(1, at), local) + then.origin[i][at] for i in range(3)]
    flow = (pan[:-1] - pan[1:]).T[:, :, None].expand(2, frames, size**2).reshape(2, -1).clone()
    for i in range(2):
        flow[i].index_add_(0, hits.ray, moved[i] / moved[2] - hits.point[i] / hits.point[2])
    pixels = torch.tensor([size / 2 / tangent for tangent in camera.field])
    return flow.mul_(pixels[:, None]).reshape(2, *shape)


def _smooth(x: Tensor, axis: int) -> Tensor:
    """Return the mean of each value and its neighbours along an axis, the border repeated."""
    n = x.shape[axis]
    before = torch.cat([x.narrow(axis, 0, 1), x.narrow(axis, 0, n - 1)], axis)
    after = torch.cat([x.narrow(axis, 1, n - 1), x.narrow(axis, n - 1, 1)], axis)
    return (before + x + after) / 3


def _flow_method(true_flow: Tensor, noise: Noise) -> Tensor:
    """Return the flow as an estimator would find it: smoothed, with fine and patchy errors."""
    found = _smooth(_smooth(true_flow, axis=2), axis=3)
    size = true_flow.shape[-1]
    # Errors are a share of the picture, so that larger pictures are as hard as small ones.
    unit = size / 32
    patches = F.interpolate(
        noise(2, true_flow.shape[1], 5, 5), size=(size, size), mode="bilinear", align_corners=False
    )
    return found + unit * (0.25 * noise(*true_flow.shape) + 0.35 * patches)


def _infrared(
    scene: Scene,
    hits: Hits,
    rays: Tensor,
    wall: Tensor,
    wall_depth: Tensor,
    shape: Shape,
    noise: Noise,
) -> Tensor:
    """Return ``(F, S, S)``: a lamp at the camera (darker far away and aslant) and some daylight."""
    picture = 0.09 * scene.lamp / wall_depth.square() + scene.daylight * wall.mean(0)
    picture = picture.flatten()
    facing = -dot(hits.normal, rays.reshape(3, -1)[:, hits.ray]).clamp_(-1, 0)
    lit = 0.18 * scene.lamp * facing / hits.point[2].square() + 0.3 * scene.daylight
    picture.index_copy_(0, hits.ray, lit)
    return picture.reshape(shape).add_(noise(*shape), alpha=0.12).clamp_(0, 1)
