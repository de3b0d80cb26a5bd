"""What documents say, read from the rows: sums, times, names and who has decided."""

from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from activities.recovery.document_issuing import OrderDocuments, approve_attachment
from activities.recovery.firs import assign_officer
from domain.errors import NotFound, SameEyes
from domain.recovery.documents import DocumentDiffers, DocumentIncomplete
from schemas.case.police import NewOfficer
from schemas.enums import Language, Role
from schemas.recovery.document_facts import IssuedDocument, Particulars
from schemas.restoration_enums import CaseDuty, OrderKind
from tests.activities.document_bench import KIND, SAID, DocumentBench, home, particulars, writing
from tests.activities.restoration_bench import officer
from tests.factories import rrn, transfer

__all__ = ["home", "writing"]


class TestLien:
    async def test_one_bank_sees_its_own_accounts_and_no_others(self, writing: DocumentBench) -> None:
        root = rrn()
        mine = {"institution": "HDFC", "account": f"5{rrn()}"}
        other = {"institution": "ICIC", "account": f"6{rrn()}"}
        case_no = await writing.home.bench.complain(
            transfer(1000_00, reference=root, payee=mine), transfer(500_00, payee=other, payee_bank="ICIC")
        )
        await writing.officers(case_no)
        facts = await writing.facts(await writing.issue(case_no, KIND.LIEN_NOTICE, "HDFC"))
        assert [(one["account"], one["amount_paise"]) for one in facts["accounts"]] == [(mine["account"], 1000_00)]
        assert facts["accounts"][0]["references"] == [root]
        assert facts["accounts"][0]["held_at"] is None, "nothing is on hold yet"

    async def test_a_bank_reads_when_the_money_came_and_since_when_it_is_on_hold(self, writing: DocumentBench) -> None:
        case_no = await writing.whole()
        query = "SELECT transferred_at, held_at FROM hop JOIN held_hop USING (case_no, hop_no) WHERE case_no = $1"
        ((received, held),) = await writing.home.bench.rows(query, case_no)
        for kind in (KIND.LIEN_NOTICE, KIND.FOLLOW_UP, KIND.NOTICE_106):
            facts = await writing.facts(await writing.issue(case_no, kind, "HDFC", particulars=particulars(writing)))
            (account,) = facts["accounts"]
            assert datetime.fromisoformat(account["since"]) == received
            assert datetime.fromisoformat(account["held_at"]) == held

    async def test_without_an_fir_it_is_an_emergency_that_says_when_the_rest_follows(
        self, writing: DocumentBench
    ) -> None:
        case_no = await writing.home.hold(400, 600)
        await writing.officers(case_no)
        facts = await writing.facts(await writing.issue(case_no, KIND.LIEN_NOTICE, "HDFC"))
        assert facts["emergency"]
        assert facts["accounts"][0]["amount_paise"] == 400_00, "what is withdrawn is not there any more"
        promised = await writing.value("SELECT due_at FROM duty WHERE case_no = $1 AND kind = 'follow_up'", case_no)
        assert facts["follow_up_by"] == promised.isoformat().replace("+00:00", "Z")

    async def test_when_its_time_is_over_the_fir_and_its_copy_are_asked_for(self, writing: DocumentBench) -> None:
        case_no = await writing.home.hold(400)
        await writing.officers(case_no)
        await writing.fir(case_no, copy=False)
        assert (await writing.facts(await writing.issue(case_no, KIND.LIEN_NOTICE, "HDFC")))["emergency"]
        writing.home.clock.at += timedelta(days=4)
        with pytest.raises(DocumentIncomplete) as refusal:
            await writing.issue(case_no, KIND.LIEN_NOTICE, "HDFC", revision=2)
        assert [missing.field for missing in refusal.value.missing] == ["fir.copy_digest"]

    async def test_a_bank_that_has_nothing_of_the_case_gets_none(self, writing: DocumentBench) -> None:
        case_no = await writing.whole()
        with pytest.raises(DocumentIncomplete, match="accounts"):
            await writing.issue(case_no, KIND.LIEN_NOTICE, "PUNB")
        with pytest.raises(NotFound):
            await writing.issue(case_no, KIND.LIEN_NOTICE, "NOBANK")


async def test_the_magistrate_is_told_of_everything_on_hold(writing: DocumentBench) -> None:
    case_no = await writing.whole()
    document = await writing.issue(case_no, KIND.MAGISTRATE_REPORT, "whatever", Language.HI)
    facts = await writing.facts(document)
    assert facts["magistrate"] == "मुख्य न्यायिक मजिस्ट्रेट, लखनऊ"
    assert [(one["institution_name"], one["amount_paise"]) for one in facts["accounts"]] == [("HDFC Bank", 400_00)]
    assert facts["accounts"][0]["held_at"] > facts["accounts"][0]["since"]
    assert not facts["late"]
    named = Particulars(magistrate="ACJM-II, Lucknow")
    again = await writing.issue(case_no, KIND.MAGISTRATE_REPORT, language=Language.HI, revision=2, particulars=named)
    assert (await writing.facts(again))["magistrate"] == "ACJM-II, Lucknow"


async def test_cause_is_shown_no_sooner_than_the_policy_gives(writing: DocumentBench) -> None:
    case_no = await writing.whole()
    hold = await writing.to_show_cause(case_no)
    early = SAID.model_copy(update={"by": writing.home.clock.at + timedelta(days=20)})
    with pytest.raises(DocumentIncomplete, match="show_cause_by"):
        await writing.issue(case_no, KIND.NOTICE_107, hold, particulars=early)
    facts = await writing.facts(await writing.issue(case_no, KIND.NOTICE_107, hold, particulars=particulars(writing)))
    assert (facts["notice_days"], facts["service_days"]) == (14, 7)


async def test_the_court_asks_to_show_cause_and_other_eyes_have_approved(writing: DocumentBench) -> None:
    case_no = await writing.whole()
    hold = await writing.hold_id(case_no)
    with pytest.raises(DocumentIncomplete) as refusal:
        await writing.issue(case_no, KIND.NOTICE_107, hold, particulars=particulars(writing))
    asked = ["court_order.court", "court_order.order_no", "court_order.made_on"]
    assert [one.field for one in refusal.value.missing] == [
        *asked,
        "approved_by.name",
        "approved_by.rank",
        "approved_at",
    ]
    with pytest.raises(SameEyes):
        await approve_attachment(writing.home.ctx, UUID(hold), "mine", officer("io", Role.SP))
    with pytest.raises(SameEyes):
        await approve_attachment(writing.home.ctx, UUID(hold), "mine, in other letters", officer("IO", Role.SP))
    with pytest.raises(asyncpg.CheckViolationError):
        await writing.pool.execute(
            "INSERT INTO attachment_approval VALUES ($1, $2, 'io', now(), 'mine')", UUID(hold), case_no
        )
    await writing.to_show_cause(case_no)
    again = await approve_attachment(writing.home.ctx, UUID(hold), "again", officer("sp2", Role.SP))
    assert again.approved_by == "sp", "it is approved once"
    facts = await writing.facts(await writing.issue(case_no, KIND.NOTICE_107, hold, particulars=particulars(writing)))
    assert (facts["court_order"]["court"], facts["court_order"]["kind"]) == ("CJM Lucknow", "bnss_107")
    assert facts["approved_by"]["name"] == "R. K. Singh"
    assert len(await writing.home.events(case_no, "attachment_approved")) == 1


async def test_who_investigates_now_has_not_approved(writing: DocumentBench) -> None:
    case_no = await writing.whole()
    hold = await writing.to_show_cause(case_no)
    io = NewOfficer(
        duty=CaseDuty.IO,
        subject="sp",
        name="R. K. Singh",
        rank="DCP",
        police_station="HQ",
        district="LUCKNOW",
        phone="9454400001",
    )
    await assign_officer(writing.home.ctx, case_no, io, "officer:chief")
    with pytest.raises(DocumentIncomplete, match=r"approved_by\.name"):
        await writing.issue(case_no, KIND.NOTICE_107, hold, particulars=particulars(writing))


async def test_a_late_report_says_so(writing: DocumentBench) -> None:
    case_no = await writing.home.hold(400)
    await writing.officers(case_no)
    writing.home.clock.at += timedelta(days=10)
    facts = await writing.facts(await writing.issue(case_no, KIND.MAGISTRATE_REPORT))
    assert facts["late"]
    assert facts["follow_up_late"]
    await writing.fir(case_no)
    told = await writing.facts(await writing.issue(case_no, KIND.LIEN_NOTICE, "HDFC"))
    assert (told["magistrate_told_at"], told["magistrate_report_late"]) == (None, True), "issued is not handed in"


async def test_other_particulars_under_the_same_revision_are_refused_by_name(writing: DocumentBench) -> None:
    case_no, said = await writing.whole(), particulars(writing)
    first = await writing.issue(case_no, KIND.NOTICE_94, "HDFC", particulars=said)
    for same in (said, Particulars(), Particulars(grounds="of no concern to it")):
        assert (await writing.issue(case_no, KIND.NOTICE_94, "HDFC", particulars=same)).document_id == first.document_id
    other = said.model_copy(update={"documents": ("CCTV of the ATM",), "period_from": date(2026, 10, 1)})
    with pytest.raises(DocumentDiffers) as refusal:
        await writing.issue(case_no, KIND.NOTICE_94, "HDFC", particulars=other)
    assert set(refusal.value.fields) == {"documents", "period_from"}
    second = await writing.issue(case_no, KIND.NOTICE_94, "HDFC", particulars=other, revision=2)
    assert (await writing.facts(second))["documents"] == ["CCTV of the ATM"]


async def test_a_document_anchors_the_log_as_it_stood_before_it(writing: DocumentBench) -> None:
    case_no = await writing.whole()
    facts = await writing.facts(await writing.issue(case_no, KIND.MAGISTRATE_REPORT))
    rows = await writing.home.bench.rows(
        "SELECT seq, encode(hash, 'hex'), kind FROM case_event WHERE case_no = $1 ORDER BY seq", case_no
    )
    (place,) = [index for index, (_, _, kind) in enumerate(rows) if kind == "document_issued"]
    assert (facts["log_seq"], facts["log_hash"]) == rows[place - 1][:2]


async def test_the_holder_gets_the_reference_and_all_levels(writing: DocumentBench) -> None:
    case_no = await writing.whole()
    address = "https://freeze.example/appeal"
    document = await writing.issue(case_no, KIND.HOLDER_NOTICE, await writing.hold_id(case_no), appeal_address=address)
    facts = await writing.facts(document)
    reference = await writing.value("SELECT reference FROM account_hold WHERE case_no = $1", case_no)
    assert (facts["appeal"]["reference"], facts["appeal"]["address"]) == (reference, address)
    assert [(one["level"], one["days"]) for one in facts["appeal"]["levels"]] == [
        ("bank", 7),
        ("io", 15),
        ("dy_sp", 15),
        ("district_gro", 15),
        ("state_gro", 15),
    ]
    assert facts["amount_paise"] == 400_00


async def test_the_victim_reads_where_every_rupee_is(writing: DocumentBench) -> None:
    case_no = await writing.whole(400, 600)
    facts = await writing.facts(await writing.issue(case_no, KIND.STATUS_LETTER))
    assert facts["lost_paise"] == 1000_00
    assert {one["bucket"]: one["amount_paise"] for one in facts["buckets"]} == {"held": 400_00, "withdrawn": 600_00}
    assert facts["step"] == "collecting"


class TestOrders:
    async def test_the_order_names_who_prepared_and_who_approved(self, writing: DocumentBench) -> None:
        case_no = await writing.whole(payer={"institution": "SBIN", "account": "30000000777"})
        order_id = await writing.order(case_no)
        pdf = await OrderDocuments(writing.home.ctx).of(UUID(order_id))
        assert pdf.startswith(b"%PDF-")
        document_id = await writing.value("SELECT document_id FROM document WHERE order_id = $1", UUID(order_id))
        facts = await writing.facts(IssuedDocument(document_id=document_id, number="", digest=""))
        assert (facts["prepared_by"], facts["approved_by"]) == ("io", "sp")
        assert (facts["approver"]["name"], facts["route"], facts["bond"]) == ("R. K. Singh", "no_court", True)
        (line,) = facts["lines"]
        assert (line["amount_paise"], line["ack_no"]) == (400_00, case_no)
        assert line["beneficiary"]["account"] == "30000000777"
        assert line["beneficiary"]["institution_name"] == "SBIN Bank"
        assert await OrderDocuments(writing.home.ctx).of(UUID(order_id)) == pdf, "issued once"

    async def test_an_order_names_people_and_no_logins(self, writing: DocumentBench) -> None:
        case_no = await writing.whole()
        order_id = await writing.order(case_no, OrderKind.RELEASE)
        await writing.pool.execute("UPDATE case_officer SET subject = 'others' WHERE subject = 'sp'")
        with pytest.raises(DocumentIncomplete) as refusal:
            await writing.issue(case_no, KIND.RELEASE_ORDER, order_id)
        assert [missing.field for missing in refusal.value.missing] == ["orderer.name", "orderer.rank"]
        known = NewOfficer(
            duty=CaseDuty.DECIDING,
            subject="sp",
            name="R. K. Singh",
            rank="DCP",
            police_station="HQ",
            district="LUCKNOW",
            phone="9454400001",
        )
        await assign_officer(writing.home.ctx, case_no, known, "officer:chief")
        facts = await writing.facts(await writing.issue(case_no, KIND.RELEASE_ORDER, order_id))
        assert (facts["orderer"]["name"], facts["officer"]["name"]) == ("R. K. Singh", "Pragya Tripathi")

    async def test_who_is_known_from_another_case_is_named_too(self, writing: DocumentBench) -> None:
        await writing.whole()
        case_no = await writing.whole()
        await writing.pool.execute("DELETE FROM case_officer WHERE case_no = $1 AND duty = 'supervising'", case_no)
        facts = await writing.facts(await writing.issue(case_no, KIND.RESTORATION_ORDER, await writing.order(case_no)))
        assert (facts["approver"]["name"], facts["preparer"]["name"]) == ("R. K. Singh", "Pragya Tripathi")

    async def test_a_court_release_names_the_order_of_the_court(self, writing: DocumentBench) -> None:
        case_no = await writing.whole()
        order_id = await writing.order(case_no, OrderKind.RELEASE)
        facts = await writing.facts(await writing.issue(case_no, KIND.RELEASE_ORDER, order_id))
        assert (facts["reason"], facts["court_order"]["court"]) == ("court", "CJM Lucknow")
        with pytest.raises(NotFound):
            await writing.issue(case_no, KIND.RESTORATION_ORDER, order_id)
