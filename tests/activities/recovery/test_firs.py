"""Reports: asked for by the engine or an officer, registered over the wire, signed or lapsed; officers of a case."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest

from activities.context import Context
from activities.outgoing import Routes, Ways, send_due
from activities.recovery.firs import NO_REGISTER, REPORTS, assign_officer, sign_fir, take_fir
from adapters.police.cctns import CctnsRegister, CctnsWire
from db.case import firs
from domain.errors import NotFound, NotNow
from domain.errors.restoration import (
    FirNeedsNoSignature,
    FirReplaced,
    FirStands,
    OtherFirRequested,
    SignedBeforeRegistered,
    TimeInFuture,
)
from schemas.case.police import Fir, NewFir, NewOfficer, SignFir
from schemas.restoration_enums import CaseDuty
from simulator.people.police import PoliceStation, StationHabits
from tests.activities.recovery.test_statutory_duties import Duties
from tests.asgi_server import served
from tests.desk_tasks import notes
from tests.factories import rrn, transfer
from tests.waiting import until

KEY = b"a key of the register, thirty-two bytes and more"
LAKH = 1_00_000_00
BY = "officer:io"
WHY = "signed at the station"
_IS_DUE = "SELECT EXISTS (SELECT FROM outgoing WHERE kind = 'fir' AND next_attempt_at <= $1)"


class Station(Duties):
    """A bench with a police station of its own behind real HTTP; both go by one clock."""

    def __init__(self, ctx: Context) -> None:
        super().__init__(ctx)
        self.station = PoliceStation("up-cyber", KEY, clock=lambda: self.clock.at)
        self.register: CctnsRegister

    async def large(self, paise: int = LAKH) -> str:
        """A case that has lost so much."""
        return await self.bench.complain(transfer(paise, reference=rrn()))

    async def ask(self) -> int:
        return await send_due(self.ctx, Routes(Ways(), register=self.register), REPORTS)

    async def fir(self, case_no: str) -> Fir:
        async with self.ctx.pool.acquire() as connection:
            return (await firs.firs(connection, case_no))[0]

    async def requested(self, case_no: str, kind: str = "zero_fir") -> Fir:
        return await take_fir(self.ctx, case_no, NewFir.model_validate({"kind": kind}), BY)

    async def sign(self, case_no: str, fir_id: UUID, **changes: Any) -> Fir:
        told = {"signed_at": self.clock.at, "reason": WHY} | changes
        return await sign_fir(self.ctx, case_no, fir_id, SignFir.model_validate(told), BY)

    async def kinds(self, case_no: str) -> list[str]:
        return [kind for kind in await self.bench.events(case_no) if kind.startswith(("fir", "duty", "officer"))]


@pytest.fixture
async def home(ctx: Context) -> AsyncIterator[Station]:
    home = Station(ctx)
    async with served(home.station) as url:
        wire = CctnsWire(url, "up-cyber", KEY)
        async with CctnsRegister(wire, clock=lambda: home.clock.at) as register:
            # What other tests of this room have asked for is not this test's.
            await ctx.pool.execute("UPDATE fir SET state = 'refused' WHERE state = 'requested'")
            home.register = register
            while await ctx.pool.fetchval(_IS_DUE, home.clock.at):
                await home.ask()
            yield home


async def test_a_large_loss_asks_for_an_e_zero_fir_by_itself_and_once(home: Station) -> None:
    case_no = await home.large()
    assert (await home.bench.events(case_no))[-2:] == ["fir_requested", "request_sent"]
    assert await home.ask() == 1
    assert await home.ask() == 0
    (report,) = home.station.reports.values()
    assert (report.kind, report.ack_no, report.body["loss_paise"]) == ("e_zero_fir", case_no, LAKH)
    assert report.body["sections"] == ["BNS 318(4)", "BNS 319(2)", "IT Act 66C", "IT Act 66D"]
    found = await home.fir(case_no)
    assert (found.state, found.fir_no, found.sign_by) == ("registered", report.fir_no, report.sign_by)
    async with home.ctx.pool.acquire() as connection:
        document = await firs.fir_copy(connection, case_no, found.fir_id, home.ctx.opens)
    assert found.document_digest == sha256(document).hexdigest()
    assert await home.kinds(case_no) == ["fir_requested", "fir_registered", "fir_copied", "duty_opened"]
    told = await home.bench.rows("SELECT kind, to_whom FROM message WHERE case_no = $1", case_no)
    assert told == [("fir_to_sign", "victim")]


async def test_a_small_loss_asks_for_none_until_it_has_grown(home: Station) -> None:
    first = transfer(LAKH - 1, reference=rrn())
    case_no = await home.bench.complain(first)
    assert await home.bench.value("SELECT count(*) FROM fir WHERE case_no = $1", case_no) == 0
    assert await home.bench.complain(first, transfer(1, reference=rrn()), taken_by="officer:2") == case_no
    assert (await home.fir(case_no)).kind == "e_zero_fir"


async def test_a_signature_in_time_does_the_duty(home: Station) -> None:
    case_no = await home.large()
    await home.ask()
    found = await home.fir(case_no)
    home.clock.at += timedelta(hours=5)
    signed = await home.sign(case_no, found.fir_id)
    assert (signed.state, signed.signed_at) == ("signed", home.clock.at)
    assert await home.sign(case_no, found.fir_id) == signed, "twice is once"
    assert await home.pass_time(case_no, timedelta(days=9)) == []
    assert (await home.kinds(case_no))[-2:] == ["fir_signed", "duty_done"]
    assert await home.ended(case_no)


async def test_without_a_signature_it_lapses_at_the_hour_and_another_may_be_asked_for(home: Station) -> None:
    case_no = await home.large()
    await home.ask()
    first = await home.fir(case_no)
    assert await home.pass_time(case_no, timedelta(hours=71)) == ["remind:fir_signature"]
    assert (await home.fir(case_no)).state == "registered"
    assert await home.pass_time(case_no, timedelta(hours=2)) == ["lapse:fir_signature"]
    assert (await home.fir(case_no)).state == "lapsed"
    assert (await home.kinds(case_no))[-2:] == ["fir_lapsed", "duty_overdue"]
    assert await home.notes(case_no) == [
        "overdue: the signature of the e-Zero FIR: see to it under Police and courts in the case"
    ]
    assert await home.ended(case_no)
    with pytest.raises(NotNow, match="had to be signed by"):
        await home.sign(case_no, first.fir_id)
    again = await home.requested(case_no, "e_zero_fir")
    assert again.fir_id != first.fir_id
    assert await home.ask() == 1
    assert not await home.ended(case_no), "its signature has a clock of its own"
    assert await home.pass_time(case_no, timedelta(hours=71)) == ["remind:fir_signature"]
    await home.sign(case_no, again.fir_id)
    assert await home.ended(case_no)


async def test_a_lapse_and_a_signature_at_once_leave_one_of_them(home: Station) -> None:
    case_no = await home.large()
    await home.ask()
    fir_id = (await home.fir(case_no)).fir_id
    home.clock.at += timedelta(hours=73)
    lapse = home.care(case_no, "lapse:fir_signature")
    results = await asyncio.gather(lapse, home.sign(case_no, fir_id), return_exceptions=True)
    state = (await home.fir(case_no)).state
    assert (state == "lapsed") == any(isinstance(result, NotNow) for result in results)
    assert ("fir_lapsed" in await home.kinds(case_no)) == (state == "lapsed")
    assert ("fir_signed" in await home.kinds(case_no)) == (state == "signed")


async def test_an_officer_asks_for_a_report(home: Station) -> None:
    case_no = await home.large(5_000_00)
    asked = await home.requested(case_no)
    assert await home.requested(case_no) == asked
    assert await home.ask() == 1
    found = await home.fir(case_no)
    assert (found.kind, found.state, found.sign_by) == ("zero_fir", "registered", None)
    with pytest.raises(FirStands, match="is registered"):
        await home.requested(case_no)
    assert await home.kinds(case_no) == ["fir_requested", "fir_registered", "fir_copied"]


async def test_a_report_recorded_by_hand_takes_the_place_of_one_that_was_asked_for(home: Station) -> None:
    case_no = await home.large()
    by_hand = {"fir_no": "0412/2026", "police_station": "Hazratganj", "registered_at": home.clock.at}
    new = NewFir.model_validate({"kind": "fir", "sections": ["BNS 318(4)"], "by_hand": by_hand})
    found = await take_fir(home.ctx, case_no, new, BY)
    assert (found.kind, found.state, found.fir_no, found.sections) == (
        "fir",
        "registered",
        "0412/2026",
        ("BNS 318(4)",),
    )
    assert await take_fir(home.ctx, case_no, new, BY) == found
    assert await home.ask() == 0
    assert home.station.reports == {}
    with pytest.raises(FirNeedsNoSignature):
        await home.sign(case_no, found.fir_id)


async def test_a_signature_in_time_that_is_recorded_late_stands(home: Station) -> None:
    case_no = await home.large()
    await home.ask()
    lapsed = await home.fir(case_no)
    await home.pass_time(case_no, timedelta(hours=73))
    assert (await home.fir(case_no)).state == "lapsed"
    other = await home.requested(case_no, "e_zero_fir")
    signed = await home.sign(case_no, lapsed.fir_id, signed_at=home.clock.at - timedelta(hours=5))
    assert (signed.state, signed.fir_no) == ("signed", lapsed.fir_no)
    assert await home.notes(case_no) == []
    assert await home.ask() == 0, "the other is asked for no more"
    cancelled = await home.bench.value("SELECT state FROM fir WHERE fir_id = $1", other.fir_id)
    assert cancelled == "cancelled"
    assert (await home.kinds(case_no))[-2:] == ["fir_cancelled", "fir_signed"]


async def test_a_signature_for_a_report_that_has_another_in_its_place_is_refused(home: Station) -> None:
    case_no = await home.large()
    await home.ask()
    lapsed = await home.fir(case_no)
    await home.pass_time(case_no, timedelta(hours=73))
    await home.requested(case_no, "fir")
    await home.ask()
    with pytest.raises(FirReplaced):
        await home.sign(case_no, lapsed.fir_id, signed_at=home.clock.at - timedelta(hours=5))


async def test_an_old_e_zero_fir_is_recorded_with_its_signature_or_not_at_all(home: Station) -> None:
    case_no = await home.large()
    registered_at = home.clock.at - timedelta(hours=80)
    told = {"fir_no": "EZ9/2026", "police_station": "Cyber", "registered_at": registered_at}
    signed_at = registered_at + timedelta(hours=71)
    for kind, changes, why in (
        ("e_zero_fir", {}, "Give the time of its signature"),
        ("e_zero_fir", {"signed_at": signed_at + timedelta(hours=2)}, "had to be signed by"),
        ("fir", {"signed_at": signed_at}, "needs no signature"),
    ):
        new = NewFir.model_validate({"kind": kind, "by_hand": told | changes})
        with pytest.raises(NotNow, match=why):
            await take_fir(home.ctx, case_no, new, BY)
    new = NewFir.model_validate({"kind": "e_zero_fir", "by_hand": told | {"signed_at": signed_at}})
    found = await take_fir(home.ctx, case_no, new, BY)
    assert (found.state, found.signed_at) == ("signed", signed_at)
    assert await home.pass_time(case_no, timedelta(days=9)) == []
    assert await home.kinds(case_no) == ["fir_requested", "fir_registered", "fir_signed"]
    assert await home.bench.value("SELECT count(*) FROM message WHERE case_no = $1", case_no) == 0


async def test_a_regular_fir_takes_the_place_of_an_e_zero_fir_that_is_only_asked_for(home: Station) -> None:
    case_no = await home.large()
    asked = await home.requested(case_no, "fir")
    assert (asked.kind, asked.state) == ("fir", "requested")
    assert await home.requested(case_no, "fir") == asked
    with pytest.raises(OtherFirRequested):
        await home.requested(case_no, "e_zero_fir")
    assert await home.ask() == 1
    assert [report.kind for report in home.station.reports.values()] == ["fir"]
    assert await home.kinds(case_no) == [
        "fir_requested",
        "fir_cancelled",
        "fir_requested",
        "fir_registered",
        "fir_copied",
    ]


async def test_a_report_that_was_recorded_while_the_register_was_asked_leaves_two(home: Station) -> None:
    case_no = await home.large()
    home.station.habits = StationHabits(slow_wall_seconds=0.5)
    asking = asyncio.create_task(home.ask())
    await until(lambda: home.station.calls == 1)
    by_hand = {"fir_no": "0412/2026", "police_station": "Hazratganj", "registered_at": home.clock.at}
    await take_fir(home.ctx, case_no, NewFir.model_validate({"kind": "fir", "by_hand": by_hand}), BY)
    await asking
    (theirs,) = home.station.reports.values()
    assert (await home.fir(case_no)).fir_no == "0412/2026"
    assert (await home.kinds(case_no))[-1] == "fir_twice"
    (note,) = await notes(home.bench.pool, "case_no = $1 AND kind = 'supervise'", case_no)
    assert theirs.fir_no in note
    assert "0412/2026 of ours" in note


@pytest.mark.parametrize("ahead", [timedelta(days=1)])
async def test_times_that_cannot_be(home: Station, ahead: timedelta) -> None:
    case_no = await home.large()
    by_hand = {"fir_no": "1/2026", "police_station": "Hazratganj", "registered_at": home.clock.at + ahead}
    with pytest.raises(TimeInFuture):
        await take_fir(home.ctx, case_no, NewFir.model_validate({"kind": "fir", "by_hand": by_hand}), BY)
    await home.ask()
    fir_id = (await home.fir(case_no)).fir_id
    with pytest.raises(TimeInFuture):
        await home.sign(case_no, fir_id, signed_at=home.clock.at + ahead)
    with pytest.raises(SignedBeforeRegistered):
        await home.sign(case_no, fir_id, signed_at=home.clock.at - ahead)
    with pytest.raises(NotFound):
        await home.sign(case_no, uuid4())


# -- what goes wrong ---------------------------------------------------------------------------------------------------


async def test_a_refusal_goes_to_a_person_who_registers_it_elsewhere(home: Station) -> None:
    case_no = await home.large()
    home.station.habits = StationHabits(refuses=1.0)
    assert await home.ask() == 0
    found = await home.fir(case_no)
    assert (found.state, found.refusal) == ("refused", "JURISDICTION: not of this station")
    assert await home.bench.tasks(case_no) == [("supervise", None)]
    assert (await home.kinds(case_no))[-1] == "fir_refused"
    by_hand = {"fir_no": "9/2026", "police_station": "Agra", "registered_at": home.clock.at}
    await take_fir(home.ctx, case_no, NewFir.model_validate({"kind": "fir", "by_hand": by_hand}), BY)
    assert await home.bench.tasks(case_no) == []


async def test_a_register_that_is_down_is_asked_on_and_a_person_told(home: Station) -> None:
    case_no = await home.large()
    home.station.habits = StationHabits(down=True)
    trying = home.ctx.policy.police.asking
    for attempt in range(1, trying.attempts + 1):
        assert await home.ask() == 0
        found = await home.fir(case_no)
        assert (found.state, found.attempts) == ("requested", attempt)
        assert "HTTP 503" in found.failure
        assert bool(await home.bench.tasks(case_no)) == (attempt == trying.attempts)
        assert await home.ask() == 0, "not before its time"
        home.clock.at += timedelta(seconds=max(trying.wait_seconds(attempt), 1.0))
    home.station.habits = StationHabits()
    assert await home.ask() == 1
    assert await home.bench.tasks(case_no) == [("duty", None)], "of its signature"
    assert (await home.fir(case_no)).failure == ""


async def test_a_reply_that_was_lost_makes_no_second_report(home: Station) -> None:
    case_no = await home.large()
    home.station.habits = StationHabits(slow_wall_seconds=0.6)
    asking = home.ctx.policy.police.asking.model_copy(update={"call_timeout_seconds": 0.3})
    police_rules = home.ctx.policy.police.model_copy(update={"asking": asking})
    hasty = replace(home.ctx, policy=home.ctx.policy.model_copy(update={"police": police_rules}))
    assert await send_due(hasty, Routes(Ways(), register=home.register), REPORTS) == 0
    async with asyncio.timeout(10):
        while home.station.calls == 0:  # noqa: ASYNC110 - the station sets no event
            await asyncio.sleep(0.02)
    home.station.habits = StationHabits()
    home.clock.at += timedelta(seconds=asking.first_wait_seconds)
    assert await home.ask() == 1
    assert len(home.station.reports) == 1
    assert (await home.fir(case_no)).fir_no == next(iter(home.station.reports.values())).fir_no


async def test_without_a_register_the_reports_wait_and_say_why(home: Station) -> None:
    case_no = await home.large()
    assert await send_due(home.ctx, Routes(Ways()), REPORTS) == 0
    found = await home.fir(case_no)
    assert (found.state, found.attempts, found.failure) == ("requested", 0, NO_REGISTER)
    home.clock.at += timedelta(minutes=10)
    assert await home.ask() == 1


async def test_two_who_ask_at_once_ask_once_for_each(home: Station) -> None:
    numbers = [await home.large() for _ in range(6)]
    assert sum(await asyncio.gather(*(home.ask() for _ in range(3)))) == 6
    assert sorted(report.ack_no for report in home.station.reports.values()) == sorted(numbers)
    assert home.station.calls == 6


def named(name: str) -> NewOfficer:
    told = {
        "duty": "io",
        "rank": "Inspector",
        "police_station": "Cyber",
        "district": "LUCKNOW",
        "phone": "0522-2234567",
    }
    return NewOfficer.model_validate(told | {"subject": name, "name": name.title()})


# -- officers ----------------------------------------------------------------------------------------------------------


async def test_the_newest_officer_of_a_duty_stands(home: Station) -> None:
    case_no = await home.hold(5_000)
    await assign_officer(home.ctx, case_no, named("first"), "officer:chief")
    assigned = await assign_officer(home.ctx, case_no, named("second"), "officer:chief")
    assert assigned.assignment_no == 2
    async with home.ctx.pool.acquire() as connection:
        standing = await firs.officer(connection, case_no, CaseDuty.IO)
        everybody = await firs.officers(connection, case_no)
        nobody = await firs.officer(connection, case_no, CaseDuty.SUPERVISING)
    assert standing == assigned
    assert [officer.subject for officer in everybody] == ["second", "first"]
    assert nobody is None
    logged: dict[str, Any] = await home.bench.value(
        "SELECT data FROM case_event WHERE case_no = $1 AND kind = 'officer_assigned' ORDER BY seq DESC LIMIT 1",
        case_no,
    )
    assert logged == {"duty": "io", "assignment_no": 2, "subject": "second"}
    told = await home.bench.value("SELECT count(*) FROM procedure_news WHERE workflow_id LIKE 'restoration-%'")
    assert told >= 2
    with pytest.raises(NotFound):
        await assign_officer(home.ctx, "29999999999999", named("first"), "officer:chief")
