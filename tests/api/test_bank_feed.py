"""A bank's own API: who may, what the feed says, and what a bank says back."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api import bank_feed
from api.streams import EventHub
from db import bank_keys, cases, requests
from domain.policy import LimitName
from schemas.bank_keys import BankKey
from schemas.enums import Role
from schemas.work import HopRef
from simulator.signing import signed_headers
from tests.api.conftest import Doors, opened, transfer

HOLDS = "/api/v1/bank/holds"
POLICIES = "/api/v1/bank/policies"
HELD = {"lines": [{"kind": "held", "hop": 1, "amount_paise": 5_000_00}]}
AT_HDFC: dict[str, Any] = {"payee": {"institution": "HDFC", "account": "50100000000055", "ifsc": "HDFC0000001"}}


@dataclass
class Feed:
    """The doors as a bank uses them."""

    doors: Doors

    async def ask(self, ack_no: str) -> dict[str, UUID]:
        """Plan a request to every bank with an open hop, as the engine does; by bank."""
        planned: dict[str, UUID] = {}
        async with self.doors.parts.hands.pool.acquire() as connection:
            start = await cases.snapshot(connection, ack_no)
            for bank in sorted({hop.institution for hop in start.open_hops}):
                refs = [HopRef(hop_no=h.hop_no, revision=0) for h in start.open_hops if h.institution == bank]
                planned[bank] = uuid4()
                wave_no = start.last_wave_no + 1
                await requests.plan(connection, planned[bank], ack_no, wave_no, bank, refs, datetime.now(UTC))
        return planned

    async def hold(self, **changes: Any) -> UUID:
        """A hold at SBIN that waits for its answer."""
        return (await self.ask((await self.doors.complain(**changes))["ack_no"]))["SBIN"]

    async def get(self, path: str = HOLDS, bank: str = "SBIN", **query: Any) -> httpx.Response:
        return await self.doors.client.get(path, params=query, headers=self.doors.bank(bank))

    async def page(self, bank: str = "SBIN", **query: Any) -> Any:
        response = await self.get(bank=bank, **query)
        assert response.status_code == 200, response.text
        return response.json()

    async def post(
        self, hold_id: UUID, verb: str, body: Any = None, bank: str = "SBIN", **headers: str
    ) -> httpx.Response:
        return await self.doors.client.post(
            f"{HOLDS}/{hold_id}/{verb}",
            json={} if body is None else body,
            headers={**self.doors.bank(bank), **{name.replace("_", "-"): value for name, value in headers.items()}},
        )

    async def events(self, ack_no: str) -> list[str]:
        return [event["kind"] for event in (await self.doors.read(f"/api/v1/cases/{ack_no}/events"))["items"]]


@pytest.fixture
def feed(doors: Doors) -> Feed:
    return Feed(doors)


def kind(response: httpx.Response, status: int) -> str:
    problem = response.json()
    assert (response.status_code, problem["status"]) == (status, status), response.text
    name: str = problem["type"]
    return name.removeprefix("urn:goldenhour:problem:")


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
        for headers in ({}, feed.doors.officer(Role.ADMIN), {"Authorization": "Bearer x.y.z"}, feed.doors.bank("GONE")):
            response = await feed.doors.client.request(method, path, json=body, headers=headers)
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
    assert await feed.page() == page, "what nobody changes reads the same"


async def test_the_feed_is_paged_and_goes_on(feed: Feed) -> None:
    holds = [await feed.hold(transfers=[transfer(rrn=f"5{n:011}")]) for n in range(1, 6)]
    found, cursor = [], None
    for more in (True, True, False):
        page = await feed.page(limit=2, **({"cursor": cursor} if cursor else {}))
        found += [item["hold_id"] for item in page["items"]]
        cursor = page["next"]
        assert page["more"] is more
    assert found == [str(hold_id) for hold_id in holds]
    assert (await feed.page(cursor=cursor)) == {"items": [], "next": cursor, "more": False}
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


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "WzEwMDAwMDBd"}, "cursor"),
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"wait_seconds": 31}, "wait_seconds"),
        ({"status": "gone"}, "status"),
        ({"changed_after": "yesterday"}, "changed_after"),
        ({"changed_after": "2026-11-24T10:00:00"}, "changed_after"),
    ],
)
async def test_a_query_that_is_none_is_refused_by_its_name(feed: Feed, query: dict[str, Any], field: str) -> None:
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


async def waiters(hub: EventHub, count: int) -> None:
    """Come back when so many calls wait."""
    while len(hub._ears) < count:  # noqa: ASYNC110 - what starts to wait sets no event
        await asyncio.sleep(0.005)


# -- waiting -----------------------------------------------------------------------------------------------------------


async def test_a_waiting_call_wakes_with_the_change(feed: Feed) -> None:
    ack_no = (await feed.doors.complain())["ack_no"]
    hub = feed.doors.app.state.bank_hub
    delays = []
    for _ in range(3):
        cursor = (await feed.page())["next"]
        waiting = asyncio.create_task(feed.page(cursor=cursor, wait_seconds=30))
        await waiters(hub, 1)
        await asyncio.sleep(0.02)  # its first look finds nothing
        assert not waiting.done()
        planned = await feed.ask(ack_no)
        began = time.perf_counter()
        page = await waiting
        delays.append(time.perf_counter() - began)
        assert [item["hold_id"] for item in page["items"]] == [str(planned["SBIN"])]
        ack_no = (await feed.doors.complain(transfers=[transfer(rrn=f"6{uuid4().int % 10**11:011}")]))["ack_no"]
    assert min(delays) < 0.1


async def test_a_waiting_call_does_not_hear_other_banks(feed: Feed) -> None:
    waiting = asyncio.create_task(feed.page("HDFC", wait_seconds=1))
    await feed.hold()
    assert (await waiting)["items"] == []


async def test_what_is_there_is_not_waited_for(feed: Feed) -> None:
    await feed.hold()
    async with asyncio.timeout(5):
        assert len((await feed.page(wait_seconds=30))["items"]) == 1


async def test_so_many_of_a_bank_may_wait_and_a_stop_ends_them(feed: Feed) -> None:
    most = feed.doors.parts.hands.policy.bank_limits.waiting_at_once
    hub = feed.doors.app.state.bank_hub
    waiting = [asyncio.create_task(feed.page(wait_seconds=30)) for _ in range(most)]
    await waiters(hub, most)
    assert kind(await feed.get(wait_seconds=30), 429) == "too-many"
    other = asyncio.create_task(feed.page("HDFC", wait_seconds=1))
    assert (await other)["items"] == []
    await hub.close()
    async with asyncio.timeout(5):
        assert all(page["items"] == [] for page in await asyncio.gather(*waiting))


# -- acknowledging -----------------------------------------------------------------------------------------------------


async def test_a_receipt_is_given_once(feed: Feed) -> None:
    ack_no = (await feed.doors.complain())["ack_no"]
    hold_id = (await feed.ask(ack_no))["SBIN"]
    before = await feed.page()
    first = await feed.post(hold_id, "acknowledge")
    assert first.status_code == 200
    again = await asyncio.gather(*(feed.post(hold_id, "acknowledge") for _ in range(5)))
    assert {response.text for response in again} == {first.text}
    kinds = await feed.events(ack_no)
    assert (kinds.count("request_acknowledged"), kinds.count("request_delivered")) == (1, 1)
    (request,) = (await feed.doors.read(f"/api/v1/cases/{ack_no}/requests"))["items"]
    assert (request["state"], request["job_ids"]) == ("delivered", [str(hold_id)])
    assert await feed.page() == before, "the bank knows of its own receipt"


async def test_of_two_receipts_at_once_one_is_written(feed: Feed) -> None:
    ack_no = (await feed.doors.complain())["ack_no"]
    hold_id = (await feed.ask(ack_no))["SBIN"]
    told = await asyncio.gather(*(feed.post(hold_id, "acknowledge") for _ in range(10)))
    assert len({response.text for response in told}) == 1
    assert (await feed.events(ack_no)).count("request_acknowledged") == 1


# -- answering ---------------------------------------------------------------------------------------------------------


async def test_an_answer_of_every_kind_is_taken(feed: Feed) -> None:
    transfers = [
        transfer(rrn=f"7{n:011}", payee={"institution": "SBIN", "account": f"3000000{n:04}"}) for n in range(6)
    ]
    ack_no = (await feed.doors.complain(transfers=transfers))["ack_no"]
    hold_id = (await feed.ask(ack_no))["SBIN"]
    at = "2026-11-24T10:05:00+05:30"
    payee = {"institution": "HDFC", "account": "50100000000099", "ifsc": "HDFC0000002"}
    lines = [
        {"kind": "held", "hop": 1, "amount_paise": 4_000_00, "balance_paise": 4_500_00, "at": at},
        {"kind": "withdrawn", "hop": 1, "amount_paise": 1_000_00, "by": "atm", "reference": "612345678901"},
        {"kind": "moved", "hop": 2, "amount_paise": 5_000_00, "reference": "512345678901", "payee": payee, "at": at},
        {"kind": "withdrawn", "hop": 3, "amount_paise": 5_000_00, "by": "cheque", "reference": "000123"},
        {"kind": "spent", "hop": 4, "amount_paise": 5_000_00, "merchant": "A Shop", "reference": "POS1"},
        {"kind": "refused", "hop": 5, "code": "20"},
        {"kind": "withdrawn", "hop": 6, "amount_paise": 2_000_00, "by": "aeps", "remarks": "अलीगढ़"},
    ]
    response = await feed.post(hold_id, "answer", {"lines": lines})
    assert response.json() == {"hold_id": str(hold_id), "accepted": 7, "duplicates": 0, "contradictions": 0}
    buckets = (await feed.doors.read(f"/api/v1/cases/{ack_no}"))["buckets_paise"]
    assert {name: paise for name, paise in buckets.items() if paise and name != "lost"} == {
        "held": 4_000_00,
        "withdrawn": 8_000_00,
        "spent": 5_000_00,
        "refused": 5_000_00,
        "in_play": 8_000_00,
    }
    (told,) = feed.doors.courier.told[1:]
    assert told.news is not None
    assert [hop.institution for hop in told.news.opened] == ["HDFC"]
    (item,) = (await feed.page())["items"]
    assert item["status"] == "open"
    assert [(hop["hop"], hop["disputed_paise"]) for hop in item["hops"]] == [(6, 3_000_00)]
    kinds = await feed.events(ack_no)
    assert kinds.count("request_acknowledged") == kinds.count("answer_received") == 1


async def test_the_same_body_again_is_the_same_reply(feed: Feed) -> None:
    hold_id = await feed.hold()
    first = await feed.post(hold_id, "answer", HELD)
    assert first.json()["accepted"] == 1
    again = await asyncio.gather(*(feed.post(hold_id, "answer", HELD) for _ in range(5)))
    assert {response.text for response in again} == {first.text}
    spaced = await feed.doors.client.post(
        f"{HOLDS}/{hold_id}/answer",
        content=orjson.dumps(HELD, option=orjson.OPT_INDENT_2),
        headers={**feed.doors.bank("SBIN"), "Content-Type": "application/json"},
    )
    assert spaced.text == first.text


async def test_a_key_stands_for_one_body(feed: Feed) -> None:
    hold_id = await feed.hold()
    part = {"lines": [{"kind": "held", "hop": 1, "amount_paise": 1_000_00}]}
    first = await feed.post(hold_id, "answer", part, Idempotency_Key="k-1")
    assert first.status_code == 200
    assert (await feed.post(hold_id, "answer", part, Idempotency_Key="k-1")).text == first.text
    other = {"lines": [{"kind": "held", "hop": 1, "amount_paise": 2_000_00}]}
    assert kind(await feed.post(hold_id, "answer", other, Idempotency_Key="k-1"), 422) == "idempotency-key-reused"
    assert (await feed.post(hold_id, "answer", other, Idempotency_Key="k-2")).status_code == 200


async def test_of_two_bodies_under_one_key_at_once_one_is_taken(feed: Feed) -> None:
    ack_no = (await feed.doors.complain())["ack_no"]
    hold_id = (await feed.ask(ack_no))["SBIN"]
    bodies = [{"lines": [{"kind": "held", "hop": 1, "amount_paise": n * 1_00}]} for n in range(1, 9)]
    told = await asyncio.gather(*(feed.post(hold_id, "answer", body, Idempotency_Key="k") for body in bodies))
    assert sorted(response.status_code for response in told) == [200] + [422] * 7
    assert (await feed.doors.read(f"/api/v1/cases/{ack_no}"))["counts"]["answers"] == 1


async def test_two_banks_have_the_same_key(feed: Feed) -> None:
    shared = [transfer(), transfer(rrn="422222222222", **AT_HDFC)]
    planned = await feed.ask((await feed.doors.complain(transfers=shared))["ack_no"])
    one = {"lines": [{"kind": "held", "hop": 1, "amount_paise": 1_00}]}
    two = {"lines": [{"kind": "held", "hop": 2, "amount_paise": 1_00}]}
    assert (await feed.post(planned["SBIN"], "answer", one, Idempotency_Key="k")).status_code == 200
    assert (await feed.post(planned["HDFC"], "answer", two, "HDFC", Idempotency_Key="k")).status_code == 200


LINE: dict[str, Any] = HELD["lines"][0]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "lines"),
        ({"lines": []}, "lines"),
        ({"lines": [LINE] * 501}, "lines"),
        ({"lines": [{**LINE, "kind": "eaten"}]}, "lines[0]"),
        ({"lines": [{**LINE, "hop": 2}]}, "lines[0].hop"),
        ({"lines": [{**LINE, "hop": 2**31}]}, "lines[0].held.hop"),
        ({"lines": [LINE, {**LINE, "amount_paise": 0}]}, "lines[1].held.amount_paise"),
        ({"lines": [{**LINE, "amount_paise": 1.5}]}, "lines[0].held.amount_paise"),
        ({"lines": [{**LINE, "amount": 1}]}, "lines[0].held.amount"),
        ({"lines": [{"kind": "refused", "hop": 1, "code": "00"}]}, "lines[0].refused"),
        ({"lines": [{"kind": "withdrawn", "hop": 1, "amount_paise": 1, "by": "foot"}]}, "lines[0].withdrawn.by"),
        ({"lines": [{**LINE, "remarks": "a\0b"}]}, "lines[0].held.remarks"),
    ],
)
async def test_an_answer_that_is_none_is_refused_by_its_field(feed: Feed, body: Any, field: str) -> None:
    hold_id = await feed.hold()
    response = await feed.post(hold_id, "answer", body, Idempotency_Key="k")
    assert kind(response, 422) == "invalid-request"
    assert field in [violation["field"] for violation in response.json()["violations"]]
    assert (await feed.post(hold_id, "answer", HELD, Idempotency_Key="k")).status_code == 200, "the key is not used up"


async def test_bytes_that_are_no_json(feed: Feed) -> None:
    hold_id = await feed.hold()
    json = {**feed.doors.bank("SBIN"), "Content-Type": "application/json"}
    response = await feed.doors.client.post(f"{HOLDS}/{hold_id}/answer", content=b"{", headers=json)
    assert kind(response, 400) == "not-json"
    huge = b"a" * (bank_feed.ANSWER_MAX_BYTES + 1)
    response = await feed.doors.client.post(f"{HOLDS}/{hold_id}/answer", content=huge, headers=json)
    assert kind(response, 413) == "too-large"


async def test_the_largest_answer_fits(feed: Feed) -> None:
    hold_id = await feed.hold()
    lines = [{**LINE, "amount_paise": n, "remarks": "r" * 300} for n in range(1, 501)]
    response = await feed.post(hold_id, "answer", {"lines": lines})
    assert response.json()["accepted"] == 500


async def test_late_word_of_money_is_taken(feed: Feed) -> None:
    ack_no = (await feed.doors.complain())["ack_no"]
    hold_id = (await feed.ask(ack_no))["SBIN"]
    await feed.doors.post(f"/api/v1/cases/{ack_no}/requests/{hold_id}/stop", {"reason": "told by phone"})
    assert (await feed.post(hold_id, "answer", HELD)).json()["accepted"] == 1
    assert (await feed.doors.read(f"/api/v1/cases/{ack_no}"))["buckets_paise"]["held"] == 5_000_00


async def test_nothing_can_be_released_without_an_order(feed: Feed) -> None:
    hold_id = await feed.hold()
    assert kind(await feed.post(hold_id, "release-confirm"), 409) == "no-release-order"


async def test_the_words_are_kept_and_the_token_is_not(feed: Feed) -> None:
    hold_id = await feed.hold()
    await feed.post(hold_id, "acknowledge")
    await feed.post(hold_id, "answer", HELD)
    kept = await feed.doors.parts.hands.pool.fetch("SELECT * FROM bank_evidence ORDER BY evidence_id")
    assert [(row["institution"], row["path"].rpartition("/")[2]) for row in kept] == [
        ("SBIN", "acknowledge"),
        ("SBIN", "answer"),
    ]
    assert orjson.loads(kept[1]["body"]) == HELD
    assert "authorization" not in {name.lower() for row in kept for name, _ in row["headers"]}


# -- limits ------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def narrow(doors: Doors) -> AsyncIterator[Feed]:
    """A feed of which a bank may read twice in an hour."""
    hands = doors.parts.hands
    limits = hands.policy.bank_limits
    reads = limits.policies[LimitName.FEED_READS].model_copy(update={"calls": 2, "seconds": 3600.0})
    few = limits.model_copy(update={"policies": {**limits.policies, LimitName.FEED_READS: reads}})
    usual = hands.policy
    object.__setattr__(hands, "policy", usual.model_copy(update={"bank_limits": few}))
    yield Feed(doors)
    object.__setattr__(hands, "policy", usual)


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
    async with feed.doors.parts.hands.pool.acquire() as connection:
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
    kept = await feed.doors.parts.hands.pool.fetchrow("SELECT * FROM bank_evidence ORDER BY evidence_id DESC LIMIT 1")
    assert kept is not None
    assert kept["body"] == orjson.dumps(HELD)
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
    async with feed.doors.parts.hands.pool.acquire() as connection:
        await bank_keys.end_key(connection, "sbin-1", datetime.now(UTC))
    assert kind(await signed(feed, "GET", POLICIES, None, "sbin-1", OLD), 401) == "key-not-valid"
    assert (await signed(feed, "GET", POLICIES, None, "sbin-2", NEXT)).status_code == 200


async def test_where_our_address_is_set_no_header_decides_the_host(feed: Feed) -> None:
    parts = replace(feed.doors.parts, public_url="https://freeze.example/police")
    async with opened(parts) as doors:
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


async def test_what_can_no_more_be_used_is_forgotten(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.bank_auth.NONCES_PURGED_EVERY", 1)
    await register(feed, "sbin-1", OLD)
    pool = feed.doors.parts.hands.pool
    await pool.execute("INSERT INTO bank_nonce VALUES ('sbin-1', 'of long ago 0123', now() - '1 day'::interval)")
    assert (await signed(feed, "GET", POLICIES, None, "sbin-1", OLD)).status_code == 200
    assert await pool.fetchval("SELECT count(*) FROM bank_nonce") == 1
