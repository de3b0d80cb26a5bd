"""The public keys that have signed evidence, former ones too."""

from datetime import datetime

from db.pool import Connection
from db.rows import Rows
from schemas.base import FrozenModel, UtcDatetime


class EvidenceKey(FrozenModel):
    """A public key that verifies evidence."""

    sha256: str
    """its fingerprint: SHA-256 of the key as openssl prints it"""
    pem: str
    first_signed_at: UtcDatetime | None
    """None for a key that has signed nothing yet"""


class EvidenceKeys(FrozenModel):
    """The public keys with which courts verify evidence, the current signing key first."""

    keys: tuple[EvidenceKey, ...]


async def note(connection: Connection, pem: str, at: datetime) -> None:
    """Store a signing key and when it was first used."""
    await connection.execute(
        "INSERT INTO evidence_key (key_sha256, pem, first_signed_at)"
        " VALUES (encode(sha256(convert_to($1, 'UTF8')), 'hex'), $1, $2) ON CONFLICT DO NOTHING",
        pem,
        at,
    )


async def all_of_them(connection: Connection) -> list[EvidenceKey]:
    """Return every key that has signed, the newest first."""
    return await Rows(connection, EvidenceKey).many(
        "SELECT key_sha256 AS sha256, pem, first_signed_at FROM evidence_key ORDER BY first_signed_at DESC, key_sha256"
    )
