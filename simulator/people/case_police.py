"""Officers of the police in a simulated day: who of them acts in a case."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from simulator.net.http_client import HttpClientError
from simulator.people.callers import Json, Person
from simulator.people.officers import HTTP_BAD_REQUEST, Officers

SEES_ALL: Final = "supervisor"
"""role that reads every case"""
OF_STATE: Final = frozenset({SEES_ALL, "state_gro"})
"""roles that act in every case"""
_ROLE_OF_DUTY: Final = {"io": "io", "supervising": "sp"}
TRIES: Final = 200
"""looks for the officers of a case, at most; the engine assigns them soon after the complaint"""


@dataclass(slots=True)
class CasePolice:
    """The officers by role, and for each case those whom the engine assigned and those of the same districts."""

    officers: Officers
    people: Mapping[str, Sequence[Person]]
    poll_wall_seconds: float
    _of_case: dict[str, Mapping[str, Person]] = field(default_factory=dict)

    async def post(self, role: str, case: str, path: str, body: Json) -> tuple[int, Json]:
        """Send a request as the officer of this role in a case, until it is answered."""
        person = await self._person(role, case)
        if person is None:
            return HTTP_BAD_REQUEST, {"detail": f"the case has no {role}"}
        return await self.officers.call_until_answered("POST", path, person, body)

    async def get(self, role: str, case: str, path: str) -> tuple[int, Json]:
        """Read as the officer of this role in a case; the status is 400 if nothing could be read."""
        person = await self._person(role, case)
        if person is None:
            return HTTP_BAD_REQUEST, {"detail": f"the case has no {role}"}
        return await self._read(person, path)

    async def read(self, path: str) -> tuple[int, Json]:
        """Read as the officer who sees every case; the status is 400 if nothing could be read."""
        return await self._read(self.people[SEES_ALL][0], path)

    async def _read(self, person: Person, path: str) -> tuple[int, Json]:
        try:
            return await self.officers.call("GET", path, person)
        except HttpClientError:
            return HTTP_BAD_REQUEST, {}

    async def _person(self, role: str, case: str) -> Person | None:
        if role in OF_STATE:
            return self.people[role][0]
        for _ in range(TRIES):
            found = self._of_case.get(case) or await self._look(case)
            if found:
                return found.get(role)
            await asyncio.sleep(self.poll_wall_seconds)
        return None

    async def _look(self, case: str) -> Mapping[str, Person]:
        """Return the officers of a case by role; {} while one of its duties has no officer."""
        _, view = await self.read(f"/api/v1/cases/{case}/police")
        assigned = view.get("officers")
        found: dict[str, Person] = {}
        # The newest assignment of a duty comes first.
        for one in assigned if isinstance(assigned, list) else []:
            role = _ROLE_OF_DUTY.get(str(one["duty"]))
            named = next((p for p in self.people.get(role or "", ()) if p.officer_id == one["subject"]), None)
            if role is not None and named is not None:
                found.setdefault(role, named)
        if len(found) < len(_ROLE_OF_DUTY):
            return {}
        near = set(found["io"].districts)
        for role, people in self.people.items():
            same = [person for person in people if near & set(person.districts)]
            if same:
                found.setdefault(role, same[0])
        self._of_case[case] = found
        return found
