"""Sign-in of officers, their sessions, the sign-in log, and the log of refused acts."""

from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, SecretStr, StringConstraints, model_validator

from schemas.base import FrozenModel, Note, Storable, UtcDatetime
from schemas.enums import Role

NAME_MAX_CHARS = 64
PASSWORD_MAX_CHARS = 200
CODE_MAX_CHARS = 40


class SignInWay(StrEnum):
    """Way in which an officer signed in, or set the credentials."""

    CODE = "code"
    """the password and a code of the authenticator"""
    RECOVERY_CODE = "recovery_code"
    """the password and a recovery code"""
    LINK = "link"
    """a link that is good once"""
    PROVIDER = "provider"
    """another system that officers sign in to"""


class SignInOutcome(StrEnum):
    """Outcome of a try to sign in."""

    SIGNED_IN = "signed_in"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - an outcome
    WRONG_CODE = "wrong_code"
    CODE_USED = "code_used"
    """the code was right, and was used before"""
    TOO_MANY_CODES = "too_many_codes"
    """the password was right, after too many wrong codes"""
    NO_CREDENTIALS = "no_credentials"
    """the officer has not set a password yet; by a provider: it named another person of this name before"""
    DISABLED = "disabled"
    UNKNOWN_NAME = "unknown_name"
    CREDENTIALS_SET = "credentials_set"
    """the officer set a password and an authenticator by a link"""
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 - an outcome
    PROVED = "proved"
    """the officer gave a code in an open session, before an act that needs one"""


class SessionEnd(StrEnum):
    """Reason for which a session was ended before its time."""

    SIGNED_OUT = "signed_out"
    ENDED_BY_OFFICER = "ended_by_officer"
    """in the list of the officer's own sessions"""
    ENDED_BY_ADMIN = "ended_by_admin"
    SIGNED_IN_AGAIN = "signed_in_again"
    TOO_MANY = "too_many"
    CREDENTIALS_CHANGED = "credentials_changed"
    DISABLED = "disabled"


Typed = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_MAX_CHARS), Storable]
TypedCode = Annotated[str, StringConstraints(max_length=CODE_MAX_CHARS), Storable]


class SecondFactor(FrozenModel):
    """A code of the authenticator or a recovery code."""

    code: TypedCode = ""
    recovery_code: TypedCode = ""

    @model_validator(mode="after")
    def _one_second_factor(self) -> Self:
        if bool(self.code) == bool(self.recovery_code):
            raise ValueError("give code or recovery_code")
        return self


class Proof(SecondFactor):
    """A password, and a code of the authenticator or a recovery code."""

    password: Annotated[SecretStr, Field(max_length=PASSWORD_MAX_CHARS)]


class SessionProof(FrozenModel):
    """Until when the session counts as just proved."""

    proved_until: UtcDatetime


class SignIn(Proof):
    """Sign-in of an officer."""

    officer_id: Typed


class PasswordChange(Proof):
    """Change of the caller's own password. The officer signs in again with the new one."""

    new_password: Annotated[SecretStr, Field(max_length=2 * PASSWORD_MAX_CHARS)]


class OpenSession(FrozenModel):
    """The caller's own session."""

    session_id: UUID
    officer_id: str
    name: str
    roles: tuple[Role, ...]
    """the roles that the officer has now, in the order of the table of roles"""
    actions: tuple[str, ...]
    """what these roles may do, as the table of roles names it; pages show no verb that would be refused"""
    began_at: UtcDatetime
    ends_at: UtcDatetime
    proved_until: UtcDatetime
    """until when acts that need a fresh proof are taken; afterwards a code proves the session again"""
    way: SignInWay
    """how it began; an officer of an identity provider has no code, and signs in again for a fresh proof"""
    csrf_token: str
    """sent back in the header `X-CSRF-Token` of every request that changes something"""
    is_drill: bool
    """whether this is a place to practise: its clock runs faster, so its complaints and banks are invented"""


class SessionView(FrozenModel):
    """A session in the list of an officer's sessions."""

    session_id: UUID
    began_at: UtcDatetime
    last_seen_at: UtcDatetime
    ends_at: UtcDatetime
    address: str
    browser: str
    way: SignInWay
    current: bool
    """whether the list was read in this session"""


class SessionList(FrozenModel):
    """The open sessions of an officer, the newest first."""

    items: tuple[SessionView, ...]


class EndSessions(FrozenModel):
    """End the sessions of an officer, who reads the reason."""

    reason: Note


class SessionsEnded(FrozenModel):
    """Number of sessions that were ended."""

    ended: int


class SignInEntry(FrozenModel):
    """A line of the sign-in log."""

    entry_id: int
    at: UtcDatetime
    officer_id: str | None
    """None for a try with a name that no officer has"""
    address: str
    way: SignInWay
    outcome: SignInOutcome
    session_id: UUID | None


class SignInPage(FrozenModel):
    """A page of the sign-in log, the newest first."""

    items: tuple[SignInEntry, ...]
    next: str | None


class NewRefusedAct(FrozenModel):
    """An act that was refused, before it is written."""

    caller: str | None
    """`officer:<id>`, `script:<name>` or `bank:<code>`; None for the login of an e-mail that no bank has"""
    is_proven: bool
    """whether the credential was genuine, even if it was over; else anybody may have named this caller"""
    session_id: UUID | None
    token_id: int | None
    method: str
    route: str
    """the template of the route; a hyphen without one, an asterisk for the further lines of a caller in a minute"""
    status: int
    code: str
    """the code of the problem"""
    address: str


class RefusedAct(NewRefusedAct):
    """A line of the log: an act of a caller, and how often it was refused in a minute."""

    act_id: int
    at: UtcDatetime
    times: int


class RefusedActPage(FrozenModel):
    """A page of the log of refused acts, the newest first."""

    items: tuple[RefusedAct, ...]
    next: str | None
