"""Holds on a bench: the test moves their clocks and does what is due, as the due list does."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from activities.case.discrepancies import ResolvingOfficer, resolve
from activities.case.transaction import ENGINE, case_transaction
from activities.context import Context
from activities.recovery import hold_lifecycle
from activities.recovery.confirmations import take_confirmation
from activities.recovery.hold_lifecycle import HoldDeadlines
from activities.recovery.hold_transaction import HoldTransaction
from db.recovery import bank_orders
from domain.recovery.holds import HoldClocks
from schemas.case.discrepancies import NewResolution
from schemas.enums import ResolutionDecision
from schemas.procedures import RowState
from schemas.recovery.orders import ConfirmedLine, OrderConfirmation
from tests.activities.bench import Bench
from tests.clock import Clock, at_clock
from tests.factories import row, rrn, transfer

APPEAL = "https://freeze.example/appeal"


@dataclass(frozen=True)
class WatchedDeadlines(HoldDeadlines):
    """Deadlines that remember what they attended to."""

    done: list[str] = field(default_factory=list)

    async def _attend(self, work: HoldTransaction, state: HoldClocks, what: str, at: datetime) -> bool:
        self.done.append(what)
        return await super()._attend(work, state, what, at)


async def settle_newest(ctx: Context, case_no: str, decision: ResolutionDecision) -> None:
    """A supervisor settles the case's newest discrepancy."""
    newest = await ctx.pool.fetchval("SELECT max(discrepancy_id) FROM discrepancy WHERE case_no = $1", case_no)
    before = "SELECT max(resolution_no) FROM discrepancy_resolution WHERE discrepancy_id = $1"
    replaces = await ctx.pool.fetchval(before, newest)
    resolution = NewResolution(decision=decision, reason="the money has moved on", replaces=replaces)
    await resolve(ctx, newest, resolution, ResolvingOfficer("chief", supervises=True))


class Holds:
    """Holds of cases on a bench, as short as a test wants them."""

    def __init__(self, ctx: Context) -> None:
        self.began = ctx.now()
        self.clock = Clock(self.began)
        self.ctx = at_clock(ctx, self.clock)
        self.bench = Bench(self.ctx)
        self.engine = WatchedDeadlines(self.ctx, APPEAL)

    async def hold(
        self, *rupees: int, said: int | None = None, lost: int = 0, account: str | None = None, **told: Any
    ) -> tuple[str, UUID]:
        """A case with so many rupees on hold of as many transfers to one account of HDFC; its number and its hold.

        `said`: what the bank says it holds of the last transfer; `told` is more of its line.
        """
        roots = [rrn() for _ in rupees]
        payee = {"institution": "HDFC", "account": account or f"5{rrn()}"}
        transfers = [
            transfer((held + lost) * 100, reference=root, payee=payee) for held, root in zip(rupees, roots, strict=True)
        ]
        case_no = await self.bench.complain(*transfers)
        said_of = {root: held for held, root in zip(rupees, roots, strict=True)}
        if said is not None:
            said_of[roots[-1]] = said
        lines = [row(1, root, f"{held}.00", **told) for root, held in said_of.items()]
        await self.bench.answer("HDFC", case_no, *lines)
        await self.open_for_new_holds(case_no)
        hold_id: UUID = await self.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
        return case_no, hold_id

    async def open_for_new_holds(self, case_no: str) -> None:
        """Begin what follows from a case's holds, as of now."""
        # What answers write goes by the wall's clock.
        self.clock.at = max(self.clock.at, datetime.now(UTC))
        await hold_lifecycle.open_for_new_holds(self.ctx, case_no)

    async def came_now(self, case_no: str) -> None:
        """What was put on hold last came by the test's clock: answers go by the wall's."""
        await self.bench.pool.execute(
            "UPDATE held_hop SET held_at = $2 WHERE case_no = $1 AND hold_opened_at IS NULL", case_no, self.clock.at
        )

    async def hold_of(self, case_no: str) -> UUID:
        """The case's only hold."""
        hold_id: UUID = await self.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
        return hold_id

    async def settle(self, case_no: str, decision: ResolutionDecision) -> None:
        """A supervisor settles the case's newest discrepancy."""
        await settle_newest(self.ctx, case_no, decision)

    # -- the clock -------------------------------------------------------------------------------------------------

    async def look(self, hold_id: UUID) -> RowState:
        """Do what is due, and return what comes next."""
        case_no = await self.bench.value("SELECT case_no FROM account_hold WHERE hold_id = $1", hold_id)
        async with case_transaction(self.ctx, case_no, ENGINE) as work:
            return await self.engine.attend(work, hold_id)

    async def tick(self, hold_id: UUID, days: float = 0) -> list[str]:
        """Let time pass and do what has fallen due; what that was."""
        self.clock.at += timedelta(days=days)
        before = len(self.engine.done)
        while (dues := (await self.look(hold_id)).dues) and dues[0].at <= self.clock.at:
            assert len(self.engine.done) < before + 20, f"it does not come to rest: {self.engine.done[before:]}"
        return self.engine.done[before:]

    # -- the bank --------------------------------------------------------------------------------------------------

    async def confirm(self, case_no: str) -> None:
        """The bank does everything that it was ordered about the case."""
        order_ids = await self.bench.rows(
            "SELECT order_id FROM bank_order WHERE case_no = $1 AND state <> 'cancelled'", case_no
        )
        for (order_id,) in order_ids:
            async with self.bench.pool.acquire() as connection:
                lines = await bank_orders.lines_of(connection, order_id)
            said = tuple(
                ConfirmedLine(
                    line_no=line.line_no,
                    amount_paise=line.amount_paise,
                    done_at=self.clock.at,
                    reference=f"UTR{order_id.hex[:16]}{line.line_no}",
                )
                for line in lines
            )
            await take_confirmation(self.ctx, "HDFC", order_id, OrderConfirmation(lines=said), "bank:HDFC")

    # -- sights ----------------------------------------------------------------------------------------------------

    async def orders(self, case_no: str) -> list[tuple[str, str, int]]:
        """Reason, state and paise of every order of a case, in the order in which they were planned, then by size."""
        return await self.bench.rows(
            "SELECT o.reason, o.state, sum(l.amount_paise)::bigint FROM bank_order o JOIN bank_order_line l"
            " USING (order_id) WHERE o.case_no = $1 GROUP BY o.order_id ORDER BY o.planned_at, sum(l.amount_paise)",
            case_no,
        )

    async def messages(self, case_no: str, kind: str) -> list[tuple[str, str]]:
        """To whom and by which medium, of the messages of one kind."""
        return await self.bench.rows(
            "SELECT to_whom, medium FROM message WHERE case_no = $1 AND kind = $2 ORDER BY written_at, to_whom, medium",
            case_no,
            kind,
        )

    async def tasks(self, case_no: str) -> list[str]:
        """Kinds of the open tasks with a note, but for those of the restoration and the duties."""
        found = await self.bench.rows(
            "SELECT kind FROM desk_task WHERE case_no = $1 AND state = 'open'"
            " AND kind IN ('small_hold', 'hold_lapses', 'grievance', 'supervise') ORDER BY task_id",
            case_no,
        )
        return [kind for (kind,) in found]

    async def told(self, case_no: str) -> int:
        """How often the hold was told to look."""
        count: int = await self.bench.value(
            "SELECT count(*) FROM procedure_news WHERE workflow_id LIKE 'hold-%' AND workflow_id IN"
            " (SELECT workflow_id FROM procedure WHERE case_no = $1)",
            case_no,
        )
        return count
