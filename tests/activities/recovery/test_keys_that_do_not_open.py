"""A hold goes on when the key of its account holder is sealed under a secret key that no process has."""

from uuid import UUID

import pytest
from pydantic import SecretStr

from activities.privacy.person_keys import PersonKeys
from activities.recovery.hold_transaction import take_contact
from activities.recovery.message_outbox import tell_bank_of_appeal
from activities.secrets import SecretBox
from schemas.notifications import MessageKind
from schemas.recovery.holds import HoldAction, NewHolderContact
from tests.activities.hold_world import Holds

UNKNOWN = PersonKeys(SecretBox(SecretStr("a secret key that was lost, of more than 32 characters")))
UNREACHABLE = "SELECT kind, institution FROM desk_task WHERE case_no = $1 AND cause = 'unreachable' AND state = 'open'"

INSERT_KEY = (
    "WITH k AS (INSERT INTO person_key (person_id, wrapped, made_at) VALUES ($1, $2, $3))"
    " INSERT INTO holder_key (person_id, hold_id) VALUES ($1, $4)"
)


async def lose_key(holds: Holds, hold_id: UUID) -> None:
    wrapped = bytes.fromhex(UNKNOWN.new_key().wrapped or "")
    await holds.bench.pool.execute(
        "UPDATE person_key SET wrapped = $2 WHERE person_id IN (SELECT person_id FROM holder_key WHERE hold_id = $1)",
        hold_id,
        wrapped,
    )


@pytest.mark.parametrize("entered", [False, True])
async def test_a_hold_whose_holder_key_does_not_open_lapses_and_its_bank_is_told(
    holds: Holds, *, entered: bool
) -> None:
    case_no, hold_id = await holds.hold(600)
    await holds.tick(hold_id)
    if entered:
        await take_contact(holds.ctx, hold_id, NewHolderContact(phone="9876500011"), "officer:io")
    await lose_key(holds, hold_id)
    await holds.tick(hold_id, 89.5)
    assert HoldAction.LAPSE in await holds.tick(hold_id, 1)
    assert ("lapsed", "planned", 600_00) in await holds.orders(case_no)
    assert {to for to, _ in await holds.messages(case_no, "hold_lapsed")} == {"victim"}
    assert ("phone_bank", "HDFC") in await holds.bench.rows(UNREACHABLE, case_no), "the desk tells the bank"
    await holds.confirm(case_no)
    assert (await holds.look(hold_id)).over


async def test_a_holder_whose_key_does_not_open_is_told_once_it_does(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600)
    key = holds.ctx.persons.new_key()
    wrapped = bytes.fromhex(key.wrapped or "")
    await holds.bench.pool.execute(INSERT_KEY, key.person_id, wrapped, holds.clock.at, hold_id)
    await lose_key(holds, hold_id)
    assert await holds.tick(hold_id) == [HoldAction.TELL_HOLDER]
    assert await holds.tick(hold_id, 1) == [HoldAction.TELL_LATE], "a supervisor is asked"
    assert await holds.messages(case_no, "hold") == []
    await holds.bench.pool.execute("UPDATE person_key SET wrapped = $2 WHERE person_id = $1", key.person_id, wrapped)
    assert await holds.tick(hold_id) == [HoldAction.TELL_HOLDER]
    assert {to for to, _ in await holds.messages(case_no, "hold")} == {"bank"}


async def test_the_desk_is_asked_to_tell_the_bank_of_an_appeal(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600)
    await holds.tick(hold_id)
    await lose_key(holds, hold_id)
    facts = {"occasion": "1", "number": "G20261128", "until": holds.clock.at}
    async with holds.bench.pool.acquire() as connection:
        told = await tell_bank_of_appeal(
            connection, holds.ctx, hold_id, MessageKind.GRIEVANCE_TURN, facts, holds.clock.at
        )
    assert told == 0
    assert ("supervise", None) in await holds.bench.rows(UNREACHABLE, case_no)
