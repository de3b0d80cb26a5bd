"""Waivers of the time to object: each holder's document, a message to the holder, and time to contradict."""

from datetime import timedelta
from uuid import UUID

from activities.banks.bodies import stored_sealer
from activities.context import Context
from activities.recovery import restoration_messages
from activities.recovery.restoration_decisions import decision, refuse_undecided
from db.privacy.sealed_documents import WAIVER
from db.recovery import hearing_waivers
from domain.errors.restoration import HoldNotOfRestoration, NoticeNotServed, WaiverNeedsDocument, WaiverRecorded
from schemas.enums import ProcedureKind
from schemas.events import EventKind
from schemas.recovery.restorations import Acting, NoticeWaived, RestorationDone, RestorationVerb


async def waive_notice(
    ctx: Context, restoration_id: UUID, waived: NoticeWaived, by: Acting, appeal_address: str = ""
) -> RestorationDone:
    """Record that the holder of one hold waives the rest of the time to object, and tell the holder.

    When the holder of every hold with money has waived, the step is due when the last of them can contradict no more,
    if that is earlier. An objection or a grievance stops it as at any time. Raises as `end_step`. Raises `NotNow`
    without the document or the hold, for a holder without a notice, and if an objection or a grievance is undecided.
    """
    async with decision(ctx, restoration_id, RestorationVerb.WAIVE_NOTICE, waived, by) as work:
        connection, row, lines = work.connection, work.row, await work.lines()
        await refuse_undecided(work)
        holds = {line.hold_id: line for line in lines}
        hold_id = waived.hold_id or (next(iter(holds)) if len(holds) == 1 else None)
        if waived.document is None or hold_id is None:
            raise WaiverNeedsDocument
        if hold_id not in holds:
            raise HoldNotOfRestoration(hold_id)
        if not await hearing_waivers.is_served(connection, restoration_id, row.visit_no, hold_id):
            raise NoticeNotServed
        seconds = ctx.policy.restoration.waiver_contradiction_seconds / ctx.procedure_clock_factor
        until = work.now + timedelta(seconds=seconds)
        sealer = await stored_sealer(ctx.persons, connection, work.case_no)
        document = sealer.document(WAIVER, waived.document)
        digest = await hearing_waivers.insert(
            connection, restoration_id, row.visit_no, hold_id, document, waived.reason, by.actor, work.now, until
        )
        if digest is None:
            raise WaiverRecorded(hold_id)
        await work.log(
            EventKind.HEARING_WAIVED,
            hold_id=str(hold_id),
            institution=holds[hold_id].institution,
            document_digest=digest,
            contradict_until=until.isoformat(),
            reason=waived.reason,
        )
        await restoration_messages.hearing_waived(connection, ctx, row, lines, hold_id, until, appeal_address, work.now)
        recorded = await hearing_waivers.of_visit(connection, restoration_id, row.visit_no)
        heard = {line.hold_id for line in lines if line.free_paise}
        if heard <= {one.hold_id for one in recorded}:
            last = max(one.contradict_until for one in recorded)
            await hearing_waivers.end_by(connection, restoration_id, last, work.now)
            await work.notify(ProcedureKind.RESTORATION, restoration_id)
    return work.done()
