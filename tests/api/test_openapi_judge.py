"""The check of the published description can fail: an application that breaks it in any way is caught."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Query
from schemathesis.core.failures import AcceptedNegativeData, Failure, FailureGroup, ServerError
from schemathesis.openapi.checks import (
    JsonSchemaError,
    MissingHeaders,
    UndefinedContentType,
    UndefinedStatusCode,
)
from starlette.responses import JSONResponse, Response

from api.description import Described, operation_id
from api.edge import Edge
from api.problems import IN_THE_DESCRIPTION, LIMIT_EXCEEDED, NOT_NOW, add_handlers, says
from domain.errors.recovery import DocumentTooLarge
from schemas.base import FrozenModel
from tests.api.openapi_world import Description, judge, unserved

PATH = "/api/v1/thing"
Route = Callable[..., Awaitable[Any]]


class Thing(FrozenModel):
    """What the route is said to give."""

    name: str


async def honest(limit: Annotated[int, Query(ge=1, le=5)] = 1) -> Any:
    return {"name": "a thing"}


async def fails() -> Any:
    raise LookupError


async def gives_an_undescribed_status() -> Any:
    return JSONResponse({"name": "a thing"}, 418)


async def gives_an_undescribed_body() -> Any:
    return JSONResponse({"nom": "une chose"})


async def gives_an_undescribed_type() -> Any:
    return Response("a thing", media_type="text/plain")


async def refuses_unsaid() -> Any:
    raise DocumentTooLarge(1)


async def reads_nothing() -> Any:
    return {"name": "a thing"}


LIMIT = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 5}}


async def verdict(route: Route, *, edged: bool = True, **said: Any) -> None:
    """Publish the route and try it as the real ones are tried; raises what the judge raises."""
    router = APIRouter(tags=["things"], responses=IN_THE_DESCRIPTION)
    router.get(PATH, name="thing", response_model=Thing, **said)(route)
    app = Described(generate_unique_id_function=operation_id)
    app.include_router(router)
    add_handlers(app)
    if edged:
        app.add_middleware(Edge, services=unserved(), part=None, limits={})
    described = Description(app.openapi())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        for case in described.cases("thing"):
            if case.method == "GET":
                judge(case, await client.get(PATH, params=case.query), rightful=True)


async def test_an_honest_application_passes() -> None:
    await verdict(honest)
    await verdict(refuses_unsaid, responses=says(NOT_NOW, LIMIT_EXCEEDED))


@pytest.mark.parametrize(
    ("route", "said", "found"),
    [
        (fails, {}, ServerError),
        (gives_an_undescribed_status, {}, UndefinedStatusCode),
        (gives_an_undescribed_body, {}, JsonSchemaError),
        (gives_an_undescribed_type, {}, UndefinedContentType),
        (refuses_unsaid, {}, UndefinedStatusCode),
        (refuses_unsaid, {"responses": says(NOT_NOW)}, JsonSchemaError),
        (reads_nothing, {"openapi_extra": {"parameters": [LIMIT]}}, AcceptedNegativeData),
        (honest, {"edged": False}, MissingHeaders),
    ],
)
async def test_a_broken_promise_is_caught(route: Route, said: dict[str, Any], found: type[Failure]) -> None:
    with pytest.raises(FailureGroup) as caught:
        await verdict(route, **said)
    assert {type(failure) for failure in caught.value.exceptions} == {found}
