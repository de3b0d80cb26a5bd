"""Merges of cases: their rows, and what forbids one."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from db.case.case_views import sums_of
from db.case.merged_hops import Place
from db.pool import Connection
from db.privacy.jurisdiction import is_marked
from db.privacy.person_keys import StoredPerson, stored
from domain.errors.case import MergeNotFound
from schemas.base import FrozenModel
from schemas.enums import Bucket
from schemas.recovery.case_merges import CaseMerge, MergedTransfer, MergeState, NewMerge, SameTransfer
from schemas.recovery.officer_steps import WithdrawalDecision

MOST_SHOWN: Final = 50
MOST_VICTIMS: Final = 200
"""complaints of a case whose victims are compared"""


# -- rows --------------------------------------------------------------------------------------------------------------


async def insert(
    connection: Connection, primary: str, merged: str, new: NewMerge, by: str, at: datetime, *, needs_second: bool
) -> int:
    """Write a merge that an officer asks for; return its number."""
    merge_id: int = await connection.fetchval(
        "INSERT INTO case_merge (primary_case_no, merged_case_no, reason, victims_agree, same_transfers, needs_second,"
        " proposed_by, proposed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING merge_id",
        primary,
        merged,
        new.reason,
        new.victims_agree,
        [transfer.model_dump() for transfer in new.same_transfers],
        needs_second,
        by,
        at,
    )
    return merge_id


async def decide(
    connection: Connection,
    merge_id: int,
    decision: WithdrawalDecision,
    by: str,
    reason: str,
    at: datetime,
    *,
    needs_second: bool,
) -> None:
    """Write the decision. The database refuses that of the officer who proposed, where a second one is needed."""
    await connection.execute(
        "UPDATE case_merge SET decision = $2, decided_by = $3, decided_reason = $4, decided_at = $5, needs_second = $6"
        " WHERE merge_id = $1",
        merge_id,
        decision.value,
        by,
        reason,
        at,
        needs_second,
    )


async def propose_undo(connection: Connection, merge_id: int, by: str, reason: str, at: datetime) -> None:
    """Write that an officer proposes to undo a merge."""
    await connection.execute(
        "UPDATE case_merge SET undo_reason = $2, undo_proposed_by = $3, undo_proposed_at = $4 WHERE merge_id = $1",
        merge_id,
        reason,
        by,
        at,
    )


async def reject_undo(connection: Connection, merge_id: int) -> None:
    """Take the proposal of an undo away. The log keeps it."""
    await connection.execute(
        "UPDATE case_merge SET undo_reason = NULL, undo_proposed_by = NULL, undo_proposed_at = NULL"
        " WHERE merge_id = $1",
        merge_id,
    )


async def undo(connection: Connection, merge_id: int, by: str, reason: str, at: datetime) -> None:
    """Write that a merge is undone. The database refuses that of the officer who proposed it."""
    await connection.execute(
        "UPDATE case_merge SET undone_by = $2, undone_reason = $3, undone_at = $4 WHERE merge_id = $1",
        merge_id,
        by,
        reason,
        at,
    )


# The pairs that count now; of an undone merge the last ones.
_TRANSFERS: Final = """
SELECT coalesce(jsonb_agg(jsonb_build_object('counted_case_no', s.counted_case_no, 'counted_hop_no', s.counted_hop_no,
    'aside_case_no', s.aside_case_no, 'aside_hop_no', s.aside_hop_no, 'aside_paise',
    (SELECT coalesce(sum(h.in_play_paise + h.refused_paise + h.untraced_paise), 0)::bigint FROM set_aside_hop h
     WHERE h.pair_id = s.pair_id AND h.case_no = s.aside_case_no AND h.put_back_at IS NOT DISTINCT FROM (
        SELECT CASE WHEN bool_or(u.put_back_at IS NULL) THEN NULL ELSE max(u.put_back_at) END
        FROM set_aside_hop u WHERE u.pair_id = s.pair_id AND u.case_no = s.aside_case_no))) ORDER BY s.pair_id), '[]')
FROM same_transfer s WHERE s.merge_id = m.merge_id
"""
_MERGE: Final = f"""
SELECT m.merge_id, m.primary_case_no, m.merged_case_no, m.reason, m.victims_agree, m.needs_second, m.proposed_by,
    m.proposed_at, m.decision, m.decided_by, m.decided_at, m.decided_reason, m.undo_reason, m.undo_proposed_by,
    m.undo_proposed_at, m.undone_by, m.undone_at, m.undone_reason, m.same_transfers, ({_TRANSFERS}) AS transfers
FROM case_merge m WHERE (m.primary_case_no = $1 OR m.merged_case_no = $1)
"""


async def get(connection: Connection, case_no: str, merge_id: int) -> CaseMerge:
    """Return one merge of a case. Raises `NotFound`."""
    row = await connection.fetchrow(f"{_MERGE} AND m.merge_id = $2", case_no, merge_id)
    if row is None:
        raise MergeNotFound(case_no, merge_id)
    return _merge(dict(row))


async def told_same(connection: Connection, merge_id: int) -> tuple[SameTransfer, ...]:
    """Return the transfers that the officer who proposed a merge named as one."""
    rows = await connection.fetchval("SELECT same_transfers FROM case_merge WHERE merge_id = $1", merge_id)
    return tuple(SameTransfer.model_validate(row) for row in rows)


async def of_case(connection: Connection, case_no: str) -> list[CaseMerge]:
    """Return the merges of a case, the newest first."""
    rows = await connection.fetch(f"{_MERGE} ORDER BY m.merge_id DESC LIMIT $2", case_no, MOST_SHOWN)
    return [_merge(dict(row)) for row in rows]


def _merge(row: dict[str, Any]) -> CaseMerge:
    del row["same_transfers"]
    transfers = tuple(MergedTransfer.model_validate(transfer) for transfer in row.pop("transfers"))
    return CaseMerge(**row, state=_state(row), transfers=transfers)


def _state(row: dict[str, Any]) -> MergeState:
    if row["undone_at"] is not None:
        return MergeState.UNDONE
    if row["decision"] is None:
        return MergeState.PROPOSED
    if row["decision"] == WithdrawalDecision.REJECTED:
        return MergeState.REJECTED
    return MergeState.UNDO_PROPOSED if row["undo_reason"] is not None else MergeState.IN_FORCE


# -- what forbids a merge ----------------------------------------------------------------------------------------------


class LiveMerge(FrozenModel):
    """A merge that is proposed or in force."""

    merge_id: int
    primary_case_no: str
    merged_case_no: str


async def live_merges(connection: Connection, case_nos: Collection[str]) -> list[LiveMerge]:
    """Return the merges of these cases that are proposed or in force."""
    rows = await connection.fetch(
        "SELECT merge_id, primary_case_no, merged_case_no FROM case_merge WHERE undone_at IS NULL"
        " AND decision IS DISTINCT FROM 'rejected' AND (primary_case_no = ANY($1) OR merged_case_no = ANY($1))"
        " ORDER BY merge_id",
        list(case_nos),
    )
    return [LiveMerge(**dict(row)) for row in rows]


async def marked_case(connection: Connection, case_nos: Sequence[str]) -> str | None:
    """Return one of these cases that is marked, or None."""
    case_no: str | None = await connection.fetchval(
        f"SELECT c.case_no FROM unnest($1::text[]) AS c (case_no) WHERE {is_marked('c.case_no')} ORDER BY 1 LIMIT 1",
        list(case_nos),
    )
    return case_no


class ToldBy(FrozenModel):
    """The victim of a complaint, sealed."""

    ack_no: str
    case_no: str
    person: StoredPerson
    is_confirmed: bool
    """it is not of the public page with a mobile number that is not confirmed"""


async def victims(connection: Connection, case_nos: Sequence[str]) -> list[ToldBy]:
    """Return the victims of the complaints of these cases, the first complaints of each."""
    rows = await connection.fetch(
        f"SELECT c.ack_no, c.case_no, {stored('v')} AS person, NOT EXISTS ("
        " SELECT FROM draft d JOIN public_draft p USING (draft_id) WHERE d.ack_no = c.ack_no AND p.confirmed_at IS NULL"
        ") AS is_confirmed FROM complaint c JOIN victim v USING (victim_id)"
        " WHERE c.case_no = ANY($1) ORDER BY (c.ack_no = c.case_no) DESC, c.received_at, c.ack_no LIMIT $2",
        list(case_nos),
        MOST_VICTIMS,
    )
    return [ToldBy(**dict(row)) for row in rows]


async def is_held_at(connection: Connection, accounts: Sequence[tuple[str, str]]) -> bool:
    """Return whether any case has money on hold at one of these accounts, so that claims there share it."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS a (institution, account_key)"
        " JOIN hop h USING (institution, account_key) JOIN ledger_balance b ON b.case_no = h.case_no"
        " AND b.hop_no = h.hop_no AND b.bucket = 'held' AND b.balance_paise > 0)",
        [institution for institution, _ in accounts],
        [account_key for _, account_key in accounts],
    )
    return exists


async def restoration_prepared(connection: Connection, case_nos: Sequence[str]) -> UUID | None:
    """Return an open restoration of these cases that is prepared for approval, or None."""
    restoration_id: UUID | None = await connection.fetchval(
        "SELECT restoration_id FROM restoration WHERE case_no = ANY($1) AND state = 'open' AND prepared_by IS NOT NULL"
        " ORDER BY restoration_id LIMIT 1",
        list(case_nos),
    )
    return restoration_id


async def order_under_way(connection: Connection, case_nos: Sequence[str]) -> UUID | None:
    """Return a live order of these cases that credits a victim, or None."""
    order_id: UUID | None = await connection.fetchval(
        "SELECT order_id FROM bank_order WHERE case_no = ANY($1) AND kind = 'restore'"
        " AND state IN ('planned', 'delivered', 'refused') ORDER BY order_id LIMIT 1",
        list(case_nos),
    )
    return order_id


# -- sums --------------------------------------------------------------------------------------------------------------


async def sums(connection: Connection, case_nos: Sequence[str]) -> dict[Bucket, int]:
    """Return the sum of each bucket over these cases."""
    rows = await connection.fetch(
        "SELECT bucket, sum(balance_paise)::bigint AS paise FROM ledger_balance WHERE case_no = ANY($1) GROUP BY 1",
        list(case_nos),
    )
    return sums_of({row["bucket"]: row["paise"] for row in rows})


class Stated(FrozenModel):
    """Facts of a hop's transfer, for a comparison with another hop."""

    case_no: str
    hop_no: int
    institution: str | None
    account_key: str
    reference_key: str
    is_told: bool
    """it is a victim's own transfer"""
    amount_paise: int
    day: str
    payer: str
    """account that paid it, as a complaint tells it; empty where a bank named the transfer"""


async def stated(connection: Connection, places: Sequence[Place]) -> dict[Place, Stated]:
    """Return what these hops say of their transfers."""
    rows = await connection.fetch(
        "SELECT h.case_no, h.hop_no, h.institution, h.account_key, h.reference_key,"
        " h.parent_hop_no IS NULL AS is_told, h.amount_paise,"
        " (h.transferred_at AT TIME ZONE 'Asia/Kolkata')::date::text AS day, h.payer_holder AS payer"
        " FROM unnest($1::text[], $2::integer[]) AS p (case_no, hop_no) JOIN hop h USING (case_no, hop_no)",
        [case_no for case_no, _ in places],
        [hop_no for _, hop_no in places],
    )
    return {(row["case_no"], row["hop_no"]): Stated(**dict(row)) for row in rows}
