"""Missed calls: each number has one draft that waits for an officer who calls back.

The caller gets a link to the public page, and can complain there meanwhile.
"""

from uuid import UUID, uuid4

from activities.context import Context
from activities.people import public_drafts
from activities.people.draft_saving import seal_content
from db import clock
from db.people import drafts
from db.pool import Connection
from domain.case.flags import CLOCK_SKEW
from domain.errors.drafts import TooManyMissedCalls
from domain.errors.police import TimeInFuture
from schemas.officers.officers import COMPLAINANT
from schemas.people.drafts import DraftContent, DraftSource, DraftVictim, MissedCall, MissedCallTaken


async def take_missed_call(ctx: Context, call: MissedCall, by: str, address: str = "") -> MissedCallTaken:
    """Open a draft for a number that called, or count the call in the one that waits.

    The first call of a number is answered by a link to the page at `address`, where a draft of the caller's own has the
    number. A call that is reported twice counts once. Raises `LimitExceeded`, and `NotNow` for a call in the future.
    """
    (callers,) = ctx.persons.digests([f"caller|{call.phone}"])
    most = ctx.policy.drafts.waiting_max
    async with ctx.pool.acquire() as connection, connection.transaction():
        # One lock for all missed calls, so that two calls of one number at the same time are one draft.
        waiting = (await drafts.lock_owner(connection, None)).unsent
        now = await clock.present_moment(connection)
        if call.called_at > now + CLOCK_SKEW:
            raise TimeInFuture("called_at")
        if counted := await drafts.count_call(connection, callers, call.called_at):
            return MissedCallTaken(draft_id=counted[0], calls=counted[1], is_new=False)
        if waiting >= most:
            raise TooManyMissedCalls(most)
        draft_id, key = uuid4(), ctx.persons.new_key()
        content = DraftContent(caller_mobile=call.phone, victim=DraftVictim(mobile=call.phone))
        await drafts.insert(
            connection,
            draft_id,
            DraftSource.MISSED_CALL,
            None,
            key,
            seal_content(ctx, key, draft_id, content),
            now,
            by,
            caller=callers[0],
            called_at=call.called_at,
        )
        await _send_link(ctx, connection, draft_id, content, address)
    return MissedCallTaken(draft_id=draft_id, calls=1, is_new=True)


async def _send_link(ctx: Context, connection: Connection, call_id: UUID, content: DraftContent, address: str) -> None:
    """Begin a draft of the public page for the caller, and send the code that opens it."""
    begun = await public_drafts.write_new(ctx, connection, content, COMPLAINANT, call_id=call_id)
    language = ctx.policy.messages.holder_languages[0]
    await public_drafts.send_link(ctx, connection, begun, content.caller_mobile, language, address)
