"""The bank gateway: every reply has the wire's own form, and no bank sees another's case."""

import asyncio
from base64 import b64encode
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import httpx
import orjson
import pytest
from pydantic import SecretStr

from activities.banks.directory import load_directory
from activities.secrets import SecretBox
from adapters.banks.envelope import seal
from api.banks import logins
from db.case import cases, requests
from domain.policy.callers import TryName
from schemas.banks.institutions import InstitutionEntry
from schemas.enums import ChannelKind
from tests.api.conftest import BANKS, SECRET, Doors, line, transfer
from tests.each import each

UPDATE = "/banking/FraudReportStatusUpdate"
LOGIN = "/banking/login"
AT_HDFC: dict[str, Any] = {"payee": {"institution": "HDFC", "account": "50100000000055", "ifsc": "HDFC0000001"}}
AT_PYTM: dict[str, Any] = {"payee": {"institution": "PYTM", "wallet": "9876500000"}}


def meta(response: httpx.Response, status: int, code: str) -> str:
    """The message of a reply of the wire, after checking that it is one."""
    reply = response.json()
    assert (response.status_code, reply["meta"]["response_code"]) == (status, code), response.text
    assert response.headers["content-type"] == "application/json"
    assert set(reply) == {"meta", "data"}
    assert response.headers["x-request-id"]
    message: str = reply["meta"]["response_message"]
    assert message
    return message


async def log_in(doors: Doors, email: str, password: str) -> httpx.Response:
    return await doors.client.post(LOGIN, json={"email": email, "password": password})


@pytest.mark.parametrize("email", ["sbin@banks.example", "SBIN@Banks.Example"])
async def test_a_bank_logs_in_and_answers(doors: Doors, email: str) -> None:
    receipt = await doors.complain()
    async with doors.services.ctx.pool.acquire() as connection:
        [request] = (await cases.snapshot(connection, receipt["ack_no"])).requests
        await requests.delivered(connection, UUID(request.request_id), "SBIN", "J0", ChannelKind.I4C, 0)
    response = await log_in(doors, email, "the password of SBIN")
    meta(response, 200, "00")
    data = response.json()["data"]
    assert data["expires_in"] == 3600
    wire = await doors.services.ctx.directory.wire("SBIN")
    assert wire is not None
    body = {"acknowledgement_no": receipt["ack_no"], "job_id": "J1", "transactions": [line("held")]}
    sealed = seal(orjson.dumps(body), wire)
    answer = await doors.client.post(
        UPDATE, content=sealed.body, headers={**sealed.headers, "Authorization": f"Bearer {data['token']}"}
    )
    meta(answer, 200, "00")
    told = answer.json()["data"]
    assert told.pop("contradictions") == 1, "the bank gave it another job id"
    assert told == {"acknowledgement_no": receipt["ack_no"], "job_id": "J1", "accepted": 1, "duplicates": 0}


@each(
    ("email", "password"),
    [("sbin@banks.example", "wrong"), ("nobody@banks.example", "x"), ("sbin@banks.example", "the password of HDFC")],
)
async def test_a_wrong_login_is_the_same_for_everybody(doors: Doors, email: str, password: str) -> None:
    assert meta(await log_in(doors, email, password), 401, "401") == "this e-mail and password are no login"


@each(
    "body",
    [b"", b"[]", b"{", b'{"email": 1, "password": "x"}', b'{"email": "a@b", "password": ""}', b'{"email": "a@b"}'],
)
async def test_a_login_that_is_none_is_told_so(doors: Doors, body: bytes) -> None:
    meta(await doors.client.post(LOGIN, content=body), 422, "422")


async def test_guessing_is_slowed_and_who_is_known_is_not_locked_out(doors: Doors) -> None:
    await log_in(doors, "sbin@banks.example", "the password of SBIN")
    limit = doors.services.ctx.policy.doors.tries[TryName.BANK_LOGINS]
    for _ in range(limit.calls - 1):
        meta(await log_in(doors, "sbin@banks.example", "guess"), 401, "401")
    slowed = await log_in(doors, "sbin@banks.example", "guess")
    meta(slowed, 429, "429")
    assert 1 <= int(slowed.headers["retry-after"]) <= limit.seconds / limit.calls
    meta(await log_in(doors, "sbin@banks.example", "the password of SBIN"), 200, "00")
    meta(await log_in(doors, "hdfc@banks.example", "the password of HDFC"), 200, "00")


async def test_a_storm_of_logins_costs_one_hash(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = []

    def counted(password: SecretStr, password_hash: str) -> bool:
        checks.append(password)
        return True

    monkeypatch.setattr(logins, "password_fits", counted)
    await log_in(doors, "sbin@banks.example", "the password of SBIN")
    await asyncio.gather(*(log_in(doors, "sbin@banks.example", "the password of SBIN") for _ in range(50)))
    assert len(checks) == 1


async def test_a_changed_password_ends_the_old_one_at_once(doors: Doors) -> None:
    old = BANKS[0]["inbound"]["password"]
    await log_in(doors, "sbin@banks.example", old)
    changed = {**BANKS[0], "inbound": {"email": "sbin@banks.example", "password": "a new one"}}
    await load_directory(doors.services.ctx.pool, SecretBox(SECRET), [InstitutionEntry.model_validate(changed)])
    meta(await log_in(doors, "sbin@banks.example", old), 401, "401")
    meta(await log_in(doors, "sbin@banks.example", "a new one"), 200, "00")


async def test_too_many_waiting_logins_are_sent_away(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logins, "CHECKS_WAITING_MAX", 0)
    meta(await log_in(doors, "sbin@banks.example", "guess"), 429, "429")


async def test_every_envelope_is_opened_with_its_banks_keys(doors: Doors) -> None:
    transfers = [transfer(), transfer(rrn="422222222222", **AT_HDFC), transfer(rrn="433333333333", **AT_PYTM)]
    ack_no = (await doors.complain(transfers=transfers))["ack_no"]
    for code, rrn, account in (
        ("SBIN", "412345678901", "30000000001"),
        ("HDFC", "422222222222", "50100000000055"),
        ("PYTM", "433333333333", "9876500000"),
    ):
        meta(await doors.answer(code, ack_no, line("held", rrn, account)), 200, "00")
    case = await doors.read(f"/api/v1/cases/{ack_no}")
    assert case["buckets_paise"]["held"] == case["buckets_paise"]["lost"] == 3 * 5_000_00


async def test_another_banks_case_is_as_unknown_as_none(doors: Doors) -> None:
    ack_no = (await doors.complain())["ack_no"]
    others = await doors.answer("HDFC", ack_no, line("held"))
    nobodys = await doors.answer("HDFC", "39999999999999", line("held"))
    assert meta(others, 404, "01") == f"case {ack_no}"
    assert others.json()["meta"]["response_code"] == nobodys.json()["meta"]["response_code"]
    assert others.text.replace(ack_no, "") == nobodys.text.replace("39999999999999", "")
    case = await doors.read(f"/api/v1/cases/{ack_no}")
    assert (case["counts"]["answers"], case["buckets_paise"]["held"]) == (0, 0)


async def test_a_bank_says_nothing_of_another_banks_hop_in_a_case_they_share(doors: Doors) -> None:
    shared = [transfer(), transfer(rrn="422222222222", **AT_HDFC)]
    ack_no = (await doors.complain(transfers=shared))["ack_no"]
    response = await doors.answer("HDFC", ack_no, line("held"))
    meta(response, 200, "00")
    assert response.json()["data"]["contradictions"] >= 1
    case = await doors.read(f"/api/v1/cases/{ack_no}")
    assert case["buckets_paise"]["held"] == 0
    kinds = {found["kind"] for found in (await doors.read(f"/api/v1/cases/{ack_no}/discrepancies"))["items"]}
    assert "another_banks_hop" in kinds


async def test_the_same_body_again_is_the_same_reply(doors: Doors) -> None:
    transfers = [transfer(rrn="433333333333", **AT_PYTM)]
    ack_no = (await doors.complain(transfers=transfers))["ack_no"]
    said = line("held", "433333333333", "9876500000")
    first = await doors.answer("PYTM", ack_no, said)
    again = await asyncio.gather(*(doors.answer("PYTM", ack_no, said) for _ in range(10)))
    assert {response.text for response in again} == {first.text}
    assert (await doors.read(f"/api/v1/cases/{ack_no}"))["counts"]["answers"] == 1


async def test_the_same_line_in_another_envelope_is_a_duplicate(doors: Doors) -> None:
    ack_no = (await doors.complain())["ack_no"]
    await doors.answer("SBIN", ack_no, line("held"))
    again = await doors.answer("SBIN", ack_no, line("held"))
    assert again.json()["data"]["duplicates"] == 1
    assert (await doors.read(f"/api/v1/cases/{ack_no}"))["buckets_paise"]["held"] == 5_000_00


CLOSED: Final[list[tuple[str, bytes]]] = [
    ("SBIN", b""),
    ("SBIN", b"garbage"),
    ("SBIN", b'{"acknowledgement_no": "1"}'),
    ("SBIN", b64encode(b"0" * 64)),
    ("SBIN", b"\xff" * 100),
    ("PYTM", b"{"),
    ("PYTM", b"[" * 100_000),
    ("HDFC", b64encode(b"0" * 64)),
]


async def test_what_cannot_be_opened_is_told_so_and_no_more(doors: Doors, subtests: pytest.Subtests) -> None:
    for code, body in CLOSED:
        with subtests.test(code, body=body[:20]):
            response = await doors.client.post(UPDATE, content=body, headers=doors.bank(code))
            assert meta(response, 400, "400") == "The envelope cannot be opened"


async def test_a_signature_that_is_missing_or_wrong_is_told_the_same(doors: Doors) -> None:
    wire = await doors.services.ctx.directory.wire("HDFC")
    assert wire is not None
    sealed = seal(b"{}", wire)
    signed = {**sealed.headers, **doors.bank("HDFC")}
    meta(await doors.client.post(UPDATE, content=sealed.body, headers=signed), 422, "422")
    for signature in ({}, {"X-Goldenhour-Signature": "00" * 32}):
        headers = {name: value for name, value in signed.items() if name != "X-Goldenhour-Signature"} | signature
        meta(await doors.client.post(UPDATE, content=sealed.body, headers=headers), 400, "400")


async def test_a_bank_cannot_borrow_another_banks_envelope(doors: Doors) -> None:
    ack_no = (await doors.complain())["ack_no"]
    pytm = await doors.services.ctx.directory.wire("PYTM")
    assert pytm is not None
    body = {"acknowledgement_no": ack_no, "job_id": "J1", "transactions": [line("held")]}
    plain = seal(orjson.dumps(body), replace(pytm, code="SBIN"))
    meta(
        await doors.client.post(UPDATE, content=plain.body, headers={**plain.headers, **doors.bank("SBIN")}), 400, "400"
    )


@each(
    ("body", "field"),
    [
        ({}, "transactions"),
        ({"acknowledgement_no": "1", "transactions": []}, "transactions"),
        ({"acknowledgement_no": "1", "transactions": [line("held")] * 501}, "transactions"),
        ({"transactions": [line("held")]}, "acknowledgement_no"),
    ],
)
async def test_what_has_not_the_shape_is_refused_by_its_name(doors: Doors, body: Any, field: str) -> None:
    wire = await doors.services.ctx.directory.wire("PYTM")
    assert wire is not None
    assert field in meta(await doors.post_update(wire, orjson.dumps(body)), 422, "422")


async def test_a_line_that_cannot_be_read_costs_no_other_and_is_shown(doors: Doors) -> None:
    ack_no = (await doors.complain())["ack_no"]
    odd = line("held", status_code="77", amount="1.00", disputed_amount="1.00")
    response = await doors.answer("SBIN", ack_no, {"txn_type_id": 1, "amount": "a lot"}, odd, line("held"))
    assert response.json()["data"]["accepted"] == 3
    shown = (await doors.read(f"/api/v1/cases/{ack_no}/answers"))["items"]
    assert [answer["kind"] for answer in shown] == ["unreadable", "unknown", "held"]
    assert shown[0]["raw"]["amount"] == "a lot"
    assert (shown[1]["status_code"], shown[1]["disposition"]) == ("77", "review")


async def test_a_large_update_is_read_and_a_larger_one_is_not(doors: Doors) -> None:
    ack_no = (await doors.complain())["ack_no"]
    lines = [line("held", remarks="r" * 400, amount=f"{n}.00", disputed_amount=f"{n}.00") for n in range(1, 400)]
    assert (await doors.answer("SBIN", ack_no, *lines)).json()["data"]["accepted"] == 399
    huge = await doors.client.post(UPDATE, content=b"a" * (1024 * 1024 + 1), headers=doors.bank("SBIN"))
    meta(huge, 413, "413")


@each(("method", "path", "status", "code"), [("GET", UPDATE, 405, "500"), ("GET", "/banking/x", 404, "01")])
async def test_a_bank_gets_the_wires_own_problems_everywhere(
    doors: Doors, method: str, path: str, status: int, code: str
) -> None:
    meta(await doors.client.request(method, path), status, code)


async def test_a_bank_that_left_the_directory_is_logged_out(doors: Doors) -> None:
    meta(await doors.client.post(UPDATE, content=b"x", headers=doors.bank("GONE")), 401, "401")


async def test_an_unknown_e_mail_costs_a_hash_too(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    checks: list[str] = []

    def noted(_: SecretStr, password_hash: str) -> bool:
        checks.append(password_hash)
        return True

    monkeypatch.setattr(logins, "password_fits", noted)
    meta(await log_in(doors, "nobody@banks.example", "x"), 401, "401")
    assert len(checks) == 1
    assert checks[0].startswith("$argon2id$")


async def test_the_login_of_one_bank_is_not_anothers(doors: Doors) -> None:
    token = (await log_in(doors, "hdfc@banks.example", "the password of HDFC")).json()["data"]["token"]
    ack_no = (await doors.complain())["ack_no"]
    wire = await doors.services.ctx.directory.wire("SBIN")
    assert wire is not None
    body = {"acknowledgement_no": ack_no, "job_id": "J1", "transactions": [line("held")]}
    sealed = seal(orjson.dumps(body), wire)
    response = await doors.client.post(
        UPDATE, content=sealed.body, headers={**sealed.headers, "Authorization": f"Bearer {token}"}
    )
    meta(response, 400, "400")
    officer = await doors.client.get("/api/v1/cases", headers={"Authorization": f"Bearer {token}"})
    assert officer.status_code == 401
