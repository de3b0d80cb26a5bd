"""Notifications to victim and account holder at each step of a restoration, written with the step itself."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from activities.context import Context
from activities.notifications.outbox import tell_holder, tell_officer, tell_victim
from db.orders.bank_orders import OrderRow
from db.police import firs
from db.pool import Connection
from db.restoration import restorations
from db.restoration.restorations import Line, RestorationRow
from domain.restoration.procedure import ACTS
from schemas.documents.facts import PaperHead
from schemas.notifications import REFERENCE_MAX_CHARS, MessageFacts, MessageKind
from schemas.police import CaseDuty
from schemas.restoration_enums import RestorationState, Step

NOT_TOLD: Final = "-"
"""shown where the bank has given no reference of a credit"""


async def step_opened(
    connection: Connection, row: RestorationRow, lines: Sequence[Line], due_at: datetime, now: datetime
) -> None:
    """Notify the victim at a step that needs the victim or concerns the credit."""
    amount_paise = sum(line.free_paise for line in lines)
    facts = MessageFacts(occasion=_occasion(row), amount_paise=amount_paise, until=due_at)
    match row.step:
        case Step.APPLICATION:
            await tell_victim(connection, row.ack_no, MessageKind.APPLICATION_READY, facts, now)
        case Step.CREDIT:
            approved = facts.model_copy(update={"amount_paise": sum(line.due_paise or 0 for line in lines)})
            await tell_victim(connection, row.ack_no, MessageKind.APPROVED, approved, now)


async def noticed(
    connection: Connection,
    ctx: Context,
    row: RestorationRow,
    hold_id: UUID,
    until: datetime,
    papers: Sequence[PaperHead],
    link: str,
    now: datetime,
) -> None:
    """Notify the holder, with the notice, and the victim of the objection period, which the notice starts."""
    lines = await restorations.lines(connection, row.restoration_id)
    facts = MessageFacts(occasion=_occasion(row), amount_paise=sum(line.free_paise for line in lines), until=until)
    await tell_victim(connection, row.ack_no, MessageKind.OBJECTION_WINDOW, facts, now)
    of_hold = sum(line.free_paise for line in lines if line.hold_id == hold_id)
    told = facts.model_copy(update={"amount_paise": of_hold})
    await tell_holder(connection, ctx, hold_id, MessageKind.OBJECTION_WINDOW, told, now, link=link, papers=papers)


async def due_soon(connection: Connection, row: RestorationRow, due_at: datetime, now: datetime) -> None:
    """Remind the officer who must act, and at the application step the victim."""
    facts = MessageFacts(occasion=f"{_occasion(row)}.due", until=due_at)
    if row.step is Step.APPLICATION:
        await tell_victim(connection, row.ack_no, MessageKind.APPLICATION_READY, facts, now)
    if duty := ACTS.get(row.step):
        of_step = facts.model_copy(update={"step": row.step})
        await tell_officer(connection, row.case_no, duty, MessageKind.STEP_DUE, of_step, now)


async def overdue(connection: Connection, row: RestorationRow, due_at: datetime, now: datetime) -> None:
    """Notify the supervising officer that the step was not done in time."""
    facts = MessageFacts(occasion=f"{_occasion(row)}.overdue", until=due_at, step=row.step)
    await tell_officer(connection, row.case_no, CaseDuty.SUPERVISING, MessageKind.STEP_OVERDUE, facts, now)


async def somebody_acts(connection: Connection, row: RestorationRow) -> bool:
    """Return whether the officer who must act, or the victim, can be reminded of the open step."""
    duty = ACTS.get(row.step)
    if duty is None or row.step is Step.APPLICATION:
        return True
    return await firs.officer(connection, row.case_no, duty) is not None


async def credited(
    connection: Connection, order: OrderRow, ack_no: str, paise: int, reference: str, occasion: str, now: datetime
) -> None:
    """Notify the victim at once of a credit that a bank states, with the bank and the reference if given."""
    room = REFERENCE_MAX_CHARS - len(order.institution) - 2
    named = f"{reference[:room] or NOT_TOLD}, {order.institution}"
    facts = MessageFacts(occasion=f"{order.order_id}.{occasion}", amount_paise=paise, reference=named)
    await tell_victim(connection, ack_no, MessageKind.CREDITED, facts, now)


async def closed(
    connection: Connection, row: RestorationRow, lines: Sequence[Line], state: RestorationState, now: datetime
) -> None:
    """Notify the victim of a refusal. After a cancellation the officer who cancels speaks with the victim."""
    if state is RestorationState.REFUSED:
        held_paise = sum(line.held_paise for line in lines)
        facts = MessageFacts(occasion=str(row.restoration_id), amount_paise=held_paise)
        await tell_victim(connection, row.ack_no, MessageKind.REFUSED, facts, now)


async def refused_in_part(
    connection: Connection, row: RestorationRow, occasion: str, paise: int, restored_paise: int, now: datetime
) -> None:
    """Notify the victim of the amount that is refused, beside the amount restored."""
    kind = MessageKind.REST_REFUSED if restored_paise else MessageKind.REFUSED
    facts = MessageFacts(
        occasion=f"{row.restoration_id}.{occasion}", amount_paise=paise, restored_paise=restored_paise or None
    )
    await tell_victim(connection, row.ack_no, kind, facts, now)


async def wound_up(connection: Connection, row: RestorationRow, now: datetime) -> None:
    """Notify the victim that no money is on hold any more.

    This is not a refusal, and no other message reports it.
    """
    await tell_victim(connection, row.ack_no, MessageKind.NOTHING_HELD, {"occasion": str(row.restoration_id)}, now)


def _occasion(row: RestorationRow) -> str:
    return f"{row.restoration_id}.{row.step.value}.{row.turn}"
