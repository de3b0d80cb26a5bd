"""Routes of the I4C wire: every reply is plain JSON {meta, data}, never a problem of RFC 9457."""

import asyncio
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Depends, Request
from pydantic import SecretStr, StringConstraints, ValidationError
from starlette.responses import Response

from activities.banks.received import kept_if_refused
from activities.tracing.answers import take_status_update
from adapters.banks.answers import JsonObject, StatusUpdate
from adapters.banks.envelope import BODY_MAX_BYTES, EnvelopeError, EnvelopeReason, is_authentic
from adapters.banks.i4c.decode import decode_status_update
from adapters.banks.i4c.document import ShapeError
from adapters.banks.i4c.replies import accepted_reply, login_reply
from adapters.banks.protocol import BankWire
from api.bank_gateway.auth import bank_token, lines_of
from api.callers import bank_of
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
from api.services import TheServices
from api.tokens import TTL_SECONDS, BadToken
from db.banks.received_bodies import ReceivedBody
from domain.errors.cases import CaseNotFound
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


_ALWAYS: Final = (TOO_SLOW, TOO_LARGE, NOT_LOGGED_IN, INVALID, INTERNAL, DATABASE_DOWN)


class _Login(FrozenModel):
    email: Annotated[str, StringConstraints(min_length=3, max_length=200), Storable]
    password: Annotated[SecretStr, StringConstraints(min_length=1, max_length=200)]


@router.post(
    "/login",
    name="log_in_bank",
    response_model=LoginReply,
    responses=_says(*_ALWAYS, TOO_MANY),
    openapi_extra=_takes("application/json", _Login.model_json_schema()),
)
async def log_in(request: Request, services: TheServices) -> Response:
    """Exchange e-mail and password for a bearer token."""
    try:
        login = _Login.model_validate_json(await request.body())
    except ValidationError as error:
        names = sorted({str(mistake["loc"][0]) for mistake in error.errors() if mistake["loc"]}) or ["body"]
        raise Refused(INVALID, violations=[Violation(name, "is not valid") for name in names]) from None
    code = await services.bank_logins.code(login.email, login.password)
    return _reply(login_reply(services.tokens.for_bank(code), TTL_SECONDS))


@router.post(
    "/FraudReportStatusUpdate",
    name="take_status_update",
    response_model=UpdateReply,
    responses=_says(*_ALWAYS, NOT_DECIPHERED, NOT_FOUND),
    openapi_extra=_takes("text/plain", {"type": "string"}),
    dependencies=[Depends(bank_token)],
)
async def take_update(request: Request, services: TheServices) -> Response:
    """Take a bank's answer in its envelope.

    A case that does not concern the bank is refused in the same way as an unknown case.
    """
    code = await bank_of(request, services)
    wire = await services.ctx.directory.wire(code)
    if wire is None:
        # The institution was removed from the directory after its login.
        raise BadToken(BadToken.__doc__)
    body = await request.body()
    headers = tuple(lines_of(request))
    received = ReceivedBody(channel=ChannelKind.I4C, received_at=services.ctx.now(), headers=headers, body=body)
    try:
        async with kept_if_refused(services.ctx, code, received):
            update = await _opened(body, request, wire)
            receipt = await take_status_update(
                services.ctx, code, update, received.digest, received=received, is_signed=is_authentic(wire)
            )
    except CaseNotFound as error:
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
