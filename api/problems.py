"""Refusals of the API: RFC 9457 problems to officers, I4C replies to banks, and pages to people in a browser.

A refusal never shows internals of the engine.
"""

import html
import logging
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from activities.case.reply_links import PATH as REPLY_PATH
from activities.officers.enrolment import FIRST_PATH, SIGN_IN_PATH
from activities.people.my_case import CASE_PATH
from activities.people.public_complaints import FORM_PATH
from activities.recovery.credit_accounts import CREDIT_PATH
from activities.recovery.document_issuing import APPEAL_PATH
from adapters.banks.i4c.values import ReplyCode, refusal_reply
from api.officers.sessions import cookie_of
from api.officers.tokens import BadToken
from api.pages import ABOUT_PATH, DOORS_PATH, LEAVE_PATH
from api.params import request_id
from api.parts import Part
from domain.errors import (
    AckNoConflict,
    BadCursor,
    BusinessError,
    IdempotencyConflict,
    LimitExceeded,
    MayNot,
    NotFound,
    NotNow,
    SameEyes,
    Unreadable,
)
from domain.text_tables import tables_of

log = logging.getLogger("goldenhour.api")

BANK_PATH: Final = "/banking/"
INBOX_PATH: Final = "/inbox"
"""pages for officers of banks"""
TABLE_PATH: Final = f"{INBOX_PATH}/table"
"""where a bank sends a table of answers, as a file of a form"""
API_PATH: Final = "/api/"
"""Only programs ask there, so each refusal is a problem, also in a browser."""
BANK_API_PATH: Final = "/api/v1/bank/"
"""Banks get problems there, as officers do. The cursor of a list is called `cursor` there."""
CONSOLE_PATH: Final = "/console"
"""the pages of officers, which are drawn in the browser"""
PAGES: Final = (
    REPLY_PATH,
    APPEAL_PATH,
    f"{CREDIT_PATH}/",
    SIGN_IN_PATH,
    FIRST_PATH,
    CONSOLE_PATH,
    FORM_PATH,
    ABOUT_PATH,
    LEAVE_PATH,
    CASE_PATH,
    INBOX_PATH,
)
"""beginnings of the paths that people open in a browser, with forms as bodies and pages as responses"""
PROBLEM_JSON: Final = "application/problem+json"
PAGE: Final = "text/html"
MAX_VIOLATIONS: Final = 50
MAX_VALUE_CHARS: Final = 100
MAX_VALUE: Final = 2**53
RETRY_AFTER_SECONDS: Final = 1
COME_BACK: Final = frozenset({429, 503})
"""statuses with a `Retry-After` header"""
_NOT_PERMITTED: Final = frozenset({401, 403, 429})
_REFUSED_AS: Final = "goldenhour.refused_as"
_TRACE_FRAMES: Final = 4
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its name in the URN, its HTTP status, and its title, which never changes."""

    name: str
    status: int
    title: str
    own_code: str = ""

    @property
    def code(self) -> str:
        """Return the `code` of a problem of this kind without a business error."""
        return self.own_code or self.name.replace("-", "_")


NOT_JSON: Final = Kind("not-json", 400, "The body is not JSON")
NOT_DECIPHERED: Final = Kind("not-deciphered", 400, "The envelope cannot be opened")
NOT_LOGGED_IN: Final = Kind("not-logged-in", 401, "There is no valid sign-in, session or token")
NOT_ALLOWED: Final = Kind("not-allowed", 403, "This role may not do this")
FOUR_EYES: Final = Kind("four-eyes", 403, "Another officer must do this")
NOT_FOUND: Final = Kind("not-found", 404, "There is no such thing")
SERVED_BY: Final = {
    Part.INTAKE: Kind("served-by-intake", 404, "The intake process serves this path"),
    Part.OFFICERS: Kind("served-by-officers", 404, "The officers process serves this path"),
}
"""the problems of a path that the other process serves"""
METHOD_NOT_ALLOWED: Final = Kind("method-not-allowed", 405, "This cannot be done here")
TOO_SLOW: Final = Kind("too-slow", 408, "The body did not arrive in time")
NOT_NOW: Final = Kind("not-now", 409, "It is in a state in which this cannot be done")
ACK_NO_TAKEN: Final = Kind("ack-no-taken", 409, "This acknowledgement number has another complaint")
LIMIT_EXCEEDED: Final = Kind("limit-exceeded", 409, "A limit would be exceeded")
TOO_LARGE: Final = Kind("too-large", 413, "The body is too large")
NOT_A_FORM: Final = Kind("not-a-form", 415, "The body must be a form")
UNSUPPORTED_MEDIA_TYPE: Final = Kind("unsupported-media-type", 415, "The body must be application/json")
WRONG_HOST: Final = Kind("wrong-host", 421, "This host does not serve this path")
UNREADABLE_FORM: Final = Kind("unreadable-form", 400, "This is not one of our forms")
INVALID: Final = Kind("invalid-request", 422, "The request is not valid", "invalid_input")
KEY_REUSED: Final = Kind("idempotency-key-reused", 422, "This Idempotency-Key was used with another body")
DOCUMENT_DIFFERS: Final = Kind("document-differs", 409, "The document was issued with other particulars")
DOCUMENT_INCOMPLETE: Final = Kind("document-incomplete", 422, "The document lacks fields that its law requires")
TOO_MANY: Final = Kind("too-many", 429, "Too many at once")
INTERNAL: Final = Kind("internal", 500, "Something failed here")
DATABASE_DOWN: Final = Kind("database-unavailable", 503, "The database cannot be reached; try again")
OVERLOADED: Final = Kind("overloaded", 503, "Too many requests are being served; try again")

ALWAYS_OF_AN_ERROR: Final = frozenset({NOT_NOW, FOUR_EYES, ACK_NO_TAKEN, LIMIT_EXCEEDED, KEY_REUSED})
"""Kinds of problem that only business errors have. Their `code` is always the code of the error."""
PROBLEMS: Final = "x-problems"
"""key under which a route's description names its refusals, until `api.description` replaces it"""
IN_THE_DESCRIPTION: Final[dict[int | str, dict[str, Any]]] = {
    "default": {"description": "Refused: a problem as in RFC 9457."}
}
"""Placeholder of a router with problems as refusals. `api.description` replaces it by the possible refusals."""


def says(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """Return `responses=` of a route for its own refusals, which do not follow from its input."""
    responses: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        bare = [] if kind in ALWAYS_OF_AN_ERROR else [kind.code]
        named = {"name": kind.name, "title": kind.title, "codes": bare}
        responses.setdefault(kind.status, {PROBLEMS: []})[PROBLEMS].append(named)
    return responses


_OF_HTTP: Final = {
    kind.status: kind
    for kind in (NOT_JSON, NOT_LOGGED_IN, NOT_ALLOWED, NOT_FOUND, METHOD_NOT_ALLOWED, TOO_SLOW, TOO_LARGE)
}
_OF_ERROR: Final[Mapping[type[BusinessError], Kind]] = {
    NotFound: NOT_FOUND,
    NotNow: NOT_NOW,
    MayNot: NOT_ALLOWED,
    SameEyes: FOUR_EYES,
    LimitExceeded: LIMIT_EXCEEDED,
    AckNoConflict: ACK_NO_TAKEN,
    IdempotencyConflict: KEY_REUSED,
    Unreadable: INVALID,
}
_BANK_CODES: Final = {
    400: ReplyCode.NOT_DECIPHERED,
    401: ReplyCode.NOT_LOGGED_IN,
    404: ReplyCode.NOT_FOUND,
    413: ReplyCode.TOO_LARGE,
    421: ReplyCode.NOT_FOUND,
    422: ReplyCode.NOT_THE_SHAPE,
    429: ReplyCode.TOO_MANY_CALLS,
}
_DATABASE_DOWN: Final[tuple[type[Exception], ...]] = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.TransactionRollbackError,
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.CannotConnectNowError,
)


@dataclass(frozen=True, slots=True)
class Violation:
    """Mistake in one field.

    `value` is the value that the caller sent. It is shown if it is plain. `code` is the kind of mistake, if known.
    """

    field: str
    message: str
    value: object = None
    code: str = ""


class Refused(Exception):
    """Refusal of a request with a kind of problem. `detail` is a text, or the business error behind it."""

    def __init__(
        self,
        kind: Kind,
        detail: str | BusinessError = "",
        *,
        violations: Sequence[Violation] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(kind.name)
        self.kind = kind
        self.detail = detail
        self.violations = violations
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Routes of the part that another process serves. They are only matched, and never called."""

    part: Part
    routes: Sequence[BaseRoute]

    def serves(self, scope: Scope) -> bool:
        """Return whether the path of a request belongs to that part, with any method."""
        return any(route.matches(scope)[0] is not Match.NONE for route in self.routes)


def refused_as(scope: Scope) -> str | None:
    """Return the code with which a request was refused, if somebody tried what they may not; else None."""
    code: str | None = scope.get(_REFUSED_AS)
    return code


def kind_of(error: type[BusinessError]) -> Kind:
    """Return the kind of problem of a business error, by its base class."""
    return next(_OF_ERROR[cls] for cls in error.__mro__ if cls in _OF_ERROR)


def refusal(
    scope: Scope,
    kind: Kind,
    detail: str | BusinessError = "",
    *,
    violations: Sequence[Violation] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the response of a refusal, in the format of the caller.

    The format is an I4C reply on the paths of the I4C wire, a page for a person, and a problem everywhere else.
    """
    more = dict(headers or {})
    code = detail.code if isinstance(detail, BusinessError) else kind.code
    if kind.status in _NOT_PERMITTED or kind is NOT_DECIPHERED:
        scope[_REFUSED_AS] = code
    if kind.status == NOT_LOGGED_IN.status:
        more.setdefault("WWW-Authenticate", 'Bearer realm="goldenhour"')
    if kind.status in COME_BACK:
        more.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
    if scope["path"].startswith(BANK_PATH):
        text = "; ".join(f"{v.field}: {v.message}" for v in violations) or str(detail) or kind.title
        body: dict[str, Any] = refusal_reply(_BANK_CODES.get(kind.status, ReplyCode.FAILED), text)
        return Response(orjson.dumps(body), kind.status, more, "application/json")
    if _is_for_a_person(scope):
        return _page(kind, more)
    problem = {
        "type": f"urn:goldenhour:problem:{kind.name}",
        "title": kind.title,
        "status": kind.status,
        "code": code,
        "params": detail.params if isinstance(detail, BusinessError) else {},
        "detail": str(detail) or kind.title,
        "request_id": request_id(),
    }
    if violations:
        problem["violations"] = [_violation(violation) for violation in violations]
    return Response(orjson.dumps(problem), kind.status, more, PROBLEM_JSON)


def _is_for_a_person(scope: Scope) -> bool:
    """Return whether a person reads the answer: at a page, or in a browser at any address outside the API."""
    path: str = scope["path"]
    return path.startswith(PAGES) or (not path.startswith(API_PATH) and PAGE in Headers(scope=scope).get("accept", ""))


_TEXTS: Final = tables_of("refusals")
_TEMPORARY: Final = frozenset({TOO_MANY.name, TOO_SLOW.name, DATABASE_DOWN.name, OVERLOADED.name, INTERNAL.name})
"""kinds of problem after which the same request may succeed"""
NO_PAGE: Final = "no_page"
_REASONS: Final[Mapping[str, str]] = {
    TOO_MANY.name: "too_many",
    TOO_LARGE.name: "too_large",
    TOO_SLOW.name: "too_slow",
    **dict.fromkeys((kind.name for kind in (NOT_FOUND, METHOD_NOT_ALLOWED, WRONG_HOST, *SERVED_BY.values())), NO_PAGE),
    DATABASE_DOWN.name: "wait",
    OVERLOADED.name: "wait",
    INTERNAL.name: "failed",
}
"""why a page was refused, as the texts of refusals name it"""


def _page(kind: Kind, headers: Mapping[str, str]) -> Response:
    """Return a refusal for a person in a browser, in both languages, because the person's language is unknown here."""
    reason = _REASONS.get(kind.name, "not_our_form")
    leads_on = reason == NO_PAGE
    next_step = "check" if leads_on else "reload" if kind.name in _TEMPORARY else "not_taken"
    parts = [
        f'<section lang="{language}"><h1>{html.escape(texts[f"reason.{reason}"])}</h1>'
        f"<p>{html.escape(texts[f'next.{next_step}'])}</p>{_link_to_doors(texts) if leads_on else ''}</section>"
        for language, texts in _TEXTS.items()
    ]
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(kind.title)}</title>{''.join(parts)}</html>"
    )
    policy = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Referrer-Policy": "no-referrer"}
    return HTMLResponse(page, kind.status, policy | dict(headers))


def _link_to_doors(texts: Mapping[str, str]) -> str:
    return f'<p><a href="{DOORS_PATH}">{html.escape(texts["next.home"])}</a></p>'


def failed(scope: Scope, error: Exception) -> Response:
    """Return the response to an unexpected error. It is logged without its text, which may hold a caller's data."""
    # A value that does not fit a query is an InterfaceError too, but it is an error of ours.
    is_outage = isinstance(error, _DATABASE_DOWN) and not isinstance(error, ValueError)
    kind = DATABASE_DOWN if is_outage else INTERNAL
    log.error("failed request=%s error=%s at=%s", request_id(), type(error).__name__, _where(error))
    return refusal(scope, kind)


def not_logged_in(connection: HTTPConnection) -> Response:
    """Return the refusal of a request without a valid session or token.

    It says what the door of its path takes.
    """
    path, has_token = connection.scope["path"], "authorization" in connection.headers
    if path.startswith((BANK_PATH, BANK_API_PATH)):
        login = "The token is over, or opens another interface. Log in again" if has_token else "Log in"
        detail = f"{login} at POST /banking/login{', or sign the request' if path.startswith(BANK_API_PATH) else ''}."
    elif has_token:
        detail = "The token is unknown, revoked or over. An admin issues another one."
    elif cookie_of(connection):
        detail = "The session is over. Sign in again."
    else:
        detail = "Sign in first. A script sends its token in the header `Authorization`."
    return refusal(connection.scope, NOT_LOGGED_IN, detail)


def add_handlers(app: FastAPI) -> None:
    """Add handlers that turn every exception of a route into a refusal."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(BusinessError, _business_error)
    app.add_exception_handler(BadToken, _bad_token)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return refusal(request.scope, error.kind, error.detail, violations=error.violations, headers=error.headers)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = _OF_HTTP.get(error.status_code)
    if kind is None:
        return failed(request.scope, error)
    if kind is NOT_FOUND:
        # Only an unknown path comes here with a 404: a route raises `Refused`.
        elsewhere: Elsewhere | None = getattr(request.app.state, "elsewhere", None)
        kind = SERVED_BY[elsewhere.part] if elsewhere is not None and elsewhere.serves(request.scope) else kind
    headers = {"Allow": ", ".join(_allowed(request.scope))} if kind is METHOD_NOT_ALLOWED else error.headers
    return refusal(request.scope, kind, headers=headers)


def _allowed(scope: Scope) -> list[str]:
    """Return the methods of this path.

    FastAPI names only those of the first route that matches, but a path may have one route for each method.
    """
    routes = [route for route in scope["app"].routes if route.matches(scope)[0] is not Match.NONE]
    return [m for m in _METHODS if any(r.matches({**scope, "method": m})[0] is Match.FULL for r in routes)]


async def _bad_token(request: Request, _error: Exception) -> Response:
    return not_logged_in(request)


async def _business_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, BusinessError)
    violations = []
    if isinstance(error, BadCursor):
        name = "cursor" if request.url.path.startswith(BANK_API_PATH) else "after"
        violations = [Violation(name, error.fact)]
    return refusal(request.scope, kind_of(type(error)), error, violations=violations)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    faults = [item for item in error.errors() if not _is_echo(item, error.errors())]
    if any(item["type"] == "json_invalid" for item in faults):
        return refusal(request.scope, NOT_JSON)
    violations = [_found(item) for item in faults[:MAX_VIOLATIONS]]
    more = len(faults) - len(violations)
    detail = f"{len(faults)} violation{'s' if len(faults) > 1 else ''}" + (f", {more} not shown" if more else "")
    return refusal(request.scope, INVALID, detail, violations=violations)


def _is_echo(item: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a list is called too short only because of an invalid item, which has its own violation."""
    where = item["loc"]
    return item["type"] == "too_short" and any(
        len(other["loc"]) > len(where) and other["loc"][: len(where)] == where for other in others
    )


def _found(item: Mapping[str, Any]) -> Violation:
    return Violation(
        field_path(item["loc"]), item["msg"].removeprefix("Value error, "), item.get("input"), item["type"]
    )


def field_path(location: Iterable[str | int]) -> str:
    """Return the path of a field: `("body", "transfers", 0, "amount_paise")` gives `transfers[0].amount_paise`.

    A header gives its usual spelling, such as `Idempotency-Key`.
    """
    where, *path = location
    if where == "header":
        return "-".join(str(part).title() for part in str(path[0]).split("-"))
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".") or str(where)


def _violation(violation: Violation) -> dict[str, str | int | float | bool]:
    shown: dict[str, str | int | float | bool] = {"field": violation.field, "message": violation.message}
    if violation.code:
        shown["code"] = violation.code
    value = _plain(violation.value)
    if value is not None:
        shown["value"] = value
    return shown


def _plain(value: object) -> str | int | float | bool | None:
    """Return a value that can be sent back: the beginning of a text, or a number safe in JSON."""
    if isinstance(value, str):
        # JSON can hold a lone surrogate, which UTF-8 cannot encode.
        return value[:MAX_VALUE_CHARS].encode("utf-8", "replace").decode()
    if isinstance(value, int | float) and abs(value) <= MAX_VALUE:
        return value
    return None


def _where(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-_TRACE_FRAMES:]
    return "<".join(f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno}" for frame in reversed(frames))
