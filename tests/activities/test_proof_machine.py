"""Codes and links of every purpose live through anything: a right one admits once, and a wrong one never."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from activities.context import Context
from activities.officers.enrolment import proposal_code_digest, use_up
from activities.proofs import PURPOSES, Code, Proofs
from activities.secrets import SecretBox
from activities.sessions import KINDS
from db import proofs
from db.banks import bank_logins
from db.officers import credentials
from db.pool import open_pool
from db.proofs import LINKS, OF_FORMS, ProofPurpose
from domain.officers.officers import WRONG_LINK_CODES_MOST
from schemas.enums import Role
from tests.activities.my_case_world import Visitor
from tests.activities.restoration_bench import Home
from tests.clock import Clock, at_clock
from tests.deep import database_settings
from tests.factories import make_context
from tests.officers import enrol

GATE: Final = 20
VALID: Final = timedelta(minutes=10)
ADDRESSES: Final = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
WRONG: Final = "no code"
OF_CODES: Final = {"code_tries": 2, "code_valid_seconds": VALID.total_seconds()}
OF_PAGES: Final = {
    **OF_CODES,
    "code_tries_in_all": 5,
}
FEW: Final = {"grievance": OF_PAGES, "my_case": OF_PAGES, "answer_links": OF_CODES}
"""sections of the policy, with few tries"""

LINK_CODE: Final = "abcd-efgh-jkmn-pqrs"
AGREED: Final = """
INSERT INTO proposal (kind, matter, subject, about_officer, body, reason, proposed_by, proposed_at, valid_until,
    code_digest, decision, decided_by, decided_at, decided_reason)
VALUES ('administration', $1, $2, $3, '{"asked": {}, "changes": []}', 'a test', 'officer:asha', now(),
    now() + interval '1 hour', $4, 'agreed', 'officer:bela', now(), 'a test') RETURNING proposal_id
"""
OPENERS: Final = {
    ProofPurpose.BANK_LOGIN_LINK: bank_logins.open_link,
    ProofPurpose.SIGN_IN_LINK: credentials.open_link,
}

addresses = st.sampled_from(ADDRESSES)
which = st.integers(0, 2)
steps = st.lists(
    st.one_of(
        st.just(("ask",)),
        *(st.tuples(st.just("right"), which, addresses),) * 2,
        *(st.tuples(st.just("wrong"), addresses),) * 2,
        st.tuples(st.just("two"), which, addresses, addresses),
        st.tuples(st.just("wait"), st.sampled_from((1, 5, 5, 10))),
        st.just(("elsewhere",)),
        st.just(("end",)),
        st.just(("forget",)),
    ),
    min_size=12,
    max_size=30,
)


@dataclass
class Made:
    """A code as it must be."""

    code: Code
    tries: dict[str, int] = field(default_factory=dict)
    over: bool = False
    """it was used up, or another one took its place"""


@dataclass(frozen=True)
class Subject:
    """What codes of a purpose are about."""

    key: str
    document_id: UUID | None = None
    contact_end: str = ""
    proposal_id: int | None = None


class Life:
    """Codes of a purpose about one subject, and what happens to them."""

    def __init__(self, ctx: Context, purpose: ProofPurpose, subject: Subject) -> None:
        self.clock = Clock(ctx.now())
        self.ctx = at_clock(ctx, self.clock)
        self.purpose = purpose
        self.subject = subject
        self.again = purpose in OF_FORMS
        if purpose not in LINKS:
            self.proofs = Proofs(self.ctx, SecretBox(SecretStr("k" * 40)), purpose)
            self.limits = PURPOSES[purpose].limits(ctx.policy)
        self.made: list[Made] = []

    async def live(self, happens: Sequence[tuple[str | int, ...]]) -> None:
        await self.ctx.pool.execute("DELETE FROM proof")
        await self.ask()
        for what, *details in happens:
            await getattr(self, str(what))(*details)

    async def ask(self) -> None:
        of, now = self.subject, self.clock.at
        async with self.ctx.pool.acquire() as connection:
            code = await self.proofs.make(
                connection, of.key, "test", now, document_id=of.document_id, contact_end=of.contact_end
            )
        assert code.valid_until == now + VALID
        for made in self.made:
            made.over |= self.again
        self.made.append(Made(code))

    async def wait(self, minutes: int) -> None:
        self.clock.at += timedelta(minutes=minutes)

    async def end(self) -> None:
        """A code has no end but its own."""

    # -- tries -----------------------------------------------------------------------------------------------------

    async def give(self, code: str, address: str) -> bool:
        async with self.ctx.pool.acquire() as connection:
            if self.purpose.value not in KINDS:
                of, now = self.subject, self.clock.at
                proof = await self.proofs.find(connection, of.key, code, address, of.document_id)
                use = proofs.use_again if self.again else proofs.use
                return proof is not None and await use(connection, proof.proof_id, now) is not False
            entered = await self.proofs.begin_visit(connection, self.subject.key, code, address)
        return entered is not None

    def is_live(self, made: Made, address: str) -> bool:
        most = self.limits.tries_of_address
        has_tries = most is None or made.tries.get(address, 0) < most
        has_tries &= sum(made.tries.values()) < self.limits.tries
        return has_tries and not made.over and self.clock.at < made.code.valid_until

    def count(self, address: str) -> None:
        for made in self.made:
            if self.is_live(made, address):
                made.tries[address] = made.tries.get(address, 0) + 1

    async def wrong(self, address: str) -> None:
        assert not await self.give(WRONG, address)
        self.count(address)

    async def right(self, which: int, address: str) -> None:
        made = self.made[-1 - which % len(self.made)]
        is_live = self.is_live(made, address)
        assert await self.give(made.code.code, address) == is_live
        if self.again and is_live:
            return  # it costs no try, and the code stays good
        self.count(address)
        made.over |= is_live

    async def elsewhere(self) -> None:
        """The code comes about another subject."""
        own = self.subject
        self.subject = replace(own, key=str(uuid4()) if "-" in own.key else "30200000000000")
        assert not await self.give(self.made[-1].code.code, ADDRESSES[0])
        self.subject = own

    async def two(self, which: int, one: str, other: str) -> None:
        """Two come with the same code at once: it admits one of them."""
        made = self.made[-1 - which % len(self.made)]
        could = any(self.is_live(made, address) for address in (one, other))
        came = await asyncio.gather(*(self.give(made.code.code, address) for address in (one, other)))
        if self.again:
            assert any(came) == could
            for address in (one, other) if not could else ():
                self.count(address)
            return
        assert sum(came) == could
        # Whether the second try was counted depends on which came first.
        rows = await self.ctx.pool.fetch("SELECT proof_id, tries, tries_by FROM proof")
        for row in rows:
            code = next(code for code in self.made if code.code.proof_id == row["proof_id"])
            by = [row["tries_by"].get(self.proofs.name_of(address), 0) for address in ADDRESSES]
            assert sum(by) == row["tries"], "an address is kept as a digest"
            assert all(0 <= now - code.tries.get(a, 0) <= 2 for a, now in zip(ADDRESSES, by, strict=True))
            code.tries = dict(zip(ADDRESSES, by, strict=True))
        made.over |= could

    async def forget(self) -> None:
        async with self.ctx.pool.acquire() as connection:
            assert await proofs.forget(connection, self.made[0].code.valid_until - VALID) == 0


class LinkLife(Life):
    """Links of a purpose, each in place of the one before, with the code of one proposal."""

    async def ask(self) -> None:
        digest, proof_id, subject = uuid4().bytes * 2, uuid4(), self.subject
        made = proof_id, self.purpose, subject.key, digest, "officer:bela", VALID, subject.proposal_id
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            valid_until = await proofs.make_link(connection, *made)
            if self.purpose is ProofPurpose.BANK_LOGIN_LINK:
                of_bank = subject.key, "new@sbin.example", "officer:bela", self.clock.at, proof_id
                await bank_logins.write(connection, *of_bank)
        for before in self.made:
            before.over = True
        self.made.append(Made(Code(proof_id, digest.hex(), valid_until)))

    async def give(self, code: str, address: str) -> bool:
        open_link = OPENERS[self.purpose]
        digest = bytes.fromhex(self.made[-1].code.code if code == WRONG else code)
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            link = await open_link(connection, digest, lock=True)
            typed = WRONG if code == WRONG else LINK_CODE
            return link is not None and await use_up(connection, link, self.subject.key, typed)

    def is_live(self, made: Made, address: str) -> bool:
        has_tries = sum(made.tries.values()) < WRONG_LINK_CODES_MOST
        return has_tries and not made.over and self.clock.at < made.code.valid_until

    async def wrong(self, address: str) -> None:
        for _ in range((1, 5, 5)[ADDRESSES.index(address)]):
            await super().wrong(address)

    async def right(self, which: int, address: str) -> None:
        await self.two(which, address, address)

    async def two(self, which: int, one: str, other: str) -> None:
        made = self.made[-1 - which % len(self.made)]
        could = self.is_live(made, one)
        came = await asyncio.gather(*(self.give(made.code.code, address) for address in (one, other)))
        assert sum(came) == could
        made.over |= could

    async def elsewhere(self) -> None:
        """The link comes to the page of another purpose."""
        digest = bytes.fromhex(self.made[-1].code.code)
        async with self.ctx.pool.acquire() as connection:
            for purpose in LINKS - {self.purpose}:
                assert await OPENERS[purpose](connection, digest, lock=False) is None

    async def end(self) -> None:
        """It was not asked for."""
        async with self.ctx.pool.acquire() as connection:
            await proofs.end_open_link(connection, self.purpose, self.subject.key)
        self.made[-1].over = True

    async def forget(self) -> None:
        async with self.ctx.pool.acquire() as connection:
            assert await proofs.forget(connection, self.clock.at + timedelta(days=99)) == 0, "a link stays"


async def subjects(ctx: Context) -> Mapping[ProofPurpose, Subject]:
    """A subject of each purpose."""
    visitor = Visitor(Home(ctx))
    case_no, restoration = await visitor.at_application()
    hold = await visitor.home.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
    await enrol(ctx.pool, ["ravi"], [Role.IO])
    agreed = [("officer_reset", "ravi", "ravi"), ("bank_login_replaced", "SBIN", None)]
    reset, replaced = [await ctx.pool.fetchval(AGREED, *row, proposal_code_digest(row[1], LINK_CODE)) for row in agreed]
    return {
        ProofPurpose.APPEAL: Subject(str(hold)),
        ProofPurpose.BANK_LOGIN_LINK: Subject("SBIN", proposal_id=replaced),
        ProofPurpose.MY_CASE: Subject(case_no, contact_end="14"),
        ProofPurpose.ORDER_REPLY: Subject(str(uuid4())),
        ProofPurpose.REQUEST_REPLY: Subject(str(uuid4())),
        ProofPurpose.SIGN_IN_LINK: Subject("ravi", proposal_id=reset),
        ProofPurpose.SIGNATURE: Subject(case_no, await visitor.application(restoration), "14"),
    }


def few(ctx: Context) -> Context:
    """Let codes have few tries."""
    sections = {name: getattr(ctx.policy, name).model_copy(update=limits) for name, limits in FEW.items()}
    return replace(ctx, policy=ctx.policy.model_copy(update=sections))


def test_a_right_code_is_good_once_and_a_wrong_one_never(database_dsn: str) -> None:
    with asyncio.Runner() as runner:
        pool = runner.run(open_pool(database_dsn, min_size=1, max_size=5, only_single_cases=True))
        ctx = few(runner.run(make_context(pool)))
        of = runner.run(subjects(ctx))
        assert set(of) == set(PURPOSES) | LINKS == set(ProofPurpose), "every purpose is registered and tried here"

        @database_settings(GATE, steps=50)
        @given(steps)
        def lives(happens: list[tuple[str | int, ...]]) -> None:
            for purpose, subject in of.items():
                life = LinkLife if purpose in LINKS else Life
                runner.run(life(ctx, purpose, subject).live(happens))

        try:
            lives()
        finally:
            runner.run(pool.close())
