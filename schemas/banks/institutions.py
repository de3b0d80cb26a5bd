"""Institutions of the directory: their channels, their people, and how officers see them."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from schemas.banks.keys import KeyId, KeyRequestView
from schemas.banks.rosters import NodalOfficer, OfficerToCall, ShortText
from schemas.base import FrozenModel, Storable, UtcDatetime
from schemas.enums import AnswerClass, ChannelKind, ChannelState, InstitutionKind
from schemas.text import Code
from schemas.webhooks import check_secret

AccountPrefix = Annotated[str, StringConstraints(pattern=r"^[0-9A-Z]{1,18}$")]
EnvelopeKind = Literal["aes_cbc", "aes_gcm", "none"]
WirePath = Annotated[
    str, StringConstraints(pattern=r"^(/[A-Za-z0-9_~!$&'()*+,;=:@-][A-Za-z0-9._~!$&'()*+,;=:@-]*)+$", max_length=200)
]
"""path below an address; no query, no empty part, and no part that begins with a dot"""
CallsAtOnce = Annotated[int, Field(ge=1, le=1000)]
CallsASecond = Annotated[float, Field(gt=0, le=1000)]
MemberName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,49}$")]


class WireEntry(FrozenModel):
    """Address of an institution on the I4C wire. Keys are base64 of 32 bytes."""

    kind: Literal["i4c"] = "i4c"
    base_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=300)]
    email: str
    password: SecretStr
    envelope: EnvelopeKind = "aes_cbc"
    aes_key: SecretStr | None = None
    hmac_key: SecretStr | None = None
    balance_includes_liens: bool = True
    """whether `root_effective_balance` in its answers includes money on hold"""
    login_path: WirePath | None = None
    """path of its login below `base_url`; None: `/login`"""
    report_path: WirePath | None = None
    """path of its fraud report below `base_url`; None: `/transaction-fraud`"""
    ciphertext_member: MemberName | None = None
    """member of a JSON object that holds the base64 of the envelope; None: the body is the base64 itself"""

    @model_validator(mode="after")
    def _a_member_holds_an_envelope(self) -> Self:
        if self.ciphertext_member is not None and self.envelope == "none":
            raise ValueError("ciphertext_member needs an envelope")
        return self


class Iso20022Entry(FrozenModel):
    """ISO 20022 files for an institution: the BIC for the messages; the folder below the spool has its code."""

    kind: Literal["iso20022"] = "iso20022"
    bic: Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?$")]
    business_header: bool = False
    """whether a business application header (head.001) precedes our messages to it"""


class PushEntry(FrozenModel):
    """Webhook of an institution. Secrets are `whsec_…`, the newest first, two during a change."""

    kind: Literal["push"] = "push"
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=300)]
    secrets: Annotated[
        tuple[Annotated[SecretStr, AfterValidator(check_secret)], ...], Field(min_length=1, max_length=2)
    ]


class InboundEntry(FrozenModel):
    """The institution's own login at our API."""

    email: Annotated[str, StringConstraints(min_length=3, max_length=200)]
    password: SecretStr


class InstitutionEntry(FrozenModel):
    """One institution in a directory file."""

    code: Code
    name: Annotated[str, StringConstraints(min_length=1, max_length=200), Storable]
    kind: InstitutionKind = InstitutionKind.BANK
    ifsc_prefixes: Annotated[tuple[ShortText, ...], Field(max_length=100)] = ()
    vpa_handles: Annotated[tuple[ShortText, ...], Field(max_length=100)] = ()
    aliases: Annotated[tuple[ShortText, ...], Field(max_length=100)] = ()
    sponsor: Code | None = None
    """bank whose codes it uses, and which is asked instead while it has no channel of its own"""
    account_prefixes: Annotated[tuple[AccountPrefix, ...], Field(max_length=100)] = ()
    """prefixes of its accounts among those under the sponsor's own IFSC"""
    answer_class: AnswerClass = AnswerClass.MAIL
    wire: WireEntry | None = None
    pull: bool = False
    """whether it fetches its hold requests from our feed"""
    push: PushEntry | None = None
    iso20022: Iso20022Entry | None = None
    channels: Annotated[tuple[ChannelKind, ...], Field(max_length=len(ChannelKind))] = ()
    """order in which its channels are tried; empty: the channels it has, in the order of `ChannelKind`"""
    inbound: InboundEntry | None = None
    desk_email: ShortText = ""
    nodal_officers: Annotated[tuple[NodalOfficer, ...], Field(max_length=20)] = ()
    """in the order of calling"""
    signature_only_from: UtcDatetime | None = None
    """time from which a token does not open the feed to it; None: the time that it has stays"""
    calls_at_once: CallsAtOnce | None = None
    """most calls of ours to it at a time; None: no limit of its own"""
    calls_a_second: CallsASecond | None = None
    """most calls of ours to it in a second; None: no limit of its own"""
    answers_by_two: bool = False
    """whether a reply in its inbox needs two of its people; a hold alone needs one"""

    @model_validator(mode="after")
    def _accounts_are_at_a_sponsor(self) -> Self:
        if self.sponsor == self.code:
            raise ValueError("an institution is not its own sponsor")
        if self.account_prefixes and self.sponsor is None:
            raise ValueError("account_prefixes are for a bank under a sponsor")
        return self

    @model_validator(mode="after")
    def _channels_are_its_own(self) -> Self:
        lacking = [kind.value for kind in self.channels if not self._has(kind)]
        if lacking:
            raise ValueError(f"channels names {', '.join(lacking)}, for which the entry has no settings")
        if len(set(self.channels)) < len(self.channels):
            raise ValueError("channels names a channel twice")
        return self

    def in_order(self) -> tuple[ChannelKind, ...]:
        """Return its channels, the best first."""
        return self.channels or tuple(kind for kind in ChannelKind if self._has(kind))

    def entry_of(self, kind: ChannelKind) -> "WireEntry | PushEntry | Iso20022Entry | None":
        """Return the settings of one channel, or None if it has none."""
        entries = {ChannelKind.I4C: self.wire, ChannelKind.PUSH: self.push, ChannelKind.ISO20022: self.iso20022}
        return entries.get(kind)

    def _has(self, kind: ChannelKind) -> bool:
        if kind is ChannelKind.EMAIL:
            return bool(self.desk_email)
        return self.pull if kind is ChannelKind.PULL else self.entry_of(kind) is not None


class InstitutionFields(FrozenModel):
    """Fields of an institution that hold no secret. What is None stays."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200), Storable] | None = None
    desk_email: ShortText | None = None
    answer_class: AnswerClass | None = None
    sponsor: Code | None = None
    ifsc_prefixes: Annotated[tuple[ShortText, ...], Field(max_length=100)] | None = None
    vpa_handles: Annotated[tuple[ShortText, ...], Field(max_length=100)] | None = None
    aliases: Annotated[tuple[ShortText, ...], Field(max_length=100)] | None = None
    account_prefixes: Annotated[tuple[AccountPrefix, ...], Field(max_length=100)] | None = None
    channels: Annotated[tuple[ChannelKind, ...], Field(max_length=len(ChannelKind))] | None = None
    """order in which its channels are tried; a channel that is left out loses its credentials"""
    calls_at_once: CallsAtOnce | None = None
    calls_a_second: CallsASecond | None = None
    signature_only_from: UtcDatetime | None = None
    answers_by_two: bool | None = None


class Institution(FrozenModel):
    """Institution as the engine sees it, without secrets."""

    code: str
    name: str
    kind: InstitutionKind
    ifsc_prefixes: tuple[str, ...]
    vpa_handles: tuple[str, ...]
    aliases: tuple[str, ...]
    answer_class: AnswerClass
    channels: tuple[ChannelKind, ...]
    """the best first"""
    desk_email: str
    nodal_officers: tuple[NodalOfficer, ...] = ()
    """in the order of calling"""
    closed_days: frozenset[date] = frozenset()
    """dates of holidays, its own and those of all institutions"""
    sponsor: str | None = None
    account_prefixes: tuple[str, ...] = ()
    signature_only_from: UtcDatetime | None = None
    """time from which a token does not open the feed to it; None: a token is enough"""
    calls_at_once: int | None = None
    """most calls of ours to it at a time; None: no limit of its own"""
    calls_a_second: float | None = None
    """most calls of ours to it in a second; None: no limit of its own"""
    answers_by_two: bool = False
    """whether a reply in its inbox needs two of its people"""
    login_no: int = 0
    """number of its login at our API, one higher with each change; a token names the one that it was made by"""

    def signs_only(self, moment: datetime) -> bool:
        """Return whether the institution is known by its key alone at `moment`."""
        return self.signature_only_from is not None and self.signature_only_from <= moment


class DirectoryItem(FrozenModel):
    """Institution as an officer sees one."""

    code: str
    name: str
    kind: InstitutionKind
    answer_class: AnswerClass
    channels: tuple[ChannelKind, ...]
    """the best first"""
    sponsor: str | None
    desk_email: str
    signature_only_from: UtcDatetime | None
    nodal_officers: tuple[OfficerToCall, ...]
    """those on duty first"""


class DirectoryPage(FrozenModel):
    """Institutions by code."""

    items: tuple[DirectoryItem, ...]
    next: str | None
    key_requests: tuple[KeyRequestView, ...] = ()
    """changes of keys that banks have asked for; on the first page of all banks only"""


class PersonState(StrEnum):
    """State of a person's login."""

    INVITED = "invited"
    """has a code, or gets one, and has set no password yet"""
    ACTIVE = "active"
    ENDED = "ended"


class BankPerson(FrozenModel):
    """A person of a bank."""

    person_id: UUID
    institution: str
    email: str = Field(repr=False)
    name: str = Field(repr=False)
    designation: str
    state: PersonState
    added_at: UtcDatetime
    ended_at: UtcDatetime | None
    did_not_ask: bool = False
    """whether the person has ended the login with its code, without having asked for it"""
    told_at: UtcDatetime | None
    """when the newest code was sent; None while it is due, or could not be sent"""
    is_due: bool
    """whether a code is still to be sent"""
    last_sign_in_at: UtcDatetime | None
    confirmed_at: UtcDatetime | None
    """when two admins confirmed that this person is another one than the bank's other people; None: not confirmed"""


class Lack(StrEnum):
    """Something without which an institution cannot answer, or cannot get our letters."""

    LOGIN = "login"
    """The I4C wire needs a login at our API."""
    LOGIN_OR_KEY = "login_or_key"
    """Our API needs a login, or a key for signed requests."""
    EMAIL = "email"
    """Neither its desk nor an officer has an e-mail address."""


class ChannelStanding(FrozenModel):
    """A channel of an institution, with the state of its circuit breaker."""

    channel: ChannelKind
    state: ChannelState
    failures: int
    """failed deliveries in a row"""
    silences: int
    """unanswered requests in a row"""
    probe_at: UtcDatetime | None
    """when a channel that is not used is tried again"""


class KeyView(FrozenModel):
    """A public key of an institution."""

    key_id: KeyId
    fingerprint: str
    """SHA-256 of the key, for two people to compare by telephone"""
    not_before: UtcDatetime
    not_after: UtcDatetime | None
    is_live: bool
    last_used_at: UtcDatetime | None
    """among the bank's newest thousand requests"""


class LoginView(FrozenModel):
    """The login of an institution at our API, without the password."""

    email: str
    last_used_at: UtcDatetime | None


class InstitutionDetails(FrozenModel):
    """Everything that the directory has of an institution, without a secret."""

    item: DirectoryItem
    ifsc_prefixes: tuple[str, ...]
    vpa_handles: tuple[str, ...]
    aliases: tuple[str, ...]
    account_prefixes: tuple[str, ...]
    calls_at_once: int | None
    calls_a_second: float | None
    answers_by_two: bool
    """whether a reply in its inbox needs two of its people"""
    channels: tuple[ChannelStanding, ...]
    """in the order in which they are tried"""
    roster: tuple[NodalOfficer, ...]
    """in the order of calling, with shifts and leaves"""
    keys: tuple[KeyView, ...]
    """the oldest first, with those that have ended"""
    key_requests: tuple[KeyRequestView, ...]
    """changes of keys that it has asked for; call it at a number of this directory before one is confirmed"""
    login: LoginView | None
    people: tuple[BankPerson, ...]
    """its people with logins of their own in the inbox, also those that ended lately"""
    lacks: tuple[Lack, ...]
    """what it lacks to answer us, or to get our letters"""
    updated_at: UtcDatetime
