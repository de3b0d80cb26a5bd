"""Jurisdiction: which cases an officer of a role may work on. Pure."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Final

from domain.errors.officers import OutsideJurisdiction, ReadReasonNeeded
from domain.intake.districts import known_district
from schemas.enums import Role
from schemas.jurisdiction import WHOLE_STATE, CaseStanding


class VerbKind(StrEnum):
    """Kind of what an officer does in a case."""

    READ = "read"
    INTAKE = "intake"
    TRACING = "tracing"
    POLICE = "police"
    ASSIGNMENT = "assignment"
    RESTORATION = "restoration"
    ORDER = "order"
    HOLD = "hold"
    GRIEVANCE = "grievance"
    DOCUMENT = "document"
    OFFICE = "office"
    """about no case: officers, sessions, the brake on releases"""


class Scope(StrEnum):
    """Cases of an officer."""

    STATE = "state"
    """every case"""
    DISTRICT = "district"
    """the cases of the officer's districts, and those to which the officer is assigned"""
    ASSIGNED = "assigned"
    """the cases to which the officer is assigned"""


_DESK_KINDS: Final = tuple(VerbKind)
_CASE_KINDS: Final = tuple(kind for kind in VerbKind if kind not in {VerbKind.INTAKE, VerbKind.OFFICE})
SCOPES: Final[Mapping[tuple[Role, VerbKind], Scope]] = {
    (Role.INTAKE, VerbKind.INTAKE): Scope.STATE,
    (Role.INTAKE, VerbKind.READ): Scope.STATE,
    (Role.AUDITOR, VerbKind.READ): Scope.STATE,
    (Role.AUDITOR, VerbKind.OFFICE): Scope.STATE,
    **{(role, kind): Scope.STATE for role in (Role.DESK, Role.SUPERVISOR, Role.ADMIN) for kind in _DESK_KINDS},
    **{(Role.IO, kind): Scope.ASSIGNED for kind in _CASE_KINDS},
    **{(role, kind): Scope.DISTRICT for role in (Role.DY_SP, Role.SP, Role.DISTRICT_GRO) for kind in _CASE_KINDS},
    **{(Role.STATE_GRO, kind): Scope.STATE for kind in _CASE_KINDS},
}
"""A role without a scope for a kind of verb has no verb of this kind."""


def scopes_of(roles: Iterable[Role], kind: VerbKind) -> frozenset[Scope]:
    """Return the scopes that roles have together for a kind of verb."""
    return frozenset(SCOPES[role, kind] for role in roles)


def district_key(name: str) -> str:
    """Return the form of a district's name by which districts are compared: its code, if it is known."""
    known = known_district(name)
    return known.code if known else name.strip().upper()


def lacks(scopes: Collection[Scope], standing: CaseStanding) -> Scope | None:
    """Return the scope that is missing for an officer to be responsible for a case, or None.

    An officer whose districts are the whole State is responsible for every case.
    """
    if Scope.STATE in scopes or WHOLE_STATE in standing.officer_districts or standing.is_assigned:
        return None
    if Scope.DISTRICT not in scopes:
        return Scope.ASSIGNED
    own = {district_key(name) for name in standing.officer_districts}
    return None if district_key(standing.district) in own else Scope.DISTRICT


def check_verb(scopes: Collection[Scope], standing: CaseStanding) -> None:
    """Check that an officer may act in a case. Raises `OutsideJurisdiction`."""
    missing = lacks(scopes, standing)
    if missing is not None:
        raise OutsideJurisdiction(missing.value)


def is_read_outside(scopes: Collection[Scope], standing: CaseStanding, reason: str) -> bool:
    """Return whether a read is outside the officer's jurisdiction.

    Raises `ReadReasonNeeded` for such a read without a reason.
    """
    missing = lacks(scopes, standing)
    if missing is not None and not reason:
        raise ReadReasonNeeded(missing.value)
    return missing is not None
