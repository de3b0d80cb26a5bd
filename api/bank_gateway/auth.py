"""Which bank calls: by its signature over the request (RFC 9421), or by the bearer token it logged in for.

What a bank says back is kept as it came, byte for byte, before anything is made of it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from activities.banks.received import keep_words
from activities.banks.signed_requests import origin_of
from activities.context import Context
from api.bank_gateway.signatures import SIGNATURE_MALFORMED, signed_by
from api.dependencies import Parts, TheParts
from api.problems import Refused
from api.tokens import BadToken, Tokens, bearer
from db.banks import bank_keys
from db.pool import Pool
from schemas.banks.keys import BankKey

_SECRET_FIELDS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})

_SUBJECTS: Final = ("hold_id", "order_id", "grievance_id")
"""path parameters that say what a bank speaks of"""

BANK_SCHEME: Final = "BankToken"
bank_token = HTTPBearer(auto_error=False, scheme_name=BANK_SCHEME, description="A bank's token: `POST /banking/login`.")
"""Only so that the API's description names it, as the one below; what they read is read by the door."""
_bank_signature = APIKeyHeader(
    name="Signature",
    auto_error=False,
    scheme_name="BankSignature",
    description="RFC 9421 with Ed25519, beside `Signature-Input` and `Content-Digest` (docs/banks/bank-api.md).",
)


@dataclass(frozen=True, slots=True)
class Caller:
    """The bank that calls, and what it sent."""

    code: str
    body: bytes = field(repr=False)
    key: BankKey | None = None
    """which signed the request; None where a token stands for the bank"""


class _Keys:
    """The registered keys, and what they signed once."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def key(self, key_id: str) -> BankKey | None:
        """The key of that id, ended or not."""
        async with self._pool.acquire() as connection:
            return await bank_keys.get_key(connection, key_id)

    async def take(self, key_id: str, nonce: str, seen_at: datetime) -> bool:
        """Remember a nonce; false when it was taken before."""
        async with self._pool.acquire() as connection:
            return await bank_keys.take_nonce(connection, key_id, nonce, seen_at)


class BankAccess:
    """Knows banks by what they send. One for the process."""

    def __init__(self, ctx: Context, tokens: Tokens, public_url: str | None = None) -> None:
        """`public_url`: where banks call, as far as it is set; else a signature's host is what the Host header says."""
        self._ctx = ctx
        self._tokens = tokens
        self._window_seconds = ctx.policy.signatures.window_seconds
        self._origin = origin_of(public_url)
        self._keys = _Keys(ctx.pool)

    async def caller(self, request: Request) -> Caller:
        """The bank behind a request. Raises `Refused` for a signature that is none, `BadToken` for a token."""
        body = await request.body()
        if "signature" in request.headers or "signature-input" in request.headers:
            if "authorization" in request.headers:
                raise Refused(SIGNATURE_MALFORMED, "a signature or a token, not both: they may name two banks")
            key = await signed_by(
                request, body, self._keys, self._keys, window_seconds=self._window_seconds, origin=self._origin
            )
            code = key.institution
        else:
            key, code = None, self._tokens.bank(bearer(request.headers.get("authorization")))
        if not await self._is_known(code):
            # The institution has left the directory since it logged in.
            raise BadToken(BadToken.__doc__)
        return Caller(code, body, key)

    async def _is_known(self, code: str) -> bool:
        if self._ctx.directory.current.get(code) is None:
            await self._ctx.directory.freshen()
        return self._ctx.directory.current.get(code) is not None


def lines_of(request: Request) -> list[tuple[str, str]]:
    """The header lines as they came, but for a token: whoever reads evidence must not be able to use it."""
    lines = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.scope["headers"])
    return [(name, value) for name, value in lines if name.lower() not in _SECRET_FIELDS]


async def keep_evidence(parts: Parts, request: Request, caller: Caller) -> None:
    """Keep a bank's words as they came, but for its token."""
    path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"].decode("latin-1")
    await keep_words(
        parts.ctx,
        caller.code,
        request.method,
        f"{path}?{query}" if query else path,
        lines_of(request),
        caller.body,
        about=_about(request),
        key=caller.key,
        origin=origin_of(parts.public_url),
    )


def _about(request: Request) -> UUID | None:
    """The request, order or grievance that the path names; None for one that names none, or nothing that can be."""
    told = next((request.path_params[name] for name in _SUBJECTS if name in request.path_params), None)
    try:
        return UUID(told) if told else None
    except ValueError:
        return None


async def _caller(
    request: Request,
    _: TheParts,
    _token: Annotated[HTTPAuthorizationCredentials | None, Depends(bank_token)],
    _signature: Annotated[str | None, Depends(_bank_signature)],
) -> Caller:
    access: BankAccess = request.app.state.bank_access
    return await access.caller(request)


TheBank = Annotated[Caller, Depends(_caller)]
"""The marker for a route's signature."""
