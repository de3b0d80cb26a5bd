"""Opened personal data of a case, as its evidence pack has them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from db.pool import Connection
from domain.evidence.pack import COMPLAINTS, CREDIT_ACCOUNTS, MESSAGES
from schemas.personal_data import ContactData, MessageText, PersonalData

CONTACTS: Final = "holds/contacts.jsonl"
CONTACT_CHANGES: Final = "holds/contact_changes.jsonl"
GRIEVANCES: Final = "grievances/grievances.jsonl"
GRIEVANCE_LEVELS: Final = "grievances/levels.jsonl"
HEARINGS: Final = "grievances/hearings.jsonl"
MESSAGE_TEXTS: Final = "messages/texts.jsonl"
OBJECTIONS: Final = "restorations/objections.jsonl"
WITH_OPENED: Final = (
    *(COMPLAINTS, CONTACTS, CONTACT_CHANGES, CREDIT_ACCOUNTS, GRIEVANCES, GRIEVANCE_LEVELS, HEARINGS, OBJECTIONS),
    *(MESSAGES, MESSAGE_TEXTS),
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

    def rows_of(self, file: str) -> tuple[list[Any], list[dict[str, str | None]]]:
        """Return the keys and the data of the rows of a file."""
        rows: dict[Any, dict[str, str | None]]
        if file == COMPLAINTS:
            rows = {victim_id: _shown(person) for victim_id, person in self.victims.items()}
        elif file == CREDIT_ACCOUNTS:
            rows = {account_id: {"holder_name": name} for account_id, name in self.names.items()}
        elif file == GRIEVANCES:
            rows = {number: {"text": text, "contact": contact} for number, (text, contact) in self.grievances.items()}
        elif file == GRIEVANCE_LEVELS:
            rows = {place: {"said": said} for place, said in self.said.items()}
        elif file == HEARINGS:
            rows = {number: {"said_sha256": _sha256(said)} for number, said in self.hearings.items()}
        elif file == OBJECTIONS:
            rows = {number: {"text": text} for number, text in self.objections.items()}
        elif file == CONTACTS:
            rows = {hold_id: contact.model_dump() for hold_id, contact in self.contacts.items()}
        elif file == CONTACT_CHANGES:
            rows = {change_id: contact.model_dump() for change_id, contact in self.contact_changes.items()}
        else:
            rows = {message_id: text.model_dump() for message_id, text in self.messages.items()}
        return [*rows], [*rows.values()]


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


def _sha256(said: str) -> str | None:
    """Return the digest of a statement; None once its key is destroyed."""
    return hashlib.sha256(said.encode()).hexdigest() if said else None


def _shown(person: PersonalData) -> dict[str, str | None]:
    name, at, host = person.email.partition("@")
    email = f"{name[:1]}…{at}{host}" if person.email else ""
    return {"name": person.name, "mobile": f"…{person.mobile[-MOBILE_END_CHARS:]}", "email": email}
