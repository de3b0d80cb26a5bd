"""The copy of the FIR that a notice names: it goes with it, is kept for good, and nothing goes without it."""

import hashlib
from base64 import b64encode
from datetime import timedelta

import asyncpg
import pytest

from activities.police.firs import put_fir_copy
from db.evidence import pack
from domain.documents import DocumentIncomplete
from schemas.police import FirCopy
from tests.activities.document_office import KIND, Office, office
from tests.desk_tasks import notes

__all__ = ["office"]

FIRST, SECOND = b"%PDF-1.7 a report", b"%PDF-1.7 another scan"


async def _with_copy(office: Office) -> str:
    case_no = await office.home.hold(400)
    await office.assign(case_no)
    await office.home.register_fir(case_no)
    await office.copy_of_fir(case_no, FIRST)
    return case_no


async def _another_scan(office: Office, case_no: str) -> None:
    fir_id = await office.home.bench.value("SELECT fir_id FROM fir WHERE case_no = $1", case_no)
    copy = FirCopy(document=b64encode(SECOND))
    await put_fir_copy(office.home.ctx, case_no, fir_id, copy, "officer:io")


def _enclosed(office: Office) -> dict[str, list[bytes]]:
    """By the first file of each letter, what goes behind it."""
    found = {}
    for letter in office.box.letters:
        first, *behind = letter.iter_attachments()
        found[(first.get_filename() or "")[:9].rstrip("-2")] = [part.get_content() for part in behind]
    return found


async def test_every_notice_to_a_bank_goes_with_the_copy_that_it_names(office: Office) -> None:
    case_no = await _with_copy(office)
    by = office.home.clock.at + timedelta(days=7)
    await office.issue_about(case_no, KIND.LIEN_NOTICE, "HDFC")
    await office.issue_about(case_no, KIND.FOLLOW_UP, "HDFC")
    await office.issue_about(case_no, KIND.NOTICE_94, "HDFC", documents=("Statement",), by=by)
    await office.issue_about(case_no, KIND.NOTICE_106, "HDFC", grounds="received at once")
    await office.post()
    assert _enclosed(office) == {kind: [FIRST] for kind in ("GH-UP-LN", "GH-UP-FU", "GH-UP-N94", "GH-UP-N10")}


async def test_a_seizure_needs_the_copy_and_the_station(office: Office) -> None:
    case_no = await office.home.hold(400)
    await office.assign(case_no)
    await office.home.register_fir(case_no)
    with pytest.raises(DocumentIncomplete) as refusal:
        await office.issue_about(case_no, KIND.NOTICE_106, "HDFC", grounds="received at once")
    assert [one.field for one in refusal.value.missing] == ["fir.police_station", "fir.copy_digest"]


async def test_another_scan_takes_nobodys_place(office: Office) -> None:
    case_no = await _with_copy(office)
    await office.issue()
    await _another_scan(office, case_no)
    await office.post()
    assert _enclosed(office) == {"GH-UP-LN": [FIRST]}, "what was issued goes with the copy that it names"
    await office.issue()
    await office.post()
    assert _enclosed(office) == {"GH-UP-LN": [SECOND]}, "and is issued again with the new one"
    async with office.pool.acquire() as connection, connection.transaction():
        kept = {one.name: one.content async for one in pack.documents(connection, case_no)}
    for copy in (FIRST, SECOND):
        assert kept[f"police/firs/{hashlib.sha256(copy).hexdigest()}.pdf"] == copy
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await office.pool.execute("DELETE FROM fir_copy WHERE case_no = $1", case_no)


async def test_without_the_copy_that_it_names_nothing_is_sent_and_a_person_is_told(office: Office) -> None:
    case_no = await _with_copy(office)
    await office.issue()
    await office.pool.execute("ALTER TABLE fir_copy DISABLE TRIGGER fir_copy_append_only")
    try:
        await office.pool.execute("DELETE FROM fir_copy WHERE case_no = $1", case_no)
    finally:
        await office.pool.execute("ALTER TABLE fir_copy ENABLE TRIGGER fir_copy_append_only")
    await office.post()
    assert await office.mails("document_for_bank", case_no) == []
    failures = await office.home.bench.rows(
        "SELECT failure, next_attempt_at FROM message WHERE case_no = $1 AND kind = 'document_for_bank'", case_no
    )
    assert failures == [("The copy of the FIR that a notice names is missing.", None)]
    asked = await notes(office.home.bench.pool, "case_no = $1 AND kind = 'supervise'", case_no)
    assert "message not sent: document_for_bank to bank by email" in asked
