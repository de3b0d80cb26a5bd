"""Due list: each due action once, all of a case under one lock, and nothing lost whatever fails."""

import random
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from activities.case.transaction import ENGINE, CaseTransaction, case_transaction
from activities.context import Context
from activities.recovery.assignments import DueList
from activities.recovery.hold_lifecycle import HoldDeadlines
from activities.recovery.statutory_duties import duty_done, open_duty
from db.case import case_outbox
from db.case.case_outbox import read_deferral
from db.pool import Pool
from db.recovery import due_documents
from schemas.enums import ProcedureKind
from schemas.procedures import RowState
from schemas.restoration_enums import DutyKind
from tests.activities.hold_world import Holds
from tests.activities.recovery.test_hold_lifecycle import CONTACT, keep
from tests.activities.recovery.test_hold_opening import held_case
from tests.factories import make_context, row, rrn

NOW = timedelta(0)
DAY = timedelta(days=1)


class Listed(Holds):
    """Holds whose deadlines the due list keeps."""

    async def attend(self, *case_nos: str) -> int:
        """Attend to what is due of these cases, or of all that the list finds."""
        due = case_nos or await self.waiting()
        return sum([await DueList(self.ctx).attend(case_no, wait=True) for case_no in due])

    async def waiting(self) -> list[str]:
        """The cases that the list finds due."""
        async with self.ctx.pool.acquire() as connection:
            deferral = await read_deferral(connection, NOW, NOW, NOW)
            return [one.case_no for one in await due_documents.due_cases(connection, deferral, [], 100)]

    async def owes(self) -> due_documents.Backlog:
        async with self.ctx.pool.acquire() as connection:
            return await due_documents.backlog(connection)

    async def due_at(self, hold_id: UUID) -> Any:
        return await self.bench.value("SELECT due_at FROM procedure WHERE workflow_id = $1", f"hold-{hold_id}")

    async def change(self, hold_id: UUID) -> None:
        async with self.ctx.pool.acquire() as connection:
            await case_outbox.notify(connection, ProcedureKind.HOLD, str(hold_id), self.clock.at)


@pytest.fixture
async def ctx(database: Pool) -> Context:
    """A database of its own, because the list is read of all cases."""
    return await make_context(database)


@pytest.fixture
def holds(ctx: Context) -> Listed:
    return Listed(ctx)


async def test_a_hold_is_due_at_once_and_then_when_its_next_action_is(holds: Listed) -> None:
    case_no, hold_id = await holds.hold(600, **CONTACT)
    held_at = await holds.bench.value("SELECT first_held_at FROM account_hold WHERE hold_id = $1", hold_id)
    assert await holds.attend() == 2, "the hold, and the duties of its case"
    assert (await holds.bench.events(case_no)).count("holder_told") == 1
    assert await holds.due_at(hold_id) == held_at + 60 * DAY
    assert await holds.attend() == 0
    for days in (60, 75, 83, 89, 90):
        holds.clock.at = held_at + days * DAY
        await holds.attend()
    log = await holds.bench.events(case_no)
    assert (log.count("hold_warned"), log.count("hold_lapsed")) == (4, 1)
    assert log.count("duty_overdue") == 2
    await holds.confirm(case_no)
    await holds.attend()
    assert await holds.due_at(hold_id) is None
    assert await holds.bench.value("SELECT state FROM account_hold WHERE hold_id = $1", hold_id) == "ended"
    assert await holds.attend() == 0


async def test_all_of_a_case_is_one_transaction_and_many_changes_are_one_look(holds: Listed) -> None:
    case_no = await held_case(holds.bench, *(f"{number}{rrn()}" for number in (1, 2, 3, 4)))
    await holds.open_for_new_holds(case_no)
    before = await holds.bench.value("SELECT max(seq) FROM case_event WHERE case_no = $1", case_no)
    assert await holds.attend() == 5
    written = "SELECT count(DISTINCT xmin::text) FROM procedure WHERE case_no = $1 AND kind <> 'restoration'"
    assert await holds.bench.value(written, case_no) == 1
    (hold_id, *_) = [found[0] for found in await holds.bench.rows("SELECT hold_id FROM account_hold")]
    for _ in range(3):
        await holds.change(hold_id)
    assert await holds.attend() == 1
    assert await holds.bench.value("SELECT max(seq) FROM case_event WHERE case_no = $1", case_no) >= before


async def test_a_court_keeps_it_and_it_is_due_again_when_the_order_is_withdrawn(holds: Listed) -> None:
    case_no, hold_id = await holds.hold(600)
    await holds.attend()
    await keep(holds, case_no)
    holds.clock.at += 400 * DAY
    await holds.attend()
    assert await holds.orders(case_no) == []
    assert await holds.due_at(hold_id) is None
    await keep(holds, case_no, kept=False)
    await holds.attend()
    assert await holds.due_at(hold_id) is not None
    holds.clock.at += 31 * DAY
    await holds.attend()
    assert [reason for reason, *_ in await holds.orders(case_no)] == ["lapsed"]


async def test_a_hold_that_starts_again_is_due_again(holds: Listed) -> None:
    case_no, hold_id = await holds.hold(600, lost=400)
    await holds.attend()
    holds.clock.at += 91 * DAY
    await holds.attend()
    await holds.confirm(case_no)
    await holds.attend()
    assert await holds.due_at(hold_id) is None
    (root,) = await holds.bench.hops(case_no, "reference")
    await holds.bench.answer("HDFC", case_no, row(1, root, "300.00"))
    await holds.open_for_new_holds(case_no)
    await holds.attend()
    assert await holds.due_at(hold_id) > holds.clock.at


async def test_a_duty_after_the_last_begins_the_clocks_again(holds: Listed) -> None:
    case_no, _ = await holds.hold(600)
    async with case_transaction(holds.ctx, case_no, "officer:io") as work:
        for kind in (DutyKind.MAGISTRATE_REPORT, DutyKind.FOLLOW_UP):
            assert await duty_done(work, kind)
    await holds.attend()
    due = "SELECT due_at FROM procedure WHERE kind = 'duties'"
    assert await holds.bench.value(due) is None
    async with case_transaction(holds.ctx, case_no, ENGINE) as work:
        assert await open_duty(work, DutyKind.FIR_SIGNATURE)
    assert await holds.attend() == 1
    holds.clock.at += timedelta(hours=80)
    await holds.attend()
    assert (await holds.bench.events(case_no)).count("duty_overdue") == 1
    assert await holds.bench.value(due) is None


# -- failures ----------------------------------------------------------------------------------------------------------


async def test_a_hold_that_fails_costs_no_other_procedure_of_its_case(
    holds: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_no = await held_case(holds.bench, f"1{rrn()}", f"2{rrn()}")
    await holds.open_for_new_holds(case_no)
    bad = await holds.bench.value("SELECT min(hold_id::text)::uuid FROM account_hold")
    attend = HoldDeadlines.attend

    async def fail(self: HoldDeadlines, case: CaseTransaction, hold_id: UUID) -> RowState:
        state = await attend(self, case, hold_id)
        if hold_id == bad:
            raise ValueError("this one cannot be done")
        return state

    monkeypatch.setattr(HoldDeadlines, "attend", fail)
    with pytest.raises(ValueError, match="this one"):
        await holds.attend(case_no)
    done = await holds.bench.rows("SELECT hold_id FROM account_hold WHERE tried_to IS NOT NULL")
    assert len(done) == 1
    assert (bad,) not in done, "what it did is taken back"
    assert await holds.waiting() == [case_no]
    due = await holds.bench.rows("SELECT subject FROM procedure WHERE kind = 'hold' AND due_at <= $1", holds.clock.at)
    assert due == [(str(bad),)]
    monkeypatch.setattr(HoldDeadlines, "attend", attend)
    assert await holds.attend(case_no) == 1
    assert await holds.bench.value("SELECT count(*) FROM account_hold WHERE tried_to IS NULL") == 0


async def test_a_transaction_that_is_lost_is_done_again(holds: Listed, monkeypatch: pytest.MonkeyPatch) -> None:
    case_no, _ = await holds.hold(600, **CONTACT)

    async def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(due_documents, "mark_attended", killed)
        with pytest.raises(KeyboardInterrupt):
            await holds.attend(case_no)
    assert (await holds.bench.events(case_no)).count("holder_told") == 0
    assert await holds.attend(case_no) == 2
    assert (await holds.bench.events(case_no)).count("holder_told") == 1


async def test_an_action_that_stays_due_is_tried_again_after_a_minute(
    holds: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, hold_id = await holds.hold(600, **CONTACT)

    async def nothing(*_: object) -> None:
        return None

    monkeypatch.setattr(HoldDeadlines, "_attend", nothing)
    await holds.attend()
    assert await holds.due_at(hold_id) == holds.clock.at + timedelta(minutes=1)


# -- figures -----------------------------------------------------------------------------------------------------------


async def test_the_backlog_counts_what_is_due_and_undone_and_how_long_it_waits(holds: Listed) -> None:
    assert await holds.owes() == due_documents.Backlog(rows=0, lag_seconds=0)
    case_no = await held_case(holds.bench, f"1{rrn()}")
    held_at = await holds.bench.value("SELECT min(held_at) FROM held_hop")
    holds.clock.at = held_at + timedelta(seconds=7)
    assert await holds.owes() == due_documents.Backlog(rows=1, lag_seconds=7)
    await holds.open_for_new_holds(case_no)
    assert (await holds.owes()).rows == 4, "a hold and duties that are due, a workflow to start, a notification"
    await holds.attend()
    await holds.bench.pool.execute("UPDATE procedure SET started_at = now() WHERE started_at IS NULL")
    await holds.bench.pool.execute("UPDATE procedure_news SET signalled_at = now() WHERE signalled_at IS NULL")
    assert await holds.owes() == due_documents.Backlog(rows=0, lag_seconds=0)
    first = await holds.bench.value("SELECT min(due_at) FROM procedure WHERE kind IN ('hold', 'duties')")
    async with holds.ctx.pool.acquire() as connection:
        assert await due_documents.next_due_at(connection, holds.clock.at) == first
    holds.clock.at = first + timedelta(hours=1)
    assert await holds.owes() == due_documents.Backlog(rows=1, lag_seconds=3600)


# -- any order ---------------------------------------------------------------------------------------------------------

_ONCE = """
SELECT kind || coalesce('_' || (data ->> 'days'), '') || coalesce('_' || (data ->> 'hold_id'), '')
    || coalesce('_' || (data ->> 'kind'), '') || '_' || case_no
FROM case_event WHERE kind IN ('holder_told', 'hold_warned', 'hold_lapsed', 'duty_overdue')
"""


@pytest.mark.parametrize("seed", range(4))
async def test_in_any_order_of_changes_each_action_is_done_once_and_none_is_left(holds: Listed, seed: int) -> None:
    dice = random.Random(seed)
    cases = [await held_case(holds.bench, f"1{rrn()}", f"2{rrn()}") for _ in range(2)]
    for case_no in cases:
        await holds.open_for_new_holds(case_no)
    hold_ids = [found[0] for found in await holds.bench.rows("SELECT hold_id FROM account_hold ORDER BY hold_id")]
    for _ in range(25):
        match dice.randrange(4):
            case 0:
                await holds.change(dice.choice(hold_ids))
            case 1:
                holds.clock.at += dice.choice([1, 7, 16]) * DAY
            case 2:
                await holds.attend(dice.choice(cases))
            case _:
                await holds.attend()
                assert await holds.waiting() == []
    holds.clock.at += 100 * DAY
    await holds.attend()
    done = Counter([found[0] for found in await holds.bench.rows(_ONCE)])
    assert max(done.values()) == 1, done
    lapsed = [what for what in done if what.startswith("hold_lapsed")]
    assert len(lapsed) == len(hold_ids)
    assert sum(what.startswith("duty_overdue") for what in done) == 2 * len(cases)
