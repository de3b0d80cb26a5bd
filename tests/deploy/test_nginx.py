"""`deploy/nginx.conf`, run by Debian's nginx: what it lets through to which process, and in which form."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from api.app import BODY_LIMITS_BYTES
from api.edge import BODY_MAX_BYTES, HSTS
from api.hosts import Site, sites_of
from api.officers.callers import DESCRIPTION_PATH
from api.pages import DOORS_PATH
from api.parts import Part
from tests.api.role_matrix import NUMBERS
from tests.certificates import Authority
from tests.deploy.nginx_server import (
    BANK,
    CONFIGURATION,
    DESK,
    HOSTS,
    LOOPBACK,
    MY,
    PATIENCE_SECONDS,
    Nginx,
    head,
    running_nginx,
)
from workers.reference.routes import described_app

OPERATORS = ("/metrics", "/readyz", "/healthz")
CASE = "29999999999999"
LARGE_OF_NETWORK = 20
SITES = {DESK: Site.DESK, MY: Site.MY, BANK: Site.BANK}
"""the kind of visitor that each host is for"""


@pytest.fixture
async def nginx(tmp_path: Path) -> AsyncIterator[Nginx]:
    """The proxy as it is shipped, without its option."""
    async with running_nginx(tmp_path) as found:
        yield found


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[Nginx]:
    """The proxy with the option of client certificates for banks."""
    async with running_nginx(tmp_path, asks_banks_certificates=True) as found:
        yield found


# -- bodies ------------------------------------------------------------------------------------------------------------


async def test_h6_a_slow_body_reaches_no_process_before_it_is_whole(nginx: Nginx) -> None:
    body = b" " * 60_000
    reader, writer = await nginx.connect(DESK)
    writer.write(head(DESK, "/api/v1/complaints", "POST", len(body)) + body[:40_000])
    await writer.drain()
    # A later request on another connection goes through, so the first had its time.
    assert (await nginx.call(DESK, "/api/v1/cases")).status == 200
    assert [one.path for one in nginx.arrived] == ["/api/v1/cases"]
    writer.write(body[40_000:])
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
    writer.close()
    assert nginx.arrived[-1].body == body
    assert nginx.arrived[-1].headers["content-length"] == str(len(body))


def limits() -> Iterable[tuple[str, str, int]]:
    """The host, a path and the limit of every kind of body."""
    yield DESK, f"/api/v1/cases/{CASE}/restorations", BODY_MAX_BYTES
    yield BANK, "/banking/FraudReportStatusUpdate", BODY_LIMITS_BYTES["/banking/FraudReportStatusUpdate"]
    hosts = {site: host for host, site in SITES.items()}
    for pattern, limit in BODY_LIMITS_BYTES.items():
        path = f"/api/v1/cases/{CASE}/x/{pattern[2:]}" if pattern.startswith("*") else pattern
        path += "x" if path.endswith("/") else ""
        (site,) = sites_of(path)
        yield hosts[site], path, limit


async def test_h6_a_large_body_is_refused_here_and_every_body_that_a_route_takes_is_let_through(nginx: Nginx) -> None:
    for host, path, limit in limits():
        assert (await nginx.call(host, path, "POST", b" " * limit)).status == 200, path
        assert len(nginx.arrived.pop().body) == limit
        nginx.arrived.clear()
        # The length is in the head, so no body need follow.
        reader, writer = await nginx.connect(host)
        writer.write(head(host, path, "POST", limit * 2 + 1024 * 1024))
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await reader.readline()).startswith(b"HTTP/1.1 413 "), path
        writer.close()
    assert nginx.arrived == []


async def test_n7_a_document_without_a_session_is_refused_before_its_body_is_kept(nginx: Nginx) -> None:
    """A document of a desk has up to 2,795 KiB. It is kept for a signed-in officer only, whatever its method."""
    nginx.officers.statuses["/api/v1/session"] = 401
    path = f"/api/v1/cases/{CASE}/court-orders"
    for method in ("POST", "GET"):
        reader, writer = await nginx.connect(DESK)
        writer.write(head(DESK, path, method, 2_700_000, Cookie="__Host-x=stolen"))
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await reader.readline()).startswith(b"HTTP/1.1 401 "), method
        writer.close()
    asked = [(one.method, one.path, one.body, one.headers["cookie"]) for one in nginx.arrived]
    assert asked == [("GET", "/api/v1/session", b"", "__Host-x=stolen")] * 2
    assert (await nginx.call(DESK, path)).status == 200, "a script may read the list without a session"


async def test_n7_the_large_bodies_of_one_network_have_a_limit(nginx: Nginx) -> None:
    opened = []
    for _ in range(LARGE_OF_NETWORK):
        reader, writer = await nginx.connect(BANK)
        writer.write(head(BANK, "/banking/FraudReportStatusUpdate", "POST", 500_000) + b" " * 70_000)
        await writer.drain()
        opened.append((reader, writer))
    more = head(BANK, "/banking/FraudReportStatusUpdate", "POST", 500_000)
    reader, writer = await nginx.connect(BANK)
    writer.write(more)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert (await reader.readline()).startswith(b"HTTP/1.1 503 ")
    assert (await nginx.call(BANK, "/banking/FraudReportStatusUpdate", "POST", b" " * 50_000)).status == 200
    for _, each in [*opened, (reader, writer)]:
        each.close()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:"),
        ("2001:db8:1:2::6", "2001:db8:1:2:"),
        ("2001:db8:1::6", "2001:db8:1:"),
        ("2001:db8::4:5:6", "2001:db8:"),
        ("203.0.113.7", None),
        ("::1", None),
    ],
)
def test_n7_callers_with_ipv6_are_counted_by_64_bits(address: str, network: str | None) -> None:
    shipped = re.findall(r'"~(\^\(\?<.*?)" \$', CONFIGURATION)
    assert len(shipped) == 2
    found = [match[1] for each in shipped if (match := re.match(each.replace("?<", "?P<"), address))]
    assert (found[0] if found else None) == network


async def test_a_longer_body_is_a_file_in_memory_only(nginx: Nginx) -> None:
    shipped = (Path(__file__).parents[2] / "deploy" / "nginx.conf").read_text()
    assert "client_body_temp_path /run/" in shipped
    assert "proxy_max_temp_file_size 0;" in shipped


# -- headers -----------------------------------------------------------------------------------------------------------


async def test_h6_what_a_caller_writes_of_addresses_is_dropped(nginx: Nginx) -> None:
    for host, path in ((DESK, "/api/v1/cases"), (MY, "/appeal"), (BANK, "/api/v1/bank/holds")):
        await nginx.call(
            host,
            path,
            X_Forwarded_For="203.0.113.7",
            Forwarded="for=203.0.113.7",
            X_Real_IP="203.0.113.7",
            X_Forwarded_Proto="http",
            X_Request_Id="a-request-id",
        )
        seen = nginx.arrived[-1].headers
        assert seen["x-forwarded-for"] == LOOPBACK
        assert seen["x-forwarded-proto"] == "https"
        assert not {"forwarded", "x-real-ip"} & set(seen)
        # A bank signs the host, and the caller's own id names the request in the log.
        assert (seen["host"], seen["x-request-id"]) == (host, "a-request-id")


async def test_what_a_bank_signs_arrives_byte_for_byte(nginx: Nginx) -> None:
    target = "/api/v1/bank/holds%2F1//answer?a=%2f&b=%20"
    await nginx.call(BANK, target, Signature="sig=:AA==:", Signature_Input='sig=("@path" )', Content_Digest="x=:YQ==:")
    (seen,) = nginx.arrived
    assert seen.target == target
    assert seen.headers["signature-input"] == 'sig=("@path" )'
    assert (seen.headers["signature"], seen.headers["content-digest"]) == ("sig=:AA==:", "x=:YQ==:")


async def test_low_every_response_tells_browsers_to_use_https_only(nginx: Nginx) -> None:
    nginx.officers.headers = [HSTS]
    for host, path in ((DESK, "/api/v1/cases"), (MY, "/appeal"), (BANK, "/api/v1/bank/holds"), (DESK, "/metrics")):
        answer = await nginx.call(host, path)
        assert answer.header("strict-transport-security") == [HSTS[1].decode()], path
        assert answer.header("server") == ["nginx"], "it names no version"


# -- who gets where ----------------------------------------------------------------------------------------------------


def paths(part: Part) -> set[str]:
    """The paths of a part, with their parameters filled in."""
    found: set[str] = set()
    waiting: list[BaseRoute] = list(described_app(part).routes)
    while waiting:
        route = waiting.pop()
        if isinstance(route, APIRoute):
            found.add(route.path.format_map(NUMBERS | {"token": "t"}))
        waiting += getattr(getattr(route, "original_router", None), "routes", [])
    # Both processes serve the doors, and the proxy asks one of them.
    return found - set(OPERATORS) - ({DOORS_PATH} if part is Part.INTAKE else set())


async def test_every_path_reaches_its_process_at_its_host_and_at_no_other(nginx: Nginx) -> None:
    for part in Part:
        for path in paths(part) | ({DESCRIPTION_PATH} if part is Part.OFFICERS else set()):
            for host, site in SITES.items():
                answer = await nginx.call(host, path)
                if site in sites_of(path):
                    assert (answer.status, answer.body) == (200, part.value.encode()), (host, path)
                else:
                    assert answer.status == 404, (host, path)


async def test_low_no_page_for_operators_is_public(nginx: Nginx) -> None:
    for host in HOSTS:
        for path in (*OPERATORS, "//metrics", "/api/../metrics", "/api/v1/%2e%2e/%2e%2e/metrics"):
            assert (await nginx.call(host, path)).status == 404, (host, path)
    assert nginx.arrived == []


async def test_a_stream_is_passed_on_part_by_part(nginx: Nginx) -> None:
    nginx.officers.parts = asyncio.Queue()
    reader, writer = await nginx.connect(DESK)
    writer.write(head(DESK, f"/api/v1/cases/{CASE}/events", "GET"))
    async with asyncio.timeout(PATIENCE_SECONDS):
        for part in (b"data: 1\n\n", b"data: 2\n\n"):
            nginx.officers.parts.put_nowait(part)
            assert await reader.readuntil(part)
        nginx.officers.parts.put_nowait(b"")
        await reader.read()
    writer.close()


# -- TLS ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("version", "is_served"),
    [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_only_tls_of_today_is_spoken(nginx: Nginx, version: ssl.TLSVersion, is_served: bool) -> None:
    tls = nginx.tls()
    # The test's own side must be able to speak the old version.
    tls.set_ciphers("ALL:@SECLEVEL=0")
    tls.minimum_version = tls.maximum_version = version
    if is_served:
        assert (await nginx.call(MY, "/appeal", tls=tls)).status == 200
    else:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await nginx.call(MY, "/appeal", tls=tls)


async def test_another_name_gets_no_certificate(nginx: Nginx) -> None:
    with pytest.raises(ssl.SSLError):
        await nginx.connect("other.example")


async def test_without_tls_people_are_sent_on_and_banks_get_nothing(nginx: Nginx) -> None:
    async def plain(host: str) -> bytes:
        reader, writer = await asyncio.open_connection(LOOPBACK, nginx.plain_port)
        writer.write(head(host, "/appeal?lang=hi", "GET"))
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()

    assert f"Location: https://{MY}/appeal?lang=hi".encode() in await plain(MY)
    assert await plain(BANK) == await plain("other.example") == b""
    assert nginx.arrived == []


# -- client certificates -----------------------------------------------------------------------------------------------


async def test_a_bank_without_its_certificate_is_refused_where_the_option_is_on(strict: Nginx) -> None:
    known = strict.tls(strict.banks.certificate("sbin"))
    foreign = strict.tls(Authority(strict.folder, "another").certificate("foreign"))
    for tls in (None, foreign):
        assert (await strict.call(BANK, "/api/v1/bank/holds", tls=tls)).status == 400
    assert strict.arrived == []
    assert (await strict.call(BANK, "/api/v1/bank/holds", tls=known)).body == b"intake"
    # Citizens and officers need none, and their host is no way round.
    assert (await strict.call(MY, "/appeal")).status == 200
    assert (await strict.call(DESK, "/api/v1/cases")).status == 200
    assert (await strict.call(BANK, "/api/v1/bank/holds", name=MY)).status == 421


async def test_without_the_option_a_bank_needs_no_certificate(nginx: Nginx) -> None:
    assert (await nginx.call(BANK, "/banking/login", "POST", b"{}")).body == b"intake"
