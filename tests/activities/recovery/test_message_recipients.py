"""An event finds its recipients by the rules, and every event happens somewhere."""

import re

import pytest

from activities.recovery.firs import assign_officer
from activities.recovery.message_recipients import Concerned, Holder, notify_people
from domain.message_rules import NotificationEvent
from schemas.notifications import MessageFacts
from schemas.restoration_enums import CaseDuty
from tests.activities.hold_world import Holds
from tests.activities.recovery.test_hold_lifecycle import CONTACT
from tests.activities.recovery.test_message_outbox import IO
from tests.paths import ROOT

OUTBOX = "activities/recovery/message_outbox.py"
PEOPLE = "activities/recovery/message_recipients.py"
EVENT = re.compile(r"\bNotificationEvent\.([A-Z_]+)")
CHOOSES = re.compile(r"\bMessageKind\.[A-Z]|\btell_(?:victim|holder|officer|assigned|at|bank|bank_of_appeal)\(")
"""what only the rules choose: a kind of message, or a recipient"""


async def notify(holds: Holds, event: NotificationEvent, concerned: Concerned, facts: MessageFacts) -> int:
    async with holds.bench.pool.acquire() as connection, connection.transaction():
        return await notify_people(connection, holds.ctx, event, concerned, facts, holds.clock.at)


def sources() -> dict[str, str]:
    files = (ROOT / "activities").rglob("*.py")
    return {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}


def test_every_event_happens_somewhere() -> None:
    named = {name for text in sources().values() for name in EVENT.findall(text)}
    # It takes the place of every other message to a victim who asked for that.
    in_place_of_others = {NotificationEvent.QUIET_NEWS.name}
    assert named == {event.name for event in NotificationEvent} - in_place_of_others


def test_no_call_site_chooses_a_message_or_a_recipient() -> None:
    choosing = {name for name, text in sources().items() if CHOOSES.search(text)}
    assert choosing == {OUTBOX, PEOPLE}


async def test_the_rules_pick_among_those_whom_an_event_concerns(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, **CONTACT)
    await assign_officer(holds.ctx, case_no, IO, "officer:chief")
    concerned = Concerned(case_no=case_no, shares={case_no: 0}, holder=Holder(holds.ctx, hold_id))
    facts = MessageFacts(occasion="x", amount_paise=600_00, days=7)
    assert await notify(holds, NotificationEvent.HOLD_LAPSES_SOON, concerned, facts) == 2
    assert {to for to, _ in await holds.messages(case_no, "lapse_warning")} == {"io"}, "not the holder, and no share"


async def test_each_victim_is_told_the_own_share_and_the_holder_the_own_amount(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, **CONTACT)
    holder = Holder(holds.ctx, hold_id, amount_paise=700_00, occasion="of-holder")
    concerned = Concerned(case_no=case_no, shares={case_no: 250_00}, holder=holder)
    facts = MessageFacts(occasion="x", amount_paise=600_00)
    for written in (4, 0):
        assert await notify(holds, NotificationEvent.HOLD_LAPSED, concerned, facts) == written
    said = await holds.bench.said("hold_lapsed", case_no)
    assert len(said) == 4
    for one in said:
        assert re.search(rf"(₹|Rs ){250 if one.to_whom == 'victim' else 700}\b", one.body), one.to_whom


async def test_a_fact_that_no_message_carries_is_refused(holds: Holds) -> None:
    case_no, _ = await holds.hold(600)
    facts = MessageFacts(occasion="x", days=7)
    with pytest.raises(AssertionError, match=r"nothing_held carries \['days'\]"):
        await notify(holds, NotificationEvent.NOTHING_HELD, Concerned(ack_no=case_no), facts)


async def test_the_officer_of_a_step_is_told_as_the_duty_says(holds: Holds) -> None:
    case_no, _ = await holds.hold(600)
    supervising = IO.model_copy(update={"duty": CaseDuty.SUPERVISING})
    facts = MessageFacts.model_validate({"occasion": "x", "until": holds.clock.at, "step": "approval"})
    concerned = Concerned(case_no=case_no, duty=CaseDuty.SUPERVISING)
    assert await notify(holds, NotificationEvent.STEP_DUE, concerned, facts) == 0, "no officer is assigned"
    await assign_officer(holds.ctx, case_no, supervising, "officer:chief")
    assert await notify(holds, NotificationEvent.STEP_DUE, concerned, facts) == 2
    assert {to for to, _ in await holds.messages(case_no, "step_due")} == {"officer"}
