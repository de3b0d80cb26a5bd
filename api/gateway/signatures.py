"""Verification of signed requests from banks (RFC 9421, Ed25519): the signing key, the content, the time, no replay.

The signature must cover everything that we use: method, host, path, query and body. Behind a proxy that ends TLS the
scheme is unknown, so `@authority`, `@path` and `@query` are required. `@target-uri` is enough only if our public origin
is configured. The host and the scheme then come from this origin, and not from a header.
docs/banks/bank-api.md has the rules for banks.

A refusal names the failed rule only if a stranger can see it from the request alone. An unknown key and a wrong
signature get the same refusal. Only the holder of a key learns that the key has ended.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol, TypeVar

import http_sf
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import Request
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageVerifier,
    InvalidSignature,
    MappingKeyResolver,
    VerifyResult,
    algorithms,
)

from api.problems import Kind, Refused
from schemas.banks.keys import BankKey
from schemas.text import IST

FIELD_MAX_BYTES: Final = 2_048
"""Limit for each of Signature-Input, Signature and Content-Digest. An honest one has at most 300 bytes."""
COMPONENTS_MAX: Final = 20
NONCE_CHARS: Final = re.compile(r"^[\x21-\x7e]{16,128}$")

REQUIRED: Final = ("@method", "@authority", "@path", "@query")
"""components that a signature must cover"""
REQUIRED_WITH_ORIGIN: Final = ("@method", "@target-uri")
"""components that a signature may cover instead of `REQUIRED` if our origin is configured"""
DIGEST: Final = "content-digest"
"""component that a signature must also cover if there is a body"""

SIGNATURE_MISSING: Final = Kind("signature-missing", 401, "A signed request is needed")
SIGNATURE_MALFORMED: Final = Kind("signature-malformed", 400, "The signature cannot be read")
SIGNATURE_INCOMPLETE: Final = Kind("signature-incomplete", 401, "The signature does not cover what it must")
SIGNATURE_OUT_OF_TIME: Final = Kind("signature-out-of-time", 401, "The signature is not of this time")
SIGNATURE_WRONG: Final = Kind("signature-wrong", 401, "The signature is not one of a key we know over this request")
SIGNATURE_REPLAYED: Final = Kind("signature-replayed", 401, "This signature was used before")
DIGEST_WRONG: Final = Kind("digest-wrong", 401, "The body is not the one that was signed")
KEY_NOT_VALID: Final = Kind("key-not-valid", 401, "The key is not valid at this time")
REFUSALS: Final = (
    SIGNATURE_MISSING,
    SIGNATURE_MALFORMED,
    SIGNATURE_INCOMPLETE,
    SIGNATURE_OUT_OF_TIME,
    SIGNATURE_WRONG,
    SIGNATURE_REPLAYED,
    DIGEST_WRONG,
    KEY_NOT_VALID,
)

_WANTED: Final = " ".join(f'"{name}"' for name in (*REQUIRED, DIGEST))
_ASKED: Final = {
    "WWW-Authenticate": 'Signature realm="goldenhour"',
    "Accept-Signature": f'sig=({_WANTED});created;keyid;nonce;alg="ed25519"',
}
_SINGLE: Final = ("signature-input", "signature", DIGEST)
"""Fields that may appear only once, because two readers may interpret two lines in different ways."""

T = TypeVar("T", str, int)
_Params = Mapping[str, Any]
_Components = list[tuple[Any, _Params]]


class KeyRing(Protocol):
    """The keys that banks have registered."""

    async def key(self, key_id: str) -> BankKey | None:
        """Return the key with this id, also if it has ended, or None if it is not registered."""
        ...


class NonceStore(Protocol):
    """The nonces of accepted signatures, which are not accepted again."""

    async def take(self, key_id: str, nonce: str, seen_at: datetime) -> bool:
        """Store the nonce of a key durably. Return False if it was used before.

        The nonce must be kept for twice the window, because a signature from the end of the window is valid so long.
        """
        ...


@dataclass(frozen=True, slots=True)
class Claim:
    """Parameters of a signature before its verification."""

    key_id: str
    nonce: str
    created: int
    expires: int | None
    covered: frozenset[str]
    """names of the components that are covered without parameters"""


class Fields:
    """Header lines of a request for the library: every line, in order."""

    def __init__(self, lines: list[tuple[str, str]]) -> None:
        self._lines = lines

    def items(self) -> Iterator[tuple[str, str]]:
        """Return the name and value of each line."""
        return iter(self._lines)


@dataclass(frozen=True, slots=True)
class Message:
    """Request in the form that the library reads."""

    method: str
    url: str
    headers: Fields


async def signed_by(
    request: Request,
    keys: KeyRing,
    nonces: NonceStore,
    now: datetime,
    *,
    window_seconds: float,
    origin: str | None = None,
) -> BankKey:
    """Return the key that signed `request` and its body. Raises `Refused`.

    The signature covers the digest of the body and not the body. So the key is known before the body is read, and the
    body of a request without a live key is never read.

    `created` may be `window_seconds` before or after `now`. `origin` is our public address,
    `https://host[:port]`. Without it the host comes from the Host header, which a proxy must pass on unchanged. A
    request that fails later has used its nonce, so a bank signs a new request for every try.
    """
    lines = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.scope["headers"]]
    check_fields(lines)
    claim = claim_of(dict(lines))
    check_cover(claim, lines, has_origin=origin is not None)
    check_time(claim, now.timestamp(), window_seconds)
    key = await keys.key(claim.key_id)
    message = Message(request.method, _url(request, origin), Fields(lines))
    results = verified_by(message, claim, key)
    assert key is not None, "a signature is never verified without a key"
    if not key.is_live(now):
        raise _refused(KEY_NOT_VALID, "register the next key before this one ends")
    _check_body(results, await request.body())
    if not await nonces.take(key.key_id, claim.nonce, now):
        raise _refused(SIGNATURE_REPLAYED, "sign every request with a new nonce")
    return key


def signature_needed(since: datetime) -> Refused:
    """Return the refusal of a token: the bank is known by its signature alone since that time."""
    return _refused(
        SIGNATURE_MISSING, f"a token is not enough since {since.astimezone(IST):%d-%m-%Y}: sign the request"
    )


def check_fields(lines: list[tuple[str, str]]) -> None:
    """Check that the fields of a signature exist, appear once and are not too large. Raises `Refused`."""
    times = Counter(name for name, _ in lines)
    for name in ("signature-input", "signature"):
        if name not in times:
            raise _refused(SIGNATURE_MISSING, f"{_title(name)} is missing")
    for name in _SINGLE:
        if times[name] > 1:
            raise _refused(SIGNATURE_MALFORMED, f"{_title(name)} appears twice")
    for name, value in lines:
        if name in _SINGLE and len(value) > FIELD_MAX_BYTES:
            raise _refused(SIGNATURE_MALFORMED, f"{_title(name)} has more than {FIELD_MAX_BYTES} bytes")


def claim_of(fields: Mapping[str, str]) -> Claim:
    """Return the parameters of the only signature. Raises `Refused`."""
    label, (components, params) = _only_member("signature-input", fields)
    if not isinstance(components, list):
        raise _refused(SIGNATURE_MALFORMED, "Signature-Input must hold a list of components")
    signed_label, (signature, _) = _only_member("signature", fields)
    if signed_label != label or not isinstance(signature, bytes):
        raise _refused(SIGNATURE_MALFORMED, "Signature must hold the bytes for the label of Signature-Input")
    if len(components) > COMPONENTS_MAX:
        raise _refused(SIGNATURE_MALFORMED, f"more than {COMPONENTS_MAX} components")
    if params.get("alg", "ed25519") != "ed25519":
        raise _refused(SIGNATURE_MALFORMED, "alg must be ed25519")
    nonce = _param(params, "nonce", str)
    if not NONCE_CHARS.fullmatch(nonce):
        raise _refused(SIGNATURE_MALFORMED, "nonce must have 16 to 128 visible ASCII characters")
    return Claim(
        key_id=_param(params, "keyid", str),
        nonce=nonce,
        created=_param(params, "created", int),
        expires=_param(params, "expires", int) if "expires" in params else None,
        covered=_plain_names(components),
    )


def _only_member(name: str, fields: Mapping[str, str]) -> tuple[str, tuple[Any, _Params]]:
    """Return the only member of a dictionary field. Raises `Refused` if there are several signatures."""
    repeated: list[str] = []
    try:
        members: Any = http_sf.parse(
            fields[name].encode("latin-1"), tltype="dictionary", on_duplicate_key=lambda key, _: repeated.append(key)
        )
    except (ValueError, TypeError, RecursionError):
        raise _refused(SIGNATURE_MALFORMED, f"{_title(name)} is not a dictionary of RFC 9651") from None
    if repeated or not isinstance(members, dict) or len(members) != 1:
        raise _refused(SIGNATURE_MALFORMED, f"{_title(name)} must hold exactly one signature, and no key twice")
    ((label, member),) = members.items()
    return label, member


def _param(params: _Params, name: str, kind: type[T]) -> T:
    value = params.get(name)
    if value is None:
        raise _refused(SIGNATURE_INCOMPLETE, f"the parameter {name} is missing")
    # The exact type is compared, because bool is a subclass of int in Python, and a Token is not a string here.
    if type(value) is not kind:
        raise _refused(SIGNATURE_MALFORMED, f"the parameter {name} is of the wrong type")
    return value


def _plain_names(components: _Components) -> frozenset[str]:
    return frozenset(name for name, params in components if isinstance(name, str) and not params)


def check_cover(claim: Claim, lines: list[tuple[str, str]], *, has_origin: bool) -> None:
    """Check that a signature covers everything that we use, and that each covered field appears once.

    Raises `Refused`.
    """
    required = set(REQUIRED)
    if has_origin and claim.covered.issuperset(REQUIRED_WITH_ORIGIN):
        required = set(REQUIRED_WITH_ORIGIN)
    names = {name for name, _ in lines}
    if DIGEST in names or dict(lines).get("content-length", "0") != "0":
        required.add(DIGEST)
    missing = sorted(required - claim.covered)
    if missing:
        raise _refused(SIGNATURE_INCOMPLETE, f"the signature must cover, without parameters: {', '.join(missing)}")
    absent = sorted(name for name in claim.covered - names if not name.startswith("@"))
    if absent:
        raise _refused(SIGNATURE_INCOMPLETE, f"{_title(absent[0])} is covered and did not arrive")
    repeated = sorted(name for name, times in Counter(name for name, _ in lines).items() if times > 1)
    # The verifier joins repeated lines of a covered field, but later readers may read only one of them.
    unclear = [name for name in repeated if name in claim.covered or name == "host"]
    if unclear:
        raise _refused(SIGNATURE_MALFORMED, f"{_title(unclear[0])} appears twice")


def check_time(claim: Claim, now: float, window_seconds: float) -> None:
    """Check that a signature was made about now. Raises `Refused`."""
    if claim.created < now - window_seconds:
        raise _refused(SIGNATURE_OUT_OF_TIME, f"created is more than {window_seconds:g} seconds ago")
    if claim.created > now + window_seconds:
        raise _refused(SIGNATURE_OUT_OF_TIME, f"created is more than {window_seconds:g} seconds ahead")
    if claim.expires is not None and claim.expires < now:
        raise _refused(SIGNATURE_OUT_OF_TIME, "expires is in the past")


def _url(request: Request, origin: str | None) -> str:
    """Return the address as sent by the bank, with the raw path, because decoding may change it."""
    path = request.scope["raw_path"].decode("latin-1")
    query = request.scope["query_string"].decode("latin-1")
    base = origin.rstrip("/") if origin is not None else f"{request.url.scheme}://{request.headers.get('host', '')}"
    return f"{base}{path}?{query}" if query else f"{base}{path}"


class _Verifier(HTTPMessageVerifier):
    """Verifier of the library without its own clock."""

    def base_of(self, message: Message) -> str:
        """Return the text that the only signature of a message signs. Raises what the library raises."""
        ((_, signed, _),) = self._get_sig_inputs_and_signatures(message)  # type: ignore[no-untyped-call]
        base, _, _ = self._build_signature_base(
            message, covered_component_ids=list(signed), signature_params=signed.params
        )
        return str(base)

    def validate_created_and_expires(self, sig_input: Any, max_age: timedelta | None = None) -> None:
        """Check only that the times are in the calendar, because `check_time` has compared them with our clock.

        Raises ValueError.
        """
        for name in ("created", "expires"):
            if name in sig_input.params:
                datetime.fromtimestamp(sig_input.params[name], UTC)


def verified_by(message: Message, claim: Claim, key: BankKey | None) -> list[VerifyResult]:
    """Return the library's results for the signature. Raises the same `Refused` for no key and for a wrong key."""
    try:
        return _verifier(claim, key).verify(message, max_age=None, require_components=("@method",))
    except (HTTPMessageSignaturesException, ValueError, RecursionError):
        raise _refused(SIGNATURE_WRONG) from None


def base_of(message: Message, claim: Claim) -> str:
    """Return the text that the signature of a message must sign; empty if the message cannot give it."""
    try:
        return _verifier(claim, None).base_of(message)
    except (HTTPMessageSignaturesException, ValueError, RecursionError):
        return ""


def _verifier(claim: Claim, key: BankKey | None) -> _Verifier:
    public_keys = {} if key is None else {claim.key_id: Ed25519PublicKey.from_public_bytes(key.public_key)}
    return _Verifier(
        signature_algorithm=algorithms.ED25519,
        key_resolver=MappingKeyResolver(public_keys=public_keys, private_keys={}),
    )


def _check_body(results: list[VerifyResult], body: bytes) -> None:
    """Check that the body has the signed digest. Raises `Refused`."""
    (result,) = results
    digest = result.covered_components.get(f'"{DIGEST}"')
    if digest is None:
        if body:
            raise _refused(SIGNATURE_INCOMPLETE, f"the signature must cover, without parameters: {DIGEST}")
        return
    try:
        members: Any = http_sf.parse(digest.encode("latin-1"), tltype="dictionary")
        if "sha-256" not in members:
            raise _refused(SIGNATURE_INCOMPLETE, "Content-Digest must hold a sha-256")
        HTTPMessageVerifier.content_digest_class.verify_components(result.covered_components, body)
    except (InvalidSignature, ValueError, TypeError):
        raise _refused(DIGEST_WRONG) from None


def _title(name: str) -> str:
    return "-".join(part.title() for part in name.split("-"))


def _refused(kind: Kind, detail: str = "") -> Refused:
    return Refused(kind, detail, headers=_ASKED if kind.status == SIGNATURE_MISSING.status else None)
