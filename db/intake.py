"""Complaints, victims, and the transfers on which complaints join one case."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from db.pool import Connection
from domain.intake.districts import known_district
from schemas.base import Flag, FrozenModel, UtcDatetime
from schemas.enums import Differing, HopSource, HopState
from schemas.identifiers import reference_key, reference_of
from schemas.intake import Complaint, ComplaintReceipt, Transfer
from schemas.parties import Party


class KnownComplaint(FrozenModel):
    """A complaint received before, with the digest of its request body."""

    receipt: ComplaintReceipt
    body_digest: bytes


# The present moment is read outside the subquery, because the subquery waits for the locks.
_LOCK: Final = """
SELECT present_moment() FROM (SELECT count(pg_advisory_xact_lock(k)) AS locks FROM unnest($1::bigint[]) AS k) AS l
WHERE locks >= 0
"""


async def lock(connection: Connection, names: Sequence[str]) -> datetime:
    """Wait for the locks on `names` (an idempotency key, a transfer) and return the present moment after the wait.

    The locks are held until the transaction ends. Every caller takes them in the same order, so that two complaints
    about the same transfers never deadlock.
    """
    keys = sorted({_lock_key(name) for name in names})
    moment: datetime = await connection.fetchval(_LOCK, keys)
    return moment


async def try_lock(connection: Connection, name: str) -> bool:
    """Lock `name` as `lock` does, or return false at once if another transaction has the lock."""
    locked: bool = await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", _lock_key(name))
    return locked


def lock_of_transfer(reference: str) -> str:
    """Return the name of the lock on transfers with this reference."""
    return f"transfer|{reference_key(reference)}"


def _lock_key(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


_RECEIPT = "SELECT ack_no, case_no, joined, flags, received_at, body_digest FROM complaint"


async def by_idempotency_key(connection: Connection, taken_by: str, key: str) -> KnownComplaint | None:
    """Return the complaint that this caller sent with this key, or None."""
    row = await connection.fetchrow(f"{_RECEIPT} WHERE taken_by = $1 AND idempotency_key = $2", taken_by, key)
    return _known(row) if row else None


async def by_ack_no(connection: Connection, ack_no: str) -> KnownComplaint | None:
    """Return the complaint with this number, or None."""
    row = await connection.fetchrow(f"{_RECEIPT} WHERE ack_no = $1", ack_no)
    return _known(row) if row else None


def _known(row: "object") -> KnownComplaint:
    record = dict(row)  # type: ignore[call-overload]
    return KnownComplaint(
        receipt=ComplaintReceipt(
            ack_no=record["ack_no"],
            case_ack_no=record["case_no"],
            joined=record["joined"],
            flags=tuple(Flag(**flag) for flag in record["flags"]),
            received_at=record["received_at"],
        ),
        body_digest=record["body_digest"],
    )


class KnownTransfer(FrozenModel):
    """A registered transfer, with the present data of its hop."""

    transfer_key: str
    case_no: str
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
SELECT t.transfer_key, t.case_no, t.hop_no, h.institution, h.payee_institution_as_told, h.account_key,
    h.payer_institution_as_told, h.payer_ifsc, h.payer_holder, t.reference_key, h.amount_paise, h.transferred_at,
    h.state, h.source, ARRAY(SELECT c.amount_paise FROM complaint_transfer c
        WHERE c.case_no = t.case_no AND c.hop_no = t.hop_no) AS told_paise,
    ARRAY(SELECT c.payee_vpa FROM complaint_transfer c
        WHERE c.case_no = t.case_no AND c.hop_no = t.hop_no AND c.payee_vpa IS NOT NULL) AS told_vpas, h.opened_at
FROM disputed_transfer t JOIN hop h USING (case_no, hop_no) WHERE t.reference_key = ANY($1)
UNION ALL
SELECT '', h.case_no, h.hop_no, h.institution, h.payee_institution_as_told, h.account_key,
    p.payee_institution_as_told, p.payee_ifsc, p.payee_holder, '', h.amount_paise, h.transferred_at,
    h.state, h.source, '{}', '{}', h.opened_at
FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[]) AS a (institution, account_key, payer_key, amount_paise)
JOIN hop h ON h.institution = a.institution AND h.account_key = a.account_key AND h.amount_paise = a.amount_paise
    AND h.reference_key = '' AND h.state = 'correction'
JOIN hop p ON p.case_no = h.case_no AND p.hop_no = h.parent_hop_no AND p.account_key = a.payer_key
ORDER BY opened_at, case_no, hop_no
"""


async def known_transfers(
    connection: Connection, reference_keys: Collection[str], moves: Collection[Move] = ()
) -> list[KnownTransfer]:
    """Return the registered transfers with these references at any bank, the oldest first.

    Also the hops of these moves that wait for a reference. Their payer is the account above.
    """
    rows = await connection.fetch(
        KNOWN,
        list(reference_keys),
        *([move[place] for move in moves] for place in range(4)),
    )
    return [KnownTransfer(**{name: row[name] for name in KnownTransfer.model_fields}) for row in rows]


async def place_of_transfer(connection: Connection, key: str) -> tuple[str, int] | None:
    """Return the case and hop of a known transfer, or None."""
    row = await connection.fetchrow("SELECT case_no, hop_no FROM disputed_transfer WHERE transfer_key = $1", key)
    return (row["case_no"], row["hop_no"]) if row else None


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


class ToldRow(FrozenModel):
    """A transfer of a complaint, the hop that it names, and what it tells otherwise than that hop."""

    transfer: Transfer
    case_no: str
    hop_no: int
    differing: tuple[Differing, ...] = ()


_INSERT: Final = """
WITH v AS (
    INSERT INTO victim (name, mobile, district, woman, child, senior, language, email, district_as_told)
    VALUES ($1, $2, $3, $4, $5, $6, $17, $18, $19) RETURNING victim_id
), c AS (
    INSERT INTO complaint (ack_no, case_no, channel, category, victim_id, received_at, taken_by, idempotency_key,
        body_digest, joined, flags)
    SELECT $7, $8, $9, $10, victim_id, $11, $12, $13, $14, $15, $16 FROM v RETURNING ack_no
)
INSERT INTO complaint_transfer (ack_no, row_no, payer_institution, payer_kind, payer_holder, payer_ifsc,
    payee_institution, payee_kind, payee_holder, payee_ifsc, rrn, utr, mode, amount_paise, transferred_at, time_missing,
    case_no, hop_no, differing, payer_vpa, payee_vpa)
SELECT c.ack_no, t.* FROM c, jsonb_to_recordset($20::jsonb) AS t (row_no integer,
    payer_institution text, payer_kind text, payer_holder text, payer_ifsc text,
    payee_institution text, payee_kind text, payee_holder text, payee_ifsc text, rrn text, utr text, mode text,
    amount_paise bigint, transferred_at timestamptz, time_missing boolean, case_no text, hop_no integer,
    differing text[], payer_vpa text, payee_vpa text)
"""


async def insert(
    connection: Connection,
    complaint: Complaint,
    receipt: ComplaintReceipt,
    told: Sequence[ToldRow],
    *,
    taken_by: str,
    idempotency_key: str,
    body_digest: bytes,
) -> None:
    """Write a complaint, its victim, and its transfers as it states them.

    A known district is stored by its code, and also as the caller told it.
    """
    victim = complaint.victim
    district = known_district(victim.district)
    await connection.execute(
        _INSERT,
        victim.name,
        victim.mobile,
        district.code if district else victim.district,
        victim.woman,
        victim.child,
        victim.senior,
        receipt.ack_no,
        receipt.case_ack_no,
        complaint.channel.value,
        complaint.category,
        receipt.received_at,
        taken_by,
        idempotency_key,
        body_digest,
        receipt.joined,
        [flag.model_dump() for flag in receipt.flags],
        victim.language.value,
        victim.email or "",
        victim.district,
        [_as_stored(row_no, row) for row_no, row in enumerate(told, start=1)],
    )


def _as_stored(row_no: int, row: ToldRow) -> dict[str, object]:
    transfer = row.transfer
    return {
        "row_no": row_no,
        **_party("payer", transfer.payer),
        **_party("payee", transfer.payee),
        "rrn": transfer.rrn,
        "utr": transfer.utr,
        "mode": transfer.mode.value,
        "amount_paise": transfer.amount_paise,
        "transferred_at": transfer.transferred_at.isoformat(),
        "time_missing": transfer.time_missing,
        "case_no": row.case_no,
        "hop_no": row.hop_no,
        "differing": [one.value for one in row.differing],
    }


def _party(end: str, party: Party) -> dict[str, object]:
    kind = "account" if party.account else "vpa" if party.vpa else "wallet"
    return {
        f"{end}_institution": party.institution,
        f"{end}_kind": kind,
        f"{end}_holder": party.holder,
        f"{end}_ifsc": party.ifsc,
        f"{end}_vpa": party.vpa_beside,
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


class Payment(FrozenModel):
    """A victim's own payment, with the fields of the bank wire's `instrument`."""

    category: str
    victim_mobile: str
    district: str
    payer_institution: str
    payer_holder: str
    mode: str


_PAYMENTS: Final = """
WITH RECURSIVE up AS (
    SELECT t.case_no, t.hop_no AS asked, h.hop_no, h.parent_hop_no
    FROM unnest($1::text[], $2::integer[]) AS t (case_no, hop_no) JOIN hop h USING (case_no, hop_no)
    UNION
    SELECT up.case_no, up.asked, h.hop_no, h.parent_hop_no
    FROM up JOIN hop h ON h.case_no = up.case_no AND h.hop_no = up.parent_hop_no
)
SELECT up.case_no, up.asked, c.category, v.mobile, v.district, h.payer_institution_as_told, h.payer_holder, h.mode
FROM up JOIN hop h USING (case_no, hop_no) JOIN complaint c ON c.ack_no = h.ack_no JOIN victim v USING (victim_id)
WHERE up.parent_hop_no IS NULL
"""


async def payments(connection: Connection, hops: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Payment]:
    """Return the victim's payment at the root of each hop (case, number)."""
    rows = await connection.fetch(_PAYMENTS, [case_no for case_no, _ in hops], [hop_no for _, hop_no in hops])
    return {
        (row["case_no"], row["asked"]): Payment(
            category=row["category"],
            victim_mobile=row["mobile"],
            district=row["district"],
            payer_institution=row["payer_institution_as_told"],
            payer_holder=row["payer_holder"],
            mode=row["mode"],
        )
        for row in rows
    }


async def payment_of_hop(connection: Connection, case_no: str, hop_no: int) -> Payment:
    """Return the victim's payment at the root of a hop: the transfer by which its money left the victim."""
    return (await payments(connection, [(case_no, hop_no)]))[case_no, hop_no]
