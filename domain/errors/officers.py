"""Business errors about officers, teams, sessions, sign-in, and administration by two admins."""

from datetime import datetime
from uuid import UUID

from domain.errors import LimitExceeded, MayNot, NotFound, NotNow, SameEyes


class ProposalNotFound(NotFound):
    proposal_id: int


class ProposalOpen(NotNow):
    proposal_id: int


class TooManyProposals(LimitExceeded):
    most: int


class NothingChanges(NotNow):
    subject: str


class PolicyValueRefused(NotNow):
    problem: str


class PolicyVersionNotFound(NotFound):
    number: int


class ProposalDecided(NotNow):
    proposal_id: int
    state: str


class ChangeBackdated(NotNow):
    field: str


class ProposalStale(NotNow):
    proposal_id: int


class ProposalOver(NotNow):
    proposal_id: int
    valid_until: datetime


class ProposalNeedsSecond(SameEyes):
    officer: str


class ProposerNoAdmin(NotNow):
    officer: str


class NoAdminNow(MayNot):
    officer: str


class ProposalOfAnother(MayNot):
    proposal_id: int


class OfficerNotFound(NotFound):
    officer_id: str


class OutsideJurisdiction(MayNot):
    missing: str


class ReadReasonNeeded(MayNot):
    missing: str


class OfficerExists(NotNow):
    officer_id: str


class RoleGiven(NotNow):
    officer_id: str
    role: str


class RoleNotGiven(NotNow):
    officer_id: str
    role: str


class RoleEndsBefore(NotNow):
    role: str


class TeamExists(NotNow):
    name: str


class TeamNotFound(NotFound):
    name: str


class NotOfTeam(NotNow):
    officer_id: str
    name: str


class AlreadyOfTeam(NotNow):
    officer_id: str
    name: str


class TeamChangedSince(NotNow):
    name: str


class TeamFull(LimitExceeded):
    name: str
    limit: int


class TeamShiftsOverlap(NotNow):
    name: str


class ShiftNotFound(NotFound):
    shift_id: int


class OwnShiftNotFound(NotFound):
    team: str


class NotOfThisShift(NotNow):
    shift_id: int
    officer_id: str


class NoticeWithoutContact(NotNow):
    officer_id: str
    media: tuple[str, ...]


class WebhookAddressRefused(NotNow):
    problem: str


class ScriptTokenNotFound(NotFound):
    token_id: int


class CrossSiteRequest(MayNot):
    pass


class SessionNotFound(NotFound):
    session_id: UUID


class SignInTooOld(MayNot):
    pass


class ProofRefused(MayNot):
    pass


class OfficersExist(NotNow):
    pass
