"""The product at work owns nothing: it does its work, and takes back nothing that was written."""

from datetime import timedelta
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from db.grants import NoSuchRole, TemporaryTablesAllowed, owns_tables
from db.migrate import migrate
from db.migration_files import MIGRATIONS
from db.pool import Pool
from db.privacy import jurisdiction
from tests.activities.evidence_case import rich_case, with_secrets
from tests.factories import make_context
from workers.embedded.postgres import APPLICATION, EmbeddedPostgres
from workers.verifying import verify

NEVER_CHANGED: Final = [
    *("allocation", "allocation_share", "answer", "attachment_approval", "bank_body"),
    *(
        "bank_evidence",
        "case_event",
        "discrepancy_resolution",
        "evidence_key",
        "fir_copy",
        "ledger_entry",
        "officer_event",
        "directory_event",
        "policy_version",
    ),
    *("ledger_transaction", "lien_list", "lien_list_page", "document", "reconciliation"),
    *("reconciliation_difference", "reply_form", "returned_funds", "withdrawn_hop"),
    *("automatic_release", "credit_account_link", "hearing_waiver", "holder_key"),
    "sign_in_entry",
]
LATER: Final = """-- A test needs it.
CREATE TABLE kept_later (kept_no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, said text NOT NULL);
CREATE TRIGGER kept_later_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON kept_later
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE SEQUENCE later_serial;
CREATE TABLE worked_later (n bigint PRIMARY KEY DEFAULT nextval('later_serial'));
"""


def changes(table: str, column: str) -> list[str]:
    return [
        f"UPDATE {table} SET {column} = {column}",
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"ALTER TABLE {table} DROP COLUMN {column}",
        f"ALTER TABLE {table} OWNER TO CURRENT_USER",
        f"DROP TABLE {table} CASCADE",
        f"GRANT UPDATE ON {table} TO CURRENT_USER",
        f"CREATE TRIGGER mine BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    ]


async def refused(pool: Pool, statement: str) -> bool:
    """Whether the right to it is lacking, before any trigger is asked."""
    try:
        await pool.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return True
    # A grant by a role without the right to grant has no effect but a warning.
    return statement.startswith("GRANT ")


async def test_what_is_never_changed_is_out_of_reach(database: Pool, application: Pool) -> None:
    listed = await database.fetch(
        "SELECT c.relname, (SELECT min(attname) FROM pg_attribute a WHERE a.attrelid = c.oid AND attnum > 0"
        " AND attidentity = '') AS first,"
        " array(SELECT tgname::text FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT tgisinternal) AS triggers"
        " FROM pg_class c WHERE c.relname = ANY($1::text[]) AND c.relkind = 'r'",
        NEVER_CHANGED,
    )
    assert len(listed) == len(NEVER_CHANGED)
    for name, first, triggers in listed:
        statements = changes(name, first) + [f"DROP TRIGGER {trigger} ON {name}" for trigger in triggers]
        assert [one for one in statements if not await refused(application, one)] == []
    changed = await database.fetch(
        "SELECT relname FROM pg_class WHERE relname = ANY($1::text[]) AND relkind = 'r' AND"
        " has_table_privilege($2, oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER, REFERENCES')",
        NEVER_CHANGED,
        APPLICATION,
    )
    assert changed == []


async def test_h2_the_account_in_an_order_is_out_of_reach_and_the_rest_of_the_line_is_not(application: Pool) -> None:
    for column in ("beneficiary_holder", "beneficiary_institution", "beneficiary_ifsc"):
        assert await refused(application, f"UPDATE bank_order_line SET {column} = ''")
    assert not await refused(application, "UPDATE bank_order_line SET confirmed_paise = confirmed_paise")


async def test_nor_can_what_guards_it_be_taken_away(application: Pool, subtests: pytest.Subtests) -> None:
    for statement in (
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "DROP FUNCTION refuse_change() CASCADE",
        "CREATE TABLE mine (n integer)",
        "CREATE TEMPORARY TABLE clock_setting (movable boolean)",
        "CREATE TEMPORARY TABLE case_file AS SELECT * FROM public.case_file",
        "SET ROLE goldenhour",
        "SET session_replication_role = 'replica'",
        "ALTER TABLE ledger_balance DROP CONSTRAINT ledger_balance_sign",
        "TRUNCATE case_file CASCADE",
        "DELETE FROM bank_key",
        "TRUNCATE reply_link CASCADE",
        "UPDATE schema_migration SET sha256 = ''",
        "DELETE FROM schema_migration",
        "INSERT INTO schema_migration (name, sha256) VALUES ('9999_mine.sql', '')",
        "INSERT INTO clock_setting (movable) VALUES (true)",
    ):
        with subtests.test(statement=statement):
            assert await refused(application, statement)


async def test_a_whole_case_is_restored_by_the_application_role(application: Pool, postgres: EmbeddedPostgres) -> None:
    ctx = await make_context(application)
    home, case_no = await rich_case(ctx)
    await with_secrets(home, case_no)
    assert await application.fetchval("SELECT count(*) FROM ledger_entry WHERE case_no = $1", case_no) > 0
    database = await application.fetchval("SELECT current_database()")
    seen = [await verify(postgres.dsn_for(database, role), case_no) for role in (APPLICATION, "goldenhour")]
    assert [verdict.clean for verdict in seen] == [True, True]
    assert [verdict.owns_tables for verdict in seen] == [False, True]


async def test_every_table_can_be_read_and_what_later_migrations_make_too(
    database_dsn: str, application: Pool, tmp_path: Path
) -> None:
    unread = await application.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"
        " AND NOT has_table_privilege(oid, 'SELECT')"
    )
    assert unread == []
    for file in MIGRATIONS.glob("*.sql"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "9001_pre_later.sql").write_text(LATER)
    await migrate(database_dsn, tmp_path)
    await application.execute("INSERT INTO worked_later DEFAULT VALUES; UPDATE worked_later SET n = 7")
    await application.execute("INSERT INTO kept_later (said) VALUES ('once')")
    for _ in range(2):
        await migrate(database_dsn, tmp_path, application=APPLICATION)
    await application.execute("INSERT INTO kept_later (said) VALUES ('twice'); DELETE FROM worked_later")
    for statement in changes("kept_later", "said"):
        assert await refused(application, statement), statement


async def test_a_role_that_could_hide_tables_is_refused(
    postgres: EmbeddedPostgres, database_dsn: str, database: Pool
) -> None:
    name = await database.fetchval("SELECT current_database()")
    admin = await asyncpg.connect(postgres.admin_dsn)
    try:
        await admin.execute(
            f"CREATE ROLE hides; GRANT TEMPORARY ON DATABASE {name} TO hides; GRANT hides TO {APPLICATION}"
        )
        with pytest.raises(TemporaryTablesAllowed, match=APPLICATION):
            await migrate(database_dsn, application=APPLICATION)
        await admin.execute(f"REVOKE hides FROM {APPLICATION}")
        assert await migrate(database_dsn, application=APPLICATION) == ([], [])
    finally:
        await admin.execute(f"REVOKE ALL ON DATABASE {name} FROM hides; DROP ROLE hides")
        await admin.close()


async def test_what_everybody_may_at_first_is_revoked(
    postgres: EmbeddedPostgres, database_dsn: str, database: Pool
) -> None:
    name = await database.fetchval("SELECT current_database()")
    admin = await asyncpg.connect(postgres.admin_dsn)
    allowed = f"SELECT has_database_privilege('{APPLICATION}', '{name}', 'TEMPORARY')"
    await admin.execute(f"GRANT TEMPORARY ON DATABASE {name} TO PUBLIC")
    assert await admin.fetchval(allowed)
    await migrate(database_dsn, application=APPLICATION)
    assert not await admin.fetchval(allowed)
    await admin.close()


async def test_a_role_that_is_not_there_is_named(database_dsn: str, database: Pool) -> None:
    with pytest.raises(NoSuchRole, match="nobody"):
        await migrate(database_dsn, application="nobody")
    async with database.acquire() as connection:
        assert await owns_tables(connection)
    assert await migrate(database_dsn, application="goldenhour") == ([], []), "one role for both, as it was"


async def test_the_application_deletes_old_reads(application: Pool) -> None:
    async with application.acquire() as connection:
        await jurisdiction.forget(connection, timedelta(days=365))
