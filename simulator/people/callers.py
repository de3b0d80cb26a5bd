"""People who call, and what they complain of."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Final, Protocol

import orjson
import pyotp

from simulator.clock import Clock, wall_clock
from simulator.net.http_client import Answer, HttpClient, HttpClientError
from simulator.world.cases import ComplaintPlan, ReportedTransfer
from simulator.world.world import AccountPlan

STEP_SECONDS: Final = 30
"""how long an authenticator shows a code"""
SESSION_PATH: Final = "/api/v1/session"
HTTP_CREATED: Final = 201
HTTP_UNAUTHORIZED: Final = 401
AGAIN_AFTER_WALL_SECONDS: Final = 5.0
"""pause after a sign-in that failed, so that a person does not lose all tries at once"""


class Caller(Protocol):
    """Caller of the API: how its requests say who sends them."""

    async def headers(self, line: HttpClient) -> Mapping[str, str]:
        """Return the headers of a request. Raises HttpClientError if the caller cannot get them."""

    def forget(self, sent: Mapping[str, str]) -> bool:
        """Forget headers that the API refused; return whether the caller can get new ones."""


@dataclass(frozen=True, slots=True)
class ScriptToken:
    """A script with a token."""

    token: str = field(repr=False)

    async def headers(self, _line: HttpClient) -> Mapping[str, str]:
        """Return the header with the token."""
        return {"authorization": f"Bearer {self.token}"}

    def forget(self, _sent: Mapping[str, str]) -> bool:
        """Return false, because there is no other token."""
        return False


@dataclass(slots=True)
class Person:
    """An officer with a password and an authenticator. One session serves all requests, until it ends."""

    officer_id: str
    password: str = field(repr=False)
    secret: str = field(repr=False)
    """of the authenticator, in base32"""
    session: Mapping[str, str] = field(default_factory=dict, repr=False)
    """headers of the session; empty while the person is not signed in"""
    districts: tuple[str, ...] = ()
    """districts that the person answers for"""
    _last_step: int = 0
    _failed_at: float = -AGAIN_AFTER_WALL_SECONDS
    _signing_in: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def headers(self, line: HttpClient) -> Mapping[str, str]:
        """Return the headers of the session, and sign in if there is none. Raises HttpClientError."""
        async with self._signing_in:
            if not self.session:
                self.session = await self._signed_in(line)
            return self.session

    def forget(self, sent: Mapping[str, str]) -> bool:
        """Forget a session that is over."""
        if self.session == sent:
            self.session = {}
        return True

    async def _signed_in(self, line: HttpClient) -> Mapping[str, str]:
        await asyncio.sleep(self._failed_at + AGAIN_AFTER_WALL_SECONDS - time.monotonic())
        answer = await self._typed(line)
        if answer.status == HTTP_UNAUTHORIZED:
            # Somebody may have used this code, as the same officer in a browser.
            answer = await self._typed(line)
        if answer.status != HTTP_CREATED:
            self._failed_at = time.monotonic()
            raise HttpClientError(f"{self.officer_id} cannot sign in: HTTP {answer.status}")
        cookie = answer.set_cookie.partition(";")[0]
        return {"cookie": cookie, "x-csrf-token": str(orjson.loads(answer.body)["csrf_token"])}

    async def _typed(self, line: HttpClient) -> Answer:
        typed = {"officer_id": self.officer_id, "password": self.password, "code": await self._code()}
        sent = {"content-type": "application/json"}
        return await line.request("POST", SESSION_PATH, headers=sent, body=orjson.dumps(typed))

    async def _code(self) -> str:
        """Return a code that was not typed before. Waits until its time."""
        now = wall_clock().timestamp()
        step = max(int(now) // STEP_SECONDS, self._last_step + 1)
        await asyncio.sleep(step * STEP_SECONDS - now)
        self._last_step = step
        return pyotp.TOTP(self.secret, interval=STEP_SECONDS).generate_otp(step)


@dataclass(frozen=True, slots=True)
class Staff:
    """The officers who work in a day. Without `desk` no officer is at the desk.

    Without `police` no money is restored.
    """

    desk: Caller | None = None
    police: Mapping[str, Sequence[Person]] = field(default_factory=dict)
    """by role, at least one for each of `simulator.people.restoration.ROLES`"""

    async def sign_in(self, line: HttpClient) -> None:
        """Sign every officer in, one after the other. Raises HttpClientError."""
        for caller in (self.desk, *chain.from_iterable(self.police.values())):
            if caller is not None:
                await caller.headers(line)


UTR_MODES = ("neft", "rtgs")
Json = dict[str, object]


@dataclass(slots=True)
class ComplaintRecord:
    """Progress of a complaint; monotonic times in ns, 0 for what has not happened yet."""

    plan: ComplaintPlan
    due_ns: int = 0
    """time at which the day's plan sends it"""
    sent_ns: int = 0
    """time of the attempt that was answered, or of the last one"""
    answered_ns: int = 0
    attempts: int = 0
    status: int | None = None
    ack_no: str = ""
    case_ack_no: str = ""
    joined: bool = False
    flags: int = 0


def complaint_body(plan: ComplaintPlan, clock: Clock) -> Json:
    """Return the body of `POST /api/v1/complaints`."""
    victim = plan.victim
    return {
        "channel": plan.channel,
        "category": plan.category,
        "victim": {
            "name": victim.name,
            "mobile": victim.mobile,
            "district": victim.district,
            "woman": victim.woman,
            "child": victim.child,
            "senior": victim.senior,
        },
        "transfers": [_transfer(reported, clock) for reported in plan.transfers],
    }


def reference_field(reported: ReportedTransfer) -> str:
    """Return the field name for the reference number of this payment mode."""
    return "utr" if reported.move.mode in UTR_MODES else "rrn"


def _transfer(reported: ReportedTransfer, clock: Clock) -> Json:
    payee = _party(reported.payee, reported.bank)
    if reported.vpa is not None:
        payee = {"institution": reported.bank, "vpa": reported.vpa}
    return {
        "payer": _party(reported.payer, reported.payer.key.bank),
        "payee": payee,
        "amount_paise": reported.move.amount_paise,
        reference_field(reported): reported.reference,
        "mode": reported.move.mode,
        "transferred_at": clock.instant(reported.move.at).isoformat(),
    }


def _party(account: AccountPlan, bank: str) -> Json:
    if not account.ifsc:
        return {"institution": bank, "wallet": account.key.number}
    reported: Json = {"institution": bank, "account": account.key.number}
    return reported | ({"ifsc": account.ifsc} if account.key.bank == bank else {})


def correction_body(reported: ReportedTransfer) -> Json:
    """Return the body of a correction of this transfer, with the correct values."""
    body: Json = {"reason": "read again from the victim's statement"}
    if reported.reference != reported.move.rrn:
        body[reference_field(reported)] = reported.move.rrn
    if reported.bank != reported.payee.key.bank:
        body["payee"] = _party(reported.payee, reported.payee.key.bank)
    return body
