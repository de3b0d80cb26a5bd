"""Restorations over HTTP: what is read, each verb, and every way in which one is refused."""

from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from activities.recovery import grievance_decisions, hold_lifecycle
from activities.recovery.hearings import tell_of_hearings
from activities.recovery.hold_releases import confirm_release
from activities.recovery.restoration_deadlines import RestorationActivities
from api.services import Services
from db.recovery import court_hearings
from schemas.enums import Role
from schemas.procedures import ActionInput
from schemas.recovery.grievances import NewGrievance
from schemas.text import IST
from tests.activities.release_bench import HEARING, SECOND
from tests.api.conftest import line, transfer
from tests.api.recovery.moved_clock import MovedClock, problem

PATH = "/api/v1/restorations"
WHY = {"reason": "as the documents say"}
WAIVER = b64encode(b"%PDF-1.4 a signed waiver").decode()


class Desk(MovedClock):
    """Officers at the doors, and a clock that is moved."""

    async def hold(self, rrn: str = "412345678901", rupees: int = 2_000, lost_rupees: int = 5_000) -> str:
        """A case with ₹2,000 of ₹5,000 on hold; its restoration's id."""
        receipt = await self.doors.complain(transfers=[transfer(rrn, lost_rupees * 100)])
        case_no = receipt["case_ack_no"]
        amounts = {"amount": f"{rupees}.00", "disputed_amount": f"{lost_rupees}.00"}
        await self.doors.answer("SBIN", case_no, line("held", rrn, **amounts))
        self.at = max(self.at, datetime.now(UTC))
        await hold_lifecycle.open_for_new_holds(self.doors.services.ctx, case_no)
        (found,) = (await self.read(PATH, ack_no=case_no))["restorations"]
        identity: str = found["restoration_id"]
        return identity

    async def post(
        self, restoration: str, verb: str, role: Role, name: str = "officer1", **body: Any
    ) -> httpx.Response:
        """A verb on the step that stands, unless the body says another."""
        seen = await self.read(f"{PATH}/{restoration}")
        return await self.doors.client.post(
            f"{PATH}/{restoration}/{verb}",
            json={"step": seen["step"], "visit_no": seen["visit_no"], **body},
            headers=self.doors.officer(role, name),
        )

    async def done(self, restoration: str, verb: str, role: Role, name: str = "officer1", **body: Any) -> Any:
        response = await self.post(restoration, verb, role, name, **body)
        assert response.status_code == 200, response.text
        return response.json()

    async def tick(self, restoration: str, days: float = 0) -> None:
        """Let time pass, and the engine do what is due."""
        self.at += timedelta(days=days)
        engine = RestorationActivities(self.doors.services.ctx)
        asked = ActionInput(subject=restoration, case_no="", at=self.at)
        for due in (await engine.read_restoration_state(asked)).dues:
            if due.at <= self.at:
                await engine.move_restoration(asked.model_copy(update={"what": due.what}))

    async def to_approval(self, restoration: str) -> None:
        await self.tick(restoration, 3)
        await self.done(restoration, "receive-application", Role.DESK)
        await self.done(restoration, "verify", Role.IO)
        await self.after_the_notice(restoration)

    async def after_the_notice(self, restoration: str) -> None:
        await self.doors.services.ctx.pool.execute(
            "UPDATE due_document SET state = 'issued', lacking = '{}', ended_at = now()"
            " WHERE restoration_id = $1 AND ended_at IS NULL",
            restoration,
        )
        await self.done(restoration, "waive-notice", Role.IO, document=WAIVER, **WHY)
        await self.tick(restoration, 2.01)


@pytest.fixture
async def desk(services: Services) -> AsyncIterator[Desk]:
    made = Desk()
    async with made.opened(services):
        yield made


async def waiting(desk: Desk, restoration: str, role: Role, **query: Any) -> list[Any]:
    """The steps of a restoration that wait for an officer of a role, from all pages."""
    found: list[Any] = []
    after: dict[str, str] = {}
    while True:
        page = await desk.read(f"{PATH}/officer-steps", role, limit=2, **after, **query)
        found += [one for one in page["items"] if one["restoration_id"] == restoration]
        if page["next"] is None:
            return found
        after = {"after": page["next"]}


async def awaited(desk: Desk, restoration: str, role: Role, name: str) -> tuple[int, int]:
    """How many steps of a restoration wait for this officer, and how many for others."""
    found = []
    for who in ("officer", "others"):
        response = await desk.doors.client.get(
            f"{PATH}/officer-steps", params={"awaits": who, "limit": 500}, headers=desk.doors.officer(role, name)
        )
        found.append(sum(one["restoration_id"] == restoration for one in response.json()["items"]))
    return found[0], found[1]


async def test_from_the_list_to_the_order(desk: Desk) -> None:
    restoration = await desk.hold()
    found = await desk.read(f"{PATH}/{restoration}")
    assert (found["state"], found["step"], found["route"], found["held_paise"]) == ("open", "collecting", None, 2000_00)
    assert found["may"] == []
    await desk.to_approval(restoration)
    done = await desk.done(restoration, "prepare", Role.IO, "sharma")
    assert done == {
        "restoration_id": restoration,
        "case_ack_no": found["case_ack_no"],
        "state": "open",
        "step": "approval",
        "visit_no": 1,
        "objection_id": None,
    }
    assert (await desk.read(f"{PATH}/{restoration}", Role.SP))["may"] == [
        *("send_back", "decide_objection", "approve", "refuse")
    ]
    (step,) = await waiting(desk, restoration, Role.SP)
    assert [step[name] for name in ("act", "paise", "accounts", "prepared_by", "is_other_account", "is_disputed")] == [
        *("approve", 2000_00, 1, "sharma", False, False)
    ]
    assert await waiting(desk, restoration, Role.IO) == []
    file = await desk.read(f"{PATH}/{restoration}/file", Role.SP)
    view = await desk.read(f"{PATH}/{restoration}", Role.SP)
    covered = (await desk.read(f"/api/v1/cases/{view['case_ack_no']}", Role.SP))["last_event_seq"]
    assert file["last_event_seq"] == view["last_event_seq"] == covered > 0
    (account,) = file["accounts"]
    assert [account[name] for name in ("institution", "account_end", "held_paise", "others", "victim_paise")] == [
        *("SBIN", "0001", 2000_00, 0, 2000_00)
    ]
    (money,) = account["transfers"]
    assert (money["holder"]["paise"], money["payer"]["paise"], money["agree"]) == (2000_00, None, None)
    assert (file["prepared_at"] is not None, file["credit_account"]) == (True, None)
    assert [one["recorded_by"] for one in file["waivers"]] == ["officer:officer1"]
    assert (await desk.done(restoration, "approve", Role.SP, "verma", due_paise=file["total_paise"]))[
        "step"
    ] == "credit"
    found = await desk.read(f"{PATH}/{restoration}")
    assert (found["prepared_by"], found["approved_by"], found["route_reasons"]) == (
        *("sharma", "verma"),
        ["below_threshold"],
    )
    (money,) = found["lines"]
    assert [money[name] for name in ("rule", "pot_paise", "claim_paise", "share_paise", "due_paise")] == [
        *("pro_rata", 2000_00, 2000_00, 2000_00, 2000_00)
    ]
    (claim,) = found["claims"]
    assert [claim[name] for name in ("disputed_paise", "confirmed_paise", "confirmed_by", "claim_paise")] == [
        *(5000_00, 2000_00, "receiving_bank", 2000_00)
    ]
    assert [(order["institution"], order["state"], order["ordered_paise"]) for order in found["orders"]] == [
        ("SBIN", "planned", 2000_00)
    ]
    assert [(step["step"], step["outcome"], step["ended_by"]) for step in found["steps"]] == [
        ("collecting", "done", "engine"),
        ("application", "done", "officer:officer1"),
        ("verification", "done", "officer:officer1"),
        ("holder_notice", "done", "engine"),
        ("approval", "done", "officer:verma"),
        ("credit", None, None),
    ]


async def test_the_list_and_its_filters(desk: Desk) -> None:
    first, second = await desk.hold(), await desk.hold("412345678902")
    await desk.tick(second, 3)
    page = await desk.read(PATH, limit=1)
    assert [found["restoration_id"] for found in page["restorations"]] == [first]
    page = await desk.read(PATH, limit=1, after=page["next"])
    assert [found["restoration_id"] for found in page["restorations"]] == [second]
    assert page["next"] is None

    async def listed(**query: Any) -> list[str]:
        return [found["restoration_id"] for found in (await desk.read(PATH, **query))["restorations"]]

    assert await listed(step="application") == [second]
    assert await listed(route="no_court") == [second]
    assert await listed(overdue=True) == [first], "collecting should have ended"
    assert await listed(overdue=False) == [second]
    assert await listed(state="restored") == []
    assert await listed(ack_no="29999999999999") == []
    assert await listed(state="open") == [first, second]


@pytest.mark.parametrize("after", ["x", "WyJhIiwiYiJd", "WyIyMDI2LTExLTI0VDEwOjAwOjAwIiwieCJd"])
async def test_a_cursor_that_is_none_of_ours(desk: Desk, after: str) -> None:
    response = await desk.doors.client.get(PATH, params={"after": after}, headers=desk.doors.officer(Role.IO))
    assert problem(response) == (422, "invalid-request")


async def test_four_eyes_have_a_problem_of_their_own(desk: Desk) -> None:
    restoration = await desk.hold()
    await desk.tick(restoration, 3)
    await desk.done(restoration, "receive-application", Role.DESK)
    await desk.done(restoration, "verify", Role.IO)
    assert await awaited(desk, restoration, Role.IO, "sharma") == (0, 1), "its holder may still object"
    await desk.after_the_notice(restoration)
    await desk.done(restoration, "prepare", Role.DY_SP, "sharma")
    assert await awaited(desk, restoration, Role.SP, "sharma") == (0, 1), "another officer approves"
    assert await awaited(desk, restoration, Role.SP, "verma") == (1, 0)
    for verb, body in (("approve", {"due_paise": 2000_00}), ("refuse", WHY)):
        response = await desk.post(restoration, verb, Role.SP, "sharma", **body)
        assert problem(response) == (403, "four-eyes")
    response = await desk.post(restoration, "approve", Role.DY_SP, "verma", due_paise=2000_00)
    assert problem(response) == (403, "not-allowed")


async def test_an_officer_who_saw_an_older_step_is_told_what_happened(desk: Desk) -> None:
    restoration = await desk.hold()
    await desk.tick(restoration, 3)
    await desk.done(restoration, "receive-application", Role.DESK, "asha")
    response = await desk.post(restoration, "receive-application", Role.DESK, step="application", visit_no=1)
    assert problem(response) == (409, "not-now")
    refused = response.json()
    assert (refused["code"], refused["params"]["ended_by"]) == ("step_ended", "officer:asha")
    assert (refused["params"]["at_step"], refused["params"]["at_visit"]) == ("verification", 1)


async def test_an_objection_by_its_doors(desk: Desk) -> None:
    restoration = await desk.hold()
    await desk.to_approval(restoration)
    done = await desk.done(restoration, "object", Role.DESK, by_whom="holder", text="it is my pay")
    decided = {"objection_id": done["objection_id"], "decision": "upheld", **WHY}
    assert problem(await desk.post(restoration, "decide-objection", Role.DY_SP, **decided)) == (403, "four-eyes")
    response = await desk.post(restoration, "decide-objection", Role.DY_SP, "verma", **decided)
    assert (response.status_code, response.json()["code"]) == (409, "release_differs")
    (told,) = (await desk.read(f"{PATH}/{restoration}", Role.DY_SP))["objections"]
    assert [(one["paise"], one["account_end"]) for one in told["releases"]] == [(2000_00, "0001")]
    decided["releases"] = [{name: one[name] for name in ("hold_id", "paise")} for one in told["releases"]]
    assert (await desk.done(restoration, "decide-objection", Role.DY_SP, "verma", **decided))["state"] == "open"
    desk.at += HEARING
    await confirm_release(desk.doors.services.ctx, UUID(told["releases"][0]["hold_id"]), "read", SECOND)
    found = await desk.read(f"{PATH}/{restoration}", Role.DY_SP)
    assert [(told["text"], told["decision"]) for told in found["objections"]] == [("it is my pay", "upheld")]
    assert (found["may"], found["closed_by"]) == ([], SECOND)
    response = await desk.post(restoration, "decide-objection", Role.DY_SP, **decided)
    assert problem(response) == (409, "not-now")


async def test_the_approver_sees_who_was_heard_and_who_appeals(desk: Desk) -> None:
    restoration = await desk.hold()
    await desk.to_approval(restoration)
    found = await desk.read(f"{PATH}/{restoration}", Role.SP)
    (line,), (notice,) = found["lines"], found["notices"]
    assert (notice["hold_id"], notice["step"], notice["visit_no"], notice["state"]) == (
        *(line["hold_id"], "holder_notice", 1),
        "issued",
    )
    assert (line["noticed_paise"], found["complaint_held_paise"], found["complaint_restored_paise"]) == (
        *(2000_00, 2000_00),
        0,
    )
    assert found["grievances"] == []
    new = NewGrievance.model_validate({"text": "I sold a phone", "language": "en"})
    hold_id = UUID(line["hold_id"])
    filed = await grievance_decisions.file_grievance(desk.doors.services.ctx, hold_id, new, "holder")
    (appeal,) = (await desk.read(f"{PATH}/{restoration}", Role.SP))["grievances"]
    assert (appeal["number"], appeal["hold_id"], appeal["level"]) == (filed.number, line["hold_id"], "bank")


async def test_what_was_cancelled_is_reopened_by_its_door(desk: Desk) -> None:
    restoration = await desk.hold()
    await desk.done(restoration, "cancel", Role.SUPERVISOR, **WHY)
    assert (await desk.read(f"{PATH}/{restoration}", Role.SUPERVISOR))["may"] == ["reopen"]
    assert (await desk.read(f"{PATH}/{restoration}", Role.DESK))["may"] == []
    headers = desk.doors.officer(Role.SUPERVISOR)
    response = await desk.doors.client.post(f"{PATH}/{restoration}/reopen", json=WHY, headers=headers)
    assert response.status_code == 200, response.text
    assert response.json()["state"] == "cancelled", "the next round begins when the engine takes the money up"


async def test_sent_back_and_cancelled_with_a_reason(desk: Desk) -> None:
    restoration = await desk.hold()
    await desk.to_approval(restoration)
    assert (await desk.done(restoration, "send-back", Role.SP, **WHY))["step"] == "verification"
    assert (await desk.done(restoration, "send-back", Role.IO, to="application", **WHY))["visit_no"] == 2
    assert (await desk.done(restoration, "cancel", Role.SUPERVISOR, **WHY))["state"] == "cancelled"


async def test_a_body_that_is_not_right(desk: Desk, subtests: pytest.Subtests) -> None:
    case = await desk.hold()
    for verb, role, body, field in (
        ("refuse", Role.SP, {"reason": "  "}, "reason"),
        ("refuse", Role.SP, {"reason": "a\x00b"}, "reason"),
        ("verify", Role.IO, {"visit_no": "1"}, "visit_no"),
        ("verify", Role.IO, {"reason": "none is asked for"}, "reason"),
        ("take-order", Role.IO, {"court_order_id": 2**63}, "court_order_id"),
    ):
        with subtests.test(verb, body=body):
            response = await desk.post(case, verb, role, **body)
            assert problem(response) == (422, "invalid-request")
            assert [found["field"] for found in response.json()["violations"]] == [field]


async def test_an_unknown_restoration(desk: Desk) -> None:
    for method, path, body in (
        ("GET", f"{PATH}/{uuid4()}", None),
        ("POST", f"{PATH}/{uuid4()}/verify", {"step": "verification", "visit_no": 1}),
    ):
        response = await desk.doors.client.request(method, path, json=body, headers=desk.doors.officer(Role.IO))
        assert problem(response) == (404, "not-found")


async def check_hearings(desk: Desk, restoration: str, day: Callable[..., Awaitable[list[Any]]]) -> None:
    """A day is recorded and replaced by what the officer saw, keeps its history, and is told to the IO once."""
    path, court = f"{PATH}/{restoration}/court-hearings", "Permanent Lok Adalat, Lucknow"
    first, second = [(desk.at.astimezone(IST).date() + timedelta(days=days)).isoformat() for days in (20, 2)]

    async def recorded(status: int, held_on: str | None, seen: int | None) -> Any:
        body = {"held_on": held_on, "court": court, "seen": seen, "reason": "the list of the court"}
        response = await desk.doors.client.post(path, json=body, headers=desk.doors.officer(Role.DESK))
        assert response.status_code == status, response.text
        return response.json()

    (one,) = (await recorded(200, first, None))["items"]
    assert (await recorded(409, second, None))["code"] == "court_hearing_changed"
    assert (await recorded(409, "2020-02-02", one["court_hearing_id"]))["code"] == "court_hearing_day_refused"
    newer, older = (await recorded(200, second, one["court_hearing_id"]))["items"]
    assert (older["held_on"], older["ended_by"]) == (first, "officer:officer1")
    assert [await day(hearing_on=one) for one in (first, second)] == [[], [(restoration, "waits", True)]]
    case_no = (await desk.read(f"{PATH}/{restoration}"))["case_ack_no"]
    ctx = desk.doors.services.ctx
    assigned = {"name": "R. Verma", "rank": "Inspector", "phone": "9415000001", "district": "Lucknow"}
    assigned |= {"police_station": "Cyber Crime, Lucknow", "duty": "io", "subject": "io1"}
    chief = desk.doors.officer(Role.SUPERVISOR, "chief")
    named = await desk.doors.client.post(f"/api/v1/cases/{case_no}/officer", json=assigned, headers=chief)
    assert named.status_code == 201, named.text
    told = "SELECT count(*) FROM message WHERE case_no = $1 AND kind = 'court_hearing'"
    told_of = []
    for _ in range(2):
        async with ctx.pool.acquire() as connection:
            due = await court_hearings.due(connection, desk.at.date(), desk.at.date() + timedelta(days=3), [], 10)
        told_of.append(sum([await tell_of_hearings(ctx, case, ids) for case, ids in due if case == case_no]))
    assert told_of == [1, 0]
    assert (await desk.read(path))["items"][0]["told_at"]
    assert await ctx.pool.fetchval(told, case_no) == 1, "by SMS, once"
    assert (await recorded(200, None, newer["court_hearing_id"]))["items"][0]["ended_at"]
    assert await day(hearing_on=second) == []


async def test_a_day_of_the_lok_adalat(desk: Desk) -> None:
    """Two files wait. One order is recorded for both, confirmed by a second officer, and taken."""
    both = [await desk.hold(rrn, 60_000, 60_000) for rrn in ("412345678901", "412345678902")]
    await desk.to_approval(both[0])

    async def day(**query: Any) -> list[tuple[str, str, bool]]:
        items = (await desk.read("/api/v1/court-day", **query))["items"]
        return [(line["restoration_id"], line["standing"], line["is_ready"]) for line in items]

    assert await day() == [(both[0], "waits", True)], "the other one is not before the Lok Adalat yet"
    assert await day(route="court") == await day(district="AGRA") == []
    await desk.to_approval(both[1])
    page = await desk.read("/api/v1/court-day", route="lok_adalat", limit=1)
    (found,) = page["items"]
    assert (found["accounts"], found["notices"], found["notices_issued"], found["signed_by_code"]) == (
        *([{"institution": "SBIN", "account_end": "0001", "held_paise": 60_000_00}], 1, 1),
        False,
    )
    assert await day(after=page["next"], district="Lucknow") == [(both[1], "waits", True)]
    await check_hearings(desk, both[0], day)

    today, court = desk.at.astimezone(IST).date().isoformat(), "Permanent Lok Adalat, Lucknow"
    told = {"kind": "lok_adalat", "effect": "restore", "court": court, "order_no": "7/26", "made_on": today}
    cases = [(await desk.read(f"{PATH}/{one}"))["case_ack_no"] for one in both]
    body = told | {"document": WAIVER, "about": [{"ack_no": case_no} for case_no in cases]}
    assert (await desk.doors.post("/api/v1/court-orders", body, Role.DESK)).status_code == 200
    assert [standing for _, standing, _ in await day(on=today, court=court)] == ["recorded"] * 2
    assert [standing for _, standing, _ in await day(on="2020-02-02")] == ["recorded"] * 2, "they wait whatever the day"
    assert await day(court="another court") == []

    def officer(name: str) -> dict[str, str]:
        return desk.doors.officer(Role.SP, name)

    mine, others = [
        (await desk.doors.client.get("/api/v1/court-orders/waiting", headers=officer(name))).json()["items"]
        for name in ("officer1", "officer2")
    ]
    assert [(one["needs_another"], one["asks"], one["held_paise"]) for one in mine] == [
        (True, "confirmation", 60_000_00)
    ] * 2
    assert [one["needs_another"] for one in others] == [False, False]
    path = f"/api/v1/cases/{others[0]['case_ack_no']}/court-orders/{others[0]['court_order_id']}/confirm"
    assert (await desk.doors.client.post(path, json=WHY, headers=officer("officer2"))).status_code == 200
    assert [standing for _, standing, _ in await day(on=today)] == ["in_force", "recorded"]
    await desk.tick(both[0])
    assert [standing for _, standing, _ in await day(on=today)] == ["taken", "recorded"]
    assert [one for one, _, _ in await day()] == both[1:], "without a day, only those that wait"
    headers = {**desk.doors.officer(Role.IO), "Accept": "text/csv"}
    file = await desk.doors.client.get("/api/v1/court-day", params={"on": today}, headers=headers)
    table = file.content.decode("utf-8-sig")
    assert [row.split(",")[0] for row in table.splitlines()] == ["ack_no", *cases]
    assert "50100000000001" not in table, "accounts are masked"
    headers["Accept"] = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    workbook = await desk.doors.client.get("/api/v1/court-day", params={"on": today}, headers=headers)
    assert workbook.headers["content-disposition"] == 'attachment; filename="court-day.xlsx"'
