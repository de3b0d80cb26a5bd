"""Accounts of victims to be credited instead of the one that paid."""

from datetime import datetime
from typing import Final

from db.pool import Connection
from db.privacy.person_keys import PersonKey, key
from domain.errors.restoration import CreditAccountNotFound
from schemas.recovery.credit_accounts import CreditAccount, CreditAccountEnd, CreditAccountShown, NewCreditAccount


class StoredCreditAccount(CreditAccount):
    """An account to be credited as it is read; `PersonKeys.open_account` opens the name of its holder."""

    holder_name: str = ""
    """empty, because it is sealed"""
    sealed_name: str
    key: PersonKey
    """the key that seals the name"""


OBJECT_UNTIL: Final = "greatest(c.object_until, c.object_again_until) AS object_until"
"""until when the victim may object to the account of row `c`; null before it is confirmed"""
STORED_ACCOUNT: Final = (
    ", ".join(
        OBJECT_UNTIL if name == "object_until" else f"c.{name}"
        for name in CreditAccount.model_fields
        if name != "holder_name"
    )
    + f", encode(c.sealed_name, 'hex') AS sealed_name, {key('c.person_id')} AS key"
)
"""columns of `StoredCreditAccount` of row `c`"""
MOST_SHOWN = 100


async def insert(
    connection: Connection,
    ack_no: str,
    case_no: str,
    new: NewCreditAccount,
    key_of_victim: PersonKey,
    sealed_name: bytes,
    *,
    institution: str,
    same_name: bool,
    by: str,
    at: datetime,
) -> int:
    """Write an account that an officer enters; return its number."""
    account_id: int = await connection.fetchval(
        "INSERT INTO credit_account (ack_no, case_no, account, ifsc, institution, reason, proof, same_name, told_by,"
        " told_at, person_id, sealed_name) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
        " RETURNING account_id",
        ack_no,
        case_no,
        new.account,
        new.ifsc,
        institution,
        new.reason,
        new.proof,
        same_name,
        by,
        at,
        key_of_victim.person_id,
        sealed_name,
    )
    return account_id


async def confirm(connection: Connection, account_id: int, by: str, at: datetime, object_until: datetime) -> None:
    """Write a second officer's confirmation. The database refuses the officer who entered the account."""
    await connection.execute(
        "UPDATE credit_account SET confirmed_by = $2, confirmed_at = $3, object_until = $4 WHERE account_id = $1",
        account_id,
        by,
        at,
        object_until,
    )


async def end(
    connection: Connection, account_id: int, ended_as: CreditAccountEnd, by: str, at: datetime, reason: str
) -> None:
    """Write that an account is not credited any more."""
    await connection.execute(
        "UPDATE credit_account SET ended_as = $2, ended_by = $3, ended_at = $4, ended_reason = $5"
        " WHERE account_id = $1",
        account_id,
        ended_as.value,
        by,
        at,
        reason,
    )


async def add_link(connection: Connection, account_id: int, token_digest: bytes, at: datetime) -> None:
    """Store the digest of the token in a message to the victim about an account."""
    await connection.execute(
        "INSERT INTO credit_account_link (token_digest, account_id, made_at) VALUES ($1, $2, $3)",
        token_digest,
        account_id,
        at,
    )


async def object_again(connection: Connection, account_id: int, until: datetime) -> None:
    """Write until when the victim may object to a confirmed account after the contact was corrected."""
    await connection.execute(
        "UPDATE credit_account SET object_again_until = $2 WHERE account_id = $1", account_id, until
    )


_SHOWN: Final = (
    f"SELECT c.account_id, c.ack_no, i.name AS bank, right(c.account, 4) AS account_end, {OBJECT_UNTIL}, c.ended_as"
    " FROM credit_account c JOIN institution i ON i.code = c.institution"
)
# Each acts under the lock of the case, so their times are in the order in which they happened.
_SENT_TO_THE_CONTACT: Final = """
NOT EXISTS (SELECT FROM complaint o JOIN proposal v ON v.kind = 'victim_correction' AND v.subject = o.victim_id::text
    WHERE o.ack_no = c.ack_no AND v.decision = 'agreed' AND v.body -> 'fields' ?| '{mobile,email}'
    AND v.decided_at > l.made_at)
"""


async def shown(connection: Connection, account_id: int) -> CreditAccountShown:
    """Return an account as a message to the victim names it."""
    row = await connection.fetchrow(f"{_SHOWN} WHERE c.account_id = $1", account_id)
    assert row is not None, "accounts to credit are never deleted"
    return CreditAccountShown(**dict(row))


async def of_link(connection: Connection, token_digest: bytes) -> CreditAccountShown | None:
    """Return the account of the link with this token, or None.

    A link is void once the contact that it was sent to is corrected, because that contact may be a stranger's.
    """
    row = await connection.fetchrow(
        f"{_SHOWN} JOIN credit_account_link l USING (account_id) WHERE l.token_digest = $1 AND {_SENT_TO_THE_CONTACT}",
        token_digest,
    )
    return CreditAccountShown(**dict(row)) if row else None


async def get(connection: Connection, ack_no: str, account_id: int) -> StoredCreditAccount:
    """Return one credit account of a complaint. Raises `NotFound`."""
    row = await connection.fetchrow(
        f"SELECT {STORED_ACCOUNT} FROM credit_account c WHERE c.account_id = $1 AND c.ack_no = $2", account_id, ack_no
    )
    if row is None:
        raise CreditAccountNotFound(ack_no, account_id)
    return StoredCreditAccount(**dict(row))


async def of_complaint(connection: Connection, ack_no: str) -> list[StoredCreditAccount]:
    """Return the credit accounts entered for a complaint, the newest first."""
    rows = await connection.fetch(
        f"SELECT {STORED_ACCOUNT} FROM credit_account c WHERE c.ack_no = $1 ORDER BY c.account_id DESC LIMIT $2",
        ack_no,
        MOST_SHOWN,
    )
    return [StoredCreditAccount(**dict(row)) for row in rows]


async def of_case(connection: Connection, case_no: str) -> list[StoredCreditAccount]:
    """Return every account to be credited that was entered in a case."""
    rows = await connection.fetch(
        f"SELECT {STORED_ACCOUNT} FROM credit_account c WHERE c.case_no = $1 ORDER BY c.account_id", case_no
    )
    return [StoredCreditAccount(**dict(row)) for row in rows]


async def standing(connection: Connection, ack_no: str) -> StoredCreditAccount | None:
    """Return the account to be credited; None where it is the account that paid."""
    row = await connection.fetchrow(
        f"SELECT {STORED_ACCOUNT} FROM credit_account c"
        " WHERE c.ack_no = $1 AND c.confirmed_at IS NOT NULL AND c.ended_at IS NULL ORDER BY c.account_id DESC LIMIT 1",
        ack_no,
    )
    return StoredCreditAccount(**dict(row)) if row else None


async def to_be_told_again(connection: Connection, ack_no: str) -> list[StoredCreditAccount]:
    """Return the accounts that a victim with another contact must hear of, the oldest first.

    They are those that did not end, until a bank is ordered to credit the victim or the restorations are over.
    """
    rows = await connection.fetch(
        f"SELECT {STORED_ACCOUNT} FROM credit_account c WHERE c.ack_no = $1 AND c.ended_at IS NULL"
        " AND (NOT EXISTS (SELECT FROM restoration r WHERE r.ack_no = c.ack_no)"
        "  OR EXISTS (SELECT FROM restoration r WHERE r.ack_no = c.ack_no AND r.state = 'open')) ORDER BY c.account_id",
        ack_no,
    )
    if await order_under_way(connection, ack_no) is not None:
        return []
    return [StoredCreditAccount(**dict(row)) for row in rows]


async def order_under_way(connection: Connection, ack_no: str) -> str | None:
    """Return an order to credit the victim that the bank has not refused, or None."""
    order_id: str | None = await connection.fetchval(
        "SELECT o.order_id::text FROM bank_order o JOIN bank_order_line l USING (order_id)"
        " WHERE l.ack_no = $1 AND o.kind = 'restore' AND o.state IN ('planned', 'delivered') LIMIT 1",
        ack_no,
    )
    return order_id
