"""The page of the officer who takes calls: by keyboard alone, in both languages, and with a line that breaks."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from schemas.enums import Role
from schemas.text import IST
from simulator import ScriptedAnswer, hold_row, transfer_row
from tests.browser.conftest import Sitting, Stage
from tests.browser.seat import Seat
from tests.factories import rrn

KEYS_MAX = 90
"""keystrokes for the four facts, the sending among them"""
SECONDS_MAX = 60.0
KEY_SECONDS = 0.28
"""Card, Moran and Newell, The Keystroke-Level Model (CACM 23, 1980): a key of an average typist who is no secretary"""
DECISION_SECONDS = 1.35
"""the same: a mental preparation before a unit of the task"""
SPEECH_SECONDS = 25.0
"""our own: a caller tells the four facts in five or six sentences when asked"""
FACTS = 7
"""units that the officer thinks about: two banks, two accounts, the sum, the reference, the time"""
SAVED = re.compile(r"^Saved \d")
SAVES_LATE = """(() => {
    const real = window.setTimeout;
    window.setTimeout = (run, delay, ...given) => real(run, delay === 1000 ? 60_000 : delay, ...given);
})()"""
"""makes the pause between two savings a minute"""
CHECKS_LATE = """(() => {
    const real = window.fetch;
    window.fetch = async (request, ...given) => {
        const answer = await real(request, ...given);
        if (request.url?.endsWith("/drafts/check")) await new Promise((go) => setTimeout(go, 900));
        return answer;
    };
})()"""
"""lets each check of what is typed come after the answer to what was sent meanwhile"""
LATER_CODE = re.compile(r"/assets/(AccountMenu|Find|KeyOverlay|ModalBody|NoticeList|Palette|SignedOut)-")
STORY = "A man on video in a uniform said that a box was stopped."


async def wait_for_facts(seat: Seat) -> None:
    """Wait until a new call has the focus in the box for the bank's message."""
    await seat.page.locator("#sms:focus").wait_for()


async def type_facts(seat: Seat, payer: str, payee: str, reference: str, sum_typed: str = "185000") -> None:
    """Type the four facts of the first transfer, from the box of the message on."""
    at = (datetime.now(UTC) - timedelta(minutes=4)).astimezone(IST)
    await seat.press("Tab")
    for bank, account in ((payer, "38920117654"), (payee, "50100000000001")):
        await seat.type(bank)
        await seat.press("Tab")
        await seat.type(account)
        # The wallet is left out.
        await seat.press("Tab", "Tab")
    await seat.type(sum_typed)
    await seat.press("Tab", "Tab")
    await seat.type(reference)
    await seat.press("Tab")
    await seat.type(f"{at:%H%M}")


def beginning(names: Sequence[str], wanted: str) -> str:
    """Return the shortest beginning of a name that no other name has, in small letters."""
    lower = wanted.lower()
    others = [name.lower() for name in names if name != wanted]
    return next((lower[:n] for n in range(1, len(lower)) if not any(o.startswith(lower[:n]) for o in others)), lower)


async def test_four_facts_ask_the_banks_and_the_rest_follows_by_keyboard_alone(stage: Stage, sit: Sitting) -> None:
    sim, pool = stage.engine.sim, stage.engine.pool
    api = [bank for bank in sim.institutions if bank.answer_class == "api"]
    payer, payee, onward = api[0], api[1], api[2]
    first, second, further = rrn(), rrn(), rrn()
    answer = ScriptedAnswer(
        (
            hold_row(first, 112_000_00),
            transfer_row(first, new_rrn=second, paise=73_000_00, payee_bank_code=onward.code, payee_account="0009023"),
        )
    )
    sim.script(bank=payee.code, rrn=first, answers=[answer])
    sim.script(bank=onward.code, rrn=second, answers=[ScriptedAnswer((hold_row(second, 73_000_00),))])
    token = (await stage.officers("intake.pathelia", role=Role.INTAKE))["intake.pathelia"]
    seat = await sit(token)
    await seat.page.add_init_script(SAVES_LATE)
    await seat.page.add_init_script(CHECKS_LATE)
    await seat.open()
    await wait_for_facts(seat)

    names = [bank.name for bank in sim.institutions]
    await type_facts(seat, beginning(names, payer.name), beginning(names, payee.name), first)
    await seat.sees("one lakh eighty-five thousand", "Can go now. What you find out later is added.")
    # The facts are saved once they are there, so the key that asks the banks waits for no save.
    await seat.sees(SAVED)
    assert await seat.violations() == []
    await seat.picture("call-facts-en-light")
    await seat.press("Control+Enter")
    await seat.sees("Read out this number")
    assert seat.keys <= KEYS_MAX
    assert await seat.pointer_moves() == 0
    assert seat.keys * KEY_SECONDS + (FACTS + 1) * DECISION_SECONDS + SPEECH_SECONDS <= SECONDS_MAX

    # The next layer is seen without another key.
    await seat.sees("₹1,85,000 is on hold.")
    number = (await seat.page.locator(".number").get_attribute("aria-label")) or ""
    await seat.press("Alt+r")
    await seat.sees("The caller has this number")

    # Another transfer goes to the same complaint.
    await seat.press("Alt+a")
    await seat.page.get_by_label("Bank, IFSC or UPI address").first.focus()
    await seat.press("Shift+Tab")
    async with seat.page.expect_request(lambda request: further in (request.post_data or "")):
        await type_facts(seat, beginning(names, payer.name), beginning(names, onward.name), further, "49999")
    # The check of what was typed is on its way, and does not know yet what is sent.
    await seat.press("Control+Enter")
    await seat.page.locator("#h-sent").wait_for()
    await seat.page.get_by_role("cell", name=further).wait_for()

    await tell_the_rest(seat)
    await seat.sees("Everything is asked.")
    assert await seat.violations() == []
    assert await seat.too_small() == []
    await seat.picture("call-sent-en-light")
    await seat.press("Alt+f")
    await wait_for_facts(seat)

    victim = await stage.engine.read(f"/cases/{number}/victim")
    assert (victim["victim"]["name"], victim["district"]) == ("Surekha Pandharya", "LUCKNOW")
    assert (victim["woman"], victim["senior"]) == (True, True)
    stories = (await stage.engine.read(f"/complaints/{number}/stories"))["stories"]
    assert [(one["text"], one["consent"]) for one in stories] == [(f"{STORY}\n\nSuspects: +91 62000 01180", True)]
    told = await pool.fetchval("SELECT count(*) FROM complaint_transfer WHERE ack_no = $1", number)
    assert told == 2


async def tell_the_rest(seat: Seat) -> None:
    """Fill in the person and the story by keyboard."""
    await seat.page.get_by_label("Name, as the bank has it").focus()
    await seat.type("Surekha Pandharya")
    await seat.press("Tab")
    await seat.type("9876500417")
    await seat.press("Tab", "Tab")
    await seat.type("Lucknow")
    for mark, key in (("A woman", "y"), ("60 years or older", "y"), ("Younger than 18", "d")):
        await seat.page.get_by_role("radiogroup", name=mark).get_by_role("radio").first.focus()
        await seat.press(key)
    await seat.page.get_by_label("Kind", exact=True).select_option("arrest")
    await seat.page.get_by_label("Their numbers, names, pages").focus()
    await seat.type("+91 62000 01180")
    await seat.press("Tab")
    await seat.type(STORY)
    await seat.page.get_by_role("radiogroup", name="Agrees that").get_by_role("radio").first.focus()
    await seat.press("y")


@pytest.mark.world
async def test_a_line_that_breaks_loses_no_key_and_a_call_goes_on_at_another_seat(stage: Stage, sit: Sitting) -> None:
    bank = stage.engine.sim.institutions[0]
    tokens = await stage.officers("intake.before", "intake.after", role=Role.INTAKE)
    seat = await sit(tokens["intake.before"])
    # The line is down while the page fetches the code of its dialogs ahead.
    await seat.context.route(LATER_CODE, lambda route: route.abort("internetdisconnected"))
    await seat.open("/call")
    await wait_for_facts(seat)
    sms = f"Dear Customer, your A/c X7654 is debited by Rs.42,000.00 on 27-11-26 13:47:52 by IMPS. Ref {rrn()}"
    await seat.page.keyboard.insert_text(sms)
    await seat.press("Tab")
    await seat.page.get_by_label("Rupees").and_(seat.page.locator("[value='42,000']")).wait_for()
    marked = await seat.page.locator(".sms-parts mark").all_inner_texts()
    assert [text.partition(" (")[2] for text in marked] == ["your account)", "sum)", "time)", "time)", "reference)"]
    await seat.picture("call-sms-en-light")
    await seat.type(f"{bank.ifsc_prefix}0004217")
    await seat.sees(bank.name)

    await seat.context.set_offline(offline=True)
    await seat.press("Tab")
    await seat.type("389201")
    await seat.sees("Not saved: the server does not answer.")
    await seat.picture("call-no-line-en-light")
    await seat.type("17654")
    await seat.context.set_offline(offline=False)
    await seat.context.unroute(LATER_CODE)
    await seat.sees(SAVED)

    # The same officer types in another window; both texts stay.
    other = await sit(tokens["intake.before"])
    await other.open("/call")
    await other.page.get_by_label("Account or UPI address").first.wait_for()
    assert await other.page.get_by_label("Account or UPI address").first.input_value() == "38920117654"
    await other.page.get_by_label("Name, as the bank has it").focus()
    await other.type("Surekha")
    await other.sees(SAVED)
    await seat.page.get_by_label("Wallet, if any").first.focus()
    await seat.type("none")
    await seat.page.get_by_label("Name, as the bank has it").and_(seat.page.locator("[value='Surekha']")).wait_for()

    # The call is handed over with all that is typed.
    await seat.press("Alt+p")
    await seat.page.get_by_role("dialog").wait_for()
    await seat.type("intake.after")
    await seat.press("Tab")
    await seat.type("rings back at 14:15")
    await seat.press("Tab", "Enter")
    await seat.sees("The call is now with intake.after.")
    after = await sit(tokens["intake.after"])
    await after.open("/call")
    await after.sees("The officer before you wrote: rings back at 14:15")
    assert await after.page.get_by_label("Name, as the bank has it").input_value() == "Surekha"


@pytest.mark.world
async def test_a_missed_call_is_called_back_and_one_without_data_ends(stage: Stage, sit: Sitting) -> None:
    token = (await stage.officers("intake.missed", role=Role.INTAKE))["intake.missed"]
    body = {"phone": "9812345670", "called_at": datetime.now(UTC).isoformat()}
    headers = stage.engine.officer(Role.INTAKE)
    taken = await stage.engine.intake.post("/api/v1/missed-calls", json=body, headers=headers)
    assert taken.status_code == 200, taken.text
    seat = await sit(token)
    await seat.open("/call")
    await wait_for_facts(seat)
    await seat.press("Alt+m")
    await seat.page.get_by_role("dialog").get_by_text("5670").wait_for()
    await seat.page.get_by_role("listitem").filter(has_text="5670").get_by_role("button").focus()
    await seat.press("Enter")
    await seat.page.get_by_label("Mobile").and_(seat.page.locator("[value='9812345670']")).wait_for()
    await seat.press("Alt+w")
    await seat.page.get_by_label("Mobile").and_(seat.page.locator("[value='']")).wait_for()


@pytest.mark.world
async def test_the_page_is_read_in_both_languages_and_themes_and_on_a_telephone(stage: Stage, sit: Sitting) -> None:
    seat = await sit((await stage.officers("intake.reads", role=Role.INTAKE))["intake.reads"])
    await seat.open("/call")
    await wait_for_facts(seat)
    await seat.is_read("call-facts-en", ("dark", 1920, 1080), ("light", 360, 740))
    await seat.speak("hi")
    await wait_for_facts(seat)
    await seat.is_read("call-facts-hi", ("light", 360, 740), ("dark", 1366, 768))
