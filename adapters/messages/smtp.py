"""Letters by SMTP: one message to one recipient, perhaps with copies, encrypted on the way, safe to send again.

A letter sent twice carries the same Message-ID, by which mail servers and people recognise it. The errors hold no
address and nothing of the letter: they end in workflow histories and logs.
"""

import asyncio
import re
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from functools import partial
from ipaddress import ip_address
from secrets import token_hex
from typing import ClassVar, Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

from adapters.transcript import Sending, Transcript, masked
from schemas.documents.facts import PDF_MAX_BYTES

SUBJECT_MAX_CHARS: Final = 200
BODY_MAX_CHARS: Final = 100_000
ATTACHMENT_MAX_CHARS: Final = 1_000_000
ADDRESS_MAX_CHARS: Final = 254
TIMEOUT_SECONDS: Final = 20.0
QUIT_TIMEOUT_SECONDS: Final = 2.0
SUBMISSION_PORT: Final = 587
TLS_PORT: Final = 465

_PERMANENT_FIRST: Final = 500
# Pure ASCII on the way: not every server takes eight bits, and Hindi must arrive.
_POLICY: Final = SMTP_POLICY.clone(cte_type="7bit")
# One plain ASCII address; no display name, no comment, no list, no line end.
_ADDRESS: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MESSAGE_ID: Final = re.compile(r"[A-Za-z0-9._=+-]{1,120}(?:@[A-Za-z0-9.-]{1,100})?")


class MailError(Exception):
    """The letter was not sent."""

    retryable: ClassVar[bool] = False

    def __init__(self, detail: str = "") -> None:
        """`detail` says what happened, with nothing of the letter in it."""
        text = (type(self).__doc__ or "").strip()
        super().__init__(f"{text} ({detail})" if detail else text)


class MailUnreachable(MailError):
    """The mail server cannot take the letter now; it may be sent again."""

    retryable = True


class MailRefused(MailError):
    """The mail server refuses the letter."""


class MailLoginFailed(MailError):
    """The mail server does not accept our login, or offers no encryption to protect it: mended while we wait."""

    retryable = True


class LetterUnsendable(MailError):
    """The letter itself is not fit to send."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A text that goes with a letter as a file, of the type text/`subtype`."""

    name: str
    text: str = field(repr=False)
    subtype: str = "csv"


@dataclass(frozen=True, slots=True)
class PdfAttachment:
    """A PDF that goes with a letter as a file."""

    name: str
    pdf: bytes = field(repr=False)


def is_plain_address(text: str) -> bool:
    """Whether letters are sent to `text`: one address, with nothing around it."""
    return len(text) <= ADDRESS_MAX_CHARS and _ADDRESS.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Mailer:
    """A mail route. Every letter has a connection of its own: there are few, and a day may lie between two."""

    host: str
    port: int
    sender: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    implicit_tls: bool = False
    timeout_seconds: float = TIMEOUT_SECONDS
    tls: ssl.SSLContext | None = None
    """replaces the system's trust"""

    @classmethod
    def from_url(cls, url: str, *, timeout_seconds: float = TIMEOUT_SECONDS, tls: ssl.SSLContext | None = None) -> Self:
        """Return the route that `url` names: smtp://USER:PASSWORD@HOST:PORT?from=ADDRESS, or smtps:// for TLS at once.

        Ports default to 587 and 465; `from` to the user where that is an address, else to goldenhour@HOST. Raises
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
            raise ValueError("the mail route's from= is no address")
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
        """Hand one letter to the mail server. It is sent when the server takes it for any of `to` and `cc`.

        `transcript` notes the letter as it goes, with the `secret` in its text written over.

        `message_id` is the caller's, the same for the same letter: KEY@DOMAIN, or KEY alone, to which the sender's
        domain is added (letters, digits and . _ = + -). Beyond loopback TLS is required, with STARTTLS or from the
        start. Raises MailUnreachable (may be sent again), MailRefused, MailLoginFailed or LetterUnsendable.
        """
        compose = partial(self._letter, to, subject, message_id, cc, attachments, datetime.now(UTC), token_hex(16))
        letter, recipients = compose(body_text), [to, *cc]
        # Equal in all but the secret, as time and boundary are.
        kept = partial(compose, masked(body_text, secret)) if secret else None
        envelope = [("RCPT TO", f"<{address}>") for address in recipients]
        noted = Sending(f"MAIL FROM:<{self.sender}>", envelope, letter, kept=kept)
        if transcript is not None:
            transcript.sends(noted)
        client = self._client()
        try:
            async with asyncio.timeout(self.timeout_seconds):
                await self._open(client)
                _, said = await client.sendmail(self.sender, recipients, letter)
            _note_reply(noted, aiosmtplib.SMTPStatus.completed, said)
        except aiosmtplib.SMTPAuthenticationError as error:
            raise MailLoginFailed(f"SMTP {error.code}") from None
        except aiosmtplib.SMTPResponseException as error:
            _note_reply(noted, error.code, error.message)
            raise _refusal(error.code) from None
        except aiosmtplib.SMTPRecipientsRefused as error:
            # What one mailbox refuses for now may be taken later.
            least = min(error.recipients, key=lambda refused: refused.code)
            _note_reply(noted, least.code, least.message)
            raise _refusal(least.code) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise MailUnreachable(type(error).__name__) from None
        else:
            # The letter is taken: a server that does not say goodbye changes nothing of that.
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
            start_tls=False,  # `_open` does it, and says what is wrong where it cannot
            tls_context=self.tls or (_trusting_context() if _is_loopback(self.host) else None),
        )

    async def _open(self, client: aiosmtplib.SMTP) -> None:
        """Connect, encrypt, log in. What stays on this machine may go unencrypted, nothing else."""
        await client.connect()
        await client.ehlo()
        if not self.implicit_tls:
            if client.supports_extension("starttls"):
                await client.starttls()
                await client.ehlo()  # what was said before encryption counts no more (RFC 3207, 4.2)
            elif not _is_loopback(self.host):
                raise MailLoginFailed("no STARTTLS is offered")
        if self.username is not None:
            if not client.supported_auth_methods:
                raise MailLoginFailed("no way to log in is offered")
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
        """Return the letter as bytes. Raises LetterUnsendable for what would break out of a header or a limit."""
        if not all(is_plain_address(address) for address in (to, *cc)):
            raise LetterUnsendable("a recipient is no plain address")
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
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday reply, please
        try:
            message.set_content(body_text)
            for attachment in attachments:
                _attach(message, attachment)
            if message.is_multipart():
                message.set_boundary(boundary)
            return message.as_bytes()
        except UnicodeError:
            raise LetterUnsendable("the letter holds characters that are no text") from None


def _note_reply(noted: Sending, code: int, said: str) -> None:
    """The last word of the mail server on the letter."""
    noted.status, noted.reply, noted.replied_whole = str(int(code)), bytearray(said.encode(errors="replace")), True


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
    """Return the error for a reply code: 5xx is for good, 4xx for now (RFC 5321, 4.2.1)."""
    return MailRefused(f"SMTP {code}") if code >= _PERMANENT_FIRST else MailUnreachable(f"SMTP {code}")


def _domain(host: str) -> str:
    """Return `host` as the domain of an address: an IP literal or "localhost" is none."""
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
    """Return a context for loopback, where certificates are self-made and nobody stands between."""
    # The machine's certificates are of no use here, and reading them costs 40 ms of CPU a letter.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
