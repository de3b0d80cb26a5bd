"""Documents and lines of returned money in clear, which a release before wrote."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from pydantic import Field

from db.body_keys import BodyKey, CaseKey, key_of_case
from db.clear_tables import COURT_ORDERS, DOCUMENTS, FIR_COPIES, RETURNED, WAIVERS, ClearTable
from db.person_keys import PersonKey
from db.pool import Connection
from db.sealed_documents import SealedDocument, SealedIssue
from schemas.base import FrozenModel

Key = int | UUID | str


class ClearDocument(FrozenModel):
    """A row with a document, or with a line of returned money, in clear."""

    row_id: Key
    is_sealed: bool
    """whether it is sealed too, and the clear text only has to be taken away"""
    case_no: str | None
    """None for a line of returned money that names no case"""
    key: PersonKey | None
    """the key of the case"""
    clear: bytes = Field(repr=False)

    @property
    def case(self) -> CaseKey | None:
        """Return the case and its key."""
        return None if self.case_no is None else CaseKey(case_no=self.case_no, key=self.key)


class ClearIssue(ClearDocument):
    """An issued document in clear. `facts` is exactly as the database writes them."""

    facts: str = Field(repr=False)


class ClearLine(ClearDocument):
    """A line of returned money that could not be read, in clear, as JSON text."""

    institution: str
    body_digest: bytes
    line_no: int


def _lock(table: ClearTable, case_no: str, clear: str, more: str = "") -> str:
    """Return the statement that locks rows of a table; `case_no`, `clear` and `more` are SQL."""
    return (
        f"SELECT d.*, {key_of_case('d.case_no')} AS key FROM (SELECT {table.key_of(f'{table.row}.')} AS row_id,"
        f" {table.row}.{table.sealed} IS NOT NULL AS is_sealed, {case_no} AS case_no, {clear} AS clear{more}"
        f" {table.locked}) AS d ORDER BY d.row_id"
    )


_DOCUMENTS: Final = _lock(DOCUMENTS, "p.case_no", "p.pdf", ", p.facts::text AS facts")
_FIR_COPIES: Final = _lock(FIR_COPIES, "c.case_no", "c.document")
_COURT_ORDERS: Final = _lock(COURT_ORDERS, "o.case_no", "o.document")
_WAIVERS: Final = _lock(
    WAIVERS, "(SELECT s.case_no FROM restoration s WHERE s.restoration_id = w.restoration_id)", "w.document"
)
_RETURNED: Final = _lock(
    RETURNED,
    "r.case_no",
    "convert_to(r.unreadable::text, 'UTF8')",
    ", r.institution, r.body_digest, r.line_no",
)


async def lock_issued(connection: Connection, after: UUID, limit: int) -> list[ClearIssue]:
    """Lock and return some issued documents in clear behind a key; a row that is locked is left out."""
    return [ClearIssue(**dict(row)) for row in await connection.fetch(_DOCUMENTS, after, limit)]


async def lock_fir_copies(connection: Connection, after: str, limit: int) -> list[ClearDocument]:
    """Lock and return some copies of FIRs in clear, as `lock_issued` does."""
    return [ClearDocument(**dict(row)) for row in await connection.fetch(_FIR_COPIES, after, limit)]


async def lock_court_orders(connection: Connection, after: int, limit: int) -> list[ClearDocument]:
    """Lock and return some orders of courts in clear, as `lock_issued` does."""
    return [ClearDocument(**dict(row)) for row in await connection.fetch(_COURT_ORDERS, after, limit)]


async def lock_waivers(connection: Connection, after: str, limit: int) -> list[ClearDocument]:
    """Lock and return some waivers in clear, as `lock_issued` does."""
    return [ClearDocument(**dict(row)) for row in await connection.fetch(_WAIVERS, after, limit)]


async def lock_returned(connection: Connection, after: int, limit: int) -> list[ClearLine]:
    """Lock and return some lines of returned money in clear, as `lock_issued` does."""
    return [ClearLine(**dict(row)) for row in await connection.fetch(_RETURNED, after, limit)]


async def seal_issued(connection: Connection, sealed: Sequence[tuple[Key, SealedIssue]]) -> None:
    """Write the sealed form of documents whose rows the transaction has locked; the database clears the other."""
    await connection.executemany(
        "UPDATE document SET person_id = $2, sealed_facts = $3, sealed_pdf = $4, size_bytes = octet_length(pdf),"
        " fir_no = nullif(facts #>> '{fir,number}', ''),"
        " fir_copy_digest = nullif(decode(facts #>> '{fir,copy_digest}', 'hex'), '') WHERE document_id = $1",
        [(row_id, one.pdf.key.person_id, one.facts, one.pdf.sealed.sealed) for row_id, one in sealed],
    )


async def seal_documents(
    connection: Connection, table: ClearTable, sealed: Sequence[tuple[Key, SealedDocument]]
) -> None:
    """Write sealed copies of FIRs, orders of courts or waivers, as `seal_issued` does."""
    # One statement, because no index finds a key that is a text.
    await connection.execute(
        f"UPDATE {table.name} t SET person_id = n.person_id, {table.sealed} = n.sealed"
        " FROM unnest($1::text[], $2::uuid[], $3::bytea[]) AS n (row_id, person_id, sealed)"
        f" WHERE {table.key_of('t.')}::text = n.row_id",
        [str(row_id) for row_id, _ in sealed],
        [one.key.person_id for _, one in sealed],
        [one.sealed.sealed for _, one in sealed],
    )


async def seal_returned(connection: Connection, sealed: Sequence[tuple[Key, BodyKey, bytes]]) -> None:
    """Write sealed lines of returned money, as `seal_issued` does."""
    await connection.executemany(
        "UPDATE returned_funds SET person_id = $2, sealed_unreadable = $3 WHERE returned_id = $1",
        [(row_id, key.person_id, line) for row_id, key, line in sealed],
    )


async def clear_firs(connection: Connection, copies: Sequence[Key]) -> None:
    """Take away the same copies of FIRs from the rows of the FIRs, where the release before wrote them too."""
    await connection.execute(
        "UPDATE fir f SET document = NULL FROM fir_copy c WHERE f.case_no = c.case_no AND f.document_digest = c.digest"
        f" AND f.document IS NOT NULL AND {FIR_COPIES.key_of('c.')} = ANY($1)",
        list(copies),
    )
