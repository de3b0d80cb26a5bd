"""Keeping what a bank says over its own API, byte for byte, and binding it to the log of the case that it speaks of."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from activities.banks.signed_requests import folder_of, kept_files, signed_now
from activities.context import Hands
from db.banks import bank_keys, received_bodies
from db.banks.bank_keys import SignedBy
from db.cases import events
from db.cases.events import Event
from domain.evidence.pack import binding
from schemas.banks.keys import BankKey
from schemas.enums import ChannelKind, EventKind


async def keep_body(
    hands: Hands, institution: str, channel: ChannelKind, body: bytes, headers: Sequence[tuple[str, str]] = ()
) -> bytes:
    """Keep what came on the I4C wire or in a file, before anything is made of it; returns its SHA-256."""
    async with hands.pool.acquire() as connection:
        await received_bodies.keep(connection, institution, channel, hands.now(), headers, body)
    return hashlib.sha256(body).digest()


async def keep_words(
    hands: Hands,
    institution: str,
    method: str,
    path: str,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    *,
    about: UUID | None = None,
    key: BankKey | None = None,
    origin: str | None = None,
) -> int:
    """Keep a request of `institution` before anything is made of it; returns its number.

    `key` has signed it, over our address `origin`. What it says of a request, an order or a grievance of the bank's own
    enters the case's log with the SHA-256 of every file that the evidence pack will have of it.
    """
    now = hands.now()
    signed = signed_now(method, path, headers, origin, key) if key else None
    by = SignedBy(signed.key_id, signed.signature, signed.base) if signed else None
    async with hands.pool.acquire() as connection, connection.transaction():
        case_no = await bank_keys.case_about(connection, institution, about) if about else None
        evidence_id = await bank_keys.keep_evidence(
            connection, institution, now, method, path, headers, body, about, by
        )
        if case_no is not None:
            folder = folder_of(evidence_id)
            files = kept_files(method, path, headers, body, signed)
            bound = binding({f"{folder}/{name}": content for name, content in files.items()})
            data = {"evidence_id": evidence_id, "institution": institution, "bound": bound}
            await events.append(connection, case_no, now, f"bank:{institution}", [Event(EventKind.BANK_SPOKE, data)])
    return evidence_id
