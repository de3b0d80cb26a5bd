"""Allocation of the money held at an account to its victims, with the postings in the ledgers of their cases.

Cases are locked in the order of their numbers. So two allocations of overlapping accounts wait for each other.
"""

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from activities.case.transaction import CaseTransaction, lock_cases
from activities.context import Context
from activities.isolation import repeated
from db.case import case_outbox, events, ledger
from db.recovery import allocations, claims, restorations
from db.recovery.allocations import FrozenRule
from db.recovery.claims import Account, ClaimRow, Gone
from db.recovery.restorations import Line, RestorationRow
from domain.case.ledger import move_between
from domain.recovery.allocation import Place, Swap, allocate, swaps
from schemas.case.answers import Entry
from schemas.enums import Bucket, ProcedureKind
from schemas.events import EventKind
from schemas.recovery.restorations import Share
from schemas.restoration_enums import RestorationState, Step

ACCOUNTS_AT_ONCE: Final = 100
"""a transaction that locks the cases of this many accounts takes one or two seconds"""


class MoreCases(Exception):
    """Money of another case reached the account before that case was locked."""


def is_divided(lines: Sequence[Line]) -> bool:
    """Return whether all money that may be restored has its share."""
    return all(line.allocation_id is not None or not line.free_paise for line in lines)


async def divide(ctx: Context, restoration_id: UUID, by: str) -> None:
    """Give every line of a restoration at the approval step its share. A repeated run changes nothing.

    Many accounts take several transactions, each complete in itself. Raises `NotFound`, and PostgreSQL's error if other
    transactions keep the cases locked.
    """
    while await _divide(ctx, restoration_id, by):
        pass


@repeated(MoreCases)
async def _divide(ctx: Context, restoration_id: UUID, by: str) -> bool:
    """Divide some accounts in one transaction; return whether there are more."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        case_no = await restorations.case_of(connection, restoration_id)
        accounts = _undivided(await restorations.lines(connection, restoration_id))[:ACCOUNTS_AT_ONCE]
        at_accounts = await claims.cases_at(connection, accounts)
        locked = await lock_cases(ctx, connection, at_accounts | {case_no}, by)
        row = await restorations.lock(connection, restoration_id)
        if row.state is not RestorationState.OPEN or row.step is not Step.APPROVAL or row.prepared_by is not None:
            return False
        by_account: dict[Account, list[Line]] = defaultdict(list)
        for line in await restorations.lines(connection, restoration_id):
            by_account[line.institution, line.account_key].append(line)
        for account in accounts:
            if _undivided(by_account[account]):
                await _divide_account(locked, row, account, by_account[account])
        return len(accounts) == ACCOUNTS_AT_ONCE


def _undivided(lines: Sequence[Line]) -> list[Account]:
    wanting = {(line.institution, line.account_key) for line in lines if line.allocation_id is None and line.free_paise}
    return sorted(wanting)


async def _divide_account(
    locked: Mapping[str, CaseTransaction], row: RestorationRow, account: Account, lines: Sequence[Line]
) -> None:
    work = locked[row.case_no]
    rows = await claims.claims(work.connection, account)
    if not {claim.claim.case_no for claim in rows} <= locked.keys():
        raise MoreCases
    numbers = [line.hop_no for line in lines if not line.objection_id]
    valid_id = _valid_allocation(rows, row.case_no, numbers)
    allocation_id = valid_id if valid_id is not None else await _allocate(work, locked, account, rows)
    await allocations.set_of_lines(work.connection, row.restoration_id, allocation_id, numbers)


def _valid_allocation(rows: Sequence[ClaimRow], case_no: str, hop_nos: Sequence[int]) -> int | None:
    """Return the valid allocation: it covers all held money and has shares for these hops; else None."""
    if any(row.claim.held_paise > row.claim.reserved_paise for row in rows):
        return None
    ours = {row.allocation_id for row in rows if row.claim.case_no == case_no and row.claim.hop_no in hop_nos}
    last = {row.allocation_id for row in rows if row.claim.held_paise}
    return ours.pop() if len(ours) == 1 and ours == last else None


async def _allocate(
    work: CaseTransaction, locked: Mapping[str, CaseTransaction], account: Account, rows: Sequence[ClaimRow]
) -> int:
    """Divide what is on hold at the account between the claims; return the id of the allocation."""
    claimed = [row.claim for row in rows]
    promised = await allocations.promise(work.connection, account)
    shares = allocate(claimed, sum(claim.held_paise for claim in claimed), promised.rule)
    return await _write(work, locked, account, rows, promised, shares)


async def give_to_others(
    work: CaseTransaction, locked: Mapping[str, CaseTransaction], account: Account, givers: Sequence[ClaimRow]
) -> None:
    """Divide what the givers have on hold at the account between the claims of others, as far as these go.

    The givers claim nothing any more. The rest stays with them. What others have on hold stays with these.
    """
    rows = await claims.claims(work.connection, account)
    if not {row.claim.case_no for row in rows} <= locked.keys():
        raise MoreCases
    others = [row.claim.model_copy(update={"reserved_paise": row.claim.held_paise}) for row in rows]
    given_paise = sum(row.claim.held_paise for row in givers)
    if not rows or not given_paise:
        return
    promised = await allocations.promise(work.connection, account)
    held_paise = sum(claim.held_paise for claim in others)
    shares = list(allocate(others, held_paise + given_paise, promised.rule))
    taken_paise = sum(share.share_paise for share in shares) - held_paise
    if not taken_paise:
        return
    for giver in givers:
        paise = min(giver.claim.held_paise, taken_paise)
        taken_paise -= paise
        case_no, hop_no = _place(giver)
        shares.append(Share(case_no=case_no, hop_no=hop_no, share_paise=giver.claim.held_paise - paise))
    await _write(work, locked, account, [*rows, *givers], promised, shares)


async def _write(
    work: CaseTransaction,
    locked: Mapping[str, CaseTransaction],
    account: Account,
    rows: Sequence[ClaimRow],
    promised: FrozenRule,
    shares: Sequence[Share],
) -> int:
    """Write every share and post the moves: one posting and one event for each case."""
    connection, now = work.connection, work.now
    claimed = [row.claim for row in rows]
    moved = entries_of(swaps(claimed, shares), {_place(row): row.gone for row in rows})
    allocation_id = await allocations.insert(connection, account, promised, rows, shares, now, work.actor)
    by_place = {(share.case_no, share.hop_no): share.share_paise for share in shares}
    for case_no in sorted({claim.case_no for claim in claimed}):
        entries = moved.get(case_no, [])
        await ledger.post(connection, case_no, "allocation", f"allocation|{allocation_id}|{case_no}", now, entries)
        data = {
            "allocation_id": allocation_id,
            "institution": account[0],
            "rule": promised.rule.value,
            "policy": promised.policy_version,
            "pot_paise": sum(claim.held_paise for claim in claimed),
            "claims_paise": sum(claim.claim_paise for claim in claimed),
            "shares": [
                [claim.hop_no, claim.claim_paise, claim.held_paise, by_place[case_no, claim.hop_no]]
                for claim in claimed
                if claim.case_no == case_no
            ],
            "placed": events.placed(entries),
        }
        await locked[case_no].log(EventKind.ALLOCATED, **data)
        # The moved amounts may decide between two routes.
        await case_outbox.notify_procedures(connection, case_no, [ProcedureKind.RESTORATION], now)
    more = [(share, share.share_paise - claim.held_paise) for claim, share in zip(claimed, shares, strict=True)]
    await allocations.pass_on_hearing(connection, [passed for passed in more if passed[1]])
    return allocation_id


def _place(row: ClaimRow) -> Place:
    return row.claim.case_no, row.claim.hop_no


def entries_of(moves: Sequence[Swap], gone: Mapping[Place, Sequence[Gone]]) -> dict[str, list[Entry]]:
    """Return the entries by case: lost money of the taker becomes held, and held money of the giver becomes lost.

    The giver's money goes into the buckets from which the taker's money comes, at the hop or below it. So the total of
    all cases in each bucket stays the same.
    """
    left = {place: deque(parts) for place, parts in gone.items()}
    entries: dict[str, list[Entry]] = {}
    for move in moves:
        wanted = move.amount_paise
        while wanted:
            part = left[move.taker].popleft()
            paise = min(wanted, part.paise)
            wanted -= paise
            if part.paise > paise:
                left[move.taker].appendleft(part.model_copy(update={"paise": part.paise - paise}))
            taken = Entry(hop_no=part.hop_no, bucket=part.bucket, amount_paise=-paise)
            put = Entry(hop_no=move.taker[1], bucket=Bucket.HELD, amount_paise=paise)
            entries.setdefault(move.taker[0], []).extend((taken, put))
            given = move_between(move.giver[1], Bucket.HELD, part.bucket, paise)
            entries.setdefault(move.giver[0], []).extend(given)
    return entries
