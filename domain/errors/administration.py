"""Business errors about changes that one admin proposes and another one decides."""

from datetime import datetime

from domain.errors import LimitExceeded, MayNot, NotFound, NotNow, SameEyes


class ProposalNotFound(NotFound):
    code = "proposal_not_found"
    proposal_id: int


class ProposalOpen(NotNow):
    code = "proposal_open"
    proposal_id: int


class TooManyProposals(LimitExceeded):
    code = "too_many_proposals"
    most: int


class NothingChanges(NotNow):
    code = "nothing_changes"
    subject: str


class PolicyValueRefused(NotNow):
    code = "policy_value_refused"
    problem: str


class PolicyVersionNotFound(NotFound):
    code = "policy_version_not_found"
    number: int


class ProposalDecided(NotNow):
    code = "proposal_decided"
    proposal_id: int
    state: str


class ChangeBackdated(NotNow):
    code = "change_backdated"
    field: str


class ProposalStale(NotNow):
    code = "proposal_stale"
    proposal_id: int


class ProposalOver(NotNow):
    code = "proposal_over"
    proposal_id: int
    valid_until: datetime


class ProposalNeedsSecond(SameEyes):
    code = "proposal_needs_second"
    officer: str


class ProposerNoAdmin(NotNow):
    code = "proposer_no_admin"
    officer: str


class NoAdminNow(MayNot):
    code = "no_admin_now"
    officer: str


class ProposalOfAnother(MayNot):
    code = "proposal_of_another"
    proposal_id: int
