"""A bank's answer: every kind of line, every trap seen in bank code, and nothing lost."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.banks.answers import AnswerLine, LineFlag, LineType, StatusLine, StatusUpdate, UnreadableLine
from adapters.banks.envelope import EnvelopeError, EnvelopeReason
from adapters.banks.i4c.decode import LINES_MAX, decode_status_update
from adapters.banks.i4c.document import (
    DEPTH_MAX,
    IDENTIFIER_MAX_CHARS,
    TEXT_MAX_CHARS,
    VALUES_MAX,
    ShapeError,
    read_object,
)
from schemas.enums import ClaimKind
from tests.adapters.wires import ACK_NO, decoded, line, posted, update, wire
from tests.each import each


def decode(document: Any) -> StatusUpdate:
    body, headers = posted(document)
    return decode_status_update(body, headers, wire())


def only(value: Any) -> StatusLine:
    lines = decoded(value)
    assert len(lines) == 1
    return lines[0]


def readable(value: Any) -> AnswerLine:
    found = only(value)
    assert isinstance(found, AnswerLine), found
    return found


def unreadable(value: Any) -> UnreadableLine:
    found = only(value)
    assert isinstance(found, UnreadableLine), found
    return found


def flags(value: Any) -> set[tuple[str, str]]:
    return {(flag.field, flag.code) for flag in readable(value).flags}


# -- kinds of lines ----------------------------------------------------------------------------------------------------


def test_a_hold_with_every_field() -> None:
    sent = line()
    assert readable(sent) == AnswerLine(
        line_no=1,
        kind=ClaimKind.HELD,
        type_code="1",
        amount_paise=450_050,
        disputed_paise=450_050,
        occurred_at=datetime(2026, 4, 12, 8, 15, tzinfo=UTC),
        time_text="2026-04-12 13:45:00",
        reference="610212345999",
        root_reference="610212345678",
        root_account="00012345678901",
        balance_paise=-1200,
        status_code="00",
        remarks="held",
        payee_ifsc="DEMO0000001",
        flags=(),
        raw=sent,
    )


def test_a_transfer() -> None:
    found = readable(
        line(
            txn_type_id=3,
            txn_type="Money Transfer To",
            amount="9,000.00",
            payee_bank="Other Bank",
            payee_bank_code="OTHR",
            payee_account_number="000987654321",
            ifsc_code="othr0000042",
        )
    )
    assert found.kind is ClaimKind.MOVED
    assert (found.amount_paise, found.disputed_paise) == (900_000, 450_050)
    assert (found.payee_bank, found.payee_bank_code, found.payee_account) == ("Other Bank", "OTHR", "000987654321")
    assert found.payee_ifsc == "OTHR0000042"
    assert found.flags == ()


@each(
    ("type_id", "details"),
    [
        ("5", {"atm_id": "A1", "place_of_atm": "Hazratganj", "atm_of_bank": "OTHR"}),
        ("6", {"rrn": "610212340000"}),
        (
            "11",
            {"mid": "M", "tid": "T", "approval_code": "1", "merchant_name": "Shop", "pos_transaction_id": "P"},
        ),
        (
            "14",
            {"cheque_no": "7", "withdrawal_date": "x", "location": "L", "managername": "N", "managernumber": "9"},
        ),
    ],
)
def test_withdrawals(type_id: str, details: dict[str, str]) -> None:
    found = readable(line(txn_type_id=type_id, txn_type=None, **details))
    kind = ClaimKind.SPENT if type_id == LineType.POS else ClaimKind.WITHDRAWN
    assert (found.kind, found.type_code, found.details) == (kind, type_id, details)


def test_details_a_bank_leaves_out_are_empty_and_numbers_are_text() -> None:
    found = readable(line(txn_type_id="14", txn_type="", cheque_no=712))
    assert found.details["cheque_no"] == "712"
    assert found.details["location"] == ""


def test_an_unknown_type_is_kept_whole() -> None:
    sent = line(txn_type_id="77", txn_type="Something New", colour="blue", nested={"a": [1, None, True, 0.5]})
    found = readable(sent)
    assert (found.kind, found.type_code, found.raw) == (ClaimKind.UNKNOWN, "77", sent)
    assert found.amount_paise == 450_050


def test_no_type_at_all_is_unknown() -> None:
    found = readable(line(txn_type=None, txn_type_id=None))
    assert (found.kind, found.type_code) == (ClaimKind.UNKNOWN, "")


@each("name", ["Something New", "3"])
def test_the_name_of_a_type_without_a_number_is_no_number(name: str) -> None:
    found = readable(line(txn_type=name, txn_type_id=None))
    assert (found.kind, found.type_code) == (ClaimKind.UNKNOWN, name)


# -- types -------------------------------------------------------------------------------------------------------------


@each("type_id", ["1", 1, 1.0, "01", " 1 "])
def test_type_numbers_in_any_notation(type_id: Any) -> None:
    assert readable(line(txn_type_id=type_id)).kind is ClaimKind.HELD
    assert flags(line(txn_type_id=type_id)) == set()


@each(
    ("name", "kind"),
    [
        ("Transaction Put on Hold", ClaimKind.HELD),
        ("TRANSACTION PUT ON HOLD ", ClaimKind.HELD),
        ("Money Transfer to", ClaimKind.MOVED),
        ("money_transfer_to", ClaimKind.MOVED),
        ("Withdrawal through ATM", ClaimKind.WITHDRAWN),
        ("AEPS", ClaimKind.WITHDRAWN),
        ("Cash Withdrawal through Cheque", ClaimKind.WITHDRAWN),
    ],
)
@each("type_id", [None, "", "NA"])
def test_type_by_name_only(name: str, kind: ClaimKind, type_id: str | None) -> None:
    found = readable(line(txn_type=name, txn_type_id=type_id))
    assert found.kind is kind
    assert ("txn_type_id", LineFlag.TYPE_BY_NAME) in {(f.field, f.code) for f in found.flags}


def test_number_and_name_that_disagree() -> None:
    sent = line(txn_type_id="1", txn_type="Money Transfer To")
    assert readable(sent).kind is ClaimKind.HELD
    assert flags(sent) == {("txn_type_id", LineFlag.TYPE_CONTRADICTS)}


# -- amounts -----------------------------------------------------------------------------------------------------------


@each("amount", ["4500.50", "4,500.50", 4500.5, " 4500.5 "])
def test_amounts_in_any_notation(amount: Any) -> None:
    assert readable(line(amount=amount)).amount_paise == 450_050


@each("amount", ["-1", "1.005", "many", True, [1], {"a": 1}, "1e3"])
@each("name", ["amount", "disputed_amount"])
def test_an_amount_that_is_none_makes_a_claim_unreadable(name: str, amount: Any) -> None:
    found = unreadable(line(**{name: amount}))
    assert found.field_name == name
    assert found.raw[name] == amount


def test_not_a_number_in_the_json_costs_only_its_line() -> None:
    text = json.dumps(update(line(amount=float("nan")), line(amount=float("inf")), line()))
    assert "NaN" in text
    first, second, third = decode(text).lines
    assert isinstance(first, UnreadableLine)
    assert first.raw["amount"] == "NaN"
    assert isinstance(second, UnreadableLine)
    assert isinstance(third, AnswerLine)


def test_one_amount_stands_for_the_other() -> None:
    found = readable(line(amount=None))
    assert (found.amount_paise, found.disputed_paise) == (450_050, 450_050)
    assert flags(line(amount="")) == {("amount", LineFlag.AMOUNT_FROM_DISPUTED)}
    assert flags(line(disputed_amount="NA")) == {("disputed_amount", LineFlag.DISPUTED_FROM_AMOUNT)}


def test_a_claim_without_any_amount_is_unreadable() -> None:
    found = unreadable(line(amount=None, disputed_amount=None))
    assert (found.field_name, found.reason) == ("amount", "is missing")


@each("amount", [None, "", "abc"])
def test_a_refusal_needs_no_amount(amount: str | None) -> None:
    found = readable(line(status_code="02", amount=amount, disputed_amount=None))
    assert (found.status_code, found.amount_paise, found.disputed_paise) == ("02", None, None)


def test_amounts_that_are_odd_but_said() -> None:
    above = {"amount": "100", "disputed_amount": "100.01"}
    assert ("disputed_amount", LineFlag.DISPUTED_ABOVE_AMOUNT) in flags(line(txn_type_id=3, **above))
    assert flags(line(amount="0.00", disputed_amount="0")) == {("amount", LineFlag.ZERO_AMOUNT)}
    assert flags(line(root_effective_balance="unknown")) == {("root_effective_balance", LineFlag.BALANCE_UNREADABLE)}
    assert readable(line(root_effective_balance="")).balance_paise is None


@each(
    ("amount", "disputed", "odd"),
    [
        ("1", "9000", ("disputed_amount", LineFlag.DISPUTED_ABOVE_AMOUNT)),
        ("9000", "1", ("amount", LineFlag.AMOUNT_ABOVE_DISPUTED)),
        ("9000", "0", ("disputed_amount", LineFlag.DISPUTED_FROM_AMOUNT)),
    ],
)
def test_a_hold_whose_two_amounts_contradict_each_other_is_taken_and_flagged(
    amount: str, disputed: str, odd: tuple[str, LineFlag]
) -> None:
    found = readable(line(amount=amount, disputed_amount=disputed))
    assert (found.kind, flags(line(amount=amount, disputed_amount=disputed))) == (ClaimKind.HELD, {odd})


def test_a_refusal_has_no_amount_so_only_the_nought_is_odd() -> None:
    assert flags(line(status_code="01", amount="0", disputed_amount="300")) == {("amount", LineFlag.ZERO_AMOUNT)}
    assert flags(line(status_code="01", amount="0", disputed_amount="0")) == set()
    withdrawn = {"txn_type": None, "txn_type_id": "5", "amount": "0", "disputed_amount": "300"}
    assert flags(line(**withdrawn)) == {("amount", LineFlag.ZERO_AMOUNT)}


def test_what_a_balance_includes_is_the_banks_own_way() -> None:
    body, headers = posted(update(line(root_effective_balance="10.00")))
    for bank in (wire(), replace(wire(), balance_includes_liens=False)):
        (told,) = decode_status_update(body, headers, bank).lines
        assert isinstance(told, AnswerLine)
        assert (told.balance_paise, told.balance_is_free) == (1000, not bank.balance_includes_liens)


# -- times -------------------------------------------------------------------------------------------------------------


def test_a_time_that_cannot_be_read_is_kept_and_flagged() -> None:
    found = readable(line(transaction_datetime="13:34:PM"))
    assert (found.occurred_at, found.time_text) == (None, "13:34:PM")
    assert flags(line(transaction_datetime="13:34:PM")) == {("transaction_datetime", LineFlag.TIME_UNREADABLE)}
    assert flags(line(transaction_datetime="2026-04-12 13:34:PM")) == {("transaction_datetime", LineFlag.TIME_ODD)}
    assert flags(line(transaction_datetime=None)) == {("transaction_datetime", LineFlag.TIME_MISSING)}
    assert flags(line(transaction_datetime=1775981045)) == {("transaction_datetime", LineFlag.TIME_UNREADABLE)}


# -- identifiers and codes ---------------------------------------------------------------------------------------------


def test_accounts_keep_their_zeros_and_numbers_are_flagged() -> None:
    assert readable(line(root_account_number="000123")).root_account == "000123"
    found = readable(line(root_account_number=123456789012, root_rrn_transaction_id=10212345678))
    assert (found.root_account, found.root_reference) == ("123456789012", "010212345678")
    assert {(f.field, f.code) for f in found.flags} == {
        ("root_account_number", LineFlag.NUMERIC_ID),
        ("root_rrn_transaction_id", LineFlag.NUMERIC_ID),
    }
    assert readable(line(root_account_number=123456789012.0)).root_account == "123456789012"


def test_a_number_no_float_can_carry_is_not_rounded() -> None:
    text = json.dumps(update(line(root_account_number="@@"))).replace('"@@"', "123456789012345678901234")
    (found,) = decode(text).lines
    assert isinstance(found, AnswerLine)
    assert found.root_account == "123456789012345678901234"
    assert orjson.loads(orjson.dumps(found.raw))["root_account_number"] == "123456789012345678901234"
    for amount in ("4500.500000000000000000001", "1e-99999999999999999999", "1e999", "-1e999"):
        text = json.dumps(update(line(amount="@@"))).replace('"@@"', amount)
        (found,) = decode(text).lines
        assert isinstance(found, UnreadableLine)
        assert found.raw["amount"] == amount


@each("value", [True, ["1"], {"a": "1"}, 1.5, "9" * (IDENTIFIER_MAX_CHARS + 1)])
@each("name", ["root_account_number", "root_rrn_transaction_id", "status_code", "txn_type_id"])
def test_an_identifier_that_is_none_makes_the_line_unreadable(name: str, value: Any) -> None:
    assert unreadable(line(**{name: value})).field_name == name


@each(("code", "kept"), [(0, "00"), ("0", "00"), (2, "02"), ("99", "99"), ("X7", "X7"), (15, "15")])
def test_status_codes_are_kept_unknown_ones_too(code: Any, kept: str) -> None:
    assert readable(line(status_code=code)).status_code == kept


def test_what_is_missing_is_flagged() -> None:
    assert flags(line(status_code=None)) == {("status_code", LineFlag.STATUS_MISSING)}
    assert flags(line(root_rrn_transaction_id=None)) == {("root_rrn_transaction_id", LineFlag.REFERENCE_MISSING)}
    bare = {"txn_type_id": "3", "amount": "1", "disputed_amount": "1"}
    assert flags(bare) == {
        ("status_code", LineFlag.STATUS_MISSING),
        ("root_rrn_transaction_id", LineFlag.REFERENCE_MISSING),
        ("rrn_transaction_id", LineFlag.REFERENCE_MISSING),
        ("payee_account_number", LineFlag.PAYEE_MISSING),
        ("transaction_datetime", LineFlag.TIME_MISSING),
    }


def test_an_odd_ifsc_is_kept_and_flagged() -> None:
    assert readable(line(ifsc_code="SBIN1234")).payee_ifsc == "SBIN1234"
    assert flags(line(ifsc_code="SBIN1234", root_ifsc_code="x")) == {
        ("ifsc_code", LineFlag.IFSC_ODD),
        ("root_ifsc_code", LineFlag.IFSC_ODD),
    }


# -- one bad line never costs the others -------------------------------------------------------------------------------


@each("bad", [None, 7, "text", [], [line()], {}, line(amount="x"), line(txn_type_id=[])])
def test_the_good_lines_beside_a_bad_one(bad: Any) -> None:
    before, middle, after = decoded(line(), bad, line(txn_type_id="3", payee_account_number="1"))
    assert isinstance(before, AnswerLine)
    assert isinstance(middle, UnreadableLine) or middle.kind is ClaimKind.UNKNOWN
    assert isinstance(after, AnswerLine)
    assert [before.line_no, middle.line_no, after.line_no] == [1, 2, 3]


def test_what_is_no_object_is_kept() -> None:
    assert unreadable("held all of it").raw == {"value": "held all of it"}


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = {"a": value}
    return value


def test_nesting_has_a_limit() -> None:
    assert readable(line(extra=nested(DEPTH_MAX - 1))).kind is ClaimKind.HELD
    found = unreadable(line(extra=nested(DEPTH_MAX)))
    assert found.reason == f"is nested deeper than {DEPTH_MAX}"
    assert str(found.raw["beginning"]).startswith('{"txn_type"')


def test_nesting_at_the_edge_of_what_can_be_read_has_a_named_end() -> None:
    # Somewhere in here lies the depth that a JSON reader still reads and a JSON writer no longer writes.
    for depth in range(600, 1000):
        deep = '{"a":' * depth + "1" + "}" * depth
        with suppress(EnvelopeError):
            first, second = decode(json.dumps(update("@@", line())).replace('"@@"', deep)).lines
            assert isinstance(first, UnreadableLine)
            assert isinstance(second, AnswerLine)


def test_a_line_holds_so_many_values() -> None:
    found = unreadable(line(extra=list(range(VALUES_MAX))))
    assert found.reason == f"holds more than {VALUES_MAX} values"
    assert len(str(found.raw["beginning"])) == TEXT_MAX_CHARS


def test_a_long_text_is_cut_and_whole_in_raw() -> None:
    sent = line(remarks="é" * (TEXT_MAX_CHARS + 1))
    found = readable(sent)
    assert (len(found.remarks), found.raw) == (TEXT_MAX_CHARS, sent)
    assert flags(sent) == {("remarks", LineFlag.TEXT_CUT)}


def test_what_no_database_stores_is_replaced() -> None:
    found = readable(line(remarks="a\x00b\ud800c", **{"odd\x00key": 1}))
    assert found.remarks == "a\ufffdb\ufffdc"
    assert found.raw["odd\ufffdkey"] == 1
    assert ("line", LineFlag.TEXT_REPAIRED) in {(f.field, f.code) for f in found.flags}


# -- the update as a whole ---------------------------------------------------------------------------------------------


def test_a_single_transaction_needs_no_list() -> None:
    found = decode(update() | {"transactions": line()})
    assert (found.ack_no, found.job_id, len(found.lines)) == (ACK_NO, "BANKS-1", 1)


def test_a_numeric_acknowledgement_number() -> None:
    assert decode(update(line(), acknowledgement_no=int(ACK_NO))).ack_no == ACK_NO


def test_a_missing_job_id_is_none() -> None:
    assert decode(update(line(), job_id=None)).job_id is None
    assert decode(update(line(), job_id="")).job_id is None


@each(
    ("document", "field_name"),
    [
        (update(line(), acknowledgement_no=None), "acknowledgement_no"),
        (update(line(), acknowledgement_no=""), "acknowledgement_no"),
        (update(line(), acknowledgement_no=["1"]), "acknowledgement_no"),
        (update(line(), acknowledgement_no="1" * 65), "acknowledgement_no"),
        (update(line(), job_id={}), "job_id"),
        (update(), "transactions"),
        (update() | {"transactions": None}, "transactions"),
        (update() | {"transactions": "none"}, "transactions"),
        (update(*[{}] * (LINES_MAX + 1)), "transactions"),
        ([update(line())], "body"),
        ("null", "body"),
    ],
)
def test_refused_as_a_whole_naming_the_field(document: Any, field_name: str) -> None:
    with pytest.raises(ShapeError) as caught:
        decode(document)
    assert caught.value.field_name == field_name


def test_as_many_lines_as_may_be() -> None:
    found = decode(update(*[line(rrn_transaction_id=f"{n:012}") for n in range(LINES_MAX)]))
    assert [each.line_no for each in found.lines] == list(range(1, LINES_MAX + 1))


@each("text", ["", "not json", '{"a":', "[" * 100_000, '{"a":' * 100_000, "{'a': 1}"])
def test_what_is_no_json_is_answered_as_what_does_not_decrypt(text: str) -> None:
    with pytest.raises(EnvelopeError) as caught:
        decode(text)
    assert caught.value.reason is EnvelopeReason.UNDECIPHERABLE


def test_a_byte_order_mark_is_no_reason_to_refuse() -> None:
    assert decode("\ufeff" + json.dumps(update(line()))).ack_no == ACK_NO


def test_an_unstorable_acknowledgement_number_is_just_an_unknown_one() -> None:
    assert decode(update(line(), acknowledgement_no="1\x00")).ack_no == "1\ufffd"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def texts(value: Any) -> Iterator[str]:
    """Every text in it, names of fields too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in (*value, *value.values()) if isinstance(value, dict) else value:
            yield from texts(part)


@given(
    changes=st.dictionaries(st.sampled_from(sorted(line())), JSON, max_size=6),
    type_id=st.sampled_from(["1", "3", "5", "6", "11", "14"]),
)
@example(changes={"remarks": r"\u0000"}, type_id="1")  # six plain characters
def test_any_value_in_any_field_gives_one_line_that_can_be_stored(changes: dict[str, Any], type_id: str) -> None:
    sent = line() | {"txn_type_id": type_id} | changes
    first, second = decoded(sent, line())
    assert isinstance(second, AnswerLine)
    assert set(first.raw) == set(sent)
    assert not any("\x00" in text for text in texts(orjson.loads(orjson.dumps(first.raw))))
    if isinstance(first, AnswerLine) and first.kind is not ClaimKind.UNKNOWN and first.status_code in {"", "00"}:
        assert first.amount_paise is not None
        assert first.disputed_paise is not None


@given(document=JSON)
def test_any_json_is_an_update_or_a_named_error(document: Any) -> None:
    try:
        found = decode(json.dumps(document))
    except (ShapeError, EnvelopeError):
        return
    assert found.lines


@given(lines=st.lists(JSON, min_size=1, max_size=8))
def test_lines_in_are_lines_out(lines: list[Any]) -> None:
    assert [each.line_no for each in decoded(*lines)] == list(range(1, len(lines) + 1))


def test_nothing_personal_in_any_repr() -> None:
    shown = repr(
        decoded(
            line(txn_type_id="3", payee_account_number="55566677788"),
            line(amount="x"),
            line(txn_type_id="5", atm_id="Z9"),
        )
    )
    for personal in ("00012345678901", "55566677788", "9000000002", "holder@example.org", "FORM60", "held", "Z9"):
        assert personal not in shown


@pytest.mark.parametrize("place", ["body", "line"])
def test_b8_a_key_that_stands_twice_is_refused_by_name(place: str) -> None:
    """Readers choose different values, so neither is booked."""
    twice = b'"acknowledgement_no": "1", ' if place == "body" else b""
    line = b'{"amount": "1", "amount": "9000"}' if place == "line" else b"{}"
    with pytest.raises(ShapeError, match="names a key of an object twice"):
        read_object(b"{" + twice + b'"acknowledgement_no": "2", "transactions": [' + line + b"]}")
