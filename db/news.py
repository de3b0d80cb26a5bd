"""The outbox to the workflows: the row is there before the signal is."""

from collections.abc import Sequence
from datetime import datetime

from db.pool import Connection
from schemas.work import CaseNews


async def insert(connection: Connection, case_no: str, at: datetime, news: CaseNews) -> CaseNews:
    """Write news of a case; return it with its id."""
    news_id = await connection.fetchval(
        "INSERT INTO case_news (case_no, body, created_at) VALUES ($1, $2, $3) RETURNING news_id",
        case_no,
        news.model_dump(mode="json", exclude={"news_id"}),
        at,
    )
    return news.model_copy(update={"news_id": news_id})


async def mark_signalled(connection: Connection, news_ids: Sequence[int], at: datetime) -> None:
    """The workflows have these."""
    await connection.execute(
        "UPDATE case_news SET signalled_at = $2 WHERE news_id = ANY($1) AND signalled_at IS NULL",
        list(news_ids),
        at,
    )


async def unsignalled(connection: Connection, before: datetime, limit: int) -> list[tuple[str, datetime, CaseNews]]:
    """News older than `before` that no workflow has been told, oldest first."""
    rows = await connection.fetch(
        "SELECT news_id, case_no, body, created_at FROM case_news"
        " WHERE signalled_at IS NULL AND created_at < $1 ORDER BY news_id LIMIT $2",
        before,
        limit,
    )
    return [
        (
            row["case_no"],
            row["created_at"],
            CaseNews.model_validate({**row["body"], "news_id": row["news_id"]}),
        )
        for row in rows
    ]
