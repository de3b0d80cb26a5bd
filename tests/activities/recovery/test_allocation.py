"""Dividing accounts over cases: every share to the last paisa, every case's ledger whole, nothing divided twice."""

import asyncio
import random
from dataclasses import replace
from uuid import UUID

import pytest

from activities.recovery import allocation
from schemas.restoration_enums import AllocationRule, ObjectionDecision, RestorationVerb
from tests.activities.restoration_bench import IO, SP, Home
from tests.factories import moved, row, rrn, transfer


async def buckets(home: Home, *case_nos: str) -> list[dict[str, int]]:
    found = []
    for case_no in case_nos:
        await home.check(case_no)
        of_case = await home.bench.buckets(case_no)
        found.append({bucket: paise for bucket, paise in of_case.items() if bucket != "lost"})
    return found


async def shares(home: Home, case_no: str) -> list[tuple[int, int, int, int]]:
    """Claim, held before, share, pot of every division that the case's first hop was in."""
    return await home.bench.rows(
        "SELECT s.claim_paise, s.held_before_paise, s.share_paise, a.pot_paise FROM allocation_share s"
        " JOIN allocation a USING (allocation_id) WHERE s.case_no = $1 AND s.hop_no = 1 ORDER BY a.allocation_id",
        case_no,
    )


async def divided(home: Home, case_no: str, round_no: int = 1) -> UUID:
    """The case's restoration, at its approval with every account divided."""
    restoration = await home.of(case_no, round_no)
    await home.to_approval(restoration)
    assert await home.tick(restoration) == ["allocate"]
    return restoration


async def test_a_victim_alone_gets_what_is_there(home: Home) -> None:
    case_no = await home.hold(400, 600)
    await divided(home, case_no)
    assert await shares(home, case_no) == [(1000_00, 400_00, 400_00, 400_00)]
    assert await buckets(home, case_no) == [{"held": 400_00, "withdrawn": 600_00}]


async def test_two_victims_of_two_cases_share_what_is_held_for_one(home: Home) -> None:
    account = f"5{rrn()}"
    first, second = await home.hold(500, 500, account=account), await home.hold(0, 1000, account=account)
    await home.open_for_new_holds(second)
    restoration = await divided(home, first)
    assert await shares(home, first) == [(1000_00, 500_00, 250_00, 500_00)]
    assert await shares(home, second) == [(1000_00, 0, 250_00, 500_00)]
    assert await buckets(home, first, second) == [
        {"held": 250_00, "withdrawn": 750_00},
        {"held": 250_00, "withdrawn": 750_00},
    ]
    (told,) = await home.events(second, "allocated")
    assert (told["rule"], told["pot_paise"], told["claims_paise"]) == ("pro_rata", 500_00, 2000_00)
    await home.prepare(restoration)
    await home.approve(restoration)
    assert await home.orders(first) == [("restore", "restoration", "HDFC", 250_00)]

    await home.open_for_new_holds(second)
    other = await divided(home, second)
    assert len(await shares(home, second)) == 1, "the division stands"
    await home.prepare(other)
    await home.approve(other)
    assert await home.orders(second) == [("restore", "restoration", "HDFC", 250_00)]


async def test_money_held_later_is_divided_for_itself(home: Home) -> None:
    """What was divided before stays where it is, gone home or not; only the ₹300 that came since are shared out."""
    account = f"5{rrn()}"
    first, second = await home.hold(500, 500, account=account), await home.hold(0, 600, account=account)
    restoration = await divided(home, first)
    assert [(await shares(home, case_no))[0][2] for case_no in (first, second)] == [312_50, 187_50]
    await home.prepare(restoration)
    await home.approve(restoration)
    await home.confirm(restoration)
    third = await home.hold(300, 100, account=account)
    await divided(home, third)
    assert (await shares(home, first))[-1] == (687_50, 0, 137_50, 487_50)
    assert (await shares(home, second))[-1] == (600_00, 187_50, 187_50 + 82_50, 487_50)
    assert (await shares(home, third))[-1] == (400_00, 300_00, 80_00, 487_50)
    held = [found["held"] for found in await buckets(home, first, second, third)]
    assert held == [137_50, 270_00, 80_00]


async def test_a_repeat_divides_nothing_again(home: Home) -> None:
    account = f"5{rrn()}"
    first, second = await home.hold(500, 500, account=account), await home.hold(200, 300, account=account)
    restoration = await divided(home, first)
    before = await buckets(home, first, second)
    for _ in range(2):
        await allocation.divide(home.ctx, restoration, "engine")
    assert await buckets(home, first, second) == before
    assert len(await shares(home, first)) == 1


async def test_money_lost_below_the_account_is_claimed_at_it_and_only_once(home: Home) -> None:
    """The trail leaves the account and comes back to it: what is lost below is claimed by the hop that came back."""
    account, first, out, back = f"5{rrn()}", rrn(), rrn(), rrn()
    case_no = await home.bench.complain(
        transfer(1000_00, reference=first, payee={"institution": "HDFC", "account": account})
    )
    answer = home.bench.answer
    await answer(
        "HDFC", case_no, row(1, first, "200.00"), moved(first, "800.00", "ICIC", "777", rrn_transaction_id=out)
    )
    await answer("ICIC", case_no, row(5, out, "300.00"), moved(out, "500.00", "HDFC", account, rrn_transaction_id=back))
    await answer("HDFC", case_no, row(5, back, "400.00"), row(1, back, "100.00"), job_id="again")
    await home.open_for_new_holds(case_no)
    await divided(home, case_no)
    found = await home.bench.rows(
        "SELECT hop_no, claim_paise, share_paise FROM allocation_share WHERE case_no = $1 ORDER BY hop_no", case_no
    )
    assert [(hop_no, claim) for hop_no, claim, _ in found] == [(1, 500_00), (3, 500_00)]
    assert sum(share for *_, share in found) == 300_00
    await home.check(case_no)


async def test_two_victims_of_one_case(home: Home) -> None:
    account, first, second = f"5{rrn()}", rrn(), rrn()
    payee = {"institution": "HDFC", "account": account}
    case_no = await home.bench.complain(
        transfer(1000_00, reference=first, payee=payee), transfer(500_00, reference=second, payee=payee)
    )
    await home.bench.answer("HDFC", case_no, row(1, first, "300.00"), row(5, first, "700.00"), row(5, second, "500.00"))
    await home.open_for_new_holds(case_no)
    await divided(home, case_no)
    held = await home.bench.rows(
        "SELECT hop_no, balance_paise FROM ledger_balance WHERE case_no = $1 AND bucket = 'held' ORDER BY 1", case_no
    )
    assert held == [(1, 200_00), (2, 100_00)]
    await home.check(case_no)


async def test_what_an_order_releases_is_no_part_of_the_pot(home: Home) -> None:
    account = f"5{rrn()}"
    first, second = await home.hold(500, 500, account=account), await home.hold(300, 200, account=account)
    objected = await home.of(second)
    await home.tick(objected, 3)
    await home.decide(objected, await home.object(objected), ObjectionDecision.UPHELD)
    await divided(home, first)
    assert await shares(home, first) == [(1000_00, 500_00, 500_00, 500_00)]
    assert await shares(home, second) == []


async def test_a_refused_victim_keeps_what_is_held_and_gets_no_more(home: Home) -> None:
    account = f"5{rrn()}"
    first, second = await home.hold(500, 500, account=account), await home.hold(100, 900, account=account)
    refused = await home.of(second)
    await home.tick(refused, 3)
    await home.do(refused, RestorationVerb.REFUSE, SP)
    await divided(home, first)
    assert (await shares(home, second))[0][0] == 100_00


@pytest.mark.parametrize(("rule", "expected"), [("fifo", [0, 500_00]), ("lifo", [500_00, 0])])
async def test_the_rule_that_was_promised(home: Home, rule: str, expected: list[int]) -> None:
    account = f"5{rrn()}"
    policy = home.ctx.policy
    changed = policy.restoration.model_copy(update={"allocation": AllocationRule(rule)})
    other = Home(replace(home.ctx, policy=policy.model_copy(update={"restoration": changed})))
    early, late = "2026-11-20T10:00:00+05:30", "2026-11-21T10:00:00+05:30"
    first = await other.hold(400, 600, account=account, transferred_at=early)
    second = await other.hold(100, 900, account=account, transferred_at=late)
    restoration = await other.of(first)
    await other.to_approval(restoration)
    await other.tick(restoration)
    assert [(await shares(other, case_no))[0][2] for case_no in (first, second)] == expected
    if rule == "fifo":
        assert await other.at(restoration) == ("cancelled", "approval", "no_court"), "nothing of it is left to give"


async def test_accounts_divided_at_once_by_many_cases_come_to_the_same(home: Home) -> None:
    """Restorations over the same two accounts, all up for approval at once: no deadlock, no paisa more or less."""
    chance = random.Random(7)
    accounts = [f"5{rrn()}", f"5{rrn()}"]
    case_nos, restorations = [], []
    for _ in range(4):
        roots = [rrn(), rrn()]
        case_no = await home.bench.complain(
            *(
                transfer(1000_00, reference=root, payee={"institution": "HDFC", "account": account})
                for root, account in zip(roots, accounts, strict=True)
            )
        )
        held = chance.randrange(1, 999)
        lines = [line for root in roots for line in (row(1, root, f"{held}.00"), row(5, root, f"{1000 - held}.00"))]
        await home.bench.answer("HDFC", case_no, *lines)
        await home.open_for_new_holds(case_no)
        case_nos.append(case_no)
    for case_no in case_nos:
        restorations.append(await home.of(case_no))
        await home.to_approval(restorations[-1])
    before = await buckets(home, *case_nos)
    await asyncio.gather(*(home.prepare(restoration, IO) for restoration in restorations))
    after = await buckets(home, *case_nos)
    for bucket in ("held", "withdrawn"):
        assert sum(found[bucket] for found in before) == sum(found[bucket] for found in after)
    assert max(found["held"] for found in after) - min(found["held"] for found in after) <= 2
    for restoration in restorations:
        await home.approve(restoration)


async def test_what_is_promised_later_changes_nothing_that_was_promised_before(home: Home) -> None:
    """The account is divided by the frozen rule of its first restoration, for every worker that divides it."""
    account = f"5{rrn()}"
    early, late = "2026-11-20T10:00:00+05:30", "2026-11-21T10:00:00+05:30"
    first = await home.hold(400, 600, account=account, transferred_at=late)
    policy = home.ctx.policy
    changed = policy.restoration.model_copy(update={"allocation": AllocationRule.LIFO})
    later = Home(replace(home.ctx, policy=policy.model_copy(update={"restoration": changed, "version": "later"})))
    later.clock.at = home.clock.at
    second = await later.hold(100, 900, account=account, transferred_at=early)
    await divided(later, second)
    assert [(await shares(home, case_no))[-1][2] for case_no in (first, second)] == [250_00, 250_00]
    (told,) = await home.events(first, "allocated")
    assert (told["rule"], told["policy"]) == ("pro_rata", policy.version)


async def test_money_that_was_sent_on_and_not_answered_for_is_lost_until_it_is_found(home: Home) -> None:
    """Both lost ₹1,000; of one ₹500 are on hold, and ₹500 are still looked for."""
    account, root, out = f"5{rrn()}", rrn(), rrn()
    lost = await home.hold(0, 1000, account=account)
    case_no = await home.bench.complain(
        transfer(1000_00, reference=root, payee={"institution": "HDFC", "account": account})
    )
    sent_on = moved(root, "500.00", "ICIC", "777", rrn_transaction_id=out)
    await home.bench.answer("HDFC", case_no, row(1, root, "500.00"), sent_on)
    await home.open_for_new_holds(case_no)
    await divided(home, case_no)
    assert (await shares(home, case_no))[0] == (1000_00, 500_00, 250_00, 500_00)
    await home.bench.answer("ICIC", case_no, row(5, out, "500.00"))
    assert [found["held"] for found in await buckets(home, lost, case_no)] == [250_00, 250_00]
