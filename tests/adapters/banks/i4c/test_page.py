"""The examples of docs/banks/bank-wire.md are the wire as the code speaks it."""

import json
import re
from typing import Any

from adapters.banks.answers import AnswerLine, LineType
from adapters.banks.i4c.decode import DETAILS, decode_status_update
from adapters.banks.i4c.values import ReplyCode, encode_fraud_report
from adapters.banks.protocol import LOGIN_PATH, REPORT_PATH
from tests.adapters.banks.test_envelope import OPENSSL_BODY, OPENSSL_SIGNATURE
from tests.adapters.wires import posted, ticket, wire
from tests.paths import ROOT

PAGE = (ROOT / "docs" / "banks" / "bank-wire.md").read_text()


def example(request_line: str) -> Any:
    """The request body that follows a request line and its headers."""
    found = re.search(re.escape(request_line) + r"\n.*?^(\{.*?\})\n\n200 ", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return json.loads(found[1])


def test_the_fraud_report() -> None:
    assert example(f"POST {{base_url}}{REPORT_PATH}") == json.loads(encode_fraud_report(ticket()))
    assert f"POST {{base_url}}{LOGIN_PATH}" in PAGE


def test_the_status_update() -> None:
    body, headers = posted(example("POST /banking/FraudReportStatusUpdate"))
    hold, transfer = decode_status_update(body, headers, wire()).lines
    assert isinstance(hold, AnswerLine)
    assert (hold.type_code, hold.amount_paise, hold.flags) == (LineType.HELD, 150_050, ())
    assert isinstance(transfer, AnswerLine)
    assert (transfer.type_code, transfer.amount_paise, transfer.disputed_paise) == (LineType.MOVED, 900_000, 300_000)
    assert transfer.flags == ()


def test_every_example_reply_is_json() -> None:
    replies = re.findall(r"^200 (\{.*?\})\n```", PAGE, re.DOTALL | re.MULTILINE)
    assert len(replies) == 4
    for reply in replies:
        assert json.loads(reply.replace("…}", "0}"))["meta"]["response_code"] == ReplyCode.OK


def test_the_vector_the_types_and_the_codes() -> None:
    assert OPENSSL_BODY.decode() in PAGE
    assert OPENSSL_SIGNATURE in PAGE
    for number, details in DETAILS.items():
        assert f"| {number} |" in PAGE
        assert ", ".join(details) in PAGE
    for code in ReplyCode:
        assert f"| {code} |" in PAGE or code is ReplyCode.OK
