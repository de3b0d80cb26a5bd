"""Victims' transfers that their bank did not find: the bank is asked again, or the desk asks the victim.

A copy of a bank's books may be minutes behind, so a first "not found" is not the end (policy `trail.ask_again`).
"""

from collections.abc import Sequence
from datetime import timedelta

from activities.cases.hop_steps import notify_workflow
from activities.cases.parked_hops import Done
from activities.cases.transaction import ENGINE, CaseTransaction, case_transaction
from activities.context import Context
from db.cases import events, hop_retries, hops, ledger
from domain.ledger import move_between
from domain.tracing.trail import first_state, tasks_before_asking
from schemas.enums import Bucket, EventKind, HopState, TaskKind
from schemas.tasks import NewTask, TaskCause, TaskFacts, about_hop
from schemas.tracing.answers import NotFound


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
    over = await hop_retries.plan(work.connection, work.case_no, hop_nos, due_at, rules.times)
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

    Their banks get a new request. Money that a bank has placed since is not asked about again.
    """
    async with case_transaction(ctx, case_no, ENGINE) as work:
        due = await hop_retries.still_due(work.connection, case_no, hop_nos, work.now)
        if not due:
            return Done()
        to_ask = [hop for hop in due if hop.refused_paise and hop.state is HopState.CLOSED]
        again = [await _reopen(work, hop) for hop in to_ask]
        await hop_retries.done(work.connection, case_no, [hop.hop_no for hop in due], [hop.hop_no for hop in again])
        if not again:
            return Done()
        follow_up = await notify_workflow(work, reopened=again, closed=[])
    return Done(len(again), (follow_up,))


async def _reopen(work: CaseTransaction, due: hop_retries.DueRetry) -> hops.HopRow:
    """Open a hop under its next revision; return it."""
    connection, case_no = work.connection, work.case_no
    hop = await hops.get(connection, case_no, due.hop_no)
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
