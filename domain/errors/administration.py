"""Business errors about changes that one admin proposes and another one decides."""

from datetime import datetime

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
