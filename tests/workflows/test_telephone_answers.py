"""What a bank says by telephone goes on at once: the next bank is asked, and the silent request is over."""

from uuid import UUID

from activities.case.call_backs import take_telephone_answer
from schemas.case.hold_requests import NewTelephoneAnswer
from tests.factories import row, rrn, transfer
from tests.workflows.stage import Stage

SPEAKER = {"name": "R. Rao", "designation": "Manager", "number": "9000000001"}


async def told(stage: Stage, case_no: str, request_id: UUID, *lines: dict[str, object]) -> None:
    """Enter what the bank says, and notify the workflow as the API does."""
    body = {"speaker": SPEAKER, "told_at": stage.ctx.now(), "lines": lines}
    new = NewTelephoneAnswer.model_validate(body)
    _, follow_up = await take_telephone_answer(stage.ctx, case_no, request_id, new, rrn(), "officer:2")
    await stage.notify(follow_up)


async def test_money_that_moved_on_is_asked_about_at_its_next_bank(stage: Stage) -> None:
    root, onward = rrn(), rrn()
    case_no = await stage.complain(transfer(reference=root))
    await stage.until_asked(1)
    (first,) = await stage.request_ids(case_no)
    payee = {"institution": "ICIC", "account": "55"}
    moved_on = {"hop": 1, "kind": "moved", "amount_paise": 8_000_00, "reference": onward, "payee": payee}
    await told(stage, case_no, first, moved_on, {"hop": 1, "kind": "held", "amount_paise": 2_000_00})
    await stage.until_asked(2)
    assert stage.banks.asked() == [("HDFC", [root]), ("ICIC", [onward])]
    (live,) = (await stage.progress(case_no)).live_requests
    assert live != str(first), "no answer of the first bank is waited for any more"
    # Over its channel the first bank states the same. That asks no bank, and nothing is in doubt.
    await stage.answer("HDFC", case_no, row(1, root, "2000.00"))
    await told(stage, case_no, UUID(live), {"hop": 2, "kind": "held", "amount_paise": 8_000_00})
    outcome = await stage.outcome(case_no)
    assert (outcome.batches, outcome.requests) == (2, 2)
    assert await stage.buckets(case_no) == {"lost": -10_000_00, "held": 10_000_00}
    assert await stage.state(case_no) == "settled"
    assert len(stage.banks.attempts) == 2
