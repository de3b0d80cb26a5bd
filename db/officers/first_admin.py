"""The first officer of an installation."""

from db.pool import Connection


async def lock_if_empty(connection: Connection) -> bool:
    """Keep everybody else from adding officers until the transaction ends; return whether there is none yet."""
    await connection.execute("LOCK TABLE officer IN SHARE ROW EXCLUSIVE MODE")
    empty: bool = await connection.fetchval("SELECT NOT EXISTS (SELECT FROM officer)")
    return empty
