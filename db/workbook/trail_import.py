"""Workbooks of a trail, in and out."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from db.case.cases import case_no_of
from db.pool import Connection
from db.privacy.body_keys import OpensLine, stored_line
from db.privacy.person_keys import StoredPerson, StoredText, stored
from db.rows import Rows
from domain.case.complaints import is_of_our_half
from domain.case.resolution import NO_DATE
from domain.workbook.exporting import ExportAnswer, ExportHop
from domain.workbook.known import EarlierLine
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ClaimKind, DiscrepancyKind, Disposition, HopSource
from schemas.identifiers import names_a_transfer, reference_key


class NamedHop(FrozenModel):
    """A hop that a row of the workbook can be about."""

    case_no: str
    hop_no: int
    layer: int
    institution: str | None
    reference_key: str
    account_key: str
    parent_hop_no: int | None
    source: HopSource
    disputed_paise: int
    is_aside: bool
    """its money counts in the other case of a merge"""


class LineFate(FrozenModel):
    """Disposition of one line of an answer, and its first discrepancy."""

    disposition: Disposition
    claim_paise: int
    applied_paise: int
    discrepancy: DiscrepancyKind | None


class Registered(FrozenModel):
    """The case of a number that a workbook states."""

    case_no: str
    given_by_us: bool
    """false if the portal gave the number, or it lies in the portal's half"""


class ComplaintOwner(FrozenModel):
    """Victim and category of a complaint, with the victim's sealed data."""

    category: str
    person: StoredPerson
    district: str
    woman: bool
    child: bool
    senior: bool


class KnownTransfer(FrozenModel):
    """A registered transfer of a case, with its `transfer_key`."""

    transfer_key: str
    payee_holder: str
    amount_paise: int
    transferred_at: UtcDatetime


_OF_NUMBER: Final = "(c.portal_ack_no = $1 OR c.ack_no = $1)"
_PORTALS_FIRST: Final = "ORDER BY c.portal_ack_no IS DISTINCT FROM $1 LIMIT 1"
"""A number of our half may be the portal's of one complaint and ours of another. A workbook means the portal's."""


async def registered(connection: Connection, ack_no: str) -> Registered | None:
    """Return the case of the complaint with this number, or None."""
    row = await connection.fetchrow(
        "SELECT c.case_no, c.portal_ack_no IS NULL AS not_of_portal FROM complaint c"
        f" WHERE {_OF_NUMBER} {_PORTALS_FIRST}",
        ack_no,
    )
    if row is None:
        return None
    return Registered(case_no=row["case_no"], given_by_us=row["not_of_portal"] and is_of_our_half(ack_no))


async def names_hop(connection: Connection, case_no: str, reference_keys: Sequence[str]) -> bool:
    """Return whether a hop of the case or of its merged cases has any of these references."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM hop WHERE case_no = ANY(merged_with($1) || $1::text) AND reference_key = ANY($2))",
        case_no,
        list(reference_keys),
    )
    return exists


_NAMED: Final = """
SELECT h.case_no, h.hop_no, h.layer, h.institution, h.reference_key, h.account_key, h.parent_hop_no, h.source,
    h.disputed_paise, EXISTS (SELECT FROM set_aside_hop s WHERE s.case_no = h.case_no AND s.hop_no = h.hop_no
        AND s.put_back_at IS NULL) AS is_aside
FROM hop h WHERE h.case_no = {cases} AND {condition} ORDER BY h.hop_no
"""


async def named_hops(
    connection: Connection, case_nos: Sequence[str], reference_keys: Sequence[str], account_keys: Sequence[str]
) -> list[NamedHop]:
    """Return the hops of cases with any of these references or accounts."""
    statement = _NAMED.format(cases="ANY($1)", condition="(h.reference_key = ANY($2) OR h.account_key = ANY($3))")
    return await Rows(connection, NamedHop).many(statement, list(case_nos), list(reference_keys), list(account_keys))


async def undated_hops(connection: Connection, case_no: str) -> list[NamedHop]:
    """Return the hops of a case that wait for the desk and whose date is not stated."""
    waits = (
        "h.state IN ('correction', 'unroutable') AND h.flags @> jsonb_build_array(jsonb_build_object('code', $2::text))"
    )
    return await Rows(connection, NamedHop).many(_NAMED.format(cases="$1", condition=waits), case_no, NO_DATE)


_TOLD: Final = f"""
SELECT a.natural_key, a.kind, a.hop_nos, a.claim_paise, a.applied_paise, a.occurred_at, {stored_line("a")} AS raw
FROM answer a WHERE a.case_no = $1 AND a.institution = $2 AND a.disposition <> 'duplicate' AND a.hop_nos && $3
ORDER BY a.answer_id
"""


async def told_lines(
    connection: Connection, case_no: str, institution: str, hop_nos: Sequence[int], opens: OpensLine
) -> list[EarlierLine]:
    """Return a bank's lines about these hops."""
    return [
        EarlierLine(
            natural_key=row["natural_key"],
            kind=ClaimKind(row["kind"]),
            hop_nos=frozenset(row["hop_nos"]),
            reference_key=_reference_key(opens(StoredText(**row["raw"]))),
            claim_paise=row["claim_paise"],
            applied_paise=row["applied_paise"],
            occurred_at=row["occurred_at"],
        )
        for row in await connection.fetch(_TOLD, case_no, institution, list(hop_nos))
    ]


def _reference_key(raw: Mapping[str, Any]) -> str:
    reference = str(raw.get("rrn_transaction_id") or raw.get("rrn") or "")
    return reference_key(reference) if names_a_transfer(reference) else ""


_FATES: Final = """
SELECT a.disposition, a.claim_paise, a.applied_paise,
    (SELECT kind FROM discrepancy c WHERE c.answer_id = a.answer_id
     ORDER BY discrepancy_id LIMIT 1) AS discrepancy
FROM answer a WHERE a.update_id = (
    SELECT update_id FROM status_update WHERE institution = $1 AND body_digest = $2 ORDER BY said_again DESC LIMIT 1)
ORDER BY a.line_no
"""


async def fates(connection: Connection, institution: str, body_digest: bytes) -> list[LineFate]:
    """Return the disposition of every line of an answer just received, in their order."""
    return await Rows(connection, LineFate).many(_FATES, institution, body_digest)


async def teller(connection: Connection, ack_no: str) -> ComplaintOwner | None:
    """Return the victim and category of a complaint; None for an unknown number."""
    return await Rows(connection, ComplaintOwner).first(
        f"SELECT c.category, {stored('v')} AS person, v.district_as_told AS district, v.woman, v.child, v.senior"
        f" FROM complaint c JOIN victim v USING (victim_id) WHERE {_OF_NUMBER} {_PORTALS_FIRST}",
        ack_no,
    )


async def known_transfer(connection: Connection, case_no: str) -> KnownTransfer | None:
    """Return a transfer by which another complaint can join the case, or None.

    A transfer to a known institution comes first.
    """
    return await Rows(connection, KnownTransfer).first(
        "SELECT d.transfer_key, h.payee_holder, h.amount_paise, h.transferred_at FROM disputed_transfer d"
        " JOIN hop h USING (case_no, hop_no) WHERE d.case_no = $1"
        " ORDER BY h.institution IS NULL, d.hop_no LIMIT 1",
        case_no,
    )


async def imported_before(connection: Connection, case_no: str, content: str) -> bool:
    """Return whether the case's log has an import with this content."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM case_event WHERE case_no = $1 AND kind = 'trail_imported'"
        " AND data->>'content' = $2)",
        case_no,
        content,
    )
    return exists


_HOPS: Final = """
SELECT h.hop_no, h.parent_hop_no, h.layer, h.source, h.institution, h.payer_institution_as_told, h.payer_holder,
    h.payee_institution_as_told, h.payee_holder, h.payee_ifsc, h.reference, h.amount_paise, h.disputed_paise,
    coalesce(b.balance_paise, 0) AS untraced_paise, h.transferred_at, h.opened_by_answer
FROM hop h
LEFT JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'untraced'
WHERE h.case_no = $1 ORDER BY h.hop_no
"""
_ANSWERS: Final = f"""
SELECT a.answer_id, a.institution, a.hop_nos, a.kind, a.disposition, a.status_code, a.amount_paise, a.claim_paise,
    a.applied_paise, a.remarks, {stored_line("a")} AS raw, a.occurred_at, a.received_at
FROM answer a WHERE a.case_no = $1 AND a.disposition <> 'duplicate' AND a.hop_nos <> '{{}}' ORDER BY a.answer_id
"""


async def whole_case(
    connection: Connection, ack_no: str, opens: OpensLine
) -> tuple[str, list[ExportHop], list[ExportAnswer]]:
    """Return the case's number, all its hops, and the answer lines about hops. Raises `NotFound`.

    Duplicate lines are omitted. The caller's transaction gives all of them the same instant.
    """
    case_no = await case_no_of(connection, ack_no)
    hops = [
        ExportHop(**{**dict(row), "source": HopSource(row["source"])}) for row in await connection.fetch(_HOPS, case_no)
    ]
    answers = [
        ExportAnswer(
            **{
                **dict(row),
                "hop_nos": tuple(row["hop_nos"]),
                "kind": ClaimKind(row["kind"]),
                "disposition": Disposition(row["disposition"]),
                "raw": opens(StoredText(**row["raw"])),
            }
        )
        for row in await connection.fetch(_ANSWERS, case_no)
    ]
    return case_no, hops, answers
