"""The engine as it runs for real: its services and processes beside the test, and a simulated world around it."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import psutil
import pytest
from pydantic import SecretStr, TypeAdapter
from temporalio.client import Client

from activities.banks.directory import load_directory
from activities.officers.enrolment import import_officers
from activities.privacy.person_keys import PersonKeys
from activities.secrets import SecretBox
from activities.sessions import new_token
from db.pool import Pool, open_pool
from domain.evidence.integrity import Verdict
from domain.policy.model import PACKAGED_POLICY
from schemas.banks.institutions import InstitutionEntry
from schemas.enums import OFFICER_ROLES, EscalationLevel, Role
from simulator import SimulatorConfig, SimulatorServer
from simulator.people.callers import Person, Staff
from tests.event_texts import untold
from tests.forked import command_lines, starts_are_forks
from tests.ground import Ground
from tests.officers import enrol
from tests.signed_in import begin_sessions, headers_of
from workers.home import secret_box, secret_key
from workers.processes import Supervisor
from workers.settings import Settings
from workers.simulated import issue_intake_token, register_keys, with_known_address
from workers.simulated_people import POLICE, roster
from workers.stack import Running, Services, services, start_engine, until_failure, with_tls_ports
from workers.temporal import connect
from workers.verifying import verify

HOST = "127.0.0.1"
LOOK_SECONDS = 0.25
"""a look is a query or a request to the API, and costs more than the quarter of a second that it may come too late"""
ENTRIES = TypeAdapter(list[InstitutionEntry])
Json = dict[str, Any]


@dataclass
class Live:
    """One running engine with its world.

    `api` speaks to officers over real HTTP and `intake` to intake, with no token of their own.
    """

    services: Services
    running: Running
    pool: Pool
    sim: SimulatorServer
    api: httpx.AsyncClient
    intake: httpx.AsyncClient
    sessions: Mapping[str, str]
    """token of the session of each officer, by id: the simulated ones, and one of each role for the test"""
    intake_token: str
    watching: asyncio.Future[None]
    """the task that restarts the engine's parts; done when it has given one up"""
    restores: bool = False
    """whether officers, courts and victims play restoration too"""

    # -- doors -----------------------------------------------------------------------------------------------------

    def officer(self, role: Role) -> dict[str, str]:
        """The headers of an officer with that role, who is signed in."""
        return headers_of(self.sessions[f"{role}-officer"])

    async def complain(self, *transfers: Json) -> str:
        """Post a complaint; gives the case's number."""
        body = {
            "channel": "helpline_1930",
            "category": "upi_fraud",
            "victim": {"name": "A. Victim", "mobile": "9876543210", "district": "LUCKNOW"},
            "transfers": list(transfers),
        }
        headers = {**self.officer(Role.INTAKE), "Idempotency-Key": uuid4().hex}
        answer = await self.intake.post("/api/v1/complaints", json=body, headers=headers)
        assert answer.status_code == 201, answer.text
        case_no: str = answer.json()["case_ack_no"]
        return case_no

    async def read(self, path: str, **query: str) -> Json:
        """What stands at a path of the officer API."""
        answer = await self.api.get(f"/api/v1{path}", params=query, headers=self.officer(Role.DESK))
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def post(self, path: str, body: Json) -> Json:
        """Do something as an officer of the desk."""
        answer = await self.api.post(f"/api/v1{path}", json=body, headers=self.officer(Role.DESK))
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def play(self) -> None:
        """Begin the simulated day: complaints come in, and somebody works at the desk."""
        people = defaultdict[Role, list[Person]](list)
        for one in roster():
            headers = headers_of(self.sessions[one.officer_id])
            people[one.roles[0]].append(Person(one.officer_id, "", "", headers, one.districts))
        police = {role.value: people[role] for role in POLICE}
        self.sim.staff = Staff(people[Role.DESK][0], police if self.restores else {})
        self.sim.start(
            self.running.api_url,
            self.intake_token,
            intake_url=self.running.intake_url,
            signed_url=self.running.settings.public_url,
        )

    def connect_banks(self) -> None:
        """Tell the banks where they reach the engine, without a day of complaints."""
        self.sim.connect(self.running.intake_url, self.running.settings.public_url)

    # -- faults ----------------------------------------------------------------------------------------------------

    def pid(self, name: str) -> int | None:
        """The process that is `intake`, `worker …`, `temporal` or `postgres` now; None while there is none."""
        embedded = {"temporal": self.services.temporal, "postgres": self.services.postgres}
        if name in embedded:
            service = embedded[name]
            assert service is not None
            return service.process.pid if service.process.is_running else None
        found = [child.pid for child in psutil.Process().children() if _runs(child, name)]
        return found[0] if found else None

    # -- looking ---------------------------------------------------------------------------------------------------

    async def until(
        self,
        true: Callable[[], Awaitable[bool]],
        limit_seconds: float,
        what: str,
        *,
        left: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """Wait until it is so; fails with `what` when time is up, and with what is `left` to wait for."""
        deadline = time.monotonic() + limit_seconds
        while not await true():
            assert not self.watching.done(), self.watching.exception()
            if time.monotonic() >= deadline:
                waits_for = await left() if left else "it is not so"
                pytest.fail(f"{what}: not within {limit_seconds:.0f} s: {waits_for}")
            await asyncio.sleep(LOOK_SECONDS)

    async def until_settled(self, case_no: str, limit_seconds: float = 240.0) -> None:
        """Wait until the case is settled, and check that the API says so.

        The database is asked while the case goes on: a request to the API costs many times what a query does.
        """
        state = "SELECT state FROM case_file WHERE case_no = $1"

        async def settled() -> bool:
            return bool(await self.pool.fetchval(state, case_no) == "settled")

        await self.until(settled, limit_seconds, f"case {case_no} settles")
        assert (await self.read(f"/cases/{case_no}"))["state"] == "settled"

    async def until_phoned(self, case_no: str, request_id: str, limit_seconds: float = 240.0) -> None:
        """Raise a request without an answer, level by level, until the desk is to phone its bank.

        The next level is asked for when the one before is reached. Asked for sooner, a request may go past the desk.
        Raises AssertionError after `limit_seconds` for one level.
        """
        reached = 0

        async def is_reached() -> bool:
            events = "SELECT count(*) FROM case_event WHERE case_no = $1 AND kind = 'level_reached'"
            count: int = await self.pool.fetchval(events, case_no)
            return count >= reached

        while not (await self.read("/desk/tasks", case=case_no, kind="phone_bank"))["items"]:
            reached += 1
            assert reached < len(EscalationLevel), "the bank is to be phoned"
            await self.post(f"/cases/{case_no}/requests/{request_id}/escalate", {"reason": "nothing is heard"})
            await self.until(is_reached, limit_seconds, f"{reached} levels are reached")

    async def database_answers(self) -> bool:
        """Whether PostgreSQL takes our queries (again)."""
        try:
            return bool(await self.pool.fetchval("SELECT true"))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False

    async def verified(self) -> Verdict:
        """What `goldenhour verify` finds. The timeline must be able to say every event."""
        events = await self.pool.fetch("SELECT DISTINCT kind, data FROM case_event")
        assert untold((event["kind"], event["data"]) for event in events) == set()
        url = self.running.settings.database_url
        assert url is not None
        return await verify(url.get_secret_value(), persons=PersonKeys(secret_box(self.running.settings)))

    async def temporal(self) -> Client:
        """A client of the engine's Temporal server."""
        address = self.running.settings.temporal_address
        assert address is not None
        return await connect(address, self.running.settings.temporal_namespace)


async def side_by_side(plays: Mapping[str, Coroutine[Any, Any, object]]) -> None:
    """Play cases at the same time on one engine, because each mostly waits; fail with each failure and its name."""
    outcomes = await asyncio.gather(*plays.values(), return_exceptions=True)
    failures = []
    for name, outcome in zip(plays, outcomes, strict=True):
        if isinstance(outcome, BaseException):
            outcome.add_note(f"in the play {name!r}")
            failures.append(outcome)
    if failures:
        raise BaseExceptionGroup("plays failed", failures)


def _runs(child: psutil.Process, command: str) -> bool:
    """Whether a child is the product's own `goldenhour COMMAND`."""
    words = ["-m", "workers.cli", *command.split()]
    try:
        line = command_lines.get(child.pid) or child.cmdline()
        return line[1 : 1 + len(words)] == words
    except psutil.NoSuchProcess:
        return False


@asynccontextmanager
async def live(
    home: Path,
    config: SimulatorConfig,
    ground: Ground | None = None,
    *,
    letters: bool = False,
    restores: bool = False,
    long_acts: bool = False,
    call_timeout_seconds: int | None = None,
    asks_payers_banks: bool = False,
    holds_last_seconds: int | None = None,
    shift_grace_seconds: int | None = None,
    over_tls: bool = False,
) -> AsyncIterator[Live]:
    """Run the whole stack in `home`, each process watched over and started again, with a simulator in this process.

    The data is on `ground`; without one the stack starts a PostgreSQL and a Temporal server of its own. With `letters`
    every bank can be asked by e-mail too, when its own channel fails or brings no answer. With `long_acts` an act that
    needs a fresh sign-in may come 25 minutes after it. With `call_timeout_seconds` no call to a bank takes longer:
    banks that say nothing cost that much. With `holds_last_seconds` a hold without an order lapses after so many
    seconds of procedures. With `shift_grace_seconds` the record of a shift is written so long after its end. With
    `over_tls` the hosts of the TLS ports are there too.
    """
    settings = Settings(
        home=home,
        api_port=0,
        intake_port=0,
        clock_factor=config.clock_factor,
        procedure_clock_factor=config.procedure_clock_factor,
        warm_connections=False,
    )
    settings = on_ground(settings, ground) if ground else settings
    settings = with_tls_ports(settings) if over_tls else settings
    changes = {}
    # The officers of a play have sessions and no authenticator, and a play may be long.
    if restores or long_acts:
        changes["proof_seconds = 300\n"] = "proof_seconds = 1500\n"
    if call_timeout_seconds is not None:
        changes["call_timeout_seconds = 10\n"] = f"call_timeout_seconds = {call_timeout_seconds}\n"
    if asks_payers_banks:
        changes["ask = false\n"] = "ask = true\n"
    if holds_last_seconds is not None:
        changes["lapse_after_seconds = 7776000\n"] = f"lapse_after_seconds = {holds_last_seconds}\n"
    if shift_grace_seconds is not None:
        changes["grace_seconds = 600\n"] = f"grace_seconds = {shift_grace_seconds}\n"
    if changes:
        settings = settings.model_copy(update={"policy_file": changed_policy(home, changes)})
    settings = with_known_address(settings) if letters else settings
    settings = settings.model_copy(update={"iso_spool": config.iso_spool})
    async with SimulatorServer(config, run_clock=False) as sim, starts_are_forks():
        settings = settings.model_copy(update={"smtp_url": SecretStr(f"smtp://{HOST}:{sim.smtp_port}")})
        if restores or letters or long_acts:
            sms_url = f"http://:{config.sms_token}@{sim.base_url.removeprefix('http://')}/sms?from=UPCOPS"
            settings = settings.model_copy(update={"sms_url": SecretStr(sms_url)})
        async with services(settings) as found, Supervisor(home / "logs") as supervisor:
            watching = asyncio.ensure_future(until_failure(found, supervisor, restarts=True))
            url = found.settings.database_url
            assert url is not None, "services fill it in"
            pool = await open_pool(url.get_secret_value(), min_size=1, max_size=4)
            try:
                secret_box = SecretBox(secret_key(found.settings))
                await load_directory(pool, secret_box, ENTRIES.validate_python(sim.directory))
                await register_keys(pool, sim.public_keys)
                sessions = await sign_everybody_in(pool, secret_box)
                intake_token = await issue_intake_token(pool)
                running = await start_engine(supervisor, found.settings)
                async with (
                    httpx.AsyncClient(base_url=running.api_url, timeout=20, trust_env=False) as api,
                    httpx.AsyncClient(base_url=running.intake_url, timeout=20, trust_env=False) as intake,
                ):
                    yield Live(found, running, pool, sim, api, intake, sessions, intake_token, watching, restores)
                assert not watching.done(), watching.exception()
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
                await pool.close()


async def sign_everybody_in(pool: Pool, keys: SecretBox) -> dict[str, str]:
    """Write the officers of the simulated world, and one of each role for the test; return tokens of their sessions."""
    await import_officers(pool, roster(), "command:test")
    for role in OFFICER_ROLES:
        await enrol(pool, [f"{role}-officer"], [role])
    names = [one.officer_id for one in roster()] + [f"{role}-officer" for role in OFFICER_ROLES]
    found = {name: new_token() for name in names}
    await begin_sessions(pool, keys, {token: name for name, token in found.items()})
    return found


def on_ground(settings: Settings, ground: Ground) -> Settings:
    """Settings of a stack that keeps its data on `ground`."""
    return settings.model_copy(
        update={
            "database_url": SecretStr(ground.database_url),
            "migration_url": SecretStr(ground.migration_url),
            "database_is_embedded": True,
            "temporal_address": ground.temporal_address,
            "temporal_namespace": ground.temporal_namespace,
        }
    )


def changed_policy(home: Path, changes: Mapping[str, str]) -> Path:
    """Write a policy file that is the packaged one but for these lines; return its path."""
    text = PACKAGED_POLICY.read_text(encoding="utf-8")
    for told, instead in changes.items():
        assert text.count(told) == 1, told
        text = text.replace(told, instead)
    path = home.with_name(f"{home.name}-policy.toml")
    path.write_text(text, encoding="utf-8")
    return path
