"""Money on hold: its clocks start once, for every way to put it on hold and every number of runs."""

from datetime import timedelta

from activities.recovery import hold_lifecycle
from tests.activities.bench import Bench
from tests.factories import complaint, moved, row, rrn, transfer


async def held_case(bench: Bench, *accounts: str, rupees: str = "600.00") -> str:
    """A case with money on hold at each of these accounts of HDFC."""
    roots = {account: rrn() for account in accounts}
    transfers = [
        transfer(1000_00, reference=root, payee={"institution": "HDFC", "account": account})
        for account, root in roots.items()
    ]
    case_no = await bench.complain(*transfers)
    await bench.ask(case_no)
    await bench.answer("HDFC", case_no, *(row(1, root, rupees) for root in roots.values()))
    return case_no


async def clocks(bench: Bench, case_no: str) -> tuple[int, int, int]:
    """How many holds, restorations and lines the case has."""
    counts = [
        await bench.value("SELECT count(*) FROM account_hold WHERE case_no = $1", case_no),
        await bench.value("SELECT count(*) FROM restoration WHERE case_no = $1", case_no),
        await bench.value("SELECT count(*) FROM restoration_line WHERE case_no = $1", case_no),
    ]
    return counts[0], counts[1], counts[2]


async def test_every_account_has_its_hold_and_the_victim_one_restoration(bench: Bench) -> None:
    case_no = await held_case(bench, f"1{rrn()}", f"2{rrn()}")
    assert await hold_lifecycle.open_for_new_holds(bench.ctx, case_no) == 2
    assert await clocks(bench, case_no) == (2, 1, 2)
    kinds = await bench.rows("SELECT kind FROM procedure WHERE case_no = $1 ORDER BY kind", case_no)
    assert [kind for (kind,) in kinds if kind in {"hold", "restoration"}] == ["hold", "hold", "restoration"]
    log = await bench.events(case_no)
    assert log.count("hold_began") == 2
    assert log.count("restoration_opened") == 1
    await bench.check(case_no)


async def test_holds_that_are_opened_twice_are_opened_once(bench: Bench) -> None:
    case_no = await held_case(bench, f"1{rrn()}")
    assert await hold_lifecycle.open_for_new_holds(bench.ctx, case_no) == 1
    before = await bench.events(case_no)
    assert await hold_lifecycle.open_for_new_holds(bench.ctx, case_no) == 0
    assert (await clocks(bench, case_no), await bench.events(case_no)) == ((1, 1, 1), before)


async def test_the_clocks_start_at_the_first_hold_not_when_the_engine_looked(bench: Bench) -> None:
    case_no = await held_case(bench, f"1{rrn()}")
    held_at = await bench.value(
        "SELECT min(t.at) FROM ledger_transaction t WHERE t.case_no = $1 AND kind = 'answer'", case_no
    )
    await hold_lifecycle.open_for_new_holds(bench.ctx, case_no)
    hold = await bench.rows("SELECT first_held_at, lapses_at FROM account_hold WHERE case_no = $1", case_no)
    first_held_at = await bench.value("SELECT first_held_at FROM restoration WHERE case_no = $1", case_no)
    assert hold == [(held_at, held_at + timedelta(days=90))]
    assert first_held_at == held_at


async def test_a_complaint_without_a_hold_has_no_clocks(bench: Bench) -> None:
    root = rrn()
    case_no = await bench.complain(transfer(1000_00, reference=root))
    await bench.ask(case_no)
    await bench.answer("HDFC", case_no, moved(root, "1000.00", "ICIC", "7771"))
    assert await hold_lifecycle.open_for_new_holds(bench.ctx, case_no) == 0
    assert await clocks(bench, case_no) == (0, 0, 0)


async def test_more_money_held_joins_while_the_trail_is_followed_and_is_the_next_round_later(bench: Bench) -> None:
    first, second = rrn(), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=first), transfer(500_00, reference=second))
    await bench.ask(case_no)
    await bench.answer("HDFC", case_no, row(1, first, "100.00"))
    await hold_lifecycle.open_for_new_holds(bench.ctx, case_no)
    await bench.pool.execute("UPDATE restoration SET step = 'approval' WHERE case_no = $1", case_no)
    await bench.answer("HDFC", case_no, row(1, second, "200.00"))
    await hold_lifecycle.open_for_new_holds(bench.ctx, case_no)
    rounds = await bench.rows("SELECT round_no, step FROM restoration WHERE case_no = $1 ORDER BY round_no", case_no)
    assert rounds == [(1, "approval"), (2, "collecting")]
    # Both hops went to one account: it is one hold.
    assert await clocks(bench, case_no) == (1, 2, 2)


async def test_each_victim_of_one_case_has_a_restoration(bench: Bench) -> None:
    shared, own = rrn(), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=shared))
    both = complaint(transfer(1000_00, reference=shared), transfer(700_00, reference=own))
    joined = (await bench.take(both, taken_by="officer:2")).receipt.ack_no
    await bench.ask(case_no)
    await bench.answer("HDFC", case_no, row(1, shared, "1000.00"), row(1, own, "700.00"))
    await hold_lifecycle.open_for_new_holds(bench.ctx, case_no)
    numbers = await bench.rows("SELECT ack_no FROM restoration WHERE case_no = $1 ORDER BY ack_no", case_no)
    assert numbers == sorted([(case_no,), (joined,)])


async def test_a_small_hold_is_marked(bench: Bench) -> None:
    case_no = await held_case(bench, f"1{rrn()}", rupees="150.00")
    await hold_lifecycle.open_for_new_holds(bench.ctx, case_no)
    assert await bench.value("SELECT small FROM account_hold WHERE case_no = $1", case_no) is True


async def test_what_is_not_on_hold_any_more_gets_no_clock(bench: Bench) -> None:
    case_no = await held_case(bench, f"1{rrn()}")
    async with bench.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "SELECT ledger_post($1, 'test', $2, now(), '{1,1}', '{held,released}', '{-60000,60000}')",
            case_no,
            f"test|{case_no}",
        )
    assert await hold_lifecycle.open_for_new_holds(bench.ctx, case_no) == 1
    assert await clocks(bench, case_no) == (0, 0, 0)


def test_a_reference_says_nothing_and_none_is_like_another() -> None:
    references = {hold_lifecycle.new_reference() for _ in range(2_000)}
    assert len(references) == 2_000
    assert all(len(reference) == hold_lifecycle.REFERENCE_LENGTH for reference in references)
    assert not set("".join(references)) & set("IO01L")


# -- whose hold --------------------------------------------------------------------------------------------------------


async def onward(bench: Bench, *rupees: str) -> tuple[str, list[str]]:
    """A case whose money went on to HDFC without named accounts; its number and the transfers' references."""
    root, below = rrn(), [rrn() for _ in rupees]
    payee = {"institution": "ICIC", "account": f"5{rrn()}"}
    case_no = await bench.complain(transfer(10_000_00, reference=root, payee=payee))
    lines = [moved(root, paid, "HDFC", "", rrn_transaction_id=to) for paid, to in zip(rupees, below, strict=True)]
    await bench.answer("ICIC", case_no, *lines)
    return case_no, below


async def test_two_strangers_whose_accounts_the_sending_bank_did_not_name_have_a_hold_each(bench: Bench) -> None:
    case_no, (one, other) = await onward(bench, "6000.00", "4000.00")
    await bench.answer(
        "HDFC",
        case_no,
        row(1, one, "6000.00", root_account_number="111111111111"),
        row(1, other, "4000.00", root_account_number="222222222222"),
    )
    await hold_lifecycle.open_for_new_holds(bench.ctx, case_no)
    assert await accounts(bench, case_no) == ["111111111111", "222222222222"]
    named = "SELECT payee_holder FROM hop WHERE case_no = $1 AND parent_hop_no IS NOT NULL ORDER BY hop_no"
    assert await bench.rows(named, case_no) == [("111111111111",), ("222222222222",)]


async def test_one_account_that_only_the_holding_bank_names_has_one_hold(bench: Bench) -> None:
    case_no, (one, other) = await onward(bench, "6000.00", "4000.00")
    same = {"root_account_number": "00111111111111"}
    await bench.answer("HDFC", case_no, row(1, one, "6000.00", **same), row(1, other, "4000.00", **same))
    await hold_lifecycle.open_for_new_holds(bench.ctx, case_no)
    assert await accounts(bench, case_no) == ["111111111111"]


async def test_where_no_bank_names_the_account_every_transfer_has_its_own_hold(bench: Bench) -> None:
    case_no, (one, other) = await onward(bench, "6000.00", "4000.00")
    nowhere = {"root_account_number": ""}
    await bench.answer("HDFC", case_no, row(1, one, "6000.00", **nowhere), row(1, other, "4000.00", **nowhere))
    await hold_lifecycle.open_for_new_holds(bench.ctx, case_no)
    assert len(await accounts(bench, case_no)) == 2
    assert await clocks(bench, case_no) == (2, 1, 2)


async def test_a_later_answer_about_the_account_leaves_a_hold_that_stands_as_it_is(bench: Bench) -> None:
    case_no, (one, _) = await onward(bench, "6000.00", "4000.00")
    await bench.answer("HDFC", case_no, row(1, one, "1000.00", root_account_number=""))
    await hold_lifecycle.open_for_new_holds(bench.ctx, case_no)
    before = await accounts(bench, case_no)
    await bench.answer("HDFC", case_no, row(1, one, "2000.00", root_account_number="111111111111"))
    await hold_lifecycle.open_for_new_holds(bench.ctx, case_no)
    assert await accounts(bench, case_no) == before


async def accounts(bench: Bench, case_no: str) -> list[str]:
    """The accounts that the case's holds are at."""
    rows = await bench.rows("SELECT account_key FROM account_hold WHERE case_no = $1 ORDER BY account_key", case_no)
    return [key for (key,) in rows]
