"""A victim's restoration on a bench: officers, a clock that is moved, banks that confirm."""

from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from activities.banks.bodies import BodyOpener
from activities.context import Context
from activities.recovery import hold_lifecycle, objections, restoration_decisions
from activities.recovery.confirmations import take_confirmation
from activities.recovery.firs import assign_officer
from activities.recovery.hearings import waive_notice
from activities.recovery.restoration_deadlines import RestorationActivities
from db.evidence.integrity import case_records
from db.privacy.body_keys import COURT_ORDER
from db.recovery import bank_orders, restoration_views
from domain.errors.restoration import WaiverRecorded
from domain.evidence.integrity import examine
from domain.recovery.procedure import RELEASED_FOR
from schemas.case.police import NewOfficer
from schemas.enums import Role
from schemas.officers.officers import Acting
from schemas.procedures import ActionInput, RowState
from schemas.recovery.orders import ConfirmationTaken, ConfirmedLine, OrderConfirmation
from schemas.recovery.restorations import (
    ClockAction,
    NewObjection,
    NoticeWaived,
    ObjectionDecided,
    ObjectionView,
    OrderTaken,
    RestorationApproval,
    RestorationDone,
    Seen,
    SendBack,
)
from schemas.restoration_enums import ObjectionBy, ObjectionDecision, RestorationVerb, Step
from tests.activities.bench import Bench
from tests.activities.release_bench import confirmed
from tests.clock import Clock, at_clock
from tests.factories import row, rrn, transfer
from tests.sealed_documents import sealed_document


def officer(name: str, role: Role) -> Acting:
    return Acting(subject=name, roles=frozenset({role}), actor=f"officer:{name}")


DESK, IO = officer("desk", Role.DESK), officer("io", Role.IO)
DY_SP, SP, SUPERVISOR = officer("dy_sp", Role.DY_SP), officer("sp", Role.SP), officer("chief", Role.SUPERVISOR)
WHY: Final = "as the documents say"
DAY: Final = timedelta(days=1)
CONTRADICTED_BY: Final = timedelta(days=2, seconds=1)
"""the time after which no waiver is contradicted"""
PDF: Final = b"%PDF-1.4 a signed waiver"


class Home:
    """Restorations of cases on a bench, as short as a test wants them."""

    def __init__(self, ctx: Context) -> None:
        self.clock = Clock(ctx.now())
        self.ctx = at_clock(ctx, self.clock)
        self.bench = Bench(self.ctx)
        self.engine = RestorationActivities(self.ctx)

    # -- money on hold ---------------------------------------------------------------------------------------------

    async def hold(
        self,
        held: int,
        lost: int = 0,
        *,
        account: str | None = None,
        bank: str = "HDFC",
        stated_at: str = "",
        named: str = "",
        **changes: Any,
    ) -> str:
        """A case of one transfer, of which so many rupees are held and so many withdrawn; its number.

        `stated_at`: the date of the hold, as the bank says. `named`: another account that the bank says it holds.
        """
        root = rrn()
        payee = {"institution": bank, "account": account or f"5{rrn()}"}
        case_no = await self.bench.complain(transfer((held + lost) * 100, reference=root, payee=payee, **changes))
        lines = [row(5, root, f"{lost}.00")] if lost else []
        said = {"transaction_datetime": stated_at} | ({"root_account_number": named} if named else {})
        await self.bench.answer(bank, case_no, *lines, *([row(1, root, f"{held}.00", **said)] if held else []))
        await self.open_for_new_holds(case_no)
        return case_no

    async def assign(self, case_no: str, *duties: str) -> None:
        """Say that somebody has each of these duties, reached by short message."""
        for duty in duties:
            who = {"duty": duty, "subject": duty, "name": "R. Verma", "rank": "Inspector", "phone": "9000000009"}
            where = {"police_station": "Cyber Cell", "district": "LUCKNOW"}
            await assign_officer(self.ctx, case_no, NewOfficer.model_validate(who | where), "officer:chief")

    async def open_for_new_holds(self, case_no: str) -> None:
        """Begin what follows from a case's holds, as of now."""
        # What answers write goes by the wall's clock.
        self.clock.at = max(self.clock.at, datetime.now(UTC))
        await hold_lifecycle.open_for_new_holds(self.ctx, case_no)

    async def two_accounts(self) -> tuple[str, UUID, list[UUID]]:
        """A case with ₹100 on hold at one account and ₹200 at another, at the holder's notice; the two holds."""
        roots = [rrn(), rrn()]
        payees = [{"institution": bank, "account": f"5{rrn()}"} for bank in ("HDFC", "ICIC")]
        case_no = await self.bench.complain(
            *(transfer(1000_00, reference=root, payee=payee) for root, payee in zip(roots, payees, strict=True))
        )
        await self.bench.answer("HDFC", case_no, row(1, roots[0], "100.00"))
        await self.bench.answer("ICIC", case_no, row(1, roots[1], "200.00"))
        await self.open_for_new_holds(case_no)
        restoration = await self.of(case_no)
        await self.tick(restoration, 3)
        await self.apply(restoration)
        await self.verify(restoration)
        holds = await self.bench.rows(
            "SELECT hold_id FROM account_hold WHERE case_no = $1 ORDER BY institution", case_no
        )
        return case_no, restoration, [hold for (hold,) in holds]

    async def of(self, case_no: str, round_no: int = 1) -> UUID:
        """The restoration of a case's first complaint."""
        found: UUID = await self.bench.value(
            "SELECT restoration_id FROM restoration WHERE ack_no = $1 AND round_no = $2", case_no, round_no
        )
        return found

    # -- the clock -------------------------------------------------------------------------------------------------

    def asked(self, restoration_id: UUID, what: str = "") -> ActionInput:
        return ActionInput(subject=str(restoration_id), case_no="", what=what, at=self.clock.at)

    async def look(self, restoration_id: UUID) -> RowState:
        return await self.engine.read_restoration_state(self.asked(restoration_id))

    async def tick(self, restoration_id: UUID, days: float = 0) -> list[str]:
        """Let time pass and do what has fallen due, as the workflow does; what that was."""
        await self.give_notice(restoration_id)
        self.clock.at += timedelta(days=days)
        done = []
        while dues := (await self.look(restoration_id)).dues:
            if dues[0].at > self.clock.at:
                break
            done.append(dues[0].what)
            assert len(done) < 20, f"it does not come to rest: {done}"
            await self.action(restoration_id, dues[0].what)
        return done

    async def give_notice(self, restoration_id: UUID) -> None:
        """The holders have their notices, as if the worker had issued them at once (`test_due_documents` does)."""
        await self.bench.pool.execute(
            "UPDATE due_document SET state = 'issued', lacking = '{}', ended_at = $2"
            " WHERE restoration_id = $1 AND ended_at IS NULL",
            restoration_id,
            self.clock.at,
        )

    async def action(self, restoration_id: UUID, what: str) -> None:
        hand = {
            ClockAction.ALLOCATE: self.engine.divide_accounts,
            ClockAction.REMIND: self.engine.remind_of_step,
            ClockAction.ESCALATE: self.engine.escalate_step,
        }.get(ClockAction(what), self.engine.move_restoration)
        await hand(self.asked(restoration_id, what))

    # -- officers --------------------------------------------------------------------------------------------------

    async def seen(self, restoration_id: UUID) -> dict[str, Any]:
        (found,) = await self.bench.rows(
            "SELECT step, visit_no FROM restoration WHERE restoration_id = $1", restoration_id
        )
        return {"step": found[0], "visit_no": found[1]}

    async def do(self, restoration_id: UUID, verb: RestorationVerb, by: Acting, reason: str = WHY) -> RestorationDone:
        seen = Seen.model_validate(await self.seen(restoration_id))
        return await restoration_decisions.end_step(self.ctx, restoration_id, verb, seen, by, reason)

    async def apply(self, restoration_id: UUID) -> None:
        await self.do(restoration_id, RestorationVerb.RECEIVE_APPLICATION, DESK)

    async def verify(self, restoration_id: UUID) -> None:
        await self.do(restoration_id, RestorationVerb.VERIFY, IO)

    async def waive(self, restoration_id: UUID) -> None:
        """The holders, who have had notice, waive the rest of the time to object, and contradict nothing."""
        await self.write_waivers(restoration_id)
        self.clock.at += CONTRADICTED_BY
        while (dues := (await self.look(restoration_id)).dues) and dues[0].at <= self.clock.at:
            await self.action(restoration_id, dues[0].what)
            if dues[0].what == ClockAction.END_STEP:
                break

    async def write_waivers(self, restoration_id: UUID, *hold_ids: UUID) -> None:
        """Record the waivers of these holders, or of all of the restoration, unless they are recorded already."""
        await self.give_notice(restoration_id)
        query = "SELECT DISTINCT hold_id FROM restoration_line WHERE restoration_id = $1 ORDER BY 1"
        for hold_id in hold_ids or [hold for (hold,) in await self.bench.rows(query, restoration_id)]:
            told = {"reason": WHY, "hold_id": hold_id, "document": b64encode(PDF)}
            waived = NoticeWaived.model_validate({**await self.seen(restoration_id), **told})
            with suppress(WaiverRecorded):
                await waive_notice(self.ctx, restoration_id, waived, IO)

    async def send_back(self, restoration_id: UUID, to: Step | None = None, by: Acting = SP) -> RestorationDone:
        back = SendBack.model_validate({**await self.seen(restoration_id), "reason": WHY, "to": to})
        return await restoration_decisions.send_back(self.ctx, restoration_id, back, by)

    async def object(
        self, restoration_id: UUID, hold_id: UUID | None = None, by: ObjectionBy = ObjectionBy.HOLDER
    ) -> int:
        """Receive an objection; one of a holder or a bank is about the first hold, unless it names another."""
        if hold_id is None and by in RELEASED_FOR:
            query = "SELECT hold_id FROM restoration_line WHERE restoration_id = $1 ORDER BY hop_no LIMIT 1"
            hold_id = await self.bench.value(query, restoration_id)
        new = NewObjection.model_validate(
            {**await self.seen(restoration_id), "by_whom": by, "text": "my pay", "hold_id": hold_id}
        )
        done = await objections.receive_objection(self.ctx, restoration_id, new, DESK)
        assert done.objection_id is not None
        return done.objection_id

    async def decide(self, restoration_id: UUID, objection_id: int, decision: ObjectionDecision) -> None:
        """Decide an objection, and confirm the release that upholding it proposes after the time of the hearing."""
        await self.propose(restoration_id, objection_id, decision)
        query = "SELECT subject::uuid FROM proposal WHERE kind = 'release' AND decision IS NULL AND body @> $1"
        hold_id = await self.bench.pool.fetchval(query, {"objection_id": objection_id})
        if hold_id is not None:
            await confirmed(self.ctx, self.clock, hold_id)

    async def propose(self, restoration_id: UUID, objection_id: int, decision: ObjectionDecision) -> RestorationDone:
        decided = ObjectionDecided.model_validate(
            {
                **await self.seen(restoration_id),
                "objection_id": objection_id,
                "decision": decision,
                "reason": WHY,
                "releases": await self.releases(restoration_id, objection_id),
            }
        )
        return await objections.decide_objection(self.ctx, restoration_id, decided, DY_SP)

    async def releases(self, restoration_id: UUID, objection_id: int) -> list[dict[str, Any]]:
        """The amounts that the view of an objection shows to the officer who decides on it."""
        found = await self.objections(restoration_id)
        (of_objection,) = [one.releases for one in found if one.objection_id == objection_id] or [()]
        return [{"hold_id": one.hold_id, "paise": one.paise} for one in of_objection]

    async def objections(self, restoration_id: UUID) -> tuple[ObjectionView, ...]:
        """The objections as officers see them."""
        async with self.bench.pool.acquire() as connection:
            opens = self.ctx.persons.open_stored
            found = await restoration_views.get(connection, restoration_id, self.clock.at, (), opens)
        return found.objections

    async def prepare(self, restoration_id: UUID, by: Acting = IO) -> None:
        await restoration_decisions.prepare(self.ctx, restoration_id, Seen(**await self.seen(restoration_id)), by)

    async def approve(self, restoration_id: UUID, by: Acting = SP, account_end: str | None = None) -> RestorationDone:
        seen = await self.approval(restoration_id, account_end)
        return await restoration_decisions.approve(self.ctx, restoration_id, seen, by)

    async def approval(self, restoration_id: UUID, account_end: str | None = None) -> RestorationApproval:
        """An approval of what is prepared now; of a paisa if nothing is."""
        due_paise = await self.bench.value(
            "SELECT sum(due_paise)::bigint FROM restoration_line WHERE restoration_id = $1", restoration_id
        )
        return RestorationApproval(**await self.seen(restoration_id), due_paise=due_paise or 1, account_end=account_end)

    async def take_order(self, restoration_id: UUID, court_order_id: int) -> RestorationDone:
        taken = OrderTaken(**await self.seen(restoration_id), court_order_id=court_order_id)
        return await restoration_decisions.take_order(self.ctx, restoration_id, taken, IO)

    async def to_approval(self, restoration_id: UUID) -> None:
        """Of a restoration below the threshold: everything up to the approval, undisturbed."""
        await self.tick(restoration_id, 3)
        await self.apply(restoration_id)
        await self.verify(restoration_id)
        await self.waive(restoration_id)

    async def to_credit(self, restoration_id: UUID, account_end: str | None = None) -> None:
        """As `to_approval`, and approved."""
        await self.to_approval(restoration_id)
        await self.tick(restoration_id)
        await self.prepare(restoration_id)
        await self.approve(restoration_id, account_end=account_end)

    # -- what others write -----------------------------------------------------------------------------------------

    async def register_fir(self, case_no: str) -> None:
        await self.bench.pool.execute(
            "INSERT INTO fir (fir_id, case_no, kind, state, fir_no, requested_at, requested_by, registered_at)"
            " VALUES (gen_random_uuid(), $1, 'fir', 'registered', '12/2026', $2, 'officer:io', $2)",
            case_no,
            self.clock.at,
        )

    async def court_order(
        self,
        case_no: str,
        kind: str,
        effect: str = "restore",
        paise: int | None = None,
        document: bytes = b"its PDF",
    ) -> int:
        sealed = await sealed_document(self.ctx, case_no, COURT_ORDER, document)
        order_id: int = await self.bench.value(
            "INSERT INTO court_order (case_no, kind, effect, court, order_no, made_on, amount_paise, taken_by,"
            " taken_at, confirmed_by, confirmed_at, counts_until, document_digest, person_id, sealed_document)"
            " VALUES ($1, $2, $3, 'CJM Lucknow', $4, $5, $6, 'officer:io', $7, 'officer:dy_sp', $7, $8, $9, $10, $11)"
            " RETURNING court_order_id",
            case_no,
            kind,
            effect,
            rrn(),
            self.clock.at.date(),
            paise,
            self.clock.at,
            self.clock.at + timedelta(days=180) if effect == "keep_hold" else None,
            *sealed,
        )
        return order_id

    async def confirm(self, restoration_id: UUID, *, part: int | None = None) -> list[ConfirmationTaken]:
        """The banks give back what they were ordered to, or only `part` of each line (paise)."""
        async with self.bench.pool.acquire() as connection:
            orders = await bank_orders.of_restoration(connection, restoration_id)
            lines = {order.order_id: await bank_orders.lines_of(connection, order.order_id) for order in orders}
        return [
            await take_confirmation(
                self.ctx,
                order.institution,
                order.order_id,
                OrderConfirmation(
                    lines=tuple(
                        ConfirmedLine(
                            line_no=line.line_no,
                            amount_paise=part or line.amount_paise,
                            done_at=self.clock.at,
                            # A bank that says it again says the same.
                            reference=f"UTR{order.order_id.hex[:16]}{line.line_no}",
                        )
                        for line in lines[order.order_id]
                    )
                ),
                f"bank:{order.institution}",
            )
            for order in orders
        ]

    async def check(self, case_no: str) -> None:
        """Assert what must hold of a case at every instant, by the bench and by the product's own verification."""
        await self.bench.check(case_no)
        async with self.bench.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            async for record in case_records(connection, BodyOpener(self.ctx.persons), case_no):
                assert examine(record) == []

    # -- sights ----------------------------------------------------------------------------------------------------

    async def at(self, restoration_id: UUID) -> tuple[str, str, str]:
        """State, step and route."""
        (found,) = await self.bench.rows(
            "SELECT state, step, coalesce(route, '') FROM restoration WHERE restoration_id = $1", restoration_id
        )
        return found[0], found[1], found[2]

    async def steps(self, restoration_id: UUID) -> list[tuple[str, str | None]]:
        """Every visit of every step with its outcome, in order."""
        return await self.bench.rows(
            "SELECT step, outcome FROM restoration_step WHERE restoration_id = $1 ORDER BY place", restoration_id
        )

    async def events(self, case_no: str, kind: str) -> list[dict[str, Any]]:
        """The data of a case's events of one kind, in order."""
        return [
            found
            for (found,) in await self.bench.rows(
                "SELECT data FROM case_event WHERE case_no = $1 AND kind = $2 ORDER BY seq", case_no, kind
            )
        ]

    async def tasks(self, restoration_id: UUID) -> list[str]:
        """The kinds of the open tasks about a restoration."""
        found = await self.bench.rows(
            "SELECT kind FROM desk_task WHERE subject_id = $1 AND cause = 'restoration_step' AND state = 'open'"
            " ORDER BY task_id",
            str(restoration_id),
        )
        return [kind for (kind,) in found]

    async def orders(self, case_no: str) -> list[tuple[str, str, str, int]]:
        """Kind, reason, bank and paise of every order of a case."""
        return await self.bench.rows(
            "SELECT o.kind, o.reason, o.institution, sum(l.amount_paise)::bigint FROM bank_order o"
            " JOIN bank_order_line l USING (order_id) WHERE o.case_no = $1 GROUP BY o.order_id"
            " ORDER BY o.planned_at, o.institution",
            case_no,
        )
