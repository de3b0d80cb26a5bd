"""The accounts that an approval credits. The officer who decides reads the same ones that the orders name."""

from collections.abc import Sequence
from uuid import UUID

from activities.context import Context
from db.pool import Connection
from db.recovery import credit_accounts, files, restoration_facts
from schemas.identifiers import IFSC_PATTERN
from schemas.recovery.officer_steps import CreditedAccount, CreditedAccounts
from schemas.recovery.orders import Beneficiary


async def by_hop(
    ctx: Context, connection: Connection, ack_no: str, case_no: str, hop_nos: Sequence[int]
) -> dict[int, Beneficiary]:
    """Return by hop the account that the victim paid from, or the replacement that two officers confirmed."""
    instead = await credit_accounts.standing(connection, ack_no)
    if instead is not None:
        to = Beneficiary(institution=instead.institution, holder=instead.account, ifsc=instead.ifsc)
        return dict.fromkeys(hop_nos, to)
    directory = ctx.directory.current
    found = {}
    for payer in await restoration_facts.payers(connection, case_no, hop_nos):
        known, _ = directory.resolve(payer.institution_as_told, payer.ifsc, payer.holder, "payer")
        institution = known.code if known else payer.institution_as_told
        ifsc = (payer.ifsc or "").strip().upper()
        found[payer.hop_no] = Beneficiary(
            institution=institution, holder=payer.holder, ifsc=ifsc if IFSC_PATTERN.fullmatch(ifsc) else ""
        )
    return found


async def credited(ctx: Context, restoration_id: UUID) -> CreditedAccounts:
    """Return in full the accounts that an approval would credit. Raises `RestorationNotFound`."""
    async with (
        ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        of = await files.hops(connection, restoration_id)
        found = await by_hop(ctx, connection, of.ack_no, of.case_no, of.hop_nos)
    accounts = {(one.institution, one.holder, one.ifsc or None) for one in found.values()}
    return CreditedAccounts(
        items=tuple(
            CreditedAccount(institution=institution, account=holder, ifsc=ifsc)
            for institution, holder, ifsc in sorted(accounts, key=str)
        )
    )
