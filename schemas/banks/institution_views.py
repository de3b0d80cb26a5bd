"""One institution of the directory with everything that an administrator looks at."""

from enum import StrEnum

from schemas.banks.institutions import DirectoryItem
from schemas.banks.keys import KeyId, KeyRequestView
from schemas.banks.people import BankPerson
from schemas.banks.rosters import NodalOfficer
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ChannelKind, ChannelState


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
