"""The ticket as a bank receives it: exact there and back, and the shapes banks are known to send and take."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.banks.answers import LineFlag
from adapters.banks.envelope import EnvelopeError
from adapters.banks.i4c.bank_side import FraudReport, decode_fraud_report
from adapters.banks.i4c.document import ShapeError
from adapters.banks.i4c.values import encode_fraud_report
from adapters.banks.protocol import INCIDENTS_MAX, Incident
from schemas.base import MAX_AMOUNT_PAISE
from tests.adapters.wires import ACK_NO, REQUEST_ID, incident, posted, ticket, wire
from tests.each import each


def sent(**changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(encode_fraud_report(ticket()))
    return document | changes


def decode(document: Any) -> FraudReport:
    body, headers = posted(document)
    return decode_fraud_report(body, headers | {"idempotency-key": str(REQUEST_ID)}, wire())


def test_the_wire_to_the_letter() -> None:
    assert sent() == {
        "acknowledgement_no": ACK_NO,
        "sub_category": "UPI Related Frauds",
        "instrument": {
            "requestor": "I4C-MHA",
            "payer_bank": "Demo Bank",
            "payer_bank_code": "DEMO",
            "mode_of_payment": "UPI",
            "payer_mobile_number": "9000000001",
            "payer_account_number": "00012345678901",
            "state": "UTTAR PRADESH",
            "district": "LUCKNOW",
            "transaction_type": "UPI",
            "wallet": "",
        },
        "incidents": [
            {
                "amount": "5000.00",
                "rrn": "610212345678",
                "transaction_date": "2026-04-12",
                "transaction_time": "13:34:05",
                "disputed_amount": "4500.50",
                "layer": 2,
            }
        ],
    }


PAISE = st.integers(1, MAX_AMOUNT_PAISE)
MOMENTS = st.integers(1_000_000_000, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds + 0.25, UTC))


@st.composite
def incidents(draw: st.DrawFn) -> Incident:
    amount_paise = draw(PAISE)
    return incident(
        amount_paise=amount_paise,
        disputed_paise=draw(st.integers(1, amount_paise)),
        rrn=draw(st.from_regex(r"[0-9]{12}|[A-Z]{4}[0-9]{12}", fullmatch=True)),
        transferred_at=draw(MOMENTS),
        layer=draw(st.integers(1, 50)),
    )


@given(asked=st.lists(incidents(), min_size=1, max_size=5))
def test_there_and_back(asked: list[Incident]) -> None:
    found = decode(encode_fraud_report(ticket(*asked)).decode())
    assert found.request_key == str(REQUEST_ID)
    assert found.instrument == ticket().instrument
    for was, now in zip(asked, found.incidents, strict=True):
        assert (now.amount_paise, now.disputed_paise, now.rrn, now.layer, now.flags) == (
            was.amount_paise,
            was.disputed_paise,
            was.rrn,
            was.layer,
            (),
        )
        assert now.transferred_at is not None
        assert timedelta(0) <= was.transferred_at - now.transferred_at < timedelta(seconds=1)


def test_incidents_inside_the_instrument() -> None:
    document = sent()
    document["instrument"]["incidents"] = document.pop("incidents")
    assert decode(document) == decode(sent())


def test_a_ticket_without_an_instrument() -> None:
    document = sent()
    del document["instrument"]
    found = decode(document)
    assert found.instrument is None
    assert len(found.incidents) == 1


def test_a_single_incident_needs_no_list() -> None:
    assert decode(sent(incidents=sent()["incidents"][0])) == decode(sent())


def test_a_request_without_a_key() -> None:
    body, headers = posted(sent())
    assert decode_fraud_report(body, headers, wire()).request_key is None


def test_an_odd_time_is_read_and_a_hopeless_one_flagged() -> None:
    row = sent()["incidents"][0]
    (odd,) = decode(sent(incidents=[row | {"transaction_time": "13:34:PM"}])).incidents
    assert odd.transferred_at == datetime(2026, 4, 12, 8, 4, tzinfo=UTC)
    assert [flag.code for flag in odd.flags] == [LineFlag.TIME_ODD]
    (hopeless,) = decode(sent(incidents=[row | {"transaction_date": "", "transaction_time": "13:34:PM"}])).incidents
    assert (hopeless.transferred_at, hopeless.transferred_at_raw) == (None, "13:34:PM")
    assert [flag.code for flag in hopeless.flags] == [LineFlag.TIME_UNREADABLE]


def test_what_no_database_stores_is_replaced_in_a_report_too() -> None:
    (found,) = decode(sent(incidents=[sent()["incidents"][0] | {"rrn": "61\x00"}])).incidents
    assert found.rrn == "61\ufffd"
    assert [flag.code for flag in found.flags] == [LineFlag.TEXT_REPAIRED]


@each(
    ("changes", "field_name"),
    [
        ({"acknowledgement_no": None}, "acknowledgement_no"),
        ({"incidents": []}, "incidents"),
        ({"incidents": None}, "incidents"),
        ({"incidents": [{}] * (INCIDENTS_MAX + 1)}, "incidents"),
        ({"incidents": ["x"]}, "incidents[0]"),
        ({"incidents": [{"rrn": ""}]}, "incidents[0].rrn"),
        ({"incidents": [{"rrn": "1", "amount": "x"}]}, "incidents[0].amount"),
        ({"incidents": [{"rrn": "1", "amount": "1"}]}, "incidents[0].disputed_amount"),
        ({"incidents": [{"rrn": "1", "amount": "1", "disputed_amount": "1", "layer": 0}]}, "incidents[0].layer"),
        ({"incidents": [{"rrn": "1", "amount": "1", "disputed_amount": "1", "layer": "x"}]}, "incidents[0].layer"),
    ],
)
def test_a_bank_holds_nothing_on_half_a_ticket(changes: dict[str, Any], field_name: str) -> None:
    with pytest.raises(ShapeError) as caught:
        decode(sent(**changes))
    assert caught.value.field_name == field_name


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(changes=st.dictionaries(st.sampled_from(sorted(sent())), JSON, max_size=3))
def test_any_json_is_a_report_or_a_named_error(changes: dict[str, Any]) -> None:
    try:
        found = decode(json.dumps(sent(**changes)))
    except (ShapeError, EnvelopeError):
        return
    assert found.incidents


@each(
    "changes",
    [
        {"amount_paise": 0, "disputed_paise": 0},
        {"disputed_paise": 0},
        {"disputed_paise": 500_001},
        {"rrn": ""},
        {"transferred_at": datetime(2026, 4, 12)},  # noqa: DTZ001 - the mistake under test
        {"layer": 0},
    ],
)
def test_no_ticket_is_built_that_no_bank_could_act_on(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        incident(**changes)


def test_a_ticket_has_its_limits() -> None:
    with pytest.raises(ValueError, match="1 to"):
        ticket(*[incident()] * (INCIDENTS_MAX + 1))


def test_nothing_personal_in_a_tickets_repr() -> None:
    shown = repr(ticket()) + repr(decode(sent()))
    assert "9000000001" not in shown
    assert "00012345678901" not in shown
