"""Storage of what banks send and fetch, byte for byte and sealed, with its digests in the case log."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from activities.banks.bodies import BodySealer, sealer_of_case
from activities.banks.exchanges import keep_each
from activities.banks.signed_requests import folder_of, kept_files, signed_now
from activities.case.transaction import CaseTransaction
from activities.context import Context
from adapters.transcript import Sending
from db.banks import bank_exchanges, bank_keys, received_bodies
from db.banks.bank_keys import SealedStatement, SignedBy
from db.banks.received_bodies import ReceivedBody
from db.pool import Connection
from db.privacy.body_keys import BODY, CaseKey
from domain.evidence_binding import binding
from schemas.banks.exchanges import About
from schemas.banks.keys import BankKey
from schemas.base import FrozenModel
from schemas.enums import ChannelKind
from schemas.events import EventKind


@asynccontextmanager
async def kept_if_refused(
    ctx: Context, institution: str, received: ReceivedBody, junk: tuple[type[Exception], ...] = ()
) -> AsyncIterator[None]:
    """Run a block that stores the body with what it writes. If it raises, the body is stored by itself.

    So the evidence has every body, also one that cannot be processed. After an error in `junk` the caller stores it.
    """
    try:
        yield
    except junk:
        raise
    except BaseException:
        await keep_body(ctx, institution, received)
        raise


async def keep_body(ctx: Context, institution: str, received: ReceivedBody) -> None:
    """Store a body from the I4C wire or from a file, of no known case or of several."""
    async with ctx.pool.acquire() as connection:
        sealer = await _sealer_of_bank(ctx, connection, institution)
        await received_bodies.keep(connection, institution, sealer.received(received))


async def _sealer_of_bank(ctx: Context, connection: Connection, institution: str) -> BodySealer:
    return await ctx.bank_sealers.of_bank(ctx.persons, connection, institution, ctx.now())


async def keep_statement(
    ctx: Context,
    institution: str,
    method: str,
    path: str,
    headers: Sequence[tuple[str, str]],
    body: bytes,
    *,
    about: UUID | None = None,
    key: BankKey | None = None,
    origin: str | None = None,
    bank_person_id: UUID | None = None,
) -> int:
    """Store a request of `institution` before it is processed; return its number.

    `key` has signed the request for our address `origin`. If the request is about a hold request, an inquiry, an order
    or a grievance of this bank, the case log gets digests: the SHA-256 of each file of it in the evidence pack.
    """
    signed = signed_now(method, path, headers, origin, key) if key else None
    by = SignedBy(signed.key_id, signed.signature, signed.base) if signed else None
    async with ctx.pool.acquire() as connection, connection.transaction():
        concerned = await bank_keys.lock_case_of(connection, institution, about) if about else None
        if concerned:
            sealer = sealer_of_case(ctx.persons, CaseKey(case_no=concerned.head.case_no, key=concerned.key))
        else:
            sealer = await _sealer_of_bank(ctx, connection, institution)
        sealed = SealedStatement(sealer.key, sealer.body(BODY, body))
        evidence_id = await bank_keys.keep_evidence(
            connection, institution, method, path, headers, sealed, about, by, bank_person_id
        )
        if concerned:
            folder = folder_of(evidence_id)
            files = kept_files(method, path, headers, body, signed)
            bound = binding({f"{folder}/{name}": content for name, content in files.items()})
            work = CaseTransaction(ctx, connection, concerned.head, f"bank:{institution}")
            await work.log(EventKind.BANK_SPOKE, evidence_id=evidence_id, institution=institution, bound=bound)
    return evidence_id


_AS: Final = {About.HOLD_REQUEST: "hold", About.ORDER: "order", About.PAYER_INQUIRY: "inquiry"}


async def keep_served(
    ctx: Context, about: About, entries: Mapping[UUID, FrozenModel], keys: Mapping[UUID, CaseKey] | None = None
) -> None:
    """Store these entries as they stand in the reply. This happens before the bank gets them, so none is lost.

    A caller that knows the `keys` of their cases saves one query.
    """
    if not entries:
        return
    now = ctx.now()
    served = [
        Sending(f"FEED {_AS[about]} {subject}", (), entry.model_dump_json().encode(), at=now).exchange(ChannelKind.PULL)
        for subject, entry in entries.items()
    ]
    async with ctx.pool.acquire() as connection:
        if keys is None:
            keys = await bank_exchanges.keys_of(connection, about, entries.keys())
        await keep_each(ctx, connection, about, list(entries), served, keys)
