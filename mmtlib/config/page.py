"""All that is declared, as a page for people: docs/settings.md, and ``mmt settings``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mmtlib.config.all_settings import SETTINGS
from mmtlib.config.declare import Setting
from mmtlib.config.identity import REGISTRIES
from mmtlib.config.presets import PRESETS
from mmtlib.config.recipes import RECIPES

_HEADER = """# Settings and names

Made from the declarations by `mmt settings --out docs/settings.md`. A setting is an attribute of
`ExperimentConfig`, an option of `mmt train` and `mmt compare`, a key of `--set` and of a study's
TOML file, a column of `load_results()`, and, where it makes another run, a control of the explorer.
"""


def declared_page() -> str:
    """Return all settings by group, and all names they take, as Markdown."""
    groups = dict.fromkeys(each.group for each in SETTINGS.values())
    parts = [_HEADER]
    for group in groups:
        rows = [_row(each) for each in SETTINGS.values() if each.group == group]
        parts.append(f"## {group.capitalize()}\n\n{_table(SETTING_COLUMNS, rows)}")
    for registry in (*REGISTRIES.values(), PRESETS, RECIPES):
        rows = [(f"`{name}`", thing.title) for name, thing in registry.items()]
        parts.append(f"## Every {registry.kind}\n\n{_table(('name', 'title'), rows)}")
    return "\n".join(parts)


SETTING_COLUMNS = ("setting", "title", "default", "values", "makes another run", "what for")


def _row(each: Setting) -> tuple[str, ...]:
    values = ", ".join(f"`{name}`" for name in each.names if name) or each.wanted
    if each.counts is False:
        counts = "no"
    elif callable(each.counts):
        counts = "where it has a meaning"
    else:
        counts = "unless at its default" if each.unless_default else "yes"
    default = each.text(each.default) or "none"
    return f"`{each.name}`", each.title, default, values, counts, each.help


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
