"""Letters by SMTP: one encrypted, repeatable message to one recipient, with optional copies.

A repeated letter has the same Message-ID, by which mail servers and people recognise it. Errors hold no address and no
text of the letter, because they enter workflow histories and logs.
"""

import asyncio
import re
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from functools import partial
from ipaddress import ip_address
from secrets import token_hex
from typing import ClassVar, Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from adapters.clock import wall_clock
from adapters.transcript import Sending, Transcript, masked
from schemas.recovery.document_facts import PDF_MAX_BYTES

SUBJECT_MAX_CHARS: Final = 200
BODY_MAX_CHARS: Final = 100_000
ATTACHMENT_MAX_CHARS: Final = 1_000_000
ADDRESS_MAX_CHARS: Final = 254
TIMEOUT_SECONDS: Final = 20.0
QUIT_TIMEOUT_SECONDS: Final = 2.0
SUBMISSION_PORT: Final = 587
TLS_PORT: Final = 465

_PERMANENT_FIRST: Final = 500
# Pure ASCII in transit, because not every server accepts eight bits and Hindi must arrive.
_POLICY: Final = SMTP_POLICY.clone(cte_type="7bit")
# One plain ASCII address without display name, comment, list or line end.
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9._=+-]{1,120}(?:@[A-Za-z0-9.-]{1,100})?")


class MailError(Exception):
    """The letter was not sent."""

    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "") -> None:
        """Keep `detail`, which says what happened without any text of the letter."""
        text = (type(self).__doc__ or "").strip()
        super().__init__(f"{text} ({detail})" if detail else text)


class MailUnreachable(MailError):
    """The mail server cannot take the letter now; it may be sent again."""

    retryable = True


class MailRefused(MailError):
    """The mail server refuses the letter."""


class MailLoginFailed(MailError):
    """The mail server does not accept our login, or offers no encryption to protect it; sending is retried."""

    retryable = True


class LetterUnsendable(MailError):
    """The letter itself is not fit to send."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """Text file attached to a letter, of the type text/`subtype`."""

    name: str
    text: str = field(repr=False)
    subtype: str = "csv"


@dataclass(frozen=True, slots=True)
class PdfAttachment:
    """PDF file attached to a letter."""

    name: str
    pdf: bytes = field(repr=False)


def is_plain_address(text: str) -> bool:
    """Return whether `text` is one plain address to which letters are sent."""
    return len(text) <= ADDRESS_MAX_CHARS and _ADDRESS.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Mailer:
    """Mail route. Every letter opens its own connection, because letters are few."""

    host: str
    port: int
    sender: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    implicit_tls: bool = False
    timeout_seconds: float = TIMEOUT_SECONDS
    tls: ssl.SSLContext | None = None
    """replaces the system's trusted certificates"""

    @classmethod
    def from_url(cls, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS, tls: ssl.SSLContext | None = None) -> Self:
        """Return the route of `url`: smtp://USER:PASSWORD@HOST:PORT?from=ADDRESS, or smtps:// for implicit TLS.

        Ports default to 587 and 465. `from` defaults to the user if that is an address, else to goldenhour@HOST. Raises
        ValueError, which never repeats the URL.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ValueError("a mail route looks like smtp://USER:PASSWORD@HOST:PORT?from=ADDRESS")
        username = unquote(parts.username) if parts.username else None
        named = parse_qs(parts.query).get("from", [""])[0]
        by_user = username if username and _ADDRESS.fullmatch(username) else None
        sender = named or by_user or f"goldenhour@{_domain(parts.hostname)}"
        if not _ADDRESS.fullmatch(sender):
            raise ValueError("the mail route's from= is not an address")
        return cls(
            host=parts.hostname,
            port=parts.port or (TLS_PORT if parts.scheme == "smtps" else SUBMISSION_PORT),
            sender=sender,
            username=username,
            password=unquote(parts.password) if parts.password else None,
            implicit_tls=parts.scheme == "smtps",
            timeout_seconds=timeout_seconds,
            tls=tls,
        )

    async def send(
        self,
        to: str,
        subject: str,
        body_text: str,
        message_id: str,
        *,
        cc: Sequence[str] = (),
        attachments: Sequence[Attachment | PdfAttachment] = (),
        transcript: Transcript | None = None,
        secret: str = "",
    ) -> None:
        """Send one letter. It counts as sent if the server accepts it for any of `to` and `cc`.

        `transcript` records the letter with the `secret` in its text masked. `message_id` is the same for the same
        letter: KEY@DOMAIN, or KEY alone, to which the sender's domain is added (letters, digits and . _ = + -). Beyond
        loopback TLS is required, by STARTTLS or from the start. Raises MailUnreachable (may be repeated), MailRefused,
        MailLoginFailed or LetterUnsendable.
        """
        compose = partial(self._letter, to, subject, message_id, cc, attachments, wall_clock(), token_hex(16))
        letter, recipients = compose(body_text), [to, *cc]
        # The masked letter is equal in all but the secret, so it uses the same time and boundary.
        masked_letter = partial(compose, masked(body_text, secret)) if secret else None
        envelope = [("RCPT TO", f"<{address}>") for address in recipients]
        noted = Sending(f"MAIL FROM:<{self.sender}>", envelope, letter, masked_body=masked_letter)
        if transcript is not None:
            transcript.sends(noted)
        client = self._client()
        try:
            async with asyncio.timeout(self.timeout_seconds):
                await self._open(client)
                _, reply = await client.sendmail(self.sender, recipients, letter)
            _note_reply(noted, aiosmtplib.SMTPStatus.completed, reply)
        except aiosmtplib.SMTPAuthenticationError as error:
            raise MailLoginFailed(f"SMTP {error.code}") from None
        except aiosmtplib.SMTPResponseException as error:
            _note_reply(noted, error.code, error.message)
            raise _refusal(error.code) from None
        except aiosmtplib.SMTPRecipientsRefused as error:
            # A mailbox that refuses for now may accept the letter later, so the mildest refusal decides.
            least = min(error.recipients, key=lambda refused: refused.code)
            _note_reply(noted, least.code, least.message)
            raise _refusal(least.code) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailUnreachable(type(error).__name__) from None
        else:
            # The server has accepted the letter. A failed QUIT does not change that.
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit(timeout=QUIT_TIMEOUT_SECONDS)
        finally:
            client.close()

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self.host,
            port=self.port,
            local_hostname=_domain(self.sender.rpartition("@")[2]),
            timeout=self.timeout_seconds,
            use_tls=self.implicit_tls,
            start_tls=False,  # `_open` does it and reports a failure
            tls_context=self.tls or (_trusting_context() if _is_loopback(self.host) else None),
        )

    async def _open(self, client: aiosmtplib.SMTP) -> None:
        """Connect, encrypt and log in. Only a connection to this machine may stay unencrypted."""
        await client.connect()
        await client.ehlo()
        if not self.implicit_tls:
            if client.supports_extension("starttls"):
                await client.starttls()
                await client.ehlo()  # the reply before encryption is void (RFC 3207, 4.2)
            elif not _is_loopback(self.host):
                raise MailLoginFailed("no STARTTLS is offered")
        if self.username is not None:
            if not client.supported_auth_methods:
                raise MailLoginFailed("no login method is offered")
            await client.login(self.username, self.password or "")

    def _letter(
        self,
        to: str,
        subject: str,
        message_id: str,
        cc: Sequence[str],
        attachments: Sequence[Attachment | PdfAttachment],
        at: datetime,
        boundary: str,
        body_text: str,
    ) -> bytes:
        """Return the letter as bytes. Raises LetterUnsendable for header injection or a value over its limit."""
        if not all(is_plain_address(address) for address in (to, *cc)):
            raise LetterUnsendable("a recipient is not a plain address")
        if not subject or len(subject) > SUBJECT_MAX_CHARS or not subject.isprintable():
            raise LetterUnsendable(f"a subject has 1 to {SUBJECT_MAX_CHARS} printable characters")
        if len(body_text) > BODY_MAX_CHARS:
            raise LetterUnsendable(f"a letter has at most {BODY_MAX_CHARS} characters")
        if not _MESSAGE_ID.fullmatch(message_id):
            raise LetterUnsendable("the message id is not of the form KEY or KEY@DOMAIN")
        if not all(_is_fit(attachment) for attachment in attachments):
            raise LetterUnsendable(
                f"an attachment has a plain name and at most {ATTACHMENT_MAX_CHARS} characters,"
                f" a PDF at most {PDF_MAX_BYTES} bytes"
            )
        domain = self.sender.rpartition("@")[2]
        message = EmailMessage(policy=_POLICY)
        message["From"] = self.sender
        message["To"] = to
        if cc:
            message["Cc"] = ", ".join(cc)
        message["Subject"] = subject
        message["Message-ID"] = f"<{message_id}>" if "@" in message_id else f"<{message_id}@{domain}>"
        message["Date"] = format_datetime(at)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: asks for no automatic reply
        try:
            message.set_content(body_text)
            for attachment in attachments:
                _attach(message, attachment)
            if message.is_multipart():
                message.set_boundary(boundary)
            return message.as_bytes()
        except UnicodeError:
            raise LetterUnsendable("the letter holds invalid characters") from None


def _note_reply(noted: Sending, code: int, reply: str) -> None:
    """Note the mail server's final reply to the letter."""
    noted.status, noted.reply, noted.replied_whole = str(int(code)), bytearray(reply.encode(errors="replace")), True


def _is_fit(attachment: Attachment | PdfAttachment) -> bool:
    if _FILE_NAME.fullmatch(attachment.name) is None:
        return False
    if isinstance(attachment, PdfAttachment):
        return len(attachment.pdf) <= PDF_MAX_BYTES
    return attachment.subtype.isalnum() and len(attachment.text) <= ATTACHMENT_MAX_CHARS


def _attach(message: EmailMessage, attachment: Attachment | PdfAttachment) -> None:
    if isinstance(attachment, PdfAttachment):
        message.add_attachment(attachment.pdf, maintype="application", subtype="pdf", filename=attachment.name)
    else:
        message.add_attachment(attachment.text, subtype=attachment.subtype, filename=attachment.name)


def _refusal(code: int) -> MailError:
    """Return the error of a reply code: 5xx is permanent, 4xx temporary (RFC 5321, 4.2.1)."""
    return MailRefused(f"SMTP {code}") if code >= _PERMANENT_FIRST else MailUnreachable(f"SMTP {code}")


def _domain(host: str) -> str:
    """Return `host` as the domain of an address; "localhost" for an IP literal."""
    try:
        ip_address(host)
    except ValueError:
        return host
    return "localhost"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _trusting_context() -> ssl.SSLContext:
    """Return a context for loopback, which trusts the self-signed certificates there."""
    # The system's certificates are not needed here, and reading them costs 40 ms of CPU a letter.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
