"""Letters over real SMTP."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from adapters.messages import smtp
from adapters.messages.smtp import (
    ATTACHMENT_MAX_CHARS,
    BODY_MAX_CHARS,
    SUBJECT_MAX_CHARS,
    Attachment,
    LetterUnsendable,
    Mailer,
    MailError,
    MailLoginFailed,
    MailRefused,
    MailUnreachable,
)
from tests.each import each
from tests.mail_server import USER, Postbox, mail_server

TO = "desk@bank.example"


@pytest.fixture
def box() -> Postbox:
    return Postbox()


@pytest.fixture(scope="module")
def server_tls(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    """A context with a certificate of its own making, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem: Path = tmp_path_factory.mktemp("tls") / "server.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


async def failing(
    mailer: Mailer, *, to: str = TO, subject: str = "Hold", body: str = "text", key: str = "k"
) -> MailError:
    with pytest.raises(MailError) as caught:
        await mailer.send(to, subject, body, key)
    assert to not in str(caught.value) or not to
    return caught.value


async def test_a_letter_arrives_as_it_was_written(box: Postbox) -> None:
    body = "आपका बैंक\n\n" + "a long line " * 200 + "\n.\nFrom here\n"
    async with mail_server(box) as port:
        mailer = Mailer.from_url(f"smtp://127.0.0.1:{port}?from=freeze@police.example")
        await mailer.send(TO, "Reminder: ₹5,000.00 – स्मरण", body, "6f1c2e0a.reminder")
    (letter,) = box.letters
    assert letter["From"] == "freeze@police.example"
    assert letter["To"] == TO
    assert letter["Subject"] == "Reminder: ₹5,000.00 – स्मरण"
    assert letter["Message-ID"] == "<6f1c2e0a.reminder@police.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert abs(letter["Date"].datetime - datetime.now(UTC)) < timedelta(minutes=1)
    assert letter.get_content().replace("\r\n", "\n") == body
    assert box.raw[0].isascii()


async def test_the_same_letter_twice_has_one_message_id(box: Postbox) -> None:
    async with mail_server(box) as port:
        mailer = Mailer.from_url(f"smtp://127.0.0.1:{port}")
        for _ in range(2):
            await mailer.send(TO, "Hold", "text", "6f1c2e0a.nodal@goldenhour")
    assert [letter["Message-ID"] for letter in box.letters] == ["<6f1c2e0a.nodal@goldenhour>"] * 2


async def test_a_letter_with_copies_and_a_table(box: Postbox) -> None:
    table = Attachment("hold-1.csv", "rrn,नाम\r\n1,=2\r\n")
    async with mail_server(box) as port:
        mailer = Mailer.from_url(f"smtp://127.0.0.1:{port}")
        await mailer.send(TO, "Hold", "text", "k", cc=["nodal@bank.example"], attachments=[table])
    (letter,) = box.letters
    assert (letter["To"], letter["Cc"]) == (TO, "nodal@bank.example")
    assert box.recipients == [[TO, "nodal@bank.example"]]
    body = letter.get_body(("plain",))
    assert body is not None
    assert body.get_content().strip() == "text"
    (part,) = letter.iter_attachments()
    assert (part.get_content_type(), part.get_filename()) == ("text/csv", "hold-1.csv")
    assert part.get_content().splitlines() == table.text.splitlines()
    assert box.raw[0].isascii()


@pytest.mark.parametrize("unknown", [TO, "nodal@bank.example"])
async def test_a_letter_is_sent_when_anybody_gets_it(box: Postbox, unknown: str) -> None:
    box.unknown.add(unknown)
    async with mail_server(box) as port:
        await Mailer.from_url(f"smtp://127.0.0.1:{port}").send(TO, "Hold", "text", "k", cc=["nodal@bank.example"])
    assert len(box.letters) == 1
    box.unknown |= {TO, "nodal@bank.example"}
    async with mail_server(box) as port:
        with pytest.raises(MailRefused):
            await Mailer.from_url(f"smtp://127.0.0.1:{port}").send(TO, "Hold", "text", "k", cc=["nodal@bank.example"])


@pytest.mark.parametrize(
    "more",
    [
        {"cc": ["a@b.example\r\nBcc: all@example.org"]},
        {"cc": ["a@b.example, c@d.example"]},
        {"attachments": [Attachment('a".csv', "x")]},
        {"attachments": [Attachment("../a.csv", "x")]},
        {"attachments": [Attachment("a.csv", "x", "csv; charset=x")]},
        {"attachments": [Attachment("a.csv", "x" * (ATTACHMENT_MAX_CHARS + 1))]},
    ],
)
async def test_copies_and_tables_that_are_not_sent(box: Postbox, more: dict[str, Any]) -> None:
    async with mail_server(box) as port:
        with pytest.raises(LetterUnsendable):
            await Mailer.from_url(f"smtp://127.0.0.1:{port}").send(TO, "Hold", "text", "k", **more)
    assert box.letters == []


# -- encryption and login ----------------------------------------------------------------------------------------------


async def test_starttls_is_used_where_it_is_offered(box: Postbox, server_tls: ssl.SSLContext) -> None:
    async with mail_server(box, tls_context=server_tls, require_starttls=True) as port:
        await Mailer.from_url(f"smtp://{USER}:made%20up%2F%40%3A@127.0.0.1:{port}").send(TO, "Hold", "text", "k")
    assert box.encrypted == [True]


async def test_tls_from_the_start(box: Postbox, server_tls: ssl.SSLContext) -> None:
    async with mail_server(box, tls=server_tls) as port:
        await Mailer.from_url(f"smtps://127.0.0.1:{port}").send(TO, "Hold", "text", "k")
    assert box.encrypted == [True]


async def test_beyond_loopback_nothing_goes_unencrypted(box: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "_is_loopback", lambda _: False)
    async with mail_server(box, auth_require_tls=False) as port:
        error = await failing(Mailer.from_url(f"smtp://{USER}:made%20up%2F%40%3A@127.0.0.1:{port}"))
    assert isinstance(error, MailLoginFailed)
    assert box.letters == []


async def test_beyond_loopback_a_certificate_must_be_trusted(
    box: Postbox, server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(smtp, "_is_loopback", lambda _: False)
    async with mail_server(box, tls_context=server_tls) as port:
        assert isinstance(await failing(Mailer.from_url(f"smtp://127.0.0.1:{port}")), MailUnreachable)
    assert box.letters == []


async def test_a_refused_login(box: Postbox, server_tls: ssl.SSLContext) -> None:
    async with mail_server(box, tls_context=server_tls) as port:
        error = await failing(Mailer.from_url(f"smtp://{USER}:wrong@127.0.0.1:{port}"))
    assert isinstance(error, MailLoginFailed)
    assert error.retryable, "it is mended while we wait"


async def test_no_login_is_offered(box: Postbox) -> None:
    async with mail_server(box) as port:  # which offers one only after STARTTLS
        error = await failing(Mailer.from_url(f"smtp://{USER}:wrong@127.0.0.1:{port}"))
    assert isinstance(error, MailLoginFailed)


# -- refusals and failures ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
@pytest.mark.parametrize(
    ("reply", "expected", "retryable"),
    [("550 no such mailbox desk@bank.example", MailRefused, False), ("451 try later", MailUnreachable, True)],
)
async def test_what_the_server_refuses(
    box: Postbox, command: str, reply: str, expected: type[MailError], retryable: bool
) -> None:
    box.refuses[command] = reply
    async with mail_server(box) as port:
        error = await failing(Mailer.from_url(f"smtp://127.0.0.1:{port}"))
    assert type(error) is expected
    assert error.retryable is retryable


async def test_a_slow_server_costs_no_more_than_the_time_given(box: Postbox) -> None:
    box.waits_seconds = 5.0
    async with mail_server(box) as port:
        started = asyncio.get_running_loop().time()
        error = await failing(Mailer.from_url(f"smtp://127.0.0.1:{port}", timeout_seconds=0.2))
        assert asyncio.get_running_loop().time() - started < 3.0
    assert isinstance(error, MailUnreachable)


@each("greeting", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"554 go away\r\n"])
async def test_what_is_no_mail_server(greeting: bytes) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        await failing(Mailer.from_url(f"smtp://127.0.0.1:{port}", timeout_seconds=2.0))


async def test_no_server_listens() -> None:
    error = await failing(Mailer.from_url("smtp://127.0.0.1:1", timeout_seconds=2.0))
    assert isinstance(error, MailUnreachable)
    assert error.retryable


async def test_a_server_that_has_no_address() -> None:
    error = await failing(Mailer.from_url("smtp://mail.invalid", timeout_seconds=2.0))
    assert isinstance(error, MailUnreachable)


# -- letters and routes that are not used ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"to": "desk@bank.example\r\nBcc: all@example.org"},
        {"to": "desk@bank.example, other@bank.example"},
        {"to": "Desk <desk@bank.example>"},
        {"to": "desk"},
        {"to": ""},
        {"to": "desk@" + "b" * 300},
        {"subject": "Hold\r\nBcc: all@example.org"},
        {"subject": "Hold\nX"},
        {"subject": "Hold\x00"},
        {"subject": "Hold\u2028X"},
        {"subject": ""},
        {"subject": "x" * (SUBJECT_MAX_CHARS + 1)},
        {"body": "x" * (BODY_MAX_CHARS + 1)},
        {"body": "\ud800"},
        {"key": ""},
        {"key": "k>\r\nBcc: all@example.org"},
        {"key": "k" * 121},
        {"key": "a@b@c"},
    ],
)
async def test_letters_that_are_not_sent(box: Postbox, changes: dict[str, str]) -> None:
    async with mail_server(box) as port:
        error = await failing(Mailer.from_url(f"smtp://127.0.0.1:{port}"), **changes)
    assert isinstance(error, LetterUnsendable)
    assert box.letters == []


@each(
    ("url", "host", "port", "sender"),
    [
        ("smtp://mail.example", "mail.example", 587, "goldenhour@mail.example"),
        ("smtps://mail.example", "mail.example", 465, "goldenhour@mail.example"),
        ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, "goldenhour@localhost"),
        ("smtp://a%40police.example:p@mail.example:25", "mail.example", 25, "a@police.example"),
        ("smtp://user:p@mail.example?from=b@police.example", "mail.example", 587, "b@police.example"),
    ],
)
def test_routes(url: str, host: str, port: int, sender: str) -> None:
    mailer = Mailer.from_url(url)
    assert (mailer.host, mailer.port, mailer.sender) == (host, port, sender)


@each(
    "url",
    [
        "http://mail.example",
        "mail.example:25",
        "smtp://",
        "smtp://mail.example?from=x%0d%0aBcc:y@z",
        "smtp://u:s3cret@h:x",
    ],
)
def test_routes_that_are_none(url: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        Mailer.from_url(url)
    assert "s3cret" not in str(caught.value)


def test_a_password_is_in_no_repr() -> None:
    assert "s3cret" not in repr(Mailer.from_url("smtp://u:s3cret@mail.example"))
