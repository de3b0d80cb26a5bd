"""Objections, and officers who act at once or on what has moved on."""

import asyncio
from base64 import b64encode
from hashlib import sha256
from uuid import UUID, uuid4

import asyncpg
import pytest

from activities.recovery import grievance_decisions as grievances
from activities.recovery import objections, restoration_decisions
from activities.recovery.hearings import waive_notice
from activities.recovery.hold_releases import confirm_release, proposed_of, reject_release
from db.privacy.body_keys import WAIVER
from db.recovery import restoration_facts
from domain.errors import NotNow, RoleNotAllowed
from domain.errors.recovery import (
    DeciderTold,
    HoldKeptByCourt,
    ReleaseNeedsSecondOfficer,
    ReleaseProposed,
    VictimIsHeard,
)
from domain.errors.restoration import (
    ApprovalDiffers,
    GrievanceUndecided,
    HoldNotOfRestoration,
    NoticeNotServed,
    NotPrepared,
    ObjectionAlreadyDecided,
    ObjectionNeedsHold,
    ObjectionUndecided,
    ReleaseDiffers,
    RestorationHoldChanged,
    StepEnded,
    StepNotBegun,
    WaiverNeedsDocument,
    WaiverRecorded,
    WrongStep,
)
from schemas.enums import Role
from schemas.recovery.court_orders import NewCourtOrder
from schemas.recovery.grievances import NewGrievance
from schemas.recovery.restorations import NewObjection, NoticeWaived, ObjectionDecided, Seen
from schemas.restoration_enums import ObjectionBy, ObjectionDecision, RestorationVerb, Step
from tests.activities.court_bench import confirmed_order
from tests.activities.release_bench import HEARING, SECOND
from tests.activities.restoration_bench import DESK, DY_SP, IO, PDF, SP, SUPERVISOR, WHY, Home, officer
from tests.factories import rrn
from tests.sealed_documents import sealed_document

VERB = RestorationVerb


# -- objections --------------------------------------------------------------------------------------------------------


async def test_an_objection_that_is_right_lets_its_accounts_money_go(home: Home) -> None:
    case_no, restoration, (hold, _) = await home.two_accounts()
    objection = await home.object(restoration, hold)
    assert await home.tick(restoration, 15) == ["remind"], "it does not end while somebody objects"
    with pytest.raises(ObjectionUndecided, match=f"Objection {objection}"):
        await home.waive(restoration)
    await home.decide(restoration, objection, ObjectionDecision.UPHELD)
    assert await home.orders(case_no) == [("release", "objection", "HDFC", 100_00)]
    assert await home.tick(restoration) == ["end_step", "allocate"]
    await home.prepare(restoration)
    await home.approve(restoration)
    assert (await home.orders(case_no))[-1] == ("restore", "restoration", "ICIC", 200_00)
    (decided,) = await home.events(case_no, "objection_decided")
    assert decided["let_go"] == [[1, 100_00]]
    with pytest.raises(NotNow, match="credit"):
        await home.decide(restoration, objection, ObjectionDecision.DISMISSED)


async def test_n11_an_upheld_objection_waits_for_a_second_officer_the_victim_and_48_hours(home: Home) -> None:
    case_no = await home.hold(90_000)
    restoration = await home.of(case_no)
    await home.tick(restoration, 3)
    await home.apply(restoration)
    await home.verify(restoration)
    objection = await home.object(restoration)
    told = {"objection_id": objection, "decision": "upheld", "reason": WHY}
    told["releases"] = await home.releases(restoration, objection)
    decided = ObjectionDecided.model_validate({**await home.seen(restoration), **told})
    await objections.decide_objection(home.ctx, restoration, decided, DY_SP)
    assert await home.orders(case_no) == [], "nothing is released before the victim is heard"
    hold = await home.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
    (waits,) = (await proposed_of(home.ctx, hold)).releases
    assert (waits.objection_id, waits.paise, waits.needs_second) == (objection, 90_000_00, True)
    (shown,) = await home.objections(restoration)
    assert (shown.decision, shown.release_hears_until) == (None, waits.hear_until)
    with pytest.raises(ReleaseProposed):
        await objections.decide_objection(home.ctx, restoration, decided, DY_SP)
    with pytest.raises(VictimIsHeard):
        await confirm_release(home.ctx, hold, WHY, SECOND)
    home.clock.at += HEARING
    with pytest.raises(ReleaseNeedsSecondOfficer):
        await confirm_release(home.ctx, hold, WHY, DY_SP.actor)
    with pytest.raises(DeciderTold):
        await confirm_release(home.ctx, hold, WHY, DESK.actor)
    with pytest.raises(ObjectionUndecided):
        await home.waive(restoration)
    await confirm_release(home.ctx, hold, WHY, SECOND)
    assert await home.orders(case_no) == [("release", "objection", "HDFC", 90_000_00)]
    assert (await home.at(restoration))[0] == "refused"
    await home.check(case_no)


async def test_n11_a_rejected_release_leaves_the_objection_to_be_decided_again(home: Home) -> None:
    case_no, restoration, (hold, _) = await home.two_accounts()
    objection = await home.object(restoration, hold)
    await home.propose(restoration, objection, ObjectionDecision.UPHELD)
    await reject_release(home.ctx, hold, WHY, SECOND)
    await home.propose(restoration, objection, ObjectionDecision.UPHELD)
    await home.decide(restoration, objection, ObjectionDecision.DISMISSED)
    assert [one.state for one in (await proposed_of(home.ctx, hold)).releases] == ["dropped", "rejected"]
    await home.waive(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    assert [paise for *_, paise in await home.orders(case_no)] == [100_00, 200_00]


async def test_n11_the_end_of_a_restoration_drops_the_release_of_its_objection(home: Home) -> None:
    _, restoration, (hold, _) = await home.two_accounts()
    await home.propose(restoration, await home.object(restoration, hold), ObjectionDecision.UPHELD)
    await home.do(restoration, VERB.REFUSE, SP)
    assert [one.state for one in (await proposed_of(home.ctx, hold)).releases] == ["dropped"]


async def test_an_objection_that_is_wrong_holds_up_nothing_more(home: Home) -> None:
    case_no, restoration, _ = await home.two_accounts()
    objection = await home.object(restoration)
    await home.decide(restoration, objection, ObjectionDecision.DISMISSED)
    with pytest.raises(ObjectionAlreadyDecided, match="dismissed already"):
        await home.decide(restoration, objection, ObjectionDecision.UPHELD)
    assert await home.tick(restoration, 15) == ["remind", "end_step", "allocate"]
    await home.prepare(restoration)
    late = await home.object(restoration)
    with pytest.raises(ObjectionUndecided, match=f"Objection {late}"):
        await home.approve(restoration)
    await home.decide(restoration, late, ObjectionDecision.DISMISSED)
    await home.approve(restoration)
    assert [paise for *_, paise in await home.orders(case_no)] == [100_00, 200_00]


async def test_objections_to_everything_that_are_right_end_it(home: Home) -> None:
    case_no, restoration, holds = await home.two_accounts()
    await home.waive(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    for hold in holds:
        await home.decide(restoration, await home.object(restoration, hold), ObjectionDecision.UPHELD)
    assert await home.at(restoration) == ("refused", "approval", "no_court")
    assert [order[:2] for order in await home.orders(case_no)] == [("release", "objection")] * 2
    await home.check(case_no)


async def test_what_is_ready_is_so_no_more_when_an_objection_takes_some_of_it_out(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_no, restoration, (hold, _) = await home.two_accounts()
    await home.waive(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    of_both = await home.approval(restoration)
    await home.decide(restoration, await home.object(restoration, hold), ObjectionDecision.UPHELD)
    with pytest.raises(NotPrepared):
        await home.approve(restoration)
    await home.prepare(restoration)
    assert await home.seen(restoration) == {"step": of_both.step, "visit_no": of_both.visit_no}
    with pytest.raises(ApprovalDiffers, match="20000 paise"):
        await restoration_decisions.approve(home.ctx, restoration, of_both, SP)
    async with home.bench.pool.acquire() as connection:
        monkeypatch.setattr(restoration_facts, "ACCOUNTS_MAX", 1)
        file = await restoration_facts.get(connection, restoration)
    assert (len(file.accounts), file.more_accounts, file.total_paise) == (1, True, 200_00)
    await home.approve(restoration)
    assert (await home.orders(case_no))[-1] == ("restore", "restoration", "ICIC", 200_00)


async def test_m16_one_holders_objection_frees_only_the_hold_that_it_names(home: Home) -> None:
    case_no, restoration, (first, _) = await home.two_accounts()
    for by in (ObjectionBy.HOLDER, ObjectionBy.BANK):
        new = NewObjection.model_validate({**await home.seen(restoration), "by_whom": by, "text": "my pay"})
        with pytest.raises(ObjectionNeedsHold, match="has 2 holds"):
            await objections.receive_objection(home.ctx, restoration, new, DESK)
    without_hold = (
        "INSERT INTO objection (restoration_id, by_whom, received_at, received_by, person_id, sealed_text)"
        " VALUES ($1, 'holder', now(), 'officer:desk', gen_random_uuid(), '\\x7001' || sha256(''))"
    )
    with pytest.raises(asyncpg.CheckViolationError) as error:
        await home.bench.pool.execute(without_hold, restoration)
    assert error.value.constraint_name == "objection_names_hold"
    objection = await home.object(restoration, first)
    with pytest.raises(asyncpg.CheckViolationError, match="objection_decided"):
        await home.bench.pool.execute("UPDATE objection SET decision = 'upheld', decided_at = now()")
    await home.decide(restoration, objection, ObjectionDecision.UPHELD)
    assert await home.orders(case_no) == [("release", "objection", "HDFC", 100_00)]


async def test_m16_the_decider_repeats_what_will_be_released(home: Home) -> None:
    case_no, restoration, (first, second) = await home.two_accounts()
    objection = await home.object(restoration, first)
    assert await home.releases(restoration, objection) == [{"hold_id": first, "paise": 100_00}]
    told = {"objection_id": objection, "decision": "upheld", "reason": WHY}
    for releases in ([], [{"hold_id": first, "paise": 99_99}], [{"hold_id": second, "paise": 100_00}]):
        decided = ObjectionDecided.model_validate({**await home.seen(restoration), **told, "releases": releases})
        with pytest.raises(ReleaseDiffers, match=f"{first}: 10000"):
            await objections.decide_objection(home.ctx, restoration, decided, DY_SP)
    assert await home.orders(case_no) == []


async def test_an_objection_about_an_account_of_another_case(home: Home) -> None:
    _, restoration, _ = await home.two_accounts()
    with pytest.raises(HoldNotOfRestoration):
        await home.object(restoration, uuid4())


async def test_what_a_holder_writes_stays_out_of_the_log(home: Home) -> None:
    case_no, restoration, _ = await home.two_accounts()
    await home.object(restoration)
    log = await home.bench.rows("SELECT data::text FROM case_event WHERE case_no = $1", case_no)
    assert not any("my pay" in data for (data,) in log)


async def test_what_was_not_released_after_all_may_go_home_in_another_round(home: Home) -> None:
    case_no, restoration, holds = await home.two_accounts()
    for hold in holds:
        await home.decide(restoration, await home.object(restoration, hold), ObjectionDecision.UPHELD)
    pool = home.bench.pool
    await pool.execute("UPDATE bank_order SET state = 'cancelled', ended_at = now() WHERE case_no = $1", case_no)
    await pool.execute("UPDATE held_hop SET hold_opened_at = NULL WHERE case_no = $1", case_no)
    await home.open_for_new_holds(case_no)
    again = await home.of(case_no, 2)
    await home.to_approval(again)
    assert await home.tick(again) == ["allocate"]
    await home.prepare(again)
    await home.approve(again)
    assert [paise for kind, *_, paise in await home.orders(case_no) if kind == "restore"] == [100_00, 200_00]


async def test_more_money_that_comes_free_under_what_is_ready_stops_no_clock(home: Home) -> None:
    """A release that is taken back frees money of a line; what was made ready stays as it was seen."""
    case_no, restoration, (hold, _) = await home.two_accounts()
    await home.waive(restoration)
    pool = home.bench.pool
    await home.tick(restoration)
    await home.prepare(restoration)
    await pool.execute(
        "UPDATE restoration_line SET due_paise = 0, allocation_id = NULL WHERE restoration_id = $1 AND hold_id = $2",
        restoration,
        hold,
    )
    assert await home.tick(restoration) == []
    await home.approve(restoration)
    assert await home.orders(case_no) == [("restore", "restoration", "ICIC", 200_00)]


@pytest.mark.parametrize("by", [ObjectionBy.VICTIM, ObjectionBy.OTHER])
async def test_only_the_holder_causes_a_release_to_the_holder(home: Home, by: ObjectionBy) -> None:
    """The victim's account is closed, and another is to be credited: that is put right, and the holder gets nothing."""
    case_no, restoration, _ = await home.two_accounts()
    await home.waive(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    objection = await home.object(restoration, by=by)
    await home.decide(restoration, objection, ObjectionDecision.UPHELD)
    assert await home.at(restoration) == ("open", "verification", "no_court")
    assert await home.orders(case_no) == []
    (moved,) = [event for event in await home.events(case_no, "restoration_moved") if event["outcome"] == "sent_back"]
    assert moved["reason"] == f"objection {objection} is upheld"


async def test_an_objection_lets_nothing_go_that_a_court_keeps(home: Home) -> None:
    case_no, restoration, (hold, _) = await home.two_accounts()
    told = {"kind": "bnss_503", "effect": "keep_hold", "court": "CJM Lucknow", "order_no": "1", "made_on": "2026-11-24"}
    order = await confirmed_order(home.ctx, case_no, NewCourtOrder.model_validate(told))
    objection = await home.object(restoration, hold)
    with pytest.raises(HoldKeptByCourt, match=f"kept by court_order {order.court_order_id}"):
        await home.decide(restoration, objection, ObjectionDecision.UPHELD)
    assert await home.orders(case_no) == []
    await home.decide(restoration, objection, ObjectionDecision.DISMISSED)


# -- holders who are heard ---------------------------------------------------------------------------------------------


async def test_a_holder_who_appeals_objects(home: Home) -> None:
    """The notice names the appeal page: what is written there is heard."""
    case_no, restoration, (hold, _) = await home.two_accounts()
    news = "SELECT count(*) FROM procedure_news WHERE workflow_id = 'restoration-' || $1::uuid"
    before = await home.bench.value(news, restoration)
    new = NewGrievance.model_validate({"text": "I sold a phone", "language": "en"})
    filed = await grievances.file_grievance(home.ctx, hold, new, "holder")
    assert await home.bench.value(news, restoration) == before + 1, "its clocks look again"
    assert await home.tick(restoration, 15.1) == ["remind"], "it does not end while somebody appeals"
    with pytest.raises(GrievanceUndecided, match=f"Grievance {filed.number} of a holder"):
        await home.waive(restoration)
    await grievances.withdraw(home.ctx, filed.grievance_id, None, "holder")
    assert await home.bench.value(news, restoration) > before + 1
    assert await home.tick(restoration) == ["end_step", "allocate"]
    await home.prepare(restoration)
    late = await grievances.file_grievance(home.ctx, hold, new, "holder")
    with pytest.raises(GrievanceUndecided, match=f"Grievance {late.number}"):
        await home.approve(restoration)
    await grievances.withdraw(home.ctx, late.grievance_id, None, "holder")
    await home.approve(restoration)
    assert len(await home.orders(case_no)) == 2


async def at_notice(home: Home) -> UUID:
    """A restoration whose holders may object."""
    restoration = await home.of(await home.hold(400))
    await home.tick(restoration, 3)
    await home.apply(restoration)
    await home.verify(restoration)
    return restoration


async def test_m17_a_hearing_is_not_waived_by_one_officers_statement(home: Home) -> None:
    restoration = await at_notice(home)
    seen = {**await home.seen(restoration), "reason": "letter of 3 December"}
    for by in (DESK, SUPERVISOR):
        with pytest.raises(RoleNotAllowed, match="only these roles may: io, dy_sp"):
            await waive_notice(home.ctx, restoration, NoticeWaived.model_validate(seen), by)
    with pytest.raises(WaiverNeedsDocument):
        await waive_notice(home.ctx, restoration, NoticeWaived.model_validate(seen), IO)
    written = NoticeWaived.model_validate({**seen, "document": b64encode(PDF)})
    with pytest.raises(NoticeNotServed):
        await waive_notice(home.ctx, restoration, written, IO)
    await home.give_notice(restoration)
    await waive_notice(home.ctx, restoration, written, IO)
    with pytest.raises(WaiverRecorded):
        await waive_notice(home.ctx, restoration, written, IO)
    assert (await home.at(restoration))[1] == "holder_notice", "the holder can contradict it"
    case_no = await home.bench.value("SELECT case_no FROM restoration WHERE restoration_id = $1", restoration)
    (event,) = await home.events(case_no, "hearing_waived")
    assert event["document_digest"] == sha256(PDF).hexdigest()


async def test_m17_a_holder_without_a_notice_is_never_waived_for(home: Home) -> None:
    restoration = await at_notice(home)
    (hold,) = await home.bench.rows("SELECT hold_id FROM restoration_line WHERE restoration_id = $1", restoration)
    case_no = await home.bench.value("SELECT case_no FROM restoration WHERE restoration_id = $1", restoration)
    with pytest.raises(asyncpg.CheckViolationError) as error:
        await home.bench.pool.execute(
            "INSERT INTO hearing_waiver (restoration_id, visit_no, hold_id, document_digest, person_id,"
            " sealed_document, reason, recorded_by, recorded_at, contradict_until) VALUES ($1, 1, $2, $3, $4, $5,"
            " 'why', 'officer:io', now(), now() + interval '2 days')",
            restoration,
            hold[0],
            *await sealed_document(home.ctx, case_no, WAIVER, PDF),
        )
    assert error.value.constraint_name == "hearing_waiver_of_served"


async def test_m17_each_holder_is_told_of_the_waiver_and_has_48_hours_to_contradict(home: Home) -> None:
    case_no, restoration, (first, second) = await home.two_accounts()
    await home.write_waivers(restoration, first)
    assert (await home.look(restoration)).dues[0].what == "remind", "the other holder has waived nothing"
    await home.write_waivers(restoration, second)
    said = await home.bench.said("hearing_waived", case_no)
    assert {(one.to_whom, "object by" in one.body) for one in said} == {("bank", True)} or await home.bench.value(
        "SELECT count(*) FROM desk_task WHERE case_no = $1 AND cause = 'unreachable'", case_no
    )
    assert "end_step" not in await home.tick(restoration, 1.9)
    assert "end_step" in await home.tick(restoration, 0.2)


async def test_m17_a_holder_who_contradicts_the_waiver_is_heard(home: Home) -> None:
    restoration = await at_notice(home)
    await home.write_waivers(restoration)
    await home.object(restoration)
    await home.tick(restoration, 3)
    assert (await home.at(restoration))[1] == "holder_notice"


async def test_no_officer_waives_the_days_to_show_cause(home: Home) -> None:
    account = f"5{rrn()}"
    case_nos = [await home.hold(10, 90, account=account) for _ in range(home.ctx.policy.restoration.many_victims_min)]
    restoration = await home.of(case_nos[0])
    await home.tick(restoration, 3)
    await home.apply(restoration)
    await home.verify(restoration)
    with pytest.raises(WrongStep, match="is at show_cause, and this is done only at holder_notice"):
        await home.waive(restoration)


# -- at once, and at the wrong moment ----------------------------------------------------------------------------------


async def test_of_two_officers_at_once_one_decides_and_the_other_is_told(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.to_approval(restoration)
    await home.prepare(restoration)
    seen = await home.approval(restoration)
    results = await asyncio.gather(
        restoration_decisions.approve(home.ctx, restoration, seen, SP),
        restoration_decisions.end_step(home.ctx, restoration, VERB.REFUSE, seen, officer("dcp", Role.SP), WHY),
        restoration_decisions.approve(home.ctx, restoration, seen, officer("addl", Role.SP)),
        return_exceptions=True,
    )
    lost = [result for result in results if isinstance(result, Exception)]
    assert len(lost) == 2
    assert all(isinstance(error, StepEnded) and error.step == "approval" for error in lost)
    orders = await home.orders(
        await home.bench.value("SELECT case_no FROM restoration WHERE restoration_id = $1", restoration)
    )
    assert len(orders) == (0 if (await home.at(restoration))[0] == "refused" else 1)


async def test_what_was_seen_before_it_was_sent_back_is_not_acted_on(home: Home) -> None:
    restoration = await home.of(await home.hold(400))
    await home.tick(restoration, 3)
    await home.apply(restoration)
    await home.send_back(restoration, by=IO)
    await home.apply(restoration)
    with pytest.raises(StepEnded, match=r"ended step verification \(sent_back\): .* at visit 2 of step verification"):
        await restoration_decisions.end_step(
            home.ctx, restoration, VERB.VERIFY, Seen(step=Step.VERIFICATION, visit_no=1), IO
        )
    with pytest.raises(StepNotBegun, match="Visit 9 of step verification has not begun"):
        await restoration_decisions.end_step(
            home.ctx, restoration, VERB.VERIFY, Seen(step=Step.VERIFICATION, visit_no=9), IO
        )


async def test_a_hold_that_fell_below_what_was_made_ready_is_not_ordered(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.to_approval(restoration)
    await home.prepare(restoration)
    await home.bench.pool.execute(
        "SELECT ledger_post($1, 'resolution', $2, now(), '{1,1}', '{held,withdrawn}', '{-1,1}')", case_no, rrn()
    )
    with pytest.raises(RestorationHoldChanged):
        await home.approve(restoration)
    await home.send_back(restoration)
    await home.verify(restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    assert await home.orders(case_no) == [("restore", "restoration", "HDFC", 399_99)]


async def test_an_objection_carries_its_text_into_the_row(home: Home) -> None:
    _, restoration, (hold, _) = await home.two_accounts()
    new = NewObjection.model_validate(
        {**await home.seen(restoration), "by_whom": "bank", "text": "  the account is a shop's  ", "hold_id": hold}
    )
    done = await objections.receive_objection(home.ctx, restoration, new, DESK)
    told = await home.bench.rows(
        "SELECT by_whom, received_by FROM objection WHERE objection_id = $1", done.objection_id
    )
    assert told == [("bank", "officer:desk")]
    assert [one.text for one in await home.objections(restoration)] == ["the account is a shop's"]
