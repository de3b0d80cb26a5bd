"""Answers that are checked beside other lines and cases, and discrepancies that a person settles."""

import asyncio

import pytest

from activities.case.desk import add_hop
from activities.case.discrepancies import ResolvingOfficer, resolve
from db.banks.lien_setting import hold_balances
from db.case import ledger
from domain.banks.directory import HoldBalances
from domain.errors import NotFound, NotNow
from domain.errors.case import DiscrepancyNotResolved, ResolutionStands, ResolvedMoneyMoved
from schemas.case.discrepancies import AccountQuestion, AccountView, NewHopByDesk, NewResolution, ResolutionDone
from schemas.enums import ResolutionDecision
from tests.activities.bench import Bench
from tests.factories import moved, row, rrn, transfer

DESK, SUPERVISOR = (
    ResolvingOfficer("officer:desk", supervises=False),
    ResolvingOfficer("officer:chief", supervises=True),
)
BANK, OTHER = ResolutionDecision.UPHELD_BANK, ResolutionDecision.UPHELD_OTHER
NOTED, CORRECTED = ResolutionDecision.NOTED, ResolutionDecision.CORRECTED


async def a_case(bench: Bench, account: str | None = None) -> tuple[str, str]:
    """A case of one hop at HDFC, by default on an account of its own: its number and the transfer's reference."""
    root = rrn()
    payee = {"institution": "HDFC", "account": account or f"6{rrn()}"}
    return await bench.complain(transfer(1000_00, reference=root, payee=payee)), root


async def first_doubt(bench: Bench, case_no: str) -> int:
    found: int = await bench.value("SELECT min(discrepancy_id) FROM discrepancy WHERE case_no = $1", case_no)
    return found


async def decide(
    bench: Bench, doubt: int, decision: ResolutionDecision, by: ResolvingOfficer = DESK, replaces: int | None = None
) -> ResolutionDone:
    done, follow_up = await resolve(
        bench.ctx, doubt, NewResolution(decision=decision, reason="both banks were called", replaces=replaces), by
    )
    await bench.note(follow_up)
    await bench.check(done.case_ack_no)
    return done


async def agreed(bench: Bench, doubt: int, decision: ResolutionDecision, replaces: int | None = None) -> ResolutionDone:
    """Proposed by the desk, agreed to by the supervisor."""
    assert not (await decide(bench, doubt, decision, DESK, replaces)).settled
    done = await decide(bench, doubt, decision, SUPERVISOR, replaces)
    assert done.settled
    return done


# -- found beyond one line -----------------------------------------------------------------------------------------


async def test_one_transaction_claimed_for_two_hops_with_more_than_it_moved(bench: Bench) -> None:
    a, b, gathered = rrn(), rrn(), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=a), transfer(1000_00, reference=b))
    first = moved(a, "1000.00", "ICIC", "7771", rrn_transaction_id=gathered) | {"amount": "1500.00"}
    second = moved(b, "1000.00", "ICIC", "7771", rrn_transaction_id=gathered) | {"amount": "1500.00"}
    await bench.answer("HDFC", case_no, first)
    assert await bench.discrepancies(case_no) == []
    await bench.answer("HDFC", case_no, second)
    assert await bench.discrepancies(case_no) == [("claimed_twice", 2000_00, 1500_00)]
    assert (await bench.events(case_no))[-2:] == ["discrepancy_opened", "request_sent"]
    assert ("resolve_discrepancy", 2) in await bench.tasks(case_no)
    await bench.check(case_no)


async def test_gathered_funds_within_their_transfer_are_no_discrepancy(bench: Bench) -> None:
    a, b, gathered = rrn(), rrn(), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=a), transfer(1000_00, reference=b))
    lines = [
        moved(root, "1000.00", "ICIC", "7772", rrn_transaction_id=gathered) | {"amount": "2000.00"} for root in (a, b)
    ]
    await bench.answer("HDFC", case_no, *lines)
    assert await bench.discrepancies(case_no) == []


async def test_one_withdrawal_claimed_in_two_cases(bench: Bench) -> None:
    (one, a), (two, b), own = await a_case(bench), await a_case(bench), rrn()
    await bench.answer("HDFC", one, row(5, a, "1000.00", rrn_transaction_id=own))
    await bench.answer("HDFC", two, row(5, b, "1000.00", rrn_transaction_id=own))
    assert await bench.discrepancies(one) == []
    assert await bench.discrepancies(two) == [("claimed_twice", 2000_00, 1000_00)]
    doubt = await first_doubt(bench, two)
    await decide(bench, doubt, OTHER)
    assert await bench.buckets(two) == {"lost": -1000_00, "in_play": 1000_00}
    assert await bench.hops(two, "state, revision") == [("asked", 1)]


async def test_one_withdrawal_claimed_in_two_cases_at_once_is_found(bench: Bench) -> None:
    (one, a), (two, b), own = await a_case(bench), await a_case(bench), rrn()
    await asyncio.gather(
        bench.answer("HDFC", one, row(5, a, "1000.00", rrn_transaction_id=own)),
        bench.answer("HDFC", two, row(5, b, "1000.00", rrn_transaction_id=own)),
    )
    both = await bench.discrepancies(one) + await bench.discrepancies(two)
    assert both == [("claimed_twice", 2000_00, 1000_00)]


async def test_two_banks_that_hold_one_transfer(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    following, other = rrn(), rrn()
    await bench.answer(
        "HDFC",
        case_no,
        moved(root, "500.00", "ICIC", "7773", rrn_transaction_id=following),
        moved(root, "500.00", "PUNB", "7774", rrn_transaction_id=other),
    )
    await bench.answer("PUNB", case_no, row(1, following, "500.00", root_account_number="7774"))
    assert await bench.discrepancies(case_no) == [("another_banks_hop", 500_00, 0)]
    await bench.answer("ICIC", case_no, row(1, following, "500.00", root_account_number="7773"))
    assert (await bench.discrepancies(case_no))[1:] == [("held_by_two", 500_00, 0)]
    assert await bench.buckets(case_no) == {"lost": -1000_00, "in_play": 500_00, "held": 500_00}
    await bench.check(case_no)


async def test_a_hold_dated_after_the_account_was_emptied(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    emptied = row(5, root, "600.00", root_effective_balance="0.00", transaction_datetime="2026-11-24 10:00:00")
    await bench.answer("HDFC", case_no, emptied)
    await bench.answer("HDFC", case_no, row(1, root, "400.00", transaction_datetime="2026-11-24 11:00:00"))
    assert await bench.discrepancies(case_no) == [("held_above_balance", 400_00, 0)]
    await bench.check(case_no)


# -- one account, several cases ------------------------------------------------------------------------------------


async def seen(bench: Bench, account: str, **page: object) -> AccountView:
    async with bench.pool.acquire() as connection:
        return await ledger.view(
            connection, AccountQuestion.model_validate({"institution": "hdfc", "account": account, **page})
        )


async def test_cases_that_hold_more_on_one_account_than_it_has(bench: Bench) -> None:
    account = f"6{rrn()}"
    (one, a), (two, b) = await a_case(bench, account=account), await a_case(bench, account=account)
    await bench.answer("HDFC", one, row(1, a, "700.00", root_effective_balance="1000.00"))
    await bench.answer("HDFC", two, row(1, b, "300.00", root_effective_balance="1000.00"))
    assert await bench.discrepancies(two) == [], "all that is there"
    await bench.answer("HDFC", two, row(1, b, "200.00", root_effective_balance="1000.00"))
    assert await bench.discrepancies(one) == []
    assert await bench.discrepancies(two) == [("held_above_balance", 1200_00, 1000_00)]
    whole = await seen(bench, f"000{account}")
    assert (whole.held_paise, whole.in_play_paise, whole.balance_paise) == (1200_00, 800_00, 1000_00)
    assert (whole.held_above_balance_paise, whole.balance_told_at is not None) == (200_00, True)
    assert {item.case_ack_no: (item.held_paise, item.claimed_held_paise) for item in whole.items} == {
        one: (700_00, 700_00),
        two: (500_00, 500_00),
    }
    pages = [await seen(bench, account, limit=1)]
    pages.append(await seen(bench, account, limit=1, after=pages[0].next))
    assert [item.case_ack_no for page in pages for item in page.items] == sorted([one, two])
    assert pages[1].next is None


async def test_a_bank_that_tells_what_is_free_has_that_beside_what_all_cases_hold(bench: Bench) -> None:
    account = f"6{rrn()}"
    (one, a), (two, b) = await a_case(bench, account=account), await a_case(bench, account=account)
    await bench.answer("HDFC", one, row(1, a, "700.00", root_effective_balance="300.00"), free=True)
    await bench.answer("HDFC", two, row(1, b, "300.00", root_effective_balance="0.00"), free=True)
    assert await bench.discrepancies(one) == await bench.discrepancies(two) == []
    whole = await seen(bench, account)
    assert (whole.held_paise, whole.balance_paise, whole.held_above_balance_paise) == (1000_00, 1000_00, 0)
    await bench.answer("HDFC", two, row(1, b, "200.00", root_effective_balance="-200.00"), free=True)
    assert await bench.discrepancies(two) == [("balance_below_hold", 200_00, 0)], "one doubt of ₹200, told once"
    assert (await seen(bench, account)).held_above_balance_paise == 200_00
    await bench.check(two)


async def test_a_hold_above_the_free_balance_in_its_line_is_one_doubt(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00", root_effective_balance="250.00"))
    assert await bench.discrepancies(case_no) == [("balance_below_hold", 1000_00, 250_00)]


async def test_the_same_statements_of_a_bank_that_tells_all_there_is_are_a_discrepancy(bench: Bench) -> None:
    account = f"6{rrn()}"
    (one, a), (two, b) = await a_case(bench, account=account), await a_case(bench, account=account)
    await bench.answer("HDFC", one, row(1, a, "700.00", root_effective_balance="300.00"))
    await bench.answer("HDFC", two, row(1, b, "300.00", root_effective_balance="0.00"))
    assert ("balance_below_hold", 700_00, 300_00) in await bench.discrepancies(one)
    assert ("held_above_balance", 1000_00, 0) in await bench.discrepancies(two)


async def test_a_banks_holds_are_counted_by_the_balance_beside_them(bench: Bench) -> None:
    async def counted(institution: str) -> HoldBalances:
        async with bench.pool.acquire() as connection:
            return await hold_balances(connection, institution)

    one, a = await a_case(bench)
    before, others = await counted("HDFC"), await counted("SBIN")
    for held, balance in (("700.00", "300.00"), ("100.00", "100.00"), ("100.00", "900.00")):
        await bench.answer("HDFC", one, row(1, a, held, root_effective_balance=balance))
    await bench.answer("HDFC", one, row(1, a, "100.00"))
    assert await counted("HDFC") == HoldBalances(before.holds + 3, before.below + 1, before.equal + 1)
    assert await counted("SBIN") == others


async def test_a_balance_beside_a_refusal_is_no_balance(bench: Bench) -> None:
    """A bank that finds no such account writes a nought where the balance stands."""
    account = f"6{rrn()}"
    (one, a), (two, b) = await a_case(bench, account=account), await a_case(bench, account=account)
    await bench.answer("HDFC", one, row(1, a, "700.00", root_effective_balance="1000.00"))
    await bench.answer("HDFC", two, row(1, b, "500.00", root_effective_balance="0.00", status_code="20"))
    found = "SELECT count(*) FROM discrepancy WHERE case_no = ANY($1) AND kind = 'held_above_balance'"
    assert await bench.value(found, [one, two]) == 0


async def test_two_holds_at_once_above_the_balance_are_found(bench: Bench) -> None:
    account = f"6{rrn()}"
    told = [await a_case(bench, account=account) for _ in range(4)]
    await asyncio.gather(
        *(bench.answer("HDFC", no, row(1, root, "600.00", root_effective_balance="600.00")) for no, root in told)
    )
    found = [doubt for no, _ in told for doubt in await bench.discrepancies(no)]
    assert sorted(found) == [("held_above_balance", paise, 600_00) for paise in (1200_00, 1800_00, 2400_00)]


async def test_the_same_figures_are_told_once(bench: Bench) -> None:
    case_no, root = await a_case(bench, account=f"6{rrn()}")
    await bench.answer("HDFC", case_no, row(1, root, "400.00"))
    for paise in ("100.00", "110.00"):
        line = row(5, root, paise, root_effective_balance="300.00")
        await bench.answer("HDFC", case_no, line)
    assert await bench.discrepancies(case_no) == [("held_above_balance", 400_00, 300_00)]


async def test_an_account_no_case_knows(bench: Bench) -> None:
    with pytest.raises(NotFound):
        await seen(bench, "1")


# -- resolution ------------------------------------------------------------------------------------------------------


async def test_a_note_closes_the_task_and_moves_nothing(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.answer("HDFC", case_no, row(1, root, "1500.00"))
    done = await decide(bench, await first_doubt(bench, case_no), NOTED)
    assert (done.settled, done.resolution_no) == (True, 1)
    assert await bench.tasks(case_no) == []
    assert (await bench.events(case_no))[-1] == "discrepancy_resolved"
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}


async def test_a_resolution_stands_until_another_names_it(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.answer("HDFC", case_no, row(1, root, "1500.00"))
    doubt = await first_doubt(bench, case_no)
    with pytest.raises(DiscrepancyNotResolved):
        await decide(bench, doubt, NOTED, replaces=1)
    await decide(bench, doubt, NOTED)
    for replaces in (None, 2):
        with pytest.raises(ResolutionStands, match="Resolution 1 of"):
            await decide(bench, doubt, CORRECTED, replaces=replaces)
    assert (await decide(bench, doubt, CORRECTED, replaces=1)).resolution_no == 2
    with pytest.raises(NotFound):
        await decide(bench, 2**62, NOTED)


async def test_of_ten_resolutions_at_once_one_stands(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.answer("HDFC", case_no, row(1, root, "1500.00"))
    doubt = await first_doubt(bench, case_no)
    done = await asyncio.gather(*(decide(bench, doubt, NOTED) for _ in range(10)), return_exceptions=True)
    assert sum(isinstance(one, ResolutionDone) for one in done) == 1
    assert sum(isinstance(one, NotNow) for one in done) == 9


async def test_a_hold_that_is_believed_against_the_withdrawal_and_not_any_more(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.answer("HDFC", case_no, row(5, root, "1000.00"))
    await bench.answer("HDFC", case_no, row(1, root, "600.00"))
    doubt = await first_doubt(bench, case_no)
    await decide(bench, doubt, BANK)
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 600_00, "withdrawn": 400_00}
    await agreed(bench, doubt, NOTED, replaces=1)
    assert await bench.buckets(case_no) == {"lost": -1000_00, "withdrawn": 1000_00}
    await decide(bench, doubt, BANK, replaces=2)
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 600_00, "withdrawn": 400_00}
    await decide(bench, doubt, BANK, replaces=3)
    assert await bench.value("SELECT count(*) FROM discrepancy_resolution WHERE discrepancy_id = $1", doubt) == 4
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 600_00, "withdrawn": 400_00}


async def test_an_upheld_hold_is_never_more_than_was_lost(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.answer("HDFC", case_no, row(1, root, "1500.00"))
    await decide(bench, await first_doubt(bench, case_no), BANK)
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}


async def test_money_leaves_held_by_two_persons_only(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00", root_effective_balance="250.00"))
    doubt = await first_doubt(bench, case_no)
    assert not (await decide(bench, doubt, OTHER, SUPERVISOR)).settled, "it was not proposed"
    assert not (await decide(bench, doubt, OTHER, SUPERVISOR)).settled, "the same person twice is one person"
    assert not (await decide(bench, doubt, OTHER, DESK)).settled, "the desk does not take from held"
    assert (await bench.events(case_no)).count("resolution_proposed") == 2
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}
    assert (await decide(bench, doubt, OTHER, SUPERVISOR)).settled
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 250_00, "in_play": 750_00}
    assert await bench.value("SELECT proposed_by FROM discrepancy_resolution WHERE discrepancy_id = $1", doubt) == (
        "officer:desk"
    )


async def test_a_disputed_hold_is_asked_again_and_the_bank_may_say_the_same(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    line = row(1, root, "1000.00", root_effective_balance="250.00")
    await bench.ask(case_no)
    await bench.answer("HDFC", case_no, line)
    assert (await bench.settle(case_no)).settled
    await agreed(bench, await first_doubt(bench, case_no), OTHER)
    assert await bench.value("SELECT state FROM case_file WHERE case_no = $1", case_no) == "open"
    (sent,) = await bench.ask(case_no)
    assert sent.asked == (1,)
    again = await bench.answer("HDFC", case_no, line, job_id=f"BANKS-{sent.request_id}")
    assert (again.accepted, again.duplicates) == (1, 0)
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}
    assert await bench.hops(case_no) == ["closed"]
    await bench.check(case_no)


async def test_what_was_put_back_in_play_and_placed_since_cannot_be_taken_back(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00", root_effective_balance="250.00"))
    doubt = await first_doubt(bench, case_no)
    await agreed(bench, doubt, OTHER)
    await bench.answer("HDFC", case_no, row(5, root, "750.00"))
    with pytest.raises(ResolvedMoneyMoved):
        await decide(bench, doubt, NOTED, replaces=1)
    await bench.check(case_no)


async def test_a_resolution_that_is_undone_closes_the_hop_again(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00", root_effective_balance="250.00"))
    doubt = await first_doubt(bench, case_no)
    await agreed(bench, doubt, OTHER)
    await bench.ask(case_no)
    await decide(bench, doubt, NOTED, replaces=1)
    assert await bench.hops(case_no) == ["closed"]
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}


async def test_a_denied_transfer_that_took_place_is_asked_about_again(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    following = rrn()
    await bench.answer("HDFC", case_no, moved(root, "1000.00", "ICIC", "7775", rrn_transaction_id=following))
    await bench.answer("ICIC", case_no, row(1, following, "0", status_code="01", root_account_number="7775"))
    await decide(bench, await first_doubt(bench, case_no), OTHER)
    assert await bench.hops(case_no) == ["closed", "asked"]
    assert await bench.buckets(case_no) == {"lost": -1000_00, "in_play": 1000_00}


async def test_a_hold_that_moved_on_is_untraced_until_the_desk_adds_the_hop(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    await bench.answer("HDFC", case_no, moved(root, "600.00", "ICIC", "7776"))
    await agreed(bench, await first_doubt(bench, case_no), BANK)
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 400_00, "untraced": 600_00}
    new = {
        "parent_hop_no": 1,
        "payee": {"institution": "ICIC", "account": "7776123456"},
        "amount_paise": 600_00,
        "disputed_paise": 600_00,
        "reference": rrn(),
        "transferred_at": "2026-11-24T10:06:00+05:30",
        "reason": "as the bank says",
    }
    done = await add_hop(bench.ctx, case_no, NewHopByDesk.model_validate(new), "officer:desk")
    await bench.note(done.follow_up)
    assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 400_00, "in_play": 600_00}
    await bench.check(case_no)


async def test_two_discrepancies_of_one_line_take_its_doubtful_amount_once(bench: Bench) -> None:
    case_no, root = await a_case(bench)
    await bench.answer("HDFC", case_no, row(1, root, "400.00", root_effective_balance="400.00"))
    await bench.answer("HDFC", case_no, row(1, root, "600.00", root_effective_balance="250.00"))
    kinds = await bench.discrepancies(case_no)
    assert sorted(kind for kind, *_ in kinds) == ["balance_below_hold", "held_above_balance"]
    doubts = await bench.rows("SELECT discrepancy_id FROM discrepancy WHERE case_no = $1 ORDER BY 1", case_no)
    await agreed(bench, doubts[0][0], OTHER)
    await agreed(bench, doubts[1][0], OTHER)
    assert await bench.buckets(case_no) == {"lost": -1000_00, "in_play": 750_00, "held": 250_00}
