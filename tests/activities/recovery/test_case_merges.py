"""Merge of two cases that are one: a transfer told in both counts once, late answers land, and the undo is exact."""

import asyncio
from typing import Any

import asyncpg
import pytest

from activities.banks.bodies import BodyOpener
from activities.case.desk import add_hop, correct_hop
from activities.context import Context
from activities.people import my_case
from activities.recovery import case_merges, withdrawals
from db.case import cases
from db.evidence.integrity import case_records
from db.recovery import notifications
from domain.errors.case import (
    CaseHasMerges,
    CaseMergedAlready,
    HopSetAside,
    MergeNeedsSecondOfficer,
    MergeOfOneCase,
    MergeRestorationPrepared,
    MergeStateDiffers,
    MergeUndoNeedsSecondOfficer,
    TransferLiveElsewhere,
)
from domain.evidence.integrity import examine
from schemas.enums import Bucket
from schemas.recovery.case_merges import CaseMerge, MergePreview, MergeQuestion, MergeState, NewMerge, SameTransfer
from schemas.recovery.officer_steps import NewWithdrawal, WithdrawalKind
from tests.activities.bench import Bench
from tests.activities.desk_words import correction, new_hop
from tests.activities.restoration_bench import Home
from tests.factories import complaint, moved, row, rrn, transfer

CLERK, CHIEF, OTHER = "officer:clerk", "officer:chief", "officer:other"
WHY = "one victim called twice"
FIRST = (SameTransfer(hop_no=1, other_hop_no=1),)
STRANGER = {"name": "B. Other", "mobile": "9123456780", "district": "LUCKNOW"}
LOST = {"lost": -10_000_00, "in_play": 10_000_00}


def at(account: str, bank: str = "HDFC") -> dict[str, Any]:
    return {"institution": bank, "account": account}


async def two_told(bench: Bench) -> tuple[str, str, str, str]:
    """One transfer that two complaints tell with two references, so that it stands in two cases; both are asked."""
    account, one, other = f"5{rrn()}", rrn(), rrn()
    first = await bench.complain(transfer(reference=one, payee=at(account)))
    second = await bench.complain(transfer(reference=other, payee=at(account)))
    await bench.ask(first)
    await bench.ask(second)
    return first, second, one, other


async def merge(bench: Bench, case_no: str, other: str, *same: SameTransfer, agrees: bool = False) -> CaseMerge:
    new = NewMerge(other_ack_no=other, same_transfers=same, victims_agree=agrees, reason=WHY)
    done, follow_ups = await case_merges.merge(bench.ctx, case_no, new, CLERK)
    if done.state is MergeState.PROPOSED:
        done, follow_ups = await case_merges.agree(bench.ctx, case_no, done.merge_id, WHY, CHIEF)
    for follow_up in follow_ups:
        await bench.note(follow_up)
    assert done.state is MergeState.IN_FORCE
    await check(bench, case_no, other)
    return done


async def undo(bench: Bench, merged: CaseMerge) -> CaseMerge:
    case_no = merged.merged_case_no
    await case_merges.propose_undo(bench.ctx, case_no, merged.merge_id, WHY, CLERK)
    done, follow_ups = await case_merges.agree_to_undo(bench.ctx, case_no, merged.merge_id, WHY, CHIEF)
    for follow_up in follow_ups:
        await bench.note(follow_up)
    await check(bench, merged.primary_case_no, merged.merged_case_no)
    return done


async def check(bench: Bench, *case_nos: str) -> None:
    """Check every rule of each case, by the bench and by the verification."""
    for case_no in case_nos:
        await bench.check(case_no)
        async with bench.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            async for record in case_records(connection, BodyOpener(bench.ctx.persons), case_no):
                assert examine(record) == []


async def together(bench: Bench, case_no: str) -> dict[str, int]:
    """What the merges of a case say that lies where, over all its cases."""
    told = await case_merges.told_for(bench.ctx, case_no)
    return {bucket.value: paise for bucket, paise in told.together_paise.items() if paise}


async def sees(bench: Bench, ack_no: str, sums: dict[Bucket, int]) -> None:
    """Check that every figure that the victim of this complaint sees has these sums, and the same loss."""
    page = await my_case.look(bench.ctx, ack_no)
    assert page.ack_no == ack_no
    assert (page.lost_paise, page.sums) == (sum(sums.values()), sums)
    (told,) = page.transfers
    assert {place.bucket: place.amount_paise for place in told.places} == sums
    async with bench.pool.acquire() as connection:
        case_no = await bench.value("SELECT case_no FROM complaint WHERE ack_no = $1", ack_no)
        letter = await cases.buckets(connection, case_no, ack_no)
        message = await notifications.victim(connection, ack_no)
    assert letter == {Bucket.LOST: page.lost_paise, **sums}
    assert (message.held_paise, message.restored_paise) == (sums.get(Bucket.HELD, 0), sums.get(Bucket.RESTORED, 0))


async def preview(bench: Bench, case_no: str, other: str, *same: SameTransfer, agrees: bool = False) -> MergePreview:
    asked = MergeQuestion(other_ack_no=other, same_transfers=same, victims_agree=agrees)
    return await case_merges.preview(bench.ctx, case_no, asked)


async def test_a_transfer_told_in_both_counts_once_until_the_undo(bench: Bench) -> None:
    first, second, _, _ = await two_told(bench)
    seen = await preview(bench, first, second, *FIRST)
    assert (seen.blocks, seen.needs_second) == ((), True)
    assert {b.value: p for b, p in seen.together_paise.items() if p} == {"lost": 10_000_00, "in_play": 10_000_00}
    done = await merge(bench, first, second, *FIRST)
    assert [(one.counted_case_no, one.aside_case_no, one.aside_paise) for one in done.transfers] == [
        (first, second, 10_000_00)
    ]
    assert (await bench.buckets(first), await bench.buckets(second)) == (LOST, {})
    assert await together(bench, first) == await together(bench, second) == {"lost": 10_000_00, "in_play": 10_000_00}
    assert (await bench.hops(first), await bench.hops(second)) == (["asked"], ["closed"])
    assert await bench.rows("SELECT state FROM hold_request WHERE case_no = $1", second) == [("superseded",)]
    for own, other in ((first, second), (second, first)):
        told = await bench.value(
            "SELECT data FROM case_event WHERE case_no = $1 AND kind = 'cases_merged' AND actor = $2", own, CHIEF
        )
        assert (told["other_case_no"], told["reason"]) == (other, WHY)
    with pytest.raises(HopSetAside):
        await correct_hop(bench.ctx, second, 1, correction(amount_paise=11_000_00), CLERK)
    undone = await undo(bench, done)
    assert undone.state is MergeState.UNDONE
    assert (await bench.buckets(first), await bench.buckets(second)) == (LOST, LOST)
    assert await bench.hops(second, "state, revision") == [("asked", 1)]
    assert await together(bench, first) == {"lost": 10_000_00, "in_play": 10_000_00}


async def test_a_late_answer_lands_in_the_case_of_the_hop_that_it_names(bench: Bench) -> None:
    first, second, one, other = await two_told(bench)
    done = await merge(bench, first, second, *FIRST)
    await bench.answer("HDFC", second, row(1, other, "4000.00"))
    assert await bench.buckets(first) == {}
    assert await bench.buckets(second) == {"lost": -10_000_00, "held": 4000_00, "in_play": 6000_00}
    assert (await bench.hops(first), await bench.hops(second)) == (["closed"], ["asked"])
    assert await together(bench, first) == {"lost": 10_000_00, "held": 4000_00, "in_play": 6000_00}
    await check(bench, first, second)
    for ack_no in (first, second):
        await sees(bench, ack_no, {Bucket.HELD: 4000_00, Bucket.IN_PLAY: 6000_00})
    # The other ticket is answered too: the money cannot be in two places, so an officer decides.
    await bench.answer("HDFC", first, row(1, one, "10000.00"))
    assert await together(bench, second) == {"lost": 10_000_00, "held": 4000_00, "in_play": 6000_00}
    assert [claimed for _, claimed, _ in await bench.discrepancies(first)] == [10_000_00]
    await check(bench, first, second)
    await undo(bench, done)
    assert await bench.buckets(first) == LOST
    assert await bench.buckets(second) == {"lost": -10_000_00, "held": 4000_00, "in_play": 6000_00}


async def test_no_transfer_of_a_merged_case_is_asked_about_twice(bench: Bench) -> None:
    root, onward, account = rrn(), rrn(), f"6{rrn()}"
    first = await bench.complain(transfer(reference=root, payee=at(f"5{rrn()}")))
    second = await bench.complain(transfer(reference=onward, payee_bank="ICIC", payee=at(account, "ICIC")))
    await bench.ask(first)
    done = await merge(bench, first, second)
    assert await together(bench, first) == {"lost": 20_000_00, "in_play": 20_000_00}
    line = moved(root, "10000.00", "ICIC", account, rrn_transaction_id=onward)
    await bench.answer("HDFC", first, line)
    assert await bench.hops(first) == ["closed", "closed"]
    assert await bench.buckets(first) == {}
    assert await together(bench, first) == {"lost": 10_000_00, "in_play": 10_000_00}
    assert await bench.value("SELECT count(*) FROM hold_request WHERE case_no = $1", first) == 1
    await check(bench, first, second)
    undone = await undo(bench, done)
    assert [one.aside_paise for one in undone.transfers] == [10_000_00]
    assert await bench.buckets(first) == LOST
    assert await bench.hops(first, "state, revision") == [("closed", 0), ("asked", 1)]


async def test_two_transfers_of_victims_that_flow_into_one_stay_two_losses(bench: Bench) -> None:
    one, other, onward, account = rrn(), rrn(), rrn(), f"6{rrn()}"
    first = await bench.complain(transfer(reference=one, payee=at(f"5{rrn()}")))
    second = await bench.complain(transfer(reference=other, payee=at(f"5{rrn()}")), victim=STRANGER)
    await bench.ask(first)
    await bench.ask(second)
    done = await merge(bench, first, second, agrees=True)
    both = {"lost": 20_000_00, "in_play": 20_000_00}
    for case_no, root in ((first, one), (second, other)):
        await bench.answer("HDFC", case_no, moved(root, "10000.00", "ICIC", account, rrn_transaction_id=onward))
        assert await together(bench, first) == both
    assert (await bench.hops(first), await bench.hops(second)) == (["closed", "asked"], ["closed", "correction"])
    asked = await bench.rows("SELECT cause, subject_id FROM desk_task WHERE case_no = $1 AND state = 'open'", second)
    assert ("shared_with_merged_case", "2") in asked
    await check(bench, first, second)
    await undo(bench, done)
    assert (await bench.buckets(first), await bench.buckets(second)) == (LOST, LOST)
    # Now both are asked, and the same is found by the merge itself.
    third, last = rrn(), rrn()
    fourth, fifth = [await bench.complain(transfer(reference=root, payee=at(f"5{rrn()}"))) for root in (third, last)]
    onward = rrn()
    for case_no, root in zip((fourth, fifth), (third, last), strict=True):
        await bench.answer("HDFC", case_no, moved(root, "10000.00", "ICIC", account, rrn_transaction_id=onward))
    await bench.ask(fourth)
    await bench.ask(fifth)
    named = await preview(bench, fourth, fifth, SameTransfer(hop_no=2, other_hop_no=2))
    assert [block.code for block in named.blocks] == ["transfers_differ"]
    assert (await merge(bench, fourth, fifth)).transfers == ()
    assert await together(bench, fourth) == both
    assert (await bench.hops(fourth), await bench.hops(fifth)) == (["closed", "asked"], ["closed", "correction"])


async def test_an_answer_waits_for_no_case_and_sets_nothing_aside_for_a_hop_that_has_left(bench: Bench) -> None:
    root, onward, account = rrn(), rrn(), f"6{rrn()}"
    first = await bench.complain(transfer(reference=root, payee=at(f"5{rrn()}")))
    second = await bench.complain(transfer(reference=onward, payee_bank="ICIC", payee=at(account, "ICIC")))
    await bench.ask(first)
    done = await merge(bench, first, second)
    line = moved(root, "10000.00", "ICIC", account, rrn_transaction_id=onward)
    async with bench.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM case_file WHERE case_no = $1 FOR UPDATE", second)
        with pytest.raises(asyncpg.SerializationError):
            await bench.answer("HDFC", first, line)
    new = NewWithdrawal(kind=WithdrawalKind.MISTAKEN, reason=WHY)
    told = await withdrawals.propose(bench.ctx, second, new, CLERK)
    await withdrawals.agree(bench.ctx, second, told.withdrawal_id, WHY, CHIEF)
    pair = (
        "INSERT INTO same_transfer (merge_id, counted_case_no, counted_hop_no, aside_case_no, aside_hop_no, found_at)"
        " VALUES ($1, $2, 1, $3, 1, now())"
    )
    with pytest.raises(asyncpg.CheckViolationError, match="has left its case"):
        await bench.pool.execute(pair, done.merge_id, second, first)
    await bench.answer("HDFC", first, line)
    assert await together(bench, first) == {"lost": 10_000_00, "in_play": 10_000_00}


async def test_what_is_live_in_both_before_the_merge_counts_once(bench: Bench) -> None:
    root, onward, account = rrn(), rrn(), f"6{rrn()}"
    first = await bench.complain(transfer(reference=root, payee=at(f"5{rrn()}")))
    second = await bench.complain(transfer(reference=onward, payee=at(account, "ICIC")))
    await bench.answer("HDFC", first, moved(root, "10000.00", "ICIC", account, rrn_transaction_id=onward))
    done = await merge(bench, first, second)
    assert [(one.counted_hop_no, one.aside_hop_no) for one in done.transfers] == [(2, 1)]
    assert await bench.buckets(second) == {}
    third = await bench.complain(transfer(payee=at(f"5{rrn()}")))
    await merge(bench, first, third)
    hop = new_hop(1, 10_000_00, reference=onward, payee=at(account, "ICIC"))
    with pytest.raises(TransferLiveElsewhere):
        await add_hop(bench.ctx, third, hop, CLERK)


async def test_what_blocks_a_merge(bench: Bench) -> None:
    first, second, one, other = await two_told(bench)
    await bench.answer("HDFC", first, row(1, one, "10000.00"))
    await bench.answer("HDFC", second, row(1, other, "10000.00"))
    assert [block.code for block in (await preview(bench, first, second, *FIRST)).blocks] == ["transfer_placed_in_both"]
    with pytest.raises(MergeOfOneCase):
        await merge(bench, first, first)
    third = await bench.complain(transfer(payee=at(f"5{rrn()}")), victim=STRANGER)
    assert [block.code for block in (await preview(bench, first, third)).blocks] == ["merge_victims_differ"]
    agreed = await preview(bench, first, third, agrees=True)
    assert (agreed.blocks, agreed.needs_second) == ((), True)
    child = await bench.complain(transfer(payee=at(f"5{rrn()}")), victim=STRANGER | {"child": True})
    blocks = (await preview(bench, first, child, agrees=True)).blocks
    assert [block.code for block in blocks] == ["merge_of_marked_case"]
    large = await bench.complain(transfer(90_000_00, payee_bank="ICIC", payee=at(f"6{rrn()}", "ICIC")))
    assert [block.code for block in (await preview(bench, first, large, *FIRST)).blocks] == ["transfers_differ"]
    # The mobile number of a complaint that joins later says nothing of the victim.
    known_at = await bench.value("SELECT account_key FROM hop WHERE case_no = $1 AND hop_no = 1", first)
    joins = await bench.take(complaint(transfer(reference=one, payee=at(known_at)), victim=STRANGER))
    assert joins.receipt.case_ack_no == first
    assert [block.code for block in (await preview(bench, first, third)).blocks] == ["merge_victims_differ"]
    two = await preview(bench, first, third, *FIRST, agrees=True)
    assert [block.code for block in two.blocks] == ["transfer_of_two_victims"]


async def test_money_on_hold_needs_a_second_officer_and_every_undo_does(bench: Bench) -> None:
    first, second, one, _ = await two_told(bench)
    await bench.answer("HDFC", first, row(1, one, "10000.00"))
    new = NewMerge(other_ack_no=second, same_transfers=FIRST, reason=WHY)
    proposed, told = await case_merges.merge(bench.ctx, first, new, CLERK)
    assert (proposed.state, told) == (MergeState.PROPOSED, [])
    assert ("supervise", None) in await bench.tasks(first)
    assert await bench.buckets(second) == LOST
    with pytest.raises(MergeNeedsSecondOfficer):
        await case_merges.agree(bench.ctx, first, proposed.merge_id, WHY, CLERK)
    with pytest.raises(CaseMergedAlready):
        await case_merges.merge(bench.ctx, first, new, OTHER)
    done, _ = await case_merges.agree(bench.ctx, second, proposed.merge_id, WHY, CHIEF)
    assert (done.decided_by, await bench.buckets(second)) == (CHIEF, {})
    assert ("supervise", None) not in await bench.tasks(first)
    await case_merges.propose_undo(bench.ctx, first, done.merge_id, WHY, CHIEF)
    with pytest.raises(MergeUndoNeedsSecondOfficer):
        await case_merges.agree_to_undo(bench.ctx, first, done.merge_id, WHY, CHIEF)
    kept, _ = await case_merges.reject_undo(bench.ctx, first, done.merge_id, "it is one case", CLERK)
    assert (kept.state, await bench.buckets(second)) == (MergeState.IN_FORCE, {})
    with pytest.raises(MergeStateDiffers):
        await case_merges.agree_to_undo(bench.ctx, first, done.merge_id, WHY, CLERK)
    await undo(bench, done)
    assert await bench.buckets(first) == {"lost": -10_000_00, "held": 10_000_00}
    assert await bench.buckets(second) == LOST


async def test_a_prepared_restoration_forbids_the_undo_as_it_forbids_the_merge(ctx: Context) -> None:
    home = Home(ctx)
    bench = home.bench
    first, second, one, _ = await two_told(bench)
    done = await merge(bench, first, second, *FIRST)
    await bench.answer("HDFC", first, row(1, one, "10000.00"))
    await home.open_for_new_holds(first)
    restoration_id = await bench.value("SELECT restoration_id FROM restoration WHERE ack_no = $1", first)
    await home.to_approval(restoration_id)
    await home.tick(restoration_id)
    await home.prepare(restoration_id)
    with pytest.raises(MergeRestorationPrepared):
        await undo(bench, done)
    assert (await bench.buckets(second), (await case_merges.told_for(ctx, first)).merges[0].state) == (
        {},
        MergeState.UNDO_PROPOSED,
    )
    # Both numbers show the credit. The account is shown to the one that was credited.
    await home.approve(restoration_id)
    await home.tick(restoration_id)
    await home.confirm(restoration_id)
    for ack_no, is_own in ((first, True), (second, False)):
        page = await my_case.look(ctx, ack_no)
        assert page.sums == {Bucket.RESTORED: 10_000_00}
        assert [(one.amount_paise, bool(one.account_end)) for one in page.credits] == [(10_000_00, is_own)]


async def test_no_case_is_merged_twice_and_no_chain_is_longer_than_one(bench: Bench) -> None:
    first, second, third = [await bench.complain(transfer(payee=at(f"5{rrn()}"))) for _ in range(3)]
    done = await merge(bench, first, second)
    assert await together(bench, second) == {"lost": 20_000_00, "in_play": 20_000_00}
    with pytest.raises(CaseMergedAlready):
        await merge(bench, second, third)
    with pytest.raises(CaseHasMerges):
        await merge(bench, third, first)
    insert = (
        "INSERT INTO case_merge (primary_case_no, merged_case_no, reason, victims_agree, same_transfers, needs_second,"
        " proposed_by, proposed_at) VALUES ($1, $2, '-', false, '[]', false, $3, now())"
    )
    for primary, merged in ((second, third), (third, first), (third, second)):
        with pytest.raises((asyncpg.CheckViolationError, asyncpg.UniqueViolationError), match="merge"):
            await bench.pool.execute(insert, primary, merged, CLERK)
    alone = "UPDATE case_merge SET undone_by = $2, undone_at = now(), undone_reason = '-' WHERE merge_id = $1"
    await case_merges.propose_undo(bench.ctx, first, done.merge_id, WHY, CLERK)
    with pytest.raises(asyncpg.CheckViolationError, match="case_merge_undo_four_eyes"):
        await bench.pool.execute(alone, done.merge_id, CLERK)
    await case_merges.reject_undo(bench.ctx, first, done.merge_id, WHY, CHIEF)
    both = [
        case_merges.merge(bench.ctx, one, other, CLERK)
        for one, other in (
            (first, NewMerge(other_ack_no=third, reason=WHY)),
            (third, NewMerge(other_ack_no=first, reason=WHY)),
        )
    ]
    results = await asyncio.gather(*both, return_exceptions=True)
    assert [isinstance(result, tuple) for result in results] == [True, False]
    assert await together(bench, third) == {"lost": 30_000_00, "in_play": 30_000_00}


async def test_postgresql_refuses_a_live_hop_of_a_transfer_that_a_merged_case_has(ctx: Context, bench: Bench) -> None:
    first, second = [await bench.complain(transfer(payee=at(f"5{rrn()}"))) for _ in range(2)]
    await merge(bench, first, second)
    copied = (
        "INSERT INTO hop SELECT (jsonb_populate_record(h, jsonb_build_object('case_no', $1::text, 'hop_no', 2,"
        " 'ack_no', $1::text))).* FROM hop h WHERE h.case_no = $2 AND h.hop_no = 1"
    )
    with pytest.raises(asyncpg.SerializationError, match="is live in case"):
        await bench.pool.execute(copied, first, second)
    told = await withdrawals.propose(ctx, first, NewWithdrawal(kind=WithdrawalKind.MISTAKEN, reason=WHY), CLERK)
    assert told.decision is None
