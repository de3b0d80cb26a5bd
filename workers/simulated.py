"""The stack with a simulated world: simulated banks, victims, officers and courts around a real engine.

For the demo and the benchmarks. The simulator is a separate process. It only gets the addresses of the API, the token
of the helpline's script, and what the invented officers sign in with.
"""

import secrets
import sys
from base64 import b64decode
from collections import defaultdict
from collections.abc import AsyncIterator, Container, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import orjson
from pydantic import SecretStr, TypeAdapter

from activities.banks.directory import load_directory
from activities.officers import script_tokens
from adapters.clock import wall_clock
from api.hosts import Site
from db.banks import bank_keys
from db.pool import Pool, open_pool
from domain.message_texts import template_keys, template_text
from schemas.banks.institutions import InstitutionEntry
from schemas.banks.keys import BankKey
from schemas.enums import Role
from schemas.officers.officers import NewScriptToken
from workers.certificates import certificate_files
from workers.embedded.temporal import free_port
from workers.home import PRIVATE_FOLDER_MODE, secret_box
from workers.processes import ChildSpec, Supervisor, http_ready
from workers.reference.sms_templates import template_file
from workers.settings import Settings
from workers.simulated_people import INVENTED, POLICE, SimulatedPerson, enrol_people
from workers.stack import ReportStep, Running, Services, environment, services, site_url, start_engine

HOST = "127.0.0.1"
CONTROL_TIMEOUT_SECONDS = 30.0
CONTROL_CONNECTIONS = httpx.Limits(keepalive_expiry=2.0)
"""The simulator closes a connection after five idle seconds, and a call in that moment would be lost."""
ENTRIES = TypeAdapter(list[InstitutionEntry])
EVERY_CHANNEL: Final[Mapping[str, Any]] = {
    "channels": {
        "api": ["i4c", "push", "i4c", "pull"],
        "seat": ["pull", "i4c"],
        "mail": ["email", "email", "iso20022", "email", "email", "email"],
    }
}
"""Part of the simulator's configuration: banks of each class use these channels in rotation, the largest bank first.
Only a slow bank uses files, because a bank that answers by file cannot report onward transfers."""
SPOOL = "spool"
SMS_TEMPLATES: Final = "sms-templates.toml"
INVENTED_ENTITY: Final = "1201000000000000001"
INVENTED_TEMPLATES: Final = 1_107_000_000_000_000_000
"""the id of the first registered text; the others count on"""
HELPLINE: Final = "helpline"
"""the script that takes complaints"""


@dataclass(frozen=True)
class SimulatedStack:
    """The running services, engine and simulator, and a connection pool to the engine's database for the figures."""

    services: Services
    supervisor: Supervisor
    running: Running
    pool: Pool
    control: httpx.AsyncClient
    """client of the simulator's control API"""
    people: tuple[SimulatedPerson, ...]
    """the invented officers"""
    bank: InstitutionEntry | None
    """an invented bank that signs in to its inbox by e-mail and password, if there is one"""
    with_restorations: bool = False
    """whether officers, courts and victims for restorations are simulated too"""
    restarts: bool = False
    """whether a process that ends is started again"""

    async def sign_in(self) -> None:
        """Let the officers of the simulated day sign in, before anything is measured."""
        by_role = defaultdict[Role, list[dict[str, Any]]](list)
        for person in self.people:
            by_role[person.role].append(person.model_dump(include={"officer_id", "password", "secret", "districts"}))
        police = {role.value: by_role[role] for role in POLICE} if self.with_restorations else {}
        body = {"api_url": self.running.desk_url, "desk": by_role[Role.DESK][0], "police": police}
        (await self.control.post("/sim/sign-in", json=body)).raise_for_status()

    async def start(self) -> None:
        """Start the simulated day.

        The banks and the helpline's script call the plain port, as through a proxy: each answer begins the next
        request, and TLS would cost time there.
        """
        settings = self.running.settings
        body = {
            "api_url": self.running.desk_url,
            "public_url": self.running.site_url(Site.MY),
            "intake_url": self.running.intake_url,
            "signed_url": settings.bank_url or settings.public_url,
            "intake_token": await self.intake_token(),
        }
        (await self.control.post("/sim/start", json=body)).raise_for_status()

    async def intake_token(self) -> str:
        """Issue a token with which the helpline's own system takes complaints."""
        return await issue_intake_token(self.pool)

    async def state(self) -> dict[str, Any]:
        """Return the simulator's state: progress, money, true figures, latencies."""
        answer = await self.control.get("/sim/state")
        answer.raise_for_status()
        content: dict[str, Any] = orjson.loads(answer.content)
        return content


@asynccontextmanager
async def simulated_stack(
    settings: Settings,
    config: Mapping[str, Any],
    *,
    every_channel: bool = False,
    with_restorations: bool = False,
    over_tls: bool = False,
    run_file: bool = False,
    restarts: bool = False,
    ui: bool = False,
    report_step: ReportStep = lambda _: None,
) -> AsyncIterator[SimulatedStack]:
    """Run the stack and a simulator with this configuration (the fields of `SimulatorConfig`).

    With `every_channel` the banks are spread over all channels, and letters carry links. Otherwise all banks use the
    I4C wire. With `with_restorations` an FIR register, an SMS gateway, officers, courts and victims are simulated too.
    With `over_tls` the officers and the citizens use the hosts of the TLS ports, and the links in letters lead there.
    With `run_file` the caller writes the run file next. With `restarts` a process that ends is started again; a
    simulator that is started again has forgotten the day. The day begins with `SimulatedStack.start`. Raises the errors
    of `services` and `start_engine`.
    """
    port, smtp_port = free_port(), free_port()
    settings = settings.model_copy(
        update={
            "api_port": 0,
            "intake_port": 0,
            "api_tls_port": None,
            "intake_tls_port": None,
            "worker_metrics_port": None,
            "clock_factor": float(config.get("clock_factor", 1.0)),
            "smtp_url": SecretStr(f"smtp://{HOST}:{smtp_port}"),
        }
    )
    if with_restorations:
        settings, config = with_restoration_services(settings, config, port)
    if every_channel or over_tls:
        settings = with_known_address(settings, over_tls=over_tls)
    if every_channel:
        config = {**config, **EVERY_CHANNEL}
        settings, config = with_sms_gateway(settings, config, port)
    async with services(settings, ui=ui, report_step=report_step) as running_services:
        ready = running_services.settings
        if every_channel:
            ready, config = with_spool(ready, config)
        async with Supervisor(ready.home / "logs") as supervisor:
            report_step("simulator")
            authority = str(certificate_files(ready.home).authority) if over_tls else None
            base_url, directory_file = await _start_simulator(
                supervisor,
                ready,
                {**config, "port": port, "smtp_port": smtp_port, "authority_file": authority},
                restarts=restarts,
            )
            assert ready.database_url is not None, "services fill it in"
            pool = await open_pool(ready.database_url.get_secret_value(), min_size=1, max_size=4)
            try:
                entries = ENTRIES.validate_json(directory_file.read_bytes())
                await load_directory(pool, secret_box(ready), entries)
                running = await start_engine(
                    supervisor, ready, restarts=restarts, run_file=run_file, report_step=report_step
                )
                report_step("officers of the world")
                people = await enrol_people(
                    pool, ready, running.desk_url, whole=with_restorations, authority=running.authority_file
                )
                async with httpx.AsyncClient(
                    base_url=base_url, timeout=CONTROL_TIMEOUT_SECONDS, limits=CONTROL_CONNECTIONS
                ) as control:
                    keys = orjson.loads((await control.get("/sim/keys")).content)
                    await register_keys(pool, keys)
                    bank = with_inbox(entries, {key["institution"] for key in keys})
                    stack = SimulatedStack(
                        running_services, supervisor, running, pool, control, people, bank, with_restorations, restarts
                    )
                    await stack.sign_in()
                    yield stack
            finally:
                await pool.close()


def with_inbox(entries: Sequence[InstitutionEntry], signing: Container[str]) -> InstitutionEntry | None:
    """Return a bank that has an inbox: one with a password that is not known by its signature alone."""
    return next((entry for entry in entries if entry.inbound is not None and entry.code not in signing), None)


def with_known_address(settings: Settings, *, over_tls: bool = False) -> Settings:
    """Return settings with the API's port chosen in advance, because links in letters contain it.

    With `over_tls` they are the TLS ports, and every host has its address.
    """
    if over_tls:
        port, banks_port = free_port(), free_port()
        addresses = {
            "api_tls_port": port,
            "intake_tls_port": banks_port,
            "desk_url": site_url(Site.DESK, port),
            "public_url": site_url(Site.MY, port),
            "bank_url": site_url(Site.BANK, banks_port),
        }
        return settings.model_copy(update=addresses)
    port = free_port()
    return settings.model_copy(update={"api_port": port, "public_url": f"http://{HOST}:{port}", "bank_url": None})


def with_spool(settings: Settings, config: Mapping[str, Any]) -> tuple[Settings, Mapping[str, Any]]:
    """Return settings and configuration with a shared folder for ISO 20022 files in the home folder."""
    spool = (settings.home / SPOOL).absolute()
    spool.mkdir(mode=0o700, exist_ok=True)
    return settings.model_copy(update={"iso_spool": spool}), {**config, "iso_spool": str(spool)}


def with_restoration_services(
    settings: Settings, config: Mapping[str, Any], port: int
) -> tuple[Settings, Mapping[str, Any]]:
    """Return settings and configuration with an FIR register and an SMS gateway that both sides know."""
    settings, config = with_sms_gateway(settings, config, port)
    key = secrets.token_urlsafe(24)
    settings = settings.model_copy(
        update={
            "procedure_clock_factor": float(config.get("procedure_clock_factor", 1.0)),
            "police_url": SecretStr(f"http://up-cyber:{key}@{HOST}:{port}/police"),
        }
    )
    return settings, {**config, "police_key": key}


def with_sms_gateway(settings: Settings, config: Mapping[str, Any], port: int) -> tuple[Settings, Mapping[str, Any]]:
    """Return settings and configuration with an SMS gateway that both sides know."""
    token = secrets.token_urlsafe(24)
    url = SecretStr(f"http://:{token}@{HOST}:{port}/sms?from=UPCOPS")
    ids = {key: f"{INVENTED_TEMPLATES + number}" for number, key in enumerate(template_keys())}
    settings.home.mkdir(mode=PRIVATE_FOLDER_MODE, parents=True, exist_ok=True)
    file = (settings.home / SMS_TEMPLATES).absolute()
    file.write_text(template_file(INVENTED_ENTITY, ids.__getitem__), encoding="utf-8")
    texts = {template_id: template_text(key) for key, template_id in ids.items()}
    return (
        settings.model_copy(update={"sms_url": url, "sms_templates": file}),
        {**config, "sms_token": token, "sms_entity_id": INVENTED_ENTITY, "sms_templates": texts},
    )


async def issue_intake_token(pool: Pool) -> str:
    """Issue a token with which the helpline's own system takes complaints."""
    new = NewScriptToken(name=HELPLINE, roles=(Role.INTAKE,), days=1)
    _, token = await script_tokens.issue(pool, new, INVENTED)
    return token


async def register_keys(pool: Pool, keys: Iterable[Mapping[str, str]]) -> None:
    """Register the public keys of simulated banks, which are known by their signature alone at once."""
    now = wall_clock()
    async with pool.acquire() as connection:
        for entry in keys:
            key = BankKey(
                key_id=entry["key_id"],
                institution=entry["institution"],
                public_key=b64decode(entry["public_key"]),
                not_before=now,
            )
            await bank_keys.add_key(connection, key, now)
            await bank_keys.sign_only_from(connection, key.institution, now, over=True)


async def _start_simulator(
    supervisor: Supervisor, settings: Settings, config: Mapping[str, Any], *, restarts: bool
) -> tuple[str, Path]:
    port = int(config["port"])
    config_file = settings.home / "simulator.json"
    directory_file = settings.home / "directory.json"
    config_file.write_bytes(orjson.dumps({**config, "host": HOST}))
    command = [sys.executable, "-m", "simulator", "serve"]
    command += ["--config-file", str(config_file), "--directory-file", str(directory_file)]
    await supervisor.start(
        ChildSpec("simulator", command, environment(settings), http_ready(HOST, port, "/sim/state"), restarts=restarts)
    )
    return f"http://{HOST}:{port}", directory_file
