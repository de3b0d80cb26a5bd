"""Orders of courts, as officers entered them, and their effect on holds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from db.pool import Connection
from db.privacy.body_keys import COURT_ORDER, OpensBody, SealedDocument, opened_document, stored_columns
from db.rows import Rows
from domain.errors.restoration import CourtOrderDocumentNotFound, CourtOrderNotFound
from schemas.base import FrozenModel
from schemas.recovery.court_orders import CourtOrder, NewCourtOrder
from schemas.restoration_enums import CourtOrderEnd

_ORDER: Final = (
    "court_order_id, kind, effect, court, order_no, made_on, amount_paise, institution, account_key,"
    " encode(document_digest, 'hex') AS document_digest, taken_by, taken_at, reason, confirmed_by, confirmed_at,"
    " withdrawn_at, withdrawn_by, withdrawn_reason, ends_on, counts_until, warned_at, ended_as,"
    " withdrawal_asked_by, withdrawal_asked_at, withdrawal_asked_reason"
)


async def insert(
    connection: Connection,
    case_no: str,
    order: NewCourtOrder,
    account: str | None,
    document: SealedDocument | None,
    counts_until: datetime,
    by: str,
    at: datetime,
) -> CourtOrder:
    """Write an order that a second officer has to confirm by `counts_until`.

    `account` is the account key, the form in which accounts are compared. `document` is that of `order`, sealed.
    """
    return await Rows(connection, CourtOrder).one(
        "INSERT INTO court_order (case_no, kind, effect, court, order_no, made_on, amount_paise, institution,"
        " account_key, document_digest, person_id, sealed_document, taken_by, taken_at, reason,"
        " ends_on, counts_until)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
        f" RETURNING {_ORDER}",
        case_no,
        order.kind.value,
        order.effect.value,
        order.court,
        order.order_no,
        order.made_on,
        order.amount_paise,
        order.institution,
        account,
        *_columns(document),
        by,
        at,
        order.reason,
        order.ends_on,
        counts_until,
    )


async def of_case(connection: Connection, case_no: str) -> tuple[CourtOrder, ...]:
    """Return every order of the case, withdrawn ones too, the newest first."""
    rows = await connection.fetch(
        f"SELECT {_ORDER} FROM court_order WHERE case_no = $1 ORDER BY court_order_id DESC", case_no
    )
    return tuple(CourtOrder.model_validate(dict(row)) for row in rows)


async def get(connection: Connection, case_no: str, court_order_id: int) -> CourtOrder:
    """Return one order of the case. Raises `NotFound`."""
    return await Rows(connection, CourtOrder).one(
        f"SELECT {_ORDER} FROM court_order WHERE case_no = $1 AND court_order_id = $2",
        case_no,
        court_order_id,
        missing=CourtOrderNotFound(court_order_id),
    )


async def document(connection: Connection, case_no: str, court_order_id: int, opens: OpensBody) -> bytes:
    """Return the order's document, a PDF. Raises `NotFound` if none was submitted."""
    row = await connection.fetchrow(
        f"SELECT document_digest AS digest_bytes, {stored_columns('c', 'sealed_document')}"
        " FROM court_order c WHERE case_no = $1 AND court_order_id = $2 AND document_digest IS NOT NULL",
        case_no,
        court_order_id,
    )
    if row is None:
        raise CourtOrderDocumentNotFound(court_order_id)
    return opened_document(row, opens, COURT_ORDER, court_order_id)


async def standing(connection: Connection, case_no: str, order: NewCourtOrder) -> list[CourtOrder]:
    """Return the entries of the same order of the same court that are not withdrawn, one per account."""
    return await Rows(connection, CourtOrder).many(
        f"SELECT {_ORDER} FROM court_order WHERE case_no = $1 AND court = $2 AND order_no = $3 AND effect = $4"
        " AND withdrawn_at IS NULL ORDER BY court_order_id",
        case_no,
        order.court,
        order.order_no,
        order.effect.value,
    )


async def put_document(connection: Connection, court_order_id: int, document: SealedDocument) -> None:
    """Store the document of the order."""
    await connection.execute(
        "UPDATE court_order SET document_digest = $2, person_id = $3, sealed_document = $4 WHERE court_order_id = $1",
        court_order_id,
        *_columns(document),
    )


def _columns(document: SealedDocument | None) -> tuple[Any, ...]:
    """Return the digest of a document, its key and the sealed document; None for each without one."""
    if document is None:
        return (None,) * 3
    return document.sealed.digest, document.key.person_id, document.sealed.sealed


async def count_until(connection: Connection, court_order_id: int, until: datetime | None) -> None:
    """Write when the order ends by itself."""
    await connection.execute(
        "UPDATE court_order SET counts_until = $2 WHERE court_order_id = $1", court_order_id, until
    )


async def confirm(
    connection: Connection, court_order_id: int, by: str, at: datetime, counts_until: datetime | None
) -> None:
    """Write that a second officer has checked the order, and when it ends by itself."""
    await connection.execute(
        "UPDATE court_order SET confirmed_by = $2, confirmed_at = $3, counts_until = $4 WHERE court_order_id = $1",
        court_order_id,
        by,
        at,
        counts_until,
    )


async def note_warned(connection: Connection, court_order_id: int, at: datetime) -> None:
    """Write that a supervisor was warned of the end of the order."""
    await connection.execute("UPDATE court_order SET warned_at = $2 WHERE court_order_id = $1", court_order_id, at)


async def due(
    connection: Connection, warns_before: datetime, without: Sequence[str], limit: int, at: datetime
) -> list[tuple[str, list[int]]]:
    """Return the orders, by case, that are over at `at`, or that end before `warns_before` and were not warned of."""
    rows = await connection.fetch(
        "SELECT case_no, array_agg(court_order_id ORDER BY court_order_id) AS ids FROM ("
        " SELECT case_no, court_order_id FROM court_order c WHERE withdrawn_at IS NULL AND counts_until <= $1"
        " AND (counts_until <= $4 OR (warned_at IS NULL AND court_order_counts(c))) AND case_no <> ALL($2)"
        " ORDER BY counts_until LIMIT $3) AS found GROUP BY case_no ORDER BY case_no",
        warns_before,
        list(without),
        limit,
        at,
    )
    return [(row["case_no"], list(row["ids"])) for row in rows]


async def ask_withdrawal(connection: Connection, court_order_id: int, by: str, reason: str, at: datetime) -> None:
    """Write that an officer asks to withdraw an order, which another one has to confirm."""
    await connection.execute(
        "UPDATE court_order SET withdrawal_asked_by = $2, withdrawal_asked_at = $3, withdrawal_asked_reason = $4"
        " WHERE court_order_id = $1",
        court_order_id,
        by,
        at,
        reason,
    )


async def withdraw(
    connection: Connection,
    court_order_id: int,
    by: str,
    reason: str,
    at: datetime,
    *,
    ended_as: CourtOrderEnd | None = None,
) -> None:
    """Withdraw an order that was entered by mistake, or that has ended by itself."""
    await connection.execute(
        "UPDATE court_order SET withdrawn_at = $2, withdrawn_by = $3, withdrawn_reason = $4, ended_as = $5"
        " WHERE court_order_id = $1",
        court_order_id,
        at,
        by,
        reason,
        ended_as,
    )


async def anything_ordered(connection: Connection, case_no: str, order: CourtOrder) -> bool:
    """Return whether a bank got an order under it, directly or by a restoration that continued since."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM bank_order WHERE case_no = $1 AND state <> 'cancelled' AND (court_order_id = $2"
        " OR ($3 AND kind = 'restore' AND planned_at >= $4)))",
        case_no,
        order.court_order_id,
        order.effect.value == "restore",
        order.taken_at,
    )
    return exists


class Releasable(FrozenModel):
    """Amount of a hop that a bank can be ordered to release: on hold, and under no order yet."""

    hop_no: int
    hold_id: UUID
    institution: str
    paise: int


_THERE: Final = "h.case_no = $1 AND ($2::text IS NULL OR (h.institution = $2 AND h.account_key = $3))"


async def held(connection: Connection, case_no: str, institution: str | None, account: str | None) -> int:
    """Return the amount of the case on hold, or at one account of it, in paise."""
    paise: int = await connection.fetchval(
        "SELECT coalesce(sum(b.balance_paise), 0)::bigint FROM hop h JOIN ledger_balance b"
        f" ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held' WHERE {_THERE}",
        case_no,
        institution,
        account,
    )
    return paise


async def releasable(connection: Connection, case_no: str, order: CourtOrder) -> list[Releasable]:
    """Return the amounts that can be released under the order, by hop, sorted by bank."""
    rows = await connection.fetch(
        "SELECT h.hop_no, a.hold_id, h.institution, (b.balance_paise - coalesce(o.paise, 0))::bigint AS paise"
        " FROM hop h JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'"
        " LEFT JOIN (SELECT l.hop_no, sum(l.amount_paise - l.confirmed_paise) AS paise FROM bank_order_line l"
        "  JOIN bank_order USING (order_id) WHERE l.case_no = $1 AND NOT l.excess"
        "  AND state IN ('planned', 'delivered', 'refused') GROUP BY l.hop_no) o ON o.hop_no = h.hop_no"
        " JOIN account_hold a ON a.case_no = h.case_no AND a.institution = h.institution"
        f" AND a.account_key = h.account_key WHERE {_THERE} ORDER BY h.institution, h.hop_no",
        case_no,
        order.institution,
        order.account_key,
    )
    return [Releasable(**dict(row)) for row in rows if row["paise"] > 0]


async def kept_by(connection: Connection, case_no: str, court_order_id: int) -> list[UUID]:
    """Return the holds that the order retains."""
    rows = await connection.fetch(
        "SELECT hold_id FROM account_hold WHERE case_no = $1 AND retained_by_kind = 'court_order'"
        " AND retained_by_id = $2 AND state = 'held' ORDER BY hold_id",
        case_no,
        str(court_order_id),
    )
    return [row["hold_id"] for row in rows]


# The newest order that retains the hold. It no longer does so once its sum is restored, or once the court has released
# the whole hold.
_RETAINED_BY: Final = """(
    SELECT c.court_order_id FROM court_order c
    WHERE c.case_no = h.case_no AND court_order_retains(c, h.institution, h.account_key)
      AND NOT EXISTS (SELECT FROM court_order r WHERE r.case_no = h.case_no AND r.effect = 'release'
          AND r.amount_paise IS NULL AND r.withdrawn_at IS NULL AND r.confirmed_at IS NOT NULL
          AND r.court_order_id > c.court_order_id
          AND (r.account_key IS NULL OR (r.institution, r.account_key) = (h.institution, h.account_key)))
      AND (c.effect = 'keep_hold' OR c.amount_paise IS NULL OR c.amount_paise > (
          SELECT coalesce(sum(l.confirmed_paise), 0) FROM court_order_lines(c.court_order_id) l))
    ORDER BY c.court_order_id DESC LIMIT 1)"""


async def keep_holds(connection: Connection, case_no: str, order: CourtOrder) -> list[str]:
    """Retain the holds that the order is about and retains now, so that they do not lapse; return their ids.

    Holds that it retains already, or that a newer order retains, stay as they are.
    """
    rows = await connection.fetch(
        "UPDATE account_hold h SET retained_by_kind = 'court_order', retained_by_id = $4 WHERE h.state = 'held'"
        f" AND {_THERE} AND {_RETAINED_BY}::text = $4"
        " AND (h.retained_by_kind, h.retained_by_id) IS DISTINCT FROM ('court_order', $4)"
        " RETURNING h.hold_id::text AS hold_id",
        case_no,
        order.institution,
        order.account_key,
        str(order.court_order_id),
    )
    return sorted(row["hold_id"] for row in rows)


async def keep_hold(connection: Connection, hold_id: UUID) -> int | None:
    """Retain a new hold if an order in force covers it; return the order's id or None."""
    retained: str | None = await connection.fetchval(
        "UPDATE account_hold h SET (retained_by_kind, retained_by_id) ="
        f" (SELECT 'court_order', k.kept::text FROM {_RETAINED_BY} AS k (kept)) WHERE h.hold_id = $1"
        " RETURNING retained_by_id",
        hold_id,
    )
    return int(retained) if retained else None


async def rows_of(connection: Connection, court_order_id: int) -> list[int]:
    """Return the ids of an order's entries, one per account, the given one included."""
    rows = await connection.fetch(
        "SELECT s.court_order_id FROM court_order c JOIN court_order s"
        " ON (s.case_no, s.court, s.order_no, s.effect) = (c.case_no, c.court, c.order_no, c.effect)"
        " WHERE c.court_order_id = $1 AND (s.withdrawn_at IS NULL OR s.court_order_id = $1) ORDER BY s.court_order_id",
        court_order_id,
    )
    return [row["court_order_id"] for row in rows]


async def is_used_up(connection: Connection, court_order_id: int) -> bool:
    """Return whether the sum that an order names is restored."""
    done: bool = await connection.fetchval(
        "SELECT coalesce(c.amount_paise <= (SELECT sum(l.confirmed_paise) FROM court_order_lines($1) l), false)"
        " FROM court_order c WHERE c.court_order_id = $1",
        court_order_id,
    )
    return done


async def let_holds_go(connection: Connection, case_no: str, court_order_id: int) -> list[str]:
    """Stop the order's retention of holds; another order or an approved restoration may retain them.

    Returns the ids of the holds that the order had retained.
    """
    rows = await connection.fetch(
        "UPDATE account_hold h SET (retained_by_kind, retained_by_id) = ("
        f" SELECT kind, id FROM (SELECT 1, 'court_order', k.kept::text FROM {_RETAINED_BY} AS k (kept) UNION ALL"
        " (SELECT 2, 'restoration', r.restoration_id::text FROM restoration_line l"
        " JOIN restoration r USING (restoration_id) WHERE l.hold_id = h.hold_id AND r.state = 'open'"
        " AND r.approved_by IS NOT NULL ORDER BY r.opened_at LIMIT 1)) AS keeper (place, kind, id)"
        " ORDER BY place LIMIT 1)"
        " WHERE h.case_no = $1 AND h.retained_by_kind = 'court_order' AND h.retained_by_id = $2"
        " RETURNING h.hold_id::text AS hold_id",
        case_no,
        str(court_order_id),
    )
    return sorted(row["hold_id"] for row in rows)
