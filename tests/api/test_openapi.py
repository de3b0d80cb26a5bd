"""The published description is true: every request to an operation gets a response that it names."""

import asyncio
from itertools import cycle
from typing import Final

import pytest

from api.officers.sessions import CSRF_HEADER
from tests.api.openapi_world import Caller, NewWorld, World, described, filled, judge, new_world, published
from tests.api.test_openapi_hostile import ODD_STRIDE, RAW_STRIDE, taking_bodies, tried_absurdly, tried_oddly
from tests.api.test_openapi_random import tries

__all__ = ["filled", "new_world"]

WRONG_CALLER_EVERY: Final = 8
HOSTILE_EVERY: Final = 12
OWN_SESSIONS: Final = frozenset(
    f"/api/v1/{path}"
    for path in (
        "session",
        "session/password",
        "session/proof",
        "session/sign-ins",
        "sessions",
        "sessions/{session_id}",
    )
)
"""what officers do with their own sessions, in a session"""


async def test_what_is_published_is_kept(new_world: NewWorld, subtests: pytest.Subtests) -> None:
    for _, names in sorted(described().by_tag.items()):
        async with new_world() as everything:
            for operation_id in names:
                with subtests.test(operation_id):
                    await tried_at_its_edges(everything, operation_id)


async def tried_at_its_edges(everything: World, operation_id: str) -> None:
    """Every case from those whom the operation is for, in turn, and some from all others."""
    rightful = described().rightful(operation_id)
    right, wrong = cycle(rightful), cycle(caller for caller in Caller if caller not in rightful)
    for number, case in enumerate(described().cases(operation_id)):
        judge(case, await everything.call(case, next(right)), rightful=True)
        if number % WRONG_CALLER_EVERY == 0:
            judge(case, await everything.call(case, next(wrong)))
        if everything.at_home(case):
            judge(case, await everything.call(case, next(right)), rightful=True)


async def test_some_operations_take_what_no_honest_client_sends(new_world: NewWorld, subtests: pytest.Subtests) -> None:
    """Some operations, as test_openapi_hostile and test_openapi_random try all of them in `make world`."""
    loop = asyncio.get_running_loop()
    async with new_world() as everything:
        for number, operation_id in enumerate(taking_bodies(sorted(described().operations))[::HOSTILE_EVERY]):
            with subtests.test(operation_id):
                await tried_absurdly(everything, operation_id, slice(number % RAW_STRIDE, None, RAW_STRIDE))
        for number, operation_id in enumerate(sorted(described().operations)[::HOSTILE_EVERY]):
            with subtests.test(operation_id):
                await tried_oddly(everything, operation_id, slice(number % ODD_STRIDE, None, ODD_STRIDE))
                await asyncio.to_thread(tries(everything, operation_id, loop))


def test_a_generated_client_can_act_in_a_session() -> None:
    """A change by an officer names the header of its session. A read, and a call of a bank, do not."""
    named = {
        (method, path): [one for one in operation.get("parameters", ()) if one["name"] == CSRF_HEADER]
        for path, methods in published()["paths"].items()
        for method, operation in methods.items()
    }
    in_session = {
        (method, path)
        for path, methods in published()["paths"].items()
        for method, operation in methods.items()
        if any("OfficerSession" in one for one in operation.get("security", ()))
    }
    assert {method for method, _ in in_session} == {"get", "post", "put", "delete"}
    for (method, path), found in named.items():
        wanted = (method, path) in in_session and method != "get"
        assert [one["in"] for one in found] == ["header"] * wanted, (method, path)
        assert not any(one["required"] for one in found), (method, path)


def test_every_operation_names_its_refusals_and_who_may_call() -> None:
    for path, methods in published()["paths"].items():
        for operation in methods.values():
            assert "default" not in operation["responses"], path
            assert "x-problems" not in str(operation), path
            assert {"500", "503"} <= set(operation["responses"]), path
            schemes = [next(iter(one)) for one in operation.get("security", ())]
            if path.startswith("/api/v1/bank/"):
                assert schemes == ["BankToken", "BankSignature"], path
            elif path == "/api/v1/evidence-keys" or operation["operationId"] in {"sign_in", "place_display"}:
                assert schemes == [], path
            elif path in OWN_SESSIONS:
                assert schemes == ["OfficerSession"], path
            elif path.startswith("/api/"):
                assert schemes == ["OfficerToken", "OfficerSession"], path
