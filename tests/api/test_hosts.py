"""Hosts of the TLS port: one table, complete over all routes, and a request to another host is refused."""

from collections.abc import AsyncIterator, Iterable, Iterator
from functools import cache

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from api import hosts
from api.hosts import NAMES, PATHS, Hosted, Site, sites_of
from api.officers.callers import DESCRIPTION_PATH, door_of
from api.services import Services
from domain.policy.callers import DoorName
from tests.api.conftest import new_app
from tests.api.role_matrix import NUMBERS
from workers.reference.routes import described_app

DESK, MY, BANK, MACHINE = (site.host for site in Site)
PAGE = "There is no such page."


def paths_of(routes: Iterable[BaseRoute]) -> Iterator[str]:
    """The paths of routes, and of those that they include, with their parameters filled in."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route.path.format_map(NUMBERS | {"token": "t", "name": "n"})
        yield from paths_of(getattr(getattr(route, "original_router", None), "routes", []))


@cache
def routes() -> frozenset[str]:
    """The paths of every route of the application."""
    return frozenset({*paths_of(described_app().routes), DESCRIPTION_PATH})


def without_host(paths: Iterable[str]) -> set[str]:
    return {path for path in paths if not sites_of(path)}


# -- the table ---------------------------------------------------------------------------------------------------------


def test_every_route_has_a_host() -> None:
    assert len(routes()) > 100
    assert without_host(routes()) == set()


def test_a_route_that_is_not_in_the_table_is_found() -> None:
    router = APIRouter()
    router.add_api_route("/new/{token}", lambda: None)
    assert without_host(paths_of(router.routes)) == {"/new/t"}


@pytest.mark.parametrize("row", sorted(PATHS))
def test_every_row_of_the_table_is_for_a_route(row: str) -> None:
    table = {path: sites for path, sites in PATHS.items() if path != row}
    assert any(sites_of(path, table) != sites_of(path) for path in routes())


def test_what_a_credential_opens_is_at_the_host_of_its_owners() -> None:
    for path in routes():
        door = door_of(path)
        if door in {DoorName.BANKS, DoorName.OFFICERS}:
            assert sites_of(path) == {Site.BANK if door is DoorName.BANKS else Site.DESK}, path


def test_ports_do_not_separate_cookies_but_hosts_do() -> None:
    # No path of citizens or banks may be at the host that gets the cookie of officers, but for a public list of keys
    # and the doors, which read no cookie.
    assert {path for path in routes() if len(sites_of(path)) > 1} == {"/", "/api/v1/evidence-keys"}


# -- requests ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the TLS port."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Hosted(new_app(services)))) as found:
        yield found
    await services.end_streams()


SERVED = {DESK: "/sign-in", MY: "/appeal", BANK: "/api/v1/bank/holds", MACHINE: "/healthz"}


@pytest.mark.parametrize("host", SERVED)
async def test_each_host_serves_its_own_paths_and_refuses_those_of_the_others(
    client: httpx.AsyncClient, host: str
) -> None:
    for owner, path in SERVED.items():
        answer = await client.get(f"https://{host}:8443{path}")
        assert (answer.status_code == 421) is (owner != host), path
    assert (await client.get(f"https://{host.upper()}.{SERVED[host]}")).status_code != 421


async def test_a_wrong_host_has_a_name_in_the_format_of_the_caller(client: httpx.AsyncClient) -> None:
    told = (await client.get(f"https://{MY}/api/v1/cases")).json()
    assert (told["type"], told["code"]) == ("urn:goldenhour:problem:wrong-host", "wrong_host")
    assert PAGE in (await client.get(f"https://{DESK}/appeal")).text
    reply = await client.post(f"https://{DESK}/banking/login", json={})
    assert (reply.status_code, reply.json()["meta"]["response_code"]) == (421, "01")


async def test_a_path_that_no_route_serves_is_not_found(client: httpx.AsyncClient) -> None:
    assert (await client.get(f"https://{DESK}/nothing")).status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "desk.localhost.evil.example", "x.localhost", "127.0.0.2"])
async def test_a_host_that_is_not_ours_is_refused_before_anything_else(client: httpx.AsyncClient, host: str) -> None:
    for path in (*SERVED.values(), "/nothing"):
        assert (await client.get(f"https://{host}{path}")).status_code == 421, path


async def test_a_request_with_two_hosts_or_none_is_refused(client: httpx.AsyncClient) -> None:
    for names in ([DESK, DESK], [DESK, "evil.example"], [""]):
        headers = [("Host", name) for name in names]
        assert (await client.get(f"https://{DESK}/sign-in", headers=headers)).status_code == 421, names


async def test_the_plain_port_looks_at_no_host(services: Services) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(new_app(services))) as client:
        for host in ("officers:8080", "127.0.0.1:8080", "desk.police.example"):
            assert (await client.get(f"http://{host}/appeal")).status_code == 200, host
    await services.end_streams()


def test_the_names_are_this_machines_only() -> None:
    assert all(name == hosts.LOOPBACK or hosts.is_local(f"https://{name}") for name in NAMES)
    assert not hosts.is_local("https://localhost.example")
