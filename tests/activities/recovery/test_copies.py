"""The copy of the FIR that a notice names: it goes with it, is kept for good, and nothing goes without it."""

import hashlib
from base64 import b64encode
from datetime import timedelta

import asyncpg
import pytest

from activities.recovery.firs import put_fir_copy
from db.evidence import pack
from domain.recovery.documents import DocumentIncomplete
from schemas.case.police import FirCopy
from tests.activities.document_issuing import KIND, IssuingBench, issuing
from tests.desk_tasks import notes
from tests.triggers import without_triggers

__all__ = ["issuing"]

FIRST, SECOND = b"%PDF-1.7 a report", b"%PDF-1.7 another scan"


async def _with_copy(issuing: IssuingBench) -> str:
    case_no = await issuing.home.hold(400)
    await issuing.assign(case_no)
    await issuing.home.register_fir(case_no)
    await issuing.copy_of_fir(case_no, FIRST)
    return case_no


async def _another_scan(issuing: IssuingBench, case_no: str) -> None:
    fir_id = await issuing.home.bench.value("SELECT fir_id FROM fir WHERE case_no = $1", case_no)
    copy = FirCopy(document=b64encode(SECOND))
    await put_fir_copy(issuing.home.ctx, case_no, fir_id, copy, "officer:io")


def _enclosed(issuing: IssuingBench) -> dict[str, list[bytes]]:
    """By the first file of each letter, what goes behind it."""
    found = {}
    for letter in issuing.box.letters:
        first, *behind = letter.iter_attachments()
        found[(first.get_filename() or "")[:9].rstrip("-2")] = [part.get_content() for part in behind]
    return found


async def test_every_notice_to_a_bank_goes_with_the_copy_that_it_names(issuing: IssuingBench) -> None:
    case_no = await _with_copy(issuing)
    by = issuing.home.clock.at + timedelta(days=7)
    await issuing.issue_about(case_no, KIND.LIEN_NOTICE, "HDFC")
    await issuing.issue_about(case_no, KIND.FOLLOW_UP, "HDFC")
    await issuing.issue_about(case_no, KIND.NOTICE_94, "HDFC", documents=("Statement",), by=by)
    await issuing.issue_about(case_no, KIND.NOTICE_106, "HDFC", grounds="received at once")
    await issuing.post()
    assert _enclosed(issuing) == {kind: [FIRST] for kind in ("GH-UP-LN", "GH-UP-FU", "GH-UP-N94", "GH-UP-N10")}


async def test_a_seizure_needs_the_copy_and_the_station(issuing: IssuingBench) -> None:
    case_no = await issuing.home.hold(400)
    await issuing.assign(case_no)
    await issuing.home.register_fir(case_no)
    with pytest.raises(DocumentIncomplete) as refusal:
        await issuing.issue_about(case_no, KIND.NOTICE_106, "HDFC", grounds="received at once")
    assert [one.field for one in refusal.value.missing] == ["fir.police_station", "fir.copy_digest"]


async def test_another_scan_takes_nobodys_place(issuing: IssuingBench) -> None:
    case_no = await _with_copy(issuing)
    await issuing.issue()
    await _another_scan(issuing, case_no)
    await issuing.post()
    assert _enclosed(issuing) == {"GH-UP-LN": [FIRST]}, "what was issued goes with the copy that it names"
    await issuing.issue()
    await issuing.post()
    assert _enclosed(issuing) == {"GH-UP-LN": [SECOND]}, "and is issued again with the new one"
    async with issuing.pool.acquire() as connection, connection.transaction():
        kept = {one.name: one.content async for one in pack.documents(connection, case_no, issuing.home.ctx.opens)}
    for copy in (FIRST, SECOND):
        assert kept[f"police/firs/{hashlib.sha256(copy).hexdigest()}.pdf"] == copy
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await issuing.pool.execute("DELETE FROM fir_copy WHERE case_no = $1", case_no)


async def test_without_the_copy_that_it_names_nothing_is_sent_and_a_person_is_told(issuing: IssuingBench) -> None:
    case_no = await _with_copy(issuing)
    await issuing.issue()
    async with without_triggers(issuing.pool, "fir_copy", trigger="fir_copy_append_only"):
        await issuing.pool.execute("DELETE FROM fir_copy WHERE case_no = $1", case_no)
    await issuing.post()
    assert await issuing.mails("document_for_bank", case_no) == []
    failures = await issuing.home.bench.rows(
        "SELECT o.failure, o.next_attempt_at FROM message m JOIN outgoing o ON o.subject = m.message_id::text"
        " WHERE m.case_no = $1 AND m.kind = 'document_for_bank'",
        case_no,
    )
    assert failures == [("The copy of the FIR that a notice names is missing.", None)]
    asked = await notes(issuing.home.bench.pool, "case_no = $1 AND kind = 'supervise'", case_no)
    assert "message “a notice to the bank” not sent to the bank by e-mail" in asked
