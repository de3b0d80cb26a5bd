"""Bodies of messages to and from banks, and documents: sealed under a key of their case, and opened.

So are lines of banks' answers, and forms behind letters.

A body of no single case is sealed under a key of its bank. A process that cannot open the key of a case makes another
one, because the work with the money goes on. So a case may have several keys.
"""

import hashlib
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from activities.privacy.person_keys import PersonKeys, bound_to_use, opened_under, sealed_under
from activities.secrets import CannotOpen
from db.banks.bank_exchanges import ReceivedBody, SealedExchange, SealedParts, SealedReceived
from db.banks.reply_links import SealedForm
from db.pool import Connection
from db.privacy import body_keys
from db.privacy.body_keys import (
    BODY,
    CONTENT,
    FACTS,
    FORM,
    FORM_BODY,
    PDF,
    REPLY,
    BodyKey,
    BodyState,
    CaseKey,
    OpenedBody,
    OpensLine,
    SealedBody,
    SealedDocument,
    SealedIssue,
    StoredBody,
    use_of,
    use_of_line,
    use_of_unreadable,
)
from db.privacy.person_keys import PersonKey, StoredText
from schemas.banks.keys import Exchange

log = logging.getLogger(__name__)

BANK_KEY_DAYS: Final = 30
"""days for which one key of a bank seals; then the bank gets another one, so that old bodies end by themselves"""
BANKS_MAX: Final = 1_000
"""banks whose keys a process keeps"""


class BodySealer:
    """Seals bodies under one key."""

    def __init__(self, key: BodyKey, secret: bytes) -> None:
        self.key = key
        self._secret = secret

    def body(self, name: str, clear: bytes) -> SealedBody:
        """Seal a body, or another part of an exchange."""
        digest = hashlib.sha256(clear).digest()
        return SealedBody(digest, self._sealed(clear, use_of(name, digest)))

    def document(self, name: str, clear: bytes) -> SealedDocument:
        """Seal a document. `name` says what it is."""
        return SealedDocument(self.key, self.body(name, clear))

    def issued(self, facts: Mapping[str, Any], pdf: bytes) -> SealedIssue:
        """Seal an issued document and its facts."""
        document = self.document(PDF, pdf)
        sealed_facts = self._sealed(orjson.dumps(facts), use_of(FACTS, document.sealed.digest))
        return SealedIssue(document, len(pdf), sealed_facts)

    def unreadable(self, body_digest: bytes, line_no: int, raw: bytes) -> bytes:
        """Seal a line of returned money that cannot be read, as JSON text."""
        return self._sealed(raw, use_of_unreadable(body_digest, line_no))

    def line(self, natural_key: str, raw: Mapping[str, Any]) -> bytes:
        """Seal what was received as a line of an answer."""
        return self._sealed(orjson.dumps(raw), use_of_line(natural_key))

    def exchange(self, exchange: Exchange) -> SealedExchange:
        """Seal an exchange."""
        content, reply = exchange.content, exchange.reply
        parts = SealedParts(
            key=self.key,
            body=self.body(BODY, exchange.body),
            content=None if content is None else self.body(CONTENT, content),
            reply=None if reply is None else self.body(REPLY, reply),
        )
        return SealedExchange(exchange, parts)

    def form(self, fields: Mapping[str, str], body: bytes, digest: bytes) -> SealedForm:
        """Seal the fields of a form and the bytes in which they came. `digest` is that of the form."""
        sealed_fields = self._sealed(orjson.dumps(dict(fields)), use_of(FORM, digest))
        return SealedForm(self.key, sealed_fields, self._sealed(body, use_of(FORM_BODY, digest)))

    def received(self, received: ReceivedBody) -> SealedReceived:
        """Seal a received body."""
        return SealedReceived(received, self.key, self._sealed(received.body, use_of(BODY, received.digest)))

    def _sealed(self, clear: bytes, use: str) -> bytes:
        return sealed_under(self._secret, clear, bound_to_use(self.key.person_id, use))


def sealer_of_case(persons: PersonKeys, case: CaseKey) -> BodySealer:
    """Return the sealer of a case; with a new key if it has none that this process can open."""
    return _known(persons, case.key, case_no=case.case_no) or _new(persons, case_no=case.case_no)


async def stored_sealer(persons: PersonKeys, connection: Connection, case_no: str) -> BodySealer:
    """Return the sealer of a case, whose key the database has. It writes a new key."""
    sealer = sealer_of_case(persons, await body_keys.of_case(connection, case_no))
    if sealer.key.is_new:
        await body_keys.put(connection, [sealer.key])
    return sealer


class BankSealers:
    """Sealers of banks, with the keys that the database had. One process keeps them."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[BodySealer, datetime]] = {}

    async def of_bank(self, persons: PersonKeys, connection: Connection, institution: str, now: datetime) -> BodySealer:
        """Return the sealer of a bank; with a new key if it has none of the last `BANK_KEY_DAYS` that opens.

        A new key is kept only when the database has it, because the caller's transaction may yet fail.
        """
        after = now - timedelta(days=BANK_KEY_DAYS)
        if (kept := self._known.get(institution)) and kept[1] > after:
            return kept[0]
        row = await body_keys.of_bank(connection, institution, after)
        sealer = _known(persons, row.key, institution=institution) if row else None
        if row is None or sealer is None:
            return _new(persons, institution=institution)
        if len(self._known) >= BANKS_MAX:
            self._known.clear()
        self._known[institution] = sealer, row.made_at
        return sealer

    async def stored(self, persons: PersonKeys, connection: Connection, institution: str, now: datetime) -> BodySealer:
        """Return the sealer of a bank, whose key the database has. It writes a new key."""
        sealer = await self.of_bank(persons, connection, institution, now)
        if sealer.key.is_new:
            await body_keys.put(connection, [sealer.key])
        return sealer


def new_key(persons: PersonKeys, *, case_no: str | None = None, institution: str | None = None) -> BodyKey:
    """Return a new key of a case or of a bank."""
    key = persons.new_key()
    wrapped = bytes.fromhex(key.wrapped or "")
    return BodyKey(key.person_id, wrapped, is_new=True, case_no=case_no, institution=institution)


def _known(
    persons: PersonKeys, key: PersonKey | None, *, case_no: str | None = None, institution: str | None = None
) -> BodySealer | None:
    try:
        secret = persons.unwrap(key) if key else None
    except CannotOpen:
        log.warning("a key of bodies opens under no key of this process: does it have the current one?")
        return None
    if key is None or key.wrapped is None or secret is None:
        return None
    known = BodyKey(key.person_id, bytes.fromhex(key.wrapped), is_new=False, case_no=case_no, institution=institution)
    return BodySealer(known, secret)


def _new(persons: PersonKeys, *, case_no: str | None = None, institution: str | None = None) -> BodySealer:
    key = new_key(persons, case_no=case_no, institution=institution)
    secret = persons.unwrap(PersonKey(person_id=key.person_id, wrapped=key.wrapped.hex()))
    assert secret is not None, "a new key is not destroyed"
    return BodySealer(key, secret)


def line_opener(persons: PersonKeys) -> OpensLine:
    """Return a function that opens what was received as a line of an answer; empty if its key is destroyed.

    It raises `CannotOpen`.
    """

    def opened(stored: StoredText) -> dict[str, Any]:
        text = persons.open_stored(stored)
        return orjson.loads(text) if text else {}

    return opened


class BodyOpener:
    """Opens bodies. It keeps the last key, because bodies of one case are read together."""

    def __init__(self, persons: PersonKeys | None) -> None:
        """Prepare it with the keys of persons; without them every sealed body has an unknown key."""
        self._persons = persons
        self._last: tuple[UUID, bytes] | None = None

    def __call__(self, stored: StoredBody) -> OpenedBody:
        """Return a body, or why it cannot be read."""
        if stored.wrapped is None:
            return OpenedBody(BodyState.ERASED)
        secret = self._secret(stored.person_id, stored.wrapped)
        if secret is None:
            return OpenedBody(BodyState.UNKNOWN_KEY)
        try:
            return OpenedBody(
                BodyState.OPEN, opened_under(secret, stored.sealed, bound_to_use(stored.person_id, stored.use))
            )
        except CannotOpen:
            return OpenedBody(BodyState.CHANGED)

    def open_or_erased(self, stored: StoredBody) -> OpenedBody:
        """Return a body, or that it is erased. Raises `CannotOpen`."""
        opened = self(stored)
        if opened.state not in {BodyState.OPEN, BodyState.ERASED}:
            raise CannotOpen(CannotOpen.__doc__)
        return opened

    def _secret(self, person_id: UUID, wrapped: bytes) -> bytes | None:
        if self._last is not None and self._last[0] == person_id:
            return self._last[1]
        try:
            secret = (
                self._persons.unwrap(PersonKey(person_id=person_id, wrapped=wrapped.hex())) if self._persons else None
            )
        except CannotOpen:
            return None
        if secret is not None:
            self._last = person_id, secret
        return secret
