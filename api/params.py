"""Parameters and bodies that several routes share, and ids of requests."""

import json
import re
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Annotated, Any, Final
from uuid import uuid4

from fastapi import Header, Path, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from schemas.enums import Language
from schemas.identifiers import ACK_NO_PATTERN
from schemas.text import Code

LIMIT_DEFAULT: Final = 50
TEAM_OFFICERS_MAX: Final = 500
"""officers of one's teams that a list has at most"""
LIMIT_MAX: Final = 500
INT32_MAX: Final = 2**31 - 1
INT64_MAX: Final = 2**63 - 1

AckNo = Annotated[str, Path(pattern=ACK_NO_PATTERN.pattern, description="Any acknowledgement number of the case.")]
AckNoFilter = Annotated[
    str | None, Query(pattern=ACK_NO_PATTERN.pattern, description="Any acknowledgement number of the case.")
]
BankFilter = Annotated[Code | None, Query(description="Code of the bank in the directory.")]
HopNo = Annotated[int, Path(ge=1, le=INT32_MAX)]
TaskId = Annotated[int, Path(ge=1, le=INT64_MAX)]
CourtOrderId = Annotated[int, Path(ge=1, le=INT64_MAX)]
DiscrepancyId = Annotated[int, Path(ge=1, le=INT64_MAX)]
ReconciliationId = Annotated[int, Path(ge=1, le=INT64_MAX)]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="Maximum number of items on the page.")]
TextLanguage = Annotated[Language, Query(description="Language of the texts.")]
After = Annotated[str | None, Query(max_length=200, description="`next` of the previous page.")]

IdempotencyKey = Annotated[
    str,
    Header(
        pattern=r"^[\x21-\x7e]{1,200}$",
        description="Idempotency key of the caller. The same key with the same body gives the same receipt.",
    ),
]

# -- of banks ----------------------------------------------------------------------------------------------------------

PAGE_DEFAULT: Final = 50
PAGE_MAX: Final = 200

PageLimit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="Maximum number of items on the page.")]
Cursor = Annotated[str | None, Query(max_length=200, description="`next` of the previous page.")]
Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]


class _RepeatedKey(json.JSONDecodeError):
    def __init__(self, key: str) -> None:
        super().__init__("names a key of an object twice", "", 0)
        self.key = key


def read_each_key_once(body: bytes) -> Any:
    """Return a JSON body of another party. Raises `JSONDecodeError`, also for a key that stands twice in an object.

    Readers would choose different values of such a key.
    """
    return json.loads(body, object_pairs_hook=_with_each_key_once)


def _with_each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise _RepeatedKey(key)
        values[key] = value
    return values


def refuse_repeated_keys(error: BaseException | None) -> None:
    """Raise `RequestValidationError` that names the key, if the body was refused for one that stands twice."""
    if isinstance(error, _RepeatedKey):
        raise RequestValidationError([{"loc": ("body", error.key), "msg": error.msg, "type": "repeated_key"}]) from None


class _EachKeyOnce(Request):
    async def json(self) -> Any:
        """Return the body, as `read_each_key_once` does."""
        return read_each_key_once(await self.body())


class OutsideRoute(APIRoute):
    """A route for bodies of others' programs. FastAPI reads the body, and a key that stands twice is refused."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of the route, with the strict request."""
        handle = super().get_route_handler()

        async def with_each_key_once(request: Request) -> Response:
            try:
                return await handle(_EachKeyOnce(request.scope, request.receive))
            except RequestValidationError as error:
                refuse_repeated_keys(error.__cause__)
                raise

        return with_each_key_once


PDF: Final = "application/pdf"
SHOWN_BESIDE: Final = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'self'"}
"""policy of a PDF of ours, which a page of the console shows in a frame"""

HEADER: Final = b"x-request-id"
_PLAIN: Final = re.compile(rb"^[A-Za-z0-9-]{8,64}$")
_current: ContextVar[str] = ContextVar("request_id", default="-")


def begin(given: bytes | None) -> str:
    """Set the request id of this asyncio task: the caller's id if it is plain, else a new one."""
    chosen = given.decode() if given is not None and _PLAIN.fullmatch(given) else uuid4().hex
    _current.set(chosen)
    return chosen


def request_id() -> str:
    """Return the request id of this asyncio task, or a dash outside a request."""
    return _current.get()
