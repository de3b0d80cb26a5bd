"""Each process of the API serves all its routes with its own keys, and with no key more."""

from dataclasses import replace
from itertools import count

import httpx
import pytest

from activities.directory import DirectoryCache
from activities.officers.sign_in_links import SIGN_IN_PATH
from activities.secrets import ProcessKeys, Purpose
from api.app import create_app
from api.callers import SIGN_IN_API_PATH
from api.parts import Part
from api.services import Services
from schemas.enums import Role
from tests.api.conftest import Doors
from tests.api.test_parts import process, with_keys
from tests.api.test_roles import ASKED, BANK, EXPECTED, NUMBERS, routes_of

PROVES_ITSELF = {"/banking/login", SIGN_IN_PATH, SIGN_IN_API_PATH, f"{SIGN_IN_API_PATH}/password"}
"""paths whose bodies have a password, here a wrong one"""
PATH_VALUES = NUMBERS | {"token": "x" * 43}
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
    who, body = EXPECTED.get((method, path), (None, None))
    headers = {"Idempotency-Key": "keys", "Sec-Fetch-Site": "same-origin"}
    if who == BANK:
        headers |= doors.bank("SBIN")
    elif who is not None:
        # Some of these routes end the session in which they are called, so each is called in another one.
        role = min(who) if isinstance(who, frozenset) else Role.ADMIN
        headers |= doors.officer(role, f"keys-{next(_numbers)}")
        await doors.come()
    form = {"step": "code", "reference": "ABCDEFGH23"} if method == "POST" and body is None else None
    url = path.format_map(PATH_VALUES)
    return await client.request(method, url, params=ASKED.get(path), json=body, data=form, headers=headers)


@pytest.mark.parametrize("part", Part)
async def test_every_route_of_a_process_needs_no_key_but_its_own(services: Services, doors: Doors, part: Part) -> None:
    its = await as_process(services, part)
    async with process(its, part) as client:
        for method, path in sorted(set(routes_of(create_app(its, part)))):
            response = await call(client, doors, method, path)
            assert response.status_code not in {401, 403, 405, 415, 500} or path in PROVES_ITSELF, (
                method,
                path,
                response.text,
            )
