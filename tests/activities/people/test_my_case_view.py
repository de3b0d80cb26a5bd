"""What the page shows of a complaint, and who gets in."""

from dataclasses import replace

import pytest

from activities.people import my_case
from activities.people.my_case import my_case_page
from activities.recovery.message_outbox import tell_victim
from db.privacy import victims
from domain.errors.people import TreatmentAnswered, TreatmentNotAsked
from schemas.enums import Bucket
from schemas.notifications import MessageKind
from schemas.people.my_case import NewTreatment
from schemas.privacy.personal_data import Reach, ReachWay
from tests.activities.my_case_world import ADDRESS, Visitor
from tests.desk_tasks import notes
from tests.factories import rrn, transfer


async def test_every_rupee_of_the_complaint_is_in_a_bucket_and_at_a_transfer(visitor: Visitor) -> None:
    case_no, _ = await visitor.at_application()
    found = await my_case.look(visitor.home.ctx, case_no)
    assert (found.lost_paise, found.sums) == (500_00, {Bucket.HELD: 400_00, Bucket.WITHDRAWN: 100_00})
    assert sum(place.amount_paise for one in found.transfers for place in one.places) == found.lost_paise
    (held,) = [place for one in found.transfers for place in one.places if place.bucket is Bucket.HELD]
    assert held.held_since is not None
    assert held.held_until is not None
    assert held.bank == "HDFC Bank"
    assert [office.station for office in found.offices] == ["Cyber Cell"]
    assert found.asks_treatment
    application = await my_case.document(visitor.home.ctx, case_no, found.documents[0].document_id)
    assert application is not None
    assert application.pdf.startswith(b"%PDF")
    assert application.text is not None
    assert "400.00" in str(application.text.blocks)
    other = await visitor.home.hold(200)
    assert await my_case.document(visitor.home.ctx, other, found.documents[0].document_id) is None


async def test_a_number_without_a_complaint_sends_nothing(visitor: Visitor) -> None:
    await visitor.door.send_code("39999999999999")
    assert await visitor.door.enter("39999999999999", "12345678", ADDRESS) is None


async def test_the_two_questions_are_asked_once_after_the_first_outcome(visitor: Visitor) -> None:
    ctx, bench = visitor.home.ctx, visitor.home.bench
    early = await bench.complain(transfer(100_00, reference=rrn()))
    said = NewTreatment.model_validate({"respected": "no", "knows_next": "dont_know", "text": "He shouted at me."})
    with pytest.raises(TreatmentNotAsked):
        await my_case.answer(ctx, early, said)
    case_no = await visitor.home.hold(100)
    await my_case.answer(ctx, case_no, said)
    with pytest.raises(TreatmentAnswered):
        await my_case.answer(ctx, case_no, said)
    read = await my_case.read(ctx, case_no)
    assert (read.is_alarming, read.text) == (True, "He shouted at me.")
    assert "He shouted" not in str(await bench.rows("SELECT * FROM treatment_report WHERE ack_no = $1", case_no))
    asked = await notes(bench.pool, "case_no = $1 AND cause = 'treatment_reported'", case_no)
    assert len(asked) == 1
    assert "respect" in asked[0]
    assert not any(kind.startswith("treatment") for kind in await bench.events(case_no)), "officers of the case read it"
    found = await my_case.look(ctx, case_no)
    assert (found.asks_treatment, found.answered_on is not None) == (False, True)


async def test_a_quiet_victim_gets_the_code_that_was_asked_for_and_else_only_that_there_is_news(
    visitor: Visitor,
) -> None:
    case_no, bench = await visitor.home.hold(100), visitor.home.bench
    quiet = Reach(way=ReachWay.SMS, is_quiet=True)
    async with bench.pool.acquire() as connection, connection.transaction():
        await victims.add(connection, case_no, 1, quiet, None, None, visitor.home.clock.at, "complainant")
    token = await visitor.enter(case_no)
    assert await visitor.door.visit(token) is not None
    assert not await bench.said("news", case_no)
    async with bench.pool.acquire() as connection, connection.transaction():
        facts = {"amount_paise": 100_00, "occasion": rrn()}
        assert await tell_victim(connection, bench.ctx, case_no, MessageKind.MONEY_HELD, facts, visitor.home.clock.at)
    (told,) = await bench.said("news", case_no)
    assert "100" not in told.body.replace(case_no, "")
    assert "/case" not in told.body


async def test_news_names_the_page_of_the_complaint_but_not_in_a_marked_case(visitor: Visitor) -> None:
    case_no, bench = await visitor.home.hold(100), visitor.home.bench
    ctx = replace(bench.ctx, my_case_page=my_case_page("https://my.police.example"))

    async def told() -> str:
        async with bench.pool.acquire() as connection, connection.transaction():
            facts = {"amount_paise": 100_00, "occasion": rrn()}
            assert await tell_victim(connection, ctx, case_no, MessageKind.MONEY_HELD, facts, visitor.home.clock.at)
        return " ".join(one.body for one in await bench.said("money_held", case_no))

    assert (await told()).count("https://my.police.example/case?lang=") == 1
    await bench.pool.execute("UPDATE complaint SET marked = true WHERE ack_no = $1", case_no)
    assert (await told()).count("https:") == 1, "what was said before"
