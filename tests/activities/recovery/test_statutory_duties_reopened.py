"""Duties and their documents: each lien is reported, by the court's diary; what falls with an FIR is owed again."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from activities.case.transaction import case_transaction, lock_case
from activities.context import Context
from activities.recovery.confirmations import take_confirmation
from activities.recovery.document_issuing import issue_about
from activities.recovery.firs import assign_officer, sign_fir, take_fir
from activities.recovery.orders import plan_order
from activities.recovery.statutory_duties import NOTHING_LEFT, finish_by_hand
from adapters.messages.smtp import Mailer
from domain.errors import NotNow
from domain.errors.restoration import DiaryEntryMissing, DiaryNoUsed, DutyDone, DutyNotHandedIn
from schemas.case.police import NewFir, NewOfficer, SignFir
from schemas.enums import Language
from schemas.recovery.court_orders import Duty, HandedIn
from schemas.recovery.document_facts import IssuedDocument
from schemas.recovery.orders import ConfirmedLine, NewOrder, NewOrderLine, OrderConfirmation
from schemas.restoration_enums import DocumentKind, DutyKind, OrderKind, OrderReason
from tests.activities.document_issuing import IssuingBench
from tests.activities.recovery.test_statutory_duties import FOLLOW_UP_DUE, Duties
from tests.activities.restoration_bench import DAY
from tests.factories import row, rrn, transfer
from tests.mail_server import Postbox
from tests.opened_bodies import opened_rows

REPORT, FOLLOW_UP = DutyKind.MAGISTRATE_REPORT, DutyKind.FOLLOW_UP
HOUR = timedelta(hours=1)
TO_HAND_IN = (
    "submit the report to the magistrate, and enter the diary number of the court under Police and courts in the case"
)


class Court(IssuingBench):
    """A bench whose case has duties, and a court with a diary."""

    home: Duties

    async def case(self, *held: str) -> str:
        """A case of ₹1,000 at HDFC and ₹2,000 at ICIC, on hold at these banks; with officers."""
        self.roots = {"HDFC": rrn(), "ICIC": rrn()}
        self.rupees = {"HDFC": 1_000, "ICIC": 2_000}
        case_no = await self.home.bench.complain(
            *(
                transfer(self.rupees[bank] * 100, reference=root, payee={"institution": bank, "account": f"5{rrn()}"})
                for bank, root in self.roots.items()
            )
        )
        await self.assign(case_no)
        for bank in held:
            await self.holds(case_no, bank)
        return case_no

    async def holds(self, case_no: str, bank: str) -> None:
        await self.home.bench.answer(bank, case_no, row(1, self.roots[bank], f"{self.rupees[bank]}.00"))
        # The bench answers by the wall's clock.
        await self.pool.execute(
            "UPDATE held_hop SET held_at = $2 WHERE case_no = $1 AND hold_opened_at IS NULL",
            case_no,
            self.home.clock.at,
        )
        await self.home.open_for_new_holds(case_no)

    async def issued(self, case_no: str, kind: DocumentKind, subject: str = "", revision: int = 1) -> IssuedDocument:
        async with case_transaction(self.home.ctx, case_no, "officer:io") as work:
            return await issue_about(work, kind, subject, language=Language.EN, revision=revision)

    async def hand_in(self, case_no: str, diary_no: str, at: datetime | None = None) -> Duty:
        told = HandedIn(diary_no=diary_no, at=at or self.home.clock.at)
        return await finish_by_hand(self.home.ctx, case_no, REPORT, "", "officer:io", handed_in=told)

    async def lets_go(self, case_no: str, bank: str) -> None:
        """Order the bank to release all that it holds, and confirm it."""
        async with self.pool.acquire() as connection, connection.transaction():
            (line,) = await connection.fetch(
                "SELECT h.hop_no, a.hold_id FROM hop h JOIN account_hold a USING (case_no, institution, account_key)"
                " WHERE h.case_no = $1 AND h.institution = $2",
                case_no,
                bank,
            )
            asked = NewOrder(
                kind=OrderKind.RELEASE,
                reason=OrderReason.LEFTOVER,
                case_no=case_no,
                institution=bank,
                ordered_by="officer:sp",
                lines=(NewOrderLine(**dict(line), amount_paise=self.rupees[bank] * 100),),
            )
            order_id = await plan_order(await lock_case(self.home.ctx, connection, case_no, asked.ordered_by), asked)
        done = ConfirmedLine(line_no=1, amount_paise=self.rupees[bank] * 100, done_at=self.home.clock.at)
        said = OrderConfirmation(lines=(done,))
        await take_confirmation(self.home.ctx, bank, order_id, said, f"bank:{bank}")
        # A movement of money wakes no workflow: it is seen within the hour.
        self.home.clock.at += HOUR

    async def regular_fir(self, case_no: str) -> None:
        await self.home.register_fir(case_no)
        await self.copy_of_fir(case_no)

    async def open_duties(self, case_no: str) -> dict[str, Any]:
        """What waits, and since when."""
        return dict(
            await self.home.bench.rows(
                "SELECT kind, opened_at FROM duty WHERE case_no = $1 AND done_at IS NULL", case_no
            )
        )

    async def supervise(self, case_no: str) -> list[str]:
        rows = await self.home.bench.rows(
            "SELECT cause FROM desk_task WHERE case_no = $1 AND kind = 'supervise' AND state = 'open' ORDER BY cause",
            case_no,
        )
        return [cause for (cause,) in rows]


@pytest.fixture
def court(ctx: Context) -> Court:
    return Court(Duties(ctx), Postbox(), Mailer.from_url("smtp://127.0.0.1:1?from=cyber@police.example"))


async def test_a_report_is_handed_in_before_the_magistrate_is_told(court: Court) -> None:
    case_no = await court.case("HDFC")
    document = await court.issued(case_no, DocumentKind.MAGISTRATE_REPORT)
    assert set(await court.open_duties(case_no)) == {"magistrate_report", "follow_up"}
    assert await court.home.notes(case_no) == [TO_HAND_IN, FOLLOW_UP_DUE]
    assert "escalate:magistrate_report" in await court.home.pass_time(case_no, 26 * HOUR), "its clock runs on"
    with pytest.raises(DiaryEntryMissing):
        await finish_by_hand(court.home.ctx, case_no, REPORT, "the court has it", "officer:io")
    for at, why in ((court.home.clock.at + HOUR, "future"), (court.home.clock.at - 2 * DAY, "handed in before")):
        with pytest.raises(NotNow, match=why):
            await court.hand_in(case_no, "DD 4/2026", at)
    at = court.home.clock.at - 20 * HOUR
    done = await court.hand_in(case_no, "DD 4/2026", at)
    assert (done.document_id, done.diary_no, done.handed_in_at) == (document.document_id, "DD 4/2026", at)
    assert await court.hand_in(case_no, "DD 4/2026", at) == done, "twice is once"
    with pytest.raises(DutyDone):
        await court.hand_in(case_no, "DD 5/2026", at)
    assert await court.home.notes(case_no) == [FOLLOW_UP_DUE]
    (told,) = await court.home.events(case_no, "duty_done")
    assert (told["diary_no"], told["late"]) == ("DD 4/2026", False), "it counts when it was handed in"
    with pytest.raises(DutyNotHandedIn):
        await finish_by_hand(
            court.home.ctx, case_no, FOLLOW_UP, "", "officer:io", handed_in=HandedIn(diary_no="1", at=at)
        )


async def test_every_hold_is_reported_to_the_magistrate(court: Court) -> None:
    case_no = await court.case("HDFC")
    await court.regular_fir(case_no)
    await court.issued(case_no, DocumentKind.MAGISTRATE_REPORT)
    await court.hand_in(case_no, "DD 1/2026")
    await court.issued(case_no, DocumentKind.FOLLOW_UP, "HDFC")
    await court.issue()
    assert await court.open_duties(case_no) == {}
    court.home.clock.at += 5 * DAY
    await court.holds(case_no, "ICIC")
    now = court.home.clock.at
    assert await court.open_duties(case_no) == {"magistrate_report": now, "follow_up": now}
    await court.issue()
    (task,) = await court.task(case_no)
    assert "the report to the magistrate can be issued" in task
    where = "WHERE case_no = $1 AND kind = 'lien_notice' AND institution = 'ICIC'"
    (notice,) = await opened_rows(court.home.ctx, "document", where, case_no)
    assert datetime.fromisoformat(notice["facts"]["magistrate_report_by"]) == now + 24 * HOUR
    with pytest.raises(DiaryNoUsed):
        await court.hand_in(case_no, "DD 1/2026")
    await court.issued(case_no, DocumentKind.MAGISTRATE_REPORT, revision=2)
    await court.hand_in(case_no, "DD 2/2026")
    await court.issued(case_no, DocumentKind.FOLLOW_UP, "ICIC")
    assert await court.open_duties(case_no) == {}
    await court.home.open_for_new_holds(case_no)
    assert await court.home.open(case_no) == 0, "every paisa is reported"


async def test_what_came_on_hold_after_the_report_was_issued_is_a_duty_of_its_own(court: Court) -> None:
    case_no = await court.case("HDFC")
    await court.issued(case_no, DocumentKind.MAGISTRATE_REPORT)
    court.home.clock.at += 3 * HOUR
    held_at = court.home.clock.at
    await court.holds(case_no, "ICIC")
    await court.issue()
    (task,) = await court.task(case_no)
    assert "the report to the magistrate can be issued" in task, "the one that is issued does not name it"
    court.home.clock.at += HOUR
    await court.hand_in(case_no, "DD 1/2026")
    assert (await court.open_duties(case_no))["magistrate_report"] == held_at, "24 hours from the hold"


async def test_a_report_that_was_written_otherwise_names_what_was_on_hold_by_then(court: Court) -> None:
    case_no = await court.case("HDFC")
    court.home.clock.at += HOUR
    before = court.home.clock.at
    court.home.clock.at += HOUR
    await court.holds(case_no, "ICIC")
    await court.hand_in(case_no, "DD 1/2026", before)
    assert (await court.open_duties(case_no))["magistrate_report"] == court.home.clock.at
    await court.hand_in(case_no, "DD 2/2026")
    assert "magistrate_report" not in await court.open_duties(case_no)


async def test_a_notice_to_a_bank_says_when_the_magistrate_was_told(court: Court) -> None:
    case_no = await court.case("HDFC")
    await court.hand_in(case_no, "DD 1/2026", court.home.clock.at)
    court.home.clock.at += 25 * HOUR
    await court.issue()
    said = await court.facts(case_no, DocumentKind.LIEN_NOTICE)
    assert not said["magistrate_report_late"]
    assert datetime.fromisoformat(said["magistrate_told_at"]) == court.home.clock.at - 25 * HOUR
    assert said["magistrate_diary_no"] == "DD 1/2026"


async def test_a_notice_to_a_bank_says_that_the_magistrate_should_have_been_told(court: Court) -> None:
    case_no = await court.case("HDFC")
    court.home.clock.at += 25 * HOUR
    await court.issue()
    said = await court.facts(case_no, DocumentKind.LIEN_NOTICE)
    assert (said["magistrate_told_at"], said["magistrate_report_late"]) == (None, True)


async def test_a_notice_to_a_bank_names_no_report_that_was_not_needed(court: Court) -> None:
    case_no = await court.case("HDFC")
    await court.lets_go(case_no, "HDFC")
    await finish_by_hand(court.home.ctx, case_no, REPORT, "nothing is on hold", "officer:io")
    court.home.clock.at += 30 * HOUR
    await court.issued(case_no, DocumentKind.LIEN_NOTICE, "ICIC")
    said = await court.facts(case_no, DocumentKind.LIEN_NOTICE)
    assert (said["magistrate_told_at"], said["magistrate_report_late"]) == (None, False)
    assert datetime.fromisoformat(said["magistrate_report_by"]) == court.home.clock.at + 24 * HOUR


async def test_the_follow_up_is_done_when_the_last_bank_without_one_holds_nothing_more(court: Court) -> None:
    case_no = await court.case("HDFC", "ICIC")
    await court.regular_fir(case_no)
    await court.issued(case_no, DocumentKind.FOLLOW_UP, "HDFC")
    await court.issue()
    assert "follow_up" in await court.open_duties(case_no)
    await court.lets_go(case_no, "ICIC")
    await court.issue()
    assert "follow_up" not in await court.open_duties(case_no)
    assert (await court.home.events(case_no, "duty_done"))[-1]["reason"] == NOTHING_LEFT


async def test_no_bank_is_followed_up_that_holds_nothing_when_the_time_comes(court: Court) -> None:
    case_no = await court.case("HDFC")
    await court.lets_go(case_no, "HDFC")
    await court.home.pass_time(case_no, 4 * DAY)
    assert "follow_up" not in await court.open_duties(case_no)
    overdue = [one["kind"] for one in await court.home.events(case_no, "duty_overdue")]
    assert "follow_up" not in overdue


async def test_what_was_sent_under_an_fir_that_lapses_is_owed_again_until_it_is_signed(court: Court) -> None:
    home = court.home
    case_no = await court.case("HDFC")
    by_hand = {"fir_no": "EZ9/2026", "police_station": "Cyber", "registered_at": home.clock.at}
    fir = await take_fir(
        home.ctx, case_no, NewFir.model_validate({"kind": "e_zero_fir", "by_hand": by_hand}), "officer:io"
    )
    await court.copy_of_fir(case_no)
    await court.issue()
    await court.issued(case_no, DocumentKind.MAGISTRATE_REPORT)
    await court.hand_in(case_no, "DD 1/2026")
    await court.issued(case_no, DocumentKind.FOLLOW_UP, "HDFC")
    assert set(await court.open_duties(case_no)) == {"fir_signature"}
    assert "lapse:fir_signature" in await home.pass_time(case_no, 73 * HOUR)
    assert set(await court.open_duties(case_no)) == {"follow_up"}
    assert await court.supervise(case_no) == ["fir_lapsed"]
    await court.issue()
    (task,) = await court.task(case_no)
    assert "the notice of lien lacks a copy of the FIR" in task
    assert "the order of seizure after a lien lacks the number of the FIR" in task
    signing = {"signed_at": home.clock.at - 5 * HOUR, "reason": "signed at the station"}
    signed = await sign_fir(home.ctx, case_no, fir.fir_id, SignFir.model_validate(signing), "officer:io")
    assert signed.state == "signed"
    await court.issue()
    assert await court.open_duties(case_no) == {}
    assert (await court.task(case_no), await court.supervise(case_no), await home.notes(case_no)) == ([], [], [])
    assert (await home.events(case_no, "duty_done"))[-1]["reason"] == NOTHING_LEFT


async def test_who_only_decides_is_told_of_no_duty(court: Court) -> None:
    case_no = await court.case("HDFC")
    await court.home.pass_time(case_no, 2 * DAY)
    told = "SELECT count(*) FROM message WHERE case_no = $1 AND kind = 'duty_due'"
    before = await court.home.bench.value(told, case_no)
    who = {"duty": "deciding", "subject": "gro.state", "name": "A. Rao", "rank": "IG", "phone": "9000000009"}
    where = {"police_station": "Headquarters", "district": "LUCKNOW"}
    await assign_officer(court.home.ctx, case_no, NewOfficer.model_validate(who | where), "officer:chief")
    assert await court.home.bench.value(told, case_no) == before
