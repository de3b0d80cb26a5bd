"""A victim's bank reads its inquiries in its feed and answers there, by the rules of the I4C wire."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from activities.banks.delivery import BankDelivery
from activities.banks.directory import prepared
from activities.case.payer_inquiries import PayerInquirySender
from activities.secrets import SecretBox
from adapters.banks.protocol import PullAdapter
from api.services import Services
from db.banks import bank_exchanges, institutions
from schemas.banks.institutions import InstitutionEntry
from schemas.banks.keys import About
from schemas.enums import ChannelKind
from tests.activities.payers_bank import asking_context
from tests.api.conftest import BANKS, SECRET, Doors, opened
from tests.api.feed import kind

PATH = "/api/v1/bank/debit-inquiries"
TOLD = {"kind": "debited", "reference": "412345678901", "amount_paise": 5_000_00, "payer_account": "50100000000001"}
OTHER = {
    "kind": "debited",
    "reference": "498765432109",
    "amount_paise": 700_00,
    "at": "2026-11-24T10:20:00+05:30",
    "payee": {"institution": "SBIN", "account": "30000000077"},
}


@pytest.fixture
async def asking(services: Services) -> AsyncIterator[Doors]:
    """The application with a policy that asks victims' banks, and with HDFC reached over its feed alone."""
    (hdfc,) = [entry for entry in BANKS if entry["code"] == "HDFC"]
    entry = InstitutionEntry.model_validate(hdfc | {"pull": True, "channels": ["pull"]})
    async with services.ctx.pool.acquire() as connection:
        await institutions.upsert(connection, prepared(SecretBox(SECRET), [entry]), datetime.now(UTC))
    await services.ctx.directory.refresh()
    async with opened(replace(services, ctx=asking_context(services.ctx))) as doors:
        yield doors


async def read(doors: Doors, path: str = PATH, bank: str = "HDFC", **query: Any) -> httpx.Response:
    return await doors.client.get(path, params=query, headers=doors.bank(bank))


async def answer(doors: Doors, inquiry_id: str, *lines: dict[str, Any], bank: str = "HDFC", **more: str) -> Any:
    headers = {**doors.bank(bank), **more}
    path = f"{PATH}/{inquiry_id}/answer"
    return await doors.client.post(path, json={"lines": list(lines)}, headers=headers)


async def asked(doors: Doors) -> tuple[str, dict[str, Any]]:
    """A case, and the inquiry as HDFC finds it in its feed."""

    async def announce(_: str) -> None:
        """Do nothing, because no reader waits for this list."""

    ack_no = (await doors.complain())["ack_no"]
    ctx = doors.services.ctx
    await PayerInquirySender(ctx, BankDelivery(ctx, {ChannelKind.PULL: PullAdapter(announce)})).send_due()
    response = await read(doors)
    assert response.status_code == 200, response.text
    (inquiry,) = [one for one in response.json()["items"] if one["ack_no"] == ack_no]
    return ack_no, inquiry


async def inquiry_of(doors: Doors, ack_no: str) -> Any:
    (found,) = (await doors.read(f"/api/v1/cases/{ack_no}/payer-inquiries"))["inquiries"]
    return found


async def test_the_feed_carries_the_inquiry_and_its_answer_is_read_like_one_over_the_wire(asking: Doors) -> None:
    ack_no, inquiry = await asked(asking)
    assert (await inquiry_of(asking, ack_no))["state"] == "delivered"
    assert inquiry["transfer"] == {
        "reference": "412345678901",
        "amount_paise": 5_000_00,
        "transferred_at": "2026-11-24T04:30:00Z",
    }
    assert (inquiry["instrument"]["payer_account"], inquiry["instrument"]["payer_institution"]) == (
        "50100000000001",
        "HDFC",
    )
    taken = await answer(asking, inquiry["inquiry_id"], TOLD, OTHER)
    assert taken.json() == {
        "inquiry_id": inquiry["inquiry_id"],
        "accepted": 2,
        "duplicates": 0,
        "contradictions": 0,
    }
    found = await inquiry_of(asking, ack_no)
    assert found["state"] == "answered"
    assert [(one["kind"], one["payer_confirmed"]) for one in found["statements"]] == [("confirmed", True)]
    assert [(one["reference"], one["amount_paise"], one["is_near"]) for one in found["found"]] == [
        ("498765432109", 700_00, True)
    ]
    assert (await read(asking)).json()["items"] == []
    assert (await read(asking, f"{PATH}/{inquiry['inquiry_id']}")).json() == inquiry, "an answered one can be read"


async def test_what_the_bank_fetched_and_said_is_evidence_and_stored_once(asking: Doors) -> None:
    ack_no, inquiry = await asked(asking)
    await read(asking)
    await answer(asking, inquiry["inquiry_id"], TOLD)
    async with asking.services.ctx.pool.acquire() as connection:
        rows = await connection.fetch(
            "SELECT head FROM bank_exchange WHERE inquiry_id = $1 AND channel = 'pull'", inquiry["inquiry_id"]
        )
        bound = await bank_exchanges.bound(connection, About.PAYER_INQUIRY, inquiry["inquiry_id"])
        event = await connection.fetchval(
            "SELECT data FROM case_event WHERE case_no = $1 AND kind = 'payer_bank_stated'", ack_no
        )
    assert [row["head"] for row in rows] == [f"FEED inquiry {inquiry['inquiry_id']}\n"]
    assert event["exchanges"] == bound["exchanges"]
    kinds = [event["kind"] for event in (await asking.read(f"/api/v1/cases/{ack_no}/events"))["items"]]
    assert "bank_spoke" in kinds


async def test_the_same_answer_again_gets_the_same_reply(asking: Doors) -> None:
    _, inquiry = await asked(asking)
    key = {"Idempotency-Key": "of-the-bank-1"}
    first = await answer(asking, inquiry["inquiry_id"], TOLD, **key)
    assert (await answer(asking, inquiry["inquiry_id"], TOLD, **key)).json() == first.json()
    assert kind(await answer(asking, inquiry["inquiry_id"], OTHER, **key), 422) == "idempotency-key-reused"
    assert (await answer(asking, inquiry["inquiry_id"], TOLD)).json()["accepted"] == 1


async def test_a_bank_that_debited_nothing_says_so(asking: Doors) -> None:
    ack_no, inquiry = await asked(asking)
    assert (await answer(asking, inquiry["inquiry_id"], {"kind": "not_debited", "code": "01"})).status_code == 200
    assert [one["kind"] for one in (await inquiry_of(asking, ack_no))["statements"]] == ["denied"]
    assert (
        kind(await answer(asking, inquiry["inquiry_id"], {"kind": "not_debited", "code": "00"}), 422)
        == "invalid-request"
    )


async def test_no_bank_sees_or_answers_anothers_inquiry(asking: Doors) -> None:
    _, inquiry = await asked(asking)
    one = f"{PATH}/{inquiry['inquiry_id']}"
    assert (await read(asking, bank="SBIN")).json()["items"] == []
    for path in (one, f"{PATH}/{uuid4()}"):
        assert kind(await read(asking, path, bank="SBIN"), 404) == "not-found"
    assert kind(await answer(asking, inquiry["inquiry_id"], TOLD, bank="SBIN"), 404) == "not-found"


async def test_the_list_is_paged_and_a_wrong_cursor_is_refused(asking: Doors) -> None:
    for number in range(3):
        await asking.complain(transfers=[transfer_no(number)])
    found, cursor = [], None
    for _ in range(3):
        page = (await read(asking, limit=1, **({"cursor": cursor} if cursor else {}))).json()
        found += [item["transfer"]["reference"] for item in page["items"]]
        cursor = page["next"]
    assert (sorted(found), cursor) == ([transfer_no(number)["rrn"] for number in range(3)], None)
    assert (await read(asking, cursor="x")).status_code == 422


def transfer_no(number: int) -> dict[str, Any]:
    return {
        "payer": {"institution": "HDFC", "account": "50100000000001"},
        "payee": {"institution": "SBIN", "account": "30000000001"},
        "amount_paise": 100_00,
        "rrn": f"4{number:011}",
        "mode": "imps",
        "transferred_at": "2026-11-24T10:00:00+05:30",
    }
