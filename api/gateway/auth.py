"""Authentication of banks, the bodies of their requests, and their limits.

Authentication of banks, by a signature over the request (RFC 9421) or by the bearer token of a login. Every statement
of a bank is kept byte for byte before it is processed.

Rate limits of banks: the headers on each response, and the refusal above the limit. `RateLimit-Policy` and `RateLimit`
are the headers of draft-ietf-httpapi-ratelimit-headers. A policy has its calls (`q`) and window (`w`). Its bucket has
the calls left (`r`) and the seconds until it is full again (`t`).
"""

import json
import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from pydantic import ValidationError
from starlette.responses import Response

from activities.case.answers import keep_statement
from activities.context import Context
from api.gateway.signatures import SIGNATURE_MALFORMED, signature_needed, signed_by
from api.officers.callers import bank_of, is_signed, name_bank
from api.officers.tokens import BadToken, BankDoor
from api.params import read_each_key_once, refuse_repeated_keys
from api.problems import Kind, Refused
from api.services import Services, TheServices
from db import rate_limits
from db.banks import bank_keys
from db.pool import Pool
from db.rate_limits import Level
from domain.policy.callers import LimitName, RateLimit
from schemas.banks.institutions import Institution
from schemas.banks.keys import BankKey
from schemas.base import FrozenModel
from schemas.gateway.liens import Policies, PolicyState

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
            bank_key = await bank_keys.get_key(connection, key_id)
        if bank_key is not None:
            name_bank(self._scope, bank_key.institution, is_proven=False)
        return bank_key

    async def take(self, key_id: str, nonce: str, seen_at: datetime) -> bool:
        """Record a nonce. Return False if it was used before."""
        async with self._pool.acquire() as connection:
            return await bank_keys.take_nonce(connection, key_id, nonce, seen_at)


async def _known(ctx: Context, code: str) -> Institution:
    """Return the institution. Raises `BadToken` if it was removed from the directory after its login."""
    if ctx.directory.current.get(code) is None:
        await ctx.directory.freshen()
    institution = ctx.directory.current.get(code)
    if institution is None:
        raise BadToken(BadToken.__doc__)
    return institution


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


N = TypeVar("N", bound=FrozenModel)


def takes(model: type[FrozenModel]) -> dict[str, Any]:
    """Return the OpenAPI description of a body that `body_of` reads."""
    schema = model.model_json_schema()
    inlined = _inlined(schema, schema.pop("$defs", {}))
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": inlined}}}}


def _inlined(part: Any, named: dict[str, Any]) -> Any:
    """Return a schema without references, because the `openapi_extra` of a route cannot hold named schemas."""
    if isinstance(part, list):
        return [_inlined(member, named) for member in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        return _inlined(named[part["$ref"].rpartition("/")[2]], named)
    return {name: _inlined(member, named) for name, member in part.items() if name != "discriminator"}


def body_of(bank: Caller, model: type[N]) -> N:
    """Return the body as a model.

    Raises `RequestValidationError` with every invalid field, or with a key that stands twice.
    """
    try:
        stated = model.model_validate_json(bank.body)
        read_each_key_once(bank.body)
    except json.JSONDecodeError as error:
        refuse_repeated_keys(error)
        raise
    except ValidationError as error:
        mistakes = [{**mistake, "loc": ("body", *mistake["loc"])} for mistake in error.errors(include_url=False)]
        raise RequestValidationError(mistakes) from None
    return stated


RATE_LIMITED: Final = Kind("rate-limited", 429, "A rate policy grants no more calls now")

_TEXT: Final = {"required": True, "schema": {"type": "string"}}
COUNTED: Final = {
    "headers": {
        "RateLimit-Policy": {"description": "The policy: its calls and its window in seconds.", **_TEXT},
        "RateLimit": {"description": "The calls left, and the seconds until all of them are available again.", **_TEXT},
    }
}
"""Description of a response that a bucket has counted."""


async def take(ctx: Context, institution: str, name: LimitName, response: Response) -> None:
    """Take one call from the bank's bucket, and set the headers of `response`. Raises `Refused` if it is empty."""
    limit = ctx.policy.bank_limits.policies[name]
    async with ctx.pool.acquire() as connection:
        level = await rate_limits.take(connection, institution, name.value, limit)
    headers = _headers(name, limit, level)
    if not level.taken:
        wait_seconds = rate_limits.wait_seconds(level, limit)
        detail = f"{name.value}: {limit.calls} calls at once, refilled in {limit.seconds:g} seconds"
        raise Refused(RATE_LIMITED, detail, headers={**headers, "Retry-After": str(math.ceil(wait_seconds) or 1)})
    response.headers.update(headers)


async def policies_of(ctx: Context, institution: str) -> Policies:
    """Return every policy, and the calls that the bank has left of it."""
    async with ctx.pool.acquire() as connection:
        levels = await rate_limits.levels_of(connection, institution)
    limits = ctx.policy.bank_limits
    return Policies(
        waiting_at_once=limits.waiting_at_once,
        policies=tuple(
            _state(name, limit, levels.get(name.value, 0.0)) for name, limit in sorted(limits.policies.items())
        ),
    )


def _headers(name: LimitName, limit: RateLimit, level: Level) -> dict[str, str]:
    left = _left(limit, level.full_in_seconds) if level.taken else 0
    return {
        "RateLimit-Policy": f'"{name.value}";q={limit.calls};w={math.ceil(limit.seconds)}',
        "RateLimit": f'"{name.value}";r={left};t={math.ceil(level.full_in_seconds)}',
    }


def _state(name: LimitName, limit: RateLimit, full_in_seconds: float) -> PolicyState:
    return PolicyState(
        name=name.value,
        calls=limit.calls,
        seconds=limit.seconds,
        left=_left(limit, full_in_seconds),
        full_in_seconds=round(full_in_seconds, 3),
    )


def _left(limit: RateLimit, full_in_seconds: float) -> int:
    left = limit.calls * (1 - full_in_seconds / limit.seconds)
    # After a call the bucket holds a whole number of calls. The small addition makes up for float rounding.
    return min(max(math.floor(left + 1e-3), 0), limit.calls)
