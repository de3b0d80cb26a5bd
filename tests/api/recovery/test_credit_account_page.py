"""The page on which a victim objects to another account, and the officers' verbs that end an account."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
import pytest

from api.recovery.case_merges import TEXTS
from api.services import Services
from schemas.enums import Language, Role
from tests.api.conftest import Doors, opened
from tests.said import said

ACCOUNT = {
    "holder_name": "Asha Devi",
    "account": "30000000000042",
    "ifsc": "SBIN0000042",
    "institution": "SBIN",
    "reason": "the account that paid is closed",
    "proof": "passbook",
}
WHY = {"reason": "the victim called"}


@dataclass(frozen=True)
class Told:
    """An account that was told, and the path of the victim's link."""

    doors: Doors
    accounts: str
    path: str

    async def account(self) -> dict[str, object]:
        (found,) = (await self.doors.read(self.accounts))["accounts"]
        account: dict[str, object] = found
        return account


@pytest.fixture
async def told(services: Services) -> AsyncIterator[Told]:
    async with opened(replace(services, public_url="https://freeze.example")) as doors:
        receipt = await doors.complain()
        accounts = f"/api/v1/complaints/{receipt['ack_no']}/credit-accounts"
        made = await doors.post(accounts, ACCOUNT)
        assert made.status_code == 200, made.text
        (told,) = await said(doors.services.ctx, "credit_account_told", medium="sms")
        (path,) = re.findall(r"https://freeze\.example(/c/[\w-]{12})\?", told.body)
        yield Told(doors, accounts, path)


async def press(told: Told, path: str, **fields: str) -> httpx.Response:
    return await told.doors.client.post(path, data=fields)


async def test_h2_the_victim_objects_on_the_page_of_the_message(told: Told) -> None:
    for _ in range(2):
        shown = await told.doors.client.get(f"{told.path}?lang=en")
        assert shown.status_code == 200, "mail scanners fetch every link"
        assert "Account ending in 0042" in shown.text
        assert ACCOUNT["account"] not in shown.text
    assert (await told.account())["ended_as"] is None
    assert "I did not ask for this" in (await press(told, f"{told.path}?lang=en", step="other")).text
    for _ in range(2):
        ended = await press(told, f"{told.path}?lang=en", step="object")
        assert "Your objection is recorded" in ended.text
    account = await told.account()
    assert (account["ended_as"], account["ended_by"]) == ("objected", "victim")


async def test_an_unknown_link_says_nothing_of_any_account(told: Told) -> None:
    for path in ("/c/0123456789ab", "/c/short", f"{told.path}x"):
        for response in (await told.doors.client.get(path), await press(told, path, step="object")):
            assert response.status_code == 404
            assert "0042" not in response.text
    assert (await told.account())["ended_as"] is None


async def test_low_officers_record_an_objection_and_withdraw_an_account(told: Told) -> None:
    number = (await told.account())["account_id"]
    withdrawn = await told.doors.post(f"{told.accounts}/{number}/withdraw", WHY, Role.SP)
    assert (withdrawn.status_code, withdrawn.json()["ended_as"]) == (200, "withdrawn")
    late = await told.doors.post(f"{told.accounts}/{number}/object", WHY)
    assert (late.status_code, late.json()["code"]) == (409, "credit_account_over")
    assert "The police have withdrawn this account" in (await told.doors.client.get(f"{told.path}?lang=en")).text
    missing = await told.doors.post(f"{told.accounts}/99999/object", WHY)
    assert missing.status_code == 404


def test_both_languages_say_the_same_things() -> None:
    english, hindi = TEXTS[Language.EN], TEXTS[Language.HI]
    assert english.keys() == hindi.keys()
    for name, words in english.items():
        assert set(re.findall(r"\{(\w+)\}", words)) == set(re.findall(r"\{(\w+)\}", hindi[name])), name
