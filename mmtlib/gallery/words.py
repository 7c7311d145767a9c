"""Numbers in the words beside a figure."""

from __future__ import annotations

from mmtlib.evaluation import PairedDifference, SeedInterval, format_points


def change(step: PairedDifference | SeedInterval, over: str) -> str:
    """Return a difference with its interval, in points.

    Args:
        step: the difference, as a fraction, and its 95 % interval, if it has one.
        over: what the interval is over.
    """
    if step.low is None or step.high is None:
        return format_points(step.mean)
    return (
        f"{format_points(step.mean)} (95 % interval over {over} {100 * step.low:+.1f} to "
        f"{100 * step.high:+.1f})"
    )
