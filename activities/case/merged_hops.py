"""Hops that merged cases both tell: one counts, and the other is set aside or put back.

The money of a hop that is set aside is no loss of its case, and no bank is asked about it. What it was before is kept,
so that it can be put back exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from activities.case.hop_steps import notify_workflow, withdraw_from_request
from activities.case.transaction import CaseTransaction
from db.case import events, hop_retries, hops, ledger, merged_hops, requests
from db.case.merged_hops import HopOfTree, OpenPair, Place, SetAside, Told
from domain.case.trail import tasks_before_asking
from domain.errors.cases import TransferLiveElsewhere
from schemas.case.answers import Entry
from schemas.case.case_workflow import FollowUp, HopRef
from schemas.enums import Bucket, HopState, TaskKind
from schemas.events import EventKind
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
    told = Told(
        hop_no=hop.hop_no,
        reference_key=hop.reference_key,
        institution=hop.institution,
        amount_paise=hop.amount_paise,
        disputed_paise=hop.disputed_paise,
    )
    for found in (await merged_hops.same_as(work.connection, others, [told])).values():
        raise TransferLiveElsewhere(found.case_no, found.hop_no)


def _entries(hop: HopOfTree | SetAside, root_no: int, *, back: bool) -> list[Entry]:
    """Return the entries by which the money of a hop leaves the loss, or comes back into it."""
    paise = dict(zip(_UNPLACED, (hop.in_play_paise, hop.refused_paise, hop.untraced_paise), strict=True))
    sign = 1 if back else -1
    parts = [
        Entry(hop_no=hop.hop_no, bucket=bucket, amount_paise=sign * part) for bucket, part in paise.items() if part
    ]
    return [*parts, Entry(hop_no=root_no, bucket=hop.contra, amount_paise=-sign * sum(paise.values()))]
