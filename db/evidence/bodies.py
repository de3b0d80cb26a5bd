"""Digests of the content that the log binds: banks' statements, bodies of messages, exchanges, and documents.

What is sealed is opened a few rows at a time, because the database cannot open it.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from db.case import answers
from db.evidence import case_documents
from db.pool import Connection
from db.privacy.body_keys import (
    BODY,
    CONTENT,
    REPLY,
    BodyState,
    OpenedBody,
    OpensBody,
    StoredBody,
    stored_body,
    use_of,
    use_of_line,
)
from db.recovery import bank_orders
from domain.evidence_binding import BODIES, SENT, SIGNED, STATEMENTS

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
        async for row in self._connection.cursor(case_documents.BOUND, self._case_nos, prefetch=1):
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
