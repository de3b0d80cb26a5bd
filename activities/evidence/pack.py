"""Make the evidence pack of a case: read at one instant, write file by file, sign, and log it."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import IO

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from activities.banks.bodies import BodyOpener
from activities.banks.received import files_of, folder_of
from activities.case.transaction import case_transaction
from activities.context import Context
from activities.evidence.archive import PackWriter, Progress, digest_of
from activities.privacy.person_keys import PersonKeys
from activities.recovery.credit_accounts import open_account
from activities.recovery.message_outbox import open_message
from activities.secrets import Keys, Purpose, pem
from db.case import case_views, telephone
from db.evidence import integrity, pack_bodies
from db.evidence import pack as evidence
from db.evidence.integrity import EvidenceKey, EvidenceKeys
from db.evidence.opened import Opened, holders_of_victims
from db.evidence.pack import CaseHead
from db.pool import Connection
from db.privacy import person_keys, victim_corrections, victims
from db.privacy.body_keys import BODY, BodyState
from db.recovery import credit_accounts, grievance_views, notifications, officer_steps, order_views, release_proposals
from documents.certificate import Certified, compose_certificate
from documents.rendering import render
from documents.timeline import HOW_TO_VERIFY, Story, compose_timeline
from documents.trail_picture import LEGS_IN_A_DOCUMENT
from domain.case.trail_layout import layout
from domain.evidence.pseudonyms import VictimsData, VictimsNamed, hides_victims
from domain.evidence_binding import (
    BODIES,
    EDITION,
    EVENTS,
    HOW_TO,
    MANIFEST,
    PUBLIC_KEY,
    STATEMENTS,
    TIMELINE,
    Edition,
    Listed,
    event_text,
    is_document_excluded,
    is_excluded,
    is_statement_excluded,
)
from schemas.case.trail_layout import TrailDetail, TrailPicture
from schemas.enums import Language
from schemas.events import EventKind


@dataclass(frozen=True, slots=True)
class Packed:
    """A written pack."""

    case_no: str
    ack_nos: tuple[str, ...]
    """acknowledgement numbers of the complaints in it"""
    edition: Edition
    sha256: str
    """SHA-256 of the archive"""
    manifest_sha256: str
    files: int
    size_bytes: int
    events: int
    """number of the log's events in it"""
    first_at: datetime
    last_at: datetime
    """the period that it covers: from the opening of the case to the last event"""
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Maker:
    """Dependencies that make packs."""

    ctx: Context
    keys: Keys
    origin: str | None = None
    """our public address `https://host[:port]`, which banks' signatures cover"""


def signing_key(keys: Keys) -> Ed25519PrivateKey:
    """Return the key that signs evidence. It stays the same as long as the engine's secret key does."""
    return Ed25519PrivateKey.from_private_bytes(keys.derive_key(Purpose.EVIDENCE))


def public_key(keys: Keys) -> bytes:
    """Return the public key in PEM, with which a court's expert verifies a pack in openssl."""
    return pem(signing_key(keys).public_key())


async def published_keys(connection: Connection, keys: Keys) -> EvidenceKeys:
    """Return the current signing key and all former ones."""
    own = public_key(keys)
    known = await integrity.all_of_them(connection)
    fingerprint = hashlib.sha256(own).hexdigest()
    now = [key for key in known if key.sha256 == fingerprint]
    now = now or [EvidenceKey(sha256=fingerprint, pem=own.decode(), first_signed_at=None)]
    return EvidenceKeys(keys=(*now, *(key for key in known if key.sha256 != fingerprint)))


async def pack(
    maker: Maker,
    ack_no: str,
    into: IO[bytes],
    by: str,
    progress: Progress | None = None,
    edition: Edition = Edition.COURT,
) -> Packed:
    """Write the pack of the case that `ack_no` names, and log who received it. Raises as `write_pack`."""
    packed = await write_pack(maker, ack_no, into, progress, edition)
    data = {"edition": edition.value, "sha256": packed.sha256, "files": packed.files, "events": packed.events}
    async with case_transaction(maker.ctx, packed.case_no, by) as work:
        await integrity.note(work.connection, public_key(maker.keys).decode(), packed.made_at)
        await work.log(EventKind.EVIDENCE_PACKED, **data)
    return packed


async def write_pack(
    maker: Maker,
    ack_no: str,
    into: IO[bytes],
    progress: Progress | None = None,
    edition: Edition = Edition.COURT,
) -> Packed:
    """Write the evidence of one instant. The same state of a case gives the same bytes.

    `into` is an empty file that can be read back. `progress` is called with (lines done, all lines). Raises
    `NotFound`, `LimitExceeded`, and what rendering raises.
    """
    async with (
        maker.ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        # The text of rows must not depend on the settings of the session.
        await connection.execute("SET LOCAL timezone = 'UTC'")
        head = await evidence.head(connection, ack_no)
        with PackWriter(into) as writer:
            opened = await _opened(connection, maker.ctx.persons, head.case_no)
            hidden = hides_victims(edition, is_marked=head.is_marked)
            data = await _of_victims(connection, maker.ctx.persons, head, opened) if hidden else None
            named = VictimsNamed(edition, is_marked=head.is_marked, data=data)
            await _Writing(connection, writer, head, maker, progress, edition, opened, named).write()
            manifest_sha256 = writer.seal(signing_key(maker.keys))
    into.flush()
    return Packed(
        case_no=head.case_no,
        ack_nos=tuple(head.ack_nos),
        edition=edition,
        sha256=digest_of(into),
        manifest_sha256=manifest_sha256,
        files=len(writer.listed),
        size_bytes=into.tell(),
        events=head.event_seq,
        first_at=head.opened_at,
        last_at=head.last_at,
        made_at=maker.ctx.now(),
    )


async def _opened(connection: Connection, persons: PersonKeys, case_no: str) -> Opened:
    """Return the personal data of a case. Raises `CannotOpen`."""
    texts = await notifications.texts_of_case(connection, case_no)
    contacts = await victims.of_case(connection, case_no)
    accounts = await credit_accounts.of_case(connection, case_no)
    changes = await victims.changes_of_case(connection, case_no)
    heard = await release_proposals.hearings_of_case(connection, case_no)
    objected = await officer_steps.texts_of_case(connection, case_no)
    forms = await pack_bodies.forms(connection, case_no, BodyOpener(persons).open_or_erased)
    raws = await pack_bodies.stored_lines(connection, case_no)
    unreadable = await order_views.unreadable_of_case(connection, case_no)
    speakers = await telephone.speakers_of_case(connection, case_no)
    texts_of_grievances = await grievance_views.of_case(connection, case_no, persons.open_stored)
    return Opened(
        grievances=texts_of_grievances.grievances,
        hearings={number: persons.open_stored(statement) for number, statement in heard.items()},
        forms=forms,
        raws={answer_id: persons.open_stored(raw) for answer_id, raw in raws.items()},
        unreadable={number: persons.open_stored(raw) for number, raw in unreadable.items()},
        objections={number: persons.open_stored(text) for number, text in objected.items()},
        speakers={number: persons.open_stored(speaker) for number, speaker in speakers.items()},
        said=texts_of_grievances.levels,
        victims=persons.open_all(await person_keys.of_case(connection, case_no)),
        messages={message_id: open_message(persons, message_id, stored) for message_id, stored in texts.items()},
        contacts={hold_id: persons.open_contact(stored) for hold_id, stored in contacts.items()},
        names={account.account_id: open_account(persons, account).holder_name for account in accounts},
        contact_changes={change_id: persons.open_contact(stored) for change_id, stored in changes.items()},
    )


async def _of_victims(connection: Connection, persons: PersonKeys, head: CaseHead, opened: Opened) -> VictimsData:
    """Return the personal data of the victims of a case, also those of before a correction. Raises `CannotOpen`."""
    corrections = [row for ack_no in head.ack_nos for row in await victim_corrections.of_complaint(connection, ack_no)]
    corrected = [persons.open(stored) for row in corrections for stored in (row.person_before(), row.person_after())]
    holders = await holders_of_victims(connection, head.case_no)
    return VictimsData([*opened.victims.values(), *corrected], holders, opened.names.values())


class _Writing:
    """The writing of one pack."""

    def __init__(
        self,
        connection: Connection,
        writer: PackWriter,
        head: CaseHead,
        maker: Maker,
        progress: Progress | None,
        edition: Edition,
        opened: Opened,
        named: VictimsNamed,
    ) -> None:
        self._connection = connection
        self._writer = writer
        self._head = head
        self._maker = maker
        self._progress = progress
        self._edition = edition
        self._opened = opened
        self._named = named
        self._opens = BodyOpener(maker.ctx.persons).open_or_erased
        self._omitted: list[Listed] = []
        """files of which this edition has only the SHA-256"""
        self._erased: list[str] = []
        self._done = self._total = 0

    async def write(self) -> None:
        """Write every file except the list of checksums and its signature."""
        files = [*evidence.FILES, *(evidence.TEXTS if self._edition is Edition.COURT else ())]
        if self._progress:
            self._total = self._head.event_seq + await evidence.count(self._connection, files, self._head.case_no)
        self._writer.add(HOW_TO, HOW_TO_VERIFY.read_bytes())
        self._writer.add(PUBLIC_KEY, public_key(self._maker.keys))
        for file in files:
            await self._rows(file)
        await self._whole_files()
        self._writer.add(EDITION, self._edition_text())
        story = await self._log()
        head = self._head
        trail = await self._trail()
        timeline = compose_timeline(head.case_no, head.opened_at, len(head.ack_nos), head.paise, trail, story)
        self._writer.add(TIMELINE, await render(timeline, head.last_at))

    async def _trail(self) -> TrailPicture:
        hops = await case_views.all_hops(self._connection, self._head.case_no)
        # A large trail takes long enough to be laid out beside other work.
        return await asyncio.to_thread(layout, hops, TrailDetail.ACCOUNT, LEGS_IN_A_DOCUMENT)

    async def _rows(self, file: str) -> None:
        with self._writer.open(file) as member:
            async with aclosing(evidence.lines(self._connection, file, self._head.case_no, self._opened)) as lines:
                async for line in lines:
                    member.write(f"{self._named.line(file, line)}\n".encode())
                    self._one_more()

    async def _whole_files(self) -> None:
        """Write statements, bodies, requests and documents, one file each."""
        connection, case_no, edition = self._connection, self._head.case_no, self._edition
        is_marked = self._head.is_marked
        is_erased = not all(self._opened.raws.values())
        bound_by_log = await pack_bodies.bound_digests(connection, case_no) if is_erased else {}
        async with aclosing(pack_bodies.bound_words(connection, case_no, self._opened)) as bound:
            async for name, statement in bound:
                excluded = is_statement_excluded(edition, name, is_marked=is_marked)
                path, content = f"{STATEMENTS}/{name}", None if statement is None else statement.encode()
                self._whole(path, content, bound_by_log.get(path), excluded=excluded)
        async with aclosing(pack_bodies.bodies(connection, case_no, self._opens)) as bodies:
            async for name, body in bodies:
                self._whole(f"{BODIES}/{name}", body, name)
        async with aclosing(pack_bodies.sent(connection, case_no, self._opens)) as sent:
            async for file in sent:
                restoring = is_marked and file.restores
                excluded = is_excluded(edition, file.about, file.channel, file.name, of_marked_restoring=restoring)
                self._whole(file.path, file.content, file.sha256, excluded=excluded)
        async with aclosing(self._signed()) as requests:
            async for files in requests:
                # A request without one of its files could not be verified, so the whole folder is left out.
                excluded = any(self._repeats(content) for _, content, _ in files)
                for name, content, sha256 in files:
                    self._whole(name, content, sha256, excluded=excluded)
        async with aclosing(evidence.documents(connection, case_no, self._opens)) as documents:
            async for document in documents:
                excluded = is_document_excluded(edition, document.kind, is_marked=is_marked)
                self._whole(document.name, document.content, document.sha256, excluded=excluded)

    def _whole(self, name: str, content: bytes | None, sha256: str | None = None, *, excluded: bool = False) -> None:
        """Write a file, or only its SHA-256 if the edition leaves it out or must not have what it repeats.

        An erased file has no content: it is listed with the SHA-256 that was kept.
        """
        if content is None:
            assert sha256 is not None, "what is erased has a digest"
            self._erased.append(name)
            self._omitted.append(Listed(name, sha256))
        elif excluded or self._repeats(content):
            self._omitted.append(_listed(name, content))
        else:
            self._writer.add(name, content)

    def _repeats(self, content: bytes | None) -> bool:
        return content is not None and self._named.repeats(content)

    async def _signed(self) -> AsyncGenerator[list[tuple[str, bytes | None, str | None]], None]:
        """Yield the files about each request over our own API: name, content, and the SHA-256 that was kept."""
        connection = self._connection
        async with aclosing(pack_bodies.signed_requests(connection, self._head.case_no, self._opens)) as requests:
            async for request in requests:
                folder = folder_of(request.evidence_id)
                files: list[tuple[str, bytes | None, str | None]] = []
                for name, content in (await files_of(connection, request, self._maker.origin)).items():
                    if name == BODY and request.state is BodyState.ERASED:
                        files.append((f"{folder}/{name}", None, request.digest.hex()))
                    else:
                        files.append((f"{folder}/{name}", content, None))
                yield files

    def _edition_text(self) -> bytes:
        left_out = [{"name": file.name, "sha256": file.sha256} for file in self._omitted]
        record: dict[str, object] = {"edition": self._edition.value, "left_out": left_out}
        if self._head.is_marked:
            record["pseudonyms"] = True
        if self._erased:
            record["erased"] = self._erased
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)

    async def _log(self) -> Story:
        story = Story(self._name_of)
        with self._writer.open(EVENTS) as member:
            async with aclosing(evidence.event_lines(self._connection, self._head.case_no)) as log:
                async for event in log:
                    member.write(event_text(event).encode())
                    story.take(event.seq, event.kind, event.at, event.actor, orjson.loads(event.data_text))
                    self._one_more()
        return story

    def _name_of(self, institution: str) -> str:
        """Return the name of a bank with its code, which the other files of the pack have."""
        name = self._maker.ctx.directory.current.name_of(institution)
        return institution if name == institution else f"{name} ({institution})"

    def _one_more(self) -> None:
        self._done += 1
        if self._progress:
            self._progress(self._done, self._total)


def _listed(name: str, content: bytes) -> Listed:
    return Listed(name, hashlib.sha256(content).hexdigest())


async def certificate(packed: Packed, file: str, made_with: str, language: Language) -> bytes:
    """Return the PDF of the draft certificate about the pack written as `file`. Raises what rendering raises."""
    record = Certified(
        case_no=packed.case_no,
        ack_nos=packed.ack_nos,
        file=file,
        edition=packed.edition,
        sha256=packed.sha256,
        manifest_file=MANIFEST,
        manifest_sha256=packed.manifest_sha256,
        files=packed.files,
        events=packed.events,
        size_bytes=packed.size_bytes,
        first_at=packed.first_at,
        last_at=packed.last_at,
        made_at=packed.made_at,
        made_with=made_with,
    )
    return await render(compose_certificate(record, language), packed.made_at)
