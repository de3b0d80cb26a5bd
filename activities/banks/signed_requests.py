"""A bank's request as evidence: its bytes, signature and signature base, for a check with openssl (RFC 9421)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import http_sf
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    MappingKeyResolver,
    algorithms,
)

from activities.secrets import pem
from db.banks.bank_keys import Evidence
from db.evidence import pack
from db.pool import Connection
from domain.evidence_binding import SIGNED, request_text
from schemas.banks.keys import BankKey

_ANY_TIME: Final = timedelta(days=36_500)
"""the time limit was checked when the request came"""


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature and the bytes that were signed (the signature base)."""

    base: bytes
    signature: bytes
    key_id: str
    public_key: bytes


class _Fields:
    """The header lines as received, in the form that the library needs."""

    def __init__(self, lines: tuple[tuple[str, str], ...]) -> None:
        self._lines = lines

    def items(self) -> Iterator[tuple[str, str]]:
        """Return name and value of each line."""
        return iter(self._lines)


@dataclass(frozen=True, slots=True)
class _Message:
    method: str
    url: str
    headers: _Fields


def origin_of(public_url: str | None) -> str | None:
    """Return scheme and host of our address, which banks sign, without a path that a proxy adds."""
    if public_url is None:
        return None
    parts = urlsplit(public_url)
    return f"{parts.scheme}://{parts.netloc}"


async def files_of(connection: Connection, request: Evidence, origin: str | None) -> dict[str, bytes]:
    """Return the files of one request by name: its description, its bytes, and its signature if it has one.

    `origin` is our public address, `https://host[:port]`, if it is set.
    """
    signed = await _signed(connection, request, origin)
    about = {
        "evidence_id": request.evidence_id,
        "institution": request.institution,
        "received_at": request.received_at,
        "method": request.method,
        "path": request.path,
        "about": str(request.about),
        "body_sha256": request.digest.hex(),
        "key_id": signed.key_id if signed else None,
        "authenticated_by": _authenticated_by(request, signed),
    }
    kept = kept_files(request.method, request.path, request.headers, request.body, signed)
    return {"about.json": orjson.dumps(about, option=orjson.OPT_APPEND_NEWLINE)} | kept


def folder_of(evidence_id: int) -> str:
    """Return the folder of one request's files in a pack."""
    return f"{SIGNED}/{evidence_id:010}"


def kept_files(
    method: str, path: str, headers: Sequence[tuple[str, str]], body: bytes, signed: Signed | None
) -> dict[str, bytes]:
    """Return the unchanging files of a request by name: its bytes and its signature."""
    files = {"body": body, "request.txt": request_text(method, path, headers)}
    if signed:
        files["key.pem"] = pem(Ed25519PublicKey.from_public_bytes(signed.public_key))
        files["signature"] = signed.signature
        files["signature-base"] = signed.base
    return files


def signed_now(
    method: str, path: str, headers: Sequence[tuple[str, str]], origin: str | None, key: BankKey
) -> Signed | None:
    """Return the signature by `key` over a request that was authenticated just now, or None."""
    host = next((value for name, value in headers if name.lower() == "host"), "")
    keys = {key.key_id: key.public_key}
    return _first_verified(method, path, tuple(headers), _origins(origin, host), keys)


def _authenticated_by(request: Evidence, signed: Signed | None) -> str:
    if signed:
        return "signature"
    has_one = any(name.lower() == "signature" for name, _ in request.headers)
    return "a signature that cannot be checked from what is kept" if has_one else "token"


async def _signed(connection: Connection, request: Evidence, origin: str | None) -> Signed | None:
    """Return the signature over a request; None if there is none or it does not fit the stored bytes."""
    if request.key_id and request.signature and request.signature_base:
        keys = await pack.public_keys(connection, [request.key_id])
        return Signed(request.signature_base, request.signature, request.key_id, keys[request.key_id])
    key_ids = _key_ids(request)
    if not key_ids:
        return None
    keys = await pack.public_keys(connection, key_ids)
    origins = _origins(origin, _field(request.headers, "host"))
    return _first_verified(request.method, request.path, request.headers, origins, keys)


def _origins(origin: str | None, host: str) -> list[str]:
    # Whether TLS ended at a proxy is not stored. The scheme matters only for a signature over the whole address.
    return list(dict.fromkeys((origin or f"https://{host}", f"https://{host}", f"http://{host}")))


def _first_verified(
    method: str, path: str, headers: tuple[tuple[str, str], ...], origins: list[str], keys: dict[str, bytes]
) -> Signed | None:
    for origin in origins:
        found = _verified(_Message(method, f"{origin}{path}", _Fields(headers)), headers, keys)
        if found:
            return found
    return None


def _key_ids(request: Evidence) -> list[str]:
    told = _field(request.headers, "signature-input")
    try:
        members: Any = http_sf.parse(told.encode("latin-1"), tltype="dictionary")
        return [str(params["keyid"]) for _, params in members.values() if "keyid" in params]
    except (ValueError, TypeError, RecursionError):
        return []


def _verified(message: _Message, headers: tuple[tuple[str, str], ...], keys: dict[str, bytes]) -> Signed | None:
    verifier = HTTPMessageVerifier(
        signature_algorithm=algorithms.ED25519,
        key_resolver=MappingKeyResolver(
            public_keys={name: Ed25519PublicKey.from_public_bytes(key) for name, key in keys.items()}, private_keys={}
        ),
    )
    verifier.max_clock_skew = _ANY_TIME
    try:
        (result,) = verifier.verify(message, max_age=None)
        members: Any = http_sf.parse(_field(headers, "signature").encode("latin-1"), tltype="dictionary")
    except (HTTPMessageSignaturesException, ValueError, RecursionError):
        return None
    text = "\n".join(f"{name}: {value}" for name, value in result.covered_components.items())
    key_id = str(result.parameters["keyid"])
    return Signed(text.encode(), members[result.label][0], key_id, keys[key_id])


def _field(headers: tuple[tuple[str, str], ...], wanted: str) -> str:
    return next((value for name, value in headers if name.lower() == wanted), "")
