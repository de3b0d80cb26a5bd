"""ISO 20022 as a bank's own software has it: reads camt.056 and pacs.028, writes camt.029.

The answer can say that money is on hold, or that it is not and why. Where money went on to it can only note in words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from simulator.wires.i4c import FraudReport, TicketError, paise, rupees
from simulator.world.bank_model import NO_SUCH_ACCOUNT, OK, Incident, RowKind

Json = dict[str, object]
NOTE_CHARS = 98
_REASONS = {NO_SUCH_ACCOUNT: "AC04"}
NEVER_RECEIVED, MONEY_HAS_LEFT = "NOOR", "AM04"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message of the police: a request to hold, or (`report` None) a chaser about one."""

    key: str
    report: FraudReport | None


def read_xml(text: bytes) -> ElementTree.Element:
    """The message's outermost element. Raises TicketError."""
    try:
        return ElementTree.fromstring(text)  # noqa: S314 - from the police alone; expat bounds what entities become
    except ElementTree.ParseError as error:
        raise TicketError(f"no XML: {error}") from error


def read_message(text: bytes) -> Arrived:
    """Read a message as it came, with or without a header around it. Raises TicketError."""
    root = read_xml(text)
    chaser, request = root.find(".//{*}FIToFIPmtStsReq"), root.find(".//{*}FIToFIPmtCxlReq")
    if chaser is not None:
        return Arrived(_key(chaser, "{*}OrgnlGrpInf/{*}OrgnlMsgId"), None)
    if request is None:
        raise TicketError("no message that this bank knows")
    return Arrived(_key(request, "{*}Assgnmt/{*}Id"), _report(request))


def _key(message: ElementTree.Element, path: str) -> str:
    try:
        return str(UUID(message.findtext(path, "")))
    except ValueError as error:
        raise TicketError("the message's id is none of the police's") from error


def _report(request: ElementTree.Element) -> FraudReport:
    case = request.findtext("{*}Case/{*}Id", "")
    read = [_incident(transaction) for transaction in request.findall("{*}Undrlyg/{*}TxInf")]
    if not case or not read:
        raise TicketError("no case, or no transfer")
    ack_no = case.partition("-")[0]
    return FraudReport(ack_no, tuple(i for i, _ in read), tuple(layer for _, layer in read), job_id=case)


def _incident(transaction: ElementTree.Element) -> tuple[Incident, int]:
    said = said_of(transaction)
    amount_paise = paise(transaction.findtext("{*}OrgnlIntrBkSttlmAmt", ""))
    disputed_paise = paise(said["DSPTD"].removeprefix("INR")) if "DSPTD" in said else amount_paise
    return Incident(transaction.findtext("{*}OrgnlTxId", ""), amount_paise, disputed_paise), int(said.get("LAYER", "1"))


def said_of(transaction: ElementTree.Element) -> dict[str, str]:
    """What the police say of a transfer in words of their own: the values, by word."""
    said: dict[str, str] = {}
    for line in transaction.findall("{*}CxlRsnInf/{*}AddtlInf"):
        _, word, value = (line.text or "").split("/", 2)
        said[word] = said.get(word, "") + value
    return said


def write_answer(bank: str, report: FraudReport, rows: Sequence[Json]) -> bytes | None:
    """Written rows as a camt.029 about the request; None where they speak of nothing that it asks."""
    whole = {incident.rrn: incident.amount_paise for incident in report.incidents}
    told = [_status(row, whole[rrn]) for row in rows if (rrn := str(row.get("root_rrn_transaction_id", ""))) in whole]
    if not told:
        return None
    return resolution(bank, report.job_id, "PECR", "".join(told))


def resolution(bank: str, case: str, confirmation: str, lines: str) -> bytes:
    """A camt.029 of these lines about the case."""
    party = "<Pty><Nm>Police</Nm></Pty>"
    return document(
        "camt.029.001.09",
        f"<RsltnOfInvstgtn><Assgnmt><Id>{uuid4().hex}</Id><Assgnr><Agt>{financial_institution(bank)}</Agt></Assgnr>"
        f"<Assgne>{party}</Assgne><CreDtTm>{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}</CreDtTm></Assgnmt>"
        f"<RslvdCase><Id>{escape(case)}</Id><Cretr>{party}</Cretr></RslvdCase>"
        f"<Sts><Conf>{confirmation}</Conf></Sts><CxlDtls>{lines}</CxlDtls></RsltnOfInvstgtn>",
    )


def document(message: str, content: str) -> bytes:
    """A whole file of a message of that name."""
    space = f"urn:iso:std:iso:20022:tech:xsd:{message}"
    return f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{space}">{content}</Document>'.encode()


def financial_institution(bank: str) -> str:
    """The bank, as messages name it."""
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
    """An element that holds rupees."""
    return f'<{name} Ccy="INR">{rupees(amount_paise)}</{name}>'


def _note(row: Json) -> str:
    where = f" to {row['payee_bank_code']}" if row.get("payee_bank_code") else ""
    return f"{row.get('txn_type', '')}{where} {row.get('disputed_amount', '')} {row.get('rrn_transaction_id', '')}"
