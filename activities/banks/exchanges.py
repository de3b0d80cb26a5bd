"""Storage of exchanges with banks, sealed under the keys of their cases."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from activities.banks.bodies import sealer_of_case
from activities.context import Context
from db.banks import bank_exchanges
from db.pool import Connection
from db.privacy.body_keys import CaseKey
from schemas.banks.exchanges import About, Exchange


async def keep(
    ctx: Context, connection: Connection, about: About, subject: UUID, exchanges: Sequence[Exchange]
) -> None:
    """Store the exchanges about a request, an inquiry, an order or a cancellation, in their order. Locks no case."""
    if exchanges:
        known = await bank_exchanges.keys_of(connection, about, [subject])
        await keep_each(ctx, connection, about, [subject] * len(exchanges), exchanges, known)


async def keep_each(
    ctx: Context,
    connection: Connection,
    about: About,
    subjects: Sequence[UUID],
    exchanges: Sequence[Exchange],
    known: Mapping[UUID, CaseKey],
) -> None:
    """Store exchanges as `keep` does, each about its own subject. `known` has the keys of their cases."""
    sealers = {case.case_no: sealer_of_case(ctx.persons, case) for case in known.values()}
    sealed = [
        sealers[known[subject].case_no].exchange(exchange)
        for subject, exchange in zip(subjects, exchanges, strict=True)
    ]
    await bank_exchanges.keep(connection, about, subjects, sealed)
