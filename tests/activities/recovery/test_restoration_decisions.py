"""From the first hold to the closure, by every route; sent back, objected to, refused, cancelled."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from activities.recovery import restoration_decisions
from domain.errors import NotNow, RoleNotAllowed, SameEyes
from domain.errors.restoration import (
    AlreadyPrepared,
    CannotGoBackTo,
    CourtOrderDoesNotEndStep,
    CourtOrderWithdrawn,
    NotPrepared,
    RestorationNotFound,
    StepEnded,
)
from schemas.case.case_workflow import SettleCase
from schemas.enums import Role
from schemas.recovery.restorations import RestorationApproval
from schemas.restoration_enums import RestorationVerb, Step
from tests.activities.restoration_bench import DESK, DY_SP, IO, SP, SUPERVISOR, WHY, Home, officer
from tests.factories import rrn

LARGE = 60_000
"""rupees: above the threshold of the police's own order"""
VERB = RestorationVerb


# -- the routes --------------------------------------------------------------------------------------------------------


async def test_below_the_threshold_by_order_of_the_police(home: Home) -> None:
    case_no = await home.hold(400, 600)
    restoration = await home.of(case_no)
    assert await home.at(restoration) == ("open", "collecting", "")
    news = "SELECT count(*) FROM procedure_news WHERE workflow_id = 'restoration-' || $1::uuid"
    before = await home.bench.value(news, restoration)
    await home.bench.freeze.settle_case(SettleCase(case_no=case_no))
    assert await home.bench.value(news, restoration) == before + 1
    assert await home.tick(restoration) == ["end_step"], "settled: nothing more can come on hold"
    assert await home.at(restoration) == ("open", "application", "no_court")
    assert await home.tasks(restoration) == ["restoration_step"]
    await home.apply(restoration)
    await home.verify(restoration)
    assert await home.tasks(restoration) == [], "the holder is waited for"
    assert await home.tick(restoration, 15) == ["remind", "end_step", "allocate"]
    assert await home.at(restoration) == ("open", "approval", "no_court")
    await home.prepare(restoration)
    await home.approve(restoration)
    assert await home.orders(case_no) == [("restore", "restoration", "HDFC", 400_00)]
    assert await home.tick(restoration) == []
    await home.confirm(restoration)
    assert await home.tick(restoration) == ["end_step"]
    await home.do(restoration, VERB.RECEIVE_BOND, DESK)
    assert await home.at(restoration) == ("restored", "bond", "no_court")
    assert (await home.look(restoration)).over
    assert await home.bench.buckets(case_no) == {"lost": -1000_00, "restored": 400_00, "withdrawn": 600_00}
    (closed,) = await home.events(case_no, "restoration_closed")
    assert (closed["restored_paise"], closed["held_paise"], closed["state"]) == (400_00, 0, "restored")
    assert [step for step, _ in await home.steps(restoration)] == [
        *("collecting", "application", "verification", "holder_notice", "approval", "credit", "bond")
    ]
    assert await home.tasks(restoration) == []
    await home.check(case_no)


async def test_the_money_goes_back_to_the_account_the_victim_paid_from(home: Home) -> None:
    case_no = await home.hold(400, payer={"institution": "SBIN", "account": "30000000777"})
    restoration = await home.of(case_no)
    await home.to_credit(restoration)
    line = await home.bench.rows(
        "SELECT l.ack_no, l.beneficiary_institution, l.beneficiary_holder FROM bank_order_line l"
        " JOIN bank_order USING (order_id) WHERE restoration_id = $1",
        restoration,
    )
    assert line == [(case_no, "SBIN", "30000000777")]


async def test_with_an_fir_a_court_decides(home: Home) -> None:
    case_no = await home.hold(LARGE)
    restoration = await home.of(case_no)
    await home.register_fir(case_no)
    await home.tick(restoration, 3)
    (routed,) = await home.events(case_no, "restoration_routed")
    assert routed["reasons"] == ["at_or_above_threshold", "fir_registered"]
    assert (routed["held_paise"], routed["no_court_below_paise"], routed["victims"]) == (LARGE * 100, 50_000_00, 1)
    await home.apply(restoration)
    await home.verify(restoration)
    await home.waive(restoration)
    assert await home.at(restoration) == ("open", "court_order", "court")
    assert await home.tick(restoration) == []
    order_id = await home.court_order(case_no, "bnss_503")
    assert await home.tick(restoration) == ["take_order", "allocate"], "the order is there: no officer must act"
    await home.prepare(restoration)
    await home.approve(restoration)
    assert await home.bench.value("SELECT court_order_id FROM bank_order WHERE case_no = $1", case_no) == order_id
    await home.confirm(restoration)
    await home.tick(restoration)
    await home.do(restoration, VERB.RECEIVE_BOND, DESK)
    assert await home.at(restoration) == ("restored", "bond", "court")
    await home.check(case_no)


async def test_without_an_fir_the_lok_adalat_and_by_an_officers_own_act(home: Home) -> None:
    case_no = await home.hold(LARGE)
    restoration = await home.of(case_no)
    await home.tick(restoration, 3)
    await home.apply(restoration)
    await home.verify(restoration)
    await home.waive(restoration)
    assert await home.at(restoration) == ("open", "lok_adalat_award", "lok_adalat")
    for kind, effect in (("bnss_106", "keep_hold"), ("lok_adalat", "release")):
        with pytest.raises(CourtOrderDoesNotEndStep):
            await home.take_order(restoration, await home.court_order(case_no, kind, effect))
    await home.take_order(restoration, await home.court_order(case_no, "lok_adalat"))
    assert await home.at(restoration) == ("open", "approval", "lok_adalat")


async def test_of_many_victims_the_district_magistrate_distributes(home: Home) -> None:
    account = f"5{rrn()}"
    many = home.ctx.policy.restoration.many_victims_min
    case_nos = [await home.hold(10, 90, account=account) for _ in range(many)]
    restoration = await home.of(case_nos[0])
    await home.tick(restoration, 3)
    await home.apply(restoration)
    await home.verify(restoration)
    assert await home.at(restoration) == ("open", "show_cause", "magistrate_107")
    (routed,) = await home.events(case_nos[0], "restoration_routed")
    assert (routed["reasons"], routed["victims"]) == (["many_victims"], many)
    assert await home.tick(restoration, 14) == ["end_step"], "fourteen days to show cause"
    assert await home.at(restoration) == ("open", "distribution", "magistrate_107")
    await home.take_order(restoration, await home.court_order(case_nos[0], "bnss_107"))
    await home.tick(restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    await home.confirm(restoration)
    await home.tick(restoration)
    assert await home.at(restoration) == ("restored", "credit", "magistrate_107"), "the magistrate takes no bond"


async def test_an_order_that_names_a_sum_is_not_gone_beyond(home: Home) -> None:
    case_no = await home.hold(LARGE)
    restoration = await home.of(case_no)
    await home.court_order(case_no, "bnss_497", paise=1000_00)
    await home.tick(restoration, 3)
    assert (await home.at(restoration))[2] == "court", "the order that exists picks the route"
    await home.apply(restoration)
    await home.verify(restoration)
    await home.waive(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    assert await home.orders(case_no) == [("restore", "restoration", "HDFC", 1000_00)]


async def test_a_court_that_refuses_ends_it(home: Home) -> None:
    case_no = await home.hold(LARGE)
    restoration = await home.of(case_no)
    await home.register_fir(case_no)
    await home.tick(restoration, 3)
    await home.apply(restoration)
    await home.verify(restoration)
    await home.waive(restoration)
    await home.court_order(case_no, "bnss_503", "refuse")
    assert await home.tick(restoration) == ["take_order"]
    assert await home.at(restoration) == ("refused", "court_order", "court")


async def test_an_order_that_was_taken_in_by_mistake_is_waited_for_again(home: Home) -> None:
    case_no = await home.hold(LARGE)
    restoration = await home.of(case_no)
    await home.register_fir(case_no)
    await home.tick(restoration, 3)
    await home.apply(restoration)
    await home.verify(restoration)
    await home.waive(restoration)
    first = await home.court_order(case_no, "bnss_503")
    await home.tick(restoration)
    await home.prepare(restoration)
    await home.bench.pool.execute(
        "UPDATE court_order SET withdrawal_asked_at = now(), withdrawal_asked_by = 'officer:io',"
        " withdrawal_asked_reason = 'a mistake' WHERE court_order_id = $1",
        first,
    )
    await home.bench.pool.execute(
        "UPDATE court_order SET withdrawn_at = now(), withdrawn_by = 'officer:sp' WHERE court_order_id = $1", first
    )
    with pytest.raises(CourtOrderWithdrawn, match=f"Court order {first}"):
        await home.approve(restoration)
    assert await home.tick(restoration) == ["drop_order"]
    assert await home.at(restoration) == ("open", "court_order", "court")
    await home.court_order(case_no, "bnss_497")
    assert await home.tick(restoration) == ["take_order", "allocate"]
    await home.prepare(restoration)
    await home.approve(restoration)
    assert await home.orders(case_no) == [("restore", "restoration", "HDFC", LARGE * 100)]


async def test_facts_that_change_pick_another_route_until_the_approval(home: Home) -> None:
    case_no = await home.hold(LARGE)
    restoration = await home.of(case_no)
    await home.tick(restoration, 3)
    await home.apply(restoration)
    assert await home.at(restoration) == ("open", "verification", "lok_adalat")
    await home.register_fir(case_no)
    assert await home.tick(restoration) == ["route"]
    assert await home.at(restoration) == ("open", "verification", "court"), "the step is of both routes: it goes on"
    await home.verify(restoration)
    await home.waive(restoration)
    await home.bench.pool.execute("UPDATE fir SET state = 'lapsed' WHERE case_no = $1", case_no)
    assert await home.tick(restoration) == ["route"]
    assert await home.at(restoration) == ("open", "lok_adalat_award", "lok_adalat")
    assert (await home.steps(restoration))[-2:] == [("court_order", "cancelled"), ("lok_adalat_award", None)]
    routed = await home.events(case_no, "restoration_routed")
    assert [(event["instead_of"], event["route"]) for event in routed] == [
        (None, "lok_adalat"),
        ("lok_adalat", "court"),
        ("court", "lok_adalat"),
    ]
    await home.take_order(restoration, await home.court_order(case_no, "lok_adalat"))
    await home.register_fir(case_no)
    assert await home.tick(restoration) == ["allocate"], "up for approval it is not routed any more"


# -- clocks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "due_days", "reminded_days_before", "escalated_days_after"),
    [
        (Step.APPLICATION, 15, 8, 7),
        (Step.VERIFICATION, 15, 5, 3),
        (Step.COURT_ORDER, 30, 10, 15),
        (Step.APPROVAL, 7, 3, 3),
        (Step.CREDIT, 15, 5, 3),
    ],
)
async def test_no_response_is_reminded_of_and_goes_to_the_supervisor(
    home: Home, step: Step, due_days: int, reminded_days_before: int, escalated_days_after: int
) -> None:
    case_no = await home.hold(LARGE)
    restoration = await home.of(case_no)
    await home.assign(case_no, "io", "supervising")
    await home.register_fir(case_no)
    await home.tick(restoration, 3)
    await _walk_to(home, restoration, case_no, step)
    moment = 0.001
    assert await home.tick(restoration, due_days - reminded_days_before - moment) == []
    assert await home.tick(restoration, 2 * moment) == ["remind"]
    assert await home.tick(restoration, reminded_days_before + escalated_days_after - 2 * moment) == []
    assert await home.tick(restoration, 2 * moment) == ["escalate"]
    assert await home.tick(restoration, 100) == []
    assert "supervise" in await home.tasks(restoration)
    late = await home.events(case_no, "restoration_overdue")
    assert [(event["step"], event["what"]) for event in late] == [(step.value, "remind"), (step.value, "escalate")]


async def test_a_reminder_waits_until_somebody_is_assigned_who_can_be_told(home: Home) -> None:
    case_no = await home.hold(LARGE)
    restoration = await home.of(case_no)
    await home.tick(restoration, 3)
    await home.apply(restoration)
    assert await home.tick(restoration, 11) == []
    await home.assign(case_no, "supervising")
    assert await home.tick(restoration) == [], "that is another duty"
    await home.assign(case_no, "io")
    assert await home.tick(restoration) == ["remind"]
    told = "SELECT kind, to_whom FROM message WHERE case_no = $1 AND kind LIKE 'step%' ORDER BY written_at"
    assert await home.bench.rows(told, case_no) == [("step_due", "io")]
    assert await home.tick(restoration, 10) == ["escalate"]
    assert await home.bench.rows(told, case_no) == [("step_due", "io"), ("step_overdue", "officer")]
    body = await home.bench.value("SELECT body FROM message WHERE case_no = $1 AND kind = 'step_overdue'", case_no)
    assert "verification of the application: was due by" in body


async def _walk_to(home: Home, restoration: UUID, case_no: str, step: Step) -> None:
    walk = ((Step.APPLICATION, home.apply), (Step.VERIFICATION, home.verify), (Step.HOLDER_NOTICE, home.waive))
    for at, go in walk:
        if at is step:
            return
        await go(restoration)
    if step in {Step.APPROVAL, Step.CREDIT}:
        await home.court_order(case_no, "bnss_503")
        await home.tick(restoration)
    if step is Step.CREDIT:
        await home.prepare(restoration)
        await home.approve(restoration)
    assert (await home.at(restoration))[1] == step


async def test_what_was_promised_stays_when_the_policy_changes(home: Home) -> None:
    case_no = await home.hold(LARGE)
    restoration = await home.of(case_no)
    rules = home.ctx.policy.restoration
    slow = {step: rule.model_copy(update={"due_seconds": rule.due_seconds * 10}) for step, rule in rules.steps.items()}
    changed = rules.model_copy(update={"no_court_below_paise": 10**9, "steps": slow, "bond_for": ()})
    policy = home.ctx.policy.model_copy(update={"restoration": changed, "version": "another"})
    later = Home(replace(home.ctx, policy=policy))
    later.clock.at = home.clock.at
    await later.tick(restoration, 3)
    assert (await later.at(restoration))[2] == "lok_adalat", "the threshold that was promised"
    assert (await later.events(case_no, "restoration_routed"))[0]["policy"] == home.ctx.policy.version
    assert await later.tick(restoration, 7.1) == ["remind"]
    newer = await later.of(await later.hold(LARGE))
    await later.tick(newer, 30)
    assert (await later.at(newer))[2] == "no_court"


# -- back and forth ----------------------------------------------------------------------------------------------------


async def test_a_step_is_sent_back_and_comes_again(home: Home) -> None:
    restoration = await home.of(await home.hold(400))
    await home.to_approval(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    await home.send_back(restoration)
    assert await home.at(restoration) == ("open", "verification", "no_court")
    await home.verify(restoration)
    assert await home.at(restoration) == ("open", "approval", "no_court"), "the holder had notice"
    assert await home.seen(restoration) == {"step": "approval", "visit_no": 2}
    with pytest.raises(NotPrepared):
        await home.approve(restoration)
    await home.send_back(restoration, Step.APPLICATION)
    await home.apply(restoration)
    assert (await home.at(restoration))[1] == "verification", "a new application is verified again"
    await home.send_back(restoration, by=IO)
    assert (await home.at(restoration))[1] == "application"
    await home.apply(restoration)
    await home.verify(restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    assert (await home.at(restoration))[1] == "credit"


async def test_it_is_not_sent_back_to_what_it_never_passed(home: Home) -> None:
    restoration = await home.of(await home.hold(400))
    await home.tick(restoration, 3)
    await home.apply(restoration)
    for to in (Step.COLLECTING, Step.VERIFICATION, Step.SHOW_CAUSE, Step.CREDIT):
        with pytest.raises(CannotGoBackTo, match=to.value):
            await home.send_back(restoration, to)


async def test_four_eyes_by_the_name_whatever_the_role(home: Home) -> None:
    restoration = await home.of(await home.hold(400))
    await home.to_approval(restoration)
    sharma = officer("sharma", Role.DY_SP)
    await home.prepare(restoration, sharma)
    for verb in (VERB.REFUSE,):
        with pytest.raises(SameEyes, match="sharma"):
            await home.do(restoration, verb, officer("sharma", Role.SP))
    with pytest.raises(SameEyes, match="sharma"):
        await home.approve(restoration, officer("sharma", Role.SP))
    with pytest.raises(AlreadyPrepared, match="sharma"):
        await home.prepare(restoration)
    with pytest.raises(RoleNotAllowed, match="dy_sp may not"):
        await home.approve(restoration, DY_SP)
    await home.approve(restoration)


async def test_the_superintendent_refuses(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.to_approval(restoration)
    await home.do(restoration, VERB.REFUSE, SP)
    assert await home.at(restoration) == ("refused", "approval", "no_court")
    (closed,) = await home.events(case_no, "restoration_closed")
    assert (closed["outcome"], closed["reason"], closed["held_paise"]) == ("refused", WHY, 400_00)
    with pytest.raises(StepEnded, match="officer:sp has ended step approval"):
        await restoration_decisions.approve(
            home.ctx, restoration, RestorationApproval(step=Step.APPROVAL, visit_no=1, due_paise=1), SP
        )
    assert await home.orders(case_no) == []


async def test_it_is_cancelled_at_any_step_but_not_while_the_bank_credits(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.to_credit(restoration)
    with pytest.raises(NotNow, match="credit"):
        await home.do(restoration, VERB.CANCEL, SUPERVISOR)
    other = await home.of(await home.hold(100))
    await home.do(other, VERB.CANCEL, SUPERVISOR)
    assert await home.at(other) == ("cancelled", "collecting", "")


async def test_a_hold_is_kept_while_its_order_is_with_the_bank(home: Home) -> None:
    kept = "SELECT retained_by_kind || ' ' || retained_by_id FROM account_hold WHERE case_no = $1"
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.to_approval(restoration)
    assert await home.bench.value(kept, case_no) is None, "an application is no order: the hold lapses all the same"
    await home.prepare(restoration)
    await home.approve(restoration)
    assert await home.bench.value(kept, case_no) == f"restoration {restoration}"
    await home.bench.pool.execute(
        "UPDATE bank_order SET state = 'cancelled', ended_at = now() WHERE case_no = $1", case_no
    )
    assert await home.tick(restoration) == ["end_step", "allocate"]
    assert (await home.at(restoration))[:2] == ("open", "approval"), "the victim has nothing: it is made ready again"
    assert await home.bench.value(kept, case_no) is None


async def test_what_a_bank_credits_in_part_is_made_ready_again_when_the_rest_is_cancelled(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.to_credit(restoration)
    await home.confirm(restoration, part=150_00)
    assert await home.tick(restoration) == []
    await home.bench.pool.execute(
        "UPDATE bank_order SET state = 'cancelled', ended_at = now() WHERE case_no = $1", case_no
    )
    assert await home.tick(restoration) == ["end_step", "allocate"]
    await home.prepare(restoration)
    await home.approve(restoration)
    assert ("restore", "restoration", "HDFC", 250_00) in await home.orders(case_no)
    await home.check(case_no)


async def test_money_that_was_released_winds_it_up(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.tick(restoration, 3)
    async with home.bench.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "SELECT ledger_post($1, 'confirmation', $2, now(), '{1,1}', '{held,released}', '{-40000,40000}')",
            case_no,
            rrn(),
        )
    assert await home.tick(restoration) == ["wind_up"]
    assert await home.at(restoration) == ("cancelled", "application", "no_court")


# -- at the wrong moment -----------------------------------------------------------------------------------------------


async def test_due_actions_that_come_twice_or_late_do_nothing(home: Home) -> None:
    restoration = await home.of(await home.hold(400))
    for what in ("end_step", "route", "take_order", "wind_up", "remind", "escalate", "allocate"):
        await home.action(restoration, what)
    assert await home.steps(restoration) == [("collecting", None)]
    await home.tick(restoration, 3)
    for _ in range(2):
        await home.action(restoration, "end_step")
    assert await home.steps(restoration) == [("collecting", "done"), ("application", None)]


async def test_an_unknown_restoration(home: Home) -> None:
    assert (await home.look(uuid4())).over
    with pytest.raises(RestorationNotFound):
        await restoration_decisions.approve(
            home.ctx, uuid4(), RestorationApproval(step=Step.APPROVAL, visit_no=1, due_paise=1), SP
        )
