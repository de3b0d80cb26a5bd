"""Documents that come by themselves: issued once, sent, waited for by name of what they lack, and never forgotten."""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from activities.outgoing import Attempt, Routes, send_due
from activities.recovery import due_documents
from activities.recovery.document_issuing import preview
from activities.recovery.due_documents import DUE_DOCUMENTS, documents_waiting, names_all, says_too_much
from activities.recovery.statutory_duties import finish_by_hand
from db.recovery.due_documents import DueDocument, DueDocumentStatus
from domain.policy.model import load_policy
from domain.work_items.task_notes import compose
from schemas.enums import Language, ResolutionDecision
from schemas.recovery.document_facts import AccountFacts
from schemas.recovery.due_documents import DueDocumentState
from schemas.restoration_enums import DutyKind
from schemas.tasks import TaskCause, TaskFacts, TaskSubject, about
from tests.activities.document_issuing import KIND, IssuingBench, issuing
from tests.activities.hold_world import settle_newest
from tests.desk_tasks import bank_notes
from tests.factories import moved, row, rrn, transfer
from tests.opened_bodies import opened_rows

__all__ = ["issuing"]

HOSTILE = "#let x = sys; $1/0$ <script>\"'; DROP TABLE document; -- \u202egnp.exe मोहन"
LACKS_IO = "the investigating officer, the officer's rank, the officer's police station, the officer's telephone"


# -- lien notices ------------------------------------------------------------------------------------------------------


async def test_a_bank_that_holds_money_has_one_notice_as_soon_as_there_is_an_officer(issuing: IssuingBench) -> None:
    case_no = await issuing.two_accounts("HDFC", "ICIC")
    await issuing.issue()
    assert await issuing.documents(case_no, KIND.LIEN_NOTICE) == []
    (task,) = await issuing.task(case_no)
    assert f"the notice of lien lacks {LACKS_IO}" in task
    assert re.search(r"the order of seizure after a lien lacks [^;]*the number of the FIR", task)
    await issuing.assign(case_no)
    await issuing.issue()
    where = "WHERE case_no = $1 AND kind = 'lien_notice' ORDER BY institution"
    notices = await opened_rows(issuing.home.ctx, "document", where, case_no)
    banks = [(one["institution"], one["revision"], one["facts"]["emergency"]) for one in notices]
    assert banks == [("HDFC", 1, True), ("ICIC", 1, True)]
    (task,) = await issuing.task(case_no)
    assert "the notice of lien" not in task
    assert "the report to the magistrate can be issued" in task
    await issuing.post()
    sent = await issuing.mails("document_for_bank", case_no)
    assert sorted(to for to, _ in sent) == ["desk@hdfc.example", "desk@icic.example"]
    assert all(len(files) == 1 and files[0].startswith("GH-UP-LN-") for _, files in sent)


async def test_once_there_is_an_fir_with_its_copy_the_notice_is_issued_again(issuing: IssuingBench) -> None:
    case_no = await issuing.home.hold(400)
    await issuing.assign(case_no)
    await issuing.issue()
    await issuing.home.register_fir(case_no)
    await issuing.issue()
    assert await issuing.documents(case_no, KIND.LIEN_NOTICE) == [("lien_notice", "en", 1)]
    assert any("the notice of lien lacks a copy of the FIR" in note for note in await issuing.task(case_no))
    await issuing.copy_of_fir(case_no)
    await issuing.issue()
    assert await issuing.documents(case_no, KIND.LIEN_NOTICE) == [("lien_notice", "en", 1), ("lien_notice", "en", 2)]
    anew = await issuing.facts(case_no, KIND.LIEN_NOTICE, 2)
    assert (anew["emergency"], anew["fir"]["number"]) == (False, "12/2026")
    await issuing.pool.execute("UPDATE fir SET document_digest = document_digest WHERE case_no = $1", case_no)
    await issuing.issue()
    assert len(await issuing.documents(case_no, KIND.LIEN_NOTICE)) == 2, "it says all of that already"
    await issuing.post()
    attached = [len(files) for _, files in await issuing.mails("document_for_bank", case_no)]
    assert sorted(attached) == [1, 2], "the second goes with the copy of the report"


async def test_another_account_at_the_same_bank_is_named_in_the_next_revision(issuing: IssuingBench) -> None:
    bench, first, second = issuing.home.bench, rrn(), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=first, payee={"institution": "HDFC", "account": "5001"}))
    await issuing.assign(case_no)
    await bench.answer("HDFC", case_no, row(1, first, "400.00"))
    await issuing.home.open_for_new_holds(case_no)
    await issuing.issue()
    await bench.answer("HDFC", case_no, moved(first, "600.00", "HDFC", "5002", rrn_transaction_id=second))
    await issuing.issue()
    assert await issuing.documents(case_no, KIND.LIEN_NOTICE) == [("lien_notice", "en", 1)], "nothing more is on hold"
    await bench.answer("HDFC", case_no, row(1, second, "600.00"))
    await issuing.home.open_for_new_holds(case_no)
    await issuing.issue()
    assert await issuing.documents(case_no, KIND.LIEN_NOTICE) == [("lien_notice", "en", 1), ("lien_notice", "en", 2)]
    named = (await issuing.facts(case_no, KIND.LIEN_NOTICE, 2))["accounts"]
    assert {one["account"]: one["amount_paise"] for one in named} == {"5001": 400_00, "5002": 600_00}


def test_a_notice_names_an_account_with_at_least_what_is_on_hold_there() -> None:
    said = [AccountFacts(account="1", amount_paise=500)]
    assert names_all(said, [AccountFacts(account="1", amount_paise=500)])
    assert not names_all(said, [AccountFacts(account="1", amount_paise=501)])
    assert not names_all(said, [*said, AccountFacts(account="2", amount_paise=1)])


def test_an_account_is_the_same_however_many_zeros_a_bank_writes_before_it() -> None:
    said = [AccountFacts(account="005001", amount_paise=500)]
    assert names_all(said, [AccountFacts(account="5001", amount_paise=500)])
    assert not says_too_much(said, [AccountFacts(account="5001", amount_paise=500)])
    assert says_too_much(said, [AccountFacts(account="5001", amount_paise=499)])


async def test_a_notice_that_says_too_much_is_corrected_once_a_day(issuing: IssuingBench) -> None:
    bench, first = issuing.home.bench, rrn()
    case_no = await bench.complain(transfer(1000_00, reference=first, payee={"institution": "HDFC", "account": "5001"}))
    await issuing.assign(case_no)
    await bench.answer("HDFC", case_no, row(1, first, "400.00"))
    await issuing.home.open_for_new_holds(case_no)
    await issuing.issue()
    assert (await issuing.facts(case_no, KIND.LIEN_NOTICE))["accounts"][0]["amount_paise"] == 1000_00
    await bench.answer("HDFC", case_no, row(5, first, "600.00"))
    issuing.home.clock.at += timedelta(hours=2)
    await issuing.issue()
    assert len(await issuing.documents(case_no, KIND.LIEN_NOTICE)) == 1, "no storm of notices while answers come in"
    issuing.home.clock.at += timedelta(hours=23)
    await issuing.issue()
    assert (await issuing.facts(case_no, KIND.LIEN_NOTICE, 2))["accounts"][0]["amount_paise"] == 400_00
    issuing.home.clock.at += timedelta(days=2)
    await issuing.issue()
    assert len(await issuing.documents(case_no, KIND.LIEN_NOTICE)) == 2
    state = "SELECT state FROM due_document WHERE case_no = $1 AND kind = 'lien_notice'"
    assert await bench.value(state, case_no) == "issued"


async def test_a_bank_without_a_mailbox_is_handed_its_notice_by_a_person(issuing: IssuingBench) -> None:
    case_no = await issuing.home.hold(400)
    await issuing.pool.execute("UPDATE institution SET desk_email = '' WHERE code = 'HDFC'")
    try:
        await issuing.assign(case_no)
        await issuing.issue()
    finally:
        await issuing.pool.execute("UPDATE institution SET desk_email = 'desk@hdfc.example' WHERE code = 'HDFC'")
    number = await issuing.home.bench.value(
        "SELECT number FROM document WHERE case_no = $1 AND kind = 'lien_notice'", case_no
    )
    about = "case_no = $1 AND kind = 'phone_bank' AND cause = 'document_to_deliver'"
    asked = await bank_notes(issuing.home.bench.pool, about, case_no)
    assert asked == [("HDFC", f"cannot be delivered: {number} for HDFC")]


# -- reports of an officer ---------------------------------------------------------------------------------------------


async def test_the_desk_sees_which_report_an_officer_can_issue(issuing: IssuingBench) -> None:
    case_no = await issuing.home.hold(400)
    before = await preview(issuing.home.ctx, case_no, KIND.MAGISTRATE_REPORT, "")
    assert not before.can_be_issued
    assert "officer.name" in {one.field for one in before.lacking}
    await issuing.assign(case_no)
    assert (await preview(issuing.home.ctx, case_no, KIND.MAGISTRATE_REPORT, "")).can_be_issued
    await issuing.issue()
    assert await issuing.documents(case_no, KIND.MAGISTRATE_REPORT) == [], "an officer signs it"
    assert any("the report to the magistrate can be issued" in note for note in await issuing.task(case_no))
    await issuing.issue_about(case_no, KIND.MAGISTRATE_REPORT, language=Language.HI)
    await issuing.issue()
    (task,) = await issuing.task(case_no)
    assert "the report to the magistrate" not in task
    await finish_by_hand(issuing.home.ctx, case_no, DutyKind.FOLLOW_UP, "sent by post", "officer:io")
    await issuing.issue()
    assert await issuing.task(case_no) == []


async def test_b2_no_notice_goes_to_a_holder_while_the_account_is_in_doubt(issuing: IssuingBench) -> None:
    case_no, _ = await issuing.at_notice(named="99999999999999")
    await issuing.issue()
    assert await issuing.documents(case_no, KIND.HOLDER_NOTICE) == [], "the notice could reach the wrong person"
    (task,) = await issuing.task(case_no)
    assert "an officer's decision on whose account is on hold" in task
    assert await issuing.home.bench.said("objection_window", case_no) == []
    await settle_newest(issuing.home.ctx, case_no, ResolutionDecision.NOTED)
    await issuing.issue()
    assert len(await issuing.documents(case_no, KIND.HOLDER_NOTICE)) == 2, "in two languages"
    assert not any("whose account is on hold" in note for note in await issuing.task(case_no))


# -- nothing twice, nothing forgotten ----------------------------------------------------------------------------------


async def test_workers_that_look_at_once_issue_each_document_once(issuing: IssuingBench) -> None:
    case_no, _ = await issuing.at_notice()
    await asyncio.gather(*(issuing.issue() for _ in range(4)))
    found = await issuing.documents(case_no, KIND.LIEN_NOTICE, KIND.HOLDER_NOTICE, KIND.STATUS_LETTER)
    assert found == [("holder_notice", "hi", 1), ("holder_notice", "en", 1), ("status_letter", "hi", 1)]


async def test_killed_before_it_is_written_down_it_is_issued_again_once(
    issuing: IssuingBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_no = await issuing.home.hold(400)
    await issuing.assign(case_no)

    async def dies(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr("activities.recovery.due_documents.due_documents.end", dies)
        with pytest.raises(asyncio.CancelledError):
            await issuing.issue_once()
    assert await issuing.documents(case_no) == [], "document, message and due document are one transaction"
    issuing.home.clock.at += due_documents.LEASE
    await issuing.issue()
    assert await issuing.documents(case_no, KIND.LIEN_NOTICE) == [("lien_notice", "en", 1)]


async def test_killed_between_issue_and_sending_it_is_sent_by_the_next(issuing: IssuingBench) -> None:
    case_no = await issuing.home.hold(400)
    await issuing.assign(case_no)
    await issuing.issue()
    issuing.box.refuses["DATA"] = "451 not now"
    await issuing.post()
    assert await issuing.mails("document_for_bank", case_no) == []
    issuing.box.refuses.clear()
    issuing.home.clock.at += timedelta(minutes=5)
    await issuing.post()
    ((_, files),) = await issuing.mails("document_for_bank", case_no)
    assert len(files) == 1


async def test_what_is_sent_is_what_was_issued_and_a_hostile_name_stays_a_name(issuing: IssuingBench) -> None:
    case_no = await issuing.home.hold(400)
    await issuing.assign(case_no, HOSTILE)
    await issuing.issue()
    await issuing.post()
    digests = {
        digest for (digest,) in await issuing.home.bench.rows("SELECT digest FROM document WHERE case_no = $1", case_no)
    }
    attached = [part for letter in issuing.box.letters for part in letter.iter_attachments()]
    sent = [part.get_content() for part in attached]
    assert {hashlib.sha256(pdf).digest() for pdf in sent} <= digests
    assert sent
    files = [part.get_filename() for part in attached]
    assert all(name and name.isascii() and "DROP" not in name for name in files)
    logged = await issuing.home.bench.value(
        "SELECT string_agg(data::text, '') FROM case_event WHERE case_no = $1", case_no
    )
    assert "DROP TABLE" not in logged


async def test_a_fault_of_ours_is_tried_again_and_costs_no_other_document(
    issuing: IssuingBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_no = await issuing.home.hold(400)
    await issuing.assign(case_no)

    async def fails(_: object) -> None:
        raise RuntimeError(HOSTILE)

    with monkeypatch.context() as patched:
        patched.setitem(due_documents._ISSUE, KIND.LIEN_NOTICE, fails)
        await issuing.issue()
    assert await issuing.documents(case_no) == [("status_letter", "hi", 1)]
    assert any("the notice of lien failed: RuntimeError" in note for note in await issuing.task(case_no))
    issuing.home.clock.at += due_documents.CHECK_AGAIN
    await issuing.issue()
    assert await issuing.documents(case_no, KIND.LIEN_NOTICE) == [("lien_notice", "en", 1)]
    assert not any("failed" in note for note in await issuing.task(case_no))


async def test_a_failure_in_the_middle_of_a_cases_round_costs_no_other_document(
    issuing: IssuingBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_no = await issuing.two_accounts("HDFC", "ICIC", "PUNB")
    lien_notice = due_documents._ISSUE[KIND.LIEN_NOTICE]

    async def fails_for_one(attempt: due_documents._Attempt) -> due_documents._Found:
        if attempt.due_document.subject == "ICIC":
            raise RuntimeError(HOSTILE)
        return await lien_notice(attempt)

    monkeypatch.setitem(due_documents._ISSUE, KIND.LIEN_NOTICE, fails_for_one)

    async def standing() -> dict[str, tuple[str, str]]:
        rows = await issuing.home.bench.rows(
            "SELECT subject, state, failure FROM due_document WHERE case_no = $1 AND kind = 'lien_notice'", case_no
        )
        return {subject: (state, failure) for subject, state, failure in rows}

    await issuing.issue()
    assert await standing() == {"HDFC": ("lacking", ""), "ICIC": ("failed", "RuntimeError"), "PUNB": ("lacking", "")}
    again_at = "SELECT next_attempt_at FROM outgoing WHERE kind = 'due_document' AND subject = $1"
    first_wait = timedelta(seconds=issuing.home.ctx.policy.messages.trying.first_wait_seconds)
    assert await issuing.home.bench.value(again_at, case_no) == issuing.home.clock.at + first_wait
    (task,) = await issuing.task(case_no)
    assert f"the notice of lien lacks {LACKS_IO}; the notice of lien failed: RuntimeError; " in task
    await issuing.assign(case_no)
    await issuing.issue()
    assert await standing() == {"HDFC": ("issued", ""), "ICIC": ("failed", "RuntimeError"), "PUNB": ("issued", "")}
    monkeypatch.setitem(due_documents._ISSUE, KIND.LIEN_NOTICE, lien_notice)
    issuing.home.clock.at += due_documents.CHECK_AGAIN
    await issuing.issue()
    assert set((await standing()).values()) == {("issued", "")}


async def test_a_fact_that_comes_while_documents_are_checked_is_not_forgotten(issuing: IssuingBench) -> None:
    case_no = await issuing.home.hold(400)

    async def send(attempt: Attempt, due: Sequence[DueDocument]) -> None:
        try:
            await DUE_DOCUMENTS.send(attempt, due)
        finally:
            await issuing.assign(case_no)

    await send_due(issuing.home.ctx, Routes(issuing.ways), replace(DUE_DOCUMENTS, send=send))
    assert await issuing.documents(case_no, KIND.LIEN_NOTICE) == []
    await issuing.issue()
    assert await issuing.documents(case_no, KIND.LIEN_NOTICE) == [("lien_notice", "en", 1)]


# -- deferred while money is traced ------------------------------------------------------------------------------------


@pytest.mark.parametrize("clock_factor", [1.0, 60.0])
async def test_documents_of_a_case_whose_money_is_traced_wait_for_its_first_quarter_of_an_hour(
    issuing: IssuingBench, clock_factor: float
) -> None:
    issuing.home.ctx = replace(issuing.home.ctx, policy=load_policy(), clock_factor=clock_factor)
    case_no = await issuing.home.hold(400)
    await issuing.assign(case_no)
    wait = timedelta(seconds=issuing.home.ctx.policy.background_priority.documents_after_seconds / clock_factor)
    assert wait == timedelta(minutes=15) / clock_factor
    opened_at = await issuing.home.bench.value("SELECT opened_at FROM case_file WHERE case_no = $1", case_no)
    due = "UPDATE outgoing SET next_attempt_at = $2 WHERE kind = 'due_document' AND subject = $1"
    await issuing.pool.execute(due, case_no, opened_at)
    issuing.home.clock.at = opened_at + wait - timedelta(milliseconds=1)
    await issuing.issue()
    assert await issuing.documents(case_no) == []
    issuing.home.clock.at = opened_at + wait
    await issuing.issue()
    assert await issuing.documents(case_no, KIND.LIEN_NOTICE) == [("lien_notice", "en", 1)]


async def test_documents_of_a_settled_case_come_at_once(issuing: IssuingBench) -> None:
    issuing.home.ctx = replace(issuing.home.ctx, policy=load_policy())
    case_no = await issuing.home.hold(400)
    await issuing.assign(case_no)
    await issuing.home.bench.settle(case_no)
    await issuing.issue()
    assert await issuing.documents(case_no, KIND.LIEN_NOTICE) == [("lien_notice", "en", 1)]


def test_the_task_names_each_missing_field_once_for_each_kind() -> None:
    lacks, ready = DueDocumentState.LACKING, DueDocumentState.READY
    found = [
        DueDocumentStatus(kind=KIND.LIEN_NOTICE, state=lacks, lacking=("officer.name", "officer.phone"), failure=""),
        DueDocumentStatus(kind=KIND.LIEN_NOTICE, state=lacks, lacking=("officer.name",), failure=""),
        DueDocumentStatus(kind=KIND.MAGISTRATE_REPORT, state=ready, lacking=(), failure=""),
    ]
    facts = TaskFacts(documents=documents_waiting(found))
    said = compose(TaskCause.DOCUMENTS_WAIT, about(TaskSubject.CASE, "1"), facts)
    assert said == (
        "documents: the notice of lien lacks the investigating officer, the officer's telephone;"
        " the report to the magistrate can be issued"
    )
    assert documents_waiting([]) == ()
