"""The application over a real database, three banks with three envelopes, and a token for every role."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from fastapi import FastAPI
from jinja2 import Environment
from pydantic import SecretStr

from activities.banks.directory import DirectoryCache, prepared
from activities.context import Context
from activities.privacy.person_keys import PersonKeys
from activities.secrets import SecretBox
from adapters.banks.envelope import seal
from adapters.banks.protocol import BankWire
from api.app import create_app
from api.officers.sessions import COOKIE
from api.officers.tokens import Tokens
from api.services import Services
from db.banks import institutions
from db.banks.institutions import PreparedEntry
from db.pool import Pool
from domain.policy.model import Policy, load_policy
from schemas.banks.institutions import InstitutionEntry
from schemas.case.case_workflow import FollowUp
from schemas.enums import Role
from tests.api.kept_templates import KeptTemplates
from tests.api.late_pages import add_late_pages
from tests.kept_database import database, database_dsn
from tests.lent_routes import lend_routes
from tests.officers import enrol
from tests.signed_in import SessionsInOneRole, begin_sessions, headers_of, is_live

__all__ = ["database", "database_dsn"]

SECRET = SecretStr("a-secret-key-for-tests-only-0123456789")
AES_KEY = b64encode(b"k" * 32).decode()
HMAC_KEY = b64encode(b"m" * 32).decode()

BANKS: list[dict[str, Any]] = [
    {
        "code": "SBIN",
        "name": "State Bank of India",
        "ifsc_prefixes": ["SBIN"],
        "vpa_handles": ["oksbi"],
        "aliases": ["SBI"],
        "answer_class": "api",
        "wire": {"base_url": "http://127.0.0.1:9/SBIN", "email": "p@x", "password": "out-1", "aes_key": AES_KEY},
        "inbound": {"email": "sbin@banks.example", "password": "the password of SBIN"},
        "nodal_officers": [{"name": "A. Nodal", "email": "nodal@sbin.example", "mobile": "9000000001"}],
    },
    {
        "code": "HDFC",
        "name": "HDFC Bank",
        "ifsc_prefixes": ["HDFC"],
        "answer_class": "seat",
        "wire": {
            "base_url": "http://127.0.0.1:9/HDFC",
            "email": "p@x",
            "password": "out-2",
            "envelope": "aes_gcm",
            "aes_key": AES_KEY,
            "hmac_key": HMAC_KEY,
        },
        "inbound": {"email": "hdfc@banks.example", "password": "the password of HDFC"},
    },
    {
        "code": "PYTM",
        "name": "Paytm",
        "kind": "wallet",
        "wire": {"base_url": "http://127.0.0.1:9/PYTM", "email": "p@x", "password": "out-3", "envelope": "none"},
        "inbound": {"email": "pytm@banks.example", "password": "the password of PYTM"},
    },
]


@dataclass
class NotingNotifier:
    """Notes what the workflows would be told."""

    told: list[FollowUp] = field(default_factory=list)

    def soon(self, follow_up: FollowUp) -> None:
        """Note it."""
        self.told.append(follow_up)


@dataclass
class Doors:
    """The application and what stands around it."""

    app: FastAPI
    client: httpx.AsyncClient
    services: Services
    notifier: NotingNotifier
    tokens: Tokens
    _tokens: dict[tuple[str, Role], str] = field(default_factory=dict)
    """of the sessions of officers, by name and role"""
    _to_come: dict[str, str] = field(default_factory=dict)
    """names of the officers whose sessions are not written yet, by the token"""
    _enrolled: set[str] = field(default_factory=set)
    _coming: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.client.event_hooks["request"].append(self.come)
        found = self.services.__dict__.setdefault("sessions", SessionsInOneRole(self.services.ctx, self.services.keys))
        assert isinstance(found, SessionsInOneRole), "no request came before"
        self._sessions = found

    async def come(self, request: httpx.Request | None = None) -> None:
        """Write the officers who come for the first time into the database, and their sessions, unless it is down.

        An officer whose session is over, because a test has moved the clock, gets another one.
        """
        async with self._coming:
            with suppress(OSError):
                await self._write_new()
                if request is not None:
                    await self._come_again(request)

    async def _write_new(self) -> None:
        if not self._to_come:
            return
        pool, keys = self.services.ctx.pool, self.services.keys
        if unknown := {*self._to_come.values()} - self._enrolled:
            await enrol(pool, unknown)
            self._enrolled |= unknown
        await begin_sessions(pool, keys, self._to_come)
        self._to_come = {}

    async def _come_again(self, request: httpx.Request) -> None:
        cookie = request.headers.get("cookie")
        found = [(who, token) for who, token in self._tokens.items() if cookie == f"{COOKIE}={token}"]
        for (name, role), token in found:
            if not await is_live(self.services, token):
                del self._tokens[name, role]
                request.headers.update(self.officer(role, name))
                await self._write_new()

    def officer(self, role: Role, name: str = "officer1") -> dict[str, str]:
        """The headers of an officer who comes in that role. The officer has every role, unless a test has said more."""
        token = self._tokens.get((name, role))
        if token is None:
            token = self._tokens[name, role] = self._sessions.come(role)
            self._to_come[token] = name
        return headers_of(token)

    async def post_officer(self, name: str, *districts: str) -> None:
        """Write an officer who has every role, and answers for these districts alone."""
        await enrol(self.services.ctx.pool, [name], districts=districts)
        self._enrolled.add(name)

    def bank(self, code: str) -> dict[str, str]:
        """The header of a bank that is logged in."""
        return {"Authorization": f"Bearer {self.tokens.for_bank(code)}"}

    async def read(self, path: str, role: Role = Role.DESK, **query: Any) -> Any:
        """What stands at `path`, as an officer of that role sees it."""
        response = await self.client.get(path, headers=self.officer(role), params=query)
        assert response.status_code == 200, response.text
        return response.json()

    async def post(self, path: str, body: Any, role: Role = Role.DESK) -> httpx.Response:
        """Post JSON as an officer of that role."""
        return await self.client.post(path, json=body, headers=self.officer(role))

    async def complain(self, **changes: Any) -> dict[str, Any]:
        """Take a complaint and return its receipt."""
        response = await self.client.post(
            "/api/v1/complaints",
            json=complaint(**changes),
            headers={**self.officer(Role.INTAKE), "Idempotency-Key": uuid4().hex},
        )
        assert response.status_code == 201, response.text
        receipt: dict[str, Any] = response.json()
        return receipt

    async def answer(self, code: str, ack_no: str, *lines: dict[str, Any], job_id: str = "J1") -> httpx.Response:
        """Let a bank answer, in its own envelope."""
        wire = await self.services.ctx.directory.wire(code)
        assert wire is not None
        body = {"acknowledgement_no": ack_no, "job_id": job_id, "transactions": list(lines)}
        return await self.post_update(wire, orjson.dumps(body))

    async def post_update(self, wire: BankWire, plain: bytes) -> httpx.Response:
        """Post a status update of a bank, sealed."""
        sealed = seal(plain, wire)
        return await self.client.post(
            "/banking/FraudReportStatusUpdate",
            content=sealed.body,
            headers={**sealed.headers, **self.bank(wire.code)},
        )


async def temporal_is_there() -> bool:
    """A Temporal server that can be reached."""
    return True


@cache
def _prepared() -> list[PreparedEntry]:
    """The banks with their wires sealed and their passwords hashed, once for all tests: hashing is slow on purpose."""
    return prepared(SecretBox(SECRET), [InstitutionEntry.model_validate(bank) for bank in BANKS])


@cache
def _policy() -> Policy:
    """The packaged policy, read once for all tests."""
    return load_policy()


@pytest.fixture(scope="session", autouse=True)
def _templates_compiled_once() -> Iterator[None]:
    """Compile each template of a page once: to compile those of one page takes longer than most tests of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.pages.Environment", partial(Environment, bytecode_cache=KeptTemplates()))
        yield


@pytest.fixture
async def services(database: Pool) -> Services:
    """The services over a database with three banks."""
    await with_banks(database)
    return await services_over(database)


async def with_banks(pool: Pool) -> None:
    """Write the three banks into a fresh database."""
    async with pool.acquire() as connection:
        await institutions.upsert(connection, _prepared(), datetime.now(UTC))


async def services_over(pool: Pool) -> Services:
    """The services over a database that has its banks."""
    secret_box = SecretBox(SECRET)
    directory = DirectoryCache(pool, secret_box)
    await directory.refresh()
    ctx = Context(pool=pool, directory=directory, policy=_policy(), person_keys=PersonKeys(secret_box))
    return Services(ctx=ctx, notifier=NotingNotifier(), keys=secret_box, temporal_answers=temporal_is_there)


_first: list[FastAPI] = []
"""the first application of this process, which lends its routes to all later ones"""


def new_app(services: Services) -> FastAPI:
    """Return the application over `services`, with the routes that the first one has worked out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.app.PAGES", ())
        app = create_app(services)
    add_late_pages(app, services)
    if not _first:
        _first.append(app)
    lend_routes(_first[0], app)
    return app


@asynccontextmanager
async def opened(services: Services) -> AsyncIterator[Doors]:
    """The application over `services`, called in this process."""
    app = new_app(services)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        assert isinstance(services.notifier, NotingNotifier)
        yield Doors(app, client, services, services.notifier, Tokens(services.keys, services.ctx.now))
    await services.end_streams()


@pytest.fixture
async def doors(services: Services) -> AsyncIterator[Doors]:
    """The application, called in this process."""
    async with opened(services) as found:
        yield found


def transfer(rrn: str = "412345678901", amount_paise: int = 5_000_00, **changes: Any) -> dict[str, Any]:
    """A transfer of a victim at HDFC to an account at SBIN."""
    return {
        "payer": {"institution": "HDFC", "account": "50100000000001", "ifsc": "HDFC0000001"},
        "payee": {"institution": "SBIN", "account": "30000000001", "ifsc": "SBIN0000001"},
        "amount_paise": amount_paise,
        "rrn": rrn,
        "mode": "imps",
        "transferred_at": "2026-11-24T10:00:00+05:30",
        **changes,
    }


def complaint(**changes: Any) -> dict[str, Any]:
    """A complaint of one transfer."""
    return {
        "channel": "helpline_1930",
        "category": "upi_fraud",
        "victim": {"name": "Asha Devi", "mobile": "9876543210", "district": "LUCKNOW", "woman": True},
        "transfers": [transfer()],
        **changes,
    }


def line(kind: str, rrn: str = "412345678901", account: str = "30000000001", **changes: Any) -> dict[str, Any]:
    """A line of a bank's answer about a transfer to `account`."""
    by_kind: dict[str, dict[str, Any]] = {
        "held": {"txn_type": "Transaction Put on Hold", "txn_type_id": 1},
        "moved": {
            "txn_type": "Money Transfer To",
            "txn_type_id": 3,
            "rrn_transaction_id": "512345678901",
            "payee_bank": "HDFC Bank",
            "payee_bank_code": "HDFC",
            "payee_account_number": "50100000000099",
            "ifsc_code": "HDFC0000002",
        },
        "atm": {
            "txn_type": "Withdrawal through ATM",
            "txn_type_id": 5,
            "atm_id": "A1",
            "rrn_transaction_id": "612345678901",
        },
    }
    return {
        "amount": "5000.00",
        "disputed_amount": "5000.00",
        "transaction_datetime": "2026-11-24 10:05:00",
        "root_rrn_transaction_id": rrn,
        "root_account_number": account,
        "root_bankid": "SBIN",
        "status_code": "00",
        "remarks": "",
        **by_kind[kind],
        **changes,
    }
