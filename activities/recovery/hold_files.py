"""File on a hold as an officer who decides on it reads it."""

from uuid import UUID

from activities.context import Context
from db.case import events
from db.pool import Connection
from db.recovery import firs, grievances, hold_files, hold_views, release_proposals
from domain.recovery.grievances import GrievanceAtLevel
from domain.recovery.second_officers import HoldAsked, barred
from schemas.identifiers import account_end
from schemas.recovery.holds import HoldFile, HoldView
from schemas.recovery.police import CaseDuty
from schemas.recovery.restorations import Acting


async def read_hold_file(ctx: Context, hold_id: UUID, reader: Acting) -> HoldFile:
    """Return the file on a hold, with the acts that another officer than the reader has to do. Raises `NotFound`."""
    async with ctx.pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        view = await hold_views.get(connection, hold_id, ctx.now())
        open_appeals = await grievances.open_about(connection, hold_id)
        grievance_id = open_appeals[0] if open_appeals else None
        transfers, more = await hold_files.transfers(connection, hold_id)
        return HoldFile(
            hold=view,
            last_event_seq=await events.last_seq(connection, view.case_ack_no),
            account_end=account_end(await hold_files.account_key(connection, hold_id)),
            grievance_id=grievance_id,
            transfers=transfers,
            more_transfers=more,
            claims=await hold_files.claims(connection, hold_id),
            barred=barred(reader, await _asked(ctx, connection, view, grievance_id)),
        )


async def _asked(ctx: Context, connection: Connection, view: HoldView, grievance_id: UUID | None) -> HoldAsked:
    """Return what the rules of four eyes need to know of a hold."""
    io = await firs.officer(connection, view.case_ack_no, CaseDuty.IO)
    row = await grievances.find(connection, grievance_id) if grievance_id else None
    appeal = None
    if row is not None:
        deciders = await grievances.deciders(connection, row.grievance_id)
        appeal = GrievanceAtLevel(state=row.state, level=row.level, deciders=deciders)
    return HoldAsked(
        investigates=io.subject if io else None,
        tellers=await release_proposals.told_about(connection, view.hold_id),
        waits_for_small=view.small and view.small_hold_decision is None and view.state == "held",
        grievance=appeal,
        proposal=await release_proposals.waiting(connection, view.hold_id, ctx.now()),
    )
