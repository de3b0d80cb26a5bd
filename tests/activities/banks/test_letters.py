"""Escalation of a request without an answer: letters, tasks and at last giving up, each once however often run."""

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.case.answer_links import MAX_ROWS, AnswerForm, AnswerLinks, AnswerView
from activities.case.hold_requests import CaseActivities
from activities.case.reply_links import LetterLinks, LinkState, ReplyTaken
from activities.context import Context
from activities.secrets import SecretBox
from adapters.banks.stated import Answerer, Stated
from adapters.messages.smtp import Mailer
from schemas.case.answers import HeldLine
from schemas.case.case_workflow import Escalate, Escalated, Sent
from schemas.enums import EscalationLevel
from tests.activities.bench import Bench
from tests.factories import SECRET, institution, make_context, moved, row, rrn, transfer


class Postbox:
    """Keeps the letters it is sent, or refuses them with `reply`."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.reply = "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        if self.reply.startswith("250"):
            parsed = message_from_bytes(envelope.original_content or b"", policy=default)
            assert isinstance(parsed, EmailMessage)
            self.letters.append(parsed)
        return self.reply


@asynccontextmanager
async def mail_server(box: Postbox) -> AsyncIterator[Mailer]:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname="mail.example", loop=loop), "127.0.0.1", 0)
    try:
        port = server.sockets[0].getsockname()[1]
        yield Mailer.from_url(f"smtp://127.0.0.1:{port}?from=police@up.example", timeout_seconds=5)
    finally:
        server.close()


@pytest.fixture
def box() -> Postbox:
    return Postbox()


@pytest.fixture
async def mailing(ctx: Context, box: Postbox) -> AsyncIterator[Bench]:
    """A bench with a mail route."""
    async with mail_server(box) as mailer:
        yield Bench(ctx, mailer)


@pytest.fixture
def linking(mailing: Bench) -> Bench:
    """A bench whose letters have a link."""
    links = LetterLinks(mailing.ctx, SecretBox(SECRET), PUBLIC_URL)
    mailing.freeze = dataclasses.replace(mailing.freeze, links=links)
    return mailing


PUBLIC_URL = "https://police.example"


async def behind(bench: Bench, letter: EmailMessage) -> AnswerView:
    """What the link in a letter leads to."""
    (token,) = re.findall(rf"{PUBLIC_URL}/a/(\S+)", letter.get_content())
    doors = AnswerLinks(bench.ctx, SecretBox(SECRET))
    digest = doors.digest(token)
    assert digest is not None
    view = await doors.look(digest)
    assert view is not None
    return view


async def asked(bench: Bench, *, hops: int = 1) -> tuple[str, str, Sent]:
    """A case asked about at HDFC, the reference of its first hop, and the request."""
    root = rrn()
    case_no = await bench.complain(transfer(1000_00, reference=root), *[transfer(100_00) for _ in range(hops - 1)])
    return case_no, root, await bench.ask_one(case_no)


async def level(bench: Bench, case_no: str) -> str | None:
    found: str | None = await bench.value("SELECT level FROM hold_request WHERE case_no = $1", case_no)
    return found


async def levels_reached(bench: Bench, case_no: str) -> list[dict[str, Any]]:
    """Return the log's entries about the escalation levels."""
    found = await bench.rows(
        "SELECT data FROM case_event WHERE case_no = $1 AND kind = 'level_reached' ORDER BY seq", case_no
    )
    return [{name: data[name] for name in data if name in {"level", "sent", "reason"}} for (data,) in found]


# -- letters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "to", "subject"),
    [
        (EscalationLevel.REMINDER, "desk@hdfc.example", "Reminder"),
        (EscalationLevel.NODAL_OFFICER, "nodal@hdfc.example", "Unanswered hold request"),
    ],
)
async def test_a_letter_names_the_request_and_no_person(
    mailing: Bench, box: Postbox, step: EscalationLevel, to: str, subject: str
) -> None:
    case_no, root, sent = await asked(mailing)
    assert await mailing.escalate(case_no, sent, step) == Escalated(done=True)
    (letter,) = box.letters
    assert (letter["To"], letter["From"]) == (to, "police@up.example")
    assert letter["Subject"].startswith(f"{subject}: acknowledgement {case_no}")
    text = letter.get_content()
    assert root in text
    assert f"BANKS-{sent.request_id}" in text
    assert "disputed Rs 1000.00" in text
    for personal in ("Victim", "9876543210", "30000000001", "50100000000001"):
        assert personal not in text
    assert await levels_reached(mailing, case_no) == [{"level": step, "sent": True, "reason": ""}]
    await mailing.check(case_no)


async def test_a_letter_is_sent_once_however_often_the_level_is_run(mailing: Bench, box: Postbox) -> None:
    case_no, _, sent = await asked(mailing)
    for _ in range(3):
        assert (await mailing.escalate(case_no, sent, EscalationLevel.REMINDER)).done
    assert len(box.letters) == 1
    assert len(await levels_reached(mailing, case_no)) == 1


async def test_letters_that_cross_carry_the_same_message_id(mailing: Bench, box: Postbox) -> None:
    """Two attempts at once may both send; mail servers and people then see that it is one letter."""
    case_no, _, sent = await asked(mailing)
    await asyncio.gather(*(mailing.escalate(case_no, sent, EscalationLevel.REMINDER) for _ in range(3)))
    assert len({letter["Message-ID"] for letter in box.letters}) == 1
    assert len(await levels_reached(mailing, case_no)) == 1
    await mailing.escalate(case_no, sent, EscalationLevel.NODAL_OFFICER)
    assert len({letter["Message-ID"] for letter in box.letters}) == 2


async def test_a_letter_of_many_hops_names_fifty_and_counts_the_rest(mailing: Bench, box: Postbox) -> None:
    case_no, _, sent = await asked(mailing, hops=MAX_ROWS + 3)
    await mailing.escalate(case_no, sent, EscalationLevel.REMINDER)
    text = box.letters[0].get_content()
    assert text.count("RRN/UTR") == MAX_ROWS
    assert "and 3 more" in text


async def test_a_letter_speaks_only_of_what_is_still_open(mailing: Bench, box: Postbox) -> None:
    case_no, root, sent = await asked(mailing, hops=2)
    await mailing.answer("HDFC", case_no, row(1, root, "1000.00"))
    await mailing.escalate(case_no, sent, EscalationLevel.REMINDER)
    assert root not in box.letters[0].get_content()


@pytest.mark.parametrize(("step", "to"), [(EscalationLevel.REMINDER, "desk"), (EscalationLevel.NODAL_OFFICER, "nodal")])
async def test_a_letter_has_a_link_to_the_page_where_the_request_is_answered(
    linking: Bench, box: Postbox, step: EscalationLevel, to: str
) -> None:
    case_no, root, sent = await asked(linking)
    await linking.escalate(case_no, sent, step)
    view = await behind(linking, box.letters[0])
    assert (view.state, view.case_no, str(view.subject_id)) == (LinkState.OPEN, case_no, sent.request_id)
    assert [(one.rrn, one.disputed_paise) for one in view.items.values()] == [(root, 1000_00)]
    told = await linking.rows(
        "SELECT institution, sent_to FROM reply_link WHERE request_id = $1::uuid", sent.request_id
    )
    assert told == [("HDFC", f"{to}@hdfc.example")]
    assert "never ask for a password" in box.letters[0].get_content()


async def test_the_newest_letters_link_stays_good_until_the_request_is_answered(linking: Bench, box: Postbox) -> None:
    case_no, root, sent = await asked(linking)
    for step in (EscalationLevel.REMINDER, EscalationLevel.NODAL_OFFICER):
        await linking.escalate(case_no, sent, step)
    states = [(await behind(linking, letter)).state for letter in box.letters]
    assert states == [LinkState.REPLACED] * (len(box.letters) - 1) + [LinkState.OPEN]
    await linking.answer("HDFC", case_no, row(1, root, "1000.00"))
    assert (await behind(linking, box.letters[-1])).state is LinkState.REPLIED


async def test_the_link_before_stays_open_until_the_next_letter_is_sent(linking: Bench, box: Postbox) -> None:
    case_no, _, sent = await asked(linking)
    await linking.escalate(case_no, sent, EscalationLevel.REMINDER)
    box.reply = "550 no"
    assert not (await linking.escalate(case_no, sent, EscalationLevel.NODAL_OFFICER)).done
    (letter,) = box.letters
    assert (await behind(linking, letter)).state is LinkState.OPEN


async def test_what_a_link_says_of_a_request_that_came_another_way_is_no_discrepancy(
    linking: Bench, box: Postbox
) -> None:
    """The bank has the request under a job of its own wire."""
    case_no, root, sent = await asked(linking)
    await linking.escalate(case_no, sent, EscalationLevel.REMINDER)
    (token,) = re.findall(rf"{PUBLIC_URL}/a/(\S+)", box.letters[0].get_content())
    doors, view = AnswerLinks(linking.ctx, SecretBox(SECRET)), await behind(linking, box.letters[0])
    form = AnswerForm(
        stated={1: Stated(root, (HeldLine(kind="held", hop=1, amount_paise=1000_00),))},
        seen_paise={1: 1000_00},
        made_at=view.expires_at - timedelta(days=30),
        answerer=Answerer(name="A. Officer", designation="Manager"),
        fields={"held": "1000"},
    )
    digest = doors.digest(token)
    assert digest is not None
    taken = await doors.reply(digest, form)
    assert isinstance(taken, ReplyTaken)
    assert taken.written is not None
    assert (taken.left, taken.written.discrepancies) == (0, 0)
    assert await linking.buckets(case_no) == {"lost": -1000_00, "held": 1000_00}
    await linking.check(case_no)


async def test_without_an_address_of_our_own_a_letter_has_no_link(mailing: Bench, box: Postbox) -> None:
    case_no, _, sent = await asked(mailing)
    await mailing.escalate(case_no, sent, EscalationLevel.REMINDER)
    assert "https://" not in box.letters[0].get_content()
    assert await mailing.value("SELECT count(*) FROM reply_link WHERE request_id = $1::uuid", sent.request_id) == 0


async def test_without_a_mail_route_the_level_is_reached_and_says_so(bench: Bench) -> None:
    case_no, _, sent = await asked(bench)
    assert await bench.escalate(case_no, sent, EscalationLevel.REMINDER) == Escalated(
        done=False, reason="no mail route is set"
    )
    assert await levels_reached(bench, case_no) == [
        {"level": "reminder", "sent": False, "reason": "no mail route is set"}
    ]
    assert await level(bench, case_no) == "reminder"


async def test_without_an_address_the_level_is_reached_and_says_so(mailing: Bench, box: Postbox) -> None:
    entry = institution("NOMAIL").model_copy(update={"desk_email": "", "inbound": None})
    bench = Bench(await make_context(mailing.pool, [entry]), mailing.freeze.mailer)
    case_no = await bench.complain(transfer(payee_bank="NOMAIL"))
    sent = await bench.ask_one(case_no)
    done = await bench.escalate(case_no, sent, EscalationLevel.REMINDER, institution="NOMAIL")
    assert (done.done, done.reason, box.letters) == (False, "no address in the directory", [])


async def escalate_as(bench: Bench, case_no: str, sent: Sent, *, attempt: int) -> Escalated:
    """Escalate to the reminder in the given attempt of the activity."""
    environment = ActivityEnvironment()
    environment.info = dataclasses.replace(environment.info, attempt=attempt)
    order = Escalate(case_no=case_no, request_id=sent.request_id, institution="HDFC", level=EscalationLevel.REMINDER)
    escalated = await environment.run(bench.freeze.escalate_request, order)
    assert isinstance(escalated, Escalated)
    return escalated


async def test_a_mail_server_that_is_busy_is_tried_again_and_then_left(mailing: Bench, box: Postbox) -> None:
    case_no, _, sent = await asked(mailing)
    box.reply = "451 try later"
    with pytest.raises(ApplicationError) as failed:
        await escalate_as(mailing, case_no, sent, attempt=1)
    assert failed.value.type == "MailUnreachable"
    assert await level(mailing, case_no) is None
    last = mailing.ctx.policy.delivery.mail_attempts
    assert await escalate_as(mailing, case_no, sent, attempt=last) == Escalated(done=False, reason="MailUnreachable")
    assert await level(mailing, case_no) == "reminder"


async def test_a_mail_server_that_refuses_is_not_repeated_requests(mailing: Bench, box: Postbox) -> None:
    case_no, _, sent = await asked(mailing)
    box.reply = "550 no such user"
    assert await escalate_as(mailing, case_no, sent, attempt=1) == Escalated(done=False, reason="MailRefused")
    assert await levels_reached(mailing, case_no) == [{"level": "reminder", "sent": False, "reason": "MailRefused"}]


async def test_no_mail_server_at_all_is_as_a_busy_one(bench: Bench) -> None:
    case_no, _, sent = await asked(bench)
    nowhere = Mailer.from_url("smtp://127.0.0.1:9?from=police@up.example", timeout_seconds=2)
    bench.freeze = CaseActivities(bench.ctx, bench.freeze.bank_delivery, nowhere)
    with pytest.raises(ApplicationError):
        await escalate_as(bench, case_no, sent, attempt=1)


# -- people --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "task"), [(EscalationLevel.DESK_TASK, "phone_bank"), (EscalationLevel.SUPERVISOR, "supervise")]
)
async def test_above_the_letters_stand_people(bench: Bench, step: EscalationLevel, task: str) -> None:
    case_no, root, sent = await asked(bench)
    assert [(await bench.escalate(case_no, sent, step)).done for _ in range(2)] == [True, True]
    assert await bench.tasks(case_no) == [(task, None)]
    assert await bench.value("SELECT request_id::text FROM desk_task WHERE case_no = $1", case_no) == sent.request_id
    await bench.answer("HDFC", case_no, row(1, root, "1000.00"))
    assert await bench.tasks(case_no) == [], "the bank has answered: no call is needed"
    await bench.check(case_no)


async def test_a_late_attempt_lowers_no_escalation_level(mailing: Bench, box: Postbox) -> None:
    case_no, _, sent = await asked(mailing)
    await mailing.escalate(case_no, sent, EscalationLevel.DESK_TASK)
    assert (await mailing.escalate(case_no, sent, EscalationLevel.REMINDER)).done
    assert await level(mailing, case_no) == "desk_task"
    assert box.letters == []


# -- giving up -----------------------------------------------------------------------------------------------------


async def test_giving_up_writes_the_money_off_once(bench: Bench) -> None:
    case_no, root, sent = await asked(bench, hops=2)
    await bench.escalate(case_no, sent, EscalationLevel.SUPERVISOR)
    await bench.answer("HDFC", case_no, row(1, root, "300.00"))
    await bench.escalate(case_no, sent, EscalationLevel.GIVE_UP)
    assert (await bench.escalate(case_no, sent, EscalationLevel.GIVE_UP)).over
    assert await bench.buckets(case_no) == {"lost": -1100_00, "held": 300_00, "untraced": 800_00}
    assert await bench.hops(case_no) == ["closed", "closed"]
    assert await bench.value("SELECT state FROM hold_request WHERE case_no = $1", case_no) == "stopped"
    assert (await bench.events(case_no)).count("request_stopped") == 1
    assert await bench.tasks(case_no) == []
    assert (await bench.settle(case_no)).settled
    await bench.check(case_no)


async def test_h9_no_request_is_given_up_before_its_time_by_the_databases_clock(bench: Bench) -> None:
    case_no, _, sent = await asked(bench)
    await bench.escalate(case_no, sent, EscalationLevel.SUPERVISOR)
    early = Escalate(case_no=case_no, request_id=sent.request_id, institution="HDFC", level=EscalationLevel.GIVE_UP)
    with pytest.raises(ApplicationError) as refused:
        await bench.freeze.escalate_request(early)
    assert (refused.value.type, refused.value.non_retryable) == ("AskedTooEarly", False)
    assert await bench.buckets(case_no) == {"lost": -1000_00, "in_play": 1000_00}
    assert await level(bench, case_no) == "supervisor"
    await bench.make_old(sent.request_id)
    assert (await bench.freeze.escalate_request(early)).done
    assert await bench.buckets(case_no) == {"lost": -1000_00, "untraced": 1000_00}


async def test_an_answer_after_giving_up_is_taken_from_the_untraced_and_opens_the_case(bench: Bench) -> None:
    case_no, root, sent = await asked(bench)
    await bench.escalate(case_no, sent, EscalationLevel.GIVE_UP)
    await bench.settle(case_no)
    done = await bench.answer(
        "HDFC",
        case_no,
        row(1, root, "300.00"),
        moved(root, "600.00", "ICIC", "1234567890"),
        job_id=f"BANKS-{sent.request_id}",
    )
    assert done.discrepancies == 0
    assert done.follow_up is not None
    assert done.follow_up.start is not None
    assert await bench.buckets(case_no) == {
        "lost": -1000_00,
        "held": 300_00,
        "in_play": 600_00,
        "untraced": 100_00,
    }
    await bench.check(case_no)


@pytest.mark.parametrize("step", list(EscalationLevel))
async def test_nothing_is_escalated_for_what_needs_no_answer(
    mailing: Bench, box: Postbox, step: EscalationLevel
) -> None:
    case_no, root, sent = await asked(mailing)
    await mailing.answer("HDFC", case_no, row(1, root, "1000.00"))
    before = await mailing.events(case_no)
    assert await mailing.escalate(case_no, sent, step) == Escalated(done=False, reason="answered", over=True)
    assert (await mailing.events(case_no), box.letters) == (before, [])
    never = sent.model_copy(update={"request_id": "00000000-0000-4000-8000-000000000000"})
    with pytest.raises(ApplicationError) as failed:
        await mailing.escalate(case_no, never, step)
    assert (failed.value.non_retryable, failed.value.type) == (True, "NotFound")


async def test_giving_up_and_an_answer_at_once_place_the_money_once(bench: Bench) -> None:
    for _ in range(5):
        case_no, root, sent = await asked(bench)
        await asyncio.gather(
            bench.escalate(case_no, sent, EscalationLevel.GIVE_UP),
            bench.answer("HDFC", case_no, row(1, root, "600.00")),
        )
        assert await bench.buckets(case_no) == {"lost": -1000_00, "held": 600_00, "untraced": 400_00}
        await bench.check(case_no)
