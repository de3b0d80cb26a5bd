"""Documents of cases as they are stored: orders of courts, copies of FIRs, issued documents, and waivers of holders."""

from typing import Final

from db.privacy.body_keys import stored_columns
from db.privacy.sealed import COURT_ORDER, FIR_COPY, PDF, WAIVER
from domain.evidence_binding import COURT_ORDERS, DOCUMENTS, FIRS, WAIVERS


def _statement(parts: tuple[str, ...]) -> str:
    return f"{' UNION ALL '.join(parts)} ORDER BY case_no, place, number, at, name"


_OF_PACK: Final = (
    f"SELECT c.case_no, 1 AS place, c.court_order_id AS number, NULL::timestamptz AS at,"
    f" '{COURT_ORDERS}/' || c.court_order_id || '.pdf' AS name, '' AS kind, '{COURT_ORDER}' AS part,"
    f" c.document_digest AS digest, {stored_columns('c', 'sealed_document')}"
    " FROM court_order c WHERE c.case_no = ANY($1) AND c.document_digest IS NOT NULL",
    f"SELECT f.case_no, 2, NULL, NULL, '{FIRS}/' || encode(f.digest, 'hex') || '.pdf', '', '{FIR_COPY}', f.digest,"
    f" {stored_columns('f', 'sealed')} FROM fir_copy f WHERE f.case_no = ANY($1)",
    f"SELECT p.case_no, 3, NULL, p.issued_at, '{DOCUMENTS}/' || translate(p.number, '/', '-') || '.' || p.language"
    f" || '.pdf', p.kind, '{PDF}', p.digest, {stored_columns('p', 'sealed_pdf')}"
    " FROM document p WHERE p.case_no = ANY($1)",
)
_WAIVERS_OF: Final = (
    f"SELECT r.case_no, 4, NULL, NULL, '{WAIVERS}/' || w.hold_id || '/' || encode(w.document_digest, 'hex') || '.pdf',"
    f" '', '{WAIVER}', w.document_digest, {stored_columns('w', 'sealed_document')}"
    " FROM hearing_waiver w JOIN restoration r USING (restoration_id) WHERE r.case_no = ANY($1)"
)
OF_PACK: Final = _statement(_OF_PACK)
"""the documents of some cases that an evidence pack has"""
BOUND: Final = _statement((*_OF_PACK, _WAIVERS_OF))
"""all documents of some cases whose SHA-256 is in the log"""
