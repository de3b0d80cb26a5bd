"""Contacts of account holders that officers enter: no one takes a holder's place unseen."""

import re
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from pydantic import SecretStr, ValidationError

from activities.case.call_backs import take_telephone_answer
from activities.recovery import grievance_decisions
from activities.recovery.grievance_access import AppealDoor
from activities.recovery.hold_transaction import take_contact
from activities.secrets import SecretBox
from db.recovery import notifications
from domain.errors.recovery import ContactTooNew, HolderUnreachable
from schemas.case.answers import HeldLine
from schemas.case.hold_requests import NewTelephoneAnswer, Speaker
from schemas.enums import Language
from schemas.recovery.grievances import NewGrievance
from schemas.recovery.holds import NewHolderContact
from tests.activities.case.telephone import SPEAKER, held, request_of, said
from tests.activities.hold_world import Holds
from tests.activities.recovery.test_hold_lifecycle import CONTACT
from tests.activities.restoration_bench import DAY

OTHER = NewHolderContact(phone="9876500001")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def door(holds: Holds) -> AppealDoor:
    return AppealDoor(holds.ctx, SecretBox(SecretStr("k" * 40)))


async def told(holds: Holds, case_no: str, kind: str) -> list[tuple[str, str]]:
    """To whom, and at what address, messages of one kind went."""
    return sorted({(one.to_whom, one.address) for one in await holds.bench.said(kind, case_no)})


async def sent_code(holds: Holds, door: AppealDoor, hold_id: UUID, case_no: str) -> str:
    """The code in a new message to the holder, or to the bank that passes it on."""
    before = {one.message_id for one in await holds.bench.said("appeal_code", case_no)}
    await door.make_code(hold_id, "officer:io", "the holder asks for it")
    sent = [one for one in await holds.bench.said("appeal_code", case_no) if one.message_id not in before]
    (code,) = {found[0] for one in sent for found in re.finditer(r"\b[0-9]{8}\b", one.body)}
    return code


async def visited(holds: Holds, door: AppealDoor, hold_id: UUID, case_no: str) -> object:
    """When the contact was entered that the newest code of a hold went to."""
    await door.make_code(hold_id, "officer:io", "the holder asks for it")
    return await holds.bench.value(
        "SELECT contact_since FROM proof WHERE hold_id = $1 ORDER BY made_at DESC LIMIT 1", hold_id
    )


async def test_m14_the_earlier_contact_and_the_bank_hear_of_another_one_first(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(100, **CONTACT)
    await holds.bench.pool.execute("UPDATE institution SET desk_email = 'desk@hdfc.example' WHERE code = 'HDFC'")
    before = await told(holds, case_no, "hold")
    await take_contact(holds.ctx, hold_id, OTHER, "officer:io")
    found = await told(holds, case_no, "contact_replaced")
    assert ("bank", "desk@hdfc.example") in found
    assert [address for to_whom, address in found if to_whom == "holder"], "at the contact that was known before"
    assert not any(address.endswith("9876500001") for _, address in found)
    await take_contact(holds.ctx, hold_id, OTHER, "officer:io")
    assert await told(holds, case_no, "contact_replaced") == found, "the same contact is no news"
    assert len(await told(holds, case_no, "hold")) > len(before)
    rows = "SELECT told_to FROM holder_contact_change WHERE hold_id = $1"
    assert len(await holds.bench.rows(rows, hold_id)) == 1
    with pytest.raises(asyncpg.RestrictViolationError):
        await holds.bench.pool.execute("DELETE FROM holder_contact_change")


async def test_m14_no_telephone_answer_gives_a_contact_of_the_holder(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, lost=400, **CONTACT)
    bench, known = holds.bench, CONTACT["phone_number"]
    for way, address in (("holder_phone", "9876500001"), ("holder_email", "thief@mail.example")):
        with pytest.raises(ValidationError, match="are not taken by telephone"):
            await said(bench, case_no, {**held(1000), way: address})
    # The database may have such a line from before.
    line = HeldLine(kind="held", hop=1, amount_paise=1000_00, holder_phone="9876500001")
    told = NewTelephoneAnswer.model_construct(
        speaker=Speaker.model_validate(SPEAKER), told_at=bench.ctx.now(), lines=(line,), calls_back_at=None
    )
    await take_telephone_answer(bench.ctx, case_no, await request_of(bench, case_no), told, "call", "officer:io")
    assert await bench.value("SELECT count(*) FROM answer WHERE case_no = $1 AND kind = 'held'", case_no) == 2
    async with bench.pool.acquire() as connection:
        assert (await holds.ctx.persons.holder_of(connection, hold_id)).phone.endswith(known)


async def test_m14_no_officer_sees_a_code(holds: Holds, door: AppealDoor) -> None:
    case_no, hold_id = await holds.hold(100, **CONTACT)
    made = await door.make_code(hold_id, "officer:io", "the holder asks for it")
    assert "code" not in made.model_dump()
    assert {to_whom for to_whom, _ in await told(holds, case_no, "appeal_code")} == {"holder"}
    async with holds.bench.pool.acquire() as connection:
        await notifications.expire(connection, made.valid_until)
    bodies = "SELECT DISTINCT body, sealed_body FROM message WHERE case_no = $1 AND kind = 'appeal_code'"
    assert await holds.bench.rows(bodies, case_no) == [("", None)], "nor does the database keep it"


async def test_m14_without_a_contact_a_code_goes_through_the_bank_or_is_not_made(
    holds: Holds, door: AppealDoor
) -> None:
    case_no, hold_id = await holds.hold(100)
    await holds.bench.pool.execute("UPDATE institution SET desk_email = '' WHERE code = 'HDFC'")
    with pytest.raises(HolderUnreachable):
        await door.make_code(hold_id, "officer:io", "for the bank")
    assert await holds.bench.value("SELECT count(*) FROM proof WHERE hold_id = $1", hold_id) == 0
    await holds.bench.pool.execute("UPDATE institution SET desk_email = 'desk@hdfc.example' WHERE code = 'HDFC'")
    await door.make_code(hold_id, "officer:io", "for the bank")
    assert await told(holds, case_no, "appeal_code") == [("bank", "desk@hdfc.example")]


async def test_low_codes_and_visits_of_a_contact_end_when_another_takes_its_place(
    holds: Holds, door: AppealDoor
) -> None:
    case_no, hold_id = await holds.hold(100, **CONTACT)
    reference = await holds.bench.value("SELECT reference FROM account_hold WHERE hold_id = $1", hold_id)
    for contact in (OTHER, NewHolderContact(phone="9876500002")):
        code, used = [await sent_code(holds, door, hold_id, case_no) for _ in range(2)]
        entered = await door.enter(reference, used, "10.0.0.1")
        assert entered is not None
        assert await door.visit(entered.token) is not None
        holds.clock.at += MINUTE
        await take_contact(holds.ctx, hold_id, contact, "officer:io")
        assert await door.visit(entered.token) is None
        assert await door.enter(reference, code, "10.0.0.1") is None
    own = await door.enter(reference, await sent_code(holds, door, hold_id, case_no), "10.0.0.1")
    assert own is not None
    await take_contact(holds.ctx, hold_id, contact, "officer:io")
    assert await door.visit(own.token) is not None, "the same contact is no other one"


async def test_low_a_code_that_the_bank_passes_on_stays(holds: Holds, door: AppealDoor) -> None:
    """An officer who enters a contact could else keep the true holder out."""
    case_no, hold_id = await holds.hold(100)
    await holds.bench.pool.execute("UPDATE institution SET desk_email = 'desk@hdfc.example' WHERE code = 'HDFC'")
    reference = await holds.bench.value("SELECT reference FROM account_hold WHERE hold_id = $1", hold_id)
    code = await sent_code(holds, door, hold_id, case_no)
    await take_contact(holds.ctx, hold_id, OTHER, "officer:io")
    entered = await door.enter(reference, code, "10.0.0.1")
    assert entered is not None
    assert await door.visit(entered.token) is not None


async def test_m14_a_withdrawal_on_the_page_needs_a_contact_older_than_48_hours(holds: Holds, door: AppealDoor) -> None:
    case_no, hold_id = await holds.hold(100, **CONTACT)
    new = NewGrievance(text="it is the rent of my tenant", language=Language.EN, contact="me@example.org")
    filed = await grievance_decisions.file_grievance(holds.ctx, hold_id, new, grievance_decisions.HOLDER)
    assert await visited(holds, door, hold_id, case_no) is None, "the bank gave the contact"
    await take_contact(holds.ctx, hold_id, OTHER, "officer:io")
    holds.clock.at += DAY
    since = await holds.bench.value("SELECT told_at FROM holder_contact WHERE hold_id = $1", hold_id)
    assert await visited(holds, door, hold_id, case_no) == since
    with pytest.raises(ContactTooNew):
        await grievance_decisions.withdraw(
            holds.ctx, filed.grievance_id, None, grievance_decisions.HOLDER, contact_since=since
        )
    holds.clock.at += DAY
    await grievance_decisions.withdraw(
        holds.ctx, filed.grievance_id, None, grievance_decisions.HOLDER, contact_since=since
    )
    confirmed = await told(holds, case_no, "grievance_decided")
    assert ("holder", "me@example.org") in confirmed, "the contact of the appeal hears of it too"
    said = await holds.bench.said("grievance_decided", case_no, language="en")
    assert "If that was not you, appeal again" in said[0].body
