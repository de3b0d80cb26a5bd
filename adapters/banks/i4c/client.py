"""The client of the I4C wire, and its tokens."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Final, Self

import orjson

from adapters.banks.answers import JsonObject
from adapters.banks.envelope import EnvelopeError, Sealed, seal
from adapters.banks.i4c.values import IDEMPOTENCY_HEADER, encode_fraud_report
from adapters.banks.posting import Poster, Reply
from adapters.banks.protocol import (
    BankLoginFailed,
    BankMisconfigured,
    BankProtocolError,
    BankRefused,
    BankUnreachable,
    BankWire,
    Delivery,
    HoldTicket,
    transcribed,
)
from adapters.transcript import Transcript
from schemas.enums import ChannelKind

EXPIRY_MARGIN_SECONDS: Final = 30.0
"""Time before its end at which a token is replaced, so that it does not expire during a call …"""
EXPIRY_MARGIN_SHARE: Final = 0.2
"""… but at most this share of its lifetime, for banks with short-lived tokens."""


@dataclass(frozen=True, slots=True)
class Token:
    """Bearer token as a bank issued it."""

    value: str = field(repr=False)
    expires_in_seconds: float


Login = Callable[[BankWire], Awaitable[Token]]


@dataclass(frozen=True, slots=True)
class _Held:
    bank: BankWire
    value: str = field(repr=False)
    good_until: float


class TokenCache:
    """Keeps the token of each bank and runs only one login per bank at a time."""

    def __init__(self, login: Login, clock: Callable[[], float] = time.monotonic) -> None:
        """Use `login` to get a new token from a bank, and `clock`, a monotonic count of seconds."""
        self._login = login
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._logins: dict[BankWire, asyncio.Task[str]] = {}

    async def token(self, bank: BankWire) -> str:
        """Return a valid token for `bank`, and log in if there is none.

        All callers during a login wait for it and share its result or exception, because a bank that refuses us must
        not be asked fifty times. A cancelled caller does not stop the login for the others.
        """
        held = self._held.get(bank.code)
        # Other credentials or another address in the directory need another login.
        if held is not None and held.bank == bank and self._clock() < held.good_until:
            return held.value
        running = self._logins.get(bank)
        if running is None:
            running = asyncio.create_task(self._log_in(bank))
            self._logins[bank] = running
            running.add_done_callback(lambda task: self._done(bank, task))
        return await asyncio.shield(running)

    def drop(self, bank: BankWire, value: str) -> None:
        """Forget `value`, which the bank refused, unless a newer token has replaced it."""
        held = self._held.get(bank.code)
        if held is not None and held.value == value:
            del self._held[bank.code]

    async def close(self) -> None:
        """Stop the logins in progress; their waiting callers are cancelled."""
        running = list(self._logins.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _log_in(self, bank: BankWire) -> str:
        asked_at = self._clock()
        token = await self._login(bank)
        margin = min(EXPIRY_MARGIN_SECONDS, token.expires_in_seconds * EXPIRY_MARGIN_SHARE)
        self._held[bank.code] = _Held(bank, token.value, asked_at + token.expires_in_seconds - margin)
        return token.value

    def _done(self, bank: BankWire, task: asyncio.Task[str]) -> None:
        del self._logins[bank]
        if not task.cancelled():
            # Reads the exception, because the event loop reports one that no caller has read.
            task.exception()


CONNECT_TIMEOUT_SECONDS: Final = 3.0
LOGIN_TIMEOUT_SECONDS: Final = 10.0
TOKEN_MAX_CHARS: Final = 4096
TOKEN_LIFE_DEFAULT_SECONDS: Final = 300.0
"""For a bank that does not give the lifetime of its token."""
TOKEN_LIFE_MAX_SECONDS: Final = 86_400.0
JOB_ID_MAX_CHARS: Final = 100
RESPONSE_CODE_MAX_CHARS: Final = 20
MESSAGE_MAX_CHARS: Final = 500

RESPONSE_OK: Final = "00"

_RETRY_LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


class I4cAdapter:
    """The I4C wire as a `BankAdapter`. A process has one instance, because it shares connections and logins."""

    def __init__(
        self,
        *,
        allow_plain_http: bool = False,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
        login_timeout_seconds: float = LOGIN_TIMEOUT_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Allow http beyond loopback with `allow_plain_http`. `tls` replaces the system's trusted certificates."""
        self._poster = Poster(
            connect_timeout_seconds=connect_timeout_seconds, allow_plain_http=allow_plain_http, tls=tls
        )
        self._login_timeout_seconds = login_timeout_seconds
        self._tokens = TokenCache(self._log_in)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop logins in progress and close every connection."""
        await self._tokens.close()
        await self._poster.close()

    async def send_hold_request(self, bank: BankWire, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        """Send `ticket` to `bank`; see `BankAdapter.send_hold_request`."""
        report = report_of(ticket)
        with transcribed(ChannelKind.I4C) as transcript:
            try:
                async with asyncio.timeout(timeout_seconds):
                    reply = await self._post_logged_in(bank, ticket, report, transcript)
            except TimeoutError:
                raise BankUnreachable(bank.code, f"no reply within {timeout_seconds:g} s") from None
            return Delivery(_job_id(bank, ticket, reply), transcript.exchanges)

    async def ask_payers_bank(self, bank: BankWire, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        """Send the same fraud report to the bank that was debited; see `PayerAsker.ask_payers_bank`."""
        return await self.send_hold_request(bank, ticket, timeout_seconds=timeout_seconds)

    async def log_in(self, bank: BankWire) -> None:
        """Get a token of `bank` in advance, so that the next ticket does not wait for one.

        Raises the errors of sending.
        """
        await self._tokens.token(bank)

    async def _post_logged_in(self, bank: BankWire, ticket: HoldTicket, report: bytes, transcript: Transcript) -> Reply:
        """Post the ticket, and once more with a new token if the bank answers 401.

        Every sending has an envelope of its own, because an initialisation vector is used once.
        """
        afresh = partial(_sealed, bank, report)
        content = None if bank.envelope == "none" else report
        for _ in range(2):
            sealed = afresh()
            token = await self._tokens.token(bank)
            headers = {
                **sealed.headers,
                IDEMPOTENCY_HEADER: str(ticket.request_id),
                "Authorization": f"Bearer {token}",
            }
            reply = await self._poster.post(bank, bank.report_path, sealed.body, headers, transcript, content, afresh)
            if reply.status != HTTPStatus.UNAUTHORIZED:
                return reply
            self._tokens.drop(bank, token)
        # The login succeeded. A bank that keeps one token per login replaced ours for another process of ours.
        raise BankUnreachable(bank.code, "HTTP 401 with a new token")

    async def _log_in(self, bank: BankWire) -> Token:
        """Return a new token from the bank within the login time limit, because many calls may wait for it."""
        body = orjson.dumps({"email": bank.email, "password": bank.password})
        try:
            async with asyncio.timeout(self._login_timeout_seconds):
                reply = await self._poster.post(bank, bank.login_path, body, {"Content-Type": "application/json"})
        except TimeoutError:
            raise BankUnreachable(bank.code, f"no login within {self._login_timeout_seconds:g} s") from None
        _check_reachable(bank, reply)
        meta, data = _meta_and_data(reply)
        code = _text(meta.get("response_code"), RESPONSE_CODE_MAX_CHARS)
        if not _is_success(reply) or code not in {RESPONSE_OK, ""}:
            raise BankLoginFailed(bank.code, f"HTTP {reply.status}, response code {code or 'none'}")
        token = data.get("token")
        # The token goes into a header, so it may hold only visible ASCII.
        if not isinstance(token, str) or not 0 < len(token) <= TOKEN_MAX_CHARS or not _is_visible(token):
            raise BankProtocolError(bank.code, "the login's reply holds no token")
        return Token(token, _token_life(data.get("expires_in")))


def report_of(ticket: HoldTicket) -> bytes:
    """Return the report of a ticket: the one that went out before under its key, or a new one."""
    return ticket.report_before or encode_fraud_report(ticket)


def _sealed(bank: BankWire, report: bytes) -> Sealed:
    """Return the report in a new envelope. Raises BankMisconfigured if the bank's key cannot be used."""
    try:
        return seal(report, bank)
    except EnvelopeError as error:
        raise BankMisconfigured(bank.code, error.reason) from None


def _job_id(bank: BankWire, ticket: HoldTicket, reply: Reply) -> str:
    """Return the job id under which the bank has the ticket, or raise the error that the reply means."""
    _check_reachable(bank, reply)
    meta, data = _meta_and_data(reply)
    code = _text(meta.get("response_code"), RESPONSE_CODE_MAX_CHARS)
    if not _is_success(reply) or code not in {RESPONSE_OK, ""}:
        refusal = code if code not in {RESPONSE_OK, ""} else f"HTTP-{reply.status}"
        raise BankRefused(bank.code, refusal, _text(meta.get("response_message"), MESSAGE_MAX_CHARS))
    if not code:
        raise BankProtocolError(bank.code, "the reply holds no response_code")
    job_id = _text(data.get("job_id"), JOB_ID_MAX_CHARS + 1)
    if not 0 < len(job_id) <= JOB_ID_MAX_CHARS:
        raise BankProtocolError(bank.code, "the reply holds no job_id")
    if _text(data.get("acknowledgement_no"), JOB_ID_MAX_CHARS) not in {ticket.ack_no, ""}:
        raise BankProtocolError(bank.code, "the reply is about another acknowledgement number")
    return job_id


def _check_reachable(bank: BankWire, reply: Reply) -> None:
    """Raise BankUnreachable for a status that means "not now"."""
    if reply.status in _RETRY_LATER or reply.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise BankUnreachable(bank.code, f"HTTP {reply.status}", reply.retry_after_seconds)


def _is_success(reply: Reply) -> bool:
    return HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES


def _meta_and_data(reply: Reply) -> tuple[JsonObject, JsonObject]:
    """Return `meta` and `data` of a reply; each is empty if the reply has another shape."""
    try:
        document = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return {}, {}
    if not isinstance(document, dict):
        return {}, {}
    meta, data = document.get("meta"), document.get("data")
    return (meta if isinstance(meta, dict) else {}), (data if isinstance(data, dict) else {})


def _text(value: object, max_chars: int) -> str:
    """Return a text or whole number as storable text, cut; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).replace("\0", "\ufffd").strip()[:max_chars]


def _is_visible(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token


def _token_life(value: object) -> float:
    """Return the lifetime of a token in seconds from `expires_in`, a number or text with a number."""
    try:
        seconds = float(value) if isinstance(value, str | int | float) else TOKEN_LIFE_DEFAULT_SECONDS
    except ValueError:
        seconds = TOKEN_LIFE_DEFAULT_SECONDS
    # The comparison is also false for NaN.
    return min(seconds, TOKEN_LIFE_MAX_SECONDS) if seconds > 0 else 0.0
