"""Bodies of messages and documents of a case, in evidence.

Digests of the content that the log binds: banks' statements, bodies of messages, exchanges, and documents. What is
sealed is opened a few rows at a time, because the database cannot open it.
"""

import hashlib
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass, field
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
    COURT_ORDER,
    FIR_COPY,
    FORM,
    FORM_BODY,
    PDF,
    REPLY,
    WAIVER,
    BodyState,
    OpenedBody,
    OpensBody,
    StoredBody,
    stored_body,
    stored_columns,
    stored_line,
    use_of,
    use_of_line,
)
from db.privacy.person_keys import StoredText
from db.recovery import bank_orders
from domain.evidence_binding import BODIES, COURT_ORDERS, DOCUMENTS, FIRS, SENT, SIGNED, STATEMENTS, WAIVERS, bound_by
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
_BODIES_OF_CASE: Final = """
SELECT DISTINCT ON (b.body_id) b.digest, b.person_id, b.sealed, w.wrapped FROM case_event e
JOIN status_update u ON u.update_id = (e.data->>'update_id')::bigint
JOIN bank_body b ON b.institution = u.institution AND b.digest = u.body_digest
LEFT JOIN person_key w ON w.person_id = b.person_id
WHERE e.case_no = $1 AND e.data ? 'bound' ORDER BY b.body_id
"""
_SENT_OF_CASE: Final = """
SELECT s.*, w.wrapped FROM (
    SELECT x.*, false AS restores FROM bank_exchange x JOIN hold_request r USING (request_id) WHERE r.case_no = $1
    UNION ALL SELECT x.*, o.kind = 'restore' FROM bank_exchange x JOIN bank_order o USING (order_id)
    WHERE o.case_no = $1
    UNION ALL SELECT x.*, false FROM bank_exchange x JOIN payer_inquiry i USING (inquiry_id) WHERE i.case_no = $1
) AS s LEFT JOIN person_key w USING (person_id) ORDER BY s.exchange_id
"""
# A message of another bank about a request is no part of the case.
_SIGNED_OF_CASE: Final = (
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
    by_form = {}
    for row in await connection.fetch(_FORMS, case_no):
        key = row["person_id"], row["wrapped"]
        form = _content(opens(StoredBody(*key, row["sealed_form"], use_of(FORM, row["digest"]))))
        content = _content(opens(StoredBody(*key, row["sealed_body"], use_of(FORM_BODY, row["digest"]))))
        by_form[row["form_id"]] = {
            "form": None if form is None else orjson.loads(form),
            "body": None if content is None else rf"\x{content.hex()}",
        }
    return by_form


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
    async for row in connection.cursor(_BODIES_OF_CASE, case_no, prefetch=1):
        yield row["digest"].hex(), _content(opens(stored_body(row, use_of(BODY, row["digest"]))))


async def sent(connection: Connection, case_no: str, opens: OpensBody) -> AsyncGenerator[SentFile, None]:
    """Yield the messages sent to banks and their replies, a file at a time."""
    async for row in connection.cursor(_SENT_OF_CASE, case_no, prefetch=1):
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
    async for row in connection.cursor(_SIGNED_OF_CASE, case_no, prefetch=1):
        yield evidence_of(row, opens)


async def bound_digests(connection: Connection, case_no: str) -> dict[str, str]:
    """Return the SHA-256 of each file that the log binds, by its name."""
    rows = await connection.fetch(
        "SELECT data::text AS data_text FROM case_event WHERE case_no = $1 AND data ? 'bound' ORDER BY seq", case_no
    )
    return {name: digest for row in rows for name, digest in bound_by(row["data_text"]).items()}


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


AT_ONCE: Final = 20
"""rows with bodies in memory at a time"""


@dataclass(slots=True)
class BoundContent:
    """Content that the log of one case binds, as it is stored."""

    digests: dict[str, str] = field(default_factory=dict)
    """SHA-256 by the name in the evidence pack; of a body that cannot be read, the digest beside it"""
    erased: set[str] = field(default_factory=set)
    """what cannot be read, because its key is destroyed"""
    unopened: set[str] = field(default_factory=set)
    """what cannot be read, because the program does not have the secret key"""

    def note(self, name: str, digest: bytes) -> None:
        """Note the digest of a file."""
        self.digests[name] = digest.hex()

    def read(self, name: str, opened: OpenedBody) -> bytes | None:
        """Return what was opened, or note why it cannot be read."""
        if opened.state is BodyState.ERASED:
            self.erased.add(name)
        elif opened.state is BodyState.UNKNOWN_KEY:
            self.unopened.add(name)
        return opened.content if opened.state is BodyState.OPEN else None


class _Reading:
    """The reading of several cases."""

    def __init__(self, connection: Connection, case_nos: Sequence[str], opens: OpensBody) -> None:
        self._connection = connection
        self._case_nos = case_nos
        self._opens = opens
        self.found = {case_no: BoundContent() for case_no in case_nos}

    async def clear(self) -> None:
        """Note what is not sealed."""
        for row in await self._connection.fetch(_IN_CLEAR, self._case_nos):
            self.found[row["case_no"]].note(row["name"], row["digest"])

    async def answers(self) -> None:
        """Note the digest of the lines of each answer, unless one of them cannot be read."""
        raws: dict[int, str] = {}
        unread: set[int] = set()
        async for row in self._connection.cursor(_LINES, self._case_nos, prefetch=AT_ONCE):
            content = self.found[row["case_no"]]
            stored = stored_body(row, use_of_line(row["natural_key"]))
            raw = content.read(f"{STATEMENTS}/answer-{row['update_id']}.jsonl", self._opens(stored))
            if raw is None:
                unread.add(row["update_id"])
            else:
                raws[row["answer_id"]] = raw.decode()
        for row in await self._connection.fetch(_STATEMENTS, [*raws], [*raws.values()], sorted(unread)):
            self.found[row["case_no"]].note(row["name"], row["digest"])

    async def bodies(self) -> None:
        """Note the bodies that banks sent."""
        for statement in (_BODIES, _SIGNED):
            async for row in self._connection.cursor(statement, self._case_nos, prefetch=AT_ONCE):
                self._body(row["case_no"], row["name"], stored_body(row, use_of(BODY, row["digest"])), row["digest"])

    async def exchanges(self) -> None:
        """Note what was sent to banks, and their replies."""
        async for row in self._connection.cursor(_SENT, self._case_nos, prefetch=AT_ONCE):
            content, folder = self.found[row["case_no"]], f"{SENT}/{row['exchange_id']:010}"
            content.note(f"sent-{row['exchange_id']}", row["digest"])
            for name, head in (("request.txt", row["head"]), ("reply.txt", row["reply_head"])):
                if head is not None:
                    content.note(f"{folder}/{name}", hashlib.sha256(head.encode()).digest())
            for part in (BODY, CONTENT, REPLY):
                if (digest := row[f"{part}_digest"]) is not None:
                    stored = StoredBody(row["person_id"], row["wrapped"], row[f"sealed_{part}"], use_of(part, digest))
                    self._body(row["case_no"], f"{folder}/{part}", stored, digest)

    async def documents(self) -> None:
        """Note issued documents, copies of FIRs, orders of courts and waivers."""
        async for row in self._connection.cursor(BOUND, self._case_nos, prefetch=1):
            stored = stored_body(row, use_of(row["part"], row["digest"]))
            self._body(row["case_no"], row["name"], stored, row["digest"])

    def _body(self, case_no: str, name: str, stored: StoredBody, beside: bytes) -> None:
        """Note a body; `beside` is the digest that stands in its row. What was changed has none."""
        content, opened = self.found[case_no], self._opens(stored)
        body = content.read(name, opened)
        if body is not None:
            content.note(name, hashlib.sha256(body).digest())
        elif opened.state is not BodyState.CHANGED:
            content.note(name, beside)


async def bound_content(connection: Connection, case_nos: Sequence[str], opens: OpensBody) -> dict[str, BoundContent]:
    """Return what the logs of these cases bind, by case; needs a transaction."""
    reading = _Reading(connection, case_nos, opens)
    await reading.clear()
    await reading.answers()
    await reading.bodies()
    await reading.exchanges()
    await reading.documents()
    return reading.found


_UPDATES: Final = "(SELECT DISTINCT case_no, update_id FROM answer WHERE case_no = ANY($1))"
_IN_CLEAR: Final = f"""
SELECT a.case_no, 'body-' || update_id AS name, u.body_digest AS digest FROM {_UPDATES} a
JOIN status_update u USING (update_id)
UNION ALL
SELECT o.case_no, '{STATEMENTS}/confirmation-' || c.confirmation_id || '.jsonl',
    sha256(convert_to(c.bound_line, 'UTF8'))
FROM bank_order o
JOIN (SELECT order_id, confirmation_id, {bank_orders.BOUND_LINE} AS bound_line FROM bank_confirmation) c
    USING (order_id) WHERE o.case_no = ANY($1)
UNION ALL
SELECT e.case_no, '{SIGNED}/' || lpad(b.evidence_id::text, 10, '0') || '/' || f.name, f.digest
FROM case_event e JOIN bank_evidence b ON b.evidence_id = (e.data->>'evidence_id')::bigint
LEFT JOIN bank_key k USING (key_id), LATERAL (VALUES
    ('signature', sha256(b.signature)), ('signature-base', sha256(b.signature_base)),
    ('request.txt', sha256(convert_to(b.method || ' ' || b.path || E'\\n' || (
        SELECT coalesce(string_agg((h->>0) || ': ' || (h->>1) || E'\\n', '' ORDER BY n), '')
        FROM jsonb_array_elements(b.headers) WITH ORDINALITY AS l (h, n)), 'LATIN1'))),
    ('key.pem', sha256(convert_to(E'-----BEGIN PUBLIC KEY-----\\n' || encode('\\x302a300506032b6570032100'::bytea
        || k.public_key, 'base64') || E'\\n-----END PUBLIC KEY-----\\n', 'UTF8')))) AS f (name, digest)
WHERE e.case_no = ANY($1) AND e.kind = 'bank_spoke' AND f.digest IS NOT NULL
"""
_LINES: Final = """
SELECT a.case_no, a.update_id, a.answer_id, a.natural_key, a.person_id, w.wrapped, a.sealed_raw AS sealed
FROM answer a LEFT JOIN person_key w USING (person_id) WHERE a.case_no = ANY($1) ORDER BY a.case_no, a.answer_id
"""
_STATEMENTS: Final = f"""
SELECT case_no, '{STATEMENTS}/answer-' || update_id || '.jsonl' AS name,
    sha256(convert_to(string_agg({answers.BOUND_LINE}, '' ORDER BY line_no), 'UTF8')) AS digest
FROM {answers.opened("$1", "$2")} WHERE update_id <> ALL($3::bigint[]) GROUP BY case_no, update_id
"""
_BODIES: Final = f"""
SELECT a.case_no, '{BODIES}/' || encode(b.digest, 'hex') AS name, b.digest, b.person_id, w.wrapped, b.sealed
FROM {_UPDATES} a JOIN status_update u USING (update_id)
JOIN bank_body b ON b.institution = u.institution AND b.digest = u.body_digest
LEFT JOIN person_key w USING (person_id) ORDER BY a.case_no, b.body_id
"""
_SIGNED: Final = f"""
SELECT e.case_no, '{SIGNED}/' || lpad(b.evidence_id::text, 10, '0') || '/body' AS name, b.digest, b.person_id,
    w.wrapped, b.sealed
FROM case_event e JOIN bank_evidence b ON b.evidence_id = (e.data->>'evidence_id')::bigint
LEFT JOIN person_key w USING (person_id)
WHERE e.case_no = ANY($1) AND e.kind = 'bank_spoke' ORDER BY e.case_no, b.evidence_id
"""
_SENT: Final = """
SELECT s.*, w.wrapped FROM (
    SELECT r.case_no, x.* FROM bank_exchange x JOIN hold_request r USING (request_id) WHERE r.case_no = ANY($1)
    UNION ALL
    SELECT o.case_no, x.* FROM bank_exchange x JOIN bank_order o USING (order_id) WHERE o.case_no = ANY($1)
    UNION ALL
    SELECT i.case_no, x.* FROM bank_exchange x JOIN payer_inquiry i USING (inquiry_id) WHERE i.case_no = ANY($1)
) AS s LEFT JOIN person_key w USING (person_id) ORDER BY s.case_no, s.exchange_id
"""
