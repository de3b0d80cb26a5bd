"""A bank sends its list of liens through the gateway: signed or logged in, page by page, bounded."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from activities.gateway.lien_rounds import ask_now
from api.gateway.liens import LIENS_PATH, PAGE_MAX_BYTES
from db.banks import bank_keys
from domain.policy.callers import LimitName
from schemas.banks.keys import BankKey
from schemas.gateway.liens import LIENS_MAX, PAGES_MAX
from simulator.wires.letters import signed_headers
from tests.api.conftest import Doors, line
from tests.opened_bodies import opened_rows

URL = f"http://test{LIENS_PATH}"


def page(liens: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    as_of = datetime.now(UTC).isoformat()
    return {"list_id": "SBIN-7", "as_of": as_of, "page": 1, "pages": 1, "liens": liens or []} | changes


def lien(ack_no: str, paise: int = 5_000_00) -> dict[str, Any]:
    return {"ack_no": ack_no, "reference": "412345678901", "amount_paise": paise}


async def hand_in(doors: Doors, body: dict[str, Any], bank: str = "SBIN") -> httpx.Response:
    return await doors.client.post(LIENS_PATH, json=body, headers=doors.bank(bank))


async def wanted(doors: Doors, bank: str = "SBIN") -> Any:
    response = await doors.client.get(f"{LIENS_PATH}/wanted", headers=doors.bank(bank))
    assert response.status_code == 200, response.text
    return response.json()["wanted"]


def problem(response: httpx.Response) -> tuple[int, str]:
    name: str = response.json()["type"]
    return response.status_code, name.removeprefix("urn:goldenhour:problem:")


async def held(doors: Doors) -> str:
    """₹5,000 on hold at SBIN; the case."""
    ack_no: str = (await doors.complain())["ack_no"]
    assert (await doors.answer("SBIN", ack_no, line("held"))).status_code == 200
    return ack_no


async def test_a_question_stands_in_the_feed_until_the_list_is_here(doors: Doors) -> None:
    ack_no = await held(doors)
    assert await wanted(doors) is None
    asked = await ask_now(
        doors.services.ctx.pool, doors.services.ctx.policy.reconciliation.channel, "SBIN", "officer:x"
    )
    told = await wanted(doors)
    assert told["inquiry_id"] == str(asked.inquiry_id)
    feed = (await doors.client.get("/api/v1/bank/holds", headers=doors.bank("SBIN"))).json()
    assert feed["list_wanted"] == told
    assert await wanted(doors, "HDFC") is None
    body = page([lien(ack_no)], inquiry_id=told["inquiry_id"])
    response = await hand_in(doors, body)
    assert response.status_code == 200, response.text
    taken = response.json()
    assert (taken["pages_missing"], taken["compared"]["rows_matched"], taken["compared"]["missing"]) == ([], 1, 0)
    assert await wanted(doors) is None
    again = await hand_in(doors, body)
    assert (again.status_code, again.json()) == (200, taken)
    feed = (await doors.client.get("/api/v1/bank/holds", headers=doors.bank("SBIN"))).json()
    assert feed["list_wanted"] is None


async def test_a_signed_list_is_taken_and_kept_as_it_came(doors: Doors) -> None:
    key = Ed25519PrivateKey.generate()
    pool = doors.services.ctx.pool
    async with pool.acquire() as connection:
        await bank_keys.add_key(
            connection,
            BankKey(
                key_id="sbin-1",
                institution="SBIN",
                public_key=key.public_key().public_bytes_raw(),
                not_before=datetime.now(UTC) - timedelta(days=1),
                not_after=None,
            ),
            datetime.now(UTC),
        )
    body = orjson.dumps(page([lien(await held(doors), 4_999_00)]))
    for sent, status in ((body, 200), (body.replace(b"4", b"5"), 401)):
        headers = signed_headers("POST", URL, body, key_id="sbin-1", private_key=key)
        headers["Content-Type"] = "application/json"
        response = await doors.client.post(LIENS_PATH, content=sent, headers=headers)
        assert response.status_code == status, response.text
    (kept,) = await opened_rows(doors.services.ctx, "bank_evidence", "WHERE t.institution = 'SBIN'")
    assert kept["body"] == body
    assert await pool.fetchval("SELECT rows_differing FROM reconciliation") == 1


async def test_what_is_no_page_is_refused_by_the_name_of_its_field(doors: Doors, subtests: pytest.Subtests) -> None:
    for changes, field in (
        ({"page": 2}, "page"),
        ({"page": 0}, "page"),
        ({"pages": PAGES_MAX + 1}, "pages"),
        ({"list_id": ""}, "list_id"),
        ({"list_id": "with space"}, "list_id"),
        ({"as_of": "2026-11-24T10:00:00"}, "as_of"),
        ({"as_of": 1_795_000_000}, "as_of"),
        ({"as_of": "2126-11-24T10:00:00Z"}, "as_of"),
        ({"liens": [lien("1", 0)]}, "liens[0].amount_paise"),
        ({"liens": [lien("1\0")]}, "liens[0].ack_no"),
        ({"liens": [lien("1") | {"acount": "9"}]}, "liens[0].acount"),
        ({"liens": [lien("1")] * (LIENS_MAX + 1)}, "liens"),
    ):
        with subtests.test(changes=changes):
            response = await hand_in(doors, page(**changes))
            assert problem(response) == (422, "invalid-request"), response.text
            named = {one["field"] for one in response.json()["violations"]}
            assert field in named or named == {"body"}, named
            assert await doors.services.ctx.pool.fetchval("SELECT count(*) FROM lien_list") == 0


async def test_the_largest_page_is_taken_and_a_larger_body_is_not(doors: Doors) -> None:
    full = [{"ack_no": f"{no:014}", "reference": "4" * 22, "amount_paise": 10**13} for no in range(LIENS_MAX)]
    body = orjson.dumps(page(full))
    assert len(body) < PAGE_MAX_BYTES
    assert (await hand_in(doors, page(full))).status_code == 200
    headers = {**doors.bank("SBIN"), "Content-Type": "application/json"}
    response = await doors.client.post(LIENS_PATH, content=body + b" " * PAGE_MAX_BYTES, headers=headers)
    assert problem(response) == (413, "too-large")


async def test_an_id_used_again_for_another_list_and_a_question_to_another_bank(doors: Doors) -> None:
    assert (await hand_in(doors, page())).status_code == 200
    assert problem(await hand_in(doors, page([lien("1")]))) == (422, "idempotency-key-reused")
    asked = await ask_now(
        doors.services.ctx.pool, doors.services.ctx.policy.reconciliation.channel, "HDFC", "officer:x"
    )
    for inquiry_id in (asked.inquiry_id, uuid4()):
        assert problem(await hand_in(doors, page(list_id="other", inquiry_id=str(inquiry_id)))) == (404, "not-found")


async def test_lists_have_a_bucket_of_their_own(doors: Doors) -> None:
    response = await hand_in(doors, page())
    assert response.headers["ratelimit-policy"].startswith(f'"{LimitName.LIEN_LISTS.value}";')
    told = (await doors.client.get("/api/v1/bank/policies", headers=doors.bank("SBIN"))).json()
    left = {policy["name"]: policy["calls"] - policy["left"] for policy in told["policies"]}
    assert (left["lien-lists"], left["answers"]) == (1, 0)
