"""The envelope of the I4C wire, as a bank's own software writes it.

`aes_cbc`: base64(IV[16] || AES-256-CBC/PKCS#7(json)), `aes_gcm`: base64(nonce[12] || ciphertext and tag) with a header,
`none`: plain JSON. If the bank has a key for it, a header carries an HMAC-SHA256 of the raw body.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

EnvelopeKind = Literal["aes_cbc", "aes_gcm", "none"]
SIGNATURE_HEADER = "x-goldenhour-signature"
ENVELOPE_HEADER = "x-goldenhour-envelope"
BLOCK_BITS = 128
IV_BYTES = 16
NONCE_BYTES = 12


class EnvelopeError(ValueError):
    """The body cannot be opened: wrong key, wrong kind, bad signature or not JSON. The message says which."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Envelope of one bank for what it sends and receives."""

    kind: EnvelopeKind
    aes_key: bytes
    hmac_key: bytes | None

    def seal(self, content: object) -> tuple[bytes, dict[str, str]]:
        """Wrap JSON content; return the raw body and its headers."""
        return self.seal_bytes(orjson.dumps(content))

    def seal_bytes(self, plain: bytes) -> tuple[bytes, dict[str, str]]:
        """Wrap any bytes, even if they are not JSON."""
        headers = {"content-type": "application/json" if self.kind == "none" else "text/plain"}
        if self.kind == "aes_cbc":
            body = base64.b64encode(self._cbc(plain))
        elif self.kind == "aes_gcm":
            nonce = os.urandom(NONCE_BYTES)
            body = base64.b64encode(nonce + AESGCM(self.aes_key).encrypt(nonce, plain, None))
            headers[ENVELOPE_HEADER] = "aes-gcm"
        else:
            body = plain
        if self.hmac_key is not None:
            headers[SIGNATURE_HEADER] = hmac.new(self.hmac_key, body, hashlib.sha256).hexdigest()
        return body, headers

    def open(self, body: bytes, headers: Mapping[str, str]) -> object:
        """Unwrap a raw body; `headers` have lower-case names. Raises EnvelopeError."""
        if self.hmac_key is not None:
            signature = headers.get(SIGNATURE_HEADER, "")
            if not hmac.compare_digest(signature.lower(), hmac.new(self.hmac_key, body, hashlib.sha256).hexdigest()):
                raise EnvelopeError("the signature over the body is missing or wrong")
        try:
            return orjson.loads(self._unwrap(body, headers))
        except orjson.JSONDecodeError as error:
            raise EnvelopeError("the content of the envelope is not JSON") from error

    def _unwrap(self, body: bytes, headers: Mapping[str, str]) -> bytes:
        if self.kind == "none":
            return body
        if body.lstrip().startswith(b"{"):
            raise EnvelopeError("plain JSON, but this bank accepts only envelopes")
        try:
            raw = base64.b64decode(body.strip(), validate=True)
        except binascii.Error as error:
            raise EnvelopeError("the body is not base64") from error
        if (headers.get(ENVELOPE_HEADER, "").lower() == "aes-gcm") != (self.kind == "aes_gcm"):
            raise EnvelopeError(f"this bank accepts {self.kind}")
        return self._open_gcm(raw) if self.kind == "aes_gcm" else self._open_cbc(raw)

    def _cbc(self, plain: bytes) -> bytes:
        padder = padding.PKCS7(BLOCK_BITS).padder()
        iv = os.urandom(IV_BYTES)
        encryptor = Cipher(algorithms.AES(self.aes_key), modes.CBC(iv)).encryptor()
        return iv + encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()

    def _open_cbc(self, raw: bytes) -> bytes:
        try:
            decryptor = Cipher(algorithms.AES(self.aes_key), modes.CBC(raw[:IV_BYTES])).decryptor()
            padded = decryptor.update(raw[IV_BYTES:]) + decryptor.finalize()
            unpadder = padding.PKCS7(BLOCK_BITS).unpadder()
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError as error:
            raise EnvelopeError("the envelope does not open with this bank's key") from error

    def _open_gcm(self, raw: bytes) -> bytes:
        try:
            return AESGCM(self.aes_key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], None)
        except (InvalidTag, ValueError) as error:
            raise EnvelopeError("the envelope does not open with this bank's key") from error
