"""Merge of two cases that are one matter, and its undo by two officers.

Every row keeps its case: numbers, requests, holds, restorations and orders go on as they are. A transfer that both
cases tell counts in one of them. It is set aside in the other, in a form that can be put back exactly.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from activities.case.merged_answers import Changed, ask_no_more, put_back, set_aside, tell
from activities.case.transaction import CaseTransaction, lock_cases
from activities.context import Context
from activities.isolation import repeated
from activities.recovery.merge_plans import Plan, likely, payments_under_way, plan_merge, shown
from db.case import cases, merged_hops
from db.case.merged_hops import OpenPair
from db.pool import Connection
from db.privacy.jurisdiction import those_within
from db.recovery import case_merges
from domain.errors.case import (
    MergeNeedsSecondOfficer,
    MergeOfOneCase,
    MergeStateDiffers,
    MergeUndoNeedsSecondOfficer,
    MergeUsedByLater,
)
from schemas.case.case_workflow import FollowUp
from schemas.enums import Bucket, ProcedureKind, TaskKind
from schemas.events import EventKind
from schemas.identifiers import is_same_person
from schemas.privacy.personal_data import Within
from schemas.recovery.case_merges import (
    CaseMerge,
    CaseMerges,
    MergeBlock,
    MergePreview,
    MergeQuestion,
    MergeState,
    NewMerge,
)
from schemas.recovery.officer_steps import WithdrawalDecision
from schemas.tasks import NewTask, TaskCause, TaskFacts, TaskSubject, about

Done = tuple[CaseMerge, list[FollowUp]]
"""a merge, and the workflow notifications of its cases"""


class FamilyGrown(Exception):
    """A case was merged with one of these since they were looked up."""


async def told_for(ctx: Context, ack_no: str, within: Within | None = None) -> CaseMerges:
    """Return the merges of a case, and its sums with those of the cases merged with it. Raises `NotFound`.

    `within` leaves out merges with other cases, and all sums while one of them is in force.
    """
    async with ctx.pool.acquire() as connection:
        case_no = await cases.case_no_of(connection, ack_no)
        others = await merged_hops.merged_with(connection, case_no)
        merges = await case_merges.of_case(connection, case_no)
        named = {
            number for case_merge in merges for number in (case_merge.primary_case_no, case_merge.merged_case_no)
        } | set(others)
        readable = await those_within(connection, within, named) | {case_no}
        shown = tuple(
            case_merge for case_merge in merges if {case_merge.primary_case_no, case_merge.merged_case_no} <= readable
        )
        sums = await case_merges.sums(connection, [case_no, *others]) if readable.issuperset(others) else {}
        return CaseMerges(merges=shown, together_paise=sums)


async def preview(ctx: Context, ack_no: str, asked: MergeQuestion) -> MergePreview:
    """Return what a merge would be. Raises `NotFound`."""
    async with ctx.pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        primary, merged = await _two_cases(connection, ack_no, asked.other_ack_no)
        plan = await plan_merge(ctx, connection, primary, merged, asked)
        together = await case_merges.sums(connection, plan.cases)
        for same in plan.same:
            together[Bucket.LOST] -= same.total_paise
            for bucket, paise in same.paise.items():
                together[bucket] -= paise
        return MergePreview(
            primary_case_no=primary,
            merged_case_no=merged,
            primary_paise=await case_merges.sums(connection, plan.family),
            merged_paise=await case_merges.sums(connection, [merged]),
            together_paise=together,
            transfers=await shown(connection, plan.same),
            likely=await likely(connection, plan),
            needs_second=plan.needs_second,
            blocks=tuple(MergeBlock(code=error.code, params=error.params, detail=str(error)) for error in plan.blocks),
        )


async def cases_of(ctx: Context, ack_no: str, merge_id: int) -> tuple[str, str]:
    """Return the numbers of the two cases of a merge. Raises `NotFound`."""
    async with ctx.pool.acquire() as connection:
        case_merge = await case_merges.get(connection, await cases.case_no_of(connection, ack_no), merge_id)
    return case_merge.primary_case_no, case_merge.merged_case_no


@repeated(FamilyGrown)
async def merge(ctx: Context, ack_no: str, new: NewMerge, by: str) -> Done:
    """Merge another case into this one, or propose it where a second officer has to agree.

    Raises `NotFound`, and `NotNow` or `LimitExceeded` for what the preview names as a block.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        primary, merged = await _two_cases(connection, ack_no, new.other_ack_no)
        locked = await _lock(ctx, connection, [primary, merged], by)
        plan = await plan_merge(ctx, connection, primary, merged, new)
        _refuse(plan)
        now = locked[primary].now
        merge_id = await case_merges.insert(connection, primary, merged, new, by, now, needs_second=plan.needs_second)
        follow_ups: list[FollowUp] = []
        if plan.needs_second:
            await _propose(locked, plan, EventKind.MERGE_PROPOSED, merge_id, new.reason)
        else:
            follow_ups = await _put_in_force(locked, plan, merge_id, new.reason, new.reason)
        return await case_merges.get(connection, primary, merge_id), follow_ups


@repeated(FamilyGrown)
async def agree(ctx: Context, ack_no: str, merge_id: int, reason: str, by: str) -> Done:
    """Agree to a merge as the second officer. Raises `NotFound`, `SameEyes`, and `NotNow` as `merge` does."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        locked, case_merge = await _locked_merge(ctx, connection, ack_no, merge_id, by)
        _refuse_state(case_merge, MergeState.PROPOSED)
        if is_same_person(case_merge.proposed_by, by):
            raise MergeNeedsSecondOfficer(by)
        asked = MergeQuestion(
            other_ack_no=case_merge.merged_case_no,
            same_transfers=await case_merges.told_same(connection, merge_id),
            victims_agree=case_merge.victims_agree,
        )
        plan = await plan_merge(ctx, connection, case_merge.primary_case_no, case_merge.merged_case_no, asked, merge_id)
        _refuse(plan)
        follow_ups = await _put_in_force(locked, plan, merge_id, case_merge.reason, reason)
        return await case_merges.get(connection, case_merge.primary_case_no, merge_id), follow_ups


@repeated(FamilyGrown)
async def reject(ctx: Context, ack_no: str, merge_id: int, reason: str, by: str) -> Done:
    """Reject a merge, which then has no effect. Raises `NotFound`, and `NotNow` when it is decided."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        locked, case_merge = await _locked_merge(ctx, connection, ack_no, merge_id, by)
        _refuse_state(case_merge, MergeState.PROPOSED)
        work = locked[case_merge.primary_case_no]
        rejected, needs_second = WithdrawalDecision.REJECTED, case_merge.needs_second
        await case_merges.decide(connection, merge_id, rejected, by, reason, work.now, needs_second=needs_second)
        await _close_task(work, merge_id, "the merge is rejected")
        await _log(locked, case_merge, EventKind.MERGE_REJECTED, merge_id, reason=reason)
        return await case_merges.get(connection, case_merge.primary_case_no, merge_id), []


@repeated(FamilyGrown)
async def propose_undo(ctx: Context, ack_no: str, merge_id: int, reason: str, by: str) -> Done:
    """Propose to undo a merge. It stays in force until a second officer has agreed.

    Raises `NotFound`, and `NotNow` when it is not in force or its undo is proposed already.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        locked, case_merge = await _locked_merge(ctx, connection, ack_no, merge_id, by)
        _refuse_state(case_merge, MergeState.IN_FORCE)
        await _own_pairs(connection, case_merge)
        await case_merges.propose_undo(connection, merge_id, by, reason, locked[case_merge.primary_case_no].now)
        await _propose(locked, case_merge, EventKind.MERGE_UNDO_PROPOSED, merge_id, reason)
        return await case_merges.get(connection, case_merge.primary_case_no, merge_id), []


@repeated(FamilyGrown)
async def agree_to_undo(ctx: Context, ack_no: str, merge_id: int, reason: str, by: str) -> Done:
    """Undo a merge as the second officer: every transfer that is set aside is put back as it was.

    What has arrived meanwhile stays in the case whose hop, complaint or document it is about. Raises `NotFound`,
    `SameEyes`, and `NotNow` when no undo is proposed.
    """
    async with ctx.pool.acquire() as connection, connection.transaction():
        locked, case_merge = await _locked_merge(ctx, connection, ack_no, merge_id, by)
        _refuse_state(case_merge, MergeState.UNDO_PROPOSED)
        assert case_merge.undo_proposed_by is not None, "a proposed undo names who proposed it"
        if is_same_person(case_merge.undo_proposed_by, by):
            raise MergeUndoNeedsSecondOfficer(by)
        work = locked[case_merge.primary_case_no]
        pairs = await _own_pairs(connection, case_merge)
        for error in await payments_under_way(connection, list(locked)) if pairs else ():
            raise error
        early = await _unconfirmed(locked)
        await _close_task(work, merge_id, "the merge is undone")
        proposed = {"undo_reason": case_merge.undo_reason, "proposed_by": case_merge.undo_proposed_by}
        await _log(locked, case_merge, EventKind.MERGE_UNDONE, merge_id, reason=reason, **proposed)
        changed: defaultdict[str, Changed] = defaultdict(Changed)
        for pair in pairs:
            changed[pair.aside_case_no].add(await put_back(locked[pair.aside_case_no], pair))
            await merged_hops.end_pair(connection, pair.pair_id, work.now)
        await case_merges.undo(connection, merge_id, by, reason, work.now)
        await _tell_holds(locked, early)
        follow_ups = await _tell_all(locked, changed)
        return await case_merges.get(connection, case_merge.primary_case_no, merge_id), follow_ups


@repeated(FamilyGrown)
async def reject_undo(ctx: Context, ack_no: str, merge_id: int, reason: str, by: str) -> Done:
    """Reject the undo of a merge, which stays in force. Raises `NotFound`, and `NotNow` when none is proposed."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        locked, case_merge = await _locked_merge(ctx, connection, ack_no, merge_id, by)
        _refuse_state(case_merge, MergeState.UNDO_PROPOSED)
        await case_merges.reject_undo(connection, merge_id)
        await _close_task(locked[case_merge.primary_case_no], merge_id, "the undo is rejected")
        await _log(locked, case_merge, EventKind.MERGE_UNDO_REJECTED, merge_id, reason=reason)
        return await case_merges.get(connection, case_merge.primary_case_no, merge_id), []


# -- cases and locks ---------------------------------------------------------------------------------------------------


async def _two_cases(connection: Connection, ack_no: str, other_ack_no: str) -> tuple[str, str]:
    primary = await cases.case_no_of(connection, ack_no)
    merged = await cases.case_no_of(connection, other_ack_no)
    if primary == merged:
        raise MergeOfOneCase(primary)
    return primary, merged


async def _lock(ctx: Context, connection: Connection, case_nos: Sequence[str], by: str) -> dict[str, CaseTransaction]:
    """Lock these cases, and all that are merged with them. Raises `FamilyGrown` if there are more by then."""
    wanted = await _families(connection, case_nos)
    locked = await lock_cases(ctx, connection, wanted, by)
    if await _families(connection, case_nos) - locked.keys():
        raise FamilyGrown
    return locked


async def _families(connection: Connection, case_nos: Sequence[str]) -> set[str]:
    family_nos = set(case_nos)
    for case_no in case_nos:
        family_nos |= set(await merged_hops.merged_with(connection, case_no))
    return family_nos


async def _locked_merge(
    ctx: Context, connection: Connection, ack_no: str, merge_id: int, by: str
) -> tuple[dict[str, CaseTransaction], CaseMerge]:
    """Lock the cases of a merge, and return it. Raises `NotFound`."""
    case_no = await cases.case_no_of(connection, ack_no)
    seen = await case_merges.get(connection, case_no, merge_id)
    locked = await _lock(ctx, connection, [seen.primary_case_no, seen.merged_case_no], by)
    return locked, await case_merges.get(connection, case_no, merge_id)


def _refuse_state(case_merge: CaseMerge, state: MergeState) -> None:
    if case_merge.state is not state:
        raise MergeStateDiffers(case_merge.merge_id, case_merge.state)


async def _own_pairs(connection: Connection, case_merge: CaseMerge) -> list[OpenPair]:
    """Return the transfers that the merge counts once. Raises `NotNow` if a later merge counts on its merged case."""
    pairs = await merged_hops.pairs_of_case(connection, case_merge.merged_case_no)
    for pair in pairs:
        if pair.merge_id != case_merge.merge_id:
            raise MergeUsedByLater(case_merge.merge_id, pair.merge_id)
    return pairs


def _refuse(plan: Plan) -> None:
    if plan.blocks:
        raise plan.blocks[0]


# -- what is written ---------------------------------------------------------------------------------------------------


async def _put_in_force(
    locked: Mapping[str, CaseTransaction], plan: Plan, merge_id: int, reason: str, agreed_because: str
) -> list[FollowUp]:
    """Write the merge with all its effects; return the notifications of the workflows."""
    work = locked[plan.primary]
    early = await _unconfirmed(locked)
    agreed, needs_second = WithdrawalDecision.AGREED, plan.needs_second
    await case_merges.decide(
        work.connection, merge_id, agreed, work.actor, agreed_because, work.now, needs_second=needs_second
    )
    await _close_task(work, merge_id, "the cases are merged")
    await _tell_holds(locked, early)
    transfers = [{"counted": list(same.counted), "aside": list(same.aside)} for same in plan.same]
    why = {"reason": reason, "agreed_because": agreed_because}
    await _log(locked, plan, EventKind.CASES_MERGED, merge_id, **why, transfers=transfers)
    changed: defaultdict[str, Changed] = defaultdict(Changed)
    for same in plan.same:
        pair_id = await merged_hops.open_pair(work.connection, merge_id, same.counted, same.aside, work.now)
        pair = OpenPair(
            pair_id=pair_id,
            merge_id=merge_id,
            counted_case_no=same.counted[0],
            counted_hop_no=same.counted[1],
            aside_case_no=same.aside[0],
            aside_hop_no=same.aside[1],
        )
        case_no = same.aside[0]
        changed[case_no].add(await set_aside(locked[case_no], pair, same.tree))
    for shared in plan.shared:
        asked_in = shared.case_no, shared.hop_no
        changed[shared.other_case_no].add(
            await ask_no_more(locked[shared.other_case_no], shared.other_hop_no, asked_in)
        )
    return await _tell_all(locked, changed)


async def _unconfirmed(locked: Mapping[str, CaseTransaction]) -> dict[str, datetime | None]:
    """Return since when only unconfirmed complaints tell each case, so that its holds end early."""
    return {case_no: await cases.unconfirmed_since(work.connection, case_no) for case_no, work in locked.items()}


async def _tell_holds(locked: Mapping[str, CaseTransaction], before: Mapping[str, datetime | None]) -> None:
    """Let the clocks of holds be read again, where the merge or its undo changes whether they end early."""
    for case_no, since in (await _unconfirmed(locked)).items():
        if since != before[case_no]:
            await locked[case_no].notify_all(ProcedureKind.HOLD)


async def _tell_all(locked: Mapping[str, CaseTransaction], changed: Mapping[str, Changed]) -> list[FollowUp]:
    results = [await tell(locked[case_no], changed[case_no]) for case_no in sorted(changed)]
    return [follow_up for follow_up in results if follow_up is not None]


async def _propose(
    locked: Mapping[str, CaseTransaction], merge_: Plan | CaseMerge, kind: EventKind, merge_id: int, reason: str
) -> None:
    """Open the work item for the second officer, and write the event into both logs."""
    primary, _ = _both(merge_)
    subject, facts = about(TaskSubject.CASE, primary), TaskFacts(merge_id=merge_id)
    cause = TaskCause.MERGE_TO_DECIDE
    work = locked[primary]
    await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=subject, facts=facts, caused_by=work.actor))
    await _log(locked, merge_, kind, merge_id, reason=reason)


async def _close_task(work: CaseTransaction, merge_id: int, why: str) -> None:
    subject, causes = about(TaskSubject.CASE, work.case_no), [TaskCause.MERGE_TO_DECIDE]
    await work.close_tasks(subject, causes, why, facts=TaskFacts(merge_id=merge_id))


async def _log(
    locked: Mapping[str, CaseTransaction],
    merge_: Plan | CaseMerge,
    kind: EventKind,
    merge_id: int,
    **data: object,
) -> None:
    """Write an event into the logs of both cases. Each names the other."""
    primary, merged = _both(merge_)
    for own, other in ((primary, merged), (merged, primary)):
        is_primary = own == primary
        await locked[own].log(kind, merge_id=merge_id, other_case_no=other, is_primary=is_primary, **data)


def _both(merge_: Plan | CaseMerge) -> tuple[str, str]:
    if isinstance(merge_, Plan):
        return merge_.primary, merge_.merged
    return merge_.primary_case_no, merge_.merged_case_no
