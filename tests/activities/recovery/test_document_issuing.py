"""Documents from the rows: issued once, numbered without a gap, refused by name, and made again from what is kept."""

import asyncio
import hashlib
from uuid import uuid4

import asyncpg
import pytest

from activities.recovery.document_issuing import issue, issue_about
from db.recovery import document_register
from documents.composing import compose
from documents.rendering import Imprint, RenderingFailed, render
from domain.errors import NotFound
from domain.recovery.documents import DocumentIncomplete
from schemas.enums import Language
from schemas.restoration_enums import DocumentKind
from tests.activities.document_bench import KIND, DocumentBench, home, particulars, writing
from tests.documents.samples import WHOLE
from tests.factories import row, rrn, transfer

__all__ = ["home", "writing"]


# A victim's signature writes the signed application (tests/activities/people/test_signatures.py).
@pytest.mark.parametrize("kind", [kind for kind in DocumentKind if kind is not KIND.SIGNED_APPLICATION])
async def test_every_kind_is_written_from_the_rows_in_both_languages(
    writing: DocumentBench, kind: DocumentKind
) -> None:
    case_no = await writing.whole()
    subject = await writing.subject(case_no, kind)
    issued = [
        await writing.issue(case_no, kind, subject, language, particulars=particulars(writing)) for language in Language
    ]
    assert len({document.number for document in issued}) == len({document.digest for document in issued}) == 2
    facts = await writing.facts(issued[0])
    assert (facts["kind"], facts["case_no"]) == (kind.value, case_no)
    assert facts["officer"]["name"] == "Pragya Tripathi"
    logged = await writing.home.events(case_no, "document_issued")
    assert [event["digest"] for event in logged] == [document.digest for document in issued]
    for event in logged:
        assert set(event) == {"document_id", "number", "kind", "language", "revision", "digest"}
    await writing.home.bench.check(case_no)


async def test_the_bytes_can_be_made_again_from_what_is_kept(writing: DocumentBench) -> None:
    case_no = await writing.whole()
    document = await writing.issue(case_no, KIND.MAGISTRATE_REPORT, language=Language.HI)
    async with writing.pool.acquire() as connection:
        view, pdf = await document_register.read(connection, document.document_id, writing.home.ctx.opens)
    facts = type(WHOLE[view.kind]).model_validate(await writing.facts(document))
    again = await render(
        compose(facts, view.language, Imprint(number=view.number, issued_at=view.issued_at)), view.issued_at
    )
    assert again == pdf
    assert hashlib.sha256(pdf).hexdigest() == document.digest == view.digest


async def test_asked_twice_it_is_issued_once_and_the_next_revision_is_another(writing: DocumentBench) -> None:
    case_no = await writing.whole()
    first = await writing.issue(case_no, KIND.LIEN_NOTICE, "HDFC")
    await writing.pool.execute("UPDATE case_officer SET phone = '' WHERE case_no = $1", case_no)
    again = await writing.issue(case_no, KIND.LIEN_NOTICE, "HDFC")
    assert (again.document_id, again.repeated, first.repeated) == (first.document_id, True, False), (
        "whatever has changed"
    )
    with pytest.raises(DocumentIncomplete, match=r"officer\.phone"):
        await writing.issue(case_no, KIND.LIEN_NOTICE, "HDFC", revision=2)
    assert len(await writing.home.events(case_no, "document_issued")) == 1


async def test_at_once_it_is_issued_once(writing: DocumentBench) -> None:
    case_no = await writing.whole()
    issued = await asyncio.gather(*(writing.issue(case_no, KIND.STATUS_LETTER, language=Language.HI) for _ in range(6)))
    assert len({document.document_id for document in issued}) == 1
    assert [document.repeated for document in issued].count(False) == 1
    assert await writing.value("SELECT count(*) FROM document WHERE case_no = $1", case_no) == 1


async def test_many_cases_at_once_get_numbers_without_a_gap_though_some_fail(
    writing: DocumentBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_nos = [await writing.whole() for _ in range(8)]
    before = await _last_number(writing, "N94")
    numbers: list[str] = []

    async def one(case_no: str, *, fails: bool) -> None:
        try:
            async with writing.transaction(case_no) as work:
                document = await issue_about(
                    work, KIND.NOTICE_94, "HDFC", language=Language.EN, particulars=particulars(writing)
                )
                if fails:
                    raise RenderingFailed("as if")
            numbers.append(document.number)
        except RenderingFailed:
            assert fails

    await asyncio.gather(*(one(case_no, fails=index % 3 == 0) for index, case_no in enumerate(case_nos)))
    got = sorted(int(number.rpartition("/")[2]) for number in numbers)
    assert got == list(range(before + 1, before + 1 + len(numbers)))
    assert len(numbers) == 5
    assert all(number.startswith("GH/UP/N94/20") for number in numbers)


async def _last_number(writing: DocumentBench, series: str) -> int:
    return int(
        await writing.value(
            "SELECT coalesce(max(last_number), 0) FROM document_counter WHERE series LIKE $1", f"GH/UP/{series}/%"
        )
    )


async def test_a_refused_document_takes_no_number_and_leaves_no_trace(writing: DocumentBench) -> None:
    case_no = await writing.home.hold(400)
    before = await _last_number(writing, "HN")
    with pytest.raises(DocumentIncomplete) as refusal:
        await writing.issue(case_no, KIND.HOLDER_NOTICE, await writing.hold_id(case_no))
    named = {missing.field for missing in refusal.value.missing}
    assert named == {"officer.name", "officer.rank", "officer.police_station", "officer.phone"}
    assert await _last_number(writing, "HN") == before
    assert await writing.home.events(case_no, "document_issued") == []


async def test_the_counter_neither_jumps_nor_falls(writing: DocumentBench) -> None:
    await writing.issue(await writing.whole(), KIND.LIEN_NOTICE, "HDFC")
    for change in ("last_number = last_number + 2", "last_number = last_number - 1", "last_number = last_number"):
        with pytest.raises(asyncpg.CheckViolationError):
            await writing.pool.execute(f"UPDATE document_counter SET {change}")
    with pytest.raises(asyncpg.PostgresError):
        await writing.pool.execute("DELETE FROM document_counter")
    with pytest.raises(asyncpg.CheckViolationError):
        await writing.pool.execute("INSERT INTO document_counter VALUES ('GH/UP/XX/2026', 7)")


async def test_a_follow_up_names_the_lien_that_it_follows(writing: DocumentBench) -> None:
    case_no = await writing.whole()
    lien = await writing.issue(case_no, KIND.LIEN_NOTICE, "HDFC")
    facts = await writing.facts(await writing.issue(case_no, KIND.FOLLOW_UP, "HDFC"))
    assert facts["earlier_number"] == lien.number


@pytest.mark.parametrize("kind", [KIND.HOLDER_NOTICE, KIND.NOTICE_107, KIND.RESTORATION_APPLICATION])
async def test_what_is_of_another_case_is_not_found(writing: DocumentBench, kind: DocumentKind) -> None:
    case_no, other = await writing.whole(), await writing.whole()
    for subject in (await writing.subject(other, kind), str(uuid4()), "no id", ""):
        with pytest.raises(NotFound):
            await writing.issue(case_no, kind, subject, particulars=particulars(writing))


async def test_a_complaint_of_another_case_is_not_written_to(writing: DocumentBench) -> None:
    case_no, other = await writing.whole(), await writing.whole()
    with pytest.raises(NotFound):
        await writing.issue(case_no, KIND.STATUS_LETTER, other)


async def test_a_document_is_never_changed(writing: DocumentBench) -> None:
    document = await writing.issue(await writing.whole(), KIND.LIEN_NOTICE, "HDFC")
    for change in ("UPDATE document SET issued_by = 'x'", "DELETE FROM document"):
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await writing.pool.execute(f"{change} WHERE document_id = $1", document.document_id)


async def test_facts_of_any_origin_are_issued_as_they_are(writing: DocumentBench) -> None:
    case_no = await writing.home.bench.complain(transfer(1000_00))
    facts = WHOLE[KIND.HOLDER_NOTICE].model_copy(update={"case_no": case_no})
    async with writing.transaction(case_no) as work:
        document = await issue(work, facts, subject="by hand", language=Language.HI)
    assert (await writing.facts(document))["account"] == "50100000000001"


async def _waiting(writing: DocumentBench, case_no: str) -> list[str]:
    found = await writing.home.bench.rows(
        "SELECT kind FROM duty WHERE case_no = $1 AND done_at IS NULL ORDER BY kind", case_no
    )
    return [kind for (kind,) in found]


async def test_the_duties_after_a_hold_are_done_by_their_documents(writing: DocumentBench) -> None:
    case_no = await writing.whole()
    assert await _waiting(writing, case_no) == ["follow_up", "magistrate_report"]
    report = await writing.issue(case_no, KIND.MAGISTRATE_REPORT)
    assert await writing.value(
        "SELECT document_id FROM duty WHERE case_no = $1 AND issued_at IS NOT NULL", case_no
    ) == (report.document_id)
    assert await _waiting(writing, case_no) == ["follow_up", "magistrate_report"], "it is still to be handed in"
    await writing.issue(case_no, KIND.FOLLOW_UP, "HDFC")
    assert await _waiting(writing, case_no) == ["magistrate_report"]
    await writing.issue(case_no, KIND.MAGISTRATE_REPORT, language=Language.HI)
    assert len(await writing.home.events(case_no, "duty_done")) == 1


async def test_the_follow_up_is_done_when_every_bank_that_holds_money_has_its_own(
    writing: DocumentBench,
) -> None:
    first, second = rrn(), rrn()
    case_no = await writing.home.bench.complain(
        transfer(400_00, reference=first, payee={"institution": "HDFC", "account": f"5{rrn()}"}),
        transfer(500_00, reference=second, payee={"institution": "ICIC", "account": f"6{rrn()}"}),
    )
    await writing.home.bench.answer("HDFC", case_no, row(1, first, "400.00"))
    await writing.home.bench.answer("ICIC", case_no, row(1, second, "500.00"))
    await writing.home.open_for_new_holds(case_no)
    await writing.officers(case_no)
    await writing.fir(case_no)
    await writing.issue(case_no, KIND.FOLLOW_UP, "HDFC")
    assert "follow_up" in await _waiting(writing, case_no)
    await writing.issue(case_no, KIND.FOLLOW_UP, "ICIC")
    assert "follow_up" not in await _waiting(writing, case_no)
