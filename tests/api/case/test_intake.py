"""The door for complaints: the receipt, the key, what is refused and what is only flagged."""

import asyncio
import json
from copy import deepcopy
from typing import Any, Final

import httpx
import orjson
import pytest

from schemas.enums import Role
from tests.api.conftest import Doors, complaint, transfer
from tests.each import each


async def send(doors: Doors, body: Any, key: str, name: str = "intake1") -> httpx.Response:
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    return await doors.client.post(
        "/api/v1/complaints", content=json.dumps(body), headers={**doors.officer(Role.INTAKE, name), **headers}
    )


async def rows(doors: Doors) -> int:
    count: int = await doors.services.ctx.pool.fetchval("SELECT count(*) FROM complaint")
    return count


async def test_a_complaint_gets_its_number_and_its_case_is_told_once(doors: Doors) -> None:
    response = await send(doors, complaint(), "k1")
    receipt = response.json()
    assert response.status_code == 201
    assert response.headers["location"] == f"/api/v1/cases/{receipt['case_ack_no']}"
    assert receipt["ack_no"] == receipt["case_ack_no"]
    assert receipt["ack_no"].startswith("3")
    assert len(receipt["ack_no"]) == 14
    assert receipt["joined"] is False
    assert receipt["flags"] == []
    assert [told.case_no for told in doors.notifier.told] == [receipt["ack_no"]]


async def test_the_same_key_and_body_is_the_same_answer(doors: Doors) -> None:
    first, second = await send(doors, complaint(), "k1"), await send(doors, complaint(), "k1")
    assert (second.status_code, second.json()) == (201, first.json())
    assert await rows(doors) == 1


async def test_the_same_key_with_another_body_is_a_named_problem(doors: Doors) -> None:
    await send(doors, complaint(), "k1")
    response = await send(doors, complaint(category="job_fraud"), "k1")
    assert response.status_code == 422
    assert response.json()["type"] == "urn:goldenhour:problem:idempotency-key-reused"
    assert await rows(doors) == 1


async def test_one_callers_key_belongs_to_no_other_caller(doors: Doors) -> None:
    first = await send(doors, complaint(), "k1", "intake1")
    second = await send(doors, complaint(transfers=[transfer(rrn="499999999999")]), "k1", "intake2")
    assert (first.status_code, second.status_code) == (201, 201)


async def test_twenty_at_once_with_one_key_are_one_complaint(doors: Doors) -> None:
    responses = await asyncio.gather(*(send(doors, complaint(), "k1") for _ in range(20)))
    assert {response.status_code for response in responses} == {201}
    assert len({response.json()["ack_no"] for response in responses}) == 1
    assert await rows(doors) == 1


async def test_twenty_at_once_about_one_transfer_are_one_case(doors: Doors) -> None:
    responses = await asyncio.gather(*(send(doors, complaint(), f"k{n}") for n in range(20)))
    receipts = [response.json() for response in responses]
    assert len({receipt["ack_no"] for receipt in receipts}) == 20
    assert len({receipt["case_ack_no"] for receipt in receipts}) == 1
    assert sum(not receipt["joined"] for receipt in receipts) == 1
    cases = [await doors.read(f"/api/v1/cases/{receipt['ack_no']}", Role.INTAKE) for receipt in receipts]
    assert all(case == cases[0] for case in cases)
    assert cases[0]["buckets_paise"]["lost"] == 5_000_00
    assert sorted(cases[0]["ack_nos"]) == sorted(receipt["ack_no"] for receipt in receipts)


async def test_a_number_that_has_another_complaint_is_a_named_problem(doors: Doors) -> None:
    await send(doors, complaint(ack_no="22411260000077"), "k1")
    response = await send(doors, complaint(ack_no="22411260000077", category="job_fraud"), "k2")
    assert response.status_code == 409
    assert response.json()["type"] == "urn:goldenhour:problem:ack-no-taken"


async def test_what_is_odd_is_taken_and_flagged(doors: Doors) -> None:
    odd = transfer(rrn="12", payee={"institution": "Bank of Nowhere", "account": "12ab", "ifsc": "ZZZZ0000001"})
    response = await send(doors, complaint(ack_no="92411260000077", transfers=[odd]), "k1")
    assert response.status_code == 201
    flags = {(flag["field"], flag["code"]) for flag in response.json()["flags"]}
    assert {
        ("ack_no", "odd_first_digit"),
        ("transfers[0].rrn", "odd_rrn"),
        ("transfers[0].payee.account", "odd_account"),
        ("transfers[0].payee.ifsc", "unknown_ifsc"),
        ("transfers[0].payee.institution", "unknown_institution"),
    } <= flags
    assert all(flag["message"] for flag in response.json()["flags"])


def changed(path: str, value: Any) -> dict[str, Any]:
    """A complaint with one field set to `value`, or taken out when it is Ellipsis."""
    body: Any = deepcopy(complaint())
    *way, last = [int(part) if part.isdecimal() else part for part in path.split(".")]
    inner = body
    for part in way:
        inner = inner[part]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    whole: dict[str, Any] = body
    return whole


WRONG: Final[list[tuple[str, Any, str]]] = [
    ("channel", "pigeon", "channel"),
    ("channel", ..., "channel"),
    ("category", "", "category"),
    ("category", "x" * 101, "category"),
    ("ack_no", "123", "ack_no"),
    ("victim.name", ..., "victim.name"),
    ("victim.woman", "perhaps", "victim.woman"),
    ("victim.caste", "any", "victim.caste"),
    ("transfers", [], "transfers"),
    ("transfers", [transfer()] * 101, "transfers"),
    ("transfers.0.amount_paise", 0, "transfers[0].amount_paise"),
    ("transfers.0.amount_paise", -1, "transfers[0].amount_paise"),
    ("transfers.0.amount_paise", 1.5, "transfers[0].amount_paise"),
    ("transfers.0.amount_paise", "500", "transfers[0].amount_paise"),
    ("transfers.0.amount_paise", 10**14, "transfers[0].amount_paise"),
    ("transfers.0.amount_paise", True, "transfers[0].amount_paise"),
    ("transfers.0.mode", "pigeon", "transfers[0].mode"),
    ("transfers.0.transferred_at", "yesterday", "transfers[0].transferred_at"),
    ("transfers.0.transferred_at", 1764000000, "transfers[0].transferred_at"),
    ("transfers.0.transferred_at", 1764000000.5, "transfers[0].transferred_at"),
    ("transfers.0.rrn", ..., "transfers[0]"),
    ("transfers.0.payee.account", ..., "transfers[0].payee"),
    ("transfers.0.payee.institution", "", "transfers[0].payee.institution"),
    ("victim.name", "A\x00B", "victim.name"),
    ("transfers.0.payee.account", "1\x002345678901", "transfers[0].payee.account"),
    ("victim.name", "\ud800", "victim.name"),
]


async def test_what_cannot_be_is_refused_by_its_name(doors: Doors, subtests: pytest.Subtests) -> None:
    for path, value, field in WRONG:
        with subtests.test(path, value=value):
            response = await send(doors, changed(path, value), "k1")
            problem = response.json()
            assert response.status_code == 422, response.text
            assert response.headers["content-type"] == "application/problem+json"
            assert problem["type"] == "urn:goldenhour:problem:invalid-request"
            assert [violation["field"] for violation in problem["violations"]] == [field]
            assert all(violation["message"] for violation in problem["violations"])
    assert await rows(doors) == 0


async def test_every_violation_is_named_at_once(doors: Doors) -> None:
    body = complaint(channel="pigeon", transfers=[transfer(amount_paise=0), transfer(mode="pigeon")])
    fields = {violation["field"] for violation in (await send(doors, body, "k1")).json()["violations"]}
    assert fields == {"channel", "transfers[0].amount_paise", "transfers[1].mode"}


async def test_a_nul_is_one_violation_among_the_others(doors: Doors) -> None:
    body = complaint(category="up\x00i", transfers=[transfer(mode="pigeon"), transfer(rrn="4\x002", amount_paise=0)])
    body["victim"] |= {"name": "A\x00B", "caste": "any"}
    violations = (await send(doors, body, "k1")).json()["violations"]
    assert {violation["field"] for violation in violations} == {
        "category", "victim.name", "victim.caste", "transfers[0].mode", "transfers[1].rrn", "transfers[1].amount_paise",
    }  # fmt: skip
    assert [found["message"] for found in violations].count("holds a NUL character") == 3


async def test_a_date_alone_is_taken_and_flagged(doors: Doors) -> None:
    response = await send(doors, complaint(transfers=[transfer(transferred_at="2026-11-23")]), "k1")
    assert response.status_code == 201
    assert [(flag["field"], flag["code"]) for flag in response.json()["flags"]] == [
        ("transfers[0].transferred_at", "time_missing")
    ]


async def test_b8_a_key_that_stands_twice_is_named(doors: Doors) -> None:
    twice = orjson.dumps(complaint()).replace(b'"transfers"', b'"transfers":[],"transfers"')
    headers = {**doors.officer(Role.INTAKE), "Idempotency-Key": "k1", "Content-Type": "application/json"}
    response = await doors.client.post("/api/v1/complaints", content=twice, headers=headers)
    assert response.status_code == 422
    assert [(told["field"], told["code"]) for told in response.json()["violations"]] == [("transfers", "repeated_key")]


@each("key", [None, "", "x" * 201, "with a space"])
async def test_the_key_is_needed_and_plain(doors: Doors, key: str | None) -> None:
    headers = doors.officer(Role.INTAKE) | ({} if key is None else {"Idempotency-Key": key})
    response = await doors.client.post("/api/v1/complaints", json=complaint(), headers=headers)
    assert response.status_code == 422
    assert [violation["field"] for violation in response.json()["violations"]] == ["Idempotency-Key"]


WRITTEN_SHORT: Final[list[tuple[dict[str, Any], str, str]]] = [
    ({"transfers": [transfer(rrn="41234567890")]}, "transfers[0].rrn", "odd_rrn"),
    (
        {"transfers": [transfer() | {"rrn": None, "utr": "SBIN42601234567", "mode": "neft"}]},
        "transfers[0].utr",
        "odd_utr",
    ),
    (
        {"transfers": [transfer(payee={"institution": "SBIN", "account": "30000000001", "ifsc": "SBIN123456"})]},
        "transfers[0].payee.ifsc",
        "odd_ifsc",
    ),
    (
        {"transfers": [transfer(payer={"institution": "HDFC", "account": "50100000000001", "ifsc": "HDFC123456"})]},
        "transfers[0].payer.ifsc",
        "odd_ifsc",
    ),
    (
        {"victim": {"name": "Asha Devi", "mobile": "987654321", "district": "LUCKNOW"}},
        "victim.mobile",
        "odd_mobile",
    ),
]


@pytest.mark.parametrize(("changes", "field", "code"), WRITTEN_SHORT, ids=[field for _, field, _ in WRITTEN_SHORT])
async def test_a_label_of_a_wrong_length_is_taken_and_the_taker_sees_it(
    doors: Doors, changes: dict[str, Any], field: str, code: str
) -> None:
    response = await send(doors, complaint(**changes), "k1")
    assert response.status_code == 201, response.text
    assert [(flag["field"], flag["code"], bool(flag["message"])) for flag in response.json()["flags"]] == [
        (field, code, True)
    ]
