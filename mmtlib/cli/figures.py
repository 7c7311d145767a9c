"""``mmt figures``: the paper's figures and the study's tables, from what is stored."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from mmtlib.cli import show
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
) -> None:
    """Write the figures and tables of the gallery, each with its caption and where it is from."""
    if gallery:
        _page(Path("docs"))
        return
    inches = None if width is None else _inches(width)
    from mmtlib.experiment import load_run
    from mmtlib.gallery import Drawn, NotStored, write_gallery

    chosen = load_run(run) if run is not None else None
    drawn, tables, left_out = 0, 0, []
    with show.bar("figures") as progress:
        for found in write_gallery(
            out, formats=_names(formats), only=only, width=inches, run=chosen, progress=progress
        ):
            if isinstance(found, NotStored):
                left_out.append(str(found))
                continue
            drawn += isinstance(found, Drawn)
            tables += not isinstance(found, Drawn)
            if isinstance(found, Drawn) and inches is not None and found.width > inches:
                show.console.print(
                    f"{found.entry.name}: made {found.width:g} inches wide to be read",
                    soft_wrap=True,
                )
    for reason in left_out:
        show.console.print(f"left out: {reason}", soft_wrap=True)
    captions = f", captions in {out / 'captions.md'}" if drawn else ""
    show.console.print(f"{drawn} figures and {tables} tables in {out}{captions}", soft_wrap=True)


def _page(docs: Path) -> None:
    from mmtlib.gallery import GALLERY, NotStored, write_page

    left_out = []
    with show.bar("figures") as progress:
        for number, found in enumerate(write_page(docs), 1):
            progress(number, len(GALLERY))
            if isinstance(found, NotStored):
                left_out.append(f"left out: {found}")
    show.console.print("\n".join([*left_out, f"written: {docs / 'gallery.md'}"]), soft_wrap=True)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _inches(text: str) -> float:
    """Return a length such as ``"3.5in"``, ``"85mm"`` or ``"9cm"`` in inches."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(in|cm|mm)?\s*", text)
    if not match or not 1 <= (length := float(match[1]) * INCHES_PER[match[2] or "in"]) <= 20:
        raise ConfigError(f"--width: expected 1 to 20 inches, e.g. 3.5in or 85mm, got {text!r}.")
    return length
