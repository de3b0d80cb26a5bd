"""Letters to banks, and signatures."""

import asyncio
import csv
import io
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from typing import Final
from urllib.parse import urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms

from simulator.clock import wall_clock
from simulator.net.http_client import Answer, HttpClient, HttpClientError
from simulator.wires.i4c import FraudReport, paise
from simulator.world.bank_model import Incident

ACK_NO = re.compile(r"\b\d{14}\b")
LINK = re.compile(r"https?://\S+/a/[A-Za-z0-9_-]{40,60}")
HTTP_OK, HTTP_GONE, HTTP_WRONG = 200, 410, 422
CODE_FIELD = b'name="code"'
REPLACED = b"A newer letter has a newer link"
CODES_MOST = 2
NEW_CODE_WALL_SECONDS = 3.0
"""time in which a new code arrives at the officer's phone"""

ReadCode = Callable[[str], Awaitable[str]]
"""returns the newest code at the officer's phone that is about a case, or \"\""""
KEY = re.compile(r"MAIL-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


class LinkReplaced(HttpClientError):
    """A newer letter has a newer link. The next attempt is made with that one."""


@dataclass(frozen=True, slots=True)
class HoldLetter:
    """A letter that requests a hold."""

    key: str
    link: str = field(repr=False)
    report: FraudReport


def text_of(letter: EmailMessage) -> str:
    """Return all text parts of a letter."""
    return "\n".join(part.get_content() for part in letter.walk() if part.get_content_maintype() == "text")


def read_hold_letter(letter: EmailMessage) -> HoldLetter | None:
    """Return the hold request in a letter, or None. A reminder names a request but has no table."""
    body = letter.get_body(("plain",))
    text = body.get_content() if body is not None else ""
    link, key, ack_no = LINK.search(text), KEY.search(text), ACK_NO.search(str(letter["subject"]))
    table = next((part for part in letter.iter_attachments() if part.get_content_type() == "text/csv"), None)
    if link is None or key is None or ack_no is None or table is None:
        return None
    rows = list(csv.DictReader(io.StringIO(table.get_content())))
    incidents = tuple(
        Incident(row["rrn_or_utr"].removeprefix("'"), paise(row["amount_rupees"]), paise(row["disputed_rupees"]))
        for row in rows
    )
    layers = tuple(int(row["layer"]) for row in rows)
    return HoldLetter(key[1], link[0], FraudReport(ack_no[0], incidents, layers, job_id=key[0]))


async def open_page(line: HttpClient, link: str, after: str) -> Answer:
    """Open the page behind a link, beginning with the line after `after`. Raises LineError."""
    return _live(await line.request("GET", urlsplit(link).path + (f"?after={after}" if after else ""), headers={}))


async def press(line: HttpClient, link: str, fields: Mapping[str, str], step: str) -> Answer:
    """Press one button of a form; return the next page. Raises LineError."""
    return _live(
        await line.request(
            "POST",
            urlsplit(link).path,
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode({**fields, "step": step}).encode(),
        )
    )


def _live(page: Answer) -> Answer:
    if page.status == HTTP_GONE and REPLACED in page.body:
        raise LinkReplaced(LinkReplaced.__doc__)
    return page


async def send_form(line: HttpClient, link: str, fields: Mapping[str, str], read_code: ReadCode) -> int:
    """Preview a form, then send it, with the code if the page asks for one; return the last HTTP status.

    Raises LineError.
    """
    page = await press(line, link, fields, "check")
    if page.status != HTTP_OK or CODE_FIELD not in page.body:
        return page.status if page.status != HTTP_OK else (await press(line, link, fields, "send")).status
    for _ in range(CODES_MOST):
        case_no = ACK_NO.search(page.body.decode())
        code = await read_code(case_no[0] if case_no else "")
        answer = await press(line, link, {**fields, "code": code}, "send")
        if answer.status != HTTP_WRONG:
            return answer.status
        # The newest code may be about another letter of the same case.
        page = await press(line, link, fields, "code")
        if page.status != HTTP_OK:
            return page.status
        await asyncio.sleep(NEW_CODE_WALL_SECONDS)
    return HTTP_WRONG


COVERED: Final = ("@method", "@authority", "@path", "@query")
"""With a body the library adds `content-digest`."""
NONCE_BYTES: Final = 18
LABEL: Final = "sig"


@dataclass(frozen=True, slots=True)
class _Message:
    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


def signed_headers(
    method: str,
    url: str,
    body: bytes,
    *,
    key_id: str,
    private_key: Ed25519PrivateKey,
    created: datetime | None = None,
    nonce: str | None = None,
    covered: tuple[str, ...] = COVERED,
    headers: dict[str, str] | None = None,
) -> dict[str, str]:
    """Return `headers` with Signature-Input and Signature, and Content-Digest if there is a body.

    `url` is the called address, with scheme, host and query. Sign again for every attempt.
    """
    message = _Message(method, url, dict(headers or {}))
    signer = HTTPMessageSigner(
        signature_algorithm=algorithms.ED25519,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={key_id: private_key}),
    )
    signer.sign(
        message,
        key_id=key_id,
        created=created or wall_clock(),
        nonce=nonce if nonce is not None else secrets.token_urlsafe(NONCE_BYTES),
        label=LABEL,
        covered_component_ids=covered,
        body=body or None,
    )
    return message.headers
