"""Statements of a complaint after it was taken: facts that it lacked, what happened, and further transfers.

A fact that the complaint does not state is filled in once. A stated one is changed by two officers
(`activities.people.victims`). What a complaint states of a transfer never changes, so one that is told better is stated
again.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from activities.case.intake import (
    KnownMeanwhile,
    differences_to_read,
    follow_up_of_joining,
    hop_row,
    linked_cases,
    opened_event,
)
from activities.case.payer_inquiries import plan_inquiries
from activities.case.told_transfers import Row, SortedRows, sort_rows, told_rows
from activities.case.transaction import CaseTransaction
from activities.context import Context
from activities.recovery.message_recipients import Concerned, notify_people
from db import tasks
from db.case import cases, hops, intake, ledger
from db.case.intake import KnownTransfer
from db.case.told_transfers import ToldRow
from db.people import statements
from db.people.statements import SentComplaint, StatedTransfer
from db.pool import Connection
from db.privacy import victim_corrections
from domain.case.complaints import is_protected_matter
from domain.case.ledger import complaint_entries
from domain.case.trail import tasks_before_asking
from domain.districts import known_district
from domain.errors.case import TrailFull
from domain.errors.people import ComplaintFull, ContactTooLate, VictimCorrectionProposed, VictimErased
from domain.message_rules import NotificationEvent
from domain.people.drafts import MARKS, PERSONAL
from schemas.base import Flag
from schemas.case.case_workflow import FollowUp
from schemas.case.intake import NO_MOBILE
from schemas.events import EventKind
from schemas.identifiers import account_end, account_key, names_an_account, reference_key
from schemas.notifications import MessageFacts, masked_account
from schemas.officers.officers import COMPLAINANT
from schemas.parties import Party
from schemas.people.drafts import ComplaintStories, ComplaintStory
from schemas.privacy.personal_data import Known

STORIES_SHOWN_MAX: Final = 100
AskLeave = Callable[[Connection, int], Awaitable[None]]
"""raises if banks may not be asked for this sum of a complaint; it is asked before anything is written"""


@dataclass(frozen=True)
class Stated:
    """Transfers that a complaint states now, and what follows from them."""

    follow_up: FollowUp | None = None
    count: int = 0
    flags: list[Flag] = field(default_factory=list)


# -- facts of the victim and the matter --------------------------------------------------------------------------------


async def fill_in(work: CaseTransaction, sent: SentComplaint, facts: dict[str, Any]) -> tuple[str, ...]:
    """Fill in facts that a complaint does not state; return their names. Raises `NotNow`.

    `facts` are those that it lacks, by their names in `domain.people.drafts.FACTS`.
    """
    ack_no, connection = sent.receipt.ack_no, work.connection
    if not facts:
        return ()
    personal: dict[str, Any] = {name: facts[name] for name in PERSONAL if name in facts}
    if sent.person.is_erased:
        raise VictimErased(ack_no)
    if personal and work.now > sent.receipt.received_at + timedelta(seconds=work.ctx.policy.drafts.contact_seconds):
        raise ContactTooLate(ack_no, tuple(sorted(personal)))
    if personal and (open_id := await victim_corrections.proposed(connection, sent.victim_id)) is not None:
        raise VictimCorrectionProposed(open_id)
    person = work.ctx.persons.open(sent.person)
    if (contact := sorted({"mobile", "email"} & personal.keys())) and (person.email or person.mobile != NO_MOBILE):
        # The contact that is known is told of the further one, as at a correction.
        facts_told = MessageFacts(occasion=f"filled-in.{'.'.join(contact)}")
        event = NotificationEvent.VICTIM_CORRECTED
        await notify_people(connection, work.ctx, event, Concerned(ack_no=ack_no), facts_told, work.now)
    sealed = work.ctx.persons.seal_again(sent.person, person.model_copy(update=personal)) if personal else None
    district_as_told = facts.get("district", sent.district)
    district = known_district(district_as_told)
    category = facts.get("category", sent.category)
    marks = {name: facts.get(name, getattr(sent, name)) for name in MARKS}
    await statements.fill_in(
        connection,
        ack_no,
        sent.victim_id,
        sealed,
        district=district.code if district else district_as_told,
        district_as_told=district_as_told,
        language=facts.get("language", sent.language).value,
        category=category,
        marked=marks["child"] or is_protected_matter(category, work.ctx.policy.marked),
        **marks,
    )
    if "district" in facts:
        await statements.look_for_officers(connection, work.case_no)
    return tuple(sorted(facts))


async def tell_story(work: CaseTransaction, sent: SentComplaint, text: str, *, consent: Known) -> tuple[str, ...]:
    """Keep what a victim told beside what was told before; return what is new of it."""
    ack_no, persons = sent.receipt.ack_no, work.ctx.persons
    newest = next(iter(await statements.stories(work.connection, ack_no, 1)), None)
    before: tuple[str, Known] = ("", None)
    if newest is not None:
        text_before = persons.open_text(newest.key, newest.sealed, _use_of_story(ack_no, newest.story_no))
        before = (text_before, newest.consent)
    # What is empty in the draft takes nothing back.
    now = (text or before[0], before[1] if consent is None else consent)
    if now == before:
        return ()
    if sent.person.is_erased:
        raise VictimErased(ack_no)
    story_no = newest.story_no + 1 if newest else 1
    sealed = persons.seal_text(sent.person, now[0], _use_of_story(ack_no, story_no))
    await statements.add_story(
        work.connection, ack_no, story_no, sent.person.person_id, sealed, work.now, work.actor, consent=now[1]
    )
    return tuple(name for name, was, is_now in zip(("story", "consent"), before, now, strict=True) if was != is_now)


async def stories(ctx: Context, ack_no: str) -> ComplaintStories:
    """Return what the victim of a complaint told, the newest first. Raises `NotFound` and `CannotOpen`."""
    async with ctx.pool.acquire() as connection:
        await cases.case_of_complaint(connection, ack_no)
        rows = await statements.stories(connection, ack_no, STORIES_SHOWN_MAX)
    shown = [
        ComplaintStory(
            text=ctx.persons.open_text(row.key, row.sealed, _use_of_story(ack_no, row.story_no)),
            **row.model_dump(include={"story_no", "consent", "told_at", "told_by"}),
        )
        for row in rows
    ]
    return ComplaintStories(ack_no=ack_no, stories=tuple(shown))


def _use_of_story(ack_no: str, story_no: int) -> str:
    """Return what the sealed text of a story is bound to."""
    return f"story {story_no} of {ack_no}"


# -- transfers ---------------------------------------------------------------------------------------------------------


async def state_transfers(
    work: CaseTransaction, ack_no: str, rows: Sequence[Row], *, by_account: bool, ask_leave: AskLeave | None = None
) -> Stated:
    """Add the transfers that a complaint does not state exactly so yet. The caller has locked them and the case.

    A new one opens a hop, whose bank is asked. A known one corrects its hop as a later complaint does. `by_account`: a
    hop without a reference may be known by everything else. Raises `LimitExceeded`, and `KnownMeanwhile` when a
    transfer was registered since, or such a hop is not this one.
    """
    ctx, connection = work.ctx, work.connection
    stated = await statements.transfers(connection, ack_no)
    new = [row for row in rows if all(row.transfer != item.transfer for item in stated)]
    if not new:
        return Stated()
    _refuse_too_many(work, ack_no, len(stated) + len(new))
    keys = {row.statement.reference_key for row in new}
    moves = {row.move for row in new if row.move and by_account}
    known = await intake.known_transfers(connection, keys, moves)
    known = [await _with_payer(work, ack_no, item, new, stated) for item in known]
    sorted_rows = sort_rows(ctx, new, known)
    if work.head.last_hop_no + len(sorted_rows.fresh) > ctx.policy.trail.max_hops:
        raise TrailFull(ctx.policy.trail.max_hops, ctx.policy.trail.max_layers)
    flags = sorted_rows.flags + linked_cases(sorted_rows, work.case_no)
    complaint_rows = told_rows(new, sorted_rows, work.case_no, first_hop_no=work.head.last_hop_no + 1)
    if ask_leave is not None:
        await ask_leave(work.connection, stated_paise([*stated, *complaint_rows]))
    await _open_hops(work, ack_no, sorted_rows, flags, complaint_rows, len(stated))
    return Stated(await follow_up_of_joining(work, ack_no, sorted_rows), len(new), flags)


def stated_paise(stated: Iterable[StatedTransfer | ToldRow]) -> int:
    """Return the sum that statements name. Of several about one hop the largest counts."""
    paise: dict[tuple[str | None, int | None], int] = {}
    for statement in stated:
        place = (statement.case_no, statement.hop_no)
        paise[place] = max(paise.get(place, 0), statement.transfer.amount_paise)
    return sum(paise.values())


def _refuse_too_many(work: CaseTransaction, ack_no: str, count: int) -> None:
    most = work.ctx.policy.drafts.statements_max
    if count > most:
        raise ComplaintFull(ack_no, most)


async def _open_hops(
    work: CaseTransaction,
    ack_no: str,
    sorted_rows: SortedRows,
    flags: Sequence[Flag],
    complaint_rows: Sequence[ToldRow],
    stated_count: int,
) -> None:
    """Write the hops of new transfers, and what the complaint states of every one, with the event and work items."""
    connection, case_no = work.connection, work.case_no
    first = work.head.last_hop_no + 1
    opened = [hop_row(row, hop_no, ack_no) for hop_no, row in enumerate(sorted_rows.fresh, start=first)]
    entries = [entry for hop in opened for entry in complaint_entries(hop.hop_no, hop.amount_paise)]
    if opened:
        await hops.insert(connection, case_no, work.now, opened)
        hop_nos = [hop.hop_no for hop in opened]
        if await intake.register_transfers(connection, case_no, [row.key for row in sorted_rows.fresh], hop_nos):
            raise KnownMeanwhile
        await ledger.post(connection, case_no, "complaint", f"complaint|{ack_no}|{first}", work.now, entries)
        await cases.give_out_hops(connection, case_no, hop_nos[-1])
        if work.ctx.policy.payer_bank.ask:
            banks = {hop.hop_no: row.statement.payer_bank for hop, row in zip(opened, sorted_rows.fresh, strict=True)}
            await plan_inquiries(work, opened, banks)
    await statements.add_transfers(connection, ack_no, stated_count + 1, complaint_rows)
    event = opened_event(EventKind.COMPLAINT_EXTENDED, ack_no, flags, sorted_rows.fresh, first, entries, complaint_rows)
    await work.log_all([event])
    await work.ask(*(task for hop in opened for task in tasks_before_asking(hop.hop_no, hop.state)))
    await _ask_to_read(work, ack_no, complaint_rows)


async def _ask_to_read(work: CaseTransaction, ack_no: str, rows: Sequence[ToldRow]) -> None:
    for case_no, task in differences_to_read(ack_no, rows):
        await tasks.open_tasks(work.connection, case_no, [task], work.now)


async def _with_payer(
    work: CaseTransaction, ack_no: str, known: KnownTransfer, new: Sequence[Row], stated: Sequence[StatedTransfer]
) -> KnownTransfer:
    """Write the account that paid a transfer of this complaint, if it is stated now and was not before.

    Returns the transfer as it is known then. The bank that paid is asked again, with the account.
    """
    place = (known.case_no, known.hop_no)
    if place not in {(transfer.case_no, transfer.hop_no) for transfer in stated} or known.case_no != work.case_no:
        return known
    payer = _payer_of(known, new)
    if payer is None or names_an_account(account_key(known.payer_holder)):
        return known
    hop = await hops.get(work.connection, *place)
    if hop.ack_no != ack_no:
        return known
    await statements.state_payer(work.connection, *place, payer)
    bank, _ = work.ctx.directory.current.resolve(payer.institution, payer.ifsc, payer.holder, "payer")
    if work.ctx.policy.payer_bank.ask:
        await plan_inquiries(work, [hop], {hop.hop_no: bank.code if bank else ""})
    if work.actor != COMPLAINANT:
        # Money goes home to this account, so the victim hears of it at the contact that was told first.
        account = masked_account(account_end(account_key(payer.holder)), bank.name if bank else payer.institution)
        facts = MessageFacts(occasion=f"payer.{hop.hop_no}", to_account=account)
        event = NotificationEvent.PAYER_ACCOUNT_STATED
        await notify_people(work.connection, work.ctx, event, Concerned(ack_no=ack_no), facts, work.now)
    payer_fields = {
        "payer_institution_as_told": payer.institution,
        "payer_ifsc": payer.ifsc,
        "payer_holder": payer.holder,
    }
    return known.model_copy(update=payer_fields)


def _payer_of(known: KnownTransfer, new: Sequence[Row]) -> Party | None:
    """Return the payer that a statement names for a known transfer with its account, or None."""
    for row in new:
        same = reference_key(row.transfer.reference) == known.reference_key
        if same and names_an_account(account_key(row.transfer.payer.holder)):
            return row.transfer.payer
    return None
