"""One option of the command line for every declared setting."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from mmtlib.config import SETTINGS, ExperimentConfig, Setting
from mmtlib.config.checks import check_taken
from mmtlib.core.errors import ConfigError
from mmtlib.core.kept import OVERWRITE

PAIRS = "set_"
"""The parameter that holds what ``--set`` was given."""
RunName = Annotated[str, typer.Argument(help="A run: its id or the beginning of it.")]
Only = Annotated[str | None, typer.Option(help="Only notebooks with this in their name.")]
Root = Annotated[Path | None, typer.Option(help="Folder of a real data set.")]
Split = Annotated[str, typer.Option(help="validation or test.")]
Workers = Annotated[
    int | None,
    typer.Option(help="Processes; default one per GPU (each sees its own), else per core."),
]
Scheduler = Annotated[
    str | None, typer.Option(help="A Dask cluster to use instead: tcp://HOST:PORT.")
]
Memory = Annotated[
    str | None,
    typer.Option(help="Most memory of a process, e.g. 4GiB; 0 = no limit; default: a share."),
]


Overwrite = Annotated[
    bool,
    typer.Option(
        "--overwrite",
        help="Replace files of your own, or that you changed, too.",
        callback=lambda given: OVERWRITE.set(given) and given,
    ),
]
"""Has told `mmtlib.core.kept` before the command is called."""


def with_settings(*left_out: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command an option for every setting, and ``--set NAME=VALUE``.

    The command is called with its own parameters, and with ``given``: the settings that were given.

    Args:
        left_out: settings that the command asks for in another way.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        offered = {name: each for name, each in SETTINGS.items() if name not in left_out}

        @functools.wraps(command)
        def called(**values: Any) -> None:
            named = {name: values.pop(name) for name in offered}
            given = read_settings(values.pop(PAIRS), **named)
            command(**values, given=given)

        own = inspect.signature(command, eval_str=True).parameters.values()
        more = [_option(each) for each in offered.values()]
        pairs = inspect.Parameter(
            PAIRS,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[
                list[str] | None,
                typer.Option("--set", help="Any setting, NAME=VALUE (JSON); repeatable."),
            ],
        )
        keyword = inspect.Parameter.KEYWORD_ONLY
        asked = [p.replace(kind=keyword) for p in own if p.name != "given"]
        parameters = [*asked, *more, pairs]
        called.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        called.__annotations__ = {p.name: p.annotation for p in parameters}
        return called

    return decorate


def _option(each: Setting) -> inspect.Parameter:
    """Return the option of a setting; without a value it leaves the recipe's."""
    flag = each.option
    if each.type is bool:
        flag = f"{flag}/--no-{flag.removeprefix('--')}"
    names = f" One of: {', '.join(each.choices)}." if each.choices else ""
    option = typer.Option(
        flag, help=each.help + names, rich_help_panel=f"Settings: {each.group}", show_default=False
    )
    kind: Any = str if each.many or each.choices or each.optional else each.type
    return inspect.Parameter(
        each.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind | None, option],
    )


def read_settings(pairs: list[str] | None, **named: Any) -> dict[str, Any]:
    """Return the settings given by options (not None) and by ``--set NAME=VALUE``.

    Raises:
        ConfigError: if a pair has no value, or a list holds what it may not.
    """
    settings = {
        name: SETTINGS[name].parse(value) if isinstance(value, str) else value
        for name, value in named.items()
        if value is not None
    }
    for pair in pairs or []:
        name, sign, text = pair.partition("=")
        if not sign:
            raise ConfigError(f"--set expects NAME=VALUE, got {pair!r}.")
        try:
            settings[name] = json.loads(text)
        except (ValueError, RecursionError):
            settings[name] = text
    return settings


def make_config(recipe: str | None, given: Mapping[str, Any]) -> ExperimentConfig:
    """Return the config of the settings given; of two modalities if none are named.

    Raises:
        ConfigError: if a setting is unknown, out of range, or of another data set.
    """
    settings = {"recipe": recipe, "modalities": ("rgb", "depth"), **given}
    config = ExperimentConfig.make(**settings)
    for name in given:
        check_taken(config.dataset, name)
    return config
