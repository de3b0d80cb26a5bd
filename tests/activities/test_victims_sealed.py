"""Victims of the release before are sealed, and the database clears what is sealed."""

import asyncpg
import pytest
from pydantic import SecretStr

from activities import reseal as resealing
from activities import sealing, victims
from activities.context import Context
from activities.person_keys import PersonKeys
from activities.reseal import reseal
from activities.sealing import ClearTextNeeded, seal_all
from activities.secrets import CannotOpen, SecretBox
from db.pool import Pool
from schemas.personal_data import NewVictimCorrection, PersonalData
from tests.activities.bench import Bench
from tests.activities.documents.test_sealed_documents import DOCUMENTS
from tests.activities.test_bodies import BODIES
from tests.factories import SECRET, make_context, rrn, transfer
from tests.workers.command_line import invoke

NEW = SecretStr("the next secret key, with more than 32 characters")
_OTHERS = (
    "messages",
    "contacts",
    "accounts to be credited",
    "grievances",
    "levels of grievances",
    "objections",
    "hearings",
    *(table.what for table in (*BODIES, *DOCUMENTS)),
)
TRIGGERS = ("victim_sealed", "victim_corrected")
CLEAR = "SELECT count(*) FROM victim WHERE name <> '' OR mobile <> '' OR email <> ''"
VICTIM = {"name": "Asha Devi", "mobile": "9876543210", "district": "LUCKNOW", "email": "asha@example.org"}
ASHA = PersonalData(name="Asha Devi", mobile="9876543210", email="asha@example.org")


@pytest.fixture
async def ctx(database: Pool) -> Context:
    """Return a context on a database of its own, because a test changes its tables."""
    return await make_context(database)


async def complained(ctx: Context) -> str:
    return await Bench(ctx).complain(transfer(1_000_00, reference=rrn()), victim=VICTIM)


async def as_before(pool: Pool) -> None:
    """Put the table of victims into the state before the `post` migration, with rows of the release before."""
    for trigger in TRIGGERS:
        await pool.execute(f"ALTER TABLE victim DISABLE TRIGGER {trigger}")
    await pool.execute(
        "UPDATE victim SET name = 'Asha Devi', mobile = '9876543210', email = 'asha@example.org',"
        " person_id = NULL, sealed = NULL, terms = NULL, terms_key = NULL"
    )


async def after(pool: Pool) -> None:
    for trigger in TRIGGERS:
        await pool.execute(f"ALTER TABLE victim ENABLE TRIGGER {trigger}")


async def victim(ctx: Context, case_no: str, persons: PersonKeys | None = None) -> PersonalData:
    async with ctx.pool.acquire() as connection:
        return await (persons or ctx.persons).victim_of(connection, case_no)


async def test_m10_a_complaint_leaves_no_personal_data_in_clear(ctx: Context) -> None:
    case_no = await complained(ctx)
    assert await ctx.pool.fetchval(CLEAR) == 0
    assert await victim(ctx, case_no) == ASHA
    (found,) = await ctx.pool.fetch("SELECT v.*, k.* FROM victim v JOIN person_key k USING (person_id)")
    row = str(dict(found))
    assert "Asha" not in row
    assert "9876543210" not in row


async def test_no_row_without_sealed_data_is_written(ctx: Context) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="sealed"):
        await ctx.pool.execute(
            "INSERT INTO victim (name, mobile, district, woman, child, senior)"
            " VALUES ('A', '9', 'LUCKNOW', false, false, true)"
        )


async def test_a_key_is_never_deleted_and_never_comes_back(ctx: Context) -> None:
    await complained(ctx)
    await ctx.pool.execute("UPDATE person_key SET wrapped = NULL, destroyed_at = now(), destroyed_for = 'test'")
    for change in ("UPDATE person_key SET wrapped = 'x', destroyed_at = NULL", "DELETE FROM person_key"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await ctx.pool.execute(change)


async def test_rows_of_the_release_before_are_read_and_then_sealed(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "BATCH", 2)
    cases = [await complained(ctx) for _ in range(3)]
    await as_before(ctx.pool)
    assert await victim(ctx, cases[0]) == ASHA
    await after(ctx.pool)
    steps: list[tuple[str, int]] = []
    assert (await seal_all(ctx.pool, ctx.persons, lambda *step: steps.append(step)))["victims"] == 3
    assert steps == [("victims", 2), ("victims", 3)]
    assert await ctx.pool.fetchval(CLEAR) == 0
    assert [await victim(ctx, case_no) for case_no in cases] == [ASHA] * 3
    assert (await seal_all(ctx.pool, ctx.persons))["victims"] == 0


async def test_what_both_releases_wrote_is_cleared(ctx: Context) -> None:
    case_no = await complained(ctx)
    await ctx.pool.execute("ALTER TABLE victim DISABLE TRIGGER victim_sealed")
    await ctx.pool.execute("UPDATE victim SET name = 'Asha Devi', mobile = '9876543210', email = 'asha@example.org'")
    key = await ctx.pool.fetchval("SELECT wrapped FROM person_key")
    await after(ctx.pool)
    assert (await seal_all(ctx.pool, ctx.persons))["victims"] == 1
    assert await ctx.pool.fetchval(CLEAR) == 0
    assert (await victim(ctx, case_no), await ctx.pool.fetchval("SELECT wrapped FROM person_key")) == (ASHA, key)


@pytest.mark.parametrize("by_release_before", [True, False])
async def test_m10_while_two_releases_run_both_read_what_is_corrected(ctx: Context, by_release_before: bool) -> None:
    case_no = await complained(ctx)
    await ctx.pool.execute("ALTER TABLE victim DISABLE TRIGGER victim_sealed")
    if by_release_before:
        await as_before(ctx.pool)
        await ctx.pool.execute("ALTER TABLE victim ENABLE TRIGGER victim_corrected")
    new = NewVictimCorrection(mobile="9123456789", reason="the victim came with her passport")
    proposed = await victims.propose(ctx, case_no, new, "officer:ravi")
    (read,) = (await victims.corrections(ctx, case_no)).corrections
    assert (read.correction_id, read.before) == (proposed.correction_id, ASHA)
    await victims.agree(ctx, case_no, proposed.correction_id, "officer:sita")
    corrected = ASHA.model_copy(update={"mobile": "9123456789"})
    assert await victim(ctx, case_no) == corrected
    (clear,) = await ctx.pool.fetch("SELECT name, mobile, email FROM victim")
    assert PersonalData(**dict(clear)) == corrected
    await after(ctx.pool)
    assert (await seal_all(ctx.pool, ctx.persons))["victims"] == 1
    assert await victim(ctx, case_no) == corrected


async def test_nothing_is_cleared_while_the_release_before_may_read_it(ctx: Context, database_dsn: str) -> None:
    await complained(ctx)
    await as_before(ctx.pool)
    await ctx.pool.execute("DROP TRIGGER victim_sealed ON victim")
    with pytest.raises(ClearTextNeeded):
        await seal_all(ctx.pool, ctx.persons)
    result = await invoke("seal", database_url=database_dsn, secret_key=SECRET.get_secret_value())
    assert (result.exit_code, "post" in result.stderr) == (1, True)
    assert await ctx.pool.fetchval(CLEAR) == 1


async def test_the_command_seals_what_is_in_clear(ctx: Context, database_dsn: str) -> None:
    await complained(ctx)
    await as_before(ctx.pool)
    await after(ctx.pool)
    result = await invoke("seal", database_url=database_dsn, secret_key=SECRET.get_secret_value())
    others = "".join(f"0 {what} sealed\n" for what in _OTHERS)
    assert (result.exit_code, result.stdout) == (0, f"1 victims sealed\n{others}")


async def test_persons_and_their_terms_are_resealed(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resealing, "BATCH", 2)
    cases = [await complained(ctx) for _ in range(5)]
    both = SecretBox(NEW, SECRET)
    assert await victim(ctx, cases[0], PersonKeys(both)) == ASHA
    *_, keys, terms = await reseal(ctx.pool, both)
    assert (keys.column, keys.resealed, keys.is_complete) == ("person_key.wrapped", 10, True), "of victims and cases"
    assert (terms.column, terms.resealed, terms.is_complete) == ("victim.terms", 5, True)
    new = PersonKeys(SecretBox(NEW))
    assert [await victim(ctx, case_no, new) for case_no in cases] == [ASHA] * 5
    found = await ctx.pool.fetchval("SELECT count(*) FROM victim WHERE terms && $1", list(new.same_person(ASHA)))
    assert found == 5
    with pytest.raises(CannotOpen):
        await victim(ctx, cases[0])
    assert [result.resealed for result in await reseal(ctx.pool, both)] == [0, 0, 0, 0]
