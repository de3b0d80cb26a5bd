"""Changes by two admins, in any order of proposals, decisions, withdrawals, and changes by others meanwhile."""

import asyncio
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.administration import effects, proposals
from activities.context import Context
from activities.officers import enrolment
from db.officers import callers
from db.pool import Pool, open_pool
from domain.errors import BusinessError
from domain.errors.administration import (
    NoAdminNow,
    ProposalDecided,
    ProposalNeedsSecond,
    ProposalOfAnother,
    ProposalOpen,
    ProposalStale,
    ProposerNoAdmin,
)
from domain.errors.officers import RoleGiven
from schemas.administration import NewProposal, Proposal, ProposalAnswer, ProposalDecision, ProposalState
from schemas.enums import Role
from tests.deep import database_settings
from tests.factories import institution, make_context
from tests.officers import enrol

ADMINS: Final = ("a", "b", "c")
COMMAND: Final = "command:test"
_numbers = count(1)
_admins = st.sampled_from(ADMINS)
happenings: Final = st.one_of(
    st.tuples(st.just("propose"), _admins),
    st.tuples(st.just("decide"), _admins, st.sampled_from(ProposalAnswer), st.sampled_from((True, True, False))),
    st.tuples(st.just("decide"), _admins, st.just(ProposalAnswer.AGREED), st.just(True)),
    st.tuples(st.just("withdraw"), _admins),
    st.tuples(st.just("give")),
    st.tuples(st.just("end")),
    st.tuples(st.just("disable"), _admins),
    st.tuples(st.just("enable"), _admins),
)


@dataclass
class Office:
    """Three admins, an officer who may get a role, and what must be true of them."""

    ctx: Context
    number: int = field(default_factory=lambda: next(_numbers))
    last: Proposal | None = None
    disabled: set[str] = field(default_factory=set)
    has_role: bool = False

    @property
    def target(self) -> str:
        """The officer whom the proposals are about."""
        return f"target.{self.number}"

    def name(self, who: str) -> str:
        """The id of an admin of this office."""
        return f"{who}.{self.number}"

    async def live(self, happens: list[tuple[Any, ...]]) -> None:
        """Let all of it happen, and compare with what must come of it."""
        await enrol(self.ctx.pool, map(self.name, ADMINS), [Role.ADMIN])
        await enrol(self.ctx.pool, [self.target], [])
        for act, *args in happens:
            expected = self.expected(act, *args)
            if expected is not None:
                with pytest.raises(expected):
                    await getattr(self, act)(*args)
            else:
                self.last = await getattr(self, act)(*args) or self.last
            await self.check()

    def expected(self, act: str, *args: Any) -> type[BusinessError] | None:
        """The refusal that must come, or None."""
        is_open = self.last is not None and self.last.state is ProposalState.OPEN
        if act == "propose":
            if args[0] in self.disabled:
                return NoAdminNow
            return ProposalOpen if is_open else RoleGiven if self.has_role else None
        if act not in {"decide", "withdraw"} or self.last is None:
            return None
        if not is_open:
            return ProposalDecided
        is_own = self.last.proposed_by == f"officer:{self.name(args[0])}"
        if act == "withdraw":
            return None if is_own else ProposalOfAnother
        return self.expected_decision(*args, is_own=is_own)

    def expected_decision(
        self, who: str, answer: ProposalAnswer, is_seen: bool, *, is_own: bool
    ) -> type[BusinessError] | None:
        """The refusal of a decision that must come, or None."""
        assert self.last is not None
        if who in self.disabled or is_own or not is_seen:
            return NoAdminNow if who in self.disabled else ProposalNeedsSecond if is_own else ProposalStale
        if answer is ProposalAnswer.REFUSED:
            return None
        proposer = self.last.proposed_by.removeprefix("officer:").partition(".")[0]
        return ProposerNoAdmin if proposer in self.disabled else RoleGiven if self.has_role else None

    async def propose(self, who: str) -> Proposal:
        """Propose that the officer gets the role."""
        asked = {"kind": "role_given", "officer_id": self.target, "role": "sp"}
        new = NewProposal.model_validate({"reason": "is the new superintendent", "asked": asked})
        return await proposals.propose(self.ctx, new, f"officer:{self.name(who)}")

    async def decide(self, who: str, answer: ProposalAnswer, is_seen: bool) -> Proposal | None:
        """Decide on the newest proposal, as it was seen or as another one was."""
        if self.last is None:
            return None
        version = self.last.version if is_seen else "0" * 16
        decision = ProposalDecision(decision=answer, reason="looked into it", version=version)
        done, secret = await proposals.decide(self.ctx, self.last.proposal_id, decision, f"officer:{self.name(who)}")
        assert secret == effects.NOTHING
        self.has_role |= answer is ProposalAnswer.AGREED
        return done

    async def withdraw(self, who: str) -> Proposal | None:
        """Withdraw the newest proposal."""
        if self.last is None:
            return None
        return await proposals.withdraw(self.ctx, self.last.proposal_id, "not needed", f"officer:{self.name(who)}")

    async def give(self) -> None:
        """Give the role by the command."""
        if not self.has_role:
            await enrolment.give_role(self.ctx.pool, self.target, Role.SP, None, None, COMMAND)
            self.has_role = True

    async def end(self) -> None:
        """End the role by the command."""
        if self.has_role:
            await enrolment.end_role(self.ctx.pool, self.target, Role.SP, COMMAND)
            self.has_role = False

    async def disable(self, who: str) -> None:
        """Disable an admin."""
        await enrolment.disable_officer(self.ctx.pool, self.name(who), COMMAND)
        self.disabled.add(who)

    async def enable(self, who: str) -> None:
        """Enable an admin again."""
        await enrolment.enable_officer(self.ctx.pool, self.name(who), COMMAND)
        self.disabled.discard(who)

    async def check(self) -> None:
        """Compare the database with what must be true."""
        async with self.ctx.pool.acquire() as connection:
            roles = await callers.roles_of(connection, self.target)
            open_ones = await connection.fetchval(
                "SELECT count(*) FROM proposal WHERE subject = $1 AND decision IS NULL", self.target
            )
            alone = await connection.fetchval(
                "SELECT count(*) FROM proposal WHERE subject = $1 AND decision IN ('agreed', 'refused')"
                " AND person_of(decided_by) = person_of(proposed_by)",
                self.target,
            )
        assert roles == frozenset({Role.SP} if self.has_role else ())
        assert open_ones == (self.last is not None and self.last.state is ProposalState.OPEN)
        assert alone == 0


def test_nothing_takes_effect_by_one_person_whatever_happens(database_dsn: str) -> None:
    with asyncio.Runner() as runner:
        pool = runner.run(open_pool(database_dsn, min_size=1, max_size=2, only_single_cases=True))
        ctx = runner.run(make_context(pool, [institution("HDFC")]))

        @database_settings(7, steps=50)
        @given(st.lists(happenings, min_size=4, max_size=16))
        def days(happens: list[tuple[Any, ...]]) -> None:
            runner.run(Office(ctx).live(happens))

        try:
            days()
        finally:
            runner.run(pool.close())


async def test_the_database_refuses_what_two_admins_did_not_agree_to(database: Pool) -> None:
    office = Office(await make_context(database, [institution("HDFC")]))
    await enrol(database, map(office.name, ADMINS), [Role.ADMIN])
    await enrol(database, [office.target], [])
    proposed = await office.propose("a")
    by_a, by_b, by_target = (f"officer:{name}" for name in (office.name("a"), office.name("b"), office.target))
    write = (
        f"UPDATE proposal SET decision = $1, decided_by = $2, decided_reason = 'x', decided_at = $3"
        f" WHERE proposal_id = {proposed.proposal_id}"
    )
    late = proposed.valid_until.replace(year=proposed.valid_until.year + 1)
    for decision, by, at, rule in (
        ("agreed", by_a, proposed.proposed_at, "four_eyes"),
        ("refused", by_a, proposed.proposed_at, "four_eyes"),
        ("agreed", by_target, proposed.proposed_at, "by_admins"),
        ("agreed", "command:root", proposed.proposed_at, "four_eyes"),
        ("agreed", by_b, late, "in_time"),
        ("withdrawn", by_b, proposed.proposed_at, "withdrawn_by_its_officer"),
    ):
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            await database.execute(write, decision, by, at)
        assert (refused.value.constraint_name or "").endswith(rule)
    await database.execute(write, "refused", by_b, proposed.proposed_at)
    with pytest.raises(asyncpg.RestrictViolationError):
        await database.execute(write, "agreed", by_b, proposed.proposed_at)
    for statement in (
        f"INSERT INTO policy_version VALUES (1, '{{}}', {proposed.proposal_id}, now())",
        "INSERT INTO officer (officer_id, name, created_at, created_by, changed_at, changed_by)"
        " VALUES ('complainant', 'x', now(), 'x', now(), 'x')",
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await database.execute(statement)
