"""A bank's answer, written: ledger, hops, requests and news in one transaction, whatever it says."""

from datetime import timedelta

import pytest

from activities.case.desk import correct_hop
from domain.errors import NotFound
from schemas.case.discrepancies import HopCorrection
from tests.activities.bench import Bench
from tests.activities.told import a_case, dispositions, planned
from tests.each import each
from tests.factories import moved, row, rrn, transfer
from tests.opened_bodies import opened_rows

# -- what an answer does -------------------------------------------------------------------------------------------


async def test_held_moved_and_withdrawn_in_one_answer(bench: Bench) -> None:
    case_no, root = await a_case(bench, 10_000_00)
    await bench.ask(case_no)
    done = await bench.answer(
        "HDFC",
        case_no,
        row(1, root, "4000.00"),
        moved(root, "4500.00", "ICIC", "000123456789"),
        row(5, root, "1000.00"),
        row(11, root, "500.00"),
    )
    assert (done.accepted, done.duplicates, done.discrepancies) == (4, 0, 0)
    assert await bench.buckets(case_no) == {
        "lost": -10_000_00,
        "held": 4000_00,
        "withdrawn": 1000_00,
        "spent": 500_00,
        "in_play": 4500_00,
    }
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert planned(done.follow_up.news) == [("ICIC", [(2, 0)], 4500_00)]
    assert [ref.hop_no for ref in done.follow_up.news.closed] == [1]
    assert await bench.hops(case_no, "layer, state") == [(1, "closed"), (2, "asked")]
    requests = "SELECT state, closed_at IS NULL FROM hold_request WHERE case_no = $1 ORDER BY batch_no"
    assert await bench.rows(requests, case_no) == [("answered", False), ("sending", True)]
    assert (await bench.events(case_no))[-2:] == ["answer_received", "request_sent"]
    await bench.check(case_no)


async def test_an_answer_in_part_leaves_the_request_waiting_for_the_rest(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    sent = await bench.ask_one(case_no)
    done = await bench.answer("HDFC", case_no, row(1, root, "400.00"), job_id=f"BANKS-{sent.request_id}")
    assert done.follow_up is None, "nothing for the workflow to do"
    assert await bench.hops(case_no) == ["asked"]
    assert await bench.value("SELECT first_answered_at IS NOT NULL FROM hold_request WHERE case_no = $1", case_no)
    await bench.check(case_no)
    await bench.answer("HDFC", case_no, row(5, root, "600.00"))
    assert await bench.hops(case_no) == ["closed"]
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 400_00, "withdrawn": 600_00}
    await bench.check(case_no)


async def test_what_is_asked_of_a_hop_answered_in_part_is_the_rest(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.answer("HDFC", case_no, row(1, root, "400.00"))
    await bench.ask(case_no)
    ((_, ticket),) = bench.bank.tickets
    assert [(i.disputed_paise, i.amount_paise) for i in ticket.incidents] == [(600_00, 1000_00)]


async def test_two_batches_of_one_case_at_one_bank_each_finish_by_their_own_hops(bench: Bench) -> None:
    first, second = rrn(), rrn()
    case_no = await bench.complain(transfer(100_00, reference=first))
    await bench.ask(case_no)
    await bench.complain(transfer(100_00, reference=first), transfer(200_00, reference=second))
    await bench.ask(case_no)
    await bench.answer("HDFC", case_no, row(1, second, "200.00"))
    states = await bench.rows("SELECT batch_no, state FROM hold_request WHERE case_no = $1 ORDER BY batch_no", case_no)
    assert states == [(1, "delivered"), (2, "answered")]
    await bench.check(case_no)


@each(
    ("code", "bucket", "state", "disposition", "tasks"),
    [
        ("20", "refused", "closed", "refusal", []),
        ("01", "refused", "closed", "refusal", []),
        ("02", "in_play", "correction", "correction", [("correct_reference", 1)]),
        ("15", "in_play", "correction", "correction", [("correct_reference", 1)]),
        ("99", "in_play", "asked", "review", [("read_answer", 1)]),
        ("77", "in_play", "asked", "review", [("read_answer", 1)]),
    ],
)
async def test_codes_are_typed_and_unknown_ones_kept(
    bench: Bench, code: str, bucket: str, state: str, disposition: str, tasks: list[tuple[str, int]]
) -> None:
    case_no, root = await a_case(bench)
    await bench.ask(case_no)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00", status_code=code))
    assert (await bench.buckets(case_no))[bucket] == 1000_00
    assert await bench.hops(case_no) == [state]
    assert await dispositions(bench, case_no) == [disposition]
    assert await bench.tasks(case_no) == tasks
    assert await bench.value("SELECT status_code FROM answer WHERE case_no = $1", case_no) == code
    await bench.check(case_no)


async def test_a_line_that_cannot_be_read_costs_the_others_nothing(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    done = await bench.answer("HDFC", case_no, row(1, root, "a lot"), row(1, root, "600.00"))
    assert done.accepted == 2
    assert await dispositions(bench, case_no) == ["review", "applied"]
    assert await bench.tasks(case_no) == [("read_answer", None)]
    mine = "WHERE case_no = $1 AND disposition = 'review'"
    (line,) = await opened_rows(bench.ctx, "answer", mine, case_no)
    assert line["raw"]["amount"] == "a lot"
    await bench.check(case_no)


@each(
    ("amount", "disputed", "held_paise", "discrepancies"),
    [
        ("1000.00", "1.00", 1_00, [("exceeds_disputed", 1000_00, 1_00)]),
        ("1.00", "1000.00", 1_00, []),
        ("1000.00", "0.00", 1000_00, []),
    ],
)
async def test_b1_a_hold_beyond_the_disputed_amount_of_its_line_is_a_discrepancy(
    bench: Bench, amount: str, disputed: str, held_paise: int, discrepancies: list[tuple[str, int, int]]
) -> None:
    case_no, root = await a_case(bench)
    await bench.answer("HDFC", case_no, row(1, root, amount, disputed_amount=disputed))
    assert (await bench.buckets(case_no))["held"] == held_paise
    assert await bench.discrepancies(case_no) == discrepancies
    flags = "SELECT jsonb_path_query_first(flags::jsonb, '$[*].field') FROM answer WHERE case_no = $1"
    assert "amount" in await bench.value(flags, case_no)
    await bench.check(case_no)


@each(
    ("named", "codes", "kinds"),
    [
        ({"root_account_number": "99999999999999"}, ["another_account"], ["unasked_hop"]),
        ({"root_ifsc_code": "ICIC0000001"}, ["another_banks_ifsc"], ["another_banks_hop"]),
        ({"root_account_number": "victim@hdfc", "root_ifsc_code": "HDFC0000001"}, [], []),
    ],
)
async def test_b2_a_hold_that_names_another_account_or_bank_is_flagged_and_asked_about(
    bench: Bench, named: dict[str, str], codes: list[str], kinds: list[str]
) -> None:
    case_no, root = await a_case(bench)
    at = bench.ctx.now().isoformat()
    await bench.answer("HDFC", case_no, row(1, root, "1000.00", transaction_datetime=at, **named))
    flags = "SELECT coalesce(jsonb_path_query_array(flags::jsonb, '$[*].code'), '[]') FROM answer WHERE case_no = $1"
    assert await bench.value(flags, case_no) == codes
    assert await bench.discrepancies(case_no) == [(kind, 1000_00, 1000_00) for kind in kinds]
    assert await bench.tasks(case_no) == [("resolve_discrepancy", 1) for _ in kinds]
    await bench.check(case_no)


@each(
    ("kind", "at", "codes"),
    [
        (5, timedelta(days=365), ["in_the_future"]),
        (5, timedelta(days=-3), ["before_it_came"]),
        (3, timedelta(days=-3), ["before_it_came"]),
        (1, timedelta(minutes=-1), []),
    ],
)
async def test_b3_a_date_to_come_or_before_the_money_came_is_flagged(
    bench: Bench, kind: int, at: timedelta, codes: list[str]
) -> None:
    case_no, root = await a_case(bench)
    when = (bench.ctx.now() + at).isoformat()
    payee = {"payee_bank": "ICIC", "payee_account_number": "1"} if kind == 3 else {}
    await bench.answer("HDFC", case_no, row(kind, root, "1000.00", transaction_datetime=when, **payee))
    flags = "SELECT coalesce(jsonb_path_query_array(flags::jsonb, '$[*].code'), '[]') FROM answer WHERE case_no = $1"
    assert await bench.value(flags, case_no) == codes
    await bench.check(case_no)


# -- jobs and banks ------------------------------------------------------------------------------------------------


async def test_an_unknown_job_is_a_discrepancy_and_its_lines_are_taken_all_the_same(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.ask(case_no)
    done = await bench.answer("HDFC", case_no, row(1, root, "1000.00"), job_id="never-given")
    assert done.discrepancies == 1
    assert await bench.discrepancies(case_no) == [("job_unknown", 0, 0)]
    assert (await bench.buckets(case_no))["held"] == 1000_00
    await bench.check(case_no)


async def test_a_job_of_another_case_is_not_known_in_this_one(bench: Bench) -> None:
    other, _ = await a_case(bench)
    foreign = await bench.ask_one(other)
    case_no, root = await a_case(bench)
    await bench.ask(case_no)
    job_id = f"BANKS-{foreign.request_id}"
    assert (await bench.answer("HDFC", case_no, row(1, root, "1000.00"), job_id=job_id)).discrepancies == 1


async def test_a_bank_without_a_hop_in_the_case_learns_nothing(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    with pytest.raises(NotFound) as foreign:
        await bench.answer("PUNB", case_no, row(1, root, "1000.00"))
    with pytest.raises(NotFound) as unknown:
        await bench.answer("PUNB", "39999999999999", row(1, root, "1000.00"))
    assert str(foreign.value).replace(case_no, "") == str(unknown.value).replace("39999999999999", "")
    assert await dispositions(bench, case_no) == []


async def test_a_bank_cannot_speak_of_another_banks_hop(bench: Bench) -> None:
    root = rrn()
    case_no = await bench.complain(transfer(1000_00, reference=root), transfer(100_00, payee_bank="ICIC"))
    await bench.answer("ICIC", case_no, row(1, root, "1000.00"))
    assert await bench.discrepancies(case_no) == [("another_banks_hop", 1000_00, 0)]
    assert await bench.buckets(case_no) == {"lost": -1100_00, "in_play": 1100_00}
    await bench.check(case_no)


async def test_a_bank_that_was_asked_may_answer_after_the_hop_was_corrected_away_from_it(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.ask(case_no)
    payee = {"institution": "ICIC", "account": "50100000000001"}
    correction = HopCorrection.model_validate({"payee": payee, "reason": "wrong bank"})
    await correct_hop(bench.ctx, case_no, 1, correction, "officer:1")
    done = await bench.answer("HDFC", case_no, row(1, root, "0", status_code="20"))
    assert (done.accepted, done.discrepancies) == (1, 1)
    assert await bench.buckets(case_no) == {"lost": -1000_00, "in_play": 1000_00}
    assert await bench.hops(case_no, "institution, state") == [("ICIC", "asked")]
    await bench.check(case_no)


# -- whom a line speaks of -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("account", ["00050100000000001", "5010 0000 000001", "050100000000001"])
async def test_an_account_padded_another_way_is_the_account(bench: Bench, account: str) -> None:
    case_no, _ = await a_case(bench)
    line = row(1, "", "1000.00", root_account_number=account)
    assert (await bench.answer("HDFC", case_no, line)).discrepancies == 0
    assert (await bench.buckets(case_no))["held"] == 1000_00


async def test_a_line_with_neither_reference_nor_account_speaks_of_nothing(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    nameless = moved(root, "1000.00", "HDFC", "888", rrn_transaction_id="")
    await bench.answer("HDFC", case_no, nameless)
    assert await bench.hops(case_no) == ["closed", "correction"]
    lines = [row(1, "", "1000.00", root_account_number="999"), row(1, "", "900.00", root_account_number="888")]
    await bench.answer("HDFC", case_no, *lines)
    assert await dispositions(bench, case_no) == ["applied", "discrepancy", "applied"]
    assert (await bench.buckets(case_no))["held"] == 900_00
    await bench.check(case_no)


async def test_gathered_funds_are_one_incident_to_the_bank_and_several_hops_to_us(bench: Bench) -> None:
    first, second, gathered = rrn(), rrn(), rrn()
    case_no = await bench.complain(
        transfer(600_00, reference=first), transfer(500_00, reference=second), transfer(10_00, payee_bank="ICIC")
    )
    onward = {"rrn_transaction_id": gathered, "amount": "1100.00"}
    await bench.answer(
        "HDFC",
        case_no,
        moved(first, "1100.00", "PUNB", "777", **onward, disputed_amount="600.00"),
        moved(second, "1100.00", "PUNB", "777", **onward, disputed_amount="500.00"),
    )
    await bench.ask(case_no)
    (ticket,) = [ticket for bank, ticket in bench.bank.tickets if bank == "PUNB"]
    assert [(i.rrn, i.disputed_paise, i.amount_paise) for i in ticket.incidents] == [(gathered, 1100_00, 1100_00)]
    await bench.answer("PUNB", case_no, row(1, gathered, "1000.00", root_account_number="777"))
    held = await bench.rows(
        "SELECT hop_no, balance_paise FROM ledger_balance WHERE case_no = $1 AND bucket = 'held' ORDER BY hop_no",
        case_no,
    )
    assert held == [(4, 600_00), (5, 400_00)]
    await bench.check(case_no)


# -- where the trail ends ------------------------------------------------------------------------------------------


async def test_money_below_the_least_amount_is_untraced_and_no_bank_is_asked(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    least = bench.ctx.policy.trail.min_chase_paise
    done = await bench.answer(
        "HDFC",
        case_no,
        moved(root, f"{(least - 1) / 100:.2f}", "ICIC", "1234567890"),
        moved(root, f"{(1000_00 - least + 1) / 100:.2f}", "PUNB", "1234567891"),
    )
    assert done.follow_up is not None
    assert planned(done.follow_up.news) == [("PUNB", [(2, 0)], 1000_00 - least + 1)]
    assert (await bench.buckets(case_no))["untraced"] == least - 1
    await bench.check(case_no)


async def test_the_last_layer_is_followed_no_further(bench: Bench) -> None:
    case_no, reference = await a_case(bench)
    layers = bench.ctx.policy.trail.max_layers
    for layer in range(1, layers + 1):
        bank, following, after = ("HDFC", "ICIC", rrn()) if layer % 2 else ("ICIC", "HDFC", rrn())
        line = moved(reference, "1000.00", following, f"{layer}", rrn_transaction_id=after, root_account_number="")
        await bench.answer(bank, case_no, line)
        reference = after
    assert await bench.value("SELECT max(layer) FROM hop WHERE case_no = $1", case_no) == layers
    assert await bench.buckets(case_no) == {"lost": -1000_00, "untraced": 1000_00}
    assert await bench.tasks(case_no) == [("supervise", layers)]
    await bench.check(case_no)


async def test_money_at_an_unknown_bank_and_money_without_a_reference_wait_for_the_desk(bench: Bench) -> None:
    case_no, root = await a_case(bench, 3000_00)
    done = await bench.answer(
        "HDFC",
        case_no,
        moved(root, "1000.00", "Bank of Nowhere", "1"),
        moved(root, "1000.00", "ICIC", "2", rrn_transaction_id=""),
        moved(root, "1000.00", "PUNB", "3", rrn_transaction_id="000000000000"),
    )
    assert await bench.hops(case_no) == ["closed", "unroutable", "correction", "correction"]
    assert await bench.tasks(case_no) == [("name_institution", 2), ("correct_reference", 3), ("correct_reference", 4)]
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert done.follow_up.news.opened == ()
    assert [ref.hop_no for ref in done.follow_up.news.parked] == [2, 3, 4]
    await bench.check(case_no)


async def test_the_code_of_the_next_bank_comes_before_its_name_and_an_ifsc_before_both(bench: Bench) -> None:
    case_no, root = await a_case(bench, 3000_00)
    await bench.answer(
        "HDFC",
        case_no,
        moved(root, "1000.00", "ICIC", "1") | {"payee_bank": "PUNB Bank"},
        moved(root, "1000.00", "ICIC", "2", ifsc_code="PUNB0000001"),
        moved(root, "1000.00", "", "3") | {"payee_bank": "PUNB Bank"},
    )
    assert (await bench.hops(case_no, "institution"))[1:] == ["ICIC", "PUNB", "PUNB"]
