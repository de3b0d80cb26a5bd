"""Papers that come by themselves: issued once, sent, waited for by name of what they lack, and never forgotten."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from activities import paper_errands
from activities.duties import finish_by_hand
from activities.hands import Hands
from activities.messaging import Ways, send_due
from activities.paper_errands import PREFIX, issue_papers_due, names_all, note_of
from activities.papers import issue_about, preview
from adapters.messages.smtp import Mailer
from db.paper_errands import Standing
from schemas.enums import Language
from schemas.paper_errands import ErrandState
from schemas.papers import AccountFacts, Particulars
from schemas.restoration_enums import DutyKind, ObjectionDecision, PaperKind
from schemas.restorations import RestorationVerb
from tests.activities.way_home import DAY, DESK, Home
from tests.factories import moved, row, rrn, transfer
from tests.mail_server import Postbox, mail_server

KIND = PaperKind
APPEAL = "https://gh.example/appeal"
HOSTILE = "#let x = sys; $1/0$ <script>\"'; DROP TABLE paper; -- \u202egnp.exe मोहन"
LACKS_IO = "officer.name, officer.rank, officer.police_station, officer.phone"


class Office:
    """A bench whose papers are issued by hand of the test, and its mail taken by a server of its own."""

    def __init__(self, home: Home, box: Postbox, mail: Mailer) -> None:
        self.home = home
        self.box = box
        self.ways = Ways(mail=mail)

    @property
    def pool(self) -> Any:
        return self.home.bench.pool

    async def issue(self) -> None:
        """Issue whatever is due now."""
        while await issue_papers_due(self.home.hands, APPEAL):
            pass

    async def post(self) -> None:
        while await send_due(self.home.hands, self.ways):
            pass

    async def assign(self, case_no: str, name: str = "R. Verma") -> None:
        for duty in ("io", "supervising"):
            await self.pool.execute(
                "INSERT INTO case_officer (case_no, duty, assignment_no, subject, name, rank, police_station, district,"
                " phone, assigned_by, assigned_at) VALUES ($1, $2, 1, $2, $3, 'Inspector', 'Cyber Cell', 'LUCKNOW',"
                " '9000000009', 'officer:chief', $4)",
                case_no,
                duty,
                name,
                self.home.clock.at,
            )

    async def two_accounts(self, *banks: str) -> str:
        """A case with ₹1,000 on hold at an account of each of these banks."""
        roots = [(bank, rrn()) for bank in banks]
        case_no = await self.home.bench.complain(
            *(
                transfer(1000_00, reference=root, payee={"institution": bank, "account": f"5{rrn()}"})
                for bank, root in roots
            )
        )
        for bank, root in roots:
            await self.home.bench.answer(bank, case_no, row(1, root, "1000.00"))
        await self.home.take_up(case_no)
        return case_no

    async def copy_of_fir(self, case_no: str) -> None:
        await self.pool.execute(
            "UPDATE fir SET document = $2, document_digest = sha256($2), police_station = 'Cell' WHERE case_no = $1",
            case_no,
            b"%PDF-1.7 a report",
        )

    async def papers(self, case_no: str, *kinds: PaperKind) -> list[tuple[Any, ...]]:
        """Kind, language and revision of a case's papers, in order."""
        return await self.home.bench.rows(
            "SELECT kind, language, revision FROM paper WHERE case_no = $1 AND kind = ANY($2)"
            " ORDER BY kind, revision, language DESC",
            case_no,
            [kind.value for kind in kinds or tuple(KIND)],
        )

    async def facts(self, case_no: str, kind: PaperKind, revision: int = 1) -> dict[str, Any]:
        found: dict[str, Any] = await self.home.bench.value(
            "SELECT facts FROM paper WHERE case_no = $1 AND kind = $2 AND revision = $3 ORDER BY language LIMIT 1",
            case_no,
            kind.value,
            revision,
        )
        return found

    async def task(self, case_no: str) -> list[str]:
        """The notes of the case's open tasks about papers."""
        return [
            note.removeprefix(PREFIX)
            for (note,) in await self.home.bench.rows(
                "SELECT note FROM desk_task WHERE case_no = $1 AND state = 'open' AND starts_with(note, $2)",
                case_no,
                PREFIX,
            )
        ]

    async def at_notice(self, **victim: Any) -> tuple[str, UUID]:
        """A case with an officer whose money is on hold, at the holder's notice."""
        case_no = await self.home.hold(400, **victim)
        await self.assign(case_no)
        restoration = await self.home.of(case_no)
        await self.home.tick(restoration, 3)
        await self.home.apply(restoration)
        await self.home.verify(restoration)
        return case_no, restoration

    async def mails(self, kind: str, case_no: str) -> list[tuple[str, list[str]]]:
        """To whom the letters of a kind went, and the files that went with each."""
        addresses = await self.home.bench.rows(
            "SELECT address FROM message WHERE case_no = $1 AND kind = $2 AND medium = 'email'", case_no, kind
        )
        known = {address for (address,) in addresses}
        return [
            (letter["To"], [part.get_filename() or "" for part in letter.iter_attachments()])
            for letter in self.box.letters
            if letter["To"] in known and case_no in letter["Subject"]
        ]


@pytest.fixture
async def office(hands: Hands) -> AsyncIterator[Office]:
    box = Postbox()
    async with mail_server(box) as port:
        await hands.pool.execute("UPDATE message SET next_attempt_at = NULL")
        await hands.pool.execute(
            "UPDATE paper_errand SET state = 'overtaken', lacking = '{}', next_attempt_at = NULL, ended_at = opened_at"
            " WHERE ended_at IS NULL"
        )
        yield Office(Home(hands), box, Mailer.from_url(f"smtp://127.0.0.1:{port}?from=cyber@police.example"))


# -- lien notices ------------------------------------------------------------------------------------------------------


async def test_a_bank_that_holds_money_has_one_notice_as_soon_as_there_is_an_officer(office: Office) -> None:
    case_no = await office.two_accounts("HDFC", "ICIC")
    await office.issue()
    assert await office.papers(case_no, KIND.LIEN_NOTICE) == []
    (task,) = await office.task(case_no)
    assert f"lien_notice lacks {LACKS_IO}" in task
    assert re.search(r"follow_up lacks [^;]*fir\.number", task)
    await office.assign(case_no)
    await office.issue()
    banks = await office.home.bench.rows(
        "SELECT institution, revision, facts ->> 'emergency' FROM paper WHERE case_no = $1 AND kind = 'lien_notice'"
        " ORDER BY institution",
        case_no,
    )
    assert banks == [("HDFC", 1, "true"), ("ICIC", 1, "true")]
    (task,) = await office.task(case_no)
    assert "lien_notice" not in task
    assert "magistrate_report can be issued" in task
    await office.post()
    sent = await office.mails("paper_for_bank", case_no)
    assert sorted(to for to, _ in sent) == ["desk@hdfc.example", "desk@icic.example"]
    assert all(len(files) == 1 and files[0].startswith("GH-UP-LN-") for _, files in sent)


async def test_once_there_is_an_fir_with_its_copy_the_notice_is_issued_anew(office: Office) -> None:
    case_no = await office.home.hold(400)
    await office.assign(case_no)
    await office.issue()
    await office.home.register_fir(case_no)
    await office.issue()
    assert await office.papers(case_no, KIND.LIEN_NOTICE) == [("lien_notice", "en", 1)]
    assert any("lien_notice lacks fir.copy_digest" in note for note in await office.task(case_no))
    await office.copy_of_fir(case_no)
    await office.issue()
    assert await office.papers(case_no, KIND.LIEN_NOTICE) == [("lien_notice", "en", 1), ("lien_notice", "en", 2)]
    anew = await office.facts(case_no, KIND.LIEN_NOTICE, 2)
    assert (anew["emergency"], anew["fir"]["number"]) == (False, "12/2026")
    await office.pool.execute("UPDATE fir SET document_digest = document_digest WHERE case_no = $1", case_no)
    await office.issue()
    assert len(await office.papers(case_no, KIND.LIEN_NOTICE)) == 2, "it says all of that already"
    await office.post()
    attached = [len(files) for _, files in await office.mails("paper_for_bank", case_no)]
    assert sorted(attached) == [1, 2], "the second goes with the copy of the report"


async def test_another_account_at_the_same_bank_is_named_in_the_next_revision(office: Office) -> None:
    bench, first, second = office.home.bench, rrn(), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=first, payee={"institution": "HDFC", "account": "5001"}))
    await office.assign(case_no)
    await bench.answer("HDFC", case_no, row(1, first, "400.00"))
    await office.home.take_up(case_no)
    await office.issue()
    await bench.answer("HDFC", case_no, moved(first, "600.00", "HDFC", "5002", rrn_transaction_id=second))
    await office.issue()
    assert await office.papers(case_no, KIND.LIEN_NOTICE) == [("lien_notice", "en", 1)], "nothing more is on hold"
    await bench.answer("HDFC", case_no, row(1, second, "600.00"))
    await office.home.take_up(case_no)
    await office.issue()
    assert await office.papers(case_no, KIND.LIEN_NOTICE) == [("lien_notice", "en", 1), ("lien_notice", "en", 2)]
    named = (await office.facts(case_no, KIND.LIEN_NOTICE, 2))["accounts"]
    assert {one["account"]: one["amount_paise"] for one in named} == {"5001": 400_00, "5002": 600_00}


def test_a_notice_names_an_account_with_at_least_what_is_on_hold_there() -> None:
    said = [AccountFacts(account="1", amount_paise=500)]
    assert names_all(said, [AccountFacts(account="1", amount_paise=500)])
    assert not names_all(said, [AccountFacts(account="1", amount_paise=501)])
    assert not names_all(said, [*said, AccountFacts(account="2", amount_paise=1)])


async def test_a_bank_without_a_mailbox_is_handed_its_notice_by_a_person(office: Office) -> None:
    case_no = await office.home.hold(400)
    await office.pool.execute("UPDATE institution SET desk_email = '' WHERE code = 'HDFC'")
    try:
        await office.assign(case_no)
        await office.issue()
    finally:
        await office.pool.execute("UPDATE institution SET desk_email = 'desk@hdfc.example' WHERE code = 'HDFC'")
    number = await office.home.bench.value(
        "SELECT number FROM paper WHERE case_no = $1 AND kind = 'lien_notice'", case_no
    )
    asked = await office.home.bench.rows(
        "SELECT institution, note FROM desk_task WHERE case_no = $1 AND kind = 'phone_bank' AND note LIKE '%GH/%'",
        case_no,
    )
    assert asked == [("HDFC", f"nobody can be told: {number} for HDFC")]


# -- reports of an officer ---------------------------------------------------------------------------------------------


async def test_the_desk_sees_which_report_an_officer_can_issue(office: Office) -> None:
    case_no = await office.home.hold(400)
    before = await preview(office.home.hands, case_no, KIND.MAGISTRATE_REPORT, "")
    assert not before.can_be_issued
    assert "officer.name" in {one.field for one in before.lacking}
    await office.assign(case_no)
    assert (await preview(office.home.hands, case_no, KIND.MAGISTRATE_REPORT, "")).can_be_issued
    await office.issue()
    assert await office.papers(case_no, KIND.MAGISTRATE_REPORT) == [], "an officer signs it"
    assert any("magistrate_report can be issued" in note for note in await office.task(case_no))
    async with office.pool.acquire() as connection, connection.transaction():
        await issue_about(
            connection,
            office.home.hands,
            KIND.MAGISTRATE_REPORT,
            "",
            language=Language.HI,
            case_no=case_no,
            issued_by="officer:io",
            now=office.home.clock.at,
        )
    await office.issue()
    (task,) = await office.task(case_no)
    assert "magistrate_report" not in task
    await finish_by_hand(office.home.hands, case_no, DutyKind.FOLLOW_UP, "sent on paper", "officer:io")
    await office.issue()
    assert await office.task(case_no) == []


# -- notice to the holder ----------------------------------------------------------------------------------------------


async def test_a_holder_has_notice_in_two_languages_and_the_time_to_object_runs_from_it(office: Office) -> None:
    case_no, restoration = await office.at_notice()
    home = office.home
    home.clock.at += 2 * DAY
    await office.issue()
    assert await office.papers(case_no, KIND.HOLDER_NOTICE) == [("holder_notice", "hi", 1), ("holder_notice", "en", 1)]
    said = await office.facts(case_no, KIND.HOLDER_NOTICE)
    due_at = await home.bench.value(
        "SELECT due_at FROM restoration_step WHERE restoration_id = $1 AND ended_at IS NULL", restoration
    )
    assert due_at == home.clock.at + 15 * DAY
    assert said["object_by"].startswith(due_at.strftime("%Y-%m-%dT%H:%M"))
    assert said["appeal"]["address"] == APPEAL
    await office.post()
    ((to, files),) = await office.mails("objection_window", case_no)
    assert to == "desk@hdfc.example", "the bank has told no way to its customer"
    assert [name.rsplit(".", 2)[1] for name in files] == ["hi", "en"]
    assert "end_step" not in await home.tick(restoration, 14.9)
    assert "end_step" in await home.tick(restoration, 0.2)


async def test_a_step_does_not_end_before_its_notice_is_issued(office: Office) -> None:
    case_no = await office.home.hold(400)
    restoration = await office.home.of(case_no)
    await office.home.tick(restoration, 3)
    await office.home.apply(restoration)
    await office.home.verify(restoration)
    await office.issue()
    assert any(f"holder_notice lacks {LACKS_IO}" in note for note in await office.task(case_no))
    office.home.clock.at += 40 * DAY
    assert {due.what for due in (await office.home.look(restoration)).dues} == {"remind", "escalate"}
    await office.assign(case_no)
    await office.issue()
    dues = {due.what: due.at for due in (await office.home.look(restoration)).dues}
    assert dues["end_step"] == office.home.clock.at + 15 * DAY
    assert not any("holder_notice" in note for note in await office.task(case_no))


async def test_every_turn_has_a_notice_of_its_own_and_one_that_ended_needs_none(office: Office) -> None:
    case_no, restoration = await office.at_notice()
    await office.issue()
    await office.home.send_back(restoration)
    await office.home.verify(restoration)
    await office.issue()
    revisions = [revision for _, _, revision in await office.papers(case_no, KIND.HOLDER_NOTICE)]
    assert revisions == [1, 1, 2, 2]
    await office.home.send_back(restoration)
    await office.home.verify(restoration)
    await office.home.waive(restoration)
    await office.issue()
    assert len(await office.papers(case_no, KIND.HOLDER_NOTICE)) == 4


async def test_cause_is_shown_by_a_notice_that_an_officer_has_issued(office: Office) -> None:
    case_no, restoration = await office.at_notice()
    hold_id = await office.home.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
    await office.home.register_fir(case_no)
    await office.home.give_notice(restoration)
    await office.pool.execute(
        "UPDATE restoration_step SET ended_at = $2, ended_by = 'engine', outcome = 'cancelled'"
        " WHERE restoration_id = $1 AND ended_at IS NULL",
        restoration,
        office.home.clock.at,
    )
    await office.pool.execute(
        "INSERT INTO restoration_step (restoration_id, step, turn, opened_at, due_at)"
        " VALUES ($1, 'show_cause', 1, $2, $3)",
        restoration,
        office.home.clock.at,
        office.home.clock.at + 14 * DAY,
    )
    await office.pool.execute(
        "UPDATE restoration SET step = 'show_cause', turn = 1, route = 'magistrate_107' WHERE restoration_id = $1",
        restoration,
    )
    await office.issue()
    (task,) = [note for note in await office.task(case_no) if "notice_107" in note]
    assert "notice_107 lacks place, show_cause_by, grounds" in task
    by = office.home.clock.at + 20 * DAY
    async with office.pool.acquire() as connection, connection.transaction():
        await issue_about(
            connection,
            office.home.hands,
            KIND.NOTICE_107,
            str(hold_id),
            language=Language.EN,
            case_no=case_no,
            issued_by="officer:io",
            now=office.home.clock.at,
            particulars=Particulars(place="CJM Lucknow", by=by, grounds="came from the victim"),
        )
    await office.issue()
    due_at = await office.home.bench.value(
        "SELECT due_at FROM restoration_step WHERE restoration_id = $1 AND ended_at IS NULL", restoration
    )
    assert due_at == by
    told = await office.home.bench.rows(
        "SELECT to_whom, count(p.*) FROM message m LEFT JOIN message_paper p USING (message_id)"
        " WHERE case_no = $1 AND kind = 'objection_window' AND to_whom = 'bank' GROUP BY to_whom",
        case_no,
    )
    assert told == [("bank", 1)]


# -- letters to the victim ---------------------------------------------------------------------------------------------


async def test_the_victim_has_a_letter_when_it_is_opened_approved_and_over(office: Office) -> None:
    home = office.home
    case_no = await home.hold(400)
    await home.bench.pool.execute(
        "UPDATE victim SET email = 'asha@example.org', language = 'hi' WHERE victim_id ="
        " (SELECT victim_id FROM complaint WHERE ack_no = $1)",
        case_no,
    )
    await office.assign(case_no)
    await office.issue()
    restoration = await home.of(case_no)
    await home.to_credit(restoration)
    await office.issue()
    await home.confirm(restoration)
    await home.tick(restoration)
    await home.do(restoration, RestorationVerb.RECEIVE_BOND, DESK)
    await office.issue()
    letters = await office.papers(case_no, KIND.STATUS_LETTER)
    assert letters == [("status_letter", "hi", revision) for revision in (1, 2, 3)]
    last = await office.facts(case_no, KIND.STATUS_LETTER, 3)
    assert {one["bucket"]: one["amount_paise"] for one in last["buckets"]} == {"restored": 400_00}
    await office.post()
    sent = [files for to, files in await office.mails("status_letter", case_no) if files]
    assert [name.startswith("GH-UP-SL-") for (name,) in sent] == [True, True, True]
    texts = await home.bench.rows(
        "SELECT count(*) FROM message WHERE case_no = $1 AND kind = 'status_letter' AND medium = 'sms'", case_no
    )
    assert texts == [(3,)]


async def test_of_the_letters_that_wait_the_newest_says_it_all(office: Office) -> None:
    case_no, restoration, _ = await office.home.two_accounts()
    await office.issue()
    await office.home.decide(restoration, await office.home.object(restoration), ObjectionDecision.UPHELD)
    await office.assign(case_no)
    await office.issue()
    assert len(await office.papers(case_no, KIND.STATUS_LETTER)) == 1


# -- nothing twice, nothing forgotten ----------------------------------------------------------------------------------


async def test_workers_that_look_at_once_issue_each_paper_once(office: Office) -> None:
    case_no, _ = await office.at_notice()
    await asyncio.gather(*(office.issue() for _ in range(4)))
    found = await office.papers(case_no, KIND.LIEN_NOTICE, KIND.HOLDER_NOTICE, KIND.STATUS_LETTER)
    assert found == [("holder_notice", "hi", 1), ("holder_notice", "en", 1), ("status_letter", "hi", 1)]


async def test_killed_before_it_is_written_down_it_is_issued_again_once(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_no = await office.home.hold(400)
    await office.assign(case_no)

    async def dies(*_: object, **__: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr("activities.paper_errands.paper_errands.end", dies)
        with pytest.raises(asyncio.CancelledError):
            await issue_papers_due(office.home.hands)
    assert await office.papers(case_no) == [], "paper, message and errand are one transaction"
    office.home.clock.at += paper_errands.LEASE
    await office.issue()
    assert await office.papers(case_no, KIND.LIEN_NOTICE) == [("lien_notice", "en", 1)]


async def test_killed_between_issue_and_sending_it_is_sent_by_the_next(office: Office) -> None:
    case_no = await office.home.hold(400)
    await office.assign(case_no)
    await office.issue()
    office.box.refuses["DATA"] = "451 not now"
    await office.post()
    assert await office.mails("paper_for_bank", case_no) == []
    office.box.refuses.clear()
    office.home.clock.at += timedelta(minutes=5)
    await office.post()
    ((_, files),) = await office.mails("paper_for_bank", case_no)
    assert len(files) == 1


async def test_what_is_sent_is_what_was_issued_and_a_hostile_name_stays_a_name(office: Office) -> None:
    case_no = await office.home.hold(400)
    await office.assign(case_no, HOSTILE)
    await office.issue()
    await office.post()
    digests = {
        digest for (digest,) in await office.home.bench.rows("SELECT digest FROM paper WHERE case_no = $1", case_no)
    }
    attached = [part for letter in office.box.letters for part in letter.iter_attachments()]
    sent = [part.get_content() for part in attached]
    assert {hashlib.sha256(pdf).digest() for pdf in sent} <= digests
    assert sent
    files = [part.get_filename() for part in attached]
    assert all(name and name.isascii() and "DROP" not in name for name in files)
    logged = await office.home.bench.value(
        "SELECT string_agg(data::text, '') FROM case_event WHERE case_no = $1", case_no
    )
    assert "DROP TABLE" not in logged


async def test_a_fault_of_ours_is_tried_again_and_costs_no_other_paper(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_no = await office.home.hold(400)
    await office.assign(case_no)

    async def fails(_: object) -> None:
        raise RuntimeError(HOSTILE)

    with monkeypatch.context() as patched:
        patched.setitem(paper_errands._HOW, KIND.LIEN_NOTICE, fails)
        await office.issue()
    assert await office.papers(case_no) == [("status_letter", "hi", 1)]
    assert any("lien_notice failed: RuntimeError" in note for note in await office.task(case_no))
    office.home.clock.at += paper_errands.LOOK_AGAIN
    await office.issue()
    assert await office.papers(case_no, KIND.LIEN_NOTICE) == [("lien_notice", "en", 1)]
    assert not any("failed" in note for note in await office.task(case_no))


def test_the_task_names_each_missing_field_once_for_each_kind() -> None:
    lacks, ready = ErrandState.LACKING, ErrandState.READY
    found = [
        Standing(kind=KIND.LIEN_NOTICE, state=lacks, lacking=("officer.name", "officer.phone"), failure=""),
        Standing(kind=KIND.LIEN_NOTICE, state=lacks, lacking=("officer.name",), failure=""),
        Standing(kind=KIND.MAGISTRATE_REPORT, state=ready, lacking=(), failure=""),
    ]
    assert note_of(found) == "papers: lien_notice lacks officer.name, officer.phone; magistrate_report can be issued"
    assert note_of([]) == ""
