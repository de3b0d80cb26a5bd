"""Bodies on the I4C wire that cannot be used: kept as evidence up to a limit, and no more."""

import pytest

from domain.policy.callers import LimitName
from tests.api.conftest import Doors, line

UPDATE = "/banking/FraudReportStatusUpdate"


def limit(doors: Doors, name: LimitName, calls: int) -> None:
    """Let a bank send so few such bodies."""
    ctx = doors.services.ctx
    limits = ctx.policy.bank_limits
    few = limits.policies[name].model_copy(update={"calls": calls})
    changed = limits.model_copy(update={"policies": {**limits.policies, name: few}})
    object.__setattr__(ctx, "policy", ctx.policy.model_copy(update={"bank_limits": changed}))


async def kept(doors: Doors) -> int:
    found: int = await doors.services.ctx.pool.fetchval("SELECT count(*) FROM bank_body")
    return found


@pytest.mark.parametrize("name", [LimitName.JUNK_BODIES, LimitName.JUNK_BODIES_A_DAY])
async def test_m4_junk_does_not_fill_the_disk_and_a_good_body_is_never_lost(doors: Doors, name: LimitName) -> None:
    ack_no = (await doors.complain())["ack_no"]
    limit(doors, name, 3)
    before = await kept(doors)
    replies = [
        await doors.client.post(UPDATE, content=f"junk {number}", headers=doors.bank("SBIN")) for number in range(5)
    ]
    assert [reply.status_code for reply in replies] == [400] * 3 + [429] * 2
    assert replies[-1].json()["meta"]["response_code"] == "429"
    assert int(replies[-1].headers["retry-after"]) >= 1
    assert await kept(doors) == before + 3
    assert (await doors.answer("SBIN", ack_no, line("held"))).status_code == 200
    assert await kept(doors) == before + 4, "the good body is kept"
    other = await doors.client.post(UPDATE, content=b"junk", headers=doors.bank("HDFC"))
    assert other.status_code == 400, "another bank has a limit of its own"


async def test_m4_answers_about_unknown_cases_count_as_junk(doors: Doors) -> None:
    limit(doors, LimitName.JUNK_BODIES_A_DAY, 1)
    replies = [await doors.answer("PYTM", f"3999999999999{number}", line("held")) for number in range(2)]
    assert [reply.status_code for reply in replies] == [404, 429]
