"""Table of one-time codes and links that admit somebody or confirm something.

Only digests are stored. A row names its purpose and its subject: the key of the row that the purpose is about. A code
and the session that it begins are void once officers change the contact that it went to.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

from pydantic import Field

from db import sessions
from db.pool import Connection
from db.sessions import SessionKind
from schemas.base import FrozenModel, UtcDatetime

FORGOTTEN_MAX: Final = 500


class ProofPurpose(StrEnum):
    """Purposes of codes and links, with what the subject of each is."""

    APPEAL = "appeal"
    """admits an account holder to the page about a hold; the hold"""
    BANK_LOGIN_LINK = "bank_login_link"
    """lets a bank set the password of its login; the institution"""
    MY_CASE = "my_case"
    """admits a victim to the page about the own complaint; the complaint"""
    ORDER_REPLY = "order_reply"
    """confirms what a bank states about an order by the link of a letter; the order"""
    REQUEST_REPLY = "request_reply"
    """confirms what a bank states about a hold request by the link of a letter; the hold request"""
    SIGN_IN_LINK = "sign_in_link"
    """lets an officer set password and authenticator; the officer"""
    SIGNATURE = "signature"
    """signs an application; the complaint"""


LINKS: Final = frozenset({ProofPurpose.BANK_LOGIN_LINK, ProofPurpose.SIGN_IN_LINK})
"""purposes of links: their token is random, and each subject has one open link"""
OF_FORMS: Final = frozenset({ProofPurpose.ORDER_REPLY, ProofPurpose.REQUEST_REPLY})
"""purposes whose newest code alone is good, and again until its end: a form of several pages needs it several times"""


def victim_contact_since(ack_no: str) -> str:
    """Return SQL for when officers corrected the mobile or e-mail of a victim last; null for never.

    `ack_no` is the column or the parameter with the number of the complaint.
    """
    return (
        "(SELECT max(r.decided_at) FROM proposal r WHERE r.kind = 'victim_correction' AND r.decision = 'agreed'"
        " AND r.body -> 'fields' ?| ARRAY['mobile', 'email']"
        f" AND r.subject = (SELECT k.victim_id::text FROM complaint k WHERE k.ack_no = {ack_no}))"
    )


def _contact_since(purpose: ProofPurpose, ack_no: str, hold_id: str) -> str:
    """Return SQL for when officers entered the contact of a subject; null for a contact as first stated.

    `ack_no` and `hold_id` are the column or the parameter with the subject.
    """
    if purpose is ProofPurpose.APPEAL:
        # The same contact, entered again, keeps its time.
        return f"(SELECT k.told_at FROM holder_contact k WHERE k.hold_id = {hold_id})"
    return "NULL" if purpose in OF_FORMS else victim_contact_since(ack_no)


def _goes_to_the_contact(purpose: ProofPurpose) -> str:
    """Return the SQL condition that a code went to the present contact of its subject, or through the bank."""
    since = _contact_since(purpose, "proof.ack_no", "proof.hold_id")
    return f"(through_bank OR contact_since IS NOT DISTINCT FROM {since})"


def _is_live(purpose: ProofPurpose) -> str:
    """Return the SQL condition on a code of `$2` that is good at `$4`, whatever its tries."""
    once = "" if purpose in OF_FORMS else " AND used_at IS NULL"
    return (
        "purpose = $1 AND subject = $2 AND document_id IS NOT DISTINCT FROM $3::uuid AND valid_until > $4"
        f" AND ended_at IS NULL{once} AND {_goes_to_the_contact(purpose)}"
    )


class NewProof(FrozenModel):
    """A code as it is written."""

    proof_id: UUID
    purpose: ProofPurpose
    subject: str
    document_id: UUID | None = None
    """the application that it signs"""
    digest: bytes
    made_at: UtcDatetime
    made_by: str
    valid_until: UtcDatetime
    contact_name: str = ""
    contact_end: str = ""
    through_bank: bool = False
    """whether the bank passes it on"""


async def make(connection: Connection, new: NewProof) -> None:
    """Write a code, bound to the present contact of its subject. A code of a form replaces the one before."""
    if new.purpose in OF_FORMS:
        await connection.execute(
            "UPDATE proof SET ended_at = $3 WHERE purpose = $1 AND subject = $2 AND ended_at IS NULL",
            new.purpose.value,
            new.subject,
            new.made_at,
        )
    row = new.model_dump()
    places = [f"${number}" for number, _ in enumerate(row, 1)]
    subject = places[list(row).index("subject")]
    since = _contact_since(new.purpose, subject, f"{subject}::text::uuid")
    await connection.execute(
        f"INSERT INTO proof ({', '.join(row)}, contact_since) VALUES ({', '.join(places)}, {since})", *row.values()
    )


class LiveProof(FrozenModel):
    """A code that can be used."""

    proof_id: UUID
    digest: bytes
    contact_name: str
    contact_end: str
    valid_until: UtcDatetime


_LIVE: Final = ", ".join(LiveProof.model_fields)


async def try_live(
    connection: Connection,
    purpose: ProofPurpose,
    subject: str,
    document_id: UUID | None,
    at: datetime,
    tries: int,
    address: str,
    tries_of_address: int | None,
) -> list[LiveProof]:
    """Return the codes of a subject that can be used, and count one more try on each.

    A code has `tries` in all, of which an address has `tries_of_address`; None if addresses are not counted.
    """
    rows = await connection.fetch(
        "UPDATE proof SET tries = tries + 1, tries_by = CASE WHEN $7::integer IS NULL THEN tries_by"
        "  ELSE tries_by || jsonb_build_object($6::text, coalesce((tries_by ->> $6)::integer, 0) + 1) END"
        f" WHERE {_is_live(purpose)} AND tries < $5"
        " AND ($7::integer IS NULL OR coalesce((tries_by ->> $6)::integer, 0) < $7)"
        f" RETURNING {_LIVE}",
        purpose.value,
        subject,
        document_id,
        at,
        tries,
        address,
        tries_of_address,
    )
    return [LiveProof(**dict(row)) for row in rows]


async def newest(
    connection: Connection,
    purpose: ProofPurpose,
    subject: str,
    document_id: UUID | None,
    at: datetime,
    tries: int | None = None,
) -> LiveProof | None:
    """Return the code of a subject that can be used longest, or None without one.

    `tries` is how many a code has; with None, one that has used up its tries counts too.
    """
    row = await connection.fetchrow(
        f"SELECT {_LIVE} FROM proof WHERE {_is_live(purpose)} AND ($5::integer IS NULL OR tries < $5)"
        " ORDER BY valid_until DESC LIMIT 1",
        purpose.value,
        subject,
        document_id,
        at,
        tries,
    )
    return LiveProof(**dict(row)) if row else None


async def use(connection: Connection, proof_id: UUID, at: datetime) -> bool:
    """Use a code once; false if it was used before."""
    done = await connection.fetchval(
        "UPDATE proof SET used_at = $2 WHERE proof_id = $1 AND used_at IS NULL RETURNING true", proof_id, at
    )
    return bool(done)


async def use_again(connection: Connection, proof_id: UUID, at: datetime) -> None:
    """Write that the code of a form was right. Its try counts no more."""
    await connection.execute(
        "UPDATE proof SET tries = greatest(tries - 1, 0), used_at = coalesce(used_at, $2) WHERE proof_id = $1",
        proof_id,
        at,
    )


class Visit(FrozenModel):
    """The subject of the code that began a session, and when the session ends."""

    subject: str
    until: UtcDatetime
    contact_since: UtcDatetime | None = None
    """when officers entered the contact that the code went to; None for a contact as first stated"""


async def visit(connection: Connection, purpose: ProofPurpose, token_digest: bytes, idle: timedelta) -> Visit | None:
    """Return the visit that a code of this purpose began, and note its use; None if it is over."""
    return await sessions.find(
        connection,
        SessionKind(purpose),
        token_digest,
        idle,
        Visit,
        f"proof.subject, {sessions.UNTIL} AS until, proof.contact_since",
        "proof",
        f"proof.proof_id = s.proof_id AND {_goes_to_the_contact(purpose)}",
    )


async def forget(connection: Connection, before: datetime) -> int:
    """Delete codes that were made before `before`, with their sessions; return how many."""
    rows = await connection.fetch(
        "DELETE FROM proof WHERE proof_id IN (SELECT proof_id FROM proof WHERE made_at < $1 AND NOT is_link"
        " ORDER BY made_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING proof_id",
        before,
        FORGOTTEN_MAX,
    )
    return len(rows)


# -- links -------------------------------------------------------------------------------------------------------------


class OpenLink(FrozenModel):
    """A link that can still be used."""

    proof_id: UUID
    valid_until: UtcDatetime
    code_digest: bytes | None = Field(repr=False)
    """of the code that the link needs; None for a link of the command"""
    tries: int
    """wrong codes so far"""
    proposal_id: int | None
    """None for a link of the command"""
    now: UtcDatetime


Link = TypeVar("Link", bound=OpenLink)


async def make_link(
    connection: Connection,
    proof_id: UUID,
    purpose: ProofPurpose,
    subject: str,
    digest: bytes,
    by: str,
    life: timedelta,
    proposal_id: int | None,
) -> datetime:
    """Write a link in place of the open one before; return its end.

    A link of a proposal needs the proposal's code. The database refuses an unknown subject, a link of an officer
    without a proposal, and one of a proposal that was not agreed to by who makes it.
    """
    await end_open_link(connection, purpose, subject)
    valid_until: datetime = await connection.fetchval(
        "INSERT INTO proof (proof_id, purpose, subject, digest, made_at, made_by, valid_until, proposal_id,"
        " code_digest) SELECT $1, $2, $3, $4, m.now, $5, m.now + $6::interval, $7,"
        " (SELECT p.code_digest FROM proposal p WHERE p.proposal_id = $7)"
        " FROM (SELECT present_moment() AS now) m RETURNING valid_until",
        proof_id,
        purpose.value,
        subject,
        digest,
        by,
        life,
        proposal_id,
    )
    return valid_until


async def find_link(
    connection: Connection, digest: bytes, model: type[Link], columns: str, subjects: str, *, lock: bool
) -> Link | None:
    """Return the link with this digest if it can be used now. `lock` locks it until the transaction ends.

    `subjects` joins the table of its subjects, of which `columns` are read for `model`.
    """
    row = await connection.fetchrow(
        "SELECT p.proof_id, p.valid_until, p.code_digest, p.tries, p.proposal_id, m.now,"
        f" {columns} FROM proof p CROSS JOIN (SELECT present_moment() AS now) m {subjects}"
        " WHERE p.is_link AND p.digest = $1 AND p.used_at IS NULL AND p.ended_at IS NULL AND p.valid_until > m.now"
        + (" FOR UPDATE OF p" if lock else ""),
        digest,
    )
    return model(**dict(row)) if row else None


async def end_link(connection: Connection, proof_id: UUID, at: datetime) -> None:
    """End a link that is locked, because it was not asked for."""
    await connection.execute("UPDATE proof SET ended_at = $2 WHERE proof_id = $1", proof_id, at)


async def end_open_link(connection: Connection, purpose: ProofPurpose, subject: str) -> None:
    """End the open link of a subject, if there is one."""
    await connection.execute(
        "UPDATE proof SET ended_at = present_moment()"
        " WHERE is_link AND purpose = $1 AND subject = $2 AND used_at IS NULL AND ended_at IS NULL",
        purpose.value,
        subject,
    )


async def count_wrong_code(connection: Connection, proof_id: UUID, most: int, at: datetime) -> None:
    """Count a wrong code for a link that is locked. The last one of `most` ends the link."""
    await connection.execute(
        "UPDATE proof SET tries = tries + 1, ended_at = CASE WHEN tries + 1 >= $2 THEN $3::timestamptz END"
        " WHERE proof_id = $1",
        proof_id,
        most,
        at,
    )
