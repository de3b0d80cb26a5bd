"""No sequence of verbs by one person moves more than the policy's sum out of a hold.

Two to four people, each with two roles, do what their roles allow, in any order. Every order to a bank is then traced
back to the persons who decided it. What one person alone has caused stays below the policy's sums.
"""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, Final, TypeVar
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from activities.context import Context
from db.pool import open_pool
from schemas.enums import OFFICER_ROLES, Role
from schemas.identifiers import person_of
from schemas.restoration_enums import OrderReason
from schemas.text import IST
from tests.activities.case.test_case_machine import loop
from tests.activities.one_person import CASES, CONTESTED, DOUBTED, People
from tests.activities.one_person_verbs import PLANS, STAYS, VERBS, route_of
from tests.api.role_matrix import ENTRIES
from tests.deep import database_settings, sample
from tests.factories import make_context

__all__ = ["loop"]

T = TypeVar("T")
EXAMPLES: Final = 2

BY_ENGINE: Final = frozenset({OrderReason.LAPSED, OrderReason.EXCESS, OrderReason.LEFTOVER})
_DECIDED: Final = """
SELECT o.order_id, o.reason, o.ordered_by, o.planned_at, l.hold_id, sum(l.amount_paise)::bigint AS paise,
    CASE o.reason
        WHEN 'grievance' THEN (SELECT ARRAY[p.proposed_by, p.decided_by] FROM proposal p
            WHERE p.hold_id = l.hold_id AND p.decision = 'agreed' AND p.decided_at = o.planned_at)
        WHEN 'micro' THEN (SELECT ARRAY[p.proposed_by, p.decided_by] FROM proposal p
            WHERE p.hold_id = l.hold_id AND p.decision = 'agreed' AND p.decided_at = o.planned_at)
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
        SELECT proposed_by, decided_by FROM proposal
        WHERE case_no = ANY($1) AND kind = 'payer' AND decision = 'agreed'""",
    "a resolution takes money from held": """
        SELECT s.proposed_by, s.settled_by FROM discrepancy_resolution s JOIN discrepancy d USING (discrepancy_id)
        WHERE d.case_no = ANY($1) AND s.from_held""",
}
"""what two officers do at any sum, with the two"""


def test_every_verb_is_driven_or_moves_nothing() -> None:
    of_officers = {route for route, entry in ENTRIES.items() if isinstance(entry.who, frozenset)}
    changing = {(method, path) for method, path in of_officers if method not in {"GET", "HEAD"}}
    driven = {route_of(verb.route) for verb in VERBS.values()}
    staying = {route_of(route) for route in STAYS}
    assert not driven & staying
    assert driven | staying == changing, "classify the new verb: can it end in an order to a bank?"


def test_every_verb_is_in_a_plan() -> None:
    assert {name for plan in PLANS.values() for name in plan} == set(VERBS)


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


ROLES: Final = st.lists(st.sampled_from(OFFICER_ROLES), min_size=2, max_size=2, unique=True)
PEOPLE: Final = st.lists(ROLES, min_size=2, max_size=4)
STEPS_OF: Final = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(list(PLANS.values())), st.sampled_from(sorted(VERBS)).map(lambda name: (name,))),
        st.integers(0, CASES - 1),
        st.lists(st.integers(0, 3), min_size=1, max_size=5),
    ),
    min_size=3,
    max_size=10,
)
"""a plan or a single verb, the case, and who does each verb; one number says that one person does all of it"""


Played = tuple[tuple[str, ...], int, list[int]]
"""verbs, the case, and the places of those who do them"""
BY_TWO: Final[Sequence[tuple[str, int, list[int]]]] = (
    ("grievance", 0, [2, 1, 1, 1, 0]),
    ("court", 1, [0, 1]),
    ("withdrawal", 2, [0, 1]),
    ("other account", 3, [0, 1, 0, 0, 0, 0, 1]),
    ("objection", 4, [0, 0, 0, 1, 1, 2]),
    ("small hold", 5, [0, 0, 1, 2]),
    ("payer", 6, [0, 1]),
    ("resolution", 7, [0, 1]),
)
ALSO_BY_TWO: Final[Sequence[tuple[str, int, list[int]]]] = (
    ("by a court", 0, [0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0]),
    ("again", 1, [0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1]),
    ("appeal", 2, [1, 2, 1, 0, 2, 3, 0]),
    ("reopened", 3, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0]),
    ("wide order", 4, [0, 0, 1, 0, 1]),
    ("rejected", 5, [0, 1, 0, 1, 2]),
    ("withdrawn appeal", 6, [0, 1, 0]),
    ("account ended", 6, [0, 1, 0, 0, 1, 0]),
    ("taken back", 7, [0, 0, 0, 1]),
    ("taken back by two", 5, [0, 1, 0, 1]),
    ("rejected withdrawal", 4, [0, 1, 0, 1]),
    ("by telephone", 6, [0, 1]),
)
"""plans of further cases, so that every verb does what it says at least once"""
ALONE: Final = frozenset({"grievance", "own case", "small hold"})
"""plans in which one person may release money up to the sums of the policy"""


CASE_OF: Final = {"payer": CONTESTED, "resolution": DOUBTED, "by telephone": DOUBTED}
"""the case of a plan that does nothing on another"""


def by_one() -> Iterator[Played]:
    """Yield every plan by one person: on every case if one person may release a part, and else on one case."""
    for at, (name, plan) in enumerate(PLANS.items()):
        stride = 1 if name in ALONE else sample(CASES)
        yield from ((plan, number, [0]) for number in range(CASE_OF.get(name, at) % stride, CASES, stride))


async def played(ctx: Context, roles: list[list[Role]], steps: Sequence[Played]) -> People:
    """Let people with these roles do these verbs; each name comes in capital and in small letters."""
    people = People(ctx)
    await people.begin()
    for plan, number, who in steps:
        for place, name in enumerate(plan):
            person = who[place % len(who)] % len(roles)
            subject = f"P{person}" if place % 2 else f"p{person}"
            verb, before = VERBS[name], await people.written()
            await people.do(verb.drive, people.cases[number], subject, verb.roles_of(roles[person]))
            if await people.written() > before:
                people.done.add(name)
            await people.go_on(people.cases[number])
    await people.go_on(*people.cases)
    await check(people)
    return people


async def test_what_one_person_cannot_two_can(ctx: Context) -> None:
    """So the drivers do what they say, and the rule below is no empty one."""
    everybody = [list(OFFICER_ROLES)] * 3
    people = await played(ctx, everybody, [(PLANS[plan], number, who) for plan, number, who in BY_TWO])
    case_nos = [case.case_no for case in people.cases]
    ordered = "SELECT DISTINCT reason FROM bank_order WHERE case_no = ANY($1)"
    reasons = {reason for (reason,) in await people.bench.rows(ordered, case_nos)}
    assert reasons == set(OrderReason) - BY_ENGINE
    for what, query in _TWO_OFFICERS.items():
        assert await people.bench.rows(query, case_nos), what
    assert await people.bench.rows(_TOLD, case_nos), "two officers stated what a bank said by telephone"
    others = await played(ctx, [*everybody, everybody[0]], [(PLANS[plan], at, who) for plan, at, who in ALSO_BY_TWO])
    # The clock of the restoration goes on under a confirmed order before an officer does.
    assert set(VERBS) - people.done - others.done == {"go on under order"}


def test_no_sequence_of_verbs_by_one_person_moves_more_than_the_policys_sum(
    loop: asyncio.AbstractEventLoop, database_dsn: str
) -> None:
    def run(step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, loop).result(timeout=300)

    pool = run(open_pool(database_dsn, min_size=1, max_size=10, only_single_cases=True))
    ctx = run(make_context(pool))

    @database_settings(EXAMPLES, steps=1)
    @given(roles=PEOPLE, steps=STEPS_OF)
    def in_any_order(roles: list[list[Role]], steps: list[Played]) -> None:
        run(played(ctx, roles, steps))

    try:
        in_any_order()
        everything = [list(OFFICER_ROLES)]
        run(played(ctx, everything, list(by_one())))
    finally:
        run(pool.close())
