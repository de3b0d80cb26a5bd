"""Sessions of every kind live through anything: a token admits until its times, and never after the end."""

import asyncio
import secrets
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from activities.context import Context
from activities.officers.sign_in import SignInChecks
from activities.people import public_complaints
from activities.proofs import Proofs
from activities.secrets import SecretBox
from activities.sessions import KINDS, digest_of_sent, new_token, token_digest
from db import sessions
from db.banks import bank_logins
from db.banks.bank_logins import BankSession
from db.officers import sessions as officers_sessions
from db.pool import open_pool
from db.proofs import ProofPurpose
from db.sessions import KEPT_DAYS, SessionKind
from schemas.enums import Role
from schemas.officers.sign_in import SessionEnd, SignInWay
from schemas.people.drafts import DraftContent
from tests.activities.my_case_world import Visitor
from tests.activities.restoration_bench import Home
from tests.clock import Clock, at_clock
from tests.deep import database_settings
from tests.factories import make_context
from tests.officers import enrol

GATE: Final = 15
IDLE, LONGEST = timedelta(minutes=10), timedelta(minutes=17)
KEPT: Final = timedelta(days=KEPT_DAYS)
OF_PAGES: Final = {"visit_seconds": IDLE.total_seconds(), "visit_max_seconds": LONGEST.total_seconds()}
OF_SIGN_IN: Final = {
    "idle_seconds": IDLE.total_seconds(),
    "longest_seconds": LONGEST.total_seconds(),
    "most_of_officer": 99,
}
SHORT: Final = {"grievance": OF_PAGES, "my_case": OF_PAGES, "public_form": OF_PAGES, "sessions": OF_SIGN_IN}
"""sections of the policy, with short sessions"""
UNUSED: Final = """
INSERT INTO session (session_id, kind, subject, token_digest, began_at, last_seen_at, ends_at)
VALUES (gen_random_uuid(), $1, $2, sha256('x'), $3, $3, $3::timestamptz + interval '1 hour')
"""
"""a session of a code that was not used"""
KEYS: Final = SecretBox(SecretStr("k" * 40))

which = st.integers(0, 2)
steps = st.lists(
    st.one_of(
        st.just(("begin",)),
        *(st.tuples(st.just("look"), which),) * 2,
        st.tuples(st.just("wait"), st.sampled_from((1, 5, 5, 10))),
        st.tuples(st.just("stay"), st.integers(0, 4)),
        st.tuples(st.just("end"), which),
        st.tuples(st.just("elsewhere"), which),
        st.sampled_from((("stranger",), ("undo",), ("much_later",))),
    ),
    min_size=12,
    max_size=30,
)


class Door(ABC):
    """A way to begin, use and end sessions of a kind about one subject."""

    begins_alone = False
    """whether a session takes the place of the one before"""

    def __init__(self, kind: SessionKind, ctx: Context, subject: str) -> None:
        self.kind, self.ctx, self.subject = kind, ctx, subject

    @abstractmethod
    async def begin(self) -> str: ...

    @abstractmethod
    async def find(self, token: str) -> str | None: ...

    @abstractmethod
    async def end(self, token: str) -> None: ...


class ByCode(Door):
    """A one-time code begins the session, once."""

    async def begin(self) -> str:
        codes, now = Proofs(self.ctx, KEYS, ProofPurpose(self.kind)), self.ctx.now()
        async with self.ctx.pool.acquire() as connection:
            code = await codes.make(connection, self.subject, "test", now, contact_end="14")
            with pytest.raises(asyncpg.RestrictViolationError, match="begins a session"):
                await connection.execute("UPDATE proof SET used_at = $2 WHERE proof_id = $1", code.proof_id, now)
            with pytest.raises(asyncpg.ForeignKeyViolationError):
                await connection.execute(UNUSED, self.kind.value, str(code.proof_id), now)

        async def enter() -> str | None:
            async with self.ctx.pool.acquire() as connection:
                entered = await codes.begin_visit(connection, self.subject, code.code, "192.0.2.1")
            assert entered is None or entered.until == now + IDLE
            return entered.token if entered else None

        (token,) = filter(None, await asyncio.gather(enter(), enter()))
        return token

    async def find(self, token: str) -> str | None:
        visit = await Proofs(self.ctx, KEYS, ProofPurpose(self.kind)).visit(token)
        return visit.subject if visit else None

    async def end(self, token: str) -> None:
        await Proofs(self.ctx, KEYS, ProofPurpose(self.kind)).leave(token)


class OfForm(Door):
    """The code of a draft begins the session, in place of the one before."""

    begins_alone = True

    async def begin(self) -> str:
        draft = await public_complaints.of_code(self.ctx, self.subject)
        assert draft is not None
        came = await asyncio.gather(*(public_complaints.begin_visit(self.ctx, draft.draft_id) for _ in range(2)))
        (token,) = [token for token in came if await self.find(token)]
        return token

    async def find(self, token: str) -> str | None:
        draft = await public_complaints.visit(self.ctx, token)
        return public_complaints.code_of(self.ctx, draft) if draft else None

    async def end(self, token: str) -> None:
        await public_complaints.leave(self.ctx, token)


class OfBank(Door):
    """The login of a bank begins the session, beside others."""

    async def begin(self) -> str:
        token, longest = new_token(), KINDS[self.kind](self.ctx.policy).longest
        async with self.ctx.pool.acquire() as connection:
            await bank_logins.begin_session(connection, self.subject, token_digest(token), "192.0.2.1", longest)
        return token

    async def _find(self, token: str) -> BankSession | None:
        digest = digest_of_sent(token)
        async with self.ctx.pool.acquire() as connection:
            return await bank_logins.find_session(connection, digest, IDLE) if digest else None

    async def find(self, token: str) -> str | None:
        session = await self._find(token)
        if session is not None:
            async with self.ctx.pool.acquire() as connection:
                assert await bank_logins.is_live(connection, session.session_id)
                await bank_logins.open_subject(connection, session.session_id, uuid4())
        return session.institution if session else None

    async def end(self, token: str) -> None:
        async with self.ctx.pool.acquire() as connection:
            await sessions.end(connection, self.kind, token_digest(token))


class OfOfficer(Door):
    """A sign-in begins the session."""

    async def begin(self) -> str:
        begun = await SignInChecks(self.ctx, KEYS).begin(self.subject, "192.0.2.1", "test", SignInWay.CODE)
        assert begun is not None
        return begun.token

    def _digest(self, token: str) -> bytes:
        return token_digest(token)

    async def find(self, token: str) -> str | None:
        async with self.ctx.pool.acquire() as connection:
            found = await officers_sessions.find(connection, self._digest(token), IDLE)
            if found is not None:
                await officers_sessions.note_use(connection, found.session_id)
        return found.officer_id if found else None

    async def end(self, token: str) -> None:
        async with self.ctx.pool.acquire() as connection:
            found = await officers_sessions.find(connection, self._digest(token), IDLE)
            if found is not None:
                assert await officers_sessions.end(
                    connection, found.session_id, found.officer_id, SessionEnd.SIGNED_OUT
                )


DOORS: Final[dict[SessionKind, type[Door]]] = {
    SessionKind.APPEAL: ByCode,
    SessionKind.MY_CASE: ByCode,
    SessionKind.PUBLIC_FORM: OfForm,
    SessionKind.BANK: OfBank,
    SessionKind.OFFICER: OfOfficer,
}


@dataclass
class Begun:
    """A session as it must be."""

    token: str
    began_at: datetime
    seen_at: datetime
    over: bool = False
    """it was ended, or another one took its place"""

    def is_live(self, now: datetime) -> bool:
        return not self.over and now < min(self.seen_at + IDLE, self.began_at + LONGEST)


class Life:
    """Sessions of a kind about one subject, and what happens to them."""

    def __init__(self, ctx: Context, kind: SessionKind, subjects: dict[SessionKind, str]) -> None:
        self.clock = Clock(ctx.now())
        self.ctx = at_clock(ctx, self.clock)
        self.doors = {one: DOORS[one](one, self.ctx, subject) for one, subject in subjects.items()}
        self.door = self.doors[kind]
        self.begun: list[Begun] = []

    async def live(self, happens: Sequence[tuple[str | int, ...]]) -> None:
        await self.ctx.pool.execute("DELETE FROM session; DELETE FROM proof")
        await self.begin()
        for what, *details in happens:
            await getattr(self, str(what))(*details)
        for number in range(len(self.begun)):
            await self.look(number)

    def _of(self, which: int) -> Begun:
        return self.begun[-1 - which % len(self.begun)]

    async def begin(self) -> None:
        token, now = await self.door.begin(), self.clock.at
        for before in self.begun:
            before.over |= self.door.begins_alone
        self.begun.append(Begun(token, now, now))

    async def look(self, which: int) -> None:
        one, now = self._of(which), self.clock.at
        is_live = one.is_live(now)
        assert await self.door.find(one.token) == (self.door.subject if is_live else None)
        one.seen_at = now if is_live else one.seen_at

    async def wait(self, minutes: int) -> None:
        self.clock.at += timedelta(minutes=minutes)

    async def stay(self, times: int) -> None:
        """The visitor of the newest session looks on and on."""
        for _ in range(times):
            await self.wait(5)
            await self.look(0)

    async def end(self, which: int) -> None:
        one, now = self._of(which), self.clock.at
        if one.is_live(now):
            await self.door.end(one.token)
            one.over = True

    async def elsewhere(self, which: int) -> None:
        """The token comes to the doors of other kinds, which neither know nor end it."""
        for kind, door in self.doors.items():
            if kind is not self.door.kind:
                assert await door.find(self._of(which).token) is None
                await door.end(self._of(which).token)

    async def stranger(self) -> None:
        newest = self._of(0).token
        for token in ("", newest[:-1], f"{newest}A", f"{newest[:-1]}é", secrets.token_urlsafe(32)):
            assert await self.door.find(token) is None

    async def undo(self) -> None:
        """The database refuses a longer session, another subject, a use taken back and a second life."""
        longer = "UPDATE session SET ends_at = ends_at + interval '1 hour'"
        other = "UPDATE session SET subject = gen_random_uuid()::text"
        earlier = "UPDATE session SET last_seen_at = last_seen_at - interval '1 second'"
        again = "UPDATE session SET ended_at = NULL WHERE ended_at IS NOT NULL"
        has_ended = any(one.over for one in self.begun)
        for change in (longer, other, earlier, *[again] * has_ended):
            with pytest.raises(asyncpg.RestrictViolationError):
                await self.ctx.pool.execute(change)

    async def much_later(self) -> None:
        """What was over long ago is forgotten, and nothing else."""
        self.clock.at += KEPT
        self.begun = [one for one in self.begun if one.began_at + LONGEST >= self.clock.at - KEPT]
        async with self.ctx.pool.acquire() as connection:
            await sessions.forget(connection)
            left = {row["began_at"] for row in await connection.fetch("SELECT began_at FROM session")}
        assert left == {one.began_at for one in self.begun}
        if not self.begun:
            await self.begin()


async def subjects(ctx: Context) -> dict[SessionKind, str]:
    """A subject of each kind."""
    visitor = Visitor(Home(ctx))
    case_no, _ = await visitor.at_application()
    hold = await visitor.home.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
    begun = await public_complaints.begin(ctx, DraftContent())
    await enrol(ctx.pool, ["ravi"], [Role.IO])
    return {
        SessionKind.APPEAL: str(hold),
        SessionKind.MY_CASE: case_no,
        SessionKind.PUBLIC_FORM: begun.code,
        SessionKind.BANK: "SBIN",
        SessionKind.OFFICER: "ravi",
    }


def short(ctx: Context) -> Context:
    """Let sessions be short."""
    sections = {name: getattr(ctx.policy, name).model_copy(update=times) for name, times in SHORT.items()}
    return replace(ctx, policy=ctx.policy.model_copy(update=sections))


def test_a_session_admits_until_its_end(database_dsn: str) -> None:
    with asyncio.Runner() as runner:
        pool = runner.run(open_pool(database_dsn, min_size=1, max_size=5, only_single_cases=True))
        ctx = short(runner.run(make_context(pool)))
        of = runner.run(subjects(ctx))
        assert set(of) == set(KINDS) == set(SessionKind), "every kind is registered and tried here"

        @database_settings(GATE, steps=50)
        @given(steps)
        def lives(happens: list[tuple[str | int, ...]]) -> None:
            for kind in of:
                runner.run(Life(ctx, kind, of).live(happens))

        try:
            lives()
        finally:
            runner.run(pool.close())
