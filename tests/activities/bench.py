"""A case on the bench: the engine's activities on a real database, with a bank that does what a test tells it.

`Bench.check` asserts with SQL of its own what must hold of a case after whatever happened to it.
"""

import asyncio
import hashlib
from base64 import b64encode
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from activities.banks.delivery import BankDelivery
from activities.case.answers import AnswerReceipt, take_status_update
from activities.case.hold_requests import CaseActivities
from activities.case.intake import Taken, take_complaint
from activities.context import Context
from adapters.banks.i4c.client import report_of
from adapters.banks.protocol import BankError, BankRefused, BankUnreachable, BankWire, Delivery, HoldTicket
from adapters.messages.smtp import Mailer
from adapters.transcript import Sending
from db.case import cases
from db.pool import Connection, Pool
from db.privacy import person_keys
from domain.evidence_binding import GENESIS, event_hash
from schemas.banks.keys import Exchange
from schemas.case.case_workflow import (
    CaseStart,
    Escalate,
    Escalated,
    FollowUp,
    SendHoldRequest,
    Sent,
    SettleCase,
    Settled,
)
from schemas.case.intake import Complaint
from schemas.enums import Bucket, ChannelKind, EscalationLevel
from schemas.privacy.personal_data import PersonalData
from tests.factories import complaint, rrn, status_update
from tests.said import Said, said

LOST_REPLY = "lost reply"
"""the bank takes the ticket, and its reply never arrives"""
NOT_NOW = "not now"
"""the bank replies 503 and takes nothing"""
Outcome = BankError | str | None


@dataclass
class ToldBank:
    """A wire to all banks: each call has the next of `outcomes`, and takes the ticket when they are used up.

    As a real bank it opens one job for one request id, however often it is sent, and refuses another report under it.
    """

    outcomes: deque[Outcome] = field(default_factory=deque)
    tickets: list[tuple[str, HoldTicket]] = field(default_factory=list)
    jobs: dict[UUID, str] = field(default_factory=dict)
    reports: dict[UUID, bytes] = field(default_factory=dict)
    """by request id, the report that the bank took; another one under the same id is refused"""
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event | None = None
    """where there is one, every call waits for it"""

    async def send_hold_request(self, bank: BankWire, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        self.tickets.append((bank.code, ticket))
        self.heard.set()
        if self.gate:
            await self.gate.wait()
        outcome = self.outcomes.popleft() if self.outcomes else None
        if isinstance(outcome, Exception):
            outcome.exchanges = (_exchange(ticket, "", str(outcome)),)
            raise outcome
        if outcome == NOT_NOW:
            refused = BankUnreachable(bank.code, "HTTP 503")
            refused.exchanges = (_exchange(ticket, "", str(refused), status="503"),)
            raise refused
        if self.reports.setdefault(ticket.request_id, report_of(ticket)) != report_of(ticket):
            raise BankRefused(bank.code, "idempotency-key-reused")
        job_id = self.jobs.setdefault(ticket.request_id, f"BANKS-{ticket.request_id}")
        if outcome == LOST_REPLY:
            lost = BankUnreachable(bank.code, "timeout")
            lost.exchanges = (_exchange(ticket, "", str(lost)),)
            raise lost
        return Delivery(job_id, (_exchange(ticket, job_id),))

    async def called(self) -> None:
        """Wait until the first call is here."""
        async with asyncio.timeout(10):
            await self.heard.wait()

    async def close(self) -> None:
        pass


def _exchange(ticket: HoldTicket, job_id: str, failure: str = "", status: str | None = None) -> Exchange:
    """What passes on a wire with an envelope."""
    report = report_of(ticket)
    passed = Sending("POST https://bank.example/transaction-fraud", (), b64encode(report[::-1]), report)
    passed.failure, passed.status = failure, status
    if job_id:
        passed.status, passed.reply, passed.replied_whole = "200", bytearray(job_id.encode()), True
    return passed.exchange(ChannelKind.I4C)


class Bench:
    """Verbs of a case's life, as short as a test wants them."""

    def __init__(self, ctx: Context, mailer: Mailer | None = None) -> None:
        self.ctx = ctx
        self.bank = ToldBank()
        self.freeze = CaseActivities(ctx, BankDelivery(ctx, {ChannelKind.I4C: self.bank}), mailer)
        self.starts: dict[str, CaseStart] = {}
        """by case, what its workflow was last started with"""
        self.news_before: dict[str, int] = {}

    @property
    def pool(self) -> Pool:
        return self.ctx.pool

    async def victims(self, case_no: str) -> list[PersonalData]:
        """Return the opened data of the case's victims, in the order of their complaints."""
        async with self.pool.acquire() as connection:
            return [*self.ctx.persons.open_all(await person_keys.of_case(connection, case_no)).values()]

    async def said(self, kind: str, case_no: str, **also: str) -> list[Said]:
        """Return the opened messages of a kind, the oldest first. `also` names further columns and their values."""
        return await said(self.ctx, kind, case_no, **also)

    # -- verbs -----------------------------------------------------------------------------------------------------

    async def complain(self, *transfers: dict[str, Any], taken_by: str = "officer:1", **changes: Any) -> str:
        """Take a complaint about these transfers, of a victim of its own; returns the case's number."""
        # One mobile number and name are one victim, whose money is counted together.
        victim = {"name": f"A. Victim {rrn()[-6:]}", "mobile": "9876543210", "district": "LUCKNOW"}
        changes = {"victim": victim} | changes
        return (await self.take(complaint(*transfers, **changes), taken_by=taken_by)).receipt.case_ack_no

    async def take(self, told: Complaint, *, key: str | None = None, taken_by: str = "officer:1") -> Taken:
        taken = await take_complaint(self.ctx, told, idempotency_key=key or rrn(), taken_by=taken_by)
        await self.note(taken.follow_up)
        return taken

    async def answer(
        self,
        bank: str,
        ack_no: str,
        *rows: dict[str, Any],
        job_id: str | None = None,
        free: bool = False,
        signed: bool = False,
    ) -> AnswerReceipt:
        """Take an answer of `bank`. An equal answer has an equal body, as from a bank that posts it twice."""
        digest = hashlib.sha256(orjson.dumps([ack_no, job_id, rows])).digest()
        update = status_update(ack_no, rows, job_id, free=free)
        receipt = await take_status_update(self.ctx, bank, update, digest, is_signed=signed)
        await self.note(receipt.follow_up)
        return receipt

    async def orders(self, case_no: str) -> list[SendHoldRequest]:
        """The planned requests that no bank has yet, as the workflow would order them."""
        async with self.pool.acquire() as connection:
            start = await cases.snapshot(connection, case_no)
        return [
            SendHoldRequest(case_no=case_no, request_id=request.request_id, institution=request.institution)
            for request in start.requests
            if not request.delivered
        ]

    async def ask(self, case_no: str) -> list[Sent]:
        """Send every planned request that no bank has yet."""
        return [await self.freeze.send_hold_request(order) for order in await self.orders(case_no)]

    async def ask_one(self, case_no: str) -> Sent:
        """As `ask`, where there is one bank to ask."""
        (sent,) = await self.ask(case_no)
        return sent

    async def escalate(self, case_no: str, sent: Sent, level: EscalationLevel, institution: str = "HDFC") -> Escalated:
        if level is EscalationLevel.GIVE_UP:
            await self.make_old(sent.request_id)
        return await self.freeze.escalate_request(
            Escalate(case_no=case_no, request_id=sent.request_id, institution=institution, level=level)
        )

    async def make_old(self, request_id: str) -> None:
        """Move a request and its last level so far back that it may be given up."""
        await self.pool.execute(
            "UPDATE hold_request SET sent_at = sent_at - interval '91 days', level_at = level_at - interval '91 days'"
            " WHERE request_id = $1::text::uuid",
            request_id,
        )

    async def settle(self, case_no: str) -> Settled:
        return await self.freeze.settle_case(SettleCase(case_no=case_no))

    async def note(self, follow_up: FollowUp | None) -> None:
        """Remember with what the workflow was started; the news it was sent are in the database."""
        if follow_up and follow_up.start:
            self.starts[follow_up.case_no] = follow_up.start
            self.news_before[follow_up.case_no] = await self.value(
                "SELECT coalesce(max(news_id), 0) FROM case_news WHERE case_no = $1", follow_up.case_no
            )

    # -- sights ----------------------------------------------------------------------------------------------------

    async def value(self, query: str, *arguments: object) -> Any:
        return await self.pool.fetchval(query, *arguments)

    async def rows(self, query: str, *arguments: object) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.pool.fetch(query, *arguments)]

    async def buckets(self, case_no: str) -> dict[str, int]:
        """What lies where in the whole case, in paise; empty buckets left out."""
        found = await self.rows(
            "SELECT bucket, sum(amount_paise)::bigint FROM ledger_entry WHERE case_no = $1"
            " GROUP BY bucket HAVING sum(amount_paise) <> 0",
            case_no,
        )
        return dict(found)

    async def hops(self, case_no: str, columns: str = "state") -> list[Any]:
        """One column of every hop, or tuples of several."""
        found = await self.rows(f"SELECT {columns} FROM hop WHERE case_no = $1 ORDER BY hop_no", case_no)
        return [row[0] if len(row) == 1 else row for row in found]

    async def tasks(self, case_no: str) -> list[tuple[str, int | None]]:
        """Kind and hop of every open task."""
        return await self.rows(
            "SELECT kind, hop_no FROM desk_task WHERE case_no = $1 AND state = 'open' ORDER BY task_id", case_no
        )

    async def discrepancies(self, case_no: str) -> list[tuple[str, int, int]]:
        """Kind, claimed and applied paise of each."""
        return await self.rows(
            "SELECT kind, claimed_paise, applied_paise FROM discrepancy WHERE case_no = $1 ORDER BY discrepancy_id",
            case_no,
        )

    async def events(self, case_no: str) -> list[str]:
        """The kinds of events, in order."""
        return [
            row[0] for row in await self.rows("SELECT kind FROM case_event WHERE case_no = $1 ORDER BY seq", case_no)
        ]

    # -- the rules -------------------------------------------------------------------------------------------------

    async def check(self, case_no: str) -> None:
        """Assert everything that must hold of a case at every instant."""
        async with self.pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            for name, query in _MUST_BE_EMPTY.items():
                broken = await connection.fetch(query, case_no)
                assert not broken, f"{name}: {[dict(row) for row in broken]}"
            await _check_chain(connection, case_no)
            await _check_placed(connection, case_no)
            if case_no in self.starts:
                await self._check_told(connection, case_no)

    async def _check_told(self, connection: Connection, case_no: str) -> None:
        """The workflow's start and the news since say of every hop what the database says of it."""
        told: dict[int, tuple[int, int]] = {}

        def tell(stage: int, hops: Sequence[tuple[int, int]]) -> None:
            for hop_no, revision in hops:
                told[hop_no] = max(told.get(hop_no, (-1, 0)), (revision, stage))

        start = self.starts[case_no]
        tell(0, [(hop.hop_no, hop.revision) for hop in start.open_hops])
        tell(0, [(ref.hop_no, ref.revision) for request in start.requests for ref in request.hops])
        tell(1, [(ref.hop_no, ref.revision) for ref in start.parked])
        for news in await connection.fetch(
            "SELECT body FROM case_news WHERE case_no = $1 AND news_id > $2 ORDER BY news_id",
            case_no,
            self.news_before[case_no],
        ):
            for stage, name in enumerate(("opened", "parked", "closed")):
                tell(stage, [(ref["hop_no"], ref["revision"]) for ref in news["body"][name]])
            requests = news["body"]["requests"]
            tell(0, [(ref["hop_no"], ref["revision"]) for request in requests for ref in request["hops"]])
        stages = {"open": 0, "asked": 0, "correction": 1, "unroutable": 1, "closed": 2}
        for hop in await connection.fetch(_HOPS_TO_BE_TOLD, case_no):
            if hop["state"] == "closed" and hop["hop_no"] not in told:
                continue  # closed before the start, or by the escalation of the workflow itself
            is_told = told.get(hop["hop_no"])
            expected = (hop["revision"], stages[hop["state"]])
            assert is_told == expected or hop["given_up"], f"hop {hop['hop_no']}: told {is_told}, is {expected}"


_HOPS_TO_BE_TOLD = """
SELECT h.hop_no, h.revision, h.state, EXISTS (
    SELECT FROM request_hop rh JOIN hold_request r USING (request_id)
    WHERE rh.case_no = h.case_no AND rh.hop_no = h.hop_no AND r.state = 'stopped' AND r.level = 'give_up'
) AND h.state = 'closed' AS given_up
FROM hop h WHERE h.case_no = $1
"""

_MUST_BE_EMPTY = {
    "entries of a posting sum to zero": """
        SELECT transaction_id, sum(amount_paise) FROM ledger_entry WHERE case_no = $1
        GROUP BY transaction_id HAVING sum(amount_paise) <> 0""",
    "lost is the sum of all buckets": """
        SELECT sum(amount_paise) FROM ledger_entry WHERE case_no = $1 HAVING sum(amount_paise) <> 0""",
    "a bucket is the sum of its entries, and none is below zero": """
        SELECT hop_no, bucket, sum(e.amount_paise), max(b.balance_paise) FROM ledger_entry e
        FULL JOIN ledger_balance b USING (case_no, hop_no, bucket) WHERE case_no = $1 GROUP BY hop_no, bucket
        HAVING sum(e.amount_paise) IS DISTINCT FROM max(b.balance_paise)
            OR sum(e.amount_paise) * CASE WHEN bucket IN ('lost', 'proposed') THEN -1 ELSE 1 END < 0""",
    "a hop is closed exactly when nothing of it is in play": """
        SELECT h.hop_no, h.state, sum(e.amount_paise) FROM hop h
        LEFT JOIN ledger_entry e ON e.case_no = h.case_no AND e.hop_no = h.hop_no AND e.bucket = 'in_play'
        WHERE h.case_no = $1 GROUP BY h.case_no, h.hop_no
        HAVING (h.state = 'closed') <> (coalesce(sum(e.amount_paise), 0) = 0)""",
    "at most one live request asks about a hop": """
        SELECT hop_no FROM request_hop WHERE case_no = $1 AND live GROUP BY hop_no HAVING count(*) > 1""",
    "a hop that is asked has a live request at its own bank and revision, and no other hop has one": """
        SELECT h.hop_no, h.state FROM hop h LEFT JOIN request_hop rh ON rh.case_no = h.case_no
            AND rh.hop_no = h.hop_no AND rh.live
        LEFT JOIN hold_request r ON r.request_id = rh.request_id
        WHERE h.case_no = $1 AND ((h.state = 'asked') <> (r.request_id IS NOT NULL)
            OR r.institution <> h.institution OR rh.revision <> h.revision)""",
    "a request is finished exactly when none of its hops is live": """
        SELECT r.request_id, r.state, r.closed_at FROM hold_request r WHERE r.case_no = $1 AND
            ((r.closed_at IS NOT NULL) <> (r.state IN ('answered', 'stopped', 'superseded')) OR (r.closed_at IS NULL) <>
            EXISTS (SELECT FROM request_hop rh WHERE rh.request_id = r.request_id AND rh.live))""",
    "what is disputed of a hop is what the ledger took up for it": """
        SELECT h.hop_no, h.disputed_paise, sum(e.amount_paise) FROM hop h LEFT JOIN (
            SELECT e.* FROM ledger_entry e JOIN ledger_transaction t USING (transaction_id)
            WHERE t.kind NOT IN ('resolution', 'withdrawal', 'merge')) AS e
            ON e.case_no = h.case_no AND e.hop_no = h.hop_no AND (CASE h.source WHEN 'complaint'
                THEN e.bucket IN ('lost', 'proposed') ELSE e.bucket = 'in_play' AND e.amount_paise > 0 END)
        WHERE h.case_no = $1 GROUP BY h.case_no, h.hop_no
        HAVING h.disputed_paise <> coalesce(abs(sum(e.amount_paise)), 0)""",
    "hops give no more than they got": """
        SELECT p.hop_no FROM hop p JOIN hop c ON c.case_no = p.case_no AND c.parent_hop_no = p.hop_no
        WHERE p.case_no = $1 GROUP BY p.case_no, p.hop_no HAVING sum(c.disputed_paise) > p.disputed_paise""",
    "a layer is one below its parent's, and hops are numbered without gaps": """
        SELECT h.hop_no FROM hop h LEFT JOIN hop p ON p.case_no = h.case_no AND p.hop_no = h.parent_hop_no
        WHERE h.case_no = $1 AND h.layer <> coalesce(p.layer, 0) + 1
        UNION ALL SELECT c.last_hop_no FROM case_file c WHERE c.case_no = $1
            AND c.last_hop_no <> (SELECT count(*) FROM hop WHERE case_no = $1)""",
    "nothing is in play in a settled case": """
        SELECT c.case_no FROM case_file c JOIN ledger_balance b USING (case_no)
        WHERE c.case_no = $1 AND c.state = 'settled' AND b.bucket = 'in_play' AND b.balance_paise > 0""",
    "every line of an update is kept, judged once, and counted as the bank was told": """
        SELECT u.update_id, u.reply FROM status_update u JOIN answer a USING (update_id) WHERE u.case_no = $1
        GROUP BY u.update_id HAVING (u.reply->>'accepted')::int + (u.reply->>'duplicates')::int <> count(*)
            OR (u.reply->>'duplicates')::int <> count(*) FILTER (WHERE a.disposition = 'duplicate')""",
    "what lines placed is in the ledger": """
        SELECT a.update_id FROM answer a WHERE a.case_no = $1 GROUP BY a.update_id
        HAVING sum(a.applied_paise) FILTER (WHERE a.kind IN ('held', 'withdrawn', 'spent')) <> (
            SELECT coalesce(sum(e.amount_paise), 0) FROM ledger_entry e JOIN ledger_transaction t USING (transaction_id)
            WHERE t.idempotency_key = 'answer|' || a.update_id AND e.bucket IN ('held', 'withdrawn', 'spent'))""",
    "what waits for the desk has a task": """
        SELECT h.hop_no, h.state FROM hop h WHERE h.case_no = $1 AND h.state = 'unroutable' AND NOT EXISTS (
            SELECT FROM desk_task t WHERE t.case_no = h.case_no AND t.hop_no = h.hop_no
            AND t.kind = 'name_institution')""",
    "a closed hop asks nothing of the desk, but about a transfer that is not found": """
        SELECT h.hop_no, t.kind FROM hop h JOIN desk_task t USING (case_no, hop_no)
        LEFT JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'refused'
        WHERE h.case_no = $1 AND h.state = 'closed' AND t.state = 'open' AND (t.kind IN ('correct_reference',
            'name_institution') OR t.cause = 'waits_for_desk')
            AND NOT (t.cause = 'transfer_not_found' AND coalesce(b.balance_paise, 0) > 0)""",
    "a finished request asks nothing of the desk": """
        SELECT r.request_id, t.kind FROM hold_request r JOIN desk_task t USING (request_id)
        WHERE r.case_no = $1 AND r.closed_at IS NOT NULL AND t.state = 'open'""",
}


async def _check_chain(connection: Connection, case_no: str) -> None:
    previous = GENESIS
    rows = await connection.fetch(
        "SELECT seq, kind, at, actor, data::text AS data_text, previous_hash, hash FROM case_event"
        " WHERE case_no = $1 ORDER BY seq",
        case_no,
    )
    assert [row["seq"] for row in rows] == list(range(1, len(rows) + 1))
    for row in rows:
        assert row["previous_hash"] == previous
        previous = event_hash(previous, case_no, row["seq"], row["kind"], row["at"], row["actor"], row["data_text"])
        assert row["hash"] == previous, f"event {row['seq']}"
    head = await connection.fetchrow("SELECT event_seq, event_hash FROM case_file WHERE case_no = $1", case_no)
    assert head is not None
    assert tuple(head) == (len(rows), previous)


async def _check_placed(connection: Connection, case_no: str) -> None:
    """The figures in the log add up to the ledger."""
    log: dict[tuple[int, str], int] = {}
    for row in await connection.fetch("SELECT data FROM case_event WHERE case_no = $1", case_no):
        for hop_no, bucket, paise in row["data"].get("placed", ()):
            log[hop_no, bucket] = log.get((hop_no, bucket), 0) + paise
    ledger: dict[tuple[int, str], int] = {}
    for row in await connection.fetch(
        "SELECT hop_no, bucket, amount_paise FROM ledger_entry WHERE case_no = $1", case_no
    ):
        place = (row["hop_no"], row["bucket"])
        ledger[place] = ledger.get(place, 0) + row["amount_paise"]
    assert {place: paise for place, paise in log.items() if paise} == {
        place: paise for place, paise in ledger.items() if paise
    }
    assert {bucket for _, bucket in ledger} <= set(Bucket)
