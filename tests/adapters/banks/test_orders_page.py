"""The examples of docs/explanation/orders.md are what the code sends and takes."""

import json

from adapters.banks.iso20022.orders import encode_order
from domain.policy.model import load_policy
from domain.recovery.orders import Ordered, judge
from schemas.enums import DiscrepancyKind
from schemas.procedures import OrderEscalationLevel
from schemas.recovery.orders import LINES_MAX, ConfirmationTaken, OrderConfirmation, OrderIssued
from schemas.restoration_enums import OrderReason
from tests.adapters.banks.test_orders import AT, order
from tests.adapters.pages import json_after
from tests.paths import ROOT

PAGE = (ROOT / "docs" / "explanation" / "orders.md").read_text()


def test_the_event() -> None:
    shown = json_after(PAGE, "## What the bank reads")
    assert shown == json.loads(OrderIssued(timestamp=AT, data=order()).model_dump_json())
    assert f"1 to {LINES_MAX}" in PAGE


def test_the_confirmation_and_the_reply() -> None:
    word = OrderConfirmation.model_validate_json(json.dumps(json_after(PAGE, "Idempotency-Key: demo-000512")))
    reply = ConfirmationTaken.model_validate_json(json.dumps(json_after(PAGE, "\n200\n")))
    line = order().lines[0]
    ordered = Ordered(amount_paise=line.amount_paise, confirmed_paise=0, beneficiary=line.beneficiary)
    judged = judge(order().kind, order().due_at, ordered, word.lines[0], line.amount_paise, [])
    assert (judged.disposition, judged.applied_paise, judged.flags) == ("applied", line.amount_paise, ())
    assert (reply.order_id, reply.applied) == (order().order_id, 1)


def test_the_tags_of_a_file() -> None:
    body = encode_order("DEMO", order(), created_at=AT).decode()
    for word in ("LINE", "AMNT", "HELD", "TOACC", "TOIFS", "TOBNK", "DUEBY", "PAPER", "ACKNO"):
        assert f"/{word}/" in body
        assert f"`{word}`" in PAGE


def test_every_reason_discrepancy_and_level_stands_there() -> None:
    for reason in OrderReason:
        assert f"`{reason.value}`" in PAGE
    for kind in DiscrepancyKind:
        assert not kind.value.startswith("credited") or f"`{kind.value}`" in PAGE
    days = [load_policy().order.promised("", 86_400).levels[level] for level in OrderEscalationLevel]
    assert days == [5, 5, 5, 3]
    for level in OrderEscalationLevel:
        assert f"| `{level.value}` | " in PAGE
    assert load_policy().order.try_again_seconds == 4 * 3600
