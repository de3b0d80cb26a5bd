"""Inquiries to victims' banks: planned with the hops, sent in the background, ended by an answer or by time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from asyncpg import Record

from db.pool import Connection
from domain.errors.case import FoundTransferNotFound, PayerInquiryNotFound, PayerInquiryReplaced
from schemas.base import FrozenModel, UtcDatetime
from schemas.case.answers import PayerLine
from schemas.case.payer_inquiries import PayerInquiry
from schemas.enums import ChannelKind, PayerInquiryState, PayerLineKind
from schemas.identifiers import account_end

MOST_SHOWN: Final = 200


class NewInquiry(FrozenModel):
    """Inquiry as it is planned. A skipped one says why in `reason`."""

    inquiry_id: UUID
    hop_no: int
    institution: str | None
    state: PayerInquiryState
    near_seconds: float
    reason: str = ""


class AskedInquiry(FrozenModel):
    """Inquiry with the transfer that it asks about."""

    inquiry_id: UUID
    case_no: str
    hop_no: int
    institution: str
    planned_at: UtcDatetime
    reference: str
    amount_paise: int
    transferred_at: UtcDatetime
    layer: int


class DueInquiry(AskedInquiry):
    """Inquiry that is to be sent now."""

    tries: int
    """attempts so far, this one included"""


def insert(case_no: str, rows: str, at: str) -> str:
    """Return the statement that plans inquiries; its arguments are SQL, and `as_stored` gives the rows."""
    return (
        "INSERT INTO payer_inquiry (inquiry_id, case_no, hop_no, institution, state, near_seconds, planned_at, due_at,"
        f" closed_at, reason) SELECT r.inquiry_id, {case_no}, r.hop_no, r.institution, r.state, r.near_seconds, t.at,"
        " CASE r.state WHEN 'planned' THEN t.at END, CASE r.state WHEN 'skipped' THEN t.at END, r.reason"
        f" FROM jsonb_populate_recordset(NULL::payer_inquiry, {rows}::jsonb) AS r,"
        f" (SELECT {at}::timestamptz AS at) AS t"
    )


def as_stored(new: Sequence[NewInquiry]) -> list[dict[str, Any]]:
    """Return new inquiries as the database reads them from JSON."""
    return [inquiry.model_dump(mode="json") for inquiry in new]


_PLAN: Final = insert("$1", "$2", "$3")


async def plan(connection: Connection, case_no: str, new: Sequence[NewInquiry], at: datetime) -> None:
    """Write inquiries in the transaction that opens their hops."""
    await connection.execute(_PLAN, case_no, as_stored(new), at)


async def is_live(connection: Connection, case_no: str, hop_no: int) -> bool:
    """Return whether an inquiry asks about the transfer as it is now, also one that is over."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM payer_inquiry WHERE case_no = $1 AND hop_no = $2 AND replaced_at IS NULL)",
        case_no,
        hop_no,
    )
    return exists


async def take_due(connection: Connection, now: datetime, retry_at: datetime, limit: int) -> list[DueInquiry]:
    """Return the inquiries that are due, with one more attempt counted. They are due again at `retry_at`."""
    rows = await connection.fetch(
        "WITH due AS (SELECT inquiry_id FROM payer_inquiry WHERE state = 'planned' AND due_at <= $1"
        "  ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED)"
        " UPDATE payer_inquiry i SET tries = i.tries + 1, due_at = $2 FROM due, hop h"
        " WHERE i.inquiry_id = due.inquiry_id AND h.case_no = i.case_no AND h.hop_no = i.hop_no"
        " RETURNING i.inquiry_id, i.case_no, i.hop_no, i.institution, i.planned_at, i.tries, h.reference,"
        " h.amount_paise, h.transferred_at, h.layer",
        now,
        retry_at,
        limit,
    )
    return [DueInquiry(**dict(row)) for row in rows]


_OF_BANK: Final = (
    "SELECT i.inquiry_id, i.case_no, i.hop_no, i.institution, i.planned_at, h.reference, h.amount_paise,"
    " h.transferred_at, h.layer, i.replaced_at"
    " FROM payer_inquiry i JOIN hop h USING (case_no, hop_no) WHERE i.institution = $1"
)


async def waiting_at(
    connection: Connection, institution: str, after: tuple[datetime, UUID] | None, limit: int
) -> list[AskedInquiry]:
    """Return the inquiries that wait for this bank's answer, the oldest first, after that place."""
    rows = await connection.fetch(
        f"{_OF_BANK} AND i.due_at IS NOT NULL AND ($3::uuid IS NULL OR (i.planned_at, i.inquiry_id) > ($2, $3))"
        " ORDER BY i.planned_at, i.inquiry_id LIMIT $4",
        institution,
        *(after or (None, None)),
        limit,
    )
    return [_asked(row) for row in rows]


async def one_of_bank(connection: Connection, institution: str, inquiry_id: UUID) -> AskedInquiry:
    """Return an inquiry of this bank in any state. Raises `NotFound`, also for one that the bank never got.

    Raises `PayerInquiryReplaced` if the transfer was corrected since, because the hop no longer has what was asked.
    """
    row = await connection.fetchrow(
        f"{_OF_BANK} AND i.inquiry_id = $2 AND i.state <> 'skipped'", institution, inquiry_id
    )
    if row is None:
        raise PayerInquiryNotFound(inquiry_id)
    if row["replaced_at"] is not None:
        raise PayerInquiryReplaced(inquiry_id)
    return _asked(row)


def _asked(row: Record) -> AskedInquiry:
    return AskedInquiry(**{name: row[name] for name in AskedInquiry.model_fields})


async def overdue(connection: Connection, now: datetime, skip: Sequence[UUID], limit: int) -> list[tuple[str, UUID]]:
    """Return case and id of delivered inquiries whose time for an answer is over. Leaves out those in `skip`."""
    rows = await connection.fetch(
        "SELECT case_no, inquiry_id FROM payer_inquiry WHERE state = 'delivered' AND due_at <= $1"
        " AND inquiry_id <> ALL($2) ORDER BY due_at LIMIT $3",
        now,
        list(skip),
        limit,
    )
    return [(row["case_no"], row["inquiry_id"]) for row in rows]


async def delivered(
    connection: Connection, inquiry_id: UUID, channel: ChannelKind, job_id: str, now: datetime, until: datetime
) -> bool:
    """Write the delivery; false if the inquiry ended meanwhile. The job id is kept in any case."""
    state = await connection.fetchval(
        "UPDATE payer_inquiry SET job_id = $3, channel = $2, delivered_at = $4,"
        " state = CASE state WHEN 'planned' THEN 'delivered' ELSE state END,"
        " due_at = CASE state WHEN 'planned' THEN $5::timestamptz ELSE due_at END"
        " WHERE inquiry_id = $1 RETURNING state",
        inquiry_id,
        channel.value,
        job_id,
        now,
        until,
    )
    return bool(state == PayerInquiryState.DELIVERED)


async def fail(connection: Connection, inquiry_id: UUID, reason: str, now: datetime) -> tuple[int, str] | None:
    """End an inquiry without an answer; return its hop and bank, or None if it has ended already."""
    row = await connection.fetchrow(
        "UPDATE payer_inquiry SET state = 'failed', due_at = NULL, closed_at = $3, reason = $2"
        " WHERE inquiry_id = $1 AND state IN ('planned', 'delivered') RETURNING hop_no, institution",
        inquiry_id,
        reason,
        now,
    )
    return (row["hop_no"], row["institution"]) if row else None


async def answered(connection: Connection, inquiry_ids: Sequence[UUID], now: datetime) -> None:
    """Write that these inquiries have an answer, also one that comes after its time."""
    await connection.execute(
        "UPDATE payer_inquiry SET state = 'answered', answered_at = $2, due_at = NULL, closed_at = $2, reason = ''"
        " WHERE inquiry_id = ANY($1) AND state IN ('planned', 'delivered', 'failed')",
        list(inquiry_ids),
        now,
    )


async def insert_statements(
    connection: Connection,
    lines: Sequence[PayerLine],
    answer_ids: Sequence[int],
    keys: Sequence[tuple[str, str]],
    at: datetime,
) -> None:
    """Write what the bank says of told transfers; `keys` has the accounts debited and credited of each."""
    await connection.executemany(
        "INSERT INTO payer_statement (inquiry_id, answer_id, kind, differing, amount_paise, payer_key,"
        " payee_institution, payee_key, payer_confirmed, stated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        [
            (
                line.inquiry_id,
                answer_ids[line.claim_index],
                line.kind.value,
                [part.value for part in line.differing],
                0 if line.kind is PayerLineKind.DENIED else line.claim.amount_paise,
                *(payer_key, line.claim.payee.institution if line.claim.payee else None, payee_key),
                line.payer_confirmed,
                at,
            )
            for line, (payer_key, payee_key) in zip(lines, keys, strict=True)
        ],
    )


class NewFound(FrozenModel):
    """Transfer that the bank names, as it is written."""

    inquiry_id: UUID
    answer_id: int
    payer_account: str
    payee_institution: str | None
    payee_institution_as_told: str
    payee_account: str
    payee_ifsc: str | None
    reference: str
    reference_key: str
    amount_paise: int
    occurred_at: UtcDatetime | None
    is_near: bool
    payer_differs: bool
    is_signed: bool


async def insert_found(
    connection: Connection, transfers: Sequence[NewFound], at: datetime
) -> dict[tuple[UUID, str], int]:
    """Write found transfers; return the ids of those that are new, by inquiry and reference."""
    names = ", ".join(NewFound.model_fields)
    rows = await connection.fetch(
        f"INSERT INTO payer_found_transfer ({names}, found_at)"
        f" SELECT {', '.join(f'r.{name}' for name in NewFound.model_fields)}, $2"
        " FROM jsonb_populate_recordset(NULL::payer_found_transfer, $1::jsonb) AS r"
        " ON CONFLICT (inquiry_id, reference_key) DO NOTHING RETURNING inquiry_id, reference_key, found_id",
        [transfer.model_dump(mode="json") for transfer in transfers],
        at,
    )
    return {(row["inquiry_id"], row["reference_key"]): row["found_id"] for row in rows}


class FoundRow(NewFound):
    """Found transfer with its decision, and the told transfer beside which it was found."""

    found_id: int
    hop_no: int
    institution: str
    decision: str | None
    followed_hop_no: int | None


async def found_of_case(connection: Connection, case_no: str, found_id: int) -> FoundRow:
    """Lock a found transfer of a case and return it. Raises `NotFound`."""
    row = await connection.fetchrow(
        "SELECT f.*, i.hop_no, i.institution FROM payer_found_transfer f JOIN payer_inquiry i USING (inquiry_id)"
        " WHERE f.found_id = $2 AND i.case_no = $1 FOR UPDATE OF f",
        case_no,
        found_id,
    )
    if row is None:
        raise FoundTransferNotFound(found_id)
    return FoundRow(**{name: row[name] for name in FoundRow.model_fields})


async def followed_count(connection: Connection, inquiry_id: UUID) -> int:
    """Return how many transfers of an inquiry were followed before a decision."""
    count: int = await connection.fetchval(
        "SELECT count(*) FROM payer_found_transfer WHERE inquiry_id = $1 AND followed_hop_no IS NOT NULL", inquiry_id
    )
    return count


async def followed(connection: Connection, found_id: int, hop_no: int) -> None:
    """Write which hop follows a found transfer."""
    await connection.execute(
        "UPDATE payer_found_transfer SET followed_hop_no = $2 WHERE found_id = $1", found_id, hop_no
    )


async def undecided_at(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> list[FoundRow]:
    """Return the found transfers that these hops follow, and that no officer has decided on."""
    rows = await connection.fetch(
        "SELECT f.*, i.hop_no, i.institution FROM payer_found_transfer f JOIN payer_inquiry i USING (inquiry_id)"
        " WHERE i.case_no = $1 AND f.followed_hop_no = ANY($2) AND f.decision IS NULL ORDER BY f.found_id",
        case_no,
        list(hop_nos),
    )
    return [FoundRow(**{name: row[name] for name in FoundRow.model_fields}) for row in rows]


async def decide(
    connection: Connection, found_id: int, decision: str, reason: str, by: str, at: datetime, hop_no: int | None
) -> None:
    """Write an officer's decision on a found transfer. The database refuses a second one."""
    await connection.execute(
        "UPDATE payer_found_transfer SET decision = $2, reason = $3, decided_by = $4, decided_at = $5,"
        " taken_hop_no = $6 WHERE found_id = $1",
        found_id,
        decision,
        reason,
        by,
        at,
        hop_no,
    )


_OF_CASE: Final = """
SELECT i.inquiry_id, i.hop_no, i.institution, i.state, i.planned_at, i.delivered_at, i.answered_at, i.reason,
    i.replaced_at,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('kind', s.kind, 'differing', s.differing, 'amount_paise',
         s.amount_paise, 'payer_confirmed', s.payer_confirmed, 'stated_at', s.stated_at) ORDER BY s.statement_id), '[]')
     FROM payer_statement s WHERE s.inquiry_id = i.inquiry_id) AS statements,
    (SELECT coalesce(jsonb_agg(to_jsonb(f) - '{inquiry_id,answer_id,payer_account,payee_institution_as_told,payee_ifsc,\
reference_key,found_at}'::text[] ORDER BY f.found_id), '[]')
     FROM payer_found_transfer f WHERE f.inquiry_id = i.inquiry_id) AS found
FROM payer_inquiry i WHERE i.case_no = $1 ORDER BY i.hop_no, i.planned_at, i.inquiry_id LIMIT $2
"""


async def of_case(connection: Connection, case_no: str) -> list[PayerInquiry]:
    """Return the inquiries of a case with what the banks said, at most `MOST_SHOWN`."""
    inquiries = []
    for row in await connection.fetch(_OF_CASE, case_no, MOST_SHOWN):
        fields = dict(row)
        fields["found"] = [
            transfer | {"account_end": account_end(transfer.pop("payee_account"))} for transfer in fields["found"]
        ]
        inquiries.append(PayerInquiry(**fields))
    return inquiries
