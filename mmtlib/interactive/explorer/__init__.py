"""The explorer: ask "what if" with the mouse, of hundreds of stored runs at once.

`explore` binds controls to pure functions: `source` reads the store once, `tables` and `details`
make tidy tables of a selection, `charts` and `detail_charts` draw them, `views` puts both into
words. What is shown is one `ExplorerState`, which fits into a link.
"""

from mmtlib.interactive.explorer.page import Explorer, explore
from mmtlib.interactive.explorer.saving import export
from mmtlib.interactive.explorer.source import Source
from mmtlib.interactive.explorer.state import ExplorerState
from mmtlib.interactive.explorer.still import explorer_still
from mmtlib.interactive.explorer.views import Drawn, draw

__all__ = [
    "Drawn",
    "Explorer",
    "ExplorerState",
    "Source",
    "draw",
    "explore",
    "explorer_still",
    "export",
]
