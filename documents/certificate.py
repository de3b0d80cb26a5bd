"""Draft of the certificate for an evidence pack (Bharatiya Sakshya Adhiniyam, section 63(4)(c)).

The form is that of the Schedule: Part A by the person in charge of the device, Part B by an expert. The engine fills in
what it knows; statements that only a person can make are empty lines. The certificate names the SHA-256 of the pack, so
it cannot be inside the pack.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from documents.pieces import strong, text
from documents.rendering import WIDE, Blanks, Block, Choices, Column, Document, Heading, Items, Lines, Pairs, table
from documents.wording import Wording, words_of
from schemas.enums import Language

SECTION: Final = "BSA 63(4)(c)"
_DEVICES: Final = ("computer", "dvr", "mobile", "flash_drive", "disc", "server", "cloud", "other")
_TO_DO: Final = ("do_party", "do_expert", "do_compare", "do_enclose")
_ALGORITHM: Final = "SHA256"
"""as the Schedule writes it"""
_CHARGES: Final = ("owned", "maintained", "managed", "operated")
"""ways in which the party can be in charge of the device"""


@dataclass(frozen=True, slots=True)
class Certified:
    """Facts about the record that the engine knows."""

    case_no: str
    ack_nos: Sequence[str]
    file: str
    """name of the pack"""
    edition: str
    sha256: str
    manifest_file: str
    manifest_sha256: str
    files: int
    events: int
    size_bytes: int
    first_at: datetime
    last_at: datetime
    """times of the first and last event in the record"""
    made_at: datetime
    made_with: str
    """program and version"""


def compose_certificate(record: Certified, language: Language) -> Document:
    """Return the draft of the certificate."""
    words = words_of(language)
    say = words.say
    return Document(
        language=language.value,
        number=record.case_no,
        head=None,
        title=say("certificate.title"),
        law=say("common.under", sections=words.sections((SECTION,))),
        references=(
            (say("common.case"), record.case_no),
            (say("certificate.ack_nos"), ", ".join(record.ack_nos)),
            (say("certificate.made_at"), words.moment(record.made_at)),
            (say("certificate.made_with"), record.made_with),
        ),
        to_label="",
        to=(),
        subject_label=say("common.subject"),
        subject=say("certificate.subject", case_no=record.case_no),
        blocks=(
            strong(words, "certificate.draft"),
            *_record(record, words),
            Heading(text=say("certificate.to_do")),
            Items(items=tuple(say(f"certificate.{name}") for name in _TO_DO)),
            *_party(record, words),
            *_expert(record, words),
        ),
        signed=(),
        footer=(say("certificate.footer", file=record.file), f"SHA-256 {record.sha256}"),
        page_words=(say("common.page"), say("common.of")),
    )


def _record(record: Certified, words: Wording) -> Sequence[Block]:
    say = words.say
    size = say("certificate.size", files=record.files, events=record.events, size_bytes=record.size_bytes)
    return (
        Heading(text=say("certificate.record")),
        Pairs(
            rows=(
                (say("certificate.file"), record.file),
                (say("certificate.what"), say(f"certificate.edition_{record.edition}")),
                (say("certificate.size_label"), size),
                (say("certificate.tells_of"), _period(record, words)),
            )
        ),
        table(
            [
                Column(
                    say("certificate.hashed"),
                    [record.file, say("certificate.manifest", manifest=record.manifest_file)],
                    WIDE,
                ),
                Column(say("certificate.sha256"), [record.sha256, record.manifest_sha256]),
            ]
        ),
    )


def _party(record: Certified, words: Wording) -> Sequence[Block]:
    say = words.say
    return (
        Heading(text=say("certificate.part_a"), new_page=True),
        _person(words),
        text(words, "certificate.produced", file=record.file, case_no=record.case_no),
        *_device(words),
        text(words, "certificate.control", period=_period(record, words)),
        text(words, "certificate.working"),
        Lines(labels=(say("certificate.interruptions"),)),
        Choices(label=say("certificate.charge"), options=tuple(say(f"certificate.{name}") for name in _CHARGES)),
        _hash(record, words),
        _report(record, words),
        *_signed(words),
    )


def _expert(record: Certified, words: Wording) -> Sequence[Block]:
    say = words.say
    return (
        Heading(text=say("certificate.part_b"), new_page=True),
        _person(words),
        text(words, "certificate.obtained", file=record.file, case_no=record.case_no),
        *_device(words),
        text(words, "certificate.computed", file=record.file),
        _hash(record, words),
        Lines(labels=(say("certificate.another"),)),
        _report(record, words),
        text(words, "certificate.whole"),
        *_signed(words),
    )


def _person(words: Wording) -> Lines:
    return Lines(labels=tuple(words.say(f"certificate.{name}") for name in ("name", "relation", "address", "office")))


def _device(words: Wording) -> Sequence[Block]:
    say = words.say
    labels = ("make", "colour", "serial", "identity", "more")
    return (
        Choices(label=say("certificate.device"), options=tuple(say(f"certificate.{name}") for name in _DEVICES)),
        Lines(labels=tuple(say(f"certificate.{name}") for name in labels)),
    )


def _hash(record: Certified, words: Wording) -> Pairs:
    say = words.say
    return Pairs(rows=((say("certificate.value"), record.sha256), (say("certificate.algorithm"), _ALGORITHM)))


def _report(record: Certified, words: Wording) -> Block:
    return text(words, "certificate.report", manifest=record.manifest_file)


def _signed(words: Wording) -> Sequence[Block]:
    say = words.say
    return (
        Blanks(
            text=say("certificate.true"), labels=tuple(say(f"certificate.{name}") for name in ("date", "time", "place"))
        ),
        Blanks(text="", labels=(say("certificate.who_signs"), say("certificate.signature"))),
    )


def _period(record: Certified, words: Wording) -> str:
    return words.say("certificate.period", first_at=words.short(record.first_at), last_at=words.short(record.last_at))
