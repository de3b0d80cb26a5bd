"""Documents from the rows: issued once, numbered without a gap, refused by name, and made again from what is kept."""

import asyncio
import hashlib
from uuid import uuid4

import asyncpg
import pytest

from activities.documents.issuing import issue, issue_about
from db.documents import document_register
from documents.composing import compose
from documents.document import Imprint
from documents.rendering import RenderingFailed, render
from domain.documents import DocumentIncomplete
from domain.errors import NotFound
from schemas.enums import Language
from schemas.restoration_enums import DocumentKind
from tests.activities.document_desk import KIND, Desk, desk, home, particulars
from tests.documents.samples import WHOLE
from tests.factories import row, rrn, transfer

__all__ = ["desk", "home"]


@pytest.mark.parametrize("kind", DocumentKind)
async def test_every_kind_is_written_from_the_rows_in_both_languages(desk: Desk, kind: DocumentKind) -> None:
    case_no = await desk.whole()
    subject = await desk.subject(case_no, kind)
    issued = [
        await desk.issue(case_no, kind, subject, language, particulars=particulars(desk)) for language in Language
    ]
    assert len({document.number for document in issued}) == len({document.digest for document in issued}) == 2
    facts = await desk.facts(issued[0])
    assert (facts["kind"], facts["case_no"]) == (kind.value, case_no)
    assert facts["officer"]["name"] == "Pragya Tripathi"
    logged = await desk.home.events(case_no, "document_issued")
    assert [event["digest"] for event in logged] == [document.digest for document in issued]
    for event in logged:
        assert set(event) == {"document_id", "number", "kind", "language", "revision", "digest"}
    await desk.home.bench.check(case_no)


async def test_the_bytes_can_be_made_again_from_what_is_kept(desk: Desk) -> None:
    case_no = await desk.whole()
    document = await desk.issue(case_no, KIND.MAGISTRATE_REPORT, language=Language.HI)
    async with desk.pool.acquire() as connection:
        view, pdf = await document_register.read(connection, document.document_id)
    facts = type(WHOLE[view.kind]).model_validate(await desk.facts(document))
    again = await render(
        compose(facts, view.language, Imprint(number=view.number, issued_at=view.issued_at)), view.issued_at
    )
    assert again == pdf
    assert hashlib.sha256(pdf).hexdigest() == document.digest == view.digest


async def test_repeated_requests_it_is_issued_once_and_the_next_revision_is_another(desk: Desk) -> None:
    case_no = await desk.whole()
    first = await desk.issue(case_no, KIND.LIEN_NOTICE, "HDFC")
    await desk.pool.execute("UPDATE case_officer SET phone = '' WHERE case_no = $1", case_no)
    again = await desk.issue(case_no, KIND.LIEN_NOTICE, "HDFC")
    assert (again.document_id, again.repeated, first.repeated) == (first.document_id, True, False), (
        "whatever has changed"
    )
    with pytest.raises(DocumentIncomplete, match=r"officer\.phone"):
        await desk.issue(case_no, KIND.LIEN_NOTICE, "HDFC", revision=2)
    assert len(await desk.home.events(case_no, "document_issued")) == 1


async def test_at_once_it_is_issued_once(desk: Desk) -> None:
    case_no = await desk.whole()
    issued = await asyncio.gather(*(desk.issue(case_no, KIND.STATUS_LETTER, language=Language.HI) for _ in range(6)))
    assert len({document.document_id for document in issued}) == 1
    assert [document.repeated for document in issued].count(False) == 1
    assert await desk.value("SELECT count(*) FROM document WHERE case_no = $1", case_no) == 1


async def test_many_cases_at_once_get_numbers_without_a_gap_though_some_fail(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_nos = [await desk.whole() for _ in range(8)]
    before = await _last_number(desk, "N94")
    numbers: list[str] = []

    async def one(case_no: str, *, fails: bool) -> None:
        try:
            async with desk.transaction(case_no) as work:
                document = await issue_about(
                    work, KIND.NOTICE_94, "HDFC", language=Language.EN, particulars=particulars(desk)
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


async def _last_number(desk: Desk, series: str) -> int:
    return int(
        await desk.value(
            "SELECT coalesce(max(last_number), 0) FROM document_counter WHERE series LIKE $1", f"GH/UP/{series}/%"
        )
    )


async def test_a_refused_document_takes_no_number_and_leaves_no_trace(desk: Desk) -> None:
    case_no = await desk.home.hold(400)
    before = await _last_number(desk, "HN")
    with pytest.raises(DocumentIncomplete) as refusal:
        await desk.issue(case_no, KIND.HOLDER_NOTICE, await desk.hold_id(case_no))
    named = {missing.field for missing in refusal.value.missing}
    assert named == {"officer.name", "officer.rank", "officer.police_station", "officer.phone"}
    assert await _last_number(desk, "HN") == before
    assert await desk.home.events(case_no, "document_issued") == []


async def test_the_counter_neither_jumps_nor_falls(desk: Desk) -> None:
    await desk.issue(await desk.whole(), KIND.LIEN_NOTICE, "HDFC")
    for change in ("last_number = last_number + 2", "last_number = last_number - 1", "last_number = last_number"):
        with pytest.raises(asyncpg.CheckViolationError):
            await desk.pool.execute(f"UPDATE document_counter SET {change}")
    with pytest.raises(asyncpg.PostgresError):
        await desk.pool.execute("DELETE FROM document_counter")
    with pytest.raises(asyncpg.CheckViolationError):
        await desk.pool.execute("INSERT INTO document_counter VALUES ('GH/UP/XX/2026', 7)")


async def test_a_follow_up_names_the_lien_that_it_follows(desk: Desk) -> None:
    case_no = await desk.whole()
    lien = await desk.issue(case_no, KIND.LIEN_NOTICE, "HDFC")
    facts = await desk.facts(await desk.issue(case_no, KIND.FOLLOW_UP, "HDFC"))
    assert facts["earlier_number"] == lien.number


@pytest.mark.parametrize("kind", [KIND.HOLDER_NOTICE, KIND.NOTICE_107, KIND.RESTORATION_APPLICATION])
async def test_what_is_of_another_case_is_not_found(desk: Desk, kind: DocumentKind) -> None:
    case_no, other = await desk.whole(), await desk.whole()
    for subject in (await desk.subject(other, kind), str(uuid4()), "no id", ""):
        with pytest.raises(NotFound):
            await desk.issue(case_no, kind, subject, particulars=particulars(desk))


async def test_a_complaint_of_another_case_is_not_written_to(desk: Desk) -> None:
    case_no, other = await desk.whole(), await desk.whole()
    with pytest.raises(NotFound):
        await desk.issue(case_no, KIND.STATUS_LETTER, other)


async def test_a_document_is_never_changed(desk: Desk) -> None:
    document = await desk.issue(await desk.whole(), KIND.LIEN_NOTICE, "HDFC")
    for change in ("UPDATE document SET issued_by = 'x'", "DELETE FROM document"):
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await desk.pool.execute(f"{change} WHERE document_id = $1", document.document_id)


async def test_facts_of_any_origin_are_issued_as_they_are(desk: Desk) -> None:
    case_no = await desk.home.bench.complain(transfer(1000_00))
    facts = WHOLE[KIND.HOLDER_NOTICE].model_copy(update={"case_no": case_no})
    async with desk.transaction(case_no) as work:
        document = await issue(work, facts, subject="by hand", language=Language.HI)
    assert (await desk.facts(document))["account"] == "50100000000001"


async def _waiting(desk: Desk, case_no: str) -> list[str]:
    found = await desk.home.bench.rows(
        "SELECT kind FROM duty WHERE case_no = $1 AND done_at IS NULL ORDER BY kind", case_no
    )
    return [kind for (kind,) in found]


async def test_the_duties_after_a_hold_are_done_by_their_documents(desk: Desk) -> None:
    case_no = await desk.whole()
    assert await _waiting(desk, case_no) == ["follow_up", "magistrate_report"]
    report = await desk.issue(case_no, KIND.MAGISTRATE_REPORT)
    assert await desk.value("SELECT document_id FROM duty WHERE case_no = $1 AND issued_at IS NOT NULL", case_no) == (
        report.document_id
    )
    assert await _waiting(desk, case_no) == ["follow_up", "magistrate_report"], "it is still to be handed in"
    await desk.issue(case_no, KIND.FOLLOW_UP, "HDFC")
    assert await _waiting(desk, case_no) == ["magistrate_report"]
    await desk.issue(case_no, KIND.MAGISTRATE_REPORT, language=Language.HI)
    assert len(await desk.home.events(case_no, "duty_done")) == 1


async def test_the_follow_up_is_done_when_every_bank_that_holds_money_has_its_own(desk: Desk) -> None:
    first, second = rrn(), rrn()
    case_no = await desk.home.bench.complain(
        transfer(400_00, reference=first, payee={"institution": "HDFC", "account": f"5{rrn()}"}),
        transfer(500_00, reference=second, payee={"institution": "ICIC", "account": f"6{rrn()}"}),
    )
    await desk.home.bench.answer("HDFC", case_no, row(1, first, "400.00"))
    await desk.home.bench.answer("ICIC", case_no, row(1, second, "500.00"))
    await desk.home.open_for_new_holds(case_no)
    await desk.officers(case_no)
    await desk.fir(case_no)
    await desk.issue(case_no, KIND.FOLLOW_UP, "HDFC")
    assert "follow_up" in await _waiting(desk, case_no)
    await desk.issue(case_no, KIND.FOLLOW_UP, "ICIC")
    assert "follow_up" not in await _waiting(desk, case_no)
