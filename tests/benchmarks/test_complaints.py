"""Complaints that a benchmark posts itself."""

from types import SimpleNamespace
from typing import Any

import httpx

from benchmarks.complaints import Run


async def test_complaints_and_the_answers_of_banks_go_to_intake() -> None:
    told: list[httpx.Request] = []

    def control(request: httpx.Request) -> httpx.Response:
        told.append(request)
        return httpx.Response(200, json=[{"code": "SBIN"}])

    async def a_token() -> str:
        return "ghs_token"

    async with httpx.AsyncClient(base_url="http://control", transport=httpx.MockTransport(control)) as client:
        stack: Any = SimpleNamespace(
            control=client,
            running=SimpleNamespace(api_url="http://officers", intake_url="http://intake"),
            intake_token=a_token,
        )
        async with Run.opened(stack) as run:
            assert run.api.base_url == "http://intake"
            assert run.banks == ["SBIN"]
    assert b"http://intake" in told[0].content
