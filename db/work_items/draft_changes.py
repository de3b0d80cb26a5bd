"""Drafts that got another owner or ended, as the streams of officers tell them: nothing of the call itself."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from db.pool import Connection
from db.rows import Rows
from schemas.work_items.officer_streams import DraftChange

DRAFT_CHANGED: Final = "draft"
"""the channel of notifications; the payload is the draft and its owner of before, as JSON"""


async def of(connection: Connection, draft_ids: Collection[UUID]) -> list[DraftChange]:
    """Return who has each of these drafts now."""
    return await Rows(connection, DraftChange).many(
        "SELECT draft_id, source, owner, calls, ended_as FROM draft WHERE draft_id = ANY($1)", list(draft_ids)
    )
