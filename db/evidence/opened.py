"""Sealed values of a pack, opened, and the persons in it."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson

from db.pool import Connection
from db.privacy.body_keys import BodyState, OpensBody, StoredBody
from domain.evidence.integrity import PersonRecord, PersonState
from domain.evidence_binding import COMPLAINTS, CREDIT_ACCOUNTS, MESSAGES
from schemas.privacy.personal_data import ContactData, MessageText, PersonalData

ANSWERS: Final = "banks/answers.jsonl"
CONTACTS: Final = "holds/contacts.jsonl"
CONTACT_CHANGES: Final = "holds/contact_changes.jsonl"
GRIEVANCES: Final = "grievances/grievances.jsonl"
GRIEVANCE_LEVELS: Final = "grievances/levels.jsonl"
HEARINGS: Final = "grievances/hearings.jsonl"
MESSAGE_TEXTS: Final = "messages/texts.jsonl"
OBJECTIONS: Final = "restorations/objections.jsonl"
ORDER_FORMS: Final = "orders/forms.jsonl"
RETURNED: Final = "banks/returned_funds.jsonl"
REQUEST_FORMS: Final = "requests/forms.jsonl"
TELEPHONE_ANSWERS: Final = "requests/telephone_answers.jsonl"
WITH_OPENED: Final = (
    *(COMPLAINTS, CONTACTS, CONTACT_CHANGES, CREDIT_ACCOUNTS, GRIEVANCES, GRIEVANCE_LEVELS, HEARINGS, OBJECTIONS),
    *(ANSWERS, MESSAGES, MESSAGE_TEXTS, ORDER_FORMS, REQUEST_FORMS, RETURNED, TELEPHONE_ANSWERS),
)
"""files whose statements read opened personal data in `$2` and `$3`"""
MOBILE_END_CHARS: Final = 4


@dataclass(frozen=True, slots=True)
class Opened:
    """The personal data of a case, opened; by the keys of their rows."""

    victims: Mapping[int, PersonalData] = field(repr=False)
    messages: Mapping[UUID, MessageText] = field(repr=False)
    contacts: Mapping[UUID, ContactData] = field(repr=False)
    contact_changes: Mapping[int, ContactData] = field(repr=False)
    names: Mapping[int, str] = field(repr=False)
    """the holders of accounts to be credited"""
    grievances: Mapping[UUID, tuple[str, str]] = field(repr=False)
    """text and contact"""
    said: Mapping[int, str] = field(repr=False)
    """what account holders said at levels of grievances"""
    hearings: Mapping[int, str] = field(repr=False)
    """what victims said to proposed releases"""
    objections: Mapping[int, str] = field(repr=False)
    speakers: Mapping[UUID, str] = field(repr=False)
    """who spoke for a bank by telephone, and on which number"""
    raws: Mapping[int, str] = field(repr=False)
    """what was received as each line of an answer, as JSON text; empty once it is erased"""
    unreadable: Mapping[int, str] = field(repr=False)
    """what could not be read of each line of returned money, in the same form"""
    forms: Mapping[int, dict[str, Any]] = field(repr=False)
    """form and body of each form of a bank; both None once they are erased"""

    def rows_of(self, file: str) -> tuple[list[Any], list[dict[str, Any]]]:
        """Return the keys and the data of the rows of a file."""
        rows = self._rows_by_file.get(file, self._messages)()
        return [*rows], [*rows.values()]

    @property
    def _rows_by_file(self) -> Mapping[str, Callable[[], dict[Any, dict[str, Any]]]]:
        return {
            ANSWERS: lambda: {key: {"raw": _json(raw)} for key, raw in self.raws.items()},
            COMPLAINTS: lambda: {key: _shown(person) for key, person in self.victims.items()},
            CONTACTS: lambda: {key: contact.model_dump() for key, contact in self.contacts.items()},
            CONTACT_CHANGES: lambda: {key: contact.model_dump() for key, contact in self.contact_changes.items()},
            CREDIT_ACCOUNTS: lambda: {key: {"holder_name": name} for key, name in self.names.items()},
            GRIEVANCES: lambda: {
                key: {"text": text, "contact": contact} for key, (text, contact) in self.grievances.items()
            },
            GRIEVANCE_LEVELS: lambda: {key: {"said": statement} for key, statement in self.said.items()},
            HEARINGS: lambda: {key: {"said_sha256": _sha256(statement)} for key, statement in self.hearings.items()},
            OBJECTIONS: lambda: {key: {"text": text} for key, text in self.objections.items()},
            ORDER_FORMS: lambda: dict(self.forms),
            REQUEST_FORMS: lambda: dict(self.forms),
            RETURNED: lambda: {key: {"unreadable": _json(raw)} for key, raw in self.unreadable.items()},
            TELEPHONE_ANSWERS: lambda: {key: {"speaker": speaker} for key, speaker in self.speakers.items()},
        }

    def _messages(self) -> dict[Any, dict[str, Any]]:
        return {message_id: text.model_dump() for message_id, text in self.messages.items()}


_HOLDERS: Final = """
SELECT t.payer_holder FROM complaint c JOIN complaint_transfer t USING (ack_no) WHERE c.case_no = $1
UNION SELECT t.payer_vpa FROM complaint c JOIN complaint_transfer t USING (ack_no)
    WHERE c.case_no = $1 AND t.payer_vpa IS NOT NULL
UNION SELECT payer_holder FROM hop WHERE case_no = $1 AND layer = 1
UNION SELECT t.payer_holder FROM hop_correction c JOIN hop h USING (case_no, hop_no)
    CROSS JOIN LATERAL (VALUES (c.before ->> 'payer_holder'), (c.after ->> 'payer_holder')) AS t (payer_holder)
    WHERE h.case_no = $1 AND h.layer = 1 AND t.payer_holder IS NOT NULL
UNION SELECT f.payer_account FROM payer_found_transfer f JOIN payer_inquiry i USING (inquiry_id) WHERE i.case_no = $1
UNION SELECT l.beneficiary_holder FROM bank_order_line l JOIN bank_order o USING (order_id)
    WHERE l.case_no = $1 AND o.kind = 'restore'
"""


async def holders_of_victims(connection: Connection, case_no: str) -> list[str]:
    """Return the holders of the accounts that paid the first transfers of a case, or are credited."""
    return [row[0] for row in await connection.fetch(_HOLDERS, case_no)]


def _json(text: str) -> orjson.Fragment | None:
    """Return a JSON text as a part of another one; None once its key is destroyed."""
    return orjson.Fragment(text) if text else None


def _sha256(statement: str) -> str | None:
    """Return the digest of a statement; None once its key is destroyed."""
    return hashlib.sha256(statement.encode()).hexdigest() if statement else None


def _shown(person: PersonalData) -> dict[str, str | None]:
    name, at, host = person.email.partition("@")
    email = f"{name[:1]}…{at}{host}" if person.email else ""
    return {"name": person.name, "mobile": f"…{person.mobile[-MOBILE_END_CHARS:]}", "email": email}


# One sealed value tells as much as all. A victim's data is bound to its number alone.
_PERSONS: Final = """
SELECT c.case_no, 'victim of ' || c.ack_no AS name, v.person_id, k.wrapped, v.sealed, '' AS use,
    k.wrapped IS NULL AND EXISTS (
        SELECT FROM complaint o JOIN case_event e USING (case_no)
        WHERE o.victim_id = v.victim_id AND e.kind = 'victim_erased' AND e.data -> 'ack_nos' ? c.ack_no) AS is_logged
FROM complaint c JOIN victim v USING (victim_id) JOIN person_key k USING (person_id)
WHERE c.case_no = ANY($1)
UNION ALL
SELECT a.case_no, 'holder under ' || a.hold_id, h.person_id, k.wrapped, s.sealed, s.use,
    k.wrapped IS NULL AND EXISTS (
        SELECT FROM case_event e WHERE e.case_no = a.case_no AND e.kind = 'holder_erased'
            AND e.data ->> 'hold_id' = a.hold_id::text)
FROM account_hold a JOIN holder_key h USING (hold_id) JOIN person_key k USING (person_id)
CROSS JOIN LATERAL (
    SELECT o.sealed, 'contact of ' || o.hold_id AS use FROM holder_contact o
    WHERE o.hold_id = a.hold_id AND o.person_id = h.person_id
    UNION ALL (
        SELECT m.sealed_head, 'head of ' || m.message_id FROM message m
        WHERE m.case_no = a.case_no AND m.person_id = h.person_id LIMIT 1)
    LIMIT 1
) AS s
WHERE a.case_no = ANY($1)
"""

_STATES: Final = {
    BodyState.OPEN: PersonState.OPENS,
    BodyState.UNKNOWN_KEY: PersonState.UNKNOWN_KEY,
    BodyState.CHANGED: PersonState.CHANGED,
}


async def person_records(
    connection: Connection, case_nos: Sequence[str], opens: OpensBody
) -> dict[str, list[PersonRecord]]:
    """Return what became of the key of each victim and account holder of these cases, by case."""
    records: dict[str, list[PersonRecord]] = defaultdict(list)
    for row in await connection.fetch(_PERSONS, list(case_nos)):
        opened = opens(StoredBody(row["person_id"], row["wrapped"], row["sealed"], row["use"]))
        if opened.state is BodyState.ERASED:
            state = PersonState.ERASED if row["is_logged"] else PersonState.ERASED_UNLOGGED
        else:
            state = _STATES[opened.state]
        records[row["case_no"]].append(PersonRecord(row["name"], state))
    return records
