"""The page of the desk: by keyboard alone, in both languages, with officers who race, and with a line that breaks."""

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from playwright.async_api import Route, expect

from activities.officers.enrolment import add_team
from db.work_items import shift_handovers
from db.work_items.shift_handovers import TeamEnd
from domain.districts import known_district
from domain.work_items.shifts import ShiftSpan
from schemas.enums import Role
from schemas.officers.officers import TeamEntry, TeamShift
from schemas.text import IST
from tests.browser.conftest import Sitting, Stage
from tests.browser.seat import PATIENCE_MS, TAKES_PICTURES, Seat
from tests.factories import rrn, transfer

OPENED_SECONDS = 240
LARGE_PAISE = 185_000_00
SOON_MS = 15_000
"""sooner than the 20 seconds after which a page says again where its officer looks"""
MIDDLE_PAISE = 90_000_00
SMALL_PAISE = 50_000_00
HELD_PAISE = 112_000_00


@dataclass(frozen=True)
class Words:
    """What a test looks for on the page, in its language."""

    yours: str
    asleep: str
    booked: str
    free: str
    say: str


WORDS = {
    "en": Words("Yours for", "asleep for", "1 line is booked.", "free", "This is the cyber crime police"),
    "hi": Words("आपके पास, बाकी", "टाला है, बाकी", "1 पंक्ति दर्ज हुई।", "खाली", "साइबर अपराध पुलिस से"),
}


PHONED_IN = (("en", "Agra"), ("hi", "Varanasi")) if TAKES_PICTURES else (("hi", "Varanasi"),)
"""Languages and districts of a bank that is phoned. The keys are the same, and the other tests read English."""


@dataclass
class District:
    """A district that no other test works in, with items of banks that are silent."""

    stage: Stage
    name: str

    @property
    def view(self) -> str:
        """The address of its items."""
        found = known_district(self.name)
        assert found is not None
        return f"/desk?district={found.code}"

    @property
    def calls(self) -> str:
        """The address of its calls to banks. On a slow machine a later level of a request opens other items too."""
        return f"{self.view}&kind=phone_bank"

    async def silent(self, paise: int) -> str:
        """Let a bank be silent about a transfer until it is to be phoned; return the case."""
        engine = self.stage.engine
        bank = next(one for one in engine.sim.institutions if one.answer_class == "api")
        reference = rrn()
        engine.sim.script(bank=bank.code, rrn=reference, answers=[])
        told = transfer(paise, payee_bank=bank.code, reference=reference)
        told["payee"]["account"] = reference
        body = {
            "channel": "helpline_1930",
            "category": "upi_fraud",
            "victim": {"name": "A. Victim", "mobile": "9876543210", "district": self.name},
            "transfers": [told],
        }
        headers = {**engine.officer(Role.INTAKE), "Idempotency-Key": uuid4().hex}
        answer = await engine.intake.post("/api/v1/complaints", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        case_no: str = answer.json()["case_ack_no"]
        ticket = await engine.sim.wait_ticket(bank=bank.code, rrn=reference, timeout_seconds=OPENED_SECONDS)

        await engine.until_phoned(case_no, ticket.key, OPENED_SECONDS)
        return case_no

    async def valued(self, count: int) -> None:
        """Wait until so many items are in the view by their worth and district."""
        found = known_district(self.name)
        assert found is not None

        async def all_there() -> bool:
            items = (await self.stage.engine.read("/desk/tasks", district=found.code, kind="phone_bank"))["items"]
            return len(items) >= count

        await self.stage.engine.until(all_there, OPENED_SECONDS, "the items are valued")


async def current(seat: Seat, text: str | re.Pattern[str]) -> None:
    """Wait until the current row has a text."""
    await seat.page.locator("[role=row][aria-current=true]").get_by_text(text).first.wait_for()


@pytest.mark.parametrize(("language", "name"), PHONED_IN)
async def test_a_bank_is_phoned_and_its_statement_booked_by_keyboard_alone(
    stage: Stage, sit: Sitting, language: str, name: str
) -> None:
    district, words = District(stage, name), WORDS[language]
    large, small = await asyncio.gather(district.silent(LARGE_PAISE), district.silent(SMALL_PAISE))
    await district.valued(2)
    token = (await stage.officers(f"desk.{language}", role=Role.DESK))[f"desk.{language}"]
    seat = await sit(token, language=language)
    await seat.open(district.calls)
    await current(seat, "₹1,85,000")
    assert await seat.violations() == []

    # The next free item is the largest, and its bank's first line has the focus.
    await seat.press("n")
    await seat.sees(words.yours, words.say)
    await seat.page.locator(".ln:focus").wait_for()
    await seat.press("h")
    await seat.page.locator(".pt input:focus").first.wait_for()
    await seat.type("112000")
    await seat.press("Tab")
    await seat.type("LN-40718")
    await seat.sees("₹73,000")
    assert await seat.violations() == []
    assert await seat.too_small() == []
    await seat.picture(f"desk-word-{language}-light")
    await seat.press("Control+Enter")
    await seat.sees(words.booked)
    await current(seat, "₹73,000")
    case = await stage.engine.read(f"/cases/{large}")
    assert (case["buckets_paise"]["held"], case["unaccounted_paise"]) == (HELD_PAISE, 0)

    # From the field back to the queue, to the next item, which sleeps and then is given away.
    await seat.press("Escape", "j")
    await current(seat, "₹50,000")
    await seat.press("z")
    await seat.page.get_by_role("dialog").get_by_role("combobox").select_option("answer_received")
    await seat.press("Tab", "Enter")
    await current(seat, words.asleep)

    async def sleeps() -> bool:
        found = await stage.engine.read("/desk/tasks", case=small, kind="phone_bank")
        return found["items"][0]["snoozed_until"] is not None

    await stage.engine.until(sleeps, OPENED_SECONDS, "the item sleeps")
    await seat.press("k", "u")
    await current(seat, words.free)
    await seat.page.locator("#main").focus()
    await seat.press("Shift+?")
    await seat.page.get_by_role("dialog").wait_for()
    await seat.picture(f"desk-keys-{language}-light")
    assert await seat.pointer_moves() == 0


@pytest.mark.world
async def test_two_officers_race_and_the_slower_one_reads_who_was_faster(stage: Stage, sit: Sitting) -> None:
    district = District(stage, "Jhansi")
    await district.silent(LARGE_PAISE)
    await district.valued(1)
    tokens = await stage.officers("desk.asha", "desk.binod", role=Role.DESK)
    seats = {name: await sit(token) for name, token in tokens.items()}
    for seat in seats.values():
        await seat.open(district.calls)
        await current(seat, "₹1,85,000")
    # Each sees that the other looks at it.
    await seats["desk.asha"].sees("Looking at it now: desk.binod")
    await seats["desk.binod"].sees("Looking at it now: desk.asha")
    # Neither page hears of the other's act before its own is sent.
    sent, both = 0, asyncio.Event()

    async def together(route: Route) -> None:
        nonlocal sent
        sent += 1
        if sent == len(seats):
            both.set()
        await both.wait()
        await route.continue_()

    for seat in seats.values():
        await seat.page.route("**/claim", together)
    await asyncio.gather(*(seat.press("t") for seat in seats.values()))
    refused = {
        name: asyncio.ensure_future(seat.page.locator(".c-todo b.bad").wait_for()) for name, seat in seats.items()
    }
    done, waiting = await asyncio.wait(refused.values(), return_when=asyncio.FIRST_COMPLETED)
    for one in waiting:
        one.cancel()
    (other,) = (name for name, wait in refused.items() if wait in done)
    (first,) = seats.keys() - {other}
    await seats[other].page.locator(".c-todo").get_by_text(first).first.wait_for()
    await seats[other].sees(f"{first} has it for")
    await seats[other].picture("desk-race-en-light")

    # The other takes it over with a reason, and the first one sees it without a key.
    await seats[other].press("o")
    await seats[other].page.get_by_role("dialog").wait_for()
    await seats[other].type("speaks to the bank already")
    await seats[other].press("Enter")
    await seats[other].sees("Yours for")
    await seats[first].sees(f"{other} has it for")


@pytest.mark.world
async def test_a_stream_that_breaks_is_said_and_what_came_meanwhile_is_there(stage: Stage, sit: Sitting) -> None:
    district = District(stage, "Meerut")
    await district.silent(SMALL_PAISE)
    await district.valued(1)
    token = (await stage.officers("desk.broken", role=Role.DESK))["desk.broken"]
    seat = await sit(token)
    may_begin = asyncio.Event()

    async def later(route: Route) -> None:
        await may_begin.wait()
        await route.continue_()

    await seat.page.route("**/api/v1/stream*", later)
    await seat.open(district.calls)
    await current(seat, "₹50,000")
    await district.silent(MIDDLE_PAISE)
    await district.valued(2)
    async with seat.page.expect_request("**/api/v1/presence", timeout=SOON_MS):
        may_begin.set()
    # What came after the list was read, and before its stream began, is shown.
    await seat.page.locator("[role=row]").get_by_text("₹90,000", exact=True).wait_for()
    await seat.sees("Live")

    # What comes in while the stream is whole is announced, and shown when the officer wants it.
    await district.silent(LARGE_PAISE)
    await district.valued(3)
    await seat.sees("1 new item:")
    await seat.press(".")
    await seat.page.locator("[role=row]").get_by_text("₹1,85,000", exact=True).wait_for()

    await seat.page.route("**/api/v1/stream*", lambda route: route.abort("connectionrefused"))
    # Another tab wants to hear of more, so the stream is opened again, which fails.
    wanted = {"what": "topics", "tab": "other", "topics": ["drafts"]}
    await seat.page.evaluate("(said) => new BroadcastChannel('goldenhour.stream').postMessage(said)", wanted)
    await seat.sees("The server has not answered since")
    await seat.picture("desk-broken-en-light")
    # Acts are still sent while only the stream is broken.
    await seat.press("t")
    await seat.sees("Yours for")
    await district.silent(LARGE_PAISE + 100_00)
    await seat.page.unroute("**/api/v1/stream*")
    # The page tries again by itself, at the longest after twenty seconds.
    band = seat.page.get_by_text("The server has not answered since")
    await band.wait_for(state="detached")
    await seat.page.get_by_text("1 new item:").or_(seat.text("₹1,85,100")).first.wait_for()

    # A computer without a network says so at once, though its stream was only silent for some seconds.
    await seat.context.set_offline(offline=True)
    await band.wait_for()
    await seat.context.set_offline(offline=False)
    await band.wait_for(state="detached")


@pytest.mark.world
async def test_one_act_on_a_whole_view_says_of_each_what_became_of_it(stage: Stage, sit: Sitting) -> None:
    district = District(stage, "Bareilly")
    cases = await asyncio.gather(*(district.silent(SMALL_PAISE + n * 100_00) for n in range(3)))
    await district.valued(3)
    tokens = await stage.officers("desk.bulk", "desk.faster", role=Role.DESK)
    task = (await stage.engine.read("/desk/tasks", case=cases[0], kind="phone_bank"))["items"][0]
    faster = await sit(tokens["desk.faster"])
    await faster.open(district.calls)
    await faster.page.locator(f"#item-{task['task_id']}").get_by_text("₹50,000", exact=True).wait_for()
    await faster.press("j", "j", "t")
    await faster.sees("Yours for")

    seat = await sit(tokens["desk.bulk"])
    await seat.open(district.calls)
    await current(seat, "₹50,200")
    await seat.press("x", "j", "x")
    await seat.sees("2 items that you chose")
    await seat.press("Escape", "Shift+A")
    await seat.sees("The whole view, 3 items")
    await seat.picture("desk-bulk-en-light")
    await seat.press("t")
    dialog = seat.page.get_by_role("dialog")
    await dialog.get_by_text("The whole view, 3 items").wait_for()
    await seat.page.get_by_role("button", name="Take", exact=True).last.focus()
    await seat.press("Enter")
    await dialog.get_by_text("2 of 3 done.").wait_for()
    await dialog.get_by_text("1 item was refused:").wait_for()
    await dialog.get_by_text("desk.faster").first.wait_for()
    assert await seat.violations() == []
    await seat.picture("desk-bulk-done-en-light")
    await seat.press("Escape")
    await dialog.wait_for(state="detached")

    # A note is not typed twice when the officer it goes to is none.
    await seat.press("a", *"desk.nowhere", "Tab")
    await seat.type("the family is at the hospital")
    await seat.press("Enter")
    await seat.page.locator("aside [role=alert]").wait_for()
    await seat.press("a")
    await (
        dialog.get_by_label("Note for the officer")
        .and_(seat.page.locator("[value='the family is at the hospital']"))
        .wait_for()
    )
    await dialog.get_by_role("button", name="Cancel").click()
    await dialog.wait_for(state="detached")

    # A view with a name and a live count, opened by its key.
    await seat.page.locator("#main").focus()
    await seat.press("v")
    await seat.page.get_by_role("dialog").wait_for()
    await seat.type("Bareilly")
    await seat.press("Enter")
    tab = seat.page.get_by_role("button", name=re.compile("^Bareilly 3"))
    await tab.wait_for()
    await seat.page.locator("#main").focus()
    await seat.press("3")
    await seat.page.wait_for_url(re.compile("owner=desk.bulk"))
    await seat.press("6")
    await seat.page.wait_for_url(re.compile("district="))


async def running_shift(stage: Stage, name: str, officer: str) -> None:
    """Write a team of one officer, whose shift ends tomorrow at midnight."""
    today = datetime.now(IST).isoweekday()
    hours = tuple(TeamShift(day_no=day, starts_minute=0, ends_minute=1_440) for day in (today, today % 7 + 1))
    await add_team(stage.engine.pool, TeamEntry(name=name, members=(officer,), shifts=hours), "command:test")


async def ended_shift(stage: Stage, name: str, officer: str) -> int:
    """Write the record of a shift of this team as if it had ended just now, with the notes that are there."""
    pool, now = stage.engine.pool, datetime.now(UTC)
    async with pool.acquire() as connection, connection.transaction():
        team_id = await connection.fetchval("SELECT team_id FROM team WHERE name = $1", name)
        team = TeamEnd(team_id=team_id, name=name, shifts=(), officers=(officer,), since=now, written=())
        span = ShiftSpan(starts_at=now - timedelta(hours=8), ends_at=now)
        shift_id = await shift_handovers.write(connection, team, span, [officer], now)
        assert shift_id is not None
        notes = await shift_handovers.of_team(connection, team_id)
        await shift_handovers.remove(connection, notes)
        await shift_handovers.join(connection, shift_id, notes)
    return shift_id


async def readable(seat: Seat, name: str) -> None:
    """Keep a picture of a page that every officer can read, on this screen."""
    await seat.picture(name)
    assert await seat.violations() == []
    assert await seat.too_small() == []
    assert not await seat.is_wider_than_screen()


async def takes_a_call(seat: Seat, case_no: str) -> None:
    """Find the call of a case in the call list, and take it."""
    await seat.open("/desk/calls")
    side = seat.page.get_by_role("complementary", name="Chosen call")
    await side.wait_for()
    while not await side.get_by_role("link", name=case_no).is_visible():
        await seat.press("j")
    await side.get_by_text("This is the cyber crime police").wait_for()
    await readable(seat, "desk-calls-en-light")
    await seat.press("t")
    await side.get_by_text("Yours for").wait_for()
    await side.locator(".ln:focus").wait_for()
    await seat.page.locator("#main").focus()


async def writes_a_note(seat: Seat) -> None:
    """Write the note for the next shift while the own one runs."""
    await seat.press("g", "h")
    await seat.sees(re.compile("Your shift in Team of the night ends at"))
    await seat.press("w")
    await seat.type("the bank calls back at nine")
    # A look at another page loses no text.
    await seat.page.locator("#main").focus()
    await seat.press("g", "d")
    await seat.page.wait_for_url(re.compile(r"/desk(\?|$)"))
    await seat.page.get_by_role("grid").wait_for()
    await seat.press("g", "h")
    note = seat.page.get_by_label("Your note for the next shift")
    await expect(note).to_have_value("the bank calls back at nine")
    await note.focus()
    await seat.press("Control+Enter")
    await seat.sees("The note is saved. It will stand in the record of the shift.")
    await readable(seat, "desk-handover-own-en-light")


async def reads_the_record(seat: Seat, shift_id: int, case_no: str) -> None:
    """Read the record of the own shift, which has the items that were left, and the note."""
    await seat.open(f"/desk/handover?shift={shift_id}")
    items = seat.page.get_by_role("region", name="Work items of desk.shift")
    await items.get_by_role("link", name=case_no).wait_for()
    await expect(seat.page.locator("#shift-note")).to_have_value("the bank calls back at nine")
    await readable(seat, "desk-handover-en-light")


async def is_told(seat: Seat) -> None:
    """Open the notices by their key, and choose how to be told."""
    await seat.page.locator("#main").focus()
    await seat.press("g", "i")
    # The bell may have counted another item, and the next round of notices is half a minute later.
    await seat.page.get_by_role("dialog").get_by_text("आपको दिया गया").first.wait_for()
    await readable(seat, "notices-hi-dark-360")
    await seat.press("Escape")
    await seat.open("/notices")
    await seat.page.get_by_label("संदेशों की भाषा").select_option("hi")
    await seat.press("Control+Enter")
    await seat.sees("सेटिंग सहेजी गई।")
    await readable(seat, "notice-settings-hi-dark-360")


@pytest.mark.world
async def test_a_call_a_shift_handover_and_a_notice_go_from_one_officer_to_the_next(stage: Stage, sit: Sitting) -> None:
    district = District(stage, "Sitapur")
    case_no = await district.silent(9 * LARGE_PAISE)
    await district.valued(1)
    tokens = await stage.officers("desk.shift", "desk.comes", role=Role.DESK)
    seat = await sit(tokens["desk.shift"], width=1440, height=900)
    await takes_a_call(seat, case_no)
    await running_shift(stage, "Team of the night", "desk.shift")
    await writes_a_note(seat)
    shift_id = await ended_shift(stage, "Team of the night", "desk.shift")
    await reads_the_record(seat, shift_id, case_no)

    comes = await sit(tokens["desk.comes"], language="hi", theme="dark", width=360, height=740)
    await comes.open(district.calls)
    await comes.sees(re.compile("Team of the night की शिफ़्ट"))
    await comes.open(f"/desk/handover?shift={shift_id}")
    await comes.sees("the bank calls back at nine")
    await readable(comes, "desk-handover-hi-dark-360")
    await comes.open("/desk/calls")
    await comes.page.locator("tr[aria-current]").wait_for()
    await readable(comes, "desk-calls-hi-dark-360")

    await seat.open(district.calls)
    await current(seat, "₹16,65,000")
    await seat.press("a")
    await seat.page.get_by_role("dialog").wait_for()
    # The officers of the team are listed by their names; Enter takes the one that fits.
    await seat.type("comes")
    await seat.page.get_by_role("option", name="desk.comes").wait_for()
    await readable(seat, "desk-pass-on-en-light")
    await seat.press("Enter", "Tab")
    await seat.type("asks for the manager")
    await seat.press("Enter")
    bell = comes.page.get_by_role("button", name=re.compile("सूचनाएँ"))
    await expect(bell).to_have_text(re.compile(r"\d"), timeout=PATIENCE_MS)
    await is_told(comes)
    setting = "SELECT setting->>'language' FROM notice_setting WHERE officer_id = 'desk.comes'"
    assert await stage.engine.pool.fetchval(setting) == "hi"
    await seat.open("/notices")
    await seat.page.get_by_label("Language of messages").wait_for()
    await readable(seat, "notice-settings-en-light")


@pytest.mark.world
async def test_the_desk_is_read_in_both_languages_and_themes_and_on_a_telephone(stage: Stage, sit: Sitting) -> None:
    district = District(stage, "Basti")
    await asyncio.gather(district.silent(LARGE_PAISE), district.silent(SMALL_PAISE))
    await district.valued(2)
    seat = await sit((await stage.officers("desk.reads", role=Role.DESK))["desk.reads"])
    await seat.open(district.calls)
    await current(seat, "₹1,85,000")
    await seat.is_read("desk-en", ("dark", 1920, 1080), ("light", 360, 740))
    await seat.change_language("hi")
    await current(seat, "₹1,85,000")
    await seat.is_read("desk-hi", ("light", 360, 740), ("dark", 1366, 768))
