"""Where the rays of a pinhole camera first meet a set of sphere-swept bones, exactly.

A bone is all points within its radius of a line piece. Most rays miss most bones, so a cheap test
against each bone's bounding sphere picks the few (ray, bone) pairs that the exact intersection is
then worked out for. Vectors are stored with the component first, ``(3, M)``: each component is then
one contiguous run in memory, which is several times faster than triples.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mmtlib.synthetic.camera import FIELD


@dataclass(frozen=True, slots=True, kw_only=True)
class BoneTensors:
    """K bones at T moments as float32 tensors; P = T * K, moment by moment.

    Attributes:
        origin: ``(3, P)``, first end, metres, camera axes.
        axes: ``(3, 3, P)``, component of the axis, then which of the bone's axes (1 = along it).
        length, radius: ``(P,)``, metres.
        count: K.
    """

    origin: Tensor
    axes: Tensor
    length: Tensor
    radius: Tensor
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """The first meeting of each ray that meets a bone; M of them.

    Attributes:
        ray: ``(M,)``, index of the ray in the flattened ``(T, N)`` rays.
        at: ``(M,)``, the bone at its moment, as in `BoneTensors` (frame * K + bone).
        point: ``(3, M)``, metres, camera axes.
        normal: ``(3, M)``, unit vector out of the surface.
    """

    ray: Tensor
    at: Tensor
    point: Tensor
    normal: Tensor


def dot(a: Tensor, b: Tensor) -> Tensor:
    """Return the scalar product over the first axis of two ``(3, ...)`` tensors."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def camera_rays(
    size: int, pan: Tensor, field: tuple[float, float] = (FIELD, FIELD)
) -> tuple[Tensor, Tensor]:
    """Return where each pixel looks.

    Args:
        size: height and width S, pixels.
        pan: ``(T, 2)``, offset of the view of each frame in the plane at 1 m.
        field: tangents of half the angle of view, across and down.

    Returns:
        The points ``(2, T, S * S)`` of the plane at 1 m (x right, y down), and unit vectors
        ``(3, T, S * S)``.
    """
    line = (torch.arange(size, dtype=torch.float32) + 0.5) / size * 2 - 1
    y, x = torch.meshgrid(line * field[1], line * field[0], indexing="ij")
    plane = torch.stack([x.flatten(), y.flatten()])[:, None] + pan.T[:, :, None]
    scale = (plane[0].square() + plane[1].square() + 1).rsqrt_()
    return plane, torch.stack([plane[0] * scale, plane[1] * scale, scale])


def cast(rays: Tensor, bones: BoneTensors) -> Hits:
    """Return the first bone that each ray from the camera meets.

    Args:
        rays: ``(3, T, N)``, unit vectors.
        bones: K bones at the same T moments.
    """
    n_all = rays.shape[1] * rays.shape[2]
    ray, at = _near_pairs(rays, bones)
    direction = rays.reshape(3, -1).index_select(1, ray)
    origin = bones.origin.index_select(1, at)
    along = bones.axes[:, 1].index_select(1, at)
    length, radius = bones.length[at], bones.radius[at]
    distance = _meet(direction, origin, along, length, radius)

    nearest = torch.full((n_all,), torch.inf).scatter_reduce_(0, ray, distance, "amin")
    first = (distance == nearest[ray]) & (distance < torch.inf)
    # Two bones at the very same distance: the lower number wins, whatever the order of the work.
    none = len(bones.length)
    candidate = at.masked_fill(~first, none)
    winner = torch.full((n_all,), none).scatter_reduce_(0, ray, candidate, "amin")
    pick = (candidate == winner[ray]).logical_and_(first).nonzero()[:, 0]

    point = direction[:, pick] * distance[pick]
    offset, along = point - origin[:, pick], along[:, pick]
    reach = dot(offset, along).clamp(min=0).minimum(length[pick])
    normal = (offset - reach * along) / radius[pick]
    return Hits(ray=ray[pick], at=at[pick], point=point, normal=normal)


def _near_pairs(rays: Tensor, bones: BoneTensors) -> tuple[Tensor, Tensor]:
    """Return the (ray, bone at a moment) pairs whose ray enters the bone's bounding sphere."""
    _, frames, n_rays = rays.shape
    half = bones.length / 2
    centre = bones.origin + half * bones.axes[:, 1]
    # |centre|^2 - (ray . centre)^2 is the squared distance of the centre from the ray.
    limit = (dot(centre, centre) - (half + bones.radius) ** 2).reshape(frames, bones.count, 1)
    along_ray = centre.reshape(3, frames, bones.count).permute(1, 2, 0) @ rays.transpose(0, 1)
    near = along_ray.square_() > limit
    at, pixel = near.reshape(-1, n_rays).nonzero().T.contiguous()
    first_ray = torch.arange(frames).repeat_interleave(bones.count) * n_rays
    return first_ray[at] + pixel, at


def _meet(
    direction: Tensor, origin: Tensor, along: Tensor, length: Tensor, radius: Tensor
) -> Tensor:
    """Return the distance at which each ray enters its sphere-swept bone; inf where it misses.

    Args:
        direction: ``(3, M)``, unit vectors from the camera.
        origin: ``(3, M)``, first end of the bone's axis.
        along: ``(3, M)``, unit vector of the axis.
        length, radius: ``(M,)``.
    """
    ray_axis, ray_origin = dot(direction, along), dot(direction, origin)
    origin_axis, origin_square = dot(origin, along), dot(origin, origin) - radius * radius

    # The side: a cylinder around the axis, valid where the meeting lies between the two ends.
    a = 1 - ray_axis * ray_axis
    b = ray_axis * origin_axis - ray_origin
    c = origin_square - origin_axis * origin_axis
    root = b * b - a * c
    side = (-b - root.clamp(min=0).sqrt()) / a.clamp(min=1e-9)
    height = side * ray_axis - origin_axis
    on_side = (root > 0) & (height > 0) & (height < length)

    # The ends: two spheres; which one follows from the side on which the cylinder was left.
    end = length.masked_fill(height <= 0, 0.0)
    b_end = -ray_origin - end * ray_axis
    c_end = origin_square + end * (2 * origin_axis + end)
    root_end = b_end * b_end - c_end
    cap = (-b_end - root_end.clamp(min=0).sqrt()).masked_fill(root_end <= 0, torch.inf)
    distance = torch.where(on_side, side, cap)
    # A bone behind the camera, or around it, is not seen.
    return distance.masked_fill_(distance <= 0, torch.inf)
