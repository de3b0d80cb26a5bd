"""Notifications to people, sent and failed. Texts and addresses are not shown, because a text may hold a code."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from activities.recovery import message_sending
from api.officers.auth import may
from api.officers.jurisdiction import within_of
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, AckNo, After, Limit
from api.problems import IN_THE_DESCRIPTION, NOT_NOW, says
from api.roles import Action
from api.services import TheServices
from db.recovery import notifications
from schemas.notifications import MessagePage, MessageRow

router = APIRouter(prefix="/api/v1", tags=["messages"], responses=IN_THE_DESCRIPTION)

Reader = Annotated[Officer, may(Action.READ_POLICE)]


@router.get("/messages")
async def list_messages(
    services: TheServices,
    officer: Reader,
    in_trouble: Annotated[bool, Query(description="Only notifications that failed and are not sent.")] = False,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> MessagePage:
    """List the notifications of all cases, the newest first."""
    within = await within_of(services, officer, Action.READ_POLICE)
    async with services.ctx.pool.acquire() as connection:
        return await notifications.page(connection, None, after, limit, in_trouble=in_trouble, within=within)


@router.get("/cases/{ack_no}/messages")
async def list_messages_of_case(
    services: TheServices, officer: Reader, ack_no: AckNo, after: After = None, limit: Limit = LIMIT_DEFAULT
) -> MessagePage:
    """List the notifications of one case, the newest first."""
    async with services.ctx.pool.acquire() as connection:
        return await notifications.page(connection, ack_no, after, limit, in_trouble=False)


@router.post("/messages/{message_id}/send-again", responses=says(NOT_NOW))
async def send_message_again(
    services: TheServices, officer: Annotated[Officer, may(Action.SEND_MESSAGE)], message_id: UUID
) -> MessageRow:
    """Send a waiting or given-up notification at once, after the cause of the failure is removed."""
    return await message_sending.send_again(services.ctx, message_id)
