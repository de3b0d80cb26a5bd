"""Strangers who have nothing but the published description: a script complains, a bank takes its hold and answers."""

import ast
import asyncio
import json
import sys
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from activities.context import Context
from api.officers.tokens import Tokens
from tests.api.openapi_world import published
from tests.e2e import generated_client
from tests.e2e.generated_client import GeneratedClient, NotDescribed, Refused
from tests.e2e.test_feed import PATIENCE_SECONDS, VAULT, ctx, world
from tests.factories import rrn
from tests.officers import script_token
from workers.temporal import CaseNotifier

__all__ = ["ctx", "world"]

AMOUNT_PAISE = 10_000_00
OFFICERS_ONLY = frozenset(
    {
        *("read_victim_corrections", "read_stories", "read_victim", "read_treatment_report"),
        "list_team_officers_for_tasks",
        "list_own_shifts",
    }
)
"""reads that no role of a script has"""
World = tuple[CaseNotifier, httpx.AsyncClient]


def test_the_client_knows_nothing_of_ours() -> None:
    tree = ast.parse(Path(generated_client.__file__).read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    foreign = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)
    assert foreign == {"httpx", "jsonschema", "referencing"}


async def described(http: httpx.AsyncClient, **credentials: str) -> GeneratedClient:
    response = await http.get("/api/v1/openapi.json")
    return GeneratedClient(response.json(), http, credentials)


def a_complaint() -> dict[str, Any]:
    return {
        "channel": "helpline_1930",
        "category": "upi_fraud",
        "victim": {"name": "A. Victim", "mobile": "9876543210", "district": "LUCKNOW"},
        "transfers": [
            {
                "payer": {"institution": "SBIN", "account": "30000000001"},
                "payee": {"institution": "HDFC", "account": "50100000000001"},
                "amount_paise": AMOUNT_PAISE,
                "rrn": rrn(),
                "mode": "imps",
                "transferred_at": (datetime.now(UTC) - timedelta(minutes=5)).isoformat(),
            }
        ],
    }


async def settled(script: GeneratedClient, ack_no: str) -> Any:
    """The case, once nothing of it is in play."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            case = await script.read_case(ack_no=ack_no)
            if case["state"] == "settled":
                return case
            await asyncio.sleep(0.05)


async def test_strangers_read_take_a_hold_and_are_refused_as_described(
    ctx: Context, world: World, subtests: pytest.Subtests
) -> None:
    _, http = world
    script = await described(http, OfficerToken=await script_token(ctx.pool))
    ack_no = await answered_hold(script, GeneratedClient(script.document, http))
    with subtests.test("everything that can be read is as described"):
        await check_reads(script, ack_no)
    with subtests.test("refusals are as described"):
        await check_refusals(script.document, http)


async def answered_hold(script: GeneratedClient, bank: GeneratedClient) -> str:
    """Complain, and answer as the bank; return the number of the complaint."""
    login = await bank.log_in_bank(body={"email": "hdfc@banks.example", "password": "HDFC-inbound-pass"})
    bank.credentials["BankToken"] = login["data"]["token"]
    told = await script.take_complaint(body=a_complaint(), idempotency_key=uuid4().hex)
    async with asyncio.timeout(PATIENCE_SECONDS):
        cursor: dict[str, str] = {}
        while not (page := await bank.read_holds(status="open", wait_seconds=10, **cursor))["items"]:
            cursor = {"cursor": page["next"]}
    (hold,) = page["items"]
    assert await bank.read_hold(hold_id=hold["hold_id"]) == hold
    await bank.acknowledge_hold(hold_id=hold["hold_id"], body={})
    (hop,) = hold["hops"]
    line = {"kind": "held", "hop": hop["hop"], "amount_paise": hop["disputed_paise"]}
    answered = await bank.answer_hold(hold_id=hold["hold_id"], body={"lines": [line]}, idempotency_key="a-1")
    assert (answered["accepted"], answered["contradictions"]) == (1, 0)
    case = await settled(script, told["ack_no"])
    assert case["buckets_paise"]["held"] == AMOUNT_PAISE
    assert (await bank.read_hold(hold_id=hold["hold_id"]))["status"] == "answered"
    ack_no: str = told["ack_no"]
    return ack_no


async def check_reads(script: GeneratedClient, ack_no: str) -> None:
    """Every operation that reads and needs no more than a case's number."""
    read = 0
    for name, operation in script.operations.items():
        needs = {one["name"] for one in operation.described.get("parameters", ()) if one.get("required")}
        schemes = [next(iter(one)) for one in operation.described.get("security", ())]
        if name in OFFICERS_ONLY or operation.method != "get":
            continue
        if needs <= {"ack_no"} and schemes[:1] in ([], ["OfficerToken"]):
            await getattr(script, name)(**dict.fromkeys(needs, ack_no))
            read += 1
    assert read > 10


async def check_refusals(document: Mapping[str, Any], http: httpx.AsyncClient) -> None:
    script = GeneratedClient(document, http, {"OfficerToken": "of.nobody.here"})
    bank = GeneratedClient(document, http, {"BankToken": Tokens(VAULT).for_bank("ICIC")})
    for call, status, name in (
        (script.list_cases(), 401, "not-logged-in"),
        (bank.read_hold(hold_id=str(uuid4())), 404, "not-found"),
        (bank.read_holds(cursor="x"), 422, "invalid-request"),
    ):
        with pytest.raises(Refused) as refused:
            await call
        assert (refused.value.status, refused.value.body["type"]) == (status, f"urn:goldenhour:problem:{name}")


# -- the client can say no ---------------------------------------------------------------------------------------------


@pytest.fixture
def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(published()))
    return found


async def test_what_the_description_does_not_allow_is_not_sent(document: dict[str, Any]) -> None:
    def never(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.url)

    http = httpx.AsyncClient(transport=httpx.MockTransport(never), base_url="http://test")
    bank = GeneratedClient(document, http, {"BankToken": "t"})
    hold_id = str(uuid4())
    for call in (
        bank.read_holds(limit=0),
        bank.read_holds(stat="open"),
        bank.read_hold(),
        bank.answer_hold(hold_id=hold_id, body={"lines": [{"kind": "vanished", "hop": 1}]}),
        bank.answer_hold(hold_id=hold_id, body={"lines": []}),
        bank.list_cases(),
    ):
        with pytest.raises(NotDescribed):
            await call
    with pytest.raises(AttributeError):
        bank.read_everything  # noqa: B018 - that it is not there is the point


async def test_what_the_description_does_not_name_is_not_taken(document: dict[str, Any]) -> None:
    good = {"items": [], "next": "x", "more": False}
    headers = {"X-Request-Id": "12345678", "RateLimit": "a", "RateLimit-Policy": "b"}
    told: list[httpx.Response] = [
        httpx.Response(418, json=good, headers=headers),
        httpx.Response(200, json={"items": []}, headers=headers),
        httpx.Response(200, json=good | {"more": "no"}, headers=headers),
        httpx.Response(200, text="good", headers=headers),
        httpx.Response(200, json=good),
        httpx.Response(404, json=good, headers=headers),
    ]
    replies = iter([*told, httpx.Response(200, json=good, headers=headers)])
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: next(replies)), base_url="http://test")
    bank = GeneratedClient(deepcopy(document), http, {"BankToken": "t"})
    for _ in told:
        with pytest.raises(NotDescribed):
            await bank.read_holds()
    assert await bank.read_holds() == good
