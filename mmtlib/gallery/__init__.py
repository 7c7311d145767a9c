"""The gallery: figures and tables of the package's own results, each by name.

Stored results, stored networks, `mmtlib.analysis` and `mmtlib.figures` are put together here.
``mmt figures`` writes all of it, `draw` returns one figure:

>>> import mmtlib
>>> figure = mmtlib.gallery.draw("focal-curve")
"""

from mmtlib.gallery.entry import Entry
from mmtlib.gallery.material import Material, NotStored
from mmtlib.gallery.page import write_page
from mmtlib.gallery.registry import GALLERY, Drawn, draw
from mmtlib.gallery.tables import TABLES, MadeTable, TableEntry, make_table
from mmtlib.gallery.writing import FORMATS, write_gallery

__all__ = [
    "FORMATS",
    "GALLERY",
    "TABLES",
    "Drawn",
    "Entry",
    "MadeTable",
    "Material",
    "NotStored",
    "TableEntry",
    "draw",
    "make_table",
    "write_gallery",
    "write_page",
]
