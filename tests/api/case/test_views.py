"""What is read of a case: every rupee, every hop, every line; page by page, and as tables."""

import csv
import io
from datetime import UTC, datetime, time, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from python_calamine import CalamineWorkbook

from activities.banks import received
from activities.recovery import hold_lifecycle
from activities.work_items.task_owners import close_task
from api.reports import XLSX
from db import tasks
from db.banks import bank_exchanges
from db.banks.rosters import replace_officers
from db.case import requests
from db.pool import Pool
from domain.case.requests import request_id as planned_id
from domain.evidence_binding import GENESIS
from schemas.banks.keys import About, Exchange
from schemas.banks.rosters import NodalOfficer
from schemas.enums import Bucket, ChannelKind, DeliveryOutcome, Role, TaskKind
from schemas.tasks import NewTask, TaskCause, TaskSubject, about
from schemas.text import IST
from tests.api.conftest import Doors, line, transfer

HOPS = 7


async def asked(pool: Pool, ack_no: str, number: int, institution: str) -> UUID:
    """Write that a bank has its request, as a worker does; return the request."""
    request_id = planned_id(ack_no, number, institution)
    now = datetime.now(UTC)
    async with pool.acquire() as connection:
        await requests.delivered(connection, request_id, institution, f"BANKS-{number}", ChannelKind.I4C, 0, now)
    return request_id


def exchange(at: datetime, failure: str = "") -> Exchange:
    """A call of a bank at that time."""
    return Exchange(
        channel=ChannelKind.I4C,
        at=at,
        head="POST /holds",
        body=b"",
        size_bytes=0,
        digest=sha256().digest(),
        failure=failure,
    )


async def walk(doors: Doors, path: str, items: str = "items", limit: int = 2, **query: Any) -> list[Any]:
    """Every item of a list, read two at a time; checks that no page is larger and none is empty but the only one."""
    found: list[Any] = []
    after = None
    for _ in range(50):
        page = await doors.read(path, limit=limit, **query, **({} if after is None else {"after": after}))
        assert len(page[items]) <= limit
        assert page[items] or not found
        found += page[items]
        after = page["next"]
        if after is None:
            return found
    raise AssertionError("the pages never end")


async def story(doors: Doors) -> str:
    """₹5,000: 3,000 moved on to HDFC, 1,500 held at SBIN, 500 taken at an ATM; HDFC holds 1,000 and denies nothing."""
    ack_no: str = (await doors.complain())["ack_no"]
    await asked(doors.services.ctx.pool, ack_no, 1, "SBIN")
    await doors.answer(
        "SBIN",
        ack_no,
        line("moved", amount="3000.00", disputed_amount="3000.00"),
        line("held", amount="1500.00", disputed_amount="1500.00"),
        line("atm", amount="500.00", disputed_amount="500.00"),
        job_id="BANKS-1",
    )
    await asked(doors.services.ctx.pool, ack_no, 2, "HDFC")
    held = line("held", "512345678901", "50100000000099", amount="1000.00", disputed_amount="1000.00")
    await doors.answer("HDFC", ack_no, held, line("held", "599999999999", "1"), job_id="BANKS-2")
    return ack_no


async def test_a_case_knows_where_every_rupee_is(doors: Doors) -> None:
    ack_no = await story(doors)
    case = await doors.read(f"/api/v1/cases/{ack_no}", Role.INTAKE)
    assert set(case["buckets_paise"]) == {bucket.value for bucket in Bucket}
    nonzero = {bucket: paise for bucket, paise in case["buckets_paise"].items() if paise}
    assert nonzero == {"lost": 5_000_00, "in_play": 2_000_00, "held": 2_500_00, "withdrawn": 500_00}
    assert case["unaccounted_paise"] == 0
    assert case["state"] == "open"
    assert case["counts"] == {
        "complaints": 1,
        "hops": 2,
        "requests": 2,
        "answers": 5,
        "open_tasks": 1,
        "discrepancies": 1,
    }
    times = case["turnaround_times"]
    assert times["transfer_to_complaint_seconds"] != 0
    steps = ["first_request_sent", "first_request_delivered", "first_answer", "first_hold"]
    waits = [times[f"complaint_to_{step}_seconds"] for step in steps]
    assert waits == sorted(waits)
    assert waits[0] >= 0


async def test_what_has_not_happened_has_no_time(doors: Doors) -> None:
    ack_no = (await doors.complain())["ack_no"]
    times = (await doors.read(f"/api/v1/cases/{ack_no}"))["turnaround_times"]
    assert times.pop("transfer_to_complaint_seconds") is not None
    assert set(times.values()) == {None}, "the request is planned, but no bank was called"


async def test_the_first_request_is_sent_when_the_first_bank_is_called(doors: Doors) -> None:
    ack_no = (await doors.complain())["ack_no"]
    case = f"/api/v1/cases/{ack_no}"
    opened_at = datetime.fromisoformat((await doors.read(case))["opened_at"])
    calls = [exchange(opened_at + timedelta(seconds=3), "HTTP 503"), exchange(opened_at + timedelta(seconds=5))]
    request_id = planned_id(ack_no, 1, "SBIN")
    async with doors.services.ctx.pool.acquire() as connection:
        await received.keep(doors.services.ctx, connection, About.HOLD_REQUEST, request_id, calls)
    times = (await doors.read(case))["turnaround_times"]
    assert times["complaint_to_first_request_sent_seconds"] == 3
    assert times["complaint_to_first_request_delivered_seconds"] is None


async def test_without_a_call_the_first_request_is_sent_when_it_is_delivered(doors: Doors) -> None:
    ack_no = (await doors.complain())["ack_no"]
    await asked(doors.services.ctx.pool, ack_no, 1, "SBIN")
    times = (await doors.read(f"/api/v1/cases/{ack_no}"))["turnaround_times"]
    assert times["complaint_to_first_request_sent_seconds"] > 0
    delivered_seconds = times["complaint_to_first_request_delivered_seconds"]
    assert times["complaint_to_first_request_sent_seconds"] == delivered_seconds


async def test_a_case_names_no_person(doors: Doors) -> None:
    ack_no = await story(doors)
    text = (await doors.client.get(f"/api/v1/cases/{ack_no}", headers=doors.officer(Role.INTAKE))).text
    for personal in ("Asha", "9876543210", "30000000001", "50100000000099"):
        assert personal not in text


async def test_the_trail_joins_accounts_by_hops(doors: Doors) -> None:
    ack_no = await story(doors)
    trail = await doors.read(f"/api/v1/cases/{ack_no}/trail")
    nodes = {node["node_id"]: node for node in trail["nodes"]}
    first, second = trail["edges"]
    assert nodes[first["from_node"]]["victim"]
    assert first["to_node"] == second["from_node"]
    assert nodes[first["to_node"]]["holder"] == "30000000001"
    assert nodes[second["to_node"]]["institution"] == "HDFC"
    assert (first["layer"], second["layer"], second["parent_hop_no"]) == (1, 2, 1)
    assert first["balances_paise"] == {"held": 1_500_00, "withdrawn": 500_00}
    assert second["balances_paise"] == {"held": 1_000_00, "in_play": 2_000_00}
    assert (first["live_request_id"], second["live_request_id"]) == (None, str(planned_id(ack_no, 2, "HDFC")))
    assert second["source"] == "answer"
    assert second["opened_by_answer"] is not None


async def test_the_layout_is_the_trail_as_a_picture_and_its_table_is_read_by_layer(doors: Doors) -> None:
    ack_no = await story(doors)
    told = await doors.read(f"/api/v1/cases/{ack_no}/trail/layout")
    picture, trail = told["picture"], await doors.read(f"/api/v1/cases/{ack_no}/trail", layer=2)
    (edge,) = trail["edges"]
    assert f"2:{edge['to_node']}" in {bar["node_id"] for bar in picture["bars"]}
    first, second = picture["ribbons"]
    assert [(band["letter"], band["paise"]) for band in first["bands"]] == [
        ("H", 2_500_00),
        ("P", 2_000_00),
        ("W", 500_00),
    ]
    assert (first["to_node"], second["paise"]) == (second["from_node"], 3_000_00)
    assert picture["paise"] == 5_000_00
    assert told["version"] == (await doors.read(f"/api/v1/cases/{ack_no}/events"))["items"][-1]["seq"]
    assert await doors.read(f"/api/v1/cases/{ack_no}/trail/layout") == told
    banks = await doors.read(f"/api/v1/cases/{ack_no}/trail/layout", detail="bank")
    assert [bar["node_id"] for bar in banks["picture"]["bars"]] == ["0:HDFC", "1:SBIN", "2:HDFC"]


async def test_an_account_keeps_its_zeros_and_is_one_node_however_it_is_padded(doors: Doors) -> None:
    padded: dict[str, Any] = {"payee": {"institution": "SBIN", "account": "00000030000000001"}}
    transfers = [transfer(), transfer(rrn="422222222222", **padded)]
    trail = await doors.read(f"/api/v1/cases/{(await doors.complain(transfers=transfers))['ack_no']}/trail")
    assert trail["edges"][0]["to_node"] == trail["edges"][1]["to_node"]
    assert {node["holder"] for node in trail["nodes"] if not node["victim"]} <= {"30000000001", "00000030000000001"}


async def test_the_ledger_sums_to_nothing_and_its_balances_to_the_case(doors: Doors) -> None:
    ack_no = await story(doors)
    ledger = await doors.read(f"/api/v1/cases/{ack_no}/ledger")
    assert [posting["kind"] for posting in ledger["transactions"]] == ["complaint", "answer", "answer"]
    for posting in ledger["transactions"]:
        assert sum(entry["amount_paise"] for entry in posting["entries"]) == 0
    case = await doors.read(f"/api/v1/cases/{ack_no}")
    for bucket, paise in case["buckets_paise"].items():
        told = sum(hop["balances_paise"].get(bucket, 0) for hop in ledger["balances"])
        assert abs(told) == paise, bucket


async def test_the_timeline_says_the_log_in_sentences_newest_first(doors: Doors) -> None:
    ack_no = await story(doors)
    log = (await doors.read(f"/api/v1/cases/{ack_no}/events", limit=500))["items"]
    path = f"/api/v1/cases/{ack_no}/timeline"
    first = await doors.read(path, limit=2)
    rest = await doors.read(path, limit=500, before=first["next"], language="hi")
    told = first["items"] + rest["items"]
    assert [(one["seq"], one["kind"]) for one in told] == [(one["seq"], one["kind"]) for one in reversed(log)]
    assert rest["next"] is None
    assert (await doors.read(path, limit=500))["items"][-1]["text"].startswith("Complaint taken; transfers: ")
    assert told[-1]["text"].startswith("शिकायत दर्ज हुई")


async def test_the_log_is_a_chain(doors: Doors) -> None:
    events = await walk(doors, f"/api/v1/cases/{await story(doors)}/events")
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert events[0]["kind"] == "case_opened"
    assert {"answer_received", "discrepancy_opened"} <= {event["kind"] for event in events}
    assert {event["actor"] for event in events} >= {"officer:officer1", "bank:SBIN", "bank:HDFC"}
    previous = GENESIS.hex()
    for event in events:
        assert event["previous_hash"] == previous
        previous = event["hash"]


async def test_requests_show_their_channels_escalation_and_hops(doors: Doors) -> None:
    ack_no = await story(doors)
    pool, request_id = doors.services.ctx.pool, planned_id(ack_no, 2, "HDFC")
    async with pool.acquire() as connection:
        for channel, outcome in (
            (ChannelKind.I4C, DeliveryOutcome.FAILED),
            (ChannelKind.EMAIL, DeliveryOutcome.DELIVERED),
        ):
            at = datetime.now(UTC)
            await bank_exchanges.note(connection, About.HOLD_REQUEST, request_id, channel, outcome, at, "busy")
    first, second = (await doors.read(f"/api/v1/cases/{ack_no}/requests"))["items"]
    assert (first["institution"], first["state"], first["job_ids"]) == ("SBIN", "answered", ["BANKS-1"])
    assert first["hops"] == [{"hop_no": 1, "revision": 0, "live": False}]
    assert (second["state"], second["level"], second["hops"][0]["live"]) == ("delivered", None, True)
    assert second["first_answered_at"] is not None
    assert [(one["channel"], one["outcome"]) for one in second["attempts"]] == [
        ("i4c", "delivered"),
        ("i4c", "failed"),
        ("email", "delivered"),
    ]
    assert (first["channel"], first["next_level"], first["next_level_at"]) == ("i4c", None, None)
    assert second["next_level"] == "reminder"
    assert datetime.fromisoformat(second["next_level_at"]) > datetime.fromisoformat(second["delivered_at"])


async def test_transfers_timeline_and_holds_are_tables_too(doors: Doors) -> None:
    ack_no = await story(doors)
    await hold_lifecycle.open_for_new_holds(doors.services.ctx, ack_no)

    async def table(path: str, **query: str) -> list[dict[str, str]]:
        headers = doors.officer(Role.DESK) | {"Accept": "text/csv"}
        answer = await doors.client.get(path, params=query, headers=headers)
        assert answer.headers["content-disposition"].endswith('.csv"')
        return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))

    path = f"/api/v1/cases/{ack_no}/trail"
    rows = await table(path)
    hops = await walk(doors, path, "edges")
    assert [int(row["hop_no"]) for row in rows] == [hop["hop_no"] for hop in hops]
    for row, hop in zip(rows, hops, strict=True):
        assert int(row["amount_paise"]) == hop["amount_paise"]
        assert {name: int(row[f"{name}_paise"]) for name in hop["balances_paise"]} == hop["balances_paise"]
    assert (rows[1]["from_account"], rows[1]["to_institution"]) == ("30000000001", "HDFC")
    assert [row["hop_no"] for row in await table(path, layer="2")] == ["2"]
    answer = await doors.client.get(path, headers=doors.officer(Role.DESK) | {"Accept": XLSX})
    header, *cells = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    assert [(row["to_account"], int(row["held_paise"])) for row in rows] == [
        (cell[header.index("to_account")], cell[header.index("held_paise")]) for cell in cells
    ]
    timeline = await doors.read(f"/api/v1/cases/{ack_no}/timeline", limit=500, language="hi")
    assert [row["text"] for row in await table(f"/api/v1/cases/{ack_no}/timeline", language="hi")] == [
        one["text"] for one in timeline["items"]
    ]
    holds = (await doors.read("/api/v1/holds", ack_no=ack_no))["items"]
    assert holds
    assert [(row["hold_id"], int(row["held_paise"])) for row in await table("/api/v1/holds", ack_no=ack_no)] == [
        (hold["hold_id"], hold["held_paise"]) for hold in holds
    ]


async def test_answers_show_what_was_said_and_what_became_of_it(doors: Doors) -> None:
    ack_no = await story(doors)
    answers = await walk(doors, f"/api/v1/cases/{ack_no}/answers")
    assert [(answer["kind"], answer["disposition"]) for answer in answers] == [
        ("moved", "applied"),
        ("held", "applied"),
        ("withdrawn", "applied"),
        ("held", "applied"),
        ("held", "discrepancy"),
    ]
    assert answers[0]["raw"]["payee_account_number"] == "50100000000099"
    (doubt,) = (await doors.read(f"/api/v1/cases/{ack_no}/discrepancies"))["items"]
    assert (doubt["kind"], doubt["institution"], doubt["claimed_paise"]) == ("unasked_hop", "HDFC", 5_000_00)
    assert doubt["answer_id"] == answers[4]["answer_id"]


async def test_a_task_has_whom_to_call_about_what(doors: Doors) -> None:
    ack_no = (await doors.complain())["ack_no"]
    await doors.answer("SBIN", ack_no, line("held", status_code="02"), job_id="BANKS-1")
    tasks = await walk(doors, "/api/v1/desk/tasks")
    task = next(task for task in tasks if task["kind"] == "correct_reference")
    assert (task["case_ack_no"], task["state"]) == (ack_no, "open")
    assert task["institution"]["nodal_officers"][0]["mobile"] == "9000000001"
    hop = task["hop"]
    assert (hop["reference"], hop["holder"], hop["in_play_paise"]) == ("412345678901", "30000000001", 5_000_00)
    await close_task(doors.services.ctx, task["task_id"], "done by phone", "officer:x")
    assert task["task_id"] not in {left["task_id"] for left in await walk(doors, "/api/v1/desk/tasks")}
    (closed,) = await walk(doors, "/api/v1/desk/tasks", state="closed")
    assert (closed["reason"], closed["closed_by"]) == ("done by phone", "officer:x")


async def test_a_task_to_telephone_has_what_to_say(doors: Doors) -> None:
    transfers = [transfer(rrn=f"41000000000{number}") for number in range(7)]
    ack_no = (await doors.complain(transfers=transfers))["ack_no"]
    pool = doors.services.ctx.pool
    request_id = await asked(pool, ack_no, 1, "SBIN")
    async with pool.acquire() as connection, connection.transaction():
        subject = about(TaskSubject.REQUEST, request_id)
        call = [NewTask(kind=TaskKind.PHONE_BANK, cause=TaskCause.REQUEST_SILENT, subject=subject)]
        await tasks.open_tasks(connection, ack_no, call, datetime.now(UTC))
    await doors.answer("SBIN", ack_no, line("held", "410000000000"), job_id="BANKS-1")
    task = next(task for task in await walk(doors, "/api/v1/desk/tasks") if task["kind"] == "phone_bank")
    assert [one["task_id"] for one in await walk(doors, "/api/v1/desk/tasks", kind="phone_bank", case=ack_no)] == [
        task["task_id"]
    ]
    assert await walk(doors, "/api/v1/desk/tasks", kind="phone_bank", case="21111260000001") == []
    said = "\n".join(task["say"])
    assert f"acknowledgement {ack_no}, your job BANKS-1." in said
    assert "410000000000" not in said, "what is found is not asked for"
    assert [f"41000000000{number}" in said for number in range(1, 7)] == [True] * 5 + [False]
    assert "And 1 transfer more" in said
    assert transfers[1]["payee"]["account"] not in said
    await doors.answer("SBIN", ack_no, *(line("held", f"41000000000{n}") for n in range(1, 7)), job_id="BANKS-1")
    left = [task["say"] for task in await walk(doors, "/api/v1/desk/tasks") if task["kind"] == "phone_bank"]
    assert left in ([], [[]]), "nothing is in play"


async def test_every_list_ends_and_says_each_item_once(doors: Doors) -> None:
    for number in range(HOPS):
        await doors.complain(transfers=[transfer(rrn=f"40000000000{number}")])
    listed = await walk(doors, "/api/v1/cases")
    numbers = [case["case_ack_no"] for case in listed]
    assert len(numbers) == len(set(numbers)) == HOPS
    assert [case["opened_at"] for case in listed] == sorted((case["opened_at"] for case in listed), reverse=True)
    assert {case["buckets_paise"]["in_play"] for case in listed} == {5_000_00}
    assert await walk(doors, "/api/v1/cases", state="settled") == []
    transfers = [transfer(rrn=f"41000000000{number}") for number in range(HOPS)]
    ack_no = (await doors.complain(transfers=transfers))["ack_no"]
    edges = await walk(doors, f"/api/v1/cases/{ack_no}/trail", "edges")
    assert [edge["hop_no"] for edge in edges] == list(range(1, HOPS + 1))
    await asked(doors.services.ctx.pool, ack_no, 1, "SBIN")
    for number in range(HOPS):
        await doors.answer("SBIN", ack_no, line("held", f"41000000000{number}", status_code="02"))
    postings = await walk(doors, f"/api/v1/cases/{ack_no}/ledger", "transactions", limit=1)
    assert len(postings) == 1
    for tail, least in (("answers", HOPS), ("events", HOPS + 1), ("discrepancies", 1)):
        items = await walk(doors, f"/api/v1/cases/{ack_no}/{tail}")
        assert len(items) >= least
        assert len(items) == len({str(item) for item in items})
    tasks = await walk(doors, "/api/v1/desk/tasks")
    assert len(tasks) == len({task["task_id"] for task in tasks}) >= HOPS


async def test_a_cursor_of_one_list_is_none_of_another(doors: Doors) -> None:
    for number in range(3):
        await doors.complain(transfers=[transfer(rrn=f"40000000000{number}")])
    cursor = (await doors.read("/api/v1/cases", limit=1))["next"]
    response = await doors.client.get("/api/v1/desk/tasks", params={"after": cursor}, headers=doors.officer(Role.DESK))
    assert response.status_code == 422
    assert response.json()["violations"][0]["field"] == "after"


async def test_a_number_is_of_ascii_digits(doors: Doors) -> None:
    response = await doors.client.get("/api/v1/cases/3241126000001٤", headers=doors.officer(Role.DESK))
    assert response.status_code == 422
    assert response.json()["violations"][0]["field"] == "ack_no"


async def test_a_task_says_who_is_on_duty_and_until_when_the_others_are_not(doors: Doors) -> None:
    today = datetime.now(IST).date()
    away = {"first_day": str(today - timedelta(days=1)), "last_day": str(today + timedelta(days=1))}
    officers = [
        {"name": "A. Away", "mobile": "9000000001", "leaves": [away]},
        {"name": "B. Here", "role": "night desk", "mobile": "9000000002"},
    ]
    async with doors.services.ctx.pool.acquire() as connection:
        await replace_officers(connection, {"SBIN": [NodalOfficer.model_validate(one) for one in officers]})
    ack_no = (await doors.complain())["ack_no"]
    await doors.answer("SBIN", ack_no, line("held", status_code="02"), job_id="BANKS-1")
    task = next(task for task in await walk(doors, "/api/v1/desk/tasks") if task["kind"] == "correct_reference")
    here, gone = task["institution"]["nodal_officers"]
    assert here == {
        "name": "B. Here",
        "role": "night desk",
        "email": "",
        "mobile": "9000000002",
        "on_duty": True,
        "off_duty_until": None,
    }
    back = datetime.combine(today + timedelta(days=2), time(), IST)
    assert (gone["mobile"], gone["on_duty"]) == ("9000000001", False)
    assert datetime.fromisoformat(gone["off_duty_until"]) == back
