"""A child or an elderly person has a named officer: a supervisor is asked for one until there is one."""

from typing import Any

import pytest

from activities.police.firs import assign_officer
from schemas.police import NewOfficer
from tests.activities.bench import Bench
from tests.factories import complaint, transfer

ADULT = {"name": "A. Victim", "mobile": "9876543210", "district": "LUCKNOW"}
TASKS = "SELECT state FROM desk_task WHERE case_no = $1 AND cause = 'name_officer' ORDER BY task_id"


def officer(duty: str) -> NewOfficer:
    told = {"duty": duty, "subject": "io1", "name": "R. Verma", "rank": "Inspector", "phone": "9415000001"}
    return NewOfficer.model_validate({**told, "police_station": "Cyber Crime", "district": "Lucknow"})


@pytest.mark.parametrize("who", [{"child": True}, {"senior": True}, {"woman": True}, {}], ids=str)
async def test_m11_the_supervisor_names_an_officer_for_a_child_or_an_elderly_person(
    bench: Bench, who: dict[str, Any]
) -> None:
    case_no = await bench.complain(transfer(), victim={**ADULT, **who})
    asked = [row["state"] for row in await bench.pool.fetch(TASKS, case_no)]
    assert asked == (["open"] if who.keys() & {"child", "senior"} else [])


async def test_m11_the_work_item_closes_when_an_investigating_officer_is_assigned(bench: Bench) -> None:
    told = transfer()
    case_no = await bench.complain(told, victim={**ADULT, "child": True})
    await bench.take(complaint(told, victim={**ADULT, "name": "A relative", "senior": True}))
    assert [row["state"] for row in await bench.pool.fetch(TASKS, case_no)] == ["open"], "one for the case"
    for duty, wanted in (("supervising", "open"), ("io", "closed")):
        await assign_officer(bench.ctx, case_no, officer(duty), "officer:chief")
        assert [row["state"] for row in await bench.pool.fetch(TASKS, case_no)] == [wanted], duty
