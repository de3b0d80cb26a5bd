"""No sequence of verbs by one person moves more than the policy's sum out of a hold.

Two to four people, each with two roles, do what their roles allow, in any order. Every order to a bank is then traced
back to the persons who decided it. What one person alone has caused stays below the policy's sums.
"""

import asyncio
from base64 import b64encode
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from activities.context import Context
from activities.grievances import decisions as grievances
from activities.holds.releases import confirm_release, hear_victim
from activities.holds.small_holds import record_small_hold_decision
from activities.orders.confirmations import record_statement
from activities.police.firs import assign_officer
from activities.restoration import decisions, withdrawals
from activities.restoration.court_orders import confirm_court_order, take_court_order
from api.roles import ALLOWED, Action
from db.pool import open_pool
from domain.errors import RuleBroken
from domain.persons import person_of
from schemas.enums import Language, Role
from schemas.grievances.grievances import (
    AppealOn,
    GrievanceDecided,
    GrievanceReason,
    GrievanceReport,
    NewGrievance,
)
from schemas.holds import NewSmallHoldDecision, SmallHoldDecision
from schemas.orders.orders import ConfirmedLine, OrderConfirmation
from schemas.orders.releases import NewHearing
from schemas.police import NewCourtOrder, NewOfficer
from schemas.restoration.restorations import (
    Acting,
    NewObjection,
    NoticeWaived,
    ObjectionDecided,
    RestorationVerb,
    Seen,
)
from schemas.restoration.withdrawals import NewWithdrawal, WithdrawalKind
from schemas.restoration_enums import GrievanceDecision, KycFinding, ObjectionBy, ObjectionDecision, OrderReason
from schemas.text import IST
from simulator.people.court import one_page_pdf
from tests.activities.cases.test_case_machine import loop
from tests.activities.restoration_bench import WHY, Home
from tests.deep import database_settings
from tests.factories import make_context, rrn

__all__ = ["loop"]

T = TypeVar("T")
EXAMPLES: Final = 8
HELD_RUPEES: Final = (20_000, 9_000, 9_000, 9_000, 150)
"""on hold in five cases: one above the sum of a hold, three that together are above the sum of a day, a small one"""
PDF: Final = b64encode(one_page_pdf("order")).decode()


@dataclass(frozen=True)
class Case:
    """A case with one hold."""

    case_no: str
    hold_id: UUID


class People:
    """Cases with money on hold, and the verbs of officers on them."""

    def __init__(self, ctx: Context) -> None:
        self.home = Home(ctx)
        self.ctx, self.bench = self.home.ctx, self.home.bench
        self.cases: list[Case] = []

    async def begin(self) -> None:
        for rupees in HELD_RUPEES:
            case_no = await self.home.hold(rupees)
            hold_id = await self.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
            self.cases.append(Case(case_no, hold_id))
        await self.pass_days(3)

    async def pass_days(self, days: float) -> None:
        """Let time pass, and let the engine do what is due of the restorations."""
        self.home.clock.at += timedelta(days=days)
        for case in self.cases:
            for (restoration,) in await self.bench.rows(
                "SELECT restoration_id FROM restoration WHERE case_no = $1 AND state = 'open'", case.case_no
            ):
                await self.home.tick(restoration)

    async def do(self, action: Action, case: Case, subject: str, roles: Sequence[Role]) -> None:
        """Let a person do a verb with each of the person's roles that may do it."""
        for role in roles:
            if role in ALLOWED[action]:
                by = Acting(subject=subject, role=role, actor=f"officer:{subject}")
                with suppress(RuleBroken):
                    await DRIVERS[action](self, case, by)
        await self.pass_days(0)

    # -- grievances and small holds ------------------------------------------------------------------------------------

    async def grievance(self, case: Case) -> tuple[UUID, str, str] | None:
        rows = await self.bench.rows(
            "SELECT grievance_id, level, state FROM grievance WHERE case_no = $1 ORDER BY serial_no DESC LIMIT 1",
            case.case_no,
        )
        return (rows[0][0], rows[0][1], rows[0][2]) if rows else None

    async def file(self, case: Case, by: Acting) -> None:
        found = await self.grievance(case)
        if found is not None and found[2] in {"upheld", "part_released"}:
            more = AppealOn.model_validate({"level": found[1], "text": "look again"})
            await grievances.appeal_on(self.ctx, found[0], more, by)
            return
        new = NewGrievance(text="this is the rent of my shop", language=Language.EN)
        await grievances.file_grievance(self.ctx, case.hold_id, new, by.actor)

    async def report(self, case: Case, by: Acting) -> None:
        if (found := await self.grievance(case)) is not None:
            said = GrievanceReport(kyc=KycFinding.GENUINE, finding="a shop since 2011")
            await grievances.report(self.ctx, found[0], said, by)

    async def escalate(self, case: Case, by: Acting) -> None:
        if (found := await self.grievance(case)) is not None:
            why = GrievanceReason.model_validate({"level": found[1], "reason": "it is urgent"})
            await grievances.escalate(self.ctx, found[0], why, by)

    async def decide(self, case: Case, by: Acting) -> None:
        if (found := await self.grievance(case)) is not None:
            told = {"level": found[1], "decision": GrievanceDecision.RELEASED, "reason": WHY}
            await grievances.decide(self.ctx, found[0], GrievanceDecided.model_validate(told), by)

    async def decide_small(self, case: Case, by: Acting) -> None:
        decided = NewSmallHoldDecision(decision=SmallHoldDecision.RELEASE, reason="a tea shop")
        await record_small_hold_decision(self.ctx, case.hold_id, decided, by)

    async def hear(self, case: Case, by: Acting) -> None:
        await hear_victim(self.ctx, case.hold_id, NewHearing(ack_no=case.case_no, said="I agree"), by.actor)

    async def confirm(self, case: Case, by: Acting) -> None:
        self.home.clock.at += timedelta(days=2)
        await confirm_release(self.ctx, case.hold_id, "seen", by.actor)

    async def assign(self, case: Case, by: Acting) -> None:
        """Become the case's IO."""
        who = {"duty": "io", "subject": by.subject, "name": "R. Verma", "rank": "Inspector", "phone": "9000000009"}
        where = {"police_station": "Cyber Cell", "district": "LUCKNOW"}
        await assign_officer(self.ctx, case.case_no, NewOfficer.model_validate(who | where), by.actor)

    # -- courts, withdrawals, statements of banks ----------------------------------------------------------------------

    async def take_order(self, case: Case, by: Acting) -> None:
        told = {"kind": "writ", "effect": "release", "court": "High Court", "order_no": rrn(), "made_on": "2026-11-24"}
        await take_court_order(self.ctx, case.case_no, NewCourtOrder.model_validate(told | {"document": PDF}), by.actor)

    async def confirm_order(self, case: Case, by: Acting) -> None:
        newest = await self.bench.value(
            "SELECT max(court_order_id) FROM court_order WHERE case_no = $1 AND confirmed_at IS NULL", case.case_no
        )
        if newest is not None:
            await confirm_court_order(self.ctx, case.case_no, newest, "genuine", by.actor)

    async def propose_withdrawal(self, case: Case, by: Acting) -> None:
        new = NewWithdrawal(kind=WithdrawalKind.FALSE, reason="it did not happen")
        await withdrawals.propose(self.ctx, case.case_no, new, by.actor)

    async def agree_to_withdrawal(self, case: Case, by: Acting) -> None:
        newest = await self.bench.value(
            "SELECT max(withdrawal_id) FROM withdrawal WHERE case_no = $1 AND decision IS NULL", case.case_no
        )
        if newest is not None:
            await withdrawals.agree(self.ctx, case.case_no, newest, WHY, by.actor)

    async def bank_said(self, case: Case, by: Acting) -> None:
        rows = await self.bench.rows(
            "SELECT o.order_id, l.line_no, l.amount_paise FROM bank_order o JOIN bank_order_line l USING (order_id)"
            " WHERE o.case_no = $1 AND o.state <> 'confirmed' ORDER BY o.planned_at LIMIT 1",
            case.case_no,
        )
        for order_id, line_no, paise in rows:
            line = ConfirmedLine(line_no=line_no, amount_paise=paise, done_at=self.home.clock.at, reference="UTR1")
            supervises = by.role in ALLOWED[Action.TAKE_FROM_HELD]
            said = OrderConfirmation(lines=(line,))
            await record_statement(self.ctx, order_id, said, "by telephone", by.actor, supervises=supervises)

    # -- restorations --------------------------------------------------------------------------------------------------

    async def seen(self, case: Case) -> tuple[UUID, dict[str, Any]] | None:
        rows = await self.bench.rows(
            "SELECT restoration_id, step, visit_no FROM restoration WHERE case_no = $1 AND state = 'open'", case.case_no
        )
        return (rows[0][0], {"step": rows[0][1], "visit_no": rows[0][2]}) if rows else None

    async def waive(self, case: Case, by: Acting) -> None:
        if (found := await self.seen(case)) is not None:
            await self.home.give_notice(found[0])
            await decisions.waive_notice(
                self.ctx, found[0], NoticeWaived.model_validate(found[1] | {"reason": WHY}), by
            )

    async def object(self, case: Case, by: Acting) -> None:
        if (found := await self.seen(case)) is not None:
            told = found[1] | {"by_whom": ObjectionBy.HOLDER, "text": "my pay", "hold_id": case.hold_id}
            await decisions.receive_objection(self.ctx, found[0], NewObjection.model_validate(told), by)

    async def decide_objection(self, case: Case, by: Acting) -> None:
        found = await self.seen(case)
        newest = await self.bench.value(
            "SELECT max(objection_id) FROM objection JOIN restoration USING (restoration_id)"
            " WHERE case_no = $1 AND decision IS NULL",
            case.case_no,
        )
        if found is not None and newest is not None:
            told = found[1] | {"objection_id": newest, "decision": ObjectionDecision.UPHELD, "reason": WHY}
            await decisions.decide_objection(self.ctx, found[0], ObjectionDecided.model_validate(told), by)

    async def prepare(self, case: Case, by: Acting) -> None:
        if (found := await self.seen(case)) is not None:
            await decisions.prepare(self.ctx, found[0], Seen.model_validate(found[1]), by)

    async def approve(self, case: Case, by: Acting) -> None:
        if (found := await self.seen(case)) is not None:
            await decisions.approve(self.ctx, found[0], Seen.model_validate(found[1]), by)


Driver = Callable[[People, Case, Acting], Awaitable[None]]


def _ends(verb: RestorationVerb) -> Driver:
    async def drive(people: People, case: Case, by: Acting) -> None:
        if (found := await people.seen(case)) is not None:
            await decisions.end_step(people.ctx, found[0], verb, Seen.model_validate(found[1]), by, WHY)

    return drive


DRIVERS: Final[Mapping[Action, Driver]] = {
    Action.FILE_GRIEVANCE: People.file,
    Action.REPORT_ON_GRIEVANCE: People.report,
    Action.ESCALATE_GRIEVANCE: People.escalate,
    Action.DECIDE_GRIEVANCE: People.decide,
    Action.DECIDE_SMALL_HOLD: People.decide_small,
    Action.HEAR_VICTIM: People.hear,
    Action.CONFIRM_RELEASE: People.confirm,
    Action.ASSIGN_OFFICER: People.assign,
    Action.TAKE_COURT_ORDER: People.take_order,
    Action.CONFIRM_COURT_ORDER: People.confirm_order,
    Action.PROPOSE_WITHDRAWAL: People.propose_withdrawal,
    Action.DECIDE_WITHDRAWAL: People.agree_to_withdrawal,
    Action.CONFIRM_ORDER: People.bank_said,
    Action.RECEIVE_APPLICATION: _ends(RestorationVerb.RECEIVE_APPLICATION),
    Action.VERIFY_RESTORATION: _ends(RestorationVerb.VERIFY),
    Action.WAIVE_NOTICE: People.waive,
    Action.RECEIVE_OBJECTION: People.object,
    Action.DECIDE_OBJECTION: People.decide_objection,
    Action.PREPARE_RESTORATION: People.prepare,
    Action.APPROVE_RESTORATION: People.approve,
}
"""verbs that can end in an order to a bank, or move money out of a hold by a bank's statement"""

READS: Final = "it only reads"
TELLS: Final = "it brings money on hold or tells of it, and orders nothing"
STEPS: Final = "it moves a restoration or an order back, or ends it, and orders nothing"
NAMES: Final = "it names a person, a document or a contact, and orders nothing"
CHECKED: Final = "a check of the database asks for two officers"
STAYS: Final[Mapping[Action, str]] = {
    **dict.fromkeys([action for action in Action if action.value.startswith("read_")], READS),
    **dict.fromkeys(
        [
            Action.TAKE_COMPLAINT,
            Action.CHANGE_HOP,
            Action.CHANGE_REQUEST,
            Action.CLOSE_TASK,
            Action.TAKE_FIR,
            Action.DO_DUTY,
            Action.SEND_MESSAGE,
        ],
        TELLS,
    ),
    **dict.fromkeys(
        [
            Action.SEND_RESTORATION_BACK,
            Action.TAKE_ORDER,
            Action.REFUSE_RESTORATION,
            Action.RECEIVE_BOND,
            Action.CANCEL_RESTORATION,
            Action.REOPEN_RESTORATION,
            Action.SEND_ORDER,
            Action.CANCEL_ORDER,
            Action.WITHDRAW_GRIEVANCE,
        ],
        STEPS,
    ),
    **dict.fromkeys(
        [
            Action.MAKE_APPEAL_CODE,
            Action.TAKE_HOLDER_CONTACT,
            Action.NAME_GRIEVANCE_OFFICER,
            Action.ISSUE_DOCUMENT,
            Action.ISSUE_SEIZURE,
            Action.APPROVE_ATTACHMENT,
        ],
        NAMES,
    ),
    # discrepancy_resolution_four_eyes, credit_account_four_eyes, payer_decision_four_eyes
    **dict.fromkeys(
        [
            Action.RESOLVE_DISCREPANCY,
            Action.TAKE_FROM_HELD,
            Action.TELL_CREDIT_ACCOUNT,
            Action.CONFIRM_CREDIT_ACCOUNT,
            Action.PROPOSE_PAYER,
            Action.AGREE_TO_PAYER,
        ],
        CHECKED,
    ),
}
"""verbs that move nothing out of a hold, and why"""

PLANS: Final = (
    (
        Action.FILE_GRIEVANCE,
        Action.ESCALATE_GRIEVANCE,
        Action.ASSIGN_OFFICER,
        Action.DECIDE_GRIEVANCE,
        Action.CONFIRM_RELEASE,
    ),
    (Action.ASSIGN_OFFICER, Action.DECIDE_GRIEVANCE, Action.CONFIRM_RELEASE, Action.CONFIRM_RELEASE),
    (Action.ASSIGN_OFFICER, Action.DECIDE_SMALL_HOLD, Action.HEAR_VICTIM, Action.CONFIRM_RELEASE),
    (Action.TAKE_COURT_ORDER, Action.CONFIRM_COURT_ORDER, Action.CONFIRM_ORDER, Action.CONFIRM_ORDER),
    (Action.PROPOSE_WITHDRAWAL, Action.DECIDE_WITHDRAWAL),
    (
        Action.RECEIVE_APPLICATION,
        Action.VERIFY_RESTORATION,
        Action.WAIVE_NOTICE,
        Action.PREPARE_RESTORATION,
        Action.APPROVE_RESTORATION,
    ),
    (
        Action.RECEIVE_APPLICATION,
        Action.VERIFY_RESTORATION,
        Action.RECEIVE_OBJECTION,
        Action.DECIDE_OBJECTION,
    ),
)
"""the verbs of each way out of a hold, in order; people also do single verbs between them"""

BY_ENGINE: Final = frozenset({OrderReason.LAPSED, OrderReason.EXCESS, OrderReason.LEFTOVER})
_DECIDED: Final = """
SELECT o.order_id, o.reason, o.ordered_by, o.planned_at, l.hold_id, sum(l.amount_paise)::bigint AS paise,
    CASE o.reason
        WHEN 'grievance' THEN (SELECT ARRAY[p.proposed_by, p.ended_by] FROM release_proposal p
            WHERE p.hold_id = l.hold_id AND p.state = 'ordered' AND p.ended_at = o.planned_at)
        WHEN 'micro' THEN (SELECT ARRAY[p.proposed_by, p.ended_by] FROM release_proposal p
            WHERE p.hold_id = l.hold_id AND p.state = 'ordered' AND p.ended_at = o.planned_at)
        WHEN 'court' THEN (SELECT ARRAY[c.taken_by, c.confirmed_by] FROM court_order c
            WHERE c.court_order_id = o.court_order_id)
        WHEN 'restoration' THEN (SELECT ARRAY[r.prepared_by, r.approved_by] FROM restoration r
            WHERE r.restoration_id = o.restoration_id)
        WHEN 'objection' THEN (SELECT ARRAY[b.received_by, b.decided_by] FROM objection b
            JOIN restoration r USING (restoration_id) WHERE r.case_no = o.case_no AND b.decided_at = o.planned_at)
        WHEN 'complaint_withdrawn' THEN (SELECT ARRAY[w.proposed_by, w.decided_by] FROM withdrawal w
            WHERE w.case_no = o.case_no AND w.decided_at = o.planned_at AND w.decision = 'agreed')
    END AS persons
FROM bank_order o JOIN bank_order_line l USING (order_id) WHERE o.case_no = ANY($1)
GROUP BY o.order_id, l.hold_id ORDER BY o.planned_at
"""
_TOLD: Final = """
SELECT b.proposed_by, b.source, b.applied_paise FROM bank_confirmation b JOIN bank_order o USING (order_id)
WHERE o.case_no = ANY($1) AND b.via = 'officer' AND b.applied_paise > 0
"""


def test_every_verb_is_driven_or_moves_nothing() -> None:
    assert not DRIVERS.keys() & STAYS.keys()
    assert DRIVERS.keys() | STAYS.keys() == set(Action), "classify the new verb: can it end in an order to a bank?"


def test_every_plan_is_of_driven_verbs_and_every_driven_verb_is_used() -> None:
    assert {verb for plan in PLANS for verb in plan} <= DRIVERS.keys()
    assert set(DRIVERS) - {verb for plan in PLANS for verb in plan} == {Action.REPORT_ON_GRIEVANCE}


async def check(people: People) -> None:
    """Assert that no person alone has ordered more than the policy's sums."""
    rules, case_nos = people.ctx.policy.release, [case.case_no for case in people.cases]
    of_hold: defaultdict[tuple[str, UUID], int] = defaultdict(int)
    of_day: defaultdict[tuple[str, Any], int] = defaultdict(int)
    for order_id, reason, ordered_by, planned_at, hold_id, paise, decided_by in await people.bench.rows(
        _DECIDED, case_nos
    ):
        if OrderReason(reason) in BY_ENGINE:
            assert ordered_by == "engine", f"{order_id}: {ordered_by} ordered what only the engine orders"
            continue
        assert decided_by, f"{order_id}: no officer decided it ({reason})"
        persons = {person_of(name) for name in decided_by if name}
        if len(persons) == 1:
            (alone,) = persons
            of_hold[alone, hold_id] += paise
            of_day[alone, planned_at.astimezone(IST).date()] += paise
    assert max(of_hold.values(), default=0) <= rules.second_officer_above_paise, dict(of_hold)
    assert max(of_day.values(), default=0) <= rules.second_officer_above_a_day_paise, dict(of_day)
    for proposed_by, source, paise in await people.bench.rows(_TOLD, case_nos):
        assert proposed_by, f"no officer proposed the statement of {source}"
        assert person_of(proposed_by) != person_of(source), f"one person booked {paise} paise"


ROLES: Final = st.lists(st.sampled_from(Role), min_size=2, max_size=2, unique=True)
PEOPLE: Final = st.lists(ROLES, min_size=2, max_size=4)
STEPS_OF: Final = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(PLANS), st.sampled_from(sorted(DRIVERS)).map(lambda verb: (verb,))),
        st.integers(0, len(HELD_RUPEES) - 1),
        st.lists(st.integers(0, 3), min_size=1, max_size=5),
    ),
    min_size=3,
    max_size=10,
)
"""a plan or a single verb, the case, and who does each verb; one number says that one person does all of it"""


def test_no_sequence_of_verbs_by_one_person_moves_more_than_the_policys_sum(
    loop: asyncio.AbstractEventLoop, database_dsn: str
) -> None:
    def run(step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, loop).result(timeout=300)

    pool = run(open_pool(database_dsn, min_size=1, max_size=10))
    ctx = run(make_context(pool))

    async def play(roles: list[list[Role]], steps: list[tuple[tuple[Action, ...], int, list[int]]]) -> None:
        people = People(ctx)
        await people.begin()
        for plan, number, who in steps:
            for place, action in enumerate(plan):
                person = who[place % len(who)] % len(roles)
                subject = f"P{person}" if place % 2 else f"p{person}"
                await people.do(action, people.cases[number], subject, roles[person])
        await check(people)

    @database_settings(EXAMPLES, steps=1)
    @given(roles=PEOPLE, steps=STEPS_OF)
    def in_any_order(roles: list[list[Role]], steps: list[tuple[tuple[Action, ...], int, list[int]]]) -> None:
        run(play(roles, steps))

    try:
        in_any_order()
        everything = [list(Role)]
        run(play(everything, [(plan, number, [0]) for plan in PLANS for number in range(len(HELD_RUPEES))]))
    finally:
        run(pool.close())
