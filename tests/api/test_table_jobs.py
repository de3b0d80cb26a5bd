"""Places of the tables that one process writes at once."""

import asyncio

from api.caches import TABLES_AT_ONCE, TableJobs


async def test_an_officer_who_asks_for_many_tables_keeps_no_other_waiting() -> None:
    jobs, begun = TableJobs(), list[str]()
    ends = asyncio.Event()

    async def write(caller: str) -> None:
        async with jobs.place(caller):
            begun.append(caller)
            await ends.wait()

    assert TABLES_AT_ONCE > 1
    async with asyncio.TaskGroup() as tasks:
        for caller in ("officer:ravi",) * 5 + ("officer:mina",):
            tasks.create_task(write(caller))
        for _ in range(10):
            await asyncio.sleep(0)
        assert begun == ["officer:ravi", "officer:mina"]
        ends.set()
    assert begun.count("officer:ravi") == 5
