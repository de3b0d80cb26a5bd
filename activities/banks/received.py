"""Messages from and to banks, stored byte for byte and sealed, as evidence."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import http_sf
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    MappingKeyResolver,
    algorithms,
)

from activities.banks.bodies import BodySealer, sealer_of_case
from activities.context import Context
from activities.secrets import pem
from adapters.transcript import Sending
from db.banks import bank_exchanges, bank_keys
from db.banks.bank_exchanges import ReceivedBody
from db.banks.bank_keys import Evidence
from db.pool import Connection
from db.privacy.body_keys import CaseKey
from domain.evidence_binding import SIGNED, request_text
from schemas.banks.keys import About, BankKey, Exchange
from schemas.base import FrozenModel
from schemas.enums import ChannelKind


async def keep(
    ctx: Context, connection: Connection, about: About, subject: UUID, exchanges: Sequence[Exchange]
) -> None:
    """Store the exchanges about a request, an inquiry, an order or a cancellation, in their order. Locks no case."""
    if exchanges:
        known = await bank_exchanges.keys_of(connection, about, [subject])
        await keep_each(ctx, connection, about, [subject] * len(exchanges), exchanges, known)


async def keep_each(
    ctx: Context,
    connection: Connection,
    about: About,
    subjects: Sequence[UUID],
    exchanges: Sequence[Exchange],
    known: Mapping[UUID, CaseKey],
) -> None:
    """Store exchanges as `keep` does, each about its own subject. `known` has the keys of their cases."""
    sealers = {case.case_no: sealer_of_case(ctx.persons, case) for case in known.values()}
    sealed = [
        sealers[known[subject].case_no].exchange(exchange)
        for subject, exchange in zip(subjects, exchanges, strict=True)
    ]
    await bank_exchanges.keep(connection, about, subjects, sealed)


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
        keys = await bank_keys.public_keys(connection, [request.key_id])
        return Signed(request.signature_base, request.signature, request.key_id, keys[request.key_id])
    key_ids = _key_ids(request)
    if not key_ids:
        return None
    keys = await bank_keys.public_keys(connection, key_ids)
    origins = _origins(origin, _field(request.headers, "host"))
    return _first_verified(request.method, request.path, request.headers, origins, keys)


def _origins(origin: str | None, host: str) -> list[str]:
    # Whether TLS ended at a proxy is not stored. The scheme matters only for a signature over the whole address.
    return list(dict.fromkeys((origin or f"https://{host}", f"https://{host}", f"http://{host}")))


def _first_verified(
    method: str, path: str, headers: tuple[tuple[str, str], ...], origins: list[str], keys: dict[str, bytes]
) -> Signed | None:
    for origin in origins:
        signed = _verified(_Message(method, f"{origin}{path}", _Fields(headers)), headers, keys)
        if signed:
            return signed
    return None


def _key_ids(request: Evidence) -> list[str]:
    field_text = _field(request.headers, "signature-input")
    try:
        members: Any = http_sf.parse(field_text.encode("latin-1"), tltype="dictionary")
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


@asynccontextmanager
async def kept_if_refused(
    ctx: Context, institution: str, received: ReceivedBody, junk: tuple[type[Exception], ...] = ()
) -> AsyncIterator[None]:
    """Run a block that stores the body with what it writes. If it raises, the body is stored by itself.

    So the evidence has every body, also one that cannot be processed. After an error in `junk` the caller stores it.
    """
    try:
        yield
    except junk:
        raise
    except BaseException:
        await keep_body(ctx, institution, received)
        raise


async def keep_body(ctx: Context, institution: str, received: ReceivedBody) -> None:
    """Store a body from the I4C wire or from a file, of no known case or of several."""
    async with ctx.pool.acquire() as connection:
        sealer = await sealer_of_bank(ctx, connection, institution)
        await bank_exchanges.keep_body(connection, institution, sealer.received(received))


async def sealer_of_bank(ctx: Context, connection: Connection, institution: str) -> BodySealer:
    """Return what seals the bodies of a bank that are of no single case."""
    return await ctx.bank_sealers.of_bank(ctx.persons, connection, institution, ctx.now())


_AS: Final = {About.HOLD_REQUEST: "hold", About.ORDER: "order", About.PAYER_INQUIRY: "inquiry"}


async def keep_served(
    ctx: Context, about: About, entries: Mapping[UUID, FrozenModel], keys: Mapping[UUID, CaseKey] | None = None
) -> None:
    """Store these entries as they stand in the reply. This happens before the bank gets them, so none is lost.

    A caller that knows the `keys` of their cases saves one query.
    """
    if not entries:
        return
    now = ctx.now()
    served = [
        Sending(f"FEED {_AS[about]} {subject}", (), entry.model_dump_json().encode(), at=now).exchange(ChannelKind.PULL)
        for subject, entry in entries.items()
    ]
    async with ctx.pool.acquire() as connection:
        if keys is None:
            keys = await bank_exchanges.keys_of(connection, about, entries.keys())
        await keep_each(ctx, connection, about, list(entries), served, keys)
