"""Plays the hot path on a loaded database with the real code, and rolls all of it back."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, cast
from uuid import UUID

import orjson

from activities.banks.delivery import BankDelivery
from activities.case.answers import take_status_update
from activities.case.hold_requests import CaseActivities
from activities.case.intake import Taken, take_complaint
from activities.case.outbox import (
    LOOK_AFTER,
    LOOK_AFTER_LIMIT,
    SWEEP_AFTER,
    SWEEP_LIMIT,
    WAITING_LIMIT,
    SweepActivities,
)
from activities.case.request_sending import RequestSender
from activities.context import Context
from activities.metrics import rehearsal
from activities.recovery.assignments import DueList
from activities.recovery.hold_lifecycle import open_for_new_holds
from activities.reporting import scorecards
from activities.reporting.scorecards import Reach
from activities.work_items.task_rounds import TaskRounds
from adapters.banks.i4c.decode import decode_status_update
from adapters.banks.protocol import BankWire
from benchmarks.million.plans import PlanBook
from benchmarks.million.rows import BANKS, DAYS
from db import query_plans, task_owners
from db.case import case_outbox, case_views, cases, hop_retries, ledger, parked_hops, requests
from db.case.case_outbox import Deferral, read_deferral
from db.paging import to_cursor
from db.pool import Connection, Pool
from db.recovery import account_holds, due_documents
from db.work_items import task_filters, task_views, work_item_lines
from db.work_items.task_filters import Wanted
from domain.privacy.search import recognise
from domain.work_items.task_owners import OWNERS, acts_of
from schemas.case.case_workflow import Escalate, FollowUp
from schemas.case.intake import Complaint
from schemas.enums import CaseState, ChannelKind, EscalationLevel, Role, TaskState
from schemas.events import EventKind
from schemas.privacy.personal_data import SearchQuestion, Within
from schemas.work_items.task_owners import TaskFilter, TaskSort
from workers.rehearsal import OneConnection

ROUNDS: Final = 7
"""PostgreSQL makes a new plan of a prepared statement five times before it may keep one; the last round counts"""
ACTOR: Final = "engine:million"
PAISE: Final = 100_000_00
PAGE: Final = 50
VICTIMS_BANK, FIRST_BANK = "BK00", "BK01"
VICTIMS_NAME, VICTIMS_MOBILE, DISTRICT = "A. Victim", "9999999999", "LUCKNOW"
WIRE: Final = BankWire(code=FIRST_BANK, base_url="http://127.0.0.1", email="", password="", envelope="none")
VALUED_IN_PLAY: Final = ("task_value",)
"""tables that the play fills before its statements count"""


@dataclass(frozen=True)
class Shared:
    """An account that many loaded cases have."""

    bank: str
    account: str


OF_TWENTY: Final = Shared(BANKS[5], "70000000005")
"""an account of about twenty cases"""
REFERENCES: Final = ("400001030101", "400001030302")
"""references of a loaded case, of the first layer and of the second"""
OF_MANY: Final = Shared(BANKS[0], "60000000000")
"""an account of up to a thousand cases"""


@dataclass(frozen=True)
class HotPath:
    """The golden hour, on one connection with the settings of its processes."""

    ctx: Context
    book: PlanBook

    @classmethod
    async def play(cls, ctx: Context, connection: Connection, book: PlanBook) -> None:
        """Play all of it several times; the last time counts."""
        async with _alone(ctx, connection) as alone:
            path = cls(alone, book)
            for round_no in range(ROUNDS):
                book.is_on = round_no == ROUNDS - 1
                await path.trace()
                await path.escalate()
                await path.list_for_sweep()
            with book.area("sweep"):
                await SweepActivities(alone, _told).sweep_outbox()
            book.is_on = False

    async def trace(self) -> str:
        """Play a complaint, its requests and their answers; return the case."""
        with self.book.area("complaint"):
            reference = _digits(12)
            taken = await self._complain(FIRST_BANK, "9000000002", reference)
        case_no = taken.receipt.case_ack_no
        await self._deliver(taken.follow_up, FIRST_BANK)
        with self.book.area("complaint that joins a case"):
            await self._complain(FIRST_BANK, "9000000002", reference)
        for name, shared in (("", OF_TWENTY), (" at an account of a thousand cases", OF_MANY)):
            onward = _digits(12)
            with self.book.area(f"answer that opens hops{name}"):
                moved = await self._answer(FIRST_BANK, case_no, _line("3", reference, 30_000_00, shared, onward))
            await self._deliver(moved, shared.bank)
            with self.book.area(f"answer that holds{name}"):
                await self._answer(shared.bank, case_no, _line("1", onward, 30_000_00))
        with self.book.area("answer that says that money is gone"):
            await self._answer(FIRST_BANK, case_no, _line("5", reference, 20_000_00, onward=_digits(12)))
        return case_no

    async def escalate(self) -> None:
        """Play a request without an answer, up to the desk."""
        taken = await self._complain(FIRST_BANK, "9000000003", _digits(12))
        await self._deliver(taken.follow_up, FIRST_BANK)
        assert taken.follow_up is not None, "a new case has a request to send"
        assert taken.follow_up.start is not None, "a new case starts a workflow"
        activities = CaseActivities(self.ctx, BankDelivery(self.ctx, {}), None)
        with self.book.area("escalation"):
            for request in taken.follow_up.start.requests:
                params = Escalate(
                    case_no=taken.receipt.case_ack_no,
                    request_id=request.request_id,
                    institution=request.institution,
                    level=EscalationLevel.DESK_TASK,
                )
                await activities.escalate_request(params)

    async def list_for_sweep(self) -> None:
        """Read what a sweep finds to do."""
        now, nothing = self.ctx.now(), list[str]()
        with self.book.area("sweep"):
            async with self.ctx.pool.acquire() as connection:
                await cases.not_started(connection, now - SWEEP_AFTER, SWEEP_LIMIT, now)
                await case_outbox.unsignalled(connection, now - SWEEP_AFTER, nothing, SWEEP_LIMIT, now)
                await cases.not_seen(connection, now - LOOK_AFTER, LOOK_AFTER_LIMIT, now)
                await ledger.due(connection, nothing, WAITING_LIMIT)
                await hop_retries.due(connection, now, nothing, WAITING_LIMIT)
                await parked_hops.to_remind(connection, now, nothing, WAITING_LIMIT)
                await parked_hops.to_write_off(connection, now, nothing, WAITING_LIMIT)
                await parked_hops.to_look_up(connection, now, nothing, WAITING_LIMIT)

    async def _complain(self, bank: str, account: str, reference: str) -> Taken:
        body = _complaint(bank, account, reference, (self.ctx.now() - timedelta(minutes=5)).isoformat())
        return await take_complaint(self.ctx, body, idempotency_key=_digits(20), taken_by=ACTOR)

    async def _deliver(self, follow_up: FollowUp | None, bank: str) -> None:
        """Read the planned requests as a batch does, and record their delivery."""
        notification = follow_up and (follow_up.start or follow_up.news)
        with self.book.area("requests sent"):
            for request in notification.requests if notification else ():
                request_id = UUID(request.request_id)
                await RequestSender.read(self.ctx, [request_id])
                async with self.ctx.pool.acquire() as connection:
                    await requests.delivered(connection, request_id, bank, f"M-{request_id}", ChannelKind.I4C, 0)

    async def _answer(self, bank: str, case_no: str, line: dict[str, Any]) -> FollowUp | None:
        body = orjson.dumps({"acknowledgement_no": case_no, "job_id": None, "transactions": [line]})
        receipt = await take_status_update(
            self.ctx, bank, decode_status_update(body, {}, WIRE), secrets.token_bytes(32)
        )
        return receipt.follow_up


@dataclass(frozen=True)
class BesideThePath:
    """The desk, and the work on holds and duties, on one connection with the settings of their processes."""

    ctx: Context
    connection: Connection
    book: PlanBook

    @classmethod
    async def play(cls, ctx: Context, connection: Connection, book: PlanBook) -> None:
        """Play all of it several times; the last time counts."""
        async with _alone(ctx, connection) as alone:
            path = cls(alone, connection, book)
            while await TaskRounds(alone).value():
                pass
            # Real rows came over months, and the server has counted them.
            await query_plans.analyze(connection, VALUED_IN_PLAY)
            for round_no in range(ROUNDS):
                book.is_on = False
                case_no = await HotPath(alone, book).trace()
                book.is_on = round_no == ROUNDS - 1
                with book.area("holds and duties"):
                    await path.attend(case_no)
                with book.area("desk"):
                    await path.read_lists(case_no)
                await path.search(case_no)
            book.is_on = False

    async def attend(self, case_no: str) -> None:
        """Open the holds of a case and attend to them, and read what else is due."""
        deferral = await read_deferral(self.connection, timedelta(0), timedelta(0), timedelta(0))
        await account_holds.cases_with_new_holds(self.connection, deferral, deferral.now, [], PAGE)
        await open_for_new_holds(self.ctx, case_no)
        await due_documents.due_cases(self.connection, deferral, [], PAGE)
        await DueList(self.ctx).attend(case_no, wait=True)
        await self._list_procedures(deferral)

    async def _list_procedures(self, deferral: Deferral) -> None:
        connection, now = self.connection, self.ctx.now()
        await case_outbox.to_start(connection, deferral, [], PAGE)
        await case_outbox.to_notify(connection, deferral, [], PAGE)
        await case_outbox.not_seen(connection, now - timedelta(days=1), [], PAGE)
        await case_outbox.purge_procedure_news(connection, now - timedelta(days=1), PAGE)
        await due_documents.next_due_at(connection, now)

    async def read_lists(self, case_no: str) -> None:
        """Read the lists of the desk, and the views of one case."""
        connection, now = self.connection, self.ctx.now()
        desk = acts_of({Role.DESK})
        for wanted in (
            Wanted(),
            Wanted(acts=desk),
            Wanted(sort=TaskSort.WORTH),
            Wanted(sort=TaskSort.WORTH, filter=TaskFilter(owned=False, sum_from_paise=100_00)),
            Wanted(ack_no=case_no),
            Wanted(state=TaskState.CLOSED),
            Wanted(state=TaskState.CLOSED, ack_no=case_no),
        ):
            await task_views.page(connection, wanted, None, PAGE, self.ctx.policy.bank_holidays, now)
        await task_views.open_by_kind(connection)
        await task_filters.counts(connection, Wanted(), now)
        await task_views.to_value(connection, PAGE)
        await work_item_lines.of(connection, [1], [case_no])
        await work_item_lines.part(connection, 0, PAGE)
        await work_item_lines.logged(connection, {case_no: None}, [EventKind.LEVEL_REACHED])
        await task_owners.ended(connection, now, OWNERS, PAGE)
        await task_owners.unowned(connection, now, self.ctx.policy.work_items.unowned.seconds, PAGE)
        # A page in the middle of two years of cases is no more to read than the first.
        middle = to_cursor((now - timedelta(days=DAYS / 2)).isoformat(), case_no)
        for state in (None, *CaseState):
            for after in (None, middle):
                await case_views.page(connection, state, after, PAGE)
        await case_views.get(connection, case_no)
        await case_views.trail_page(connection, case_no, None, PAGE)
        await case_views.request_page(connection, case_no, None, PAGE)

    async def search(self, case_no: str) -> None:
        """Search as an officer of the State, and as one of a district, by each kind of text."""
        of_victim = (VICTIMS_MOBILE, VICTIMS_NAME, "victim@example.org", "victim@okbk", "9000000001")
        of_one = (case_no, *REFERENCES, *of_victim)
        of_twenty, of_many = (f"{shared.bank} {shared.account}" for shared in (OF_TWENTY, OF_MANY))
        for area, texts in (
            ("search", (*of_one, of_twenty, OF_TWENTY.account)),
            ("search at an account of a thousand cases", (of_many, OF_MANY.account)),
        ):
            for text in texts:
                for within in (None, Within(officer_id="million", districts=(DISTRICT,))):
                    with self.book.area(area):
                        asked = SearchQuestion(text=text)
                        await scorecards.find(self.ctx, asked, recognise(text), Reach(cases=within, persons=within))


@asynccontextmanager
async def _alone(ctx: Context, connection: Connection) -> AsyncIterator[Context]:
    """Give a context on one connection, in a transaction that is rolled back, and count nothing meanwhile."""
    played = connection.transaction()
    await played.start()
    try:
        with rehearsal():
            alone = replace(ctx, pool=cast("Pool", OneConnection(connection)))
            # The health of channels is read in the background, which needs a connection of its own.
            vars(alone)["health"] = ctx.health
            yield alone
    finally:
        await played.rollback()


async def _told(_follow_up: FollowUp) -> None:
    """Take a workflow for notified."""


def _complaint(bank: str, account: str, reference: str, at: str) -> Complaint:
    return Complaint.model_validate(
        {
            "ack_no": f"9{_digits(13)}",
            "channel": "helpline_1930",
            "category": "upi_fraud",
            "victim": {"name": VICTIMS_NAME, "mobile": VICTIMS_MOBILE, "district": DISTRICT},
            "transfers": [
                {
                    "payer": {"institution": VICTIMS_BANK, "account": "9000000001"},
                    "payee": {"institution": bank, "account": account},
                    "amount_paise": PAISE,
                    "rrn": reference,
                    "mode": "imps",
                    "transferred_at": at,
                }
            ],
        }
    )


def _line(kind: str, root: str, paise: int, to: Shared | None = None, onward: str = "") -> dict[str, Any]:
    rupees = f"{paise // 100}.00"
    return {
        "txn_type_id": kind,
        "amount": rupees,
        "disputed_amount": rupees,
        "transaction_datetime": "",
        "rrn_transaction_id": onward,
        "payee_bank_code": to.bank if to else "",
        "payee_account_number": to.account if to else "",
        "root_account_number": "",
        "root_rrn_transaction_id": root,
        "status_code": "00",
        "atm_id": "A1" if kind == "5" else "",
    }


def _digits(count: int) -> str:
    return "".join(str(secrets.randbelow(10)) for _ in range(count))
