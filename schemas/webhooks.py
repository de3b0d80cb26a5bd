"""Secrets of webhooks as the Standard Webhooks specification writes them."""

import binascii
from base64 import b64decode
from typing import Final

from pydantic import SecretStr

WEBHOOK_PREFIX: Final = "whsec_"
SECRET_BYTES: Final = range(24, 65)
"""The lengths that Standard Webhooks allows."""


def secret_bytes(secret: SecretStr) -> bytes:
    """The key in a `whsec_…` secret. Raises ValueError, which does not repeat it, for anything else."""
    text = secret.get_secret_value()
    encoded = text.removeprefix(WEBHOOK_PREFIX)
    try:
        # A library that skips what is not base64 would sign with another key than the bank's.
        key = b64decode(encoded, validate=True) if encoded != text else b""
    except binascii.Error:
        key = b""
    if len(key) not in SECRET_BYTES:
        raise ValueError(f"must be {WEBHOOK_PREFIX} and the base64 of {SECRET_BYTES[0]} to {SECRET_BYTES[-1]} bytes")
    return key


def check_secret(secret: SecretStr) -> SecretStr:
    """The secret itself, once `secret_bytes` can read it."""
    secret_bytes(secret)
    return secret
