"""Outbound work that is due: one look at the rows of all kinds, for the loop that sends it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from db.outgoing import OutgoingKind
from db.pool import Connection


class OutboundWork(StrEnum):
    """Kinds of outbound work with an outbox of their own, each named by it."""

    PUBLIC_DRAFT = "public_draft"
    DUE_DOCUMENT = "due_document"


WorkKind = OutboundWork | OutgoingKind


def _first_is_due(column: str, rows: str) -> str:
    """Return the condition that the first row is due, which the index of the rows begins with.

    A row that EXISTS would be searched in the whole table, because a plan for every time expects to meet one soon.
    """
    return f"(SELECT min({column}) FROM {rows}) <= $1"


_ALSO_DUE: Final = {
    OutgoingKind.MESSAGE: [_first_is_due("expires_at", "message WHERE body <> '' AND expires_at IS NOT NULL")],
}
"""rows whose time is over, by kind"""
_UNCONFIRMED: Final = (
    "EXISTS (SELECT FROM public_draft p JOIN draft d USING (draft_id) WHERE p.asked_paise > 0"
    " AND p.confirmed_at IS NULL AND p.desk_told_at IS NULL AND d.sent_at <= present_moment() - $2::interval)"
)


def _due(kind: WorkKind) -> list[str]:
    if isinstance(kind, OutgoingKind):
        rows = f"outgoing WHERE kind = '{kind}'"
        return [_first_is_due("next_attempt_at", f"{rows} AND next_attempt_at IS NOT NULL"), *_ALSO_DUE.get(kind, ())]
    if kind is OutboundWork.PUBLIC_DRAFT:
        return [_UNCONFIRMED]
    return [_first_is_due("next_attempt_at", f"{kind} WHERE next_attempt_at IS NOT NULL")]


# Each condition has an index of its own, so no condition is joined to another one by OR.
DUE: Final = " UNION ".join(
    f"SELECT '{kind}' AS kind WHERE {condition}" for kind in (*OutboundWork, *OutgoingKind) for condition in _due(kind)
)


async def kinds_due(connection: Connection, now: datetime, tell_desk_after: timedelta) -> frozenset[str]:
    """Return the kinds of outbound work with a row that is due at `now`.

    A kind may find nothing to do all the same: another worker may have the row, or the golden hour may be busy. An
    unconfirmed complaint of the public page is due `tell_desk_after` it was sent.
    """
    return frozenset(row["kind"] for row in await connection.fetch(DUE, now, tell_desk_after))
