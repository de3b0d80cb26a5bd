"""Codes of proposals. The link that an agreement makes opens nothing without the code of its proposal.

The proposing admin alone is shown the code, and the deciding one alone the link. So neither can use the link.
"""

import hashlib
import hmac
import secrets
from base64 import b32encode
from typing import Final

_CODE_BYTES: Final = 10
_CODE_CHARS: Final = 16
_GROUP_CHARS: Final = 4


def new_proposal_code() -> str:
    """Return a new code of 80 bits, in groups of four signs that can be read out by telephone."""
    plain = b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower()
    return "-".join(plain[at : at + _GROUP_CHARS] for at in range(0, _CODE_CHARS, _GROUP_CHARS))


def proposal_code_digest(subject: str, code: str) -> bytes:
    """Return the digest under which the database knows a code; 80 random bits need no slow hash.

    `subject` is the officer or the institution that the link is for.
    """
    plain = "".join(code.split()).replace("-", "").lower()
    return hashlib.sha256(f"proposal code\0{subject}\0{plain}".encode()).digest()


def proposal_code_fits(subject: str, code: str, digest: bytes) -> bool:
    """Return whether a code as typed is the one with this digest."""
    return hmac.compare_digest(proposal_code_digest(subject, code), digest)
