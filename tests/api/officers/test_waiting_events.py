"""Events that wait for one caller: the newest of each thing, in the order of their numbers, and not too often."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from api.officers.waiting_events import Pace, Sent, WaitingEvents
from schemas.reporting.officer_streams import StreamEnd


def sent(number: int) -> Sent:
    return Sent(number, "task", str(number).encode())


async def taken(waiting: WaitingEvents) -> list[int | None]:
    return [one.number for one in await waiting.take(0)]


@given(st.lists(st.integers(0, 5), max_size=30))
def test_the_newest_of_each_thing_waits_and_the_last_number_covers_all_before(about: list[int]) -> None:
    async def played() -> list[int | None]:
        waiting = WaitingEvents(10, Pace(10, 5))
        for number, thing in enumerate(about, start=1):
            waiting.offer(str(thing), sent(number))
        return await taken(waiting)

    newest = {thing: number for number, thing in enumerate(about, start=1)}
    assert asyncio.run(played()) == sorted(newest.values())


async def test_a_caller_for_whom_too_much_waits_gets_nothing_more() -> None:
    waiting = WaitingEvents(2, Pace(10, 5))
    for number in (1, 2, 3, 4):
        waiting.offer(str(number), sent(number))
    assert (waiting.ended_as, await taken(waiting)) == (StreamEnd.SLOW, [])
    waiting.end(StreamEnd.STOPPING)
    assert waiting.ended_as is StreamEnd.SLOW, "the first cause stays"


def test_some_go_at_once_and_the_others_in_their_time() -> None:
    pace = Pace(2, 4.0)
    waits = []
    for _ in range(4):
        waits.append(pace.wait_seconds(100.0))
        pace.go(100.0)
    assert waits == [0.0, 0.0, 0.25, 0.5]
    assert pace.wait_seconds(200.0) == 0.0
