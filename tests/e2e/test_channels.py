"""Banks behind every channel against the whole engine: asked, answered, failed over, and never asked twice."""

from collections.abc import AsyncIterator, Coroutine, Mapping
from pathlib import Path
from typing import Any

import pytest

from db.reporting.day_totals import channel_figures
from schemas.enums import ChannelKind
from simulator import (
    Faults,
    Knobs,
    ScriptedAnswer,
    ScriptedReply,
    SimulatorConfig,
    hold_row,
    refusal_row,
    transfer_row,
    withdrawal_row,
)
from simulator.banks.faults import FaultyPost, Reply
from simulator.config import Channels
from tests.e2e.live import Json, Live, live, side_by_side
from tests.e2e.worlds import CALL_SECONDS, SIGNED, transfer
from tests.factories import rrn
from tests.ground import Ground

pytestmark = pytest.mark.world

LOSS_PAISE = 10_000_00
SETTLE_SECONDS = 240.0


@pytest.fixture(scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory, module_ground: Ground) -> AsyncIterator[Live]:
    """One engine for the module, which writes letters; each test takes unused banks."""
    channels = Channels(api=("push", "i4c", "push", "push", "i4c", "iso20022"), seat=("pull",), mail=("email",))
    home: Path = tmp_path_factory.mktemp("engine")
    spool = tmp_path_factory.mktemp("spool")
    config = SimulatorConfig(
        complaints=0, institutions=60, knobs=Knobs.none(), clock_factor=60.0, channels=channels, iso_spool=spool
    )
    async with live(home, config, module_ground, letters=True, call_timeout_seconds=CALL_SECONDS) as engine:
        engine.connect_banks()
        yield engine


@pytest.fixture(scope="module")
def banks(engine: Live) -> dict[str, list[str]]:
    """Return the unused banks by channel."""
    found: dict[str, list[str]] = {}
    for bank in engine.sim.institutions:
        found.setdefault(bank.channel, []).append(bank.code)
    return found


async def whole(engine: Live, case_no: str, **places: int) -> Json:
    """The case when it is settled, once its money is where it should be and nothing was asked twice."""
    await engine.until_settled(case_no, SETTLE_SECONDS)
    case = await engine.read(f"/cases/{case_no}")
    assert {name: paise for name, paise in case["buckets_paise"].items() if paise} == {"lost": LOSS_PAISE} | places
    assert case["unaccounted_paise"] == 0
    keys = [(ticket.bank.code, ticket.key) for ticket in engine.sim.tickets() if ticket.report.ack_no == case_no]
    assert len(set(keys)) == len(keys), "a request is one ticket, by however many ways it comes"
    return case


async def each_whole(engine: Live, plays: Mapping[str, Coroutine[Any, Any, object]]) -> None:
    """Play cases at the same time, and check the books of all banks and the evidence of all cases."""
    await side_by_side(plays)
    assert engine.sim.banks.book.repeated_requests == []
    assert (await engine.verified()).as_text() == "clean"


async def carried(engine: Live, case_no: str) -> list[tuple[str, str]]:
    """Every attempt to carry a request of the case, and what came of it."""
    rows = await engine.pool.fetch(
        "SELECT c.channel, outcome FROM delivery_attempt c JOIN hold_request USING (request_id) WHERE case_no = $1"
        " ORDER BY attempt_id",
        case_no,
    )
    return [(row["channel"], row["outcome"]) for row in rows]


async def test_the_money_is_followed_through_every_channel(engine: Live, banks: dict[str, list[str]]) -> None:
    ways = ["push", "pull", "email", "i4c", "iso20022"]
    told = [banks[way].pop() for way in ways]
    numbers = [rrn() for _ in ways]
    for here, bank in enumerate(told[:-1]):
        left = LOSS_PAISE - here * 1_000_00
        rows = (
            withdrawal_row(numbers[here], paise=1_000_00, new_rrn=rrn()),
            transfer_row(
                numbers[here],
                new_rrn=numbers[here + 1],
                paise=left - 1_000_00,
                payee_bank_code=told[here + 1],
                payee_account="0012345678",
            ),
        )
        engine.sim.script(bank=bank, rrn=numbers[here], answers=[ScriptedAnswer(rows)])
    engine.sim.script(bank=told[-1], rrn=numbers[-1], answers=[ScriptedAnswer((hold_row(numbers[-1], 6_000_00),))])
    case_no = await engine.complain(transfer(told[0], numbers[0], LOSS_PAISE))
    await each_whole(engine, {"all": whole(engine, case_no, held=6_000_00, withdrawn=4_000_00)})
    tickets = [ticket for ticket in engine.sim.tickets() if ticket.report.ack_no == case_no]
    assert [(ticket.bank.code, ticket.channel) for ticket in tickets] == list(zip(told, ways, strict=True))
    # On a busy machine a call may be repeated under its key, and a quick answer may come before the note of the call.
    assert {channel for channel, outcome in await carried(engine, case_no) if outcome == "delivered"} == set(ways)
    async with engine.pool.acquire() as connection:
        found = await channel_figures(connection)
    assert all(found[ChannelKind(way)].answered >= 1 for way in ways)
    assert all(figures.carried >= figures.answered for figures in found.values())
    assert all(figures.p50_seconds is None or 0 <= figures.p50_seconds < 60 for figures in found.values())


async def test_a_bank_says_what_it_cannot_find_and_comes_back_to_the_page_for_what_has_no_room(
    engine: Live, banks: dict[str, list[str]]
) -> None:
    async def not_found(bank: str) -> None:
        wrong, right = rrn(), rrn()
        engine.sim.script(bank=bank, rrn=wrong, answers=[ScriptedAnswer((refusal_row(wrong, LOSS_PAISE, "02"),))])
        engine.sim.script(bank=bank, rrn=right, answers=[ScriptedAnswer((hold_row(right, LOSS_PAISE),))])
        case_no = await engine.complain(transfer(bank, wrong, LOSS_PAISE))

        async def asked() -> bool:
            return bool((await engine.read("/desk/tasks", case=case_no, kind="correct_reference"))["items"])

        await engine.until(asked, SETTLE_SECONDS, "the desk is asked")
        await engine.post(f"/cases/{case_no}/hops/1/correct", {"rrn": right, "reason": "read again"})
        await whole(engine, case_no, held=LOSS_PAISE)

    async def no_room(bank: str) -> None:
        root = rrn()
        rows = [withdrawal_row(root, paise=1_000_00, new_rrn=rrn()) for _ in range(7)]
        for second, row in enumerate(rows):
            row["transaction_datetime"] = f"2026-11-20 10:00:{second:02d}"
        rows += [hold_row(root, 1_000_00), refusal_row(root, 2_000_00, "01")]
        engine.sim.script(bank=bank, rrn=root, answers=[ScriptedAnswer(tuple(rows))])
        case_no = await engine.complain(transfer(bank, root, LOSS_PAISE))
        await whole(engine, case_no, held=1_000_00, withdrawn=7_000_00, refused=2_000_00)
        forms = "SELECT count(*) FROM reply_form JOIN reply_link USING (link_id) JOIN hold_request USING (request_id)"
        assert await engine.pool.fetchval(f"{forms} WHERE case_no = $1", case_no) == 3

    plays = {way: not_found(banks[way].pop()) for way in ("push", "pull", "email")}
    await each_whole(engine, plays | {"no room": no_room(banks["email"].pop())})


# -- a channel that fails ----------------------------------------------------------------------------------------------


async def test_a_door_that_turns_us_away_is_passed_by_a_letter(engine: Live, banks: dict[str, list[str]]) -> None:
    async def play(way: str, bank: str, status: int) -> None:
        root = rrn()
        answers = [ScriptedAnswer((hold_row(root, LOSS_PAISE),))]
        reply = ScriptedReply(status=status, code="97", times=10**6)
        engine.sim.script(bank=bank, rrn=root, answers=answers, reply=reply)
        case_no = await engine.complain(transfer(bank, root, LOSS_PAISE))
        await whole(engine, case_no, held=LOSS_PAISE)
        # A bank that has a letter for long is reminded, which is noted as an attempt without an answer.
        attempts = [one for one in await carried(engine, case_no) if one != ("email", "silent")]
        assert attempts == [(way, "failed"), ("email", "delivered")]

    doors = [("i4c", 401), ("i4c", 408), ("i4c", 503), ("push", 408), ("push", 503)]
    plays = {f"{way} {status}": play(way, banks[way].pop(), status) for way, status in doors}
    await each_whole(engine, plays | {"refused": a_webhook_that_refuses_goes_to_the_desk(engine, banks["push"].pop())})


async def a_webhook_that_refuses_goes_to_the_desk(engine: Live, bank: str) -> None:
    root = rrn()
    engine.sim.script(bank=bank, rrn=root, reply=ScriptedReply(status=401, code="97", times=10**6))
    case_no = await engine.complain(transfer(bank, root, LOSS_PAISE))

    async def told() -> bool:
        return bool((await engine.read("/desk/tasks", case=case_no, kind="ticket_refused"))["items"])

    await engine.until(told, SETTLE_SECONDS, "the desk is told")
    case = await engine.read(f"/cases/{case_no}")
    assert case["buckets_paise"]["in_play"] == LOSS_PAISE
    assert engine.sim.tickets(bank, root) == []


async def test_a_line_that_fails_is_passed_by_a_letter_about_the_same_request(
    engine: Live, banks: dict[str, list[str]]
) -> None:
    async def play(fault: Reply, bank: str) -> None:
        root = rrn()
        engine.sim.put_faults(bank, Faults.model_validate({fault.value: 1.0}))
        engine.sim.script(bank=bank, rrn=root, answers=[ScriptedAnswer((hold_row(root, LOSS_PAISE),))])
        case_no = await engine.complain(transfer(bank, root, LOSS_PAISE))
        await whole(engine, case_no, held=LOSS_PAISE)
        assert len(engine.sim.tickets(bank, root)) == 1

    await each_whole(engine, {fault.value: play(fault, banks["push"].pop()) for fault in Reply})


async def test_a_bank_that_says_nothing_is_reminded_at_each_level_to_the_desk(
    engine: Live, banks: dict[str, list[str]]
) -> None:
    async def play(way: str) -> None:
        # A busy machine may miss the limit of one call. It does not miss that of two.
        is_by_own_way = await a_bank_says_nothing(engine, way, banks[way].pop())
        assert is_by_own_way or await a_bank_says_nothing(engine, way, banks[way].pop())

    ways = ("i4c", "push", "pull", "iso20022", "email")
    await each_whole(engine, {way: play(way) for way in ways})


async def a_bank_says_nothing(engine: Live, way: str, bank: str) -> bool:
    """Play it; return whether the bank got the request by its own channel, and by no other after a failed call."""
    root = rrn()
    engine.sim.script(bank=bank, rrn=root, answers=[])
    case_no = await engine.complain(transfer(bank, root, LOSS_PAISE))
    ticket = await engine.sim.wait_ticket(bank=bank, rrn=root, timeout_seconds=SETTLE_SECONDS)

    await engine.until_phoned(case_no, ticket.key, SETTLE_SECONDS)
    attempts = await carried(engine, case_no)
    # A call that a busy machine cannot end in time has failed, and another channel carries the request.
    first, *others = [one for one in attempts if one[1] != "failed"]
    assert first == (way, "delivered") or (way, "failed") in attempts
    assert others[0] == (first[0], "silent")

    async def by_letter() -> bool:
        return ("email", "delivered") in await carried(engine, case_no)

    # The other channel is called while the levels are reached, and no level waits for it.
    await engine.until(by_letter, SETTLE_SECONDS, "without an answer it goes by letter too")
    assert len(engine.sim.tickets(bank, root)) == 1
    case = await engine.read(f"/cases/{case_no}")
    assert (case["buckets_paise"]["in_play"], case["unaccounted_paise"]) == (LOSS_PAISE, 0)
    late = await engine.sim.post_as(bank, case_no, [hold_row(root, LOSS_PAISE)]) if way == "i4c" else None
    if late is None:
        await engine.post(f"/cases/{case_no}/requests/{ticket.key}/stop", {"reason": "nothing there, says the phone"})
        await whole(engine, case_no, untraced=LOSS_PAISE)
    else:
        await whole(engine, case_no, held=LOSS_PAISE)
    return first == (way, "delivered")


# -- what a bank says wrongly ------------------------------------------------------------------------------------------


async def test_a_foul_signed_answer_is_refused_by_name_and_the_true_one_counts_once(
    engine: Live, banks: dict[str, list[str]]
) -> None:
    async def play(foul: FaultyPost, bank: str) -> None:
        root = rrn()
        engine.sim.put_faults(bank, Faults.model_validate({foul.value: 1.0}))
        engine.sim.script(bank=bank, rrn=root, answers=[ScriptedAnswer((hold_row(root, LOSS_PAISE),))])
        case_no = await engine.complain(transfer(bank, root, LOSS_PAISE))
        await whole(engine, case_no, held=LOSS_PAISE)

        async def tried() -> bool:
            return any(name == foul.value for name, _ in engine.sim.banks.faults.refusals)

        await engine.until(tried, SETTLE_SECONDS, "the foul try is made")
        statuses = {status for name, status in engine.sim.banks.faults.refusals if name == foul.value}
        assert statuses == SIGNED[foul]

    await each_whole(engine, {foul.value: play(foul, banks["pull"].pop()) for foul in FaultyPost})


async def test_what_is_said_in_parts_twice_and_backwards_or_taken_back_counts_once(
    engine: Live, banks: dict[str, list[str]]
) -> None:
    onward_bank = banks["pull"][0]
    plays = {f"{way} in parts": said_in_parts(engine, banks[way].pop(), onward_bank) for way in ("i4c", "push")}
    plays |= {f"{way} taken back": taken_back(engine, banks[way].pop()) for way in ("i4c", "push")}
    await each_whole(engine, plays)


async def said_in_parts(engine: Live, bank: str, onward_bank: str) -> None:
    root, onward = rrn(), rrn()
    moved = transfer_row(root, new_rrn=onward, paise=6_000_00, payee_bank_code=onward_bank, payee_account="0012345678")
    parts = [(hold_row(root, 4_000_00),), (moved, hold_row(root, 4_000_00)), (moved,)]
    answers = [ScriptedAnswer(rows, after_wall_seconds=0.2 * (2 - place)) for place, rows in enumerate(parts)]
    engine.sim.script(bank=bank, rrn=root, answers=answers)
    engine.sim.script(bank=onward_bank, rrn=onward, answers=[ScriptedAnswer((hold_row(onward, 6_000_00),))])
    case_no = await engine.complain(transfer(bank, root, LOSS_PAISE))
    await whole(engine, case_no, held=LOSS_PAISE)


async def taken_back(engine: Live, bank: str) -> None:
    """The second answer of the bank is written down as a discrepancy, and moves no money."""
    root = rrn()
    gone = withdrawal_row(root, paise=LOSS_PAISE, new_rrn=rrn())
    answers = [ScriptedAnswer((hold_row(root, LOSS_PAISE),)), ScriptedAnswer((gone,), after_wall_seconds=0.5)]
    engine.sim.script(bank=bank, rrn=root, answers=answers)
    case_no = await engine.complain(transfer(bank, root, LOSS_PAISE))

    async def noted() -> bool:
        count: int = await engine.pool.fetchval("SELECT count(*) FROM discrepancy WHERE case_no = $1", case_no)
        return count > 0

    await engine.until(noted, SETTLE_SECONDS, "the discrepancy is written down")
    await whole(engine, case_no, held=LOSS_PAISE)
