"""Any network, with the features of one of its layers beside its logits."""

from __future__ import annotations

from torch import Tensor, nn

from mmtlib.core.errors import ConfigError, DataError
from mmtlib.core.outputs import StreamOutput, as_output


class WithFeatures(nn.Module):
    """A network that knows nothing of this package, as one of its streams.

    Args:
        network: called with clips ``(N, C, T, H, W)``; returns logits ``(N, K)`` or, without
            `layer`, what `mmtlib.core.outputs.as_output` takes.
        layer: the name of the submodule whose output is compared, e.g. ``"layer4"`` (see
            ``network.named_modules()``); read by a forward hook, so the network stays as it is.
            None = the network returns features itself.
        positions_first: whether features are ``(N, positions, C)``, as transformers have them,
            instead of ``(N, C, *positions)``.

    Raises:
        ConfigError: if the network has no such layer.

    >>> import torch
    >>> net = nn.Sequential(nn.Conv3d(1, 4, 3), nn.Flatten(), nn.LazyLinear(2))
    >>> WithFeatures(net, "0")(torch.zeros(1, 1, 4, 8, 8)).features.shape
    torch.Size([1, 4, 2, 6, 6])
    """

    def __init__(
        self, network: nn.Module, layer: str | None = None, *, positions_first: bool = False
    ) -> None:
        super().__init__()
        self.network, self.layer, self.positions_first = network, layer, positions_first
        self._seen: Tensor | None = None
        if layer is None:
            return
        modules = dict(network.named_modules())
        if layer not in modules or not layer:
            names = ", ".join(list(modules)[1:12])
            raise ConfigError(f"The network has no layer {layer!r}; it begins with: {names}.")
        modules[layer].register_forward_hook(self._keep)

    def _keep(self, _module: nn.Module, _inputs: object, found: object) -> None:
        if not isinstance(found, Tensor):
            raise DataError(f"Layer {self.layer} gives a {type(found).__name__}, not one tensor.")
        self._seen = found

    def forward(self, clips: Tensor) -> StreamOutput:
        """Return logits ``(N, K)`` and features ``(N, C, *positions)`` of a batch."""
        found = self.network(clips)
        name = type(self.network).__name__
        if self.layer is not None:
            logits = found if isinstance(found, Tensor) else as_output(found, name).logits
            found, self._seen = (logits, self._seen), None
        logits, features = as_output(found, name)
        return StreamOutput(logits, features.movedim(-1, 1) if self.positions_first else features)
