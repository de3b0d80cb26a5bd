"""Hosts of the TLS port, and the paths of each.

A browser sends a cookie to every port of its host. So officers, citizens and banks have a host each.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from activities.case.reply_links import PATH as REPLY_PATH
from activities.officers.enrolment import FIRST_PATH, SIGN_IN_PATH
from activities.people.my_case import CASE_PATH
from activities.people.public_complaints import FORM_PATH
from activities.recovery.credit_accounts import CREDIT_PATH
from activities.recovery.document_issuing import APPEAL_PATH
from api.local_proxy import LocalProxy
from api.officers.callers import EVIDENCE_KEYS_PATH
from api.pages import ABOUT_PATH, DOORS_PATH, LEAVE_PATH
from api.problems import BANK_API_PATH, BANK_PATH, CONSOLE_PATH, INBOX_PATH, NOT_FOUND, WRONG_HOST, refusal

LOCALHOST: Final = "localhost"
LOOPBACK: Final = "127.0.0.1"
PROBE_PATH: Final = "/healthz"
OPERATORS_PATHS: Final = frozenset({"/readyz", "/metrics"})
"""paths for direct requests from the networks of operators; other callers get a 404"""


class Site(StrEnum):
    """Kind of visitor that a host is for."""

    DESK = "desk"
    """officers and their scripts, the helpline's own intake too"""
    MY = "my"
    """pages behind a link or a code"""
    BANK = "bank"
    """the API for banks, and their inbox"""
    MACHINE = "machine"
    """checks of this machine's operator"""

    @property
    def host(self) -> str:
        """Return the name of the host."""
        return LOCALHOST if self is Site.MACHINE else f"{self}.{LOCALHOST}"


NAMES: Final[Mapping[str, Site]] = {site.host: site for site in Site} | {LOOPBACK: Site.MACHINE}
"""every name of the TLS port; its certificate has them all"""

PATHS: Final[Mapping[str, frozenset[Site]]] = {
    "/api/v1/": frozenset({Site.DESK}),
    SIGN_IN_PATH: frozenset({Site.DESK}),
    f"{SIGN_IN_PATH}/": frozenset({Site.DESK}),
    FIRST_PATH: frozenset({Site.DESK}),
    CONSOLE_PATH: frozenset({Site.DESK}),
    f"{CONSOLE_PATH}/": frozenset({Site.DESK}),
    EVIDENCE_KEYS_PATH: frozenset({Site.DESK, Site.MY, Site.BANK}),
    REPLY_PATH: frozenset({Site.MY}),
    APPEAL_PATH: frozenset({Site.MY}),
    f"{APPEAL_PATH}/": frozenset({Site.MY}),
    f"{CREDIT_PATH}/": frozenset({Site.MY}),
    DOORS_PATH: frozenset(Site),
    FORM_PATH: frozenset({Site.MY}),
    f"{FORM_PATH}/": frozenset({Site.MY}),
    ABOUT_PATH: frozenset({Site.MY}),
    LEAVE_PATH: frozenset({Site.MY}),
    CASE_PATH: frozenset({Site.MY}),
    f"{CASE_PATH}/": frozenset({Site.MY}),
    BANK_PATH: frozenset({Site.BANK}),
    BANK_API_PATH: frozenset({Site.BANK}),
    INBOX_PATH: frozenset({Site.BANK}),
    f"{INBOX_PATH}/": frozenset({Site.BANK}),
    PROBE_PATH: frozenset({Site.MACHINE}),
    **dict.fromkeys(OPERATORS_PATHS, frozenset({Site.MACHINE})),
}
"""The sites of every path. A path that ends in / covers all paths below it, but for the first page, and the longest one
counts. The table of `deploy/nginx.conf` is the same."""

_HOSTED: Final = "goldenhour.hosted"
"""where a request says that it came to the TLS port"""


class Hosted:
    """ASGI application for the TLS port. It marks its requests, so that the edge looks at their host.

    What officers ask of the other process goes to the `proxy`, if there is one.
    """

    def __init__(self, app: ASGIApp, proxy: LocalProxy | None = None) -> None:
        self._app = app
        self._proxy = proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        scope[_HOSTED] = True
        if self._proxy is not None and self._is_of(self._proxy, scope):
            await self._proxy(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_of(self, proxy: LocalProxy, scope: Scope) -> bool:
        return (
            scope["type"] == "http"
            and proxy.serves(scope)
            and Site.DESK in sites_of(scope["path"])
            and _site_of(Headers(scope=scope).getlist("host")) is Site.DESK
        )


def sites_of(path: str, table: Mapping[str, frozenset[Site]] = PATHS) -> frozenset[Site]:
    """Return the sites of a path; none for a path that the table does not cover."""
    if path in table:
        return table[path]
    # The doors are one page, and no path above all others.
    beginnings = [beginning for beginning in table if beginning.endswith("/") and beginning != DOORS_PATH]
    covering = [beginning for beginning in beginnings if path.startswith(beginning)]
    return table[max(covering, key=len)] if covering else frozenset()


def refusal_of_host(scope: Scope) -> ASGIApp | None:
    """Return the refusal of a request to the TLS port whose host does not serve its path, or None.

    The plain port has no hosts. A proxy or a program of this machine calls it.
    """
    if _HOSTED not in scope:
        return None
    site = _site_of(Headers(scope=scope).getlist("host"))
    sites = sites_of(scope["path"])
    if site in sites:
        return None
    return refusal(scope, NOT_FOUND if site is not None and not sites else WRONG_HOST)


def is_local(url: str) -> bool:
    """Return whether a URL names this machine by `localhost` or a name below it."""
    host = urlsplit(url).hostname or ""
    return host == LOCALHOST or host.endswith(f".{LOCALHOST}")


def _site_of(hosts: Sequence[str]) -> Site | None:
    """Return the site of the `Host` headers of a request, or None. An honest request has one such header."""
    if len(hosts) != 1:
        return None
    return NAMES.get(hosts[0].partition(":")[0].lower().removesuffix("."))
