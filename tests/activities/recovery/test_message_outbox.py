"""Notifications: written once with their facts, sent over real wires, tried on, given up, seen."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from pydantic import SecretStr

from activities.context import Context
from activities.outgoing import NO_WAY, Routes, Ways, send_due
from activities.privacy.person_keys import PersonKeys
from activities.recovery import hold_lifecycle
from activities.recovery.firs import assign_officer
from activities.recovery.hold_transaction import take_contact
from activities.recovery.message_outbox import tell_holder, tell_officer, tell_victim
from activities.recovery.message_sending import MESSAGES, send_again, send_by_new_ways
from activities.secrets import SecretBox
from adapters.messages.sms import SmsGateway, SmsWire
from adapters.messages.smtp import Mailer
from db.pool import Connection
from db.privacy import victims
from db.recovery import notifications
from domain.errors import NotFound, NotNow
from domain.message_rules import MessageLacks
from schemas.case.intake import NO_MOBILE
from schemas.case.police import NewOfficer
from schemas.notifications import Medium, MessageKind, SmsIds
from schemas.privacy.personal_data import Reach, ReachWay
from schemas.recovery.holds import NewHolderContact
from schemas.restoration_enums import CaseDuty
from simulator.people import sms_gateway
from tests.activities.bench import Bench
from tests.asgi_server import served
from tests.clock import Clock, at_clock
from tests.desk_tasks import bank_notes, notes
from tests.each import each
from tests.factories import complaint, row, rrn, transfer
from tests.mail_server import Postbox, mail_server
from tests.said import said

IO = NewOfficer.model_validate(
    {
        "duty": "io",
        "subject": "r.sharma",
        "name": "R. Sharma",
        "rank": "Inspector",
        "police_station": "Cyber Crime, Lucknow",
        "district": "LUCKNOW",
        "phone": "9000000009",
        "email": "r.sharma@police.example",
    }
)
VICTIM = {"name": "A. Victim", "mobile": "+91 98765-43210", "district": "LUCKNOW"}


class Post:
    """A bench whose messages go out over real HTTP and SMTP to a gateway and a mailbox of its own."""

    def __init__(self, ctx: Context, sms: SmsGateway, mail: Mailer) -> None:
        self.clock = Clock(ctx.now())
        self.ctx = at_clock(ctx, self.clock)
        self.bench = Bench(self.ctx)
        self.ways = Ways(mail=mail, sms=sms)
        self.gateway = sms_gateway.SmsGateway("token")
        self.box = Postbox()

    async def notify(self, ack_no: str, kind: MessageKind = MessageKind.MONEY_HELD, **facts: object) -> int:
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            return await tell_victim(connection, self.ctx, ack_no, kind, facts, self.ctx.now())

    async def tell_holder(self, hold_id: UUID, kind: MessageKind = MessageKind.HOLD, **facts: object) -> int:
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            return await tell_holder(connection, self.ctx, hold_id, kind, facts, self.ctx.now())

    async def send(self, ways: Ways | None = None) -> int:
        return await send_due(self.ctx, Routes(ways or self.ways), MESSAGES)

    async def case(self, **victim: object) -> str:
        return await self.bench.complain(victim=VICTIM | victim)

    async def held(self, bank: str = "HDFC", **changes: Any) -> tuple[str, UUID]:
        """A case of ₹5,000 on hold at a bank, and the hold; `changes` are of the bank's line."""
        root = rrn()
        payee = {"institution": bank, "account": f"5{rrn()}"}
        case_no = await self.bench.complain(transfer(5_000_00, reference=root, payee=payee))
        await self.bench.answer(bank, case_no, row(1, root, "5000.00", **changes))
        await hold_lifecycle.open_for_new_holds(self.ctx, case_no)
        hold_id = await self.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
        await self.bench.pool.execute("DELETE FROM message WHERE case_no = $1", case_no)
        return case_no, hold_id

    async def written(self, case_no: str) -> list[tuple[Any, ...]]:
        found = [(one.to_whom, one.medium, one.language, one.address) for one in await said(self.ctx, case_no=case_no)]
        return sorted(found, key=lambda one: one[1:3])

    async def standing(self, case_no: str) -> tuple[Any, ...]:
        (found,) = await self.bench.rows(
            "SELECT sent_at IS NOT NULL, o.attempts, o.next_attempt_at, o.failure FROM message m"
            " JOIN outgoing o ON o.subject = m.message_id::text WHERE m.case_no = $1",
            case_no,
        )
        return found


@pytest.fixture
async def post(ctx: Context) -> AsyncIterator[Post]:
    box = Postbox()
    gateway = sms_gateway.SmsGateway("token")
    async with (
        mail_server(box) as port,
        served(gateway) as url,
        SmsGateway(SmsWire(url, "UPCOPS", "token")) as sms,
    ):
        await ctx.pool.execute(
            "UPDATE outgoing SET next_attempt_at = NULL, ended_at = now(), outcome = 'over' WHERE ended_at IS NULL"
        )
        post = Post(ctx, sms, Mailer.from_url(f"smtp://127.0.0.1:{port}?from=cyber@police.example"))
        post.gateway, post.box = gateway, box
        yield post


async def test_a_victim_is_told_in_their_language_by_sms_and_mail(post: Post) -> None:
    case_no = await post.case(language="en", email="asha@example.org")
    assert await post.notify(case_no, amount_paise=5_000_00) == 2
    assert await post.written(case_no) == [
        ("victim", "email", "en", "asha@example.org"),
        ("victim", "sms", "en", "9876543210"),
    ]
    assert await post.send() == 2
    (message,) = post.gateway.messages
    assert (message.to, message.encoding) == ("+919876543210", "gsm7")
    assert "Rs 5,000 of your money is on hold" in message.text
    (letter,) = post.box.letters
    assert letter["To"] == "asha@example.org"
    assert letter["Subject"] == f"Case {case_no}: Rs 5,000 on hold"
    assert "swindler" in letter.get_content()
    assert (await post.bench.events(case_no))[-2:] == ["message_sent", "message_sent"]


@each(
    ("way", "contact", "note"),
    [
        (ReachWay.CALL, {"email": "asha@example.org"}, "wants to be reached by telephone alone"),
        (ReachWay.SMS, {"mobile": NO_MOBILE, "email": "asha@example.org"}, "wants SMS alone, and no mobile is known"),
        (ReachWay.EMAIL, {}, "wants e-mail alone, and no e-mail is known"),
        (None, {"mobile": NO_MOBILE}, "no mobile and no e-mail is known"),
    ],
)
async def test_a_work_item_says_truly_why_a_victim_was_not_written_to(
    post: Post, way: ReachWay | None, contact: dict[str, str], note: str
) -> None:
    case_no = await post.case(**contact)
    if way is not None:
        async with post.ctx.pool.acquire() as connection, connection.transaction():
            await victims.add(connection, case_no, 1, Reach(way=way), None, None, post.clock.at, "complainant")
    assert await post.notify(case_no, amount_paise=5_000_00) == 0
    (text,) = await notes(post.bench.pool, "case_no = $1 AND cause = 'unreachable'", case_no)
    assert note in text
    assert ("known" in text) is (way is not ReachWay.CALL)


async def test_a_victim_who_said_nothing_of_languages_is_told_in_hindi(post: Post) -> None:
    case_no = await post.case()
    await post.notify(case_no, amount_paise=5_000_00)
    assert await post.written(case_no) == [("victim", "sms", "hi", "9876543210")]
    await post.send()
    assert "आपके ₹5,000 पर" in post.gateway.messages[0].text


async def test_a_victim_whose_data_do_not_open_stops_nothing(post: Post) -> None:
    case_no = await post.case()
    post.ctx = replace(post.ctx, person_keys=PersonKeys(SecretBox(SecretStr("another secret key of 32 characters"))))
    assert await post.notify(case_no, amount_paise=5_000_00) == 0
    tasks = await post.bench.rows("SELECT cause, state, subject_id FROM desk_task WHERE case_no = $1", case_no)
    assert ("unreachable", "open", case_no) in tasks


async def test_the_same_occasion_is_told_once(post: Post) -> None:
    case_no = await post.case()
    told = [await post.notify(case_no, occasion=occasion) for occasion in ("round-1", "round-1", "round-2")]
    assert told == [1, 0, 1]
    assert await post.send() == 2
    assert await post.send() == 0
    assert post.gateway.taken == 2


async def test_what_is_rolled_back_notifies_no_person(post: Post) -> None:
    case_no = await post.case()
    async with post.ctx.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        assert await tell_victim(connection, post.ctx, case_no, MessageKind.MONEY_HELD, {}, post.ctx.now()) == 1
        await transaction.rollback()
    assert await post.send() == 0


async def test_a_message_that_lacks_something_is_not_written(post: Post) -> None:
    case_no = await post.case()
    with pytest.raises(MessageLacks, match="credited to victim: reference"):
        await post.notify(case_no, MessageKind.CREDITED)
    with pytest.raises(NotFound):
        await post.notify("29999999999999")


# -- the account's holder ----------------------------------------------------------------------------------------------


async def test_a_holder_is_told_by_what_the_bank_has_told(post: Post) -> None:
    case_no, hold_id = await post.held(phone_number="9123456780", email="shop@example.org")
    await assign_officer(post.ctx, case_no, IO, "officer:chief")
    assert await post.tell_holder(hold_id) == 3
    assert await post.written(case_no) == [
        ("holder", "email", "hi", "shop@example.org"),
        ("holder", "sms", "en", "9123456780"),
        ("holder", "sms", "hi", "9123456780"),
    ]
    await post.send()
    reference = await post.bench.value("SELECT reference FROM account_hold WHERE hold_id = $1", hold_id)
    for text in [message.text for message in post.gateway.messages] + [post.box.letters[0].get_content()]:
        assert all(part in text for part in (case_no, "5,000", "R. Sharma, 9000000009", reference))
    letter = post.box.letters[0].get_content()
    assert letter.index("के आपके खाते ..") < letter.index("in your account")


async def test_a_bank_passes_on_what_its_customer_cannot_be_told(post: Post) -> None:
    case_no, hold_id = await post.held(phone_number="NA", email="")
    assert await post.tell_holder(hold_id) == 1
    assert await post.written(case_no) == [("bank", "email", "hi", "desk@hdfc.example")]
    await post.send()
    (letter,) = post.box.letters
    assert "Please send the text below" in letter.get_content()
    assert "खाता 5" in letter.get_content()


async def test_a_bank_without_a_mailbox_is_called_by_the_desk(post: Post) -> None:
    case_no, hold_id = await post.held(email=None)
    await post.bench.pool.execute("UPDATE institution SET desk_email = '' WHERE code = 'HDFC'")
    try:
        assert await post.tell_holder(hold_id) == 0
    finally:
        await post.bench.pool.execute("UPDATE institution SET desk_email = 'desk@hdfc.example' WHERE code = 'HDFC'")
    assert ("phone_bank", None) in await post.bench.tasks(case_no)


async def test_a_code_is_never_sent_to_a_bank(post: Post) -> None:
    case_no, hold_id = await post.held()
    until = post.clock.at + timedelta(minutes=10)
    assert await post.tell_holder(hold_id, MessageKind.GRIEVANCE_CODE, code="123456", until=until) == 0
    assert await post.written(case_no) == []


async def test_a_hold_that_starts_again_is_told_again(post: Post) -> None:
    _, hold_id = await post.held(phone_number="9123456780")
    assert [await post.tell_holder(hold_id) for _ in range(2)] == [2, 0]
    await post.bench.pool.execute(
        "UPDATE account_hold SET first_held_at = first_held_at + interval '1 day' WHERE hold_id = $1", hold_id
    )
    assert await post.tell_holder(hold_id) == 2


async def test_officers_are_told_where_somebody_was_assigned(post: Post) -> None:
    case_no = await post.case()
    facts = {"duty": "follow_up", "until": post.clock.at}

    async def told() -> int:
        async with post.ctx.pool.acquire() as connection, connection.transaction():
            now = post.ctx.now()
            return await tell_officer(connection, case_no, CaseDuty.IO, MessageKind.DUTY_DUE, facts, now)

    assert await told() == 0
    await assign_officer(post.ctx, case_no, IO, "officer:chief")
    assert await told() == 2


# -- what goes wrong ---------------------------------------------------------------------------------------------------


async def test_a_gateway_that_is_down_is_tried_again_and_again_and_then_the_desk_is_told(post: Post) -> None:
    case_no = await post.case()
    await post.notify(case_no, amount_paise=5_000_00)
    post.gateway.down = True
    trying = post.ctx.policy.messages.trying
    for attempt in range(1, trying.attempts + 1):
        assert await post.send() == 0
        assert await post.send() == 0, "not before its time"
        sent, attempts, again_at, failure = await post.standing(case_no)
        assert (sent, attempts) == (False, attempt)
        assert "cannot take" in failure
        if attempt < trying.attempts:
            assert again_at == post.clock.at + timedelta(seconds=trying.wait_seconds(attempt))
            post.clock.at = again_at
        else:
            assert again_at is None
    assert await post.bench.tasks(case_no) == [("supervise", None)]
    post.gateway.down = False
    message_id = await post.bench.value("SELECT message_id FROM message WHERE case_no = $1", case_no)
    await send_again(post.ctx, message_id)
    assert await post.send() == 1
    assert await post.bench.tasks(case_no) == []
    assert (await post.standing(case_no))[2:] == (None, "")
    with pytest.raises(NotNow):
        await send_again(post.ctx, message_id)
    with pytest.raises(NotFound):
        await send_again(post.ctx, uuid4())


async def test_an_unknown_number_is_not_tried_again(post: Post) -> None:
    case_no = await post.case()
    await post.notify(case_no)
    post.gateway.unknown.add("+919876543210")
    assert await post.send() == 0
    sent, attempts, again_at, failure = await post.standing(case_no)
    assert (sent, attempts, again_at) == (False, 1, None)
    assert "UNKNOWN-NUMBER" in failure
    assert "98765" not in failure
    assert await post.bench.tasks(case_no) == [("supervise", None)]


async def test_without_a_way_messages_stay_written_and_say_why(post: Post) -> None:
    case_no = await post.case()
    await post.notify(case_no)
    assert await post.send(Ways()) == 0
    sent, attempts, again_at, failure = await post.standing(case_no)
    assert (sent, attempts, failure) == (False, 0, NO_WAY[Medium.SMS])
    async with post.ctx.pool.acquire() as connection:
        page = await notifications.page(connection, case_no, None, 10, in_trouble=True)
    assert [(message.kind, message.failure) for message in page.items] == [("money_held", failure)]
    assert await send_by_new_ways(post.ctx, Ways()) == 0
    post.clock.at = again_at - timedelta(seconds=1)
    assert await post.send() == 0
    assert await send_by_new_ways(post.ctx, post.ways) == 1, "as a process does at its start"
    assert await post.send() == 1


async def test_a_victim_without_any_address_is_for_the_desk(post: Post) -> None:
    case_no = await post.case(mobile="NA")
    assert await post.notify(case_no) == 0
    assert await post.bench.tasks(case_no) == [("supervise", None)]


async def test_two_who_send_at_once_send_each_message_once(post: Post) -> None:
    for _ in range(10):
        await post.notify(await post.case())
    assert sum(await asyncio.gather(*(post.send() for _ in range(4)))) == 10
    assert (post.gateway.taken, post.gateway.repeated) == (10, 0)


async def test_m7_a_message_is_sent_once_though_its_case_is_locked_for_long(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    ack_no = await post.case()
    await post.notify(ack_no, amount_paise=5_000_00)
    write, tried = notifications.sent, list[UUID]()

    async def locked_at_first(connection: Connection, message_id: UUID, at: datetime) -> bool:
        tried.append(message_id)
        if len(tried) == 1:
            raise asyncpg.LockNotAvailableError
        return await write(connection, message_id, at)

    monkeypatch.setattr(notifications, "sent", locked_at_first)
    await post.send()
    assert tried.count(tried[0]) == 2
    of_case = "SELECT count(*) FROM message WHERE case_no = $1 AND sent_at IS NULL"
    assert await post.bench.value(of_case, ack_no) == 0
    before = len(post.gateway.messages)
    await post.send()
    assert len(post.gateway.messages) == before


async def test_what_a_process_died_over_is_sent_again_under_the_same_key(post: Post) -> None:
    await post.notify(await post.case())

    class Dies:
        async def send(self, to: str, body_text: str, key: str, ids: SmsIds | None = None) -> str:
            assert post.ways.sms is not None
            await post.ways.sms.send(to, body_text, key, ids)
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await post.send(replace(post.ways, sms=Dies()))
    assert await post.send() == 0, "perhaps it is under way still"
    post.clock.at += timedelta(seconds=3 * post.ctx.policy.messages.trying.call_timeout_seconds)
    assert await post.send() == 1
    assert (post.gateway.taken, post.gateway.repeated) == (1, 1)


async def test_a_page_of_messages_goes_on_where_it_ended(post: Post) -> None:
    case_no = await post.case()
    for number in range(5):
        post.clock.at += timedelta(seconds=1)
        await post.notify(case_no, occasion=f"n{number}")
    async with post.ctx.pool.acquire() as connection:
        first = await notifications.page(connection, case_no, None, 3, in_trouble=False)
        second = await notifications.page(connection, case_no, first.next, 3, in_trouble=False)
        found, after = set[UUID](), None
        while True:
            page = await notifications.page(connection, None, after, 500, in_trouble=False)
            found |= {message.message_id for message in page.items}
            if (after := page.next) is None:
                break
    shown = [*first.items, *second.items]
    assert len({message.message_id for message in shown}) == 5
    assert [m.written_at for m in shown] == sorted((m.written_at for m in shown), reverse=True)
    assert second.next is None
    assert {message.message_id for message in shown} <= found


async def test_a_route_that_fails_in_an_unexpected_way_is_given_up_too(post: Post) -> None:
    class Broken:
        async def send(self, to: str, body_text: str, key: str, ids: SmsIds | None = None) -> str:
            raise ZeroDivisionError

    case_no = await post.case()
    await post.notify(case_no)
    for _ in range(post.ctx.policy.messages.trying.attempts):
        assert await post.send(replace(post.ways, sms=Broken())) == 0
        post.clock.at += timedelta(hours=2)
    sent, _, again_at, failure = await post.standing(case_no)
    assert (sent, again_at, failure) == (False, None, "ZeroDivisionError")
    assert await post.bench.tasks(case_no) == [("supervise", None)]


async def test_what_ends_its_sender_every_time_is_given_up(post: Post) -> None:
    case_no = await post.case()
    await post.notify(case_no)
    await post.bench.pool.execute(
        "UPDATE outgoing SET attempts = $2 WHERE subject IN (SELECT message_id::text FROM message WHERE case_no = $1)",
        case_no,
        post.ctx.policy.messages.trying.attempts,
    )
    assert await post.send() == 0
    assert await post.bench.tasks(case_no) == [("supervise", None)]


async def test_a_joined_victim_is_told_the_number_of_their_own_complaint(post: Post) -> None:
    root = rrn()
    first = await post.bench.complain(transfer(5_000_00, reference=root), victim=VICTIM)
    joined = await post.bench.take(complaint(transfer(5_000_00, reference=root), victim=VICTIM | {"language": "en"}))
    ack_no = joined.receipt.ack_no
    assert joined.receipt.case_ack_no == first != ack_no
    await post.notify(ack_no, amount_paise=5_000_00)
    (told,) = await said(post.ctx, case_no=first, language="en")
    assert f"Case {ack_no}:" in told.body
    assert first not in told.body


# -- a contact that a person has heard of ------------------------------------------------------------------------------


async def test_a_holder_whom_a_person_can_reach_is_told_and_the_desk_is_asked_no_more(post: Post) -> None:
    case_no, hold_id = await post.held()
    until = post.clock.at + timedelta(minutes=10)
    await post.tell_holder(hold_id, MessageKind.GRIEVANCE_CODE, code="123456", until=until)
    await post.tell_holder(hold_id)
    reference = await post.bench.value("SELECT reference FROM account_hold WHERE hold_id = $1", hold_id)
    pool, tasks = post.bench.pool, "case_no = $1 AND state = 'open' AND kind = 'phone_bank'"
    assert await bank_notes(pool, tasks, case_no) == [
        ("HDFC", f"the holder of {reference} cannot be told: “code for the page of appeals”")
    ]
    told = NewHolderContact.model_validate({"phone": "+91 91234-56780", "email": "shop@example.org"})
    taken = await take_contact(post.ctx, hold_id, told, "officer:1")
    assert (taken.reference, taken.messages) == (reference, 3)
    assert await bank_notes(pool, tasks, case_no) == []
    assert (await post.bench.events(case_no))[-1] == "holder_contact_taken"
    assert "91234" not in str(await post.bench.rows("SELECT data FROM case_event WHERE case_no = $1", case_no))
    assert await post.tell_holder(hold_id, MessageKind.GRIEVANCE_CODE, occasion="2", code="123456", until=until) == 3
    with pytest.raises(NotFound):
        await take_contact(post.ctx, uuid4(), told, "officer:1")


async def test_holders_at_two_banks_are_two_tasks(post: Post) -> None:
    roots = [rrn(), rrn()]
    payees = [{"institution": bank, "account": f"5{rrn()}"} for bank in ("HDFC", "ICIC")]
    case_no = await post.bench.complain(
        *(transfer(5_000_00, reference=root, payee=payee) for root, payee in zip(roots, payees, strict=True))
    )
    for bank, root in zip(("HDFC", "ICIC"), roots, strict=True):
        await post.bench.answer(bank, case_no, row(1, root, "5000.00"))
    await hold_lifecycle.open_for_new_holds(post.ctx, case_no)
    until = post.clock.at + timedelta(minutes=10)
    for (hold_id,) in await post.bench.rows("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no):
        await post.tell_holder(hold_id, MessageKind.GRIEVANCE_CODE, code="123456", until=until)
    banks = await post.bench.rows(
        "SELECT institution FROM desk_task WHERE case_no = $1 AND kind = 'phone_bank' ORDER BY institution", case_no
    )
    assert banks == [("HDFC",), ("ICIC",)]
