"""Banks on channels other than the I4C wire: reading requests, opening tickets, sending answers."""

import asyncio
from base64 import b64encode
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

import aiosmtplib
import httpx
import orjson
import pytest
from standardwebhooks import Webhook

from adapters.banks.answers import StatusUpdate
from adapters.banks.iso20022.orders import decode, encode_cancellation, encode_order
from api.pages import TEMPLATES
from schemas.restoration_enums import OrderKind
from simulator.banks.faults import Faults
from simulator.banks.messages import ScriptedAnswer, WrittenRow, hold_row, refusal_row, transfer_row, withdrawal_row
from simulator.clock import IST
from simulator.config import Channels, SimulatorConfig
from simulator.institutions import build_institutions, directory, public_keys
from simulator.net.http_client import Answer, HttpClient
from simulator.server import SimulatorServer, until
from simulator.wires.answer_page import Statement, statements
from simulator.wires.i4c import TicketError
from simulator.wires.json_api import answer_lines, read_hold_request
from simulator.wires.letters import LinkReplaced, open_page, press, read_hold_letter, read_message, write_answer
from tests.each import each
from tests.simulator.banks.test_orders import ordered
from tests.simulator.conftest import quiet

RRN, ACK = "600112345678", "32411260000001"
EVERY = Channels(api=("push", "i4c"), seat=("pull",), mail=("email",))


def demand(**changes: object) -> dict[str, object]:
    """Return a hold request in JSON, with the fields that a bank reads."""
    hop = {"hop": 3, "reference": RRN, "amount_paise": 500_00, "disputed_paise": 400_00, "layer": 2}
    return {"hold_id": str(uuid4()), "ack_no": ACK, "hops": [hop]} | changes


def signed(secret: bytes, content: dict[str, object], *, key: str = "") -> tuple[bytes, dict[str, str]]:
    """Return an event of the police, signed with that secret."""
    body = orjson.dumps({"type": "hold.requested", "timestamp": "2026-11-24T10:00:00Z", "data": content})
    now, event_id = datetime.now(UTC), key or str(content["hold_id"])
    signature = Webhook(secret).sign(event_id, now, body.decode())
    headers = {"webhook-id": event_id, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    return body, headers


# -- channels of the banks ---------------------------------------------------------------------------------------------


def test_banks_of_a_class_take_turns_and_the_directory_names_one_way_each() -> None:
    banks = build_institutions(SimulatorConfig(channels=EVERY))
    ways = {bank.code: bank.channel for bank in banks}
    entries = {str(entry["code"]): entry for entry in directory(banks, "http://127.0.0.1:9")}
    for bank in banks:
        told = entries[bank.code].keys() & {"wire", "push", "pull", "iso20022"}
        assert told == {"i4c": {"wire"}, "push": {"push"}, "pull": {"pull"}, "email": set()}[ways[bank.code]]
    api = [bank.channel for bank in banks if bank.answer_class == "api"]
    assert api[:4] == ["push", "i4c", "push", "i4c"]
    assert {told["institution"] for told in public_keys(banks)} == {
        code for code, way in ways.items() if way in {"push", "pull"}
    }


def test_unless_told_every_bank_speaks_the_i4c_wire() -> None:
    assert {bank.channel for bank in build_institutions(SimulatorConfig())} == {"i4c"}


# -- webhook -----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def pushed() -> tuple[SimulatorServer, str, bytes]:
    """A world with a webhook bank: its address and its secret."""
    sim = SimulatorServer(quiet(channels=EVERY))
    bank = next(bank for bank in sim.institutions if bank.channel == "push")
    return sim, bank.code, bank.webhook_secret


async def test_a_webhook_takes_what_is_signed_once_and_nothing_else(
    pushed: tuple[SimulatorServer, str, bytes],
) -> None:
    sim, code, secret = pushed
    async with sim, httpx.AsyncClient(trust_env=False) as client:
        url = f"{sim.base_url}/banks/{code}/hook"
        content = demand()
        body, headers = signed(secret, content)
        replies = [await client.post(url, content=body, headers=headers) for _ in range(2)]
        assert [reply.status_code for reply in replies] == [202, 202]
        assert replies[0].json() == replies[1].json()
        (ticket,) = sim.tickets(code)
        assert (ticket.key, ticket.channel, ticket.repeats) == (content["hold_id"], "push", 1)
        assert ticket.report.hop_nos == {RRN: 3}
        stranger, marks = signed(b"another secret of thirty-two byte", content)
        assert (await client.post(url, content=stranger, headers=marks)).status_code == 401
        assert (await client.post(url, content=body + b" ", headers=headers)).status_code == 401
        assert (await client.post(url, content=body)).status_code == 401
        empty, marks = signed(secret, demand(hops=[]))
        assert (await client.post(url, content=empty, headers=marks)).status_code == 422
        assert len(sim.tickets()) == 1
        other = f"{sim.base_url}/banks/{code}/transaction-fraud"
        assert (await client.post(other, content=body)).status_code == 404


async def test_faults_at_the_door_are_faults_of_a_webhook_too(pushed: tuple[SimulatorServer, str, bytes]) -> None:
    sim, code, secret = pushed
    async with sim, httpx.AsyncClient(trust_env=False) as client:
        sim.put_faults(code, Faults(torn_reply=1.0, first_calls=1))
        body, headers = signed(secret, demand())
        with pytest.raises(httpx.RemoteProtocolError):
            await client.post(f"{sim.base_url}/banks/{code}/hook", content=body, headers=headers)
        assert (await client.post(f"{sim.base_url}/banks/{code}/hook", content=body, headers=headers)).is_success
        assert len(sim.tickets(code)) == 1


@each("changes", [{"hold_id": ""}, {"ack_no": None}, {"hops": []}, {"hops": [{"reference": RRN}]}, {"hops": ["x"]}])
def test_what_is_no_hold_request_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(TicketError):
        read_hold_request(demand(**changes))


# -- answers -----------------------------------------------------------------------------------------------------------


def test_rows_become_lines_of_the_hop_they_speak_of() -> None:
    when = {"transaction_datetime": "2026-11-24 10:05:00"}
    moved = transfer_row(RRN, new_rrn="1", paise=300, disputed_paise=200, payee_bank_code="PUNB", payee_account="07")
    rows: list[WrittenRow] = [
        hold_row(RRN, 100) | when,
        moved | {"transaction_datetime": "2026-11-24 13:34:PM"},
        withdrawal_row(RRN, paise=50, new_rrn="2") | {"atm_id": "A1", "transaction_datetime": "?"},
        refusal_row(RRN, 5, "01", remarks="gone"),
        hold_row("not asked", 1),
    ]
    held, moved_on, cash, refused = answer_lines(rows, {RRN: 3})
    assert held == {
        "hop": 3,
        "remarks": "",
        "kind": "held",
        "amount_paise": 100,
        "at": "2026-11-24T10:05:00+05:30",
    }
    assert (moved_on["amount_paise"], moved_on["transfer_paise"], moved_on["reference"]) == (200, 300, "1")
    assert moved_on["at"] == "2026-11-24T13:34:00+05:30"
    assert moved_on["payee"] == {"institution": "PUNB", "account": "07"}
    assert (cash["kind"], cash["by"], cash["place"], "at" in cash) == ("withdrawn", "atm", "A1", False)
    assert refused == {"hop": 3, "remarks": "gone", "kind": "refused", "code": "01"}


def test_a_person_states_nothing_twice_and_a_code_last() -> None:
    cash = [withdrawal_row(RRN, paise=100, new_rrn=str(number)) for number in range(7)]
    for second, row in enumerate(cash):
        row["transaction_datetime"] = f"2026-11-24 10:00:{second:02d}"
    said = statements([*cash, cash[0], hold_row(RRN, 300), hold_row(RRN, 300), refusal_row(RRN, 9, "77")])[RRN]
    first = said.portion()
    assert (first.held_paise, len(first.withdrawn), first.code) == (300, 5, "")
    said.said(first)
    second_portion = said.portion()
    assert (second_portion.held_paise, len(second_portion.withdrawn), second_portion.code) == (0, 2, "")
    said.said(second_portion)
    assert said.portion() == Statement(code="01"), "an unexplained transfer is not found, in the page's text"
    said.said(said.portion())
    assert said.is_empty


def test_an_officer_puts_no_time_into_the_future() -> None:
    ahead = withdrawal_row(RRN, paise=100, new_rrn="1") | {"transaction_datetime": "2999-01-01 00:00:00"}
    (row,) = statements([ahead])[RRN].withdrawn
    assert row["when"] <= f"{datetime.now(IST):%Y-%m-%dT%H:%M:%S}"


# -- letters -----------------------------------------------------------------------------------------------------------


def letter(key: str, *, link: str = "http://127.0.0.1:9/a/" + "x" * 43, table: bool = True) -> EmailMessage:
    """Return a letter of the police."""
    written = EmailMessage()
    written["From"], written["To"] = "police@example.org", "desk@example.org"
    written["Subject"] = f"Hold request: acknowledgement {ACK}"
    written.set_content(f"Job: MAIL-{key}\n\nPlease answer here:\n\n{link}\n")
    if table:
        rows = f"rrn_or_utr,amount_rupees,disputed_rupees,time_ist,layer\n{RRN},500.00,400.00,2026-11-24 10:00:00,2\n"
        written.add_attachment(rows, subtype="csv", filename="hold.csv")
    return written


def test_a_letter_is_read_and_a_reminder_asks_for_nothing_new() -> None:
    key = str(uuid4())
    asked = read_hold_letter(letter(key))
    assert asked is not None
    assert (asked.key, asked.report.ack_no, asked.report.layers) == (key, ACK, (2,))
    assert [(i.rrn, i.amount_paise, i.disputed_paise) for i in asked.report.incidents] == [(RRN, 50_000, 40_000)]
    assert read_hold_letter(letter(key, table=False)) is None
    assert asked.link not in repr(asked)


@each("repeats_table", [True, False])
async def test_a_letter_opens_one_ticket_at_any_address_and_the_newest_link_counts(repeats_table: bool) -> None:
    async with SimulatorServer(quiet(channels=EVERY)) as sim:
        bank = next(bank for bank in sim.institutions if bank.channel == "email")
        key, newest = str(uuid4()), "http://127.0.0.1:9/a/" + "y" * 43
        sim.script(bank=bank.code, rrn=RRN, answers=[])
        for written in (letter(key), letter(key, link=newest, table=repeats_table)):
            await aiosmtplib.send(
                written,
                sender="police@example.org",
                recipients=[bank.desk_email, bank.nodal_email],
                hostname="127.0.0.1",
                port=sim.smtp_port,
            )
        (ticket,) = sim.tickets(bank.code)
        assert (ticket.key, ticket.channel, ticket.link, ticket.repeats) == (key, "email", newest, 0)
        assert sim.mailboxes.received == 2


class Line(HttpClient):
    """A connection on which every page is the same."""

    def __init__(self, status: int, template: str) -> None:
        self.answer = Answer(status, (TEMPLATES / template).read_bytes())

    async def request(self, *_: object, **__: object) -> Answer:
        """Return the page."""
        return self.answer


async def test_an_officer_whose_link_a_newer_letter_has_closed_tries_again_later() -> None:
    link = "http://127.0.0.1:9/a/" + "x" * 43
    with pytest.raises(LinkReplaced):
        await open_page(Line(410, "closed.html"), link, "")
    with pytest.raises(LinkReplaced):
        await press(Line(410, "closed.html"), link, {}, "send")
    assert (await open_page(Line(404, "unknown.html"), link, "")).status == 404


async def test_an_unreadable_table_is_sent_back() -> None:
    async with SimulatorServer(quiet(channels=EVERY)) as sim:
        bank = next(bank for bank in sim.institutions if bank.channel == "email")
        written = letter(str(uuid4()), table=False)
        written.add_attachment("rrn_or_utr,amount_rupees\n1,many\n", subtype="csv", filename="hold.csv")
        with pytest.raises(aiosmtplib.SMTPDataError):
            await aiosmtplib.send(written, recipients=[bank.desk_email], hostname="127.0.0.1", port=sim.smtp_port)
        assert sim.tickets() == []


async def test_the_public_keys_are_told() -> None:
    async with SimulatorServer(quiet(channels=EVERY)) as sim, httpx.AsyncClient(trust_env=False) as client:
        told = (await client.get(f"{sim.base_url}/sim/keys")).json()
        assert told == sim.public_keys
        bank = next(bank for bank in sim.institutions if bank.code == told[0]["institution"])
        assert told[0]["public_key"] == b64encode(bank.signing_key.public_key().public_bytes_raw()).decode()


# -- files -------------------------------------------------------------------------------------------------------------

CASE = f"{ACK}-W2YEBWSFD7WZY7NRK5JD"


def cancellation(key: str) -> bytes:
    """Return a camt.056 with the fields that a bank reads."""
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.056.001.08"><FIToFIPmtCxlReq>'
        f"<Assgnmt><Id>{key.replace('-', '')}</Id></Assgnmt><Case><Id>{CASE}</Id></Case>"
        f"<Undrlyg><TxInf><OrgnlTxId>{RRN}</OrgnlTxId>"
        '<OrgnlIntrBkSttlmAmt Ccy="INR">500.00</OrgnlIntrBkSttlmAmt>'
        "<CxlRsnInf><AddtlInf>/LAYER/2</AddtlInf><AddtlInf>/DSPTD/INR400.00</AddtlInf></CxlRsnInf>"
        "</TxInf></Undrlyg></FIToFIPmtCxlReq></Document>"
    ).encode()


async def test_a_file_opens_a_ticket_and_is_taken_away_and_the_answer_is_one_that_the_police_can_read(
    tmp_path: Path,
) -> None:
    config = quiet(channels=Channels(api=("iso20022",)), iso_spool=tmp_path)
    async with SimulatorServer(config) as sim:
        sim.connect("http://127.0.0.1:9")
        bank = next(bank for bank in sim.institutions if bank.channel == "iso20022")
        key, out = str(uuid4()), tmp_path / bank.code / "out"
        rows = (hold_row(RRN, 100_00), refusal_row(RRN, 300_00, "01"))
        sim.script(bank=bank.code, rrn=RRN, answers=[ScriptedAnswer(rows)])
        out.mkdir(parents=True)
        (out / "1.xml").write_bytes(cancellation(key))
        ticket = await sim.wait_ticket(bank=bank.code, rrn=RRN)
        assert (ticket.key, ticket.channel, ticket.job_id) == (key, "iso20022", CASE)
        assert [(i.rrn, i.amount_paise, i.disputed_paise) for i in ticket.report.incidents] == [(RRN, 50_000, 40_000)]
        assert list(out.iterdir()) == []
        inside = tmp_path / bank.code / "in"
        await asyncio.wait_for(until(lambda: any(inside.glob("[!.]*.xml"))), 10)
        (answer,) = inside.glob("[!.]*.xml")
        read = decode(answer.read_bytes())
        assert isinstance(read, StatusUpdate)
        assert (read.ack_no, read.job_id, len(read.lines)) == (ACK, CASE, 2)
        (tmp_path / bank.code / "done").mkdir()
        answer.rename(tmp_path / bank.code / "done" / answer.name)
        await asyncio.wait_for(until(lambda: ticket.answered), 10)
        assert ticket.posts[0].accepted_ns is not None


async def test_an_order_by_file_and_by_letter_is_one_and_a_file_takes_it_back(tmp_path: Path) -> None:
    config = quiet(channels=Channels(api=("iso20022",)), iso_spool=tmp_path)
    async with SimulatorServer(config) as sim:
        sim.connect("http://127.0.0.1:9")
        bank = next(bank for bank in sim.institutions if bank.channel == "iso20022")
        told, out = ordered(OrderKind.RESTORE), tmp_path / bank.code / "out"
        out.mkdir(parents=True)
        (out / "1.xml").write_bytes(encode_order(bank.code, told, created_at=told.ordered_at))
        await asyncio.wait_for(until(lambda: len(sim.offices.orders) == 1), 10)
        reminder = EmailMessage()
        reminder["Subject"] = f"Reminder: order, acknowledgement {told.ack_no}"
        reminder.set_content(f"Order: {told.order_id}\n\nhttp://127.0.0.1:9/a/o/{'x' * 43}\n")
        assert sim.offices.open_letter(bank, reminder)
        ((key, record),) = sim.offices.orders.items()
        assert key == (bank.code, str(told.order_id))
        taken_back = told.model_copy(update={"cancelled_at": told.ordered_at})
        (out / "2.xml").write_bytes(encode_cancellation(bank.code, taken_back))
        await asyncio.wait_for(until(lambda: record.stopped), 10)
        assert len(sim.offices.orders) == 1


@each("body", [b"<", b"<Document/>", cancellation("0" * 31)])
def test_what_is_no_message_is_not_read(body: bytes) -> None:
    with pytest.raises(TicketError):
        read_message(body)


def test_where_money_went_on_to_is_stated_in_text() -> None:
    report = read_message(cancellation(str(uuid4()))).report
    assert report is not None
    moved = transfer_row(RRN, new_rrn="610299999999", paise=400_00, payee_bank_code="PUNB", payee_account="07")
    body = write_answer("HDFC", report, [moved])
    assert body is not None
    assert b"<Cd>AM04</Cd>" in body
    assert b"PUNB 400.00 610299999999" in body
    assert write_answer("HDFC", report, [hold_row("another", 1)]) is None
