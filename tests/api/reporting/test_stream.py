"""The stream of an officer: what others do is seen, nothing is lost or doubled, and each sees what their lists show."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from starlette.types import Message

from activities.case.transaction import case_transaction
from activities.officers.enrolment import end_role
from activities.work_items.task_rounds import TaskRounds
from api.officers.tokens import Officer
from api.reporting.officer_streams import Asked, OfficerStreams
from api.reporting.open_items import View
from api.reporting.stream import OfficerStreamResponse
from api.reporting.stream_events import Viewer
from api.services import Services
from db.work_items import notice_settings
from schemas.enums import OFFICER_ROLES, Role, TaskKind
from schemas.events import EventKind
from schemas.tasks import TaskCause, about_hop
from tests.api.conftest import Doors, transfer
from tests.api.officers.test_caller_streams import begun
from tests.api.officers.test_jurisdiction import assign
from tests.api.test_marked_cases import PROTECTED
from tests.api.test_streams import Reader, Running, running
from tests.api.work_items.test_task_owners import item, listed, post
from tests.clock import Clock
from tests.signed_in import headers_of
from tests.waiting import until

__all__ = ["running"]

STREAM = "/api/v1/stream"
WAIT_SECONDS = 20.0
Event = dict[str, Any]


class Watching:
    """A stream as a client reads it."""

    def __init__(self, response: httpx.Response) -> None:
        self._reader = Reader(response)
        self.position = ""
        """the id of the last event that had one"""

    async def next(self, kind: str, fits: Callable[[Any], bool] = lambda _: True) -> Event:
        """The next event of a kind whose data fits; the others are skipped."""
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                fields = await self._reader.block()
                self.position = fields.get("id", self.position)
                event: Event = json.loads(fields.get("data", "{}"))
                if event.get("kind") == kind == fields["event"] and fits(event["data"]):
                    return event

    async def task(self, task_id: int, **has: Any) -> Event:
        """The next event of a work item with these fields."""
        return await self.next(
            "task", lambda one: one and one["task_id"] == task_id and has.items() <= {k: one[k] for k in has}.items()
        )


@asynccontextmanager
async def watching(
    client: httpx.AsyncClient, headers: dict[str, str], topics: str, position: str = ""
) -> AsyncIterator[Watching]:
    wanted = {**headers, "Accept": "text/event-stream"} | ({"Last-Event-ID": position} if position else {})
    async with client.stream("GET", STREAM, params={"topics": topics}, headers=wanted) as response:
        assert response.status_code == 200
        yield Watching(response)


async def page(doors: Doors, who: str, role: Role, topics: str = "queue", **query: str) -> tuple[list[Event], str]:
    """What a stream would begin with now, and the position after it."""
    read = await doors.client.get(STREAM, params={"topics": topics, **query}, headers=doors.officer(role, who))
    assert read.status_code == 200, read.text
    return read.json()["items"], read.json()["next"]


def about(subject: str) -> Callable[[Any], bool]:
    return lambda presence: presence["subject"] == subject


def of(events: list[Event], kind: str) -> list[Event]:
    return [event for event in events if event["kind"] == kind]


def with_streams(services: Services, clock: Callable[[], datetime] | None = None, **rules: Any) -> OfficerStreams:
    """The streams of these services, under other rules or at another time."""
    of_streams = services.ctx.policy.officer_streams.model_copy(update=rules)
    policy = services.ctx.policy.model_copy(update={"officer_streams": of_streams})
    ctx = replace(services.ctx, policy=policy, clock=clock or services.ctx.clock)
    found = services.__dict__["officer_streams"] = OfficerStreams(ctx, services.listener)
    return found


async def test_officers_see_what_another_one_does_and_where_the_others_look(running: Running) -> None:
    doors = running.doors
    case_no, task_id = await item(doors, "412345678901")
    ravi, asha = doors.officer(Role.DESK, "ravi"), doors.officer(Role.DESK, "asha")
    async with (
        watching(doors.client, ravi, "queue,drafts") as his,
        watching(doors.client, asha, f"queue,case:{case_no}") as hers,
    ):
        opening = await hers.next("opening")
        assert opening["data"]["topics"] == ["queue", f"case:{case_no}"]
        assert (await hers.next("reset"))["data"] == "new"
        read = await doors.client.get(f"/api/v1/cases/{case_no}", headers=asha)
        begins = await hers.next("case")
        assert (begins["version"], begins["data"]["newest"]) == (read.json()["last_event_seq"], [])
        (kind,) = (await hers.next("counts"))["data"]["kinds"]
        assert (kind["kind"], kind["open"], kind["owned"]) == ("phone_bank", 1, 0)
        await his.next("opening")

        await post(doors, f"/tasks/{task_id}/claim", "ravi", version=0)
        claimed = await hers.task(task_id, owner="ravi")
        assert (claimed["id"], claimed["data"]["version"]) == (str(task_id), 1)
        assert (await hers.next("case"))["data"]["newest"][-1]["kind"] == "task_claimed"
        counts = await his.next("counts", lambda one: one["mine"] == 1)
        assert counts["data"]["kinds"][0]["owned"] == 1
        await TaskRounds(doors.services.ctx).value()
        valued = await hers.task(task_id, in_play_paise=5_000_00)
        assert valued["version"] > claimed["version"]

        looked = {"subjects": [f"case:{case_no}", f"task:{task_id}"]}
        noted = await doors.client.put("/api/v1/presence", json=looked, headers=ravi)
        assert noted.status_code == 200, noted.text
        for subject in looked["subjects"]:
            present = await hers.next("presence", about(subject))
            assert [one["officer_id"] for one in present["data"]["officers"]] == ["ravi"]
        await doors.client.put("/api/v1/presence", json={"subjects": []}, headers=ravi)
        await hers.next("presence", lambda one: one["officers"] == [])

        draft = (await doors.client.post("/api/v1/drafts", json={}, headers=asha)).json()
        await doors.services.ctx.pool.execute("UPDATE draft SET owner = 'ravi' WHERE draft_id = $1", draft["draft_id"])
        assert (await his.next("draft"))["data"]["owner"] == "ravi"

        await post(doors, f"/tasks/{task_id}/close", "ravi", reason="the bank answered")
        closed = await hers.task(task_id, state="closed")
        assert closed["version"] > valued["version"]
        assert (await hers.next("counts"))["data"] == {"kinds": [], "mine": 0}


async def test_who_looks_at_an_item_is_told_though_it_was_heard_before_the_item_was_read(running: Running) -> None:
    doors = running.doors
    _, known = await item(doors, "412345678901")
    coming = {f"task:{known + n}" for n in range(1, 20)}
    async with watching(doors.client, doors.officer(Role.DESK, "asha"), "queue") as hers:
        await hers.next("reset")
        async with doors.services.ctx.pool.acquire() as connection:
            await notice_settings.announce(connection, "ravi", "session", coming)
        await until(lambda: doors.services.officer_streams.looks("session", f"task:{known + 1}"))
        _, task_id = await item(doors, "412345678902")
        present = await hers.next("presence", about(f"task:{task_id}"))
        assert [one["officer_id"] for one in present["data"]["officers"]] == ["ravi"]


async def test_a_stream_goes_on_where_it_was_cut_off_and_says_where_it_cannot(doors: Doors) -> None:
    cases, items = zip(*[await item(doors, f"41234567890{n}") for n in range(1, 4)], strict=True)
    read = await doors.read(f"/api/v1/cases/{cases[0]}")
    begun_with, position = await page(doors, "asha", Role.DESK)
    assert [event["kind"] for event in begun_with] == ["opening", "reset", "counts"]
    for task_id in items:
        await post(doors, f"/tasks/{task_id}/claim", "ravi", version=0)
    await post(doors, f"/tasks/{items[0]}/release", "ravi", version=1)
    missed: list[Event] = []
    later, seen = "", dict[int, Any]()

    async def has_all() -> bool:
        nonlocal missed, later, seen
        missed, later = await page(doors, "asha", Role.DESK, after=position)
        seen = {event["data"]["task_id"]: event["data"] for event in of(missed, "task")}
        return seen.keys() == {*items} and seen[items[0]]["version"] == 2

    await until(has_all, WAIT_SECONDS)
    assert len(of(missed, "task")) == len(items), "of each item its newest state"
    assert (of(missed, "reset"), missed[0]["data"]["resumed"]) == ([], True)
    assert [seen[one]["owner"] for one in items] == [None, "ravi", "ravi"]
    again, _ = await page(doors, "asha", Role.DESK, after=later)
    assert of(again, "task") == [], "nothing comes twice"

    topics = f"queue,case:{cases[0]}"
    (grown,) = of((await page(doors, "asha", Role.DESK, topics, after=later))[0], "case")
    assert grown["version"] > read["last_event_seq"], "what changed after the case was read, and before the stream"
    streams, followed = doors.services.officer_streams, frozenset({cases[0]})
    viewer = Viewer("asha", View(None, None), False, False, False, None, followed, frozenset(), None, "0" * 8)
    with streams.opened(viewer, Asked((), None, {cases[0]: grown["version"] - 1})) as stream:
        sent = b""
        async with asyncio.timeout(WAIT_SECONDS):
            while b'"seq":%d' % grown["version"] not in sent:
                sent = b"".join(one.body for one in await stream.waiting.take(WAIT_SECONDS))

    epoch, rights, number = position.split(".")
    for other, why in (
        (f"{'0' * 8}.{rights}.{number}", "unknown"),
        (f"{epoch}.{rights}.{10**6}", "unknown"),
        (f"{epoch}.{'0' * 8}.{number}", "rights"),
    ):
        told, _ = await page(doors, "asha", Role.DESK, after=other)
        assert (of(told, "reset")[0]["data"], of(told, "task")) == (why, [])
    doors.services.officer_streams._kept._kept.clear()
    told, _ = await page(doors, "asha", Role.DESK, after=position)
    assert of(told, "reset")[0]["data"] == "gap"


async def test_each_officer_sees_the_items_that_the_lists_show(doors: Doors) -> None:
    """Of several cases, one marked, every role has the counts and the changes of its own lists."""
    items = await three_cases(doors)
    callers: list[tuple[str, Role]] = [
        *((name, role) for name in ("of.agra", "of.state") for role in OFFICER_ROLES if role is not Role.INTAKE),
        *((name, role) for name in ("io.one", "io.none") for role in (Role.IO, Role.ADMIN, Role.SP)),
    ]
    positions = {one: (await page(doors, *one))[1] for one in callers}
    for task_id in items:
        assert (await post(doors, f"/tasks/{task_id}/claim", "chief", Role.SUPERVISOR, version=0)).status_code == 200

    async def changed(who: str, role: Role) -> set[int]:
        events, _ = await page(doors, who, role, after=positions[who, role])
        return {event["data"]["task_id"] for event in of(events, "task")}

    async def all_came() -> bool:
        return await changed("of.state", Role.SUPERVISOR) == {*items}

    await until(all_came, WAIT_SECONDS)
    sizes = set()
    for who, role in callers:
        found = await listed(doors, who, role, limit=500)
        assert await changed(who, role) == {one["task_id"] for one in found}, (who, role)
        counted = await doors.client.get("/api/v1/desk/task-counts", headers=doors.officer(role, who))
        totals = of((await page(doors, who, role))[0], "counts")[0]["data"]["kinds"]
        assert by_kind(totals) == by_kind(counted.json()["kinds"]), (who, role)
        sizes.add(len(found))
    assert {0, len(items)} < sizes, "the callers differ"


def by_kind(totals: list[dict[str, Any]]) -> dict[str, tuple[int, ...]]:
    return {one["kind"]: (one["open"], one["owned"], one["snoozed"]) for one in totals}


async def three_cases(doors: Doors) -> list[int]:
    """Cases of two districts, the last one marked, each with items of four kinds; two have an investigating officer."""
    items: list[int] = []
    kinds = (TaskKind.PHONE_BANK, TaskKind.SMALL_HOLD, TaskKind.HOLD_LAPSES, TaskKind.SUPERVISE)
    for name, district in {"of.agra": "Agra", "of.state": "*", "io.one": "Agra", "io.none": "Agra"}.items():
        await doors.post_officer(name, district)
    cases = (("LUCKNOW", "upi_fraud", True), ("Agra", "upi_fraud", False), ("Agra", PROTECTED, True))
    for place, (district, category, is_assigned) in enumerate(cases):
        told = {"name": f"A. Victim {place}", "mobile": "9876543210", "district": district}
        sent = [transfer(f"51234567890{place}")]
        case_no = (await doors.complain(transfers=sent, victim=told, category=category))["case_ack_no"]
        async with case_transaction(doors.services.ctx, case_no, "engine") as work:
            for kind in kinds:
                items += await work.ask(about_hop(kind, TaskCause.REQUEST_SILENT, 1))
        if is_assigned:
            assert await assign(doors, case_no, "io.one") == 201
    return items


async def test_deadlines_come_by_the_log_and_by_time_alone(doors: Doors) -> None:
    pool = doors.services.ctx.pool
    case_no, task_id = await item(doors, "412345678901")
    other, _ = await item(doors, "412345678902", district="Agra")
    await doors.post_officer("io.one", "Agra")
    await page(doors, "asha", Role.DESK)
    positions = {
        Role.DESK: (await page(doors, "asha", Role.DESK))[1],
        Role.SP: (await page(doors, "io.one", Role.SP))[1],
    }
    await post(doors, f"/tasks/{task_id}/claim", "ravi", version=0)
    soon = datetime.now(UTC) + timedelta(seconds=0.5)
    await pool.execute("UPDATE task_owner SET lease_ends_at = $1 WHERE task_id = $2", soon, task_id)
    for number in (case_no, other):
        async with case_transaction(doors.services.ctx, number, "engine") as work:
            await work.log(EventKind.LEVEL_REACHED, request_id="r", institution="SBIN", level="nodal_officer")

    async def deadlines(who: str, role: Role) -> dict[str, Event]:
        events, _ = await page(doors, who, role, after=positions[role])
        return {f"{one['data']['kind']} {one['data']['case_ack_no']}": one["data"] for one in of(events, "deadline")}

    wanted = {f"lease_ended {case_no}", f"level_reached {case_no}", f"level_reached {other}"}

    async def all_came() -> bool:
        return (await deadlines("asha", Role.DESK)).keys() == wanted

    await until(all_came, WAIT_SECONDS)
    found = await deadlines("asha", Role.DESK)
    assert (found[f"lease_ended {case_no}"]["task_id"], found[f"level_reached {other}"]["about"]) == (
        task_id,
        "nodal_officer",
    )
    events, _ = await page(doors, "asha", Role.DESK, after=positions[Role.DESK])
    shown = [event["data"]["owner"] for event in of(events, "task") if event["data"]["task_id"] == task_id]
    assert shown == [None], "a list shows no owner after the end of the lease"
    assert (await deadlines("io.one", Role.SP)).keys() == {f"level_reached {other}"}, "of the own district"


async def test_a_breach_comes_to_those_who_read_the_figures(doors: Doors) -> None:
    clock = Clock(datetime.now(UTC))
    streams = with_streams(doors.services, clock, breaches_seconds=1)
    case_no = (await doors.complain())["case_ack_no"]
    refused = await doors.client.get(STREAM, params={"topics": "breaches"}, headers=doors.officer(Role.DESK))
    assert refused.status_code == 403
    _, position = await page(doors, "chief", Role.SUPERVISOR, "breaches")
    for hours in (0, 2):
        clock.at += timedelta(hours=hours)
        await streams._changes._look_for_breaches()
    events, _ = await page(doors, "chief", Role.SUPERVISOR, "breaches", after=position)
    found = {event["data"]["about"]: event["data"] for event in of(events, "deadline")}
    assert found["complaint_to_held"]["kind"] == "breach"
    assert found["complaint_to_held"]["case_ack_no"] == case_no


async def test_a_stream_says_why_it_ends(services: Services, running: Running) -> None:
    client, pool = running.doors.client, services.ctx.pool
    sessions = {name: await begun(services, name, Role.DESK, Role.SUPERVISOR) for name in ("ravi", "meena")}
    async with (
        watching(client, headers_of(sessions["ravi"].token), "queue") as his,
        watching(client, headers_of(sessions["meena"].token), "queue") as hers,
    ):
        await his.next("opening")
        await hers.next("counts")
        await asyncio.sleep(0)
        await pool.execute("SELECT officer_sessions_end('ravi', 'officer:admin', 'ended_by_admin', 'left')")
        assert (await his.next("end"))["data"] == "session"
        await end_role(pool, "meena", Role.SUPERVISOR, "command:test")
        assert (await hers.next("end"))["data"] == "rights"
        position = hers.position

    async def is_reset() -> bool:
        async with watching(client, headers_of(sessions["meena"].token), "queue", position) as again:
            try:
                return bool((await again.next("reset"))["data"] == "rights")
            except EOFError:
                # The process knew the session with its old role for `cached_seconds`, so the stream ended once more.
                return False

    await until(is_reset)


async def test_a_caller_who_does_not_read_is_too_slow_and_is_told(doors: Doors) -> None:
    services = doors.services
    streams = with_streams(services, waiting_max=10)
    items = [(await item(doors, f"4123456789{n}"))[1] for n in range(10, 23)]
    await page(doors, "asha", Role.DESK)
    session = await begun(services, "ravi", Role.DESK)
    asha = Officer("ravi", frozenset({Role.DESK}), 2**40, session.session.session_id)
    viewer = Viewer("asha", View(None, None), True, False, False, None, frozenset(), frozenset(), None, "0" * 8)
    response = OfficerStreamResponse(services, asha, viewer, Asked(("queue",), None, {}))
    parts: list[bytes] = []
    reads, blocked = asyncio.Event(), asyncio.Event()

    async def send(message: Message) -> None:
        if parts:
            blocked.set()
            await reads.wait()
        parts.append(message.get("body", b"-"))

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    reading = asyncio.create_task(response({"type": "http"}, receive, send))
    await blocked.wait()
    for task_id in items:
        await post(doors, f"/tasks/{task_id}/claim", "ravi", version=0)
    await until(lambda: any(stream.waiting.ended_as for stream in streams._streams), WAIT_SECONDS)
    reads.set()
    await reading
    assert b'"kind":"end","data":"slow"' in b"".join(parts)
    assert b'"kind":"task"' not in b"".join(parts), "what waited is not sent any more"
