"""Bodies of messages and lines of answers in clear, which a release before wrote."""

from collections.abc import Sequence
from typing import Any, Final

from pydantic import Field

from db.banks.bank_exchanges import SealedParts
from db.banks.bank_keys import CASE_OF
from db.banks.reply_links import SealedForm
from db.body_keys import BodyKey, CaseKey, key_of_case
from db.clear_tables import ANSWER_LINES, EXCHANGES, FORMS, RECEIVED, STATEMENTS
from db.person_keys import PersonKey
from db.pool import Connection
from db.tracing.answers import told_columns
from schemas.base import FrozenModel


class ClearRow(FrozenModel):
    """A row with bodies in clear, and the key of its case."""

    row_id: int
    is_sealed: bool
    """whether it is sealed too, and the clear text only has to be taken away"""
    case_no: str | None
    """None if it is of no single case"""
    key: PersonKey | None

    @property
    def case(self) -> CaseKey | None:
        """Return the case and its key."""
        return None if self.case_no is None else CaseKey(case_no=self.case_no, key=self.key)


class ClearExchange(ClearRow):
    """An exchange in clear."""

    body: bytes = Field(repr=False)
    content: bytes | None = Field(repr=False)
    reply: bytes | None = Field(repr=False)


class ClearBody(ClearRow):
    """A received body in clear."""

    institution: str
    body: bytes = Field(repr=False)


class ClearForm(ClearRow):
    """A form in clear. `form` is its fields as JSON text."""

    form: str = Field(repr=False)
    digest: bytes
    body: bytes | None = Field(repr=False)


class ClearLine(ClearRow):
    """A line of an answer in clear. `raw` is exactly as the database writes it."""

    natural_key: str
    raw: str = Field(repr=False)
    told: dict[str, Any] = Field(repr=False)
    """the same, read"""


def _lock(columns: str, sealed: str, case_no: str, of: str) -> str:
    """Return the statement that locks rows; `of` is SQL from `FROM` on."""
    return (
        f"SELECT c.*, {key_of_case('c.case_no')} AS key FROM"
        f" (SELECT {columns}, {sealed} IS NOT NULL AS is_sealed, ({case_no}) AS case_no {of}) AS c ORDER BY c.row_id"
    )


_EXCHANGES: Final = _lock(
    "x.exchange_id AS row_id, x.body, x.content, x.reply",
    "x.sealed_body",
    "SELECT r.case_no FROM hold_request r WHERE r.request_id = x.request_id"
    " UNION ALL SELECT i.case_no FROM payer_inquiry i WHERE i.inquiry_id = x.inquiry_id"
    " UNION ALL SELECT o.case_no FROM bank_order o WHERE o.order_id = x.order_id",
    EXCHANGES.locked,
)
_RECEIVED: Final = _lock(
    "b.body_id AS row_id, b.institution, b.body",
    "b.sealed",
    "SELECT CASE WHEN count(DISTINCT u.case_no) = 1 THEN min(u.case_no) END FROM status_update u"
    " WHERE u.institution = b.institution AND u.body_digest = b.digest",
    RECEIVED.locked,
)
_STATEMENTS: Final = _lock(
    "e.evidence_id AS row_id, e.institution, e.body",
    "e.sealed",
    CASE_OF.format(about="e.about", institution="e.institution"),
    STATEMENTS.locked,
)
_FORMS: Final = _lock(
    "f.form_id AS row_id, f.form::text AS form, f.digest, f.body",
    "f.sealed_form",
    "SELECT coalesce(r.case_no, o.case_no) FROM reply_link l LEFT JOIN hold_request r ON r.request_id = l.request_id"
    " LEFT JOIN bank_order o ON o.order_id = l.order_id WHERE l.link_id = f.link_id",
    FORMS.locked,
)
_LINES: Final = _lock(
    "a.answer_id AS row_id, a.natural_key, a.raw::text AS raw, a.raw AS told",
    "a.sealed_raw",
    "a.case_no",
    ANSWER_LINES.locked,
)


async def lock_exchanges(connection: Connection, after: int, limit: int) -> list[ClearExchange]:
    """Lock and return some exchanges in clear behind a number; a row that is locked is left out."""
    return [ClearExchange(**dict(row)) for row in await connection.fetch(_EXCHANGES, after, limit)]


async def lock_received(connection: Connection, after: int, limit: int) -> list[ClearBody]:
    """Lock and return some bodies of the I4C wire and of files in clear, as `lock_exchanges` does."""
    return [ClearBody(**dict(row)) for row in await connection.fetch(_RECEIVED, after, limit)]


async def lock_statements(connection: Connection, after: int, limit: int) -> list[ClearBody]:
    """Lock and return some bodies of banks' requests to our API in clear, as `lock_exchanges` does."""
    return [ClearBody(**dict(row)) for row in await connection.fetch(_STATEMENTS, after, limit)]


async def lock_forms(connection: Connection, after: int, limit: int) -> list[ClearForm]:
    """Lock and return some forms in clear, as `lock_exchanges` does."""
    return [ClearForm(**dict(row)) for row in await connection.fetch(_FORMS, after, limit)]


async def lock_lines(connection: Connection, after: int, limit: int) -> list[ClearLine]:
    """Lock and return some lines of answers in clear, as `lock_exchanges` does."""
    return [ClearLine(**dict(row)) for row in await connection.fetch(_LINES, after, limit)]


async def seal_exchanges(connection: Connection, sealed: Sequence[tuple[int, SealedParts]]) -> None:
    """Write the sealed parts of exchanges whose rows the transaction has locked; the database clears the others."""
    await connection.executemany(
        "UPDATE bank_exchange SET person_id = $2, sealed_body = $3, body_digest = $4, sealed_content = $5,"
        " content_digest = $6, sealed_reply = $7, reply_digest = $8 WHERE exchange_id = $1",
        [(exchange_id, *one.values) for exchange_id, one in sealed],
    )


async def seal_received(connection: Connection, sealed: Sequence[tuple[int, BodyKey, bytes]]) -> None:
    """Write sealed bodies of the I4C wire and of files, as `seal_exchanges` does."""
    await connection.executemany(
        "UPDATE bank_body SET person_id = $2, sealed = $3, of_bank = $4 WHERE body_id = $1",
        [(body_id, key.person_id, body, key.case_no is None) for body_id, key, body in sealed],
    )


async def seal_statements(connection: Connection, sealed: Sequence[tuple[int, BodyKey, bytes]]) -> None:
    """Write sealed bodies of banks' requests, as `seal_exchanges` does."""
    await connection.executemany(
        "UPDATE bank_evidence SET person_id = $2, sealed = $3 WHERE evidence_id = $1",
        [(evidence_id, key.person_id, body) for evidence_id, key, body in sealed],
    )


async def seal_forms(connection: Connection, sealed: Sequence[tuple[int, SealedForm]]) -> None:
    """Write sealed forms, as `seal_exchanges` does."""
    await connection.executemany(
        "UPDATE reply_form SET person_id = $2, sealed_form = $3, sealed_body = $4 WHERE form_id = $1",
        [(form_id, one.key.person_id, one.form, one.body) for form_id, one in sealed],
    )


async def seal_lines(connection: Connection, sealed: Sequence[tuple[ClearLine, BodyKey, bytes]]) -> None:
    """Write sealed lines of answers, with what the database reads of them, as `seal_exchanges` does."""
    await connection.executemany(
        "UPDATE answer SET person_id = $2, sealed_raw = $3, imported_by = $4, balance_on_wire = $5"
        " WHERE answer_id = $1",
        [(line.row_id, key.person_id, raw, *told_columns(line.told)) for line, key, raw in sealed],
    )
