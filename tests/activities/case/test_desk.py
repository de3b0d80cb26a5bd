"""What the desk does about requests and tasks of cases and institutions: each verb, and what is refused."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from temporalio.exceptions import ApplicationError

from activities.case.desk import add_hop, correct_hop, escalate_request, send_again, stop_request
from activities.work_items.task_owners import close_task
from adapters.banks.protocol import BankMisconfigured, BankRefused, BankUnreachable
from db import tasks
from db.case import case_views
from db.pool import Pool
from domain.errors import NotFound, NotNow
from domain.errors.case import RequestAnswered, RequestBeingSent, RequestWithSupervisor, TaskAboutOfficer
from schemas.case.case_workflow import HopRef, Sent
from schemas.enums import EscalationLevel, TaskKind
from schemas.tasks import TaskCause, TaskFacts
from schemas.text import IST
from tests.activities.bench import LOST_REPLY, Bench
from tests.activities.desk_words import OFFICER, asked, correction, new_hop
from tests.activities.told import planned
from tests.desk_tasks import notes
from tests.each import each
from tests.factories import complaint, make_context, row, rrn, transfer

# -- stop, escalate ------------------------------------------------------------------------------------------------


async def test_a_request_is_stopped_once(bench: Bench) -> None:
    case_no, _, sent = await asked(bench)
    done = await stop_request(bench.ctx, case_no, UUID(sent.request_id), "wrong case", OFFICER)
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert done.follow_up.news.closed == (HopRef(hop_no=1, revision=0),)
    assert await bench.buckets(case_no) == {"lost": -1000_00, "untraced": 1000_00}
    with pytest.raises(NotNow, match="stopped"):
        await stop_request(bench.ctx, case_no, UUID(sent.request_id), "again", OFFICER)
    await bench.check(case_no)


@pytest.mark.parametrize(
    ("paise", "hours_ago", "alarms"), [(100_00, 2, True), (100_00, 30, False), (20_000_00, 30, True)]
)
async def test_m13_a_stop_soon_after_the_transfer_or_of_a_large_sum_alarms_the_supervisor(
    bench: Bench, paise: int, hours_ago: int, *, alarms: bool
) -> None:
    at = (datetime.now(IST) - timedelta(hours=hours_ago)).replace(microsecond=0)
    case_no = await bench.complain(transfer(paise, transferred_at=at.isoformat()))
    sent = await bench.ask_one(case_no)
    await stop_request(bench.ctx, case_no, UUID(sent.request_id), "wrong case", OFFICER)
    asked = await notes(bench.pool, "case_no = $1 AND cause = 'request_stopped_early' AND state = 'open'", case_no)
    assert len(asked) == alarms, "and the end of the request does not close it"
    told = "SELECT (data->>'amount_paise')::bigint FROM case_event WHERE case_no = $1 AND kind = 'officer_alarm'"
    assert await bench.rows(told, case_no) == [(paise,)] * alarms


async def test_n6_the_alarm_about_an_early_stop_is_closed_by_another_officer(bench: Bench) -> None:
    case_no, _, sent = await asked(bench)
    await stop_request(bench.ctx, case_no, UUID(sent.request_id), "wrong case", OFFICER)
    find = "SELECT task_id FROM desk_task WHERE case_no = $1 AND cause = 'request_stopped_early' AND state = 'open'"
    task_id = await bench.value(find, case_no)
    with pytest.raises(TaskAboutOfficer):
        await close_task(bench.ctx, task_id, "it is fine", OFFICER)
    with pytest.raises(asyncpg.CheckViolationError, match="desk_task_closed_by_another"):
        await bench.ctx.pool.execute(
            "UPDATE desk_task SET state = 'closed', closed_at = now(), closed_by = $2 WHERE task_id = $1",
            task_id,
            OFFICER,
        )
    assert await bench.value(find, case_no) == task_id, "it stays"
    await close_task(bench.ctx, task_id, "asked the officer", "officer:chief")
    assert await bench.value(find, case_no) is None


async def test_stopping_twice_at_once_writes_off_once(bench: Bench) -> None:
    case_no, _, sent = await asked(bench)
    done = await asyncio.gather(
        *(stop_request(bench.ctx, case_no, UUID(sent.request_id), "stop", OFFICER) for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, NotNow) for one in done) == 3
    assert await bench.buckets(case_no) == {"lost": -1000_00, "untraced": 1000_00}
    await bench.check(case_no)


async def test_stopping_leaves_alone_what_was_corrected_out_of_the_request(bench: Bench) -> None:
    case_no = await bench.complain(transfer(100_00), transfer(200_00))
    sent = await bench.ask_one(case_no)
    await correct_hop(bench.ctx, case_no, 1, correction(rrn=rrn()), OFFICER)
    await stop_request(bench.ctx, case_no, UUID(sent.request_id), "stop", OFFICER)
    assert await bench.buckets(case_no) == {"lost": -300_00, "in_play": 100_00, "untraced": 200_00}
    assert await bench.hops(case_no) == ["asked", "closed"]
    await bench.check(case_no)


async def test_an_escalation_is_news_for_the_workflow(bench: Bench) -> None:
    case_no, _, sent = await asked(bench)
    done = await escalate_request(bench.ctx, case_no, UUID(sent.request_id), "minister called", OFFICER)
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert done.follow_up.news.escalate_request_id == sent.request_id
    assert done.follow_up.news.escalate_to is EscalationLevel.REMINDER
    assert await bench.value("SELECT level FROM hold_request WHERE case_no = $1", case_no) is None
    await bench.escalate(case_no, sent, EscalationLevel.SUPERVISOR)
    with pytest.raises(RequestWithSupervisor):
        await escalate_request(bench.ctx, case_no, UUID(sent.request_id), "again", OFFICER)
    await bench.check(case_no)


@pytest.mark.parametrize("verb", [stop_request, escalate_request, send_again])
async def test_only_a_live_request_of_this_very_case(bench: Bench, verb: Any) -> None:
    case_no, root, sent = await asked(bench)
    other, _, _ = await asked(bench)
    for wrong_case, wrong_id in [(other, UUID(sent.request_id)), (case_no, uuid4())]:
        with pytest.raises(NotFound):
            await verb(bench.ctx, wrong_case, wrong_id, "stop", OFFICER)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    with pytest.raises(NotNow, match="answered"):
        await verb(bench.ctx, case_no, UUID(sent.request_id), "stop", OFFICER)


# -- send again ----------------------------------------------------------------------------------------------------


async def refused(bench: Bench, *transfers: dict[str, Any]) -> tuple[str, Sent]:
    """A case whose only request the bank refused as a whole."""
    case_no = await bench.complain(*transfers)
    bench.bank.outcomes.append(BankRefused("HDFC", "400", "a field is wrong"))
    return case_no, await bench.ask_one(case_no)


async def undelivered(bench: Bench) -> tuple[str, UUID]:
    """A case whose request never reached the bank: its first attempt failed a minute ago."""
    case_no = await bench.complain(transfer(1000_00))
    bench.bank.outcomes.append(BankUnreachable("HDFC", "timeout"))
    with pytest.raises(ApplicationError):
        await bench.ask(case_no)
    request_id: UUID = await bench.value(
        "UPDATE hold_request SET sent_at = sent_at - interval '1 minute' WHERE case_no = $1 RETURNING request_id",
        case_no,
    )
    return case_no, request_id


async def test_a_refused_request_is_sent_again_in_another(bench: Bench) -> None:
    case_no, sent = await refused(bench, transfer(1000_00), transfer(500_00))
    assert await bench.tasks(case_no) == [("ticket_refused", None)]
    done = await send_again(bench.ctx, case_no, UUID(sent.request_id), "the field is mended", OFFICER)
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert planned(done.follow_up.news) == [("HDFC", [(1, 1), (2, 1)], 1000_00)]
    assert done.follow_up.news.closed == (HopRef(hop_no=1, revision=0), HopRef(hop_no=2, revision=0))
    assert await bench.tasks(case_no) == []
    assert await bench.hops(case_no, "state, revision") == [("asked", 1), ("asked", 1)]
    again = await bench.ask_one(case_no)
    assert again.request_id != sent.request_id
    assert await bench.rows("SELECT batch_no, state FROM hold_request WHERE case_no = $1 ORDER BY 1", case_no) == [
        (1, "superseded"),
        (2, "delivered"),
    ]
    assert [len(ticket.incidents) for _, ticket in bench.bank.tickets] == [2, 2]
    event = await bench.value("SELECT data FROM case_event WHERE case_no = $1 AND kind = 'request_sent_again'", case_no)
    assert event == {
        "request_id": sent.request_id,
        "institution": "HDFC",
        "hops": [1, 2],
        "reason": "the field is mended",
    }
    await bench.check(case_no)


async def test_only_the_live_hops_of_a_request_are_sent_again(bench: Bench) -> None:
    case_no, sent = await refused(bench, transfer(1000_00), transfer(500_00))
    await correct_hop(bench.ctx, case_no, 1, correction(rrn=rrn()), OFFICER)
    done = await send_again(bench.ctx, case_no, UUID(sent.request_id), "mended", OFFICER)
    assert done.follow_up is not None
    assert planned(done.follow_up.news) == [("HDFC", [(2, 1)], 500_00)]
    assert await bench.hops(case_no, "state, revision") == [("asked", 1), ("asked", 1)]
    await bench.check(case_no)


async def test_a_request_that_never_reached_its_bank_is_sent_again(bench: Bench) -> None:
    case_no, request_id = await undelivered(bench)
    await send_again(bench.ctx, case_no, request_id, "the credentials are mended", OFFICER)
    assert (await bench.ask_one(case_no)).delivered
    await bench.check(case_no)


async def test_a_request_on_its_way_is_not_sent_again(bench: Bench) -> None:
    case_no, request_id = await undelivered(bench)
    await bench.pool.execute("UPDATE hold_request SET sent_at = now() WHERE case_no = $1", case_no)
    with pytest.raises(RequestBeingSent):
        await send_again(bench.ctx, case_no, request_id, "mended", OFFICER)
    assert await bench.hops(case_no, "state, revision") == [("asked", 0)]
    await bench.check(case_no)


async def test_what_the_bank_has_or_what_is_over_is_not_sent_again(bench: Bench) -> None:
    case_no, _, sent = await asked(bench)
    with pytest.raises(NotNow, match="delivered"):
        await send_again(bench.ctx, case_no, UUID(sent.request_id), "mended", OFFICER)
    case_no, sent = await refused(bench, transfer(1000_00))
    await send_again(bench.ctx, case_no, UUID(sent.request_id), "mended", OFFICER)
    with pytest.raises(NotNow, match="superseded"):
        await send_again(bench.ctx, case_no, UUID(sent.request_id), "mended", OFFICER)
    case_no, sent = await refused(bench, transfer(1000_00))
    await stop_request(bench.ctx, case_no, UUID(sent.request_id), "enough", OFFICER)
    with pytest.raises(NotNow, match="stopped"):
        await send_again(bench.ctx, case_no, UUID(sent.request_id), "mended", OFFICER)


async def test_a_bank_that_answers_has_the_request_whatever_its_reply_was(bench: Bench) -> None:
    root = rrn()
    case_no = await bench.complain(transfer(1000_00, reference=root))
    bench.bank.outcomes.append(LOST_REPLY)
    with pytest.raises(ApplicationError):
        await bench.ask(case_no)
    await bench.answer("HDFC", case_no, row(1, root, "400.00"))
    request_id = await bench.value(
        "UPDATE hold_request SET sent_at = sent_at - interval '1 minute' WHERE case_no = $1 RETURNING request_id",
        case_no,
    )
    with pytest.raises(RequestAnswered):
        await send_again(bench.ctx, case_no, request_id, "mended", OFFICER)
    await bench.check(case_no)


async def test_sent_again_twice_at_once_goes_out_once(bench: Bench) -> None:
    case_no, sent = await refused(bench, transfer(1000_00))
    done = await asyncio.gather(
        *(send_again(bench.ctx, case_no, UUID(sent.request_id), "mended", OFFICER) for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, NotNow) for one in done) == 3, done
    assert await bench.hops(case_no, "state, revision") == [("asked", 1)]
    assert await bench.value("SELECT count(*) FROM hold_request WHERE case_no = $1", case_no) == 2
    await bench.check(case_no)


async def test_an_attempt_that_ends_after_its_request_was_sent_again_asks_nothing_of_the_desk(bench: Bench) -> None:
    """The first attempt was still in the air: what it brings is about a request that is over."""
    case_no = await bench.complain(transfer(1000_00, payee_bank="HDFC"))
    (order,) = await bench.orders(case_no)
    bench.bank.gate = asyncio.Event()
    bench.bank.outcomes.append(BankMisconfigured("HDFC", "its password is refused"))
    sending = asyncio.create_task(bench.freeze.send_hold_request(order))
    await bench.bank.called()
    await bench.pool.execute("UPDATE hold_request SET sent_at = sent_at - interval '1 minute'")
    await send_again(bench.ctx, case_no, UUID(order.request_id), "mended", OFFICER)
    bench.bank.gate.set()
    with pytest.raises(ApplicationError):
        await sending
    assert await bench.tasks(case_no) == []
    await bench.check(case_no)


# -- tasks ---------------------------------------------------------------------------------------------------------


async def a_task(bench: Bench) -> tuple[str, str, int]:
    case_no, root, _ = await asked(bench)
    await bench.answer("HDFC", case_no, row(1, root, "0", status_code="02"))
    task_id: int = await bench.value("SELECT task_id FROM desk_task WHERE case_no = $1", case_no)
    return case_no, root, task_id


async def test_a_task_is_closed_once_by_hand(bench: Bench) -> None:
    case_no, _, task_id = await a_task(bench)
    await close_task(bench.ctx, task_id, "spoke to them", OFFICER)
    assert await bench.rows("SELECT state, closed_by, reason FROM desk_task WHERE task_id = $1", task_id) == [
        ("closed", OFFICER, "spoke to them")
    ]
    assert (await bench.events(case_no))[-1] == "task_closed"
    with pytest.raises(NotNow):
        await close_task(bench.ctx, task_id, "again", OFFICER)
    with pytest.raises(NotFound):
        await close_task(bench.ctx, 10**12, "which", OFFICER)
    await bench.check(case_no)


async def test_the_same_question_is_not_put_twice_while_it_is_open(bench: Bench) -> None:
    case_no, root, task_id = await a_task(bench)
    await bench.answer("HDFC", case_no, row(1, root, "0", status_code="02"), job_id="second ticket")
    assert [kind for kind, _ in await bench.tasks(case_no)].count("correct_reference") == 1
    await close_task(bench.ctx, task_id, "spoke to them", OFFICER)
    await bench.answer("HDFC", case_no, row(1, root, "0", status_code="02"), job_id="third ticket")
    assert [kind for kind, _ in await bench.tasks(case_no)].count("correct_reference") == 1
    await bench.check(case_no)


async def test_a_task_closed_by_hand_while_an_answer_closes_it_is_no_deadlock(bench: Bench) -> None:
    """The answer locks the case and then the task, so closing a task by hand must not lock the task first."""
    case_no, _, task_id = await a_task(bench)
    async with bench.pool.acquire() as connection, connection.transaction(), asyncio.timeout(10):
        await connection.execute("SELECT FROM case_file WHERE case_no = $1 FOR NO KEY UPDATE", case_no)
        by_hand = asyncio.create_task(close_task(bench.ctx, task_id, "spoke to them", OFFICER))
        await asyncio.sleep(0.2)
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '1s'")
            assert (await tasks.get(connection, task_id)).state == "open"
    await by_hand
    assert await bench.tasks(case_no) == []


async def test_no_verb_finds_a_case_that_does_not_exist(bench: Bench) -> None:
    nobodys = "39999999999999"
    for verb in (
        add_hop(bench.ctx, nobodys, new_hop(), OFFICER),
        correct_hop(bench.ctx, nobodys, 1, correction(rrn=rrn()), OFFICER),
        stop_request(bench.ctx, nobodys, uuid4(), "stop", OFFICER),
        escalate_request(bench.ctx, nobodys, uuid4(), "hurry", OFFICER),
        send_again(bench.ctx, nobodys, uuid4(), "mended", OFFICER),
    ):
        with pytest.raises(NotFound):
            await verb


async def test_every_verb_works_by_any_number_of_the_case(bench: Bench) -> None:
    one = transfer()
    case_no = await bench.complain(one)
    ack_no = (await bench.take(complaint(one))).receipt.ack_no
    assert ack_no != case_no
    done = await correct_hop(bench.ctx, ack_no, 1, correction(rrn=rrn()), OFFICER)
    assert done.case_no == case_no
    await bench.check(case_no)


NOW = datetime.now(UTC)


async def opened(pool: Pool, kind: TaskKind = TaskKind.ASK_FOR_LIENS, code: str = "HDFC") -> int | None:
    async with pool.acquire() as connection:
        return await tasks.open_for_institution(connection, code, kind, TaskCause.LIENS_TO_ASK_FOR, NOW)


async def test_one_of_a_kind_is_open_at_a_time(database: Pool) -> None:
    await make_context(database)
    first = await opened(database)
    assert first is not None
    assert await opened(database) is None
    assert await opened(database, TaskKind.SUPERVISE) is not None
    assert await opened(database, code="ICIC") is not None
    async with database.acquire() as connection:
        kinds = [TaskKind.ASK_FOR_LIENS]
        assert await tasks.close_for_institution(connection, "HDFC", kinds, NOW, "the list is here") == [first]
        assert await tasks.close_for_institution(connection, "HDFC", kinds, NOW, "the list is here") == []
    assert await opened(database) not in {None, first}
    calls = [(cause, at) for cause in (TaskCause.BANK_LOGIN_UNTOLD, TaskCause.BANK_LOGIN_CHANGE_UNTOLD) for at in "12"]
    async with database.acquire() as connection:
        told = [
            await tasks.open_for_institution(
                connection, "HDFC", TaskKind.PHONE_BANK, cause, NOW, facts=TaskFacts(at=at)
            )
            for cause, at in [*calls, calls[0]]
        ]
    assert [one is None for one in told] == [False] * 4 + [True], "a call about something else is an item of its own"


async def test_it_is_closed_by_hand_once_and_has_no_case(database: Pool) -> None:
    ctx = await make_context(database)
    task_id = await opened(database)
    assert task_id is not None
    done = await close_task(ctx, task_id, "they promise it for Monday", OFFICER)
    assert (done.case_no, done.hop_no, done.kind) == (None, None, TaskKind.ASK_FOR_LIENS)
    row = await database.fetchrow("SELECT state, closed_by, reason FROM desk_task WHERE task_id = $1", task_id)
    assert row is not None
    assert tuple(row) == ("closed", OFFICER, "they promise it for Monday")
    with pytest.raises(NotNow):
        await close_task(ctx, task_id, "again", OFFICER)


async def test_no_case_counts_or_closes_it(database: Pool) -> None:
    bench = Bench(await make_context(database))
    case_no = await bench.complain()
    await opened(database)
    async with database.acquire() as connection:
        page = await case_views.page(connection, None, None, 10)
        assert [case.open_tasks for case in page.items] == [0]
        assert await tasks.close_for_hops(connection, case_no, [1], list(TaskKind), NOW, "all is well") == []
    assert await database.fetchval("SELECT count(*) FROM desk_task WHERE state = 'open'") == 1


@each(
    "columns",
    ["case_no, institution", "institution, hop_no", "institution, request_id"],
)
async def test_the_database_refuses_what_is_about_nothing(database: Pool, columns: str) -> None:
    values = {
        "case_no, institution": "NULL, NULL",
        "institution, hop_no": "'HDFC', 1",
        "institution, request_id": "'HDFC', gen_random_uuid()",
    }[columns]
    with pytest.raises(asyncpg.CheckViolationError, match="desk_task_about"):
        await database.execute(
            f"INSERT INTO desk_task (kind, subject_kind, subject_id, cause, state, opened_at, {columns})"
            f" VALUES ('reconcile', 'institution', 'HDFC', 'liens_differ', 'open', now(), {values})"
        )
