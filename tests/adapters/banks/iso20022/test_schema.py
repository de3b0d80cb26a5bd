"""A message that its schema does not allow cannot leave: every kind of fault is caught, and named by its place."""

import re
from collections.abc import Callable

import pytest

from adapters.banks.iso20022 import schema
from adapters.banks.iso20022.bank_side import Return, TransferStatus, encode_resolution, encode_return
from adapters.banks.iso20022.document import Element, InvalidMessage, Message, node, read
from adapters.banks.iso20022.encode import encode_hold_request, encode_reminder
from tests.adapters.iso_messages import CASE
from tests.adapters.wires import REQUEST_ID, TRANSFERRED_AT, ticket
from tests.each import each

TRANSACTION = "Undrlyg/TxInf"


def messages() -> dict[Message, bytes]:
    statuses = [TransferStatus(reference="6", status="ACCR", held_paise=1, transfer_paise=2, held_on=TRANSFERRED_AT)]
    returns = [Return(reference="6", returned_paise=1, settled_on=TRANSFERRED_AT, return_id="R")]
    return {
        Message.HOLD_REQUEST: encode_hold_request("DEMO", ticket(), created_at=TRANSFERRED_AT),
        Message.STATUS_REQUEST: encode_reminder("DEMO", REQUEST_ID, ["6"], created_at=TRANSFERRED_AT),
        Message.RESOLUTION: encode_resolution("DEMO", REQUEST_ID, CASE, statuses, created_at=TRANSFERRED_AT),
        Message.FUNDS_RETURNED: encode_return("DEMO", REQUEST_ID, CASE, returns, created_at=TRANSFERRED_AT),
    }


@each("message", Message)
def test_what_we_write_is_allowed_and_is_read_as_itself(message: Message) -> None:
    found, inside = read(messages()[message])
    assert found is message
    schema.check(message, inside)


def at(inside: Element, path: str) -> Element:
    found = inside.first(path)
    assert found is not None
    return found


def text(path: str, value: str) -> Callable[[Element], None]:
    def change(inside: Element) -> None:
        at(inside, path).text = value

    return change


def add(path: str, *made: Element) -> Callable[[Element], None]:
    def change(inside: Element) -> None:
        at(inside, path).children.extend(made)

    return change


def insert(path: str, place: int, made: Element) -> Callable[[Element], None]:
    def change(inside: Element) -> None:
        at(inside, path).children.insert(place, made)

    return change


def drop(path: str) -> Callable[[Element], None]:
    parent, _, name = path.rpartition("/")

    def change(inside: Element) -> None:
        holder = at(inside, parent) if parent else inside
        holder.children = [child for child in holder.children if child.name != name]

    return change


def attribute(path: str, **values: str) -> Callable[[Element], None]:
    def change(inside: Element) -> None:
        at(inside, path).attributes = values

    return change


def turned(path: str) -> Callable[[Element], None]:
    def change(inside: Element) -> None:
        at(inside, path).children.reverse()

    return change


AMOUNT = f"{TRANSACTION}/OrgnlIntrBkSttlmAmt"
FAULTS = {
    "too long": (text("Assgnmt/Id", "7" * 36), "Assgnmt/Id", "longer than 35"),
    "too short": (text("Assgnmt/Id", ""), "Assgnmt/Id", "shorter than 1"),
    "pattern": (text("CtrlData/NbOfTxs", "many"), "CtrlData/NbOfTxs", "pattern"),
    "attribute pattern": (attribute(AMOUNT, Ccy="inr"), f"{AMOUNT}/@Ccy", "pattern"),
    "attribute missing": (attribute(AMOUNT), f"{AMOUNT}/@Ccy", "missing"),
    "attribute unknown": (attribute(AMOUNT, Ccy="INR", Cur="INR"), f"{AMOUNT}/@Cur", "not in the schema"),
    "attribute on a text": (attribute("Assgnmt/Id", x="1"), "Assgnmt/Id", "text and nothing else"),
    "decimal": (text(AMOUNT, "1,000.00"), AMOUNT, "not a decimal"),
    "exponent": (text(AMOUNT, "1E3"), AMOUNT, "not a decimal"),
    "NaN": (text(AMOUNT, "NaN"), AMOUNT, "not a decimal"),
    "below zero": (text(AMOUNT, "-0.01"), AMOUNT, "below 0"),
    "fraction digits": (text(AMOUNT, "0.000001"), AMOUNT, "more than 5 decimals"),
    "total digits": (text(AMOUNT, "1" * 19), AMOUNT, "more than 18 digits"),
    "date": (text(f"{TRANSACTION}/OrgnlIntrBkSttlmDt", "2026-02-30"), "OrgnlIntrBkSttlmDt", "not a date"),
    "date shape": (text(f"{TRANSACTION}/OrgnlIntrBkSttlmDt", "12-04-2026"), "OrgnlIntrBkSttlmDt", "not a date"),
    "date and time": (text("Assgnmt/CreDtTm", "2026-04-12"), "Assgnmt/CreDtTm", "not a date and time"),
    "hour": (text("Assgnmt/CreDtTm", "2026-04-12T25:00:00Z"), "Assgnmt/CreDtTm", "not a date and time"),
    "boolean": (add("Case", node("ReopCaseIndctn", "yes")), "Case/ReopCaseIndctn", "not true or false"),
    "required": (drop("Case/Id"), "Case/Id", "missing"),
    "required list": (drop("Undrlyg"), "Undrlyg", "missing"),
    "twice": (insert("Case", 0, node("Id", "2")), "Case/Id", "more than 1 times"),
    "order": (turned("Assgnmt"), "Assgnmt", "in the wrong order"),
    "unknown": (add("Case", node("Note", "x")), "Case/Note", "not in the schema"),
    "another namespace": (add("Case", node("urn:x}Id", "x")), "urn:x}Id", "not in the schema"),
    "choice of both": (
        add("Assgnmt/Assgnr", node("Agt", node("FinInstnId", node("Othr", node("Id", "D"))))),
        "Assgnmt/Assgnr",
        "exactly one",
    ),
    "choice of none": (drop("Assgnmt/Assgnr/Pty"), "Assgnmt/Assgnr", "exactly one"),
    "text among elements": (text("Assgnmt", "stray"), "Assgnmt", "elements, not text"),
    "elements in a text": (add("Assgnmt/Id", node("b", "x")), "Assgnmt/Id", "text and nothing else"),
    "elements in an amount": (add(AMOUNT, node("b", "x")), AMOUNT, "holds no elements"),
}


@each("name", FAULTS)
def test_each_kind_of_fault_is_caught(name: str) -> None:
    change, where, reason = FAULTS[name]
    message, inside = read(messages()[Message.HOLD_REQUEST])
    change(inside)
    with pytest.raises(InvalidMessage, match=re.escape(reason)) as caught:
        schema.check(message, inside)
    assert where in caught.value.where


@each("number", ["1.10000000", "0000000000000000000001.5", "123456789012345678", "+1", ".5", "5."])
def test_zeros_that_say_nothing_are_no_digits(number: str) -> None:
    message, inside = read(messages()[Message.HOLD_REQUEST])
    at(inside, AMOUNT).text = number
    schema.check(message, inside)


def test_a_code_that_is_not_in_an_enumeration() -> None:
    message, inside = read(messages()[Message.RESOLUTION])
    at(inside, "CxlDtls/TxInfAndSts/TxCxlSts").text = "HELD"
    with pytest.raises(InvalidMessage, match=r"TxCxlSts: is not a code"):
        schema.check(message, inside)


def test_a_list_with_an_upper_bound() -> None:
    message, inside = read(messages()[Message.FUNDS_RETURNED])
    header = at(inside, "GrpHdr")
    header.children[2:2] = [node("Authstn", node("Prtry", "a"))] * 3
    with pytest.raises(InvalidMessage, match="Authstn: stands more than 2 times"):
        schema.check(message, inside)


def test_another_root_element() -> None:
    _, inside = read(messages()[Message.STATUS_REQUEST])
    with pytest.raises(InvalidMessage, match="not in the schema"):
        schema.check(Message.RESOLUTION, inside)


def test_what_is_in_an_envelope_is_the_senders_own() -> None:
    message, inside = read(messages()[Message.HOLD_REQUEST])
    inside.children.append(node("SplmtryData", node("Envlp", node("Anything", "x", y="z"))))
    schema.check(message, inside)


def test_a_wrong_statement_of_a_bank_does_not_leave_either() -> None:
    with pytest.raises(InvalidMessage, match="Rsn/Cd"):
        encode_resolution(
            "DEMO",
            REQUEST_ID,
            CASE,
            [TransferStatus(reference="6", status="RJCR", reason="NOBODY")],
            created_at=TRANSFERRED_AT,
        )
    with pytest.raises(InvalidMessage, match="below 0"):
        encode_return("D", REQUEST_ID, CASE, [Return(reference="6", returned_paise=-1)], created_at=TRANSFERRED_AT)
