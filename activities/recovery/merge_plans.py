"""Plans of merges: the effect of a merge on the ledger, and what forbids it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from activities.case.merged_answers import is_free
from activities.context import Context
from db.case import hops, merged_hops
from db.case.merged_hops import HopOfTree, Pair, Place
from db.pool import Connection
from db.recovery import case_merges, payer_decisions
from db.recovery.case_merges import Stated
from domain.errors import BusinessError, NotNow
from domain.errors.case import (
    CaseHasMerges,
    CaseMergedAlready,
    HopNotFound,
    MergeOfMarkedCase,
    MergeOrderUnderWay,
    MergeRestorationPrepared,
    MergeVictimsDiffer,
    TooManyMerges,
    TooManySameTransfers,
    TransferOfTwoVictims,
    TransferPlacedInBoth,
    TransfersDiffer,
)
from domain.errors.restoration import TransferContested
from schemas.enums import Bucket, Differing, HopSource
from schemas.identifiers import account_key, mobile_key, names_an_account
from schemas.recovery.case_merges import LikelySame, MergedTransfer, MergeQuestion

MERGED_MAX: Final = 10
"""most cases that are merged into one"""
TRANSFERS_MAX: Final = 500
"""most transfers that both cases of a merge tell"""
LIKELY_SHOWN: Final = 50


@dataclass(frozen=True)
class Same:
    """A transfer that both cases tell: the hop that counts, and the other one with every hop below."""

    counted: Place
    aside: Place
    tree: Sequence[HopOfTree]

    @property
    def paise(self) -> Mapping[Bucket, int]:
        """Return what is set aside, by bucket."""
        return {
            Bucket.IN_PLAY: sum(hop.in_play_paise for hop in self.tree),
            Bucket.REFUSED: sum(hop.refused_paise for hop in self.tree),
            Bucket.UNTRACED: sum(hop.untraced_paise for hop in self.tree),
        }

    @property
    def total_paise(self) -> int:
        """Return all that is set aside."""
        return sum(self.paise.values())


@dataclass
class Plan:
    """Effect of a merge, and the errors that forbid it."""

    primary: str
    merged: str
    family: list[str]
    """the primary case, and those merged into it"""
    same: list[Same] = field(default_factory=list)
    shared: list[Pair] = field(default_factory=list)
    """one transfer that two different transfers of victims flow into; the money of both stays a loss"""
    blocks: list[BusinessError] = field(default_factory=list)
    needs_second: bool = False

    @property
    def cases(self) -> list[str]:
        """Return every case that the merge would join."""
        return [*self.family, self.merged]


async def plan_merge(
    ctx: Context,
    connection: Connection,
    primary: str,
    merged: str,
    asked: MergeQuestion,
    merge_id: int | None = None,
) -> Plan:
    """Return what the merge does to the ledger, and what forbids it. `merge_id` is its own number, once proposed."""
    family = [primary, *await merged_hops.merged_with(connection, primary)]
    plan = Plan(primary, merged, family)
    await _block_chains(connection, plan, merge_id)
    if (marked := await case_merges.marked_case(connection, [primary, merged])) is not None:
        plan.blocks.append(MergeOfMarkedCase(marked))
    callers = await _callers(ctx, connection, plan.cases)
    one_victim = _is_one_victim(callers, family, merged)
    if not one_victim and not asked.victims_agree:
        plan.blocks.append(MergeVictimsDiffer())
    named = [
        Pair(case_no=primary, hop_no=transfer.hop_no, other_case_no=merged, other_hop_no=transfer.other_hop_no)
        for transfer in asked.same_transfers
    ]
    for pair in named:
        for place in ((pair.case_no, pair.hop_no), (pair.other_case_no, pair.other_hop_no)):
            await _block_left(connection, plan, place)
    same_pairs = await merged_hops.same_in(connection, merged, family, TRANSFERS_MAX + 1)
    if len(same_pairs) > TRANSFERS_MAX:
        plan.blocks.append(TooManySameTransfers(TRANSFERS_MAX))
    for pair in named:
        await _block_differing(connection, plan, pair)
    for pair in [*named, *same_pairs[:TRANSFERS_MAX]]:
        await _add_same(connection, plan, pair, callers)
    if plan.same:
        plan.blocks += await payments_under_way(connection, plan.cases)
    accounts = sorted(
        {(hop.institution, hop.account_key) for transfer in plan.same for hop in transfer.tree if hop.institution}
    )
    is_held = bool(accounts) and await case_merges.is_held_at(connection, accounts)
    tells_other_payer = any(Differing.PAYER in transfer.differing for transfer in await shown(connection, plan.same))
    # What one officer says of two transfers takes a loss out of a case.
    plan.needs_second = is_held or tells_other_payer or not one_victim or bool(named)
    return plan


async def _block_chains(connection: Connection, plan: Plan, merge_id: int | None) -> None:
    live = await case_merges.live_merges(connection, [plan.primary, plan.merged])
    for live_merge in live:
        if live_merge.merge_id == merge_id:
            continue
        if live_merge.merged_case_no in {plan.primary, plan.merged}:
            plan.blocks.append(
                CaseMergedAlready(live_merge.merged_case_no, live_merge.primary_case_no, live_merge.merge_id)
            )
        elif live_merge.primary_case_no == plan.merged:
            plan.blocks.append(CaseHasMerges(plan.merged, live_merge.merge_id))
    if (
        len(
            [
                live_merge
                for live_merge in live
                if live_merge.primary_case_no == plan.primary and live_merge.merge_id != merge_id
            ]
        )
        >= MERGED_MAX
    ):
        plan.blocks.append(TooManyMerges(MERGED_MAX))


async def _block_left(connection: Connection, plan: Plan, place: Place) -> None:
    try:
        await hops.refuse_left(connection, *place)
    except NotNow as error:
        plan.blocks.append(error)


@dataclass(frozen=True)
class Caller:
    """The victim's mobile number in one complaint; empty where none is known."""

    mobile: str
    is_confirmed: bool
    """the complaint is not one of the public page whose mobile number is not confirmed"""


async def _callers(ctx: Context, connection: Connection, case_nos: Sequence[str]) -> dict[str, Caller]:
    """Return who called, by complaint."""
    callers = dict[str, Caller]()
    for victim in await case_merges.victims(connection, case_nos):
        mobile = ctx.persons.open_or_empty(victim.person).mobile
        callers[victim.ack_no] = Caller(mobile_key(mobile) if mobile else "", victim.is_confirmed)
    return callers


def _is_one_victim(callers: Mapping[str, Caller], family: Sequence[str], merged: str) -> bool:
    """Return whether the victim of the merged case is one of the others by the mobile number.

    Only the first complaint of each case counts, because anyone can have a later one join a case.
    """
    first = {case_no: callers[case_no].mobile for case_no in (*family, merged) if callers[case_no].is_confirmed}
    return bool(first.get(merged)) and any(first.get(case_no) == first[merged] for case_no in family)


async def _add_same(connection: Connection, plan: Plan, pair: Pair, callers: Mapping[str, Caller]) -> None:
    """Add a transfer that both cases tell.

    The hop of the merged case is set aside, if no bank has placed its money.
    """
    this_place, other = (pair.case_no, pair.hop_no), (pair.other_case_no, pair.other_hop_no)
    covered = {(same.aside[0], hop.hop_no) for same in plan.same for hop in same.tree}
    if this_place in covered or other in covered:
        return
    trees = {place: await merged_hops.tree(connection, *place) for place in (this_place, other)}
    for place, tree in trees.items():
        if not tree:
            raise HopNotFound(*place)
    if not any(tree[0].hop_no == tree[0].root_no for tree in trees.values()):
        plan.shared.append(pair)
        return
    owners = {caller.mobile if (caller := callers.get(tree[0].ack_no)) else "" for tree in trees.values()}
    if len(owners) > 1 or "" in owners:
        plan.blocks.append(TransferOfTwoVictims(pair.hop_no, *other))
        return
    for aside, counted in ((other, this_place), (this_place, other)):
        if is_free(trees[aside]):
            plan.same.append(Same(counted, aside, trees[aside]))
            await _block_contested(connection, plan, aside, trees[aside])
            return
    plan.blocks.append(TransferPlacedInBoth(pair.hop_no, *other))


async def _block_differing(connection: Connection, plan: Plan, pair: Pair) -> None:
    """An officer names two transfers of victims as one, which have the reference, the amount or the account alike."""
    places = ((pair.case_no, pair.hop_no), (pair.other_case_no, pair.other_hop_no))
    stated = await case_merges.stated(connection, places)
    for place in places:
        if place not in stated:
            raise HopNotFound(*place)
    first, other = stated[places[0]], stated[places[1]]
    is_alike = (
        first.reference_key == other.reference_key != ""
        or first.amount_paise == other.amount_paise
        or first.account_key == other.account_key
    )
    if not (is_alike and (first.is_told or other.is_told)):
        plan.blocks.append(TransfersDiffer(pair.hop_no, pair.other_case_no, pair.other_hop_no))


async def _block_contested(connection: Connection, plan: Plan, place: Place, tree: Sequence[HopOfTree]) -> None:
    """Two complainants may claim a transfer that is set aside. Two officers decide on that first."""
    complaint_hops = [hop.hop_no for hop in tree if hop.source is HopSource.COMPLAINT]
    for transfer in await payer_decisions.contested(connection, place[0], complaint_hops) if complaint_hops else ():
        if transfer.undecided:
            plan.blocks.append(TransferContested(transfer.hop_no, tuple(claim.ack_no for claim in transfer.claims)))


async def payments_under_way(connection: Connection, case_nos: Sequence[str]) -> list[NotNow]:
    """Return what forbids a change of claims: a payment is prepared on those of now."""
    errors: list[NotNow] = []
    if (restoration_id := await case_merges.restoration_prepared(connection, case_nos)) is not None:
        errors.append(MergeRestorationPrepared(restoration_id))
    if (order_id := await case_merges.order_under_way(connection, case_nos)) is not None:
        errors.append(MergeOrderUnderWay(order_id))
    return errors


# -- what a preview shows ----------------------------------------------------------------------------------------------


async def likely(connection: Connection, plan: Plan) -> tuple[LikelySame, ...]:
    """Return further hops that may be one transfer, by amount, day and account."""
    covered = {(same.aside[0], hop.hop_no) for same in plan.same for hop in same.tree}
    pairs = [
        pair
        for pair in await merged_hops.likely_in(connection, plan.merged, plan.family, LIKELY_SHOWN)
        if covered.isdisjoint({(pair.case_no, pair.hop_no), (pair.other_case_no, pair.other_hop_no)})
    ]
    stated = await case_merges.stated(connection, [(pair.case_no, pair.hop_no) for pair in pairs])
    return tuple(
        LikelySame(
            case_no=pair.case_no,
            hop_no=pair.hop_no,
            other_hop_no=pair.other_hop_no,
            amount_paise=stated[pair.case_no, pair.hop_no].amount_paise,
        )
        for pair in pairs
    )


async def shown(connection: Connection, same: Sequence[Same]) -> tuple[MergedTransfer, ...]:
    """Return the transfers that both cases tell, with what the two hops tell differently."""
    stated = await case_merges.stated(
        connection, [place for transfer in same for place in (transfer.counted, transfer.aside)]
    )
    return tuple(
        MergedTransfer(
            counted_case_no=transfer.counted[0],
            counted_hop_no=transfer.counted[1],
            aside_case_no=transfer.aside[0],
            aside_hop_no=transfer.aside[1],
            aside_paise=transfer.total_paise,
            differing=_differing(stated[transfer.counted], stated[transfer.aside]),
        )
        for transfer in same
    )


def _differing(first: Stated, other: Stated) -> tuple[Differing, ...]:
    payers = {account_key(first.payer), account_key(other.payer)}
    checks = {
        Differing.PAYER: len(payers) > 1 and all(map(names_an_account, payers)),
        Differing.ACCOUNT: first.account_key != other.account_key,
        Differing.BANK: first.institution != other.institution,
        Differing.AMOUNT: first.amount_paise != other.amount_paise,
        Differing.DATE: first.day != other.day,
    }
    return tuple(what for what, differs in checks.items() if differs)
