"""The gallery: figures and tables of the package's own results, each by name.

Stored results, stored networks, `mmtlib.analysis` and `mmtlib.figures` are put together here.
``mmt figures`` writes all of it, `draw` returns one figure:

>>> import mmtlib
>>> figure = mmtlib.gallery.draw("focal-curve")
"""

from mmtlib.gallery.entry import Entry
from mmtlib.gallery.material import Material, NotStored
from mmtlib.gallery.registry import GALLERY, Drawn, draw
from mmtlib.gallery.writing import FORMATS, write_figures

__all__ = [
    "FORMATS",
    "GALLERY",
    "Drawn",
    "Entry",
    "Material",
    "NotStored",
    "draw",
    "write_figures",
]
