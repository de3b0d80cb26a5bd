"""Letters of the police as a bank's officer reads them: the request, the transfers, and the page behind the link."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from urllib.parse import urlencode, urlsplit

from simulator.net.http_client import Answer, HttpClient
from simulator.wires.i4c import FraudReport, paise
from simulator.world.bank_model import Incident

ACK_NO = re.compile(r"\b\d{14}\b")
LINK = re.compile(r"https?://\S+/a/[A-Za-z0-9_-]{40,60}")
HTTP_OK, HTTP_GONE = 200, 410
KEY = re.compile(r"MAIL-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")


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
    return await line.request("GET", urlsplit(link).path + (f"?after={after}" if after else ""), headers={})


async def press(line: HttpClient, link: str, fields: Mapping[str, str], step: str) -> int:
    """Press one button of a form; return the HTTP status. Raises LineError."""
    answer = await line.request(
        "POST",
        urlsplit(link).path,
        headers={"content-type": "application/x-www-form-urlencoded"},
        body=urlencode({**fields, "step": step}).encode(),
    )
    return answer.status


async def send_form(line: HttpClient, link: str, fields: Mapping[str, str]) -> int:
    """Preview a form, then send it; return the last HTTP status. Raises LineError."""
    for step in ("check", "send"):
        status = await press(line, link, fields, step)
        if status != HTTP_OK:
            return status
    return HTTP_OK
