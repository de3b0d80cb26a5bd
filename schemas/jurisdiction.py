"""Officers and the cases that they are responsible for."""

from schemas.base import FrozenModel

WHOLE_STATE = "*"
"""stands in an officer's districts for every district, as for an officer of a unit of the State"""


class CaseStanding(FrozenModel):
    """An officer and a case."""

    district: str
    """of the first complaint's victim"""
    is_assigned: bool
    officer_districts: tuple[str, ...]


class Within(FrozenModel):
    """Cases that a list is confined to: those assigned to an officer, and those of districts."""

    officer_id: str
    districts: tuple[str, ...]
    """keys of districts (`domain.jurisdiction.district_key`)"""
