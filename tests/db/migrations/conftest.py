"""An empty database, and small migrations of our own."""

import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.migration_files import BASELINE
from workers.embedded.postgres import EmbeddedPostgres

_numbers = itertools.count(1)


@pytest.fixture
async def empty_dsn(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database with nothing in it."""
    name = f"migrate_{next(_numbers)}"
    yield await postgres.create_database(name)
    await postgres.drop_database(name)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a baseline and one later migration."""
    (tmp_path / BASELINE).write_text("CREATE TABLE one (n integer);\nINSERT INTO one VALUES (1);")
    (tmp_path / "0002_pre_two.sql").write_text("-- Counts again.\nALTER TABLE one ADD COLUMN m integer;")
    (tmp_path / "notes.sql").write_text("this is no migration")
    return tmp_path
