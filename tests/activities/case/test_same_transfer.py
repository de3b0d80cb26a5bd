"""One transfer told by several: desk and bank, complaint and answer, an answer and its own repeat. It stays one."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.case.desk import DeskDone, add_hop, correct_hop
from activities.case.intake import Taken
from domain.errors import NotNow
from schemas.case.case_workflow import HopRef
from schemas.case.discrepancies import HopCorrection, NewHopByDesk
from tests.activities.bench import Bench
from tests.activities.told import planned
from tests.factories import complaint, moved, row, rrn, transfer

OFFICER = "officer:7"
ACCOUNT = "000123456789"


async def a_case(bench: Bench, paise: int = 1000_00) -> tuple[str, str]:
    """A case with one hop at HDFC which is asked about, and its reference."""
    root = rrn()
    case_no = await bench.complain(transfer(paise, reference=root))
    await bench.ask(case_no)
    return case_no, root


async def added(bench: Bench, case_no: str, reference: str, paise: int = 400_00, **told: Any) -> DeskDone:
    """The desk adds a hop at ICIC below the first one."""
    new = {
        "parent_hop_no": 1,
        "payee": {"institution": "ICIC", "account": ACCOUNT},
        "amount_paise": paise,
        "disputed_paise": paise,
        "reference": reference,
        "transferred_at": "2026-11-24T10:00:00",
        "reason": "told by phone",
    } | told
    return await add_hop(bench.ctx, case_no, NewHopByDesk.model_validate(new), OFFICER)


def went_on(root: str, rupees: str, reference: str, account: str = ACCOUNT, **changes: Any) -> dict[str, Any]:
    return moved(root, rupees, "ICIC", account, rrn_transaction_id=reference, **changes)


async def live_requests(bench: Bench, case_no: str, hop_no: int) -> list[tuple[str, int]]:
    return await bench.rows(
        "SELECT r.institution, rh.revision FROM request_hop rh JOIN hold_request r USING (request_id)"
        " WHERE rh.case_no = $1 AND rh.hop_no = $2 AND rh.live",
        case_no,
        hop_no,
    )


async def flags(bench: Bench, case_no: str, hop_no: int) -> list[tuple[str, str]]:
    found = await bench.value("SELECT flags FROM hop WHERE case_no = $1 AND hop_no = $2", case_no, hop_no)
    return [(flag["code"], flag["message"]) for flag in found]


async def event(bench: Bench, case_no: str, kind: str) -> dict[str, Any]:
    """What the last event of this kind says."""
    said: dict[str, Any] = await bench.value(
        "SELECT data FROM case_event WHERE case_no = $1 AND kind = $2 ORDER BY seq DESC LIMIT 1", case_no, kind
    )
    return said


# -- the desk's hop, told by the bank ------------------------------------------------------------------------------


@pytest.mark.parametrize("rupees", ["400.00", "250.00"])
async def test_what_the_desk_knew_already_changes_nothing(bench: Bench, rupees: str) -> None:
    case_no, root = await a_case(bench)
    onward = rrn()
    await added(bench, case_no, onward)
    await bench.ask(case_no)
    done = await bench.answer("HDFC", case_no, went_on(root, rupees, onward))
    assert (done.accepted, done.discrepancies, done.follow_up) == (1, 0, None)
    assert await bench.hops(case_no, "state, revision, disputed_paise") == [("asked", 0, 1000_00), ("asked", 0, 400_00)]
    assert (await event(bench, case_no, "answer_received"))["confirmed"] == [
        {"hop_no": 2, "revision": 0, "more_paise": 0, "flags": []}
    ]
    await bench.check(case_no)


async def test_what_the_bank_knows_above_it_tops_the_hop_up_and_it_is_asked_again(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    onward = rrn()
    await added(bench, case_no, onward)
    await bench.ask(case_no)
    done = await bench.answer("HDFC", case_no, went_on(root, "1000.00", onward))
    assert (done.accepted, done.discrepancies) == (1, 0)
    hops = await bench.hops(case_no, "state, revision, amount_paise, disputed_paise")
    assert hops == [("closed", 0, 1000_00, 1000_00), ("asked", 1, 1000_00, 1000_00)]
    assert await live_requests(bench, case_no, 2) == [("ICIC", 1)]
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert planned(done.follow_up.news) == [("ICIC", [(2, 1)], 1000_00)]
    assert HopRef(hop_no=1, revision=0) in done.follow_up.news.closed
    await bench.check(case_no)
    await bench.ask(case_no)
    assert await live_requests(bench, case_no, 2) == [("ICIC", 1)]
    assert [i.disputed_paise for i in bench.bank.tickets[-1][1].incidents] == [1000_00]
    again = await bench.answer("HDFC", case_no, went_on(root, "1000.00", onward), job_id="other bytes")
    assert again.duplicates == 1
    assert await bench.buckets(case_no) == {"lost": -1000_00, "in_play": 1000_00}
    await bench.check(case_no)


async def test_what_neither_the_hop_nor_the_desk_knew_of_is_a_discrepancy_over_the_rest(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    onward = rrn()
    await added(bench, case_no, onward)
    await bench.answer("HDFC", case_no, row(5, root, "500.00"), went_on(root, "900.00", onward))
    assert await bench.discrepancies(case_no) == [("exceeds_disputed", 900_00, 500_00)]
    assert await bench.hops(case_no, "disputed_paise") == [1000_00, 500_00]
    await bench.check(case_no)


async def test_a_settled_case_is_opened_by_what_the_bank_adds_to_the_desks_hop(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    onward = rrn()
    await bench.answer("HDFC", case_no, row(1, root, "0", status_code="20"))
    await added(bench, case_no, onward)
    await bench.answer("ICIC", case_no, row(1, onward, "400.00", root_account_number=ACCOUNT))
    assert (await bench.settle(case_no)).settled
    done = await bench.answer("HDFC", case_no, went_on(root, "700.00", onward))
    assert done.follow_up is not None
    assert planned(done.follow_up.start) == [("ICIC", [(2, 1)], 300_00)]
    assert (await bench.events(case_no))[-2:] == ["case_reopened", "request_sent"]
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 400_00, "in_play": 300_00, "refused": 300_00}
    await bench.check(case_no)


async def test_a_hop_that_waits_for_the_desk_grows_and_goes_on_waiting(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    onward = rrn()
    nowhere = {"institution": "Bank of Nowhere", "account": ACCOUNT}
    await added(bench, case_no, onward, payee=nowhere)
    line = moved(root, "600.00", "Bank of Nowhere", ACCOUNT, rrn_transaction_id=onward)
    done = await bench.answer("HDFC", case_no, line)
    assert await bench.hops(case_no, "state, revision, disputed_paise") == [
        ("asked", 0, 1000_00),
        ("unroutable", 1, 600_00),
    ]
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert (done.follow_up.news.opened, done.follow_up.news.parked) == ((), (HopRef(hop_no=2, revision=1),))
    assert await bench.tasks(case_no) == [("name_institution", 2)]
    await bench.check(case_no)


async def test_the_banks_account_is_kept_beside_the_desks(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    onward = rrn()
    await added(bench, case_no, onward)
    await bench.answer("HDFC", case_no, went_on(root, "400.00", onward, "999888777666"))
    await bench.answer("HDFC", case_no, went_on(root, "300.00", onward, "999888777666"))
    await bench.answer("HDFC", case_no, went_on(root, "200.00", onward, ""))
    assert await bench.hops(case_no, "payee_holder") == ["50100000000001", ACCOUNT]
    ((code, message),) = await flags(bench, case_no, 2)
    assert code == "bank_names_another_account"
    assert "999888777666" in message
    said = str(await bench.rows("SELECT data::text FROM case_event WHERE case_no = $1", case_no))
    assert "999888777666" not in said
    assert "bank_names_another_account" in said
    await bench.check(case_no)


async def test_another_bank_another_reference_or_another_parent_is_another_transfer(bench: Bench) -> None:
    first, second, onward = rrn(), rrn(), rrn()
    case_no = await bench.complain(transfer(5000_00, reference=first), transfer(5000_00, reference=second))
    await added(bench, case_no, onward)
    await bench.answer(
        "HDFC",
        case_no,
        went_on(first, "600.00", rrn()),
        moved(first, "600.00", "PUNB", ACCOUNT, rrn_transaction_id=onward),
        went_on(second, "600.00", onward, amount="1000.00"),
    )
    assert (await bench.hops(case_no, "parent_hop_no, institution, disputed_paise"))[2:] == [
        (1, "ICIC", 400_00),
        (1, "ICIC", 600_00),
        (1, "PUNB", 600_00),
        (2, "ICIC", 600_00),
    ]
    await bench.check(case_no)


# -- an onward transfer, told by a victim --------------------------------------------------------------------------


async def test_a_complaint_about_a_transfer_that_a_bank_told_of_joins_the_case(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    onward = rrn()
    await bench.answer("HDFC", case_no, went_on(root, "1000.00", onward, amount="1500.00"))
    joined = await bench.take(complaint(transfer(1500_00, payee_bank="ICIC", reference=onward)))
    assert (joined.receipt.case_ack_no, joined.receipt.joined) == (case_no, True)
    assert (await bench.buckets(case_no))["lost"] == -1000_00
    assert await bench.hops(case_no, "hop_no") == [1, 2]
    await bench.check(case_no)


async def test_a_complaint_about_a_transfer_that_the_desk_added_joins_the_case(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    onward = rrn()
    await added(bench, case_no, onward)
    assert await bench.complain(transfer(400_00, payee_bank="ICIC", reference=onward)) == case_no
    await bench.answer("HDFC", case_no, went_on(root, "700.00", onward))
    assert await bench.complain(transfer(700_00, payee_bank="ICIC", reference=onward)) == case_no
    assert await bench.buckets(case_no) == {"lost": -1000_00, "in_play": 1000_00}
    await bench.check(case_no)


async def test_a_complaint_that_names_the_bank_of_an_onward_transfer_rightly_joins_the_case(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    onward = rrn()
    await bench.answer("HDFC", case_no, moved(root, "1000.00", "Bank of Nowhere", ACCOUNT, rrn_transaction_id=onward))
    payee = {"institution": "ICIC", "account": ACCOUNT}
    correction = HopCorrection.model_validate({"payee": payee, "reason": "the bank called"})
    await correct_hop(bench.ctx, case_no, 2, correction, OFFICER)
    assert await bench.complain(transfer(1000_00, payee_bank="ICIC", reference=onward)) == case_no
    await bench.check(case_no)


@pytest.mark.parametrize(
    ("days", "payer", "cases"), [(365, "777000111222", 2), (365, "1234567890", 1), (5, "777000111222", 1)]
)
async def test_b4_a_reference_used_again_long_after_by_another_payer_is_another_transfer(
    bench: Bench, days: int, payer: str, cases: int
) -> None:
    root, first_at = rrn(), datetime(2025, 10, 1, 10, tzinfo=UTC)
    before = {"institution": "SBIN", "account": "1234567890"}
    first = await bench.complain(transfer(1000_00, reference=root, payer=before, transferred_at=first_at.isoformat()))
    told: dict[str, Any] = {
        "payer": before | {"account": payer},
        "transferred_at": (first_at + timedelta(days=days)).isoformat(),
    }
    second = await bench.complain(transfer(1000_00, reference=root, **told))
    third = await bench.complain(transfer(1000_00, reference=root, **told))
    assert (len({first, second, third}), third) == (cases, second)
    assert len(await bench.rows("SELECT transfer_key FROM disputed_transfer WHERE reference_key = $1", root)) == cases
    assert await bench.hops(second) == ["asked"]
    await bench.check(second)


async def test_transfers_without_a_reference_are_nobodys(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.answer("HDFC", case_no, went_on(root, "1000.00", ""))
    assert await bench.value("SELECT count(*) FROM disputed_transfer WHERE case_no = $1", case_no) == 1


async def test_a_transfer_of_another_case_is_opened_all_the_same_and_told(bench: Bench) -> None:
    onward, phoned = rrn(), rrn()
    other = await bench.complain(
        transfer(1000_00, payee_bank="ICIC", reference=onward), transfer(400_00, payee_bank="ICIC", reference=phoned)
    )
    case_no, root = await a_case(bench, 2000_00)
    await bench.answer("HDFC", case_no, went_on(root, "1000.00", onward), went_on(root, "500.00", rrn()))
    await added(bench, case_no, phoned)
    assert [await flags(bench, case_no, n) for n in (2, 3, 4)] == [
        [("known_in_another_case", f"this transfer is in case {other}")],
        [],
        [("known_in_another_case", f"this transfer is in case {other}")],
    ]
    opened = (await event(bench, case_no, "answer_received"))["opened"]
    assert [hop.get("known_in_another_case") for hop in opened] == [other, None]
    assert (await event(bench, case_no, "hop_added"))["known_in_another_case"] == other
    await bench.check(case_no)
    await bench.check(other)


# -- at once -------------------------------------------------------------------------------------------------------


async def test_answers_in_two_cases_that_name_each_others_transfers_never_wait_for_each_other(bench: Bench) -> None:
    first, root = await a_case(bench, 200_000_00)
    second, other_root = await a_case(bench, 200_000_00)
    async with asyncio.timeout(20):
        for _ in range(10):
            shared = [rrn() for _ in range(20)]
            await asyncio.gather(
                bench.answer("HDFC", first, *(went_on(root, "500.00", one) for one in shared)),
                bench.answer("HDFC", second, *(went_on(other_root, "500.00", one) for one in reversed(shared))),
            )
    known = await bench.rows("SELECT case_no, count(*) FROM disputed_transfer GROUP BY 1")
    told = await bench.value("SELECT count(*) FROM hop WHERE flags::text LIKE '%known_in_another_case%'")
    assert sum(count for case_no, count in known if case_no in {first, second}) == 202
    assert told >= 200
    await bench.check(first)
    await bench.check(second)


@pytest.mark.parametrize("joins", [True, False])
async def test_a_complaint_and_an_answer_about_one_transfer_at_once_are_one_loss(bench: Bench, *, joins: bool) -> None:
    """The complaint has looked already, and found the transfer unknown, when the answer that names it commits."""
    root, onward = rrn(), rrn()
    known = transfer(1000_00, reference=root)
    case_no = await bench.complain(known)
    told = [transfer(1000_00, payee_bank="ICIC", reference=onward), *([known] if joins else [])]
    async with asyncio.timeout(20):
        async with bench.pool.acquire() as connection, connection.transaction():
            # An answer on its way, in short: the case is locked, the transfer registered, nothing committed.
            await connection.execute("SELECT FROM case_file WHERE case_no = $1 FOR NO KEY UPDATE", case_no)
            await connection.execute(
                "INSERT INTO disputed_transfer VALUES ($1, $2, 1, $3)", f"{onward}|ICIC", case_no, onward
            )
            taking = asyncio.create_task(bench.take(complaint(*told)))
            await _waits(bench)
        taken = await taking
    assert taken.receipt.case_ack_no == case_no
    assert (await bench.buckets(case_no))["lost"] == -1000_00
    assert await bench.value("SELECT count(*) FROM case_file WHERE case_no = $1", taken.receipt.ack_no) == 0


async def test_complaints_and_answers_about_the_same_transfers_never_wait_for_each_other(bench: Bench) -> None:
    root, other_root = rrn(), rrn()
    known = [transfer(100_000_00, reference=root), transfer(100_000_00, reference=other_root)]
    cases = [await bench.complain(one) for one in known]
    async with asyncio.timeout(60):
        for _ in range(8):
            shared = [rrn() for _ in range(6)]
            as_told = [transfer(500_00, payee_bank="ICIC", reference=one) for one in shared]
            outcomes = await asyncio.gather(
                bench.answer("HDFC", cases[0], *(went_on(root, "500.00", one) for one in shared)),
                bench.answer("HDFC", cases[1], *(went_on(other_root, "500.00", one) for one in reversed(shared))),
                bench.take(complaint(known[1], *reversed(as_told))),
                bench.take(complaint(*as_told[:3], known[0])),
                bench.take(complaint(*as_told[3:])),
                *(added(bench, cases[0], one, 500_00) for one in shared[:2]),
                return_exceptions=True,
            )
            assert not [one for one in outcomes if isinstance(one, BaseException) and not isinstance(one, NotNow)]
            twice = await bench.rows(
                "SELECT reference FROM hop WHERE source = 'complaint' AND reference = ANY($1) GROUP BY 1"
                " HAVING count(*) > 1",
                shared,
            )
            assert twice == []
            bench.starts.clear()
            for case_no in {one.receipt.case_ack_no for one in outcomes if isinstance(one, Taken)} | set(cases):
                await bench.check(case_no)


async def _waits(bench: Bench) -> None:
    """Until somebody waits for a lock of this test's database."""
    query = (
        "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE NOT l.granted AND a.datname = current_database())"
    )
    while not await bench.value(query):  # noqa: ASYNC110 (no event tells us)
        await asyncio.sleep(0.01)


# -- a retransmission of what came too early -----------------------------------------------------------------------


async def test_a_body_with_a_line_that_came_too_early_is_judged_again_when_its_hop_is_there(bench: Bench) -> None:
    root, early, onward = rrn(), rrn(), rrn()
    case_no = await bench.complain(
        transfer(1000_00, reference=root), transfer(100_00, payee_bank="PUNB", reference=early)
    )
    body = [row(1, early, "60.00"), row(1, onward, "1000.00", root_account_number="777")]
    first = await bench.answer("PUNB", case_no, *body)
    assert (first.accepted, first.duplicates, first.discrepancies) == (2, 0, 1)
    unchanged = await bench.answer("PUNB", case_no, *body)
    assert (unchanged.accepted, unchanged.discrepancies, unchanged.repeated) == (2, 1, True)
    await bench.answer("HDFC", case_no, moved(root, "1000.00", "PUNB", "777", rrn_transaction_id=onward))
    again = await bench.answer("PUNB", case_no, *body)
    assert (again.accepted, again.duplicates, again.discrepancies, again.repeated) == (1, 1, 0, False)
    assert again.follow_up is not None
    assert await bench.buckets(case_no) == {"lost": -1100_00, "held": 1060_00, "in_play": 40_00}
    await bench.check(case_no)
    events = await bench.events(case_no)
    for _ in range(2):
        last = await bench.answer("PUNB", case_no, *body)
        assert (last.accepted, last.duplicates, last.repeated, last.follow_up) == (1, 1, True, None)
    assert await bench.events(case_no) == events
    await bench.check(case_no)


async def test_a_body_judged_again_ten_times_at_once_is_judged_once(bench: Bench) -> None:
    root, onward = rrn(), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=root), transfer(100_00, payee_bank="PUNB"))
    early = row(1, onward, "1000.00", root_account_number="777")
    await bench.answer("PUNB", case_no, early)
    await bench.answer("HDFC", case_no, moved(root, "1000.00", "PUNB", "777", rrn_transaction_id=onward))
    done = await asyncio.gather(*(bench.answer("PUNB", case_no, early) for _ in range(10)))
    assert [one.repeated for one in done].count(False) == 1
    assert {(one.accepted, one.duplicates, one.discrepancies) for one in done} == {(1, 0, 0)}
    assert (await bench.buckets(case_no))["held"] == 1000_00
    await bench.check(case_no)
