"""A bank's own API: who may, what the feed says, and how much a bank may ask."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from db.banks import bank_keys
from domain.policy.callers import LimitName
from schemas.banks.keys import BankKey
from simulator.wires.letters import signed_headers
from tests.api.conftest import Doors, opened, transfer
from tests.api.feed import AT_HDFC, HELD, HOLDS, POLICIES, Feed, Waits, feed, kind, waiters, waits
from tests.opened_bodies import opened_rows

__all__ = ["feed", "waits"]


# -- who ---------------------------------------------------------------------------------------------------------------


async def test_every_route_by_everybody(feed: Feed) -> None:
    hold_id = await feed.hold()
    one = f"{HOLDS}/{hold_id}"
    routes: list[tuple[str, str, Any, int]] = [
        ("GET", HOLDS, None, 200),
        ("GET", one, None, 200),
        ("POST", f"{one}/acknowledge", {}, 200),
        ("POST", f"{one}/answer", HELD, 200),
        ("POST", f"{one}/release-confirm", {}, 409),
        ("GET", POLICIES, None, 200),
    ]
    for method, path, body, status in routes:
        response = await feed.doors.client.request(method, path, json=body, headers=feed.doors.bank("GONE"))
        assert kind(response, 401) == "not-logged-in", (method, path)
        if path.startswith(one):
            response = await feed.doors.client.request(method, path, json=body, headers=feed.doors.bank("HDFC"))
            unknown = path.replace(str(hold_id), str(uuid4()))
            nothing = await feed.doors.client.request(method, unknown, json=body, headers=feed.doors.bank("HDFC"))
            assert kind(response, 404) == kind(nothing, 404) == "not-found", (method, path)
        response = await feed.doors.client.request(method, path, json=body, headers=feed.doors.bank("SBIN"))
        assert response.status_code == status, (method, path, response.text)
        assert response.headers["x-request-id"]
        assert response.headers["date"]


async def test_no_bank_sees_anothers_holds(feed: Feed) -> None:
    shared = [transfer(), transfer(rrn="422222222222", **AT_HDFC)]
    planned = await feed.ask((await feed.doors.complain(transfers=shared))["ack_no"])
    for bank, hold_id in planned.items():
        (item,) = (await feed.page(bank))["items"]
        assert item["hold_id"] == str(hold_id)
        assert len(item["hops"]) == 1
    assert (await feed.page("PYTM"))["items"] == []


async def test_the_description_shows_every_line_of_an_answer(doors: Doors) -> None:
    described = (await doors.client.get("/api/v1/openapi.json")).json()
    operation = described["paths"][f"{HOLDS}/{{hold_id}}/answer"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert "$ref" not in orjson.dumps(schema).decode()
    kinds = [line["properties"]["kind"]["const"] for line in schema["properties"]["lines"]["items"]["oneOf"]]
    assert kinds == ["held", "moved", "withdrawn", "spent", "refused"]


# -- the feed ----------------------------------------------------------------------------------------------------------


async def test_a_hold_says_what_is_asked(feed: Feed) -> None:
    hold_id = await feed.hold()
    page = await feed.page()
    (item,) = page["items"]
    assert item == (await feed.get(f"{HOLDS}/{hold_id}")).json()
    assert (item["hold_id"], item["status"], item["version"], page["more"]) == (str(hold_id), "open", 1, False)
    (hop,) = item["hops"]
    assert (hop["hop"], hop["reference"], hop["disputed_paise"]) == (1, "412345678901", 5_000_00)
    assert (item["instrument"]["payer_account"], item["instrument"]["payer_mobile"]) == ("50100000000001", "9876543210")
    assert await feed.page() == page, "an unchanged request reads the same"


async def test_the_feed_is_paged_and_goes_on(feed: Feed) -> None:
    holds = [await feed.hold(transfers=[transfer(rrn=f"5{n:011}")]) for n in range(1, 6)]
    found, cursor = [], None
    for more in (True, True, False):
        page = await feed.page(limit=2, **({"cursor": cursor} if cursor else {}))
        found += [item["hold_id"] for item in page["items"]]
        cursor = page["next"]
        assert page["more"] is more
    assert found == [str(hold_id) for hold_id in holds]
    nothing: dict[str, Any] = {"items": [], "next": cursor, "more": False, "list_wanted": None, "orders_waiting": 0}
    assert (await feed.page(cursor=cursor)) == nothing
    await feed.post(holds[2], "answer", HELD)
    page = await feed.page(cursor=cursor)
    assert [(item["hold_id"], item["status"], item["version"]) for item in page["items"]] == [
        (str(holds[2]), "answered", 2)
    ]


async def test_filters(feed: Feed) -> None:
    answered, stays = await feed.hold(), await feed.hold(transfers=[transfer(rrn="422222222222")])
    await feed.post(answered, "answer", HELD)
    assert [item["hold_id"] for item in (await feed.page(status="open"))["items"]] == [str(stays)]
    (item,) = (await feed.page(status="answered"))["items"]
    assert item["hold_id"] == str(answered)
    assert (await feed.page(status="stopped"))["items"] == []
    assert (await feed.page(changed_after=item["changed_at"]))["items"] == []
    before = datetime.fromisoformat(item["changed_at"]) - timedelta(microseconds=1)
    assert [i["hold_id"] for i in (await feed.page(changed_after=before.isoformat()))["items"]] == [str(answered)]


async def test_a_query_that_is_none_is_refused_by_its_name(feed: Feed, subtests: pytest.Subtests) -> None:
    for query, field in (
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "WzEwMDAwMDBd"}, "cursor"),
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"wait_seconds": 31}, "wait_seconds"),
        ({"status": "gone"}, "status"),
        ({"changed_after": "yesterday"}, "changed_after"),
        ({"changed_after": "2026-11-24T10:00:00"}, "changed_after"),
    ):
        with subtests.test(query=query):
            response = await feed.get(**query)
            assert kind(response, 422) == "invalid-request"
            assert [violation["field"] for violation in response.json()["violations"]] == [field]


async def test_a_stopped_hold_is_told_with_all_it_asked(feed: Feed) -> None:
    ack_no = (await feed.doors.complain())["ack_no"]
    hold_id = (await feed.ask(ack_no))["SBIN"]
    before = (await feed.page())["items"][0]
    stopped = await feed.doors.post(f"/api/v1/cases/{ack_no}/requests/{hold_id}/stop", {"reason": "told by phone"})
    assert stopped.status_code == 200
    (after,) = (await feed.page())["items"]
    assert (after["status"], after["version"]) == ("stopped", 2)
    assert after["hops"] == before["hops"]
    assert kind(await feed.post(hold_id, "acknowledge"), 409) == "hold-over"


# -- waiting -----------------------------------------------------------------------------------------------------------


async def test_a_waiting_call_wakes_with_the_change(feed: Feed, waits: Waits) -> None:
    cursor = (await feed.page())["next"]
    waiting = asyncio.create_task(feed.page(cursor=cursor, wait_seconds=30))
    await waits.begun()
    hold_id = await feed.hold(transfers=[transfer(rrn=f"6{uuid4().int % 10**11:011}")])
    assert [item["hold_id"] for item in (await waiting)["items"]] == [str(hold_id)]
    assert waits.ended[-1], "it was woken"


async def test_a_waiting_call_does_not_hear_other_banks(feed: Feed) -> None:
    waiting = asyncio.create_task(feed.page("HDFC", wait_seconds=1))
    await feed.hold()
    assert (await waiting)["items"] == []


async def test_what_is_there_is_not_waited_for(feed: Feed) -> None:
    await feed.hold()
    async with asyncio.timeout(5):
        assert len((await feed.page(wait_seconds=30))["items"]) == 1


async def test_so_many_of_a_bank_may_wait_and_a_stop_ends_them(feed: Feed) -> None:
    most = feed.doors.services.ctx.policy.bank_limits.waiting_at_once
    hub = feed.doors.services.bank_hub
    waiting = [asyncio.create_task(feed.page(wait_seconds=30)) for _ in range(most)]
    await waiters(hub, most)
    assert kind(await feed.get(wait_seconds=30), 429) == "too-many"
    other = asyncio.create_task(feed.page("HDFC", wait_seconds=1))
    assert (await other)["items"] == []
    hub.close()
    async with asyncio.timeout(5):
        assert all(page["items"] == [] for page in await asyncio.gather(*waiting))


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def narrow(doors: Doors) -> AsyncIterator[Feed]:
    """A feed of which a bank may read twice in an hour."""
    ctx = doors.services.ctx
    limits = ctx.policy.bank_limits
    reads = limits.policies[LimitName.FEED_READS].model_copy(update={"calls": 2, "seconds": 3600.0})
    few = limits.model_copy(update={"policies": {**limits.policies, LimitName.FEED_READS: reads}})
    usual = ctx.policy
    object.__setattr__(ctx, "policy", usual.model_copy(update={"bank_limits": few}))
    yield Feed(doors)
    object.__setattr__(ctx, "policy", usual)


async def test_too_many_reads_are_told_when_to_come_back_and_answers_go_on(narrow: Feed) -> None:
    hold_id = await narrow.hold()
    first = await narrow.get()
    assert first.headers["ratelimit-policy"] == '"feed-reads";q=2;w=3600'
    assert first.headers["ratelimit"] == '"feed-reads";r=1;t=1800'
    assert (await narrow.get(f"{HOLDS}/{hold_id}")).headers["ratelimit"].startswith('"feed-reads";r=0;t=')
    refused = await narrow.get()
    assert kind(refused, 429) == "rate-limited"
    assert 1_790 <= int(refused.headers["retry-after"]) <= 1_800
    assert refused.headers["ratelimit"].startswith('"feed-reads";r=0;t=')
    told = {policy["name"]: policy for policy in (await narrow.get(POLICIES)).json()["policies"]}
    assert (told["feed-reads"]["left"], told["feed-reads"]["calls"], told["answers"]["left"]) == (0, 2, 1200)
    answer = await narrow.post(hold_id, "answer", HELD)
    assert answer.status_code == 200
    assert answer.headers["ratelimit-policy"] == '"answers";q=1200;w=60'
    assert (await narrow.get(bank="HDFC")).status_code == 200


# -- signatures --------------------------------------------------------------------------------------------------------

OLD, NEXT = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))


async def register(feed: Feed, key_id: str, key: Ed25519PrivateKey, bank: str = "SBIN", **changes: Any) -> None:
    values: dict[str, Any] = {"not_before": datetime.now(UTC) - timedelta(days=1), **changes}
    async with feed.doors.services.ctx.pool.acquire() as connection:
        registered = BankKey(key_id=key_id, institution=bank, public_key=key.public_key().public_bytes_raw(), **values)
        await bank_keys.add_key(connection, registered, datetime.now(UTC))


async def signed(
    feed: Feed, method: str, path: str, body: Any, key_id: str, key: Ed25519PrivateKey, **more: Any
) -> httpx.Response:
    content = b"" if body is None else orjson.dumps(body)
    headers = signed_headers(method, f"http://test{path}", content, key_id=key_id, private_key=key, **more)
    json = {"Content-Type": "application/json"} if content else {}
    return await feed.doors.client.request(method, path, content=content, headers={**headers, **json})


async def test_a_signature_says_who_and_is_kept(feed: Feed) -> None:
    hold_id = await feed.hold()
    await register(feed, "sbin-1", OLD)
    await register(feed, "hdfc-1", NEXT, "HDFC")
    page = await signed(feed, "GET", f"{HOLDS}?limit=1", None, "sbin-1", OLD)
    assert [item["hold_id"] for item in page.json()["items"]] == [str(hold_id)]
    path = f"{HOLDS}/{hold_id}/answer"
    assert kind(await signed(feed, "POST", path, HELD, "hdfc-1", NEXT), 404) == "not-found"
    assert kind(await signed(feed, "POST", path, HELD, "sbin-1", NEXT), 401) == "signature-wrong"
    assert (await signed(feed, "POST", path, HELD, "sbin-1", OLD)).status_code == 200
    (kept,) = await opened_rows(feed.doors.services.ctx, "bank_evidence", "ORDER BY evidence_id DESC LIMIT 1")
    assert (kept["about"], kept["body"]) == (hold_id, orjson.dumps(HELD))
    assert {"signature", "signature-input", "content-digest"} <= {name for name, _ in kept["headers"]}


async def test_a_signature_is_used_once(feed: Feed) -> None:
    path = f"{HOLDS}/{await feed.hold()}/acknowledge"
    await register(feed, "sbin-1", OLD)
    told = [await signed(feed, "POST", path, {}, "sbin-1", OLD, nonce="nonce-0123456789") for _ in range(2)]
    assert told[0].status_code == 200
    assert kind(told[1], 401) == "signature-replayed"


async def test_keys_change_without_a_gap(feed: Feed) -> None:
    await register(feed, "sbin-1", OLD)
    await register(feed, "sbin-2", NEXT)
    for key_id, key in (("sbin-1", OLD), ("sbin-2", NEXT)):
        assert (await signed(feed, "GET", POLICIES, None, key_id, key)).status_code == 200
    async with feed.doors.services.ctx.pool.acquire() as connection:
        await bank_keys.end_key(connection, "sbin-1", datetime.now(UTC))
    assert kind(await signed(feed, "GET", POLICIES, None, "sbin-1", OLD), 401) == "key-not-valid"
    assert (await signed(feed, "GET", POLICIES, None, "sbin-2", NEXT)).status_code == 200


async def test_where_our_address_is_set_no_header_decides_the_host(feed: Feed) -> None:
    services = replace(feed.doors.services, public_url="https://freeze.example/police")
    async with opened(services) as doors:
        known = Feed(doors)
        await register(known, "sbin-1", OLD)
        for origin, status in (("https://freeze.example", 200), ("http://test", 401)):
            headers = signed_headers("GET", f"{origin}{POLICIES}", b"", key_id="sbin-1", private_key=OLD)
            assert (await doors.client.get(POLICIES, headers=headers)).status_code == status


async def test_a_signature_and_a_token_are_not_mixed(feed: Feed) -> None:
    await register(feed, "sbin-1", OLD)
    headers = signed_headers("GET", f"http://test{POLICIES}", b"", key_id="sbin-1", private_key=OLD)
    response = await feed.doors.client.get(POLICIES, headers={**headers, **feed.doors.bank("HDFC")})
    assert kind(response, 400) == "signature-malformed"


# -- what is kept ------------------------------------------------------------------------------------------------------


async def test_what_a_bank_fetches_is_kept_once_as_it_was_served(feed: Feed) -> None:
    hold_id = await feed.hold()
    page, one = await feed.get(), await feed.get(f"{HOLDS}/{hold_id}")
    await feed.get()
    pool = feed.doors.services.ctx.pool
    (row,) = await opened_rows(feed.doors.services.ctx, "bank_exchange", "WHERE request_id = $1", hold_id)
    assert (row["channel"], row["head"], row["reply"]) == ("pull", f"FEED hold {hold_id}\n", None)
    assert row["body"] == one.content
    assert row["body"] in page.content
    await feed.post(hold_id, "acknowledge")
    data = await pool.fetchval(
        "SELECT e.data FROM case_event e JOIN hold_request r USING (case_no)"
        " WHERE r.request_id = $1 AND e.kind = 'request_acknowledged'",
        hold_id,
    )
    assert data["exchanges"] == [
        {"exchange_id": row["exchange_id"], "sent_sha256": row["digest"].hex(), "reply_sha256": None}
    ]
