"""What does not end by itself is tried by itself: the stream of a case's log, and a bank's call that waits."""

import asyncio
from itertools import pairwise
from typing import Final

import pytest
from jsonschema import Draft202012Validator, ValidationError

from schemas.enums import Role
from tests.api.conftest import Doors, line
from tests.api.feed import HOLDS, Feed, feed
from tests.api.openapi_world import described, judge, published
from tests.api.reporting.test_stream import watching
from tests.api.test_streams import Running, running
from tests.api.work_items.test_task_owners import item, post

__all__ = ["feed", "running"]

STREAM: Final = "text/event-stream"


def schema_of(name: str) -> Draft202012Validator:
    """Return the described model of that name."""
    components = {"components": published()["components"]}
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", **components})


async def test_a_stream_is_described_and_so_is_every_event_in_it(running: Running) -> None:
    operation = published()["paths"]["/api/v1/cases/{ack_no}/events"]["get"]
    ack_no = (await running.doors.complain())["ack_no"]
    told = await running.doors.answer("SBIN", ack_no, line("moved"))
    assert told.status_code == 200, told.text
    event = schema_of("EventView")
    async with running.stream(ack_no) as reader:
        assert reader.response.status_code == 200
        assert STREAM in reader.response.headers["content-type"]
        assert STREAM in operation["responses"]["200"]["content"]
        assert "x-request-id" in reader.response.headers
        events = [await reader.event() for _ in range(2)]
    for found in events:
        event.validate(found)
    assert all(one["seq"] < other["seq"] for one, other in pairwise(events))
    with pytest.raises(ValidationError):
        event.validate({"seq": 1})


async def test_a_stream_is_refused_as_described(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running.doors.services.case_hub, "_most_of_one", 1)
    ack_no = (await running.doors.complain())["ack_no"]
    case = described().operations["read_events"].Case(path_parameters={"ack_no": ack_no})
    for headers in ({}, running.doors.bank("SBIN")):
        response = await running.doors.client.get(
            f"/api/v1/cases/{ack_no}/events", headers={"Accept": STREAM, **headers}
        )
        assert response.status_code == 401
        judge(case, response)
    async with running.stream(ack_no) as first:
        await first.block()
        async with running.stream(ack_no) as second:
            await second.response.aread()
    assert second.response.status_code == 429
    judge(case, second.response)


async def test_a_call_that_waits_gets_what_is_described(feed: Feed, doors: Doors) -> None:
    """Woken by a change, at the end of its time, and where one too many waits."""
    case = described().operations["read_holds"].Case()
    judge(case, await feed.get(wait_seconds=1))
    hub = doors.services.bank_hub
    most = doors.services.ctx.policy.bank_limits.waiting_at_once
    waiting = [asyncio.create_task(feed.get(HOLDS, wait_seconds=30)) for _ in range(most)]
    async with asyncio.timeout(20):
        while len(hub._subscriptions) < most:  # noqa: ASYNC110 - no event tells when a call begins to wait
            await asyncio.sleep(0.01)
    refused = await feed.get(wait_seconds=30)
    assert refused.status_code == 429
    judge(case, refused)
    await feed.hold()
    for told in await asyncio.gather(*waiting):
        assert len(told.json()["items"]) == 1
        judge(case, told)


async def test_the_stream_of_an_officer_is_described_and_so_is_every_event_in_it(running: Running) -> None:
    doors = running.doors
    case_no, task_id = await item(doors, "412345678901")
    topics = f"queue,drafts,case:{case_no}"
    case = described().operations["read_stream"].Case(query={"topics": topics})
    page = await doors.client.get("/api/v1/stream", params={"topics": topics}, headers=doors.officer(Role.DESK))
    judge(case, page)
    schema = schema_of("StreamPage")
    async with watching(doors.client, doors.officer(Role.DESK), topics, page.json()["next"]) as stream:
        await post(doors, f"/tasks/{task_id}/claim", "ravi", version=0)
        for kind in ("opening", "task", "case"):
            schema.validate({"items": [await stream.next(kind)], "next": stream.position})
    with pytest.raises(ValidationError):
        schema.validate({"items": [{"kind": "task", "id": "1"}], "next": ""})
    odd = await doors.client.get("/api/v1/stream", params={"topics": "case:1"}, headers=doors.officer(Role.DESK))
    assert odd.status_code == 422
    judge(described().operations["read_stream"].Case(query={"topics": "case:1"}), odd)
    many = ",".join(f"case:{n:014}" for n in range(21))
    refused = await doors.client.get("/api/v1/stream", params={"topics": many}, headers=doors.officer(Role.DESK))
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_cases_followed")
    judge(case, refused)
