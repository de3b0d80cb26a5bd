"""Answers and hops of cases that were merged.

Answers in merged cases: a transfer that both cases tell is counted where its bank has placed it, and once. A late
answer belongs to the case of the hop that it names. If that hop is set aside, the hop of the other case is set aside in
its place, unless a bank has placed money of that one too.

Hops that merged cases both tell: one counts, and the other is set aside or put back. The money of a hop that is set
aside is no loss of its case, and no bank is asked about it. What it was before is kept, so that it can be put back
exactly.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import asyncpg

from activities.case.hop_steps import notify_workflow, withdraw_from_request
from activities.case.transaction import CaseTransaction, lock_case
from activities.context import Context
from db.case import cases, events, hop_retries, hops, ledger, merged_hops, requests
from db.case.answers import Begun
from db.case.merged_hops import Elsewhere, HopOfTree, OpenPair, Place, SetAside, Told
from db.pool import Connection
from domain.case.trail import tasks_before_asking
from domain.errors.case import TransferLiveElsewhere
from schemas.case.answers import Claim, Entry, HopPosition, NewHop, Reconciliation
from schemas.case.case_workflow import FollowUp, HopRef
from schemas.enums import Bucket, ClaimKind, HopState, TaskKind
from schemas.events import EventKind
from schemas.identifiers import mobile_key, reference_key
from schemas.tasks import NewTask, TaskCause, TaskFacts, about_hop

WHY = "its transfer counts in another case of the merge"
_UNPLACED = (Bucket.IN_PLAY, Bucket.REFUSED, Bucket.UNTRACED)


@dataclass
class Changed:
    """Hops of one case that a merge closed or opened."""

    closed: list[HopRef] = field(default_factory=list)
    reopened: list[hops.HopRow] = field(default_factory=list)

    def add(self, other: "Changed") -> None:
        """Take over the changes of another pair."""
        self.closed += other.closed
        self.reopened += other.reopened


def is_free(tree: Sequence[HopOfTree]) -> bool:
    """Return whether no bank has placed money of a transfer, so that it can be set aside.

    `tree` is its hop with every hop below.
    """
    unplaced_paise = sum(hop.in_play_paise + hop.refused_paise + hop.untraced_paise for hop in tree)
    return (
        not any(hop.is_placed or hop.has_left or hop.is_proposed for hop in tree)
        and unplaced_paise == tree[0].disputed_paise
    )


async def set_aside(work: CaseTransaction, pair: OpenPair, tree: Sequence[HopOfTree]) -> Changed:
    """Take a transfer out of the case, with every hop below.

    The caller has checked `is_free`, and tells the workflow.
    """
    connection, case_no = work.connection, work.case_no
    moved = [hop for hop in tree if hop.in_play_paise or hop.refused_paise or hop.untraced_paise]
    first = await merged_hops.set_aside(connection, pair.pair_id, case_no, moved, work.now)
    entries = [entry for hop in moved for entry in _entries(hop, hop.root_no, back=False)]
    await ledger.post(connection, case_no, "merge", f"set_aside|{first}", work.now, entries)
    hop_nos = [hop.hop_no for hop in tree]
    await hop_retries.forget(connection, case_no, hop_nos)
    await hops.close(connection, case_no, hop_nos)
    finished = await requests.finish_empty(connection, case_no, work.now)
    await work.close_request_tasks(finished, WHY)
    await work.close_hop_tasks(hop_nos, (TaskKind.CORRECT_REFERENCE, TaskKind.NAME_INSTITUTION), WHY)
    await work.log(
        EventKind.TRANSFER_SET_ASIDE,
        merge_id=pair.merge_id,
        hop_no=tree[0].hop_no,
        hop_nos=hop_nos,
        other_case_no=pair.counted_case_no,
        other_hop_no=pair.counted_hop_no,
        placed=events.placed(entries),
    )
    closed = [HopRef(hop_no=hop.hop_no, revision=hop.revision) for hop in tree if hop.state is not HopState.CLOSED]
    return Changed(closed=closed)


async def put_back(work: CaseTransaction, pair: OpenPair) -> Changed:
    """Put a transfer that is set aside back into the case, as it was. The caller tells the workflow."""
    connection, case_no = work.connection, work.case_no
    before = await merged_hops.take_back(connection, pair.pair_id, work.now)
    tree = await merged_hops.tree(connection, case_no, pair.aside_hop_no)
    entries = [entry for hop in before for entry in _entries(hop, tree[0].root_no, back=True)]
    first = min(hop.set_aside_id for hop in before)
    await ledger.post(connection, case_no, "merge", f"put_back|{first}", work.now, entries)
    await merged_hops.reopen(connection, case_no, before)
    reopened = [await hops.get(connection, case_no, hop.hop_no) for hop in before if hop.state is not HopState.CLOSED]
    for hop in reopened:
        await work.ask(*tasks_before_asking(hop.hop_no, hop.state, hop.flags))
    await work.log(
        EventKind.TRANSFER_PUT_BACK,
        merge_id=pair.merge_id,
        hop_no=pair.aside_hop_no,
        hop_nos=[hop.hop_no for hop in before],
        other_case_no=pair.counted_case_no,
        other_hop_no=pair.counted_hop_no,
        placed=events.placed(entries),
    )
    return Changed(reopened=reopened)


def shared_with(hop_no: int, claimed_paise: int, case_no: str, against_paise: int) -> NewTask:
    """Return the work item about a transfer that two different transfers of victims flow into."""
    facts = TaskFacts(ack_no=case_no, claimed_paise=claimed_paise, against_paise=against_paise)
    return about_hop(TaskKind.CORRECT_REFERENCE, TaskCause.SHARED_WITH_MERGED_CASE, hop_no, facts)


async def ask_no_more(work: CaseTransaction, hop_no: int, asked_in: Place) -> Changed:
    """Let a hop wait for an officer with its money: its bank is asked in another case."""
    hop = await hops.get(work.connection, work.case_no, hop_no)
    other = await hops.get(work.connection, *asked_in)
    if HopState.CLOSED in {hop.state, other.state} or HopState.CORRECTION in {hop.state, other.state}:
        return Changed()
    waits = hop.model_copy(update={"revision": hop.revision + 1, "state": HopState.CORRECTION})
    await withdraw_from_request(work, hop)
    await hops.reopen(work.connection, work.case_no, waits)
    await work.ask(shared_with(hop_no, hop.disputed_paise, asked_in[0], other.disputed_paise))
    return Changed(closed=[HopRef(hop_no=hop_no, revision=hop.revision)], reopened=[waits])


async def tell(work: CaseTransaction, changed: Changed) -> FollowUp | None:
    """Plan the requests of the case and write the notification of its workflow; return it, or None without a change."""
    if not (changed.closed or changed.reopened):
        return None
    return await notify_workflow(work, reopened=changed.reopened, closed=changed.closed)


async def refuse_live_elsewhere(work: CaseTransaction, hop: hops.HopRow) -> None:
    """Raise `NotNow` if a merged case tells the transfer of a hop that is to be asked about."""
    if not hop.reference_key or not hop.institution or hop.state is HopState.CLOSED:
        return
    others = await merged_hops.merged_with(work.connection, work.case_no)
    if not others:
        return
    transfer = Told(
        hop_no=hop.hop_no,
        reference_key=hop.reference_key,
        institution=hop.institution,
        amount_paise=hop.amount_paise,
        disputed_paise=hop.disputed_paise,
    )
    for live_hop in (await merged_hops.same_as(work.connection, others, [transfer])).values():
        raise TransferLiveElsewhere(live_hop.case_no, live_hop.hop_no)


def _entries(hop: HopOfTree | SetAside, root_no: int, *, back: bool) -> list[Entry]:
    """Return the entries by which the money of a hop leaves the loss, or comes back into it."""
    paise = dict(zip(_UNPLACED, (hop.in_play_paise, hop.refused_paise, hop.untraced_paise), strict=True))
    sign = 1 if back else -1
    parts = [
        Entry(hop_no=hop.hop_no, bucket=bucket, amount_paise=sign * part) for bucket, part in paise.items() if part
    ]
    return [*parts, Entry(hop_no=root_no, bucket=hop.contra, amount_paise=-sign * sum(paise.values()))]


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
    new = [
        claim_line
        for claim_line in claims
        if claim_line.kind in _PLACES and claim_line.natural_key not in begun.known.taken
    ]
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
    ctx: Context, connection: Connection, begun: Begun, hop_nos: Sequence[int], follow_up: FollowUp | None
) -> FollowUp | None:
    """Ask about what the answer has left of the hops that are put back; return the notification of the workflow.

    `follow_up` is the notification that the answer itself makes.
    """
    # The head is read again, because the answer may have planned a batch.
    work = (await lock_case(ctx, connection, begun.head.case_no, "engine")).as_engine
    rows = [await hops.get(connection, work.case_no, hop_no) for hop_no in hop_nos]
    left = [hop for hop in rows if hop.state not in {HopState.CLOSED, HopState.ASKED}]
    more = await tell(work, Changed(reopened=left))
    if follow_up is None or more is None:
        return follow_up or more
    if follow_up.news is None or more.news is None:
        return more
    return _joined(follow_up, more)


def _joined(follow_up: FollowUp, more: FollowUp) -> FollowUp:
    """Return both notifications of one case as one."""
    assert follow_up.news is not None, "the caller has checked it"
    assert more.news is not None, "the caller has checked it"
    return more.model_copy(update={"start": more.start or follow_up.start, "news": follow_up.news.joined(more.news)})


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
    transfers = [
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
    elsewhere = await merged_hops.same_as(connection, begun.merged_with, transfers) if transfers else {}
    locked = sorted({other.case_no for other in elsewhere.values()})
    for case_no in locked:
        if await cases.lock_if_free(connection, case_no) is None:
            raise asyncpg.SerializationError("another transaction has locked the merged case")
    if locked:
        elsewhere = await merged_hops.same_as(connection, locked, transfers)
    above = {hop.hop_no: hop.parent_hop_no for hop in outcome.new_hops}
    judged = dict[int, Elsewhere]()
    for hop_no, other in elsewhere.items():
        known = above[hop_no]
        while known in above:
            known = above[known]
        is_same_money = other.is_told and await _is_of_victim(ctx, connection, begun.head.case_no, known, other.ack_no)
        judged[hop_no] = other.model_copy(update={"is_same_money": is_same_money})
    return judged


async def _is_of_victim(ctx: Context, connection: Connection, case_no: str, hop_no: int, ack_no: str) -> bool:
    """Return whether the victim of a hop is the victim of a complaint of another case, by the mobile number."""
    victims = await merged_hops.told_by(connection, case_no, hop_no, ack_no)
    own_mobile, other = (ctx.persons.open_or_empty(victim).mobile for victim in victims)
    return bool(own_mobile and other) and mobile_key(own_mobile) == mobile_key(other)


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
