"""Codes of 80 bits that people read out and type: four groups of four signs."""

import secrets
from base64 import b32encode
from typing import Final

_CODE_BYTES: Final = 10
"""random ones, so that a stored digest tells nothing and needs no slow hash"""
_GROUP_CHARS: Final = 4


def new_grouped_code() -> str:
    """Return a new code, such as `abcd-2345-efgh-6767`."""
    plain = b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower()
    return "-".join(plain[at : at + _GROUP_CHARS] for at in range(0, len(plain), _GROUP_CHARS))


def plain_code(typed: str) -> str:
    """Return a code as it is compared, however it was spaced and typed."""
    return "".join(typed.split()).replace("-", "").lower()
