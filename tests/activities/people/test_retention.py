"""Retention runs by itself: keys of persons whose time is over are destroyed, and the others stay."""

from dataclasses import replace
from uuid import uuid4

import pytest

from activities.case.transaction import ENGINE, case_transaction
from activities.people import retention, victims
from activities.privacy.person_keys import PersonKeys
from activities.recovery import hold_lifecycle
from activities.recovery.message_outbox import tell_holder, tell_victim
from activities.secrets import SecretBox
from db.pool import Pool
from db.privacy.retention import fates
from db.recovery import notifications
from schemas.events import EventKind
from schemas.notifications import MessageKind
from schemas.privacy.personal_data import PersonalData, VictimQuestion
from tests.activities.bench import Bench
from tests.factories import SECRET, make_context, row, rrn, transfer
from tests.said import said
from tests.triggers import without_triggers
from tests.workers.command_line import invoke

ASHA = {"name": "Asha Devi", "mobile": "9876543210", "district": "LUCKNOW", "email": "asha@example.org"}
AT_ONCE = 1e-6


@pytest.fixture
async def bench(database: Pool) -> Bench:
    """A bench whose policy keeps nothing after the end of a case."""
    ctx = await make_context(database)
    names = ("withdrawn", "nothing_held", "released", "restored", "look_again")
    rules = ctx.policy.personal_data.retention.model_copy(update={f"{name}_seconds": AT_ONCE for name in names})
    data = ctx.policy.personal_data.model_copy(update={"retention": rules})
    return Bench(replace(ctx, policy=ctx.policy.model_copy(update={"personal_data": data})))


async def over(bench: Bench) -> str:
    """A case that is over, because the bank does not know the transfer."""
    root = rrn()
    case_no = await bench.complain(transfer(1_000_00, reference=root), victim=ASHA)
    await bench.answer("HDFC", case_no, row(1, root, "0", status_code="20"))
    assert (await bench.settle(case_no)).settled
    await bench.pool.execute(
        "UPDATE desk_task SET state = 'closed', closed_at = now(), closed_by = 'engine' WHERE case_no = $1", case_no
    )
    return case_no


async def test_m10_a_key_is_destroyed_when_its_time_is_over_and_the_case_stays(bench: Bench) -> None:
    case_no = await over(bench)
    opened = await bench.complain(transfer(1_000_00, reference=rrn()), victim=ASHA)
    buckets = await bench.buckets(case_no)
    assert await retention.look(bench.ctx) == 4, "two victims and two cases"
    assert await bench.victims(case_no) == [PersonalData()]
    assert [one.name for one in await bench.victims(opened)] == ["Asha Devi"]
    assert await bench.buckets(case_no) == buckets
    (event,) = await bench.rows("SELECT actor, data FROM case_event WHERE kind = 'victim_erased'")
    assert event == ("engine", {"ack_nos": [case_no], "rule": "nothing_held"})
    assert (
        await bench.rows("SELECT wrapped, destroyed_for FROM person_key WHERE destroyed_at IS NOT NULL")
        == [(None, "nothing_held")] * 2
    )
    (erased,) = await bench.rows("SELECT case_no, data FROM case_event WHERE kind = 'case_erased'")
    assert erased == (case_no, {"rule": "nothing_held"})
    found = await victims.find(bench.ctx, VictimQuestion(mobile="9876543210"), None)
    assert [item.ack_no for item in found.items] == [opened]
    digests = dict(await bench.rows("SELECT ack_no, body_digest <> '' FROM complaint"))
    assert digests == {case_no: False, opened: True}, "a digest of the whole complaint would confirm a guess"
    await retention.look(bench.ctx)
    assert await bench.value("SELECT count(*) FROM case_event WHERE kind = 'victim_erased'") == 1


async def test_the_end_of_one_victims_data_does_not_keep_another_victim_of_the_case(bench: Bench) -> None:
    root = rrn()
    case_no = await bench.complain(transfer(1_000_00, reference=root), victim=ASHA)
    assert await bench.complain(transfer(1_000_00, reference=root), victim=ASHA | {"name": "Ravi Lal"}) == case_no
    victims_only = "SELECT person_id FROM person_key WHERE case_no IS NULL ORDER BY made_at"
    persons = [person for (person,) in await bench.rows(victims_only)]
    assert len(persons) == 2
    async with case_transaction(bench.ctx, case_no, ENGINE) as work:
        before = await fates(work.connection, persons)
        await work.log(EventKind.VICTIM_ERASED, ack_nos=[case_no], rule="nothing_held")
    async with bench.pool.acquire() as connection:
        assert await fates(connection, persons) == before


async def test_retention_reads_no_whole_table_of_victims(bench: Bench) -> None:
    async with bench.pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = await connection.fetch("EXPLAIN SELECT FROM victim WHERE person_id = ANY($1)", [uuid4()])
    assert "victim_person" in str(plan)


async def test_m10_an_account_holder_and_what_was_written_to_both_are_gone_with_their_keys(bench: Bench) -> None:
    root = rrn()
    case_no = await bench.complain(transfer(1_000_00, reference=root), victim=ASHA)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00", phone_number="9876500000"))
    await hold_lifecycle.open_for_new_holds(bench.ctx, case_no)
    hold_id = await bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
    async with bench.pool.acquire() as connection, connection.transaction():
        facts = {"occasion": "1", "amount_paise": 1_000_00}
        await tell_victim(connection, bench.ctx, case_no, MessageKind.MONEY_HELD, facts, bench.ctx.now())
        await tell_holder(connection, bench.ctx, hold_id, MessageKind.HOLD, facts, bench.ctx.now())
    await retention.look(bench.ctx)
    assert await bench.value("SELECT count(*) FROM person_key WHERE destroyed_at IS NOT NULL") == 0, "it is not over"
    await _end(bench, case_no)
    await retention.look(bench.ctx)
    assert await bench.value("SELECT count(*) FROM person_key WHERE destroyed_at IS NULL") == 0
    ended = "SELECT kind, data ->> 'hold_id' FROM case_event WHERE kind LIKE '%erased' ORDER BY kind"
    assert await bench.rows(ended) == [
        ("case_erased", None),
        ("holder_erased", str(hold_id)),
        ("victim_erased", None),
    ]
    assert {(one.address, one.body) for one in await said(bench.ctx, case_no=case_no)} == {("", "")}
    async with bench.pool.acquire() as connection:
        page = await notifications.page(connection, case_no, None, 10, in_trouble=True)
    assert {(one.next_attempt_at, one.failure) for one in page.items} == {(None, "the personal data are destroyed")}


async def _end(bench: Bench, case_no: str) -> None:
    """Write that everything of a case with money on hold is over."""
    tables = ("ledger_balance", "account_hold", "restoration", "case_file", "desk_task", "duty")
    async with without_triggers(bench.pool, *tables):
        for change in (
            "UPDATE ledger_balance SET balance_paise = 0 WHERE case_no = $1",
            "UPDATE duty SET done_at = now(), done_by = 'officer:io' WHERE case_no = $1",
            "UPDATE account_hold SET state = 'ended', ended_at = now() WHERE case_no = $1",
            "UPDATE restoration SET state = 'cancelled', closed_at = now() WHERE case_no = $1",
            "UPDATE case_file SET state = 'settled', settled_at = now() WHERE case_no = $1",
            "UPDATE desk_task SET state = 'closed', closed_at = now(), closed_by = 'engine' WHERE case_no = $1",
        ):
            await bench.pool.execute(change, case_no)


async def test_a_case_with_work_or_an_fir_keeps_its_victim(bench: Bench) -> None:
    waiting, before_court = await over(bench), await over(bench)
    await bench.pool.execute(
        "UPDATE desk_task SET state = 'open', closed_at = NULL, closed_by = NULL WHERE case_no = $1", waiting
    )
    if not await bench.value("SELECT count(*) FROM desk_task WHERE case_no = $1", waiting):
        await bench.pool.execute("UPDATE case_file SET state = 'open', settled_at = NULL WHERE case_no = $1", waiting)
    await bench.pool.execute(
        "INSERT INTO fir (fir_id, case_no, kind, state, sections, requested_at, requested_by)"
        " VALUES (gen_random_uuid(), $1, 'zero_fir', 'requested', '{}', now(), 'engine')",
        before_court,
    )
    await retention.look(bench.ctx)
    assert await bench.value("SELECT count(*) FROM person_key WHERE destroyed_at IS NOT NULL") == 0


async def test_nothing_is_destroyed_before_the_time_of_the_packaged_policy(database: Pool) -> None:
    bench = Bench(await make_context(database))
    await over(bench)
    assert await retention.look(bench.ctx) == 0, "not looked at yet"
    await bench.pool.execute("UPDATE person_key SET looked_at = now() - interval '31 days'")
    assert await retention.look(bench.ctx) == 2, "the victim and the case"
    assert await retention.look(bench.ctx) == 0, "looked at"
    assert await bench.value("SELECT count(*) FROM person_key WHERE destroyed_at IS NOT NULL") == 0


async def test_the_command_says_what_is_kept_and_what_is_gone(bench: Bench, database_dsn: str) -> None:
    await over(bench)
    await bench.complain(transfer(1_000_00, reference=rrn()), victim=ASHA)
    await retention.look(bench.ctx)
    result = await invoke("retention", database_url=database_dsn)
    assert (result.exit_code, result.stdout) == (
        0,
        "1 persons kept under a key\n1 cases whose messages and documents are kept under a key\n"
        "0 keys of banks for messages of no single case\n2 destroyed: nothing_held\n",
    )


async def test_no_secret_key_opens_what_is_destroyed(bench: Bench) -> None:
    case_no = await over(bench)
    await retention.look(bench.ctx)
    async with bench.pool.acquire() as connection:
        assert await PersonKeys(SecretBox(SECRET)).victim_of(connection, case_no) == PersonalData()
