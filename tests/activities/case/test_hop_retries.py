"""M3, C1: what a bank does not find is asked again, and an invented complaint takes nothing from a request."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from activities.case.desk import correct_hop
from activities.case.hop_retries import ask_again
from activities.case.outbox import SweepActivities
from activities.recovery import withdrawals
from adapters.banks.protocol import BankUnreachable
from db.case import case_views
from db.pool import Pool
from domain.case.resolution import no_date_flag
from domain.errors.case import HopClosed, HopWithdrawn
from schemas.case.case_workflow import FollowUp, HopRef, SendHoldRequest, Swept
from schemas.case.discrepancies import HopCorrection
from schemas.recovery.officer_steps import NewWithdrawal, WithdrawalKind
from tests.activities.bench import Bench
from tests.activities.told import a_case, ask_after_pause, dispositions, paused, planned
from tests.factories import complaint, make_context, moved, row, rrn, transfer

TEN_MINUTES = timedelta(minutes=10)


@pytest.fixture
async def own(database: Pool) -> AsyncIterator[Bench]:
    """A bench on a database of its own: the sweep looks at every case. Every case is checked at the end."""
    bench = Bench(await make_context(database))
    yield bench
    for (case_no,) in await bench.rows("SELECT case_no FROM case_file"):
        await bench.check(case_no)


async def unfound(bench: Bench, case_no: str, root: str, code: str = "01", bank: str = "HDFC") -> None:
    """The bank is asked, and says that it does not find the transfer."""
    (sent,) = await bench.ask(case_no)
    line = row(1, root, "0", status_code=code)
    await bench.answer(bank, case_no, line, job_id=f"BANKS-{sent.request_id}")


async def later(bench: Bench) -> None:
    """Let ten minutes pass for everything that is due."""
    await bench.pool.execute("UPDATE hop_retry SET due_at = due_at - $1::interval", TEN_MINUTES)


async def sweep(bench: Bench) -> tuple[Swept, list[FollowUp]]:
    """One sweep in which nothing but hops is to be done, and what it told workflows."""
    told: list[FollowUp] = []

    async def keep(follow_up: FollowUp) -> None:
        told.append(follow_up)
        await bench.note(follow_up)

    await bench.pool.execute("UPDATE case_file SET workflow_started_at = now()")
    await bench.pool.execute("UPDATE case_news SET signalled_at = now() WHERE signalled_at IS NULL")
    return await SweepActivities(bench.ctx, keep).sweep_outbox(), told


async def ask_again_at(bench: Bench, case_no: str) -> datetime | None:
    """When the first hop of a case is asked about again, as officers see it."""
    async with bench.pool.acquire() as connection:
        return (await case_views.trail_page(connection, case_no, None, 1)).edges[0].ask_again_at


async def tasks_in_full(bench: Bench, case_no: str) -> list[tuple[str, dict[str, Any]]]:
    return await bench.rows("SELECT cause, facts FROM desk_task WHERE case_no = $1 AND state = 'open'", case_no)


@pytest.mark.parametrize("code", ["01", "20"])
async def test_m3_a_bank_that_does_not_find_a_transfer_is_asked_again_and_catches_it(own: Bench, code: str) -> None:
    case_no, root = await a_case(own)
    await unfound(own, case_no, root, code)
    assert await own.buckets(case_no) == {"lost": -1000_00, "refused": 1000_00}
    assert (await own.settle(case_no)).settled
    assert (await sweep(own))[0].hops_asked_again == 0, "not before its time"
    assert await ask_again_at(own, case_no) == await own.value("SELECT due_at FROM hop_retry")
    await later(own)
    swept, told = await sweep(own)
    assert swept.hops_asked_again == 1
    (follow_up,) = told
    assert planned(follow_up.news) == planned(follow_up.start) == [("HDFC", [(1, 1)], 1000_00)]
    assert await own.buckets(case_no) == {"lost": -1000_00, "in_play": 1000_00}
    assert await own.hops(case_no, "state, revision") == [("asked", 1)]
    assert (await own.events(case_no))[-3:] == ["hop_asked_again", "case_reopened", "request_sent"]
    (sent,) = await own.ask(case_no)
    live = await own.rows("SELECT request_id::text FROM request_hop WHERE case_no = $1 AND live", case_no)
    assert live == [(sent.request_id,)]
    assert await own.value("SELECT count(DISTINCT request_id) FROM hold_request WHERE case_no = $1", case_no) == 2
    await own.answer("HDFC", case_no, row(1, root, "1000.00"), job_id=f"BANKS-{sent.request_id}")
    assert await own.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}
    assert (await sweep(own))[0].hops_asked_again == 0
    assert await ask_again_at(own, case_no) is None
    assert await own.tasks(case_no) == []


async def test_m3_after_the_last_time_the_desk_has_a_task_to_ask_the_victim(own: Bench) -> None:
    case_no, root = await a_case(own)
    times = own.ctx.policy.trail.ask_again.times
    for asked in range(times + 1):
        assert await own.tasks(case_no) == []
        await unfound(own, case_no, root)
        await later(own)
        assert (await sweep(own))[0].hops_asked_again == (asked < times)
    assert await own.buckets(case_no) == {"lost": -1000_00, "refused": 1000_00}
    assert await tasks_in_full(own, case_no) == [("transfer_not_found", {"code": "01", "institution": "HDFC"})]
    assert await dispositions(own, case_no) == ["refusal"] * (times + 1)
    assert (await sweep(own))[0].hops_asked_again == 0, "and no more"


async def test_m3_what_the_victim_reads_off_the_statement_is_asked_at_once(own: Bench) -> None:
    case_no, root = await a_case(replaced(own, times=0))
    await unfound(replaced(own, times=0), case_no, root)
    assert await own.tasks(case_no) == [("correct_reference", 1)]
    assert (await own.settle(case_no)).settled
    right = rrn()
    done = await correct_hop(
        own.ctx, case_no, 1, HopCorrection.model_validate({"rrn": right, "reason": "read again"}), "officer:7"
    )
    await own.note(done.follow_up)
    assert await own.buckets(case_no) == {"lost": -1000_00, "in_play": 1000_00}
    assert await own.hops(case_no, "state, revision, reference") == [("asked", 1, right)]
    assert await own.tasks(case_no) == []
    await unfound(own, case_no, right)
    assert await own.tasks(case_no) == [], "another transfer is asked about as often as the first"
    await own.answer("HDFC", case_no, row(1, right, "1000.00"))
    with pytest.raises(HopClosed):
        await correct_hop(own.ctx, case_no, 1, HopCorrection.model_validate({"rrn": rrn(), "reason": "again"}), "o:7")


def replaced(bench: Bench, *, times: int) -> Bench:
    """The same bench under a policy that asks again so often."""
    policy = bench.ctx.policy
    rules = policy.trail.ask_again.model_copy(update={"times": times})
    trail = policy.trail.model_copy(update={"ask_again": rules})
    return Bench(replace(bench.ctx, policy=policy.model_copy(update={"trail": trail})))


async def test_m3_a_correction_may_lower_the_amount_of_a_transfer_that_is_not_found(own: Bench) -> None:
    case_no, root = await a_case(own)
    await unfound(own, case_no, root)
    less = HopCorrection.model_validate({"amount_paise": 700_00, "reason": "a slip"})
    await own.note((await correct_hop(own.ctx, case_no, 1, less, "officer:7")).follow_up)
    assert await own.buckets(case_no) == {"lost": -700_00, "in_play": 700_00}


async def test_m3_money_placed_meanwhile_is_not_asked_about_again(own: Bench) -> None:
    case_no, root = await a_case(own)
    part, other = await a_case(own)
    await unfound(own, case_no, root)
    await unfound(own, part, other)
    await own.answer("HDFC", case_no, row(1, root, "1000.00"))
    await own.answer("HDFC", part, row(1, other, "400.00"))
    await later(own)
    swept, told = await sweep(own)
    assert swept.hops_asked_again == 1
    assert [planned(follow_up.news) for follow_up in told] == [[("HDFC", [(1, 1)], 600_00)]]
    assert await own.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}
    assert await own.buckets(part) == {"lost": -1000_00, "held": 400_00, "in_play": 600_00}


async def test_m3_a_rest_that_the_bank_cannot_trace_is_asked_again_and_the_victim_is_not(own: Bench) -> None:
    case_no, root = await a_case(own)
    for _ in range(own.ctx.policy.trail.ask_again.times + 1):
        (sent,) = await own.ask(case_no)
        lines = (row(1, root, "400.00"), row(1, root, "600.00", status_code="01"))
        await own.answer("HDFC", case_no, *lines, job_id=f"BANKS-{sent.request_id}")
        assert await own.buckets(case_no) == {"lost": -1000_00, "held": 400_00, "refused": 600_00}
        await later(own)
        await sweep(own)
    assert await own.tasks(case_no) == []
    assert (await dispositions(own, case_no)).count("applied") == 1, "the hold is said again, and counts once"


async def test_m3_a_late_answer_ends_the_question_to_the_victim(own: Bench) -> None:
    case_no, root = await a_case(own)
    await unfound(replaced(own, times=0), case_no, root)
    assert await own.tasks(case_no) == [("correct_reference", 1)]
    await own.answer("HDFC", case_no, row(1, root, "400.00"))
    assert await own.tasks(case_no) == [("correct_reference", 1)], "the rest is not found yet"
    await own.answer("HDFC", case_no, row(5, root, "600.00"))
    assert await own.tasks(case_no) == []


async def test_m3_a_transfer_that_another_bank_reported_is_a_discrepancy_and_not_asked_again(own: Bench) -> None:
    case_no, root = await a_case(own)
    onward = moved(root, "1000.00", "ICIC", "000123456789")
    await own.answer("HDFC", case_no, onward)
    await own.answer("ICIC", case_no, row(1, onward["rrn_transaction_id"], "0", status_code="01"))
    assert await own.discrepancies(case_no) == [("transfer_denied", 1000_00, 0)]
    assert await own.value("SELECT count(*) FROM hop_retry") == 0


async def test_m3_a_bank_that_names_no_job_refuses_again(own: Bench) -> None:
    case_no, root = await a_case(own)
    for minute in range(2):
        await own.ask(case_no)
        line = row(1, root, "0", status_code="01", transaction_datetime=f"2026-11-24 10:0{minute}:00")
        await own.answer("HDFC", case_no, line)
        assert await own.buckets(case_no) == {"lost": -1000_00, "refused": 1000_00}, minute
        await later(own)
        await sweep(own)


async def test_m3_a_hop_is_asked_again_once_by_whichever_attempt_is_first(own: Bench) -> None:
    case_no, root = await a_case(own)
    await unfound(own, case_no, root)
    await later(own)
    first = await ask_again(own.ctx, case_no, [1])
    assert (first.hops, (await ask_again(own.ctx, case_no, [1])).hops) == (1, 0)
    assert await own.hops(case_no, "state, revision") == [("asked", 1)]


async def test_m3_waits_are_divided_by_the_clock_factor(database: Pool) -> None:
    bench = Bench(await make_context(database, clock_factor=600.0))
    case_no, root = await a_case(bench)
    await unfound(bench, case_no, root)
    wait = "SELECT r.due_at - u.received_at FROM hop_retry r JOIN status_update u USING (case_no)"
    assert await bench.value(wait) == timedelta(seconds=1)


async def test_a_withdrawn_transfer_is_not_asked_about_again(own: Bench) -> None:
    case_no, root = await a_case(own)
    await unfound(own, case_no, root)
    new = NewWithdrawal(kind=WithdrawalKind.FALSE, hop_no=None, reason="the caller took it back")
    withdrawal_id = (await withdrawals.propose(own.ctx, case_no, new, "officer:clerk")).withdrawal_id
    await withdrawals.agree(own.ctx, case_no, withdrawal_id, "so did the bank", "officer:chief")
    await later(own)
    _, told = await sweep(own)
    assert told == []
    assert await own.hops(case_no) == ["closed"]
    assert await own.buckets(case_no) == {}
    assert await own.value("SELECT count(*) FROM hop_retry") == 0


async def test_a_withdrawn_transfer_is_not_corrected_either(own: Bench) -> None:
    case_no, root = await a_case(own)
    await unfound(own, case_no, root)
    new = NewWithdrawal(kind=WithdrawalKind.FALSE, hop_no=None, reason="the caller took it back")
    withdrawal_id = (await withdrawals.propose(own.ctx, case_no, new, "officer:clerk")).withdrawal_id
    await withdrawals.agree(own.ctx, case_no, withdrawal_id, "so did the bank", "officer:chief")
    with pytest.raises(HopWithdrawn):
        await correct_hop(own.ctx, case_no, 1, HopCorrection(rrn=rrn(), reason="read again"), "officer:clerk")


async def test_a_transfer_without_a_date_waits_for_the_desk_when_it_is_due(own: Bench) -> None:
    """Its bank refused it unasked. No bank finds a transfer without its date."""
    case_no, root = await a_case(own)
    await unfound(own, case_no, root)
    flag = [no_date_flag("the bank's answer").model_dump()]
    await own.pool.execute("UPDATE hop SET flags = $2 WHERE case_no = $1", case_no, flag)
    await later(own)
    _, told = await sweep(own)
    assert await own.hops(case_no, "state, revision") == [("correction", 1)]
    assert [news.opened for follow_up in told if (news := follow_up.news)] == [()]
    assert [news.parked for follow_up in told if (news := follow_up.news)] == [(HopRef(hop_no=1, revision=1),)]
    facts = {"detail": "no date can be read in the bank's answer"}
    assert await tasks_in_full(own, case_no) == [("date_missing", facts)]


OTHER_PAYER = {"institution": "PUNB", "account": "40000000009"}
TRUE, INVENTED = 10_000_00, 1_00_000_00
MOVED_TO = {"institution": "ICIC", "account": "7770001"}


async def undelivered(bench: Bench, reference: str) -> tuple[str, SendHoldRequest]:
    """A case whose bank is down, and the request that it has not got."""
    case_no = await bench.complain(transfer(TRUE, reference=reference))
    (order,) = await bench.orders(case_no)
    bench.bank.outcomes.append(BankUnreachable("HDFC", "down"))
    with pytest.raises(Exception, match="down"):
        await bench.freeze.send_hold_request(order)
    return case_no, order


async def tell(bench: Bench, reference: str, paise: int = TRUE, **changes: Any) -> str:
    """A later complaint about the same transfer; returns its number."""
    told = {name: change for name, change in changes.items() if change}
    return (await bench.take(complaint(transfer(paise, reference=reference, **told)))).receipt.ack_no


STANDS = "state, revision, institution, amount_paise"


async def test_c1_a_larger_amount_waits_until_the_bank_has_the_first_request(own: Bench) -> None:
    root = rrn()
    case_no, order = await undelivered(own, root)
    await tell(own, root, INVENTED, payer=OTHER_PAYER)
    assert (await sweep(own))[0].hops_raised == 0
    assert await own.hops(case_no, STANDS) == [("asked", 0, "HDFC", TRUE)]
    sent = await own.freeze.send_hold_request(order)
    assert sent.delivered
    assert [incident.amount_paise for incident in own.bank.tickets[-1][1].incidents] == [TRUE]
    swept, told = await sweep(own)
    assert (swept.hops_raised, len(told)) == (1, 1)
    assert await own.hops(case_no, STANDS) == [("asked", 1, "HDFC", INVENTED)]
    second = await own.ask_one(case_no)
    await own.answer("HDFC", case_no, row(1, root, "0", status_code="02"), job_id=f"BANKS-{second.request_id}")
    await own.answer("HDFC", case_no, row(1, root, "10000.00"), job_id=f"BANKS-{sent.request_id}")
    assert (await own.buckets(case_no))["held"] == TRUE
    assert (await sweep(own))[0].hops_raised == 0


async def test_c1_a_larger_amount_waits_while_no_request_is_planned(own: Bench) -> None:
    root = rrn()
    case_no = await own.complain(transfer(TRUE, reference=root), ack_no=await paused(own))
    await tell(own, root, INVENTED)
    await tell(own, root, 2 * TRUE)
    assert (await sweep(own))[0].hops_raised == 0
    assert await own.hops(case_no, STANDS) == [("open", 0, "HDFC", TRUE)]
    await ask_after_pause(own, case_no)
    assert (await sweep(own))[0].hops_raised == 1
    assert await own.hops(case_no, STANDS) == [("asked", 1, "HDFC", INVENTED)], "the largest that was told"


async def test_c1_a_larger_amount_waits_until_a_bank_has_read_its_feed(own: Bench) -> None:
    root = rrn()
    case_no = await own.complain(transfer(TRUE, reference=root))
    sent = await own.ask_one(case_no)
    await own.pool.execute("UPDATE hold_request SET channel = 'pull'")
    await tell(own, root, INVENTED)
    assert (await sweep(own))[0].hops_raised == 0
    await own.pool.execute("UPDATE feed_entry SET acknowledged_at = now() WHERE request_id = $1::uuid", sent.request_id)
    assert (await sweep(own))[0].hops_raised == 1
    assert await own.hops(case_no, STANDS) == [("asked", 1, "HDFC", INVENTED)]


async def test_c1_a_hop_that_no_bank_was_asked_about_gets_its_bank_and_keeps_its_amount(own: Bench) -> None:
    root = rrn()
    case_no = await own.complain(transfer(TRUE, reference=root, payee_bank="Bank of Nowhere"))
    await tell(own, root, TRUE)
    assert await own.hops(case_no, STANDS) == [("asked", 1, "HDFC", TRUE)]
    await tell(own, root, INVENTED)
    assert await own.hops(case_no, STANDS) == [("asked", 1, "HDFC", TRUE)]


async def test_c1_a_larger_amount_of_a_withdrawn_complaint_is_never_asked_about(own: Bench) -> None:
    root = rrn()
    case_no, order = await undelivered(own, root)
    again = transfer(INVENTED, reference=root, payer=OTHER_PAYER)
    ack_no = (await own.take(complaint(again, transfer(500_00)))).receipt.ack_no
    wanted = NewWithdrawal(kind=WithdrawalKind.FALSE, hop_no=None, reason="invented")
    withdrawal_id = (await withdrawals.propose(own.ctx, ack_no, wanted, "officer:clerk")).withdrawal_id
    await withdrawals.agree(own.ctx, ack_no, withdrawal_id, "invented", "officer:chief")
    await own.freeze.send_hold_request(order)
    assert (await sweep(own))[0].hops_raised == 0
    assert (await own.hops(case_no, STANDS))[0] == ("asked", 0, "HDFC", TRUE)


# -- another bank ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payer", [OTHER_PAYER, None])
async def test_a_transfer_that_its_bank_does_not_find_is_asked_at_the_bank_told_later(
    own: Bench, payer: dict[str, str] | None
) -> None:
    root = rrn()
    case_no = await own.complain(transfer(TRUE, reference=root))
    await unfound(own, case_no, root)
    await tell(own, root, payee=MOVED_TO, payer=payer)
    swept, told = await sweep(own)
    assert (swept.hops_asked_again, len(told)) == (1, 1)
    assert await own.hops(case_no, f"{STANDS}, payee_holder") == [("asked", 1, "ICIC", TRUE, MOVED_TO["account"])]
    sent = await own.ask_one(case_no)
    await own.answer(
        "ICIC", case_no, row(1, root, "10000.00", root_account_number="7770001"), job_id=f"BANKS-{sent.request_id}"
    )
    assert await own.buckets(case_no) == {"lost": -TRUE, "held": TRUE}


async def test_another_bank_that_was_told_while_the_first_was_asked_is_asked_when_that_one_finds_nothing(
    own: Bench,
) -> None:
    root = rrn()
    case_no = await own.complain(transfer(TRUE, reference=root))
    sent = await own.ask_one(case_no)
    await tell(own, root, payee=MOVED_TO, payer=OTHER_PAYER)
    assert await own.hops(case_no, STANDS) == [("asked", 0, "HDFC", TRUE)]
    line = row(1, root, "0", status_code="01")
    await own.answer("HDFC", case_no, line, job_id=f"BANKS-{sent.request_id}")
    assert (await sweep(own))[0].hops_asked_again == 1, "at once"
    assert await own.hops(case_no, STANDS) == [("asked", 1, "ICIC", TRUE)]


async def test_an_invented_bank_takes_no_question_from_the_true_one(own: Bench) -> None:
    root = rrn()
    case_no = await own.complain(transfer(TRUE, reference=root))
    await unfound(own, case_no, root)
    await tell(own, root, payee=MOVED_TO, payer=OTHER_PAYER)
    banks = ["HDFC"]
    for _ in range(2 * own.ctx.policy.trail.ask_again.times):
        await later(own)
        assert (await sweep(own))[0].hops_asked_again == 1
        (bank,) = await own.hops(case_no, "institution")
        banks.append(bank)
        await unfound(own, case_no, root, bank=bank)
    assert banks == ["HDFC", "ICIC"] * 3 + ["HDFC"]
    await later(own)
    assert (await sweep(own))[0].hops_asked_again == 0
    assert ("transfer_not_found", {"code": "01", "institution": "HDFC"}) in await tasks_in_full(own, case_no)


async def test_money_that_the_first_bank_placed_in_part_stays_there(own: Bench) -> None:
    root = rrn()
    case_no = await own.complain(transfer(TRUE, reference=root))
    sent = await own.ask_one(case_no)
    job_id = f"BANKS-{sent.request_id}"
    lines = row(1, root, "4000.00"), row(1, root, "0", status_code="01")
    await own.answer("HDFC", case_no, *lines, job_id=job_id)
    await tell(own, root, payee=MOVED_TO)
    await later(own)
    await sweep(own)
    assert (await own.hops(case_no, "institution")) == ["HDFC"]


@pytest.mark.parametrize(("payer", "bank"), [(None, "ICIC"), (OTHER_PAYER, "HDFC")])
async def test_the_same_payer_moves_a_request_that_its_bank_has_not_got(
    own: Bench, payer: dict[str, str] | None, bank: str
) -> None:
    root = rrn()
    case_no, _ = await undelivered(own, root)
    await tell(own, root, payee=MOVED_TO, payer=payer)
    assert await own.hops(case_no, "institution") == [bank]
