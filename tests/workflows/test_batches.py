"""Batches: every bank that may have the money gets a request at once, and each answer leads to the next."""

from datetime import UTC, datetime, timedelta

from temporalio.client import Client

from activities.case.desk import add_hop
from activities.context import Context
from domain.case.requests import HOPS_MAX
from schemas.case.discrepancies import NewHopByDesk
from schemas.parties import Party
from tests.factories import moved, row, rrn, transfer
from tests.workflows.stage import Stage, stage_workers, staged


async def test_each_answer_drives_the_next_request_until_nothing_is_in_play(stage: Stage) -> None:
    first, second = rrn(), rrn()
    case_no = await stage.complain(transfer(10_000_00, reference=first))
    await stage.until_asked(1)
    await stage.answer(
        "HDFC",
        case_no,
        row(1, first, "4000.00"),
        moved(first, "6000.00", "ICIC", "000123456789", rrn_transaction_id=second),
    )
    await stage.until_asked(2)
    assert [(code, [i.disputed_paise for i in t.incidents]) for code, t in stage.banks.tickets] == [
        ("HDFC", [10_000_00]),
        ("ICIC", [6000_00]),
    ]
    await stage.answer("ICIC", case_no, row(1, second, "6000.00"))
    outcome = await stage.outcome(case_no)
    assert (outcome.batches, outcome.requests) == (2, 2)
    assert await stage.state(case_no) == "settled"


async def test_one_ticket_for_every_bank_in_a_batch(stage: Stage) -> None:
    hdfc, more_hdfc, icic = rrn(), rrn(), rrn()
    await stage.complain(
        transfer(reference=hdfc), transfer(reference=icic, payee_bank="ICIC"), transfer(reference=more_hdfc)
    )
    await stage.until_asked(2)
    assert sorted(stage.banks.asked()) == [("HDFC", [hdfc, more_hdfc]), ("ICIC", [icic])]


async def test_a_bank_with_more_hops_than_a_ticket_carries_gets_several(ctx: Context, temporal_client: Client) -> None:
    hops = HOPS_MAX + 20
    root = rrn()
    async with staged(ctx, temporal_client, queues=()) as stage:
        case_no = await stage.complain(transfer(hops * 500_00, reference=root))
        lines = [moved(root, "500.00", "ICIC", f"0001234{number:05d}") for number in range(hops)]
        async with stage.paused(case_no):
            await stage.answer("HDFC", case_no, *lines[:300])
            await stage.answer("HDFC", case_no, *lines[300:])
        async with stage_workers(stage):
            await stage.until(lambda: sum(len(rrns) for code, rrns in stage.banks.asked() if code == "ICIC") == hops)
            tickets = [rrns for code, rrns in stage.banks.asked() if code == "ICIC"]
            assert sorted(len(rrns) for rrns in tickets) == [20, HOPS_MAX]
            assert len({number for rrns in tickets for number in rrns}) == hops


async def test_a_hop_that_was_answered_before_it_was_asked_is_not_asked(ctx: Context, temporal_client: Client) -> None:
    root = rrn()
    async with staged(ctx, temporal_client, queues=()) as stage:
        case_no = await stage.complain(transfer(reference=root))
        await stage.answer("HDFC", case_no, row(1, root, "10000.00"), notify=False)
        async with stage_workers(stage):
            outcome = await stage.outcome(case_no)
    assert stage.banks.attempts == []
    assert outcome.batches == 1


async def test_a_second_complaint_joins_and_only_what_is_new_is_asked(stage: Stage) -> None:
    known, new = transfer(), transfer(payee_bank="ICIC")
    case_no = await stage.complain(known)
    await stage.until_asked(1)
    assert await stage.complain(known, new) == case_no
    await stage.until_asked(2)
    assert stage.banks.asked() == [("HDFC", [known["rrn"]]), ("ICIC", [new["rrn"]])]


async def test_a_hop_the_desk_adds_goes_out(stage: Stage) -> None:
    root, added = rrn(), rrn()
    case_no = await stage.complain(transfer(5_000_00, reference=root))
    await stage.until_asked(1)
    done = await add_hop(
        stage.ctx,
        case_no,
        NewHopByDesk(
            parent_hop_no=1,
            payee=Party(institution="PUNB", account="3000000000001"),
            amount_paise=2_000_00,
            disputed_paise=2_000_00,
            reference=added,
            transferred_at=datetime.now(UTC) - timedelta(minutes=1),
            reason="read on the victim's statement",
        ),
        "officer:2",
    )
    await stage.notify(done.follow_up)
    await stage.until_asked(2)
    assert stage.banks.asked()[1] == ("PUNB", [added])
    assert await stage.buckets(case_no) == {"lost": -5_000_00, "in_play": 5_000_00}


async def test_progress_says_where_the_case_stands(stage: Stage) -> None:
    case_no = await stage.complain(transfer(), transfer(payee_bank="ICIC"), transfer(payee_bank="No Such Sahkari"))
    await stage.until_asked(2)
    progress = await stage.progress(case_no)
    assert (progress.case_no, progress.batches) == (case_no, 1)
    assert progress.hops_to_ask == ()
    assert progress.hops_parked == (3,)
    assert sorted(progress.live_requests) == sorted(str(found) for found in await stage.request_ids(case_no))


async def test_two_hops_with_one_reference_are_one_incident(stage: Stage) -> None:
    """Money that came by two ways into one transfer is one transfer to the bank."""
    first, second, onward = rrn(), rrn(), rrn()
    case_no = await stage.complain(transfer(4_000_00, reference=first), transfer(3_000_00, reference=second))
    await stage.until_asked(1)
    await stage.answer(
        "HDFC",
        case_no,
        moved(first, "7000.00", "ICIC", "77", disputed_amount="4000.00", rrn_transaction_id=onward),
        moved(second, "7000.00", "ICIC", "77", disputed_amount="3000.00", rrn_transaction_id=onward),
    )
    await stage.until_asked(2)
    code, ticket = stage.banks.tickets[-1]
    assert (code, [(i.rrn, i.disputed_paise) for i in ticket.incidents]) == ("ICIC", [(onward, 7_000_00)])
