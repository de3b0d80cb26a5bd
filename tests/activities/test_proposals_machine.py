"""Every kind of proposal lives through anything, in any order: it takes effect by two persons, once, or not at all."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, product
from typing import Any, ClassVar, Final

import asyncpg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from activities.banks import proposals as changes
from activities.case.discrepancies import ResolvingOfficer, resolve
from activities.context import Context
from activities.officers import enrolment
from activities.people import victims
from activities.recovery import payer_decisions
from activities.recovery.confirmations import record_statement
from activities.recovery.hold_releases import confirm_release, record_small_hold_decision, reject_release
from db.evidence import pack
from db.pool import open_pool
from db.proposals import Kind
from domain.errors import RuleBroken
from schemas.banks.administration import NewProposal, ProposalAnswer, ProposalDecision
from schemas.case.discrepancies import NewResolution
from schemas.enums import ResolutionDecision, Role
from schemas.identifiers import is_same_person, person_of
from schemas.privacy.personal_data import NewVictimCorrection
from schemas.recovery.holds import NewSmallHoldDecision, SmallHoldDecision
from schemas.recovery.officer_steps import NewPayerDecision, SeenPayerDecision
from schemas.recovery.orders import ConfirmedLine, OrderConfirmation
from tests.activities.bench import Bench
from tests.activities.case.test_discrepancies import a_case, first_doubt
from tests.activities.hold_world import Holds
from tests.activities.people.test_victims import complained
from tests.activities.recovery.test_confirmations import Ordered
from tests.activities.recovery.test_hold_opening import held_case
from tests.activities.recovery.test_payer_decisions import claimed_twice
from tests.activities.recovery.test_sealed_accounts import ERASE
from tests.activities.restoration_bench import Home, officer
from tests.clock import Clock, at_clock
from tests.deep import database_settings
from tests.factories import institution, make_context, row, rrn
from tests.officers import enrol

GATE: Final = 6
WHY: Final = "both were asked"
PEOPLE: Final = ("ravi", "Ravi", "sita", "gita")
"""three persons, of whom one writes the name in two ways"""
ENDS: Final = {"agree": "agreed", "refuse": "refused", "withdraw": "withdrawn"}
Row = Mapping[str, Any]
_numbers = count(1)
people = st.sampled_from(PEOPLE)
acts = st.sampled_from(("propose", "propose", "agree", "agree", "agree", "agree_to_ended", *ENDS, "leave", "return"))
steps = st.lists(
    st.one_of(
        *(st.tuples(acts, people),) * 5,
        st.tuples(st.just("two_agree"), people, people),
        st.just(("wait",)),
        st.just(("change",)),
    ),
    min_size=6,
    max_size=16,
)
BY_TWO: Final = (
    *(("propose", "ravi"), ("agree", "Ravi"), ("refuse", "sita"), ("propose", "sita"), ("wait",), ("agree", "Sita")),
    *(("agree_to_ended", "ravi"), ("two_agree", "ravi", "gita"), ("agree", "gita"), ("agree", "ravi")),
)
"""what takes effect with every kind"""


class Life:
    """A subject of one kind, three officers, and what they do to its proposals."""

    kind: ClassVar[Kind]
    has: ClassVar[tuple[str, ...]]
    """what can happen to this kind beside the proposal and the agreement"""
    enters_twice: ClassVar[bool] = False
    """whether the second officer enters the same as the first one"""
    is_agreed_again: ClassVar[bool] = False
    """whether two may do the same once more"""
    effect: ClassVar[str]
    """the condition, in SQL, that it has taken effect for the subject `$1`"""

    def __init__(self, ctx: Context) -> None:
        self.number = next(_numbers)
        self.clock = Clock(datetime.now(UTC))
        self.ctx = at_clock(ctx, self.clock)
        self.bench = Bench(self.ctx)
        self.about: Any = ""
        """the case, or the subject of a proposal about no case"""
        self.subject: Any = None
        """what the effect shows at; by default what it is about"""
        self.is_changed = False
        self.gone: set[str] = set()
        """persons who may not decide any more"""

    def actor(self, who: str) -> str:
        return f"officer:{who}"

    async def begin(self) -> None:
        raise NotImplementedError

    async def act(self, what: str, by: str, to: Row | None) -> None:
        """Do it about this proposal; None if there is none."""
        raise NotImplementedError

    async def rows(self) -> list[Row]:
        found = await self.ctx.pool.fetch(
            "SELECT * FROM proposal WHERE kind = $1 AND $2 IN (case_no, subject) ORDER BY proposal_id",
            self.kind.value,
            self.about,
        )
        return [dict(one) for one in found]

    async def live(self, happens: Sequence[tuple[str, ...]]) -> None:
        await self.begin()
        for what, *who in happens:
            if what in {"propose", "agree", "two_agree", "wait", *self.has}:
                before = await self.rows()
                await self.happen(what, [self.actor(one) for one in who], before)
                await self.look(before, await self.rows())
        await self.database_holds_it()

    async def happen(self, what: str, who: Sequence[str], before: Sequence[Row]) -> None:
        """Let it happen, and compare what is decided with what may be."""
        to, may = before[-1] if before else None, sum(self.may(what.removeprefix("two_"), before, by) for by in who)
        match what:
            case "wait":
                self.clock.at += timedelta(days=10)
            case "change" if self.is_live(before):
                await self.act(what, "command:test", None)
                self.is_changed = True
            case "leave" | "return":
                await self.act(what, who[0], None)
                (self.gone.add if what == "leave" else self.gone.discard)(person_of(who[0]))
            case "two_agree":
                await asyncio.gather(*(self.try_to("agree", by, to) for by in who))
                # Two who enter the same, one after the other, are two officers.
                by_entering = self.enters_twice and self.is_live(before) and not is_same_person(*who)
                assert await self.newly("agreed", before) == min(may or by_entering, 1)
            case "agree_to_ended":
                if ended := [one for one in before if one["decision"] not in {None, "agreed"}]:
                    await self.try_to("agree", who[0], ended[0])
                    assert not await self.newly("agreed", before)
            case "propose":
                await self.try_to(what, who[0], to)
                assert not await self.newly("agreed", before), "who proposes does not agree"
                if self.is_live(before) and not self.is_gone(who[0]):
                    assert any(one["decision"] is None for one in await self.rows())
            case "agree" | "refuse" | "withdraw":
                await self.try_to(what, who[0], to)
                assert await self.newly(ENDS[what], before) == may

    async def try_to(self, what: str, by: str, to: Row | None) -> None:
        with suppress(RuleBroken):
            await self.act(what, by, to)

    async def newly(self, decision: str, before: Sequence[Row]) -> int:
        """How many have got this decision."""
        now, then = ([one["decision"] for one in rows].count(decision) for rows in (await self.rows(), before))
        return now - then

    def is_live(self, rows: Sequence[Row]) -> bool:
        """Whether the subject may still be proposed about and agreed to."""
        return not self.is_changed and (self.is_agreed_again or all(one["decision"] != "agreed" for one in rows))

    def is_gone(self, actor: str) -> bool:
        return person_of(actor) in self.gone

    def may(self, what: str, rows: Sequence[Row], by: str) -> bool:
        """Whether a person may end the open proposal so."""
        waiting = [one for one in rows if one["decision"] is None]
        others = [one for one in waiting if not is_same_person(one["proposed_by"], by)]
        if what == "withdraw":
            return len(others) < len(waiting)
        if what == "refuse":
            return bool(others) and not self.is_gone(by) if self.kind is Kind.ADMINISTRATION else bool(waiting)
        return self.is_live(rows) and any(
            (one["not_before"] or self.clock.at) <= self.clock.at <= (one["valid_until"] or self.clock.at)
            and not self.is_gone(by)
            and not self.is_gone(one["proposed_by"])
            for one in others
        )

    async def look(self, before: Sequence[Row], after: Sequence[Row]) -> None:
        for old, new in zip(before, after, strict=False):
            assert old["decision"] is None or old == new, "it is decided once"
            assert {name for name in old if old[name] != new[name]} <= {
                *("decision", "decided_by", "decided_at", "decided_reason", "given_to")
            }
        open_ones = [(one["subject"], one["matter"]) for one in after if one["decision"] is None]
        assert len(set(open_ones)) == len(open_ones), "one is open about a matter"
        agreed = [one for one in after if one["decision"] == "agreed"]
        assert all(not is_same_person(one["proposed_by"], one["decided_by"]) for one in agreed)
        has_effect = await self.bench.value(f"SELECT {self.effect}", self.subject or self.about)
        assert self.is_changed or has_effect == bool(agreed)

    async def database_holds_it(self) -> None:
        """Whatever the code believes, the database refuses one person, a second decision and another body."""
        alone = "decision = 'agreed', decided_by = proposed_by, decided_at = coalesce(not_before, proposed_at)"
        changes_of_it = (
            *("UPDATE proposal SET body = '{}'", "DELETE FROM proposal", f"UPDATE proposal SET {alone}"),
            "UPDATE proposal SET decided_at = decided_at + interval '1 hour'",
        )
        for one, change in product(await self.rows(), changes_of_it):
            with pytest.raises((asyncpg.RestrictViolationError, asyncpg.CheckViolationError)):
                await self.ctx.pool.execute(f"{change} WHERE proposal_id = $1", one["proposal_id"])


class Administration(Life):
    """An officer gets a role."""

    kind = Kind.ADMINISTRATION
    has = ("refuse", "withdraw", "change", "agree_to_ended", "leave", "return")
    effect = "EXISTS (SELECT FROM officer_role WHERE officer_id = $1 AND role = 'sp')"

    def actor(self, who: str) -> str:
        return f"officer:{who}.{self.number}"

    async def begin(self) -> None:
        self.about = f"target.{self.number}"
        await enrol(self.ctx.pool, sorted({person_of(self.actor(who)) for who in PEOPLE}), [Role.ADMIN])
        await enrol(self.ctx.pool, [self.about], [])

    async def act(self, what: str, by: str, to: Row | None) -> None:
        if what == "propose":
            asked = {"kind": "role_given", "officer_id": self.about, "role": "sp"}
            await changes.propose(self.ctx, NewProposal.model_validate({"reason": WHY, "asked": asked}), by)
        elif what == "change":
            await enrolment.give_role(self.ctx.pool, self.about, Role.SP, None, None, by)
        elif what in {"leave", "return"}:
            end = enrolment.disable_officer if what == "leave" else enrolment.enable_officer
            await end(self.ctx.pool, person_of(by), "command:test")
        elif to is not None and what == "withdraw":
            await changes.withdraw(self.ctx, to["proposal_id"], WHY, by)
        elif to is not None:
            version = (await changes.read(self.ctx, to["proposal_id"])).proposal.version
            decision = ProposalDecision(decision=ProposalAnswer(ENDS[what]), reason=WHY, version=version)
            await changes.decide(self.ctx, to["proposal_id"], decision, by)


class OrderStatement(Life):
    """A bank has stated by telephone that it did an order."""

    kind = Kind.ORDER_STATEMENT
    has = ()
    enters_twice = is_agreed_again = True
    effect = "EXISTS (SELECT FROM bank_confirmation WHERE order_id = $1 AND applied_paise > 0)"

    async def begin(self) -> None:
        holds = Holds(self.ctx)
        self.about = await held_case(self.bench, f"1{rrn()}")
        await holds.open_for_new_holds(self.about)
        self.subject = await Ordered(self.bench, self.about, await holds.hold_of(self.about)).order()
        line = ConfirmedLine(line_no=1, amount_paise=300_00, done_at=self.clock.at)
        self.statement = OrderConfirmation(lines=(line,))

    async def act(self, what: str, by: str, to: Row | None) -> None:
        await record_statement(self.ctx, self.subject, self.statement, WHY, by, supervises=what == "agree")


class Payer(Life):
    """Another complaint is right about who paid."""

    kind = Kind.PAYER
    has = ("agree_to_ended",)
    effect = "EXISTS (SELECT FROM hop WHERE ack_no = $1)"

    async def begin(self) -> None:
        self.about, self.subject = await claimed_twice(Home(self.ctx))

    async def act(self, what: str, by: str, to: Row | None) -> None:
        if what == "propose":
            new = NewPayerDecision(ack_no=self.subject, reason=WHY)
            await payer_decisions.propose(self.ctx, self.about, 1, new, by)
        elif to is not None:
            seen = SeenPayerDecision(ack_no=self.subject)
            await payer_decisions.agree(self.ctx, self.about, 1, to["proposal_id"], seen, by)


class Release(Life):
    """Money on hold is released, and the victim is heard before."""

    kind = Kind.RELEASE
    has = ("refuse",)
    effect = "EXISTS (SELECT FROM bank_order WHERE case_no = $1)"

    async def begin(self) -> None:
        sums = {"second_officer_above_paise": 0, "second_officer_above_a_day_paise": 0}
        release = self.ctx.policy.release.model_copy(update=sums)
        self.ctx = replace(self.ctx, policy=self.ctx.policy.model_copy(update={"release": release}))
        holds = Holds(self.ctx)
        self.about, self.hold_id = await holds.hold(150)
        self.clock.at = holds.clock.at

    async def act(self, what: str, by: str, to: Row | None) -> None:
        if what == "propose":
            decided = NewSmallHoldDecision(decision=SmallHoldDecision.RELEASE, reason=WHY)
            acting = officer(by.removeprefix("officer:"), Role.DY_SP)
            await record_small_hold_decision(self.ctx, self.hold_id, decided, acting)
        else:
            await (confirm_release if what == "agree" else reject_release)(self.ctx, self.hold_id, WHY, by)


class Resolution(Life):
    """A bank's hold is not believed, and money leaves `held`."""

    kind = Kind.RESOLUTION
    has = ("change",)
    enters_twice = True
    effect = "EXISTS (SELECT FROM discrepancy_resolution WHERE discrepancy_id = $1 AND from_held)"

    async def begin(self) -> None:
        self.about, root = await a_case(self.bench)
        await self.bench.answer("HDFC", self.about, row(1, root, "1000.00", root_effective_balance="250.00"))
        self.subject = await first_doubt(self.bench, self.about)

    async def act(self, what: str, by: str, to: Row | None) -> None:
        decided = ResolutionDecision.UPHELD_BANK if what == "change" else ResolutionDecision.UPHELD_OTHER
        new = NewResolution(decision=decided, reason=WHY)
        await resolve(self.ctx, self.subject, new, ResolvingOfficer(by, supervises=what == "agree"))


class VictimCorrection(Life):
    """A victim has another mobile number."""

    kind = Kind.VICTIM_CORRECTION
    has = ("refuse", "change", "agree_to_ended")
    effect = "EXISTS (SELECT FROM case_event WHERE case_no = $1 AND kind = 'victim_corrected')"

    async def begin(self) -> None:
        self.about = await complained(self.bench)

    async def act(self, what: str, by: str, to: Row | None) -> None:
        if what == "propose":
            await victims.propose(self.ctx, self.about, NewVictimCorrection(mobile="9123456789", reason=WHY), by)
        elif what == "change":
            of_victim = "(SELECT person_id FROM complaint JOIN victim USING (victim_id) WHERE ack_no = $1)"
            await self.ctx.pool.execute(f"{ERASE} WHERE person_id = {of_victim}", self.about)
        elif to is not None:
            await (victims.agree if what == "agree" else victims.reject)(self.ctx, self.about, to["proposal_id"], by)


LIVES: Final = {life.kind: life for life in Life.__subclasses__()}
IN_PACK: Final = {
    Kind.ORDER_STATEMENT: ("orders/words_proposed.jsonl", "agreed_at agreed_by lines note order_id proposal_id"),
    Kind.PAYER: (
        "restorations/payer_decisions.jsonl",
        "ack_no agreed_at agreed_by among case_no decision_id given_to hop_no reason",
    ),
    Kind.RELEASE: (
        "grievances/releases.jsonl",
        "case_no day_limit_paise ended_at ended_by ended_reason grievance_id hear_until hold_id hold_limit_paise"
        " needs_second objection_id paise policy proposal_id reason state whole",
    ),
    Kind.RESOLUTION: ("banks/discrepancy_proposals.jsonl", "decision discrepancy_id reason resolution_no"),
    Kind.VICTIM_CORRECTION: (
        "case/victim_corrections.jsonl",
        "ack_no case_no correction_id decided_at decided_by decision fields",
    ),
}
"""file of the pack, and what a line of it has beside the officer and the time"""


@pytest.mark.parametrize("kind", LIVES)
def test_whatever_happens_it_takes_effect_by_two_persons_once_or_not_at_all(database_dsn: str, kind: Kind) -> None:
    with asyncio.Runner() as runner:
        pool = runner.run(open_pool(database_dsn, min_size=1, max_size=5, only_single_cases=True))
        ctx = runner.run(make_context(pool, [institution("HDFC"), institution("SBIN"), institution("PUNB")]))

        @database_settings(GATE, steps=50)
        @given(steps)
        @example(BY_TWO)
        def lives(happens: Sequence[tuple[str, ...]]) -> None:
            runner.run(LIVES[kind](ctx).live(happens))

        try:
            lives()
        finally:
            runner.run(pool.close())


def test_every_kind_is_tried_here() -> None:
    """A confirmation of what others entered is one act, which the log of the case has; test_claims.py tries it."""
    assert set(LIVES) == set(Kind) - {Kind.ENTERED} == {Kind.ADMINISTRATION, *IN_PACK}


@pytest.mark.parametrize("kind", IN_PACK)
async def test_the_evidence_pack_has_what_officers_proposed_about_a_case(ctx: Context, kind: Kind) -> None:
    life, (file, columns) = LIVES[kind](ctx), IN_PACK[kind]
    await life.begin()
    await life.act("propose", "officer:ravi", None)
    ((line,),) = await life.bench.rows(pack.FILES[file], life.about)
    assert sorted(json.loads(line)) == sorted(["proposed_at", "proposed_by", *columns.split()])
