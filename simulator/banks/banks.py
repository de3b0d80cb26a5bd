"""The banks at work in real (compressed) time: tickets wait, are worked, and their answers leave for the police."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from urllib.parse import urlsplit

from simulator.banks.faults import FaultBook, drawn_faults
from simulator.banks.poster import HTTP_GONE, HTTP_OK, Poster, Reply, onward_of, refused_of
from simulator.banks.script import Script, ScriptedAnswer
from simulator.banks.speech import signed_answer, status_update
from simulator.banks.tickets import PostRecord, TicketBook, TicketRecord
from simulator.clock import IST, Clock
from simulator.config import Channel, SimulatorConfig
from simulator.institutions import Institution
from simulator.net.http_client import Line
from simulator.seeds import chance
from simulator.wires.answer_page import Visitor, statements
from simulator.wires.i4c import MAX_ROWS, FraudReport, Scribe
from simulator.wires.iso_files import LOOK_EVERY_WALL_SECONDS, put_answer, was_taken
from simulator.wires.iso_messages import write_answer
from simulator.world.bank_model import BankDesk, Finding, Incident, Post
from simulator.world.world import World

EARLY_MOST_WALL_SECONDS = 3.0
"""how long an early answer holds up the reply to the fraud report"""


class Banks:
    """Every bank's ticket office. One asyncio task a ticket, asleep until the ticket is due."""

    def __init__(
        self,
        config: SimulatorConfig,
        institutions: Sequence[Institution],
        world: World,
        clock: Clock,
    ) -> None:
        self.config = config
        self.by_code: Mapping[str, Institution] = {bank.code: bank for bank in institutions}
        self.world = world
        self.clock = clock
        self.desk = BankDesk(world, config, institutions)
        self.book = TicketBook()
        self.faults = FaultBook(config.seed)
        if config.random_faults:
            for bank in institutions:
                self.faults.put(bank.code, drawn_faults(config.seed, bank.code))
        self.poster = Poster(config.posts_at_once, config.first_backoff_wall_seconds, self.faults)
        self.held_by_case: dict[str, dict[str, int]] = {}
        """by acknowledgement number and class of bank: paise held"""
        self.nudges = {"mail": 0, "call": 0, "worked": 0}
        self._scribe = Scribe(config.seed, clock, self.by_code, world.accounts)
        self._scripts: dict[tuple[str, str], Script] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Send everybody home."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.poster.close()

    def script(self, bank: str, rrn: str) -> Script:
        """The script of one transfer at one bank; empty, and created, when there is none."""
        return self._scripts.setdefault((bank, rrn), Script())

    def scripted(self, bank: str, rrns: Sequence[str]) -> Script | None:
        """The first script that speaks of one of these transfers."""
        return next((s for s in (self._scripts.get((bank, rrn)) for rrn in rrns) if s is not None), None)

    async def receive(
        self, bank: Institution, key: str, report: FraudReport, channel: Channel = "i4c", link: str = ""
    ) -> TicketRecord:
        """Take a request: a new ticket, or the one it already has. An early answer leaves before this returns."""
        known = self.book.known(bank, key)
        if known is not None and not bank.ignores_key:
            return known
        record = self.book.open(bank, key, report, self.clock.now(), channel, link)
        task = self._spawn(self._handle(record))
        if self.scripted(bank.code, record.rrns) is None and self.desk.early(bank, record.rrns):
            await asyncio.wait({task}, timeout=EARLY_MOST_WALL_SECONDS)
        return record

    def nudge(self, record: TicketRecord, *, by_call: bool) -> bool:
        """Remind a bank of a ticket; says whether that helped."""
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
        """Post rows as that bank, once, whatever they say; gives the HTTP status and the JSON that came back."""
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
        """A ticket from arrival to its last answer."""
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
                group.create_task(self._recite(record, answer))
            if by_world:
                group.create_task(self._work(record, by_world))
        self.book.answer_given(record)

    async def _recite(self, record: TicketRecord, answer: ScriptedAnswer) -> None:
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
        """Work each incident at its time, then say what was found."""
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
        """Sleep until the world time `due`, or sooner if somebody nudges; gives the world time at which it is over.

        That is the time it was due, not the little later at which a busy machine woke us: the world must not depend
        on how busy the machine is. While the clock stands, waits last as long, and the time stays what it is.
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
        rows = [self._scribe.row(record.bank, row) for row in post.rows]
        for first in range(0, len(rows), MAX_ROWS):
            await self._deliver(record, rows[first : first + MAX_ROWS])

    async def _deliver(
        self,
        record: TicketRecord,
        rows: Sequence[dict[str, object]],
        ack_no: str | None = None,
        job_id: str | None = None,
    ) -> None:
        told = ack_no or record.report.ack_no
        key = f"{' '.join(record.rrns)} {len(record.posts)}"
        rows = self.faults.bent(record.bank.code, key, rows)
        sent = PostRecord(onward_of(rows), refused_of(rows), key)
        record.posts.append(sent)
        self.book.named(told, sent)
        if record.channel == "email":
            await self._visit(record, rows, sent)
        elif record.channel == "iso20022":
            await self._file(record, rows, sent)
        elif record.report.hop_nos:
            speech = signed_answer(record, rows)
            if speech is not None:
                await self.poster.deliver(record.bank, speech, sent)
        else:
            await self.poster.deliver(record.bank, status_update(record, ack_no, job_id, rows), sent)

    async def _visit(self, record: TicketRecord, rows: Sequence[dict[str, object]], sent: PostRecord) -> None:
        """Open the link of the newest letter and fill in the page, again and again until it is taken or closed."""
        left = statements(rows)

        async def say() -> Reply:
            line = Line(origin_of(record.link), 1)
            try:
                return Reply(await Visitor(line, record.link, record.bank, left).say_all(), {})
            finally:
                line.close()

        await self.poster.until_taken(record.bank, sent, say)

    async def _file(self, record: TicketRecord, rows: Sequence[dict[str, object]], sent: PostRecord) -> None:
        """Answer by a message; rows that speak of nothing that was asked are not said."""
        body = write_answer(record.bank.code, record.report, rows)
        if body is not None:
            await self.file(record.bank, body, sent)

    async def file(self, bank: Institution, body: bytes, sent: PostRecord) -> None:
        """Put a message into the bank's folder of the spool, and wait until the police take it or send it back."""
        root = self.config.iso_spool
        if root is None:
            return
        folder = root / bank.code
        name = await asyncio.to_thread(put_answer, folder, body)

        async def say() -> Reply:
            while (taken := await asyncio.to_thread(was_taken, folder, name)) is None:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_EVERY_WALL_SECONDS)
            return Reply(HTTP_OK if taken else HTTP_GONE, {})

        await self.poster.until_taken(bank, sent, say)


def origin_of(link: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(link)
    return f"{parts.scheme}://{parts.netloc}"
