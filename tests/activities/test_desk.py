"""What the desk does: each verb in every state, and what of it is refused."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from temporalio.exceptions import ApplicationError

from activities.desk import (
    DeskDone,
    add_hop,
    close_task,
    correct_hop,
    escalate_request,
    send_again,
    stop_request,
)
from adapters.banks.protocol import BankMisconfigured, BankRefused, BankUnreachable
from db import tasks
from domain.errors import LimitExceeded, NotFound, NotNow
from schemas.desk import HopCorrection, NewHopByDesk
from schemas.enums import HopState, Rung
from schemas.work import HopRef, Sent
from tests.activities.bench import LOST_REPLY, Bench
from tests.factories import complaint, moved, row, rrn, transfer

OFFICER = "officer:7"
ICIC = {"institution": "ICIC", "account": "000123456789"}


def correction(**told: Any) -> HopCorrection:
    return HopCorrection.model_validate({"reason": "the bank called"} | told)


def new_hop(parent_hop_no: int = 1, paise: int = 400_00, **told: Any) -> NewHopByDesk:
    return NewHopByDesk.model_validate(
        {
            "parent_hop_no": parent_hop_no,
            "payee": ICIC,
            "amount_paise": paise,
            "disputed_paise": paise,
            "reference": rrn(),
            "transferred_at": "2026-11-24T10:00:00",
            "reason": "told by phone",
        }
        | told
    )


async def asked(bench: Bench, paise: int = 1000_00) -> tuple[str, str, Sent]:
    root = rrn()
    case_no = await bench.complain(transfer(paise, reference=root))
    return case_no, root, await bench.ask_one(case_no)


# -- correct -------------------------------------------------------------------------------------------------------


async def test_a_wrong_reference_is_corrected_and_goes_out_again(bench: Bench) -> None:
    case_no, root, sent = await asked(bench)
    await bench.answer("HDFC", case_no, row(1, root, "0", status_code="02"))
    right = rrn()
    done = await correct_hop(bench.hands, case_no, 1, correction(rrn=right), OFFICER)
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert done.follow_up.news.closed == (HopRef(hop_no=1, revision=0),)
    assert [(hop.hop_no, hop.revision) for hop in done.follow_up.news.opened] == [(1, 1)]
    assert await bench.tasks(case_no) == []
    assert await bench.hops(case_no, "state, revision, reference") == [("open", 1, right)]
    again = await bench.ask_one(case_no)
    assert again.request_id != sent.request_id
    assert [i.rrn for i in bench.bank.tickets[-1][1].incidents] == [right]
    await bench.check(case_no)


async def test_a_hop_corrected_while_it_is_asked_leaves_its_request(bench: Bench) -> None:
    case_no, root, sent = await asked(bench)
    await correct_hop(bench.hands, case_no, 1, correction(rrn=rrn()), OFFICER)
    assert await bench.rows("SELECT state FROM hold_request WHERE case_no = $1", case_no) == [("superseded",)]
    event = await bench.value("SELECT data FROM case_event WHERE case_no = $1 AND kind = 'hop_corrected'", case_no)
    assert (event["withdrawn_from"], event["fields"], event["revision"]) == ([sent.request_id], ["rrn"], 1)
    done = await bench.answer("HDFC", case_no, row(1, root, "1000.00"), job_id=f"BANKS-{sent.request_id}")
    assert done.contradictions == 1, "the old reference is nobody's now"
    await bench.check(case_no)


async def test_a_request_of_which_the_bank_has_answered_a_part_is_answered(bench: Bench) -> None:
    case_no, root, _ = await asked(bench)
    await bench.answer("HDFC", case_no, row(1, root, "400.00"))
    await correct_hop(bench.hands, case_no, 1, correction(rrn=rrn()), OFFICER)
    assert await bench.rows("SELECT state FROM hold_request WHERE case_no = $1", case_no) == [("answered",)]
    await bench.check(case_no)


@pytest.mark.parametrize(("paise", "in_play"), [(1500_00, 1100_00), (600_00, 200_00), (401_00, 1_00)])
async def test_a_corrected_amount_of_the_victims_transfer_corrects_the_loss(
    bench: Bench, paise: int, in_play: int
) -> None:
    case_no, root, _ = await asked(bench)
    await bench.answer("HDFC", case_no, row(1, root, "400.00"))
    await correct_hop(bench.hands, case_no, 1, correction(amount_paise=paise), OFFICER)
    assert await bench.buckets(case_no) == {"lost": -paise, "held": 400_00, "in_play": in_play}
    assert await bench.hops(case_no, "state, amount_paise, disputed_paise") == [("open", paise, paise)]
    await bench.check(case_no)


@pytest.mark.parametrize("paise", [400_00, 399_99, 1])
async def test_an_amount_below_what_is_placed_is_refused(bench: Bench, paise: int) -> None:
    case_no, root, _ = await asked(bench)
    await bench.answer("HDFC", case_no, row(1, root, "400.00"))
    with pytest.raises(NotNow):
        await correct_hop(bench.hands, case_no, 1, correction(amount_paise=paise), OFFICER)
    assert await bench.hops(case_no) == ["asked"]
    await bench.check(case_no)


async def test_a_corrected_amount_of_a_later_transfer_leaves_the_disputed_part(bench: Bench) -> None:
    case_no, root, _ = await asked(bench)
    await bench.answer("HDFC", case_no, moved(root, "1000.00", "ICIC", "1234567890"))
    await correct_hop(bench.hands, case_no, 2, correction(amount_paise=5000_00), OFFICER)
    assert (await bench.hops(case_no, "amount_paise, disputed_paise"))[1] == (5000_00, 1000_00)
    assert await bench.buckets(case_no) == {"lost": -1000_00, "in_play": 1000_00}
    with pytest.raises(NotNow, match="smaller than its disputed part"):
        await correct_hop(bench.hands, case_no, 2, correction(amount_paise=999_00), OFFICER)
    await bench.check(case_no)


async def test_an_unknown_institution_is_named_and_asked(bench: Bench) -> None:
    root = rrn()
    case_no = await bench.complain(transfer(payee_bank="Bank of Nowhere", reference=root))
    done = await correct_hop(bench.hands, case_no, 1, correction(payee=ICIC), OFFICER)
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert [hop.institution for hop in done.follow_up.news.opened] == ["ICIC"]
    assert await bench.tasks(case_no) == []
    await bench.ask(case_no)
    assert [bank for bank, _ in bench.bank.tickets] == ["ICIC"]
    await bench.check(case_no)
    joined = await bench.complain(transfer(payee_bank="ICIC", reference=root))
    assert joined == case_no, "a complaint that names the bank rightly is about the same transfer"


async def test_another_unknown_institution_goes_to_the_desk_again(bench: Bench) -> None:
    case_no, _, _ = await asked(bench)
    nowhere = {"institution": "Bank of Elsewhere", "account": "1234567890"}
    done = await correct_hop(bench.hands, case_no, 1, correction(payee=nowhere), OFFICER)
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert (done.follow_up.news.opened, done.follow_up.news.parked) == ((), (HopRef(hop_no=1, revision=1),))
    assert await bench.hops(case_no) == [HopState.UNROUTABLE]
    assert await bench.tasks(case_no) == [("name_institution", 1)]
    await bench.check(case_no)


async def test_a_hop_without_a_reference_is_not_asked_before_it_has_one(bench: Bench) -> None:
    """Its bank is named first: to ask about no transfer would fail for ever."""
    case_no, root, _ = await asked(bench)
    await bench.answer("HDFC", case_no, moved(root, "1000.00", "Bank of Nowhere", "1", rrn_transaction_id=""))
    await correct_hop(bench.hands, case_no, 2, correction(payee=ICIC), OFFICER)
    assert (await bench.hops(case_no))[1] == "correction"
    assert await bench.tasks(case_no) == [("correct_reference", 2)]
    assert await bench.ask(case_no) == []
    await correct_hop(bench.hands, case_no, 2, correction(utr="ICICR52026112412345678"), OFFICER)
    assert (await bench.ask_one(case_no)).asked == (2,)
    await bench.check(case_no)


async def test_a_closed_hop_is_not_corrected(bench: Bench) -> None:
    case_no, root, _ = await asked(bench)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    with pytest.raises(NotNow, match="closed"):
        await correct_hop(bench.hands, case_no, 1, correction(rrn=rrn()), OFFICER)


@pytest.mark.parametrize("hop_no", [0, 2, -1])
async def test_a_hop_that_is_not_there_is_not_found(bench: Bench, hop_no: int) -> None:
    case_no, _, _ = await asked(bench)
    with pytest.raises(NotFound):
        await correct_hop(bench.hands, case_no, hop_no, correction(rrn=rrn()), OFFICER)


async def test_corrections_at_once_are_made_one_after_the_other(bench: Bench) -> None:
    case_no, _, _ = await asked(bench)
    await asyncio.gather(
        *(correct_hop(bench.hands, case_no, 1, correction(amount_paise=n * 100_00), OFFICER) for n in range(1, 6))
    )
    ((revision, paise),) = await bench.hops(case_no, "revision, disputed_paise")
    assert revision == 5
    assert await bench.buckets(case_no) == {"lost": -paise, "in_play": paise}
    await bench.check(case_no)


async def test_a_correction_to_a_transfer_of_another_case_is_refused(bench: Bench) -> None:
    """Else the loss would count twice, and the bank be asked by two cases."""
    right = rrn()
    other = await bench.complain(transfer(1000_00, reference=right))
    case_no, _, _ = await asked(bench)
    with pytest.raises(NotNow, match=other):
        await correct_hop(bench.hands, case_no, 1, correction(rrn=right), OFFICER)
    assert await bench.hops(case_no) == ["asked"]
    await bench.check(case_no)


async def test_a_correction_to_another_transfer_of_the_case_is_refused(bench: Bench) -> None:
    right = rrn()
    case_no = await bench.complain(transfer(1000_00), transfer(1000_00, reference=right))
    with pytest.raises(NotNow, match="hop 2"):
        await correct_hop(bench.hands, case_no, 1, correction(rrn=right), OFFICER)
    await correct_hop(bench.hands, case_no, 2, correction(rrn=right), OFFICER)
    assert await bench.hops(case_no, "revision") == [0, 1], "to say again what it is is no harm"
    await bench.check(case_no)


async def test_a_correction_and_a_complaint_about_the_same_transfer_never_wait_for_each_other(bench: Bench) -> None:
    """The complaint holds its transfers and wants the case, the correction holds the case and wants the transfer."""
    known, right = transfer(1000_00), rrn()
    case_no = await bench.complain(known)
    async with asyncio.timeout(20):
        async with bench.pool.acquire() as connection, connection.transaction():
            await connection.execute("SELECT FROM case_file WHERE case_no = $1 FOR NO KEY UPDATE", case_no)
            correcting = asyncio.create_task(correct_hop(bench.hands, case_no, 1, correction(rrn=right), OFFICER))
            await asyncio.sleep(0.2)
            joining = asyncio.create_task(bench.take(complaint(known, transfer(1000_00, reference=right))))
            await asyncio.sleep(0.2)
        corrected, joined = await asyncio.gather(correcting, joining, return_exceptions=True)
    assert not isinstance(joined, BaseException), joined
    assert joined.receipt.case_ack_no == case_no
    assert isinstance(corrected, DeskDone | NotNow), corrected
    await bench.check(case_no)


# -- add a hop -----------------------------------------------------------------------------------------------------


async def test_a_hop_of_the_desk_draws_from_its_parent_and_is_asked(bench: Bench) -> None:
    case_no, _, _ = await asked(bench)
    done = await add_hop(bench.hands, case_no, new_hop(), OFFICER)
    assert (done.hop_no, done.case_no) == (2, case_no)
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert [(hop.hop_no, hop.disputed_paise, hop.layer) for hop in done.follow_up.news.opened] == [(2, 400_00, 2)]
    assert await bench.hops(case_no) == ["asked", "open"]
    await bench.check(case_no)


async def test_a_hop_that_takes_everything_closes_its_parent_and_what_was_asked_of_it(bench: Bench) -> None:
    case_no, root, _ = await asked(bench)
    await bench.answer("HDFC", case_no, row(1, root, "0", status_code="02"))
    done = await add_hop(bench.hands, case_no, new_hop(paise=1000_00), OFFICER)
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert done.follow_up.news.closed == (HopRef(hop_no=1, revision=0),)
    assert await bench.tasks(case_no) == []
    await bench.check(case_no)


async def test_a_hop_takes_the_untraced_of_a_settled_case_which_opens_again(bench: Bench) -> None:
    case_no, _, sent = await asked(bench)
    await bench.climb(case_no, sent, Rung.GIVE_UP)
    await bench.settle(case_no)
    done = await add_hop(bench.hands, case_no, new_hop(), OFFICER)
    await bench.note(done.follow_up)
    assert done.follow_up is not None
    assert done.follow_up.start is not None
    assert [hop.hop_no for hop in done.follow_up.start.open_hops] == [2]
    assert await bench.buckets(case_no) == {"lost": -1000_00, "untraced": 600_00, "in_play": 400_00}
    await bench.check(case_no)


async def test_a_hop_that_is_sent_twice_is_one_hop(bench: Bench) -> None:
    case_no, _, _ = await asked(bench)
    new = new_hop()
    outcomes = await asyncio.gather(
        *(add_hop(bench.hands, case_no, new, OFFICER) for _ in range(3)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["DeskDone", "NotNow", "NotNow"]
    assert await bench.buckets(case_no) == {"lost": -1000_00, "in_play": 1000_00}
    await bench.check(case_no)


async def test_a_hop_that_the_bank_told_already_is_not_added_again(bench: Bench) -> None:
    case_no, root, _ = await asked(bench, 5000_00)
    onward = rrn()
    await bench.answer("HDFC", case_no, moved(root, "2000.00", "ICIC", ICIC["account"], rrn_transaction_id=onward))
    with pytest.raises(NotNow, match="hop 2 is this transfer"):
        await add_hop(bench.hands, case_no, new_hop(paise=2000_00, reference=onward), OFFICER)
    await bench.check(case_no)


async def test_a_hop_draws_no_more_than_its_parent_has(bench: Bench) -> None:
    case_no, root, _ = await asked(bench)
    await bench.answer("HDFC", case_no, row(1, root, "700.00"))
    with pytest.raises(NotNow, match="less than that"):
        await add_hop(bench.hands, case_no, new_hop(paise=300_01), OFFICER)
    assert await bench.hops(case_no) == ["asked"]
    await bench.check(case_no)


async def test_the_disputed_part_is_no_more_than_the_transfer(bench: Bench) -> None:
    case_no, _, _ = await asked(bench)
    with pytest.raises(NotNow, match="more than the transfer"):
        await add_hop(bench.hands, case_no, new_hop(disputed_paise=400_01), OFFICER)


async def test_a_hop_to_an_unknown_institution_waits_for_its_name(bench: Bench) -> None:
    case_no, _, _ = await asked(bench)
    nowhere = {"institution": "Bank of Nowhere", "account": "1"}
    await add_hop(bench.hands, case_no, new_hop(payee=nowhere), OFFICER)
    assert await bench.hops(case_no) == ["asked", "unroutable"]
    assert await bench.tasks(case_no) == [("name_institution", 2)]
    await bench.check(case_no)


async def test_the_desk_goes_no_deeper_than_the_engine(bench: Bench) -> None:
    case_no, _, _ = await asked(bench)
    for layer in range(1, bench.hands.policy.trail.max_layers):
        await add_hop(bench.hands, case_no, new_hop(parent_hop_no=layer), OFFICER)
    with pytest.raises(LimitExceeded):
        await add_hop(bench.hands, case_no, new_hop(parent_hop_no=bench.hands.policy.trail.max_layers), OFFICER)
    await bench.check(case_no)


async def test_a_hop_below_no_hop_is_not_found(bench: Bench) -> None:
    case_no, _, _ = await asked(bench)
    with pytest.raises(NotFound):
        await add_hop(bench.hands, case_no, new_hop(parent_hop_no=9), OFFICER)


async def test_hops_added_at_once_take_no_more_than_there_is(bench: Bench) -> None:
    case_no, _, _ = await asked(bench)
    done = await asyncio.gather(
        *(add_hop(bench.hands, case_no, new_hop(), OFFICER) for _ in range(5)), return_exceptions=True
    )
    assert sum(isinstance(one, NotNow) for one in done) == 3
    assert (await bench.hops(case_no, "hop_no")) == [1, 2, 3]
    await bench.check(case_no)


# -- stop, escalate ------------------------------------------------------------------------------------------------


async def test_a_request_is_stopped_once(bench: Bench) -> None:
    case_no, _, sent = await asked(bench)
    done = await stop_request(bench.hands, case_no, UUID(sent.request_id), "wrong case", OFFICER)
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert done.follow_up.news.closed == (HopRef(hop_no=1, revision=0),)
    assert await bench.buckets(case_no) == {"lost": -1000_00, "untraced": 1000_00}
    with pytest.raises(NotNow, match="stopped"):
        await stop_request(bench.hands, case_no, UUID(sent.request_id), "again", OFFICER)
    await bench.check(case_no)


async def test_stopping_twice_at_once_writes_off_once(bench: Bench) -> None:
    case_no, _, sent = await asked(bench)
    done = await asyncio.gather(
        *(stop_request(bench.hands, case_no, UUID(sent.request_id), "stop", OFFICER) for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, NotNow) for one in done) == 3
    assert await bench.buckets(case_no) == {"lost": -1000_00, "untraced": 1000_00}
    await bench.check(case_no)


async def test_stopping_leaves_alone_what_was_corrected_out_of_the_request(bench: Bench) -> None:
    case_no = await bench.complain(transfer(100_00), transfer(200_00))
    sent = await bench.ask_one(case_no)
    await correct_hop(bench.hands, case_no, 1, correction(rrn=rrn()), OFFICER)
    await stop_request(bench.hands, case_no, UUID(sent.request_id), "stop", OFFICER)
    assert await bench.buckets(case_no) == {"lost": -300_00, "in_play": 100_00, "untraced": 200_00}
    assert await bench.hops(case_no) == ["open", "closed"]
    await bench.check(case_no)


async def test_an_escalation_is_news_for_the_workflow(bench: Bench) -> None:
    case_no, _, sent = await asked(bench)
    done = await escalate_request(bench.hands, case_no, UUID(sent.request_id), "minister called", OFFICER)
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert done.follow_up.news.escalate_request_id == sent.request_id
    assert done.follow_up.news.escalate_to is Rung.REMINDER
    assert await bench.value("SELECT rung FROM hold_request WHERE case_no = $1", case_no) is None
    await bench.climb(case_no, sent, Rung.SUPERVISOR)
    with pytest.raises(NotNow, match="supervisor"):
        await escalate_request(bench.hands, case_no, UUID(sent.request_id), "again", OFFICER)
    await bench.check(case_no)


@pytest.mark.parametrize("verb", [stop_request, escalate_request, send_again])
async def test_only_a_live_request_of_this_very_case(bench: Bench, verb: Any) -> None:
    case_no, root, sent = await asked(bench)
    other, _, _ = await asked(bench)
    for wrong_case, wrong_id in [(other, UUID(sent.request_id)), (case_no, uuid4())]:
        with pytest.raises(NotFound):
            await verb(bench.hands, wrong_case, wrong_id, "stop", OFFICER)
    await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    with pytest.raises(NotNow, match="answered"):
        await verb(bench.hands, case_no, UUID(sent.request_id), "stop", OFFICER)


# -- send again ----------------------------------------------------------------------------------------------------


async def refused(bench: Bench, *transfers: dict[str, Any]) -> tuple[str, Sent]:
    """A case whose only request the bank refused as a whole."""
    case_no = await bench.complain(*transfers)
    bench.bank.outcomes.append(BankRefused("HDFC", "400", "a field is wrong"))
    return case_no, await bench.ask_one(case_no)


async def undelivered(bench: Bench) -> tuple[str, UUID]:
    """A case whose request never reached the bank: its first attempt failed a minute ago."""
    case_no = await bench.complain(transfer(1000_00))
    bench.bank.outcomes.append(BankUnreachable("HDFC", "timeout"))
    with pytest.raises(ApplicationError):
        await bench.ask(case_no)
    request_id: UUID = await bench.value(
        "UPDATE hold_request SET sent_at = sent_at - interval '1 minute' WHERE case_no = $1 RETURNING request_id",
        case_no,
    )
    return case_no, request_id


async def test_a_refused_request_is_sent_again_in_another(bench: Bench) -> None:
    case_no, sent = await refused(bench, transfer(1000_00), transfer(500_00))
    assert await bench.tasks(case_no) == [("ticket_refused", None)]
    done = await send_again(bench.hands, case_no, UUID(sent.request_id), "the field is mended", OFFICER)
    assert done.follow_up is not None
    assert done.follow_up.news is not None
    assert [(hop.hop_no, hop.revision, hop.disputed_paise) for hop in done.follow_up.news.opened] == [
        (1, 1, 1000_00),
        (2, 1, 500_00),
    ]
    assert done.follow_up.news.closed == (HopRef(hop_no=1, revision=0), HopRef(hop_no=2, revision=0))
    assert await bench.tasks(case_no) == []
    assert await bench.hops(case_no, "state, revision") == [("open", 1), ("open", 1)]
    again = await bench.ask_one(case_no)
    assert again.request_id != sent.request_id
    assert await bench.rows("SELECT wave_no, state FROM hold_request WHERE case_no = $1 ORDER BY 1", case_no) == [
        (1, "superseded"),
        (2, "delivered"),
    ]
    assert [len(ticket.incidents) for _, ticket in bench.bank.tickets] == [2, 2]
    event = await bench.value("SELECT data FROM case_event WHERE case_no = $1 AND kind = 'request_sent_again'", case_no)
    assert event == {
        "request_id": sent.request_id,
        "institution": "HDFC",
        "hops": [1, 2],
        "reason": "the field is mended",
    }
    await bench.check(case_no)


async def test_only_the_live_hops_of_a_request_are_sent_again(bench: Bench) -> None:
    case_no, sent = await refused(bench, transfer(1000_00), transfer(500_00))
    await correct_hop(bench.hands, case_no, 1, correction(rrn=rrn()), OFFICER)
    await send_again(bench.hands, case_no, UUID(sent.request_id), "mended", OFFICER)
    assert await bench.hops(case_no, "state, revision") == [("open", 1), ("open", 1)]
    await bench.check(case_no)


async def test_a_request_that_never_reached_its_bank_is_sent_again(bench: Bench) -> None:
    case_no, request_id = await undelivered(bench)
    await send_again(bench.hands, case_no, request_id, "the credentials are mended", OFFICER)
    assert (await bench.ask_one(case_no)).delivered
    await bench.check(case_no)


async def test_a_request_on_its_way_is_not_sent_again(bench: Bench) -> None:
    case_no, request_id = await undelivered(bench)
    await bench.pool.execute("UPDATE hold_request SET sent_at = now() WHERE case_no = $1", case_no)
    with pytest.raises(NotNow, match="on its way"):
        await send_again(bench.hands, case_no, request_id, "mended", OFFICER)
    assert await bench.hops(case_no, "state, revision") == [("asked", 0)]
    await bench.check(case_no)


async def test_what_the_bank_has_or_what_is_over_is_not_sent_again(bench: Bench) -> None:
    case_no, _, sent = await asked(bench)
    with pytest.raises(NotNow, match="delivered"):
        await send_again(bench.hands, case_no, UUID(sent.request_id), "mended", OFFICER)
    case_no, sent = await refused(bench, transfer(1000_00))
    await send_again(bench.hands, case_no, UUID(sent.request_id), "mended", OFFICER)
    with pytest.raises(NotNow, match="superseded"):
        await send_again(bench.hands, case_no, UUID(sent.request_id), "mended", OFFICER)
    case_no, sent = await refused(bench, transfer(1000_00))
    await stop_request(bench.hands, case_no, UUID(sent.request_id), "enough", OFFICER)
    with pytest.raises(NotNow, match="stopped"):
        await send_again(bench.hands, case_no, UUID(sent.request_id), "mended", OFFICER)


async def test_a_bank_that_answers_has_the_request_whatever_its_reply_was(bench: Bench) -> None:
    root = rrn()
    case_no = await bench.complain(transfer(1000_00, reference=root))
    bench.bank.outcomes.append(LOST_REPLY)
    with pytest.raises(ApplicationError):
        await bench.ask(case_no)
    await bench.answer("HDFC", case_no, row(1, root, "400.00"))
    request_id = await bench.value(
        "UPDATE hold_request SET sent_at = sent_at - interval '1 minute' WHERE case_no = $1 RETURNING request_id",
        case_no,
    )
    with pytest.raises(NotNow, match="the bank has it"):
        await send_again(bench.hands, case_no, request_id, "mended", OFFICER)
    await bench.check(case_no)


async def test_sent_again_twice_at_once_goes_out_once(bench: Bench) -> None:
    case_no, sent = await refused(bench, transfer(1000_00))
    done = await asyncio.gather(
        *(send_again(bench.hands, case_no, UUID(sent.request_id), "mended", OFFICER) for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, NotNow) for one in done) == 3, done
    assert await bench.hops(case_no, "state, revision") == [("open", 1)]
    await bench.check(case_no)


async def test_an_attempt_that_ends_after_its_request_was_sent_again_asks_nothing_of_the_desk(bench: Bench) -> None:
    """The first attempt was still in the air: what it brings is about a request that is over."""
    case_no = await bench.complain(transfer(1000_00, payee_bank="HDFC"))
    (order,) = await bench.orders(case_no)
    bench.bank.gate = asyncio.Event()
    bench.bank.outcomes.append(BankMisconfigured("HDFC", "its password is refused"))
    sending = asyncio.create_task(bench.freeze.send_hold_request(order))
    await bench.bank.called()
    await bench.pool.execute("UPDATE hold_request SET sent_at = sent_at - interval '1 minute'")
    await send_again(bench.hands, case_no, UUID(order.request_id), "mended", OFFICER)
    bench.bank.gate.set()
    with pytest.raises(ApplicationError):
        await sending
    assert await bench.tasks(case_no) == []
    await bench.check(case_no)


# -- tasks ---------------------------------------------------------------------------------------------------------


async def a_task(bench: Bench) -> tuple[str, str, int]:
    case_no, root, _ = await asked(bench)
    await bench.answer("HDFC", case_no, row(1, root, "0", status_code="02"))
    task_id: int = await bench.value("SELECT task_id FROM desk_task WHERE case_no = $1", case_no)
    return case_no, root, task_id


async def test_a_task_is_closed_once_by_hand(bench: Bench) -> None:
    case_no, _, task_id = await a_task(bench)
    await close_task(bench.hands, task_id, "spoke to them", OFFICER)
    assert await bench.rows("SELECT state, closed_by, reason FROM desk_task WHERE task_id = $1", task_id) == [
        ("closed", OFFICER, "spoke to them")
    ]
    assert (await bench.events(case_no))[-1] == "task_closed"
    with pytest.raises(NotNow):
        await close_task(bench.hands, task_id, "again", OFFICER)
    with pytest.raises(NotFound):
        await close_task(bench.hands, 10**12, "which", OFFICER)
    await bench.check(case_no)


async def test_the_same_question_is_not_put_twice_while_it_is_open(bench: Bench) -> None:
    case_no, root, task_id = await a_task(bench)
    await bench.answer("HDFC", case_no, row(1, root, "0", status_code="02"), job_id="second ticket")
    assert [kind for kind, _ in await bench.tasks(case_no)].count("correct_reference") == 1
    await close_task(bench.hands, task_id, "spoke to them", OFFICER)
    await bench.answer("HDFC", case_no, row(1, root, "0", status_code="02"), job_id="third ticket")
    assert [kind for kind, _ in await bench.tasks(case_no)].count("correct_reference") == 1
    await bench.check(case_no)


async def test_a_task_closed_by_hand_while_an_answer_closes_it_is_no_deadlock(bench: Bench) -> None:
    """The answer holds the case and wants the task: whoever closes the task by hand must not hold it already."""
    case_no, _, task_id = await a_task(bench)
    async with bench.pool.acquire() as connection, connection.transaction(), asyncio.timeout(10):
        await connection.execute("SELECT FROM case_file WHERE case_no = $1 FOR NO KEY UPDATE", case_no)
        by_hand = asyncio.create_task(close_task(bench.hands, task_id, "spoke to them", OFFICER))
        await asyncio.sleep(0.2)
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '1s'")
            assert (await tasks.get(connection, task_id)).state == "open"
    await by_hand
    assert await bench.tasks(case_no) == []


async def test_no_verb_finds_a_case_nobody_has(bench: Bench) -> None:
    nobodys = "39999999999999"
    for verb in (
        add_hop(bench.hands, nobodys, new_hop(), OFFICER),
        correct_hop(bench.hands, nobodys, 1, correction(rrn=rrn()), OFFICER),
        stop_request(bench.hands, nobodys, uuid4(), "stop", OFFICER),
        escalate_request(bench.hands, nobodys, uuid4(), "hurry", OFFICER),
        send_again(bench.hands, nobodys, uuid4(), "mended", OFFICER),
    ):
        with pytest.raises(NotFound):
            await verb


async def test_every_verb_works_by_any_number_of_the_case(bench: Bench) -> None:
    one = transfer()
    case_no = await bench.complain(one)
    ack_no = (await bench.take(complaint(one))).receipt.ack_no
    assert ack_no != case_no
    done = await correct_hop(bench.hands, ack_no, 1, correction(rrn=rrn()), OFFICER)
    assert done.case_no == case_no
    await bench.check(case_no)
