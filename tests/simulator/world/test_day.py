"""A whole day over HTTP: victims, banks, a desk, and an engine that asks the next bank at once."""

import asyncio
import time
from email.message import EmailMessage

import aiosmtplib
import httpx
import pytest

from simulator import endpoints
from simulator.config import DAY_SECONDS, Delay, Knobs, SimulatorConfig
from simulator.people.callers import ScriptToken, Staff
from simulator.server import SimulatorServer, until
from simulator.world.bank_model import Outage
from simulator.world.truth import perfect_truth
from tests.simulator.conftest import quiet
from tests.simulator.police import Police, incident
from workers.embedded.temporal import free_port

RRN = "600112345678"
ACK = "32411260000001"
HOUR_SECONDS = 3_600.0
FAST = 40_000.0
"""two days in four seconds"""
FAST_HOUR = 900.0
"""an hour in four seconds; a short delay of a busy machine is then minutes of simulated time, not hours"""


def short_day(**changes: object) -> SimulatorConfig:
    """Thirty cases; banks of every class answer within the hour, so that the day ends."""
    soon = Delay(median=60.0, sigma=0.8, least=2.0, most=3_600.0)
    plain = {
        "seed": 4,
        "complaints": 30,
        "clock_factor": FAST,
        "delays": {"api": soon, "seat": soon, "mail": soon},
        "desk_poll_wall_seconds": 0.05,
        "first_backoff_wall_seconds": 0.01,
    }
    return SimulatorConfig.model_validate(plain | changes)


async def played(sim: SimulatorServer, police: Police) -> None:
    """Wait until no bank or victim has anything left to send."""

    def over() -> bool:
        done = len(sim.records) == sum(len(plan.complaints) for plan in sim.plans)
        book = sim.banks.book
        return done and all(r.answered_ns for r in sim.records) and book.answered == book.received

    quiet_for = 0
    async with asyncio.timeout(60):
        while quiet_for < 4:
            await asyncio.sleep(0.1)
            quiet_for = quiet_for + 1 if over() else 0


async def test_a_day_without_traps_holds_nearly_all_that_a_perfect_engine_would() -> None:
    config = short_day(knobs=Knobs.none(), day_seconds=3_600.0, clock_factor=FAST_HOUR)
    async with SimulatorServer(config, run_clock=False) as sim, Police(sim.directory) as police:
        police.asks_on = True
        sim.staff = Staff(desk=ScriptToken("of the desk"))
        sim.start(police.url, "of intake")
        await played(sim, police)
        state = sim.state()
        sim.world.check()
        assert len(police.complaints) == 30
        assert {told["token"] for told in police.complaints.values()} == {"Bearer of intake"}
        assert state["repeated_requests"] == 0
        truth = state["truth"]
        assert isinstance(truth, dict)
        # Nearly all that an engine of this speed catches; the machine decides the speed, not the engine's work.
        told = state["latency_ms"]
        assert isinstance(told, dict)
        delay_seconds = 2 * max(told[name]["max"] for name in ("first_request", "next_layer")) / 1000 * FAST_HOUR
        as_slow = perfect_truth(config, sim.institutions, sim.plans, lambda _: delay_seconds)
        assert 0.8 * as_slow.held_paise < sum(truth["caught_paise"].values()) <= 1.05 * sim.truth.held_paise
        for update in police.updates:
            assert all(row["status_code"] in ("00", "01") for row in update.rows)


async def test_a_day_with_every_trap_loses_no_answer_and_makes_no_money() -> None:
    often = {name: 0.15 for name in Knobs.model_fields if name != "outage_median_seconds"}
    knobs = Knobs.model_validate(often | {"outages_per_day": 2.0, "late_answer": 0.05})
    nudges = {"api": 1.0, "seat": 1.0, "mail": 1.0, "call": 1.0}
    config = short_day(knobs=knobs, nudges=nudges)
    async with SimulatorServer(config, run_clock=False) as sim, Police(sim.directory) as police:
        police.asks_on = True
        police.refuse_updates = [500, 503, 401, 429]
        sim.staff = Staff(desk=ScriptToken("of the desk"))
        sim.start(police.url, "of intake")
        hurry = asyncio.create_task(call_everybody(sim))
        try:
            await played(sim, police)
        finally:
            hurry.cancel()
        sim.world.check()
        assert sim.banks.poster.accepted == sim.banks.poster.made
        assert sim.banks.poster.gave_up == 0
        assert sim.desk is not None
        assert sim.desk.corrected > 0
        told = {body.get("rrn") or body.get("utr") or body["payee"]["institution"] for _, _, body in police.corrections}
        assert told
        assert sim.banks.book.repeats > 0, "lost replies made the police ask again"


async def call_everybody(sim: SimulatorServer) -> None:
    """Remind the bank of every ticket that is not handled."""
    while True:
        await asyncio.sleep(0.1)
        for ticket in sim.tickets():
            if not ticket.worked:
                sim.nudge(ticket)


async def test_complaints_are_posted_again_until_they_are_taken() -> None:
    config = short_day(complaints=3, day_seconds=1.0, clock_factor=1.0)
    async with SimulatorServer(config, run_clock=False) as sim:
        # The port must be free between the two. The kernel gives this one to no outgoing connection.
        port = free_port()
        async with Police(sim.directory, port=port) as police:
            address = police.url
        sim.start(address, "of intake")
        await asyncio.sleep(0.1)
        assert not any(record.ack_no for record in sim.records)
        async with Police(sim.directory, port=port) as police:
            await asyncio.wait_for(until(lambda: sum(bool(r.ack_no) for r in sim.records) == 3), 20)
            assert len(police.complaints) == 3
            await asyncio.sleep(0)


async def test_the_desk_calls_silent_banks() -> None:
    knobs = Knobs.none().model_copy(update={"silent_api": 1.0, "silent_seat": 1.0, "silent_mail": 1.0})
    config = quiet(knobs=knobs, nudges={"call": 1.0}, complaints=0, clock_factor=10_000.0, desk_poll_wall_seconds=0.05)
    async with SimulatorServer(config, run_clock=False) as sim, Police(sim.directory) as police:
        sim.staff = Staff(desk=ScriptToken("of the desk"))
        sim.start(police.url, "of intake")
        await police.ask("SBIN", ACK, [incident(RRN, "1.00")])
        await police.ask("HDFC", ACK, [incident(RRN, "1.00")])
        police.add_task("phone_bank", ACK, institution={"code": "SBIN"}, job_id=sim.tickets("SBIN")[0].job_id)
        police.add_task("phone_bank", ACK, institution={"code": "HDFC"}, job_id=None)
        police.add_task("supervise", ACK)
        await asyncio.wait_for(until(lambda: len(police.closed) == 2), 10)
        await asyncio.wait_for(until(lambda: len(police.updates) == 2), 10)
        assert {task_id for task_id, _ in police.closed} == {"1", "2"}


async def test_letters_find_their_ticket() -> None:
    knobs = Knobs.none().model_copy(update={"silent_api": 1.0, "silent_seat": 1.0, "silent_mail": 1.0})
    nudges = {"api": 1.0, "seat": 1.0, "mail": 1.0}
    async with SimulatorServer(quiet(knobs=knobs, nudges=nudges)) as sim, Police(sim.directory) as police:
        sim.connect(police.url)
        for bank in ("SBIN", "HDFC", "PUNB"):
            await police.ask(bank, ACK, [incident(RRN, "1.00")])
        job_id = sim.tickets("SBIN")[0].job_id
        await send(sim, "frauddesk.sbin@banks.example", "Reminder", f"Acknowledgement {ACK}, job {job_id}: unanswered")
        await send(sim, "nodal.hdfc@banks.example", f"Unanswered hold request: acknowledgement {ACK}", "see above")
        await send(sim, "nodal.punb@banks.example", "Unanswered hold request: 32411260000002", "no such ticket")
        await asyncio.wait_for(until(lambda: len(police.updates) == 2), 10)
        assert {update.bank for update in police.updates} == {"SBIN", "HDFC"}
        assert (sim.mailboxes.received, sim.mailboxes.unknown) == (3, 1)
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await send(sim, "somebody@else.example", "Reminder", ACK)


async def send(sim: SimulatorServer, to: str, subject: str, text: str) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "desk@police.example", to, subject
    letter.set_content(text)
    await aiosmtplib.send(letter, hostname="127.0.0.1", port=sim.smtp_port)


@pytest.mark.parametrize("manner", ["reset", "unavailable", "hang"])
async def test_a_bank_that_is_down(
    sim: SimulatorServer, police: Police, manner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "HANG_WALL_SECONDS", 0.4)
    clock, now = sim.clock.now, sim.clock.now()
    outage = Outage(now, now + HOUR_SECONDS, manner)
    sim.banks.desk.plan_outage("SBIN", outage)
    hop = [incident(RRN, "1.00")]
    if manner == "unavailable":
        down = await police.ask("HDFC", ACK, hop)
        assert down.status_code == 200, "only one bank is down"
        base = police.directory[0]["wire"]["base_url"]
        told = await police.client.post(f"{base}/login", json={})
        assert told.status_code == 503
        assert HOUR_SECONDS / 2 < int(told.headers["retry-after"]) <= HOUR_SECONDS
    else:
        with pytest.raises(httpx.RemoteProtocolError):
            await police.ask("SBIN", ACK, hop)
    assert sim.tickets("SBIN") == []
    monkeypatch.setattr(sim.clock, "now", lambda: clock() + HOUR_SECONDS)
    assert (await police.ask("SBIN", ACK, hop)).status_code == 200


async def test_the_controls(sim: SimulatorServer) -> None:
    async with Police(sim.directory) as police:
        control = police.client
        base, other = f"{sim.base_url}/sim", "20000000000001"
        assert (await control.get(f"{base}/directory")).json() == sim.directory
        assert (await control.post(f"{base}/connect", json={"api_url": police.url})).status_code == 200
        script = {"bank": "SBIN", "rrn": RRN, "answers": [{"rows": [{"status_code": "00"}]}], "reply": {"times": 0}}
        assert (await control.post(f"{base}/script", json=script)).status_code == 200
        await police.ask("SBIN", other, [incident(RRN, "1.00")])
        await asyncio.wait_for(until(lambda: bool(police.updates)), 5)
        post = {"bank": "SBIN", "ack_no": other, "rows": [{"status_code": "00"}], "job_id": "BANKS-1"}
        assert (await control.post(f"{base}/post", json=post)).json()["status"] == 200
        start = {"api_url": police.url, "intake_token": "t"}
        assert (await control.post(f"{base}/start", json=start)).status_code == 200
        assert (await control.post(f"{base}/start", json=start)).status_code == 409
        assert (await control.post(f"{base}/start", json={})).status_code == 422
        await asyncio.wait_for(until(lambda: all(r.ack_no for r in sim.records) and len(sim.records) == 5), 10)
        state = (await control.get(f"{base}/state")).json()
        assert state["complaints"]["accepted"] == 5
        assert state["tickets"]["received"] == 1
        assert state["latency_ms"]["first_request"] == {"count": 0}
        [ticket] = (await control.get(f"{base}/tickets")).json()
        assert (ticket["bank"], ticket["ack_no"], ticket["rrns"]) == ("SBIN", other, [RRN])
        assert ticket["received_ns"] < ticket["posts"][0]["sent_ns"] < ticket["posts"][0]["accepted_ns"]


async def test_latencies_are_of_what_was_measured() -> None:
    began = time.monotonic()
    config = short_day(complaints=10, knobs=Knobs.none(), day_seconds=DAY_SECONDS)
    async with SimulatorServer(config, run_clock=False) as sim, Police(sim.directory) as police:
        police.asks_on = True
        sim.start(police.url, "of intake")
        await played(sim, police)
        latency = sim.state()["latency_ms"]
        assert isinstance(latency, dict)
        assert latency["first_request"]["count"] == 10
        assert 0 < latency["first_request"]["p50"] <= latency["first_request"]["p99"]
        assert latency["next_layer"]["count"] > 10
        # In milliseconds, and so less than the whole play took.
        assert 0 < latency["next_layer"]["p50"] < (time.monotonic() - began) * 1_000
        assert len(sim.layer_rows()) == latency["next_layer"]["count"]
        assert sim.state()["first_requests_missing"] == 0
        taken_in = sim.state()["taken_in_seconds"]
        assert isinstance(taken_in, float)
        assert 0 < taken_in < time.monotonic() - began
