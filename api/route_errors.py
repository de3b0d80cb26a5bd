"""Finds the business errors of a route in the code that it calls, so that no list is maintained.

The search follows a function to the functions, classes and methods that it names, and to those that they name. It also
finds errors that are raised and caught on the way. `api.description` keeps those with a kind of problem that the route
declares.
"""

import inspect
from collections.abc import Iterator, Mapping
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final, get_args

from fastapi.dependencies.models import Dependant

from domain.errors import BusinessError

_ROOMS: Final = ("activities", "api", "db", "documents", "domain")
Errors = frozenset[type[BusinessError]]


def errors_of(dependant: Dependant) -> Errors:
    """Return the errors in the code of a route, of its dependencies, and of everything that they call."""
    found: set[type[BusinessError]] = set()
    seen: set[Any] = set()
    waiting: list[Any] = list(_calls(dependant))
    while waiting:
        named = waiting.pop()
        if named in seen:
            continue
        seen.add(named)
        if isinstance(named, type) and issubclass(named, BusinessError):
            found.add(named)
        else:
            waiting += _named_by(named)
    return frozenset(error for error in found if hasattr(error, "code"))


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
    named += [vars(one).get(name) for one in named if isinstance(one, ModuleType) for name in names]
    named += [value for one in named if isinstance(one, Mapping) for value in one.values()]
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
    for one in named:
        if isinstance(one, FunctionType | type) and one.__module__.partition(".")[0] in _ROOMS:
            yield one
