"""Complaints, victims, and the transfers on which complaints join one case."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from db import tasks
from db.case import hops, payer_inquiries
from db.case.events import Event
from db.case.hops import HopRow
from db.case.payer_inquiries import NewInquiry
from db.case.told_transfers import TOLD_COLUMNS, TOLD_RECORD, ToldRow, told_as_stored
from db.pool import Connection
from db.privacy import person_keys
from db.privacy.body_keys import BodyKey
from db.privacy.person_keys import SealedPerson
from domain.case.complaints import is_of_our_half
from domain.districts import known_district
from schemas.base import FrozenModel, UtcDatetime
from schemas.case.answers import Entry
from schemas.case.intake import Complaint, ComplaintReceipt
from schemas.enums import HopSource, HopState
from schemas.identifiers import reference_key, reference_of
from schemas.tasks import NewTask


class KnownComplaint(FrozenModel):
    """A complaint received before, with the digest of its request body."""

    receipt: ComplaintReceipt
    body_digest: bytes


# The present moment is read outside the subquery, because the subquery waits for the locks.
_LOCK: Final = """
SELECT present_moment() AS at, CASE WHEN $2 THEN nextval('ack_serial') END AS serial
FROM (SELECT count(pg_advisory_xact_lock(k)) AS locks FROM unnest($1::bigint[]) AS k) AS l
WHERE locks >= 0
"""


class Locked(FrozenModel):
    """The present moment after the wait for the locks, and the next serial for an acknowledgement number."""

    at: UtcDatetime
    serial: int | None


async def lock(connection: Connection, names: Sequence[str], *, next_serial: bool) -> Locked:
    """Wait for the locks on `names` (an idempotency key, a transfer) and return the present moment after the wait.

    The locks are held until the transaction ends. Every caller takes them in the same order, so that two complaints
    about the same transfers never deadlock. With `next_serial` it also takes a serial.
    """
    row = await connection.fetchrow(_LOCK, sorted({_lock_key(name) for name in names}), next_serial)
    assert row is not None, "the statement returns one row"
    return Locked(**dict(row))


async def try_lock(connection: Connection, name: str) -> bool:
    """Lock `name` as `lock` does, or return false at once if another transaction has the lock."""
    locked: bool = await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _lock_key(name))
    return locked


def lock_of_transfer(reference: str) -> str:
    """Return the name of the lock on transfers with this reference."""
    return f"transfer|{reference_key(reference)}"


def _lock_key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


_RECEIPT: Final = """
jsonb_build_object('receipt', jsonb_build_object('ack_no', ack_no, 'case_ack_no', case_no, 'joined', joined,
    'flags', flags, 'received_at', received_at), 'body_digest', encode(body_digest, 'hex'))
"""


async def by_ack_no(connection: Connection, ack_no: str) -> KnownComplaint | None:
    """Return the complaint with this number, or None."""
    row = await connection.fetchval(f"SELECT {_RECEIPT} FROM complaint WHERE ack_no = $1", ack_no)
    return _known(row)


def _known(row: dict[str, Any] | None) -> KnownComplaint | None:
    if row is None:
        return None
    receipt = ComplaintReceipt.model_validate(row["receipt"])
    return KnownComplaint(receipt=receipt, body_digest=bytes.fromhex(row["body_digest"]))


def ack_lock(ack_no: str) -> str:
    """Return the name of the lock on an acknowledgement number."""
    return f"ack|{ack_no}"


class KnownTransfer(FrozenModel):
    """A registered transfer, with the present data of its hop."""

    transfer_key: str
    case_no: str
    case_opened_at: UtcDatetime
    hop_no: int
    institution: str | None
    payee_institution_as_told: str
    account_key: str
    payer_institution_as_told: str
    payer_ifsc: str | None
    payer_holder: str
    reference_key: str
    amount_paise: int
    transferred_at: UtcDatetime
    state: HopState
    source: HopSource
    told_paise: tuple[int, ...]
    """amounts that complaints told of it"""
    told_vpas: tuple[str, ...] = ()
    """VPAs that complaints told beside the payee's account"""


Move = tuple[str, str, str, int]
"""a movement of money without a reference: receiving institution, keys of the payee's and payer's account, paise"""

KNOWN: Final = """
SELECT t.transfer_key, t.case_no, f.opened_at AS case_opened_at, t.hop_no, h.institution, h.payee_institution_as_told,
    h.account_key, h.payer_institution_as_told, h.payer_ifsc, h.payer_holder, t.reference_key, h.amount_paise,
    h.transferred_at, h.state, h.source, ARRAY(SELECT c.amount_paise FROM complaint_transfer c
        WHERE c.case_no = t.case_no AND c.hop_no = t.hop_no) AS told_paise,
    ARRAY(SELECT c.payee_vpa FROM complaint_transfer c
        WHERE c.case_no = t.case_no AND c.hop_no = t.hop_no AND c.payee_vpa IS NOT NULL) AS told_vpas, h.opened_at
FROM disputed_transfer t JOIN hop h USING (case_no, hop_no) JOIN case_file f USING (case_no)
WHERE t.reference_key = ANY($1)
UNION ALL
SELECT '', h.case_no, f.opened_at, h.hop_no, h.institution, h.payee_institution_as_told, h.account_key,
    p.payee_institution_as_told, p.payee_ifsc, p.payee_holder, '', h.amount_paise, h.transferred_at,
    h.state, h.source, '{}', '{}', h.opened_at
FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) AS a (institution, account_key, payer_key, amount_paise)
JOIN hop h ON h.institution = a.institution AND h.account_key = a.account_key AND h.amount_paise = a.amount_paise
    AND h.reference_key = '' AND h.state = 'correction'
JOIN hop p ON p.case_no = h.case_no AND p.hop_no = h.parent_hop_no AND p.account_key = a.payer_key
JOIN case_file f ON f.case_no = h.case_no
ORDER BY opened_at, case_no, hop_no
"""


async def known_transfers(
    connection: Connection, reference_keys: Collection[str], moves: Collection[Move] = ()
) -> list[KnownTransfer]:
    """Return the registered transfers with these references at any bank, the oldest first.

    Also the hops of these moves that wait for a reference. Their payer is the account above.
    """
    rows = await connection.fetch(KNOWN, *_searched(reference_keys, moves))
    return [KnownTransfer(**{name: row[name] for name in KnownTransfer.model_fields}) for row in rows]


def _searched(reference_keys: Collection[str], moves: Collection[Move]) -> list[list[Any]]:
    return [list(reference_keys), *([move[place] for move in moves] for place in range(4))]


class Known(FrozenModel):
    """Everything that the database knows of a complaint that is being taken."""

    by_key: KnownComplaint | None
    """the complaint that this caller sent with this key"""
    by_number: KnownComplaint | None
    by_portal_number: KnownComplaint | None
    """the complaint to which the portal gave this number of our half"""
    number_locked: bool
    """false if another transaction has the lock on the number"""
    transfers: list[KnownTransfer]


# The lock on a number of ours is only tried, because the transaction holds locks already.
READ: Final = f"""
SELECT (SELECT {_RECEIPT} FROM complaint WHERE taken_by = $6 AND idempotency_key = $7) AS by_key,
    (SELECT {_RECEIPT} FROM complaint WHERE ack_no = $8) AS by_number,
    (SELECT {_RECEIPT} FROM complaint WHERE portal_ack_no = $10) AS by_portal_number,
    $9::bigint IS NULL OR pg_try_advisory_xact_lock($9) AS number_locked,
    (SELECT jsonb_agg(to_jsonb(k) - 'opened_at' ORDER BY k.opened_at, k.case_no, k.hop_no) FROM ({KNOWN}) AS k)
        AS transfers
"""


async def read(
    connection: Connection,
    taken_by: str,
    key: str,
    ack_no: str,
    reference_keys: Collection[str],
    moves: Collection[Move],
    *,
    is_new_number: bool,
    portal_ack_no: str | None,
) -> Known:
    """Return what is known of a complaint, whose names are locked, and of its transfers.

    A new number is locked too, if no other transaction has it.
    """
    number = _lock_key(ack_lock(ack_no)) if is_new_number else None
    searched = _searched(reference_keys, moves)
    row = await connection.fetchrow(READ, *searched, taken_by, key, ack_no, number, portal_ack_no)
    assert row is not None, "the statement returns one row"
    return Known(
        by_key=_known(row["by_key"]),
        by_number=_known(row["by_number"]),
        by_portal_number=_known(row["by_portal_number"]),
        number_locked=row["number_locked"],
        transfers=[KnownTransfer(**transfer) for transfer in row["transfers"] or ()],
    )


async def place_of_transfer(connection: Connection, key: str) -> tuple[str, int] | None:
    """Return the case and hop of a known transfer, or None."""
    row = await connection.fetchrow("SELECT case_no, hop_no FROM disputed_transfer WHERE transfer_key = $1", key)
    return (row["case_no"], row["hop_no"]) if row else None


class Place(FrozenModel):
    """The case and hop where a transfer is registered. `locked` is false if a complaint has the transfer's lock."""

    locked: bool
    place: tuple[str, int] | None


async def lock_and_place(connection: Connection, key: str) -> Place:
    """Lock a transfer as `try_lock` does, and return where it is registered.

    What another transaction registers meanwhile is not seen. `register_transfers` sees it.
    """
    row = await connection.fetchrow(
        "SELECT pg_try_advisory_xact_lock($1) AS locked,"
        " (SELECT jsonb_build_array(case_no, hop_no) FROM disputed_transfer WHERE transfer_key = $2) AS place",
        _lock_key(lock_of_transfer(reference_of(key))),
        key,
    )
    assert row is not None, "the statement returns one row"
    return Place(**dict(row))


async def oldest_case(connection: Connection, case_nos: Sequence[str]) -> str:
    """Return the case that was opened first."""
    case_no: str = await connection.fetchval(
        "SELECT case_no FROM case_file WHERE case_no = ANY($1) ORDER BY opened_at, case_no LIMIT 1",
        list(case_nos),
    )
    return case_no


async def next_serial(connection: Connection) -> int:
    """Return the next serial for an acknowledgement number; the sequence starts again after its last value."""
    serial: int = await connection.fetchval("SELECT nextval('ack_serial')")
    return serial


@dataclass(frozen=True)
class NewCase:
    """Case that a complaint opens, as it is written."""

    policy: dict[str, Any]
    key: BodyKey
    """the key of the bodies of its messages"""


@dataclass(frozen=True)
class NewComplaint:
    """Everything that is written of a complaint."""

    complaint: Complaint
    receipt: ComplaintReceipt
    taken_by: str
    idempotency_key: str
    body_digest: bytes
    is_marked: bool
    """whether the victim is a child, or the category is a protected matter"""
    told: Sequence[ToldRow]
    hops: Sequence[HopRow]
    """the hops that it opens, in the order of their numbers"""
    keys: Sequence[str]
    """the transfer of each hop"""
    entries: Sequence[Entry]
    event: Event
    inquiries: Sequence[NewInquiry]
    tasks: Sequence[tuple[str, NewTask]]
    """work items, each with its case"""
    person: SealedPerson
    """the victim's data"""
    case: NewCase | None
    """None if it joins a case"""


class NumberTaken(Exception):
    """Another transaction has committed the complaint's new number since it was read."""


_OPEN_CASE: Final = """
INSERT INTO case_file (case_no, state, opened_at, policy, last_hop_no) VALUES ($1, 'open', $2, $21, $3)
RETURNING case_no
), keyed_case AS (
    INSERT INTO person_key (person_id, wrapped, made_at, case_no) VALUES ($22, $23, $2, $1)
"""
# The hop numbers are given out. The caller has locked the case's row.
_LOCKED_CASE: Final = """
UPDATE case_file SET last_hop_no = greatest(last_hop_no, $3) WHERE case_no = $1 RETURNING case_no
"""
# PostgreSQL chooses the order of the parts. So a part whose triggers need rows of another part reads from it.
_WRITE: Final = f"""
WITH locked AS (
    {{case}}
), opened AS (
    INSERT INTO hop SELECT h.* FROM locked, jsonb_populate_recordset(NULL::hop, $4::jsonb) AS h RETURNING hop_no
), registered AS (
    INSERT INTO disputed_transfer (transfer_key, case_no, hop_no, reference_key)
    SELECT k, $1, h, r FROM unnest($5::text[], $6::integer[], $7::text[]) AS t (k, h, r)
    ORDER BY k COLLATE "C", h ON CONFLICT DO NOTHING RETURNING hop_no
), posted AS (
    SELECT ledger_post($1, 'complaint', 'complaint|' || ($17::jsonb ->> 'ack_no'), $2, $8, $9, $10)
    FROM (SELECT count(*) FROM opened) AS o WHERE $8 <> '{{{{}}}}'
), logged AS (
    INSERT INTO case_event (case_no, kind, at, actor, data)
    SELECT l.case_no, $11, $2, $12, $13 FROM locked AS l, (SELECT count(*) FROM posted) AS p
), inquired AS (
    {payer_inquiries.insert("$1", "$14", "$2")}
), desk AS (
    {tasks.insert("$15", "$2")}
), keyed AS (
    {person_keys.insert_key("$16::jsonb", "$2")}
), v AS (
    INSERT INTO victim (district, woman, child, senior, language, district_as_told, person_id, sealed, terms, terms_key)
    SELECT r.district, r.woman, r.child, r.senior, r.language, r.district_as_told, r.person_id, r.sealed, r.terms,
        r.terms_key
    FROM jsonb_to_record($16::jsonb) AS r (district text, woman boolean, child boolean, senior boolean, language text,
        district_as_told text, {person_keys.RECORD})
    RETURNING victim_id
), c AS (
    INSERT INTO complaint (ack_no, case_no, channel, category, victim_id, received_at, taken_by, idempotency_key,
        body_digest, joined, flags, portal_ack_no, marked)
    SELECT r.ack_no, $1, r.channel, r.category, v.victim_id, $2, $18, $19, $20, r.joined, r.flags, r.portal_ack_no,
        r.marked
    FROM v, jsonb_to_record($17::jsonb) AS r (ack_no text, channel text, category text, joined boolean, flags jsonb,
        portal_ack_no text, marked boolean)
    RETURNING ack_no
), t AS (
    INSERT INTO complaint_transfer ({TOLD_COLUMNS})
    SELECT c.ack_no, r.* FROM c, jsonb_to_recordset($17::jsonb -> 'transfers') AS r ({TOLD_RECORD})
)
SELECT count(*) FROM registered
"""
_WRITE_WITH_CASE: Final = _WRITE.format(case=_OPEN_CASE)
_WRITE_JOINING: Final = _WRITE.format(case=_LOCKED_CASE)
_NUMBERS: Final = frozenset({"case_file_pkey", "complaint_pkey"})


async def write(connection: Connection, new: NewComplaint, actor: str) -> bool:
    """Write a complaint with its case, hops, ledger entries, event, inquiries and work items, in one statement.

    Returns false if a transfer is registered already; the caller must then roll back. A transaction that registers the
    same transfers waits, and registers in the same order. Raises `NumberTaken`.
    """
    receipt, entries = new.receipt, new.entries
    hop_nos = [hop.hop_no for hop in new.hops]
    try:
        registered = await connection.fetchval(
            _WRITE_JOINING if new.case is None else _WRITE_WITH_CASE,
            receipt.case_ack_no,
            receipt.received_at,
            max(hop_nos, default=0),
            hops.as_stored(receipt.case_ack_no, receipt.received_at, new.hops),
            list(new.keys),
            hop_nos,
            [reference_of(key) for key in new.keys],
            [entry.hop_no for entry in entries],
            [entry.bucket.value for entry in entries],
            [entry.amount_paise for entry in entries],
            new.event.kind.value,
            actor,
            new.event.data,
            payer_inquiries.as_stored(new.inquiries),
            [tasks.with_case(task, case_no) for case_no, task in new.tasks],
            _victim(new.complaint) | new.person.as_stored(),
            _complaint(new),
            new.taken_by,
            new.idempotency_key,
            new.body_digest,
            *([] if new.case is None else [new.case.policy, new.case.key.person_id, new.case.key.wrapped]),
        )
    except asyncpg.UniqueViolationError as error:
        if error.constraint_name in _NUMBERS:
            raise NumberTaken from error
        raise
    return bool(registered == len(hop_nos))


def _victim(complaint: Complaint) -> dict[str, object]:
    """Return what of the victim is not sealed.

    A known district has its code, and also the name that the caller told.
    """
    victim = complaint.victim
    district = known_district(victim.district)
    return {
        "district": district.code if district else victim.district,
        "woman": victim.woman,
        "child": victim.child,
        "senior": victim.senior,
        "language": victim.language.value,
        "district_as_told": victim.district,
    }


def portal_ack_no(complaint: Complaint) -> str | None:
    """Return the number that the portal gave a complaint, if it lies in the half that is ours; else None."""
    return complaint.ack_no if complaint.ack_no and is_of_our_half(complaint.ack_no) else None


def _complaint(new: NewComplaint) -> dict[str, object]:
    return {
        "ack_no": new.receipt.ack_no,
        "portal_ack_no": portal_ack_no(new.complaint),
        "channel": new.complaint.channel.value,
        "category": new.complaint.category,
        "marked": new.is_marked,
        "joined": new.receipt.joined,
        "flags": [flag.model_dump() for flag in new.receipt.flags],
        "transfers": [told_as_stored(row_no, row) for row_no, row in enumerate(new.told, start=1)],
    }


async def register_transfers(
    connection: Connection, case_no: str, keys: Sequence[str], hop_nos: Sequence[int]
) -> dict[int, tuple[str, int]]:
    """Register transfers, so that the next complaint about them joins this case.

    Returns, by hop, the case and hop where its transfer is registered already. The caller has locked its case's row and
    registers in the order of the keys, over the whole transaction. Two transactions with the same transfers then wait
    for each other without a deadlock.
    """
    rows = await connection.fetch(
        "SELECT hop_no, other_case_no, other_hop_no FROM transfers_register($1, $2, $3, $4)",
        case_no,
        list(keys),
        list(hop_nos),
        [reference_of(key) for key in keys],
    )
    return {row["hop_no"]: (row["other_case_no"], row["other_hop_no"]) for row in rows}
