"""The table of `role_matrix.toml`: who may call which route, and what a call of it sends."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from api.officers.callers import LOGIN_PATH
from api.officers.tokens import BankDoor
from api.problems import BANK_PATH
from api.route_errors import RouteSearch
from schemas.enums import Role

_TABLE: Final[dict[str, Any]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
NUMBERS: Final[dict[str, str]] = _TABLE["paths"]
"""values of the parameters in paths, which name nothing that there is"""
_UNFIT: Final = frozenset({401, 403, 405, 415, 422, 429, 500, 503})
"""statuses that say that the call itself was refused, or failed"""
BODIES: Final[dict[str, Any]] = _TABLE["bodies"]


class Who(StrEnum):
    """Callers of a route that goes by no role."""

    EVERYBODY = "everybody"
    BANKS = "banks"
    OFFICERS = "officers"
    """officers and scripts of every role, or of none"""
    SESSIONS = "sessions"
    """officers with a session, about their own"""


class By(StrEnum):
    """Credential that a caller comes in with."""

    SESSION = "session"
    SCRIPT = "script"
    DISPLAY = "display"
    BANK = "bank"
    TEXT = "text"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Caller:
    """A caller: the credential, and what the database has of the officer, script or bank."""

    name: str
    by: By
    roles: frozenset[Role] = frozenset()
    state: str = ""
    """what happened to the officer after the session began"""
    opens: frozenset[BankDoor] = frozenset()
    text: str = ""

    @property
    def is_known(self) -> bool:
        """Whether it is an officer or a script, whatever its roles."""
        return self.by in {By.SESSION, By.SCRIPT, By.DISPLAY} and self.state not in {"unknown", "disabled", "reset"}

    @property
    def live_roles(self) -> frozenset[Role]:
        """The roles in which it may act."""
        return frozenset() if self.state == "role ended" else self.roles


@dataclass(frozen=True)
class Cell:
    """What a caller may get from a route."""

    statuses: frozenset[int]
    """the statuses, or none if every status but a refusal is fit"""

    def fits(self, status: int) -> bool:
        """Whether this is an answer that the caller may get."""
        return status in self.statuses if self.statuses else status not in _UNFIT


@dataclass(frozen=True)
class Entry:
    """A route, who may call it, and what a call of it sends."""

    method: str
    path: str
    who: Who | frozenset[Role]
    answers: frozenset[int] = frozenset()
    """statuses that an allowed caller gets, if not just any but a refusal"""
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    form: dict[str, str] | None = None

    @property
    def url(self) -> str:
        """The path with its parameters filled in."""
        return self.path.format_map(NUMBERS)

    @property
    def is_open(self) -> bool:
        """Whether it needs no credential."""
        return self.who is Who.EVERYBODY

    def allows(self, caller: Caller) -> bool:
        """Whether a caller may call it."""
        if self.who is Who.EVERYBODY:
            return True
        if self.who is Who.BANKS:
            return (BankDoor.I4C if self.path.startswith(BANK_PATH) else BankDoor.API) in caller.opens
        if self.who is Who.SESSIONS:
            return caller.by is By.SESSION and caller.is_known
        if self.who is Who.OFFICERS:
            return caller.is_known
        return caller.is_known and bool(caller.live_roles & self.who)

    def cell(self, caller: Caller) -> Cell:
        """What a caller gets: an answer, 403 for an officer or script without the role, and 401 for all others."""
        if self.allows(caller):
            return Cell(self.answers)
        goes_by_role = isinstance(self.who, frozenset)
        return Cell(frozenset({403 if goes_by_role and caller.is_known else 401}))


def _names(names: list[str]) -> frozenset[Role]:
    """Return the roles that are named, one by one or by a group. Raises `ValueError` for an unknown name."""
    groups: dict[str, list[str]] = _TABLE["groups"]
    return frozenset(Role(role) for name in names for role in groups.get(name, [name]))


def _entry(call: str, told: dict[str, Any]) -> Entry:
    method, path = call.split(" ")
    allowed, body = told.pop("allowed"), told.pop("body", None)
    return Entry(
        method,
        path,
        who=Who(allowed) if isinstance(allowed, str) else _names(allowed),
        body=BODIES[body] if isinstance(body, str) else body,
        answers=frozenset(told.pop("answers", ())),
        **told,
    )


def _caller(name: str, told: dict[str, Any]) -> Caller:
    return Caller(
        name,
        By(told.pop("by")),
        roles=_names(told.pop("roles", [])),
        opens=frozenset(map(BankDoor, told.pop("opens", ()))),
        **told,
    )


ENTRIES: Final = {
    (entry.method, entry.path): entry for entry in (_entry(call, dict(told)) for call, told in _TABLE["routes"].items())
}
CALLERS: Final = tuple(_caller(name, dict(told)) for name, told in _TABLE["callers"].items())


def routes_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every method and path that the application answers."""
    for route in app.routes:
        if isinstance(route, RouteSearch):
            continue
        for inner in getattr(route, "original_router", app).routes if hasattr(route, "original_router") else [route]:
            for method in getattr(inner, "methods", None) or {"?"}:
                yield method, getattr(inner, "path", "?")


def of_banks(entry: Entry) -> bool:
    """Whether banks call a route, also to log in."""
    return entry.who is Who.BANKS or entry.path == LOGIN_PATH
