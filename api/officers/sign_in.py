"""The door for officers who sign in: limits on tries, and one answer for every try that fails.

Tries are counted by officer and address. A stranger who tries an officer's name from any number of addresses cannot
lock the officer out: an address that the officer has signed in from has a bucket of its own, and from any other
address a right code gets a try even when the strangers' bucket is empty. Such a code is used up before the password is
looked at.
"""

import math
from datetime import UTC, datetime
from typing import Final

from starlette.types import Scope

from activities.context import Context
from activities.officers.sign_in import Begun, SignInChecks, TooManyWaiting, judge_password
from activities.secrets import Keys
from adapters.officers.identity_provider import ProvenPerson
from api.problems import INVALID, NOT_LOGGED_IN, TOO_MANY, Refused, Violation
from api.throttle import Throttle, at_least
from db.officers.credentials import Credentials
from db.officers.sessions import LiveSession
from domain.errors.officers import ProofRefused
from domain.policy.callers import TryName
from schemas.officers.officers import folded
from schemas.officers.sign_in import PasswordChange, Proof, SecondFactor, SignIn, SignInOutcome, SignInWay

ANSWERS_AFTER_SECONDS: Final = 0.3
"""least time of an answer, so that its duration does not show whether a name is known"""
NO_SIGN_IN: Final = (
    "the name, the password or the code is wrong, or the code was used before, or there were too many wrong codes"
)
CODE_USED: Final = "this code was used already, to set the authenticator or to sign in: wait for the next one"
NEVER_STATED: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""time of a proof whose time the provider does not state: it is never new enough"""
_UNKNOWN_NAMES: Final = "names that no officer has"


class CodeWasUsed(Refused):
    """Name and password are right, and the code is one that was used: the next one is needed."""


class SignInDoor:
    """Signs officers in."""

    def __init__(self, ctx: Context, keys: Keys) -> None:
        self._checks = SignInChecks(ctx, keys)
        self._of_address = Throttle(ctx, keys, TryName.SIGN_IN_ADDRESSES)
        self._of_both = Throttle(ctx, keys, TryName.SIGN_INS)
        self._of_strangers = Throttle(ctx, keys, TryName.SIGN_IN_STRANGERS)
        self._codes = Throttle(ctx, keys, TryName.SIGN_IN_CODES)

    async def sign_in(self, asked: SignIn, address: str, browser: str, scope: Scope) -> Begun:
        """Begin a session. Raises `Refused`, with one answer for every reason, or with the time to wait.

        `scope` is the one of the request, which leaves its place while it waits.
        """
        async with at_least(ANSWERS_AFTER_SECONDS, scope):
            name = folded(asked.officer_id)
            credentials = await self._proven(asked, name, address)
            if credentials is not None and credentials.officer_id is not None:
                await self._checks.renew_hash(credentials, asked.password)
                begun = await self._checks.begin(credentials.officer_id, address, browser, _way(asked))
                if begun is not None:
                    return begun
                await self._checks.note(credentials, name, address, _way(asked), SignInOutcome.DISABLED)
        raise Refused(NOT_LOGGED_IN, NO_SIGN_IN)

    async def by_provider(self, person: ProvenPerson, issuer: str, address: str, browser: str) -> Begun:
        """Begin a session of an officer whom the identity provider names. Raises `Refused`.

        The name may be given to another person. So the provider's own name for the person must be that of the first
        sign-in.
        """
        name, way = folded(person.name), SignInWay.PROVIDER
        await self._of_address.take(address)
        credentials = await self._checks.known(name, address)
        outcome = SignInOutcome.UNKNOWN_NAME
        if credentials.officer_id is not None:
            if credentials.is_disabled or await self._checks.is_person(credentials, issuer, person.subject):
                proved_at = person.proved_at or NEVER_STATED
                begun = await self._checks.begin(credentials.officer_id, address, browser, way, proved_at)
                if begun is not None:
                    return begun
                outcome = SignInOutcome.DISABLED
            else:
                outcome = SignInOutcome.NO_CREDENTIALS
        await self._checks.note(credentials, name, address, way, outcome)
        raise Refused(NOT_LOGGED_IN, NO_SIGN_IN)

    async def change_password(self, asked: PasswordChange, officer_id: str, address: str, scope: Scope) -> None:
        """Set a new password of the officer, which ends every session. Raises `Refused` as `sign_in` does.

        Only who gave a good proof gets the new password judged.
        """
        async with at_least(ANSWERS_AFTER_SECONDS, scope):
            credentials = await self._proven(asked, officer_id, address)
            if credentials is not None:
                if fault := await judge_password(asked.new_password, officer_id):
                    raise refused_password(fault)
                if await self._checks.change_password(credentials, asked.new_password, address, _way(asked)):
                    return
        raise Refused(NOT_LOGGED_IN, NO_SIGN_IN)

    async def prove(self, asked: SecondFactor, session: LiveSession, address: str, scope: Scope) -> datetime | None:
        """Use up a code of the officer of a session; return when.

        Return None if the session has ended. Raises `ProofRefused`, with one answer for every reason.
        """
        officer_id = session.officer_id
        async with at_least(ANSWERS_AFTER_SECONDS, scope):
            credentials = await self._checks.known(officer_id, address)
            outcome = await self._use_counted(asked, credentials, officer_id, address)
            if outcome is SignInOutcome.SIGNED_IN:
                return await self._checks.prove(session, address, _way(asked))
            await self._checks.note(credentials, officer_id, address, _way(asked), outcome)
        raise ProofRefused

    async def _proven(self, asked: Proof, name: str, address: str) -> Credentials | None:
        """Count a try. Return the officer if the proof is good; else write the log and return None."""
        await self._of_address.take(address)
        await self._of_both.take(f"{name}\0{address}")
        credentials = await self._checks.known(name, address)
        code_outcome = await self._as_stranger(asked, credentials, name)
        outcome = await self._outcome(asked, credentials, name, address, code_outcome)
        if outcome is SignInOutcome.SIGNED_IN:
            return credentials
        if credentials.officer_id is not None or not await self._of_strangers.wait_seconds(_UNKNOWN_NAMES):
            # Invented names fill the log no faster than one officer's name does.
            await self._checks.note(credentials, name, address, _way(asked), outcome)
        if code_outcome is not None:
            # The same answer as for a wrong code, or a stranger would learn that the code was right.
            raise _come_back(await self._of_strangers.wait_seconds(name))
        if outcome is SignInOutcome.CODE_USED:
            # Only a right password leads here, so this tells a stranger nothing.
            raise CodeWasUsed(NOT_LOGGED_IN, CODE_USED)
        return None

    async def _as_stranger(self, asked: Proof, credentials: Credentials, name: str) -> SignInOutcome | None:
        """Count a try from an address that the officer never signed in from.

        Return the outcome of the code if the strangers' bucket is empty, and None if the code is still to be looked
        at. Raises `Refused` unless that code is good.
        """
        if credentials.knows_address:
            return None
        wait_seconds = await self._of_strangers.wait_seconds(name)
        if not wait_seconds:
            return None
        if await self._use(asked, credentials) is not SignInOutcome.SIGNED_IN:
            raise _come_back(wait_seconds)
        return SignInOutcome.SIGNED_IN

    async def _outcome(
        self, asked: Proof, credentials: Credentials, name: str, address: str, code_outcome: SignInOutcome | None
    ) -> SignInOutcome:
        try:
            fits = await self._checks.password_fits(credentials, asked.password)
        except TooManyWaiting:
            raise _come_back(1) from None
        refused = _refused(credentials, fits=fits)
        if refused is not None:
            return refused
        if code_outcome is not None:
            return code_outcome
        return await self._use_counted(asked, credentials, name, address)

    async def _use_counted(
        self, asked: SecondFactor, credentials: Credentials, name: str, address: str
    ) -> SignInOutcome:
        """Use up a code, unless there were too many wrong ones.

        Only a person who knows the password or has a session comes here, so a stranger cannot empty the bucket.
        """
        bucket = f"{name}\0{address if credentials.knows_address else ''}"
        if await self._codes.wait_seconds(bucket):
            return SignInOutcome.TOO_MANY_CODES
        outcome = await self._use(asked, credentials)
        if outcome is SignInOutcome.SIGNED_IN:
            # Only wrong codes count. The try is taken before, so that guesses at the same time count too.
            await self._codes.give_back(bucket)
        return outcome

    async def _use(self, asked: SecondFactor, credentials: Credentials) -> SignInOutcome:
        if asked.recovery_code:
            return await self._checks.use_recovery_code(credentials, asked.recovery_code)
        return await self._checks.use_code(credentials, asked.code)


def _refused(credentials: Credentials, *, fits: bool) -> SignInOutcome | None:
    """Return why the officer may not come in whatever the code, or None."""
    if credentials.officer_id is None:
        return SignInOutcome.UNKNOWN_NAME
    if credentials.password_hash is None or credentials.sealed_secret is None:
        return SignInOutcome.NO_CREDENTIALS
    if not fits:
        return SignInOutcome.WRONG_PASSWORD
    return SignInOutcome.DISABLED if credentials.is_disabled else None


def _way(asked: SecondFactor) -> SignInWay:
    return SignInWay.RECOVERY_CODE if asked.recovery_code else SignInWay.CODE


def refused_password(fault: str) -> Refused:
    """Return the refusal of a new password for the code of its fault."""
    return Refused(INVALID, violations=[Violation("new_password", f"is {fault.replace('_', ' ')}", code=fault)])


def _come_back(wait_seconds: float) -> Refused:
    headers = {"Retry-After": str(math.ceil(wait_seconds) or 1)}
    return Refused(TOO_MANY, "please wait a moment and try again", headers=headers)
