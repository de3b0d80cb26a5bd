"""Documents that a test writes into rows itself."""

from typing import NamedTuple
from uuid import UUID

from activities.banks.bodies import stored_sealer
from activities.context import Context
from db.case import firs
from db.privacy.body_keys import FIR_COPY


class Sealed(NamedTuple):
    """The columns of a sealed document: its digest, its key and what is sealed."""

    digest: bytes
    person_id: UUID
    sealed: bytes


async def sealed_document(ctx: Context, case_no: str, kind: str, clear: bytes) -> Sealed:
    """Seal a document of a case. `kind` is what it is, as `db.privacy.body_keys` names it."""
    async with ctx.pool.acquire() as connection:
        sealer = await stored_sealer(ctx.persons, connection, case_no)
    document = sealer.document(kind, clear)
    return Sealed(document.sealed.digest, document.key.person_id, document.sealed.sealed)


async def put_fir_copy(ctx: Context, fir_id: UUID, case_no: str, document: bytes) -> None:
    """Store a copy of a FIR."""
    async with ctx.pool.acquire() as connection:
        sealer = await stored_sealer(ctx.persons, connection, case_no)
        await firs.put_copy(connection, fir_id, sealer.document(FIR_COPY, document))
