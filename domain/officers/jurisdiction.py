"""Jurisdiction: which cases an officer of a role may work on. Pure."""

from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from typing import Final

from domain.districts import known_district
from domain.errors.officers import OutsideJurisdiction, ReadReasonNeeded
from schemas.enums import OFFICER_ROLES, Role
from schemas.privacy.personal_data import MARKED, WHOLE_STATE, CasePlace, CaseStanding, Within


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
    TAKEN = "taken"
    """the cases of complaints that the officer took, for the time of the policy, and those of `ASSIGNED`"""


class Shows(StrEnum):
    """Kinds of reads of a marked case, by what they show."""

    MONEY = "money"
    """the case and its money, without the victim's name"""
    PERSONS = "persons"
    """documents, messages and reports, which can name the victim"""
    OTHERS = "others"
    """account holders, banks and readers, and nothing of the victim"""


_DESK_KINDS: Final = tuple(VerbKind)
_CASE_KINDS: Final = tuple(kind for kind in VerbKind if kind not in {VerbKind.INTAKE, VerbKind.OFFICE})
SCOPES: Final[Mapping[tuple[Role, VerbKind], Scope]] = {
    (Role.INTAKE, VerbKind.INTAKE): Scope.STATE,
    (Role.INTAKE, VerbKind.READ): Scope.STATE,
    (Role.AUDITOR, VerbKind.READ): Scope.STATE,
    (Role.AUDITOR, VerbKind.OFFICE): Scope.STATE,
    (Role.DISPLAY, VerbKind.OFFICE): Scope.STATE,
    **{(role, kind): Scope.STATE for role in (Role.DESK, Role.SUPERVISOR, Role.ADMIN) for kind in _DESK_KINDS},
    **{(Role.IO, kind): Scope.ASSIGNED for kind in _CASE_KINDS},
    **{(role, kind): Scope.DISTRICT for role in (Role.DY_SP, Role.SP, Role.DISTRICT_GRO) for kind in _CASE_KINDS},
    **{(Role.STATE_GRO, kind): Scope.STATE for kind in _CASE_KINDS},
}
"""A role without a scope for a kind of verb has no verb of this kind."""

MARKED_SCOPES: Final[Mapping[tuple[Role, Shows], Scope]] = {
    **{(role, shows): SCOPES[role, VerbKind.READ] for role in OFFICER_ROLES for shows in (Shows.OTHERS, Shows.MONEY)},
    **{(role, Shows.MONEY): Scope.ASSIGNED for role in (Role.ADMIN, Role.AUDITOR)},
    (Role.INTAKE, Shows.MONEY): Scope.TAKEN,
    **{(role, Shows.PERSONS): Scope.ASSIGNED for role in OFFICER_ROLES},
    (Role.SUPERVISOR, Shows.PERSONS): Scope.STATE,
    (Role.SP, Shows.PERSONS): Scope.DISTRICT,
}
"""The marked cases that a role reads without a reason."""


def scopes_of(roles: Iterable[Role], kind: VerbKind) -> frozenset[Scope]:
    """Return the scopes that roles have together for a kind of verb."""
    return frozenset(SCOPES[role, kind] for role in roles)


def district_key(name: str) -> str:
    """Return the form of a district's name by which districts are compared: its code, if it is known."""
    known = known_district(name)
    return known.code if known else name.strip().upper()


def marked_scopes_of(roles: Iterable[Role], shows: Shows) -> frozenset[Scope]:
    """Return the scopes that roles have together for reads of marked cases."""
    return frozenset(MARKED_SCOPES[role, shows] for role in roles)


def list_keys(scopes: Collection[Scope], districts: Collection[str], *, marked: bool) -> list[str]:
    """Return the keys of the districts whose cases an officer lists, of the marked ones or of the others."""
    mark = MARKED if marked else ""
    if Scope.STATE in scopes or _is_of_the_state(scopes, districts, marked=marked):
        return [mark + WHOLE_STATE]
    return sorted({mark + district_key(name) for name in districts}) if Scope.DISTRICT in scopes else []


def covers(within: Within | None, place: CasePlace | None) -> bool:
    """Return whether a list that is confined to `within` shows a case. Without a place it is about no case.

    `db.privacy.jurisdiction.condition` says the same in SQL.
    """
    if within is None:
        return True
    if place is None:
        return WHOLE_STATE in within.districts
    mark = MARKED if place.is_marked else ""
    return (
        within.officer_id in place.officers
        or mark + WHOLE_STATE in within.districts
        or any(mark + district in within.districts for district in place.districts)
    )


def listed_within(
    officer_id: str, scopes: Collection[Scope], marked_scopes: Collection[Scope], districts: Collection[str]
) -> Within | None:
    """Return the cases that an officer's list is confined to, or None for every case."""
    if Scope.STATE in scopes and Scope.STATE in marked_scopes:
        return None
    keys = [*list_keys(scopes, districts, marked=False), *list_keys(marked_scopes, districts, marked=True)]
    if {WHOLE_STATE, MARKED + WHOLE_STATE} <= set(keys):
        return None
    return Within(officer_id=officer_id, districts=tuple(keys))


def lacks(scopes: Collection[Scope], standing: CaseStanding, *, marked: bool = False) -> Scope | None:
    """Return the scope that is missing for an officer to be responsible for a case, or None.

    An officer whose districts are the whole State is responsible for every case. For reads of a marked one, such an
    officer is assigned, or has a role that reads the marked cases of its districts.
    """
    if Scope.STATE in scopes or standing.is_assigned or (Scope.TAKEN in scopes and standing.has_taken):
        return None
    if _is_of_the_state(scopes, standing.officer_districts, marked=marked):
        return None
    if Scope.DISTRICT not in scopes:
        return Scope.TAKEN if Scope.TAKEN in scopes else Scope.ASSIGNED
    own = {district_key(name) for name in standing.officer_districts}
    return None if own & {district_key(name) for name in standing.case_districts} else Scope.DISTRICT


def _is_of_the_state(scopes: Collection[Scope], districts: Collection[str], *, marked: bool) -> bool:
    return WHOLE_STATE in districts and (Scope.DISTRICT in scopes or not marked)


def check_verb(scopes: Collection[Scope], standing: CaseStanding) -> None:
    """Check that an officer may act in a case. Raises `OutsideJurisdiction`."""
    missing = lacks(scopes, standing)
    if missing is not None:
        raise OutsideJurisdiction(missing.value)


def is_read_outside(scopes: Collection[Scope], standing: CaseStanding, reason: str) -> bool:
    """Return whether a read is outside the officer's jurisdiction.

    Raises `ReadReasonNeeded` for such a read without a reason.
    """
    missing = lacks(scopes, standing, marked=standing.is_marked)
    if missing is not None and not reason:
        raise ReadReasonNeeded(missing.value)
    return missing is not None
