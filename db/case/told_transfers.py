"""Transfers as complaints and victims' banks state them."""

from collections.abc import Sequence
from typing import Any, Final

from db.case.cases import case_no_of
from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.privacy.person_keys import StoredPerson, stored
from schemas.base import FrozenModel
from schemas.case.intake import ToldParty, ToldTransfer, ToldTransferPage, Transfer
from schemas.enums import Differing
from schemas.parties import Party

TOLD_COLUMNS: Final = """
ack_no, row_no, payer_institution, payer_kind, payer_holder, payer_ifsc, payee_institution, payee_kind, payee_holder,
    payee_ifsc, rrn, utr, mode, amount_paise, transferred_at, time_missing, case_no, hop_no, differing, payer_vpa,
    payee_vpa
"""
TOLD_RECORD: Final = """
row_no integer, payer_institution text, payer_kind text, payer_holder text, payer_ifsc text, payee_institution text,
    payee_kind text, payee_holder text, payee_ifsc text, rrn text, utr text, mode text, amount_paise bigint,
    transferred_at timestamptz, time_missing boolean, case_no text, hop_no integer, differing text[], payer_vpa text,
    payee_vpa text
"""
"""the columns of `TOLD_COLUMNS` behind the complaint's number, as `told_as_stored` gives them"""


class ToldRow(FrozenModel):
    """A transfer of a complaint, the hop that it names, and what it tells otherwise than that hop."""

    transfer: Transfer
    case_no: str
    hop_no: int
    differing: tuple[Differing, ...] = ()


def told_as_stored(row_no: int, row: ToldRow) -> dict[str, object]:
    """Return a transfer of a complaint as the database reads it from JSON."""
    transfer = row.transfer
    return {
        "row_no": row_no,
        **_party_as_stored("payer", transfer.payer),
        **_party_as_stored("payee", transfer.payee),
        "rrn": transfer.rrn,
        "utr": transfer.utr,
        "mode": transfer.mode.value,
        "amount_paise": transfer.amount_paise,
        "transferred_at": transfer.transferred_at.isoformat(),
        "time_missing": transfer.time_missing,
        "case_no": row.case_no,
        "hop_no": row.hop_no,
        "differing": [part.value for part in row.differing],
    }


def _party_as_stored(end: str, party: Party) -> dict[str, object]:
    kind = "account" if party.account else "vpa" if party.vpa else "wallet"
    return {
        f"{end}_institution": party.institution,
        f"{end}_kind": kind,
        f"{end}_holder": party.holder,
        f"{end}_ifsc": party.ifsc,
        f"{end}_vpa": party.vpa_beside,
    }


class ToldPayee(FrozenModel):
    """The receiving bank and account of a hop as a complaint states them."""

    ack_no: str
    of_case: bool
    """whether the complaint belongs to the hop's case"""
    institution: str
    ifsc: str | None
    holder: str


async def payees_of(connection: Connection, case_no: str, hop_no: int) -> list[ToldPayee]:
    """Return what each complaint states of the receiving bank and account of a hop, the first complaint first."""
    rows = await connection.fetch(
        "SELECT t.ack_no, c.case_no = t.case_no AS of_case, t.payee_institution AS institution, t.payee_ifsc AS ifsc,"
        " t.payee_holder AS holder FROM complaint_transfer t JOIN complaint c USING (ack_no)"
        " WHERE t.case_no = $1 AND t.hop_no = $2 ORDER BY c.received_at, t.ack_no, t.row_no",
        case_no,
        hop_no,
    )
    return [ToldPayee(**dict(row)) for row in rows]


_PAGE: Final = """
SELECT t.* FROM complaint c JOIN complaint_transfer t USING (ack_no)
WHERE c.case_no = $1 AND (t.ack_no, t.row_no) > ($2, $3) ORDER BY t.ack_no, t.row_no LIMIT $4
"""


async def page(connection: Connection, ack_no: str, after: str | None, limit: int) -> ToldTransferPage:
    """Return up to `limit` transfers as a case's complaints state them, by the complaints' numbers.

    Raises `NotFound`, `BadCursor`.
    """
    number, row_no = from_cursor(after, str, int) if after else ("", 0)
    case_no = await case_no_of(connection, ack_no)
    rows, more = cut(await connection.fetch(_PAGE, case_no, number, _in_range(row_no), limit + 1), limit)
    items = tuple(_told(dict(row)) for row in rows)
    return ToldTransferPage(items=items, next=to_cursor(items[-1].ack_no, items[-1].row_no) if more else None)


def _in_range(row_no: int | str) -> int:
    return max(0, min(int(row_no), 2**31 - 1))


def _told(row: dict[str, Any]) -> ToldTransfer:
    payer, payee = _party(row, "payer"), _party(row, "payee")
    return ToldTransfer(payer=payer, payee=payee, case_ack_no=row.pop("case_no"), **row)


def _party(row: dict[str, Any], end: str) -> ToldParty:
    """Take the columns of one end out of a row."""
    return ToldParty(**{name: row.pop(f"{end}_{name}") for name in ToldParty.model_fields})


class Payment(FrozenModel):
    """A victim's own payment, with the fields of the bank wire's `instrument`."""

    category: str
    victim: StoredPerson
    is_marked: bool
    """whether the complaint is marked, so that a bank reads neither category nor mobile nor district"""
    district: str
    payer_institution: str
    payer_holder: str
    mode: str


def payment_query(case_no: str, hop_no: str) -> str:
    """Return a query for the victim's payment at the root of a hop, as JSON; its arguments are SQL."""
    return f"""
WITH RECURSIVE up AS (
    SELECT h.case_no, h.hop_no, h.parent_hop_no FROM hop h WHERE h.case_no = {case_no} AND h.hop_no = {hop_no}
    UNION
    SELECT h.case_no, h.hop_no, h.parent_hop_no
    FROM up JOIN hop h ON h.case_no = up.case_no AND h.hop_no = up.parent_hop_no
)
SELECT jsonb_build_object('category', c.category, 'is_marked', c.marked, 'victim', {stored("v")},
    'district', v.district, 'payer_institution', h.payer_institution_as_told, 'payer_holder', h.payer_holder,
    'mode', h.mode)
FROM up JOIN hop h USING (case_no, hop_no) JOIN complaint c ON c.ack_no = h.ack_no JOIN victim v USING (victim_id)
WHERE up.parent_hop_no IS NULL
"""


_PAYMENTS: Final = f"""
SELECT t.case_no, t.hop_no, ({payment_query("t.case_no", "t.hop_no")}) AS payment
FROM unnest($1::text[], $2::integer[]) AS t (case_no, hop_no)
"""


async def payments(connection: Connection, hops: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Payment]:
    """Return the victim's payment at the root of each hop (case, number)."""
    rows = await connection.fetch(_PAYMENTS, [case_no for case_no, _ in hops], [hop_no for _, hop_no in hops])
    return {(row["case_no"], row["hop_no"]): Payment(**row["payment"]) for row in rows}


async def payment_of_hop(connection: Connection, case_no: str, hop_no: int) -> Payment:
    """Return the victim's payment at the root of a hop: the transfer by which its money left the victim."""
    return (await payments(connection, [(case_no, hop_no)]))[case_no, hop_no]
