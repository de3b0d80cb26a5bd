"""Hold requests and reminders out, as the bank reads them: exact to the last paisa, the same for the same ticket."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.banks.iso20022.arrivals import AskedTransfer, CancellationRequest, StatusRequest
from adapters.banks.iso20022.document import IncompleteMessage, InvalidMessage, Message, read
from adapters.banks.iso20022.encode import encode_hold_request, encode_reminder
from adapters.banks.iso20022.orders import decode
from adapters.banks.iso20022.values import case_id, message_id, split_case_id
from adapters.banks.protocol import INCIDENTS_MAX, HoldTicket, Incident
from schemas.base import MAX_AMOUNT_PAISE
from tests.adapters.iso_messages import CASE, PARTY, arrival
from tests.adapters.wires import ACK_NO, REQUEST_ID, TRANSFERRED_AT, incident, ticket
from tests.each import each

AT = datetime(2026, 4, 12, 9, 0, 0, 123456, tzinfo=UTC)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn"]), min_size=1)
REFERENCES = st.text("ABCXYZ0123456789/-", min_size=1, max_size=35)
MOMENTS = st.integers(0, 4 * 10**15).map(lambda us: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(microseconds=us))


def asked(body: bytes) -> CancellationRequest:
    found = decode(body)
    assert isinstance(found, CancellationRequest)
    return found


def status_request(body: bytes) -> StatusRequest:
    found = decode(body)
    assert isinstance(found, StatusRequest)
    return found


@st.composite
def incidents(draw: st.DrawFn) -> Incident:
    amount_paise = draw(st.integers(1, MAX_AMOUNT_PAISE))
    return Incident(
        amount_paise=amount_paise,
        rrn=draw(REFERENCES),
        transferred_at=draw(MOMENTS),
        disputed_paise=draw(st.integers(1, amount_paise)),
        layer=draw(st.integers(1, 50)),
    )


@st.composite
def tickets(draw: st.DrawFn) -> HoldTicket:
    made = ticket(*draw(st.lists(incidents(), min_size=1, max_size=4)), request_id=draw(st.uuids()))
    priority, respond_by = draw(st.integers(1, 5)), draw(st.none() | MOMENTS)
    return replace(made, sub_category=draw(TEXT), priority=priority, respond_by=respond_by)


@given(tickets(), MOMENTS)
def test_any_ticket_comes_out_as_it_went_in(sent: HoldTicket, at: datetime) -> None:
    found = asked(encode_hold_request("DEMO", sent, created_at=at))
    assert found.transfers == tuple(
        AskedTransfer(
            reference=each.rrn,
            amount_paise=each.amount_paise,
            disputed_paise=each.disputed_paise,
            layer=each.layer,
            transferred_at=each.transferred_at,
        )
        for each in sent.incidents
    )
    assert (found.category, found.priority, found.respond_by) == (sent.sub_category, sent.priority, sent.respond_by)
    assert (found.ack_no, found.created_at, found.reason_code) == (sent.ack_no, at, "FRAD")
    assert (found.requestor, found.bank_code) == ("I4C-MHA", "DEMO")


def test_the_same_ticket_is_the_same_request() -> None:
    first = asked(encode_hold_request("DEMO", ticket(), created_at=AT))
    again = asked(encode_hold_request("DEMO", ticket(), created_at=AT + timedelta(hours=1)))
    other = asked(encode_hold_request("DEMO", ticket(request_id=UUID(int=7)), created_at=AT))
    assert (first.message_id, first.case_id) == (again.message_id, again.case_id)
    assert other.message_id != first.message_id
    assert other.case_id != first.case_id
    assert first.message_id == message_id(REQUEST_ID)


@given(st.uuids(), st.from_regex(r"[0-9]{14}", fullmatch=True))
def test_a_case_id_fits_and_gives_back_number_and_job(request_id: UUID, ack_no: str) -> None:
    case = case_id(ack_no, request_id)
    assert len(case) == 35
    assert split_case_id(case) == (ack_no, case)
    assert len(message_id(request_id)) <= 35


def test_a_case_id_that_is_not_ours_is_whole() -> None:
    assert split_case_id("20260412-7") == ("20260412-7", None)
    assert split_case_id(ACK_NO) == (ACK_NO, None)


def test_what_stands_where() -> None:
    whole, part = incident(disputed_paise=500_000), incident(rrn="SBIN226102123456", disputed_paise=1)
    body = encode_hold_request("DEMO", ticket(whole, part), created_at=AT)
    message, inside = read(body)
    assert message is Message.HOLD_REQUEST
    assert inside.value("Case/Id") == CASE
    assert inside.value("CtrlData/NbOfTxs") == "2"
    first, second = inside.every("Undrlyg/TxInf")
    assert (first.value("OrgnlEndToEndId"), first.value("OrgnlTxId")) == ("610212345678", "610212345678")
    assert first.value("OrgnlIntrBkSttlmAmt") == "5000.00"
    amount = first.first("OrgnlIntrBkSttlmAmt")
    assert amount is not None
    assert amount.attributes == {"Ccy": "INR"}
    assert first.value("OrgnlIntrBkSttlmDt") == "2026-04-12"
    words = [each.text for each in first.every("CxlRsnInf/AddtlInf")]
    assert words[:2] == [f"/ACKNO/{ACK_NO}", "/LAYER/2"]
    assert not any("DSPTD" in word for word in words)
    assert "/DSPTD/INR0.01" in [each.text for each in second.every("CxlRsnInf/AddtlInf")]


def test_the_day_is_that_of_india() -> None:
    late = incident(transferred_at=datetime(2026, 4, 12, 19, 0, tzinfo=UTC))
    assert b"<OrgnlIntrBkSttlmDt>2026-04-13<" in encode_hold_request("DEMO", ticket(late), created_at=AT)


def test_the_victim_is_not_in_it() -> None:
    body = encode_hold_request("DEMO", ticket(), created_at=AT).decode()
    assert "9000000001" not in body
    assert "00012345678901" not in body


@each("length", [98, 99, 100, 198, 199])
def test_a_long_value_goes_on_in_the_next(length: int) -> None:
    category = "x" * (length - 2) + "\r\n"
    body = encode_hold_request("DEMO", replace(ticket(), sub_category=category), created_at=AT)
    assert asked(body).category == category


@each("said", ["0", "6", "1.0", "first", ""])
def test_an_urgency_that_is_none_is_not_guessed(said: str) -> None:
    body = encode_hold_request("DEMO", ticket(), created_at=AT).replace(b"/PRIO/5", f"/PRIO/{said}".encode())
    assert (asked(body).priority, asked(body).respond_by) == (None, None)
    assert asked(body.replace(b"/PRIO/", b"/REPLY/soon")).respond_by is None


def test_a_full_ticket_goes_and_comes() -> None:
    many = ticket(*(incident(rrn=f"{n:012d}") for n in range(1, INCIDENTS_MAX + 1)))
    assert len(asked(encode_hold_request("DEMO", many, created_at=AT)).transfers) == INCIDENTS_MAX


def test_a_ticket_without_requestor_is_from_the_police() -> None:
    made = ticket()
    nobody = replace(made, instrument=replace(made.instrument, requestor=""))
    assert asked(encode_hold_request("DEMO", nobody, created_at=AT)).requestor == "Police"


@each(
    ("made", "bank", "where"),
    [
        (ticket(incident(rrn="7" * 36)), "DEMO", "OrgnlEndToEndId"),
        (ticket(incident(rrn="61\x0012")), "DEMO", "OrgnlEndToEndId"),
        (ticket(incident(rrn="  ")), "DEMO", "OrgnlEndToEndId"),
        (ticket(), "B" * 36, "Assgne"),
        (ticket(), "", "Assgne"),
        (replace(ticket(), ack_no="A1"), "DEMO", "Case/Id"),
        (replace(ticket(), sub_category="\ud800"), "DEMO", "AddtlInf"),
    ],
)
def test_what_the_wire_cannot_carry_is_named_and_not_shown(made: HoldTicket, bank: str, where: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        encode_hold_request(bank, made, created_at=AT)
    assert where in caught.value.where
    assert not made.incidents[0].rrn.strip() or made.incidents[0].rrn not in str(caught.value)


def test_a_naive_time_is_an_error() -> None:
    with pytest.raises(ValueError, match="zone"):
        encode_hold_request("DEMO", ticket(), created_at=AT.replace(tzinfo=None))


# -- reminders ------------------------------------------------------------------------------------------------------


@given(st.uuids(), st.lists(REFERENCES, min_size=1, max_size=5))
def test_any_reminder_comes_out_as_it_went_in(request_id: UUID, references: list[str]) -> None:
    found = status_request(encode_reminder("DEMO", request_id, references, created_at=AT))
    assert found.references == tuple(references)
    assert found.request_message_id == message_id(request_id)
    assert (found.bank_code, found.created_at) == ("DEMO", AT)
    assert len(found.message_id) <= 35


def test_a_reminder_is_one_each_time_and_names_the_kind_of_request() -> None:
    body = encode_reminder("DEMO", REQUEST_ID, ["610212345678"], created_at=AT)
    assert body == encode_reminder("DEMO", REQUEST_ID, ["610212345678"], created_at=AT)
    later = encode_reminder("DEMO", REQUEST_ID, ["610212345678"], created_at=AT + timedelta(minutes=5))
    assert status_request(later).message_id != status_request(body).message_id
    assert b"<OrgnlMsgNmId>camt.056.001.08<" in body


@each("references", [[], ["6"] * (INCIDENTS_MAX + 1), ["7" * 36], [""]])
def test_a_reminder_that_cannot_be(references: list[str]) -> None:
    with pytest.raises(InvalidMessage, match="TxInf"):
        encode_reminder("DEMO", REQUEST_ID, references, created_at=AT)


# -- half a request is none ----------------------------------------------------------------------------------------

AMOUNT = '<OrgnlIntrBkSttlmAmt Ccy="INR">5000.00</OrgnlIntrBkSttlmAmt>'
DAY = "<OrgnlIntrBkSttlmDt>2026-04-12</OrgnlIntrBkSttlmDt>"
REFERENCE = "<OrgnlTxId>610212345678</OrgnlTxId>"


def said(*words: str) -> str:
    return "<CxlRsnInf>" + "".join(f"<AddtlInf>{word}</AddtlInf>" for word in words) + "</CxlRsnInf>"


def request(*transactions: str, case: str = f"<Case><Id>{CASE}</Id></Case>", count: str = "") -> str:
    control = f"<CtrlData><NbOfTxs>{count}</NbOfTxs></CtrlData>" if count else ""
    return (
        f"<FIToFIPmtCxlReq><Assgnmt><Id>M1</Id><Assgnr>{PARTY}</Assgnr></Assgnmt>{case}{control}"
        f"<Undrlyg>{''.join(f'<TxInf>{each}</TxInf>' for each in transactions)}</Undrlyg></FIToFIPmtCxlReq>"
    )


def test_a_bare_request_of_another_is_read() -> None:
    found = arrival(Message.HOLD_REQUEST, request(REFERENCE + AMOUNT + DAY))
    assert isinstance(found, CancellationRequest)
    assert found.transfers[0].disputed_paise == 500_000
    assert found.transfers[0].transferred_at == datetime(2026, 4, 11, 18, 30, tzinfo=UTC)
    assert found.created_at is None


@each(
    ("inside", "where"),
    [
        (request(), "Undrlyg/TxInf"),
        (request(*[REFERENCE + AMOUNT + DAY] * (INCIDENTS_MAX + 1)), "Undrlyg/TxInf"),
        (request(REFERENCE + AMOUNT + DAY, case=""), "Case/Id"),
        (request(REFERENCE + AMOUNT + DAY, count="2"), "CtrlData/NbOfTxs"),
        (request(AMOUNT + DAY), "Undrlyg/TxInf[1]/OrgnlTxId"),
        (request("<OrgnlTxId>NOTPROVIDED</OrgnlTxId>" + AMOUNT + DAY), "Undrlyg/TxInf[1]/OrgnlTxId"),
        (request(REFERENCE + DAY), "Undrlyg/TxInf[1]/OrgnlIntrBkSttlmAmt"),
        (request(REFERENCE + AMOUNT.replace("INR", "USD") + DAY), "Undrlyg/TxInf[1]/OrgnlIntrBkSttlmAmt"),
        (request(REFERENCE + AMOUNT.replace("5000.00", "0.00") + DAY), "Undrlyg/TxInf[1]/OrgnlIntrBkSttlmAmt"),
        (request(REFERENCE + AMOUNT), "Undrlyg/TxInf[1]/OrgnlIntrBkSttlmDt"),
        (request(REFERENCE + AMOUNT + DAY + said("/DSPTD/INR5000.01")), "Undrlyg/TxInf[1]/CxlRsnInf/AddtlInf"),
        (request(REFERENCE + AMOUNT + DAY + said("/DSPTD/USD1.00")), "Undrlyg/TxInf[1]/CxlRsnInf/AddtlInf"),
        (request(REFERENCE + AMOUNT + DAY + said("/DSPTD/INR0.00")), "Undrlyg/TxInf[1]/CxlRsnInf/AddtlInf"),
        (request(REFERENCE + AMOUNT + DAY + said("/LAYER/" + "9" * 50)), "Undrlyg/TxInf[1]/CxlRsnInf/AddtlInf"),
    ],
)
def test_half_a_request_is_none(inside: str, where: str) -> None:
    with pytest.raises(IncompleteMessage) as caught:
        arrival(Message.HOLD_REQUEST, inside)
    assert caught.value.where == where


@each(
    ("inside", "where"),
    [
        ("<FIToFIPmtStsReq><GrpHdr><MsgId>1</MsgId></GrpHdr></FIToFIPmtStsReq>", "TxInf"),
        (f"<FIToFIPmtStsReq><TxInf>{REFERENCE}</TxInf></FIToFIPmtStsReq>", "GrpHdr/MsgId"),
        (
            f"<FIToFIPmtStsReq><GrpHdr><MsgId>1</MsgId></GrpHdr><TxInf>{REFERENCE}</TxInf></FIToFIPmtStsReq>",
            "OrgnlGrpInf/OrgnlMsgId",
        ),
    ],
)
def test_half_a_reminder_is_none(inside: str, where: str) -> None:
    with pytest.raises(IncompleteMessage) as caught:
        arrival(Message.STATUS_REQUEST, inside)
    assert caught.value.where == where


def test_no_identifier_has_a_letter_that_a_bank_cannot_take() -> None:
    found = asked(encode_hold_request("DEMO", ticket(), created_at=AT))
    assert re.fullmatch(r"[A-Za-z0-9/\-?:().,'+ ]{1,35}", found.case_id)
    assert found.transfers[0].transferred_at == TRANSFERRED_AT
