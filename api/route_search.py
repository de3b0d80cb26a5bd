"""Finds the route of a request among hundreds: only routers whose paths begin as its path does are asked."""

import os
from collections.abc import Iterator
from typing import Final

from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

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
