"""Single-use links in letters to banks: how a token is made, and what state a link is in."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from enum import StrEnum
from typing import Final

from activities.secrets import SecretBox

NONCE_BYTES: Final = 16
SIGNATURE_BYTES: Final = 16
TOKEN_CHARS: Final = 43
ANSWERS_AT_ONCE: Final = 4
"""in one process: each holds two connections, and the pool must not be emptied by those who wait for their second"""

_PURPOSE: Final = "answer links"
_ORDER_PURPOSE: Final = "order links"


class LinkState(StrEnum):
    """Whether a link can be answered through, or why not."""

    OPEN = "open"
    USED = "used"
    EXPIRED = "expired"
    ANSWERED = "answered"
    """the bank has answered in another way"""
    STOPPED = "stopped"
    """the police do not ask any more, or ask in another request"""


def link_key(secret_box: SecretBox) -> bytes:
    """The key that signs tokens, and nothing else."""
    return secret_box.derive_key(_PURPOSE)


def order_link_key(secret_box: SecretBox) -> bytes:
    """The key that signs the tokens of links about orders, and nothing else."""
    return secret_box.derive_key(_ORDER_PURPOSE)


def make_token(key: bytes) -> str:
    """A new token."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return urlsafe_b64encode(nonce + _signature(key, nonce)).rstrip(b"=").decode()


def token_digest(key: bytes, token: str) -> bytes | None:
    """What the database knows a token of ours by; None where it is none."""
    if len(token) != TOKEN_CHARS or not token.isascii():
        return None
    try:
        opened = urlsafe_b64decode(token + "=")
    except ValueError:
        return None
    nonce, signature = opened[:NONCE_BYTES], opened[NONCE_BYTES:]
    # The decoder passes over characters that are none of its own, and over loose bits: one token has one spelling.
    spelled = urlsafe_b64encode(opened).rstrip(b"=").decode() == token
    if not spelled or not hmac.compare_digest(signature, _signature(key, nonce)):
        return None
    return hashlib.sha256(token.encode()).digest()


def _signature(key: bytes, nonce: bytes) -> bytes:
    return hmac.digest(key, nonce, "sha256")[:SIGNATURE_BYTES]
