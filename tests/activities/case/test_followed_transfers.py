"""Found transfers of a signed answer are followed at once, and the loss grows only by an officer's decision."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from activities.case import payer_inquiries
from activities.case.desk import correct_hop
from activities.context import Context
from activities.recovery import withdrawals
from domain.errors.case import FoundTransferDecided, FoundTransferFollowed
from schemas.case.discrepancies import HopCorrection
from schemas.recovery.officer_steps import NewWithdrawal, WithdrawalKind
from tests.activities.case.test_payer_inquiries import DISMISS, TAKE, Asking, at
from tests.activities.payers_bank import debit
from tests.factories import row, rrn, transfer

TOLD_ONLY = {"lost": -1000_00, "in_play": 1000_00}
FOLLOWED = {"lost": -1000_00, "proposed": -600_00, "in_play": 1600_00}


@pytest.fixture
def asking(ctx: Context) -> Asking:
    return Asking(ctx)


async def found(
    asking: Asking, *, rupees: str = "600.00", minutes: float = 20, signed: bool = True, **changes: Any
) -> tuple[str, str, str]:
    """A case whose victim's bank names another transfer; returns its number and both references."""
    case_no, root = await asking.case()
    told_at = await asking.bench.value("SELECT transferred_at FROM hop WHERE case_no = $1", case_no)
    other = changes.pop("reference", None) or rrn()
    near = debit(
        root, rupees, reference=other, **{"transaction_datetime": at(told_at + timedelta(minutes=minutes))} | changes
    )
    await asking.bench.answer("SBIN", case_no, debit(root), near, signed=signed)
    return case_no, root, other


async def test_a_signed_near_transfer_is_asked_about_at_once_and_the_loss_does_not_grow(asking: Asking) -> None:
    case_no, _, other = await found(asking)
    assert await asking.bench.buckets(case_no) == FOLLOWED
    ((_, _), (layer, state, reference, flags)) = [
        (h[0:2] if h[2] != other else h) for h in await asking.bench.hops(case_no, "layer, state, reference, flags")
    ]
    assert (layer, state, reference) == (1, "asked", other)
    assert [flag["code"] for flag in flags] == ["found_by_payers_bank"]
    await asking.bench.ask(case_no)
    asked = {incident.rrn for _, ticket in asking.bench.bank.tickets for incident in ticket.incidents}
    assert other in asked
    assert await asking.bench.tasks(case_no) == [("payer_bank", 1)], "the desk is still asked"
    await asking.bench.check(case_no)


async def test_an_officer_accepts_it_and_only_then_it_counts_as_lost(asking: Asking) -> None:
    case_no, _, other = await found(asking)
    await asking.bench.ask(case_no)
    await asking.bench.answer("HDFC", case_no, row(1, other, "600.00"))
    assert await asking.bench.buckets(case_no) == {
        "lost": -1000_00,
        "proposed": -600_00,
        "in_play": 1000_00,
        "held": 600_00,
    }
    found_id = await asking.found_id(case_no)
    done = await payer_inquiries.decide(asking.bench.ctx, case_no, found_id, TAKE, "officer:desk")
    assert (done.hop_no, done.follow_up) == (2, None)
    assert await asking.bench.buckets(case_no) == {"lost": -1600_00, "in_play": 1000_00, "held": 600_00}
    assert await asking.bench.tasks(case_no) == []
    with pytest.raises(FoundTransferDecided):
        await payer_inquiries.decide(asking.bench.ctx, case_no, found_id, TAKE, "officer:desk")
    await asking.bench.check(case_no)


async def test_two_officers_withdraw_it_and_its_money_leaves_the_case(asking: Asking) -> None:
    case_no, _, _ = await found(asking)
    found_id = await asking.found_id(case_no)
    with pytest.raises(FoundTransferFollowed):
        await payer_inquiries.decide(asking.bench.ctx, case_no, found_id, DISMISS, "officer:desk")
    new = NewWithdrawal(kind=WithdrawalKind.MISTAKEN, hop_no=2, reason="rent, says the victim")
    told = await withdrawals.propose(asking.bench.ctx, case_no, new, "officer:desk")
    await withdrawals.agree(asking.bench.ctx, case_no, told.withdrawal_id, "so it is", "officer:chief")
    assert await asking.bench.buckets(case_no) == TOLD_ONLY
    assert await asking.bench.rows(
        "SELECT decision, decided_by FROM payer_found_transfer WHERE found_id = $1", found_id
    ) == [("dismissed", "officer:chief")]
    assert await asking.bench.tasks(case_no) == []
    await asking.bench.check(case_no)


async def test_money_on_hold_of_a_withdrawn_one_is_released_and_was_never_lost(asking: Asking) -> None:
    case_no, _, other = await found(asking)
    await asking.bench.ask(case_no)
    await asking.bench.answer("HDFC", case_no, row(1, other, "600.00"))
    await asking.bench.value("UPDATE held_hop SET hold_opened_at = now() WHERE case_no = $1 RETURNING 1", case_no)
    new = NewWithdrawal(kind=WithdrawalKind.MISTAKEN, hop_no=2, reason="rent, says the victim")
    told = await withdrawals.propose(asking.bench.ctx, case_no, new, "officer:desk")
    await withdrawals.agree(asking.bench.ctx, case_no, told.withdrawal_id, "so it is", "officer:chief")
    assert (await asking.bench.buckets(case_no))["lost"] == -1000_00
    await asking.bench.check(case_no)


@pytest.mark.parametrize(
    "changes",
    [
        {"signed": False},
        {"minutes": 75},
        {"rupees": "499.00"},
        {"transaction_datetime": ""},
        {"root_account_number": "30000000009"},
        {"payee_bank": "Bank of Nowhere", "payee_bank_code": "NOWH"},
    ],
    ids=["unsigned", "later", "small", "undated", "another payer", "unknown bank"],
)
async def test_what_is_not_followed(asking: Asking, changes: dict[str, Any]) -> None:
    case_no, _, _ = await found(asking, **changes)
    assert await asking.bench.buckets(case_no) == TOLD_ONLY
    assert await asking.found_id(case_no), "it is listed"
    proposed = [task for task in await asking.bench.tasks(case_no) if task[0] == "payer_bank"]
    assert bool(proposed) == (changes.get("minutes") is None)
    await asking.bench.check(case_no)


async def test_a_date_without_a_time_of_day_is_not_enough(asking: Asking) -> None:
    case_no, root = await asking.case()
    told_at = await asking.bench.value("SELECT transferred_at FROM hop WHERE case_no = $1", case_no)
    written = f"{told_at:%d/%m/%Y %H:%M:%S}"
    await asking.bench.answer(
        "SBIN", case_no, debit(root, "600.00", reference=rrn(), transaction_datetime=written), signed=True
    )
    assert await asking.bench.buckets(case_no) == TOLD_ONLY


async def test_a_transfer_that_a_case_has_is_not_followed_twice(asking: Asking) -> None:
    reference = rrn()
    await asking.bench.complain(transfer(600_00, reference=reference))
    case_no, _, _ = await found(asking, reference=reference)
    assert await asking.bench.buckets(case_no) == TOLD_ONLY
    await asking.bench.check(case_no)


async def test_no_more_are_followed_than_the_policy_allows(ctx: Context) -> None:
    asking = Asking(ctx, follow_most=2)
    case_no, root = await asking.case()
    told_at = await asking.bench.value("SELECT transferred_at FROM hop WHERE case_no = $1", case_no)
    rows = [debit(root, "600.00", reference=rrn(), transaction_datetime=at(told_at)) for _ in range(4)]
    await asking.bench.answer("SBIN", case_no, *rows[:3], signed=True)
    await asking.bench.answer("SBIN", case_no, rows[3], signed=True)
    assert (await asking.bench.buckets(case_no))["proposed"] == -1200_00
    await asking.bench.check(case_no)


async def test_a_corrected_amount_of_a_followed_transfer_stays_outside_the_loss(asking: Asking) -> None:
    case_no, _, _ = await found(asking)
    for paise in (900_00, 700_00):
        change = HopCorrection(amount_paise=paise, reason="the statement says so")
        await correct_hop(asking.bench.ctx, case_no, 2, change, "officer:desk")
        assert await asking.bench.buckets(case_no) == {
            "lost": -1000_00,
            "proposed": -paise,
            "in_play": 1000_00 + paise,
        }
    await asking.bench.check(case_no)


async def test_the_database_keeps_the_hop_that_follows_a_transfer(asking: Asking) -> None:
    case_no, _, _ = await found(asking)
    found_id = await asking.found_id(case_no)
    with pytest.raises(asyncpg.RestrictViolationError):
        await asking.bench.value(
            "UPDATE payer_found_transfer SET followed_hop_no = 1 WHERE found_id = $1 RETURNING 1", found_id
        )
