"""The sealed columns, and the sessions of processes that open them."""

import re

import pytest
from asyncpg import CheckViolationError

from activities.privacy.reseal import SEALED_FOR
from activities.secrets import SEAL
from db.pool import Pool, open_pool
from db.privacy.body_keys import BANK_CREDENTIALS, addresses_without, session_name
from tests.server import through_tcp

ALWAYS = {
    *("answer.sealed_raw", "bank_body.sealed", "bank_evidence.sealed", "bank_exchange.sealed_body", "fir_copy.sealed"),
    *("document.sealed_facts", "document.sealed_pdf", "hearing_waiver.sealed_document"),
    *("reply_form.sealed_form", "reply_form.sealed_body"),
}
"""columns of bodies and documents that each row has, with their key"""
_NEVER_NULL = """
SELECT table_name || '.' || column_name AS name FROM information_schema.columns
WHERE table_schema = 'public' AND is_nullable = 'NO'
"""
_BYTES = """
SELECT table_name || '.' || column_name AS name, coalesce(domain_name, '') AS domain FROM information_schema.columns
WHERE table_schema = 'public' AND data_type = 'bytea'
"""
_CLEAR = re.compile(
    r"\.(\w*(digest|hash|key)|signature|signature_base|mark)$|^try_bucket\.name$|^draft\.caller$|^public_draft\.network$"
)
"""digests, signatures, public keys and ids of keys"""
_PRIMARY_KEY = """
SELECT array_agg(a.attname::text ORDER BY array_position(i.indkey::int2[], a.attnum))
FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = $1::regclass AND i.indisprimary
"""


async def test_every_column_of_bytes_is_of_a_sealed_type_or_clear_by_its_name(database: Pool) -> None:
    """A column under a secret key must stand in `SEALED_FOR`: otherwise it is lost with the previous key."""
    columns = [(row["name"], row["domain"]) for row in await database.fetch(_BYTES)]
    assert {name for name, domain in columns if domain == "sealed_under_secret_key"} == {one.name for one in SEALED_FOR}
    assert [name for name, domain in columns if not domain and not _CLEAR.search(name)] == []
    assert [name for name, domain in columns if domain and _CLEAR.search(name)] == []
    assert set(SEALED_FOR.values()) <= SEAL


@pytest.mark.parametrize(
    "value", [b"", b"Asha Devi, 12 Station Road, Lucknow", b"gh\x01" + bytes(60), b"p\x01" + bytes(27)]
)
async def test_a_clear_value_in_a_sealed_column_is_refused(database: Pool, value: bytes) -> None:
    with pytest.raises(CheckViolationError, match="sealed_value_is_sealed"):
        await database.execute("SELECT $1::bytea::sealed_value", value)
    assert await database.fetchval("SELECT $1::bytea::sealed_value", b"p\x01" + bytes(28))


async def test_no_body_and_no_document_is_written_unless_it_is_sealed(database: Pool) -> None:
    never_null = {row["name"] for row in await database.fetch(_NEVER_NULL)}
    assert never_null >= ALWAYS | {f"{name.partition('.')[0]}.person_id" for name in ALWAYS}


async def test_a_sealed_column_is_found_by_its_primary_key_and_owner(database: Pool) -> None:
    for column in SEALED_FOR:
        assert await database.fetchval(_PRIMARY_KEY, column.table) == list(column.key)
        assert await database.fetchval(
            "SELECT count(*) FROM information_schema.columns WHERE table_name = $1 AND column_name = ANY($2)",
            column.table,
            [column.column, column.owner],
        ) == len({column.column, column.owner})
        assert (
            await database.fetchval(
                "SELECT string_agg(DISTINCT udt_name, ' ') FROM information_schema.columns"
                " WHERE table_name = $1 AND column_name = ANY($2)",
                column.table,
                column.key,
            )
            == column.key_type
        )


async def test_a_process_is_seen_by_the_keys_that_it_knows(database: Pool, database_dsn: str) -> None:
    old, new = b"o" * 8, b"n" * 8
    async with database.acquire() as connection:
        for name, is_a_stranger in [
            (session_name([old]), True),
            (session_name([new, old]), False),
            (session_name([new]), False),
            ("goldenhour verify", False),
            ("psql", False),
        ]:
            async with await open_pool(through_tcp(database_dsn), min_size=1, max_size=1, session_name=name):
                assert await addresses_without(connection, new) == (["127.0.0.1"] if is_a_stranger else []), name
        assert await addresses_without(connection, new) == [], "sessions of commands open nothing for long"


def test_the_name_of_a_session_is_not_cut_off() -> None:
    assert len(session_name([b"o" * 8, b"n" * 8])) < 64
    assert BANK_CREDENTIALS.name == "institution_channel.sealed"
