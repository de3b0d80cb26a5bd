"""A hold's own clocks: notice to its holder, warning, lapse, and the release of excess."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import pytest

from activities.recovery.court_orders import confirm_withdrawal, withdraw_court_order
from activities.recovery.firs import assign_officer
from activities.recovery.hold_releases import record_small_hold_decision
from activities.recovery.hold_transaction import HoldTransaction
from activities.recovery.orders import cancel_order
from db.privacy.body_keys import COURT_ORDER
from db.recovery import free_amounts
from domain.errors.recovery import HoldKeptByCourt, NotSmallHold, SmallHoldDecided
from domain.recovery.holds import HoldClocks
from schemas.enums import ResolutionDecision, Role
from schemas.recovery.court_orders import NewCourtOrder
from schemas.recovery.holds import HoldAction, NewSmallHoldDecision, SmallHoldDecision
from tests.activities.court_bench import confirmed_order
from tests.activities.hold_world import APPEAL, Holds, WatchedDeadlines
from tests.activities.recovery.test_message_outbox import IO
from tests.activities.release_bench import confirmed, make_io
from tests.activities.restoration_bench import officer
from tests.each import each
from tests.factories import row, rrn
from tests.sealed_documents import sealed_document

INSPECTOR = officer("io", Role.IO)
CONTACT: Final[dict[str, Any]] = {"phone_number": "9876500000", "email": "holder@mail.example"}
DAY = timedelta(days=1)
WARNINGS = ["warn_30", "warn_15", "warn_7", "warn_1"]


# -- the holder --------------------------------------------------------------------------------------------------------


async def test_the_holder_is_told_once_the_same_day_and_how_to_appeal(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, **CONTACT)
    assert await holds.tick(hold_id) == [HoldAction.TELL_HOLDER]
    told = await holds.messages(case_no, "hold")
    assert [to for to, _ in told] == ["holder"] * len(told)
    assert {medium for _, medium in told} == {"sms", "email"}
    (said,) = await holds.bench.said("hold", case_no, medium="sms", language="en")
    reference = await holds.bench.value("SELECT reference FROM account_hold WHERE hold_id = $1", hold_id)
    assert case_no in said.body
    assert "Rs 600" in said.body
    assert f"reference {reference}, at {APPEAL}" in said.body
    waited = await holds.bench.value(
        "SELECT holder_told_at - first_held_at FROM account_hold WHERE hold_id = $1", hold_id
    )
    assert waited < timedelta(seconds=holds.ctx.policy.hold.tell_holder_within_seconds)
    await holds.look(hold_id)
    assert await holds.tick(hold_id, 1) == []
    assert await holds.messages(case_no, "hold") == told
    assert (await holds.bench.events(case_no)).count("holder_told") == 1


@each(
    ("stated_days", "transferred_days", "lapses_days"),
    [(40, 41, 50), (100, 40, 50), (100, 100, 30)],
)
async def test_b7_a_hold_lapses_by_the_banks_date_but_not_before_the_transfer_or_the_first_warning(
    holds: Holds, stated_days: int, transferred_days: int, lapses_days: int
) -> None:
    now = holds.clock.at.replace(microsecond=0)
    stated_at = (now - stated_days * DAY).isoformat()
    case_no, hold_id = await holds.hold(600, transaction_datetime=stated_at, **CONTACT)
    moved = "UPDATE hop SET transferred_at = $2 WHERE case_no = $1"
    await holds.bench.pool.execute(moved, case_no, now - transferred_days * DAY)
    await holds.tick(hold_id)
    lapses_at = await holds.bench.value("SELECT lapses_at FROM account_hold WHERE hold_id = $1", hold_id)
    assert round((lapses_at - now) / DAY, 3) == lapses_days


async def test_b2_no_holder_is_told_of_a_hold_while_its_account_is_in_doubt(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, root_account_number="99999999999999", **CONTACT)
    assert await holds.tick(hold_id) == [], "the notice could reach the wrong person"
    assert await holds.tick(hold_id, 1) == [HoldAction.TELL_LATE]
    assert await holds.messages(case_no, "hold") == []
    told = await holds.told(case_no)
    await holds.settle(case_no, ResolutionDecision.UPHELD_OTHER)
    assert await holds.told(case_no) == told + 1
    assert await holds.tick(hold_id) == [], "another account is on hold"
    await holds.settle(case_no, ResolutionDecision.NOTED)
    assert await holds.tick(hold_id) == [HoldAction.TELL_HOLDER]
    assert await holds.messages(case_no, "hold") != []


async def test_b2_no_holder_is_told_that_a_hold_lapsed_while_its_account_is_in_doubt(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, root_account_number="99999999999999", **CONTACT)
    await holds.tick(hold_id, 100)
    assert ("lapsed", "planned", 600_00) in await holds.orders(case_no)
    told = "SELECT count(*) FROM message WHERE case_no = $1 AND to_whom = 'holder'"
    assert await holds.bench.value(told, case_no) == 0


async def test_what_is_due_at_a_look_is_done_by_the_look_and_each_thing_once(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, said=1100, **CONTACT)
    await holds.settle(case_no, ResolutionDecision.UPHELD_BANK)
    dues = [due.what for due in (await holds.look(hold_id)).dues]
    assert sorted(holds.engine.done) == sorted([HoldAction.TELL_HOLDER, HoldAction.RELEASE_EXCESS])
    assert dues == [*WARNINGS, HoldAction.LAPSE], "what it says is due is what comes next"
    assert await holds.orders(case_no) == [("excess", "planned", 500_00)]
    assert (await holds.bench.events(case_no)).count("holder_told") == 1
    holds.clock.at += timedelta(days=100)
    assert (await holds.look(hold_id)).dues == ()
    assert holds.engine.done[2:] == ["warn_30"], "of what is past, once"
    assert ("lapsed", "planned", 600_00) in await holds.orders(case_no)


async def test_what_stays_due_though_it_was_done_is_left_to_the_next_look(holds: Holds) -> None:
    _, hold_id = await holds.hold(600, **CONTACT)
    holds.engine = Idle(holds.ctx, APPEAL)
    for looks in (1, 2):
        assert (await holds.look(hold_id)).dues[0].what == HoldAction.TELL_HOLDER
        assert holds.engine.done == [HoldAction.TELL_HOLDER] * looks


class Idle(WatchedDeadlines):
    """Deadlines that do nothing of what they are asked."""

    async def _attend(self, work: HoldTransaction, state: HoldClocks, what: str, at: datetime) -> bool:
        self.done.append(what)
        assert len(self.done) < 10, "it does not come to rest"
        return False


async def test_two_workers_at_once_tell_the_holder_once(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, **CONTACT)
    await asyncio.gather(*(holds.look(hold_id) for _ in range(4)))
    assert (await holds.bench.events(case_no)).count("holder_told") == 1


async def test_a_hold_that_starts_again_is_told_again_and_lapses_from_then(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, lost=400, **CONTACT)
    assert await holds.tick(hold_id) == [HoldAction.TELL_HOLDER]
    first = len(await holds.messages(case_no, "hold"))
    await holds.tick(hold_id, 91)
    await holds.confirm(case_no)
    assert (await holds.look(hold_id)).over
    (root,) = await holds.bench.hops(case_no, "reference")
    await holds.bench.answer("HDFC", case_no, row(1, root, "300.00", **CONTACT))
    await holds.came_now(case_no)
    await holds.open_for_new_holds(case_no)
    due = "SELECT due_at <= $2 AND ended_at IS NULL FROM procedure WHERE workflow_id = $1"
    assert await holds.bench.value(due, f"hold-{hold_id}", holds.clock.at)
    assert not (await holds.look(hold_id)).over
    assert holds.engine.done[-1] == HoldAction.TELL_HOLDER
    assert await holds.tick(hold_id) == [], "the old date does not count"
    assert len(await holds.messages(case_no, "hold")) == 2 * first
    assert (await holds.orders(case_no))[0][:2] == ("lapsed", "confirmed")
    assert (await holds.tick(hold_id, 91))[-1] in {"warn_30", HoldAction.LAPSE}
    assert len(await holds.orders(case_no)) == 2


# -- warnings and lapse ------------------------------------------------------------------------------------------------


async def test_every_warning_reaches_desk_officer_and_victim(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600)
    await assign_officer(holds.ctx, case_no, IO, "officer:chief")
    await holds.tick(hold_id)
    done = [await holds.tick(hold_id, days) for days in (59, 1.1, 15, 8, 6)]
    assert done == [[], *([warning] for warning in WARNINGS)]
    assert await holds.tasks(case_no) == ["hold_lapses"]
    days = await holds.bench.rows(
        "SELECT (data ->> 'days')::int FROM case_event WHERE case_no = $1 AND kind = 'hold_warned' ORDER BY seq",
        case_no,
    )
    assert days == [(30,), (15,), (7,), (1,)]
    to = [to for to, _ in await holds.messages(case_no, "lapse_warning")]
    assert to.count("victim") == 4
    assert to.count("io") == 8, "by SMS and by mail"
    assert await holds.orders(case_no) == []


async def test_warnings_that_fall_together_after_an_outage_are_one(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600)
    await holds.tick(hold_id)
    assert await holds.tick(hold_id, 84) == ["warn_30"], "it is acted on, and says what is true"
    assert await holds.bench.value("SELECT warned_days FROM account_hold WHERE hold_id = $1", hold_id) == 7
    assert (await holds.bench.events(case_no)).count("hold_warned") == 1
    assert await holds.tick(hold_id, 5.5) == ["warn_1"]


async def test_after_an_outage_over_the_end_no_holder_is_warned_of_what_is_past(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600)
    await holds.tick(hold_id)
    await holds.tick(hold_id, 120)
    log = await holds.bench.events(case_no)
    assert (log.count("hold_warned"), log.count("hold_lapsed")) == (0, 1)
    assert await holds.messages(case_no, "lapse_warning") == []


async def test_it_lapses_once_and_releases_what_no_order_asks_for(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, 400)
    await holds.tick(hold_id)
    await order(holds, case_no, hold_id, 250_00)
    await holds.tick(hold_id, 89.5)
    assert await holds.tasks(case_no) == ["hold_lapses"]
    assert await holds.tick(hold_id, 1) == [HoldAction.LAPSE]
    assert await holds.orders(case_no) == [("court", "planned", 250_00), ("lapsed", "planned", 750_00)]
    assert await holds.tasks(case_no) == []
    await asyncio.gather(*(holds.look(hold_id) for _ in range(3)))
    assert await holds.tick(hold_id, 30) == []
    assert len(await holds.orders(case_no)) == 2
    assert await holds.bench.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}, "the bank has not done it yet"
    await holds.confirm(case_no)
    assert (await holds.look(hold_id)).over
    assert await holds.bench.buckets(case_no) == {"lost": -1000_00, "released": 1000_00}
    await holds.bench.check(case_no)


async def test_one_second_before_its_time_nothing_lapses(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600)
    await holds.tick(hold_id)
    lapses_at = await holds.bench.value("SELECT lapses_at FROM account_hold WHERE hold_id = $1", hold_id)
    holds.clock.at = lapses_at - timedelta(seconds=1)
    await holds.tick(hold_id)
    await holds.look(hold_id)
    assert await holds.orders(case_no) == []
    holds.clock.at = lapses_at
    assert await holds.tick(hold_id) == [HoldAction.LAPSE]


async def test_an_order_of_a_court_keeps_it_until_it_is_withdrawn(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600)
    await holds.tick(hold_id)
    await keep(holds, case_no)
    assert await holds.tick(hold_id, 200) == []
    await keep(holds, case_no, kept=False)
    assert await holds.tick(hold_id) == ["warn_30"], "long past: nothing lapses before it is warned of"
    assert await holds.orders(case_no) == []
    await holds.tick(hold_id, 30)
    assert await holds.orders(case_no) == [("lapsed", "planned", 600_00)]


async def test_what_a_cancelled_order_leaves_free_lapses_as_the_rest(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600)
    await holds.tick(hold_id)
    order_id = await order(holds, case_no, hold_id, 600_00)
    assert await holds.tick(hold_id, 91) == []
    told = await holds.told(case_no)
    await cancel_order(holds.ctx, order_id, "made in error", "officer:sp")
    assert await holds.told(case_no) == told + 1
    assert (await holds.tick(hold_id))[-1:] in ([HoldAction.LAPSE], ["warn_30"])
    assert ("lapsed", "planned", 600_00) in await holds.orders(case_no)


async def test_an_activity_that_fails_half_way_leaves_nothing_and_is_done_when_it_is_run_again(
    holds: Holds, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_no, hold_id = await holds.hold(600)
    await holds.tick(hold_id)
    before = await holds.bench.events(case_no)
    holds.clock.at += timedelta(days=91)

    async def fail(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr("activities.recovery.hold_lifecycle.close_tasks", fail)
        with pytest.raises(ConnectionError):
            await holds.look(hold_id)
    assert (await holds.orders(case_no), await holds.bench.events(case_no)) == ([], before)
    await holds.look(hold_id)
    assert await holds.orders(case_no) == [("lapsed", "planned", 600_00)]


# -- the end -----------------------------------------------------------------------------------------------------------


async def test_whatever_takes_the_last_rupee_off_hold_ends_the_hold(holds: Holds) -> None:
    """A resolution or an allocation changes the hold, and no confirmation of an order tells the workflow."""
    case_no, hold_id = await holds.hold(600)
    await holds.tick(hold_id)
    told = await holds.told(case_no)
    await holds.bench.pool.execute(
        "SELECT ledger_post($1, 'resolution', $2, now(), '{1,1}', '{held,in_play}', '{-60000,60000}')",
        case_no,
        f"test|{case_no}",
    )
    assert await holds.told(case_no) == told + 1
    assert (await holds.look(hold_id)).over
    assert (await holds.look(hold_id)).over
    assert (await holds.bench.events(case_no)).count("hold_ended") == 1
    ended_at = await holds.bench.value("SELECT ended_at FROM procedure WHERE subject = $1", str(hold_id))
    assert ended_at == holds.clock.at


# -- what is too much --------------------------------------------------------------------------------------------------


async def test_what_is_held_above_the_traceable_amount_goes_by_itself_once(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, said=700)
    assert sorted(await holds.tick(hold_id)) == sorted([HoldAction.TELL_HOLDER, HoldAction.RELEASE_EXCESS])
    assert await holds.orders(case_no) == [("excess", "planned", 100_00)]
    assert await holds.tick(hold_id, 1) == []
    await holds.confirm(case_no)
    assert await holds.bench.buckets(case_no) == {"lost": -600_00, "held": 600_00}, "it was never in the ledger"
    assert await holds.tick(hold_id, 1) == []


async def test_when_the_bank_says_still_more_the_difference_goes(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, said=700)
    await holds.tick(hold_id)
    (root,) = await holds.bench.hops(case_no, "reference")
    later = {"transaction_datetime": "2026-11-24 12:00:00"}
    await holds.bench.answer("HDFC", case_no, row(1, root, "850.00", **later))
    assert await holds.tick(hold_id) == [HoldAction.RELEASE_EXCESS]
    assert sorted(await holds.orders(case_no)) == [("excess", "planned", 100_00), ("excess", "planned", 150_00)]


async def test_of_two_transfers_told_as_one_only_what_is_above_both_goes(holds: Holds) -> None:
    """One reference, two hops: the bank's line is about both."""
    case_no, hold_id = await holds.hold(600, 400, said=500)
    await holds.tick(hold_id)
    assert await holds.orders(case_no) == [("excess", "planned", 100_00)]
    assert (await holds.bench.buckets(case_no))["held"] == 1000_00


@pytest.mark.parametrize(("decision", "goes"), [("upheld_bank", True), ("upheld_other", False), ("noted", False)])
async def test_what_a_person_has_settled_otherwise_does_not_go(holds: Holds, decision: str, goes: bool) -> None:
    case_no, hold_id = await holds.hold(600, said=700)
    await holds.bench.pool.execute(
        "INSERT INTO discrepancy_resolution (discrepancy_id, resolution_no, decision, reason, settled_by,"
        " settled_at, from_held) SELECT discrepancy_id, 1, $2, 'looked at', 'officer:2', now(), false"
        " FROM discrepancy WHERE case_no = $1",
        case_no,
        decision,
    )
    await holds.tick(hold_id)
    assert await holds.orders(case_no) == ([("excess", "planned", 100_00)] if goes else [])


# -- small holds -------------------------------------------------------------------------------------------------------


def decided(decision: SmallHoldDecision) -> NewSmallHoldDecision:
    return NewSmallHoldDecision(decision=decision, reason="a tea shop's daily sales")


async def test_a_small_hold_asks_for_a_quick_decision_and_an_officer_lets_it_go(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(150)
    await holds.tick(hold_id)
    assert await holds.tasks(case_no) == ["small_hold"]
    await make_io(holds.bench.pool, case_no)
    done = await record_small_hold_decision(holds.ctx, hold_id, decided(SmallHoldDecision.RELEASE), INSPECTOR)
    assert (done.waits_for, done.released_paise, done.case_ack_no) == ("victim_is_heard", None, case_no)
    assert await holds.orders(case_no) == []
    await confirmed(holds.ctx, holds.clock, hold_id)
    assert await holds.orders(case_no) == [("micro", "planned", 150_00)]
    assert await holds.tasks(case_no) == []
    with pytest.raises(SmallHoldDecided, match=r"officer:io has decided .*: release"):
        await record_small_hold_decision(holds.ctx, hold_id, decided(SmallHoldDecision.KEEP), officer("sp", Role.SP))
    await holds.confirm(case_no)
    assert await holds.bench.buckets(case_no) == {"lost": -150_00, "released": 150_00}


async def test_a_small_hold_is_kept_with_its_reason(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(150)
    await holds.tick(hold_id)
    await make_io(holds.bench.pool, case_no)
    done = await record_small_hold_decision(holds.ctx, hold_id, decided(SmallHoldDecision.KEEP), INSPECTOR)
    assert done.released_paise is None
    assert (await holds.orders(case_no), await holds.tasks(case_no)) == ([], [])
    log = await holds.bench.events(case_no)
    assert log[-1] == "small_hold_decided"


async def test_two_officers_at_once_and_one_decides(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(150)
    outcomes = await asyncio.gather(
        *(
            record_small_hold_decision(holds.ctx, hold_id, decided(SmallHoldDecision.RELEASE), officer(name, Role.SP))
            for name in ("sp1", "sp2", "sp3")
        ),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["ReleaseProposed", "ReleaseProposed", "SmallHoldDone"]
    await confirmed(holds.ctx, holds.clock, hold_id)
    assert await holds.orders(case_no) == [("micro", "planned", 150_00)]


async def test_what_is_no_small_hold_or_is_kept_by_a_court_is_not_released(holds: Holds) -> None:
    _, large = await holds.hold(600)
    with pytest.raises(NotSmallHold):
        await record_small_hold_decision(holds.ctx, large, decided(SmallHoldDecision.RELEASE), INSPECTOR)
    case_no, small = await holds.hold(150)
    await keep(holds, case_no)
    await make_io(holds.bench.pool, case_no)
    with pytest.raises(HoldKeptByCourt):
        await record_small_hold_decision(holds.ctx, small, decided(SmallHoldDecision.RELEASE), INSPECTOR)
    assert await holds.bench.value("SELECT small_hold_decision FROM account_hold WHERE hold_id = $1", small) is None


# -- steps -------------------------------------------------------------------------------------------------------------


async def order(holds: Holds, case_no: str, hold_id: UUID, paise: int) -> UUID:
    """An order of a court to let so much of the first hop go."""
    court_order_id = await holds.bench.value(
        "INSERT INTO court_order (case_no, kind, effect, court, order_no, made_on, taken_by, taken_at, confirmed_by,"
        " confirmed_at, document_digest, person_id, sealed_document) VALUES ($1, 'writ', 'release', 'High Court', $2,"
        " '2026-11-24', 'officer:io', $3, 'officer:sp', $3, $4, $5, $6) RETURNING court_order_id",
        case_no,
        rrn(),
        holds.clock.at,
        *await sealed_document(holds.ctx, case_no, COURT_ORDER, b"its PDF"),
    )
    order_id: UUID = await holds.bench.value(
        "WITH o AS (INSERT INTO bank_order (order_id, kind, reason, case_no, institution, court_order_id, state,"
        " ordered_by, planned_at, due_at, policy) VALUES (gen_random_uuid(), 'release', 'court', $1, 'HDFC', $2,"
        " 'planned', 'officer:io', $3, $4, $5) RETURNING order_id)"
        " INSERT INTO bank_order_line (order_id, line_no, case_no, hop_no, hold_id, amount_paise)"
        " SELECT order_id, 1, $1, 1, $6, $7 FROM o RETURNING order_id",
        case_no,
        court_order_id,
        holds.clock.at,
        holds.clock.at + timedelta(days=15),
        holds.ctx.policy.order.promised("1", 1.0).model_dump(mode="json"),
        hold_id,
        paise,
    )
    return order_id


async def keep(holds: Holds, case_no: str, *, kept: bool = True) -> None:
    """A court keeps all of the case's holds, or does so no more."""
    if not kept:
        number = await holds.bench.value("SELECT max(court_order_id) FROM court_order WHERE case_no = $1", case_no)
        await withdraw_court_order(holds.ctx, case_no, number, "taken in by mistake", "officer:io")
        await confirm_withdrawal(holds.ctx, case_no, number, "taken in by mistake", "officer:sp")
        return
    told = {"kind": "writ", "effect": "keep_hold", "court": "High Court", "order_no": rrn(), "made_on": "2026-11-24"}
    await confirmed_order(holds.ctx, case_no, NewCourtOrder.model_validate(told))


async def test_what_is_free_says_whose_it_was(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, 400)
    await order(holds, case_no, hold_id, 600_00)
    async with holds.bench.pool.acquire() as connection:
        (free,) = await free_amounts.not_ordered(connection, hold_id)
    assert (free.hop_no, free.ack_no, free.free_paise) == (2, case_no, 400_00)


async def test_a_bank_that_says_later_that_it_holds_more_wakes_the_hold(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600)
    await holds.tick(hold_id)
    root = await holds.bench.value("SELECT reference FROM hop WHERE case_no = $1", case_no)
    before = await holds.told(case_no)
    await holds.bench.answer("HDFC", case_no, row(1, root, "700.00", rrn_transaction_id=rrn()))
    await holds.open_for_new_holds(case_no)
    assert await holds.told(case_no) > before
    assert "release_excess" in await holds.tick(hold_id)
