"""A mail server that takes letters, and refuses or delays them as a test tells it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword

USER = "goldenhour"
PASSWORD = "made up/@:"


class Postbox:
    """Takes letters; `refuses` maps a command to the reply that refuses it, `unknown` are mailboxes there are not."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.encrypted: list[bool] = []
        self.refuses: dict[str, str] = {}
        self.unknown: set[str] = set()
        self.recipients: list[list[str]] = []
        self.waits_seconds = 0.0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: Any) -> str:  # noqa: N802
        if "RCPT" in self.refuses:
            return self.refuses["RCPT"]
        if address in self.unknown:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        await asyncio.sleep(self.waits_seconds)
        if "DATA" in self.refuses:
            return self.refuses["DATA"]
        content = envelope.original_content or b""
        self.raw.append(content)
        self.recipients.append(list(envelope.rcpt_tos))
        parsed = message_from_bytes(content, policy=default)
        assert isinstance(parsed, EmailMessage)
        self.letters.append(parsed)
        self.encrypted.append(server.transport.get_extra_info("ssl_object") is not None)
        return "250 OK"


def check_login(server: Any, session: Any, envelope: Any, mechanism: str, auth_data: LoginPassword) -> AuthResult:
    right = auth_data.login == USER.encode() and auth_data.password == PASSWORD.encode()
    return AuthResult(success=right, handled=False)


@asynccontextmanager
async def mail_server(box: Postbox, *, tls: ssl.SSLContext | None = None, **options: Any) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(box, hostname="mail.example", authenticator=check_login, loop=loop, **options),
        "127.0.0.1",
        0,
        ssl=tls,
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
