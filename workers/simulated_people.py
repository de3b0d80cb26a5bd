"""Officers of a simulated world: a generated roster, and what each of them signs in with.

The officers come in as real ones do. The first admin gets a link, the roster is a file, and each officer opens a link
over HTTP and sets a password and an authenticator. The passwords and the secrets stand in a file in the home folder.
The simulator and `goldenhour demo-code` use them.
"""

import csv
import re
import secrets
from collections.abc import Sequence
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Final

import httpx
from pydantic import Field, TypeAdapter, ValidationError

from activities.officers.enrolment import add_first_admin, add_team, import_officers, make_link
from activities.officers.sign_in import code_at, step_at
from adapters.clock import wall_clock
from db.pool import Pool
from domain.districts import districts
from domain.policy.model import load_policy
from schemas.base import FrozenModel
from schemas.enums import Role
from schemas.officers.officers import OfficerEntry, TeamEntry
from workers.home import write_private
from workers.host_client import local_client
from workers.importer.report import read_officers
from workers.settings import Settings

INVENTED: Final = "command:simulator"
"""who added the officers, in the log of what was done to them"""
PEOPLE_FILE: Final = "people.json"
ROSTER_FILE: Final = "roster.csv"
DISTRICT: Final = "LUCKNOW"
"""of the control room, and of the officers who answer for the whole State"""
STATION: Final = "Cyber Crime Police Station, Lucknow"
PASSWORD_BYTES: Final = 12
PAGE_TIMEOUT_SECONDS: Final = 60.0
CODE_TRIES: Final = 3
_SEALED: Final = re.compile(r'name="sealed" value="([^"]+)"')
_KEY: Final = re.compile(r'<dd id="key">([A-Z2-7 ]+)</dd>')

ADMIN: Final = OfficerEntry(officer_id="admin.das", name="Leela Das (invented)", rank="Superintendent of Police")
_ROSTER: Final = (
    ("desk.roy", "Asha Roy", "Sub-Inspector", Role.DESK),
    ("supervisor.rao", "Anil Rao", "Inspector", Role.SUPERVISOR),
    ("gro.state", "Vikram Das", "Inspector General of Police", Role.STATE_GRO),
    ("intake.ali", "Sana Ali", "Head Constable", Role.INTAKE),
    ("auditor.nair", "Hari Nair", "Inspector", Role.AUDITOR),
)
_CODES: Final = tuple(district.code for district in districts())
_HALF: Final = len(_CODES) // 2
_OF_DISTRICTS: Final = (
    (
        _CODES[:_HALF],
        "Cyber Crime Police Station, Agra",
        (
            ("io.saxena", "Kiran Saxena", "Inspector", Role.IO),
            ("io.chauhan", "Mohan Chauhan", "Inspector", Role.IO),
            ("dysp.tyagi", "Rekha Tyagi", "Deputy Superintendent of Police", Role.DY_SP),
            ("sp.bajpai", "Nitin Bajpai", "Superintendent of Police", Role.SP),
            ("gro.agra", "Pooja Sethi", "Additional Superintendent of Police", Role.DISTRICT_GRO),
        ),
    ),
    (
        _CODES[_HALF:],
        STATION,
        (
            ("io.verma", "Ravi Verma", "Inspector", Role.IO),
            ("io.mishra", "Neha Mishra", "Inspector", Role.IO),
            ("dysp.khan", "Imran Khan", "Deputy Superintendent of Police", Role.DY_SP),
            ("sp.singh", "Meera Singh", "Superintendent of Police", Role.SP),
            ("gro.lucknow", "Anita Rao", "Additional Superintendent of Police", Role.DISTRICT_GRO),
        ),
    ),
)
"""districts of one half of the State, the station of their officers, and the officers"""
_MOBILES_FROM: Final = 9_415_000_001
POLICE: Final = (Role.IO, Role.DY_SP, Role.SP, Role.SUPERVISOR, Role.DISTRICT_GRO, Role.STATE_GRO)
"""the officers of restorations and grievances"""


class SimulatedPerson(FrozenModel):
    """An invented officer, and what the officer signs in with."""

    officer_id: str
    name: str
    role: Role
    password: str = Field(repr=False)
    secret: str = Field(repr=False)
    """of the authenticator, in base32"""
    districts: tuple[str, ...] = ()


_PEOPLE: Final = TypeAdapter(tuple[SimulatedPerson, ...])


class EnrolmentFailed(Exception):
    """An invented officer could not set a password."""


def roster() -> list[OfficerEntry]:
    """Return the officers of the world but for its admin."""
    places = (((DISTRICT,), STATION, _ROSTER), *_OF_DISTRICTS)
    rows = [(*row, station, codes) for codes, station, officers in places for row in officers]
    return [
        OfficerEntry(
            officer_id=officer_id,
            name=f"{name} (invented)",
            rank=rank,
            station=station,
            mobile=str(_MOBILES_FROM + number),
            roles=(role,),
            districts=codes,
        )
        for number, (officer_id, name, rank, role, station, codes) in enumerate(rows)
    ]


def who_work(*, whole: bool) -> list[OfficerEntry]:
    """Return the officers of the roster who sign in: all of them, or only the officer at the desk."""
    return [entry for entry in roster() if whole or Role.DESK in entry.roles]


def roster_text(entries: Sequence[OfficerEntry]) -> str:
    """Return officers as the text of a roster file."""
    written = StringIO(newline="")
    rows = csv.writer(written)
    rows.writerow(("officer_id", "name", "rank", "station", "mobile", "roles", "districts"))
    for entry in entries:
        who = (entry.officer_id, entry.name, entry.rank, entry.station, entry.mobile)
        rows.writerow((*who, ";".join(entry.roles), ";".join(entry.districts)))
    return written.getvalue()


async def enrol_people(
    pool: Pool, settings: Settings, url: str, *, whole: bool, authority: Path | None = None
) -> tuple[SimulatedPerson, ...]:
    """Add the officers of the world, let each set a password and an authenticator, and write the file of them.

    They open their links at `url`. If that is TLS, they trust the `authority`. With `whole` every officer can sign in,
    otherwise an admin and the officer at the desk. The others are in the database all the same, because cases get their
    officers from there. Raises `EnrolmentFailed`, and the errors of httpx if the API does not answer.
    """
    life = timedelta(seconds=load_policy(settings.policy_file).sessions.link_seconds)
    async with local_client(url, authority, PAGE_TIMEOUT_SECONDS) as browser:
        link = await add_first_admin(pool, ADMIN, INVENTED, life)
        people = [await _set_up(browser, link.path, ADMIN, Role.ADMIN)]
        await _import(pool, settings.home)
        for entry in who_work(whole=whole):
            async with pool.acquire() as connection, connection.transaction():
                link = await make_link(connection, entry.officer_id, INVENTED, life)
            people.append(await _set_up(browser, link.path, entry, entry.roles[0]))
    write_private(settings.home / PEOPLE_FILE, _PEOPLE.dump_json(tuple(people), indent=2))
    return tuple(people)


def read_people(home: Path) -> tuple[SimulatedPerson, ...]:
    """Return the officers in the file of a home folder; none if there is no such file."""
    try:
        return _PEOPLE.validate_json((home / PEOPLE_FILE).read_bytes())
    except (FileNotFoundError, ValidationError):
        return ()


def code_now(person: SimulatedPerson) -> str:
    """Return the code that the person's authenticator shows now."""
    return code_at(person.secret, step_at(wall_clock()))


async def _import(pool: Pool, home: Path) -> None:
    """Import the roster from a file, and make the officers one team."""
    file = home / ROSTER_FILE
    file.write_text(roster_text(roster()), encoding="utf-8")
    entries = read_officers(file)
    await import_officers(pool, entries, INVENTED)
    members = tuple(entry.officer_id for entry in entries)
    lead = next((entry.officer_id for entry in entries if Role.SUPERVISOR in entry.roles), None)
    team = TeamEntry(name="Control room (invented)", lead=lead, members=members)
    await add_team(pool, team, INVENTED)


async def _set_up(browser: httpx.AsyncClient, path: str, entry: OfficerEntry, role: Role) -> SimulatedPerson:
    """Open a link, and set a password and an authenticator, as the officer would."""
    page = (await browser.get(path)).text
    sealed, key = _SEALED.search(page), _KEY.search(page)
    if sealed is None or key is None:
        raise EnrolmentFailed(f"{entry.officer_id}: the link shows no form")
    secret, password = key[1].replace(" ", ""), secrets.token_urlsafe(PASSWORD_BYTES)
    for _ in range(CODE_TRIES):
        # The code before this one is still good, and the one of now is left for the first sign-in.
        code = code_at(secret, step_at(wall_clock()) - 1)
        fields = {"sealed": sealed[1], "code": code, "password": password, "again": password}
        answer = await browser.post(path, data=fields, headers={"Sec-Fetch-Site": "same-origin"})
        if answer.is_success:
            return SimulatedPerson(
                officer_id=entry.officer_id,
                name=entry.name,
                role=role,
                password=password,
                secret=secret,
                districts=entry.districts,
            )
    raise EnrolmentFailed(f"{entry.officer_id}: the form was refused")
