"""Opened personal data of a case, as its evidence pack has them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from domain.evidence.pack import COMPLAINTS, CREDIT_ACCOUNTS, MESSAGES
from schemas.personal_data import ContactData, MessageText, PersonalData

CONTACTS: Final = "holds/contacts.jsonl"
CONTACT_CHANGES: Final = "holds/contact_changes.jsonl"
GRIEVANCES: Final = "grievances/grievances.jsonl"
GRIEVANCE_LEVELS: Final = "grievances/levels.jsonl"
HEARINGS: Final = "grievances/hearings.jsonl"
MESSAGE_TEXTS: Final = "messages/texts.jsonl"
OBJECTIONS: Final = "restorations/objections.jsonl"
TELEPHONE_ANSWERS: Final = "requests/telephone_answers.jsonl"
WITH_OPENED: Final = (
    *(COMPLAINTS, CONTACTS, CONTACT_CHANGES, CREDIT_ACCOUNTS, GRIEVANCES, GRIEVANCE_LEVELS, HEARINGS, OBJECTIONS),
    *(MESSAGES, MESSAGE_TEXTS, TELEPHONE_ANSWERS),
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
        elif file == TELEPHONE_ANSWERS:
            rows = {number: {"speaker": speaker} for number, speaker in self.speakers.items()}
        elif file == CONTACTS:
            rows = {hold_id: contact.model_dump() for hold_id, contact in self.contacts.items()}
        elif file == CONTACT_CHANGES:
            rows = {change_id: contact.model_dump() for change_id, contact in self.contact_changes.items()}
        else:
            rows = {message_id: text.model_dump() for message_id, text in self.messages.items()}
        return [*rows], [*rows.values()]


def _sha256(said: str) -> str | None:
    """Return the digest of a statement; None once its key is destroyed."""
    return hashlib.sha256(said.encode()).hexdigest() if said else None


def _shown(person: PersonalData) -> dict[str, str | None]:
    name, at, host = person.email.partition("@")
    email = f"{name[:1]}…{at}{host}" if person.email else ""
    return {"name": person.name, "mobile": f"…{person.mobile[-MOBILE_END_CHARS:]}", "email": email}
