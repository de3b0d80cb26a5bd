"""The published description, a case with something of everything, and callers of every kind that try all of it."""

import itertools
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Final
from unittest.mock import MagicMock

import httpx
import pytest
import requests
import schemathesis
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from schemathesis import APIOperation, BaseSchema, Case, GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.specs.openapi import checks

from activities.context import Context
from activities.gateway.lien_comparison import reconcile
from activities.recovery import hold_lifecycle
from activities.secrets import SecretBox
from api.gateway.feed import WAIT_MAX_SECONDS
from api.officers.sessions import COOKIE, CSRF_HEADER
from api.services import Services
from db.banks import bank_keys
from db.pool import open_pool
from domain.policy.model import load_policy
from schemas.banks.keys import BankKey
from schemas.enums import Role
from schemas.gateway.liens import ListedLien
from simulator.people.police import one_page_pdf
from simulator.wires.letters import signed_headers
from tests.api.conftest import SECRET, Doors, line, opened, services_over, temporal_is_there, transfer, with_banks
from tests.api.feed import AT_HDFC, Feed
from tests.deep import DEEP
from workers.embedded.postgres import EmbeddedPostgres
from workers.reference.routes import described_app

KEY: Final = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
KEY_ID: Final = "sbin-tries"
WALLETS_RRN: Final = "444444444444"
COURT_ORDER: Final = {
    "kind": "bnss_503",
    "effect": "keep_hold",
    "court": "CJM Lucknow",
    "order_no": "12/2026",
    "made_on": "2026-11-24",
    "document": b64encode(one_page_pdf("order")).decode(),
}
CASES_MAX: Final = 80 if DEEP else 6
EDGES_MAX: Final = None if DEEP else 42
"""edges of an operation among which its cases are: to work out one takes longer than to try it"""
PLENTY: Final = 1_000_000
"""calls that a bank has: what a bucket refuses shows nothing of the route behind it"""
LONG_WAITS: Final = frozenset(map(str, range(1, WAIT_MAX_SECONDS + 1)))
CHECKS: Final[list[CheckFunction]] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
"""what is asked of every response"""
_numbers = itertools.count(1)
AnyCase = Case[Any]
AnyOperation = APIOperation[Any, Any, Any, Any]


class Caller(StrEnum):
    """Who calls."""

    DESK = "desk"
    SUPERVISOR = "supervisor"
    BANK = "bank"
    WALLET = "wallet"
    """a bank without an envelope, so that each field of its messages can be made absurd"""
    SIGNING_BANK = "signing bank"
    STRANGER = "stranger"


OFFICERS: Final = (Caller.DESK, Caller.SUPERVISOR)
BANKS: Final = (Caller.BANK, Caller.SIGNING_BANK)
EVERYBODY: Final = (Caller.STRANGER,)


@cache
def unserved() -> Services:
    """Services without a server behind them, for an application whose own routes are not called."""
    ctx = Context(MagicMock(), MagicMock(), load_policy())
    return Services(ctx=ctx, notifier=MagicMock(), keys=SecretBox(SECRET), temporal_answers=temporal_is_there)


@cache
def published() -> dict[str, Any]:
    """The description of the whole API, made without a server behind it: no route is called for it."""
    return described_app().openapi()


class Description:
    """A description as `schemathesis` reads it: what can be tried, and whether a response is one it names."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.schema: BaseSchema = schemathesis.openapi.from_dict(document)
        self.operations: dict[str, AnyOperation] = {}
        for found in self.schema.get_all_operations():
            assert isinstance(found, Ok), found
            operation = found.ok()
            self.operations[str(operation.definition.raw["operationId"])] = operation

        self._somewhere: dict[str, dict[str, str]] = {}
        self.by_tag: dict[str, list[str]] = {}
        for name, operation in sorted(self.operations.items()):
            self.by_tag.setdefault(operation.definition.raw["tags"][0], []).append(name)

    def cases(self, operation_id: str) -> list[AnyCase]:
        """What an operation takes at its edges and beyond them, the same every time.

        Of an operation with very many edges it is some of the first: test_openapi_hostile has each field of a body.
        """
        cases = list(itertools.islice(self._edges(operation_id), EDGES_MAX))
        return cases[:: -(-len(cases) // CASES_MAX)]

    def first_case(self, operation_id: str) -> AnyCase:
        """The first of its cases, without the rest: to work out every edge takes seconds."""
        return next(self._edges(operation_id))

    def _edges(self, operation_id: str) -> Iterator[AnyCase]:
        operation = self.operations[operation_id]
        return iter(
            self.schema.iter_coverage_cases(
                operation,
                generation_modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE],
                generation_config=self.schema.config.generation_for(operation=operation),
            )
        )

    def somewhere(self, operation_id: str) -> dict[str, str]:
        """Values for the parameters of its path, which may name nothing."""
        if operation_id not in self._somewhere:
            first = self.first_case(operation_id)
            self._somewhere[operation_id] = {name: str(value) for name, value in first.path_parameters.items()}
        return self._somewhere[operation_id]

    def rightful(self, operation_id: str) -> tuple[Caller, ...]:
        """Whom the operation is for."""
        schemes = {name for one in self.operations[operation_id].definition.raw.get("security", ()) for name in one}
        return OFFICERS if "OfficerToken" in schemes else BANKS if "BankToken" in schemes else EVERYBODY


@cache
def described() -> Description:
    """The published description, read once for all files: that takes most of a second."""
    return Description(published())


@cache
def sent_by(method: str) -> requests.PreparedRequest:
    """The request that the judge is told of: to make one for each response takes longer than to judge it."""
    return requests.Request(method, "http://test").prepare()


def judge(case: AnyCase, response: httpx.Response, *, rightful: bool = False) -> None:
    """Raises where the response is not one that the description names.

    From whom the operation is for (`rightful`), nothing is taken that the description does not allow.
    """
    if case.method != case.operation.method.upper():
        # No operation, so nothing is described: it cannot be done, no such body is read, its caller is not known, or
        # another path has a parameter there, which the last part of this path is no value of.
        assert response.status_code in {401, 405, 415, 422}, (case.method, case.path, response.status_code)
        assert response.status_code != 405 or response.headers["allow"]
        return
    # Whatever was sent, the judge reads the response alone. The client has decoded its content already.
    headers = response.headers.copy()
    headers.pop("content-encoding", None)
    told = Response(
        status_code=response.status_code,
        headers={name: [value] for name, value in headers.items()},
        content=response.content,
        request=sent_by(case.method),
        elapsed=0.0,
        verify=True,
        message=response.reason_phrase,
        encoding=response.encoding,
    )
    refuses = rightful and case.meta is not None and not _is_taken_all_the_same(case.meta.phase.data)
    case.validate_response(told, checks=[*CHECKS, checks.negative_data_rejection] if refuses else CHECKS)


def _is_taken_all_the_same(tried: Any) -> bool:
    """Whether what is wrong with a case is nothing that is refused.

    Its credentials, of which each caller has its own; a query that no route reads; and a reference that names no
    transfer, which is read as none.
    """
    if tried.parameter in {"Authorization", "Signature", COOKIE, CSRF_HEADER} or "unexpected properties" in (
        tried.description or ""
    ):
        return tried.parameter_location is not ParameterLocation.BODY
    return str(tried.description).startswith(("rrn:", "utr:"))


@dataclass
class World:
    """The application, and what stands in it under its own names."""

    doors: Doors
    known: Mapping[str, str]
    """by the name of a path's parameter"""

    async def call(self, case: AnyCase, caller: Caller) -> httpx.Response:
        """Send it as that caller would."""
        if str(case.query.get("wait_seconds")) in LONG_WAITS:
            # What a waiting call gets is tried by itself (test_openapi_streams): here no call waits for half a minute.
            case.query["wait_seconds"] = "0"
        made = requests.Request(**case.as_transport_kwargs(base_url="http://test")).prepare()
        body = made.body.encode() if isinstance(made.body, str) else made.body or b""
        assert isinstance(body, bytes)
        headers = [
            (name.encode(), value.encode("latin-1") if isinstance(value, str) else value)
            for name, value in made.headers.items()
            if name.lower() not in _OWN_FIELDS
        ]
        return await self.send(str(made.method), str(made.url), body, headers, caller)

    async def send(
        self, method: str, url: str, body: bytes, headers: list[tuple[bytes, bytes]], caller: Caller
    ) -> httpx.Response:
        """Send these bytes as that caller would."""
        request = self.doors.client.build_request(method, url, content=body, headers=headers)
        request.headers.update(self._credentials(request, body, caller))
        return await self.doors.client.send(request)

    def _credentials(self, request: httpx.Request, body: bytes, caller: Caller) -> dict[str, str]:
        match caller:
            case Caller.DESK:
                return self.doors.officer(Role.DESK)
            case Caller.SUPERVISOR:
                return self.doors.officer(Role.SUPERVISOR)
            case Caller.BANK:
                return self.doors.bank("SBIN")
            case Caller.WALLET:
                return self.doors.bank("PYTM")
            case Caller.SIGNING_BANK:
                return signed_headers(request.method, str(request.url), body, key_id=KEY_ID, private_key=KEY)
            case Caller.STRANGER:
                return {}

    def at_home(self, case: AnyCase) -> bool:
        """Let a case in which nothing is wrong speak of what is there; whether its path names anything."""
        names = set(case.path_parameters)
        is_right = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
        if not is_right or not names or not names <= set(self.known):
            return False
        case.path_parameters = {name: self.known[name] for name in names}
        return True


_OWN_FIELDS: Final = frozenset({"authorization", "signature", "host", "content-length"})
"""header fields that the caller's credentials and the client decide"""


@dataclass(frozen=True)
class Filled:
    """A database that holds something of everything: tests work on copies of it."""

    template: str
    known: Mapping[str, str]
    """by the name of a path's parameter"""


@pytest.fixture(scope="module")
async def filled(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[Filled]:
    """A case with a trail, a request to each bank, a discrepancy, a task and a comparison; written once a module."""
    template = f"everything_{next(_numbers)}"
    pool = await open_pool(await postgres.create_database(template, template_database), min_size=1, max_size=4)
    await with_banks(pool)
    async with opened(with_plenty(await services_over(pool))) as doors:
        known = await _filled(doors)
    await pool.close()
    yield Filled(template, known)
    await postgres.drop_database(template)


NewWorld = Callable[[], AbstractAsyncContextManager[World]]


@pytest.fixture
def new_world(postgres: EmbeddedPostgres, filled: Filled) -> NewWorld:
    """Opens the application over a copy of the filled database, each time another copy."""

    @asynccontextmanager
    async def copied() -> AsyncIterator[World]:
        name = f"{filled.template}_{next(_numbers)}"
        pool = await open_pool(await postgres.create_database(name, filled.template), min_size=1, max_size=10)
        async with opened(with_plenty(await services_over(pool))) as doors:
            yield World(doors, filled.known)
        await pool.close()
        await postgres.drop_database(name)

    return copied


@pytest.fixture
async def everything(new_world: NewWorld) -> AsyncIterator[World]:
    """The application over a copy of the filled database."""
    async with new_world() as world:
        yield world


def with_plenty(services: Services) -> Services:
    """The same services, with more calls than anybody makes."""
    limits = services.ctx.policy.bank_limits
    plenty = {name: limit.model_copy(update={"calls": PLENTY}) for name, limit in limits.policies.items()}
    bank_limits = limits.model_copy(update={"policies": plenty})
    policy = services.ctx.policy.model_copy(update={"bank_limits": bank_limits})
    return replace(services, ctx=replace(services.ctx, policy=policy))


async def _filled(doors: Doors) -> dict[str, str]:
    pool = doors.services.ctx.pool
    to_wallet = transfer(rrn=WALLETS_RRN, payee={"institution": "PYTM", "wallet": "9876500000"})
    shared = [transfer(), transfer(rrn="422222222222", **AT_HDFC), to_wallet]
    ack_no = (await doors.complain(transfers=shared))["ack_no"]
    planned = await Feed(doors).ask(ack_no)
    told = await doors.answer("SBIN", ack_no, line("held", root_effective_balance="1250.00"))
    assert told.status_code == 200, told.text
    await hold_lifecycle.open_for_new_holds(doors.services.ctx, ack_no)
    (doubt, *_) = (await doors.read(f"/api/v1/cases/{ack_no}/discrepancies"))["items"]
    (restoration, *_) = (await doors.read("/api/v1/restorations"))["restorations"]
    (held, *_) = (await doors.read("/api/v1/holds", ack_no=ack_no))["items"]
    appeal = {"text": "it is the rent of my tenant", "language": "en"}
    filed = await doors.post(f"/api/v1/holds/{held['hold_id']}/grievances", appeal)
    assert filed.status_code == 201, filed.text
    (message, *_) = (await doors.read(f"/api/v1/cases/{ack_no}/messages"))["items"]
    fir = (await doors.post(f"/api/v1/cases/{ack_no}/fir", {"kind": "zero_fir"})).json()
    court_order = (await doors.post(f"/api/v1/cases/{ack_no}/court-orders", COURT_ORDER)).json()
    other = (await doors.complain(transfers=[transfer(rrn="433333333333")]))["ack_no"]
    hold_id = (await Feed(doors).ask(other))["SBIN"]
    rows = [ListedLien(row_no=2, ack_no="90000000000000", reference="610212345678", amount_paise=5)]
    compared = await reconcile(pool, "SBIN", rows, bytes(32), taken_by="test")
    now = datetime.now(UTC)
    async with pool.acquire() as connection:
        key = BankKey(
            key_id=KEY_ID,
            institution="SBIN",
            public_key=KEY.public_key().public_bytes_raw(),
            not_before=now - timedelta(minutes=1),
            not_after=None,
        )
        await bank_keys.add_key(connection, key, now)
    escalated = await doors.post(f"/api/v1/cases/{ack_no}/requests/{planned['HDFC']}/escalate", {"reason": "testing"})
    assert escalated.status_code == 200, escalated.text
    await pool.execute(
        "INSERT INTO case_officer (case_no, duty, assignment_no, subject, name, rank, police_station, district, phone,"
        " assigned_by, assigned_at) VALUES ($1, 'io', 1, 'io', 'Pragya Tripathi', 'Inspector', 'Cyber Crime',"
        " 'LUCKNOW', '9454400001', 'officer:desk', $2)",
        ack_no,
        now,
    )
    document = await doors.post(f"/api/v1/cases/{ack_no}/documents", {"kind": "status_letter", "language": "hi"})
    assert document.status_code == 201, document.text
    return {
        "ack_no": ack_no,
        "document_id": document.json()["document_id"],
        "hop_no": "2",
        "request_id": str(planned["HDFC"]),
        "hold_id": str(hold_id),
        "account_hold_id": held["hold_id"],
        "grievance_id": filed.json()["grievance_id"],
        "discrepancy_id": str(doubt["discrepancy_id"]),
        "reconciliation_id": str(compared.reconciliation_id),
        "restoration_id": restoration["restoration_id"],
        "task_id": "1",
        "message_id": message["message_id"],
        "fir_id": fir["fir_id"],
        "court_order_id": str(court_order["court_order_id"]),
        "kind": "follow_up",
    }
