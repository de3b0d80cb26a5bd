"""The outbox to the case workflows: a notification is written before its signal is sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime
from schemas.outbox.case import CaseNews


async def insert(connection: Connection, case_no: str, at: datetime, news: CaseNews) -> CaseNews:
    """Write a notification for a case's workflow; return it with its id."""
    news_id = await connection.fetchval(
        "INSERT INTO case_news (case_no, body, created_at) VALUES ($1, $2, $3) RETURNING news_id",
        case_no,
        news.model_dump(mode="json", exclude={"news_id"}),
        at,
    )
    return news.model_copy(update={"news_id": news_id})


async def mark_signalled(connection: Connection, news_ids: Sequence[int], at: datetime) -> None:
    """Write that the workflows have received these notifications."""
    await connection.execute(
        "UPDATE case_news SET signalled_at = $2 WHERE news_id = ANY($1) AND signalled_at IS NULL",
        list(news_ids),
        at,
    )


class Untold(FrozenModel):
    """A notification that no workflow has received, as it is written."""

    news_id: int
    case_no: str
    created_at: UtcDatetime
    body: dict[str, Any]

    @property
    def news(self) -> CaseNews:
        """The notification to send. Raises `ValidationError` if the body has another form."""
        return CaseNews.model_validate({**self.body, "news_id": self.news_id})


async def unsignalled(connection: Connection, before: datetime, skip: Sequence[str], limit: int) -> list[Untold]:
    """Return unsent notifications older than `before`, the oldest first; skips the cases in `skip`."""
    rows = await connection.fetch(
        "SELECT news_id, case_no, created_at, body FROM case_news"
        " WHERE signalled_at IS NULL AND created_at < $1 AND case_no <> ALL($2) ORDER BY news_id LIMIT $3",
        before,
        list(skip),
        limit,
    )
    return [Untold(**dict(row)) for row in rows]


PURGE: Final = """
DELETE FROM case_news WHERE news_id IN (
    SELECT news_id FROM case_news WHERE signalled_at < $1 ORDER BY signalled_at LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING news_id
"""


async def purge(connection: Connection, before: datetime, limit: int) -> int:
    """Delete notifications that were sent before `before`, the oldest first; return how many."""
    return len(await connection.fetch(PURGE, before, limit))
