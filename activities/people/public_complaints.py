"""Public complaints: drafts, their codes, and complaints that wait to be confirmed.

Complaints on the public page: begun, saved, confirmed by a one-time code, sent and finished. No one is believed alone.
Until a code confirms a mobile, banks are asked for a limited sum, and the holds of such a case end early
(`domain.recovery.holds`). A complaint that an officer takes of the same transfers ends that limit too.

Codes that open a draft of the public page again, and the visits that they begin. The code has 59 bits. It is computed
from the draft under a secret key, so that every page can show it, and the database has only its digest. A visit has a
token in a cookie. It ends after some time, and when the visitor leaves, so that the history of a browser opens nothing.

Work items about complaints of the public page that no one-time code has confirmed. The desk calls the person, or the
bank that paid asks its customer. A complaint that an officer takes of the same transfers then joins the case, and its
holds do not end early any more.

Missed calls: each number has one draft that waits for an officer who calls back. The caller gets a link to the public
page, and can complain there meanwhile.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID, uuid4

from activities.case.transaction import ENGINE, CaseTransaction, lock_case
from activities.context import Context
from activities.people import draft_saving, draft_sending
from activities.people.draft_saving import seal_content
from activities.recovery.message_outbox import Complainant
from activities.recovery.message_recipients import Concerned, notify_people
from activities.sessions import KINDS, digest_of_sent, new_token, token_digest
from adapters.messages.sms import mobile_of
from db import clock, sessions
from db.case import cases
from db.people import drafts, public_drafts
from db.people.public_drafts import PublicDraft, Unconfirmed
from db.pool import Connection
from db.recovery import complainant_messages
from db.sessions import SessionKind
from domain.case.complaints import CLOCK_SKEW
from domain.errors.people import ComplaintUnconfirmed, DraftStale, TooManyMissedCalls, TooManyPublicDrafts
from domain.errors.restoration import TimeInFuture
from domain.message_rules import NotificationEvent
from domain.people.drafts import number_to_confirm
from schemas.case.intake import DraftEnd, DraftSource
from schemas.enums import Channel, Language, ProcedureKind, TaskKind
from schemas.events import EventKind
from schemas.notifications import MessageFacts
from schemas.officers.officers import COMPLAINANT
from schemas.people.drafts import DraftContent, DraftSent, DraftVictim, MissedCall, MissedCallTaken, SaveDraft
from schemas.tasks import NewTask, TaskCause, TaskFacts, TaskSubject, about
from schemas.text import IST

ALPHABET: Final = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""letters and digits that no one mistakes for each other"""
CODE_CHARS: Final = 12
GROUP_CHARS: Final = 4
_CODE: Final = re.compile(f"[{ALPHABET}]{{{CODE_CHARS}}}", re.ASCII)


def codes_of(ctx: Context, draft_id: UUID) -> list[str]:
    """Return the code of a draft under every known secret key, the newest first."""
    return [_code(digest) for digest in ctx.persons.digests([f"form|draft|{draft_id}"])[0]]


def code_of(ctx: Context, draft: PublicDraft) -> str:
    """Return the code that opens a draft again; empty if the key that it was made with is gone."""
    codes = codes_of(ctx, draft.draft_id)
    return next((code for code in codes if draft.code_digest in digests_of(ctx, code)), "")


def _code(digest: bytes) -> str:
    number, letters = int.from_bytes(digest, "big"), []
    for _ in range(CODE_CHARS):
        number, at = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[at])
    return "".join(letters)


def shown(code: str) -> str:
    """Return a code in groups, as a person writes it down."""
    return "-".join(code[at : at + GROUP_CHARS] for at in range(0, CODE_CHARS, GROUP_CHARS))


def read_code(typed: str) -> str:
    """Return a code as it is kept, however it is typed; empty for a text that is no code."""
    code = re.sub(r"[\s-]", "", typed[: 4 * CODE_CHARS]).upper()
    return code if _CODE.fullmatch(code) else ""


def digests_of(ctx: Context, code: str) -> list[bytes]:
    """Return the digests of a code under every known secret key, the newest first."""
    return ctx.persons.digests([f"form|code|{code}"])[0]


async def of_code(ctx: Context, code: str) -> PublicDraft | None:
    """Return the open draft of a code, or None."""
    async with ctx.pool.acquire() as connection:
        return await public_drafts.of_code(connection, digests_of(ctx, code)) if code else None


async def begin_visit(ctx: Context, draft_id: UUID) -> str:
    """Open a draft in a browser; return the token of the visit. An earlier visit of the draft ends."""
    token, longest = new_token(), KINDS[SessionKind.PUBLIC_FORM](ctx.policy).longest
    async with ctx.pool.acquire() as connection, connection.transaction():
        await public_drafts.begin_visit(connection, draft_id, token_digest(token), longest)
    return token


async def visit(ctx: Context, token: str) -> PublicDraft | None:
    """Return the draft of a visit, and prolong the visit; None if it is over or unknown."""
    if (digest := digest_of_sent(token)) is None:
        return None
    async with ctx.pool.acquire() as connection:
        return await public_drafts.visit(connection, digest, KINDS[SessionKind.PUBLIC_FORM](ctx.policy).idle)


async def leave(ctx: Context, token: str) -> None:
    """End a visit. Its draft stays, and opens by its code."""
    async with ctx.pool.acquire() as connection:
        await sessions.end(connection, SessionKind.PUBLIC_FORM, token_digest(token))


FORM_PATH: Final = "/complain"
CODE_DIGITS: Final = 8
SAVES_MAX: Final = 5
"""times that a save is tried again over what another window has saved"""
NEARLY_FULL: Final = 0.9
"""part of the open drafts that there may be, from which on the fullest network makes room for a new one"""


@dataclass(frozen=True)
class Begun:
    """A draft that is begun, and the code that opens it again."""

    draft_id: UUID
    code: str = field(repr=False)


def form_address(public_url: str | None) -> str:
    """Return the address of the page, or an empty text if none is configured."""
    return f"{public_url}{FORM_PATH}" if public_url else ""


async def begin(ctx: Context, content: DraftContent, network: bytes | None = None) -> Begun:
    """Begin a draft of the page. `network` is the digest of the sender's network. Raises `LimitExceeded`."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        return await write_new(ctx, connection, content, COMPLAINANT, network=network)


async def write_new(
    ctx: Context,
    connection: Connection,
    content: DraftContent,
    by: str,
    *,
    call_id: UUID | None = None,
    network: bytes | None = None,
) -> Begun:
    """Write a new draft of the page in the caller's transaction. Raises `LimitExceeded`, but not for a missed call.

    When the page is nearly full, a draft of the network that has the most is forgotten for it.
    """
    most = ctx.policy.public_form.open_max
    # One lock for all, so that two at the same time do not pass the limit together.
    await drafts.lock_owner(connection, COMPLAINANT)
    if call_id is None and (count := await public_drafts.count_open(connection)) >= most * NEARLY_FULL:
        fullest = await public_drafts.take_of_fullest_network(connection)
        if fullest is not None:
            await draft_saving.forget(connection, *fullest, DraftEnd.FORGOTTEN, ENGINE)
        elif count >= most:
            raise TooManyPublicDrafts(most)
    draft_id, key = uuid4(), ctx.persons.new_key()
    code = codes_of(ctx, draft_id)[0]
    now = await clock.present_moment(connection)
    public_content = content.model_copy(update={"channel": Channel.PUBLIC_FORM})
    sealed = draft_saving.seal_content(ctx, key, draft_id, public_content)
    await drafts.insert(connection, draft_id, DraftSource.PUBLIC_FORM, COMPLAINANT, key, sealed, now, by)
    await public_drafts.insert(connection, draft_id, digests_of(ctx, code)[0], call_id=call_id, network=network)
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
            request = SaveDraft(revision=draft.revision, content=changed)
            await draft_saving.save(ctx, draft_id, request, COMPLAINANT, also=also)
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
    await work.notify_all(ProcedureKind.HOLD)


def _digests_of_number(ctx: Context, draft_id: UUID, code: str) -> list[bytes]:
    return ctx.persons.digests([f"form|{draft_id}|{code}"])[0]


def _digests_of_mobile(ctx: Context, mobile: str) -> list[bytes]:
    return ctx.persons.digests([f"form|mobile|{mobile_of(mobile) or mobile}"])[0]


BATCH: Final = 100


async def tell_desk(ctx: Context) -> int:
    """Give the desk a work item for each such complaint, some time after it was sent; return how many.

    A clock factor does not shorten that time, because people type.
    """
    after = timedelta(seconds=ctx.policy.public_form.tell_desk_after_seconds)
    async with ctx.pool.acquire() as connection:
        complaints = await public_drafts.unconfirmed(connection, await clock.present_moment(connection) - after, BATCH)
    for complaint in complaints:
        await _tell(ctx, complaint)
    return len(complaints)


async def _tell(ctx: Context, complaint: Unconfirmed) -> None:
    async with ctx.pool.acquire() as connection, connection.transaction():
        work = await lock_case(ctx, connection, complaint.case_no, ENGINE)
        if not await public_drafts.tell_desk(connection, complaint.draft_id, work.now):
            return
        since = await cases.unconfirmed_since(connection, work.case_no)
        if since is None:
            # An officer has taken a complaint of the same case meanwhile.
            return
        ends_at = since + timedelta(seconds=ctx.policy.public_form.confirm_within_seconds)
        task = NewTask(
            kind=TaskKind.SUPERVISE,
            cause=TaskCause.COMPLAINT_UNCONFIRMED,
            subject=about(TaskSubject.COMPLAINT, complaint.ack_no),
            facts=TaskFacts(at=f"{ends_at.astimezone(IST):%d-%m-%Y %H:%M}"),
        )
        for task_id in await work.ask(task):
            await work.log(EventKind.TASK_OPENED, task_id=task_id, kind=TaskKind.SUPERVISE.value)


async def take_missed_call(ctx: Context, call: MissedCall, by: str, address: str = "") -> MissedCallTaken:
    """Open a draft for a number that called, or count the call in the one that waits.

    The first call of a number is answered by a link to the page at `address`, where a draft of the caller's own has the
    number. A call that is reported twice counts once. Raises `LimitExceeded`, and `NotNow` for a call in the future.
    """
    (callers,) = ctx.persons.digests([f"caller|{call.phone}"])
    most = ctx.policy.drafts.waiting_max
    async with ctx.pool.acquire() as connection, connection.transaction():
        # One lock for all missed calls, so that two calls of one number at the same time are one draft.
        waiting = (await drafts.lock_owner(connection, None)).unsent
        now = await clock.present_moment(connection)
        if call.called_at > now + CLOCK_SKEW:
            raise TimeInFuture("called_at")
        if counted := await drafts.count_call(connection, callers, call.called_at):
            return MissedCallTaken(draft_id=counted[0], calls=counted[1], is_new=False)
        if waiting >= most:
            raise TooManyMissedCalls(most)
        draft_id, key = uuid4(), ctx.persons.new_key()
        content = DraftContent(caller_mobile=call.phone, victim=DraftVictim(mobile=call.phone))
        await drafts.insert(
            connection,
            draft_id,
            DraftSource.MISSED_CALL,
            None,
            key,
            seal_content(ctx, key, draft_id, content),
            now,
            by,
            caller=callers[0],
            called_at=call.called_at,
        )
        await _send_link(ctx, connection, draft_id, content, address)
    return MissedCallTaken(draft_id=draft_id, calls=1, is_new=True)


async def _send_link(ctx: Context, connection: Connection, call_id: UUID, content: DraftContent, address: str) -> None:
    """Begin a draft of the public page for the caller, and send the code that opens it."""
    begun = await write_new(ctx, connection, content, COMPLAINANT, call_id=call_id)
    language = ctx.policy.messages.holder_languages[0]
    await send_link(ctx, connection, begun, content.caller_mobile, language, address)
