"""From the name of a network to a network, and several networks side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from mmtlib.config import NETWORKS
from mmtlib.core.errors import ConfigError, DataError, unknown_name
from mmtlib.core.modalities import first_network, get_modality, modality_of
from mmtlib.core.outputs import StreamOutput, as_output
from mmtlib.core.seeding import scoped_seed
from mmtlib.models.blocks import StagedNetwork
from mmtlib.models.with_features import WithFeatures

Network = TypeVar("Network", bound=nn.Module)


def build_model(
    network: str,
    modality: str,
    *,
    num_classes: int,
    seed: int,
    feature_stage: str | None = None,
    feature_time_pool: int | None = None,
    dropout: float | None = None,
) -> nn.Module:
    """Return a new network for one modality.

    The initial weights depend on `seed` and `modality` only, not on which networks were built
    before: a network trained alone and one trained with others start equal.

    Args:
        network: a name of `NETWORKS`, or an import path ``"package.module:Class"``.
        modality: decides the number of input channels; or the name of a second network of it
            (`mmtlib.core.modalities.second_network`), which has other initial weights.
        num_classes: K.
        seed: what the initial weights are drawn from.
        feature_stage: which stage gives the features; None: the network's default.
        feature_time_pool: how many positions in time are averaged; None: the network's default.
        dropout: probability of dropping a channel; None: the network's default.

    Raises:
        ConfigError: if a name is unknown or a number is out of its range.
    """
    declared = NETWORKS[network]
    settings = {
        "feature_stage": feature_stage,
        "feature_time_pool": feature_time_pool,
        "dropout": dropout,
    }
    given = {name: value for name, value in settings.items() if value is not None}
    channels = get_modality(modality_of(modality)).channels
    with scoped_seed(seed, "init", modality):
        built = declared(channels, num_classes, **given)
    return built if isinstance(built, StagedNetwork | WithFeatures) else WithFeatures(built)


class StreamSet(nn.Module):
    """One network per modality, each seeing its own modality only.

    Args:
        networks: modality -> network; a second network of a modality goes by its own name
            (`mmtlib.core.modalities.second_network`).

    Raises:
        ConfigError: if there is none.
    """

    def __init__(self, networks: Mapping[str, nn.Module]) -> None:
        super().__init__()
        if not networks:
            raise ConfigError("At least one network is needed.")
        self.modalities = tuple(dict.fromkeys(map(first_network, networks)))
        self.networks = nn.ModuleDict(networks)

    def __getitem__(self, modality: str) -> nn.Module:
        """Return the network of a modality (or the one of that name)."""
        if modality not in self.networks:
            raise unknown_name("modality of this set", modality, self.networks)
        return self.networks[modality]

    def forward(
        self, frames: Mapping[str, Tensor], seed_parts: tuple[int | str, ...] | None = None
    ) -> dict[str, StreamOutput]:
        """Return the output of every network, by its name.

        Args:
            frames: modality -> clips ``(N, C, T, H, W)``; modalities without a network are ignored.
            seed_parts: what the dropout of this step is drawn from, e.g. seed and step. In training
                each network then draws from these parts and its name, so its draws do not depend
                on the networks beside it. None: torch's global generator.

        Raises:
            DataError: if the clips of a modality are missing.
        """
        missing = [name for name in self.modalities if name not in frames]
        if missing:
            raise DataError(
                f"The networks need {', '.join(self.modalities)}; "
                f"the batch lacks {', '.join(missing)} (it has {', '.join(frames)})."
            )
        if seed_parts is None or not self.training:
            return {
                name: as_output(net(frames[first_network(name)]), name)
                for name, net in self.networks.items()
            }
        outputs = {}
        for name, net in self.networks.items():
            clips = frames[first_network(name)]
            with scoped_seed(*seed_parts, name, device=clips.device):
                outputs[name] = as_output(net(clips), name)
        return outputs


def channels_last(network: Network) -> Network:
    """Return a network with weights laid out with their channels last, in place."""
    return network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]  # torch's
