"""The explorer: ask "what if" with the mouse, of hundreds of stored runs at once.

`explore` binds controls to pure functions: `source` reads the store once, `tables` and `details`
make tidy tables of a selection, `charts` and `detail_charts` draw them, `views` puts both into
words. What is shown is one `ExplorerState`, which fits into a link.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mmtlib.explorer.page import Explorer as Explorer
    from mmtlib.explorer.page import explore as explore
    from mmtlib.explorer.saving import save_view as save_view
    from mmtlib.explorer.source import Source as Source
    from mmtlib.explorer.state import ExplorerState as ExplorerState
    from mmtlib.explorer.static import static_view as static_view
    from mmtlib.explorer.views import View as View
    from mmtlib.explorer.views import draw_view as draw_view

# Loaded when first used: a training's process and `mmt explore` need no widgets and no plotly.
_HOMES = {
    "View": "views",
    "Explorer": "page",
    "ExplorerState": "state",
    "Source": "source",
    "draw_view": "views",
    "explore": "page",
    "static_view": "static",
    "save_view": "saving",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
