"""What a network returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

from mmtlib.core.errors import DataError


class StreamOutput(NamedTuple):
    """The output of one modality's network for a batch.

    Attributes:
        logits: ``(N, K)``, unnormalised class scores.
        features: ``(N, C, *positions)``, the feature map that the alignment loss compares; of the
            package's own networks ``(N, C, T, H, W)``.
    """

    logits: Tensor
    features: Tensor


def as_output(found: object, network: str) -> StreamOutput:
    """Return what a network returned as a `StreamOutput`.

    Args:
        found: a `StreamOutput`, ``(logits, features)``, or a mapping with both names.
        network: the network's name, for errors.

    Raises:
        DataError: if it is anything else.
    """
    if isinstance(found, StreamOutput):
        return found
    if isinstance(found, Mapping) and {"logits", "features"} <= found.keys():
        found = (found["logits"], found["features"])
    if isinstance(found, tuple | list) and len(found) == 2:
        logits, features = found
        if isinstance(logits, Tensor) and isinstance(features, Tensor):
            return StreamOutput(logits, features)
    raise DataError(
        f"The network {network!r} returned a {type(found).__name__}; expected StreamOutput, "
        "(logits, features), or a dict of both. To take the features of a layer of a network that "
        "returns logits alone, wrap it: mmtlib.models.WithFeatures(network, 'layer4')."
    )
