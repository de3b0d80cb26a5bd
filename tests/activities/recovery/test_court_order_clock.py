"""H4: an order of a court without its document, or without a second officer, counts for a limited time."""

from base64 import b64encode
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from activities.case.outbox import SweepActivities
from activities.context import Context
from activities.recovery.court_orders import confirm_court_order, put_order_copy, take_court_order
from activities.recovery.hearings import ORDERS
from db.pool import Pool
from domain.errors.restoration import CourtOrderLacksDocument, CourtOrderNeedsSecondOfficer, CourtOrderOver
from schemas.case.case_workflow import FollowUp
from schemas.recovery.court_orders import CourtOrder, CourtOrderCopy, NewCourtOrder
from schemas.text import IST
from simulator.people.police import one_page_pdf
from tests.activities.hold_world import Holds
from tests.activities.recovery.test_hold_lifecycle import CONTACT
from tests.activities.restoration_bench import Home
from tests.desk_tasks import notes
from tests.factories import make_context, rrn

PDF = one_page_pdf("order")
BY, SECOND = "officer:io", "officer:sp"


class Court:
    """Holds of one case, and orders of a court about them."""

    def __init__(self, holds: Holds, case_no: str, hold_id: UUID) -> None:
        self.holds, self.ctx, self.case_no, self.hold_id = holds, holds.ctx, case_no, hold_id

    async def take(self, effect: str = "keep_hold", *, paper: bool = False, **more: object) -> CourtOrder:
        told = {
            "kind": "bnss_503",
            "effect": effect,
            "court": "JMFC Agra",
            "order_no": rrn(),
            "made_on": self.holds.clock.at.astimezone(IST).date(),
            "document": b64encode(PDF) if paper else None,
        }
        return await take_court_order(self.ctx, self.case_no, NewCourtOrder.model_validate(told | more), BY)

    async def confirm(self, order: CourtOrder, by: str = SECOND) -> CourtOrder:
        return await confirm_court_order(self.ctx, self.case_no, order.court_order_id, "it is genuine", by)

    async def sweep(self, **later: float) -> int:
        """Let time pass, and run the sweep; return how many orders of the case it changed."""

        async def nobody(_: FollowUp) -> None:
            return

        before = await self._clocks()
        self.holds.clock.at += timedelta(**later)
        await SweepActivities(self.ctx, nobody, ORDERS).sweep_outbox()
        return sum(one != other for one, other in zip(before, await self._clocks(), strict=True))

    async def _clocks(self) -> list[tuple[Any, ...]]:
        return await self.holds.bench.rows(
            "SELECT withdrawn_at, warned_at FROM court_order WHERE case_no = $1 ORDER BY court_order_id", self.case_no
        )

    async def is_kept(self) -> bool:
        kept: bool = await self.holds.bench.value(
            "SELECT retained_by_kind = 'court_order' FROM account_hold WHERE hold_id = $1", self.hold_id
        )
        return bool(kept)

    async def asked(self) -> list[str]:
        return await notes(
            self.holds.bench.pool, "case_no = $1 AND state = 'open' AND subject_kind = 'court_order'", self.case_no
        )

    async def stands(self, order: CourtOrder) -> tuple[str | None, str | None]:
        (found,) = await self.holds.bench.rows(
            "SELECT ended_as, withdrawn_by FROM court_order WHERE court_order_id = $1", order.court_order_id
        )
        return found[0], found[1]


@pytest.fixture
async def ctx(database: Pool) -> Context:
    """A database of its own, because the sweep looks at every case."""
    return await make_context(database)


@pytest.fixture
async def court(ctx: Context) -> Court:
    holds = Holds(ctx)
    return Court(holds, *await holds.hold(600, **CONTACT))


async def test_h4_an_order_without_its_document_is_void_after_72_hours(court: Court) -> None:
    order = await court.take()
    assert await court.is_kept(), "nothing lapses before the document is there"
    assert any("has no document" in note for note in await court.asked())
    assert await court.sweep(hours=71) == 0
    assert await court.sweep(hours=1) == 1
    assert (await court.is_kept(), await court.stands(order)) == (False, ("void", "engine"))
    (note,) = await court.asked()
    assert "is void" in note
    assert (await court.holds.bench.events(court.case_no)).count("court_order_ended") == 1
    assert await court.sweep(hours=1) == 0


@pytest.mark.parametrize("hours", [71, 73])
async def test_n10_one_officer_does_not_renew_a_keep_under_new_numbers(court: Court, hours: int) -> None:
    await court.take()
    await court.sweep(hours=hours)
    renewed = await court.take("restore", paper=True)
    await court.sweep(hours=hours)
    assert not await court.is_kept(), "the first is void, and the further one waits for a second officer"
    assert (await court.confirm(renewed)).counts
    assert await court.is_kept()
    assert (await court.holds.bench.events(court.case_no)).count("hold_kept") == 3


async def test_n10_after_a_confirmed_keep_one_officer_records_the_next(court: Court) -> None:
    await court.confirm(await court.take(paper=True))
    await court.sweep(days=150)
    await court.sweep(days=30)
    assert not await court.is_kept()
    await court.take()
    assert await court.is_kept()


async def test_h4_with_its_document_it_waits_for_a_second_officer_and_no_longer(court: Court) -> None:
    order = await court.take()
    copy = CourtOrderCopy.model_validate({"document": b64encode(PDF)})
    held = await put_order_copy(court.ctx, court.case_no, order.court_order_id, copy, BY)
    assert held.document_digest is not None
    assert not any("has no document" in note for note in await court.asked())
    assert await court.sweep(days=14) == 0
    assert await court.sweep(days=1) == 1
    assert await court.stands(order) == ("void", "engine")


@pytest.mark.parametrize("effect", ["keep_hold", "restore", "refuse", "release"])
async def test_h4_every_effect_needs_a_second_officer_who_has_the_document(court: Court, effect: str) -> None:
    order = await court.take(effect)
    with pytest.raises(CourtOrderNeedsSecondOfficer):
        await court.confirm(order, "officer:IO")
    with pytest.raises(CourtOrderLacksDocument):
        await court.confirm(order)
    copy = CourtOrderCopy.model_validate({"document": b64encode(PDF)})
    await put_order_copy(court.ctx, court.case_no, order.court_order_id, copy, BY)
    assert (await court.confirm(order)).confirmed_by == SECOND


async def test_h4_a_keep_ends_after_180_days_with_a_task_thirty_days_before(court: Court) -> None:
    order = await court.take(paper=True)
    await court.confirm(order)
    assert await court.sweep(days=149) == 0
    assert await court.sweep(days=1) == 1
    (note,) = await court.asked()
    assert f"court order {order.court_order_id} keeps a hold until" in note
    assert await court.sweep(days=29) == 0
    assert await court.is_kept()
    assert await court.sweep(days=1) == 1
    assert (await court.is_kept(), await court.stands(order)) == (False, ("over", "engine"))
    assert "warn_30" in await court.holds.tick(court.hold_id), "the hold lapses again, after new warnings"


async def test_h4_a_keep_ends_on_the_day_that_the_order_names(court: Court) -> None:
    today = court.holds.clock.at.astimezone(IST).date()
    with pytest.raises(CourtOrderOver):
        await court.take(paper=True, ends_on=today - timedelta(days=1))
    order = await court.confirm(await court.take(paper=True, ends_on=today + timedelta(days=60)))
    assert order.counts_until is not None
    assert order.counts_until.astimezone(IST).isoformat().startswith(f"{today + timedelta(days=61)}T00:00")
    await court.sweep(days=31)
    assert len(await court.asked()) == 1
    await court.sweep(days=31)
    assert not await court.is_kept()


async def test_h4_the_holder_is_told_court_and_number_and_who_can_set_it_aside(court: Court) -> None:
    order = await court.take(paper=True)
    assert await court.holds.messages(court.case_no, "hold_kept") == []
    await court.confirm(order)
    said = await court.holds.bench.said("hold_kept", court.case_no, medium="sms", language="en")
    assert f"JMFC Agra, {order.order_no}" in said[0].body
    assert "set it aside" in said[0].body


async def test_h4_a_restore_that_one_officer_typed_does_not_end_the_court_step(ctx: Context) -> None:
    home = Home(ctx)
    case_no = await home.hold(60_000)
    await home.register_fir(case_no)
    restoration = await home.of(case_no)
    await home.to_approval(restoration)
    assert (await home.at(restoration))[1] == "court_order"
    told = {"kind": "bnss_503", "effect": "restore", "court": "CJM", "order_no": rrn(), "made_on": "2026-11-24"}
    new = NewCourtOrder.model_validate(told | {"document": b64encode(PDF)})
    order = await take_court_order(home.ctx, case_no, new, BY)
    await home.tick(restoration)
    assert (await home.at(restoration))[1] == "court_order"
    await confirm_court_order(home.ctx, case_no, order.court_order_id, "it is genuine", SECOND)
    await home.tick(restoration)
    assert (await home.at(restoration))[1] == "approval"


async def test_h4_the_database_gives_every_order_an_end_or_a_second_officer(court: Court) -> None:
    order = await court.take(paper=True)
    with pytest.raises(asyncpg.CheckViolationError, match="court_order_counts_for_a_time"):
        await court.holds.bench.pool.execute(
            "UPDATE court_order SET counts_until = NULL WHERE case_no = $1", court.case_no
        )
    with pytest.raises(asyncpg.CheckViolationError, match="court_order_four_eyes"):
        await court.holds.bench.pool.execute(
            "UPDATE court_order SET confirmed_by = 'officer:Io', confirmed_at = now() WHERE case_no = $1",
            court.case_no,
        )
    await court.confirm(order)
