"""Data of victims are sealed, and the database refuses a victim without them."""

import asyncpg
import pytest
from pydantic import SecretStr

from activities.context import Context
from activities.privacy import reseal as resealing
from activities.privacy.person_keys import PersonKeys
from activities.privacy.reseal import reseal
from activities.secrets import CannotOpen, SecretBox
from db.pool import Pool
from schemas.privacy.personal_data import PersonalData
from tests.activities.bench import Bench
from tests.factories import SECRET, make_context, rrn, transfer

NEW = SecretStr("the next secret key, with more than 32 characters")
VICTIM = {"name": "Asha Devi", "mobile": "9876543210", "district": "LUCKNOW", "email": "asha@example.org"}
ASHA = PersonalData(name="Asha Devi", mobile="9876543210", email="asha@example.org")


@pytest.fixture
async def ctx(database: Pool) -> Context:
    """Return a context on a database of its own, because a test changes its tables."""
    return await make_context(database)


async def complained(ctx: Context) -> str:
    return await Bench(ctx).complain(transfer(1_000_00, reference=rrn()), victim=VICTIM)


async def victim(ctx: Context, case_no: str, persons: PersonKeys | None = None) -> PersonalData:
    async with ctx.pool.acquire() as connection:
        return await (persons or ctx.persons).victim_of(connection, case_no)


async def test_m10_a_complaint_leaves_no_personal_data_in_clear(ctx: Context) -> None:
    case_no = await complained(ctx)
    assert await victim(ctx, case_no) == ASHA
    (found,) = await ctx.pool.fetch("SELECT v.*, k.* FROM victim v JOIN person_key k USING (person_id)")
    row = str(dict(found))
    assert "Asha" not in row
    assert "9876543210" not in row


async def test_no_row_without_sealed_data_is_written(ctx: Context) -> None:
    with pytest.raises(asyncpg.NotNullViolationError):
        await ctx.pool.execute(
            "INSERT INTO victim (district, woman, child, senior) VALUES ('LUCKNOW', false, false, true)"
        )


async def test_a_key_is_never_deleted_and_never_comes_back(ctx: Context) -> None:
    await complained(ctx)
    await ctx.pool.execute("UPDATE person_key SET wrapped = NULL, destroyed_at = now(), destroyed_for = 'test'")
    back = "UPDATE person_key SET wrapped = '\\x676801' || sha512(''), destroyed_at = NULL"
    for change in (back, "DELETE FROM person_key"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await ctx.pool.execute(change)


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
