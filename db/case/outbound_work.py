"""Outbound work that is due: one look at the rows of all kinds, for the loop that sends it."""

from datetime import datetime
from typing import Final

from db.outgoing import OutgoingKind
from db.pool import Connection

DUE_DOCUMENT: Final = "due_document"
"""the kind of outbound work with an outbox of its own, named by it"""


def _first_is_due(column: str, rows: str) -> str:
    """Return the condition that the first row is due, which the index of the rows begins with.

    A row that EXISTS would be searched in the whole table, because a plan for every time expects to meet one soon.
    """
    return f"(SELECT min({column}) FROM {rows}) <= $1"


_ALSO_DUE: Final = {
    OutgoingKind.MESSAGE: [_first_is_due("expires_at", "message WHERE body <> '' AND expires_at IS NOT NULL")],
}
"""rows whose time is over, by kind"""


def _due(kind: OutgoingKind) -> list[str]:
    rows = f"outgoing WHERE kind = '{kind}' AND next_attempt_at IS NOT NULL"
    return [_first_is_due("next_attempt_at", rows), *_ALSO_DUE.get(kind, ())]


_DUE: Final = {
    DUE_DOCUMENT: [_first_is_due("next_attempt_at", f"{DUE_DOCUMENT} WHERE next_attempt_at IS NOT NULL")]
} | {kind.value: _due(kind) for kind in OutgoingKind}


# Each condition has an index of its own, so no condition is joined to another one by OR.
DUE: Final = " UNION ".join(
    f"SELECT '{kind}' AS kind WHERE {condition}" for kind, conditions in _DUE.items() for condition in conditions
)


async def kinds_due(connection: Connection, now: datetime) -> frozenset[str]:
    """Return the kinds of outbound work with a row that is due at `now`.

    A kind may find nothing to do all the same: another worker may have the row, or the golden hour may be busy.
    """
    return frozenset(row["kind"] for row in await connection.fetch(DUE, now))
