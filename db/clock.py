"""The present moment: the database's clock, which all processes share."""

from datetime import datetime

from db.pool import Connection


async def present_moment(connection: Connection) -> datetime:
    """Return the database's present moment in UTC. A transaction that writes reads it once, after its lock.

    A transaction on a case reads it with the lock (`db.case.cases.lock`). Waits, caches, leases and the checks of
    signatures go by the clock of the process (`Context.now`).
    """
    moment: datetime = await connection.fetchval("SELECT present_moment()")
    return moment


async def make_movable(connection: Connection) -> None:
    """Let every session of this database set its own present moment. Only the tables' owner may; tests do."""
    await connection.execute("INSERT INTO clock_setting (movable) VALUES (true)")
