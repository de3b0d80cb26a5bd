"""Who changed what of the directory, and which secrets each institution has."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from db.pool import Connection
from schemas.banks.keys import BankKey
from schemas.base import FrozenModel
from schemas.changes import Change
from schemas.enums import ChannelKind

_SECRETS: Final = """
SELECT i.code, i.inbound_email, i.inbound_password_hash IS NOT NULL AS has_password,
    ARRAY(SELECT c.channel FROM institution_channel c WHERE c.institution = i.code AND c.sealed IS NOT NULL
        ORDER BY c.channel) AS channels
FROM institution i WHERE i.code = ANY($1)
"""


class KnownSecrets(FrozenModel):
    """Which secrets an institution has."""

    login_email: str | None
    has_password: bool
    channels: tuple[ChannelKind, ...]
    """channels with credentials"""


async def secrets_of(connection: Connection, codes: Sequence[str]) -> dict[str, KnownSecrets]:
    """Return which secrets these institutions have, by code."""
    rows = await connection.fetch(_SECRETS, list(codes))
    return {
        row["code"]: KnownSecrets(
            login_email=row["inbound_email"], has_password=row["has_password"], channels=tuple(row["channels"])
        )
        for row in rows
    }


async def keys_of(connection: Connection, codes: Sequence[str]) -> dict[str, list[BankKey]]:
    """Return the keys of these institutions, by code."""
    rows = await connection.fetch(
        "SELECT key_id, institution, public_key, not_before, not_after FROM bank_key WHERE institution = ANY($1)"
        " ORDER BY not_before, key_id",
        list(codes),
    )
    found: dict[str, list[BankKey]] = {}
    for row in rows:
        found.setdefault(row["institution"], []).append(BankKey(**dict(row)))
    return found


async def write(
    connection: Connection, kind: str, changes: Mapping[str, Sequence[Change]], now: datetime, actor: str
) -> None:
    """Write one event for each institution that is changed."""
    await connection.executemany(
        "INSERT INTO directory_event (at, actor, kind, institution, changes) VALUES ($1, $2, $3, $4, $5)",
        [
            (now, actor, kind, code, [one.model_dump() for one in changed])
            for code, changed in changes.items()
            if changed
        ],
    )
