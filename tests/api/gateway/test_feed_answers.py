"""What a bank says back through its feed: receipts and answers."""

import asyncio
from typing import Any

import orjson
import pytest

from activities.recovery import hold_lifecycle
from api.gateway import feed as bank_feed
from tests.api.conftest import transfer
from tests.api.feed import AT_HDFC, HELD, HOLDS, Feed, feed, kind
from tests.opened_bodies import opened_rows

__all__ = ["feed"]


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


@pytest.mark.parametrize(
    ("told", "reached_by"),
    [
        ({"holder_phone": "9876500000", "holder_email": "holder@mail.example"}, ("9876500000", "holder@mail.example")),
        ({"holder_phone": " NA "}, ("NA", "")),
        ({}, ("", "")),
    ],
)
async def test_an_answer_says_how_the_holder_is_reached(
    feed: Feed, told: dict[str, str], reached_by: tuple[str, str]
) -> None:
    receipt = await feed.doors.complain()
    hold_id = (await feed.ask(receipt["ack_no"]))["SBIN"]
    held = {"kind": "held", "hop": 1, "amount_paise": 5_000_00, **told}
    assert (await feed.post(hold_id, "answer", {"lines": [held]})).status_code == 200
    ctx = feed.doors.services.ctx
    await hold_lifecycle.open_for_new_holds(ctx, receipt["case_ack_no"])
    async with ctx.pool.acquire() as connection:
        found = await connection.fetchval("SELECT hold_id FROM account_hold")
        holder = await ctx.persons.holder_of(connection, found)
    assert (holder.phone, holder.email) == reached_by


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
    (told,) = feed.doors.notifier.told[1:]
    assert told.news is not None
    assert told.news.opened == ()
    assert [(one.institution, len(one.hops)) for one in told.news.requests] == [("HDFC", 1)]
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


async def test_an_answer_that_is_none_is_refused_by_its_field(feed: Feed, subtests: pytest.Subtests) -> None:
    hold_id = await feed.hold()
    for body, field in (
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
    ):
        with subtests.test(body=body):
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


async def test_b8_a_key_that_stands_twice_is_named_and_nothing_is_taken(feed: Feed) -> None:
    hold_id = await feed.hold()
    json = {**feed.doors.bank("SBIN"), "Content-Type": "application/json", "Idempotency-Key": "k"}
    twice = orjson.dumps({"lines": [LINE]}).replace(b'"kind"', b'"amount_paise":1,"kind"')
    response = await feed.doors.client.post(f"{HOLDS}/{hold_id}/answer", content=twice, headers=json)
    assert kind(response, 422) == "invalid-request"
    assert [(told["field"], told["code"]) for told in response.json()["violations"]] == [
        ("amount_paise", "repeated_key")
    ]
    assert (await feed.post(hold_id, "answer", HELD, Idempotency_Key="k")).status_code == 200, "the key is not used up"


async def test_the_largest_answer_fits(feed: Feed) -> None:
    hold_id = await feed.hold()
    lines = [{**LINE, "amount_paise": n, "remarks": "r" * 300} for n in range(1, 501)]
    response = await feed.post(hold_id, "answer", {"lines": lines})
    assert response.json()["accepted"] == 500


async def test_a_late_answer_about_money_is_taken(feed: Feed) -> None:
    ack_no = (await feed.doors.complain())["ack_no"]
    hold_id = (await feed.ask(ack_no))["SBIN"]
    await feed.doors.post(f"/api/v1/cases/{ack_no}/requests/{hold_id}/stop", {"reason": "told by phone"})
    assert (await feed.post(hold_id, "answer", HELD)).json()["accepted"] == 1
    assert (await feed.doors.read(f"/api/v1/cases/{ack_no}"))["buckets_paise"]["held"] == 5_000_00


async def test_nothing_can_be_released_without_an_order(feed: Feed) -> None:
    hold_id = await feed.hold()
    assert kind(await feed.post(hold_id, "release-confirm"), 409) == "no-release-order"


async def test_the_body_is_kept_and_the_token_is_not(feed: Feed) -> None:
    hold_id = await feed.hold()
    await feed.post(hold_id, "acknowledge")
    await feed.post(hold_id, "answer", HELD)
    kept = await opened_rows(feed.doors.services.ctx, "bank_evidence", "ORDER BY evidence_id")
    assert [(row["institution"], row["path"].rpartition("/")[2]) for row in kept] == [
        ("SBIN", "acknowledge"),
        ("SBIN", "answer"),
    ]
    assert orjson.loads(kept[1]["body"]) == HELD
    assert "authorization" not in {name.lower() for row in kept for name, _ in row["headers"]}
