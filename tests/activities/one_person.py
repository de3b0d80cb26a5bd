"""Officers who do what their roles allow, on cases with money on hold; each verb has a method here."""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from activities.case.call_backs import take_telephone_answer
from activities.case.discrepancies import ResolvingOfficer, resolve
from activities.context import Context
from activities.recovery import (
    credit_accounts,
    objections,
    payer_decisions,
    restoration_deadlines,
    restoration_decisions,
    withdrawals,
)
from activities.recovery import grievance_decisions as grievances
from activities.recovery.bank_replies import send_again
from activities.recovery.cancellations import record_attestation
from activities.recovery.confirmations import record_statement
from activities.recovery.court_orders import (
    confirm_court_order,
    confirm_withdrawal,
    put_order_copy,
    take_court_order,
    take_wide_order,
    withdraw_court_order,
)
from activities.recovery.firs import assign_officer
from activities.recovery.hearings import waive_notice
from activities.recovery.hold_releases import confirm_release, hear_victim, record_small_hold_decision, reject_release
from activities.recovery.hold_transaction import take_contact
from activities.recovery.orders import cancel_order
from api.roles import Action
from db.recovery import bank_orders
from domain.errors import RuleBroken
from schemas.case.discrepancies import NewResolution
from schemas.case.hold_requests import NewTelephoneAnswer
from schemas.case.police import NewOfficer
from schemas.enums import Language, ResolutionDecision, Role
from schemas.officers.officers import Acting
from schemas.recovery.court_orders import CourtOrderCopy, NewCourtOrder, WideCourtOrder
from schemas.recovery.credit_accounts import NewCreditAccount, SeenAccount
from schemas.recovery.grievances import (
    AppealOn,
    GrievanceDecided,
    GrievanceReason,
    GrievanceReport,
    NewGrievance,
    WithdrawGrievance,
)
from schemas.recovery.holds import NewHolderContact, NewSmallHoldDecision, SmallHoldDecision
from schemas.recovery.officer_steps import NewPayerDecision, NewWithdrawal, SeenPayerDecision, WithdrawalKind
from schemas.recovery.orders import ConfirmedLine, NewHearing, OrderConfirmation
from schemas.recovery.restorations import (
    NewObjection,
    NoticeWaived,
    ObjectionDecided,
    OrderTaken,
    ReopenReason,
    Seen,
    SendBack,
)
from schemas.restoration_enums import (
    CourtOrderEffect,
    GrievanceDecision,
    KycFinding,
    ObjectionBy,
    ObjectionDecision,
    RestorationVerb,
)
from simulator.people.police import one_page_pdf
from tests.activities.restoration_bench import CONTRADICTED_BY, WHY, Home
from tests.factories import complaint, row, rrn, transfer

HELD_RUPEES: Final = (60_000, 9_000, 9_000, 9_000, 9_000, 150)
"""on hold in six cases: one above the sum of a hold and that of the police, four of which three are above the sum of a
day, and a small one"""
CONTESTED_RUPEES: Final = 9_000
"""on hold in a case of which two complaints name the payer differently"""
DOUBTED_RUPEES: Final = 9_000
"""on hold in a case whose bank says that the account has less"""
CONTESTED, DOUBTED = len(HELD_RUPEES), len(HELD_RUPEES) + 1
"""places of these two among the cases"""
CASES: Final = len(HELD_RUPEES) + 2
COLLECTED_BY: Final = timedelta(days=3)
"""time after which a restoration waits for no further money"""
PDF: Final = b64encode(one_page_pdf("order")).decode()
NEW_ACCOUNT: Final = NewCreditAccount(
    holder_name="a victim",
    account="50100000000042",
    ifsc="ICIC0000042",
    institution="ICICI Bank",
    reason="the account that paid is closed",
    proof="passbook",
)


@dataclass(frozen=True)
class Case:
    """A case with one hold."""

    case_no: str
    hold_id: UUID


class People:
    """Cases with money on hold, and the verbs of officers on them."""

    def __init__(self, ctx: Context) -> None:
        self.home = Home(ctx)
        self.ctx, self.bench = self.home.ctx, self.home.bench
        self.cases: list[Case] = []
        self.done: set[str] = set()
        """names of verbs that wrote an event"""

    async def begin(self) -> None:
        held = [await self.home.hold(rupees) for rupees in HELD_RUPEES]
        for case_no in [*held, await self.contested(), await self.doubted()]:
            hold_id = await self.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
            self.cases.append(Case(case_no, hold_id))
        self.home.clock.at += COLLECTED_BY
        await self.go_on(*self.cases)

    async def contested(self) -> str:
        """Make a case of which two complaints name the payer differently; return its number."""
        payers = [{"institution": bank, "account": f"3{rrn()}"} for bank in ("SBIN", "PUNB")]
        root, payee = rrn(), {"institution": "HDFC", "account": f"5{rrn()}"}
        told = [transfer(CONTESTED_RUPEES * 100, reference=root, payee=payee, payer=payer) for payer in payers]
        case_no = await self.bench.complain(told[0])
        await self.bench.take(complaint(told[1]))
        await self.bench.answer("HDFC", case_no, row(1, root, f"{CONTESTED_RUPEES}.00"))
        await self.home.open_for_new_holds(case_no)
        return case_no

    async def doubted(self) -> str:
        """Make a case whose bank says of one account two things that differ; return its number."""
        root, payee = rrn(), {"institution": "HDFC", "account": f"5{rrn()}"}
        case_no = await self.bench.complain(transfer(DOUBTED_RUPEES * 100, reference=root, payee=payee))
        line = row(1, root, f"{DOUBTED_RUPEES}.00", root_effective_balance="250.00")
        await self.bench.answer("HDFC", case_no, line)
        await self.home.open_for_new_holds(case_no)
        return case_no

    async def go_on(self, *cases: Case) -> None:
        """Let the engine do what is due of the restorations of these cases."""
        for (restoration,) in await self.bench.rows(
            "SELECT restoration_id FROM restoration WHERE case_no = ANY($1) AND state = 'open' ORDER BY case_no",
            [case.case_no for case in cases],
        ):
            await self.home.tick(restoration)

    async def do(self, drive: "Driver", case: Case, subject: str, roles: Iterable[Role]) -> None:
        """Let a person do a verb in each of these roles."""
        for role in roles:
            by = Acting(subject=subject, roles=frozenset({role}), actor=f"officer:{subject}")
            with suppress(RuleBroken):
                await drive(self, case, by)

    async def written(self) -> int:
        """Return how many events the logs of the cases have."""
        case_nos = [case.case_no for case in self.cases]
        found: int = await self.bench.value("SELECT sum(event_seq) FROM case_file WHERE case_no = ANY($1)", case_nos)
        return found

    # -- grievances and small holds ------------------------------------------------------------------------------------

    async def grievance(self, case: Case) -> tuple[UUID, str, str] | None:
        rows = await self.bench.rows(
            "SELECT grievance_id, level, state FROM grievance WHERE case_no = $1 ORDER BY serial_no DESC LIMIT 1",
            case.case_no,
        )
        return (rows[0][0], rows[0][1], rows[0][2]) if rows else None

    async def file(self, case: Case, by: Acting) -> None:
        new = NewGrievance(text="this is the rent of my shop", language=Language.EN)
        await grievances.file_grievance(self.ctx, case.hold_id, new, by.actor)

    async def appeal_on(self, case: Case, by: Acting) -> None:
        if (found := await self.grievance(case)) is not None:
            more = AppealOn.model_validate({"level": found[1], "text": "look again"})
            await grievances.appeal_on(self.ctx, found[0], more, by)

    async def withdraw_grievance(self, case: Case, by: Acting) -> None:
        if (found := await self.grievance(case)) is not None:
            why = WithdrawGrievance.model_validate({"level": found[1], "reason": WHY})
            await grievances.withdraw(self.ctx, found[0], why, by)

    async def report(self, case: Case, by: Acting) -> None:
        if (found := await self.grievance(case)) is not None:
            said = GrievanceReport(kyc=KycFinding.GENUINE, finding="a shop since 2011")
            await grievances.report(self.ctx, found[0], said, by)

    async def escalate(self, case: Case, by: Acting) -> None:
        if (found := await self.grievance(case)) is not None:
            why = GrievanceReason.model_validate({"level": found[1], "reason": "it is urgent"})
            await grievances.escalate(self.ctx, found[0], why, by)

    async def decide(self, case: Case, by: Acting) -> None:
        await self._decide(case, by, GrievanceDecision.RELEASED)

    async def uphold(self, case: Case, by: Acting) -> None:
        """Leave the money on hold."""
        await self._decide(case, by, GrievanceDecision.UPHELD)

    async def _decide(self, case: Case, by: Acting, decision: GrievanceDecision) -> None:
        if (found := await self.grievance(case)) is not None:
            told = {"level": found[1], "decision": decision, "reason": WHY}
            await grievances.decide(self.ctx, found[0], GrievanceDecided.model_validate(told), by)

    async def decide_small(self, case: Case, by: Acting) -> None:
        decided = NewSmallHoldDecision(decision=SmallHoldDecision.RELEASE, reason="a tea shop")
        await record_small_hold_decision(self.ctx, case.hold_id, decided, by)

    async def hear(self, case: Case, by: Acting) -> None:
        await hear_victim(self.ctx, case.hold_id, NewHearing(ack_no=case.case_no, said="I agree"), by.actor)

    async def confirm(self, case: Case, by: Acting) -> None:
        self.home.clock.at += timedelta(days=2)
        await confirm_release(self.ctx, case.hold_id, "seen", by.actor)

    async def reject_release(self, case: Case, by: Acting) -> None:
        await reject_release(self.ctx, case.hold_id, WHY, by.actor)

    async def take_contact(self, case: Case, by: Acting) -> None:
        await take_contact(self.ctx, case.hold_id, NewHolderContact(phone="9876500000"), by.actor)

    async def assign(self, case: Case, by: Acting) -> None:
        """Make a colleague the case's IO."""
        colleague = "p1" if by.subject.lower() == "p0" else "p0"
        who = {"duty": "io", "subject": colleague, "name": "R. Verma", "rank": "Inspector", "phone": "9000000009"}
        where = {"police_station": "Cyber Cell", "district": "LUCKNOW"}
        await assign_officer(self.ctx, case.case_no, NewOfficer.model_validate(who | where), by.actor)

    # -- courts, withdrawals, statements of banks ----------------------------------------------------------------------

    async def take_court_order(self, case: Case, by: Acting) -> None:
        await self._take_court_order(case, by, CourtOrderEffect.RELEASE)

    async def take_order_to_restore(self, case: Case, by: Acting) -> None:
        await self._take_court_order(case, by, CourtOrderEffect.RESTORE)

    async def _take_court_order(self, case: Case, by: Acting, effect: CourtOrderEffect) -> None:
        new = NewCourtOrder.model_validate(_court_order(effect) | {"document": PDF})
        await take_court_order(self.ctx, case.case_no, new, by.actor)

    async def take_wide_order(self, case: Case, by: Acting) -> None:
        wide = WideCourtOrder.model_validate(
            _court_order(CourtOrderEffect.RELEASE) | {"about": [{"ack_no": case.case_no}]}
        )
        await take_wide_order(self.ctx, wide, by.actor)

    async def newest_order(self, case: Case) -> int | None:
        found: int | None = await self.bench.value(
            "SELECT max(court_order_id) FROM court_order WHERE case_no = $1 AND confirmed_at IS NULL", case.case_no
        )
        return found

    async def put_order_copy(self, case: Case, by: Acting) -> None:
        if (newest := await self.newest_order(case)) is not None:
            copy = CourtOrderCopy.model_validate({"document": PDF})
            await put_order_copy(self.ctx, case.case_no, newest, copy, by.actor)

    async def confirm_order(self, case: Case, by: Acting) -> None:
        if (newest := await self.newest_order(case)) is not None:
            await confirm_court_order(self.ctx, case.case_no, newest, "genuine", by.actor)

    async def withdraw_order(self, case: Case, by: Acting) -> None:
        if (standing := await self.standing_order(case)) is not None:
            await withdraw_court_order(self.ctx, case.case_no, standing, WHY, by.actor)

    async def confirm_withdrawal(self, case: Case, by: Acting) -> None:
        if (standing := await self.standing_order(case)) is not None:
            await confirm_withdrawal(self.ctx, case.case_no, standing, WHY, by.actor)

    async def standing_order(self, case: Case) -> int | None:
        found: int | None = await self.bench.value(
            "SELECT max(court_order_id) FROM court_order WHERE case_no = $1 AND withdrawn_at IS NULL", case.case_no
        )
        return found

    async def propose_withdrawal(self, case: Case, by: Acting) -> None:
        new = NewWithdrawal(kind=WithdrawalKind.FALSE, reason="it did not happen")
        await withdrawals.propose(self.ctx, case.case_no, new, by.actor)

    async def agree_to_withdrawal(self, case: Case, by: Acting) -> None:
        if (newest := await self.newest_withdrawal(case)) is not None:
            await withdrawals.agree(self.ctx, case.case_no, newest, WHY, by.actor)

    async def reject_withdrawal(self, case: Case, by: Acting) -> None:
        if (newest := await self.newest_withdrawal(case)) is not None:
            await withdrawals.reject(self.ctx, case.case_no, newest, WHY, by.actor)

    async def newest_withdrawal(self, case: Case) -> int | None:
        found: int | None = await self.bench.value(
            "SELECT max(withdrawal_id) FROM withdrawal WHERE case_no = $1 AND decision IS NULL", case.case_no
        )
        return found

    async def orders(self, case: Case) -> list[UUID]:
        """Return the orders to banks that are not confirmed, the oldest first."""
        rows = await self.bench.rows(
            "SELECT order_id FROM bank_order WHERE case_no = $1 AND state <> 'confirmed' ORDER BY planned_at",
            case.case_no,
        )
        return [order_id for (order_id,) in rows]

    async def send_order_again(self, case: Case, by: Acting) -> None:
        for order_id in await self.orders(case):
            with suppress(RuleBroken):
                await send_again(self.ctx, order_id, WHY, by.actor)
                # The engine calls the bank, so the bank may know of the order.
                async with self.ctx.pool.acquire() as connection:
                    await bank_orders.note_tried(connection, order_id, self.home.clock.at)

    async def cancel_order(self, case: Case, by: Acting) -> None:
        for order_id in await self.orders(case):
            with suppress(RuleBroken):
                await cancel_order(self.ctx, order_id, WHY, by.actor)

    async def attest_cancellation(self, case: Case, by: Acting) -> None:
        for order_id in await self.orders(case):
            with suppress(RuleBroken):
                await record_attestation(self.ctx, order_id, "told by telephone", by.actor)

    async def bank_said(self, case: Case, by: Acting) -> None:
        rows = await self.bench.rows(
            "SELECT o.order_id, l.line_no, l.amount_paise FROM bank_order o JOIN bank_order_line l USING (order_id)"
            " WHERE o.case_no = $1 AND o.state <> 'confirmed' ORDER BY o.planned_at LIMIT 1",
            case.case_no,
        )
        for order_id, line_no, paise in rows:
            line = ConfirmedLine(line_no=line_no, amount_paise=paise, done_at=self.home.clock.at, reference="UTR1")
            supervises = bool(by.roles & Action.TAKE_FROM_HELD.rule.roles)
            said = OrderConfirmation(lines=(line,))
            await record_statement(self.ctx, order_id, said, "by telephone", by.actor, supervises=supervises)

    # -- restorations --------------------------------------------------------------------------------------------------

    async def seen(self, case: Case) -> tuple[UUID, dict[str, Any]] | None:
        rows = await self.bench.rows(
            "SELECT restoration_id, step, visit_no FROM restoration WHERE case_no = $1 AND state = 'open'", case.case_no
        )
        return (rows[0][0], {"step": rows[0][1], "visit_no": rows[0][2]}) if rows else None

    async def waive(self, case: Case, by: Acting) -> None:
        if (found := await self.seen(case)) is not None:
            await self.home.give_notice(found[0])
            told = found[1] | {"reason": WHY, "hold_id": case.hold_id, "document": PDF}
            await waive_notice(self.ctx, found[0], NoticeWaived.model_validate(told), by)
            self.home.clock.at += CONTRADICTED_BY

    async def object(self, case: Case, by: Acting) -> None:
        if (found := await self.seen(case)) is not None:
            told = found[1] | {"by_whom": ObjectionBy.HOLDER, "text": "my pay", "hold_id": case.hold_id}
            await objections.receive_objection(self.ctx, found[0], NewObjection.model_validate(told), by)

    async def decide_objection(self, case: Case, by: Acting) -> None:
        found = await self.seen(case)
        newest = await self.bench.value(
            "SELECT max(objection_id) FROM objection JOIN restoration USING (restoration_id)"
            " WHERE case_no = $1 AND decision IS NULL",
            case.case_no,
        )
        if found is not None and newest is not None:
            releases = await self.home.releases(found[0], newest)
            told = {"objection_id": newest, "decision": ObjectionDecision.UPHELD, "reason": WHY, "releases": releases}
            await objections.decide_objection(self.ctx, found[0], ObjectionDecided.model_validate(found[1] | told), by)

    async def send_back(self, case: Case, by: Acting) -> None:
        if (found := await self.seen(case)) is not None:
            back = SendBack.model_validate(found[1] | {"reason": WHY})
            await restoration_decisions.send_back(self.ctx, found[0], back, by)

    async def go_on_under_order(self, case: Case, by: Acting) -> None:
        found = await self.seen(case)
        newest = await self.bench.value("SELECT max(court_order_id) FROM court_order WHERE case_no = $1", case.case_no)
        if found is not None and newest is not None:
            taken = OrderTaken.model_validate(found[1] | {"court_order_id": newest})
            await restoration_decisions.take_order(self.ctx, found[0], taken, by)

    async def reopen(self, case: Case, by: Acting) -> None:
        for (restoration_id,) in await self.bench.rows(
            "SELECT restoration_id FROM restoration WHERE case_no = $1 AND state <> 'open'"
            " ORDER BY round_no DESC LIMIT 1",
            case.case_no,
        ):
            await restoration_deadlines.reopen(self.ctx, restoration_id, ReopenReason(reason=WHY), by)
            await self.home.open_for_new_holds(case.case_no)
            self.home.clock.at += COLLECTED_BY

    async def prepare(self, case: Case, by: Acting) -> None:
        if (found := await self.seen(case)) is not None:
            await restoration_decisions.prepare(self.ctx, found[0], Seen.model_validate(found[1]), by)

    async def approve(self, case: Case, by: Acting) -> None:
        if (found := await self.seen(case)) is not None:
            end = await self.bench.value(
                "SELECT right(account, 4) FROM credit_account WHERE case_no = $1 AND confirmed_at IS NOT NULL"
                " AND ended_at IS NULL ORDER BY account_id DESC LIMIT 1",
                case.case_no,
            )
            await restoration_decisions.approve(self.ctx, found[0], await self.home.approval(found[0], end), by)

    # -- who is credited -----------------------------------------------------------------------------------------------

    async def newest_account(self, case: Case) -> int | None:
        found: int | None = await self.bench.value(
            "SELECT max(account_id) FROM credit_account WHERE case_no = $1 AND ended_at IS NULL", case.case_no
        )
        return found

    async def tell_account(self, case: Case, by: Acting) -> None:
        await credit_accounts.propose(self.ctx, case.case_no, NEW_ACCOUNT, by.actor)

    async def confirm_account(self, case: Case, by: Acting) -> None:
        if (account_id := await self.newest_account(case)) is not None:
            seen = SeenAccount(account=NEW_ACCOUNT.account, ifsc=NEW_ACCOUNT.ifsc)
            await credit_accounts.confirm(self.ctx, case.case_no, account_id, seen, by.actor)
            self.home.clock.at += timedelta(days=2)

    async def object_to_account(self, case: Case, by: Acting) -> None:
        if (account_id := await self.newest_account(case)) is not None:
            await credit_accounts.object_to(self.ctx, case.case_no, account_id, WHY, by.actor)

    async def withdraw_account(self, case: Case, by: Acting) -> None:
        if (account_id := await self.newest_account(case)) is not None:
            await credit_accounts.withdraw(self.ctx, case.case_no, account_id, WHY, by.actor)

    async def propose_payer(self, case: Case, by: Acting) -> None:
        later = await self.bench.value("SELECT max(ack_no) FROM complaint WHERE case_no = $1", case.case_no)
        await payer_decisions.propose(self.ctx, case.case_no, 1, NewPayerDecision(ack_no=later, reason=WHY), by.actor)

    async def agree_to_payer(self, case: Case, by: Acting) -> None:
        for decision_id, ack_no in await self.bench.rows(
            "SELECT proposal_id, ack_no FROM proposal WHERE case_no = $1 AND kind = 'payer' AND decision IS NULL"
            " ORDER BY proposal_id DESC LIMIT 1",
            case.case_no,
        ):
            seen = SeenPayerDecision(ack_no=ack_no)
            await payer_decisions.agree(self.ctx, case.case_no, 1, decision_id, seen, by.actor)

    # -- discrepancies -------------------------------------------------------------------------------------------------

    async def said_by_telephone(self, case: Case, by: Acting) -> None:
        """Enter that the bank says of the money on hold that it was withdrawn."""
        for request_id, paise in await self.bench.rows(
            "SELECT q.request_id, b.balance_paise FROM request_hop q JOIN ledger_balance b USING (case_no, hop_no)"
            " WHERE q.case_no = $1 AND q.hop_no = 1 AND b.bucket = 'held' AND b.balance_paise > 0",
            case.case_no,
        ):
            line = {"hop": 1, "kind": "withdrawn", "by": "atm", "amount_paise": paise}
            speaker = {"name": "R. Rao", "number": "9000000001"}
            told = {"speaker": speaker, "told_at": self.home.clock.at, "lines": [line]}
            new = NewTelephoneAnswer.model_validate(told)
            await take_telephone_answer(self.ctx, case.case_no, request_id, new, rrn(), by.actor)

    async def uphold_bank(self, case: Case, by: Acting) -> None:
        await self._resolve(case, by, ResolutionDecision.UPHELD_BANK)

    async def resolve(self, case: Case, by: Acting) -> None:
        await self._resolve(case, by, ResolutionDecision.UPHELD_OTHER)

    async def _resolve(self, case: Case, by: Acting, decision: ResolutionDecision) -> None:
        for discrepancy_id, standing in await self.bench.rows(
            "SELECT d.discrepancy_id, max(s.resolution_no) FROM discrepancy d"
            " LEFT JOIN discrepancy_resolution s USING (discrepancy_id) WHERE d.case_no = $1 GROUP BY 1",
            case.case_no,
        ):
            supervises = bool(by.roles & Action.TAKE_FROM_HELD.rule.roles)
            new = NewResolution(decision=decision, reason=WHY, replaces=standing)
            await resolve(self.ctx, discrepancy_id, new, ResolvingOfficer(by.actor, supervises=supervises))


Driver = Callable[[People, Case, Acting], Awaitable[None]]


def ends(verb: RestorationVerb) -> Driver:
    """Return the method of a verb that ends the step of a restoration."""

    async def drive(people: People, case: Case, by: Acting) -> None:
        if (found := await people.seen(case)) is not None:
            await restoration_decisions.end_step(people.ctx, found[0], verb, Seen.model_validate(found[1]), by, WHY)

    return drive


def _court_order(effect: CourtOrderEffect) -> dict[str, Any]:
    return {"kind": "writ", "effect": effect, "court": "High Court", "order_no": rrn(), "made_on": "2026-11-24"}
