"""Migration 0008 finds out of the case log which complaint the money of every hop came from."""

import itertools
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from db.migrate import migrate
from db.migration_files import MIGRATIONS
from workers.embedded.postgres import EmbeddedPostgres

FIRST, SECOND = "32411260000001", "32411260000002"
_numbers = itertools.count(1)

# The second complaint joined the case with hop 2; hop 3 stands below hop 2, hop 4 below hop 3, hop 5 below hop 1.
_BEFORE = f"""
INSERT INTO case_file (case_no, state, opened_at, policy) VALUES ('{FIRST}', 'open', now(), '{{}}');
INSERT INTO victim (name, mobile, district, woman, child, senior)
    SELECT 'V', '9000000001', 'AGRA', false, false, false FROM generate_series(1, 2);
INSERT INTO complaint (ack_no, case_no, channel, category, victim_id, received_at, taken_by, idempotency_key,
                       body_digest, joined, flags)
    SELECT n, '{FIRST}', 'portal', 'x', row_number() OVER (), now(), 'officer:1', n, '', false, '[]'
    FROM unnest(ARRAY['{FIRST}', '{SECOND}']) AS n;
INSERT INTO hop (case_no, hop_no, parent_hop_no, layer, source, state, payer_institution_as_told, payer_holder,
                 payee_institution_as_told, payee_holder, account_key, reference, reference_key, mode, amount_paise,
                 disputed_paise, transferred_at, opened_at)
    SELECT '{FIRST}', n, p, 1, 'complaint', 'open', 'A', '1', 'B', '2', '2', 'R', 'R', 'upi', 1, 1, now(), now()
    FROM unnest(ARRAY[1, 2, 3, 4, 5], ARRAY[NULL, NULL, 2, 3, 1]) AS t (n, p);
INSERT INTO case_event (case_no, kind, at, actor, data) VALUES
    ('{FIRST}', 'case_opened', now(), 'officer:1', '{{"ack_no": "{FIRST}", "hops": [{{"hop_no": 1}}]}}'),
    ('{FIRST}', 'complaint_joined', now(), 'officer:1', '{{"ack_no": "{SECOND}", "hops": [{{"hop_no": 2}}]}}');
"""


@pytest.fixture
async def dsn(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    name = f"whose_money_{next(_numbers)}"
    yield await postgres.create_database(name)
    await postgres.drop_database(name)


async def test_every_hop_of_before_is_given_the_complaint_of_its_root(dsn: str, tmp_path: Path) -> None:
    files = sorted(MIGRATIONS.glob("*.sql"))
    for file in files:
        if file.name < "0008":
            shutil.copy(file, tmp_path)
    await migrate(dsn, tmp_path)
    connection = await asyncpg.connect(dsn)
    await connection.execute(_BEFORE)
    shutil.copy(next(file for file in files if file.name.startswith("0008")), tmp_path)
    await migrate(dsn, tmp_path)
    found = await connection.fetch("SELECT hop_no, ack_no FROM hop ORDER BY hop_no")
    await connection.close()
    assert [tuple(row) for row in found] == [(1, FIRST), (2, SECOND), (3, SECOND), (4, SECOND), (5, FIRST)]
