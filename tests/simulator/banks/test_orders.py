"""Simulated banks and orders: everything is executed in the end, in parts, late, twice or wrongly by the seed."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.banks.answers import AnswerLine, StatusUpdate
from adapters.banks.iso20022.arrivals import ReturnedFunds, ReturnedTransfer
from adapters.banks.iso20022.orders import decode, encode_cancellation, encode_order
from schemas.recovery.orders import BankOrder, Beneficiary
from schemas.recovery.orders import OrderLine as ProductLine
from schemas.restoration_enums import OrderKind, OrderReason, OrderState
from simulator.banks.orders import (
    WRONG_ACCOUNT,
    Order,
    OrderLine,
    read_iso_cancelled,
    read_iso_order,
    read_order,
    reports_on,
    write_cancellation_acknowledged,
    write_done,
)
from simulator.config import SimulatorConfig
from simulator.institutions import build_institutions
from simulator.wires.i4c import TicketError
from tests.each import each
from tests.simulator.conftest import quiet

BANKS = build_institutions(SimulatorConfig())
KINDS = st.sampled_from(["restore", "release"])


def order(*paise: int, kind: str = "restore", ack_no: str = "31112026000001") -> Order:
    lines = [
        {
            "line_no": number,
            "hop": number,
            "reference": f"41234567890{number}",
            "account": "30000000001",
            "amount_paise": amount,
            "confirmed_paise": 0,
            "beneficiary": {"institution": "SBIN", "holder": "20000000001", "ifsc": ""} if kind == "restore" else None,
        }
        for number, amount in enumerate(paise, 1)
    ]
    return read_order({"order_id": "o-1", "kind": kind, "ack_no": ack_no, "lines": lines})


@given(st.integers(0, 10_000), st.lists(st.integers(1, 10**7), min_size=1, max_size=5), KINDS, st.booleans())
def test_in_the_end_every_paisa_is_done_once_to_the_right_account(
    seed: int, paise: list[int], kind: str, signed: bool
) -> None:
    config = SimulatorConfig(seed=seed)
    words = reports_on(config, BANKS[seed % len(BANKS)], order(*paise, kind=kind), signed=signed)
    assert [word.after for word in words] == sorted(word.after for word in words)
    right = [done for word in words for done in word.lines if done.account != WRONG_ACCOUNT]
    references = [(done.line_no, done.reference) for word in words for done in word.lines]
    assert len(references) == len(set(references))
    for number, amount in enumerate(paise, 1):
        done = sum(one.amount_paise for one in right if one.line_no == number)
        # The second time is another credit of the same amount.
        assert done in ({amount, 2 * amount} if signed and kind == "restore" else {amount})
    assert all(done.account == ("20000000001" if kind == "restore" else "") for done in right)


@each(
    ("habit", "words", "amounts"),
    [
        ("in_part", 2, [50_00, 50_01]),
        ("twice", 2, [100_01, 100_01]),
        ("elsewhere", 2, [100_01, 100_01]),
        ("late", 1, [100_01]),
    ],
)
def test_each_habit(habit: str, words: int, amounts: list[int]) -> None:
    nothing = {"late": 0, "in_part": 0, "twice": 0, "elsewhere": 0}
    config = quiet(orders=nothing | {habit: 1})
    plain = reports_on(quiet(orders=nothing), BANKS[0], order(100_01), signed=True)
    said = reports_on(config, BANKS[0], order(100_01), signed=True)
    assert len(said) == words
    assert [word.lines[0].amount_paise for word in said] == amounts
    if habit == "late":
        assert said[0].after == plain[0].after + config.orders.late_seconds
    if habit == "elsewhere":
        assert [word.lines[0].account for word in said] == [WRONG_ACCOUNT, "20000000001"]


def test_the_page_of_a_letter_takes_neither_a_second_credit_nor_a_wrong_account() -> None:
    config = quiet(orders={"late": 0, "in_part": 0, "twice": 1, "elsewhere": 1})
    (word,) = reports_on(config, BANKS[0], order(100_00), signed=False)
    assert word.lines[0].amount_paise == 100_00


def test_what_was_done_before_is_not_done_again() -> None:
    told = {"line_no": 1, "amount_paise": 100, "confirmed_paise": 100, "reference": "1"}
    left = told | {"line_no": 2, "confirmed_paise": 40}
    read = read_order({"order_id": "o", "kind": "release", "ack_no": "1", "lines": [told, left]})
    assert read.lines == (OrderLine(2, 60, "1"),)


@each(
    "content",
    [
        None,
        [],
        {},
        {"order_id": "o", "ack_no": "1", "lines": [], "kind": "keep"},
        {"order_id": "o", "ack_no": "1", "kind": "restore", "lines": [None]},
        {"order_id": "o", "ack_no": "1", "kind": "restore", "lines": [{"line_no": "1"}]},
    ],
)
def test_what_is_no_order_is_refused(content: object) -> None:
    with pytest.raises(TicketError):
        read_order(content)


# -- by file -----------------------------------------------------------------------------------------------------------


def ordered(kind: OrderKind) -> BankOrder:
    """Return an order as the product writes it into a file."""
    now = datetime(2026, 11, 24, 10, tzinfo=UTC)
    to = Beneficiary(institution="SBIN", holder="20000000001") if kind is OrderKind.RESTORE else None
    reason = OrderReason.RESTORATION if kind is OrderKind.RESTORE else OrderReason.LAPSED
    lines = tuple(
        ProductLine(
            line_no=number,
            hop=1,
            reference=f"60011234567{number}",
            account="30000000001",
            amount_paise=number * 100_50,
            confirmed_paise=0,
            beneficiary=to,
        )
        for number in (1, 2)
    )
    return BankOrder(
        order_id=uuid4(),
        kind=kind,
        reason=reason,
        state=OrderState.PLANNED,
        ack_no="31112026000001",
        ordered_at=now,
        due_at=now,
        lines=lines,
    )


@each("kind", list(OrderKind))
def test_an_order_by_file_is_read_as_it_was_written_and_its_answer_as_it_was_meant(kind: OrderKind) -> None:
    told = ordered(kind)
    found = read_iso_order(encode_order("AUBL", told, created_at=told.ordered_at))
    assert found is not None
    read, case = found
    assert (read.order_id, read.kind, read.ack_no) == (str(told.order_id), kind.value, told.ack_no)
    assert [(one.line_no, one.amount_paise) for one in read.lines] == [(1, 100_50), (2, 201_00)]
    (word,) = reports_on(quiet(orders={"late": 0, "in_part": 0}), BANKS[0], read, signed=False)
    answer = decode(write_done("AUBL", read, case, word.lines))
    if isinstance(answer, ReturnedFunds):
        assert kind is OrderKind.RESTORE
        said = [one for one in answer.lines if isinstance(one, ReturnedTransfer)]
        assert [(one.reference, one.returned_paise, one.job_id) for one in said] == [
            (line.reference, line.amount_paise, case) for line in told.lines
        ]
    else:
        assert isinstance(answer, StatusUpdate)
        assert kind is OrderKind.RELEASE
        assert [line.root_reference for line in answer.lines if isinstance(line, AnswerLine)] == [
            line.reference for line in told.lines
        ]


@each("body", [b"no xml", b"<a/>", b"<Document><FIToFIPmtStsReq/></Document>"])
def test_another_message_is_no_order(body: bytes) -> None:
    assert read_iso_order(body) is None


@each("foreign", [b"not-an-id", b"0" * 31])
def test_a_file_whose_order_has_no_id_of_ours_is_not_carried_out(foreign: bytes) -> None:
    told = ordered(OrderKind.RESTORE)
    told = told.model_copy(update={"cancelled_at": told.ordered_at})
    ours, written = told.order_id.hex.encode(), encode_order("AUBL", told, created_at=told.ordered_at)
    with pytest.raises(TicketError, match="not one of the police"):
        read_iso_order(written.replace(ours, foreign))
    with pytest.raises(TicketError, match="not one of the police"):
        read_iso_cancelled(encode_cancellation("AUBL", told).replace(ours, foreign))


def test_a_cancelled_order_by_file_is_read_as_it_was_written_and_answered() -> None:
    told = ordered(OrderKind.RESTORE)
    told = told.model_copy(update={"cancelled_at": told.ordered_at})
    body = encode_cancellation("AUBL", told)
    assert read_iso_order(body) is None
    stopped = read_iso_cancelled(body)
    assert stopped is not None
    assert stopped[0] == str(told.order_id)
    answer = decode(write_cancellation_acknowledged("AUBL", stopped[1]))
    assert isinstance(answer, StatusUpdate)
    assert answer.job_id == stopped[1]
    assert read_iso_cancelled(encode_order("AUBL", told, created_at=told.ordered_at)) is None
