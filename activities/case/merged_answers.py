"""Answers in merged cases: a transfer that both cases tell is counted where its bank has placed it, and once.

A late answer belongs to the case of the hop that it names. If that hop is set aside, the hop of the other case is set
aside in its place, unless a bank has placed money of that one too.
"""

from collections.abc import Collection, Mapping, Sequence

import asyncpg

from activities.case.merged_hops import Changed, is_free, put_back, set_aside, shared_with, tell
from activities.case.transaction import CaseTransaction, lock_case
from activities.context import Context
from db.case import cases, hops, merged_hops
from db.case.answers import Begun
from db.case.merged_hops import Elsewhere, OpenPair, Told
from db.pool import Connection
from schemas.case.answers import Claim, HopPosition, NewHop, Reconciliation
from schemas.case.case_workflow import FollowUp
from schemas.enums import ClaimKind, HopState, TaskKind
from schemas.identifiers import mobile_key, reference_key
from schemas.tasks import NewTask, TaskCause, TaskFacts, about_hop

_PLACES = frozenset({ClaimKind.HELD, ClaimKind.WITHDRAWN, ClaimKind.SPENT, ClaimKind.MOVED})


# -- late answers about a hop that is set aside ------------------------------------------------------------------------


async def count_here(
    ctx: Context, connection: Connection, begun: Begun, institution: str, claims: Sequence[Claim]
) -> list[int]:
    """Put back the hops that the answer places money of; return their numbers.

    Those of the other case are set aside in their place.
    The caller reads the case again, and calls `ask_rest` in the end. The answer is repeated if another transaction has
    locked the other case: waiting for the lock could cause a deadlock.
    """
    hop_nos = _named_without_money(begun, institution, claims)
    back: list[int] = []
    for pair in await merged_hops.pairs_aside_at(connection, begun.head.case_no, hop_nos) if hop_nos else ():
        head = await cases.lock_if_free(connection, pair.counted_case_no)
        if head is None:
            raise asyncpg.SerializationError("another transaction has locked the merged case")
        other = CaseTransaction(ctx, connection, head, f"bank:{institution}").as_engine
        tree = await merged_hops.tree(connection, pair.counted_case_no, pair.counted_hop_no)
        if not is_free(tree):
            # Banks say of both that they placed the money. The line becomes a discrepancy, and an officer decides.
            continue
        work = CaseTransaction(ctx, connection, begun.head, other.actor)
        changed = await put_back(work, pair)
        await merged_hops.exchange(connection, pair.pair_id)
        await tell(other, await set_aside(other, _exchanged(pair), tree))
        back += [hop.hop_no for hop in changed.reopened]
    return back


def _named_without_money(begun: Begun, institution: str, claims: Sequence[Claim]) -> list[int]:
    """Return the hops without money of their case that new lines name as the place of money."""
    own = [position for position in begun.positions if position.institution == institution]
    new = [one for one in claims if one.kind in _PLACES and one.natural_key not in begun.known.taken]
    return sorted({position.hop_no for claim in new for position in _named_alone(own, claim)})


def _named_alone(own: Sequence[HopPosition], claim: Claim) -> list[HopPosition]:
    """Return the hops that the line names, if none of them has money of its case."""
    key = claim.root_reference_key
    named = [
        position
        for position in own
        if (position.reference_key == key if key else position.account_key == claim.root_account_key)
    ]
    has_money = any(
        position.in_play_paise or position.untraced_paise or position.refused_paise or position.held_paise
        for position in named
    )
    return [] if has_money else named


def _exchanged(pair: OpenPair) -> OpenPair:
    return pair.model_copy(
        update={
            "counted_case_no": pair.aside_case_no,
            "counted_hop_no": pair.aside_hop_no,
            "aside_case_no": pair.counted_case_no,
            "aside_hop_no": pair.counted_hop_no,
        }
    )


async def ask_rest(
    ctx: Context, connection: Connection, begun: Begun, hop_nos: Sequence[int], told: FollowUp | None
) -> FollowUp | None:
    """Ask about what the answer has left of the hops that are put back; return the notification of the workflow.

    `told` is the notification that the answer itself makes.
    """
    # The head is read again, because the answer may have planned a batch.
    work = (await lock_case(ctx, connection, begun.head.case_no, "engine")).as_engine
    rows = [await hops.get(connection, work.case_no, hop_no) for hop_no in hop_nos]
    left = [hop for hop in rows if hop.state not in {HopState.CLOSED, HopState.ASKED}]
    more = await tell(work, Changed(reopened=left))
    if told is None or more is None:
        return told or more
    if told.news is None or more.news is None:
        return more
    return _joined(told, more)


def _joined(told: FollowUp, more: FollowUp) -> FollowUp:
    """Return both notifications of one case as one."""
    assert told.news is not None, "the caller has checked it"
    assert more.news is not None, "the caller has checked it"
    return more.model_copy(update={"start": more.start or told.start, "news": told.news.joined(more.news)})


# -- transfers onward that the other case tells already ----------------------------------------------------------------


async def told_elsewhere(
    ctx: Context, connection: Connection, begun: Begun, outcome: Reconciliation
) -> dict[int, Elsewhere]:
    """Return which new hops are transfers that merged cases have already, so that both are above the transfer.

    Those cases are locked, so that the hop that counts does not leave its case meanwhile. The answer is repeated if
    another transaction has locked one.
    """
    if not begun.merged_with or not outcome.new_hops:
        return {}
    told = [
        Told(
            hop_no=hop.hop_no,
            reference_key=reference_key(hop.reference),
            institution=hop.payee.institution or "",
            amount_paise=hop.amount_paise,
            disputed_paise=hop.disputed_paise,
        )
        for hop in outcome.new_hops
        if hop.in_play_paise
    ]
    found = await merged_hops.same_as(connection, begun.merged_with, told) if told else {}
    locked = sorted({one.case_no for one in found.values()})
    for case_no in locked:
        if await cases.lock_if_free(connection, case_no) is None:
            raise asyncpg.SerializationError("another transaction has locked the merged case")
    if locked:
        found = await merged_hops.same_as(connection, locked, told)
    above = {hop.hop_no: hop.parent_hop_no for hop in outcome.new_hops}
    judged = dict[int, Elsewhere]()
    for hop_no, one in found.items():
        known = above[hop_no]
        while known in above:
            known = above[known]
        is_same_money = one.is_told and await _is_of_victim(ctx, connection, begun.head.case_no, known, one.ack_no)
        judged[hop_no] = one.model_copy(update={"is_same_money": is_same_money})
    return judged


async def _is_of_victim(ctx: Context, connection: Connection, case_no: str, hop_no: int, ack_no: str) -> bool:
    """Return whether the victim of a hop is the victim of a complaint of another case, by the mobile number."""
    victims = await merged_hops.told_by(connection, case_no, hop_no, ack_no)
    one, other = (ctx.persons.open_or_empty(victim).mobile for victim in victims)
    return bool(one and other) and mobile_key(one) == mobile_key(other)


def without(outcome: Reconciliation, elsewhere: Mapping[int, Elsewhere]) -> Reconciliation:
    """Return the outcome with no bank asked about these new hops: it is asked about them in the other case.

    A hop of a victim's own transfer there is closed. Any other one keeps its money, because two transfers of victims
    can flow into one, and each is a loss. It waits for an officer.
    """
    if not elsewhere:
        return outcome
    new = tuple(
        hop.model_copy(update={"state": _state_of(elsewhere[hop.hop_no])}) if hop.hop_no in elsewhere else hop
        for hop in outcome.new_hops
    )
    tasks = tuple(task for task in outcome.tasks if not _is_about(task, elsewhere))
    more = tuple(
        _to_compare(hop, elsewhere[hop.hop_no])
        for hop in new
        if hop.hop_no in elsewhere
        and not (elsewhere[hop.hop_no].is_same_money and hop.disputed_paise == elsewhere[hop.hop_no].disputed_paise)
    )
    return outcome.model_copy(update={"new_hops": new, "tasks": (*tasks, *more)})


def _state_of(counted: Elsewhere) -> HopState:
    return HopState.CLOSED if counted.is_same_money else HopState.CORRECTION


def _is_about(task: NewTask, hop_nos: Collection[int] | Mapping[int, Elsewhere]) -> bool:
    kinds = {TaskKind.CORRECT_REFERENCE, TaskKind.NAME_INSTITUTION}
    return task.kind in kinds and task.subject is not None and task.subject.id in {str(hop_no) for hop_no in hop_nos}


def _to_compare(hop: NewHop, elsewhere: Elsewhere) -> NewTask:
    """Return the work item about a transfer whose amounts in the two cases an officer compares."""
    if not elsewhere.is_same_money:
        return shared_with(hop.hop_no, hop.disputed_paise, elsewhere.case_no, elsewhere.disputed_paise)
    facts = TaskFacts(
        ack_no=elsewhere.case_no, claimed_paise=hop.disputed_paise, against_paise=elsewhere.disputed_paise
    )
    return about_hop(TaskKind.READ_ANSWER, TaskCause.COUNTED_IN_MERGED_CASE, hop.hop_no, facts)


async def set_aside_new(work: CaseTransaction, before: Reconciliation, elsewhere: Mapping[int, Elsewhere]) -> None:
    """Set aside the new hops that are a victim's own transfers in merged cases."""
    states = {hop.hop_no: hop.state for hop in before.new_hops}
    for hop_no, counted in elsewhere.items():
        if not counted.is_same_money:
            continue
        merge_id = await merged_hops.merge_of(work.connection, work.case_no, counted.case_no)
        places = (counted.case_no, counted.hop_no), (work.case_no, hop_no)
        pair_id = await merged_hops.open_pair(work.connection, merge_id, *places, work.now)
        tree = await merged_hops.tree(work.connection, work.case_no, hop_no)
        # The hop was written as closed, so that no request asks about it. Put back, it is asked about.
        tree = [hop.model_copy(update={"state": states[hop_no]}) for hop in tree]
        pair = OpenPair(
            pair_id=pair_id,
            merge_id=merge_id,
            counted_case_no=counted.case_no,
            counted_hop_no=counted.hop_no,
            aside_case_no=work.case_no,
            aside_hop_no=hop_no,
        )
        await set_aside(work.as_engine, pair, tree)
