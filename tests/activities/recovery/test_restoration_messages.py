"""Notifications to victim and holder during a restoration, and the application that the engine writes."""

import asyncio
from typing import Any

from activities.recovery.confirmations import take_confirmation
from schemas.recovery.orders import ConfirmedLine, OrderConfirmation
from schemas.restoration_enums import ObjectionDecision, RestorationVerb
from tests.activities.restoration_bench import DESK, SP, SUPERVISOR, Home
from tests.desk_tasks import notes
from tests.factories import row, rrn, transfer


async def told(home: Home, case_no: str) -> list[tuple[Any, ...]]:
    """Return kind and recipient of every message of the restoration, in order."""
    return await home.bench.rows(
        "SELECT DISTINCT ON (min(written_at), kind, to_whom) kind, to_whom FROM message WHERE case_no = $1"
        " AND kind NOT IN ('money_held', 'hold') GROUP BY kind, to_whom, natural_key"
        " ORDER BY min(written_at), kind, to_whom",
        case_no,
    )


async def assign_io(home: Home, case_no: str) -> None:
    await home.bench.pool.execute(
        "INSERT INTO case_officer (case_no, duty, assignment_no, subject, name, rank, police_station, district, phone,"
        " assigned_by, assigned_at) VALUES ($1, 'io', 1, 'io', 'R. Verma', 'Inspector', 'Cyber Cell', 'LUCKNOW',"
        " '9000000009', 'officer:chief', now())",
        case_no,
    )


async def documents(home: Home, case_no: str) -> list[tuple[Any, ...]]:
    return await home.bench.rows("SELECT kind, language FROM document WHERE case_no = $1 ORDER BY issued_at", case_no)


async def test_the_victim_is_told_of_every_step_that_matters(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await assign_io(home, case_no)
    await home.tick(restoration, 3)
    await home.engine.write_application(home.asked(restoration))
    await home.tick(restoration, 7.1)
    await home.apply(restoration)
    await home.verify(restoration)
    await home.waive(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    await home.confirm(restoration)
    await home.tick(restoration)
    await home.do(restoration, RestorationVerb.RECEIVE_BOND, DESK)
    kinds = [(kind, to_whom) for kind, to_whom in await told(home, case_no) if to_whom == "victim"]
    assert sorted(set(kinds)) == [
        ("application_ready", "victim"),
        ("approved", "victim"),
        ("credited", "victim"),
        ("restored", "victim"),
    ]
    ready = await home.bench.value(
        "SELECT count(DISTINCT natural_key) FROM message WHERE case_no = $1 AND kind = 'application_ready'", case_no
    )
    assert ready == 2, "when it is ready, and once more before it is late"
    credited, *_ = await home.bench.said("credited", case_no)
    assert "400" in credited.body
    assert "UTR" in credited.body


async def test_the_victim_is_told_of_each_banks_credit_as_it_comes_though_another_is_silent(home: Home) -> None:
    case_no, restoration, _ = await home.two_accounts()
    await home.waive(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    await home.approve(restoration)
    orders = await home.bench.rows(
        "SELECT order_id, institution FROM bank_order WHERE case_no = $1 ORDER BY institution", case_no
    )
    for number, (order_id, bank) in enumerate(orders, 1):
        for reference in ("UTR1", "UTR2"):
            line = ConfirmedLine(line_no=1, amount_paise=50_00, done_at=home.clock.at, reference=reference)
            for _ in range(2):
                statement = OrderConfirmation(lines=(line,))
                await take_confirmation(home.ctx, bank, order_id, statement, f"bank:{bank}")
        bodies = [one.body for one in await home.bench.said("credited", case_no)]
        assert len(bodies) == 2 * number, "each once"
        assert sum(f"UTR1, {bank}" in body for body in bodies) == 1
        await home.tick(restoration, 90)
    await home.tick(restoration)
    assert len(await home.bench.said("credited", case_no)) == 4


async def test_the_victim_is_told_that_it_was_refused(home: Home) -> None:
    case_no, restoration, holds = await home.two_accounts()
    for hold in holds:
        await home.decide(restoration, await home.object(restoration, hold), ObjectionDecision.UPHELD)
    assert ("refused", "victim") in await told(home, case_no)


async def test_m13_a_cancelled_restoration_alarms_the_supervisor_and_tells_the_victim(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.assign(case_no, "supervising")
    await home.tick(restoration, 3)
    await home.do(restoration, RestorationVerb.CANCEL, SUPERVISOR)
    found = await told(home, case_no)
    assert {("cancelled", "victim"), ("alarm", "officer")} <= set(found)
    asked = await notes(home.bench.pool, "case_no = $1 AND cause = 'restoration_cancelled'", case_no)
    assert len(asked) == 1
    assert "₹400 on hold" in asked[0]
    assert "officer_alarm" in await home.bench.events(case_no)


async def test_the_application_is_written_once_for_every_turn(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await assign_io(home, case_no)
    await home.tick(restoration, 3)
    for _ in range(2):
        await home.engine.write_application(home.asked(restoration))
    assert await documents(home, case_no) == [("restoration_application", "hi")]
    await home.apply(restoration)
    await home.engine.write_application(home.asked(restoration))
    assert len(await documents(home, case_no)) == 1, "the step is over"
    await home.send_back(restoration, by=SP)
    await home.engine.write_application(home.asked(restoration))
    assert len(await documents(home, case_no)) == 2, "sent back, it is another application"
    await home.check(case_no)


async def test_the_application_comes_with_the_letter_that_it_is_ready(home: Home) -> None:
    root = rrn()
    victim = {"name": "A. Victim", "mobile": "9876543210", "email": "victim@mail.example", "district": "LUCKNOW"}
    payee = {"institution": "HDFC", "account": f"5{rrn()}"}
    case_no = await home.bench.complain(transfer(400_00, reference=root, payee=payee), victim=victim)
    await home.bench.answer("HDFC", case_no, row(1, root, "400.00"))
    await home.open_for_new_holds(case_no)
    await assign_io(home, case_no)
    restoration = await home.of(case_no)
    await home.tick(restoration, 3)
    await home.engine.write_application(home.asked(restoration))
    enclosed = await home.bench.rows(
        "SELECT m.medium, d.kind FROM message m LEFT JOIN message_document USING (message_id)"
        " LEFT JOIN document d USING (document_id)"
        " WHERE m.case_no = $1 AND m.kind = 'application_ready' ORDER BY m.medium",
        case_no,
    )
    assert [tuple(one) for one in enclosed] == [("email", "restoration_application"), ("sms", None)]


async def test_an_application_that_is_issued_locks_no_case(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await assign_io(home, case_no)
    await home.tick(restoration, 3)
    await home.engine.write_application(home.asked(restoration))
    async with home.bench.pool.acquire() as other, other.transaction():
        await other.execute("SELECT FROM case_file WHERE case_no = $1 FOR NO KEY UPDATE", case_no)
        async with asyncio.timeout(60):
            await home.engine.write_application(home.asked(restoration))


async def test_what_an_application_lacks_goes_to_a_person_and_stops_no_clock(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.tick(restoration, 3)
    lacking = (
        "SELECT state FROM desk_task WHERE subject_id = $1 AND cause = 'application_lacks_facts'"
        " ORDER BY task_id DESC LIMIT 1"
    )
    for _ in range(2):
        await home.engine.write_application(home.asked(restoration))
    assert await documents(home, case_no) == [], "no officer investigates yet, so none could sign"
    assert await home.bench.value(lacking, str(restoration)) == "open"
    assert await home.tick(restoration, 8) == ["remind"]
    assert ("application_ready", "victim") not in await told(home, case_no), "it is not ready"
    await assign_io(home, case_no)
    for _ in range(2):
        await home.engine.write_application(home.asked(restoration))
    assert len(await documents(home, case_no)) == 1
    ready = [one for one in await told(home, case_no) if one == ("application_ready", "victim")]
    assert len(ready) == 1, "once, when it is there"
    assert await home.bench.value(lacking, str(restoration)) == "closed"


async def test_the_task_of_a_lacking_application_ends_with_its_step(home: Home) -> None:
    case_no = await home.hold(400)
    restoration = await home.of(case_no)
    await home.tick(restoration, 3)
    await home.engine.write_application(home.asked(restoration))
    await home.apply(restoration)
    assert (
        await home.bench.value(
            "SELECT count(*) FROM desk_task WHERE case_no = $1 AND state = 'open'"
            " AND cause = 'application_lacks_facts'",
            case_no,
        )
        == 0
    )
