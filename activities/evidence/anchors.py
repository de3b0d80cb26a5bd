"""Lists of the last hashes of case logs, written to files that appear when they are complete.

A list whose name ends with `.gz` is compressed with gzip.
"""

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, aclosing, contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple, cast

from db.case.events import heads
from db.pool import Connection

PRIVATE_FILE_MODE: Final = 0o600
GZIP_SUFFIX: Final = ".gz"
GZIP_LEVEL: Final = 1
"""A list is mostly hashes, whose digits get no shorter at a higher level."""
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS
"""asks zlib for the format of gzip"""


class Anchor(NamedTuple):
    """A list that was written."""

    cases: int
    digest: str
    """SHA-256 of the list, as it is before it is compressed"""


@contextmanager
def draft(target: Path) -> Iterator[IO[bytes]]:
    """Open a private file that replaces `target` when complete, and is deleted otherwise."""
    path = target.with_name(f".{target.name}.{os.getpid()}")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, PRIVATE_FILE_MODE)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        path.replace(target)
    finally:
        path.unlink(missing_ok=True)


async def write_anchor(connection: Connection, target: Path) -> Anchor:
    """Write the last hash of every case log to `target`, from one snapshot. Raises OSError."""
    cases, digest = 0, hashlib.sha256()
    with draft(target) as file, ExitStack() as stack:
        written: IO[bytes] = file
        if target.suffix == GZIP_SUFFIX:
            # Without a time and a name the same list is the same file.
            zipped = gzip.GzipFile("", "wb", GZIP_LEVEL, file, mtime=0)
            written = cast("IO[bytes]", stack.enter_context(zipped))
        async with (
            connection.transaction(isolation="repeatable_read", readonly=True),
            aclosing(heads(connection)) as lines,
        ):
            async for line in lines:
                text = f"{line}\n".encode()
                written.write(text)
                digest.update(text)
                cases += 1
    return Anchor(cases, digest.hexdigest())


def list_text(content: bytes, most_bytes: int) -> str:
    """Return the text of a list, compressed or not, cut to so many bytes. Raises ValueError for a broken file."""
    if content.startswith(_GZIP_MAGIC):
        try:
            content = zlib.decompressobj(_GZIP_WINDOW).decompress(content, most_bytes)
        except zlib.error as error:
            raise ValueError("the list is compressed, and broken") from error
    return content[:most_bytes].decode("ascii", "replace")
