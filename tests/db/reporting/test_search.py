"""What a search looks at is found by indexes, in the form by which Python compares it."""

from itertools import chain

from db.pool import Pool
from db.privacy.jurisdiction import confined
from db.privacy.person_keys import find_statement
from db.reporting.officer_load import PAGE, PARTS, PARTS_AT_BANK, account_of, reference_of
from schemas.identifiers import account_key, reference_key
from schemas.privacy.personal_data import SearchKind, Within
from tests.each import each

SPELLINGS = ("4123 4567-8901", "sbin/r5|2026", "000-30000000017", "Mule.17@okSBI", "A-1/ b", "0001")


@each("part", [*chain.from_iterable(PARTS.values()), *PARTS_AT_BANK])
async def test_a_part_of_a_search_reads_an_index_and_no_whole_table(database: Pool, part: str) -> None:
    async with database.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        is_at_bank = part in PARTS_AT_BANK
        await connection.execute(f"PREPARE sought (text{', text' * is_at_bank}) AS {part}")
        values = "'30000000001'" + ", 'SBIN'" * is_at_bank
        lines = [line for (line,) in await connection.fetch(f"EXPLAIN EXECUTE sought ({values})")]
        await connection.execute("DEALLOCATE sought")
    assert not [line for line in lines if "Seq Scan" in line], lines
    assert [line for line in lines if "Index Cond" in line and "$1" in line], lines


async def test_the_complaints_of_a_victim_are_found_by_indexes(database: Pool) -> None:
    within = Within(officer_id="one", districts=("LUCKNOW",))
    statement, values = find_statement([[b"a" * 16], [b"b" * 16]], 10, within)
    async with database.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        lines = [line for (line,) in await connection.fetch(f"EXPLAIN {statement}", *values)]
    for index in ("victim_terms", "complaint_victim"):
        assert any(index in line for line in lines), lines


async def test_a_page_of_a_search_reads_its_own_cases_alone(database: Pool) -> None:
    within = Within(officer_id="one", districts=("LUCKNOW",))
    statement, _ = confined(PAGE, range(7), "c.case_no", within)
    types = "text[], text[], text[], text[], timestamptz, text, bigint, text, text[]"
    values = "'{account}', '{1}', '{\"\"}', '{mobile}', NULL, NULL, 51, 'one', '{LUCKNOW}'"
    async with database.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await connection.execute("SET LOCAL enable_seqscan = off")
        await connection.execute(f"PREPARE found ({types}) AS {statement}")
        lines = [line.strip() for (line,) in await connection.fetch(f"EXPLAIN EXECUTE found ({values})")]
    place = next(number for number, line in enumerate(lines) if " on case_file one" in line)
    assert "Index Cond: (case_no = m.case_no)" in lines[place + 1], lines


def test_every_kind_but_those_of_persons_is_looked_for() -> None:
    assert set(PARTS) == set(SearchKind) - {SearchKind.MOBILE, SearchKind.EMAIL, SearchKind.NAME}


async def test_the_keys_of_the_database_are_those_of_python(database: Pool) -> None:
    for text in SPELLINGS:
        row = await database.fetchrow(
            f"SELECT {reference_of('t')}, {account_of('t')} FROM (SELECT $1::text AS t) x", text
        )
        assert tuple(row or ()) == (reference_key(text), account_key(text)), text
