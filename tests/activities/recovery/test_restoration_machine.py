"""Restoration in any order: holds, actions, orders, courts, appeals, discrepancies, and months that pass."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from activities.case.discrepancies import ResolvingOfficer, resolve
from activities.context import Context
from activities.recovery import grievance_decisions, restoration_deadlines, withdrawals
from activities.recovery.confirmations import take_confirmation
from activities.recovery.court_orders import (
    confirm_court_order,
    confirm_withdrawal,
    take_court_order,
    withdraw_court_order,
)
from activities.recovery.hold_releases import confirm_release, record_small_hold_decision, reject_release
from activities.recovery.orders import cancel_order
from db.pool import open_pool
from domain.errors import IdempotencyConflict, NotFound, NotNow, RuleBroken
from schemas.case.case_workflow import SettleCase
from schemas.case.discrepancies import NewResolution
from schemas.enums import ResolutionDecision, Role
from schemas.recovery.court_orders import NewCourtOrder
from schemas.recovery.grievances import GrievanceDecided, GrievanceReport, NewGrievance
from schemas.recovery.holds import NewSmallHoldDecision, SmallHoldDecision
from schemas.recovery.officer_steps import NewWithdrawal, WithdrawalKind
from schemas.recovery.orders import ConfirmedLine, OrderConfirmation
from schemas.recovery.restorations import ReopenReason
from schemas.restoration_enums import GrievanceDecision, ObjectionBy, ObjectionDecision, RestorationVerb, Step
from tests.activities.case.test_case_machine import loop
from tests.activities.court_bench import confirmed_order
from tests.activities.release_bench import make_io
from tests.activities.restoration_bench import DESK, IO, SP, SUPERVISOR, officer
from tests.activities.restoration_world import World
from tests.deep import Paced, database_settings
from tests.factories import make_context, row, rrn, transfer

__all__ = ["loop"]

T = TypeVar("T")
EXAMPLES = 3
ACCOUNTS = (("HDFC", f"1{rrn()}"), ("ICIC", f"2{rrn()}"))
RUPEES = st.sampled_from([0, 1, 300, 700, 45_000])
CLERK, CHIEF = ResolvingOfficer("officer:clerk", supervises=False), ResolvingOfficer("officer:chief", supervises=True)
STATIONS = {role: officer(role.value, role) for role in (Role.IO, Role.DY_SP, Role.DISTRICT_GRO, Role.STATE_GRO)}
VERBS = ("send back", "send back", "object", "object", "decide", "decide", "refuse", "cancel", "reopen", "reopen")
OBJECTORS = st.sampled_from([ObjectionBy.HOLDER, ObjectionBy.HOLDER, ObjectionBy.VICTIM])


def _order(kind: str, effect: str, **more: Any) -> NewCourtOrder:
    told = {"kind": kind, "effect": effect, "court": "CJM Lucknow", "order_no": rrn(), "made_on": "2026-11-24"}
    return NewCourtOrder.model_validate(told | more)


class RestorationMachine(RuleBasedStateMachine):
    """Cases at two accounts that they share, and everybody who acts on them."""

    ctx: Context
    run_in_loop: Callable[[Coroutine[Any, Any, Any]], Any]

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.ctx)
        self.accounts = [(bank, f"{number}{rrn()}") for number, (bank, _) in enumerate(ACCOUNTS, 1)]
        self.references: dict[tuple[str, int], tuple[str, str]] = {}
        self.paced = Paced()

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        """Run one step to its end."""
        done: T = self.run_in_loop(step)
        return done

    def attempt(self, step: Coroutine[Any, Any, Any]) -> None:
        """Run a step that may come at the wrong time, or from the wrong person: then it changes nothing."""
        with suppress(RuleBroken, NotNow, NotFound, IdempotencyConflict):
            self.run(step)

    def one(self, data: st.DataObject, query: str) -> Any:
        """One value of those that the query finds about the world's cases; None where there are none.

        What is drawn does not depend on what is found: ties may fall otherwise when it is run again.
        """
        place = data.draw(st.integers(0, 11))
        found = [value for (value,) in self.run(self.world.rows(query))]
        return found[place % len(found)] if found else None

    # -- money comes -----------------------------------------------------------------------------------------------

    @initialize(held=RUPEES, lost=RUPEES, other=RUPEES, steps=st.integers(0, 9))
    def first(self, held: int, lost: int, other: int, steps: int) -> None:
        """Two cases, the first of which is somewhere on its way."""
        self.complain([0, 1], held or 300, lost, left=0)
        self.complain([0], other, 700, left=500)
        self.run(self.world.run())
        for _ in range(steps):
            self.attempt(self._go_on(self.run(self.world.home.of(self.world.case_nos[0]))))
            self.run(self.world.run())

    @precondition(lambda self: len(self.world.case_nos) < 4)
    @rule(
        places=st.lists(st.integers(0, 1), min_size=1, max_size=3),
        held=RUPEES,
        lost=RUPEES,
        left=st.sampled_from([0, 500]),
    )
    def complain(self, places: list[int], held: int, lost: int, left: int) -> None:
        """A complaint of transfers to these accounts, each answered at once, perhaps in part."""

        async def told() -> None:
            roots = [rrn() for _ in places]
            total = held + lost + left or 100
            case_no = await self.world.bench.complain(
                *(
                    transfer(total * 100, reference=root, payee=self._payee(place))
                    for root, place in zip(roots, places, strict=True)
                )
            )
            self.world.case_nos.append(case_no)
            await make_io(self.world.bench.pool, case_no)
            for number, (root, place) in enumerate(zip(roots, places, strict=True), 1):
                self.references[case_no, number] = (self.accounts[place][0], root)
                await self._answer(case_no, number, held, lost)

        self.run(told())

    def _payee(self, place: int) -> dict[str, str]:
        bank, account = self.accounts[place]
        return {"institution": bank, "account": account}

    async def _answer(self, case_no: str, number: int, held: int, lost: int, **said: Any) -> None:
        bank, root = self.references[case_no, number]
        lines = [row(5, root, f"{lost}.00", rrn_transaction_id=rrn())] if lost else []
        lines += [row(1, root, f"{held}.00", rrn_transaction_id=rrn(), **said)] if held else []
        if lines:
            await self.world.bench.answer(bank, case_no, *lines)

    @rule(data=st.data(), held=RUPEES, lost=RUPEES, balance=st.sampled_from([None, "0.00", "500.00"]))
    def more(self, data: st.DataObject, held: int, lost: int, balance: str | None) -> None:
        """The bank says more of a transfer; perhaps more than there is, or than its account has."""
        case_no, number = data.draw(st.sampled_from(sorted(self.references)))
        said = {"root_effective_balance": balance} if balance else {}
        self.run(self._answer(case_no, number, held, lost, **said))

    @rule(data=st.data())
    def settle_case(self, data: st.DataObject) -> None:
        case_no = data.draw(st.sampled_from(self.world.case_nos))
        self.run(self.world.bench.freeze.settle_case(SettleCase(case_no=case_no)))

    # -- the engine ------------------------------------------------------------------------------------------------

    @rule(days=st.sampled_from([0, 0, 1, 3, 15, 15, 30, 91]))
    def time_passes(self, days: int) -> None:
        self.run(self.world.pass_days(days))
        self.run(self.world.run())
        self.run(self.world.check_at_rest())

    # -- officers --------------------------------------------------------------------------------------------------

    @rule(data=st.data(), times=st.integers(1, 9))
    def go_on(self, data: st.DataObject, times: int) -> None:
        """What a restoration waits for, so many times in a row."""
        restoration = self._restoration(data)
        if restoration is None:
            return
        for _ in range(times):
            self.attempt(self._go_on(restoration))
            self.run(self.world.run())

    @rule(data=st.data(), times=st.integers(1, 4))
    def go_on_without_the_engine(self, data: st.DataObject, times: int) -> None:
        """Officers are quick, and the workflows away."""
        restoration = self._restoration(data)
        if restoration is not None:
            for _ in range(times):
                self.attempt(self._go_on(restoration))

    @rule(data=st.data(), verb=st.sampled_from(VERBS), decision=st.sampled_from(ObjectionDecision), by=OBJECTORS)
    def something_else(self, data: st.DataObject, verb: str, decision: ObjectionDecision, by: ObjectionBy) -> None:
        restoration = self._restoration(data, "state <> 'open'" if verb == "reopen" else "state = 'open'")
        if restoration is not None:
            self.attempt(self._other(restoration, verb, decision, by))

    @rule(data=st.data(), paise=st.sampled_from([1, 50_00]), again=st.booleans())
    def a_part_and_no_more(self, data: st.DataObject, paise: int, again: bool) -> None:
        """A bank restores a part, its order is cancelled, and the rest is refused; perhaps it is reopened."""
        restoration = self._restoration(data)
        if restoration is None:
            return
        for _ in range(9):
            if self.run(self.world.home.at(restoration))[1] == Step.CREDIT:
                break
            self.attempt(self._go_on(restoration))
            self.run(self.world.run())
        self.attempt(self._give_a_part(restoration, paise))
        self.run(self.world.run())
        for verb, by in ((RestorationVerb.REFUSE, SP), (RestorationVerb.RECEIVE_BOND, DESK)):
            # Each at a moment of its own, by which one is told from the other afterwards.
            self.run(self.world.pass_days(0.001))
            self.attempt(self.world.home.do(restoration, verb, by))
        self.run(self.world.pass_days(0.001))
        self.run(self.world.run())
        if again:
            self.attempt(self._other(restoration, "reopen", ObjectionDecision.UPHELD, ObjectionBy.HOLDER))

    async def _give_a_part(self, restoration: UUID, paise: int) -> None:
        orders = await self.world.bench.rows(
            "SELECT order_id, institution FROM bank_order WHERE restoration_id = $1 AND state <> 'cancelled'"
            " ORDER BY planned_at, order_id",
            restoration,
        )
        for order_id, bank in orders:
            said = ConfirmedLine(line_no=1, amount_paise=paise, done_at=self.world.home.clock.at, reference="PART")
            word = OrderConfirmation(lines=(said,))
            await take_confirmation(self.world.ctx, bank, order_id, word, f"bank:{bank}")
            await cancel_order(self.world.ctx, order_id, "the rest is another's", "officer:sp")

    def _restoration(self, data: st.DataObject, which: str = "state = 'open'") -> UUID | None:
        found: UUID | None = self.one(
            data,
            f"SELECT restoration_id FROM restoration WHERE case_no = ANY($1) AND {which}"
            " ORDER BY case_no, ack_no, round_no",
        )
        return found

    async def _go_on(self, restoration: UUID) -> None:
        home = self.world.home
        state, step, _ = await home.at(restoration)
        if state != "open":
            return
        match Step(step):
            case Step.APPLICATION:
                await home.apply(restoration)
            case Step.VERIFICATION:
                await home.verify(restoration)
            case Step.HOLDER_NOTICE | Step.SHOW_CAUSE:
                await home.waive(restoration)
            case Step.APPROVAL:
                prepared = "SELECT prepared_by FROM restoration WHERE restoration_id = $1"
                if await self.world.bench.value(prepared, restoration) is None:
                    await home.prepare(restoration, IO)
                else:
                    await home.approve(restoration)
            case Step.CREDIT:
                await home.confirm(restoration)
            case Step.BOND:
                await home.do(restoration, RestorationVerb.RECEIVE_BOND, DESK)
            case other:
                await self._wait(restoration, other)

    async def _wait(self, restoration: UUID, step: Step) -> None:
        if step is Step.COLLECTING:
            await self.world.pass_days(3)
            return
        kind = {Step.COURT_ORDER: "bnss_503", Step.LOK_ADALAT_AWARD: "lok_adalat"}[step]
        case_no = await self.world.bench.value("SELECT case_no FROM restoration WHERE restoration_id = $1", restoration)
        await confirmed_order(self.world.ctx, case_no, _order(kind, "restore"))

    async def _other(self, restoration: UUID, verb: str, decision: ObjectionDecision, by: ObjectionBy) -> None:
        home = self.world.home
        match verb:
            case "send back":
                await home.send_back(restoration)
            case "object":
                holds = await home.bench.rows(
                    "SELECT hold_id FROM restoration_line WHERE restoration_id = $1 ORDER BY hop_no", restoration
                )
                await home.object(restoration, holds[0][0], by)
            case "decide":
                found = await home.bench.rows(
                    "SELECT objection_id FROM objection WHERE restoration_id = $1 AND decision IS NULL", restoration
                )
                if found:
                    await home.decide(restoration, found[0][0], decision)
            case "reopen":
                await restoration_deadlines.reopen(
                    self.world.ctx, restoration, ReopenReason(reason="by mistake"), SUPERVISOR
                )
            case "refuse":
                await home.do(restoration, RestorationVerb.REFUSE, SP)
            case _:
                await home.do(restoration, RestorationVerb.CANCEL, SUPERVISOR)

    @rule(
        data=st.data(),
        effect=st.sampled_from(["restore", "restore", "keep_hold", "release", "refuse"]),
        kind=st.sampled_from(["bnss_503", "lok_adalat"]),
        paise=st.sampled_from([None, 1, 250_00]),
        named=st.booleans(),
    )
    def court_decides(self, data: st.DataObject, effect: str, kind: str, paise: int | None, named: bool) -> None:
        case_no = data.draw(st.sampled_from(self.world.case_nos))
        bank, account = data.draw(st.sampled_from(self.accounts))
        told: dict[str, Any] = {"institution": bank, "account": account} if named else {}
        order = _order(kind, effect, amount_paise=paise if effect != "refuse" else None, **told)
        self.attempt(take_court_order(self.world.ctx, case_no, order, "officer:io"))

    @rule(data=st.data())
    def second_officer_reads(self, data: st.DataObject) -> None:
        order_id = self.one(
            data, "SELECT court_order_id FROM court_order WHERE case_no = ANY($1) AND confirmed_at IS NULL ORDER BY 1"
        )
        if order_id is not None:
            case_no = self.run(
                self.world.bench.value("SELECT case_no FROM court_order WHERE court_order_id = $1", order_id)
            )
            self.attempt(confirm_court_order(self.world.ctx, case_no, order_id, "it is genuine", "officer:sp"))

    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        order_id = self.one(
            data, "SELECT court_order_id FROM court_order WHERE case_no = ANY($1) AND withdrawn_at IS NULL ORDER BY 1"
        )
        if order_id is not None:
            case_no = self.run(
                self.world.bench.value("SELECT case_no FROM court_order WHERE court_order_id = $1", order_id)
            )
            self.attempt(withdraw_court_order(self.world.ctx, case_no, order_id, "another case's", "officer:io"))
            self.attempt(confirm_withdrawal(self.world.ctx, case_no, order_id, "another case's", "officer:sp"))

    @rule(data=st.data(), whole=st.booleans())
    def withdraw_complaint(self, data: st.DataObject, whole: bool) -> None:
        case_no, number = data.draw(st.sampled_from(sorted(self.references)))
        new = NewWithdrawal(kind=WithdrawalKind.FALSE, hop_no=None if whole else number, reason="it was invented")

        async def agreed() -> None:
            told = await withdrawals.propose(self.world.ctx, case_no, new, CLERK.officer)
            done = await withdrawals.agree(self.world.ctx, case_no, told.withdrawal_id, "so it is", CHIEF.officer)
            await self.world.bench.note(done[1])

        self.attempt(agreed())

    @rule(data=st.data(), decision=st.sampled_from(list(ResolutionDecision)))
    def discrepancy(self, data: st.DataObject, decision: ResolutionDecision) -> None:
        doubt = self.one(data, "SELECT discrepancy_id FROM discrepancy WHERE case_no = ANY($1) ORDER BY discrepancy_id")
        if doubt is None:
            return
        stands = self.run(
            self.world.bench.value(
                "SELECT max(resolution_no) FROM discrepancy_resolution WHERE discrepancy_id = $1", doubt
            )
        )
        resolution = NewResolution(decision=decision, reason="both were called", replaces=stands)

        async def agreed() -> None:
            for by in (CLERK, CHIEF):
                done, follow_up = await resolve(self.world.ctx, doubt, resolution, by)
                await self.world.bench.note(follow_up)
                if done.settled:
                    return

        self.attempt(agreed())

    # -- the holder ------------------------------------------------------------------------------------------------

    @rule(data=st.data(), part=st.booleans(), decision=st.sampled_from(GrievanceDecision))
    def grievance(self, data: st.DataObject, part: bool, decision: GrievanceDecision) -> None:
        """The holder appeals; or what is open is reported on, or decided by whom it is with."""
        hold_id = self.one(data, "SELECT hold_id FROM account_hold WHERE case_no = ANY($1) ORDER BY reference")
        if hold_id is None:
            return
        ctx = self.world.ctx
        found = self.run(
            self.world.bench.rows(
                "SELECT grievance_id, level FROM grievance WHERE hold_id = $1 AND state = 'open'", hold_id
            )
        )
        if not found:
            new = NewGrievance.model_validate({"text": "this is the pay of my shop", "language": "en"})
            self.attempt(grievance_decisions.file_grievance(ctx, hold_id, new, "holder"))
            return
        ((grievance_id, level),) = found
        if level == "bank":
            said = GrievanceReport.model_validate({"kyc": "genuine", "finding": "a shop"})
            self.attempt(grievance_decisions.report(ctx, grievance_id, said, "bank:HDFC"))
            return
        is_part = decision is GrievanceDecision.PART_RELEASED
        told = {"level": level, "decision": decision, "reason": "seen", "released_paise": 100 if is_part else None}
        by = STATIONS[Role(level)]
        self.attempt(grievance_decisions.decide(ctx, grievance_id, GrievanceDecided.model_validate(told), by))

    @rule(data=st.data(), decision=st.sampled_from(SmallHoldDecision))
    def small(self, data: st.DataObject, decision: SmallHoldDecision) -> None:
        hold_id = self.one(
            data, "SELECT hold_id FROM account_hold WHERE case_no = ANY($1) AND small ORDER BY reference"
        )
        if hold_id is not None:
            decided = NewSmallHoldDecision(decision=decision, reason="a tea shop")
            self.attempt(record_small_hold_decision(self.world.ctx, hold_id, decided, IO))

    @rule(data=st.data(), rejects=st.booleans())
    def release_is_confirmed(self, data: st.DataObject, rejects: bool) -> None:
        hold_id = self.one(
            data,
            "SELECT hold_id FROM proposal WHERE case_no = ANY($1) AND kind = 'release' AND decision IS NULL"
            " ORDER BY hold_id",
        )
        if hold_id is None:
            return
        if rejects:
            self.attempt(reject_release(self.world.ctx, hold_id, "no document", "officer:sp"))
        else:
            self.run(self.world.pass_days(2))
            self.attempt(confirm_release(self.world.ctx, hold_id, "seen", "officer:sp"))

    # -- banks -----------------------------------------------------------------------------------------------------

    @rule(
        data=st.data(),
        paise=st.sampled_from([None, None, 1, 250_00, 10_000_000_00]),
        reference=st.sampled_from(["", "UTR1", "UTR2"]),
        elsewhere=st.sampled_from([False, False, False, True]),
    )
    def bank_says(self, data: st.DataObject, paise: int | None, reference: str, elsewhere: bool) -> None:
        order_id = self.one(
            data, "SELECT order_id FROM bank_order WHERE case_no = ANY($1) ORDER BY planned_at, order_id"
        )
        if order_id is None:
            return
        lines = self.run(
            self.world.bench.rows("SELECT line_no, amount_paise FROM bank_order_line WHERE order_id = $1", order_id)
        )
        word = OrderConfirmation(
            lines=tuple(
                ConfirmedLine(
                    line_no=line_no,
                    amount_paise=paise or amount,
                    done_at=self.world.home.clock.at,
                    reference=reference,
                    credited_account="99" if elsewhere else "",
                )
                for line_no, amount in lines
            )
        )
        bank = self.run(self.world.bench.value("SELECT institution FROM bank_order WHERE order_id = $1", order_id))
        self.attempt(take_confirmation(self.world.ctx, bank, order_id, word, f"bank:{bank}"))

    @rule(data=st.data())
    def take_back(self, data: st.DataObject) -> None:
        order_id = self.one(
            data,
            "SELECT order_id FROM bank_order WHERE case_no = ANY($1)"
            " AND state IN ('planned', 'delivered', 'refused') ORDER BY planned_at, order_id",
        )
        if order_id is not None:
            self.attempt(cancel_order(self.world.ctx, order_id, "not wanted", "officer:sp"))

    # -- what always holds -----------------------------------------------------------------------------------------

    @invariant()
    def every_rupee_has_its_place_and_its_clock(self) -> None:
        if self.paced.is_time():
            self.run(self.world.check())

    def teardown(self) -> None:
        """Whatever was done to it, a year later nothing is forgotten."""
        for days in (0, 100, 265):
            self.run(self.world.pass_days(days))
            self.run(self.world.run())
            self.run(self.world.check())
            self.run(self.world.check_at_rest())


def test_restoration_in_any_order(loop: asyncio.AbstractEventLoop, database_dsn: str) -> None:
    def run_in_loop(step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, loop).result(timeout=60)

    pool = run_in_loop(open_pool(database_dsn, min_size=1, max_size=10, only_single_cases=True))
    machine = type(
        "Machine",
        (RestorationMachine,),
        {"ctx": run_in_loop(make_context(pool)), "run_in_loop": staticmethod(run_in_loop)},
    )
    try:
        run_state_machine_as_test(
            machine,
            settings=database_settings(EXAMPLES, steps=25),
        )
    finally:
        run_in_loop(pool.close())
