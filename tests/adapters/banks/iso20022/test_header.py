"""A business application header before a message: ours where a bank wants one, a stranger's wherever it stands."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapters.banks.iso20022 import schema
from adapters.banks.iso20022.document import (
    DEPTH_MAX,
    HEADER,
    DocumentRefused,
    Element,
    InvalidMessage,
    Message,
    UnknownMessage,
    node,
    read,
)
from adapters.banks.iso20022.encode import encode_hold_request, encode_reminder
from adapters.banks.iso20022.orders import decode
from adapters.banks.iso20022.values import reminder_id
from tests.adapters.iso_messages import resolution, status
from tests.adapters.wires import REQUEST_ID, ticket
from tests.each import each

AT = datetime(2026, 4, 12, 9, 0, tzinfo=UTC)
ANSWER = resolution(status(held="1.00")).decode()
NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:head.001.001"


def header(told: str = Message.RESOLUTION.value, version: str = "02", more: str = "") -> str:
    return (
        f'<AppHdr xmlns="{NAMESPACE}.{version}"><Fr><FIId><FinInstnId><BICFI>DEMOINBB</BICFI></FinInstnId></FIId></Fr>'
        f"<BizMsgIdr>R1</BizMsgIdr>{more}<MsgDefIdr>{told}</MsgDefIdr></AppHdr>"
    )


# -- ours ----------------------------------------------------------------------------------------------------------


def test_a_request_behind_a_header_is_the_same_request() -> None:
    plain = encode_hold_request("DEMO", ticket(), created_at=AT, bic="DEMOINBB")
    headed = encode_hold_request("DEMO", ticket(), created_at=AT, bic="DEMOINBB", with_header=True)
    assert decode(headed) == decode(plain)
    assert plain.decode().partition("\n")[2].strip() in headed.decode(), "not a character of the message is another"
    assert (
        headed.decode()
        .partition("\n")[2]
        .startswith(
            f'<BizMsg><AppHdr xmlns="{NAMESPACE}.02"><Fr><OrgId><Nm>I4C-MHA</Nm></OrgId></Fr><To><FIId><FinInstnId>'
            "<BICFI>DEMOINBB</BICFI><Othr><Id>DEMO</Id></Othr></FinInstnId></FIId></To>"
            f"<BizMsgIdr>{REQUEST_ID.hex}</BizMsgIdr><MsgDefIdr>camt.056.001.08</MsgDefIdr>"
            "<CreDt>2026-04-12T09:00:00Z</CreDt><Prty>NORM</Prty></AppHdr><Document "
        )
    )


@each(("priority", "said"), [(1, "HIGH"), (2, "HIGH"), (3, "NORM"), (5, "NORM")])
def test_money_in_its_golden_hour_is_high(priority: int, said: str) -> None:
    urgent = replace(ticket(), priority=priority)
    body = encode_hold_request("DEMO", urgent, created_at=AT, with_header=True).decode()
    assert f"<Prty>{said}</Prty>" in body


def test_a_reminder_behind_a_header_is_the_same_reminder() -> None:
    plain = encode_reminder("DEMO", REQUEST_ID, ["61"], created_at=AT)
    headed = encode_reminder("DEMO", REQUEST_ID, ["61"], created_at=AT, with_header=True)
    assert decode(headed) == decode(plain)
    assert f"<BizMsgIdr>{reminder_id(REQUEST_ID, AT)}</BizMsgIdr><MsgDefIdr>pacs.028.001.03<".encode() in headed
    assert b"<Prty>" not in headed


def a_header(*changed: Element) -> Element:
    parts = {
        "Fr": node("Fr", node("OrgId", node("Nm", "Police"))),
        "To": node("To", node("OrgId", node("Nm", "Bank"))),
        "BizMsgIdr": node("BizMsgIdr", "1"),
        "MsgDefIdr": node("MsgDefIdr", "camt.056.001.08"),
        "CreDt": node("CreDt", "2026-04-12T09:00:00Z"),
    }
    return node("AppHdr", *(parts | {part.name: part for part in changed}).values())


@each(
    ("wrong", "where"),
    [
        (node("BizMsgIdr", "1" * 36), "AppHdr/BizMsgIdr"),
        (node("CreDt", "soon"), "AppHdr/CreDt"),
        (node("Fr"), "AppHdr/Fr"),
        (node("Fr", node("OrgId"), node("FIId", node("FinInstnId"))), "AppHdr/Fr"),
        (node("Fr", node("Name", "x")), "AppHdr/Fr/Name"),
        (node("Colour", "red"), "AppHdr/Colour"),
    ],
)
def test_a_header_that_its_schema_does_not_allow_cannot_leave(wrong: Element, where: str) -> None:
    schema.check_header(a_header())
    with pytest.raises(InvalidMessage) as caught:
        schema.check_header(a_header(wrong))
    assert caught.value.where == where


def test_the_header_is_of_the_version_that_is_checked() -> None:
    assert HEADER == "head.001.001.02"


# -- a stranger's --------------------------------------------------------------------------------------------------


@each("version", ["01", "02", "03", "04"])
@each("envelope", ["BizMsg", "BusinessMessage", "RequestPayload", "Envelope", 'e xmlns="urn:x"', 'x:e xmlns:x="urn:x"'])
def test_a_header_of_any_version_in_whatever_holds_it(envelope: str, version: str) -> None:
    body = f"<?xml version='1.0'?>\n<{envelope}> {header(version=version)}\n{ANSWER}</{envelope.partition(' ')[0]}>"
    assert decode(body.encode()) == decode(ANSWER.encode())


def test_what_the_header_is_not_read_for_may_stand_in_it() -> None:
    more = '<PssblDplct>true</PssblDplct><Sgntr><x xmlns="urn:x"><Document/></x></Sgntr>'
    assert decode(f"<e>{header(more=more)}{ANSWER}</e>".encode()) == decode(ANSWER.encode())


@each(
    ("body", "reason"),
    [
        (f"<e>{ANSWER}</e>", "the root element must be Document, or hold AppHdr and Document alone"),
        (f"<e>{header()}</e>", "must be Document, or hold"),
        ("<e/>", "must be Document, or hold"),
        (f"<e>{ANSWER}{header()}</e>", "must be Document, or hold"),
        (f"<e>{header()}{ANSWER}{ANSWER}</e>", "must be Document, or hold"),
        (f"<e>{header()}{ANSWER}<more/></e>", "must be Document, or hold"),
        (f"<e><e>{header()}{ANSWER}</e></e>", "must be Document, or hold"),
        (f"<e>{header().replace('head.001', 'head.002')}{ANSWER}</e>", "must be Document, or hold"),
        (f"<e>{header().replace(NAMESPACE, 'urn:x')}{ANSWER}</e>", "must be Document, or hold"),
        (f"<e>{header()}<Document/></e>", "not one of ISO 20022"),
        (f"<e>{header('camt.056.001.08')}{ANSWER}</e>", "AppHdr/MsgDefIdr: names another message than camt.029.001.09"),
        (f"<e>{header('4111222233334444')}{ANSWER}</e>", "names another message than camt.029.001.09"),
    ],
)
def test_what_is_no_header_and_message_is_refused_by_name(body: str, reason: str) -> None:
    with pytest.raises(UnknownMessage) as caught:
        read(body.encode())
    assert reason in str(caught.value)
    assert "4111" not in str(caught.value)


@each(
    "body",
    [
        f"<!DOCTYPE e><e>{header()}{ANSWER}</e>",
        f"<e>{header(more='<?x?>')}{ANSWER}</e>",
        f"<e>{header(more='<a>' * DEPTH_MAX + '</a>' * DEPTH_MAX)}{ANSWER}</e>",
        f"<e>{header()}{ANSWER}",
    ],
)
def test_a_header_opens_no_door(body: str) -> None:
    with pytest.raises(DocumentRefused):
        read(body.encode())
