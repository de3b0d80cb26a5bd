"""The TLS port beside the plain one: its certificate, its hosts, its cookies, and its limits."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import orjson
import pytest

from api import server
from api.hosts import Site
from api.officers.sessions import COOKIE, CSRF_HEADER
from api.parts import Part
from api.server import TlsPort, serve
from api.services import Services
from db.pool import Pool
from schemas.enums import Role
from simulator.net.http_client import HttpClient, HttpClientError
from simulator.people.callers import Person
from tests.api.conftest import services_over, with_banks
from tests.api.listening import with_doors
from tests.signed_in import Equipped, equip, with_clock
from tests.waiting import until
from workers.api_processes import _tls_port
from workers.certificates import LIFE, CertificateFiles, renew_certificates
from workers.embedded.temporal import free_port
from workers.home import write_private
from workers.host_client import local_client
from workers.settings import Settings, SettingsError
from workers.stack import site_url, with_tls_ports

PATIENCE_SECONDS = 20.0
JSON = {"Content-Type": "application/json"}


@dataclass
class Ports:
    """Where a server listens, and what its TLS port shows."""

    plain_url: str
    tls_port: int
    files: CertificateFiles
    ravi: Equipped

    def url(self, site: Site) -> str:
        return site_url(site, self.tls_port)

    def client(self, site: Site) -> httpx.AsyncClient:
        return local_client(self.url(site), self.files.authority, PATIENCE_SECONDS)


@asynccontextmanager
async def both_ports(services: Services, home: Path, *, age: timedelta = timedelta()) -> AsyncIterator[Ports]:
    """Serve the whole API on a plain port and a TLS port, whose certificate was made `age` ago."""
    services, clock = with_clock(services, datetime.now(UTC))
    ravi = await equip(services, clock, "ravi", Role.DESK, steps=-1)
    files, port = renew_certificates(home, datetime.now(UTC) - age), free_port()
    stop, url = asyncio.Event(), asyncio.get_running_loop().create_future()
    tls = TlsPort(port, files.certificate, files.key)
    task = asyncio.create_task(serve(services, host="127.0.0.1", port=0, stop=stop, started=url.set_result, tls=tls))
    try:
        yield Ports(await url, port, files, ravi)
    finally:
        stop.set()
        await task


@pytest.fixture
async def services(database: Pool) -> Services:
    await with_banks(database)
    return await services_over(database)


@pytest.fixture
async def ports(services: Services, tmp_path: Path) -> AsyncIterator[Ports]:
    async with both_ports(services, tmp_path) as found:
        yield found


async def test_a_client_that_trusts_the_authority_reaches_each_host_by_its_name(ports: Ports) -> None:
    for site, path in ((Site.DESK, "/sign-in"), (Site.MY, "/appeal"), (Site.MACHINE, "/healthz")):
        async with ports.client(site) as client:
            assert (await client.get(path)).status_code == 200, site
            assert (await client.get("/a/t" if site is not Site.MY else "/sign-in")).status_code == 421, site
    async with ports.client(Site.BANK) as client:
        assert (await client.get("/api/v1/bank/holds")).status_code == 401


async def test_a_client_that_does_not_trust_it_reaches_nothing(ports: Ports) -> None:
    async with local_client(ports.url(Site.DESK), None, PATIENCE_SECONDS) as client:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await client.get("/sign-in")
    with pytest.raises(HttpClientError, match="CERTIFICATE_VERIFY_FAILED"):
        await HttpClient(ports.url(Site.DESK), 1).request("GET", "/sign-in", headers={})


async def test_the_cookie_of_an_officer_is_sent_to_no_other_host(ports: Ports) -> None:
    sent: list[str | None] = []

    async def note(request: httpx.Request) -> None:
        sent.append(request.headers.get("cookie"))

    async with ports.client(Site.DESK) as browser:
        browser.event_hooks["request"].append(note)
        answer = await browser.post("/api/v1/session", json=ports.ravi.form())
        assert answer.status_code == 201, answer.text
        told = answer.headers["set-cookie"]
        assert told.startswith(COOKIE)
        assert "Secure" in told
        assert "domain" not in told.lower()
        assert (await browser.get("/api/v1/session")).status_code == 200
        await browser.get(f"{ports.url(Site.MY)}/appeal")
        await browser.get(f"{ports.url(Site.BANK)}/api/v1/evidence-keys")
        await browser.get(f"{ports.plain_url}/appeal")
    first, desk, *others = sent
    assert (first, desk is not None and desk.startswith(f"{COOKIE}=")) == (None, True)
    assert others == [None, None, None]


async def test_a_simulated_officer_signs_in_at_the_desks_host(ports: Ports) -> None:
    line = HttpClient(ports.url(Site.DESK), 1, ports.files.authority)
    person = Person("ravi", ports.ravi.password, ports.ravi.secret)
    answer = await line.request("GET", "/api/v1/session", headers=await person.headers(line))
    line.close()
    assert (answer.status, orjson.loads(answer.body)["officer_id"]) == (200, "ravi")


async def test_a_refused_body_gets_its_answer_over_tls_too(ports: Ports) -> None:
    for length in (3_000_000, 100_000_000):
        trusted = ssl.create_default_context(cafile=ports.files.authority)
        host = Site.DESK.host
        reader, writer = await asyncio.open_connection("127.0.0.1", ports.tls_port, ssl=trusted, server_hostname=host)
        head = f"POST /api/v1/complaints HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Connection: close\r\nContent-Length: {length}\r\n\r\n".encode() + b" " * 1_000_000)
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert b" 413 " in await reader.readline()
        writer.close()


@asynccontextmanager
async def two_processes(services: Services, home: Path) -> AsyncIterator[Ports]:
    """Serve each part in a server of its own; the officers' one passes on what is of the other."""
    services, clock = with_clock(services, datetime.now(UTC))
    ravi = await equip(services, clock, "ravi", Role.DESK, steps=-1)
    files, port = renew_certificates(home, datetime.now(UTC)), free_port()
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    intake_url, officers_url = loop.create_future(), loop.create_future()
    intake = serve(services, Part.INTAKE, host="127.0.0.1", port=0, stop=stop, started=intake_url.set_result)
    tasks = [asyncio.create_task(intake)]
    tls = TlsPort(port, files.certificate, files.key, await intake_url)
    own = replace(services)
    officers = serve(own, Part.OFFICERS, host="127.0.0.1", port=0, stop=stop, started=officers_url.set_result, tls=tls)
    tasks.append(asyncio.create_task(officers))
    try:
        yield Ports(await officers_url, port, files, ravi)
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def test_officers_reach_the_intake_process_at_their_own_host(services: Services, tmp_path: Path) -> None:
    async with two_processes(services, tmp_path) as ports:
        async with ports.client(Site.DESK) as desk:
            opened = await desk.post("/api/v1/session", json=ports.ravi.form())
            assert opened.status_code == 201, opened.text
            csrf = {CSRF_HEADER: opened.json()["csrf_token"], "Sec-Fetch-Site": "same-origin"}
            begun = await desk.post("/api/v1/drafts", json={"content": {"story": "x" * 9_000}}, headers=csrf)
            assert begun.status_code == 201, begun.text
            read = await desk.get(f"/api/v1/drafts/{begun.json()['draft_id']}?x=%2F")
            assert (read.status_code, len(read.json()["content"]["story"])) == (200, 9_000)
            # The other process makes every check: of the session, of other sites, and of the size.
            assert (await desk.post("/api/v1/drafts", json={})).status_code == 403
            assert (await desk.post("/api/v1/drafts", content=b" " * 300_000, headers=csrf)).status_code == 413
            desk.cookies.clear()
            refused = await desk.get("/api/v1/drafts")
            assert (refused.status_code, refused.json()["code"]) == (401, "not_logged_in")
            assert refused.headers["cache-control"] == "no-store"
        async with ports.client(Site.MY) as client:
            assert (await client.get("/api/v1/drafts")).status_code == 421
        async with httpx.AsyncClient(base_url=ports.plain_url, trust_env=False) as plain:
            assert (await plain.get("/api/v1/drafts")).json()["code"] == "served_by_intake"


async def test_connections_of_both_ports_count_together(services: Services, tmp_path: Path) -> None:
    async with both_ports(with_doors(services, connections_of_address=1), tmp_path) as ports:
        _, first = await asyncio.open_connection("127.0.0.1", int(ports.plain_url.rpartition(":")[2]))
        async with ports.client(Site.MY) as client:
            with pytest.raises(httpx.TransportError):
                await client.get("/appeal")
        first.close()


async def test_low_a_renewed_certificate_is_shown_and_no_connection_ends(
    services: Services, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server, "LOOK_TICKS", 1)
    # A client that looks at no certificate has a connection from before.
    careless = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    async with both_ports(services, tmp_path, age=LIFE + timedelta(days=1)) as ports:
        reader, writer = await asyncio.open_connection("127.0.0.1", ports.tls_port, ssl=careless)

        async def asked() -> bytes:
            writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            found = re.search(rb"content-length: (\d+)", head.lower())
            await reader.readexactly(int(found[1]) if found else 0)
            return head.split(b" ", 2)[1]

        async def refused() -> str:
            try:
                async with ports.client(Site.MACHINE) as client:
                    return "" if (await client.get("/healthz")).status_code == 200 else "another answer"
            except httpx.ConnectError as error:
                return str(error)

        async def is_served() -> bool:
            return await refused() == ""

        assert await asked() == b"200"
        assert "certificate has expired" in await refused()
        renew_certificates(tmp_path, datetime.now(UTC))
        await until(is_served)
        own = ports.files.key.read_bytes()
        write_private(ports.files.key, renew_certificates(tmp_path / "other", datetime.now(UTC)).key.read_bytes())
        await until(lambda: "the changed certificate of the TLS port is not used" in caplog.text)
        assert await is_served(), "a key of another certificate changes nothing"
        write_private(ports.files.key, own)
        assert await asked() == b"200"
        writer.close()


async def test_the_tls_port_is_on_loopback_only(services: Services, tmp_path: Path) -> None:
    files, port = renew_certificates(tmp_path, datetime.now(UTC)), free_port()
    stop, url = asyncio.Event(), asyncio.get_running_loop().create_future()
    tls = TlsPort(port, files.certificate, files.key)
    # Another address of this machine stands for one that other machines reach.
    task = asyncio.create_task(serve(services, host="127.0.0.2", port=0, stop=stop, started=url.set_result, tls=tls))
    try:
        await url
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.2", port)
    finally:
        stop.set()
        await task


def test_a_process_without_a_certificate_says_so(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, api_tls_port=0)
    with pytest.raises(SettingsError, match="GOLDENHOUR_API_TLS_PORT"):
        _tls_port(settings, "api_tls_port")
    assert _tls_port(settings, "intake_tls_port") is None
    renew_certificates(tmp_path, datetime.now(UTC))
    found = _tls_port(settings, "api_tls_port")
    assert found is not None
    assert found.port == 0


def test_a_tls_port_of_the_settings_is_kept_and_a_missing_one_is_free() -> None:
    found = with_tls_ports(Settings(api_tls_port=8443))
    assert (found.api_tls_port, found.intake_tls_port) == (8443, 0)
