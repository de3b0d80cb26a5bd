"""Calls of presence, which every process hears and no table keeps."""

from collections.abc import Collection
from typing import Final

import orjson

from db.pool import Connection

CHANNEL: Final = "presence"
"""the channel of notifications; the payload is the officer, a session of theirs, and the subjects, as JSON"""


async def announce(connection: Connection, officer_id: str, session: str, subjects: Collection[str]) -> None:
    """Tell every process what an officer looks at in one session. A call without subjects ends it."""
    await connection.execute(
        "SELECT pg_notify($1, $2)", CHANNEL, orjson.dumps([officer_id, session, sorted(subjects)]).decode()
    )
