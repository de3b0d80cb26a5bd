"""The I4C wire from outside: login, fraud report, status update."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from simulator.banks.messages import ScriptedAnswer, ScriptedReply, hold_row, refusal_row, transfer_row, withdrawal_row
from simulator.config import Knobs
from simulator.institutions import directory
from simulator.server import SimulatorServer, until
from simulator.wires.i4c import TicketError, padded, paise, read_report, rupees
from tests.simulator.conftest import quiet
from tests.simulator.police import Json, Police, envelope_of, incident

RRN = "600112345678"
ACK = "32411260000001"


async def answered(police: Police, count: int) -> None:
    """Wait for that many updates, and check that no more follow."""
    await asyncio.wait_for(until(lambda: len(police.updates) >= count), 10)
    await asyncio.sleep(0.02)
    assert len(police.updates) == count


async def test_every_bank_answers_through_its_own_envelope(sim: SimulatorServer, police: Police) -> None:
    for bank in sim.banks.by_code:
        sim.script(bank=bank, rrn=RRN, answers=[ScriptedAnswer((hold_row(RRN, 500_000),))])
        reply = await police.ask(bank, ACK, [incident(RRN, "5000.00")])
        assert reply.status_code == 200
        assert reply.json()["meta"]["response_code"] == "00"
        assert reply.json()["data"]["job_id"].startswith("BANKS-")
    await answered(police, len(sim.banks.by_code))
    assert {update.bank for update in police.updates} == set(sim.banks.by_code)
    assert {bank.envelope.kind for bank in sim.institutions} == {"aes_cbc", "aes_gcm", "none"}
    assert {bank.envelope.hmac_key is None for bank in sim.institutions} == {True, False}


async def test_incidents_may_be_nested_and_the_instrument_may_be_missing(sim: SimulatorServer, police: Police) -> None:
    nested = await police.ask("SBIN", ACK, [incident(RRN, "5000.00")], nested=True)
    bare = await police.ask("SBIN", ACK, [incident(RRN, "5000.00")], instrument=False)
    assert nested.status_code == bare.status_code == 200
    assert len(sim.tickets("SBIN", RRN)) == 2


async def test_a_repeated_request_is_one_ticket(sim: SimulatorServer, police: Police) -> None:
    jobs = [
        (await police.ask("HDFC", ACK, [incident(RRN, "1.00")], key="the-same")).json()["data"]["job_id"]
        for _ in range(3)
    ]
    assert len(set(jobs)) == 1
    assert [ticket.repeats for ticket in sim.tickets("HDFC", RRN)] == [2]
    await answered(police, 1)
    assert sim.banks.book.repeated_requests == []


async def test_no_client_gets_in_without_the_password(sim: SimulatorServer, police: Police) -> None:
    base = f"{sim.base_url}/banks/SBIN"
    wrong = await police.client.post(f"{base}/login", json={"email": "police@sbin.example", "password": "no"})
    assert wrong.status_code == 401
    envelope = envelope_of(next(e for e in police.directory if e["code"] == "SBIN"))
    body, headers = envelope.seal({"acknowledgement_no": ACK, "incidents": [incident(RRN, "1.00")]})
    for bearer in ("", "Bearer", "Bearer of-another"):
        told = await police.client.post(
            f"{base}/transaction-fraud", content=body, headers=headers | {"authorization": bearer}
        )
        assert told.status_code == 401
    assert sim.tickets() == []


@pytest.mark.parametrize(
    ("report", "status"),
    [
        ({"incidents": [incident(RRN, "1.00")]}, 422),
        ({"acknowledgement_no": ACK}, 422),
        ({"acknowledgement_no": ACK, "incidents": []}, 422),
        ({"acknowledgement_no": ACK, "incidents": [{"rrn": RRN, "amount": "many"}]}, 422),
        ({"acknowledgement_no": ACK, "incidents": [{"amount": "1.00"}]}, 422),
        ([], 422),
    ],
)
async def test_a_report_of_the_wrong_shape_is_refused(
    sim: SimulatorServer, police: Police, report: object, status: int
) -> None:
    assert (await post_raw(police, *envelope_of(police.directory[0]).seal(report))).status_code == status
    assert sim.tickets() == []


async def test_what_cannot_be_opened_is_refused(sim: SimulatorServer, police: Police) -> None:
    for body in (b"", b"{}", b"nonsense", b"A" * 64):
        assert (await post_raw(police, body, {})).status_code == 400
    assert (await post_raw(police, b"A" * ((1 << 20) + 1), {})).status_code == 413
    assert sim.tickets() == []


async def post_raw(police: Police, body: bytes, headers: dict[str, str]) -> httpx.Response:
    """Post a body unchanged to the first bank, with a login."""
    wire = police.directory[0]["wire"]
    login = {"email": wire["email"], "password": wire["password"]}
    token = (await police.client.post(f"{wire['base_url']}/login", json=login)).json()["data"]["token"]
    return await police.client.post(
        f"{wire['base_url']}/transaction-fraud",
        content=body,
        headers=headers | {"authorization": f"Bearer {token}"},
    )


async def test_doors_that_do_not_exist(sim: SimulatorServer, police: Police) -> None:
    for path in ("/", "/banks/SBIN", "/banks/NOBODY/login", "/banks/SBIN/vault", "/sim/nothing"):
        assert (await police.client.post(f"{sim.base_url}{path}", content=b"{}")).status_code == 404


async def test_an_unknown_transfer_has_an_invalid_rrn(sim: SimulatorServer, police: Police) -> None:
    await police.ask("SBIN", ACK, [incident(RRN, "5000.00")])
    await answered(police, 1)
    [row] = police.updates[0].rows
    assert (row["status_code"], row["root_rrn_transaction_id"], row["root_bankid"]) == ("02", RRN, "SBIN")


async def test_the_world_answers_for_its_own_transfers(sim: SimulatorServer, police: Police) -> None:
    told = sim.plans[0].complaints[0].transfers[0]
    await police.ask(told.bank, ACK, [incident(told.reference, rupees(told.move.amount_paise))])
    await answered(police, 1)
    update = police.updates[0]
    assert update.job_id == sim.tickets()[0].job_id
    assert sum(paise(row["disputed_amount"]) for row in update.rows) == told.move.amount_paise
    assert {row["root_account_number"] for row in update.rows} == {told.payee.key.number}
    sim.world.check()


async def test_scripts_are_played_literally(sim: SimulatorServer, police: Police) -> None:
    rows = (
        transfer_row(RRN, new_rrn="600100000001", paise=3_000, payee_bank_code="HDFC", payee_account="000123456789"),
        withdrawal_row(RRN, paise=1_000, new_rrn="600100000002"),
        refusal_row(RRN, 1_000, "77", "who knows"),
    )
    later = ScriptedAnswer((hold_row(RRN, 5_000),), after_wall_seconds=0.05, job_id="BANKS-of-another", ack_no="1")
    sim.script(bank="SBIN", rrn=RRN, answers=[ScriptedAnswer(rows), later])
    await police.ask("SBIN", ACK, [incident(RRN, "50.00")])
    await answered(police, 2)
    first, second = police.updates
    assert [(r["txn_type_id"], r["status_code"], r["disputed_amount"]) for r in first.rows] == [
        (3, "00", "30.00"),
        (5, "00", "10.00"),
        (1, "77", "10.00"),
    ]
    assert (second.ack_no, second.job_id) == ("1", "BANKS-of-another")


async def test_a_bank_speaks_when_told_to(sim: SimulatorServer, police: Police) -> None:
    status, content = await sim.post_as("PUNB", ACK, [hold_row(RRN, 100)])
    assert status == 200
    assert content["meta"] == {"response_code": "00"}
    assert (police.updates[0].bank, police.updates[0].job_id) == ("PUNB", None)


async def test_a_scripted_door(sim: SimulatorServer, police: Police) -> None:
    hop = [incident(RRN, "50.00")]
    sim.script(bank="SBIN", rrn=RRN, reply=ScriptedReply(status=503, retry_after_seconds=7))
    down = await police.ask("SBIN", ACK, hop)
    assert (down.status_code, down.headers["retry-after"]) == (503, "7")
    sim.script(bank="SBIN", rrn=RRN, reply=ScriptedReply(code="15", message="several match"))
    assert (await police.ask("SBIN", ACK, hop)).json()["meta"]["response_code"] == "15"
    sim.script(bank="SBIN", rrn=RRN, reply=ScriptedReply(reset=True, hang_wall_seconds=0.01))
    with pytest.raises(httpx.RemoteProtocolError):
        await police.ask("SBIN", ACK, hop)
    assert len(sim.tickets()) == 1, "the last one took the ticket and lost the reply"
    assert (await police.ask("SBIN", ACK, hop)).status_code == 200


async def test_asking_twice_is_seen(sim: SimulatorServer, police: Police) -> None:
    hop = [incident(RRN, "50.00")]
    sim.script(bank="SBIN", rrn=RRN, answers=[])
    await police.ask("SBIN", ACK, hop, key="one")
    await police.ask("SBIN", ACK, hop, key="one")
    await police.ask("SBIN", "32411260000002", hop, key="of another case")
    assert sim.banks.book.repeated_requests == []
    await police.ask("SBIN", ACK, hop, key="two")
    [twice] = sim.banks.book.repeated_requests
    assert (twice.ack_no, twice.rrn, twice.bank, twice.keys) == (ACK, RRN, "SBIN", ("one", "two"))


async def test_gathered_money_is_asked_for_in_parts(sim: SimulatorServer, police: Police) -> None:
    # The hops are refused, so a third request after the refusal would be no repeat.
    sim.script(bank="SBIN", rrn=RRN, answers=[])
    await police.ask("SBIN", ACK, [incident(RRN, "50.00", "20.00")])
    await police.ask("SBIN", ACK, [incident(RRN, "50.00", "30.00")])
    assert sim.banks.book.repeated_requests == []
    await police.ask("SBIN", ACK, [incident(RRN, "50.00", "10.00")])
    assert sim.banks.book.repeated_requests


async def test_two_equal_parts_of_one_transfer_are_asked_for_once_each(sim: SimulatorServer, police: Police) -> None:
    for root in ("600112340001", "600112340002"):
        row = transfer_row(
            root, new_rrn=RRN, paise=50_00, disputed_paise=20_00, payee_bank_code="SBIN", payee_account="1"
        )
        sim.script(bank="PUNB", rrn=root, answers=[ScriptedAnswer((row,))])
        await police.ask("PUNB", ACK, [incident(root, "20.00")])
    await answered(police, 2)
    sim.script(bank="SBIN", rrn=RRN, answers=[])
    for _ in range(2):
        await police.ask("SBIN", ACK, [incident(RRN, "50.00", "20.00")])
    assert sim.banks.book.repeated_requests == []
    await police.ask("SBIN", ACK, [incident(RRN, "50.00", "20.00")])
    assert len(sim.banks.book.repeated_requests) == 1


async def test_asking_again_about_a_refused_part_is_no_repetition(sim: SimulatorServer, police: Police) -> None:
    rows = (hold_row(RRN, 20_00), refusal_row(RRN, 30_00, "01"))
    sim.script(bank="SBIN", rrn=RRN, answers=[ScriptedAnswer(rows)])
    await police.ask("SBIN", ACK, [incident(RRN, "50.00")])
    await answered(police, 1)
    await police.ask("SBIN", ACK, [incident(RRN, "50.00", "30.00")])
    assert sim.banks.book.repeated_requests == []
    await police.ask("SBIN", ACK, [incident(RRN, "50.00", "40.00")])
    assert sim.banks.book.repeated_requests


async def test_asking_again_after_a_refusal_is_no_repetition(sim: SimulatorServer, police: Police) -> None:
    await police.ask("SBIN", ACK, [incident(RRN, "50.00")])
    await answered(police, 1)
    await police.ask("SBIN", ACK, [incident(RRN, "50.00")])
    assert sim.banks.book.repeated_requests == []


@pytest.fixture
async def forgetful() -> AsyncIterator[SimulatorServer]:
    """Banks that ignore the key of a request, and lose their tokens."""
    knobs = Knobs.none().model_copy(update={"ignores_key": 1.0, "token_loss": 0.4})
    async with SimulatorServer(quiet(knobs=knobs, complaints=20)) as server:
        yield server


async def test_a_second_ticket_is_no_second_hold(forgetful: SimulatorServer) -> None:
    async with Police(forgetful.directory) as police:
        forgetful.connect(police.url)
        for plan in forgetful.plans:
            for told in plan.complaints[0].transfers:
                hop = [incident(told.reference, rupees(told.move.amount_paise))]
                replies: list[str] = []
                while len(replies) < 2:
                    reply = await police.ask(told.bank, f"324112600{plan.case_no:05d}", hop, key=told.reference)
                    replies += [reply.json()["data"]["job_id"]] if reply.status_code == 200 else []
                assert replies[0] != replies[1]
        await answered(police, len(forgetful.tickets()))
        assert forgetful.world.held_paise > 0
        said: dict[str, list[Json]] = {ticket.job_id: [] for ticket in forgetful.tickets()}
        for update in police.updates:
            said[str(update.job_id)] += update.rows
        for first, second in zip(forgetful.tickets()[::2], forgetful.tickets()[1::2], strict=True):
            assert said[first.job_id] == said[second.job_id]
        for account in forgetful.world.accounts.values():
            assert account.held_paise <= account.balance_paise


def test_the_directory_is_the_agreed_file(sim: SimulatorServer) -> None:
    entry = directory(sim.institutions, "http://127.0.0.1:9")[0]
    assert set(entry) == {
        "code",
        "name",
        "kind",
        "ifsc_prefixes",
        "vpa_handles",
        "aliases",
        "answer_class",
        "wire",
        "inbound",
        "desk_email",
        "nodal_officers",
    }


def test_amounts_on_the_wire() -> None:
    assert [paise(x) for x in ("5000.00", "5000", 5000, 0.29, "0.01")] == [500_000, 500_000, 500_000, 29, 1]
    assert [rupees(x) for x in (500_000, 1, 29)] == ["5000.00", "0.01", "0.29"]
    wrong: object
    for wrong in ("", None, "NaN", "1.005", "-1", "1e30", [], "five"):
        with pytest.raises(TicketError):
            paise(wrong)


def test_zero_padding_is_another_notation_of_the_same_account() -> None:
    assert padded("00012345678") == "12345678"
    assert padded("12345678901") == "000012345678901"
    for number in ("00012345678", "12345678901", "123456789012345678"):
        assert padded(number).lstrip("0") == number.lstrip("0")


def test_a_layer_must_be_a_number() -> None:
    with pytest.raises(TicketError, match="layer"):
        read_report({"acknowledgement_no": ACK, "incidents": [incident(RRN, "1.00") | {"layer": "one"}]})
