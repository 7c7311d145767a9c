"""What the pages of a folder load, link to, and can be linked to."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {"script": "src", "link": "href", "img": "src", "source": "src", "iframe": "src"}
"""Tags that make a browser load something, and the attribute that says what."""


class Page(HTMLParser):
    """One page.

    Attributes:
        loads: addresses that a browser loads with the page.
        links: addresses of links.
        names: what a link can point to inside the page.
        pictures: (address, text alternative or None) of every picture.
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads, self.links, self.names, self.pictures = [], [], {""}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.names |= {found[key] for key in ("id", "name") if found.get(key)}
        if tag in LOADED and found.get(LOADED[tag]):
            self.loads.append(found[LOADED[tag]])
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag == "img":
            self.pictures.append((found.get("src", ""), found.get("alt")))


def pages_of(folder: Path) -> dict[Path, Page]:
    """Return every page below a folder; the theme's templates are none."""
    paths = [path for path in folder.rglob("*.html") if "_static" not in path.parts]
    return {path: Page(path.read_text(encoding="utf-8")) for path in paths}


def outside(folder: Path) -> list[str]:
    """Return what pages and style sheets load from elsewhere, one line each."""
    found = [
        f"{path.name}: {address}"
        for path, page in pages_of(folder).items()
        for address in page.loads
        if urlsplit(address).netloc
    ]
    for path in folder.rglob("*.css"):
        text = path.read_text(encoding="utf-8")
        addresses = re.findall(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""", text)
        found += [f"{path.name}: {address}" for address in addresses]
    return found


def broken(folder: Path) -> list[str]:
    """Return the links and files inside the folder that lead nowhere, one line each."""
    pages, found = pages_of(folder), []
    for path, page in pages.items():
        for address in [*page.links, *page.loads]:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = path if not parts.path else (path.parent / unquote(parts.path)).resolve()
            if not target.is_file():
                found.append(f"{path.name}: {address} is not there")
            elif target in pages and unquote(parts.fragment) not in pages[target].names:
                found.append(f"{path.name}: {address} has no such place")
    return found
