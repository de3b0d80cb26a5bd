"""Victims' transfers that their bank did not find: the bank is asked again, or the desk asks the victim.

A copy of a bank's books may be minutes behind, so a first "not found" is not the end (policy `trail.ask_again`).
"""

from collections.abc import Sequence
from datetime import timedelta

from activities.case.corrections import write_correction
from activities.case.hop_steps import notify_workflow
from activities.case.parked_hops import Done
from activities.case.transaction import ENGINE, CaseTransaction, case_transaction
from activities.context import Context
from db.case import events, hop_retries, hops, ledger, told_transfers
from db.case.told_transfers import ToldPayee
from domain.case.ledger import move_between
from domain.case.trail import first_state, tasks_before_asking
from domain.errors import NotNow
from domain.errors.case import TransferBusy
from schemas.case.answers import NotFound
from schemas.enums import Bucket, HopState, TaskKind
from schemas.events import EventKind
from schemas.identifiers import account_key
from schemas.tasks import NewTask, TaskCause, TaskFacts, about_hop


async def plan_retries(work: CaseTransaction, institution: str, not_found: Sequence[NotFound]) -> dict[int, NewTask]:
    """Write when the bank is asked again about these hops; return the tasks for the desk, by hop.

    It is part of the intake of an answer, so that no process has to remember the time. A hop that the bank was asked
    about often enough has a task instead. The victim is not asked about a transfer that the bank has found in part.
    """
    if not not_found:
        return {}
    rules = work.ctx.policy.trail.ask_again
    due_at = work.now + timedelta(seconds=rules.after_seconds / work.ctx.clock_factor)
    hop_nos = [hop.hop_no for hop in not_found]
    over = await hop_retries.plan(work.connection, work.case_no, hop_nos, due_at, rules.times, work.now)
    return {
        hop.hop_no: about_hop(
            TaskKind.CORRECT_REFERENCE,
            TaskCause.TRANSFER_NOT_FOUND,
            hop.hop_no,
            TaskFacts(code=hop.code, institution=institution),
        )
        for hop in not_found
        if hop.hop_no in over and hop.nothing_found
    }


async def ask_again(ctx: Context, case_no: str, hop_nos: Sequence[int]) -> Done:
    """Ask again about the hops that are due: their refused money comes back in play.

    Their banks get a new request. If complaints name several banks of a hop, the next of them gets it. Money that a
    bank has placed since is not asked about again.
    """
    async with case_transaction(ctx, case_no, ENGINE) as work:
        due = await hop_retries.still_due(work.connection, case_no, hop_nos, work.now)
        again, done = [], []
        for hop in due:
            if hop.refused_paise and hop.state is HopState.CLOSED:
                try:
                    again.append(await _reopen(work, hop))
                except TransferBusy:
                    continue
            done.append(hop.hop_no)
        await hop_retries.done(work.connection, case_no, done, [hop.hop_no for hop in again])
        if not again:
            return Done()
        follow_up = await notify_workflow(work, reopened=again, closed=[])
    return Done(len(again), (follow_up,))


async def _reopen(work: CaseTransaction, due: hop_retries.DueRetry) -> hops.HopRow:
    """Open a hop under its next revision; return it. Raises `TransferBusy`."""
    connection, case_no = work.connection, work.case_no
    hop = await hops.get(connection, case_no, due.hop_no)
    if due.refused_paise == hop.disputed_paise and (other := await _at_next_bank(work, hop, due.retries)):
        return other
    state = first_state(routable=hop.institution is not None, reference=hop.reference, flags=hop.flags)
    again = hop.model_copy(update={"revision": hop.revision + 1, "state": state})
    await hops.reopen(connection, case_no, again)
    entries = move_between(hop.hop_no, Bucket.REFUSED, Bucket.IN_PLAY, due.refused_paise)
    key = f"again|{case_no}|{hop.hop_no}|{again.revision}"
    await ledger.post(connection, case_no, "asked_again", key, work.now, entries)
    await work.ask(*tasks_before_asking(hop.hop_no, state, hop.flags))
    await work.log(
        EventKind.HOP_ASKED_AGAIN,
        hop_no=hop.hop_no,
        revision=again.revision,
        institution=hop.institution,
        placed=events.placed(entries),
    )
    return again


async def _at_next_bank(work: CaseTransaction, hop: hops.HopRow, retries: int) -> hops.HopRow | None:
    """Correct the hop to the next bank that complaints name, and return it; None without another.

    The banks take turns. So an invented bank cannot keep the true one from being asked again. Raises `TransferBusy`.
    """
    next_payee = await _next_payee(work, hop)
    if next_payee is None:
        return None
    institution, payee = next_payee
    corrected = hop.model_copy(
        update={
            "revision": hop.revision + 1,
            "state": first_state(routable=True, reference=hop.reference, flags=hop.flags),
            "institution": institution,
            "payee_institution_as_told": payee.institution,
            "payee_ifsc": payee.ifsc,
            "payee_holder": payee.holder,
            "account_key": account_key(payee.holder),
        }
    )
    extra = {
        "fields": ["bank", "account"],
        "reason": f"the bank does not find it; complaint {payee.ack_no} names another",
    }
    try:
        async with work.connection.transaction():
            await write_correction(work, hop, corrected, extra, told_in=payee.ack_no if payee.of_case else None)
    except TransferBusy:
        raise
    except NotNow:
        return None
    await hop_retries.keep_count(work.connection, work.case_no, hop.hop_no, retries)
    return corrected


async def _next_payee(work: CaseTransaction, hop: hops.HopRow) -> tuple[str, ToldPayee] | None:
    """Return the bank that complaints name after the hop's own, as the directory finds it. None if there is none.

    None also for a bank that the desk has put in place of all of them.
    """
    resolve = work.ctx.directory.current.resolve
    by_bank: dict[str, ToldPayee] = {}
    for payee in await told_transfers.payees_of(work.connection, work.case_no, hop.hop_no):
        institution, _ = resolve(payee.institution, payee.ifsc, payee.holder, "payee")
        if institution:
            by_bank.setdefault(institution.code, payee)
    banks = list(by_bank)
    if hop.institution not in by_bank or len(banks) == 1:
        return None
    bank = banks[(banks.index(hop.institution) + 1) % len(banks)]
    return bank, by_bank[bank]
