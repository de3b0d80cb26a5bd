"""Table of what goes out: each row is tried until it is sent or given up.

A row names its kind and its subject: the key of the row that it is about. It holds nothing of the content.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from db.pool import Connection
from schemas.base import FrozenModel

Model = TypeVar("Model", bound=FrozenModel)


class OutgoingKind(StrEnum):
    """Kinds of what goes out, each named by the table of its subjects."""

    BANK_KEY_CHANGE = "bank_key_change"
    BANK_LOGIN = "bank_login"
    BANK_LOGIN_CHANGE = "bank_login_change"
    BANK_PERSON = "bank_person"
    BANK_TEST_CALL = "bank_test_call"
    COMPLAINANT_MESSAGE = "complainant_message"
    DUE_DOCUMENT = "due_document"
    """all due documents of a case; the subject is the number of the case"""
    FIR = "fir"
    MESSAGE = "message"
    SIGN_IN_LINK = "sign_in_link"
    TASK_MESSAGE = "task_message"


class OutgoingEnd(StrEnum):
    """Result of what is due no more."""

    SENT = "sent"
    GIVEN_UP = "given_up"
    OVER = "over"
    """its subject changed, so there is nothing to send"""


class Claimed(FrozenModel):
    """Something that is due, which this process alone tries until its lease ends."""

    outgoing_id: int
    subject: str
    attempts: int
    """number of attempts, this one included"""


async def queue(connection: Connection, kind: OutgoingKind, subject: object, at: datetime) -> None:
    """Write that something is due at `at`, in the transaction of its cause.

    A new one replaces the one before of the same subject, sent or not.
    """
    await connection.execute(
        "INSERT INTO outgoing (kind, subject, next_attempt_at) VALUES ($1, $2, $3) ON CONFLICT (kind, subject)"
        " DO UPDATE SET outgoing_id = DEFAULT, attempts = 0, next_attempt_at = EXCLUDED.next_attempt_at,"
        " ended_at = NULL, outcome = NULL, failure = ''",
        kind.value,
        str(subject),
        at,
    )


def queued(kind: OutgoingKind, rows: str, key: str, at: str) -> str:
    """Return the SQL statement that queues new rows, which `rows` names, at their time `at`; `key` is their key."""
    return f"INSERT INTO outgoing (kind, subject, next_attempt_at) SELECT '{kind}', {key}::text, {at} FROM {rows}"


def is_due(kind: OutgoingKind, subject: str) -> str:
    """Return the SQL condition that something about a subject is due; `subject` is the column of its key."""
    return (
        f"EXISTS (SELECT FROM outgoing o WHERE o.kind = '{kind}' AND o.subject = {subject}::text"
        " AND o.next_attempt_at IS NOT NULL)"
    )


def subjects(
    kind: OutgoingKind, key: str, model: type[Model]
) -> Callable[[Connection, Sequence[str]], Awaitable[Mapping[str, Model]]]:
    """Return what reads subjects from the table that the kind names; `key` is the column of its key."""
    statement = f"SELECT {key}::text AS of_subject, {', '.join(model.model_fields)} FROM {kind} WHERE {key} = ANY($1)"

    async def read(connection: Connection, keys: Sequence[str]) -> Mapping[str, Model]:
        rows = [dict(row) for row in await connection.fetch(statement, keys)]
        return {row.pop("of_subject"): model(**row) for row in rows}

    return read


# An array, because a plan for every limit would read the whole table.
CLAIM: Final = """
UPDATE outgoing SET attempts = attempts + 1, next_attempt_at = $3 WHERE outgoing_id = ANY(ARRAY(
    SELECT outgoing_id FROM outgoing WHERE kind = $1 AND next_attempt_at <= $2
    AND ($5::timestamptz IS NULL OR EXISTS (
        SELECT FROM case_file c WHERE c.case_no = subject AND (c.state <> 'open' OR c.opened_at <= $5)))
    ORDER BY next_attempt_at LIMIT $4 FOR UPDATE SKIP LOCKED
)) RETURNING outgoing_id, subject, attempts
"""


async def claim(
    connection: Connection,
    kind: OutgoingKind,
    now: datetime,
    lease_until: datetime,
    limit: int,
    opened_before: datetime | None = None,
) -> Sequence[Claimed]:
    """Claim what is due of a kind, the longest due first; others leave it until `lease_until`.

    With `opened_before` the subjects are cases. Of those with money in play it claims only the ones opened by then.
    """
    rows = await connection.fetch(CLAIM, kind.value, now, lease_until, limit, opened_before)
    return [Claimed(**dict(row)) for row in rows]


async def put_off(connection: Connection, claimed: Claimed, again_at: datetime, failure: str) -> None:
    """Write when the next attempt is. Another claim, or an end, stays as it is."""
    await connection.execute(
        "UPDATE outgoing SET next_attempt_at = $3, failure = left($4, 500)"
        " WHERE outgoing_id = $1 AND attempts = $2 AND ended_at IS NULL",
        claimed.outgoing_id,
        claimed.attempts,
        again_at,
        failure,
    )


async def put_off_all(
    connection: Connection, kind: OutgoingKind, now: datetime, again_at: datetime, failure: str
) -> None:
    """Put off what is due of a kind, because it has no route. It is no attempt."""
    await connection.execute(
        "UPDATE outgoing SET next_attempt_at = $3, failure = $4 WHERE kind = $1 AND next_attempt_at <= $2",
        kind.value,
        now,
        again_at,
        failure,
    )


async def end(connection: Connection, claimed: Claimed, outcome: OutgoingEnd, at: datetime, failure: str = "") -> bool:
    """Write the end of what was claimed; return whether it was still due.

    What is sent has ended, also where another process has claimed it since. Only the last claim gives it up.
    """
    done: bool | None = await connection.fetchval(
        "UPDATE outgoing SET next_attempt_at = NULL, ended_at = $4, outcome = $3, failure = left($5, 500)"
        " WHERE outgoing_id = $1 AND ended_at IS NULL AND (attempts = $2 OR $3 = 'sent') RETURNING true",
        claimed.outgoing_id,
        claimed.attempts,
        outcome.value,
        at,
        failure,
    )
    return bool(done)


async def forget(connection: Connection, kind: OutgoingKind, subjects: Collection[object]) -> None:
    """Delete what has ended about subjects that are deleted."""
    await connection.execute(
        "DELETE FROM outgoing WHERE kind = $1 AND subject = ANY($2) AND ended_at IS NOT NULL",
        kind.value,
        [str(subject) for subject in subjects],
    )
