"""ISO 20022 messages as strangers write them, for the tests of that wire."""

from typing import Any

from adapters.banks.answers import StatusLine, StatusUpdate
from adapters.banks.iso20022.document import Message
from adapters.banks.iso20022.orders import Arrival, decode
from adapters.banks.iso20022.values import case_id
from tests.adapters.wires import ACK_NO, REQUEST_ID

CASE = case_id(ACK_NO, REQUEST_ID)
PARTY = "<Pty><Nm>Police</Nm></Pty>"


def document(message: Message, inside: str, declaration: str = "") -> bytes:
    return f'{declaration}<Document xmlns="{message.namespace}">{inside}</Document>'.encode()


def resolution(*transactions: str, conf: str = "PECR", case: str | None = CASE, extra: str = "") -> bytes:
    """A camt.029; `extra` stands in CxlDtls before the transactions."""
    told = f"<RslvdCase><Id>{case}</Id><Cretr>{PARTY}</Cretr></RslvdCase>" if case is not None else ""
    return document(
        Message.RESOLUTION,
        f"<RsltnOfInvstgtn><Assgnmt><Id>R1</Id><Assgnr>{PARTY}</Assgnr><Assgne>{PARTY}</Assgne>"
        f"<CreDtTm>2026-04-12T14:00:00+05:30</CreDtTm></Assgnmt>{told}<Sts><Conf>{conf}</Conf></Sts>"
        f"<CxlDtls>{extra}{''.join(transactions)}</CxlDtls></RsltnOfInvstgtn>",
    )


def status(
    code: str = "ACCR",
    *,
    reference: str = "610212345678",
    reasons: tuple[str, ...] = (),
    held: str = "",
    whole: str = "",
    more: str = "",
    own: str = "",
) -> str:
    """A TxInfAndSts; `held` and `whole` are amounts, `own` goes into RsltnRltdInf, `more` at the end."""
    reason = "".join(f"<CxlStsRsnInf><Rsn><Cd>{each}</Cd></Rsn></CxlStsRsnInf>" for each in reasons)
    result = f'<IntrBkSttlmAmt Ccy="INR">{held}</IntrBkSttlmAmt>' if held else ""
    return (
        f"<TxInfAndSts><OrgnlEndToEndId>NOTPROVIDED</OrgnlEndToEndId><OrgnlTxId>{reference}</OrgnlTxId>"
        + (f"<TxCxlSts>{code}</TxCxlSts>" if code else "")
        + reason
        + (f"<RsltnRltdInf>{own}{result}</RsltnRltdInf>" if held or own else "")
        + (f'<OrgnlIntrBkSttlmAmt Ccy="INR">{whole}</OrgnlIntrBkSttlmAmt>' if whole else "")
        + f"{more}</TxInfAndSts>"
    )


def answered(*transactions: str, **told: Any) -> StatusUpdate:
    found = decode(resolution(*transactions, **told))
    assert isinstance(found, StatusUpdate)
    return found


def only(*transactions: str, **told: Any) -> StatusLine:
    lines = answered(*transactions, **told).lines
    assert len(lines) == 1
    return lines[0]


def arrival(message: Message, inside: str) -> Arrival:
    return decode(document(message, inside))
