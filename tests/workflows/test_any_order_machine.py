"""Answers, notifications and lost runs in any order: the database plans batches, and the workflow sends each request.

The test is the network between the two: it keeps each notification, and delivers it late, twice, in another order, or
never.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from temporalio.service import RPCError

from activities.case import outbox
from activities.case.desk import correct_hop, stop_request
from activities.case.outbox import SweepActivities
from activities.workbook.trail_lines import RequestPause
from domain.errors import NotFound, NotNow
from schemas.case.case_workflow import FollowUp
from schemas.case.discrepancies import HopCorrection
from tests.activities.bench import Bench
from tests.deep import database_settings
from tests.factories import complaint, moved, row, rrn, transfer
from tests.waiting import until
from tests.workflows.stage import Stage

T = TypeVar("T")
OFFICER = "officer:1"
NOWHERE = "Bank of Nowhere"
ASKED = ("HDFC", "ICIC", "PUNB")
PAISE = 1_000_00
LINES = ("held", "gone", "moved", "lost from sight", "no")
LIMIT_SECONDS = 60.0
ROUNDS = 12
"""after so many answers about all that is asked nothing can be left"""

_HOPS = """
SELECT h.hop_no, h.institution, h.reference, h.payee_holder, h.state, h.revision FROM hop h
WHERE h.case_no = $1 ORDER BY h.hop_no
"""
_REQUESTS = """
SELECT request_id::text, batch_no, institution, state, closed_at IS NULL AS is_live,
    delivered_at IS NOT NULL AS is_there
FROM hold_request WHERE case_no = $1 ORDER BY batch_no, institution
"""


class AnyOrder(RuleBasedStateMachine):
    """What banks and the desk do to a case, and what the network does to its notifications."""

    stage: Stage
    run_in_loop: Callable[[Coroutine[Any, Any, Any]], Any]

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(self.stage.ctx)
        self.case_no = ""
        self.known: list[dict[str, Any]] = []
        self.on_the_way: list[FollowUp] = []
        self.delivered: list[FollowUp] = []
        self.batches: dict[str, int] = {}
        """by request: its batch when it was first seen"""
        self.pause: RequestPause | None = None
        self.opened_in_a_pause: set[tuple[int, int]] = set()
        """hops with their revisions: the workflow has requests about them planned when it is told"""

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        """Run one step to its end, and look at everything."""
        done: T = self.run_in_loop(step)
        if self.case_no:
            self.run_in_loop(self._check())
        return done

    # -- what is told ----------------------------------------------------------------------------------------------

    @initialize(banks=st.lists(st.sampled_from((*ASKED, NOWHERE)), min_size=1, max_size=3))
    def complain(self, banks: list[str]) -> None:
        self.known = [transfer(PAISE, payee_bank=bank) for bank in banks]
        self.case_no = self.run(self._complain(self.known))

    @rule(bank=st.sampled_from((*ASKED, NOWHERE)))
    def another_complaint_joins(self, bank: str) -> None:
        joined = [self.known[0], transfer(PAISE, payee_bank=bank)]
        assert self.run(self._complain(joined)) == self.case_no

    async def _complain(self, told: list[dict[str, Any]]) -> str:
        taken = await self.bench.take(complaint(*told))
        self._keep(taken.follow_up)
        return taken.receipt.case_ack_no

    @rule(data=st.data(), kinds=st.lists(st.sampled_from(LINES), min_size=1, max_size=3))
    def a_bank_answers(self, data: st.DataObject, kinds: list[str]) -> None:
        """Any hop, asked about or not, and the hops that the answer itself opens come into the next ones."""
        hop = data.draw(st.sampled_from(self.run(self._hops())))
        lines = [self._line(hop, kind, data) for kind in kinds]
        self.run(self._answer(hop["institution"] or "HDFC", lines))

    def _line(self, hop: dict[str, Any], kind: str, data: st.DataObject) -> dict[str, Any]:
        rupees = f"{data.draw(st.integers(1, PAISE // 100))}.00"
        about = {"root_account_number": hop["payee_holder"]}
        match kind:
            case "moved" | "lost from sight":
                to = NOWHERE if kind == "lost from sight" else data.draw(st.sampled_from(ASKED))
                return moved(hop["reference"], rupees, to, rrn(), rrn_transaction_id=rrn(), **about)
            case "no":
                return row(1, hop["reference"], rupees, status_code="02", **about)
            case _:
                return row(1 if kind == "held" else 5, hop["reference"], rupees, **about)

    async def _answer(self, bank: str, lines: list[dict[str, Any]]) -> None:
        with suppress(NotFound):  # a bank that has nothing to do with the case does not see it
            receipt = await self.bench.answer(bank, self.case_no, *lines, job_id=rrn())
            self._keep(receipt.follow_up)

    @rule(data=st.data())
    def the_desk_corrects(self, data: st.DataObject) -> None:
        hop = data.draw(st.sampled_from(self.run(self._hops())))
        self.run(self._correct(hop["hop_no"], data.draw(st.sampled_from(ASKED))))

    async def _correct(self, hop_no: int, bank: str) -> None:
        told = {"payee": {"institution": bank, "account": rrn()}, "rrn": rrn(), "reason": "the bank called"}
        with suppress(NotNow):
            done = await correct_hop(self.stage.ctx, self.case_no, hop_no, HopCorrection.model_validate(told), OFFICER)
            self._keep(done.follow_up)

    @rule(data=st.data())
    def the_desk_stops_a_request(self, data: st.DataObject) -> None:
        if requests := self.run(self._requests()):
            self.run(self._stop(data.draw(st.sampled_from(requests))["request_id"]))

    async def _stop(self, request_id: str) -> None:
        with suppress(NotNow, NotFound):
            done = await stop_request(self.stage.ctx, self.case_no, UUID(request_id), "told by phone", OFFICER)
            self._keep(done.follow_up)

    @precondition(lambda self: self.pause is None)
    @rule()
    def requests_are_paused(self) -> None:
        self.pause = RequestPause(self.stage.ctx, [self.case_no])
        self.run(self.pause.begin())

    @precondition(lambda self: self.pause is not None)
    @rule()
    def the_pause_ends(self) -> None:
        self.run(self._end_pause())

    async def _end_pause(self) -> None:
        if self.pause:
            for follow_up in await self.pause.end([self.case_no]):
                self._keep(follow_up)
            self.pause = None

    # -- the network -----------------------------------------------------------------------------------------------

    def _keep(self, follow_up: FollowUp | None) -> None:
        if follow_up and (follow_up.start or follow_up.news):
            self.on_the_way.append(follow_up)

    @precondition(lambda self: self.on_the_way)
    @rule(data=st.data())
    def a_notification_arrives(self, data: st.DataObject) -> None:
        place = data.draw(st.integers(0, len(self.on_the_way) - 1))
        self.run(self._deliver(self.on_the_way.pop(place)))

    @precondition(lambda self: self.delivered)
    @rule(data=st.data())
    def a_notification_arrives_again(self, data: st.DataObject) -> None:
        self.run(self._deliver(data.draw(st.sampled_from(self.delivered))))

    async def _deliver(self, follow_up: FollowUp) -> None:
        self.delivered.append(follow_up)
        await self.stage.notify(follow_up)

    @precondition(lambda self: self.on_the_way)
    @rule(data=st.data())
    def a_notification_is_lost(self, data: st.DataObject) -> None:
        self.on_the_way.pop(data.draw(st.integers(0, len(self.on_the_way) - 1)))

    @rule()
    def the_run_is_lost(self) -> None:
        self.run(self._terminate())

    async def _terminate(self) -> None:
        with suppress(RPCError):  # none runs
            await self.stage.handle(self.case_no).terminate("lost")

    @rule()
    def the_sweep_runs(self) -> None:
        self.run(self._sweep())

    async def _sweep(self) -> None:
        await SweepActivities(self.stage.ctx, self.stage.notifier.notify).sweep_outbox()

    # -- what holds ------------------------------------------------------------------------------------------------

    async def _hops(self) -> list[dict[str, Any]]:
        return [dict(found) for found in await self.stage.ctx.pool.fetch(_HOPS, self.case_no)]

    async def _requests(self) -> list[dict[str, Any]]:
        return [dict(found) for found in await self.stage.ctx.pool.fetch(_REQUESTS, self.case_no)]

    async def _check(self) -> None:
        """At most one live request asks about a hop, no hop waits without a reason, and the database counts batches."""
        await self.bench.check(self.case_no)
        waiting = {(hop["hop_no"], hop["revision"]) for hop in await self._hops() if hop["state"] == "open"}
        if self.pause:
            self.opened_in_a_pause |= waiting
        assert waiting <= self.opened_in_a_pause, f"hops {waiting} wait, and no request asks about them"
        requests = await self._requests()
        last_no = await self.stage.ctx.pool.fetchval(
            "SELECT last_batch_no FROM case_file WHERE case_no = $1", self.case_no
        )
        assert sorted({one["batch_no"] for one in requests}) == list(range(1, last_no + 1))
        assert all(self.batches.setdefault(one["request_id"], one["batch_no"]) == one["batch_no"] for one in requests)
        called = {(bank, str(key)) for bank, key in self.stage.banks.attempts}
        known = {(one["institution"], one["request_id"]) for one in requests}
        assert {(bank, key) for bank, key in called if key in self.batches} <= known

    # -- the end ---------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """End the case: what was lost is swept, what is asked is answered, and the workflow says that it is over."""
        if self.case_no:
            self.run(self._end())

    async def _end(self) -> None:
        await self._end_pause()
        await self._sweep()
        for _ in range(ROUNDS):
            if not [hop for hop in await self._hops() if hop["state"] != "closed"]:
                break
            await self._answer_all()
        else:
            raise AssertionError(await self._hops())
        await self._sweep()
        await self._until(self._is_settled)

    async def _answer_all(self) -> None:
        """Have the desk correct what it may, and every bank answer when its request is there."""
        for hop in await self._hops():
            if hop["state"] in {"correction", "unroutable"}:
                await self._correct(hop["hop_no"], "HDFC")
        await self._sweep()
        await self._until(self._all_are_sent)
        for hop in await self._hops():
            if hop["state"] in {"asked", "correction"}:
                line = row(1, hop["reference"], "1000.00", root_account_number=hop["payee_holder"])
                await self._answer(hop["institution"], [line])

    async def _until(self, so: Callable[[], Coroutine[Any, Any, bool]]) -> None:
        try:
            await until(so, LIMIT_SECONDS)
        except TimeoutError:
            progress = await self.stage.progress(self.case_no)
            raise AssertionError((progress, await self._requests(), await self._hops())) from None

    async def _is_settled(self) -> bool:
        return await self.stage.state(self.case_no) == "settled"

    async def _all_are_sent(self) -> bool:
        """Whether no hop waits for a request, and every bank that still has to answer has its own."""
        waits = any(hop["state"] == "open" for hop in await self._hops())
        return not waits and all(one["is_there"] for one in await self._requests() if one["is_live"])


async def test_answers_and_notifications_in_any_order_end_in_a_settled_case(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "SWEEP_AFTER", timedelta(0))
    monkeypatch.setattr(outbox, "LOOK_AFTER", timedelta(0))
    loop = asyncio.get_running_loop()

    def run_in_loop(step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, loop).result(timeout=4 * LIMIT_SECONDS)

    machine = type("Machine", (AnyOrder,), {"stage": stage, "run_in_loop": staticmethod(run_in_loop)})
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=database_settings(4, steps=16))
