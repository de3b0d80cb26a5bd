"""Rows that the page shows of one complaint, read in one snapshot that the caller opens."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from db.case.cases import COUNTED_ELSEWHERE
from db.pool import Connection
from db.privacy.jurisdiction import is_marked
from db.privacy.person_keys import StoredPerson, stored
from db.recovery import payer_decisions
from db.recovery.credit_accounts import OBJECT_UNTIL
from domain.case.ledger import CONTRA_BUCKETS
from domain.errors.case import ComplaintNotFound
from domain.people.my_case import claim_of
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Bucket, Language
from schemas.identifiers import account_end
from schemas.people.my_case import (
    Office,
    OwnClaim,
    OwnCredit,
    OwnCreditAccount,
    OwnDocument,
    OwnRestoration,
    OwnSignature,
    OwnTransfer,
    Place,
    StepDone,
)
from schemas.procedures import RestorationPolicy
from schemas.restoration_enums import DocumentKind

TRANSFERS_MAX: Final = 50
CREDITS_MAX: Final = 50
DOCUMENTS_MAX: Final = 40
ACCOUNTS_MAX: Final = 5

SHOWN: Final = (
    DocumentKind.RESTORATION_APPLICATION.value,
    DocumentKind.SIGNED_APPLICATION.value,
    DocumentKind.STATUS_LETTER.value,
)
"""kinds of documents that the victim reads"""


class ComplaintRow(FrozenModel):
    """A complaint with the sealed data of its victim."""

    ack_no: str
    case_no: str
    person: StoredPerson
    language: Language
    is_marked: bool
    is_open: bool
    received_at: UtcDatetime
    answered_on: date | None


async def complaint_of(connection: Connection, number: str) -> str | None:
    """Return the complaint with this number of ours or of the national portal, or None."""
    ack_no: str | None = await connection.fetchval(
        "SELECT ack_no FROM complaint WHERE ack_no = $1 UNION ALL SELECT ack_no FROM complaint WHERE portal_ack_no = $1"
        " LIMIT 1",
        number,
    )
    return ack_no


async def complaint(connection: Connection, ack_no: str) -> ComplaintRow:
    """Return a complaint. Raises `NotFound`."""
    row = await connection.fetchrow(
        f"SELECT c.ack_no, c.case_no, {stored('v')} AS person, v.language, {is_marked('c.case_no')} AS is_marked,"
        " f.state = 'open' AS is_open, c.received_at, t.answered_on"
        " FROM complaint c JOIN victim v USING (victim_id) JOIN case_file f USING (case_no)"
        " LEFT JOIN treatment_report t USING (ack_no) WHERE c.ack_no = $1",
        ack_no,
    )
    if row is None:
        raise ComplaintNotFound(ack_no)
    return ComplaintRow(**dict(row))


# A hop belongs to the highest hop above it that is of the same complaint. Money that only a bank names is no loss yet.
# A transfer that is set aside is where the other case of the merge has it, as in `complaint_money.buckets`.
_TRANSFERS: Final = f"""
WITH RECURSIVE proposed AS (
    SELECT hop_no FROM ledger_balance WHERE case_no = $1 AND bucket = 'proposed' AND balance_paise < 0
    UNION ALL SELECT h.hop_no FROM proposed p JOIN hop h ON h.case_no = $1 AND h.parent_hop_no = p.hop_no
), below AS (
    SELECT h.hop_no AS root_no, h.hop_no FROM hop h
    LEFT JOIN hop above ON above.case_no = h.case_no AND above.hop_no = h.parent_hop_no
    WHERE h.case_no = $1 AND h.ack_no = $2 AND above.ack_no IS DISTINCT FROM h.ack_no
        AND h.hop_no NOT IN (SELECT hop_no FROM proposed)
    UNION ALL
    SELECT b.root_no, h.hop_no FROM below b JOIN hop h ON h.case_no = $1 AND h.parent_hop_no = b.hop_no
    WHERE h.ack_no = $2 AND h.hop_no NOT IN (SELECT hop_no FROM proposed)
), counted AS ({COUNTED_ELSEWHERE}
), places AS (
    SELECT root_no, $1 AS case_no, hop_no, false AS is_counted_elsewhere FROM below
    UNION ALL (SELECT DISTINCT ON (case_no, hop_no) root_no, case_no, hop_no, true FROM counted ORDER BY 2, 3, 1)
)
SELECT r.hop_no AS root_no, r.transferred_at, r.disputed_paise,
    coalesce(ri.name, r.payee_institution_as_told) AS to_bank, l.bucket, coalesce(i.name, '') AS bank,
    b.is_counted_elsewhere, sum(l.balance_paise)::bigint AS paise,
    min(k.held_at) FILTER (WHERE l.bucket = 'held') AS held_since,
    min(a.lapses_at) FILTER (WHERE l.bucket = 'held' AND a.state = 'held' AND a.retained_by_kind IS NULL)
        AS held_until
FROM places b JOIN hop h USING (case_no, hop_no)
JOIN hop r ON r.case_no = $1 AND r.hop_no = b.root_no
LEFT JOIN institution ri ON ri.code = r.institution
LEFT JOIN institution i ON i.code = h.institution
JOIN ledger_balance l ON l.case_no = h.case_no AND l.hop_no = h.hop_no AND l.balance_paise <> 0
    AND NOT (b.is_counted_elsewhere AND l.bucket IN ('lost', 'proposed'))
LEFT JOIN held_hop k ON k.case_no = h.case_no AND k.hop_no = h.hop_no
LEFT JOIN account_hold a ON a.case_no = h.case_no AND a.institution = h.institution AND a.account_key = h.account_key
GROUP BY r.hop_no, r.transferred_at, r.disputed_paise, to_bank, l.bucket, i.name, b.is_counted_elsewhere
ORDER BY r.transferred_at, r.hop_no, sum(l.balance_paise) DESC
"""


class Money(FrozenModel):
    """The money of a complaint: by transfer, and summed by bucket."""

    lost_paise: int
    sums: dict[Bucket, int]
    transfers: tuple[OwnTransfer, ...]
    more_transfers: int


async def money(connection: Connection, case_no: str, ack_no: str) -> Money:
    """Return where the money of a complaint is."""
    lost_paise, sums = 0, dict[Bucket, int]()
    by_root: dict[int, list[Record]] = {}
    for row in await connection.fetch(_TRANSFERS, case_no, ack_no):
        bucket = Bucket(row["bucket"])
        of_root = by_root.setdefault(row["root_no"], [])
        if bucket in CONTRA_BUCKETS:
            lost_paise -= row["paise"]
            continue
        if row["is_counted_elsewhere"]:
            lost_paise += row["paise"]
        sums[bucket] = sums.get(bucket, 0) + row["paise"]
        of_root.append(row)
    transfers = [rows for rows in by_root.values() if rows]
    return Money(
        lost_paise=lost_paise,
        sums=sums,
        transfers=tuple(_transfer(rows) for rows in transfers[:TRANSFERS_MAX]),
        more_transfers=max(len(transfers) - TRANSFERS_MAX, 0),
    )


def _transfer(rows: list[Record]) -> OwnTransfer:
    first = rows[0]
    return OwnTransfer(
        transferred_at=first["transferred_at"],
        amount_paise=first["disputed_paise"],
        bank=first["to_bank"],
        places=tuple(
            Place(
                bucket=row["bucket"],
                bank=row["bank"],
                amount_paise=row["paise"],
                held_since=row["held_since"],
                held_until=row["held_until"],
            )
            for row in rows
        ),
    )


_TOLD: Final = """
SELECT t.case_no, t.hop_no, t.transferred_at, t.amount_paise, coalesce(i.name, h.payee_institution_as_told) AS bank,
    coalesce(h.ack_no, h.case_no) = $1 AS is_own
FROM complaint_transfer t JOIN hop h USING (case_no, hop_no) LEFT JOIN institution i ON i.code = h.institution
WHERE t.ack_no = $1 AND h.parent_hop_no IS NULL ORDER BY t.row_no LIMIT $2
"""


async def claims(connection: Connection, ack_no: str) -> tuple[OwnClaim, ...]:
    """Return the transfers of a complaint that another complaint tells too, or its bank with another payer.

    A complaint may also tell a transfer of another case.
    """
    rows = await connection.fetch(_TOLD, ack_no, TRANSFERS_MAX)
    contested = {
        (case_no, transfer.hop_no): transfer
        for case_no in {row["case_no"] for row in rows}
        for transfer in await payer_decisions.contested(
            connection, case_no, [row["hop_no"] for row in rows if row["case_no"] == case_no]
        )
    }
    own_claims = []
    for row in rows:
        values = dict(row)
        transfer = contested.get((values.pop("case_no"), values.pop("hop_no")))
        claim = claim_of(ack_no, transfer, is_own=values.pop("is_own"))
        if claim is not None:
            own_claims.append(
                OwnClaim(
                    **values,
                    state=claim.state,
                    decided_at=claim.decided_at,
                    ordered=transfer is not None and transfer.ordered,
                    given_to=claim.given_to,
                )
            )
    return tuple(own_claims)


# A transfer that is set aside is restored under the number of the other case of the merge. The account of a credit
# under another number may be another person's, so it is not shown.
_CREDITS: Final = f"""
WITH RECURSIVE below AS (SELECT 0 AS root_no, hop_no FROM hop WHERE case_no = $1 AND ack_no = $2
), counted AS ({COUNTED_ELSEWHERE}
), line AS (
    SELECT l.order_id, l.line_no FROM restoration r JOIN bank_order o USING (restoration_id)
    JOIN bank_order_line l USING (order_id) WHERE r.ack_no = $2 AND l.ack_no = $2
    UNION
    SELECT l.order_id, l.line_no FROM (SELECT DISTINCT case_no, hop_no FROM counted) AS c
    JOIN bank_order o USING (case_no) JOIN bank_order_line l ON l.order_id = o.order_id AND l.hop_no = c.hop_no
)
SELECT i.name AS bank, sum(l.confirmed_paise)::bigint AS amount_paise,
    CASE WHEN bool_and(l.ack_no = $2) THEN max(l.beneficiary_holder) ELSE '' END AS account,
    coalesce((SELECT max(w.received_at) FROM bank_confirmation w WHERE w.order_id = o.order_id), o.planned_at) AS at
FROM line JOIN bank_order_line l USING (order_id, line_no) JOIN bank_order o USING (order_id)
JOIN institution i ON i.code = o.institution
WHERE o.kind = 'restore' AND l.confirmed_paise > 0 GROUP BY o.order_id, i.name
ORDER BY 4 DESC LIMIT $3
"""


async def credits_of(connection: Connection, case_no: str, ack_no: str) -> tuple[OwnCredit, ...]:
    """Return what banks have credited of the money of a complaint, the newest first."""
    rows = await connection.fetch(_CREDITS, case_no, ack_no, CREDITS_MAX)
    own_credits = []
    for row in rows:
        values = dict(row)
        end = account_end(values.pop("account"))
        own_credits.append(OwnCredit(**values, account_end=end))
    return tuple(own_credits)


async def restoration(connection: Connection, ack_no: str) -> OwnRestoration | None:
    """Return the newest restoration of a complaint, an open one first; None without one."""
    row = await connection.fetchrow(
        "SELECT r.restoration_id, r.state, r.route, r.step, r.visit_no, s.due_at, r.closed_at, r.policy"
        " FROM restoration r LEFT JOIN restoration_step s ON s.restoration_id = r.restoration_id AND s.ended_at IS NULL"
        " WHERE r.ack_no = $1 ORDER BY r.state <> 'open', r.round_no DESC LIMIT 1",
        ack_no,
    )
    if row is None:
        return None
    values: dict[str, Any] = dict(row)
    policy = RestorationPolicy.model_validate(values.pop("policy"))
    visits = await connection.fetch(
        "SELECT DISTINCT ON (step) step, ended_at, outcome FROM restoration_step WHERE restoration_id = $1"
        " ORDER BY step, place DESC",
        row["restoration_id"],
    )
    done = sorted(
        (visit for visit in visits if visit["outcome"] in {"done", "skipped"}), key=lambda visit: visit["ended_at"]
    )
    return OwnRestoration(
        **values,
        done=tuple(StepDone(step=visit["step"], ended_at=visit["ended_at"]) for visit in done),
        step_seconds={step: clock.due_seconds for step, clock in policy.steps.items()},
        bond_for=policy.bond_for,
    )


_DOCUMENT: Final = (
    "document_id, number, kind, language, issued_at, size_bytes,"
    " encode(digest, 'hex') AS digest, restoration_id, revision"
)


async def documents(connection: Connection, ack_no: str) -> tuple[OwnDocument, ...]:
    """Return the documents of a complaint that the victim may read, the newest first."""
    rows = await connection.fetch(
        f"SELECT {_DOCUMENT} FROM document WHERE ack_no = $1 AND kind = ANY($2)"
        " ORDER BY issued_at DESC, document_id LIMIT $3",
        ack_no,
        list(SHOWN),
        DOCUMENTS_MAX,
    )
    return tuple(OwnDocument(**dict(row)) for row in rows)


async def document(connection: Connection, ack_no: str, document_id: UUID) -> OwnDocument | None:
    """Return one document of a complaint that the victim may read, or None."""
    row = await connection.fetchrow(
        f"SELECT {_DOCUMENT} FROM document WHERE document_id = $1 AND ack_no = $2 AND kind = ANY($3)",
        document_id,
        ack_no,
        list(SHOWN),
    )
    return OwnDocument(**dict(row)) if row else None


async def signature(connection: Connection, restoration_id: UUID) -> OwnSignature | None:
    """Return the newest signature by code of a restoration, or None."""
    row = await connection.fetchrow(
        "SELECT s.signed_at, d.number, encode(s.digest, 'hex') AS digest, s.mobile_end"
        " FROM application_signature s JOIN document d USING (document_id)"
        " WHERE s.restoration_id = $1 ORDER BY s.visit_no DESC LIMIT 1",
        restoration_id,
    )
    return OwnSignature(**dict(row)) if row else None


async def fir_sign_by(connection: Connection, case_no: str, ack_no: str) -> datetime | None:
    """Return until when the victim must sign an e-Zero FIR, or None. The first complainant of a case signs it."""
    at: datetime | None = await connection.fetchval(
        "SELECT max(sign_by) FROM fir WHERE case_no = $1 AND kind = 'e_zero_fir' AND state = 'registered'"
        " AND signed_at IS NULL AND $2 = (SELECT c.ack_no FROM complaint c WHERE c.case_no = $1"
        "  ORDER BY c.received_at, c.ack_no LIMIT 1)",
        case_no,
        ack_no,
    )
    return at


async def credit_accounts(connection: Connection, ack_no: str) -> tuple[OwnCreditAccount, ...]:
    """Return the other accounts to be credited that did not end, the newest first."""
    rows = await connection.fetch(
        f"SELECT c.account_id, right(c.account, 4) AS account_end, i.name AS bank, {OBJECT_UNTIL}"
        " FROM credit_account c JOIN institution i ON i.code = c.institution"
        " WHERE c.ack_no = $1 AND c.ended_at IS NULL ORDER BY c.account_id DESC LIMIT $2",
        ack_no,
        ACCOUNTS_MAX,
    )
    return tuple(OwnCreditAccount(**dict(row)) for row in rows)


async def offices(connection: Connection, case_no: str) -> tuple[Office, ...]:
    """Return the posts of the investigating and of the supervising officer of a case."""
    rows = await connection.fetch(
        "SELECT DISTINCT ON (duty) duty, police_station AS station, phone FROM case_officer"
        " WHERE case_no = $1 AND duty IN ('io', 'supervising') ORDER BY duty, assignment_no DESC",
        case_no,
    )
    return tuple(Office(station=row["station"], phone=row["phone"]) for row in rows)
