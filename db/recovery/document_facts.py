"""Facts for documents, read from the rows as they are: the models of `schemas.recovery.document_facts`."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from asyncpg import Record

from db.case.ledger import NOT_PROPOSED
from db.pool import Connection
from db.privacy.person_keys import StoredPerson, stored
from db.rows import Rows
from domain.case.ledger import CONTRA_BUCKETS
from domain.errors.banks import InstitutionNotFound
from domain.errors.case import ComplaintNotOfCase
from domain.errors.recovery import HoldNotFound, OrderNotFound
from domain.errors.restoration import RestorationNotFound
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Bucket
from schemas.identifiers import person_of
from schemas.privacy.personal_data import WHOLE_STATE
from schemas.procedures import RestorationPolicy
from schemas.recovery.court_orders import HandedIn
from schemas.recovery.document_facts import (
    AccountFacts,
    BeneficiaryFacts,
    BucketFacts,
    CourtOrderFacts,
    FirFacts,
    OfficerFacts,
    OrderLineFacts,
    TransferFacts,
)
from schemas.restoration_enums import DutyKind, OrderKind, OrderReason, Route, Step

_ON_THE_ROSTER: Final = """
SELECT o.name, o.rank, o.station AS police_station, o.mobile AS phone, o.email,
    coalesce((SELECT min(d.district) FROM officer_district d
        WHERE d.officer_id = o.officer_id AND d.until_at IS NULL AND d.district <> $2), '') AS district
FROM officer o WHERE o.officer_id = $1
"""


async def officer(connection: Connection, case_no: str, duty: str = "io") -> OfficerFacts:
    """Return the police officer who has this duty in the case now; empty if none was assigned."""
    row = await connection.fetchrow(
        "SELECT name, rank, police_station, district, phone, email FROM case_officer"
        " WHERE case_no = $1 AND duty = $2 ORDER BY assignment_no DESC LIMIT 1",
        case_no,
        duty,
    )
    return OfficerFacts(**dict(row)) if row else OfficerFacts()


async def officer_by_subject(connection: Connection, case_no: str, subject: str) -> OfficerFacts:
    """Return an officer by id; empty if unknown.

    The officer's last assignment in the case counts, then the last one in any case, then what the roster says.
    """
    for condition in ("case_no = $1", "case_no <> $1"):
        row = await connection.fetchrow(
            "SELECT name, rank, police_station, district, phone, email FROM case_officer"
            f" WHERE {condition} AND subject = $2 ORDER BY assigned_at DESC LIMIT 1",
            case_no,
            person_of(subject),
        )
        if row:
            return OfficerFacts(**dict(row))
    row = await connection.fetchrow(_ON_THE_ROSTER, person_of(subject), WHOLE_STATE)
    return OfficerFacts(**dict(row)) if row else OfficerFacts()


async def fir(connection: Connection, case_no: str) -> FirFacts:
    """Return the FIR in force, with the hash of its newest stored copy; empty if none is registered."""
    row = await connection.fetchrow(
        "SELECT f.fir_no AS number, (f.registered_at AT TIME ZONE 'Asia/Kolkata')::date AS registered_on,"
        " f.police_station, f.sections, coalesce(encode(c.digest, 'hex'), '') AS copy_digest FROM fir f"
        " LEFT JOIN fir_copy c ON c.case_no = f.case_no AND c.digest = f.document_digest"
        " WHERE f.case_no = $1 AND f.state IN ('registered', 'signed') ORDER BY f.registered_at DESC LIMIT 1",
        case_no,
    )
    return FirFacts(**dict(row)) if row else FirFacts()


async def institution_name(connection: Connection, code: str) -> str:
    """Return the name of a bank. Raises `NotFound`."""
    name: str | None = await connection.fetchval("SELECT name FROM institution WHERE code = $1", code)
    if name is None:
        raise InstitutionNotFound(code)
    return name


_ACCOUNTS: Final = """
SELECT i.name AS institution_name, (array_agg(h.payee_holder ORDER BY h.hop_no))[1] AS account,
    coalesce(max(h.payee_ifsc), '') AS ifsc, sum(b.balance_paise)::bigint AS amount_paise,
    array_agg(DISTINCT h.reference) FILTER (WHERE h.reference <> '') AS refs,
    min(h.transferred_at) AS since, min(k.held_at) FILTER (WHERE b.bucket = 'held') AS held_at
FROM hop h JOIN institution i ON i.code = h.institution
JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no
LEFT JOIN held_hop k ON k.case_no = h.case_no AND k.hop_no = h.hop_no
WHERE h.case_no = $1 AND b.bucket = ANY($2) AND b.balance_paise > 0
    AND ($3::text IS NULL OR h.institution = $3) AND ($4::text IS NULL OR h.account_key = $4)
    AND ($5::integer[] IS NULL OR h.hop_no = ANY($5))
GROUP BY i.name, h.institution, h.account_key ORDER BY min(h.hop_no)
"""


async def accounts(
    connection: Connection,
    case_no: str,
    buckets: Sequence[Bucket],
    institution: str | None = None,
    account_key: str | None = None,
    hop_nos: Sequence[int] | None = None,
) -> tuple[AccountFacts, ...]:
    """Return the accounts with money of the case in these buckets, with the amounts."""
    rows = await connection.fetch(
        _ACCOUNTS,
        case_no,
        [bucket.value for bucket in buckets],
        institution,
        account_key,
        None if hop_nos is None else list(hop_nos),
    )
    return tuple(_account(row) for row in rows)


async def every_account(connection: Connection, case_no: str, institution: str) -> tuple[AccountFacts, ...]:
    """Return the accounts at a bank that ever received money of the case, without amounts."""
    rows = await connection.fetch(
        "SELECT '' AS institution_name, (array_agg(h.payee_holder ORDER BY h.hop_no))[1] AS account,"
        " coalesce(max(h.payee_ifsc), '') AS ifsc, 0 AS amount_paise,"
        " array_agg(DISTINCT h.reference) FILTER (WHERE h.reference <> '') AS refs, min(h.transferred_at) AS since,"
        " NULL::timestamptz AS held_at"
        " FROM hop h WHERE h.case_no = $1 AND h.institution = $2 GROUP BY h.account_key ORDER BY min(h.hop_no)",
        case_no,
        institution,
    )
    return tuple(_account(row) for row in rows)


def _account(row: Record) -> AccountFacts:
    values = dict(row)
    return AccountFacts(references=tuple(values.pop("refs") or ()), **values)


async def newest_request(connection: Connection, case_no: str, institution: str) -> UUID | None:
    """Return the last hold request that went to a bank in a case, or None."""
    request_id: UUID | None = await connection.fetchval(
        "SELECT request_id FROM hold_request WHERE case_no = $1 AND institution = $2 ORDER BY batch_no DESC LIMIT 1",
        case_no,
        institution,
    )
    return request_id


class Duty(FrozenModel):
    """Due time of a statutory duty, and the time when it was done."""

    due_at: UtcDatetime
    done_at: UtcDatetime | None = None


async def duty(connection: Connection, case_no: str, kind: DutyKind) -> Duty | None:
    """Return a statutory duty of the case, or None."""
    return await Rows(connection, Duty).first(
        "SELECT due_at, done_at FROM duty WHERE case_no = $1 AND kind = $2", case_no, kind.value
    )


async def handed_in(connection: Connection, case_no: str) -> HandedIn | None:
    """Return the entry of the magistrate's report in the court's diary.

    None if there is no entry, or if a new report has become due since.
    """
    return await Rows(connection, HandedIn).first(
        "SELECT diary_no, handed_in_at AS at FROM duty WHERE case_no = $1 AND kind = 'magistrate_report'"
        " AND handed_in_at IS NOT NULL",
        case_no,
    )


class Hold(FrozenModel):
    """The money of one case on hold at one account."""

    hold_id: UUID
    case_no: str
    institution: str
    account_key: str
    reference: str
    first_held_at: UtcDatetime
    lapses_at: UtcDatetime


async def hold(connection: Connection, hold_id: UUID) -> Hold:
    """Return a hold by its id. Raises `NotFound`."""
    columns = ", ".join(Hold.model_fields)
    return await Rows(connection, Hold).one(
        f"SELECT {columns} FROM account_hold WHERE hold_id = $1", hold_id, missing=HoldNotFound(hold_id)
    )


async def case_of_hold(connection: Connection, hold_id: UUID) -> str:
    """Return the number of a hold's case. Raises `NotFound`."""
    return (await hold(connection, hold_id)).case_no


class Approval(FrozenModel):
    """The officer who approved that the court is asked to attach money on hold, and the time."""

    approved_by: str
    approved_at: UtcDatetime


async def approval(connection: Connection, hold_id: UUID) -> Approval | None:
    """Return the approval of an attachment, or None.

    An approval by the case's investigating officer does not count.
    """
    return await Rows(connection, Approval).first(
        "SELECT a.approved_by, a.approved_at FROM attachment_approval a WHERE a.hold_id = $1"
        " AND person_of(a.approved_by) <> (SELECT person_of(subject) FROM case_officer c"
        "  WHERE c.case_no = a.case_no AND c.duty = 'io' ORDER BY assignment_no DESC LIMIT 1)",
        hold_id,
    )


async def show_cause_order(connection: Connection, hold: Hold) -> CourtOrderFacts:
    """Return the newest BNSS 107 order of a court that retains a hold's money; empty without one."""
    row = await connection.fetchrow(
        "SELECT kind, court, order_no, made_on FROM court_order c WHERE case_no = $1 AND kind = 'bnss_107'"
        " AND effect = 'keep_hold' AND court_order_counts(c)"
        " AND (account_key IS NULL OR (institution = $2 AND account_key = $3)) ORDER BY court_order_id DESC LIMIT 1",
        hold.case_no,
        hold.institution,
        hold.account_key,
    )
    return CourtOrderFacts(**dict(row)) if row else CourtOrderFacts()


async def victim(connection: Connection, case_no: str, ack_no: str) -> tuple[StoredPerson, str]:
    """Return the victim of a complaint of the case, and the victim's district. Raises `NotFound`."""
    row = await connection.fetchrow(
        f"SELECT {stored('v')} AS person, v.district FROM complaint c JOIN victim v USING (victim_id)"
        " WHERE c.case_no = $1 AND c.ack_no = $2",
        case_no,
        ack_no,
    )
    if row is None:
        raise ComplaintNotOfCase(ack_no, case_no)
    return StoredPerson(**row["person"]), row["district"]


async def transfers(connection: Connection, case_no: str, ack_no: str) -> tuple[TransferFacts, ...]:
    """Return the transfers of a complaint, the largest first."""
    rows = await connection.fetch(
        "SELECT coalesce(p.name, h.payer_institution_as_told) AS from_institution, h.payer_holder AS from_account,"
        " coalesce(i.name, h.payee_institution_as_told) AS to_institution, h.payee_holder AS to_account, h.reference,"
        " h.amount_paise, h.transferred_at FROM hop h LEFT JOIN institution i ON i.code = h.institution"
        " LEFT JOIN institution p ON p.code = h.payer_institution_as_told"
        " WHERE h.case_no = $1 AND h.ack_no = $2 AND h.parent_hop_no IS NULL"
        f" AND {NOT_PROPOSED} ORDER BY h.amount_paise DESC, h.hop_no",
        case_no,
        ack_no,
    )
    return tuple(TransferFacts(**dict(row)) for row in rows)


async def credit_account(connection: Connection, ack_no: str) -> BeneficiaryFacts | None:
    """Return the account that two officers put in place of the one that paid, or None."""
    return await Rows(connection, BeneficiaryFacts).first(
        "SELECT i.name AS institution_name, c.account, c.ifsc FROM credit_account c JOIN institution i"
        " ON i.code = c.institution WHERE c.ack_no = $1 AND c.confirmed_at IS NOT NULL AND c.ended_at IS NULL"
        " ORDER BY c.account_id DESC LIMIT 1",
        ack_no,
    )


def in_order(sums: dict[Bucket, int]) -> tuple[BucketFacts, ...]:
    """Return the non-empty buckets in the order in which a letter lists them."""
    return tuple(
        BucketFacts(bucket=bucket, amount_paise=sums[bucket])
        for bucket in Bucket
        if bucket not in CONTRA_BUCKETS and sums.get(bucket)
    )


class Restoration(FrozenModel):
    """A restoration, with the fields that documents need."""

    restoration_id: UUID
    case_no: str
    ack_no: str
    route: Route | None
    step: Step
    step_due_at: UtcDatetime | None
    policy: RestorationPolicy
    hop_nos: tuple[int, ...]

    @property
    def bond(self) -> bool | None:
        """Whether its route needs an indemnity bond; None before a route is chosen."""
        return None if self.route is None else self.route in self.policy.bond_for


_RESTORATION: Final = """
SELECT r.restoration_id, r.case_no, r.ack_no, r.route, r.step, s.due_at AS step_due_at, r.policy,
    ARRAY(SELECT l.hop_no FROM restoration_line l WHERE l.restoration_id = r.restoration_id ORDER BY l.hop_no)
        AS hop_nos
FROM restoration r LEFT JOIN restoration_step s ON s.restoration_id = r.restoration_id AND s.ended_at IS NULL
"""


async def restoration(connection: Connection, restoration_id: UUID) -> Restoration:
    """Return a restoration by its id. Raises `NotFound`."""
    return await Rows(connection, Restoration).one(
        f"{_RESTORATION} WHERE r.restoration_id = $1", restoration_id, missing=RestorationNotFound(restoration_id)
    )


async def open_restoration(connection: Connection, case_no: str, ack_no: str) -> Restoration | None:
    """Return the last open restoration of a complaint, or None."""
    return await Rows(connection, Restoration).first(
        f"{_RESTORATION} WHERE r.case_no = $1 AND r.ack_no = $2 AND r.state = 'open' ORDER BY r.round_no DESC LIMIT 1",
        case_no,
        ack_no,
    )


class Order(FrozenModel):
    """An order to a bank, with the fields that documents need."""

    order_id: UUID
    kind: OrderKind
    reason: OrderReason
    case_no: str
    institution: str
    institution_name: str
    restoration_id: UUID | None
    grievance_id: UUID | None
    grievance_ref: str
    ordered_by: str
    due_at: UtcDatetime
    route: Route | None
    bond_for: tuple[Route, ...]
    prepared_by: str
    approved_by: str
    court_order_id: int | None


async def order(connection: Connection, order_id: UUID) -> Order:
    """Return an order by its id. Raises `NotFound`."""
    return await Rows(connection, Order).one(
        "SELECT o.order_id, o.kind, o.reason, o.case_no, o.institution, i.name AS institution_name, o.restoration_id,"
        " o.grievance_id, coalesce(k.reference, '') AS grievance_ref, o.ordered_by, o.due_at, r.route,"
        " coalesce(r.policy -> 'bond_for', '[]') AS bond_for, coalesce(r.prepared_by, '') AS prepared_by,"
        " coalesce(r.approved_by, '') AS approved_by, coalesce(o.court_order_id, r.court_order_id) AS court_order_id"
        " FROM bank_order o JOIN institution i ON i.code = o.institution"
        " LEFT JOIN restoration r USING (restoration_id)"
        " LEFT JOIN grievance g USING (grievance_id) LEFT JOIN account_hold k ON k.hold_id = g.hold_id"
        " WHERE o.order_id = $1",
        order_id,
        missing=OrderNotFound(order_id),
    )


async def order_lines(connection: Connection, order_id: UUID) -> tuple[OrderLineFacts, ...]:
    """Return the lines of an order to a bank."""
    rows = await connection.fetch(
        "SELECT h.payee_holder AS account, l.amount_paise, coalesce(l.ack_no, '') AS ack_no,"
        " coalesce(i.name, l.beneficiary_institution) AS institution_name, l.beneficiary_holder, l.beneficiary_ifsc"
        " FROM bank_order_line l JOIN hop h ON h.case_no = l.case_no AND h.hop_no = l.hop_no"
        " LEFT JOIN institution i ON i.code = l.beneficiary_institution WHERE l.order_id = $1 ORDER BY l.line_no",
        order_id,
    )
    return tuple(
        OrderLineFacts(
            account=row["account"],
            amount_paise=row["amount_paise"],
            ack_no=row["ack_no"],
            beneficiary=BeneficiaryFacts(
                institution_name=row["institution_name"],
                account=row["beneficiary_holder"],
                ifsc=row["beneficiary_ifsc"],
            ),
        )
        for row in rows
    )


async def court_order(connection: Connection, court_order_id: int | None) -> CourtOrderFacts:
    """Return an order of a court; empty if there is none."""
    row = await connection.fetchrow(
        "SELECT kind, court, order_no, made_on FROM court_order WHERE court_order_id = $1", court_order_id
    )
    return CourtOrderFacts(**dict(row)) if row else CourtOrderFacts()
