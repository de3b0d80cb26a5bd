"""The console's page and files: who gets them, how long a browser keeps them, and what the page may load."""

import gzip
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from api.console import NOT_BUILT, POLICY
from api.services import Services
from db.pool import Pool
from tests.api.conftest import new_app, services_over

SCRIPT = b"export const one = 1;\n" * 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>goldenhour</title>")
    (tmp_path / "assets" / "main-1.js").write_bytes(SCRIPT)
    (tmp_path / "assets" / "letters.woff2").write_bytes(b"letters")
    (tmp_path / "manifest.json").write_text("{}")
    return tmp_path


@pytest.fixture
async def services(database: Pool, folder: Path) -> Services:
    return replace(await services_over(database), console_folder=folder)


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(new_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="https://desk.localhost") as found:
        yield found
    await services.end_streams()


async def test_every_address_of_the_console_gets_the_page_and_its_policy(client: httpx.AsyncClient) -> None:
    for path in ("/console/", "/console/call", "/console/case/32711265000417"):
        answer = await client.get(path)
        assert (answer.status_code, answer.text) == (200, "<title>goldenhour</title>"), path
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["cache-control"] == "no-cache"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    moved = await client.get("/console")
    assert (moved.status_code, moved.headers["location"]) == (308, "/console/")


async def test_a_file_is_kept_for_ever_and_sent_short(client: httpx.AsyncClient) -> None:
    answer = await client.get("/console/assets/main-1.js", headers={"Accept-Encoding": "gzip"})
    assert answer.content == SCRIPT
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) == len(gzip.compress(SCRIPT, mtime=0))
    assert answer.headers["cache-control"].endswith("immutable")
    plain = await client.get("/console/assets/main-1.js", headers={"Accept-Encoding": "identity"})
    assert (plain.content, "content-encoding" in plain.headers) == (SCRIPT, False)
    letters = await client.get("/console/assets/letters.woff2")
    assert (letters.content, letters.headers["content-type"]) == (b"letters", "font/woff2")


@pytest.mark.parametrize("name", ["main-2.js", "..%2Findex.html", "%2e%2e"])
async def test_no_other_file_is_served(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/console/assets/{name}")
    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"


async def test_a_console_that_is_not_built_says_how(services: Services, tmp_path: Path) -> None:
    app = new_app(replace(services, console_folder=tmp_path / "nothing"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://desk.localhost") as client:
        answer = await client.get("/console/")
    assert (answer.status_code, answer.text) == (503, NOT_BUILT)
