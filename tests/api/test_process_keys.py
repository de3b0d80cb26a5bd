"""Each process of the API serves all its routes with its own keys, and with no key more."""

from dataclasses import replace
from itertools import count

import httpx
import pytest

from activities.banks.directory import DirectoryCache
from activities.secrets import ProcessKeys, Purpose
from api.app import create_app
from api.description import Described
from api.parts import Part
from api.services import Services
from schemas.enums import Role
from tests.api.conftest import Doors
from tests.api.openapi_world import published
from tests.api.role_matrix import ENTRIES, Who, routes_of
from tests.api.test_parts import process, with_keys

_numbers = count()


async def as_process(services: Services, part: Part) -> Services:
    """The services of one process, whose directory opens what its keys open."""
    its = with_keys(services, part)
    assert isinstance(its.keys, ProcessKeys)
    directory = DirectoryCache(its.ctx.pool, its.keys.sealer(Purpose.SEALING))
    await directory.refresh()
    return replace(its, ctx=replace(its.ctx, directory=directory))


async def call(client: httpx.AsyncClient, doors: Doors, method: str, path: str) -> httpx.Response:
    """Call a route as somebody whom it is for."""
    entry = ENTRIES[method, path]
    headers = {"Idempotency-Key": "keys", "Sec-Fetch-Site": "same-origin"}
    if entry.who is Who.BANKS:
        headers |= doors.bank("SBIN")
    elif not entry.is_open:
        # A route about one's own session may end it, so each is called in another one.
        role = min(entry.who) if isinstance(entry.who, frozenset) else Role.ADMIN
        headers |= doors.officer(role, f"keys-{next(_numbers)}" if entry.who is Who.SESSIONS else "keys")
        await doors.come()
    form = {"reference": "ABCDEFGH23"} | entry.form if entry.form else None
    return await client.request(method, entry.url, params=entry.query, json=entry.body, data=form, headers=headers)


@pytest.mark.parametrize("part", Part)
async def test_every_route_of_a_process_needs_no_key_but_its_own(
    services: Services, doors: Doors, part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The description takes seconds to make, and test_parts looks at what a process makes.
    description = published()
    monkeypatch.setattr(Described, "openapi", lambda _app: description)
    its = await as_process(services, part)
    async with process(its, part) as client:
        for method, path in sorted(set(routes_of(create_app(its, part)))):
            response = await call(client, doors, method, path)
            fit = response.status_code in ENTRIES[method, path].answers
            assert fit or response.status_code not in {401, 403, 405, 415, 500}, (method, path, response.text)
