"""Scripts at an officers' route: a token that ends counts within a second, and no signed text is a token."""

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import jwt
import pytest

from activities.officers import script_tokens
from activities.secrets import Purpose
from api.officers import scripts
from api.officers.scripts import RecentReads
from schemas.enums import Role
from schemas.officers.officers import NewScriptToken
from tests.api.conftest import Doors, complaint
from tests.each import each
from tests.officers import enrol

ADMIN = "command:root"
CASES = "/api/v1/cases"


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known from before, so that a test need not wait a second."""
    monkeypatch.setattr(scripts, "KNOWN_SECONDS", 0.0)


async def status(doors: Doors, headers: dict[str, str], path: str = CASES) -> int:
    return (await doors.client.get(path, headers=headers)).status_code


async def test_c2_no_signed_token_opens_an_officers_door_whatever_key_made_it(doors: Doors) -> None:
    await enrol(doors.services.ctx.pool, ["ravi"], [Role.ADMIN])
    claims = {"iss": "goldenhour", "aud": "goldenhour/officers", "sub": "ravi", "role": "admin", "iat": 1, "exp": 2**33}
    for purpose in Purpose:
        token = jwt.encode(claims, doors.services.keys.derive_key(purpose), "HS256")
        assert await status(doors, {"Authorization": f"Bearer {token}"}) == 401


async def script(doors: Doors, *roles: Role) -> tuple[int, dict[str, str]]:
    new = NewScriptToken(name="helpline", roles=roles, days=1)
    token_id, token = await script_tokens.issue(doors.services.ctx.pool, new, ADMIN)
    return token_id, {"Authorization": f"Bearer {token}"}


async def test_a_script_takes_complaints_under_its_own_name(doors: Doors) -> None:
    _, headers = await script(doors, Role.INTAKE)
    response = await doors.client.post(
        "/api/v1/complaints", json=complaint(), headers={**headers, "Idempotency-Key": uuid4().hex}
    )
    assert response.status_code == 201, response.text
    actors = await doors.services.ctx.pool.fetch("SELECT DISTINCT actor FROM case_event WHERE kind = 'case_opened'")
    assert [row["actor"] for row in actors] == ["script:helpline"]
    assert await status(doors, headers) == 403
    used = "SELECT last_used_day = (now() AT TIME ZONE 'Asia/Kolkata')::date FROM script_token"
    assert await doors.services.ctx.pool.fetchval(used)


async def test_a_revoked_token_opens_nothing(doors: Doors, at_once: None) -> None:
    token_id, headers = await script(doors, Role.AUDITOR)
    assert await status(doors, headers) == 200
    await script_tokens.revoke(doors.services.ctx.pool, token_id, ADMIN)
    assert await status(doors, headers) == 401


@each("token", ["ghs_", "ghs_x", "ghs_" + "A" * 43, "ghs_\u00e9"])
async def test_a_token_that_was_never_issued_opens_nothing(doors: Doors, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}".encode()}
    assert (await doors.client.get(CASES, headers=headers)).status_code == 401  # type: ignore[arg-type]


# -- what is known for a second ----------------------------------------------------------------------------------------


class Reading:
    """A row that is read slowly, and how often."""

    def __init__(self) -> None:
        self.times = 0
        self.fails = False
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def __call__(self, key: str) -> tuple[str, int]:
        self.times += 1
        mine = self.times
        await self.go_on.wait()
        if self.fails:
            raise ConnectionError
        return key, mine


async def test_callers_who_come_at_once_share_one_read() -> None:
    reading = Reading()
    reads = RecentReads(reading)
    reading.go_on.clear()
    waiting = [asyncio.ensure_future(reads.get("a")) for _ in range(50)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    reading.go_on.set()
    found: list[Any] = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert set(found[1:]) == {("a", 1)}
    assert await reads.get("b") == ("b", 2)


async def test_a_busy_caller_never_waits_and_nothing_is_older_than_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(scripts, "time", SimpleNamespace(monotonic=lambda: now))
    reading = Reading()
    reads = RecentReads(reading)
    assert await reads.get("a") == ("a", 1)
    now = 0.6
    reading.go_on.clear()
    assert await reads.get("a") == ("a", 1), "the known row, while it is read again"
    await asyncio.sleep(0)
    assert reading.times == 2
    now = 1.1
    late = asyncio.ensure_future(reads.get("a"))
    await asyncio.sleep(0)
    assert not late.done()
    reading.go_on.set()
    assert await late == ("a", 2)


async def test_a_read_that_fails_is_not_kept() -> None:
    reading = Reading()
    reads = RecentReads(reading)
    reading.fails = True
    with pytest.raises(ConnectionError):
        await reads.get("a")
    reading.fails = False
    assert await reads.get("a") == ("a", 2)


async def test_what_is_known_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripts, "CALLERS_MAX", 10)
    reading = Reading()
    reads = RecentReads(reading)
    for number in range(30):
        await reads.get(str(number))
    await asyncio.sleep(0)
    assert len(reads._known) == 10
    assert not reads._running
