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
        self._added = False

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Add the routes if the request is for a page; match nothing."""
        if not self._added and str(scope["path"]).startswith(tuple(_prefixes)):
            self._added = True
            for pages in PAGES:
                self._app.include_router(pages(self._services))
        return Match.NONE, {}
