"""A marked case has fewer readers: its officers, the superintendent and the supervisor; others give a reason."""

from collections.abc import Collection
from datetime import timedelta
from itertools import product
from typing import Any, Final

import pytest
from fastapi.routing import APIRoute

from activities.gateway.lien_comparison import reconcile
from api.app import ROUTERS
from api.officers.auth import Allowed
from api.officers.reads import REFERENCES
from api.roles import Action
from db.privacy import jurisdiction
from domain.officers.jurisdiction import MARKED_SCOPES, Scope, Shows, lacks, list_keys
from schemas.enums import OFFICER_ROLES, Role
from schemas.gateway.liens import ListedLien
from schemas.privacy.personal_data import CaseStanding, Within
from tests.api.conftest import Doors, transfer
from tests.api.officers.test_jurisdiction import assign, write_message
from tests.api.role_matrix import ENTRIES
from tests.each import each

PROTECTED = "Sextortion"
REASON = {"X-Read-Reason": "the court asks"}
OTHERS = {Action.READ_HOLD, Action.READ_GRIEVANCE, Action.READ_READERS, Action.READ_OUTSIDE_READS}
MONEY = {
    Action.READ_CASE,
    Action.READ_TRAIL,
    Action.READ_BANKS,
    Action.READ_FIGURES,
    Action.READ_TASKS,
    Action.READ_STREAM,
    Action.READ_ORDERS,
}
DISTRICTS: Final = frozenset({Role.DY_SP, Role.SP, Role.DISTRICT_GRO})
EVERYBODY: Final = frozenset(OFFICER_ROLES)
REFUSED: Final[dict[str, dict[Shows, Collection[Role]]]] = {
    "stranger": {
        Shows.MONEY: {Role.IO, Role.ADMIN, Role.AUDITOR, Role.INTAKE, *DISTRICTS},
        Shows.PERSONS: EVERYBODY - {Role.SUPERVISOR},
        Shows.OTHERS: {Role.IO, *DISTRICTS},
    },
    "of the district": {
        Shows.MONEY: {Role.IO, Role.ADMIN, Role.AUDITOR, Role.INTAKE},
        Shows.PERSONS: EVERYBODY - {Role.SUPERVISOR, Role.SP},
        Shows.OTHERS: {Role.IO},
    },
    "of the State": {
        Shows.MONEY: {Role.IO, Role.ADMIN, Role.AUDITOR, Role.INTAKE},
        Shows.PERSONS: EVERYBODY - {Role.SUPERVISOR, Role.SP},
        Shows.OTHERS: {Role.IO},
    },
    "assigned": {shows: set[Role]() for shows in Shows},
    "took it": {
        Shows.MONEY: {Role.IO, Role.ADMIN, Role.AUDITOR, *DISTRICTS},
        Shows.PERSONS: EVERYBODY - {Role.SUPERVISOR},
        Shows.OTHERS: {Role.IO, *DISTRICTS},
    },
}
"""roles that need a reason for a marked case, by how the officer stands to it and by what the read shows"""
STANDINGS: Final = {
    "stranger": CaseStanding(
        case_districts=("LUCKNOW",), is_assigned=False, officer_districts=("Agra",), is_marked=True
    ),
    "of the district": CaseStanding(
        case_districts=("LUCKNOW",), is_assigned=False, officer_districts=("Lucknow",), is_marked=True
    ),
    "of the State": CaseStanding(
        case_districts=("LUCKNOW",), is_assigned=False, officer_districts=("*",), is_marked=True
    ),
    "assigned": CaseStanding(case_districts=("LUCKNOW",), is_assigned=True, officer_districts=(), is_marked=True),
    "took it": CaseStanding(
        case_districts=("LUCKNOW",), is_assigned=False, officer_districts=(), is_marked=True, has_taken=True
    ),
}
ACTIONS: Final = {
    (next(iter(route.methods)), route.path_format): one.call.action
    for _, router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and route.methods
    for one in route.dependant.dependencies
    if isinstance(one.call, Allowed)
}


def test_m11_every_read_names_what_it_shows() -> None:
    assert {action for action in Action if action.rule.shows is Shows.OTHERS} == OTHERS
    assert {action for action in Action if action.rule.shows is Shows.MONEY} == MONEY
    assert MARKED_SCOPES.keys() == {(role, shows) for role in OFFICER_ROLES for shows in Shows}


def test_m11_an_officer_with_both_of_two_roles_reads_what_one_of_them_reads() -> None:
    scopes = {MARKED_SCOPES[role, Shows.PERSONS] for role in (Role.AUDITOR, Role.SUPERVISOR)}
    assert lacks(scopes, STANDINGS["stranger"], marked=True) is None


@each("how", STANDINGS)
async def test_m11_every_route_by_every_role_and_standing(
    doors: Doors, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """The answers of the database are replaced, so that every route has a marked case."""

    async def stand(*_: object) -> CaseStanding:
        return STANDINGS[how]

    monkeypatch.setattr(jurisdiction, "standing", stand)
    tried = set()
    for (method, path), entry in ENTRIES.items():
        named = any(f"{{{name}}}" in path for name in REFERENCES) or path == "/api/v1/documents"
        if method != "GET" or not named or not isinstance(entry.who, frozenset):
            continue
        action = ACTIONS[method, path]
        for role in entry.who:
            response = await doors.client.get(entry.url, params=entry.query, headers=doors.officer(role))
            code = response.json().get("code") if response.status_code == 403 else None
            assert action.rule.shows is not None
            refused = role in REFUSED[how][action.rule.shows]
            assert (code == "read_reason_needed") is refused, (path, role, response.text)
            if refused:
                headers = doors.officer(role) | REASON
                again = await doors.client.get(entry.url, params=entry.query, headers=headers)
                assert again.status_code != 403 or again.json()["code"] != "read_reason_needed", (path, role)
            tried.add(path)
    assert len(tried) > 20


async def complain(doors: Doors, *, reference: str, **changes: Any) -> str:
    return str((await doors.complain(transfers=[transfer(rrn=reference)], **changes))["case_ack_no"])


async def test_m11_a_complaint_that_joins_a_marked_case_leads_no_district_to_it(doors: Doors) -> None:
    case_no = await complain(doors, reference="412345678906", category=PROTECTED)
    stranger = {"name": "Ravi Lal", "mobile": "9876543299", "district": "AGRA"}
    assert await complain(doors, reference="412345678906", category=PROTECTED, victim=stranger) == case_no
    async with doors.services.ctx.pool.acquire() as connection:
        place = (await jurisdiction.places(connection, {case_no}))[case_no]
        agra, lucknow = (Within(officer_id="one", districts=(f"!{name}",)) for name in ("AGRA", "LUCKNOW"))
        listed = [await jurisdiction.those_within(connection, within, (case_no,)) for within in (agra, lucknow)]
        stands = await jurisdiction.standing(connection, ("ack_no", case_no), "one", "one", timedelta(hours=1))
    assert (set(place.districts), place.is_marked) == ({"LUCKNOW"}, True)
    assert listed == [frozenset(), {case_no}]
    assert stands is not None
    assert stands.case_districts == ("LUCKNOW",)


async def two_cases(doors: Doors) -> tuple[str, str]:
    """A marked case and another one, with money at one account."""
    return (
        await complain(doors, reference="412345678901", category=PROTECTED),
        await complain(doors, reference="412345678902"),
    )


async def test_m11_an_auditor_reads_a_marked_case_with_a_reason_which_the_superintendent_sees(doors: Doors) -> None:
    marked, other = await two_cases(doors)
    headers = doors.officer(Role.AUDITOR, "auditor")
    assert (await doors.client.get(f"/api/v1/cases/{other}/trail", headers=headers)).status_code == 200
    refused = await doors.client.get(f"/api/v1/cases/{marked}/trail", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "read_reason_needed")
    assert (await doors.client.get(f"/api/v1/cases/{marked}/trail", headers=headers | REASON)).status_code == 200
    await doors.post_officer("sp.lucknow", "Lucknow")
    listed = await doors.client.get("/api/v1/outside-reads", headers=doors.officer(Role.SP, "sp.lucknow"))
    assert [(one["reader"], one["case_no"]) for one in listed.json()["reads"]] == [("officer:auditor", marked)]


async def test_m11_a_childs_case_is_read_by_its_officers_and_a_unit_of_the_state_is_not_enough(doors: Doors) -> None:
    child = {"name": "Asha", "mobile": "9876543210", "district": "LUCKNOW", "child": True}
    case_no = await complain(doors, reference="412345678903", victim=child)
    headers = doors.officer(Role.IO, "io1")
    path = f"/api/v1/cases/{case_no}/police"
    assert (await doors.client.get(path, headers=headers)).status_code == 403, "though the officer is of the State"
    assert await assign(doors, case_no, "io1") == 201
    assert (await doors.client.get(path, headers=headers)).status_code == 200
    desk = doors.officer(Role.DESK)
    assert (await doors.client.get(path, headers=desk)).status_code == 403
    assert (await doors.client.get(f"/api/v1/cases/{case_no}/trail", headers=desk)).status_code == 200


async def test_m11_what_a_document_would_say_is_a_read_of_persons(doors: Doors) -> None:
    case_no = await complain(doors, reference="412345678905", category=PROTECTED)
    path, asked = f"/api/v1/cases/{case_no}/documents/preview", {"kind": "status_letter", "language": "en"}
    headers = doors.officer(Role.DESK, "preview.desk")
    refused = await doors.client.post(path, json=asked, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "read_reason_needed")
    assert (await doors.client.post(path, json=asked, headers=headers | REASON)).status_code == 200
    seizure = await doors.client.post(path, json=asked | {"kind": "notice_106"}, headers=headers | REASON)
    assert seizure.status_code == 403, "the desk issues no seizure"
    headers = doors.officer(Role.SUPERVISOR)
    listed = (await doors.client.get("/api/v1/outside-reads", headers=headers)).json()["reads"]
    assert ("officer:preview.desk", case_no) in [(one["reader"], one["case_no"]) for one in listed]


async def test_m11_intake_reads_the_marked_case_that_it_took_for_a_day(doors: Doors) -> None:
    case_no = await complain(doors, reference="412345678904", category=PROTECTED)
    path = f"/api/v1/cases/{case_no}"
    taker, another = doors.officer(Role.INTAKE), doors.officer(Role.INTAKE, "intake2")
    assert (await doors.client.get(path, headers=taker)).status_code == 200
    refused = await doors.client.get(path, headers=another)
    assert (refused.status_code, refused.json()["params"]) == (403, {"missing": "taken"})
    await doors.services.ctx.pool.execute("UPDATE complaint SET received_at = received_at - interval '25 hours'")
    assert (await doors.client.get(path, headers=taker)).status_code == 403


async def test_m11_no_list_and_no_search_shows_a_marked_case_to_an_officer_who_does_not_read_it(doors: Doors) -> None:
    marked, other = await two_cases(doors)

    async def listed(role: Role) -> dict[str, set[str]]:
        cases = await doors.read("/api/v1/cases", role)
        opened = await doors.read("/api/v1/cases", role, state="open")
        account = transfer()["payee"]
        found = await doors.post(
            "/api/v1/accounts/search", {"institution": "SBIN", "account": account["account"]}, role
        )
        assert found.status_code == 200, found.text
        return {
            "cases": {one["case_ack_no"] for one in cases["items"]},
            "open cases": {one["case_ack_no"] for one in opened["items"]},
            "account": {one["case_ack_no"] for one in found.json()["items"]},
        }

    assert set(map(frozenset, (await listed(Role.DESK)).values())) == {frozenset({marked, other})}
    for role in (Role.AUDITOR, Role.ADMIN):
        assert set(map(frozenset, (await listed(role)).values())) == {frozenset({other})}, role


async def test_m11_the_search_for_a_victim_shows_a_marked_case_to_its_readers_alone(doors: Doors) -> None:
    marked, other = await two_cases(doors)
    for role, wanted in ((Role.DESK, {other}), (Role.SUPERVISOR, {marked, other})):
        found = await doors.post("/api/v1/victims/search", {"mobile": "9876543210"}, role)
        assert {one["case_ack_no"] for one in found.json()["items"]} == wanted, role


async def test_m11_a_banks_list_of_liens_shows_a_marked_case_to_its_readers_alone(doors: Doors) -> None:
    marked, other = await two_cases(doors)
    unknown = "90000000000000"
    rows = [
        ListedLien(row_no=no, ack_no=ack_no, reference="610212345678", amount_paise=5)
        for no, ack_no in enumerate((marked, other, unknown), start=2)
    ]
    done = await reconcile(doors.services.ctx.pool, "SBIN", rows, bytes(32), taken_by="test")
    for role, wanted in (
        (Role.DESK, {marked, other, unknown}),
        (Role.AUDITOR, {other, unknown}),
        (Role.ADMIN, {other, unknown}),
    ):
        told = await doors.read(f"/api/v1/reconciliations/{done.reconciliation_id}", role)
        assert {one["ack_no"] for one in told["differences"]} == wanted, role
        assert told["rows_differing"] == 3, "the sums count every case"


async def test_m11_the_search_is_confined_before_its_limit(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    other = await complain(doors, reference="412345678902")
    for last in range(3):
        await complain(doors, reference=f"41234567891{last}", category=PROTECTED)
    policy = doors.services.ctx.policy
    rules = policy.personal_data.model_copy(update={"found_max": 2})
    monkeypatch.setitem(policy.__dict__, "personal_data", rules)
    for role, wanted in ((Role.DESK, ({other}, False)), (Role.SUPERVISOR, (2, True))):
        found = (await doors.post("/api/v1/victims/search", {"mobile": "9876543210"}, role)).json()
        cases = {one["case_ack_no"] for one in found["items"]}
        assert (cases if role is Role.DESK else len(cases), found["more"]) == wanted


async def test_m11_the_desk_lists_no_message_of_a_marked_case(doors: Doors) -> None:
    marked, other = await two_cases(doors)
    for case_no in (marked, other):
        await write_message(doors, case_no)
    for role, wanted in ((Role.DESK, {other}), (Role.SUPERVISOR, {marked, other}), (Role.SP, {marked, other})):
        items = (await doors.read("/api/v1/messages", role))["items"]
        assert {one["case_no"] for one in items} == wanted, role


async def test_m11_lists_and_single_reads_go_by_one_rule(doors: Doors) -> None:
    """The SQL of the lists and the rule of the domain say the same of marked and other cases."""
    marked, other = await two_cases(doors)
    await doors.post_officer("one", "Agra")
    for scope, districts in product(Scope, (("Agra",), ("Lucknow",), ("*",), ())):
        keys = [
            *list_keys({scope}, districts, marked=True),
            *list_keys({scope}, districts, marked=False),
        ]
        async with doors.services.ctx.pool.acquire() as connection:
            within = Within(officer_id="one", districts=tuple(keys))
            found = await jurisdiction.those_within(connection, within, (marked, other))
        for case_no, is_marked in ((marked, True), (other, False)):
            standing = CaseStanding(
                case_districts=("LUCKNOW",), is_assigned=False, officer_districts=districts, is_marked=is_marked
            )
            is_listed = lacks({scope}, standing, marked=is_marked) is None
            assert (case_no in found) is is_listed, (scope, districts, is_marked)
