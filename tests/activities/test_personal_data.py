"""Workflow payloads, case logs and log lines have no person's name, phone or account in them."""

import logging
from dataclasses import replace
from uuid import UUID

import orjson
import pytest
from prometheus_client import generate_latest
from temporalio.exceptions import ApplicationError

from activities.case.desk import add_hop, correct_hop, escalate_request, stop_request
from activities.metrics import METRICS
from adapters.banks.protocol import BankRefused, BankUnreachable
from db.case import cases
from schemas.case.case_workflow import FollowUp
from schemas.case.discrepancies import HopCorrection, NewHopByDesk
from schemas.case.hold_requests import RequestStages
from schemas.enums import EscalationLevel
from tests.activities.bench import Bench
from tests.factories import complaint, moved, row, rrn, transfer
from tests.opened_bodies import opened_rows

VICTIM = {"name": "Savitri Devi Chauhan", "mobile": "9415551234", "district": "KUSHI NAGAR"}
PAYER = {"institution": "SBIN", "account": "30119998887776", "ifsc": "SBIN0009876"}
PAYEE = {"institution": "HDFC", "account": "000501998877665", "ifsc": "HDFC0005432"}
VPA = {"institution": "ICIC", "vpa": "mule.king99@okicici"}
WALLET = {"institution": "Wallet of Nowhere", "wallet": "WLT-77665544"}
ONWARD, CORRECTED, ADDED = "000987650001234", "881122330099", "771122330088"
SAID = {
    "remarks": "holder Raju Mule absconding",
    "phone_number": "8123456780",
    "email": "raju@mule.example",
    "pan_number": "ABCDE1234F",
    "place_of_atm": "Shop 5 Gali Nai Basti",
}
REASON = "spoke to branch manager"
PERSONAL = [
    *VICTIM.values(),
    *(PAYER["account"], PAYEE["account"], VPA["vpa"], WALLET["wallet"], ONWARD, CORRECTED, ADDED),
    *SAID.values(),
    "account 000501998877665 is frozen",
]


def spellings() -> list[str]:
    """Every personal value as it may be written: as told, and as it is compared."""
    return [*PERSONAL, *(value.lstrip("0").upper() for value in PERSONAL), "Savitri", "Raju", "RAJU"]


def found_in(text: str) -> list[str]:
    return [value for value in spellings() if value in text]


async def a_full_life(bench: Bench) -> tuple[str, list[FollowUp | None]]:
    """A case in which everything happens to people we know by name."""
    a, b, c, d = rrn(), rrn(), rrn(), rrn()
    known = transfer(5000_00, reference=a, payer=PAYER, payee=PAYEE)
    taken = await bench.take(
        complaint(
            known,
            transfer(700_00, reference=b, payer=PAYER, payee=VPA),
            transfer(100_00, reference=c, payer=PAYER, payee=WALLET),
            victim=VICTIM,
        )
    )
    case_no = taken.receipt.case_ack_no
    joined = await bench.take(complaint(known, transfer(300_00, reference=d, payee=PAYEE), victim=VICTIM))
    bench.bank.outcomes.append(BankRefused("HDFC", "14", "account 000501998877665 is frozen"))
    _, second, _ = await bench.ask(case_no)
    await bench.escalate(case_no, second, EscalationLevel.REMINDER, institution="ICIC")
    told = await bench.answer(
        "HDFC",
        case_no,
        moved(a, "3000.00", "PUNB", ONWARD, root_account_number=PAYEE["account"], **SAID),
        moved(a, "600.00", "Bank of Nowhere", ONWARD, **SAID),
        row(5, a, "1000.00", root_account_number=PAYEE["account"], **SAID),
        row(1, a, "9000.00", **SAID),
        row(1, d, "0", status_code="02", **SAID),
        row(1, "999999999999", "5.00", **SAID),
        row(1, a, "so much", **SAID),
        job_id="BANKS-unknown",
    )
    corrected = await correct_hop(
        bench.ctx,
        case_no,
        4,
        HopCorrection.model_validate({"payee": {"institution": "SBIN", "account": CORRECTED}, "reason": REASON}),
        "officer:1",
    )
    new_hop = {
        "parent_hop_no": 2,
        "payee": {"institution": "SBIN", "account": ADDED},
        "amount_paise": 100_00,
        "disputed_paise": 100_00,
        "reference": rrn(),
        "transferred_at": "2026-11-24T10:00:00",
        "reason": REASON,
    }
    added = await add_hop(bench.ctx, case_no, NewHopByDesk.model_validate(new_hop), "officer:1")
    hurried = await escalate_request(bench.ctx, case_no, UUID(second.request_id), REASON, "officer:1")
    stopped = await stop_request(bench.ctx, case_no, UUID(second.request_id), REASON, "officer:1")
    bench.bank.outcomes.append(BankUnreachable("PUNB", "HTTP 503"))
    with pytest.raises(ApplicationError) as failed:
        await bench.ask(case_no)
    assert found_in(str(failed.value)) == []
    follow_ups = [one.follow_up for one in (taken, joined, told, corrected, added, hurried, stopped)]
    await bench.check(case_no)
    return case_no, follow_ups


async def test_nothing_that_leaves_the_tables_of_people_names_one(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    traced: list[RequestStages] = []
    case_no, follow_ups = await a_full_life(Bench(replace(bench.ctx, trace=traced.append)))

    kinds = {kind for (kind,) in await bench.rows("SELECT DISTINCT kind FROM case_event WHERE case_no = $1", case_no)}
    assert len(kinds) >= 10, "the case has seen enough for the search to mean something"
    lines = await opened_rows(bench.ctx, "answer", "WHERE case_no = $1", case_no)
    assert found_in(str([line["raw"] for line in lines])), "the search finds what is there"

    events = await bench.value("SELECT string_agg(data::text, ' ') FROM case_event WHERE case_no = $1", case_no)
    assert found_in(events) == []
    news = await bench.value("SELECT string_agg(body::text, ' ') FROM case_news WHERE case_no = $1", case_no)
    assert found_in(news) == []
    assert REASON not in news, "an officer's free text stays in the case log"
    for follow_up in follow_ups:
        assert follow_up is not None
        text = follow_up.model_dump_json()
        assert (found_in(text), REASON in text) == ([], False)
    async with bench.pool.acquire() as connection:
        start = await cases.snapshot(connection, case_no)
    assert found_in(start.model_dump_json()) == []
    assert found_in(generate_latest(METRICS.registry).decode()) == []
    assert traced
    assert [found_in(stages.model_dump_json()) for stages in traced] == [[]] * len(traced)
    assert found_in(caplog.text) == []


async def test_what_activities_take_and_give_names_no_person(bench: Bench) -> None:
    root = rrn()
    case_no = await bench.complain(transfer(reference=root, payer=PAYER, payee=PAYEE), victim=VICTIM)
    orders = await bench.orders(case_no)
    bench.bank.outcomes.append(BankRefused("HDFC", "14", "account 000501998877665 is frozen"))
    sent = [await bench.freeze.send_hold_request(order) for order in orders]
    escalated = await bench.escalate(case_no, sent[0], EscalationLevel.DESK_TASK)
    settled = await bench.settle(case_no)
    given = orjson.dumps([one.model_dump(mode="json") for one in (*orders, *sent, escalated, settled)]).decode()
    assert case_no in given
    assert found_in(given) == []
