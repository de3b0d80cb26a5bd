"""The published description is kept: whoever sends whatever to an operation gets a response that it names."""

from collections.abc import AsyncIterator
from itertools import cycle
from typing import Final

import pytest

from api.parts import Parts
from tests.api.openapi_world import AnyCase, Caller, Description, World, judge, published, world

DESCRIBED: Final = Description(published())
OPERATIONS: Final = sorted(DESCRIBED.operations)
WRONG_CALLER_EVERY: Final = 5


@pytest.fixture
async def everything(parts: Parts) -> AsyncIterator[World]:
    async with world(parts) as found:
        yield found


@pytest.mark.parametrize("operation_id", OPERATIONS)
async def test_what_is_published_is_kept(everything: World, operation_id: str) -> None:
    rightful = DESCRIBED.rightful(operation_id)
    right, wrong = cycle(rightful), cycle(caller for caller in Caller if caller not in rightful)
    for number, case in enumerate(DESCRIBED.cases(operation_id)):
        await tried(everything, case, next(right))
        if number % WRONG_CALLER_EVERY == 0:
            await tried(everything, case, next(wrong))
        if everything.at_home(case):
            await tried(everything, case, next(right))


async def tried(everything: World, case: AnyCase, caller: Caller) -> None:
    judge(case, await everything.call(case, caller))


def test_every_operation_names_its_refusals_and_who_may_call() -> None:
    for path, methods in published()["paths"].items():
        for operation in methods.values():
            assert "default" not in operation["responses"], path
            assert "x-problems" not in str(operation), path
            assert {"500", "503"} <= set(operation["responses"]), path
            schemes = [next(iter(one)) for one in operation.get("security", ())]
            if path.startswith("/api/v1/bank/"):
                assert schemes == ["BankToken", "BankSignature"], path
            elif path.startswith("/api/"):
                assert schemes == ["OfficerToken"], path
