"""Numbers in the words beside a figure."""

from __future__ import annotations

from mmtlib.core.tables import interval_text, points


def change(mean: float, low: float | None, high: float | None, over: str) -> str:
    """Return a difference with its interval, in points.

    Args:
        mean: the difference, as a fraction.
        low, high: its 95 % interval, if it has one.
        over: what the interval is over.
    """
    ends = interval_text(low, high, points)
    interval = "" if ends == "-" else f" (95 % interval over {over} {ends})"
    return f"{points(mean)} points{interval}"
