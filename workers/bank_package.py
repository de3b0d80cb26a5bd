"""Read the public package of banks, from its archive or from a folder, within limits.

Nothing is written to disk, and only the needed files are kept in memory.
"""

import gzip
import tarfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final, cast

import orjson

from domain.banks.public_banks import Package, PackageRefused

NAMES: Final = "banknames.json"
BRANCHES: Final = "IFSC.json"
WANTED: Final = frozenset({NAMES, "banks.json", "sublet.json", "custom-sublets.json", BRANCHES})

MAX_FILE_BYTES: Final = 32 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 256 * 1024 * 1024
MAX_MEMBERS: Final = 5_000


class _Bounded:
    """A stream that fails at a limit, because a small archive can unpack to any size."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream
        self._left = MAX_UNPACKED_BYTES

    def read(self, size: int) -> bytes:
        """Read like a file."""
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise PackageRefused(f"unpacks to more than {MAX_UNPACKED_BYTES // 1024**2} MB")
        return data


def read_package(path: Path) -> Package:
    """Read the package at `path`. Raises `PackageRefused` with the reason, and `OSError`."""
    files = _of_folder(path) if path.is_dir() else _of_archive(path)
    if NAMES not in files:
        raise PackageRefused(f"{path}: contains no {NAMES}")
    content = {name: _object(name, data) for name, data in files.items()}
    return Package(
        names=content[NAMES],
        banks=content.get("banks.json", {}),
        ranges=content.get("sublet.json", {}),
        own_ranges=content.get("custom-sublets.json", {}),
        with_branches=frozenset(content.get(BRANCHES, {})),
    )


def read_overrides(path: Path) -> list[Mapping[str, Any]]:
    """Read a file of overrides, a JSON list of objects. Raises `PackageRefused` and `OSError`."""
    with path.open("rb") as opened:
        content = _json(path.name, _bounded(path.name, opened))
    if not isinstance(content, list) or not all(isinstance(item, dict) for item in content):
        raise PackageRefused(f"{path.name}: not a JSON list of objects")
    return content


def _of_folder(path: Path) -> dict[str, bytes]:
    files = {}
    for name in sorted(WANTED):
        places = (path / name, path / "src" / name, path / "package" / "src" / name)
        first_place = next((place for place in places if place.is_file()), None)
        if first_place is not None:
            with first_place.open("rb") as opened:
                files[name] = _bounded(name, opened)
    return files


def _of_archive(path: Path) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    try:
        # For a stream that is read from front to back, `tarfile` needs `read` only.
        with gzip.open(path) as packed, tarfile.open(fileobj=cast(IO[bytes], _Bounded(packed)), mode="r|") as archive:
            for count, member in enumerate(archive, 1):
                if count > MAX_MEMBERS:
                    raise PackageRefused(f"contains more than {MAX_MEMBERS} files")
                name = PurePosixPath(member.name).name
                if name not in WANTED or not member.isreg():
                    continue
                if name in files:
                    raise PackageRefused(f"contains {name} twice")
                opened = archive.extractfile(member)
                assert opened is not None, "a regular file can be read"
                files[name] = _bounded(name, opened)
    except (tarfile.TarError, EOFError, gzip.BadGzipFile) as error:
        raise PackageRefused(f"{path}: neither a folder nor a readable .tgz archive") from error
    return files


def _bounded(name: str, opened: IO[bytes]) -> bytes:
    data = opened.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise PackageRefused(f"{name}: larger than {MAX_FILE_BYTES // 1024**2} MB")
    return data


def _object(name: str, data: bytes) -> dict[str, Any]:
    content = _json(name, data)
    if not isinstance(content, dict):
        raise PackageRefused(f"{name}: not a JSON object")
    return content


def _json(name: str, data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        raise PackageRefused(f"{name}: not JSON") from None
