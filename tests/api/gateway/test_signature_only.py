"""A bank with a key is known by its signature alone from its date on, and a token opens one door."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest

from activities.banks.loading import register_key
from adapters.banks.envelope import seal
from api.officers.tokens import BankDoor
from db.banks import bank_keys
from tests.api.conftest import Doors, line
from tests.api.feed import HELD, HOLDS, Feed, feed, kind
from tests.api.gateway.test_feed import OLD, signed
from tests.api.signed import bank_key

__all__ = ["feed"]

UPDATE = "/banking/FraudReportStatusUpdate"
HOUR = timedelta(hours=1)


async def known_by_signature(doors: Doors, bank: str, since: datetime) -> None:
    ctx = doors.services.ctx
    async with ctx.pool.acquire() as connection:
        await bank_keys.sign_only_from(connection, bank, since, over=True)
    await ctx.directory.refresh()


async def token_of(doors: Doors, email: str, password: str, **more: str) -> dict[str, str]:
    login = await doors.client.post("/banking/login", json={"email": email, "password": password, **more})
    assert login.status_code == 200, login.text
    return {"Authorization": f"Bearer {login.json()['data']['token']}"}


async def test_h5_a_stolen_password_confirms_nothing_for_a_bank_that_signs(feed: Feed) -> None:
    hold_id, ctx = await feed.hold(), feed.doors.services.ctx
    rules = ctx.policy.signatures
    began = datetime.now(UTC) - timedelta(seconds=rules.tokens_end_after_seconds) - HOUR
    until = await register_key(ctx.pool, rules, bank_key("sbin-1", OLD, not_before=began), datetime.now(UTC))
    assert until == began + timedelta(seconds=rules.tokens_end_after_seconds)
    await ctx.directory.refresh()
    for path in (f"{HOLDS}/{hold_id}/answer", f"{HOLDS}/{hold_id}/acknowledge"):
        refused = await feed.doors.client.post(path, json=HELD, headers=feed.doors.bank("SBIN"))
        assert kind(refused, 401) == "signature-missing"
        assert "a token is not enough since" in refused.json()["detail"]
    assert kind(await feed.get(), 401) == "signature-missing"
    assert kind(await feed.get("/api/v1/bank/orders"), 401) == "signature-missing"
    assert (await signed(feed, "POST", f"{HOLDS}/{hold_id}/answer", HELD, "sbin-1", OLD)).status_code == 200
    assert (await feed.get(bank="HDFC")).status_code == 200, "a bank without a key goes on"


async def test_h5_the_first_key_gives_a_bank_a_month_and_a_later_one_leaves_the_date(feed: Feed) -> None:
    ctx, now = feed.doors.services.ctx, datetime.now(UTC)
    first = await register_key(ctx.pool, ctx.policy.signatures, bank_key("sbin-1", OLD), now)
    await ctx.directory.refresh()
    assert (await feed.get()).status_code == 200
    found = ctx.directory.current.get("SBIN")
    assert found is not None
    assert found.signature_only_from == first
    await ctx.pool.execute("UPDATE bank_key SET not_after = now()")
    await ctx.directory.refresh()
    assert found.signs_only(first), "a bank whose key has ended is not believed by its password again"


async def test_h5_a_plain_body_on_the_wire_needs_the_hmac_key(doors: Doors) -> None:
    ack_no = (await doors.complain())["ack_no"]
    await known_by_signature(doors, "PYTM", datetime.now(UTC) - HOUR)
    refused = await doors.answer("PYTM", ack_no, line("held"))
    assert refused.status_code == 400
    assert "HMAC key" in refused.json()["meta"]["response_message"]
    await known_by_signature(doors, "SBIN", datetime.now(UTC) - HOUR)
    assert (await doors.answer("SBIN", ack_no, line("held"))).status_code == 200, "its envelope has a key"


async def test_a_token_for_one_door_opens_no_other(feed: Feed) -> None:
    doors, login = feed.doors, ("sbin@banks.example", "the password of SBIN")
    ack_no = (await doors.complain())["ack_no"]
    wire = await doors.services.ctx.directory.wire("SBIN")
    assert wire is not None
    body = {"acknowledgement_no": ack_no, "job_id": "J1", "transactions": [line("held")]}
    sealed = seal(orjson.dumps(body), wire)

    async def update(token: dict[str, str]) -> httpx.Response:
        return await doors.client.post(UPDATE, content=sealed.body, headers={**sealed.headers, **token})

    for_wire, for_feed = [await token_of(doors, *login, door=door) for door in ("i4c", "api")]
    assert (await doors.client.get(HOLDS, headers=for_feed)).status_code == 200
    assert kind(await doors.client.get(HOLDS, headers=for_wire), 401) == "not-logged-in"
    assert (await update(for_feed)).status_code == 401
    assert (await update(for_wire)).status_code == 200


@pytest.mark.parametrize("signs", [False, True])
async def test_a_login_without_a_door_opens_both_until_the_banks_date(doors: Doors, *, signs: bool) -> None:
    if signs:
        await known_by_signature(doors, "SBIN", datetime.now(UTC) - HOUR)
    token = (await token_of(doors, "sbin@banks.example", "the password of SBIN"))["Authorization"].split()[1]
    assert doors.tokens.bank(token, BankDoor.I4C)[0] == "SBIN"
    opened: Any = None
    try:
        opened, _ = doors.tokens.bank(token, BankDoor.API)
    except Exception as error:
        opened = type(error).__name__
    assert opened == ("BadToken" if signs else "SBIN")
