"""Officers act on the cases that they are responsible for, and read others only with a reason."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute

from api.app import ROUTERS
from api.officers.auth import Allowed
from api.officers.reads import REFERENCES, SHOWS_NO_CASE
from api.roles import Action
from db.outgoing import OutgoingKind, queued
from db.privacy import jurisdiction
from db.privacy.jurisdiction import MARK, condition
from db.recovery import grievance_views, hold_views, order_views, restoration_views
from domain.officers.jurisdiction import MARKED_SCOPES, SCOPES, Scope, VerbKind, covers
from schemas.enums import Role
from schemas.privacy.personal_data import CaseStanding, Within
from tests.api.conftest import Doors, transfer
from tests.api.role_matrix import BODIES, ENTRIES
from tests.each import each
from tests.officers import enrol

OFFICER = {"name": "R. Verma", "rank": "Inspector", "phone": "9415000001", "district": "Lucknow"}
STATION = {"police_station": "Cyber Crime, Lucknow"}
FIR = {"kind": "zero_fir"}
WITHOUT_CASE = {
    "/api/v1/complaints": "makes the case",
    "/api/v1/court-orders": "names cases in the body, and checks them itself",
    "/api/v1/release-brake/continue": "is about no case",
    "/api/v1/grievance-officers": "is about no case",
    "/api/v1/sessions/of/{officer_id}/end": "is about no case",
    "/api/v1/desk/tasks/claim": "names work items in the body, and checks each",
    "/api/v1/desk/tasks/pass-on": "names work items in the body, and checks each",
    "/api/v1/desk/tasks/release": "names work items in the body, and checks each",
    "/api/v1/desk/tasks/snooze": "names work items in the body, and checks each",
    "/api/v1/desk/task-filters/{place}": "is about no case",
    "/api/v1/presence": "names cases and work items in the body, and checks each",
    "/api/v1/desk/notice-settings": "is about no case",
    "/api/v1/desk/notice-webhook": "is about no case",
    "/api/v1/desk/notices/seen": "is about no case",
    "/api/v1/officers/{officer_id}/notice-settings": "is about no case",
    "/api/v1/shifts/own/note": "is about no case",
    "/api/v1/shifts/{shift_id}/handover/note": "is about no case",
}
WIDE_ORDER = "/api/v1/court-orders"
NARROW = frozenset({Role.IO, Role.DY_SP, Role.SP, Role.DISTRICT_GRO})
"""roles that are not of the whole State"""
CONFINED = {
    "/api/v1/restorations",
    "/api/v1/restorations/officer-steps",
    "/api/v1/orders",
    "/api/v1/holds",
    "/api/v1/grievances",
    "/api/v1/grievances/waiting",
    "/api/v1/court-day",
    "/api/v1/court-orders/waiting",
    "/api/v1/messages",
    "/api/v1/desk/tasks",
    "/api/v1/desk/task-acts",
    "/api/v1/stream",
    "/api/v1/desk/notices",
    "/api/v1/shifts/{shift_id}/handover",
    "/api/v1/outside-reads",
    "/api/v1/cases",
    "/api/v1/desk/call-list",
    "/api/v1/reconciliations/{reconciliation_id}",
    "/api/v1/figures/cases",
    "/api/v1/figures/breaches",
    "/api/v1/figures/money-cases",
}
OWN = {
    "/api/v1/shifts/own",
    "/api/v1/desk/team-officers",
    "/api/v1/drafts",
    "/api/v1/drafts/team-officers",
    "/api/v1/drafts/{draft_id}",
    "/api/v1/drafts/{draft_id}/banks",
}
"""lists of an officer's own drafts and teams, and of missed calls, which are of no case"""
CONFINED_SEARCHES = ("/api/v1/accounts/search", "/api/v1/search", "/api/v1/victims/search")
OF_THE_DESK = {"/api/v1/desk/call-list", "/api/v1/reconciliations/{reconciliation_id}"}
"""lists that no officer of the police reads"""
OF_ONE_CASE = {
    "answers",
    "discrepancies",
    "events",
    "ledger",
    "payer-inquiries",
    "requests",
    "telephone-answers",
    "timeline",
    "told-transfers",
    "trail",
    "trail/layout",
}
"""the parts of a case that show its money"""
OF_A_SHIFT = {"/api/v1/shifts/{shift_id}/handover"}
"""a list that names a shift; tests/activities/work_items/test_shift_handovers.py confines it"""


async def assign(doors: Doors, case_no: str, subject: str, duty: str = "io", **as_whom: Any) -> int:
    body = {**OFFICER, **STATION, "duty": duty, "subject": subject}
    headers = doors.officer(as_whom.get("role", Role.SUPERVISOR), as_whom.get("name", "chief"))
    return (await doors.client.post(f"/api/v1/cases/{case_no}/officer", json=body, headers=headers)).status_code


async def write_message(doors: Doors, case_no: str) -> None:
    await doors.services.ctx.pool.execute(
        "WITH written AS ("
        "INSERT INTO message (message_id, case_no, kind, to_whom, medium, address, language, body, natural_key,"
        " written_at) VALUES (gen_random_uuid(), $1, 'money_held', 'io', 'sms', '9', 'en', 'x',"
        " 'test' || $1, now()) RETURNING message_id)"
        f" {queued(OutgoingKind.MESSAGE, 'written', 'message_id', 'now()')}",
        case_no,
    )


async def test_h8_an_investigating_officer_acts_on_assigned_cases_alone(doors: Doors) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    await doors.post_officer("io1")
    path, headers = f"/api/v1/cases/{case_no}/fir", doors.officer(Role.IO, "io1")
    refused = await doors.client.post(path, json=FIR, headers=headers)
    assert refused.status_code == 403
    assert (refused.json()["code"], refused.json()["params"]) == ("outside_jurisdiction", {"missing": "assigned"})
    assert await assign(doors, case_no, "io1") == 201
    assert (await doors.client.post(path, json=FIR, headers=headers)).status_code == 200
    assert await assign(doors, case_no, "io2") == 201
    assert (await doors.client.post(path, json=FIR, headers=headers)).status_code == 403, "another officer took over"


@each(("role", "verb"), [(Role.IO, ""), (Role.SP, "/1/agree"), (Role.SP, "/1/reject")])
async def test_low_who_corrects_a_victim_outside_does_not_learn_whether_there_is_one(
    doors: Doors, role: Role, verb: str
) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    await doors.post_officer("outside", "Agra")
    answers = []
    for ack_no in (case_no, "22411260000009"):
        path, body = f"/api/v1/complaints/{ack_no}/victim-corrections{verb}", {"mobile": "9000000000", "reason": "why"}
        refused = await doors.client.post(path, json=body, headers=doors.officer(role, "outside"))
        answers.append((refused.status_code, {**refused.json(), "request_id": "", "instance": ""}))
    assert answers[0] == answers[1]
    assert (answers[0][0], answers[0][1]["code"]) == (403, "outside_jurisdiction")


async def test_h8_a_superintendent_acts_in_the_own_districts(doors: Doors) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    await doors.post_officer("sp.agra", "Agra")
    await doors.post_officer("sp.lucknow", "lakhnau", "Agra")
    assert await assign(doors, case_no, "io1", role=Role.SP, name="sp.agra") == 403
    assert await assign(doors, case_no, "io1", role=Role.SP, name="sp.lucknow") == 201
    assert await assign(doors, case_no, "sp.agra", "supervising") == 201
    assert await assign(doors, case_no, "io1", role=Role.SP, name="sp.agra") == 201, "an officer of the case"


async def test_a_case_belongs_to_the_district_of_each_of_its_victims(doors: Doors) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    of_agra = await doors.complain(victim={"name": "Ravi Lal", "mobile": "9876543299", "district": "AGRA"})
    assert (of_agra["case_ack_no"], of_agra["joined"]) == (case_no, True)
    await write_message(doors, case_no)
    for name, district, is_own in (
        ("sp.agra", "Agra", True),
        ("sp.lucknow", "Lucknow", True),
        ("sp.up", "Jhansi", False),
    ):
        await doors.post_officer(name, district)
        headers = doors.officer(Role.SP, name)
        read = await doors.client.get(f"/api/v1/cases/{of_agra['ack_no']}/police", headers=headers)
        assert read.status_code == (200 if is_own else 403), name
        listed = await doors.client.get("/api/v1/messages", headers=headers)
        assert [one["case_no"] for one in listed.json()["items"]] == [case_no] * is_own, name
        assert await assign(doors, case_no, "io1", role=Role.SP, name=name) == (201 if is_own else 403), name
    async with doors.services.ctx.pool.acquire() as connection:
        place = (await jurisdiction.places(connection, {case_no}))[case_no]
    assert place.districts == {"AGRA", "LUCKNOW"}
    for keys, is_covered in ((("AGRA",), True), (("JHANSI",), False)):
        assert covers(Within(officer_id="one", districts=keys), place) is is_covered


@pytest.mark.parametrize(("duty", "role", "higher"), [("io", Role.IO, Role.DY_SP), ("supervising", Role.SP, Role.SP)])
async def test_m11_a_duty_counts_while_the_officer_has_its_role(
    doors: Doors, duty: str, role: Role, higher: Role
) -> None:
    case_no, pool = (await doors.complain())["case_ack_no"], doors.services.ctx.pool
    await doors.post_officer("one", "Agra")

    async def is_assigned(subject: str = "one") -> bool:
        async with pool.acquire() as connection:
            reference, day = ("ack_no", case_no), timedelta(days=1)
            standing = await jurisdiction.standing(connection, reference, subject, f"officer:{subject}", day)
            within = Within(officer_id=subject, districts=())
            listed = await jurisdiction.those_within(connection, within, (case_no,))
        assert standing is not None
        assert standing.is_assigned is (case_no in listed)
        return standing.is_assigned

    assert await assign(doors, case_no, "one", duty) == 201
    assert await is_assigned()
    end = "UPDATE officer_role SET until_at = greatest(from_at, present_moment()), ended_by = 'command:test'"
    await pool.execute(f"{end} WHERE officer_id = 'one' AND NOT role = ANY($1)", [role, Role.DESK])
    assert await is_assigned(), "the role of the duty is enough"
    await pool.execute(f"{end} WHERE officer_id = 'one' AND role = $1", role)
    assert not await is_assigned(), "the officer has another role now"
    await pool.execute(
        "INSERT INTO officer_role (officer_id, role, from_at, given_by, given_at)"
        " VALUES ('one', $1, present_moment(), 'command:test', present_moment())",
        higher,
    )
    assert await is_assigned(), "of a higher rank"
    assert await assign(doors, case_no, "stranger", duty) == 201
    assert await is_assigned("stranger"), "of no officer outside the roster a role is known"


async def test_h8_a_read_outside_needs_a_reason_and_is_shown_to_the_superintendent(doors: Doors) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    for name, district in (("io1", "Agra"), ("sp.agra", "Agra"), ("sp.lucknow", "Lucknow")):
        await doors.post_officer(name, district)
    path, headers = f"/api/v1/cases/{case_no}/police", doors.officer(Role.IO, "io1")
    refused = await doors.client.get(path, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "read_reason_needed")
    assert await doors.services.ctx.pool.fetchval("SELECT count(*) FROM read_log") == 0
    found = await doors.client.get(path, headers=headers | {"X-Read-Reason": "the same mule as in my case"})
    assert found.status_code == 200
    for name, count in (("sp.lucknow", 1), ("sp.agra", 0)):
        listed = await doors.client.get("/api/v1/outside-reads", headers=doors.officer(Role.SP, name))
        assert len(listed.json()["reads"]) == count, name
    (read,) = (await doors.read("/api/v1/outside-reads", Role.AUDITOR))["reads"]
    assert (read["reader"], read["case_no"], read["reason"]) == (
        "officer:io1",
        case_no,
        "the same mule as in my case",
    )


async def test_h8_a_list_shows_the_own_cases_and_another_case_only_with_a_reason(doors: Doors) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    await write_message(doors, case_no)
    await doors.post_officer("sp.agra", "Agra")
    await doors.post_officer("sp.lucknow", "LUCKNOW")
    for name, count in (("sp.agra", 0), ("sp.lucknow", 1)):
        headers = doors.officer(Role.SP, name)
        listed = await doors.client.get("/api/v1/messages", headers=headers)
        assert [one["case_no"] for one in listed.json()["items"]] == [case_no] * count, name
        for path in CONFINED - OF_THE_DESK - OF_A_SHIFT - {"/api/v1/messages", "/api/v1/outside-reads"}:
            assert (await doors.client.get(path, headers=headers)).status_code == 200, path
    headers = doors.officer(Role.SP, "sp.agra")
    of_case = {"ack_no": case_no}
    assert (await doors.client.get("/api/v1/orders", params=of_case, headers=headers)).status_code == 403
    headers |= {"X-Read-Reason": "a suspect lives here"}
    assert (await doors.client.get("/api/v1/orders", params=of_case, headers=headers)).status_code == 200


async def test_the_money_of_a_case_is_read_by_its_officers_alone(doors: Doors) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    await doors.post_officer("io1")
    await doors.post_officer("sp.agra", "Agra")
    await doors.post_officer("sp.lucknow", "Lucknow")
    assert await assign(doors, case_no, "io1") == 201
    for role, name, status, more in (
        (Role.IO, "io1", 200, {}),
        (Role.IO, "sp.lucknow", 403, {}),
        (Role.SP, "sp.lucknow", 200, {}),
        (Role.SP, "sp.agra", 403, {}),
        (Role.DY_SP, "sp.lucknow", 403, {}),
        (Role.DISTRICT_GRO, "sp.lucknow", 403, {}),
        (Role.SP, "sp.agra", 200, {"X-Read-Reason": "the same mule as in my case"}),
    ):
        headers = doors.officer(role, name) | more
        for part in OF_ONE_CASE:
            told = await doors.client.get(f"/api/v1/cases/{case_no}/{part}", headers=headers)
            assert told.status_code == status, (role, name, part)


async def test_the_list_of_cases_shows_an_officer_of_the_police_the_own_cases(doors: Doors) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    other = (await doors.complain(transfers=[transfer(rrn="512345678901")]))["case_ack_no"]
    await doors.post_officer("io1")
    await doors.post_officer("sp.agra", "Agra")
    await doors.post_officer("sp.lucknow", "Lucknow")
    assert await assign(doors, case_no, "io1") == 201
    for role, name, own in (
        (Role.IO, "io1", {case_no}),
        (Role.SP, "sp.agra", set[str]()),
        (Role.SP, "sp.lucknow", {case_no, other}),
    ):
        listed = await doors.client.get("/api/v1/cases", headers=doors.officer(role, name))
        assert {one["case_ack_no"] for one in listed.json()["items"]} == own, name


async def test_a_second_number_in_a_query_opens_no_other_case(doors: Doors) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    other = (await doors.complain(transfers=[transfer(rrn="512345678901")]))["case_ack_no"]
    await doors.post_officer("io1")
    assert other != case_no
    assert await assign(doors, case_no, "io1") == 201
    headers = doors.officer(Role.IO, "io1")
    for path, query in (
        ("/api/v1/documents", f"case={other}&ack_no={case_no}"),
        ("/api/v1/documents", f"case={case_no}&case={other}"),
        ("/api/v1/desk/tasks", f"ack_no={case_no}&case={other}"),
        ("/api/v1/orders", f"case={case_no}&ack_no={other}"),
        ("/api/v1/orders", f"ack_no={case_no}&ack_no={other}"),
    ):
        assert (await doors.client.get(f"{path}?{query}", headers=headers)).status_code == 403, query
    assert (await doors.client.get(f"/api/v1/orders?ack_no={case_no}", headers=headers)).status_code == 200


async def test_an_order_of_a_court_about_many_cases_is_recorded_for_own_cases(doors: Doors) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    await doors.post_officer("io1")
    body = BODIES["court_order"] | {"about": [{"ack_no": case_no}]}
    headers = doors.officer(Role.IO, "io1")
    refused = await doors.client.post("/api/v1/court-orders", json=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "outside_jurisdiction")


async def test_the_desk_and_an_officer_of_a_unit_of_the_state_are_responsible_for_every_case(doors: Doors) -> None:
    """Though the officer of the desk is posted to another district: one person has the widest of the roles."""
    for role, name, district in ((Role.DESK, "desk.agra", "Agra"), (Role.IO, "io.stf", "*")):
        case_no = (await doors.complain())["case_ack_no"]
        await doors.post_officer(name, district)
        told = await doors.client.post(f"/api/v1/cases/{case_no}/fir", json=FIR, headers=doors.officer(role, name))
        assert told.status_code == 200, name


async def test_a_district_that_has_ended_counts_no_more(doors: Doors) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    await doors.post_officer("sp1", "Lucknow")
    headers = doors.officer(Role.SP, "sp1")
    assert (await doors.client.get(f"/api/v1/cases/{case_no}/police", headers=headers)).status_code == 200
    await enrol(doors.services.ctx.pool, ["sp1"], districts=["Agra"])
    assert (await doors.client.get(f"/api/v1/cases/{case_no}/police", headers=headers)).status_code == 403


@each(
    ("standing", "refused"),
    [
        (CaseStanding(case_districts=("LUCKNOW",), is_assigned=False, officer_districts=("Agra",)), NARROW),
        (CaseStanding(case_districts=("LUCKNOW",), is_assigned=False, officer_districts=("Lucknow",)), {Role.IO}),
        (CaseStanding(case_districts=("LUCKNOW",), is_assigned=True, officer_districts=()), set()),
        (CaseStanding(case_districts=("LUCKNOW",), is_assigned=False, officer_districts=("*",)), set()),
    ],
)
async def test_every_route_by_every_role_and_standing(
    doors: Doors, monkeypatch: pytest.MonkeyPatch, standing: CaseStanding, refused: set[Role]
) -> None:
    """The answers of the database are replaced, so that every route has a case."""

    async def stand(*_: object) -> CaseStanding:
        return standing

    monkeypatch.setattr(jurisdiction, "standing", stand)
    tried, key = set(), {"Idempotency-Key": uuid4().hex}
    for (method, path), entry in ENTRIES.items():
        named = any(f"{{{name}}}" in path for name in REFERENCES) or path in {"/api/v1/documents", WIDE_ORDER}
        for role in NARROW & entry.who if isinstance(entry.who, frozenset) and named else ():
            response = await doors.client.request(
                method,
                entry.url,
                params=entry.query,
                json=entry.body,
                headers=key | doors.officer(role),
            )
            code = response.json().get("code") if response.status_code == 403 else None
            wanted = {"GET": "read_reason_needed"}.get(method, "outside_jurisdiction") if role in refused else None
            assert code == wanted, (method, path, role, response.text)
            tried.add(path)
    assert len(tried) > 40


@pytest.mark.parametrize(
    "statement", [restoration_views._LIST, order_views._LIST, hold_views._LIST, grievance_views._LIST]
)
def test_the_aliases_of_a_list_are_not_those_of_the_condition(statement: str) -> None:
    """Else a case would be compared with itself."""
    inner = set(re.findall(r"(?:FROM|JOIN) \w+ (\w+)", condition("the.case", 1, 2)))
    assert len(inner - {"WHERE"}) == 8
    assert MARK in statement
    assert not inner & set(re.findall(r"(?:FROM|JOIN) \w+ (?:AS )?(\w+)", statement)) - {"WHERE"}


def test_every_role_that_may_act_has_a_scope_and_every_scope_is_used() -> None:
    used = {(role, action.rule.kind) for action in Action for role in action.rule.roles}
    assert used <= SCOPES.keys()
    assert {kind for _, kind in SCOPES} == set(VerbKind)
    unused = {(role, kind) for role, kind in SCOPES if role in {Role.INTAKE, Role.AUDITOR}} - used
    assert not unused
    # A new read says what it shows, so that it is logged.
    assert all((action.rule.kind is VerbKind.READ) == action.is_read for action in Action)


def test_every_route_names_its_case_or_says_why_not() -> None:
    for _, router in ROUTERS:
        for route in router.routes:
            actions = [
                one.call.action
                for one in (route.dependant.dependencies if isinstance(route, APIRoute) else ())
                if isinstance(one.call, Allowed)
            ]
            if not actions or not isinstance(route, APIRoute):
                continue
            (action,) = actions
            path, roles = route.path_format, action.rule.roles
            if REFERENCES.keys() & {param.name for param in route.dependant.path_params}:
                continue
            confined = any(SCOPES[role, action.rule.kind] is not Scope.STATE for role in roles)
            if action.rule.shows is not None:
                confined |= any(MARKED_SCOPES[role, action.rule.shows] is not Scope.STATE for role in roles)
            if "GET" not in (route.methods or ()):
                assert path in {*WITHOUT_CASE, *CONFINED_SEARCHES} or not confined, path
            elif confined and path != "/api/v1/documents":
                assert path in CONFINED | OWN | SHOWS_NO_CASE, path
