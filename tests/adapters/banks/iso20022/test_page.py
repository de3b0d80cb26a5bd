"""The examples and tables of docs/banks/iso20022.md are the wire as the code speaks it."""

import re
from dataclasses import replace
from datetime import date, timedelta

from adapters.banks.answers import AnswerLine, StatusUpdate
from adapters.banks.iso20022 import schema
from adapters.banks.iso20022.arrivals import ReturnedFunds, ReturnedTransfer
from adapters.banks.iso20022.document import Message, read
from adapters.banks.iso20022.encode import encode_hold_request, encode_reminder
from adapters.banks.iso20022.orders import decode
from adapters.banks.iso20022.values import REASONS
from tests.adapters.iso_messages import CASE
from tests.adapters.wires import ACK_NO, REQUEST_ID, TRANSFERRED_AT, ticket
from tests.paths import ROOT

PAGE = (ROOT / "docs" / "banks" / "iso20022.md").read_text()
LAID_OUT: list[str] = re.findall(r"```xml\n(.*?)```", PAGE, re.DOTALL)
EXAMPLES = {read(each.encode())[0]: each for each in LAID_OUT}


def example(message: Message) -> bytes:
    return EXAMPLES[message].encode()


def laid_flat(message: Message) -> bytes:
    """The example without the space between elements, as it is sent."""
    return re.sub(r">\s+<", "><", EXAMPLES[message].strip()).replace("?><", "?>\n<").encode() + b"\n"


def test_there_is_one_of_each_and_the_schema_allows_it() -> None:
    assert len(LAID_OUT) == len(EXAMPLES) == len(Message)
    for message in Message:
        schema.check(*read(example(message)))
        assert f"`{message.value}`" in PAGE


def test_what_we_send() -> None:
    urgent = replace(ticket(), priority=1, respond_by=TRANSFERRED_AT + timedelta(minutes=5))
    assert laid_flat(Message.HOLD_REQUEST) == encode_hold_request("DEMO", urgent, created_at=TRANSFERRED_AT)
    reminder = encode_reminder("DEMO", REQUEST_ID, ["610212345678"], created_at=TRANSFERRED_AT)
    assert laid_flat(Message.STATUS_REQUEST) == reminder


def test_the_header() -> None:
    (laid_out,) = re.findall(r"```\n(<BizMsg>\n.*?)```", PAGE, re.DOTALL)
    shown, _, rest = re.sub(r">\s+<", "><", laid_out.strip()).partition("…")
    urgent = replace(ticket(), priority=2)
    sent = encode_hold_request("DEMO", urgent, created_at=TRANSFERRED_AT, bic="DEMOINBB", with_header=True).decode()
    assert sent.partition("\n")[2].startswith(shown)
    assert sent.strip().endswith(rest)


def test_the_answer() -> None:
    update = decode(example(Message.RESOLUTION))
    assert isinstance(update, StatusUpdate)
    assert (update.ack_no, update.job_id) == (ACK_NO, CASE)
    held, refused = update.lines
    assert isinstance(held, AnswerLine)
    assert (held.amount_paise, held.status_code, held.reference) == (150_050, "00", "LIEN-1")
    assert isinstance(refused, AnswerLine)
    assert (refused.amount_paise, refused.status_code) == (None, "01")
    assert refused.remarks.endswith("; no such credit on that day")


def test_the_return() -> None:
    funds = decode(example(Message.FUNDS_RETURNED))
    assert isinstance(funds, ReturnedFunds)
    (line,) = funds.lines
    assert isinstance(line, ReturnedTransfer)
    assert (line.returned_paise, line.job_id, line.settled_on) == (150_050, CASE, date(2026, 5, 2))


def test_the_table_of_reasons() -> None:
    rows = re.findall(r"^\| ([A-Z]{2}[A-Z0-9]{2}) \| ([0-9]{2}) \| (.*) \|$", PAGE, re.MULTILINE)
    assert rows == [(code, reason.status_code, reason.meaning) for code, reason in sorted(REASONS.items())]
