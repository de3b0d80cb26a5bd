"""A night at the desk over the API alone: officers of three teams, the calls that they take, and their work items."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import httpx

from activities.secrets import SecretBox
from activities.sessions import new_token
from schemas.enums import Role
from schemas.text import IST
from simulator import ScriptedAnswer, hold_row, refusal_row
from tests.e2e.live import Json, Live
from tests.factories import rrn
from tests.officers import enrol
from tests.signed_in import begin_sessions, headers_of
from workers.home import secret_key

DISTRICTS: Final = {"evening": "LUCKNOW", "night": "VARANASI", "morning": "KANPUR NAGAR"}
"""teams, each with its district"""
LOST_PAISE: Final = 5_000_00
SECOND_PAISE: Final = 2_000_00
"""the transfer of a second stroke"""
CALLS_AT_ONCE: Final = 6
PAYERS_BANK: Final = "SBIN"
SMS: Final = "Your a/c XX1234 is debited for Rs.5000.00 on {at}, credited to ravi@okhdfc (UPI Ref no {rrn}). - SBI"
LAST_PAGE: Final = 500
OF_INTAKE: Final = ("/drafts", "/missed-calls")
"""what the intake process serves"""


@dataclass(frozen=True)
class NightOfficer:
    """An officer, who is signed in. The first of a team is its lead and a supervisor."""

    name: str
    team: str
    headers: dict[str, str] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Call:
    """A call that was taken: what its bank does, and the case of its complaint."""

    number: int
    bank_does: str
    """`holds`, `silent` or `refuses`"""
    officer: NightOfficer
    case_no: str
    reference: str


@dataclass(frozen=True)
class Banks:
    """Banks of the night: one that answers by API, and one whose officers are telephoned."""

    api: str
    seat: str


@dataclass
class Night:
    """The desk of a night."""

    engine: Live
    teams: dict[str, tuple[NightOfficer, ...]]
    banks: Banks
    races: list[tuple[int, ...]] = field(default_factory=list)
    """the answers to officers who wanted one thing at the same time"""

    @property
    def officers(self) -> tuple[NightOfficer, ...]:
        """All officers, team by team in turn."""
        return tuple(one for of_place in zip(*self.teams.values(), strict=True) for one in of_place)

    def lead(self, team: str) -> NightOfficer:
        """The lead of a team, who is a supervisor."""
        return self.teams[team][0]

    # -- requests ------------------------------------------------------------------------------------------------------

    async def ask(self, officer: NightOfficer, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        """Send a request of an officer."""
        headers = officer.headers | more.pop("headers", {})
        client = self.engine.intake if path.startswith(OF_INTAKE) else self.engine.api
        return await client.request(method, f"/api/v1{path}", json=body, headers=headers, **more)

    async def do(
        self, officer: NightOfficer, path: str, body: Any = None, status: int = 200, method: str = "POST", **more: Any
    ) -> Any:
        """Send a request that an officer gets this answer to."""
        answer = await self.ask(officer, method, path, {} if body is None else body, **more)
        assert answer.status_code == status, (officer.name, path, answer.text)
        return answer.json() if answer.content else None

    async def read(self, officer: NightOfficer, path: str, **query: Any) -> Any:
        """Return what an officer reads."""
        answer = await self.ask(officer, "GET", path, params=query)
        assert answer.status_code == 200, (officer.name, path, answer.text)
        return answer.json()

    async def race(self, officers: Sequence[NightOfficer], path: str, body: Any) -> tuple[NightOfficer, Json]:
        """Let officers do the same at the same time. Gives the one who came first, with the answer."""
        answers = await asyncio.gather(*[self.ask(one, "POST", path, body) for one in officers])
        self.races.append(tuple(sorted(answer.status_code for answer in answers)))
        (first,) = [
            (one, answer.json()) for one, answer in zip(officers, answers, strict=True) if answer.status_code == 200
        ]
        return first

    # -- calls ---------------------------------------------------------------------------------------------------------

    async def take_calls(self, count: int) -> list[Call]:
        """Take calls, several at once. Each way of a call meets each bank."""
        places = asyncio.Semaphore(CALLS_AT_ONCE)
        ways = (self._told, self._in_two_strokes, self._sms, self._missed, self._passed_on)

        async def take(number: int) -> Call:
            async with places:
                officer = self.officers[number % len(self.officers)]
                bank_does = ("holds", "silent", "refuses")[number % 3]
                reference = rrn()
                bank = self.script(bank_does, reference)
                case_no = await ways[number % 5](officer, number, bank, reference)
                return Call(number, bank_does, officer, case_no, reference)

        return list(await asyncio.gather(*[take(number) for number in range(count)]))

    def script(self, bank_does: str, reference: str, paise: int = LOST_PAISE) -> str:
        """Say what happens when a bank is asked about a transfer; gives the bank."""
        rows = {"holds": hold_row(reference, paise), "refuses": refusal_row(reference, paise, "02")}
        bank = self.banks.seat if bank_does == "silent" else self.banks.api
        answers = [] if bank_does == "silent" else [ScriptedAnswer((rows[bank_does],))]
        self.engine.sim.script(bank=bank, rrn=reference, answers=answers)
        return bank

    async def begin(self, officer: NightOfficer, content: Json) -> str:
        """Begin a draft."""
        begun = await self.do(officer, "/drafts", {"content": content}, 201)
        return str(begun["draft_id"])

    async def save(self, officer: NightOfficer, draft_id: str, content: Json) -> None:
        """Save a draft over its stored revision."""
        stored = await self.read(officer, f"/drafts/{draft_id}")
        body = {"revision": stored["revision"], "content": content}
        await self.do(officer, f"/drafts/{draft_id}", body, method="PUT")

    async def send(self, officer: NightOfficer, draft_id: str) -> Json:
        """Send a draft; done twice, it is one complaint."""
        first, again = [await self.do(officer, f"/drafts/{draft_id}/send") for _ in range(2)]
        assert again["receipt"] == first["receipt"]
        found: Json = first
        return found

    async def _told(self, officer: NightOfficer, number: int, bank: str, reference: str) -> str:
        content = {"transfers": [transfer(bank, reference)], "victim": victim(officer, number)}
        draft_id = await self.begin(officer, content)
        return case_of(await self.send(officer, draft_id))

    async def _in_two_strokes(self, officer: NightOfficer, number: int, bank: str, reference: str) -> str:
        """The banks are asked with four facts. The caller then tells the rest, with one more transfer."""
        one = transfer(bank, reference)
        draft_id = await self.begin(officer, {"transfers": [one], "victim": {"district": DISTRICTS[officer.team]}})
        first = await self.send(officer, draft_id)
        second = rrn()
        other = transfer(self.script("holds", second, SECOND_PAISE), second, SECOND_PAISE)
        content = {"transfers": [one, other], "victim": victim(officer, number), "story": "a false call"}
        await self.save(officer, draft_id, content)
        then = await self.do(officer, f"/drafts/{draft_id}/send")
        assert (then["receipt"], then["transfers_added"]) == (first["receipt"], 1)
        assert "story" in then["completed"]
        assert (await self.do(officer, f"/drafts/{draft_id}/discard"))["ended_as"] == "done"
        return case_of(first)

    async def _sms(self, officer: NightOfficer, number: int, bank: str, reference: str) -> str:
        at = (datetime.now(IST) - timedelta(minutes=5)).strftime("%d-%m-%y %H:%M:%S")
        reading = await self.do(officer, "/drafts/read-sms", {"text": SMS.format(at=at, rrn=reference)})
        assert (reading["missing"], reading["transfer"]["amount_paise"]) == ([], LOST_PAISE)
        payee = transfer(bank, reference)["payee"]
        content = {"transfers": [reading["transfer"] | {"payee": payee}], "victim": victim(officer, number)}
        draft_id = await self.begin(officer, content)
        return case_of(await self.send(officer, draft_id))

    async def _missed(self, officer: NightOfficer, number: int, bank: str, reference: str) -> str:
        """A caller who called twice waits once. Two officers want to call back, and one does."""
        mobile = victim(officer, number)["mobile"]
        at = [(datetime.now(UTC) - timedelta(minutes=minutes)).isoformat() for minutes in (9, 7)]
        first, second = [await self.do(officer, "/missed-calls", {"phone": mobile, "called_at": one}) for one in at]
        assert ((first["calls"], first["is_new"]), (second["calls"], second["is_new"])) == ((1, True), (2, False))
        draft_id = second["draft_id"]
        assert draft_id in {line["draft_id"] for line in (await self.read(officer, "/drafts", waiting=True))["items"]}
        other = self.officers[(number + 1) % len(self.officers)]
        caller, _ = await self.race((officer, other), f"/drafts/{draft_id}/claim", {})
        content = {"transfers": [transfer(bank, reference)], "victim": victim(officer, number)}
        await self.save(caller, draft_id, content)
        return case_of(await self.send(caller, draft_id))

    async def _passed_on(self, officer: NightOfficer, number: int, bank: str, reference: str) -> str:
        """A half-done call travels to another officer of the team, who ends it."""
        draft_id = await self.begin(officer, {"victim": victim(officer, number)})
        team = self.teams[officer.team]
        other = team[(team.index(officer) + 1) % len(team)]
        body = {"to": other.name, "note": "the line is bad"}
        await self.do(officer, f"/drafts/{draft_id}/pass-on", body)
        assert (await self.ask(officer, "GET", f"/drafts/{draft_id}")).json()["code"] == "draft_has_owner"
        assert (await self.read(other, f"/drafts/{draft_id}"))["note"] == "the line is bad"
        content = {"transfers": [transfer(bank, reference)], "victim": victim(officer, number)}
        await self.save(other, draft_id, content)
        return case_of(await self.send(other, draft_id))

    # -- work items ----------------------------------------------------------------------------------------------------

    async def open_tasks(self, kind: str, calls: Sequence[Call]) -> dict[str, Json]:
        """The open work items of a kind by case, of the cases of these calls."""
        wanted, query = {call.case_no for call in calls}, {"kind": kind, "limit": str(LAST_PAGE)}
        page = await self.read(self.lead("night"), "/desk/tasks", **query)
        assert page["next"] is None
        return {one["case_ack_no"]: one for one in page["items"] if one["case_ack_no"] in wanted}

    async def until_asked(self, kind: str, calls: Sequence[Call]) -> dict[str, Json]:
        """Wait until each of these cases has its work item of a kind."""

        async def all_there() -> bool:
            return len(await self.open_tasks(kind, calls)) == len(calls)

        await self.engine.until(all_there, 240, f"the desk is asked: {kind}")
        return await self.open_tasks(kind, calls)

    async def task(self, officer: NightOfficer, kind: str, case_no: str) -> Json:
        """The open work item of a kind about a case, as an officer sees it."""
        (found,) = (await self.read(officer, "/desk/tasks", kind=kind, case=case_no))["items"]
        task: Json = found
        return task

    async def claim(self, task: Json, officers: Sequence[NightOfficer]) -> tuple[NightOfficer, Json]:
        """Let officers race for a work item; gives its owner and its standing."""
        path = f"/desk/tasks/{task['task_id']}/claim"
        owner, standing = await self.race(officers, path, {"version": task["version"]})
        assert standing["owner"] == owner.name
        return owner, standing

    async def pass_on(self, owner: NightOfficer, standing: Json, to: NightOfficer) -> NightOfficer:
        """Give a work item to another officer; gives that one."""
        path = f"/desk/tasks/{standing['task_id']}/pass-on"
        body = {"version": standing["version"], "to": to.name, "note": "call after ten"}
        passed = await self.do(owner, path, body)
        assert passed["owner"] == to.name
        assert (await self.do(owner, path, body))["version"] == passed["version"], "the first answer may be lost"
        stale = await self.ask(owner, "POST", path, body | {"note": "call before ten"})
        assert stale.status_code == 409, stale.text
        return to

    async def telephone(self, officer: NightOfficer, case_no: str) -> None:
        """Enter line by line what a bank says by telephone, each time twice under one key: first, that it calls back.

        Half of the money is on hold, and half has moved to another bank.
        """
        task = await self.task(officer, "phone_bank", case_no)
        path, hop = str(task["enter_at"]).removeprefix("/api/v1"), task["hop"]["hop_no"] if task["hop"] else 1
        callee = task["institution"]["nodal_officers"][0]
        speaker = {"name": callee["name"], "number": callee["mobile"]}
        onward, half = rrn(), LOST_PAISE // 2
        payee = {"institution": self.script("holds", onward, half), "account": account()}
        lines = [
            {"hop": hop, "kind": "held", "amount_paise": half},
            {"hop": hop, "kind": "moved", "amount_paise": half, "reference": onward, "payee": payee},
        ]
        first: Json = {}
        for line in lines:
            body = {"speaker": speaker, "told_at": datetime.now(UTC).isoformat(), "lines": [line]}
            key = {"Idempotency-Key": uuid4().hex}
            first, again = [await self.do(officer, path, body, 201, headers=key) for _ in range(2)]
            assert first == again
            assert (first["accepted"], first["discrepancy_ids"]) == (1, [])
        assert first["hops_open"] == []

    async def correct(self, officer: NightOfficer, case_no: str) -> None:
        """Correct the number of a transfer that its bank did not find."""
        right = rrn()
        self.script("holds", right)
        body = {"rrn": right, "reason": "read again by the caller"}
        await self.do(officer, f"/cases/{case_no}/hops/1/correct", body)


# -- what is told ------------------------------------------------------------------------------------------------------


def account() -> str:
    """An account that no other transfer credits."""
    return f"50{rrn()}"


def transfer(bank: str, reference: str, paise: int = LOST_PAISE) -> Json:
    """A transfer as it is typed."""
    return {
        "payer": {"institution": PAYERS_BANK, "account": "30000000001"},
        "payee": {"institution": bank, "account": account()},
        "amount_paise": paise,
        "rrn": reference,
        "mode": "imps",
        "transferred_at": (datetime.now(UTC) - timedelta(minutes=5)).isoformat(),
    }


def victim(officer: NightOfficer, number: int) -> Json:
    """The victim of a call, from the district of the officer's team."""
    return {"name": f"Asha Devi {number}", "mobile": f"98{number:08}", "district": DISTRICTS[officer.team]}


def case_of(sent: Json) -> str:
    """The number of the case of a sent draft."""
    return str(sent["receipt"]["case_ack_no"])


# -- beginning and shift change ----------------------------------------------------------------------------------------


async def begin_night(engine: Live, officers_of_a_team: int) -> Night:
    """Write and sign in the officers of three teams, which an administrator makes over the API."""
    names = {team: [f"{team}-{place}" for place in range(officers_of_a_team)] for team in DISTRICTS}
    for lead, *others in names.values():
        await enrol(engine.pool, [lead], [Role.SUPERVISOR])
        await enrol(engine.pool, others, [Role.DESK])
    tokens = {new_token(): name for of_team in names.values() for name in of_team}
    await begin_sessions(engine.pool, SecretBox(secret_key(engine.running.settings)), tokens)
    headers = {name: headers_of(token) for token, name in tokens.items()}
    teams = {team: tuple(NightOfficer(name, team, headers[name]) for name in found) for team, found in names.items()}
    api = next(bank.code for bank in engine.sim.institutions if bank.answer_class == "api" and bank.code != PAYERS_BANK)
    seat = next(bank.code for bank in engine.sim.institutions if bank.answer_class == "seat")
    night = Night(engine, teams, Banks(api, seat))
    for team in teams:
        await write_team(night, team)
    return night


async def write_team(night: Night, team: str, shifts: Sequence[Json] = ()) -> None:
    """Add a team as its administrator does. Without shifts it works at any hour."""
    lead, *others = [one.name for one in night.teams[team]]
    body = {"name": team, "lead": lead, "members": others, "districts": [DISTRICTS[team]], "shifts": list(shifts)}
    admin = NightOfficer("admin", "", night.engine.officer(Role.ADMIN))
    answer = await night.ask(admin, "POST", "/teams", body)
    assert answer.status_code == 201, answer.text


async def end_shift_soon(night: Night, team: str) -> datetime:
    """Give a team a shift that ends with a minute, within 65 seconds; gives its end."""
    admin = NightOfficer("admin", "", night.engine.officer(Role.ADMIN))
    ends = datetime.now(IST)
    # A shift that is over when it is written has no record.
    while ends <= datetime.now(IST):
        await night.do(admin, f"/teams/{team}/end", status=204)
        soon = datetime.now(IST) + timedelta(seconds=65)
        ends = soon.replace(second=0, microsecond=0)
        last = ends - timedelta(minutes=1)
        minute = last.hour * 60 + last.minute + 1
        shift = {"day_no": last.isoweekday(), "starts_minute": max(0, minute - 480), "ends_minute": minute}
        await write_team(night, team, [shift])
    return ends


async def in_turns(*works: Callable[[], Awaitable[None]]) -> None:
    """Do works, a few at once."""
    places = asyncio.Semaphore(CALLS_AT_ONCE)

    async def one(work: Callable[[], Awaitable[None]]) -> None:
        async with places:
            await work()

    await asyncio.gather(*[one(work) for work in works])
