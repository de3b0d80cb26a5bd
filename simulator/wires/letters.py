"""Letters and ISO messages of the simulator.

ISO 20022 in a bank's own software: reads camt.056 and pacs.028, writes camt.029. An answer can report money on hold, or
the reason why it is not. Onward transfers appear only as a text note.
"""

import asyncio
import csv
import io
import re
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid4
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms

from simulator.clock import wall_clock
from simulator.net.http_client import Answer, HttpClient, HttpClientError
from simulator.wires.i4c import FraudReport, TicketError, paise, rupees
from simulator.world.bank_model import NO_SUCH_ACCOUNT, OK, Incident, RowKind

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


Json = dict[str, object]
NOTE_CHARS = 98
_REASONS = {NO_SUCH_ACCOUNT: "AC04"}
NEVER_RECEIVED, MONEY_HAS_LEFT = "NOOR", "AM04"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message of the police: a hold request, or (`report` None) a reminder about one."""

    key: str
    report: FraudReport | None


def read_xml(text: bytes) -> ElementTree.Element:
    """Return the message's root element. Raises TicketError."""
    try:
        return ElementTree.fromstring(text)  # noqa: S314 - from the police alone; expat limits the expansion of entities
    except ElementTree.ParseError as error:
        raise TicketError(f"not XML: {error}") from error


def read_message(text: bytes) -> Arrived:
    """Read a message, with or without a header around it. Raises TicketError."""
    root = read_xml(text)
    reminder, request = root.find(".//{*}FIToFIPmtStsReq"), root.find(".//{*}FIToFIPmtCxlReq")
    if reminder is not None:
        return Arrived(_key(reminder, "{*}OrgnlGrpInf/{*}OrgnlMsgId"), None)
    if request is None:
        raise TicketError("unknown kind of message")
    return Arrived(_key(request, "{*}Assgnmt/{*}Id"), _report(request))


def _key(message: ElementTree.Element, path: str) -> str:
    try:
        return str(UUID(message.findtext(path, "")))
    except ValueError as error:
        raise TicketError("the message's id is not one of the police") from error


def _report(request: ElementTree.Element) -> FraudReport:
    case = request.findtext("{*}Case/{*}Id", "")
    read = [_incident(transaction) for transaction in request.findall("{*}Undrlyg/{*}TxInf")]
    if not case or not read:
        raise TicketError("the case or the transfers are missing")
    ack_no = case.partition("-")[0]
    return FraudReport(ack_no, tuple(i for i, _ in read), tuple(layer for _, layer in read), job_id=case)


def _incident(transaction: ElementTree.Element) -> tuple[Incident, int]:
    information = additional_information(transaction)
    amount_paise = paise(transaction.findtext("{*}OrgnlIntrBkSttlmAmt", ""))
    disputed_paise = paise(information["DSPTD"].removeprefix("INR")) if "DSPTD" in information else amount_paise
    return Incident(transaction.findtext("{*}OrgnlTxId", ""), amount_paise, disputed_paise), int(
        information.get("LAYER", "1")
    )


def additional_information(transaction: ElementTree.Element) -> dict[str, str]:
    """Return the police's additional information about a transfer, by its key."""
    texts: dict[str, str] = {}
    for line in transaction.findall("{*}CxlRsnInf/{*}AddtlInf"):
        _, key, value = (line.text or "").split("/", 2)
        texts[key] = texts.get(key, "") + value
    return texts


def write_answer(bank: str, report: FraudReport, rows: Sequence[Json]) -> bytes | None:
    """Return written rows as a camt.029 about the request, or None if no row is about it."""
    whole = {incident.rrn: incident.amount_paise for incident in report.incidents}
    statuses = [
        _status(row, whole[rrn]) for row in rows if (rrn := str(row.get("root_rrn_transaction_id", ""))) in whole
    ]
    if not statuses:
        return None
    return resolution(bank, report.job_id, "PECR", "".join(statuses))


def resolution(bank: str, case: str, confirmation: str, lines: str) -> bytes:
    """Return a camt.029 with these lines about the case."""
    party = "<Pty><Nm>Police</Nm></Pty>"
    return document(
        "camt.029.001.09",
        f"<RsltnOfInvstgtn><Assgnmt><Id>{uuid4().hex}</Id><Assgnr><Agt>{financial_institution(bank)}</Agt></Assgnr>"
        f"<Assgne>{party}</Assgne><CreDtTm>{wall_clock():%Y-%m-%dT%H:%M:%SZ}</CreDtTm></Assgnmt>"
        f"<RslvdCase><Id>{escape(case)}</Id><Cretr>{party}</Cretr></RslvdCase>"
        f"<Sts><Conf>{confirmation}</Conf></Sts><CxlDtls>{lines}</CxlDtls></RsltnOfInvstgtn>",
    )


def document(message: str, content: str) -> bytes:
    """Return a complete file of a message with that name."""
    space = f"urn:iso:std:iso:20022:tech:xsd:{message}"
    return f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{space}">{content}</Document>'.encode()


def financial_institution(bank: str) -> str:
    """Return the element that names the bank."""
    return f"<FinInstnId><Othr><Id>{escape(bank)}</Id></Othr></FinInstnId>"


def _status(row: Json, whole_paise: int) -> str:
    rrn, code = escape(str(row["root_rrn_transaction_id"])), str(row.get("status_code", OK))
    named = f"<OrgnlEndToEndId>{rrn}</OrgnlEndToEndId><OrgnlTxId>{rrn}</OrgnlTxId>"
    whole = amount("OrgnlIntrBkSttlmAmt", whole_paise)
    kind = RowKind(int(str(row["txn_type_id"])))
    if code == OK and kind is RowKind.HOLD:
        held = amount("IntrBkSttlmAmt", paise(row["disputed_amount"]))
        outcome = f"<TxCxlSts>ACCR</TxCxlSts><RsltnRltdInf><TxId>LIEN-{rrn}</TxId>{held}</RsltnRltdInf>"
    else:
        reason = MONEY_HAS_LEFT if code == OK else _REASONS.get(code, NEVER_RECEIVED)
        note = f"<AddtlInf>{escape(_note(row)[:NOTE_CHARS])}</AddtlInf>" if code == OK else ""
        outcome = f"<TxCxlSts>RJCR</TxCxlSts><CxlStsRsnInf><Rsn><Cd>{reason}</Cd></Rsn>{note}</CxlStsRsnInf>"
    return f"<TxInfAndSts>{named}{outcome}{whole}</TxInfAndSts>"


def amount(name: str, amount_paise: int) -> str:
    """Return an element with an amount in rupees."""
    return f'<{name} Ccy="INR">{rupees(amount_paise)}</{name}>'


def _note(row: Json) -> str:
    where = f" to {row['payee_bank_code']}" if row.get("payee_bank_code") else ""
    return f"{row.get('txn_type', '')}{where} {row.get('disputed_amount', '')} {row.get('rrn_transaction_id', '')}"


SPOOL_POLL_WALL_SECONDS = 0.1


def collect(out: Path) -> list[bytes]:
    """Return and delete the files in `out`, the oldest first."""
    paths = sorted(out.glob("[!.]*.xml"), key=lambda path: path.stat().st_mtime_ns) if out.is_dir() else []
    bodies = []
    for path in paths:
        bodies.append(path.read_bytes())
        path.unlink()
    return bodies


def put_answer(folder: Path, body: bytes) -> str:
    """Put a complete file into `in/` of a bank's folder; return its name."""
    target = folder / "in"
    target.mkdir(parents=True, exist_ok=True)
    name = f"{uuid4().hex}.xml"
    draft = target / f".{name}"
    draft.write_bytes(body)
    draft.replace(target / name)
    return name


def was_accepted(folder: Path, name: str) -> bool | None:
    """Return whether the police accepted or refused a file, or None while it is not processed."""
    if (folder / "done" / name).exists():
        return True
    return False if (folder / "refused" / name).exists() else None
