"""Cases end to end over real HTTP: officers and banks at the doors, the engine's own processes in between."""

import time

import pytest

from simulator import ScriptedAnswer, ScriptedReply, hold_row, refusal_row, transfer_row, withdrawal_row
from tests.e2e.live import Live
from tests.e2e.told_banks.scene import Scene
from tests.e2e.worlds import transfer
from tests.factories import rrn


@pytest.fixture(scope="module")
def banks(scene: Scene) -> tuple[str, str, str]:
    """Three banks: two that answer by API, with different envelopes where there are such, and one seat."""
    one, *others = (bank for bank in scene.engine.sim.institutions if bank.code in scene.banks)
    other = next((bank for bank in others if bank.envelope.kind != one.envelope.kind), others[0])
    for bank in (one, other):
        scene.banks.remove(bank.code)
    seat = next(bank for bank in scene.engine.sim.institutions if bank.answer_class == "seat")
    return one.code, other.code, seat.code


async def test_a_complaint_is_followed_through_three_banks(engine: Live, banks: tuple[str, str, str]) -> None:
    first, second, third = banks
    root, onward, last = rrn(), rrn(), rrn()
    engine.sim.script(
        bank=first,
        rrn=root,
        answers=[
            ScriptedAnswer(
                (
                    hold_row(root, 1_000_00),
                    transfer_row(root, new_rrn=onward, paise=6_000_00, payee_bank_code=second, payee_account="0001234"),
                    withdrawal_row(root, paise=3_000_00, new_rrn=rrn()),
                )
            )
        ],
    )
    engine.sim.script(
        bank=second,
        rrn=onward,
        answers=[
            ScriptedAnswer(
                (transfer_row(onward, new_rrn=last, paise=6_000_00, payee_bank_code=third, payee_account="77"),),
                after_wall_seconds=0.2,
            )
        ],
    )
    engine.sim.script(bank=third, rrn=last, answers=[ScriptedAnswer((hold_row(last, 6_000_00),))])
    began = time.monotonic()
    case_no = await engine.complain(transfer(first, root))
    await engine.until_settled(case_no)
    took_seconds = time.monotonic() - began
    case = await engine.read(f"/cases/{case_no}")
    found = {bucket: paise for bucket, paise in case["buckets_paise"].items() if paise}
    assert found == {"lost": 10_000_00, "held": 7_000_00, "withdrawn": 3_000_00}
    assert case["unaccounted_paise"] == 0
    assert 0 < case["turnaround_times"]["complaint_to_first_hold_seconds"] < took_seconds
    trail = await engine.read(f"/cases/{case_no}/trail")
    assert [(edge["layer"], edge["reference"]) for edge in trail["edges"]] == [(1, root), (2, onward), (3, last)]
    requests = (await engine.read(f"/cases/{case_no}/requests"))["items"]
    assert [(r["institution"], r["state"]) for r in requests] == [(bank, "answered") for bank in banks]
    kinds = [event["kind"] for event in (await engine.read(f"/cases/{case_no}/events", limit="100"))["items"]]
    assert kinds[0] == "case_opened"
    assert kinds.index("case_settled") > kinds.index("answer_received")
    assert [ticket.repeats for ticket in engine.sim.tickets() if ticket.report.ack_no == case_no] == [0, 0, 0]


async def test_a_wrong_number_is_corrected_by_the_desk(engine: Live, banks: tuple[str, str, str]) -> None:
    bank, *_ = banks
    wrong, right = rrn(), rrn()
    engine.sim.script(bank=bank, rrn=wrong, answers=[ScriptedAnswer((refusal_row(wrong, 10_000_00, "02"),))])
    engine.sim.script(bank=bank, rrn=right, answers=[ScriptedAnswer((hold_row(right, 10_000_00),))])
    case_no = await engine.complain(transfer(bank, wrong))

    async def asked() -> bool:
        return bool((await engine.read("/desk/tasks", case=case_no, kind="correct_reference"))["items"])

    await engine.until(asked, 240, "the desk is asked")
    await engine.post(f"/cases/{case_no}/hops/1/correct", {"rrn": right, "reason": "read again"})
    await engine.until_settled(case_no)
    assert [ticket.rrns for ticket in engine.sim.tickets() if ticket.report.ack_no == case_no] == [[wrong], [right]]
    # Restoration asks people too: of what the golden hour asked nothing is left.
    assert (await engine.read("/desk/tasks", case=case_no, kind="correct_reference"))["items"] == []


async def test_a_bank_that_is_away_is_tried_again_under_the_same_key(engine: Live, banks: tuple[str, str, str]) -> None:
    bank, *_ = banks
    root = rrn()
    engine.sim.script(
        bank=bank,
        rrn=root,
        answers=[ScriptedAnswer((hold_row(root, 10_000_00),))],
        reply=ScriptedReply(status=503, retry_after_seconds=1, times=2),
    )
    case_no = await engine.complain(transfer(bank, root))
    await engine.until_settled(case_no)
    [ticket] = [ticket for ticket in engine.sim.tickets() if ticket.report.ack_no == case_no]
    requests = (await engine.read(f"/cases/{case_no}/requests"))["items"]
    assert [ticket.key] == [request["request_id"] for request in requests]


async def test_no_response_brings_a_letter_and_the_desk_may_hurry_it_and_stop(
    engine: Live, banks: tuple[str, str, str]
) -> None:
    *_, seat = banks
    root = rrn()
    engine.sim.script(bank=seat, rrn=root, answers=[])
    case_no = await engine.complain(transfer(seat, root))
    ticket = await engine.sim.wait_ticket(bank=seat, rrn=root, timeout_seconds=240)
    before = len(engine.sim.mailboxes.letters)
    await engine.post(f"/cases/{case_no}/requests/{ticket.key}/escalate", {"reason": "the money is moving"})

    async def reminded() -> bool:
        return any(case_no in str(letter["subject"]) for letter in list(engine.sim.mailboxes.letters)[before:])

    await engine.until(reminded, 240, "the bank gets a letter")
    await engine.post(f"/cases/{case_no}/requests/{ticket.key}/stop", {"reason": "answered by phone: nothing there"})
    await engine.until_settled(case_no)
    assert (await engine.read(f"/cases/{case_no}"))["buckets_paise"]["untraced"] == 10_000_00
    assert (await engine.verified()).as_text() == "clean"
