"""A claim is at most what a bank confirmed as arrived at the account: no complaint takes alone (C1)."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.case.desk import add_hop, correct_hop, stop_request
from activities.case.discrepancies import ResolvingOfficer, resolve
from activities.context import Context
from activities.recovery.entered_statements import confirm_entered
from activities.recovery.restoration_transitions import facts
from db.pool import open_pool
from db.recovery import restoration_views, restorations
from db.recovery.claims import Account, HopAtAccount, claims, hops_at
from domain.errors.restoration import EnteredByThisOfficer, EnteredDiffers, NothingEntered
from domain.recovery.allocation import allocate
from schemas.case.discrepancies import NewResolution
from schemas.enums import ResolutionDecision
from schemas.recovery.officer_steps import SeenEntered
from schemas.recovery.restorations import AccountClaim
from schemas.restoration_enums import AllocationRule, ConfirmedBy
from tests.activities.bench import Bench
from tests.activities.case import telephone
from tests.activities.desk_words import OFFICER, correction, new_hop
from tests.activities.recovery.test_allocation import divided, shares
from tests.activities.restoration_bench import DAY, Home
from tests.deep import database_settings
from tests.factories import make_context, moved, row, rrn, transfer

SENT, RECEIVED, NOTHING = ConfirmedBy.SENDING_BANK, ConfirmedBy.RECEIVING_BANK, ConfirmedBy.NOTHING
FIRST = f"6{rrn()}"
"""an account at HDFC from which money goes on"""


def at(account: str, bank: str = "HDFC") -> dict[str, Any]:
    return {"institution": bank, "account": account}


async def invent(bench: Bench, account: str, paise: int = 50_00_000_00, code: str = "01") -> str:
    """A complaint with an invented reference, to which the bank answers with this code; its case."""
    root = rrn()
    case_no = await bench.complain(transfer(paise, reference=root, payee=at(account)))
    if code:
        await bench.answer("HDFC", case_no, row(1, root, "0.00", status_code=code))
    return case_no


async def stop(bench: Bench, case_no: str) -> None:
    for sent in await bench.ask(case_no):
        await stop_request(bench.ctx, case_no, UUID(sent.request_id), "no answer", OFFICER)


async def hops(bench: Bench, account: str, bank: str = "HDFC") -> list[HopAtAccount]:
    async with bench.pool.acquire() as connection:
        return await hops_at(connection, (bank, account))


async def stated(bench: Bench, account: str, bank: str = "HDFC") -> list[tuple[int, ConfirmedBy, int]]:
    """Of each hop at the account: the rupees confirmed, by whom, and the rupees that it claims."""
    found = await hops(bench, account, bank)
    return [(hop.confirmed.paise // 100, hop.confirmed.by, hop.claimed.claim_paise // 100) for hop in found]


async def victims(home: Home, restoration: UUID) -> int:
    async with home.bench.pool.acquire() as connection:
        row_ = await restorations.find(connection, restoration)
        assert row_ is not None
        return (await facts(connection, home.ctx, row_, await restorations.lines(connection, restoration))).victims


async def test_an_invented_complaint_takes_nothing_from_a_victim(home: Home) -> None:
    """C1: the bank finds no record of ₹50,00,000, and the victim keeps the ₹400 that are on hold."""
    account = f"5{rrn()}"
    victim = await home.hold(400, 600, account=account)
    liar = await invent(home.bench, account)
    await divided(home, victim)
    assert await shares(home, victim) == [(1000_00, 400_00, 400_00, 400_00)]
    assert await shares(home, liar) == []
    assert await home.bench.buckets(liar) == {"lost": -50_00_000_00, "refused": 50_00_000_00}
    assert await stated(home.bench, account) == [(1000, RECEIVED, 1000), (0, NOTHING, 0)]


async def test_ten_invented_complaints_do_not_turn_the_route(home: Home) -> None:
    account = f"5{rrn()}"
    victim = await home.hold(400, 600, account=account)
    for _ in range(home.ctx.policy.restoration.many_victims_min):
        liar = await invent(home.bench, account, code="")
        await telephone.said(home.bench, liar, telephone.held(1))
    restoration = await home.of(victim)
    assert await victims(home, restoration) == 1
    await home.to_approval(restoration)
    assert await home.at(restoration) == ("open", "approval", "no_court")


@pytest.mark.parametrize("code", ["", "01", "20", "99"])
async def test_a_request_that_is_stopped_confirms_nothing(home: Home, code: str) -> None:
    """`untraced` is what the desk wrote, and no statement of a bank."""
    account = f"5{rrn()}"
    liar = await invent(home.bench, account, code=code)
    await stop(home.bench, liar)
    assert await stated(home.bench, account) == [(0, NOTHING, 0)]


async def test_of_a_transfer_in_part_confirmed_that_part_is_claimed(home: Home) -> None:
    account, root = f"5{rrn()}", rrn()
    case_no = await home.bench.complain(transfer(1000_00, reference=root, payee=at(account)))
    await home.bench.answer("HDFC", case_no, row(1, root, "100.00"), row(5, root, "50.00"))
    assert await stated(home.bench, account) == [(150, RECEIVED, 150)]
    await stop(home.bench, case_no)
    assert await stated(home.bench, account) == [(150, RECEIVED, 150)]


async def test_what_went_on_had_arrived_small_amounts_too(home: Home) -> None:
    account, root = f"5{rrn()}", rrn()
    case_no = await home.bench.complain(transfer(2000_00, reference=root, payee=at(account)))
    large = moved(root, "1000.00", "ICIC", f"7{rrn()}", rrn_transaction_id=rrn())
    small = moved(root, "10.00", "ICIC", f"7{rrn()}", rrn_transaction_id=rrn())
    await home.bench.answer("HDFC", case_no, large, small)
    assert await stated(home.bench, account) == [(1010, RECEIVED, 1010)]
    (hop,) = await hops(home.bench, account)
    assert hop.claimed.most_paise == 10_00, "what is in play at the next bank is not given yet"


@pytest.mark.parametrize("later", ["held", "moved"])
async def test_small_amounts_that_the_bank_places_later_are_confirmed_once(home: Home, later: str) -> None:
    account, root = f"5{rrn()}", rrn()
    case_no = await home.bench.complain(transfer(800_00, reference=root, payee=at(account)))
    small = [moved(root, "40.00", "ICIC", f"7{rrn()}", rrn_transaction_id=rrn()) for _ in range(10)]
    await home.bench.answer("HDFC", case_no, *small)
    assert await stated(home.bench, account) == [(400, RECEIVED, 400)]
    await stop(home.bench, case_no)
    line = row(1, root, "800.00") if later == "held" else moved(root, "800.00", "ICIC", f"7{rrn()}")
    await home.bench.answer("HDFC", case_no, line)
    assert await stated(home.bench, account) == [(800, RECEIVED, 800)]


async def test_what_the_bank_places_of_small_amounts_confirms_no_stopped_money(home: Home) -> None:
    """The bank states 400 in small amounts, then holds 400 of the 800: the other 400 are what an officer stopped."""
    account, root = f"5{rrn()}", rrn()
    case_no = await home.bench.complain(transfer(800_00, reference=root, payee=at(account)))
    small = [moved(root, "40.00", "ICIC", f"7{rrn()}", rrn_transaction_id=rrn()) for _ in range(10)]
    await home.bench.answer("HDFC", case_no, *small)
    await stop(home.bench, case_no)
    await home.bench.answer("HDFC", case_no, row(1, root, "400.00"))
    assert await stated(home.bench, account) == [(400, RECEIVED, 400)]


async def test_small_amounts_after_stopped_money_was_placed_are_confirmed(home: Home) -> None:
    account, root = f"5{rrn()}", rrn()
    case_no = await home.bench.complain(transfer(800_00, reference=root, payee=at(account)))
    await stop(home.bench, case_no)
    await home.bench.answer("HDFC", case_no, row(1, root, "400.00"))
    assert await stated(home.bench, account) == [(400, RECEIVED, 400)]
    small = moved(root, "40.00", "ICIC", f"7{rrn()}", rrn_transaction_id=rrn())
    await home.bench.answer("HDFC", case_no, small)
    assert await stated(home.bench, account) == [(440, RECEIVED, 440)]


async def test_the_sending_banks_statement_confirms_what_it_sent(home: Home) -> None:
    account, root, onward = f"5{rrn()}", rrn(), rrn()
    case_no = await home.bench.complain(transfer(1000_00, reference=root, payee=at(FIRST)))
    line = moved(root, "700.00", "ICIC", account, rrn_transaction_id=onward)
    await home.bench.answer("HDFC", case_no, line)
    assert await stated(home.bench, account, "ICIC") == [(700, SENT, 700)]
    await home.bench.answer("ICIC", case_no, row(5, onward, "700.00"))
    assert await stated(home.bench, account, "ICIC") == [(700, RECEIVED, 700)]


async def test_what_the_receiving_bank_denies_is_not_claimed_until_it_is_resolved(home: Home) -> None:
    account, root, onward = f"5{rrn()}", rrn(), rrn()
    case_no = await home.bench.complain(transfer(1000_00, reference=root, payee=at(FIRST)))
    await home.bench.answer("HDFC", case_no, moved(root, "700.00", "ICIC", account, rrn_transaction_id=onward))
    await home.bench.answer("ICIC", case_no, row(1, onward, "0.00", status_code="01"))
    assert await stated(home.bench, account, "ICIC") == [(700, SENT, 0)]


async def test_a_hop_of_the_desk_is_confirmed_by_the_bank_above_it(home: Home) -> None:
    """One officer is not believed alone: the hop claims when the bank names the transfer to this account."""
    account, root, onward = f"5{rrn()}", rrn(), rrn()
    case_no = await home.bench.complain(transfer(1000_00, reference=root, payee=at(FIRST)))
    new = new_hop(paise=700_00, payee=at(account, "ICIC"), reference=onward)
    await add_hop(home.ctx, case_no, new, OFFICER)
    assert await stated(home.bench, account, "ICIC") == [(0, NOTHING, 0)]
    await home.bench.answer("HDFC", case_no, moved(root, "500.00", "ICIC", account, rrn_transaction_id=onward))
    assert await stated(home.bench, account, "ICIC") == [(500, SENT, 500)]
    assert (await stated(home.bench, FIRST))[-1][:2] == (500, RECEIVED)


async def test_a_hop_of_the_desk_is_not_confirmed_by_a_transfer_to_another_account(home: Home) -> None:
    account, root, onward = f"5{rrn()}", rrn(), rrn()
    case_no = await home.bench.complain(transfer(1000_00, reference=root, payee=at(FIRST)))
    await add_hop(home.ctx, case_no, new_hop(payee=at(account, "ICIC"), reference=onward), OFFICER)
    await home.bench.answer("HDFC", case_no, moved(root, "400.00", "ICIC", f"8{rrn()}", rrn_transaction_id=onward))
    assert await stated(home.bench, account, "ICIC") == [(0, NOTHING, 0)]


async def test_an_officer_brings_no_confirmed_money_to_another_account(home: Home) -> None:
    """What a bank said of one account does not count at the account that a correction names instead."""
    account, other, root = f"5{rrn()}", f"6{rrn()}", rrn()
    case_no = await home.bench.complain(transfer(1000_00, reference=root, payee=at(other)))
    await home.bench.answer("HDFC", case_no, row(5, root, "900.00"))
    await correct_hop(home.ctx, case_no, 1, correction(payee=at(account)), OFFICER)
    assert await stated(home.bench, account) == [(0, NOTHING, 0)]
    home.clock.at += DAY
    await home.bench.answer("HDFC", case_no, row(5, root, "60.00"))
    assert await stated(home.bench, account) == [(60, RECEIVED, 60)]


async def test_a_resolution_of_two_officers_counts_as_the_banks_statement(home: Home) -> None:
    """What a bank holds above the balance is no longer confirmed when two officers have put it back in play."""
    account, root = f"5{rrn()}", rrn()
    case_no = await home.bench.complain(transfer(1000_00, reference=root, payee=at(account)))
    line = row(1, root, "1000.00", root_account_number=account, root_effective_balance="300.00")
    await home.bench.answer("HDFC", case_no, line)
    assert await stated(home.bench, account) == [(1000, RECEIVED, 1000)]
    kind = "balance_below_hold"
    doubt = await home.bench.value(
        "SELECT discrepancy_id FROM discrepancy WHERE case_no = $1 AND kind = $2", case_no, kind
    )
    decided = NewResolution(decision=ResolutionDecision.UPHELD_OTHER, reason="the balance is right")
    for name, supervises in (("officer:1", False), ("officer:2", True)):
        await resolve(home.ctx, doubt, decided, ResolvingOfficer(name, supervises))
    assert await stated(home.bench, account) == [(300, RECEIVED, 300)]


async def test_every_claim_stands_in_the_view_with_what_confirms_it(home: Home) -> None:
    """Also a claim that counts nothing; the account is masked."""
    account = f"5{rrn()}"
    victim = await home.hold(400, 600, account=account)
    liar = await invent(home.bench, account)
    restoration = await home.of(victim)
    async with home.bench.pool.acquire() as connection:
        opens = home.ctx.persons.open_stored
        view = await restoration_views.get(connection, restoration, home.clock.at, (), opens)
    assert [
        (claim.ack_no, claim.confirmed_paise, claim.confirmed_by, claim.claim_paise, claim.held_paise)
        for claim in view.claims
    ] == [(victim, 1000_00, RECEIVED, 1000_00, 400_00), (liar, 0, NOTHING, 0, 0)]
    assert {claim.account_end for claim in view.claims} == {account[-4:]}
    assert account not in view.model_dump_json()
    assert not view.more_claims


async def test_a_claim_is_not_renewed_when_a_part_went_home(home: Home) -> None:
    """₹400 of ₹1,000 were confirmed and went home: ₹600 that no bank confirmed claim nothing after it."""
    account, root = f"5{rrn()}", rrn()
    case_no = await home.bench.complain(transfer(1000_00, reference=root, payee=at(account)))
    await home.bench.answer("HDFC", case_no, row(1, root, "400.00"))
    await home.open_for_new_holds(case_no)
    restoration = await home.of(case_no)
    await home.to_credit(restoration)
    await home.confirm(restoration)
    await stop(home.bench, case_no)
    assert await stated(home.bench, account) == [(400, RECEIVED, 0)]


async def test_a_share_that_was_given_before_stays(home: Home) -> None:
    """What was given on hold stays claimed, and makes no victim."""
    account = f"5{rrn()}"
    victim, liar = await home.hold(400, 600, account=account), await invent(home.bench, account)
    entries = {victim: "{held,refused}", liar: "{refused,held}"}
    for case_no, buckets in entries.items():
        await home.bench.pool.execute(
            "SELECT ledger_post($1, 'allocation', $2, now(), '{1,1}', $3::text[], '{-10000,10000}')",
            *(case_no, rrn(), buckets.strip("{}").split(",")),
        )
    assert await stated(home.bench, account) == [(1000, RECEIVED, 1000), (0, NOTHING, 100)]
    assert await victims(home, await home.of(victim)) == 1


# -- whatever is invented ----------------------------------------------------------------------------------------------

RUPEES = st.integers(1, 5_000)
VICTIMS = st.lists(st.tuples(RUPEES, RUPEES, RUPEES, st.booleans()), min_size=1, max_size=3)
"""rupees on hold, withdrawn and sent on, and whether the request is stopped after it"""
LIES = st.lists(
    st.tuples(
        st.sampled_from(["no record", "no account", "unclear", "no answer", "moved here", "desk hop", "wrong account"]),
        st.integers(1, 10**7),
        st.booleans(),
    ),
    min_size=1,
    max_size=5,
)


async def _victim(bench: Bench, account: str, held: int, gone: int, onward: int, stopped: bool) -> str:
    root = rrn()
    case_no = await bench.complain(transfer((held + gone + onward + 50) * 100, reference=root, payee=at(account)))
    sent_on = moved(root, f"{onward}.00", "ICIC", f"7{rrn()}", rrn_transaction_id=rrn())
    await bench.answer("HDFC", case_no, row(1, root, f"{held}.00"), row(5, root, f"{gone}.00"), sent_on)
    if stopped:
        await stop(bench, case_no)
    return case_no


async def _lie(bench: Bench, account: str, how: str, rupees: int, stopped: bool) -> None:
    """One complaint about the account that no bank confirms, by one of the ways that there are."""
    codes = {"no record": "01", "no account": "20", "unclear": "99", "no answer": ""}
    if how in codes:
        case_no = await invent(bench, account, rupees * 100, codes[how])
    else:
        root, onward = rrn(), rrn()
        case_no = await bench.complain(transfer((rupees + 1) * 100, reference=root, payee=at(f"6{rrn()}")))
        if how == "moved here":
            await bench.answer("HDFC", case_no, row(5, root, f"{rupees}.00"))
            await correct_hop(bench.ctx, case_no, 1, correction(payee=at(account)), OFFICER)
        else:
            new = new_hop(paise=rupees * 100, payee=at(account), reference=onward)
            await add_hop(bench.ctx, case_no, new, OFFICER)
        if how == "wrong account":
            line = moved(root, f"{rupees}.00", "HDFC", f"8{rrn()}", rrn_transaction_id=onward)
            await bench.answer("HDFC", case_no, line)
    if stopped:
        await stop(bench, case_no)


def divided_among(found: list[AccountClaim]) -> dict[str, int]:
    rule = AllocationRule.PRO_RATA
    given = allocate(found, sum(claim.held_paise for claim in found), rule)
    return {share.case_no: share.share_paise for share in given}


async def _play(ctx: Context, told: list[tuple[int, int, int, bool]], lies: list[tuple[str, int, bool]]) -> None:
    bench, account = Bench(ctx), f"5{rrn()}"
    case_nos = [await _victim(bench, account, *told[0])]
    for lie in lies:
        await _lie(bench, account, *lie)
    case_nos += [await _victim(bench, account, *one) for one in told[1:]]
    async with bench.pool.acquire() as connection:
        place: Account = ("HDFC", account)
        found = await claims(connection, place)
        every = await hops_at(connection, place)
    of_victims = [row_.claim for row_ in found if row_.claim.case_no in case_nos]
    given = divided_among([row_.claim for row_ in found])
    assert {case_no: given[case_no] for case_no in case_nos} == divided_among(of_victims), "no share is lower"
    assert {row_.claim.ack_no for row_ in found if row_.confirmed.paise} == set(case_nos), "nor a victim more"
    assert len(every) == len(told) + len(lies)
    for hop in every:
        assert 0 <= hop.confirmed.paise <= hop.money.disputed_paise
        assert hop.claimed.most_paise <= hop.claimed.claim_paise <= max(hop.confirmed.paise, hop.money.held_paise)
        assert (hop.confirmed.paise > 0) == (hop.case_no in case_nos)


def test_no_unconfirmed_complaint_lowers_a_share_or_changes_the_route(database_dsn: str) -> None:
    with asyncio.Runner() as runner:
        pool = runner.run(open_pool(database_dsn, min_size=1, max_size=2, only_single_cases=True))
        ctx = runner.run(make_context(pool))

        @database_settings(12, steps=1)
        @given(VICTIMS, LIES)
        def plays(told: list[tuple[int, int, int, bool]], lies: list[tuple[str, int, bool]]) -> None:
            runner.run(_play(ctx, told, lies))

        try:
            plays()
        finally:
            runner.run(pool.close())


async def test_what_one_officer_enters_by_telephone_takes_nothing_from_a_victim(home: Home) -> None:
    """N3: a false complaint of ₹50,00,000, and a telephone answer that all of it was withdrawn there."""
    account = f"5{rrn()}"
    victim = await home.hold(400, 600, account=account)
    liar = await invent(home.bench, account, code="")
    await telephone.said(home.bench, liar, telephone.withdrawn(50_00_000))
    assert [claim for *_, claim in await stated(home.bench, account)] == [1000, 0]
    await divided(home, victim)
    assert await shares(home, victim) == [(1000_00, 400_00, 400_00, 400_00)]


@pytest.mark.parametrize("second", ["the bank", "an officer"])
async def test_what_is_entered_claims_when_the_bank_or_a_second_officer_states_it_too(home: Home, second: str) -> None:
    account, root = f"5{rrn()}", rrn()
    case_no = await home.bench.complain(transfer(1000_00, reference=root, payee=at(account)))
    await telephone.said(home.bench, case_no, telephone.withdrawn(700))
    seen = SeenEntered(sent_paise=0, placed_paise=700_00, reason="the bank's letter of today says it")
    if second == "the bank":
        await home.bench.answer("HDFC", case_no, row(5, root, "700.00"))
    else:
        with pytest.raises(EnteredByThisOfficer):
            await confirm_entered(home.ctx, case_no, 1, seen, "officer:Asha")
        more = seen.model_copy(update={"placed_paise": 800_00})
        with pytest.raises(EnteredDiffers):
            await confirm_entered(home.ctx, case_no, 1, more, "officer:ravi")
        done = await confirm_entered(home.ctx, case_no, 1, seen, "officer:ravi")
        assert (done.confirmed_paise, done.entered_by) == (700_00, (telephone.OFFICER,))
        with pytest.raises(NothingEntered):
            await confirm_entered(home.ctx, case_no, 1, seen, "officer:ravi")
        # What is entered after the confirmation waits for another one.
        await telephone.said(home.bench, case_no, telephone.withdrawn(200))
    assert [claim for *_, claim in await stated(home.bench, account)] == [700]


async def test_a_transfer_that_a_complaint_tells_is_not_confirmed_by_telephone_alone(home: Home) -> None:
    """The desk names the victim's account as the next one, and enters that the bank above sent the money there."""
    account, root, onward = f"5{rrn()}", rrn(), rrn()
    victim = await home.hold(400, 600, account=account, bank="ICIC")
    liar = await home.bench.complain(transfer(50_00_000_00, reference=root, payee=at(FIRST)))
    new = new_hop(paise=50_00_000_00, payee=at(account, "ICIC"), reference=onward)
    await add_hop(home.ctx, liar, new, OFFICER)
    await telephone.said(home.bench, liar, telephone.moved_on(50_00_000, onward, account=account))
    assert [claim for *_, claim in await stated(home.bench, account, "ICIC")] == [1000, 0]
    await divided(home, victim)
    assert await shares(home, victim) == [(1000_00, 400_00, 400_00, 400_00)]


async def test_what_is_entered_after_a_confirmation_is_not_confirmed_by_what_the_bank_states(home: Home) -> None:
    """The bank states ₹300 before, or what is entered later: neither makes room for another entry."""
    account, root = f"5{rrn()}", rrn()
    case_no = await home.bench.complain(transfer(5000_00, reference=root, payee=at(account)))
    await home.bench.answer("HDFC", case_no, row(5, root, "300.00"))
    await telephone.said(home.bench, case_no, telephone.spent(400))
    assert [claim for *_, claim in await stated(home.bench, account)] == [300]
    seen = SeenEntered(sent_paise=0, placed_paise=700_00, reason="the bank's letter of today says it")
    await confirm_entered(home.ctx, case_no, 1, seen, "officer:ravi")
    assert [claim for *_, claim in await stated(home.bench, account)] == [700]
    await telephone.said(home.bench, case_no, telephone.spent(700))
    assert [claim for *_, claim in await stated(home.bench, account)] == [700], "₹300 came on top by one officer"
