"""Administration by two admins: what one proposes of officers, teams, banks and the policy, and what would change."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

import orjson
from pydantic import AfterValidator, Field, StringConstraints, model_validator

from schemas.banks.institutions import InstitutionFields
from schemas.banks.keys import KeyId
from schemas.banks.rosters import NodalOfficer
from schemas.base import Change, FrozenModel, Reason, UtcDatetime
from schemas.officers.officers import OfficerEntry, OfficerId, OfficerPerson, OfficerRole, TeamEntry
from schemas.text import Code, EmailAddress, Line

VALUES_MAX: Final = 50
VALUE_MAX_BYTES: Final = 4_000
SUBJECT_MAX_CHARS: Final = 200
PEOPLE_MAX: Final = 20
"""people of a bank in one change, as many as a bank has"""
POLICY_SUBJECT: Final = "policy"
_LAST_TIME: Final = datetime(2200, 1, 1, tzinfo=UTC)


def _near(moment: datetime) -> datetime:
    if moment > _LAST_TIME:
        raise ValueError("lies beyond the year 2200")
    return moment


NearTime = Annotated[UtcDatetime, AfterValidator(_near)]
"""a time to which a wait can be added"""
PolicyName = Annotated[str, StringConstraints(min_length=3, max_length=200, pattern=r"^[A-Za-z0-9_.-]+$")]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
"""digest of what was proposed; a decision names it, so that it is about what the deciding admin saw"""


class ProposalKind(StrEnum):
    """Kind of change that one admin proposes and another one decides."""

    OFFICER_ADDED = "officer_added"
    OFFICER_CHANGED = "officer_changed"
    ROLE_GIVEN = "role_given"
    ROLE_ENDED = "role_ended"
    OFFICER_ENABLED = "officer_enabled"
    OFFICER_DISABLED = "officer_disabled"
    OFFICER_RESET = "officer_reset"
    TEAM_ADDED = "team_added"
    TEAM_CHANGED = "team_changed"
    MEMBER_MOVED = "member_moved"
    INSTITUTION_CHANGED = "institution_changed"
    NODAL_OFFICERS_CHANGED = "nodal_officers_changed"
    BANK_LOGIN_REPLACED = "bank_login_replaced"
    BANK_KEY_ADDED = "bank_key_added"
    BANK_KEY_ENDED = "bank_key_ended"
    BANK_KEY_REQUEST_DECIDED = "bank_key_request_decided"
    BANK_PEOPLE_CONFIRMED = "bank_people_confirmed"
    POLICY_CHANGED = "policy_changed"


class ProposalState(StrEnum):
    """State of a proposal."""

    OPEN = "open"
    AGREED = "agreed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    """its time was over when another admin proposed the same"""


# -- what is asked for -------------------------------------------------------------------------------------------------


class OfficerAdded(FrozenModel):
    """Add an officer with roles and districts."""

    kind: Literal[ProposalKind.OFFICER_ADDED]
    officer: OfficerEntry


class OfficerChanged(FrozenModel):
    """Write name, rank, contact and districts of an officer. They replace the known ones. The roles stay."""

    kind: Literal[ProposalKind.OFFICER_CHANGED]
    officer: OfficerPerson


class RoleGiven(FrozenModel):
    """Give an officer a role, from the agreement on by default, and without an end by default."""

    kind: Literal[ProposalKind.ROLE_GIVEN]
    officer_id: OfficerId
    role: OfficerRole
    from_at: NearTime | None = None
    until_at: NearTime | None = None


class RoleEnded(FrozenModel):
    """End a role of an officer."""

    kind: Literal[ProposalKind.ROLE_ENDED]
    officer_id: OfficerId
    role: OfficerRole


class OfficerEnabled(FrozenModel):
    """Enable a disabled officer again, with the roles of before."""

    kind: Literal[ProposalKind.OFFICER_ENABLED]
    officer_id: OfficerId


class OfficerDisabled(FrozenModel):
    """Disable an officer."""

    kind: Literal[ProposalKind.OFFICER_DISABLED]
    officer_id: OfficerId


class OfficerReset(FrozenModel):
    """End password, authenticator and sessions of an officer, and make a link to set them again."""

    kind: Literal[ProposalKind.OFFICER_RESET]
    officer_id: OfficerId


class TeamAdded(FrozenModel):
    """Add a team."""

    kind: Literal[ProposalKind.TEAM_ADDED]
    team: TeamEntry


class TeamChanged(FrozenModel):
    """Write name, lead, members, districts and hours of a team. They replace the known ones."""

    kind: Literal[ProposalKind.TEAM_CHANGED]
    name: Line
    """the name before"""
    team: TeamEntry


class MemberMoved(FrozenModel):
    """Take an officer out of a team, into another one, or both."""

    kind: Literal[ProposalKind.MEMBER_MOVED]
    officer_id: OfficerId
    from_team: Line | None = None
    to_team: Line | None = None

    @model_validator(mode="after")
    def _names_a_team(self) -> Self:
        if self.from_team is None and self.to_team is None:
            raise ValueError("names no team")
        return self


class InstitutionChanged(InstitutionFields):
    """Change fields of an institution."""

    kind: Literal[ProposalKind.INSTITUTION_CHANGED]
    code: Code

    def fields(self) -> InstitutionFields:
        """Return the fields alone."""
        return InstitutionFields.model_validate(self.model_dump(exclude={"kind", "code"}))


class NodalOfficersChanged(FrozenModel):
    """Write the nodal officers of an institution, in the order of calling. They replace the known ones."""

    kind: Literal[ProposalKind.NODAL_OFFICERS_CHANGED]
    code: Code
    nodal_officers: Annotated[tuple[NodalOfficer, ...], Field(max_length=20)]


class BankLoginReplaced(FrozenModel):
    """Give an institution a login at our API. Its password ends, and the bank sets another one by a link."""

    kind: Literal[ProposalKind.BANK_LOGIN_REPLACED]
    code: Code
    email: EmailAddress


class BankKeyAdded(FrozenModel):
    """Register a public key of an institution, from the agreement on by default."""

    kind: Literal[ProposalKind.BANK_KEY_ADDED]
    code: Code
    key_id: KeyId
    public_key: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{43}=$")]
    """32 bytes of an Ed25519 key, as base64"""
    not_before: NearTime | None = None
    not_after: NearTime | None = None


class BankKeyEnded(FrozenModel):
    """End the validity of an institution's key, at the agreement by default."""

    kind: Literal[ProposalKind.BANK_KEY_ENDED]
    code: Code
    key_id: KeyId
    not_after: NearTime | None = None


class KeyRequestAnswer(StrEnum):
    """Answer to a change of keys that a bank has asked for."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"


class BankKeyRequestDecided(FrozenModel):
    """Confirm or refuse a change of keys that an institution has asked for. It reads the reason of a refusal."""

    kind: Literal[ProposalKind.BANK_KEY_REQUEST_DECIDED]
    code: Code
    change_id: UUID
    answer: KeyRequestAnswer
    not_before: NearTime | None = None
    """when a key that is added begins to be valid; the time of the proposal by default"""


class BankPeopleConfirmed(FrozenModel):
    """Confirm that each of these logins in an institution's inbox is of another person, or take that back.

    Where a reply needs two people, only those who are confirmed count.
    """

    kind: Literal[ProposalKind.BANK_PEOPLE_CONFIRMED]
    code: Code
    confirmed: Annotated[tuple[UUID, ...], Field(max_length=PEOPLE_MAX)] = ()
    taken_back: Annotated[tuple[UUID, ...], Field(max_length=PEOPLE_MAX)] = ()

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        named = (*self.confirmed, *self.taken_back)
        if not named or len(set(named)) < len(named):
            raise ValueError("names no person, or one twice")
        return self


def _plain(value: Any) -> Any:
    try:
        written = orjson.dumps(value)
    except TypeError:
        raise ValueError("is no value that JSON can hold") from None
    if len(written) > VALUE_MAX_BYTES or b"\\u0000" in written:
        raise ValueError(f"is longer than {VALUE_MAX_BYTES} bytes, or holds a NUL character")
    return value


class NewPolicyValue(FrozenModel):
    """Another value for one name of the policy."""

    name: PolicyName
    value: Annotated[Any, AfterValidator(_plain)]


class PolicyChanged(FrozenModel):
    """Make a new version of the policy with other values."""

    kind: Literal[ProposalKind.POLICY_CHANGED]
    values: Annotated[tuple[NewPolicyValue, ...], Field(min_length=1, max_length=VALUES_MAX)]


OfficerAsked = OfficerAdded | OfficerChanged | RoleGiven | RoleEnded | OfficerEnabled | OfficerDisabled | OfficerReset
TeamAsked = TeamAdded | TeamChanged | MemberMoved
BankAsked = (
    InstitutionChanged
    | NodalOfficersChanged
    | BankLoginReplaced
    | BankKeyAdded
    | BankKeyEnded
    | BankKeyRequestDecided
    | BankPeopleConfirmed
)
Asked = Annotated[OfficerAsked | TeamAsked | BankAsked | PolicyChanged, Field(discriminator="kind")]


# -- proposals ---------------------------------------------------------------------------------------------------------


class ChangeQuestion(FrozenModel):
    """Question what a change would be."""

    asked: Asked


class NewProposal(ChangeQuestion):
    """Change as an admin proposes it."""

    reason: Reason


class Changes(FrozenModel):
    """Effects that a change would have. Nothing is written."""

    changes: tuple[Change, ...]


class Proposal(FrozenModel):
    """A proposal and its decision."""

    proposal_id: int
    kind: ProposalKind
    subject: str
    """id of the officer, name of the team, code of the institution, or `policy`"""
    state: ProposalState
    reason: str
    proposed_by: str
    proposed_at: UtcDatetime
    valid_until: UtcDatetime
    """nothing is agreed to after this time"""
    decided_by: str | None
    decided_at: UtcDatetime | None
    decided_reason: str | None
    version: Version


class MadeProposal(Proposal):
    """A new proposal, with what is shown once to the admin who proposes."""

    code: Annotated[str | None, Field(repr=False)] = None
    """for the officer or the bank; the link that the agreement makes opens nothing without it"""


class ProposalPage(FrozenModel):
    """Proposals, the newest first."""

    items: tuple[Proposal, ...]
    next: str | None


class ProposalDetails(FrozenModel):
    """A proposal with what would change, or has changed."""

    proposal: Proposal
    asked: Asked
    changes: tuple[Change, ...]
    is_stale: bool
    """what is there has changed since the proposal, so that nothing can be agreed to"""


class ProposalAnswer(StrEnum):
    """Answer of the admin who decides."""

    AGREED = "agreed"
    REFUSED = "refused"


class ProposalDecision(FrozenModel):
    """Decision of another admin."""

    decision: ProposalAnswer
    reason: Reason
    version: Version


class ShownLink(FrozenModel):
    """Link by which an officer sets password and authenticator, or a bank its password.

    It is good once, and only with the code that the proposing admin was shown.
    """

    path: Annotated[str, Field(repr=False)]
    """below the host of officers; of a bank with the host of banks, where that is known"""
    valid_until: UtcDatetime


class DecidedProposal(FrozenModel):
    """A decided proposal, with what is shown once: give it to the person whom it is for."""

    proposal: Proposal
    sign_in_link: ShownLink | None = None
    """of an officer who was added or reset"""
    bank_login_link: ShownLink | None = None
    """of a bank whose login was replaced"""
