"""The three envelopes for the bodies sent to and from banks, and the signature beside them.

`aes_cbc` is what Indian banks use: base64(IV(16) + AES-256-CBC/PKCS#7(json)), without a MAC of its own. `aes_gcm` is
base64(nonce(12) + ciphertext + tag(16)). `none` is plain JSON. The directory sets the envelope of each bank, and
whether the base64 stands alone or in a member of a JSON object. A header may confirm the envelope but never choose it,
because a stranger could otherwise select the weakest. The signature is a hex HMAC-SHA256 over the raw body bytes. It
gives the CBC envelope the integrity that it lacks.
"""

import binascii
import hmac
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.padding import PKCS7

from adapters.banks.protocol import BankWire
from schemas.banks.institutions import EnvelopeKind

BODY_MAX_BYTES: Final = 1024 * 1024
"""Largest wrapped body that is sent or opened."""
KEY_BYTES: Final = 32
IV_BYTES: Final = 16
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
BLOCK_BITS: Final = 128

SIGNATURE_HEADER: Final = "X-Goldenhour-Signature"
ENVELOPE_HEADER: Final = "X-Goldenhour-Envelope"
GCM_HEADER_VALUE: Final = "aes-gcm"

_WHITESPACE: Final = b" \t\r\n"


class EnvelopeReason(StrEnum):
    """Reasons for which an envelope is not sealed or not opened."""

    TOO_LARGE = "too_large"
    KEY_UNUSABLE = "key_unusable"
    SIGNATURE_MISSING = "signature_missing"
    SIGNATURE_WRONG = "signature_wrong"
    NOT_THE_AGREED_KIND = "not_the_agreed_kind"
    UNDECIPHERABLE = "undecipherable"


class EnvelopeError(Exception):
    """The envelope cannot be used."""

    def __init__(self, reason: EnvelopeReason) -> None:
        """Keep the reason. The message holds nothing of the body, the plaintext or a key."""
        super().__init__(f"{type(self).__doc__} ({reason})")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Sealed:
    """Body ready to send, with its headers (Content-Type, envelope, signature)."""

    body: bytes
    headers: dict[str, str]


def decode_key(text: str) -> bytes:
    """Return the 32 key bytes that a directory file holds as base64.

    Raises EnvelopeError(KEY_UNUSABLE) for any other value.
    """
    try:
        key = b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        raise EnvelopeError(EnvelopeReason.KEY_UNUSABLE) from None
    return _usable(key)


def seal(plaintext: bytes, bank: BankWire) -> Sealed:
    """Wrap `plaintext` (JSON, UTF-8) in the envelope of `bank`, and sign it if the bank has an HMAC key.

    Raises EnvelopeError: TOO_LARGE if the wrapped body is above BODY_MAX_BYTES, KEY_UNUSABLE without a 32-byte key.
    """
    if len(plaintext) > BODY_MAX_BYTES:
        raise EnvelopeError(EnvelopeReason.TOO_LARGE)
    body = _wrap(plaintext, bank)
    if len(body) > BODY_MAX_BYTES:
        raise EnvelopeError(EnvelopeReason.TOO_LARGE)
    is_json = bank.envelope == "none" or bank.ciphertext_member is not None
    headers = {"Content-Type": "application/json" if is_json else "text/plain"}
    if bank.envelope == "aes_gcm":
        headers[ENVELOPE_HEADER] = GCM_HEADER_VALUE
    if bank.hmac_key is not None:
        headers[SIGNATURE_HEADER] = sign(body, bank.hmac_key)
    return Sealed(body, headers)


def open_envelope(body: bytes, headers: Mapping[str, str], bank: BankWire) -> bytes:
    """Return the plaintext of `body` as received from `bank`; header names match in any case.

    The signature is checked before decryption. It is required if the bank has an HMAC key, else ignored. Raises
    EnvelopeError. Bad padding, a bad tag and bad base64 all raise UNDECIPHERABLE. A caller must treat plaintext that is
    not JSON the same way, so that an unsigned CBC envelope does not become a padding oracle.
    """
    if len(body) > BODY_MAX_BYTES:
        raise EnvelopeError(EnvelopeReason.TOO_LARGE)
    if bank.hmac_key is not None:
        verify(body, _header(headers, SIGNATURE_HEADER), bank.hmac_key)
    if bank.ciphertext_member is not None:
        body = _member(body, bank.ciphertext_member)
    _check_kind(body, _header(headers, ENVELOPE_HEADER), bank.envelope)
    if bank.envelope == "none":
        return body
    key = _usable(bank.aes_key)
    try:
        # Many encoders wrap base64 at 76 columns. Any other character outside the alphabet is refused.
        wrapped = b64decode(body.translate(None, _WHITESPACE), validate=True)
        return _decrypt_cbc(wrapped, key) if bank.envelope == "aes_cbc" else _decrypt_gcm(wrapped, key)
    except (ValueError, InvalidTag):
        raise EnvelopeError(EnvelopeReason.UNDECIPHERABLE) from None


def is_authentic(bank: BankWire) -> bool:
    """Return whether an opened body can only come from the bank's key: by the envelope itself, or by its signature."""
    return bank.envelope == "aes_gcm" or bank.hmac_key is not None


def sign(body: bytes, hmac_key: bytes) -> str:
    """Return the hex HMAC-SHA256 of the raw body bytes."""
    return hmac.digest(_usable(hmac_key), body, "sha256").hex()


def verify(body: bytes, signature: str | None, hmac_key: bytes) -> None:
    """Raise EnvelopeError unless `signature` belongs to the body. The comparison takes constant time."""
    if not signature:
        raise EnvelopeError(EnvelopeReason.SIGNATURE_MISSING)
    expected = sign(body, hmac_key)
    if not hmac.compare_digest(expected.encode(), signature.strip().lower().encode()):
        raise EnvelopeError(EnvelopeReason.SIGNATURE_WRONG)


def _wrap(plaintext: bytes, bank: BankWire) -> bytes:
    if bank.envelope == "none":
        return plaintext
    key = _usable(bank.aes_key)
    if bank.envelope == "aes_gcm":
        wrapped = b64encode(_encrypt_gcm(plaintext, key, os.urandom(NONCE_BYTES)))
    else:
        wrapped = b64encode(_encrypt_cbc(plaintext, key, os.urandom(IV_BYTES)))
    return wrapped if bank.ciphertext_member is None else orjson.dumps({bank.ciphertext_member: wrapped.decode()})


def _member(body: bytes, name: str) -> bytes:
    """Return the envelope in the member `name` of a JSON object.

    A body that is no object is the envelope itself. Many banks wrap only what they receive, so both forms are taken
    from them.
    """
    if not body.lstrip(_WHITESPACE).startswith(b"{"):
        return body
    try:
        members = json.loads(body, object_pairs_hook=list)
    except (ValueError, RecursionError):
        raise EnvelopeError(EnvelopeReason.UNDECIPHERABLE) from None
    # A member that stands twice is none: readers would choose different ones.
    envelopes = [value for key, value in members if key == name]
    if len(envelopes) != 1 or not isinstance(envelopes[0], str):
        raise EnvelopeError(EnvelopeReason.NOT_THE_AGREED_KIND)
    return envelopes[0].encode()


def _check_kind(body: bytes, named: str | None, agreed: EnvelopeKind) -> None:
    """Raise if the body, by its look or its header, is in another envelope than the agreed one."""
    looks_plain = body.lstrip(_WHITESPACE).startswith(b"{")
    named_gcm = named is not None and named.strip().lower() == GCM_HEADER_VALUE
    if looks_plain != (agreed == "none") or (named is not None and named_gcm != (agreed == "aes_gcm")):
        raise EnvelopeError(EnvelopeReason.NOT_THE_AGREED_KIND)


def _header(headers: Mapping[str, str], name: str) -> str | None:
    wanted = name.lower()
    return next((value for key, value in headers.items() if key.lower() == wanted), None)


def _usable(key: bytes | None) -> bytes:
    if key is None or len(key) != KEY_BYTES:
        raise EnvelopeError(EnvelopeReason.KEY_UNUSABLE)
    return key


def _encrypt_cbc(plaintext: bytes, key: bytes, iv: bytes) -> bytes:
    padder = PKCS7(BLOCK_BITS).padder()
    encryptor = Cipher(algorithms.AES256(key), modes.CBC(iv)).encryptor()
    padded = padder.update(plaintext) + padder.finalize()
    return iv + encryptor.update(padded) + encryptor.finalize()


def _decrypt_cbc(wrapped: bytes, key: bytes) -> bytes:
    iv, ciphertext = wrapped[:IV_BYTES], wrapped[IV_BYTES:]
    if not ciphertext:
        raise ValueError("nothing behind the IV")
    decryptor = Cipher(algorithms.AES256(key), modes.CBC(iv)).decryptor()
    unpadder = PKCS7(BLOCK_BITS).unpadder()
    padded = decryptor.update(ciphertext) + decryptor.finalize()
    return unpadder.update(padded) + unpadder.finalize()


def _encrypt_gcm(plaintext: bytes, key: bytes, nonce: bytes) -> bytes:
    return nonce + AESGCM(key).encrypt(nonce, plaintext, None)


def _decrypt_gcm(wrapped: bytes, key: bytes) -> bytes:
    if len(wrapped) < NONCE_BYTES + TAG_BYTES:
        raise ValueError("shorter than a nonce and a tag")
    return AESGCM(key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], None)
