"""Errors of routes, and the search of a route.

Finds the business errors of a route in the code that it calls, so that no list is maintained. The search follows a
function to the functions, classes and methods that it names, and to those that they name. It also finds errors that are
raised and caught on the way. `api.description` keeps those with a kind of problem that the route declares.
"""

import importlib
import inspect
import os
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final, get_args

from fastapi.dependencies.models import Dependant
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

import domain.errors
from api.problems import kind_of
from domain.errors import BusinessError
from domain.errors.catalogue import ENGLISH

_ROOMS: Final = ("activities", "api", "db", "documents", "domain")
Errors = frozenset[type[BusinessError]]


def errors_of(dependant: Dependant) -> Errors:
    """Return the errors in the code of a route, of its dependencies, and of everything that they call."""
    errors: set[type[BusinessError]] = set()
    seen: set[Any] = set()
    waiting: list[Any] = list(_calls(dependant))
    while waiting:
        named = waiting.pop()
        if named in seen:
            continue
        seen.add(named)
        if isinstance(named, type) and issubclass(named, BusinessError):
            errors.add(named)
        else:
            waiting += _named_by(named)
    return frozenset(error for error in errors if hasattr(error, "code"))


def _calls(dependant: Dependant) -> Iterator[Any]:
    if dependant.call is not None:
        call: Any = dependant.call
        yield call if isinstance(call, FunctionType | type) else type(call)
    for below in dependant.dependencies:
        yield from _calls(below)


@cache
def _named_by(thing: Any) -> tuple[Any, ...]:
    """Return the functions and classes of the engine that a function, or a class with its methods, names."""
    if isinstance(thing, type):
        return tuple(_ours([*thing.__bases__, *map(_function, vars(thing).values())]))
    function = inspect.unwrap(thing)
    names = set(_names(function.__code__))
    named = [function.__globals__[name] for name in names & function.__globals__.keys()]
    named += [vars(item).get(name) for item in named if isinstance(item, ModuleType) for name in names]
    named += [value for item in named if isinstance(item, Mapping) for value in item.values()]
    named += [part for hint in function.__annotations__.values() for part in (hint, *get_args(hint))]
    return tuple(_ours(named))


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)


def _function(member: Any) -> Any:
    if isinstance(member, property):
        return member.fget
    return getattr(member, "__func__", member)


def _ours(named: list[Any]) -> Iterator[Any]:
    for item in named:
        if isinstance(item, FunctionType | type) and item.__module__.partition(".")[0] in _ROOMS:
            yield item


_HEADER: Final = """# Errors

Written by `api/route_errors.py`; change a text in `domain/errors/english.toml`.

A refused request is answered with a problem of RFC 9457. Its `code` says which error it is, and its `params` are the
parameters of the error; both are stable. `detail` is English for people, and may change.
[api.md](../../../docs/reference/api.md) says which problems have no business error behind them: their `code` is the
last part of `type`, with underscores. A request that is not valid has the code `invalid_input`, and `violations` that
name the fields. `openapi.json` names the codes of every operation.

"""
_TABLE: Final = "| Code | Status | Type | Parameters | What it says | What to do |\n|---|---|---|---|---|---|\n"


def all_errors() -> list[type[BusinessError]]:
    """Return every business error, ordered by code."""
    for module in pkgutil.iter_modules(domain.errors.__path__, "domain.errors."):
        importlib.import_module(module.name)
    return sorted((error for error in _below(BusinessError) if hasattr(error, "code")), key=lambda error: error.code)


def reference() -> str:
    """Return the reference, with one row for each error."""
    return _HEADER + _TABLE + "".join(map(_row, all_errors()))


def _below(error: type[BusinessError]) -> Iterator[type[BusinessError]]:
    for below in error.__subclasses__():
        yield below
        yield from _below(below)


def _row(error: type[BusinessError]) -> str:
    kind, text = kind_of(error), ENGLISH[error.code]
    parameters = ", ".join(f"`{name}`" for name in error.parameters())
    return f"| `{error.code}` | {kind.status} | `{kind.name}` | {parameters} | {text.says} | {text.do} |\n"


_FOUND: Final = "goldenhour.found_route"


class RouteSearch(BaseRoute):
    """A route that stands before all others, and serves what the first of them matches.

    Without it each request would be compared with the routes of every router until one fits. `routes` is the list in
    which it stands: a router that is added later counts too.
    """

    def __init__(self, routes: list[BaseRoute]) -> None:
        self._routes = routes
        self._known: list[BaseRoute] = []
        self._beginnings: list[tuple[str, BaseRoute]] = []

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match what a later route matches in full."""
        if scope["type"] != "http":
            return Match.NONE, {}
        path = str(scope["path"]).removeprefix(scope.get("root_path", ""))
        for beginning, route in self._by_beginning():
            if path.startswith(beginning):
                match, child_scope = route.matches(scope)
                if match is Match.FULL:
                    return match, {**child_scope, _FOUND: route}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request by the route that was found."""
        await scope[_FOUND].handle(scope, receive, send)

    def _by_beginning(self) -> list[tuple[str, BaseRoute]]:
        if self._known != self._routes:
            self._known = list(self._routes)
            self._beginnings = [(_beginning(route), route) for route in self._routes if route is not self]
        return self._beginnings


def _beginning(route: BaseRoute) -> str:
    """Return how every path of an included router begins; an empty text for a route of its own."""
    router = getattr(route, "original_router", None)
    if router is None:
        return ""
    return os.path.commonprefix(list(_paths(router.routes)))  # noqa: RUF071 - the paths are compared by characters


def _paths(routes: list[BaseRoute]) -> Iterator[str]:
    for route in routes:
        yield str(getattr(route, "path", "")).partition("{")[0]
