"""`goldenhour document`: a real database, a real PDF."""

import hashlib
import json
import stat
from pathlib import Path

from activities.context import Context
from activities.recovery import hold_lifecycle
from db.pool import Pool
from tests.activities.bench import Bench
from tests.factories import make_context, row, rrn, transfer
from tests.opened_bodies import opened_rows
from tests.workers.command_line import invoke, with_database

OFFICER = (
    "INSERT INTO case_officer (case_no, duty, assignment_no, subject, name, rank, police_station, district, phone,"
    " assigned_by, assigned_at) VALUES ($1, 'io', 1, 'io', 'Pragya Tripathi', 'Inspector', 'Cyber Crime', 'LUCKNOW',"
    " '9454400001', 'officer:desk', now())"
)


async def held_case(database: Pool) -> tuple[Context, str]:
    ctx = await make_context(database)
    bench, root = Bench(ctx), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=root))
    await bench.answer("HDFC", case_no, row(1, root, "400.00"))
    await hold_lifecycle.open_for_new_holds(ctx, case_no)
    return ctx, case_no


async def test_a_document_is_issued_once_and_written_for_its_owner(
    database: Pool, database_dsn: str, tmp_path: Path
) -> None:
    _, case_no = await held_case(database)
    await database.execute(OFFICER, case_no)
    target = tmp_path / "lien.pdf"
    words = ("document", case_no, "lien_notice", "--about", "HDFC", "--language", "hi", "-o", target)
    result = await invoke(*words, **with_database(database_dsn))
    assert result.exit_code == 0, result.output
    pdf = target.read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert hashlib.sha256(pdf).hexdigest() in result.output
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    again = await invoke(*words[:-1], tmp_path / "again.pdf", "--json", "-", **with_database(database_dsn))
    told = json.loads(again.stdout)
    assert (told["repeated"], told["digest"]) == (True, hashlib.sha256(pdf).hexdigest())
    assert (tmp_path / "again.pdf").read_bytes() == pdf


async def test_everything_that_is_missing_is_named_and_no_file_is_written(
    database: Pool, database_dsn: str, tmp_path: Path
) -> None:
    _, case_no = await held_case(database)
    target = tmp_path / "n94.pdf"
    result = await invoke(
        "document", case_no, "notice_94", "--about", "HDFC", "-o", target, **with_database(database_dsn)
    )
    assert result.exit_code == 1
    for field in ("officer.name", "officer.phone", "documents", "produce_by", "place"):
        assert f"{field}:" in result.output
    assert "BNSS 94" in result.output
    assert not target.exists()


async def test_the_time_that_documents_are_asked_of_is_said_and_another_is_refused(
    database: Pool, database_dsn: str, tmp_path: Path
) -> None:
    _, case_no = await held_case(database)
    await database.execute(OFFICER, case_no)
    words = (
        *("document", case_no, "notice_94", "--about", "HDFC", "--document", "Statement", "--by", "2099-01-04"),
        *("--period-to", "2026-11-24", "-o", tmp_path / "n94.pdf", "--period-from"),
    )
    first = await invoke(*words, "2026-10-01", **with_database(database_dsn))
    assert first.exit_code == 0, first.output
    (issued,) = await opened_rows(await make_context(database), "document", "WHERE case_no = $1", case_no)
    said = issued["facts"]
    assert (said["period_from"], said["period_to"]) == ("2026-10-01", "2026-11-24")
    other = await invoke(*words, "2026-09-01", **with_database(database_dsn))
    assert other.exit_code == 1
    assert "was issued with other period_from; use --revision 2 for the new particulars" in other.output


async def test_what_cannot_be_asked_for_is_said_so(database: Pool, database_dsn: str, tmp_path: Path) -> None:
    _, case_no = await held_case(database)
    target = tmp_path / "x.pdf"
    for words, code in (
        (("123", "lien_notice"), 2),
        ((case_no, "love_letter"), 2),
        ((case_no, "lien_notice", "--about", "x" * 101), 2),
        (("29999999999999", "status_letter"), 1),
    ):
        result = await invoke("document", *words, "-o", target, **with_database(database_dsn))
        assert result.exit_code == code, result.output
    assert not target.exists()
