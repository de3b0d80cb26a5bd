"""Refused acts of officers, scripts and banks leave a line, and a stranger leaves none."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from starlette.types import Scope

from activities.banks.loading import register_key
from activities.officers import script_tokens
from api import edge
from api.officers import refusal_log
from api.officers.refusal_log import RefusalLog
from api.officers.refused_acts import note_refusal
from api.officers.sessions import CSRF_HEADER
from api.officers.tokens import BankDoor, Tokens
from api.parts import Part
from api.services import Services
from db.officers import changes, sessions
from schemas.enums import Role
from schemas.officers.officers import NewScriptToken
from schemas.officers.sign_in import NewRefusedAct, SessionEnd
from simulator.wires.letters import signed_headers
from tests.api.conftest import Doors
from tests.api.signed import OLD, STRANGER, bank_key

READERS = "/api/v1/outside-reads"
CLOSE = "/api/v1/release-brake/continue"
LOGIN = "/banking/login"
FEED = "/api/v1/bank/holds"


async def logged(doors: Doors) -> list[asyncpg.Record]:
    """Every line, once all are written."""
    await doors.services.refusal_log.flush()
    return await doors.services.ctx.pool.fetch("SELECT * FROM refused_act ORDER BY act_id")


def told(row: asyncpg.Record) -> tuple[Any, ...]:
    return (row["caller"], row["is_proven"], row["method"], row["route"], row["status"], row["code"], row["times"])


async def script(doors: Doors, name: str = "exports") -> tuple[int, dict[str, str]]:
    new = NewScriptToken(name=name, roles=(Role.AUDITOR,), days=1)
    token_id, token = await script_tokens.issue(doors.services.ctx.pool, new, "command:root")
    return token_id, {"Authorization": f"Bearer {token}"}


async def test_asvs_16_3_2_a_refused_act_says_who_what_when_and_from_where(doors: Doors) -> None:
    assert (await doors.client.get(READERS, headers=doors.officer(Role.DESK, "curious"))).status_code == 403
    (row,) = await logged(doors)
    assert told(row) == ("officer:curious", True, "GET", READERS, 403, "role_not_allowed", 1)
    assert (row["address"], row["token_id"]) == ("127.0.0.1", None)
    session_id = await doors.services.ctx.pool.fetchval("SELECT session_id FROM session")
    assert row["session_id"] == session_id
    assert await doors.services.ctx.pool.fetchval("SELECT abs(extract(epoch FROM now() - at)) < 60 FROM refused_act")


async def test_asvs_16_3_2_a_script_is_named_with_its_token(doors: Doors) -> None:
    token_id, header = await script(doors)
    assert (await doors.client.post(CLOSE, json={"reason": "because"}, headers=header)).status_code == 403
    (row,) = await logged(doors)
    assert told(row)[:4] == ("script:exports", True, "POST", CLOSE)
    assert (row["token_id"], row["session_id"]) == (token_id, None)


async def test_asvs_16_3_3_a_request_of_another_site_is_named_by_its_session(doors: Doors) -> None:
    headers = doors.officer(Role.SUPERVISOR, "ravi") | {CSRF_HEADER: "of another site"}
    assert (await doors.client.post(CLOSE, json={"reason": "because"}, headers=headers)).status_code == 403
    assert [told(row)[0::5] for row in await logged(doors)] == [("officer:ravi", "cross_site_request")]


async def test_asvs_16_3_2_a_session_that_is_over_is_named(doors: Doors) -> None:
    headers = doors.officer(Role.DESK, "ravi")
    await doors.come()
    async with doors.services.ctx.pool.acquire() as connection:
        await sessions.end_all(connection, "ravi", "officer:admin", SessionEnd.ENDED_BY_ADMIN, "lost telephone")
    doors.client.event_hooks["request"].clear()
    assert (await doors.client.get("/api/v1/cases", headers=headers)).status_code == 401
    assert (await doors.client.post(CLOSE, json={"reason": "because"}, headers=headers)).status_code == 401
    assert [told(row) for row in await logged(doors)] == [
        ("officer:ravi", True, "GET", "/api/v1/cases", 401, "not_logged_in", 1),
        ("officer:ravi", True, "POST", CLOSE, 401, "not_logged_in", 1),
    ]


async def test_asvs_16_3_2_a_token_that_was_revoked_is_named(doors: Doors) -> None:
    token_id, header = await script(doors)
    await script_tokens.revoke(doors.services.ctx.pool, token_id, "command:root")
    assert (await doors.client.get("/api/v1/cases", headers=header)).status_code == 401
    assert [told(row)[0::5] for row in await logged(doors)] == [("script:exports", "not_logged_in")]


async def test_asvs_16_3_2_a_bank_with_a_token_of_another_interface_or_an_old_one_is_named(doors: Doors) -> None:
    services = doors.services
    other = Tokens(services.keys).for_bank("SBIN", BankDoor.I4C)
    assert (await doors.client.get(FEED, headers={"Authorization": f"Bearer {other}"})).status_code == 401
    assert [told(row) for row in await logged(doors)] == [("bank:SBIN", True, "GET", FEED, 401, "not_logged_in", 1)]


async def test_asvs_16_3_1_a_refused_login_of_a_bank_is_logged_and_proves_nothing(doors: Doors) -> None:
    for email in ("SBIN@banks.example", "nobody@banks.example"):
        wrong = {"email": email, "password": "a guess"}
        assert (await doors.client.post(LOGIN, json=wrong)).status_code == 401
    assert [told(row) for row in await logged(doors)] == [
        ("bank:SBIN", False, "POST", LOGIN, 401, "not_logged_in", 1),
        (None, False, "POST", LOGIN, 401, "not_logged_in", 1),
    ]


async def test_asvs_16_3_3_a_wrong_signature_names_the_bank_of_its_key_and_proves_nothing(doors: Doors) -> None:
    ctx = doors.services.ctx
    await register_key(ctx.pool, ctx.policy.signatures, bank_key("sbin-1", OLD), datetime.now(UTC))
    url = f"http://test{FEED}"
    for key_id, key, url_signed in (("sbin-1", STRANGER, url), ("sbin-9", OLD, url), ("sbin-1", OLD, f"{url}?limit=2")):
        headers = signed_headers("GET", url_signed, b"", key_id=key_id, private_key=key)
        assert (await doors.client.get(url, headers=headers)).status_code == 401
    rows = await logged(doors)
    assert {told(row)[:6] for row in rows} == {("bank:SBIN", False, "GET", FEED, 401, "signature_wrong")}
    assert sum(row["times"] for row in rows) == 2, "an unknown key names no bank"


async def test_a_body_of_a_bank_that_cannot_be_opened_is_a_refused_act(doors: Doors) -> None:
    sent = await doors.client.post(
        "/banking/FraudReportStatusUpdate", content=b"no envelope at all", headers=doors.bank("SBIN")
    )
    assert sent.status_code == 400
    assert [told(row)[0::5] for row in await logged(doors)] == [("bank:SBIN", "not_deciphered")]


async def test_a_stranger_and_an_honest_caller_leave_no_line(doors: Doors) -> None:
    await doors.read("/api/v1/cases")
    for headers in ({}, {"Cookie": f"__Host-goldenhour={'x' * 43}"}, {"Authorization": "Bearer ghs_nobody"}):
        doors.client.cookies.clear()
        assert (await doors.client.get("/api/v1/cases", headers=headers)).status_code == 401
    unknown = await doors.client.get("/api/v1/cases/29999999999999", headers=doors.officer(Role.DESK))
    assert unknown.status_code == 404
    assert await logged(doors) == []


async def test_the_same_acts_of_a_minute_are_one_line_with_their_number(doors: Doors) -> None:
    log = doors.services.refusal_log
    headers = doors.officer(Role.DESK, "curious")
    await doors.client.get(READERS, headers=headers)
    await log.flush()
    for _ in range(5):
        await doors.client.get(READERS, headers=headers)
    await log._write(whole=False)
    rows = await doors.services.ctx.pool.fetch("SELECT times FROM refused_act ORDER BY act_id")
    assert [row["times"] for row in rows] == [1], "the first at once, the others when the minute is over"
    assert [row["times"] for row in await logged(doors)] == [1, 5]


def act(number: int, caller: str = "officer:curious") -> NewRefusedAct:
    return NewRefusedAct(
        caller=caller,
        is_proven=True,
        session_id=None,
        token_id=None,
        method="GET",
        route=f"/api/v1/things/{number}",
        status=403,
        code="role_not_allowed",
        address="192.0.2.1",
    )


async def test_one_caller_does_not_fill_the_log(doors: Doors) -> None:
    log, most = doors.services.refusal_log, doors.services.ctx.policy.refusal_log.lines_a_minute
    for number in range(most + 500):
        log.note(act(number))
    log.note(act(0, "officer:another"))
    rows = await logged(doors)
    assert len(rows) == most + 2
    assert sum(row["times"] for row in rows) == most + 501
    (several,) = [row for row in rows if row["route"] == "*"]
    assert told(several) == ("officer:curious", True, "ANY", "*", 403, "several", 500)


async def test_who_only_names_a_caller_crowds_nothing_of_that_caller_out(doors: Doors) -> None:
    log, most = doors.services.refusal_log, doors.services.ctx.policy.refusal_log.lines_a_minute
    for number in range(most + 5):
        log.note(act(number, "bank:SBIN").model_copy(update={"is_proven": False}))
    log.note(act(0, "bank:SBIN"))
    (genuine,) = [row for row in await logged(doors) if row["is_proven"]]
    assert told(genuine)[3] == "/api/v1/things/0"


async def test_an_act_that_the_log_cannot_take_keeps_no_other_out(
    doors: Doors, caplog: pytest.LogCaptureFixture
) -> None:
    log = doors.services.refusal_log
    for number, status in ((1, 403), (2, 0), (3, 403)):
        log.note(act(number).model_copy(update={"status": status}))
    assert [row["route"][-1] for row in await logged(doors)] == ["1", "3"]
    assert "refused_act_status_check" in caplog.text
    await log.flush()
    log.note(act(4))
    assert [row["route"][-1] for row in await logged(doors)] == ["1", "3", "4"]


async def test_a_request_that_was_cancelled_before_its_answer_is_no_refused_act(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cancelled(scope: Scope, services: Services, part: Part | None, _status: int) -> None:
        await note_refusal(scope, services, part, 0)

    monkeypatch.setattr(edge, "note_refusal", cancelled)
    await doors.client.get(READERS, headers=doors.officer(Role.DESK, "curious"))
    assert doors.services.refusal_log._acts == {}


async def test_what_the_database_did_not_take_is_written_later(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    log = doors.services.refusal_log

    async def down(*_: object) -> None:
        raise asyncpg.CannotConnectNowError

    with monkeypatch.context() as broken:
        broken.setattr(changes, "write", down)
        assert (await doors.client.get(READERS, headers=doors.officer(Role.DESK))).status_code == 403
        await log.flush()
    assert [row["times"] for row in await logged(doors)] == [1]


async def test_acts_that_are_written_are_not_written_again_when_old_lines_cannot_be_deleted(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def locked(*_: object) -> None:
        raise asyncpg.LockNotAvailableError

    monkeypatch.setattr(refusal_log, "FORGET_EVERY_SECONDS", 0)
    monkeypatch.setattr(changes, "forget", locked)
    await doors.client.get(READERS, headers=doors.officer(Role.DESK))
    assert [row["times"] for row in await logged(doors)] == [1]
    assert [row["times"] for row in await logged(doors)] == [1]


async def test_the_writer_writes_by_itself_and_rests_when_nothing_is_left(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusal_log, "WRITE_EVERY_SECONDS", 0.01)
    monkeypatch.setattr(refusal_log, "LINE_SECONDS", 0.02)
    log = RefusalLog(doors.services.ctx)
    log.note(act(1))
    assert log._writer is not None
    async with asyncio.timeout(30):
        await log._writer
    assert (log._acts, log._lines) == ({}, {})
    assert await doors.services.ctx.pool.fetchval("SELECT sum(times) FROM refused_act") == 1
    await log.close()


async def test_supervisors_and_auditors_read_the_log_page_by_page(doors: Doors) -> None:
    for number in range(3):
        doors.services.refusal_log.note(act(number))
    doors.services.refusal_log.note(act(0, "bank:SBIN"))
    await doors.services.refusal_log.flush()
    path = "/api/v1/refused-acts"
    first = await doors.read(path, Role.AUDITOR, caller="officer:curious", limit=2)
    assert [one["route"][-1] for one in first["items"]] == ["2", "1"]
    rest = await doors.read(path, Role.SUPERVISOR, caller="officer:curious", limit=2, after=first["next"])
    assert ([one["route"][-1] for one in rest["items"]], rest["next"]) == (["0"], None)
    assert len((await doors.read(path, Role.ADMIN))["items"]) == 4
    assert (await doors.client.get(path, headers=doors.officer(Role.DESK))).status_code == 403


async def test_the_log_is_never_changed_and_old_lines_go(doors: Doors) -> None:
    pool = doors.services.ctx.pool
    doors.services.refusal_log.note(act(1))
    await doors.services.refusal_log.flush()
    for change in ("UPDATE refused_act SET times = 2", "DELETE FROM refused_act", "TRUNCATE refused_act"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await pool.execute(change)
    assert await pool.fetchval("SELECT count(*) FROM refused_act") == 1
