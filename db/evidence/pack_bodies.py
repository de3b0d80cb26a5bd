"""Messages to and from banks for the evidence pack of a case, opened: each is a file of its own."""

from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from typing import Any, Final

import orjson
from asyncpg import Record

from db.banks.bank_keys import EVIDENCE, Evidence, evidence_of
from db.case import answers
from db.evidence.opened import Opened
from db.pool import Connection
from db.privacy.body_keys import (
    BODY,
    CONTENT,
    FORM,
    FORM_BODY,
    REPLY,
    BodyState,
    OpenedBody,
    OpensBody,
    StoredBody,
    stored_body,
    stored_line,
    use_of,
)
from db.privacy.person_keys import StoredText
from db.recovery import bank_orders
from domain.evidence_binding import SENT, bound_by
from schemas.banks.keys import About
from schemas.enums import ChannelKind

# Only the content that the log binds, because older cases have answers that no event binds. Of an answer with an erased
# line the text is null.
_BOUND: Final = f"""
SELECT 'answer-' || update_id || '.jsonl' AS name,
    CASE WHEN count(raw) = count(*) THEN string_agg({answers.BOUND_LINE}, '' ORDER BY line_no) END AS bound_lines
FROM {answers.opened("$2", "$3")} WHERE case_no = $1 AND update_id IN (
    SELECT (e.data->>'update_id')::bigint FROM case_event e WHERE e.case_no = $1 AND e.data ? 'bound'
) GROUP BY update_id
UNION ALL
SELECT 'confirmation-' || confirmation_id || '.jsonl', {bank_orders.BOUND_LINE}
FROM bank_confirmation t
WHERE t.order_id IN (SELECT order_id FROM bank_order WHERE case_no = $1) AND t.confirmation_id IN (
    SELECT (e.data->>'confirmation_id')::bigint FROM case_event e WHERE e.case_no = $1 AND e.data ? 'bound'
) ORDER BY name
"""
_BODIES_OF_PACK_BODIES: Final = """
SELECT DISTINCT ON (b.body_id) b.digest, b.person_id, b.sealed, w.wrapped FROM case_event e
JOIN status_update u ON u.update_id = (e.data->>'update_id')::bigint
JOIN bank_body b ON b.institution = u.institution AND b.digest = u.body_digest
LEFT JOIN person_key w ON w.person_id = b.person_id
WHERE e.case_no = $1 AND e.data ? 'bound' ORDER BY b.body_id
"""
_SENT_OF_PACK_BODIES: Final = """
SELECT s.*, w.wrapped FROM (
    SELECT x.*, false AS restores FROM bank_exchange x JOIN hold_request r USING (request_id) WHERE r.case_no = $1
    UNION ALL SELECT x.*, o.kind = 'restore' FROM bank_exchange x JOIN bank_order o USING (order_id)
    WHERE o.case_no = $1
    UNION ALL SELECT x.*, false FROM bank_exchange x JOIN payer_inquiry i USING (inquiry_id) WHERE i.case_no = $1
) AS s LEFT JOIN person_key w USING (person_id) ORDER BY s.exchange_id
"""
# A message of another bank about a request is no part of the case.
_SIGNED_OF_PACK_BODIES: Final = (
    f"{EVIDENCE} WHERE (e.about, e.institution) IN (SELECT request_id, institution FROM hold_request WHERE case_no = $1"
    " UNION ALL SELECT order_id, institution FROM bank_order WHERE case_no = $1 UNION ALL"
    " SELECT grievance_id, a.institution FROM grievance g JOIN account_hold a USING (hold_id) WHERE g.case_no = $1)"
    " ORDER BY e.evidence_id"
)


@dataclass(frozen=True, slots=True)
class SentFile:
    """A part of an exchange with a bank."""

    path: str
    """path in the pack"""
    name: str
    content: bytes | None
    """None if its key is destroyed"""
    sha256: str | None
    """the kept digest of what is sealed"""
    about: About
    channel: ChannelKind
    restores: bool
    """whether it is about an order to restore, which has the victim's account"""


async def stored_lines(connection: Connection, case_no: str) -> dict[int, StoredText]:
    """Return what was received as each line of the answers of a case, by the numbers of the lines."""
    rows = await connection.fetch(
        f"SELECT a.answer_id, {stored_line('a')} AS raw FROM answer a WHERE a.case_no = $1", case_no
    )
    return {row["answer_id"]: StoredText(**row["raw"]) for row in rows}


_FORMS: Final = """
SELECT f.form_id, f.digest, f.person_id, f.sealed_form, f.sealed_body, w.wrapped
FROM reply_form f LEFT JOIN person_key w USING (person_id)
WHERE f.link_id IN (SELECT l.link_id FROM reply_link l WHERE l.subject_id IN (
    SELECT request_id FROM hold_request WHERE case_no = $1
    UNION ALL SELECT order_id FROM bank_order WHERE case_no = $1))
"""


async def forms(connection: Connection, case_no: str, opens: OpensBody) -> dict[int, dict[str, Any]]:
    """Return the fields and the bytes of each form that banks sent about a case; None once they are erased."""
    found = {}
    for row in await connection.fetch(_FORMS, case_no):
        key = row["person_id"], row["wrapped"]
        told = _content(opens(StoredBody(*key, row["sealed_form"], use_of(FORM, row["digest"]))))
        content = _content(opens(StoredBody(*key, row["sealed_body"], use_of(FORM_BODY, row["digest"]))))
        found[row["form_id"]] = {
            "form": None if told is None else orjson.loads(told),
            "body": None if content is None else rf"\x{content.hex()}",
        }
    return found


async def bound_words(
    connection: Connection, case_no: str, opened: Opened
) -> AsyncGenerator[tuple[str, str | None], None]:
    """Yield the statements of banks that the log binds: name and text of each file; None once erased."""
    raws = opened.raws
    async for row in connection.cursor(_BOUND, case_no, [*raws], [raw or None for raw in raws.values()], prefetch=1):
        yield row["name"], row["bound_lines"]


async def bodies(
    connection: Connection, case_no: str, opens: OpensBody
) -> AsyncGenerator[tuple[str, bytes | None], None]:
    """Yield answers received on the I4C wire and in files: the SHA-256 and the bytes of each; None once erased."""
    async for row in connection.cursor(_BODIES_OF_PACK_BODIES, case_no, prefetch=1):
        yield row["digest"].hex(), _content(opens(stored_body(row, use_of(BODY, row["digest"]))))


async def sent(connection: Connection, case_no: str, opens: OpensBody) -> AsyncGenerator[SentFile, None]:
    """Yield the messages sent to banks and their replies, a file at a time."""
    async for row in connection.cursor(_SENT_OF_PACK_BODIES, case_no, prefetch=1):
        for name, content, digest in _parts_of(row, opens):
            path, sha256 = f"{SENT}/{row['exchange_id']:010}/{name}", digest.hex() if digest else None
            about, channel = About(row["about"]), ChannelKind(row["channel"])
            yield SentFile(path, name, content, sha256, about, channel, row["restores"])


def _parts_of(row: Record, opens: OpensBody) -> Iterator[tuple[str, bytes | None, bytes | None]]:
    """Yield the files of an exchange in the order of their names: name, content, and the kept digest."""
    for part in (BODY, CONTENT, REPLY):
        if (digest := row[f"{part}_digest"]) is not None:
            stored = StoredBody(row["person_id"], row["wrapped"], row[f"sealed_{part}"], use_of(part, digest))
            yield part, _content(opens(stored)), digest
    if row["reply_head"] is not None:
        yield "reply.txt", row["reply_head"].encode(), None
    yield "request.txt", row["head"].encode(), None


def _content(opened: OpenedBody) -> bytes | None:
    return opened.content if opened.state is BodyState.OPEN else None


async def signed_requests(connection: Connection, case_no: str, opens: OpensBody) -> AsyncGenerator[Evidence, None]:
    """Yield banks' requests to our API about the case's requests, orders and grievances, as received."""
    async for row in connection.cursor(_SIGNED_OF_PACK_BODIES, case_no, prefetch=1):
        yield evidence_of(row, opens)


async def bound_digests(connection: Connection, case_no: str) -> dict[str, str]:
    """Return the SHA-256 of each file that the log binds, by its name."""
    rows = await connection.fetch(
        "SELECT data::text AS data_text FROM case_event WHERE case_no = $1 AND data ? 'bound' ORDER BY seq", case_no
    )
    return {name: digest for row in rows for name, digest in bound_by(row["data_text"]).items()}
