"""Every kind of what goes out lives through anything, in any order: it is marked once, and it is never lost."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.case.intake import take_complaint
from activities.context import Context
from activities.outgoing import NO_REPLY, SENDER_DIED, Attempt, NotDue, NoWay, Routes, Ways, Write, send_due
from activities.people import public_complaints
from activities.recovery.message_outbox import Complainant, tell_complainant, tell_victim
from adapters.banks.protocol import BankWire, Delivery, HoldTicket
from adapters.messages.smtp import MailRefused, MailUnreachable
from adapters.police.cctns import FirRequest, Registered
from db import outgoing, tasks
from db.banks import bank_exchanges, bank_keys, bank_logins, bank_people
from db.officers import credentials, officers
from db.outgoing import OutgoingKind
from db.people import drafts
from db.pool import Connection, open_pool
from db.work_items import task_notices
from db.work_items.task_notices import UnheardNotice
from schemas.banks.keys import KeyChange, KeyChangeOutcome
from schemas.enums import KeyChangeKind, Language, Role, TaskKind
from schemas.notifications import MessageFacts, MessageKind, NoticeMedium, SmsIds
from schemas.officers.officers import OfficerEntry
from schemas.people.drafts import DraftContent
from schemas.privacy.personal_data import WHOLE_STATE
from schemas.tasks import TaskCause, TaskFacts
from tests.deep import database_settings
from tests.factories import complaint, make_context, rrn, transfer
from workers.loops.outbound import KINDS

GATE: Final = 6
DAY: Final = timedelta(days=1)
BANK: Final = "SBIN"


class Died(BaseException):
    """The process ends here."""


class Mail:
    async def send(self, to: str, subject: str, body_text: str, message_id: str, *, attachments: Any = ()) -> None:
        assert to
        assert subject
        assert body_text
        assert message_id


class Sms:
    async def send(self, to: str, body_text: str, key: str, ids: SmsIds | None = None) -> str:
        assert to
        assert body_text
        return key


class Register:
    async def register(self, request: FirRequest, *, timeout_seconds: float) -> Registered:
        return Registered(request.fir_id.hex, "Cyber", datetime.now(UTC), None)

    async def close(self) -> None:
        pass


class Events:
    async def send_hold_request(self, bank: BankWire, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        return Delivery(job_id="1")


async def asked_call(_: Context, connection: Connection, at: datetime) -> object:
    await bank_exchanges.ask(connection, call_id := uuid4(), BANK, at)
    return call_id


async def key_change(_: Context, connection: Connection, at: datetime) -> object:
    change = KeyChange(
        change_id=uuid4(),
        institution=BANK,
        kind=KeyChangeKind.ADD,
        key_id="sbin-1",
        public_key=bytes(32),
        asked_by="command:test",
        asked_at=at,
        outcome=KeyChangeOutcome.DONE,
        decided_by="command:test",
        decided_at=at,
    )
    await bank_keys.ask(connection, change)
    return change.change_id


async def login(_: Context, connection: Connection, at: datetime) -> object:
    await bank_logins.verified(connection, BANK, address := str(uuid4()), bytes(32), at)
    return await connection.fetchval("SELECT login_id FROM bank_login WHERE address = $1", address)


async def login_change(_: Context, connection: Connection, at: datetime) -> object:
    return await bank_logins.write(connection, BANK, "new@sbin.example", "command:test", at)


async def sign_in_link(_: Context, connection: Connection, at: datetime) -> object:
    officer = OfficerEntry.model_validate(
        {"officer_id": f"o{uuid4().hex[:8]}", "name": "A", "email": "a@police.example"}
    )
    await officers.add(connection, officer, at, "command:test")
    digest = uuid4().bytes * 2
    await credentials.make_link(connection, digest, officer.officer_id, "command:test", DAY)
    return digest.hex()


async def person(_: Context, connection: Connection, at: datetime) -> object:
    await connection.execute("DELETE FROM bank_person")
    name = "A", "Manager"
    await bank_people.add(connection, person_id := uuid4(), BANK, f"{person_id}@sbin.example", *name, at)
    return person_id


async def task_message(_: Context, connection: Connection, at: datetime) -> object:
    """A message about a work item on which its officer can act."""
    name = f"o{uuid4().hex[:8]}"
    entry = OfficerEntry(officer_id=name, name="A", email="a@police.example")
    await officers.add(connection, entry, at, "command:test")
    await officers.set_roles(connection, name, (Role.DESK,), at, "command:test")
    await officers.set_districts(connection, name, (WHOLE_STATE,), at, "command:test")
    facts = TaskFacts(institution=BANK, detail=name)
    cause = TaskCause.BANK_KEY_UNTOLD
    task_id = await tasks.open_for_institution(connection, BANK, TaskKind.PHONE_BANK, cause, at, facts=facts)
    assert task_id is not None
    notice = UnheardNotice(officer_id=name, task_id=task_id, version=0, medium=NoticeMedium.EMAIL)
    await task_notices.write_unheard(connection, [notice], at)
    message_id = uuid4()
    assert await task_notices.begin(connection, message_id, name, NoticeMedium.EMAIL, at)
    return message_id


async def complainant_message(ctx: Context, connection: Connection, at: datetime) -> object:
    draft_id = (await public_complaints.write_new(ctx, connection, DraftContent(), "command:test")).draft_id
    person = Complainant(draft_id, (await drafts.get(connection, draft_id)).key, "9876543210", Language.EN)
    facts = MessageFacts(until=at + 60 * DAY, reference="ABCD-EFGH-JKLM")
    await tell_complainant(connection, ctx, person, MessageKind.COMPLAINT_LINK, facts, at, link="https://my.example")
    return await connection.fetchval("SELECT message_id FROM complainant_message WHERE draft_id = $1", draft_id)


async def message(ctx: Context, connection: Connection, at: datetime) -> object:
    taken = await take_complaint(ctx, complaint(), idempotency_key=rrn(), taken_by="officer:1")
    case_no = taken.receipt.case_ack_no
    await tell_victim(connection, ctx, case_no, MessageKind.MONEY_HELD, {"amount_paise": 5_000_00}, at)
    return await connection.fetchval("SELECT message_id FROM message WHERE case_no = $1 ORDER BY written_at", case_no)


async def report(ctx: Context, connection: Connection, at: datetime) -> object:
    large = complaint(transfer(2_00_000_00))
    taken = await take_complaint(ctx, large, idempotency_key=rrn(), taken_by="officer:1")
    return await connection.fetchval("SELECT fir_id FROM fir WHERE case_no = $1", taken.receipt.case_ack_no)


async def due_document(ctx: Context, connection: Connection, at: datetime) -> object:
    """A case with a due document that has nothing to say, so that it is over as soon as it is looked at."""
    taken = await take_complaint(ctx, complaint(), idempotency_key=rrn(), taken_by="officer:1")
    case_no = taken.receipt.case_ack_no
    await connection.execute("SELECT ask_for_lien_notice($1, $2, $3)", case_no, BANK, at)
    return case_no


CAUSES: Final[Mapping[OutgoingKind, Callable[[Context, Connection, datetime], Awaitable[object]]]] = {
    OutgoingKind.BANK_TEST_CALL: asked_call,
    OutgoingKind.BANK_KEY_CHANGE: key_change,
    OutgoingKind.BANK_LOGIN: login,
    OutgoingKind.BANK_LOGIN_CHANGE: login_change,
    OutgoingKind.SIGN_IN_LINK: sign_in_link,
    OutgoingKind.BANK_PERSON: person,
    OutgoingKind.TASK_MESSAGE: task_message,
    OutgoingKind.COMPLAINANT_MESSAGE: complainant_message,
    OutgoingKind.MESSAGE: message,
    OutgoingKind.FIR: report,
    OutgoingKind.DUE_DOCUMENT: due_document,
}
"""what makes something of each kind due; returns its subject"""
ONCE: Final = {"task_message", "complainant_message", "message", "fir", "due_document"}
"""kinds whose subject goes out once"""
FAILS: Final = {
    "away": MailUnreachable,
    "unforeseen": ZeroDivisionError,
    "hangs": TimeoutError,
    "refused": MailRefused,
    "no_way": NoWay,
    "over": NotDue,
    "dies": Died,
}
ENDS: Final = {"works": "sent", "refused": "given_up", "no_way": "given_up", "over": "over"}
AGAIN: Final = {"away": str(MailUnreachable()), "unforeseen": "ZeroDivisionError", "hangs": NO_REPLY}
"""failures after which it is tried again"""
fates = st.sampled_from((*AGAIN, "works", "away", "away", "dies", "dies_after", "refused", "no_way", "over"))
steps = st.lists(
    st.one_of(
        *(st.tuples(st.just("send"), fates),) * 4,
        *(st.just(("wait",)),) * 3,
        st.just(("cause",)),
        st.tuples(st.just("two"), fates, fates),
        st.tuples(st.just("hang"), fates),
        st.just(("wake",)),
    ),
    min_size=5,
    max_size=20,
)


class Life:
    """Something of a kind, its senders, and what they do to it."""

    def __init__(self, ctx: Context, kind: OutgoingKind) -> None:
        self.now = datetime.now(UTC)
        self.ctx = replace(ctx, clock=lambda: self.now)
        self.real = KINDS[kind]
        self.kind = replace(self.real, send=self.send_one, given_up=self.give_up, opened_before=lambda _: None)
        self.fates: list[str] = []
        self.sends = self.given_up = self.ended_given_up = 0
        self.began = asyncio.Event()
        self.asleep: tuple[asyncio.Task[int], asyncio.Event] | None = None
        self.subject = ""
        self.before: dict[str, Any] = {}

    async def live(self, happens: Sequence[tuple[str, ...]]) -> None:
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            self.subject = str(await CAUSES[self.real.name](self.ctx, connection, self.now))
        for what, *details in happens:
            await getattr(self, what)(*details)
            await self.look()
        await self.wake()
        for _ in range(3):
            await self.wait()
            await self.send("works")
        row = await self.look()
        assert row["ended_at"] is not None, "it is never lost"
        assert row["outcome"] != "sent" or self.sends > 0
        assert self.given_up == self.ended_given_up or self.kind.is_endless

    async def row(self) -> dict[str, Any]:
        (row,) = await self.ctx.pool.fetch(
            "SELECT * FROM outgoing WHERE kind = $1 AND subject = $2", self.real.name, self.subject
        )
        return dict(row)

    async def look(self) -> dict[str, Any]:
        row = await self.row()
        if self.before.get("outgoing_id") == row["outgoing_id"] and self.before["ended_at"]:
            assert row == self.before, "it ends once"
        elif row["outcome"] == "given_up":
            self.ended_given_up += 1
        self.before = row
        return row

    # -- the kind, with faults -------------------------------------------------------------------------------------

    async def send_one(self, attempt: Attempt, row: Any) -> Write | None:
        fate = self.fates.pop() if self.fates else "works"
        if fate.startswith("hangs "):
            assert self.asleep is not None
            self.began.set()
            await self.asleep[1].wait()
            fate = fate.removeprefix("hangs ")
        if fate == "dies_after" and self.real.name is OutgoingKind.DUE_DOCUMENT:
            fate = "dies"  # a document and its end are one transaction
        if fate in FAILS:
            raise FAILS[fate]()
        written = await self.real.send(attempt, row)
        self.sends += 1
        if fate == "dies_after":
            raise Died
        return written

    async def give_up(self, row: Any, connection: Connection, at: datetime) -> None:
        self.given_up += 1
        if self.real.given_up is not None:
            await self.real.given_up(row, connection, at)

    # -- what happens ----------------------------------------------------------------------------------------------

    async def cause(self) -> None:
        if self.real.name in ONCE:
            return
        async with self.ctx.pool.acquire() as connection:
            await outgoing.queue(connection, self.real.name, self.subject, self.now)

    async def run(self) -> int:
        with suppress(Died):
            return await send_due(self.ctx, Routes(Ways(Mail(), Sms()), Events(), register=Register()), self.kind)
        return 0

    async def send(self, fate: str) -> None:
        before, given_up, self.fates = await self.row(), self.given_up, [fate]
        is_due = before["next_attempt_at"] is not None and before["next_attempt_at"] <= self.now
        sent = await self.run()
        after, limit = await self.row(), self.kind.trying(self.ctx).attempts
        if not is_due:
            assert (after, sent, self.fates) == (before, 0, [fate])
        elif self.kind.is_endless and fate in {*AGAIN, "refused", "no_way"}:
            assert after["outcome"] is None
            assert self.given_up > given_up or after["attempts"] < limit, "a person is told each time"
        elif before["attempts"] >= limit and not self.kind.is_endless:
            assert (after["outcome"], after["failure"], self.fates) == ("given_up", SENDER_DIED, [fate])
        elif fate in AGAIN:
            is_over = after["attempts"] >= limit
            assert (after["outcome"], after["failure"]) == ("given_up" if is_over else None, AGAIN[fate])
        else:
            assert after["outcome"] == ENDS.get(fate)
            assert sent == (fate == "works")

    async def two(self, one: str, other: str) -> None:
        """Two senders look at once: one of them has it."""
        self.fates, sends = [one, other], self.sends
        await asyncio.gather(self.run(), self.run())
        assert self.sends - sends <= 1

    async def hang(self, fate: str) -> None:
        """A sender begins, and its call takes longer than its lease."""
        if self.asleep is None:
            self.fates = [f"hangs {fate}"]
            self.began.clear()
            self.asleep = asyncio.create_task(self.run()), asyncio.Event()
            self.asleep[0].add_done_callback(lambda _: self.began.set())
            await self.began.wait()

    async def wake(self) -> None:
        if self.asleep is not None:
            self.asleep[1].set()
            await self.asleep[0]
            self.asleep = None

    async def wait(self) -> None:
        self.now += DAY


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_happens_to_it_it_is_marked_once_and_never_lost(database_dsn: str, kind: OutgoingKind) -> None:
    with asyncio.Runner() as runner:
        pool = runner.run(open_pool(database_dsn, min_size=1, max_size=5, only_single_cases=True))
        ctx = runner.run(make_context(pool))

        @database_settings(GATE, steps=50)
        @given(steps)
        def lives(happens: list[tuple[str, ...]]) -> None:
            runner.run(Life(ctx, kind).live(happens))

        try:
            lives()
        finally:
            runner.run(pool.close())


def test_every_kind_is_registered_and_tried_here() -> None:
    assert set(KINDS) == set(CAUSES) == set(OutgoingKind)


async def test_what_has_ended_stays_and_what_is_due_is_not_deleted(ctx: Context) -> None:
    async with ctx.pool.acquire() as connection, connection.transaction():
        await outgoing.queue(connection, OutgoingKind.BANK_TEST_CALL, subject := uuid4(), datetime.now(UTC))
        for statement in (
            "DELETE FROM outgoing WHERE subject = $1",
            "UPDATE outgoing SET kind = 'other' WHERE subject = $1",
            "UPDATE outgoing SET outcome = 'sent' WHERE subject = $1",
        ):
            with pytest.raises((asyncpg.RestrictViolationError, asyncpg.CheckViolationError)):
                async with connection.transaction():
                    await connection.execute(statement, str(subject))
