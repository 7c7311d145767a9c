"""The data sets that a config can name."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mmtlib.core.declared import Registry, calling_module, import_path
from mmtlib.core.errors import ConfigError

_REAL = ("skip_broken", "classes", "clips_per_class", "flow_method")


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A data set, declared once.

    Attributes:
        name: the name in configs.
        title: for people.
        reader: the class that reads it, or the class's import path.
        settings: those of `DataSettings` that it takes, of those that some data sets take only;
            None = all of them: each then counts in the identity of a run.
        made: whether its clips are made, not read from files that can be broken.
    """

    name: str
    title: str
    reader: str | type
    settings: tuple[str, ...] | None = None
    made: bool = field(default=False, compare=False)

    def load(self) -> Any:
        """Return the class, imported now if need be."""
        return import_path(self.reader, "data set") if isinstance(self.reader, str) else self.reader

    def takes(self, setting: str) -> bool:
        """Return whether a setting means something here."""
        return self.settings is None or setting in self.settings or setting not in _special()


def _special() -> set[str]:
    """Return the settings that some data sets take only."""
    return {name for each in DATA_SETS.values() for name in each.settings or ()}


def _by_path(path: str, found: object) -> DataSet:
    if not isinstance(found, type):
        raise ConfigError(f"{path} is no data set; expected a class, got {found!r:.80}.")
    return DataSet(name=path, title=path.rpartition(":")[2], reader=found)


DATA_SETS: Registry[DataSet] = Registry("data set", "datasets", DataSet, _by_path)
"""All data sets by name."""
for _data_set in (
    DataSet(
        name="synthetic",
        title="synthetic gestures",
        reader="mmtlib.synthetic:SyntheticGestures",
        settings=("generator_seed", "clutter"),
        made=True,
    ),
    DataSet(
        name="nvgesture",
        title="NVGesture",
        reader="mmtlib.datasets.nvgesture:NVGesture",
        settings=("colour", *_REAL),
    ),
    DataSet(
        name="egogesture",
        title="EgoGesture",
        reader="mmtlib.datasets.egogesture:EgoGesture",
        settings=_REAL,
    ),
    DataSet(
        name="viva", title="VIVA", reader="mmtlib.datasets.viva:VIVA", settings=("fold", *_REAL)
    ),
    DataSet(
        name="videos",
        title="your own videos",
        reader="mmtlib.datasets.video_folder:VideoFolder",
        settings=("leave_out", *_REAL),
    ),
):
    DATA_SETS.register(_data_set)


def register_dataset(name: str, reader: type, title: str = "") -> DataSet:
    """Make a data set of your own known by a name, and return its declaration.

    Args:
        name: the name for ``dataset=...``.
        reader: its class, a `mmtlib.datasets.GestureDataset`. Other processes find it by the
            module that it is in.
        title: for figures; "" = the name.

    Raises:
        ConfigError: if the package has a data set of that name.
    """
    return DATA_SETS.register(
        DataSet(name=name, title=title or name, reader=reader), calling_module()
    )
