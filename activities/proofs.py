"""One-time codes that admit somebody or confirm something.

A purpose is one entry of `PURPOSES`. Only digests of codes and addresses are stored.
"""

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final
from uuid import UUID, uuid4

from activities.context import Context
from activities.secrets import Keys, Purpose
from activities.sessions import KINDS, Entered, digest_of_sent, new_token, token_digest
from db import proofs, sessions
from db.pool import Connection
from db.proofs import LiveProof, NewProof, ProofPurpose, Visit
from db.sessions import SessionKind
from domain.policy.model import Policy
from domain.policy.people import MyCaseRules
from domain.policy.restoration import GrievanceRules

CODE_DIGITS: Final = 8
ADDRESS_CHARS: Final = 16
"""of the digest of an address"""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the codes of a purpose."""

    valid_seconds: float
    tries: int
    """of all addresses together"""
    tries_of_address: int | None = None
    """None: addresses are not counted"""


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules of a purpose: the key of its digests, and its limits by the policy."""

    key: Purpose
    limits: Callable[[Policy], Limits]


def _of_page(rules: GrievanceRules | MyCaseRules) -> Limits:
    tries = rules.code_tries_in_all, rules.code_tries
    return Limits(rules.code_valid_seconds, *tries)


def _of_letter(policy: Policy) -> Limits:
    return Limits(policy.answer_links.code_valid_seconds, policy.answer_links.code_tries)


PURPOSES: Final[Mapping[ProofPurpose, Rules]] = {
    ProofPurpose.APPEAL: Rules(Purpose.APPEAL_CODES, lambda policy: _of_page(policy.grievance)),
    ProofPurpose.MY_CASE: Rules(Purpose.MY_CASE_CODES, lambda policy: _of_page(policy.my_case)),
    ProofPurpose.ORDER_REPLY: Rules(Purpose.ORDER_LINKS, _of_letter),
    ProofPurpose.REQUEST_REPLY: Rules(Purpose.ANSWER_LINKS, _of_letter),
    ProofPurpose.SIGNATURE: Rules(Purpose.MY_CASE_CODES, lambda policy: _of_page(policy.my_case)),
}


@dataclass(frozen=True, slots=True)
class Code:
    """A new code, which goes into one message."""

    proof_id: UUID
    code: str = field(repr=False)
    valid_until: datetime


class Proofs:
    """Codes of one purpose, and the sessions that they begin."""

    def __init__(self, ctx: Context, keys: Keys, purpose: ProofPurpose) -> None:
        self._ctx = ctx
        self._keys = keys
        self._purpose = purpose
        self._rules = PURPOSES[purpose]

    @cached_property
    def _key(self) -> bytes:
        # The intake process knows the paths of the pages and has no such key.
        return self._keys.derive_key(self._rules.key)

    @property
    def _limits(self) -> Limits:
        return self._rules.limits(self._ctx.policy)

    # -- codes -----------------------------------------------------------------------------------------------------

    async def make(
        self,
        connection: Connection,
        subject: object,
        by: str,
        at: datetime,
        *,
        valid_seconds: float | None = None,
        document_id: UUID | None = None,
        contact_name: str = "",
        contact_end: str = "",
        through_bank: bool = False,
    ) -> Code:
        """Make a code for the present contact of a subject, in the transaction that sends it.

        `valid_seconds` is the policy's by default. `contact_end` has the last digits of the mobile that it goes to; a
        code to an e-mail address has none.
        """
        lasts = self._limits.valid_seconds if valid_seconds is None else valid_seconds
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        new = NewProof(
            proof_id=uuid4(),
            purpose=self._purpose,
            subject=str(subject),
            document_id=document_id,
            digest=self._digest(subject, document_id, code),
            made_at=at,
            made_by=by,
            valid_until=at + timedelta(seconds=lasts),
            contact_name=contact_name,
            contact_end=contact_end,
            through_bank=through_bank,
        )
        await proofs.make(connection, new)
        return Code(new.proof_id, code, new.valid_until)

    async def find(
        self, connection: Connection, subject: object, code: str, address: str = "", document_id: UUID | None = None
    ) -> LiveProof | None:
        """Return the proof with this code that can be used; None for a wrong code.

        Tries are counted by code and `address`, so that a stranger cannot use up those of the person.
        """
        limits = self._limits
        live = await proofs.try_live(
            connection,
            self._purpose,
            str(subject),
            document_id,
            self._ctx.now(),
            limits.tries,
            self.name_of(address),
            limits.tries_of_address,
        )
        digest = self._digest(subject, document_id, code)
        return next((proof for proof in live if hmac.compare_digest(proof.digest, digest)), None)

    async def newest(self, connection: Connection, subject: object) -> LiveProof | None:
        """Return the newest code of a subject that can be used, or None."""
        now = self._ctx.now()
        return await proofs.newest(connection, self._purpose, str(subject), None, now, self._limits.tries)

    def name_of(self, address: str) -> str:
        """Return the digest under which tries from an address are counted."""
        return self._mac(f"address {address}").hex()[:ADDRESS_CHARS]

    def _digest(self, subject: object, document_id: UUID | None, code: str) -> bytes:
        return self._mac(f"{self._purpose} {subject} {document_id} {code}")

    def _mac(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode(), "sha256")

    # -- sessions --------------------------------------------------------------------------------------------------

    async def begin_visit(self, connection: Connection, subject: object, code: str, address: str) -> Entered | None:
        """Begin a session for a right code; None for a wrong one.

        A subject that is not there is the empty text, so that its answer takes the same time.
        """
        proof = await self.find(connection, subject, code, address)
        token, kind = new_token(), SessionKind(self._purpose)
        times = KINDS[kind](self._ctx.policy)
        if proof is None:
            return None
        begun = await sessions.begin_by_proof(connection, kind, proof.proof_id, token_digest(token), times.longest)
        return Entered(token, min(begun.began_at + times.idle, begun.ends_at)) if begun else None

    async def visit(self, token: str) -> Visit | None:
        """Return the visit of a token and prolong it; None if the token is unknown or the visit is over."""
        if (digest := digest_of_sent(token)) is None:
            return None
        idle = KINDS[SessionKind(self._purpose)](self._ctx.policy).idle
        async with self._ctx.pool.acquire() as connection:
            return await proofs.visit(connection, self._purpose, digest, idle)

    async def leave(self, token: str) -> None:
        """End a visit, which protects the visitor on a shared phone or computer."""
        async with self._ctx.pool.acquire() as connection:
            await sessions.end(connection, SessionKind(self._purpose), token_digest(token))
