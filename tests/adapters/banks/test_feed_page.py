"""The feed's examples on docs/banks/bank-api.md are what the code sends and takes."""

import json

from adapters.banks.stated import Asked, answer_lines
from db.paging import from_cursor
from domain.policy.callers import LimitName
from domain.policy.model import load_policy
from schemas.case.answers import LINES_MAX, BankAnswer
from schemas.gateway.liens import AnswerTaken, FeedPage
from tests.adapters.pages import json_after
from tests.paths import ROOT

PAGE = (ROOT / "docs" / "banks" / "bank-api.md").read_text()


def test_the_page_of_the_feed() -> None:
    shown = json_after(PAGE, "GET /api/v1/bank/holds?limit=50")
    page = FeedPage.model_validate_json(json.dumps(shown))
    assert json.loads(page.model_dump_json()) == shown
    assert from_cursor(page.next, int) == (41,)


def test_the_answer_and_its_reply() -> None:
    answer = BankAnswer.model_validate_json(json.dumps(json_after(PAGE, "Idempotency-Key: demo-000417")))
    assert {line.kind for line in answer.lines} == {"held", "moved", "withdrawn", "spent", "refused"}
    asked = {hop: Asked(reference="610212345678", account="1") for hop in (3, 4)}
    assert len(answer_lines(answer.lines, asked)) == len(answer.lines)
    reply = AnswerTaken.model_validate_json(json.dumps(json_after(PAGE, '"no such account"}\n]}\n\n200')))
    assert reply.accepted == len(answer.lines)
    assert f"1 to {LINES_MAX} lines" in PAGE


def test_the_limits() -> None:
    limits = load_policy().bank_limits
    for name in LimitName:
        policy = limits.policies[name]
        assert f"{policy.calls:,}, {policy.seconds:g} s |" in PAGE[PAGE.index(f"| `{name.value}`") :].partition("\n")[0]
    assert limits.waiting_at_once == 4
    assert "a bank has four such calls at once" in PAGE
