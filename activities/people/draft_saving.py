"""Drafts of complaints: saving, and how a victim can be reached."""

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from activities.case.transaction import ENGINE, CaseTransaction
from activities.context import Context
from db import clock
from db.officers import callers, officers
from db.people import drafts, public_drafts
from db.people.drafts import StoredDraft
from db.people.statements import SentComplaint
from db.pool import Connection
from db.privacy import retention, victims
from db.privacy.person_keys import PersonKey
from db.recovery import complainant_messages
from domain.errors.case import OwnerAbsent
from domain.errors.people import (
    DraftHasOwner,
    DraftIsEnded,
    DraftReceiverUnfit,
    DraftStale,
    DraftWaits,
    TooManyDrafts,
    TooManySentDrafts,
    VictimErased,
)
from schemas.base import WithReason
from schemas.case.intake import DraftEnd, DraftSource
from schemas.enums import Role
from schemas.people.drafts import (
    Draft,
    DraftContent,
    DraftEnded,
    DraftGiven,
    DraftLine,
    DraftLines,
    DraftSaved,
    NewDraft,
    PassDraftOn,
    SaveDraft,
)
from schemas.privacy.personal_data import Reach, Teller, ToldReach

log = logging.getLogger(__name__)

BATCH: Final = 100
"""drafts that one round forgets"""
UNSENT_KEPT: Final = timedelta(hours=1)
"""time since it was saved of a public draft that is neither sent nor confirmed"""
WAITING_SHOWN_MAX: Final = 200
MOBILE_END_CHARS: Final = 4
RULE: Final = "draft"
"""why the key of a draft is destroyed, as the table of keys has it"""


async def begin(ctx: Context, new: NewDraft, owner: str, by: str) -> DraftSaved:
    """Begin a draft of an officer. Raises `LimitExceeded`."""
    draft_id, key = uuid4(), ctx.persons.new_key()
    sealed = seal_content(ctx, key, draft_id, new.content)
    async with ctx.pool.acquire() as connection, connection.transaction():
        await _refuse_too_many(ctx, connection, owner)
        now = await clock.present_moment(connection)
        await drafts.insert(connection, draft_id, DraftSource.CALL, owner, key, sealed, now, by)
    return DraftSaved(draft_id=draft_id, revision=1, saved_at=now)


async def save(
    ctx: Context,
    draft_id: UUID,
    draft: SaveDraft,
    owner: str,
    *,
    also: Callable[[Connection], Awaitable[None]] | None = None,
) -> DraftSaved:
    """Save what is typed over the revision that the officer has seen.

    A repeated save is saved once. `also` is done in the same transaction. Raises `NotFound`, `NotNow`, and
    `DraftStale` with what is stored instead.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        stored = await drafts.get(connection, draft_id)
        check_owner(stored, owner)
        sealed = seal_content(ctx, stored.key, draft_id, draft.content)
        saved = await drafts.save(connection, draft_id, owner, draft.revision, sealed)
        if saved is not None:
            if also is not None:
                await also(connection)
            return DraftSaved(draft_id=draft_id, revision=saved[0], saved_at=saved[1])
        stored = await drafts.get(connection, draft_id)
    check_owner(stored, owner)
    content = open_content(ctx, stored)
    if stored.revision == draft.revision + 1 and content == draft.content:
        return DraftSaved(draft_id=draft_id, revision=stored.revision, saved_at=stored.saved_at)
    raise DraftStale(draft_id, stored.revision, content.model_dump(mode="json"))


async def read(ctx: Context, draft_id: UUID, owner: str) -> Draft:
    """Return a draft of an officer. Raises `NotFound` and `NotNow`."""
    async with ctx.pool.acquire() as connection:
        stored = await drafts.get(connection, draft_id)
    check_owner(stored, owner)
    note = ctx.persons.open_text(stored.key, stored.note, _use_when_passed_on(draft_id)) if stored.note else ""
    content = open_content(ctx, stored)
    return Draft(**_line(ctx, stored, content).model_dump(), content=content, note=note)


async def listed(ctx: Context, owner: str) -> DraftLines:
    """Return the drafts of an officer, the oldest first."""
    most = ctx.policy.drafts.open_max + ctx.policy.drafts.sent_max
    async with ctx.pool.acquire() as connection:
        rows = await drafts.of_owner(connection, owner, most)
    return _lines(ctx, rows)


async def waiting(ctx: Context, taker: str, roles: Collection[Role]) -> DraftLines:
    """Return the drafts that an officer may have: those of officers who are away, then missed calls."""
    supervises = Role.SUPERVISOR in roles
    async with ctx.pool.acquire() as connection:
        rows = await drafts.stranded(connection, taker, WAITING_SHOWN_MAX, supervises=supervises)
        rows += await drafts.of_owner(connection, None, WAITING_SHOWN_MAX)
    return _lines(ctx, rows)


async def claim(ctx: Context, draft_id: UUID, owner: str) -> DraftGiven:
    """Let an officer have the draft of a missed call that no officer has.

    Raises `NotFound`, `NotNow` and `LimitExceeded`.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        await _refuse_too_many(ctx, connection, owner)
        stored = await drafts.get(connection, draft_id, lock=True)
        check_open(stored)
        if stored.owner is not None:
            raise DraftHasOwner(draft_id, stored.owner)
        await drafts.give(connection, stored, owner, None, await clock.present_moment(connection))
    return DraftGiven(draft_id=draft_id, owner=owner, revision=stored.revision)


async def take_over(
    ctx: Context, draft_id: UUID, request: WithReason, owner: str, roles: Collection[Role]
) -> DraftGiven:
    """Take the draft of an officer whose shift has ended since it was saved, with a reason.

    A supervisor or the lead of the team also takes that of an officer who is absent or disabled. Raises `NotFound`,
    `NotNow` and `LimitExceeded`.
    """
    supervises = Role.SUPERVISOR in roles
    async with ctx.pool.acquire() as connection, connection.transaction():
        await _refuse_too_many(ctx, connection, owner)
        stored = await drafts.get(connection, draft_id, lock=True)
        check_open(stored)
        if stored.owner is None:
            raise DraftWaits(draft_id)
        if not await drafts.is_stranded(connection, draft_id, owner, supervises=supervises):
            raise DraftHasOwner(draft_id, stored.owner)
        note = ctx.persons.seal_text(stored.key, request.reason, _use_when_passed_on(draft_id))
        await drafts.give(connection, stored, owner, note, await clock.present_moment(connection))
    return DraftGiven(draft_id=draft_id, owner=owner, revision=stored.revision)


async def pass_on(
    ctx: Context, draft_id: UUID, request: PassDraftOn, owner: str, receivers: Collection[Role]
) -> DraftGiven:
    """Give a draft to another officer of the team, who has one of the roles.

    Raises `NotFound`, `NotNow` and `LimitExceeded`.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        await _refuse_too_many(ctx, connection, request.to)
        stored = await drafts.get(connection, draft_id, lock=True)
        check_owner(stored, owner)
        roles = await callers.roles_of(connection, request.to) or frozenset()
        is_fit = request.to != owner and roles & {*receivers} and await drafts.share_team(connection, owner, request.to)
        if not is_fit:
            raise DraftReceiverUnfit(request.to)
        now = await clock.present_moment(connection)
        if await officers.is_absent(connection, request.to, now):
            raise OwnerAbsent(request.to)
        note = ctx.persons.seal_text(stored.key, request.note, _use_when_passed_on(draft_id)) if request.note else None
        await drafts.give(connection, stored, request.to, note, now)
    return DraftGiven(draft_id=draft_id, owner=request.to, revision=stored.revision)


async def end(ctx: Context, draft_id: UUID, owner: str, by: str) -> DraftEnded:
    """End a draft with its content: it is done if its complaint is sent, else discarded.

    Ending it again changes nothing. Raises `NotFound` and `NotNow`.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        stored = await drafts.get(connection, draft_id, lock=True)
        if stored.ended_as is not None and stored.owner == owner:
            return DraftEnded(draft_id=draft_id, ended_as=stored.ended_as)
        check_owner(stored, owner)
        ended_as = DraftEnd.DONE if stored.ack_no else DraftEnd.DISCARDED
        await forget(connection, draft_id, stored.key.person_id, ended_as, by)
    return DraftEnded(draft_id=draft_id, ended_as=ended_as)


async def forget_old(ctx: Context) -> int:
    """End the drafts whose time is over since they were saved, with their keys; return how many.

    On the public page a draft that is neither sent nor confirmed has less time, so that a stranger does not fill it.
    A clock factor does not shorten that time, because people type.
    """
    kept = timedelta(seconds=ctx.policy.drafts.kept_seconds)
    async with ctx.pool.acquire() as connection, connection.transaction():
        now = await clock.present_moment(connection)
        old = await drafts.take_old(connection, now - kept, BATCH)
        old += await public_drafts.take_unsent(connection, now - UNSENT_KEPT, BATCH - len(old))
        for draft_id, person_id in old:
            await forget(connection, draft_id, person_id, DraftEnd.FORGOTTEN, ENGINE)
    return len(old)


async def forget(connection: Connection, draft_id: UUID, person_id: UUID, ended_as: DraftEnd, by: str) -> None:
    """End an open draft with its content: its key is destroyed."""
    now = await clock.present_moment(connection)
    await complainant_messages.drop(connection, draft_id)
    await drafts.end(connection, draft_id, ended_as, by, now)
    await retention.destroy_key(connection, person_id, RULE, now)


async def _refuse_too_many(ctx: Context, connection: Connection, owner: str) -> None:
    rules = ctx.policy.drafts
    has = await drafts.lock_owner(connection, owner)
    if has.unsent >= rules.open_max:
        raise TooManyDrafts(owner, rules.open_max)
    if has.sent >= rules.sent_max:
        raise TooManySentDrafts(owner, rules.sent_max)


def check_open(stored: StoredDraft) -> None:
    """Check that a draft is not ended. Raises `NotNow`."""
    if stored.ended_as is not None:
        raise DraftIsEnded(stored.draft_id, stored.ended_as.value)


def check_owner(stored: StoredDraft, owner: str) -> None:
    """Check that an open draft belongs to an officer. Raises `NotNow`."""
    check_open(stored)
    if stored.owner is None:
        raise DraftWaits(stored.draft_id)
    if stored.owner != owner:
        raise DraftHasOwner(stored.draft_id, stored.owner)


def seal_content(ctx: Context, key: PersonKey, draft_id: UUID, content: DraftContent) -> bytes:
    """Seal the content of a draft under its key. Raises `CannotOpen`."""
    return ctx.persons.seal_text(key, content.model_dump_json(), _use_of_content(draft_id))


def open_content(ctx: Context, stored: StoredDraft) -> DraftContent:
    """Return the content of an open draft. Raises `CannotOpen`."""
    assert stored.sealed is not None, "an open draft has its content"
    opened = ctx.persons.open_text(stored.key, stored.sealed, _use_of_content(stored.draft_id))
    return DraftContent.model_validate_json(opened)


def _use_of_content(draft_id: UUID) -> str:
    return f"draft {draft_id}"


def _use_when_passed_on(draft_id: UUID) -> str:
    return f"note of draft {draft_id}"


def _lines(ctx: Context, drafts: Sequence[StoredDraft]) -> DraftLines:
    return DraftLines(items=tuple(_line(ctx, stored, open_content(ctx, stored)) for stored in drafts))


def _line(ctx: Context, stored: StoredDraft, content: DraftContent) -> DraftLine:
    kept = timedelta(seconds=ctx.policy.drafts.kept_seconds)
    return DraftLine(
        draft_id=stored.draft_id,
        source=stored.source,
        owner=stored.owner,
        revision=stored.revision,
        made_at=stored.made_at,
        saved_at=stored.saved_at,
        forgotten_at=stored.saved_at + kept,
        ack_no=stored.ack_no,
        calls=stored.calls,
        last_call_at=stored.last_call_at,
        name=content.victim.name,
        mobile_end=(content.caller_mobile or content.victim.mobile)[-MOBILE_END_CHARS:],
    )


async def tell_reach(
    work: CaseTransaction, sent: SentComplaint, reach: Reach | None, teller: Teller | None
) -> tuple[str, ...]:
    """Keep how the victim can be reached beside what was told before; return what is new of it. Raises `NotNow`.

    What the draft does not say takes nothing back.
    """
    if reach is None and teller is None:
        return ()
    ack_no = sent.receipt.ack_no
    before = await victims.newest(work.connection, ack_no)
    teller_before = _teller(work.ctx, ack_no, before) if before else None
    was = (before.reach if before else None, teller_before)
    now = (reach.beside(was[0]) if reach else was[0] or Reach(way=None), teller or teller_before)
    if now == was:
        return ()
    if sent.person.is_erased:
        raise VictimErased(ack_no)
    reach_no = before.reach_no + 1 if before else 1
    sealed = None
    if now[1] is not None:
        sealed = work.ctx.persons.seal_text(sent.person, now[1].model_dump_json(), _use(ack_no, reach_no))
    person_id = sent.person.person_id if sealed else None
    await victims.add(work.connection, ack_no, reach_no, now[0], person_id, sealed, work.now, work.actor)
    return tuple(name for name, old, new in zip(("reach", "teller"), was, now, strict=True) if old != new)


async def told_reach(ctx: Context, connection: Connection, ack_no: str) -> ToldReach | None:
    """Return how a victim can be reached, or None if the complaint does not say so. Raises `CannotOpen`."""
    stored = await victims.newest(connection, ack_no)
    if stored is None:
        return None
    return ToldReach(**stored.reach.model_dump(), teller=_teller(ctx, ack_no, stored), told_at=stored.told_at)


def _teller(ctx: Context, ack_no: str, stored: victims.StoredReach) -> Teller | None:
    if stored.key is None or stored.sealed is None:
        return None
    opened = ctx.persons.open_text(stored.key, stored.sealed, _use(ack_no, stored.reach_no))
    return Teller.model_validate_json(opened) if opened else Teller()


def _use(ack_no: str, reach_no: int) -> str:
    """Return what the sealed text of a statement is bound to."""
    return f"reach {reach_no} of {ack_no}"
