"""Sending of drafts: the first time asks the banks, and each further time adds what the caller told since.

Its idempotency key is the draft's own, and the officer who sent it first is named in the complaint. So a draft is one
complaint, however often it is sent, by whom, and whatever is lost between.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from activities.case.intake import KnownMeanwhile, resolve_transfers, take_complaint
from activities.case.told_transfers import Row
from activities.case.transaction import CaseTransaction, lock_case
from activities.context import Context
from activities.isolation import repeated
from activities.people.draft_saving import check_owner, open_content, tell_reach
from activities.people.draft_statements import AskLeave, Stated, fill_in, state_transfers, tell_story
from db import clock
from db.case import intake
from db.officers import teams
from db.people import drafts, statements
from db.people.drafts import StoredDraft
from db.people.statements import SentComplaint
from domain.districts import districts
from domain.errors.case import IdempotencyKeyReused
from domain.errors.people import DraftIncomplete, DraftNotSent
from domain.people.drafts import (
    ReadDraft,
    awaited_facts,
    banks_of,
    complaint_of,
    draft_flags,
    paid_accounts,
    read_draft,
    stated_facts,
    told_story,
    unasked,
)
from schemas.case.answers import NOT_STATED
from schemas.case.case_workflow import FollowUp
from schemas.case.intake import NO_MOBILE, ComplaintReceipt
from schemas.enums import Language
from schemas.events import EventKind
from schemas.identifiers import names_a_transfer, reference_key
from schemas.people.drafts import (
    AskedBanks,
    DraftCheck,
    DraftChoices,
    DraftContent,
    DraftSent,
    NamedDistrict,
    NamedInstitution,
)

Notify = Callable[[FollowUp], None]
"""notifies the workflow of a case; it never raises"""
_UNSTATED: Final[Mapping[str, str]] = {
    "name": NOT_STATED,
    "mobile": NO_MOBILE,
    "email": "",
    "district": NOT_STATED,
    "category": NOT_STATED,
}
"""signs of facts that a complaint does not state"""


def key_of(draft_id: UUID) -> str:
    """Return the idempotency key of a draft's complaint; the database compares it (trigger `draft_rules`)."""
    return f"draft-{draft_id}"


async def send(
    ctx: Context,
    draft_id: UUID,
    owner: str,
    by: str,
    notify: Notify,
    *,
    transfers_only: bool = False,
    ask_leave: AskLeave | None = None,
) -> DraftSent:
    """Send a draft as it is saved; with `transfers_only` nothing else is added to a complaint that is sent already.

    `notify` is called as soon as the complaint, or what is added, is committed. `ask_leave` gets the sum that the
    complaint will state. Raises what it raises, `NotFound`, `NotNow` and `LimitExceeded`.
    """
    async with ctx.pool.acquire() as connection:
        # A draft that is handed to this officer between the two statements is sent after all.
        while (draft := await drafts.begin_sending(connection, draft_id, owner, by)) is None:
            check_owner(await drafts.get(connection, draft_id), owner)
    content = open_content(ctx, draft)
    read = read_draft(content)
    if draft.ack_no is not None:
        added = DraftContent(transfers=content.transfers) if transfers_only else content
        return await _add(ctx, draft, draft.ack_no, added, read, by, notify, ask_leave)
    if not read.transfers:
        raise DraftIncomplete(draft_id, read.missing)
    if ask_leave is not None:
        async with ctx.pool.acquire() as connection:
            await ask_leave(connection, sum(transfer.amount_paise for transfer in read.transfers))
    receipt = await _ask_banks(ctx, draft, content, read, notify)
    if receipt is not None and not _tells_more(content):
        return DraftSent(
            draft_id=draft_id,
            receipt=receipt,
            completed=(),
            transfers_added=len(read.transfers),
            missing=read.missing,
            unasked=unasked(ctx.directory.current, content),
            flags=read.placed(receipt.flags),
        )
    # What happened is told already, or an earlier answer was lost and the draft has changed since.
    async with ctx.pool.acquire() as connection:
        draft = await drafts.get(connection, draft_id)
    assert draft.ack_no is not None, "the complaint is linked"
    return await _add(ctx, draft, draft.ack_no, content, read, by, notify, ask_leave)


def _tells_more(content: DraftContent) -> bool:
    """Return whether a draft states what its complaint has no place for."""
    return bool(told_story(content) or content.consent is not None or content.reach or content.teller)


async def _ask_banks(
    ctx: Context, draft: StoredDraft, content: DraftContent, read: ReadDraft, notify: Notify
) -> ComplaintReceipt | None:
    """Take the complaint of a draft and link it; return its receipt.

    Returns None if the complaint was taken of an earlier content, and the answer was lost.
    """
    assert draft.sent_by is not None, "the caller has begun the sending"
    complaint = complaint_of(content, read.transfers)
    receipt: ComplaintReceipt | None = None
    try:
        taken = await take_complaint(ctx, complaint, idempotency_key=key_of(draft.draft_id), taken_by=draft.sent_by)
    except IdempotencyKeyReused:
        async with ctx.pool.acquire() as connection:
            sent = await statements.complaint_of(connection, draft.sent_by, key_of(draft.draft_id))
        assert sent is not None, "the key is that of a complaint"
        ack_no, awaited = sent.receipt.ack_no, _lacking(ctx, sent)
    else:
        if taken.follow_up is not None:
            notify(taken.follow_up)
        receipt, ack_no, awaited = taken.receipt, taken.receipt.ack_no, awaited_facts(content)
    async with ctx.pool.acquire() as connection:
        await drafts.link(connection, draft.draft_id, ack_no, awaited)
    return receipt


def _lacking(ctx: Context, sent: SentComplaint) -> frozenset[str]:
    """Return the facts that a complaint does not state, as `awaited_facts` does of the draft."""
    person = ctx.persons.open(sent.person)
    has = {**person.model_dump(), "district": sent.district, "category": sent.category}
    lacks = {name for name, sign in _UNSTATED.items() if has[name] == sign}
    lacks |= {name for name in ("woman", "child", "senior") if not getattr(sent, name)}
    return frozenset(lacks | ({"language"} if sent.language is Language.HI else set()))


async def _add(
    ctx: Context,
    draft: StoredDraft,
    ack_no: str,
    content: DraftContent,
    read: ReadDraft,
    by: str,
    notify: Notify,
    ask_leave: AskLeave | None,
) -> DraftSent:
    """Add to the complaint of a draft what it does not state yet."""
    complaint = complaint_of(content, read.transfers) if read.transfers else None
    rows, flags = await resolve_transfers(ctx, complaint) if complaint else ([], [])
    facts = {name: value for name, value in stated_facts(content).items() if name in draft.awaited}
    sent, stated, completed = await _written(ctx, draft, ack_no, content, rows, facts, by, ask_leave)
    if stated.follow_up is not None:
        notify(stated.follow_up)
    return DraftSent(
        draft_id=draft.draft_id,
        receipt=sent.receipt,
        completed=completed,
        transfers_added=stated.count,
        missing=read.missing,
        unasked=unasked(ctx.directory.current, content),
        flags=read.placed(flags + stated.flags) if stated.count else (),
    )


Added = tuple[SentComplaint, Stated, tuple[str, ...]]


async def _written(
    ctx: Context,
    draft: StoredDraft,
    ack_no: str,
    content: DraftContent,
    rows: list[Row],
    facts: dict[str, Any],
    by: str,
    ask_leave: AskLeave | None,
) -> Added:
    """Write what the draft adds, and begin again as the intake does when a transfer is known meanwhile."""
    by_account = True
    while True:
        try:
            return await _write(
                ctx, draft, ack_no, content, rows, facts, by, by_account=by_account, ask_leave=ask_leave
            )
        except KnownMeanwhile:
            by_account = False


@repeated()
async def _write(
    ctx: Context,
    draft: StoredDraft,
    ack_no: str,
    content: DraftContent,
    rows: list[Row],
    facts: dict[str, Any],
    by: str,
    *,
    by_account: bool,
    ask_leave: AskLeave | None,
) -> Added:
    """Write in one transaction what the draft adds. It takes the locks in the order of the intake."""
    names = [intake.lock_of_transfer(row.transfer.reference) for row in rows]
    async with ctx.pool.acquire() as connection, connection.transaction():
        await intake.lock(connection, names, next_serial=False)
        work = await lock_case(ctx, connection, ack_no, by)
        sent = await statements.complaint(connection, ack_no)
        # Another sending of the draft may have filled in some of them since.
        awaited = (await drafts.get(connection, draft.draft_id, lock=True)).awaited
        told_now = {name: value for name, value in facts.items() if name in awaited and _is_new(sent, name, value)}
        completed = await fill_in(work, sent, told_now)
        await drafts.still_awaited(connection, draft.draft_id, awaited - frozenset(completed))
        completed += await tell_story(work, sent, told_story(content), consent=content.consent)
        completed += await tell_reach(work, sent, content.reach, content.teller)
        await _log(work, ack_no, completed)
        stated = await state_transfers(work, ack_no, rows, by_account=by_account, ask_leave=ask_leave)
    return sent, stated, completed


def _is_new(sent: SentComplaint, name: str, value: object) -> bool:
    """Return whether a fact says more than the complaint has: a mark that is not set stays awaited."""
    return value is not False and (name != "language" or value != sent.language)


async def _log(work: CaseTransaction, ack_no: str, completed: tuple[str, ...]) -> None:
    if completed:
        # The log is kept for ever, so it says what was added, and nothing of the person.
        await work.log(EventKind.COMPLAINT_COMPLETED, ack_no=ack_no, fields=list(completed))


async def states_all(ctx: Context, ack_no: str, content: DraftContent) -> bool:
    """Return whether a complaint states each transfer of a content exactly so."""
    read = read_draft(content)
    if not read.transfers:
        return True
    rows, _ = await resolve_transfers(ctx, complaint_of(content, read.transfers))
    async with ctx.pool.acquire() as connection:
        stated = [row_stated.transfer for row_stated in await statements.transfers(connection, ack_no)]
    return all(row.transfer in stated for row in rows)


# -- while it is typed -------------------------------------------------------------------------------------------------


async def check(ctx: Context, content: DraftContent) -> DraftCheck:
    """Return what a draft lacks, what is odd in it, its banks, and which of its transfers a case has.

    It names no case, because it is asked without a trace, and an officer who takes complaints may not read every case.
    """
    banks, flags = banks_of(ctx.directory.current, content)
    references = {
        f"transfers[{index}]": reference_key(row.rrn if names_a_transfer(row.rrn) else row.utr)
        for index, row in enumerate(content.transfers)
        if names_a_transfer(row.rrn) or names_a_transfer(row.utr)
    }
    paid = paid_accounts(ctx.directory.current, content)
    async with ctx.pool.acquire() as connection:
        registered = await intake.known_transfers(connection, {*references.values()}) if references else []
        accounts = await drafts.known_accounts(connection, paid) if paid else ()
        now = await clock.present_moment(connection)
    known = {transfer.reference_key for transfer in registered}
    return DraftCheck(
        missing=read_draft(content).missing,
        unasked=unasked(ctx.directory.current, content),
        flags=(*draft_flags(content, now, ctx.policy.trail), *flags),
        banks=tuple(banks),
        known=tuple(field for field, reference in references.items() if reference in known),
        accounts=accounts,
    )


async def banks_asked(ctx: Context, draft_id: UUID, owner: str) -> AskedBanks:
    """Return the banks that are asked because of a sent draft. Raises `NotFound` and `NotNow`."""
    async with ctx.pool.acquire() as connection:
        draft = await drafts.get(connection, draft_id)
        check_owner(draft, owner)
        if draft.ack_no is None:
            raise DraftNotSent(draft_id)
        return await drafts.of_complaint(connection, draft.ack_no, ctx.directory.current.name_of)


async def choices(ctx: Context) -> DraftChoices:
    """Return the institutions with what an officer finds them by, the districts, and the names of the teams."""
    banks = sorted(ctx.directory.current, key=lambda item: item.name.casefold())
    async with ctx.pool.acquire() as connection:
        listed = await teams.listed(connection)
    return DraftChoices(
        institutions=tuple(
            NamedInstitution(**item.model_dump(include=set(NamedInstitution.model_fields))) for item in banks
        ),
        districts=tuple(NamedDistrict(code=item.code, english=item.english, hindi=item.hindi) for item in districts()),
        teams=tuple(item.name for item in listed),
    )
