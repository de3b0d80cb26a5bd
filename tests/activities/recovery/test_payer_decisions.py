"""A transfer that two complainants claim (H1): no approval before two officers have decided who paid."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from activities.outgoing import Routes, Ways, send_due
from activities.people import my_case as victim_page
from activities.recovery import payer_decisions
from activities.recovery.due_documents import DUE_DOCUMENTS
from activities.recovery.payer_decisions import agree, propose
from api.people.my_case_texts import claims, next_text
from api.public_pages import PUBLIC, texts_of
from db.evidence import pack
from db.recovery import restoration_views
from domain.errors.restoration import (
    PayerDecisionDiffers,
    PayerDecisionNotFound,
    PayerNeedsSecondOfficer,
    PayerNotContested,
    PayerNotTold,
    PayerOrdered,
    TransferContested,
)
from schemas.case.answers import NOT_STATED
from schemas.enums import Language
from schemas.recovery.officer_steps import NewPayerDecision, SeenPayerDecision
from schemas.restoration_enums import CaseDuty
from tests.activities.restoration_bench import WHY, Home
from tests.factories import complaint, rrn, transfer
from tests.said import said

FIRST = {"institution": "SBIN", "account": "30000000777"}
LATER = {"institution": "PUNB", "account": "40000000888"}
DESK, BOSS = "officer:desk", "officer:boss"


async def told_again(home: Home, case_no: str, payer: dict[str, str]) -> dict[str, Any]:
    """The case's transfer as its first complaint told it, with this payer."""
    ((reference, paise, bank, account),) = await home.bench.rows(
        "SELECT reference, amount_paise, institution, payee_holder FROM hop WHERE case_no = $1 AND hop_no = 1", case_no
    )
    payee = {"institution": bank, "account": account}
    return transfer(paise, reference=reference, payee=payee, payer=payer)


async def claimed_twice(home: Home) -> tuple[str, str]:
    """A case with ₹400 on hold, and the number of a second complaint that names another payer."""
    case_no = await home.hold(400, payer=FIRST)
    taken = await home.bench.take(complaint(await told_again(home, case_no, LATER)))
    assert (taken.receipt.case_ack_no, [flag.code for flag in taken.receipt.flags]) == (case_no, ["other_payer"])
    return case_no, taken.receipt.ack_no


async def read_by_victims(home: Home, *ack_nos: str) -> list[tuple[str, str | None]]:
    """What the page of each complaint says of its transfer that another complaint tells too."""
    pages = [await victim_page.look(home.ctx, ack_no) for ack_no in ack_nos]
    return [(claim.state.value, claim.given_to) for page in pages for claim in page.claims]


async def decided(home: Home, case_no: str, ack_no: str) -> int:
    """Two officers decide that this complaint is right."""
    new = NewPayerDecision(ack_no=ack_no, reason=WHY)
    proposed = await propose(home.ctx, case_no, 1, new, DESK)
    await agree(home.ctx, case_no, 1, proposed.decision_id, SeenPayerDecision(ack_no=ack_no), BOSS)
    return proposed.decision_id


async def no_letter_waits(home: Home, case_no: str) -> None:
    """No letter waits about a complaint whose money counts for another one, and the desk is not asked for its facts."""
    await home.assign(case_no, CaseDuty.IO)
    letter = (
        "SELECT state FROM due_document WHERE case_no = $1 AND kind = 'status_letter' AND occasion LIKE '%.cancelled'"
    )
    is_left = "SELECT count(*) FROM outgoing WHERE kind = 'due_document' AND subject = $1 AND attempts = 0"
    # The cases of other tests may fill a batch.
    while await home.bench.value(is_left, case_no):
        await send_due(home.ctx, Routes(Ways()), DUE_DOCUMENTS)
    assert await home.bench.value(letter, case_no) == "overtaken"


async def not_theirs(home: Home, case_no: str) -> list[str]:
    """The short messages of a case to victims who do not get the money of a transfer."""
    found = await said(home.ctx, "transfer_of_another", case_no, medium="sms", to_whom="victim")
    return [one.body for one in found]


async def credited(home: Home, case_no: str) -> list[tuple[str, ...]]:
    return await home.bench.rows(
        "SELECT l.ack_no, l.beneficiary_institution, l.beneficiary_holder FROM bank_order_line l"
        " JOIN bank_order o USING (order_id) WHERE l.case_no = $1 AND o.kind = 'restore' ORDER BY o.planned_at",
        case_no,
    )


async def to_prepared(home: Home, restoration_id: UUID) -> None:
    await home.to_approval(restoration_id)
    await home.tick(restoration_id)
    await home.prepare(restoration_id)


async def test_h1_nothing_is_approved_while_two_complainants_claim_one_transfer(home: Home) -> None:
    case_no, later = await claimed_twice(home)
    restoration_id = await home.of(case_no)
    await to_prepared(home, restoration_id)
    with pytest.raises(TransferContested, match=later):
        await home.approve(restoration_id)
    with pytest.raises(asyncpg.RestrictViolationError, match="two complainants"):
        await home.bench.pool.execute(
            "UPDATE restoration SET approved_by = 'x' WHERE restoration_id = $1", restoration_id
        )
    async with home.bench.pool.acquire() as connection:
        opens = home.ctx.persons.open_stored
        view = await restoration_views.get(connection, restoration_id, home.clock.at, (), opens)
    ((transfer_, claims),) = [(one, one.claims) for one in view.contested]
    assert (transfer_.hop_no, transfer_.undecided, transfer_.decisions) == (1, True, ())
    assert [(claim.ack_no, claim.payer_institution, claim.account_end, claim.stands) for claim in claims] == [
        (case_no, "SBIN", "0777", True),
        (later, "PUNB", "0888", False),
    ]
    assert await read_by_victims(home, case_no, later) == [("undecided", None)] * 2


async def test_h1_if_the_first_is_right_the_approval_goes_on(home: Home) -> None:
    case_no, later = await claimed_twice(home)
    restoration_id = await home.of(case_no)
    await to_prepared(home, restoration_id)
    await decided(home, case_no, case_no)
    (body,) = await not_theirs(home, case_no)
    assert later in body, "the victim knows the own number"
    assert case_no not in body, "and learns no other"
    assert "₹400 " in body
    await home.approve(restoration_id)
    assert await credited(home, case_no) == [(case_no, "SBIN", "30000000777")]
    assert later not in str(await home.bench.tasks(case_no))
    assert (
        await home.bench.value(
            "SELECT count(*) FROM desk_task WHERE case_no = $1 AND state = 'open'"
            " AND cause IN ('told_otherwise', 'payer_to_confirm')",
            case_no,
        )
        == 0
    )
    await home.check(case_no)


async def test_h1_if_the_later_is_right_its_victim_is_credited_at_its_account(home: Home) -> None:
    case_no, later = await claimed_twice(home)
    restoration_id = await home.of(case_no)
    await to_prepared(home, restoration_id)
    await decided(home, case_no, later)
    assert (await home.at(restoration_id))[0] == "cancelled"
    assert [case_no in body for body in await not_theirs(home, case_no)] == [True]
    await no_letter_waits(home, case_no)
    page = await victim_page.look(home.ctx, case_no)
    say = texts_of(PUBLIC / "case")[Language.EN]
    assert next_text(page, say) == say["next_claimed"], "not that its return ended, because the claim says why"
    await home.open_for_new_holds(case_no)
    (following,) = await home.bench.rows("SELECT restoration_id FROM restoration WHERE ack_no = $1", later)
    await to_prepared(home, following[0])
    await home.approve(following[0])
    assert await credited(home, case_no) == [(later, "PUNB", "40000000888")]
    assert await read_by_victims(home, case_no, later) == [("others", None), ("own", None)]
    assert [kind for kind in await home.bench.events(case_no) if kind.startswith("payer_")] == [
        "payer_proposed",
        "payer_decided",
    ]
    await home.check(case_no)


async def test_h1_one_officer_alone_decides_nothing(home: Home) -> None:
    case_no, later = await claimed_twice(home)
    first = await propose(home.ctx, case_no, 1, NewPayerDecision(ack_no=later, reason=WHY), DESK)
    seen = SeenPayerDecision(ack_no=later)
    with pytest.raises(PayerNeedsSecondOfficer):
        await agree(home.ctx, case_no, 1, first.decision_id, seen, DESK)
    with pytest.raises(PayerDecisionDiffers):
        await agree(home.ctx, case_no, 1, first.decision_id, SeenPayerDecision(ack_no=case_no), BOSS)
    second = await propose(home.ctx, case_no, 1, NewPayerDecision(ack_no=case_no, reason=WHY), BOSS)
    with pytest.raises(PayerDecisionDiffers):
        await agree(home.ctx, case_no, 1, first.decision_id, seen, BOSS)
    with pytest.raises(PayerDecisionNotFound):
        await agree(home.ctx, case_no, 1, second.decision_id + 1000, seen, BOSS)
    agreed = await agree(home.ctx, case_no, 1, second.decision_id, SeenPayerDecision(ack_no=case_no), DESK)
    assert agreed == await agree(home.ctx, case_no, 1, second.decision_id, SeenPayerDecision(ack_no=case_no), DESK)
    with pytest.raises(PayerNotContested):
        await propose(home.ctx, case_no, 1, NewPayerDecision(ack_no=later, reason=WHY), DESK)


async def test_h1_only_a_complaint_that_tells_of_the_transfer_is_right(home: Home) -> None:
    case_no, _ = await claimed_twice(home)
    other = await home.hold(100)
    with pytest.raises(PayerNotTold):
        await propose(home.ctx, case_no, 1, NewPayerDecision(ack_no=other, reason=WHY), DESK)


async def test_h1_a_victim_whose_complaint_is_in_another_case_is_credited(home: Home) -> None:
    first = await home.hold(100, payer=FIRST)
    case_no = await home.hold(400, payer=FIRST)
    both = complaint(await told_again(home, first, FIRST), await told_again(home, case_no, LATER))
    receipt = (await home.bench.take(both)).receipt
    assert receipt.case_ack_no == first
    restoration_id = await home.of(case_no)
    await to_prepared(home, restoration_id)
    with pytest.raises(TransferContested, match=receipt.ack_no):
        await home.approve(restoration_id)
    await decided(home, case_no, receipt.ack_no)
    (found,) = (await payer_decisions.contested(home.ctx, case_no)).transfers
    (decision,) = found.decisions
    assert (decision.ack_no, found.undecided) == (receipt.ack_no, False)
    mine = decision.given_to
    assert mine is not None
    assert [case_no in body for body in await not_theirs(home, case_no)] == [True], "none to the victim who gets it"
    # The first transfer of that complaint is counted in the case that it joined.
    assert await read_by_victims(home, receipt.ack_no, mine) == [("counted", None), ("own", mine), ("own", None)]
    assert [claim.ack_no for claim in found.claims if claim.stands] == [mine]
    ((of_case, victim),) = await home.bench.rows("SELECT case_no, victim_id FROM complaint WHERE ack_no = $1", mine)
    assert (of_case, victim) == (
        case_no,
        await home.bench.value("SELECT victim_id FROM complaint WHERE ack_no = $1", receipt.ack_no),
    )
    await home.open_for_new_holds(case_no)
    following = await home.bench.value("SELECT restoration_id FROM restoration WHERE ack_no = $1", mine)
    await to_prepared(home, following)
    await home.approve(following)
    assert await credited(home, case_no) == [(mine, "PUNB", "40000000888")]
    await home.check(case_no)


@pytest.mark.parametrize("first_states", [True, False])
async def test_h1_a_payer_who_is_not_stated_contests_a_stated_one(home: Home, first_states: bool) -> None:
    unknown = {"institution": "SBIN", "account": NOT_STATED}
    payers = [FIRST, unknown] if first_states else [unknown, FIRST]
    case_no = await home.hold(400, payer=payers[0])
    taken = await home.bench.take(complaint(await told_again(home, case_no, payers[1])))
    assert "other_payer" in {flag.code for flag in taken.receipt.flags}
    restoration_id = await home.of(case_no)
    await to_prepared(home, restoration_id)
    with pytest.raises(TransferContested, match=taken.receipt.ack_no):
        await home.approve(restoration_id)


async def test_h1_two_complaints_that_state_no_payer_contest_nothing(home: Home) -> None:
    unknown = {"institution": "SBIN", "account": NOT_STATED}
    case_no = await home.hold(400, payer=unknown)
    receipt = (await home.bench.take(complaint(await told_again(home, case_no, unknown)))).receipt
    assert "other_payer" not in {flag.code for flag in receipt.flags}


async def test_h1_money_under_an_order_to_credit_stays_with_its_complaint(home: Home) -> None:
    case_no = await home.hold(400, payer=FIRST)
    restoration_id = await home.of(case_no)
    await home.to_credit(restoration_id)
    later = (await home.bench.take(complaint(await told_again(home, case_no, LATER)))).receipt.ack_no
    (found,) = (await payer_decisions.contested(home.ctx, case_no)).transfers
    assert (found.undecided, found.ordered) == (True, True)
    say = texts_of(PUBLIC / "case")[Language.EN]
    for ack_no in (case_no, later):
        (claim,) = claims(await victim_page.look(home.ctx, ack_no), say)
        assert claim.says == say["claim_undecided_ordered"], "it is not said that the money waits"
    with pytest.raises(PayerOrdered):
        await decided(home, case_no, later)
    assert await credited(home, case_no) == [(case_no, "SBIN", "30000000777")]


async def test_h1_a_complaint_after_the_decision_that_names_yet_another_payer_contests_again(home: Home) -> None:
    case_no, later = await claimed_twice(home)
    await decided(home, case_no, case_no)
    third = {"institution": "ICIC", "account": rrn()}
    await home.bench.take(complaint(await told_again(home, case_no, third)))
    (found,) = (await payer_decisions.contested(home.ctx, case_no)).transfers
    assert (found.undecided, len(found.claims), len(found.decisions)) == (True, 3, 1)
    assert later in {claim.ack_no for claim in found.claims}
    await decided(home, case_no, case_no)
    told = await not_theirs(home, case_no)
    assert [later in body for body in told] == [True, False], "who lost before is not told again"


def test_h1_the_decisions_are_in_the_evidence_pack() -> None:
    assert "restorations/payer_decisions.jsonl" in pack.FILES
