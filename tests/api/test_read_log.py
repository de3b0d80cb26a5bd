"""Reads of cases, accounts and documents leave a trace, and one that cannot be written is refused."""

import asyncio
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from fastapi.routing import APIRoute

from activities.officers import script_tokens
from api.app import ROUTERS
from api.officers.auth import Allowed
from api.officers.reads import REFERENCES, SHOWS_NO_CASE
from api.roles import Action
from db.privacy import jurisdiction
from schemas.enums import Role
from schemas.officers.officers import NewScriptToken
from tests.api.conftest import Doors

UNKNOWN = "29999999999999"


async def logged(doors: Doors) -> list[asyncpg.Record]:
    return await doors.services.ctx.pool.fetch("SELECT * FROM read_log ORDER BY read_id")


async def test_h8_a_read_of_a_case_says_who_when_and_from_where(doors: Doors) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    path = f"/api/v1/cases/{case_no}/trail"
    headers = doors.officer(Role.DESK, "curious") | {"X-Read-Reason": "asked%20by%20the%20victim"}
    assert (await doors.client.get(path, headers=headers)).status_code == 200
    (read,) = await logged(doors)
    assert (read["reader"], read["kind"], read["subject"], read["case_no"]) == (
        "officer:curious",
        "case",
        case_no,
        case_no,
    )
    assert read["route"] == "/api/v1/cases/{ack_no}/trail"
    assert (read["address"], read["reason"], read["outside"]) == ("127.0.0.1", "asked by the victim", False)


async def test_h8_an_account_that_an_officer_looks_up_is_in_the_log(doors: Doors) -> None:
    asked = {"institution": "SBIN", "account": "30000000001"}
    await doors.client.post("/api/v1/accounts/search", json=asked, headers=doors.officer(Role.DESK))
    (read,) = await logged(doors)
    assert (read["kind"], read["subject"], read["case_no"]) == ("account", "SBIN/30000000001", None)


async def test_h8_a_script_that_reads_is_in_the_log_with_its_token(doors: Doors) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    new = NewScriptToken(name="exports", roles=(Role.AUDITOR,), days=1)
    token_id, token = await script_tokens.issue(doors.services.ctx.pool, new, "command:root")
    await doors.client.get(f"/api/v1/cases/{case_no}", headers={"Authorization": f"Bearer {token}"})
    (read,) = await logged(doors)
    assert (read["reader"], read["token_id"]) == ("script:exports", token_id)


async def test_h8_a_list_over_cases_and_a_list_of_one_case(doors: Doors) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    await doors.read("/api/v1/cases")
    await doors.read("/api/v1/orders", ack_no=case_no)
    await doors.read("/api/v1/documents", case=case_no)
    assert [(read["kind"], read["case_no"]) for read in await logged(doors)] == [
        ("list", None),
        ("case", case_no),
        ("case", case_no),
    ]


async def test_h8_a_number_that_no_case_has_is_in_the_log_too(doors: Doors) -> None:
    await doors.client.get(f"/api/v1/cases/{UNKNOWN}", headers=doors.officer(Role.DESK))
    (read,) = await logged(doors)
    assert (read["subject"], read["case_no"]) == (UNKNOWN, None)


async def test_what_the_route_refuses_is_no_read(doors: Doors) -> None:
    assert (
        await doors.client.get(f"/api/v1/cases/{UNKNOWN}/trail", headers=doors.officer(Role.DY_SP))
    ).status_code == 403
    headers = doors.officer(Role.DESK) | {"X-Read-Reason": "%00ab"}
    assert (await doors.client.get(f"/api/v1/cases/{UNKNOWN}", headers=headers)).status_code == 422
    assert not await logged(doors)


async def test_a_page_that_reads_again_is_one_read(doors: Doors) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    for _ in range(3):
        await doors.read(f"/api/v1/cases/{case_no}")
    assert len(await logged(doors)) == 1
    await doors.read(f"/api/v1/cases/{case_no}", Role.SUPERVISOR)
    assert len(await logged(doors)) == 2, "another session is another read"
    headers = doors.officer(Role.DESK) | {"X-Read-Reason": "the victim calls"}
    await doors.client.get(f"/api/v1/cases/{case_no}", headers=headers)
    assert len(await logged(doors)) == 3, "so is another reason"


async def test_h8_a_read_that_cannot_be_written_is_refused(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    case_no = (await doors.complain())["case_ack_no"]

    async def fail(*_: Any) -> None:
        raise asyncpg.DiskFullError("no space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(jurisdiction, "write", fail)
        response = await doors.client.get(f"/api/v1/cases/{case_no}", headers=doors.officer(Role.DESK))
    assert response.status_code == 503
    assert case_no not in response.text
    await doors.read(f"/api/v1/cases/{case_no}")
    assert len(await logged(doors)) == 1


async def test_reads_at_once_are_written_together_and_none_is_lost(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    write, sizes = jurisdiction.write, []

    async def count(connection: Any, reads: Any) -> None:
        sizes.append(len(reads))
        # Reads that come meanwhile wait for the next statement.
        await asyncio.sleep(0.2)
        await write(connection, reads)

    monkeypatch.setattr(jurisdiction, "write", count)
    views = ("trail", "ledger", "requests", "answers", "police", "events", "discrepancies", "messages")
    await asyncio.gather(*(doors.read(f"/api/v1/cases/{case_no}/{view}") for view in views))
    assert {read["route"].rpartition("/")[2] for read in await logged(doors)} == set(views)
    assert len(sizes) < len(views)


async def test_h8_who_has_read_this_case(doors: Doors) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    await doors.read(f"/api/v1/cases/{case_no}/trail")
    await doors.read("/api/v1/documents", case=case_no)
    page = await doors.read(f"/api/v1/cases/{case_no}/readers", Role.AUDITOR, limit=2)
    assert [read["route"].rpartition("/")[2] for read in page["reads"]] == ["readers", "documents"]
    page = await doors.read(f"/api/v1/cases/{case_no}/readers", Role.AUDITOR, after=page["next"])
    assert [read["route"].rpartition("/")[2] for read in page["reads"]] == ["trail"]
    response = await doors.client.get(f"/api/v1/cases/{UNKNOWN}/readers", headers=doors.officer(Role.AUDITOR))
    assert response.status_code == 404


@pytest.mark.parametrize(
    "change", ["UPDATE read_log SET reader = 'officer:nobody'", "DELETE FROM read_log", "TRUNCATE read_log"]
)
async def test_the_read_log_is_append_only_for_a_year(doors: Doors, change: str) -> None:
    await doors.read("/api/v1/cases")
    with pytest.raises(asyncpg.RestrictViolationError, match="append-only"):
        await doors.services.ctx.pool.execute(change)


async def test_old_reads_go_by_the_policy(doors: Doors) -> None:
    await doors.services.ctx.pool.execute(
        "INSERT INTO read_log (at, reader, kind, subject, route, address)"
        " SELECT present_moment() - make_interval(days => d), 'officer:x', 'list', '', '/', ''"
        " FROM unnest(ARRAY[1, 364, 1000, 1200]) AS d"
    )
    rules = doors.services.ctx.policy.read_log
    async with doors.services.ctx.pool.acquire() as connection:
        await jurisdiction.forget(connection, timedelta(days=rules.kept_days))
    assert len(await logged(doors)) == 3


def _routes() -> Iterator[tuple[APIRoute, Action]]:
    for _, router in ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute):
                for below in route.dependant.dependencies:
                    if isinstance(below.call, Allowed):
                        yield route, below.call.action


def test_h8_every_route_that_reads_is_logged() -> None:
    reading = [(route, action) for route, action in _routes() if "GET" in (route.methods or ())]
    assert {action for _, action in reading} <= {action for action in Action if action.is_read} | {
        Action.KEEP_DRAFT,
        Action.OWN_TASK,
        Action.READ_SIGN_INS,
        Action.READ_REFUSED_ACTS,
        Action.READ_NOTICE_SETTINGS,
        Action.READ_OFFICERS,
        Action.READ_ADMINISTRATION,
        Action.READ_POLICY,
        Action.READ_DIRECTORY,
        Action.READ_WALL,
        Action.READ_DISPLAYS,
    }
    reading = [(route, action) for route, action in reading if action.is_read]
    posting = {route.path for route, action in _routes() if action.is_read and "GET" not in (route.methods or ())}
    searches = {"/api/v1/accounts/search", "/api/v1/search", "/api/v1/victims/search"}
    # Presence shows nothing: it says what its caller looks at.
    assert posting == searches | {"/api/v1/presence"}, (
        "such a route calls `note_account`, `note_persons` or `note_search`"
    )
    assert {route.path_format for route, _ in reading} >= SHOWS_NO_CASE
    of_no_case = {"reconciliation_id", "draft_id", "shift_id", "officer_id"}
    for route, _ in reading:
        named = {param.name for param in route.dependant.path_params}
        assert not named or named & REFERENCES.keys() or named <= of_no_case, route.path


async def test_a_document_and_a_list_of_work_items_are_reads_of_their_case(doors: Doors) -> None:
    case_no = (await doors.complain())["case_ack_no"]
    officer = {"duty": "io", "subject": "io", "name": "R. Verma", "rank": "Inspector", "phone": "9415000001"}
    station = {"police_station": "Cyber Crime, Lucknow", "district": "Lucknow"}
    assert (await doors.post(f"/api/v1/cases/{case_no}/officer", officer | station, Role.SUPERVISOR)).status_code == 201
    asked = {"kind": "status_letter", "language": "en"}
    told = (await doors.post(f"/api/v1/cases/{case_no}/documents/preview", asked)).json()
    assert (told["can_be_issued"], told["lacking"], told["issued"]) == (True, [], None)
    assert any("5,000" in cell for part in told["parts"] for row in part["rows"] for cell in row)
    issued = await doors.post(f"/api/v1/cases/{case_no}/documents", asked)
    assert issued.status_code == 201, issued.text
    read = await doors.client.get(issued.headers["Location"], headers=doors.officer(Role.DESK))
    assert read.status_code == 200
    await doors.read("/api/v1/desk/tasks", case=case_no)
    repeated = (await doors.post(f"/api/v1/cases/{case_no}/documents/preview", asked)).json()
    assert repeated["issued"]["document_id"] == issued.json()["document_id"]
    kinds = [(one["kind"], one["case_no"]) for one in await logged(doors)]
    assert kinds == [("case", case_no), ("document", case_no), ("case", case_no)]


async def test_the_database_knows_every_reference(doors: Doors) -> None:
    text = await doors.services.ctx.pool.fetchval("SELECT prosrc FROM pg_proc WHERE proname = 'case_of_reference'")
    assert set(re.findall(r"named_by = '(\w+)'", text)) == set(REFERENCES)
