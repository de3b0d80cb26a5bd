"""The whole simulator: `async with SimulatorServer(config) as sim` serves the banks of a seeded world."""

import asyncio
import contextlib
import logging
import socket
from collections import Counter
from collections.abc import Callable, Coroutine, Generator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn

from simulator.banks.banks import Banks
from simulator.banks.faults import Faults
from simulator.banks.feed import FeedReaders
from simulator.banks.mailbox import Mailboxes
from simulator.banks.messages import ScriptedAnswer, ScriptedReply, WrittenRow
from simulator.banks.paying import BackOffices
from simulator.banks.spool import SpoolReaders
from simulator.banks.tickets import TicketRecord
from simulator.clock import Clock
from simulator.config import DAY_SECONDS, SimulatorConfig
from simulator.control import Control
from simulator.endpoints import Endpoints
from simulator.figures import (
    complaint_figures,
    first_request_ns,
    first_requests_missing,
    first_requests_waiting,
    layer_row,
    post_figures,
    spread,
    taken_in_seconds,
    ticket_figures,
    ticket_row,
    truth_figures,
)
from simulator.institutions import Institution, build_institutions, directory, public_keys, write_directory
from simulator.net.http_client import HttpClient
from simulator.people.callers import ComplaintRecord, Json, ScriptToken, Staff, complaint_body
from simulator.people.grievance_handlers import AT_ONCE, Appellants, GrievanceHandlers
from simulator.people.message_page import SentMessages
from simulator.people.officers import Desk, Officers, Victims
from simulator.people.police import CasePolice, PoliceStation
from simulator.people.restoration import RestorationPeople
from simulator.people.sms_gateway import SmsGateway
from simulator.world.cases import CasePlan, ReportedTransfer, plan_cases
from simulator.world.truth import Truth, build_world, perfect_truth

BACKLOG = 1024
POLL_WALL_SECONDS = 0.005
STATION_CLIENT = "up-cyber"
"""name of the engine at the police's FIR register"""
log = logging.getLogger(__name__)


class AlreadyStartedError(RuntimeError):
    """The day is already being played."""


class NoSuchBankError(RuntimeError):
    """There is no bank with that code in this world."""


class SimulatorServer:
    """A world with its banks' endpoints and mailboxes, victims who complain, and officers at the desk.

    `run_clock` starts the simulated clock with the endpoints; otherwise it stays at 0 until `start_clock` or `start`.
    `with_truth` computes in advance what a perfect engine would hold (about a second for 1,000 cases).
    """

    def __init__(self, config: SimulatorConfig, *, run_clock: bool = True, with_truth: bool = True) -> None:
        self.config = config
        self.institutions: tuple[Institution, ...] = build_institutions(config)
        self.plans: tuple[CasePlan, ...] = plan_cases(config, self.institutions)
        self.truth = self.late_truth = Truth()
        if with_truth:
            self.truth = perfect_truth(config, self.institutions, self.plans)
            self.late_truth = perfect_truth(config, self.institutions, self.plans, lambda _: DAY_SECONDS)
        self.world = build_world(self.plans)
        self.clock = Clock(config.clock_factor)
        self.base_url = ""
        self.smtp_port = 0
        self.records: list[ComplaintRecord] = []
        self.staff = Staff()
        """the officers of the day"""
        self.desk: Desk | None = None
        self.restoration: RestorationPeople | None = None
        self.appellants: Appellants | None = None
        self.grievance_handlers: GrievanceHandlers | None = None
        self.station = PoliceStation(
            STATION_CLIENT, config.police_key.encode(), seed=config.seed, clock_factor=config.procedure_clock_factor
        )
        self.sms = SmsGateway(config.sms_token, config.sms_entity_id, config.sms_templates)
        self.banks: Banks
        self.offices: BackOffices
        self.mailboxes: Mailboxes
        self.readers: FeedReaders
        self.spools: SpoolReaders
        self._run_clock = run_clock
        self._officers: Officers | None = None
        self._clients: list[Officers | HttpClient] = []
        """all HTTP clients of this day, to be closed at the end"""
        self._playing: list[asyncio.Task[None]] = []
        self._server: uvicorn.Server
        self._serving: asyncio.Task[None]

    async def __aenter__(self) -> Self:
        """Open the endpoints."""
        config = self.config
        self.banks = Banks(config, self.institutions, self.world, self.clock, self.sms)
        self.offices = BackOffices(self.banks)
        self.mailboxes = Mailboxes(self.banks, self.offices)
        self.readers = FeedReaders(self.banks, self.offices)
        self.spools = SpoolReaders(self.banks, self.offices)
        self.spools.start()
        listening = listen(config.host, config.port)
        self.base_url = f"http://{config.host}:{listening.getsockname()[1]}"
        self.smtp_port = await self.mailboxes.serve(config.host, config.smtp_port)
        sent = SentMessages(lambda: self.sms.messages, lambda: self.mailboxes.letters)
        options = uvicorn.Config(
            Endpoints(self.banks, self.offices, Control(self), {"police": self.station, "sms": self.sms, "sent": sent}),
            log_level="warning",
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
        )
        self._server = QuietServer(options)
        self._serving = asyncio.create_task(self._server.serve([listening]))
        await until(lambda: self._server.started)
        if self._run_clock:
            self.clock.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything; no task remains."""
        for task in self._playing:
            task.cancel()
        await asyncio.gather(*self._playing, return_exceptions=True)
        self.mailboxes.close()
        await self.readers.close()
        await self.spools.close()
        self._server.should_exit = True
        await self._serving
        await self.offices.close()
        await self.banks.close()
        for client in self._clients:
            client.close()

    # -- the day -------------------------------------------------------------------------------------------------------

    def connect(self, api_url: str, signed_url: str | None = None) -> None:
        """Set the address of the police API for banks.

        Ready answers wait for it, and banks that fetch begin to fetch. Banks sign for `signed_url`, or else for that
        address.
        """
        self.banks.poster.connect(api_url, signed_url or api_url)
        self.readers.connect(api_url, signed_url or api_url)

    async def sign_in(self, api_url: str, staff: Staff) -> None:
        """Sign in the officers who will work in the day. Raises HttpClientError."""
        line = HttpClient(api_url.rstrip("/"), 1, self.config.authority_file)
        try:
            await staff.sign_in(line)
        finally:
            line.close()
        self.staff = staff

    def start_clock(self) -> None:
        """Begin the day: money starts to move."""
        self.clock.start()

    def start(
        self,
        api_url: str,
        intake_token: str,
        *,
        intake_url: str | None = None,
        signed_url: str | None = None,
        public_url: str | None = None,
    ) -> None:
        """Play the day against a police API: a script sends the complaints, and the `staff` works.

        Complaints and banks' calls go to `intake_url`, and citizens open pages at `public_url`, if these are other
        addresses; banks sign for `signed_url`. Raises AlreadyStartedError.
        """
        if self._officers is not None:
            raise AlreadyStartedError(AlreadyStartedError.__doc__)
        intake_url = intake_url or api_url
        trusted = self.config.authority_file
        self._officers = Officers(api_url.rstrip("/"), self.config.complaints_at_once, trusted)
        helpline = Officers(intake_url.rstrip("/"), self.config.complaints_at_once)
        self._clients += [self._officers, helpline]
        self.connect(intake_url, signed_url)
        self.clock.start()
        script, police = ScriptToken(intake_token), self.staff.police
        victims = Victims(self.config, self.plans, self.clock, helpline, script, self.records)
        self._play(victims.complain())
        if (clerk := self.staff.desk) is not None:
            self.desk = Desk(self.config, self.clock, self.banks, self._officers, clerk, self._wrong_transfers())
            self._play(self.desk.work())
        if police:
            case_police = CasePolice(self._officers, police, self.config.restoration.poll_wall_seconds)
            self.restoration = RestorationPeople(self.config, case_police)
            self._play(self.restoration.work())
            bank_client = HttpClient(intake_url.rstrip("/"), AT_ONCE)
            self.grievance_handlers = GrievanceHandlers(
                self.config, self.banks.by_code, case_police, signed_url or intake_url, bank_client
            )
            public_client = HttpClient((public_url or api_url).rstrip("/"), AT_ONCE, trusted)
            self._play_grievances(public_client, self.grievance_handlers)

    def _play_grievances(self, public_client: HttpClient, handlers: GrievanceHandlers) -> None:
        """Start account holders who file grievances on the public page, and the officers who decide them."""
        self.appellants = Appellants(self.config, self.sms, public_client)
        self._clients += [public_client, handlers.line]
        self._play(self.appellants.work())
        self._play(handlers.work())

    def _play(self, part: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(part)
        task.add_done_callback(_log_failure)
        self._playing.append(task)

    def _wrong_transfers(self) -> dict[str, ReportedTransfer]:
        """Return the transfers with errors that the desk can correct, by their reported reference."""
        reported = (
            reported for plan in self.plans for complaint in plan.complaints for reported in complaint.transfers
        )
        return {t.reference: t for t in reported if t.reference != t.move.rrn or t.bank != t.payee.key.bank}

    # -- reading -------------------------------------------------------------------------------------------------------

    @property
    def directory(self) -> list[dict[str, object]]:
        """The institutions in the format that the product loads."""
        return directory(self.institutions, self.base_url)

    @property
    def public_keys(self) -> list[dict[str, str]]:
        """The keys with which banks sign, for the product to register."""
        return public_keys(self.institutions)

    def write_directory(self, path: Path) -> None:
        """Write the directory file, readable by its owner only."""
        write_directory(path, self.directory)

    def complaint(self, case_no: int) -> Json:
        """Return the body of a case's complaint, for tests that post it themselves."""
        return complaint_body(self.plans[case_no].complaints[0], self.clock)

    def state(self) -> Json:
        """Return counts, money, true figures and latencies, for benchmarks and progress displays."""
        book, world = self.banks.book, self.world
        return {
            "seed": self.config.seed,
            "clock_factor": self.config.clock_factor,
            "clock_running": self.clock.running,
            "world_seconds": round(self.clock.now(), 3),
            "complaints": complaint_figures(self.plans, self.records),
            "tickets": ticket_figures(book),
            "posts": post_figures(self.banks.poster),
            "repeated_requests": len(book.repeated_requests),
            "repeated_requests_of": [
                {"ack_no": twice.ack_no, "rrn": twice.rrn, "bank": twice.bank, "keys": list(twice.keys)}
                for twice in book.repeated_requests[:20]
            ],
            "money": {
                "paid_in_paise": world.paid_in_paise,
                "held_paise": world.held_paise,
                "left_paise": {kind.value: paise for kind, paise in world.left_paise.items()},
            },
            "truth": truth_figures(self.truth, self.late_truth, self.banks, self.records),
            "latency_ms": {
                "first_request": spread(first_request_ns(self.records, self.banks)),
                "next_layer": spread(layer.ns for layer in book.next_layers),
            },
            "first_requests_missing": first_requests_missing(self.records, self.banks),
            "first_requests_waiting": first_requests_waiting(self.records, self.banks),
            "taken_in_seconds": taken_in_seconds(self.records, self.clock.monotonic_ns(0.0))
            if self.clock.running
            else 0.0,
            "mail": {"received": self.mailboxes.received, "unknown": self.mailboxes.unknown},
            "faults": self.banks.faults.figures(),
            "nudges": dict(self.banks.nudges),
            "orders": self.offices.figures,
            "restoration": {"under_way": self.restoration.under_way, "done": self._actions_done()}
            if self.restoration
            else None,
            "firs": len(self.station.reports),
            "sms": self.sms.taken,
            "desk": {"corrected": self.desk.corrected, "called": self.desk.called} if self.desk else None,
        }

    def _actions_done(self) -> dict[str, int]:
        """Return the number of actions in restorations and grievances, by kind."""
        return dict(
            sum((part.done for part in (self.restoration, self.appellants, self.grievance_handlers) if part), Counter())
        )

    def ticket_rows(self) -> list[Json]:
        """Return every ticket with its times."""
        return [ticket_row(ticket) for ticket in self.banks.book.tickets]

    def layer_rows(self) -> list[Json]:
        """Return every first request about a hop that an answer named."""
        return [layer_row(layer) for layer in self.banks.book.next_layers]

    def tickets(self, bank: str | None = None, rrn: str | None = None) -> list[TicketRecord]:
        """Return the opened tickets in order, optionally of one bank or about one transfer."""
        return [
            ticket
            for ticket in self.banks.book.tickets
            if (bank is None or ticket.bank.code == bank) and (rrn is None or rrn in ticket.rrns)
        ]

    async def wait_ticket(self, *, bank: str, rrn: str, timeout_seconds: float = 10.0) -> TicketRecord:
        """Wait until that bank has a ticket about that transfer. Raises TimeoutError."""
        async with asyncio.timeout(timeout_seconds):
            await until(lambda: bool(self.tickets(bank, rrn)))
        return self.tickets(bank, rrn)[0]

    # -- directing -----------------------------------------------------------------------------------------------------

    def script(
        self,
        *,
        bank: str,
        rrn: str,
        answers: Sequence[ScriptedAnswer] | None = None,
        reply: ScriptedReply | None = None,
    ) -> None:
        """Set this bank's answers about this transfer (None: as the world decides) and its endpoint's reply."""
        script = self.banks.script(bank, rrn)
        if answers is not None:
            script.answers = tuple(answers)
        if reply is not None:
            script.reply, script.replied = reply, 0

    def put_faults(self, bank: str, faults: Faults) -> None:
        """Replace this bank's faults. Raises NoSuchBankError."""
        if bank not in self.banks.by_code:
            raise NoSuchBankError(NoSuchBankError.__doc__)
        self.banks.faults.put(bank, faults)

    async def post_as(
        self, bank: str, ack_no: str, rows: Sequence[WrittenRow], job_id: str | None = None
    ) -> tuple[int, dict[str, object]]:
        """Post rows as a bank, once, now; return the HTTP status and the JSON of the police."""
        return await self.banks.post_as(self.banks.by_code[bank], ack_no, job_id, rows)

    def nudge(self, ticket: TicketRecord) -> bool:
        """Call the bank about a ticket; return whether that helped."""
        return self.banks.nudge(ticket, by_call=True)


def _log_failure(task: asyncio.Task[None]) -> None:
    """Log the failure of a part of the day, so that it is never silent."""
    if not task.cancelled() and task.exception() is not None:
        log.error("a part of the simulated day failed", exc_info=task.exception())


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; port 0 means a free one."""
    listening = socket.create_server((host, port), backlog=BACKLOG)
    # Every connection inherits this. Otherwise asyncio leaves Nagle's algorithm on for accepted sockets, which costs 40
    # ms per reply.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


async def until(true: Callable[[], bool]) -> None:
    """Poll every few milliseconds until the condition is true, because uvicorn has no event for its start."""
    while not true():  # noqa: ASYNC110
        await asyncio.sleep(POLL_WALL_SECONDS)


class QuietServer(uvicorn.Server):
    """A server that leaves signals to the process that runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture no signals."""
        yield
