"""The question for a bank's list of liens over a webhook, and its examples on docs/banks/bank-api.md."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest

from adapters.banks.protocol import BankMisconfigured, BankRefused, BankUnreachable, BankWire, ListAsker, PullAdapter
from adapters.banks.push.client import PushAdapter, push_wire
from schemas.banks.institutions import PushEntry
from schemas.gateway.liens import LIENS_MAX, PAGES_MAX, LienListPage, LienListTaken, LiensRequested, ListWanted
from tests.adapters.fake_bank import http, raw_server
from tests.adapters.pages import json_after
from tests.each import each
from tests.paths import ROOT

PAGE = (ROOT / "docs" / "banks" / "bank-api.md").read_text()
AT = datetime(2026, 4, 12, 8, 10, tzinfo=UTC)
WANTED = ListWanted(
    inquiry_id=UUID("2a08ef08-5aab-5ad7-bdb5-7666607d2b89"),
    asked_at=AT,
    respond_by=datetime(2026, 4, 12, 12, 10, tzinfo=UTC),
)
SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def wire(url: str) -> BankWire:
    return push_wire("DEMO", PushEntry.model_validate({"url": url, "secrets": [SECRET]}))


@each(
    ("status", "kind"),
    [("400 Bad Request", BankRefused), ("404 Not Found", BankRefused), ("503 Busy", BankUnreachable)],
)
async def test_what_the_bank_may_say_instead(status: str, kind: type[Exception]) -> None:
    async with raw_server([http(b"", status=status)]) as (bank, _), PushAdapter() as adapter:
        with pytest.raises(kind):
            await adapter.ask_for_liens(wire(bank.base_url), WANTED, timeout_seconds=5.0)


async def test_no_bank_is_asked_without_a_secret() -> None:
    bare = BankWire(code="DEMO", base_url="http://127.0.0.1:9", email="", password="", envelope="none")
    async with PushAdapter() as adapter:
        with pytest.raises(BankMisconfigured):
            await adapter.ask_for_liens(bare, WANTED, timeout_seconds=1.0)


def test_webhook_and_feed_have_a_message_for_it() -> None:
    async def announce(_: str) -> None:
        raise AssertionError

    assert isinstance(PushAdapter(), ListAsker)
    assert isinstance(PullAdapter(announce), ListAsker)


def test_the_page_shows_what_is_sent_and_taken() -> None:
    event = LiensRequested(timestamp=AT, data=WANTED)
    assert json.loads(event.model_dump_json()) == json_after(PAGE, "A\nwebhook that answers it")
    shown = json_after(PAGE, "POST /api/v1/bank/liens\nContent-Type: application/json\n")
    told = LienListPage.model_validate_json(json.dumps(shown))
    assert told.inquiry_id == WANTED.inquiry_id
    taken = json_after(PAGE, '"amount_paise": 450050}]}\n\n200')
    assert json.loads(LienListTaken.model_validate(taken).model_dump_json()) == taken
    assert f"at most {PAGES_MAX} pages of {LIENS_MAX:,} liens" in PAGE
