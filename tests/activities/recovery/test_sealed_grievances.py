"""What account holders say in grievances is sealed under their key."""

import asyncpg
import pytest

from activities.recovery import grievance_decisions
from db.pool import Pool
from db.recovery import appeals, grievance_views
from schemas.recovery.grievances import AppealOn
from schemas.restoration_enums import GrievanceLevel
from tests.activities.hold_world import Holds
from tests.activities.recovery.test_grievance_decisions import IO, UPHELD, Appeal, an_appeal
from tests.factories import make_context

TEXT, CONTACT, MORE = "the money is my salary", "ask my son: 98111-22233", "no one has read my letters"
ROWS = "SELECT to_jsonb(g)::text FROM grievance g UNION ALL SELECT to_jsonb(l)::text FROM grievance_level l"


@pytest.fixture
async def appeal(database: Pool) -> Appeal:
    """An appeal on a database of its own, because a test changes its tables."""
    return await an_appeal(Holds(await make_context(database)))


async def filed(appeal: Appeal) -> None:
    """File a grievance with a contact, and take it to another level with more text."""
    await appeal.file(text=TEXT, contact=CONTACT)
    await appeal.report()
    await appeal.decide(IO, GrievanceLevel.IO, UPHELD)
    await grievance_decisions.appeal_on(
        appeal.ctx, appeal.identity, AppealOn(level=GrievanceLevel.IO, text=MORE), grievance_decisions.HOLDER
    )


async def shown(appeal: Appeal) -> tuple[str, str, list[str]]:
    """The text, the contact and the statements, as officers and the holder read them."""
    opens = appeal.ctx.persons.open_stored
    async with appeal.ctx.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
        view = await grievance_views.get(connection, appeal.identity, appeal.ctx.now(), 0, (), opens)
        page = (await appeals.get(connection, appeal.hold_id, opens)).grievance
        assert page is not None
        assert (page.text, page.levels) == (view.text, view.levels)
        assert (await grievance_views.contact_of(connection, appeal.identity, opens))[0] == view.contact
    return view.text, view.contact, [level.said for level in view.levels if level.said]


async def in_clear(appeal: Appeal) -> list[str]:
    rows = str(await appeal.holds.bench.rows(ROWS))
    return [text for text in (TEXT, CONTACT, MORE) if text in rows]


async def test_m10_what_an_account_holder_says_is_not_in_clear(appeal: Appeal) -> None:
    await filed(appeal)
    assert await in_clear(appeal) == []
    assert await shown(appeal) == (TEXT, CONTACT, [MORE])
    keys = "SELECT count(*) FROM holder_key WHERE hold_id = $1"
    assert await appeal.holds.bench.value(keys, appeal.hold_id) == 1


async def test_without_the_key_nothing_of_it_is_read(appeal: Appeal) -> None:
    await filed(appeal)
    await appeal.holds.bench.pool.execute(
        "UPDATE person_key SET wrapped = NULL, destroyed_at = now(), destroyed_for = 'test'"
    )
    assert await shown(appeal) == ("", "", [])


async def test_the_database_refuses_a_grievance_that_is_not_sealed(appeal: Appeal) -> None:
    await appeal.file()
    insert = (
        "INSERT INTO grievance (grievance_id, hold_id, case_no, state, level, language, policy, opened_at)"
        " SELECT gen_random_uuid(), hold_id, case_no, 'open', 'bank', 'en', '{}', now() FROM grievance"
    )
    with pytest.raises(asyncpg.NotNullViolationError):
        await appeal.holds.bench.pool.execute(insert)
