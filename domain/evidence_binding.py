"""Binding of evidence: hash chain, digests of messages and statements, and files the accused's copy leaves out.

Evidence pack of a case: names of its files, its list of checksums, and its log as text. No program of ours is needed to
verify a pack. `sha256sum` reads the list of checksums, and the log has each event as the exact bytes that were hashed
(Bharatiya Sakshya Adhiniyam, section 63: an electronic record is produced with the hash that identifies it).
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from domain.errors import RuleBroken
from schemas.banks.keys import About
from schemas.enums import ChannelKind
from schemas.events import EventKind
from schemas.restoration_enums import DocumentKind

GENESIS = b"\x00" * 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def event_body(case_no: str, seq: int, kind: str, at: datetime, actor: str, data_text: str) -> str:
    """Return the text of an event, in six lines, that is hashed after the previous hash.

    `data_text` is the event's data as the database writes jsonb. `at` is counted in microseconds since 1970.
    """
    micros = (at - _EPOCH) // timedelta(microseconds=1)
    return "\n".join((case_no, str(seq), kind, str(micros), actor, data_text))


def event_hash(previous: bytes, case_no: str, seq: int, kind: str, at: datetime, actor: str, data_text: str) -> bytes:
    """Return the SHA-256 of one event. The trigger `case_event_chain` in the database computes the same."""
    return body_hash(previous, event_body(case_no, seq, kind, at, actor, data_text))


def body_hash(previous: bytes, body: str) -> bytes:
    """Return the SHA-256 of an event from its text."""
    return hashlib.sha256(previous + body.encode()).digest()


MANIFEST: Final = "MANIFEST.sha256"
SIGNATURE: Final = "MANIFEST.sha256.sig"
PUBLIC_KEY: Final = "evidence-key.pem"
HOW_TO: Final = "HOW-TO-VERIFY.md"
TIMELINE: Final = "timeline.pdf"
EVENTS: Final = "log/events.txt"
CASE: Final = "case/case.json"
COMPLAINTS: Final = "case/complaints.jsonl"
"""a file whose rows also have the victim"""
TRANSFERS: Final = "case/complaint_transfers.jsonl"
HOPS: Final = "case/hops.jsonl"
CREDIT_ACCOUNTS: Final = "orders/credit_accounts.jsonl"
MESSAGES: Final = "messages/messages.jsonl"
EDITION: Final = "edition.json"
STATEMENTS: Final = "banks/words"
"""folder of bank statements that the log binds"""
BODIES: Final = "banks/bodies"
"""folder of answers as received on the I4C wire and in files, each named by its SHA-256"""
SENT: Final = "banks/sent"
"""folder of messages as sent to banks, and of replies as received"""
EXCHANGES: Final = "banks/exchanges.jsonl"
"""one row for each folder of `SENT`"""
SIGNED: Final = "banks/signed"
"""folder of messages as received from banks over their own API"""
COURT_ORDERS: Final = "police/court_orders"
FIRS: Final = "police/firs"
DOCUMENTS: Final = "police/documents"
"""folders of documents, as received or issued"""
WAIVERS: Final = "restorations/hearing_waivers"
"""folder of account holders' waivers, of which the pack has the SHA-256 alone"""
EVENT_LINES: Final = 7
"""lines of one event in the log: its hash, and the six lines that are hashed"""
HASH_CHARS: Final = 64

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*){0,5}", re.ASCII)
_ANCHOR: Final = re.compile(rf"([0-9]{{14}}) ([1-9][0-9]{{0,9}}) ([0-9a-f]{{{HASH_CHARS}}})", re.ASCII)
_LISTED: Final = re.compile(rf"([0-9a-f]{{{HASH_CHARS}}})  (.+)", re.ASCII)


class Edition(StrEnum):
    """Recipient for whom a pack is made."""

    COURT = "court"
    ACCUSED = "accused"
    """copy for the accused (BNSS 230); contact data of the victim are named but not included"""


_TO_THE_VICTIM: Final = frozenset(
    {DocumentKind.RESTORATION_APPLICATION, DocumentKind.SIGNED_APPLICATION, DocumentKind.STATUS_LETTER}
)
_TO_THE_VICTIMS_ACCOUNT: Final = frozenset({DocumentKind.RESTORATION_ORDER})
_RECEIVED: Final = ""
"""kind of an FIR and of an order of a court, which are no documents of ours"""


def is_document_excluded(edition: Edition, kind: str, *, is_marked: bool) -> bool:
    """Return whether an edition has only the SHA-256 of a document.

    Documents between police and victim are not for the accused, and the application has the victim's mobile and
    account. Of a marked case FIR and orders of courts are left out too, because they can name the victim, and orders to
    restore, because they print the victim's account. None is redacted, because a changed document is no evidence.
    """
    can_name_a_marked_victim = kind == _RECEIVED or kind in _TO_THE_VICTIMS_ACCOUNT
    return edition is Edition.ACCUSED and (kind in _TO_THE_VICTIM or (is_marked and can_name_a_marked_victim))


def is_statement_excluded(edition: Edition, name: str, *, is_marked: bool) -> bool:
    """Return whether an edition has only the SHA-256 of a bank's statement that the log binds.

    A bank that has credited a victim states the account. The rows of a marked case have it cut.
    """
    return edition is Edition.ACCUSED and is_marked and name.startswith("confirmation-")


_NAMES_THE_PAYER: Final = frozenset({ChannelKind.I4C, ChannelKind.PUSH, ChannelKind.PULL})


def is_excluded(edition: Edition, about: About, channel: ChannelKind, file: str, *, of_marked_restoring: bool) -> bool:
    """Return whether an edition has only the SHA-256 of a file about a message to a bank.

    A hold request has the mobile of the victim who paid, and so has an inquiry to the victim's bank. A bank may repeat
    it in its reply. Files and letters do not have it. An order to restore has the victim's account on every channel,
    which is left out of a marked case (`of_marked_restoring`).
    """
    names_the_payer = about in {About.HOLD_REQUEST, About.PAYER_INQUIRY} and channel in _NAMES_THE_PAYER
    is_of_contents = file in {"body", "content", "reply"}
    return edition is Edition.ACCUSED and is_of_contents and (names_the_payer or of_marked_restoring)


class NotEvidence(RuleBroken):
    """The file is not an evidence pack, or is incomplete."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """Event of the log, as it is hashed."""

    case_no: str
    seq: int
    kind: str
    at: datetime
    actor: str
    data_text: str
    """as the database writes jsonb"""
    hash: str


@dataclass(frozen=True, slots=True)
class Listed:
    """File in the list of checksums."""

    name: str
    sha256: str


def event_text(event: EventLine) -> str:
    """Return the lines of one event: its hash, then the text that is hashed after the previous hash.

    Raises `NotEvidence`.
    """
    body = event_body(event.case_no, event.seq, event.kind, event.at, event.actor, event.data_text)
    if body.count("\n") != EVENT_LINES - 2:
        raise NotEvidence(f"event {event.seq} of case {event.case_no} has a line break in a field")
    return f"{event.hash}\n{body}\n"


def binding(files: Mapping[str, bytes]) -> list[str]:
    """Return the lines with which an event binds files of a pack, as `sha256sum --check` reads them."""
    return [f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in files.items()]


def bound_by(data_text: str) -> dict[str, str]:
    """Return the SHA-256 of what an event binds outside the log, by file name in the pack."""
    matches = [_LISTED.fullmatch(line) for line in json.loads(data_text).get("bound", ())]
    return {matched[2]: matched[1] for matched in matches if matched}


def body_bound_by(data_text: str) -> tuple[int, str] | None:
    """Return the number of an update and the SHA-256 of its body, or None if the event binds no body."""
    data = json.loads(data_text)
    return (data["update_id"], data["body_sha256"]) if "body_sha256" in data else None


def sent_by(data_text: str) -> dict[int, str]:
    """Return the SHA-256 of the complete sent bytes by exchange number, if the event has exchanges."""
    return {exchange["exchange_id"]: exchange["sent_sha256"] for exchange in json.loads(data_text).get("exchanges", ())}


_OF_DOCUMENTS: Final = frozenset(
    {
        EventKind.DOCUMENT_ISSUED,
        EventKind.FIR_COPIED,
        EventKind.COURT_ORDER_TAKEN,
        EventKind.COURT_ORDER_COPIED,
        EventKind.HEARING_WAIVED,
    }
)
"""events with the SHA-256 of a document"""


def document_by(kind: str, data_text: str) -> dict[str, str]:
    """Return the SHA-256 of the document that an event names, by file name; empty without one."""
    if kind not in _OF_DOCUMENTS:
        return {}
    data = json.loads(data_text)
    digest = data.get("digest" if kind == EventKind.DOCUMENT_ISSUED else "document_digest")
    if digest is None:
        return {}
    match kind:
        case EventKind.DOCUMENT_ISSUED:
            name = f"{DOCUMENTS}/{data['number'].replace('/', '-')}.{data['language']}"
        case EventKind.FIR_COPIED:
            name = f"{FIRS}/{digest}"
        case EventKind.HEARING_WAIVED:
            name = f"{WAIVERS}/{data['hold_id']}/{digest}"
        case _:
            name = f"{COURT_ORDERS}/{data['court_order_id']}"
    return {f"{name}.pdf": digest}


def request_text(method: str, path: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """Return a request without its body: its first line and all header lines as received."""
    return "".join(
        f"{line}\n" for line in (f"{method} {path}", *(f"{name}: {value}" for name, value in headers))
    ).encode("latin-1")


class ChainReader:
    """Recomputes the log of a pack, event by event."""

    def __init__(self) -> None:
        self.last = GENESIS
        self.events = 0
        self.hashes: list[bytes] = []
        """hashes of its events, in order"""
        self.bound: dict[str, str] = {}
        """what its events bind outside the log (`bound_by`)"""
        self.bodies: dict[int, str] = {}
        """SHA-256 of the body of each update"""
        self.sent: dict[int, str] = {}
        """SHA-256 of the sent bytes of each exchange"""
        self.is_erased = False
        """whether the key of the messages to and from banks and of the documents was destroyed"""

    def take(self, lines: Sequence[str]) -> None:
        """Add the lines of the next event. Raises `NotEvidence` for a changed, dropped or swapped event."""
        self.events += 1
        self.last = body_hash(self.last, "\n".join(lines[1:]))
        if len(lines) != EVENT_LINES or lines[0] != self.last.hex() or lines[2] != str(self.events):
            raise NotEvidence(f"the log is broken at event {self.events}")
        self.hashes.append(self.last)
        self.is_erased |= lines[3] == EventKind.CASE_ERASED
        self.bound |= bound_by(lines[6])
        if body := body_bound_by(lines[6]):
            self.bodies[body[0]] = body[1]
        self.sent |= sent_by(lines[6])


def check_anchor(text: str, case_no: str, hashes: Sequence[bytes]) -> int:
    """Return the number of events that `text` confirms: lines of case, event and hash noted outside the pack.

    Returns 0 if it does not name the case. Raises `NotEvidence` if the log differs from the noted one, or ends before
    it.
    """
    confirmed = 0
    for line in text.splitlines():
        matched = _ANCHOR.fullmatch(line)
        if matched is None:
            raise NotEvidence("the anchor is not a list of cases, events and hashes")
        if matched[1] != case_no:
            continue
        seq = int(matched[2])
        if seq > len(hashes) or hashes[seq - 1].hex() != matched[3]:
            raise NotEvidence(f"the log differs from the noted one at event {seq}")
        confirmed = max(confirmed, seq)
    return confirmed


def is_name(name: str) -> bool:
    """Return whether `name` is allowed for a file of a pack: safe in shells, paths and other systems."""
    return _NAME.fullmatch(name) is not None


def manifest(files: Iterable[Listed]) -> str:
    """Return the list of checksums, as `sha256sum --check` reads it."""
    return "".join(f"{file.sha256}  {file.name}\n" for file in files)


def read_manifest(text: str) -> list[Listed]:
    """Return the files in a list of checksums, in order. Raises `NotEvidence`."""
    listed = []
    for line in text.splitlines():
        matched = _LISTED.fullmatch(line)
        if matched is None or not is_name(matched[2]):
            raise NotEvidence(f"{MANIFEST} is not a list of checksums")
        listed.append(Listed(name=matched[2], sha256=matched[1]))
    if len({file.name for file in listed}) != len(listed) or manifest(listed) != text:
        raise NotEvidence(f"{MANIFEST} is not a list of checksums")
    return listed
