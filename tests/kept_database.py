"""A database that one test after the other uses: what a test wrote is deleted after it, and the pool stays open.

To create and drop a database, and to plan every statement again on new connections, takes most of a short test's
processor time. A database is replaced if a test changed its schema, closed its pool, or left other connections to it.
"""

import asyncio
import itertools
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import asyncpg
import pytest

from db.pool import Pool, open_pool
from workers.embedded.postgres import ADMIN, EmbeddedPostgres

POOL_CONNECTIONS_MAX: Final = 10
TABLES: Final = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
SEQUENCES: Final = (
    "SELECT format('PERFORM setval(%L, %s, %L)', quote_ident(sequencename), coalesce(last_value, start_value),"
    " last_value IS NOT NULL) FROM pg_sequences WHERE schemaname = 'public'"
)
WRITTEN_COLUMNS: Final = (
    "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute"
    " WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
)
MARK: Final = "SELECT concat(count(*), ' ', max(xmin::text::bigint)) FROM {name}"
"""differs once rows of a table were written, changed or deleted: every row has the transaction that wrote it"""
NOTES_CHANGES: Final = """
CREATE SEQUENCE kept_database.changes;
GRANT USAGE ON SCHEMA kept_database TO PUBLIC;
GRANT USAGE ON SEQUENCE kept_database.changes TO PUBLIC;
CREATE FUNCTION kept_database.note_change() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
    IF current_setting('kept_database.is_undone', true) IS DISTINCT FROM 'yes' THEN
        PERFORM nextval('kept_database.changes');
    END IF;
END $$;
CREATE EVENT TRIGGER note_change ON ddl_command_end EXECUTE FUNCTION kept_database.note_change();
"""
IS_UNDONE: Final = "SET LOCAL kept_database.is_undone = 'yes'"
"""said in a transaction that changes the schema, by those who change it back themselves"""
STATE: Final = """
SELECT (SELECT is_called FROM kept_database.changes), (SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND client_port IS NOT NULL)
"""
"""whether the schema was changed, and how many connections the database has"""
LOOKS: Final = 10
LOOK_SECONDS: Final = 0.02
"""a closed connection is gone on the server a moment later"""
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Kept:
    """One migrated database, a pool on it, and the superuser's connection that puts it back."""

    dsn: str
    pool: Pool
    admin: asyncpg.Connection

    async def put_back(self) -> bool:
        """Delete what a test wrote; return whether the database is as before."""
        if self.pool.is_closing() or not await _at_rest(self.pool) or not await self._is_whole_and_alone():
            return False
        await self.admin.execute("SELECT kept_database.put_back()")
        return True

    async def _is_whole_and_alone(self) -> bool:
        """Return whether the schema is as before, and nothing but the pool and the superuser is connected."""
        for _ in range(LOOKS):
            ((is_changed, connections),) = await self.admin.fetch(STATE)
            if is_changed:
                return False
            if connections <= self.pool.get_size() + 1:
                return True
            await asyncio.sleep(LOOK_SECONDS)
        return False


class KeptDatabase:
    """A migrated database for one test after the other."""

    def __init__(self, postgres: EmbeddedPostgres, template: str) -> None:
        self._postgres = postgres
        self._template = template
        self._prepared = ""
        self._name = ""
        self._kept: Kept | None = None

    async def take(self) -> Kept:
        """Return the database, which is as migrations leave it."""
        if self._kept is None:
            if not self._prepared:
                self._prepared = await self._prepare()
            self._name = f"kept_{next(_numbers)}"
            dsn = await self._postgres.create_database(self._name, self._prepared)
            admin = await self._connect(self._name)
            self._kept = Kept(dsn, await open_pool(dsn, min_size=1, max_size=POOL_CONNECTIONS_MAX), admin)
        return self._kept

    async def give_back(self) -> None:
        """Delete what the test wrote, or the whole database if that is not enough."""
        if self._kept is not None and not await self._kept.put_back():
            await self.end()

    async def end(self) -> None:
        """Drop the database."""
        if self._kept is not None:
            self._kept.pool.terminate()
            await self._kept.admin.close()
            self._kept = None
            await self._postgres.drop_database(self._name)

    async def _prepare(self) -> str:
        """Make the database that is copied for each one to come; return its name."""
        name = f"to_keep_{self._template}"
        await self._postgres.create_database(name, self._template)
        admin = await self._connect(name)
        await _add_put_back(admin)
        await admin.close()
        return name

    async def _connect(self, name: str) -> asyncpg.Connection:
        """Connect as a superuser who is asked neither by triggers nor by references."""
        return await asyncpg.connect(
            self._postgres.dsn_for(name, ADMIN), server_settings={"session_replication_role": "replica"}
        )


async def _add_put_back(admin: asyncpg.Connection) -> None:
    """Write the function that puts everything back, and what it needs."""
    tables = [name for (name,) in await admin.fetch(TABLES)]
    filled = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables)
    with_rows = [name for (name,) in await admin.fetch(filled)]
    steps = [f"DELETE FROM {name}" for name in tables if name not in with_rows]
    await admin.execute(
        "CREATE SCHEMA kept_database; CREATE TABLE kept_database.mark (name text PRIMARY KEY, mark text)"
    )
    for number, name in enumerate(with_rows):
        columns = await admin.fetchval(WRITTEN_COLUMNS, name)
        await admin.execute(f"CREATE TABLE kept_database.rows_{number} AS SELECT {columns} FROM {name}")
        mark = MARK.format(name=name)
        await admin.execute(f"INSERT INTO kept_database.mark SELECT '{name}', ({mark})")
        # Most tests leave these rows alone. To write them again each time would make the table longer each time.
        steps.append(
            f"IF ({mark}) IS DISTINCT FROM (SELECT mark FROM kept_database.mark WHERE name = '{name}') THEN"
            f" DELETE FROM {name};"
            f" INSERT INTO {name} ({columns}) OVERRIDING SYSTEM VALUE SELECT * FROM kept_database.rows_{number};"
            f" UPDATE kept_database.mark SET mark = ({mark}) WHERE name = '{name}'; END IF"
        )
    steps += [step for (step,) in await admin.fetch(SEQUENCES)]
    body = "; ".join(steps)
    await admin.execute(
        f"CREATE FUNCTION kept_database.put_back() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {body}; END $$"
    )
    await admin.execute(NOTES_CHANGES)


async def _at_rest(pool: Pool) -> bool:
    """Return whether the test gave every connection back; clear the settings and locks of their sessions."""
    if pool.get_idle_size() != pool.get_size():
        return False
    idle = [await pool.acquire() for _ in range(pool.get_idle_size())]
    for connection in idle:
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await connection.execute(connection.get_reset_query())
        await pool.release(connection)
    return True


@pytest.fixture
def database_dsn(kept: Kept) -> str:
    """URL of a migrated database that has no rows of another test. A room imports it in the place of a fresh one."""
    return kept.dsn


@pytest.fixture
def database(kept: Kept) -> Pool:
    """Connections to a migrated database that has no rows of another test. A room imports it as well."""
    return kept.pool
