"""Routes of the API that are worked out once a process, and lent to all its applications.

FastAPI works out the routes of a router again for every application that includes it. They depend on the router alone:
what an application has for itself is in its state, or in the routers of its pages.
"""

from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.types import Scope

OF_NO_ROUTE: Scope = {"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": []}


def lend_routes(lender: FastAPI, app: FastAPI) -> None:
    """Let an application have the routes of another one, for every router that both include."""
    known = {id(_router_of(route)): route for route in lender.router.routes if _router_of(route) is not None}
    app.router.routes[:] = [known.get(id(_router_of(route)), route) for route in app.router.routes]


def work_out(app: FastAPI) -> None:
    """Work out all routes of an application now, and not at its first request."""
    for route in app.router.routes:
        route.matches(dict(OF_NO_ROUTE))


def _router_of(route: BaseRoute) -> object:
    """Return the router by whose inclusion a route came, or None for a route of the application itself."""
    return getattr(route, "original_router", None)
