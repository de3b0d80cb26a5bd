"""Whose turn an appeal is, and who is told so: the bank's desk, officers of the case, of the district, of the State."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from activities.context import Context
from activities.recovery.grievance_decisions import name_officer
from schemas.recovery.grievances import NewGrievanceOfficer
from schemas.restoration_enums import GrievanceLevel
from tests.activities.hold_world import Holds
from tests.activities.recovery.test_grievance_decisions import DY_SP, IO, LEVEL, PART, UPHELD, Appeal, an_appeal
from tests.activities.restoration_bench import Home


@pytest.fixture
async def appeal(ctx: Context) -> AsyncIterator[Appeal]:
    yield await an_appeal(Holds(ctx))
    await ctx.pool.execute("DELETE FROM grievance_officer")


async def turns(appeal: Appeal) -> list[tuple[Any, ...]]:
    said = await appeal.holds.bench.said("grievance_turn", appeal.case_no)
    return [(one.to_whom, one.medium, one.address) for one in said]


async def nobody_told(appeal: Appeal) -> int:
    found: int = await appeal.holds.bench.value(
        "SELECT count(*) FROM desk_task WHERE case_no = $1 AND state = 'open' AND kind = 'supervise'"
        " AND cause = 'grievance_untold'",
        appeal.case_no,
    )
    return found


def named(level: GrievanceLevel, address: str, district: str = "") -> NewGrievanceOfficer:
    return NewGrievanceOfficer.model_validate(
        {"level": level, "district": district, "name": "A. Sinha", "phone": "0522 2200000", "email": address}
    )


async def test_the_banks_desk_has_a_letter_with_the_account_and_the_day(appeal: Appeal) -> None:
    done = await appeal.file()
    assert await turns(appeal) == [("bank", "email", "desk@hdfc.example")]
    (said,) = await appeal.holds.bench.said("grievance_turn", appeal.case_no)
    assert done.number in said.body
    assert "the account 5" in said.body
    assert "इस ग्राहक की जानकारी" in said.body


async def test_every_level_is_told_that_it_is_its_turn(appeal: Appeal) -> None:
    home = Home(appeal.ctx)
    await home.assign(appeal.case_no, "io", "supervising")
    await name_officer(appeal.ctx, named(LEVEL.DISTRICT_GRO, "gro@district.example", "lucknow "), "officer:chief")
    await name_officer(appeal.ctx, named(LEVEL.STATE_GRO, "gro@state.example"), "officer:chief")
    await appeal.file()
    await appeal.report()
    await appeal.decide(IO, LEVEL.IO, UPHELD)
    await appeal.appeal_on(LEVEL.IO)
    await appeal.decide(DY_SP, LEVEL.DY_SP, UPHELD)
    await appeal.appeal_on(LEVEL.DY_SP)
    assert await appeal.tick(15.1) == ["escalate"]
    assert {(to_whom, address) for to_whom, _, address in await turns(appeal)} == {
        ("bank", "desk@hdfc.example"),
        ("io", "9000000009"),
        ("officer", "9000000009"),
        ("officer", "gro@district.example"),
        ("officer", "gro@state.example"),
    }
    assert await nobody_told(appeal) == 0
    assert await appeal.tick(15.1) == ["overdue"]
    overdue = "SELECT to_whom FROM message WHERE case_no = $1 AND kind = 'grievance_overdue'"
    assert await appeal.holds.bench.rows(overdue, appeal.case_no) == [("officer",)]


async def test_while_no_officer_can_be_told_the_supervisor_has_a_task(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.report()
    assert await nobody_told(appeal) == 1
    await Home(appeal.ctx).assign(appeal.case_no, "io")
    assert await nobody_told(appeal) == 0
    assert ("io", "sms", "9000000009") in await turns(appeal)
    await appeal.decide(IO, LEVEL.IO, UPHELD)
    await appeal.appeal_on(LEVEL.IO)
    assert await nobody_told(appeal) == 1
    await name_officer(appeal.ctx, named(LEVEL.DY_SP, "dysp@elsewhere.example", "AGRA"), "officer:chief")
    assert await nobody_told(appeal) == 1, "another district's"
    await name_officer(appeal.ctx, named(LEVEL.DY_SP, "dysp@district.example", "LUCKNOW"), "officer:chief")
    assert await nobody_told(appeal) == 0
    assert ("officer", "email", "dysp@district.example") in await turns(appeal)


async def test_a_decision_reaches_the_holder_also_where_the_appeal_says(appeal: Appeal) -> None:
    """The bank's contact is told, and besides it the one that stands in the appeal; it has no code."""
    done = await appeal.file(contact="ask my son: 98111-22233 or son@mail.example.")
    await appeal.report()
    await appeal.decide(IO, LEVEL.IO, PART, 1000_00)
    said = await appeal.holds.bench.said("grievance_decided", appeal.case_no)
    told = [(one.medium, one.language, one.address) for one in said]
    assert ("sms", "hi", "9811122233") in told
    assert ("email", "hi", "son@mail.example") in told
    assert len(told) == 5
    body = next(one.body for one in said if one.language == "en")
    assert f"your appeal {done.number} is decided" in body
    assert "You can take it on to the Addl or Dy SP" in body
