"""Complaints that a benchmark posts itself."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from pydantic import SecretStr

from benchmarks.complaints import Run
from workers.settings import Settings


async def test_complaints_and_the_answers_of_banks_go_to_intake(tmp_path: Path) -> None:
    told: list[httpx.Request] = []

    def control(request: httpx.Request) -> httpx.Response:
        told.append(request)
        return httpx.Response(200, json=[{"code": "SBIN"}])

    async with httpx.AsyncClient(base_url="http://control", transport=httpx.MockTransport(control)) as client:
        stack: Any = SimpleNamespace(
            control=client,
            running=SimpleNamespace(api_url="http://officers", intake_url="http://intake"),
            services=SimpleNamespace(settings=Settings(home=tmp_path, secret_key=SecretStr("k" * 44))),
        )
        async with Run.opened(stack) as run:
            assert run.api.base_url == "http://intake"
            assert run.banks == ["SBIN"]
    assert b"http://intake" in told[0].content
