"""Two admins change officers, the directory and the policy over the API, and everybody who may reads who did it."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest

from activities.banks import key_changes
from activities.banks.loading import set_officers
from activities.officers import changes as officer_changes
from activities.officers import enrolment
from activities.officers.changes import PolicyWatch
from api.problems import Refused
from api.services import Services
from api.throttle import Throttle
from db.banks import bank_keys, institutions
from db.officers import teams
from domain.errors import InvalidPolicy
from domain.policy.callers import TryName
from domain.policy.model import Policy
from domain.policy.values import number_of
from schemas.banks.keys import KeyAsker
from schemas.base import REASON_MAX_CHARS
from schemas.enums import Role
from schemas.officers.officers import OfficerEntry, TeamEntry
from tests.api.conftest import Doors, opened
from tests.clock import Clock
from tests.officers import enrol
from tests.signed_in import with_clock
from tests.waiting import until

BASE = "/api/v1/administration"
PROPOSALS = f"{BASE}/proposals"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


class Office:
    """Two admins at the application."""

    def __init__(self, doors: Doors) -> None:
        self.doors = doors

    async def send(self, path: str, body: Any, who: str) -> httpx.Response:
        """Post as an admin."""
        return await self.doors.client.post(path, json=body, headers=self.doors.officer(Role.ADMIN, who))

    async def propose(
        self, kind: str, who: str = "asha", reason: str = "as the roster says", **asked: Any
    ) -> dict[str, Any]:
        """Propose a change, whose preview says the same; return the proposal with its changes by field."""
        wanted = {"kind": kind, **asked}
        before = await self.send(f"{PROPOSALS}/preview", {"asked": wanted}, who)
        assert before.status_code == 200, before.text
        made = await self.send(PROPOSALS, {"reason": reason, "asked": wanted}, who)
        assert made.status_code == 201, made.text
        found: dict[str, Any] = await self.doors.read(f"{PROPOSALS}/{made.json()['proposal_id']}", Role.AUDITOR)
        assert found["changes"] == before.json()["changes"]
        assert found["is_stale"] is False
        return {**found["proposal"], "changes": {one["field"]: one for one in found["changes"]}}

    async def refused(self, kind: str, **asked: Any) -> str:
        """The code with which a proposal is refused."""
        response = await self.send(PROPOSALS, {"reason": "as asked", "asked": {"kind": kind, **asked}}, "asha")
        return str(response.json()["code"])

    async def decide(self, proposal: dict[str, Any], who: str = "bela", decision: str = "agreed") -> httpx.Response:
        """Decide on a proposal as it was seen."""
        body = {"decision": decision, "reason": "compared with the order", "version": proposal["version"]}
        return await self.send(f"{PROPOSALS}/{proposal['proposal_id']}/decide", body, who)

    async def agree(self, kind: str, **asked: Any) -> dict[str, Any]:
        """Propose and agree; return the response."""
        done = await self.decide(await self.propose(kind, **asked))
        assert done.status_code == 200, done.text
        return dict(done.json())

    async def changes(self, **query: Any) -> list[dict[str, Any]]:
        """The changes, read in pages of two."""
        items: list[dict[str, Any]] = []
        after: dict[str, str] = {}
        while True:
            page = await self.doors.read(f"{BASE}/changes", Role.SUPERVISOR, limit=2, **query, **after)
            items += page["items"]
            if page["next"] is None:
                return items
            after = {"after": page["next"]}


@pytest.fixture
async def clocked(services: Services) -> AsyncIterator[tuple[Office, Clock]]:
    """Two admins, and the time."""
    own, clock = with_clock(services, datetime.now(UTC))
    async with opened(own) as doors:
        yield Office(doors), clock


async def test_an_officer_comes_in_by_two_admins_who_are_named(
    clocked: tuple[Office, Clock], caplog: pytest.LogCaptureFixture
) -> None:
    office, clock = clocked
    pool = office.doors.services.ctx.pool
    officer = {"officer_id": "Ravi", "name": "Ravi Verma", "mobile": "9876543210", "roles": ["io"]}
    proposed = await office.propose("officer_added", officer=officer)
    assert (proposed["subject"], proposed["proposed_by"]) == ("ravi", "officer:asha")
    assert proposed["changes"]["role.io"] == {"field": "role.io", "before": None, "after": "now"}
    assert await pool.fetchval("SELECT count(*) FROM officer WHERE officer_id = 'ravi'") == 0
    assert await office.refused("officer_added", officer=officer) == "proposal_open"
    assert await office.refused("officer_added", officer=officer | {"officer_id": "asha"}) == "officer_exists"
    assert (await office.decide(proposed, "asha")).json()["code"] == "proposal_needs_second"
    unseen = {**proposed, "version": "0" * 16}
    assert (await office.decide(unseen)).json()["code"] == "proposal_stale"
    clock.at += timedelta(minutes=6)
    assert (await office.decide(proposed)).json()["code"] == "sign_in_too_old"
    clock.at += timedelta(hours=13)
    done = await office.decide(proposed)
    link = done.json()["sign_in_link"]
    token = link["path"].rpartition("/")[2]
    assert (await office.doors.services.sign_in_links.look(token)) is not None
    assert done.headers["cache-control"] == "no-store"
    shown = await office.doors.read(f"{PROPOSALS}/{proposed['proposal_id']}", Role.ADMIN)
    assert token not in str(shown) + caplog.text
    assert (await office.decide(proposed)).json()["code"] == "proposal_decided"
    (change,) = await office.changes(subject="ravi")
    assert (change["kind"], change["actor"], change["second"]) == ("officer_added", "officer:asha", "officer:bela")
    assert change["reason"] == "as the roster says"
    # What one person did stands in the same list.
    clock.at += timedelta(seconds=1)
    assert (await office.send("/api/v1/officers/ravi/disable", {}, "bela")).status_code == 204
    alone, both = await office.changes(subject="ravi")
    assert (alone["kind"], alone["actor"], alone["second"]) == ("disabled", "officer:bela", None)
    assert alone["changes"] == [{"field": "is_enabled", "before": "yes", "after": "no"}]
    assert both["proposal_id"] == proposed["proposal_id"]
    by_bela = await office.changes(officer="Bela", area="officers")
    assert [one["kind"] for one in by_bela] == ["disabled", "officer_added"]


async def test_what_has_changed_since_is_refused_and_a_person_decides_on_no_own_matter(
    clocked: tuple[Office, Clock],
) -> None:
    office, clock = clocked
    pool = office.doors.services.ctx.pool
    await enrol(pool, ["ravi"], [Role.DESK])
    person = {"officer_id": "ravi", "name": "Ravi Verma", "rank": "Inspector"}
    stale = await office.propose("officer_changed", officer=person)
    await enrolment.import_officers(pool, [OfficerEntry(officer_id="ravi", name="R. Verma", rank="SI")], "command:x")
    assert (await office.doors.read(f"{PROPOSALS}/{stale['proposal_id']}", Role.ADMIN))["is_stale"] is True
    assert (await office.decide(stale)).json()["code"] == "proposal_stale"
    changed, *_ = await office.changes(subject="ravi", kind="changed")
    assert {"field": "rank", "before": None, "after": "SI"} in changed["changes"]
    assert (await office.decide(stale, decision="refused")).json()["proposal"]["state"] == "refused"
    given = await office.propose("role_given", officer_id="ravi", role="sp", until_at="2099-01-01T00:00:00Z")
    assert given["changes"]["role.sp"]["after"] == "until 2099-01-01T00:00:00Z"
    own = await office.propose("officer_reset", officer_id="bela")
    assert (await office.decide(own)).json()["code"] == "proposal_needs_second"
    withdraw = f"{PROPOSALS}/{own['proposal_id']}/withdraw"
    assert (await office.send(withdraw, {"reason": "ask cleo"}, "bela")).json()["code"] == "proposal_of_another"
    clock.at += timedelta(days=15)
    assert (await office.decide(own, "cleo")).json()["code"] == "proposal_over"
    withdrawn = await office.send(withdraw, {"reason": "too late"}, "asha")
    assert withdrawn.json()["state"] == "withdrawn"
    kept = await office.propose("team_added", team={"name": "Night desk 9", "members": ["ravi"]})
    assert (await office.decide(kept)).status_code == 200
    later = {"name": "Late desk 9", "members": ["ravi"], "districts": ["AGRA"]}
    renamed = await office.propose("team_changed", name="night desk 9", team=later)
    assert renamed["changes"]["name"] == {"field": "name", "before": "Night desk 9", "after": "Late desk 9"}
    assert (await office.decide(renamed)).status_code == 200
    overtaken = await office.propose("team_changed", name="late desk 9", team={**later, "districts": ["MEERUT"]})
    async with pool.acquire() as connection, connection.transaction():
        await teams.locked(connection, "late desk 9")
        agreement = asyncio.create_task(office.decide(overtaken))
        await until(lambda: pool.fetchval(WAITING))
        entry = TeamEntry(name="Late desk 9", members=("ravi",), districts=("KANPUR NAGAR",))
        await officer_changes.change_team(connection, "late desk 9", entry, None, clock.at, "command:x")
    # The agreement waited for the lock, and so compared with the team as the other officer left it.
    assert (await agreement).json()["code"] == "proposal_stale"
    moved = await office.propose("member_moved", officer_id="ravi", from_team="late desk 9")
    assert moved["changes"] == {"teams": {"field": "teams", "before": "Late desk 9", "after": None}}
    await enrolment.disable_officer(pool, "asha", "command:x")
    assert (await office.decide(moved)).json()["code"] == "proposer_no_admin"
    opened_ones = await office.doors.read(PROPOSALS, Role.SUPERVISOR, state="open")
    assert [one["proposal_id"] for one in opened_ones["items"]] == [
        *(one["proposal_id"] for one in (moved, overtaken, given)),
    ]


async def test_the_directory_changes_by_two_admins_and_no_secret_is_kept(clocked: tuple[Office, Clock]) -> None:
    office, clock = clocked
    pool = office.doors.services.ctx.pool
    for code, fields, refusal in (
        ("SBIN", {"ifsc_prefixes": ["HDFC"]}, "directory_change_refused"),
        ("SBIN", {"channels": ["push"]}, "directory_change_refused"),
        ("SBIN", {"sponsor": "NONE"}, "directory_change_refused"),
        ("SBIN", {"name": "State Bank of India"}, "nothing_changes"),
        ("NONE", {"name": "None"}, "institution_not_found"),
    ):
        assert await office.refused("institution_changed", code=code, **fields) == refusal
    contact: dict[str, Any] = {"desk_email": "desk@sbin.example", "channels": ["email"]}
    changed = await office.propose("institution_changed", code="SBIN", **contact)
    assert changed["changes"]["credentials.i4c"] == {"field": "credentials.i4c", "before": "set", "after": None}
    assert (await office.decide(changed)).status_code == 200
    officer = {"name": "B. Nodal", "mobile": "9000000002"}
    await office.agree("nodal_officers_changed", code="SBIN", nodal_officers=[officer])
    found = await office.agree("bank_login_replaced", code="SBIN", email="new@sbin.example")
    async with pool.acquire() as connection:
        (bank,) = await institutions.list_all(connection, ["SBIN"])
        row = await institutions.login_row(connection, "new@sbin.example")
    assert (bank.channels, bank.desk_email, bank.nodal_officers[0].name) == (
        ("email",),
        "desk@sbin.example",
        "B. Nodal",
    )
    assert row is None, "its password ended, and the bank sets the next one"
    assert found["bank_login_link"]["path"] not in str(await pool.fetch("SELECT body FROM proposal"))
    await office.agree("bank_key_added", code="SBIN", key_id="sbin-1", public_key=KEY)
    assert await office.refused("bank_key_added", code="HDFC", key_id="x", public_key=KEY) == "bank_key_taken"
    clock.at += timedelta(seconds=1)
    ended = await office.propose("bank_key_ended", code="SBIN", key_id="sbin-1")
    assert ended["changes"]["key.sbin-1"]["after"].startswith("ended; ")
    assert (await office.decide(ended)).status_code == 200
    await a_bank_asks_for_keys_and_two_admins_decide(office)
    clock.at += timedelta(seconds=1)
    await set_officers(pool, "SBIN", [], "command:root")
    kinds = [(one["kind"], one["actor"]) for one in await office.changes(area="directory", subject="sbin")]
    assert kinds[0] == ("institution_changed", "command:root")
    assert [kind for kind, _ in kinds[1:8]] == [
        *("bank_key_request_decided", "bank_key_request_decided"),
        *("bank_key_ended", "bank_key_added", "bank_login_replaced", "nodal_officers_changed", "institution_changed"),
    ]


async def a_bank_asks_for_keys_and_two_admins_decide(office: Office) -> None:
    """The admins see the fingerprint that the bank sees. One change is refused with a reason, the next is confirmed."""
    ctx, kind = office.doors.services.ctx, "bank_key_request_decided"
    asker = KeyAsker(name="Asha Verma", designation="Nodal officer")
    for key_id, answer, outcome in (("sbin-2", "refused", "refused"), ("sbin-3", "confirmed", "done")):
        asked = await key_changes.ask_to_add(ctx, "SBIN", key_id, sha256(key_id.encode()).digest(), asker)
        (shown,) = (await office.doors.read("/api/v1/institutions/SBIN", Role.ADMIN))["key_requests"]
        assert shown["fingerprint"] == asked.fingerprint
        assert shown in (await office.doors.read("/api/v1/institutions", Role.ADMIN))["key_requests"]
        decided = {"code": "SBIN", "change_id": str(asked.change_id), "answer": answer}
        assert await office.refused(kind, **decided | {"code": "HDFC"}) == "bank_key_change_not_found"
        proposed = await office.propose(kind, reason="r" * REASON_MAX_CHARS, **decided)
        assert proposed["changes"][f"key_request.{key_id}"]["after"] == f"add; {asked.fingerprint}; {outcome}"
        async with ctx.pool.acquire() as connection:
            now = await bank_keys.find(connection, "SBIN", asked.change_id)
            assert now == asked, "one admin alone decides nothing"
        assert (await office.decide(proposed)).status_code == 200
        async with ctx.pool.acquire() as connection:
            after = await bank_keys.find(connection, "SBIN", asked.change_id)
            keys = {key.key_id for key in await bank_keys.keys_of(connection, "SBIN")}
        assert after is not None
        assert (after.outcome, key_id in keys) == (outcome, outcome == "done")
        assert await office.refused(kind, **decided) == "bank_key_change_decided"


async def test_a_limit_that_two_admins_agree_to_counts_in_a_running_process(clocked: tuple[Office, Clock]) -> None:
    office, _ = clocked
    ctx, services = office.doors.services.ctx, office.doors.services
    before = ctx.policy
    values = [
        {"name": "doors.tries.my-case-codes.calls", "value": 1},
        {"name": "channels.failures_to_open", "value": 3},
    ]
    throttle = Throttle(ctx, services.keys, TryName.MY_CASE_CODES)
    await throttle.take("somebody")
    await office.agree("policy_changed", values=values)
    async with ctx.directory.watched(PolicyWatch(ctx).look):
        await until(lambda: ctx.policy is not before, 20)
    with pytest.raises(Refused):
        await throttle.take("somebody")
    assert ctx.health.rules.failures_to_open == 3


async def test_a_version_that_this_release_refuses_leaves_the_old_one_in_force(
    clocked: tuple[Office, Clock], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, _ = clocked
    ctx = office.doors.services.ctx
    await office.agree("policy_changed", values=[{"name": "trail.max_layers", "value": 15}])

    def refuse(*_: object) -> Policy:
        raise InvalidPolicy("trail.max_layers: the policy has no such value")

    monkeypatch.setattr(officer_changes, "with_values", refuse)
    watch = PolicyWatch(ctx)
    async with ctx.pool.acquire() as connection:
        for _ in range(3):
            await watch.look(connection)
    assert number_of(ctx.policy) == 0
    assert caplog.text.count("version 1 of the policy is not taken: trail.max_layers") == 1


async def test_a_new_version_of_the_policy_is_in_force_without_a_start(clocked: tuple[Office, Clock]) -> None:
    office, _ = clocked
    ctx = office.doors.services.ctx
    before, case_policy = ctx.policy, ctx.case_policy
    for name, value in (("hold.no_such", 1), ("trail.max_layers", 0), ("trail.max_layers", "x"), ("trail.source", "y")):
        assert await office.refused("policy_changed", values=[{"name": name, "value": value}]) == "policy_value_refused"
    section = ctx.policy.model_dump(mode="json")["sessions"] | {"proof_seconds": 3600}
    hidden = [{"name": "trail.max_layers", "value": 15}, {"name": "sessions", "value": section}]
    assert await office.refused("policy_changed", values=hidden) == "policy_value_refused", "no line would show it"
    same = [{"name": "trail.max_layers", "value": ctx.policy.trail.max_layers}]
    assert await office.refused("policy_changed", values=same) == "nothing_changes"
    proposed = await office.propose("policy_changed", values=[{"name": "trail.max_layers", "value": 15}])
    assert proposed["changes"]["trail.max_layers"] == {"field": "trail.max_layers", "before": "12", "after": "15"}
    assert (await office.decide(proposed)).status_code == 200
    told = await office.doors.read("/api/v1/policy", Role.AUDITOR)
    assert told["agreed_version"] == f"{told['version']}+1"
    (version,) = (await office.doors.read("/api/v1/policy/versions", Role.AUDITOR))["items"]
    assert (version["number"], version["proposed_by"], version["decided_by"]) == (1, "officer:asha", "officer:bela")
    one = await office.doors.read("/api/v1/policy/versions/1", Role.AUDITOR)
    stated: dict[str, Any] = {"name": "trail.max_layers", "value": 15, "source": "two admins: as the roster says"}
    assert one["values"] == [{**stated, "needs_restart": False}]
    async with ctx.directory.watched(PolicyWatch(ctx).look):
        await until(lambda: ctx.policy is not before, 20)
    assert (ctx.policy.trail.max_layers, ctx.policy.version) == (15, told["agreed_version"])
    assert ctx.policy.model_copy(update={"trail": before.trail, "version": told["version"]}) == before
    assert ctx.case_policy.version != case_policy.version, "a case that is opened now has the new values"
    told = await office.doors.read("/api/v1/policy", Role.AUDITOR)
    assert told["version"] == told["agreed_version"] == f"{before.version}+1"
    old = {"officer_id": "asha", "role": "auditor", "from_at": "2020-01-01T00:00:00Z"}
    assert await office.refused("role_given", **old) == "change_backdated"
    for name in ("subject", "kind", "officer"):
        auditor = office.doors.officer(Role.AUDITOR)
        response = await office.doors.client.get(f"{BASE}/changes", params={name: "\0"}, headers=auditor)
        assert response.status_code == 422, response.text
    (change,) = await office.changes(area="policy")
    assert (change["kind"], change["second"]) == ("policy_changed", "officer:bela")
    headers = {**office.doors.officer(Role.AUDITOR), "Accept": "text/csv"}
    text = (await office.doors.client.get(f"{BASE}/changes", params={"area": "policy"}, headers=headers)).content
    (row,) = csv.DictReader(io.StringIO(text.decode("utf-8-sig")))
    assert [row[name] for name in ("second", "before", "after")] == ["officer:bela", "12", "15"]
    assert row["at"].endswith("+05:30")
