"""Sign a bank's request to the police (RFC 9421, Ed25519), as a bank's developer would write it."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms

from simulator.clock import wall_clock

COVERED: Final = ("@method", "@authority", "@path", "@query")
"""With a body the library adds `content-digest`."""
NONCE_BYTES: Final = 18
LABEL: Final = "sig"


@dataclass(frozen=True, slots=True)
class _Message:
    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


def signed_headers(
    method: str,
    url: str,
    body: bytes,
    *,
    key_id: str,
    private_key: Ed25519PrivateKey,
    created: datetime | None = None,
    nonce: str | None = None,
    covered: tuple[str, ...] = COVERED,
    headers: dict[str, str] | None = None,
) -> dict[str, str]:
    """Return `headers` with Signature-Input and Signature, and Content-Digest if there is a body.

    `url` is the called address, with scheme, host and query. Sign again for every attempt.
    """
    message = _Message(method, url, dict(headers or {}))
    signer = HTTPMessageSigner(
        signature_algorithm=algorithms.ED25519,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={key_id: private_key}),
    )
    signer.sign(
        message,
        key_id=key_id,
        created=created or wall_clock(),
        nonce=nonce if nonce is not None else secrets.token_urlsafe(NONCE_BYTES),
        label=LABEL,
        covered_component_ids=covered,
        body=body or None,
    )
    return message.headers
