"""Grievances on a bench: filed once, reported on, decided level by level, with the order to the bank."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from activities.context import Context
from activities.recovery import grievance_decisions
from activities.recovery.grievance_access import GrievanceActivities
from activities.recovery.grievance_decisions import HOLDER
from activities.recovery.hold_releases import record_small_hold_decision
from domain.errors import MayNot, NotFound, SameEyes
from domain.errors.recovery import (
    AmountNotFree,
    GrievanceAppealable,
    GrievanceFinal,
    GrievanceMovedOn,
    GrievancePastBank,
    HighestLevel,
    HoldKeptByCourt,
    NothingOnHold,
)
from schemas.enums import Language, Role
from schemas.officers.officers import Acting
from schemas.procedures import ActionInput
from schemas.recovery.grievances import AppealOn, GrievanceDecided, GrievanceDone, GrievanceReport, NewGrievance
from schemas.recovery.holds import NewSmallHoldDecision, SmallHoldDecision
from schemas.restoration_enums import GrievanceDecision, GrievanceLevel, KycFinding
from tests.activities.hold_world import Holds
from tests.activities.recovery.test_hold_lifecycle import CONTACT, keep, order
from tests.activities.release_bench import confirmed, make_io
from tests.activities.restoration_bench import officer
from tests.desk_tasks import bank_notes

TEXT = "It is the rent of my tenant, here is his name."
IO, DY_SP = officer("io", Role.IO), officer("dy", Role.DY_SP)
DISTRICT, STATE = officer("district", Role.DISTRICT_GRO), officer("state", Role.STATE_GRO)
DESK, CHIEF = officer("desk", Role.DESK), officer("chief", Role.SUPERVISOR)
LEVEL, UPHELD, PART, RELEASED = (
    GrievanceLevel,
    GrievanceDecision.UPHELD,
    GrievanceDecision.PART_RELEASED,
    GrievanceDecision.RELEASED,
)
REPORT = GrievanceReport(kyc=KycFinding.GENUINE, finding="a shop since 2011, visited")


class Appeal:
    """One hold and the grievance about it."""

    def __init__(self, holds: Holds, case_no: str, hold_id: UUID) -> None:
        self.holds, self.case_no, self.hold_id = holds, case_no, hold_id
        self.ctx = holds.ctx
        self.engine = GrievanceActivities(self.ctx)
        self.identity: UUID

    async def file(self, text: str = TEXT, contact: str = "9876500000") -> GrievanceDone:
        new = NewGrievance(text=text, language=Language.HI, contact=contact)
        done = await grievance_decisions.file_grievance(self.ctx, self.hold_id, new, HOLDER)
        self.identity = done.grievance_id
        return done

    async def report(self, institution: str | None = "HDFC", by: Acting | str = "bank:HDFC") -> GrievanceDone:
        return await grievance_decisions.report(self.ctx, self.identity, REPORT, by, institution=institution)

    async def decide(
        self, by: Acting, level: GrievanceLevel, decision: GrievanceDecision, paise: int | None = None
    ) -> GrievanceDone:
        """Decide as the officer who answers for the case; a release is heard and confirmed by a second officer."""
        if level is GrievanceLevel.IO:
            await make_io(self.holds.bench.pool, self.case_no, by.subject)
        done = await self.say(by, level, decision, paise)
        if decision is GrievanceDecision.UPHELD:
            return done
        await confirmed(self.ctx, self.holds.clock, self.hold_id)
        _, _, released_paise = await self.stands()
        async with grievance_decisions.grievance_transaction(self.ctx, self.identity, HOLDER) as work:
            return (await work.done()).model_copy(update={"released_paise": released_paise})

    async def say(
        self, by: Acting, level: GrievanceLevel, decision: GrievanceDecision, paise: int | None = None
    ) -> GrievanceDone:
        decided = GrievanceDecided(level=level, decision=decision, released_paise=paise, reason="as the documents say")
        return await grievance_decisions.decide(self.ctx, self.identity, decided, by)

    async def appeal_on(self, level: GrievanceLevel) -> GrievanceDone:
        return await grievance_decisions.appeal_on(
            self.ctx, self.identity, AppealOn(level=level, text="look again"), HOLDER
        )

    async def tick(self, days: float = 0) -> list[str]:
        """Let time pass and do what has fallen due, as the workflow does; what that was."""
        self.holds.clock.at += timedelta(days=days)
        done = []
        while dues := (await self.engine.read_grievance_state(self.asked())).dues:
            if dues[0].at > self.holds.clock.at:
                break
            done.append(dues[0].what)
            assert len(done) < 10, f"it does not come to rest: {done}"
            await self.engine.move_grievance(self.asked(dues[0].what))
        return done

    def asked(self, what: str = "") -> ActionInput:
        return ActionInput(subject=str(self.identity), case_no=self.case_no, what=what, at=self.holds.clock.at)

    async def stands(self) -> tuple[Any, ...]:
        (found,) = await self.holds.bench.rows(
            "SELECT state, level, released_paise FROM grievance WHERE grievance_id = $1", self.identity
        )
        return found

    async def levels(self) -> list[tuple[Any, ...]]:
        return await self.holds.bench.rows(
            "SELECT level, outcome, ended_by FROM grievance_level WHERE grievance_id = $1 ORDER BY place",
            self.identity,
        )

    async def is_running(self) -> bool:
        found: bool = await self.holds.bench.value(
            "SELECT ended_at IS NULL FROM procedure WHERE kind = 'grievance' AND subject = $1", str(self.identity)
        )
        return found


async def an_appeal(holds: Holds) -> Appeal:
    """A hold whose holder the bank has told how to reach."""
    case_no, hold_id = await holds.hold(600, 400, **CONTACT)
    return Appeal(holds, case_no, hold_id)


@pytest.fixture
async def appeal(ctx: Context) -> Appeal:
    return await an_appeal(Holds(ctx))


# -- filing ------------------------------------------------------------------------------------------------------------


async def test_it_is_filed_with_a_number_and_the_bank_is_asked_first(appeal: Appeal) -> None:
    done = await appeal.file()
    assert (done.state, done.level, done.case_ack_no) == ("open", "bank", appeal.case_no)
    assert done.number.startswith("G0")
    assert done.due_at == appeal.holds.clock.at + timedelta(days=7)
    assert await appeal.is_running()
    about = "case_no = $1 AND kind = 'grievance' AND state = 'open'"
    (task,) = await bank_notes(appeal.holds.bench.pool, about, appeal.case_no)
    waits = "the account holder waits: report on it or decide it"
    assert task == ("HDFC", f"grievance {done.grievance_id}: {waits}")
    (event,) = await appeal.holds.bench.rows(
        "SELECT data::text FROM case_event WHERE case_no = $1 AND kind = 'grievance_opened'", appeal.case_no
    )
    assert TEXT not in event[0]
    assert "9876500000" not in event[0]


async def test_there_is_one_open_grievance_a_hold_however_often_and_at_once_it_is_sent(appeal: Appeal) -> None:
    outcomes = await asyncio.gather(*(appeal.file() for _ in range(4)), return_exceptions=True)
    assert Counter(type(one).__name__ for one in outcomes) == {"GrievanceDone": 1, "GrievanceOpen": 3}


async def test_against_nothing_there_is_no_grievance(appeal: Appeal) -> None:
    await appeal.holds.tick(appeal.hold_id, 91)
    await appeal.holds.confirm(appeal.case_no)
    with pytest.raises(NothingOnHold):
        await appeal.file()
    new = NewGrievance(text=TEXT, language=Language.EN)
    with pytest.raises(NotFound):
        await grievance_decisions.file_grievance(appeal.ctx, uuid4(), new, HOLDER)


# -- the bank ----------------------------------------------------------------------------------------------------------


async def test_the_banks_report_takes_it_to_the_io_at_once_and_said_again_changes_nothing(appeal: Appeal) -> None:
    await appeal.file()
    appeal.holds.clock.at += timedelta(days=2)
    done = await appeal.report()
    assert (done.level, done.due_at) == ("io", appeal.holds.clock.at + timedelta(days=15))
    before = await appeal.holds.bench.events(appeal.case_no)
    assert await appeal.report() == done
    assert await appeal.holds.bench.events(appeal.case_no) == before
    assert await appeal.levels() == [("bank", "reported", "bank:HDFC"), ("io", None, None)]
    assert await appeal.holds.tasks(appeal.case_no) == ["grievance", "supervise"], "no assigned officer can be told"


async def test_another_banks_grievance_is_none(appeal: Appeal) -> None:
    await appeal.file()
    with pytest.raises(NotFound):
        await appeal.report("SBIN", "bank:SBIN")
    await appeal.report(None, DESK)
    assert (await appeal.levels())[0] == ("bank", "reported", "officer:desk")


async def test_what_the_bank_says_after_its_time_is_too_late(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.tick(7)
    with pytest.raises(GrievancePastBank, match="is with io already"):
        await appeal.report()


# -- decisions ---------------------------------------------------------------------------------------------------------


async def test_released_orders_the_bank_to_let_everything_go_that_is_free(appeal: Appeal) -> None:
    await appeal.file()
    await order(appeal.holds, appeal.case_no, appeal.hold_id, 250_00)
    await appeal.report()
    done = await appeal.decide(IO, LEVEL.IO, RELEASED)
    assert (done.state, done.released_paise, done.due_at) == ("released", 750_00, None)
    assert await appeal.holds.orders(appeal.case_no) == [
        ("court", "planned", 250_00),
        ("grievance", "planned", 750_00),
    ]
    assert not await appeal.is_running()
    assert "grievance" not in await appeal.holds.tasks(appeal.case_no)
    told = await appeal.holds.messages(appeal.case_no, "grievance_decided")
    assert {to for to, _ in told} == {"holder"}
    await appeal.holds.confirm(appeal.case_no)
    assert await appeal.holds.bench.buckets(appeal.case_no) == {"lost": -1000_00, "released": 1000_00}
    await appeal.holds.bench.check(appeal.case_no)


async def test_a_part_is_released_from_the_first_transfers_on(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.report()
    done = await appeal.decide(IO, LEVEL.IO, PART, 700_00)
    assert (done.state, done.released_paise) == ("part_released", 700_00)
    lines = await appeal.holds.bench.rows(
        "SELECT hop_no, amount_paise FROM bank_order_line WHERE case_no = $1 ORDER BY hop_no", appeal.case_no
    )
    assert lines == [(1, 600_00), (2, 100_00)]
    (said,) = await appeal.holds.bench.said("grievance_decided", appeal.case_no, medium="sms", language="en")
    assert "the bank is ordered to let Rs 700 go, the rest stays on hold" in said.body


async def test_more_than_is_free_is_refused_with_the_figures_and_nothing_is_written(appeal: Appeal) -> None:
    await appeal.file()
    await order(appeal.holds, appeal.case_no, appeal.hold_id, 250_00)
    await appeal.report()
    before = await appeal.holds.bench.events(appeal.case_no)
    with pytest.raises(
        AmountNotFree, match=r"Only 75000 paise of the 100000 paise .* 75001 .*: 25000 paise are ordered already"
    ):
        await appeal.decide(IO, LEVEL.IO, PART, 750_01)
    assert await appeal.stands() == ("open", "io", None)
    assert await appeal.holds.bench.events(appeal.case_no) == before


async def test_what_a_court_retains_the_police_do_not_release(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.report()
    await keep(appeal.holds, appeal.case_no)
    with pytest.raises(HoldKeptByCourt, match=r"court_order \d+"):
        await appeal.decide(IO, LEVEL.IO, RELEASED)
    assert (await appeal.decide(IO, LEVEL.IO, UPHELD)).state == "upheld"


async def test_two_officers_at_once_and_one_decides(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.report()
    await appeal.tick(15)
    outcomes = await asyncio.gather(
        *(appeal.say(officer(name, Role.DY_SP), LEVEL.DY_SP, RELEASED) for name in ("dy1", "dy2", "dy3")),
        return_exceptions=True,
    )
    assert Counter(type(one).__name__ for one in outcomes) == {"GrievanceDone": 1, "ReleaseProposed": 2}
    await confirmed(appeal.ctx, appeal.holds.clock, appeal.hold_id)
    assert await appeal.holds.orders(appeal.case_no) == [("grievance", "planned", 1000_00)]


async def test_an_officer_who_saw_another_level_is_told(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.tick(7)
    await appeal.tick(15)
    with pytest.raises(GrievanceMovedOn, match="has gone on to dy_sp"):
        await appeal.decide(IO, LEVEL.IO, UPHELD)
    with pytest.raises(MayNot):
        await appeal.decide(IO, LEVEL.DY_SP, UPHELD)


async def test_up_all_levels_by_appeal_and_the_state_decides_last(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.report()
    for by, level in [(IO, LEVEL.IO), (DY_SP, LEVEL.DY_SP), (DISTRICT, LEVEL.DISTRICT_GRO)]:
        await appeal.decide(by, level, UPHELD)
        assert not await appeal.is_running()
        with pytest.raises(GrievanceAppealable):
            await appeal.file()
        await appeal.appeal_on(level)
        assert await appeal.is_running()
    await appeal.decide(STATE, LEVEL.STATE_GRO, UPHELD)
    with pytest.raises(HighestLevel, match="state_gro"):
        await appeal.appeal_on(LEVEL.STATE_GRO)
    with pytest.raises(GrievanceFinal, match="state_gro"):
        await appeal.file()
    assert [outcome for _, outcome, _ in await appeal.levels()] == ["reported", *["decided"] * 4]
    said = await appeal.holds.bench.rows(
        "SELECT level FROM grievance_level WHERE grievance_id = $1 AND sealed_said IS NOT NULL ORDER BY place",
        appeal.identity,
    )
    assert [level for (level,) in said] == ["dy_sp", "district_gro", "state_gro"]
    told = await appeal.holds.messages(appeal.case_no, "grievance_decided")
    assert len(told) == 4 * 3, "each decision, by SMS in two languages and by mail"


async def test_who_decided_below_or_kept_the_small_hold_does_not_decide_above(ctx: Context) -> None:
    holds = Holds(ctx)
    appeal = Appeal(holds, *await holds.hold(150))
    kept = NewSmallHoldDecision(decision=SmallHoldDecision.KEEP, reason="to be looked into")
    await make_io(holds.bench.pool, appeal.case_no)
    await record_small_hold_decision(holds.ctx, appeal.hold_id, kept, IO)
    await appeal.file()
    await appeal.report()
    with pytest.raises(SameEyes):
        await appeal.decide(IO, LEVEL.IO, UPHELD)
    await appeal.decide(officer("other", Role.IO), LEVEL.IO, UPHELD)
    await appeal.appeal_on(LEVEL.IO)
    with pytest.raises(SameEyes):
        await appeal.decide(officer("other", Role.DY_SP), LEVEL.DY_SP, RELEASED)
    await appeal.decide(DY_SP, LEVEL.DY_SP, RELEASED)


async def test_the_rest_of_what_was_released_in_part_can_be_taken_on(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.report()
    await appeal.decide(IO, LEVEL.IO, PART, 100_00)
    await appeal.appeal_on(LEVEL.IO)
    assert await appeal.stands() == ("open", "dy_sp", None)
    await appeal.decide(DY_SP, LEVEL.DY_SP, RELEASED)
    assert await appeal.stands() == ("released", "dy_sp", 900_00)
    assert await appeal.holds.orders(appeal.case_no) == [
        ("grievance", "planned", 100_00),
        ("grievance", "planned", 900_00),
    ]
