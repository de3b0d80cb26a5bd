"""Webhook secrets in the format of the Standard Webhooks specification."""

import binascii
from base64 import b64decode
from typing import Final

from pydantic import SecretStr

WEBHOOK_PREFIX: Final = "whsec_"
SECRET_BYTES: Final = range(24, 65)
"""Lengths that Standard Webhooks allows."""


def secret_bytes(secret: SecretStr) -> bytes:
    """Return the key in a `whsec_…` secret. Raises ValueError, which does not repeat the secret."""
    text = secret.get_secret_value()
    encoded = text.removeprefix(WEBHOOK_PREFIX)
    try:
        # Strict base64, because a lenient library would sign with another key than the bank's.
        key = b64decode(encoded, validate=True) if encoded != text else b""
    except binascii.Error:
        key = b""
    if len(key) not in SECRET_BYTES:
        raise ValueError(f"must be {WEBHOOK_PREFIX} and the base64 of {SECRET_BYTES[0]} to {SECRET_BYTES[-1]} bytes")
    return key


def check_secret(secret: SecretStr) -> SecretStr:
    """Return the secret if `secret_bytes` can read it. Raises ValueError."""
    secret_bytes(secret)
    return secret
