"""Money goes home over every channel: simulated victims, officers and courts at our own doors, banks that pay.

The workers are killed on the way. What must hold in the end: what each bank has really credited or released under each
order is what the ledger has, but for what is against the order. Under a cancelled order it is nothing. Invented
complaints get nothing, and verify finds nothing.
"""

import asyncio
import random
from collections import Counter
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from activities.recovery.due_documents import LEASE
from schemas.enums import Role
from simulator import BankDelays, Delay, Knobs, SimulatorConfig
from simulator.config import Channels, OrderHabits, RestorationHabits
from tests.clear_places import places_of
from tests.deep import DEEP
from tests.e2e.live import Live, live
from tests.e2e.test_world import kill
from tests.ground import Ground
from workflows.options import RESTORATION_QUEUE

COMPLAINTS = 6 if DEEP else 4
HOME_LIMIT_SECONDS = 400.0
HOLDS_LAST_SECONDS = 3 * 365 * 86_400
"""so long that no hold lapses while a busy machine brings its money home"""
WORKERS = ("worker --queue golden-hour", f"worker --queue {RESTORATION_QUEUE}")
KILLS = 2
BY_CALL = Channels(api=("i4c", "push", "pull"), seat=("pull",), mail=("email",))
EVERY = Channels(api=("iso20022", "push"), seat=("pull", "i4c"), mail=("email",))
"""each way of taking orders has a bank that always has much of the money"""


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """Where banks and police put files for each other."""
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


def world(
    *,
    spool: Path | None = None,
    invented: float = 0.0,
    clock_factor: float = 172_800.0,
    **habits: object,
) -> SimulatorConfig:
    """Some complaints at once, banks without traps; all victims apply and no party objects, unless told otherwise.

    `clock_factor` is that of procedures. With a spool there are banks that take files. `invented` is the share of cases
    with an invented complaint beside it.
    """
    quick = Delay(median=5.0)
    return SimulatorConfig(
        complaints=COMPLAINTS,
        institutions=8,
        clock_factor=60.0,
        day_seconds=60.0,
        procedure_clock_factor=clock_factor,
        knobs=Knobs.none().model_copy(update={"invented_complaint": invented}),
        delays=BankDelays(api=quick, seat=quick, mail=quick),
        channels=EVERY if spool else BY_CALL,
        iso_spool=spool,
        # What a bank does is drawn by the numbers of the day, and each day some bank has to make a mistake.
        orders=OrderHabits(late=0, in_part=0.05, twice=1, elsewhere=0.5),
        restoration=RestorationHabits.model_validate(
            {"applies": 1, "objects": 0, "sp_refuses": 0, "sent_back": 0} | habits
        ),
    )


async def is_home(engine: Live) -> bool:
    """Return whether the day is over, all held money is restored or released, and banks have sent their last answer."""
    complaints, orders = engine.sim.state()["complaints"], engine.sim.offices.figures
    assert isinstance(complaints, dict)
    waiting = await engine.pool.fetchval(
        "SELECT (SELECT count(*) FROM held_hop WHERE hold_opened_at IS NULL)"
        " + (SELECT count(*) FROM case_file WHERE first_held_at IS NULL AND case_no <> ALL($1))"
        " + (SELECT count(*) FROM restoration WHERE state = 'open' AND step <> 'bond')",
        invented_by(engine),
    )
    return bool(complaints["done"]) and not waiting and orders["open"] == 0


async def until_home(engine: Live) -> None:
    """Wait until the money is home."""
    await engine.until(
        lambda: is_home(engine), HOME_LIMIT_SECONDS, "the money goes home", left=partial(left_to_do, engine)
    )


async def left_to_do(engine: Live) -> list[str]:
    """Return what is_home still waits for: restorations, with their holds, and orders."""
    rows = await engine.pool.fetch(
        "SELECT to_jsonb(r) - 'policy' || jsonb_build_object("
        "  'lines', (SELECT jsonb_agg(to_jsonb(l)) FROM restoration_line l WHERE l.restoration_id = r.restoration_id),"
        "  'orders', (SELECT jsonb_agg(jsonb_build_array(o.kind, o.reason, o.state)) FROM bank_order o"
        "   WHERE o.case_no = r.case_no),"
        "  'grievances', (SELECT jsonb_agg(jsonb_build_array(g.level, g.state)) FROM grievance g"
        "   WHERE g.case_no = r.case_no),"
        "  'proposals', (SELECT jsonb_agg(jsonb_build_array(p.decision, p.body -> 'paise')) FROM proposal p"
        "   WHERE p.kind = 'release' AND p.case_no = r.case_no),"
        "  'holds', (SELECT jsonb_agg(jsonb_build_array(h.state, h.first_held_at, h.lapses_at, h.retained_by_kind))"
        "   FROM account_hold h WHERE h.case_no = r.case_no)) AS told"
        " FROM restoration r WHERE state = 'open' AND step <> 'bond'"
    )
    return [*(str(row["told"]) for row in rows), f"orders at banks: {engine.sim.offices.figures['open']}"]


def invented_by(engine: Live) -> list[str]:
    """Return the numbers of the invented complaints so far."""
    return [record.ack_no for record in engine.sim.records if record.plan.key.endswith("-invented")]


async def paise(engine: Live, bucket: str) -> int:
    found: int = await engine.pool.fetchval(
        "SELECT coalesce(sum(balance_paise), 0)::bigint FROM ledger_balance WHERE bucket = $1", bucket
    )
    return found


async def test_money_goes_home_over_every_channel_though_the_workers_are_killed(
    tmp_path: Path, spool: Path, ground: Ground
) -> None:
    """Banks make mistakes, complaints are invented, and one order is cancelled: nothing is paid twice or forgotten."""
    # Slow enough that a bank confirms by its own channel before it gets a letter, on a busy machine too.
    config = world(spool=spool, invented=1.0, clock_factor=86_400.0)
    async with live(
        tmp_path / "home", config, ground, letters=True, restores=True, holds_last_seconds=HOLDS_LAST_SECONDS
    ) as engine:
        engine.play()
        cancelled = await killed_on_the_way(engine, random.Random(20261125))
        await until_home(engine)
        await check_invented(engine)
        taken = "SELECT DISTINCT data ->> 'channel' AS channel FROM case_event WHERE kind = 'order_delivered'"
        channels = {row["channel"] for row in await engine.pool.fetch(taken)}
        needed = await channels_needed(engine)
        assert channels >= needed
        assert len(needed) > 1
        await check_banks(engine, cancelled)
        await check_sealed(engine)
        assert (await engine.verified()).clean


async def channels_needed(engine: Live) -> set[str]:
    """Return the channels of all banks that were ordered to do something; the wire of I4C takes no orders.

    Money at a bank with a rare channel may be gone before a busy machine asks for it. Then that bank gets no order.
    """
    ordered = {row["institution"] for row in await engine.pool.fetch("SELECT DISTINCT institution FROM bank_order")}
    assert {"push", "pull", "iso20022", "email"} <= {one.channel for one in engine.sim.institutions}
    used = {one.channel for one in engine.sim.institutions if one.code in ordered}
    return {"email" if channel == "i4c" else channel for channel in used}


async def check_sealed(engine: Live) -> None:
    """No table has the name or the mobile number of a victim in clear. An officer may have the same name."""
    officers = {row["name"] for row in await engine.pool.fetch("SELECT name FROM officer")}
    victims = [record.plan.victim for record in engine.sim.records]
    persons = {part for one in victims for part in (one.name, one.mobile)} - officers
    assert await engine.pool.fetchval("SELECT count(*) FROM document") > 0
    assert await places_of(engine.pool, persons) == set()


async def check_invented(engine: Live) -> None:
    """Invented complaints get no share of what is on hold, and take nothing from the real victims."""
    invented = invented_by(engine)
    assert len(invented) == COMPLAINTS
    assert all(invented)
    money = "SELECT count(*) FROM ledger_entry e JOIN hop h USING (case_no, hop_no) WHERE h.ack_no = ANY($1)"
    assert await engine.pool.fetchval(f"{money} AND e.bucket IN ('held', 'restored', 'released')", invented) == 0
    assert await engine.pool.fetchval("SELECT count(*) FROM allocation_share WHERE ack_no = ANY($1)", invented) == 0


async def killed_on_the_way(engine: Live, dice: random.Random) -> UUID | None:
    """Kill the workers while banks have orders, at moments of the dice; one order is taken back among that."""
    cancelled: UUID | None = None
    for number in range(KILLS):
        await engine.until(partial(on_the_way, engine, number), HOME_LIMIT_SECONDS, "orders are on the way")
        await asyncio.sleep(dice.uniform(0, 0.8))
        cancelled = cancelled or await take_one_back(engine)
        killed_at: datetime = await engine.pool.fetchval("SELECT now()")
        await asyncio.gather(*(kill(engine, victim) for victim in dice.sample(WORKERS, k=len(WORKERS))))
        await end_leases(engine, killed_at)
    return cancelled


async def end_leases(engine: Live, killed_at: datetime) -> None:
    """Let the workers go on with the documents that the killed ones had claimed, and not wait minutes of the wall."""
    await engine.pool.execute(
        "UPDATE outgoing SET next_attempt_at = now()"
        " WHERE kind = 'due_document' AND next_attempt_at > $1 AND next_attempt_at <= $1 + $2::interval",
        killed_at,
        LEASE,
    )


async def on_the_way(engine: Live, number: int) -> bool:
    """Whether banks have more orders than at the last kill, or all of the money is home."""
    offices = engine.sim.offices.figures
    return int(str(offices["received"])) > number or await is_home(engine)


async def take_one_back(engine: Live) -> UUID | None:
    """Take back an order that a bank has and has said nothing of; None where there is none just now."""
    order_id: UUID | None = await engine.pool.fetchval(
        "SELECT order_id FROM bank_order WHERE state = 'delivered' AND kind = 'restore'"
        " ORDER BY planned_at DESC LIMIT 1"
    )
    if order_id is None:
        return None
    answer = await engine.api.post(
        f"/api/v1/orders/{order_id}/cancel", json={"reason": "a drill"}, headers=engine.officer(Role.SP)
    )
    return order_id if answer.status_code == 200 else None


async def check_banks(engine: Live, cancelled: UUID | None) -> None:
    """Order by order: what the bank really did, what the ledger has of it, and what was ordered.

    What the bank did against the order is no part of it: a second credit, and one to another account.
    """
    rows = await engine.pool.fetch(
        "SELECT o.order_id, o.state, o.kind, l.line_no, l.amount_paise, l.confirmed_paise, l.excess,"
        " (SELECT coalesce(sum(k.amount_paise - k.applied_paise), 0)::bigint FROM bank_confirmation k"
        "  WHERE k.order_id = o.order_id AND k.line_no = l.line_no AND k.disposition <> 'duplicate') AS wrong_paise"
        " FROM bank_order_line l JOIN bank_order o USING (order_id)"
    )
    assert any(row["wrong_paise"] for row in rows), "banks made mistakes"
    paid: Counter[tuple[UUID, int]] = Counter()
    for (_, order_id), record in engine.sim.offices.orders.items():
        for line_no, found in record.paid_paise.items():
            paid[UUID(order_id), line_no] += found
    booked: Counter[str] = Counter()
    for row in rows:
        done = paid.pop((row["order_id"], row["line_no"]), 0) - row["wrong_paise"]
        assert done == row["confirmed_paise"] <= row["amount_paise"], row["order_id"]
        assert row["state"] == "cancelled" or done == row["amount_paise"], "no order is forgotten"
        if not row["excess"]:
            booked["restored" if row["kind"] == "restore" else "released"] += done
    assert not paid, "nothing is paid without an order"
    for bucket in ("restored", "released"):
        assert booked[bucket] == await paise(engine, bucket), bucket
    assert booked["restored"] > 0
    if cancelled is not None:
        settled = await engine.pool.fetchval("SELECT settled_by FROM order_cancellation WHERE order_id = $1", cancelled)
        assert settled is not None
        assert settled.startswith("bank:")
