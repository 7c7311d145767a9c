"""Clicks on figures without a browser: the message that a page sends."""

from mmtlib.widgets.figure_view import FigureView


def click(view: FigureView, trace: int, point: int | list[int]) -> None:
    """Do as if a page told of a click on a point, or on row and column of a cell."""
    view._handle_custom_msg({"trace": trace, "point": point}, [])
