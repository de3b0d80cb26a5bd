"""Messages of the outbox, opened."""

from dataclasses import dataclass
from uuid import UUID

from activities.context import Context
from activities.recovery.message_outbox import open_message
from db.recovery.notifications import StoredMessage, stored_message


@dataclass(frozen=True)
class Said:
    """A message with its opened address and text."""

    message_id: UUID
    kind: str
    to_whom: str
    medium: str
    language: str
    address: str
    body: str


async def said(ctx: Context, kind: str | None = None, case_no: str | None = None, **also: str) -> list[Said]:
    """Return messages of a kind or case, the oldest first. `also` names further columns and their values."""
    wanted = {"kind": kind, "case_no": case_no, **also}
    given = {column: value for column, value in wanted.items() if value is not None}
    where = "".join(f" AND m.{column} = ${place}" for place, column in enumerate(given, 1))
    rows = await ctx.pool.fetch(
        f"SELECT m.message_id, m.kind, m.to_whom, m.medium, m.language, {stored_message('m')} AS text FROM message m"
        f" WHERE true{where} ORDER BY m.written_at, m.natural_key",
        *given.values(),
    )
    found = []
    for row in rows:
        columns = dict(row)
        text = open_message(ctx.persons, row["message_id"], StoredMessage(**columns.pop("text")))
        found.append(Said(**columns, address=text.address, body=text.body))
    return found
