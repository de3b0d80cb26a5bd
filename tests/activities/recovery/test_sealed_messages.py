"""Messages to victims and account holders are sealed under the key of the person."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from activities.recovery.message_outbox import open_message, tell_bank_of_appeal, tell_holder, tell_victim
from activities.recovery.message_sending import send_again
from activities.secrets import CannotOpen
from db.pool import Pool
from db.recovery import notifications
from db.recovery.notifications import StoredMessage
from domain.errors.recovery import MessageExpired
from schemas.notifications import MessageFacts, MessageKind
from tests.activities.hold_world import Holds
from tests.activities.recovery.test_hold_lifecycle import CONTACT
from tests.factories import make_context
from tests.said import said

EVERYTHING = "SELECT to_jsonb(m)::text FROM message m WHERE to_whom IN ('victim', 'holder')"


@pytest.fixture
async def holds(database: Pool) -> Holds:
    """Holds on a database of its own, because a test changes its tables."""
    return Holds(await make_context(database))


async def told(holds: Holds) -> tuple[str, UUID]:
    """A hold whose victim and account holder have messages: victim by SMS, holder by SMS and e-mail."""
    case_no, hold_id = await holds.hold(600, **CONTACT)
    ctx = holds.ctx
    async with ctx.pool.acquire() as connection, connection.transaction():
        await tell_victim(connection, ctx, case_no, MessageKind.MONEY_HELD, {"amount_paise": 600_00}, ctx.now())
        await tell_holder(connection, ctx, hold_id, MessageKind.HOLD, {}, ctx.now())
    return case_no, hold_id


async def test_m10_no_message_to_a_victim_or_a_holder_is_in_clear(holds: Holds) -> None:
    case_no, hold_id = await told(holds)
    opened = await said(holds.ctx, case_no=case_no)
    assert {one.to_whom for one in opened} == {"victim", "holder"}
    rows = str(await holds.bench.rows(EVERYTHING))
    assert not [one for one in opened if one.address in rows or one.body in rows]
    keys = "SELECT count(DISTINCT person_id) FROM message WHERE case_no = $1 AND to_whom = $2"
    assert [await holds.bench.value(keys, case_no, to_whom) for to_whom in ("victim", "holder")] == [1, 1]
    async with holds.ctx.pool.acquire() as connection, connection.transaction():
        await tell_holder(connection, holds.ctx, hold_id, MessageKind.HOLD, {"occasion": "again"}, holds.ctx.now())
    assert await holds.bench.value("SELECT count(*) FROM holder_key WHERE hold_id = $1", hold_id) == 1
    assert await holds.bench.value(keys, case_no, "holder") == 1, "later messages are under the same key"


async def test_a_letter_that_names_an_account_holder_to_the_bank_is_sealed_too(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600)
    await holds.bench.pool.execute("UPDATE institution SET desk_email = 'desk@hdfc.example' WHERE code = 'HDFC'")
    ctx = holds.ctx
    async with ctx.pool.acquire() as connection, connection.transaction():
        await tell_holder(connection, ctx, hold_id, MessageKind.HOLD, {}, ctx.now())
        facts = MessageFacts(occasion="1", number="G00000001", until=ctx.now())
        await tell_bank_of_appeal(connection, ctx, hold_id, MessageKind.GRIEVANCE_TURN, facts, ctx.now())
    sealed = "SELECT sealed_head IS NOT NULL, address FROM message WHERE case_no = $1 AND to_whom = 'bank'"
    assert await holds.bench.rows(sealed, case_no) == [(True, "…")] * 2
    assert {one.address for one in await said(ctx, case_no=case_no, to_whom="bank")} == {"desk@hdfc.example"}
    assert await holds.bench.value("SELECT count(*) FROM holder_key WHERE hold_id = $1", hold_id) == 1


async def test_a_message_opens_in_its_own_row_only(holds: Holds) -> None:
    case_no, _ = await told(holds)
    async with holds.ctx.pool.acquire() as connection:
        texts = await notifications.texts_of_case(connection, case_no)
    message_id, text = next(iter(texts.items()))
    assert open_message(holds.ctx.persons, message_id, text).body
    with pytest.raises(CannotOpen):
        open_message(holds.ctx.persons, uuid4(), text)
    swapped = text.model_copy(update={"sealed_head": text.sealed_body})
    with pytest.raises(CannotOpen):
        open_message(holds.ctx.persons, message_id, StoredMessage.model_validate(swapped))


async def test_the_database_refuses_such_a_message_in_clear(holds: Holds, subtests: pytest.Subtests) -> None:
    case_no, _ = await holds.hold(600)
    insert = (
        "INSERT INTO message (message_id, case_no, kind, to_whom, medium, address, language, body, natural_key,"
        " written_at) VALUES (gen_random_uuid(), $1, 'hold', $2, 'sms', '9876543210', 'en', 'text', 'x', now())"
    )
    for to_whom in (
        "victim",
        "holder",
    ):
        with subtests.test(to_whom=to_whom), pytest.raises(asyncpg.CheckViolationError, match="sealed"):
            await holds.bench.pool.execute(insert, case_no, to_whom)


async def test_a_sealed_message_has_nothing_in_clear_and_no_text_once_it_is_blank(
    holds: Holds, subtests: pytest.Subtests
) -> None:
    await told(holds)
    for change in (
        "address = '9876543210'",
        "subject = 'a text'",
        "body = 'a text'",
        "body = ''",
        "sealed_body = NULL",
    ):
        with subtests.test(change=change), pytest.raises(asyncpg.CheckViolationError, match="nothing_in_clear"):
            await holds.bench.pool.execute(f"UPDATE message SET {change}, kind = 'appeal_code'")
    await holds.bench.pool.execute("UPDATE message SET body = '', sealed_body = NULL, kind = 'appeal_code'")


async def test_a_message_whose_key_is_destroyed_is_empty_and_is_not_sent_again(holds: Holds) -> None:
    case_no, _ = await told(holds)
    await holds.bench.pool.execute("UPDATE outgoing SET failure = 'down'")
    await holds.bench.pool.execute("UPDATE person_key SET wrapped = NULL, destroyed_at = now(), destroyed_for = 'test'")
    opened = await said(holds.ctx, case_no=case_no)
    assert {(one.address, one.body) for one in opened} == {("", "")}
    with pytest.raises(MessageExpired):
        await send_again(holds.ctx, opened[0].message_id)
    hold_id, facts = await holds.hold_of(case_no), {"occasion": "later"}
    async with holds.ctx.pool.acquire() as connection, connection.transaction():
        assert await tell_holder(connection, holds.ctx, hold_id, MessageKind.HOLD, facts, holds.ctx.now())
    before = {one.message_id for one in opened}
    later = [one for one in await said(holds.ctx, case_no=case_no) if one.message_id not in before]
    assert "" not in {one.address for one in later}, "another key"
