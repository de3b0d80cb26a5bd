"""Business errors about grievances."""

from datetime import datetime
from uuid import UUID

from domain.errors import MayNot, NotFound, NotNow, SameEyes


class GrievanceNotFound(NotFound):
    code = "grievance_not_found"
    grievance_id: UUID


class GrievanceMovedOn(NotNow):
    code = "grievance_moved_on"
    level: str


class NoDecisionToAppeal(NotNow):
    code = "no_decision_to_appeal"
    state: str


class HighestLevel(NotNow):
    code = "highest_level"
    level: str


class GrievanceClosed(NotNow):
    code = "grievance_closed"
    state: str


class GrievancePastBank(NotNow):
    code = "grievance_past_bank"
    level: str


class BankReportsFirst(NotNow):
    code = "bank_reports_first"
    level: str


class GrievanceAtOtherLevel(MayNot):
    code = "grievance_at_other_level"
    level: str
    decides: str


class GrievanceNeedsSecondOfficer(SameEyes):
    code = "grievance_needs_second_officer"
    officer: str


class GrievanceOpen(NotNow):
    code = "grievance_open"


class GrievanceAppealable(NotNow):
    code = "grievance_appealable"
    state: str
    level: str


class GrievanceFinal(NotNow):
    code = "grievance_final"
    state: str
    level: str


class GrievancesUsedUp(NotNow):
    code = "grievances_used_up"
    filed: int


class ContactTooNew(NotNow):
    code = "contact_too_new"
    until: datetime
