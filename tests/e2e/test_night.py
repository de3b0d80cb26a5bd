"""A night at the desk over the API alone: nothing is done twice, nothing stays without an owner, the figures agree.

`make world` plays a small night. `make deep` plays the whole one: thirty officers and two hundred calls.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from domain.policy.model import load_policy
from schemas.text import IST
from simulator import Knobs, SimulatorConfig
from tests.deep import DEEP
from tests.e2e.live import Json, Live, live
from tests.e2e.night import (
    DISTRICTS,
    Call,
    Night,
    NightOfficer,
    begin_night,
    case_of,
    end_shift_soon,
    in_turns,
    transfer,
    victim,
)
from tests.e2e.night_recount import ASKED_TWICE, DOUBLE_CLAIMS, MONEY, UNOWNED, check_load, check_stages
from tests.factories import rrn
from tests.ground import Ground

pytestmark = pytest.mark.world

OFFICERS_OF_A_TEAM: Final = 10 if DEEP else 3
CALLS: Final = 200 if DEEP else 15
LEFT: Final = 4
"""of so many work items one is left at the end of the shift"""
WHY: Final = {"reason": "one caller called twice"}


@pytest.fixture(scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory, module_ground: Ground) -> AsyncIterator[Live]:
    """An engine whose banks do as they are told, and that writes the record of a shift at its end."""
    config = SimulatorConfig(complaints=0, institutions=8, knobs=Knobs.none(), clock_factor=120.0)
    home: Path = tmp_path_factory.mktemp("engine")
    async with live(home, config, module_ground, shift_grace_seconds=0) as engine:
        engine.connect_banks()
        yield engine


async def test_a_night_at_the_desk(engine: Live) -> None:
    night = await begin_night(engine, OFFICERS_OF_A_TEAM)
    calls = await night.take_calls(CALLS)
    assert len({call.case_no for call in calls}) == CALLS
    silent = [call for call in calls if call.bank_does == "silent"]
    refused = [call for call in calls if call.bank_does == "refuses"]
    left = await claim_what_is_left(night, await night.until_asked("correct_reference", refused))
    ends = await end_shift_soon(night, "night")
    merged = await merge_and_undo(night)
    corrected = [call for call in refused if call.case_no not in left]
    await in_turns(*(partial(correct, night, call) for call in corrected))
    await night.until_asked("phone_bank", silent)
    await in_turns(*(partial(telephone, night, call) for call in silent))
    await go_on_after_the_shift(night, ends, left)
    for case_no in [*(call.case_no for call in calls), *merged]:
        await engine.until_settled(case_no)
    await check_nothing_is_done_twice(night)
    await check_owners(night, calls)
    await check_figures(night)
    assert (await engine.verified()).as_text() == "clean"


# -- the work of the night ---------------------------------------------------------------------------------------------


async def claim_what_is_left(night: Night, tasks: dict[str, Json]) -> dict[str, NightOfficer]:
    """Let officers of the shift that ends have some work items; gives who has that of which case."""
    found = {}
    for place, (case_no, task) in enumerate(sorted(tasks.items())):
        if place % LEFT == 0:
            found[case_no], _ = await night.claim(task, night.teams["night"][:2])
    return found


async def correct(night: Night, call: Call) -> None:
    """Two officers of different teams want a work item. The one who has it corrects the number."""
    task = await night.task(call.officer, "correct_reference", call.case_no)
    owner, _ = await night.claim(task, rivals(night, call))
    await night.correct(owner, call.case_no)


async def telephone(night: Night, call: Call) -> None:
    """The owner of a work item telephones, or gives it to another officer before; a supervisor takes some over."""
    task = await night.task(call.officer, "phone_bank", call.case_no)
    owner, standing = await night.claim(task, rivals(night, call))
    if call.number % 4 == 0:
        owner = await night.pass_on(owner, standing, another(owner, night.teams["morning"]))
    elif call.number % 4 == 1:
        lead = another(owner, (night.lead("morning"), night.lead("evening")))
        body = {"version": standing["version"], "reason": "the caller is on the line again"}
        taken = await night.do(lead, f"/desk/tasks/{task['task_id']}/take-over", body)
        assert taken["owner"] == lead.name
        owner = lead
    await night.telephone(owner, call.case_no)


def another(officer: NightOfficer, of: Sequence[NightOfficer]) -> NightOfficer:
    """The first of these who is not this officer."""
    return next(one for one in of if one != officer)


def rivals(night: Night, call: Call) -> Sequence[NightOfficer]:
    """Officers of two teams that work on."""
    place = call.number % OFFICERS_OF_A_TEAM
    return night.teams["evening"][place], night.teams["morning"][place]


async def merge_and_undo(night: Night) -> list[str]:
    """One caller called twice, and told a wrong number the second time. The merge is undone by two officers."""
    first_officer, second_officer = night.teams["morning"][1], night.teams["evening"][1]
    told = victim(first_officer, CALLS)
    right, wrong = rrn(), rrn()
    one = transfer(night.script("holds", right), right)
    two = one | {"rrn": wrong}
    night.script("refuses", wrong)
    cases = []
    for officer, told_transfer in ((first_officer, one), (second_officer, two)):
        draft_id = await night.begin(officer, {"transfers": [told_transfer], "victim": told})
        cases.append(case_of(await night.send(officer, draft_id)))
    kept, other = cases
    assert kept != other
    await night.engine.until_settled(kept)
    await until_task(night, other)
    path = f"/cases/{kept}/merges"
    same = {"other_ack_no": other, "same_transfers": [{"hop_no": 1, "other_hop_no": 1}]}
    seen = await night.do(first_officer, f"{path}/preview", same)
    assert seen["blocks"] == []
    merge = await night.do(first_officer, path, same | WHY, 201)
    supervisor = night.lead("evening")
    if merge["state"] == "proposed":
        merge = await night.do(supervisor, f"{path}/{merge['merge_id']}/agree", WHY)
    assert merge["state"] == "in_force"
    for case_no, with_case in ((kept, other), (other, kept)):
        case = await night.read(second_officer, f"/cases/{case_no}")
        assert (case["merged_with"], case["together_paise"]["lost"]) == ([with_case], seen["together_paise"]["lost"])
    undo = f"{path}/{merge['merge_id']}/undo"
    assert (await night.do(second_officer, undo, WHY))["state"] == "undo_proposed"
    alone = await night.ask(second_officer, "POST", f"{undo}/agree", WHY)
    assert alone.status_code == 403, alone.text
    done = await night.do(supervisor, f"{undo}/agree", WHY)
    assert (done["state"], done["undone_by"]) == ("undone", f"officer:{supervisor.name}")
    await until_task(night, other)
    task = await night.task(second_officer, "correct_reference", other)
    owner, _ = await night.claim(task, (first_officer, second_officer))
    await night.correct(owner, other)
    return cases


async def until_task(night: Night, case_no: str) -> None:
    """Wait until the desk is asked to correct a number of a case."""

    async def asked() -> bool:
        query = {"kind": "correct_reference", "case": case_no}
        return bool((await night.read(night.lead("evening"), "/desk/tasks", **query))["items"])

    await night.engine.until(asked, 240, "the desk is asked to correct a number")


async def go_on_after_the_shift(night: Night, ends: datetime, left: dict[str, NightOfficer]) -> None:
    """The record of the shift writes itself. What its officers left goes to officers on shift, who go on with it."""
    reader = night.lead("morning")

    async def decided() -> bool:
        found = (await night.read(reader, "/shifts", team="night"))["items"]
        if not found:
            return False
        record = await night.read(reader, f"/shifts/{found[0]['shift_id']}/handover")
        return "open" not in {item["state"] for one in record["officers"] for item in one["items"]}

    await night.engine.until(decided, 240, "the end of the shift writes itself")
    (shift,) = (await night.read(reader, "/shifts", team="night"))["items"]
    assert datetime.fromisoformat(shift["ends_at"]) == ends
    record = await night.read(reader, f"/shifts/{shift['shift_id']}/handover")
    items = {item["ack_no"]: (one["officer_id"], item) for one in record["officers"] for item in one["items"]}
    others = {one.name: one for team in ("evening", "morning") for one in night.teams[team]}
    for case_no, officer in left.items():
        had, item = items[case_no]
        assert (had, item["state"]) == (officer.name, "given")
        await night.correct(others[item["to_officer"]], case_no)
    for officer in set(left.values()):
        await night.do(officer, f"/shifts/{shift['shift_id']}/handover/note", {"note": "all told"}, 204, method="PUT")


# -- the end of the night ----------------------------------------------------------------------------------------------


async def check_nothing_is_done_twice(night: Night) -> None:
    """Of two officers one came first, each bank was asked once, and the ledger has on hold what the banks have."""
    assert {tuple(answers) for answers in night.races} == {(200, 409)}
    assert await night.engine.pool.fetch(DOUBLE_CLAIMS) == []
    assert night.engine.sim.banks.book.repeated_requests == []
    assert await night.engine.pool.fetch(ASKED_TWICE) == []


async def check_owners(night: Night, calls: Sequence[Call]) -> None:
    """No work item was without an owner for longer than the policy says, and no supervisor was told of one."""
    longest = load_policy(night.engine.running.settings.policy_file).work_items.unowned.seconds
    for row in await night.engine.pool.fetch(UNOWNED):
        assert row["seconds"] <= longest.get(row["kind"], float("inf")), dict(row)
    supervised = (await night.read(night.lead("morning"), "/desk/tasks", kind="supervise", limit="500"))["items"]
    assert [task for task in supervised if task["cause"] == "task_unowned"] == []
    for kind in ("phone_bank", "correct_reference"):
        assert await night.open_tasks(kind, calls) == {}


async def check_figures(night: Night) -> None:
    """The figures of the API are those of a plain count."""
    lead, pool = night.lead("morning"), night.engine.pool
    today = datetime.now(IST).date()
    days = {"from": f"{today - timedelta(days=1)}", "to": f"{today + timedelta(days=1)}"}

    async def read(by: str | None) -> Json:
        found: Json = await night.read(lead, "/figures/stages", **days, **({"by": by} if by else {}))
        assert found["is_exact"]
        return found

    await check_stages(pool, read, DISTRICTS)
    await check_load(pool, await night.read(lead, "/figures/load", **days))
    behind = await night.read(lead, "/figures/cases", stage="complaint_to_held", limit="500", **days)
    cases = {row["case_no"] for row in await pool.fetch("SELECT case_no FROM case_file")}
    assert {item["case_ack_no"] for item in behind["items"]} == cases
    for row in await pool.fetch(MONEY):
        listed = await night.read(lead, "/figures/money-cases", figure=row["bucket"], limit="500", **days)
        found = sum(item["paise"] for item in listed["items"]), len(listed["items"])
        assert found == (row["paise"], row["cases"]), row["bucket"]
    late = await night.read(lead, "/figures/breaches", stage="complaint_to_held", limit="500")
    assert late["items"] == []
