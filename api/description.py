"""The OpenAPI description of the API: every response of each operation, by status and by name.

Refusals that follow from the input of an operation (a body, a query, a token) are described here once. A route names
its other refusals itself (`says`). The codes of business errors are read from the route's code (`api.route_errors`).
No refusal is left to a default response, so that a generated client knows every refusal.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from api.gateway.auth import BANK_SCHEME
from api.gateway.signatures import REFUSALS as SIGNATURE_REFUSALS
from api.officers.auth import OFFICER_SCHEME
from api.officers.sessions import CSRF_HEADER, SAFE, SESSION_SCHEME
from api.parts import Part
from api.problems import (
    COME_BACK,
    DATABASE_DOWN,
    INTERNAL,
    INVALID,
    NOT_ALLOWED,
    NOT_FOUND,
    NOT_JSON,
    NOT_LOGGED_IN,
    OVERLOADED,
    PROBLEM_JSON,
    PROBLEMS,
    SERVED_BY,
    TOO_LARGE,
    TOO_SLOW,
    UNSUPPORTED_MEDIA_TYPE,
    Kind,
    kind_of,
    says,
)
from api.route_errors import Errors, errors_of

Json = dict[str, Any]

_TEXT: Final = {"type": "string"}
_PROBLEM: Final[Json] = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "code", "params", "detail", "request_id"],
    "additionalProperties": False,
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "code": {"type": "string", "pattern": "^[a-z0-9]+(_[a-z0-9]+)*$"},
        "params": {"type": "object"},
        "detail": _TEXT,
        "request_id": _TEXT,
        "violations": {
            "type": "array",
            "items": {
                "type": "object",
                "title": "Violation",
                "required": ["field", "message"],
                "additionalProperties": False,
                "properties": {
                    "field": _TEXT,
                    "message": _TEXT,
                    "code": _TEXT,
                    "value": {"type": ["string", "number", "boolean"]},
                },
            },
        },
    },
}
_HEADERS: Final[Json] = {
    "X-Request-Id": {
        "description": "Identifies the request in our log. It is the caller's own id if the caller sent one.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9-]{8,64}$"},
    },
    "Retry-After": {
        "description": "Seconds to wait before the next try.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    },
}

_CSRF: Final[Json] = {
    "name": CSRF_HEADER,
    "in": "header",
    "required": False,
    "description": "The `csrf_token` of `GET /api/v1/session`. A change in a session is refused without it.",
    "schema": _TEXT,
}


class Described(FastAPI):
    """FastAPI application whose OpenAPI description names every response."""

    whole: Callable[[], FastAPI] | None = None
    """makes the application with all routes, if this one has a part of them; the description is always of all"""
    parts: Mapping[str, Part] = {}
    """the part that serves each operation, by operation id, but for those that both parts serve"""

    def openapi(self) -> Json:
        """Return the description. The first call builds it."""
        if self.openapi_schema is None and self.whole is not None:
            self.openapi_schema = self.whole().openapi()
        elif self.openapi_schema is None:
            _complete(super().openapi(), self._errors(), self.parts)
        assert self.openapi_schema is not None, "just made"
        return self.openapi_schema

    def _errors(self) -> dict[str, Errors]:
        """Return the business errors of every operation, by operation id."""
        contexts = iter_route_contexts(self.routes)
        routes = [
            context
            for context in contexts
            if isinstance(context.original_route, APIRoute) and context.include_in_schema
        ]
        return {str(route.name): errors_of(route.dependant) for route in routes}


def operation_id(route: APIRoute) -> str:
    """Return the route's name as operation id, because generated clients name their methods after it."""
    return route.name


def _complete(document: Json, errors: dict[str, Errors], parts: Mapping[str, Part]) -> None:
    """Replace each default response by the possible refusals, and add the headers of every response."""
    components = document["components"]
    components["schemas"]["Problem"] = _PROBLEM
    components["headers"] = _HEADERS
    shared = components.setdefault("responses", {})
    for method, operation in _operations(document):
        responses = operation["responses"]
        for response in responses.values():
            response.setdefault("headers", {}).update(_headers(None))
        if responses.pop("default", None):
            name = operation["operationId"]
            _name_refusals(
                operation, shared, errors[name], [*_implied(method, operation), *_elsewhere(parts.get(name))]
            )
        if method.upper() not in SAFE and SESSION_SCHEME in _schemes(operation):
            # After the refusals, because a header that is only compared is never malformed.
            operation.setdefault("parameters", []).append(_CSRF)


def _operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path in document["paths"].values():
        yield from path.items()


def _name_refusals(operation: Json, shared: Json, errors: Errors, implied: list[Kind]) -> None:
    responses = operation["responses"]
    named = {status: response.pop(PROBLEMS, []) for status, response in responses.items()}
    for status, response in says(*implied).items():
        named[str(status)] = response[PROBLEMS] + named.get(str(status), [])
    for status, problems in named.items():
        if not problems:
            continue
        names = [problem["name"] for problem in problems]
        bare = {code for problem in problems for code in problem["codes"]}
        codes = bare | {error.code for error in errors if kind_of(error).name in names}
        described = _refusal(int(status), problems, sorted(codes))
        own = responses.get(status, {})
        if "content" in own:
            own["content"] |= described["content"]
        elif codes > bare:
            responses[status] = described
        else:
            name = ".".join(names)
            shared[name] = described
            responses[status] = {"$ref": f"#/components/responses/{name}"}


def _implied(method: str, operation: Json) -> Iterator[Kind]:
    """Yield the refusals that follow from the input of the operation."""
    schemes = _schemes(operation)
    parameters = operation.get("parameters", ())
    yield from (INTERNAL, DATABASE_DOWN, OVERLOADED, TOO_LARGE)
    if OFFICER_SCHEME in schemes:
        yield from (NOT_LOGGED_IN, NOT_ALLOWED)
    if BANK_SCHEME in schemes:
        # A bank's signature covers the body, so the body is read even if the operation does not use it.
        yield from (NOT_LOGGED_IN, *SIGNATURE_REFUSALS, TOO_SLOW)
    elif "requestBody" in operation:
        yield TOO_SLOW
    if "requestBody" in operation:
        yield NOT_JSON
    if method == "post":
        # The edge checks the media type of every POST, even if its body is not read.
        yield UNSUPPORTED_MEDIA_TYPE
    if parameters or "requestBody" in operation:
        yield INVALID
    if any(parameter["in"] == "path" for parameter in parameters):
        yield NOT_FOUND


def _elsewhere(part: Part | None) -> Iterator[Kind]:
    """Yield the refusal of the process that does not serve the part of an operation."""
    if part is not None:
        yield SERVED_BY[part]


def _schemes(operation: Json) -> set[str]:
    return {name for requirement in operation.get("security", ()) for name in requirement}


def _refusal(status: int, problems: list[Json], codes: list[str]) -> Json:
    names = [f"urn:goldenhour:problem:{problem['name']}" for problem in problems]
    one_of_them = {"properties": {"type": {"enum": names}, "status": {"const": status}, "code": {"enum": codes}}}
    return {
        "description": "; or ".join(problem["title"] for problem in problems) + ".",
        "headers": _headers(status),
        "content": {
            PROBLEM_JSON: {"schema": {"allOf": [{"$ref": "#/components/schemas/Problem"}, one_of_them]}},
        },
    }


def _headers(status: int | None) -> Json:
    names = ("X-Request-Id", "Retry-After") if status in COME_BACK else ("X-Request-Id",)
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
