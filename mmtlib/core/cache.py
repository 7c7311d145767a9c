"""Where everything that can be made again is kept, and who may write there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

SHIPPED = Path(__file__).resolve().parents[1] / "stored"
"""Results and runs that come with the package: read beside the cache's own, never written to."""


def cache_dir(*parts: str) -> Path:
    """Return a folder of the cache; whoever writes there makes it, whoever reads needs no more.

    The cache is the folder named by the environment variable ``MMTLIB_CACHE``, or the platform's
    own cache folder for ``mmtlib``. It may be deleted at any time: all of it can be made again.

    Args:
        parts: names of folders below the cache.
    """
    root = os.environ.get("MMTLIB_CACHE") or platformdirs.user_cache_dir("mmtlib", appauthor=False)
    return Path(root).expanduser().joinpath(*parts)


@contextmanager
def temporary_cache() -> Iterator[Path]:
    """Use an empty cache while the block runs, here and in processes started by it.

    It is deleted afterwards; what the cache of before holds is not read.
    """
    before = os.environ.get("MMTLIB_CACHE")
    with tempfile.TemporaryDirectory(prefix="mmtlib-") as folder:
        os.environ["MMTLIB_CACHE"] = folder
        try:
            yield Path(folder)
        finally:
            if before is None:
                del os.environ["MMTLIB_CACHE"]
            else:
                os.environ["MMTLIB_CACHE"] = before
