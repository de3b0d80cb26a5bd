"""Hops that wait for the desk: the supervisor hears of them, the directory may learn their bank, and it has an end."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.banks.directory import load_directory
from activities.case import outbox
from activities.case.desk import correct_hop
from activities.case.outbox import SweepActivities
from activities.case.parked_hops import Done, remind, route_again, write_off
from activities.secrets import SecretBox
from db.case import intake, parked_hops
from db.pool import Pool
from schemas.case.case_workflow import FollowUp, HopRef, Swept
from schemas.case.discrepancies import HopCorrection
from tests.activities.bench import Bench
from tests.activities.told import planned
from tests.factories import BANKS, SECRET, institution, make_context, moved, row, rrn, transfer

HOUR = timedelta(hours=1)
LONG = timedelta(days=91)


@pytest.fixture
async def own(database: Pool) -> AsyncIterator[Bench]:
    """A bench on a database of its own: the sweep looks at every case. Every case is checked at the end."""
    bench = Bench(await make_context(database))
    yield bench
    for (case_no,) in await bench.rows("SELECT case_no FROM case_file"):
        await bench.check(case_no)


class KeepingNotifier:
    """A notifier that keeps what it was given, and fails for the cases in `away`."""

    def __init__(self) -> None:
        self.follow_ups: list[FollowUp] = []
        self.away: set[str] = set()

    async def notify(self, follow_up: FollowUp) -> None:
        if follow_up.case_no in self.away:
            raise ValueError(follow_up.case_no)
        self.follow_ups.append(follow_up)

    def closed(self) -> list[tuple[HopRef, ...]]:
        return [sent.news.closed for sent in self.follow_ups if sent.news]


@pytest.fixture
def notifier() -> KeepingNotifier:
    return KeepingNotifier()


async def sweep(bench: Bench, notifier: KeepingNotifier) -> Swept:
    """One sweep in which nothing but waiting hops is to be done."""
    await bench.pool.execute("UPDATE case_file SET workflow_started_at = now()")
    await bench.pool.execute("UPDATE case_news SET signalled_at = now() WHERE signalled_at IS NULL")
    return await SweepActivities(bench.ctx, notifier.notify).sweep_outbox()


async def waited(bench: Bench, case_no: str, how_long: timedelta, hop_no: int = 1) -> None:
    """Let a hop have waited for so long."""
    await bench.pool.execute(
        "UPDATE hop SET waiting_since = waiting_since - $3::interval WHERE case_no = $1 AND hop_no = $2",
        case_no,
        hop_no,
        how_long,
    )


async def unroutable(bench: Bench, *, bank: str = "Bank of Nowhere", paise: int = 1000_00, **changes: Any) -> str:
    """A case whose only hop is at an unknown bank."""
    return await bench.complain(transfer(paise, payee_bank=bank, **changes))


async def not_found(bench: Bench, paise: int = 1000_00) -> tuple[str, str]:
    """A case whose only hop its bank cannot find; its number and reference."""
    root = rrn()
    case_no = await bench.complain(transfer(paise, reference=root))
    await bench.ask_one(case_no)
    await bench.answer("HDFC", case_no, row(1, root, "0", status_code="02"))
    return case_no, root


# -- the clock -----------------------------------------------------------------------------------------------------


async def test_a_hop_has_a_clock_exactly_while_it_waits(own: Bench) -> None:
    since = "waiting_since IS NOT NULL, reminded_at IS NOT NULL"
    case_no, _ = await not_found(own)
    assert await own.hops(case_no, since) == [(True, False)]
    await own.pool.execute("UPDATE hop SET reminded_at = now()")
    before = await own.value("SELECT waiting_since FROM hop")
    nowhere = HopCorrection.model_validate({"reason": "it says", "payee": {"institution": "Elsewhere", "account": "1"}})
    await correct_hop(own.ctx, case_no, 1, nowhere, "officer:7")
    assert await own.hops(case_no, since) == [(True, False)], "corrected, and it waits again: the clock starts again"
    assert await own.value("SELECT waiting_since FROM hop") > before
    right = HopCorrection.model_validate({"reason": "it says", "payee": {"institution": "ICIC", "account": "1"}})
    await correct_hop(own.ctx, case_no, 1, right, "officer:7")
    assert await own.hops(case_no, since) == [(False, False)]


# -- the supervisor ------------------------------------------------------------------------------------------------


async def test_the_supervisor_is_told_once_of_a_hop_that_waits_long(own: Bench, notifier: KeepingNotifier) -> None:
    case_no, _ = await not_found(own)
    unknown = await unroutable(own)
    assert (await sweep(own, notifier)).hops_reminded == 0
    for waiting_case in (case_no, unknown):
        await waited(own, waiting_case, HOUR)
    assert (await sweep(own, notifier)).hops_reminded == 2
    assert await own.tasks(case_no) == [("correct_reference", 1), ("supervise", 1)]
    assert await own.tasks(unknown) == [("name_institution", 1), ("supervise", 1)]
    assert (await own.events(case_no))[-1] == "task_opened"
    actor, data = (await own.rows("SELECT actor, data FROM case_event WHERE kind = 'task_opened' ORDER BY at"))[0]
    assert (actor, data["kind"], data["hop_no"]) == ("engine", "supervise", 1)
    assert (await sweep(own, notifier)).hops_reminded == 0
    await own.pool.execute("UPDATE desk_task SET state = 'closed', closed_at = now() WHERE kind = 'supervise'")
    assert (await sweep(own, notifier)).hops_reminded == 0, "once, also when the supervisor is done with it"
    assert notifier.follow_ups == []


async def test_what_the_supervisor_was_told_is_over_when_the_hop_goes_out(
    own: Bench, notifier: KeepingNotifier
) -> None:
    case_no, _ = await not_found(own)
    answered, answered_root = await not_found(own)
    for waiting_case in (case_no, answered):
        await waited(own, waiting_case, HOUR)
    await sweep(own, notifier)
    await correct_hop(
        own.ctx, case_no, 1, HopCorrection.model_validate({"rrn": rrn(), "reason": "a slip"}), "officer:7"
    )
    await own.answer("HDFC", answered, row(1, answered_root, "1000.00"))
    assert await own.tasks(case_no) == []
    assert await own.tasks(answered) == []


async def test_waits_are_divided_by_the_clock_factor(database: Pool, notifier: KeepingNotifier) -> None:
    bench = Bench(await make_context(database, clock_factor=3600.0))
    case_no = await unroutable(bench)
    await waited(bench, case_no, timedelta(seconds=1))
    assert (await sweep(bench, notifier)).hops_reminded == 1


# -- the end of waiting --------------------------------------------------------------------------------------------


async def test_a_hop_that_no_officer_puts_right_is_written_off_and_the_case_settles(
    own: Bench, notifier: KeepingNotifier
) -> None:
    case_no, _ = await not_found(own)
    unknown = await unroutable(own)
    for waiting_case in (case_no, unknown):
        await waited(own, waiting_case, LONG)
    swept = await sweep(own, notifier)
    assert (swept.hops_written_off, swept.hops_reminded) == (2, 0)
    assert notifier.closed() == [(HopRef(hop_no=1, revision=0),)] * 2
    for waiting_case, waited_as in ((case_no, "correction"), (unknown, "unroutable")):
        assert await own.buckets(waiting_case) == {"lost": -1000_00, "untraced": 1000_00}
        assert await own.hops(waiting_case) == ["closed"]
        assert await own.tasks(waiting_case) == []
        (event,) = await own.rows(
            "SELECT actor, data FROM case_event WHERE case_no = $1 AND kind = 'hop_written_off'", waiting_case
        )
        assert (event[0], event[1]["waited_as"], event[1]["placed"]) == (
            "engine",
            waited_as,
            [[1, "in_play", -1000_00], [1, "untraced", 1000_00]],
        )
        assert (await own.settle(waiting_case)).settled
    assert (await sweep(own, notifier)).hops_written_off == 0


async def test_only_what_is_still_in_play_is_written_off(own: Bench, notifier: KeepingNotifier) -> None:
    root = rrn()
    case_no = await own.complain(transfer(1000_00, reference=root), transfer(300_00))
    await own.ask_one(case_no)
    await own.answer("HDFC", case_no, row(1, root, "400.00"), row(1, root, "0", status_code="02"))
    await waited(own, case_no, LONG)
    await sweep(own, notifier)
    assert await own.buckets(case_no) == {"lost": -1300_00, "held": 400_00, "untraced": 600_00, "in_play": 300_00}
    assert await own.hops(case_no) == ["closed", "asked"]


async def test_a_late_answer_still_places_what_was_written_off(own: Bench, notifier: KeepingNotifier) -> None:
    case_no, root = await not_found(own)
    await waited(own, case_no, LONG)
    await sweep(own, notifier)
    await own.answer("HDFC", case_no, row(1, root, "700.00"))
    assert await own.buckets(case_no) == {"lost": -1000_00, "held": 700_00, "untraced": 300_00}


async def test_a_hop_put_right_at_the_last_moment_is_not_written_off(own: Bench) -> None:
    """The sweep looked before the desk's correction was committed, and again under the case's lock after it."""
    case_no, _ = await not_found(own)
    await waited(own, case_no, LONG)
    await correct_hop(
        own.ctx, case_no, 1, HopCorrection.model_validate({"rrn": rrn(), "reason": "a slip"}), "officer:7"
    )
    for hand in (write_off, remind):
        assert await hand(own.ctx, case_no, [1]) == Done()
    assert await own.hops(case_no) == ["asked"]


async def test_two_sweeps_at_once_write_off_once(own: Bench) -> None:
    case_no, _ = await not_found(own)
    await waited(own, case_no, LONG)
    done = await asyncio.gather(*(write_off(own.ctx, case_no, [1]) for _ in range(4)))
    assert sorted(one.hops for one in done) == [0, 0, 0, 1]
    assert await own.buckets(case_no) == {"lost": -1000_00, "untraced": 1000_00}


async def test_the_longest_wait_comes_first_and_a_sweep_has_a_limit(
    own: Bench, notifier: KeepingNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "WAITING_LIMIT", 2)
    numbers = [await unroutable(own) for _ in range(3)]
    for extra, case_no in enumerate(numbers):
        await waited(own, case_no, LONG + timedelta(days=extra))
    assert (await sweep(own, notifier)).hops_written_off == 2
    assert [follow_up.case_no for follow_up in notifier.follow_ups] == numbers[:0:-1]
    assert (await sweep(own, notifier)).hops_written_off == 1


async def test_a_case_that_fails_keeps_no_other_hop_waiting(
    own: Bench, notifier: KeepingNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "WAITING_LIMIT", 1)
    broken, healthy = await unroutable(own), await unroutable(own)
    await waited(own, broken, LONG + HOUR)
    await waited(own, healthy, LONG)
    ctx = SweepActivities(own.ctx, notifier.notify)
    notifier.away = {broken}
    await own.pool.execute("UPDATE case_file SET workflow_started_at = now()")
    swept = [await ctx.sweep_outbox() for _ in range(2)]
    assert [one.failed for one in swept] == [1, 0]
    assert [one.hops_written_off for one in swept] == [0, 1]
    assert await own.hops(broken) == ["closed"], "committed: its news are in the outbox, and are sent later"


# -- the directory learns ------------------------------------------------------------------------------------------


async def load(bench: Bench, *entries: str) -> None:
    """Load banks as `goldenhour bank load` does; the directory of the activities is as old as it was."""
    await load_directory(bench.pool, SecretBox(SECRET), [institution(code) for code in entries])


async def test_a_hop_goes_out_by_itself_when_the_directory_learns_its_bank(
    own: Bench, notifier: KeepingNotifier
) -> None:
    root = rrn()
    case_no = await unroutable(own, bank="KKBK Bank", reference=root)
    assert (await sweep(own, notifier)).hops_routed == 0
    await load(own, "KKBK")
    assert (await sweep(own, notifier)).hops_routed == 1
    (follow_up,) = notifier.follow_ups
    assert follow_up.news is not None
    assert planned(follow_up.news) == [("KKBK", [(1, 1)], 1000_00)]
    assert follow_up.news.closed == (HopRef(hop_no=1, revision=0),)
    assert await own.hops(case_no, "state, revision, institution") == [("asked", 1, "KKBK")]
    assert await own.tasks(case_no) == []
    ((actor, data),) = await own.rows("SELECT actor, data FROM case_event WHERE kind = 'hop_corrected'")
    assert (actor, data["fields"], data["institution"]) == ("engine", ["institution"], "KKBK")
    assert (await own.ask_one(case_no)).delivered
    assert (await sweep(own, notifier)).hops_routed == 0
    joined = await own.complain(transfer(1000_00, payee_bank="KKBK", reference=root))
    assert joined == case_no, "the transfer is known by its bank's code too"


async def test_hops_are_looked_up_once_for_each_change_of_the_directory(
    own: Bench, notifier: KeepingNotifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "WAITING_LIMIT", 2)
    numbers = [await unroutable(own) for _ in range(3)]
    numbers.append(await unroutable(own, bank="KKBK"))
    await load(own, "KKBK")
    assert [(await sweep(own, notifier)).hops_routed for _ in range(3)] == [0, 1, 0]
    assert [await own.hops(case_no) for case_no in numbers] == [["unroutable"]] * 3 + [["asked"]]
    async with own.pool.acquire() as connection:
        changed_at = await parked_hops.directory_changed_at(connection)
        assert changed_at is not None
        assert await parked_hops.to_look_up(connection, changed_at, [], 10) == []
        await load(own, "YESB")
        changed_again_at = await parked_hops.directory_changed_at(connection)
        assert changed_again_at is not None
        assert len(await parked_hops.to_look_up(connection, changed_again_at, [], 10)) == 3


async def test_a_hop_without_a_reference_still_waits_for_one(own: Bench, notifier: KeepingNotifier) -> None:
    root = rrn()
    case_no = await own.complain(transfer(1000_00, reference=root))
    await own.ask_one(case_no)
    await own.answer("HDFC", case_no, moved(root, "1000.00", "KKBK", "1", rrn_transaction_id=""))
    await load(own, "KKBK")
    assert (await sweep(own, notifier)).hops_routed == 1
    assert (await own.hops(case_no, "state, institution"))[1] == ("correction", "KKBK")
    assert await own.tasks(case_no) == [("correct_reference", 2)]
    assert notifier.follow_ups[0].news is not None
    assert notifier.follow_ups[0].news.parked == (HopRef(hop_no=2, revision=1),)


async def test_a_transfer_that_another_case_has_by_its_banks_name_stays_with_the_desk(
    own: Bench, notifier: KeepingNotifier
) -> None:
    """The loss would count twice, and the bank be asked by two cases."""
    root = rrn()
    case_no = await unroutable(own, bank="KKBK Bank", reference=root)
    await load(own, "KKBK")
    await own.ctx.directory.refresh()
    other = await own.complain(transfer(999_00, payee_bank="KKBK", reference=root))
    assert other != case_no
    swept = await sweep(own, notifier)
    assert (swept.hops_routed, swept.failed) == (0, 0)
    assert await own.hops(case_no, "state, revision") == [("unroutable", 0)]
    assert await own.tasks(case_no) == [("name_institution", 1)]


async def test_a_transfer_that_is_just_being_told_of_is_looked_up_again(own: Bench, notifier: KeepingNotifier) -> None:
    root = rrn()
    case_no = await unroutable(own, bank="KKBK", reference=root)
    await load(own, "KKBK")
    async with own.pool.acquire() as connection, connection.transaction():
        assert await intake.try_lock(connection, intake.lock_of_transfer(root))
        assert (await sweep(own, notifier)).hops_routed == 0
    assert (await sweep(own, notifier)).hops_routed == 1
    assert await own.hops(case_no) == ["asked"]


async def test_what_the_desk_has_named_meanwhile_is_left_alone(own: Bench) -> None:
    case_no = await unroutable(own, bank="KKBK")
    await load(own, "KKBK")
    await own.ctx.directory.refresh()
    named = HopCorrection.model_validate({"reason": "it says", "payee": {"institution": "ICIC", "account": "1"}})
    await correct_hop(own.ctx, case_no, 1, named, "officer:7")
    assert await route_again(own.ctx, case_no, [1], changed_at=datetime.now(UTC)) == Done()
    assert await own.hops(case_no, "revision, institution") == [(1, "ICIC")]


def test_the_banks_of_these_tests_are_not_the_factories() -> None:
    assert not {"KKBK", "YESB"} & set(BANKS)
