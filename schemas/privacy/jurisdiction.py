"""Officers and the cases that they are responsible for."""

from typing import NamedTuple

from schemas.base import FrozenModel

WHOLE_STATE = "*"
"""stands in an officer's districts for every district, as for an officer of a unit of the State"""


class CaseStanding(FrozenModel):
    """An officer and a case."""

    district: str
    """of the first complaint's victim"""
    is_assigned: bool
    officer_districts: tuple[str, ...]
    is_marked: bool = False
    """whether a complaint of the case is marked"""
    has_taken: bool = False
    """whether the officer took a complaint of the case, not longer ago than the policy says"""


MARKED = "!"
"""stands before the key of a district for its marked cases"""


class Within(FrozenModel):
    """Cases that a list is confined to: those assigned to an officer, and those of districts."""

    officer_id: str
    districts: tuple[str, ...]
    """keys of districts (`domain.officers.jurisdiction.list_keys`)"""


class CasePlace(NamedTuple):
    """Whose a case is."""

    district: str
    """of the first complaint's victim, in capitals"""
    is_marked: bool
    officers: frozenset[str]
    """ids of those to whom it is assigned now"""
