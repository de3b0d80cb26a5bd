"""No sequence of verbs by one person moves more than the policy's sum out of a hold.

Two to four people, each with two roles, do what their roles allow, in any order. Every order to a bank is then traced
back to the persons who decided it. What one person alone has caused stays below the policy's sums.
"""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from activities.context import Context
from api.roles import Action
from db.pool import open_pool
from domain.persons import person_of
from schemas.enums import Role
from schemas.restoration_enums import OrderReason
from schemas.text import IST
from tests.activities.cases.test_case_machine import loop
from tests.activities.one_person import CASES, DRIVERS, People
from tests.deep import database_settings
from tests.factories import make_context

__all__ = ["loop"]

T = TypeVar("T")
EXAMPLES: Final = 8

READS: Final = "it only reads"
TELLS: Final = "it brings money on hold or tells of it, and orders nothing"
STEPS: Final = "it moves a restoration or an order back, or ends it, and orders nothing"
NAMES: Final = "it names a person, a document or a contact, and orders nothing"
LAPSES: Final = "it continues releases that the engine orders by the clock of the hold"
STAYS: Final[Mapping[Action, str]] = {
    **dict.fromkeys([action for action in Action if action.value.startswith(("read_", "search_"))], READS),
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
            Action.CORRECT_VICTIM,
            Action.DECIDE_VICTIM_CORRECTION,
            Action.MAKE_APPEAL_CODE,
            Action.TAKE_HOLDER_CONTACT,
            Action.NAME_GRIEVANCE_OFFICER,
            Action.ISSUE_DOCUMENT,
            Action.ISSUE_SEIZURE,
            Action.APPROVE_ATTACHMENT,
        ],
        NAMES,
    ),
    Action.CONTINUE_RELEASES: LAPSES,
}
"""verbs that move nothing out of a hold, and why"""

PLANS: Final[Mapping[str, tuple[Action, ...]]] = {
    "grievance": (
        Action.FILE_GRIEVANCE,
        Action.ESCALATE_GRIEVANCE,
        Action.ASSIGN_OFFICER,
        Action.DECIDE_GRIEVANCE,
        Action.CONFIRM_RELEASE,
    ),
    "own case": (Action.ASSIGN_OFFICER, Action.DECIDE_GRIEVANCE, Action.CONFIRM_RELEASE, Action.CONFIRM_RELEASE),
    "small hold": (Action.ASSIGN_OFFICER, Action.DECIDE_SMALL_HOLD, Action.HEAR_VICTIM, Action.CONFIRM_RELEASE),
    "court": (Action.TAKE_COURT_ORDER, Action.CONFIRM_COURT_ORDER, Action.CONFIRM_ORDER, Action.CONFIRM_ORDER),
    "withdrawal": (Action.PROPOSE_WITHDRAWAL, Action.DECIDE_WITHDRAWAL),
    "restoration": (
        Action.RECEIVE_APPLICATION,
        Action.VERIFY_RESTORATION,
        Action.WAIVE_NOTICE,
        Action.PREPARE_RESTORATION,
        Action.APPROVE_RESTORATION,
    ),
    "objection": (
        Action.RECEIVE_APPLICATION,
        Action.VERIFY_RESTORATION,
        Action.RECEIVE_OBJECTION,
        Action.DECIDE_OBJECTION,
    ),
    "other account": (
        Action.TELL_CREDIT_ACCOUNT,
        Action.CONFIRM_CREDIT_ACCOUNT,
        Action.RECEIVE_APPLICATION,
        Action.VERIFY_RESTORATION,
        Action.WAIVE_NOTICE,
        Action.PREPARE_RESTORATION,
        Action.APPROVE_RESTORATION,
    ),
    "account ended": (
        Action.TELL_CREDIT_ACCOUNT,
        Action.CONFIRM_CREDIT_ACCOUNT,
        Action.OBJECT_TO_CREDIT_ACCOUNT,
        Action.WITHDRAW_CREDIT_ACCOUNT,
    ),
    "payer": (
        Action.PROPOSE_PAYER,
        Action.AGREE_TO_PAYER,
        Action.PREPARE_RESTORATION,
        Action.APPROVE_RESTORATION,
    ),
    "resolution": (Action.RESOLVE_DISCREPANCY, Action.TAKE_FROM_HELD),
}
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
_TWO_OFFICERS: Final = {
    "another account is credited": """
        SELECT told_by, confirmed_by FROM credit_account WHERE case_no = ANY($1) AND confirmed_at IS NOT NULL""",
    "an order credits another account": """
        SELECT c.told_by, r.approved_by FROM bank_order o JOIN restoration r USING (restoration_id)
        JOIN credit_account c ON c.account_id = r.credit_account_id WHERE o.case_no = ANY($1) AND o.kind = 'restore'""",
    "another complainant is credited": """
        SELECT proposed_by, agreed_by FROM payer_decision WHERE case_no = ANY($1) AND agreed_at IS NOT NULL""",
    "a resolution takes money from held": """
        SELECT s.proposed_by, s.settled_by FROM discrepancy_resolution s JOIN discrepancy d USING (discrepancy_id)
        WHERE d.case_no = ANY($1) AND s.from_held""",
}
"""what two officers do at any sum, with the two"""


def test_every_verb_is_driven_or_moves_nothing() -> None:
    assert not DRIVERS.keys() & STAYS.keys()
    assert DRIVERS.keys() | STAYS.keys() == set(Action), "classify the new verb: can it end in an order to a bank?"


def test_every_plan_is_of_driven_verbs_and_every_driven_verb_is_used() -> None:
    assert {verb for plan in PLANS.values() for verb in plan} <= DRIVERS.keys()
    assert set(DRIVERS) - {verb for plan in PLANS.values() for verb in plan} == {Action.REPORT_ON_GRIEVANCE}


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
    for what, query in _TWO_OFFICERS.items():
        for first, second in await people.bench.rows(query, case_nos):
            assert person_of(first) != person_of(second), f"{what}: {first}, {second}"


ROLES: Final = st.lists(st.sampled_from(Role), min_size=2, max_size=2, unique=True)
PEOPLE: Final = st.lists(ROLES, min_size=2, max_size=4)
STEPS_OF: Final = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(list(PLANS.values())), st.sampled_from(sorted(DRIVERS)).map(lambda verb: (verb,))),
        st.integers(0, CASES - 1),
        st.lists(st.integers(0, 3), min_size=1, max_size=5),
    ),
    min_size=3,
    max_size=10,
)
"""a plan or a single verb, the case, and who does each verb; one number says that one person does all of it"""


Played = tuple[tuple[Action, ...], int, list[int]]
"""verbs, the case, and the places of those who do them"""
BY_TWO: Final[Sequence[tuple[str, int, list[int]]]] = (
    ("grievance", 0, [2, 1, 0, 1, 0]),
    ("court", 1, [0, 1]),
    ("withdrawal", 2, [0, 1]),
    ("other account", 3, [0, 1, 0, 0, 0, 0, 1]),
    ("objection", 4, [0, 0, 0, 1]),
    ("small hold", 5, [0, 0, 1, 2]),
    ("payer", 6, [0, 1]),
    ("resolution", 7, [0, 1]),
)


async def played(ctx: Context, roles: list[list[Role]], steps: Sequence[Played]) -> People:
    """Let people with these roles do these verbs; each name comes in capital and in small letters."""
    people = People(ctx)
    await people.begin()
    for plan, number, who in steps:
        for place, action in enumerate(plan):
            person = who[place % len(who)] % len(roles)
            subject = f"P{person}" if place % 2 else f"p{person}"
            await people.do(action, people.cases[number], subject, roles[person])
    await check(people)
    return people


async def test_what_one_person_cannot_two_can(ctx: Context) -> None:
    """So the drivers do what they say, and the rule below is no empty one."""
    everybody = [list(Role)] * 3
    people = await played(ctx, everybody, [(PLANS[plan], number, who) for plan, number, who in BY_TWO])
    case_nos = [case.case_no for case in people.cases]
    ordered = "SELECT DISTINCT reason FROM bank_order WHERE case_no = ANY($1)"
    reasons = {reason for (reason,) in await people.bench.rows(ordered, case_nos)}
    assert reasons == set(OrderReason) - BY_ENGINE
    for what, query in _TWO_OFFICERS.items():
        assert await people.bench.rows(query, case_nos), what
    assert await people.bench.rows(_TOLD, case_nos), "two officers stated what a bank said by telephone"


def test_no_sequence_of_verbs_by_one_person_moves_more_than_the_policys_sum(
    loop: asyncio.AbstractEventLoop, database_dsn: str
) -> None:
    def run(step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, loop).result(timeout=300)

    pool = run(open_pool(database_dsn, min_size=1, max_size=10))
    ctx = run(make_context(pool))

    @database_settings(EXAMPLES, steps=1)
    @given(roles=PEOPLE, steps=STEPS_OF)
    def in_any_order(roles: list[list[Role]], steps: list[Played]) -> None:
        run(played(ctx, roles, steps))

    try:
        in_any_order()
        everything = [list(Role)]
        run(played(ctx, everything, [(plan, number, [0]) for plan in PLANS.values() for number in range(CASES)]))
    finally:
        run(pool.close())
