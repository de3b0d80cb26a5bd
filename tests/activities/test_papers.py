"""Papers from the rows: issued once, numbered without a gap, refused by name, and made again from what is kept."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from activities.hands import Hands
from activities.ordering import plan_order
from activities.papers import OrderPapers, issue, issue_about
from db import papers
from db.pool import Connection
from domain.errors import NotFound
from domain.papers import PaperLacks
from papers.composing import compose
from papers.document import Imprint
from papers.rendering import RenderingFailed, render
from schemas.enums import Language
from schemas.orders import NewOrder, NewOrderLine
from schemas.papers import IssuedPaper, Particulars
from schemas.restoration_enums import OrderKind, OrderReason, PaperKind
from tests.activities.way_home import Home
from tests.factories import row, rrn, transfer
from tests.papers.samples import WHOLE

KIND = PaperKind
SAID = Particulars(
    documents=("Statement of account",),
    place="Cyber Crime Police Station, Lucknow",
    grounds="received at once after the victim's transfer",
)


@pytest.fixture
def home(hands: Hands) -> Home:
    return Home(hands)


class Desk:
    """Papers of cases on a bench, with everything that their law asks for."""

    def __init__(self, home: Home) -> None:
        self.home = home

    @property
    def pool(self) -> Any:
        return self.home.bench.pool

    async def officers(self, case_no: str) -> None:
        for duty, name, rank in (("io", "Pragya Tripathi", "Inspector"), ("supervising", "R. K. Singh", "DCP")):
            await self.pool.execute(
                "INSERT INTO case_officer (case_no, duty, assignment_no, subject, name, rank, police_station, district,"
                " phone, assigned_by, assigned_at) VALUES ($1, $2, 1, $3, $4, $5, 'Cyber Crime', 'LUCKNOW',"
                " '9454400001', 'officer:desk', now())",
                case_no,
                duty,
                "io" if duty == "io" else "sp",
                name,
                rank,
            )

    async def fir(self, case_no: str, *, copy: bool = True) -> None:
        await self.pool.execute(
            "INSERT INTO fir (fir_id, case_no, kind, state, fir_no, police_station, sections, requested_at,"
            " requested_by, registered_at, document_digest) VALUES (gen_random_uuid(), $1, 'fir', 'registered',"
            " '0412/2026', 'Cyber Crime', '{BNS 318(4)}', now(), 'officer:io', now(), $2)",
            case_no,
            b"f" * 32 if copy else None,
        )

    async def whole(self, held: int = 400, lost: int = 600, **changes: Any) -> str:
        case_no = await self.home.hold(held, lost, **changes)
        await self.officers(case_no)
        await self.fir(case_no)
        return case_no

    async def issue(
        self, case_no: str, kind: PaperKind, subject: str = "", language: Language = Language.EN, **more: Any
    ) -> IssuedPaper:
        async with self.pool.acquire() as connection, connection.transaction():
            return await self.issue_in(connection, case_no, kind, subject, language, **more)

    async def issue_in(
        self, connection: Connection, case_no: str, kind: PaperKind, subject: str, language: Language, **more: Any
    ) -> IssuedPaper:
        return await issue_about(
            connection,
            self.home.hands,
            kind,
            subject,
            language=language,
            case_no=case_no,
            issued_by="officer:io",
            now=self.home.clock.at,
            **more,
        )

    async def facts(self, paper: IssuedPaper) -> dict[str, Any]:
        async with self.pool.acquire() as connection:
            return await papers.facts_of(connection, paper.paper_id)

    async def value(self, query: str, *arguments: object) -> Any:
        return await self.home.bench.value(query, *arguments)

    async def hold_id(self, case_no: str) -> str:
        return str(await self.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no))

    async def order(self, case_no: str, kind: OrderKind = OrderKind.RESTORE) -> str:
        """An order as the procedures write it: a restoration's when approved, or a court's release."""
        if kind is OrderKind.RESTORE:
            await self.home.to_credit(await self.home.of(case_no))
        else:
            court_order_id = await self.home.court_order(case_no, "bnss_503", "release")
            line = NewOrderLine(hop_no=1, hold_id=UUID(await self.hold_id(case_no)), amount_paise=150_00)
            order = NewOrder(
                kind=kind,
                reason=OrderReason.COURT,
                case_no=case_no,
                institution="HDFC",
                ordered_by="officer:sp",
                lines=(line,),
                court_order_id=court_order_id,
            )
            async with self.pool.acquire() as connection, connection.transaction():
                await plan_order(connection, self.home.hands, order, self.home.clock.at)
        return str(await self.value("SELECT order_id FROM bank_order WHERE case_no = $1", case_no))

    async def subject(self, case_no: str, kind: PaperKind) -> str:
        """What a paper of this kind is about in the case."""
        match kind:
            case KIND.LIEN_NOTICE | KIND.FOLLOW_UP | KIND.NOTICE_94 | KIND.NOTICE_106:
                return "HDFC"
            case KIND.NOTICE_107 | KIND.HOLDER_NOTICE:
                return await self.hold_id(case_no)
            case KIND.RESTORATION_APPLICATION:
                restoration = await self.home.of(case_no)
                await self.home.tick(restoration, 3)
                return str(restoration)
            case KIND.RESTORATION_ORDER:
                return await self.order(case_no)
            case KIND.RELEASE_ORDER:
                return await self.order(case_no, OrderKind.RELEASE)
            case _:
                return ""


@pytest.fixture
def desk(home: Home) -> Desk:
    return Desk(home)


def particulars(desk: Desk) -> Particulars:
    return SAID.model_copy(update={"by": desk.home.clock.at + timedelta(days=20)})


@pytest.mark.parametrize("kind", PaperKind)
async def test_every_kind_is_written_from_the_rows_in_both_languages(desk: Desk, kind: PaperKind) -> None:
    case_no = await desk.whole()
    subject = await desk.subject(case_no, kind)
    issued = [
        await desk.issue(case_no, kind, subject, language, particulars=particulars(desk)) for language in Language
    ]
    assert len({paper.number for paper in issued}) == len({paper.digest for paper in issued}) == 2
    facts = await desk.facts(issued[0])
    assert (facts["kind"], facts["case_no"]) == (kind.value, case_no)
    assert facts["officer"]["name"] == "Pragya Tripathi"
    logged = await desk.home.events(case_no, "paper_issued")
    assert [event["digest"] for event in logged] == [paper.digest for paper in issued]
    for event in logged:
        assert set(event) == {"paper_id", "number", "kind", "language", "revision", "digest"}
    await desk.home.bench.check(case_no)


async def test_the_bytes_can_be_made_again_from_what_is_kept(desk: Desk) -> None:
    case_no = await desk.whole()
    paper = await desk.issue(case_no, KIND.MAGISTRATE_REPORT, language=Language.HI)
    async with desk.pool.acquire() as connection:
        view, pdf = await papers.read(connection, paper.paper_id)
    facts = type(WHOLE[view.kind]).model_validate(await desk.facts(paper))
    again = await render(
        compose(facts, view.language, Imprint(number=view.number, issued_at=view.issued_at)), view.issued_at
    )
    assert again == pdf
    assert hashlib.sha256(pdf).hexdigest() == paper.digest == view.digest


async def test_asked_twice_it_is_issued_once_and_the_next_revision_is_another(desk: Desk) -> None:
    case_no = await desk.whole()
    first = await desk.issue(case_no, KIND.LIEN_NOTICE, "HDFC")
    await desk.pool.execute("UPDATE case_officer SET phone = '' WHERE case_no = $1", case_no)
    again = await desk.issue(case_no, KIND.LIEN_NOTICE, "HDFC")
    assert (again.paper_id, again.repeated, first.repeated) == (first.paper_id, True, False), "whatever has changed"
    with pytest.raises(PaperLacks, match=r"officer\.phone"):
        await desk.issue(case_no, KIND.LIEN_NOTICE, "HDFC", revision=2)
    assert len(await desk.home.events(case_no, "paper_issued")) == 1


async def test_at_once_it_is_issued_once(desk: Desk) -> None:
    case_no = await desk.whole()
    issued = await asyncio.gather(*(desk.issue(case_no, KIND.STATUS_LETTER, language=Language.HI) for _ in range(6)))
    assert len({paper.paper_id for paper in issued}) == 1
    assert [paper.repeated for paper in issued].count(False) == 1
    assert await desk.value("SELECT count(*) FROM paper WHERE case_no = $1", case_no) == 1


async def test_many_cases_at_once_get_numbers_without_a_gap_though_some_fail(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_nos = [await desk.whole() for _ in range(8)]
    before = await _last_number(desk, "N94")
    numbers: list[str] = []

    async def one(case_no: str, *, fails: bool) -> None:
        try:
            async with desk.pool.acquire() as connection, connection.transaction():
                paper = await desk.issue_in(
                    connection, case_no, KIND.NOTICE_94, "HDFC", Language.EN, particulars=particulars(desk)
                )
                if fails:
                    raise RenderingFailed("as if")
            numbers.append(paper.number)
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
            "SELECT coalesce(max(last_number), 0) FROM paper_counter WHERE series LIKE $1", f"GH/UP/{series}/%"
        )
    )


async def test_a_refused_paper_takes_no_number_and_leaves_no_trace(desk: Desk) -> None:
    case_no = await desk.home.hold(400)
    before = await _last_number(desk, "HN")
    with pytest.raises(PaperLacks) as refusal:
        await desk.issue(case_no, KIND.HOLDER_NOTICE, await desk.hold_id(case_no))
    named = {missing.field for missing in refusal.value.missing}
    assert named == {"officer.name", "officer.rank", "officer.police_station", "officer.phone"}
    assert await _last_number(desk, "HN") == before
    assert await desk.home.events(case_no, "paper_issued") == []


async def test_the_counter_neither_jumps_nor_falls(desk: Desk) -> None:
    await desk.issue(await desk.whole(), KIND.LIEN_NOTICE, "HDFC")
    for change in ("last_number = last_number + 2", "last_number = last_number - 1", "last_number = last_number"):
        with pytest.raises(asyncpg.CheckViolationError):
            await desk.pool.execute(f"UPDATE paper_counter SET {change}")
    with pytest.raises(asyncpg.PostgresError):
        await desk.pool.execute("DELETE FROM paper_counter")
    with pytest.raises(asyncpg.CheckViolationError):
        await desk.pool.execute("INSERT INTO paper_counter VALUES ('GH/UP/XX/2026', 7)")


class TestLien:
    async def test_one_bank_sees_its_own_accounts_and_no_others(self, desk: Desk) -> None:
        root = rrn()
        mine = {"institution": "HDFC", "account": f"5{rrn()}"}
        other = {"institution": "ICIC", "account": f"6{rrn()}"}
        case_no = await desk.home.bench.complain(
            transfer(1000_00, reference=root, payee=mine), transfer(500_00, payee=other, payee_bank="ICIC")
        )
        await desk.officers(case_no)
        facts = await desk.facts(await desk.issue(case_no, KIND.LIEN_NOTICE, "HDFC"))
        assert [(one["account"], one["amount_paise"]) for one in facts["accounts"]] == [(mine["account"], 1000_00)]
        assert facts["accounts"][0]["references"] == [root]

    async def test_without_an_fir_it_is_an_emergency_that_says_when_the_rest_follows(self, desk: Desk) -> None:
        case_no = await desk.home.hold(400, 600)
        await desk.officers(case_no)
        facts = await desk.facts(await desk.issue(case_no, KIND.LIEN_NOTICE, "HDFC"))
        assert facts["emergency"]
        assert facts["accounts"][0]["amount_paise"] == 400_00, "what is withdrawn is not there any more"
        promised = await desk.value("SELECT due_at FROM duty WHERE case_no = $1 AND kind = 'follow_up'", case_no)
        assert facts["follow_up_by"] == promised.isoformat().replace("+00:00", "Z")

    async def test_when_its_time_is_over_the_fir_and_its_copy_are_asked_for(self, desk: Desk) -> None:
        case_no = await desk.home.hold(400)
        await desk.officers(case_no)
        await desk.fir(case_no, copy=False)
        assert (await desk.facts(await desk.issue(case_no, KIND.LIEN_NOTICE, "HDFC")))["emergency"]
        desk.home.clock.at += timedelta(days=4)
        with pytest.raises(PaperLacks) as refusal:
            await desk.issue(case_no, KIND.LIEN_NOTICE, "HDFC", revision=2)
        assert [missing.field for missing in refusal.value.missing] == ["fir.copy_digest", "magistrate_report_by"]

    async def test_a_bank_that_has_nothing_of_the_case_gets_none(self, desk: Desk) -> None:
        case_no = await desk.whole()
        with pytest.raises(PaperLacks, match="accounts"):
            await desk.issue(case_no, KIND.LIEN_NOTICE, "PUNB")
        with pytest.raises(NotFound):
            await desk.issue(case_no, KIND.LIEN_NOTICE, "NOBANK")


async def test_a_follow_up_names_the_lien_that_it_follows(desk: Desk) -> None:
    case_no = await desk.whole()
    lien = await desk.issue(case_no, KIND.LIEN_NOTICE, "HDFC")
    facts = await desk.facts(await desk.issue(case_no, KIND.FOLLOW_UP, "HDFC"))
    assert facts["earlier_number"] == lien.number


async def test_the_magistrate_is_told_of_everything_on_hold(desk: Desk) -> None:
    case_no = await desk.whole()
    paper = await desk.issue(case_no, KIND.MAGISTRATE_REPORT, "whatever", Language.HI)
    facts = await desk.facts(paper)
    assert facts["magistrate"] == "मुख्य न्यायिक मजिस्ट्रेट, LUCKNOW"
    assert [(one["institution_name"], one["amount_paise"]) for one in facts["accounts"]] == [("HDFC Bank", 400_00)]
    named = Particulars(magistrate="ACJM-II, Lucknow")
    again = await desk.issue(case_no, KIND.MAGISTRATE_REPORT, language=Language.HI, revision=2, particulars=named)
    assert (await desk.facts(again))["magistrate"] == "ACJM-II, Lucknow"


async def test_cause_is_shown_no_sooner_than_the_policy_gives(desk: Desk) -> None:
    case_no = await desk.whole()
    hold = await desk.hold_id(case_no)
    early = SAID.model_copy(update={"by": desk.home.clock.at + timedelta(days=13)})
    with pytest.raises(PaperLacks, match="show_cause_by"):
        await desk.issue(case_no, KIND.NOTICE_107, hold, particulars=early)
    facts = await desk.facts(await desk.issue(case_no, KIND.NOTICE_107, hold, particulars=particulars(desk)))
    assert (facts["notice_days"], facts["approved_by"]["rank"]) == (14, "DCP")


async def test_the_holder_gets_the_reference_and_the_whole_ladder(desk: Desk) -> None:
    case_no = await desk.whole()
    address = "https://freeze.example/appeal"
    paper = await desk.issue(case_no, KIND.HOLDER_NOTICE, await desk.hold_id(case_no), appeal_address=address)
    facts = await desk.facts(paper)
    reference = await desk.value("SELECT reference FROM account_hold WHERE case_no = $1", case_no)
    assert (facts["appeal"]["reference"], facts["appeal"]["address"]) == (reference, address)
    assert [(one["level"], one["days"]) for one in facts["appeal"]["levels"]] == [
        ("bank", 7),
        ("io", 15),
        ("dy_sp", 15),
        ("district_gro", 15),
        ("state_gro", 15),
    ]
    assert facts["amount_paise"] == 400_00


async def test_the_victim_reads_where_every_rupee_is(desk: Desk) -> None:
    case_no = await desk.whole(400, 600)
    facts = await desk.facts(await desk.issue(case_no, KIND.STATUS_LETTER))
    assert facts["lost_paise"] == 1000_00
    assert {one["bucket"]: one["amount_paise"] for one in facts["buckets"]} == {"held": 400_00, "withdrawn": 600_00}
    assert facts["step"] == "collecting"


class TestOrders:
    async def test_the_order_names_who_prepared_and_who_approved(self, desk: Desk) -> None:
        case_no = await desk.whole(payer={"institution": "SBIN", "account": "30000000777"})
        order_id = await desk.order(case_no)
        pdf = await OrderPapers(desk.home.hands).of(UUID(order_id))
        assert pdf.startswith(b"%PDF-")
        paper_id = await desk.value("SELECT paper_id FROM paper WHERE order_id = $1", UUID(order_id))
        facts = await desk.facts(IssuedPaper(paper_id=paper_id, number="", digest=""))
        assert (facts["prepared_by"], facts["approved_by"]) == ("io", "sp")
        assert (facts["approver"]["name"], facts["route"], facts["bond"]) == ("R. K. Singh", "no_court", True)
        (line,) = facts["lines"]
        assert (line["amount_paise"], line["ack_no"]) == (400_00, case_no)
        assert line["beneficiary"]["account"] == "30000000777"
        assert line["beneficiary"]["institution_name"] == "SBIN Bank"
        assert await OrderPapers(desk.home.hands).of(UUID(order_id)) == pdf, "issued once"

    async def test_an_approver_who_is_not_of_the_case_is_named_by_token_and_role(self, desk: Desk) -> None:
        case_no = await desk.whole()
        await desk.pool.execute("DELETE FROM case_officer WHERE case_no = $1 AND duty = 'supervising'", case_no)
        facts = await desk.facts(await desk.issue(case_no, KIND.RESTORATION_ORDER, await desk.order(case_no)))
        assert facts["approver"]["name"] == "sp"
        assert facts["approver"]["rank"] == "Superintendent or Deputy Commissioner of Police"

    async def test_a_court_release_names_the_order_of_the_court(self, desk: Desk) -> None:
        case_no = await desk.whole()
        order_id = await desk.order(case_no, OrderKind.RELEASE)
        facts = await desk.facts(await desk.issue(case_no, KIND.RELEASE_ORDER, order_id))
        assert (facts["reason"], facts["court_order"]["court"]) == ("court", "CJM Lucknow")
        with pytest.raises(NotFound):
            await desk.issue(case_no, KIND.RESTORATION_ORDER, order_id)


@pytest.mark.parametrize("kind", [KIND.HOLDER_NOTICE, KIND.NOTICE_107, KIND.RESTORATION_APPLICATION])
async def test_what_is_of_another_case_is_not_found(desk: Desk, kind: PaperKind) -> None:
    case_no, other = await desk.whole(), await desk.whole()
    for subject in (await desk.subject(other, kind), str(uuid4()), "no id", ""):
        with pytest.raises(NotFound):
            await desk.issue(case_no, kind, subject, particulars=particulars(desk))


async def test_a_complaint_of_another_case_is_not_written_to(desk: Desk) -> None:
    case_no, other = await desk.whole(), await desk.whole()
    with pytest.raises(NotFound):
        await desk.issue(case_no, KIND.STATUS_LETTER, other)


async def test_a_paper_is_never_changed(desk: Desk) -> None:
    paper = await desk.issue(await desk.whole(), KIND.LIEN_NOTICE, "HDFC")
    for change in ("UPDATE paper SET issued_by = 'x'", "DELETE FROM paper"):
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await desk.pool.execute(f"{change} WHERE paper_id = $1", paper.paper_id)


async def test_facts_of_any_origin_are_issued_as_they_are(desk: Desk) -> None:
    case_no = await desk.home.bench.complain(transfer(1000_00))
    facts = WHOLE[KIND.HOLDER_NOTICE].model_copy(update={"case_no": case_no})
    async with desk.pool.acquire() as connection, connection.transaction():
        paper = await issue(
            connection,
            facts,
            subject="by hand",
            language=Language.HI,
            issued_by="officer:io",
            now=desk.home.clock.at,
        )
    assert (await desk.facts(paper))["account"] == "50100000000001"


async def _waiting(desk: Desk, case_no: str) -> list[str]:
    found = await desk.home.bench.rows(
        "SELECT kind FROM duty WHERE case_no = $1 AND done_at IS NULL ORDER BY kind", case_no
    )
    return [kind for (kind,) in found]


async def test_the_duties_after_a_hold_are_done_by_their_papers(desk: Desk) -> None:
    case_no = await desk.whole()
    assert await _waiting(desk, case_no) == ["follow_up", "magistrate_report"]
    report = await desk.issue(case_no, KIND.MAGISTRATE_REPORT)
    assert await desk.value("SELECT paper_id FROM duty WHERE case_no = $1 AND issued_at IS NOT NULL", case_no) == (
        report.paper_id
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
    await desk.home.take_up(case_no)
    await desk.officers(case_no)
    await desk.fir(case_no)
    await desk.issue(case_no, KIND.FOLLOW_UP, "HDFC")
    assert "follow_up" in await _waiting(desk, case_no)
    await desk.issue(case_no, KIND.FOLLOW_UP, "ICIC")
    assert "follow_up" not in await _waiting(desk, case_no)
