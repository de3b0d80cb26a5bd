"""The files of the console, as they were built."""

import gzip
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

FILES: Final = Path(__file__).parents[1] / "console" / "dist"
"""what `requirements/console.py` builds"""
_PAGE: Final = "index.html"
_ASSETS: Final = "assets"
_COMPRESSED: Final = frozenset({".css", ".js", ".svg", ".html"})


@dataclass(frozen=True)
class ConsoleFile:
    """A file of the build, as a browser gets it."""

    media_type: str
    plain: bytes
    compressed: bytes | None
    """the same with gzip, if that is shorter"""


class ConsoleFiles:
    """The files of a build, which are read into memory at the first request."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def page(self) -> ConsoleFile | None:
        """Return the page, or None if the console is not built."""
        return self._files.get(_PAGE)

    def asset(self, name: str) -> ConsoleFile | None:
        """Return a file of the code by its name, or None."""
        return self._files.get(f"{_ASSETS}/{name}")

    @cached_property
    def _files(self) -> Mapping[str, ConsoleFile]:
        paths = [self._folder / _PAGE, *sorted((self._folder / _ASSETS).glob("*"))]
        return {path.relative_to(self._folder).as_posix(): _read(path) for path in paths if path.is_file()}


def _read(path: Path) -> ConsoleFile:
    plain = path.read_bytes()
    compressed = gzip.compress(plain, mtime=0) if path.suffix in _COMPRESSED else plain
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return ConsoleFile(media_type, plain, compressed if len(compressed) < len(plain) else None)
