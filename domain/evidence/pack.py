"""The evidence pack of a case: what its files are called, its list of checksums, and its log as text.

Everything is laid out so that whoever doubts it needs no program of ours: the list of checksums is what `sha256sum`
reads, and each event stands in the log as the very bytes that were hashed (Bharatiya Sakshya Adhiniyam, section 63: an
electronic record is produced with the hash that identifies it).
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from domain.errors import RuleBroken
from domain.hash_chain import GENESIS, body_hash, event_body
from schemas.banks.exchanges import About
from schemas.enums import ChannelKind
from schemas.restoration_enums import PaperKind

MANIFEST: Final = "MANIFEST.sha256"
SIGNATURE: Final = "MANIFEST.sha256.sig"
PUBLIC_KEY: Final = "evidence-key.pem"
HOW_TO: Final = "HOW-TO-VERIFY.md"
TIMELINE: Final = "timeline.pdf"
EVENTS: Final = "log/events.txt"
CASE: Final = "case/case.json"
EDITION: Final = "edition.json"
WORDS: Final = "banks/words"
"""where the words of banks stand that the log binds"""
BODIES: Final = "banks/bodies"
"""where answers stand as they came on the I4C wire and in files, each named by its SHA-256"""
SENT: Final = "banks/sent"
"""where what was sent to banks stands as it went, and what they replied as it came"""
EXCHANGES: Final = "banks/exchanges.jsonl"
"""a row for each folder of `SENT`"""
SIGNED: Final = "banks/signed"
"""where what banks sent over their own API stands as it came"""
EVENT_LINES: Final = 7
"""lines of the log that one event takes: its hash, and the six that are hashed"""
HASH_CHARS: Final = 64

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*){0,5}", re.ASCII)
_ANCHOR: Final = re.compile(rf"([0-9]{{14}}) ([1-9][0-9]{{0,9}}) ([0-9a-f]{{{HASH_CHARS}}})", re.ASCII)
_LISTED: Final = re.compile(rf"([0-9a-f]{{{HASH_CHARS}}})  (.+)", re.ASCII)


class Edition(StrEnum):
    """For whom a pack is."""

    COURT = "court"
    ACCUSED = "accused"
    """the copy that the accused is handed (BNSS 230): what tells where a victim is reached is named and not in it"""


LEFT_OUT: Final = {
    Edition.COURT: frozenset[PaperKind](),
    Edition.ACCUSED: frozenset({PaperKind.RESTORATION_APPLICATION, PaperKind.STATUS_LETTER}),
}
"""Papers of which an edition has the SHA-256 only: they are between the police and the victim, and the application
has the victim's mobile and the account that is credited. They cannot be cut: a changed paper is no evidence."""


_NAMES_THE_PAYER: Final = frozenset({ChannelKind.I4C, ChannelKind.PUSH, ChannelKind.PULL})


def is_left_out(edition: Edition, about: About, channel: ChannelKind, file: str) -> bool:
    """Whether an edition has only the SHA-256 of a file about what was sent to a bank.

    A hold request has the mobile of the victim who paid, and a bank may repeat it in its reply; files and letters have
    none.
    """
    names_the_victim = (
        about is About.HOLD_REQUEST and channel in _NAMES_THE_PAYER and file in {"body", "content", "reply"}
    )
    return edition is Edition.ACCUSED and names_the_victim


class NotEvidence(RuleBroken):
    """The file is no evidence pack, or not whole."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event of the log, as it is hashed."""

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
    """A file in the list of checksums."""

    name: str
    sha256: str


def event_text(event: EventLine) -> str:
    """The lines of one event: its hash, then what is hashed behind the hash before it. Raises `NotEvidence`."""
    body = event_body(event.case_no, event.seq, event.kind, event.at, event.actor, event.data_text)
    if body.count("\n") != EVENT_LINES - 2:
        raise NotEvidence(f"event {event.seq} of case {event.case_no} has a line break where none can be")
    return f"{event.hash}\n{body}\n"


def binding(files: Mapping[str, bytes]) -> list[str]:
    """Files of a pack as an event binds them (`bound`): lines that `sha256sum --check` reads."""
    return [f"{hashlib.sha256(content).hexdigest()}  {name}" for name, content in files.items()]


def bound_by(data_text: str) -> dict[str, str]:
    """SHA-256 of what an event binds beside the log, by the name of the file in the pack."""
    found = [_LISTED.fullmatch(line) for line in json.loads(data_text).get("bound", ())]
    return {one[2]: one[1] for one in found if one}


def body_bound_by(data_text: str) -> tuple[int, str] | None:
    """The number of an update, and the SHA-256 of the body it came in, where an event binds that."""
    data = json.loads(data_text)
    return (data["update_id"], data["body_sha256"]) if "body_sha256" in data else None


def sent_by(data_text: str) -> dict[int, str]:
    """By the number of an exchange the SHA-256 of what was sent in it, whole and as it went, where an event says so."""
    return {one["exchange_id"]: one["sent_sha256"] for one in json.loads(data_text).get("exchanges", ())}


def request_text(method: str, path: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """A request without its body: its first line, and every header line as it came."""
    return "".join(
        f"{line}\n" for line in (f"{method} {path}", *(f"{name}: {value}" for name, value in headers))
    ).encode("latin-1")


class ChainReader:
    """Recomputes the log of a pack, event by event."""

    def __init__(self) -> None:
        self.last = GENESIS
        self.events = 0
        self.hashes: list[bytes] = []
        """of its events, in order"""
        self.bound: dict[str, str] = {}
        """what its events bind beside the log (`bound_by`)"""
        self.bodies: dict[int, str] = {}
        """by update, the SHA-256 of the body it came in"""
        self.sent: dict[int, str] = {}
        """by exchange, the SHA-256 of what was sent"""

    def take(self, lines: Sequence[str]) -> None:
        """Take the lines of the next event. Raises `NotEvidence` for one that was changed, dropped or swapped."""
        self.events += 1
        self.last = body_hash(self.last, "\n".join(lines[1:]))
        if len(lines) != EVENT_LINES or lines[0] != self.last.hex() or lines[2] != str(self.events):
            raise NotEvidence(f"the log does not hold at event {self.events}")
        self.hashes.append(self.last)
        self.bound |= bound_by(lines[6])
        if body := body_bound_by(lines[6]):
            self.bodies[body[0]] = body[1]
        self.sent |= sent_by(lines[6])


def check_anchor(text: str, case_no: str, hashes: Sequence[bytes]) -> int:
    """How many events of the case's log `text` vouches for: lines of case, event and hash that were noted outside.

    0 where it names no such case. Raises `NotEvidence` where the log is another than was noted, or ends before that.
    """
    vouched = 0
    for line in text.splitlines():
        found = _ANCHOR.fullmatch(line)
        if found is None:
            raise NotEvidence("the anchor is no list of cases, events and hashes")
        if found[1] != case_no:
            continue
        seq = int(found[2])
        if seq > len(hashes) or hashes[seq - 1].hex() != found[3]:
            raise NotEvidence(f"the log is not the one that was noted at event {seq}")
        vouched = max(vouched, seq)
    return vouched


def is_name(name: str) -> bool:
    """Whether a file of a pack may be called so: nothing that a shell, a path or another system reads otherwise."""
    return _NAME.fullmatch(name) is not None


def manifest(files: Iterable[Listed]) -> str:
    """The list of checksums, as `sha256sum --check` reads it."""
    return "".join(f"{file.sha256}  {file.name}\n" for file in files)


def read_manifest(text: str) -> list[Listed]:
    """The files that a list of checksums names, in its order. Raises `NotEvidence`."""
    listed = []
    for line in text.splitlines():
        found = _LISTED.fullmatch(line)
        if found is None or not is_name(found[2]):
            raise NotEvidence(f"{MANIFEST} is no list of checksums")
        listed.append(Listed(name=found[2], sha256=found[1]))
    if len({file.name for file in listed}) != len(listed) or manifest(listed) != text:
        raise NotEvidence(f"{MANIFEST} is no list of checksums")
    return listed
