"""Withdrawal of a false, mistaken or settled complaint, or of one transfer of it, by two officers.

The agreement is one transaction. It locks every case at an account where the complaint has money on hold, because that
money goes to the other claims there first.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from activities.case.hop_steps import notify_workflow
from activities.case.payer_inquiries import dismiss_followed
from activities.case.transaction import CaseTransaction, case_transaction, lock_cases
from activities.context import Context
from activities.isolation import repeated
from activities.recovery.allocation import MoreCases, give_to_others
from activities.recovery.order_releases import notify_hold_workflows, order_release
from activities.recovery.payer_decisions import give_to
from db.case import cases, events, hop_retries, hops, ledger, merged_hops, requests
from db.pool import Connection
from db.recovery import account_holds, claims, free_amounts, openings, payer_decisions, withdrawals
from db.recovery.claims import Account, ClaimRow
from db.recovery.openings import Why
from db.recovery.withdrawals import HopToWithdraw
from domain.errors.case import HopOfMergedTransfer
from domain.errors.recovery import HoldKeptByCourt
from domain.errors.restoration import (
    AlreadyWithdrawn,
    MoneyJustHeld,
    NotATransferOfComplaint,
    TransferContested,
    TransferToldElsewhere,
    WithdrawalDecided,
    WithdrawalNeedsSecondOfficer,
    WithdrawalProposed,
    WithdrawnMoneyOrdered,
    WithdrawnMoneyPrepared,
)
from domain.recovery.claims import Confirmed
from domain.recovery.officer_steps import withdrawal_entries
from schemas.case.case_workflow import FollowUp, HopRef
from schemas.enums import HopState, ProcedureKind, TaskKind
from schemas.events import EventKind
from schemas.identifiers import is_same_person
from schemas.recovery.officer_steps import NewWithdrawal, Withdrawal, WithdrawalDecision, Withdrawals
from schemas.recovery.orders import NewOrderLine
from schemas.recovery.restorations import AccountClaim
from schemas.restoration_enums import ConfirmedBy, OrderReason
from schemas.tasks import NewTask, TaskCause, TaskFacts, TaskSubject, about


async def told_for(ctx: Context, ack_no: str) -> Withdrawals:
    """Return the withdrawals of a complaint. Raises `NotFound`."""
    async with ctx.pool.acquire() as connection:
        await cases.case_of_complaint(connection, ack_no)
        return Withdrawals(withdrawals=tuple(await withdrawals.of_complaint(connection, ack_no)))


async def propose(ctx: Context, ack_no: str, new: NewWithdrawal, by: str) -> Withdrawal:
    """Record a withdrawal. It has effect only after a second officer has agreed.

    Raises `NotFound`, and `NotNow` when the same is proposed already or nothing is left to withdraw.
    """
    async with case_transaction(ctx, partial(cases.case_of_complaint, ack_no=ack_no), by) as work:
        connection = work.connection
        if new.hop_no is not None and not await withdrawals.tells(connection, ack_no, new.hop_no):
            raise NotATransferOfComplaint(ack_no, new.hop_no)
        if (open_id := await withdrawals.proposed(connection, ack_no, new.hop_no)) is not None:
            raise WithdrawalProposed(open_id)
        to_withdraw = await withdrawals.hops(connection, work.case_no, ack_no, new.hop_no)
        if not to_withdraw:
            raise AlreadyWithdrawn(ack_no)
        await _refuse_needed(connection, work.case_no, ack_no, to_withdraw)
        withdrawal_id = await withdrawals.insert(connection, ack_no, work.case_no, new, by, work.now)
        facts = TaskFacts(withdrawal_id=withdrawal_id)
        subject, cause = about(TaskSubject.COMPLAINT, ack_no), TaskCause.WITHDRAWAL_TO_DECIDE
        await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=subject, facts=facts, caused_by=by))
        data = {"withdrawal_id": withdrawal_id, "ack_no": ack_no, "hop_no": new.hop_no, "kind": new.kind.value}
        await work.log(EventKind.WITHDRAWAL_PROPOSED, **data, reason=new.reason)
        return await withdrawals.get(connection, ack_no, withdrawal_id)


async def reject(ctx: Context, ack_no: str, withdrawal_id: int, reason: str, by: str) -> Withdrawal:
    """Reject a withdrawal, which then has no effect. Raises `NotFound`, and `NotNow` when it is decided."""
    async with case_transaction(ctx, partial(cases.case_of_complaint, ack_no=ack_no), by) as work:
        withdrawal = await _undecided(work.connection, ack_no, withdrawal_id)
        rejected = WithdrawalDecision.REJECTED
        await withdrawals.decide(work.connection, withdrawal_id, rejected, by, reason, work.now)
        await _close_task(work, withdrawal, "the withdrawal is rejected")
        data = {"withdrawal_id": withdrawal_id, "ack_no": ack_no, "hop_no": withdrawal.hop_no, "reason": reason}
        await work.log(EventKind.WITHDRAWAL_REJECTED, **data)
        return await withdrawals.get(work.connection, ack_no, withdrawal_id)


@repeated(MoreCases)
async def agree(
    ctx: Context, ack_no: str, withdrawal_id: int, reason: str, by: str
) -> tuple[Withdrawal, FollowUp | None]:
    """Withdraw the complaint or transfer as the second officer; return it with the workflow notification.

    Raises `NotFound`, `SameEyes`. Raises `NotNow` when it is decided, when money of it is prepared or ordered to go
    back to the victim, and when a court retains a hold with money of it.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        case_no = await cases.case_of_complaint(connection, ack_no)
        seen = await withdrawals.get(connection, ack_no, withdrawal_id)
        accounts = _accounts(await withdrawals.hops(connection, case_no, ack_no, seen.hop_no))
        locked = await lock_cases(ctx, connection, await claims.cases_at(connection, sorted(accounts)) | {case_no}, by)
        withdrawal = await _undecided(connection, ack_no, withdrawal_id)
        if is_same_person(withdrawal.proposed_by, by):
            raise WithdrawalNeedsSecondOfficer(by)
        to_withdraw = await withdrawals.hops(connection, case_no, ack_no, withdrawal.hop_no)
        if not to_withdraw:
            raise AlreadyWithdrawn(ack_no)
        await _refuse_needed(connection, case_no, ack_no, to_withdraw)
        if _accounts(to_withdraw).keys() - accounts.keys():
            raise MoreCases
        if await _pass_on(locked[case_no], withdrawal, to_withdraw):
            to_withdraw = await withdrawals.hops(connection, case_no, ack_no, withdrawal.hop_no)
        follow_up = await _withdraw(locked[case_no], locked, withdrawal, to_withdraw, reason)
        return await withdrawals.get(connection, ack_no, withdrawal_id), follow_up


async def _undecided(connection: Connection, ack_no: str, withdrawal_id: int) -> Withdrawal:
    withdrawal = await withdrawals.get(connection, ack_no, withdrawal_id)
    if withdrawal.decision is not None:
        assert withdrawal.decided_by is not None, "a decision names who decided"
        raise WithdrawalDecided(withdrawal.decision, withdrawal.decided_by)
    return withdrawal


async def _refuse_needed(
    connection: Connection, case_no: str, ack_no: str, to_withdraw: Sequence[HopToWithdraw]
) -> None:
    """Raise `NotNow` while these hops may not leave the case.

    Another complainant may claim them, or a merged case may tell them too. Their money may be on its way back to the
    victim, or a court retains it.
    """
    hop_nos = [hop.hop_no for hop in to_withdraw]
    for pair in await merged_hops.pairs_at(connection, case_no, hop_nos):
        # The loss must not leave both cases, or come back after the withdrawal.
        hop_no = pair.counted_hop_no if pair.counted_case_no == case_no else pair.aside_hop_no
        raise HopOfMergedTransfer(hop_no, pair.merge_id)
    for transfer in await payer_decisions.contested(connection, case_no, hop_nos):
        if transfer.undecided:
            # Another complainant may be the victim, whose loss would leave the case with this complaint.
            others = {claim.ack_no for claim in transfer.claims} - {ack_no}
            raise TransferContested(transfer.hop_no, tuple(sorted(others)))
    if (order_id := await withdrawals.order_under_way(connection, case_no, hop_nos)) is not None:
        raise WithdrawnMoneyOrdered(order_id)
    if (restoration_id := await withdrawals.restoration_prepared(connection, case_no, hop_nos)) is not None:
        raise WithdrawnMoneyPrepared(restoration_id)
    if any(hop.hold_waits for hop in to_withdraw):
        raise MoneyJustHeld
    for hold_id in await withdrawals.holds_of(connection, case_no, hop_nos):
        if await free_amounts.court_keeps(connection, hold_id) != 0:
            hold = await account_holds.get(connection, hold_id)
            raise HoldKeptByCourt(hold.kept_by or "a court")


async def _pass_on(work: CaseTransaction, withdrawal: Withdrawal, to_withdraw: Sequence[HopToWithdraw]) -> bool:
    """Give transfers that another complaint states too to that one, with all their money; return whether there are any.

    A victim who has complained twice keeps the loss. Raises `NotNow` if the other complaint is in another case.
    """
    shared = await withdrawals.told_too(
        work.connection, work.case_no, withdrawal.ack_no, [hop.hop_no for hop in to_withdraw]
    )
    for transfer in shared:
        if transfer.case_no != work.case_no:
            raise TransferToldElsewhere(transfer.hop_no, transfer.ack_no, transfer.case_no)
        why = f"complaint {withdrawal.ack_no} is withdrawn, and complaint {transfer.ack_no} states the transfer too"
        await give_to(work, transfer.hop_no, transfer.ack_no, why)
    return bool(shared)


async def _withdraw(
    work: CaseTransaction,
    locked: Mapping[str, CaseTransaction],
    withdrawal: Withdrawal,
    to_withdraw: Sequence[HopToWithdraw],
    reason: str,
) -> FollowUp | None:
    """Write the withdrawal with all its effects."""
    connection, case_no = work.connection, work.case_no
    hop_nos = [hop.hop_no for hop in to_withdraw]
    why = f"withdrawal {withdrawal.withdrawal_id}"
    agreed = WithdrawalDecision.AGREED
    await withdrawals.decide(connection, withdrawal.withdrawal_id, agreed, work.actor, reason, work.now)
    await withdrawals.take_out(connection, case_no, withdrawal.withdrawal_id, hop_nos)
    await hop_retries.forget(connection, case_no, hop_nos)
    await ledger.forget(connection, case_no, hop_nos)
    if withdrawal.hop_no is None:
        await ledger.forget_told_in(connection, withdrawal.ack_no)
    entries = withdrawal_entries(await withdrawals.unplaced(connection, case_no, to_withdraw))
    await ledger.post(connection, case_no, "withdrawal", f"withdrawal|{withdrawal.withdrawal_id}", work.now, entries)
    closed = await _close_hops(work, to_withdraw, why)
    await dismiss_followed(work, hop_nos, reason)
    await _close_task(work, withdrawal, "the complaint is withdrawn")
    await work.log(
        EventKind.COMPLAINT_WITHDRAWN,
        withdrawal_id=withdrawal.withdrawal_id,
        ack_no=withdrawal.ack_no,
        hop_nos=hop_nos,
        kind=withdrawal.kind.value,
        reason=withdrawal.reason,
        agreed_because=reason,
        proposed_by=withdrawal.proposed_by,
        placed=events.placed(entries),
    )
    for restoration_id, its_hops in (await withdrawals.open_lines(connection, case_no, hop_nos)).items():
        excluded = Why(as_="cancelled", by=work.actor, reason=why)
        await openings.exclude(connection, restoration_id, its_hops, excluded, work.now)
        await work.notify(ProcedureKind.RESTORATION, restoration_id)
    await _let_go(work, locked, to_withdraw)
    return await notify_workflow(work, reopened=[], closed=closed) if closed else None


async def _close_hops(work: CaseTransaction, to_withdraw: Sequence[HopToWithdraw], why: str) -> list[HopRef]:
    """Close the hops, take them out of their requests, and close the work items about them; return those closed now."""
    hop_nos = [hop.hop_no for hop in to_withdraw]
    await hops.close(work.connection, work.case_no, hop_nos)
    finished = await requests.finish_empty(work.connection, work.case_no, work.now)
    await work.close_request_tasks(finished, why)
    await work.close_hop_tasks(hop_nos, tuple(TaskKind), why)
    return [HopRef(hop_no=hop.hop_no, revision=hop.revision) for hop in to_withdraw if hop.state is not HopState.CLOSED]


async def _close_task(work: CaseTransaction, withdrawal: Withdrawal, why: str) -> None:
    subject, causes = about(TaskSubject.COMPLAINT, withdrawal.ack_no), [TaskCause.WITHDRAWAL_TO_DECIDE]
    await work.close_tasks(subject, causes, why, facts=TaskFacts(withdrawal_id=withdrawal.withdrawal_id))


# -- money on hold -----------------------------------------------------------------------------------------------------


def _accounts(to_withdraw: Sequence[HopToWithdraw]) -> dict[Account, list[HopToWithdraw]]:
    """Return the accounts at which these hops have money on hold."""
    accounts: dict[Account, list[HopToWithdraw]] = {}
    for hop in to_withdraw:
        if hop.held_paise and hop.institution:
            accounts.setdefault((hop.institution, hop.account_key), []).append(hop)
    return accounts


async def _let_go(
    work: CaseTransaction, locked: Mapping[str, CaseTransaction], to_withdraw: Sequence[HopToWithdraw]
) -> None:
    """Give money on hold to the other claims at its account, and order the release of the rest."""
    connection, case_no = work.connection, work.case_no
    hop_nos = {hop.hop_no for hop in to_withdraw}
    by_account = _accounts(to_withdraw)
    for hold_id in await withdrawals.holds_of(connection, case_no, sorted(hop_nos)):
        hold = await account_holds.get(connection, hold_id)
        account = (hold.institution, hold.account_key)
        free = {
            free_hop.hop_no: free_hop.free_paise for free_hop in await free_amounts.not_ordered(connection, hold_id)
        }
        givers = [_giver(case_no, hop, free[hop.hop_no]) for hop in by_account[account] if hop.hop_no in free]
        await give_to_others(work, locked, account, givers)
        lines = [
            NewOrderLine(hop_no=free_hop.hop_no, hold_id=hold_id, amount_paise=free_hop.free_paise)
            for free_hop in await free_amounts.not_ordered(connection, hold_id)
            if free_hop.hop_no in hop_nos
        ]
        await order_release(work, hold, OrderReason.COMPLAINT_WITHDRAWN, lines)
        await notify_hold_workflows(work, hold)


def _giver(case_no: str, hop: HopToWithdraw, free_paise: int) -> ClaimRow:
    claim = AccountClaim(
        case_no=case_no,
        hop_no=hop.hop_no,
        ack_no=hop.ack_no,
        transferred_at=hop.transferred_at,
        claim_paise=free_paise,
        most_paise=free_paise,
        held_paise=free_paise,
    )
    nothing = Confirmed(paise=0, by=ConfirmedBy.NOTHING)
    return ClaimRow(claim=claim, confirmed=nothing, firm_paise=0, gone=(), gone_home_paise=0, allocation_id=None)
