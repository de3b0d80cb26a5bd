"""H3: no officer alone lets money of a hold go. Who told of it does not decide, and the victim is heard before."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from activities.context import Context
from activities.recovery import grievance_decisions
from activities.recovery.grievance_decisions import HOLDER
from activities.recovery.hold_releases import (
    confirm_release,
    hear_victim,
    proposed_of,
    record_small_hold_decision,
    reject_release,
)
from activities.recovery.hold_transaction import take_contact
from domain.errors.recovery import (
    DeciderTold,
    HearerProposed,
    NoReleaseProposed,
    NotAVictimOfHold,
    OfficerNotOfCase,
    ReleaseGrew,
    ReleaseNeedsSecondOfficer,
    ReleaseProposed,
    VictimIsHeard,
)
from schemas.enums import Language, Role
from schemas.officers.officers import Acting
from schemas.recovery.grievances import AppealOn, GrievanceReason, NewGrievance, WithdrawGrievance
from schemas.recovery.holds import NewHolderContact, NewSmallHoldDecision, SmallHoldDecision
from schemas.recovery.orders import NewHearing, ReleaseStage
from tests.activities.hold_world import Holds
from tests.activities.recovery.test_grievance_decisions import (
    CHIEF,
    DESK,
    DY_SP,
    IO,
    LEVEL,
    PART,
    RELEASED,
    TEXT,
    UPHELD,
    Appeal,
    an_appeal,
)
from tests.activities.release_bench import HEARING, SECOND, make_io
from tests.activities.restoration_bench import officer
from tests.factories import row, rrn

SMALL = NewSmallHoldDecision(decision=SmallHoldDecision.RELEASE, reason="a tea shop")


def a_new_io() -> Acting:
    """An IO who has decided nothing on this day: the sums of a day are counted over the whole database."""
    return officer(f"io{rrn()}", Role.IO)


async def large(holds: Holds, rupees: int = 20_000) -> Appeal:
    """An appeal about a hold above the sum that one officer releases alone, with the IO who answers for it."""
    case_no, hold_id = await holds.hold(rupees)
    await make_io(holds.bench.pool, case_no)
    return Appeal(holds, case_no, hold_id)


@pytest.fixture
async def appeal(holds: Holds) -> Appeal:
    return await large(holds)


async def filed_in_person(appeal: Appeal, by: str) -> None:
    new = NewGrievance(text=TEXT, language=Language.HI)
    appeal.identity = (await grievance_decisions.file_grievance(appeal.ctx, appeal.hold_id, new, by)).grievance_id


async def confirm(appeal: Appeal, by: str = SECOND) -> Any:
    return await confirm_release(appeal.ctx, appeal.hold_id, "documents and the victim's statement read", by)


# -- the scenario ------------------------------------------------------------------------------------------------------


async def test_h3_an_io_who_files_in_person_and_waits_for_the_bank_does_not_decide(appeal: Appeal) -> None:
    await filed_in_person(appeal, IO.actor)
    await appeal.tick(7)
    with pytest.raises(DeciderTold):
        await appeal.say(IO, LEVEL.IO, RELEASED)
    with pytest.raises(DeciderTold):
        await appeal.say(IO, LEVEL.IO, UPHELD)
    assert await appeal.holds.orders(appeal.case_no) == []


async def test_h3_the_name_in_other_letters_or_with_another_role_is_the_same_person(appeal: Appeal) -> None:
    await filed_in_person(appeal, "officer:Ravi")
    await appeal.tick(7)
    await appeal.tick(15)
    with pytest.raises(DeciderTold):
        await appeal.say(officer("ravi", Role.DY_SP), LEVEL.DY_SP, RELEASED)


async def test_h3_a_contact_that_another_officer_has_replaced_was_still_told(appeal: Appeal) -> None:
    first, later = NewHolderContact(phone="9876500011"), NewHolderContact(phone="9876500022")
    await take_contact(appeal.ctx, appeal.hold_id, first, IO.actor)
    await take_contact(appeal.ctx, appeal.hold_id, later, "officer:desk")
    await appeal.file()
    await appeal.report()
    with pytest.raises(DeciderTold):
        await appeal.say(IO, LEVEL.IO, RELEASED)


async def test_h3_a_release_is_of_the_money_about_which_the_victims_were_heard(appeal: Appeal) -> None:
    """All of it went off hold before anybody looked, and other money at the account came on hold."""
    await appeal.file()
    await appeal.report()
    await appeal.say(IO, LEVEL.IO, RELEASED)
    bench, holds = appeal.holds.bench, appeal.holds
    await bench.pool.execute(
        "SELECT ledger_post($1, 'resolution', $2, now(), '{1,1}', '{held,in_play}', '{-2000000,2000000}')",
        appeal.case_no,
        f"test|{appeal.case_no}",
    )
    (root,) = await bench.hops(appeal.case_no, "reference")
    await bench.answer("HDFC", appeal.case_no, row(1, root, "300.00", transaction_datetime="2026-11-24 12:00:00"))
    await holds.came_now(appeal.case_no)
    await holds.open_for_new_holds(appeal.case_no)
    holds.clock.at += HEARING
    with pytest.raises(NoReleaseProposed):
        await confirm(appeal)
    assert await holds.orders(appeal.case_no) == []


async def test_h3_an_io_of_another_district_does_not_decide(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.report()
    with pytest.raises(OfficerNotOfCase):
        await appeal.say(officer("stranger", Role.IO), LEVEL.IO, RELEASED)
    await appeal.tick(15)
    with pytest.raises(OfficerNotOfCase):
        await appeal.say(officer("io", Role.DY_SP), LEVEL.DY_SP, RELEASED)


@pytest.mark.parametrize("told", ["report", "contact", "earlier contact", "appeal_on"])
async def test_h3_who_told_a_thing_about_the_hold_does_not_decide(appeal: Appeal, told: str) -> None:
    teller: Acting = officer("teller", Role.DESK)
    await appeal.file()
    if told == "report":
        await appeal.report(None, teller)
    else:
        await appeal.report()
    if "contact" in told:
        contact = NewHolderContact.model_validate({"phone": "9876500001"})
        await take_contact(appeal.ctx, appeal.hold_id, contact, teller.actor)
    if told == "earlier contact":
        contact = NewHolderContact.model_validate({"phone": "9876500002"})
        await take_contact(appeal.ctx, appeal.hold_id, contact, "officer:another")
    if told == "appeal_on":
        await appeal.decide(IO, LEVEL.IO, UPHELD)
        more = AppealOn(level=LEVEL.IO, text="look again")
        await grievance_decisions.appeal_on(appeal.ctx, appeal.identity, more, teller)
    else:
        await appeal.tick(15)
    with pytest.raises(DeciderTold):
        await appeal.say(officer("teller", Role.DY_SP), LEVEL.DY_SP, RELEASED)
    await appeal.say(DY_SP, LEVEL.DY_SP, RELEASED)
    appeal.holds.clock.at += HEARING
    with pytest.raises(DeciderTold):
        await confirm(appeal, teller.actor)


async def test_h3_above_the_sum_a_second_officer_confirms(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.report()
    done = await appeal.say(IO, LEVEL.IO, RELEASED)
    assert (done.state, done.waits_for) == ("open", ReleaseStage.VICTIM_IS_HEARD)
    appeal.holds.clock.at += HEARING
    async with grievance_decisions.grievance_transaction(appeal.ctx, appeal.identity, HOLDER) as work:
        assert (await work.done()).waits_for is ReleaseStage.SECOND_OFFICER
    with pytest.raises(ReleaseNeedsSecondOfficer):
        await confirm(appeal, "officer:IO")
    assert await appeal.holds.orders(appeal.case_no) == []
    await confirm(appeal)
    assert await appeal.holds.orders(appeal.case_no) == [("grievance", "planned", 20_000_00)]
    assert await appeal.stands() == ("released", "io", 20_000_00)
    assert (await appeal.levels())[1] == ("io", "decided", "officer:io")
    with pytest.raises(NoReleaseProposed):
        await confirm(appeal)


async def test_h3_parts_of_one_hold_are_counted_together(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.report()
    await appeal.decide(a_new_io(), LEVEL.IO, PART, 9_000_00)
    await appeal.appeal_on(LEVEL.IO)
    done = await appeal.say(DY_SP, LEVEL.DY_SP, PART, 2_000_00)
    assert done.waits_for is ReleaseStage.VICTIM_IS_HEARD
    (newest, first) = (await proposed_of(appeal.ctx, appeal.hold_id)).releases
    assert (first.needs_second, newest.needs_second) == (False, True)


async def test_h3_the_releases_of_one_officer_on_one_day_are_counted_together(holds: Holds) -> None:
    needed, io = [], a_new_io()
    for day in (0, 0, 0, 1):
        appeal = await large(holds, 9_000)
        await appeal.file()
        await appeal.report()
        holds.clock.at += timedelta(days=day)
        await make_io(holds.bench.pool, appeal.case_no, io.subject)
        await appeal.say(io, LEVEL.IO, RELEASED)
        needed.append((await proposed_of(appeal.ctx, appeal.hold_id)).releases[0].needs_second)
    assert needed == [False, False, True, False]


async def test_h3_nothing_goes_before_the_victim_was_told_and_could_be_heard(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.report()
    io = a_new_io()
    await make_io(appeal.holds.bench.pool, appeal.case_no, io.subject)
    await appeal.say(io, LEVEL.IO, PART, 1_000_00)
    assert {to for to, _ in await appeal.holds.messages(appeal.case_no, "release_proposed")} == {"victim"}
    said = NewHearing(ack_no=appeal.case_no, said="it is my money, I never bought there")
    with pytest.raises(HearerProposed):
        await hear_victim(appeal.ctx, appeal.hold_id, said, io.actor)
    stranger = said.model_copy(update={"ack_no": "29999999999999"})
    with pytest.raises(NotAVictimOfHold):
        await hear_victim(appeal.ctx, appeal.hold_id, stranger, DESK.actor)
    heard = await hear_victim(appeal.ctx, appeal.hold_id, said, DESK.actor)
    assert [(one.said, one.recorded_by) for one in heard.hearings] == [("", DESK.actor)], "an act is no read"
    (read,) = (await proposed_of(appeal.ctx, appeal.hold_id)).releases
    assert [(one.said, one.recorded_by) for one in read.hearings] == [(said.said, DESK.actor)]
    appeal.holds.clock.at += HEARING - timedelta(minutes=1)
    with pytest.raises(VictimIsHeard):
        await confirm(appeal)
    appeal.holds.clock.at += timedelta(minutes=1)
    with pytest.raises(DeciderTold):
        await confirm(appeal, DESK.actor)
    confirmed = await confirm(appeal, io.actor)
    assert [one.said for one in confirmed.hearings] == [""]
    assert await appeal.holds.orders(appeal.case_no) == [("grievance", "planned", 1_000_00)]


async def test_h3_a_small_hold_waits_for_the_victims_statement_too(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(150)
    with pytest.raises(OfficerNotOfCase):
        await record_small_hold_decision(holds.ctx, hold_id, SMALL, IO)
    io = a_new_io()
    await make_io(holds.bench.pool, case_no, io.subject)
    await record_small_hold_decision(holds.ctx, hold_id, SMALL, io)
    assert await holds.orders(case_no) == []
    with pytest.raises(ReleaseProposed):
        await record_small_hold_decision(holds.ctx, hold_id, SMALL, officer("sp", Role.SP))
    holds.clock.at += HEARING
    await confirm_release(holds.ctx, hold_id, "seen", io.actor)
    assert await holds.orders(case_no) == [("micro", "planned", 150_00)]


# -- what else can become of a proposed release ------------------------------------------------------------------------


async def test_a_rejected_release_is_decided_again(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.report()
    await appeal.say(IO, LEVEL.IO, RELEASED)
    with pytest.raises(ReleaseProposed):
        await appeal.say(IO, LEVEL.IO, RELEASED)
    rejected = await reject_release(appeal.ctx, appeal.hold_id, "no document", SECOND)
    assert (rejected.state, rejected.stage) == ("rejected", None)
    assert (await appeal.say(IO, LEVEL.IO, UPHELD)).state == "upheld"


async def test_a_release_without_confirmation_goes_to_the_next_level(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.report()
    appeal.holds.clock.at += timedelta(days=14)
    await appeal.say(IO, LEVEL.IO, RELEASED)
    assert await appeal.tick(8) == [], "two days for the victim and seven for the second officer"
    assert await appeal.tick(1) == ["escalate"]
    (proposal,) = (await proposed_of(appeal.ctx, appeal.hold_id)).releases
    assert (proposal.state, await appeal.stands()) == ("dropped", ("open", "dy_sp", None))
    assert (await appeal.say(DY_SP, LEVEL.DY_SP, RELEASED)).waits_for is ReleaseStage.VICTIM_IS_HEARD


async def test_a_withdrawn_grievance_takes_its_release_with_it(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.report()
    await appeal.say(IO, LEVEL.IO, RELEASED)
    told = WithdrawGrievance(level=LEVEL.IO, reason="it is settled")
    await grievance_decisions.withdraw(appeal.ctx, appeal.identity, told, DESK)
    with pytest.raises(NoReleaseProposed):
        await confirm(appeal)


async def test_more_money_than_was_proposed_is_not_released(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.report()
    await appeal.say(IO, LEVEL.IO, RELEASED)
    (root,) = await appeal.holds.bench.hops(appeal.case_no, "reference")
    await appeal.holds.bench.pool.execute(
        "UPDATE hop SET amount_paise = amount_paise + 50000, disputed_paise = disputed_paise + 50000"
        " WHERE case_no = $1",
        appeal.case_no,
    )
    await appeal.holds.bench.answer("HDFC", appeal.case_no, row(1, root, "20500.00"))
    appeal.holds.clock.at += HEARING
    with pytest.raises(ReleaseGrew):
        await confirm(appeal)


async def test_the_database_orders_no_release_that_no_officer_confirmed(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.report()
    await appeal.say(IO, LEVEL.IO, RELEASED)
    pool = appeal.holds.bench.pool
    with pytest.raises(asyncpg.CheckViolationError, match="proposal_heard"):
        await pool.execute(
            "UPDATE proposal SET decision = 'agreed', decided_by = $1, decided_at = proposed_at WHERE hold_id = $2",
            SECOND,
            appeal.hold_id,
        )
    with pytest.raises(asyncpg.CheckViolationError, match="proposal_four_eyes"):
        await pool.execute(
            "UPDATE proposal SET decision = 'agreed', decided_by = proposed_by, decided_at = not_before"
            " WHERE hold_id = $1",
            appeal.hold_id,
        )
    with pytest.raises(asyncpg.PostgresError, match="more of hold"):
        await pool.execute(
            "WITH o AS (INSERT INTO bank_order (order_id, kind, reason, case_no, institution, grievance_id, state,"
            " ordered_by, planned_at, due_at, policy) VALUES (gen_random_uuid(), 'release', 'grievance', $1, 'HDFC',"
            " $2, 'planned', 'officer:io', now(), now(), '{}') RETURNING order_id)"
            " INSERT INTO bank_order_line (order_id, line_no, case_no, hop_no, hold_id, amount_paise)"
            " SELECT order_id, 1, $1, 1, $3, 100 FROM o",
            appeal.case_no,
            appeal.identity,
            appeal.hold_id,
        )


async def test_a_supervisor_who_escalated_may_confirm(ctx: Context) -> None:
    appeal = await an_appeal(Holds(ctx))
    await appeal.file()
    await make_io(appeal.holds.bench.pool, appeal.case_no)
    await grievance_decisions.escalate(
        appeal.ctx, appeal.identity, GrievanceReason(level=LEVEL.BANK, reason="urgent"), CHIEF
    )
    await appeal.say(IO, LEVEL.IO, RELEASED)
    appeal.holds.clock.at += HEARING
    await confirm(appeal, CHIEF.actor)
