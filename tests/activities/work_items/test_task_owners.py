"""A work item has at most one owner, and none is lost: claims, leases, snoozes, alarms, and lists by worth."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from activities.gateway.lien_comparison import ASKING
from activities.officers import enrolment
from activities.work_items.task_owners import close_task
from activities.work_items.task_rounds import TaskRounds
from db import task_owners as rows
from db import tasks
from db.pool import Pool
from domain.errors.case import OwnerAbsent, TaskChanged, TaskClosed, TaskNotForOfficer, TaskOwned
from schemas.enums import Person, Role, TaskKind
from schemas.events import EventKind
from schemas.officers.officers import TeamEntry
from schemas.tasks import TaskCause, TaskStanding
from schemas.work_items.task_owners import TaskFilter, TaskSort
from tests.activities.task_desk import TaskDesk, taker
from tests.desk_tasks import notes
from tests.factories import make_context, row


@pytest.fixture
async def desk(database: Pool) -> TaskDesk:
    desk = TaskDesk(await make_context(database))
    await desk.come()
    return desk


# -- one owner ---------------------------------------------------------------------------------------------------------


async def test_of_racing_claims_one_wins_and_the_others_read_who_has_it(desk: TaskDesk) -> None:
    case_no, task_id = await desk.item()
    done = await asyncio.gather(*(desk.claim(who, task_id) for who in desk.officers), return_exceptions=True)
    (won,) = [one for one in done if isinstance(one, TaskStanding)]
    lost = [one for one in done if isinstance(one, TaskOwned)]
    assert len(lost) == len(desk.officers) - 1
    assert {one.owner for one in lost} == {won.owner}
    assert (await desk.seen(task_id)).owner == won.owner
    assert [kind for kind, _, _ in await desk.logged(case_no, task_id)] == ["task_claimed"]


async def test_an_item_goes_from_officer_to_officer_and_the_log_has_no_note(desk: TaskDesk) -> None:
    case_no, task_id = await desk.item()
    version = (await desk.claim("a", task_id)).version
    version = (await desk.pass_on("a", task_id, version, "b", "the victim, Asha Devi, calls at nine")).version
    with pytest.raises(TaskOwned):
        await desk.release("a", task_id, version)
    version = (await desk.take_over("c", task_id, version)).version
    with pytest.raises(TaskChanged):
        await desk.take_over("a", task_id, version - 1)
    version = (await desk.release("chief", task_id, version)).version
    assert await desk.logged(case_no, task_id) == [
        ("task_claimed", "officer:a", {"owner": "a", "former": None}),
        ("task_passed_on", "officer:a", {"owner": "b", "former": "a"}),
        ("task_taken_over", "officer:c", {"owner": "c", "former": "b"}),
        ("task_released", "officer:chief", {"owner": None, "former": "c"}),
    ]
    async with desk.ctx.pool.acquire() as connection:
        (taken, given) = (await rows.acts_about(connection, "b", None, 10)).items
        (lost,) = (await rows.acts_about(connection, "c", None, 10)).items
    assert (given.kind, given.note) == ("passed_on", "the victim, Asha Devi, calls at nine")
    assert (taken.kind, taken.actor, taken.note) == ("taken_over", "officer:c", "the victim is on the line")
    assert (lost.kind, lost.actor, version) == ("released", "officer:chief", 4)


async def test_only_an_officer_who_can_act_on_an_item_gets_it(desk: TaskDesk) -> None:
    _, task_id = await desk.item()
    desk.officers["io"] = taker("io", Role.IO)
    desk.officers["auditor"] = taker("auditor", Role.AUDITOR).model_copy(update={"acts": taker("x", Role.SP).acts})
    for who in ("io", "auditor"):
        with pytest.raises(TaskNotForOfficer):
            await desk.claim(who, task_id)
        with pytest.raises(TaskNotForOfficer):
            await desk.pass_on("chief", task_id, 0, who)
    await desk.leave("b")
    with pytest.raises(OwnerAbsent):
        await desk.pass_on("chief", task_id, 0, "b")
    assert (await desk.pass_on("chief", task_id, 0, "c")).owner == "c", "a supervisor gives what no officer has"


async def test_what_another_officer_has_is_not_closed_and_what_is_closed_is_not_claimed(desk: TaskDesk) -> None:
    _, task_id = await desk.item()
    await desk.claim("a", task_id)
    with pytest.raises(TaskOwned):
        await close_task(desk.ctx, task_id, "spoke to them", "officer:b")
    await close_task(desk.ctx, task_id, "spoke to them", "officer:a", version=1)
    with pytest.raises(TaskClosed):
        await desk.claim("b", task_id, 1)
    await desk.rounds.run_once()
    assert await desk.bench.rows("SELECT * FROM task_owner WHERE task_id = $1", task_id) == []


# -- leases ------------------------------------------------------------------------------------------------------------


async def test_a_lease_ends_by_itself_and_an_act_in_the_case_renews_it(desk: TaskDesk) -> None:
    case_no, task_id = await desk.item()
    await desk.claim("a", task_id)
    desk.later(minutes=29)
    await desk.act("a", case_no)
    await desk.rounds.end_leases()
    desk.later(minutes=29)
    await desk.act("b", case_no)
    await desk.rounds.end_leases()
    assert (await desk.seen(task_id)).owner == "a", "the officer did something half an hour ago"
    desk.later(minutes=2)
    assert (await desk.seen(task_id)).owner is None, "it is over also before the engine writes that"
    assert await desk.rounds.end_leases() == 1
    assert (await desk.logged(case_no, task_id))[-1] == (
        "task_released",
        "engine",
        {"owner": None, "former": "a", "because": "lease_ended"},
    )
    assert (await desk.claim("b", task_id, 2)).owner == "b"


async def test_the_owner_renews_a_lease_by_claiming_again(desk: TaskDesk) -> None:
    case_no, task_id = await desk.item()
    first = await desk.claim("a", task_id)
    desk.later(minutes=20)
    again = await desk.claim("a", task_id)
    assert again.version == first.version, "nothing of what another officer saw has changed"
    assert again.lease_ends_at == desk.clock.at + timedelta(minutes=30)
    assert len(await desk.logged(case_no, task_id)) == 1


@pytest.mark.parametrize("why", ["disabled", "on_leave", "role_ended"])
async def test_an_officer_who_leaves_loses_every_item_to_the_list(desk: TaskDesk, why: str) -> None:
    items = [await desk.item() for _ in range(2)]
    for _, task_id in items:
        await desk.claim("a", task_id)
    desk.later(minutes=1)
    match why:
        case "disabled":
            await desk.disable("a")
        case "on_leave":
            await desk.leave("a")
        case _:
            await enrolment.end_role(desk.ctx.pool, "a", Role.DESK, "command:test")
    assert await desk.rounds.end_leases() == len(items)
    for case_no, task_id in items:
        assert (await desk.seen(task_id)).owner is None
        assert (await desk.logged(case_no, task_id))[-1][2]["because"] == why


async def test_an_absent_officer_who_claims_an_item_is_there(desk: TaskDesk) -> None:
    _, task_id = await desk.item()
    await desk.leave("a", days=2)
    desk.later(minutes=1)
    await desk.claim("a", task_id)
    assert await desk.rounds.end_leases() == 0
    assert (await desk.seen(task_id)).owner == "a"


# -- snoozes -----------------------------------------------------------------------------------------------------------


async def test_an_item_sleeps_until_a_time(desk: TaskDesk) -> None:
    _, task_id = await desk.item()
    version = (await desk.claim("a", task_id)).version
    version = (await desk.snooze("a", task_id, version, 60)).version
    asleep = TaskFilter(snoozed=True)
    assert [one.task_id for one in await desk.listed(filter=asleep)] == [task_id]
    assert await desk.listed(filter=TaskFilter(snoozed=False)) == ()
    assert (await desk.seen(task_id)).owner is None, "what sleeps has no owner"
    desk.later(minutes=61)
    assert await desk.listed(filter=asleep) == ()
    assert (await desk.claim("b", task_id, version)).owner == "b"


async def test_an_event_of_the_case_wakes_an_item(desk: TaskDesk) -> None:
    case_no, task_id = await desk.item()
    version = (await desk.claim("a", task_id)).version
    await desk.snooze("a", task_id, version, 600, EventKind.ANSWER_RECEIVED)
    await desk.act("b", case_no)
    asleep = TaskFilter(snoozed=True)
    assert len(await desk.listed(filter=asleep)) == 1, "another event"
    await desk.act("b", case_no, EventKind.ANSWER_RECEIVED)
    assert await desk.listed(filter=asleep) == ()
    desk.later(minutes=29)
    assert await desk.rounds.alarm() == 0, "its time without an owner began when it woke"
    desk.later(minutes=1)
    assert await desk.rounds.alarm() == 1


# -- alarms ------------------------------------------------------------------------------------------------------------


async def test_an_item_without_an_owner_alarms_the_supervisor_once(desk: TaskDesk) -> None:
    case_no, task_id = await desk.item()
    supervise = await desk.of_case(case_no, TaskKind.SUPERVISE, TaskCause.WAITS_FOR_DESK)
    desk.later(minutes=29)
    assert await desk.rounds.alarm() == 0
    desk.later(minutes=1)
    assert [await desk.rounds.alarm() for _ in range(3)] == [1, 0, 0]
    assert await desk.alarms(task_id, supervise) == [task_id], "an item of the supervisor has no alarm"
    assert (await desk.logged(case_no, task_id))[-1] == ("task_unowned", "engine", {})
    (text,) = await notes(desk.ctx.pool, "cause = 'task_unowned' AND case_no = $1", case_no)
    assert text.startswith(f"item {task_id} (correct a reference) has no owner")
    await desk.claim("a", task_id)
    assert await desk.alarms(task_id) == [], "an officer has it"
    desk.later(minutes=31)
    await desk.rounds.run_once()
    assert await desk.alarms(task_id) == [], "its time begins again when the lease has ended"
    desk.later(minutes=30)
    await desk.rounds.run_once()
    assert await desk.alarms(task_id) == [task_id]
    await desk.close_by_engine(task_id)
    await desk.rounds.run_once()
    assert await desk.alarms(task_id) == []


async def test_an_item_about_a_bank_alone_has_owners_and_alarms_too(desk: TaskDesk) -> None:
    async with desk.ctx.pool.acquire() as connection:
        task_id = await tasks_of_bank(connection, desk)
    desk.later(days=2)
    await desk.rounds.run_once()
    assert await desk.alarms(task_id) == [task_id]
    assert (await desk.claim("a", task_id)).version == 1
    assert await desk.alarms(task_id) == []
    desk.later(hours=1)
    await desk.rounds.run_once()
    desk.later(days=2)
    await desk.rounds.run_once()
    assert await desk.alarms(task_id) == [task_id]
    await desk.close_by_engine(task_id)
    await desk.rounds.run_once()
    assert await desk.alarms(task_id) == []


async def test_alarms_about_items_of_one_bank_keep_each_other_and_other_items_of_the_supervisor(
    desk: TaskDesk,
) -> None:
    async with desk.ctx.pool.acquire() as connection:
        found = [await tasks_of_bank(connection, desk)]
        reconcile = await tasks.open_for_institution(
            connection, "HDFC", TaskKind.RECONCILE, TaskCause.LIENS_DIFFER, desk.clock.at
        )
    assert reconcile is not None
    found.append(reconcile)
    desk.later(days=4)
    assert [await desk.rounds.alarm() for _ in range(2)] == [2, 0]
    assert await desk.alarms(*found) == found
    overdue = ("HDFC", TaskKind.SUPERVISE, TaskCause.LIENS_OVERDUE, desk.clock.at)
    async with desk.ctx.pool.acquire() as connection:
        told = await tasks.open_for_institution(connection, *overdue)
        assert told is not None, "the supervisor hears too that the list is overdue"
        assert await tasks.open_for_institution(connection, *overdue) is None
        closed = await tasks.close_for_institution(connection, "HDFC", ASKING, desk.clock.at, "the list is here")
    assert closed == [found[0], told]
    assert await desk.alarms(*found) == found, "a list gives no item an owner"
    await desk.rounds.run_once()
    assert await desk.alarms(*found) == [reconcile], "the item to ask for the list is done"


async def test_an_item_is_alarmed_only_if_the_supervisor_has_an_item(desk: TaskDesk) -> None:
    async with desk.ctx.pool.acquire() as connection:
        task_id = await tasks_of_bank(connection, desk)
    desk.later(days=2)
    await desk.rounds.alarm()
    await desk.bench.rows("UPDATE task_owner SET alarmed_at = NULL WHERE task_id = $1 RETURNING 1", task_id)
    assert await desk.rounds.alarm() == 0, "one is open"
    assert await desk.bench.value("SELECT alarmed_at FROM task_owner WHERE task_id = $1", task_id) is None


@pytest.mark.parametrize("step", ["_alarm", "_end", "_end_alarm"])
async def test_an_item_that_fails_delays_no_other(desk: TaskDesk, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    items = [(await desk.item())[1] for _ in range(2)]
    if step == "_end":
        for task_id in items:
            await desk.claim("a", task_id)
        desk.later(minutes=31)
    else:
        desk.later(minutes=31)
        if step == "_end_alarm":
            await desk.rounds.run_once()
            for task_id in items:
                await desk.close_by_engine(task_id)
    works = getattr(TaskRounds, step)

    async def fails(rounds: TaskRounds, of: Any, *more: Any) -> Any:
        if items[0] in {of, getattr(of, "task_id", None)}:
            raise ValueError("the case of Asha Devi")
        return await works(rounds, of, *more)

    with monkeypatch.context() as patched:
        patched.setattr(TaskRounds, step, fails)
        await desk.rounds.run_once()

    async def left() -> list[int]:
        if step == "_end":
            return [task_id for task_id in items if (await desk.bench.value(OWNER, task_id)) is not None]
        alarms = await desk.alarms(*items)
        return alarms if step == "_end_alarm" else [task_id for task_id in items if task_id not in alarms]

    assert await left() == [items[0]]
    desk.later(seconds=61)
    await desk.rounds.run_once()
    assert await left() == [], "it rests for a minute"


OWNER = "SELECT owner FROM task_owner WHERE task_id = $1"


async def tasks_of_bank(connection: Any, desk: TaskDesk) -> int:
    found = await tasks.open_for_institution(
        connection, "HDFC", TaskKind.ASK_FOR_LIENS, TaskCause.LIENS_TO_ASK_FOR, desk.clock.at
    )
    assert found is not None
    return found


# -- lists by worth ----------------------------------------------------------------------------------------------------


async def worth(desk: TaskDesk, **wanted: Any) -> list[int]:
    return [one.task_id for one in await desk.listed(TaskSort.WORTH, **wanted)]


async def test_what_can_still_be_caught_comes_first_and_a_victim_counts_by_the_policy(desk: TaskDesk) -> None:
    small, large = (await desk.item(1_000))[1], (await desk.item(40_000))[1]
    case_no, child = await desk.item(20_000, TaskKind.PAYER_BANK, child=True)
    woman = (await desk.item(1_000, woman=True))[1]
    assert await desk.rounds.value() == 4
    assert await worth(desk) == [child, large, woman, small]
    new = (await desk.item(10))[1]
    assert await worth(desk) == [new, child, large, woman, small], "what has no value yet is new"
    (reference,) = await desk.bench.value("SELECT array_agg(reference) FROM hop WHERE case_no = $1", case_no)
    await desk.bench.answer("HDFC", case_no, row(1, reference, "20000.00"))
    assert await desk.rounds.value() == 2
    assert await worth(desk) == [large, woman, small, new, child], "nothing of the child's money is in play any more"
    seen = {one.task_id: one.in_play_paise for one in await desk.listed()}
    assert (seen[large], seen[child]) == (40_000_00, 0)
    for task_id in (small, woman):
        await desk.close_by_engine(task_id)
    await desk.rounds.run_once()
    left = await desk.bench.rows("SELECT task_id FROM task_value ORDER BY 1")
    assert [task_id for (task_id,) in left] == sorted((large, child, new))


async def test_filters_and_counts(desk: TaskDesk) -> None:
    agra = (await desk.item(500, district="Agra", senior=True))[1]
    desk.later(hours=1)
    case_no, phone = await desk.item(9_000, TaskKind.PHONE_BANK)
    whole = await desk.of_case(case_no, TaskKind.READ_COMPLAINT, TaskCause.TOLD_OTHERWISE)
    report = await desk.of_case(case_no, TaskKind.DUTY, TaskCause.DOCUMENTS_WAIT)
    await desk.rounds.value()
    await desk.claim("a", phone)
    team = TeamEntry(name="Night", lead=None, districts=("AGRA",), members=("a",), shifts=())
    for wanted, found in (
        ({"district": "agra"}, [agra]),
        ({"persons": (Person.SENIOR, Person.CHILD)}, [agra]),
        ({"older_than_seconds": 3_600}, [agra]),
        ({"sum_from_paise": 9_000_00}, [phone, whole]),
        ({"bank": "HDFC", "kinds": (TaskKind.PHONE_BANK,)}, [phone]),
        ({"owner": "a"}, [phone]),
        ({"owner": "b"}, []),
        ({"owned": False}, [agra, whole, report]),
    ):
        assert await worth(desk, filter=TaskFilter.model_validate(wanted)) == found, wanted
    assert sorted(await worth(desk, team=team)) == sorted((agra, phone)), "what its members have, and its districts"
    counted = await desk.counts()
    assert [(one.kind, one.open, one.owned, one.in_play_paise) for one in counted.kinds] == [
        ("correct_reference", 1, 0, 500_00),
        ("duty", 1, 0, 0),
        ("phone_bank", 1, 1, 9_000_00),
        ("read_complaint", 1, 0, 9_000_00),
    ]
    assert [(one.owner, one.open) for one in counted.owners] == [("a", 1)]
