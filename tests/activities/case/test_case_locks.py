"""Transactions of one process on one case wait for each other in order, and others do not wait."""

import asyncio

from activities.case.case_locks import CaseLocks


async def test_one_at_a_time_in_order_of_arrival_and_nothing_is_left() -> None:
    locks = CaseLocks()
    order: list[str] = []
    gate = asyncio.Event()

    async def work(case_no: str, name: str) -> None:
        async with locks.held(case_no):
            order.append(name)
            await gate.wait()

    tasks = [asyncio.create_task(work("1", name)) for name in "abc"] + [asyncio.create_task(work("2", "other"))]
    await asyncio.sleep(0)
    assert order == ["a", "other"], "another case does not wait"
    gate.set()
    await asyncio.gather(*tasks)
    assert order == ["a", "other", "b", "c"]
    assert not locks._locks


async def test_who_gives_up_waiting_leaves_the_lock_to_the_others() -> None:
    locks = CaseLocks()

    async def work() -> None:
        async with locks.held("1"):
            pass

    async with locks.held("1"):
        first, second = asyncio.create_task(work()), asyncio.create_task(work())
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    await second
    assert not locks._locks
