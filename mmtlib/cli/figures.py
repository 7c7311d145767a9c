"""``mmt figures``: the paper's figures and the study's tables, from what is stored."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

import mmtlib
from mmtlib.cli import show
from mmtlib.cli.options import Overwrite
from mmtlib.core.errors import ConfigError

INCHES_PER = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4}


def figures(
    out: Annotated[Path, typer.Option(help="Where they are written.")] = Path("build/figures"),
    formats: Annotated[
        str, typer.Option("--format", help="Of pdf, svg and png, with commas.")
    ] = "pdf,svg,png",
    only: Annotated[
        str | None, typer.Option(help="The name of the one figure or table wanted.")
    ] = None,
    width: Annotated[
        str | None, typer.Option(help="For all, e.g. 3.5in, 85mm; default each in its own.")
    ] = None,
    run: Annotated[
        str | None,
        typer.Option(help="Show this run of `mmt runs` in the figures about one training."),
    ] = None,
    gallery: Annotated[
        bool, typer.Option("--gallery", help="Write docs/gallery.md and its pictures instead.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Write the figures and tables of the gallery, each with its caption and where it is from."""
    if gallery:
        _page(Path("docs"))
        return
    inches = None if width is None else _inches(width)

    chosen = mmtlib.load_run(run) if run is not None else None
    drawn, tables, left_out = 0, 0, []
    with show.bar("figures") as progress:
        for found in mmtlib.gallery.write_gallery(
            out, formats=_names(formats), only=only, width=inches, run=chosen, progress=progress
        ):
            if isinstance(found, mmtlib.gallery.NotStored):
                left_out.append(str(found))
                continue
            if isinstance(found, mmtlib.gallery.MadeTable):
                tables += 1
                continue
            drawn += 1
            if inches is not None and found.width > inches:
                show.say(f"{found.entry.name}: made {found.width:g} inches wide to be read")
    for reason in left_out:
        show.say(f"left out: {reason}")
    captions = f", captions in {out / 'captions.md'}" if drawn else ""
    show.say(f"{drawn} figures and {tables} tables in {out}{captions}")


def _page(docs: Path) -> None:

    left_out = []
    with show.bar("figures") as progress:
        for number, found in enumerate(mmtlib.gallery.write_page(docs), 1):
            progress(number, len(mmtlib.gallery.GALLERY))
            if isinstance(found, mmtlib.gallery.NotStored):
                left_out.append(f"left out: {found}")
    show.say("\n".join([*left_out, f"written: {docs / 'gallery.md'}"]))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _inches(text: str) -> float:
    """Return a length such as ``"3.5in"``, ``"85mm"`` or ``"9cm"`` in inches."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(in|cm|mm)?\s*", text)
    if not match or not 1 <= (length := float(match[1]) * INCHES_PER[match[2] or "in"]) <= 20:
        raise ConfigError(f"--width: expected 1 to 20 inches, e.g. 3.5in or 85mm, got {text!r}.")
    return length
