"""The search for a victim: by whole search terms, in either script, by the desk alone."""

from typing import Any

import pytest

from schemas.enums import Role
from tests.api.conftest import Doors
from tests.factories import rrn, transfer

ASHA = {"name": "आशा देवी", "mobile": "9876500017", "district": "LUCKNOW", "email": "asha17@example.org"}


async def search(doors: Doors, role: Role = Role.DESK, **asked: Any) -> Any:
    return await doors.client.post("/api/v1/victims/search", json=asked, headers=doors.officer(role))


async def found(doors: Doors, **asked: Any) -> list[tuple[str, str]]:
    response = await search(doors, **asked)
    assert response.status_code == 200, response.text
    return [(item["name"], item["mobile"]) for item in response.json()["items"]]


async def test_a_victim_is_found_by_every_whole_term(doors: Doors) -> None:
    await doors.complain(victim=ASHA, transfers=[transfer(rrn=rrn())])
    await doors.complain(victim=ASHA | {"name": "Asha Rani", "mobile": "9876500018"}, transfers=[transfer(rrn=rrn())])
    asha, other = ("आशा देवी", "0017"), ("Asha Rani", "0018")
    assert await found(doors, mobile="9876500017") == [asha]
    assert await found(doors, email="Asha17@example.org") == [other, asha]
    assert await found(doors, email="asha17@example.org", name="asha DEVEE") == [asha]
    assert await found(doors, name="rani", mobile="+91 98765 00018") == [other]
    assert await found(doors, name="Ash", mobile="9876500017") == []
    assert await found(doors, name="123") == []


async def test_a_search_shows_no_more_than_the_policy_says(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    for last in range(3):
        victim = ASHA | {"mobile": f"987650003{last}", "email": "many@example.org"}
        await doors.complain(victim=victim, transfers=[transfer(rrn=rrn())])
    policy = doors.services.ctx.policy
    rules = policy.personal_data.model_copy(update={"found_max": 2})
    monkeypatch.setitem(policy.__dict__, "personal_data", rules)
    told = (await search(doors, email="many@example.org")).json()
    assert (len(told["items"]), told["more"]) == (2, True)
    assert [item["mobile"] for item in told["items"]] == ["0032", "0031"], "the newest first"


async def test_only_the_desk_searches_and_only_for_somebody(doors: Doors) -> None:
    assert (await search(doors, Role.IO, name="Asha")).status_code == 403
    asked: list[dict[str, Any]] = [{}, {"mobile": "12345"}, {"name": " "}, {"email": "no address"}]
    for nobody in asked:
        assert (await search(doors, **nobody)).status_code == 422
