"""Modalities as a user declares them, known while a block runs."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from mmtlib.core.modalities import MODALITIES, Modality


def like(modality: str, name: str) -> Modality:
    """Return a modality of another name with the kind, channels and constants of a known one."""
    known = MODALITIES[modality]
    return Modality(
        name=name, title=name.title(), channels=known.channels, kind=known.kind, unit=known.unit,
        center=known.center, spread=known.spread, color="#56B4E9",
    )  # fmt: skip


@contextmanager
def known(*modalities: Modality) -> Iterator[None]:
    """Make modalities known until the block ends."""
    with ExitStack() as stack:
        for modality in modalities:
            stack.enter_context(MODALITIES.holding(modality))
        yield
