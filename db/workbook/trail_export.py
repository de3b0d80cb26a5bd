"""Data of a whole case for the export of the money-trail workbook."""

from typing import Final

from db.case.cases import case_no_of
from db.pool import Connection
from db.privacy.body_keys import OpensLine, stored_line
from db.privacy.person_keys import StoredText
from domain.workbook.exporting import ExportAnswer, ExportHop
from schemas.enums import ClaimKind, Disposition, HopSource

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
