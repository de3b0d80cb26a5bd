"""Dividing what is on hold at an account between its victims, and moving it in their cases' ledgers accordingly.

Cases are locked in the order of their numbers, so that two divisions of overlapping accounts wait for each other.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from activities.context import Context
from db.cases import events, ledger
from db.cases.events import Event
from db.police import firs
from db.pool import Connection
from db.restoration import allocations, restorations
from db.restoration.allocations import Account, ClaimRow, Gone
from db.restoration.restorations import Line, RestorationRow
from domain.ledger import move_between
from domain.restoration.allocation import Place, Swap, allocate, swaps
from schemas.enums import Bucket, EventKind, ProcedureKind
from schemas.restoration_enums import RestorationState, Step
from schemas.tracing.answers import Entry

TRIES: Final = 5
PAUSE_SECONDS: Final = 0.05
ACCOUNTS_AT_ONCE: Final = 100
"""a transaction that holds the cases of so many accounts takes a second or two"""


class _MoreCases(Exception):
    """Money of another case came to the account before its row was locked."""


def is_divided(lines: Sequence[Line]) -> bool:
    """Whether everything that may go home has its share."""
    return all(line.allocation_id is not None or not line.free_paise for line in lines)


async def divide(ctx: Context, restoration_id: UUID, now: datetime, by: str) -> None:
    """Give every line of a restoration that is up for approval its share; run twice, it is run once.

    Many accounts are many transactions, each of which stands by itself. Raises `NotFound`, and what PostgreSQL raises
    when cases stay locked by others.
    """
    left = TRIES
    while True:
        try:
            if not await _divide(ctx, restoration_id, now, by):
                return
        except (asyncpg.DeadlockDetectedError, _MoreCases):
            left -= 1
            if not left:
                raise
            await asyncio.sleep(PAUSE_SECONDS)


async def _divide(ctx: Context, restoration_id: UUID, now: datetime, by: str) -> bool:
    """Divide some accounts in one transaction; whether there are more."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        case_no = await restorations.case_of(connection, restoration_id)
        accounts = _undivided(await restorations.lines(connection, restoration_id))[:ACCOUNTS_AT_ONCE]
        locked = await allocations.lock_cases(connection, accounts, case_no)
        row = await restorations.lock(connection, restoration_id)
        if row.state is not RestorationState.OPEN or row.step is not Step.APPROVAL or row.prepared_by is not None:
            return False
        by_account: dict[Account, list[Line]] = defaultdict(list)
        for line in await restorations.lines(connection, restoration_id):
            by_account[line.institution, line.account_key].append(line)
        for account in accounts:
            if _undivided(by_account[account]):
                await _divide_account(connection, row, account, by_account[account], locked, now, by)
        return len(accounts) == ACCOUNTS_AT_ONCE


def _undivided(lines: Sequence[Line]) -> list[Account]:
    wanting = {(line.institution, line.account_key) for line in lines if line.allocation_id is None and line.free_paise}
    return sorted(wanting)


async def _divide_account(
    connection: Connection,
    row: RestorationRow,
    account: Account,
    lines: Sequence[Line],
    locked: set[str],
    now: datetime,
    by: str,
) -> None:
    found = await allocations.claims(connection, account)
    if not {claim.claim.case_no for claim in found} <= locked:
        raise _MoreCases
    numbers = [line.hop_no for line in lines if not line.objection_id]
    standing = _standing(found, row.case_no, numbers)
    allocation_id = standing if standing is not None else await _write(connection, account, found, now, by)
    await allocations.set_of_lines(connection, row.restoration_id, allocation_id, numbers)


def _standing(found: Sequence[ClaimRow], case_no: str, hop_nos: Sequence[int]) -> int | None:
    """The division that stands: all that is on hold was divided by it, and these hops have their shares in it."""
    if any(row.claim.held_paise > row.claim.reserved_paise for row in found):
        return None
    ours = {row.allocation_id for row in found if row.claim.case_no == case_no and row.claim.hop_no in hop_nos}
    last = {row.allocation_id for row in found if row.claim.held_paise}
    return ours.pop() if len(ours) == 1 and ours == last else None


async def _write(connection: Connection, account: Account, found: Sequence[ClaimRow], now: datetime, by: str) -> int:
    """Divide, write every share, and move what changes places: in each case one posting and one event."""
    claims = [claim.claim for claim in found]
    pot_paise = sum(claim.held_paise for claim in claims)
    promised = await allocations.promise(connection, account)
    shares = allocate(claims, pot_paise, promised.rule)
    moved = entries_of(swaps(claims, shares), {_place(claim): claim.gone for claim in found})
    allocation_id = await allocations.insert(connection, account, promised, found, shares, now, by)
    by_place = {(share.case_no, share.hop_no): share.share_paise for share in shares}
    for case_no in sorted({claim.case_no for claim in claims}):
        entries = moved.get(case_no, [])
        await ledger.post(connection, case_no, "allocation", f"allocation|{allocation_id}|{case_no}", now, entries)
        data = {
            "allocation_id": allocation_id,
            "institution": account[0],
            "rule": promised.rule.value,
            "policy": promised.policy_version,
            "pot_paise": pot_paise,
            "claims_paise": sum(claim.claim_paise for claim in claims),
            "shares": [
                [claim.hop_no, claim.claim_paise, claim.held_paise, by_place[case_no, claim.hop_no]]
                for claim in claims
                if claim.case_no == case_no
            ],
            "placed": events.placed(entries),
        }
        await events.append(connection, case_no, now, by, [Event(EventKind.ALLOCATED, data)])
        # What changes places may be the difference between two routes.
        await firs.tell_procedures(connection, case_no, [ProcedureKind.RESTORATION], now)
    more = [(share, share.share_paise - claim.held_paise) for claim, share in zip(claims, shares, strict=True)]
    await allocations.pass_on_hearing(connection, [one for one in more if one[1]])
    return allocation_id


def _place(row: ClaimRow) -> Place:
    return row.claim.case_no, row.claim.hop_no


def entries_of(moves: Sequence[Swap], gone: Mapping[Place, Sequence[Gone]]) -> dict[str, list[Entry]]:
    """The entries by case: the taker's lost money is on hold from now on, and the giver's is lost in its place.

    Which of the taker's money that is, at the hop or below it, is what the giver's becomes: what all cases together
    have lost in what way stays what it was.
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
