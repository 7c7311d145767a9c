"""The gallery: figures and tables of the package's own results, each by name.

Stored results, stored networks, `mmtlib.analysis` and `mmtlib.figures` are put together here.
``mmt figures`` writes all of it, `draw` returns one figure:

>>> import mmtlib
>>> figure = mmtlib.gallery.draw("focal-curve")
"""

from mmtlib.gallery.entry import Entry as Entry
from mmtlib.gallery.material import Material as Material
from mmtlib.gallery.material import NotStored as NotStored
from mmtlib.gallery.page import write_page as write_page
from mmtlib.gallery.registry import GALLERY as GALLERY
from mmtlib.gallery.registry import Drawn as Drawn
from mmtlib.gallery.registry import draw as draw
from mmtlib.gallery.tables import TABLES as TABLES
from mmtlib.gallery.tables import MadeTable as MadeTable
from mmtlib.gallery.tables import TableEntry as TableEntry
from mmtlib.gallery.tables import make_table as make_table
from mmtlib.gallery.writing import FORMATS as FORMATS
from mmtlib.gallery.writing import write_gallery as write_gallery
