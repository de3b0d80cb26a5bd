"""Rows with sealed bodies and documents, opened as a reader with the secret key sees them."""

from typing import Any, Final

import orjson

from activities.banks.bodies import BodyOpener
from activities.context import Context
from db.privacy.body_keys import (
    BODY,
    CONTENT,
    COURT_ORDER,
    FACTS,
    FIR_COPY,
    FORM,
    FORM_BODY,
    PDF,
    REPLY,
    WAIVER,
    BodyState,
    StoredBody,
    use_of,
    use_of_line,
    use_of_unreadable,
)

_PARTS: Final = {
    "bank_exchange": {
        "body": (BODY, "sealed_body", "body_digest"),
        "content": (CONTENT, "sealed_content", "content_digest"),
        "reply": (REPLY, "sealed_reply", "reply_digest"),
    },
    "bank_body": {"body": (BODY, "sealed", "digest")},
    "bank_evidence": {"body": (BODY, "sealed", "digest")},
    "reply_form": {"body": (FORM_BODY, "sealed_body", "digest")},
    "document": {"pdf": (PDF, "sealed_pdf", "digest")},
    "fir_copy": {"document": (FIR_COPY, "sealed", "digest")},
    "court_order": {"document": (COURT_ORDER, "sealed_document", "document_digest")},
    "hearing_waiver": {"document": (WAIVER, "sealed_document", "document_digest")},
}
"""by table and name: the part, and the columns with the sealed bytes and the digest"""


async def opened_rows(ctx: Context, table: str, where: str = "", *arguments: object) -> list[dict[str, Any]]:
    """Return rows of a table with their bodies opened; None for one that is erased. `where` also orders them."""
    rows = await ctx.pool.fetch(
        f"SELECT t.*, k.wrapped FROM {table} t LEFT JOIN (SELECT person_id, wrapped FROM person_key) AS k"
        f" USING (person_id) {where}",
        *arguments,
    )
    return [_opened(ctx, table, dict(row)) for row in rows]


def _opened(ctx: Context, table: str, row: dict[str, Any]) -> dict[str, Any]:
    if table == "answer":
        raw = _read(ctx, row, row["sealed_raw"], use_of_line(row["natural_key"]))
        return row | {"raw": None if raw is None else orjson.loads(raw)}
    if table == "returned_funds":
        use = use_of_unreadable(row["body_digest"], row["line_no"])
        raw = _read(ctx, row, row["sealed_unreadable"], use)
        return row | {"unreadable": None if raw is None else orjson.loads(raw)}
    found: dict[str, Any] = {
        column: None if row[sealed] is None else _read(ctx, row, row[sealed], use_of(part, row[digest]))
        for column, (part, sealed, digest) in _PARTS[table].items()
    }
    if table == "document":
        facts = _read(ctx, row, row["sealed_facts"], use_of(FACTS, row["digest"]))
        found["facts"] = None if facts is None else orjson.loads(facts)
    if table == "reply_form":
        form = _read(ctx, row, row["sealed_form"], use_of(FORM, row["digest"]))
        found["form"] = None if form is None else orjson.loads(form)
    return row | found


def _read(ctx: Context, row: dict[str, Any], sealed: bytes, use: str) -> bytes | None:
    opened = BodyOpener(ctx.persons)(StoredBody(row["person_id"], row["wrapped"], sealed, use))
    assert opened.state in {BodyState.OPEN, BodyState.ERASED}, opened.state
    return opened.content if opened.state is BodyState.OPEN else None
