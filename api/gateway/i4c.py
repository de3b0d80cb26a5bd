"""Routes of the I4C wire: every reply is plain JSON {meta, data}, never a problem of RFC 9457."""

import asyncio
import math
from functools import partial
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Request
from pydantic import SecretStr, StringConstraints, ValidationError
from starlette.responses import Response

from activities.banks.received import keep_body, kept_if_refused
from activities.case.answers import take_status_update
from activities.context import Context
from activities.metrics import METRICS
from adapters.banks.answers import JsonObject, StatusUpdate
from adapters.banks.envelope import BODY_MAX_BYTES, EnvelopeError, EnvelopeReason, is_authentic
from adapters.banks.i4c.decode import decode_status_update
from adapters.banks.i4c.document import ShapeError
from adapters.banks.i4c.values import accepted_reply, login_reply
from adapters.banks.protocol import BankWire
from api.addresses import address_of
from api.gateway.auth import bank_token, lines_of, takes
from api.officers.callers import bank_of, name_bank
from api.officers.tokens import TTL_SECONDS, BadToken, BankDoor
from api.problems import (
    DATABASE_DOWN,
    INTERNAL,
    INVALID,
    NOT_DECIPHERED,
    NOT_FOUND,
    NOT_LOGGED_IN,
    TOO_LARGE,
    TOO_MANY,
    TOO_SLOW,
    Kind,
    Refused,
    Violation,
)
from api.services import Services, TheServices
from db import rate_limits
from db.banks.bank_exchanges import ReceivedBody
from domain.errors.case import CaseNotFound
from domain.policy.callers import LimitName
from schemas.base import FrozenModel, Storable
from schemas.enums import ChannelKind

router = APIRouter(prefix="/banking", tags=["banking"])

STATUS_UPDATE_PATH: Final = "/banking/FraudReportStatusUpdate"
STATUS_UPDATE_MAX_BYTES: Final = BODY_MAX_BYTES
SMALL_BODY_BYTES: Final = 64 * 1024
"""A larger update is decoded in a thread, so that other requests do not wait for it."""


def _takes(media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI description of a body that this module reads and FastAPI does not."""
    return {"requestBody": {"required": True, "content": {media_type: {"schema": schema}}}}


class _Meta(FrozenModel):
    response_code: str
    response_message: str


class _LoggedIn(FrozenModel):
    token: str
    expires_in: int


class _Accepted(FrozenModel):
    acknowledgement_no: str
    job_id: str | None
    accepted: int
    duplicates: int
    contradictions: int


class _Nothing(FrozenModel):
    pass


class LoginReply(FrozenModel):
    """Reply to a login, for the OpenAPI description only. `adapters.banks.i4c` makes the real reply."""

    meta: _Meta
    data: _LoggedIn


class UpdateReply(FrozenModel):
    """Reply to a status update, for the OpenAPI description only."""

    meta: _Meta
    data: _Accepted


class RefusalReply(FrozenModel):
    """Reply to a refused request, for the OpenAPI description only."""

    meta: _Meta
    data: _Nothing


def _says(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI description of refusals in the format of the I4C wire."""
    return {kind.status: {"model": RefusalReply, "description": kind.title} for kind in kinds}


UNKNOWN_ADDRESS: Final = "unknown"
JUNK_LIMITS: Final = (LimitName.JUNK_BODIES, LimitName.JUNK_BODIES_A_DAY)
_ALWAYS: Final = (TOO_SLOW, TOO_LARGE, NOT_LOGGED_IN, INVALID, INTERNAL, DATABASE_DOWN)


class _Login(FrozenModel):
    email: Annotated[str, StringConstraints(min_length=3, max_length=200), Storable]
    password: Annotated[SecretStr, StringConstraints(min_length=1, max_length=200)]
    door: BankDoor | None = None
    """interface that the token is to open; without one, both until the bank is known by its signature alone"""


@router.post(
    "/login",
    name="log_in_bank",
    response_model=LoginReply,
    responses=_says(*_ALWAYS, TOO_MANY),
    openapi_extra=takes(_Login),
)
async def log_in(request: Request, services: TheServices) -> Response:
    """Exchange e-mail and password for a bearer token."""
    try:
        login = _Login.model_validate_json(await request.body())
    except ValidationError as error:
        names = sorted({str(mistake["loc"][0]) for mistake in error.errors() if mistake["loc"]}) or ["body"]
        raise Refused(INVALID, violations=[Violation(name, "is not valid") for name in names]) from None
    address = address_of(request, services.trusted_proxies) or UNKNOWN_ADDRESS
    named = partial(name_bank, request.scope, is_proven=False)
    proven = await services.bank_logins.code(login.email, login.password, address, named)
    door = login.door or (BankDoor.I4C if _signs_only(services, proven.code) else None)
    return _reply(login_reply(services.tokens.for_bank(proven.code, door, proven.login_no), TTL_SECONDS))


@router.post(
    "/FraudReportStatusUpdate",
    name="take_status_update",
    response_model=UpdateReply,
    responses=_says(*_ALWAYS, NOT_DECIPHERED, NOT_FOUND, TOO_MANY),
    openapi_extra=_takes("text/plain", {"type": "string"}),
    dependencies=[Depends(bank_token)],
)
async def take_update(request: Request, services: TheServices) -> Response:
    """Take a bank's answer in its envelope.

    A case that does not concern the bank is refused in the same way as an unknown case. Bodies that cannot be used are
    kept up to a limit. A further one is refused as one too many.
    """
    code = await bank_of(request, services, BankDoor.I4C)
    wire = await services.ctx.directory.wire(code)
    if wire is None:
        # The institution was removed from the directory after its login.
        raise BadToken(BadToken.__doc__)
    body = await request.body()
    headers = tuple(lines_of(request))
    received = ReceivedBody(channel=ChannelKind.I4C, received_at=services.ctx.now(), headers=headers, body=body)
    try:
        async with kept_if_refused(services.ctx, code, received, junk=(Refused, CaseNotFound)):
            if wire.envelope == "none" and not is_authentic(wire) and _signs_only(services, code):
                # Only the password would say that the body is from the bank.
                raise Refused(NOT_DECIPHERED, "a token is not enough: the body needs a signature by the HMAC key")
            update = await _opened(body, request, wire)
            receipt = await take_status_update(
                services.ctx, code, update, received.digest, received=received, is_signed=is_authentic(wire)
            )
    except Refused:
        await _keep_junk(services.ctx, code, received)
        raise
    except CaseNotFound as error:
        await _keep_junk(services.ctx, code, received)
        # The wire has its own text for this, which does not follow the catalogue.
        raise Refused(NOT_FOUND, f"case {error.number}") from None
    if receipt.follow_up is not None:
        services.notifier.soon(receipt.follow_up)
    return _reply(
        accepted_reply(
            update.ack_no,
            update.job_id,
            accepted=receipt.accepted,
            duplicates=receipt.duplicates,
            contradictions=receipt.discrepancies,
        )
    )


def _signs_only(services: Services, code: str) -> bool:
    bank = services.ctx.directory.current.get(code)
    return bank is not None and bank.signs_only(services.ctx.now())


async def _keep_junk(ctx: Context, code: str, received: ReceivedBody) -> None:
    """Store a body that cannot be used. Raises `Refused` for one above the bank's limits, which is not stored."""
    async with ctx.pool.acquire() as connection:
        for name in JUNK_LIMITS:
            limit = ctx.policy.bank_limits.policies[name]
            level = await rate_limits.take(connection, code, name.value, limit)
            if not level.taken:
                METRICS.junk_body(is_kept=False)
                wait_seconds = math.ceil(rate_limits.wait_seconds(level, limit)) or 1
                raise Refused(
                    TOO_MANY, f"{name.value}: no more are kept now", headers={"Retry-After": str(wait_seconds)}
                )
    METRICS.junk_body(is_kept=True)
    await keep_body(ctx, code, received)


async def _opened(body: bytes, request: Request, wire: BankWire) -> StatusUpdate:
    try:
        if len(body) <= SMALL_BODY_BYTES:
            return decode_status_update(body, request.headers, wire)
        return await asyncio.to_thread(decode_status_update, body, request.headers, wire)
    except EnvelopeError as error:
        if error.reason is EnvelopeReason.TOO_LARGE:
            raise Refused(TOO_LARGE) from None
        if error.reason is EnvelopeReason.KEY_UNUSABLE:
            raise
        # A wrong signature and an undecipherable body get the same refusal, so that the caller cannot tell them apart.
        raise Refused(NOT_DECIPHERED) from None
    except ShapeError as error:
        raise Refused(INVALID, violations=[Violation(error.field_name, error.reason)]) from None


def _reply(body: JsonObject) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")
