"""Business errors about grievances."""

from datetime import datetime
from uuid import UUID

from domain.errors import MayNot, NotFound, NotNow, SameEyes


class GrievanceNotFound(NotFound):
    grievance_id: UUID


class GrievanceMovedOn(NotNow):
    level: str


class NoDecisionToAppeal(NotNow):
    state: str


class HighestLevel(NotNow):
    level: str


class GrievanceClosed(NotNow):
    state: str


class GrievancePastBank(NotNow):
    level: str


class BankReportsFirst(NotNow):
    level: str


class GrievanceAtOtherLevel(MayNot):
    level: str
    decides: str


class GrievanceNeedsSecondOfficer(SameEyes):
    officer: str


class GrievanceOpen(NotNow):
    pass


class GrievanceAppealable(NotNow):
    state: str
    level: str


class GrievanceFinal(NotNow):
    state: str
    level: str


class GrievancesUsedUp(NotNow):
    filed: int


class ContactTooNew(NotNow):
    until: datetime
