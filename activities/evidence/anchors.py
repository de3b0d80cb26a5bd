"""Lists of the last hashes of case logs, written to files that appear when they are complete."""

import os
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple

from activities.evidence.archive import digest_of
from db.cases.events import heads
from db.pool import Connection

PRIVATE_FILE_MODE: Final = 0o600


class Anchor(NamedTuple):
    """A list that was written."""

    cases: int
    digest: str
    """SHA-256 of the list"""


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
    cases = 0
    with draft(target) as file:
        async with (
            connection.transaction(isolation="repeatable_read", readonly=True),
            aclosing(heads(connection)) as lines,
        ):
            async for line in lines:
                file.write(f"{line}\n".encode())
                cases += 1
        return Anchor(cases, digest_of(file))
