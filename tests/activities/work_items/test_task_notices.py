"""Officers are told of work items by own setting and shift, in few messages, and some officer always is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network

import pytest
from standardwebhooks import Webhook
from starlette.requests import Request
from starlette.responses import Response

from activities.officers import enrolment
from activities.outgoing import Routes as AllRoutes
from activities.outgoing import Ways, send_due
from activities.work_items import notice_settings
from activities.work_items.task_messages import TASK_MESSAGES
from activities.work_items.task_notices import TaskNotices
from activities.work_items.task_owners import close_task
from adapters.messages.smtp import PdfAttachment
from adapters.messages.webhooks import Networks, WebhookPoster, may_post_to
from db.pool import Pool
from domain.errors.officers import NoticeWithoutContact, WebhookAddressRefused
from schemas.enums import Language, Role, TaskKind
from schemas.notifications import NoticeHours, NoticeMedium, NoticeSetting, SmsIds
from schemas.officers.officers import OfficerEntry, TeamEntry, TeamShift
from schemas.tasks import TaskCause
from schemas.work_items.task_owners import NewWebhook, WorkItemsWaiting
from tests.activities.task_desk import TaskDesk
from tests.asgi_server import served
from tests.factories import make_context

DESK_URL = "https://desk.example"
LOOPBACK = (ip_network("127.0.0.0/8"),)
BY_SMS = NoticeSetting(media=(NoticeMedium.SMS,), gap_seconds=900)
BY_MAIL = NoticeSetting(media=(NoticeMedium.EMAIL,), gap_seconds=900)


@dataclass
class Routes:
    """An SMS gateway and a mail server that keep what they are given."""

    sms: list[tuple[str, str]] = field(default_factory=list)
    mails: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def ways(self) -> Ways:
        return Ways(mail=_Mail(self.mails), sms=_Sms(self.sms))


@dataclass
class _Sms:
    sent: list[tuple[str, str]]

    async def send(self, to: str, body_text: str, key: str, ids: SmsIds | None = None) -> str:
        self.sent.append((to, body_text))
        return key


@dataclass
class _Mail:
    sent: list[tuple[str, str, str]]

    async def send(
        self, to: str, subject: str, body_text: str, message_id: str, *, attachments: Sequence[PdfAttachment] = ()
    ) -> None:
        self.sent.append((to, subject, body_text))


@dataclass
class Room:
    """A desk whose officers have mobiles and addresses, and what they were sent."""

    desk: TaskDesk
    routes: Routes = field(default_factory=Routes)
    networks: Networks = LOOPBACK

    async def come(self) -> None:
        await self.desk.come()
        self.desk.at_noon()
        entries = [
            OfficerEntry(
                officer_id=name,
                name=f"Officer {name}",
                mobile=f"987650000{place}",
                email=f"{name}@police.example",
                roles=tuple(self.desk.officers[name].roles),
                districts=("*",),
            )
            for place, name in enumerate(self.desk.officers)
        ]
        await enrolment.import_officers(self.desk.ctx.pool, entries, "command:test")

    async def choose(self, setting: NoticeSetting, *names: str) -> None:
        for name in names:
            await notice_settings.write(self.desk.ctx, name, setting, f"officer:{name}")

    async def round(self) -> None:
        """Value the items, run a round of notices, and send what is due."""
        await self.desk.rounds.value()
        await TaskNotices(self.desk.ctx).run_once()
        await self.send()

    async def send(self) -> int:
        async with WebhookPoster(self.networks) as webhooks:
            routes = AllRoutes(self.routes.ways, webhooks=webhooks, desk_url=DESK_URL)
            return await send_due(self.desk.ctx, routes, TASK_MESSAGES)

    async def team(self, name: str, *members: str, lead: str | None = None, starts: int = 0, ends: int = 1_440) -> None:
        """A team that works every day at these minutes."""
        shifts = tuple(TeamShift(day_no=day, starts_minute=starts, ends_minute=ends) for day in range(1, 8))
        entry = TeamEntry(name=name, members=members, lead=lead, shifts=shifts)
        await enrolment.add_team(self.desk.ctx.pool, entry, "command:test")

    async def told(self) -> set[tuple[str, int, str, str]]:
        rows = await self.desk.bench.rows("SELECT officer_id, task_id, reason, medium FROM task_notice")
        return {(officer, task, reason, medium) for officer, task, reason, medium in rows}


@pytest.fixture
async def room(database: Pool) -> Room:
    room = Room(TaskDesk(await make_context(database)))
    await room.come()
    return room


async def test_many_items_are_one_message_and_what_is_taken_is_withdrawn(room: Room) -> None:
    desk = room.desk
    await room.choose(BY_SMS, "a")
    await room.choose(BY_MAIL.model_copy(update={"sum_from_paise": 50_000_00}), "b")
    await room.choose(NoticeSetting(media=()), "c", "chief")
    (case_no, small), (_, large) = await desk.item(300), await desk.item(90_000, name="Asha Devi")
    await room.round()
    ((to, text),) = room.routes.sms
    assert to == "9876500000"
    assert text.startswith("Work items that wait for you: 2. The first: correct a reference, case ")
    assert "at least Rs 90,000 in play" in text
    assert DESK_URL in text
    ((address, subject, letter),) = room.routes.mails
    assert (address, subject) == ("b@police.example", "Work items that wait for you: 1")
    assert "Asha" not in text + letter
    assert case_no not in letter, "the sum is below what the officer chose"
    await room.round()
    assert (len(room.routes.sms), len(room.routes.mails)) == (1, 1), "once"

    taken, closed, left = [(await desk.item())[1] for _ in range(3)]
    desk.later(minutes=14)
    await room.round()
    assert len(room.routes.sms) == 1, "what comes within the gap waits"
    await desk.claim("c", taken)
    await close_task(desk.ctx, closed, "it is done", "officer:c")
    desk.later(minutes=2)
    await room.round()
    assert room.routes.sms[1][1].startswith("Work items that wait for you: 1.")
    assert {row[1] for row in await room.told() if row[0] == "a" and row[1] in {taken, closed, left}} == {left}
    assert {small, large} <= {row[1] for row in await room.told() if row[0] == "a"}

    await desk.release("c", taken, 1)
    desk.later(minutes=16)
    await TaskNotices(desk.ctx).run_once()
    await desk.claim("b", taken, 2)
    assert await room.send() == 0, "claimed between the writing and the sending"
    rows = await desk.bench.rows("SELECT withdrawn_at IS NOT NULL FROM task_message WHERE sent_at IS NULL")
    assert rows == [(True,)]


async def test_an_officer_who_can_act_no_more_is_not_told_by_a_message_that_waits(room: Room) -> None:
    await room.choose(BY_SMS, "a")
    await room.choose(NoticeSetting(media=()), "b", "c", "chief")
    await room.desk.item()
    await room.desk.rounds.value()
    await TaskNotices(room.desk.ctx).run_once()
    auditor = OfficerEntry(
        officer_id="a", name="Officer a", mobile="9876500000", roles=(Role.AUDITOR,), districts=("*",)
    )
    await enrolment.import_officers(room.desk.ctx.pool, [auditor], "command:test")
    assert await room.send() == 0
    assert room.routes.sms == []


async def test_an_officer_is_told_of_what_is_given_and_of_a_lease_and_a_deadline(room: Room) -> None:
    desk = room.desk
    case_no, task_id = await desk.item()
    await room.choose(NoticeSetting(kinds=(TaskKind.DUTY,), media=(NoticeMedium.EMAIL,), gap_seconds=60), "b")
    version = (await desk.claim("a", task_id)).version
    await desk.pass_on("a", task_id, version, "b")
    await room.round()
    assert [subject for _, subject, _ in room.routes.mails] == ["Work items that wait for you: 1"], "of whatever kind"
    desk.later(minutes=26)
    await room.round()
    assert ("b", task_id, "lease_ends", "email") in await room.told()
    await desk.claim("b", task_id, 2)
    await TaskNotices(desk.ctx).run_once()
    assert ("b", task_id, "lease_ends", "email") not in await room.told(), "it is renewed"
    lapses = await desk.of_case(case_no, TaskKind.HOLD_LAPSES, TaskCause.HOLD_LAPSES)
    hold = (
        "INSERT INTO account_hold (hold_id, case_no, institution, account_key, reference, state, policy, first_held_at,"
        " lapses_at) SELECT $2::uuid, $1, code, '1', 'ABCDEFGHJK', 'held', '{}', $3::timestamptz - interval '1 day',"
        " $3::timestamptz + interval '50 minutes' FROM institution LIMIT 1"
    )
    hold_id = "00000000-0000-4000-8000-00000000000a"
    await desk.ctx.pool.execute(hold, case_no, hold_id, desk.clock.at)
    await desk.ctx.pool.execute(
        "UPDATE desk_task SET subject_kind = 'hold', subject_id = $2 WHERE task_id = $1", lapses, hold_id
    )
    await room.round()
    assert {("b", lapses, "deadline", "email"), ("a", lapses, "deadline", "stream")} <= await room.told()


async def test_no_officer_off_shift_is_told_unless_no_officer_is_on(room: Room) -> None:
    desk = room.desk
    await room.team("day", "a", "b", lead="b", starts=300, ends=660)
    await room.team("watch", "c", "chief", starts=300, ends=660)
    await room.choose(BY_SMS, "a", "b", "c", "chief")
    _, task_id = await desk.item()
    await room.round()
    assert await room.told() == set(), "every team is off shift"
    desk.later(minutes=3)
    await room.round()
    assert await room.told() == {("b", task_id, "unheard", "sms")}, "the lead of a team of the district"
    assert [to for to, _ in room.routes.sms] == ["9876500001"]

    await desk.leave("b")
    _, next_id = await desk.item()
    desk.later(minutes=3)
    await room.round()
    assert ("chief", next_id, "unheard", "sms") in await room.told(), "the lead is on leave"
    assert {row[0] for row in await room.told() if row[1] == next_id} == {"chief"}

    await room.team("night", "c")
    _, last_id = await desk.item()
    await room.round()
    assert ("c", last_id, "open", "sms") in await room.told(), "on shift again"
    desk.later(minutes=3)
    await room.round()
    assert {row[0] for row in await room.told() if row[1] == last_id} == {"c"}


async def test_a_medium_without_a_route_is_given_up_and_others_are_told(room: Room) -> None:
    desk = room.desk
    await room.choose(BY_SMS, "a")
    await room.choose(NoticeSetting(media=()), "b", "c")
    await room.choose(BY_MAIL.model_copy(update={"hours": NoticeHours.ALWAYS, "kinds": (TaskKind.DUTY,)}), "chief")
    _, task_id = await desk.item()
    await desk.rounds.value()
    await TaskNotices(desk.ctx).run_once()
    await send_due(desk.ctx, AllRoutes(Ways(mail=_Mail(room.routes.mails))), TASK_MESSAGES)
    seen = await notice_settings.read(desk.ctx, "a")
    (sms,) = [one for one in seen.media if one.medium is NoticeMedium.SMS]
    assert (sms.sent_in_a_day, "no SMS gateway" in sms.failure) == (0, True)
    desk.later(minutes=3)
    await room.round()
    assert [to for to, _, _ in room.routes.mails] == ["chief@police.example"], "an item that is unheard finds the chief"
    assert ("chief", task_id, "unheard", "email") in await room.told()


async def test_sms_of_a_day_are_limited_and_a_marked_case_shows_no_sum(room: Room) -> None:
    desk = room.desk
    rules = desk.ctx.policy.notices.model_copy(update={"sms_a_day_max": 1})
    object.__setattr__(desk.ctx, "policy", desk.ctx.policy.model_copy(update={"notices": rules}))
    english = NoticeSetting(media=(NoticeMedium.SMS,), gap_seconds=60)
    await room.choose(english, "a")
    case_no, _ = await desk.item(70_000)
    await desk.ctx.pool.execute("UPDATE complaint SET marked = true WHERE case_no = $1", case_no)
    await room.round()
    assert "at least Rs 0 in play" in room.routes.sms[0][1]
    await desk.item()
    desk.later(hours=1)
    await room.round()
    assert len(room.routes.sms) == 1
    await room.choose(english.model_copy(update={"language": Language.HI}), "a")
    desk.later(hours=23, minutes=1)
    await room.round()
    assert len(room.routes.sms) == 2
    assert "पहला: संदर्भ ठीक करें, मामला" in room.routes.sms[1][1], "in the language of the officer"


async def test_a_post_to_a_webhook_is_signed_and_goes_to_no_network_of_our_own(room: Room) -> None:
    desk = room.desk
    got: list[tuple[bytes, dict[str, str]]] = []

    async def hook(scope: object, receive: object, send: object) -> None:
        request = Request(scope, receive)  # type: ignore[arg-type]
        got.append((await request.body(), dict(request.headers)))
        await Response(status_code=204)(scope, receive, send)  # type: ignore[arg-type]

    by_hook = NoticeSetting(media=(NoticeMedium.WEBHOOK,), gap_seconds=60)
    with pytest.raises(NoticeWithoutContact):
        await room.choose(by_hook, "a")
    for address in ("http://desk.example/x", "ftp://x", "https://desk.example/x?key=1", "https://a:b@desk.example"):
        with pytest.raises(WebhookAddressRefused):
            await notice_settings.write_webhook(desk.ctx, "a", NewWebhook(url=address), "officer:a")
    async with served(hook) as url:
        secret = (await notice_settings.write_webhook(desk.ctx, "a", NewWebhook(url=url), "officer:a")).secret
        stored = str(await desk.bench.rows("SELECT to_jsonb(s) FROM notice_setting s"))
        assert url.encode().hex() not in stored
        assert url not in stored
        await room.choose(by_hook, "a")
        room.networks = ()
        _, task_id = await desk.item(5_000)
        await room.round()
        assert got == [], "loopback is a network of our own"
        seen = await notice_settings.read(desk.ctx, "a")
        assert [one.failure for one in seen.media if one.failure] == ["the address is in a network of our own"]

        room.networks = LOOPBACK
        _, other_id = await desk.item(6_000)
        desk.later(minutes=2)
        await room.round()
    ((body, headers),) = got
    moment = desk.clock.at.timestamp()
    assert abs(float(headers["webhook-timestamp"]) - moment) < 5
    wire = Webhook(secret)
    assert headers["webhook-signature"] == wire.sign(headers["webhook-id"], desk.clock.at, body.decode())
    told = WorkItemsWaiting.model_validate_json(body)
    assert [(one.task_id, one.at_least_paise) for one in told.items] == [(other_id, 6_000_00)]
    assert told.link == DESK_URL
    assert task_id not in {one.task_id for one in told.items}, "its message was given up"
    reset = await notice_settings.reset(desk.ctx, "a", "officer:chief")
    assert (reset.is_default, reset.webhook, reset.changed_by) == (True, False, "officer:chief")
    assert reset.setting == desk.ctx.policy.notices.defaults[Role.DESK]


def test_addresses_that_only_our_own_machines_reach_are_refused() -> None:
    inside = ("127.0.0.1", "10.0.0.8", "192.168.1.1", "169.254.169.254", "100.64.0.1", "::1", "fe80::1", "fd00::1")
    for address in (*inside, "::ffff:10.0.0.8", "2002:0a00:0008::1", "0.0.0.0", "224.0.0.1"):  # noqa: S104
        assert not may_post_to(address, ()), address
    assert may_post_to("10.0.0.8", (ip_network("10.0.0.0/24"),))
    assert may_post_to("::ffff:10.0.0.8", (ip_network("10.0.0.0/24"),))
    assert may_post_to("93.184.216.34", ())


async def test_old_notices_go_by_the_policy(room: Room) -> None:
    await room.choose(BY_SMS, "a")
    await room.desk.item()
    await room.round()
    room.desk.later(seconds=room.desk.ctx.policy.notices.keep_seconds + timedelta(days=1).total_seconds())
    await TaskNotices(room.desk.ctx).withdraw()
    assert await room.told() == set()
    assert (
        await room.desk.bench.rows("SELECT message_id::text FROM task_message UNION SELECT subject FROM outgoing") == []
    )
