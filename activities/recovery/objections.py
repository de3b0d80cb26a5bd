"""Objections to a restoration: officers receive and decide them, and an upheld one releases only what it names.

That release waits as every other: the victim is heard, and it is confirmed. The objection is undecided until then.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from activities.case.transaction import CaseTransaction
from activities.context import Context
from activities.recovery.order_releases import Releasable, drop_proposal, notify_hold_workflows, order_release
from activities.recovery.payer_decisions import agree_to_release, propose_release
from activities.recovery.restoration_deadlines import end
from activities.recovery.restoration_decisions import decision
from activities.recovery.restoration_transitions import Work, ask, go_back, notify_appealed_holds
from db.pool import Connection
from db.privacy import person_keys
from db.privacy.person_keys import SealedText
from db.recovery import account_holds, free_amounts, officer_steps, release_proposals, restorations
from db.recovery.account_holds import AccountHold
from db.recovery.officer_steps import ObjectionRow
from db.recovery.restorations import Line
from domain.errors.recovery import DeciderTold, HoldKeptByCourt
from domain.errors.restoration import (
    HoldNotOfRestoration,
    ObjectionAlreadyDecided,
    ObjectionNeedsHold,
    ObjectionNeedsSecondOfficer,
    ReleaseDiffers,
)
from domain.recovery.procedure import RELEASED_FOR, back_to
from schemas.enums import ProcedureKind
from schemas.events import EventKind
from schemas.identifiers import is_same_person, person_of
from schemas.officers.officers import Acting
from schemas.recovery.orders import NewOrderLine, ReleaseProposal
from schemas.recovery.restorations import NewObjection, ObjectionDecided, RestorationDone
from schemas.restoration_enums import (
    ObjectionBy,
    ObjectionDecision,
    OrderReason,
    RestorationState,
    RestorationVerb,
    StepOutcome,
)


async def receive_objection(ctx: Context, restoration_id: UUID, new: NewObjection, by: Acting) -> RestorationDone:
    """Record an objection. Steps that it could change wait for its decision.

    Raises as `end_step`. Raises `NotNow` for a hold of another restoration, and if a holder or a bank names none of
    several holds.
    """
    async with decision(ctx, restoration_id, RestorationVerb.OBJECT, new, by) as work:
        connection, lines = work.connection, await work.lines()
        if new.hold_id is not None and new.hold_id not in {line.hold_id for line in lines}:
            raise HoldNotOfRestoration(new.hold_id)
        named = new.model_copy(update={"hold_id": _hold_of(new.by_whom, new.hold_id, lines)})
        sealed = await _sealed(work, named)
        objection_id = await officer_steps.insert(connection, restoration_id, named, work.now, by.actor, sealed)
        hold = str(named.hold_id) if named.hold_id else None
        await work.log(EventKind.OBJECTION_RECEIVED, objection_id=objection_id, by_whom=new.by_whom.value, hold_id=hold)
        await ask(work)
        await work.notify(ProcedureKind.RESTORATION, restoration_id)
    return work.done(objection_id)


async def _sealed(work: Work, new: NewObjection) -> SealedText:
    """Seal the text of an objection under the key of the account holder or of the victim.

    It is the victim's if the victim objects, or if no hold is named. If that key is destroyed, the objection gets a key
    of its own, because it must stop the payout.
    """
    persons, use = work.ctx.persons, officer_steps.use_of_text(work.row.restoration_id)
    if new.hold_id is not None and new.by_whom is not ObjectionBy.VICTIM:
        return persons.seal_new(await person_keys.of_hold(work.connection, new.hold_id), new.text, use)
    victim = await person_keys.of_complaint(work.connection, work.row.ack_no)
    assert victim is not None, "a restoration is of a complaint"
    if not victim.is_erased:
        return persons.seal_new(victim, new.text, use)
    own = persons.new_key()
    await person_keys.insert(work.connection, own, work.now)
    return persons.seal_new(own, new.text, use)


def _hold_of(by_whom: ObjectionBy, hold_id: UUID | None, lines: Sequence[Line]) -> UUID | None:
    """Return the hold that an objection is about; None where it releases nothing. Raises `ObjectionNeedsHold`.

    A holder or a bank that names no hold means the only one.
    """
    if hold_id is not None or by_whom not in RELEASED_FOR:
        return hold_id
    hold_ids = {line.hold_id for line in lines}
    if len(hold_ids) != 1:
        raise ObjectionNeedsHold(len(hold_ids))
    return hold_ids.pop()


async def decide_objection(
    ctx: Context, restoration_id: UUID, decided: ObjectionDecided, by: Acting
) -> RestorationDone:
    """Decide an objection.

    To uphold an objection of a holder or a bank proposes to release the money of the hold that it names, and it is
    upheld when that is confirmed. With nothing left the restoration is refused. An upheld objection of anyone else
    sends the restoration back for correction. A dismissed one drops its release that waits.
    Raises as `end_step`, `NotFound` for an objection to another restoration, and `SameEyes` if an officer who recorded
    it or told a thing about the hold would release money. Raises `NotNow` if it is decided already, if a release of the
    hold waits, if the officer saw other amounts, or if a court's order retains the hold to release.
    """
    async with decision(ctx, restoration_id, RestorationVerb.DECIDE_OBJECTION, decided, by) as work:
        connection, objection_id = work.connection, decided.objection_id
        objection = await officer_steps.get(connection, restoration_id, objection_id)
        if objection.decision is not None:
            raise ObjectionAlreadyDecided(objection_id, objection.decision)
        upheld = decided.decision is ObjectionDecision.UPHELD
        if upheld and objection.by_whom in RELEASED_FOR and is_same_person(by.actor, objection.received_by):
            raise ObjectionNeedsSecondOfficer(by.actor)
        to_release = await _lines_to_release(work, objection, decided) if upheld else []
        if any(line.not_ordered_paise for line in to_release):
            await _propose(work, objection, to_release, decided.reason)
            return work.done(objection_id)
        if objection.hold_id is not None:
            await _drop_release(work, objection.hold_id, objection_id)
        await _end(work, objection, to_release, decided.decision, decided.reason, by.actor)
    return work.done(objection_id)


async def _propose(work: Work, objection: ObjectionRow, lines: Sequence[Line], reason: str) -> None:
    """Propose the release of these lines. Raises as `decide_objection`."""
    assert objection.hold_id is not None, "lines to release are of the hold that the objection names"
    if person_of(work.actor) in await release_proposals.told_about(work.connection, objection.hold_id):
        raise DeciderTold(work.actor)
    hold = await account_holds.get(work.connection, objection.hold_id)
    wanted = _releasable(work, lines)
    await propose_release(work, hold, wanted, reason, objection_id=objection.objection_id)


def _releasable(work: Work, lines: Sequence[Line]) -> Releasable:
    to_order = tuple(
        NewOrderLine(hop_no=line.hop_no, hold_id=line.hold_id, amount_paise=line.not_ordered_paise)
        for line in lines
        if line.not_ordered_paise
    )
    return Releasable(to_order, {work.row.ack_no: sum(line.amount_paise for line in to_order)})


async def _drop_release(work: Work, hold_id: UUID, objection_id: int) -> None:
    waits = await release_proposals.waiting(work.connection, hold_id, work.now)
    if waits is not None and waits.objection_id == objection_id:
        await drop_proposal(work, hold_id, f"objection {objection_id} is decided")


async def uphold_with_release(case: CaseTransaction, hold: AccountHold, proposal: ReleaseProposal, reason: str) -> None:
    """Uphold the objection of a release that is confirmed now, as its proposer decided, and order the release.

    Raises `NotNow` while the victims are heard, if more is free than was proposed, and if a court's order retains the
    hold. Raises `SameEyes` for an officer who may not confirm it.
    """
    assert proposal.objection_id is not None, "the caller has seen it"
    restoration_id = await officer_steps.restoration_of(case.connection, proposal.objection_id)
    work = Work.of(case, row=await restorations.lock(case.connection, restoration_id))
    objection = await officer_steps.get(case.connection, restoration_id, proposal.objection_id)
    lines = [line for line in await work.lines() if line.hold_id == hold.hold_id]
    to_release = _releasable(work, lines)
    await agree_to_release(work, proposal, to_release.paise, reason)
    await _refuse_retained(work.connection, lines)
    await _end(work, objection, lines, ObjectionDecision.UPHELD, proposal.reason, proposal.proposed_by)
    await order_release(work, hold, OrderReason.OBJECTION, to_release.lines)
    await notify_hold_workflows(work, hold)


async def _end(
    work: Work, objection: ObjectionRow, lines: Sequence[Line], decided: ObjectionDecision, reason: str, by: str
) -> None:
    """Write the decision of the officer `by`, take these lines out, and move the restoration as it demands."""
    connection, objection_id = work.connection, objection.objection_id
    await officer_steps.decide(connection, objection_id, decided, work.now, by, reason)
    await work.log(
        EventKind.OBJECTION_DECIDED,
        objection_id=objection_id,
        decision=decided.value,
        reason=reason,
        let_go=[[line.hop_no, line.not_ordered_paise] for line in lines if line.not_ordered_paise],
    )
    if lines:
        await _take_out(work, lines, objection_id)
    why = f"objection {objection_id} is upheld"
    if decided is ObjectionDecision.UPHELD and objection.by_whom not in RELEASED_FOR:
        await _send_back_to_correct(work, why)
    elif lines and not any(line.free_paise for line in await work.lines()):
        await end(work, RestorationState.REFUSED, StepOutcome.REFUSED, why)
    await work.notify(ProcedureKind.RESTORATION, work.row.restoration_id)


async def _lines_to_release(work: Work, objection: ObjectionRow, decided: ObjectionDecided) -> list[Line]:
    """Return the lines that an upheld objection releases. Raises `NotNow` as `decide_objection` says."""
    if objection.by_whom not in RELEASED_FOR:
        return []
    lines = await work.lines()
    sums = officer_steps.releases(lines, objection.hold_id)
    if {release.hold_id: release.paise for release in decided.releases if release.paise} != sums:
        raise ReleaseDiffers(_shown(sums))
    to_release = [line for line in lines if line.hold_id == objection.hold_id]
    await _refuse_retained(work.connection, to_release)
    return to_release


def _shown(sums: Mapping[UUID, int]) -> tuple[str, ...]:
    return tuple(f"{hold_id}: {paise}" for hold_id, paise in sums.items())


async def _refuse_retained(connection: Connection, lines: Sequence[Line]) -> None:
    """Raise `HoldKeptByCourt` if the release would touch money that a court's order retains."""
    for hold_id in {line.hold_id for line in lines}:
        wanted_paise = sum(line.not_ordered_paise for line in lines if line.hold_id == hold_id)
        retained_paise = await free_amounts.court_keeps(connection, hold_id)
        held_paise = sum(hop.free_paise for hop in await free_amounts.not_ordered(connection, hold_id))
        if wanted_paise and (retained_paise is None or wanted_paise > held_paise - retained_paise):
            retained_by = next((line.kept_by for line in lines if line.hold_id == hold_id and line.kept_by), "a court")
            raise HoldKeptByCourt(retained_by)


async def _send_back_to_correct(work: Work, reason: str) -> None:
    """Send the restoration back to the step that corrects it. At the application step nothing needs to move."""
    assert work.row.route is not None, "an objection comes after a route is picked"
    to = back_to(work.row.step, None, work.row.route)
    if to is not None:
        await go_back(work, to, reason)


async def _take_out(work: Work, lines: Sequence[Line], objection_id: int) -> None:
    """Take these lines out of the restoration, and undo the preparation for approval."""
    if work.row.prepared_by is not None:
        await restorations.unprepare(work.connection, work.row.restoration_id)
        work.row = work.row.model_copy(update={"prepared_by": None})
    numbers = [line.hop_no for line in lines]
    await officer_steps.take_out(work.connection, work.row.restoration_id, numbers, objection_id)
    await notify_appealed_holds(work)
