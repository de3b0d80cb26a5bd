"""Codes of proposals. The link that an agreement makes opens nothing without the code of its proposal.

The proposing admin alone is shown the code, and the deciding one alone the link. So neither can use the link.
"""

import hashlib
import hmac

from activities.secret_codes import plain_code


def proposal_code_digest(subject: str, code: str) -> bytes:
    """Return the digest under which the database knows a code; 80 random bits need no slow hash.

    `subject` is the officer or the institution that the link is for.
    """
    return hashlib.sha256(f"proposal code\0{subject}\0{plain_code(code)}".encode()).digest()


def proposal_code_fits(subject: str, code: str, digest: bytes) -> bool:
    """Return whether a code as typed is the one with this digest."""
    return hmac.compare_digest(proposal_code_digest(subject, code), digest)
