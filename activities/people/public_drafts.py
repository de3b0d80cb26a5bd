"""Complaints on the public page: begun, saved, confirmed by a one-time code, sent and finished.

No one is believed alone. Until a code confirms a mobile, banks are asked for a limited sum, and the holds of such a
case end early (`domain.recovery.hold_lapse`). A complaint that an officer takes of the same transfers ends that limit too.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID, uuid4

from activities.case.transaction import CaseTransaction, lock_case
from activities.context import Context
from activities.people import draft_saving, draft_sending
from activities.people.public_codes import codes_of, digests_of, shown
from activities.recovery.message_outbox import Complainant
from activities.recovery.message_recipients import Concerned, notify_people
from adapters.messages.sms import mobile_of
from db import clock
from db.people import drafts, public_drafts
from db.people.public_drafts import PublicDraft
from db.pool import Connection
from db.recovery import account_holds, complainant_messages
from domain.errors.drafts import ComplaintUnconfirmed, DraftStale, TooManyPublicDrafts
from domain.people.draft_complaints import number_to_confirm
from domain.recovery.message_events import NotificationEvent
from schemas.enums import Channel, Language, ProcedureKind
from schemas.notifications import MessageFacts
from schemas.officers.officers import COMPLAINANT
from schemas.people.drafts import DraftContent, DraftEnd, DraftSent, DraftSource, SaveDraft
from schemas.tasks import TaskCause, TaskSubject, about

FORM_PATH: Final = "/complain"
CODE_DIGITS: Final = 8
SAVES_MAX: Final = 5
"""times that a save is tried again over what another window has saved"""


@dataclass(frozen=True)
class Begun:
    """A draft that is begun, and the code that opens it again."""

    draft_id: UUID
    code: str = field(repr=False)


def form_address(public_url: str | None) -> str:
    """Return the address of the page, or an empty text if none is configured."""
    return f"{public_url}{FORM_PATH}" if public_url else ""


async def begin(ctx: Context, content: DraftContent) -> Begun:
    """Begin a draft of the page. Raises `LimitExceeded`."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        return await write_new(ctx, connection, content, COMPLAINANT)


async def write_new(
    ctx: Context, connection: Connection, content: DraftContent, by: str, *, call_id: UUID | None = None
) -> Begun:
    """Write a new draft of the page in the caller's transaction. Raises `LimitExceeded`, but not for a missed call."""
    most = ctx.policy.public_form.open_max
    # One lock for all, so that two at the same time do not pass the limit together.
    await drafts.lock_owner(connection, COMPLAINANT)
    if call_id is None and await public_drafts.count_open(connection) >= most:
        raise TooManyPublicDrafts(most)
    draft_id, key = uuid4(), ctx.persons.new_key()
    code = codes_of(ctx, draft_id)[0]
    now = await clock.present_moment(connection)
    told = content.model_copy(update={"channel": Channel.PUBLIC_FORM})
    sealed = draft_saving.seal_content(ctx, key, draft_id, told)
    await drafts.insert(connection, draft_id, DraftSource.PUBLIC_FORM, COMPLAINANT, key, sealed, now, by)
    await public_drafts.insert(connection, draft_id, digests_of(ctx, code)[0], call_id=call_id)
    return Begun(draft_id, code)


async def content_of(ctx: Context, draft_id: UUID) -> DraftContent:
    """Return what is filled in. Raises `NotFound` and `NotNow`."""
    return (await draft_saving.read(ctx, draft_id, COMPLAINANT)).content


async def save(ctx: Context, draft_id: UUID, change: Callable[[DraftContent], DraftContent]) -> DraftContent:
    """Save what a page of the form changes, over the newest revision; return the whole.

    Each page changes its own part, so two windows do not undo each other. With another number than the one that is
    confirmed the complaint is not confirmed any more. Raises `NotFound` and `NotNow`.
    """
    attempt = 1
    while True:
        draft = await draft_saving.read(ctx, draft_id, COMPLAINANT)
        changed = change(draft.content)
        if changed == draft.content:
            return changed
        digests = _digests_of_mobile(ctx, number_to_confirm(changed))
        also = partial(public_drafts.keep_confirmed, draft_id=draft_id, mobile_digests=digests)
        try:
            told = SaveDraft(revision=draft.revision, content=changed)
            await draft_saving.save(ctx, draft_id, told, COMPLAINANT, also=also)
        except DraftStale:
            if attempt == SAVES_MAX:
                raise
            attempt += 1
        else:
            return changed


# -- sending -----------------------------------------------------------------------------------------------------------


async def asks_more(ctx: Context, draft: PublicDraft) -> bool:
    """Return whether sending would ask banks about what the complaint does not state yet. Raises as `content_of`."""
    if draft.ack_no is None:
        return True
    return not await draft_sending.states_all(ctx, draft.ack_no, await content_of(ctx, draft.draft_id))


async def send(
    ctx: Context, draft: PublicDraft, notify: draft_sending.Notify, *, transfers_only: bool = True
) -> DraftSent:
    """Ask the banks about the transfers that are saved. It is one complaint, however often it is sent.

    The person and the story come with `finish`, because the complaint keeps what it states first. Raises `NotFound` and
    `NotNow`. Raises `ComplaintUnconfirmed` for a sum that needs a confirmed mobile.
    """
    most = ctx.policy.public_form.unconfirmed_max_paise

    async def ask_leave(connection: Connection, paise: int) -> None:
        if (await public_drafts.get(connection, draft.draft_id)).is_confirmed:
            return
        if paise > most:
            raise ComplaintUnconfirmed(most)
        await public_drafts.ask_unconfirmed(connection, draft.draft_id, paise)

    return await draft_sending.send(
        ctx,
        draft.draft_id,
        COMPLAINANT,
        COMPLAINANT,
        notify,
        transfers_only=transfers_only,
        ask_leave=ask_leave,
    )


async def finish(ctx: Context, draft: PublicDraft, notify: draft_sending.Notify) -> DraftSent:
    """Send the whole complaint. An officer need not call back any more. Raises as `send`."""
    done = await send(ctx, draft, notify, transfers_only=False)
    async with ctx.pool.acquire() as connection, connection.transaction():
        await public_drafts.finish(connection, draft.draft_id, await clock.present_moment(connection))
        call_id = await public_drafts.call_of(connection, draft.draft_id)
        if call_id is not None:
            person_id = (await drafts.get(connection, call_id)).key.person_id
            await draft_saving.forget(connection, call_id, person_id, DraftEnd.DISCARDED, COMPLAINANT)
    return done


# -- the mobile --------------------------------------------------------------------------------------------------------


async def has_live_code(ctx: Context, draft_id: UUID, mobile: str) -> bool:
    """Return whether a code that is still good went to a number."""
    async with ctx.pool.acquire() as connection:
        now = await clock.present_moment(connection)
        digests, tries = _digests_of_mobile(ctx, mobile), ctx.policy.public_form.code_tries
        return await complainant_messages.live_code(connection, draft_id, digests, tries, now)


async def send_code(ctx: Context, draft_id: UUID, mobile: str, language: Language) -> bool:
    """Send a one-time code to a number; return whether there was a way.

    Earlier codes stay good until their own end.
    """
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
    async with ctx.pool.acquire() as connection, connection.transaction():
        stored = await drafts.get(connection, draft_id, lock=True)
        draft_saving.check_owner(stored, COMPLAINANT)
        now = await clock.present_moment(connection)
        until = now + timedelta(seconds=ctx.policy.public_form.code_valid_seconds)
        person = Complainant(
            draft_id=draft_id,
            key=stored.key,
            mobile=mobile,
            language=language,
            code_digest=_digests_of_number(ctx, draft_id, code)[0],
            mobile_digest=_digests_of_mobile(ctx, mobile)[0],
        )
        facts = MessageFacts(code=code, until=until)
        event = NotificationEvent.COMPLAINT_CODE_ASKED
        return bool(await notify_people(connection, ctx, event, Concerned(complainant=person), facts, now))


async def send_link(
    ctx: Context, connection: Connection, begun: Begun, mobile: str, language: Language, address: str
) -> None:
    """Send the code that opens a draft again, with the link of the page, in the caller's transaction."""
    stored = await drafts.get(connection, begun.draft_id)
    now = await clock.present_moment(connection)
    until = now + timedelta(seconds=ctx.policy.drafts.kept_seconds)
    person = Complainant(draft_id=begun.draft_id, key=stored.key, mobile=mobile, language=language)
    concerned = Concerned(complainant=person, link=f"{address}/{begun.code}" if address else "")
    facts = MessageFacts(reference=shown(begun.code), until=until)
    await notify_people(connection, ctx, NotificationEvent.COMPLAINT_LINK_ASKED, concerned, facts, now)


async def is_confirmed(ctx: Context, draft: PublicDraft) -> bool:
    """Return whether the mobile is confirmed now."""
    async with ctx.pool.acquire() as connection:
        return (await public_drafts.get(connection, draft.draft_id)).is_confirmed


async def confirm(ctx: Context, draft: PublicDraft, mobile: str, code: str) -> bool:
    """Confirm the mobile with the code that went to it; return whether the code was right.

    The holds of the case do not end early any more.
    """
    if len(code) != CODE_DIGITS:
        return False
    async with ctx.pool.acquire() as connection, connection.transaction():
        # The case comes before the draft, as when a draft is sent.
        work = await lock_case(ctx, connection, draft.ack_no, COMPLAINANT) if draft.ack_no else None
        now = await clock.present_moment(connection)
        used = await complainant_messages.use_code(
            connection,
            draft.draft_id,
            _digests_of_number(ctx, draft.draft_id, code),
            _digests_of_mobile(ctx, mobile),
            ctx.policy.public_form.code_tries,
            now,
        )
        # Another window may have given another number meanwhile, which this code does not confirm.
        stored = await drafts.get(connection, draft.draft_id, lock=True)
        draft_saving.check_owner(stored, COMPLAINANT)
        number = number_to_confirm(draft_saving.open_content(ctx, stored))
        if used is None or used not in _digests_of_mobile(ctx, number):
            return False
        await public_drafts.confirm(connection, draft.draft_id, used, now)
        if work is not None:
            await _go_on(work, draft)
    return True


async def _go_on(work: CaseTransaction, draft: PublicDraft) -> None:
    """Close the desk's work item, and let the clocks of the holds be read again."""
    subject = about(TaskSubject.COMPLAINT, draft.ack_no)
    await work.close_tasks(subject, [TaskCause.COMPLAINT_UNCONFIRMED], "the mobile is confirmed")
    for hold_id in await account_holds.of_case(work.connection, work.case_no):
        await work.notify(ProcedureKind.HOLD, hold_id)


def _digests_of_number(ctx: Context, draft_id: UUID, code: str) -> list[bytes]:
    return ctx.persons.digests([f"form|{draft_id}|{code}"])[0]


def _digests_of_mobile(ctx: Context, mobile: str) -> list[bytes]:
    return ctx.persons.digests([f"form|mobile|{mobile_of(mobile) or mobile}"])[0]
