"""The round in which banks are asked for their lists: who, when, by which way, and who is told when none comes."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.banks.directory import load_directory
from activities.context import Context
from activities.gateway.lien_lists import take_page
from activities.gateway.lien_rounds import ReconciliationActivities
from activities.metrics import METRICS
from activities.secrets import SecretBox
from adapters.banks.protocol import BankAdapter, BankError, BankRefused, BankUnreachable, BankWire, PullAdapter
from adapters.messages.smtp import Attachment, Mailer, MailRefused, PdfAttachment
from db.gateway.lien_lists import ListRow
from db.pool import Pool
from domain.gateway.liens import read_liens, slot_of
from schemas.banks.institutions import InstitutionEntry, PushEntry
from schemas.enums import ChannelKind
from schemas.gateway.liens import AskForList, LienListPage, ListWanted
from tests.activities.bench import Bench
from tests.factories import SECRET, institution, make_context, row, rrn, transfer
from workers.importer.complaint_import import rows_in

NO_STAGGER: dict[str, Any] = {"stagger_seconds": 0.0}


@dataclass
class Hook:
    """A channel with a message for the question: remembers what it was given, or fails."""

    failure: BankError | None = None
    asked: list[tuple[str, ListWanted]] = field(default_factory=list)

    async def send_hold_request(self, bank: Any, ticket: Any, *, timeout_seconds: float) -> Any:
        raise NotImplementedError

    async def close(self) -> None:
        pass

    async def ask_for_liens(self, bank: BankWire, wanted: ListWanted, *, timeout_seconds: float) -> None:
        if self.failure:
            raise self.failure
        self.asked.append((bank.code, wanted))


@dataclass(frozen=True)
class Letters(Mailer):
    """A mail route that keeps what it was given, or refuses it."""

    sent: list[tuple[str, str, str, str, Sequence[Attachment | PdfAttachment]]] = field(default_factory=list)
    refuses: bool = False

    async def send(
        self,
        to: str,
        subject: str,
        body_text: str,
        message_id: str,
        *,
        attachments: Sequence[Attachment | PdfAttachment] = (),
        **_: Any,
    ) -> None:
        if self.refuses:
            raise MailRefused("SMTP 550")
        self.sent.append((to, subject, body_text, message_id, attachments))


def letters(**changes: Any) -> Letters:
    return Letters("127.0.0.1", 9, "goldenhour@example.org", **changes)


def with_push(code: str, **changes: Any) -> InstitutionEntry:
    entry = PushEntry.model_validate({"url": "http://127.0.0.1:9/hook", "secrets": ["whsec_" + "A" * 32]})
    return institution(code).model_copy(update={"push": entry, **changes})


@pytest.fixture
async def own(database: Pool) -> Context:
    """Context whose slots began at midnight, so that a test can put a lien before one."""
    ctx = await make_context(database, [with_push("HDFC"), with_push("ICIC"), institution("PUNB"), institution("SBIN")])
    rules = ctx.policy.reconciliation
    plain = rules.model_copy(
        update={name: getattr(rules, name).model_copy(update=NO_STAGGER) for name in ("channel", "letter")}
    )
    return replace(ctx, policy=ctx.policy.model_copy(update={"reconciliation": plain}))


async def lien(ctx: Context, bank: str = "HDFC", *, known_before: timedelta = timedelta(days=30)) -> str:
    """Money on hold at the bank since before this slot; the case's number."""
    bench, reference = Bench(ctx), rrn()
    case_no = await bench.complain(transfer(1000_00, reference=reference, payee_bank=bank))
    await bench.ask(case_no)
    await bench.answer(bank, case_no, row(1, reference, "100.00"))
    await ctx.pool.execute(
        "UPDATE hop SET opened_at = opened_at - $2::interval WHERE case_no = $1", case_no, known_before
    )
    return case_no


def asker(ctx: Context, hook: Hook | None = None, mailer: Mailer | None = None) -> ReconciliationActivities:
    """Rounds with that webhook, that feed and that mail route; without, no channel has a message for the question."""

    async def announce(_: str) -> None:
        pass

    adapters: dict[ChannelKind, BankAdapter[Any]] = {}
    if hook is not None:
        adapters = {ChannelKind.PUSH: hook, ChannelKind.PULL: PullAdapter(announce)}
    return ReconciliationActivities(ctx, adapters, mailer)


async def later(ctx: Context, seconds: float) -> None:
    """Let that much time pass for every question and every slot."""
    by = timedelta(seconds=seconds)
    await ctx.pool.execute(
        "UPDATE lien_inquiry SET asked_at = asked_at - $1::interval, due_at = due_at - $1::interval,"
        " supervisor_at = supervisor_at - $1::interval",
        by,
    )
    await ctx.pool.execute("UPDATE lien_round SET slot_at = slot_at - $1::interval", by)


BANKS_THAT_FAIL = """
INSERT INTO institution SELECT (jsonb_populate_record(i, jsonb_build_object(
    'code', 'F' || n, 'name', 'Bank F' || n, 'inbound_email', NULL, 'ifsc_prefixes', '[]'::jsonb, 'vpa_handles',
    '[]'::jsonb, 'aliases', '[]'::jsonb))).*
FROM institution i CROSS JOIN generate_series(1, 300) AS n WHERE i.code = 'PUNB'
"""
INQUIRIES = """
INSERT INTO lien_inquiry (inquiry_id, institution, asked_at, asked_by, due_at, supervisor_at)
SELECT gen_random_uuid(), code, now() - CASE WHEN code LIKE 'F%' THEN interval '2 hours' ELSE interval '1 hour' END,
    'engine', now() + interval '1 day', now() + interval '2 days'
FROM institution WHERE code LIKE 'F%' OR code = 'SBIN'
"""


async def test_m8_300_inquiries_that_cannot_be_sent_keep_no_other_waiting(own: Context) -> None:
    await own.pool.execute(BANKS_THAT_FAIL)
    await own.pool.execute(INQUIRIES)
    rounds = asker(own)
    for _ in range(300 // own.policy.reconciliation.asks_a_round + 1):
        if "SBIN" in {asked.institution for asked in (await rounds.plan_round()).asks}:
            return
    pytest.fail("it never came to the head")


async def test_m8_a_list_that_cannot_be_compared_delays_neither_lists_nor_inquiries(
    own: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []

    async def compare(_: Context, listed: ListRow) -> str:
        if listed.institution == "HDFC":
            raise ValueError("this one cannot be compared")
        compared.append(listed.institution)
        return "compared"

    async def left(_: object, __: object, skip: Sequence[int], limit: int) -> list[ListRow]:
        now = own.now()
        lists = [
            ListRow(list_no=number, institution=code, list_id=code, inquiry_id=None, as_of=now, pages=1)
            for number, code in enumerate(["HDFC", "HDFC", "ICIC"], 1)
        ]
        return [one for one in lists if one.list_no not in skip][:limit]

    monkeypatch.setattr("activities.gateway.lien_rounds.compare_list", compare)
    monkeypatch.setattr("db.gateway.lien_lists.left_over", left)
    monkeypatch.setattr("activities.gateway.lien_rounds.LEFT_OVER_LIMIT", 2)
    rounds = asker(own)
    assert [(await rounds.plan_round()).lists_compared for _ in range(2)] == [0, 1]
    assert compared == ["ICIC"]


async def tasks(ctx: Context, state: str = "open") -> list[tuple[str, str]]:
    rows = await ctx.pool.fetch(
        "SELECT institution, kind FROM desk_task WHERE case_no IS NULL AND state = $1 ORDER BY task_id", state
    )
    return [(one["institution"], one["kind"]) for one in rows]


async def inquiries(ctx: Context, columns: str = "institution, way, outcome") -> list[tuple[Any, ...]]:
    return [tuple(one) for one in await ctx.pool.fetch(f"SELECT {columns} FROM lien_inquiry ORDER BY asked_at")]


async def ask_all(rounds: ReconciliationActivities) -> list[AskForList]:
    """A round, as the workflow does it."""
    plan = await rounds.plan_round()
    for order in plan.asks:
        if not (order.by_channel and await rounds.ask_by_channel(order)):
            await rounds.ask_by_people(order)
    return list(plan.asks)


# -- who, and when -----------------------------------------------------------------------------------------------------


async def test_each_bank_with_liens_is_asked_once_in_its_slot(own: Context) -> None:
    await lien(own)
    await lien(own, "ICIC")
    await Bench(own).complain(transfer(payee_bank="PUNB"))
    hook = Hook()
    rounds = asker(own, hook)
    # In the order of their slots, which the day decides.
    assert sorted(order.institution for order in await ask_all(rounds)) == ["HDFC", "ICIC"]
    assert await ask_all(rounds) == []
    assert sorted(code for code, _ in hook.asked) == ["HDFC", "ICIC"]
    rows = await inquiries(own, "institution, way, put_at IS NOT NULL, asked_by")
    assert sorted(rows) == [("HDFC", "push", True, "engine"), ("ICIC", "push", True, "engine")]
    assert await tasks(own) == []


async def test_the_next_slot_asks_again_and_ends_what_was_not_answered(own: Context) -> None:
    await lien(own)
    hook = Hook()
    rounds = asker(own, hook)
    rules = own.policy.reconciliation.channel
    await ask_all(rounds)
    await later(own, rules.every_seconds)
    await own.pool.execute("UPDATE lien_inquiry SET inquiry_id = gen_random_uuid()")
    await ask_all(rounds)
    assert len(hook.asked) == 2
    # The first was never answered; only one question is open at a time.
    assert await inquiries(own) == [("HDFC", "push", "unanswered"), ("HDFC", "push", None)]
    wanted = hook.asked[1][1]
    assert (wanted.respond_by - wanted.asked_at).total_seconds() == rules.deadline_seconds


async def test_a_lien_that_is_younger_than_the_slot_waits_for_the_next(own: Context) -> None:
    await lien(own, known_before=timedelta(0))
    rounds = asker(own, Hook())
    assert await ask_all(rounds) == []
    await own.pool.execute("UPDATE hop SET opened_at = opened_at - interval '1 day'")
    # Looked at is looked at: once a slot.
    assert await ask_all(rounds) == []
    await later(own, own.policy.reconciliation.channel.every_seconds)
    assert len(await ask_all(rounds)) == 1


async def test_a_bank_whose_list_differed_is_asked_though_nothing_is_on_hold(own: Context) -> None:
    told = {"list_id": "L", "as_of": datetime.now(UTC), "page": 1, "pages": 1}
    stranger = {"ack_no": "1", "reference": "2", "amount_paise": 5}
    await take_page(own, "HDFC", LienListPage.model_validate(told | {"liens": [stranger]}))
    assert await tasks(own) == [("HDFC", "reconcile")]
    assert [order.institution for order in await ask_all(asker(own, Hook()))] == ["HDFC"]
    right = told | {"list_id": "M", "as_of": datetime.now(UTC), "liens": []}
    await take_page(own, "HDFC", LienListPage.model_validate(right))
    assert await tasks(own) == []


async def test_a_round_asks_so_many_and_the_next_goes_on(own: Context) -> None:
    for bank in ("HDFC", "ICIC", "PUNB"):
        await lien(own, bank)
    rules = own.policy.reconciliation.model_copy(update={"asks_a_round": 2})
    few = asker(replace(own, policy=own.policy.model_copy(update={"reconciliation": rules})), Hook(), letters())
    assert [len(await ask_all(few)) for _ in range(3)] == [2, 1, 0]
    assert sorted(code for code, *_ in await inquiries(own)) == ["HDFC", "ICIC", "PUNB"]


# -- by which way ------------------------------------------------------------------------------------------------------


async def test_who_dies_before_a_question_is_put_leaves_it_to_the_next_round(own: Context) -> None:
    await lien(own)
    hook = Hook()
    plan = await asker(own, hook).plan_round()
    again = await asker(own, hook).plan_round()
    assert plan.asks == again.asks
    (order,) = again.asks
    assert await asker(own, hook).ask_by_channel(order)
    # Nor is it put twice by who comes late.
    assert await asker(own, hook).ask_by_channel(order)
    await asker(own, hook, letters()).ask_by_people(order)
    assert len(hook.asked) == 1
    assert await tasks(own) == []


async def test_who_dies_after_the_bank_heard_asks_the_same_question_again(
    own: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lien(own)
    hook = Hook()
    rounds = asker(own, hook)
    (order,) = (await rounds.plan_round()).asks

    async def dies(*_: object) -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patched:
        patched.setattr(ReconciliationActivities, "_note", dies)
        with pytest.raises(ConnectionResetError):
            await rounds.ask_by_channel(order)
    await ask_all(rounds)
    assert len(hook.asked) == 2
    assert hook.asked[0] == hook.asked[1]


async def test_a_bank_without_such_a_channel_gets_a_letter_and_the_desk_a_task(own: Context) -> None:
    await lien(own, "PUNB")
    mail = letters()
    (order,) = await ask_all(asker(own, Hook(), mail))
    assert not order.by_channel
    ((to, subject, body, message_id, (header,)),) = mail.sent
    assert (to, message_id) == ("desk@punb.example", f"{order.inquiry_id}.liens")
    assert "PUNB" in subject
    assert ".xlsx" in body
    assert isinstance(header, Attachment)
    # Filled in, the file that goes with the letter is one that `goldenhour reconcile` reads.
    (read,) = read_liens(rows_in((header.text + "31204260000017,610212345678,4500.50\n").encode()))
    assert (read.ack_no, read.reference, read.amount_paise, read.fault) == (
        "31204260000017",
        "610212345678",
        4_500_50,
        "",
    )
    assert await inquiries(own) == [("PUNB", "email", None)]
    assert await tasks(own) == [("PUNB", "ask_for_liens")]


@pytest.mark.parametrize("mail", [None, letters(refuses=True)], ids=["no mail route", "the server refuses"])
async def test_where_no_letter_can_go_the_desk_calls(own: Context, mail: Mailer | None) -> None:
    await lien(own, "PUNB")
    await ask_all(asker(own, Hook(), mail))
    assert await inquiries(own) == [("PUNB", "phone", None)]
    assert await tasks(own) == [("PUNB", "ask_for_liens")]


async def test_a_webhook_that_knows_no_such_event_is_a_letter(own: Context) -> None:
    await lien(own)
    mail = letters()
    await ask_all(asker(own, Hook(BankRefused("HDFC", "HTTP-400")), mail))
    assert await inquiries(own) == [("HDFC", "email", None)]
    assert len(mail.sent) == 1


async def test_a_webhook_that_is_away_is_tried_again(own: Context) -> None:
    await lien(own)
    rounds = asker(own, Hook(BankUnreachable("HDFC", "HTTP 503")))
    (order,) = (await rounds.plan_round()).asks
    with pytest.raises(ApplicationError) as raised:
        await rounds.ask_by_channel(order)
    assert not raised.value.non_retryable
    assert await inquiries(own) == [("HDFC", None, None)]


async def test_where_one_channel_is_away_another_takes_the_question(own: Context) -> None:
    entry = with_push("HDFC", pull=True)
    await load_directory(own.pool, SecretBox(SECRET), [entry])
    await own.directory.refresh()
    await lien(own)
    await ask_all(asker(own, Hook(BankUnreachable("HDFC", "HTTP 503"))))
    assert await inquiries(own) == [("HDFC", "pull", None)]


# -- when none comes ---------------------------------------------------------------------------------------------------


def told(who: str) -> float:
    return METRICS.registry.get_sample_value("goldenhour_lien_lists_overdue_total", {"told": who}) or 0.0


async def test_an_overdue_list_is_the_desks_then_the_supervisors(own: Context) -> None:
    await lien(own)
    rounds, rules = asker(own, Hook()), own.policy.reconciliation.channel
    counted = told("desk"), told("supervisor")
    await ask_all(rounds)
    assert (await rounds.plan_round()).told == 0
    await later(own, rules.deadline_seconds)
    assert (await rounds.plan_round()).told == 1
    assert await tasks(own) == [("HDFC", "ask_for_liens")]
    # Closed by hand it stays closed: the desk knows.
    await own.pool.execute("UPDATE desk_task SET state = 'closed', closed_at = now() WHERE case_no IS NULL")
    assert (await rounds.plan_round()).told == 0
    await later(own, rules.supervisor_after_seconds)
    assert (await rounds.plan_round()).told == 1
    assert (await rounds.plan_round()).told == 0
    assert await tasks(own) == [("HDFC", "supervise")]
    assert (told("desk"), told("supervisor")) == (counted[0] + 1, counted[1] + 1)
    listed = {"list_id": "L", "as_of": datetime.now(UTC), "page": 1, "pages": 1, "liens": []}
    await take_page(own, "HDFC", LienListPage.model_validate(listed))
    assert await tasks(own) == [("HDFC", "reconcile")]
    assert (await rounds.plan_round()).told == 0


async def test_after_a_letter_only_the_supervisor_is_left_to_tell(own: Context) -> None:
    await lien(own, "PUNB")
    rounds, rules = asker(own, Hook(), letters()), own.policy.reconciliation.letter
    await ask_all(rounds)
    await later(own, rules.deadline_seconds)
    assert (await rounds.plan_round()).told == 0
    await later(own, rules.supervisor_after_seconds)
    assert (await rounds.plan_round()).told == 1
    assert await tasks(own) == [("PUNB", "ask_for_liens"), ("PUNB", "supervise")]


async def test_slots_are_the_policys(own: Context) -> None:
    await lien(own)
    rules = own.policy.reconciliation.channel
    await ask_all(asker(own, Hook()))
    slot_at = await own.pool.fetchval("SELECT slot_at FROM lien_round WHERE institution = 'HDFC'")
    assert slot_at == slot_of("HDFC", datetime.now(UTC), rules.every_seconds, rules.stagger_seconds)
