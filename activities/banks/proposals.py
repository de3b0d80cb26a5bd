"""Changes that one admin proposes and another one decides, and the work items about them.

Changes of officers, teams, the directory and the policy by two admins: one proposes, another one decides. A proposal is
rehearsed: the change is made inside the transaction, what differs is noted, and the change is undone. The agreement
makes the same change. So both meet every check of the command, and the admins see what would happen.

Work items about proposals: one while a proposal waits, and one of the proposer when it is decided. Officers are told of
them as of any work item, each by a setting of their own.
"""

from datetime import datetime, timedelta
from typing import Final

from activities.banks import effects
from activities.banks.effects import ShownOnce, Work
from activities.context import Context
from activities.isolation import repeated
from activities.officers.enrolment import proposal_code_digest
from activities.secrets import new_grouped_code
from db import proposals, task_owners, tasks
from db.banks import proposals as admin_proposals
from db.banks.proposals import StoredProposal
from db.clock import present_moment
from db.officers import callers
from db.pool import Connection
from db.proposals import Decision, Kind
from db.task_owners import Move
from domain.errors.officers import (
    NoAdminNow,
    NothingChanges,
    ProposalDecided,
    ProposalNeedsSecond,
    ProposalOfAnother,
    ProposalOpen,
    ProposalOver,
    ProposalStale,
    ProposerNoAdmin,
    TooManyProposals,
)
from domain.facts import Facts, differences
from schemas.banks.administration import (
    Asked,
    MadeProposal,
    NewProposal,
    Proposal,
    ProposalAnswer,
    ProposalDecision,
    ProposalDetails,
    ProposalKind,
    ProposalState,
)
from schemas.base import Change
from schemas.enums import Role
from schemas.identifiers import is_same_person, person_of
from schemas.tasks import TaskActKind, TaskCause, TaskFacts


class Rehearsed(Exception):
    """The change is undone, because it was a rehearsal."""


@repeated()
async def preview(ctx: Context, asked: Asked, by: str) -> tuple[Change, ...]:
    """Return what a change would be. Raises what the command would refuse it with, and `NothingChanges`."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        now = await present_moment(connection)
        return await _rehearse(Work(ctx, connection, now, by, "", None), effects.settled(asked, now))


@repeated()
async def propose(ctx: Context, new: NewProposal, by: str) -> MadeProposal:
    """Record a change that another admin decides; return it with the code that is shown once.

    Raises as `preview` does, `ProposalOpen` and `TooManyProposals`.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        await proposals.lock(connection, Kind.ADMINISTRATION)
        now = await present_moment(connection)
        asked = effects.settled(new.asked, now)
        await _refuse_no_admin(connection, by)
        await _refuse_open(ctx, connection, asked, by, now)
        changes = await _rehearse(Work(ctx, connection, now, by, new.reason, None), asked)
        subject = effects.subject_of(asked)
        code = new_grouped_code() if effects.new_secrets(asked) else None
        row = proposals.NewProposal(
            kind=Kind.ADMINISTRATION,
            subject=subject,
            matter=asked.kind,
            about_officer=effects.officer_of(asked),
            body=admin_proposals.body_of(asked, changes),
            reason=new.reason,
            proposed_by=by,
            proposed_at=now,
            valid_until=now + timedelta(seconds=ctx.policy.administration.valid_seconds),
            code_digest=proposal_code_digest(subject, code) if code else None,
        )
        written = await proposals.insert(connection, row)
        assert written is not None, "the lock keeps out another one"
        made = (await admin_proposals.get(connection, written.proposal_id)).proposal
        await open_waiting(connection, made.proposal_id, made.kind, now)
        return MadeProposal(**made.model_dump(), code=code)


async def read(ctx: Context, proposal_id: int) -> ProposalDetails:
    """Return a proposal, and whether it is stale. Raises `ProposalNotFound`."""
    async with ctx.pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        stored = await admin_proposals.get(connection, proposal_id)
        is_stale = False
        if stored.proposal.state is ProposalState.OPEN:
            now = await present_moment(connection)
            is_stale = not _still_holds(stored, await effects.facts(ctx, connection, stored.asked, now))
        return ProposalDetails(proposal=stored.proposal, asked=stored.asked, changes=stored.changes, is_stale=is_stale)


@repeated()
async def decide(ctx: Context, proposal_id: int, decision: ProposalDecision, by: str) -> tuple[Proposal, ShownOnce]:
    """Agree to a proposal as another admin, or refuse it; return it with what is shown once.

    Raises `ProposalNotFound`, `ProposalDecided`, `ProposalNeedsSecond` and `ProposalStale`. An agreement raises also
    `ProposalOver`, `ProposerNoAdmin`, and what the command would refuse the change with.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        await proposals.lock(connection, Kind.ADMINISTRATION)
        now = await present_moment(connection)
        stored = await _undecided(connection, proposal_id)
        await _refuse_no_admin(connection, by)
        if is_same_person(stored.proposal.proposed_by, by):
            raise ProposalNeedsSecond(person_of(by))
        if decision.version != stored.proposal.version:
            raise ProposalStale(proposal_id)
        if decision.decision is ProposalAnswer.AGREED:
            await _refuse_agreement(connection, stored, by, now)
        answer = Decision(decision.decision)
        decided = await proposals.decide(connection, proposal_id, answer, by, now, decision.reason)
        await close_waiting(connection, proposal_id, now)
        await tell_proposer(connection, stored.proposal, decision.decision.value, by, now)
        secret = effects.NOTHING
        if decision.decision is ProposalAnswer.AGREED:
            await admin_proposals.name_in_events(connection, proposal_id)
            work = Work(ctx, connection, now, by, stored.proposal.reason, proposal_id)
            changes, secret = await _change(work, stored.asked)
            if changes != stored.changes:
                raise ProposalStale(proposal_id)
        return admin_proposals.shown(decided), secret


@repeated()
async def withdraw(ctx: Context, proposal_id: int, reason: str, by: str) -> Proposal:
    """Withdraw one's own proposal. Raises `ProposalNotFound`, `ProposalDecided` and `ProposalOfAnother`."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        await proposals.lock(connection, Kind.ADMINISTRATION)
        stored = await _undecided(connection, proposal_id)
        if not is_same_person(stored.proposal.proposed_by, by):
            raise ProposalOfAnother(proposal_id)
        now = await present_moment(connection)
        withdrawn = await proposals.decide(connection, proposal_id, Decision.WITHDRAWN, by, now, reason)
        await close_waiting(connection, proposal_id, now)
        return admin_proposals.shown(withdrawn)


# -- what would change -------------------------------------------------------------------------------------------------


async def _rehearse(work: Work, asked: Asked) -> tuple[Change, ...]:
    """Make the change, undo it, and return what it would be. Raises `NothingChanges`."""
    changes: tuple[Change, ...] = ()
    try:
        async with work.connection.transaction():
            changes, _ = await _change(work, asked)
            raise Rehearsed
    except Rehearsed:
        pass
    if not changes:
        raise NothingChanges(effects.subject_of(asked))
    return changes


async def _change(work: Work, asked: Asked) -> tuple[tuple[Change, ...], ShownOnce]:
    """Make the change; return what differs, and what is shown once."""
    await effects.lock_subject(work.connection, asked)
    before = await effects.facts(work.ctx, work.connection, asked, work.now)
    secret = await effects.take_effect(work, asked)
    after = await effects.facts(work.ctx, work.connection, asked, work.now)
    return (*differences(before, after), *effects.new_secrets(asked)), secret


def _still_holds(stored: StoredProposal, facts: Facts) -> bool:
    """Return whether what would change is as it was at the proposal."""
    made = effects.new_secrets(stored.asked)
    return all(facts.get(change.field) == change.before for change in stored.changes if change not in made)


# -- who may -----------------------------------------------------------------------------------------------------------


async def _undecided(connection: Connection, proposal_id: int) -> StoredProposal:
    stored = await admin_proposals.get(connection, proposal_id)
    if stored.proposal.state is not ProposalState.OPEN:
        raise ProposalDecided(proposal_id, stored.proposal.state)
    return stored


async def _refuse_open(ctx: Context, connection: Connection, asked: Asked, by: str, now: datetime) -> None:
    waiting = await proposals.open_of(connection, Kind.ADMINISTRATION, effects.subject_of(asked), asked.kind)
    if waiting is not None:
        if not await admin_proposals.end_over(connection, waiting, by, now):
            raise ProposalOpen(waiting.proposal_id)
        await close_waiting(connection, waiting.proposal_id, now)
    most = ctx.policy.administration.open_most
    if await admin_proposals.count_open(connection, now) >= most:
        raise TooManyProposals(most)


async def _refuse_agreement(connection: Connection, stored: StoredProposal, by: str, now: datetime) -> None:
    """Refuse an agreement by the officer whom it is about, too late, or to what a former admin proposed."""
    proposal = stored.proposal
    if is_same_person(effects.officer_of(stored.asked), by):
        raise ProposalNeedsSecond(person_of(by))
    if now > proposal.valid_until:
        raise ProposalOver(proposal.proposal_id, proposal.valid_until)
    if not await _is_admin(connection, proposal.proposed_by):
        raise ProposerNoAdmin(person_of(proposal.proposed_by))


async def _refuse_no_admin(connection: Connection, by: str) -> None:
    """Refuse an officer who is no admin any more, though the session was read a moment ago."""
    if not await _is_admin(connection, by):
        raise NoAdminNow(person_of(by))


async def _is_admin(connection: Connection, actor: str) -> bool:
    return Role.ADMIN in (await callers.roles_of(connection, person_of(actor)) or ())


CLOSED: Final = "the proposal is over"
TIME_OVER: Final = "the time of the proposal is over"
_LEASE: Final = timedelta(days=14)
"""time for which the item stays the proposer's own"""


async def open_waiting(connection: Connection, proposal_id: int, kind: ProposalKind, now: datetime) -> None:
    """Open the item of the admins who may decide."""
    await tasks.open_for_proposal(
        connection, proposal_id, TaskCause.PROPOSAL_TO_DECIDE, TaskFacts(detail=kind.value), now
    )


async def close_waiting(connection: Connection, proposal_id: int, now: datetime) -> None:
    """Close the item of a proposal that waits no more."""
    await tasks.close_for_proposal(connection, proposal_id, TaskCause.PROPOSAL_TO_DECIDE, now, CLOSED)


async def close_over(connection: Connection, now: datetime) -> int:
    """Close the items of proposals whose time is over, because no admin can agree to them; return how many."""
    return await tasks.close_of_over_proposals(connection, TaskCause.PROPOSAL_TO_DECIDE, now, TIME_OVER)


async def tell_proposer(connection: Connection, proposal: Proposal, answer: str, by: str, now: datetime) -> None:
    """Open an item of the proposing admin alone, about the decision of another one."""
    facts = TaskFacts(detail=proposal.kind.value, code=answer)
    task_id = await tasks.open_for_proposal(connection, proposal.proposal_id, TaskCause.PROPOSAL_DECIDED, facts, now)
    item = await tasks.get(connection, task_id)
    before = await task_owners.standing(connection, task_id, now)
    owner = person_of(proposal.proposed_by)
    change = Move(kind=TaskActKind.PASSED_ON, owner=owner, lease_ends_at=now + _LEASE)
    await task_owners.move(connection, item, before, change, by, now)
