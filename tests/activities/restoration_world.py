"""Cases in restoration, with the clocks that workflows keep, for the machine that acts on them at random.

The engine's part runs as in production: a procedure looks when it is told or something is due, and at no other time.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from activities.case.transaction import ENGINE, case_transaction
from activities.context import Context
from activities.recovery import hold_lifecycle
from activities.recovery.assignments import DueList
from activities.recovery.grievance_access import GrievanceActivities
from schemas.procedures import ActionInput, RowState
from tests.activities.hold_world import WatchedDeadlines
from tests.activities.restoration_bench import Home

REST: Final = 60
"""acts after which a procedure must have come to rest"""
_RUNNING: Final = (
    "SELECT workflow_id, kind, subject, case_no FROM procedure WHERE ended_at IS NULL AND kind = ANY($1)"
    " AND case_no = ANY($2) ORDER BY workflow_id"
)
_NEWS: Final = (
    "UPDATE procedure_news n SET signalled_at = now() FROM procedure p WHERE p.workflow_id = n.workflow_id"
    " AND p.kind NOT IN ('hold', 'duties') AND p.case_no = ANY($1) AND signalled_at IS NULL RETURNING n.workflow_id"
)


@dataclass(frozen=True)
class Running:
    """A procedure whose workflow runs."""

    workflow_id: str
    kind: str
    subject: str
    case_no: str


@dataclass
class World:
    """Some cases, and what the workflows of their procedures know."""

    ctx: Context
    case_nos: list[str] = field(default_factory=list)
    looks: dict[str, RowState] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home = Home(self.ctx)
        self.ctx = self.home.ctx
        self.bench = self.home.bench
        self._due_list, self._grievances = DueList(self.ctx), GrievanceActivities(self.ctx)

    async def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Rows about the cases of this world, which are `$1`."""
        return await self.bench.rows(query, self.case_nos, *values)

    # -- the engine ------------------------------------------------------------------------------------------------

    async def open_for_new_holds(self) -> None:
        """Take up held money as the notifier does after every answer. The clock of the test is used."""
        await self.rows(
            "UPDATE held_hop SET held_at = $2 WHERE case_no = ANY($1) AND hold_opened_at IS NULL", self.home.clock.at
        )
        for case_no in self.case_nos:
            await hold_lifecycle.open_for_new_holds(self.ctx, case_no)

    async def run(self) -> None:
        """Take up what is on hold, and let every workflow that is told or due do what it does, until all wait."""
        busy: list[Running] = []
        for _ in range(REST):
            await self.open_for_new_holds()
            await self._give_notices()
            attended = [await self._due_list.attend(case_no, wait=True) for case_no in self.case_nos]
            told = {workflow_id for (workflow_id,) in await self.rows(_NEWS)}
            busy = [one for one in await self.running() if await self._go_on(one, told)]
            if not busy and not any(attended):
                return
        raise AssertionError(f"it does not come to rest: {busy}, {[self.looks.get(one.workflow_id) for one in busy]}")

    async def running(self) -> list[Running]:
        """The procedures that have not ended."""
        found = await self.bench.rows(_RUNNING, ["restoration", "grievance"], self.case_nos)
        return [Running(*row) for row in found]

    async def look(self, one: Running) -> RowState:
        hand = {
            "restoration": self.home.engine.read_restoration_state,
            "grievance": self._grievances.read_grievance_state,
        }[one.kind]
        return await hand(self._asked(one))

    async def _go_on(self, one: Running, told: set[str]) -> bool:
        known = self.looks.get(one.workflow_id)
        if known is None or known.over or one.workflow_id in told:
            self.looks[one.workflow_id] = known = await self.look(one)
            return True
        if known.dues and known.dues[0].at <= self.home.clock.at:
            await self._act(one, known.dues[0].what)
            self.looks[one.workflow_id] = await self.look(one)
            return True
        return False

    async def _act(self, one: Running, what: str) -> None:
        match one.kind:
            case "grievance":
                await self._grievances.move_grievance(self._asked(one, what))
            case _:
                await self.home.action(UUID(one.subject), what)

    def _asked(self, one: Running, what: str = "") -> ActionInput:
        return ActionInput(subject=one.subject, case_no=one.case_no, what=what, at=self.home.clock.at)

    async def _give_notices(self) -> None:
        """The worker issues what falls due, and tells the restorations that wait for it."""
        await self.rows(
            "WITH given AS (UPDATE due_document SET state = 'issued', lacking = '{}',"
            " ended_at = $2 WHERE case_no = ANY($1) AND restoration_id IS NOT NULL AND ended_at IS NULL"
            " RETURNING restoration_id)"
            " INSERT INTO procedure_news (workflow_id, created_at)"
            " SELECT DISTINCT 'restoration-' || restoration_id, $2 FROM given",
            self.home.clock.at,
        )

    # -- what must hold --------------------------------------------------------------------------------------------

    async def check(self) -> None:
        """Assert what must hold at every instant, and of workflows at rest."""
        for case_no in self.case_nos:
            await self.home.check(case_no)
        for name, query in _NEVER.items():
            assert not (found := await self.rows(query)), f"{name}: {found}"

    async def check_at_rest(self) -> None:
        """No workflow sleeps over what it would do if it looked now, and nothing is forgotten."""
        for one in await self.running():
            known, now = self.looks[one.workflow_id], await self.look(one)
            assert not now.over, f"{one} waits for what is over"
            wakes = known.dues[0].at if known.dues else None
            first = now.dues[0] if now.dues else None
            assert first is None or (wakes is not None and wakes <= first.at), f"{one}: {first}, wakes at {wakes}"
        await self._check_due_list()
        for name, query in _NEVER_AT_REST.items():
            assert not (found := await self.rows(query)), f"{name}: {found}"

    async def _check_due_list(self) -> None:
        """Each hold on money is due when a look finds its next action, or before; a look finds nothing to do now."""
        known = await self.rows(
            "SELECT p.case_no, a.hold_id, p.due_at FROM procedure p JOIN account_hold a ON a.hold_id::text = p.subject"
            " WHERE p.case_no = ANY($1) AND p.kind = 'hold' AND p.ended_at IS NULL"
        )
        for case_no, hold_id, due_at in known:
            deadlines = WatchedDeadlines(self.ctx)
            async with case_transaction(self.ctx, case_no, ENGINE) as work:
                now = await deadlines.attend(work, hold_id)
            assert not now.over, f"the due list has {hold_id}, which is over"
            assert deadlines.done == [], f"{hold_id} slept over {deadlines.done}"
            first = now.dues[0] if now.dues else None
            assert first is None or (due_at is not None and due_at <= first.at), f"{hold_id}: {first}, due at {due_at}"

    async def pass_days(self, days: float) -> None:
        self.home.clock.at += timedelta(days=days)


_LIVE = "o.state IN ('planned', 'delivered', 'refused')"
_HELD = "b.bucket = 'held' AND b.balance_paise > 0"

_NEVER: Final = {
    "orders ask for no more than is on hold": f"""
        SELECT l.case_no, l.hop_no, sum(l.amount_paise - l.confirmed_paise) FROM bank_order_line l
        JOIN bank_order o USING (order_id) WHERE o.case_no = ANY($1) AND {_LIVE} AND NOT l.excess
        GROUP BY l.case_no, l.hop_no HAVING sum(l.amount_paise - l.confirmed_paise) > (
            SELECT balance_paise FROM ledger_balance b
            WHERE b.case_no = l.case_no AND b.hop_no = l.hop_no AND b.bucket = 'held')""",
    "what went home or back is what banks have confirmed": """
        SELECT b.case_no, b.hop_no, b.bucket, b.balance_paise, c.paise FROM ledger_balance b CROSS JOIN LATERAL (
            SELECT coalesce(sum(l.confirmed_paise), 0) AS paise FROM bank_order_line l
            JOIN bank_order o USING (order_id) WHERE l.case_no = b.case_no AND l.hop_no = b.hop_no AND NOT l.excess
              AND o.kind = CASE b.bucket WHEN 'restored' THEN 'restore' ELSE 'release' END) AS c
        WHERE b.case_no = ANY($1) AND b.bucket IN ('restored', 'released') AND b.balance_paise <> c.paise""",
    "no victim gets back more than was lost": """
        SELECT h.ack_no, sum(b.balance_paise) FROM hop h JOIN ledger_balance b USING (case_no, hop_no)
        WHERE h.case_no = ANY($1) AND b.bucket = 'restored' GROUP BY h.ack_no HAVING sum(b.balance_paise) > (
            SELECT sum(f.disputed_paise) FROM hop f WHERE f.ack_no = h.ack_no AND f.source = 'complaint')""",
    "every statement that goes too far is a discrepancy": """
        SELECT said.n, found.n FROM
        (SELECT count(*) AS n FROM bank_confirmation JOIN bank_order o USING (order_id)
         WHERE o.case_no = ANY($1) AND disposition = 'discrepancy') said,
        (SELECT count(*) AS n FROM discrepancy WHERE case_no = ANY($1) AND kind LIKE 'credited_%') found
        WHERE said.n <> found.n""",
    "an order is over exactly when all of it is done or it was taken back": """
        SELECT o.order_id, o.state FROM bank_order o JOIN bank_order_line l USING (order_id)
        WHERE o.case_no = ANY($1) AND o.state <> 'cancelled' GROUP BY o.order_id
        HAVING (o.state = 'confirmed') <> bool_and(l.amount_paise = l.confirmed_paise)""",
    "an order that runs has its procedure, one that is over has none": f"""
        SELECT o.order_id, o.state, p.ended_at FROM bank_order o
        JOIN procedure p ON p.workflow_id = 'order-' || o.order_id
        WHERE o.case_no = ANY($1) AND ({_LIVE}) <> (p.ended_at IS NULL)""",
    "a restoration that is open has its procedure, one that is over has none": """
        SELECT r.restoration_id, r.state, p.ended_at FROM restoration r
        JOIN procedure p ON p.workflow_id = 'restoration-' || r.restoration_id
        WHERE r.case_no = ANY($1) AND (r.state = 'open') <> (p.ended_at IS NULL)""",
    "a grievance that is open has its procedure, one that is over has none": """
        SELECT g.grievance_id, g.state, p.ended_at FROM grievance g
        JOIN procedure p ON p.workflow_id = 'grievance-' || g.grievance_id
        WHERE g.case_no = ANY($1) AND (g.state = 'open') <> (p.ended_at IS NULL)""",
    "money on hold has a clock, or waits to be opened": f"""
        SELECT h.case_no, h.hop_no, a.state, p.ended_at FROM hop h JOIN ledger_balance b USING (case_no, hop_no)
        LEFT JOIN held_hop u USING (case_no, hop_no)
        LEFT JOIN account_hold a ON a.case_no = h.case_no AND a.institution = h.institution
            AND a.account_key = h.account_key
        LEFT JOIN procedure p ON p.workflow_id = 'hold-' || a.hold_id
        WHERE h.case_no = ANY($1) AND {_HELD} AND (u.case_no IS NULL OR u.hold_opened_at IS NOT NULL)
          AND (a.state IS DISTINCT FROM 'held' OR p.workflow_id IS NULL OR p.ended_at IS NOT NULL)""",
    "no hold lapses that an order of a court keeps in whole": """
        SELECT o.case_no, o.planned_at, c.court_order_id, c.taken_at FROM bank_order o
        JOIN court_order c ON c.case_no = o.case_no
        WHERE o.case_no = ANY($1) AND o.reason = 'lapsed' AND c.effect = 'keep_hold' AND c.taken_at < o.planned_at
          AND c.amount_paise IS NULL
          AND (c.withdrawn_at IS NULL OR c.withdrawn_at > o.planned_at) AND c.account_key IS NULL
          AND NOT EXISTS (SELECT FROM court_order r WHERE r.case_no = c.case_no AND r.effect = 'release'
              AND r.court_order_id > c.court_order_id)""",
    "excluded money is in no later round before it is reopened": """
        SELECT old.case_no, old.hop_no FROM restoration_line old JOIN restoration r USING (restoration_id)
        JOIN restoration_line new ON new.case_no = old.case_no AND new.hop_no = old.hop_no
        JOIN restoration n ON n.restoration_id = new.restoration_id AND n.round_no > r.round_no
        WHERE old.case_no = ANY($1) AND old.excluded_at IS NOT NULL AND old.reopened_at IS NULL""",
    "only an officer or a court reopens excluded money": """
        SELECT l.case_no, l.hop_no, l.reopened_at FROM restoration_line l WHERE l.case_no = ANY($1)
          AND l.reopened_at IS NOT NULL AND NOT EXISTS (SELECT FROM case_event e WHERE e.case_no = l.case_no
              AND e.at = l.reopened_at
              AND e.kind IN ('restoration_reopened', 'court_order_confirmed', 'order_cancelled'))""",
    "nothing that was left out is ordered home by that restoration": f"""
        SELECT l.case_no, l.hop_no FROM restoration_line l JOIN bank_order o USING (restoration_id)
        JOIN bank_order_line ol ON ol.order_id = o.order_id AND ol.hop_no = l.hop_no
        WHERE l.case_no = ANY($1) AND l.excluded_at IS NOT NULL AND {_LIVE} AND o.planned_at > l.excluded_at""",
    "who is restored and was refused the rest is told of both": """
        SELECT r.restoration_id FROM restoration r WHERE r.case_no = ANY($1) AND r.state = 'restored'
          AND EXISTS (SELECT FROM restoration_line l WHERE l.restoration_id = r.restoration_id
              AND l.excluded_as = 'refused' AND l.excluded_at < r.closed_at)
          AND (r.reason = '' OR NOT EXISTS (SELECT FROM message m WHERE m.case_no = r.case_no
              AND m.kind IN ('rest_refused', 'refused')))""",
    "nothing is in play of a withdrawn hop, and no live order restores money of it": f"""
        SELECT w.case_no, w.hop_no FROM withdrawn_hop w WHERE w.case_no = ANY($1) AND (
            EXISTS (SELECT FROM ledger_balance b WHERE b.case_no = w.case_no AND b.hop_no = w.hop_no
                AND b.bucket = 'in_play' AND b.balance_paise > 0)
            OR EXISTS (SELECT FROM bank_order_line l JOIN bank_order o USING (order_id) WHERE l.case_no = w.case_no
                AND l.hop_no = w.hop_no AND o.kind = 'restore' AND {_LIVE}))""",
    "no hop below a withdrawn hop stands": """
        SELECT h.case_no, h.hop_no FROM withdrawn_hop w JOIN hop h ON h.case_no = w.case_no
            AND h.parent_hop_no = w.hop_no WHERE w.case_no = ANY($1)
          AND NOT EXISTS (SELECT FROM withdrawn_hop o WHERE o.case_no = h.case_no AND o.hop_no = h.hop_no)""",
    "the officer who approved it has not prepared it": """
        SELECT r.restoration_id FROM restoration r WHERE r.case_no = ANY($1) AND r.approved_by = r.prepared_by""",
}

_NEVER_AT_REST: Final = {
    "money on hold goes home, lapses, or is somebody's task": f"""
        SELECT h.case_no, h.hop_no, a.retained_by_kind, b.balance_paise
        FROM hop h JOIN ledger_balance b USING (case_no, hop_no)
        JOIN account_hold a ON a.case_no = h.case_no AND a.institution = h.institution
            AND a.account_key = h.account_key
        WHERE h.case_no = ANY($1) AND {_HELD} AND a.retained_by_kind IS NOT NULL
          AND NOT EXISTS (SELECT FROM restoration_line l JOIN restoration r USING (restoration_id)
              WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no AND r.state = 'open')
          AND b.balance_paise > (SELECT coalesce(sum(l.amount_paise - l.confirmed_paise), 0) FROM bank_order_line l
              JOIN bank_order o USING (order_id) WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no AND {_LIVE}
              AND NOT l.excess)
          AND NOT EXISTS (SELECT FROM desk_task t WHERE t.case_no = h.case_no AND t.state = 'open'
              AND t.subject_kind = 'hold' AND t.subject_id = a.hold_id::text)""",
    "nothing goes home by order of the police alone above the threshold": f"""
        SELECT r.restoration_id, r.route FROM restoration r WHERE r.case_no = ANY($1) AND r.state = 'open'
          AND r.step = 'approval' AND r.route = 'no_court' AND (r.policy->>'no_court_below_paise')::bigint <= (
            SELECT sum(b.balance_paise) FROM hop h JOIN ledger_balance b USING (case_no, hop_no)
            WHERE h.ack_no = r.ack_no AND b.bucket IN ('held', 'restored'))
          AND NOT EXISTS (SELECT FROM hop h JOIN bank_order_line l USING (case_no, hop_no) JOIN bank_order o
              USING (order_id) WHERE h.ack_no = r.ack_no AND o.kind = 'release' AND {_LIVE})""",
    "a hold that has ended holds nothing, and its procedure is over": """
        SELECT a.hold_id, a.state, p.ended_at FROM account_hold a
        JOIN procedure p ON p.workflow_id = 'hold-' || a.hold_id
        WHERE a.case_no = ANY($1) AND (a.state = 'held') <> (p.ended_at IS NULL)""",
    "what is on hold of a victim who was given back money is in the next round": f"""
        SELECT h.case_no, h.hop_no, r.state FROM hop h JOIN ledger_balance b USING (case_no, hop_no)
        CROSS JOIN LATERAL (SELECT r.* FROM restoration r WHERE r.ack_no = h.ack_no ORDER BY round_no DESC LIMIT 1) AS r
        WHERE h.case_no = ANY($1) AND {_HELD} AND r.state = 'restored'
          AND b.balance_paise > (SELECT coalesce(sum(l.amount_paise - l.confirmed_paise), 0) FROM bank_order_line l
              JOIN bank_order o USING (order_id) WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no AND {_LIVE}
              AND NOT l.excess)
          AND NOT EXISTS (SELECT FROM withdrawn_hop w WHERE w.case_no = h.case_no AND w.hop_no = h.hop_no)
          AND NOT EXISTS (SELECT FROM restoration_line l WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no
              AND l.excluded_at IS NOT NULL AND l.reopened_at IS NULL)""",
    "every open restoration is about something": """
        SELECT r.restoration_id FROM restoration r WHERE r.case_no = ANY($1) AND r.state = 'open'
          AND NOT EXISTS (SELECT FROM restoration_line l WHERE l.restoration_id = r.restoration_id)""",
}
