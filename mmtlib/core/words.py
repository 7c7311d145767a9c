"""When two words that were written differently are the same one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping


def word_key(text: str) -> str:
    """Return what is alike for the spellings of one word, as people type them.

    Letter case, Unicode forms (NFKC: composed or not, full width, ligatures), the number of blanks
    and invisible characters make no other word; letters, digits and punctuation do.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    seen = "".join(c for c in plain if unicodedata.category(c) != "Cf")
    return " ".join(seen.split())


def other_spellings(words: Iterable[tuple[int, str]]) -> Mapping[int, tuple[int, str]]:
    """Return where a word is written otherwise than before.

    Args:
        words: (line, word) in the order of the lines.

    Returns:
        The line in which another spelling comes up -> (line, word) of the first one.
    """
    first: dict[str, tuple[int, str]] = {}
    seen: set[str] = set()
    found = {}
    for line, word in words:
        earlier = first.setdefault(word_key(word), (line, word))
        if word not in seen and earlier[1] != word:
            found[line] = earlier
        seen.add(word)
    return found
