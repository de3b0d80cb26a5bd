"""Holds by account: notification of the account holder, lapse, and held hops whose hold is to be opened."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from db.case.case_outbox import Deferral, DueCase, may_begin
from db.case.discrepancies import HELD_OVER_CASES, LAST_BALANCE
from db.pool import Connection
from db.recovery import openings
from db.recovery.hold_views import DISPUTED_HOLD, EXCESS_ORDERED
from db.rows import Rows
from domain.errors.recovery import HoldNotFound
from domain.recovery.holds import SmallHold
from domain.recovery.procedure import LEADS_TO
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import OF_ANOTHER_ACCOUNT
from schemas.procedures import HoldPolicy
from schemas.restoration_enums import RetainedBy


class HeldHop(FrozenModel):
    """A hop with money on hold whose account hold is not opened yet."""

    hop_no: int
    ack_no: str
    institution: str
    account_key: str
    held_at: UtcDatetime
    held_paise: int
    claimed_paise: int
    """disputed hold: an amount that the bank reports on hold after reporting it gone"""


async def cases_with_new_holds(
    connection: Connection, deferral: Deferral, held_before: datetime, skip: Sequence[str], limit: int
) -> list[DueCase]:
    """Return cases with held hops whose hold is to be opened, the longest waiting first.

    A case with money in play is included only if its first such hold came by `held_before`. Skips what is deferred, and
    the cases in `skip`.
    """
    return await Rows(connection, DueCase).many(
        "SELECT u.case_no, min(u.held_at) AS since FROM held_hop u JOIN case_file c USING (case_no)"
        " WHERE u.hold_opened_at IS NULL AND u.case_no <> ALL($3) GROUP BY u.case_no, c.state"
        f" HAVING (c.state <> 'open' OR min(u.held_at) <= $5) AND {may_begin('min(u.held_at)', 'u.case_no')}"
        " ORDER BY since, u.case_no LIMIT $4",
        deferral.until,
        deferral.until_for_traced,
        list(skip),
        limit,
        held_before,
    )


async def new_held_hops(connection: Connection, case_no: str) -> list[HeldHop]:
    """Return the case's held hops whose hold is to be opened, with their amounts on hold now (paise, perhaps 0)."""
    return await Rows(connection, HeldHop).many(
        "SELECT h.hop_no, h.ack_no, h.institution, h.account_key, u.held_at,"
        " coalesce(b.balance_paise, 0) AS held_paise, greatest(0, coalesce(c.paise - l.done_paise, 0)) AS claimed_paise"
        " FROM held_hop u JOIN hop h USING (case_no, hop_no)"
        f" LEFT JOIN LATERAL ({DISPUTED_HOLD}) AS c ON true CROSS JOIN LATERAL ({EXCESS_ORDERED}) AS l"
        " LEFT JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'"
        " WHERE u.case_no = $1 AND u.hold_opened_at IS NULL AND h.institution IS NOT NULL ORDER BY h.hop_no",
        case_no,
    )


async def mark_opened(connection: Connection, case_no: str, at: datetime) -> None:
    """Mark that the holds of the case's held hops are opened.

    The caller has locked the case's row, so no hold came meanwhile.
    """
    await connection.execute(
        "UPDATE held_hop SET hold_opened_at = $2 WHERE case_no = $1 AND hold_opened_at IS NULL", case_no, at
    )


_UNDER_ORDERS: Final = """coalesce((SELECT sum(l.amount_paise - l.confirmed_paise)
    FROM bank_order_line l JOIN bank_order o USING (order_id) WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no
      AND NOT l.excess AND o.state IN ('planned', 'delivered', 'refused')), 0)"""

_IN_NO_ROUND: Final = """NOT EXISTS (SELECT FROM restoration_line l JOIN restoration r USING (restoration_id)
    WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no AND r.state = 'open')"""

_COURT_RESTORES: Final = f"""EXISTS (SELECT FROM court_order o WHERE o.case_no = h.case_no AND o.effect = 'restore'
    AND o.kind IN ({", ".join(f"'{kind.value}'" for kind in LEADS_TO)}) AND court_order_counts(o)
    AND coalesce(o.confirmed_at, o.taken_at) > last.excluded_at
    AND (o.account_key IS NULL OR (o.institution, o.account_key) = (h.institution, h.account_key)))"""
"""whether a court has ordered the restoration of a hop since a round excluded it"""

_TO_OPEN_AGAIN: Final = f"""
UPDATE held_hop u SET hold_opened_at = NULL
FROM hop h JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'
LEFT JOIN account_hold a ON a.case_no = h.case_no AND a.institution = h.institution AND a.account_key = h.account_key
LEFT JOIN LATERAL (
    SELECT r.state, r.closed_by, l.objection_id, l.court_order_id, l.excluded_at
    FROM restoration r LEFT JOIN restoration_line l ON l.restoration_id = r.restoration_id AND l.hop_no = h.hop_no
    WHERE r.ack_no = h.ack_no ORDER BY (l.hop_no IS NULL), r.round_no DESC LIMIT 1) AS last ON true
WHERE h.case_no = $1 AND u.case_no = h.case_no AND u.hop_no = h.hop_no
  AND ($2::text IS NULL OR h.ack_no = $2)
  AND ($3::text IS NULL OR (h.institution, h.account_key) = ($3, $4))
  AND ($6::uuid IS NULL OR h.hop_no IN (SELECT l.hop_no FROM bank_order_line l WHERE l.order_id = $6))
  AND ($7::uuid IS NULL OR h.hop_no IN (SELECT l.hop_no FROM restoration_line l JOIN restoration r
      USING (restoration_id) WHERE l.restoration_id = $7
        AND (r.state <> 'restored' OR (l.excluded_at IS NOT NULL AND l.reopened_at IS NULL))))
  AND ($8::integer[] IS NULL OR h.hop_no = ANY ($8))
  AND b.balance_paise > {_UNDER_ORDERS} AND {_IN_NO_ROUND}
  AND NOT EXISTS (SELECT FROM withdrawn_hop w WHERE w.case_no = h.case_no AND w.hop_no = h.hop_no)
  AND ($5 OR {_COURT_RESTORES} OR ($6 IS NOT NULL AND a.retained_by_kind = 'court_order')
       OR last.objection_id IS NOT NULL
       OR (last.court_order_id IS NULL AND last.excluded_at IS NULL AND (last.state = 'restored'
           OR (last.state = 'cancelled' AND last.closed_by = 'engine'))))
RETURNING u.hop_no
"""


async def mark_to_open_again(
    connection: Connection,
    case_no: str,
    at: datetime,
    *,
    ack_no: str | None = None,
    account: tuple[str, str] | None = None,
    order_id: UUID | None = None,
    restoration_id: UUID | None = None,
    hop_nos: Sequence[int] | None = None,
    anew: bool = False,
) -> int:
    """Mark hops to be opened again that have money on hold, no order and no open round.

    Returns how many. The next round then begins. The hops are those of one complaint, of one account, of a cancelled
    order to a bank, of one restoration (those that it excluded, once it is restored), those named, or all. Hops that
    were refused, or cancelled by an officer, are included only with `anew`, or if a cancelled order has just freed them
    and a court retains the hold, because such a hold would never lapse. A withdrawn hop is never included.
    """
    institution, account_key = account or (None, None)
    rows = await connection.fetch(
        _TO_OPEN_AGAIN,
        case_no,
        ack_no,
        institution,
        account_key,
        anew,
        order_id,
        restoration_id,
        None if hop_nos is None else list(hop_nos),
    )
    await openings.reopen(connection, case_no, [row["hop_no"] for row in rows], at)
    return len(rows)


async def kept_alone(connection: Connection, case_no: str) -> list[UUID]:
    """Return the holds retained by a court that have money under no order and in no open round."""
    rows = await connection.fetch(
        "SELECT DISTINCT a.hold_id FROM account_hold a JOIN hop h ON h.case_no = a.case_no"
        " AND h.institution = a.institution AND h.account_key = a.account_key JOIN ledger_balance b"
        " ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held' WHERE a.case_no = $1"
        f" AND a.state = 'held' AND a.retained_by_kind = 'court_order' AND b.balance_paise > {_UNDER_ORDERS}"
        f" AND {_IN_NO_ROUND} ORDER BY a.hold_id",
        case_no,
    )
    return [row["hold_id"] for row in rows]


class AccountHold(FrozenModel):
    """The money of one case on hold at one account."""

    hold_id: UUID
    case_no: str
    institution: str
    account_key: str
    reference: str
    state: str
    first_held_at: UtcDatetime
    lapses_at: UtcDatetime
    lapses_from: UtcDatetime | None
    told_to: UtcDatetime | None
    tried_to: UtcDatetime | None
    late_to: UtcDatetime | None
    officer_told: bool
    warned_to: UtcDatetime | None
    released_told_paise: int
    retained_by_kind: RetainedBy | None
    retained_by_id: str | None
    small: bool
    policy: HoldPolicy
    ended_at: UtcDatetime | None

    @property
    def kept_by(self) -> str | None:
        """The reason why the hold does not lapse, as text for an officer."""
        return self.retained_by_kind and f"{self.retained_by_kind.value} {self.retained_by_id}"


_HOLD = ", ".join(AccountHold.model_fields)


async def begin(
    connection: Connection, case_no: str, hop: HeldHop, reference: str, policy: HoldPolicy, *, small: bool
) -> tuple[UUID, bool]:
    """Start the hold on the hop's account; return its id, and whether its clocks start now.

    They start for a new hold and for one that had ended. The latter keeps its reference and gets the clocks of the
    current policy.
    """
    row = await connection.fetchrow(
        "INSERT INTO account_hold (hold_id, case_no, institution, account_key, reference, state, first_held_at,"
        " lapses_at, small, policy) VALUES ($1, $2, $3, $4, $5, 'held', $6, $7, $8, $9)"
        " ON CONFLICT (case_no, institution, account_key) DO UPDATE SET state = 'held', ended_at = NULL,"
        " first_held_at = $6, lapses_at = $7, lapses_from = NULL, holder_told_at = NULL, told_to = NULL,"
        " tried_to = NULL, late_to = NULL, warned_days = NULL, warned_to = NULL, retained_by_kind = NULL,"
        " retained_by_id = NULL, small = $8,"
        " small_hold_decision = NULL, small_hold_decided_by = NULL, small_hold_decided_at = NULL,"
        " small_hold_reason = '', policy = $9 WHERE account_hold.state = 'ended' RETURNING hold_id",
        uuid4(),
        case_no,
        hop.institution,
        hop.account_key,
        reference,
        hop.held_at,
        hop.held_at + timedelta(seconds=policy.lapse_after_seconds),
        small,
        policy.model_dump(mode="json"),
    )
    if row:
        return row["hold_id"], True
    hold_id: UUID = await connection.fetchval(
        "SELECT hold_id FROM account_hold WHERE case_no = $1 AND institution = $2 AND account_key = $3",
        case_no,
        hop.institution,
        hop.account_key,
    )
    return hold_id, False


async def has_grown(connection: Connection, hold_id: UUID) -> bool:
    """Stop treating a hold as small-value if its amount has reached the frozen limit; return whether it did."""
    done = await connection.fetchval(
        "UPDATE account_hold a SET small = false WHERE a.hold_id = $1 AND a.small"
        " AND (a.policy->>'small_below_paise')::bigint <= (SELECT sum(b.balance_paise) FROM hop h"
        " JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'"
        " WHERE h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key)"
        " RETURNING true",
        hold_id,
    )
    return bool(done)


async def at_account(connection: Connection, case_no: str, institution: str, account_key: str) -> SmallHold:
    """Return the case's amount on hold at an account, with the other holds and the last balance there."""
    return await Rows(connection, SmallHold).one(
        "SELECT mine.paise AS held_paise, held.held_paise - mine.paise AS elsewhere_paise, last.balance_paise"
        " FROM (SELECT $2::text AS institution, $3::text AS account_key) AS t"
        " CROSS JOIN LATERAL (SELECT coalesce(sum(l.balance_paise), 0)::bigint AS paise"
        "  FROM hop h JOIN ledger_balance l ON l.case_no = h.case_no AND l.hop_no = h.hop_no AND l.bucket = 'held'"
        "  WHERE h.case_no = $1 AND h.institution = t.institution AND h.account_key = t.account_key) AS mine"
        f" CROSS JOIN LATERAL ({HELD_OVER_CASES}) AS held LEFT JOIN LATERAL ({LAST_BALANCE}) AS last ON true",
        case_no,
        institution,
        account_key,
    )


async def get(connection: Connection, hold_id: UUID) -> AccountHold:
    """Lock one hold's row and return it; the caller has locked its case. Raises `NotFound`."""
    return await Rows(connection, AccountHold).one(
        f"SELECT {_HOLD} FROM account_hold WHERE hold_id = $1 FOR UPDATE", hold_id, missing=HoldNotFound(hold_id)
    )


async def account_doubted(connection: Connection, hold_id: UUID) -> bool:
    """Return whether the bank said that it holds another account, unless an officer has decided that it is this one."""
    doubted: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM account_hold a"
        " JOIN hop h ON h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key"
        " JOIN discrepancy c ON c.case_no = h.case_no AND c.hop_no = h.hop_no AND c.institution = a.institution"
        " JOIN answer w ON w.answer_id = c.answer_id AND w.kind = 'held'"
        " WHERE a.hold_id = $1 AND c.kind = ANY($2) AND coalesce((SELECT s.decision FROM discrepancy_resolution s"
        " WHERE s.discrepancy_id = c.discrepancy_id ORDER BY s.resolution_no DESC LIMIT 1), 'upheld_other')"
        " = 'upheld_other')",
        hold_id,
        sorted(OF_ANOTHER_ACCOUNT),
    )
    return doubted


async def case_of(connection: Connection, hold_id: UUID) -> str:
    """Return the case of a hold. Raises `NotFound`."""
    case_no: str | None = await connection.fetchval("SELECT case_no FROM account_hold WHERE hold_id = $1", hold_id)
    if case_no is None:
        raise HoldNotFound(hold_id)
    return case_no


class HeldOnHop(FrozenModel):
    """The amount of one hop on hold, in paise."""

    hop_no: int
    ack_no: str
    held_paise: int


async def held(connection: Connection, hold_id: UUID) -> list[HeldOnHop]:
    """Return the hops of a hold that have money on hold, in order."""
    return await Rows(connection, HeldOnHop).many(
        "SELECT h.hop_no, h.ack_no, b.balance_paise AS held_paise FROM account_hold a"
        " JOIN hop h ON h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key"
        " JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'"
        " WHERE a.hold_id = $1 AND b.balance_paise > 0 ORDER BY h.hop_no",
        hold_id,
    )


_AT_ACCOUNT: Final = "h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key"


async def end_if_empty(connection: Connection, hold_id: UUID, at: datetime) -> bool:
    """End a hold with no money on hold, disputed holds included; false if it has money or had ended."""
    done = await connection.fetchval(
        "UPDATE account_hold a SET state = 'ended', ended_at = $2 WHERE a.hold_id = $1 AND a.state = 'held'"
        " AND NOT EXISTS (SELECT FROM hop h JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no"
        f" AND b.bucket = 'held' AND b.balance_paise > 0 WHERE {_AT_ACCOUNT})"
        f" AND NOT EXISTS (SELECT FROM hop h CROSS JOIN LATERAL ({DISPUTED_HOLD}) AS c"
        f" CROSS JOIN LATERAL ({EXCESS_ORDERED}) AS l"
        f" WHERE {_AT_ACCOUNT} AND c.paise > l.done_paise)"
        " RETURNING true",
        hold_id,
        at,
    )
    return bool(done)


async def end_if_was_empty(
    connection: Connection, case_no: str, institution: str, account_key: str, at: datetime
) -> UUID | None:
    """End a hold that was empty for a time since it began; return its id or None.

    This ends a hold with new money too.
    """
    ended: UUID | None = await connection.fetchval(
        "UPDATE account_hold a SET state = 'ended', ended_at = $4 WHERE a.case_no = $1 AND a.institution = $2"
        " AND a.account_key = $3 AND a.state = 'held' AND EXISTS (SELECT FROM ("
        "  SELECT min(t.at) AS at, sum(sum(e.amount_paise)) OVER (ORDER BY e.transaction_id) AS left_paise"
        "  FROM hop h JOIN ledger_entry e ON e.case_no = h.case_no AND e.hop_no = h.hop_no AND e.bucket = 'held'"
        f"  JOIN ledger_transaction t USING (transaction_id) WHERE {_AT_ACCOUNT} GROUP BY e.transaction_id"
        " ) AS past WHERE past.left_paise = 0 AND past.at >= a.first_held_at) RETURNING a.hold_id",
        case_no,
        institution,
        account_key,
        at,
    )
    return ended


async def warn_anew(connection: Connection, hold_ids: Sequence[UUID], at: datetime) -> None:
    """Postpone the lapse of these holds, unless retained, so that the longest warning fits before it.

    The warnings then start again.
    """
    await connection.execute(
        "UPDATE account_hold a SET lapses_at = greatest(a.lapses_at, w.until), lapses_from = w.until,"
        " warned_days = NULL, warned_to = NULL FROM (SELECT hold_id, $2::timestamptz"
        " + make_interval(secs => (SELECT max(w::double precision)"
        "   FROM jsonb_array_elements_text(policy->'warn_before_seconds') AS w)) AS until FROM account_hold"
        "  WHERE hold_id = ANY($1)) AS w"
        " WHERE a.hold_id = w.hold_id AND a.state = 'held' AND a.retained_by_kind IS NULL",
        list(hold_ids),
        at,
    )
