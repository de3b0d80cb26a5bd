"""What a migration file may be called, and what it may say."""

from pathlib import Path

import pytest

from db.migration_files import (
    BASELINE,
    MIGRATIONS,
    OUTSIDE,
    MigrationFileRefused,
    Phase,
    check_text,
    index_made,
    phase_of,
    read_files,
    split_statements,
)
from tests.each import each

WHY = "-- The desk searches by district.\n"


def refusal(text: str) -> str:
    """Return why a text is refused, or nothing."""
    try:
        check_text("0002_pre_x.sql", text)
    except MigrationFileRefused as error:
        return str(error)
    return ""


def test_every_file_of_the_product_is_accepted() -> None:
    names = [file.name for file in read_files()]
    assert names == sorted(file.name for file in MIGRATIONS.iterdir() if file.suffix == ".sql")


def test_rows_are_checked_before_a_trigger_stops_their_writers() -> None:
    for file in read_files():
        statements = split_statements(file.text, keep_texts=False)
        triggers = [number for number, one in enumerate(statements) if one.startswith("CREATE TRIGGER")]
        checks = [number for number, one in enumerate(statements) if " VALIDATE CONSTRAINT " in one]
        assert not triggers or max(checks, default=-1) < triggers[0], file.name


def test_in_this_release_the_second_phase_comes_last() -> None:
    """A process does not start without every `pre`, and a `post` before one would need that no old process runs."""
    phases = [file.phase for file in read_files()]
    assert phases == sorted(phases, key=[Phase.PRE, Phase.POST].index)


@each(
    ("name", "phase"),
    [
        (BASELINE, None),
        ("0002_pre_districts.sql", Phase.PRE),
        ("0003_post_districts_2.sql", Phase.POST),
        ("0004_present_moment.sql", None),
        ("0005_posts.sql", None),
    ],
)
def test_a_name_says_its_phase(name: str, phase: Phase | None) -> None:
    assert phase_of(name) is phase


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("0003_three.sql", "says `pre` or `post`"),
        ("0003_between_three.sql", "says `pre` or `post`"),
        ("3_pre_three.sql", "NNNN_pre_<subject>"),
        ("0003_pre_Three.sql", "NNNN_pre_<subject>"),
        ("0003_pre_three.up.sql", "NNNN_pre_<subject>"),
        ("0002_post_three.sql", "another file has its number"),
    ],
)
def test_a_wrong_name_is_refused(files: Path, name: str, told: str) -> None:
    (files / name).write_text(f"{WHY}SELECT 1;")
    with pytest.raises(MigrationFileRefused) as refused:
        read_files(files)
    assert told in str(refused.value)
    assert "[migration_file_refused]" in str(refused.value)


def test_a_later_file_of_the_folder_is_checked_and_the_baseline_is_not(files: Path) -> None:
    assert [(file.name, file.phase) for file in read_files(files)] == [
        (BASELINE, Phase.PRE),
        ("0002_pre_two.sql", Phase.PRE),
    ]
    (files / "0003_post_three.sql").write_text("SELECT 1;")
    with pytest.raises(MigrationFileRefused, match=r"0003_post_three\.sql .*says why"):
        read_files(files)


# -- the text --------------------------------------------------------------------------------------------------


@each(
    "text",
    [
        f"{WHY}ALTER TABLE hop ADD COLUMN k integer;",
        f"{WHY}CREATE TABLE kept (n bigint PRIMARY KEY, m text UNIQUE);\nCREATE INDEX kept_m ON kept (m);",
        f"{WHY}CREATE UNLOGGED TABLE Kept (n bigint);\nALTER TABLE kept ADD PRIMARY KEY (n);",
        f"{WHY}ALTER TABLE hop ADD CONSTRAINT hop_once UNIQUE USING INDEX hop_once;",
        f"{WHY}ALTER TABLE hop DROP CONSTRAINT hop_unique;",
        f"{WHY}CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN CREATE INDEX a ON hop (n); END $$;",
        f"{WHY}UPDATE hop SET note = 'CREATE INDEX; COMMIT; ' || $t$; ROLLBACK; $t$;  -- CREATE INDEX x ON hop (n);",
        f"{WHY}/* COMMIT; */ SELECT E'it\\'s; COMMIT', 'it''s; COMMIT';",
        f"{OUTSIDE}\n{WHY}CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS hop_k ON hop (k);",
        f"{OUTSIDE}\n{WHY}DROP INDEX CONCURRENTLY IF EXISTS hop_k;\n",
    ],
)
def test_a_text_that_is_safe_is_accepted(text: str) -> None:
    assert refusal(text) == ""


@each(
    ("text", "told"),
    [
        ("SELECT 1;", "says why"),
        ("", "says why"),
        ("--\nSELECT 1;", "says why"),
        (f"{OUTSIDE}\nDROP INDEX CONCURRENTLY IF EXISTS hop_k;", "says why"),
        (f"{WHY}CREATE INDEX hop_k ON hop (k);", "an index on hop"),
        (f"{WHY}create unique index\n  if not exists hop_k\n  on only hop (k);", "an index on hop"),
        (f"{WHY}CREATE INDEX ON hop (k);", "an index on hop"),
        (f"{WHY}CREATE TABLE IF NOT EXISTS hop ();\nCREATE INDEX hop_k ON hop (k);", "an index on hop"),
        (f"{WHY}ALTER TABLE hop ADD CONSTRAINT hop_once UNIQUE (k);", "USING INDEX"),
        (f"{WHY}ALTER TABLE ONLY hop ADD PRIMARY KEY (k);", "USING INDEX"),
        (f"{WHY}ALTER TABLE hop ADD COLUMN k integer UNIQUE;", "USING INDEX"),
        (f"{WHY}CREATE INDEX CONCURRENTLY hop_k ON hop (k);", f"first line is `{OUTSIDE}`"),
        (f"{WHY}DROP INDEX CONCURRENTLY hop_k;", f"first line is `{OUTSIDE}`"),
        (f"{WHY}COMMIT; SELECT 1;", "one transaction"),
        (f"{WHY}SELECT 1; begin;", "one transaction"),
        (f"{WHY}SET LOCAL lock_timeout = 0;", "sets lock_timeout"),
        (f"{OUTSIDE}\n{WHY}CREATE INDEX CONCURRENTLY hop_k ON hop (k);", "run again after a crash"),
        (f"{OUTSIDE}\n{WHY}CREATE INDEX IF NOT EXISTS hop_k ON hop (k);", "run again after a crash"),
        (f"{OUTSIDE}\n{WHY}UPDATE hop SET k = k + 1;", "run again after a crash"),
    ],
)
def test_a_text_that_is_unsafe_is_refused(text: str, told: str) -> None:
    assert told in refusal(text)


def test_statements_are_split_outside_of_texts_and_comments() -> None:
    text = "-- a; b\nSELECT ';' /* ; */ AS \"x;y\";\nSELECT $f$ ; $$ ; $f$ ;; SELECT 3"
    assert split_statements(text) == ["SELECT ';'   AS \"x;y\"", "SELECT $f$ ; $$ ; $f$", "SELECT 3"]
    assert split_statements(text, keep_texts=False) == ["SELECT ''   AS \"x;y\"", "SELECT ''", "SELECT 3"]


def test_the_index_of_a_statement_is_named() -> None:
    assert index_made("CREATE INDEX CONCURRENTLY\nIF NOT EXISTS Hop_K ON hop (k)") == "hop_k"
    assert index_made("DROP INDEX CONCURRENTLY IF EXISTS hop_k") is None
