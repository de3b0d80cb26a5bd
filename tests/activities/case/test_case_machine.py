"""A case over its life on the real database: anything in any order, and every rule checked after every step."""

import asyncio
import dataclasses
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from temporalio.exceptions import ApplicationError

from activities.case.desk import add_hop, correct_hop, escalate_request, stop_request
from activities.context import Context
from activities.work_items.task_owners import close_task
from adapters.banks.protocol import BankRefused, BankUnreachable
from db.pool import open_pool
from domain.errors import LimitExceeded, NotFound, NotNow
from schemas.case.case_workflow import Escalate, SendHoldRequest
from schemas.case.discrepancies import HopCorrection, NewHopByDesk
from schemas.case.intake import Complaint, Transfer
from schemas.enums import EscalationLevel
from tests.activities import complaint_statements
from tests.activities.bench import LOST_REPLY, Bench, Outcome
from tests.deep import Paced, database_settings
from tests.factories import BANKS, complaint, make_context, moved, row, rrn, transfer

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]
OFFICER = "officer:1"
NOWHERE = "Bank of Nowhere"
GATHERED = "399999999999"
"""the reference of a transfer in which money of several hops goes on; `rrn()` never gives it"""
LINE_KINDS: tuple[int | str, ...] = (1, 3, 5, 11, "20", "02", "99", "bad amount")


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop of its own in a thread: a machine's steps are no coroutines."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join(timeout=10)
    loop.close()


def tracing_small_sums(ctx: Context) -> Context:
    """A context that traces sums as small as a generated one often is, and so follow most of them.

    A bank's channel stays in use: whether it is would hang on the clock, and on what another run of the machine did.
    """
    policy = ctx.policy
    trail = policy.trail.model_copy(update={"min_chase_paise": 3_00})
    channels = policy.channels.model_copy(update={"failures_to_open": 1000, "silences_to_open": 1000})
    return dataclasses.replace(ctx, policy=policy.model_copy(update={"trail": trail, "channels": channels}))


class CaseMachine(RuleBasedStateMachine):
    """What banks, victims, officers and the workflow may do to one case."""

    ctx: Context
    run_in_loop: Callable[[Coroutine[Any, Any, Any]], Any]

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(self.ctx)
        self.case_no = ""
        self.paced = Paced()
        self.known: list[dict[str, Any]] = []
        self.stated: dict[str, list[Transfer]] = {}
        """by complaint, its transfers as it states them"""
        self.added: list[tuple[int, int]] = []
        """the desk's hops, each with its parent"""
        self.orders: list[SendHoldRequest] = []
        self.answers: list[tuple[str, list[dict[str, Any]], str | None]] = []

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        """Run one step to its end."""
        done: T = self.run_in_loop(step)
        return done

    def attempt(self, step: Coroutine[Any, Any, T]) -> T | None:
        """Run a step that the rules may refuse."""
        try:
            return self.run(step)
        except (NotFound, NotNow, LimitExceeded, ApplicationError):
            return None

    # -- complaints ------------------------------------------------------------------------------------------------

    def take(self, told: Complaint) -> str:
        """Take a complaint, remember its statement, and return its case."""
        receipt = self.run(self.bench.take(told)).receipt
        self.stated[receipt.ack_no] = list(told.transfers)
        return receipt.case_ack_no

    @initialize(
        losses=st.lists(st.tuples(st.sampled_from((*BANKS, NOWHERE)), st.integers(1, 5000)), min_size=1, max_size=3)
    )
    def complain(self, losses: list[tuple[str, int]]) -> None:
        self.known = [transfer(rupees * 100, payee_bank=bank) for bank, rupees in losses]
        self.case_no = self.take(complaint(*self.known))

    @rule(bank=st.sampled_from(BANKS), rupees=st.integers(1, 5000), data=st.data())
    def another_joins(self, bank: str, rupees: int, data: st.DataObject) -> None:
        new = [transfer(rupees * 100, payee_bank=bank)] if data.draw(st.booleans()) else []
        told = complaint(data.draw(st.sampled_from(self.known)), *new)
        assert self.take(told) == self.case_no
        self.known += new

    @rule(data=st.data(), rupees=st.integers(1, 5000), bank=st.sampled_from((*BANKS, NOWHERE)))
    def another_tells_it_otherwise(self, data: st.DataObject, rupees: int, bank: str) -> None:
        """One thing about a transfer that the case has is told differently: only a larger amount raises the loss."""
        changes: dict[str, Any] = {
            "amount_paise": rupees * 100,
            "payee": {"institution": bank, "account": "50100000000001"},
            "payer": {"institution": "PUNB", "vpa": "other@okpunb"},
            "transferred_at": "2026-11-20T10:00:00",
        }
        known = data.draw(st.sampled_from(self.known))
        changed = data.draw(st.sampled_from(sorted(changes)))
        lost_paise = self.run(self.bench.buckets(self.case_no))["lost"]
        allowed = {lost_paise}
        if changed == "amount_paise":
            # The desk may have corrected the reference since: the case knows the transfer by the old one too.
            own = self.run(
                self.bench.rows(
                    "SELECT h.amount_paise FROM disputed_transfer t JOIN hop h USING (case_no, hop_no)"
                    " WHERE t.case_no = $1 AND t.reference_key = $2 AND h.source = 'complaint'",
                    self.case_no,
                    known["rrn"],
                )
            )
            allowed |= {lost_paise - max(rupees * 100 - paise, 0) for (paise,) in own}
        assert self.take(complaint(known | {changed: changes[changed]})) == self.case_no
        assert self.run(self.bench.buckets(self.case_no))["lost"] in allowed

    @rule(data=st.data())
    def another_tells_of_a_transfer_onward(self, data: st.DataObject) -> None:
        """The trail knows it already: the complaint joins, and no loss is counted."""
        hops = self.run(
            self.bench.hops(
                self.case_no,
                "coalesce(institution, payee_institution_as_told), reference, amount_paise, flags::text",
            )
        )
        onward = [hop for hop in hops if hop[1] and hop[1] != GATHERED and "known_in_another_case" not in hop[3]]
        if not onward:
            return
        bank, reference, amount_paise, _ = data.draw(st.sampled_from(onward))
        lost_paise = self.run(self.bench.buckets(self.case_no))["lost"]
        assert self.take(complaint(transfer(amount_paise, payee_bank=bank, reference=reference))) == self.case_no
        assert self.run(self.bench.buckets(self.case_no))["lost"] == lost_paise

    # -- asking ----------------------------------------------------------------------------------------------------

    @rule(outcomes=st.lists(st.sampled_from(["", LOST_REPLY, "refuse", "unreachable"]), max_size=4))
    def send_a_batch(self, outcomes: list[str]) -> None:
        for order in self.run(self.bench.orders(self.case_no)):
            self.orders.append(order)
            self._send(order, outcomes.pop() if outcomes else "")

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), outcome=st.sampled_from(["", LOST_REPLY, "refuse"]))
    def run_an_order_again(self, data: st.DataObject, outcome: str) -> None:
        self._send(data.draw(st.sampled_from(self.orders)), outcome)

    def _send(self, order: SendHoldRequest, outcome: str) -> None:
        told: dict[str, Outcome] = {
            LOST_REPLY: LOST_REPLY,
            "refuse": BankRefused(order.institution, "14"),
            "unreachable": BankUnreachable(order.institution),
        }
        self.bench.bank.outcomes.clear()
        self.bench.bank.outcomes.append(told.get(outcome))
        self.attempt(self.bench.freeze.send_hold_request(order))

    # -- answers ---------------------------------------------------------------------------------------------------

    @rule(data=st.data(), count=st.integers(1, 6))
    def a_bank_answers(self, data: st.DataObject, count: int) -> None:
        hops = self.run(self.bench.hops(self.case_no, "institution, reference, payee_holder, disputed_paise, hop_no"))
        bank, *_ = data.draw(st.sampled_from(hops))
        lines = [self._line(data, data.draw(st.sampled_from(hops))) for _ in range(count)]
        jobs = [None, "BANKS-nobody-gave", *self.bench.bank.jobs.values()]
        told = (bank or data.draw(st.sampled_from(BANKS)), lines, data.draw(st.sampled_from(jobs)))
        self.answers.append(told)
        self.attempt(self.bench.answer(told[0], self.case_no, *told[1], job_id=told[2]))

    def _line(self, data: st.DataObject, hop: tuple[str, str, str, int, int]) -> dict[str, Any]:
        _, reference, account, disputed_paise, _ = hop
        paise = data.draw(st.just(disputed_paise) | st.integers(0, disputed_paise + 500))
        rupees = f"{paise / 100:.2f}"
        kind = data.draw(st.sampled_from(LINE_KINDS))
        about = {"root_account_number": account, "transaction_datetime": "2026-11-24 10:00:00"}
        if kind == "bad amount":
            return row(1, reference, "lots", **about)
        if isinstance(kind, str):
            return row(1, reference, rupees, status_code=kind, **about)
        if kind == 3:
            following = data.draw(st.sampled_from([rrn(), "", GATHERED]))
            payee = data.draw(st.sampled_from((*BANKS, NOWHERE)))
            return moved(reference, rupees, payee, "777", **about, rrn_transaction_id=following)
        return row(kind, reference, rupees, **about)

    @precondition(lambda self: self.answers)
    @rule(data=st.data(), other_body=st.booleans())
    def a_bank_answers_again(self, data: st.DataObject, *, other_body: bool) -> None:
        bank, lines, job_id = data.draw(st.sampled_from(self.answers))
        told = [*lines, lines[0]] if other_body else lines
        if self.attempt(self.bench.answer(bank, self.case_no, *told, job_id=job_id)):
            again = self.run(self.bench.answer(bank, self.case_no, *told, job_id=job_id))
            assert again.repeated, "nothing happened since"

    @precondition(lambda self: self.added)
    @rule(data=st.data(), more_rupees=st.integers(-1000, 1000), account=st.sampled_from(["999", "0999", "111", ""]))
    def a_bank_tells_of_the_desks_hop(self, data: st.DataObject, more_rupees: int, account: str) -> None:
        parent_no, hop_no = data.draw(st.sampled_from(self.added))
        hops = self.run(
            self.bench.hops(
                self.case_no, "institution, reference, payee_holder, disputed_paise, payee_institution_as_told"
            )
        )
        bank, root, root_account, _, _ = hops[parent_no - 1]
        payee, reference, _, paise, told = hops[hop_no - 1]
        if not bank or not root or root == reference:
            return
        said = f"{max(0, paise + more_rupees * 100) / 100:.2f}"
        line = moved(root, said, payee or told, account, rrn_transaction_id=reference, root_account_number=root_account)
        below = "SELECT count(*) FROM hop WHERE case_no = $1 AND parent_hop_no = $2 AND reference = $3"
        count = self.run(self.bench.value(below, self.case_no, parent_no, reference))
        self.run(self.bench.answer(bank, self.case_no, line, job_id=rrn()))
        assert self.run(self.bench.value(below, self.case_no, parent_no, reference)) == count
        assert self.run(self.bench.hops(self.case_no, "disputed_paise"))[hop_no - 1] >= paise

    # -- no response -----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), step=st.sampled_from(EscalationLevel))
    def missing_answer_escalates(self, data: st.DataObject, step: EscalationLevel) -> None:
        order = data.draw(st.sampled_from(self.orders))
        escalate = Escalate(
            case_no=self.case_no, request_id=order.request_id, institution=order.institution, level=step
        )
        # A request that is not old is not given up yet.
        self.attempt(self.bench.freeze.escalate_request(escalate))

    @rule(data=st.data())
    def nobody_answers_until_it_is_too_late(self, data: st.DataObject) -> None:
        self.send_a_batch([])
        for order in self.orders:
            escalate = Escalate(
                case_no=self.case_no,
                request_id=order.request_id,
                institution=order.institution,
                level=EscalationLevel.GIVE_UP,
            )
            self.run(self.bench.make_old(order.request_id))
            self.run(self.bench.freeze.escalate_request(escalate))
        self.settle()
        self.a_bank_answers(data, 4)

    @rule()
    def settle(self) -> None:
        in_play = self.run(self.bench.buckets(self.case_no)).get("in_play", 0)
        assert self.run(self.bench.settle(self.case_no)).settled == (in_play == 0)

    # -- the desk --------------------------------------------------------------------------------------------------

    @rule(what=st.sampled_from(["rrn", "utr", "amount", "payee"]), data=st.data())
    def the_desk_corrects(self, what: str, data: st.DataObject) -> None:
        told: dict[str, Any] = {"reason": "the bank called"}
        if what == "amount":
            told["amount_paise"] = data.draw(st.integers(1, 6000)) * 100
        elif what == "payee":
            told["payee"] = {"institution": data.draw(st.sampled_from((*BANKS, NOWHERE))), "account": "888"}
        else:
            told[what] = rrn()
        correction = HopCorrection.model_validate(told)
        hop_no = data.draw(st.sampled_from(self.run(self.bench.hops(self.case_no, "hop_no"))))
        self.attempt(correct_hop(self.ctx, self.case_no, hop_no, correction, OFFICER))

    @rule(bank=st.sampled_from((*BANKS, NOWHERE)), data=st.data())
    def the_desk_adds(self, bank: str, data: st.DataObject) -> None:
        hops = self.run(self.bench.hops(self.case_no, "hop_no, disputed_paise"))
        hop_no, disputed_paise = data.draw(st.sampled_from(hops))
        paise = data.draw(st.just(disputed_paise) | st.integers(1, disputed_paise + 500))
        told = {
            "parent_hop_no": hop_no,
            "payee": {"institution": bank, "account": "999"},
            "amount_paise": paise,
            "disputed_paise": paise,
            "reference": rrn(),
            "transferred_at": "2026-11-24T10:00:00",
            "reason": "told by phone",
        }
        done = self.attempt(add_hop(self.ctx, self.case_no, NewHopByDesk.model_validate(told), OFFICER))
        if done:
            self.run(self.bench.note(done.follow_up))
            self.added.append((hop_no, done.hop_no or 0))

    @precondition(lambda self: self.orders)
    @rule(data=st.data(), verb=st.sampled_from([stop_request, escalate_request]))
    def the_desk_stops_or_hurries(self, data: st.DataObject, verb: Callable[..., Coroutine[Any, Any, Any]]) -> None:
        order = data.draw(st.sampled_from(self.orders))
        self.attempt(verb(self.ctx, self.case_no, UUID(order.request_id), "we must", OFFICER))

    @rule(data=st.data())
    def the_desk_closes_a_task(self, data: st.DataObject) -> None:
        found = self.run(self.bench.rows("SELECT task_id FROM desk_task WHERE case_no = $1 ORDER BY 1", self.case_no))
        if found:
            (task_id,) = data.draw(st.sampled_from(found))
            self.attempt(close_task(self.ctx, task_id, "spoke to them", OFFICER))

    # -- the rules -------------------------------------------------------------------------------------------------

    @invariant()
    def every_rule_holds(self) -> None:
        if self.case_no and self.paced.is_time():
            self.run(self.bench.check(self.case_no))

    def teardown(self) -> None:
        """Look once more at the end, whatever the last steps were."""
        if self.case_no:
            self.run(self.bench.check(self.case_no))
            kept: dict[str, list[Transfer]] = {}
            for one in self.run(complaint_statements.told(self.bench, self.case_no)):
                kept.setdefault(one.ack_no, []).append(complaint_statements.as_transfer(one))
            assert kept == self.stated


def test_a_case_keeps_every_rule_whatever_happens_to_it(database_dsn: str, loop: asyncio.AbstractEventLoop) -> None:
    def run_in_loop(step: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(step, loop).result(timeout=60)

    pool = run_in_loop(open_pool(database_dsn, min_size=1, max_size=2, only_single_cases=True))
    machine = type(
        "Machine",
        (CaseMachine,),
        {"ctx": tracing_small_sums(run_in_loop(make_context(pool))), "run_in_loop": staticmethod(run_in_loop)},
    )
    try:
        run_state_machine_as_test(
            machine,
            settings=database_settings(7, steps=30),
        )
    finally:
        run_in_loop(pool.close())
