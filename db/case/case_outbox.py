"""The outbox to the case workflows: a notification is written before its signal is sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from db.case import requests
from db.case.cases import PAUSED
from db.case.events import Event
from db.pool import Connection
from domain.case.requests import PlannedRequest
from schemas.base import FrozenModel, UtcDatetime
from schemas.case.case_workflow import CaseNews

MAX_HOPS_A_NOTIFICATION = 2_000
"""hops that fit into one signal with room to spare"""


async def insert(connection: Connection, case_no: str, at: datetime, news: CaseNews) -> CaseNews:
    """Write a notification for a case's workflow; return it with its id."""
    news_id = await connection.fetchval(
        "INSERT INTO case_news (case_no, body, created_at) VALUES ($1, $2, $3) RETURNING news_id",
        case_no,
        news.model_dump(mode="json", exclude={"news_id"}),
        at,
    )
    return news.model_copy(update={"news_id": news_id})


async def tell(
    connection: Connection,
    case_no: str,
    at: datetime,
    actor: str,
    events: Sequence[Event],
    planned: Sequence[PlannedRequest],
    news: CaseNews,
) -> CaseNews:
    """Write events, requests and the news that tells of them, in one statement; return the news with its id.

    The caller has locked the case, and every hop of the requests waits for one.
    """
    news_id = await connection.fetchval(
        "SELECT case_tell($1, $2, $3, $4, $5, $6, $7)",
        case_no,
        at,
        actor,
        [event.kind.value for event in events],
        [event.data for event in events],
        requests.as_planned(planned),
        news.model_dump(mode="json", exclude={"news_id"}),
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


async def unsignalled(
    connection: Connection, before: datetime, skip: Sequence[str], limit: int, now: datetime
) -> list[Untold]:
    """Return unsent notifications older than `before`, the oldest first.

    Skips the cases in `skip`, and those that are paused at `now`.
    """
    rows = await connection.fetch(
        "SELECT news_id, case_no, created_at, body FROM case_news"
        " WHERE signalled_at IS NULL AND created_at < $1 AND case_no <> ALL($2)"
        f" AND case_no NOT IN ({PAUSED.format(now=4)}) ORDER BY news_id LIMIT $3",
        before,
        list(skip),
        limit,
        now,
    )
    return [Untold(**dict(row)) for row in rows]


_UNSIGNALLED_OF_CASE: Final = """
SELECT news_id, case_no, created_at, body FROM case_news
WHERE case_no = $1 AND signalled_at IS NULL AND body ->> 'escalate_request_id' IS NULL ORDER BY news_id
FOR UPDATE SKIP LOCKED
"""


async def join_unsignalled(connection: Connection, case_no: str, at: datetime) -> list[CaseNews]:
    """Replace the unsent notifications of a case by as few as can be, and return these.

    Escalations are left as they are. The replaced rows count as sent at `at`.
    """
    rows = [Untold(**dict(row)) for row in await connection.fetch(_UNSIGNALLED_OF_CASE, case_no)]
    joined: list[CaseNews] = []
    for news in (row.news for row in rows):
        if joined and joined[-1].hops + news.hops <= MAX_HOPS_A_NOTIFICATION:
            joined[-1] = joined[-1].joined(news)
        else:
            joined.append(news)
    if len(joined) == len(rows):
        return joined
    await mark_signalled(connection, [row.news_id for row in rows], at)
    return [await insert(connection, case_no, at, news) for news in joined]


PURGE: Final = """
DELETE FROM case_news WHERE news_id IN (
    SELECT news_id FROM case_news WHERE signalled_at < $1 ORDER BY signalled_at LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING news_id
"""


async def purge(connection: Connection, before: datetime, limit: int) -> int:
    """Delete notifications that were sent before `before`, the oldest first; return how many."""
    return len(await connection.fetch(PURGE, before, limit))
