"""ISO 20022 messages and files of banks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from simulator.clock import wall_clock
from simulator.wires.i4c import FraudReport, TicketError, paise, rupees
from simulator.world.bank_model import NO_SUCH_ACCOUNT, OK, Incident, RowKind

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
    said = additional_information(transaction)
    amount_paise = paise(transaction.findtext("{*}OrgnlIntrBkSttlmAmt", ""))
    disputed_paise = paise(said["DSPTD"].removeprefix("INR")) if "DSPTD" in said else amount_paise
    return Incident(transaction.findtext("{*}OrgnlTxId", ""), amount_paise, disputed_paise), int(said.get("LAYER", "1"))


def additional_information(transaction: ElementTree.Element) -> dict[str, str]:
    """Return the police's additional information about a transfer, by its key."""
    said: dict[str, str] = {}
    for line in transaction.findall("{*}CxlRsnInf/{*}AddtlInf"):
        _, key, value = (line.text or "").split("/", 2)
        said[key] = said.get(key, "") + value
    return said


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
        said = f"<TxCxlSts>ACCR</TxCxlSts><RsltnRltdInf><TxId>LIEN-{rrn}</TxId>{held}</RsltnRltdInf>"
    else:
        reason = MONEY_HAS_LEFT if code == OK else _REASONS.get(code, NEVER_RECEIVED)
        note = f"<AddtlInf>{escape(_note(row)[:NOTE_CHARS])}</AddtlInf>" if code == OK else ""
        said = f"<TxCxlSts>RJCR</TxCxlSts><CxlStsRsnInf><Rsn><Cd>{reason}</Cd></Rsn>{note}</CxlStsRsnInf>"
    return f"<TxInfAndSts>{named}{said}{whole}</TxInfAndSts>"


def amount(name: str, amount_paise: int) -> str:
    """Return an element with an amount in rupees."""
    return f'<{name} Ccy="INR">{rupees(amount_paise)}</{name}>'


def _note(row: Json) -> str:
    where = f" to {row['payee_bank_code']}" if row.get("payee_bank_code") else ""
    return f"{row.get('txn_type', '')}{where} {row.get('disputed_amount', '')} {row.get('rrn_transaction_id', '')}"


SPOOL_POLL_WALL_SECONDS = 0.1


def collect(out: Path) -> list[bytes]:
    """Return and delete the files in `out`, the oldest first."""
    found = sorted(out.glob("[!.]*.xml"), key=lambda path: path.stat().st_mtime_ns) if out.is_dir() else []
    bodies = []
    for path in found:
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
