"""Orders at the officers' door: the list, one with all that became of it, and what a person does about it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from db import tasks
from db.banks import bank_exchanges
from db.recovery import bank_orders
from schemas.banks.keys import About
from schemas.enums import ChannelKind, DeliveryOutcome, Role, TaskKind
from schemas.procedures import OrderEscalationLevel
from schemas.tasks import NewTask, TaskCause, TaskSubject, about
from tests.api.feed import kind
from tests.api.ordered import DONE_AT, HELD_PAISE, Ordering, done, ordering

__all__ = ["ordering"]

ORDERS = "/api/v1/orders"
WHY = {"reason": "told by telephone"}


async def test_the_list_has_what_is_due_first_and_says_what_is_overdue(ordering: Ordering) -> None:
    orders = [await ordering.plan(await ordering.case(f"5{n:011}", f"3000000000{n}")) for n in range(1, 4)]
    await ordering.doors.services.ctx.pool.execute(
        "UPDATE bank_order SET due_at = $2 WHERE order_id = $1", orders[2], datetime.now(UTC) - timedelta(days=1)
    )
    page = await ordering.doors.read(ORDERS, limit=2)
    assert [item["order_id"] for item in page["orders"]] == [str(orders[2]), str(orders[0])]
    assert [item["overdue"] for item in page["orders"]] == [True, False]
    rest = await ordering.doors.read(ORDERS, limit=2, after=page["next"])
    assert ([item["order_id"] for item in rest["orders"]], rest["next"]) == ([str(orders[1])], None)
    await ordering.say(orders[2], "confirm", done())

    async def found(**query: Any) -> list[str]:
        return [item["order_id"] for item in (await ordering.doors.read(ORDERS, **query))["orders"]]

    assert await found(overdue=True) == [], "what is over is not overdue"
    assert await found(state="confirmed") == [str(orders[2])]
    assert await found(institution="HDFC") == []
    case_no = await ordering.value("SELECT case_no FROM bank_order WHERE order_id = $1", orders[0])
    assert await found(ack_no=case_no) == [str(orders[0])]
    refused = await ordering.doors.client.get(
        ORDERS, params={"after": "nonsense"}, headers=ordering.doors.officer(Role.DESK)
    )
    assert kind(refused, 422) == "invalid-request"


async def test_one_order_says_all_that_became_of_it(ordering: Ordering) -> None:
    order_id = await ordering.restore()
    async with ordering.doors.services.ctx.pool.acquire() as connection:
        now = datetime.now(UTC)
        await bank_exchanges.note(connection, About.ORDER, order_id, ChannelKind.PUSH, DeliveryOutcome.DELIVERED, now)
        await bank_orders.escalate(connection, order_id, OrderEscalationLevel.REMINDER, now)
    await ordering.say(order_id, "confirm", done(1_000_00))
    told = await ordering.doors.read(f"{ORDERS}/{order_id}", Role.AUDITOR)
    assert (told["state"], told["ordered_paise"], told["confirmed_paise"]) == ("delivered", HELD_PAISE, 1_000_00)
    assert [(one["channel"], one["outcome"]) for one in told["delivery_attempts"]] == [("push", "delivered")]
    (word,) = told["confirmations"]
    assert (word["applied_paise"], word["flags"], word["source"]) == (1_000_00, ["partial"], "bank:SBIN")
    assert [level["level"] for level in told["ladder"]] == [level.value for level in OrderEscalationLevel]
    assert [level["escalated_at"] is not None for level in told["ladder"]] == [True, False, False, False]
    assert told["lines"][0]["beneficiary"]["holder"] == "50100000000001"
    gone = await ordering.doors.client.get(f"{ORDERS}/{uuid4()}", headers=ordering.doors.officer(Role.SP))
    assert kind(gone, 404) == "not-found"


async def test_what_a_bank_said_by_telephone_counts_as_its_statement_and_says_who_wrote_it_down(
    ordering: Ordering,
) -> None:
    order_id = await ordering.restore()
    told = {**done(), "note": "S. Rao of the branch, by telephone at 14:10"}
    for role, name in [(Role.DESK, "officer1"), (Role.SUPERVISOR, "officer1"), (Role.DESK, "officer2")]:
        alone = await ordering.doors.client.post(
            f"{ORDERS}/{order_id}/confirm", json=told, headers=ordering.doors.officer(role, name)
        )
        assert (alone.json()["state"], alone.json()["waits_for_second"]) == ("delivered", True), (role, name)
    assert await ordering.buckets() == {"held": HELD_PAISE}
    assert await ordering.value("SELECT count(*) FROM desk_task WHERE kind = 'supervise' AND state = 'open'") == 1
    (proposal,) = (await ordering.doors.read(f"{ORDERS}/{order_id}"))["proposals"]
    assert (proposal["proposed_by"], proposal["agreed_by"]) == ("officer:officer1", None)
    taken = await ordering.doors.client.post(
        f"{ORDERS}/{order_id}/confirm", json=told, headers=ordering.doors.officer(Role.SUPERVISOR, "officer3")
    )
    assert (taken.json()["state"], taken.json()["waits_for_second"]) == ("confirmed", False)
    assert await ordering.buckets() == {"restored": HELD_PAISE}
    (word,) = (await ordering.doors.read(f"{ORDERS}/{order_id}"))["confirmations"]
    assert (word["source"], word["note"]) == ("officer:officer3", told["note"])
    assert await ordering.value("SELECT proposed_by FROM bank_confirmation") == "officer:officer1"
    assert await ordering.value("SELECT count(*) FROM desk_task WHERE kind = 'supervise' AND state = 'open'") == 0
    again = await ordering.say(order_id, "confirm", done())
    assert again.json()["duplicates"] == 1, "the bank's own statement comes later, and is the same credit"
    assert kind(await ordering.doors.post(f"{ORDERS}/{order_id}/confirm", done()), 422) == "invalid-request"
    wrong = {"lines": [{"line_no": 9, "amount_paise": 1, "done_at": DONE_AT}], "note": "by phone"}
    refused = await ordering.doors.post(f"{ORDERS}/{order_id}/confirm", wrong)
    assert refused.json()["violations"][0]["field"] == "lines[0].line_no"


async def test_sent_again_it_is_to_be_carried_once_more_and_its_task_is_done(ordering: Ordering) -> None:
    order_id = await ordering.restore()
    case_no = await ordering.value("SELECT case_no FROM bank_order")
    async with ordering.doors.services.ctx.pool.acquire() as connection:
        subject = about(TaskSubject.ORDER, order_id)
        task = NewTask(kind=TaskKind.ORDER_SILENT, cause=TaskCause.ORDER_NOT_DONE, subject=subject)
        await tasks.open_tasks(connection, case_no, [task], datetime.now(UTC), institution="SBIN")
    sent = await ordering.doors.post(f"{ORDERS}/{order_id}/send-again", WHY)
    assert sent.json() == {"order_id": str(order_id), "state": "planned"}
    assert await ordering.value("SELECT state FROM desk_task WHERE kind = 'order_silent'") == "closed"
    assert await _told(ordering, order_id)
    assert (await ordering.events())[-1] == "order_sent_again"
    await ordering.say(order_id, "confirm", done())
    assert kind(await ordering.doors.post(f"{ORDERS}/{order_id}/send-again", WHY), 409) == "not-now"


async def test_a_cancelled_order_asks_nothing_more_and_says_why(ordering: Ordering) -> None:
    order_id = await ordering.restore()
    cancelled = await ordering.doors.post(f"{ORDERS}/{order_id}/cancel", WHY, Role.SP)
    assert cancelled.json() == {"order_id": str(order_id), "state": "cancelled"}
    told = await ordering.doors.read(f"{ORDERS}/{order_id}")
    assert (told["state"], told["ended_reason"]) == ("cancelled", WHY["reason"])
    assert kind(await ordering.doors.post(f"{ORDERS}/{order_id}/cancel", WHY, Role.SP), 409) == "not-now"
    assert kind(await ordering.say(order_id, "acknowledge", {}), 409) == "order-over"


async def test_the_bank_says_at_its_door_that_it_does_an_order_no_more(ordering: Ordering) -> None:
    order_id = await ordering.restore()
    assert kind(await ordering.say(order_id, "acknowledge-cancellation", {}), 409) == "not-cancelled"
    await ordering.doors.post(f"{ORDERS}/{order_id}/cancel", WHY, Role.SP)
    first = await ordering.say(order_id, "acknowledge-cancellation", {})
    again = await ordering.say(order_id, "acknowledge-cancellation", {})
    assert (first.status_code, first.json()) == (200, again.json())
    told = (await ordering.doors.read(f"{ORDERS}/{order_id}"))["cancellation"]
    assert told["settled_by"] == "bank:SBIN"


async def test_an_officer_attests_that_the_bank_was_told(ordering: Ordering) -> None:
    order_id = await ordering.restore()
    await ordering.doors.post(f"{ORDERS}/{order_id}/cancel", WHY, Role.SP)
    path, told = f"{ORDERS}/{order_id}/cancellation-told", {"note": "S. Rao of the branch, by telephone at 14:10"}
    assert kind(await ordering.doors.post(path, {}, Role.SP), 422) == "invalid-request"
    first = await ordering.doors.post(path, told, Role.SP)
    assert (first.status_code, first.json()["waits_for_second"]) == (200, True)
    assert kind(await ordering.doors.post(path, told, Role.SP), 403) == "four-eyes"
    headers = ordering.doors.officer(Role.SUPERVISOR, "officer2")
    second = await ordering.doors.client.post(path, json=told, headers=headers)
    assert (second.status_code, second.json()["waits_for_second"]) == (200, False)
    seen = (await ordering.doors.read(f"{ORDERS}/{order_id}"))["cancellation"]
    assert (seen["settled_by"], seen["note"]) == ("officer:officer2", told["note"])


@pytest.mark.parametrize("verb", ["send-again", "cancel"])
async def test_a_reason_is_needed(ordering: Ordering, verb: str) -> None:
    order_id = await ordering.restore()
    for body in ({}, {"reason": " "}):
        response = await ordering.doors.post(f"{ORDERS}/{order_id}/{verb}", body, Role.SUPERVISOR)
        assert kind(response, 422) == "invalid-request"


async def _told(ordering: Ordering, order_id: UUID) -> int:
    found: int = await ordering.value(
        "SELECT count(*) FROM procedure_news WHERE workflow_id = 'order-' || $1::text", str(order_id)
    )
    return found
