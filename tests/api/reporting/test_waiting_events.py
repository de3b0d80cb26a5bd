"""Events that wait for one caller: the newest of each thing, in the order of their numbers, and not too often."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from api.reporting.stream_events import Pace, Sent, WaitingEvents
from domain.policy.model import load_policy
from schemas.work_items.officer_streams import StreamEnd


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


def test_an_event_waits_for_the_pace_at_most_a_fortieth_of_a_second_while_few_streams_are_open() -> None:
    rules = load_policy().officer_streams
    pace, now = Pace(rules.sends_at_once, rules.sends_per_second), 100.0
    for _ in range(rules.sends_at_once + 50):
        wait = pace.wait_seconds(now)
        assert wait <= 0.026
        now += wait
        pace.go(now)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=200))
def test_all_streams_together_are_sent_no_more_than_their_shared_pace(turns: list[int]) -> None:
    shared = Pace(10, 10.0)
    paces, now = [Pace(5, 20.0, shared) for _ in range(10)], 100.0
    for turn in turns:
        now += paces[turn].wait_seconds(now)
        paces[turn].go(now)
    # Those that go at once come first, and each of the others takes its tenth of a second.
    assert now - 100.0 >= (len(turns) - 10) / 10.0 - 0.001
