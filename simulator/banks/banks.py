"""Banks at work in compressed real time: tickets wait, are handled, and their answers go to the police."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from functools import partial
from urllib.parse import urlsplit

from simulator.banks.faults import FaultBook, drawn_faults
from simulator.banks.messages import Script, ScriptedAnswer, signed_answer, signed_debits, status_update
from simulator.banks.poster import HTTP_GONE, HTTP_OK, Poster, Reply, onward_of, parts_of, refused_of, refused_paise_of
from simulator.banks.tickets import PostRecord, TicketBook, TicketRecord
from simulator.clock import IST, Clock, chance
from simulator.config import Channel, SimulatorConfig
from simulator.institutions import Institution
from simulator.net.http_client import HttpClient
from simulator.people.sms_gateway import SmsGateway
from simulator.wires.answer_page import Visitor, statements
from simulator.wires.i4c import MAX_ROWS, FraudReport, RowWriter
from simulator.wires.letters import SPOOL_POLL_WALL_SECONDS, ReadCode, put_answer, was_accepted, write_answer
from simulator.world.bank_model import BankModel, Finding, Incident, Post
from simulator.world.world import World

EARLY_MOST_WALL_SECONDS = 3.0
"""longest time that an early answer delays the reply to the fraud report"""


class Banks:
    """Ticket handling of every bank. One asyncio task per ticket sleeps until the ticket is due."""

    def __init__(
        self,
        config: SimulatorConfig,
        institutions: Sequence[Institution],
        world: World,
        clock: Clock,
        phones: SmsGateway,
    ) -> None:
        self._phones = phones
        self.config = config
        self.by_code: Mapping[str, Institution] = {bank.code: bank for bank in institutions}
        self.world = world
        self.clock = clock
        self.desk = BankModel(world, config, institutions)
        self.book = TicketBook()
        self.faults = FaultBook(config.seed)
        if config.random_faults:
            for bank in institutions:
                self.faults.put(bank.code, drawn_faults(config.seed, bank.code))
        self.poster = Poster(config.posts_at_once, config.first_backoff_wall_seconds, self.faults)
        self.held_by_case: dict[str, dict[str, int]] = {}
        """by acknowledgement number and class of bank: paise held"""
        self.nudges = {"mail": 0, "call": 0, "worked": 0}
        self._row_writer = RowWriter(config.seed, clock, self.by_code, world.accounts)
        self._scripts: dict[tuple[str, str], Script] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Stop all tasks."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.poster.close()

    def code_reader(self, bank: Institution) -> ReadCode:
        """Return what reads codes at the phone of the bank's nodal officer."""
        return partial(self._phones.code, bank.nodal_mobile)

    def script(self, bank: str, rrn: str) -> Script:
        """Return the script of one transfer at one bank; create an empty one if there is none."""
        return self._scripts.setdefault((bank, rrn), Script())

    def scripted(self, bank: str, rrns: Sequence[str]) -> Script | None:
        """Return the first script about one of these transfers."""
        return next((s for s in (self._scripts.get((bank, rrn)) for rrn in rrns) if s is not None), None)

    async def receive(
        self, bank: Institution, key: str, report: FraudReport, channel: Channel = "i4c", link: str = ""
    ) -> TicketRecord:
        """Accept a request: return a new ticket, or the existing one. An early answer is sent before this returns."""
        known = self.book.known(bank, key)
        if known is not None and not bank.ignores_key:
            return known
        record = self.book.open(bank, key, report, self.clock.now(), channel, link)
        task = self._spawn(self._handle(record))
        if self.scripted(bank.code, record.rrns) is None and self.desk.early(bank, record.rrns):
            await asyncio.wait({task}, timeout=EARLY_MOST_WALL_SECONDS)
        return record

    def nudge(self, record: TicketRecord, *, by_call: bool) -> bool:
        """Remind a bank of a ticket; return whether that helped."""
        self.nudges["call" if by_call else "mail"] += 1
        nudges, number = self.config.nudges, sum(self.nudges.values())
        rate: float = nudges.call if by_call else getattr(nudges, record.bank.answer_class)
        helped = not record.worked and chance(self.config.seed, rate, "nudge", record.number, number)
        if helped:
            self.nudges["worked"] += 1
            record.nudge.set()
        return helped

    async def post_as(
        self, bank: Institution, ack_no: str, job_id: str | None, rows: Sequence[dict[str, object]]
    ) -> tuple[int, dict[str, object]]:
        """Post rows as that bank, once, with any content; return the HTTP status and the JSON reply."""
        content: dict[str, object] = {"acknowledgement_no": ack_no, "transactions": list(rows)}
        if job_id is not None:
            content["job_id"] = job_id
        reply = await self.poster.post(bank, content)
        return reply.status, reply.content

    def _spawn(self, work: Coroutine[None, None, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _handle(self, record: TicketRecord) -> None:
        """Handle a ticket from receipt to its last answer."""
        code = record.bank.code
        answers: list[ScriptedAnswer] = []
        by_world: list[Incident] = []
        for incident in record.report.incidents:
            script = self._scripts.get((code, incident.rrn))
            if script is None or script.answers is None:
                by_world.append(incident)
            else:
                answers += script.answers
        async with asyncio.TaskGroup() as group:
            for answer in answers:
                group.create_task(self._send_scripted(record, answer))
            if by_world:
                group.create_task(self._work(record, by_world))
        self.book.answer_given(record)

    async def _send_scripted(self, record: TicketRecord, answer: ScriptedAnswer) -> None:
        await asyncio.sleep(answer.after_wall_seconds)
        now = self.clock.instant(self.clock.now()).astimezone(IST)
        rows = [
            {
                "root_account_number": self._account_number(record.bank, str(row.get("root_rrn_transaction_id"))),
                "root_bankid": record.bank.code,
                "transaction_datetime": f"{now:%Y-%m-%d %H:%M:%S}",
            }
            | row
            for row in answer.rows
        ]
        await self._deliver(record, rows, answer.ack_no, answer.job_id)

    def _account_number(self, bank: Institution, rrn: str) -> str:
        credit = self.world.find(rrn, bank.code)
        return credit.account.plan.key.number if credit is not None else ""

    async def _work(self, record: TicketRecord, incidents: Sequence[Incident]) -> None:
        """Handle each incident at its time, then report the findings."""
        bank, rrns = record.bank, [incident.rrn for incident in incidents]
        start = record.received_world
        if self.desk.silent(bank, rrns):
            await record.nudge.wait()
            record.nudge.clear()
            start = self.clock.now()
        early = self.desk.early(bank, rrns)
        by_hand = record.channel == "email"
        due = {i.rrn: start if early else start + self.desk.delay(bank, i.rrn, by_hand=by_hand) for i in incidents}
        findings, at = [], start
        for incident in sorted(incidents, key=lambda i: due[i.rrn]):
            at = await self._until(record, due[incident.rrn])
            self.world.advance(at)
            findings.append(self._find(record, incident))
        self.book.work_done(record)
        async with asyncio.TaskGroup() as group:
            for post in self.desk.posts(bank, record.report.ack_no, findings):
                group.create_task(self._post(record, post, at))

    def _find(self, record: TicketRecord, incident: Incident) -> Finding:
        before = self.world.held_paise
        finding = self.desk.work(record.bank, record.report.ack_no, incident)
        by_class = self.held_by_case.setdefault(record.report.ack_no, {})
        answer_class = record.bank.answer_class
        by_class[answer_class] = by_class.get(answer_class, 0) + self.world.held_paise - before
        return finding

    async def _until(self, record: TicketRecord, due: float) -> float:
        """Wait until the simulated time `due`, or less after a reminder; return the simulated time of the end.

        The result is the due time, not the slightly later time at which a busy machine resumes the task: the world must
        not depend on the machine's load. While the clock stands still, waits last as long, and the time does not
        change.
        """
        while True:
            now = self.clock.now()
            if due - record.saved <= now:
                return due - record.saved
            try:
                await asyncio.wait_for(record.nudge.wait(), self.clock.wall_seconds(due - record.saved - now))
            except TimeoutError:
                return due - record.saved if self.clock.running else now
            record.nudge.clear()
            left = due - record.saved - self.clock.now()
            record.saved += max(0.0, left) * (1 - self.config.nudges.remaining)

    async def _post(self, record: TicketRecord, post: Post, worked_at: float) -> None:
        """Send one status update when it is due, in as many posts as its rows need."""
        wait = worked_at + post.after - self.clock.now() if self.clock.running else post.after
        if post.after > 0 and wait > 0:
            await asyncio.sleep(self.clock.wall_seconds(wait))
        rows = [self._row_writer.row(record.bank, row) for row in post.rows]
        for first in range(0, len(rows), MAX_ROWS):
            await self._deliver(record, rows[first : first + MAX_ROWS])

    async def _deliver(
        self,
        record: TicketRecord,
        rows: Sequence[dict[str, object]],
        ack_no: str | None = None,
        job_id: str | None = None,
    ) -> None:
        case_ack_no = ack_no or record.report.ack_no
        key = f"{' '.join(record.rrns)} {len(record.posts)}"
        parts_paise = parts_of(rows)
        rows = self.faults.with_faults(record.bank.code, key, rows)
        sent = PostRecord(onward_of(rows), refused_of(rows), key, refused_paise=refused_paise_of(rows))
        record.posts.append(sent)
        self.book.named(case_ack_no, record, parts_paise, sent)
        if record.channel == "email":
            await self._visit(record, rows, sent)
        elif record.channel == "iso20022":
            await self._file(record, rows, sent)
        elif record.report.hop_nos or record.report.is_debit_inquiry:
            is_inquiry = record.report.is_debit_inquiry
            message = signed_debits(record, rows) if is_inquiry else signed_answer(record, rows)
            if message is not None:
                await self.poster.deliver(record.bank, message, sent)
        else:
            await self.poster.deliver(record.bank, status_update(record, ack_no, job_id, rows), sent)

    async def _visit(self, record: TicketRecord, rows: Sequence[dict[str, object]], sent: PostRecord) -> None:
        """Open the link of the newest letter and fill in the page, until it is accepted or closed."""
        left = statements(rows)

        async def say() -> Reply:
            line = HttpClient(origin_of(record.link), 1, self.config.authority_file)
            try:
                return Reply(
                    await Visitor(line, record.link, record.bank, left, self.code_reader(record.bank)).say_all(), {}
                )
            finally:
                line.close()

        await self.poster.until_accepted(record.bank, sent, say)

    async def _file(self, record: TicketRecord, rows: Sequence[dict[str, object]], sent: PostRecord) -> None:
        """Answer by a message; rows about hops that were not in the request are skipped."""
        body = write_answer(record.bank.code, record.report, rows)
        if body is not None:
            await self.file(record.bank, body, sent)

    async def file(self, bank: Institution, body: bytes, sent: PostRecord) -> None:
        """Put a message into the bank's spool folder, and wait until the police accept or refuse it."""
        root = self.config.iso_spool
        if root is None:
            return
        folder = root / bank.code
        name = await asyncio.to_thread(put_answer, folder, body)

        async def say() -> Reply:
            while (taken := await asyncio.to_thread(was_accepted, folder, name)) is None:  # noqa: ASYNC110
                await asyncio.sleep(SPOOL_POLL_WALL_SECONDS)
            return Reply(HTTP_OK if taken else HTTP_GONE, {})

        await self.poster.until_accepted(bank, sent, say)


def origin_of(link: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(link)
    return f"{parts.scheme}://{parts.netloc}"
