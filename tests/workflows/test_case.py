"""The case workflow on the real server: waves, answers, ladder, settlement."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.client import Client

from activities.answering import take_status_update
from activities.hands import Hands
from activities.intake import take_complaint
from adapters.banks.protocol import BankWire, Delivery, HoldTicket
from db.pool import Pool
from tests.factories import complaint, make_hands, moved, row, rrn, status_update, transfer
from workers.temporal import CaseCourier
from workers.worker import Queues, make_workers, running
from workflows.case import CaseWorkflow, case_workflow_id


class Banks:
    """A wire that remembers what it was given."""

    def __init__(self) -> None:
        self.tickets: list[tuple[str, HoldTicket]] = []
        self.arrived = asyncio.Condition()

    async def send_hold_request(self, bank: BankWire, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        async with self.arrived:
            self.tickets.append((bank.code, ticket))
            self.arrived.notify_all()
        return Delivery(job_id=f"BANKS-{ticket.request_id}")

    async def close(self) -> None:
        pass

    async def until(self, count: int) -> None:
        async with asyncio.timeout(10), self.arrived:
            await self.arrived.wait_for(lambda: len(self.tickets) >= count)


@pytest.fixture
async def hands(database: Pool) -> Hands:
    return await make_hands(database)


@pytest.fixture
async def courier(temporal_client: Client, database: Pool) -> AsyncIterator[CaseCourier]:
    courier = CaseCourier(temporal_client, database)
    yield courier
    await courier.close()


@pytest.fixture
async def banks(temporal_client: Client, hands: Hands, courier: CaseCourier) -> AsyncIterator[Banks]:
    banks = Banks()
    async with running(make_workers(temporal_client, hands, banks, None, courier, Queues.ALL)):
        yield banks


async def answer(hands: Hands, courier: CaseCourier, bank: str, ack_no: str, *rows: dict[str, Any]) -> None:
    digest = hashlib.sha256(repr((ack_no, rows)).encode()).digest()
    done = await take_status_update(hands, bank, status_update(ack_no, rows), digest)
    if done.follow_up:
        await courier.tell(done.follow_up)


async def test_each_answer_drives_the_next_request_until_nothing_is_in_play(
    hands: Hands, courier: CaseCourier, banks: Banks, temporal_client: Client
) -> None:
    first, second = rrn(), rrn()
    taken = await take_complaint(
        hands, complaint(transfer(10_000_00, reference=first)), idempotency_key=rrn(), taken_by="officer:1"
    )
    assert taken.follow_up is not None
    await courier.tell(taken.follow_up)
    await banks.until(1)
    case_no = taken.receipt.ack_no
    await answer(
        hands,
        courier,
        "HDFC",
        case_no,
        row(1, first, "4000.00"),
        moved(first, "6000.00", "ICIC", "000123456789", rrn_transaction_id=second),
    )
    await banks.until(2)
    assert [(code, [i.disputed_paise for i in t.incidents]) for code, t in banks.tickets] == [
        ("HDFC", [10_000_00]),
        ("ICIC", [6000_00]),
    ]
    await answer(hands, courier, "ICIC", case_no, row(1, second, "6000.00"))
    outcome = await temporal_client.get_workflow_handle_for(CaseWorkflow.run, case_workflow_id(case_no)).result()
    assert (outcome.waves, outcome.requests) == (2, 2)
    assert await hands.pool.fetchval("SELECT state FROM case_file WHERE case_no = $1", case_no) == "settled"
