"""The reminder of a request that went out as a file is a file too."""

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.banks.channel_health import ConcurrencyLimits
from activities.banks.delivery import REMINDER_WAIT, BankDelivery
from activities.case.hold_requests import CaseActivities
from adapters.banks.iso20022.arrivals import StatusRequest
from adapters.banks.iso20022.orders import decode
from adapters.banks.iso20022.spool import Spool, SpoolAdapter
from db.pool import Pool
from schemas.case.case_workflow import Escalate, Escalated, Sent
from schemas.enums import ChannelKind, EscalationLevel
from tests.activities.bench import Bench
from tests.factories import by_files, make_context, rrn, transfer


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path)


@pytest.fixture
async def bench(database: Pool, spool: Spool) -> Bench:
    """A bench whose only bank takes files; no mail route."""
    bench = Bench(await make_context(database, [by_files("HDFC")]))
    bank_delivery = BankDelivery(bench.ctx, {ChannelKind.ISO20022: SpoolAdapter(spool)})
    bench.freeze = CaseActivities(bench.ctx, bank_delivery, None)
    return bench


def reminders(spool: Spool, sent: Sent) -> list[StatusRequest]:
    found = [decode(path.read_bytes()) for path in spool.of("HDFC", "out").iterdir()]
    sent_reminder = [message for message in found if isinstance(message, StatusRequest)]
    assert all(message.request_message_id == sent.request_id.replace("-", "") for message in sent_reminder)
    return sent_reminder


async def asked(bench: Bench) -> tuple[str, str, Sent]:
    reference = rrn()
    case_no = await bench.complain(transfer(1000_00, reference=reference))
    sent = await bench.ask_one(case_no)
    assert sent.delivered
    return case_no, reference, sent


async def test_the_reminder_of_a_request_by_file_is_one_status_request(bench: Bench, spool: Spool) -> None:
    case_no, reference, sent = await asked(bench)
    assert reminders(spool, sent) == []
    assert await bench.escalate(case_no, sent, EscalationLevel.REMINDER) == Escalated(done=True), (
        "though no mail route is set"
    )
    (sent_reminder,) = reminders(spool, sent)
    assert sent_reminder.references == (reference,)
    await bench.escalate(case_no, sent, EscalationLevel.REMINDER)
    await bench.escalate(case_no, sent, EscalationLevel.NODAL_OFFICER)
    assert len(reminders(spool, sent)) == 1


async def test_an_attempt_that_is_made_again_writes_the_same_reminder(
    bench: Bench, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_no, _, sent = await asked(bench)
    order = Escalate(case_no=case_no, request_id=sent.request_id, institution="HDFC", level=EscalationLevel.REMINDER)
    environment = ActivityEnvironment()

    async def dies(*_: object) -> Escalated:
        raise ConnectionError

    monkeypatch.setattr(CaseActivities, "_record_level", dies)
    with pytest.raises(ConnectionError):
        await environment.run(bench.freeze.escalate_request, order)
    monkeypatch.undo()
    environment.info = dataclasses.replace(environment.info, attempt=2)
    await environment.run(bench.freeze.escalate_request, order)
    assert len(reminders(spool, sent)) == 1


async def test_a_status_request_that_cannot_be_written_stops_no_escalation(bench: Bench, spool: Spool) -> None:
    case_no, _, sent = await asked(bench)
    for path in spool.of("HDFC", "out").iterdir():
        path.unlink()
    spool.of("HDFC", "out").rmdir()
    spool.of("HDFC", "out").write_text("no folder")
    escalated = await bench.escalate(case_no, sent, EscalationLevel.REMINDER)
    assert (escalated.done, escalated.reason) == (False, "no mail route is set")


@pytest.fixture
def limits(bench: Bench, spool: Spool) -> ConcurrencyLimits:
    """The limits of the bench's calls: one place at each bank."""
    limits = ConcurrencyLimits(1)
    bank_delivery = BankDelivery(bench.ctx, {ChannelKind.ISO20022: SpoolAdapter(spool)}, limits)
    bench.freeze = CaseActivities(bench.ctx, bank_delivery, None)
    return limits


async def test_a_reminder_to_a_bank_at_its_call_limit_is_sent_when_a_place_is_free(
    bench: Bench, spool: Spool, limits: ConcurrencyLimits
) -> None:
    case_no, _, sent = await asked(bench)
    with limits.place("HDFC"), pytest.raises(ApplicationError) as busy:
        await bench.escalate(case_no, sent, EscalationLevel.REMINDER)
    assert busy.value.type == "BankBusy"
    assert busy.value.next_retry_delay is not None
    assert not busy.value.non_retryable
    assert reminders(spool, sent) == []
    assert "level_reached" not in await bench.events(case_no)
    await bench.escalate(case_no, sent, EscalationLevel.REMINDER)
    assert len(reminders(spool, sent)) == 1


async def test_a_reminder_that_finds_no_place_for_minutes_stops_no_escalation(
    bench: Bench, spool: Spool, limits: ConcurrencyLimits
) -> None:
    case_no, _, sent = await asked(bench)
    order = Escalate(case_no=case_no, request_id=sent.request_id, institution="HDFC", level=EscalationLevel.REMINDER)
    environment = ActivityEnvironment()
    long_after = environment.info.scheduled_time + REMINDER_WAIT + timedelta(seconds=1)
    environment.info = dataclasses.replace(environment.info, attempt=9, current_attempt_scheduled_time=long_after)
    with limits.place("HDFC"):
        await environment.run(bench.freeze.escalate_request, order)
    assert reminders(spool, sent) == []
    assert "level_reached" in await bench.events(case_no)
