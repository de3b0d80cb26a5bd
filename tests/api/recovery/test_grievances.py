"""Grievances and holds over HTTP: what officers and banks read and do, and every way in which they are refused."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from activities.recovery import hold_lifecycle
from api.services import Services
from schemas.enums import Role
from tests.activities.release_bench import HEARING, make_io
from tests.api.conftest import line, transfer
from tests.api.recovery.moved_clock import MovedClock, problem

PATH, HOLDS, BANK = "/api/v1/grievances", "/api/v1/holds", "/api/v1/bank/grievances"
WHY = {"reason": "as the documents say"}
APPEAL = {"text": "it is the rent of my tenant", "language": "hi", "contact": "9876500000"}
REPORT = {"kyc": "genuine", "finding": "a house owner, visited"}


class Desk(MovedClock):
    """Officers and banks at the doors, and a clock that is moved."""

    async def hold(
        self, rrn: str = "412345678901", rupees: str = "5000.00", account: str = "30000000001"
    ) -> dict[str, Any]:
        """A case of ₹5,000 with so much on hold, the hold as it is read."""
        payee = {"institution": "SBIN", "account": account, "ifsc": "SBIN0000001"}
        receipt = await self.doors.complain(transfers=[transfer(rrn, payee=payee)])
        case_no = receipt["case_ack_no"]
        await self.doors.answer("SBIN", case_no, line("held", rrn, amount=rupees))
        self.at = max(self.at, datetime.now(UTC))
        await hold_lifecycle.open_for_new_holds(self.doors.services.ctx, case_no)
        await make_io(self.doors.services.ctx.pool, case_no, "sharma")
        (found,) = (await self.read(HOLDS, ack_no=case_no))["items"]
        hold: dict[str, Any] = found
        return hold

    async def filed(self, hold_id: str) -> str:
        response = await self.doors.post(f"{HOLDS}/{hold_id}/grievances", APPEAL, Role.DESK)
        assert response.status_code == 201, response.text
        identity: str = response.json()["grievance_id"]
        return identity

    async def confirmed(self, hold_id: str, name: str = "singh") -> Any:
        """A second officer confirms the release when the victims had their time."""
        self.at += HEARING
        headers = self.doors.officer(Role.SP, name)
        response = await self.doors.client.post(f"{HOLDS}/{hold_id}/release/confirm", json=WHY, headers=headers)
        assert response.status_code == 200, response.text
        return response.json()

    async def post(self, grievance: str, verb: str, role: Role, name: str = "officer1", **body: Any) -> httpx.Response:
        """A verb at the level that stands, unless the body says another."""
        if verb != "report" and "level" not in body:
            body["level"] = (await self.read(f"{PATH}/{grievance}"))["level"]
        return await self.doors.client.post(
            f"{PATH}/{grievance}/{verb}", json=body, headers=self.doors.officer(role, name)
        )

    async def done(self, grievance: str, verb: str, role: Role, name: str = "officer1", **body: Any) -> Any:
        response = await self.post(grievance, verb, role, name, **body)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture
async def desk(services: Services) -> AsyncIterator[Desk]:
    made = Desk()
    async with made.opened(services):
        yield made


async def test_from_the_counter_to_the_release(desk: Desk) -> None:
    hold = await desk.hold()
    assert (hold["held_paise"], hold["free_paise"], hold["state"]) == (5000_00, 5000_00, "held")
    grievance = await desk.filed(hold["hold_id"])
    found = await desk.read(f"{PATH}/{grievance}", Role.DESK)
    assert (found["state"], found["level"], found["may"]) == ("open", "bank", ["report", "withdraw"])
    assert (found["text"], found["contact"], found["language"]) == (APPEAL["text"], "9876500000", "hi")
    assert (found["reference"], found["free_paise"], found["overdue"]) == (hold["reference"], 5000_00, False)
    done = await desk.done(grievance, "report", Role.DESK, **REPORT)
    assert (done["level"], done["state"], done["number"]) == ("io", "open", found["number"])
    part = {"decision": "part_released", "released_paise": 2000_00, **WHY}
    done = await desk.done(grievance, "decide", Role.IO, "sharma", **part)
    assert (done["state"], done["waits_for"]) == ("open", "victim_is_heard")
    of_hold = f"{HOLDS}/{hold['hold_id']}/release"
    said = {"ack_no": hold["case_ack_no"], "said": "it is my money"}
    assert (await desk.doors.post(f"{of_hold}/hear", said, Role.DESK)).status_code == 201
    early = await desk.doors.client.post(f"{of_hold}/confirm", json=WHY, headers=desk.doors.officer(Role.SP, "singh"))
    assert problem(early) == (409, "not-now")
    found = await desk.read(f"{PATH}/{grievance}")
    assert (found["waits_for"], found["proposed"]["hearings"][0]["said"]) == ("victim_is_heard", "")
    confirmed = await desk.confirmed(hold["hold_id"])
    assert (confirmed["state"], confirmed["ended_by"]) == ("ordered", "officer:singh")
    done = await desk.done(grievance, "appeal-on", Role.IO, text="and the rest?")
    assert (done["level"], done["state"]) == ("dy_sp", "open")
    await desk.done(grievance, "decide", Role.DY_SP, "verma", decision="released", **WHY)
    told = await desk.doors.post(f"{of_hold}/confirm", WHY, Role.SP)
    assert problem(told) == (409, "not-now")
    desk.at += HEARING
    told = await desk.doors.post(f"{of_hold}/confirm", WHY, Role.SP)
    assert problem(told) == (403, "four-eyes"), "officer1 filed the appeal"
    await desk.confirmed(hold["hold_id"])
    listed = (await desk.read(f"{HOLDS}/{hold['hold_id']}/releases"))["releases"]
    assert [(one["state"], one["paise"]) for one in listed] == [("ordered", 3000_00), ("ordered", 2000_00)]
    found = await desk.read(f"{PATH}/{grievance}", Role.AUDITOR)
    assert found["free_paise"] == 0
    assert [
        (release["state"], release["ordered_paise"], release["confirmed_paise"]) for release in found["releases"]
    ] == [
        ("planned", 2000_00, 0),
        ("planned", 3000_00, 0),
    ] or [release["ordered_paise"] for release in found["releases"]] == [3000_00, 2000_00]
    assert [(level["level"], level["outcome"], level["decision"], level["ended_by"]) for level in found["levels"]] == [
        ("bank", "reported", None, "officer:officer1"),
        ("io", "decided", "part_released", "officer:sharma"),
        ("dy_sp", "decided", "released", "officer:verma"),
    ]
    assert found["levels"][0]["kyc"] == "genuine"
    assert found["levels"][2]["said"] == "and the rest?"


async def test_the_list_and_its_filters(desk: Desk) -> None:
    first = await desk.filed((await desk.hold())["hold_id"])
    desk.at += timedelta(days=1)
    hold = await desk.hold("412345678902")
    second = await desk.filed(hold["hold_id"])
    await desk.done(second, "report", Role.DESK, **REPORT)
    page = await desk.read(PATH, limit=1)
    assert [found["grievance_id"] for found in page["items"]] == [first]
    page = await desk.read(PATH, limit=1, after=page["next"])
    assert ([found["grievance_id"] for found in page["items"]], page["next"]) == ([second], None)

    async def listed(**query: Any) -> list[str]:
        return [found["grievance_id"] for found in (await desk.read(PATH, **query))["items"]]

    assert await listed(level="io") == [second]
    assert await listed(state="withdrawn") == []
    assert await listed(ack_no=hold["case_ack_no"]) == [second]

    async def waiting(role: Role, **query: Any) -> list[str]:
        return [found["grievance_id"] for found in (await desk.read(f"{PATH}/waiting", role, **query))["items"]]

    assert (await waiting(Role.DESK), await waiting(Role.IO), await waiting(Role.SP)) == ([first], [second], [])
    assert await waiting(Role.SP, everybody=True) == [first, second], "by deadline"
    page = await desk.read(f"{PATH}/waiting", Role.SP, everybody=True, limit=1)
    assert await waiting(Role.SP, everybody=True, after=page["next"]) == [second]
    assert await waiting(Role.SP, everybody=True, level="io", overdue=False) == [second]
    await desk.done(second, "decide", Role.IO, "sharma", decision="released", **WHY)
    assert (await waiting(Role.SP), await waiting(Role.DESK)) == ([second], [first]), "the release is to be confirmed"
    desk.at += timedelta(days=7)
    assert await listed(overdue=True) == [first]
    assert await listed(overdue=False) == [second]


async def test_how_a_decision_is_refused(desk: Desk) -> None:
    grievance = await desk.filed((await desk.hold())["hold_id"])
    keep = {"decision": "upheld", **WHY}
    assert problem(await desk.post(grievance, "decide", Role.IO, **keep)) == (409, "not-now")
    await desk.done(grievance, "escalate", Role.SUPERVISOR, **WHY)
    assert problem(await desk.post(grievance, "decide", Role.STATE_GRO, **keep)) == (403, "not-allowed")
    assert problem(await desk.post(grievance, "decide", Role.IO, level="bank", **keep)) == (409, "not-now")
    assert problem(await desk.post(grievance, "decide", Role.IO, "stranger", **keep)) == (403, "not-allowed")
    too_much = {"decision": "part_released", "released_paise": 5000_01, **WHY}
    above = await desk.post(grievance, "decide", Role.IO, "sharma", **too_much)
    assert problem(above) == (409, "not-now")
    assert above.json()["params"]["free_paise"] == 500000
    for wrong in (
        {"decision": "part_released", **WHY},
        {"decision": "released", "released_paise": 5, **WHY},
        {"decision": "upheld", "reason": " "},
    ):
        assert problem(await desk.post(grievance, "decide", Role.IO, **wrong)) == (422, "invalid-request"), wrong
    await desk.done(grievance, "decide", Role.IO, "sharma", **keep)
    await desk.done(grievance, "appeal-on", Role.DESK)
    assert problem(await desk.post(grievance, "decide", Role.DY_SP, "sharma", **keep)) == (403, "four-eyes")
    assert problem(await desk.post(str(uuid4()), "decide", Role.IO, level="io", **keep)) == (404, "not-found")


async def test_a_second_grievance_and_a_withdrawn_one(desk: Desk) -> None:
    hold = await desk.hold()
    grievance = await desk.filed(hold["hold_id"])
    again = await desk.doors.post(f"{HOLDS}/{hold['hold_id']}/grievances", APPEAL, Role.IO)
    assert problem(again) == (409, "not-now")
    assert (await desk.done(grievance, "withdraw", Role.DESK, **WHY))["state"] == "withdrawn"
    assert problem(await desk.post(grievance, "escalate", Role.ADMIN, **WHY)) == (409, "not-now")
    assert await desk.filed(hold["hold_id"]) != grievance


# -- banks -------------------------------------------------------------------------------------------------------------


async def test_a_bank_reads_its_customers_appeals_and_reports(desk: Desk) -> None:
    hold = await desk.hold()
    grievance = await desk.filed(hold["hold_id"])
    client, bank = desk.doors.client, desk.doors.bank("SBIN")
    page = (await client.get(BANK, headers=bank)).json()
    (found,) = page["items"]
    assert (found["grievance_id"], found["account"], found["held_paise"]) == (grievance, "30000000001", 5000_00)
    assert (found["text"], found["ack_no"], page["next"]) == (APPEAL["text"], hold["case_ack_no"], None)
    assert (await client.get(BANK, headers=desk.doors.bank("HDFC"))).json()["items"] == []

    said = await client.post(f"{BANK}/{grievance}/report", json=REPORT, headers=bank)
    assert said.status_code == 200, said.text
    assert (said.json()["level"], said.json()["number"]) == ("io", found["number"])
    again = await client.post(f"{BANK}/{grievance}/report", json=REPORT, headers=bank)
    assert (again.status_code, again.json()) == (200, said.json())
    other = await client.post(f"{BANK}/{grievance}/report", json=REPORT | {"kyc": "doubtful"}, headers=bank)
    assert problem(other) == (409, "not-now")
    assert (await client.get(BANK, headers=bank)).json()["items"] == []
    kept = await desk.doors.services.ctx.pool.fetchval(
        "SELECT count(*) FROM bank_evidence WHERE institution = 'SBIN' AND path LIKE '%/report'"
    )
    assert kept == 3


async def test_how_a_banks_report_is_refused(desk: Desk) -> None:
    grievance = await desk.filed((await desk.hold())["hold_id"])
    client = desk.doors.client
    path = f"{BANK}/{grievance}/report"
    assert problem(await client.post(path, json=REPORT, headers=desk.doors.bank("HDFC"))) == (404, "not-found")
    bank = desk.doors.bank("SBIN")
    assert problem(await client.post(path, json={}, headers=bank)) == (422, "invalid-request")
    assert problem(await client.get(f"{BANK}?cursor=x", headers=bank)) == (422, "invalid-request")
    assert (await desk.read(f"{PATH}/{grievance}"))["level"] == "bank"


# -- holds -------------------------------------------------------------------------------------------------------------


async def test_holds_are_listed_the_first_to_end_first(desk: Desk) -> None:
    large = await desk.hold()
    small = await desk.hold("412345678902", "150.00", "30000000002")

    async def listed(**query: Any) -> list[str]:
        return [found["hold_id"] for found in (await desk.read(HOLDS, **query))["items"]]

    assert await listed() == [large["hold_id"], small["hold_id"]]
    assert await listed(small=True) == [small["hold_id"]]
    assert await listed(institution="HDFC") == []
    assert await listed(institution="A_BANK_AS_DIRECTORY") == [], "every code of the directory can be asked for"
    assert await listed(held=False) == []
    assert await listed(ends_within_days=89) == []
    assert len(await listed(ends_within_days=90)) == 2
    assert await listed(reference=small["reference"]) == [small["hold_id"]]
    assert await listed(reference="A" * 10) == []
    page = await desk.read(HOLDS, limit=1)
    page = await desk.read(HOLDS, limit=1, after=page["next"])
    assert page["items"][0]["account_end"] == "0002"
    assert [found["hold_id"] for found in page["items"]] == [small["hold_id"]]
    response = await desk.doors.client.get(HOLDS, params={"after": "x"}, headers=desk.doors.officer(Role.IO))
    assert problem(response) == (422, "invalid-request")


async def test_a_small_hold_is_decided_once(desk: Desk) -> None:
    small = await desk.hold("412345678902", "150.00", "30000000002")
    path = f"{HOLDS}/{small['hold_id']}/decide-small"
    decided = {"decision": "release", **WHY}
    of_hold = f"{HOLDS}/{small['hold_id']}/file"
    file = await desk.read(of_hold)
    assert file["barred"] == [{"act": "decide_small", "code": "officer_not_of_case"}], "sharma investigates"
    assert (file["account_end"], file["hold"]["waits_for"], file["more_transfers"]) == ("0002", None, False)
    case = await desk.read(f"/api/v1/cases/{small['case_ack_no']}")
    assert file["last_event_seq"] == case["last_event_seq"], "a stream of the case begins there"
    ((transfer_in,), (claim,)) = file["transfers"], file["claims"]
    assert [transfer_in[name] for name in ("banks", "layer", "held_paise")] == [["HDFC", "SBIN"], 1, 150_00]
    assert [claim[name] for name in ("ack_no", "held_here_paise", "held_paise", "restored_paise", "step")] == [
        *(small["case_ack_no"], 150_00, 150_00, 0, "collecting")
    ]
    done = await desk.doors.client.post(path, json=decided, headers=desk.doors.officer(Role.IO, "sharma"))
    assert (done.status_code, done.json()["waits_for"]) == (200, "victim_is_heard")
    assert problem(await desk.doors.post(path, decided, Role.SP)) == (409, "not-now")
    file = (await desk.doors.client.get(of_hold, headers=desk.doors.officer(Role.IO, "sharma"))).json()
    assert file["hold"]["waits_for"] == "victim_is_heard"
    assert {"act": "hear", "code": "hearer_proposed"} in file["barred"], "sharma proposed it"
    await desk.confirmed(small["hold_id"])
    assert problem(await desk.doors.post(path, decided, Role.SP)) == (409, "not-now")
    found = await desk.read(f"{HOLDS}/{small['hold_id']}")
    assert (found["small_hold_decision"], found["small_hold_decided_by"], found["free_paise"]) == (
        "release",
        "officer:sharma",
        0,
    )
    large = await desk.hold()
    assert problem(await desk.doors.post(f"{HOLDS}/{large['hold_id']}/decide-small", decided, Role.IO)) == (
        *(409, "not-now"),
    )
