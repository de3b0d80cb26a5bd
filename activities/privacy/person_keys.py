"""Personal data: sealed under a key of each person, opened, and found by keyed digests of search terms.

The key of a person is sealed under the secret key. Without it the data cannot be read, wherever a copy lies.
"""

import hashlib
import hmac
import logging
import os
from collections.abc import Collection, Iterable, Mapping
from typing import Final
from uuid import UUID, uuid4

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from activities.secrets import KEY_BYTES, NONCE_BYTES, CannotOpen, Keys, Purpose, Sealer
from db.pool import Connection
from db.privacy import person_keys, victims
from db.privacy.person_keys import PersonKey, SealedPerson, SealedText, StoredPerson, StoredText
from db.privacy.victims import HolderContact, StoredContact
from domain.errors.case import ComplaintNotFound
from domain.privacy.retention import stated_contact
from domain.privacy.search import same_person, search_terms
from schemas.privacy.personal_data import ContactData, PersonalData

log = logging.getLogger(__name__)

DIGEST_BYTES: Final = 16
_VERSION: Final = b"p\x01"
"""first bytes of data that are sealed in this way; the nonce follows"""
_NO_KEY: Final = "the key of the person is destroyed"


class PersonKeys:
    """Seals the personal data of victims under keys of their own, and opens them."""

    def __init__(self, keys: Keys) -> None:
        """Prepare it with the keys of a process, or with those of the secret key."""
        self._wrapping = Sealer(keys.lasting_keys(Purpose.PERSON_KEYS))
        self._finding = keys.lasting_keys(Purpose.PERSON_TERMS)

    @property
    def terms_key(self) -> bytes:
        """Return the id of the secret key with which new digests are made."""
        return self._finding[0][0]

    def new_key(self) -> PersonKey:
        """Return a key for a person who has none."""
        person_id = uuid4()
        return PersonKey(person_id=person_id, wrapped=self._wrap(person_id, os.urandom(KEY_BYTES)).hex())

    def seal(self, data: PersonalData) -> SealedPerson:
        """Seal the data of a person under a new key."""
        person_id, key = uuid4(), os.urandom(KEY_BYTES)
        return SealedPerson(
            person_id=person_id,
            wrapped=self._wrap(person_id, key),
            sealed=sealed_under(key, _json(data), person_id.bytes),
            terms=self.terms(data),
            terms_key=self.terms_key,
        )

    def seal_again(self, stored: StoredPerson, data: PersonalData) -> SealedPerson:
        """Seal other data of a person under the key that it has. Raises `CannotOpen`."""
        key = self.unwrap(stored)
        if stored.wrapped is None or key is None:
            raise CannotOpen(_NO_KEY)
        return SealedPerson(
            person_id=stored.person_id,
            wrapped=bytes.fromhex(stored.wrapped),
            sealed=sealed_under(key, _json(data), stored.person_id.bytes),
            terms=self.terms(data),
            terms_key=self.terms_key,
        )

    def open(self, stored: StoredPerson) -> PersonalData:
        """Return the data of a person; empty ones if the key is destroyed. Raises `CannotOpen`."""
        key = self.unwrap(stored)
        if key is None:
            return PersonalData()
        opened = opened_under(key, bytes.fromhex(stored.sealed), stored.person_id.bytes)
        return PersonalData.model_validate_json(opened)

    def open_or_empty(self, stored: StoredPerson) -> PersonalData:
        """Return the data of a person; empty ones if the key is destroyed, or if this process cannot open them.

        It is for work that must go on without them.
        """
        try:
            return self.open(stored)
        except CannotOpen:
            log.warning("a victim's data open under no key of this process: does it have the current one?")
            return PersonalData()

    def seal_text(self, stored: PersonKey, text: str, use: str = "text") -> bytes:
        """Seal a text about a person under the key of the person. It opens for this `use` only. Raises `CannotOpen`."""
        key = self.unwrap(stored)
        if key is None:
            raise CannotOpen(_NO_KEY)
        return sealed_under(key, text.encode(), bound_to_use(stored.person_id, use))

    def open_text(self, stored: PersonKey, sealed: str, use: str = "text") -> str:
        """Return a text about a person; empty if the key is destroyed. Raises `CannotOpen`."""
        key = self.unwrap(stored)
        if key is None:
            return ""
        return opened_under(key, bytes.fromhex(sealed), bound_to_use(stored.person_id, use)).decode()

    def seal_contact(self, key: PersonKey | None, hold_id: UUID, data: ContactData) -> SealedText:
        """Seal the contact of the account holder under a hold. As `seal_new`."""
        return self.seal_new(key, f"{data.phone}\n{data.email}", f"contact of {hold_id}")

    def open_contact(self, stored: StoredContact) -> ContactData:
        """Return the contact of an account holder; an empty one if the key is destroyed. Raises `CannotOpen`."""
        phone, _, email = self.open_text(stored, stored.sealed, f"contact of {stored.hold_id}").partition("\n")
        return ContactData(phone=phone, email=email)

    def seal_new(self, key: PersonKey | None, text: str, use: str) -> SealedText:
        """Seal a text about a person; under a new key if there is none. Raises `CannotOpen`."""
        of_person = key or self.new_key()
        return SealedText(of_person, key is None, self.seal_text(of_person, text, use))

    def open_stored(self, stored: StoredText) -> str:
        """Return a text; an empty one if the key is destroyed. Raises `CannotOpen`."""
        return self.open_text(stored, stored.sealed, stored.use)

    async def holder_of(self, connection: Connection, hold_id: UUID) -> HolderContact:
        """Return the opened contact of the account holder under a hold. Raises `NotFound` and `CannotOpen`."""
        return self._with_contact(await victims.of_hold(connection, hold_id))

    async def holder_or_unreachable(self, connection: Connection, hold_id: UUID) -> HolderContact:
        """Return the opened contact of the account holder under a hold. Raises `NotFound`.

        It has no address, nor that of the bank, if this process cannot open the key of the account holder: a message to
        either is sealed under it. It is for work that must go on without the message.
        """
        contact = await victims.of_hold(connection, hold_id)
        try:
            if contact.key is not None:
                self.unwrap(contact.key)
            return self._with_contact(contact)
        except CannotOpen:
            log.warning(
                "the key of an account holder opens under no key of this process: does it have the current one?"
            )
            return contact.model_copy(update={"phone": "", "email": "", "bank_email": "", "key": None, "opens": False})

    def _with_contact(self, stored: HolderContact) -> HolderContact:
        contact = self.open_contact(stored.entered) if stored.entered else self._stated(stored)
        return stored.model_copy(update=contact.model_dump())

    def _stated(self, contact: HolderContact) -> ContactData:
        """Return the contact that the newest line of the bank with each of its fields states."""
        phone = email = ""
        for stored in contact.stated:
            if phone and email:
                break
            stated = stated_contact(orjson.loads(self.open_stored(stored) or "{}"))
            phone, email = phone or stated.phone, email or stated.email
        return ContactData(phone=phone, email=email)

    async def victim_of(self, connection: Connection, ack_no: str) -> PersonalData:
        """Return the data of a complaint's victim. Raises `NotFound` and `CannotOpen`."""
        stored = await person_keys.of_complaint(connection, ack_no)
        if stored is None:
            raise ComplaintNotFound(ack_no)
        return self.open(stored)

    def open_all(self, stored: Mapping[int, StoredPerson]) -> dict[int, PersonalData]:
        """Return the data of several persons by their numbers. Raises `CannotOpen`."""
        return {victim_id: self.open(person) for victim_id, person in stored.items()}

    def terms(self, data: PersonalData) -> tuple[bytes, ...]:
        """Return the digests of the terms that a person is found by, under the current secret key."""
        _, key = self._finding[0]
        return tuple(sorted(_digest(key, term) for term in search_terms(data.name, data.mobile, data.email)))

    def digests(self, terms: Iterable[str]) -> list[list[bytes]]:
        """Return for each term its digests under every known secret key; a victim may have either."""
        return [[_digest(key, term) for _, key in self._finding] for term in terms]

    def same_person(self, data: PersonalData) -> Collection[bytes]:
        """Return the digests that other complaints of this victim have; empty without a mobile number."""
        term = same_person(data.name, data.mobile)
        return self.digests([term])[0] if term else []

    def _wrap(self, person_id: UUID, key: bytes) -> bytes:
        return self._wrapping.seal(key, str(person_id))

    def unwrap(self, stored: PersonKey) -> bytes | None:
        """Return a key that is sealed under the secret key; None once it is destroyed. Raises `CannotOpen`."""
        return self._wrapping.open(bytes.fromhex(stored.wrapped), str(stored.person_id)) if stored.wrapped else None


def _json(data: PersonalData) -> bytes:
    return data.model_dump_json().encode()


def bound_to_use(person_id: UUID, use: str) -> bytes:
    """Return what a text or a body under a key is bound to."""
    # Another binding than that of the data, so that a text never opens as the data of the person.
    return person_id.bytes + use.encode()


def sealed_under(key: bytes, plain: bytes, bound_to: bytes) -> bytes:
    """Seal a value under an unwrapped key. It opens for `bound_to` only."""
    nonce = os.urandom(NONCE_BYTES)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, plain, _VERSION + bound_to)


def opened_under(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    """Return what `sealed_under` sealed. Raises `CannotOpen`."""
    start = len(_VERSION)
    nonce, text = sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
    try:
        if not sealed.startswith(_VERSION):
            raise ValueError("another version")
        return AESGCM(key).decrypt(nonce, text, _VERSION + bound_to)
    except (InvalidTag, ValueError):
        raise CannotOpen(CannotOpen.__doc__) from None


def _digest(key: bytes, term: str) -> bytes:
    return hmac.digest(key, term.encode(), hashlib.sha256)[:DIGEST_BYTES]
