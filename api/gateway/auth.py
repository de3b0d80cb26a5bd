"""Authentication of banks, by a signature over the request (RFC 9421) or by the bearer token of a login.

Every statement of a bank is kept byte for byte before it is processed.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from activities.banks.received import keep_statement
from activities.context import Context
from api.gateway.signatures import SIGNATURE_MALFORMED, signature_needed, signed_by
from api.officers.callers import bank_of, is_signed, name_bank
from api.officers.tokens import BadToken, BankDoor
from api.problems import Refused
from api.services import Services, TheServices
from db.banks import bank_keys
from db.pool import Pool
from schemas.banks.institutions import Institution
from schemas.banks.keys import BankKey

_SECRET_FIELDS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})

_SUBJECTS: Final = ("hold_id", "inquiry_id", "order_id", "grievance_id")
"""path parameters that name the subject of a bank's statement"""

BANK_SCHEME: Final = "BankToken"
bank_token = HTTPBearer(auto_error=False, scheme_name=BANK_SCHEME, description="A bank's token: `POST /banking/login`.")
"""This scheme and the next are for the OpenAPI description only. `_caller` reads the headers itself."""
_bank_signature = APIKeyHeader(
    name="Signature",
    auto_error=False,
    scheme_name="BankSignature",
    description="RFC 9421 with Ed25519, beside `Signature-Input` and `Content-Digest` (docs/banks/bank-api.md).",
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Bank that calls, and the body that it sent."""

    code: str
    body: bytes = field(repr=False)
    key: BankKey | None = None
    """key that signed the request, or None if the bank uses a token"""


class _Keys:
    """The registered keys of banks, and the nonces that they have used, for one request."""

    def __init__(self, pool: Pool, request: Request) -> None:
        self._pool = pool
        self._scope = request.scope

    async def key(self, key_id: str) -> BankKey | None:
        """Return the key with this id, also if it has ended."""
        async with self._pool.acquire() as connection:
            found = await bank_keys.get_key(connection, key_id)
        if found is not None:
            name_bank(self._scope, found.institution, is_proven=False)
        return found

    async def take(self, key_id: str, nonce: str, seen_at: datetime) -> bool:
        """Record a nonce. Return False if it was used before."""
        async with self._pool.acquire() as connection:
            return await bank_keys.take_nonce(connection, key_id, nonce, seen_at)


async def _known(ctx: Context, code: str) -> Institution:
    """Return the institution. Raises `BadToken` if it was removed from the directory after its login."""
    if ctx.directory.current.get(code) is None:
        await ctx.directory.freshen()
    found = ctx.directory.current.get(code)
    if found is None:
        raise BadToken(BadToken.__doc__)
    return found


def lines_of(request: Request) -> list[tuple[str, str]]:
    """Return the header lines as received, without tokens, because readers of evidence must not be able to use them."""
    lines = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.scope["headers"])
    return [(name, value) for name, value in lines if name.lower() not in _SECRET_FIELDS]


async def keep_evidence(services: Services, request: Request, caller: Caller) -> None:
    """Store a bank's request as received, without its token."""
    path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"].decode("latin-1")
    await keep_statement(
        services.ctx,
        caller.code,
        request.method,
        f"{path}?{query}" if query else path,
        lines_of(request),
        caller.body,
        about=_about(request),
        key=caller.key,
        origin=services.signed_origin,
    )


def _about(request: Request) -> UUID | None:
    """Return the id of the hold request, inquiry, order or grievance in the path, or None without a valid one."""
    subject = next((request.path_params[name] for name in _SUBJECTS if name in request.path_params), None)
    try:
        return UUID(subject) if subject else None
    except ValueError:
        return None


async def _caller(
    request: Request,
    services: TheServices,
    _token: Annotated[HTTPAuthorizationCredentials | None, Depends(bank_token)],
    _signature: Annotated[str | None, Depends(_bank_signature)],
) -> Caller:
    """Return the bank that sent a request. Raises `Refused` for an invalid signature, `BadToken` for a token.

    A token of a bank that is known by its signature alone is refused. The body is read only after the bank is known.
    Without a configured address the host of a signature is taken from the Host header.
    """
    if is_signed(request):
        if "authorization" in request.headers:
            raise Refused(SIGNATURE_MALFORMED, "send a signature or a token, not both: they may name two banks")
        keys = _Keys(services.ctx.pool, request)
        key = await signed_by(
            request,
            keys,
            keys,
            services.ctx.now(),
            window_seconds=services.ctx.policy.signatures.window_seconds,
            origin=services.signed_origin,
        )
        code = key.institution
        name_bank(request.scope, code, is_proven=True)
    else:
        key, code = None, await bank_of(request, services, BankDoor.API)
    known = await _known(services.ctx, code)
    if key is None and known.signature_only_from is not None and known.signs_only(services.ctx.now()):
        raise signature_needed(known.signature_only_from)
    return Caller(code, await request.body(), key)


TheBank = Annotated[Caller, Depends(_caller)]
"""The dependency for a route's signature."""
