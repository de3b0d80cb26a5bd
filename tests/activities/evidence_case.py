"""A case with something of everything that evidence is made of."""

import hashlib
import io
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from activities.banks import received
from activities.case.answers import keep_statement
from activities.case.reply_links import keep_form
from activities.context import Context
from activities.evidence.pack import Maker, write_pack
from activities.recovery.document_issuing import issue_for_officer
from activities.recovery.message_outbox import seal_message
from activities.secrets import SecretBox
from adapters.banks.stated import Answerer
from adapters.transcript import Sending, masked
from db.banks import bank_exchanges, bank_keys, reply_links
from db.case import events
from db.case.events import Event
from db.pool import Connection
from db.privacy import person_keys
from domain.evidence_binding import Edition
from schemas.banks.keys import About, BankKey
from schemas.enums import ChannelKind, DeliveryOutcome, Language
from schemas.events import EventKind
from schemas.privacy.personal_data import MessageText
from schemas.recovery.document_facts import DocumentAsk
from schemas.restoration_enums import DocumentKind
from simulator.wires.letters import signed_headers
from tests.activities.restoration_bench import Home
from tests.factories import SECRET, row, rrn, transfer

MOBILE: Final = "9876501234"
EMAIL: Final = "a.victim@example.in"
STRANGER: Final = b"of another bank"
CODE_DIGEST: Final = bytes(range(32))
TOKEN_DIGEST: Final = bytes(range(100, 132))
SAID: Final = "your code is 482913"
KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
PDF: Final = b"%PDF-1.7 of a court"
TOKEN: Final = "dG9rZW4tb2YtYS1saW5r"
LETTER: Final = f"Subject: Order\r\n\r\nhttps://police.example/a/o/{TOKEN}\r\n".encode()
_OFFICER: Final = (
    "INSERT INTO case_officer (case_no, duty, assignment_no, subject, name, rank, police_station, district, phone,"
    " assigned_by, assigned_at) VALUES ($1, 'io', 1, 'io', 'Pragya Tripathi', 'Inspector', 'Cyber Crime', 'LUCKNOW',"
    " '9454400001', 'officer:desk', now())"
)


def maker(ctx: Context) -> Maker:
    return Maker(ctx, SecretBox(SECRET))


async def packed(ctx: Context, case_no: str, edition: Edition = Edition.COURT) -> bytes:
    """The pack of a case as it stands, not entered in its log."""
    into = io.BytesIO()
    await write_pack(maker(ctx), case_no, into, edition=edition)
    return into.getvalue()


async def rich_case(ctx: Context) -> tuple[Home, str]:
    """A case whose money was restored, with a court's order, a document, messages and statements that a bank signed."""
    home = Home(ctx)
    case_no = await _held(home)
    write = home.bench.pool.execute
    await write(_OFFICER, case_no)
    await home.register_fir(case_no)
    await home.court_order(case_no, "bnss_503", "keep_hold", document=PDF)
    ask = DocumentAsk(kind=DocumentKind.LIEN_NOTICE, language=Language.HI, subject="HDFC")
    await issue_for_officer(home.ctx, case_no, ask, "officer:io")
    restoration = await home.of(case_no)
    await home.to_credit(restoration)
    ask = DocumentAsk(kind=DocumentKind.RESTORATION_APPLICATION, language=Language.EN, subject=str(restoration))
    await issue_for_officer(home.ctx, case_no, ask, "officer:io")
    order_id = await home.bench.value("SELECT order_id FROM bank_order WHERE case_no = $1", case_no)
    await _by_letter(home, case_no, order_id)
    await _signed(home, f"/api/v1/bank/orders/{order_id}/confirm", order_id)
    await home.confirm(restoration)
    return home, case_no


async def _held(home: Home) -> str:
    """A case of ₹500, asked for, of which ₹300 are held."""
    root = rrn()
    victim = {"name": "A. Victim", "mobile": MOBILE, "district": "LUCKNOW", "email": EMAIL}
    payee = {"institution": "HDFC", "account": f"5{rrn()}"}
    case_no = await home.bench.complain(transfer(500_00, reference=root, payee=payee), victim=victim)
    (sent,) = await home.bench.ask(case_no)
    await _signed(home, f"/api/v1/bank/holds/{sent.request_id}/acknowledge", UUID(str(sent.request_id)))
    await home.bench.answer("HDFC", case_no, row(5, root, "200.00"), row(1, root, "300.00"))
    await home.open_for_new_holds(case_no)
    return case_no


async def _signed(home: Home, path: str, about: UUID) -> None:
    """A bank's signed request, and one that came with a token."""
    public_key = KEY.public_key().public_bytes_raw()
    key = BankKey(key_id="hdfc:1", institution="HDFC", public_key=public_key, not_before=home.clock.at)
    async with home.bench.pool.acquire() as connection:
        if await bank_keys.get_key(connection, key.key_id) is None:
            await bank_keys.add_key(connection, key, home.clock.at)
    body = b'{"said": "\xc3\xa9"}'
    own = {"Host": "freeze.example", "Content-Type": "application/json"}
    headers = signed_headers(
        "POST", f"https://freeze.example{path}?a=1", body, key_id=key.key_id, private_key=KEY, headers=own
    )
    origin = "https://freeze.example"
    for lines, by in ((headers, key), (own, None)):
        told = list(lines.items())
        await keep_statement(home.ctx, "HDFC", "POST", f"{path}?a=1", told, body, about=about, key=by, origin=origin)
    # What another bank says of this one's request.
    await keep_statement(home.ctx, "SBIN", "POST", path, list(own.items()), STRANGER, about=about)


async def _by_letter(home: Home, case_no: str, order_id: UUID) -> None:
    """The order goes as a letter with a link in it, the first time in vain."""
    lost = Sending(
        "MAIL FROM:<police@example.in>", (), LETTER, masked_body=lambda: masked(LETTER.decode(), TOKEN).encode()
    )
    sent = replace(lost, status="250", reply=bytearray(b"queued"), replied_whole=True)
    lost.failure = "BankUnreachable: SMTP 451"
    async with home.bench.pool.acquire() as connection, connection.transaction():
        for letter in (lost, sent):
            kept = [letter.exchange(ChannelKind.EMAIL)]
            await received.keep(home.ctx, connection, About.ORDER, order_id, kept)
            outcome = DeliveryOutcome.FAILED if letter is lost else DeliveryOutcome.DELIVERED
            await bank_exchanges.note(connection, About.ORDER, order_id, ChannelKind.EMAIL, outcome, home.clock.at)
        await _link_with_a_form(home.ctx, connection, order_id, home.clock.at)
        data = {"order_id": str(order_id), "institution": "HDFC"}
        data |= await bank_exchanges.bound(connection, About.ORDER, order_id)
        event = Event(EventKind.ORDER_DELIVERED, data)
        await events.append(connection, case_no, home.clock.at, "engine", [event])


async def _link_with_a_form(ctx: Context, connection: Connection, order_id: UUID, at: datetime) -> None:
    until, digest = at + timedelta(days=1), hashlib.sha256(order_id.bytes).digest()
    await reply_links.insert(connection, About.ORDER, order_id, digest, "HDFC", "desk@hdfc.example", at, until)
    link = await reply_links.find(connection, About.ORDER, digest)
    assert link is not None
    form = {"l1.amount": "1"}
    answerer = Answerer("A. Officer", "Manager")
    await keep_form(ctx, connection, link, at, answerer, form, b"l1.amount=1")


async def with_secrets(home: Home, case_no: str) -> None:
    """A message with a one-time code in it, the code's digest, and that of a link."""
    write = home.bench.pool.execute
    message_id = uuid4()
    async with home.bench.pool.acquire() as connection:
        person = await person_keys.of_complaint(connection, case_no)
    assert person is not None
    text = MessageText(address=MOBILE, body=SAID)
    await write(
        "INSERT INTO message (message_id, case_no, kind, to_whom, medium, address, language, body, natural_key,"
        " written_at, sent_at, person_id, sealed_head, sealed_body)"
        " VALUES ($1, $2, 'money_held', 'victim', 'sms', '…', 'en', '…', $2, $3, $3, $4, $5, $6)",
        message_id,
        case_no,
        home.clock.at,
        person.person_id,
        *seal_message(home.ctx.persons, person, message_id, text),
    )
    await write(
        "INSERT INTO proof (proof_id, purpose, subject, digest, made_at, made_by, valid_until)"
        " SELECT gen_random_uuid(), 'appeal', hold_id, $2, $3, 'officer:io', $3::timestamptz + interval '1 day'"
        " FROM account_hold WHERE case_no = $1",
        case_no,
        CODE_DIGEST,
        home.clock.at,
    )
    await write(
        "INSERT INTO reply_link (token_digest, subject_kind, subject_id, institution, sent_to, issued_at, expires_at)"
        " SELECT $2, 'hold_request', request_id, institution, 'nodal@hdfc.example', $3,"
        " $3::timestamptz + interval '1 day'"
        " FROM hold_request WHERE case_no = $1",
        case_no,
        TOKEN_DIGEST,
        home.clock.at,
    )
