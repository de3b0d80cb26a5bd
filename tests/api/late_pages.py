"""The routes of pages are made at the first request to one of them: most tests of the API make none."""

from typing import Final

from fastapi import FastAPI
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from api.app import PAGES
from api.services import Services

_prefixes: Final[list[str]] = []
"""the paths of pages, which are the same in every application"""


def add_late_pages(app: FastAPI, services: Services) -> None:
    """Let an application without pages have them when they are asked for."""
    if not _prefixes:
        _prefixes.extend(pages(services).prefix for pages in PAGES)
    app.router.routes.append(LatePages(app, services))


class LatePages(BaseRoute):
    """A route that is none itself: it adds the routes of pages behind itself, where the router goes on to look."""

    def __init__(self, app: FastAPI, services: Services) -> None:
        self._app = app
        self._services = services
        self._left = dict(zip(_prefixes, PAGES, strict=True))

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Add the routes of the page that the request is for; match nothing."""
        for prefix in [one for one in self._left if str(scope["path"]).startswith(one)]:
            self._app.include_router(self._left.pop(prefix)(self._services))
        return Match.NONE, {}
