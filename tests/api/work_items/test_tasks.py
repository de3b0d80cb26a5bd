"""The desk's tasks as officers of the police read them: what their role can act on, and what is theirs."""

from typing import Any

import pytest

from activities.recovery import hold_lifecycle
from db.tasks import as_stored
from domain.work_items.task_owners import acts_of
from schemas.enums import Role
from schemas.restoration_enums import DocumentKind, Step
from schemas.tasks import NO_FACTS, DocumentWaits, TaskCause, TaskFacts
from tests.api.conftest import Doors, line, transfer

TASKS = "/api/v1/desk/tasks"
OFFICER = {
    "duty": "io",
    "subject": "r.sharma",
    "name": "R. Sharma",
    "rank": "Inspector",
    "police_station": "Cyber Crime",
    "district": "LUCKNOW",
    "phone": "9000000009",
}


async def appealed(doors: Doors, reference: str) -> tuple[str, str]:
    """A case whose money is on hold, and an appeal against that at the bank; their ids."""
    case_no = (await doors.complain(transfers=[transfer(reference)]))["case_ack_no"]
    await doors.answer("SBIN", case_no, line("held", reference))
    await hold_lifecycle.open_for_new_holds(doors.services.ctx, case_no)
    (hold,) = (await doors.read("/api/v1/holds", ack_no=case_no))["items"]
    filed = await doors.post(
        f"/api/v1/holds/{hold['hold_id']}/grievances", {"text": "it is my rent", "language": "hi"}, Role.DESK
    )
    assert filed.status_code == 201, filed.text
    return case_no, filed.json()["grievance_id"]


async def kinds(doors: Doors, role: Role, name: str = "r.sharma", **query: Any) -> list[tuple[str, str]]:
    read = await doors.client.get(TASKS, params=query, headers=doors.officer(role, name))
    assert read.status_code == 200, read.text
    return [(task["kind"], task["case_ack_no"]) for task in read.json()["items"]]


async def test_each_role_reads_what_it_can_act_on(doors: Doors) -> None:
    case_no, grievance_id = await appealed(doors, "412345678901")
    everything = await kinds(doors, Role.DESK)
    assert ("grievance", case_no) in everything
    for role in (Role.IO, Role.DY_SP, Role.DISTRICT_GRO, Role.STATE_GRO):
        assert ("grievance", case_no) not in await kinds(doors, role), "the bank has it"
    said = {"kyc": "genuine", "finding": "a house owner"}
    await doors.post(f"/api/v1/grievances/{grievance_id}/report", said, Role.DESK)
    assert ("grievance", case_no) in await kinds(doors, Role.IO)
    assert ("grievance", case_no) not in await kinds(doors, Role.DY_SP)
    await doors.post(f"/api/v1/grievances/{grievance_id}/escalate", {"level": "io", "reason": "late"}, Role.SUPERVISOR)
    assert ("grievance", case_no) not in await kinds(doors, Role.IO)
    assert await kinds(doors, Role.DY_SP) == [("grievance", case_no)]


async def test_steps_of_restorations_go_to_the_officers_who_take_them_on(doors: Doors) -> None:
    case_no, _ = await appealed(doors, "412345678901")
    pool = doors.services.ctx.pool
    await pool.execute(
        "INSERT INTO desk_task (case_no, kind, subject_kind, subject_id, cause, state, opened_at)"
        " SELECT case_no, 'restoration_step', 'restoration', restoration_id::text, 'application_lacks_facts', 'open',"
        " now() FROM restoration"
    )
    for step, readers in (("verification", {Role.IO}), ("approval", {Role.IO, Role.DY_SP, Role.SP})):
        await pool.execute("UPDATE restoration SET step = $1", step)
        for role in (Role.IO, Role.DY_SP, Role.SP, Role.DISTRICT_GRO):
            found = ("restoration_step", case_no) in await kinds(doors, role)
            assert found == (role in readers), (step, role)


async def test_who_alone_can_do_a_task_reads_it(doors: Doors) -> None:
    case_no, _ = await appealed(doors, "412345678901")
    lacks = TaskFacts(documents=(DocumentWaits(kind=DocumentKind.NOTICE_107, lacking=("approved_by.name",)),))
    confirm_order, confirm_account = TaskCause.COURT_ORDER_TO_CONFIRM, TaskCause.CREDIT_ACCOUNT_TO_CONFIRM
    for kind, cause, facts, readers in (
        ("supervise", confirm_order, NO_FACTS, {Role.IO, Role.DY_SP, Role.SP}),
        ("supervise", confirm_account, NO_FACTS, {Role.DY_SP, Role.SP}),
        ("duty", TaskCause.DOCUMENTS_WAIT, lacks, {Role.IO, Role.SP}),
    ):
        await doors.services.ctx.pool.execute("DELETE FROM desk_task WHERE kind = $1", kind)
        await doors.services.ctx.pool.execute(
            "INSERT INTO desk_task (case_no, kind, subject_kind, subject_id, cause, facts, state, opened_at)"
            " VALUES ($1, $2, 'case', $1, $3, $4, 'open', now())",
            case_no,
            kind,
            cause.value,
            as_stored(facts),
        )
        for role in (Role.IO, Role.DY_SP, Role.SP, Role.DISTRICT_GRO):
            assert ((kind, case_no) in await kinds(doors, role)) == (role in readers), (cause, role)


async def test_mine_are_those_of_cases_that_i_answer_for_now(doors: Doors) -> None:
    first, second = [(await appealed(doors, reference))[0] for reference in ("412345678901", "412345678902")]
    await doors.post(f"/api/v1/cases/{first}/officer", OFFICER, Role.SUPERVISOR)
    for case_no in (first, second):
        await doors.services.ctx.pool.execute(
            "INSERT INTO desk_task (case_no, kind, subject_kind, subject_id, cause, state, opened_at)"
            " VALUES ($1, 'duty', 'duty', 'follow_up', 'duty_overdue', 'open', now())",
            case_no,
        )
    assert {case for _, case in await kinds(doors, Role.IO)} == {first, second}
    assert {case for _, case in await kinds(doors, Role.IO, mine=True)} == {first}
    assert await kinds(doors, Role.IO, "somebody.else", mine=True) == []
    await doors.post(f"/api/v1/cases/{first}/officer", OFFICER | {"subject": "other"}, Role.SUPERVISOR)
    assert await kinds(doors, Role.IO, mine=True) == []


@pytest.mark.parametrize("role", [Role.DESK, Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR])
def test_the_desk_reads_all(role: Role) -> None:
    assert acts_of({role}) is None


def test_every_step_that_officers_take_on_has_a_reader() -> None:
    readers = [acts for role in (Role.IO, Role.DY_SP, Role.SP) if (acts := acts_of({role}))]
    # These three end by themselves: at the hearing officers decide objections, which are tasks of their own.
    by_itself = {Step.COLLECTING, Step.SHOW_CAUSE, Step.CREDIT}
    assert frozenset().union(*(acts.steps for acts in readers)) == set(Step) - by_itself
