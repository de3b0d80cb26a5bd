"""What follows from money on hold: the clocks of the hold, of the victim's restoration and of the police's duties.

The ledger writes `held_hop` with every posting that puts money on hold; nothing here can be forgotten, only late.
"""

import secrets
from datetime import datetime
from typing import Final

from activities.duties import open_duties
from activities.hands import Hands
from activities.messaging import tell_victim
from db import account_holds, cases, events, procedures, restoration_openings
from db.account_holds import HeldHop
from db.events import Event
from db.pool import Connection
from schemas.enums import EventKind, ProcedureKind
from schemas.messages import MessageKind

ENGINE: Final = "engine"
_LETTERS: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""without the pairs that are mistaken for each other on paper and on the phone"""
REFERENCE_LENGTH: Final = 10


def new_reference() -> str:
    """A reference for an account holder: nobody can guess another's, and it says nothing of case or account."""
    return "".join(secrets.choice(_LETTERS) for _ in range(REFERENCE_LENGTH))


async def take_up(hands: Hands, case_no: str) -> int:
    """Begin what follows from the case's holds that nothing has followed from yet; returns how many hops.

    One transaction; to run it twice is to run it once. Raises `NotFound` for a case that is none.
    """
    now = hands.now()
    async with hands.pool.acquire() as connection, connection.transaction():
        await cases.hold(connection, case_no)
        found = await account_holds.to_take_up(connection, case_no)
        log: list[Event] = []
        for hop in found:
            # What is not on hold any more needs no clock: it was settled otherwise in the meantime.
            if hop.held_paise:
                log += await _take_up_hop(connection, hands, case_no, hop, now)
        if any(hop.held_paise for hop in found):
            await open_duties(connection, hands, case_no, now)
        await account_holds.mark_taken_up(connection, case_no, now)
        await events.append(connection, case_no, now, ENGINE, log)
    return len(found)


async def _take_up_hop(connection: Connection, hands: Hands, case_no: str, hop: HeldHop, now: datetime) -> list[Event]:
    rules, version, factor = hands.policy, hands.policy.version, hands.procedure_clock_factor
    promised = rules.hold.promised(version, factor)
    micro = hop.held_paise < promised.micro_below_paise
    hold_id, began = await account_holds.begin(connection, case_no, hop, new_reference(), promised, micro=micro)
    log = []
    if began:
        await procedures.begin(connection, ProcedureKind.HOLD, str(hold_id), case_no, now)
        data: dict[str, object] = {"hold_id": str(hold_id), "institution": hop.institution, "policy": version}
        log.append(Event(EventKind.HOLD_BEGAN, data))
    # One that begins anew too: its workflow of before may be on its way out.
    await procedures.tell(connection, ProcedureKind.HOLD, str(hold_id), now)
    if await restoration_openings.is_in_a_round(connection, case_no, hop.hop_no):
        return log
    opened = await restoration_openings.joinable(connection, hop.ack_no)
    if opened is None:
        policy = rules.restoration.promised(version, factor)
        opened = await restoration_openings.open_round(connection, case_no, hop.ack_no, policy, hop.held_at, now)
        await procedures.begin(connection, ProcedureKind.RESTORATION, str(opened.restoration_id), case_no, now)
        data = {
            "restoration_id": str(opened.restoration_id),
            "ack_no": hop.ack_no,
            "round_no": opened.round_no,
            "policy": version,
        }
        log.append(Event(EventKind.RESTORATION_OPENED, data))
    await restoration_openings.add_line(connection, opened.restoration_id, case_no, hop.hop_no, hold_id)
    await tell_victim(connection, hands, hop.ack_no, MessageKind.MONEY_HELD, {"occasion": str(opened.restoration_id)})
    return log
