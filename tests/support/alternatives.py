"""Which pictures of an executed notebook say nothing to somebody who cannot see them."""

import re

SHORTEST = 40
"""Characters. Shorter ones name a picture; they do not say what it shows."""


def pictures_without_text(notebook):
    """Return a line for every picture whose text alternative is missing or too short to tell."""
    found = []
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            data, page = output.get("data", {}), output.get("data", {}).get("text/html", "")
            texts = []
            if "image/png" in data:
                texts.append(output.get("metadata", {}).get("image/png", {}).get("alt", ""))
                texts += [] if "<img" in page else [""]
            for picture in re.findall(r"<img\b[^>]*>", page):
                texts += [(re.search(r'\balt="([^"]*)"', picture) or ["", ""])[1]]
            found += [f"cell {number}: {text!r}" for text in texts if len(text) < SHORTEST]
    return found
