"""What people say against a restoration or a release is sealed under their key."""

from uuid import UUID

import asyncpg
import pytest

from activities.recovery.hold_releases import hear_victim
from db.pool import Pool
from db.privacy import person_keys, retention
from db.recovery import officer_steps, release_proposals, restoration_views
from domain.errors.people import VictimErased
from schemas.recovery.orders import NewHearing
from schemas.restoration_enums import ObjectionBy
from tests.activities.recovery.test_sealed_accounts import ERASE
from tests.activities.restoration_bench import Home
from tests.factories import make_context

SAID = "it is my money, I never bought there"
ROWS = "SELECT to_jsonb(o)::text FROM objection o UNION ALL SELECT to_jsonb(w)::text FROM release_hearing w"
PROPOSAL = """
INSERT INTO proposal (kind, case_no, subject, body, reason, proposed_by, proposed_at, not_before)
VALUES ('release', $1, $2::uuid::text, '{"grievance_id": null, "objection_id": null, "paise": 1, "whole": false,
    "hold_limit_paise": 1, "day_limit_paise": 1, "policy": "test"}', 'why', 'officer:io', now(), now())
RETURNING proposal_id
"""


@pytest.fixture
async def home(database: Pool) -> Home:
    """Restorations on a database of their own, because a test changes its tables."""
    return Home(await make_context(database))


async def objected(home: Home) -> tuple[str, UUID, UUID]:
    """Objections of a holder, a bank and a victim, and what the victim says to a release; case, restoration, hold."""
    case_no, restoration_id, (hold_id, _) = await home.two_accounts()
    for by in (ObjectionBy.HOLDER, ObjectionBy.BANK, ObjectionBy.VICTIM):
        await home.object(restoration_id, by=by)
    async with home.ctx.pool.acquire() as connection, connection.transaction():
        (victim,) = (await person_keys.of_case(connection, case_no)).values()
        proposal_id = await connection.fetchval(PROPOSAL, case_no, hold_id)
        sealed = home.ctx.persons.seal_new(victim, SAID, release_proposals.use_of_hearing(proposal_id, case_no))
        await release_proposals.insert_hearing(connection, proposal_id, case_no, "officer:desk", home.clock.at, sealed)
    return case_no, restoration_id, hold_id


async def shown(home: Home, restoration_id: UUID, hold_id: UUID) -> list[str]:
    """The texts as officers read them."""
    opens = home.ctx.persons.open_stored
    async with home.ctx.pool.acquire() as connection:
        view = await restoration_views.get(connection, restoration_id, home.clock.at, (), opens)
        (proposal,) = await release_proposals.of_hold(connection, hold_id, home.clock.at, opens)
    return [one.text for one in view.objections] + [one.said for one in proposal.hearings]


async def in_clear(home: Home) -> bool:
    rows = str(await home.bench.rows(ROWS))
    return "my pay" in rows or SAID in rows


async def test_m10_what_is_said_against_a_restoration_or_a_release_is_not_in_clear(home: Home) -> None:
    _, restoration_id, hold_id = await objected(home)
    assert not await in_clear(home)
    assert await shown(home, restoration_id, hold_id) == ["my pay"] * 3 + [SAID]
    keys = "SELECT by_whom, person_id IN (SELECT person_id FROM holder_key) FROM objection ORDER BY objection_id"
    assert await home.bench.rows(keys) == [("holder", True), ("bank", True), ("victim", False)]


async def test_what_a_victim_has_said_does_not_change(home: Home, subtests: pytest.Subtests) -> None:
    await objected(home)
    for change in (
        "DELETE FROM release_hearing",
        "UPDATE release_hearing SET recorded_by = 'officer:other'",
        "UPDATE release_hearing SET sealed_said = sealed_said || '\\x00'",
    ):
        with subtests.test(change=change), pytest.raises(asyncpg.RestrictViolationError):
            await home.bench.pool.execute(change)


async def test_the_database_refuses_what_is_not_sealed(home: Home, subtests: pytest.Subtests) -> None:
    await objected(home)
    for insert in (
        "INSERT INTO objection (restoration_id, hold_id, by_whom, received_at, received_by)"
        " SELECT restoration_id, hold_id, by_whom, now(), 'officer:desk' FROM objection",
        "INSERT INTO release_hearing (proposal_id, ack_no, recorded_by, recorded_at)"
        " SELECT proposal_id, ack_no, recorded_by, now() FROM release_hearing",
    ):
        with subtests.test(insert=insert), pytest.raises(asyncpg.NotNullViolationError):
            await home.bench.pool.execute(insert)


@pytest.mark.parametrize("by", [ObjectionBy.VICTIM, ObjectionBy.OTHER])
async def test_an_objection_counts_after_the_key_of_the_victim_is_destroyed(home: Home, by: ObjectionBy) -> None:
    case_no, restoration_id, _ = await home.two_accounts()
    await home.bench.pool.execute(ERASE)
    objection_id = await home.object(restoration_id, by=by)
    async with home.ctx.pool.acquire() as connection:
        assert await officer_steps.undecided(connection, restoration_id) == [objection_id]
        view = await restoration_views.get(connection, restoration_id, home.clock.at, (), home.ctx.persons.open_stored)
        person_id = await connection.fetchval("SELECT person_id FROM objection")
        fates = await retention.fates(connection, [person_id])
    assert [one.text for one in view.objections] == ["my pay"]
    assert not await in_clear(home)
    assert [fate.ack_no for fate in fates[person_id]] == [case_no], "its key is kept as long as the restoration's case"


async def test_an_erased_victim_is_not_heard(home: Home) -> None:
    case_no, _, (hold_id, _) = await home.two_accounts()
    await home.bench.pool.execute(ERASE)
    async with home.ctx.pool.acquire() as connection:
        await connection.execute(PROPOSAL, case_no, hold_id)
    with pytest.raises(VictimErased):
        await hear_victim(home.ctx, hold_id, NewHearing(ack_no=case_no, said=SAID), "officer:desk")
